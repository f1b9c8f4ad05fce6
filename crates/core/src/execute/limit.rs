//! Gives a local account a rate limit of its own, or takes it away. What it has is asked before every write and after it.

use ruma::UserId;

use super::{Advance, Pace, refused, unchanged};
use crate::{
    model::RateLimit,
    plan::{Effect, Outcome, StepState},
    ports::Effects,
};

pub(super) async fn advance(
    effects: &dyn Effects,
    user: &UserId,
    limit: Option<RateLimit>,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::Limiting { before }) => Some(*before),
        _ => None,
    };
    let now = match effects.rate_limit(user).await {
        Ok(now) => now,
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now == limit {
        return done(before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::Limiting { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if let Some(refused) = refused(effects.set_rate_limit(user, limit).await) {
        return refused;
    }
    match effects.rate_limit(user).await {
        Ok(now) if now == limit => done(before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(before: Option<RateLimit>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::RateLimitSet { before } })
}

//! Takes something away from a local account, or gives it back. How it was is asked before every write and after it; an
//! account that does not exist is never written to, because that would create it.

use ruma::UserId;

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::{Sanction, Switch},
    plan::{Effect, Outcome, StepState},
    ports::Effects,
};

pub(super) async fn advance(
    effects: &dyn Effects,
    user: &UserId,
    sanction: Sanction,
    to: Switch,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::Sanctioning { before }) => Some(*before),
        _ => None,
    };
    let now = match effects.account(user).await {
        Ok(Some(account)) => account.is(sanction),
        Ok(None) => return failed("There is no such account on this server.", None),
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now == (to == Switch::On) {
        return done(to, before.unwrap_or(now));
    }
    let Some(before) = before else {
        return Advance::Working {
            state: StepState::Sanctioning { before: now },
            keep: None,
            pace: Pace::Now,
        };
    };
    if let Some(refused) = refused(effects.set_sanction(user, sanction, to).await) {
        return refused;
    }
    match effects.account(user).await {
        Ok(Some(account)) if account.is(sanction) == (to == Switch::On) => done(to, before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(to: Switch, before: bool) -> Advance {
    let effect = match to {
        Switch::On => Effect::Sanctioned { before },
        Switch::Off => Effect::Lifted { before },
    };
    Advance::Ended(Outcome::Done { effect })
}

//! Brings a local user into a room. What they are in it is asked before every write and after it.

use ruma::{RoomId, UserId};

use super::{Advance, Pace, member::membership, moving::of_other_servers, refused, unchanged};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::Effects,
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::BringingIn { before }) => Some(before.clone()),
        _ => None,
    };
    let now = match membership(effects, room, user).await {
        Ok(now) => now,
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now.as_deref() == Some("join") {
        return done(before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::BringingIn { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    let written = effects.bring_in(room, user, &[]).await.map(drop);
    let elsewhere = match &written {
        Err(fault) => of_other_servers(effects, room, fault).await,
        Ok(()) => None,
    };
    if elsewhere.is_none()
        && let Some(refused) = refused(written)
    {
        return refused;
    }
    match membership(effects, room, user).await {
        Ok(now) if now.as_deref() == Some("join") => done(before),
        Ok(_) => elsewhere.unwrap_or_else(unchanged),
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(before: Option<String>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::UserJoined { before } })
}

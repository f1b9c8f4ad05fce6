//! Kicks, bans, unbans or invites somebody with the bot's own account. What they are is asked before every write and
//! after it.

use ruma::{RoomId, UserId};

use super::{Advance, Pace, refused, unchanged};
use crate::{
    model::{Event, MemberChange},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    change: MemberChange,
    reason: Option<&str>,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::ChangingMember { before }) => Some(before.clone()),
        _ => None,
    };
    let now = match membership(effects, room, user).await {
        Ok(now) => now,
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if change.is_done(now.as_deref()) {
        return done(before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::ChangingMember { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if let Some(refused) = refused(effects.change_member(room, user, change, reason).await) {
        return refused;
    }
    match membership(effects, room, user).await {
        Ok(now) if change.is_done(now.as_deref()) => done(before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

pub(super) async fn membership(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<String>, Fault> {
    let member: Option<Event> = effects.member(room, user).await?;
    Ok(member.and_then(|event| event.text("membership").map(str::to_owned)))
}

fn done(before: Option<String>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::MemberChanged { before } })
}

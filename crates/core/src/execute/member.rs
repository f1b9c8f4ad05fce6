//! Kicks, bans, unbans or invites somebody with the bot's own account. What they are is asked before every write and
//! after it.

use ruma::{RoomId, UserId};

use super::{Advance, Pace, Patience, failed, refused, unchanged};
use crate::{
    model::{Event, MemberChange, is_local},
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
    let written = effects.change_member(room, user, change, reason).await;
    match written {
        Err(fault) if change == MemberChange::Invite && is_of_their_server(&fault, effects.me(), user) => {
            return not_handed_over(effects, room, user, before, fault).await;
        }
        written => {
            if let Some(refused) = refused(written) {
                return refused;
            }
        }
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

/// Whether a fault may be that of the server of somebody who is invited: Synapse hands the invitation over before it
/// answers, and a reverse proxy may not wait for that.
fn is_of_their_server(fault: &Fault, me: &UserId, user: &UserId) -> bool {
    !is_local(user, me) && matches!(fault, Fault::Broken { status: 502 | 504, .. } | Fault::Timeout)
}

/// What follows when an invitation did not reach the server of the one who is invited, or that is not known.
async fn not_handed_over(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    before: Option<String>,
    fault: Fault,
) -> Advance {
    match membership(effects, room, user).await {
        Ok(now) if MemberChange::Invite.is_done(now.as_deref()) => done(before),
        // Our own server answers, so it is theirs that does not. That may stay so for days, and whatever else is to be
        // done in the room would wait for it.
        Ok(_) if matches!(fault, Fault::Broken { status: 502, .. }) => {
            let server = user.server_name();
            let why = format!(
                "Their server {server} cannot be reached, and an invitation is handed over at once or not at all. {fault} \
                 Invite them again when that server is back; !federation lists those that cannot be reached."
            );
            failed(why, None)
        }
        Ok(_) => Advance::Retry { fault, patience: Patience::Brief },
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(before: Option<String>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::MemberChanged { before } })
}

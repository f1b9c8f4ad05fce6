//! Making somebody an admin of a room. The server grants the power first and invites then, so a failure may leave the
//! power granted: what the room says afterwards is what is told.

use ruma::{RoomId, UserId};

use super::{Advance, Pace, UNKNOWN_ROOM, failed, unchanged};
use crate::{
    plan::{Effect, Outcome, Presence, StepState},
    ports::{Effects, Fault},
    rules::power::{Level, Power},
};

/// From so many state events on, which are members mostly, they are not all read.
const MANY: u64 = 5_000;

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    state: Option<&StepState>,
) -> Advance {
    let Some(StepState::Granting { before }) = state else {
        return match level(effects, room, user).await {
            Ok(Some(before)) => {
                let before = match before {
                    Level::Of(level) => Some(level),
                    Level::Creator => None,
                };
                Advance::Working { state: StepState::Granting { before }, keep: None, pace: Pace::Now }
            }
            Ok(None) => failed(UNKNOWN_ROOM, None),
            Err(fault) => Advance::fault(fault),
        };
    };
    let asked = effects.make_room_admin(room, user).await;
    let now = match level(effects, room, user).await {
        Ok(now) => now,
        Err(fault) => return Advance::doubt(asked.err().unwrap_or(fault)),
    };
    let is_granted = match (now, before) {
        (Some(Level::Creator), _) => true,
        // Asking again for what is there changes nothing, and 100 is the most that is ever granted to those below it.
        (Some(Level::Of(now)), Some(before)) => now > *before || (now == *before && now >= 100),
        (Some(Level::Of(_)), None) | (None, _) => false,
    };
    match asked {
        Ok(()) if is_granted => granted(*before, now, presence(effects, room, user).await),
        Ok(()) => unchanged(),
        Err(fault) if is_granted && fault.may_have_acted() => {
            let presence = presence(effects, room, user).await;
            match fault {
                _ if has_way_in(effects, room, presence).await => granted(*before, now, presence),
                // The server may still wait for the one that the invitation goes to.
                Fault::Timeout | Fault::Away(_) => Advance::doubt(fault),
                fault if presence == Presence::NotTold => Advance::doubt(fault),
                fault => not_invited(&fault),
            }
        }
        Err(fault) if fault.is_passing() => Advance::doubt(fault),
        // Synapse refuses to grant with 400, and to invite with 403 when it has granted.
        Err(fault @ Fault::Refused { status: 403, .. }) if is_granted => not_invited(&fault),
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => failed(explained(&fault), None),
    }
}

fn granted(before: Option<i64>, now: Option<Level>, presence: Presence) -> Advance {
    let level = match now {
        Some(Level::Of(level)) => Some(level),
        Some(Level::Creator) | None => None,
    };
    Advance::Ended(Outcome::Done { effect: Effect::AdminMade { before, level, presence } })
}

fn not_invited(fault: &Fault) -> Advance {
    failed(
        explained(fault),
        Some(
            "The power is granted all the same; what failed is the invitation. Invite them from within the room.",
        ),
    )
}

/// Whether the user needs no invitation: an answer that was lost is not missed then.
async fn has_way_in(effects: &dyn Effects, room: &RoomId, presence: Presence) -> bool {
    match presence {
        Presence::Joined | Presence::Invited => true,
        Presence::Outside => match effects.room(room).await {
            Ok(Some(details)) => details.join_rules.as_deref() == Some("public"),
            Ok(None) | Err(_) => false,
        },
        Presence::NotTold => false,
    }
}

/// How much power the user has; `None` when the server does not know the room.
async fn level(effects: &dyn Effects, room: &RoomId, user: &UserId) -> Result<Option<Level>, Fault> {
    let Some(details) = effects.room(room).await? else { return Ok(None) };
    let create = effects.state(room, Some("m.room.create")).await?;
    let levels = effects.state(room, Some("m.room.power_levels")).await?;
    let power = Power::of(create.first(), levels.first(), details.version.as_deref());
    Ok(Some(power.level(user.as_str())))
}

/// Not being able to look does not make it fail.
async fn presence(effects: &dyn Effects, room: &RoomId, user: &UserId) -> Presence {
    let found = async {
        if effects.members(room).await?.iter().any(|member| member == user) {
            return Ok(Presence::Joined);
        }
        // In a room with many, not knowing is better than waiting.
        if effects.room(room).await?.is_some_and(|details| details.state_events > MANY) {
            return Ok(Presence::NotTold);
        }
        let members = effects.state(room, Some("m.room.member")).await?;
        let own = members.iter().find(|event| event.state_key() == Some(user.as_str()));
        let is_invited = own.is_some_and(|event| event.text("membership") == Some("invite"));
        Ok::<_, Fault>(if is_invited { Presence::Invited } else { Presence::Outside })
    };
    found.await.unwrap_or(Presence::NotTold)
}

/// Synapse's words, and what they mean.
fn explained(fault: &Fault) -> String {
    let meaning = match fault {
        Fault::Refused { message, .. } if message.contains("Server not in room") => {
            "Nobody of this server is in the room, so nobody can grant power in it."
        }
        Fault::Refused { message, .. } if message.contains("No local admin user in room") => {
            "No member of this server has the power to grant any: somebody of another server would have to do it."
        }
        Fault::Refused { message, .. } if message.contains("must not appear in content.users") => {
            "They are a creator of the room, and stand above all power levels already."
        }
        Fault::Refused { message, .. } if message.contains("Cannot invite user who was banned") => {
            "They are banned from the room, and cannot be invited before the ban is lifted."
        }
        Fault::Refused { message, .. } if message.contains("blocked on this server") => {
            "The room is blocked on this server, so nobody can be invited."
        }
        _ => return fault.to_string(),
    };
    format!("{meaning} ({fault})")
}

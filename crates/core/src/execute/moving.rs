//! The bot joins a room to watch it, or leaves it. Where it is is asked before every write and after it.

use ruma::RoomId;

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    plan::{Effect, Outcome, Presence, RoomRef, StepState},
    ports::{Effects, Fault},
};

/// Where the bot is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Inside,
    Outside,
}

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    wish: Wish,
    state: Option<&StepState>,
) -> Advance {
    let is_as_wished =
        |rooms: &[ruma::OwnedRoomId]| rooms.iter().any(|id| id == room) == (wish == Wish::Inside);
    let before = match state {
        Some(StepState::Moving { before }) => Some(*before),
        _ => None,
    };
    match effects.joined_rooms().await {
        Ok(rooms) if is_as_wished(&rooms) => {
            return done(effects, room, wish, before.unwrap_or(presence(wish))).await;
        }
        Ok(_) => {}
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    let Some(before) = before else {
        let before = match wish {
            Wish::Inside => Presence::Outside,
            Wish::Outside => Presence::Joined,
        };
        return Advance::Working { state: StepState::Moving { before }, keep: None, pace: Pace::Now };
    };
    let written = match wish {
        Wish::Inside => effects.join_room(room).await,
        Wish::Outside => effects.leave_room(room).await,
    };
    let elsewhere = match &written {
        Err(fault) => of_other_servers(effects, room, fault).await,
        Ok(()) => None,
    };
    if elsewhere.is_none()
        && let Some(refused) = refused(written)
    {
        return refused;
    }
    match effects.joined_rooms().await {
        Ok(rooms) if is_as_wished(&rooms) => done(effects, room, wish, before).await,
        Ok(_) => elsewhere.unwrap_or_else(unchanged),
        Err(fault) => Advance::doubt(fault),
    }
}

/// The end of a join, if it failed because of other servers: nobody of this one is in the room, and none of those answers.
/// That may stay so for days, and whatever else is to be done in the room would wait for it.
pub(super) async fn of_other_servers(effects: &dyn Effects, room: &RoomId, fault: &Fault) -> Option<Advance> {
    if !matches!(fault, Fault::Broken { status: 502, .. }) {
        return None;
    }
    let details = effects.room(room).await.ok()?;
    if details.is_some_and(|details| details.joined_local_members > 0) {
        return None;
    }
    let why = format!(
        "Nobody of this server is in the room, and no server that is in it answers. {fault} Try again when one of them is \
         back; !federation lists those that cannot be reached."
    );
    Some(failed(why, None))
}

fn presence(wish: Wish) -> Presence {
    match wish {
        Wish::Inside => Presence::Joined,
        Wish::Outside => Presence::Outside,
    }
}

async fn done(effects: &dyn Effects, room: &RoomId, wish: Wish, before: Presence) -> Advance {
    let effect = match wish {
        Wish::Outside => Effect::Departed { before },
        Wish::Inside => {
            let details = match effects.room(room).await {
                Ok(details) => details,
                Err(fault) if fault.is_passing() => return Advance::doubt(fault),
                // It is in the room all the same; what it is called is another matter.
                Err(_) => None,
            };
            let details = details.unwrap_or_default();
            let now = RoomRef { id: room.to_owned(), name: details.name, alias: details.canonical_alias };
            Effect::Entered { before, now }
        }
    };
    Advance::Ended(Outcome::Done { effect })
}

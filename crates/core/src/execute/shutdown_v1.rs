//! Shutting a room down by version 1 of the API, which answers when all is done and leaves no task behind. It is asked
//! once: whoever gets no answer can only look at the room.

use ruma::RoomId;
use serde_json::json;

use super::{Advance, Pace, Patience, Turn, failed, shutdown};
use crate::{
    model::{DeleteResult, Shutdown, is_local},
    plan::{DeleteApi, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    how: &Shutdown,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    match (state, turn) {
        (Some(StepState::AskingV1 { .. }), Turn::First) => ask(effects, room, how).await,
        (Some(StepState::AskingV1 { members }), Turn::Again) => look(effects, room, how, *members).await,
        _ => match shutdown::prepare(effects, room, DeleteApi::V1).await {
            Ok((_, snapshot)) => Advance::Working {
                state: StepState::AskingV1 { members: snapshot.local_members.len() as u64 },
                keep: Some(json!(snapshot)),
                pace: Pace::Now,
            },
            Err(advance) => advance,
        },
    }
}

async fn ask(effects: &dyn Effects, room: &RoomId, how: &Shutdown) -> Advance {
    match effects.delete_room_v1(room, how).await {
        Ok(result) => shutdown::done(effects, room, result).await,
        // From here on the room is looked at, and nothing is asked for again.
        Err(fault) if fault.is_passing() || fault.may_have_acted() => {
            Advance::Retry { fault, patience: Patience::Limited }
        }
        Err(fault) => failed(fault.to_string(), None),
    }
}

/// What the room itself tells about a shutdown that may have been asked for.
async fn look(effects: &dyn Effects, room: &RoomId, how: &Shutdown, members: u64) -> Advance {
    let purges = how.purge || how.force_purge;
    let found = async {
        if effects.room(room).await?.is_none() {
            return Ok(None);
        }
        let inside = effects.members(room).await?;
        let inside = inside.iter().filter(|user| is_local(user, effects.me())).count() as u64;
        Ok::<_, Fault>(Some((inside, effects.block_status(room).await?.is_blocked())))
    };
    // Time alone can tell whether it goes on: nothing else is known of it.
    let wait = |patience| Advance::Retry { fault: Fault::Timeout, patience };
    match found.await {
        Ok(None) => shutdown::done(effects, room, DeleteResult::default()).await,
        Ok(Some((0, is_blocked))) if members > 0 || (how.block && is_blocked) => {
            if purges {
                // Purging a large room takes its time.
                wait(Patience::Limited)
            } else {
                shutdown::done(effects, room, DeleteResult::default()).await
            }
        }
        Ok(Some((inside, _))) if inside < members => {
            Advance::Working { state: StepState::AskingV1 { members: inside }, keep: None, pace: Pace::Poll }
        }
        Ok(Some(_)) => wait(Patience::Brief),
        Err(fault) => Advance::doubt(fault),
    }
}

//! Shutting a room down by version 1 of the API, which answers when all is done and leaves no task behind. It is asked
//! once: whoever gets no answer can only look at the room.

use ruma::RoomId;
use serde_json::json;

use super::{Advance, Pace, Patience, Turn, failed, shutdown};
use crate::{
    model::{DeleteResult, Shutdown},
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
    match effects.room(room).await {
        Ok(None) => shutdown::done(effects, room, DeleteResult::default()).await,
        Ok(Some(details)) if details.joined_local_members == 0 && !purges => {
            shutdown::done(effects, room, DeleteResult::default()).await
        }
        // Purging a large room takes its time.
        Ok(Some(details)) if details.joined_local_members == 0 => {
            Advance::Retry { fault: Fault::Timeout, patience: Patience::Limited }
        }
        Ok(Some(details)) if details.joined_local_members < members => Advance::Working {
            state: StepState::AskingV1 { members: details.joined_local_members },
            keep: None,
            pace: Pace::Poll,
        },
        Ok(Some(_)) => Advance::Retry { fault: Fault::Timeout, patience: Patience::Brief },
        Err(fault) => Advance::doubt(fault),
    }
}

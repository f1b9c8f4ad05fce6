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
        (Some(StepState::AskingV1 { members }), Turn::First) => ask(effects, room, how, *members).await,
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

async fn ask(effects: &dyn Effects, room: &RoomId, how: &Shutdown, members: u64) -> Advance {
    match effects.delete_room_v1(room, how).await {
        Ok(result) => shutdown::done(effects, room, result).await,
        // From here on the room is looked at, and nothing is asked for again.
        Err(fault) if fault.is_passing() || fault.may_have_acted() => {
            Advance::Retry { fault, patience: Patience::Limited }
        }
        Err(fault) => {
            // Synapse blocks and removes before it finds out what it cannot do.
            let but = match fault {
                Fault::Refused { .. } => half_done(effects, room, members).await,
                _ => None,
            };
            failed(fault.to_string(), but.as_deref())
        }
    }
}

/// What is done of a shutdown that was refused, as far as the room tells.
async fn half_done(effects: &dyn Effects, room: &RoomId, members: u64) -> Option<String> {
    let is_blocked = effects.block_status(room).await.is_ok_and(|status| status.is_blocked());
    let blocked = is_blocked.then(|| "The room is blocked now all the same.".to_owned());
    let inside = local_members(effects, room).await.unwrap_or(members);
    let out = (inside < members).then(|| format!("{} of {members} local members are out.", members - inside));
    let parts: Vec<String> = blocked.into_iter().chain(out).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

async fn local_members(effects: &dyn Effects, room: &RoomId) -> Result<u64, Fault> {
    let members = effects.members(room).await?;
    Ok(members.iter().filter(|user| is_local(user, effects.me())).count() as u64)
}

/// What the room itself tells about a shutdown that may have been asked for.
async fn look(effects: &dyn Effects, room: &RoomId, how: &Shutdown, members: u64) -> Advance {
    let purges = how.purge || how.force_purge;
    let found = async {
        if effects.room(room).await?.is_none() {
            return Ok(None);
        }
        let inside = local_members(effects, room).await?;
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

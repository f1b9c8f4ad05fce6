//! Deleting forward extremities. Doing it again deletes no more, so what got no answer is asked for again, unless only one
//! is left: they also grow fewer by themselves, when somebody writes.

use ruma::RoomId;

use super::{Advance, Pace, Turn, UNKNOWN_ROOM, failed};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    // Synapse breaks when it is to delete those of a room that it does not know.
    match effects.room(room).await {
        Ok(Some(_)) => {}
        Ok(None) => return failed(UNKNOWN_ROOM, None),
        Err(fault) if state.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    let count = match effects.extremities(room).await {
        Ok(found) => found.count,
        Err(fault) if state.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let Some(StepState::Trimming { before }) = state else {
        // The newest one always stays.
        if count <= 1 {
            return done(0, Some(count));
        }
        let state = StepState::Trimming { before: count };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if turn == Turn::Again && count <= 1 {
        return done(before.saturating_sub(count), Some(count));
    }
    match effects.delete_extremities(room).await {
        Ok(deleted) => {
            let left = effects.extremities(room).await.ok().map(|found| found.count);
            done(deleted, left)
        }
        Err(fault @ Fault::Broken { .. }) => Advance::doubt(fault),
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

fn done(deleted: u64, left: Option<u64>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::Trimmed { deleted, left } })
}

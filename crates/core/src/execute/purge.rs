//! Purging history: asked for, then followed. Asking again deletes no more, but what was asked for is found again where
//! the server lists its tasks, so that one is followed to its end.

use ruma::RoomId;

use super::{Advance, Pace, Patience, Turn, UNKNOWN_ROOM, failed};
use crate::{
    model::{HistoryPurge, PURGE_HISTORY, PurgeStatus, TaskStatus},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    purge: &HistoryPurge,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    match state {
        Some(StepState::FollowingPurge { purge_id }) => follow(effects, purge_id).await,
        Some(StepState::AskingPurge { known }) => ask(effects, room, purge, known, turn).await,
        _ => prepare(effects, room).await,
    }
}

async fn prepare(effects: &dyn Effects, room: &RoomId) -> Advance {
    match effects.room(room).await {
        Ok(Some(_)) => {}
        Ok(None) => return failed(UNKNOWN_ROOM, None),
        Err(fault) => return Advance::fault(fault),
    }
    match purges(effects, room).await {
        Ok(known) => {
            Advance::Working { state: StepState::AskingPurge { known }, keep: None, pace: Pace::Now }
        }
        Err(fault) => Advance::fault(fault),
    }
}

/// The IDs of the purges that a room has had, the newest last; none where the server does not list its tasks.
async fn purges(effects: &dyn Effects, room: &RoomId) -> Result<Vec<String>, Fault> {
    match effects.tasks(Some(room)).await {
        Ok(tasks) => {
            let ours = tasks.into_iter().filter(|task| task.action == PURGE_HISTORY);
            Ok(ours.map(|task| task.id).collect())
        }
        Err(Fault::NotRouted { .. }) => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

async fn ask(
    effects: &dyn Effects,
    room: &RoomId,
    purge: &HistoryPurge,
    known: &[String],
    turn: Turn,
) -> Advance {
    let following = |purge_id| Advance::Working {
        state: StepState::FollowingPurge { purge_id },
        keep: None,
        pace: Pace::Now,
    };
    // Before it was asked for, a new one is somebody else's.
    if turn == Turn::Again {
        match purges(effects, room).await {
            Ok(now) => {
                if let Some(id) = now.into_iter().rfind(|id| !known.contains(id)) {
                    return following(id);
                }
            }
            Err(fault) => return Advance::doubt(fault),
        }
    }
    match effects.purge_history(room, purge).await {
        Ok(purge_id) => following(purge_id),
        Err(Fault::Refused { status: 404, message, .. }) if message.contains("no event to be purged") => {
            failed("There is nothing to delete before that point.", None)
        }
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

async fn follow(effects: &dyn Effects, purge_id: &str) -> Advance {
    let found = match effects.purge_status(purge_id).await {
        Ok(found) => found,
        Err(fault) if fault.is_passing() || matches!(fault, Fault::Broken { .. } | Fault::BadAnswer(_)) => {
            return Advance::Retry { fault, patience: Patience::Endless };
        }
        // The server goes on meanwhile; a proxy or a right may well come back.
        Err(fault) => return Advance::Retry { fault, patience: Patience::Limited },
    };
    match found {
        Some(PurgeStatus { status: TaskStatus::Complete, .. }) => {
            Advance::Ended(Outcome::Done { effect: Effect::HistoryPurged })
        }
        Some(PurgeStatus { status: TaskStatus::Active, .. }) => Advance::Working {
            state: StepState::FollowingPurge { purge_id: purge_id.to_owned() },
            keep: None,
            pace: Pace::Poll,
        },
        Some(PurgeStatus { status: TaskStatus::Failed, error: Some(error) }) => {
            failed(format!("The server says: {}.", error.trim_end_matches('.')), SOME)
        }
        Some(PurgeStatus { status: TaskStatus::Failed, error: None }) => {
            failed("The server does not say why.", SOME)
        }
        Some(PurgeStatus { status: TaskStatus::Other(word), .. }) => {
            failed(format!("The server says that the task is {word}."), SOME)
        }
        None => failed(
            "The server has forgotten the task.",
            Some("It may have finished: look with !messages before you try again."),
        ),
    }
}

const SOME: Option<&str> = Some("Some of the history may be deleted all the same.");

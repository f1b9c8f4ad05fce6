//! The end of a restoration: the room that the members were moved to is closed, what came of it all is read, and the bot
//! leaves, if it is not needed.

use std::collections::BTreeSet;

use ruma::{OwnedUserId, RoomId};

use super::{Met, TRIES, Work, goes_on, then};
use crate::{
    execute::{Advance, Pace, Patience, Turn, shutdown, shutdown_v1},
    model::{Shutdown, is_local},
    plan::{DeleteApi, Effect, Outcome, Restored, Restoring, RestoringRun, RoomRef, StepState, Way},
    ports::{Effects, Fault},
};

/// What is done to the room that the members were moved to. It had no other purpose.
const CLOSE: Shutdown = Shutdown { block: false, purge: true, force_purge: false, notice: None };
/// How often a look at what version 1 of the API did is repeated.
const LOOKS: u32 = 20;

pub(super) async fn close(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: &RestoringRun,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    let Some(room) = &work.what.notification else { return then(run, Restoring::Leaving) };
    let advance = match work.what.api {
        DeleteApi::V2 => shutdown::advance(effects, room, &CLOSE, state).await,
        DeleteApi::V1 => shutdown_v1::advance(effects, room, &CLOSE, state, turn).await,
    };
    let mut now = run.clone();
    let why = match advance {
        // What it looked like is not kept: nobody brings it back.
        Advance::Working { state, pace, .. } => {
            now.at = Restoring::Closing { state: Some(Box::new(state)) };
            return goes_on(now, pace);
        }
        Advance::Retry { fault, .. } if fault.is_passing() && work.what.api == DeleteApi::V2 => {
            return Advance::Retry { fault, patience: Patience::Endless };
        }
        Advance::Retry { fault, .. } => {
            let enough = if work.what.api == DeleteApi::V1 { LOOKS } else { TRIES };
            if run.tries + 1 < enough {
                now.tries += 1;
                return goes_on(now, Pace::Poll);
            }
            fault.to_string()
        }
        Advance::Unknown(fault) => fault.to_string(),
        Advance::Ended(Outcome::Done { .. }) => {
            now.told.is_closed = true;
            return then(&now, Restoring::Leaving);
        }
        Advance::Ended(Outcome::Failed { why, .. }) => why,
    };
    // Somebody else may have done it, or an earlier life of this process.
    if matches!(effects.room(room).await, Ok(None)) {
        now.told.is_closed = true;
    } else {
        now.told.trouble(format!("I could not close the room {room}: {why}"));
    }
    then(&now, Restoring::Leaving)
}

pub(super) async fn leave(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: &RestoringRun,
    room: &RoomId,
) -> Advance {
    let inside: BTreeSet<OwnedUserId> = match effects.members(room).await {
        Ok(members) => members.into_iter().collect(),
        Err(fault) => return later(run, fault),
    };
    let what = work.what;
    let back = what.members.iter().filter(|user| inside.contains(*user)).count() as u64;
    let is_needed = match &what.way {
        Way::Anew { powerful, .. } => !powerful.iter().any(|user| inside.contains(user)),
        Way::Rejoin { .. } => !inside.iter().any(|user| user != effects.me() && is_local(user, effects.me())),
    };
    let mut told = run.told.clone();
    let mut is_watched = what.was_watched || is_needed;
    if !is_watched && let Err(fault) = effects.leave_room(room).await {
        match Met::from(fault, run.tries) {
            Met::Left(why) => {
                is_watched = true;
                told.trouble(format!("I could not leave it: {why}"));
            }
            Met::Again => {
                return goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll);
            }
            Met::Waits(advance) => return advance,
        }
    }
    let missing = (what.members.len() as u64).saturating_sub(back + told.invited + told.gone);
    let restored = Restored { room: named(work, room), back, missing, is_watched, told };
    Advance::Ended(Outcome::Done { effect: Effect::Restored { restored: Box::new(restored) } })
}

/// What cannot be read now is read later.
fn later(run: &RestoringRun, fault: Fault) -> Advance {
    match Met::from(fault.clone(), run.tries) {
        Met::Waits(advance) => advance,
        Met::Again => goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll),
        Met::Left(_) => Advance::Retry { fault, patience: Patience::Limited },
    }
}

/// The room, as it was called.
fn named(work: &Work<'_>, room: &RoomId) -> RoomRef {
    RoomRef { id: room.to_owned(), ..work.old.clone() }
}

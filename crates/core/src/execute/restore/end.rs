//! The end of a restoration: the room that the members were moved to is closed, what came of it all is read, and the bot
//! leaves, if it is not needed.

use std::collections::BTreeSet;

use ruma::{OwnedUserId, RoomId};

use super::{Met, TRIES, Work, goes_on, then};
use crate::{
    execute::{Advance, Pace, Patience, Turn, member::membership, shutdown, shutdown_v1},
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
        // Who is told to slow down was not heard: it is asked for again, by version 1 too.
        Advance::Retry { fault, .. }
            if matches!(fault, Fault::RateLimited { .. })
                || fault.is_passing() && work.what.api == DeleteApi::V2 =>
        {
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
        Advance::Ended(Outcome::Stopped { by }) => format!("{by} stopped it."),
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
    let mut told = run.told.clone();
    let inside: BTreeSet<OwnedUserId> = match effects.members(room).await {
        Ok(members) => members.into_iter().collect(),
        Err(fault) => match Met::from(fault, run) {
            Met::Left(why) => {
                told.trouble(format!("I could not read who is in it, so I count nobody: {why}"));
                BTreeSet::new()
            }
            met => return again(run, met),
        },
    };
    let what = work.what;
    let outside: Vec<&OwnedUserId> = what.members.iter().filter(|user| !inside.contains(*user)).collect();
    let is_needed = match &what.way {
        Way::Anew { powerful, .. } => {
            match is_one_fit(effects, powerful.iter().filter(|user| inside.contains(*user))).await {
                Ok(is_one_fit) => !is_one_fit,
                Err(fault) => match Met::from(fault, run) {
                    Met::Left(_) => true,
                    met => return again(run, met),
                },
            }
        }
        Way::Rejoin { .. } => !inside.iter().any(|user| user != effects.me() && is_local(user, effects.me())),
    };
    // Who was invited may have joined, or refused, by now.
    if told.invited > 0 {
        match invited(effects, room, &outside).await {
            Ok(invited) => told.invited = invited,
            Err(fault) => match Met::from(fault, run) {
                Met::Left(_) => {}
                met => return again(run, met),
            },
        }
    }
    let mut is_watched = what.was_watched || is_needed;
    if !is_watched && let Err(fault) = effects.leave_room(room).await {
        match Met::from(fault, run) {
            Met::Left(why) => {
                is_watched = true;
                told.trouble(format!("I could not leave it: {why}"));
            }
            met => return again(run, met),
        }
    }
    let back = (what.members.len() - outside.len()) as u64;
    let missing = (outside.len() as u64).saturating_sub(told.invited + told.gone);
    let restored = Restored { room: named(work, room), back, missing, is_watched, told };
    Advance::Ended(Outcome::Done { effect: Effect::Restored { restored: Box::new(restored) } })
}

/// Whether one of some users can use the power that they have: nobody of this server can who is suspended or locked.
async fn is_one_fit(
    effects: &dyn Effects,
    users: impl Iterator<Item = &OwnedUserId> + Send,
) -> Result<bool, Fault> {
    for user in users {
        let account = if is_local(user, effects.me()) { effects.account(user).await? } else { None };
        if account.is_none_or(|account| !(account.suspended || account.locked || account.deactivated)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many of some users are invited now.
async fn invited(effects: &dyn Effects, room: &RoomId, users: &[&OwnedUserId]) -> Result<u64, Fault> {
    let mut invited = 0;
    for user in users {
        invited += u64::from(membership(effects, room, user).await?.as_deref() == Some("invite"));
    }
    Ok(invited)
}

/// What cannot be done now is done later.
fn again(run: &RestoringRun, met: Met) -> Advance {
    match met {
        Met::Waits(advance) => advance,
        Met::Again | Met::Left(_) => {
            goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll)
        }
    }
}

/// The room, as it was called.
fn named(work: &Work<'_>, room: &RoomId) -> RoomRef {
    RoomRef { id: room.to_owned(), ..work.old.clone() }
}

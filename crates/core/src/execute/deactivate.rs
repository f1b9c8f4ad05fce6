//! Deactivates a local account and follows it until it has left its rooms, which the server does in the background; or
//! brings one back. An account that does not exist is never written to, because that would create it.

use ruma::{OwnedRoomId, UserId};

use super::{Advance, Pace, Patience, failed, refused, unchanged};
use crate::{
    model::{Account, Erase},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// How many rooms are named that an account is still in.
const NAMED: usize = 100;
/// After so many looks in a row that find it in as many rooms as before (four minutes), it is not waited for any more.
const PATIENT_FOR: usize = 60;
/// So many at least, of each of many accounts: one that does not get on must not hold the others for long.
const PATIENT_AT_LEAST: usize = 4;
/// What is true when the server does not say any more which rooms it is in.
const NOT_FOLLOWED: &str = "The account is deactivated; whether it has left its rooms, !rooms-of tells.";
const NO_ACCOUNT: &str = "There is no such account on this server.";

pub(super) async fn advance(
    effects: &dyn Effects,
    user: &UserId,
    erase: Erase,
    state: Option<&StepState>,
    accounts: usize,
) -> Advance {
    match state {
        Some(StepState::Parting { rooms, left, idle }) => {
            let parting = Parting { rooms: *rooms, left: *left, idle: *idle };
            follow(effects, user, parting, accounts).await
        }
        Some(StepState::Deactivating { rooms }) => {
            let was = match effects.account(user).await {
                Ok(Some(account)) => account,
                Ok(None) => return failed(NO_ACCOUNT, None),
                Err(fault) => return Advance::doubt(fault),
            };
            if !is_so(&was, erase)
                && let Some(refused) = refused(effects.deactivate(user, erase).await)
            {
                return refused;
            }
            match effects.account(user).await {
                Ok(Some(now)) if is_so(&now, erase) => {
                    let state = StepState::Parting { rooms: *rooms, left: 0, idle: 0 };
                    Advance::Working { state, keep: None, pace: Pace::Now }
                }
                Ok(_) => unchanged(),
                Err(fault) => Advance::doubt(fault),
            }
        }
        _ => match look(effects, user).await {
            Ok(Some(rooms)) => {
                let state = StepState::Deactivating { rooms: rooms.len() as u64 };
                Advance::Working { state, keep: None, pace: Pace::Now }
            }
            Ok(None) => failed(NO_ACCOUNT, None),
            Err(fault) => Advance::fault(fault),
        },
    }
}

fn is_so(account: &Account, erase: Erase) -> bool {
    account.deactivated && (account.erased || erase == Erase::No)
}

/// The rooms that an account is in; `None` without the account.
async fn look(effects: &dyn Effects, user: &UserId) -> Result<Option<Vec<OwnedRoomId>>, Fault> {
    match effects.account(user).await? {
        Some(_) => Ok(Some(effects.rooms_of(user).await?)),
        None => Ok(None),
    }
}

/// How far an account has left its rooms.
struct Parting {
    rooms: u64,
    left: u64,
    idle: u32,
}

/// Follows one of so many accounts.
async fn follow(effects: &dyn Effects, user: &UserId, parting: Parting, accounts: usize) -> Advance {
    let Parting { rooms, left, idle } = parting;
    let patient_for = (PATIENT_FOR / accounts.max(1)).max(PATIENT_AT_LEAST);
    let is_over = usize::try_from(idle).is_ok_and(|idle| idle >= patient_for);
    let mut inside = match effects.rooms_of(user).await {
        Ok(inside) => inside,
        Err(fault) if fault.is_passing() && accounts > 1 => {
            if is_over {
                return failed(fault.to_string(), Some(NOT_FOLLOWED));
            }
            let state = StepState::Parting { rooms, left, idle: idle + 1 };
            return Advance::Working { state, keep: None, pace: Pace::Poll };
        }
        // The account is deactivated already: how long it takes to leave does not change that.
        Err(fault) if fault.is_passing() => return Advance::Retry { fault, patience: Patience::Endless },
        Err(fault) if fault.may_have_acted() => return Advance::Retry { fault, patience: Patience::Brief },
        Err(fault) => return failed(fault.to_string(), Some(NOT_FOLLOWED)),
    };
    let now = rooms.saturating_sub(inside.len() as u64);
    if inside.is_empty() || is_over {
        inside.truncate(NAMED);
        return Advance::Ended(Outcome::Done { effect: Effect::Deactivated { left: now, inside } });
    }
    let idle = if now > left { 0 } else { idle + 1 };
    let state = StepState::Parting { rooms, left: now.max(left), idle };
    Advance::Working { state, keep: None, pace: Pace::Poll }
}

pub(super) async fn reverse(effects: &dyn Effects, user: &UserId, state: Option<&StepState>) -> Advance {
    let begun = matches!(state, Some(StepState::Reactivating));
    let done = || Advance::Ended(Outcome::Done { effect: Effect::Reactivated });
    match effects.account(user).await {
        Ok(Some(account)) if !account.deactivated => return done(),
        Ok(Some(_)) => {}
        Ok(None) => return failed(NO_ACCOUNT, None),
        Err(fault) if begun => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    if !begun {
        return Advance::Working { state: StepState::Reactivating, keep: None, pace: Pace::Now };
    }
    if let Some(refused) = refused(effects.reactivate(user).await) {
        return refused;
    }
    match effects.account(user).await {
        Ok(Some(account)) if !account.deactivated => done(),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

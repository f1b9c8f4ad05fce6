//! Tries at once to reach another server that could not be reached. Doing it again does no more.

use ruma::ServerName;

use super::{Advance, Pace, failed};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    server: &ServerName,
    state: Option<&StepState>,
) -> Advance {
    let begun = matches!(state, Some(StepState::Retrying));
    let done = |reached| Advance::Ended(Outcome::Done { effect: Effect::ServerRetried { reached } });
    match effects.destination(server).await {
        // What was asked for before has made the server forget that it failed; that says nothing of the other one.
        Ok(Some(destination)) if destination.failing_since.is_none() => {
            return done((!begun).then_some(true));
        }
        Ok(Some(_)) => {}
        Ok(None) => return failed("This server never had to do with that one.", None),
        Err(fault) if begun => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    if !begun {
        return Advance::Working { state: StepState::Retrying, keep: None, pace: Pace::Now };
    }
    match effects.retry_destination(server).await {
        // It was reached meanwhile.
        Ok(()) | Err(Fault::Refused { status: 400, .. }) => {}
        Err(fault) if fault.may_have_acted() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    match effects.destination(server).await {
        // The server has forgotten that it failed; whether it can be reached shows with the next message to it.
        Ok(Some(destination)) if destination.failing_since.is_none() => done(None),
        Ok(Some(_)) => done(Some(false)),
        Ok(None) | Err(_) => done(None),
    }
}

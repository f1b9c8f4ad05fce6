//! Posts a case to a webhook of the configuration.

use serde_json::Value;

use super::{Advance, Pace, Patience, failed};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    name: &str,
    body: &Value,
    state: Option<&StepState>,
) -> Advance {
    if state.is_none() {
        return Advance::Working { state: StepState::Trying, keep: None, pace: Pace::Now };
    }
    match effects.call_webhook(name, body).await {
        Ok(()) => Advance::Ended(Outcome::Done { effect: Effect::WebhookCalled }),
        // The body says which case it is: twice is better than never. What is told late is of little use.
        Err(fault) if fault.is_passing() || fault.may_have_acted() => {
            Advance::Retry { fault, patience: Patience::Brief }
        }
        Err(fault) => failed(in_words(name, &fault), None),
    }
}

/// What is wrong with a webhook: faults speak of the homeserver.
pub(super) fn in_words(name: &str, fault: &Fault) -> String {
    let it = format!("The webhook {name:?}");
    match fault {
        Fault::Timeout => format!("{it} did not answer in time."),
        Fault::Away(_) => format!("{it} cannot be reached."),
        Fault::RateLimited { .. } => format!("{it} asks me to slow down."),
        Fault::Broken { status, message } => format!("{it} failed: {message} (HTTP {status})."),
        Fault::Refused { status, message, .. } => format!("{it} refused: {message} (HTTP {status})."),
        Fault::NotRouted { .. } => format!("There is no webhook {name:?} in my configuration."),
        Fault::BadAnswer(what) => format!("{it} answers what makes no sense to me: {what}."),
        Fault::NotAdmin | Fault::TokenGone => format!("{it} does not let me in."),
    }
}

//! Posts a case to a webhook of the configuration.

use serde_json::Value;

use super::Advance;
use crate::{
    plan::{Effect, Outcome},
    ports::Effects,
};

pub(super) async fn advance(effects: &dyn Effects, name: &str, body: &Value) -> Advance {
    match effects.call_webhook(name, body).await {
        Ok(()) => Advance::Ended(Outcome::Done { effect: Effect::WebhookCalled }),
        // The body says which case it is: twice is better than never.
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

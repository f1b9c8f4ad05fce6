//! Webhooks of the configuration, by their names.

use gleipnir_core::ports::{Asked, Fault};
use serde_json::Value;

use super::Homeserver;

impl Homeserver {
    /// Posts JSON to the webhook of that name.
    pub(super) fn post_to_webhook<'a>(&'a self, name: &'a str, _body: &'a Value) -> Asked<'a, ()> {
        Box::pin(async move {
            let message = format!("there is no webhook “{name}” in the configuration");
            Err(Fault::Refused { status: 404, errcode: "M_NOT_FOUND".to_owned(), message })
        })
    }
}

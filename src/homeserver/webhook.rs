//! Webhooks of the configuration, by their names.

use gleipnir_core::ports::Fault;
use serde_json::Value;

/// Posts JSON to the webhook of that name.
pub(super) fn post(name: &str, _body: &Value) -> Result<(), Fault> {
    let message = format!("there is no webhook “{name}” in the configuration");
    Err(Fault::Refused { status: 404, errcode: "M_NOT_FOUND".to_owned(), message })
}

//! What came back, in the terms of the core. Every fault names the service, so that nobody looks for it at the homeserver.

use std::time::Duration;

use axum::body::Bytes;
use gleipnir_core::ports::Fault;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

/// The `errcode` of a fault that means that the admin API is not there, rather than what was asked for.
pub(super) const NO_ADMIN_API: &str = "M_UNRECOGNIZED";
/// How many characters of the service's own words are told.
const LONGEST: usize = 300;

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The answer, if it is a good one.
    pub(super) fn checked(self) -> Result<Self, Fault> {
        if self.status.is_success() {
            return Ok(self);
        }
        let status = self.status.as_u16();
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let titles = body["errors"].as_array().map(|errors| {
            errors.iter().filter_map(|error| error["title"].as_str()).collect::<Vec<_>>().join(": ")
        });
        let reason = self.status.canonical_reason().unwrap_or("it does not say why");
        let what = titles.as_deref().filter(|titles| !titles.is_empty()).unwrap_or(reason);
        Err(match status {
            429 => Fault::RateLimited { retry_after: retry_after(&self.headers) },
            500.. => Fault::Broken { status, message: named(what) },
            404 | 405 if titles.is_none() => Fault::Refused {
                status,
                errcode: NO_ADMIN_API.to_owned(),
                message: named("there is no admin API at mas.url: the listener needs the resource adminapi"),
            },
            _ => refused(status, what),
        })
    }

    pub(super) fn json(self) -> Result<Value, Fault> {
        // No part of it is quoted: it is about people.
        serde_json::from_slice(&self.body).map_err(|_| nonsense("it is no JSON"))
    }
}

pub(super) fn refused(status: u16, what: &str) -> Fault {
    Fault::Refused { status, errcode: "M_UNKNOWN".to_owned(), message: named(what) }
}

pub(super) fn nonsense(what: &str) -> Fault {
    Fault::BadAnswer(named(what))
}

/// Why nothing came. The client's own error would tell the address.
pub(super) fn transport(error: &reqwest::Error) -> Fault {
    match () {
        // Before the time-out, since a connection that was not made in time carried no request.
        () if error.is_connect() => Fault::Away(named("it cannot be reached")),
        () if error.is_timeout() => Fault::Timeout,
        () => Fault::Away(named("the connection broke")),
    }
}

fn named(what: &str) -> String {
    let line = what.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line: String = line.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
    format!("Matrix Authentication Service: {line}")
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

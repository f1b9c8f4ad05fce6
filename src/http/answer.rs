//! Answers of the endpoint's own, in the shape in which Synapse answers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

/// A Matrix error.
pub(super) fn refusal(status: StatusCode, errcode: &str, error: &str) -> Response {
    let mut response = Response::new(Body::from(json!({ "errcode": errcode, "error": error }).to_string()));
    *response.status_mut() = status;
    allow_browsers(response.headers_mut());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// What a browser asks before it sends a report: the homeserver need not be asked.
pub(super) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow_browsers(response.headers_mut());
    response
}

/// Lets scripts of any web page read the answer, as the Matrix specification wants it.
fn allow_browsers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "X-Requested-With, Content-Type, Authorization, Date"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Synapse-Trace-Id, Server"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

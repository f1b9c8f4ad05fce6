//! Requests to the homeserver in a reporter's name.

use std::time::Duration;

use anyhow::Context as _;
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::Response,
};
use gleipnir_core::ruma::OwnedUserId;
use serde::Deserialize;
use tracing::warn;

use super::answer::refusal;

/// What is passed on of a request. Synapse notes the address and the program of each user.
const PASSED_ON: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    header::ACCEPT_LANGUAGE,
    header::ORIGIN,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
];
/// What is between two neighbours only, and of no use to the next one.
const NOT_PASSED_BACK: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The homeserver.
pub(super) struct Upstream {
    http: reqwest::Client,
    url: String,
}

/// Its answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Upstream {
    pub(super) fn new(url: &str, timeout: Duration) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .pool_idle_timeout(Duration::from_secs(15))
            // A redirected report would take its token somewhere else.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// Who reports; the homeserver's answer when it does not accept the token.
    pub(super) async fn whoami(&self, parts: &Parts) -> Result<OwnedUserId, Box<Response>> {
        #[derive(Deserialize)]
        struct Whoami {
            user_id: OwnedUserId,
        }
        // With the query: an appservice says there which of its users reports.
        let url = format!("{}/_matrix/client/v3/account/whoami{}", self.url, query(parts));
        let mut headers = passed_on(parts);
        headers.remove(header::CONTENT_TYPE);
        let answer = send(self.http.get(url).headers(headers)).await?;
        if !answer.status.is_success() {
            return Err(Box::new(answer.into_response()));
        }
        let whoami: Result<Whoami, _> = serde_json::from_slice(&answer.body);
        whoami.map(|whoami| whoami.user_id).map_err(|error| {
            warn!(%error, "the homeserver does not say whose token it is");
            Box::new(away())
        })
    }

    /// Passes a report on as it came, to `path`.
    pub(super) async fn post(&self, path: &str, parts: &Parts, body: Bytes) -> Result<Answer, Box<Response>> {
        let url = format!("{}{path}{}", self.url, query(parts));
        send(self.http.post(url).headers(passed_on(parts)).body(body)).await
    }
}

fn query(parts: &Parts) -> String {
    parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default()
}

fn passed_on(parts: &Parts) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in PASSED_ON {
        for value in parts.headers.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

#[expect(clippy::disallowed_methods, reason = "the one send() of this endpoint")]
async fn send(request: reqwest::RequestBuilder) -> Result<Answer, Box<Response>> {
    let answer = async {
        let mut answer = request.send().await?;
        let (status, mut headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        for name in NOT_PASSED_BACK {
            headers.remove(name);
        }
        headers.remove("keep-alive");
        Ok::<_, reqwest::Error>(Answer { status, headers, body: answer.bytes().await? })
    };
    answer.await.map_err(|error| {
        // The address may hold a token.
        let error = error.without_url();
        warn!(%error, "cannot pass a report on to the homeserver");
        if error.is_timeout() {
            let why = "The homeserver did not answer in time";
            return Box::new(refusal(StatusCode::GATEWAY_TIMEOUT, "M_UNKNOWN", why));
        }
        Box::new(away())
    })
}

fn away() -> Response {
    refusal(StatusCode::BAD_GATEWAY, "M_UNKNOWN", "The homeserver cannot be reached")
}

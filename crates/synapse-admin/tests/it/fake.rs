//! A server that gives one answer to everything and remembers what it was asked.

use serde_json::Value;
use synapse_admin::{Client, Error};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const ROOM: &str = "!L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ";
pub(crate) const TOKEN: &str = "syt_YWRtaW4_secret";

pub(crate) struct Fake {
    server: MockServer,
    pub(crate) client: Client,
}

impl Fake {
    /// Answers with a status and JSON.
    pub(crate) async fn answering(status: u16, body: Value) -> Self {
        Self::with(ResponseTemplate::new(status).set_body_json(body)).await
    }

    /// Answers with a Matrix error.
    pub(crate) async fn failing(status: u16, errcode: &str, message: &str) -> Self {
        Self::answering(status, serde_json::json!({ "errcode": errcode, "error": message })).await
    }

    pub(crate) async fn with(answer: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let client = Client::new(&server.uri(), || TOKEN.to_owned()).expect("a URL of ours is good");
        Self { server, client }
    }

    pub(crate) fn uri(&self) -> String {
        self.server.uri()
    }

    /// The requests so far, as `METHOD path?query body`, with `(no token)` before those without the right token.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.expect("recording is on by default");
        requests.iter().map(describe).collect()
    }

    /// The one request there was.
    pub(crate) async fn asked(&self) -> String {
        let mut requests = self.requests().await;
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

fn describe(request: &wiremock::Request) -> String {
    let authorization = request.headers.get("authorization").map(reqwest::header::HeaderValue::as_bytes);
    let right = format!("Bearer {TOKEN}");
    let token = if authorization == Some(right.as_bytes()) { "" } else { "(no token) " };
    let url = &request.url;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body);
    format!("{token}{} {}{query} {body}", request.method, url.path()).trim_end().to_owned()
}

/// What an `Error::Api` says.
#[track_caller]
pub(crate) fn api_error<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String, String) {
    match result {
        Err(Error::Api { status, errcode, message, .. }) => (status, errcode, message),
        other => panic!("expected a Matrix error, not {other:?}"),
    }
}

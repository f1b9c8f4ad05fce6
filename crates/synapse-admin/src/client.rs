//! The client and its one `send()`: URL, access token, time-out, error mapping and what gets logged.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{Instrument, field::Empty, trace_span};

use crate::error::UNRECOGNIZED;
use crate::lenient::Query;
use crate::{Error, text};

/// A client of one homeserver. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct Client {
    homeserver_url: Url,
    access_token: Arc<dyn Fn() -> String + Send + Sync>,
    http: reqwest::Client,
    observer: Option<Observer>,
}

type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// A request that was sent, or could not be, and what came of it: for who measures. No part of it names anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: &'a str,
    /// The pattern of the path, such as `/_synapse/admin/v1/rooms/{room_id}`.
    pub path: &'static str,
    /// The HTTP status, or one of `timeout`, `unreachable`, `broken off` and `not sent`.
    pub status: &'a str,
    /// From the start to the last byte of the answer.
    pub took: Duration,
}

/// How a [`Client`] behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long a request may take from start to the last byte of the answer. [`Client::delete_room_v1`] has its own.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Default for Options {
    /// 30 seconds, and this crate's name and version.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            user_agent: concat!("synapse-admin/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("homeserver_url", &self.homeserver_url.as_str())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with the default [`Options`]. `homeserver_url` is where the admin API is served, for example
    /// `http://127.0.0.1:8008`; it may have a path. `access_token` is called for each request.
    ///
    /// Fails with [`Error::Misconfigured`] if the URL is not http(s) or holds a password.
    pub fn new(
        homeserver_url: &str,
        access_token: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::with_options(homeserver_url, access_token, Options::default())
    }

    /// As [`Client::new`], with other [`Options`].
    pub fn with_options(
        homeserver_url: &str,
        access_token: impl Fn() -> String + Send + Sync + 'static,
        options: Options,
    ) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .user_agent(options.user_agent)
            .timeout(options.timeout)
            // Below the time after which servers and proxies drop an idle connection, so that no write
            // goes into one that is just being closed and nobody knows whether it arrived.
            .pool_idle_timeout(Duration::from_secs(15))
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            // A redirected DELETE would act somewhere else, and the token would go there too.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| Error::Misconfigured(root_cause(&error)))?;
        Ok(Self {
            homeserver_url: parse_homeserver_url(homeserver_url)?,
            access_token: Arc::new(access_token),
            http,
            observer: None,
        })
    }

    /// As it is, telling `observer` of every request. It is called in the task that makes the request.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    pub(crate) fn get<'a>(&'a self, path: &'static str, parts: &[&str]) -> Request<'a> {
        self.request(Method::GET, path, parts)
    }

    pub(crate) fn put<'a>(&'a self, path: &'static str, parts: &[&str], body: Value) -> Request<'a> {
        Request { body: Some(body), ..self.request(Method::PUT, path, parts) }
    }

    pub(crate) fn post<'a>(&'a self, path: &'static str, parts: &[&str], body: Value) -> Request<'a> {
        Request { body: Some(body), ..self.request(Method::POST, path, parts) }
    }

    /// The body is not optional: Synapse wants at least `{}`.
    pub(crate) fn delete<'a>(&'a self, path: &'static str, parts: &[&str], body: Value) -> Request<'a> {
        Request { body: Some(body), ..self.request(Method::DELETE, path, parts) }
    }

    fn request(&self, method: Method, path: &'static str, parts: &[&str]) -> Request<'_> {
        let mut url = self.homeserver_url.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), fill(path, parts)));
        // In a URL these mean another path, however they are encoded.
        let misfit = parts.iter().find(|part| matches!(**part, "" | "." | "..")).map(ToString::to_string);
        Request {
            client: self,
            method,
            path,
            url,
            body: None,
            token: Token::Sent,
            timeout: None,
            limit: None,
            misfit,
        }
    }

    async fn send(&self, request: Request<'_>) -> Result<Answer, Error> {
        let Request { method, path, url, body, token, timeout, limit, .. } = request;
        let mut builder = self.http.request(method.clone(), url);
        if token == Token::Sent {
            builder = builder.bearer_auth((self.access_token)());
        }
        if let Some(body) = body {
            builder = builder.json(&body);
        }
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        let span = trace_span!(
            "request",
            otel.name = %format_args!("{method} {path}"),
            otel.kind = "client",
            http.request.method = %method,
            url.template = path,
            status = Empty,
        );
        let started = Instant::now();
        let answer = receive(builder, path, limit).instrument(span.clone()).await;
        let took = started.elapsed();
        let elapsed_ms = took.as_millis();
        let status = match &answer {
            Ok(answer) => answer.status.as_str(),
            Err(Error::Timeout) => "timeout",
            Err(Error::Unreachable { .. }) => "unreachable",
            Err(Error::BadAnswer { .. }) => "broken off",
            Err(_) => "not sent",
        };
        tracing::debug!(%method, path, %status, elapsed_ms, "request");
        span.record("status", status);
        if let Some(observer) = &self.observer {
            observer(&Exchange { method: method.as_str(), path, status, took });
        }
        answer
    }
}

/// A request being put together.
pub(crate) struct Request<'a> {
    client: &'a Client,
    method: Method,
    path: &'static str,
    url: Url,
    body: Option<Value>,
    token: Token,
    timeout: Option<Duration>,
    /// How many bytes of the answer are read at most.
    limit: Option<usize>,
    /// A part that no path can hold.
    misfit: Option<String>,
}

/// Whether the access token goes with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Sent,
    Kept,
}

impl Request<'_> {
    pub(crate) fn query(mut self, query: Query) -> Self {
        if !query.0.is_empty() {
            self.url.query_pairs_mut().extend_pairs(query.0);
        }
        self
    }

    /// For calls that need no token, and that would fail with an expired one.
    pub(crate) fn without_token(mut self) -> Self {
        self.token = Token::Kept;
        self
    }

    /// How long this one may take, instead of [`Options::timeout`].
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it once and reads the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.received().await?.read()
    }

    /// As [`Request::answer`], for calls where the status tells what was done.
    pub(crate) async fn answer_and_status<T: DeserializeOwned>(self) -> Result<(T, u16), Error> {
        let answer = self.received().await?;
        let status = answer.status.as_u16();
        Ok((answer.read()?, status))
    }

    /// Sends it once and gives the bytes of the answer; `None` if there are more than `limit`.
    pub(crate) async fn bytes(mut self, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        self.limit = Some(limit);
        let answer = self.received().await?;
        if !answer.status.is_success() {
            return Err(answer.into_error());
        }
        Ok(Some(answer.body).filter(|body| body.len() <= limit))
    }

    async fn received(self) -> Result<Answer, Error> {
        if let Some(misfit) = &self.misfit {
            return Err(Error::Misconfigured(format!("“{misfit}” cannot be in a path")));
        }
        let client = self.client;
        client.send(self).await
    }
}

/// An answer as it came.
struct Answer {
    path: &'static str,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "this is the part of the one send() that goes to the network")]
async fn receive(
    builder: reqwest::RequestBuilder,
    path: &'static str,
    limit: Option<usize>,
) -> Result<Answer, Error> {
    let mut response = builder.send().await.map_err(|error| from_transport(&error))?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    match read(response, limit).await {
        Ok(body) => Ok(Answer { path, status, headers, body }),
        Err(error) if error.is_timeout() => Err(Error::Timeout),
        Err(error) => Err(Error::BadAnswer {
            status: status.as_u16(),
            what: format!("it broke off ({})", root_cause(&error)),
        }),
    }
}

/// All of a body; or more than `limit` of it, when it is longer.
async fn read(mut response: reqwest::Response, limit: Option<usize>) -> Result<Vec<u8>, reqwest::Error> {
    let Some(limit) = limit else { return response.bytes().await.map(Vec::from) };
    let mut body = Vec::new();
    while body.len() <= limit
        && let Some(part) = response.chunk().await?
    {
        body.extend_from_slice(&part);
    }
    Ok(body)
}

impl Answer {
    fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        if !self.status.is_success() {
            return Err(self.into_error());
        }
        serde_json::from_slice(&self.body).map_err(|error| Error::BadAnswer {
            status: self.status.as_u16(),
            what: match self.body.first() {
                // Admin answers hold people's messages, so no part of one is quoted.
                Some(b'{' | b'[') => text::clean(&error.to_string(), 200),
                _ => text::beginning(&self.body),
            },
        })
    }

    fn into_error(self) -> Error {
        let status = self.status.as_u16();
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let errcode = json.get("errcode").and_then(Value::as_str);
        let retry_after = retry_after(&json, &self.headers);
        let not_routed = |what: String| Error::NotRouted { status, path: self.path, what };
        match (status, errcode) {
            (400 | 404 | 405, Some(UNRECOGNIZED)) => not_routed(UNRECOGNIZED.to_owned()),
            (_, Some(errcode)) => Error::Api {
                status,
                errcode: text::clean(errcode, 100),
                message: match json.get("error").and_then(Value::as_str) {
                    Some(message) => text::clean(message, 300),
                    None => reason(self.status).to_owned(),
                },
                retry_after,
            },
            (300..400, None) => {
                let target = self.headers.get(LOCATION).and_then(|target| target.to_str().ok());
                not_routed(format!("a redirect to {}", text::clean(target.unwrap_or("nowhere"), 200)))
            }
            // Only something in front of Synapse answers so.
            (403 | 404 | 405 | 410, None) => not_routed(text::beginning(&self.body)),
            (429, None) => Error::Api {
                status,
                errcode: "M_LIMIT_EXCEEDED".to_owned(),
                message: reason(self.status).to_owned(),
                retry_after,
            },
            (_, None) => Error::BadAnswer { status, what: text::beginning(&self.body) },
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("no reason given")
}

/// `retry_after_ms` is deprecated in favour of the header, but Synapse's is the finer one of the two.
fn retry_after(json: &Value, headers: &HeaderMap) -> Option<Duration> {
    let body = json.get("retry_after_ms").and_then(|value| match value {
        Value::Number(number) => number
            .as_u64()
            .map(Duration::from_millis)
            .or_else(|| number.as_f64().and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok())),
        _ => None,
    });
    let header = || headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    body.or_else(header)
}

fn from_transport(error: &reqwest::Error) -> Error {
    match () {
        () if error.is_builder() => Error::Misconfigured(root_cause(error)),
        // Before the time-out, since a connection that was not made in time carried no request.
        () if error.is_connect() => Error::Unreachable { cause: root_cause(error), maybe_sent: false },
        () if error.is_timeout() => Error::Timeout,
        () => Error::Unreachable { cause: root_cause(error), maybe_sent: true },
    }
}

/// The innermost message. The outer ones say "error sending request for url (…)", with the ids in the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    text::clean(&cause.to_string(), 200)
}

fn parse_homeserver_url(text: &str) -> Result<Url, Error> {
    let wrong = |what: &str| Error::Misconfigured(format!("the homeserver URL {what}"));
    let url = Url::parse(text).map_err(|error| wrong(&format!("is not one: {error}")))?;
    match url.scheme() {
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(wrong("must not hold a user name or password"))
        }
        "http" | "https" if url.query().is_some() || url.fragment().is_some() => {
            Err(wrong("must end with its path"))
        }
        "http" | "https" => Ok(url),
        _ => Err(wrong("must begin with http:// or https://")),
    }
}

/// Everything but the unreserved characters of RFC 3986: room version 3 has event ids with `/` and `+`.
const PATH_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Puts the parts, encoded, in place of the `{…}` of a path pattern.
fn fill(pattern: &str, parts: &[&str]) -> String {
    let mut parts = parts.iter();
    let segments = pattern.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        let part = parts.next().expect("every call passes as many parts as its pattern has");
        utf8_percent_encode(part, PATH_PART).to_string()
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{fill, parse_homeserver_url, retry_after};
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn every_path_part_is_encoded() {
        for (pattern, parts, want) in [
            ("/v1/rooms", &[][..], "/v1/rooms"),
            ("/v1/rooms/{room_id}", &["!a_b-c.d~e:hs.test"], "/v1/rooms/%21a_b-c.d~e%3Ahs.test"),
            (
                "/{room_id}/context/{event_id}",
                &["!a", "$b/c+d?e#f%"],
                "/%21a/context/%24b%2Fc%2Bd%3Fe%23f%25",
            ),
            ("/users/{user_id}/x", &["@ü a:[::1]:8448"], "/users/%40%C3%BC%20a%3A%5B%3A%3A1%5D%3A8448/x"),
        ] {
            assert_eq!(fill(pattern, parts), want);
        }
    }

    #[test]
    fn homeserver_urls() {
        for (url, good) in [
            ("http://127.0.0.1:8008", true),
            ("https://hs.test/", true),
            ("https://hs.test/matrix/", true),
            ("hs.test", false),
            ("hs.test:8008", false),
            ("ftp://hs.test", false),
            ("https://admin:secret@hs.test", false),
            ("https://hs.test/?a=b", false),
            ("", false),
        ] {
            let parsed = parse_homeserver_url(url);
            assert_eq!(parsed.is_ok(), good, "{url}: {parsed:?}");
            assert!(!format!("{parsed:?}").contains("secret"));
        }
    }

    #[test]
    fn the_pause_asked_for() {
        for (body, header, want) in [
            (json!({"retry_after_ms": 1500}), None, Some(1500)),
            (json!({"retry_after_ms": 1500.5}), None, Some(1500)),
            (json!({"retry_after_ms": 700}), Some("1"), Some(700)),
            (json!({}), Some("3"), Some(3000)),
            (json!(null), Some("Wed, 21 Oct 2026 07:28:00 GMT"), None),
            (json!({"retry_after_ms": "soon"}), Some("2"), Some(2000)),
            (json!({"retry_after_ms": -5}), None, None),
            (json!({}), None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(header));
            }
            let got = retry_after(&body, &headers).map(|pause| pause.as_millis());
            assert_eq!(got, want, "{body} {header:?}");
        }
        assert_eq!(
            retry_after(&json!({"retry_after_ms": u64::MAX}), &HeaderMap::new()),
            Some(Duration::from_millis(u64::MAX))
        );
    }
}

//! The one place that sends requests, and what every request has in common.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// RFC 3986, section 2.3: what never needs encoding. All else is encoded, `/` and `:` and `!` too.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longer than any `timeout` of a `/sync` in a test.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Encodes one part of a path: a room ID, an event ID, an alias, a state key.
pub fn path_part(part: &str) -> String {
    utf8_percent_encode(part, UNRESERVED).to_string()
}

/// What a request carries.
pub(crate) enum Body {
    Empty,
    Json(Value),
    Bytes { content_type: String, bytes: Vec<u8> },
}

impl From<Option<Value>> for Body {
    fn from(json: Option<Value>) -> Self {
        json.map_or(Self::Empty, Self::Json)
    }
}

/// A client for one server.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base_url: String,
}

impl Http {
    pub(crate) fn new(base_url: String) -> Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            // A kept connection belongs to the runtime that opened it, and each test has its own.
            .pool_max_idle_per_host(0)
            .timeout(TIMEOUT)
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Self { client, base_url })
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The status and the body: JSON, or a string if it is none, or null if there is none.
    #[expect(clippy::disallowed_methods, reason = "the one send() of this crate")]
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        access_token: Option<&str>,
        body: Body,
    ) -> Result<(u16, Value)> {
        let url = format!("{}{path}", self.base_url);
        let verb = method.parse().with_context(|| format!("{method:?} is no HTTP method"))?;
        let mut request = self.client.request(verb, url);
        if let Some(access_token) = access_token {
            request = request.bearer_auth(access_token);
        }
        request = match body {
            Body::Empty => request,
            Body::Json(json) => request.json(&json),
            Body::Bytes { content_type, bytes } => request.header("Content-Type", content_type).body(bytes),
        };
        let response = request.send().await.with_context(|| format!("{method} {path} got no answer"))?;
        let status = response.status().as_u16();
        let text = response.text().await.with_context(|| format!("{method} {path} broke off"))?;
        let body = match text.as_str() {
            "" => Value::Null,
            json => serde_json::from_str(json).unwrap_or(Value::String(text)),
        };
        Ok((status, body))
    }

    /// The body of a request that succeeds.
    ///
    /// # Errors
    /// When there is no answer, or one outside of 200..=299; its status and body are in the message.
    pub(crate) async fn expect_success(
        &self,
        method: &str,
        path: &str,
        access_token: Option<&str>,
        body: Body,
    ) -> Result<Value> {
        let (status, body) = self.request(method, path, access_token, body).await?;
        if !(200..=299).contains(&status) {
            bail!("{method} {path} answered {status}: {body}");
        }
        Ok(body)
    }
}

/// A string that an answer must have.
pub(crate) fn string_field(answer: &Value, key: &str) -> Result<String> {
    let value = answer[key].as_str().with_context(|| format!("there is no {key} in {answer}"))?;
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parts_are_encoded() {
        let cases = [
            ("!room:hs.test", "%21room%3Ahs.test"),
            ("#general:hs.test", "%23general%3Ahs.test"),
            ("@a/b+c=d:hs.test", "%40a%2Fb%2Bc%3Dd%3Ahs.test"),
            ("$a-b_c~d", "%24a-b_c~d"),
            ("ä ", "%C3%A4%20"),
        ];
        for (part, want) in cases {
            assert_eq!(path_part(part), want);
        }
    }
}

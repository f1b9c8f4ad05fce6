//! The access token: from the token endpoint that the discovery document names, with the client's own credentials, kept
//! until shortly before it ends.

use std::time::{Duration, Instant};

use gleipnir_core::ports::Fault;
use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Mas,
    answer::{Answer, nonsense, refused},
};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const BODY: &str = "grant_type=client_credentials&scope=urn%3Amas%3Aadmin";
/// A token that ends within this is not used any more.
const MARGIN: Duration = Duration::from_secs(20);
/// How long a token is taken to last when nothing is said about it.
const UNSAID: u64 = 60;
/// No token is kept for longer than a day, whatever is said about it.
const LONGEST: u64 = 86_400;

/// An access token, and from when on it is not used any more.
pub(super) struct Token {
    word: String,
    until: Instant,
}

impl Mas {
    /// The token to use now.
    pub(super) async fn token(&self) -> Result<String, Fault> {
        // Whoever comes meanwhile waits for the same one.
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.until) {
            return Ok(token.word.clone());
        }
        let token = self.new_token().await?;
        let word = token.word.clone();
        *kept = Some(token);
        Ok(word)
    }

    /// Does not use a token again, unless another one has taken its place.
    pub(super) async fn forget(&self, word: &str) {
        let mut kept = self.token.lock().await;
        if kept.as_ref().is_some_and(|token| token.word == word) {
            *kept = None;
        }
    }

    async fn new_token(&self) -> Result<Token, Fault> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: Option<u64>,
        }
        let endpoint = self.token_endpoint().await?;
        let request = self
            .http
            .post(endpoint)
            // As they are: the service does not decode them as RFC 6749, section 2.3.1 has it.
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(BODY);
        let answer = self.send(request).await?;
        if !answer.status.is_success() {
            return Err(denied(answer));
        }
        // No word of what cannot be read: it may be the token.
        let granted: Granted =
            serde_json::from_slice(&answer.body).map_err(|_| nonsense("the token endpoint gave no token"))?;
        let lasts = Duration::from_secs(granted.expires_in.unwrap_or(UNSAID).min(LONGEST));
        Ok(Token { word: granted.access_token, until: Instant::now() + lasts.saturating_sub(MARGIN) })
    }

    /// Where tokens come from.
    async fn token_endpoint(&self) -> Result<String, Fault> {
        let answer = self.send(self.http.get(format!("{}{DISCOVERY}", self.url))).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(refused(
                404,
                "nothing at mas.url says where tokens come from: the listener needs the resource discovery",
            ));
        }
        let found = answer.checked()?.json()?;
        endpoint(&self.url, &found)
    }
}

/// The token endpoint that the discovery document of the service at `url` names.
fn endpoint(url: &str, discovery: &Value) -> Result<String, Fault> {
    let endpoint = discovery["token_endpoint"].as_str();
    let endpoint = endpoint.ok_or_else(|| nonsense("its discovery document has no token_endpoint"))?;
    if url.starts_with("https://") && !endpoint.starts_with("https://") {
        return Err(refused(400, "its token endpoint is not reached by https, as mas.url is"));
    }
    Ok(endpoint.to_owned())
}

/// Why there is no token: RFC 6749, section 5.2.
fn denied(answer: Answer) -> Fault {
    let status = answer.status.as_u16();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body["error"].as_str() {
        Some(error) if answer.status.is_client_error() && status != 429 => {
            let more = body["error_description"].as_str().map(|text| format!(": {text}")).unwrap_or_default();
            let what = format!(
                "it refuses the client of [mas] ({error}{more}). client_id and client_secret have to be those of a \
                 client there that policy.data.admin_clients lists"
            );
            refused(status, &what)
        }
        _ => match answer.checked() {
            Err(fault) => fault,
            Ok(_) => nonsense("the token endpoint gave no token"),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::endpoint;

    #[test]
    fn no_secret_goes_a_less_safe_way_than_was_configured() {
        for (url, token_endpoint, good) in [
            ("https://account.hs.test", "https://account.hs.test/oauth2/token", true),
            ("https://account.hs.test", "http://account.hs.test/oauth2/token", false),
            ("http://mas:8080", "https://account.hs.test/oauth2/token", true),
            ("http://mas:8080", "http://mas:8080/oauth2/token", true),
        ] {
            let found = endpoint(url, &json!({ "token_endpoint": token_endpoint }));
            assert_eq!(found.is_ok(), good, "{url}: {found:?}");
        }
    }
}

//! The floor: an HTTP client that knows nothing of the SDK and keeps nothing, and asks for what the bot cannot do without.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use throwaway_synapse::{PASSWORD, User, path_part};

use crate::commands::Asked;

/// A first sync of thousands of rooms takes the server minutes.
const PATIENCE: Duration = Duration::from_mins(30);

/// A device of an account. Keeps its connections open, as the bot does. Clones share the device.
#[derive(Clone)]
pub(crate) struct Raw {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Raw {
    /// Logs in.
    pub(crate) async fn login(url: &str, localpart: &str) -> anyhow::Result<Self> {
        let mut raw = Self { http: client()?, url: url.to_owned(), token: String::new() };
        let identifier = json!({"type": "m.id.user", "user": localpart});
        let body = json!({"type": "m.login.password", "identifier": identifier, "password": PASSWORD});
        let answer = raw.call(Method::POST, "/_matrix/client/v3/login", Some(&body)).await?;
        answer["access_token"].as_str().context("access_token")?.clone_into(&mut raw.token);
        Ok(raw)
    }

    /// A device that is logged in.
    pub(crate) fn of(url: &str, user: &User) -> anyhow::Result<Self> {
        Ok(Self { http: client()?, url: url.to_owned(), token: user.access_token.clone() })
    }

    /// Somebody else on the same connections.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// Sends an event; its ID.
    pub(crate) async fn send(
        &self,
        room: &str,
        kind: &str,
        id: &str,
        content: &Value,
    ) -> anyhow::Result<String> {
        let path = format!("/_matrix/client/v3/rooms/{}/send/{kind}/{id}", path_part(room));
        let answer = self.put(&path, content).await?;
        Ok(answer["event_id"].as_str().context("event_id")?.to_owned())
    }

    /// The same sync as the bot's: the size of the answer in bytes, and the token behind it.
    pub(crate) async fn sync(&self, since: Option<&str>) -> anyhow::Result<(usize, String)> {
        #[derive(serde::Deserialize)]
        struct Answer {
            next_batch: String,
        }
        let filter = json!({
            "presence": {"types": []},
            "room": {
                "ephemeral": {"types": []},
                "state": {"lazy_load_members": true},
                "timeline": {"lazy_load_members": true, "limit": if since.is_some() { 50 } else { 1 }},
            },
        });
        let since = since.map(|token| format!("&since={}", path_part(token))).unwrap_or_default();
        let path =
            format!("/_matrix/client/v3/sync?timeout=0&filter={}{since}", path_part(&filter.to_string()));
        let bytes = self.bytes(Method::GET, &path, None).await?;
        let Answer { next_batch } = serde_json::from_slice(&bytes)?;
        Ok((bytes.len(), next_batch))
    }

    /// Waits for news of one room, and for nothing else.
    pub(crate) async fn listen(&self, room: &str, since: Option<&str>) -> anyhow::Result<Value> {
        let filter = json!({
            "presence": {"types": []},
            "account_data": {"types": []},
            "room": {"rooms": [room], "ephemeral": {"types": []}, "timeline": {"limit": 1000}},
        });
        let since = since.map(|token| format!("&since={}", path_part(token))).unwrap_or_default();
        let timeout = if since.is_empty() { 0 } else { 30_000 };
        let filter = path_part(&filter.to_string());
        self.get(&format!("/_matrix/client/v3/sync?timeout={timeout}&filter={filter}{since}")).await
    }

    /// Answers what is asked in a room, since a token, with as few requests as that takes, one after the other. Never returns
    /// but with an error.
    pub(crate) async fn answer(&self, room: &str, moderator: &str, mut since: String) -> anyhow::Result<()> {
        loop {
            let news = self.listen(room, Some(&since)).await?;
            since = next_batch(&news)?;
            for event in timeline(&news, room).filter(|event| event["sender"] == moderator) {
                let Some(asked) = event["content"]["body"].as_str().and_then(Asked::of) else { continue };
                let id = event["event_id"].as_str().context("event_id")?;
                let found = self.look_up(&asked).await?;
                let body: String = format!("Job 1: block – done {found}").chars().take(500).collect();
                let reply = json!({
                    "msgtype": "m.notice", "body": body, "m.mentions": {},
                    "m.relates_to": {"m.in_reply_to": {"event_id": id}},
                });
                self.send(room, "m.room.message", &format!("answer-{}", path_part(id)), &reply).await?;
            }
        }
    }

    async fn look_up(&self, asked: &Asked<'_>) -> anyhow::Result<Value> {
        let admin = "/_synapse/admin";
        match asked {
            Asked::Version => self.get(&format!("{admin}/v1/server_version")).await,
            Asked::Room(room) => self.get(&format!("{admin}/v1/rooms/{}", path_part(room))).await,
            Asked::Members(room) => self.get(&format!("{admin}/v1/rooms/{}/members", path_part(room))).await,
            Asked::Blocked(room) => self.get(&format!("{admin}/v1/rooms/{}/block", path_part(room))).await,
            Asked::Rooms(text) => {
                self.get(&format!("{admin}/v1/rooms?limit=10&search_term={}", path_part(text))).await
            }
            Asked::User(user) => self.get(&format!("{admin}/v2/users/{}", path_part(user))).await,
            Asked::Block(room) => {
                self.put(&format!("{admin}/v1/rooms/{}/block", path_part(room)), &json!({"block": true}))
                    .await
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.bytes(method, path, body).await?)?)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the client that the bot is measured by")]
    async fn bytes(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{method} {path}"))?;
        let status = answer.status();
        let bytes = answer.bytes().await.with_context(|| format!("{method} {path}"))?;
        ensure!(
            status.is_success(),
            "{method} {path} answered {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(bytes.into())
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?)
}

/// The token behind a sync.
pub(crate) fn next_batch(answer: &Value) -> anyhow::Result<String> {
    Ok(answer["next_batch"].as_str().context("next_batch")?.to_owned())
}

/// What a sync brought of a room.
pub(crate) fn timeline<'a>(answer: &'a Value, room: &str) -> impl Iterator<Item = &'a Value> {
    answer["rooms"]["join"][room]["timeline"]["events"].as_array().into_iter().flatten()
}

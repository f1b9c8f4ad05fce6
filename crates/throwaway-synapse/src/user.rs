//! A logged-in user, driven over raw HTTP, so that no client library stands between a test and the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::http::{Body, Http, path_part, string_field};

/// How often [`User::wait_for`] looks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How far back [`User::wait_for`] looks.
const RECENT_EVENTS: u32 = 100;

/// A user with one logged-in device. Clones share the device.
///
/// Methods without a docstring about errors fail when the server refuses; the error holds status and body.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the field is named as in the spec")]
pub struct User {
    /// The full Matrix ID.
    pub user_id: String,
    /// The access token of this device.
    pub access_token: String,
    /// The ID of this device.
    pub device_id: String,
    http: Http,
    transactions: Arc<AtomicU64>,
}

impl User {
    pub(crate) fn new(http: Http, user_id: String, access_token: String, device_id: String) -> Self {
        Self { user_id, access_token, device_id, http, transactions: Arc::default() }
    }

    /// Any request, with the status for those who need it: the JSON body, a string if it is none, null if empty.
    /// Encode the parts of `path` with [`path_part`].
    ///
    /// # Errors
    /// When there is no answer; a status of refusal is none.
    pub async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        self.http.request(method, path, Some(&self.access_token), body.into()).await
    }

    /// The same device behind another URL, such as a reverse proxy's.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn through(&self, base_url: &str) -> Result<Self> {
        Ok(Self { http: Http::new(base_url.to_owned())?, ..self.clone() })
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call("GET", path, Body::Empty).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call("POST", path, Body::Json(body)).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.call("PUT", path, Body::Json(body)).await
    }

    /// `DELETE path` with a JSON body.
    pub async fn delete(&self, path: &str, body: Value) -> Result<Value> {
        self.call("DELETE", path, Body::Json(body)).await
    }

    /// `POST /createRoom`; returns the room ID.
    pub async fn create_room(&self, request: Value) -> Result<String> {
        let answer = self.post("/_matrix/client/v3/createRoom", request).await?;
        string_field(&answer, "room_id")
    }

    /// `POST /join/{roomIdOrAlias}`; returns the room ID.
    pub async fn join(&self, room: &str) -> Result<String> {
        let answer = self.post(&format!("/_matrix/client/v3/join/{}", path_part(room)), json!({})).await?;
        string_field(&answer, "room_id")
    }

    /// As [`join`](Self::join), a room that this user's server knows from another one: as of version 12, the ID of a room
    /// does not tell which servers have it.
    pub async fn join_via(&self, room: &str, server: &str) -> Result<String> {
        let path = format!("/_matrix/client/v3/join/{}?via={}", path_part(room), path_part(server));
        string_field(&self.post(&path, json!({})).await?, "room_id")
    }

    /// `POST /rooms/{roomId}/invite` of a user by ID.
    pub async fn invite(&self, room: &str, user_id: &str) -> Result<()> {
        self.post(&room_path(room, "invite"), json!({"user_id": user_id})).await.map(drop)
    }

    /// `POST /rooms/{roomId}/leave`, which also declines an invitation.
    pub async fn leave(&self, room: &str) -> Result<()> {
        self.post(&room_path(room, "leave"), json!({})).await.map(drop)
    }

    /// Sends an `m.text`; returns the event ID.
    pub async fn send_text(&self, room: &str, text: &str) -> Result<String> {
        self.send(room, "m.room.message", json!({"msgtype": "m.text", "body": text})).await
    }

    /// Sends an event of any type; returns the event ID.
    pub async fn send(&self, room: &str, event_type: &str, content: Value) -> Result<String> {
        let end = format!("send/{}/{}", path_part(event_type), self.transaction());
        string_field(&self.put(&room_path(room, &end), content).await?, "event_id")
    }

    /// Sets room state; returns the event ID.
    pub async fn send_state(
        &self,
        room: &str,
        event_type: &str,
        state_key: &str,
        content: Value,
    ) -> Result<String> {
        let end = format!("state/{}/{}", path_part(event_type), path_part(state_key));
        string_field(&self.put(&room_path(room, &end), content).await?, "event_id")
    }

    /// The content of a piece of room state.
    pub async fn state(&self, room: &str, event_type: &str, state_key: &str) -> Result<Value> {
        let end = format!("state/{}/{}", path_part(event_type), path_part(state_key));
        self.get(&room_path(room, &end)).await
    }

    /// Reacts to an event with an emoji or any other key; returns the event ID of the reaction.
    pub async fn react(&self, room: &str, event_id: &str, key: &str) -> Result<String> {
        let relation = json!({"rel_type": "m.annotation", "event_id": event_id, "key": key});
        self.send(room, "m.reaction", json!({"m.relates_to": relation})).await
    }

    /// Redacts an event; returns the event ID of the redaction.
    pub async fn redact(&self, room: &str, event_id: &str, reason: &str) -> Result<String> {
        let end = format!("redact/{}/{}", path_part(event_id), self.transaction());
        string_field(&self.put(&room_path(room, &end), json!({"reason": reason})).await?, "event_id")
    }

    /// One event in full.
    pub async fn event(&self, room: &str, event_id: &str) -> Result<Value> {
        self.get(&room_path(room, &format!("event/{}", path_part(event_id)))).await
    }

    /// The latest events of the room as this user may see them, state events too, the newest last.
    pub async fn messages(&self, room: &str, limit: u32) -> Result<Vec<Value>> {
        let answer = self.get(&room_path(room, &format!("messages?dir=b&limit={limit}"))).await?;
        let chunk = answer["chunk"].as_array().with_context(|| format!("there is no chunk in {answer}"))?;
        Ok(chunk.iter().rev().cloned().collect())
    }

    /// Waits until one of the latest hundred events of the room satisfies `matches`, and returns the first such.
    /// An event from before the call counts too.
    ///
    /// # Errors
    /// When there is none in time; the error shows what was there instead.
    pub async fn wait_for(
        &self,
        room: &str,
        timeout: Duration,
        matches: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = Instant::now() + timeout;
        loop {
            let events = self.messages(room, RECENT_EVENTS).await?;
            if let Some(event) = events.iter().find(|event| matches(event)) {
                return Ok(event.clone());
            }
            if Instant::now() > deadline {
                let latest = &events[events.len().saturating_sub(5)..];
                let latest: Vec<String> = latest.iter().map(Value::to_string).collect();
                bail!("no such event in {room} within {timeout:?}. The latest are:\n{}", latest.join("\n"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// `GET /sync`, from the beginning or since a `next_batch`; waits for news up to `timeout_ms` milliseconds.
    pub async fn sync(&self, since: Option<&str>, timeout_ms: u64) -> Result<Value> {
        let since = since.map(|token| format!("&since={}", path_part(token))).unwrap_or_default();
        self.get(&format!("/_matrix/client/v3/sync?timeout={timeout_ms}{since}")).await
    }

    /// Sets the display name.
    pub async fn display_name(&self, name: &str) -> Result<()> {
        let path = format!("/_matrix/client/v3/profile/{}/displayname", path_part(&self.user_id));
        self.put(&path, json!({"displayname": name})).await.map(drop)
    }

    /// `POST /_matrix/media/v3/upload`; returns the `mxc:` URI.
    pub async fn upload(&self, content_type: &str, bytes: Vec<u8>) -> Result<String> {
        let body = Body::Bytes { content_type: content_type.to_owned(), bytes };
        string_field(&self.call("POST", "/_matrix/media/v3/upload", body).await?, "content_uri")
    }

    async fn call(&self, method: &str, path: &str, body: Body) -> Result<Value> {
        self.http.expect_success(method, path, Some(&self.access_token), body).await
    }

    /// A transaction ID that this device has not used: the server answers a repeated one with the old event.
    fn transaction(&self) -> u64 {
        self.transactions.fetch_add(1, Ordering::Relaxed)
    }
}

fn room_path(room: &str, end: &str) -> String {
    format!("/_matrix/client/v3/rooms/{}/{end}", path_part(room))
}

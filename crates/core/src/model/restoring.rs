//! What is kept of a room before it is shut down, and what a new one is made of.

use ruma::{OwnedServerName, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BlockStatus, Event, EventReport, RoomDetails};

/// What is kept of a room before it is shut down, so that it can be put right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSnapshot {
    /// Its details.
    pub details: RoomDetails,
    /// Current state, without the members; of a large room only what it is made of.
    pub state: Vec<Event>,
    /// Joined members of this server.
    pub local_members: Vec<OwnedUserId>,
    /// Aliases of this server that lead to it.
    pub local_aliases: Vec<String>,
    /// Reports of its events: the server gives them no more once the room is purged.
    #[serde(default)]
    pub reports: Vec<EventReport>,
    /// Other servers with joined members, those with the most first, [`RoomSnapshot::SERVERS`] at most; `None` where that
    /// was not kept.
    #[serde(default)]
    pub servers: Option<Vec<OwnedServerName>>,
    /// Who was banned; `None` where that was not read.
    #[serde(default)]
    pub banned: Option<Vec<OwnedUserId>>,
    /// Whether it was blocked; `None` where that was not kept.
    #[serde(default)]
    pub block: Option<BlockStatus>,
}

impl RoomSnapshot {
    /// So many servers are kept: joining through one of them is enough.
    pub const SERVERS: usize = 20;

    /// The state event of a type whose state key is empty.
    pub fn the(&self, kind: &str) -> Option<&Event> {
        self.state.iter().find(|event| event.kind() == kind && event.state_key() == Some(""))
    }
}

/// The body of `POST /_matrix/client/v3/createRoom`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// `room_version`.
    pub room_version: String,
    /// `creation_content`, a JSON object: what `m.room.create` has beside what the server puts there.
    pub creation_content: Value,
    /// `initial_state`: events with `type`, `state_key` and `content`, the power levels among them.
    pub initial_state: Vec<Event>,
    /// `preset`: what the server's configuration has to say to such rooms.
    pub preset: Preset,
}

impl NewRoom {
    /// The content of a state event whose state key is empty; null where there is none.
    pub fn content(&self, kind: &str) -> &Value {
        let is_it = |event: &&Event| event.kind() == kind && event.state_key() == Some("");
        self.initial_state.iter().find(is_it).map_or(&Value::Null, Event::content)
    }
}

/// `preset` of a new room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// `private_chat`: one joins by invitation.
    PrivateChat,
    /// `public_chat`: anybody joins.
    PublicChat,
}

//! What the homeserver tells us, in the words of the Matrix specification and of Synapse's admin API. Plain values:
//! they say what is true on the server and decide nothing.

use std::time::Duration;

use ruma::{EventId, OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds since the Unix epoch, as in `origin_server_ts`.
pub type Millis = i64;

/// `GET /_synapse/admin/v1/rooms/<room_id>`. Most fields are null for a room that nobody local is in any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDetails {
    /// The content of `m.room.name`.
    pub name: Option<String>,
    /// The content of `m.room.canonical_alias`.
    pub canonical_alias: Option<String>,
    /// The content of `m.room.topic`.
    pub topic: Option<String>,
    /// The room version, such as `12`.
    pub version: Option<String>,
    /// Sender of `m.room.create`.
    pub creator: Option<String>,
    /// Joined members, of all servers.
    pub joined_members: u64,
    /// Joined members of this server.
    pub joined_local_members: u64,
    /// The encryption algorithm, when the room is encrypted.
    pub encryption: Option<String>,
    /// Whether other servers may take part (`m.federate`).
    pub federatable: Option<bool>,
    /// Whether the room is in the public room directory.
    pub public: Option<bool>,
    /// `join_rule` of `m.room.join_rules`.
    pub join_rules: Option<String>,
    /// `guest_access` of `m.room.guest_access`.
    pub guest_access: Option<String>,
    /// `history_visibility` of `m.room.history_visibility`.
    pub history_visibility: Option<String>,
    /// `type` of `m.room.create`, such as `m.space`.
    pub room_type: Option<String>,
    /// Whether all local users have forgotten the room.
    pub forgotten: bool,
    /// Whether the room has an `m.room.tombstone`.
    pub tombstoned: bool,
    /// The successor that the tombstone names.
    pub replacement_room: Option<String>,
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/block`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockStatus {
    /// Local users can join.
    Open,
    /// Nobody local can join or be invited; the first blocker, when the server recorded one.
    Blocked(Option<OwnedUserId>),
}

impl BlockStatus {
    /// Whether the room is blocked.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }
}

/// What is asked for with `PUT /_synapse/admin/v1/rooms/<room_id>/block`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// `{"block": true}`
    On,
    /// `{"block": false}`
    Off,
}

/// An event as the admin API gives it: a JSON object of any shape. Its accessors never fail; a field of the wrong
/// type counts as missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Event(pub Value);

impl Event {
    fn str(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// `type`, or an empty string.
    pub fn kind(&self) -> &str {
        self.str("type").unwrap_or_default()
    }

    /// `sender`, or an empty string.
    pub fn sender(&self) -> &str {
        self.str("sender").unwrap_or_default()
    }

    /// `event_id`, when it is one.
    pub fn event_id(&self) -> Option<&EventId> {
        self.str("event_id").and_then(|id| id.try_into().ok())
    }

    /// `room_id`, when it is one.
    pub fn room_id(&self) -> Option<OwnedRoomId> {
        self.str("room_id").and_then(|id| id.try_into().ok())
    }

    /// `state_key`; `None` for an event that is not state.
    pub fn state_key(&self) -> Option<&str> {
        self.str("state_key")
    }

    /// `origin_server_ts`; 0 when missing.
    pub fn time(&self) -> Millis {
        self.0.get("origin_server_ts").and_then(Value::as_i64).unwrap_or_default()
    }

    /// `content`; null when missing.
    pub fn content(&self) -> &Value {
        self.0.get("content").unwrap_or(&Value::Null)
    }

    /// A string of `content`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.content().get(key)?.as_str()
    }

    /// `unsigned.prev_content`, or the copy at the top level in the old event format.
    pub fn prev_content(&self) -> Option<&Value> {
        let unsigned = self.0.get("unsigned").and_then(|unsigned| unsigned.get("prev_content"));
        unsigned.or_else(|| self.0.get("prev_content"))
    }

    /// `unsigned.redacted_because`: the event that redacted this one.
    pub fn redacted_because(&self) -> Option<Event> {
        let unsigned = self.0.get("unsigned").and_then(|unsigned| unsigned.get("redacted_because"));
        unsigned.or_else(|| self.0.get("redacted_because")).map(|event| Event(event.clone()))
    }
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/context/<event_id>`, in the order of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Events before the asked one, oldest first.
    pub before: Vec<Event>,
    /// The asked one.
    pub event: Event,
    /// Events after the asked one, oldest first.
    pub after: Vec<Event>,
    /// Member events of those who appear, and other room state.
    pub state: Vec<Event>,
}

/// The body of `DELETE /_synapse/admin/v2/rooms/<room_id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutdown {
    /// Whether nobody local can join again.
    pub block: bool,
    /// Whether the room is removed from the database.
    pub purge: bool,
    /// Whether it is purged even if local members could not be removed.
    pub force_purge: bool,
    /// The room that local members are moved to, when one is wanted.
    pub notice: Option<NoticeRoom>,
}

/// The new room that tells local members why the old one is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRoom {
    /// `new_room_user_id`: the local user who makes it.
    pub creator: OwnedUserId,
    /// `room_name`; Synapse's default is "Content Violation Notification".
    pub name: Option<String>,
    /// `message`: its first message.
    pub message: Option<String>,
}

/// One entry of `GET /_synapse/admin/v2/rooms/<room_id>/delete_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteTask {
    /// The `delete_id`.
    pub id: String,
    /// How far it is.
    pub status: TaskStatus,
    /// `shutdown_room`; grows user by user while the task is active.
    pub result: Option<DeleteResult>,
}

/// `status` of a background task of Synapse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Waiting or at work.
    Active,
    /// Finished.
    Complete,
    /// Failed; the reason is only in the scheduled tasks.
    Failed,
    /// Cancelled, or a word that is new to us.
    Other(String),
}

/// `shutdown_room` of a delete task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteResult {
    /// Local users who were removed.
    pub kicked_users: Vec<String>,
    /// Local users who could not be removed, or not be moved to the new room.
    pub failed_to_kick_users: Vec<String>,
    /// Aliases that were moved to the new room, or deleted.
    pub local_aliases: Vec<String>,
    /// The new room.
    pub new_room_id: Option<String>,
}

/// What is kept of a room before it is shut down, so that it can be put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSnapshot {
    /// Its details.
    pub details: RoomDetails,
    /// Current state, without the members.
    pub state: Vec<Event>,
    /// Joined members of this server.
    pub local_members: Vec<OwnedUserId>,
    /// Aliases of this server that lead to it.
    pub local_aliases: Vec<String>,
}

/// A local account: `GET /_synapse/admin/v2/users/<user_id>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the server's answer")]
pub struct Account {
    /// Whether it is a server admin.
    pub admin: bool,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it is deactivated.
    pub deactivated: bool,
}

/// What somebody may do in the management room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Not a joined member.
    Outside,
    /// A joined member with this power level.
    Level(i64),
    /// A creator of a room of version 12 or later: above every level.
    Creator,
}

/// What `!status` tells about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The homeserver's address.
    pub homeserver: String,
    /// The bot's device.
    pub device_id: String,
    /// Whether the management room is encrypted.
    pub encrypted: bool,
    /// One sentence on the state of the bot's encryption identity.
    pub encryption: String,
    /// How long the process has been up.
    pub uptime: Duration,
    /// Whether the bot's own messages are free of the server's rate limit; `None` when it could not be asked.
    pub unlimited: Option<bool>,
}

/// Whether a user belongs to the same server as `me`.
pub fn is_local(user: &UserId, me: &UserId) -> bool {
    user.server_name() == me.server_name()
}

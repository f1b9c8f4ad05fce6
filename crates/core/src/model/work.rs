//! What Synapse does in the background: deleting rooms, purging history.

use ruma::{OwnedEventId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Millis;

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

/// One entry of `GET /_synapse/admin/v1/scheduled_tasks`: work that Synapse does in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// Its ID: for a deletion the `delete_id`, for a purge of history the `purge_id`.
    pub id: String,
    /// What it does: [`DELETE_ROOM`], [`PURGE_HISTORY`], or something else.
    pub action: String,
    /// How far it is, in Synapse's word: `scheduled`, `active`, `complete`, `failed`, `cancelled`.
    pub status: String,
    /// When its state last changed.
    pub timestamp_ms: Millis,
    /// What it works on: a room ID for both.
    pub resource_id: Option<String>,
    /// What it did so far.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
}

/// `action` of the task that deletes a room.
pub const DELETE_ROOM: &str = "shutdown_and_purge_room";
/// `action` of the task that redacts what a user wrote.
pub const REDACT_USER: &str = "redact_all_events";
/// `action` of the task that purges history.
pub const PURGE_HISTORY: &str = "purge_history";

/// The body of `POST /_synapse/admin/v1/purge_history/<room_id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPurge {
    /// `purge_up_to_event_id`: what is deleted is what came before this event. (Synapse's `purge_up_to_ts` goes by when
    /// it received events, which nobody sees in a preview.)
    pub up_to: OwnedEventId,
    /// `delete_local_events`.
    pub local: LocalEvents,
}

/// What becomes of events of this server's users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalEvents {
    /// They stay in the database, since nobody else may have them; out of the history they go all the same.
    Kept,
    /// They are deleted as well, for good if no other server is in the room.
    Deleted,
}

/// `GET /_synapse/admin/v1/purge_history_status/<purge_id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeStatus {
    /// How far it is.
    pub status: TaskStatus,
    /// Why it failed.
    pub error: Option<String>,
}

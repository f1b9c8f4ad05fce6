//! Deletion of rooms. Version 2 runs in the background: `DELETE /_synapse/admin/v2/rooms/{room_id}` and the two
//! `delete_status` calls. Version 1, `DELETE /_synapse/admin/v1/rooms/{room_id}`, answers when all is done, leaves
//! no task behind and takes no lock: it is for servers without version 2.

use std::time::Duration;

use ruma::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Client, Error, TaskStatus, lenient};

impl Client {
    /// Starts removing this server's users from a room and, unless told otherwise, purging it from the
    /// database. **Cannot be undone** once purged. Gives the `delete_id` to follow it by.
    ///
    /// - A room that the server does not know is accepted, blocked if asked for, and its deletion ends `complete`
    ///   with nothing done: ask for its details first.
    /// - 400 while an earlier deletion of the room runs. Calls at the same moment may all get through, so
    ///   have one at a time.
    /// - The block comes first. A deletion that fails later leaves the room blocked.
    pub async fn delete_room(&self, room_id: &RoomId, how: &DeleteRoom) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Started {
            delete_id: String,
        }
        let body = json!(how);
        let started = self.delete("/_synapse/admin/v2/rooms/{room_id}", &[room_id.as_str()], body);
        started.answer::<Started>().await.map(|started| started.delete_id)
    }

    /// As [`Client::delete_room`], but waits until the room is gone, for up to `timeout`, which stands in for that of
    /// the [`Options`](crate::Options). A large room takes many minutes.
    ///
    /// **Never ask again blindly.** It takes no lock: two at once both run, and both name the same users as removed.
    /// [`Client::delete_statuses`] and [`Client::scheduled_tasks`] know nothing of it. After [`Error::Timeout`] it goes
    /// on: ask for the room's details until they are gone (404), or, if it is not purged, for its members.
    ///
    /// - A room that the server does not know is accepted, blocked if asked for, and nobody was removed from it.
    /// - 400 `M_UNKNOWN` "User must be our own: …" for a `new_room_user_id` of another server. As with version 2 the
    ///   block comes first and stays.
    pub async fn delete_room_v1(
        &self,
        room_id: &RoomId,
        how: &DeleteRoom,
        timeout: Duration,
    ) -> Result<ShutdownRoom, Error> {
        let deleted = self.delete("/_synapse/admin/v1/rooms/{room_id}", &[room_id.as_str()], json!(how));
        deleted.timeout(timeout).answer().await
    }

    /// The deletions of a room, oldest first; none, if the server knows of none. They are kept for 7 days; old
    /// servers forget them after 24 hours or a restart.
    pub async fn delete_statuses(&self, room_id: &RoomId) -> Result<Vec<DeleteStatus>, Error> {
        #[derive(Deserialize)]
        struct Statuses {
            results: Vec<DeleteStatus>,
        }
        let statuses = self.get("/_synapse/admin/v2/rooms/{room_id}/delete_status", &[room_id.as_str()]);
        match statuses.answer::<Statuses>().await {
            Ok(statuses) => Ok(statuses.results),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// One deletion; `None` if the server does not know it, or no more.
    pub async fn delete_status(&self, delete_id: &str) -> Result<Option<DeleteStatus>, Error> {
        // As parts of a URL these mean another path, and no deletion has such an ID.
        if matches!(delete_id, "" | "." | "..") {
            return Ok(None);
        }
        let status = self.get("/_synapse/admin/v2/rooms/delete_status/{delete_id}", &[delete_id]);
        match status.answer().await {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How to delete a room, by either version. The default is Synapse's own: no new room, no block, purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRoom {
    /// Make a new room with this local user as its creator, move the members there and post `message`. The
    /// account need not exist. Suspended members cannot be moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_room_user_id: Option<OwnedUserId>,
    /// The new room's name; `None` is `Content Violation Notification`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_name: Option<String>,
    /// The first message in the new room; `None` is Synapse's own about illegal content. One too long for an event
    /// (64 KiB) makes the deletion fail when everybody is out already, before the purge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Block the room as well.
    pub block: bool,
    /// Remove all trace of the room from the database. A room with no other server in it is gone for good.
    pub purge: bool,
    /// Purge even if local users could not be removed.
    pub force_purge: bool,
}

impl Default for DeleteRoom {
    fn default() -> Self {
        Self {
            new_room_user_id: None,
            room_name: None,
            message: None,
            block: false,
            purge: true,
            force_purge: false,
        }
    }
}

/// How a deletion is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteStatus {
    /// What [`Client::delete_room`] gave. Old servers leave it out when asked by it.
    #[serde(default)]
    pub delete_id: Option<String>,
    /// The room. Old servers leave it out.
    #[serde(default)]
    pub room_id: Option<OwnedRoomId>,
    /// How far it is. `Complete` says that nothing went wrong, not that something was done.
    pub status: TaskStatus,
    /// What was done to the room so far. Grows user by user; `None` at first, and often after a failure.
    #[serde(default)]
    pub shutdown_room: Option<ShutdownRoom>,
    /// Why it failed. Documented, but only old servers send it: ask [`Client::scheduled_tasks`] about the room.
    #[serde(default)]
    pub error: Option<String>,
}

/// What the removal of a room's users has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShutdownRoom {
    /// Local users that were removed, those invited or knocking too.
    #[serde(deserialize_with = "lenient::or_default")]
    pub kicked_users: Vec<OwnedUserId>,
    /// Local users that could not be removed, and suspended ones that were, but could not be moved to the new room.
    #[serde(deserialize_with = "lenient::or_default")]
    pub failed_to_kick_users: Vec<OwnedUserId>,
    /// Local aliases that now lead to the new room. Known last.
    #[serde(deserialize_with = "lenient::or_default")]
    pub local_aliases: Vec<OwnedRoomAliasId>,
    /// The new room, if one was made.
    pub new_room_id: Option<OwnedRoomId>,
}

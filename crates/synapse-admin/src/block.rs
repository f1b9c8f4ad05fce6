//! Blocking of rooms: `GET`, `PUT /_synapse/admin/v1/rooms/{room_id}/block`.
//!
//! A blocked room takes no more joins or invitations of local users, server admins included. Members stay, and can
//! go on sending. A room can be blocked that the server does not know yet.

use ruma::RoomId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Client, Error, lenient};

const PATH: &str = "/_synapse/admin/v1/rooms/{room_id}/block";

impl Client {
    /// Whether a room is blocked, and by whom.
    pub async fn block_status(&self, room_id: &RoomId) -> Result<BlockStatus, Error> {
        self.get(PATH, &[room_id.as_str()]).answer().await
    }

    /// Blocks a room. Blocking it again changes nothing: the first user stays recorded.
    pub async fn block_room(&self, room_id: &RoomId) -> Result<BlockStatus, Error> {
        self.put(PATH, &[room_id.as_str()], json!({ "block": true })).answer().await
    }

    /// Unblocks a room. One that is not blocked stays so.
    pub async fn unblock_room(&self, room_id: &RoomId) -> Result<BlockStatus, Error> {
        self.put(PATH, &[room_id.as_str()], json!({ "block": false })).answer().await
    }
}

/// Whether a room is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockStatus {
    /// What the server says is true now.
    #[serde(deserialize_with = "lenient::flag")]
    pub block: bool,
    /// Who blocked it. Only [`Client::block_status`] gives it, and only for a blocked room.
    #[serde(default)]
    pub user_id: Option<String>,
}

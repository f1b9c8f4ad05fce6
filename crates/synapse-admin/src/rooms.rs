//! What the server knows of a room, and who is in it: `GET /_synapse/admin/v1/rooms/{room_id}` and `…/members`.
//!
//! <https://element-hq.github.io/synapse/latest/admin_api/rooms.html>

use ruma::{OwnedRoomId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

use crate::{Client, Error, lenient};

impl Client {
    /// What the server knows of a room: `GET /_synapse/admin/v1/rooms/{room_id}`. 404 for a room it does not know.
    pub async fn room_details(&self, room_id: &RoomId) -> Result<RoomDetails, Error> {
        self.get("/_synapse/admin/v1/rooms/{room_id}", &[room_id.as_str()]).answer().await
    }

    /// Who is joined, local and remote: `GET /_synapse/admin/v1/rooms/{room_id}/members`.
    pub async fn room_members(&self, room_id: &RoomId) -> Result<Members, Error> {
        self.get("/_synapse/admin/v1/rooms/{room_id}/members", &[room_id.as_str()]).answer().await
    }
}

/// A room in the list, and the part of [`RoomDetails`] that both have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Room {
    /// The room's ID, since room version 12 without a server name.
    pub room_id: OwnedRoomId,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its main alias.
    #[serde(default)]
    pub canonical_alias: Option<String>,
    /// How many users are joined.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub joined_members: u64,
    /// How many of this server's users are joined.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub joined_local_members: u64,
    /// The room version.
    #[serde(default)]
    pub version: Option<String>,
    /// Who created it. In room version 12 they stand above every power level.
    #[serde(default)]
    pub creator: Option<String>,
    /// The encryption algorithm; `None` if it is not encrypted.
    #[serde(default)]
    pub encryption: Option<String>,
    /// Whether users of other servers can join.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub federatable: bool,
    /// Whether it is in this server's room directory.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub public: bool,
    /// `public`, `knock`, `invite`, `private`, `restricted` or `knock_restricted`.
    #[serde(default)]
    pub join_rules: Option<String>,
    /// `can_join` or `forbidden`.
    #[serde(default)]
    pub guest_access: Option<String>,
    /// `invited`, `joined`, `shared` or `world_readable`.
    #[serde(default)]
    pub history_visibility: Option<String>,
    /// How many state events it has.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub state_events: u64,
    /// `m.space` for a space.
    #[serde(default)]
    pub room_type: Option<String>,
}

/// What the server knows of one room. After everybody was removed most of it is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDetails {
    /// What the list has as well.
    #[serde(flatten)]
    pub room: Room,
    /// Its topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// The `mxc:` URI of its picture.
    #[serde(default)]
    pub avatar: Option<String>,
    /// How many devices this server's joined users have.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub joined_local_devices: u64,
    /// Whether all of this server's users have left and forgotten it.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub forgotten: bool,
    /// Whether it was upgraded; `None` before Synapse 1.153.
    #[serde(default, deserialize_with = "lenient::maybe_flag")]
    pub tombstoned: Option<bool>,
    /// The room ID that the tombstone names. Any member with the power writes this, so it may be no room ID at all.
    #[serde(default, deserialize_with = "lenient::text")]
    pub replacement_room: Option<String>,
}

/// Who is joined to a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireMembers")]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Members {
    /// Their user IDs.
    pub members: Vec<OwnedUserId>,
    /// Members whose ID is malformed; other servers let in what they like.
    pub malformed: Vec<String>,
    /// How many there are.
    pub total: u64,
}

#[derive(Deserialize)]
struct WireMembers {
    #[serde(default, deserialize_with = "lenient::or_default")]
    members: Vec<String>,
    #[serde(default)]
    malformed: Vec<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    total: u64,
}

impl From<WireMembers> for Members {
    fn from(wire: WireMembers) -> Self {
        let (members, mut malformed) = lenient::user_ids(wire.members);
        malformed.extend(wire.malformed);
        Self { members, malformed, total: wire.total }
    }
}

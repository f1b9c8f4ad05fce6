//! A space and what is in it: `GET /_synapse/admin/v1/rooms/{room_id}/hierarchy` (Synapse 1.142).

use std::num::NonZeroU32;

use ruma::{OwnedRoomId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient::{self, Query};
use crate::{Client, Error};

impl Client {
    /// A page of a space's rooms, the space itself first. A room that the server does not know is a
    /// **500** `M_UNKNOWN`: ask for its details first.
    pub async fn room_hierarchy(&self, room_id: &RoomId, query: &HierarchyQuery) -> Result<Hierarchy, Error> {
        let path = "/_synapse/admin/v1/rooms/{room_id}/hierarchy";
        self.get(path, &[room_id.as_str()]).query(query.query()).answer().await
    }
}

/// Which part of a space to get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HierarchyQuery {
    /// Where to go on: [`Hierarchy::next_batch`] of the page before, with the same `max_depth`. Good for 5 minutes.
    pub from: Option<String>,
    /// How many rooms at most; 50 is the most that Synapse gives.
    pub limit: Option<NonZeroU32>,
    /// How many levels down; `None` is all.
    pub max_depth: Option<u32>,
}

impl HierarchyQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from.as_ref())
            .with("limit", self.limit)
            .with("max_depth", self.max_depth)
    }
}

/// A page of a space.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hierarchy {
    /// The rooms. Those that the server is not in are missing here, but named in their parent's `children_state`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub rooms: Vec<HierarchyRoom>,
    /// [`HierarchyQuery::from`] of the next page; `None` on the last.
    pub next_batch: Option<String>,
}

/// A room in a space, or a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HierarchyRoom {
    /// The room's ID.
    pub room_id: OwnedRoomId,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// Its main alias.
    #[serde(default)]
    pub canonical_alias: Option<String>,
    /// The `mxc:` URI of its picture.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// `m.space` for a space.
    #[serde(default)]
    pub room_type: Option<String>,
    /// The room version.
    #[serde(default)]
    pub room_version: Option<String>,
    /// The encryption algorithm; `None` if it is not encrypted.
    #[serde(default)]
    pub encryption: Option<String>,
    /// `public`, `knock`, `invite`, `private`, `restricted` or `knock_restricted`.
    #[serde(default)]
    pub join_rule: Option<String>,
    /// Whose members may join, when restricted.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allowed_room_ids: Vec<String>,
    /// How many users are joined.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub num_joined_members: u64,
    /// Whether anybody may read it without joining.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub world_readable: bool,
    /// Whether guests may join.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub guest_can_join: bool,
    /// Its `m.space.child` events, stripped: `state_key` is the child's room ID.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub children_state: Vec<Value>,
}

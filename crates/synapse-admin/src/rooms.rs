//! Rooms: list, details, members, forward extremities, and getting somebody in or into power.
//!
//! `GET /_synapse/admin/v1/rooms…`, `POST …/make_room_admin`, `POST /_synapse/admin/v1/join/{room_id}`:
//! <https://element-hq.github.io/synapse/latest/admin_api/rooms.html>

use std::fmt;
use std::num::NonZeroU32;

use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedRoomId, OwnedServerName, OwnedUserId, RoomAliasId, RoomId, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::lenient::{self, Query};
use crate::{Client, Direction, Error};

impl Client {
    /// One page of the rooms this server knows: `GET /_synapse/admin/v1/rooms`.
    pub async fn rooms(&self, list: &ListRooms) -> Result<RoomList, Error> {
        self.get("/_synapse/admin/v1/rooms", &[]).query(list.query()).answer().await
    }

    /// What the server knows of a room: `GET /_synapse/admin/v1/rooms/{room_id}`. 404 for a room it does not know.
    pub async fn room_details(&self, room_id: &RoomId) -> Result<RoomDetails, Error> {
        self.get("/_synapse/admin/v1/rooms/{room_id}", &[room_id.as_str()]).answer().await
    }

    /// Who is joined, local and remote: `GET /_synapse/admin/v1/rooms/{room_id}/members`.
    pub async fn room_members(&self, room_id: &RoomId) -> Result<Members, Error> {
        self.get("/_synapse/admin/v1/rooms/{room_id}/members", &[room_id.as_str()]).answer().await
    }

    /// The open ends of the room's event graph: `GET /_synapse/admin/v1/rooms/{room_id}/forward_extremities`.
    /// A room that the server does not know has none; that is no error.
    pub async fn forward_extremities(&self, room_id: &RoomId) -> Result<ForwardExtremities, Error> {
        self.get("/_synapse/admin/v1/rooms/{room_id}/forward_extremities", &[room_id.as_str()]).answer().await
    }

    /// Gives `user_id` the highest power that a local member has, and invites them if they cannot join by
    /// themselves: `POST /_synapse/admin/v1/rooms/{room_id}/make_room_admin`.
    ///
    /// 400 if no local member has the power to give. Power comes before the invitation: when that fails
    /// (502, the user's server is down) the power stays given.
    pub async fn make_room_admin(&self, room_id: &RoomId, user_id: &UserId) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/rooms/{room_id}/make_room_admin";
        self.post(path, &[room_id.as_str()], json!({ "user_id": user_id })).answer::<Value>().await.map(drop)
    }

    /// Joins a local user to a room: `POST /_synapse/admin/v1/join/{room_id}`. `via` are servers to join
    /// through if this one is not in the room; may be empty.
    ///
    /// For a room that is not public the caller of the API must be in it and able to invite (403 otherwise).
    pub async fn join(
        &self,
        room_id: &RoomId,
        user_id: &UserId,
        via: &[OwnedServerName],
    ) -> Result<OwnedRoomId, Error> {
        #[derive(Deserialize)]
        struct Joined {
            room_id: OwnedRoomId,
        }
        let query =
            via.iter().fold(Query::default(), |query, server| query.with("server_name", Some(server)));
        let body = json!({ "user_id": user_id });
        let joined = self.post("/_synapse/admin/v1/join/{room_id}", &[room_id.as_str()], body).query(query);
        joined.answer::<Joined>().await.map(|joined| joined.room_id)
    }
}

/// Which rooms to list, and in which order. The default is the first 100 by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRooms {
    /// Where to go on: [`RoomList::next_batch`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`. Never 0, for which Synapse says that the next page starts where this one did.
    pub limit: Option<NonZeroU32>,
    /// What to sort by.
    pub order_by: RoomOrder,
    /// Backwards reverses the order.
    pub dir: Direction,
    /// Part of a name or of an alias without `#` and server (upper and lower case alike), or a whole room ID.
    /// Better made with [`ListRooms::search`].
    pub search_term: Option<String>,
    /// Only rooms in the room directory, or only others.
    pub public_rooms: Option<bool>,
    /// Only rooms without a member, or only others.
    pub empty_rooms: Option<bool>,
}

impl ListRooms {
    /// Rooms that fit what a person typed. An alias is shortened to its localpart, since Synapse finds
    /// nothing by a whole one; an empty text is no filter, since Synapse refuses it.
    pub fn search(text: &str) -> Self {
        let text = text.trim();
        let term = match RoomAliasId::parse(text) {
            Ok(alias) => alias.alias().to_owned(),
            Err(_) => text.strip_prefix('#').unwrap_or(text).to_owned(),
        };
        Self { search_term: (!term.is_empty()).then_some(term), ..Self::default() }
    }

    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("order_by", Some(self.order_by))
            .with("dir", Some(self.dir))
            .with("search_term", self.search_term.as_ref().filter(|term| !term.is_empty()))
            .with("public_rooms", self.public_rooms)
            .with("empty_rooms", self.empty_rooms)
    }
}

/// What a list of rooms is sorted by. Numbers go from largest to smallest, texts alphabetically.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the fields of Room")]
pub enum RoomOrder {
    #[default]
    Name,
    CanonicalAlias,
    JoinedMembers,
    JoinedLocalMembers,
    Version,
    Creator,
    Encryption,
    Federatable,
    Public,
    JoinRules,
    GuestAccess,
    HistoryVisibility,
    StateEvents,
}

impl fmt::Display for RoomOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::CanonicalAlias => "canonical_alias",
            Self::JoinedMembers => "joined_members",
            Self::JoinedLocalMembers => "joined_local_members",
            Self::Version => "version",
            Self::Creator => "creator",
            Self::Encryption => "encryption",
            Self::Federatable => "federatable",
            Self::Public => "public",
            Self::JoinRules => "join_rules",
            Self::GuestAccess => "guest_access",
            Self::HistoryVisibility => "history_visibility",
            Self::StateEvents => "state_events",
        })
    }
}

/// One page of rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomList {
    /// The rooms of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub rooms: Vec<Room>,
    /// How many rooms came before this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub offset: u64,
    /// How many rooms there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total_rooms: u64,
    /// [`ListRooms::from`] of the next page; `None` on the last. (Synapse's documentation calls it `next_token`.)
    pub next_batch: Option<u64>,
    /// [`ListRooms::from`] of the page before; `None` on the first.
    pub prev_batch: Option<u64>,
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

/// The open ends of a room's event graph. More than a few make the room slow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardExtremities {
    /// How many there are.
    #[serde(deserialize_with = "lenient::or_default")]
    pub count: u64,
    /// Each of them.
    #[serde(deserialize_with = "lenient::or_default")]
    pub results: Vec<ForwardExtremity>,
}

/// An event that no other event follows yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardExtremity {
    /// The event's ID.
    pub event_id: String,
    /// Synapse's number for the state at this event.
    pub state_group: Option<u64>,
    /// How far down the graph it is.
    pub depth: Option<u64>,
    /// When this server received it.
    pub received_ts: Option<MilliSecondsSinceUnixEpoch>,
}

#[cfg(test)]
mod tests {
    use super::ListRooms;

    #[test]
    fn searching_takes_what_people_type() {
        for (text, want) in [
            ("Matrix HQ", Some("Matrix HQ")),
            ("  hq ", Some("hq")),
            ("#resone:hs.test", Some("resone")),
            ("#resone", Some("resone")),
            (
                "!L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ",
                Some("!L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ"),
            ),
            ("!K86:hs.test", Some("!K86:hs.test")),
            ("", None),
            (" # ", None),
        ] {
            assert_eq!(ListRooms::search(text).search_term.as_deref(), want, "{text:?}");
        }
    }
}

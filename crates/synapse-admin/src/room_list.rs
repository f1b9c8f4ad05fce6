//! The list of rooms: `GET /_synapse/admin/v1/rooms`, page by page.
//!
//! <https://element-hq.github.io/synapse/latest/admin_api/rooms.html#list-room-api>

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use ruma::RoomAliasId;
use serde::{Deserialize, Serialize};

use crate::lenient::{self, Query};
use crate::{Client, Direction, Error, Room};

impl Client {
    /// One page of the rooms this server knows. Go on with [`RoomList::next`].
    ///
    /// Counts, names and directory entries are a second or so behind what happens. A room that the server knows only
    /// from an invitation by another server is not in the list, though [`Client::room_details`] finds it.
    ///
    /// 400 `M_INVALID_PARAM` for an offset or a limit below zero.
    pub async fn rooms(&self, list: &ListRooms) -> Result<RoomList, Error> {
        self.get("/_synapse/admin/v1/rooms", &[]).query(list.query()).answer().await
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
    /// Only rooms without a joined member, local or remote, or only others. Rooms that everybody left are without,
    /// even with invitations pending.
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

/// What a list of rooms is sorted by. Numbers go from largest to smallest, texts alphabetically, and flags from no
/// to yes. Rooms without a name are the first by name on SQLite, the last on PostgreSQL.
///
/// [`FromStr`] takes the names of the wire, `alphabetical` for `name` and `size` for `joined_members` as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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

impl RoomOrder {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::CanonicalAlias,
        Self::JoinedMembers,
        Self::JoinedLocalMembers,
        Self::Version,
        Self::Creator,
        Self::Encryption,
        Self::Federatable,
        Self::Public,
        Self::JoinRules,
        Self::GuestAccess,
        Self::HistoryVisibility,
        Self::StateEvents,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
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
        }
    }
}

impl fmt::Display for RoomOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RoomOrder {
    type Err = UnknownRoomOrder;

    fn from_str(name: &str) -> Result<Self, UnknownRoomOrder> {
        match name {
            // What Synapse's documentation calls deprecated; it still takes them.
            "alphabetical" => Ok(Self::Name),
            "size" => Ok(Self::JoinedMembers),
            _ => Self::ALL.into_iter().find(|order| order.as_str() == name).ok_or(UnknownRoomOrder),
        }
    }
}

/// A text that names no [`RoomOrder`]. Its display names them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rooms are sorted by one of: {}", RoomOrder::ALL.map(RoomOrder::as_str).join(", "))]
pub struct UnknownRoomOrder;

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

impl RoomList {
    /// The question for the page after this one, which was the answer to `list`. `None` if this is the last, and if the
    /// server names a next page that begins no further on: whoever followed it would get the same page for ever.
    pub fn next(&self, list: &ListRooms) -> Option<ListRooms> {
        let here = list.from.unwrap_or(0);
        let next = self.next_batch.filter(|next| *next > here)?;
        Some(ListRooms { from: Some(next), ..list.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::{ListRooms, RoomList, RoomOrder};

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

    #[test]
    fn orders_are_read_by_their_names() {
        for order in RoomOrder::ALL {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
        for (name, want) in [
            ("alphabetical", Some(RoomOrder::Name)),
            ("size", Some(RoomOrder::JoinedMembers)),
            ("joined_local_members", Some(RoomOrder::JoinedLocalMembers)),
            ("Name", None),
            ("joined-members", None),
            ("", None),
        ] {
            assert_eq!(name.parse().ok(), want, "{name:?}");
        }
        assert_eq!(
            "members".parse::<RoomOrder>().unwrap_err().to_string(),
            "rooms are sorted by one of: name, canonical_alias, joined_members, joined_local_members, version, \
             creator, encryption, federatable, public, join_rules, guest_access, history_visibility, state_events"
        );
    }

    #[test]
    fn the_next_page_is_further_on() {
        for (from, next_batch, want) in [
            (None, Some(100), Some(100)),
            (Some(100), Some(200), Some(200)),
            (Some(200), None, None),
            (None, None, None),
            // What Synapse answers to `limit=0`.
            (None, Some(0), None),
            (Some(5), Some(5), None),
            (Some(5), Some(4), None),
        ] {
            let list = ListRooms { from, order_by: RoomOrder::StateEvents, ..ListRooms::search("hq") };
            let page = RoomList { next_batch, ..RoomList::default() };
            let next = page.next(&list);
            assert_eq!(next.as_ref().map(|next| next.from), want.map(Some), "{from:?} {next_batch:?}");
            if let Some(next) = next {
                assert_eq!(ListRooms { from, ..next }, list);
            }
        }
    }
}

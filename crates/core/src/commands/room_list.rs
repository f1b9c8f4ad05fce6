//! Reading the list of rooms: what is looked for, and page after page of what the server has.

use std::collections::HashSet;

use ruma::{OwnedRoomAliasId, OwnedRoomId};
use serde_json::{Value, json};

use super::{Failure, World, facts::FileKind, paging::Part};
use crate::{
    model::{ListedRoom, RoomQuery},
    reply::{Added, Attachment, Reply, Table},
    text::{number::grouped, target::RoomTarget},
};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Nothing in particular.
    All,
    /// What a name or an alias contains.
    Text(String),
    /// One room.
    Id(OwnedRoomId),
    /// The room with this alias, and those that share a part of its name.
    Alias(OwnedRoomAliasId),
}

impl Search {
    /// From the words that were typed.
    pub(super) fn of(words: &[String]) -> Self {
        let text = words.join(" ");
        match text.parse() {
            _ if text.trim().is_empty() => Self::All,
            Ok(RoomTarget::Id(room)) => Self::Id(room),
            Ok(RoomTarget::Alias(alias)) => Self::Alias(alias),
            // The server compares with what stands between `#` and `:`.
            Err(_) => Self::Text(match text.trim().strip_prefix('#') {
                Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => rest.to_owned(),
                _ => text.trim().to_owned(),
            }),
        }
    }

    /// What the server is asked to look for.
    pub(super) fn term(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Text(text) => Some(text),
            Self::Id(room) => Some(room.as_str()),
            Self::Alias(alias) => Some(alias.alias()).filter(|name| !name.is_empty()),
        }
    }

    fn finds(&self, room: &ListedRoom) -> bool {
        let Some(term) = self.term() else { return true };
        let lower = term.to_lowercase();
        let has = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(&lower));
        let alias = room.details.canonical_alias.as_deref();
        let local = alias.map(|alias| alias.split(':').next().unwrap_or_default().trim_start_matches('#'));
        room.room_id == term || has(room.details.name.as_deref()) || has(local)
    }
}

/// Which rooms are wanted, in which order.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) search: Search,
    /// `from`, `limit` and `search` are set by the reading.
    pub(super) query: RoomQuery,
}

impl Wanted {
    /// Whether a room is what was asked for.
    pub(super) fn has(&self, room: &ListedRoom) -> bool {
        let RoomQuery { public, empty, .. } = self.query;
        self.search.finds(room)
            && public.is_none_or(|public| room.details.public.unwrap_or_default() == public)
            && empty.is_none_or(|empty| (room.details.joined_members == 0) == empty)
    }

    /// Whether the server may give more than was asked for: it joins its conditions so that a search goes past
    /// `public_rooms` and `empty_rooms`, and takes `%` and `_` for wildcards.
    fn must_be_sifted(&self) -> bool {
        let filtered = self.query.public.is_some() || self.query.empty.is_some();
        self.search.term().is_some_and(|term| filtered || term.contains(['%', '_']))
    }
}

/// A file that is written while reading.
pub(super) struct Filing {
    /// The file.
    pub(super) table: Table,
    /// At most so many rooms go into it.
    pub(super) most: Option<u64>,
    /// So many rooms are passed over before it begins: no more than before the part that is shown.
    pub(super) from: u64,
}

/// What was read.
pub(super) struct Found {
    /// The rooms of the part that was asked for.
    pub(super) rooms: Vec<ListedRoom>,
    /// How many rooms there are in all.
    pub(super) total: u64,
    /// Why the reading ended.
    pub(super) end: End,
    /// The file, when one was asked for.
    pub(super) table: Option<Table>,
}

/// Why a reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is missing.
    Whole,
    /// So many rooms were wanted.
    Limit,
    /// The file is as large as it may be.
    Full,
    /// The server gives no more, although there should be.
    Stuck,
    /// Rooms came and went meanwhile.
    Moved,
}

/// Columns of a file of rooms: all that the list tells.
pub(super) const HEADERS: &[&str] = &[
    "room_id",
    "name",
    "canonical_alias",
    "joined_members",
    "joined_local_members",
    "version",
    "creator",
    "encryption",
    "federatable",
    "public",
    "join_rules",
    "guest_access",
    "history_visibility",
    "state_events",
    "room_type",
];

/// Rooms that are asked for at once when many are read: the more, the longer the server's database is busy at a time.
const AT_ONCE: u32 = 500;

/// Reads a part of the list; with a file, all that goes into that as well.
pub(super) async fn read(
    world: &World<'_>,
    wanted: &Wanted,
    part: Part,
    filing: Option<Filing>,
) -> Result<Found, Failure> {
    let query = |from: u64, limit: u32| RoomQuery {
        from,
        limit,
        search: wanted.search.term().map(str::to_owned),
        ..wanted.query.clone()
    };
    let sifted = wanted.must_be_sifted();
    if filing.is_none() && !sifted {
        let limit = u32::try_from(part.size).unwrap_or(AT_ONCE);
        let page = world.lookup.rooms(&query(part.from, limit)).await?;
        return Ok(Found { rooms: page.rooms, total: page.total, end: End::Whole, table: None });
    }
    // Only what is sifted must be counted from its beginning.
    let begin = filing.as_ref().map_or(part.from, |filing| filing.from);
    let mut query = query(if sifted { 0 } else { begin }, AT_ONCE);
    let mut reading = Reading { part, at: query.from, rooms: Vec::new(), filing, cut: None };
    let mut seen = HashSet::new();
    let (total, stuck) = loop {
        let page = world.lookup.rooms(&query).await?;
        let got = page.rooms.len();
        for room in page.rooms {
            // While rooms come and go, the list shifts below the pages.
            if seen.insert(room.room_id.clone()) && (!sifted || wanted.has(&room)) {
                reading.take(room);
            }
        }
        let next = page.next.filter(|next| *next > query.from && got > 0);
        match next {
            Some(next) if sifted || !reading.has_all() => query.from = next,
            _ => break (page.total, page.next.is_some() && next.is_none()),
        }
        (world.tell)(&Reply::text(format!(
            "Read {} of {} rooms …",
            grouped(query.from),
            grouped(page.total)
        )));
    };
    let end = match reading.cut {
        Some(cut) => cut,
        None if stuck => End::Stuck,
        None if !sifted && reading.at < total => End::Moved,
        None => End::Whole,
    };
    let total = if sifted { reading.at } else { total };
    Ok(Found { rooms: reading.rooms, total, end, table: reading.filing.map(|filing| filing.table) })
}

/// What was taken from the list so far.
struct Reading {
    part: Part,
    /// The place in the list of the room that comes next.
    at: u64,
    rooms: Vec<ListedRoom>,
    filing: Option<Filing>,
    /// Why nothing more goes into the file.
    cut: Option<End>,
}

impl Reading {
    /// Whether nothing that follows is wanted.
    fn has_all(&self) -> bool {
        self.cut.is_some() && self.at >= self.part.from.saturating_add(self.part.size)
    }

    fn take(&mut self, room: ListedRoom) {
        let at = self.at;
        self.at += 1;
        let begun = |filing: &&mut Filing| at >= filing.from && self.cut.is_none();
        if let Some(filing) = self.filing.as_mut().filter(begun) {
            if filing.most.is_some_and(|most| filing.table.rows() >= most) {
                self.cut = Some(End::Limit);
            } else if filing.table.add(cells(&room)) == Added::Full {
                self.cut = Some(End::Full);
            }
        }
        if at >= self.part.from && (self.rooms.len() as u64) < self.part.size {
            self.rooms.push(room);
        }
    }
}

/// The rooms of a preview, all of which are in the file: it names more of them than a message can.
pub(super) fn file_of_rooms<'a>(name: &str, rooms: impl IntoIterator<Item = &'a ListedRoom>) -> Attachment {
    let mut table = FileKind::Csv.table(name, HEADERS);
    for room in rooms {
        let added = table.add(cells(room));
        debug_assert_eq!(
            added,
            Added::Yes,
            "the details of the some hundred rooms of a Plan fit many times over"
        );
    }
    table.finish()
}

/// The row of a room, in the order of [`HEADERS`].
pub(super) fn cells(room: &ListedRoom) -> Vec<Value> {
    let details = json!(room.details);
    HEADERS
        .iter()
        .map(|header| match *header {
            "room_id" => json!(room.room_id),
            field => details[field].clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;

    use super::*;
    use crate::model::RoomDetails;

    #[track_caller]
    fn search(text: &str) -> Search {
        Search::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_looked_for() {
        for (typed, term) in [
            ("", None),
            ("  ", None),
            ("spam wave", Some("spam wave")),
            ("#spam", Some("spam")),
            ("# 1", Some("# 1")),
            ("#", Some("#")),
            ("#Spam:hs.test", Some("Spam")),
            ("https://matrix.to/#/#spam:hs.test", Some("spam")),
            ("!abc:hs.test", Some("!abc:hs.test")),
            ("!abc", Some("!abc")),
        ] {
            assert_eq!(search(typed).term(), term, "{typed:?}");
        }
        assert!(matches!(search("#a:b.test"), Search::Alias(_)));
        assert!(matches!(search("!a:b.test"), Search::Id(_)));
    }

    #[test]
    fn only_what_was_asked_for_passes_the_sieve() {
        let room = |name: &str, public| ListedRoom {
            room_id: owned_room_id!("!x:hs.test"),
            details: RoomDetails {
                name: Some(name.to_owned()),
                canonical_alias: Some("#lounge:spam.test".into()),
                public: Some(public),
                ..RoomDetails::default()
            },
        };
        let wanted = |text: &str, public, empty| Wanted {
            search: search(text),
            query: RoomQuery { public, empty, ..RoomQuery::default() },
        };
        for (wanted, room, want) in [
            (wanted("spam", None, None), room("SPAM 1", false), true),
            // The server's name of an alias is not searched.
            (wanted("spam", None, None), room("Ham", false), false),
            (wanted("oung", None, None), room("Ham", false), true),
            (wanted("spam", Some(true), None), room("spam", false), false),
            (wanted("spam", Some(false), Some(true)), room("spam", false), true),
            (wanted("spam", None, Some(false)), room("spam", true), false),
            (wanted("s_am", None, None), room("spam", true), false),
            (wanted("!x:hs.test", None, None), room("", true), true),
            (wanted("", Some(true), None), room("", true), true),
        ] {
            assert_eq!(wanted.has(&room), want, "{wanted:?} {room:?}");
        }
        assert!(!wanted("", Some(true), Some(true)).must_be_sifted());
        assert!(!wanted("spam", None, None).must_be_sifted());
        assert!(wanted("spam", None, Some(true)).must_be_sifted());
        assert!(wanted("100%", None, None).must_be_sifted());
    }
}

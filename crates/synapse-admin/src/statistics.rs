//! What takes room: `GET /_synapse/admin/v1/statistics/users/media` and `GET …/statistics/database/rooms`.

use std::fmt;
use std::num::NonZeroU32;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};

use crate::lenient::{self, Query};
use crate::paging::next_offset;
use crate::{Client, Direction, Error};

impl Client {
    /// One page of the users who uploaded files, with how many and how much: `GET …/statistics/users/media`.
    ///
    /// 400 `M_INVALID_PARAM` if [`MediaUseQuery::until_ts`] is not after [`MediaUseQuery::from_ts`]
    pub async fn media_use(&self, query: &MediaUseQuery) -> Result<MediaUsePage, Error> {
        self.get("/_synapse/admin/v1/statistics/users/media", &[]).query(query.query()).answer().await
    }

    /// The rooms that take most space in the database, the largest first, in an estimate of the database's own:
    /// `GET …/statistics/database/rooms` (Synapse 1.83).
    ///
    /// 400 `M_UNKNOWN` "Endpoint requires using PostgreSQL" on SQLite
    pub async fn largest_rooms(&self) -> Result<Vec<RoomSize>, Error> {
        #[derive(Deserialize)]
        struct Rooms {
            rooms: Vec<RoomSize>,
        }
        let rooms = self.get("/_synapse/admin/v1/statistics/database/rooms", &[]);
        rooms.answer::<Rooms>().await.map(|rooms| rooms.rooms)
    }
}

/// Whose files, and from when. The default is the first 100 users by ID, and files of all times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaUseQuery {
    /// Where to go on: [`MediaUsePage::next_token`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// What to sort by.
    pub order_by: MediaUseOrder,
    /// Backwards turns the order around: the largest first.
    pub dir: Direction,
    /// Only files that came then or later.
    pub from_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// Only files that came then or before.
    pub until_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// Only users whose localpart or display name contains this; an empty text is none.
    pub search_term: Option<String>,
}

impl MediaUseQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("order_by", Some(self.order_by))
            .with("dir", Some(self.dir))
            .with("from_ts", self.from_ts.map(|ts| ts.get()))
            .with("until_ts", self.until_ts.map(|ts| ts.get()))
            .with("search_term", self.search_term.as_ref().filter(|term| !term.is_empty()))
    }
}

/// What a list of users with their files is sorted by: alphabetically, from few to many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the fields of MediaUse")]
pub enum MediaUseOrder {
    #[default]
    UserId,
    Displayname,
    MediaCount,
    MediaLength,
}

impl fmt::Display for MediaUseOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserId => "user_id",
            Self::Displayname => "displayname",
            Self::MediaCount => "media_count",
            Self::MediaLength => "media_length",
        })
    }
}

/// A page of users with their files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaUsePage {
    /// The users of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub users: Vec<MediaUse>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`MediaUseQuery::from`] of the next page; `None` on the last.
    #[serde(deserialize_with = "lenient::number")]
    pub next_token: Option<u64>,
}

impl MediaUsePage {
    /// The question for the page after this one, which was the answer to `query`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, query: &MediaUseQuery) -> Option<MediaUseQuery> {
        let from = next_offset(query.from, query.limit, self.next_token)?;
        Some(MediaUseQuery { from: Some(from), ..query.clone() })
    }
}

/// What one user uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaUse {
    /// The user.
    pub user_id: String,
    /// The display name.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub displayname: Option<String>,
    /// How many files.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub media_count: u64,
    /// How many bytes together.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub media_length: u64,
}

/// How much space a room takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSize {
    /// The room.
    pub room_id: String,
    /// About how many bytes.
    pub estimated_size: u64,
}

//! Other servers, as this one sends to them: `/_synapse/admin/v1/federation/destinations`.

use std::fmt;
use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, ServerName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::found;
use crate::lenient::{self, Query};
use crate::paging::next_offset;
use crate::{Client, Direction, Error};

impl Client {
    /// One page of the servers that this one knows: `GET …/federation/destinations`.
    pub async fn destinations(&self, list: &ListDestinations) -> Result<Destinations, Error> {
        self.get("/_synapse/admin/v1/federation/destinations", &[]).query(list.query()).answer().await
    }

    /// How sending to a server goes; `None` if this one never had to do with it: `GET …/destinations/{destination}`.
    pub async fn destination(&self, destination: &ServerName) -> Result<Option<Destination>, Error> {
        let path = "/_synapse/admin/v1/federation/destinations/{destination}";
        found(self.get(path, &[destination.as_str()]).answer().await)
    }

    /// One page of the rooms shared with a server: `GET …/destinations/{destination}/rooms`.
    ///
    /// 404 `M_NOT_FOUND` "Unknown destination"
    pub async fn destination_rooms(
        &self,
        destination: &ServerName,
        query: &DestinationRoomsQuery,
    ) -> Result<DestinationRooms, Error> {
        let path = "/_synapse/admin/v1/federation/destinations/{destination}/rooms";
        self.get(path, &[destination.as_str()]).query(query.query()).answer().await
    }

    /// Tries again now to reach a server that could not be: `POST …/destinations/{destination}/reset_connection`. It does
    /// not tell whether it can.
    ///
    /// - 404 `M_NOT_FOUND` "Unknown destination"
    /// - 400 `M_UNKNOWN` "The retry timing does not need to be reset for this destination."
    pub async fn reset_connection(&self, destination: &ServerName) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/federation/destinations/{destination}/reset_connection";
        self.post(path, &[destination.as_str()], json!({})).answer::<Value>().await.map(drop)
    }
}

/// Which servers. The default is the first 100 by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListDestinations {
    /// Where to go on: [`Destinations::next_token`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Only those whose name contains this.
    pub destination: Option<String>,
    /// What to sort by.
    pub order_by: DestinationOrder,
    /// Backwards turns the order around.
    pub dir: Direction,
}

impl ListDestinations {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("destination", self.destination.as_ref())
            .with("order_by", Some(self.order_by))
            .with("dir", Some(self.dir))
    }
}

/// What a list of servers is sorted by: alphabetically, from small to large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the fields of Destination")]
pub enum DestinationOrder {
    #[default]
    Destination,
    RetryLastTs,
    RetryInterval,
    FailureTs,
    LastSuccessfulStreamOrdering,
}

impl fmt::Display for DestinationOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Destination => "destination",
            Self::RetryLastTs => "retry_last_ts",
            Self::RetryInterval => "retry_interval",
            Self::FailureTs => "failure_ts",
            Self::LastSuccessfulStreamOrdering => "last_successful_stream_ordering",
        })
    }
}

/// A page of servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Destinations {
    /// The servers of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub destinations: Vec<Destination>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`ListDestinations::from`] of the next page; `None` on the last.
    #[serde(deserialize_with = "lenient::number")]
    pub next_token: Option<u64>,
}

impl Destinations {
    /// The question for the page after this one, which was the answer to `list`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, list: &ListDestinations) -> Option<ListDestinations> {
        let from = next_offset(list.from, list.limit, self.next_token)?;
        Some(ListDestinations { from: Some(from), ..list.clone() })
    }
}

/// How sending to a server goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Destination {
    /// The server's name.
    pub destination: String,
    /// When it was last tried; 0 if it was reached then, or never tried.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub retry_last_ts: u64,
    /// How long until the next try, in milliseconds from then; 0 if nothing is wrong.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub retry_interval: u64,
    /// Since when it cannot be reached; `None` if it can.
    #[serde(default)]
    pub failure_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// The place in this server's stream of events up to which it has all; `None` if nothing was ever sent.
    #[serde(default)]
    pub last_successful_stream_ordering: Option<i64>,
}

/// Which of the rooms shared with a server. The default is the first 100 by ID.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationRoomsQuery {
    /// Where to go on: [`DestinationRooms::next_token`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Backwards turns the order around.
    pub dir: Direction,
}

impl DestinationRoomsQuery {
    fn query(&self) -> Query {
        Query::default().with("from", self.from).with("limit", self.limit).with("dir", Some(self.dir))
    }
}

/// A page of the rooms shared with a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DestinationRooms {
    /// The rooms of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub rooms: Vec<DestinationRoom>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`DestinationRoomsQuery::from`] of the next page; `None` on the last.
    #[serde(deserialize_with = "lenient::number")]
    pub next_token: Option<u64>,
}

impl DestinationRooms {
    /// The question for the page after this one, which was the answer to `query`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, query: &DestinationRoomsQuery) -> Option<DestinationRoomsQuery> {
        let from = next_offset(query.from, query.limit, self.next_token)?;
        Some(DestinationRoomsQuery { from: Some(from), ..query.clone() })
    }
}

/// A room shared with a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationRoom {
    /// The room.
    pub room_id: String,
    /// The place in this server's stream of events of the last one of the room that goes there.
    #[serde(default)]
    pub stream_ordering: Option<i64>,
}

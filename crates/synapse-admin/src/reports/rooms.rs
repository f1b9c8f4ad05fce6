//! Reports of rooms: `GET /_synapse/admin/v1/room_reports`, which no release of Synapse up to 1.163 has, although it takes
//! such reports and keeps them. Proposed in <https://github.com/element-hq/synapse/pull/19648>.

use std::num::NonZeroU32;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};

use super::offered;
use crate::lenient::{self, Query};
use crate::{Client, Error};

impl Client {
    /// One page of the reports of rooms, the newest first: `GET /_synapse/admin/v1/room_reports`. `None` if the server
    /// does not have this call, as all up to 1.163.
    ///
    /// No server has told what it answers: the types here follow what is proposed for Synapse, and take what they can.
    pub async fn room_reports(&self, query: &RoomReportsQuery) -> Result<Option<RoomReports>, Error> {
        offered(self.get("/_synapse/admin/v1/room_reports", &[]).query(query.query()).answer().await)
    }
}

/// Which reports. The default is the newest 100.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomReportsQuery {
    /// Where to go on: [`RoomReports::next_batch`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Only by this reporter. Compare [`RoomReport::user_id`]: it may be enough that the ID contains this.
    pub user_id: Option<String>,
    /// Only of this room. Compare [`RoomReport::room_id`], likewise.
    pub room_id: Option<String>,
}

impl RoomReportsQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("user_id", self.user_id.as_ref())
            .with("room_id", self.room_id.as_ref())
    }
}

/// A page of reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomReports {
    /// The reports of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub room_reports: Vec<RoomReport>,
    /// [`RoomReportsQuery::from`] of the next page, an offset or the number or time of a report; `None` on the last.
    #[serde(alias = "next_token")]
    pub next_batch: Option<u64>,
}

impl RoomReports {
    /// The question for the page after this one, which was the answer to `query`. `None` if this is the last, if it is
    /// empty, and if the server names this same page again.
    pub fn next(&self, query: &RoomReportsQuery) -> Option<RoomReportsQuery> {
        let next =
            self.next_batch.filter(|next| Some(*next) != query.from && !self.room_reports.is_empty())?;
        Some(RoomReportsQuery { from: Some(next), ..query.clone() })
    }
}

/// A report of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomReport {
    /// Its number, among reports of rooms. No name for ever: see [`EventReport::id`](crate::EventReport::id).
    pub id: u64,
    /// When the server received it.
    pub received_ts: MilliSecondsSinceUnixEpoch,
    /// The reported room.
    pub room_id: String,
    /// **Who reported** it.
    pub user_id: String,
    /// Why, in the reporter's words, of any length.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub reason: Option<String>,
    /// The room's main alias.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub canonical_alias: Option<String>,
    /// The room's name.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub name: Option<String>,
}

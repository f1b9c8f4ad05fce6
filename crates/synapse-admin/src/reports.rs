//! Reports of events by users: `GET /_synapse/admin/v1/event_reports`.
//! <https://element-hq.github.io/synapse/latest/admin_api/event_reports.html>

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{self, Query};
use crate::{Client, Direction, Error};

impl Client {
    /// One page of the reports of events. Those of a room that was purged are no longer among them.
    pub async fn event_reports(&self, query: &EventReportsQuery) -> Result<EventReports, Error> {
        self.get("/_synapse/admin/v1/event_reports", &[]).query(query.query()).answer().await
    }
}

/// Which reports. The default is the first 100 of all, the oldest first; Synapse's own is the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventReportsQuery {
    /// Where to go on: [`EventReports::next_token`] of the page before. It shifts when reports come or go.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Forwards is from old to new, by when they were received.
    pub dir: Direction,
    /// Only by reporters whose user ID contains this.
    pub user_id: Option<String>,
    /// Only in rooms whose ID contains this: compare [`EventReport::room_id`] where one room is meant.
    pub room_id: Option<String>,
    /// Only of events of this author.
    pub event_sender_user_id: Option<OwnedUserId>,
}

impl EventReportsQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("dir", Some(self.dir))
            .with("user_id", self.user_id.as_ref())
            .with("room_id", self.room_id.as_ref())
            .with("event_sender_user_id", self.event_sender_user_id.as_ref())
    }
}

/// A page of reports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct EventReports {
    /// The reports of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub event_reports: Vec<EventReport>,
    /// How many there are on all pages. It shrinks when a room is purged.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`EventReportsQuery::from`] of the next page; `None` on the last.
    pub next_token: Option<u64>,
}

/// A report of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventReport {
    /// Its number. Synapse gives a number again when the newest report was deleted before a restart.
    pub id: u64,
    /// When the server received it.
    pub received_ts: MilliSecondsSinceUnixEpoch,
    /// The room of the event.
    pub room_id: String,
    /// The reported event.
    pub event_id: String,
    /// **Who reported** it.
    pub user_id: String,
    /// Who sent the reported event; `None` when the server no longer has it.
    #[serde(default)]
    pub sender: Option<String>,
    /// Why, in the reporter's words, of any length.
    #[serde(default)]
    pub reason: Option<String>,
    /// From -100 (most offensive) to 0, in the words of an old version of the specification.
    #[serde(default)]
    pub score: Option<i64>,
    /// The room's main alias.
    #[serde(default)]
    pub canonical_alias: Option<String>,
    /// The room's name.
    #[serde(default)]
    pub name: Option<String>,
}

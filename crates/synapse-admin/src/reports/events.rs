//! Reports of events: `GET /_synapse/admin/v1/event_reports`, and `GET`, `DELETE …/event_reports/{report_id}`.
//! <https://element-hq.github.io/synapse/latest/admin_api/event_reports.html>

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, OwnedUserId};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{found, next_offset};
use crate::lenient::{self, Query};
use crate::{Client, Direction, Error};

const REPORT: &str = "/_synapse/admin/v1/event_reports/{report_id}";

impl Client {
    /// One page of the reports of events: `GET /_synapse/admin/v1/event_reports`.
    ///
    /// **What is missing here was not always deleted.** Synapse leaves out the reports of a room
    /// - that was purged, for good, although they are still in its database and [`Client::delete_event_report`] can
    ///   delete them. [`EventReports::total`] shrinks with them;
    /// - that it has no statistics of: for a moment after the room was made, and where the server's configuration has
    ///   `stats: { enabled: false }` for ever, if the room was made since.
    ///
    /// The order is that of [`EventReport::received_ts`]; Synapse leaves open which of two of the same millisecond comes
    /// first. Offsets shift when reports are filed or deleted and when a room is purged, so a stored
    /// [`EventReports::next_token`] skips or repeats: begin at 0, the newest first, and go on until all is known.
    ///
    /// Synapse limits neither how many reports one user files nor (short of its limit for uploads) how long a reason
    /// is. A page that takes too long or too much memory gets small with a small `limit`.
    ///
    /// 500 `M_UNKNOWN` for a `from` beyond 2⁶³.
    pub async fn event_reports(&self, query: &EventReportsQuery) -> Result<EventReports, Error> {
        self.get("/_synapse/admin/v1/event_reports", &[]).query(query.query()).answer().await
    }

    /// A report with the reported event: `GET /_synapse/admin/v1/event_reports/{report_id}`.
    ///
    /// `None` if there is no such report, but **also if the event is no longer there**: its room was purged, or its
    /// history, and then the report goes on being listed.
    pub async fn event_report(&self, report_id: u64) -> Result<Option<EventReportDetails>, Error> {
        found(self.get(REPORT, &[&report_id.to_string()]).answer().await)
    }

    /// Deletes a report, and nothing else: `DELETE /_synapse/admin/v1/event_reports/{report_id}`. **Cannot be undone.**
    /// It also deletes reports that are not listed, since their room was purged.
    ///
    /// The number of the newest report is given again to another one after the next restart of Synapse; see
    /// [`EventReport::id`]. So look whether it still is the report meant.
    ///
    /// 404 `M_NOT_FOUND` "Event report not found".
    pub async fn delete_event_report(&self, report_id: u64) -> Result<(), Error> {
        self.delete(REPORT, &[&report_id.to_string()], json!({})).answer::<Value>().await.map(drop)
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
    /// Only by reporters whose user ID contains this, where `_` stands for any character and `%` for any text: compare
    /// [`EventReport::user_id`] where one user is meant.
    pub user_id: Option<String>,
    /// Only in rooms whose ID contains this, likewise: compare [`EventReport::room_id`] where one room is meant.
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
    /// [`EventReportsQuery::from`] of the next page; `None` on the last. [`EventReports::next`] knows its traps.
    pub next_token: Option<u64>,
}

impl EventReports {
    /// The question for the page after this one, which was the answer to `query`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, query: &EventReportsQuery) -> Option<EventReportsQuery> {
        let from = next_offset(query.from, query.limit, self.next_token)?;
        Some(EventReportsQuery { from: Some(from), ..query.clone() })
    }
}

/// A report of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventReport {
    /// Its number. **No name for ever**: when the newest report was deleted before a restart, Synapse gives its number to
    /// the next one. Together with [`received_ts`](Self::received_ts) it is one.
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
    #[serde(default, deserialize_with = "lenient::readable")]
    pub sender: Option<String>,
    /// Why, in the reporter's words, of any length; also empty.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub reason: Option<String>,
    /// From -100 (most offensive) to 0, in the words of an old version of the specification; but any number may come,
    /// and one that is no whole number or too large is `None`.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub score: Option<i64>,
    /// The room's main alias.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub canonical_alias: Option<String>,
    /// The room's name.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub name: Option<String>,
}

/// A report of an event, with that event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventReportDetails {
    /// What the list says of it too.
    #[serde(flatten)]
    pub report: EventReport,
    /// The reported event as it goes between servers. Like [`Client::fetch_event`] it has, for some days, the content
    /// that a redaction took away: evidence, and not to be shown in public.
    ///
    /// `None` if it cannot be read, since somebody nested it more than a hundred deep or put a number of hundreds of
    /// digits into it.
    pub event_json: Option<Value>,
}

impl<'de> Deserialize<'de> for EventReportDetails {
    /// By hand, since within `#[serde(flatten)]` one unreadable value makes everything unreadable.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Event {
            #[serde(default, deserialize_with = "lenient::readable")]
            event_json: Option<Value>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let report = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        let Event { event_json } = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self { report, event_json })
    }
}

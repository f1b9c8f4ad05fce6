//! Reports of users: `GET /_synapse/admin/v1/user_reports`, and `GET`, `DELETE …/user_reports/{report_id}`. Since Synapse
//! 1.152, and not in its documentation.

use std::num::NonZeroU32;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{found, next_offset, offered};
use crate::lenient::{self, Query};
use crate::{Client, Direction, Error};

const REPORT: &str = "/_synapse/admin/v1/user_reports/{report_id}";

impl Client {
    /// One page of the reports of users: `GET /_synapse/admin/v1/user_reports`. `None` if the server does not have this
    /// call, as those before 1.152, where reports of users can only be read from the database.
    ///
    /// Only reports of this server's own accounts are there: Synapse answers 200 to whoever reports a user of another
    /// server, or one that does not exist, and drops it.
    ///
    /// The order is that of [`UserReport::received_ts`]. Offsets shift as in [`Client::event_reports`].
    ///
    /// 500 `M_UNKNOWN` for a `from` beyond 2⁶³.
    pub async fn user_reports(&self, query: &UserReportsQuery) -> Result<Option<UserReports>, Error> {
        offered(self.get("/_synapse/admin/v1/user_reports", &[]).query(query.query()).answer().await)
    }

    /// One report of a user: `GET /_synapse/admin/v1/user_reports/{report_id}`; `None` if there is none. It says no more
    /// than the list does. [`Error::is_not_offered`] before Synapse 1.152.
    pub async fn user_report(&self, report_id: u64) -> Result<Option<UserReport>, Error> {
        found(self.get(REPORT, &[&report_id.to_string()]).answer().await)
    }

    /// Deletes a report, and nothing else: `DELETE /_synapse/admin/v1/user_reports/{report_id}`. **Cannot be undone.**
    /// Numbers are given again as in [`Client::delete_event_report`].
    ///
    /// 404 `M_NOT_FOUND` "User report not found". [`Error::is_not_offered`] before Synapse 1.152.
    pub async fn delete_user_report(&self, report_id: u64) -> Result<(), Error> {
        self.delete(REPORT, &[&report_id.to_string()], json!({})).answer::<Value>().await.map(drop)
    }
}

/// Which reports. The default is the first 100 of all, the oldest first; Synapse's own is the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserReportsQuery {
    /// Where to go on: [`UserReports::next_token`] of the page before. It shifts when reports come or go.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Forwards is from old to new, by when they were received.
    pub dir: Direction,
    /// Only by reporters whose user ID contains this, where `_` stands for any character and `%` for any text: compare
    /// [`UserReport::user_id`] where one user is meant.
    pub user_id: Option<String>,
    /// Only of users whose ID contains this, likewise: compare [`UserReport::target_user_id`] where one user is meant.
    pub target_user_id: Option<String>,
}

impl UserReportsQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("dir", Some(self.dir))
            .with("user_id", self.user_id.as_ref())
            .with("target_user_id", self.target_user_id.as_ref())
    }
}

/// A page of reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct UserReports {
    /// The reports of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub user_reports: Vec<UserReport>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`UserReportsQuery::from`] of the next page; `None` on the last.
    pub next_token: Option<u64>,
}

impl UserReports {
    /// The question for the page after this one, which was the answer to `query`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, query: &UserReportsQuery) -> Option<UserReportsQuery> {
        let from = next_offset(query.from, query.limit, self.next_token)?;
        Some(UserReportsQuery { from: Some(from), ..query.clone() })
    }
}

/// A report of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserReport {
    /// Its number, among reports of users. No name for ever: see [`EventReport::id`](crate::EventReport::id).
    pub id: u64,
    /// When the server received it.
    pub received_ts: MilliSecondsSinceUnixEpoch,
    /// **Who is reported**: an account of this server.
    pub target_user_id: String,
    /// **Who reported** them.
    pub user_id: String,
    /// Why, in the reporter's words: up to 1,000 characters; also empty.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub reason: Option<String>,
}

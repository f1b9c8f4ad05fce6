//! Redacting all that somebody wrote: `POST /_synapse/admin/v1/user/{user_id}/redact` and
//! `GET /_synapse/admin/v1/user/redact_status/{redact_id}`. It runs in the background.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, OwnedRoomId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::found;
use crate::{Client, Error, TaskStatus, lenient};

impl Client {
    /// Starts redacting a user's messages, of this server or another. **Cannot be undone.** Gives the `redact_id` to
    /// follow it by.
    ///
    /// Only `m.room.message`, `m.room.encrypted` and joins (with their display names) are redacted: **stickers,
    /// reactions, polls, names and topics stay.** What is redacted already may get a second redaction.
    ///
    /// Redactions come from the user themselves if they are of this server, unless [`RedactUser::use_admin`]; of another
    /// server's user, always from the caller, who must then be in each room with the power to redact.
    ///
    /// It is no test of existence: for an unknown user it completes, having done nothing.
    ///
    /// - 400 `M_UNKNOWN` "Redact already in progress for user …"
    /// - [`Error::is_not_offered`] before Synapse 1.116
    pub async fn redact_user(&self, user_id: &UserId, redact: &RedactUser) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Started {
            redact_id: String,
        }
        let path = "/_synapse/admin/v1/user/{user_id}/redact";
        let started = self.post(path, &[user_id.as_str()], json!(redact));
        started.answer::<Started>().await.map(|started| started.redact_id)
    }

    /// How redacting a user is going; `None` if the server does not know it, or no more: it is kept for 7 days.
    pub async fn redact_status(&self, redact_id: &str) -> Result<Option<RedactStatus>, Error> {
        let path = "/_synapse/admin/v1/user/redact_status/{redact_id}";
        found(self.get(path, &[redact_id]).answer().await)
    }
}

/// What of a user's messages to redact. The default is the newest 1000 of every room that they are in or banned from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RedactUser {
    /// In these rooms. Empty is all that the user is in or banned from, **without those they were kicked from or left**:
    /// name them. One that the server does not know makes all of it fail,
    /// at the point where its turn comes.
    pub rooms: Vec<OwnedRoomId>,
    /// Why; everybody in the rooms can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many events of each room at most, the newest first; 1000 if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<NonZeroU32>,
    /// Redact as the caller, who must be in each room with the power for it. Events where they are not are in
    /// [`RedactStatus::failed_redactions`].
    pub use_admin: bool,
    /// Only what was sent then or before. Servers before 1.157 ignore it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// Only what was sent then or after. Servers before 1.157 ignore it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_ts: Option<MilliSecondsSinceUnixEpoch>,
}

/// How redacting a user is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactStatus {
    /// `Scheduled`, `Active`, `Complete` (also when every single redaction failed) or `Failed`.
    pub status: TaskStatus,
    /// The events that could not be redacted, with the server's reason. Only said when complete.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub failed_redactions: BTreeMap<String, String>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

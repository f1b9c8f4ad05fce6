//! Purging of a room's old history: `POST /_synapse/admin/v1/purge_history/{room_id}` and
//! `GET /_synapse/admin/v1/purge_history_status/{purge_id}`. It runs in the background.
//!
//! <https://element-hq.github.io/synapse/latest/admin_api/purge_history_api.html>

use ruma::{MilliSecondsSinceUnixEpoch, OwnedEventId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, Error, TaskStatus};

impl Client {
    /// Starts removing the events before a point of a room's history. **Cannot be undone**, though other servers in the
    /// room keep theirs. Gives the `purge_id` to follow it by.
    ///
    /// What goes is what comes before the point in the event graph. The event at the point stays, and so do the newest
    /// event and the room's state: name, members and power are as before.
    ///
    /// **Several may be started at once**: they run one after the other, and none is refused, so look at
    /// [`Client::scheduled_tasks`] (action `purge_history`, the room as `resource_id`) before asking again. It names
    /// neither the point nor `delete_local_events`.
    ///
    /// - 404 `M_NOT_FOUND` "there is no event to be purged": no event of the room is as old as the time given, or the
    ///   room is not known
    /// - 404 `M_NOT_FOUND` "Could not find event …"; 400 `M_UNKNOWN` "Event is for wrong room."
    pub async fn purge_history(&self, room_id: &RoomId, purge: &PurgeHistory) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Started {
            purge_id: String,
        }
        let path = "/_synapse/admin/v1/purge_history/{room_id}";
        let started = self.post(path, &[room_id.as_str()], purge.body());
        started.answer::<Started>().await.map(|started| started.purge_id)
    }

    /// How a purge is going; `None` if the server does not know it, or no more. It is kept for 7 days and goes on after
    /// a restart; old servers forget it then.
    pub async fn purge_history_status(&self, purge_id: &str) -> Result<Option<PurgeHistoryStatus>, Error> {
        // As parts of a URL these mean another path, and no purge has such an ID.
        if matches!(purge_id, "" | "." | "..") {
            return Ok(None);
        }
        let status = self.get("/_synapse/admin/v1/purge_history_status/{purge_id}", &[purge_id]);
        match status.answer().await {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What of a room's history to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeHistory {
    /// The point before which events go.
    pub up_to: PurgeUpTo,
    /// Delete this server's own messages as well. Without it they too disappear from the room for everybody, but stay in
    /// the database, where [`Client::fetch_event`] finds them ([`Client::event_context`] is a 500 then).
    pub delete_local_events: bool,
}

/// The point before which events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurgeUpTo {
    /// This event of the room. It stays.
    Event(OwnedEventId),
    /// The last event that this server received before this time. It stays; with a time to come, that is the newest.
    Timestamp(MilliSecondsSinceUnixEpoch),
}

impl PurgeHistory {
    fn body(&self) -> Value {
        let delete_local_events = self.delete_local_events;
        match &self.up_to {
            PurgeUpTo::Event(event_id) => {
                json!({ "purge_up_to_event_id": event_id, "delete_local_events": delete_local_events })
            }
            PurgeUpTo::Timestamp(ts) => {
                json!({ "purge_up_to_ts": ts, "delete_local_events": delete_local_events })
            }
        }
    }
}

/// How a purge is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeHistoryStatus {
    /// `Active` (from the start on), `Complete` or `Failed`.
    pub status: TaskStatus,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

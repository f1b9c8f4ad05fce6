//! The open ends of a room's event graph: `GET`, `DELETE /_synapse/admin/v1/rooms/{room}/forward_extremities`.
//!
//! A room has one or a few. Many make it slow: every new event has to bring them together.

use ruma::{MilliSecondsSinceUnixEpoch, RoomOrAliasId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Client, Error, lenient};

const PATH: &str = "/_synapse/admin/v1/rooms/{room}/forward_extremities";

impl Client {
    /// The open ends of a room. A room that the server does not know has none; that is no error.
    ///
    /// 404 `M_NOT_FOUND` for an alias that leads nowhere, 502 if its server does not answer.
    pub async fn forward_extremities(&self, room: &RoomOrAliasId) -> Result<ForwardExtremities, Error> {
        self.get(PATH, &[room.as_str()]).answer().await
    }

    /// Deletes all open ends but one and says how many; 0 of a room that has only one. **Cannot be undone**, may split
    /// the room's history or state, and is nothing to do by a timer: see
    /// <https://github.com/matrix-org/synapse/issues/1760>.
    ///
    /// A room that the server does not know is a **500** `M_UNKNOWN`: ask for its details first. Aliases fail as in
    /// [`Client::forward_extremities`].
    pub async fn delete_forward_extremities(&self, room: &RoomOrAliasId) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Deleted {
            deleted: u64,
        }
        let deleted = self.delete(PATH, &[room.as_str()], json!({}));
        deleted.answer::<Deleted>().await.map(|answer| answer.deleted)
    }
}

/// The open ends of a room's event graph. More than a few make the room slow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardExtremities {
    /// How many there are.
    #[serde(deserialize_with = "lenient::or_default")]
    pub count: u64,
    /// Each of them.
    #[serde(deserialize_with = "lenient::or_default")]
    pub results: Vec<ForwardExtremity>,
}

/// An event that no other event follows yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardExtremity {
    /// The event's ID.
    pub event_id: String,
    /// Synapse's number for the state at this event.
    pub state_group: Option<u64>,
    /// How far down the graph it is.
    pub depth: Option<u64>,
    /// When this server received it.
    pub received_ts: Option<MilliSecondsSinceUnixEpoch>,
}

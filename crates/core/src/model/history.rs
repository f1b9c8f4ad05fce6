//! Events, and the history that they make.

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dir, Millis};

/// An event as the admin API gives it: a JSON object of any shape. Its accessors never fail; a field of the wrong
/// type counts as missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Event(pub Value);

impl Event {
    fn str(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// `type`, or an empty string.
    pub fn kind(&self) -> &str {
        self.str("type").unwrap_or_default()
    }

    /// `sender`, or an empty string.
    pub fn sender(&self) -> &str {
        self.str("sender").unwrap_or_default()
    }

    /// `event_id`, when it is one.
    pub fn event_id(&self) -> Option<&EventId> {
        self.str("event_id").and_then(|id| id.try_into().ok())
    }

    /// `room_id`, when it is one.
    pub fn room_id(&self) -> Option<OwnedRoomId> {
        self.str("room_id").and_then(|id| id.try_into().ok())
    }

    /// `state_key`; `None` for an event that is not state.
    pub fn state_key(&self) -> Option<&str> {
        self.str("state_key")
    }

    /// `origin_server_ts`; 0 when missing.
    pub fn time(&self) -> Millis {
        self.0.get("origin_server_ts").and_then(Value::as_i64).unwrap_or_default()
    }

    /// `content`; null when missing.
    pub fn content(&self) -> &Value {
        self.0.get("content").unwrap_or(&Value::Null)
    }

    /// A string of `content`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.content().get(key)?.as_str()
    }

    /// `unsigned.prev_content`, or the copy at the top level in the old event format.
    pub fn prev_content(&self) -> Option<&Value> {
        let unsigned = self.0.get("unsigned").and_then(|unsigned| unsigned.get("prev_content"));
        unsigned.or_else(|| self.0.get("prev_content"))
    }

    /// `unsigned.redacted_because`: the event that redacted this one.
    pub fn redacted_because(&self) -> Option<Event> {
        let unsigned = self.0.get("unsigned").and_then(|unsigned| unsigned.get("redacted_because"));
        unsigned.or_else(|| self.0.get("redacted_because")).map(|event| Event(event.clone()))
    }
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/context/<event_id>`, in the order of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Events before the asked one, oldest first.
    pub before: Vec<Event>,
    /// The asked one.
    pub event: Event,
    /// Events after the asked one, oldest first.
    pub after: Vec<Event>,
    /// Member events of those who appear, and other room state.
    pub state: Vec<Event>,
    /// The pagination token before the first event: `from` of [`HistoryQuery`], to read on backwards.
    pub start: Option<String>,
    /// The pagination token after the last event, to read on forwards.
    pub end: Option<String>,
}

/// Which part of a room's history to read: `GET /_synapse/admin/v1/rooms/<room_id>/messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// A pagination token; from the end that `dir` comes from when `None`.
    pub from: Option<String>,
    /// The pagination token to stop at.
    pub to: Option<String>,
    /// From old to new, or from new to old.
    pub dir: Dir,
    /// How many at most, from 1 to 1000.
    pub limit: u32,
    /// Only of these senders; of everybody when empty.
    pub senders: Vec<OwnedUserId>,
    /// Only of these types; of all when empty.
    pub types: Vec<String>,
    /// Of none of these types.
    pub not_types: Vec<String>,
}

/// A page of a room's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// The events, in the direction that was asked for.
    pub events: Vec<Event>,
    /// The token of where this page begins: reading the other way from here gives what lies before it.
    pub start: Option<String>,
    /// The token of the next page. The page with the last event may still have it; the empty one after it has not.
    pub end: Option<String>,
    /// Member events of the senders.
    pub state: Vec<Event>,
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/timestamp_to_event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAt {
    /// The event nearest to the time that was asked for.
    pub event_id: OwnedEventId,
    /// Its own time.
    pub origin_server_ts: Option<Millis>,
}

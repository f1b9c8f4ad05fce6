//! How far the redaction of what a user wrote is.

use std::collections::BTreeMap;

use ruma::{OwnedEventId, OwnedRoomId};
use serde::{Deserialize, Serialize};

use crate::model::{Millis, Windows, Writing};

/// How far it is, so that it goes on after a restart, and counts the same whenever it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedactionRun {
    /// Whether the server's task keeps to windows in time; `None` before that was asked.
    pub windows: Option<Windows>,
    /// While rooms are counted: the last one, in the order of their IDs.
    pub through: Option<OwnedRoomId>,
    /// Whether all rooms are counted.
    pub is_counted: bool,
    /// Whether the server cannot be asked for a task: everything is redacted one by one.
    pub is_alone: bool,
    /// Rooms with nothing in them that the server's task would redact again: they are asked for together.
    pub clean: Vec<OwnedRoomId>,
    /// Rooms with something to redact that are still to be looked after, each by itself.
    pub todo: Vec<RoomLeft>,
    /// How far the first of them is.
    pub current: RoomAtWork,
    /// In how many rooms there was something to redact.
    pub rooms: u64,
    /// How many events are redacted, in rooms that were looked after.
    pub redacted: u64,
    /// What is not.
    pub rest: NotRedacted,
}

/// A room with something to redact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLeft {
    /// The room.
    pub room: OwnedRoomId,
    /// How many events of the user were not redacted when they were counted; 0 if they could not be.
    pub events: u64,
    /// Whether it could not be read when that was tried last.
    #[serde(default)]
    pub is_unread: bool,
}

/// A room that is looked after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomAtWork {
    /// The end of the last window that the server was asked for.
    pub asked: Option<Millis>,
    /// What is redacted one by one, once that has begun: the next few hundred.
    pub singles: Option<Vec<Single>>,
    /// The last one of those, if there are more.
    pub through: Option<OwnedEventId>,
    /// Whether the bot has no power there after all.
    pub is_closed: bool,
    /// How many were not redacted.
    pub lost: u64,
}

/// An event that is redacted by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Single {
    /// The event.
    pub event_id: OwnedEventId,
    /// What it is.
    pub kind: Writing,
    /// Whether it was tried, and it was not clear what became of it.
    #[serde(default)]
    pub is_asked: bool,
}

/// What was not redacted, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotRedacted {
    /// What could not be redacted, with the server's words for each; the first hundred.
    pub failed: BTreeMap<String, String>,
    /// How many could not be.
    pub failures: u64,
    /// How many of those were left because the bot has no power there.
    pub powerless: BTreeMap<Writing, u64>,
    /// Where: the first few rooms.
    pub closed: Vec<OwnedRoomId>,
    /// Rooms that could not be read, and why; the first hundred.
    pub unread: BTreeMap<OwnedRoomId, String>,
    /// How many rooms could not be.
    pub unread_rooms: u64,
    /// How many state events of theirs there are, such as names and topics of rooms: they are left alone.
    pub staying: u64,
}

impl NotRedacted {
    /// Whether something is left that was to be redacted, or may be.
    pub fn is_any(&self) -> bool {
        self.failures > 0 || self.unread_rooms > 0
    }
}

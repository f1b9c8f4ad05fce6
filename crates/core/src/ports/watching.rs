//! What is remembered of watched rooms: what changed there, until a message in the management room has told it.

use ruma::{OwnedEventId, OwnedRoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Millis;

/// A change in a watched room, kept until it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedEvent {
    /// Its ID; the same event is kept once.
    pub event_id: OwnedEventId,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The state event, with what was before in `unsigned.prev_content`.
    pub json: Value,
    /// When it arrived here.
    pub received_at: Millis,
    /// Whether it was seen as it happened.
    pub seen: Seen,
}

/// Whether something was seen as it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// It was.
    Live,
    /// Afterwards: the bot was away, or so much happened that it had to read back.
    Later,
}

/// A part of a watched room's history that is still to be read: backwards, from a pagination token to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Where it ends, the newest first.
    pub from: String,
    /// Where it begins: what was before is known.
    pub to: String,
    /// Whether what is in it was seen as it happened.
    pub seen: Seen,
}

/// The number of a message that tells what happened in watched rooms.
pub type DigestId = u64;

/// A message that tells what happened in watched rooms, and can still grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Its number.
    pub id: DigestId,
    /// The room that it is about; `None` for several.
    pub room_id: Option<OwnedRoomId>,
    /// Whether what it tells was seen as it happened.
    pub seen: Seen,
    /// Since when it grows.
    pub opened_at: Millis,
    /// What it tells, in the order in which it came.
    pub events: Vec<WatchedEvent>,
}

/// How many events of watched rooms are told at once at most: a flood is not read whole into memory.
pub const UNTOLD_AT_ONCE: usize = 5_000;

/// How many events of watched rooms are known again at least, so that none is told twice.
pub const WATCHED_KEPT: u64 = 20_000;

/// One change of what is remembered of watched rooms.
#[derive(Clone, Debug, PartialEq)]
pub enum Watching {
    /// Something changed in a watched room. Ignored when it is already known.
    Seen(WatchedEvent),
    /// Events of a watched room that nobody wants to be told.
    Unwanted(Vec<OwnedEventId>),
    /// A part of a watched room's history is to be read.
    Gap(Gap),
    /// It was read.
    Filled(Gap),
    /// A room that the bot is not in was read up to this pagination token.
    Position {
        /// The room.
        room_id: OwnedRoomId,
        /// The token.
        token: String,
    },
    /// A digest tells these events; its own `events` are what is added to it.
    Digest(Digest),
    /// A digest does not grow any more; what it told is in its message, and need not stay here.
    Closed(DigestId),
}

//! Abuse reports, as the homeserver keeps them: who reported what, when and why.

use serde::{Deserialize, Serialize};

use super::Millis;

/// What kind of thing was reported; each has a table and numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// `POST /_matrix/client/v3/rooms/<room_id>/report/<event_id>`
    Event,
    /// `POST /_matrix/client/v3/users/<user_id>/report`
    User,
    /// `POST /_matrix/client/v3/rooms/<room_id>/report`
    Room,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Event, Self::User, Self::Room];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::User => "user",
            Self::Room => "room",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What a report is known by. Its number alone is not enough: Synapse gives the number of a deleted report again after a
/// restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReportKey {
    /// Which table.
    pub kind: ReportKind,
    /// The number in it.
    pub id: u64,
    /// When the server received it.
    pub received_ts: Millis,
}

/// What was reported. IDs are as the server gives them, and may be none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// An event of a room.
    Event {
        /// The room.
        room_id: String,
        /// The event.
        event_id: String,
    },
    /// A user.
    User {
        /// The user.
        user_id: String,
    },
    /// A room.
    Room {
        /// The room.
        room_id: String,
    },
}

impl About {
    /// Its kind.
    pub fn kind(&self) -> ReportKind {
        match self {
            Self::Event { .. } => ReportKind::Event,
            Self::User { .. } => ReportKind::User,
            Self::Room { .. } => ReportKind::Room,
        }
    }

    /// The ID of what was reported.
    pub fn id(&self) -> &str {
        match self {
            Self::Event { event_id: id, .. } | Self::User { user_id: id } | Self::Room { room_id: id } => id,
        }
    }

    /// The ID of the room that was reported, or in which something was.
    pub fn room_id(&self) -> Option<&str> {
        match self {
            Self::Event { room_id, .. } | Self::Room { room_id } => Some(room_id),
            Self::User { .. } => None,
        }
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it is known by.
    pub key: ReportKey,
    /// Who reported.
    pub reporter: String,
    /// Why, in the reporter's words: of any length as the homeserver tells it, cut to 2,000 characters in a case.
    pub reason: Option<String>,
    /// What was reported.
    pub about: About,
    /// Who sent the reported event, as far as the server knows.
    pub author: Option<String>,
}

/// A page of reports, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportPage {
    /// The reports.
    pub reports: Vec<Report>,
    /// How many there are in all.
    pub total: u64,
    /// `from` of the next page; `None` on the last. It shifts when reports come or go.
    pub next: Option<u64>,
}

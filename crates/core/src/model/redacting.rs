//! Redacting what a user wrote: what is asked of the server, and what there is to redact.

use ruma::OwnedRoomId;
use serde::{Deserialize, Serialize};

use super::Millis;

/// The body of `POST /_synapse/admin/v1/user/<user_id>/redact`. Its `limit` is not used: the server counts memberships too,
/// and takes its events by the hundred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedactionTask {
    /// In these rooms; none means those that the user is in or banned from. One that the server does not know ends all of
    /// it when its turn comes.
    pub rooms: Vec<OwnedRoomId>,
    /// Why, for everybody in the rooms to read.
    pub reason: Option<String>,
    /// Only what was sent then or later. Ignored before Synapse 1.157.
    pub after: Option<Millis>,
    /// Only what was sent then or earlier. Ignored before Synapse 1.157.
    pub before: Option<Millis>,
}

/// What can be redacted of what somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing {
    /// A message, encrypted or not.
    Message,
    /// A sticker.
    Sticker,
    /// A reaction.
    Reaction,
    /// A poll, a vote in one, or the end of one.
    Poll,
    /// An event of another type that is no state.
    Other,
}

impl Writing {
    /// What it is called, in the singular; the plural is regular.
    pub fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Sticker => "sticker",
            Self::Reaction => "reaction",
            Self::Poll => "poll event",
            Self::Other => "other event",
        }
    }
}

/// Which part of what somebody wrote in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only what was sent then or later.
    pub since: Option<Millis>,
    /// Only so many of the newest.
    pub limit: Option<u32>,
}

/// Whether the server's task keeps to a window in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// It does.
    Kept,
    /// It redacts everything: Synapse before 1.157.
    Ignored,
}

impl Windows {
    /// By the version of Synapse. One that cannot be read is held for an old one.
    pub fn of(version: &str) -> Self {
        let mut parts = version.split(['.', '-', ' ', '+']).map_while(|part| part.parse::<u32>().ok());
        match (parts.next(), parts.next()) {
            (Some(2..), _) | (Some(1), Some(157..)) => Self::Kept,
            _ => Self::Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_kept_since_1_157() {
        for (version, windows) in [
            ("1.163.2", Windows::Kept),
            ("1.157.0", Windows::Kept),
            ("1.157.0rc1", Windows::Kept),
            ("1.163.2 (b=main,c0ffee)", Windows::Kept),
            ("2.0", Windows::Kept),
            ("1.156.9", Windows::Ignored),
            ("1.99", Windows::Ignored),
            ("", Windows::Ignored),
            ("unknown", Windows::Ignored),
        ] {
            assert_eq!(Windows::of(version), windows, "{version}");
        }
    }
}

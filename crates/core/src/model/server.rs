//! The server itself: registration tokens, other servers, background updates, what takes space, and lists of files.

use std::fmt;

use ruma::OwnedUserId;

use super::{MediaDetails, Millis, Mxc};

/// A word that lets people make an account: `GET /_synapse/admin/v1/registration_tokens`. Whoever knows it can
/// register, so no `Debug` output has it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RegistrationToken {
    /// The word.
    pub token: String,
    /// How often it can be used; `None` is without end.
    pub uses_allowed: Option<u64>,
    /// How many are registering with it now.
    pub pending: u64,
    /// How many have registered with it.
    pub completed: u64,
    /// Until when it can be used; `None` is for ever.
    pub expires_at: Option<Millis>,
}

impl fmt::Debug for RegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationToken")
            .field("uses_allowed", &self.uses_allowed)
            .field("pending", &self.pending)
            .field("completed", &self.completed)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Which other servers to list, from A to Z: `GET /_synapse/admin/v1/federation/destinations`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationQuery {
    /// Where to begin: so many are passed over.
    pub from: u64,
    /// How many at most, from 1.
    pub limit: u32,
    /// Only those whose name contains this.
    pub search: Option<String>,
}

/// A page of other servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationPage {
    /// The servers.
    pub destinations: Vec<Destination>,
    /// How many there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// How sending to another server goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Since when it cannot be reached; `None` if it can.
    pub failing_since: Option<Millis>,
    /// When it was last tried; `None` if it was reached then, or never tried.
    pub last_try_at: Option<Millis>,
    /// How long from then to the next try, in milliseconds; 0 if nothing is wrong.
    pub retry_interval: u64,
    /// Whether anything was ever sent to it.
    pub was_reached: bool,
}

/// A page of IDs of rooms that are shared with another server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedRooms {
    /// Their IDs.
    pub rooms: Vec<String>,
    /// How many there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// What Synapse changes in its database while it runs: `GET /_synapse/admin/v1/background_updates/status`.
#[derive(Clone, Debug, PartialEq)]
pub struct BackgroundUpdates {
    /// Whether such changes go on at all.
    pub enabled: bool,
    /// What is under way: the name, and how many rows or so were done since Synapse started.
    pub current: Vec<(String, u64)>,
}

/// How much space a room takes in the database: `GET /_synapse/admin/v1/statistics/database/rooms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSize {
    /// The room's ID.
    pub room_id: String,
    /// About how many bytes.
    pub bytes: u64,
}

/// Whose files to list: `GET /_synapse/admin/v1/statistics/users/media`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaUseQuery {
    /// Where to begin: so many users are passed over.
    pub from: u64,
    /// How many at most, from 1.
    pub limit: u32,
    /// What to sort by, the most first.
    pub by: MediaUseOrder,
    /// Only files that came then or later.
    pub since: Option<Millis>,
    /// Only users whose name before the server, or display name, contains this.
    pub search: Option<String>,
}

/// What users are sorted by in a list of what they uploaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaUseOrder {
    /// How many bytes.
    #[default]
    Bytes,
    /// How many files.
    Files,
}

/// A page of users with what they uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaUsePage {
    /// The users.
    pub users: Vec<MediaUse>,
    /// How many there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// What one user uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaUse {
    /// The user ID.
    pub user_id: String,
    /// The display name.
    pub display_name: Option<String>,
    /// How many files.
    pub files: u64,
    /// How many bytes together.
    pub bytes: u64,
}

/// A page of a user's files, the newest first: `GET /_synapse/admin/v1/users/<user_id>/media`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaPage {
    /// The files.
    pub media: Vec<ListedMedia>,
    /// How many there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// A file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMedia {
    /// The file.
    pub mxc: Mxc,
    /// What is known of it; `None` when the server does not have it.
    pub details: Option<MediaDetails>,
}

/// What an account is found by, apart from its ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// An e-mail address or telephone number.
    ThirdParty {
        /// `email` or `msisdn`.
        medium: String,
        /// The address in lower case, or the number in digits.
        address: String,
    },
    /// An account at an identity provider.
    External {
        /// The provider's ID in Synapse's configuration, such as `oidc-company`.
        provider: String,
        /// The account there.
        id: String,
    },
}

/// Whose account an identity belongs to; `None` when to nobody's.
pub type Owner = Option<OwnedUserId>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_has_a_registration_token() {
        let token = RegistrationToken { token: "open sesame".into(), ..RegistrationToken::default() };
        assert!(!format!("{token:?}").contains("sesame"));
    }
}

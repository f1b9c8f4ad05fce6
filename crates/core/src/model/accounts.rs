//! Accounts in a list, what they are logged in with, and how fast they may send.

use serde::{Deserialize, Serialize};

use super::{Dir, Millis};

/// Which accounts to list: the parameters of `GET /_synapse/admin/v2/users`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountQuery {
    /// Where to begin: so many accounts are passed over.
    pub from: u64,
    /// How many at most, from 1.
    pub limit: u32,
    /// What is looked for.
    pub search: AccountSearch,
    /// Whether guests are among them. With delegated authentication the server refuses that.
    pub guests: Among,
    /// Whether locked ones are among them.
    pub locked: Among,
    /// Whether deactivated ones are among them.
    pub deactivated: Among,
    /// Only server admins, or only others.
    pub admins: Option<bool>,
    /// What to sort by.
    pub order_by: AccountOrder,
    /// `dir`: from A to Z, from old to new, from no to yes; or the other way round.
    pub dir: Dir,
}

/// What is looked for among accounts. `_` stands for any character, `%` for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccountSearch {
    /// Nothing in particular.
    #[default]
    All,
    /// `name`: what the name before the server or the display name contains.
    Name(String),
    /// `user_id`: what the user ID contains.
    Id(String),
}

/// Whether accounts of a kind are in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// They are left out.
    #[default]
    No,
    /// They are among the others.
    Yes,
}

impl From<bool> for Among {
    fn from(are: bool) -> Self {
        if are { Self::Yes } else { Self::No }
    }
}

/// What a list of accounts is sorted by, in Synapse's words.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[value(rename_all = "snake_case")]
pub enum AccountOrder {
    /// The user ID.
    #[default]
    Name,
    /// The display name.
    Displayname,
    /// When it was made.
    CreationTs,
    /// When it was last seen.
    LastSeenTs,
    /// Whether it is a server admin.
    Admin,
    /// Whether it is a guest.
    IsGuest,
    /// Whether it is locked.
    Locked,
    /// Whether it is deactivated.
    Deactivated,
    /// Whether it is shadow-banned.
    ShadowBanned,
    /// `bot`, `support` or a word of the server's own.
    UserType,
}

/// A page of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountPage {
    /// The accounts.
    pub accounts: Vec<ListedAccount>,
    /// How many there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// An account of a list, which does not say whether it is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the server's answer")]
pub struct ListedAccount {
    /// The user ID.
    pub id: String,
    /// The display name.
    pub display_name: Option<String>,
    /// `bot`, `support` or a word of the server's own.
    pub user_type: Option<String>,
    /// Whether it is a guest.
    pub guest: bool,
    /// Whether it is a server admin.
    pub admin: bool,
    /// Whether it is deactivated.
    pub deactivated: bool,
    /// Whether it was deactivated with the wish to be forgotten.
    pub erased: bool,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it is shadow-banned.
    pub shadow_banned: bool,
    /// When it was made. (The wire has milliseconds here, and seconds where one account is asked for.)
    pub created_at: Option<Millis>,
    /// When it was last seen.
    pub last_seen_at: Option<Millis>,
}

/// A login that lasts: `GET /_synapse/admin/v2/users/<user_id>/devices`, without the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Its ID.
    pub id: String,
    /// Its name, in the user's words.
    pub display_name: Option<String>,
    /// The program that it was last seen with, in that program's words.
    pub user_agent: Option<String>,
    /// When it was last seen.
    pub last_seen_at: Option<Millis>,
}

/// Where an account was used from: `GET /_synapse/admin/v1/whois/<user_id>`. No `Debug` output has the address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Connected {
    /// The address: personal data.
    pub address: Option<String>,
    /// The program, in its own words.
    pub user_agent: Option<String>,
    /// When it was last used.
    pub last_seen_at: Option<Millis>,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected")
            .field("user_agent", &self.user_agent)
            .field("last_seen_at", &self.last_seen_at)
            .finish_non_exhaustive()
    }
}

/// How fast an account may send: `GET /_synapse/admin/v1/users/<user_id>/override_ratelimit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many actions a second; 0 is no limit.
    pub messages_per_second: u64,
    /// How many at once before that counts.
    pub burst_count: u64,
}

/// Whether a user reported, or was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportRole {
    /// They reported somebody or something.
    Reporter,
    /// They, or what they sent, were reported.
    Reported,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_has_an_address() {
        let connected = Connected { address: Some("192.0.2.7".into()), ..Connected::default() };
        assert!(!format!("{connected:?}").contains("192"));
    }
}

//! Accounts, memberships and files, and what can be done to them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use ruma::{MxcUri, OwnedServerName};
use serde::{Deserialize, Serialize};

use super::{Millis, TaskStatus};

/// A local account: `GET /_synapse/admin/v2/users/<user_id>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the server's answer")]
pub struct Account {
    /// Its display name.
    pub display_name: Option<String>,
    /// Whether it is a server admin.
    pub admin: bool,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it is shadow-banned.
    pub shadow_banned: bool,
    /// Whether it is deactivated.
    pub deactivated: bool,
    /// The appservice that it belongs to.
    pub appservice: Option<String>,
    /// When it was made. (The wire has seconds here, and milliseconds in lists.)
    pub created_at: Option<Millis>,
    /// When it was last seen.
    pub last_seen_at: Option<Millis>,
    /// The `mxc:` URI of its picture.
    pub avatar: Option<String>,
    /// Whether it is a guest.
    pub guest: bool,
    /// `bot`, `support` or a word of the server's own.
    pub user_type: Option<String>,
    /// Whether it was deactivated with the wish to be forgotten.
    pub erased: bool,
    /// E-mail addresses and telephone numbers: `email` or `msisdn`, and the address.
    pub threepids: Vec<(String, String)>,
    /// Accounts elsewhere that log in to it: the identity provider, and the account there.
    pub external_ids: Vec<(String, String)>,
}

impl Account {
    /// Whether it is sanctioned so.
    pub fn is(&self, sanction: Sanction) -> bool {
        match sanction {
            Sanction::Suspension => self.suspended,
            Sanction::Lock => self.locked,
            Sanction::ShadowBan => self.shadow_banned,
        }
    }
}

/// What can be taken away from a local account and given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sanction {
    /// It can read and leave rooms, and nothing else. `PUT /_synapse/admin/v1/suspend/<user_id>`
    Suspension,
    /// It cannot do anything. `PUT /_synapse/admin/v2/users/<user_id>`
    Lock,
    /// What it sends goes nowhere, without its knowing. `POST /_synapse/admin/v1/users/<user_id>/shadow_ban`
    ShadowBan,
}

impl Sanction {
    /// “suspend”
    pub fn verb(self) -> &'static str {
        self.command()
    }

    /// “unsuspend”
    pub fn reverse_verb(self) -> &'static str {
        self.reverse_command()
    }

    /// “suspended”
    pub fn participle(self) -> &'static str {
        match self {
            Self::Suspension => "suspended",
            Self::Lock => "locked",
            Self::ShadowBan => "shadow-banned",
        }
    }

    /// The name of the command that imposes it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Suspension => "suspend",
            Self::Lock => "lock",
            Self::ShadowBan => "shadow-ban",
        }
    }

    /// The name of the command that lifts it.
    pub fn reverse_command(self) -> &'static str {
        match self {
            Self::Suspension => "unsuspend",
            Self::Lock => "unlock",
            Self::ShadowBan => "unshadow-ban",
        }
    }
}

/// Whether something is to be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What can be done to somebody's membership in a room with the bot's own power there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// `POST /_matrix/client/v3/rooms/<room_id>/kick`
    Kick,
    /// `POST /_matrix/client/v3/rooms/<room_id>/ban`
    Ban,
    /// `POST /_matrix/client/v3/rooms/<room_id>/unban`
    Unban,
    /// `POST /_matrix/client/v3/rooms/<room_id>/invite`
    Invite,
}

impl MemberChange {
    /// “kick”
    pub fn verb(self) -> &'static str {
        self.command()
    }

    /// The name of the command for it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::Invite => "invite",
        }
    }

    /// Whether a membership (`None` for none) is what it is to become.
    pub fn is_done(self, membership: Option<&str>) -> bool {
        match self {
            Self::Kick => !matches!(membership, Some("join" | "invite" | "knock")),
            Self::Ban => membership == Some("ban"),
            Self::Unban => membership != Some("ban"),
            Self::Invite => matches!(membership, Some("invite" | "join")),
        }
    }
}

/// A file: `mxc://<server>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mxc {
    /// The server that it was uploaded to.
    pub server: OwnedServerName,
    /// Its ID there.
    pub id: String,
}

impl fmt::Display for Mxc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mxc://{}/{}", self.server, self.id)
    }
}

impl FromStr for Mxc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match <&MxcUri>::from(text).parts() {
            Ok((_, id)) if id.is_empty() || !id.chars().all(|c| c.is_ascii_graphic() && c != '/') => {
                Err("that is no mxc:// URI of a file: the ID in it is none".to_owned())
            }
            Ok((server, id)) => Ok(Self { server: server.to_owned(), id: id.to_owned() }),
            Err(error) => Err(format!("that is no mxc:// URI of a file: {error}")),
        }
    }
}

impl TryFrom<String> for Mxc {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Mxc> for String {
    fn from(mxc: Mxc) -> Self {
        mxc.to_string()
    }
}

/// A file that this server has: `GET /_synapse/admin/v1/media/<server>/<id>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaDetails {
    /// Its type, such as `image/png`, as the uploader says.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub length: Option<u64>,
    /// Its name, as the uploader says.
    pub upload_name: Option<String>,
    /// Who uploaded it, a user of this server; not known of a copy from another.
    pub uploader: Option<String>,
    /// Who put it into quarantine.
    pub quarantined_by: Option<String>,
    /// Whether it is protected from quarantine.
    pub is_protected: bool,
    /// When it came.
    pub created_at: Option<Millis>,
    /// When somebody last asked for it.
    pub last_access_at: Option<Millis>,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: Option<String>,
}

/// A redaction of what a user wrote: `GET /_synapse/admin/v1/user/redact_status/<redact_id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionStatus {
    /// How far it is.
    pub status: TaskStatus,
    /// Events that could not be redacted, with the server's words for each.
    pub failed: BTreeMap<String, String>,
    /// Why all of it failed.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_a_server_and_an_id() {
        let mxc: Mxc = "mxc://hs.test/abc".parse().expect("a file");
        assert_eq!(mxc.to_string(), "mxc://hs.test/abc");
        for bad in [
            "",
            "mxc://",
            "mxc://hs.test",
            "mxc://hs.test/",
            "https://hs.test/abc",
            "mxc://hs.test/a/b",
            "mxc://hs.test/a b",
        ] {
            assert!(bad.parse::<Mxc>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_done_is_not_done_again() {
        for (change, membership, is_done) in [
            (MemberChange::Kick, Some("join"), false),
            (MemberChange::Kick, Some("invite"), false),
            (MemberChange::Kick, Some("leave"), true),
            (MemberChange::Kick, None, true),
            (MemberChange::Ban, Some("leave"), false),
            (MemberChange::Ban, Some("ban"), true),
            (MemberChange::Unban, Some("ban"), false),
            (MemberChange::Unban, Some("leave"), true),
            (MemberChange::Invite, Some("leave"), false),
            (MemberChange::Invite, Some("join"), true),
        ] {
            assert_eq!(change.is_done(membership), is_done, "{change:?} {membership:?}");
        }
    }
}

//! Accounts: `GET /_synapse/admin/v2/users/{user_id}`, `…/v1/users/{user_id}/override_ratelimit`, and what can be done
//! to an account or found out about it.

mod change;
mod devices;
mod find;
mod list;
mod redact;
mod rooms;

pub use change::{Erase, LogoutDevices, Switch};
pub use devices::{Connection, Device};
pub use list::{Deactivated, ListUsers, ListedUser, UserList, UserOrder};
pub use redact::{RedactStatus, RedactUser};

use ruma::{MilliSecondsSinceUnixEpoch, OwnedUserId, SecondsSinceUnixEpoch, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::found;
use crate::{Client, Error, lenient};

const RATE_LIMIT: &str = "/_synapse/admin/v1/users/{user_id}/override_ratelimit";

impl Client {
    /// An account of this server; `None` if there is none. 400 for a user of another server.
    pub async fn user(&self, user_id: &UserId) -> Result<Option<User>, Error> {
        let user = self.get("/_synapse/admin/v2/users/{user_id}", &[user_id.as_str()]);
        found(user.answer().await)
    }

    /// The rate limit set for a user; `None` if the server's own applies.
    pub async fn rate_limit(&self, user_id: &UserId) -> Result<Option<RateLimit>, Error> {
        #[derive(Deserialize)]
        struct Wire {
            messages_per_second: Option<u64>,
            burst_count: Option<u64>,
        }
        let wire: Wire = self.get(RATE_LIMIT, &[user_id.as_str()]).answer().await?;
        Ok(match (wire.messages_per_second, wire.burst_count) {
            (None, None) => None,
            (messages_per_second, burst_count) => Some(RateLimit {
                messages_per_second: messages_per_second.unwrap_or(0),
                burst_count: burst_count.unwrap_or(0),
            }),
        })
    }

    /// Sets a user's rate limit for sending; gives what the server says it now is. Both numbers are always
    /// sent: for Synapse a missing one is 0, and 0 is no limit.
    pub async fn set_rate_limit(&self, user_id: &UserId, limit: RateLimit) -> Result<RateLimit, Error> {
        self.post(RATE_LIMIT, &[user_id.as_str()], json!(limit)).answer().await
    }

    /// Puts a user back under the server's own rate limit.
    pub async fn remove_rate_limit(&self, user_id: &UserId) -> Result<(), Error> {
        self.delete(RATE_LIMIT, &[user_id.as_str()], json!({})).answer::<Value>().await.map(drop)
    }
}

/// An account of this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    clippy::struct_excessive_bools,
    reason = "the names and types are those of the wire"
)]
pub struct User {
    /// The user ID.
    pub name: OwnedUserId,
    /// The display name.
    #[serde(default)]
    pub displayname: Option<String>,
    /// The `mxc:` URI of the picture.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// Whether it is a server admin. With MAS the token's scope decides instead.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub admin: bool,
    /// Whether it was deactivated.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deactivated: bool,
    /// Whether it was deactivated with the wish to be forgotten.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub erased: bool,
    /// Whether it cannot do anything until unlocked. Without effect with MAS.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub locked: bool,
    /// Whether it can read but not send; `None` if the server is too old to say.
    #[serde(default, deserialize_with = "lenient::maybe_flag")]
    pub suspended: Option<bool>,
    /// Whether what it sends goes nowhere, without its knowing.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub shadow_banned: bool,
    /// Whether it is a guest.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_guest: bool,
    /// `bot`, `support` or a word of the server's own.
    #[serde(default)]
    pub user_type: Option<String>,
    /// The appservice it belongs to.
    #[serde(default)]
    pub appservice_id: Option<String>,
    /// When it was made. In **seconds** here, in milliseconds in Synapse's lists of users.
    #[serde(default)]
    pub creation_ts: Option<SecondsSinceUnixEpoch>,
    /// When it was last seen, in milliseconds.
    #[serde(default)]
    pub last_seen_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// The version of the terms it agreed to.
    #[serde(default)]
    pub consent_version: Option<String>,
    /// When it agreed to them.
    #[serde(default)]
    pub consent_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// The version of the terms it was last told about.
    #[serde(default)]
    pub consent_server_notice_sent: Option<String>,
    /// E-mail addresses and telephone numbers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub threepids: Vec<ThreePid>,
    /// Accounts elsewhere that log in to this one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub external_ids: Vec<ExternalId>,
}

/// An e-mail address or telephone number of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThreePid {
    /// `email` or `msisdn`.
    pub medium: String,
    /// The address or number.
    pub address: String,
    /// When it was added.
    pub added_at: Option<MilliSecondsSinceUnixEpoch>,
    /// When its owner proved it theirs.
    pub validated_at: Option<MilliSecondsSinceUnixEpoch>,
}

/// An account elsewhere that logs in to this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalId {
    /// The identity provider's ID in Synapse's configuration.
    pub auth_provider: String,
    /// The account there.
    pub external_id: String,
}

/// How fast a user may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many actions a second. **0 is no limit.**
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub messages_per_second: u64,
    /// How many at once before that counts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub burst_count: u64,
}

impl RateLimit {
    /// As fast as they like.
    pub const UNLIMITED: Self = Self { messages_per_second: 0, burst_count: 0 };
}

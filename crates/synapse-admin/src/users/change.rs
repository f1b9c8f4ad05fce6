//! What a moderator does to an account: `PUT /_synapse/admin/v1/suspend/{user_id}`.

use std::fmt;

use ruma::UserId;
use serde_json::{Value, json};

use crate::{Client, Error};

impl Client {
    /// Suspends an account, or lifts that: `PUT /_synapse/admin/v1/suspend/{user_id}`. What is so already stays so.
    ///
    /// A suspended user can read, log in, leave rooms, redact their own messages and report others; everything else is
    /// 403 `M_USER_SUSPENDED` for them. Sessions stay. A suspended server admin can go on using the admin API. It works
    /// with MAS too.
    ///
    /// - 404 `M_NOT_FOUND` "User not found"; a deactivated account can be suspended
    /// - 400 `M_UNKNOWN` "Can only suspend local users"
    /// - [`Error::is_not_offered`] on servers too old for it; see [`User::suspended`](crate::User::suspended)
    pub async fn set_suspended(&self, user_id: &UserId, suspended: Switch) -> Result<(), Error> {
        let body = json!({ "suspend": suspended.is_on() });
        // The answer's only key has the user's ID in its name.
        let path = "/_synapse/admin/v1/suspend/{user_id}";
        self.put(path, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }
}

/// What to do about something that an account is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Make it so.
    On,
    /// Undo it.
    Off,
}

impl Switch {
    /// Whether it is [`Switch::On`].
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl fmt::Display for Switch {
    /// `on` or `off`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

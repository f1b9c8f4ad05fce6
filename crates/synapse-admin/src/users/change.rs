//! What a moderator does to an account: suspend, lock, shadow-ban, deactivate and bring it back.
//!
//! `PUT /_synapse/admin/v2/users/{user_id}` **creates an account** when the ID has a typo. So whatever goes through it here
//! looks first whether there is one.

use std::fmt;

use ruma::UserId;
use serde_json::{Value, json};

use crate::{Client, Error, User};

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

    /// Locks an account, or unlocks it: `PUT /_synapse/admin/v2/users/{user_id}`. Gives the account as it is now, `None` if
    /// there is none: that is looked up before, with a request of its own. What is so already stays so.
    ///
    /// A locked user can do nothing but log out (401 `M_USER_LOCKED`), and goes on where they were when unlocked. **With MAS
    /// it says so and does nothing.** A locked server admin cannot use the admin API either, so not even to unlock.
    ///
    /// - 400 `M_UNKNOWN` "Can only look up local users"
    /// - [`Error::BadAnswer`] with status 201 if the account went away in between and Synapse made a new one of that name
    pub async fn set_locked(&self, user_id: &UserId, locked: Switch) -> Result<Option<User>, Error> {
        self.modify(user_id, json!({ "locked": locked.is_on() })).await
    }

    /// Brings a deactivated account back: `PUT /_synapse/admin/v2/users/{user_id}`. Gives the account as it is now, `None`
    /// if there is none: that is looked up before, with a request of its own. One that is active keeps all it has, but for
    /// a `password` given.
    ///
    /// Its rooms, devices, keys and account data are gone for good. Without a `password` nobody can log in with one until
    /// it is set; servers of some years ago refuse that (400). With MAS a password is 403 "Password change disabled".
    ///
    /// Errors as of [`Client::set_locked`].
    pub async fn reactivate(&self, user_id: &UserId, password: Option<&str>) -> Result<Option<User>, Error> {
        let body = match password {
            Some(password) => json!({ "deactivated": false, "password": password }),
            None => json!({ "deactivated": false }),
        };
        self.modify(user_id, body).await
    }

    /// Changes an account that exists.
    async fn modify(&self, user_id: &UserId, body: Value) -> Result<Option<User>, Error> {
        if self.user(user_id).await?.is_none() {
            return Ok(None);
        }
        let put = self.put("/_synapse/admin/v2/users/{user_id}", &[user_id.as_str()], body);
        match put.answer_and_status::<User>().await? {
            (user, 200) => Ok(Some(user)),
            (user, status) => Err(Error::BadAnswer {
                status,
                what: format!("there was no account {} any more, and the server made a new one", user.name),
            }),
        }
    }

    /// Shadow-bans an account, or lifts that: `POST`, `DELETE /_synapse/admin/v1/users/{user_id}/shadow_ban`. What is so
    /// already stays so.
    ///
    /// What a shadow-banned user sends seems to them to be sent and reaches nobody. Their reports do arrive. Synapse calls
    /// it a last resort, since clients get confused by it.
    ///
    /// - 404 `M_UNKNOWN` "No row found (users)"
    /// - 400 `M_UNKNOWN` "Only local users can be shadow-banned"
    pub async fn set_shadow_banned(&self, user_id: &UserId, shadow_banned: Switch) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/users/{user_id}/shadow_ban";
        let request = match shadow_banned {
            Switch::On => self.post(path, &[user_id.as_str()], json!({})),
            Switch::Off => self.delete(path, &[user_id.as_str()], json!({})),
        };
        request.answer::<Value>().await.map(drop)
    }

    /// Deactivates an account: `POST /_synapse/admin/v1/deactivate/{user_id}`. **Cannot be undone**: devices, keys,
    /// password, addresses and account data are lost, though [`Client::reactivate`] gives the name back. Messages and files
    /// stay. Doing it again changes nothing.
    ///
    /// The user leaves their rooms in the background, some seconds later. **With MAS they can still log in there.**
    ///
    /// - 404 `M_NOT_FOUND` "User not found"
    /// - 400 `M_UNKNOWN` "Can only deactivate local users"
    pub async fn deactivate(&self, user_id: &UserId, erase: Erase) -> Result<(), Error> {
        let body = json!({ "erase": erase == Erase::Yes });
        let path = "/_synapse/admin/v1/deactivate/{user_id}";
        self.post(path, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }

    /// Sets a new password: `POST /_synapse/admin/v1/reset_password/{user_id}`.
    ///
    /// - 404 `M_NOT_FOUND` "Unknown user"
    /// - [`Error::is_not_offered`] with MAS
    pub async fn reset_password(
        &self,
        user_id: &UserId,
        new_password: &str,
        logout_devices: LogoutDevices,
    ) -> Result<(), Error> {
        let logout_devices = logout_devices == LogoutDevices::Yes;
        let body = json!({ "new_password": new_password, "logout_devices": logout_devices });
        let path = "/_synapse/admin/v1/reset_password/{user_id}";
        self.post(path, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }
}

/// Whether a user who is deactivated wants to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Erase {
    /// Display name and picture go, and who joins a room later does not get to see their messages. It deletes neither
    /// messages nor files.
    Yes,
    /// Only what every deactivation takes away.
    No,
}

/// Whether a new password ends the sessions begun with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogoutDevices {
    /// All are logged out.
    Yes,
    /// All stay logged in.
    No,
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

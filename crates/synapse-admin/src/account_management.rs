//! Suspending and locking as the Matrix specification has it (v1.18, MSC4323), for servers other than Synapse:
//! `GET`, `PUT /_matrix/client/v1/admin/suspend/{userId}` and `…/lock/{userId}`.
//!
//! Synapse 1.163 does not have them ([`Error::is_not_offered`]). What holds for all four:
//!
//! - 404 `M_NOT_FOUND`: there is no such account, or it is deactivated
//! - 403 `M_FORBIDDEN`: the caller is no admin, or the account is the caller's own or an admin's
//! - 400 `M_INVALID_PARAM`: a user of another server

use ruma::UserId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::found;
use crate::{Client, Error, Switch, lenient};

const SUSPEND: &str = "/_matrix/client/v1/admin/suspend/{user_id}";
const LOCK: &str = "/_matrix/client/v1/admin/lock/{user_id}";

impl Client {
    /// Whether an account is suspended; `None` without such an account.
    pub async fn suspended_by_spec(&self, user_id: &UserId) -> Result<Option<bool>, Error> {
        #[derive(Deserialize)]
        struct Suspension {
            #[serde(deserialize_with = "lenient::flag")]
            suspended: bool,
        }
        let suspension = found(self.get(SUSPEND, &[user_id.as_str()]).answer::<Suspension>().await)?;
        Ok(suspension.map(|found| found.suspended))
    }

    /// Whether an account is locked; `None` without such an account.
    pub async fn locked_by_spec(&self, user_id: &UserId) -> Result<Option<bool>, Error> {
        #[derive(Deserialize)]
        struct Lock {
            #[serde(deserialize_with = "lenient::flag")]
            locked: bool,
        }
        let lock = found(self.get(LOCK, &[user_id.as_str()]).answer::<Lock>().await)?;
        Ok(lock.map(|found| found.locked))
    }

    /// Suspends an account, or lifts that.
    pub async fn set_suspended_by_spec(&self, user_id: &UserId, suspended: Switch) -> Result<(), Error> {
        let body = json!({ "suspended": suspended.is_on() });
        self.put(SUSPEND, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }

    /// Locks an account, or unlocks it.
    pub async fn set_locked_by_spec(&self, user_id: &UserId, locked: Switch) -> Result<(), Error> {
        let body = json!({ "locked": locked.is_on() });
        self.put(LOCK, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }
}

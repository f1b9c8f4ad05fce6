//! Logging in and out, before there is a client with a token of its own: `POST /_matrix/client/v3/login` and `…/logout` of
//! Matrix's client-server API.

use std::fmt;

use ruma::{OwnedDeviceId, OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Client, Error};

impl Client {
    /// Logs an account in on a new device: `POST /_matrix/client/v3/login`. Sends no token.
    ///
    /// **Each login makes a device**, which stays until [`log_out`](Self::log_out).
    ///
    /// - 403 `M_FORBIDDEN`: no such account, or another password; 403 `M_USER_DEACTIVATED`
    /// - 401 `M_USER_LOCKED`, of newer servers
    /// - 429 `M_LIMIT_EXCEEDED`
    /// - [`Error::NotRouted`]: another service decides about logins (MAS), and a password is none of Synapse's business
    pub async fn log_in(
        &self,
        user_id: &UserId,
        password: &str,
        device_name: &str,
    ) -> Result<LoggedIn, Error> {
        let body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": user_id },
            "password": password,
            "initial_device_display_name": device_name,
        });
        self.post("/_matrix/client/v3/login", &[], body).without_token().answer().await
    }

    /// Ends the session of the token, and its device: `POST /_matrix/client/v3/logout`.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.post("/_matrix/client/v3/logout", &[], json!({})).answer::<Value>().await.map(drop)
    }
}

/// A new device. `Debug` does not show its token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct LoggedIn {
    /// The account.
    pub user_id: OwnedUserId,
    /// The device.
    pub device_id: OwnedDeviceId,
    /// Its access token.
    pub access_token: String,
}

impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn")
            .field("user_id", &self.user_id)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

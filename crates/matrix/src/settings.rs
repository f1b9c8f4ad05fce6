//! What a connection needs to be told.

use std::{fmt, path::PathBuf};

use crate::ruma::OwnedUserId;

/// Who the bot is, where it lives, and where it keeps what must outlive it. `Debug` shows no secret.
#[derive(Clone)]
pub struct Settings {
    /// The base URL of the homeserver's client API, such as `http://127.0.0.1:8008`. No discovery is done.
    pub homeserver: String,
    /// The account. What the homeserver says to the login must agree.
    pub user_id: OwnedUserId,
    /// How to prove it.
    pub login: Login,
    /// Holds `session.json`, the encryption store and, where one was made, `recovery-key`. Created with mode
    /// 0700 if missing. One process at a time.
    pub folder: PathBuf,
    /// How a new device shows in the account's list of devices.
    pub device_name: String,
    /// The recovery key or passphrase of the account's secret storage. Where the account has none yet,
    /// recovery is set up with this as its passphrase.
    pub recovery: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("homeserver", &self.homeserver)
            .field("user_id", &self.user_id)
            .field("login", &self.login)
            .field("folder", &self.folder)
            .field("device_name", &self.device_name)
            .field("recovery", &self.recovery.as_ref().map(|_| "(secret)"))
            .finish()
    }
}

/// The secret that a login takes. `Debug` does not show it.
#[derive(Clone)]
pub enum Login {
    /// The account's password: a lost session is replaced by a new login.
    Password(String),
    /// An access token whose device is the bot's alone: nothing can replace it when it is lost.
    Token(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(secret)",
            Self::Token(_) => "Token(secret)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ruma::owned_user_id;

    #[test]
    fn debug_shows_no_secret() {
        for login in [Login::Password("hunter2".to_owned()), Login::Token("hunter2".to_owned())] {
            let settings = Settings {
                homeserver: "http://127.0.0.1:8008".to_owned(),
                user_id: owned_user_id!("@bot:hs.test"),
                login,
                folder: PathBuf::from("data"),
                device_name: "bot".to_owned(),
                recovery: Some("hunter2".to_owned()),
            };
            let shown = format!("{settings:?}");
            assert!(shown.contains("@bot:hs.test") && !shown.contains("hunter2"), "{shown}");
        }
    }
}

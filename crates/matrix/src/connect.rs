//! From settings to a session: restore the one on disk, or log in. A session is restored only together with
//! its store. A device that has uploaded keys, in an empty store, would try to upload others for ever and
//! read nothing, so a lost store always means a new device.

use std::{error::Error as StdError, time::Duration};

use futures_util::future::BoxFuture;
use matrix_sdk::{
    Client, SessionMeta, SessionTokens, authentication::matrix::MatrixSession, config::RequestConfig,
    cross_process_lock::CrossProcessLockConfig,
};

use crate::{
    account::Account,
    encryption,
    error::{ConnectError, Failure},
    folder::{Folder, Found, Stored},
    ruma::DeviceId,
    session::Session,
    settings::{Login, Settings},
};

/// A session, and how it came to be.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The session.
    pub session: Session,
    /// How it came to be.
    pub how: How,
}

/// How a session came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The folder was empty.
    FirstLogin,
    /// The device is the one of last time.
    Restored,
    /// There was a session, but it or its store was lost: the device is new. It can read encrypted messages
    /// from now on, older ones only by the key backup.
    NewDevice {
        /// What was lost.
        reason: String,
    },
}

/// Restores the session in the folder, or logs in; then brings encryption in order.
///
/// With a password, whatever is lost is replaced by a new device. With a token, what is lost is an error.
/// Nothing is retried: [`ConnectError::Unreachable`], [`ConnectError::RateLimited`], [`ConnectError::Locked`] and
/// [`ConnectError::Unwritable`] are worth another try.
pub fn connect(settings: Settings) -> BoxFuture<'static, Result<Connected, ConnectError>> {
    Box::pin(async move {
        let folder = Folder::open(&settings.folder)?;
        let account = Account::new(&settings.homeserver)?;
        let (stored, how) = match &settings.login {
            Login::Password(password) => with_password(&settings, password, &folder, &account).await?,
            Login::Token(token) => with_token(&settings, token, &folder, &account).await?,
        };
        let client = open(&settings, &stored, &folder).await?;
        folder.remove_old_stores()?;
        let outcome = encryption::set_up(&client, &settings, &folder).await;
        Ok(Connected { session: Session::new(client, stored.user_id, outcome), how })
    })
}

async fn with_password(
    settings: &Settings,
    password: &str,
    folder: &Folder,
    account: &Account,
) -> Result<(Stored, How), ConnectError> {
    let old = match (folder.session()?, folder.has_store()) {
        (Found::Nothing, false) => {
            let new = log_in(settings, password, account, None).await?;
            folder.set_store_aside()?;
            folder.keep_session(&new)?;
            return Ok((new, How::FirstLogin));
        }
        (Found::Nothing, true) => Err((None, "session.json was gone".to_owned())),
        (Found::Damaged, _) => Err((None, "session.json was damaged".to_owned())),
        (Found::Session(old), _) if old.user_id != settings.user_id => {
            let reason = format!("the session on disk was that of {}", old.user_id);
            Err((Some(old.access_token), reason))
        }
        (Found::Session(old), has_store) => match account.whoami(&old.access_token).await {
            Ok(_) if has_store => Ok(old),
            // Between the login and the store's first use there was a crash: nothing is lost.
            Ok(_) if !has_keys(settings, account, &old).await? => Ok(old),
            Ok(_) => Err((Some(old.access_token), "the encryption store was gone".to_owned())),
            Err(Failure::TokenGone { soft_logout: true, .. }) if has_store => {
                let new = log_in(settings, password, account, Some(&old.device_id)).await?;
                folder.keep_session(&new)?;
                Ok(new)
            }
            Err(Failure::TokenGone { .. }) => {
                Err((None, format!("the homeserver has logged the device {} out", old.device_id)))
            }
            Err(failure) => return Err(settings.cannot_connect("session", failure)),
        },
    };
    let (old_token, reason) = match old {
        Ok(session) => return Ok((session, How::Restored)),
        Err(lost) => lost,
    };
    let new = log_in(settings, password, account, None).await?;
    folder.set_store_aside()?;
    folder.keep_session(&new)?;
    if let Some(token) = old_token
        && let Err(failure) = account.logout(&token).await
    {
        tracing::info!(?failure, "the lost device could not be logged out");
    }
    Ok((new, How::NewDevice { reason }))
}

async fn with_token(
    settings: &Settings,
    token: &str,
    folder: &Folder,
    account: &Account,
) -> Result<(Stored, How), ConnectError> {
    let owner =
        account.whoami(token).await.map_err(|failure| settings.cannot_connect("access token", failure))?;
    if owner.user_id != settings.user_id {
        return Err(ConnectError::WrongUser { configured: settings.user_id.clone(), actual: owner.user_id });
    }
    let device_id = owner.device_id.ok_or(ConnectError::TokenWithoutDevice)?;
    let new = Stored { user_id: owner.user_id, device_id, access_token: token.to_owned() };

    let how = match (folder.session()?, folder.has_store()) {
        (Found::Session(old), true) if (&old.user_id, &old.device_id) == (&new.user_id, &new.device_id) => {
            How::Restored
        }
        // Whose store it is, the SDK finds out.
        (Found::Nothing | Found::Damaged, true) => How::Restored,
        (found, _) => {
            if has_keys(settings, account, &new).await? {
                return Err(ConnectError::DeviceWithoutStore { device_id: new.device_id });
            }
            folder.set_store_aside()?;
            match found {
                Found::Session(old) => {
                    How::NewDevice { reason: format!("the token of {} took its place", old.device_id) }
                }
                Found::Nothing | Found::Damaged => How::FirstLogin,
            }
        }
    };
    folder.keep_session(&new)?;
    Ok((new, how))
}

async fn log_in(
    settings: &Settings,
    password: &str,
    account: &Account,
    device: Option<&DeviceId>,
) -> Result<Stored, ConnectError> {
    let new = account
        .login(&settings.user_id, password, device, &settings.device_name)
        .await
        .map_err(|failure| settings.cannot_connect("password", failure))?;
    if new.user_id != settings.user_id {
        return Err(ConnectError::WrongUser { configured: settings.user_id.clone(), actual: new.user_id });
    }
    Ok(new)
}

async fn has_keys(settings: &Settings, account: &Account, session: &Stored) -> Result<bool, ConnectError> {
    account
        .has_keys(&session.access_token, &session.user_id, &session.device_id)
        .await
        .map_err(|failure| settings.cannot_connect("session", failure))
}

/// The SDK's client, restored from its store.
async fn open(settings: &Settings, stored: &Stored, folder: &Folder) -> Result<Client, ConnectError> {
    let store = folder.store()?;
    let in_store = |error: &(dyn StdError + 'static)| {
        let what = store.display().to_string();
        ConnectError::in_folder(&what, error, ". If it is damaged, move it away and start again")
    };
    let client = Client::builder()
        .homeserver_url(&settings.homeserver)
        // What the login answers may name another address than the configured one.
        .respect_login_well_known(false)
        .request_config(RequestConfig::new().disable_retry().timeout(Duration::from_secs(30)))
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        .with_encryption_settings(encryption::settings())
        .sqlite_store(&store, None)
        .build()
        .await
        .map_err(|error| in_store(&error))?;
    let session = MatrixSession {
        meta: SessionMeta { user_id: stored.user_id.clone(), device_id: stored.device_id.clone() },
        tokens: SessionTokens { access_token: stored.access_token.clone(), refresh_token: None },
    };
    client.restore_session(session).await.map_err(|error| in_store(&error))?;
    Ok(client)
}

impl Settings {
    fn cannot_connect(&self, secret: &'static str, failure: Failure) -> ConnectError {
        let refused = |errcode: &str, message, advice| ConnectError::Refused {
            secret,
            user_id: self.user_id.clone(),
            errcode: errcode.to_owned(),
            message,
            advice,
        };
        match failure {
            Failure::RateLimited { retry_after } => ConnectError::RateLimited { retry_after },
            Failure::Away(why) => ConnectError::Unreachable(why),
            Failure::TokenGone { soft_logout, message } => {
                refused("M_UNKNOWN_TOKEN", message, about_token(secret, soft_logout))
            }
            Failure::Locked => ConnectError::Locked { user_id: self.user_id.clone() },
            Failure::Refused { status: 404, .. } => {
                ConnectError::Other(format!("there is no Matrix homeserver at {}", self.homeserver))
            }
            Failure::Refused { errcode, message, .. } => {
                let advice = match (secret, &*errcode) {
                    (_, "M_USER_DEACTIVATED") => "Have the account reactivated, or configure another one",
                    ("password", "M_FORBIDDEN") => "Configure the password that the account has now",
                    _ => "",
                };
                refused(&errcode, message, advice)
            }
            Failure::Other(why) => ConnectError::Other(why),
        }
    }
}

/// What to do when a token is not accepted. One that a soft logout ended has expired.
fn about_token(secret: &str, soft_logout: bool) -> &'static str {
    match (secret, soft_logout) {
        ("access token", true) => {
            "A token with a lifetime is not for a bot: configure the password, or a token that does not expire"
        }
        ("access token", false) => {
            "It was revoked, or its device was logged out: configure a new one, or the password"
        }
        _ => "",
    }
}

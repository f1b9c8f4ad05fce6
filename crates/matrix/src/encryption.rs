//! Cross-signing and recovery. The SDK makes the account's cross-signing identity and key backup at the first
//! start; this sets recovery up behind it, and uses it when the device is new. An identity is never reset
//! here: everyone who verified the account would have to do it again.

use std::{error::Error as StdError, path::PathBuf, time::Duration};

use matrix_sdk::{
    Client,
    encryption::{BackupDownloadStrategy, EncryptionSettings, recovery::RecoveryState},
    ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier},
};

use crate::{
    error::chain,
    folder::Folder,
    settings::{Login, Settings},
};

/// How encryption stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// This device is signed by the account's identity: others see it as verified once they have verified
    /// the account, and so share keys with it whatever their settings.
    pub cross_signed: bool,
    /// Whether a lost store can be made good.
    pub recovery: Recovery,
    /// Where the recovery key is kept, if it was made here rather than configured.
    pub recovery_key_file: Option<PathBuf>,
    /// What went wrong while setting this up, and what to do.
    pub problem: Option<String>,
}

/// Whether the account's secrets are kept on the homeserver, encrypted by the recovery key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// They are, and this device has them all.
    Enabled,
    /// They are, but this device has not got them: the recovery key is missing.
    Incomplete,
    /// They are not.
    Disabled,
    /// Not known: the homeserver could not be asked.
    Unknown,
}

/// What the set-up found out that the SDK does not remember.
pub(crate) struct Outcome {
    recovery_key_file: Option<PathBuf>,
    problem: Option<String>,
}

pub(crate) fn settings() -> EncryptionSettings {
    EncryptionSettings {
        auto_enable_cross_signing: true,
        auto_enable_backups: true,
        backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
    }
}

pub(crate) async fn status(client: &Client, outcome: &Outcome) -> Encryption {
    let cross_signed = is_cross_signed(client).await;
    let recovery = match client.encryption().recovery().state() {
        RecoveryState::Enabled => Recovery::Enabled,
        RecoveryState::Incomplete => Recovery::Incomplete,
        RecoveryState::Disabled => Recovery::Disabled,
        RecoveryState::Unknown => Recovery::Unknown,
    };
    // Another device of the account may have mended it since.
    let problem = outcome.problem.clone().filter(|_| !cross_signed || recovery != Recovery::Enabled);
    Encryption { cross_signed, recovery, recovery_key_file: outcome.recovery_key_file.clone(), problem }
}

/// Brings cross-signing and recovery in order, as far as this device can. What fails is logged and kept for
/// the status line: without it the bot still reads and writes encrypted messages.
pub(crate) async fn set_up(client: &Client, settings: &Settings, folder: &Folder) -> Outcome {
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    let problem = match try_set_up(client, settings, folder).await {
        Ok(()) => None,
        Err(problem) => {
            tracing::warn!("encryption: {problem}");
            Some(problem)
        }
    };
    let recovery_key_file = Some(folder.recovery_key_path()).filter(|path| path.exists());
    Outcome { recovery_key_file, problem }
}

async fn try_set_up(client: &Client, settings: &Settings, folder: &Folder) -> Result<(), String> {
    bootstrap(client, settings).await?;
    match (has_keys(client).await, client.encryption().recovery().state()) {
        (true, RecoveryState::Disabled) => enable(client, settings, folder).await?,
        (true, RecoveryState::Enabled | RecoveryState::Unknown) => {}
        (true, RecoveryState::Incomplete) | (false, _) => recover(client, settings, folder).await?,
    }
    if !is_cross_signed(client).await {
        // The signature went up, but is only believed once the homeserver shows it.
        let asked = client.encryption().request_user_identity(&settings.user_id).await;
        asked.map_err(|error| format!("cannot check the signature of this device: {}", chain(&error)))?;
    }
    Ok(())
}

/// Makes the cross-signing identity where the SDK could not, because the homeserver wants the password again
/// even for the first one.
async fn bootstrap(client: &Client, settings: &Settings) -> Result<(), String> {
    let failed = |error: &matrix_sdk::Error| format!("cannot set up cross-signing: {}", chain(error));
    let encryption = client.encryption();
    let Err(error) = encryption.bootstrap_cross_signing_if_needed(None).await else {
        return Ok(());
    };
    let (Some(asked), Login::Password(password)) = (error.as_uiaa_response(), &settings.login) else {
        return Err(failed(&error));
    };
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(settings.user_id.to_string()));
    let mut proof = Password::new(user, password.clone());
    proof.session.clone_from(&asked.session);
    encryption.bootstrap_cross_signing(Some(AuthData::Password(proof))).await.map_err(|error| failed(&error))
}

/// Sets recovery up, at the first start.
async fn enable(client: &Client, settings: &Settings, folder: &Folder) -> Result<(), String> {
    let recovery = client.encryption().recovery();
    let failed = |error: &dyn StdError| format!("cannot set up recovery: {}", chain(error));
    if let Some(passphrase) = &settings.recovery {
        recovery.enable().with_passphrase(passphrase).await.map_err(|error| failed(&error))?;
        tracing::info!("recovery is set up with the configured passphrase");
        return Ok(());
    }
    let key = recovery.enable().await.map_err(|error| failed(&error))?;
    folder.keep_recovery_key(&key).map_err(|error| failed(&error))?;
    tracing::info!(
        file = %folder.recovery_key_path().display(),
        "recovery is set up; keep a copy of the recovery key elsewhere"
    );
    Ok(())
}

/// Fetches the account's secrets, and signs this device with them.
async fn recover(client: &Client, settings: &Settings, folder: &Folder) -> Result<(), String> {
    let candidates: Vec<_> = settings.recovery.clone().into_iter().chain(folder.recovery_key()).collect();
    if candidates.is_empty() {
        return Err(
            "the recovery key of the account is neither configured nor in the storage folder, so this \
                    device is not cross-signed and cannot read the key backup. Configure the key, or verify \
                    this device from another one of the account"
                .to_owned(),
        );
    }
    // A new device uploads its keys with the first sync, and what is not there cannot be signed. The events
    // of this sync are not lost: the caller's cursor is older.
    let sync = client.sync_once(crate::sync::settings(client, Duration::ZERO).await).await;
    sync.map_err(|error| format!("cannot upload the keys of this device: {}", chain(&error)))?;
    let mut problem = String::new();
    for candidate in candidates {
        // Takes a passphrase as well as a key.
        match client.encryption().recovery().recover(&candidate).await {
            Ok(()) => {
                tracing::info!("this device was cross-signed by means of the recovery key");
                return Ok(());
            }
            Err(error) => problem = chain(&error),
        }
    }
    Err(format!(
        "recovery failed, so this device is not cross-signed and cannot read the key backup: {problem}. Check \
         the recovery key or passphrase"
    ))
}

/// Whether this device has the private keys of the account's identity.
async fn has_keys(client: &Client) -> bool {
    client.encryption().cross_signing_status().await.is_some_and(|keys| keys.is_complete())
}

async fn is_cross_signed(client: &Client) -> bool {
    let device = client.encryption().get_own_device().await;
    device.ok().flatten().is_some_and(|device| device.is_cross_signed_by_owner())
}

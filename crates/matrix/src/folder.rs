//! The folder of a session on disk: `session.json` (0600, replaced atomically), `recovery-key` (0600), and
//! `sdk/`, matrix-sdk's own SQLite stores. A session and its store are worth something only together.

use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::ConnectError,
    ruma::{OwnedDeviceId, OwnedUserId},
};

/// What `session.json` holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) user_id: OwnedUserId,
    pub(crate) device_id: OwnedDeviceId,
    pub(crate) access_token: String,
}

/// A session that is kept in a folder. `Debug` does not show its token.
#[derive(Clone)]
pub struct KeptSession {
    /// The account.
    pub user_id: OwnedUserId,
    /// The device.
    pub device_id: OwnedDeviceId,
    /// Its access token.
    pub access_token: String,
}

impl fmt::Debug for KeptSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptSession")
            .field("user_id", &self.user_id)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

/// The session in the folder of [`Settings::folder`](crate::Settings::folder), if there is one that can be read. Only reads,
/// so that it may be asked for while somebody else works there.
pub fn kept_session(folder: &Path) -> Result<Option<KeptSession>, ConnectError> {
    Ok(match Folder(folder.to_owned()).session()? {
        Found::Session(Stored { user_id, device_id, access_token }) => {
            Some(KeptSession { user_id, device_id, access_token })
        }
        Found::Nothing | Found::Damaged => None,
    })
}

/// What was found of `session.json`.
pub(crate) enum Found {
    Nothing,
    Damaged,
    Session(Stored),
}

/// What the folders of stores that were set aside are called, before their numbers.
const ASIDE: &str = "sdk.old-";

pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Creates it if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, ConnectError> {
        create_private(path).map_err(|error| failed("create", path, &error))?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn session(&self) -> Result<Found, ConnectError> {
        let path = self.0.join("session.json");
        match fs::read(&path) {
            Ok(json) => Ok(serde_json::from_slice(&json).map_or(Found::Damaged, Found::Session)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    pub(crate) fn keep_session(&self, session: &Stored) -> Result<(), ConnectError> {
        let json = serde_json::to_vec(session).map_err(|error| ConnectError::Other(error.to_string()))?;
        self.write("session.json", &json)
    }

    /// The SDK's stores, created if need be.
    pub(crate) fn store(&self) -> Result<PathBuf, ConnectError> {
        let path = self.0.join("sdk");
        create_private(&path).map_err(|error| failed("create", &path, &error))?;
        Ok(path)
    }

    /// Whether encryption keys are here: the one part of the store that the homeserver cannot give again.
    pub(crate) fn has_store(&self) -> bool {
        self.0.join("sdk/matrix-sdk-crypto.sqlite3").exists()
    }

    /// Moves what is left of a store out of the way. It stays in the folder, as it may hold the keys of old
    /// messages.
    pub(crate) fn set_store_aside(&self) -> Result<(), ConnectError> {
        let store = self.0.join("sdk");
        if !store.exists() {
            return Ok(());
        }
        let newest = self.stores_aside()?.pop().unwrap_or_default();
        let aside = self.aside(newest + 1);
        fs::rename(&store, &aside).map_err(|error| failed("move aside", &store, &error))?;
        tracing::info!(to = %aside.display(), "the store of the lost session was moved aside");
        Ok(())
    }

    /// Removes the stores that were set aside, but the newest: it has the keys of what was written before the last loss.
    /// One that cannot be removed is left, with a word in the log.
    pub(crate) fn remove_old_stores(&self) -> Result<(), ConnectError> {
        let mut stores = self.stores_aside()?;
        stores.pop();
        for store in stores.into_iter().map(|n| self.aside(n)) {
            match fs::remove_dir_all(&store) {
                Ok(()) => {
                    tracing::info!(store = %store.display(), "the store of a former session was removed");
                }
                Err(error) => {
                    tracing::warn!(store = %store.display(), %error, "cannot remove the store of a former session");
                }
            }
        }
        Ok(())
    }

    /// The numbers of the stores that were set aside, the newest last.
    fn stores_aside(&self) -> Result<Vec<u64>, ConnectError> {
        let failed = |error: io::Error| failed("read", &self.0, &error);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number: Option<u64> = name.to_str().and_then(|name| name.strip_prefix(ASIDE)?.parse().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn aside(&self, number: u64) -> PathBuf {
        self.0.join(format!("{ASIDE}{number}"))
    }

    /// Where the recovery key is kept, if it was made here.
    pub(crate) fn recovery_key_path(&self) -> PathBuf {
        self.0.join("recovery-key")
    }

    pub(crate) fn recovery_key(&self) -> Option<String> {
        let key = fs::read_to_string(self.recovery_key_path()).ok()?;
        Some(key.trim().to_owned()).filter(|key| !key.is_empty())
    }

    pub(crate) fn keep_recovery_key(&self, key: &str) -> Result<(), ConnectError> {
        self.write("recovery-key", format!("{key}\n").as_bytes())
    }

    /// All or nothing, whatever happens to the process or the machine.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ConnectError> {
        let path = self.0.join(name);
        let write = || {
            let new = self.0.join(format!("{name}.new"));
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            fs::File::open(&self.0)?.sync_all()
        };
        write().map_err(|error| failed("write", &path, &error))
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> ConnectError {
    ConnectError::in_folder(&format!("cannot {what} {}", path.display()), error, "")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ruma::{owned_device_id, owned_user_id};

    #[test]
    fn a_session_is_kept_in_private_and_a_damaged_one_is_noticed() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("data/matrix");
        let folder = Folder::open(&path).unwrap();
        assert!(matches!(folder.session().unwrap(), Found::Nothing));
        assert!(kept_session(&path).unwrap().is_none() && kept_session(base.path()).unwrap().is_none());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);

        let session = Stored {
            user_id: owned_user_id!("@bot:hs.test"),
            device_id: owned_device_id!("ABC"),
            access_token: "secret".to_owned(),
        };
        folder.keep_session(&session).unwrap();
        let file = path.join("session.json");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let Found::Session(found) = folder.session().unwrap() else { panic!("no session") };
        assert_eq!((found.device_id.as_str(), &*found.access_token), ("ABC", "secret"));
        let kept = kept_session(&path).unwrap().unwrap();
        assert_eq!((kept.user_id, &*kept.access_token), (session.user_id, "secret"));
        assert!(!format!("{:?}", kept_session(&path)).contains("secret"));

        fs::write(&file, "{").unwrap();
        assert!(matches!(folder.session().unwrap(), Found::Damaged));
    }

    #[test]
    fn stores_are_set_aside_one_after_another() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path()).unwrap();
        for name in ["sdk.old-1", "sdk.old-2"] {
            assert!(!folder.has_store());
            fs::write(folder.store().unwrap().join("matrix-sdk-crypto.sqlite3"), "").unwrap();
            assert!(folder.has_store());
            folder.set_store_aside().unwrap();
            assert!(base.path().join(name).exists());
        }
        folder.set_store_aside().unwrap();
    }

    #[test]
    fn of_the_stores_that_were_set_aside_the_newest_is_kept() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path()).unwrap();
        let lose_a_store = || {
            folder.store().unwrap();
            folder.set_store_aside().unwrap();
        };
        let names = || {
            let names = fs::read_dir(base.path()).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        folder.remove_old_stores().unwrap();
        for _ in 0..11 {
            lose_a_store();
        }
        fs::write(base.path().join("sdk.old-1/keys"), "x").unwrap();
        fs::write(base.path().join("sdk.old-notes"), "not ours").unwrap();
        folder.store().unwrap();
        folder.remove_old_stores().unwrap();
        assert_eq!(names(), ["sdk", "sdk.old-11", "sdk.old-notes"], "by number, not by name");
        // The next one is newer than what is left.
        folder.set_store_aside().unwrap();
        assert_eq!(names(), ["sdk.old-11", "sdk.old-12", "sdk.old-notes"]);
        folder.remove_old_stores().unwrap();
        assert_eq!(names(), ["sdk.old-12", "sdk.old-notes"]);
    }
}

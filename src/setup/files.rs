//! What is written: a file with a secret, and the configuration. Both for their owner only, and neither over another file
//! that nobody said may go.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::ruma::UserId;
use tempfile::{Builder, NamedTempFile};
use toml::Value;

use super::wishes::Wishes;
use crate::config::Config;

/// The place of the configuration, which nothing is written to before it is complete.
pub(super) struct Place {
    path: PathBuf,
    folder: PathBuf,
    new: NamedTempFile,
    existing: Existing,
}

/// What to do with a configuration that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Kept,
    Replaced,
}

impl Place {
    /// Fails where a configuration is, or cannot be written: before anything is made on the homeserver.
    pub(super) fn reserve(path: &Path, existing: Existing) -> anyhow::Result<Self> {
        ensure!(
            existing == Existing::Replaced || !path.exists(),
            "{} is there already. gleipnir check tells whether it works; give another --config for another bot, or --force to \
             replace it",
            path.display()
        );
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let new = Builder::new().prefix(".gleipnir-setup-").tempfile_in(folder);
        let new = new.with_context(|| {
            format!("cannot write into {}, where the configuration is to be (--config)", folder.display())
        })?;
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), new, existing })
    }

    /// A file beside the configuration.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// The folder of the configuration.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the configuration, all or nothing.
    pub(super) fn fill(mut self, text: &str) -> anyhow::Result<()> {
        let cannot = format!("cannot write {}", self.path.display());
        let written = self.new.write_all(text.as_bytes()).and_then(|()| self.new.as_file().sync_all());
        written.with_context(|| cannot.clone())?;
        match self.existing {
            Existing::Replaced => self.new.persist(&self.path),
            Existing::Kept => self.new.persist_noclobber(&self.path),
        }
        .with_context(|| cannot.clone())?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).context(cannot)
    }
}

/// A new file with a secret, which goes again unless it is kept.
pub(super) struct SecretFile {
    pub(super) path: PathBuf,
}

impl SecretFile {
    /// Writes it; an older one stays, and is an error.
    pub(super) fn write(path: PathBuf, secret: &str, flag: &str) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
                "{0} is there already, maybe from a setup that was broken off: give it as {flag} {0}, or move it away",
                path.display()
            ),
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        };
        let written = file.write_all(format!("{secret}\n").as_bytes()).and_then(|()| file.sync_all());
        let secret_file = Self { path };
        if let Err(error) = written {
            let context = format!("cannot write {}", secret_file.path.display());
            secret_file.remove();
            return Err(error).context(context);
        }
        Ok(secret_file)
    }

    /// What it was for has come to nothing.
    pub(super) fn remove(&self) {
        drop(fs::remove_file(&self.path));
    }
}

/// The key of the configuration that a secret belongs to, and its file.
pub(super) struct Login {
    /// `password_file` or `access_token_file`.
    pub(super) key: &'static str,
    pub(super) file: PathBuf,
}

/// The configuration, checked as at a start. `room` is an ID or alias.
pub(super) fn configuration(
    wishes: &Wishes,
    user: &UserId,
    login: &Login,
    room: &str,
    folder: &Path,
) -> anyhow::Result<String> {
    let quoted = |text: &str| Value::from(text).to_string();
    let path = |path: &Path| {
        let text =
            path.to_str().with_context(|| format!("{} is no text, as a path has to be", path.display()))?;
        Ok::<_, anyhow::Error>(quoted(text))
    };
    // Beside the configuration, its name is enough, and goes with the folder wherever that goes.
    let absolute = std::path::absolute(folder)?;
    let file = std::path::absolute(&login.file)?;
    let file = file.strip_prefix(&absolute).unwrap_or(&file);
    let text = format!(
        "# Made by gleipnir setup. Everything else has its default; config.toml.example shows what there is.\n\
         # Relative paths are relative to this file.\n\n\
         [homeserver]\n\
         # Where both the client-server API and Synapse's admin API (/_synapse/admin) answer.\n\
         url = {url}\n\
         # The bot's account. It has to be a server admin.\n\
         user_id = {user}\n\
         {key} = {file}\n\n\
         [management]\n\
         # Whoever is in this room can ask the bot; changing anything takes power level 50 there.\n\
         room = {room}\n\n\
         [storage]\n\
         # A folder for the database and the encryption keys. Keep it: a lost one makes the bot a new device.\n\
         path = {storage}\n",
        url = quoted(&wishes.homeserver),
        user = quoted(user.as_str()),
        key = login.key,
        file = path(file)?,
        room = quoted(room),
        storage = path(&wishes.storage)?,
    );
    Config::parse(&text, folder).context("the configuration would not be valid")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use gleipnir_core::ruma::user_id;

    use super::{
        super::wishes::{Access, Room},
        *,
    };

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_configuration_appears_whole_and_replaces_none_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let place = Place::reserve(&path, Existing::Kept).unwrap();
        assert!(!path.exists());
        place.fill("first").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("first", 0o600));
        let refused = Place::reserve(&path, Existing::Kept).err().unwrap().to_string();
        assert!(refused.contains("is there already") && refused.contains("--force"), "{refused}");
        Place::reserve(&path, Existing::Replaced).unwrap().fill("second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        drop(Place::reserve(&path, Existing::Replaced).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
        let nowhere = Place::reserve(&folder.path().join("no/config.toml"), Existing::Kept).err().unwrap();
        assert!(nowhere.to_string().contains("cannot write into"), "{nowhere}");
    }

    #[test]
    fn a_secret_is_its_owners_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gleipnir-password");
        let file = SecretFile::write(path.clone(), "hunter2", "--password-file").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("hunter2\n", 0o600));
        let again = SecretFile::write(path.clone(), "other", "--password-file").err().unwrap().to_string();
        assert!(again.contains("give it as --password-file"), "{again}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "hunter2\n");
        file.remove();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_written_is_what_was_answered() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass \"word\"");
        fs::write(&file, "hunter2\n").unwrap();
        let wishes = Wishes {
            homeserver: "http://127.0.0.1:8008".to_owned(),
            user: user_id!("@typed:hs.test").to_owned(),
            access: Access::Register("shared".to_owned()),
            room: Room::New { name: "x".to_owned(), encrypted: true },
            invite: Vec::new(),
            storage: "da\\ta".into(),
        };
        let login = Login { key: "password_file", file };
        let me = user_id!("@gleipnir:hs.test");
        let text = configuration(&wishes, me, &login, "#mods:hs.test", folder.path()).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("shared"), "{text}");
        let config = Config::parse(&text, folder.path()).unwrap();
        assert_eq!(config.homeserver.user_id, me);
        assert_eq!(config.management.room.to_string(), "#mods:hs.test");
        assert_eq!(config.storage.path, folder.path().join("da\\ta"));
        configuration(&wishes, me, &login, "nonsense", folder.path()).unwrap_err();
    }
}

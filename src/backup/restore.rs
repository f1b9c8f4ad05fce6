//! Making a storage folder of a backup: all of it or nothing. Until the database has its name, the folder is one that no
//! bot starts in.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::{model::Millis, ports::Clock as _, text::duration::date};
use gleipnir_matrix::Login;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::{APPLICATION, RECOVERY_KEY, renewal, whole};
use crate::{
    clock::WallClock,
    config::Config,
    store::opening::{
        DATABASE, LOCK, RESTORING, check_version, lock, make_private, migrate, private_file, set_up,
    },
};

/// What an empty folder may hold: the lock, and what file systems put at their root.
const NOTHING: [&str; 2] = [LOCK, "lost+found"];

/// Makes the storage folder of the configuration from a backup; what became of it, in a sentence.
///
/// Refuses, and changes nothing, if the file is no whole backup of the configured account, if the folder is not empty, or
/// if a bot is at work in it.
pub(crate) fn restore(config: &Config, from: &Path) -> anyhow::Result<String> {
    let backup = open(from)?;
    let user = &config.homeserver.user_id;
    ensure!(
        backup.user_id == user.as_str(),
        "{} is a backup of {}, and {user} is configured (homeserver.user_id)",
        from.display(),
        backup.user_id
    );
    let folder = &config.storage.path;
    // A bot at work is named first: its folder is never empty.
    let held = if folder.join(LOCK).exists() { Some(lock(folder)?) } else { None };
    if folder.exists() {
        check_empty(folder)?;
    }
    make_private(folder)?;
    let _lock = held.map_or_else(|| lock(folder), Ok)?;
    let (new, whole) = (folder.join(RESTORING), folder.join(DATABASE));
    fill(&backup, from, folder, &new)
        .with_context(|| format!("cannot restore into {} (storage.path)", folder.display()))?;
    fs::rename(&new, &whole)
        .and_then(|()| File::open(folder)?.sync_all())
        .with_context(|| format!("cannot make {}", whole.display()))?;
    Ok(format!(
        "{} is restored from a backup of {}; {}",
        folder.display(),
        date(backup.made_at),
        next_step(config)
    ))
}

/// What to do with a folder that was restored. The keys of the device that there was are not in it.
fn next_step(config: &Config) -> &'static str {
    match config.login() {
        Ok(Login::Token(_)) => {
            "before you start Gleipnir, configure the password, or an access token of a new login: the encryption keys of the \
             device that the old token belongs to are in no backup. Then it says in the management room what it no longer \
             knows"
        }
        // What is wrong with the login is said at the start.
        Ok(Login::Password(_)) | Err(_) => {
            "start Gleipnir: it logs in as a new device and says in the management room what it no longer knows"
        }
    }
}

/// A backup that was looked at.
struct Backup {
    database: Connection,
    user_id: String,
    made_at: Millis,
}

fn open(from: &Path) -> anyhow::Result<Backup> {
    ensure!(from.is_file(), "there is no file {}", from.display());
    check(from).map_err(|error| {
        let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let words = match code {
            Some(ErrorCode::NotADatabase) => "it is no backup of Gleipnir",
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure) => "it is damaged or cut short",
            _ => return error.context(format!("{} cannot be restored", from.display())),
        };
        anyhow::anyhow!("{} cannot be restored: {words}", from.display())
    })
}

fn check(from: &Path) -> anyhow::Result<Backup> {
    let database = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let application: i32 = database.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    ensure!(application == APPLICATION, "it is no backup of Gleipnir");
    // What lacks of the last page would be taken for zeros.
    let length = database.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get::<_, u64>(0),
    )?;
    ensure!(fs::metadata(from)?.len() == length, "it is damaged or cut short");
    whole(&database)?;
    check_version(&database)?;
    let about = |key: &str| {
        database
            .query_row("SELECT value FROM backup WHERE key = ?", [key], |row| row.get::<_, String>(0))
            .with_context(|| format!("it does not say its {key}"))
    };
    let (user_id, made_at) = (about("user_id")?, about("made_at")?);
    let made_at = made_at.parse().context("it does not say when it was made")?;
    Ok(Backup { database, user_id, made_at })
}

/// Refuses a folder with something in it, unless that is what a restoration left that was broken off.
fn check_empty(folder: &Path) -> anyhow::Result<()> {
    let cannot_read = || format!("cannot read the folder {} (storage.path)", folder.display());
    let broken_off = folder.join(RESTORING).exists();
    for entry in fs::read_dir(folder).with_context(cannot_read)? {
        let name = entry.with_context(cannot_read)?.file_name();
        let name = name.to_string_lossy();
        let is_left_over = broken_off && (name.starts_with(RESTORING) || name == "matrix");
        if !NOTHING.contains(&&*name) && !is_left_over {
            bail!(
                "the folder {} (storage.path) is not empty. Stop Gleipnir, move the folder away, and try again",
                folder.display()
            );
        }
    }
    Ok(())
}

/// Fills the folder, but for the name of its database.
fn fill(backup: &Backup, from: &Path, folder: &Path, new: &Path) -> anyhow::Result<()> {
    // The journal of one that was broken off must not be taken for this one's.
    for suffix in ["-journal", "-wal", "-shm", ""] {
        match fs::remove_file(folder.join(format!("{RESTORING}{suffix}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    io::copy(&mut File::open(from)?, &mut private_file(new)?)?;
    let key: Option<Vec<u8>> = backup
        .database
        .query_row("SELECT bytes FROM backup_files WHERE path = ?", [RECOVERY_KEY], |row| row.get(0))
        .optional()?;
    if let Some(key) = key {
        keep(folder, &key)?;
    }
    let mut database = Connection::open(new)?;
    set_up(&database)?;
    whole(&database)?;
    migrate(&mut database)?;
    renewal::renew(&mut database, backup.made_at, WallClock.now())?;
    database.close().map_err(|(_, error)| error)?;
    File::open(new)?.sync_all()?;
    Ok(())
}

fn keep(folder: &Path, key: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(RECOVERY_KEY);
    let parent = path.parent().unwrap_or(folder);
    DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    let mut file = private_file(&path)?;
    file.set_len(0)?;
    file.write_all(key)?;
    file.sync_all()?;
    File::open(parent)?.sync_all()?;
    Ok(())
}

//! Backups: `gleipnir backup` copies what a bot needs to go on elsewhere into one file, beside a running bot;
//! `gleipnir restore` makes a storage folder of it.
//!
//! The file is an SQLite database: the bot's own, as it was at one moment, with two tables more. `backup` holds what the
//! backup is (`made_at`, `user_id`, `gleipnir`), `backup_files` the files that go with it by their paths in the storage
//! folder: `matrix/recovery-key`, where it is there. The session and the keys in `matrix/sdk` are left out: an old copy of
//! them beside newer messages would break encryption. With the recovery key a new device proves to be the same account.

mod notice;
mod renewal;
mod restore;

use std::{fs, fs::File, io, path::Path, time::Duration};

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, OpenFlags};
use tempfile::Builder;
use tracing::info;

pub(crate) use self::{notice::key as notice_key, restore::restore};
use crate::{
    clock::WallClock,
    config::Config,
    store::opening::{DATABASE, check_version},
};
use gleipnir_core::ports::Clock as _;

/// What tells a backup from other SQLite databases: "GlBa".
const APPLICATION: i32 = 0x476c_4261;
/// What goes with the database, by its path in the storage folder.
const RECOVERY_KEY: &str = "matrix/recovery-key";
/// What the name of a backup that is not finished begins and ends with.
const PREFIX: &str = ".gleipnir-backup-";
const SUFFIX: &str = ".part";
/// An unfinished backup that nobody has written to for so long is one that was broken off.
const LEFT_OVER: Duration = Duration::from_hours(1);
/// How long is waited for a bot that is writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do when the file of a backup is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and no backup is made.
    Kept,
    /// The backup takes its place.
    Replaced,
}

/// Writes a backup; what is in it, in a sentence. Another process may be at work in the folder. The file is there when all
/// of it is on disk, and not before; nobody else can read it.
pub(crate) fn backup(config: &Config, to: &Path, existing: Existing) -> anyhow::Result<String> {
    let folder = &config.storage.path;
    let database = folder.join(DATABASE);
    ensure!(
        database.exists(),
        "there is no database in {} (storage.path): there is nothing to back up",
        folder.display()
    );
    let there = || format!("{} is there already: give another name, or --force to replace it", to.display());
    if existing == Existing::Kept && to.exists() {
        bail!(there());
    }
    let beside = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot_write = || format!("cannot write {}", to.display());
    remove_left_overs(beside);
    // Readable by nobody else, and removed unless it is moved to its place.
    let new = Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(beside).with_context(cannot_write)?;
    let source = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|source| source.busy_timeout(PATIENCE).map(|()| source))
        .with_context(|| format!("cannot read the database {}", database.display()))?;
    let version = check_version(&source).with_context(|| format!("cannot back {} up", database.display()))?;
    ensure!(version > 0, "{} was never used: there is nothing to back up", database.display());
    let path = new.path().to_str().context("the name of the backup has to be UTF-8")?;
    // One moment of it, without what was deleted.
    source
        .execute("VACUUM INTO ?", [path])
        .with_context(|| format!("cannot copy the database {}", database.display()))?;
    let key = match fs::read(folder.join(RECOVERY_KEY)) {
        Ok(key) => Some(key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).context("cannot read matrix/recovery-key in storage.path"),
    };
    complete(new.path(), config, key.as_deref()).with_context(cannot_write)?;
    new.as_file().sync_all().with_context(cannot_write)?;
    let bytes = new.as_file().metadata().with_context(cannot_write)?.len();
    match existing {
        Existing::Replaced => new.persist(to).map(drop),
        Existing::Kept => new.persist_noclobber(to).map(drop),
    }
    .map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => anyhow::anyhow!(there()),
        _ => anyhow::Error::from(error.error).context(cannot_write()),
    })?;
    File::open(beside).and_then(|beside| beside.sync_all()).with_context(cannot_write)?;
    let key = match key {
        Some(_) => "the recovery key of its encryption is in it: keep it as secret as a password",
        None => "there is no recovery key in it, because there is none in the folder",
    };
    let user = &config.homeserver.user_id;
    Ok(format!("{} holds a backup of {user} ({} KiB); {key}", to.display(), bytes.div_ceil(1024)))
}

/// Removes what backups left that were killed: they hold what a backup holds.
fn remove_left_overs(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_part = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        let written = entry.metadata().and_then(|file| file.modified());
        let is_old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_OVER));
        // What cannot be removed keeps no new backup from being made.
        if is_part && is_old && fs::remove_file(entry.path()).is_ok() {
            info!(file = %entry.path().display(), "removed what a backup left that was broken off");
        }
    }
}

/// Adds what makes a backup of a copied database, and reads all of it once.
fn complete(copy: &Path, config: &Config, key: Option<&[u8]>) -> anyhow::Result<()> {
    let mut copy = Connection::open(copy)?;
    // No other file beside it; a copy that is not finished is thrown away.
    copy.pragma_update(None, "journal_mode", "MEMORY")?;
    let transaction = copy.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE backup (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE backup_files (path TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    )?;
    for (key, value) in [
        ("made_at", WallClock.now().to_string()),
        ("user_id", config.homeserver.user_id.to_string()),
        ("gleipnir", env!("CARGO_PKG_VERSION").to_owned()),
    ] {
        transaction.execute("INSERT INTO backup VALUES (?, ?)", [key, &value])?;
    }
    if let Some(key) = key {
        transaction.execute("INSERT INTO backup_files VALUES (?, ?)", (RECOVERY_KEY, key))?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()?;
    whole(&copy)
}

/// Reads every page of a database, and refuses one that is damaged.
fn whole(database: &Connection) -> anyhow::Result<()> {
    let found: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    ensure!(found == "ok", "it is damaged: {found}");
    Ok(())
}

#[cfg(test)]
mod tests;

//! The storage folder and its database: locked, checked, and brought up to date before anything reads or writes it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::ports::Clock as _;
use rusqlite::{Connection, ErrorCode, params};

use crate::{clock::WallClock, disk::DAMAGED};

/// The database's scripts, in order; its `user_version` says how many were applied.
pub(crate) const MIGRATIONS: [&str; 9] = [
    include_str!("001.sql"),
    include_str!("002.sql"),
    include_str!("003.sql"),
    include_str!("004.sql"),
    include_str!("005.sql"),
    include_str!("006.sql"),
    include_str!("007.sql"),
    include_str!("008.sql"),
    include_str!("009.sql"),
];

/// The name of the database in the storage folder.
pub(crate) const DATABASE: &str = "gleipnir.sqlite3";
/// The name of a database that is being restored. As long as it is there, the folder is not whole.
pub(crate) const RESTORING: &str = "gleipnir.sqlite3.restoring";
/// The row of `meta` with the time of the first start after a restoration: what was reported before is not acted on by
/// rules.
pub(crate) const RESTORED_AT: &str = "restored_at";
/// What is there until then.
pub(crate) const NOT_STARTED: &str = "not started";
/// The name of the file that is locked by who works in the folder.
pub(crate) const LOCK: &str = "lock";

/// Opens the database in `folder`, makes both where they are not there; with the lock on the folder.
pub(super) fn open(folder: &Path) -> anyhow::Result<(Connection, File)> {
    make_private(folder)?;
    let lock = lock(folder)?;
    ensure!(
        !folder.join(RESTORING).exists(),
        "restoring a backup into {} (storage.path) was broken off: run gleipnir restore <file> once more",
        folder.display()
    );
    let path = folder.join(DATABASE);
    // SQLite gives its other files the rights of this one.
    private_file(&path).with_context(|| {
        format!("cannot write the database {}; the folder is storage.path", path.display())
    })?;
    let connection = prepare(&path).map_err(|error| in_words(error, &path))?;
    Ok((connection, lock))
}

fn prepare(path: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path)?;
    check_version(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    set_up(&connection)?;
    // All but whether indexes fit their tables: well under a second for 50 MB.
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    ensure!(found == "ok", "{found}. {DAMAGED}");
    migrate(&mut connection)?;
    write_probe(&connection)?;
    connection.execute(
        "UPDATE meta SET value = ? WHERE key = ? AND value = ?",
        params![WallClock.now().to_string(), RESTORED_AT, NOT_STARTED],
    )?;
    Ok(connection)
}

fn in_words(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    let advice = match code {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Some(DAMAGED),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            Some("It cannot be written. Make room on that disk")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Some("Its folder and the files in it have to belong to who runs Gleipnir, and to be writable")
        }
        _ => None,
    };
    let what = format!("cannot use the database {} (in storage.path)", path.display());
    error.context(match advice {
        Some(advice) => format!("{what}. {advice}. SQLite says"),
        None => what,
    })
}

/// What holds for every connection that writes.
pub(crate) fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)
}

/// Refuses a database that a newer version of the bot made.
pub(crate) fn check_version(connection: &Connection) -> anyhow::Result<usize> {
    let version: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    ensure!(
        version <= MIGRATIONS.len(),
        "it is of version {version}, made by a newer Gleipnir; this one knows versions up to {}. Run the newer one, or \
         go back to a backup that an older one made: gleipnir restore <file>",
        MIGRATIONS.len()
    );
    Ok(version)
}

/// Applies the scripts that were not applied yet.
pub(crate) fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    let version = check_version(connection)?;
    for (n, script) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "user_version", n + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Writes something that means nothing.
pub(super) fn write_probe(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO meta VALUES ('probe', lower(hex(randomblob(8)))) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [],
        )
        .map(drop)
}

/// Makes the folder, for nobody else to read, unless it is there.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder {} (storage.path)", folder.display()))
}

/// Opens or makes a file that nobody else can read.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// How often, and how long apart, a lock is tried that only somebody who looks has.
const LOOKS: u32 = 80;
const LOOK: Duration = Duration::from_millis(25);

/// Keeps everybody else from working in a folder, as long as the file is open.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<File> {
    let path: PathBuf = folder.join(LOCK);
    let file = private_file(&path)
        .with_context(|| format!("cannot write to the folder {} (storage.path)", folder.display()))?;
    let mut locked = file.try_lock();
    for _ in 0..LOOKS {
        // A check shares the lock for a moment to see whether it is free. Who is at work does not share it.
        if !matches!(locked, Err(TryLockError::WouldBlock)) || file.try_lock_shared().is_err() {
            break;
        }
        file.unlock().with_context(|| format!("cannot lock {}", path.display()))?;
        std::thread::sleep(LOOK);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another Gleipnir is at work in {} (storage.path); one is enough", folder.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_has_the_lock_alone_and_who_looks_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let looking = private_file(&folder.path().join(LOCK)).unwrap();
        looking.try_lock_shared().unwrap();
        let held = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(LOOK * 2);
                looking.unlock().unwrap();
            });
            lock(folder.path()).unwrap()
        });
        let refused = lock(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("another Gleipnir is at work"), "{refused}");
        assert!(matches!(looking.try_lock_shared(), Err(TryLockError::WouldBlock)));
        drop(held);
        drop(lock(folder.path()).unwrap());
    }
}

//! The storage folder and its database. Of a folder in which a bot is at work nothing is written.

use std::{
    fs::{File, Metadata, TryLockError},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Access, access, statvfs};

use super::finding::{Finding, Subject};
use crate::{
    disk::{DAMAGED, Disk},
    store::opening::{DATABASE, LOCK, MIGRATIONS, RESTORING, check_version},
};

/// Less room than this is little: the stores of the session alone take some tens of MiB on a busy server.
const LITTLE: u64 = 256 << 20;
/// How long is waited for a bot that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lines of storage and database.
pub(super) fn examine(folder: &Path) -> [Finding; 2] {
    match std::fs::metadata(folder) {
        Ok(found) => [storage(folder, &found), database(folder)],
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            [to_be_made(folder), Subject::Database.good("there is none yet; it is made at the first start")]
        }
        Err(error) => {
            let unread =
                Subject::Storage.bad(format!("cannot look into {}: {error}", folder.display()), OWNER);
            [unread, Subject::Database.skipped("the storage folder cannot be looked into")]
        }
    }
}

const OWNER: &str = "The folder (storage.path) and the files in it have to belong to who runs Gleipnir; run this check as \
                     the same user.";

fn storage(folder: &Path, found: &Metadata) -> Finding {
    let (subject, path) = (Subject::Storage, folder.display());
    if !found.is_dir() {
        return subject.bad(
            format!("{path} (storage.path) is no folder"),
            "Name another path, or move that file away.",
        );
    }
    let (at_work, words) = match is_in_use(folder) {
        Ok(true) => (true, " (a bot is at work there, so nothing was written)"),
        Ok(false) => (false, ""),
        Err(error) => return subject.bad(format!("cannot look at the lock in {path}: {error}"), OWNER),
    };
    if !at_work && let Err(error) = Disk::new(folder).looks_for_room() {
        let advice =
            format!("Make room on that disk, or give who runs Gleipnir the right to write there. {OWNER}");
        return subject.bad(format!("{path} cannot be written: {error}"), advice);
    }
    if at_work && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return subject.bad(format!("{path} cannot be written by who runs this check"), OWNER);
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return subject.warning(
            format!("{path} can be looked into by others on this machine (its mode is {mode:03o}){words}"),
            format!("It holds keys and what moderators wrote: chmod 700 {path}"),
        );
    }
    match statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{path} can be written, {} MiB are free{words}", free >> 20);
            match free {
                ..LITTLE => subject.warning(text, "Make room on that disk: a full one stops the bot."),
                _ => subject.good(text),
            }
        }
        Err(_) => subject.good(format!("{path} can be written{words}")),
    }
}

/// Whether a bot holds the lock.
fn is_in_use(folder: &Path) -> io::Result<bool> {
    let lock = match File::open(folder.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a folder that is not there can be made.
fn to_be_made(folder: &Path) -> Finding {
    let ancestor =
        folder.ancestors().skip(1).find(|ancestor| !ancestor.as_os_str().is_empty() && ancestor.exists());
    let ancestor = ancestor.unwrap_or(Path::new("."));
    let path = folder.display();
    if ancestor.is_dir() && access(ancestor, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return Subject::Storage.good(format!("{path} is made at the first start"));
    }
    Subject::Storage.bad(
        format!("{path} (storage.path) is not there, and cannot be made in {}", ancestor.display()),
        "Make it, and give it to who runs Gleipnir; or set storage.path to a folder that can be written.",
    )
}

fn database(folder: &Path) -> Finding {
    let (subject, path) = (Subject::Database, folder.join(DATABASE));
    if folder.join(RESTORING).exists() {
        return subject.bad(
            "restoring a backup was broken off: the folder is not whole",
            "Run once more: gleipnir restore <file>",
        );
    }
    match std::fs::metadata(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return subject.good("there is none yet; it is made at the first start");
        }
        Err(error) => return subject.bad(format!("cannot look at {}: {error}", path.display()), OWNER),
    }
    match open(&path) {
        Ok(version) if version == MIGRATIONS.len() => {
            subject.good(format!("{} is whole, of version {version}", path.display()))
        }
        Ok(version) => subject.good(format!(
            "{} is whole, of version {version}; the next start brings it to version {}",
            path.display(),
            MIGRATIONS.len()
        )),
        Err(error) => {
            let why = format!("{} cannot be used: {error:#}", path.display());
            let is_damaged =
                why.contains("malformed") || why.contains("not a database") || why.contains("Tree ");
            let newer = why.contains("newer Gleipnir");
            subject.bad(
                why,
                if newer {
                    ""
                } else if is_damaged {
                    DAMAGED
                } else {
                    OWNER
                },
            )
        }
    }
}

/// Reads all of it, and gives its version.
fn open(path: &Path) -> anyhow::Result<usize> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.busy_timeout(PATIENCE)?;
    let version = check_version(&database)?;
    let found: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    anyhow::ensure!(found == "ok", "{found}");
    Ok(version)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;
    use crate::{check::finding::Mark, store::SqliteStore};

    /// A folder in which a bot was, and its two lines after something was done to it.
    #[track_caller]
    fn after(change: impl FnOnce(&Path)) -> [Finding; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        drop(SqliteStore::open(&path).unwrap());
        change(&path);
        let findings = examine(&path);
        if path.is_dir() {
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        }
        findings
    }

    #[track_caller]
    fn says(finding: &Finding, mark: Mark, words: &str) {
        assert_eq!(finding.mark, mark, "{finding:?}");
        assert!(format!("{} {:?}", finding.text, finding.advice).contains(words), "{finding:?}");
    }

    #[test]
    fn a_folder_that_can_be_used() {
        let [storage, database] = after(|_| {});
        says(&storage, Mark::Good, "can be written");
        says(&database, Mark::Good, "is whole, of version");
        let [storage, database] = examine(Path::new("/tmp/nothing-there/data"));
        says(&storage, Mark::Good, "is made at the first start");
        says(&database, Mark::Good, "made at the first start");
        let [storage, _] = examine(Path::new("/proc/1/nothing/data"));
        says(&storage, Mark::Bad, "cannot be made");
    }

    #[test]
    fn folders_that_could_be_better() {
        let [storage, _] = after(|path| fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap());
        says(&storage, Mark::Warning, "its mode is 755");
        let [storage, database] = after(|path| {
            fs::remove_dir_all(path).unwrap();
            fs::write(path, "").unwrap();
        });
        says(&storage, Mark::Bad, "is no folder");
        assert_ne!(database.mark, Mark::Skipped);
    }

    #[test]
    fn a_bot_at_work_is_noticed_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let store = SqliteStore::open(&path).unwrap();
        let [storage, database] = examine(&path);
        says(&storage, Mark::Good, "a bot is at work there");
        says(&database, Mark::Good, "is whole");
        drop(store);
        drop(SqliteStore::open(&path).unwrap());
    }

    #[test]
    fn databases_that_cannot_be_used() {
        let [_, database] = after(|path| fs::write(path.join(RESTORING), "").unwrap());
        says(&database, Mark::Bad, "restoring a backup was broken off");
        let [_, database] = after(|path| fs::write(path.join(DATABASE), vec![7; 9000]).unwrap());
        says(&database, Mark::Bad, "newest backup");
        let set = |path: &Path, version: usize| {
            let database = Connection::open(path.join(DATABASE)).unwrap();
            database.pragma_update(None, "user_version", version).unwrap();
        };
        let [_, database] = after(|path| set(path, 99));
        says(&database, Mark::Bad, "made by a newer Gleipnir");
        let [_, database] = after(|path| set(path, MIGRATIONS.len() - 1));
        says(&database, Mark::Good, "the next start brings it to");
        let [_, database] = after(|path| fs::remove_file(path.join(DATABASE)).unwrap());
        says(&database, Mark::Good, "there is none yet");
    }
}

//! Whether the storage folder can be written. It is noted when that begins to fail and when it works again, said once in
//! the log and once in the management room, and tried again until it works. A damaged database is the end.

use std::{
    collections::HashMap,
    convert::Infallible,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gleipnir_core::{
    desk::Desk,
    ports::{Clock as _, StoreError},
    reply::{Line, Rendered, Reply},
    ruma::RoomId,
    text::duration::date,
};
use gleipnir_matrix::{Outgoing, Session};
use rusqlite::ErrorCode;
use tokio::sync::watch;
use tracing::{debug, error, info};

use crate::{clock::WallClock, store::SqliteStore};

/// How often is tried whether the folder can be written again.
pub(crate) const AGAIN: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 5_000 });
/// What passes sooner is not told in the room.
const BRIEF: Duration = Duration::from_secs(10);
/// How many bytes have to be free before work goes on: what a few commands and one sync write.
const ROOM: usize = 1 << 20;

/// How often the log says that the database fails in one way, while it is tried again and again.
const SAY_AGAIN: Duration = Duration::from_hours(1);

/// What to do about a damaged database.
pub(crate) const DAMAGED: &str = "It is damaged. Stop Gleipnir, move the folder away and put your newest backup in its \
                                  place: gleipnir restore <file>";

/// How the storage folder is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    /// It can be written, as far as is known.
    #[default]
    Good,
    /// It cannot be written now, and why.
    Unwritable(String),
    /// The database in it is damaged, and how that shows.
    Damaged(String),
}

impl Health {
    /// What an error of the database says about the folder; `None` where it says nothing.
    fn of(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Some(Self::Damaged(error.to_string())),
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked => Some(Self::Unwritable(error.to_string())),
            _ => None,
        }
    }
}

/// The folder, and how it is.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    health: watch::Sender<Health>,
    /// Whether the stores of the session could not be written the last time: that the database can be says nothing of
    /// them.
    session_fails: AtomicBool,
    /// How else the database failed, and when the log said so.
    failures: Mutex<HashMap<String, Instant>>,
}

impl Disk {
    /// A folder of which nothing bad is known.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            health: watch::Sender::new(Health::Good),
            session_fails: AtomicBool::new(false),
            failures: Mutex::default(),
        }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Follows how the folder is.
    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Notes what became of something that was asked of the database. Each change for the worse is logged here, once: who
    /// tries again and again need not.
    pub(crate) fn note<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| {
            match Health::of(&error) {
                Some(health) => self.worsens(&health),
                None if self.is_news(&error.to_string(), Instant::now()) => error!(
                    "the database in {} (storage.path) fails: {error}. What this is about does not go on; please report it",
                    self.folder.display()
                ),
                None => {}
            }
            StoreError(error.to_string())
        })
    }

    /// Whether the log has not said for a while that the database fails in this way.
    fn is_news(&self, failure: &str, now: Instant) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, said| now.duration_since(*said) < SAY_AGAIN);
        if failures.contains_key(failure) {
            return false;
        }
        failures.insert(failure.to_owned(), now);
        true
    }

    /// Notes that the stores of the session could not be written. They are good again when a sync works.
    pub(crate) fn session_fails(&self, why: &str) {
        self.session_fails.store(true, Ordering::Relaxed);
        self.worsens(&Health::Unwritable(why.to_owned()));
    }

    /// Notes that the stores of the session could be written: a sync worked.
    pub(crate) fn session_works(&self) {
        self.session_fails.store(false, Ordering::Relaxed);
    }

    fn worsens(&self, to: &Health) {
        self.health.send_if_modified(|health| {
            let is_worse = matches!(
                (&*health, to),
                (Health::Good, _) | (Health::Unwritable(_), Health::Damaged(_))
            );
            if is_worse {
                let folder = self.folder.display();
                match to {
                    Health::Unwritable(why) => error!(
                        "cannot write to the folder {folder} (storage.path): {why}. I take nothing in and begin nothing \
                         until that works again: make room there, or make it writable"
                    ),
                    Health::Damaged(why) => error!("the database in {folder} (storage.path) fails: {why}"),
                    Health::Good => {}
                }
                *health = to.clone();
            }
            is_worse
        });
    }

    /// Notes that the folder can be written.
    fn recovers(&self) {
        self.health.send_if_modified(|health| {
            let recovers = matches!(health, Health::Unwritable(_));
            if recovers {
                info!("the folder {} (storage.path) can be written again", self.folder.display());
                *health = Health::Good;
            }
            recovers
        });
    }

    /// Notes where there is no room for a little work.
    pub(crate) fn looks_for_room(&self) -> Result<(), StoreError> {
        self.has_room().map_err(|error| {
            let why = error.to_string();
            self.worsens(&Health::Unwritable(why.clone()));
            StoreError(why)
        })
    }

    /// Whether there is room for a little work: the smallest change of a database can fit where nothing else does.
    fn has_room(&self) -> io::Result<()> {
        let path = self.folder.join("room");
        let written = fs::File::create(&path).and_then(|mut file| {
            file.write_all(&vec![0; ROOM])?;
            file.sync_all()
        });
        drop(fs::remove_file(&path));
        written
    }
}

/// Tries again and again while the folder cannot be written. Returns when its database is damaged: why, and what to do.
pub(crate) async fn watch(store: &SqliteStore) -> anyhow::Error {
    let disk = store.disk();
    let mut health = disk.health();
    loop {
        let now = health.borrow_and_update().clone();
        match now {
            // The sender is part of the store: it is not gone before this is.
            Health::Good => drop(health.changed().await),
            Health::Unwritable(_) => {
                tokio::time::sleep(AGAIN).await;
                if disk.session_fails.load(Ordering::Relaxed) {
                    continue;
                }
                match disk.has_room() {
                    Ok(()) if store.write_probe().is_ok() => disk.recovers(),
                    Ok(()) => {}
                    Err(error) => debug!(%error, "there is still no room"),
                }
            }
            Health::Damaged(why) => {
                let folder = disk.folder.display();
                return anyhow::anyhow!(
                    "cannot use the database in {folder} (storage.path): {why}. {DAMAGED}"
                );
            }
        }
    }
}

/// Tells the management room when the folder cannot be written for a while, where that is possible without writing
/// anything, and when it can be written again.
pub(crate) async fn tell(desk: &Desk, session: &Session, store: &SqliteStore, room: &RoomId) -> Infallible {
    let mut health = store.disk().health();
    loop {
        let found = health.wait_for(|health| matches!(health, Health::Unwritable(_))).await;
        // The sender is part of the store: it is not gone before this is.
        let Ok(Health::Unwritable(why)) = found.map(|health| health.clone()) else {
            return std::future::pending().await;
        };
        let since = WallClock.now();
        tokio::select! {
            _ = health.wait_for(|health| *health == Health::Good) => continue,
            () = tokio::time::sleep(BRIEF) => {}
        }
        // Not through the outbox, which cannot be written. In an encrypted room it cannot be said.
        let transaction = format!("{}-unwritable-{since}", store.instance());
        if let Err(error) = session.send(room, &transaction, message(&cannot_write(&why))).await {
            debug!(%error, "cannot tell the room that nothing can be written");
        }
        if health.wait_for(|health| *health == Health::Good).await.is_err() {
            return std::future::pending().await;
        }
        let again = can_write_again(since, WallClock.now());
        until_written(|| desk.announce(&format!("writable-{since}"), &again)).await;
    }
}

/// Writes something down, again and again until that works: what goes on with it waits for a folder that can be written.
pub(crate) async fn until_written(write: impl Fn() -> Result<(), StoreError>) {
    while let Err(error) = write() {
        debug!(%error, "cannot write that down yet; trying again");
        tokio::time::sleep(AGAIN).await;
    }
}

fn cannot_write(why: &str) -> Reply {
    let line = Line::new()
        .text("⚠ I cannot write to my storage folder (")
        .name_long(why)
        .text("). I do nothing until that works again. Whoever runs me has to make room in ")
        .code("storage.path")
        .text(
            ", or make it writable. What you ask of me now is not lost: I do it then; only what waits for a confirmation may \
             have to be asked for again.",
        );
    Reply::text(line)
}

fn can_write_again(since: i64, until: i64) -> Reply {
    Reply::text(format!(
        "I can write to my storage folder again. From {} to {} I could not, and did nothing. What was asked of me \
         meanwhile I do now.",
        date(since),
        date(until)
    ))
}

fn message(reply: &Reply) -> Outgoing {
    let Rendered { text, html, mentions } = reply.render();
    Outgoing::Message { text, html, mentions, reply_to: None, replaces: None }
}

/// Whether opening the database failed for want of room, or of a disk that works: then starting again may help.
pub(crate) fn may_pass(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let database = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let file = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(
            database,
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
            )
        ) || matches!(
            file,
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
        )
    })
}

#[cfg(test)]
mod tests {
    use gleipnir_core::ports::{Change, Store as _};

    use super::*;

    fn store() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        (folder, store)
    }

    #[test]
    fn what_cannot_be_written_is_noted_and_changes_nothing() {
        for (broken, mended, words) in [
            ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "full"),
            ("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "readonly"),
        ] {
            let (_folder, store) = store();
            let health = store.disk().health();
            store.commit(vec![Change::Cursor("s1".into())]).unwrap();
            store.execute(broken);
            let large = Change::Cursor("x".repeat(1 << 20));
            let error = store.commit(vec![large.clone()]).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(matches!(&*health.borrow(), Health::Unwritable(why) if why.contains(words)));
            assert_eq!(store.cursor(), Ok(Some("s1".into())));
            // Working once does not make it good.
            store.execute(mended);
            store.commit(vec![large]).unwrap();
            assert!(matches!(&*health.borrow(), Health::Unwritable(_)));
            store.write_probe().unwrap();
            store.disk().recovers();
            assert_eq!(*health.borrow(), Health::Good);
        }
    }

    #[test]
    fn what_is_not_about_the_disk_is_logged_now_and_then() {
        let (_folder, store) = store();
        let disk = store.disk();
        let now = Instant::now();
        assert!(disk.is_news("a", now) && disk.is_news("b", now));
        assert!(!disk.is_news("a", now + SAY_AGAIN / 2), "it was said half an hour ago");
        assert!(disk.is_news("a", now + SAY_AGAIN));
        // As a constraint that fails: the folder is good, and the log has it.
        let StoreError(why) = disk.note::<()>(Err(rusqlite::Error::StatementChangedRows(0))).unwrap_err();
        assert!(!disk.is_news(&why, Instant::now()), "{why} was not logged");
        assert_eq!(*disk.health().borrow(), Health::Good);
    }

    #[tokio::test]
    async fn it_is_tried_again_until_it_works() {
        let (folder, store) = store();
        let mut health = store.disk().health();
        // A folder where a file is to be: nobody can write it, root included.
        fs::create_dir(folder.path().join("room")).unwrap();
        store.disk().session_fails("no room");
        let mended = async {
            tokio::time::sleep(10 * AGAIN).await;
            assert!(matches!(&*health.borrow(), Health::Unwritable(_)));
            fs::remove_dir(folder.path().join("room")).unwrap();
            // The stores of the session have their own trouble: a sync shows that it is over.
            tokio::time::sleep(10 * AGAIN).await;
            assert!(matches!(&*health.borrow(), Health::Unwritable(_)));
            store.disk().session_works();
            health.wait_for(|health| *health == Health::Good).await.unwrap();
        };
        tokio::select! {
            error = watch(&store) => panic!("{error}"),
            () = mended => {}
        }
        assert!(!folder.path().join("room").exists());
    }

    #[tokio::test]
    async fn what_cannot_be_written_now_is_written_when_it_can_be() {
        let (_folder, store) = store();
        store.execute("PRAGMA query_only = ON");
        let written = until_written(|| store.commit(vec![Change::Cursor("s1".into())]));
        let mended = async {
            tokio::time::sleep(3 * AGAIN).await;
            assert_eq!(store.cursor(), Ok(None));
            store.execute("PRAGMA query_only = OFF");
        };
        tokio::join!(written, mended);
        assert_eq!(store.cursor(), Ok(Some("s1".into())));
    }

    #[tokio::test]
    async fn damage_is_the_end_and_says_what_to_do() {
        let (folder, store) = store();
        for n in 0..200 {
            store.commit(vec![Change::Cursor(format!("{n}{}", "x".repeat(20_000)))]).unwrap();
        }
        store.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = 0; PRAGMA shrink_memory");
        let path = folder.path().join("gleipnir.sqlite3");
        let length = fs::metadata(&path).unwrap().len();
        fs::write(&path, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
        let failed = store.commit(vec![Change::Cursor("after".into())]);
        assert!(failed.is_err());
        let words = watch(&store).await.to_string();
        assert!(words.contains("gleipnir restore") && words.contains("storage.path"), "{words}");
    }
}

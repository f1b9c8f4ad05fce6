//! What the bot must not forget, in SQLite. Every change is one transaction, on disk when `commit` returns.

pub(crate) mod cases;
mod figures;
mod forgetting;
mod moving;
pub(crate) mod opening;
pub(crate) mod read;
mod watching;
pub(crate) mod write;

use std::{
    collections::BTreeSet,
    fs::File,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use gleipnir_core::{
    model::{About, Millis, Report, ReportKey, ReportKind},
    plan::{Plan, PlanId},
    ports::{
        Case, CaseId, Change, Digest, DigestId, Forgotten, Gap, Hit, InboxEvent, Queue, Records, Store,
        StoreError, View, WatchedEvent, Which, WhichCases,
    },
    ruma::{EventId, OwnedRoomId, RoomId},
    speech::Delivery,
};
use rusqlite::Connection;
use serde_json::Value;

pub(crate) use self::figures::{Count, Figures};
use crate::disk::Disk;

/// The database.
pub struct SqliteStore {
    connection: Mutex<Connection>,
    instance: String,
    /// Held by who reads something and commits what follows from it.
    turn: Mutex<()>,
    /// Whether the log still has pages of what was deleted, because somebody was reading them.
    log_is_left: AtomicBool,
    disk: Disk,
    /// Held as long as the database is open, so that no second bot works on it.
    _lock: File,
}

impl SqliteStore {
    /// Opens the database in `folder`, makes both where they are not there, and brings the database up to date.
    ///
    /// Fails if another process has it open, if it cannot be written, if it is from a newer version of the bot, and if it is
    /// damaged or no database.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let (connection, lock) = opening::open(folder)?;
        let instance =
            connection.query_row("SELECT value FROM meta WHERE key = 'instance'", [], |row| row.get(0))?;
        Ok(Self {
            connection: Mutex::new(connection),
            instance,
            turn: Mutex::default(),
            log_is_left: AtomicBool::default(),
            disk: Disk::new(folder),
            _lock: lock,
        })
    }

    /// A random word that belongs to this database. Transaction IDs carry it, so that those of a database that was
    /// lost are never taken for new ones.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while it was held has rolled its transaction back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is measured, on a connection of its own: nobody waits for it.
    pub(crate) fn figures(&self) -> Result<Figures, StoreError> {
        // What fails here says nothing of the connection that matters.
        let figures = figures::read(&self.disk.folder().join(opening::DATABASE));
        figures.map_err(|error| StoreError(error.to_string()))
    }

    /// How the folder of the database is.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Writes something that means nothing.
    pub(crate) fn write_probe(&self) -> rusqlite::Result<()> {
        opening::write_probe(&self.connection())
    }

    /// Reads something.
    fn ask<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let result = read(&self.connection());
        self.disk.note(result)
    }

    /// Runs SQL as it is.
    #[cfg(test)]
    pub(crate) fn execute(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }
}

fn commit(connection: &mut Connection, changes: Vec<Change>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for change in changes {
        write::apply(&transaction, change)?;
    }
    transaction.commit()
}

impl Records for SqliteStore {
    fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        self.ask(|db| read::plan(db, id))
    }

    fn plans(&self, which: &Which) -> Result<Vec<Plan>, StoreError> {
        self.ask(|db| read::plans(db, which))
    }

    fn next_plan_id(&self) -> Result<PlanId, StoreError> {
        self.ask(read::next_plan_id)
    }

    fn kept(&self, plan: PlanId, step: usize) -> Result<Option<Value>, StoreError> {
        self.ask(|db| read::kept(db, plan, step))
    }

    fn undone_by(&self, id: PlanId) -> Result<Option<PlanId>, StoreError> {
        self.ask(|db| read::undone_by(db, id))
    }

    fn lasting(&self) -> Result<Vec<Plan>, StoreError> {
        self.ask(read::lasting)
    }

    fn key_of(&self, event: &EventId) -> Result<Option<String>, StoreError> {
        self.ask(|db| read::key_of(db, event))
    }

    fn is_said(&self, key: &str) -> Result<bool, StoreError> {
        self.ask(|db| read::is_said(db, key))
    }

    fn view(&self, key: &str) -> Result<Option<View>, StoreError> {
        self.ask(|db| read::view(db, key))
    }

    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.ask(|db| cases::case(db, id))
    }

    fn case_about(&self, about: &About) -> Result<Option<Case>, StoreError> {
        self.ask(|db| cases::about(db, about))
    }

    fn cases(&self, which: &WhichCases) -> Result<Vec<Case>, StoreError> {
        self.ask(|db| cases::list(db, which))
    }

    fn hits(&self, since: Millis) -> Result<Vec<Hit>, StoreError> {
        self.ask(|db| cases::hits(db, since))
    }

    fn ignored_reporters(&self) -> Result<BTreeSet<String>, StoreError> {
        self.ask(cases::ignored_reporters)
    }

    fn forgotten(&self) -> Result<Forgotten, StoreError> {
        self.ask(forgetting::forgotten)
    }

    fn queue(&self) -> Result<Queue, StoreError> {
        self.ask(read::queue)
    }
}

impl Store for SqliteStore {
    fn as_records(&self) -> &dyn Records {
        self
    }

    fn in_turn(&self, work: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let forgets = changes.iter().any(|change| matches!(change, Change::Forget(_)));
        let mut connection = self.connection();
        self.disk.note(commit(&mut connection, changes))?;
        if forgets || self.log_is_left.load(Ordering::Relaxed) {
            let is_empty = self.disk.note(forgetting::truncate_log(&connection))?;
            self.log_is_left.store(!is_empty, Ordering::Relaxed);
        }
        Ok(())
    }

    fn cursor(&self) -> Result<Option<String>, StoreError> {
        self.ask(read::cursor)
    }

    fn replaced_by(&self, room: &RoomId) -> Result<Option<OwnedRoomId>, StoreError> {
        self.ask(|db| moving::replaced_by(db, room))
    }

    fn unhandled(&self) -> Result<Vec<InboxEvent>, StoreError> {
        self.ask(read::unhandled)
    }

    fn known_reports(
        &self,
        kind: ReportKind,
        keys: &[ReportKey],
    ) -> Result<Option<BTreeSet<ReportKey>>, StoreError> {
        self.ask(|db| cases::known(db, kind, keys))
    }

    fn unweighed(&self) -> Result<Vec<(CaseId, usize)>, StoreError> {
        self.ask(cases::unweighed)
    }

    fn forwarded(&self) -> Result<Vec<Report>, StoreError> {
        self.ask(cases::forwarded)
    }

    fn next_case_id(&self) -> Result<CaseId, StoreError> {
        self.ask(cases::next_id)
    }

    fn untold(&self) -> Result<Vec<WatchedEvent>, StoreError> {
        self.ask(watching::untold)
    }

    fn open_digests(&self) -> Result<Vec<Digest>, StoreError> {
        self.ask(watching::open_digests)
    }

    fn next_digest_id(&self) -> Result<DigestId, StoreError> {
        self.ask(watching::next_digest_id)
    }

    fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        self.ask(watching::gaps)
    }

    fn position(&self, room: &RoomId) -> Result<Option<String>, StoreError> {
        self.ask(|db| watching::position(db, room))
    }

    fn undelivered(&self) -> Result<Vec<Delivery>, StoreError> {
        self.ask(read::undelivered)
    }
}

#[cfg(test)]
mod tests {
    use gleipnir_core::plan::Undoes;

    use super::{opening::MIGRATIONS, *};

    #[test]
    fn it_keeps_the_contract_of_every_store() {
        let folder = tempfile::tempdir().unwrap();
        gleipnir_core::testing::store_contract(&SqliteStore::open(folder.path()).unwrap());
    }

    #[test]
    fn what_was_committed_is_there_after_reopening_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let instance = store.instance().to_owned();
        store.commit(vec![Change::Cursor("s1".into())]).unwrap();
        // The second change of this commit is impossible: the first one must not stay.
        let missing = Change::Working {
            plan: 99,
            step: 0,
            state: gleipnir_core::plan::StepState::Following {
                delete_id: "x".into(),
                members: 1,
                removed: 0,
            },
        };
        store.commit(vec![Change::Cursor("s2".into()), missing]).unwrap_err();
        drop(store);
        let store = SqliteStore::open(folder.path()).unwrap();
        assert_eq!(store.cursor(), Ok(Some("s1".into())));
        assert_eq!(store.instance(), instance);
    }

    #[test]
    fn a_second_bot_on_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = SqliteStore::open(folder.path()).unwrap();
        let error = SqliteStore::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("another Gleipnir"), "{error}");
    }

    #[test]
    fn a_database_of_a_newer_version_and_one_that_is_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gleipnir.sqlite3");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = format!("{:#}", SqliteStore::open(folder.path()).err().unwrap());
        assert!(error.contains("version 99"), "{error}");
        std::fs::write(&path, "this is not a database, and long enough to be taken for a broken one")
            .unwrap();
        let error = format!("{:#}", SqliteStore::open(folder.path()).err().unwrap());
        assert!(error.contains("not a database"), "{error}");
    }

    #[test]
    fn databases_of_older_versions_are_brought_up_to_date_with_what_is_in_them() {
        for version in 1..MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            let old = Connection::open(folder.path().join("gleipnir.sqlite3")).unwrap();
            old.execute_batch(&MIGRATIONS[..version].concat()).unwrap();
            old.pragma_update(None, "user_version", version).unwrap();
            old.execute("UPDATE meta SET value = 'kept' WHERE key = 'instance'", []).unwrap();
            drop(old);
            let store = SqliteStore::open(folder.path()).unwrap();
            assert_eq!(store.instance(), "kept", "{version}");
            gleipnir_core::testing::store_contract(&store);
        }
    }

    #[test]
    fn what_an_older_version_undid_stays_undone() {
        let folder = tempfile::tempdir().unwrap();
        let old = Connection::open(folder.path().join("gleipnir.sqlite3")).unwrap();
        old.pragma_update(None, "foreign_keys", true).unwrap();
        old.execute_batch(&MIGRATIONS[..5].concat()).unwrap();
        old.pragma_update(None, "user_version", 5).unwrap();
        let step = r#"{"step":"unblock_room","room":{"id":"!a:hs.test","name":null,"alias":null}}"#;
        for (id, undoes) in [(1, None), (2, Some(1)), (3, None)] {
            old.execute(
                "INSERT INTO plans (id, event_id, command, typed, asked_by, asked_at, undoes, state, changed_at, expires_at) \
                 VALUES (?1, '$e' || ?1, 'x', '!x', '@mod:hs.test', 1, ?2, 'done', 1, 1)",
                rusqlite::params![id, undoes],
            )
            .unwrap();
            for n in 0..2 {
                let step = rusqlite::params![id, n, step];
                old.execute("INSERT INTO steps (plan, n, room, step) VALUES (?, ?, '!a:hs.test', ?)", step)
                    .unwrap();
            }
        }
        drop(old);
        let store = SqliteStore::open(folder.path()).unwrap();
        let undoes = |id| store.plan(id).unwrap().unwrap().undoes;
        assert_eq!((undoes(1), undoes(2)), (None, Some(Undoes::one(1, 2))));
        assert_eq!((store.undone_by(1), store.undone_by(3)), (Ok(Some(2)), Ok(None)));
    }

    #[test]
    fn what_is_asked_again_and_again_of_watched_rooms_goes_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let db = store.connection();
        for (query, asked) in [(watching::UNTOLD, 1), (watching::TOLD_BY, 1), (watching::CLOSE, 1)] {
            let plan: String = db
                .query_row(
                    &format!("EXPLAIN QUERY PLAN {query}"),
                    rusqlite::params_from_iter(0..asked),
                    |row| row.get(3),
                )
                .unwrap();
            assert!(plan.contains("INDEX watched_untold"), "{query}: {plan}");
        }
    }

    #[test]
    fn the_jobs_about_a_case_go_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let db = store.connection();
        let query = read::plans_of_case();
        let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let lines = explained.query_map(rusqlite::params!["[]", "", -1, 0, 1], |row| row.get(3)).unwrap();
        let lines: Vec<String> = lines.collect::<rusqlite::Result<_>>().unwrap();
        assert!(lines.iter().any(|line| line.contains("USING INDEX plans_case (case_id=?)")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("SCAN plans")), "{lines:?}");
    }

    #[test]
    fn handled_events_keep_their_id_and_lose_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let event_id = gleipnir_core::ruma::owned_event_id!("$a");
        let event = InboxEvent {
            event_id: event_id.clone(),
            json: serde_json::json!({"body": "private"}),
            received_at: 1,
        };
        store.commit(vec![Change::Received(event)]).unwrap();
        store.commit(vec![Change::Handled(event_id)]).unwrap();
        let json: String =
            store.connection().query_row("SELECT json FROM inbox", [], |row| row.get(0)).unwrap();
        assert_eq!(json, "");
    }
}

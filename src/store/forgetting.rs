//! What is over and old is deleted, as SQL. `secure_delete` overwrites it in the file; what is left of it in the log
//! beside the file goes with [`truncate_log`].

use std::time::Duration;

use gleipnir_core::ports::{Forget, Forgotten};
use rusqlite::{Connection, params};

use super::{cases, read};

/// What stays: jobs by their numbers, cases by theirs with a minus. First what stays by itself, then what belongs to it.
fn staying() -> String {
    let lasting = format!("SELECT id FROM plans WHERE {}", read::LASTING);
    format!(
        "WITH RECURSIVE stays (node) AS (
           SELECT id FROM plans WHERE state NOT IN ('done', 'cancelled', 'expired') OR changed_at >= ?1
           UNION {lasting}
           UNION SELECT plan FROM steps WHERE room IN (SELECT room FROM steps WHERE plan IN ({lasting}))
           UNION SELECT -id FROM cases WHERE state NOT IN ('resolved', 'dismissed') OR changed_at >= ?1
             OR weighed < (SELECT count(*) FROM reports WHERE case_id = cases.id)
             OR EXISTS (SELECT 1 FROM reports WHERE case_id = cases.id AND received_ts >= ?1)
             OR EXISTS (SELECT 1 FROM hits WHERE case_id = cases.id AND at >= ?1)
           UNION SELECT undone.plan FROM stays JOIN undone ON undone.undo = node
           UNION SELECT undone.undo FROM stays JOIN undone ON undone.plan = node
           UNION SELECT -case_id FROM stays JOIN plans ON plans.id = node WHERE case_id IS NOT NULL
           UNION SELECT plans.id FROM stays JOIN plans ON plans.case_id = -node
         ) INSERT INTO temp.staying SELECT node FROM stays"
    )
}

/// The numbers that are given next, and the highest that are deleted.
const NUMBERS: [(&str, &str); 2] = [
    ("forgotten_plans", "SELECT max(id) FROM plans WHERE id NOT IN (SELECT node FROM temp.staying)"),
    ("forgotten_cases", "SELECT max(id) FROM cases WHERE -id NOT IN (SELECT node FROM temp.staying)"),
];

/// What belongs to jobs and cases goes before them. Of reports it stays known that they were read.
const JOBS_AND_CASES: &str = "
    DELETE FROM undone WHERE undo NOT IN (SELECT node FROM temp.staying);
    DELETE FROM steps WHERE plan NOT IN (SELECT node FROM temp.staying);
    DELETE FROM plans WHERE id NOT IN (SELECT node FROM temp.staying);
    UPDATE reports SET case_id = NULL, report = NULL
      WHERE case_id IS NOT NULL AND -case_id NOT IN (SELECT node FROM temp.staying);
    DELETE FROM decisions WHERE -case_id NOT IN (SELECT node FROM temp.staying);
    DELETE FROM hits WHERE -case_id NOT IN (SELECT node FROM temp.staying);
    DELETE FROM cases WHERE -id NOT IN (SELECT node FROM temp.staying);
    DROP TABLE temp.staying;
";

/// What came from rooms. Of digests the numbers stay.
const EVENTS: [&str; 3] = [
    "DELETE FROM inbox WHERE handled = 1 AND received_at < ?",
    "DELETE FROM watched WHERE told = 1 AND received_at < ?",
    "UPDATE digests SET room_id = NULL WHERE open = 0 AND opened_at < ? AND room_id IS NOT NULL",
];

/// What was said until then (1), but for what is still to be sent, what is edited or reacted to, and what says how
/// something stands.
const SAID: &str = "DELETE FROM outbox WHERE seq <= ?1 AND key NOT LIKE 'rights-%' \
    AND key NOT LIKE 'introduction-%' AND key NOT LIKE 'tombstone-%' AND key NOT LIKE 'mas-%' \
    AND (version <= sent OR kind = 'reaction') \
    AND coalesce(to_key, key) NOT IN (SELECT key FROM outbox WHERE version > sent AND kind != 'reaction' \
      UNION SELECT 'case-' || id FROM cases \
      UNION SELECT 'plan-' || id FROM plans WHERE state IN ('proposed', 'running') \
      UNION SELECT 'run-' || id FROM plans WHERE state IN ('proposed', 'running') \
      UNION SELECT 'feed-' || id FROM digests WHERE open = 1)";

pub(super) fn forget(db: &Connection, Forget { before, at }: Forget) -> rusqlite::Result<()> {
    db.execute_batch("CREATE TEMP TABLE staying (node INTEGER PRIMARY KEY)")?;
    db.execute(&staying(), [before])?;
    for (key, next) in [("plans_from", read::next_plan_id(db)?), ("cases_from", cases::next_id(db)?)] {
        put(db, key, next)?;
    }
    for (key, highest) in NUMBERS {
        if let Some(highest) = db.query_row(highest, [], |row| row.get::<_, Option<u64>>(0))? {
            put(db, key, highest)?;
        }
    }
    db.execute_batch(JOBS_AND_CASES)?;
    for statement in EVENTS {
        db.execute(statement, [before])?;
    }
    let until: Option<i64> =
        db.query_row("SELECT max(seq) FROM said_by WHERE at < ?", [before], |row| row.get(0))?;
    if let Some(until) = until {
        db.execute(SAID, [until])?;
        db.execute("DELETE FROM views WHERE key NOT IN (SELECT key FROM outbox)", [])?;
        db.execute("DELETE FROM said_by WHERE seq < ?", [until])?;
    }
    db.execute(
        "INSERT INTO said_by SELECT ?, coalesce(max(seq), 0) FROM outbox WHERE true \
         ON CONFLICT (at) DO UPDATE SET seq = excluded.seq",
        [at],
    )
    .map(drop)
}

/// Numbers only grow.
fn put(db: &Connection, key: &str, number: u64) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value \
         WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)",
        params![key, number.to_string()],
    )
    .map(drop)
}

pub(super) fn forgotten(db: &Connection) -> rusqlite::Result<Forgotten> {
    let number = |key: &str| {
        db.prepare_cached("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = ?")?
            .query_row([key], |row| row.get(0))
    };
    Ok(Forgotten { plans: number("forgotten_plans")?, cases: number("forgotten_cases")? })
}

/// Brings the log into the database and empties it: the log has pages as they were before something was deleted. Whether
/// that could be done: not while another connection reads it (a backup, a check), which is not waited for.
pub(super) fn truncate_log(db: &Connection) -> rusqlite::Result<bool> {
    let usual = db.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).map(Duration::from_millis)?;
    db.busy_timeout(Duration::ZERO)?;
    let is_busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    db.busy_timeout(usual)?;
    is_busy.map(|is_busy: bool| !is_busy)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use gleipnir_core::{
        model::{About, Millis, Report, ReportKey, ReportKind},
        plan::{Origin, Outcome, Plan, PlanState, PlannedStep, Step},
        ports::{
            Case, CaseState, Change, InboxEvent, Priority, Records as _, Reporting, Seen, Store as _,
            WatchedEvent, Watching,
        },
        reply::{Line, Reply},
        ruma::{owned_room_id, owned_user_id},
        speech::Say,
        testing::forgetting_contract,
    };
    use serde_json::json;

    use super::*;
    use crate::store::{SqliteStore, opening::MIGRATIONS};

    #[test]
    fn it_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        forgetting_contract(&SqliteStore::open(folder.path()).unwrap());
    }

    #[test]
    fn a_database_of_an_older_version_keeps_it_too() {
        let folder = tempfile::tempdir().unwrap();
        let old = Connection::open(folder.path().join("gleipnir.sqlite3")).unwrap();
        old.execute_batch(&MIGRATIONS[..6].concat()).unwrap();
        old.pragma_update(None, "user_version", 6).unwrap();
        drop(old);
        forgetting_contract(&SqliteStore::open(folder.path()).unwrap());
    }

    /// Which of some words are in the files of a database.
    fn found(folder: &Path, words: &[String]) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        let bytes: Vec<u8> = files.flatten().collect();
        let is_there = |word: &&String| bytes.windows(word.len()).any(|part| part == word.as_bytes());
        words.iter().filter(is_there).cloned().collect()
    }

    /// What was over at `at`: a job, a case, messages and events, of which every word has a number; and those words.
    fn life(store: &SqliteStore, id: u64, at: Millis) -> Vec<String> {
        let mut words = Vec::new();
        let mut word = || {
            words.push(format!("word-{id}-{}-end", words.len()));
            words.last().cloned().unwrap()
        };
        let event = |name: &str| format!("${name}{id}").try_into().unwrap();
        let step = Step::BlockRoom { room: owned_room_id!("!bad:hs.test").into() };
        let plan = Plan {
            id,
            origin: Origin::Command(event("job")),
            command: "block".into(),
            typed: word(),
            asked_by: owned_user_id!("@mod:hs.test"),
            asked_at: at,
            because: Some(word()),
            undoes: None,
            case: Some(id),
            lasts: None,
            state: PlanState::Done,
            decided_by: None,
            changed_at: at,
            expires_at: at,
            steps: vec![PlannedStep {
                outcome: Some(Outcome::Failed { why: word(), but: None }),
                ..PlannedStep::from(step)
            }],
        };
        let about = About::User { user_id: format!("@{}:hs.test", word()) };
        // More than fits into a page.
        let long = |word: String| json!({"content": {"body": word.repeat(2_000)}});
        let case = Case {
            id,
            state: CaseState::Open,
            by: None,
            note: None,
            opened_at: at,
            changed_at: at,
            evidence: Some(long(word())),
            priority: Priority::Normal,
            decisions: Vec::new(),
            reports: vec![Report {
                key: ReportKey { kind: ReportKind::User, id, received_ts: at },
                reporter: format!("@{}:hs.test", word()),
                reason: Some(word()),
                about: about.clone(),
                author: None,
            }],
            about,
        };
        let judged = Reporting::Judged {
            case: id,
            state: CaseState::Resolved,
            by: owned_user_id!("@mod:hs.test"),
            note: Some(word()),
            at,
        };
        let say = |key: String, text: String| {
            Change::Say(Say::new(key, None, &Reply::text(Line::new().text(text))))
        };
        let watched = WatchedEvent {
            event_id: event("watched"),
            room_id: format!("!{}:hs.test", word()).try_into().unwrap(),
            json: long(word()),
            received_at: at,
            seen: Seen::Live,
        };
        let received = InboxEvent { event_id: event(&word()), json: long(word()), received_at: at };
        let (said, refused) = (format!("answer-{id}-{}", word()), format!("undecryptable-{id}"));
        store
            .commit(vec![
                Change::Reporting(Reporting::Opened(Box::new(case))),
                Change::Reporting(Reporting::Weighed { case: id, reports: 1 }),
                Change::Reporting(judged),
                Change::Plan(Box::new(plan)),
                Change::Keep { plan: id, step: 0, kept: long(word()) },
                say(said.clone(), word()),
                say(refused.clone(), word()),
                Change::Watching(Watching::Seen(watched.clone())),
                Change::Received(received.clone()),
            ])
            .unwrap();
        let read = store.unhandled().unwrap();
        assert_eq!(read.len(), 1);
        store
            .commit(vec![
                Change::Delivered { key: said, version: 1, event_id: event("sent") },
                Change::GaveUp { key: refused, version: 1 },
                Change::Watching(Watching::Unwanted(vec![watched.event_id])),
                Change::Handled(received.event_id),
            ])
            .unwrap();
        words
    }

    #[test]
    fn what_is_deleted_is_in_no_file_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let forget = |before, at| store.commit(vec![Change::Forget(Forget { before, at })]).unwrap();
        let mut old = life(&store, 1, 10);
        old.extend(life(&store, 2, 20));
        forget(0, 30);
        let new = life(&store, 3, 40);
        assert!(found(folder.path(), &old).len() > 20, "the search finds what is there");
        assert_eq!(store.plan(2).unwrap().map(|plan| plan.id), Some(2));
        forget(31, 50);
        assert_eq!(found(folder.path(), &old), Vec::<String>::new());
        let log = fs::metadata(folder.path().join("gleipnir.sqlite3-wal")).unwrap();
        assert_eq!(log.len(), 0);
        assert_eq!((store.plan(1), store.plan(2), store.case(2)), (Ok(None), Ok(None), Ok(None)));
        // What is not old is there, but for the content of what was handled, told, sent and given up.
        assert!(found(folder.path(), &new).len() >= new.len() - 4, "{:?}", found(folder.path(), &new));
        assert_eq!(store.plan(3).unwrap().map(|plan| plan.typed), Some(new[0].clone()));
        // It is whole.
        drop(store);
        let store = SqliteStore::open(folder.path()).unwrap();
        assert_eq!(store.forgotten(), Ok(Forgotten { plans: 2, cases: 2 }));
        assert_eq!(store.next_plan_id(), Ok(4));
    }

    #[test]
    fn who_reads_meanwhile_keeps_nothing_from_being_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let forget = |before, at| store.commit(vec![Change::Forget(Forget { before, at })]).unwrap();
        let old = life(&store, 1, 10);
        forget(0, 30);
        let reader = Connection::open(folder.path().join("gleipnir.sqlite3")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM plans;").unwrap();
        forget(31, 50);
        assert!(!found(folder.path(), &old).is_empty(), "the reader keeps the log");
        reader.execute_batch("COMMIT").unwrap();
        store.commit(vec![Change::Cursor("later".into())]).unwrap();
        assert_eq!(found(folder.path(), &old), Vec::<String>::new());
    }

    #[test]
    fn very_much_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        // Each case with a job and a hit, in a database in which a search through all of one for each of another would
        // take for ever.
        store.execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)
             INSERT INTO cases (id, about, state, opened_at, changed_at, weighed)
               SELECT n, '{\"room\":{\"room_id\":\"!' || n || '\"}}', 'resolved', 1, 1, 1 FROM n;
             INSERT INTO reports (kind, id, received_ts, case_id, report) SELECT 'room', id, 1, id, '' FROM cases;
             INSERT INTO decisions (case_id, state, by, at) SELECT id, 'resolved', '@mod:hs.test', 1 FROM cases;
             INSERT INTO hits (rule, case_id, at, acted, said) SELECT 'spam', id, 1, '\"dry_run\"', '\"nothing\"' FROM cases;
             INSERT INTO plans (id, event_id, command, typed, asked_by, asked_at, state, changed_at, expires_at, case_id)
               SELECT id, '$' || id, 'block', '!block', '@mod:hs.test', 1, 'done', 1, 1, id FROM cases;
             INSERT INTO steps (plan, n, room, step) SELECT id, 0, '!' || id, '' FROM cases;
             INSERT INTO undone (undo, plan, steps) SELECT id + 1, id, '[0]' FROM plans WHERE id % 2;",
        );
        store.commit(vec![Change::Forget(Forget { before: 2, at: 3 })]).unwrap();
        assert_eq!(store.forgotten(), Ok(Forgotten { plans: 30_000, cases: 30_000 }));
    }
}

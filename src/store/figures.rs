//! What is measured of the database, for who watches the bot: how much waits, and how often something happened. All of
//! it in one read transaction on a connection of its own, by indexes or of small tables.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// How long a reading waits for a database that is being changed as a whole; ordinary work keeps none waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much waits, and how often something happened since the database was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Received events that were not handled.
    pub(crate) inbox: u64,
    /// Messages, edits, files and reactions that were not sent.
    pub(crate) outbox: u64,
    /// Jobs that are under way.
    pub(crate) running: u64,
    /// Jobs that wait for a confirmation.
    pub(crate) proposed: u64,
    /// Changes in watched rooms that no message tells yet.
    pub(crate) untold: u64,
    /// Parts of the history of watched rooms that are still to be read.
    pub(crate) gaps: u64,
    /// Forwarded reports that are in no case yet.
    pub(crate) forwarded: u64,
    /// Cases, by the word for their state.
    pub(crate) cases: Vec<(String, u64)>,
    /// How often something happened.
    pub(crate) counts: Vec<Count>,
}

/// How often something happened; the table `counts` says what the words mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) what: String,
    pub(crate) kind: String,
    pub(crate) outcome: String,
    pub(crate) n: u64,
}

const WAITING: &str = "SELECT (SELECT count(*) FROM inbox WHERE handled = 0), \
     (SELECT count(*) FROM outbox WHERE version > sent), \
     (SELECT count(*) FROM plans WHERE state = 'running'), \
     (SELECT count(*) FROM plans WHERE state = 'proposed'), \
     (SELECT count(*) FROM watched WHERE told = 0 AND digest IS NULL), \
     (SELECT count(*) FROM gaps), \
     (SELECT count(*) FROM forwarded)";
const CASES: &str = "SELECT state, count(*) FROM cases GROUP BY state ORDER BY state";
const COUNTS: &str = "SELECT what, kind, outcome, n FROM counts ORDER BY what, kind, outcome";

/// Reads them from the database at `path`, which is open elsewhere.
pub(super) fn read(path: &Path) -> rusqlite::Result<Figures> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let db = connection.transaction()?;
    let mut figures = db.query_row(WAITING, [], |row| {
        Ok(Figures {
            inbox: row.get(0)?,
            outbox: row.get(1)?,
            running: row.get(2)?,
            proposed: row.get(3)?,
            untold: row.get(4)?,
            gaps: row.get(5)?,
            forwarded: row.get(6)?,
            ..Figures::default()
        })
    })?;
    figures.cases =
        db.prepare(CASES)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    figures.counts = db
        .prepare(COUNTS)?
        .query_map([], |row| {
            Ok(Count { what: row.get(0)?, kind: row.get(1)?, outcome: row.get(2)?, n: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use gleipnir_core::{
        plan::{Effect, Inside, Origin, Outcome, Plan, PlanState, RoomRef, Step},
        ports::{Change, Digest, Seen, Store as _, WatchedEvent, Watching},
        reply::Reply,
        ruma::{OwnedEventId, owned_event_id, owned_room_id, owned_user_id},
        speech::Say,
    };

    use super::*;
    use crate::store::SqliteStore;

    fn block(id: u64, rooms: usize) -> Plan {
        let room =
            |n: usize| RoomRef { id: owned_room_id!("!a:hs.test"), name: Some(n.to_string()), alias: None };
        Plan {
            id,
            origin: Origin::Command(OwnedEventId::try_from(format!("$plan{id}")).unwrap()),
            command: "block".into(),
            typed: "!block".into(),
            asked_by: owned_user_id!("@mod:hs.test"),
            asked_at: 1,
            because: None,
            undoes: None,
            case: None,
            lasts: None,
            state: PlanState::Proposed,
            decided_by: None,
            changed_at: 1,
            expires_at: 1,
            steps: (0..rooms).map(|n| Step::BlockRoom { room: room(n) }.into()).collect(),
        }
    }

    fn ended(plan: u64, step: usize, done: bool) -> Change {
        let outcome = if done {
            let before = gleipnir_core::model::BlockStatus::Open;
            Outcome::Done { effect: Effect::Blocked { before, inside: Inside::UnknownRoom } }
        } else {
            Outcome::Failed { why: "no".into(), but: None }
        };
        Change::Ended { plan, step, outcome, at: 2 }
    }

    fn state(id: u64, state: PlanState) -> Change {
        Change::PlanState { id, state, by: None, at: 2 }
    }

    fn counted(figures: &Figures) -> Vec<String> {
        let line = |c: &Count| format!("{} {} {} {}", c.what, c.kind, c.outcome, c.n);
        figures.counts.iter().map(line).collect()
    }

    #[test]
    fn what_happens_is_counted_once_and_what_waits_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        assert_eq!(store.figures(), Ok(Figures::default()));
        for (id, rooms) in [(1, 1), (2, 2), (3, 1), (4, 1), (5, 1), (6, 1), (7, 3)] {
            store.commit(vec![Change::Plan(Box::new(block(id, rooms)))]).unwrap();
        }
        let running = [1, 2, 3, 6, 7].map(|id| state(id, PlanState::Running));
        store.commit(running.to_vec()).unwrap();
        store.commit(vec![ended(1, 0, true), state(1, PlanState::Done)]).unwrap();
        store.commit(vec![ended(2, 0, true), ended(2, 1, false), state(2, PlanState::Done)]).unwrap();
        store.commit(vec![ended(3, 0, false), state(3, PlanState::Done)]).unwrap();
        // Said again: it happened once.
        store.commit(vec![ended(3, 0, false), state(3, PlanState::Done)]).unwrap();
        store.commit(vec![state(4, PlanState::Cancelled)]).unwrap();
        let stop = Change::Stop { plan: 7, by: owned_user_id!("@mod:hs.test"), at: 2 };
        store.commit(vec![ended(7, 0, true), stop, state(7, PlanState::Done)]).unwrap();
        // A commit that fails counts nothing.
        store.commit(vec![ended(6, 0, true), state(99, PlanState::Done)]).unwrap_err();
        let figures = store.figures().unwrap();
        assert_eq!((figures.running, figures.proposed), (1, 1));
        assert_eq!(
            counted(&figures),
            [
                "job block cancelled 1",
                "job block done 1",
                "job block failed 1",
                "job block partly 1",
                "job block stopped 1",
                "step block_room done 3",
                "step block_room failed 2",
                "step block_room stopped 2",
            ]
        );
    }

    #[test]
    fn what_is_said_is_counted_as_message_or_edit_of_the_feed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let say = |key: &str| Change::Say(Say::new(key.to_owned(), None, &Reply::text("x")));
        let sent = |key: &str, version, event: &str| Change::Delivered {
            key: key.to_owned(),
            version,
            event_id: OwnedEventId::try_from(event).unwrap(),
        };
        let event = |n: u32| WatchedEvent {
            event_id: OwnedEventId::try_from(format!("$w{n}")).unwrap(),
            room_id: owned_room_id!("!a:hs.test"),
            json: serde_json::json!({}),
            received_at: 1,
            seen: Seen::Live,
        };
        let events: Vec<WatchedEvent> = (0..3).map(event).collect();
        let mut changes: Vec<Change> =
            events.iter().cloned().map(|event| Change::Watching(Watching::Seen(event))).collect();
        changes.extend([say("answer-$a"), say("feed-1")]);
        store.commit(changes).unwrap();
        let figures = store.figures().unwrap();
        assert_eq!((figures.outbox, figures.untold), (2, 3));
        let digest =
            Digest { id: 1, room_id: None, seen: Seen::Live, opened_at: 1, events: events[..2].to_vec() };
        store.commit(vec![Change::Watching(Watching::Digest(digest))]).unwrap();
        store.commit(vec![sent("answer-$a", 1, "$1"), sent("feed-1", 1, "$2")]).unwrap();
        store.commit(vec![say("feed-1")]).unwrap();
        store.commit(vec![sent("feed-1", 2, "$2")]).unwrap();
        store.commit(vec![say("given-up")]).unwrap();
        store.commit(vec![Change::GaveUp { key: "given-up".into(), version: 1 }]).unwrap();
        store.commit(vec![Change::Watching(Watching::Closed(1))]).unwrap();
        store.commit(vec![Change::Watching(Watching::Unwanted(vec![owned_event_id!("$w2")]))]).unwrap();
        let figures = store.figures().unwrap();
        assert_eq!((figures.outbox, figures.untold), (0, 0));
        assert_eq!(
            counted(&figures),
            ["sent edit feed 1", "sent message feed 1", "sent message other 1", "told   2"]
        );
    }

    #[test]
    fn a_scrape_reads_no_table_that_grows_but_that_of_cases() {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path()).unwrap());
        let db = Connection::open(folder.path().join(crate::store::opening::DATABASE)).unwrap();
        let mut lines: Vec<String> = Vec::new();
        for query in [WAITING, CASES, COUNTS] {
            let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let rows = explained.query_map([], |row| row.get(3)).unwrap();
            lines.extend(rows.map(Result::unwrap));
        }
        for line in lines.iter().filter(|line| line.starts_with("SCAN") || line.starts_with("SEARCH")) {
            let is_small = ["SCAN gaps", "SCAN forwarded", "SCAN counts", "SCAN CONSTANT ROW"];
            let is_small = is_small.iter().any(|small| line.starts_with(small));
            assert!(is_small || line.contains("INDEX"), "{line}");
        }
    }
}

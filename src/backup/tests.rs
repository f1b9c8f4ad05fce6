//! Backups of folders without a bot: what they hold, what is refused, and what a restored database does not do again.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::SystemTime};

use gleipnir_core::{
    model::{About, Report, ReportKey, ReportKind},
    plan::{Origin, Outcome, Plan, PlanState, PlannedStep, Step, StepState, Undoes},
    ports::{Case, CaseState, Change, InboxEvent, Priority, Records as _, Reporting, Store as _},
    reply::Reply,
    ruma::{OwnedEventId, OwnedRoomId, owned_event_id, owned_room_id, owned_user_id},
    speech::{Say, Sendable},
};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::store::{SqliteStore, opening::RESTORING};

/// A folder with a configuration in it, whose storage folder is `data`.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config_of(&self, user: &str) -> Config {
        self.config_with(user, "password")
    }

    fn config_with(&self, user: &str, secret: &str) -> Config {
        let text = format!(
            "[homeserver]\nurl = \"http://127.0.0.1:1\"\nuser_id = {user:?}\n{secret} = \"x\"\n\
             [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n"
        );
        Config::parse(&text, self.0.path()).unwrap()
    }

    fn config(&self) -> Config {
        self.config_of("@gleipnir:hs.test")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.path("data")).unwrap()
    }

    fn backup(&self, name: &str) -> anyhow::Result<String> {
        backup(&self.config(), &self.path(name), Existing::Kept)
    }

    /// Whether nothing is left of the storage folder, or was made of it.
    fn is_untouched(&self) -> bool {
        !self.path("data").exists() || fs::read_dir(self.path("data")).unwrap().next().is_none()
    }

    #[track_caller]
    fn refuses(&self, name: &str, words: &str) {
        let error = format!("{:#}", restore(&self.config(), &self.path(name)).unwrap_err());
        assert!(error.contains(words), "{error}");
    }
}

fn plan(id: u64, state: PlanState, lasts: Option<i64>) -> Plan {
    let room = owned_room_id!("!a:hs.test");
    let mut step = PlannedStep::from(Step::BlockRoom { room: room.into() });
    step.state = Some(StepState::Following { delete_id: "x".into(), members: 1, removed: 0 });
    if state == PlanState::Done {
        step.outcome = Some(Outcome::Failed { why: "no".into(), but: None });
    }
    Plan {
        id,
        origin: Origin::Command(OwnedEventId::try_from(format!("$e{id}")).unwrap()),
        command: "block".into(),
        typed: format!("!block !a:hs.test {id}"),
        asked_by: owned_user_id!("@mod:hs.test"),
        asked_at: 1,
        because: None,
        undoes: None,
        case: None,
        lasts,
        state,
        decided_by: None,
        changed_at: 1_000,
        expires_at: i64::MAX,
        steps: vec![step],
    }
}

fn report(id: u64, received_ts: i64) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Room, id, received_ts },
        reporter: "@r:hs.test".into(),
        reason: None,
        about: About::Room { room_id: format!("!{id}:hs.test") },
        author: None,
    }
}

fn case(id: u64, received_ts: i64) -> Change {
    let report = report(id, received_ts);
    Change::Reporting(Reporting::Opened(Box::new(Case {
        id,
        about: report.about.clone(),
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: 1,
        changed_at: 1,
        evidence: None,
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: vec![report],
    })))
}

#[test]
fn a_backup_is_whole_private_and_replaces_nothing() {
    let place = Place::new();
    let error = place.backup("b").unwrap_err().to_string();
    assert!(error.contains("nothing to back up"), "{error}");
    let store = place.store();
    store.commit(vec![Change::Cursor("!m:hs.test s1".into())]).unwrap();
    fs::create_dir(place.path("data/matrix")).unwrap();
    fs::write(place.path("data/matrix/recovery-key"), "EsTx\n").unwrap();
    fs::write(place.path("data/matrix/session.json"), "{\"access_token\": \"syt_secret\"}").unwrap();
    // While it is open.
    let said = place.backup("b").unwrap();
    assert!(said.contains("@gleipnir:hs.test") && said.contains("recovery key"), "{said}");
    assert_eq!(fs::metadata(place.path("b")).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(place.path("b")).unwrap();
    assert!(!bytes.windows(10).any(|part| part == b"syt_secret"), "the session is in the backup");
    let error = place.backup("b").unwrap_err().to_string();
    assert!(error.contains("is there already") && error.contains("--force"), "{error}");
    backup(&place.config(), &place.path("b"), Existing::Replaced).unwrap();
    let names: Vec<String> = fs::read_dir(place.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| name == "b" || name == "data"), "something is left over: {names:?}");
    // What was broken off goes, unless it may still be at work; nothing else does.
    for name in [".gleipnir-backup-old.part", ".gleipnir-backup-new.part", ".gleipnir-backup-old.copy"] {
        let file = File::create(place.path(name)).unwrap();
        if !name.contains("new") {
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    }
    backup(&place.config(), &place.path("b"), Existing::Replaced).unwrap();
    assert!(!place.path(".gleipnir-backup-old.part").exists());
    assert!(place.path(".gleipnir-backup-new.part").exists());
    assert!(place.path(".gleipnir-backup-old.copy").exists());
    let error = backup(&place.config(), &place.path("no/where/b"), Existing::Kept).unwrap_err().to_string();
    assert!(error.contains("cannot write"), "{error}");
}

#[test]
fn what_is_no_whole_backup_of_this_account_is_refused_and_nothing_touched() {
    let place = Place::new();
    let store = place.store();
    for n in 0..50 {
        store
            .commit(vec![Change::Say(Say::new(format!("k{n}"), None, &Reply::text("x".repeat(900))))])
            .unwrap();
    }
    place.backup("b").unwrap();
    drop(store);
    fs::copy(place.path("data/gleipnir.sqlite3"), place.path("plain")).unwrap();
    fs::remove_dir_all(place.path("data")).unwrap();
    let bytes = fs::read(place.path("b")).unwrap();
    assert!(bytes.len() > 40_000);
    fs::write(place.path("empty"), "").unwrap();
    fs::write(place.path("foreign"), "this is something else, and long enough to be taken for a database")
        .unwrap();
    let is_newer = Connection::open(place.path("newer")).unwrap();
    is_newer
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 99; CREATE TABLE a (b)"
        ))
        .unwrap();
    for (name, words) in [
        ("nowhere", "there is no file"),
        ("empty", "it is no backup of Gleipnir"),
        ("foreign", "it is no backup of Gleipnir"),
        ("plain", "it is no backup of Gleipnir"),
        ("newer", "made by a newer Gleipnir"),
    ] {
        place.refuses(name, words);
        assert!(place.is_untouched(), "{name}");
    }
    // Cut anywhere, or with a hole in it.
    for length in [1, 50, 100, 1_000, 4_096, 20_480, bytes.len() - 4_096, bytes.len() - 1] {
        fs::write(place.path("cut"), &bytes[..length]).unwrap();
        assert!(restore(&place.config(), &place.path("cut")).is_err(), "{length}");
        assert!(place.is_untouched(), "{length}");
    }
    let mut holed = bytes.clone();
    holed[8_192..12_288].fill(0);
    fs::write(place.path("holed"), holed).unwrap();
    place.refuses("holed", "damaged");
    assert!(place.is_untouched());
    let error = restore(&place.config_of("@other:hs.test"), &place.path("b")).unwrap_err().to_string();
    assert!(error.contains("is a backup of @gleipnir:hs.test, and @other:hs.test is configured"), "{error}");
    assert!(place.is_untouched());
    // A folder in use, one with something in it, and one that is there and empty.
    fs::create_dir(place.path("data")).unwrap();
    let running = place.store();
    place.refuses("b", "another Gleipnir is at work");
    drop(running);
    place.refuses("b", "is not empty");
    fs::remove_dir_all(place.path("data")).unwrap();
    fs::create_dir(place.path("data")).unwrap();
    let said = restore(&place.config(), &place.path("b")).unwrap();
    assert!(said.contains("it logs in as a new device"), "{said}");
    place.refuses("b", "is not empty");
    assert!(place.store().is_said("k49").unwrap());
}

#[test]
fn a_restoration_that_was_broken_off_starts_no_bot_and_is_done_again() {
    let place = Place::new();
    let store = place.store();
    store.commit(vec![Change::Plan(Box::new(plan(1, PlanState::Done, None)))]).unwrap();
    fs::create_dir(place.path("data/matrix")).unwrap();
    fs::write(place.path("data/matrix/recovery-key"), "EsTx\n").unwrap();
    place.backup("b").unwrap();
    drop(store);
    let bytes = fs::read(place.path("b")).unwrap();
    // What SIGKILL leaves: the copy begun, whole, with its journal, with the key, and all but the name.
    for (length, journal, key) in [
        (0, None, None),
        (9_000, None, None),
        (bytes.len(), Some("old"), Some("Es")),
        (bytes.len(), None, Some("EsTx\n")),
    ] {
        fs::remove_dir_all(place.path("data")).unwrap();
        fs::create_dir_all(place.path("data/matrix")).unwrap();
        fs::write(place.path("data/lock"), "").unwrap();
        fs::write(place.path("data").join(RESTORING), &bytes[..length]).unwrap();
        if let Some(journal) = journal {
            fs::write(place.path("data").join(format!("{RESTORING}-journal")), journal).unwrap();
        }
        if let Some(key) = key {
            fs::write(place.path("data/matrix/recovery-key"), key).unwrap();
        }
        let error = SqliteStore::open(&place.path("data")).err().unwrap().to_string();
        assert!(error.contains("was broken off: run gleipnir restore <file> once more"), "{error}");
        assert!(!place.path("data/gleipnir.sqlite3").exists());
        restore(&place.config(), &place.path("b")).unwrap();
        assert_eq!(fs::read_to_string(place.path("data/matrix/recovery-key")).unwrap(), "EsTx\n");
        assert!(place.store().plan(1).unwrap().is_some());
        assert!(!place.path("data").join(RESTORING).exists());
        let database = fs::read(place.path("data/gleipnir.sqlite3")).unwrap();
        assert!(!database.windows(4).any(|part| part == b"EsTx"), "the key stays in the database");
    }
}

#[test]
fn a_restored_database_does_nothing_again() {
    let place = Place::new();
    let store = place.store();
    let before = store.instance().to_owned();
    let earliest = WallClock.now();
    let room: OwnedRoomId = owned_room_id!("!m:hs.test");
    let event = |id: &str| InboxEvent {
        event_id: OwnedEventId::try_from(id).unwrap(),
        json: json!({"body": "!block"}),
        received_at: 1,
    };
    store
        .commit(vec![
            Change::Cursor(format!("{room} s1")),
            Change::Received(event("$waits")),
            Change::Plan(Box::new(plan(1, PlanState::Done, None))),
            Change::Plan(Box::new(plan(2, PlanState::Proposed, None))),
            Change::Plan(Box::new(plan(3, PlanState::Running, None))),
            Change::Plan(Box::new(plan(4, PlanState::Done, Some(1_000)))),
            Change::Plan(Box::new(plan(5, PlanState::Done, Some(i64::MAX / 2)))),
            // One that ends in half an hour, one that is being ended, and one that was being undone when it should end.
            Change::Plan(Box::new(plan(6, PlanState::Done, Some(earliest + 1_800_000)))),
            Change::Plan(Box::new(plan(7, PlanState::Done, Some(1_000)))),
            Change::Plan(Box::new(Plan {
                origin: Origin::Ending(7),
                typed: "end of !block !a:hs.test 7".into(),
                undoes: Some(Undoes::one(7, 1)),
                ..plan(8, PlanState::Running, None)
            })),
            Change::Plan(Box::new(plan(9, PlanState::Done, Some(1_000)))),
            Change::Plan(Box::new(Plan {
                undoes: Some(Undoes::one(9, 1)),
                ..plan(10, PlanState::Running, None)
            })),
            Change::Say(Say::new("unsent", None, &Reply::text("unsent"))),
            Change::Say(Say::new("card-1", None, &Reply::text("sent"))),
            Change::Delivered { key: "card-1".into(), version: 1, event_id: owned_event_id!("$card") },
            case(1, 5),
        ])
        .unwrap();
    assert_eq!(store.unweighed().unwrap(), [(1, 0)]);
    place.backup("b").unwrap();
    drop(store);
    fs::remove_dir_all(place.path("data")).unwrap();
    let said = restore(&place.config(), &place.path("b")).unwrap();
    assert!(said.contains("is restored from a backup of 20"), "{said}");

    // Rules act on what is reported from the first start on.
    std::thread::sleep(Duration::from_millis(30));
    let restored_by = WallClock.now();
    std::thread::sleep(Duration::from_millis(30));
    drop(place.store());
    let store = place.store();
    assert_ne!(store.instance(), before);
    assert_eq!(store.cursor(), Ok(Some(format!("{room} "))));
    assert_eq!(crate::management::was_read_up_to(&store, &room), Ok(None));
    assert_eq!(store.unhandled(), Ok(Vec::new()));
    let state = |id| store.plan(id).unwrap().unwrap().state;
    assert_eq!(
        [1, 2, 3, 4, 8, 10].map(state),
        [
            PlanState::Done,
            PlanState::Expired,
            PlanState::Done,
            PlanState::Done,
            PlanState::Done,
            PlanState::Done
        ]
    );
    let Some(Outcome::Failed { why, but }) = &store.plan(3).unwrap().unwrap().steps[0].outcome else {
        panic!("a job goes on")
    };
    assert!(why.contains("restored from a backup"), "{why}");
    assert!(but.as_deref().is_some_and(|but| but.contains("I do not know")), "{but:?}");
    // What should have ended, or was being ended, ends no more by itself. What ends soon holds on for an hour, and what
    // ends later, ends then.
    let lasting: Vec<u64> = store.lasting().unwrap().iter().map(|plan| plan.id).collect();
    assert_eq!(lasting, [5, 6]);
    for id in [4, 7, 9] {
        assert_eq!(store.undone_by(id), Ok(None), "{id} cannot be undone");
    }
    let until = |id| store.plan(id).unwrap().unwrap().lasts_until().unwrap();
    assert!((earliest + 3_600_000..earliest + 3_700_000).contains(&until(6)), "{}", until(6));
    assert_eq!(until(5), 1_000 + i64::MAX / 2);
    assert_eq!((store.next_plan_id(), store.next_case_id()), (Ok(2_001), Ok(2_001)));
    // One message, of what is no longer known; messages of before are still known by their events.
    let undelivered = store.undelivered().unwrap();
    let [notice] = &undelivered[..] else { panic!("{undelivered:?}") };
    assert_eq!(notice.key, notice_key(store.instance()));
    let Sendable::Message { rendered, .. } = &notice.what else { panic!("{notice:?}") };
    for words in [
        "I was restored from a backup of 20",
        "These jobs were under way",
        "job 3: ",
        "waited for a confirmation and are dropped:",
        "job 2: ",
        "These still end by themselves",
        "The time of these is over.",
        "(asked for by `@mod:hs.test`): `!undo 4`",
        "(asked for by `@mod:hs.test`): `!undo 7`",
        "(asked for by `@mod:hs.test`): `!undo 9`",
        "job 5: ",
        "job 6: ",
        "job 10: ",
        "New jobs begin at 2001, new cases at 2001",
    ] {
        assert!(rendered.text.contains(words), "{words}: {}", rendered.text);
    }
    for words in ["job 1: ", "job 8: ", "`!undo 5`"] {
        assert!(!rendered.text.contains(words), "{words}: {}", rendered.text);
    }
    assert_eq!(store.key_of(&owned_event_id!("$card")), Ok(Some("card-1".into())));
    assert_eq!(store.unweighed(), Ok(Vec::new()));
    store.commit(vec![case(2_001, restored_by), case(2_002, WallClock.now() + 1_000)]).unwrap();
    assert_eq!(store.unweighed(), Ok(vec![(2_002, 0)]));
    // One that is there already counts once.
    let joined = |report| Change::Reporting(Reporting::Joined { case: 2_001, report });
    store.commit(vec![joined(report(2_001, restored_by))]).unwrap();
    store.commit(vec![joined(report(7_000, WallClock.now() + 1_000))]).unwrap();
    assert_eq!(store.unweighed(), Ok(vec![(2_001, 1), (2_002, 0)]));
    // It is no backup any more, and holds no secret of it.
    drop(store);
    place.refuses("data/gleipnir.sqlite3", "it is no backup of Gleipnir");
}

#[test]
fn with_an_access_token_a_new_one_is_asked_for() {
    let place = Place::new();
    drop(place.store());
    place.backup("b").unwrap();
    fs::remove_dir_all(place.path("data")).unwrap();
    let config = place.config_with("@gleipnir:hs.test", "access_token");
    let said = restore(&config, &place.path("b")).unwrap();
    assert!(said.contains("an access token of a new login") && !said.contains("it logs in"), "{said}");
}

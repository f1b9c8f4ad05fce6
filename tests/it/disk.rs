//! Disks that are full, folders that cannot be written, and databases that cannot be used.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Kind, Scene, Under};

const FULL: &str = "cannot write to the folder";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_does_nothing_twice() {
    for kind in [Kind::Open, Kind::Encrypted] {
        full_disk(kind).await;
    }
}

async fn full_disk(kind: Kind) {
    let Some(mut scene) = Scene::new(kind).await else { return };
    scene.bot.under = Under::Quota;
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears("Hello, I am").await;
    m.good("!block !a:hs.test", "block – done").await;
    let crowd = scene.crowd("member", 20).await;
    let room = scene.room(&crowd[0], "Crowded", &crowd[1..]).await;
    let other = scene.room(&crowd[0], "Another", &[]).await;
    let waiting = m.say(&format!("!shutdown {other}")).await;
    let preview = m.answer(&waiting, "do it?").await;
    let at_work = scene.shut_down(&format!("!shutdown {room}")).await;
    scene.removed(&room, 2).await;

    scene.bot.fill_disk();
    m.react(&preview.id, "✅").await;
    let block = m.say("!block !b:hs.test").await;
    let question = m.say("!version").await;
    scene.bot.logs(FULL).await;
    if kind == Kind::Open {
        m.hears("I cannot write to my storage folder").await;
    }
    // The server goes on with what it was asked for before.
    scene.removed(&room, usize::MAX).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    for command in [&block, &question] {
        assert_eq!(m.replies(command), [], "{kind:?}");
    }
    assert!(!scene.is_blocked("!b:hs.test").await, "{kind:?}");
    assert_eq!(scene.delete_tasks(&other).await, Vec::<Value>::new(), "{kind:?}");
    let log = scene.bot.log_of_run();
    assert_eq!(log.matches(FULL).count(), 1, "{log}");
    assert!(log.contains("make room there"), "{log}");
    let complaints = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).count();
    assert!(complaints < 10, "{complaints} lines are too many:\n{log}");

    scene.bot.make_room();
    m.answer(&block, "block – done").await;
    m.answer(&question, "Gleipnir").await;
    m.answer(&waiting, "shutdown – done").await;
    m.answer(&at_work, "shutdown – done").await.says(&["Removed (20)"]);
    m.hears("I can write to my storage folder again").await;
    for (room, what) in [(&room, "at work"), (&other, "confirmed")] {
        assert_eq!(scene.delete_tasks(room).await.len(), 1, "{kind:?}: {what}");
        assert!(!scene.knows(room).await, "{kind:?}: {what}");
    }
    assert!(scene.is_blocked("!b:hs.test").await);
    for (command, replies) in [(&block, 1), (&question, 1), (&waiting, 2), (&at_work, 2)] {
        m.marked(command, "✅").await;
        assert_eq!(m.replies(command).len(), replies, "{kind:?}: {:?}", m.replies(command));
    }
    scene.bot.logs("can be written again").await;
    assert_eq!(scene.bot.log_of_run().matches("Gleipnir 0.1.0 for").count(), 1, "one process all the time");

    // What is new is read, also where it is encrypted; and a restart does nothing of it again.
    let m = &scene.moderator;
    m.good("!unblock !b:hs.test", "unblock – done").await;
    assert_eq!(scene.bot.stop().await, 0);
    let said = m.said().len();
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.said().len(), said + 1, "{kind:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_on_a_full_disk_is_replaced_when_there_is_room() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.under = Under::Quota;
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    scene.bot.fill_disk();
    scene.log_out().await;
    let missed = scene.moderator.say("!version").await;
    scene.bot.logs("the homeserver has ended my session").await;
    scene.bot.logs(FULL).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    scene.bot.make_room();
    scene.moderator.answer(&missed, "Gleipnir").await;
    let log = scene.bot.log_of_run();
    assert_eq!(log.matches("how=NewDevice").count(), 1, "a device was made in vain:\n{log}");
    assert_eq!(log.matches("Gleipnir 0.1.0 for").count(), 1, "one process all the time");
    assert!(!log.contains("move it away"), "{log}");
    scene.bot.logs("can be written again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_cannot_be_written_are_named_at_the_start() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    assert_eq!(scene.bot.stop().await, 0);
    // Full: starting again may help.
    scene.bot.under = Under::FullDisk;
    for fresh in [false, true] {
        if fresh {
            fs::remove_dir_all(scene.bot.path("data")).unwrap();
        }
        scene.bot.launch();
        assert_eq!(scene.bot.ended().await, 1, "{}", scene.bot.log_of_run());
        let log = scene.bot.log_of_run();
        assert!(log.contains("storage.path") && log.contains("Make room"), "{log}");
    }
    scene.bot.under = Under::Nothing;
    scene.bot.start().await;
    assert_eq!(scene.bot.stop().await, 0);

    // Somebody else's: it does not. Root can write everything, so it is not root who tries.
    let is_root = fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t");
    if is_root {
        scene.bot.under = Under::Nobody;
        open_to_all(&scene.bot.path(""));
    }
    let data = scene.bot.path("data");
    for (folder, file) in [(0o555, 0o644), (0o777, 0o444)] {
        let set = |folder, file| {
            for entry in
                fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
            {
                fs::set_permissions(entry, Permissions::from_mode(file)).unwrap();
            }
            fs::set_permissions(&data, Permissions::from_mode(folder)).unwrap();
        };
        set(folder, file);
        scene.bot.launch();
        let code = scene.bot.ended().await;
        set(0o755, 0o644);
        let log = scene.bot.log_of_run();
        assert_eq!(code, 2, "{log}");
        assert!(log.contains("storage.path") && log.contains("cannot write"), "{log}");
    }
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_cannot_be_used_end_with_what_to_do() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    scene.moderator.good("!block !a:hs.test", "block – done").await;
    assert_eq!(scene.bot.stop().await, 0);
    let path = scene.bot.path("data/gleipnir.sqlite3");
    let good = fs::read(&path).unwrap();
    let set_version = |version: u32| {
        Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
    };
    let foreign = b"this is no database, but long enough to be taken for one that is broken".to_vec();
    let mut holed = good.clone();
    holed[4_096..].fill(0x5a);
    let cut = good[..good.len() / 2].to_vec();
    for (bytes, words) in
        [(foreign, "file is not a database"), (holed, "It is damaged"), (cut, "It is damaged")]
    {
        fs::write(&path, bytes).unwrap();
        scene.bot.launch();
        assert_eq!(scene.bot.ended().await, 2);
        let log = scene.bot.log_of_run();
        assert!(log.contains(words) && log.contains("gleipnir restore <file>"), "{words}: {log}");
    }
    fs::write(&path, &good).unwrap();
    set_version(99);
    scene.bot.launch();
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(
        log.contains("it is of version 99, made by a newer Gleipnir") && log.contains("restore"),
        "{log}"
    );
    fs::write(&path, &good).unwrap();

    // Damaged while it runs.
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    overwrite(&path);
    let command = scene.moderator.say("!block !b:hs.test").await;
    assert_eq!(scene.bot.ended().await, 2, "{}", scene.bot.log_of_run());
    let log = scene.bot.log_of_run();
    assert!(log.contains("It is damaged") && log.contains("gleipnir restore <file>"), "{log}");
    assert_eq!(scene.moderator.replies(&command), []);
    assert!(!scene.is_blocked("!b:hs.test").await);
    fs::write(&path, &good).unwrap();
    for rest in ["-wal", "-shm"] {
        drop(fs::remove_file(scene.bot.path(&format!("data/gleipnir.sqlite3{rest}"))));
    }

    // The stores of its session: damaged, and those of another device.
    let crypto = scene.bot.path("data/matrix/sdk/matrix-sdk-crypto.sqlite3");
    let own = fs::read(&crypto).unwrap();
    fs::write(&crypto, vec![0x5a; own.len()]).unwrap();
    scene.bot.launch();
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(log.contains("matrix/sdk") && log.contains("move it away and start again"), "{log}");
    fs::write(&crypto, own).unwrap();
    let (stores, old) = (scene.bot.path("data/matrix/sdk"), scene.bot.path("old-stores"));
    fs::rename(&stores, &old).unwrap();
    let said = scene.moderator.said().len();
    scene.bot.start().await;
    scene.moderator.hears_after(said, "I am a new device now").await;
    scene.moderator.good("!audit", "`!a:hs.test`").await;
    assert_eq!(scene.bot.stop().await, 0);
    fs::remove_dir_all(&stores).unwrap();
    fs::rename(&old, &stores).unwrap();
    scene.bot.launch();
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(log.contains("matrix/sdk") && log.contains("move it away and start again"), "{log}");

    // Damaged while it runs.
    fs::remove_dir_all(&stores).unwrap();
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    overwrite(&stores.join("matrix-sdk-state.sqlite3"));
    scene.moderator.say("!version").await;
    assert_eq!(scene.bot.ended().await, 2, "{}", scene.bot.log_of_run());
    let log = scene.bot.log_of_run();
    assert!(log.contains("the store in matrix/sdk (storage.path) is damaged"), "{log}");
}

/// Overwrites a database that somebody else has open.
fn overwrite(path: &Path) {
    let database = Connection::open(path).unwrap();
    database.busy_timeout(Duration::from_secs(30)).unwrap();
    // What others remember of the file is out of date then.
    database.execute_batch("CREATE TABLE x (y); DROP TABLE x").unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let length = fs::metadata(path).unwrap().len();
    drop(database);
    fs::write(path, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
}

//! `gleipnir backup` beside a bot at work, and `gleipnir restore`: the bot goes on from the past without repeating it.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::json;
use throwaway_synapse::{Role, path_part};

use crate::support::{Bot, Kind, Scene};

/// Makes a backup of this name beside the bot.
fn back_up(bot: &Bot, name: &str) {
    let path = bot.path(name);
    let (code, said) = bot.cli(&["backup", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("holds a backup of @gleipnir:hs.test") && said.contains("recovery key"), "{said}");
}

fn restore(bot: &Bot, name: &str) -> (i32, String) {
    bot.cli(&["restore", bot.path(name).to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_bot_goes_on_and_repeats_nothing() {
    let Some(mut scene) = Scene::at_work(Kind::Encrypted).await else { return };
    let m = &scene.moderator;
    let gone = scene.room(&m.user, "To be shut down", &[]).await;
    m.good("!block !a:hs.test", "block – done").await;
    let undone = m.good("!block !b:hs.test", "block – done").await.job();
    let command = m.say(&format!("!shutdown {gone}")).await;
    let preview = m.answer(&command, "do it?").await;
    let asked = preview.number("!confirm ");
    back_up(&scene.bot, "backup");

    // Since then much was done.
    m.react(&preview.id, "✅").await;
    m.answer(&command, "shutdown – done").await;
    m.good(&format!("!unblock {gone}"), "unblock – done").await;
    m.good(&format!("!undo {undone}"), "undo – done").await;
    m.good("!block !c:hs.test", "block – done").await;
    m.good("!unblock !a:hs.test", "unblock – done").await;
    let (code, said) = restore(&scene.bot, "backup");
    assert_eq!((code, said.contains("another Gleipnir is at work")), (1, true), "{said}");
    m.good("!version", "Gleipnir").await;
    scene.bot.kill();
    let (code, said) = restore(&scene.bot, "backup");
    assert_eq!((code, said.contains("is not empty")), (1, true), "{said}");
    fs::rename(scene.bot.path("data"), scene.bot.path("lost")).unwrap();
    let missed = m.say("!block !d:hs.test").await;
    let (code, said) = restore(&scene.bot, "backup");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("is restored from a backup of 20"), "{said}");

    let before = m.said().len();
    scene.bot.start().await;
    let m = &scene.moderator;
    let notice = m.hears_after(before, "I was restored from a backup of").await;
    notice.says(&[
        "waited for a confirmation and are dropped",
        &format!("job {asked}: "),
        "New jobs begin at 2001",
    ]);
    m.hears_after(before, "I am a new device now").await.leaves_out(&["my jobs"]);
    // It reads what is encrypted, and has proved who it is.
    m.good("!status", "this device is signed by my identity").await;
    m.good("!audit", "`!a:hs.test`").await.leaves_out(&["!c:hs.test"]);
    m.bad(&format!("!confirm {asked}"), "was not confirmed in time").await;
    let blocked = async |room: &str| scene.is_blocked(room).await;
    for (room, want) in [
        ("!a:hs.test", false),
        ("!b:hs.test", false),
        ("!c:hs.test", true),
        ("!d:hs.test", false),
        (gone.as_str(), false),
    ] {
        assert_eq!(blocked(room).await, want, "{room}");
    }
    assert_eq!(scene.delete_tasks(&gone).await.len(), 1);
    // What was undone since is undone again at most: the room stays open.
    m.say(&format!("!undo {undone}")).await;
    let new = m.good("!block !e:hs.test", "block – done").await.job();
    assert!(new > 2_000, "{new}");
    assert!(!scene.is_blocked("!b:hs.test").await);
    assert_eq!(m.replies(&missed), [], "it was said while there was no bot");
    // All of that once.
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    let m = &scene.moderator;
    m.good("!jobs", "Nothing is under way.").await;
    for (words, times) in [("I was restored", 1), ("Hello, I am", 1), ("My storage folder is new", 0)] {
        let found = m.said().iter().filter(|said| said.text.contains(words)).count();
        assert_eq!(found, times, "{words}\n{}", m.transcript());
    }
}

const RULES: &str = r#"
[reports]
poll_interval = "1s"

[[reports.rules]]
name = "spam"
when = { reason = "spam" }
do = ["suspend"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn rules_act_on_no_report_of_before() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = RULES.to_owned();
    let [eve, dan, bob] = ["eve", "dan", "bob"].map(|name| scene.synapse.register(name, Role::User));
    let (eve, dan, bob) = (eve.await.unwrap(), dan.await.unwrap(), bob.await.unwrap());
    let club = scene.room(&eve, "Club", &[dan.clone(), bob.clone()]).await;
    scene.bot.start().await;
    scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
    back_up(&scene.bot, "backup");
    let report = async |event: &str| {
        let path = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(&club), path_part(event));
        bob.post(&path, json!({"reason": "spam"})).await.unwrap();
    };
    let m = &scene.moderator;
    let old = eve.send_text(&club, "buy this").await.unwrap();
    report(&old).await;
    m.hears("by the rule “spam” – done").await;
    m.good("!unsuspend @eve:hs.test", "unsuspend – done").await;
    scene.bot.kill();
    fs::remove_dir_all(scene.bot.path("data")).unwrap();
    assert_eq!(restore(&scene.bot, "backup").0, 0);
    let before = m.said().len();
    scene.bot.start().await;
    let m = &scene.moderator;
    // It is a case again, and nothing more.
    m.hears_after(before, &format!("Event: `{old}`")).await;
    let new = dan.send_text(&club, "buy that").await.unwrap();
    report(&new).await;
    m.hears_after(before, "by the rule “spam” – done").await.says(&["@dan:hs.test"]);
    assert_eq!(scene.account("@eve:hs.test").await["suspended"], false, "a rule acted twice");
    assert_eq!(scene.account("@dan:hs.test").await["suspended"], true);
}

/// How much is in the database, so that copying it takes a moment.
const LARGE: u32 = 24 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_half_way_leaves_nothing_that_looks_whole() {
    let mut bot = Bot::new("http://127.0.0.1:1", "!m:hs.test".to_owned());
    bot.launch();
    bot.logs("the homeserver does not answer").await;
    bot.kill();
    fs::create_dir_all(bot.path("data/matrix")).unwrap();
    fs::write(bot.path("data/matrix/recovery-key"), "EsTsomething\n").unwrap();
    let database = Connection::open(bot.path("data/gleipnir.sqlite3")).unwrap();
    let large = "INSERT INTO outbox (key, kind, bytes) VALUES ('large', 'file', randomblob(?))";
    database.execute(large, [LARGE]).unwrap();
    drop(database);
    let started = Instant::now();
    back_up(&bot, "whole");
    let takes = started.elapsed();

    // Killed at ten moments of the time that it takes.
    for n in 1..=10 {
        let name = format!("backup-{n}");
        kill_after(&bot, &["backup", bot.path(&name).to_str().unwrap()], takes * n / 10);
        if bot.path(&name).exists() {
            fs::rename(bot.path("data"), bot.path("kept")).unwrap();
            assert_eq!(
                restore(&bot, &name),
                (0, restored(&bot, &name)),
                "backup {n} is there, and not whole"
            );
            fs::remove_dir_all(bot.path("data")).unwrap();
            fs::rename(bot.path("kept"), bot.path("data")).unwrap();
        }
    }
    fs::rename(bot.path("data"), bot.path("kept")).unwrap();
    let started = Instant::now();
    assert_eq!(restore(&bot, "whole").0, 0);
    let takes = started.elapsed();
    let mut broken_off = 0;
    for n in 1..=10 {
        fs::remove_dir_all(bot.path("data")).unwrap();
        let whole = bot.path("whole");
        let arguments = ["restore", whole.to_str().unwrap()];
        if n % 2 == 0 {
            // However long it takes today, it has begun by then.
            kill_once(&bot, &arguments, "data/gleipnir.sqlite3.restoring");
        } else {
            kill_after(&bot, &arguments, takes * n / 10);
        }
        if !bot.path("data/gleipnir.sqlite3").exists() {
            if bot.path("data/gleipnir.sqlite3.restoring").exists() {
                broken_off += 1;
                let (code, said) = bot.cli(&["run"]);
                assert_eq!((code, said.contains("was broken off")), (2, true), "{said}");
            }
            let (code, said) = restore(&bot, "whole");
            assert_eq!(code, 0, "{n}: {said}");
        }
        check_whole(&bot);
    }
    assert!(broken_off > 0, "no restoration was killed half-way in {takes:?}");
}

/// What a restoration of a good backup says.
fn restored(bot: &Bot, name: &str) -> String {
    let backup = Connection::open(bot.path(name)).unwrap();
    let made_at: String =
        backup.query_row("SELECT value FROM backup WHERE key = 'made_at'", [], |row| row.get(0)).unwrap();
    let made_at = gleipnir_core::text::duration::date(made_at.parse().unwrap());
    format!(
        "{} is restored from a backup of {made_at}; start Gleipnir: it logs in as a new device and says in the management \
         room what it no longer knows.\n",
        bot.path("data").display()
    )
}

fn kill_after(bot: &Bot, arguments: &[&str], time: Duration) {
    let mut child = bot.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(time);
    drop(child.kill());
    child.wait().unwrap();
}

/// Kills it as soon as there is a file.
fn kill_once(bot: &Bot, arguments: &[&str], file: &str) {
    let mut child = bot.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !bot.path(file).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(child.kill());
    child.wait().unwrap();
}

fn check_whole(bot: &Bot) {
    let database = Connection::open(bot.path("data/gleipnir.sqlite3")).unwrap();
    let ask = |query: &str| database.query_row(query, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    assert_eq!(ask("SELECT count(*) || '' FROM meta WHERE key = 'restored_at'"), "1");
    assert_eq!(ask("SELECT count(*) || '' FROM sqlite_schema WHERE name LIKE 'backup%'"), "0");
    assert_eq!(fs::read_to_string(bot.path("data/matrix/recovery-key")).unwrap(), "EsTsomething\n");
}

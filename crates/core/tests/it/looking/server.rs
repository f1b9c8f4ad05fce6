//! `!token`, `!federation`, `!tasks`, `!biggest`.

use gleipnir_core::{
    model::{DELETE_ROOM, Destination, RegistrationToken, RoomSize, ScheduledTask},
    ports::Fault,
    ruma::OwnedServerName,
    testing::Stage,
};

use super::MIDNIGHT;
use crate::scene::{has, moderator, stage};

const SECRET: &str = "swordfish-and-more";

fn with_tokens() -> Stage {
    let stage = stage();
    let token = |token: &str, uses_allowed, completed, expires_at| RegistrationToken {
        token: token.into(),
        uses_allowed,
        pending: 0,
        completed,
        expires_at,
    };
    stage.homeserver.put_token(token("spent-long-ago-x", Some(1), 1, None));
    stage.homeserver.put_token(token(SECRET, Some(5), 3, Some(MIDNIGHT + 86_400_000)));
    stage.homeserver.put_token(token("swift-expired-xx", None, 2, Some(MIDNIGHT - 86_400_000)));
    stage
}

#[tokio::test]
async fn registration_tokens_are_told_by_their_beginnings() {
    let mut stage = with_tokens();
    let said = stage.say("!token list").await;
    has(
        &said,
        &[
            "3 registration tokens, 1 of which can be used:\n• `swor…` can be used: used 3 of 5 times, until 2026-11-22 00:00:00 UTC",
            "• `spen…` can no longer be used: used 1 of 1 time, for ever",
            "• `swif…` can no longer be used: used 2 times, without limit, expired 2026-11-20",
        ],
    );
    let shown = stage.say("!token show swor…").await;
    has(&shown, &["`swor…` can be used"]);
    let whole = stage.say(&format!("!token show {SECRET}")).await;
    for said in [&said, &shown, &whole] {
        assert!(!said.contains("swordfish"), "{said}");
    }
    has(&stage.say("!token show swor --reveal").await, &[&format!("`{SECRET}` can be used")]);
    has(&stage.say("!token show sw").await, &["2 registration tokens begin so: give more of it."]);
    has(&stage.say("!token show nope").await, &["No registration token is or begins so."]);
    has(&stage.say("!token show").await, &["Give the token, or its beginning: `!token show <token>`."]);
    has(&stage.say("!token list swor").await, &["`!token show <token>`"]);
    has(&stage.say("!token drop").await, &["it takes list, show, new, edit, delete."]);
}

#[tokio::test]
async fn without_tokens_or_with_delegated_authentication() {
    let mut stage = stage();
    assert_eq!(stage.say("!token list").await, "There is no registration token.");
    stage.homeserver.fail_once("registration_tokens", Fault::NotRouted { status: 404 });
    has(
        &stage.say("!token list").await,
        &["with delegated authentication they are kept by the authentication service."],
    );
    stage.homeserver.fail_once("registration_tokens", Fault::Timeout);
    has(&stage.say("!token list").await, &["did not answer in time."]);
}

fn server(stage: &Stage, name: &str, failing_since: Option<i64>, rooms: usize) {
    let name = OwnedServerName::try_from(name).expect("a server name");
    let destination = Destination {
        name: name.to_string(),
        failing_since,
        last_try_at: failing_since.map(|_| MIDNIGHT - 60_000),
        retry_interval: if failing_since.is_some() { 3_600_000 } else { 0 },
        was_reached: true,
    };
    let rooms = (0..rooms).map(|n| if n == 0 { "!bad:hs.test".to_owned() } else { format!("!r{n}:hs.test") });
    stage.homeserver.put_destination(&name, destination, rooms.collect());
}

#[tokio::test]
async fn servers_that_cannot_be_reached_come_first() {
    let mut stage = stage();
    has(
        &stage.say("!federation").await,
        &["None of the 0 other servers that this one knows fails to be reached."],
    );
    server(&stage, "a.test", None, 2);
    server(&stage, "b.test", Some(MIDNIGHT - 3_600_000), 0);
    server(&stage, "c.test", Some(MIDNIGHT - 86_400_000), 0);
    assert_eq!(
        stage.say("!federation").await,
        "2 servers that cannot be reached, the longest first; 3 are known:
• `c.test`: cannot be reached since 2026-11-20 00:00:00 UTC (1 day ago)
• `b.test`: cannot be reached since 2026-11-20 23:00:00 UTC (1 hour ago)"
    );
    has(&stage.say("!federation --all").await, &["3 servers:\n• `a.test`: can be reached\n"]);
    has(&stage.say("!federation TEST").await, &["3 servers:"]);
    has(
        &stage.say("!federation nowhere.test").await,
        &["This server never had to do with a server whose name is or contains"],
    );
    has(
        &stage.say("!federation A.test").await,
        &[
            "`a.test`: can be reached.\n\n2 rooms shared with it:\n• Spam (`#bad:hs.test`, `!bad:hs.test`), 4 members\n• `!r1:hs.test`",
        ],
    );
    has(
        &stage.say("!federation b.test").await,
        &[
            "Last try: 2026-11-20 23:59:00 UTC",
            "Next try: 2026-11-21 00:59:00 UTC (in 58 min",
            "Rooms shared: none",
        ],
    );
    stage.homeserver.fail_once("shared_rooms", Fault::Timeout);
    has(&stage.say("!federation a.test").await, &["can be reached", "Rooms shared: could not be read"]);
    for method in ["destinations", "destination"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        let command = if method == "destination" { "!federation a.test" } else { "!federation" };
        has(&stage.say(command).await, &["did not answer in time."]);
    }
}

#[tokio::test]
async fn thousands_of_servers_and_shared_rooms_are_paged() {
    let mut stage = stage();
    for n in 0..5000 {
        server(&stage, &format!("s{n:04}.test"), (n % 2 == 0).then_some(MIDNIGHT - n), 0);
    }
    server(&stage, "z.test", None, 200);
    has(
        &stage.say("!federation --limit 100").await,
        &["Servers 1–100 of 2,500", "5,001 are known", "`s4998.test`"],
    );
    has(&stage.react(moderator(), "answer-$event1", "➡️").await, &["Servers 101–200 of 2,500"]);
    has(&stage.say("!federation --all --page 3").await, &["Servers 41–60 of 5,001"]);
    has(&stage.say("!federation --page 999").await, &["There are only 2,500 such servers"]);
    has(&stage.say("!federation z.test --page 2").await, &["Rooms 21–40 of 200 shared with it:"]);
}

fn task(id: &str, action: &str, status: &str, error: Option<&str>) -> ScheduledTask {
    ScheduledTask {
        id: id.into(),
        action: action.into(),
        status: status.into(),
        timestamp_ms: MIDNIGHT - 60_000,
        resource_id: Some("!bad:hs.test".into()),
        result: None,
        error: error.map(str::to_owned),
    }
}

#[tokio::test]
async fn what_the_server_does_in_the_background() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!tasks").await,
        "The database is not being changed.\n\nNo task is under way, and none failed in the last days."
    );
    stage.homeserver.put_update("rebuild `x`", 1200);
    stage.homeserver.put_task(task("one", DELETE_ROOM, "complete", None));
    stage.homeserver.put_task(task("two", DELETE_ROOM, "failed", Some("400: no\nJobs: none")));
    stage.homeserver.put_task(task("three", "update_join_states", "active", None));
    let said = stage.say("!tasks").await;
    has(
        &said,
        &[
            "The database is being changed; meanwhile parts of the server are slow or know less:\n• `rebuild 'x'`, 1,200 done",
            "2 tasks, the newest first:\n• task `update_join_states`, `!bad:hs.test`: at work, 2026-11-20 23:59:00 UTC",
            "• deletion of a room, `!bad:hs.test`: failed, 2026-11-20 23:59:00 UTC",
            "(`two`); the server says: 400: no Jobs: none",
            "1 that ended well: `!tasks --all`.",
        ],
    );
    has(&stage.say("!tasks --all").await, &["3 tasks, the newest first:", ": complete, "]);
    stage.homeserver.fail_once("scheduled_tasks", Fault::NotRouted { status: 404 });
    has(
        &stage.say("!tasks").await,
        &["The server does not tell its tasks: it does from Synapse 1.130 on.", "`rebuild 'x'`"],
    );
    stage.homeserver.fail_once("background_updates", Fault::Timeout);
    has(&stage.say("!tasks").await, &["What is changed in the database could not be read", "2 tasks"]);
    stage.homeserver.fail_once("scheduled_tasks", Fault::Timeout);
    has(&stage.say("!tasks").await, &["Its tasks could not be read", "`rebuild 'x'`"]);
    for n in 0..500 {
        stage.homeserver.put_task(task(&format!("t{n}"), DELETE_ROOM, "active", None));
    }
    has(&stage.say("!tasks --page 2").await, &["502 tasks, page 2 of 26"]);
}

#[tokio::test]
async fn the_rooms_that_take_most_space() {
    let mut stage = stage();
    has(
        &stage.say("!biggest").await,
        &["only PostgreSQL can. Which rooms have most state: `!rooms --order-by state_events`."],
    );
    let size = |id: &str, bytes| RoomSize { room_id: id.into(), bytes };
    stage.homeserver.put_sizes(vec![size("!bad:hs.test", 5_000_000_000), size("!x:hs.test", 1024)]);
    assert_eq!(
        stage.say("!biggest").await,
        "2 rooms by space in the database, largest first:
• about 4.6 GiB Spam (`#bad:hs.test`, `!bad:hs.test`), 4 members
• about 1 KiB `!x:hs.test`"
    );
    stage.homeserver.put_sizes((0..150).map(|n| size(&format!("!r{n}:hs.test"), 150 - n)).collect());
    has(&stage.say("!biggest --page 2").await, &["Rooms 21–40 of 150 by space"]);
    has(&stage.say("!biggest --page 20").await, &["There are only 150 such rooms"]);
    stage.homeserver.put_sizes(Vec::new());
    has(&stage.say("!biggest").await, &["The database has no estimate yet"]);
    stage.homeserver.fail_once("largest_rooms", Fault::Timeout);
    has(&stage.say("!biggest").await, &["did not answer in time."]);
}

/// That call of the admin API tells password hashes.
#[test]
fn trap_19_what_tells_password_hashes_is_never_asked_for() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders =
        vec![root.join("src"), root.join("crates/synapse-admin/src"), root.join("crates/matrix/src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("it is text");
                assert!(!text.contains("search_users/"), "{}", path.display());
                assert!(!text.contains("password_hash"), "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 50, "{files}");
}

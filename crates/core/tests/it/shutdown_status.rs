//! `!shutdown-status`: what became of deletions.

use gleipnir_core::{
    model::{DELETE_ROOM, HistoryPurge, LocalEvents, PURGE_HISTORY, ScheduledTask},
    ports::{Effects as _, Fault},
    ruma::owned_event_id,
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, moderator, stage};

/// 2026-11-20 00:00:00 UTC
const DAY: i64 = 1_795_132_800_000;

fn task(id: &str, status: &str, result: Option<Value>, error: Option<&str>) -> ScheduledTask {
    ScheduledTask {
        id: id.to_owned(),
        action: DELETE_ROOM.to_owned(),
        status: status.to_owned(),
        timestamp_ms: DAY,
        resource_id: Some(bad_room().to_string()),
        result,
        error: error.map(str::to_owned),
    }
}

fn removed(users: &[&str]) -> Value {
    json!({"kicked_users": users, "failed_to_kick_users": [], "local_aliases": [], "new_room_id": null})
}

#[tokio::test]
async fn a_shutdown_of_ours_is_told_with_its_job() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    let said = stage.say("!shutdown-status !bad:hs.test").await;
    has(
        &said,
        &[
            "Deletions of Spam (`#bad:hs.test`, `!bad:hs.test`), oldest first:\n• `",
            ": complete; 3 removed: `@user0:hs.test`, `@user1:hs.test`, `@user2:hs.test`; aliases: `#bad:hs.test`; see `!job 1`",
        ],
    );
    let id = said.split('`').nth(5).unwrap();
    let one = stage.say(&format!("!shutdown-status {id}")).await;
    has(&one, &["That deletion:", "complete, Spam (`#bad:hs.test`, `!bad:hs.test`); 3 removed"]);
}

#[tokio::test]
async fn trap_02_complete_with_nothing_removed_says_so() {
    let mut stage = stage();
    stage.homeserver.put_task(task("EmptyEmptyEmpty1", "complete", Some(removed(&[])), None));
    assert_eq!(
        stage.say("!shutdown-status !bad:hs.test").await,
        "Deletions of `!bad:hs.test`, oldest first:
• 2026-11-20 00:00:00 UTC `EmptyEmptyEmpty1`: complete; nobody was removed: nobody local was in the room, or the server did not know it

The server knows the room still, or again: `!room !bad:hs.test`."
    );
}

#[tokio::test]
async fn trap_03_the_error_comes_from_the_scheduled_tasks() {
    let mut stage = stage();
    let error = Some("400: 'name' not a string type");
    stage.homeserver.put_task(task("FailedFailedFail", "failed", None, error));
    stage.homeserver.put_task(task("FailedForNothing", "failed", None, None));
    let said = stage.say("!shutdown-status !bad:hs.test").await;
    has(
        &said,
        &[
            "`FailedFailedFail`: failed; the server says: 400: 'name' not a string type; nobody was removed",
            "`FailedForNothing`: failed; the server does not say why",
        ],
    );
    has(&stage.say("!shutdown-status FailedFailedFail").await, &["'name' not a string type"]);
}

#[tokio::test]
async fn all_that_a_deletion_did_is_told() {
    let mut stage = stage();
    let users: Vec<String> = (0..5_000).map(|n| format!("@u{n}:hs.test")).collect();
    let result = json!({"kicked_users": users, "failed_to_kick_users": ["@stuck:hs.test"],
        "local_aliases": ["#bad:hs.test"], "new_room_id": "!new:hs.test"});
    stage.homeserver.put_task(task("LongLongLongLong", "active", Some(result), None));
    let heard = stage.hear(moderator(), "!shutdown-status !bad:hs.test --file");
    stage.handle().await;
    let said = stage.store.said(&format!("answer-{heard}")).unwrap().text;
    has(
        &said,
        &[
            ": at work; 5000 removed: `@u0:hs.test`",
            "`@u9:hs.test` and 4990 more (--file names all)",
            "; 1 could not be removed, or not be moved: `@stuck:hs.test`; aliases: `#bad:hs.test`; moved to `!new:hs.test`",
        ],
    );
    assert!(stage.store.keys().contains(&format!("answer-{heard}-file")));
    has(&stage.say("!shutdown-status LongLongLongLong --file=json").await, &["That deletion"]);
}

#[tokio::test]
async fn the_whole_server_newest_first_in_pages() {
    let mut stage = stage();
    for n in 0..25 {
        let mut task = task(&format!("Task{n:02}"), "complete", Some(removed(&["@a:hs.test"])), None);
        task.timestamp_ms = DAY + n * 60_000;
        stage.homeserver.put_task(task);
    }
    let mut purge = task("Purge", "complete", None, None);
    purge.action = PURGE_HISTORY.to_owned();
    stage.homeserver.put_task(purge);
    let mut other = task("Other", "complete", None, None);
    other.action = "something_else".to_owned();
    stage.homeserver.put_task(other);
    let heard = stage.hear(moderator(), "!shutdown-status --all");
    stage.handle().await;
    let key = format!("answer-{heard}");
    let first = stage.store.said(&key).unwrap().text;
    has(
        &first,
        &[
            "Deletions of rooms and purges of history on this server, newest first (26 of the last 7 days), page 1 of 3:\n• 2026-11-20 00:24:00 UTC `Task24`",
        ],
    );
    has(&stage.react(moderator(), &key, "➡️").await, &["page 2 of 3", "`Task14`"]);
    let last = stage.react(moderator(), &key, "➡️").await;
    has(&last, &["page 3 of 3", "`Purge`: purge of history, complete, `!bad:hs.test`"]);
    assert!(!last.contains("Other"), "{last}");
    stage.react(moderator(), &key, "⬅️").await;
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, first);
    has(&stage.say("!shutdown-status --all --page 3").await, &["`Task00`"]);
    has(&stage.say("!shutdown-status --all --page 4").await, &["There are only 3 pages."]);
    let said = stage.say("!shutdown-status !bad:hs.test").await;
    assert!(!said.contains("Purge"), "{said}");
    assert!(said.find("Task00") < said.find("Task01"), "oldest first: {said}");
}

#[tokio::test]
async fn old_servers_have_the_delete_status_only() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    stage.homeserver.fail_always("tasks", Fault::NotRouted { status: 404 });
    let said = stage.say("!shutdown-status !bad:hs.test").await;
    has(
        &said,
        &[": complete; 3 removed", "see `!job 1`", "tells neither when a deletion was nor why it failed"],
    );
    let id = said.split('`').nth(5).unwrap().to_owned();
    has(&stage.say(&format!("!shutdown-status {id}")).await, &["That deletion:", "complete; 3 removed"]);
    // A purge of history is asked for by its own ID.
    stage.room(bad_room(), "Spam", "#bad:hs.test", 3);
    stage.homeserver.change_room(bad_room(), |room| {
        room.events = (0..3)
            .map(|n| {
                json!({"event_id": format!("$e{n}:hs.test"), "type": "m.room.message",
            "sender": "@far:other.test", "origin_server_ts": n})
            })
            .collect();
    });
    let purge = HistoryPurge { up_to: owned_event_id!("$e1:hs.test"), local: LocalEvents::Kept };
    let id = stage.homeserver.purge_history(bad_room(), &purge).await.unwrap();
    let said = stage.say(&format!("!shutdown-status {id}")).await;
    has(&said, &["That purge of history:", "purge of history, at work"]);
    assert!(!said.contains("tells neither"), "{said}");
    has(
        &stage.say("!shutdown-status --all").await,
        &["cannot list all deletions", "`!shutdown-status <room>`"],
    );
}

#[tokio::test]
async fn nothing_found_says_what_to_do() {
    let mut stage = stage();
    stage.homeserver.put_task({
        let mut other = task("Elsewhere", "complete", None, None);
        other.resource_id = Some("!other:hs.test".to_owned());
        other
    });
    for (line, want) in [
        (
            "!shutdown-status !bad:hs.test",
            "The server has no deletion of `!bad:hs.test`. The server remembers deletions for 7 days. It knows the room: `!room !bad:hs.test`.",
        ),
        (
            "!shutdown-status !gone:hs.test",
            "The server has no deletion of `!gone:hs.test`. The server remembers deletions for 7 days. It does not know the room. What I was asked to do: `!audit !gone:hs.test`.",
        ),
        (
            "!shutdown-status MLwnieZOTVyBtBxV",
            "The server has no deletion with the ID `MLwnieZOTVyBtBxV`. The server remembers deletions for 7 days. `!audit` shows what I was asked to do, `!shutdown-status --all` what the server remembers.",
        ),
        (
            "!shutdown-status a/b",
            "“a/b” is neither a room nor the ID of a deletion. Give a room (!…, #… or a link), or an ID like MLwnieZOTVyBtBxV.",
        ),
    ] {
        assert_eq!(stage.say(line).await, want, "{line}");
    }
    has(&stage.say("!shutdown-status").await, &["Something is missing"]);
    has(&stage.say("!shutdown-status x --all").await, &["cannot be used here"]);
    has(&stage.say("!shutdown-status @user0:hs.test").await, &["a room is needed here"]);
    has(&stage.say("!shutdown-status #nope:hs.test").await, &["There is no room with the alias"]);
    let mut stage = crate::scene::stage();
    has(
        &stage.say("!shutdown-status --all").await,
        &["Nothing was deleted on this server in the last 7 days."],
    );
    stage.homeserver.fail_once("tasks", Fault::NotAdmin);
    has(&stage.say("!shutdown-status --all").await, &["I am not a server admin."]);
}

#[tokio::test]
async fn hostile_tasks_stay_in_their_place() {
    let mut stage = stage();
    let evil = "</li>\n@room https://evil.test `!x` “”\u{202e}";
    let mut hostile =
        task(evil, evil, Some(json!({"kicked_users": [evil, 7], "local_aliases": evil})), Some(evil));
    stage.homeserver.put_task(hostile.clone());
    hostile.resource_id = Some(evil.to_owned());
    hostile.result = Some(json!("x"));
    stage.homeserver.put_task(hostile);
    for line in ["!shutdown-status --all", "!shutdown-status !bad:hs.test"] {
        let heard = stage.hear(moderator(), line);
        stage.handle().await;
        let said = stage.store.said(&format!("answer-{heard}")).unwrap();
        assert!(!said.html.contains("href") && !said.html.contains("</li>\n"), "{}", said.html);
        assert!(!said.text.contains('\u{202e}') && !said.text.contains("\n@room"), "{}", said.text);
    }
}

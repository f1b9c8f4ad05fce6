//! What was asked of the bot: `!jobs`, `!job`, `!audit`, and `!undo`.

use std::time::Duration;

use gleipnir_core::{
    plan::PlanResult,
    ports::{Fault, Records as _, Store as _},
    ruma::room_id,
    speech::{NO, Sendable},
    testing::{Lived, Stage},
};

use crate::scene::{bad_room, has, moderator, other, plan, plans, stage};

#[tokio::test]
async fn what_is_under_way_is_listed() {
    let mut stage = stage();
    assert_eq!(stage.say("!jobs").await, "Nothing is under way. `!audit` shows what was done.");
    stage.say("!shutdown !bad:hs.test spam").await;
    stage.hear(moderator(), "!block !x:hs.test !y:hs.test");
    stage.handle().await;
    // A block is quick: the next command waits for it, for a while.
    stage.clock.pass(Duration::from_secs(5));
    stage.hear(moderator(), "!jobs");
    stage.handle().await;
    assert_eq!(
        stage.store.said("answer-$event4").unwrap().text,
        "• 2 2026-11-21 00:00:00 UTC at work (0 of 2 steps): block `!x:hs.test` and 1 more, asked by `@mod:hs.test`
• 1 2026-11-21 00:00:00 UTC waits for a confirmation: shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it, asked by `@mod:hs.test`, because “spam”"
    );
}

#[tokio::test]
async fn a_job_is_shown_in_full() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!job 1").await,
        "There is no job 1. `!jobs` lists those under way, `!audit` all of them."
    );
    stage.say("!shutdown !bad:hs.test spam").await;
    assert_eq!(
        stage.say("!job 1").await,
        "Job 1: shutdown – proposed
• shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it

Asked by: `@mod:hs.test`, 2026-11-21 00:00:00 UTC
Command: “!shutdown `!bad:hs.test` spam”
Last change: 2026-11-21 00:00:00 UTC"
    );
    stage.clock.pass(Duration::from_mins(1));
    stage.say_as(other(), "!cancel 1").await;
    has(
        &stage.say("!job #1").await,
        &[
            "Job 1: shutdown – cancelled",
            "Decided by: `@other:hs.test`",
            "Last change: 2026-11-21 00:01:00 UTC",
        ],
    );
    stage.say("!block !bad:hs.test").await;
    stage.say("!undo 2").await;
    has(&stage.say("!job 2").await, &["Job 2: block – done", "Undone by: job 3"]);
}

#[tokio::test]
async fn every_step_of_a_job_is_in_its_file() {
    let mut stage = stage();
    let rooms: Vec<String> = (0..30).map(|n| format!("!r{n}:hs.test")).collect();
    for room in &rooms[..29] {
        stage.room(room.as_str().try_into().unwrap(), "=Spam", &format!("#a{}", &room[2..]), 1);
    }
    stage.say(&format!("!block {}", rooms.join(" "))).await;
    has(&stage.say("!job 1").await, &["Job 1: block – proposed", "Every step: `!job 1 --file`."]);
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("set_block", refused);
    stage.say("!confirm 1").await;
    let event = stage.hear(moderator(), "!job 1 --file");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{event}")).expect("a file");
    assert_eq!(file.name, "job-1.csv");
    let text = String::from_utf8(file.bytes).unwrap();
    assert_eq!(text.lines().count(), 31);
    has(
        &text,
        &[
            "step,what,room,name,alias,state,outcome,effect\n0,\"block =Spam (`#a0:hs.test`, `!r0:hs.test`)\",",
            "!r0:hs.test,'=Spam,#a0:hs.test,failed,\"❌ Could not block =Spam",
            "!r1:hs.test,'=Spam,#a1:hs.test,done,\"✅ =Spam",
            "!r29:hs.test,,,done,✅ `!r29:hs.test` is blocked",
        ],
    );
}

#[tokio::test]
async fn what_was_kept_of_a_room_is_in_the_file_of_the_job() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test spam").await;
    for line in ["!job 1 --file=json", "!confirm 1", "!job 1 --file=json"] {
        let event = stage.hear(moderator(), line);
        stage.handle().await;
        stage.execute().await;
        let Some(file) = stage.store.file(&format!("answer-{event}")) else { continue };
        let steps: Vec<serde_json::Value> = serde_json::from_slice(&file.bytes).unwrap();
        let kept = &steps[0]["kept"];
        if steps[0]["state"] == "done" {
            assert_eq!(kept["local_members"].as_array().map(Vec::len), Some(3));
            assert_eq!(kept["local_aliases"], serde_json::json!(["#bad:hs.test"]));
            assert_eq!(steps[0]["effect"]["effect"], "shut_down");
        } else {
            assert_eq!((&steps[0]["state"], kept.is_null()), (&"not begun".into(), true));
        }
    }
    has(&stage.say("!job 1 --file=xml").await, &["`--file[=<csv|json>]`"]);
}

async fn busy() -> Stage {
    let mut stage = stage();
    stage.say("!block #bad:hs.test spam wave").await;
    stage.say_as(other(), "!block !far:other.test").await;
    stage.say("!shutdown !bad:hs.test").await;
    stage
}

#[tokio::test]
async fn the_audit_tells_who_asked_for_what_and_what_became_of_it() {
    let mut stage = stage();
    assert_eq!(stage.say("!audit").await, "Nothing was asked of me yet.");
    let mut stage = busy().await;
    assert_eq!(
        stage.say("!audit").await,
        "• 3 2026-11-21 00:00:00 UTC waits for a confirmation: shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it, asked by `@mod:hs.test`
• 2 2026-11-21 00:00:00 UTC done: block `!far:other.test`, asked by `@other:hs.test`
• 1 2026-11-21 00:00:00 UTC done: block Spam (`#bad:hs.test`, `!bad:hs.test`), asked by `@mod:hs.test`, because “spam wave”"
    );
}

#[tokio::test]
async fn the_audit_is_searched_by_moderator_room_alias_and_text() {
    let mut stage = busy().await;
    for (about, found) in [
        ("@other:hs.test", vec!["2"]),
        ("https://matrix.to/#/@other:hs.test", vec!["2"]),
        ("!far:other.test", vec!["2"]),
        ("!bad:hs.test", vec!["3", "1"]),
        ("#bad:hs.test", vec!["3", "1"]),
        ("spam wave", vec!["1"]),
        ("SHUTDOWN", vec!["3"]),
    ] {
        let said = stage.say(&format!("!audit {about}")).await;
        let numbers: Vec<&str> =
            said.lines().filter_map(|line| line.trim_start_matches("• ").split(' ').next()).collect();
        assert_eq!(numbers, found, "{about}: {said}");
    }
    assert_eq!(stage.say("!audit nobody's business").await, "I know of nothing about “nobody's business”.");
    // The room is gone, and so is its alias; the command that named it still finds it.
    stage.say("!confirm 3").await;
    has(&stage.say("!audit #bad:hs.test").await, &["• 1 "]);
}

#[tokio::test]
async fn long_audits_are_cut_with_a_count() {
    let mut stage = stage();
    for n in 0..5 {
        stage.say(&format!("!block !r{n}:hs.test")).await;
    }
    let said = stage.say("!audit --limit 2").await;
    has(&said, &["• 5 ", "• 4 ", "… and 3 more jobs; --limit or --file shows more"]);
    assert_eq!(said.lines().count(), 3);
}

fn file(stage: &Stage, key: &str) -> (String, String) {
    // What is sent is gone from the outbox, so look before it is.
    let found = stage.store.undelivered().expect("the store reads").into_iter().find(|out| out.key == key);
    match found.map(|out| out.what) {
        Some(Sendable::File { attachment, .. }) => {
            (attachment.name, String::from_utf8(attachment.bytes).expect("it is text"))
        }
        other => panic!("no file under {key}: {other:?}"),
    }
}

#[tokio::test]
async fn the_audit_is_attached_as_a_file() {
    for (option, name) in
        [("--file", "audit.csv"), ("--file=csv", "audit.csv"), ("--file=json", "audit.json")]
    {
        let mut stage = busy().await;
        let event = stage.hear(moderator(), &format!("!audit {option}"));
        stage.store.break_commit(stage.store.commits() + 3, gleipnir_core::testing::Moment::Before);
        assert!(stage.try_handle().await.is_err(), "delivering fails");
        let (file_name, text) = file(&stage, &format!("answer-{event}-file"));
        assert_eq!(file_name, name);
        if name == "audit.csv" {
            assert_eq!(text.lines().count(), 4);
            assert_eq!(
                text.lines().next(),
                Some("job,asked_at,asked_by,command,because,state,decided_by,changed_at,step,room,outcome")
            );
            has(
                &text,
                &[
                    "1,2026-11-21 00:00:00 UTC,'@mod:hs.test,!block #bad:hs.test spam wave,spam wave,done,'@mod:hs.test,",
                ],
            );
        } else {
            let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(rows.len(), 3);
            assert_eq!(
                (&rows[2]["room"], &rows[2]["because"]),
                (&"!bad:hs.test".into(), &"spam wave".into())
            );
        }
    }
}

#[tokio::test]
async fn a_block_is_undone_once() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    assert_eq!(
        stage.say("!undo 1").await,
        "Job 2: undo – done, because “undo of job 1”\n\n✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is open again.\n\nUndo: `!undo 2`"
    );
    assert_eq!(stage.say("!undo 1").await, "Job 1 was undone by job 2 already.");
    has(&stage.say("!undo 2").await, &["Job 3: undo – done", "`!bad:hs.test`) is blocked: nobody"]);
    assert_eq!(
        stage.homeserver.writes(),
        ["block !bad:hs.test", "unblock !bad:hs.test", "block !bad:hs.test"]
    );
}

#[tokio::test]
async fn undo_can_be_rehearsed() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    assert_eq!(
        stage.say("!undo last --dry-run").await,
        "To undo job 1:\n• unblock Spam (`#bad:hs.test`, `!bad:hs.test`)\n\nDry run: nothing was done. It would be done without asking."
    );
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn an_undo_that_failed_undid_nothing_and_can_be_repeated() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    stage.homeserver.fail_once("set_block", Fault::NotAdmin);
    has(&stage.say("!undo 1").await, &["Job 2: undo – failed"]);
    assert!(!stage.say("!job 1").await.contains("Undone by"));
    has(&stage.say("!undo 1").await, &["Job 3: undo – done"]);
    assert_eq!(stage.say("!undo 1").await, "Job 1 was undone by job 3 already.");
}

#[tokio::test]
async fn only_what_a_job_changed_is_undone() {
    let mut stage = stage();
    // Somebody else blocks the room between the decision and its execution.
    stage.hear(moderator(), "!block !bad:hs.test !x:hs.test");
    stage.handle().await;
    let effects: &dyn gleipnir_core::ports::Effects = &*stage.homeserver;
    effects.set_block(bad_room(), gleipnir_core::model::Block::On).await.unwrap();
    stage.execute().await;
    has(&stage.store.said("run-1").unwrap().text, &["`!bad:hs.test`) was blocked before, and still is."]);
    assert_eq!(
        stage.say("!undo 1 --dry-run").await,
        "To undo job 1:
• unblock `!x:hs.test`

Left as it is:
• Spam (`#bad:hs.test`, `!bad:hs.test`) was blocked before already.

Dry run: nothing was done. It would be done without asking."
    );
    stage.say("!undo 1").await;
    assert!(!stage.homeserver.writes().contains(&"unblock !bad:hs.test".to_owned()));
}

#[tokio::test]
async fn a_shutdown_is_undone_once_it_is_done() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    assert_eq!(stage.say("!undo 1").await, "Job 1 has not begun. !cancel 1 drops it.");
    stage.say("!confirm 1").await;
    has(&stage.say("!undo 1").await, &["To undo job 1:", "What cannot come back: ", "Job 2: do it?"]);
    assert_eq!(plans(&stage).len(), 2);
}

#[tokio::test]
async fn undo_last_is_the_moderators_own_last_job_that_is_no_undo() {
    let mut stage = stage();
    let nothing = "You have no job that I could undo.";
    assert_eq!(stage.say("!undo last").await, nothing);
    stage.say("!block !a:hs.test").await;
    stage.say("!block !b:hs.test").await;
    stage.say_as(other(), "!block !c:hs.test").await;
    has(&stage.say("!undo last").await, &["`!b:hs.test` is open again."]);
    assert_eq!(stage.say("!undo last").await, "Job 2 was undone by job 4 already.");
    assert!(plan(&stage, 4).puts_right(2));
}

#[tokio::test]
async fn a_command_finds_done_what_was_asked_for_before_it() {
    let mut stage = stage();
    for line in ["!block !x:hs.test", "!unblock !x:hs.test", "!block !x:hs.test", "!blocked !x:hs.test"] {
        stage.hear(moderator(), line);
    }
    assert_eq!(stage.live().await, Lived::Done);
    for job in 1..=3 {
        assert_eq!(plan(&stage, job).result(), PlanResult::Done);
    }
    has(&stage.store.said("answer-$event4").unwrap().text, &["`!x:hs.test` is blocked"]);
}

#[tokio::test]
async fn what_was_never_done_is_not_undone() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!undo 7").await,
        "There is no job 7. `!jobs` lists those under way, `!audit` all of them."
    );
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!cancel 1").await;
    assert_eq!(stage.say("!undo 1").await, "Job 1 was never done: it is cancelled.");
    stage.hear(moderator(), "!block !x:hs.test");
    stage.handle().await;
    stage.clock.pass(Duration::from_secs(5));
    let event = stage.hear(moderator(), "!undo 2");
    stage.handle().await;
    assert_eq!(
        stage.store.said(&format!("answer-{event}")).unwrap().text,
        "Job 2 is at work. `!cancel 2` stops it; what it has done by then can be undone afterwards."
    );
    assert!(stage.marked(&event, NO));
    assert_eq!(stage.store.undone_by(2), Ok(None));
}

#[tokio::test]
async fn undo_last_never_goes_past_a_job_that_is_still_at_work() {
    let mut stage = stage();
    stage.room(room_id!("!b:hs.test"), "B", "#b:hs.test", 1);
    stage.say("!block !bad:hs.test").await;
    stage.hear(moderator(), "!block !b:hs.test");
    stage.handle().await;
    // The server is slow: the second block is still at work when its moderator has second thoughts.
    stage.clock.pass(Duration::from_mins(1));
    stage.hear(moderator(), "!undo last");
    stage.handle().await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test", "block !b:hs.test"]);
}

#[tokio::test]
async fn undoing_what_a_later_job_relies_on_asks_first() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    stage.say("!shutdown !bad:hs.test --no-purge").await;
    stage.say("!confirm 2").await;
    let said = stage.say("!undo 1").await;
    has(&said, &["Job 2 (shutdown) came later and is about the same room.", "Job 3: do it?"]);
    assert!(!stage.homeserver.writes().contains(&"unblock !bad:hs.test".to_owned()));
}

#[tokio::test]
async fn undoing_needs_the_power_of_what_it_does() {
    let mut stage = stage();
    stage.settings.levels.insert("unblock".into(), 100);
    stage.restart();
    stage.say("!block !bad:hs.test").await;
    has(&stage.say("!undo 1").await, &["`!unblock` needs power level 100"]);
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn no_number_stops_the_bot() {
    let mut stage = stage();
    for number in ["0", "-1", "9223372036854775808", "99999999999999999999999"] {
        has(&stage.say(&format!("!job {number}")).await, &["!job"]);
    }
    has(&stage.say("!job 9223372036854775807").await, &["There is no job 9223372036854775807."]);
    has(&stage.say("!version").await, &["Gleipnir"]);
}

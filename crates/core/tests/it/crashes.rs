//! The process dies at every point at which it can: before and after every commit and every call to the homeserver.
//! Whatever was asked for is done once, reported once, and forgotten never.

use std::{collections::BTreeMap, sync::Arc};

use gleipnir_core::{
    execute::Executor,
    plan::{PlanId, PlanResult, PlanState},
    ports::{Change, Fault, Records as _, Store as _},
    testing::{Lived, Moment, Stage},
};
use tokio::sync::Notify;

use crate::scene::{DELETED, answer_to, has, moderator, plan, plans, stage};

const BLOCK: &[&str] = &["!block !bad:hs.test spam"];
const SHUTDOWN: &[&str] = &["!shutdown !bad:hs.test spam", "!confirm 1"];

/// Plays the lines; after each death the process starts again. How often it died.
async fn play(stage: &mut Stage, lines: &[&str]) -> usize {
    let mut deaths = 0;
    for line in lines {
        stage.hear(moderator(), line);
        while stage.live().await == Lived::Died {
            deaths += 1;
            assert!(deaths < 10, "it never gets any further");
            stage.restart();
        }
    }
    deaths
}

/// What the room shows in the end, by key.
fn shown(stage: &Stage) -> BTreeMap<String, Option<String>> {
    let text = |key: &String| stage.store.said(key).map(|rendered| rendered.text);
    stage.store.keys().into_iter().map(|key| (key.clone(), text(&key))).collect()
}

struct Undisturbed {
    shown: BTreeMap<String, Option<String>>,
    calls: usize,
    commits: usize,
}

async fn undisturbed(lines: &[&str]) -> Undisturbed {
    let mut stage = stage();
    assert_eq!(play(&mut stage, lines).await, 0);
    Undisturbed { shown: shown(&stage), calls: stage.homeserver.calls(), commits: stage.store.commits() }
}

/// After any death: one Plan, done; the room shows what it would have shown; nothing waits.
#[track_caller]
fn ended_well(stage: &Stage, undisturbed: &Undisturbed, point: &str) {
    assert_eq!(plans(stage).len(), 1, "{point}");
    let plan = plan(stage, 1);
    assert_eq!((plan.state, plan.result()), (PlanState::Done, PlanResult::Done), "{point}");
    assert_eq!(shown(stage), undisturbed.shown, "{point}");
    let queue = stage.store.queue().expect("the store reads");
    assert_eq!((queue.unhandled, queue.undelivered), (0, 0), "{point}");
}

/// Plays the lines once for every point at which the process can die.
async fn at_every_point(lines: &[&str], check_writes: impl Fn(&[String], &str)) {
    let whole = undisturbed(lines).await;
    for moment in [Moment::Before, Moment::After] {
        for call in 1..=whole.calls {
            let mut stage = stage();
            stage.homeserver.hang_at(call, moment);
            let point = format!("{moment:?} call {call} of {}", whole.calls);
            assert_eq!(play(&mut stage, lines).await, 1, "{point}");
            ended_well(&stage, &whole, &point);
            check_writes(&stage.homeserver.writes(), &point);
        }
        for commit in 1..=whole.commits {
            let mut stage = stage();
            stage.store.break_commit(commit, moment);
            let point = format!("{moment:?} commit {commit} of {}", whole.commits);
            // The commits of what arrives are those of the intake, which receives it again.
            assert!(play(&mut stage, lines).await <= 1, "{point}");
            ended_well(&stage, &whole, &point);
            check_writes(&stage.homeserver.writes(), &point);
        }
    }
}

#[tokio::test]
async fn a_block_survives_a_death_at_any_point() {
    at_every_point(BLOCK, |writes, point| {
        // Setting a block is idempotent and may be repeated.
        assert!((1..=2).contains(&writes.len()), "{point}: {writes:?}");
        assert!(writes.iter().all(|write| write == "block !bad:hs.test"), "{point}: {writes:?}");
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_survives_a_death_at_any_point_and_deletes_once() {
    at_every_point(SHUTDOWN, |writes, point| assert_eq!(writes, [DELETED], "{point}")).await;
}

#[tokio::test]
async fn a_block_that_changed_something_is_still_known_to_have_after_a_death() {
    let whole = undisturbed(BLOCK).await;
    for call in 1..=whole.calls {
        let mut stage = stage();
        stage.homeserver.hang_at(call, Moment::After);
        play(&mut stage, BLOCK).await;
        has(&stage.say("!undo 1").await, &["`!bad:hs.test`) is open again"]);
    }
}

#[tokio::test]
async fn two_commands_never_share_a_message_after_a_death() {
    let lines = ["!block !bad:hs.test", "!shutdown !bad:hs.test", "!block !x:hs.test", "!confirm 2"];
    let whole = undisturbed(&lines).await;
    for commit in 1..=whole.commits {
        let mut stage = stage();
        stage.store.break_commit(commit, Moment::After);
        play(&mut stage, &lines).await;
        assert_eq!(shown(&stage), whole.shown, "after commit {commit}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_twice() {
    let faults = [
        Fault::Timeout,
        Fault::Away("connection reset".into()),
        Fault::Broken { status: 502, message: "Bad Gateway".into() },
        Fault::Broken { status: 500, message: "Internal server error".into() },
        Fault::BadAnswer("EOF while parsing".into()),
    ];
    for fault in faults {
        let mut stage = stage();
        stage.homeserver.lose_answer("delete_room", fault.clone());
        stage.say(SHUTDOWN[0]).await;
        has(&stage.say(SHUTDOWN[1]).await, &["Job 1: shutdown – done", "Removed (3):"]);
        assert_eq!(stage.homeserver.writes(), [DELETED], "{fault:?}");

        let mut stage = self::stage();
        stage.homeserver.lose_answer("set_block", fault.clone());
        has(&stage.say(BLOCK[0]).await, &["Job 1: block – done", "is blocked: nobody"]);
        assert!(stage.homeserver.writes().len() <= 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_and_a_death_at_once_delete_once() {
    let whole = undisturbed(SHUTDOWN).await;
    for call in 1..=whole.calls + 2 {
        let mut stage = stage();
        stage.homeserver.lose_answer("delete_room", Fault::Timeout);
        stage.homeserver.hang_at(call, Moment::After);
        play(&mut stage, SHUTDOWN).await;
        assert_eq!(stage.homeserver.writes(), [DELETED], "call {call}");
        ended_well(&stage, &whole, &format!("call {call}"));
    }
}

#[tokio::test]
async fn a_block_that_is_set_is_not_reported_as_failed_because_it_cannot_be_read_back_at_once() {
    for fault in [
        Fault::Timeout,
        Fault::Broken { status: 500, message: "Internal server error".into() },
        Fault::BadAnswer("EOF while parsing".into()),
    ] {
        let mut stage = stage();
        stage.hear(moderator(), BLOCK[0]);
        stage.handle().await;
        // It dies when it has read how the room was before, and not yet written.
        stage.homeserver.hang_at(stage.homeserver.calls() + 2, Moment::Before);
        assert_eq!(stage.live().await, Lived::Died);
        assert!(stage.homeserver.writes().is_empty());
        stage.restart();
        // So the next reading is the one that reads back.
        stage.homeserver.fail_once("block_status", fault.clone());
        stage.execute().await;
        has(&stage.store.said("run-1").unwrap().text, &["Job 1: block – done"]);
        has(&stage.say("!undo 1").await, &["is open again"]);
    }
}

#[tokio::test]
async fn a_command_whose_commit_fails_is_still_there_and_runs_once() {
    let mut stage = stage();
    let event = stage.hear(moderator(), BLOCK[0]);
    for commit in 1..=2 {
        stage.store.break_commit(stage.store.commits() + commit, Moment::Before);
        assert!(stage.try_handle().await.is_err());
        assert_eq!(stage.store.queue().unwrap().unhandled, 1);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
    stage.handle().await;
    stage.execute().await;
    stage.handle().await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    has(&answer_to(&stage, &event).unwrap(), &["Job 1: block – done"]);
}

#[tokio::test]
async fn what_arrives_twice_runs_once() {
    let mut stage = stage();
    stage.hear(moderator(), BLOCK[0]);
    let again = stage.store.unhandled().unwrap();
    stage.handle().await;
    stage.execute().await;
    stage.store.commit(again.into_iter().map(Change::Received).collect()).unwrap();
    stage.handle().await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    assert_eq!(plans(&stage).len(), 1);
}

/// The executor as the process runs it: it takes up what an earlier process left, and what is confirmed from now on.
#[tokio::test]
async fn the_supervisor_takes_up_what_was_left_and_what_comes() {
    let mut stage = stage();
    stage.hear(moderator(), "!block !left:hs.test");
    stage.handle().await;
    let (said, confirmed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let executor = Arc::new(Executor::new(
        stage.homeserver.clone(),
        stage.store.clone(),
        Arc::new(stage.clock.clone()),
        stage.settings.management.clone(),
        said,
    ));
    let supervisor = tokio::spawn(executor.supervise(confirmed.clone()));
    until_done(&stage, 1).await;
    stage.hear(moderator(), "!block !comes:hs.test");
    stage.handle().await;
    // A full disk does not stop it either.
    stage.store.break_next_commit();
    confirmed.notify_one();
    until_done(&stage, 2).await;
    supervisor.abort();
    let mut writes = stage.homeserver.writes();
    writes.dedup();
    assert_eq!(writes, ["block !left:hs.test", "block !comes:hs.test"]);
}

async fn until_done(stage: &Stage, id: PlanId) {
    while plan(stage, id).state != PlanState::Done {
        tokio::task::yield_now().await;
    }
}

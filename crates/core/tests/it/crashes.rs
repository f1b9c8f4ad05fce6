//! The process dies at every point at which it can: before and after every commit and every call to the homeserver.
//! Whatever was asked for is done once, reported once, and forgotten never.

use std::sync::Arc;

use gleipnir_core::{
    execute::Executor,
    plan::{PlanId, PlanState},
    ports::{Change, Fault, Records as _, Store as _},
    testing::{Lived, Moment, Stage},
};
use tokio::sync::Notify;

use crate::{
    deaths::{Script, at_every_point, ended_well, play, shown, undisturbed},
    scene::{DELETED, answer_to, has, moderator, plan, plans, stage},
};

const BLOCK: &[&str] = &["!block !bad:hs.test spam"];
const SHUTDOWN: &[&str] = &["!shutdown !bad:hs.test spam", "!confirm 1"];

#[tokio::test]
async fn a_block_survives_a_death_at_any_point() {
    at_every_point(&Script { stage, lines: BLOCK }, async |stage: &mut Stage, point: &str| {
        let writes = stage.homeserver.writes();
        // Setting a block is idempotent and may be repeated.
        assert!((1..=2).contains(&writes.len()), "{point}: {writes:?}");
        assert!(writes.iter().all(|write| write == "block !bad:hs.test"), "{point}: {writes:?}");
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_survives_a_death_at_any_point_and_deletes_once() {
    at_every_point(&Script { stage, lines: SHUTDOWN }, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), [DELETED], "{point}");
    })
    .await;
}

#[tokio::test]
async fn a_block_that_changed_something_is_still_known_to_have_after_a_death() {
    let whole = undisturbed(&Script { stage, lines: BLOCK }).await;
    for call in 1..=whole.calls {
        let mut stage = stage();
        stage.homeserver.hang_at(call, Moment::After);
        play(&mut stage, BLOCK).await;
        has(&stage.say("!undo 1").await, &["`!bad:hs.test`) is open again"]);
    }
}

#[tokio::test]
async fn two_commands_never_share_a_message_after_a_death() {
    let lines = &["!block !bad:hs.test", "!shutdown !bad:hs.test", "!block !x:hs.test", "!confirm 2"];
    let whole = undisturbed(&Script { stage, lines }).await;
    for commit in 1..=whole.commits {
        let mut stage = stage();
        stage.store.break_commit(commit, Moment::After);
        play(&mut stage, lines).await;
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
    let whole = undisturbed(&Script { stage, lines: SHUTDOWN }).await;
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
async fn what_was_asked_for_before_a_death_is_done_before_what_follows() {
    let mut stage = stage();
    stage.hear(moderator(), "!block !bad:hs.test");
    stage.handle().await;
    // Dead for longer than a command waits for another.
    stage.clock.pass(std::time::Duration::from_mins(1));
    stage.restart();
    stage.hear(moderator(), "!unblock !bad:hs.test");
    assert_eq!(stage.live().await, Lived::Done);
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test", "unblock !bad:hs.test"]);
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
        stage.settings.clone(),
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

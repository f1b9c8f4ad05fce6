//! Stopping a job that is at work: what it has begun it finishes, and nothing else is begun.

use std::time::Duration;

use gleipnir_core::{
    model::{Account, BlockStatus, Shutdown},
    plan::{DeleteApi, Plan, PlanId, PlanState, PlannedStep, Step, StepState},
    ports::{Change, Clock as _, Store as _},
    reply::Reply,
    ruma::{OwnedEventId, RoomId, UserId, owned_event_id},
    speech::{NO, Say, YES},
    testing::Stage,
};

use crate::{
    deaths::{Script, after_every_death},
    scene::{answer_to, has, moderator, other, plan, plans, stage, under_way, watcher},
};

fn block(room: &str) -> Step {
    Step::BlockRoom { room: RoomId::parse(room).expect("an ID").into() }
}

/// A job that is to block so many rooms, at work; `begun` of them were looked at already.
fn blocking(stage: &Stage, rooms: usize, begun: usize) -> PlanId {
    let id = under_way(stage, block("!r0:hs.test"), None);
    let mut made = plan(stage, id);
    made.steps = (0..rooms).map(|n| PlannedStep::from(block(&format!("!r{n}:hs.test")))).collect();
    for planned in &mut made.steps[..begun] {
        let before = BlockStatus::Open;
        planned.state = Some(StepState::Blocking { before });
    }
    stage.store.commit(vec![Change::Plan(Box::new(made))]).expect("the store writes");
    id
}

/// What the bot says to a command, before the job at work gets on: it is slower than the patience of who asks about it.
async fn hear(stage: &mut Stage, line: &str) -> (OwnedEventId, String) {
    stage.clock.pass(Duration::from_secs(6));
    let event = stage.hear(moderator(), line);
    stage.handle().await;
    let said = answer_to(stage, &event).expect("it is answered");
    (event, said)
}

fn reported(stage: &Stage, id: PlanId) -> String {
    stage.store.said(&Plan::report_key(id)).expect("it is reported").text
}

#[tokio::test]
async fn what_was_begun_is_finished_and_nothing_else_is_begun() {
    let mut stage = stage();
    blocking(&stage, 3, 1);
    let (event, said) = hear(&mut stage, "!cancel 1").await;
    assert_eq!(
        said,
        "Job 1 (block) is stopped by `@mod:hs.test`. What it has begun it finishes; it begins nothing else. Its report \
         says what was done."
    );
    assert!(stage.marked(&event, YES));
    has(&hear(&mut stage, "!jobs").await.1, &["stopping (0 of 3 steps)"]);
    has(
        &hear(&mut stage, "!job 1").await.1,
        &["Job 1: block – stopping", "❌ Not begun: block `!r2:hs.test`. `@mod:hs.test` stopped the job."],
    );
    assert_eq!(hear(&mut stage, "!cancel 1").await.1, "Job 1 is being stopped already. `!job 1` shows it.");
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !r0:hs.test"]);
    assert_eq!(plan(&stage, 1).state, PlanState::Done);
    assert_eq!(
        reported(&stage, 1),
        "Job 1: block – stopped\n\
         • ✅ `!r0:hs.test` is blocked: nobody on this server can join or be invited. The server does not know the room.\n\
         • ❌ Not begun: block `!r1:hs.test`. `@mod:hs.test` stopped the job.\n\
         • ❌ Not begun: block `!r2:hs.test`. `@mod:hs.test` stopped the job.\n\n\
         Undo: `!undo 1`"
    );
    has(&stage.say("!cancel 1").await, &["Job 1 has ended already."]);
    // What was done is undone, and no more.
    stage.say("!undo 1").await;
    assert_eq!(stage.homeserver.writes(), ["block !r0:hs.test", "unblock !r0:hs.test"]);
}

#[tokio::test]
async fn a_job_of_many_steps_says_how_it_is_stopped_and_counts_what_was_not_begun() {
    let mut stage = stage();
    blocking(&stage, 300, 1);
    has(&hear(&mut stage, "!job 1").await.1, &["To stop it: `!cancel 1`."]);
    hear(&mut stage, "!cancel 1").await;
    assert!(!hear(&mut stage, "!job 1").await.1.contains("To stop it"));
    stage.execute().await;
    assert_eq!(stage.homeserver.writes().len(), 1);
    let said = reported(&stage, 1);
    has(&said, &["Job 1: block – stopped", "Done: 1\n", "Not begun, because the job was stopped: 299"]);
    assert!(said.lines().count() < 12, "{said}");
    has(&stage.say("!job 1").await, &["❌ Not begun: block `!r1:hs.test`. `@mod:hs.test` stopped the job."]);
}

/// In the very moment in which a room is looked at, and in that in which it is blocked.
#[tokio::test]
async fn what_was_not_written_yet_is_not_and_what_was_is_told() {
    for (call, written) in [("block_status", 0), ("set_block", 1)] {
        let stage = stage();
        let id = blocking(&stage, 3, 0);
        let (store, by) = (stage.store.clone(), other().to_owned());
        let at = stage.clock.now();
        stage.homeserver.meanwhile(call, move || {
            store.commit(vec![Change::Stop { plan: id, by, at }]).expect("the store writes");
        });
        stage.execute().await;
        assert_eq!(stage.homeserver.writes().len(), written, "{call}");
        let stopped = plan(&stage, 1).steps.iter().filter(|planned| planned.is_stopped()).count();
        assert_eq!(stopped, 3 - written, "{call}");
        has(&reported(&stage, 1), &["Job 1: block – stopped", "`@other:hs.test` stopped the job."]);
    }
}

/// A room is looked at for long before it is shut down.
#[tokio::test]
async fn a_shutdown_that_was_not_asked_for_yet_is_not_any_more() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    let (store, by, at) = (stage.store.clone(), moderator().to_owned(), stage.clock.now());
    stage.homeserver.meanwhile("delete_tasks", move || {
        store.commit(vec![Change::Stop { plan: 1, by, at }]).expect("the store writes");
    });
    stage.execute().await;
    assert!(stage.homeserver.writes().is_empty());
    has(&reported(&stage, 1), &["Job 1: shutdown – stopped", "❌ Not begun: shut down Spam"]);
}

/// What held for a time and is done again has a state before it is begun; stopped, it ends at its own time.
#[tokio::test]
async fn what_was_to_take_the_place_of_another_job_does_not() {
    let mut stage = stage();
    let users: Vec<String> = (0..6).map(|n| format!("@u{n}:hs.test")).collect();
    for user in &users {
        stage.homeserver.put_account(&UserId::parse(user).expect("an ID"), Account::default());
    }
    let all = users.join(" ");
    stage.say(&format!("!suspend {all} --for 1h")).await;
    stage.say("!confirm 1").await;
    let before = stage.homeserver.writes().len();
    stage.say(&format!("!suspend {all}")).await;
    stage.hear(moderator(), "!confirm 2");
    stage.handle().await;
    hear(&mut stage, "!cancel 2").await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes().len(), before);
    assert_eq!(plan(&stage, 2).steps.iter().filter(|planned| planned.is_stopped()).count(), 5);
    stage.wait(Duration::from_mins(61)).await;
    stage.execute().await;
    has(&reported(&stage, 3), &["end of job 1, whose time is over – done"]);
    assert_eq!(stage.homeserver.writes().len(), before + 5, "the first was passed to the second job");
}

#[tokio::test]
async fn what_puts_right_is_not_left_half_way() {
    let mut stage = stage();
    let rooms: Vec<String> = (0..3).map(|n| format!("!r{n}:hs.test")).collect();
    stage.say(&format!("!block {}", rooms.join(" "))).await;
    stage.clock.pass(Duration::from_secs(6));
    stage.hear(moderator(), "!undo 1");
    stage.handle().await;
    let (event, said) = hear(&mut stage, "!cancel 2").await;
    assert_eq!(
        said,
        "Job 2 puts something right, and that is not left half-way. When it has ended, `!undo 2` takes it back."
    );
    assert!(stage.marked(&event, NO));
    stage.execute().await;
    has(&reported(&stage, 2), &["Job 2: undo – done"]);
}

#[tokio::test]
async fn what_waits_behind_another_job_is_dropped_at_once() {
    let mut stage = stage();
    let first = under_way(&stage, block("!r0:hs.test"), None);
    let second = under_way(&stage, block("!r0:hs.test"), None);
    assert_eq!((first, second), (1, 2));
    hear(&mut stage, "!cancel 2").await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !r0:hs.test"]);
    has(&reported(&stage, 2), &["Job 2: block – stopped", "`@mod:hs.test` stopped the job."]);
}

#[tokio::test]
async fn a_reaction_to_the_report_stops_too() {
    let mut stage = stage();
    blocking(&stage, 3, 1);
    let key = Plan::report_key(1);
    let event_id = owned_event_id!("$sent-run-1");
    stage
        .store
        .commit(vec![
            Change::Say(Say::new(&key, None, &Reply::text("Job 1: block – running"))),
            Change::Delivered { key, version: 1, event_id },
        ])
        .expect("the store writes");
    has(
        &stage.react(moderator(), "run-1", NO).await,
        &["Job 1 (block) is stopped by `@mod:hs.test`", "Job 1: block – stopped"],
    );
    assert_eq!(stage.homeserver.writes(), ["block !r0:hs.test"]);
    // What somebody thinks of a job that is over is no command.
    assert_eq!(stage.react(moderator(), "run-1", NO).await, "");
    assert_eq!(stage.react(moderator(), "run-7", NO).await, "");
}

#[tokio::test]
async fn a_reaction_to_the_preview_of_what_was_confirmed_stops_too() {
    let mut stage = stage();
    let rooms: Vec<String> = (0..6).map(|n| format!("!r{n}:hs.test")).collect();
    stage.say(&format!("!block {}", rooms.join(" "))).await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    has(&stage.react(other(), "plan-1", NO).await, &["Job 1 (block) is stopped by `@other:hs.test`"]);
    assert!(stage.homeserver.writes().is_empty());
    has(&reported(&stage, 1), &["Job 1: block – stopped", "❌ Not begun: block `!r5:hs.test`"]);
    assert!(!reported(&stage, 1).contains("!undo"));
}

#[tokio::test]
async fn who_may_not_do_it_may_not_stop_it() {
    let mut stage = stage();
    blocking(&stage, 3, 1);
    let event = stage.hear(watcher(), "!cancel 1");
    stage.handle().await;
    has(&answer_to(&stage, &event).expect("it is answered"), &["`!block` needs power level 50"]);
    assert!(stage.marked(&event, NO) && !plan(&stage, 1).is_stopped());
    stage.execute().await;
    assert_eq!(stage.homeserver.writes().len(), 3);
}

#[tokio::test]
async fn what_has_begun_the_last_of_it_is_not_stopped() {
    let mut stage = stage();
    let shutdown = Step::ShutDownRoom {
        room: RoomId::parse("!bad:hs.test").expect("an ID").into(),
        shutdown: Shutdown { block: true, purge: true, force_purge: false, notice: None },
        api: DeleteApi::V2,
    };
    under_way(&stage, shutdown, Some(StepState::Asking { known: Vec::new(), members: 3 }));
    let (event, said) = hear(&mut stage, "!cancel 1").await;
    has(&said, &["Job 1 is at the last of what it has to do, and finishes that.", "`!undo 1`"]);
    assert!(stage.marked(&event, NO));
    stage.execute().await;
    has(&reported(&stage, 1), &["Job 1: shutdown – done"]);
}

/// Whenever the process dies: what was done is what the report says, and what was stopped stays so.
#[tokio::test]
async fn a_death_at_any_commit_or_call_loses_nothing() {
    let script = Script {
        stage: || {
            let stage = stage();
            blocking(&stage, 4, 1);
            stage
        },
        lines: &["!cancel 1"],
    };
    after_every_death(&script, async |stage: &mut Stage, whole, point: &str| {
        let plan = plan(stage, 1);
        assert_eq!(plan.state, PlanState::Done, "{point}");
        let done = plan.steps.iter().filter(|planned| !planned.has_failed()).count();
        assert_eq!((done, plan.is_stopped()), (1, true), "{point}");
        assert!(stage.homeserver.writes().iter().all(|write| write == "block !r0:hs.test"), "{point}");
        assert_eq!(crate::deaths::shown(stage), whole.shown, "{point}");
    })
    .await;
}

/// While a later job is about to renew it, what is for a time does not end; if that is stopped, it does.
#[tokio::test]
async fn what_is_for_a_time_ends_although_a_renewal_is_stopped_after_its_time() {
    let mut stage = stage();
    let users: Vec<String> = (0..6).map(|n| format!("@u{n}:hs.test")).collect();
    for user in &users {
        stage.homeserver.put_account(&UserId::parse(user).expect("an ID"), Account::default());
    }
    stage.say("!suspend @u5:hs.test --for 1h").await;
    stage.say(&format!("!suspend {}", users.join(" "))).await;
    stage.hear(moderator(), "!confirm 2");
    stage.handle().await;
    stage.wait(Duration::from_mins(61)).await;
    assert_eq!(plans(&stage).len(), 2, "it may come to nothing");
    hear(&mut stage, "!cancel 2").await;
    stage.execute().await;
    stage.wait(Duration::from_mins(1)).await;
    stage.execute().await;
    has(
        &reported(&stage, 3),
        &["end of job 1, whose time is over – done", "`@u5:hs.test` is no longer suspended."],
    );
}

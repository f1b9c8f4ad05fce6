//! `!undo`: of one job, of an undo, and of all that somebody asked for in some time.

mod deaths;
mod lasting;
mod steps;
mod stolen;
mod together;

use std::time::Duration;

use gleipnir_core::{
    model::{Account, MediaDetails, MemberChange, Mxc, Sanction},
    plan::{Origin, Plan, PlanId, PlanResult, PlanState, PlannedStep, Step},
    ports::{Change, Clock as _, Fault, Lookup as _, Records as _, Store as _},
    ruma::{OwnedUserId, UserId, owned_event_id, owned_user_id},
    testing::Stage,
};
use serde_json::json;

use crate::scene::{bad_room, has, moderator, plan, stage};

fn user(name: &str) -> OwnedUserId {
    format!("@{name}:hs.test").try_into().expect("a user ID")
}

fn eve() -> OwnedUserId {
    user("eve")
}

fn cat() -> Mxc {
    "mxc://hs.test/cat".parse().expect("a file")
}

/// The bad room with the bot in power; Eve, Bob and Ana inside, a message of Eve, and her file.
fn with_people() -> Stage {
    let stage = stage();
    for name in ["eve", "bob", "ana"] {
        stage.homeserver.put_account(&user(name), Account::default());
    }
    stage.homeserver.change_room(bad_room(), |room| {
        room.members.extend([owned_user_id!("@bot:hs.test"), eve(), user("bob"), user("ana")]);
        room.details.version = Some("11".to_owned());
        room.state.push(json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test",
            "event_id": "$create", "content": {"room_version": "11"}}));
        room.state.push(json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test",
            "event_id": "$levels", "content": {"users": {"@bot:hs.test": 100}}}));
        room.events.push(json!({"type": "m.room.message", "event_id": "$evil", "sender": "@eve:hs.test",
            "room_id": "!bad:hs.test", "origin_server_ts": 1, "content": {"msgtype": "m.text", "body": "x"}}));
    });
    stage.homeserver.put_media(&cat(), MediaDetails::default());
    stage
}

/// A job is begun by somebody, with any steps.
fn begin(stage: &Stage, by: &UserId, because: Option<&str>, steps: Vec<Step>) -> PlanId {
    let id = stage.store.next_plan_id().expect("the store reads");
    let now = stage.clock.now();
    let command = steps.first().map_or("act", Step::command);
    let plan = Plan {
        id,
        origin: Origin::Command(format!("$begun{id}").try_into().expect("an event ID")),
        command: command.to_owned(),
        typed: format!("!{command}"),
        asked_by: by.to_owned(),
        asked_at: now,
        because: because.map(str::to_owned),
        undoes: None,
        case: None,
        lasts: None,
        state: PlanState::Running,
        decided_by: Some(by.to_owned()),
        changed_at: now,
        expires_at: now,
        steps: steps.into_iter().map(PlannedStep::from).collect(),
    };
    stage.store.commit(vec![Change::Plan(Box::new(plan))]).expect("the store writes");
    id
}

/// The same, done to its end.
async fn job(stage: &Stage, by: &UserId, steps: Vec<Step>) -> PlanId {
    let id = begin(stage, by, None, steps);
    stage.execute().await;
    assert_eq!(plan(stage, id).result(), PlanResult::Done, "{:?}", plan(stage, id).steps);
    id
}

fn suspend(name: &str) -> Step {
    Step::Sanction { user: user(name), sanction: Sanction::Suspension }
}

fn lift(name: &str) -> Step {
    Step::Lift { user: user(name), sanction: Sanction::Suspension }
}

fn member(name: &str, change: MemberChange) -> Step {
    Step::Member { room: bad_room().to_owned().into(), user: user(name), change, reason: None }
}

fn redact() -> Step {
    let (room, event_id) = (bad_room().to_owned().into(), owned_event_id!("$evil"));
    Step::RedactEvent { room, event_id, author: Some(eve()), reason: None }
}

async fn is_suspended(stage: &Stage, name: &str) -> bool {
    let account = stage.homeserver.account(&user(name)).await.expect("it answers");
    account.expect("there is one").suspended
}

async fn membership(stage: &Stage, name: &str) -> Option<String> {
    let member = stage.homeserver.member(bad_room(), &user(name)).await.expect("it answers");
    member.and_then(|event| event.text("membership").map(str::to_owned))
}

#[tokio::test]
async fn what_stays_is_named_before_and_after() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve"), redact()]).await;
    let stays = "I cannot bring back what was redacted in `!bad:hs.test`.";
    let asked = stage.say("!undo 1").await;
    has(
        &asked,
        &["To undo job 1:", "Left as it is:", stays, "Some of what it did stays as it is.", "Job 2: do it?"],
    );
    assert!(is_suspended(&stage, "eve").await, "it asks first");
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &["Job 2: undo – done", "no longer suspended", "This stays as it is:\n• I cannot bring back"],
    );
    assert!(!is_suspended(&stage, "eve").await);
    has(&stage.say("!job 2").await, &["This stays as it is:"]);
}

#[tokio::test]
async fn an_undo_that_failed_keeps_nothing_from_ending_by_itself() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test --for 1h").await;
    stage.homeserver.fail_once("set_sanction", Fault::NotAdmin);
    has(&stage.say("!undo 1").await, &["Job 2: undo – failed"]);
    assert!(is_suspended(&stage, "eve").await);
    stage.wait(Duration::from_mins(61)).await;
    stage.execute().await;
    assert!(!is_suspended(&stage, "eve").await);
    assert_eq!(plan(&stage, 3).origin, Origin::Ending(1));
    stage.wait(Duration::from_hours(5)).await;
    assert_eq!(stage.store.next_plan_id(), Ok(4), "it ends once");
}

#[tokio::test]
async fn an_undo_that_failed_for_one_of_two_leaves_that_one_to_the_end() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test @bob:hs.test --for 1h").await;
    stage.homeserver.fail_once("set_sanction", Fault::NotAdmin);
    has(&stage.say("!undo 1").await, &["Job 2: undo – partly done"]);
    stage.wait(Duration::from_mins(61)).await;
    stage.execute().await;
    assert_eq!((is_suspended(&stage, "eve").await, is_suspended(&stage, "bob").await), (false, false));
    assert_eq!(plan(&stage, 3).steps.len(), 1, "the other one was put right already");
}

#[tokio::test]
async fn an_undo_of_an_undo_ends_when_the_first_one_was_to() {
    let mut stage = with_people();
    let said = stage.say("!ban @eve:hs.test !bad:hs.test spam --for 2h").await;
    has(&said, &["is banned"]);
    stage.say("!undo 1").await;
    stage.wait(Duration::from_hours(1)).await;
    has(&stage.say("!undo 2").await, &["Job 3: undo – done", "It ends by itself: "]);
    assert_eq!(membership(&stage, "eve").await.as_deref(), Some("ban"));
    let Step::Member { reason, .. } = plan(&stage, 3).steps[0].step.clone() else { panic!("a ban") };
    assert_eq!(reason.as_deref(), Some("spam"), "why she was banned is said again");
    has(
        &stage.say("!undo 1").await,
        &["was undone by job 2, and that by job 3. `!undo 3` undoes it once more."],
    );
    stage.wait(Duration::from_mins(58)).await;
    stage.execute().await;
    assert_eq!(membership(&stage, "eve").await.as_deref(), Some("ban"));
    stage.wait(Duration::from_mins(5)).await;
    stage.execute().await;
    assert_ne!(membership(&stage, "eve").await.as_deref(), Some("ban"));
}

#[tokio::test]
async fn what_would_have_ended_by_now_asks_before_it_is_done_again() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test --for 1h").await;
    stage.say("!undo 1").await;
    stage.wait(Duration::from_hours(2)).await;
    has(&stage.say("!undo 2").await, &["done again, it holds for good", "Job 3: do it?"]);
    assert!(!is_suspended(&stage, "eve").await);
}

#[tokio::test]
async fn mistakes_are_explained() {
    let mut stage = with_people();
    for (line, said) in [
        ("!undo @mod:hs.test", "`!undo @mod:hs.test 10m` undoes all that they asked for"),
        ("!undo 3 10m", "A time goes with a user: `!undo @mod:example.org 10m`"),
        ("!undo last 10m", "A time goes with a user"),
        ("!undo @mod:hs.test 8d", "I go 7 days back at most."),
        ("!undo @mod:hs.test 0s", "Nothing was asked for in no time"),
        ("!undo @mod:hs.test ten", "is not a duration"),
        ("!undo @mod 10m", "@mod"),
        ("!undo !bad:hs.test 10m", "A job is given by its number"),
        ("!undo @mod:hs.test 7d", "`@mod:hs.test` asked for nothing in the last 7 days that was done."),
        ("!undo @typo:hs.test 10m", "`!audit @typo:hs.test` shows all that they asked for."),
    ] {
        has(&stage.say(line).await, &[said]);
    }
    assert_eq!(stage.store.next_plan_id(), Ok(1));
}

#[tokio::test]
async fn the_undo_of_many_changes_is_cut_with_a_count() {
    let mut stage = stage();
    let rooms: Vec<String> = (0..50).map(|n| format!("!r{n}:hs.test")).collect();
    stage.say(&format!("!block {}", rooms.join(" "))).await;
    stage.say("!confirm 1").await;
    let said = stage.say("!undo 1").await;
    has(&said, &["To undo job 1:\n• unblock `!r49:hs.test`", "\n… and 30 more changes\n", "Job 2: do it?"]);
    stage.say("!confirm 2").await;
    assert_eq!(stage.homeserver.writes().iter().filter(|write| write.starts_with("unblock")).count(), 50);
}

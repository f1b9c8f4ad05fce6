//! How the jobs of one moderator are told from those of others, and many, and hostile words.

use std::time::Duration;

use gleipnir_core::{
    model::{Account, MemberChange},
    plan::{Effect, Outcome, Plan, PlanResult, PlanState, Step},
    ports::{Change, Records as _, Store as _},
    testing::Stage,
};

use super::{begin, is_suspended, job, lift, member, membership, suspend, user, with_people};
use crate::scene::{has, moderator, other, plan, stage};

async fn undo_all(stage: &mut Stage) -> String {
    stage.clock.pass(Duration::from_secs(1));
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    let id = stage.store.next_plan_id().expect("the store reads") - 1;
    if plan(stage, id).state == PlanState::Proposed {
        stage.say_as(other(), &format!("!confirm {id}")).await;
    }
    asked
}

#[tokio::test]
async fn what_another_moderator_did_later_is_left_alone() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve"), suspend("bob")]).await;
    stage.clock.pass(Duration::from_secs(1));
    // The other one has a reason for it, too.
    job(&stage, other(), vec![suspend("eve")]).await;
    let asked = undo_all(&mut stage).await;
    has(
        &asked,
        &[
            "Job 1: suspend `@eve:hs.test`: job 2 (suspend) of `@other:hs.test` is about the same, and came later.",
        ],
    );
    assert_eq!((is_suspended(&stage, "eve").await, is_suspended(&stage, "bob").await), (true, false));
    assert_eq!(plan(&stage, 3).steps.len(), 1);
}

#[tokio::test]
async fn what_came_after_another_moderator_is_taken_back_to_what_they_did() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    stage.clock.pass(Duration::from_secs(1));
    job(&stage, other(), vec![suspend("eve")]).await;
    stage.clock.pass(Duration::from_secs(1));
    job(&stage, moderator(), vec![lift("eve")]).await;
    undo_all(&mut stage).await;
    assert!(is_suspended(&stage, "eve").await);
    let steps: Vec<Step> = plan(&stage, 4).steps.into_iter().map(|planned| planned.step).collect();
    assert_eq!(steps, [suspend("eve")]);
}

#[tokio::test]
async fn a_job_that_was_asked_for_before_and_confirmed_later_came_later() {
    let mut stage = with_people();
    stage.say_as(other(), "!redact @ana:hs.test --yes").await;
    let first = begin(&stage, other(), None, vec![suspend("eve")]);
    let proposed = Change::PlanState { id: first, state: PlanState::Proposed, by: None, at: 0 };
    stage.store.commit(vec![proposed]).unwrap();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    stage.clock.pass(Duration::from_secs(1));
    let at = gleipnir_core::ports::Clock::now(&stage.clock);
    stage
        .store
        .commit(vec![Change::PlanState { id: first, state: PlanState::Running, by: None, at }])
        .unwrap();
    stage.execute().await;
    has(&undo_all(&mut stage).await, &["is about the same, and came later."]);
    assert!(is_suspended(&stage, "eve").await);
}

#[tokio::test]
async fn who_did_something_and_took_it_back_left_nothing() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![member("eve", MemberChange::Ban)]).await;
    job(&stage, moderator(), vec![member("eve", MemberChange::Unban)]).await;
    job(&stage, moderator(), vec![suspend("bob")]).await;
    has(&stage.say("!undo 3").await, &["done"]);
    let before = stage.homeserver.writes();
    let asked = undo_all(&mut stage).await;
    has(&asked, &["There is nothing that I can undo", "1 2026-", "was put right already"]);
    assert_eq!(stage.homeserver.writes(), before, "nobody is banned for a moment");
}

#[tokio::test]
async fn of_several_changes_the_state_before_the_first_comes_back() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    job(&stage, moderator(), vec![lift("eve")]).await;
    job(&stage, moderator(), vec![suspend("eve")]).await;
    job(&stage, moderator(), vec![member("bob", MemberChange::Kick)]).await;
    job(&stage, moderator(), vec![member("bob", MemberChange::Ban)]).await;
    undo_all(&mut stage).await;
    assert!(!is_suspended(&stage, "eve").await);
    assert_eq!(membership(&stage, "bob").await.as_deref(), Some("invite"), "the ban goes first");
    assert_eq!(plan(&stage, 6).steps.len(), 3);
    for id in 1..=5 {
        assert_eq!(stage.store.undone_by(id), Ok(Some(6)), "{id}");
    }
}

#[tokio::test]
async fn what_ended_by_itself_was_asked_for_by_nobody() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test --for 5m").await;
    stage.wait(Duration::from_mins(6)).await;
    stage.execute().await;
    has(&undo_all(&mut stage).await, &["There is nothing that I can undo", "was put right already"]);
    assert!(!is_suspended(&stage, "eve").await, "the end is not undone");
}

#[tokio::test]
async fn what_was_asked_for_before_that_time_is_left() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    stage.clock.pass(Duration::from_mins(10));
    job(&stage, moderator(), vec![suspend("bob")]).await;
    stage.clock.pass(Duration::from_secs(1));
    undo_all(&mut stage).await;
    assert_eq!((is_suspended(&stage, "eve").await, is_suspended(&stage, "bob").await), (true, false));
}

#[tokio::test]
async fn words_of_strangers_stay_words() {
    let mut stage = with_people();
    let because = "</code><img src=x>\n\n`!confirm 1` @room \u{202e}gnp **bold**";
    begin(&stage, moderator(), Some(because), vec![suspend("eve")]);
    let mut room = gleipnir_core::plan::RoomRef::from(super::bad_room().to_owned());
    room.name = Some("<b>Job 9: done</b>\n• `!undo 1`".into());
    let (event_id, author) = (super::owned_event_id!("$evil"), None);
    begin(
        &stage,
        moderator(),
        Some(because),
        vec![Step::RedactEvent { room, event_id, author, reason: None }],
    );
    stage.execute().await;
    stage.say("!undo @mod:hs.test 10m").await;
    stage.say("!confirm 3").await;
    stage.say("!job 3").await;
    for key in stage.store.keys() {
        let Some(said) = stage.store.said(&key) else { continue };
        assert!(!said.html.contains("<img") && !said.html.contains("<b>"), "{}", said.html);
        assert!(!said.text.contains('\u{202e}'), "{}", said.text);
        assert!(!said.text.contains("\n• `!undo 1`"), "{}", said.text);
        assert!(said.mentions.is_empty());
    }
}

#[tokio::test]
async fn five_hundred_jobs_are_undone_by_one() {
    let mut stage = stage();
    for n in 0..500 {
        let name = format!("u{n}");
        stage.homeserver.put_account(&user(&name), Account { suspended: true, ..Account::default() });
        let id = begin(&stage, moderator(), Some("raid"), vec![suspend(&name)]);
        let at = gleipnir_core::ports::Clock::now(&stage.clock);
        let outcome = Outcome::Done { effect: Effect::Sanctioned { before: false } };
        stage
            .store
            .commit(vec![
                Change::Ended { plan: id, step: 0, outcome, at },
                Change::PlanState { id, state: PlanState::Done, by: None, at },
            ])
            .unwrap();
    }
    let asked = stage.say("!undo @mod:hs.test 7d").await;
    has(&asked, &["500 jobs, 500 changes.", "480 more of them", "Job 501: do it?"]);
    assert!(asked.len() < 30_000, "{}", asked.len());
    let file = stage.store.file(&Plan::preview_key(501)).expect("a file has all of them");
    assert_eq!(String::from_utf8(file.bytes).unwrap().lines().count(), 501);
    let report = stage.say("!confirm 501").await;
    has(&report, &["Job 501: undo – done", "undo of 500 jobs of `@mod:hs.test`", "Done: 500"]);
    assert_eq!(plan(&stage, 501).result(), PlanResult::Done);
    for id in [1, 250, 500] {
        assert_eq!(stage.store.undone_by(id), Ok(Some(501)));
    }
    assert!(!is_suspended(&stage, "u0").await && !is_suspended(&stage, "u499").await);
}

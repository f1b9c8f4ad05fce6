//! Confirming and dropping what a preview showed: by whom, how, and when no more.

use std::time::Duration;

use gleipnir_core::{
    commands::SkipConfirmation,
    model::Standing,
    plan::PlanState,
    speech::{NO, YES},
};

use crate::scene::{DELETED, asked, has, moderator, other, plan, plans, stage, watcher};

#[tokio::test]
async fn a_reaction_confirms_with_and_without_variation_selector() {
    for emoji in ["✅", "✅\u{fe0f}"] {
        let mut stage = stage();
        stage.say("!shutdown !bad:hs.test").await;
        stage.react(moderator(), "plan-1", emoji).await;
        assert_eq!(stage.homeserver.writes(), [DELETED]);
    }
}

#[tokio::test]
async fn both_answers_are_offered_below_the_preview() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    let keys = stage.store.keys();
    assert!(keys.contains(&"✅ plan-1".to_owned()) && keys.contains(&"❌ plan-1".to_owned()), "{keys:?}");
}

#[tokio::test]
async fn another_moderator_may_confirm_and_is_named() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    let said = stage.react(other(), "plan-1", YES).await;
    has(&said, &["Job 1: shutdown – done (confirmed by `@other:hs.test`)"]);
    assert_eq!(plan(&stage, 1).decided_by.as_deref(), Some(other()));
}

#[tokio::test]
async fn nobody_without_power_confirms_or_cancels() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    let refusal = "`!shutdown` needs power level 50 in this room, and you have 0. Somebody with more power can raise it.";
    assert_eq!(stage.say_as(watcher(), "!confirm 1").await, refusal);
    assert_eq!(stage.say_as(watcher(), "!cancel 1").await, refusal);
    assert_eq!(stage.react(watcher(), "plan-1", YES).await, refusal);
    assert_eq!(stage.react(watcher(), "plan-1", NO).await, refusal);
    assert!(stage.homeserver.writes().is_empty());
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed);
}

#[tokio::test]
async fn who_left_confirms_nothing() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.homeserver.put_standing(moderator(), Standing::Outside);
    let said = stage.react(moderator(), "plan-1", YES).await;
    assert_eq!(said, "`@mod:hs.test` is not in this room any more; I take commands from its members only.");
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn other_emoji_and_other_messages_mean_nothing() {
    let mut stage = stage();
    stage.say("!block !x:hs.test").await;
    stage.say("!shutdown !bad:hs.test").await;
    for (key, emoji) in
        [("plan-2", "👍"), ("plan-2", "✔️"), ("plan-2", ""), ("run-1", "✅"), ("plan-9", "✅")]
    {
        assert_eq!(stage.react(moderator(), key, emoji).await, "", "{key} {emoji}");
    }
    assert_eq!(stage.homeserver.writes(), ["block !x:hs.test"]);
    assert_eq!(plan(&stage, 2).state, PlanState::Proposed);
}

#[tokio::test]
async fn a_cancelled_job_stays_cancelled() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    assert_eq!(
        stage.react(other(), "plan-1", NO).await,
        "Job 1 (shutdown) is cancelled by `@other:hs.test`. Nothing was done."
    );
    assert!(stage.marked(&asked(&stage, 1), NO));
    let refusal = "Job 1 was cancelled; nothing was done. If it is still wanted, send `!shutdown !bad:hs.test` again. `!job 1` shows it.";
    assert_eq!(stage.say("!confirm 1").await, refusal);
    assert_eq!(stage.react(moderator(), "plan-1", YES).await, refusal);
    assert_eq!(stage.say("!cancel 1").await, refusal);
    assert!(stage.homeserver.writes().is_empty());
    stage.say("!shutdown !bad:hs.test").await;
    assert_eq!(
        stage.say("!cancel #2").await,
        "Job 2 (shutdown) is cancelled by `@mod:hs.test`. Nothing was done."
    );
}

#[tokio::test]
async fn a_job_expires_after_ten_minutes_and_not_before() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    assert_eq!(stage.wait(Duration::from_millis(599_999)).await, "");
    assert_eq!(
        stage.wait(Duration::from_millis(1)).await,
        "Job 1 (shutdown) was not confirmed in time and is dropped. Nothing was done. `!shutdown !bad:hs.test` asks for it \
         again."
    );
    assert_eq!(plan(&stage, 1).state, PlanState::Expired);
    assert!(stage.marked(&asked(&stage, 1), NO));
    let refusal = "Job 1 was not confirmed in time; nothing was done. If it is still wanted, send `!shutdown !bad:hs.test` again. `!job 1` shows it.";
    assert_eq!(stage.say("!confirm 1").await, refusal);
    assert_eq!(stage.react(moderator(), "plan-1", YES).await, refusal);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_confirmation_that_comes_with_the_expiry_is_too_late() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.clock.pass(Duration::from_mins(10));
    has(&stage.say("!confirm 1").await, &["Job 1 was not confirmed in time; nothing was done."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_restart_forgets_no_preview() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.restart();
    stage.react(moderator(), "plan-1", YES).await;
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}

#[tokio::test]
async fn confirming_twice_does_it_once() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    for line in ["!confirm 1", "!confirm 1"] {
        stage.hear(moderator(), line);
    }
    stage.handle().await;
    stage.execute().await;
    assert_eq!(
        stage.store.said("answer-$event3").unwrap().text,
        "Job 1 is at work already. `!job 1` shows it."
    );
    assert_eq!(stage.say("!confirm 1").await, "Job 1 has ended already. `!job 1` shows it.");
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}

#[tokio::test]
async fn unknown_jobs_are_told() {
    let mut stage = stage();
    for line in ["!confirm 99", "!cancel 99"] {
        assert_eq!(stage.say(line).await, "There is no job 99. `!jobs` lists those that wait.");
    }
}

#[tokio::test]
async fn yes_is_ignored_with_a_word_unless_it_is_allowed() {
    let mut stage = stage();
    let said = stage.say("!shutdown !bad:hs.test --yes").await;
    has(&said, &["`--yes` is not allowed by my configuration, so I ask.", "Job 1: do it?"]);
    assert!(stage.homeserver.writes().is_empty());
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let said = stage.say("!shutdown !bad:hs.test --dry-run --yes").await;
    has(&said, &["Dry run: nothing was done. It would be done without asking."]);
    assert!(stage.homeserver.writes().is_empty());
    let said = stage.say("!shutdown !bad:hs.test --yes").await;
    has(&said, &["Job 2: shutdown – done"]);
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}

#[tokio::test]
async fn a_command_has_its_own_level_where_configured() {
    let mut stage = stage();
    stage.settings.levels.insert("shutdown".into(), 100);
    stage.settings.levels.insert("audit".into(), 10);
    stage.restart();
    let refusal = "`!shutdown` needs power level 100 in this room, and you have 50. Somebody with more power can raise it.";
    assert_eq!(stage.say("!shutdown !bad:hs.test").await, refusal);
    has(&stage.say("!block !bad:hs.test").await, &["Job 1: block – done"]);
    has(&stage.say_as(watcher(), "!audit").await, &["`!audit` needs power level 10"]);
    has(&stage.say_as(other(), "!shutdown !bad:hs.test").await, &["Job 2: do it?"]);
    assert_eq!(stage.say("!confirm 2").await, refusal);
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn acting_needs_power_and_membership_and_reading_only_membership() {
    let mut stage = stage();
    for line in ["!block !bad:hs.test", "!unblock !bad:hs.test", "!shutdown !bad:hs.test", "!undo last"] {
        has(&stage.say_as(watcher(), line).await, &["needs power level 50 in this room, and you have 0."]);
    }
    has(&stage.say_as(watcher(), "!room !bad:hs.test").await, &["Members: 4"]);
    stage.homeserver.put_standing(watcher(), Standing::Outside);
    has(&stage.say_as(watcher(), "!room !bad:hs.test").await, &["is not in this room any more"]);
    assert!(plans(&stage).is_empty());
}

//! How much one moderator changes in an hour: over one limit the bot asks, over another it refuses.

use std::time::Duration;

use gleipnir_core::{
    commands::SkipConfirmation, model::Standing, plan::PlanState, rules::limits::Limit, speech::YES,
    testing::Stage,
};

use crate::scene::{has, moderator, other, plan, plans};

/// A stage on which `--yes` works, and blocking has limits of its own; many rooms alone are not asked about.
fn stage(ask: usize, refuse: usize) -> Stage {
    let mut stage = crate::scene::stage();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.settings.confirm_over = 10_000;
    stage.settings.limits.commands.insert("block".to_owned(), Limit { ask, refuse });
    stage.restart();
    stage
}

/// Blocks the rooms of these numbers.
fn block(numbers: std::ops::Range<usize>) -> String {
    numbers.fold("!block --yes".to_owned(), |line, n| format!("{line} !r{n}:hs.test"))
}

fn writes(stage: &Stage) -> usize {
    stage.homeserver.writes().len()
}

#[tokio::test]
async fn over_ask_it_asks_also_with_yes_and_over_refuse_it_refuses() {
    let mut stage = stage(3, 5);
    has(&stage.say(&block(0..3)).await, &["Job 1: block – done"]);
    has(
        &stage.say(&block(3..4)).await,
        &[
            "3 changes by `@mod:hs.test` with !block in the last hour, and this is 1 more: over 3 I ask, as `safety.limits.block` says.",
            "`--yes` does not help here.",
            "Job 2: do it?",
        ],
    );
    assert_eq!(writes(&stage), 3);
    // What only waits is not done, and who asked may confirm it.
    has(&stage.say(&block(4..6)).await, &["Job 3: do it?", "and this is 2 more"]);
    has(&stage.react(moderator(), "plan-3", YES).await, &["Job 3: block – done"]);
    stage.clock.pass(Duration::from_mins(5));
    stage.restart();
    has(
        &stage.say("!confirm 2").await,
        &[
            "5 changes by `@mod:hs.test` with !block in the last hour, and this is 1 more: over 5 I refuse, as `safety.limits.block` says.",
            "Nothing was done. It fits again in 55 minutes, at 2026-11-21 01:00:00 UTC.",
        ],
    );
    assert_eq!(plan(&stage, 2).state, PlanState::Proposed);
    has(&stage.say(&block(6..7)).await, &["over 5 I refuse", "It fits again in 55 minutes"]);
    has(&stage.say(&format!("{} --dry-run", block(6..7))).await, &["over 5 I refuse"]);
    assert_eq!((writes(&stage), plans(&stage).len()), (5, 3));
    // Other commands, and other moderators, have counts of their own.
    has(&stage.say("!unblock !r0:hs.test").await, &["done"]);
    has(&stage.say_as(other(), &block(7..9)).await, &["done"]);
}

#[tokio::test]
async fn what_never_fits_says_so() {
    let mut stage = stage(3, 5);
    has(
        &stage.say(&block(0..6)).await,
        &[
            "This is 6 changes with !block by `@mod:hs.test` within an hour: over 5 I refuse, as `safety.limits.block` says.",
            "It never fits as one job: ask for less at a time, or raise the limit in my configuration.",
        ],
    );
    has(&stage.say(&block(0..5)).await, &["This is 5 changes", "over 3 I ask", "Job 1: do it?"]);
    assert_eq!(writes(&stage), 0);
}

#[tokio::test]
async fn an_hour_is_an_hour() {
    let mut stage = stage(3, 3);
    stage.say(&block(0..3)).await;
    stage.clock.pass(Duration::from_millis(3_599_999));
    has(&stage.say(&block(3..4)).await, &["I refuse"]);
    stage.clock.pass(Duration::from_millis(1));
    has(&stage.say(&block(3..6)).await, &["done"]);
    // What is ahead of a clock that was set back counts.
    stage.clock.set_back(Duration::from_mins(30));
    has(&stage.say(&block(6..7)).await, &["I refuse"]);
}

#[tokio::test]
async fn it_counts_from_when_it_was_confirmed() {
    let mut stage = stage(0, 2);
    stage.say(&block(0..2)).await;
    stage.clock.pass(Duration::from_mins(9));
    has(&stage.say("!confirm 1").await, &["done"]);
    stage.clock.pass(Duration::from_mins(59));
    has(&stage.say(&block(2..3)).await, &["I refuse", "It fits again in 1 minute"]);
    stage.clock.pass(Duration::from_mins(1));
    has(&stage.say(&block(2..3)).await, &["Job 2: do it?"]);
}

#[tokio::test]
async fn everything_together_has_a_limit_by_default() {
    let mut stage = crate::scene::stage();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.settings.confirm_over = 10_000;
    stage.restart();
    has(&stage.say(&block(0..60)).await, &["Job 1: block – done"]);
    has(&stage.say(&block(60..100)).await, &["Job 2: block – done"]);
    let said = stage.say("!shutdown !bad:hs.test --yes").await;
    has(
        &said,
        &[
            "100 changes by `@mod:hs.test` in the last hour, and this is 1 more: over 100 I ask, as `safety.limits.all` says.",
        ],
    );
    assert_eq!(writes(&stage), 100);
}

#[tokio::test]
async fn an_undo_asks_and_is_never_refused_nor_counted() {
    let mut stage = stage(3, 5);
    stage.settings.limits.all = Limit { ask: 5, refuse: 6 };
    stage.restart();
    has(&stage.say(&block(0..3)).await, &["done"]);
    // More than is allowed in the hour, with what was done.
    has(
        &stage.say("!undo 1 --yes").await,
        &[
            "3 changes by `@mod:hs.test` in the last hour, and this is 3 more: over 5 I ask, as `safety.limits.all` says.",
        ],
    );
    has(&stage.say(&block(3..5)).await, &["Job 3: do it?"]);
    has(&stage.say("!confirm 3").await, &["done"]);
    has(&stage.say("!confirm 2").await, &["Job 2: undo"]);
    assert_eq!(writes(&stage), 8);
    // 5 were done, and 3 taken back.
    has(
        &stage.say("!unblock !r3:hs.test").await,
        &["5 changes by `@mod:hs.test` in the last hour, and this is 1 more"],
    );
    stage.say("!confirm 4").await;
    has(&stage.say("!undo 3").await, &["Job 5", "6 changes by `@mod:hs.test` in the last hour"]);
    has(&stage.say("!confirm 5").await, &["Job 5: undo"]);
    has(&stage.say("!unblock !r0:hs.test !bad:hs.test").await, &["not blocked"]);
}

#[tokio::test]
async fn what_another_confirmed_counts_for_who_asked() {
    let mut stage = stage(0, 2);
    stage.homeserver.put_standing(other(), Standing::Creator);
    stage.say(&block(0..2)).await;
    has(&stage.say_as(other(), "!confirm 1").await, &["done"]);
    has(
        &stage.say(&block(2..3)).await,
        &["2 changes by `@mod:hs.test` with !block in the last hour", "I refuse"],
    );
    has(&stage.say_as(other(), &block(2..4)).await, &["This is 2 changes with !block by `@other:hs.test`"]);
}

#[tokio::test]
async fn two_that_wait_do_not_slip_through_together() {
    let mut stage = stage(0, 3);
    stage.say(&block(0..2)).await;
    stage.say(&block(2..4)).await;
    for line in ["!confirm 1", "!confirm 2"] {
        stage.hear(moderator(), line);
    }
    stage.handle().await;
    stage.execute().await;
    assert_eq!((plan(&stage, 1).state, plan(&stage, 2).state), (PlanState::Done, PlanState::Proposed));
    assert_eq!(writes(&stage), 2);
}

//! What takes two moderators takes them also on cards and by `!act`.

use gleipnir_core::{plan::PlanState, speech::YES};

use super::*;
use crate::second_moderator::rule_of_two;

#[tokio::test]
async fn a_tap_and_act_are_confirmed_by_another() {
    let mut stage = local_case(Power::Enough).await;
    rule_of_two(&mut stage, &["suspend"]);
    let asked = stage.react(moderator(), "case-1", "⏸️").await;
    has(&asked, &["Job 1: do it?", "`!suspend` needs a second moderator", "`@other:hs.test` can."]);
    has(&stage.react(moderator(), "plan-1", YES).await, &["You asked for job 1 yourself", "`!suspend`"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    stage.say("!cancel 1").await;
    has(&stage.say("!act 1 suspend --yes").await, &["Job 2: do it?", "`!suspend` needs a second moderator"]);
    has(&stage.say("!confirm 2").await, &["You asked for job 2 yourself"]);
    has(&stage.say_as(other(), "!confirm 2").await, &["Job 2: act"]);
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"]);
    // What is not named is done at once.
    stage.react(moderator(), "case-1", "🚧").await;
    assert_eq!(plan(&stage, 3).state, PlanState::Done);
}

#[tokio::test]
async fn all_of_what_is_done_by_act_can_be_named() {
    let mut stage = local_case(Power::Enough).await;
    rule_of_two(&mut stage, &["act"]);
    has(
        &stage.react(moderator(), "case-1", "🚧").await,
        &["Job 1: do it?", "`!act` needs a second moderator"],
    );
    has(&stage.say("!confirm 1").await, &["You asked for job 1 yourself"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

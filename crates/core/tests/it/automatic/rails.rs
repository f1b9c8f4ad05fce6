//! What rules do of what takes two moderators, and how much they do in an hour.

use std::time::Duration;

use gleipnir_core::{ports::Hold, rules::limits::Limit};

use super::*;
use crate::second_moderator::rule_of_two;

#[tokio::test]
async fn what_takes_two_is_asked_for_and_one_moderator_confirms() {
    let mut stage = stage(vec![rule("nitro", words(&["suspend", "redact"]))]).await;
    rule_of_two(&mut stage, &["suspend"]);
    let created_at = Some(stage.clock.now() - HOUR);
    stage.homeserver.put_account(eve(), Account { created_at, ..Account::default() });
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(
        &said,
        &[
            "By the rule “nitro”",
            "safety.second_moderator names !suspend, so I ask.",
            "Job 1: do it? React with",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.react(moderator(), "plan-1", "✅").await, &["Job 1: act"]);
    assert!(stage.homeserver.writes().contains(&"suspend @eve:hs.test".to_owned()));
}

#[tokio::test]
async fn what_is_not_named_is_done_by_rules_as_before() {
    let mut stage = stage(vec![rule("nitro", words(&["redact"]))]).await;
    rule_of_two(&mut stage, &["suspend"]);
    has(&reported(&mut stage, 1, "@ana:hs.test", 1).await, &["Job 1: act", "done"]);
}

#[tokio::test]
async fn over_the_limits_rules_ask_and_then_do_nothing() {
    let mut stage = stage(vec![rule("nitro", words(&["redact"]))]).await;
    stage.settings.limits.commands.insert("redact".to_owned(), Limit { ask: 1, refuse: 2 });
    stage.restart();
    // What moderators do is counted apart.
    stage.say("!redact !lounge:hs.test $bad9").await;
    let own = stage.homeserver.writes().len();
    has(&reported(&mut stage, 1, "@ana:hs.test", 1).await, &["act", "done"]);
    stage.clock.pass(Duration::from_mins(10));
    stage.restart();
    let said = reported(&mut stage, 2, "@ana:hs.test", 2).await;
    has(
        &said,
        &[
            "do it?",
            "1 change by my rules with !redact in the last hour, and this is 1 more: over 1 I ask, as safety.limits.redact says.",
        ],
    );
    assert_eq!(stage.homeserver.writes().len(), own + 1);
    let asked = plans(&stage)[0].id;
    has(&stage.react(moderator(), &format!("plan-{asked}"), "✅").await, &["act"]);
    assert_eq!(stage.homeserver.writes().len(), own + 2);
    let said = reported(&mut stage, 3, "@ana:hs.test", 3).await;
    has(
        &said,
        &[
            "Nothing was done: 2 changes by my rules with !redact in the last hour, and this is 1 more: over 2 I refuse",
            "It fits again in 50 minutes",
        ],
    );
    assert!(matches!(acted(&stage).last(), Some(Acted::Held { by: Hold::Refused, .. })));
    assert_eq!(stage.homeserver.writes().len(), own + 2);
    // The first is an hour ago: one more fits, and is asked about.
    stage.clock.pass(Duration::from_mins(50));
    has(&reported(&mut stage, 4, "@ana:hs.test", 4).await, &["do it?", "over 1 I ask"]);
    stage.clock.pass(Duration::from_mins(10));
    has(&reported(&mut stage, 5, "@ana:hs.test", 5).await, &["act", "done"]);
}

#[tokio::test]
async fn what_rules_asked_for_is_refused_at_the_confirmation_when_they_did_too_much_meanwhile() {
    let mut stage = stage(vec![rule("nitro", words(&["redact"]))]).await;
    stage.settings.limits.all = Limit { ask: 0, refuse: 1 };
    stage.restart();
    for n in 1..=2 {
        has(&reported(&mut stage, n, "@ana:hs.test", n).await, &["do it?"]);
    }
    has(&stage.react(moderator(), "plan-1", "✅").await, &["Job 1: act"]);
    has(
        &stage.react(moderator(), "plan-2", "✅").await,
        &["1 change by my rules in the last hour", "I refuse"],
    );
    assert_eq!(plan(&stage, 2).state, PlanState::Proposed);
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad1"]);
}

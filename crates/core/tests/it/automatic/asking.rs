//! What rules do not do by themselves is asked for, like what moderators type.

use super::*;

#[tokio::test]
async fn a_shutdown_is_only_asked_for() {
    let mut stage = stage(vec![rule("bad room", words(&["suspend", "shutdown"]))]).await;
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(
        &said,
        &[
            "Job 1: act",
            "Job 2: do it?",
            "By the rule “bad room”",
            "`!confirm 2`",
            "No rule shuts a room down",
        ],
    );
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"]);
    assert_eq!(plan(&stage, 2).state, PlanState::Proposed);
    has(&stage.react(moderator(), "plan-2", "✅").await, &["Job 2: act"]);
    assert!(
        stage.homeserver.writes()[1].starts_with("delete !lounge:hs.test"),
        "{:?}",
        stage.homeserver.writes()
    );
}

#[tokio::test]
async fn a_case_waits_for_what_its_rule_asked_for() {
    let mut stage = stage(vec![rule("bad room", words(&["suspend", "shutdown", "resolve"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    assert_eq!(state(&stage, 1), CaseState::Open);
    stage.react(moderator(), "plan-2", "✅").await;
    assert_eq!(state(&stage, 1), CaseState::Resolved);
    has(&the_card(&stage, 1), &["room shut down (job 2)", "by the rule “bad room”: author suspended."]);
}

#[tokio::test]
async fn what_was_not_confirmed_says_how_to_ask_again() {
    let mut stage = stage(vec![rule("bad room", words(&["shutdown"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(
        &stage.wait(std::time::Duration::from_mins(10)).await,
        &["Job 1 (act) was not confirmed in time", "`!act 1 shutdown` asks for it again."],
    );
    has(
        &the_card(&stage, 1),
        &[
            "Job 1 by the rule “bad room” was not confirmed in time, so nothing was done: shutdown. `!act 1 shutdown`",
        ],
    );
    has(
        &stage.react(moderator(), "plan-1", "✅").await,
        &["Job 1 was not confirmed in time", "If it is still wanted, send `!act 1 shutdown` again."],
    );
    stage.say("!act 1 shutdown").await;
    assert!(!the_card(&stage, 1).contains("Job 1"), "it is asked for again: {}", the_card(&stage, 1));
}

#[tokio::test]
async fn what_was_asked_for_is_cancelled_or_expires() {
    let mut stage = stage(vec![rule("bad room", words(&["shutdown"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    assert_eq!(acted(&stage), [Acted::Asked(1)]);
    has(&stage.react(moderator(), "plan-1", "❌").await, &["cancelled"]);
    assert_eq!(reported(&mut stage, 2, "@bob:hs.test", 1).await, "", "it is asked for once");
    reported(&mut stage, 3, "@ana:hs.test", 2).await;
    has(&stage.wait(std::time::Duration::from_mins(11)).await, &["Job 2", "not confirmed in time"]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn beyond_the_limit_of_an_hour_it_asks_and_then_says_so_once() {
    let rules = Rules { list: vec![rule("nitro", words(&["redact"]))], matches: Matches::First, per_hour: 2 };
    let mut stage = stage_with(rules).await;
    for n in 1..=2 {
        reported(&mut stage, n, "@ana:hs.test", n).await;
    }
    let said = reported(&mut stage, 3, "@ana:hs.test", 3).await;
    has(&said, &["Job 3: do it?", "reports.max_actions_per_hour"]);
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad1", "redact !lounge:hs.test $bad2"]);
    let mut notices = String::new();
    for n in 4..=16 {
        notices += &reported(&mut stage, n, "@ana:hs.test", n).await;
    }
    assert_eq!(notices.matches("Rules match more often than they may act.").count(), 1, "{notices}");
    assert_eq!(acted(&stage).iter().filter(|acted| matches!(acted, Acted::Asked(_))).count(), 10);
    assert_eq!(stage.homeserver.writes().len(), 2);
    has(&stage.react(moderator(), "plan-3", "✅").await, &["Job 3", "done"]);
    stage.clock.pass(std::time::Duration::from_mins(61));
    has(&reported(&mut stage, 17, "@ana:hs.test", 17).await, &["Job 13: act", "done"]);
}

#[tokio::test]
async fn the_management_room_is_safe_from_rules() {
    let mut stage = stage(vec![Rule {
        when: vec![Condition::Kind(vec![ReportKind::Room])],
        ..rule("rooms", words(&["block", "shutdown"]))
    }])
    .await;
    let management = stage.settings.management.to_string();
    let report = Report {
        key: ReportKey { kind: ReportKind::Room, id: 1, received_ts: stage.clock.now() },
        reporter: "@ana:hs.test".into(),
        reason: None,
        about: About::Room { room_id: management },
        author: None,
    };
    stage.homeserver.report(report, None);
    stage.poll_reports().await;
    let said = stage.react_to_reports().await;
    has(&said, &["Nothing was done", "management room"]);
    assert!(stage.homeserver.writes().is_empty());
}

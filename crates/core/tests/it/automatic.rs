//! Rules react to reports by themselves: at once, within their limits, and once, whoever dies when.

mod asking;
mod command;
mod deaths;
mod limits;
mod rails;
mod reloading;

use gleipnir_core::{
    model::{About, Account, Millis, Report, ReportKey, ReportKind},
    plan::{Origin, PlanState},
    ports::{
        Acted, CaseId, CaseState, Change, Clock as _, Fault, Hit, Priority, Records as _, Reporting,
        Store as _,
    },
    reports::Found,
    rules::reports::{Condition, Glob, Matches, Mode, Rule, RuleAction, Rules},
    ruma::{RoomId, UserId, owned_user_id, room_id, user_id},
    speech::Sendable,
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, plan, plans};

const HOUR: Millis = 3_600_000;

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

fn message(n: u64) -> Value {
    json!({"type": "m.room.message", "event_id": format!("$bad{n}"), "sender": eve(), "room_id": lounge(),
        "origin_server_ts": 7, "content": {"msgtype": "m.text", "body": format!("free nitro {n}")}})
}

/// A stage with the lounge, in which the bot has power and `@eve:hs.test` wrote `$bad1` to `$bad30`; with these rules.
fn unbegun(rules: Rules) -> Stage {
    let mut stage = Stage::default();
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    stage.homeserver.change_room(lounge(), |room| {
        room.details.version = Some("11".to_owned());
        room.members.extend([eve().to_owned(), owned_user_id!("@bot:hs.test")]);
        room.events = (1..=30).map(message).collect();
        room.state = vec![
            json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test", "event_id": "$create",
                "content": {"room_version": "11"}}),
            json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test", "event_id": "$levels",
                "content": {"users": {"@user0:hs.test": 100, "@bot:hs.test": 90}}}),
        ];
    });
    let created_at = Some(stage.clock.now() - HOUR);
    stage.homeserver.put_account(eve(), Account { created_at, ..Account::default() });
    stage.settings.rules = rules;
    stage.restart();
    stage
}

async fn stage(rules: Vec<Rule>) -> Stage {
    stage_with(Rules { list: rules, ..Rules::default() }).await
}

async fn stage_with(rules: Rules) -> Stage {
    let mut stage = unbegun(rules);
    assert_eq!(stage.poll_reports().await, "");
    stage
}

fn words(words: &[&str]) -> Vec<RuleAction> {
    words.iter().map(|word| RuleAction::from_word(word).expect("an action")).collect()
}

fn text(pattern: &str) -> Condition {
    Condition::Text(pattern.parse().expect("an expression"))
}

fn globs(glob: &str) -> Vec<Glob> {
    vec![Glob::try_from(glob.to_owned()).expect("a glob")]
}

/// Everything that says “nitro”.
fn rule(name: &str, actions: Vec<RuleAction>) -> Rule {
    Rule { name: name.to_owned(), when: vec![text("(?i)nitro")], actions, cooldown: None, mode: Mode::Act }
}

/// Somebody reports `$bad<n>`.
fn file(stage: &Stage, id: u64, reporter: &str, n: u64) {
    let report = Report {
        key: ReportKey { kind: ReportKind::Event, id, received_ts: stage.clock.now() },
        reporter: reporter.to_owned(),
        reason: Some(format!("reason {id}")),
        about: About::Event { room_id: lounge().to_string(), event_id: format!("$bad{n}") },
        author: Some(eve().to_string()),
    };
    stage.homeserver.report(report, Some(message(n)));
}

/// The same, and everything that follows; what the bot says of what rules do.
async fn reported(stage: &mut Stage, id: u64, reporter: &str, n: u64) -> String {
    file(stage, id, reporter, n);
    stage.poll_reports().await;
    stage.react_to_reports().await
}

fn hits(stage: &Stage) -> Vec<Hit> {
    stage.store.hits(0).expect("the store reads")
}

fn acted(stage: &Stage) -> Vec<Acted> {
    hits(stage).into_iter().map(|hit| hit.acted).collect()
}

fn state(stage: &Stage, id: CaseId) -> CaseState {
    stage.store.case(id).expect("the store reads").expect("there is such a case").state
}

fn the_card(stage: &Stage, id: CaseId) -> String {
    stage.store.said(&format!("case-{id}")).expect("there is a card").text
}

#[tokio::test]
async fn a_rule_acts_at_once_and_is_undone() {
    let mut stage = stage(vec![rule("free nitro", words(&["redact", "suspend", "resolve"]))]).await;
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&said, &["Job 1: act", "by the rule “free nitro”", "done", "`!undo 1`"]);
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test", "redact !lounge:hs.test $bad1"]);
    let first = plan(&stage, 1);
    assert_eq!(first.origin, Origin::Rule { rule: "free nitro".into(), occasion: "case-1-1".into() });
    assert_eq!((first.case, first.asked_by.as_str()), (Some(1), "@bot:hs.test"));
    assert_eq!(acted(&stage), [Acted::Did(Some(1))]);
    assert_eq!(state(&stage, 1), CaseState::Resolved);
    has(&the_card(&stage, 1), &["author suspended", "message redacted", "(job 1)"]);
    has(&stage.say("!undo 1").await, &["I cannot bring back what was redacted", "Job 2: do it?"]);
    has(&stage.say("!confirm 2").await, &["Job 2: undo", "done", "This stays as it is:"]);
    assert_eq!(stage.homeserver.writes()[2..], ["unsuspend @eve:hs.test"]);
    // Who undid it wants it undone.
    reported(&mut stage, 2, "@bob:hs.test", 1).await;
    assert_eq!((plans(&stage).len(), acted(&stage).len()), (2, 1));
    has(&stage.say("!audit free nitro").await, &["by the rule “free nitro”"]);
}

#[tokio::test]
async fn a_case_is_resolved_only_by_a_rule_that_says_so_and_did_all() {
    let mut stage = stage(vec![rule("quiet", words(&["redact", "suspend"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    assert_eq!((acted(&stage), state(&stage, 1)), (vec![Acted::Did(Some(1))], CaseState::Open));
    has(
        &the_card(&stage, 1),
        &[
            "Open: nobody has claimed it yet.",
            "Job 1 by the rule “quiet”: author suspended, message redacted. Undo: `!undo 1`.",
        ],
    );

    // Something of it cannot be done, or fails.
    let all = || vec![rule("all", words(&["redact", "suspend", "resolve"]))];
    let mut stage = self::stage(all()).await;
    stage.homeserver.put_account(eve(), Account { suspended: true, ..Account::default() });
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    assert_eq!((stage.homeserver.writes().len(), state(&stage, 1)), (1, CaseState::Open));
    has(&the_card(&stage, 1), &["by the rule “all”: message redacted."]);
    let mut stage = self::stage(all()).await;
    stage.homeserver.fail_once("set_sanction", Fault::NotAdmin);
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    assert_eq!((stage.homeserver.writes().len(), state(&stage, 1)), (1, CaseState::Open));

    // Something of it was done by a moderator.
    let mut stage = self::stage(all()).await;
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    stage.say("!act 1 suspend").await;
    stage.say("!reopen 1").await;
    stage.react_to_reports().await;
    let case = stage.store.case(1).expect("reads").expect("is there");
    assert_eq!((case.state, case.note.as_deref()), (CaseState::Resolved, Some("message redacted (job 2)")));
}

#[tokio::test]
async fn a_report_that_joins_weighs_the_case_again() {
    let several = Condition::DistinctReporters { count: 2, within: Some(std::time::Duration::from_hours(1)) };
    let mut one = rule("several", words(&["redact"]));
    one.when.push(several);
    let mut stage = stage(vec![one]).await;
    assert_eq!(reported(&mut stage, 1, "@ana:hs.test", 1).await, "");
    assert_eq!(reported(&mut stage, 2, "@ana:hs.test", 1).await, "");
    has(&reported(&mut stage, 3, "@bob:hs.test", 1).await, &["Job 1", "“several”"]);
    assert_eq!(reported(&mut stage, 4, "@cy:hs.test", 1).await, "", "it acts once");
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad1"]);
}

#[tokio::test]
async fn on_trial_it_only_tells() {
    let trial = Rule { mode: Mode::DryRun, ..rule("trial", words(&["redact", "suspend", "resolve"])) };
    let mut stage = stage(vec![trial, rule("real", words(&["priority"]))]).await;
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(
        &said,
        &["The rule “trial” matches case 1", "Dry run: nothing was done.", "redact, suspend, resolve"],
    );
    assert!(stage.homeserver.writes().is_empty() && plans(&stage).is_empty());
    assert_eq!(
        acted(&stage),
        [Acted::DryRun, Acted::Did(None)],
        "a rule on trial keeps no other from acting"
    );
    assert_eq!(reported(&mut stage, 2, "@bob:hs.test", 1).await, "", "it is told once");
}

#[tokio::test]
async fn a_cooldown_and_the_time_after_it() {
    let cooldown = Some(std::time::Duration::from_hours(2));
    let mut stage = stage(vec![Rule { cooldown, ..rule("slow", words(&["redact"])) }]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    stage.clock.pass(std::time::Duration::from_mins(90));
    assert_eq!(reported(&mut stage, 2, "@ana:hs.test", 2).await, "");
    assert!(
        matches!(&acted(&stage)[..], [Acted::Did(Some(1)), Acted::Held { why, .. }] if why.contains("2 hours"))
    );
    stage.clock.pass(std::time::Duration::from_mins(31));
    has(&reported(&mut stage, 3, "@bob:hs.test", 2).await, &["Job 2"]);
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad1", "redact !lounge:hs.test $bad2"]);
}

#[tokio::test]
async fn nothing_is_done_against_protected_people() {
    let notify = RuleAction::Notify(vec![moderator().to_owned()]);
    let with_notice = [words(&["redact", "suspend"]), vec![notify]].concat();
    let mut stage = stage(vec![rule("nitro", with_notice)]).await;
    stage.homeserver.put_account(eve(), Account { admin: true, ..Account::default() });
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&said, &["“nitro” matches case 1", "Nothing was done:", "server admin", "`@mod:hs.test`"]);
    assert!(stage.homeserver.writes().is_empty() && plans(&stage).is_empty());
    assert!(matches!(&acted(&stage)[..], [Acted::Held { why, .. }] if why.contains("server admin")));
    assert_eq!(reported(&mut stage, 2, "@bob:hs.test", 1).await, "", "it is told once");
    assert_eq!(state(&stage, 1), CaseState::Open);
}

#[tokio::test]
async fn the_first_of_two_rules_or_both() {
    for (matches, writes) in [
        (Matches::First, vec!["redact !lounge:hs.test $bad1"]),
        (Matches::All, vec!["redact !lounge:hs.test $bad1", "suspend @eve:hs.test"]),
    ] {
        let two = vec![rule("one", words(&["redact"])), rule("two", words(&["suspend", "redact"]))];
        let mut stage = stage_with(Rules { list: two, matches, per_hour: 10 }).await;
        reported(&mut stage, 1, "@ana:hs.test", 1).await;
        let mut written = stage.homeserver.writes();
        written.sort();
        assert_eq!(written, writes);
    }
}

#[tokio::test]
async fn priority_and_closing() {
    let mut stage = stage(vec![
        rule("first", words(&["priority"])),
        Rule {
            when: vec![Condition::Reporter(globs("@troll:*"))],
            ..rule("troll", words(&["dismiss", "ignore-reporter"]))
        },
    ])
    .await;
    assert_eq!(reported(&mut stage, 1, "@ana:hs.test", 1).await.matches("---").count(), 0);
    assert_eq!(stage.store.case(1).expect("reads").expect("is there").priority, Priority::High);
    has(&the_card(&stage, 1), &["priority"]);
    stage.settings.rules.list.remove(0);
    stage.restart();
    reported(&mut stage, 2, "@troll:hs.test", 2).await;
    let case = stage.store.case(2).expect("reads").expect("is there");
    assert_eq!((case.state, case.note.as_deref()), (CaseState::Dismissed, Some("the rule troll")));
    assert!(stage.store.ignored_reporters().expect("reads").contains("@troll:hs.test"));
    // What they report makes no card any more, and sets nothing off.
    let before = plans(&stage).len();
    file(&stage, 3, "@troll:hs.test", 3);
    assert_eq!(stage.poll_reports().await, "");
    assert_eq!(stage.react_to_reports().await, "");
    assert_eq!((plans(&stage).len(), stage.store.said("case-3")), (before, None));
    // Until somebody else reports the same.
    file(&stage, 4, "@ana:hs.test", 3);
    has(&stage.poll_reports().await, &["Case 3"]);
    has(&stage.say("!undo 1").await, &["done"]);
    assert!(stage.store.ignored_reporters().expect("reads").is_empty());
}

#[tokio::test]
async fn moderators_are_really_mentioned_and_nobody_else() {
    let notify = RuleAction::Notify(vec![moderator().to_owned(), owned_user_id!("@other:hs.test")]);
    let mut stage = stage(vec![rule("nitro @ana:hs.test", vec![notify])]).await;
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&said, &["`@mod:hs.test` `@other:hs.test`", "matches case 1", "`!case 1`"]);
    let rendered = stage.store.said("rule-1-1-0").expect("it is said");
    assert_eq!(rendered.mentions, [moderator(), user_id!("@other:hs.test")]);
    for key in stage.store.keys() {
        let mentions = stage.store.said(&key).map(|said| said.mentions).unwrap_or_default();
        assert!(mentions.is_empty() || key == "rule-1-1-0", "{key}");
    }
    assert_eq!(reported(&mut stage, 2, "@bob:hs.test", 1).await, "", "once");
    let told = Change::SayOnce(gleipnir_core::speech::Say::new(
        "x",
        None,
        &gleipnir_core::reply::Reply::text("hi").mention(moderator()),
    ));
    stage.store.commit(vec![told]).expect("it writes");
    let sent = stage.store.undelivered().expect("it reads");
    assert!(
        matches!(&sent[0].what, Sendable::Message { rendered, .. } if rendered.mentions == [moderator()])
    );
}

#[tokio::test]
async fn a_webhook_is_told_ids_and_nothing_that_anybody_wrote() {
    let hook = RuleAction::Webhook("siem".into());
    let mut stage = stage(vec![rule("nitro", [words(&["redact"]), vec![hook]].concat())]).await;
    has(&reported(&mut stage, 1, "@ana:hs.test", 1).await, &["Job 1", "siem"]);
    let written = stage.homeserver.writes().join("\n");
    has(&written, &["redact !lounge:hs.test $bad1", "siem"]);
    let body = plan(&stage, 1).steps.into_iter().find_map(|planned| match planned.step {
        gleipnir_core::plan::Step::CallWebhook { body, .. } => Some(body),
        _ => None,
    });
    let body = body.expect("it is called");
    assert_eq!(
        (&body["case"], &body["event_id"], &body["author"]),
        (&json!(1), &json!("$bad1"), &json!(eve()))
    );
    assert!(!body.to_string().contains("free"), "{body}");
}

#[tokio::test]
async fn what_a_moderator_closed_stays_closed() {
    let mut late = rule("late", words(&["suspend"]));
    late.when.push(Condition::DistinctReporters { count: 2, within: None });
    let mut stage = stage(vec![late]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    stage.say("!dismiss 1 a joke").await;
    file(&stage, 2, "@bob:hs.test", 1);
    stage.poll_reports().await;
    assert_eq!(stage.react_to_reports().await, "");
    assert!(stage.homeserver.writes().is_empty());
    assert!(matches!(&acted(&stage)[..], [Acted::Held { why, .. }] if why.contains("moderator")));
}

#[tokio::test]
async fn what_a_moderator_did_is_not_done_again() {
    let mut late = rule("late", words(&["redact", "suspend"]));
    late.when.push(Condition::DistinctReporters { count: 2, within: None });
    let mut stage = stage(vec![late]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    stage.say("!act 1 suspend").await;
    stage.say("!reopen 1").await;
    reported(&mut stage, 2, "@bob:hs.test", 1).await;
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test", "redact !lounge:hs.test $bad1"]);
}

#[tokio::test]
async fn what_cannot_be_done_is_told_and_the_rest_is_done() {
    let mut stage = stage(vec![rule("nitro", words(&["redact", "quarantine"]))]).await;
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&said, &["What could not be done:", "quarantine", "Job 1"]);
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad1"]);
    let only = vec![rule("nitro", words(&["quarantine"]))];
    let mut stage = self::stage(only).await;
    has(&reported(&mut stage, 1, "@ana:hs.test", 1).await, &["Nothing was done: quarantine"]);
    assert!(matches!(&acted(&stage)[..], [Acted::Held { .. }]));
}

#[tokio::test]
async fn the_age_of_the_account_and_the_room_are_asked_for() {
    let mut young = rule("young", words(&["suspend"]));
    young.when.extend([
        Condition::AuthorAgeBelow(std::time::Duration::from_hours(2)),
        Condition::JoinRule(vec![gleipnir_core::rules::reports::JoinRule::Public]),
        Condition::Blocked(false),
    ]);
    let rules = || vec![young.clone()];
    let mut whole = stage(rules()).await;
    has(&reported(&mut whole, 1, "@ana:hs.test", 1).await, &["Job 1"]);
    for method in ["room", "block_status", "account", "standing", "member", "joined_rooms"] {
        for fault in [Fault::Timeout, Fault::Broken { status: 500, message: "x".into() }] {
            let mut stage = stage(rules()).await;
            file(&stage, 1, "@ana:hs.test", 1);
            stage.poll_reports().await;
            stage.homeserver.fail_once(method, fault.clone());
            let found = stage.try_react_to_reports().await.expect("the store works");
            if found == Found::More {
                assert!(plans(&stage).is_empty() && hits(&stage).is_empty(), "{method} {fault}");
                stage.try_react_to_reports().await.expect("the store works");
            }
            assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"], "{method} {fault}");
            assert_eq!(acted(&stage), [Acted::Did(Some(1))], "{method} {fault}");
        }
    }
}

#[tokio::test]
async fn what_stays_unknown_never_matches_and_holds_nothing_up() {
    let mut asks = rule("blocked", words(&["suspend"]));
    asks.when.push(Condition::Blocked(false));
    let mut stage = stage(vec![asks]).await;
    stage.homeserver.fail_always("block_status", Fault::Broken { status: 500, message: "x".into() });
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    let mut rounds = 0;
    while stage.try_react_to_reports().await.expect("the store works") == Found::More {
        rounds += 1;
        assert!(rounds < 20, "it never ends");
    }
    assert!(rounds > 1 && stage.homeserver.writes().is_empty());
    assert!(stage.store.unweighed().expect("it reads").is_empty());
    // While the homeserver is away, it is waited for.
    stage.homeserver.fail_always("block_status", Fault::Timeout);
    file(&stage, 2, "@ana:hs.test", 2);
    stage.poll_reports().await;
    for _ in 0..30 {
        assert_eq!(stage.try_react_to_reports().await, Ok(Found::More));
    }
    stage.homeserver.mend();
    stage.react_to_reports().await;
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"]);
}

#[tokio::test]
async fn hostile_words_are_only_words() {
    let mut hostile = rule("<b>x</b> \u{202e}**", words(&["suspend"]));
    hostile.when = vec![text("^(a+)+$"), text("(x*)*y|a")];
    let mut stage = stage(vec![hostile]).await;
    let mut event = message(1);
    event["content"]["body"] = json!("a".repeat(50_000));
    let key = ReportKey { kind: ReportKind::Event, id: 1, received_ts: stage.clock.now() };
    let report = Report {
        key,
        reporter: "@<b>ana</b>:hs.test".into(),
        reason: Some("</code><script>".into()),
        about: About::Event { room_id: lounge().to_string(), event_id: "$bad1".into() },
        author: Some(eve().to_string()),
    };
    stage.homeserver.report(report, Some(event));
    stage.poll_reports().await;
    has(&stage.react_to_reports().await, &["Job 1"]);
    for key in stage.store.keys() {
        let html = stage.store.said(&key).map(|said| said.html).unwrap_or_default();
        assert!(!html.contains("<b>") && !html.contains("<script>"), "{html}");
    }
}

#[tokio::test]
async fn without_rules_cases_are_weighed_and_nothing_is_asked() {
    let mut stage = stage(Vec::new()).await;
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    let calls = stage.homeserver.calls();
    assert_eq!(stage.react_to_reports().await, "");
    assert_eq!(stage.homeserver.calls(), calls);
    // A rule that is written later is for what is reported later.
    stage.settings.rules.list.push(rule("nitro", words(&["suspend"])));
    stage.restart();
    assert_eq!(stage.react_to_reports().await, "");
    stage
        .store
        .commit(vec![Change::Reporting(Reporting::Weighed { case: 1, reports: 0 })])
        .expect("it writes");
    assert!(stage.store.unweighed().expect("it reads").is_empty());
    assert!(plans(&stage).iter().all(|plan| plan.state == PlanState::Done));
}

#[tokio::test]
async fn what_rules_did_long_ago_is_forgotten_once_the_case_is_closed() {
    const DAY: std::time::Duration = std::time::Duration::from_hours(24);
    let mut stage = stage(vec![rule("first", words(&["priority"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    reported(&mut stage, 2, "@ana:hs.test", 2).await;
    stage.say("!resolve 1").await;
    let about = |stage: &Stage| hits(stage).iter().map(|hit| hit.case).collect::<Vec<_>>();
    stage.wait(DAY * 89).await;
    reported(&mut stage, 3, "@ana:hs.test", 3).await;
    assert_eq!(about(&stage), [1, 2, 3]);
    stage.wait(DAY * 2).await;
    reported(&mut stage, 4, "@ana:hs.test", 4).await;
    assert_eq!(about(&stage), [2, 3, 4], "case 2 is open");
    // A rule that waits for longer needs what it did for longer.
    let cooldown = Some(DAY * 365);
    stage.settings.rules.list.push(Rule { cooldown, ..rule("slow", words(&["redact"])) });
    stage.restart();
    stage.say("!resolve 2").await;
    stage.wait(DAY * 100).await;
    reported(&mut stage, 5, "@ana:hs.test", 5).await;
    assert_eq!(about(&stage)[..3], [2, 3, 4]);
}

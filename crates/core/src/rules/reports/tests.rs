//! Rules: each condition both ways and unknown, and rules over anything.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ruma::{owned_user_id, server_name};
use serde_json::{Value, json};

use super::*;
use crate::{
    model::{About, Account, BlockStatus, Millis, Report, ReportKey, ReportKind, RoomDetails},
    ports::{Case, CaseState, Priority},
    reply::Reply,
};

const HOUR: Millis = 3_600_000;
const NOW: Millis = 20_000 * 24 * HOUR + 23 * HOUR;

fn report(about: &About, n: u64, reporter: &str, before: Millis) -> Report {
    Report {
        key: ReportKey { kind: about.kind(), id: n, received_ts: NOW - before },
        reporter: reporter.to_owned(),
        reason: Some(format!("reason {n}")),
        about: about.clone(),
        author: None,
    }
}

fn case(about: About, evidence: Value) -> Case {
    let reporters = [("@ana:hs.test", 3 * HOUR), ("@bob:hs.test", HOUR), ("@bob:hs.test", 0), ("@cy:far", 0)];
    let reports =
        reporters.iter().zip(1..).map(|((who, before), n)| report(&about, n, who, *before)).collect();
    Case {
        id: 7,
        about,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: NOW,
        changed_at: NOW,
        evidence: Some(evidence),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports,
    }
}

fn of_event(content: &Value) -> Case {
    let about = About::Event { room_id: "!lounge:hs.test".into(), event_id: "$bad".into() };
    case(
        about,
        json!({
            "event": {"type": "m.room.message", "sender": "@eve:hs.test", "content": content},
            "members": [{"type": "m.room.member", "state_key": "@eve:hs.test", "content": {"displayname": "Eve"}}],
            "room": {"id": "!lounge:hs.test", "name": "Lounge", "alias": "#lounge:hs.test"},
            "joined_members": 12,
            "author": {"id": "@eve:hs.test", "created_at": NOW - 30 * HOUR, "is_local": true},
        }),
    )
}

fn facts(case: &Case) -> Facts {
    Facts::kept(case, &BTreeSet::new(), server_name!("hs.test"), NOW)
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("an expression")
}

fn globs(globs: &[&str]) -> Vec<Glob> {
    globs.iter().map(|glob| Glob::try_from((*glob).to_owned()).expect("a glob")).collect()
}

fn time(text: &str) -> TimeOfDay {
    text.parse().expect("a time of day")
}

#[track_caller]
fn weighs(condition: &Condition, facts: &Facts, want: Verdict) {
    let (verdict, found) = condition.weigh(facts, &facts.reports.iter().collect::<Vec<_>>());
    assert_eq!(verdict, want, "{condition:?}: {found:?}");
    assert!(!Reply::text(found).render().text.is_empty());
    assert!(!Reply::text(condition.in_words()).render().text.is_empty());
}

#[test]
fn each_condition_both_ways_and_unknown() {
    use Verdict::{Holds, HoldsNot, Unknown};
    let content = json!({"msgtype": "m.image", "body": "Free NITRO here", "url": "mxc://hs.test/a",
        "info": {"mimetype": "image/png"}});
    let details =
        RoomDetails { join_rules: Some("public".into()), joined_members: 12, ..RoomDetails::default() };
    let known = facts(&of_event(&content)).with_room(Some(&details)).with_block(&BlockStatus::Blocked(None));
    let kept = facts(&of_event(&content));
    let user = facts(&case(About::User { user_id: "@eve:far.test".into() }, json!({})));
    let room = facts(&case(About::Room { room_id: "!v12".into() }, json!({})));
    let encrypted = facts(&case(
        About::Event { room_id: "!lounge:hs.test".into(), event_id: "$e".into() },
        json!({"event": {"type": "m.room.encrypted", "sender": "@eve:hs.test", "content": {"ciphertext": "x"}}}),
    ));
    let days = |n: u64| Duration::from_hours(24 * n);
    let distinct = |count, hours: Option<u64>| Condition::DistinctReporters {
        count,
        within: hours.map(Duration::from_hours),
    };
    for (condition, facts, want) in [
        (Condition::Kind(vec![ReportKind::User, ReportKind::Event]), &known, Holds),
        (Condition::Kind(vec![ReportKind::Room]), &known, HoldsNot),
        (Condition::Text(pattern(r"(?i)\bfree\s+nitro\b")), &known, Holds),
        (Condition::Text(pattern("free nitro")), &known, HoldsNot),
        (Condition::Text(pattern(".")), &encrypted, Unknown),
        (Condition::Text(pattern(".")), &user, HoldsNot),
        (Condition::Name(pattern("^Eve$")), &known, Holds),
        (Condition::Name(pattern("^Lounge$")), &known, HoldsNot),
        (Condition::Name(pattern(".")), &room, Unknown),
        (Condition::Reason(pattern("reason 3")), &known, Holds),
        (Condition::Reason(pattern("reason 9")), &known, HoldsNot),
        (Condition::Author(globs(&["@x:*", "@eve:*"])), &known, Holds),
        (Condition::Author(globs(&["@x:*"])), &known, HoldsNot),
        (Condition::Author(globs(&["*"])), &room, HoldsNot),
        (Condition::Reporter(globs(&["@cy:*"])), &known, Holds),
        (Condition::Reporter(globs(&["@dan:*"])), &known, HoldsNot),
        (Condition::Room(globs(&["#lounge:*"])), &known, Holds),
        (Condition::Room(globs(&["!lounge:hs.test"])), &known, Holds),
        (Condition::Room(globs(&["#other:*"])), &known, HoldsNot),
        (Condition::Room(globs(&["*"])), &user, HoldsNot),
        (Condition::Server(globs(&["FAR.*"])), &user, Holds),
        (Condition::Server(globs(&["far.*"])), &known, HoldsNot),
        (Condition::Server(globs(&["*"])), &room, Unknown),
        (Condition::Local(true), &known, Holds),
        (Condition::Local(true), &user, HoldsNot),
        (Condition::Local(false), &user, Holds),
        (Condition::Local(false), &room, Unknown),
        (Condition::TrustedReporters(globs(&["@ana:hs.test"])), &known, Holds),
        (Condition::TrustedReporters(globs(&["@ana:far"])), &known, HoldsNot),
        (distinct(3, None), &known, Holds),
        (distinct(4, None), &known, HoldsNot),
        (distinct(2, Some(1)), &known, Holds),
        (distinct(3, Some(2)), &known, HoldsNot),
        (distinct(3, Some(3)), &known, Holds),
        (Condition::AuthorAgeBelow(days(2)), &known, Holds),
        (Condition::AuthorAgeBelow(days(1)), &known, HoldsNot),
        (Condition::AuthorAgeBelow(days(1)), &user, Unknown),
        (Condition::AuthorAgeBelow(days(1)), &room, HoldsNot),
        (Condition::MediaType(globs(&["image/*"])), &known, Holds),
        (Condition::MediaType(globs(&["video/*"])), &known, HoldsNot),
        (Condition::MediaType(globs(&["*"])), &encrypted, Unknown),
        (Condition::JoinRule(vec![JoinRule::Public]), &known, Holds),
        (Condition::JoinRule(vec![JoinRule::Knock]), &known, HoldsNot),
        (Condition::JoinRule(vec![JoinRule::Public]), &kept, Unknown),
        (Condition::JoinRule(vec![JoinRule::Public]), &user, HoldsNot),
        (Condition::MembersBelow(13), &known, Holds),
        (Condition::MembersBelow(12), &known, HoldsNot),
        (Condition::MembersAbove(11), &known, Holds),
        (Condition::MembersAbove(12), &known, HoldsNot),
        (Condition::MembersAbove(0), &room, Unknown),
        (Condition::Blocked(true), &known, Holds),
        (Condition::Blocked(false), &known, HoldsNot),
        (Condition::Blocked(false), &kept, Unknown),
        (Condition::TimeOfDay(time("22:00-06:00")), &known, Holds),
        (Condition::TimeOfDay(time("06:00-22:00")), &known, HoldsNot),
    ] {
        weighs(&condition, facts, want);
    }
}

#[test]
fn what_readers_see_is_what_is_weighed() {
    for content in [
        json!({"msgtype": "m.text", "body": "hello", "formatted_body": "free <b>nit</b>ro"}),
        json!({"msgtype": "m.text", "body": "hello", "formatted_body": "free&nbsp;nitro"}),
        json!({"msgtype": "m.text", "body": "*", "m.new_content": {"body": "free nitro"}}),
        json!({"msgtype": "m.file", "body": "x", "filename": "free nitro"}),
        json!({"org.matrix.msc3381.poll.start": {"question": {"body": "free nitro"}}}),
        json!({"body": 3, "formatted_body": "free nitro <"}),
    ] {
        weighs(&Condition::Text(pattern("free nitro")), &facts(&of_event(&content)), Verdict::Holds);
    }
    let tagged = json!({"body": "x", "formatted_body": "<".repeat(60_000)});
    weighs(&Condition::Text(pattern("nitro")), &facts(&of_event(&tagged)), Verdict::HoldsNot);
    let silent = json!({"msgtype": "m.video", "url": "mxc://hs.test/a"});
    weighs(&Condition::MediaType(globs(&["video/*"])), &facts(&of_event(&silent)), Verdict::Holds);
    let shouting = json!({"url": "mxc://hs.test/a", "info": {"mimetype": "IMAGE/PNG"}});
    weighs(&Condition::MediaType(globs(&["image/*"])), &facts(&of_event(&shouting)), Verdict::Holds);
    weighs(&Condition::MediaType(globs(&["*"])), &facts(&of_event(&json!({"body": "x"}))), Verdict::HoldsNot);
}

#[test]
fn what_the_homeserver_adds() {
    let account = Account {
        display_name: Some("Free Nitro".into()),
        created_at: Some(NOW - HOUR),
        ..Account::default()
    };
    let user = facts(&case(About::User { user_id: "@eve:hs.test".into() }, json!({})));
    weighs(&Condition::Name(pattern("Nitro")), &user, Verdict::Unknown);
    let user = user.with_account(Some(&account));
    weighs(&Condition::Name(pattern("Nitro")), &user, Verdict::Holds);
    weighs(&Condition::AuthorAgeBelow(Duration::from_hours(2)), &user, Verdict::Holds);
    let details = RoomDetails { creator: Some("@eve:far.test".into()), ..RoomDetails::default() };
    let room = facts(&case(About::Room { room_id: "!v12".into() }, json!({}))).with_room(Some(&details));
    weighs(&Condition::Server(globs(&["far.test"])), &room, Verdict::Holds);
    weighs(&Condition::Name(pattern(".")), &room, Verdict::HoldsNot);
    let gone = facts(&of_event(&json!({"body": "x"}))).with_room(None);
    weighs(&Condition::MembersBelow(100), &gone, Verdict::Unknown);
}

#[test]
fn ignored_reporters_count_for_nothing() {
    let ignored = BTreeSet::from(["@ana:hs.test".to_owned(), "@bob:hs.test".to_owned()]);
    let facts = Facts::kept(&of_event(&json!({"body": "x"})), &ignored, server_name!("hs.test"), NOW);
    weighs(&Condition::DistinctReporters { count: 2, within: None }, &facts, Verdict::HoldsNot);
    weighs(&Condition::TrustedReporters(globs(&["@ana:*"])), &facts, Verdict::HoldsNot);
    weighs(&Condition::Reason(pattern("reason 1")), &facts, Verdict::HoldsNot);
}

fn rule(name: &str, when: Vec<Condition>) -> Rule {
    let actions = vec![RuleAction::Prioritize];
    Rule { name: name.into(), when, actions, cooldown: None, mode: Mode::Act }
}

#[test]
fn which_of_several_rules_act() {
    let facts = facts(&of_event(&json!({"body": "x"})));
    let yes = || vec![Condition::Local(true)];
    let no = || vec![Condition::Local(true), Condition::Local(false)];
    let trial = |name| Rule { mode: Mode::DryRun, ..rule(name, yes()) };
    let all = vec![trial("a"), rule("b", no()), rule("c", yes()), rule("d", yes()), trial("e")];
    for (matches, want) in [(Matches::First, vec![0, 2, 4]), (Matches::All, vec![0, 2, 3, 4])] {
        let rules = Rules { list: all.clone(), matches, per_hour: 1 };
        let places: Vec<usize> = rules.matching(&facts).iter().map(|matching| matching.place).collect();
        assert_eq!(places, want);
    }
    assert!(!matches(&weigh(&rule("none", Vec::new()), &facts)), "a rule without conditions never matches");
}

#[test]
fn a_rule_behind_one_of_which_nothing_is_known() {
    let facts = facts(&of_event(&json!({"body": "x"})));
    let (yes, no, open) = (Condition::Local(true), Condition::Local(false), Condition::Blocked(true));
    let trial = |when| Rule { mode: Mode::DryRun, ..rule("trial", when) };
    let at = |place, behind| Matching { place, behind };
    for (list, want) in [
        (vec![vec![open.clone()], vec![yes.clone()]], vec![at(1, Some(0))]),
        (vec![vec![yes.clone(), open.clone()], vec![open.clone()], vec![yes.clone()]], vec![at(2, Some(0))]),
        // What is known speaks against it.
        (vec![vec![open.clone(), no], vec![yes.clone()]], vec![at(1, None)]),
        (vec![vec![yes.clone()], vec![open.clone()]], vec![at(0, None)]),
    ] {
        let list: Vec<Rule> = list.into_iter().map(|when| rule("x", when)).collect();
        let rules = Rules { list: list.clone(), matches: Matches::First, per_hour: 1 };
        assert_eq!(rules.matching(&facts), want);
        let all = Rules { matches: Matches::All, ..rules };
        assert!(all.matching(&facts).iter().all(|matching| matching.behind.is_none()));
    }
    // A rule on trial keeps no other from acting, and is only told of.
    let list = vec![trial(vec![open.clone()]), rule("acts", vec![yes.clone()])];
    let rules = Rules { list, matches: Matches::First, per_hour: 1 };
    assert_eq!(rules.matching(&facts), [at(1, None)]);
    let list = vec![rule("open", vec![open]), trial(vec![yes])];
    assert_eq!(Rules { list, ..rules }.matching(&facts), [at(1, None)]);
}

#[test]
fn the_same_reports_meet_all_conditions_about_reports() {
    // Reason 1 is of @ana, 2 and 3 of @bob, 4 of @cy.
    let facts = facts(&of_event(&json!({"body": "x"})));
    let reporter = |glob| Condition::Reporter(globs(&[glob]));
    let reason = |text| Condition::Reason(pattern(text));
    let trusted = |glob| Condition::TrustedReporters(globs(&[glob]));
    let distinct = |count| Condition::DistinctReporters { count, within: None };
    for (when, want) in [
        (vec![reporter("@bob:*"), reason("[23]")], true),
        (vec![reporter("@bob:*"), reason("[14]")], false),
        (vec![reason("[12]"), trusted("@ana:*")], true),
        (vec![reason("[23]"), trusted("@ana:*")], false),
        (vec![reporter("@*:hs.test"), trusted("@cy:far")], false),
        (vec![reason("[124]"), distinct(3)], true),
        (vec![reason("[23]"), distinct(2)], false),
        (vec![reporter("@*:hs.test"), reason("[24]"), distinct(2)], false),
        (vec![trusted("@cy:far"), distinct(3)], true),
    ] {
        let weighed = weigh(&rule("x", when), &facts);
        assert_eq!(matches(&weighed), want, "{weighed:?}");
    }
    let weighed = weigh(&rule("x", vec![reason("[23]"), distinct(2)]), &facts);
    let found = Reply::text(weighed[1].found.clone()).render().text;
    assert_eq!(found, "one person reported it (2 other reports without what else the rule asks of reports)");
}

#[test]
fn words_of_actions() {
    for word in RuleAction::all_words() {
        assert!(RuleAction::from_word(word).is_some(), "{word}");
    }
    for word in ["claim", "more", "Redact", ""] {
        assert_eq!(RuleAction::from_word(word), None, "{word}");
    }
    let rule = Rule {
        actions: vec![
            RuleAction::Case(CaseAction::Redact),
            RuleAction::Notify(vec![owned_user_id!("@a:hs"), owned_user_id!("@b:hs")]),
            RuleAction::Webhook("siem".into()),
        ],
        ..rule("x", vec![Condition::Local(true), Condition::Blocked(false)])
    };
    let said = |line: Line| Reply::text(line).render().text;
    assert_eq!(said(rule.actions_in_words()), "redact, notify `@a:hs`, `@b:hs`, call the webhook `siem`");
    assert_eq!(said(rule.when_in_words()), "it is of this server; the room is not blocked");
}

#[test]
fn those_who_fit_a_rule() {
    let facts = facts(&of_event(&json!({"body": "x"})));
    let fitting = |when| rule("x", when).fitting_reporters(&facts).join(" ");
    assert_eq!(fitting(vec![Condition::Local(true)]), "@ana:hs.test @bob:hs.test @cy:far");
    assert_eq!(fitting(vec![Condition::Reporter(globs(&["@bob:*"]))]), "@bob:hs.test");
    assert_eq!(fitting(vec![Condition::Reason(pattern("reason [14]"))]), "@ana:hs.test @cy:far");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\PC<>&;]{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("event".to_owned()),
        Just("content".to_owned()),
        Just("body".to_owned()),
        Just("formatted_body".to_owned()),
        Just("info".to_owned()),
        Just("mimetype".to_owned()),
        Just("url".to_owned()),
        Just("members".to_owned()),
        Just("state_key".to_owned()),
        Just("author".to_owned()),
        Just("created_at".to_owned()),
        Just("joined_members".to_owned()),
        Just("m.new_content".to_owned()),
        "\\PC{0,4}",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn weighing_is_total(
        evidence in any_json(),
        id in "\\PC{0,20}",
        kind in 0..3,
        times in prop::collection::vec((any::<i64>(), "\\PC{0,6}"), 0..6),
        at in any::<i64>(),
        within in any::<u64>(),
    ) {
        let about = match kind {
            0 => About::Event { room_id: id.clone(), event_id: id },
            1 => About::User { user_id: id },
            _ => About::Room { room_id: id },
        };
        let mut case = case(about.clone(), evidence);
        case.reports = times.iter().zip(0..).map(|((received_ts, who), n)| {
            let key = ReportKey { kind: about.kind(), id: n, received_ts: *received_ts };
            Report { key, ..report(&about, n, who, 0) }
        }).collect();
        let facts = Facts::kept(&case, &BTreeSet::new(), server_name!("hs.test"), at);
        let within = Some(Duration::from_millis(within));
        let all = vec![
            Condition::Kind(vec![ReportKind::Event]),
            Condition::Text(pattern("(a+)+$")),
            Condition::Name(pattern("a")),
            Condition::Reason(pattern("a")),
            Condition::Author(globs(&["*a*"])),
            Condition::Reporter(globs(&["*a*"])),
            Condition::Room(globs(&["*a*"])),
            Condition::Server(globs(&["*a*"])),
            Condition::Local(true),
            Condition::DistinctReporters { count: 2, within },
            Condition::AuthorAgeBelow(Duration::from_secs(1)),
            Condition::MediaType(globs(&["*a*"])),
            Condition::JoinRule(vec![JoinRule::Public]),
            Condition::MembersBelow(1),
            Condition::MembersAbove(1),
            Condition::Blocked(true),
            Condition::TimeOfDay(time("22:00-06:00")),
        ];
        let weighed = weigh(&rule("all", all.clone()), &facts);
        prop_assert_eq!(weighed.len(), all.len());
        let matches_all = weighed.iter().all(|weighed| weighed.verdict == Verdict::Holds);
        prop_assert_eq!(matches(&weighed), matches_all);
        for weighed in weighed {
            Reply::text(weighed.condition.append(weighed.found)).render();
        }
    }
}

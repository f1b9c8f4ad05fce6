//! Any rules over any case: what is not known to hold never lets a rule act, and the same facts give the same answer.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use ruma::{owned_user_id, server_name};

use super::{MOST_BYTES, harmless, input::Input};
use crate::{
    model::{About, Account, BlockStatus, Millis, Report, ReportKey, ReportKind, RoomDetails},
    ports::{Case, CaseState, Priority},
    reply::Reply,
    rules::{
        case::{Beside, CaseAction, card, in_a_line, in_full},
        reports::{
            Condition, Fact, Facts, Glob, JoinRule, Matches, Mode, Pattern, Rule, RuleAction, Rules,
            TimeOfDay, Verdict, is_unknown, matches, weigh,
        },
    },
};

/// Rules and a case are made as bytes say, and the rules are weighed.
///
/// # Panics
///
/// When a rule would act on something that is not known.
pub fn report_rules(data: &[u8]) {
    if data.len() > MOST_BYTES {
        return;
    }
    let mut input = Input(data);
    let evidence = input.changed_json();
    let list: Vec<Rule> = (0..=input.below(4)).map(|n| rule(&mut input, n)).collect();
    let first_or_all = if input.yes() { Matches::First } else { Matches::All };
    let rules = Rules { list, matches: first_or_all, per_hour: 1 };
    let case = case(&mut input, evidence);
    let facts = facts(&mut input, &case);
    for rule in &rules.list {
        for condition in &rule.when {
            judged(condition, &facts);
        }
        weighed(rule, &facts);
    }
    matching(&rules, &facts);
    let unknown = forgotten(&facts);
    for found in rules.matching(&unknown) {
        let always =
            |condition: &Condition| matches!(condition, Condition::Kind(_) | Condition::TimeOfDay(_));
        let rule = &rules.list[found.place];
        assert!(rule.when.iter().all(always), "{:?} acts though nothing is known", rule.when);
    }
    for reply in
        [card(&case, &Beside::default()), in_full(&case, &Beside::default()), Reply::text(in_a_line(&case))]
    {
        harmless::check(&reply.render());
    }
}

fn rule(input: &mut Input<'_>, n: usize) -> Rule {
    let when = (0..=input.below(4)).map(|_| condition(input)).collect();
    let all = RuleAction::all_words();
    let action =
        RuleAction::from_word(all[input.below(all.len())]).unwrap_or(RuleAction::Case(CaseAction::Redact));
    let mode = if input.below(4) == 0 { Mode::DryRun } else { Mode::Act };
    Rule { name: format!("rule {n}"), when, actions: vec![action], cooldown: None, mode }
}

fn condition(input: &mut Input<'_>) -> Condition {
    match input.below(18) {
        0 => Condition::Kind(vec![input.one_of(&[ReportKind::Event, ReportKind::User, ReportKind::Room])]),
        1 => Condition::Text(pattern(input)),
        2 => Condition::Name(pattern(input)),
        3 => Condition::Reason(pattern(input)),
        4 => Condition::Author(globs(input)),
        5 => Condition::Reporter(globs(input)),
        6 => Condition::Room(globs(input)),
        7 => Condition::Server(globs(input)),
        8 => Condition::Local(input.yes()),
        9 => Condition::TrustedReporters(globs(input)),
        10 => {
            let within = input.yes().then(|| Duration::from_millis(input.number().unsigned_abs()));
            Condition::DistinctReporters { count: input.below(6) + 1, within }
        }
        11 => Condition::AuthorAgeBelow(Duration::from_millis(input.number().unsigned_abs())),
        12 => Condition::MediaType(globs(input)),
        13 => Condition::JoinRule(vec![input.one_of(&[
            JoinRule::Public,
            JoinRule::Invite,
            JoinRule::Restricted,
        ])]),
        14 => Condition::MembersBelow(input.number().unsigned_abs()),
        15 => Condition::MembersAbove(input.number().unsigned_abs()),
        16 => Condition::Blocked(input.yes()),
        _ => {
            let time = format!("{:02}:{:02}-{:02}:30", input.below(24), input.below(60), input.below(24));
            Condition::TimeOfDay(
                time.parse::<TimeOfDay>().unwrap_or_else(|_| "22:00-06:00".parse().expect("a time of day")),
            )
        }
    }
}

/// An expression of the bytes, or where that is none, one that is hard for others.
fn pattern(input: &mut Input<'_>) -> Pattern {
    let hard = input.one_of(&[
        "^(a+)+$",
        "(?i)free\\s+nitro",
        ".",
        "(.*)*x",
        "[a-z]{1,30}\\s[a-z]{1,30}",
        "(a|aa)+$",
    ]);
    let words: String = input.words().chars().take(200).collect();
    words.parse().unwrap_or_else(|_| hard.parse().expect("an expression"))
}

fn globs(input: &mut Input<'_>) -> Vec<Glob> {
    let any = input.one_of(&["*", "@*:far.test", "*a*a*a*a*b", "image/*", "?*?", "@ana:hs.test"]);
    let words: String = input.words().chars().take(200).collect();
    let glob = Glob::try_from(words).or_else(|_| Glob::try_from(any.to_owned())).expect("it is not blank");
    vec![glob, Glob::try_from(any.to_owned()).expect("it is not blank")]
}

fn id(input: &mut Input<'_>) -> String {
    match input.below(5) {
        0 => input.words(),
        n => ["@ana:hs.test", "@bob:far.test", "!club:hs.test", "!v12"][n - 1].to_owned(),
    }
}

fn case(input: &mut Input<'_>, evidence: serde_json::Value) -> Case {
    let about = match input.below(3) {
        0 => About::Event { room_id: id(input), event_id: id(input) },
        1 => About::User { user_id: id(input) },
        _ => About::Room { room_id: id(input) },
    };
    let reports = (0..input.below(12)).zip(0..).map(|(_, n)| Report {
        key: ReportKey { kind: about.kind(), id: n, received_ts: input.number() },
        reporter: id(input),
        // As long as one is kept.
        reason: input.yes().then(|| input.words().chars().take(2000).collect()),
        about: about.clone(),
        author: input.yes().then(|| id(input)),
    });
    let reports = reports.collect();
    let state =
        input.one_of(&[CaseState::Open, CaseState::Claimed, CaseState::Resolved, CaseState::Dismissed]);
    Case {
        id: 7,
        about,
        state,
        by: (state != CaseState::Open).then(|| owned_user_id!("@mod:hs.test")),
        note: input.yes().then(|| input.words()),
        opened_at: input.number(),
        changed_at: input.number(),
        evidence: Some(evidence),
        priority: if input.yes() { Priority::High } else { Priority::Normal },
        decisions: Vec::new(),
        reports,
    }
}

fn facts(input: &mut Input<'_>, case: &Case) -> Facts {
    let ignored: BTreeSet<String> = if input.yes() { BTreeSet::from([id(input)]) } else { BTreeSet::new() };
    let facts = Facts::kept(case, &ignored, server_name!("hs.test"), input.number());
    assert!(facts.reports.iter().all(|report| !ignored.contains(&report.reporter)));
    let facts = match input.below(3) {
        0 => facts,
        1 => facts.with_room(None),
        _ => facts.with_room(Some(&RoomDetails {
            name: input.yes().then(|| input.words()),
            canonical_alias: input.yes().then(|| input.words()),
            creator: input.yes().then(|| id(input)),
            join_rules: input.yes().then(|| input.one_of(&["public", "invite", "knock"]).to_owned()),
            joined_members: input.number().unsigned_abs(),
            ..RoomDetails::default()
        })),
    };
    let facts = if input.yes() { facts.with_block(&BlockStatus::Open) } else { facts };
    facts.with_account(
        input.yes().then(|| Account { created_at: Some(input.number()), ..Account::default() }).as_ref(),
    )
}

/// What a condition asks about.
enum Asked {
    /// Something that is known.
    Known,
    /// Something that is not there.
    Absent,
    /// Something that is not known.
    Unknown,
}

fn asked<T>(fact: &Fact<T>) -> Asked {
    match fact {
        Fact::Known(_) => Asked::Known,
        Fact::Absent(_) => Asked::Absent,
        Fact::Unknown(_) => Asked::Unknown,
    }
}

/// A condition by itself holds only over what is known, and words are found for it.
fn judged(condition: &Condition, facts: &Facts) {
    let reports: Vec<&Report> = facts.reports.iter().collect();
    let (verdict, found) = condition.weigh(facts, &reports);
    let asked = match condition {
        Condition::Text(_) => asked(&facts.texts),
        Condition::Name(_) => asked(&facts.name),
        Condition::Author(_) => asked(&facts.author),
        Condition::Room(_) => asked(&facts.room),
        Condition::Server(_) | Condition::Local(_) => asked(&facts.server),
        Condition::AuthorAgeBelow(_) => asked(&facts.author_created_at),
        Condition::MediaType(_) => asked(&facts.media_types),
        Condition::JoinRule(_) => asked(&facts.join_rule),
        Condition::MembersBelow(_) | Condition::MembersAbove(_) => asked(&facts.members),
        Condition::Blocked(_) => asked(&facts.blocked),
        Condition::Kind(_)
        | Condition::Reason(_)
        | Condition::Reporter(_)
        | Condition::TrustedReporters(_)
        | Condition::DistinctReporters { .. }
        | Condition::TimeOfDay(_) => Asked::Known,
    };
    match asked {
        Asked::Known => assert_ne!(verdict, Verdict::Unknown, "{condition:?}"),
        Asked::Absent => assert_eq!(verdict, Verdict::HoldsNot, "{condition:?}"),
        Asked::Unknown => assert_eq!(verdict, Verdict::Unknown, "{condition:?}"),
    }
    if let Condition::DistinctReporters { count, within } = condition {
        assert_eq!(verdict == Verdict::Holds, most_at_once(&facts.reports, *within) >= *count, "{reports:?}");
    }
    let opposite = match condition {
        Condition::Local(is) => Some(Condition::Local(!is)),
        Condition::Blocked(is) => Some(Condition::Blocked(!is)),
        _ => None,
    };
    if let Some(opposite) = opposite {
        let both = [verdict, opposite.weigh(facts, &reports).0];
        assert!(both.iter().filter(|verdict| **verdict == Verdict::Holds).count() <= 1, "{both:?}");
    }
    harmless::check(&Reply::text(condition.in_words()).paragraph(found).render());
}

/// How many people reported within a time of each other, counted from each report on.
fn most_at_once(reports: &[Report], within: Option<Duration>) -> usize {
    let within = within.and_then(|within| Millis::try_from(within.as_millis()).ok()).unwrap_or(Millis::MAX);
    let from = |first: &Report| {
        let later = reports.iter().filter(|report| {
            let after = report.key.received_ts.saturating_sub(first.key.received_ts);
            report.key.received_ts >= first.key.received_ts && after <= within
        });
        later.map(|report| report.reporter.as_str()).collect::<HashSet<_>>().len()
    };
    reports.iter().map(from).max().unwrap_or_default()
}

/// A rule matches when every condition is known to hold, in whatever order they stand.
fn weighed(rule: &Rule, facts: &Facts) {
    let weighed = weigh(rule, facts);
    assert_eq!(weigh(rule, facts), weighed, "it is the same each time");
    assert_eq!(weighed.len(), rule.when.len());
    let holds = weighed.iter().filter(|weighed| weighed.verdict == Verdict::Holds).count();
    assert_eq!(matches(&weighed), holds == rule.when.len());
    assert!(!(matches(&weighed) && is_unknown(&weighed)));
    let backwards = Rule { when: rule.when.iter().rev().cloned().collect(), ..rule.clone() };
    assert_eq!(matches(&weigh(&backwards, facts)), matches(&weighed), "{:?}", rule.when);
    for reporter in rule.fitting_reporters(facts) {
        assert!(facts.reports.iter().any(|report| report.reporter == reporter));
    }
    harmless::check(&Reply::text(rule.when_in_words()).paragraph(rule.actions_in_words()).render());
}

/// The rules that match are those whose conditions hold; the first one that acts is the last one that does.
fn matching(rules: &Rules, facts: &Facts) {
    let found = rules.matching(facts);
    let acts = |place: usize| rules.list[place].mode == Mode::Act;
    let mut acting = 0;
    for matching in &found {
        assert!(matches(&weigh(&rules.list[matching.place], facts)));
        acting += usize::from(acts(matching.place));
        if let Some(behind) = matching.behind {
            assert!(behind < matching.place && acts(behind) && acts(matching.place));
            assert!(is_unknown(&weigh(&rules.list[behind], facts)));
        }
    }
    let all =
        (0..rules.list.len()).filter(|place| matches(&weigh(&rules.list[*place], facts))).collect::<Vec<_>>();
    match rules.matches {
        Matches::All => assert_eq!(found.iter().map(|found| found.place).collect::<Vec<_>>(), all),
        Matches::First => assert_eq!(acting, usize::from(all.iter().any(|place| acts(*place)))),
    }
}

/// The same when nobody tells anything any more.
fn forgotten(facts: &Facts) -> Facts {
    const WHY: &str = "nobody tells";
    Facts {
        texts: Fact::Unknown(WHY),
        name: Fact::Unknown(WHY),
        author: Fact::Unknown(WHY),
        author_created_at: Fact::Unknown(WHY),
        server: Fact::Unknown(WHY),
        room: Fact::Unknown(WHY),
        media_types: Fact::Unknown(WHY),
        join_rule: Fact::Unknown(WHY),
        members: Fact::Unknown(WHY),
        blocked: Fact::Unknown(WHY),
        reports: Vec::new(),
        ..facts.clone()
    }
}

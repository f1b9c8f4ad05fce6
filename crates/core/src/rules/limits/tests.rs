//! At the edges of the limits, and what is said there.

use ruma::{owned_event_id, owned_user_id};

use super::*;
use crate::{
    model::Sanction,
    plan::{Effect, Inside, PlannedStep},
};

const NOW: Millis = 1_795_219_200_000;

fn whose() -> Whose {
    Whose::Moderator(owned_user_id!("@mod:hs.test"))
}

fn bans(n: usize) -> Vec<Step> {
    let sanction = |n| Step::Sanction {
        user: OwnedUserId::try_from(format!("@u{n}:hs.test")).expect("a user ID"),
        sanction: Sanction::Suspension,
    };
    (0..n).map(sanction).collect()
}

fn plan(command: &str, state: PlanState, steps: Vec<Step>) -> Plan {
    Plan {
        id: 1,
        origin: Origin::Command(owned_event_id!("$a")),
        command: command.to_owned(),
        typed: String::new(),
        asked_by: owned_user_id!("@mod:hs.test"),
        asked_at: NOW,
        because: None,
        undoes: None,
        case: None,
        lasts: None,
        state,
        decided_by: None,
        changed_at: NOW + 5,
        expires_at: NOW + 3,
        steps: steps.into_iter().map(PlannedStep::from).collect(),
    }
}

/// So many suspensions, so long before now.
fn begun(ago: Millis, n: usize) -> Begun {
    Begun { at: NOW - ago, plan: plan("suspend", PlanState::Running, bans(n)) }
}

fn limits(name: &str, ask: usize, refuse: usize) -> Limits {
    let limit = Limit { ask, refuse };
    match name {
        ALL => Limits { all: limit, ..Limits::default() },
        name => Limits { commands: [(name.to_owned(), limit)].into(), ..Limits::default() },
    }
}

fn says(limits: &Limits, command: &str, n: usize, kind: Kind, earlier: &[Begun]) -> String {
    match limits.check(&whose(), Job { command, steps: &bans(n), kind }, earlier, NOW) {
        Verdict::Allow => "allow".to_owned(),
        Verdict::Confirm(why) => format!("ask: {why}"),
        Verdict::Refuse(why) => format!("refuse: {why}"),
    }
}

#[test]
fn the_edges_are_allowed() {
    for (name, earlier, n, want) in [
        (ALL, vec![], 10, "allow"),
        (ALL, vec![], 11, "ask"),
        (ALL, vec![], 20, "ask"),
        (ALL, vec![], 21, "refuse"),
        (ALL, vec![begun(1, 10)], 0, "allow"),
        (ALL, vec![begun(1, 9)], 1, "allow"),
        (ALL, vec![begun(1, 9)], 2, "ask"),
        (ALL, vec![begun(1, 19)], 1, "ask"),
        (ALL, vec![begun(1, 19)], 2, "refuse"),
        (ALL, vec![begun(HOUR - 1, 20)], 1, "refuse"),
        (ALL, vec![begun(HOUR, 20)], 1, "allow"),
        // A clock that was set back.
        (ALL, vec![begun(-HOUR, 20)], 1, "refuse"),
        ("suspend", vec![begun(1, 10)], 1, "ask"),
        ("suspend", vec![begun(1, 20)], 1, "refuse"),
        ("act", vec![begun(1, 20)], 1, "allow"),
        ("act", vec![], 11, "ask"),
        ("ban", vec![begun(1, 20)], 30, "allow"),
    ] {
        let said = says(&limits(name, 10, 20), "act", n, Kind::Does, &earlier);
        assert!(said.starts_with(want), "{name} {} {n}: {said}", earlier.len());
    }
}

#[test]
fn an_undo_asks_where_others_are_refused_and_does_not_count_after() {
    let all = limits(ALL, 10, 20);
    assert!(says(&all, "undo", 10, Kind::Undoes, &[]).starts_with("allow"));
    assert!(says(&all, "undo", 500, Kind::Undoes, &[]).starts_with("ask"));
    let mut undo = begun(1, 500);
    undo.plan.undoes = Some(Undoes::one(7, 1));
    assert!(says(&all, "suspend", 10, Kind::Does, &[undo]).starts_with("allow"));
    assert_eq!((Kind::of(None), Kind::of(Some(&Undoes::one(7, 1)))), (Kind::Does, Kind::Undoes));
}

#[test]
fn what_failed_changed_nothing() {
    let mut failed = begun(1, 20);
    for planned in &mut failed.plan.steps[..15] {
        planned.outcome = Some(Outcome::Failed { why: "no".to_owned(), but: None });
    }
    let effect = Effect::Blocked { before: crate::model::BlockStatus::Open, inside: Inside::UnknownRoom };
    failed.plan.steps[15].outcome = Some(Outcome::Done { effect });
    failed.plan.steps[16].outcome =
        Some(Outcome::Failed { why: "no".to_owned(), but: Some("half".to_owned()) });
    assert!(says(&limits(ALL, 10, 20), "suspend", 5, Kind::Does, &[failed.clone()]).starts_with("allow"));
    assert!(says(&limits(ALL, 10, 20), "suspend", 6, Kind::Does, &[failed]).starts_with("ask"));
}

#[test]
fn it_says_the_numbers_and_when_it_goes_on() {
    let earlier = [begun(20 * 60_000, 10), begun(50 * 60_000, 5), begun(10 * 60_000, 5)];
    let all = limits(ALL, 10, 20);
    assert_eq!(
        says(&all, "suspend", 3, Kind::Does, &earlier),
        "refuse: 20 changes by @mod:hs.test in the last hour, and this is 3 more: over 20 I refuse, as safety.limits.all says. \
         Nothing was done. It fits again in 10 minutes, at 2026-11-21 00:10:00 UTC."
    );
    let said = says(&all, "suspend", 6, Kind::Does, &earlier);
    assert!(said.ends_with("It fits again in 40 minutes, at 2026-11-21 00:40:00 UTC."), "{said}");
    assert_eq!(
        says(&all, "suspend", 21, Kind::Does, &[]),
        "refuse: This is 21 changes by @mod:hs.test within an hour: over 20 I refuse, as safety.limits.all says. Nothing was \
         done. It never fits as one job: ask for less at a time, or raise the limit in my configuration."
    );
    assert_eq!(
        says(&limits("suspend", 10, 20), "suspend", 1, Kind::Does, &earlier[..1]),
        "ask: 10 changes by @mod:hs.test with !suspend in the last hour, and this is 1 more: over 10 I ask, \
         as safety.limits.suspend says."
    );
    // Of two that refuse, the one that does so for longer.
    let two = Limits { all: Limit { ask: 1, refuse: 10 }, ..limits("suspend", 1, 12) };
    let said = says(&two, "suspend", 2, Kind::Does, &[begun(30 * 60_000, 5), begun(10 * 60_000, 6)]);
    assert!(said.contains("over 10 I refuse, as safety.limits.all"), "{said}");
    // Both that ask.
    let said = says(
        &Limits { all: Limit { ask: 1, refuse: 10 }, ..limits("suspend", 1, 12) },
        "suspend",
        2,
        Kind::Does,
        &[],
    );
    assert!(said.contains("limits.suspend") && said.contains("limits.all"), "{said}");
}

#[test]
fn when_it_began_is_known_or_taken_for_as_late_as_it_can_be() {
    let of = |state, asked| begun_at(&plan("suspend", state, Vec::new()), asked);
    for state in [PlanState::Running, PlanState::Done] {
        assert_eq!(of(state, Asked::No), Some(NOW));
        // The state changed later than it could be confirmed.
        assert_eq!(of(state, Asked::First), Some(NOW + 3));
    }
    let quick = Plan { changed_at: NOW + 2, ..plan("suspend", PlanState::Done, Vec::new()) };
    assert_eq!(begun_at(&quick, Asked::First), Some(NOW + 2));
    for state in [PlanState::Proposed, PlanState::Cancelled, PlanState::Expired] {
        assert_eq!(of(state, Asked::First), None);
    }
}

#[test]
fn what_the_bot_does_of_its_own_accord_is_nobodys() {
    let of = |origin: &Origin| Whose::of(origin, &owned_user_id!("@mod:hs.test"));
    let rule = Origin::Rule { rule: "spam".into(), occasion: "case-1-1".into() };
    assert_eq!(of(&rule), Some(Whose::Rules));
    assert_eq!(of(&Origin::Invitation(String::new())), Some(whose()));
    assert_eq!(of(&Origin::Ending(7)), None);
    assert_eq!(of(&Origin::Outcome(String::new())), None);
}

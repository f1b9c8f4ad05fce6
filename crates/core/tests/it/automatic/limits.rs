//! How much rules say and do, and where they only ask: in floods, in doubt, and where a moderator contradicted them.

use std::time::Duration;

use gleipnir_core::ports::{Hold, Said};

use super::*;

fn notify() -> RuleAction {
    RuleAction::Notify(vec![moderator().to_owned()])
}

/// How often moderators are mentioned in all that was ever said.
fn mentions(stage: &Stage) -> usize {
    let said = stage.store.keys().into_iter().filter_map(|key| stage.store.said(&key));
    said.filter(|said| !said.mentions.is_empty()).count()
}

fn holds(stage: &Stage) -> Vec<Hold> {
    let hold = |acted| match acted {
        Acted::Held { by, .. } => Some(by),
        _ => None,
    };
    acted(stage).into_iter().filter_map(hold).collect()
}

#[tokio::test]
async fn messages_are_limited_and_go_on_after_an_hour() {
    let trial = Rule { mode: Mode::DryRun, ..rule("trial", words(&["redact"])) };
    let mut stage = stage(vec![trial]).await;
    let mut said = String::new();
    for n in 1..=25 {
        said += &reported(&mut stage, n, &format!("@u{n}:hs.test"), n).await;
        stage.restart();
    }
    assert_eq!(said.matches("Dry run").count(), 20, "{said}");
    assert_eq!(said.matches("Rules match more often than anybody reads.").count(), 1, "{said}");
    assert_eq!(hits(&stage).len(), 25, "each match is known");
    stage.clock.pass(Duration::from_mins(61));
    has(&reported(&mut stage, 26, "@ana:hs.test", 26).await, &["Dry run"]);
}

#[tokio::test]
async fn people_are_mentioned_so_often() {
    // What rules only say counts like what they do.
    let rules = Rules { list: vec![rule("nitro", vec![notify()])], matches: Matches::First, per_hour: 3 };
    let mut stage = stage_with(rules).await;
    let mut said = String::new();
    for n in 1..=6 {
        said += &reported(&mut stage, n, &format!("@u{n}:hs.test"), n).await;
    }
    assert_eq!(mentions(&stage), 3);
    assert_eq!(said.matches("Rules match more often than they may act.").count(), 1, "{said}");
    assert_eq!(holds(&stage), [Hold::TooMany; 3]);
    // Two rules, of which one asks all the time.
    let list = vec![rule("asks", [words(&["shutdown"]), vec![notify()]].concat())];
    let mut stage = stage_with(Rules { list, matches: Matches::All, per_hour: 1 }).await;
    stage.homeserver.change_room(lounge(), |room| room.members.clear());
    for n in 1..=2 {
        reported(&mut stage, n, "@ana:hs.test", n).await;
    }
    assert_eq!(
        (mentions(&stage), hits(&stage)[0].said, hits(&stage)[1].said),
        (1, Said::Mentioned, Said::Told)
    );
    has(&stage.store.said("rule-2-1-0").expect("it is said").text, &["Nobody is mentioned"]);
}

#[tokio::test]
async fn what_rules_only_say_counts_against_the_limit() {
    let list = vec![rule("nitro", words(&["dismiss"]))];
    let mut stage = stage_with(Rules { list, matches: Matches::First, per_hour: 2 }).await;
    for n in 1..=3 {
        reported(&mut stage, n, &format!("@u{n}:hs.test"), n).await;
    }
    let states: Vec<CaseState> = (1..=3).map(|id| state(&stage, id)).collect();
    assert_eq!(states, [CaseState::Dismissed, CaseState::Dismissed, CaseState::Open]);
}

#[tokio::test]
async fn of_cases_without_a_card_nothing_is_said() {
    let list = vec![
        Rule { mode: Mode::DryRun, ..rule("trial", words(&["redact"])) },
        rule("pings", [words(&["quarantine"]), vec![notify()]].concat()),
        rule("asks", words(&["shutdown"])),
    ];
    // Only what was held back is matched.
    let list = list.into_iter().map(|rule| Rule { when: vec![text("nitro (3[1-9]|40)")], ..rule }).collect();
    let mut stage = stage_with(Rules { list, matches: Matches::All, per_hour: 100 }).await;
    stage.homeserver.change_room(lounge(), |room| room.events = (1..=40).map(message).collect());
    for n in 1..=40 {
        file(&stage, n, "@troll:hs.test", n);
    }
    for _ in 0..5 {
        stage.poll_reports().await;
    }
    let is_shown = |id: CaseId| stage.store.said(&format!("case-{id}")).is_some();
    let hidden: Vec<CaseId> = (1..=40).filter(|id| !is_shown(*id)).collect();
    assert_eq!(hidden, (31..=40).collect::<Vec<_>>());
    assert_eq!(stage.react_to_reports().await, "");
    assert_eq!(hits(&stage).len(), 30);
    for hit in hits(&stage).iter().filter(|hit| hidden.contains(&hit.case)) {
        assert_eq!(hit.said, Said::Nothing, "{hit:?}");
        assert!(!matches!(hit.acted, Acted::Asked(_)), "{hit:?}");
    }
    for plan in plans(&stage).iter().filter(|plan| plan.case.is_some_and(|id| hidden.contains(&id))) {
        assert_ne!(plan.state, PlanState::Proposed);
    }
    assert!(stage.store.unweighed().expect("it reads").is_empty());
}

#[tokio::test]
async fn acting_without_a_card_is_right() {
    // Only what was held back says so.
    let late = Rule { when: vec![text("nitro 35")], ..rule("acts", words(&["redact"])) };
    let mut stage = stage(vec![late]).await;
    stage.homeserver.change_room(lounge(), |room| room.events = (1..=40).map(message).collect());
    for n in 1..=40 {
        file(&stage, n, "@troll:hs.test", n);
    }
    for _ in 0..5 {
        stage.poll_reports().await;
    }
    assert_eq!(stage.store.said("case-35"), None);
    stage.react_to_reports().await;
    assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $bad35"]);
}

#[tokio::test]
async fn what_was_undone_is_only_asked_for_in_another_case() {
    let mut stage = stage(vec![rule("nitro", words(&["suspend"]))]).await;
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    stage.say("!undo 1").await;
    let before = stage.homeserver.writes().len();
    has(
        &stage_test(&mut stage, 2).await,
        &["It would not do it, but ask: A moderator undid the same against this author"],
    );
    let said = stage.react_to_reports().await;
    has(&said, &["Job 3: do it?", "A moderator undid the same against this author", "(job 1)"]);
    assert_eq!(stage.homeserver.writes().len(), before);
    stage.say("!cancel 3").await;
    stage.clock.pass(Duration::from_hours(31 * 24));
    has(&reported(&mut stage, 3, "@ana:hs.test", 3).await, &["Job 4", "done"]);
}

/// Somebody reports `$bad<n>`; what `!rules test` makes of that case before the rules weigh it.
async fn stage_test(stage: &mut Stage, n: u64) -> String {
    file(stage, n, "@cy:hs.test", n);
    stage.poll_reports().await;
    stage.say(&format!("!rules test {n}")).await
}

#[tokio::test]
async fn behind_a_rule_of_which_nothing_is_known_it_asks() {
    let open = |name| {
        let asks =
            Rule { when: vec![text("nitro"), Condition::Blocked(true)], ..rule(name, words(&["priority"])) };
        vec![asks, rule("later", words(&["suspend"])), rule("last", words(&["redact"]))]
    };
    let mut stage = stage(open("first")).await;
    stage.homeserver.fail_always("block_status", Fault::Broken { status: 500, message: "x".into() });
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    let mut said = String::new();
    for _ in 0..10 {
        said += &stage.react_to_reports().await;
    }
    has(&said, &["Job 1: do it?", "Whether rule 1, which comes first, matches is not known"]);
    assert!(stage.homeserver.writes().is_empty());
    // What cannot be asked for is not done.
    let mut stage = self::stage(vec![open("first").remove(0), rule("later", words(&["dismiss"]))]).await;
    stage.homeserver.fail_always("block_status", Fault::Broken { status: 500, message: "x".into() });
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    for _ in 0..10 {
        stage.react_to_reports().await;
    }
    assert_eq!((state(&stage, 1), holds(&stage)), (CaseState::Open, vec![Hold::Unsure]));
}

#[tokio::test]
async fn where_a_part_is_missing_it_asks() {
    let mut stage = stage(vec![rule("nitro", words(&["suspend", "ban"]))]).await;
    stage.homeserver.change_room(lounge(), |room| {
        room.state[1]["content"]["users"]["@bot:hs.test"] = json!(0);
    });
    let said = reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&said, &["Job 1: do it?", "Not all that the rule is to do can be done, so I ask.", "ban"]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn stuck_cases_let_others_pass() {
    let list = vec![Rule { when: vec![Condition::Blocked(false)], ..rule("nitro", words(&["redact"])) }];
    let mut stage = stage(list).await;
    for n in 1..=6 {
        file(&stage, n, &format!("@u{n}:hs.test"), n);
    }
    stage.poll_reports().await;
    // The homeserver does not answer: each round gives up after three cases.
    for _ in 0..9 {
        stage.homeserver.fail_once("block_status", Fault::Timeout);
    }
    for _ in 0..3 {
        assert_eq!(stage.try_react_to_reports().await, Ok(Found::More));
    }
    assert!(hits(&stage).is_empty());
    stage.react_to_reports().await;
    let order: Vec<CaseId> = hits(&stage).iter().map(|hit| hit.case).collect();
    assert_eq!(order, [4, 5, 6, 1, 2, 3], "what was tried twice comes behind what was tried once");
}

#[tokio::test]
async fn reporters_are_told_where_a_rule_closes_a_case() {
    let mut stage = stage(vec![rule("nitro", words(&["dismiss", "suspend"]))]).await;
    stage.settings.tell.dismissed = Some("You reported {what}.".parse().expect("a text"));
    stage.restart();
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    let origins: Vec<String> = plans(&stage).iter().map(|plan| plan.origin.text()).collect();
    assert_eq!(
        origins.iter().filter(|origin| origin.starts_with("outcome case-1-dismissed")).count(),
        1,
        "{origins:?}"
    );
    assert_eq!(plans(&stage).len(), 2);
    assert!(stage.homeserver.writes().iter().any(|write| write.contains("@ana:hs.test")));
}

#[tokio::test]
async fn a_test_says_what_would_really_happen() {
    let cooldown = Some(Duration::from_hours(2));
    let list = vec![Rule { cooldown, ..rule("slow", words(&["redact"])) }];
    let mut stage = stage_with(Rules { list, matches: Matches::First, per_hour: 1 }).await;
    has(&stage_test(&mut stage, 1).await, &["It would do: redact"]);
    stage.react_to_reports().await;
    has(&stage.say("!rules test 1").await, &["It would do nothing more about this case."]);
    has(&stage_test(&mut stage, 2).await, &["It would be held back: It acted against the same author"]);
    stage.settings.rules.list[0].cooldown = None;
    stage.restart();
    has(
        &stage.say("!rules test 2").await,
        &["It would not do it, but ask: In the last hour rules did as much"],
    );
    stage.say("!dismiss 2").await;
    has(&stage.say("!rules test 2").await, &["It would be held back: A moderator has closed the case."]);
    assert_eq!(stage.homeserver.writes().len(), 1);
}

//! Conversations about cases: they are listed, shown, claimed, settled and opened again, by command and with one tap.

use gleipnir_core::{
    cards::shown as card_of,
    model::{About, Report, ReportKey},
    ports::{
        Case, CaseId, CaseState, Change, Clock as _, Fault, Priority, Records as _, Reporting, Store as _,
    },
    rules::case::card_key,
    ruma::{OwnedUserId, UserId},
    speech::{CLAIM, DISMISS, RESOLVE},
    testing::{Lived, Moment, Stage},
};
use serde_json::{Value, json};

use crate::{
    deaths::shown,
    scene::{has, moderator, other, plans, stage, watcher},
};

/// A case as the worker opens it: with a card and its reactions.
fn open(stage: &Stage, id: CaseId) -> Case {
    open_with(stage, id, vec![("@rep:hs.test", Some("rude"))], "you fool")
}

pub(crate) fn open_with(stage: &Stage, id: CaseId, reports: Vec<(&str, Option<&str>)>, body: &str) -> Case {
    let now = stage.clock.now();
    let about = About::Event { room_id: "!lounge:hs.test".to_owned(), event_id: format!("$bad{id}") };
    let report = |(n, (reporter, reason)): (usize, (&str, Option<&str>))| Report {
        key: ReportKey { kind: about.kind(), id: id * 10_000 + n as u64, received_ts: now },
        reporter: reporter.to_owned(),
        reason: reason.map(str::to_owned),
        about: about.clone(),
        author: Some("@eve:far.test".to_owned()),
    };
    let case = Case {
        id,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: now,
        changed_at: now,
        evidence: Some(json!({
            "event": {"type": "m.room.message", "sender": "@eve:far.test", "origin_server_ts": now,
                "content": {"msgtype": "m.text", "body": body}},
            "room": {"id": "!lounge:hs.test", "name": "Lounge", "alias": null},
        })),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: reports.into_iter().enumerate().map(report).collect(),
        about: about.clone(),
    };
    stage.store.commit(opened(stage, &case)).expect("the store writes");
    case
}

/// What the worker commits for a new case.
fn opened(stage: &Stage, case: &Case) -> Vec<Change> {
    let mut changes = vec![Change::Reporting(Reporting::Opened(Box::new(case.clone())))];
    changes.extend(card_of(&*stage.store, &stage.settings, case).expect("the store reads"));
    changes
}

/// A stage with the open cases 1 and 2, whose cards are in the room.
async fn two_cases() -> Stage {
    let stage = stage();
    open(&stage, 1);
    open(&stage, 2);
    stage.handle().await;
    stage
}

fn case(stage: &Stage, id: CaseId) -> Case {
    stage.store.case(id).expect("the store reads").expect("there is such a case")
}

fn state(stage: &Stage, id: CaseId) -> (CaseState, Option<OwnedUserId>, Option<String>) {
    let case = case(stage, id);
    (case.state, case.by, case.note)
}

pub(crate) fn the_card(stage: &Stage, id: CaseId) -> String {
    stage.store.said(&card_key(id)).expect("there is a card").text
}

#[tokio::test]
async fn cases_are_listed() {
    let mut stage = stage();
    has(&stage.say("!reports").await, &["No case is open.", "`!reports all`"]);
    has(&stage.say("!reports mine").await, &["You look after no case."]);
    has(&stage.say("!reports all").await, &["Nothing was reported"]);
    for id in 1..=3 {
        open(&stage, id);
    }
    stage.say("!claim 2").await;
    stage.say("!resolve 3 warned").await;
    let said = stage.say("!reports").await;
    has(
        &said,
        &[
            "2 open cases:\n• 2 a message in Lounge (`!lounge:hs.test`), by `@eve:far.test`, reported once, ",
            "Last reason: “rude”. Claimed by `@mod:hs.test`",
            "\n• 1 a message in Lounge",
            "Open: nobody has claimed it yet.",
            "`!case <case>` shows one",
        ],
    );
    assert!(!said.contains("you fool"), "a list quotes nobody who was reported");
    has(&stage.say("!reports OPEN").await, &["2 open cases:"]);
    has(&stage.say("!reports mine").await, &["1 open case of yours:\n• 2 a message"]);
    has(&stage.say_as(other(), "!reports mine").await, &["You look after no case."]);
    has(
        &stage.say_as(watcher(), "!reports all").await,
        &["3 cases:\n• 3 a message", "Resolved by `@mod:hs.test`", ": “warned”."],
    );
    has(&stage.say("!reports yours").await, &["open", "mine", "all"]);
}

#[tokio::test]
async fn open_cases_of_high_priority_come_first() {
    let mut stage = stage();
    for id in 1..=4 {
        open(&stage, id);
    }
    for case in [1, 3] {
        let first = Change::Reporting(Reporting::Prioritized { case });
        stage.store.commit(vec![first]).expect("the store writes");
    }
    let high = "4 open cases:\n• 3 (high priority) a message in Lounge";
    let said = stage.say("!reports").await;
    has(&said, &[high, "\n• 1 (high priority) a message", "\n• 4 a message", "\n• 2 a message"]);
    let place = |of: &str| said.find(of).expect("it is listed");
    assert!(place("\n• 1 ") < place("\n• 4 ") && place("\n• 4 ") < place("\n• 2 "), "{said}");
    // Once it is settled, it does not matter any more.
    stage.say("!resolve 3").await;
    has(&stage.say("!reports all").await, &["4 cases:\n• 1 (high priority)"]);
}

#[tokio::test]
async fn long_lists_have_pages_and_files() {
    let mut stage = stage();
    for id in 1..=40 {
        open(&stage, id);
    }
    stage.handle().await;
    has(&stage.say("!reports").await, &["40 open cases, page 1 of 3:\n• 40 a message", "\n• 26 a message"]);
    has(&stage.react(watcher(), "answer-$event1", "➡️").await, &["page 2 of 3:\n• 25 a message"]);
    has(&stage.react(moderator(), "answer-$event1", "⬅️").await, &["page 1 of 3:\n• 40 a message"]);
    has(
        &stage.say("!reports all --page 3").await,
        &["40 cases, page 3 of 3:\n• 10 a message", "\n• 1 a message"],
    );
    has(&stage.say("!reports --page 4").await, &["There are only 3 pages."]);
    let event = stage.hear(moderator(), "!reports --file");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{event}")).expect("a file");
    let csv = String::from_utf8(file.bytes).unwrap();
    assert_eq!((file.name.as_str(), csv.lines().count()), ("reports.csv", 41));
    has(&csv, &["40,event,open,!lounge:hs.test,$bad40,'@eve:far.test,1,1,"]);
}

#[tokio::test]
async fn a_list_of_thousands_fits() {
    let mut stage = stage();
    let case = open_with(&stage, 1, vec![("@rep:hs.test", Some(&"<".repeat(900)))], "x");
    let others = (2..=5000).map(|id| {
        let about = About::Event { room_id: "!lounge:hs.test".to_owned(), event_id: format!("$bad{id}") };
        Change::Reporting(Reporting::Opened(Box::new(Case { id, about, ..case.clone() })))
    });
    stage.store.commit(others.collect()).unwrap();
    let event = stage.hear(moderator(), "!reports all --file=json");
    stage.handle().await;
    let key = format!("answer-{event}");
    let said = stage.store.said(&key).expect("an answer");
    assert!(said.text.len() <= 10_000 && said.html.len() <= 18_000);
    has(&said.text, &["5,000 cases, page 1 of ", "`!case <case>` shows one"]);
    let rows: Vec<Value> = serde_json::from_slice(&stage.store.file(&key).expect("a file").bytes).unwrap();
    assert_eq!((rows.len(), &rows[0]["case"]), (5000, &json!(5000)));
}

#[tokio::test]
async fn a_case_is_shown_with_every_report() {
    let mut stage = stage();
    let reporters: Vec<String> = (0..150).map(|n| format!("@rep{n}:hs.test")).collect();
    let reports = reporters.iter().map(|reporter| (reporter.as_str(), Some("it is rude"))).collect();
    open_with(&stage, 1, reports, &"fool ".repeat(500));
    stage.handle().await;
    has(
        &stage.say_as(watcher(), "!case #1").await,
        &[
            "Case 1: a message in Lounge",
            "150 reports, newest first:",
            "and 50 older reports; `!case 1 --file` has them all",
        ],
    );
    for (line, name, rows) in
        [("!case 1 --file", "case-1.csv", 151), ("!case 1 --file=json", "case-1.json", 153)]
    {
        let event = stage.hear(moderator(), line);
        stage.handle().await;
        let file = stage.store.file(&format!("answer-{event}")).expect("a file");
        let text = String::from_utf8(file.bytes).unwrap();
        assert_eq!((file.name.as_str(), text.lines().count()), (name, rows));
        has(&text, &["@rep0:hs.test", "@rep149:hs.test", "it is rude"]);
        assert_eq!(text.contains(&"fool ".repeat(500)), name.ends_with("json"), "what was kept");
    }
}

#[tokio::test]
async fn unknown_and_bad_numbers() {
    let mut stage = two_cases().await;
    for command in ["case", "claim", "resolve", "dismiss", "reopen"] {
        has(&stage.say(&format!("!{command} 9")).await, &["There is no case 9.", "`!reports all`"]);
        for bad in ["0", "twelve", "1.5", "99999999999999999999"] {
            has(
                &stage.say(&format!("!{command} {bad}")).await,
                &["A case is given by its number, such as 12."],
            );
        }
        has(&stage.say(&format!("!{command}")).await, &[&format!("!{command} <case>")]);
    }
    assert_eq!(state(&stage, 1), (CaseState::Open, None, None));
}

#[tokio::test]
async fn the_second_is_told_who_was_quicker() {
    let mut stage = two_cases().await;
    let first = stage.hear(moderator(), "!claim 1");
    let second = stage.hear(other(), "!claim 1");
    stage.handle().await;
    let answer = |event| stage.store.said(&format!("answer-{event}")).expect("an answer").text;
    has(&answer(&first), &["Case 1 (a message in Lounge (`!lounge:hs.test`)): Claimed by `@mod:hs.test`, "]);
    has(&answer(&second), &["Case 1: Claimed by `@mod:hs.test`, ", "`!reopen 1` makes it free"]);
    assert!(stage.marked(&first, "✅") && stage.marked(&second, "❌"));
    has(&the_card(&stage, 1), &["Claimed by `@mod:hs.test`", "`!reopen 1`"]);
    has(&stage.say("!claim 1").await, &["You claimed case 1 already, "]);
    assert_eq!(state(&stage, 1), (CaseState::Claimed, Some(moderator().to_owned()), None));
    assert_eq!(state(&stage, 2), (CaseState::Open, None, None));
    assert!(plans(&stage).is_empty(), "nothing of the homeserver changes");
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn cases_are_settled_and_opened_again() {
    let mut stage = two_cases().await;
    stage.say_as(other(), "!claim 1").await;
    has(
        &stage.say("!resolve 1 warned \"the author\"").await,
        &[
            "Resolved by `@mod:hs.test`, ",
            ": “warned the author”. It was claimed by `@other:hs.test` before.",
            "---",
        ],
    );
    has(
        &the_card(&stage, 1),
        &[
            "Resolved by `@mod:hs.test`",
            "“warned the author”.\n\n🧹 redact, 🧨 redact-all, ",
            "; or `!act 1 redact`\n\n`!reopen 1`, `!case 1`",
        ],
    );
    assert_eq!(
        state(&stage, 1),
        (CaseState::Resolved, Some(moderator().to_owned()), Some("warned the author".into()))
    );
    has(
        &stage.say_as(other(), "!resolve 1 again").await,
        &["Case 1: Resolved by `@mod:hs.test`", "nothing is changed"],
    );
    has(
        &stage.say_as(other(), "!dismiss 1").await,
        &["Resolved by `@mod:hs.test`", "`!reopen 1` opens it again first."],
    );
    has(&stage.say_as(other(), "!claim 1").await, &["`!reopen 1` opens it again first."]);
    assert_eq!(
        state(&stage, 1),
        (CaseState::Resolved, Some(moderator().to_owned()), Some("warned the author".into()))
    );
    has(
        &stage.say_as(other(), "!reopen 1").await,
        &["Open again by `@other:hs.test`", "It was resolved by `@mod:hs.test` before: “warned the author”."],
    );
    has(&stage.say("!reopen 1").await, &["Case 1 is open already."]);
    has(
        &stage.say("!dismiss 1 not against the rules").await,
        &["Dismissed by `@mod:hs.test`", "“not against the rules”"],
    );
    stage.restart();
    has(&the_card(&stage, 1), &["Dismissed by `@mod:hs.test`"]);
    has(&stage.say("!reports").await, &["1 open case:\n• 2 "]);
    has(&stage.say("!dismiss 2").await, &["Case 2 (", "Dismissed by `@mod:hs.test`"]);
    assert_eq!(state(&stage, 2), (CaseState::Dismissed, Some(moderator().to_owned()), None));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let mut stage = two_cases().await;
    let before = stage.store.said("case-1");
    for (line, says) in [
        ("!claim 1 --dry-run", "Claimed by `@mod:hs.test`"),
        ("!resolve 1 warned --dry-run", "“warned”"),
        ("!dismiss 1 --dry-run", "Dismissed by `@mod:hs.test`"),
        ("!reopen 1 --dry-run", "Case 1 is open already."),
    ] {
        has(&stage.say(line).await, &[says, "Dry run: nothing was done."]);
        assert_eq!(state(&stage, 1), (CaseState::Open, None, None), "{line}");
    }
    assert_eq!(stage.store.said("case-1"), before);
}

#[tokio::test]
async fn one_tap_on_a_card() {
    let mut stage = two_cases().await;
    for emoji in [CLAIM, RESOLVE, DISMISS] {
        assert!(stage.store.keys().contains(&format!("{emoji} case-1")), "{emoji} is offered");
    }
    let said = stage.react(moderator(), "case-1", "✋\u{1f3fd}").await;
    has(&said, &["Case 1: a message in Lounge", "Claimed by `@mod:hs.test`"]);
    assert!(!said.contains("---"), "the card itself says it: {said}");
    has(&stage.react(other(), "case-1", "✋").await, &["Case 1: Claimed by `@mod:hs.test`", "makes it free"]);
    has(&stage.react(other(), "case-1", "☑").await, &["Resolved by `@other:hs.test`"]);
    has(
        &stage.react(moderator(), "case-1", "🗑️").await,
        &["Resolved by `@other:hs.test`", "opens it again first"],
    );
    has(&stage.react(moderator(), "case-2", "🗑").await, &["Dismissed by `@mod:hs.test`"]);
    assert_eq!(state(&stage, 1), (CaseState::Resolved, Some(other().to_owned()), None));
    // What is for previews and pages means nothing on a card, and the other way round.
    for emoji in ["✅", "❌", "⬅️", "➡️", "👍"] {
        assert_eq!(stage.react(moderator(), "case-2", emoji).await, "", "{emoji}");
    }
    stage.say("!shutdown !bad:hs.test").await;
    for emoji in [CLAIM, RESOLVE, DISMISS] {
        assert_eq!(stage.react(moderator(), "plan-1", emoji).await, "", "{emoji}");
    }
    assert_eq!(state(&stage, 2), (CaseState::Dismissed, Some(moderator().to_owned()), None));
}

#[tokio::test]
async fn acting_on_cases_needs_the_level() {
    let mut stage = two_cases().await;
    for (line, emoji) in [("!claim 1", CLAIM), ("!resolve 1", RESOLVE), ("!dismiss 1", DISMISS)] {
        let needs = format!("`{}` needs power level 50", &line[..line.len() - 2]);
        has(&stage.say_as(watcher(), line).await, &[&needs]);
        has(&stage.react(watcher(), "case-1", emoji).await, &[&needs]);
    }
    has(&stage.say_as(watcher(), "!reopen 1").await, &["`!reopen` needs power level 50"]);
    let stranger = UserId::parse("@stranger:hs.test").unwrap();
    has(&stage.react(&stranger, "case-1", CLAIM).await, &["is not in this room any more"]);
    assert_eq!(state(&stage, 1), (CaseState::Open, None, None));
    // Each command may have a level of its own, and its reaction has the same.
    stage.settings.levels.insert("dismiss".to_owned(), 90);
    stage.settings.levels.insert("claim".to_owned(), 0);
    stage.restart();
    has(&stage.react(moderator(), "case-1", DISMISS).await, &["`!dismiss` needs power level 90"]);
    has(&stage.react(watcher(), "case-1", CLAIM).await, &["Claimed by `@watcher:hs.test`"]);
}

#[tokio::test]
async fn a_fault_of_the_server_changes_nothing() {
    let mut stage = two_cases().await;
    stage.homeserver.fail_once("standing", Fault::Timeout);
    has(&stage.react(moderator(), "case-1", CLAIM).await, &["did not answer in time", "Nothing was done."]);
    stage.homeserver.fail_once("standing", Fault::Timeout);
    has(&stage.say("!claim 1").await, &["did not answer in time"]);
    assert_eq!(state(&stage, 1), (CaseState::Open, None, None));
}

#[tokio::test]
async fn a_case_without_a_card_gets_one_when_it_is_claimed() {
    let mut stage = stage();
    let case = open(&Stage::default(), 1);
    stage.store.commit(vec![Change::Reporting(Reporting::Opened(Box::new(case)))]).unwrap();
    stage.say("!claim 1").await;
    has(&the_card(&stage, 1), &["Claimed by `@mod:hs.test`"]);
    has(&stage.react(other(), "case-1", RESOLVE).await, &["Resolved by `@other:hs.test`"]);
}

/// Plays lines and taps; after each death the process starts again.
async fn play(stage: &mut Stage) -> usize {
    let mut deaths = 0;
    for step in ["!claim 1", "✋", "!resolve 1 warned", "!reopen 1", "🗑️", "!dismiss 1"] {
        if step.starts_with('!') {
            stage.hear(moderator(), step);
        } else {
            let relation = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$sent-case-1", "key": step}});
            stage.receive(other(), "m.reaction", &relation);
        }
        while stage.live().await == Lived::Died {
            deaths += 1;
            assert!(deaths < 10, "it never gets any further");
            stage.restart();
        }
    }
    deaths
}

#[tokio::test]
async fn decisions_survive_a_death_at_any_point() {
    let mut whole = two_cases().await;
    let (calls, commits) = (whole.homeserver.calls(), whole.store.commits());
    assert_eq!(play(&mut whole).await, 0);
    let (dismissed, _, _) = state(&whole, 1);
    assert_eq!(dismissed, CaseState::Dismissed);
    for moment in [Moment::Before, Moment::After] {
        for call in calls + 1..=whole.homeserver.calls() {
            let mut stage = two_cases().await;
            stage.homeserver.hang_at(call, moment);
            assert_eq!(play(&mut stage).await, 1, "{moment:?} call {call}");
            assert_eq!(shown(&stage), shown(&whole), "{moment:?} call {call}");
        }
        for commit in commits + 1..=whole.store.commits() {
            let mut stage = two_cases().await;
            stage.store.break_commit(commit, moment);
            assert!(play(&mut stage).await <= 1, "{moment:?} commit {commit}");
            assert_eq!(shown(&stage), shown(&whole), "{moment:?} commit {commit}");
            assert_eq!(case(&stage, 1), case(&whole, 1), "{moment:?} commit {commit}");
        }
    }
}

//! `!rules`: the rules in words, tried on anything, and replayed.

use super::*;

/// An event ID as it can be typed.
const BAD: &str = "$badbadbadbadbadbadbadbadbadbadbadbadbadbadb";

/// Adds an event with that ID to the lounge.
fn put_bad(stage: &Stage) {
    let mut event = message(7);
    event["event_id"] = json!(BAD);
    stage.homeserver.change_room(lounge(), |room| room.events.push(event));
}

fn two() -> Vec<Rule> {
    let mut young = rule("young", words(&["redact", "suspend"]));
    young.when.push(Condition::AuthorAgeBelow(std::time::Duration::from_hours(2)));
    young.cooldown = Some(std::time::Duration::from_hours(1));
    let far =
        Rule { when: vec![Condition::Local(false)], mode: Mode::DryRun, ..rule("far", words(&["ban"])) };
    vec![young, far]
}

#[tokio::test]
async fn rules_are_listed_with_what_they_did() {
    let mut stage = stage(Vec::new()).await;
    has(&stage.say("!rules").await, &["There are no rules", "`[[reports.rules]]`"]);
    let mut stage = self::stage(two()).await;
    let said = stage.say("!rules").await;
    has(
        &said,
        &[
            "2 rules:",
            "1. “young” – when the text matches `(?i)nitro`; the author's account is younger than 2 hours",
            "redact, suspend",
            "once in 1 hour for each author",
            "2. “far” (dry run)",
            "No case in 7 days.",
            "10 things an hour",
        ],
    );
    reported(&mut stage, 1, "@ana:hs.test", 1).await;
    has(&stage.say("!rules").await, &["1 match in 7 days, the last ", "`!case 1`, done by `!job 1`"]);
    stage.clock.pass(std::time::Duration::from_hours(24 * 8));
    assert!(!stage.say("!rules").await.contains("1 match"));
}

#[tokio::test]
async fn a_case_is_tried_condition_by_condition() {
    let mut stage = stage(two()).await;
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    let said = stage.say("!rules test 1").await;
    has(
        &said,
        &[
            "What the rules make of case 1",
            "1. “young” matches",
            "✅ the text matches `(?i)nitro`: it says “free nitro 1”",
            "✅ the author's account is younger than 2 hours: the account is of ",
            "It would do: redact, suspend",
            "2. “far” does not match",
            "❌ it is of another server: it is of this server",
            "Nothing was done.",
        ],
    );
    assert!(stage.homeserver.writes().is_empty() && plans(&stage).is_empty() && hits(&stage).is_empty());
    stage.homeserver.put_account(eve(), Account { admin: true, ..Account::default() });
    has(&stage.say("!rules test #1").await, &["It would be held back: `@eve:hs.test` is a server admin."]);
    let mut blocked = rule("blocked", words(&["block"]));
    blocked.when.push(Condition::Blocked(false));
    stage.settings.rules.list = vec![blocked];
    stage.restart();
    let refused = Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "x".into() };
    stage.homeserver.fail_once("block_status", refused);
    has(
        &stage.say("!rules test 1").await,
        &["❔ the room is not blocked: ", "not known, so it does not hold", "because something is not known"],
    );
    has(&stage.say("!rules test 9").await, &["There is no case 9."]);
}

#[tokio::test]
async fn an_event_that_nobody_reported_is_tried() {
    let mut stage = stage(two()).await;
    put_bad(&stage);
    let said = stage.say(&format!("!rules test https://matrix.to/#/!lounge:hs.test/{BAD}")).await;
    has(&said, &["which nobody reported", "1. “young” matches", "Rules act on reports only"]);
    has(&stage.say(&format!("!rules test !lounge:hs.test {BAD}")).await, &["“young” matches"]);
    has(
        &stage.say("!rules test !lounge:hs.test $0000000000000000000000000000000000000000000").await,
        &["does not know the event"],
    );
    has(&stage.say("!rules test").await, &["What of?"]);
    has(&stage.say("!rules test lounge").await, &["lounge"]);
    has(&stage.say("!rules try 1").await, &["test", "replay"]);
    stage.homeserver.fail_once("room", Fault::Timeout);
    has(&stage.say(&format!("!rules test !lounge:hs.test {BAD}")).await, &["did not answer in time"]);
}

#[tokio::test]
async fn past_cases_are_replayed_and_nothing_is_done() {
    let mut stage = stage(Vec::new()).await;
    for n in 1..=3 {
        reported(&mut stage, n, "@ana:hs.test", n).await;
    }
    let mut rules = two();
    let mut blocked = rule("blocked", words(&["block"]));
    blocked.when.push(Condition::Blocked(false));
    rules.push(blocked);
    stage.settings.rules = Rules { list: rules, matches: Matches::All, per_hour: 10 };
    stage.restart();
    let calls = stage.homeserver.writes().len();
    let said = stage.say("!rules replay 7d").await;
    has(
        &said,
        &[
            "3 cases of the last 7 days, weighed by what I kept of them",
            "1. “young” would have acted on 3 cases",
            "case 3 a message in Lounge",
            "2. “far” would have acted on 0 cases",
            "3. “blocked” would have acted on 0 cases; of 3 more cases it cannot be told",
            "Nothing was done.",
        ],
    );
    let event = stage.hear(moderator(), "!rules replay 7d --file");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{event}")).expect("a file");
    let csv = String::from_utf8(file.bytes).expect("text");
    assert_eq!((file.name.as_str(), csv.lines().count()), ("rules-replay.csv", 4), "{csv}");
    assert_eq!((stage.homeserver.writes().len(), hits(&stage).len()), (calls, 0));
    stage.clock.pass(std::time::Duration::from_hours(24 * 8));
    has(&stage.say("!rules replay 7d").await, &["0 cases of the last 7 days"]);
    has(&stage.say("!rules replay soon").await, &["not a duration"]);
}

#[tokio::test]
async fn long_answers_have_pages() {
    let many = (0..100).map(|n| rule(&format!("{n} {}", "<".repeat(190)), words(&["redact"]))).collect();
    let mut stage = stage(many).await;
    put_bad(&stage);
    has(&stage.say("!rules").await, &["100 rules, page 1 of "]);
    has(&stage.say("!rules --page 2").await, &["page 2 of "]);
    let said = stage.say(&format!("!rules test !lounge:hs.test {BAD}")).await;
    assert!(said.len() <= 10_000);
    has(&said, &["page 1 of "]);
}

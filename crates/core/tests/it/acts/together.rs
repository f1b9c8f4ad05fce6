//! Moderators who act at the same time do it once; what was done can be undone, and more can be done.

use gleipnir_core::{
    ports::{CaseState, Fault, Records as _},
    speech::CLAIM,
};
use serde_json::json;

use super::{Power, case, eve, has, local_case, moderator, other, plan, plans, the_card};

#[tokio::test]
async fn two_taps_at_once_are_one_action() {
    let mut stage = local_case(Power::Enough).await;
    let tap = |key: &str| json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$sent-case-1", "key": key}});
    stage.receive(moderator(), "m.reaction", &tap("⏸️"));
    let second = stage.receive(other(), "m.reaction", &tap("⏸"));
    let typed = stage.hear(other(), "!act 1 suspend");
    stage.live().await;
    stage.live().await;
    assert_eq!((plans(&stage).len(), stage.homeserver.writes().len()), (1, 1));
    for event in [second, typed] {
        let said = stage.store.said(&format!("answer-{event}")).expect("an answer").text;
        has(
            &said,
            &["Nothing was done about case 1:", "suspend: `@mod:hs.test`", "already", "(job 1)", "`!job 1`"],
        );
    }
    assert_eq!(case(&stage, 1).by.as_deref(), Some(moderator()));
}

#[tokio::test]
async fn what_waits_to_be_confirmed_is_not_asked_twice() {
    let mut stage = local_case(Power::Enough).await;
    stage.react(moderator(), "case-1", "🧹").await;
    has(
        &stage.react(other(), "case-1", "🧹").await,
        &["`@mod:hs.test` asked for it already; it waits for a confirmation (job 1)"],
    );
    assert_eq!(plans(&stage).len(), 1);
    // Once it was dropped, it can be asked for again.
    has(&stage.react(other(), "plan-1", "❌").await, &["is cancelled"]);
    assert!(!the_card(&stage, 1).contains("Job 1"), "{}", the_card(&stage, 1));
    has(&stage.react(other(), "case-1", "🧹").await, &["Job 2: do it?"]);
    stage.wait(std::time::Duration::from_secs(700)).await;
    let not_confirmed = "Job 2 of `@other:hs.test` was not confirmed in time, so nothing was done: redact. `!act 1 redact` \
                         asks for it again.";
    has(&the_card(&stage, 1), &[not_confirmed]);
    has(&stage.react(other(), "plan-2", "✅").await, &["send `!act 1 redact` again"]);
    has(&stage.react(other(), "case-1", "🧹").await, &["Job 3: do it?"]);
    assert!(!the_card(&stage, 1).contains("Job 2"), "it is asked for again: {}", the_card(&stage, 1));
}

#[tokio::test]
async fn an_undone_job_is_said_as_undone() {
    let mut stage = local_case(Power::Enough).await;
    stage.react(moderator(), "case-1", "⏸️").await;
    has(&stage.say_as(other(), "!undo 1").await, &["Job 2: undo"]);
    has(
        &the_card(&stage, 1),
        &[
            "Open again by `@other:hs.test`, ",
            ": “job 1 was undone (job 2)”.",
            "Job 1 of `@mod:hs.test`: author suspended. Undone by job 2 of `@other:hs.test`.",
            "⏸️ suspend",
        ],
    );
    assert!(!the_card(&stage, 1).contains("!undo"));
    has(&stage.say("!reports").await, &["1 open case:\n• 1 "]);
    // What was undone can be done again.
    stage.react(other(), "case-1", "⏸️").await;
    has(
        &the_card(&stage, 1),
        &["Resolved by `@other:hs.test`, ", ": author suspended (job 3). Undo: `!undo 3`."],
    );
    assert!(stage.store.plan(3).unwrap().is_some());
}

#[tokio::test]
async fn an_undo_opens_a_case_again_when_nothing_is_left_in_force() {
    // Of two jobs, the second is in force.
    let mut stage = local_case(Power::Enough).await;
    stage.say("!act 1 suspend").await;
    stage.say("!act 1 ban").await;
    stage.say("!undo 1").await;
    assert_eq!(case(&stage, 1).state, CaseState::Resolved);
    stage.say("!undo 2").await;
    assert_eq!(
        (case(&stage, 1).state, case(&stage, 1).note.as_deref()),
        (CaseState::Open, Some("job 2 was undone (job 4)"))
    );
    // What cannot be taken back stays in force.
    let mut stage = local_case(Power::Enough).await;
    stage.say("!act 1 suspend redact").await;
    stage.say("!confirm 1").await;
    stage.say("!undo 1").await;
    assert_eq!(case(&stage, 1).state, CaseState::Resolved);
    // What was decided in words stays decided.
    for line in ["!resolve 1 warned", "!dismiss 1"] {
        let mut stage = local_case(Power::Enough).await;
        stage.say(line).await;
        stage.say("!act 1 kick").await;
        stage.say("!undo 1").await;
        assert!(!case(&stage, 1).state.is_open(), "{line}");
    }
    // An undo that fails takes nothing away.
    let mut stage = local_case(Power::Enough).await;
    stage.say("!act 1 suspend").await;
    stage.homeserver.fail_once("set_sanction", Fault::NotAdmin);
    stage.say("!undo 1").await;
    assert_eq!(case(&stage, 1).state, CaseState::Resolved);
}

#[tokio::test]
async fn more_is_done_about_a_resolved_case() {
    let mut stage = local_case(Power::Enough).await;
    stage.react(moderator(), "case-1", "⏸️").await;
    stage.react(other(), "case-1", "🔨").await;
    has(
        &the_card(&stage, 1),
        &[
            "Resolved by `@mod:hs.test`, ",
            ": author suspended (job 1). Undo: `!undo 1`.",
            "• Job 2 of `@other:hs.test`: author banned. Undo: `!undo 2`.",
        ],
    );
    assert_eq!(case(&stage, 1).decisions.len(), 1, "it is resolved once");
    assert_eq!(plan(&stage, 2).case, Some(1));
    // Resolved in words, the job stands beside it.
    let mut stage = local_case(Power::Enough).await;
    stage.say("!resolve 1 warned").await;
    stage.say_as(other(), "!act 1 kick").await;
    has(&the_card(&stage, 1), &[": “warned”.", "Job 1 of `@other:hs.test`: author kicked."]);
}

#[tokio::test]
async fn what_fails_leaves_the_case_open() {
    let mut stage = local_case(Power::Enough).await;
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no <b>".into() };
    stage.homeserver.fail_once("set_sanction", refused.clone());
    stage.react(moderator(), "case-1", CLAIM).await;
    stage.say("!act 1 suspend ban").await;
    assert_eq!(case(&stage, 1).state, CaseState::Claimed);
    has(
        &the_card(&stage, 1),
        &[
            "Claimed by `@mod:hs.test`",
            "Job 1 of `@mod:hs.test`: author banned. Failed: suspend (The homeserver refused",
        ],
    );
    // What failed can be tried again; what was done cannot.
    has(&stage.say("!act 1 ban").await, &["did it already (job 1)"]);
    stage.homeserver.fail_once("set_sanction", refused);
    stage.say("!act 1 suspend").await;
    has(&the_card(&stage, 1), &["Job 2 of `@mod:hs.test`: nothing was done. Failed: suspend ("]);
    stage.say("!act 1 suspend").await;
    has(&the_card(&stage, 1), &["author suspended (job 3)"]);
    assert_eq!(case(&stage, 1).state, CaseState::Resolved);
    assert!(stage.homeserver.writes().iter().any(|write| write.contains(eve().as_str())));
}

#[tokio::test]
async fn a_case_at_work_says_so() {
    let mut stage = local_case(Power::Enough).await;
    stage.hear(moderator(), "!act 1 suspend");
    stage.handle().await;
    has(&the_card(&stage, 1), &["Job 1 of `@mod:hs.test` is at work: suspend."]);
    stage.execute().await;
    has(&the_card(&stage, 1), &["author suspended (job 1)"]);
    assert!(!the_card(&stage, 1).contains("is at work"));
}

#[tokio::test]
async fn a_case_whose_job_was_stopped_says_so_and_can_be_acted_on_again() {
    let mut stage = local_case(Power::Enough).await;
    stage.hear(moderator(), "!act 1 suspend ban");
    stage.handle().await;
    stage.hear(other(), "!cancel 1");
    stage.handle().await;
    stage.execute().await;
    assert!(stage.homeserver.writes().is_empty());
    has(
        &the_card(&stage, 1),
        &["Job 1 of `@mod:hs.test`: nothing was done. It was stopped before all of it was begun."],
    );
    stage.say("!act 1 suspend").await;
    has(&the_card(&stage, 1), &["author suspended (job 2)"]);
}

//! The account of a moderator is stolen, and what it did is put right.

use std::time::Duration;

use gleipnir_core::{
    model::{About, MemberChange, Report, ReportKey, ReportKind, Standing},
    plan::{PlanResult, Step},
    ports::{CaseState, Fault, Records as _},
    ruma::user_id,
    testing::Stage,
};

use super::{begin, cat, eve, is_suspended, job, member, membership, redact, suspend, user, with_people};
use crate::scene::{bad_room, has, moderator, other, plan, watcher};

fn power(was: i64, to: Option<i64>) -> Step {
    Step::SetPower { room: bad_room().to_owned().into(), user: user("ana"), was, to }
}

/// What the thief does: six jobs, of which the redaction stays.
async fn rampage(stage: &Stage) {
    job(stage, moderator(), vec![member("bob", MemberChange::Ban)]).await;
    job(stage, moderator(), vec![power(0, Some(40))]).await;
    job(stage, moderator(), vec![Step::QuarantineMedia { media: cat(), author: Some(eve()) }]).await;
    job(stage, moderator(), vec![suspend("eve"), suspend("bob")]).await;
    job(stage, moderator(), vec![redact()]).await;
    job(stage, moderator(), vec![power(40, Some(60))]).await;
}

#[tokio::test]
async fn all_that_a_thief_did_is_put_right_by_one_job() {
    let mut stage = with_people();
    // What they did themselves before is none of it.
    job(&stage, moderator(), vec![suspend("ana")]).await;
    stage.wait(Duration::from_hours(1)).await;
    rampage(&stage).await;
    stage.clock.pass(Duration::from_mins(3));
    // They were thrown out of the room already.
    stage.homeserver.put_standing(moderator(), Standing::Outside);
    has(&stage.say_as(watcher(), "!undo @mod:hs.test 10m").await, &["power level"]);
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(
        &asked,
        &[
            "To undo what `@mod:hs.test` asked for in the last 10 minutes: 6 jobs, 5 changes.",
            "The jobs:\n• 7 2026-",
            "– stays as it is",
            "What stays as it is:\n• Job 6: I cannot bring back what was redacted in `!bad:hs.test`.",
            "This undoes all that they asked for in that time.",
            "Job 8: do it?",
        ],
    );
    assert!(is_suspended(&stage, "bob").await, "it asks first");
    let report = stage.say_as(other(), "!confirm 8").await;
    has(&report, &["Job 8: undo – done", "This stays as it is:", "Job 6: I cannot bring back"]);
    for name in ["eve", "bob"] {
        assert!(!is_suspended(&stage, name).await, "{name}");
    }
    assert!(is_suspended(&stage, "ana").await, "that was before");
    assert_ne!(membership(&stage, "bob").await.as_deref(), Some("ban"));
    // Of two changes of the same, one is enough.
    let powers = plan(&stage, 8).steps.iter().filter(|planned| planned.step == power(60, None)).count();
    assert_eq!(powers, 1, "{:?}", plan(&stage, 8).steps);
    for id in [2, 3, 4, 5, 7] {
        assert_eq!(stage.store.undone_by(id), Ok(Some(8)), "{id}");
        let said = stage.say_as(other(), &format!("!undo {id}")).await;
        assert_eq!(said, format!("Job {id} was undone by job 8 already."));
    }
    assert_eq!(stage.store.undone_by(6), Ok(None), "nothing of it was undone");
    // And back: the reasons are good, after all.
    has(&stage.say_as(other(), "!undo 8").await, &["Job 8 undid 5 jobs: all of that is done again."]);
    has(&stage.say_as(other(), "!confirm 9").await, &["Job 9: undo – done"]);
    assert!(is_suspended(&stage, "eve").await);
    assert_eq!(membership(&stage, "bob").await.as_deref(), Some("ban"));
}

#[tokio::test]
async fn what_waits_and_what_is_at_work_is_named_and_left() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    stage.say("!shutdown !bad:hs.test").await;
    begin(&stage, moderator(), None, vec![suspend("bob")]);
    stage.clock.pass(Duration::from_mins(1));
    stage.hear(other(), "!undo @mod:hs.test 10m --dry-run");
    stage.handle().await;
    let event = "answer-$event2";
    has(
        &stage.store.said(event).expect("it is answered").text,
        &[
            "Not part of it:",
            "Job 3 (suspend) is at work. `!cancel 3` stops it. Once it is over: `!undo 3`.",
            "Job 2 (shutdown) waits for a confirmation: `!cancel 2` drops it.",
            "Dry run: nothing was done. It would ask for a confirmation first.",
        ],
    );
}

#[tokio::test]
async fn what_the_thief_undid_is_done_again_and_what_they_confirmed_is_named() {
    let mut stage = with_people();
    stage.say_as(other(), "!ban @eve:hs.test !bad:hs.test spam --for 3d").await;
    stage.wait(Duration::from_hours(1)).await;
    has(&stage.say_as(other(), "!shutdown !bad:hs.test").await, &["Job 2: do it?"]);
    stage.say("!cancel 2").await;
    has(&stage.say_as(other(), "!deactivate @ana:hs.test").await, &["Job 3: do it?"]);
    has(&stage.say("!confirm 3").await, &["Job 3: deactivate"]);
    has(&stage.say("!undo 1").await, &["undo – done"]);
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(
        &asked,
        &[
            "Job 3 (deactivate) of `@other:hs.test` was confirmed by them: `!undo 3`.",
            "ban `@eve:hs.test` from",
            "Job 1 (ban) was for a time",
            "done again, it does not end by itself.",
        ],
    );
    stage.react(other(), &format!("plan-{}", stage.store.next_plan_id().unwrap() - 1), "✅").await;
    assert_eq!(membership(&stage, "eve").await.as_deref(), Some("ban"));
}

#[tokio::test]
async fn one_that_is_protected_keeps_nobody_else_from_it() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    job(&stage, moderator(), vec![suspend("ana")]).await;
    // The thief let somebody out who has become a moderator since.
    let root = user_id!("@bob:hs.test");
    job(&stage, other(), vec![suspend("bob")]).await;
    job(&stage, moderator(), vec![super::lift("bob")]).await;
    stage.homeserver.put_standing(root, Standing::Level(50));
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(&asked, &["`@bob:hs.test` is a moderator", "2 changes"]);
    has(&stage.say_as(other(), "!confirm 5").await, &["done", "`@bob:hs.test` is a moderator"]);
    assert_eq!((is_suspended(&stage, "bob").await, is_suspended(&stage, "eve").await), (false, false));
    assert_eq!(stage.store.undone_by(4), Ok(None));
}

#[tokio::test]
async fn each_job_knows_whether_it_is_undone() {
    let mut stage = with_people();
    job(&stage, moderator(), vec![suspend("eve")]).await;
    job(&stage, moderator(), vec![suspend("bob")]).await;
    stage.say("!undo @mod:hs.test 10m").await;
    // The newest is undone first.
    stage.homeserver.fail_once("set_sanction", Fault::NotAdmin);
    has(&stage.say("!confirm 3").await, &["Job 3: undo – partly done", "Could not"]);
    assert_eq!((stage.store.undone_by(1), stage.store.undone_by(2)), (Ok(Some(3)), Ok(None)));
    has(&stage.say("!undo 2").await, &["Job 4: undo – done"]);
    assert!(!is_suspended(&stage, "bob").await);
    let said = stage.say("!undo @mod:hs.test 10m").await;
    has(
        &said,
        &["There is nothing that I can undo of what `@mod:hs.test` asked for", "was put right already"],
    );
    assert_eq!(stage.store.next_plan_id(), Ok(5));
}

#[tokio::test]
async fn the_cases_of_all_of_them_are_open_again() {
    let mut stage = with_people();
    stage.poll_reports().await;
    for (id, name) in [(1, "eve"), (2, "bob")] {
        let report = Report {
            key: ReportKey { kind: ReportKind::User, id, received_ts: 5 },
            reporter: "@ana:hs.test".into(),
            reason: None,
            about: About::User { user_id: user(name).to_string() },
            author: None,
        };
        stage.homeserver.report(report, None);
    }
    stage.poll_reports().await;
    for case in [1, 2] {
        has(&stage.say(&format!("!act {case} suspend")).await, &["done"]);
    }
    let how = |stage: &Stage, case| stage.store.case(case).unwrap().unwrap().state;
    assert_eq!((how(&stage, 1), how(&stage, 2)), (CaseState::Resolved, CaseState::Resolved));
    stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    let card = |stage: &Stage, case| stage.store.said(&format!("case-{case}")).expect("a card").text;
    has(&card(&stage, 1), &["Job 3 of `@other:hs.test` waits for a confirmation, to undo job 1."]);
    has(&card(&stage, 2), &["to undo job 2."]);
    stage.say_as(other(), "!confirm 3").await;
    assert_eq!(plan(&stage, 3).result(), PlanResult::Done);
    assert_eq!((how(&stage, 1), how(&stage, 2)), (CaseState::Open, CaseState::Open));
    has(&card(&stage, 2), &["Undone by job 3 of `@other:hs.test`."]);
}

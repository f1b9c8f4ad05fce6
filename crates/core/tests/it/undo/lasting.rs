//! The undo of a job that took the place of one for a time: nothing of that comes back by itself, which is said before.

use std::time::Duration;

use gleipnir_core::{commands::SkipConfirmation, plan::PlanState, testing::Stage};

use super::{is_suspended, membership, with_people};
use crate::{
    deaths::{Script, after_every_death, shown},
    scene::{has, other, plan},
};

const LOST: &str = "What held for a time before does not come back:";

/// What is done, and how its undo is done.
const KINDS: [(&str, &str); 3] = [
    ("!suspend @eve:hs.test", "no longer suspended"),
    ("!ban @eve:hs.test !bad:hs.test", "no longer banned"),
    ("!mute @eve:hs.test !bad:hs.test", "Job 3: undo – done"),
];

async fn after(stage: &mut Stage, time: Duration) {
    stage.wait(time).await;
    stage.execute().await;
}

#[tokio::test]
async fn it_asks_first_and_names_what_brings_the_rest_of_the_time_back() {
    for (line, undone) in KINDS {
        for second in ["", " --for 5d"] {
            let mut stage = with_people();
            stage.say(&format!("{line} --for 2d")).await;
            let first = stage.homeserver.writes();
            stage.say(&format!("{line}{second}")).await;
            after(&mut stage, Duration::from_hours(1)).await;
            let again = format!("{line} --for 1d23h");
            let said = [
                LOST,
                "Job 1 did this until 2026-",
                "Job 2 took its place: once job 2 is undone, it holds no more at all. To let it hold until then again, \
                 send this afterwards: `",
                &again,
                "Job 2 took the place of job 1, which was for a time.",
            ];
            has(&stage.say("!undo last --dry-run").await, &said);
            let asked = stage.say("!undo last").await;
            has(&asked, &said);
            has(&asked, &["Job 3: do it?"]);
            assert_eq!(stage.homeserver.writes(), first, "{line}: it asks first");
            has(&stage.say("!confirm 3").await, &[undone]);
            has(&stage.say(&again).await, &["It ends by itself: 2026-"]);
            let held = stage.homeserver.writes().len();
            after(&mut stage, Duration::from_hours(46)).await;
            assert_eq!(stage.homeserver.writes().len(), held, "{line}: not yet");
            after(&mut stage, Duration::from_mins(62)).await;
            assert_eq!(stage.homeserver.writes().len(), held + 1, "{line}: it ends as the first was to");
            after(&mut stage, Duration::from_hours(200)).await;
            assert_eq!(stage.homeserver.writes().len(), held + 1, "{line}: once");
        }
    }
}

#[tokio::test]
async fn the_undo_of_the_undo_holds_for_good_and_is_undone_without_a_word() {
    for (line, _) in KINDS {
        let mut stage = with_people();
        stage.say(&format!("{line} --for 2d")).await;
        stage.say(line).await;
        stage.say("!undo 2").await;
        stage.say("!confirm 3").await;
        let report = stage.say("!undo 3").await;
        has(&report, &["Job 4: undo – done"]);
        assert!(!report.contains("ends by itself") && !report.contains(LOST), "{report}");
        let held = stage.homeserver.writes().len();
        after(&mut stage, Duration::from_hours(72)).await;
        assert_eq!(stage.homeserver.writes().len(), held, "{line}: it is for good");
        // What the first did for a time had ended before that.
        has(&stage.say("!undo 4").await, &["undo – done"]);
        assert_eq!(stage.homeserver.writes().len(), held + 1, "{line}");
    }
}

#[tokio::test]
async fn who_wants_no_question_is_told_all_the_same() {
    let mut stage = with_people();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    stage.say("!suspend @eve:hs.test --for 2d").await;
    stage.say("!suspend @eve:hs.test").await;
    let said = stage.say("!undo 2 --yes").await;
    has(&said, &["Job 1 did this until 2026-", "`!suspend @eve:hs.test --for 2d`", "Job 3: undo – done"]);
    assert!(!is_suspended(&stage, "eve").await);
}

#[tokio::test]
async fn what_is_over_or_was_lifted_between_or_is_undone_as_well_is_not_lost() {
    for between in [
        &["!suspend @eve:hs.test --for 1h", "!suspend @eve:hs.test", ""][..],
        &["!suspend @eve:hs.test --for 2d", "!unsuspend @eve:hs.test", "!suspend @eve:hs.test"],
        &["!suspend @bob:hs.test --for 2d", "!suspend @eve:hs.test"],
    ] {
        let mut stage = with_people();
        for line in between {
            match *line {
                "" => after(&mut stage, Duration::from_hours(2)).await,
                line => drop(stage.say(line).await),
            }
        }
        let report = stage.say("!undo last").await;
        has(&report, &["undo – done", "`@eve:hs.test` is no longer suspended"]);
        assert!(!report.contains("took its place"), "{report}");
    }
}

#[tokio::test]
async fn the_undo_of_all_that_somebody_asked_for_says_it_too() {
    for (pause, is_lost) in [(60, true), (1, false)] {
        let mut stage = with_people();
        stage.say("!ban @eve:hs.test !bad:hs.test --for 2d").await;
        after(&mut stage, Duration::from_mins(pause)).await;
        stage.say("!ban @eve:hs.test !bad:hs.test").await;
        let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
        assert_eq!(asked.contains(LOST), is_lost, "{asked}");
        assert_eq!(asked.contains("`!ban @eve:hs.test !bad:hs.test --for 1d23h`"), is_lost, "{asked}");
        assert_eq!(plan(&stage, 3).state, PlanState::Proposed);
        stage.say_as(other(), "!confirm 3").await;
        assert_eq!(membership(&stage, "eve").await.as_deref(), Some("leave"));
    }
}

#[tokio::test]
async fn a_job_says_which_later_one_has_the_last_word() {
    for (line, _) in KINDS {
        let mut stage = with_people();
        stage.say(&format!("{line} --for 2d")).await;
        has(&stage.say("!job 1").await, &["It ends by itself: 2026-", "!undo 1"]);
        stage.say(line).await;
        let shown = stage.say("!job 1").await;
        has(
            &shown,
            &[
                "Job 2 came later and has the last word on this: job 1 ends nothing by itself any more. `!job 2` shows",
            ],
        );
        assert!(!shown.contains("It ends by itself") && !shown.contains("!undo 1"), "{shown}");
        has(&stage.say("!job 2").await, &["Undo: `!undo 2`"]);
        stage.say("!undo 2").await;
        stage.say("!confirm 3").await;
        has(&stage.say("!job 1").await, &["Job 3 came later and has the last word on this"]);
    }
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test @bob:hs.test --for 2d").await;
    stage.say("!suspend @eve:hs.test").await;
    has(&stage.say("!job 1").await, &["It ends by itself: 2026-", "Undo: `!undo 1`"]);
}

#[tokio::test]
async fn it_is_undone_once_whenever_the_process_dies() {
    let lines = &["!suspend @eve:hs.test --for 2d", "!suspend @eve:hs.test", "!undo 2", "!confirm 3"];
    after_every_death(&Script { stage: with_people, lines }, async |stage, whole, point| {
        assert_eq!(shown(stage), whole.shown, "{point}");
        after(stage, Duration::from_hours(50)).await;
        assert!(!is_suspended(stage, "eve").await, "{point}");
        let writes = ["suspend @eve:hs.test", "unsuspend @eve:hs.test"];
        assert_eq!(stage.homeserver.writes(), writes, "{point}");
    })
    .await;
}

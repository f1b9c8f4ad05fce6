//! Reports that a reverse proxy forwarded, because the homeserver tells nobody of them.

use gleipnir_core::{
    model::{About, Millis, Report, ReportKey, ReportKind, Switch},
    ports::{Change, FORWARDED, Fault, Reporting, Store as _},
    testing::{Moment, Stage},
};

use super::{START, cards, case, cases, evidence, file, lounge, of_event, of_user, poll_all, stage};
use crate::scene::has;

/// A report as the endpoint keeps it.
fn forward(stage: &Stage, after: Millis, reporter: &str, about: About, reason: &str) {
    let report = Report {
        key: ReportKey { kind: about.kind(), id: FORWARDED, received_ts: START + after },
        reporter: reporter.to_owned(),
        reason: Some(reason.to_owned()),
        author: None,
        about,
    };
    stage.store.commit(vec![Change::Reporting(Reporting::Forwarded(report))]).expect("the store writes");
}

fn room() -> About {
    About::Room { room_id: lounge().to_string() }
}

fn user(id: &str) -> About {
    About::User { user_id: id.to_owned() }
}

/// A stage with the room “Lounge” on a homeserver that tells of events only.
async fn silent() -> Stage {
    let stage = Stage::default();
    stage.homeserver.hide_reports(ReportKind::Room);
    stage.homeserver.hide_reports(ReportKind::User);
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    let mut stage = stage;
    assert_eq!(stage.poll_reports().await, "");
    stage
}

#[tokio::test]
async fn they_become_cases_with_cards() {
    let mut stage = silent().await;
    forward(&stage, 1, "@ana:hs.test", room(), "a den of thieves");
    forward(&stage, 2, "@ana:hs.test", user("@eve:far.test"), "rude");
    let said = stage.poll_reports().await;
    has(
        &said,
        &["Case 1: the room Lounge", "“a den of thieves”", "Case 2: the user `@eve:far.test`", "“rude”"],
    );
    assert_eq!(stage.store.forwarded(), Ok(vec![]));
    assert_eq!(evidence(&case(&stage, 1)).room.and_then(|room| room.name).as_deref(), Some("Lounge"));

    // Another one joins, also after a restart; none comes twice.
    stage.restart();
    forward(&stage, 3, "@bob:hs.test", room(), "indeed");
    has(&stage.poll_reports().await, &["reported 2 times by 2 people"]);
    stage.restart();
    assert_eq!(stage.poll_reports().await, "");
    assert_eq!((cases(&stage).len(), case(&stage, 1).reports.len()), (2, 2));
}

#[tokio::test]
async fn one_that_the_homeserver_tells_too_is_one() {
    let mut stage = stage().await;
    file(&stage, of_user(1, 5_000, "@ana:hs.test", "@eve:hs.test"));
    forward(&stage, 5_900, "@ana:hs.test", user("@eve:hs.test"), "reason 1");
    stage.poll_reports().await;
    assert_eq!(case(&stage, 1).reports.len(), 1, "the same one");
    assert_eq!(stage.store.forwarded(), Ok(vec![]));

    // Other words, another reporter and another time are another report.
    forward(&stage, 5_900, "@ana:hs.test", user("@eve:hs.test"), "and more");
    forward(&stage, 5_900, "@bob:hs.test", user("@eve:hs.test"), "reason 1");
    forward(&stage, 600_000, "@ana:hs.test", user("@eve:hs.test"), "reason 1");
    stage.poll_reports().await;
    assert_eq!((cases(&stage).len(), case(&stage, 1).reports.len()), (1, 4));
}

#[tokio::test]
async fn events_are_taken_too() {
    let mut stage = stage().await;
    let about = of_event(1, 0, "@ana:hs.test", 3).about;
    forward(&stage, 1, "@ana:hs.test", about, "rude");
    has(&stage.poll_reports().await, &["Case 1: a message in Lounge", "“words 3”", "“rude”"]);
}

#[tokio::test]
async fn nobody_floods_the_room_with_them() {
    let mut stage = silent().await;
    for n in 0..200 {
        forward(&stage, n, "@ana:hs.test", user(&format!("@u{n}:far.test")), "rude");
    }
    poll_all(&mut stage).await;
    assert_eq!((cases(&stage).len(), cards(&stage).len()), (200, 30), "all are kept, and few are shown");
    let notice = stage.store.keys().into_iter().filter(|key| key.starts_with("reports-many-")).count();
    assert_eq!(notice, 1);
}

#[tokio::test]
async fn what_waits_of_one_source_does_not_keep_the_other_waiting() {
    let mut stage = stage().await;
    let away = Fault::Broken { status: 502, message: "Bad Gateway".into() };
    stage.homeserver.fail_always("account", away);
    file(&stage, of_user(1, 5_000, "@ana:hs.test", "@eve:hs.test"));
    forward(&stage, 6_000, "@ana:hs.test", user("@eve:far.test"), "rude");
    has(&stage.poll_reports().await, &["Case 1: the user `@eve:far.test`"]);
    for _ in 0..4 {
        stage.poll_reports().await;
    }
    has(&stage.poll_reports().await, &["Case 2: the user `@eve:hs.test`"]);
}

#[tokio::test]
async fn a_death_at_any_commit_loses_and_repeats_none() {
    let forwarded = async || {
        let stage = silent().await;
        forward(&stage, 1, "@ana:hs.test", room(), "bad");
        forward(&stage, 2, "@bob:hs.test", room(), "bad");
        forward(&stage, 3, "@bob:hs.test", user("@eve:far.test"), "bad");
        stage
    };
    let mut whole = forwarded().await;
    let before = whole.store.commits();
    poll_all(&mut whole).await;
    for moment in [Moment::Before, Moment::After] {
        for commit in before + 1..=whole.store.commits() {
            let mut stage = forwarded().await;
            stage.store.break_commit(commit, moment);
            while stage.try_poll_reports().await.is_err() {
                stage.restart();
            }
            poll_all(&mut stage).await;
            assert_eq!(cases(&stage), cases(&whole), "{moment:?} commit {commit}");
            assert_eq!(cards(&stage), cards(&whole), "{moment:?} commit {commit}");
        }
    }
}

#[tokio::test]
async fn the_status_says_which_reports_there_are() {
    let mut stage = stage().await;
    has(
        &stage.say("!status").await,
        &["Reports: ✔ of messages, ✔ of users, ✔ of rooms; my endpoint for forwarded reports is off"],
    );
    let mut stage = silent().await;
    has(
        &stage.say("!status").await,
        &[
            "✔ of messages, ✘ of users (Synapse tells them since 1.152), ✘ of rooms (this server tells nobody); my endpoint",
        ],
    );
    stage.settings.endpoint = Switch::On;
    stage.restart();
    has(
        &stage.say("!status").await,
        &[
            "✔ of messages, ✔ of users (by my endpoint), ✔ of rooms (by my endpoint); my endpoint for forwarded reports is on",
        ],
    );
    stage.homeserver.fail_always("filed_reports", Fault::NotAdmin);
    has(&stage.say("!status").await, &["⚠ of messages: I am not a server admin."]);
}

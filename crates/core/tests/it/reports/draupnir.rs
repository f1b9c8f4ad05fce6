//! What Draupnir's and Mjolnir's pollers got wrong, each by its name.

use gleipnir_core::{model::Account, ports::Fault, ruma::user_id};

use super::*;

/// Their position was the list's total: once it did not move, the same reports were posted for ever.
#[tokio::test]
async fn draupnir_258_mjolnir_406_540_the_same_reports_are_not_posted_for_ever() {
    let mut stage = stage().await;
    for id in 1..=5 {
        file(&stage, of_event(id, 1, "@ana:hs.test", usize::try_from(id).expect("small")));
    }
    stage.poll_reports().await;
    let shown = stage.store.keys();
    for _ in 0..20 {
        stage.clock.pass(std::time::Duration::from_mins(1));
        assert_eq!(stage.poll_reports().await, "");
    }
    stage.restart();
    assert_eq!(stage.poll_reports().await, "");
    assert_eq!((stage.store.keys(), taken(&stage)), (shown, vec![1, 2, 3, 4, 5]));
}

/// Their position was an offset: what was deleted before it moved new reports to where nobody looked.
#[tokio::test]
async fn draupnir_deleted_reports_do_not_hide_new_ones() {
    let mut stage = stage().await;
    for id in 1..=4 {
        file(&stage, of_event(id, 1, "@ana:hs.test", 1));
    }
    stage.poll_reports().await;
    for id in 1..=3 {
        stage.homeserver.forget_report(of_event(id, 1, "@ana:hs.test", 1).key);
    }
    file(&stage, of_event(5, 2, "@ana:hs.test", 2));
    stage.poll_reports().await;
    assert_eq!(numbers(&stage), [vec![1, 2, 3, 4], vec![5]]);
}

/// A purged room hides its reports for good: the total shrinks below their position.
#[tokio::test]
async fn draupnir_a_purged_room_does_not_shift_the_reports_of_others() {
    let mut stage = stage().await;
    for id in 1..=250 {
        file(&stage, of_event(id, 1, &format!("@u{id}:hs.test"), 1));
    }
    stage.poll_reports().await;
    for id in 1..=250 {
        stage.homeserver.forget_report(of_event(id, 1, "", 1).key);
    }
    stage.restart();
    assert_eq!(stage.poll_reports().await, "");
    file(&stage, of_event(251, 5, "@ana:hs.test", 2));
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=251).collect::<Vec<_>>());
}

/// A report was dropped for good when the event's surroundings could not be read.
#[tokio::test]
async fn draupnir_a_failing_context_does_not_drop_a_report() {
    for fault in [Fault::Timeout, Fault::BadAnswer("no".into())] {
        let mut stage = stage().await;
        file(&stage, of_event(1, 1, "@ana:hs.test", 1));
        stage.homeserver.fail_once("context", fault);
        stage.poll_reports().await;
        stage.poll_reports().await;
        assert_eq!(numbers(&stage), [vec![1]]);
    }
}

/// The reporter and the author were taken for each other.
#[tokio::test]
async fn draupnir_408_the_reporter_is_not_the_author() {
    let mut stage = stage().await;
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    stage.poll_reports().await;
    let case = case(&stage, 1);
    assert_eq!(case.reports[0].reporter, "@ana:hs.test");
    let author = evidence(&case).author.expect("it is known");
    assert_eq!((author.id.as_str(), author.is_local), ("@user0:hs.test", Some(true)));
}

/// Several reports of one event were as many messages.
#[tokio::test]
async fn draupnir_303_reports_of_one_event_are_one_case() {
    let mut stage = stage().await;
    for id in 1..=5 {
        file(&stage, of_event(id, 1, &format!("@u{id}:hs.test"), 1));
        stage.poll_reports().await;
    }
    assert_eq!((numbers(&stage), cards(&stage)), (vec![vec![1, 2, 3, 4, 5]], vec!["case-1".to_owned()]));
}

/// Reports of rooms that the bot does not protect, or is not in, were dropped.
#[tokio::test]
async fn mjolnir_reports_of_rooms_without_the_bot_are_told() {
    let mut stage = stage().await;
    let about = About::Event { room_id: "!elsewhere:far.test".into(), event_id: "$e".into() };
    file(&stage, Report { about, ..of_event(1, 1, "@ana:hs.test", 1) });
    stage.poll_reports().await;
    assert_eq!((numbers(&stage), cards(&stage).len()), (vec![vec![1]], 1));
}

//! What was reported is kept at first sight, as far as the homeserver tells it.

use gleipnir_core::{
    model::{Account, Event},
    ports::Fault,
    reports::Found,
    ruma::user_id,
};

use super::*;

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(|event| Some(event.event_id()?.as_str())).collect()
}

#[tokio::test]
async fn the_event_its_surroundings_and_its_room_are_kept() {
    let mut stage = stage().await;
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    file(&stage, of_event(1, 1, "@ana:hs.test", 5));
    stage.poll_reports().await;
    let kept = evidence(&case(&stage, 1));
    assert_eq!(kept.event.expect("it is kept").0, message(5));
    assert_eq!((ids(&kept.before), ids(&kept.after)), (vec!["$m2", "$m3", "$m4"], vec!["$m6", "$m7", "$m8"]));
    assert_eq!(ids(&kept.members), ["$of-@user0:hs.test"], "only of those who appear");
    let room = kept.room.expect("it is known");
    assert_eq!((room.name.as_deref(), room.alias.as_deref()), (Some("Lounge"), Some("#lounge:hs.test")));
    assert_eq!(kept.joined_members, Some(3));
}

#[tokio::test]
async fn what_was_redacted_is_kept_with_its_redaction() {
    let mut stage = stage().await;
    stage.homeserver.change_room(lounge(), |room| {
        room.events[1]["content"] = json!({});
        room.events[1]["unsigned"] =
            json!({"redacted_because": {"sender": "@user0:hs.test", "type": "m.room.redaction"}});
    });
    // As servers give events to each other: without its ID.
    let mut bare = message(1);
    bare.as_object_mut().expect("an object").remove("event_id");
    stage.homeserver.report(of_event(1, 1, "@ana:hs.test", 1), Some(bare));
    stage.poll_reports().await;
    let event = evidence(&case(&stage, 1)).event.expect("it is kept");
    assert_eq!(event.text("body"), Some("words 1"));
    assert!(event.redacted_because().is_some());
    assert_eq!(event.event_id().map(gleipnir_core::ruma::EventId::as_str), Some("$m1"));
}

#[tokio::test]
async fn what_is_not_with_the_report_comes_from_elsewhere() {
    let mut stage = stage().await;
    // Its number is another report's by now.
    stage.homeserver.report(of_event(1, 1, "@ana:hs.test", 1), Some(message(7)));
    stage.homeserver.put_original(
        "$m1",
        json!({"event_id": "$m1", "sender": "@user0:hs.test", "content": {"body": "original"}}),
    );
    stage.homeserver.report(of_event(2, 2, "@ana:hs.test", 2), None);
    let gone = About::Event { room_id: "!gone:hs.test".into(), event_id: "$gone".into() };
    stage.homeserver.report(Report { about: gone, author: None, ..of_event(3, 3, "@ana:hs.test", 0) }, None);
    let nonsense = About::Event { room_id: "no room".into(), event_id: String::new() };
    stage.homeserver.report(Report { about: nonsense, ..of_event(4, 4, "", 0) }, None);
    stage.poll_reports().await;
    let event = |id| evidence(&case(&stage, id)).event;
    assert_eq!(event(1).expect("it is kept").text("body"), Some("original"));
    assert_eq!(event(2).expect("it is kept").text("body"), Some("words 2"));
    assert_eq!((event(3), evidence(&case(&stage, 3)).author), (None, None));
    assert_eq!((event(4), evidence(&case(&stage, 4)).room), (None, None));
}

#[tokio::test]
async fn a_fault_that_passes_delays_and_one_that_stays_does_not() {
    let passing = [
        Fault::Timeout,
        Fault::Away("gone".into()),
        Fault::NotAdmin,
        Fault::TokenGone,
        Fault::RateLimited { retry_after: None },
        Fault::Broken { status: 502, message: "proxy".into() },
    ];
    let staying = [
        Fault::BadAnswer("no".into()),
        Fault::NotRouted { status: 404 },
        Fault::Broken { status: 500, message: "oops".into() },
        Fault::Refused { status: 404, errcode: "M_NOT_FOUND".into(), message: "no".into() },
    ];
    for method in ["reported_event", "original", "context", "room", "account"] {
        for (fault, delays) in
            passing.iter().map(|fault| (fault, true)).chain(staying.iter().map(|fault| (fault, false)))
        {
            let point = format!("{method}: {fault}");
            let mut stage = stage().await;
            stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
            // Without an event of its own it is looked for elsewhere.
            stage.homeserver.report(of_event(1, 1, "@ana:hs.test", 1), None);
            file(&stage, of_event(2, 2, "@ana:hs.test", 2));
            stage.homeserver.fail_once(method, fault.clone());
            let found = stage.try_poll_reports().await;
            assert_eq!(found, Ok(if delays { Found::More } else { Found::Something }), "{point}");
            assert_eq!(cases(&stage).len(), if delays { 0 } else { 2 }, "{point}");
            stage.poll_reports().await;
            assert_eq!(numbers(&stage), [vec![1], vec![2]], "{point}");
            if delays {
                let kept = evidence(&case(&stage, 1));
                assert_eq!(
                    (kept.event.map(|event| event.0), kept.joined_members),
                    (Some(message(1)), Some(3)),
                    "{point}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_stops_no_other_kind() {
    for fault in [Fault::Timeout, Fault::TokenGone, Fault::BadAnswer("no".into())] {
        let mut stage = stage().await;
        file(&stage, of_event(1, 1, "@ana:hs.test", 1));
        file(&stage, of_user(1, 1, "@ana:hs.test", "@user0:hs.test"));
        stage.homeserver.fail_once("filed_reports", fault);
        stage.poll_reports().await;
        assert!(matches!(&cases(&stage)[..], [case] if case.about.kind() == ReportKind::User));
        stage.poll_reports().await;
        assert_eq!(cases(&stage).len(), 2);
    }
}

#[tokio::test]
async fn what_can_never_be_looked_at_holds_the_others_up_for_a_while_only() {
    let stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    file(&stage, of_event(2, 2, "@ana:hs.test", 1));
    stage.homeserver.fail_always("context", Fault::Timeout);
    for _ in 0..5 {
        assert_eq!(stage.try_poll_reports().await, Ok(Found::More));
    }
    assert_eq!(stage.try_poll_reports().await, Ok(Found::Something));
    let case = case(&stage, 1);
    assert_eq!((numbers(&stage), case.state), (vec![vec![1, 2]], CaseState::Open));
    let kept = evidence(&case);
    assert_eq!((kept.event.map(|event| event.0), kept.before), (Some(message(1)), vec![]));
}

#[tokio::test]
async fn reasons_are_cut() {
    let mut stage = stage().await;
    let reason = Some("🦀".repeat(50_000));
    file(&stage, Report { reason, ..of_event(1, 1, "@ana:hs.test", 1) });
    file(&stage, Report { reason: None, ..of_event(2, 2, "@ana:hs.test", 1) });
    stage.poll_reports().await;
    let case = case(&stage, 1);
    assert_eq!(case.reports[0].reason.as_deref().map(|reason| reason.chars().count()), Some(2_001));
    assert_eq!(case.reports[1].reason, None);
}

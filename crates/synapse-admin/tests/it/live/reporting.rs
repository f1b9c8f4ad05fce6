//! Reports of all three kinds, filed by users as their clients do.

use std::num::NonZeroU32;
use std::time::Duration;

use ruma::{EventId, RoomId};
use serde_json::{Value, json};
use synapse_admin::{
    DeleteRoom, Direction, EventReports, EventReportsQuery, PurgeHistory, PurgeUpTo, RoomReportsQuery,
    UserReports, UserReportsQuery,
};
use throwaway_synapse::{User, path_part};

use super::{Stage, refused};

fn event_report_path(room: &RoomId, event: &EventId) -> String {
    let (room, event) = (path_part(room.as_str()), path_part(event.as_str()));
    format!("/_matrix/client/v3/rooms/{room}/report/{event}")
}

async fn reports_event(user: &User, room: &RoomId, event: &EventId, body: Value) {
    let filed = user.request("POST", &event_report_path(room, event), Some(body)).await.unwrap();
    assert_eq!(filed, (200, json!({})));
}

/// Of any user, also those that Synapse drops the report of: it answers the same.
async fn reports_user(user: &User, target: &str, reason: &str) {
    let path = format!("/_matrix/client/v3/users/{}/report", path_part(target));
    let filed = user.request("POST", &path, Some(json!({ "reason": reason }))).await.unwrap();
    assert_eq!(filed, (200, json!({})));
}

async fn reports_room(user: &User, room: &RoomId, reason: &str) {
    let path = format!("/_matrix/client/v3/rooms/{}/report", path_part(room.as_str()));
    let filed = user.request("POST", &path, Some(json!({ "reason": reason }))).await.unwrap();
    assert_eq!(filed, (200, json!({})));
}

/// A report whose body serde_json could not write.
#[expect(clippy::disallowed_methods, reason = "the admin client has no business filing reports")]
async fn reports_event_raw(stage: &Stage, room: &RoomId, event: &EventId, body: String) {
    let url = format!("{}{}", stage.synapse.url(), event_report_path(room, event));
    let request = reqwest::Client::new().post(url).bearer_auth(&stage.bob.access_token).body(body);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// The reports of events, once there are so many: those of a room wait for its statistics.
async fn event_reports_when(stage: &Stage, total: u64) -> EventReports {
    for _ in 0..150 {
        let page = stage.client.event_reports(&EventReportsQuery::default()).await.unwrap();
        if page.total == total {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!(
        "there never were {total} reports: {:?}",
        stage.client.event_reports(&EventReportsQuery::default()).await
    )
}

async fn user_reports(stage: &Stage, query: &UserReportsQuery) -> UserReports {
    stage.client.user_reports(query).await.unwrap().expect("Synapse 1.163 has this call")
}

fn reasons(page: &EventReports) -> Vec<Option<&str>> {
    page.event_reports.iter().map(|report| report.reason.as_deref()).collect()
}

#[tokio::test]
async fn events_are_reported() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.shared_room("Reported").await;
    let (first, second) = (stage.says(&room, "buy this").await, stage.says(&room, "and that").await);
    reports_event(&stage.bob, &room, &first, json!({"reason": "spam", "score": -100})).await;
    reports_event(&stage.bob, &room, &first, json!({})).await;
    reports_event(&stage.alice, &room, &second, json!({"reason": ""})).await;

    let all = event_reports_when(&stage, 3).await;
    assert_eq!(reasons(&all), [Some("spam"), None, Some("")]);
    let report = &all.event_reports[0];
    assert_eq!((report.room_id.as_str(), report.event_id.as_str()), (room.as_str(), first.as_str()));
    assert_eq!(
        (report.user_id.as_str(), report.sender.as_deref(), report.score),
        ("@bob:hs.test", Some("@alice:hs.test"), Some(-100))
    );
    assert_eq!((report.name.as_deref(), report.canonical_alias.as_deref()), (Some("Reported"), None));
    assert_eq!((all.next_token, all.event_reports[1].score), (None, None));

    for (dir, want) in [(Direction::Forwards, [0, 1, 2]), (Direction::Backwards, [2, 1, 0])] {
        let mut next =
            Some(EventReportsQuery { limit: NonZeroU32::new(1), dir, ..EventReportsQuery::default() });
        let mut paged = Vec::new();
        while let Some(query) = next {
            let page = client.event_reports(&query).await.unwrap();
            next = page.next(&query);
            paged.extend(page.event_reports);
        }
        assert_eq!(paged, want.map(|at| all.event_reports[at].clone()), "{dir}");
    }
    let of = |user_id: Option<&str>, room_id: Option<&str>, sender: Option<&str>| EventReportsQuery {
        user_id: user_id.map(str::to_owned),
        room_id: room_id.map(str::to_owned),
        event_sender_user_id: sender.map(|sender| sender.try_into().unwrap()),
        ..EventReportsQuery::default()
    };
    for (query, want) in [
        (of(Some("@bob:hs.test"), None, None), 2),
        (of(Some("lic"), None, None), 1),
        (of(Some("@b_b:hs.test"), None, None), 2),
        (of(Some("@%:hs"), None, None), 3),
        (of(None, Some(room.as_str()), None), 3),
        (of(None, Some("!nope"), None), 0),
        (of(None, None, Some("@alice:hs.test")), 3),
        (of(None, None, Some("@bob:hs.test")), 0),
    ] {
        assert_eq!(client.event_reports(&query).await.unwrap().total, want, "{query:?}");
    }
    let beyond = EventReportsQuery { from: Some(1000), ..EventReportsQuery::default() };
    let beyond = client.event_reports(&beyond).await.unwrap();
    assert_eq!((beyond.event_reports.len(), beyond.total, beyond.next_token), (0, 3, None));
    let nowhere = EventReportsQuery { from: Some(u64::MAX), ..EventReportsQuery::default() };
    refused(client.event_reports(&nowhere).await, 500, "M_UNKNOWN", "Internal server error");

    let details = client.event_report(report.id).await.unwrap().unwrap();
    assert_eq!(&details.report, report);
    assert_eq!(details.event_json.as_ref().unwrap()["content"]["body"], "buy this");
    stage.alice.redact(room.as_str(), first.as_str(), "gone").await.unwrap();
    let redacted = client.event_report(report.id).await.unwrap().unwrap();
    assert_eq!(
        redacted.event_json.unwrap()["content"]["body"],
        "buy this",
        "trap 14: evidence, for some days"
    );

    client.delete_event_report(report.id).await.unwrap();
    assert_eq!(client.event_report(report.id).await.unwrap(), None);
    let again = client.delete_event_report(report.id).await;
    refused(again, 404, "M_NOT_FOUND", "Event report not found");
    let left = client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!((left.total, reasons(&left)), (2, vec![None, Some("")]));
}

#[tokio::test]
async fn users_and_rooms_are_reported() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let nobody = user_reports(&stage, &UserReportsQuery::default()).await;
    assert_eq!(nobody, UserReports::default());
    reports_user(&stage.bob, "@alice:hs.test", "bad user").await;
    reports_user(&stage.bob, "@nobody:hs.test", "dropped").await;
    reports_user(&stage.bob, "@remote:other.test", "dropped").await;
    reports_user(&stage.alice, "@bob:hs.test", "").await;

    let all = user_reports(&stage, &UserReportsQuery::default()).await;
    let brief = |page: &UserReports| -> Vec<(String, Option<String>)> {
        page.user_reports
            .iter()
            .map(|report| (report.target_user_id.clone(), report.reason.clone()))
            .collect()
    };
    let want = [("@alice:hs.test", "bad user"), ("@bob:hs.test", "")];
    assert_eq!(brief(&all), want.map(|(target, reason)| (target.to_owned(), Some(reason.to_owned()))));
    assert_eq!((all.total, all.next_token, all.user_reports[0].user_id.as_str()), (2, None, "@bob:hs.test"));

    let newest = UserReportsQuery {
        limit: NonZeroU32::new(1),
        dir: Direction::Backwards,
        ..UserReportsQuery::default()
    };
    let page = user_reports(&stage, &newest).await;
    assert_eq!((page.user_reports[0].id, page.total), (all.user_reports[1].id, 2));
    let last = page.next(&newest).unwrap();
    let page = user_reports(&stage, &last).await;
    assert_eq!((page.user_reports[0].id, page.next(&last)), (all.user_reports[0].id, None));
    for (user_id, target_user_id, want) in [
        (Some("bob"), None, 1),
        (Some("@_____:hs.test"), None, 1),
        (None, Some("@alice:hs.test"), 1),
        (Some("bob"), Some("bob"), 0),
    ] {
        let query = UserReportsQuery {
            user_id: user_id.map(str::to_owned),
            target_user_id: target_user_id.map(str::to_owned),
            ..UserReportsQuery::default()
        };
        assert_eq!(user_reports(&stage, &query).await.total, want, "{query:?}");
    }
    let nowhere = UserReportsQuery { from: Some(u64::MAX), ..UserReportsQuery::default() };
    refused(client.user_reports(&nowhere).await, 500, "M_UNKNOWN", "Internal server error");

    let report = &all.user_reports[0];
    assert_eq!(client.user_report(report.id).await.unwrap().as_ref(), Some(report));
    client.delete_user_report(report.id).await.unwrap();
    assert_eq!(client.user_report(report.id).await.unwrap(), None);
    refused(client.delete_user_report(report.id).await, 404, "M_NOT_FOUND", "User report not found");
    assert_eq!(user_reports(&stage, &UserReportsQuery::default()).await.total, 1);

    let room = stage.shared_room("Reported").await;
    reports_room(&stage.bob, &room, "a bad place").await;
    let rooms = client.room_reports(&RoomReportsQuery::default()).await.unwrap();
    assert_eq!(rooms, None, "trap 11: the report is kept, and nothing can read it");
}

#[tokio::test]
async fn trap_12_no_report_makes_the_others_unreadable() {
    let Some(stage) = Stage::new().await else { return };
    let room = stage.shared_room("Reported").await;
    let event = stage.says(&room, "hello").await;
    let long = "ü".repeat(200_000);
    reports_event(&stage.bob, &room, &event, json!({ "reason": long })).await;
    let number = "9".repeat(4000);
    reports_event_raw(&stage, &room, &event, format!(r#"{{"reason": "number", "score": -{number}}}"#)).await;
    let deep = "[".repeat(300) + &"]".repeat(300);
    reports_event_raw(&stage, &room, &event, format!(r#"{{"reason": "deep", "more": {deep}}}"#)).await;
    for _ in 0..30 {
        reports_event(&stage.bob, &room, &event, json!({"reason": "again"})).await;
    }
    let page = event_reports_when(&stage, 33).await;
    assert_eq!(reasons(&page)[..4], [Some(long.as_str()), Some("number"), Some("deep"), Some("again")]);
    let number = &page.event_reports[1];
    assert_eq!(number.score, None);
    let details = stage.client.event_report(number.id).await.unwrap().unwrap();
    assert_eq!(
        (&details.report, details.event_json.unwrap()["content"]["body"].as_str()),
        (number, Some("hello"))
    );
}

#[tokio::test]
async fn trap_09_reports_vanish_with_their_room_and_their_event() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let (doomed, kept) = (stage.shared_room("Doomed").await, stage.shared_room("Kept").await);
    let bad = stage.says(&doomed, "bad").await;
    let old = stage.says(&kept, "old").await;
    for (room, event, reason) in
        [(&doomed, &bad, "1"), (&kept, &old, "2"), (&doomed, &bad, "3"), (&kept, &old, "4")]
    {
        reports_event(&stage.bob, room, event, json!({ "reason": reason })).await;
    }
    let before = event_reports_when(&stage, 4).await;
    let details = client.event_report(before.event_reports[0].id).await.unwrap().unwrap();
    assert_eq!(details.event_json.unwrap()["content"]["body"], "bad");

    client.delete_room_v1(&doomed, &DeleteRoom::default(), Duration::from_mins(2)).await.unwrap();
    let after = client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!((after.total, reasons(&after)), (2, vec![Some("2"), Some("4")]), "they moved up");
    for report in [&before.event_reports[0], &before.event_reports[2]] {
        assert_eq!(client.event_report(report.id).await.unwrap(), None);
        client.delete_event_report(report.id).await.unwrap();
        refused(client.delete_event_report(report.id).await, 404, "M_NOT_FOUND", "Event report not found");
    }

    let later = stage.says(&kept, "later").await;
    let how = PurgeHistory { up_to: PurgeUpTo::Event(later), delete_local_events: true };
    let purge = client.purge_history(&kept, &how).await.unwrap();
    for _ in 0..150 {
        if client.purge_history_status(&purge).await.unwrap().unwrap().status.has_ended() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let without = client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!(reasons(&without), [Some("2"), Some("4")], "still listed");
    let report = &without.event_reports[0];
    assert_eq!((report.event_id.as_str(), report.sender.as_deref()), (old.as_str(), None));
    assert_eq!(client.event_report(report.id).await.unwrap(), None, "although there is no more to say of it");
}

#[tokio::test]
async fn trap_09_without_statistics_no_report_of_an_event_is_listed() {
    let Some(stage) = Stage::with(json!({"stats": {"enabled": false}})).await else { return };
    let room = stage.shared_room("Unseen").await;
    let event = stage.says(&room, "bad").await;
    reports_event(&stage.bob, &room, &event, json!({"reason": "spam"})).await;
    reports_user(&stage.bob, "@alice:hs.test", "spam").await;
    assert_eq!(user_reports(&stage, &UserReportsQuery::default()).await.total, 1);
    let page = stage.client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!(page, EventReports::default());

    // What is missing is the room's row there, and nothing else.
    let row = format!("INSERT INTO room_stats_state (room_id) VALUES ('{room}')");
    stage.synapse.sql(&row).await.unwrap();
    let page = stage.client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!(reasons(&page), [Some("spam")]);
    assert_eq!((&page.event_reports[0].name, &page.event_reports[0].canonical_alias), (&None, &None));
}

#[tokio::test]
async fn reports_that_synapse_cannot_read_are_stepped_over() {
    let Some(stage) = Stage::new().await else { return };
    let room = stage.shared_room("Reported").await;
    let event = stage.says(&room, "bad").await;
    for reason in ["1", "2", "3"] {
        reports_event(&stage.bob, &room, &event, json!({ "reason": reason })).await;
    }
    event_reports_when(&stage, 3).await;
    stage.synapse.sql("UPDATE event_reports SET content = NULL WHERE reason = '1'").await.unwrap();
    let first = EventReportsQuery { limit: NonZeroU32::new(1), ..EventReportsQuery::default() };
    let page = stage.client.event_reports(&first).await.unwrap();
    assert_eq!((page.event_reports.len(), page.next_token), (0, Some(0)), "the same page again");
    let second = page.next(&first).unwrap();
    assert_eq!(reasons(&stage.client.event_reports(&second).await.unwrap()), [Some("2")]);
}

#[tokio::test]
async fn trap_10_numbers_are_given_again_after_a_restart() {
    let Some(mut stage) = Stage::new().await else { return };
    let room = stage.shared_room("Reported").await;
    let event = stage.says(&room, "bad").await;
    for reason in ["first", "second"] {
        reports_event(&stage.bob, &room, &event, json!({ "reason": reason })).await;
        reports_user(&stage.bob, "@alice:hs.test", reason).await;
    }
    let events = event_reports_when(&stage, 2).await.event_reports;
    let users = user_reports(&stage, &UserReportsQuery::default()).await.user_reports;
    stage.client.delete_event_report(events[1].id).await.unwrap();
    stage.client.delete_user_report(users[1].id).await.unwrap();
    stage.synapse.restart().await.unwrap();
    reports_event(&stage.bob, &room, &event, json!({"reason": "third"})).await;
    reports_user(&stage.bob, "@alice:hs.test", "third").await;

    let event_reports = event_reports_when(&stage, 2).await.event_reports;
    let (old, new) = (&events[1], &event_reports[1]);
    assert_eq!((new.id, new.reason.as_deref()), (old.id, Some("third")));
    assert!(new.received_ts > old.received_ts, "which tells them apart");
    let user_reports = user_reports(&stage, &UserReportsQuery::default()).await.user_reports;
    let (old, new) = (&users[1], &user_reports[1]);
    assert_eq!((new.id, new.reason.as_deref()), (old.id, Some("third")));
    assert!(new.received_ts > old.received_ts, "which tells them apart");
}

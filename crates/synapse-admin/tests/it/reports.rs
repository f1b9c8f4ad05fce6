//! Reports of events.

use ruma::owned_user_id;
use serde_json::json;
use synapse_admin::{Direction, EventReportsQuery};

use crate::fake::{Fake, ROOM, api_error};

#[tokio::test]
async fn event_reports_are_listed() {
    let fake = Fake::answering(
        200,
        json!({"event_reports": [{"id": 9, "received_ts": 1_795_192_666_295_u64, "room_id": ROOM,
            "event_id": "$YRL", "user_id": "@bob:hs.test", "score": null, "reason": "r0",
            "sender": "@resmallory:hs.test", "canonical_alias": "#resone:hs.test", "name": "Res Room One"}],
            "total": 8, "next_token": 2}),
    )
    .await;
    let query = EventReportsQuery {
        from: Some(1),
        dir: Direction::Backwards,
        room_id: Some(ROOM.to_owned()),
        event_sender_user_id: Some(owned_user_id!("@resmallory:hs.test")),
        ..EventReportsQuery::default()
    };
    let page = fake.client.event_reports(&query).await.unwrap();
    assert_eq!((page.total, page.next_token), (8, Some(2)));
    let report = &page.event_reports[0];
    assert_eq!((report.id, report.user_id.as_str(), report.score), (9, "@bob:hs.test", None));
    assert_eq!(
        (report.sender.as_deref(), report.reason.as_deref()),
        (Some("@resmallory:hs.test"), Some("r0"))
    );
    assert_eq!(
        fake.asked().await,
        format!(
            "GET /_synapse/admin/v1/event_reports?from=1&dir=b&room_id=%21{}&event_sender_user_id=%40resmallory%3Ahs.test",
            &ROOM[1..]
        )
    );
}

#[tokio::test]
async fn a_report_of_an_event_that_is_gone_has_no_sender() {
    let fake = Fake::answering(
        200,
        json!({"event_reports": [{"id": 2, "received_ts": 1, "room_id": ROOM, "event_id": "$x",
            "user_id": "@bob:hs.test", "sender": null, "reason": null, "score": -100}], "total": 1}),
    )
    .await;
    let page = fake.client.event_reports(&EventReportsQuery::default()).await.unwrap();
    assert_eq!(page.next_token, None);
    assert_eq!((&page.event_reports[0].sender, page.event_reports[0].score), (&None, Some(-100)));
}

#[tokio::test]
async fn a_wrong_page_is_refused() {
    let fake =
        Fake::failing(400, "M_INVALID_PARAM", "Query parameter from must be a positive integer.").await;
    let (status, errcode, _) = api_error(fake.client.event_reports(&EventReportsQuery::default()).await);
    assert_eq!((status, errcode.as_str()), (400, "M_INVALID_PARAM"));
}

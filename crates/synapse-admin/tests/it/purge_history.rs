//! Purging of history.

use ruma::{MilliSecondsSinceUnixEpoch, UInt, owned_event_id, room_id};
use serde_json::json;
use synapse_admin::{PurgeHistory, PurgeHistoryStatus, PurgeUpTo, TaskStatus};

use crate::fake::{Fake, api_error};

fn up_to_an_event() -> PurgeHistory {
    PurgeHistory { up_to: PurgeUpTo::Event(owned_event_id!("$b/c+d")), delete_local_events: false }
}

#[tokio::test]
async fn a_purge_is_started_as_asked() {
    let ts = MilliSecondsSinceUnixEpoch(UInt::new(1_795_238_343_630).unwrap());
    for (purge, body) in [
        (up_to_an_event(), r#"{"delete_local_events":false,"purge_up_to_event_id":"$b/c+d"}"#),
        (
            PurgeHistory { up_to: PurgeUpTo::Timestamp(ts), delete_local_events: true },
            r#"{"delete_local_events":true,"purge_up_to_ts":1795238343630}"#,
        ),
    ] {
        let fake = Fake::answering(200, json!({"purge_id": "QWsSHgXhFcijMXiS"})).await;
        let purge_id = fake.client.purge_history(room_id!("!a:hs.test"), &purge).await.unwrap();
        assert_eq!(purge_id, "QWsSHgXhFcijMXiS");
        assert_eq!(
            fake.asked().await,
            format!("POST /_synapse/admin/v1/purge_history/%21a%3Ahs.test {body}")
        );
    }
}

#[tokio::test]
async fn purges_that_cannot_be_started() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "Event is for wrong room."),
        (404, "M_NOT_FOUND", "Could not find event $nope"),
        (404, "M_NOT_FOUND", "there is no event to be purged"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.purge_history(room_id!("!a"), &up_to_an_event()).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
        fake.asked().await;
    }
}

#[tokio::test]
async fn a_purge_is_followed() {
    for (body, status, error) in [
        (json!({"status": "active"}), TaskStatus::Active, None),
        (json!({"status": "complete"}), TaskStatus::Complete, None),
        (
            json!({"status": "failed", "error": "400: topological_ordering is greater than forward extremities"}),
            TaskStatus::Failed,
            Some("400: topological_ordering is greater than forward extremities"),
        ),
        (json!({"status": "failed", "error": null}), TaskStatus::Failed, None),
    ] {
        let fake = Fake::answering(200, body).await;
        let got = fake.client.purge_history_status("QWsSHgXhFcijMXiS").await.unwrap();
        assert_eq!(got, Some(PurgeHistoryStatus { status, error: error.map(str::to_owned) }));
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/purge_history_status/QWsSHgXhFcijMXiS");
    }
}

#[tokio::test]
async fn an_unknown_purge_is_no_error_but_an_api_that_is_not_there_is() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "purge id 'nope' not found").await;
    assert_eq!(fake.client.purge_history_status("nope").await.unwrap(), None);
    let fake = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    fake.client.purge_history_status("nope").await.unwrap_err();
}

#[tokio::test]
async fn purge_ids_cannot_lead_to_another_path() {
    let fake = Fake::answering(200, json!({"status": "complete"})).await;
    for id in ["", ".", ".."] {
        assert_eq!(fake.client.purge_history_status(id).await.unwrap(), None);
    }
    fake.client.purge_history_status("../x?y").await.unwrap();
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/purge_history_status/..%2Fx%3Fy");
}

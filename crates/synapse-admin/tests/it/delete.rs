//! Deletion of rooms and how it goes.

use std::time::{Duration, Instant};

use ruma::{owned_user_id, room_id};
use serde_json::{Value, json};
use synapse_admin::{Client, DeleteRoom, DeleteStatus, Error, Options, ShutdownRoom, TaskStatus};
use wiremock::ResponseTemplate;

use crate::fake::{Fake, ROOM, TOKEN, api_error};

fn status(status: &str, shutdown_room: &Value) -> Value {
    json!({"delete_id": "hhQCqeXYvTbOgvJj", "room_id": ROOM, "status": status, "shutdown_room": shutdown_room})
}

fn kicked() -> Value {
    json!({"kicked_users": ["@alice:hs.test", "@mallory:hs.test"], "failed_to_kick_users": [],
        "local_aliases": ["#resone:hs.test"], "new_room_id": "!jn_fLKVXdBDi2Fwu2k_Rz_u2dNKWuLkR1ttuXi9idIA"})
}

fn nobody() -> Value {
    json!({"kicked_users": [], "failed_to_kick_users": [], "local_aliases": [], "new_room_id": null})
}

#[tokio::test]
async fn a_deletion_is_started_as_asked() {
    let fake = Fake::answering(200, json!({"delete_id": "hhQCqeXYvTbOgvJj"})).await;
    let how = DeleteRoom {
        new_room_user_id: Some(owned_user_id!("@admin:hs.test")),
        room_name: Some("Notice".into()),
        message: Some("Gone".into()),
        block: true,
        ..DeleteRoom::default()
    };
    assert_eq!(fake.client.delete_room(room_id!("!a:hs.test"), &how).await.unwrap(), "hhQCqeXYvTbOgvJj");
    assert_eq!(
        fake.asked().await,
        "DELETE /_synapse/admin/v2/rooms/%21a%3Ahs.test {\"block\":true,\"force_purge\":false,\"message\":\"Gone\",\
         \"new_room_user_id\":\"@admin:hs.test\",\"purge\":true,\"room_name\":\"Notice\"}"
    );
}

#[tokio::test]
async fn the_default_deletion_says_so_in_its_body() {
    let fake = Fake::answering(200, json!({"delete_id": "x"})).await;
    fake.client.delete_room(room_id!("!a"), &DeleteRoom::default()).await.unwrap();
    assert_eq!(
        fake.asked().await,
        r#"DELETE /_synapse/admin/v2/rooms/%21a {"block":false,"force_purge":false,"purge":true}"#
    );
}

#[tokio::test]
async fn refused_deletions() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "Purge already in progress for !oR9"),
        (400, "M_UNKNOWN", "User must be our own: @x:other.test"),
        (403, "M_FORBIDDEN", "Shutdown of this room is forbidden"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.delete_room(room_id!("!a"), &DeleteRoom::default()).await.unwrap_err();
        assert!(!error.may_have_acted() && !error.is_not_admin(), "{error}");
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn a_deletion_is_followed() {
    for (body, state, shut_down) in [
        (status("active", &Value::Null), TaskStatus::Active, None),
        (status("scheduled", &Value::Null), TaskStatus::Scheduled, None),
        (status("complete", &kicked()), TaskStatus::Complete, Some(2)),
        (status("paused", &nobody()), TaskStatus::Unknown("paused".into()), Some(0)),
        (json!({"status": "purging", "shutdown_room": kicked()}), TaskStatus::Purging, Some(2)),
        (json!({"status": "shutting_down", "shutdown_room": null}), TaskStatus::ShuttingDown, None),
    ] {
        let fake = Fake::answering(200, body).await;
        let status = fake.client.delete_status("hhQCqeXYvTbOgvJj").await.unwrap().unwrap();
        assert_eq!(
            (status.status, status.shutdown_room.map(|shut| shut.kicked_users.len())),
            (state, shut_down)
        );
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v2/rooms/delete_status/hhQCqeXYvTbOgvJj");
    }
}

#[tokio::test]
async fn the_deletions_of_a_room_are_listed() {
    let fake = Fake::answering(
        200,
        json!({"results": [status("failed", &Value::Null), status("complete", &kicked())]}),
    )
    .await;
    let statuses = fake.client.delete_statuses(room_id!("!a")).await.unwrap();
    assert_eq!(
        statuses.iter().map(|status| status.status.as_str()).collect::<Vec<_>>(),
        ["failed", "complete"]
    );
    let shut_down = statuses[1].shutdown_room.as_ref().unwrap();
    assert_eq!(shut_down.local_aliases, ["#resone:hs.test"]);
    assert_eq!(shut_down.new_room_id.as_ref().unwrap(), "!jn_fLKVXdBDi2Fwu2k_Rz_u2dNKWuLkR1ttuXi9idIA");
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v2/rooms/%21a/delete_status");
}

#[tokio::test]
async fn no_deletion_is_no_error() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "No delete task for room_id '!a' found").await;
    assert_eq!(fake.client.delete_statuses(room_id!("!a")).await.unwrap(), []);
    let fake = Fake::failing(404, "M_NOT_FOUND", "delete id 'abc' not found").await;
    assert_eq!(fake.client.delete_status("abc").await.unwrap(), None);
}

#[tokio::test]
async fn an_api_that_is_not_there_is_not_an_absent_deletion() {
    let fake = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    fake.client.delete_statuses(room_id!("!a")).await.unwrap_err();
    fake.client.delete_status("abc").await.unwrap_err();
}

#[tokio::test]
async fn delete_ids_cannot_lead_to_another_path() {
    let fake = Fake::answering(200, status("complete", &nobody())).await;
    for id in ["", ".", ".."] {
        assert_eq!(fake.client.delete_status(id).await.unwrap(), None);
    }
    fake.client.delete_status("../x?y").await.unwrap();
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v2/rooms/delete_status/..%2Fx%3Fy");
}

#[tokio::test]
async fn trap_02_deleting_an_unknown_room_completes_with_nothing_done() {
    let fake = Fake::answering(200, status("complete", &nobody())).await;
    let status = fake.client.delete_status("bJVDQrelOaeGIFap").await.unwrap().unwrap();
    assert_eq!(status.status, TaskStatus::Complete);
    assert_eq!(status.shutdown_room, Some(ShutdownRoom::default()));
}

#[tokio::test]
async fn trap_03_delete_status_never_carries_the_error() {
    let fake = Fake::answering(200, status("failed", &Value::Null)).await;
    let failed = fake.client.delete_status("KzVHNkIvLysmaTZQ").await.unwrap().unwrap();
    assert_eq!((failed.status, failed.shutdown_room, failed.error), (TaskStatus::Failed, None, None));
    // An old server did send it.
    let old: DeleteStatus = serde_json::from_value(
        json!({"status": "failed", "error": "error message", "shutdown_room": nobody()}),
    )
    .unwrap();
    assert_eq!(old.error.as_deref(), Some("error message"));
}

#[tokio::test]
async fn trap_04_a_failed_deletion_has_blocked_the_room_already() {
    // One room, asked about right after its deletion (with `block`) failed.
    let deletion = Fake::answering(200, status("failed", &Value::Null)).await;
    let failed = deletion.client.delete_status("KzVHNkIvLysmaTZQ").await.unwrap().unwrap();
    let block = Fake::answering(200, json!({"block": true, "user_id": "@admin:hs.test"})).await;
    let room_id = failed.room_id.unwrap();
    assert!(failed.status.has_ended() && block.client.block_status(&room_id).await.unwrap().block);
}

#[tokio::test]
async fn trap_15_a_complete_deletion_may_list_users_it_could_not_move() {
    let mut shut_down = kicked();
    shut_down["failed_to_kick_users"] = json!(["@suspended:hs.test"]);
    let fake = Fake::answering(200, status("complete", &shut_down)).await;
    let status = fake.client.delete_status("x").await.unwrap().unwrap();
    assert_eq!(status.status, TaskStatus::Complete);
    assert_eq!(status.shutdown_room.unwrap().failed_to_kick_users, ["@suspended:hs.test"]);
}

const PATIENT: Duration = Duration::from_mins(10);

#[tokio::test]
async fn version_1_answers_with_what_was_done() {
    let fake = Fake::answering(200, kicked()).await;
    let how = DeleteRoom { block: true, ..DeleteRoom::default() };
    let done = fake.client.delete_room_v1(room_id!("!a:hs.test"), &how, PATIENT).await.unwrap();
    assert_eq!(done.kicked_users, ["@alice:hs.test", "@mallory:hs.test"]);
    assert_eq!(done.local_aliases, ["#resone:hs.test"]);
    assert_eq!(done.new_room_id.unwrap(), "!jn_fLKVXdBDi2Fwu2k_Rz_u2dNKWuLkR1ttuXi9idIA");
    assert_eq!(
        fake.asked().await,
        r#"DELETE /_synapse/admin/v1/rooms/%21a%3Ahs.test {"block":true,"force_purge":false,"purge":true}"#
    );
}

#[tokio::test]
async fn trap_02_version_1_removes_nobody_from_an_unknown_room_and_succeeds() {
    let fake = Fake::answering(200, nobody()).await;
    let done = fake.client.delete_room_v1(room_id!("!nope:hs.test"), &DeleteRoom::default(), PATIENT).await;
    assert_eq!(done.unwrap(), ShutdownRoom::default());
}

#[tokio::test]
async fn version_1_refuses() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "nope is not a legal room ID"),
        (400, "M_UNKNOWN", "User must be our own: @x:other.test"),
        (400, "M_UNKNOWN", "'name' not a string type"),
        (403, "M_FORBIDDEN", "Shutdown of this room is forbidden"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.delete_room_v1(room_id!("!a"), &DeleteRoom::default(), PATIENT).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn version_1_has_a_time_out_of_its_own() {
    let slow = ResponseTemplate::new(200).set_body_json(nobody()).set_delay(Duration::from_millis(400));
    let fake = Fake::with(slow).await;
    let options = Options { timeout: Duration::from_millis(50), ..Options::default() };
    let hasty = Client::with_options(&fake.uri(), || TOKEN.to_owned(), options).unwrap();
    let (room, how) = (room_id!("!a"), DeleteRoom::default());
    hasty.delete_room_v1(room, &how, Duration::from_secs(20)).await.unwrap();
    let started = Instant::now();
    let error = fake.client.delete_room_v1(room, &how, Duration::from_millis(50)).await.unwrap_err();
    assert!(error == Error::Timeout && error.may_have_acted(), "{error}");
    assert!(started.elapsed() < Duration::from_millis(350), "{:?}", started.elapsed());
    assert_eq!(fake.requests().await.len(), 2, "nothing is asked twice");
}

//! Background tasks.

use ruma::{MilliSecondsSinceUnixEpoch, UInt};
use serde_json::{Value, json};
use synapse_admin::{ScheduledTasksQuery, TaskStatus};

use crate::fake::{Fake, api_error};

const ROOM: &str = "!HnXXqhRwdQEWpxxoCm:hs.test";

fn tasks() -> Value {
    json!({"scheduled_tasks": [
        {"id": "KzVHNkIvLysmaTZQ", "action": "shutdown_and_purge_room", "status": "failed",
            "timestamp_ms": 1_795_226_048_987_u64, "resource_id": ROOM, "result": null,
            "error": "400: 'name' not a string type"},
        {"id": "zAD", "action": "redact_user_events", "status": "active", "timestamp_ms": 1_795_226_048_852_u64,
            "resource_id": "@mallory:hs.test", "result": {"failed_redactions": {}}, "error": null}]})
}

async fn ids_of(query: ScheduledTasksQuery) -> (Vec<String>, String) {
    let fake = Fake::answering(200, tasks()).await;
    let found = fake.client.scheduled_tasks(&query).await.expect("the recorded answer is readable");
    (found.into_iter().map(|task| task.id).collect(), fake.asked().await)
}

#[tokio::test]
async fn trap_03_the_error_of_a_failed_deletion_is_in_its_task() {
    let fake = Fake::answering(200, tasks()).await;
    let query = ScheduledTasksQuery { resource_id: Some(ROOM.into()), ..ScheduledTasksQuery::default() };
    let tasks = fake.client.scheduled_tasks(&query).await.unwrap();
    assert_eq!(tasks[0].status, TaskStatus::Failed);
    assert_eq!(tasks[0].error.as_deref(), Some("400: 'name' not a string type"));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/scheduled_tasks?resource_id=%21HnXXqhRwdQEWpxxoCm%3Ahs.test"
    );
}

#[tokio::test]
async fn one_action_and_one_status_go_to_the_server() {
    let (ids, asked) = ids_of(ScheduledTasksQuery {
        action_name: vec!["shutdown_and_purge_room".into()],
        status: vec![TaskStatus::Failed],
        max_timestamp: Some(MilliSecondsSinceUnixEpoch(UInt::from(5_u32))),
        resource_id: None,
    })
    .await;
    assert_eq!(ids, ["KzVHNkIvLysmaTZQ"]);
    assert_eq!(
        asked,
        "GET /_synapse/admin/v1/scheduled_tasks?action_name=shutdown_and_purge_room&status=failed&max_timestamp=5"
    );
}

#[tokio::test]
async fn lists_are_applied_here_since_older_servers_read_only_the_first() {
    let (ids, asked) = ids_of(ScheduledTasksQuery {
        action_name: vec!["purge_history".into(), "redact_user_events".into()],
        status: vec![TaskStatus::Active, TaskStatus::Failed],
        ..ScheduledTasksQuery::default()
    })
    .await;
    assert_eq!((ids, asked.as_str()), (vec!["zAD".to_owned()], "GET /_synapse/admin/v1/scheduled_tasks"));
}

#[tokio::test]
async fn a_status_the_server_does_not_know_is_not_sent() {
    for status in [TaskStatus::Purging, TaskStatus::ShuttingDown, TaskStatus::Unknown("nope".into())] {
        let (ids, asked) = ids_of(ScheduledTasksQuery { status: vec![status], ..Default::default() }).await;
        assert_eq!((ids.len(), asked.as_str()), (0, "GET /_synapse/admin/v1/scheduled_tasks"));
    }
}

#[tokio::test]
async fn a_refused_query_says_why() {
    let message =
        "Query parameter 'status' must be one of ['scheduled', 'active', 'complete', 'failed', 'cancelled']";
    let fake = Fake::failing(400, "M_INVALID_PARAM", message).await;
    let result = fake.client.scheduled_tasks(&ScheduledTasksQuery::default()).await;
    assert_eq!(api_error(result), (400, "M_INVALID_PARAM".into(), message.into()));
}

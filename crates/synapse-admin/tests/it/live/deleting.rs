//! Deletion of rooms, by both versions.

use std::time::Duration;

use ruma::{owned_user_id, room_alias_id};
use serde_json::json;
use synapse_admin::{DeleteRoom, DeleteStatus, ScheduledTasksQuery, ShutdownRoom, TaskStatus};

use super::{Stage, id, refused, unknown};

const PATIENT: Duration = Duration::from_mins(2);

/// The new room's owner does not exist, and need not.
fn moving() -> DeleteRoom {
    DeleteRoom {
        new_room_user_id: Some(owned_user_id!("@ghost:hs.test")),
        room_name: Some("Notice".into()),
        message: Some("Gone".into()),
        ..DeleteRoom::default()
    }
}

async fn ended(stage: &Stage, delete_id: &str) -> DeleteStatus {
    for _ in 0..300 {
        let deletion = stage.client.delete_status(delete_id).await.unwrap().expect("it was started");
        if deletion.status.has_ended() {
            return deletion;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the deletion {delete_id} never ended");
}

#[tokio::test]
async fn rooms_are_deleted_by_version_1() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.shared_room("Bad").await;
    client.create_alias(room_alias_id!("#bad:hs.test"), &room).await.unwrap();
    let how = DeleteRoom { block: true, ..moving() };
    let done = client.delete_room_v1(&room, &how, PATIENT).await.unwrap();
    assert_eq!(done.kicked_users.len(), 2);
    assert_eq!((done.failed_to_kick_users.len(), done.local_aliases.len()), (0, 1));
    let new_room = done.new_room_id.unwrap();
    assert_eq!(client.room_details(&new_room).await.unwrap().room.name.as_deref(), Some("Notice"));
    assert!(client.room_members(&new_room).await.unwrap().members.contains(&id(&stage.bob)));
    refused(client.room_details(&room).await, 404, "M_NOT_FOUND", "Room not found");
    assert!(client.block_status(&room).await.unwrap().block);
    // It leaves no task behind.
    assert_eq!(client.delete_statuses(&room).await.unwrap(), []);
    let query = ScheduledTasksQuery { resource_id: Some(room.to_string()), ..ScheduledTasksQuery::default() };
    assert_eq!(client.scheduled_tasks(&query).await.unwrap(), []);

    let kept = stage.shared_room("Kept").await;
    let keeping = DeleteRoom { purge: false, ..DeleteRoom::default() };
    assert_eq!(client.delete_room_v1(&kept, &keeping, PATIENT).await.unwrap().kicked_users.len(), 2);
    assert_eq!(client.room_details(&kept).await.unwrap().room.name, None);

    let nowhere = client.delete_room_v1(unknown(), &how, PATIENT).await.unwrap();
    assert_eq!(nowhere.kicked_users.len(), 0);
    assert!(client.block_status(unknown()).await.unwrap().block);
    let remote =
        DeleteRoom { new_room_user_id: Some(owned_user_id!("@x:other.test")), ..DeleteRoom::default() };
    let message = "User must be our own: @x:other.test";
    refused(client.delete_room_v1(&kept, &remote, PATIENT).await, 400, "M_UNKNOWN", message);
    refused(client.delete_room(&kept, &remote).await, 400, "M_UNKNOWN", message);
}

#[tokio::test]
async fn rooms_are_deleted_by_version_2() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.room(json!({"preset": "private_chat", "invite": [stage.bob.user_id]})).await;
    let delete_id = client.delete_room(&room, &moving()).await.unwrap();
    let deletion = ended(&stage, &delete_id).await;
    assert_eq!((&deletion.status, deletion.room_id.as_ref()), (&TaskStatus::Complete, Some(&room)));
    let mut kicked = deletion.shutdown_room.clone().unwrap().kicked_users;
    kicked.sort();
    assert_eq!(kicked, [id(&stage.alice), id(&stage.bob)], "the invited are removed too");
    assert_eq!(client.delete_statuses(&room).await.unwrap(), [deletion]);
    let query = ScheduledTasksQuery {
        action_name: vec!["shutdown_and_purge_room".into()],
        ..ScheduledTasksQuery::default()
    };
    assert_eq!(client.scheduled_tasks(&query).await.unwrap()[0].id, delete_id);
    assert_eq!(client.delete_status("nope").await.unwrap(), None);
    assert_eq!(client.delete_statuses(unknown()).await.unwrap(), []);

    let delete_id = client.delete_room(unknown(), &DeleteRoom::default()).await.unwrap();
    let nothing = ended(&stage, &delete_id).await;
    assert_eq!(
        (nothing.status, nothing.shutdown_room),
        (TaskStatus::Complete, Some(ShutdownRoom::default()))
    );
}

/// A message too long for an event makes the deletion fail when everybody is out already.
#[tokio::test]
async fn traps_03_and_04_a_failed_deletion_says_why_elsewhere_and_has_blocked_the_room() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.shared_room("Bad").await;
    let how = DeleteRoom { block: true, message: Some("x".repeat(70_000)), ..moving() };
    let delete_id = client.delete_room(&room, &how).await.unwrap();
    let deletion = ended(&stage, &delete_id).await;
    assert_eq!((deletion.status, deletion.error), (TaskStatus::Failed, None));
    assert_eq!(deletion.shutdown_room.unwrap().kicked_users.len(), 2);
    let query = ScheduledTasksQuery { resource_id: Some(room.to_string()), ..ScheduledTasksQuery::default() };
    let tasks = client.scheduled_tasks(&query).await.unwrap();
    assert_eq!((&tasks[0].id, tasks[0].error.as_deref()), (&delete_id, Some("413: event too large")));
    assert!(client.block_status(&room).await.unwrap().block);
    assert_eq!(client.room_members(&room).await.unwrap().total, 0);
    assert_eq!(client.room_details(&room).await.unwrap().room.room_id, room, "it was not purged");
}

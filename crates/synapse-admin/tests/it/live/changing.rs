//! Calls that change a room which stays: block, aliases, the public list, power, joining, history.

use std::time::Duration;

use ruma::{MilliSecondsSinceUnixEpoch, RoomId, UInt, UserId, event_id, room_alias_id, user_id};
use serde_json::{Value, json};
use synapse_admin::{
    ListRooms, MessagesQuery, PurgeHistory, PurgeUpTo, ScheduledTasksQuery, TaskStatus, Visibility,
};
use throwaway_synapse::path_part;

use super::{Stage, id, refused, unknown};

/// What `m.room.power_levels` says of a user, and their membership.
async fn standing(stage: &Stage, room: &RoomId, user: &UserId) -> (Option<i64>, Option<String>) {
    let levels = stage.client.room_state_of_type(room, "m.room.power_levels").await.unwrap();
    let members = stage.client.room_state_of_type(room, "m.room.member").await.unwrap();
    let member = members.iter().find(|event| event["state_key"] == user.as_str());
    (
        levels[0]["content"]["users"][user.as_str()].as_i64(),
        member.and_then(|event| event["content"]["membership"].as_str()).map(str::to_owned),
    )
}

#[tokio::test]
async fn trap_28_in_a_blocked_room_members_stay_and_go_on_sending() {
    let Some(stage) = Stage::new().await else { return };
    let room = stage.room(json!({"preset": "public_chat", "name": "Blocked"})).await;
    assert!(stage.client.block_room(&room).await.unwrap().block);
    let status = stage.client.block_status(&room).await.unwrap();
    assert_eq!((status.block, status.user_id.as_deref()), (true, Some("@admin:hs.test")));

    stage.says(&room, "still here").await;
    assert_eq!(stage.client.room_members(&room).await.unwrap().members, [id(&stage.alice)]);
    let join = format!("/_matrix/client/v3/join/{}", path_part(room.as_str()));
    let (status, body) = stage.bob.request("POST", &join, Some(json!({}))).await.unwrap();
    assert_eq!((status, body["error"].as_str()), (403, Some("This room has been blocked on this server")));
    refused(
        stage.client.join(&room, &id(&stage.bob), &[]).await,
        403,
        "M_UNKNOWN",
        "This room has been blocked on this server",
    );

    assert!(!stage.client.unblock_room(&room).await.unwrap().block);
    assert_eq!(stage.client.join(&room, &id(&stage.bob), &[]).await.unwrap(), room);
    assert!(stage.client.block_room(unknown()).await.unwrap().block, "a room can be blocked ahead of time");
    assert!(!stage.client.unblock_room(unknown()).await.unwrap().block);
}

#[tokio::test]
async fn the_directory_is_changed() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.room(json!({"preset": "private_chat", "name": "Listed"})).await;
    let alias = room_alias_id!("#listed:hs.test");
    assert_eq!(client.resolve_alias(alias).await.unwrap(), None);
    client.create_alias(alias, &room).await.unwrap();
    assert_eq!(client.resolve_alias(alias).await.unwrap().unwrap().room_id, room);
    assert_eq!(client.room_aliases(&room).await.unwrap(), [alias]);
    assert!(client.room_aliases(unknown()).await.unwrap().is_empty());
    refused(
        client.create_alias(alias, &room).await,
        409,
        "M_UNKNOWN",
        "Room alias #listed:hs.test already exists",
    );
    for (other, status, errcode, message) in [
        ("#a:other.test", 400, "M_UNKNOWN", "Room alias must be local"),
        ("#a b:hs.test", 400, "M_UNKNOWN", "Invalid characters in room alias"),
        ("#forbidden1:hs.test", 403, "M_UNKNOWN", "Not allowed to create alias"),
    ] {
        refused(client.create_alias(other.try_into().unwrap(), &room).await, status, errcode, message);
    }
    let new = room_alias_id!("#new:hs.test");
    refused(client.create_alias(new, unknown()).await, 400, "M_UNKNOWN", "Room does not exist");

    assert_eq!(client.directory_visibility(&room).await.unwrap(), Visibility::Private);
    client.set_directory_visibility(&room, Visibility::Public).await.unwrap();
    assert_eq!(client.directory_visibility(&room).await.unwrap(), Visibility::Public);
    let public = ListRooms { public_rooms: Some(true), ..ListRooms::default() };
    assert_eq!(client.rooms(&public).await.unwrap().total_rooms, 1);
    client.set_directory_visibility(&room, Visibility::Private).await.unwrap();
    client.set_directory_visibility(&room, Visibility::Private).await.unwrap();
    assert_eq!(client.directory_visibility(&room).await.unwrap(), Visibility::Private);
    refused(client.directory_visibility(unknown()).await, 404, "M_NOT_FOUND", "Unknown room");
    let nowhere = client.set_directory_visibility(unknown(), Visibility::Private).await;
    refused(nowhere, 400, "M_UNKNOWN", "Unknown room");

    // The room's main alias goes, but its state does not know.
    let main = json!({"alias": alias});
    stage.alice.send_state(room.as_str(), "m.room.canonical_alias", "", main).await.unwrap();
    client.delete_alias(alias).await.unwrap();
    let kept = client.room_state_of_type(&room, "m.room.canonical_alias").await.unwrap();
    assert_eq!(kept[0]["content"]["alias"], alias.as_str());
    refused(client.delete_alias(alias).await, 404, "M_NOT_FOUND", "Unknown room alias");
    let remote = room_alias_id!("#a:other.test");
    refused(client.delete_alias(remote).await, 404, "M_NOT_FOUND", "Unknown room alias");
    refused(client.resolve_alias(remote).await, 502, "M_UNKNOWN", "Failed to fetch alias");

    // No rule allows what has no alias that begins with `listed`.
    let plain = stage.room(json!({"preset": "public_chat"})).await;
    let publish = client.set_directory_visibility(&plain, Visibility::Public).await;
    refused(publish, 403, "M_UNKNOWN", "Not allowed to publish room");
}

#[tokio::test]
async fn power_is_given() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let (admin, alice, bob) = (id(&stage.admin), id(&stage.alice), id(&stage.bob));
    let public = stage.room(json!({"preset": "public_chat", "room_alias_name": "public"})).await;
    client.make_room_admin((&*public).into(), None).await.unwrap();
    assert_eq!(standing(&stage, &public, &admin).await, (Some(100), None), "nobody joins a public room");
    client.make_room_admin(room_alias_id!("#public:hs.test").into(), Some(&bob)).await.unwrap();
    assert_eq!(standing(&stage, &public, &bob).await.0, Some(100));
    refused(
        client.make_room_admin((&*public).into(), Some(&alice)).await,
        400,
        "M_UNKNOWN",
        "Creator user @alice:hs.test must not appear in content.users",
    );

    let private = stage.room(json!({"preset": "private_chat"})).await;
    let private_ref = (&*private).into();
    client.make_room_admin(private_ref, None).await.unwrap();
    assert_eq!(standing(&stage, &private, &admin).await, (Some(100), Some("invite".into())));
    refused(client.join(&private, &bob, &[]).await, 403, "M_FORBIDDEN", "@admin:hs.test not in room");
    let nobody = user_id!("@nobody:hs.test");
    client.make_room_admin(private_ref, Some(nobody)).await.unwrap();
    assert_eq!(standing(&stage, &private, nobody).await.0, Some(100), "no account is needed");
    let ban = format!("/_matrix/client/v3/rooms/{}/ban", path_part(private.as_str()));
    stage.alice.post(&ban, json!({"user_id": bob})).await.unwrap();
    let banned = client.make_room_admin(private_ref, Some(&bob)).await;
    refused(banned, 403, "M_BAD_STATE", "Cannot invite user who was banned");
    assert_eq!(standing(&stage, &private, &bob).await, (Some(100), Some("ban".into())), "the power stays");
    let remote = user_id!("@x:other.test");
    let failed = client.make_room_admin(private_ref, Some(remote)).await;
    refused(failed, 403, "M_FORBIDDEN", "Federation denied with other.test.");
    assert_eq!(standing(&stage, &private, remote).await, (Some(100), None), "the power stays");

    let leaderless = stage.shared_room("Leaderless").await;
    stage.alice.leave(leaderless.as_str()).await.unwrap();
    let message = "No local admin user in room";
    refused(client.make_room_admin((&*leaderless).into(), None).await, 400, "M_UNKNOWN", message);
    refused(client.make_room_admin(unknown().into(), None).await, 400, "M_UNKNOWN", "Server not in room");
    let nowhere = room_alias_id!("#nope:hs.test").into();
    refused(client.make_room_admin(nowhere, None).await, 404, "M_NOT_FOUND", "Room alias #nope:hs.test not");

    assert_eq!(client.join(&public, &bob, &[]).await.unwrap(), public);
    refused(client.join(&public, nobody, &[]).await, 404, "M_NOT_FOUND", "User not found");
    let message = "This endpoint can only be used with local users";
    refused(client.join(&public, remote, &[]).await, 400, "M_UNKNOWN", message);
    refused(client.join(unknown(), &bob, &[]).await, 404, "M_UNKNOWN", "Can't join remote room");
}

#[tokio::test]
async fn history_is_purged() {
    let Some(mut stage) = Stage::new().await else { return };
    let room = stage.shared_room("Old").await;
    let elsewhere = stage.shared_room("Elsewhere").await;
    let (first, second) = (stage.says(&room, "first").await, stage.says(&room, "second").await);
    stage.says(&room, "third").await;
    let other = stage.says(&elsewhere, "hello").await;
    let texts = async |stage: &Stage| {
        let page = stage.client.room_messages(&room, &MessagesQuery::default()).await.unwrap();
        let text = |event: &Value| Some(event["content"]["body"].as_str()?.to_owned());
        page.chunk.iter().filter_map(text).collect::<Vec<_>>()
    };
    let before = |event: &ruma::EventId, delete_local_events| PurgeHistory {
        up_to: PurgeUpTo::Event(event.to_owned()),
        delete_local_events,
    };
    let at = |ms: u32| PurgeHistory {
        up_to: PurgeUpTo::Timestamp(MilliSecondsSinceUnixEpoch(UInt::from(ms))),
        delete_local_events: true,
    };

    // Without local events: they are out of sight all the same, but kept.
    let purge = stage.client.purge_history(&room, &before(&second, false)).await.unwrap();
    done(&stage, &purge).await;
    assert_eq!(texts(&stage).await, ["second", "third"]);
    assert_eq!(stage.client.fetch_event(&first).await.unwrap()["content"]["body"], "first");
    // Two at once are both taken.
    let local = before(&second, true);
    let (one, two) = (stage.client.purge_history(&room, &local), stage.client.purge_history(&room, &local));
    let (one, two) = tokio::join!(one, two);
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one, two);
    done(&stage, &one).await;
    done(&stage, &two).await;
    refused(stage.client.fetch_event(&first).await, 404, "M_NOT_FOUND", "Event not found");
    assert_eq!(stage.client.room_details(&room).await.unwrap().room.name.as_deref(), Some("Old"));

    let query = ScheduledTasksQuery { resource_id: Some(room.to_string()), ..ScheduledTasksQuery::default() };
    let tasks = stage.client.scheduled_tasks(&query).await.unwrap();
    assert_eq!(tasks.len(), 3);
    assert!(tasks.iter().all(|task| task.action == "purge_history" && task.status == TaskStatus::Complete));
    assert!(tasks.iter().any(|task| task.id == one));

    let nothing = "there is no event to be purged";
    refused(stage.client.purge_history(&room, &at(1)).await, 404, "M_NOT_FOUND", nothing);
    refused(stage.client.purge_history(unknown(), &at(u32::MAX)).await, 404, "M_NOT_FOUND", nothing);
    let wrong = stage.client.purge_history(&room, &before(&other, true)).await;
    refused(wrong, 400, "M_UNKNOWN", "Event is for wrong room.");
    let nowhere = stage.client.purge_history(&room, &before(event_id!("$nope"), true)).await;
    refused(nowhere, 404, "M_NOT_FOUND", "Could not find event $nope");
    assert_eq!(stage.client.purge_history_status("nope").await.unwrap(), None);
    assert_eq!(stage.client.delete_status(&one).await.unwrap(), None, "a purge is no deletion");

    // A time to come leaves the newest event.
    let future = MilliSecondsSinceUnixEpoch(UInt::new(4_000_000_000_000).unwrap());
    let all = PurgeHistory { up_to: PurgeUpTo::Timestamp(future), delete_local_events: true };
    let purge = stage.client.purge_history(&room, &all).await.unwrap();
    done(&stage, &purge).await;
    assert_eq!(texts(&stage).await, ["third"]);

    let room_ref = (&*room).into();
    assert_eq!(stage.client.delete_forward_extremities(room_ref).await.unwrap(), 0);
    let message = "Internal server error";
    refused(stage.client.delete_forward_extremities(unknown().into()).await, 500, "M_UNKNOWN", message);

    stage.synapse.restart().await.unwrap();
    assert_eq!(done(&stage, &purge).await, (), "a purge is remembered across a restart");
}

async fn done(stage: &Stage, purge_id: &str) {
    for _ in 0..150 {
        let purge = stage.client.purge_history_status(purge_id).await.unwrap().expect("it was started");
        if purge.status.has_ended() {
            assert_eq!((purge.status, purge.error), (TaskStatus::Complete, None));
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the purge {purge_id} never ended");
}

#[tokio::test]
async fn power_levels_are_replaced_by_whoever_has_the_power() {
    let Some(stage) = Stage::new().await else { return };
    let (client, admin, bob) = (&stage.client, id(&stage.admin), id(&stage.bob));
    let room = stage.shared_room("Power").await;
    let levels = client.room_state_of_type(&room, "m.room.power_levels").await.unwrap();
    let mut content = levels[0]["content"].clone();
    content["users"][bob.as_str()] = json!(50);
    refused(client.set_power_levels(&room, &content).await, 403, "M_FORBIDDEN", "");
    client.make_room_admin((&*room).into(), Some(&admin)).await.unwrap();
    stage.admin.join(room.as_str()).await.unwrap();
    let levels = client.room_state_of_type(&room, "m.room.power_levels").await.unwrap();
    let mut content = levels[0]["content"].clone();
    content["users"][bob.as_str()] = json!(50);
    client.set_power_levels(&room, &content).await.unwrap();
    assert_eq!(standing(&stage, &room, &bob).await.0, Some(50));
    let creator = id(&stage.alice);
    content["users"][creator.as_str()] = json!(100);
    let refusal = client.set_power_levels(&room, &content).await;
    refused(refusal, 400, "M_UNKNOWN", "Creator user @alice:hs.test must not appear in content.users");
}

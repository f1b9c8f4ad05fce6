//! Calls that only read.

use std::num::NonZeroU32;
use std::time::Duration;

use ruma::{MilliSecondsSinceUnixEpoch, UInt, event_id, room_alias_id};
use serde_json::json;
use synapse_admin::{
    ContextQuery, Direction, EventFilter, HierarchyQuery, ListRooms, MessagesQuery, RoomList, RoomOrder,
};

use super::{Stage, id, refused, unknown};

/// The list's counts are made in the background; waits until they are as wanted.
async fn list_when(stage: &Stage, list: &ListRooms, ready: impl Fn(&RoomList) -> bool) -> RoomList {
    for _ in 0..150 {
        let page = stage.client.rooms(list).await.unwrap();
        if ready(&page) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the list never came to be as wanted: {:?}", stage.client.rooms(list).await)
}

fn names(page: &RoomList) -> Vec<&str> {
    page.rooms.iter().map(|room| room.name.as_deref().unwrap_or("-")).collect()
}

#[tokio::test]
async fn rooms_are_listed() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let crowd = stage.shared_room("Crowd").await;
    stage.room(json!({"name": "Secret", "preset": "private_chat"})).await;
    stage.room(json!({"name": "Aliased", "preset": "public_chat", "room_alias_name": "listed-alias"})).await;
    let left =
        stage.room(json!({"name": "Left", "preset": "private_chat", "invite": [stage.bob.user_id]})).await;
    stage.alice.leave(left.as_str()).await.unwrap();

    let by_size = |dir| ListRooms { order_by: RoomOrder::JoinedLocalMembers, dir, ..ListRooms::default() };
    let largest = by_size(Direction::Forwards);
    let all = list_when(&stage, &largest, |page| {
        page.rooms.iter().map(|room| room.joined_local_members).eq([2, 1, 1, 0])
    })
    .await;
    assert_eq!((all.total_rooms, all.offset, all.next_batch, all.prev_batch), (4, 0, None, None));
    assert_eq!((all.rooms[0].room_id.clone(), all.rooms[0].name.as_deref()), (crowd, Some("Crowd")));
    assert_eq!(all.rooms[3].room_id, left);

    // By pages, and to an end.
    let mut paged = Vec::new();
    let mut next = Some(ListRooms { limit: NonZeroU32::new(3), ..by_size(Direction::Backwards) });
    while let Some(list) = next {
        let page = client.rooms(&list).await.unwrap();
        paged.extend(page.rooms.iter().map(|room| room.joined_local_members));
        next = page.next(&list);
    }
    assert_eq!(paged, [0, 1, 1, 2], "backwards is smallest first");
    let beyond = client.rooms(&ListRooms { from: Some(1000), ..largest.clone() }).await.unwrap();
    assert_eq!((beyond.rooms.len(), beyond.total_rooms, beyond.next_batch), (0, 4, None));

    for order_by in RoomOrder::ALL {
        let page = client.rooms(&ListRooms { order_by, ..ListRooms::default() }).await.unwrap();
        assert_eq!(page.rooms.len(), 4, "{order_by}");
    }
    let empty = ListRooms { empty_rooms: Some(true), ..ListRooms::default() };
    let empty = client.rooms(&empty).await.unwrap();
    assert_eq!((empty.rooms.len(), empty.rooms[0].room_id.clone()), (1, left));
    let inhabited = ListRooms { empty_rooms: Some(false), ..ListRooms::default() };
    assert_eq!(names(&client.rooms(&inhabited).await.unwrap()), ["Aliased", "Crowd", "Secret"]);
    for (text, want) in [
        ("#listed-alias:hs.test", &["Aliased"][..]),
        ("crow", &["Crowd"]),
        ("CROWD", &["Crowd"]),
        ("no such room", &[]),
    ] {
        let found = client.rooms(&ListRooms::search(text)).await.unwrap();
        assert_eq!(names(&found), want, "{text}");
    }
    refused(
        client.rooms(&ListRooms { from: Some(u64::MAX), ..ListRooms::default() }).await,
        500,
        "M_UNKNOWN",
        "Internal server error",
    );
}

#[tokio::test]
async fn rooms_are_looked_at() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.shared_room("Looked at").await;
    let (first, last) = (stage.says(&room, "first").await, stage.says(&room, "last").await);

    let details = client.room_details(&room).await.unwrap();
    assert_eq!((details.room.name.as_deref(), details.joined_local_devices), (Some("Looked at"), 2));
    assert_eq!((details.tombstoned, details.forgotten, details.replacement_room), (Some(false), false, None));
    assert_eq!(details.room.creator.as_deref(), Some("@alice:hs.test"));
    refused(client.room_details(unknown()).await, 404, "M_NOT_FOUND", "Room not found");

    let members = client.room_members(&room).await.unwrap();
    assert_eq!((members.total, members.malformed.len()), (2, 0));
    assert!(members.members.contains(&id(&stage.bob)));
    refused(client.room_members(unknown()).await, 404, "M_NOT_FOUND", "Room not found");

    assert!(client.room_state(&room).await.unwrap().len() > 5);
    let named = client.room_state_of_type(&room, "m.room.name").await.unwrap();
    assert_eq!(named[0]["content"]["name"], "Looked at");
    assert_eq!(client.room_state_of_type(&room, "m.nope").await.unwrap(), [] as [serde_json::Value; 0]);
    refused(client.room_state(unknown()).await, 404, "M_NOT_FOUND", "Room not found");

    let newest = MessagesQuery {
        dir: Direction::Backwards,
        limit: NonZeroU32::new(1),
        filter: Some(EventFilter { types: Some(vec!["m.room.message".into()]), ..EventFilter::default() }),
        ..MessagesQuery::default()
    };
    let page = client.room_messages(&room, &newest).await.unwrap();
    assert_eq!(page.chunk[0]["event_id"], last.as_str());
    let older = client.room_messages(&room, &MessagesQuery { from: page.end, ..newest }).await.unwrap();
    assert_eq!(older.chunk[0]["event_id"], first.as_str());
    let nowhere = client.room_messages(unknown(), &MessagesQuery::default()).await.unwrap();
    assert_eq!((nowhere.chunk.len(), nowhere.end), (0, None));
    let nowhere = MessagesQuery { from: Some("zzz".into()), ..MessagesQuery::default() };
    refused(client.room_messages(&room, &nowhere).await, 400, "M_UNKNOWN", "'from' parameter is invalid");

    let query = ContextQuery { limit: Some(2), filter: None };
    let context = client.event_context(&room, &first, &query).await.unwrap();
    assert_eq!(context.event["content"]["body"], "first");
    assert_eq!(context.events_after[0]["event_id"], last.as_str());
    assert!(!context.state.is_empty());
    refused(client.event_context(unknown(), &first, &query).await, 404, "M_UNKNOWN", "No row found (events)");
    refused(
        client.event_context(&room, event_id!("$nope"), &query).await,
        404,
        "M_NOT_FOUND",
        "Event not found.",
    );

    assert_eq!(client.fetch_event(&first).await.unwrap()["content"]["body"], "first");
    refused(client.fetch_event(event_id!("$nope")).await, 404, "M_NOT_FOUND", "Event not found");

    let start = MilliSecondsSinceUnixEpoch(UInt::MIN);
    let created = client.timestamp_to_event(&room, start, Direction::Forwards).await.unwrap();
    assert!(created.origin_server_ts.is_some());
    refused(
        client.timestamp_to_event(&room, start, Direction::Backwards).await,
        404,
        "M_NOT_FOUND",
        "Unable to find event from 0",
    );

    let ends = client.forward_extremities((&*room).into()).await.unwrap();
    assert_eq!((ends.count, ends.results[0].event_id.as_str()), (1, last.as_str()));
    assert_eq!(client.forward_extremities(unknown().into()).await.unwrap().count, 0);
    let nobodys = room_alias_id!("#nope:hs.test").into();
    refused(client.forward_extremities(nobodys).await, 404, "M_NOT_FOUND", "Room alias #nope:hs.test not");
    let remote = room_alias_id!("#nope:other.test").into();
    refused(client.forward_extremities(remote).await, 502, "M_UNKNOWN", "Failed to fetch alias");

    a_space_is_looked_at(&stage).await;
}

async fn a_space_is_looked_at(stage: &Stage) {
    let client = &stage.client;
    let inside = stage.shared_room("Inside").await;
    let space = stage
        .room(json!({"name": "Space", "creation_content": {"type": "m.space"}, "preset": "public_chat"}));
    let space = space.await;
    for child in [inside.as_str(), unknown().as_str()] {
        let via = json!({"via": ["hs.test"]});
        stage.alice.send_state(space.as_str(), "m.space.child", child, via).await.unwrap();
    }
    let by_page = HierarchyQuery { limit: NonZeroU32::new(1), ..HierarchyQuery::default() };
    let first = client.room_hierarchy(&space, &by_page).await.unwrap();
    assert_eq!((first.rooms.len(), first.rooms[0].room_type.as_deref()), (1, Some("m.space")));
    assert_eq!(first.rooms[0].children_state.len(), 2);
    let rest = HierarchyQuery { from: first.next_batch, ..by_page };
    let rest = client.room_hierarchy(&space, &rest).await.unwrap();
    assert_eq!(rest.rooms[0].room_id, inside);
    let shallow = HierarchyQuery { max_depth: Some(0), ..HierarchyQuery::default() };
    assert_eq!(client.room_hierarchy(&space, &shallow).await.unwrap().rooms.len(), 1);
    let nowhere = HierarchyQuery { from: Some("nope".into()), ..HierarchyQuery::default() };
    refused(
        client.room_hierarchy(&space, &nowhere).await,
        400,
        "M_INVALID_PARAM",
        "Unknown pagination token",
    );
    refused(client.room_hierarchy(unknown(), &shallow).await, 500, "M_UNKNOWN", "Internal server error");
}

//! Listing, details, members and space hierarchy.

use std::num::NonZeroU32;

use ruma::room_id;
use serde_json::{Value, json};
use synapse_admin::{Direction, HierarchyQuery, ListRooms, RoomDetails, RoomOrder};

use crate::fake::{Fake, ROOM, api_error};

fn details() -> Value {
    json!({"room_id": ROOM, "name": "Res Room One", "canonical_alias": "#resone:hs.test", "joined_members": 2,
        "join_rules": "public", "guest_access": null, "history_visibility": "shared", "state_events": 9,
        "avatar": null, "topic": "tt", "room_type": null, "joined_local_members": 2, "version": "12",
        "creator": "@alice:hs.test", "encryption": null, "federatable": true, "public": false,
        "joined_local_devices": 2, "forgotten": false, "tombstoned": false, "replacement_room": null})
}

fn room(name: &str) -> Value {
    json!({"room_id": "!HnXXqhRwdQEWpxxoCm:hs.test", "name": name, "canonical_alias": null, "joined_members": 1,
        "joined_local_members": 1, "version": "3", "creator": "@alice:hs.test", "encryption": null,
        "federatable": true, "public": false, "join_rules": "public", "guest_access": null,
        "history_visibility": "shared", "state_events": 6, "room_type": null})
}

#[tokio::test]
async fn rooms_are_listed_by_page() {
    let fake = Fake::answering(
        200,
        json!({"offset": 1, "rooms": [room("Old")], "total_rooms": 3, "next_batch": 2, "prev_batch": 0}),
    )
    .await;
    let list = ListRooms {
        from: Some(1),
        limit: NonZeroU32::new(1),
        order_by: RoomOrder::JoinedLocalMembers,
        dir: Direction::Backwards,
        public_rooms: Some(false),
        empty_rooms: Some(true),
        ..ListRooms::search("Rés & co")
    };
    let page = fake.client.rooms(&list).await.unwrap();
    assert_eq!((page.offset, page.total_rooms, page.next_batch, page.prev_batch), (1, 3, Some(2), Some(0)));
    assert_eq!(page.rooms[0].name.as_deref(), Some("Old"));
    assert_eq!((page.rooms[0].joined_members, page.rooms[0].state_events), (1, 6));
    assert!(page.rooms[0].federatable && !page.rooms[0].public);
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/rooms?from=1&limit=1&order_by=joined_local_members&dir=b\
         &search_term=R%C3%A9s+%26+co&public_rooms=false&empty_rooms=true"
    );
}

#[tokio::test]
async fn an_empty_search_term_is_not_sent() {
    let fake = Fake::answering(200, json!({"offset": 0, "rooms": [], "total_rooms": 0})).await;
    let list = ListRooms { search_term: Some(String::new()), ..ListRooms::default() };
    let page = fake.client.rooms(&list).await.unwrap();
    assert_eq!((page.rooms.len(), page.next_batch), (0, None));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms?order_by=name&dir=f");
}

#[tokio::test]
async fn trap_the_next_page_is_next_batch_not_next_token() {
    let fake =
        Fake::answering(200, json!({"offset": 0, "rooms": [], "total_rooms": 150, "next_token": 100})).await;
    assert_eq!(fake.client.rooms(&ListRooms::default()).await.unwrap().next_batch, None);
}

#[tokio::test]
async fn trap_05_room_ids_need_no_server_name() {
    let fake = Fake::answering(200, details()).await;
    let details = fake.client.room_details(ROOM.try_into().unwrap()).await.unwrap();
    assert_eq!(details.room.room_id, ROOM);
    assert_eq!(details.room.name.as_deref(), Some("Res Room One"));
    assert_eq!((details.topic.as_deref(), details.joined_local_devices), (Some("tt"), 2));
    assert_eq!((details.tombstoned, details.replacement_room), (Some(false), None));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/rooms/%21L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ"
    );
}

#[tokio::test]
async fn details_of_an_unknown_room_are_not_found() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Room not found").await;
    assert!(fake.client.room_details(room_id!("!nope")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn details_of_all_kinds_of_rooms_are_read() {
    let with = |changes: Value| {
        let mut body = details();
        for (key, value) in changes.as_object().expect("changes are an object") {
            body[key] = value.clone();
        }
        serde_json::from_value::<RoomDetails>(body)
    };
    let upgraded =
        with(json!({"tombstoned": true, "replacement_room": "!ANSHOnJPzQeWeCoOSk:hs.test"})).unwrap();
    assert_eq!(upgraded.tombstoned, Some(true));
    assert_eq!(upgraded.replacement_room.as_deref(), Some("!ANSHOnJPzQeWeCoOSk:hs.test"));
    // Any moderator can write any JSON into a tombstone.
    assert_eq!(with(json!({"tombstoned": true, "replacement_room": ["x"]})).unwrap().replacement_room, None);
    let emptied =
        with(json!({"name": null, "canonical_alias": null, "joined_members": 0, "join_rules": null,
        "history_visibility": null, "topic": null, "forgotten": true}))
        .unwrap();
    assert!(emptied.forgotten && emptied.room.name.is_none());
    let sqlite = with(json!({"public": 1, "federatable": 0, "forgotten": 1, "tombstoned": 0})).unwrap();
    assert!(sqlite.room.public && !sqlite.room.federatable && sqlite.forgotten);
    let nulls = with(json!({"joined_members": null, "state_events": null, "public": null})).unwrap();
    assert_eq!((nulls.room.joined_members, nulls.room.public), (0, false));
    with(json!({"joined_members": "many"})).unwrap_err();
}

#[test]
fn details_of_older_servers_are_read() {
    let old: RoomDetails = serde_json::from_value(json!({
        "room_id": "!mscvqgqpHYjBGDxNym:matrix.org", "name": "Music Theory", "avatar": "mxc://matrix.org/AQDa",
        "topic": "Theory, Composition", "canonical_alias": "#musictheory:matrix.org", "joined_members": 127,
        "joined_local_members": 2, "joined_local_devices": 2, "version": "1", "creator": "@foo:matrix.org",
        "encryption": null, "federatable": true, "public": true, "join_rules": "invite", "guest_access": null,
        "history_visibility": "shared", "state_events": 93534}))
    .unwrap();
    assert_eq!((old.tombstoned, old.forgotten), (None, false));
    let bare: RoomDetails =
        serde_json::from_value(json!({"room_id": "!a:hs.test", "new_field": {}})).unwrap();
    assert_eq!(bare.room.name, None);
}

#[test]
fn details_survive_being_stored() {
    let details: RoomDetails = serde_json::from_value(details()).unwrap();
    let stored = serde_json::to_string(&details).unwrap();
    assert_eq!(serde_json::from_str::<RoomDetails>(&stored).unwrap(), details);
}

#[tokio::test]
async fn malformed_members_do_not_hide_the_others() {
    let fake = Fake::answering(
        200,
        json!({"members": ["@alice:hs.test", "nobody", "@mallory:hs.test"], "total": 3}),
    )
    .await;
    let members = fake.client.room_members(room_id!("!a:hs.test")).await.unwrap();
    assert_eq!(members.members, ["@alice:hs.test", "@mallory:hs.test"]);
    assert_eq!((members.malformed.as_slice(), members.total), (&["nobody".to_owned()][..], 3));
    let stored = serde_json::to_string(&members).unwrap();
    assert_eq!(serde_json::from_str::<synapse_admin::Members>(&stored).unwrap(), members);
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms/%21a%3Ahs.test/members");
}

#[tokio::test]
async fn a_space_is_listed() {
    let fake = Fake::answering(
        200,
        json!({"rooms": [
        {"room_id": "!H9rKqYojSvPmgHlaN3bUottT3cxk2sNUuLU5ryOYHAY", "room_version": "12", "name": "Res Space",
            "num_joined_members": 1, "world_readable": false, "guest_can_join": false, "room_type": "m.space",
            "join_rule": "public", "children_state": [{"type": "m.space.child", "state_key": ROOM,
                "content": {"suggested": true, "via": ["hs.test"]}, "sender": "@alice:hs.test",
                "origin_server_ts": 1_795_226_048_415_u64}]},
        {"room_id": ROOM, "room_version": "12", "name": "Res Room One", "topic": "tt",
            "canonical_alias": "#resone:hs.test", "num_joined_members": 2, "world_readable": false,
            "guest_can_join": false, "join_rule": "public", "children_state": []}],
        "next_batch": "abc"}),
    )
    .await;
    let query = HierarchyQuery { from: Some("x y".into()), limit: NonZeroU32::new(50), max_depth: Some(1) };
    let space = fake.client.room_hierarchy(room_id!("!H9"), &query).await.unwrap();
    assert_eq!(space.rooms[0].room_type.as_deref(), Some("m.space"));
    assert_eq!(space.rooms[0].children_state[0]["state_key"], ROOM);
    assert_eq!((space.rooms[1].num_joined_members, space.rooms[1].room_type.as_deref()), (2, None));
    assert_eq!(space.next_batch.as_deref(), Some("abc"));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/rooms/%21H9/hierarchy?from=x+y&limit=50&max_depth=1"
    );
}

#[tokio::test]
async fn trap_23_the_hierarchy_of_an_unknown_room_is_a_500_not_worth_retrying() {
    let fake = Fake::failing(500, "M_UNKNOWN", "Internal server error").await;
    let query = HierarchyQuery::default();
    let error = fake.client.room_hierarchy(room_id!("!nope:hs.test"), &query).await.unwrap_err();
    assert!(!error.is_transient() && !error.is_not_found(), "{error}");
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms/%21nope%3Ahs.test/hierarchy");
}

#[tokio::test]
async fn trap_22_flags_may_be_numbers() {
    let mut sqlite = room("Old");
    (sqlite["public"], sqlite["federatable"]) = (json!(1), json!(0));
    let fake = Fake::answering(200, json!({"offset": 0, "rooms": [sqlite], "total_rooms": 1})).await;
    let page = fake.client.rooms(&ListRooms::default()).await.unwrap();
    assert!(page.rooms[0].public && !page.rooms[0].federatable);
}

#[tokio::test]
async fn a_room_that_everybody_left_has_lost_its_names() {
    let fake = Fake::answering(
        200,
        json!({"offset": 0, "rooms": [{"room_id": "!yTM6qplVpV-BkfQ4QzAVApboNTloMEGLQpwpuEiI6mw", "name": null,
            "canonical_alias": null, "joined_members": 0, "joined_local_members": 0, "version": "12",
            "creator": "@alice:hs.test", "encryption": null, "federatable": true, "public": false,
            "join_rules": null, "guest_access": null, "history_visibility": null, "state_events": 8,
            "room_type": null}], "total_rooms": 1}),
    )
    .await;
    let list = ListRooms { empty_rooms: Some(true), ..ListRooms::default() };
    let page = fake.client.rooms(&list).await.unwrap();
    assert_eq!((page.rooms[0].joined_members, page.rooms[0].name.as_deref()), (0, None));
    assert_eq!(page.rooms[0].creator.as_deref(), Some("@alice:hs.test"));
    assert_eq!(page.next(&list), None);
}

#[tokio::test]
async fn refused_lists_say_why() {
    for message in [
        "search_term cannot be an empty string",
        "Query parameter from must be a positive integer.",
        "Query parameter 'order_by' must be one of ['alphabetical', 'size', 'name', 'canonical_alias']",
        "Query parameter 'dir' must be one of ['b', 'f']",
        "Boolean query parameter 'empty_rooms' must be one of ['true', 'false']",
    ] {
        let fake = Fake::failing(400, "M_INVALID_PARAM", message).await;
        let want = (400, "M_INVALID_PARAM".into(), message.into());
        assert_eq!(api_error(fake.client.rooms(&ListRooms::default()).await), want);
    }
}

#[tokio::test]
async fn members_of_an_unknown_room_are_not_found() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Room not found").await;
    assert!(fake.client.room_members(room_id!("!nope:hs.test")).await.unwrap_err().is_not_found());
    assert!(fake.client.room_state(room_id!("!nope:hs.test")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_space_cannot_be_gone_on_with_from_nowhere() {
    let fake = Fake::failing(400, "M_INVALID_PARAM", "Unknown pagination token").await;
    let query = HierarchyQuery { from: Some("nope".into()), ..HierarchyQuery::default() };
    let want = (400, "M_INVALID_PARAM".into(), "Unknown pagination token".into());
    assert_eq!(api_error(fake.client.room_hierarchy(room_id!("!H9"), &query).await), want);
}

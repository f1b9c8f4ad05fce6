//! `!space`: what is in a space.

use gleipnir_core::{
    model::{Event, RoomDetails, SpaceRoom},
    ports::Fault,
    ruma::{OwnedRoomId, owned_room_id, owned_user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

fn child(id: &str) -> Event {
    Event(
        json!({"type": "m.space.child", "state_key": id, "content": {"via": ["hs.test"], "suggested": id == "!a:hs.test"}}),
    )
}

fn room(id: &str, name: &str, children: Vec<Event>) -> SpaceRoom {
    SpaceRoom {
        room_id: OwnedRoomId::try_from(id).expect("a room ID"),
        name: Some(name.to_owned()),
        topic: None,
        canonical_alias: None,
        room_type: (!children.is_empty()).then(|| "m.space".to_owned()),
        join_rule: Some("restricted".into()),
        num_joined_members: 12,
        world_readable: false,
        guest_can_join: false,
        children_state: children,
    }
}

fn put(stage: &Stage, hierarchy: Vec<SpaceRoom>, events: Vec<Value>) {
    let details = RoomDetails {
        name: Some("Community".into()),
        room_type: Some("m.space".into()),
        join_rules: Some("public".into()),
        ..RoomDetails::default()
    };
    let members = vec![owned_user_id!("@ana:hs.test")];
    let room = FakeRoom { details, members, hierarchy, state: events, ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!space:hs.test"), room);
}

#[tokio::test]
async fn a_space_is_a_list_with_levels() {
    let mut stage = stage();
    let children = vec![child("!a:hs.test"), child("!sub:hs.test"), child("!far:x.test")];
    let hierarchy = vec![
        room("!space:hs.test", "Community", children),
        room("!a:hs.test", "Lounge", Vec::new()),
        room("!sub:hs.test", "Sub", vec![child("!b:hs.test"), child("!space:hs.test")]),
        room("!b:hs.test", "Deep", Vec::new()),
    ];
    let parent =
        json!({"type": "m.space.parent", "state_key": "!all:hs.test", "content": {"via": ["hs.test"]}});
    put(&stage, hierarchy, vec![parent]);
    assert_eq!(
        stage.say("!space !space:hs.test").await,
        "Community (`!space:hs.test`)

Members: 1 (1 on this server), anyone can join
Says it is in: `!all:hs.test`

In it: 2 rooms, 1 space, 1 that this server is not in.
• ↳ Lounge (`!a:hs.test`) – 12 members, for members of other rooms, suggested
• ↳ Sub (`!sub:hs.test`) – 12 members, for members of other rooms, a space:
• · ↳ Deep (`!b:hs.test`) – 12 members, for members of other rooms
• · ↳ Community (`!space:hs.test`) – again, see above
• ↳ `!far:x.test` – this server is not in it; known to `hs.test`"
    );
    has(
        &stage.say("!space !space:hs.test --depth 1").await,
        &[
            "In it, down to 1 level: 1 room, 1 space, 1 that this server is not in.",
            "a space with 2 inside\n",
        ],
    );
}

#[tokio::test]
async fn what_is_no_space_is_said_to_be_none() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!space #bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) is not a space, but a room.

Members: 4 (3 on this server), anyone can join

More: `!room !bad:hs.test`"
    );
    put(&stage, vec![room("!space:hs.test", "Community", Vec::new())], Vec::new());
    has(&stage.say("!space !space:hs.test").await, &["It is empty."]);
}

#[tokio::test]
async fn trap_23_the_hierarchy_of_an_unknown_room_is_never_asked_for() {
    let mut stage = stage();
    // The fake breaks over it as Synapse does.
    assert_eq!(
        stage.say("!space !nowhere:hs.test").await,
        "The server does not know the room `!nowhere:hs.test`. \
         Check its ID; it may have been deleted, or nobody here was ever in it."
    );
    has(&stage.say("!space #nope:hs.test").await, &["There is no room with the alias `#nope:hs.test`."]);
    has(&stage.say("!space !bad:hs.test --depth 0").await, &["0 is not in 1..=1000"]);
}

#[tokio::test]
async fn a_space_that_this_server_left_shows_its_last_state() {
    let mut stage = stage();
    put(&stage, vec![], vec![child("!a:hs.test").0]);
    has(
        &stage.say("!space !space:hs.test").await,
        &["Nobody of this server is in the space any more.", "• ↳ `!a:hs.test` – this server is not in it"],
    );
}

#[tokio::test]
async fn a_huge_space_is_read_to_its_end() {
    let mut stage = stage();
    let ids: Vec<String> = (0..5000).map(|n| format!("!r{n:04}:hs.test")).collect();
    let mut hierarchy = vec![room("!space:hs.test", "Community", ids.iter().map(|id| child(id)).collect())];
    hierarchy.extend(ids.iter().map(|id| room(id, "<b>`x`\u{202e}", Vec::new())));
    put(&stage, hierarchy, Vec::new());
    let event = stage.hear(moderator(), "!space !space:hs.test --file");
    stage.handle().await;
    let key = format!("answer-{event}");
    let said = stage.store.said(&key).unwrap();
    has(&said.text, &["In it: 5,000 rooms, 0 spaces.", " more places; --file has all of them"]);
    assert!(said.text.len() <= 10_000 && said.html.len() <= 18_000 && !said.html.contains("<b>"));
    let text = String::from_utf8(stage.store.file(&key).unwrap().bytes).unwrap();
    assert_eq!(text.lines().count(), 5001);
    has(
        &text,
        &[
            "depth,parent,room_id,known,name,",
            "1,!space:hs.test,!r4999:hs.test,true,<b>`x`\u{202e},,,,restricted,12,false,false,false,,\"[\"\"hs.test\"\"]\"\n",
        ],
    );
}

#[tokio::test]
async fn a_fault_on_a_later_page_is_told() {
    let mut stage = stage();
    let ids: Vec<String> = (0..60).map(|n| format!("!r{n:04}:hs.test")).collect();
    let mut hierarchy = vec![room("!space:hs.test", "Community", ids.iter().map(|id| child(id)).collect())];
    hierarchy.extend(ids.iter().map(|id| room(id, "x", Vec::new())));
    put(&stage, hierarchy, Vec::new());
    for method in ["room", "state", "hierarchy"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!space !space:hs.test").await, &["The homeserver did not answer in time."]);
    }
}

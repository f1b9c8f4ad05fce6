//! The undo of a shutdown: a room is joined again through other servers, or made anew.

mod again;
mod anew;
mod deaths;
mod rejoined;

use gleipnir_core::{
    model::Account,
    plan::{PlanId, PlanResult},
    ports::Lookup as _,
    ruma::{OwnedUserId, RoomId, UserId, owned_user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, plan, stage};

fn user(name: &str) -> OwnedUserId {
    format!("@{name}:hs.test").try_into().expect("a user ID")
}

/// The bad room with accounts for its three local members, and one of another server; version 11, made by the first.
fn with_others() -> Stage {
    let stage = stage();
    for name in ["user0", "user1", "user2"] {
        stage.homeserver.put_account(&user(name), Account::default());
    }
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.version = Some("11".into());
        room.details.topic = Some("Buy <b>now</b>".into());
        room.state = state();
    });
    stage
}

/// The same room, without members of other servers.
fn alone() -> Stage {
    let stage = with_others();
    stage.homeserver.change_room(bad_room(), |room| {
        room.members.retain(|user| user.server_name() == "hs.test");
    });
    stage
}

fn state() -> Vec<Value> {
    let event = |kind: &str, content: &Value| json!({"type": kind, "state_key": "", "sender": "@user0:hs.test", "content": content});
    vec![
        event("m.room.create", &json!({"room_version": "11"})),
        event("m.room.name", &json!({"name": "Spam"})),
        event("m.room.power_levels", &json!({"users": {"@user0:hs.test": 100, "@far:other.test": 50}})),
        event("m.room.canonical_alias", &json!({"alias": "#bad:hs.test", "alt_aliases": ["#x:other.test"]})),
        json!({"type": "m.room.member", "state_key": "@troll:other.test", "sender": "@user0:hs.test",
            "content": {"membership": "ban"}}),
    ]
}

/// The room is shut down by job 1.
async fn shut_down(stage: &mut Stage, options: &str) {
    stage.say(&format!("!shutdown !bad:hs.test {options}")).await;
    let said = stage.say("!confirm 1").await;
    has(&said, &["Job 1: shutdown – done", "Undo: `!undo 1`"]);
    assert_eq!(plan(stage, 1).result(), PlanResult::Done);
}

fn local_members(room: &FakeRoom) -> Vec<String> {
    let mut ours: Vec<String> = room.members.iter().map(ToString::to_string).collect();
    ours.retain(|user| user.ends_with(":hs.test"));
    ours.sort();
    ours
}

async fn inside(stage: &Stage, room: &RoomId) -> Vec<String> {
    let members = stage.homeserver.members(room).await.expect("it is there");
    local_members(&FakeRoom { members, ..FakeRoom::default() })
}

async fn is_there(stage: &Stage, room: &RoomId) -> bool {
    stage.homeserver.room(room).await.expect("it answers").is_some()
}

async fn content(stage: &Stage, room: &RoomId, kind: &str) -> Value {
    let events = stage.homeserver.state(room, Some(kind)).await.expect("it is there");
    events.first().map(|event| event.content().clone()).unwrap_or_default()
}

#[track_caller]
fn result(stage: &Stage, id: PlanId) -> PlanResult {
    plan(stage, id).result()
}

fn bot() -> &'static UserId {
    gleipnir_core::ruma::user_id!("@bot:hs.test")
}

fn far() -> OwnedUserId {
    owned_user_id!("@far:other.test")
}

//! `!kick`, `!ban`, `!unban`, `!invite`, `!mute`, `!unmute`, `!power`, `!join` and `!leave`: what is asked, what is done with
//! the bot's own power, and what is said where it has none.

mod attached;
mod changes;
mod endings;
mod everywhere;
mod joining;
mod levels;
mod steps;

use gleipnir_core::{
    model::{Account, RoomDetails},
    ports::Lookup as _,
    ruma::{OwnedUserId, RoomId, UserId, owned_user_id, room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

fn far() -> &'static UserId {
    user_id!("@far:other.test")
}

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

fn den() -> &'static RoomId {
    room_id!("!den:hs.test")
}

/// Eve, Ana and the bot in the lounge, where the bot has 100 and Ana 50; Eve in the den, where the bot has nothing.
fn stage() -> Stage {
    let stage = Stage::default();
    for name in ["eve", "ana", "bob"] {
        let id = OwnedUserId::try_from(format!("@{name}:hs.test")).expect("a user ID");
        let display_name = Some(name.to_uppercase());
        stage.homeserver.put_account(&id, Account { display_name, ..Account::default() });
    }
    room(
        &stage,
        lounge(),
        "Lounge",
        "11",
        &json!({"@bot:hs.test": 100, "@ana:hs.test": 50, "@user0:hs.test": 100}),
    );
    room(&stage, den(), "Den", "11", &json!({"@user0:hs.test": 100}));
    stage
}

/// A public room with the bot, Eve, Ana and somebody of another server.
fn room(stage: &Stage, id: &RoomId, name: &str, version: &str, users: &Value) {
    let creator = "@user0:hs.test";
    let details = RoomDetails {
        name: Some(name.to_owned()),
        version: Some(version.to_owned()),
        creator: Some(creator.into()),
        join_rules: Some("public".into()),
        ..RoomDetails::default()
    };
    let event = |kind: &str, content: Value| json!({"type": kind, "state_key": "", "sender": creator, "event_id": format!("${kind}"), "content": content});
    let room = FakeRoom {
        details,
        members: ["@bot:hs.test", "@eve:hs.test", "@ana:hs.test", "@user0:hs.test", "@far:other.test"]
            .map(|user| OwnedUserId::try_from(user).expect("a user ID"))
            .to_vec(),
        state: vec![
            event("m.room.create", json!({"room_version": version, "creator": creator})),
            event("m.room.power_levels", json!({"users": users})),
            event("m.room.join_rules", json!({"join_rule": "public"})),
        ],
        ..FakeRoom::default()
    };
    stage.homeserver.put_room(id, room);
}

/// The power levels of a room become these.
fn levels(stage: &Stage, room: &RoomId, content: &Value) {
    stage.homeserver.change_room(room, |room| {
        let is_levels = |event: &&mut Value| event["type"] == "m.room.power_levels";
        room.state.iter_mut().find(is_levels).expect("there are some")["content"] = content.clone();
    });
}

async fn levels_of(stage: &Stage, room: &RoomId) -> Value {
    let found = stage.homeserver.state(room, Some("m.room.power_levels")).await.expect("it answers");
    found[0].content().clone()
}

async fn membership(stage: &Stage, room: &RoomId, user: &UserId) -> Option<String> {
    let member = stage.homeserver.member(room, user).await.expect("it answers");
    member.and_then(|event| event.text("membership").map(str::to_owned))
}

/// Somebody's membership becomes this.
fn is(stage: &Stage, room: &RoomId, user: &str, membership: &str) {
    stage.homeserver.change_room(room, |room| {
        room.members.retain(|member| member != user);
        room.state.push(json!({"type": "m.room.member", "state_key": user, "sender": user,
            "content": {"membership": membership}}));
    });
}

fn bot() -> OwnedUserId {
    owned_user_id!("@bot:hs.test")
}

fn writes(stage: &Stage) -> Vec<String> {
    stage.homeserver.writes()
}

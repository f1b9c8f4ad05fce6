//! `!redact`: what it makes of its words, what is redacted, and that nothing is redacted twice.

mod deaths;
mod limits;
mod listed;
mod one;
mod people;
mod unread;

use gleipnir_core::{
    model::Account,
    ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId, owned_user_id, room_id},
    testing::Stage,
};
use serde_json::{Value, json};

/// A user of this server.
fn eve() -> OwnedUserId {
    owned_user_id!("@eve:hs.test")
}

/// A user of another server.
fn far() -> OwnedUserId {
    owned_user_id!("@far:other.test")
}

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

fn attic() -> &'static RoomId {
    room_id!("!attic:hs.test")
}

/// An event of somebody.
fn event(kind: &str, id: &str, at: i64, sender: &UserId) -> Value {
    json!({"type": kind, "event_id": id, "sender": sender, "origin_server_ts": at,
        "content": {"msgtype": "m.text", "body": "x"}})
}

fn message(id: &str, at: i64) -> Value {
    event("m.room.message", id, at, &eve())
}

/// Eve has a membership in a room, and wrote something there.
fn put(stage: &Stage, room: &RoomId, membership: &str, events: Vec<Value>) {
    stage.homeserver.change_room(room, |room| {
        if membership == "join" {
            room.members.push(eve());
        }
        room.state.push(json!({"type": "m.room.member", "state_key": eve(), "sender": "@user0:hs.test",
            "content": {"membership": membership}}));
        room.events.extend(events);
    });
}

/// The bot is in a room, with the power to redact.
fn empower(stage: &Stage, room: &RoomId) {
    stage.homeserver.change_room(room, |room| {
        room.members.push(owned_user_id!("@bot:hs.test"));
        let me = json!({"type": "m.room.member", "state_key": "@bot:hs.test", "sender": "@bot:hs.test",
            "content": {"membership": "join"}});
        let create = json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test",
            "content": {"room_version": "12"}});
        let levels = json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test",
            "content": {"users": {"@bot:hs.test": 100}}});
        room.state.extend([create, levels, me]);
    });
}

/// Two rooms, and Eve's account.
fn stage() -> Stage {
    let stage = Stage::default();
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    stage.room(attic(), "Attic", "#attic:hs.test", 2);
    stage.homeserver.put_account(&eve(), Account::default());
    stage
}

/// Eve wrote of everything: in the lounge, where the bot has power, and in the attic, from which she was kicked.
fn busy() -> Stage {
    let stage = stage();
    let of = |kind: &str, id: &str, at: i64| event(kind, id, at, &eve());
    let mut topic = of("m.room.topic", "$topic", 60);
    topic["state_key"] = json!("");
    let mut join = of("m.room.member", "$join", 5);
    join["state_key"] = json!(eve());
    join["content"] = json!({"membership": "join", "displayname": "rude"});
    put(
        &stage,
        lounge(),
        "join",
        vec![
            join,
            message("$a1", 10),
            event("m.room.message", "$ana", 15, user("@ana:hs.test")),
            of("m.room.encrypted", "$a2", 20),
            of("m.sticker", "$sticker", 30),
            of("m.reaction", "$reaction", 40),
            of("m.poll.start", "$poll", 45),
            of("org.matrix.msc3381.poll.response", "$vote", 46),
            of("org.example.odd", "$odd", 47),
            of("m.room.redaction", "$redaction", 50),
            topic,
        ],
    );
    empower(&stage, lounge());
    put(&stage, attic(), "leave", vec![message("$b1", 10), message("$b2", 20)]);
    stage
}

fn user(id: &'static str) -> &'static UserId {
    id.try_into().expect("a user ID")
}

/// The events that were redacted, sorted. Fails if one was redacted twice.
#[track_caller]
fn redacted(stage: &Stage, point: &str) -> Vec<String> {
    let counts = stage.homeserver.redactions();
    assert!(counts.values().all(|count| *count == 1), "{point}: {counts:?}");
    counts.into_keys().collect()
}

/// The server's tasks that were asked for.
fn asked(stage: &Stage) -> Vec<String> {
    let writes = stage.homeserver.writes().into_iter();
    writes.filter(|write| write.starts_with("redact-user")).collect()
}

fn numbered(n: usize) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!r{n:02}:hs.test")).expect("a room ID")
}

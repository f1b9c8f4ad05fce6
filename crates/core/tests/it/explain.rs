//! `!explain`: an event, a user's story in a room, a room.

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{RoomId, room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

/// 2026-11-21 00:00:00 UTC
const DAY: i64 = 1_795_219_200_000;
const MINUTE: i64 = 60_000;
const ANA: &str = "@ana:hs.test";
const BOB: &str = "@bob:hs.test";
const MOD: &str = "@mod:hs.test";

fn talk() -> &'static RoomId {
    room_id!("!talk:hs.test")
}

fn id(n: usize) -> String {
    format!("$e{n}:hs.test")
}

/// A room's history as the server gives it: each state event says what it replaced.
#[derive(Default)]
struct History(Vec<Value>);

impl History {
    /// Something is sent, a minute after what came before.
    fn event(mut self, sender: &str, kind: &str, content: &Value) -> Self {
        let n = self.0.len();
        let minutes = i64::try_from(n).expect("few");
        self.0.push(json!({"type": kind, "event_id": id(n), "sender": sender, "room_id": talk(),
            "origin_server_ts": DAY + minutes * MINUTE, "content": content, "unsigned": {}}));
        self
    }

    fn state(self, sender: &str, kind: &str, key: &str, content: &Value) -> Self {
        let is_of = |event: &&Value| event["type"] == kind && event["state_key"] == key;
        let before = self.0.iter().rev().find(is_of).cloned();
        let mut history = self.event(sender, kind, content);
        let event = history.0.last_mut().expect("it was added");
        event["state_key"] = json!(key);
        if let Some(before) = before {
            event["unsigned"] = json!({"prev_content": before["content"], "replaces_state": before["event_id"],
                "prev_sender": before["sender"]});
        }
        history
    }

    fn member(self, sender: &str, user: &str, content: &Value) -> Self {
        self.state(sender, "m.room.member", user, content)
    }

    fn join(self, user: &str, name: &str) -> Self {
        self.member(user, user, &json!({"membership": "join", "displayname": name}))
    }

    fn rules(self, content: &Value) -> Self {
        self.state(MOD, "m.room.join_rules", "", content)
    }

    /// A public room of Mod, at version 10.
    fn begin() -> Self {
        Self::default()
            .state(MOD, "m.room.create", "", &json!({"room_version": "10"}))
            .join(MOD, "Mod")
            .state(MOD, "m.room.power_levels", "", &json!({"users": {MOD: 100}}))
            .rules(&json!({"join_rule": "public"}))
    }

    /// The newest event of each type and state key.
    fn now(&self) -> Vec<Value> {
        let mut state: Vec<Value> = Vec::new();
        for event in self.0.iter().filter(|event| event["state_key"].is_string()) {
            state.retain(|old| old["type"] != event["type"] || old["state_key"] != event["state_key"]);
            let mut event = event.clone();
            event["unsigned"] = json!({});
            state.push(event);
        }
        state
    }

    fn room(self) -> FakeRoom {
        let state = self.now();
        let content =
            |kind: &str| state.iter().find(|event| event["type"] == kind).map(|event| &event["content"]);
        let text = |kind: &str, key: &str| content(kind)?[key].as_str().map(str::to_owned);
        let details = RoomDetails {
            name: Some("Talk".into()),
            version: text("m.room.create", "room_version"),
            join_rules: text("m.room.join_rules", "join_rule"),
            history_visibility: text("m.room.history_visibility", "history_visibility"),
            guest_access: text("m.room.guest_access", "guest_access"),
            encryption: text("m.room.encryption", "algorithm"),
            tombstoned: content("m.room.tombstone").is_some(),
            replacement_room: text("m.room.tombstone", "replacement_room"),
            ..RoomDetails::default()
        };
        FakeRoom { details, state, events: self.0, ..FakeRoom::default() }
    }

    fn stage(self) -> Stage {
        let stage = stage();
        stage.homeserver.put_room(talk(), self.room());
        stage
    }
}

/// Everything that can become of a user, while the rules change.
fn life() -> History {
    History::begin()
        .join(ANA, "Ana")
        .join(ANA, "Annie")
        .member(MOD, ANA, &json!({"membership": "leave", "reason": "calm down"}))
        .join(ANA, "Annie")
        .member(MOD, ANA, &json!({"membership": "ban", "reason": "spam"}))
        .member(MOD, ANA, &json!({"membership": "leave"}))
        .rules(&json!({"join_rule": "invite"}))
        .member(MOD, ANA, &json!({"membership": "invite"}))
        .join(ANA, "Annie")
        .state(MOD, "m.room.power_levels", "", &json!({"users": {MOD: 100, ANA: 50}}))
        .join(BOB, "Bob")
        .member(ANA, BOB, &json!({"membership": "leave"}))
        .member(ANA, BOB, &json!({"membership": "ban"}))
        .state(ANA, "m.room.history_visibility", "", &json!({"history_visibility": "joined"}))
}

#[tokio::test]
async fn the_story_of_a_user_is_told_from_its_beginning() {
    let mut stage = life().stage();
    let said = stage.say(&format!("!explain {ANA} !talk:hs.test")).await;
    println!("{said}");
    let said = stage.say(&format!("!explain !talk:hs.test {ANA} --acts")).await;
    println!("{said}");
    let said = stage.say("!explain !talk:hs.test").await;
    println!("{said}");
    for n in 0..18 {
        println!("{}\n-----", stage.say(&format!("!explain !talk:hs.test {}", id(n))).await);
    }
    let _ = (moderator(), user_id!("@x:y"), Fault::Timeout);
    has(&said, &["x1"]);
}

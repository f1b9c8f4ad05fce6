//! The past of a room, event by event, for what reads it.

use std::collections::BTreeMap;

use gleipnir_core::{
    model::RoomDetails,
    ruma::{RoomId, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::stage;

/// 2026-11-21 00:00:00 UTC
pub(crate) const DAY: i64 = 1_795_219_200_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const ANA: &str = "@ana:hs.test";
pub(crate) const BOB: &str = "@bob:hs.test";
pub(crate) const MOD: &str = "@mod:hs.test";

pub(crate) fn talk() -> &'static RoomId {
    room_id!("!talk:hs.test")
}

/// The ID of the event of this number, from 0.
pub(crate) fn id(n: usize) -> String {
    format!("$e{n}:hs.test")
}

/// A room's history as the server gives it: each state event says what it replaced.
#[derive(Default)]
pub(crate) struct History(pub(crate) Vec<Value>);

impl History {
    /// Something is sent, a minute after what came before.
    pub(crate) fn event(mut self, sender: &str, kind: &str, content: &Value) -> Self {
        let n = self.0.len();
        let minutes = i64::try_from(n).expect("few");
        self.0.push(json!({"type": kind, "event_id": id(n), "sender": sender, "room_id": talk(),
            "origin_server_ts": DAY + minutes * MINUTE, "content": content, "unsigned": {}}));
        self
    }

    pub(crate) fn state(self, sender: &str, kind: &str, key: &str, content: &Value) -> Self {
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

    pub(crate) fn member(self, sender: &str, user: &str, content: &Value) -> Self {
        self.state(sender, "m.room.member", user, content)
    }

    pub(crate) fn join(self, user: &str, name: &str) -> Self {
        self.member(user, user, &json!({"membership": "join", "displayname": name}))
    }

    /// As [`History::join`], without a look at what came before: for thousands of them.
    pub(crate) fn quick_join(self, user: &str, name: &str) -> Self {
        let before = self.0.last().filter(|event| event["state_key"] == user).cloned();
        let mut history =
            self.event(user, "m.room.member", &json!({"membership": "join", "displayname": name}));
        let event = history.0.last_mut().expect("it was added");
        event["state_key"] = json!(user);
        if let Some(before) = before {
            event["unsigned"] =
                json!({"prev_content": before["content"], "replaces_state": before["event_id"]});
        }
        history
    }

    pub(crate) fn rules(self, content: &Value) -> Self {
        self.state(MOD, "m.room.join_rules", "", content)
    }

    /// A public room of Mod, at version 9.
    pub(crate) fn begin() -> Self {
        Self::default()
            .state(MOD, "m.room.create", "", &json!({"room_version": "9"}))
            .join(MOD, "Mod")
            .state(MOD, "m.room.power_levels", "", &json!({"users": {MOD: 100}}))
            .rules(&json!({"join_rule": "public"}))
    }

    /// The newest event of each type and state key.
    pub(crate) fn now(&self) -> Vec<Value> {
        let of = |event: &Value| Some((event["type"].to_string(), event["state_key"].as_str()?.to_owned()));
        let newest: BTreeMap<_, &Value> =
            self.0.iter().filter_map(|event| Some((of(event)?, event))).collect();
        let shown = newest.into_values().map(|event| {
            let mut event = event.clone();
            event["unsigned"] = json!({});
            event
        });
        shown.collect()
    }

    pub(crate) fn room(self) -> FakeRoom {
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

    pub(crate) fn stage(self) -> Stage {
        let stage = stage();
        stage.homeserver.put_room(talk(), self.room());
        stage
    }
}

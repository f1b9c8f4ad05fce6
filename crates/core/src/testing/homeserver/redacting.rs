//! How the fake homeserver redacts: each redaction of an event counts, also of one that is redacted already.

use std::collections::BTreeMap;

use ruma::{EventId, OwnedRoomId, RoomId, UserId};
use serde_json::{Value, json};

use super::{FakeHomeserver, FakeRoom, Inner, effects::has_power};
use crate::{
    model::{RedactionTask, TaskStatus, Windows, is_local},
    ports::Fault,
};

/// After so many looks at the list of tasks, one that nobody follows is done.
const LOOKS: usize = 6;

/// A redaction of what a user wrote.
pub(super) struct Redaction {
    pub(super) id: String,
    pub(super) user: ruma::OwnedUserId,
    pub(super) task: RedactionTask,
    pub(super) failed: BTreeMap<String, String>,
    pub(super) status: TaskStatus,
    pub(super) error: Option<String>,
    looks: usize,
}

/// What is known of redactions.
#[derive(Default)]
pub(super) struct Redactions {
    pub(super) tasks: Vec<Redaction>,
    /// How often each event was redacted.
    pub(super) counts: BTreeMap<String, u32>,
    /// What the bot redacted by itself: asked for again that does no more.
    pub(super) by_bot: Vec<String>,
    pub(super) version: Option<String>,
}

impl FakeHomeserver {
    /// How often each event was redacted.
    pub fn redactions(&self) -> BTreeMap<String, u32> {
        self.inner().redactions.counts.clone()
    }

    /// The redactions of what users wrote that are under way get done.
    pub fn finish_redactions(&self) {
        let mut inner = self.inner();
        for n in 0..inner.redactions.tasks.len() {
            inner.run_redaction(n, &self.me);
        }
    }

    /// Somebody redacts an event.
    pub fn redact_elsewhere(&self, room: &RoomId, event: &EventId, by: &UserId) {
        self.inner().redact(room, event.as_str(), by, None);
    }

    /// Another admin has everything of a user in a room redacted by the server.
    pub fn redact_user_elsewhere(&self, user: &UserId, room: &RoomId) {
        let task = RedactionTask { rooms: vec![room.to_owned()], ..RedactionTask::default() };
        self.inner().start_redaction(user, task);
    }

    /// The version of Synapse.
    pub fn is_version(&self, version: &str) {
        self.inner().redactions.version = Some(version.to_owned());
    }
}

impl Inner {
    pub(super) fn start_redaction(&mut self, user: &UserId, task: RedactionTask) -> String {
        let id = format!("redact{}", self.redactions.tasks.len() + 1);
        self.redactions.tasks.push(Redaction {
            id: id.clone(),
            user: user.to_owned(),
            task,
            failed: BTreeMap::new(),
            status: TaskStatus::Active,
            error: None,
            looks: 0,
        });
        id
    }

    /// The list of tasks is read.
    pub(super) fn look_at_redactions(&mut self, me: &UserId) {
        for n in 0..self.redactions.tasks.len() {
            self.redactions.tasks[n].looks += 1;
            if self.redactions.tasks[n].looks > LOOKS {
                self.run_redaction(n, me);
            }
        }
    }

    /// An event is redacted, once more if it was before. What keeps a room going stays in its state.
    pub(super) fn redact(&mut self, room: &RoomId, event: &str, by: &UserId, reason: Option<&str>) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let Some(target) = room.events.iter_mut().find(|known| known["event_id"] == event) else { return };
        *self.redactions.counts.entry(event.to_owned()).or_default() += 1;
        let membership = target["content"]["membership"].clone();
        target["content"] =
            if membership.is_null() { json!({}) } else { json!({ "membership": membership }) };
        target["unsigned"] = json!({"redacted_because": {"type": "m.room.redaction", "sender": by,
            "content": {"reason": reason, "redacts": event}}});
    }

    /// A task gets done, as Synapse does it.
    pub(super) fn run_redaction(&mut self, n: usize, me: &UserId) {
        let Redaction { user, task, status, .. } = &self.redactions.tasks[n];
        if *status != TaskStatus::Active {
            return;
        }
        let (user, task) = (user.clone(), task.clone());
        let version = self.redactions.version.as_deref().unwrap_or("1.163.2");
        let is_ours = is_local(&user, me);
        let by: &UserId = if is_ours { &user } else { me };
        let (after, before) = match Windows::of(version) {
            // 0 is no bound for it.
            Windows::Kept => (task.after.filter(|at| *at != 0), task.before.filter(|at| *at != 0)),
            Windows::Ignored => (None, None),
        };
        let rooms = if task.rooms.is_empty() { self.inside_or_banned(&user) } else { task.rooms.clone() };
        let mut status = TaskStatus::Complete;
        for room in &rooms {
            let Some(found) = self.rooms.get(room) else {
                self.redactions.tasks[n].error = Some(format!("404: Could not find room_version for {room}"));
                status = TaskStatus::Failed;
                break;
            };
            let refused = if is_ours { None } else { has_power(found, me, "redact").err() };
            let is_meant = |event: &&Value| {
                let at = event["origin_server_ts"].as_i64().unwrap_or_default();
                event["sender"] == user.as_str()
                    && after.is_none_or(|after| at >= after)
                    && before.is_none_or(|before| at <= before)
                    && match event["type"].as_str() {
                        Some("m.room.message" | "m.room.encrypted") => true,
                        Some("m.room.member") => event["content"]["membership"] == "join",
                        _ => false,
                    }
            };
            let ids: Vec<String> = found
                .events
                .iter()
                .filter(is_meant)
                .filter_map(|event| event["event_id"].as_str().map(str::to_owned))
                .collect();
            for id in ids {
                match &refused {
                    Some(Fault::Refused { message, .. }) => {
                        self.redactions.tasks[n].failed.insert(id, format!("403: {message}"));
                    }
                    _ if self.deaf => {}
                    _ => self.redact(room, &id, by, task.reason.as_deref()),
                }
            }
        }
        self.redactions.tasks[n].status = status;
    }

    /// The rooms that Synapse takes when none is named: without those that they left or were kicked from.
    fn inside_or_banned(&self, user: &UserId) -> Vec<OwnedRoomId> {
        let is_banned = |room: &FakeRoom| {
            let of_user =
                |event: &&Value| event["type"] == "m.room.member" && event["state_key"] == user.as_str();
            room.state.iter().rev().find(of_user).is_some_and(|event| event["content"]["membership"] == "ban")
        };
        let is_meant = |(_, room): &(&OwnedRoomId, &FakeRoom)| {
            room.members.iter().any(|member| member == user) || is_banned(room)
        };
        self.rooms.iter().filter(is_meant).map(|(id, _)| id.clone()).collect()
    }
}

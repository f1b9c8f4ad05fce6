//! An event explained: what happened in one sentence, what that changes one by one, and what to look out for.

use std::collections::BTreeSet;

use ruma::{OwnedRoomId, ServerName};
use serde_json::json;

use super::{can::allow_rooms, change, event::what, join_rules::let_in, names::Names, room_state::RoomState};
use crate::{model::Event, reply::Line};

/// What is known around an event. Nothing of it is required: what is missing makes a sentence shorter, never wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// What users and rooms are called.
    pub names: Option<&'a Names>,
    /// The server that the explanation is read on.
    pub here: Option<&'a ServerName>,
    /// The room's state when the event happened; or as it is now, when that is not known.
    pub state: Option<&'a RoomState>,
    /// IDs of other rooms that anyone can join, as far as they were looked at.
    pub public_rooms: Option<&'a BTreeSet<String>>,
}

/// An event explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Who did what to whom, and why, as a sentence without its full stop.
    pub sentence: Line,
    /// What it changes one by one, when a sentence cannot hold it.
    pub details: Vec<Line>,
    /// What to look out for, each as a whole sentence.
    pub warnings: Vec<Line>,
}

impl From<Line> for Explanation {
    fn from(sentence: Line) -> Self {
        Self { sentence, ..Self::default() }
    }
}

/// Explains any event, whatever its shape.
pub fn explain(event: &Event, around: &Around<'_>) -> Explanation {
    if event.state_key().is_some() && event.kind() != "m.room.member" {
        return change::explain(event, around);
    }
    let nothing = Names::default();
    what(event, around.names.unwrap_or(&nothing)).into()
}

/// The rooms that an explanation of an event speaks of: those that it names, or that let in who joins. `state` is as in
/// [`Around`].
pub fn rooms_mentioned(event: &Event, state: Option<&RoomState>) -> Vec<OwnedRoomId> {
    let before = event.prev_content().map(|content| Event(json!({"content": content})));
    let events = [Some(event), before.as_ref()].into_iter().flatten();
    let named = |path: &'static str| {
        let ids = events.clone().filter_map(move |event| event.content().pointer(path)?.as_str());
        ids.filter_map(|id| id.try_into().ok()).collect()
    };
    match event.kind() {
        "m.room.join_rules" => events.flat_map(let_in).collect(),
        "m.room.member" => {
            let rooms = state.map(allow_rooms).unwrap_or_default().into_iter();
            rooms.filter_map(|id| id.try_into().ok()).collect()
        }
        "m.room.tombstone" => named("/replacement_room"),
        "m.room.create" => named("/predecessor/room_id"),
        "m.space.child" | "m.space.parent" => {
            event.state_key().and_then(|id| id.try_into().ok()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    #[test]
    fn state_members_and_messages_have_words_of_their_own() {
        let around = Around { here: Some(ruma::server_name!("hs.test")), ..Around::default() };
        for (kind, key, content, want, warnings) in [
            ("m.room.topic", Some(""), json!({"topic": "a"}), "`@ana:hs.test` set the topic to “a”", 0),
            (
                "m.room.server_acl",
                Some(""),
                json!({"allow": ["*"], "deny": ["hs.test"]}),
                "`@ana:hs.test` set which servers may take part: all may take part, but for 1 pattern denied",
                1,
            ),
            (
                "m.room.member",
                Some("@ana:hs.test"),
                json!({"membership": "join"}),
                "`@ana:hs.test` joined",
                0,
            ),
            ("m.room.topic", None, json!({"topic": "a"}), "`@ana:hs.test` sent `m.room.topic`", 0),
        ] {
            let mut event = json!({"type": kind, "sender": "@ana:hs.test", "content": content});
            if let Some(key) = key {
                event["state_key"] = json!(key);
            }
            let told = explain(&Event(event), &around);
            assert_eq!(Reply::text(told.sentence).render().text, want);
            assert_eq!(told.warnings.len(), warnings, "{kind}");
        }
    }
}

//! An event explained: what happened in one sentence, what that changes one by one, and what to look out for.

use std::collections::BTreeSet;

use ruma::ServerName;

use super::{change, event::what, names::Names, room_state::RoomState};
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

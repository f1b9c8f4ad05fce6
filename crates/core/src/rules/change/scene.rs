//! What the tests of changes share: events of Ana, the names around them, and what is told of them.

use serde_json::{Value, json};

use super::explain;
use crate::{
    model::Event,
    reply::{Line, Reply},
    rules::{explain::Around, names::Names, room_state::RoomState},
};

/// A state event of Ana's with the empty state key, whose previous content is not known.
pub(super) fn set(kind: &str, content: &Value) -> Event {
    keyed(kind, "", content)
}

/// The same with a state key.
pub(super) fn keyed(kind: &str, key: &str, content: &Value) -> Event {
    Event(json!({"type": kind, "state_key": key, "sender": "@ana:hs.test", "content": content}))
}

/// A state event with the empty state key whose previous content is known.
pub(super) fn changed(kind: &str, before: &Value, after: &Value) -> Event {
    keyed_changed(kind, "", before, after)
}

/// The same with a state key.
pub(super) fn keyed_changed(kind: &str, key: &str, before: &Value, after: &Value) -> Event {
    let mut event = keyed(kind, key, after);
    event.0["unsigned"] = json!({"prev_content": before});
    event
}

/// The event as a moderator's redaction leaves it; `content` is what is left.
pub(super) fn redacted(kind: &str, content: &Value) -> Event {
    let mut event = set(kind, content);
    event.0["unsigned"] = json!({"redacted_because": {"type": "m.room.redaction", "sender": "@bob:hs.test",
        "content": {"reason": "spam"}}});
    event
}

/// A room of a version that Ana made, with other state.
pub(super) fn room(version: &str, state: impl IntoIterator<Item = Event>) -> RoomState {
    RoomState::of([set("m.room.create", &json!({"room_version": version}))].into_iter().chain(state), None)
}

/// What users and rooms are called.
pub(super) fn names() -> Names {
    let member = |id: &str, name: &str| {
        Event(json!({"type": "m.room.member", "state_key": id, "content": {"displayname": name}}))
    };
    Names::of(&[member("@ana:hs.test", "Ana"), member("@bob:hs.test", "Bob")]).with_room(
        "!club:hs.test",
        Some("Club"),
        None,
    )
}

/// What is told, as plain text.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) sentence: String,
    pub(super) details: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// What is told of an event when only names are known.
pub(super) fn told(event: &Event) -> Told {
    told_around(event, &Around::default())
}

/// What is told of an event in a room with that state.
pub(super) fn told_in(event: &Event, state: &RoomState) -> Told {
    told_around(event, &Around { state: Some(state), ..Around::default() })
}

/// What is told of an event by what is known around it, and names.
pub(super) fn told_around(event: &Event, around: &Around<'_>) -> Told {
    let names = names();
    let told = explain(event, &Around { names: Some(&names), ..*around });
    let text = |line: Line| Reply::text(line).render().text;
    let texts = |lines: Vec<Line>| lines.into_iter().map(text).collect();
    Told { sentence: text(told.sentence), details: texts(told.details), warnings: texts(told.warnings) }
}

impl Told {
    /// Nothing but the sentence.
    #[track_caller]
    pub(super) fn says(&self, sentence: &str) {
        self.is(sentence, &[], &[]);
    }

    /// The sentence and details, nothing to look out for.
    #[track_caller]
    pub(super) fn lists(&self, sentence: &str, details: &[&str]) {
        self.is(sentence, details, &[]);
    }

    /// The sentence and warnings, no details.
    #[track_caller]
    pub(super) fn warns(&self, sentence: &str, warnings: &[&str]) {
        self.is(sentence, &[], warnings);
    }

    /// All of it.
    #[track_caller]
    pub(super) fn is(&self, sentence: &str, details: &[&str], warnings: &[&str]) {
        assert_eq!(self.sentence, sentence);
        assert_eq!(self.details, details, "{sentence}");
        assert_eq!(self.warnings, warnings, "{sentence}");
    }
}

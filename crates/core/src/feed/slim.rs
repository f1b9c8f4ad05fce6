//! What is kept of an event until it was told: what its sentence is made of. All that waits is in memory at once, and an
//! event can have 64 KiB of anything, twice with what was before.

use serde_json::{Map, Value};

/// The fields of an event.
const EVENT: [&str; 11] = [
    "type",
    "event_id",
    "room_id",
    "sender",
    "state_key",
    "origin_server_ts",
    "content",
    "prev_content",
    "replaces_state",
    "redacted_because",
    "unsigned",
];
/// Those of `unsigned`.
const UNSIGNED: [&str; 5] =
    ["prev_content", "prev_sender", "replaces_state", "redacted_because", "redacted_by"];
/// Those of the content of `m.room.member`.
const MEMBER: [&str; 9] = [
    "membership",
    "displayname",
    "avatar_url",
    "reason",
    "is_direct",
    "third_party_invite",
    "join_authorised_via_users_server",
    "redact_events",
    "org.matrix.msc4293.redact_events",
];
/// Bytes of a text: more than a sentence shows of the longest.
const TEXT: usize = 4000;

pub(super) fn slim(mut event: Value) -> Value {
    keep(Some(&mut event), &EVENT);
    keep(event.get_mut("unsigned"), &UNSIGNED);
    if event.get("type").is_some_and(|kind| kind == "m.room.member") {
        for content in ["/content", "/prev_content", "/unsigned/prev_content"] {
            keep(event.pointer_mut(content), &MEMBER);
        }
    }
    cut(&mut event);
    event
}

fn keep(object: Option<&mut Value>, fields: &[&str]) {
    if let Some(object) = object.and_then(Value::as_object_mut) {
        object.retain(|key, _| fields.contains(&key.as_str()));
    }
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(TEXT)),
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(fields) => Map::values_mut(fields).for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_sentence_is_made_of_is_kept() {
        let event = json!({"type": "m.room.member", "event_id": "$a", "room_id": "!a:hs", "sender": "@s:hs",
            "state_key": "@t:hs", "origin_server_ts": 7,
            "content": {"membership": "ban", "reason": "spam", "org.matrix.msc4293.redact_events": true},
            "unsigned": {"prev_content": {"membership": "join", "displayname": "T"}, "prev_sender": "@t:hs",
                "replaces_state": "$b", "redacted_because": {"sender": "@m:hs", "content": {"reason": "x"}}}});
        assert_eq!(slim(event.clone()), event);
        let mut fat = event.clone();
        fat["signatures"] = json!({"hs": "x"});
        fat["content"]["filler"] = json!([1]);
        fat["unsigned"]["age"] = json!(5);
        fat["unsigned"]["invite_room_state"] = json!([{}]);
        fat["unsigned"]["prev_content"]["filler"] = json!({});
        assert_eq!(slim(fat), event);
        // Of other types all fields count.
        let own = json!({"type": "org.example", "content": {"any": ["thing"]}});
        assert_eq!(slim(own.clone()), own);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let slimmed = slim(json!({"type": "x", "content": {"a": ["ä€".repeat(20_000)]}}));
        let text = slimmed["content"]["a"][0].as_str().unwrap_or_default();
        assert!((TEXT - 3..=TEXT).contains(&text.len()), "{}", text.len());
        for odd in [
            json!(7),
            json!(null),
            json!([1]),
            json!({"type": "m.room.member", "content": 7, "unsigned": []}),
        ] {
            assert_eq!(slim(odd.clone()), odd);
        }
    }
}

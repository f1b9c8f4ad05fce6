//! What an event of the management room means to the bot. Pure; an event of any shape is understood or ignored.

use ruma::{OwnedEventId, OwnedUserId, UserId};
use serde_json::Value;

use crate::{model::Event, text::message::command_text};

/// An event of the management room, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Somebody wrote something.
    Text {
        /// Who.
        sender: OwnedUserId,
        /// What, with pills as links.
        text: String,
    },
    /// Somebody reacted to something.
    Reaction {
        /// Who.
        sender: OwnedUserId,
        /// To what.
        to: OwnedEventId,
        /// The emoji.
        key: String,
    },
    /// Somebody wrote something that could not be decrypted.
    Undecryptable {
        /// Who.
        sender: OwnedUserId,
    },
    /// Nothing for us: our own events, edits, notices, state, redacted or malformed events.
    Nothing,
}

/// Reads an event; `me` is the bot.
pub fn read(json: &Value, me: &UserId) -> Incoming {
    let event = Event(json.clone());
    let Ok(sender) = OwnedUserId::try_from(event.sender()) else { return Incoming::Nothing };
    if sender == me || event.state_key().is_some() || event.redacted_because().is_some() {
        return Incoming::Nothing;
    }
    match event.kind() {
        "m.room.message" => match command_text(event.content()) {
            Some(text) => Incoming::Text { sender, text },
            None => Incoming::Nothing,
        },
        "m.room.encrypted" => Incoming::Undecryptable { sender },
        "m.reaction" => {
            let relation = |key: &str| event.content().get("m.relates_to")?.get(key)?.as_str();
            match (relation("event_id").map(OwnedEventId::try_from), relation("key")) {
                (Some(Ok(to)), Some(key)) => Incoming::Reaction { sender, to, key: key.to_owned() },
                _ => Incoming::Nothing,
            }
        }
        _ => Incoming::Nothing,
    }
}

/// The event that a message replies to. In a thread that is its root, unless the message replies to another one there:
/// programs that know no threads are shown each message as a reply to the last.
pub fn replied_to(json: &Value) -> Option<OwnedEventId> {
    let relation = json.get("content")?.get("m.relates_to")?;
    let is_thread = relation.get("rel_type").and_then(Value::as_str) == Some("m.thread");
    let falls_back = relation.get("is_falling_back").and_then(Value::as_bool) == Some(true);
    let to = match relation.get("m.in_reply_to") {
        Some(other) if !(is_thread && falls_back) => other.get("event_id")?,
        _ if is_thread => relation.get("event_id")?,
        _ => return None,
    };
    to.as_str()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;

    fn read_as_bot(json: &Value) -> Incoming {
        read(json, user_id!("@bot:hs.test"))
    }

    #[test]
    fn messages_and_reactions_of_others_are_read() {
        let text = json!({"type": "m.room.message", "sender": "@mod:hs.test", "event_id": "$a",
            "content": {"msgtype": "m.text", "body": "!help"}});
        assert!(matches!(read_as_bot(&text), Incoming::Text { text, .. } if text == "!help"));
        let reaction = json!({"type": "m.reaction", "sender": "@mod:hs.test", "event_id": "$b",
            "content": {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a", "key": "✅"}}});
        assert!(matches!(read_as_bot(&reaction), Incoming::Reaction { key, .. } if key == "✅"));
        let encrypted = json!({"type": "m.room.encrypted", "sender": "@mod:hs.test", "content": {}});
        assert!(matches!(read_as_bot(&encrypted), Incoming::Undecryptable { .. }));
    }

    #[test]
    fn everything_else_is_nothing() {
        let base = json!({"type": "m.room.message", "sender": "@mod:hs.test", "event_id": "$a",
            "content": {"msgtype": "m.text", "body": "!shutdown !a:hs.test"}});
        let with = |key: &str, value: Value| {
            let mut event = base.clone();
            event[key] = value;
            event
        };
        for event in [
            with("sender", json!("@bot:hs.test")),
            with("sender", json!(7)),
            with("state_key", json!("")),
            with("unsigned", json!({"redacted_because": {"type": "m.room.redaction"}})),
            with("content", json!({"msgtype": "m.notice", "body": "!shutdown !a:hs.test"})),
            with(
                "content",
                json!({"msgtype": "m.text", "body": "* !shutdown !a:hs.test",
                "m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}}),
            ),
            with("content", json!(null)),
            with("type", json!("org.example.message")),
            json!([1, 2]),
            json!(null),
        ] {
            assert_eq!(read_as_bot(&event), Incoming::Nothing, "{event}");
        }
    }

    #[test]
    fn what_is_replied_to() {
        let to = |relation: Value| {
            replied_to(&json!({"content": {"m.relates_to": relation}})).map(|event| event.to_string())
        };
        let reply = json!({"event_id": "$a"});
        assert_eq!(to(json!({"m.in_reply_to": reply})).as_deref(), Some("$a"));
        let thread = |falls_back| {
            json!({"rel_type": "m.thread", "event_id": "$root", "is_falling_back": falls_back,
                "m.in_reply_to": reply})
        };
        assert_eq!(to(thread(true)).as_deref(), Some("$root"));
        assert_eq!(to(thread(false)).as_deref(), Some("$a"));
        assert_eq!(to(json!({"rel_type": "m.thread", "event_id": "$root"})).as_deref(), Some("$root"));
        for none in [
            json!(null),
            json!({"m.in_reply_to": {"event_id": "a"}}),
            json!({"m.in_reply_to": 1}),
            json!({"event_id": "$a"}),
        ] {
            assert_eq!(to(none), None);
        }
        assert_eq!(replied_to(&json!(null)), None);
    }
}

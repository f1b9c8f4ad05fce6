//! An event of a room's timeline, as plain JSON.

use matrix_sdk::deserialized_responses::{
    TimelineEvent as SdkEvent, TimelineEventKind, UnableToDecryptReason,
};
use serde_json::Value;

use crate::ruma::UserId;

/// One event of a timeline.
#[derive(Clone, Debug)]
pub struct TimelineEvent {
    /// The event as a client sees it (`type`, `content`, `sender`, `event_id`, `origin_server_ts`, `unsigned`
    /// and, for a state event, `state_key`): after decryption where that succeeded, else `m.room.encrypted`.
    /// `room_id` may be absent.
    pub json: Value,
    /// What became of its encryption.
    pub decryption: Decryption,
}

/// What became of an event's encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decryption {
    /// It was sent in the clear.
    Clear,
    /// It was sent encrypted and has been read.
    Decrypted,
    /// It was sent encrypted and cannot be read, or not yet: the key may still arrive.
    Undecryptable {
        /// Why, in words.
        reason: String,
    },
}

impl TimelineEvent {
    /// `None` for JSON that cannot be read at all (nested too deeply).
    pub(crate) fn read(event: &SdkEvent) -> Option<Self> {
        let json = match serde_json::from_str(event.raw().json().get()) {
            Ok(json) => json,
            Err(error) => {
                tracing::warn!(%error, "an event whose JSON cannot be read is left out");
                return None;
            }
        };
        let decryption = match &event.kind {
            TimelineEventKind::PlainText { .. } => Decryption::Clear,
            TimelineEventKind::Decrypted(_) => Decryption::Decrypted,
            TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
                Decryption::Undecryptable { reason: in_words(&utd_info.reason) }
            }
        };
        Some(Self { json, decryption })
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.json["event_id"].as_str()
    }

    /// Whether `user` came into the room with this event.
    pub(crate) fn is_join_of(&self, user: &UserId) -> bool {
        is_join_of(&self.json, user)
    }
}

/// Whether `user` came into the room with an event. A change of name is also a `join`, but follows one.
pub(crate) fn is_join_of(event: &Value, user: &UserId) -> bool {
    event["type"] == "m.room.member"
        && event["state_key"] == user.as_str()
        && event["content"]["membership"] == "join"
        && event["unsigned"]["prev_content"]["membership"] != "join"
}

fn in_words(reason: &UnableToDecryptReason) -> String {
    match reason {
        UnableToDecryptReason::MissingMegolmSession { withheld_code: Some(code) } => {
            format!("the sender's client withheld the key ({code})")
        }
        UnableToDecryptReason::MissingMegolmSession { withheld_code: None } => {
            "the key has not arrived".to_owned()
        }
        UnableToDecryptReason::UnknownMegolmMessageIndex => {
            "the key that arrived is for later messages only".to_owned()
        }
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ruma::user_id;

    #[test]
    fn a_join_is_told_from_a_change_of_name() {
        let member = |state_key: &str, membership: &str, unsigned: Value| TimelineEvent {
            json: json!({
                "type": "m.room.member", "state_key": state_key,
                "content": { "membership": membership }, "unsigned": unsigned,
            }),
            decryption: Decryption::Clear,
        };
        let before = |membership: &str| json!({ "prev_content": { "membership": membership } });
        let bot = user_id!("@bot:hs.test");
        for (event, join) in [
            (member("@bot:hs.test", "join", json!({})), true),
            (member("@bot:hs.test", "join", before("invite")), true),
            (member("@bot:hs.test", "join", before("leave")), true),
            (member("@bot:hs.test", "join", before("join")), false),
            (member("@bot:hs.test", "invite", json!({})), false),
            (member("@ana:hs.test", "join", json!({})), false),
        ] {
            assert_eq!(event.is_join_of(bot), join, "{event:?}");
        }
    }
}

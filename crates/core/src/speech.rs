//! What the bot says in the management room. A message is said under a key: saying something else under the same key
//! edits it. Keys make sending idempotent: whatever crashes when, each version of a message reaches the room once.

use std::borrow::Cow;

use ruma::OwnedEventId;

use crate::reply::{Attachment, Rendered, Reply};

/// A message, or the next version of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Say {
    /// What it is known by, such as `run-12`.
    pub key: String,
    /// The event that it answers.
    pub reply_to: Option<OwnedEventId>,
    /// What it says.
    pub rendered: Rendered,
    /// A file that is sent after it, under the key `<key>-file`.
    pub attachment: Option<Attachment>,
}

impl Say {
    /// Says `reply` under `key`.
    pub fn new(key: impl Into<String>, reply_to: Option<OwnedEventId>, reply: &Reply) -> Self {
        Self { key: key.into(), reply_to, rendered: reply.render(), attachment: reply.attachment.clone() }
    }
}

/// A reaction of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// To what.
    pub to: Marked,
    /// Which emoji.
    pub emoji: Cow<'static, str>,
    /// Whether it may be left out.
    pub effort: Effort,
}

impl Mark {
    /// What it is known by: the same reaction to the same event is made once.
    pub fn key(&self) -> String {
        match &self.to {
            Marked::Event(event) => format!("{} {event}", self.emoji),
            Marked::Message(key) => format!("{} {key}", self.emoji),
        }
    }
}

impl Mark {
    /// A reaction that is offered below a message of ours, to be tapped.
    pub fn offer(key: impl Into<String>, emoji: impl Into<Cow<'static, str>>) -> Self {
        Self { to: Marked::Message(key.into()), emoji: emoji.into(), effort: Effort::Once }
    }
}

/// What is reacted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// Somebody's event.
    Event(OwnedEventId),
    /// Our own message of this key.
    Message(String),
}

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Until it is there.
    Surely,
    /// Once: left out when the server asks to slow down.
    Once,
}

/// Something to send. Later versions of a message that was not sent yet replace earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What it is known by.
    pub key: String,
    /// Its version, from 1; with the key, it makes the transaction ID.
    pub version: u32,
    /// What to send.
    pub what: Sendable,
}

/// What can be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Sendable {
    /// A message.
    Message {
        /// The event that it answers.
        reply_to: Option<OwnedEventId>,
        /// The event that it replaces, when an earlier version was sent.
        replaces: Option<OwnedEventId>,
        /// What it says.
        rendered: Rendered,
    },
    /// A file.
    File {
        /// The event that it answers.
        reply_to: Option<OwnedEventId>,
        /// The file.
        attachment: Attachment,
    },
    /// A reaction.
    Reaction {
        /// To what.
        to: OwnedEventId,
        /// Which emoji.
        emoji: String,
        /// How hard to try.
        effort: Effort,
    },
}

/// What the keys of messages about the execution of Plans begin with.
pub const REPORT: &str = "run-";

/// What the keys of messages about watched rooms begin with: they are sent after all others.
pub const FEED: &str = "feed-";

/// Seen, and being worked on.
pub const SEEN: &str = "👀";
/// The server confirmed it; or, as a moderator's reaction to a preview: do it.
pub const YES: &str = "✅";
/// It failed or was refused; or, as a moderator's reaction to a preview: drop it.
pub const NO: &str = "❌";
/// Some of it was done.
pub const PARTLY: &str = "⚠️";

/// As a moderator's reaction to a page: the one to the left, such as older messages.
pub const LEFT: &str = "⬅️";
/// The page to the right.
pub const RIGHT: &str = "➡️";

/// As a moderator's reaction to the card of a case: they look after it.
pub const CLAIM: &str = "✋";
/// As a moderator's reaction to the card of a case: it is settled.
pub const RESOLVE: &str = "☑️";
/// As a moderator's reaction to the card of a case: there was nothing to it.
pub const DISMISS: &str = "🗑️";

/// Whether a reaction's key is this emoji, with or without its variation selector, and in whatever skin tone.
pub fn is_emoji(key: &str, emoji: &str) -> bool {
    let steers = |c: char| matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    key.trim_end_matches(steers) == emoji.trim_end_matches(steers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_as_phones_send_them() {
        for (key, emoji, is) in [
            ("✋", CLAIM, true),
            ("✋\u{1f3ff}", CLAIM, true),
            ("☑", RESOLVE, true),
            ("☑\u{fe0f}", RESOLVE, true),
            ("🗑", DISMISS, true),
            ("✅", RESOLVE, false),
            ("☑️", YES, false),
            ("", CLAIM, false),
            ("\u{1f3ff}", CLAIM, false),
            ("✋ no", CLAIM, false),
        ] {
            assert_eq!(is_emoji(key, emoji), is, "{key} {emoji}");
        }
    }
}

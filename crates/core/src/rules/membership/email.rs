//! Invitations by e-mail that nobody has turned into a membership yet: `m.room.third_party_invite`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomthird_party_invite>

use serde_json::Value;

use super::{sender_line, tail};
use crate::{
    model::Event,
    reply::Line,
    rules::{event::reason, names::Names},
    text::clean::clean,
};

/// What an `m.room.third_party_invite` event says, as a sentence without its full stop: somebody was invited by
/// e-mail, or such an invitation was withdrawn. Who it is for is known by a name only, such as the half of an address.
pub fn explain_third_party_invite(event: &Event, names: &Names) -> Line {
    let before = event.prev_content().filter(|content| !is_empty(content));
    let sender = sender_line(event, names);
    let line = match before {
        // Redaction leaves as little as revocation does.
        _ if super::is_redacted(event) => sender.text(" sent or withdrew an e-mail invitation"),
        // "The user's invitation is revoked by sending an event with empty content."
        Some(before) if is_empty(event.content()) => {
            named(sender.text(" withdrew the e-mail invitation for "), before)
        }
        None if is_empty(event.content()) => sender.text(" withdrew an e-mail invitation"),
        None => named(sender.text(" invited "), event.content()).text(" by e-mail"),
        Some(_) => named(sender.text(" repeated the e-mail invitation for "), event.content()),
    };
    let line = reason(line, event);
    match event.state_key() {
        Some(_) => tail::redaction(line, event, "who it was for", names),
        None => line.text("; this is not part of the room's state, and invites nobody"),
    }
}

/// Without anything by which the invitation could be accepted.
fn is_empty(content: &Value) -> bool {
    content.as_object().is_none_or(serde_json::Map::is_empty)
}

fn named(line: Line, content: &Value) -> Line {
    match display_name(content) {
        Some(name) => line.user(name),
        None => line.text("somebody without a name"),
    }
}

/// `display_name`, when anything of it is visible.
pub(super) fn display_name(content: &Value) -> Option<&str> {
    content.get("display_name")?.as_str().filter(|name| !clean(name, 1).is_empty())
}

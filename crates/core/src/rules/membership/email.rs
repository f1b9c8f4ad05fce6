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
        // Clients revoke the invitation by emptying it; then "any signature … matches any public key" no more.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    #[track_caller]
    fn check(unsigned: &Value, content: &Value, want: &str) {
        let event = Event(json!({"type": "m.room.third_party_invite", "sender": "@mod:hs.test",
            "state_key": "token", "content": content, "unsigned": unsigned}));
        let said = Reply::text(explain_third_party_invite(&event, &Names::default())).render().text;
        assert_eq!(said, format!("`@mod:hs.test` {want}"), "{event:?}");
    }

    #[test]
    fn invited_repeated_withdrawn() {
        let (nothing, bob) = (json!({}), json!({"display_name": "bob…@exa…", "key_validity_url": "x"}));
        let after_bob = json!({"prev_content": bob});
        check(&nothing, &bob, "invited “bob…@exa…” by e-mail");
        check(&json!({"prev_content": {}}), &bob, "invited “bob…@exa…” by e-mail");
        check(&after_bob, &bob, "repeated the e-mail invitation for “bob…@exa…”");
        check(&after_bob, &nothing, "withdrew the e-mail invitation for “bob…@exa…”");
        check(&nothing, &nothing, "withdrew an e-mail invitation");
        check(&nothing, &json!(7), "withdrew an e-mail invitation");
        check(&nothing, &json!({"display_name": 7}), "invited somebody without a name by e-mail");
        check(&nothing, &json!({"display_name": "\u{200b}"}), "invited somebody without a name by e-mail");
        check(&nothing, &json!({"display_name": "b", "reason": "hi"}), "invited “b” by e-mail, because “hi”");
        let redacted = json!({"prev_content": bob, "redacted_because": {"sender": "@ana:hs.test"}});
        check(
            &redacted,
            &nothing,
            "sent or withdrew an e-mail invitation; who it was for was removed from this event by `@ana:hs.test`",
        );
    }

    #[test]
    fn without_a_state_key_nobody_is_invited() {
        let event = Event(json!({"content": {"display_name": "bob"}}));
        assert_eq!(
            Reply::text(explain_third_party_invite(&event, &Names::default())).render().text,
            "somebody invited “bob” by e-mail; this is not part of the room's state, and invites nobody"
        );
    }
}

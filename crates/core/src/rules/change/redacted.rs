//! State that was redacted: who did it, and what holds instead of what it set.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#redactions>

use super::{Change, join_rules, policy_rule, unknown, words::text};
use crate::{
    model::Event,
    reply::Line,
    rules::{explain::Explanation, state},
};

pub(super) fn explain(change: &Change<'_>, redaction: &Event) -> Explanation {
    let line = change.who().text(" set ").append(what(change)).text("; redacted by ");
    let line = line.append(change.names.user(redaction.sender()));
    let sentence = match redaction.text("reason").filter(|reason| !reason.is_empty()) {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    };
    let holds = Line::new().text("Unless it was set again since: ").append(left(change)).text(".");
    Explanation { sentence, details: vec![holds], warnings: warning(change).into_iter().collect() }
}

/// What was set.
fn what(change: &Change<'_>) -> Line {
    match change.event.kind() {
        "m.room.create" => "what the room is".into(),
        "m.room.name" => "the room's name".into(),
        "m.room.topic" => "the topic".into(),
        "m.room.avatar" => "the room's picture".into(),
        "m.room.canonical_alias" => "the main alias".into(),
        "m.room.join_rules" => "who can join".into(),
        "m.room.history_visibility" => "who can read the history".into(),
        "m.room.guest_access" => "guest access".into(),
        "m.room.encryption" => "encryption".into(),
        "m.room.power_levels" => "the power levels".into(),
        "m.room.server_acl" => "which servers may take part".into(),
        "m.room.policy" => "the policy server".into(),
        "m.room.tombstone" => "that the room is closed".into(),
        "m.room.pinned_events" => "the pinned messages".into(),
        "m.space.child" => Line::new().text("the place of ").append(change.names.room(change.key())),
        "m.space.parent" => Line::new().text("the space ").append(change.names.room(change.key())),
        kind if policy_rule::subject(kind).is_some() => policy_rule::keyed(change),
        _ => unknown::about(change),
    }
}

/// What holds now. Redactions leave the rules that a room cannot be without.
fn left(change: &Change<'_>) -> Line {
    let (event, content) = (change.event, change.after());
    let kept = |line: Line| Line::new().text("a redaction leaves ").append(line);
    match event.kind() {
        "m.room.create" => kept(state::create("the room as it is".into(), event, change.names)),
        "m.room.name" => "the room has no name".into(),
        "m.room.topic" => "there is no topic".into(),
        "m.room.avatar" => "the room has no picture".into(),
        "m.room.canonical_alias" => "the room has no main alias".into(),
        "m.room.join_rules" => kept(Line::from("the rule: ").append(join_rules::now(change, content))),
        "m.room.history_visibility" => {
            let words = state::history_visibility(text(content, "history_visibility"));
            kept(Line::from("the setting: ").append(words))
        }
        "m.room.guest_access" => {
            Line::from("guests ").append(state::guest_access(event.text("guest_access")))
        }
        "m.room.encryption" => "no algorithm is named".into(),
        "m.room.power_levels" => kept(state::power_levels("the levels: ".into(), content, change.names)),
        "m.room.server_acl" => state::server_acl("of the servers, ".into(), content),
        "m.room.policy" => "there is no policy server".into(),
        "m.room.tombstone" => "no other room is named".into(),
        "m.room.pinned_events" => "no message is pinned".into(),
        "m.space.child" => "that room is not in this space".into(),
        "m.space.parent" => "this room does not name that space".into(),
        kind if policy_rule::subject(kind).is_some() => "the rule is gone".into(),
        _ => "it is as if nothing had been set".into(),
    }
}

fn warning(change: &Change<'_>) -> Option<Line> {
    let content = change.after();
    match change.event.kind() {
        "m.room.server_acl" if super::acl::list(content).allow.is_empty() => {
            Some("A list of servers without content locks out every server. Set a new one at once.".into())
        }
        "m.room.encryption" => {
            Some("Encryption cannot be turned off: apps that have seen it on go on encrypting.".into())
        }
        "m.room.join_rules" if text(content, "join_rule") == Some("public") => {
            Some("The redaction does not close the room: the rule is as it was.".into())
        }
        "m.room.power_levels" => {
            Some("The redaction takes no power from anybody: the levels are as they were.".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{redacted, told};

    #[test]
    fn what_holds_instead() {
        let none = json!({});
        for (kind, what, left) in [
            ("m.room.name", "the room's name", "the room has no name"),
            ("m.room.topic", "the topic", "there is no topic"),
            ("m.room.avatar", "the room's picture", "the room has no picture"),
            ("m.room.canonical_alias", "the main alias", "the room has no main alias"),
            ("m.room.guest_access", "guest access", "guests cannot join"),
            ("m.room.policy", "the policy server", "there is no policy server"),
            ("m.room.tombstone", "that the room is closed", "no other room is named"),
            ("m.room.pinned_events", "the pinned messages", "no message is pinned"),
            ("m.policy.rule.user", "the policy rule without a state key", "the rule is gone"),
            ("x.y", "`x.y`", "it is as if nothing had been set"),
        ] {
            told(&redacted(kind, &none)).lists(
                &format!("Ana (`@ana:hs.test`) set {what}; redacted by Bob (`@bob:hs.test`), because “spam”"),
                &[&format!("Unless it was set again since: {left}.")],
            );
        }
    }

    #[test]
    fn what_a_redaction_leaves() {
        let levels = "everybody else 0; it takes 0 to write, 50 to change settings, 0 to invite, 50 to kick, 50 to ban, 50 to redact";
        for (kind, content, left, warnings) in [
            (
                "m.room.create",
                json!({}),
                "a redaction leaves the room as it is, version `1`".to_owned(),
                None,
            ),
            (
                "m.room.join_rules",
                json!({"join_rule": "public"}),
                "a redaction leaves the rule: anyone can join".to_owned(),
                Some("The redaction does not close the room: the rule is as it was."),
            ),
            (
                "m.room.history_visibility",
                json!({"history_visibility": "joined"}),
                "a redaction leaves the setting: members can read it from their joining on".to_owned(),
                None,
            ),
            (
                "m.room.power_levels",
                json!({"users": {"@a:hs": 100}}),
                format!("a redaction leaves the levels: `@a:hs` 100, {levels}"),
                Some("The redaction takes no power from anybody: the levels are as they were."),
            ),
            (
                "m.room.server_acl",
                json!({}),
                "of the servers, none may take part, for the list of those allowed is empty, none is denied"
                    .to_owned(),
                Some("A list of servers without content locks out every server. Set a new one at once."),
            ),
            (
                "m.room.encryption",
                json!({}),
                "no algorithm is named".to_owned(),
                Some("Encryption cannot be turned off: apps that have seen it on go on encrypting."),
            ),
        ] {
            let told = told(&redacted(kind, &content));
            assert_eq!(told.details, [format!("Unless it was set again since: {left}.")], "{kind}");
            assert_eq!(told.warnings, Vec::from_iter(warnings), "{kind}");
        }
    }
}

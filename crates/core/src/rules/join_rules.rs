//! Join rules in words: `m.room.join_rules`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules>

use serde_json::Value;

use crate::reply::Line;

/// How one gets into a room. `content` is that of `m.room.join_rules`, when it is known; `rule` is its `join_rule`.
pub fn explain(rule: Option<&str>, content: Option<&Value>) -> Line {
    let rooms = content.map(allowed).unwrap_or_default();
    let line = Line::new();
    match rule {
        Some("public") => line.text("anyone can join"),
        Some("invite") => line.text("only invited people can join"),
        Some("knock") => line.text("people can ask to join; someone inside must accept"),
        // "If the allow key is an empty list (or not a list at all), then no users are allowed to join without an invite."
        Some("restricted") if rooms.is_empty() => {
            line.text("restricted, but no room is named: only invited people can join")
        }
        Some("restricted") => {
            with_rooms(line.text("members of "), &rooms).text(" can join, everybody else needs an invitation")
        }
        Some("knock_restricted") if rooms.is_empty() => {
            line.text("people can ask to join; no room is named whose members could join")
        }
        Some("knock_restricted") => {
            with_rooms(line.text("members of "), &rooms).text(" can join, everybody else can ask")
        }
        Some("private") => line.text("private (a rule without a meaning): only invited people can join"),
        Some(other) => line.text("the unknown rule ").user(other).text(": closed"),
        None => line.text("not known"),
    }
}

/// How one gets into a room, in a few words: for a line of a list.
pub fn in_short(rule: Option<&str>) -> Line {
    let line = Line::new();
    match rule {
        Some("public") => line.text("anyone can join"),
        Some("invite" | "private") => line.text("invited people only"),
        Some("knock") => line.text("ask to join"),
        Some("restricted") => line.text("for members of other rooms"),
        Some("knock_restricted") => line.text("for members of other rooms, others can ask"),
        Some(other) => line.text("unknown join rule ").user(other),
        None => line.text("join rule not known"),
    }
}

/// The rooms whose members may join; conditions of other types and without a room match nothing.
pub(super) fn allowed(content: &Value) -> Vec<&str> {
    let conditions = content.get("allow").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    conditions
        .iter()
        .filter(|condition| condition.get("type").and_then(Value::as_str) == Some("m.room_membership"))
        .filter_map(|condition| condition.get("room_id")?.as_str())
        .collect()
}

fn with_rooms(line: Line, rooms: &[&str]) -> Line {
    const NAMED: usize = 5;
    let line = rooms.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.code(*room)
    });
    match rooms.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {more} more rooms")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    #[track_caller]
    fn check(rule: Option<&str>, content: &Value, want: &str) {
        assert_eq!(Reply::new().paragraph(explain(rule, Some(content))).render().text, want);
    }

    #[test]
    fn rules_in_words() {
        let none = json!({});
        let allow =
            json!({"allow": [{"type": "m.room_membership", "room_id": "!a:hs.test"}, {"type": "x"}, 7]});
        check(Some("public"), &none, "anyone can join");
        check(Some("invite"), &none, "only invited people can join");
        check(Some("knock"), &none, "people can ask to join; someone inside must accept");
        check(Some("restricted"), &none, "restricted, but no room is named: only invited people can join");
        check(
            Some("restricted"),
            &allow,
            "members of `!a:hs.test` can join, everybody else needs an invitation",
        );
        check(Some("knock_restricted"), &allow, "members of `!a:hs.test` can join, everybody else can ask");
        check(Some("private"), &none, "private (a rule without a meaning): only invited people can join");
        check(Some("<b>"), &none, "the unknown rule “<b>”: closed");
        check(None, &json!({"allow": "x"}), "not known");
    }

    #[test]
    fn rules_in_short() {
        for (rule, want) in [
            (Some("public"), "anyone can join"),
            (Some("private"), "invited people only"),
            (Some("knock_restricted"), "for members of other rooms, others can ask"),
            (Some("<b>"), "unknown join rule “<b>”"),
            (None, "join rule not known"),
        ] {
            assert_eq!(Reply::text(in_short(rule)).render().text, want);
        }
    }
}

//! Join rules in words: `m.room.join_rules`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules>

use ruma::OwnedRoomId;
use serde_json::Value;

use super::{names::Names, room_state::RoomState};
use crate::{model::Event, reply::Line};

/// How one gets into a room. `content` is that of `m.room.join_rules`, when it is known; `rule` is its `join_rule`.
/// Rooms that it names are shown by their IDs; [`in_words`] knows their names.
pub fn explain(rule: Option<&str>, content: Option<&Value>) -> Line {
    in_words(rule, content, &Names::default())
}

/// The same, with what the rooms are called whose members can join.
pub fn in_words(rule: Option<&str>, content: Option<&Value>, names: &Names) -> Line {
    let rooms = content.map(allowed).unwrap_or_default();
    let line = Line::new();
    let members = |line: Line| with_rooms(line.text("members of "), &rooms, names);
    match rule {
        Some("public") => line.text("anyone can join"),
        Some("invite") => line.text("only invited people can join"),
        Some("knock") => line.text("people can ask to join; someone inside must accept"),
        // "If the allow key is an empty list (or not a list at all), then no users are allowed to join without an invite."
        Some("restricted") if rooms.is_empty() => {
            line.text("restricted, but no room is named: only invited people can join")
        }
        Some("restricted") => members(line).text(" can join, everybody else needs an invitation"),
        Some("knock_restricted") if rooms.is_empty() => {
            line.text("people can ask to join; no room is named whose members could join")
        }
        Some("knock_restricted") => members(line).text(" can join, everybody else can ask"),
        // "reserved without implementation. No significant meaning." Servers let nobody in by a rule that they do not
        // know, and this is one of those.
        Some("private") => {
            line.text("private (a rule without a meaning): nobody can join, not even the invited")
        }
        Some(other) => line.text("the unknown rule ").user(other).text(": closed"),
        None => match content.map(|content| content.get("join_rule").is_some()) {
            // Servers take a missing rule for `invite`, and one of a wrong type for unknown.
            Some(false) => line.text("no rule is given: only invited people can join"),
            Some(true) => line.text("no readable rule is given: closed"),
            None => line.text("not known"),
        },
    }
}

/// How one gets into a room, in a few words: for a line of a list.
pub fn in_short(rule: Option<&str>) -> Line {
    let line = Line::new();
    match rule {
        Some("public") => line.text("anyone can join"),
        Some("invite") => line.text("invited people only"),
        Some("private") => line.text("nobody can join"),
        Some("knock") => line.text("ask to join"),
        Some("restricted") => line.text("for members of other rooms"),
        Some("knock_restricted") => line.text("for members of other rooms, others can ask"),
        Some(other) => line.text("unknown join rule ").user(other),
        None => line.text("join rule not known"),
    }
}

/// IDs of the rooms whose members may join, by the content of `m.room.join_rules`; conditions of other types and
/// without a room match nothing. They count only where the rule is `restricted` or `knock_restricted`.
pub fn allowed(content: &Value) -> Vec<&str> {
    let conditions = conditions(content);
    let mut rooms: Vec<&str> = Vec::new();
    for room in conditions.iter().filter_map(room_of) {
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    rooms
}

/// The rooms of [`allowed`], by the event; what is no room ID is left out.
pub fn let_in(rules: &Event) -> Vec<OwnedRoomId> {
    allowed(rules.content()).into_iter().filter_map(|room| room.try_into().ok()).collect()
}

/// How many conditions there are that let nobody in, because they are of another type or name no room.
pub fn improper(content: &Value) -> usize {
    conditions(content).iter().filter(|condition| room_of(condition).is_none()).count()
}

fn conditions(content: &Value) -> &[Value] {
    content.get("allow").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn room_of(condition: &Value) -> Option<&str> {
    let kind = condition.get("type").and_then(Value::as_str);
    kind.filter(|kind| *kind == "m.room_membership")?;
    condition.get("room_id")?.as_str()
}

/// Whether the room's version knows a join rule that the specification has; `None` when the version is not known, or
/// the rule is none of the specification's. By a rule that its version does not know nobody can join, not even those
/// who are invited.
pub fn is_known_to(state: &RoomState, rule: &str) -> Option<bool> {
    let rules = state.rules()?.authorization;
    match rule {
        "public" | "invite" => Some(true),
        "knock" => Some(rules.knocking),
        "restricted" => Some(rules.restricted_join_rule),
        "knock_restricted" => Some(rules.knock_restricted_join_rule),
        _ => None,
    }
}

/// How many rooms a sentence names.
pub(super) const NAMED: usize = 5;

fn with_rooms(line: Line, rooms: &[&str], names: &Names) -> Line {
    let line = rooms.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.append(names.room(room))
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
        check(
            Some("private"),
            &none,
            "private (a rule without a meaning): nobody can join, not even the invited",
        );
        check(Some("<b>"), &none, "the unknown rule “<b>”: closed");
        check(None, &json!({"allow": "x"}), "no rule is given: only invited people can join");
        check(None, &json!({"join_rule": 7}), "no readable rule is given: closed");
        assert_eq!(explain(None, None), Line::from("not known"));
    }

    #[test]
    fn rules_in_short() {
        for (rule, want) in [
            (Some("public"), "anyone can join"),
            (Some("private"), "nobody can join"),
            (Some("invite"), "invited people only"),
            (Some("knock_restricted"), "for members of other rooms, others can ask"),
            (Some("<b>"), "unknown join rule “<b>”"),
            (None, "join rule not known"),
        ] {
            assert_eq!(Reply::text(in_short(rule)).render().text, want);
        }
    }

    #[test]
    fn rooms_by_their_names() {
        let names = Names::default().with_room("!a:hs.test", Some("Club"), None);
        let allow = |rooms: &[&str]| {
            let each = |room| json!({"type": "m.room_membership", "room_id": room});
            json!({"allow": rooms.iter().map(each).collect::<Vec<_>>()})
        };
        let content = allow(&["!a:hs.test", "!b", "!a:hs.test"]);
        let line = in_words(Some("restricted"), Some(&content), &names);
        let want = "members of Club (`!a:hs.test`), `!b` can join, everybody else needs an invitation";
        assert_eq!(Reply::text(line).render().text, want);
        let many = allow(&["!1", "!2", "!3", "!4", "!5", "!6", "!7"]);
        let line = in_words(Some("knock_restricted"), Some(&many), &names);
        let want =
            "members of `!1`, `!2`, `!3`, `!4`, `!5` and 2 more rooms can join, everybody else can ask";
        assert_eq!(Reply::text(line).render().text, want);
        let odd = json!({"allow": [7, {"type": "x", "room_id": "!a"}, {"type": "m.room_membership", "room_id": 7},
            {"type": "m.room_membership", "room_id": "!a"}]});
        assert_eq!((allowed(&odd), improper(&odd)), (vec!["!a"], 3));
        assert_eq!((allowed(&json!({"allow": "!a"})), improper(&json!([]))), (Vec::new(), 0));
    }

    #[test]
    fn versions_know_rules() {
        let knows = |version: &str, rule: &str| is_known_to(&RoomState::of([], Some(version)), rule);
        for (rule, since) in
            [("public", 1), ("invite", 1), ("knock", 7), ("restricted", 8), ("knock_restricted", 10)]
        {
            for version in 1..=12 {
                assert_eq!(knows(&version.to_string(), rule), Some(version >= since), "{rule} in {version}");
            }
        }
        assert_eq!((knows("12", "private"), knows("12", "x"), knows("org.x", "knock")), (None, None, None));
    }
}

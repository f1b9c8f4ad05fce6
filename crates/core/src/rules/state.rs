//! The state of a room in words: what each state event sets, for those who look at how things are now.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#room-events>

use serde_json::Value;

use super::{join_rules, names::Names};
use crate::{model::Event, reply::Line, text::clean::clean};

/// In which order types are shown: what a room is, who may do what, what is in it; unknown types behind, members last.
pub const ORDER: [&str; 16] = [
    "m.room.create",
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.encryption",
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.policy",
    "m.room.tombstone",
    "m.room.pinned_events",
    "m.space.parent",
    "m.space.child",
];

/// Where a type stands among others.
pub fn rank(kind: &str) -> usize {
    match kind {
        "m.room.member" => usize::MAX,
        kind => ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len()),
    }
}

/// What an event sets, in a line: “Name: “Lounge””.
pub fn set(event: &Event, names: &Names) -> Line {
    if let Some(redaction) = event.redacted_because().filter(|_| event.kind() != "m.room.member") {
        return head(event).text("redacted by ").append(names.user(redaction.sender()));
    }
    let line = head(event);
    let content = event.content();
    match event.kind() {
        "m.room.create" => create(line.text("by ").append(names.user(event.sender())), event, names),
        "m.room.name" => or_empty(line, event.text("name")),
        "m.room.topic" => or_empty(line, event.text("topic")),
        "m.room.avatar" => ids(line, event.text("url").filter(|url| !url.is_empty()), "none"),
        "m.room.canonical_alias" => canonical_alias(line, event),
        "m.room.join_rules" => {
            line.append(join_rules::in_words(event.text("join_rule"), Some(event.content()), names))
        }
        "m.room.history_visibility" => line.append(history_visibility(event.text("history_visibility"))),
        "m.room.guest_access" => line.append(guest_access(event.text("guest_access"))),
        "m.room.encryption" => match event.text("algorithm") {
            Some(algorithm) => line.text("on (").code(algorithm).text(")"),
            None => line.text("names no algorithm (this should not happen)"),
        },
        "m.room.power_levels" => power_levels(line, content, names),
        "m.room.server_acl" => server_acl(line, content),
        "m.room.policy" => ids(line, event.text("via").filter(|via| !via.is_empty()), "none"),
        "m.room.tombstone" => {
            let line = match event.text("replacement_room").filter(|room| !room.is_empty()) {
                Some(room) => line.text("in favour of ").code(room),
                None => line.text("without a successor"),
            };
            match event.text("body").filter(|body| !body.is_empty()) {
                Some(body) => line.text(": ").user(body),
                None => line,
            }
        }
        "m.room.pinned_events" => line.text(count(array(content, "pinned").len(), "message")),
        "m.space.child" | "m.space.parent" => space(line, content),
        "m.room.member" => member(line, event),
        "m.policy.rule.user" | "m.policy.rule.room" | "m.policy.rule.server" => policy_rule(line, content),
        _ => line.append(json(content)),
    }
}

/// What does not fit into the line of [`set`], each entry in a line of its own; nothing for most types.
pub fn details(event: &Event) -> Vec<Line> {
    let content = event.content();
    let each = |key: &str, words: &'static str| {
        let entries = array(content, key).iter();
        let shown = entries.map(|entry| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned));
        shown.map(move |entry| Line::new().text(words).code(entry)).collect::<Vec<Line>>()
    };
    match event.kind() {
        "m.room.power_levels" => {
            let users = by_level(content.get("users"));
            let users =
                users.into_iter().map(|(user, level)| Line::new().code(user).text(format!(": {level}")));
            let events = by_level(content.get("events"));
            let events = events
                .into_iter()
                .map(|(kind, level)| Line::new().text("to send ").code(kind).text(format!(": {level}")));
            let room = content.pointer("/notifications/room").and_then(level);
            let room = room.map(|level| Line::new().text(format!("to notify the whole room: {level}")));
            users.chain(events).chain(room).collect()
        }
        "m.room.server_acl" => [each("deny", "denied: "), each("allow", "allowed: ")].concat(),
        "m.room.pinned_events" => each("pinned", ""),
        "m.room.canonical_alias" => each("alt_aliases", "also "),
        _ => Vec::new(),
    }
}

/// `history_visibility` of `m.room.history_visibility` in words.
pub fn history_visibility(word: Option<&str>) -> Line {
    match word {
        Some("world_readable") => Line::from("anyone can read it, without joining"),
        Some("shared") => Line::from("members can read all of it"),
        Some("invited") => Line::from("members can read it from their invitation on"),
        Some("joined") => Line::from("members can read it from their joining on"),
        Some(other) => Line::new().text("the unknown word ").user(other),
        // "If no history_visibility is set, shared is assumed."
        None => Line::from("not set: members can read all of it"),
    }
}

/// `guest_access` of `m.room.guest_access` in words.
pub fn guest_access(word: Option<&str>) -> Line {
    match word {
        Some("can_join") => Line::from("can join"),
        // "If absent, the default is forbidden."
        _ => Line::from("cannot join"),
    }
}

/// What an event is about, and for whom or what when its state key says so.
fn head(event: &Event) -> Line {
    let line = Line::new();
    let line = match event.kind() {
        "m.room.create" => line.strong("Made"),
        "m.room.name" => line.strong("Name"),
        "m.room.topic" => line.strong("Topic"),
        "m.room.avatar" => line.strong("Picture"),
        "m.room.canonical_alias" => line.strong("Main alias"),
        "m.room.join_rules" => line.strong("Joining"),
        "m.room.history_visibility" => line.strong("History"),
        "m.room.guest_access" => line.strong("Guests"),
        "m.room.encryption" => line.strong("Encryption"),
        "m.room.power_levels" => line.strong("Power levels"),
        "m.room.server_acl" => line.strong("Servers"),
        "m.room.policy" => line.strong("Policy server"),
        "m.room.tombstone" => line.strong("Closed"),
        "m.room.pinned_events" => line.strong("Pinned"),
        "m.space.parent" => line.strong("In the space"),
        "m.space.child" => line.strong("Contains"),
        "m.room.member" => line.strong("Member"),
        "m.policy.rule.user" | "m.policy.rule.room" | "m.policy.rule.server" => line.strong("Policy rule"),
        kind => line.code(kind),
    };
    match event.state_key().filter(|key| !key.is_empty()) {
        Some(key) => line.text(" ").code(key).text(": "),
        None => line.text(": "),
    }
}

/// What a create event makes, behind who made it.
pub(super) fn create(line: Line, event: &Event, names: &Names) -> Line {
    let content = event.content();
    // "If the version is not specified, it is 1."
    let version = event.text("room_version").unwrap_or("1");
    let line = line.text(", version ").code(version);
    let line = array(content, "additional_creators")
        .iter()
        .filter_map(Value::as_str)
        .fold(line, |line, user| line.text(", also a creator: ").append(names.user(user)));
    let line = match event.text("type") {
        Some("m.space") => line.text(", a space"),
        Some(kind) => line.text(", of the type ").code(kind),
        None => line,
    };
    let line = match content.get("m.federate").and_then(Value::as_bool) {
        Some(false) => line.text(", for this server only"),
        _ => line,
    };
    match content.pointer("/predecessor/room_id").and_then(Value::as_str) {
        Some(room) => line.text(", in place of ").append(names.room(room)),
        None => line,
    }
}

fn or_empty(line: Line, text: Option<&str>) -> Line {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => line.user_long(text),
        None => line.text("none"),
    }
}

fn ids(line: Line, id: Option<&str>, none: &'static str) -> Line {
    match id {
        Some(id) => line.code(id),
        None => line.text(none),
    }
}

fn canonical_alias(line: Line, event: &Event) -> Line {
    let line = ids(line, event.text("alias").filter(|alias| !alias.is_empty()), "none");
    match array(event.content(), "alt_aliases").len() {
        0 => line,
        more => line.text(format!(" and {more} more")),
    }
}

/// What needs a level, in words, and the spec's default of a level that is not given.
pub(super) const LEVELS: [(&str, &str, i64); 6] = [
    ("events_default", "to write", 0),
    ("state_default", "to change settings", 50),
    ("invite", "to invite", 0),
    ("kick", "to kick", 50),
    ("ban", "to ban", 50),
    ("redact", "to redact", 50),
];

/// Who has power and what takes it, in a line.
pub(super) fn power_levels(line: Line, content: &Value, names: &Names) -> Line {
    const NAMED: usize = 5;
    let users = by_level(content.get("users"));
    let line = users
        .iter()
        .take(NAMED)
        .fold(line, |line, (user, level)| line.append(names.user(user)).text(format!(" {level}, ")));
    let line = match users.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!("{more} more, ")),
    };
    let others = content.get("users_default").and_then(level).unwrap_or(0);
    line.text(format!("everybody else {others}; it takes {}", takes(content)))
}

/// What each action takes, by the content of `m.room.power_levels`: “0 to write, 50 to change settings, …”.
pub fn takes(content: &Value) -> String {
    let level = |(key, words, default): &(&str, &str, i64)| {
        format!("{} {words}", content.get(key).and_then(level).unwrap_or(*default))
    };
    LEVELS.iter().map(level).collect::<Vec<_>>().join(", ")
}

/// The entries of a map to power levels, the highest first.
pub(super) fn by_level(map: Option<&Value>) -> Vec<(&str, i64)> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    let mut entries: Vec<(&str, i64)> =
        entries.filter_map(|(key, value)| Some((key.as_str(), level(value)?))).collect();
    entries.sort_by_key(|(key, level)| (std::cmp::Reverse(*level), *key));
    entries
}

/// A power level of any shape. Old rooms have levels as strings, and some as fractions.
#[expect(clippy::cast_possible_truncation, reason = "fractions are cut, and what is too large saturates")]
pub(crate) fn level(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64().or_else(|| value.as_f64().map(|level| level as i64)),
    }
}

/// Which servers may take part, in a line.
pub fn server_acl(line: Line, content: &Value) -> Line {
    let (allow, deny) = (array(content, "allow"), array(content, "deny"));
    let line = match allow {
        // "Defaults to an empty list when not provided, effectively disallowing every server."
        [] => line.text("none may take part, for the list of those allowed is empty"),
        allow if allow.iter().any(|entry| entry == "*") => line.text("all may take part"),
        allow => line.text(format!("only {} may take part", count(allow.len(), "pattern"))),
    };
    let line = line.text(match deny.len() {
        0 => ", none is denied".to_owned(),
        denied => format!(", but for {} denied", count(denied, "pattern")),
    });
    match content.get("allow_ip_literals").and_then(Value::as_bool) {
        Some(false) => line.text("; servers without a name are denied"),
        _ => line,
    }
}

fn space(line: Line, content: &Value) -> Line {
    let via = array(content, "via");
    // "A child without via is not a child."
    if via.is_empty() {
        return line.text("removed (no server is named)");
    }
    let line = via.iter().take(3).filter_map(Value::as_str).enumerate().fold(
        line.text("via "),
        |line, (n, server)| {
            let line = if n > 0 { line.text(", ") } else { line };
            line.code(server)
        },
    );
    let is = |key: &str| content.get(key).and_then(Value::as_bool) == Some(true);
    let line = if is("suggested") { line.text(", suggested") } else { line };
    if is("canonical") { line.text(", the main one") } else { line }
}

fn member(line: Line, event: &Event) -> Line {
    let line = match event.text("membership") {
        Some("join") => line.text("joined"),
        Some("invite") => line.text("invited"),
        Some("knock") => line.text("asks to be let in"),
        Some("leave") if event.state_key() == Some(event.sender()) => line.text("left"),
        Some("leave") => line.text("removed"),
        Some("ban") => line.text("banned"),
        Some(other) => line.text("the unknown membership ").user(other),
        None => line.text("without a membership"),
    };
    let line = match event.text("displayname").filter(|name| !name.is_empty()) {
        Some(name) => line.text(" as ").user(name),
        None => line,
    };
    match event.text("reason").filter(|reason| !reason.is_empty()) {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

fn policy_rule(line: Line, content: &Value) -> Line {
    let str = |key: &str| content.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(recommendation), Some(entity)) = (str("recommendation"), str("entity")) else {
        let is_empty = content.as_object().is_none_or(serde_json::Map::is_empty);
        return if is_empty { line.text("removed") } else { line.append(json(content)) };
    };
    let line = line.code(recommendation).text(" for ").code(entity);
    match str("reason") {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

/// Content of an unknown shape, cut.
fn json(content: &Value) -> Line {
    const SHOWN: usize = 200;
    Line::new().code(clean(&content.to_string(), SHOWN))
}

fn array<'a>(content: &'a Value, key: &str) -> &'a [Value] {
    content.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    fn event(kind: &str, key: &str, content: &Value) -> Event {
        Event(json!({"type": kind, "state_key": key, "sender": "@ana:hs", "content": content}))
    }

    #[track_caller]
    fn check(kind: &str, key: &str, content: &Value, want: &str) {
        let line = set(&event(kind, key, content), &Names::default());
        assert_eq!(Reply::text(line).render().text, want, "{kind}");
    }

    #[test]
    fn what_a_room_is() {
        check("m.room.create", "", &json!({}), "Made: by `@ana:hs`, version `1`");
        let content = json!({"room_version": "12", "type": "m.space", "m.federate": false,
            "additional_creators": ["@bob:hs", 7], "predecessor": {"room_id": "!old:hs"}});
        let want = "Made: by `@ana:hs`, version `12`, also a creator: `@bob:hs`, a space, for this server only, in place of `!old:hs`";
        check("m.room.create", "", &content, want);
        check(
            "m.room.create",
            "",
            &json!({"type": "x.y"}),
            "Made: by `@ana:hs`, version `1`, of the type `x.y`",
        );
        check("m.room.name", "", &json!({"name": "Lounge"}), "Name: “Lounge”");
        check("m.room.name", "", &json!({"name": ""}), "Name: none");
        check("m.room.topic", "", &json!({"topic": 7}), "Topic: none");
        check("m.room.avatar", "", &json!({"url": "mxc://hs/a"}), "Picture: `mxc://hs/a`");
        check("m.room.avatar", "", &json!({}), "Picture: none");
        let content = json!({"alias": "#a:hs", "alt_aliases": ["#b:hs", "#c:hs"]});
        check("m.room.canonical_alias", "", &content, "Main alias: `#a:hs` and 2 more");
        check("m.room.encryption", "", &json!({"algorithm": "m.megolm"}), "Encryption: on (`m.megolm`)");
        let names_none = "Encryption: names no algorithm (this should not happen)";
        check("m.room.encryption", "", &json!({}), names_none);
        let content = json!({"replacement_room": "!new:hs", "body": "moved"});
        check("m.room.tombstone", "", &content, "Closed: in favour of `!new:hs`: “moved”");
        check("m.room.tombstone", "", &json!({}), "Closed: without a successor");
        check("m.room.pinned_events", "", &json!({"pinned": ["$a", "$b"]}), "Pinned: 2 messages");
        check("m.room.pinned_events", "", &json!({"pinned": "$a"}), "Pinned: 0 messages");
        check("m.room.policy", "", &json!({"via": "policy.test"}), "Policy server: `policy.test`");
    }

    #[test]
    fn who_may_do_what() {
        let want = "Joining: only invited people can join";
        check("m.room.join_rules", "", &json!({"join_rule": "invite"}), want);
        for (word, want) in [
            (json!("world_readable"), "anyone can read it, without joining"),
            (json!("shared"), "members can read all of it"),
            (json!("invited"), "members can read it from their invitation on"),
            (json!("joined"), "members can read it from their joining on"),
            (json!("<b>"), "the unknown word “<b>”"),
            (json!(7), "not set: members can read all of it"),
        ] {
            let content = json!({"history_visibility": word});
            check("m.room.history_visibility", "", &content, &format!("History: {want}"));
        }
        check("m.room.guest_access", "", &json!({"guest_access": "can_join"}), "Guests: can join");
        check("m.room.guest_access", "", &json!({}), "Guests: cannot join");
        let needs =
            "it takes 0 to write, 50 to change settings, 0 to invite, 50 to kick, 50 to ban, 50 to redact";
        check("m.room.power_levels", "", &json!({}), &format!("Power levels: everybody else 0; {needs}"));
        let content = json!({"users": {"@b:hs": 50, "@a:hs": "100", "@c:hs": 50.7, "@d:hs": null},
            "users_default": -1, "events_default": 10, "kick": 99});
        let want = "Power levels: `@a:hs` 100, `@b:hs` 50, `@c:hs` 50, everybody else -1; it takes 10 to write, 50 to change settings, 0 to invite, 99 to kick, 50 to ban, 50 to redact";
        check("m.room.power_levels", "", &content, want);
        let many: serde_json::Map<_, _> = (0..8).map(|n| (format!("@{n}:hs"), json!(n))).collect();
        let line = set(&event("m.room.power_levels", "", &json!({"users": many})), &Names::default());
        let text = Reply::text(line).render().text;
        assert!(text.contains("`@7:hs` 7, `@6:hs` 6"), "{text}");
        assert!(text.contains("`@3:hs` 3, 3 more, everybody else 0"), "{text}");
    }

    #[test]
    fn servers_rules_and_spaces() {
        let none = "Servers: none may take part, for the list of those allowed is empty, none is denied";
        check("m.room.server_acl", "", &json!({}), none);
        let content = json!({"allow": ["*"], "deny": ["a", "b"], "allow_ip_literals": false});
        let want = "Servers: all may take part, but for 2 patterns denied; servers without a name are denied";
        check("m.room.server_acl", "", &content, want);
        let want = "Servers: only 1 pattern may take part, none is denied";
        check("m.room.server_acl", "", &json!({"allow": ["hs.test"]}), want);
        let content = json!({"recommendation": "m.ban", "entity": "@x:*", "reason": "spam"});
        let want = "Policy rule `rule:@x:*`: `m.ban` for `@x:*`, because “spam”";
        check("m.policy.rule.user", "rule:@x:*", &content, want);
        check("m.policy.rule.room", "r", &json!({}), "Policy rule `r`: removed");
        check("m.policy.rule.server", "r", &json!({"a": 1}), "Policy rule `r`: `{\"a\":1}`");
        let content = json!({"via": ["a", "b"], "suggested": true});
        check("m.space.child", "!c:hs", &content, "Contains `!c:hs`: via `a`, `b`, suggested");
        check("m.space.child", "!c:hs", &json!({}), "Contains `!c:hs`: removed (no server is named)");
        let content = json!({"via": ["a"], "canonical": true});
        check("m.space.parent", "!p:hs", &content, "In the space `!p:hs`: via `a`, the main one");
    }

    #[test]
    fn members_and_the_unknown() {
        for (content, want) in [
            (json!({"membership": "join", "displayname": "Bob"}), "joined as “Bob”"),
            (json!({"membership": "ban", "reason": "spam"}), "banned, because “spam”"),
            (json!({"membership": "leave"}), "removed"),
            (json!({"membership": "knock"}), "asks to be let in"),
            (json!({"membership": "invite"}), "invited"),
            (json!({"membership": "<b>"}), "the unknown membership “<b>”"),
            (json!({}), "without a membership"),
        ] {
            check("m.room.member", "@bob:hs", &content, &format!("Member `@bob:hs`: {want}"));
        }
        check("m.room.member", "@ana:hs", &json!({"membership": "leave"}), "Member `@ana:hs`: left");
        check("org.example", "", &json!({"a": [1]}), "`org.example`: `{\"a\":[1]}`");
        check("org.example", "k", &json!({"a": "b"}), "`org.example` `k`: `{\"a\":\"b\"}`");
        let mut gone = event("m.room.topic", "", &json!({}));
        gone.0["unsigned"] = json!({"redacted_because": {"sender": "@mod:hs", "content": {}}});
        let text = Reply::text(set(&gone, &Names::default())).render().text;
        assert_eq!(text, "Topic: redacted by `@mod:hs`");
    }

    #[test]
    fn details_in_full() {
        let lines = |kind, content| {
            let lines = details(&event(kind, "", &content));
            lines.into_iter().map(|line| Reply::text(line).render().text).collect::<Vec<_>>()
        };
        let content = json!({"users": {"@b:hs": 50, "@a:hs": 100}, "events": {"m.room.name": 30},
            "notifications": {"room": 40}});
        assert_eq!(
            lines("m.room.power_levels", content),
            ["`@a:hs`: 100", "`@b:hs`: 50", "to send `m.room.name`: 30", "to notify the whole room: 40"]
        );
        let acl = lines("m.room.server_acl", json!({"allow": ["*"], "deny": ["x", 7]}));
        assert_eq!(acl, ["denied: `x`", "denied: `7`", "allowed: `*`"]);
        assert_eq!(lines("m.room.pinned_events", json!({"pinned": ["$a"]})), ["`$a`"]);
        assert_eq!(lines("m.room.name", json!({"name": "x"})), Vec::<String>::new());
    }

    #[test]
    fn order() {
        let mut kinds = ["m.room.member", "x.y", "m.space.child", "m.room.name", "m.room.create"];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(kinds, ["m.room.create", "m.room.name", "m.space.child", "x.y", "m.room.member"]);
    }
}

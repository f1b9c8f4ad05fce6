//! Who can join a room: `m.room.join_rules`, as a change.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules>

use serde_json::Value;

use super::{
    Change, acl,
    words::{added, no_list, now_and_before},
};
use crate::{
    reply::Line,
    rules::{
        explain::Explanation,
        join_rules::{NAMED, allowed, improper, in_words, is_known_to},
    },
};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let now = now(change, change.after());
    let before = change.before().map(|content| self::now(change, content));
    let sentence = now_and_before(change, "who can join", now, before);
    Explanation { sentence, details: conditions(change), warnings: warnings(change) }
}

/// The rule of a content, in words.
pub(super) fn now(change: &Change<'_>, content: &Value) -> Line {
    match (rule(content), change.state()) {
        (Some(rule), Some(state)) if is_known_to(state, rule) == Some(false) => {
            let line =
                Line::new().text("nobody, for room version ").code(state.version().unwrap_or_default());
            line.text(" does not know the rule ").user(rule)
        }
        (rule, _) => in_words(rule, Some(content), change.names),
    }
}

fn rule(content: &Value) -> Option<&str> {
    content.get("join_rule")?.as_str()
}

/// The rooms whose members can join, one by one, and those whose members no longer can: where one list became another.
/// Of a list that came or went as a whole the sentence names all, unless it is long.
fn conditions(change: &Change<'_>) -> Vec<Line> {
    let rooms = |content| if is_restricted(content) { allowed(content) } else { Vec::new() };
    let after = rooms(change.after());
    let Some(before) = change.before().map(rooms) else { return Vec::new() };
    if (before.is_empty() || after.is_empty()) && before.len().max(after.len()) <= NAMED {
        return Vec::new();
    }
    let each = |words: &'static str, rooms: Vec<&str>| {
        rooms
            .into_iter()
            .map(|room| Line::new().text(words).append(change.names.room(room)))
            .collect::<Vec<Line>>()
    };
    let more = each("can join now: members of ", added(&before, &after));
    let fewer = each("can no longer join by that: members of ", added(&after, &before));
    [more, fewer].concat()
}

fn is_restricted(content: &Value) -> bool {
    matches!(rule(content), Some("restricted" | "knock_restricted"))
}

fn warnings(change: &Change<'_>) -> Vec<Line> {
    let after = change.after();
    let rule = rule(after);
    let unknown =
        change.state().zip(rule).is_some_and(|(state, rule)| is_known_to(state, rule) == Some(false));
    if unknown {
        return vec!["Not even invited people can join until another rule is set.".into()];
    }
    let mut warnings = Vec::new();
    match rule {
        Some("public") => warnings.extend(opened(change)),
        Some("restricted" | "knock_restricted") => {
            warnings.extend(public_doors(change));
            warnings.extend(no_list(change, "allow"));
            warnings.extend(match improper(after) {
                0 => None,
                1 => Some(Line::from(
                    "1 condition is of an unknown kind or names no room, and lets nobody in.",
                )),
                some => Some(Line::from(format!(
                    "{some} conditions are of an unknown kind or name no room, and let nobody in."
                ))),
            });
        }
        Some("invite" | "knock") => {}
        None if after.get("join_rule").is_none() => {}
        // "private" is one of those: "reserved without implementation. No significant meaning."
        Some(_) | None => {
            warnings.push("Servers do not know this rule: not even invited people can join.".into());
        }
    }
    warnings
}

/// The room was not open to everybody, and is.
fn opened(change: &Change<'_>) -> Option<Line> {
    let before = change.before()?;
    if rule(before) == Some("public") {
        return None;
    }
    let Some(state) = change.state() else { return Some("Anybody can join now.".into()) };
    let create = state.the("m.room.create").map(crate::model::Event::content);
    if create.and_then(|content| content.get("m.federate")?.as_bool()) == Some(false) {
        return Some("Anybody of this room's server can join now; other servers cannot take part.".into());
    }
    let list = state.the("m.room.server_acl").map(|event| acl::list(event.content()));
    Some(match list {
        Some(list) if list.allow.is_empty() => {
            "Anybody can join now, though every server is locked out.".into()
        }
        Some(list) if !list.allow.iter().any(|pattern| pattern == "*") => {
            "Anybody can join now, from the servers that are allowed.".into()
        }
        Some(list) if !list.deny.is_empty() => {
            "Anybody can join now, from every server that is not denied.".into()
        }
        _ => "Anybody from any server can join: no server is denied.".into(),
    })
}

/// Rooms whose members can join, and that anybody can join.
fn public_doors<'a>(change: &'a Change<'_>) -> impl Iterator<Item = Line> + 'a {
    let rooms = allowed(change.after()).into_iter();
    rooms.filter(|room| change.around.public_rooms.is_some_and(|public| public.contains(*room))).map(|room| {
        let line = Line::new().text("Anybody can join ").append(change.names.room(room));
        line.text(", and by way of it this room: it is as good as public.")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::NAMED;
    use crate::rules::{
        change::scene::{changed, room, set, told, told_around, told_in},
        explain::Around,
        room_state::RoomState,
    };

    const KIND: &str = "m.room.join_rules";

    fn rule(rule: &str) -> Value {
        json!({"join_rule": rule})
    }

    fn allow(rule: &str, rooms: &[&str]) -> Value {
        let each = |room| json!({"type": "m.room_membership", "room_id": room});
        json!({"join_rule": rule, "allow": rooms.iter().map(each).collect::<Vec<_>>()})
    }

    #[test]
    fn every_rule() {
        for (content, want) in [
            (rule("public"), "anyone can join"),
            (rule("invite"), "only invited people can join"),
            (rule("knock"), "people can ask to join; someone inside must accept"),
            (rule("restricted"), "restricted, but no room is named: only invited people can join"),
            (rule("knock_restricted"), "people can ask to join; no room is named whose members could join"),
            (
                allow("restricted", &["!club:hs.test", "!b"]),
                "members of Club (`!club:hs.test`), `!b` can join, everybody else needs an invitation",
            ),
            (
                allow("knock_restricted", &["!club:hs.test"]),
                "members of Club (`!club:hs.test`) can join, everybody else can ask",
            ),
            (json!({}), "no rule is given: only invited people can join"),
        ] {
            told(&set(KIND, &content)).says(&format!("Ana (`@ana:hs.test`) set who can join: {want}"));
        }
        let closed = "Servers do not know this rule: not even invited people can join.";
        told(&set(KIND, &rule("private"))).warns(
            "Ana (`@ana:hs.test`) set who can join: private (a rule without a meaning): nobody can join, not even the invited",
            &[closed],
        );
        told(&set(KIND, &rule("<b>")))
            .warns("Ana (`@ana:hs.test`) set who can join: the unknown rule “<b>”: closed", &[closed]);
        told(&set(KIND, &json!({"join_rule": 7})))
            .warns("Ana (`@ana:hs.test`) set who can join: no readable rule is given: closed", &[closed]);
        told(&set(KIND, &json!({"join_rule": "restricted", "allow": {}}))).warns(
            "Ana (`@ana:hs.test`) set who can join: restricted, but no room is named: only invited people can join",
            &["`allow` is no list, and counts as an empty one."],
        );
        told(&set(KIND, &json!({"join_rule": "restricted", "allow": [{"type": "x"}, 7]}))).warns(
            "Ana (`@ana:hs.test`) set who can join: restricted, but no room is named: only invited people can join",
            &["2 conditions are of an unknown kind or name no room, and let nobody in."],
        );
    }

    #[test]
    fn changes_and_conditions() {
        told(&changed(KIND, &rule("public"), &rule("invite"))).says(
            "Ana (`@ana:hs.test`) changed who can join: now only invited people can join; before: anyone can join",
        );
        told(&changed(KIND, &rule("knock"), &rule("knock"))).says(
            "Ana (`@ana:hs.test`) set who can join again, unchanged: people can ask to join; someone inside must accept",
        );
        told(&changed(KIND, &allow("restricted", &["!a"]), &allow("restricted", &["!club:hs.test"]))).lists(
            "Ana (`@ana:hs.test`) changed who can join: now members of Club (`!club:hs.test`) can join, everybody else needs an invitation; before: members of `!a` can join, everybody else needs an invitation",
            &["can join now: members of Club (`!club:hs.test`)", "can no longer join by that: members of `!a`"],
        );
        told(&changed(KIND, &allow("restricted", &["!a"]), &allow("invite", &["!a"]))).lists(
            "Ana (`@ana:hs.test`) changed who can join: now only invited people can join; before: members of `!a` can join, everybody else needs an invitation",
            &[],
        );
        let many: Vec<String> = (0..=NAMED).map(|n| format!("!r{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            told(&changed(KIND, &rule("invite"), &allow("restricted", &many))).details.len(),
            NAMED + 1
        );
    }

    #[test]
    fn opened_to_everybody() {
        let sentence = "Ana (`@ana:hs.test`) changed who can join: now anyone can join; before: only invited people can join";
        let event = changed(KIND, &rule("invite"), &rule("public"));
        told(&event).warns(sentence, &["Anybody can join now."]);
        let acl = |content: Value| room("11", [set("m.room.server_acl", &content)]);
        for (state, want) in [
            (room("11", []), "Anybody from any server can join: no server is denied."),
            (acl(json!({"allow": ["*"]})), "Anybody from any server can join: no server is denied."),
            (
                acl(json!({"allow": ["*"], "deny": ["evil"]})),
                "Anybody can join now, from every server that is not denied.",
            ),
            (acl(json!({"allow": ["hs.test"]})), "Anybody can join now, from the servers that are allowed."),
            (acl(json!({})), "Anybody can join now, though every server is locked out."),
            (
                RoomState::of([set("m.room.create", &json!({"m.federate": false}))], None),
                "Anybody of this room's server can join now; other servers cannot take part.",
            ),
        ] {
            told_in(&event, &state).warns(sentence, &[want]);
        }
        told_in(&set(KIND, &rule("public")), &room("11", []))
            .says("Ana (`@ana:hs.test`) set who can join: anyone can join");
    }

    #[test]
    fn by_way_of_a_public_room() {
        let public = BTreeSet::from(["!club:hs.test".to_owned()]);
        let around = Around { public_rooms: Some(&public), ..Around::default() };
        told_around(&set(KIND, &allow("restricted", &["!club:hs.test", "!b"])), &around).warns(
            "Ana (`@ana:hs.test`) set who can join: members of Club (`!club:hs.test`), `!b` can join, everybody else needs an invitation",
            &["Anybody can join Club (`!club:hs.test`), and by way of it this room: it is as good as public."],
        );
        assert!(told_around(&set(KIND, &allow("invite", &["!club:hs.test"])), &around).warnings.is_empty());
    }

    #[test]
    fn a_rule_that_the_version_does_not_know() {
        let event = changed(KIND, &rule("public"), &rule("knock"));
        told_in(&event, &room("6", [])).warns(
            "Ana (`@ana:hs.test`) changed who can join: now nobody, for room version `6` does not know the rule “knock”; before: anyone can join",
            &["Not even invited people can join until another rule is set."],
        );
        assert!(told_in(&event, &room("7", [])).warnings.is_empty());
        assert!(told_in(&event, &room("org.example", [])).warnings.is_empty());
    }
}

//! What made it possible that somebody did what they did: the power that they had, and the power that it took.

use ruma::events::{StateEventType, room::power_levels::PowerLevelAction};
use serde_json::{Value, json};

use super::{
    super::{
        member::Membership,
        membership::{Transition, transition},
        names::Names,
        power::Level,
        room_state::RoomState,
    },
    levels::Levels,
    verdict::Source,
    words::doing,
};
use crate::{model::Event, reply::Line};

/// What made an event possible: “Mod had power 50, and kicking takes 50 (…)”. `state` is that of the room when it
/// happened. `None` for what takes no power (joining, leaving, writing) and where the levels of that time are not known.
/// Where those say that it was not allowed, the sentence says so.
pub fn what_made_possible(event: &Event, state: &RoomState, names: &Names) -> Option<Line> {
    let (action, target) = action(event)?;
    if event.kind() == "m.room.member"
        && event.content().get("third_party_invite").is_some_and(Value::is_object)
        && action == PowerLevelAction::Invite
    {
        let words = "it came of an e-mail invitation, and turning one into an invitation takes no power";
        return Some(Line::from(words));
    }
    let create = state.the("m.room.create");
    let before = match event.kind() {
        // The state at that time may have this very event: what allowed it is what it replaced.
        "m.room.power_levels" if event.state_key() == Some("") => match replaced(event) {
            Before::Known(levels) => Some(*levels),
            Before::Unset => None,
            Before::NotKnown => return None,
        },
        _ => state.the("m.room.power_levels").cloned(),
    };
    // Nothing is known about power without either.
    let known = before.as_ref().or(create)?;
    let levels = Levels::of(create, before.as_ref(), state.version());
    let who = || names.user(event.sender());
    let Level::Of(has) = levels.level(event.sender()) else {
        return Some(who().text(" is a creator of the room, above all levels"));
    };
    let needed = levels.needed(&action);
    let took = who()
        .text(format!(" had power {has}, and "))
        .append(doing(&action))
        .text(format!(" takes {needed}"))
        .append(source(before.as_ref(), known, names));
    if has < needed {
        return match action {
            // Before the room had power levels, or when those are not shown.
            _ if before.is_none() && event.kind() == "m.room.power_levels" => None,
            PowerLevelAction::RedactOther if has >= levels.needed(&PowerLevelAction::RedactOwn) => {
                Some(took.text(": so it was a message of their own, or of a user of their own server"))
            }
            _ => Some(took.text(ODD)),
        };
    }
    let stronger =
        target.map(|target| (target, levels.level(target))).filter(|(_, of)| *of >= Level::Of(has));
    Some(match stronger {
        None => took,
        Some((target, Level::Creator)) => took
            .text("; but ")
            .append(names.user(target))
            .text(" is a creator of the room, above all levels")
            .text(ODD),
        Some((target, Level::Of(of))) => {
            took.text("; but ").append(names.user(target)).text(format!(" had power {of}")).text(ODD)
        }
    })
}

/// What the levels speak against.
const ODD: &str = ": by these levels it was not allowed. Other levels may have counted then, or a server let through what it should not";

/// What an event took, and on whom it was done, if that counts.
fn action(event: &Event) -> Option<(PowerLevelAction, Option<&str>)> {
    let membership = |content: &Value| content.get("membership").and_then(Value::as_str).map(str::to_owned);
    match (event.kind(), event.state_key()) {
        ("m.room.redaction", None) => Some((PowerLevelAction::RedactOther, None)),
        ("m.room.create", _) | (_, None) => None,
        ("m.room.member", Some(target)) => {
            let before = event.prev_content().and_then(membership);
            let is_other = target != event.sender();
            // A kick or the end of a ban: which of them is not shown.
            if transition(event) == Transition::Unseen(Membership::Leave) {
                return None;
            }
            match (before.as_deref(), membership(event.content()).as_deref()) {
                (_, Some("invite")) => Some((PowerLevelAction::Invite, None)),
                (_, Some("ban")) => Some((PowerLevelAction::Ban, Some(target))),
                (Some("ban"), Some("leave")) => Some((PowerLevelAction::Unban, Some(target))),
                (_, Some("leave")) if is_other => Some((PowerLevelAction::Kick, Some(target))),
                _ => None,
            }
        }
        ("m.room.third_party_invite", Some(_)) => Some((PowerLevelAction::Invite, None)),
        (kind, Some(_)) => Some((PowerLevelAction::SendState(StateEventType::from(kind)), None)),
    }
}

/// The power levels that counted when something happened.
enum Before {
    /// These.
    Known(Box<Event>),
    /// The room had none.
    Unset,
    /// They are not known.
    NotKnown,
}

/// The power levels that others replaced.
fn replaced(event: &Event) -> Before {
    let id = event.0.get("unsigned").and_then(|unsigned| unsigned.get("replaces_state"));
    let id = id.or_else(|| event.0.get("replaces_state")).and_then(Value::as_str);
    match (event.prev_content(), id) {
        (Some(content), id) => Before::Known(Box::new(Event(json!({
            "type": event.kind(), "state_key": "", "content": content, "event_id": id,
        })))),
        (None, Some(_)) => Before::NotKnown,
        (None, None) => Before::Unset,
    }
}

/// “ (the power levels (`$id`), set by …)”
fn source(levels: Option<&Event>, known: &Event, names: &Names) -> Line {
    match levels {
        Some(_) => Line::new().text(" (").append(Source::of(known).in_words(names)).text(")"),
        None => {
            Line::new().text(" (the room had no power levels yet: its creator has 100, everybody else 0)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    fn event(kind: &str, key: Option<&str>, sender: &str, content: &Value) -> Event {
        let mut event = json!({"type": kind, "sender": sender, "content": content});
        if let Some(key) = key {
            event["state_key"] = json!(key);
        }
        Event(event)
    }

    /// Ana made the room; Mod has 50 and Low has 20.
    fn room(version: &str, more: Option<Event>) -> RoomState {
        let mut levels = event(
            "m.room.power_levels",
            Some(""),
            "@ana:hs",
            &json!({"users": {"@mod:hs": 50, "@low:hs": 20}, "invite": 10}),
        );
        levels.0["event_id"] = json!("$levels");
        levels.0["origin_server_ts"] = json!(1_795_219_200_000_i64);
        let create = event("m.room.create", Some(""), "@ana:hs", &json!({"creator": "@ana:hs"}));
        RoomState::of([Some(create), Some(levels), more].into_iter().flatten(), Some(version))
    }

    fn names() -> Names {
        let named = |user: &str, name: &str| {
            event("m.room.member", Some(user), user, &json!({"membership": "join", "displayname": name}))
        };
        Names::of(&[named("@ana:hs", "Ana"), named("@mod:hs", "Mod")])
    }

    #[track_caller]
    fn check(event: &Event, state: &RoomState, want: Option<&str>) {
        let line = what_made_possible(event, state, &names());
        let text = line.map(|line| Reply::text(line).render().text);
        assert_eq!(text.as_deref(), want, "{event:?}");
    }

    fn member(sender: &str, target: &str, before: Option<&str>, after: &str) -> Event {
        let mut event = event("m.room.member", Some(target), sender, &json!({"membership": after}));
        if let Some(before) = before {
            event.0["unsigned"] = json!({"prev_content": {"membership": before}});
        }
        event
    }

    const LEVELS: &str = "(the power levels (`$levels`), set by Ana (`@ana:hs`) on 2026-11-21 00:00:00 UTC)";

    #[test]
    fn what_somebody_did_took_power() {
        let state = room("11", None);
        let has = |does: &str| format!("Mod (`@mod:hs`) had power 50, and {does} {LEVELS}");
        for (did, does) in [
            (member("@mod:hs", "@bob:hs", Some("join"), "leave"), "kicking takes 50"),
            (member("@mod:hs", "@bob:hs", Some("invite"), "leave"), "kicking takes 50"),
            (member("@mod:hs", "@bob:hs", Some("knock"), "leave"), "kicking takes 50"),
            (member("@mod:hs", "@bob:hs", Some("join"), "ban"), "banning takes 50"),
            (member("@mod:hs", "@bob:hs", None, "ban"), "banning takes 50"),
            (member("@mod:hs", "@bob:hs", Some("ban"), "leave"), "lifting a ban takes 50"),
            (member("@mod:hs", "@bob:hs", None, "invite"), "inviting takes 10"),
            (
                event("m.room.server_acl", Some(""), "@mod:hs", &json!({})),
                "changing which servers may take part takes 50",
            ),
            (event("m.room.topic", Some(""), "@mod:hs", &json!({})), "changing the topic takes 50"),
            (event("org.x", Some("k"), "@mod:hs", &json!({})), "setting `org.x` takes 50"),
            (event("m.room.third_party_invite", Some("k"), "@mod:hs", &json!({})), "inviting takes 10"),
            (event("m.room.redaction", None, "@mod:hs", &json!({})), "redacting what others wrote takes 50"),
        ] {
            check(&did, &state, Some(&has(does)));
        }
        let creator = "Ana (`@ana:hs`) is a creator of the room, above all levels";
        check(&member("@ana:hs", "@mod:hs", None, "ban"), &room("12", None), Some(creator));
        let mut invite = member("@low:hs", "@bob:hs", None, "invite");
        invite.0["content"]["third_party_invite"] = json!({"signed": {}});
        let want = "it came of an e-mail invitation, and turning one into an invitation takes no power";
        check(&invite, &state, Some(want));
    }

    #[test]
    fn what_takes_no_power_is_not_explained() {
        let state = room("11", None);
        for event in [
            member("@bob:hs", "@bob:hs", Some("invite"), "join"),
            member("@bob:hs", "@bob:hs", Some("join"), "leave"),
            member("@bob:hs", "@bob:hs", Some("invite"), "leave"),
            member("@bob:hs", "@bob:hs", None, "knock"),
            member("@mod:hs", "@bob:hs", None, "prison"),
            event("m.room.message", None, "@mod:hs", &json!({})),
            event("m.room.create", Some(""), "@ana:hs", &json!({})),
            Event(json!(7)),
        ] {
            check(&event, &state, None);
        }
        check(&member("@mod:hs", "@bob:hs", None, "ban"), &RoomState::default(), None);
        let mut unseen = member("@mod:hs", "@bob:hs", None, "leave");
        unseen.0["unsigned"] = json!({"replaces_state": "$before"});
        check(&unseen, &state, None);
    }

    #[test]
    fn what_the_levels_speak_against_is_an_oddity() {
        let state = room("11", None);
        let odd = ": by these levels it was not allowed. Other levels may have counted then, or a server let through what it should not";
        let want = format!("`@low:hs` had power 20, and banning takes 50 {LEVELS}{odd}");
        check(&member("@low:hs", "@bob:hs", None, "ban"), &state, Some(&want));
        let want = format!(
            "Mod (`@mod:hs`) had power 50, and banning takes 50 {LEVELS}; but Mod (`@mod:hs`) had power 50{odd}"
        );
        check(&member("@mod:hs", "@mod:hs", None, "ban"), &state, Some(&want));
        let want = format!(
            "Mod (`@mod:hs`) had power 50, and banning takes 50 {LEVELS}; but Ana (`@ana:hs`) is a creator of the room, above all levels{odd}"
        );
        check(&member("@mod:hs", "@ana:hs", None, "ban"), &room("12", None), Some(&want));
        let want = format!(
            "`@bob:hs` had power 0, and redacting what others wrote takes 50 {LEVELS}: so it was a message of their own, or of a user of their own server"
        );
        check(&event("m.room.redaction", None, "@bob:hs", &json!({})), &state, Some(&want));
    }

    #[test]
    fn power_levels_are_changed_by_the_power_before() {
        // The state may have the changed levels already, in which Mod is nobody.
        let mut change = event("m.room.power_levels", Some(""), "@mod:hs", &json!({}));
        let state = room("11", Some(change.clone()));
        change.0["unsigned"] =
            json!({"prev_content": {"users": {"@mod:hs": 60}}, "replaces_state": "$before"});
        let want = "Mod (`@mod:hs`) had power 60, and changing the power levels takes 50 (the power levels (`$before`))";
        check(&change, &state, Some(want));
        // What it replaced is not shown.
        change.0["unsigned"] = json!({"replaces_state": "$before"});
        check(&change, &state, None);
        // The first of a room.
        let first = event("m.room.power_levels", Some(""), "@ana:hs", &json!({}));
        let want = "Ana (`@ana:hs`) had power 100, and changing the power levels takes 50 (the room had no power levels yet: its creator has 100, everybody else 0)";
        check(&first, &state, Some(want));
        let other = event("m.room.power_levels", Some(""), "@mod:hs", &json!({}));
        check(&other, &state, None);
    }
}

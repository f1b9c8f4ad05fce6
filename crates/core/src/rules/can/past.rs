//! What made it possible that somebody did what they did: the power that they had, and the power that it took.

use ruma::events::{StateEventType, room::power_levels::PowerLevelAction};
use serde_json::{Value, json};

use super::{
    super::{names::Names, power::Level, room_state::RoomState},
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

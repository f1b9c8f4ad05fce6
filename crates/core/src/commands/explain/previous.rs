//! What an event replaced, for events that the server gives without it; never anything that was redacted.

use ruma::{
    EventId, OwnedEventId, RoomId,
    canonical_json::{CanonicalJsonObject, redact_content_in_place},
    room_version_rules::RedactionRules,
};
use serde_json::{Value, json};

use crate::{
    commands::{Failure, World, facts::in_history},
    model::Event,
    ports::Fault,
};

/// The event with `unsigned.prev_content`, asked for where the server tells only `unsigned.replaces_state`.
pub(super) async fn with_previous(
    world: &World<'_>,
    room: &RoomId,
    rules: &RedactionRules,
    event: Event,
) -> Result<Event, Failure> {
    let Some(id) = missing(&event) else { return Ok(event) };
    let found = match in_history(world, room, &id).await? {
        Some(found) => Some(found.event),
        // What the room no longer shows may have been redacted, and the database holds it all the same.
        None => held(world, &id).await?.map(|event| redacted(event, rules)),
    };
    Ok(match found {
        Some(previous) if is_of(&previous, &event) => with_content(event, previous.content().clone()),
        _ => event,
    })
}

/// The ID of the event that it replaced, when that is all that is known of it.
pub(super) fn missing(event: &Event) -> Option<OwnedEventId> {
    let is_told = event.prev_content().is_some();
    // What else was redacted is not explained by what it replaced.
    let is_hidden = event.redacted_because().is_some() && event.kind() != "m.room.member";
    if is_told || is_hidden || event.state_key().is_none() {
        return None;
    }
    event.0.get("unsigned")?.get("replaces_state")?.as_str()?.try_into().ok()
}

/// The event, with what it replaced.
pub(super) fn with_content(mut event: Event, previous: Value) -> Event {
    if let Some(unsigned) = event.0.get_mut("unsigned").and_then(Value::as_object_mut) {
        unsigned.insert("prev_content".to_owned(), previous);
    }
    event
}

/// The event as the database holds it, redacted or not; `None` as well on servers that cannot tell.
pub(super) async fn held(world: &World<'_>, event: &EventId) -> Result<Option<Event>, Failure> {
    match world.lookup.original(event).await {
        Err(Fault::NotRouted { .. }) => Ok(None),
        told => Ok(told?),
    }
}

/// What a redaction would leave of an event.
pub(super) fn redacted(mut event: Event, rules: &RedactionRules) -> Event {
    let fields = event.content().as_object().cloned().unwrap_or_default().into_iter();
    // What is no proper JSON of Matrix, such as a fraction, is left out.
    let mut content: CanonicalJsonObject =
        fields.filter_map(|(key, value)| Some((key, value.try_into().ok()?))).collect();
    redact_content_in_place(&mut content, rules, event.kind());
    let replaces = event.0.get("unsigned").and_then(|unsigned| unsigned.get("replaces_state")).cloned();
    if let Some(object) = event.0.as_object_mut() {
        object.insert("content".to_owned(), json!(content));
        object.insert("unsigned".to_owned(), replaces.map_or(json!({}), |id| json!({"replaces_state": id})));
        object.remove("prev_content");
    }
    event
}

fn is_of(previous: &Event, event: &Event) -> bool {
    previous.kind() == event.kind() && previous.state_key() == event.state_key()
}

#[cfg(test)]
mod tests {
    use ruma::room_version_rules::RoomVersionRules;

    use super::*;

    #[test]
    fn a_redaction_leaves_what_the_room_needs() {
        for (kind, content, left) in [
            ("m.room.message", json!({"body": "rude"}), json!({})),
            ("m.room.name", json!({"name": "Rude"}), json!({})),
            (
                "m.room.member",
                json!({"membership": "ban", "displayname": "Rude", "reason": "x", "half": 0.5}),
                json!({"membership": "ban"}),
            ),
            ("m.room.power_levels", json!({"ban": 60, "kick": 0.5, "rude": 1}), json!({"ban": 60})),
            ("m.room.join_rules", json!({"join_rule": "public", "rude": 1}), json!({"join_rule": "public"})),
            ("m.room.member", json!("rude"), json!({})),
            ("m.room.member", Value::Null, json!({})),
        ] {
            let event = json!({"type": kind, "state_key": "", "content": content, "prev_content": {"a": 1},
                "unsigned": {"prev_content": {"a": 1}, "replaces_state": "$old:hs"}});
            let event = redacted(Event(event), &RoomVersionRules::V11.redaction);
            assert_eq!(event.content(), &left, "{kind}");
            assert_eq!(event.prev_content(), None, "{kind}");
            assert_eq!(event.0["unsigned"], json!({"replaces_state": "$old:hs"}), "{kind}");
        }
        assert_eq!(redacted(Event(json!(7)), &RoomVersionRules::V11.redaction), Event(json!(7)));
    }

    #[test]
    fn what_was_replaced_is_missing_only_where_the_server_does_not_tell_it() {
        let event =
            |unsigned: Value, kind: &str| Event(json!({"type": kind, "state_key": "", "unsigned": unsigned}));
        let replaces = json!({"replaces_state": "$old:hs"});
        let told = json!({"replaces_state": "$old:hs", "prev_content": {}});
        let hidden = json!({"replaces_state": "$old:hs", "redacted_because": {}});
        for (event, is_missing) in [
            (event(replaces, "m.room.name"), true),
            (event(told, "m.room.name"), false),
            (event(hidden.clone(), "m.room.name"), false),
            (event(hidden, "m.room.member"), true),
            (event(json!({"replaces_state": 7}), "m.room.name"), false),
            (event(json!({"replaces_state": "old"}), "m.room.name"), false),
            (event(json!([]), "m.room.name"), false),
            (Event(json!({"unsigned": {"replaces_state": "$old:hs"}})), false),
            (Event(json!(null)), false),
        ] {
            assert_eq!(missing(&event).is_some(), is_missing, "{event:?}");
        }
    }
}

//! What a room is made anew of: what was kept of the old one.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom>

use std::collections::BTreeMap;

use ruma::{OwnedUserId, RoomId, UserId};
use serde_json::{Map, Value, json};

use crate::{
    model::{Event, NewRoom, Preset, RoomSnapshot},
    rules::{power::creators_stand_above, state::level},
};

/// The version of a room that nobody tells the version of.
const UNTOLD_VERSION: &str = "10";
/// State that is not taken over: what the server makes itself, what others than the bot have to send, and what speaks of
/// events and rooms that are gone. The main alias comes later, when it leads there.
const LEFT_OUT: [&str; 9] = [
    "m.room.create",
    "m.room.member",
    "m.room.third_party_invite",
    "m.room.aliases",
    "m.room.canonical_alias",
    "m.room.pinned_events",
    "m.room.tombstone",
    "m.call.member",
    "org.matrix.msc3401.call.member",
];

/// The new room, and who else than the bot has all power in it.
pub(super) fn of(old: &RoomId, kept: &RoomSnapshot, me: &UserId) -> (NewRoom, Vec<OwnedUserId>) {
    let create = kept.the("m.room.create");
    let told = create.and_then(|event| event.text("room_version"));
    let version = kept.details.version.as_deref().or(told).unwrap_or(UNTOLD_VERSION).to_owned();
    let creators = creators(kept);
    let stand_above = creators_stand_above(Some(&version));
    let levels = levels(kept, &creators, stand_above, me);

    let mut content = create.and_then(|event| event.content().as_object()).cloned().unwrap_or_default();
    for key in ["creator", "room_version", "predecessor", "additional_creators"] {
        content.remove(key);
    }
    if let Some(kind) = &kept.details.room_type {
        content.entry("type").or_insert_with(|| json!(kind));
    }
    if kept.details.federatable == Some(false) {
        content.insert("m.federate".into(), json!(false));
    }
    content.insert("predecessor".into(), json!({ "room_id": old }));
    let additional: Vec<&OwnedUserId> = creators.iter().filter(|user| *user != me).collect();
    if stand_above && !additional.is_empty() {
        content.insert("additional_creators".into(), json!(additional));
    }

    let mut powerful = powerful(&levels, me);
    if stand_above {
        powerful.extend(additional.into_iter().cloned());
    }
    let initial_state = initial_state(kept, levels);
    let is_public = initial_state
        .iter()
        .any(|event| event.kind() == "m.room.join_rules" && event.text("join_rule") == Some("public"));
    let room = NewRoom {
        room_version: version,
        creation_content: Value::Object(content),
        initial_state,
        preset: if is_public { Preset::PublicChat } else { Preset::PrivateChat },
    };
    (room, powerful)
}

/// Who made the old room.
fn creators(kept: &RoomSnapshot) -> Vec<OwnedUserId> {
    let mut found = Vec::new();
    if let Some(create) = kept.the("m.room.create") {
        found.push(create.text("creator").unwrap_or_else(|| create.sender()));
        let more = create.content().get("additional_creators").and_then(Value::as_array);
        found.extend(more.into_iter().flatten().filter_map(Value::as_str));
    }
    found.extend(kept.details.creator.as_deref());
    let mut users: Vec<OwnedUserId> = Vec::new();
    for user in found.into_iter().filter_map(|user| OwnedUserId::try_from(user).ok()) {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    users
}

/// `m.room.power_levels` as it was, with as much power for the bot as anything needs. Creators who stand above it may not be
/// in it.
fn levels(
    kept: &RoomSnapshot,
    creators: &[OwnedUserId],
    stand_above: bool,
    me: &UserId,
) -> Map<String, Value> {
    let old = kept.the("m.room.power_levels").and_then(|event| event.content().as_object());
    let mut content = old.cloned().unwrap_or_default();
    let mut users = content.get("users").and_then(Value::as_object).cloned().unwrap_or_default();
    if stand_above {
        users.remove(me.as_str());
        for creator in creators {
            users.remove(creator.as_str());
        }
    } else {
        if old.is_none()
            && let Some(creator) = creators.first()
        {
            users.insert(creator.to_string(), json!(100));
        }
        let all = content.values().chain(
            content.get("events").and_then(Value::as_object).into_iter().flatten().map(|(_, level)| level),
        );
        let highest = all.chain(users.values()).filter_map(level).max();
        users.insert(me.to_string(), json!(highest.unwrap_or(100).max(100)));
    }
    content.insert("users".into(), Value::Object(users));
    content
}

/// Who else can change power levels by them.
fn powerful(levels: &Map<String, Value>, me: &UserId) -> Vec<OwnedUserId> {
    let needed = levels.get("events").and_then(|events| events.get("m.room.power_levels"));
    let needed = needed.or_else(|| levels.get("state_default")).and_then(level).unwrap_or(50);
    let users = levels.get("users").and_then(Value::as_object).into_iter().flatten();
    let enough = users.filter(|(_, has)| level(has).is_some_and(|has| has >= needed));
    enough.filter_map(|(user, _)| user.as_str().try_into().ok()).filter(|user| user != me).collect()
}

/// The state, by type and state key. What was kept of the details alone counts where the event itself was not kept.
fn initial_state(kept: &RoomSnapshot, levels: Map<String, Value>) -> Vec<Event> {
    let details = &kept.details;
    let mut state: BTreeMap<(String, String), Value> = BTreeMap::new();
    let text = |value: &Option<String>, other: &str| value.clone().unwrap_or_else(|| other.to_owned());
    // What a room without the event is like, as the specification says.
    for (kind, key, value) in [
        ("m.room.join_rules", "join_rule", Some(text(&details.join_rules, "invite"))),
        (
            "m.room.history_visibility",
            "history_visibility",
            Some(text(&details.history_visibility, "shared")),
        ),
        ("m.room.guest_access", "guest_access", Some(text(&details.guest_access, "forbidden"))),
        ("m.room.name", "name", details.name.clone()),
        ("m.room.topic", "topic", details.topic.clone()),
        ("m.room.avatar", "url", details.avatar.clone()),
        ("m.room.encryption", "algorithm", details.encryption.clone()),
    ] {
        if let Some(value) = value {
            state.insert((kind.to_owned(), String::new()), json!({ key: value }));
        }
    }
    for event in &kept.state {
        let Some(state_key) = event.state_key() else { continue };
        let is_somebodys = state_key.starts_with('@') || state_key.starts_with("_@");
        let is_empty = event.content().as_object().is_none_or(Map::is_empty);
        if !is_somebodys && !is_empty && !LEFT_OUT.contains(&event.kind()) {
            state.insert((event.kind().to_owned(), state_key.to_owned()), event.content().clone());
        }
    }
    state.insert(("m.room.power_levels".to_owned(), String::new()), Value::Object(levels));
    let event = |((kind, state_key), content): ((String, String), Value)| {
        Event(json!({ "type": kind, "state_key": state_key, "content": content }))
    };
    state.into_iter().map(event).collect()
}

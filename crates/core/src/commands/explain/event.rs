//! One event in words: what happened, what it changed, what to look out for, and what made it possible.

use std::collections::BTreeSet;

use ruma::{EventId, OwnedRoomId, RoomId};
use serde_json::Value;

use super::{
    possible,
    previous::{held, redacted, with_previous},
    redaction_rules,
};
use crate::{
    commands::{
        Failure, World,
        events::{room_needed, unknown_event, unknown_room},
        facts::{in_history, named},
    },
    model::Event,
    plan::RoomRef,
    ports::Fault,
    reply::{Line, Reply},
    rules::{
        explain::{Around, Explanation, explain},
        join_rules,
        names::Names,
        room_state::RoomState,
        state::set,
    },
    text::{duration::date, target::EventTarget},
};

pub(in crate::commands) struct Facts {
    room: RoomRef,
    event: Event,
    /// The state at the event; `None` when the room no longer shows the event.
    state: Option<RoomState>,
    names: Names,
    public_rooms: BTreeSet<String>,
}

/// So many rooms that an event mentions are looked up.
const ROOMS: usize = 10;

pub(super) async fn gather(target: &EventTarget, world: &World<'_>) -> Result<Facts, Failure> {
    let room = match &target.room {
        Some(room) => world.resolve(room).await?,
        None => room_of(&target.event, world).await?,
    };
    let details = world.lookup.room(&room).await?.ok_or_else(|| unknown_room(&room))?;
    let version = details.version.as_deref();
    let (event, state, members) = match in_history(world, &room, &target.event).await? {
        Some(found) => {
            let state = RoomState::of(found.state.iter().cloned(), version);
            (found.event, Some(state), found.state)
        }
        None => (left_in_database(&target.event, &room, version, world).await?, None, Vec::new()),
    };
    let event = with_previous(world, &room, &redaction_rules(version), event).await?;
    let mut names = Names::of(members.iter().chain([&event]));
    let mut public_rooms = BTreeSet::new();
    for id in mentioned(&event, state.as_ref()).into_iter().filter(|id| *id != room).take(ROOMS) {
        let Some(details) = world.lookup.room(&id).await? else { continue };
        names = names.with_room(id.as_str(), details.name.as_deref(), details.canonical_alias.as_deref());
        if details.join_rules.as_deref() == Some("public") {
            public_rooms.insert(id.to_string());
        }
    }
    Ok(Facts { room: named(room, Some(&details)), event, state, names, public_rooms })
}

/// The room of an event that is given by its ID alone.
async fn room_of(event: &EventId, world: &World<'_>) -> Result<OwnedRoomId, Failure> {
    match world.lookup.original(event).await {
        Ok(held) => held.and_then(|held| held.room_id()).ok_or_else(|| unknown_event(event.as_str())),
        Err(Fault::NotRouted { .. }) => Err(room_needed("explain", event)),
        Err(fault) => Err(fault.into()),
    }
}

/// An event that the room does not show: whether it was redacted is not known.
async fn left_in_database(
    event: &EventId,
    room: &RoomId,
    version: Option<&str>,
    world: &World<'_>,
) -> Result<Event, Failure> {
    let found = held(world, event).await?.ok_or_else(|| unknown_event(event.as_str()))?;
    match found.room_id().filter(|other| other != room) {
        None => Ok(redacted(found, &redaction_rules(version))),
        Some(other) => Err(Failure::told(
            Line::new()
                .text("The event is not in the room ")
                .code(room.as_str())
                .text(", but in another one: ")
                .code(format!("!explain {other} {event}"))
                .text("."),
        )),
    }
}

/// The rooms that an event speaks of, or that let in who joins.
fn mentioned(event: &Event, state: Option<&RoomState>) -> Vec<OwnedRoomId> {
    let contents = [Some(event.content()), event.prev_content()];
    let allowed = |content: &Value| join_rules::allowed(content).into_iter().map(str::to_owned).collect();
    let at = |path: &'static str| {
        move |content: &Value| -> Vec<String> {
            content.pointer(path).and_then(Value::as_str).map(str::to_owned).into_iter().collect()
        }
    };
    let rooms: Vec<String> = match event.kind() {
        "m.room.join_rules" => contents.into_iter().flatten().flat_map::<Vec<String>, _>(allowed).collect(),
        "m.room.member" => {
            let rules = state.and_then(|state| state.the("m.room.join_rules"));
            rules.map(|rules| allowed(rules.content())).unwrap_or_default()
        }
        "m.room.tombstone" => contents.into_iter().flatten().flat_map(at("/replacement_room")).collect(),
        "m.room.create" => contents.into_iter().flatten().flat_map(at("/predecessor/room_id")).collect(),
        "m.space.child" | "m.space.parent" => event.state_key().map(str::to_owned).into_iter().collect(),
        _ => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let ids = rooms.into_iter().filter_map(|room| OwnedRoomId::try_from(room).ok());
    ids.filter(|id| seen.insert(id.clone())).collect()
}

pub(super) fn reply(facts: &Facts, world: &World<'_>) -> Reply {
    let Facts { room, event, state, names, public_rooms } = facts;
    let around = Around {
        names: Some(names),
        here: Some(world.lookup.me().server_name()),
        state: state.as_ref(),
        public_rooms: Some(public_rooms),
    };
    let Explanation { sentence, details, warnings } = match (state, event.state_key()) {
        (None, None) => names.user(event.sender()).text(" sent ").code(event.kind()).into(),
        // Without what it replaced, a kick and the lifting of a ban are the same.
        (None, Some(_)) if event.kind() == "m.room.member" && event.prev_content().is_none() => {
            set(event, names).into()
        }
        _ => explain(event, &around),
    };
    let reply = Reply::new()
        .paragraph(Line::new().text("In ").append(room.line()).text(":"))
        .paragraph(sentence.text("."));
    let reply = warnings
        .into_iter()
        .fold(reply, |reply, warning| reply.paragraph(Line::new().text("⚠️ ").append(warning)));
    let reply = if details.is_empty() { reply } else { reply.list(details) };
    let reply = reply.fact("Time", date(event.time()));
    let reply = match state.as_ref().and_then(|state| possible(event, state, names)) {
        Some(line) => reply.fact("Possible", line),
        None => reply,
    };
    let reply = match event.redacted_because() {
        Some(redaction) => reply.fact("Redacted", redacted_by(&redaction, names)),
        None => reply,
    };
    let reply = reply.fact("Event", Line::new().code(event.event_id().map_or("", EventId::as_str)));
    match state {
        Some(_) => reply,
        None => reply.paragraph(
            Line::new()
                .text("The room no longer shows this event, so it is not known whether it was redacted, and what it said is left out. ")
                .code(format!("!event {} --original", event.event_id().map_or("<event>", EventId::as_str)))
                .text(" shows what the server still has."),
        ),
    }
}

/// Who redacted it, when and why.
fn redacted_by(redaction: &Event, names: &Names) -> Line {
    let line = Line::new().text("by ").append(names.user(redaction.sender()));
    let line = match redaction.time() {
        0 => line,
        time => line.text(format!(", {}", date(time))),
    };
    match redaction.text("reason").filter(|reason| !reason.is_empty()) {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

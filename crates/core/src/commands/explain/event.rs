//! One event in words: what happened, what it changed, what to look out for, and what made it possible.

use std::collections::BTreeSet;

use ruma::{EventId, OwnedRoomId, RoomId};

use super::{
    previous::{held, redacted, with_previous},
    redaction_rules,
};
use crate::{
    commands::{
        Failure, World,
        events::{room_needed, unknown_event, unknown_room},
        facts::{in_history, named, other_rooms},
    },
    model::Event,
    plan::{Plan, RoomRef},
    ports::Fault,
    reply::{Line, Reply},
    rules::{
        can::what_made_possible,
        cause::{cause, in_words},
        explain::{Around, Explanation, explain, rooms_mentioned},
        membership::with_because,
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
    /// The bot's own Plans about the room, newest first.
    plans: Vec<Plan>,
}

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
    let names = Names::of(members.iter().chain([&event]));
    let (names, public_rooms) = other_rooms(rooms_mentioned(&event, state.as_ref()), names, world).await?;
    let plans = super::plans(world, &room)?;
    Ok(Facts { room: named(room, Some(&details)), event, state, names, public_rooms, plans })
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

pub(super) fn reply(facts: &Facts, world: &World<'_>) -> Reply {
    let Facts { room, event, state, names, public_rooms, plans } = facts;
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
    let reply = Reply::new().paragraph(Line::new().text("In ").append(room.line()).text(":")).paragraph(
        match state {
            Some(state) => with_because(sentence, &[event], state, names).text("."),
            None => sentence.text("."),
        },
    );
    let reply = warnings
        .into_iter()
        .fold(reply, |reply, warning| reply.paragraph(Line::new().text("⚠️ ").append(warning)));
    let reply = if details.is_empty() { reply } else { reply.list(details) };
    let reply = reply.fact("Time", date(event.time()));
    let reply = match state.as_ref().and_then(|state| what_made_possible(event, state, names)) {
        Some(line) => reply.fact("Why they could", line),
        None => reply,
    };
    let reply = match cause(event, plans, world.lookup.me()) {
        Some(plan) => reply.fact("My doing", in_words(plan)),
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

//! One event.

use ruma::{OwnedEventId, OwnedUserId};

use super::{
    super::{
        Acting, Decision, Failure, World, events,
        facts::{in_history, named},
    },
    draft, lacks,
};
use crate::{
    model::{Event, is_local},
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    rules::{event::in_words, names::Names},
    text::{duration::date, target::EventTarget},
};

pub(in super::super) struct Facts {
    room: RoomRef,
    event_id: OwnedEventId,
    event: Event,
    names: Names,
    /// What keeps the bot from it.
    lacks: Option<Line>,
    reason: Option<String>,
}

pub(super) async fn gather(
    world: &World<'_>,
    target: &[String],
    reason: Option<String>,
) -> Result<Facts, Failure> {
    let EventTarget { room, event: event_id } = events::target(target)?;
    let room = if let Some(room) = room {
        world.resolve(&room).await?
    } else {
        // The ID alone: the event itself says where it is.
        let found = world.lookup.original(&event_id).await?.and_then(|event| event.room_id());
        found.ok_or_else(|| events::unknown_event(event_id.as_str()))?
    };
    let details = world.lookup.room(&room).await?;
    let Some(context) = in_history(world, &room, &event_id).await? else {
        return Err(events::unknown_event(event_id.as_str()));
    };
    let room = named(room, details.as_ref());
    let inside = world.lookup.joined_rooms().await?;
    let is_redacted = context.event.redacted_because().is_some();
    let lacks = if is_redacted { None } else { lacks(world, &room, &inside).await? };
    Ok(Facts { room, event_id, event: context.event, names: Names::of(&context.state), lacks, reason })
}

pub(super) fn decide(facts: Facts, acting: Acting, world: &World<'_>) -> Result<Decision, Failure> {
    let Facts { room, event_id, event, names, lacks, reason } = facts;
    if let Some(redaction) = event.redacted_because() {
        let line = Line::new().code(event_id.as_str()).text(" in ").append(room.line());
        let line = line.text(" is redacted already, by ").code(redaction.sender()).text(".");
        return Ok(Decision::Answer(Reply::text(line)));
    }
    let author = OwnedUserId::try_from(event.sender()).ok();
    if room.id != world.settings.management
        && let Some(lacks) = lacks
    {
        let reply = Reply::new().paragraph("Nothing was done.").paragraph(lacks);
        let is_message = matches!(event.kind(), "m.room.message" | "m.room.encrypted");
        let theirs = author.filter(|user| is_message && is_local(user, world.lookup.me()));
        return Err(Failure::Told(Box::new(match theirs {
            Some(user) => {
                let since = date(event.time()).replace(" UTC", "").replace(' ', "T");
                let command = format!("!redact {user} {} --since {since}", room.id);
                reply.paragraph(Line::new().code(command).text(
                    " needs no power: the server redacts that message, and all that its user wrote there since.",
                ))
            }
            None => reply,
        })));
    }
    let preview = Reply::new()
        .paragraph(Line::new().strong("Redact one message ").text("in ").append(room.line()).text(":"))
        .quote([in_words(&event, &names)]);
    let step = Step::RedactEvent { room, event_id, author, reason: reason.clone() };
    Ok(draft(vec![step], reason, preview, None, acting))
}

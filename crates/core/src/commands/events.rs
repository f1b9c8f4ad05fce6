//! What the commands about events share: which event or room is meant, and events as a file.

use ruma::RoomId;

use super::{
    Failure,
    facts::{FileKind, json_file},
};
use crate::{
    model::Event,
    reply::{Attachment, Line, csv_attachment},
    text::{
        duration::date,
        target::{EventTarget, RoomTarget},
    },
};

/// Which event is meant by a link, an ID, or a room and an ID. Its room may be left to the server to find.
pub(super) fn target(words: &[String]) -> Result<EventTarget, Failure> {
    let wrong = |why: String| Failure::told(Line::new().name_long(&why));
    let event = |word: &str| word.parse::<EventTarget>().map_err(|error| wrong(error.to_string()));
    match words {
        [room, id] => {
            let room: RoomTarget = room.parse().map_err(|error| wrong(format!("{error}")))?;
            Ok(EventTarget { room: Some(room), event: event(id)?.event })
        }
        words => event(words.first().map_or("", String::as_str)),
    }
}

/// The server has no such event.
pub(super) fn unknown_event(event: &str) -> Failure {
    Failure::told(
        Line::new()
            .text("The server does not know the event ")
            .code(event)
            .text(". It may have been purged, or this server never received it."),
    )
}

/// The server has no such room.
pub(super) fn unknown_room(room: &RoomId) -> Failure {
    Failure::told(
        Line::new()
            .text("The server does not know the room ")
            .code(room.as_str())
            .text(". Check its ID; it may also have been purged: ")
            .code(format!("!shutdown-status {room}"))
            .text("."),
    )
}

/// Events as a table, or as they are. `stem` is the name of the file without its extension.
pub(super) fn attachment(kind: FileKind, stem: &str, events: &[&Event]) -> Result<Attachment, Failure> {
    match kind {
        FileKind::Json => json_file(&format!("{stem}.json"), &events),
        FileKind::Csv => Ok(csv_attachment(
            format!("{stem}.csv"),
            &["time", "event_id", "sender", "type", "state_key", "content"],
            events.iter().map(|event| {
                vec![
                    date(event.time()),
                    event.event_id().map(ToString::to_string).unwrap_or_default(),
                    event.sender().to_owned(),
                    event.kind().to_owned(),
                    event.state_key().unwrap_or_default().to_owned(),
                    event.content().to_string(),
                ]
            }),
        )),
    }
}

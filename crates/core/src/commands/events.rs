//! What the commands about events share: which event or room is meant, and events as a file.

use ruma::{EventId, RoomId};
use serde_json::{Value, json};

use super::{Failure, facts::FileKind};
use crate::{
    model::Event,
    reply::{Added, Attachment, Line, MOST_BYTES, Table},
    text::{
        duration::date,
        number::grouped,
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

/// The server is too old to tell where an event is.
pub(super) fn room_needed(command: &str, event: &EventId) -> Failure {
    Failure::told(
        Line::new()
            .text("This server cannot find an event by its ID alone (Synapse can from 1.140 on, unless a proxy hides it). Give its room as well: ")
            .code(format!("!{command} <room> {event}"))
            .text(", or a link to the event."),
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

/// Events as a table, or as they are: as many as a file holds, from the first on, and how many those are. `stem` is the
/// name of the file without its extension.
pub(super) fn attachment<'a>(
    kind: FileKind,
    stem: &str,
    events: impl IntoIterator<Item = &'a Event>,
) -> (Attachment, usize) {
    let mut table = match kind {
        FileKind::Csv => kind.table(stem, HEADERS),
        FileKind::Json => Table::list(stem, MOST_BYTES),
    };
    let rows = events.into_iter().take_while(|event| table.add(row(kind, event)) == Added::Yes).count();
    (table.finish(), rows)
}

/// What a file does not hold, if it is so.
pub(super) fn cut_short(rows: usize, of: usize) -> Option<String> {
    let number = |count: usize| grouped(count as u64);
    (rows < of).then(|| {
        format!(
            "The file is as large as it may be: it has the first {} of {} events.",
            number(rows),
            number(of)
        )
    })
}

const HEADERS: &[&str] = &["time", "event_id", "sender", "type", "state_key", "content"];

fn row(kind: FileKind, event: &Event) -> Vec<Value> {
    match kind {
        FileKind::Json => vec![event.0.clone()],
        FileKind::Csv => vec![
            json!(date(event.time())),
            json!(event.event_id()),
            json!(event.sender()),
            json!(event.kind()),
            json!(event.state_key()),
            json!(event.content().to_string()),
        ],
    }
}

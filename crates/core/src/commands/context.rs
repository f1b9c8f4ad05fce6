//! `!context`: an event between the messages around it, readable, also in rooms that the bot is not in.

use ruma::{OwnedEventId, OwnedRoomId};

use super::{Access, Command, Decision, Failure, Subject, World, events, facts::FileKind};
use crate::{
    model::{Context as Around, Event, RoomDetails},
    reply::{Line, Reply, room_line},
    rules::{
        event::{before_redaction, in_words},
        names::Names,
    },
    text::target::EventTarget,
};

/// Show an event between the messages around it
///
/// Give a link to the event, or its room and its ID. Works in rooms that I am not in. Files are named, never shown.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!context <event link> | <room> <event> [-n <number>] [--original] [--file[=csv|json]]"
)]
pub(super) struct Context {
    /// A link to the event; or its room, followed by its ID
    #[arg(value_name = "event", required = true, num_args = 1..=2)]
    target: Vec<String>,
    /// How many messages around it, 100 at most
    #[arg(short = 'n', long, value_name = "number", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=100))]
    number: u32,
    /// Show what the server still holds of it, if it was redacted
    #[arg(long)]
    original: bool,
    /// Attach all of it as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    event: OwnedEventId,
    details: Option<RoomDetails>,
    around: Option<Around>,
    original: Option<Event>,
}

impl Command for Context {
    const NAME: &'static str = "context";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!context https://matrix.to/#/!room:example.org/$event -n 20";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let EventTarget { room, event } = events::target(&self.target)?;
        let room = if let Some(room) = room {
            world.resolve(&room).await?
        } else {
            // The ID alone: the event itself says where it is.
            let found = world.lookup.original(&event).await?.and_then(|event| event.room_id());
            found.ok_or_else(|| events::unknown_event(event.as_str()))?
        };
        let details = world.lookup.room(&room).await?;
        let around = world.lookup.context(&room, &event, self.number).await?;
        let original = if self.original { world.lookup.original(&event).await? } else { None };
        Ok(Facts { room, event, details, around, original })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Some(around) = &facts.around else {
            let line = Line::new().text("The server does not know the event ").code(facts.event.as_str());
            return Err(Failure::told(match facts.details {
                Some(_) => line.text(" in the room ").code(facts.room.as_str()).text(
                    ". It may have been purged, be in another room, or never have reached this server.",
                ),
                None => line.text(", nor the room ").code(facts.room.as_str()).text("."),
            }));
        };
        let names = Names::of(&around.state);
        let details = facts.details.unwrap_or_default();
        let heading =
            room_line(details.name.as_deref(), details.canonical_alias.as_deref(), facts.room.as_str());
        let mut reply = Reply::new().paragraph(
            Line::new()
                .text("Around ")
                .code(facts.event.as_str())
                .text(" in ")
                .append(heading)
                .text(", times in UTC:"),
        );
        let mut lines: Vec<Line> = around.before.iter().map(|event| in_words(event, &names)).collect();
        lines.push(Line::new().strong("▶ ").append(in_words(&around.event, &names)));
        lines.extend(around.after.iter().map(|event| in_words(event, &names)));
        reply = reply.list(lines);
        if self.original {
            reply = original(reply, &around.event, facts.original.as_ref(), &names);
        }
        Ok(Decision::Answer(match self.file {
            None => reply,
            Some(kind) => {
                let events = around.before.iter().chain([&around.event]).chain(&around.after);
                reply.attach(events::attachment(kind, "context", events).0)
            }
        }))
    }
}

/// What the server still holds of the asked event.
fn original(reply: Reply, shown: &Event, original: Option<&Event>, names: &Names) -> Reply {
    let line = match original {
        None => Line::new().text("The server no longer holds the original."),
        Some(_) if shown.redacted_because().is_none() => {
            Line::new().text("The event was not redacted: what is shown is the original.")
        }
        Some(original) => match before_redaction(original, names) {
            Some(before) => Line::new().text("Before it was redacted: ").append(before),
            None => Line::new().text("The server holds the redacted form only; the original was deleted."),
        },
    };
    reply.paragraph(line)
}

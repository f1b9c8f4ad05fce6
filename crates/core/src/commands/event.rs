//! `!event`: one event, raw, with what the admin API adds. What was redacted stays hidden unless it is asked for.

use ruma::{OwnedEventId, OwnedRoomId};
use serde_json::Value;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    events::{attachment, room_needed, target, unknown_event, unknown_room},
    facts::FileKind,
};
use crate::{
    model,
    ports::Fault,
    reply::{Line, Reply, room_line},
    rules::{
        event::{before_redaction, what},
        names::Names,
    },
    text::{duration::date, target::EventTarget},
};

/// Show one event, raw, with what only the server knows about it
///
/// Give a link to the event, its room and its ID, or the ID alone. Works in rooms that I am not in. The content of a redacted event is shown with --original only, as long as the server still has it.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!event <event link> | [room] <event> [--original] [--file[=json|csv]]")]
pub(super) struct Event {
    /// A link to the event; its ID; or its room, followed by its ID
    #[arg(value_name = "event", required = true, num_args = 1..=2)]
    target: Vec<String>,
    /// Show what the server still holds of it, if it was redacted
    #[arg(long)]
    original: bool,
    /// Attach all of it as a file
    #[arg(long, value_name = "json|csv", num_args = 0..=1, require_equals = true, default_missing_value = "json")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    event: OwnedEventId,
    room: Option<OwnedRoomId>,
    name: Option<Line>,
    /// The event as the database holds it, redacted or not.
    held: Option<model::Event>,
    /// The event as the room shows it.
    shown: Option<model::Event>,
    names: Names,
    /// Why the event as the database holds it could not be read.
    is_old_server: bool,
}

/// How many lines of JSON are shown, and how long each may be.
const LINES: usize = 80;
const WIDTH: usize = 400;
/// How much of the JSON is shown, in bytes.
const BYTES: usize = 6_000;

impl Command for Event {
    const NAME: &'static str = "event";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!event https://matrix.to/#/!room:example.org/$event";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let EventTarget { room, event } = target(&self.target)?;
        let asked = match room {
            Some(room) => Some(world.resolve(&room).await?),
            None => None,
        };
        let (held, is_old_server) = match world.lookup.original(&event).await {
            Ok(held) => (held, false),
            // Before 1.140 Synapse cannot fetch an event by its ID alone.
            Err(Fault::NotRouted { .. }) if asked.is_some() => (None, true),
            Err(Fault::NotRouted { .. }) => return Err(room_needed("event", &event)),
            Err(fault) => return Err(fault.into()),
        };
        let room = held.as_ref().and_then(model::Event::room_id).or_else(|| asked.clone());
        let details = match &room {
            Some(room) => world.lookup.room(room).await?,
            None => None,
        };
        // Only the room's own view tells whether the event was redacted.
        let around = match &room {
            // Of an event that a purge of history left in the database, the room's view breaks when it is asked for no
            // neighbour.
            Some(room) => match world.lookup.context(room, &event, 1).await {
                Err(Fault::Broken { status: 500, .. } | Fault::Refused { status: 404, .. })
                    if held.is_some() =>
                {
                    None
                }
                told => told?,
            },
            None => None,
        };
        if held.is_none() && around.is_none() {
            return Err(match &room {
                Some(room) if details.is_none() => unknown_room(room),
                _ => unknown_event(event.as_str()),
            });
        }
        let name = room.as_ref().map(|room| {
            let names = details.as_ref();
            room_line(
                names.and_then(|details| details.name.as_deref()),
                names.and_then(|details| details.canonical_alias.as_deref()),
                room.as_str(),
            )
        });
        let names = around.as_ref().map(|around| Names::of(&around.state)).unwrap_or_default();
        let shown = around.map(|around| around.event);
        Ok(Facts {
            event,
            room: asked.filter(|asked| Some(asked) != room.as_ref()),
            name,
            held,
            shown,
            names,
            is_old_server,
        })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let hidden = facts.hides();
        let Some(full) = facts.held.as_ref().or(facts.shown.as_ref()) else {
            return Err(unknown_event(facts.event.as_str()));
        };
        // Without the event as the database holds it, there is only what the room shows: nothing to leave out.
        let leaves_out = hidden.is_some() && facts.held.is_some() && !self.original;
        let event = if leaves_out { withheld(full) } else { full.clone() };
        let mut reply = Reply::new().paragraph(Line::new().text("The event ").code(facts.event.as_str()));
        for (name, line) in facts.describe(full, hidden, self.original) {
            reply = reply.fact(name, line);
        }
        for line in facts.notes(hidden, self.original) {
            reply = reply.paragraph(line);
        }
        let (json, is_cut) = cut_json(&event.0);
        reply = reply.preformatted(json);
        if is_cut && self.file.is_none() {
            reply = reply.paragraph(
                Line::new().text("That is not all of it: ").code("--file").text(" attaches the whole event."),
            );
        }
        Ok(Decision::Answer(match self.file {
            None => reply,
            Some(FileKind::Json) => reply.attach(super::facts::json_file("event.json", &event)?),
            Some(kind) => reply.attach(attachment(kind, "event", [&event]).0),
        }))
    }
}

/// Why the content is not shown unless it is asked for.
#[derive(Clone, Copy)]
enum Hidden {
    /// It was redacted.
    Redacted,
    /// The room does not show the event, so whether it was redacted is not known.
    Unknown,
}

impl Facts {
    fn hides(&self) -> Option<Hidden> {
        match &self.shown {
            Some(shown) => shown.redacted_because().map(|_| Hidden::Redacted),
            None => Some(Hidden::Unknown),
        }
    }

    /// Everything in words.
    fn describe(
        &self,
        event: &model::Event,
        hidden: Option<Hidden>,
        original: bool,
    ) -> Vec<(&'static str, Line)> {
        let mut facts = vec![("Type", Line::new().code(event.kind()))];
        if let Some(key) = event.state_key() {
            let line = Line::new();
            facts.push(("State key", if key.is_empty() { line.text("empty") } else { line.code(key) }));
        }
        facts.push(("Sender", self.names.user(event.sender())));
        if let Some(room) = &self.name {
            facts.push(("Room", room.clone()));
        }
        facts.push(("Time", Line::new().text(date(event.time()))));
        match (hidden, &self.shown) {
            (Some(Hidden::Unknown), _) | (_, None) => {}
            // The room's view: nothing that was redacted is in it.
            (_, Some(shown)) => facts.push(("In words", what(shown, &self.names))),
        }
        if let Some(Hidden::Redacted) = hidden
            && original
            && self.held.is_some()
        {
            let deleted = || Line::from("the server holds the redacted form only; the original was deleted");
            facts.push(("Before", before_redaction(event, &self.names).unwrap_or_else(deleted)));
        }
        if event.kind() == "m.room.encrypted" {
            facts.push(("Encrypted", Line::from("yes: neither the server nor I can read it")));
        }
        if admin_metadata(event, "io.element.synapse.soft_failed") {
            facts.push((
                "Soft-failed",
                Line::from("yes: this server accepted it and shows it to nobody, for the room's rules no longer allowed it when it came"),
            ));
        }
        if admin_metadata(event, "io.element.synapse.policy_server_spammy") {
            facts.push(("Policy server", Line::from("says that it is spam; nobody here is shown it")));
        }
        facts
    }

    /// What else has to be said.
    fn notes(&self, hidden: Option<Hidden>, original: bool) -> Vec<Line> {
        let mut notes = Vec::new();
        if let Some(asked) = &self.room {
            notes.push(
                Line::new().text("It is not in the room ").code(asked.as_str()).text(", which you gave."),
            );
        }
        match hidden {
            Some(Hidden::Redacted) if self.is_old_server => {
                notes.push(Line::from("It was redacted, and what it said cannot be read on this server."));
            }
            Some(Hidden::Redacted) if original => {
                notes.push(Line::from("It was redacted. What follows is what the server still holds: do not pass it on."));
            }
            Some(Hidden::Redacted) => notes.push(
                Line::new().text("It was redacted, so its content is left out here. ").code("--original").text(" shows what the server still holds."),
            ),
            Some(Hidden::Unknown) if original => {
                notes.push(Line::from("The room does not show it; whether it was redacted is not known: do not pass it on."));
            }
            Some(Hidden::Unknown) => notes.push(
                Line::new().text("The room does not show it, so whether it was redacted is not known, and its content is left out. ").code("--original").text(" shows it."),
            ),
            None => {}
        }
        if self.is_old_server {
            notes.push(Line::from(
                "This server is older than Synapse 1.140, or a proxy hides a part of the admin API: the event is shown as rooms show it, without what the server knows besides.",
            ));
        }
        notes
    }
}

/// The event without what it said.
fn withheld(event: &model::Event) -> model::Event {
    let mut event = event.clone();
    if let Some(object) = event.0.as_object_mut() {
        object.insert("content".to_owned(), Value::from("left out: --original shows it"));
    }
    event
}

/// What the admin API adds to `unsigned` is there and true.
fn admin_metadata(event: &model::Event, key: &str) -> bool {
    event.0.get("unsigned").and_then(|unsigned| unsigned.get(key)).and_then(Value::as_bool) == Some(true)
}

/// The JSON, indented, as far as it can be shown; and whether something is missing.
fn cut_json(event: &Value) -> (String, bool) {
    let json = format!("{event:#}");
    let (mut shown, mut is_cut) = (String::new(), false);
    for (n, line) in json.lines().enumerate() {
        if n >= LINES || shown.len() > BYTES {
            return (shown + "…", true);
        }
        let start: String = line.chars().take(WIDTH).collect();
        is_cut |= start.len() < line.len();
        shown.push_str(&start);
        shown.push_str(if start.len() < line.len() { "…\n" } else { "\n" });
    }
    (shown, is_cut)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_json_is_cut_and_says_so() {
        assert_eq!(cut_json(&json!({"a": 1})), ("{\n  \"a\": 1\n}\n".to_owned(), false));
        let (shown, is_cut) = cut_json(&json!({"body": "ü".repeat(60_000)}));
        assert!(is_cut && shown.len() < 1_000, "{}", shown.len());
        let (shown, is_cut) = cut_json(&json!(vec![1; 500]));
        assert!(is_cut && shown.lines().count() == LINES + 1 && shown.ends_with('…'));
        let (shown, is_cut) = cut_json(&json!(vec!["<".repeat(300); 60]));
        assert!(is_cut && shown.len() < BYTES + WIDTH + 10, "{}", shown.len());
    }

    #[test]
    fn only_true_metadata_counts() {
        let event =
            |value: Value| model::Event(json!({"unsigned": {"io.element.synapse.soft_failed": value}}));
        assert!(admin_metadata(&event(json!(true)), "io.element.synapse.soft_failed"));
        for value in [json!(false), json!("true"), Value::Null] {
            assert!(!admin_metadata(&event(value), "io.element.synapse.soft_failed"));
        }
        assert!(!admin_metadata(&model::Event(json!(7)), "io.element.synapse.soft_failed"));
    }
}

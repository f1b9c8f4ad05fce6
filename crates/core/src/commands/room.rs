//! `!room`: what the server knows about a room.

use futures_util::future::join3;
use ruma::{OwnedRoomId, RoomId};
use serde_json::{Value, json};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    deletions::room_tasks,
    extremities::MANY,
    facts::{RoomFacts, block_line, json_file, members, other_rooms, unread},
};
use crate::{
    model::{BlockStatus, Extremities, RoomDetails, ScheduledTask},
    ports::Fault,
    reply::{Line, Reply},
    rules::{
        join_rules::{self, let_in},
        names::Names,
        state, tasks,
    },
    text::{number::grouped, target::RoomTarget},
};

/// Tell what the server knows about a room
///
/// Also what it does to the room in the background, and whether it is blocked.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!room <room> [--json]")]
pub(super) struct Room {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Attach all of it as JSON, in the server's own words
    #[arg(long)]
    json: bool,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    about: RoomFacts,
    join_rules: Option<Value>,
    names: Names,
    beside: Beside,
}

/// What is good to know as well. A fault in it hides nothing else.
struct Beside {
    extremities: Result<Extremities, Fault>,
    tasks: Result<Vec<ScheduledTask>, Fault>,
    aliases: Result<Vec<String>, Fault>,
}

impl Command for Room {
    const NAME: &'static str = "room";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!room #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let room = world.resolve(&self.room).await?;
        let about = RoomFacts::gather(world, &room).await?;
        let join_rules = match &about.details {
            Some(_) => world.lookup.state(&room, Some("m.room.join_rules")).await?,
            None => Vec::new(),
        };
        let rooms = join_rules.first().map(let_in).unwrap_or_default();
        let (names, _) = other_rooms(rooms, Names::default(), world).await?;
        let join_rules = join_rules.into_iter().next().map(|event| event.content().clone());
        let lookup = world.lookup;
        let (extremities, tasks, aliases) =
            join3(lookup.extremities(&room), room_tasks(world, &room), lookup.local_aliases(&room)).await;
        let tasks = tasks.map(|(tasks, _)| tasks);
        Ok(Facts { room, about, join_rules, names, beside: Beside { extremities, tasks, aliases } })
    }

    fn decide(self, found: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Some(details) = &found.about.details else {
            return Err(Failure::Told(Box::new(unknown(
                &found.room,
                &found.about.block,
                &found.beside.tasks,
            ))));
        };
        let mut reply = Reply::new().paragraph(found.about.line(&found.room));
        if world.is_management(&found.room) {
            reply = reply.paragraph(Line::new().text("This is the management room."));
        }
        let facts = describe(details, found.join_rules.as_ref(), &found.names);
        for (name, line) in facts.into_iter().chain(beside(&found.room, details, &found.beside)) {
            reply = reply.fact(name, line);
        }
        reply = reply.fact("Block", block_line(&found.about.block));
        if self.json {
            reply = reply.attach(json_file("room.json", &raw(&found, details))?);
        }
        Ok(Decision::Answer(reply))
    }
}

/// A room that the server does not know, or no longer.
fn unknown(room: &RoomId, block: &BlockStatus, tasks: &Result<Vec<ScheduledTask>, Fault>) -> Reply {
    let line = Line::new()
        .text("The server does not know the room ")
        .code(room.as_str())
        .text("; it is ")
        .append(block_line(block))
        .text(".");
    let line = match block {
        BlockStatus::Blocked(_) => line,
        BlockStatus::Open => {
            line.text(" To keep people here from joining it: ").code(format!("!block {room}")).text(".")
        }
    };
    let reply = Reply::new().paragraph(line);
    match tasks {
        Ok(tasks) => tasks::of_unknown_room(tasks).into_iter().fold(reply, Reply::paragraph),
        Err(fault) => {
            reply.paragraph(Line::new().text("Whether it was deleted ").append(unread(fault)).text("."))
        }
    }
}

/// Everything that is known, for a program.
fn raw(found: &Facts, details: &RoomDetails) -> Value {
    fn or_fault<T: serde::Serialize>(told: &Result<T, Fault>) -> Value {
        told.as_ref().map_or_else(|fault| json!({"fault": fault.to_string()}), |value| json!(value))
    }
    let mut raw = json!(details);
    raw["room_id"] = json!(found.room);
    raw["block"] = match &found.about.block {
        BlockStatus::Open => json!({"block": false}),
        BlockStatus::Blocked(by) => json!({"block": true, "user_id": by}),
    };
    raw["join_rules_content"] = json!(found.join_rules);
    raw["forward_extremities"] = or_fault(&found.beside.extremities);
    raw["scheduled_tasks"] = or_fault(&found.beside.tasks);
    raw["local_aliases"] = or_fault(&found.beside.aliases);
    raw
}

/// What was read beside the details.
fn beside(room: &RoomId, details: &RoomDetails, beside: &Beside) -> Vec<(&'static str, Line)> {
    let mut facts = Vec::new();
    match &beside.aliases {
        Err(fault) => facts.push(("Aliases here", unread(fault))),
        Ok(aliases) if aliases.iter().any(|alias| Some(alias) != details.canonical_alias.as_ref()) => {
            facts.push(("Aliases here", codes(aliases)));
        }
        Ok(_) => {}
    }
    facts.push((
        "Forward extremities",
        match &beside.extremities {
            Err(fault) => unread(fault),
            Ok(ends) if ends.count > MANY => Line::new()
                .text(format!("{}, which slows the room down; ", grouped(ends.count)))
                .code(format!("!extremities {room}"))
                .text(" lists them"),
            Ok(ends) => Line::new().text(grouped(ends.count)),
        },
    ));
    match &beside.tasks {
        Err(fault) => facts.push(("In the background", unread(fault))),
        Ok(tasks) => {
            facts.extend(tasks::pending(tasks).into_iter().map(|line| ("In the background", line)));
            facts.extend(tasks::last_failure(tasks, room).map(|line| ("Failed", line)));
        }
    }
    facts
}

fn codes(aliases: &[String]) -> Line {
    const NAMED: usize = 10;
    let line = aliases.iter().take(NAMED).enumerate().fold(Line::new(), |line, (n, alias)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.code(alias)
    });
    match aliases.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {more} more")),
    }
}

/// Everything about a room but its names.
fn describe(details: &RoomDetails, rules: Option<&Value>, names: &Names) -> Vec<(&'static str, Line)> {
    let text = |text: &str| Line::new().text(text);
    let mut facts = Vec::new();
    if let Some(topic) = details.topic.as_deref().filter(|topic| !topic.is_empty()) {
        facts.push(("Topic", Line::new().user(topic)));
    }
    if let Some(avatar) = &details.avatar {
        facts.push(("Picture", Line::new().code(avatar)));
    }
    if let Some(kind) = &details.room_type {
        facts.push((
            "Type",
            match kind.as_str() {
                "m.space" => text("a space"),
                other => Line::new().code(other),
            },
        ));
    }
    facts.push(("Members", Line::new().text(members(details))));
    facts.push((
        "Devices",
        text(&format!("{} of members on this server", grouped(details.joined_local_devices))),
    ));
    if let Some(creator) = &details.creator {
        facts.push(("Creator", Line::new().code(creator)));
    }
    if let Some(version) = &details.version {
        facts.push(("Version", Line::new().code(version)));
    }
    facts.push(("State events", text(&grouped(details.state_events))));
    facts.push(("Encryption", encryption(details)));
    facts.push(("Joining", join_rules::in_words(details.join_rules.as_deref(), rules, names)));
    facts.push(("History", history(details)));
    facts.push(("Guests", state::guest_access(details.guest_access.as_deref())));
    facts.push((
        "Federation",
        match details.federatable {
            Some(true) => text("open to other servers"),
            Some(false) => text("this server only"),
            None => text("not known"),
        },
    ));
    facts.push((
        "Directory",
        match details.public {
            Some(true) => text("listed in the public room directory"),
            Some(false) => text("not listed"),
            None => text("not known"),
        },
    ));
    facts.extend(closed(details).map(|line| ("Closed", line)));
    if details.forgotten {
        facts.push(("Forgotten", text("all local users have forgotten it")));
    }
    facts
}

/// Whether messages are encrypted, and how.
pub(super) fn encryption(details: &RoomDetails) -> Line {
    match &details.encryption {
        Some(algorithm) => Line::new().text("on (").code(algorithm).text(")"),
        None => Line::from("off"),
    }
}

/// Who can read the history.
pub(super) fn history(details: &RoomDetails) -> Line {
    match details.history_visibility.as_deref() {
        None => Line::from("not known"),
        word => state::history_visibility(word),
    }
}

/// What the room was closed for; `None` while it is open.
pub(super) fn closed(details: &RoomDetails) -> Option<Line> {
    let line = match &details.replacement_room {
        Some(successor) => Line::new().text("the room was replaced by ").code(successor),
        None => Line::from("the room was closed, without a successor"),
    };
    details.tombstoned.then_some(line)
}

//! `!shutdown-status`: what became of the deletions of a room, of one, or of all on the server.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    deletions::{Deletions, Rooms, Source, from_delete_status, from_purge_status, room_tasks},
    facts::FileKind,
    sheet::Sheet,
};
use crate::{
    model::{DELETE_ROOM, PURGE_HISTORY, ScheduledTask},
    ports::{Fault, Which},
    reply::{Line, Reply},
    text::{
        clean::clean,
        target::{RoomTarget, looks_like_room},
    },
};

/// Tell what became of the deletions of a room: who was removed, and what went wrong
///
/// Give the room for all of its last 7 days, oldest first, or a delete ID for one. --all lists those of the whole server, newest first, with the purges of history.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!shutdown-status <room> | <delete ID> | --all [--page <number>] [--file[=csv|json]]"
)]
pub(super) struct ShutdownStatus {
    /// The room (ID, alias or link), or the ID of a deletion
    #[arg(value_name = "room or delete ID", required_unless_present = "all", conflicts_with = "all")]
    target: Option<String>,
    /// All of the whole server, newest first
    #[arg(long)]
    all: bool,
    /// Which page
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach all of them as a file, with everybody who was removed
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// What is asked about.
enum Asked {
    Room(OwnedRoomId),
    Task(String),
    Everything,
}

pub(super) struct Facts {
    asked: Asked,
    deletions: Deletions,
    /// Whether the server knows the room that was asked about.
    known: Option<bool>,
}

/// How many tasks are on a page.
const SHOWN: usize = 10;
impl Command for ShutdownStatus {
    const NAME: &'static str = "shutdown-status";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!shutdown-status !abc:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let asked = self.asked(world).await?;
        let (mut tasks, source) = match &asked {
            Asked::Room(room) => room_tasks(world, room).await?,
            Asked::Task(id) => one(world, id).await?,
            Asked::Everything => match world.lookup.tasks(None).await {
                Ok(tasks) => (tasks, Source::ScheduledTasks),
                Err(Fault::NotRouted { .. }) => {
                    return Err(Failure::told(Line::new()
                        .text("This server cannot list all deletions: Synapse can from 1.130 on, unless a proxy hides it. Ask for one room: ")
                        .code("!shutdown-status <room>")
                        .text(".")));
                }
                Err(fault) => return Err(fault.into()),
            },
        };
        tasks.retain(|task| match &asked {
            Asked::Room(_) => task.action == DELETE_ROOM,
            Asked::Task(id) => task.id == *id,
            Asked::Everything => task.action == DELETE_ROOM || task.action == PURGE_HISTORY,
        });
        tasks.sort_by_key(|task| task.timestamp_ms);
        if matches!(asked, Asked::Everything) {
            tasks.reverse();
        }
        let about = match &asked {
            Asked::Room(room) => Some(room.to_string()),
            Asked::Task(_) => tasks.first().and_then(|task| task.resource_id.clone()),
            Asked::Everything => None,
        };
        let plans = world.records.plans(&Which { about, ..Which::default() })?;
        let known = match &asked {
            Asked::Room(room) => Some(world.lookup.room(room).await?.is_some()),
            Asked::Task(_) | Asked::Everything => None,
        };
        Ok(Facts { asked, deletions: Deletions::new(tasks, source, &plans), known })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { asked, deletions, known } = &facts;
        let Some(first) = deletions.tasks.first() else { return Err(Failure::told(facts.nothing())) };
        let rooms = if matches!(asked, Asked::Room(_)) { Rooms::Above } else { Rooms::Each };
        let lines = deletions.tasks.iter().map(|task| deletions.in_a_line(task, rooms)).collect();
        let sheet = Sheet::of(lines, world.at, self.page, SHOWN)?;
        let heading = match asked {
            Asked::Task(_) if first.action == PURGE_HISTORY => Line::from("That purge of history"),
            Asked::Task(_) => Line::from("That deletion"),
            Asked::Room(room) => {
                Line::new().text("Deletions of ").append(deletions.room(room.as_str())).text(", oldest first")
            }
            Asked::Everything => {
                Line::from("Deletions of rooms and purges of history on this server, newest first")
            }
        };
        let many = match deletions.tasks.len() {
            1 => String::new(),
            many => format!(" ({many} of the last 7 days)"),
        };
        let mut reply = Reply::new()
            .paragraph(heading.text(format!("{many}{}:", sheet.words())))
            .list(sheet.lines.clone());
        if deletions.source == Source::DeleteStatus && first.action == DELETE_ROOM {
            reply = reply.paragraph(
                "This server tells neither when a deletion was nor why it failed: Synapse does from 1.130 on, unless a proxy hides it. Its log has more.",
            );
        }
        if let (Some(true), Asked::Room(room)) = (known, asked) {
            let line = Line::new().text("The server knows the room still, or again: ");
            reply = reply.paragraph(line.code(format!("!room {room}")).text("."));
        }
        if let Some(kind) = self.file.filter(|_| world.at.is_none()) {
            reply = deletions.attach(reply, kind);
        }
        Ok(sheet.decide(reply))
    }
}

impl ShutdownStatus {
    async fn asked(&self, world: &World<'_>) -> Result<Asked, Failure> {
        let Some(target) = self.target.as_deref().map(str::trim) else { return Ok(Asked::Everything) };
        if looks_like_room(target) || target.starts_with(['@', '$']) {
            let room: RoomTarget =
                target.parse().map_err(|error| Failure::told(Line::new().name_long(format!("{error}"))))?;
            return Ok(Asked::Room(world.resolve(&room).await?));
        }
        let is_id = !target.is_empty()
            && target.len() <= 64
            && target.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_id {
            return Ok(Asked::Task(target.to_owned()));
        }
        Err(Failure::told(
            Line::new()
                .user(clean(target, 60))
                .text(" is neither a room nor the ID of a deletion. Give a room (!…, #… or a link), or an ID like MLwnieZOTVyBtBxV."),
        ))
    }
}

/// One task. The delete status does not say which room it is about, the scheduled tasks do.
async fn one(world: &World<'_>, id: &str) -> Result<(Vec<ScheduledTask>, Source), Failure> {
    match world.lookup.tasks(None).await {
        Ok(tasks) => Ok((tasks, Source::ScheduledTasks)),
        Err(Fault::NotRouted { .. }) => {
            let task = match world.lookup.delete_task(id).await? {
                Some(task) => Some(from_delete_status(task, None)),
                None => world.lookup.purge_status(id).await?.map(|purge| from_purge_status(id, purge)),
            };
            Ok((task.into_iter().collect(), Source::DeleteStatus))
        }
        Err(fault) => Err(fault.into()),
    }
}

impl Facts {
    /// That there is nothing, and what to do.
    fn nothing(&self) -> Line {
        const KEPT: &str = " The server remembers deletions for 7 days. ";
        match &self.asked {
            Asked::Everything => Line::from("Nothing was deleted on this server in the last 7 days."),
            Asked::Task(id) => Line::new()
                .text("The server has no deletion with the ID ")
                .code(id)
                .text(".")
                .text(KEPT)
                .code("!audit")
                .text(" shows what I was asked to do, ")
                .code("!shutdown-status --all")
                .text(" what the server remembers."),
            Asked::Room(room) => {
                let line = Line::new()
                    .text("The server has no deletion of ")
                    .append(self.deletions.room(room.as_str()))
                    .text(".")
                    .text(KEPT)
                    .text(match self.known {
                        Some(true) => "It knows the room: ",
                        Some(false) | None => "It does not know the room. What I was asked to do: ",
                    });
                let command = if self.known == Some(true) { "room" } else { "audit" };
                line.code(format!("!{command} {room}")).text(".")
            }
        }
    }
}

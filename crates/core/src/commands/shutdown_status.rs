//! `!shutdown-status`: what became of the deletions of a room, of one, or of all on the server.

use std::collections::BTreeMap;

use ruma::{OwnedRoomId, RoomId};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{FileKind, json_file},
    paging::Sheet,
};
use crate::{
    model::{DELETE_ROOM, DeleteResult, DeleteTask, PURGE_HISTORY, ScheduledTask, TaskStatus},
    plan::{Plan, PlanId, StepState},
    ports::{Fault, Which},
    reply::{Attachment, Line, Reply, csv_attachment, room_line},
    text::{
        clean::clean,
        duration::date,
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
    tasks: Vec<ScheduledTask>,
    /// Where the tasks come from: errors are told by the scheduled tasks only.
    source: Source,
    /// Which job of ours a task belongs to, by the task's ID.
    jobs: BTreeMap<String, PlanId>,
    /// What the rooms were called, by their IDs.
    names: BTreeMap<String, Line>,
    /// Whether the server knows the room that was asked about.
    known: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    ScheduledTasks,
    DeleteStatus,
}

/// How many tasks are on a page.
const SHOWN: usize = 10;
/// How many users or aliases are named in a line.
const NAMED: usize = 10;

impl Command for ShutdownStatus {
    const NAME: &'static str = "shutdown-status";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!shutdown-status !abc:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let asked = self.asked(world).await?;
        let (mut tasks, source) = match &asked {
            Asked::Room(room) => of_room(world, room).await?,
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
        Ok(Facts { tasks, source, jobs: jobs(&plans), names: names(&plans), known, asked })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        if facts.tasks.is_empty() {
            return Err(Failure::told(facts.nothing()));
        }
        let lines = facts.tasks.iter().map(|task| facts.in_a_line(task)).collect();
        let sheet = Sheet::of(lines, world.at, self.page, SHOWN)?;
        let heading = match &facts.asked {
            Asked::Task(_) => Line::from("That deletion"),
            Asked::Room(room) => {
                Line::new().text("Deletions of ").append(facts.room(room.as_str())).text(", oldest first")
            }
            Asked::Everything => {
                Line::from("Deletions of rooms and purges of history on this server, newest first")
            }
        };
        let many = match facts.tasks.len() {
            1 => String::new(),
            many => format!(" ({many} of the last 7 days)"),
        };
        let mut reply = Reply::new()
            .paragraph(heading.text(format!("{many}{}:", sheet.words())))
            .list(sheet.lines.clone());
        if facts.source == Source::DeleteStatus {
            reply = reply.paragraph(
                "This server tells neither when a deletion was nor why it failed: Synapse does from 1.130 on, unless a proxy hides it. Its log has more.",
            );
        }
        if let (Some(true), Asked::Room(room)) = (facts.known, &facts.asked) {
            let line = Line::new().text("The server knows the room still, or again: ");
            reply = reply.paragraph(line.code(format!("!room {room}")).text("."));
        }
        if let Some(kind) = self.file.filter(|_| world.at.is_none()) {
            reply = reply.attach(facts.attachment(kind)?);
        }
        Ok(sheet.decide(reply))
    }
}

impl ShutdownStatus {
    async fn asked(&self, world: &World<'_>) -> Result<Asked, Failure> {
        let Some(word) = self.target.as_deref().map(str::trim) else { return Ok(Asked::Everything) };
        if looks_like_room(word) || word.starts_with(['@', '$']) {
            let room: RoomTarget =
                word.parse().map_err(|error| Failure::told(Line::new().name_long(format!("{error}"))))?;
            return Ok(Asked::Room(world.resolve(&room).await?));
        }
        let is_id =
            !word.is_empty() && word.len() <= 64 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_id {
            return Ok(Asked::Task(word.to_owned()));
        }
        Err(Failure::told(
            Line::new()
                .user(clean(word, 60))
                .text(" is neither a room nor the ID of a deletion. Give a room (!…, #… or a link), or an ID like MLwnieZOTVyBtBxV."),
        ))
    }
}

/// The tasks of a room; of an old server, from the delete status.
async fn of_room(world: &World<'_>, room: &RoomId) -> Result<(Vec<ScheduledTask>, Source), Failure> {
    match world.lookup.tasks(Some(room)).await {
        Ok(tasks) => Ok((tasks, Source::ScheduledTasks)),
        Err(Fault::NotRouted { .. }) => {
            let tasks = world.lookup.delete_tasks(room).await?;
            let tasks = tasks.into_iter().map(|task| from_delete_status(task, Some(room)));
            Ok((tasks.collect(), Source::DeleteStatus))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// One task. The delete status does not say which room it is about, the scheduled tasks do.
async fn one(world: &World<'_>, id: &str) -> Result<(Vec<ScheduledTask>, Source), Failure> {
    match world.lookup.tasks(None).await {
        Ok(tasks) => Ok((tasks, Source::ScheduledTasks)),
        Err(Fault::NotRouted { .. }) => {
            let task = world.lookup.delete_task(id).await?;
            let task = task.map(|task| from_delete_status(task, None));
            Ok((task.into_iter().collect(), Source::DeleteStatus))
        }
        Err(fault) => Err(fault.into()),
    }
}

fn from_delete_status(task: DeleteTask, room: Option<&RoomId>) -> ScheduledTask {
    ScheduledTask {
        id: task.id,
        action: DELETE_ROOM.to_owned(),
        status: match task.status {
            TaskStatus::Active => "active".to_owned(),
            TaskStatus::Complete => "complete".to_owned(),
            TaskStatus::Failed => "failed".to_owned(),
            TaskStatus::Other(word) => word,
        },
        timestamp_ms: 0,
        resource_id: room.map(ToString::to_string),
        result: task.result.map(|result| serde_json::json!(result)),
        error: None,
    }
}

/// Which job a task belongs to, by the task's ID.
fn jobs(plans: &[Plan]) -> BTreeMap<String, PlanId> {
    let of = |plan: &Plan| {
        let tasks: Vec<(String, PlanId)> = plan
            .steps
            .iter()
            .filter_map(|planned| match &planned.state {
                Some(StepState::Following { delete_id, .. }) => Some((delete_id.clone(), plan.id)),
                Some(StepState::FollowingPurge { purge_id }) => Some((purge_id.clone(), plan.id)),
                _ => None,
            })
            .collect();
        tasks
    };
    plans.iter().flat_map(of).collect()
}

/// What rooms were called when we were asked to do something: the server has forgotten the names of deleted ones.
fn names(plans: &[Plan]) -> BTreeMap<String, Line> {
    // Newest first: what is known latest counts, so that goes in last.
    let steps = plans.iter().rev().flat_map(|plan| &plan.steps).map(|planned| planned.step.room_ref());
    steps
        .filter(|room| room.name.is_some() || room.alias.is_some())
        .map(|room| (room.id.to_string(), room.line()))
        .collect()
}

/// What a deletion did. Written by the server; what is missing counts as nothing.
fn result(task: &ScheduledTask) -> DeleteResult {
    let list = |key: &str| -> Vec<String> {
        let list = task.result.as_ref().and_then(|result| result.get(key)?.as_array());
        list.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    };
    let new_room = task.result.as_ref().and_then(|result| result.get("new_room_id")?.as_str());
    DeleteResult {
        kicked_users: list("kicked_users"),
        failed_to_kick_users: list("failed_to_kick_users"),
        local_aliases: list("local_aliases"),
        new_room_id: new_room.map(str::to_owned),
    }
}

impl Facts {
    /// A room by its ID, with its names if they are known.
    fn room(&self, id: &str) -> Line {
        self.names.get(id).cloned().unwrap_or_else(|| room_line(None, None, id))
    }

    /// One task in full.
    fn in_a_line(&self, task: &ScheduledTask) -> Line {
        let result = result(task);
        let line = Line::new();
        let line = match task.timestamp_ms {
            ms if ms > 0 => line.text(format!("{} ", date(ms))),
            _ => line,
        };
        let line = line.code(&task.id).text(": ");
        let line = if task.action == PURGE_HISTORY { line.text("purge of history, ") } else { line };
        let line = match task.status.as_str() {
            "scheduled" => line.strong("waiting to begin"),
            "active" => line.strong("at work"),
            "complete" => line.strong("complete"),
            "failed" => line.strong("failed"),
            "cancelled" => line.strong("cancelled"),
            other => line.code(other),
        };
        let line = match (&self.asked, &task.resource_id) {
            (Asked::Room(_), _) | (_, None) => line,
            (_, Some(room)) => line.text(", ").append(self.room(room)),
        };
        let line = match &task.error {
            Some(error) => line.text("; the server says: ").name_long(error.as_str()),
            None if task.status == "failed" && self.source == Source::ScheduledTasks => {
                line.text("; the server does not say why")
            }
            None => line,
        };
        let line = if task.action == DELETE_ROOM { removed(line, task, &result) } else { line };
        match self.jobs.get(&task.id) {
            Some(job) => line.text("; see ").code(format!("!job {job}")),
            None => line,
        }
    }

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
                    .append(self.room(room.as_str()))
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

    fn attachment(&self, kind: FileKind) -> Result<Attachment, Failure> {
        if kind == FileKind::Json {
            return json_file("deletions.json", &self.tasks);
        }
        Ok(csv_attachment(
            "deletions.csv",
            &[
                "time",
                "id",
                "action",
                "status",
                "room",
                "kicked_users",
                "failed_to_kick_users",
                "local_aliases",
                "new_room_id",
                "error",
                "job",
            ],
            self.tasks.iter().map(|task| {
                let result = result(task);
                vec![
                    if task.timestamp_ms > 0 { date(task.timestamp_ms) } else { String::new() },
                    task.id.clone(),
                    task.action.clone(),
                    task.status.clone(),
                    task.resource_id.clone().unwrap_or_default(),
                    result.kicked_users.join(" "),
                    result.failed_to_kick_users.join(" "),
                    result.local_aliases.join(" "),
                    result.new_room_id.unwrap_or_default(),
                    task.error.clone().unwrap_or_default(),
                    self.jobs.get(&task.id).map(ToString::to_string).unwrap_or_default(),
                ]
            }),
        ))
    }
}

/// Who was removed, who not, which aliases went, and where to.
fn removed(line: Line, task: &ScheduledTask, result: &DeleteResult) -> Line {
    let DeleteResult { kicked_users, failed_to_kick_users, local_aliases, new_room_id } = result;
    let is_nothing = kicked_users.is_empty()
        && failed_to_kick_users.is_empty()
        && local_aliases.is_empty()
        && new_room_id.is_none();
    // Synapse completes the deletion of a room that it does not know as well.
    if task.status == "complete" && is_nothing {
        return line
            .text("; nobody was removed: nobody local was in the room, or the server did not know it");
    }
    let line = if kicked_users.is_empty() {
        line.text("; nobody was removed")
    } else {
        several(line.text(format!("; {} removed: ", kicked_users.len())), kicked_users)
    };
    let line = if failed_to_kick_users.is_empty() {
        line
    } else {
        let failed = format!("; {} could not be removed, or not be moved: ", failed_to_kick_users.len());
        several(line.text(failed), failed_to_kick_users)
    };
    let line = if local_aliases.is_empty() { line } else { several(line.text("; aliases: "), local_aliases) };
    match new_room_id {
        Some(room) => line.text("; moved to ").code(room),
        None => line,
    }
}

/// The first of some IDs, and how many more there are.
fn several(line: Line, ids: &[String]) -> Line {
    let line = ids.iter().take(NAMED).enumerate().fold(line, |line, (n, id)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.code(id)
    });
    match ids.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {more} more (--file names all)")),
    }
}

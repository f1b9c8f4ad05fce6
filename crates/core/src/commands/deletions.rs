//! Deletions of rooms and purges of history as the server remembers them: what one did, in a line or in a table.

use std::collections::BTreeMap;

use ruma::RoomId;
use serde_json::{Value, json};

use super::{World, facts::FileKind};
use crate::{
    model::{DELETE_ROOM, DeleteResult, DeleteTask, PURGE_HISTORY, PurgeStatus, ScheduledTask, TaskStatus},
    plan::{Plan, PlanId, StepState},
    ports::Fault,
    reply::{Added, Line, MOST_BYTES, Reply, Table, room_line},
    text::{duration::date, number::grouped},
};

/// How many users or aliases are named in a line.
const NAMED: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// They tell everything.
    ScheduledTasks,
    /// It tells neither times nor errors.
    DeleteStatus,
}

/// Tasks, and what we know about them ourselves.
pub(super) struct Deletions {
    /// In the order in which they are told.
    pub(super) tasks: Vec<ScheduledTask>,
    /// Where they come from.
    pub(super) source: Source,
    jobs: BTreeMap<String, PlanId>,
    names: BTreeMap<String, Line>,
}

/// Whether the room of a task is told with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rooms {
    /// All tasks are about the same room, which stands above them.
    Above,
    /// Each names its own.
    Each,
}

impl Deletions {
    /// Tasks, and the Plans that may have led to them.
    pub(super) fn new(tasks: Vec<ScheduledTask>, source: Source, plans: &[Plan]) -> Self {
        Self { tasks, source, jobs: jobs(plans), names: names(plans) }
    }

    /// A room by its ID, with its names if they are known.
    pub(super) fn room(&self, id: &str) -> Line {
        self.names.get(id).cloned().unwrap_or_else(|| room_line(None, None, id))
    }

    /// One task in full.
    pub(super) fn in_a_line(&self, task: &ScheduledTask, rooms: Rooms) -> Line {
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
        let line = match (rooms, &task.resource_id) {
            (Rooms::Above, _) | (_, None) => line,
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

    /// Adds a file of them, with everybody who was removed, as far as a file goes.
    pub(super) fn attach(&self, reply: Reply, kind: FileKind) -> Reply {
        let mut table = match kind {
            FileKind::Csv => kind.table("deletions", HEADERS),
            FileKind::Json => Table::list("deletions", MOST_BYTES),
        };
        let is_cut = self.tasks.iter().any(|task| table.add(self.row(kind, task)) == Added::Full);
        let rows = table.rows();
        let reply = reply.attach(table.finish());
        if is_cut {
            return reply.paragraph(format!(
                "The file is as large as it may be: it has the first {} only.",
                grouped(rows)
            ));
        }
        reply
    }

    fn row(&self, kind: FileKind, task: &ScheduledTask) -> Vec<Value> {
        if kind == FileKind::Json {
            return vec![json!(task)];
        }
        let result = result(task);
        vec![
            json!((task.timestamp_ms > 0).then(|| date(task.timestamp_ms))),
            json!(task.id),
            json!(task.action),
            json!(task.status),
            json!(task.resource_id),
            json!(result.kicked_users.join(" ")),
            json!(result.failed_to_kick_users.join(" ")),
            json!(result.local_aliases.join(" ")),
            json!(result.new_room_id),
            json!(task.error),
            json!(self.jobs.get(&task.id)),
        ]
    }
}

const HEADERS: &[&str] = &[
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
];

/// The background tasks of a room, oldest first. Old servers tell only of deletions, and neither when nor why they
/// failed.
pub(super) async fn room_tasks(
    world: &World<'_>,
    room: &RoomId,
) -> Result<(Vec<ScheduledTask>, Source), Fault> {
    match world.lookup.tasks(Some(room)).await {
        Ok(tasks) => Ok((tasks, Source::ScheduledTasks)),
        Err(Fault::NotRouted { .. }) => {
            let tasks = world.lookup.delete_tasks(room).await?;
            let tasks = tasks.into_iter().map(|task| from_delete_status(task, Some(room)));
            Ok((tasks.collect(), Source::DeleteStatus))
        }
        Err(fault) => Err(fault),
    }
}

fn word(status: TaskStatus) -> String {
    match status {
        TaskStatus::Active => "active".to_owned(),
        TaskStatus::Complete => "complete".to_owned(),
        TaskStatus::Failed => "failed".to_owned(),
        TaskStatus::Other(word) => word,
    }
}

/// A purge of history as its status tells it.
pub(super) fn from_purge_status(id: &str, purge: PurgeStatus) -> ScheduledTask {
    ScheduledTask {
        id: id.to_owned(),
        action: PURGE_HISTORY.to_owned(),
        status: word(purge.status),
        timestamp_ms: 0,
        resource_id: None,
        result: None,
        error: purge.error,
    }
}

/// A task as the delete status tells it.
pub(super) fn from_delete_status(task: DeleteTask, room: Option<&RoomId>) -> ScheduledTask {
    ScheduledTask {
        id: task.id,
        action: DELETE_ROOM.to_owned(),
        status: word(task.status),
        timestamp_ms: 0,
        resource_id: room.map(ToString::to_string),
        result: task.result.map(|result| json!(result)),
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
    let steps = plans.iter().rev().flat_map(|plan| &plan.steps).filter_map(|planned| planned.step.room_ref());
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

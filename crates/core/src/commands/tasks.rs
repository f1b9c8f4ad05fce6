//! `!tasks`: what the server does in the background.

use futures_util::future::join;

use super::{Access, Command, Decision, Failure, Subject, World, facts::unread, person::ago, sheet::Sheet};
use crate::{
    model::{BackgroundUpdates, DELETE_ROOM, PURGE_HISTORY, REDACT_USER, ScheduledTask},
    ports::Fault,
    reply::{Line, Reply},
    text::number::{counted, grouped},
};

/// Show what the server does in the background: deletions, purges, redactions, and changes of its database
///
/// Tasks that are waiting, at work or failed; with --all also those that ended well in the last days.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!tasks [--all] [--page <number>]")]
pub(super) struct Tasks {
    /// Those that ended well too
    #[arg(long)]
    all: bool,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

pub(super) struct Facts {
    tasks: Result<Vec<ScheduledTask>, Fault>,
    updates: Result<BackgroundUpdates, Fault>,
}

/// So many are on a page.
const SHOWN: usize = 20;

impl Command for Tasks {
    const NAME: &'static str = "tasks";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Server;
    const EXAMPLE: &'static str = "!tasks --all";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (tasks, updates) = join(world.lookup.scheduled_tasks(), world.lookup.background_updates()).await;
        match (tasks, updates) {
            (Err(fault), Err(_)) => Err(fault.into()),
            (tasks, updates) => Ok(Facts { tasks, updates }),
        }
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let reply = of_updates(Reply::new(), &facts.updates);
        let mut tasks = match facts.tasks {
            Ok(tasks) => tasks,
            Err(Fault::NotRouted { .. }) => {
                let words = "The server does not tell its tasks: it does from Synapse 1.130 on.";
                return Ok(Decision::Answer(reply.paragraph(words)));
            }
            Err(fault) => {
                let line = Line::new().text("Its tasks ").append(unread(&fault)).text(".");
                return Ok(Decision::Answer(reply.paragraph(line)));
            }
        };
        let all = tasks.len() as u64;
        if !self.all {
            tasks.retain(|task| task.status != "complete");
        }
        let hidden = all - tasks.len() as u64;
        // The newest first.
        tasks.reverse();
        let lines = tasks.iter().map(|task| line(task, world)).collect();
        let sheet = Sheet::of(lines, world.at, self.page, SHOWN)?;
        let reply = if tasks.is_empty() {
            reply.paragraph("No task is under way, and none failed in the last days.")
        } else {
            let number = counted(tasks.len() as u64, "task");
            reply.paragraph(format!("{number}{}, the newest first:", sheet.words())).list(sheet.lines.clone())
        };
        let reply = if hidden > 0 {
            let line = Line::new().text(format!("{} that ended well: ", grouped(hidden)));
            reply.paragraph(line.code("!tasks --all").text("."))
        } else {
            reply
        };
        Ok(sheet.decide(reply))
    }
}

fn of_updates(reply: Reply, updates: &Result<BackgroundUpdates, Fault>) -> Reply {
    match updates {
        Err(fault) => reply
            .paragraph(Line::new().text("What is changed in the database ").append(unread(fault)).text(".")),
        Ok(BackgroundUpdates { enabled, current }) => {
            let reply = if *enabled {
                reply
            } else {
                reply.paragraph(Line::new().strong("Changes of the database are switched off."))
            };
            if current.is_empty() {
                return reply.paragraph("The database is not being changed.");
            }
            let line = |(name, done): &(String, u64)| {
                Line::new().code(name).text(format!(", {} done since the server started", grouped(*done)))
            };
            reply
                .paragraph(
                    "The database is being changed; meanwhile parts of the server are slow or know less:",
                )
                .list(current.iter().map(line))
        }
    }
}

fn line(task: &ScheduledTask, world: &World<'_>) -> Line {
    let line = match task.action.as_str() {
        DELETE_ROOM => Line::new().text("deletion of a room"),
        PURGE_HISTORY => Line::new().text("purge of history"),
        REDACT_USER => Line::new().text("redaction of all that a user wrote"),
        other => Line::new().text("task ").code(other),
    };
    let line = match &task.resource_id {
        Some(id) => line.text(", ").code(id),
        None => line,
    };
    let line = match task.status.as_str() {
        "scheduled" => line.text(": ").strong("waiting to begin"),
        "active" => line.text(": ").strong("at work"),
        "failed" => line.text(": ").strong("failed"),
        "complete" => line.text(": complete"),
        "cancelled" => line.text(": cancelled"),
        other => line.text(": ").code(other),
    };
    let line = match task.timestamp_ms {
        at if at > 0 => line.text(format!(", {}", ago(at, world.now))),
        _ => line,
    };
    let line = line.text(" (").code(&task.id).text(")");
    match &task.error {
        Some(error) => line.text("; the server says: ").name_long(error),
        None => line,
    }
}

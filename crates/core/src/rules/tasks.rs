//! Background tasks of a room in words: deletions, purges of history.

use ruma::RoomId;

use crate::{
    model::{DELETE_ROOM, PURGE_HISTORY, ScheduledTask},
    reply::Line,
    text::duration::date,
};

/// A line for each task that has not ended.
pub fn pending(tasks: &[ScheduledTask]) -> Vec<Line> {
    tasks
        .iter()
        .filter(|task| !has_ended(task))
        .map(|task| {
            let line = what(Line::new(), task).text(" ").code(&task.id);
            let line = match task.status.as_str() {
                "active" => line.text(" is at work"),
                "scheduled" => line.text(" waits for its turn"),
                other => line.text(" is ").name(other),
            };
            when(line, ", since ", task)
        })
        .collect()
}

/// The last task that failed, unless one of its kind succeeded since. `tasks` are those of `room`, oldest first.
pub fn last_failure(tasks: &[ScheduledTask], room: &RoomId) -> Option<Line> {
    let (n, failed) = tasks.iter().enumerate().rev().find(|(_, task)| task.status == "failed")?;
    if tasks[n..].iter().any(|task| task.status == "complete" && task.action == failed.action) {
        return None;
    }
    let line = when(what(Line::new(), failed).text(" ").code(&failed.id), " on ", failed);
    let line = match &failed.error {
        Some(error) => line.text(": ").name_long(error),
        None => line,
    };
    Some(if failed.action == DELETE_ROOM {
        line.text("; more: ").code(format!("!shutdown-status {room}"))
    } else {
        line
    })
}

/// What became of a room that the server does not know: its deletions, oldest first.
pub fn of_unknown_room(tasks: &[ScheduledTask]) -> Vec<Line> {
    let deletions = tasks.iter().filter(|task| task.action == DELETE_ROOM);
    deletions
        .map(|task| match task.status.as_str() {
            "complete" => when(Line::new().text("The server deleted it"), " on ", task).text("."),
            "failed" => {
                let line = when(Line::new().text("Deleting it failed"), " on ", task);
                match &task.error {
                    Some(error) => line.text(": ").name_long(error),
                    None => line.text("."),
                }
            }
            "cancelled" => when(Line::new().text("Deleting it was cancelled"), " on ", task).text("."),
            _ => when(Line::new().text("It is being deleted, task ").code(&task.id), ", since ", task)
                .text("."),
        })
        .collect()
}

fn has_ended(task: &ScheduledTask) -> bool {
    matches!(task.status.as_str(), "complete" | "failed" | "cancelled")
}

fn what(line: Line, task: &ScheduledTask) -> Line {
    match task.action.as_str() {
        DELETE_ROOM => line.text("deletion"),
        PURGE_HISTORY => line.text("purge of history"),
        other => line.text("the task ").code(other),
    }
}

/// Old servers do not tell when.
fn when(line: Line, before: &str, task: &ScheduledTask) -> Line {
    if task.timestamp_ms > 0 { line.text(format!("{before}{}", date(task.timestamp_ms))) } else { line }
}

#[cfg(test)]
mod tests {
    use ruma::room_id;

    use super::*;
    use crate::reply::Reply;

    fn task(action: &str, status: &str, error: Option<&str>) -> ScheduledTask {
        ScheduledTask {
            id: "MLwnieZ".into(),
            action: action.into(),
            status: status.into(),
            timestamp_ms: 1_795_219_200_000,
            resource_id: None,
            result: None,
            error: error.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check(lines: impl IntoIterator<Item = Line>, want: &[&str]) {
        let said: Vec<String> = lines.into_iter().map(|line| Reply::text(line).render().text).collect();
        assert_eq!(said, want);
    }

    #[test]
    fn tasks_in_words() {
        let room = room_id!("!a:hs.test");
        let failed = task(DELETE_ROOM, "failed", Some("400: no\nroom"));
        let done = task(DELETE_ROOM, "complete", None);
        let tasks = [
            done.clone(),
            task(PURGE_HISTORY, "active", None),
            task(DELETE_ROOM, "scheduled", None),
            task("x", "odd", None),
        ];
        check(
            pending(&tasks),
            &[
                "purge of history `MLwnieZ` is at work, since 2026-11-21 00:00:00 UTC",
                "deletion `MLwnieZ` waits for its turn, since 2026-11-21 00:00:00 UTC",
                "the task `x` `MLwnieZ` is odd, since 2026-11-21 00:00:00 UTC",
            ],
        );
        check(
            last_failure(&[done.clone(), failed.clone()], room),
            &[
                "deletion `MLwnieZ` on 2026-11-21 00:00:00 UTC: 400: no room; more: `!shutdown-status !a:hs.test`",
            ],
        );
        check(
            last_failure(&[ScheduledTask { timestamp_ms: 0, ..task(PURGE_HISTORY, "failed", None) }], room),
            &["purge of history `MLwnieZ`"],
        );
        check(last_failure(&[failed.clone(), done.clone()], room), &[]);
        check(
            of_unknown_room(&[
                failed,
                task(DELETE_ROOM, "active", None),
                done,
                task(PURGE_HISTORY, "x", None),
            ]),
            &[
                "Deleting it failed on 2026-11-21 00:00:00 UTC: 400: no room",
                "It is being deleted, task `MLwnieZ`, since 2026-11-21 00:00:00 UTC.",
                "The server deleted it on 2026-11-21 00:00:00 UTC.",
            ],
        );
    }
}

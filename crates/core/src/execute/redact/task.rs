//! The server's own task. It is not idempotent: the tasks that the user already has are made durable first, and one that is
//! not among them is ours; and what it is asked for is read once more before.

use ruma::UserId;

use super::{
    Wish, note,
    rooms::{done, next_window, unread},
    working,
};
use crate::{
    execute::{Advance, Pace, Patience},
    model::{Millis, REDACT_USER, RedactionTask, ScheduledTask, TaskStatus, Windows},
    plan::{RedactionRun, StepState},
    ports::{Effects, Fault},
    wrote,
};

/// What the server says when another task of the user is at work.
const BUSY: &str = "Redact already in progress";

/// Makes durable which tasks there are.
pub(super) async fn prepare(effects: &dyn Effects, wish: &Wish<'_>, run: RedactionRun) -> Advance {
    match tasks(effects, wish.user).await {
        Ok(known) => {
            let known = known.into_iter().map(|task| task.id).collect();
            let state = StepState::AskingRedaction { known, run: Box::new(run) };
            Advance::Working { state, keep: None, pace: Pace::Now }
        }
        Err(fault) => Advance::doubt(fault),
    }
}

fn following(redact_id: String, run: RedactionRun) -> Advance {
    let state = StepState::FollowingRedaction { redact_id, run: Box::new(run) };
    Advance::Working { state, keep: None, pace: Pace::Poll }
}

pub(super) async fn ask(
    effects: &dyn Effects,
    wish: &Wish<'_>,
    known: &[String],
    mut run: RedactionRun,
) -> Advance {
    let tasks = match tasks(effects, wish.user).await {
        Ok(tasks) => tasks,
        Err(fault) => return Advance::doubt(fault),
    };
    if let Some(ours) = tasks.iter().find(|task| !known.contains(&task.id)) {
        run.clean.clear();
        return following(ours.id.clone(), run);
    }
    // Somebody else had it asked for: the server takes one at a time, and what that redacts is not to be redacted again.
    if tasks.iter().any(|task| matches!(task.status.as_str(), "scheduled" | "active")) {
        // So it would answer. A task that never ends is not waited for without end.
        let fault = Fault::Refused {
            status: 400,
            errcode: "M_UNKNOWN".to_owned(),
            message: format!("{BUSY} for user {}", wish.user),
        };
        return Advance::Retry { fault, patience: Patience::Limited };
    }
    let task = match next(effects, wish, &mut run).await {
        Ok(Some(task)) => task,
        Ok(None) => return working(run),
        Err(fault) => return Advance::doubt(fault),
    };
    match effects.redact_user(wish.user, &task).await {
        Ok(redact_id) => following(redact_id, run),
        Err(fault) if is_busy(&fault) => Advance::Retry { fault, patience: Patience::Limited },
        // Without it, everything is redacted one by one, where the bot has the power.
        Err(fault @ (Fault::NotRouted { .. } | Fault::Refused { .. })) => {
            note(&mut run.rest, wish.user.as_str(), fault.to_string());
            run.is_alone = true;
            working(run)
        }
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

/// What the server is to be asked for, as the rooms are now; and notes in the run that it was.
async fn next(
    effects: &dyn Effects,
    wish: &Wish<'_>,
    run: &mut RedactionRun,
) -> Result<Option<RedactionTask>, Fault> {
    let windows = run.windows.unwrap_or(Windows::Ignored);
    let (since, reason) = (wish.scope.since, wish.reason.map(str::to_owned));
    if !run.clean.is_empty() {
        let mut rooms = Vec::new();
        for room in std::mem::take(&mut run.clean) {
            match wrote::read(effects, &room, wish.user, wish.scope).await {
                Ok(wrote) if wrote.is_clean(since, windows) => rooms.push(room),
                Ok(_) => {}
                // It is looked after by itself.
                Err(fault) if wrote::is_of_room(&fault) => {}
                Err(fault) => return Err(fault),
            }
        }
        let after = wrote::floor(since, windows);
        return Ok((!rooms.is_empty()).then_some(RedactionTask { rooms, reason, after, before: None }));
    }
    let Some(room) = run.todo.first().map(|left| left.room.clone()) else { return Ok(None) };
    let wrote = match wrote::read(effects, &room, wish.user, wish.scope).await {
        Ok(wrote) => wrote,
        Err(fault) if wrote::is_of_room(&fault) => {
            *run = unread(std::mem::take(run), &fault);
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    if wrote.wanted().next().is_none() {
        *run = done(std::mem::take(run));
        return Ok(None);
    }
    Ok(next_window(&wrote, wish, run).map(|window| {
        // What comes while the last window is worked on is not asked for again.
        run.current.asked = Some(window.before.map_or(Millis::MAX, |_| window.last));
        RedactionTask { rooms: vec![room], reason, after: window.after, before: window.before }
    }))
}

/// Whether another task of that user is at work, which this server does not list.
fn is_busy(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { status: 400, message, .. } if message.starts_with(BUSY))
}

/// The redactions of a user that the server knows, as far as it can list them.
async fn tasks(effects: &dyn Effects, user: &UserId) -> Result<Vec<ScheduledTask>, Fault> {
    let tasks = match effects.tasks(None).await {
        // Before Synapse 1.130 there is no list: what was asked for is seen at the events alone.
        Err(Fault::NotRouted { .. }) => return Ok(Vec::new()),
        tasks => tasks?,
    };
    let ours = |task: &ScheduledTask| {
        task.action == REDACT_USER && task.resource_id.as_deref() == Some(user.as_str())
    };
    Ok(tasks.into_iter().filter(ours).collect())
}

pub(super) async fn follow(effects: &dyn Effects, redact_id: &str, mut run: RedactionRun) -> Advance {
    let status = match effects.redaction(redact_id).await {
        // What it did is seen at the events.
        Ok(None) => return working(run),
        Ok(Some(status)) => status,
        Err(fault) if fault.is_passing() || fault.may_have_acted() => {
            return Advance::Retry { fault, patience: Patience::Endless };
        }
        Err(fault) => return Advance::Unknown(fault),
    };
    match status.status {
        TaskStatus::Active => return following(redact_id.to_owned(), run),
        TaskStatus::Complete => {}
        TaskStatus::Failed | TaskStatus::Other(_) => {
            let why = status.error.unwrap_or_else(|| "The server did not say why.".to_owned());
            note(&mut run.rest, redact_id, why);
        }
    }
    for (event, why) in status.failed {
        note(&mut run.rest, &event, why);
    }
    working(run)
}

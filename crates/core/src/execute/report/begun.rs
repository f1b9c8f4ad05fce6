//! What is said of a step that has no outcome yet.

use crate::{
    plan::{PlannedStep, RedactionRun, Restoring, RestoringRun, RoomRef, Step, StepState},
    reply::Line,
    text::number::counted,
};

pub(super) fn begun(planned: &PlannedStep) -> Line {
    let room = || planned.step.room_ref().map(RoomRef::line).unwrap_or_default();
    match &planned.state {
        None
        | Some(
            StepState::Blocking { .. }
            | StepState::Granting { .. }
            | StepState::Trimming { .. }
            | StepState::Listing { .. }
            | StepState::Aliasing { .. }
            | StepState::Moving { .. }
            | StepState::Trying
            | StepState::Redacting
            | StepState::ChangingMember { .. }
            | StepState::Sanctioning { .. }
            | StepState::Quarantining { .. }
            | StepState::Telling { .. }
            | StepState::LoggingOut { .. }
            | StepState::Deactivating { .. }
            | StepState::Reactivating
            | StepState::SettingPassword { .. }
            | StepState::BringingIn { .. }
            | StepState::Empowering { .. }
            | StepState::Limiting { .. }
            | StepState::Protecting { .. }
            | StepState::QuarantiningAll { done: 0, .. }
            | StepState::MakingToken { .. }
            | StepState::ChangingToken { .. }
            | StepState::Retrying,
        ) => Line::new().text("To do: ").append(planned.step.describe()),
        Some(StepState::Asking { .. } | StepState::AskingPurge { .. }) => {
            Line::new().text("Asking the server to ").append(planned.step.describe())
        }
        Some(StepState::AskingV1 { .. }) => Line::new()
            .text("Asking the server to ")
            .append(planned.step.describe())
            .text(". It answers when all is done"),
        Some(
            StepState::AskingRedaction { run, .. }
            | StepState::FollowingRedaction { run, .. }
            | StepState::RedactingUser { run },
        ) => redacting(planned, run),
        Some(StepState::Parting { rooms, left, .. }) => {
            let line = Line::new().text(format!("{} ", bar(*left, *rooms))).append(planned.step.describe());
            line.text(format!(": it has left {left} of {rooms} rooms"))
        }
        Some(StepState::Deleting { files, deleted }) => {
            let line =
                Line::new().text(format!("{} ", bar(*deleted, *files))).append(planned.step.describe());
            line.text(format!(": {deleted} of {files}"))
        }
        Some(StepState::Surveying { all, looked_at, .. }) => {
            let count = all.len() as u64;
            let line = Line::new()
                .text(format!("{} To do: ", bar(*looked_at, count)))
                .append(planned.step.describe());
            line.text(format!("; looking at the files: {looked_at} of {count}"))
        }
        Some(StepState::QuarantiningAll { files, done, .. } | StepState::Releasing { files, done }) => {
            let count = files.len() as u64;
            let line = Line::new().text(format!("{} ", bar(*done, count))).append(planned.step.describe());
            line.text(format!(": {done} of {count}"))
        }
        Some(StepState::Restoring { run }) => restoring(planned, run),
        Some(StepState::FollowingPurge { .. }) => {
            Line::new().text("Deleting the history of ").append(room()).text(" …")
        }
        Some(StepState::Following { members, removed, .. }) if removed < members => Line::new()
            .text(format!("{} Removing members: {removed} of {members} from ", bar(*removed, *members)))
            .append(room()),
        Some(StepState::Following { members, .. }) => {
            let out = match members {
                0 => "Nobody of this server is inside".to_owned(),
                1 => "The only local member is out".to_owned(),
                n => format!("All {n} local members are out"),
            };
            let doing = match &planned.step {
                Step::ShutDownRoom { shutdown, .. } if !shutdown.purge && !shutdown.force_purge => {
                    "finishing"
                }
                _ => "purging",
            };
            Line::new().text(format!("{} {out}; {doing} ", bar(1, 1))).append(room()).text(" …")
        }
    }
}

/// “🧹 ▰▰▰▰▰▱▱▱▱▱ room 7 of 14, 120 events redacted: redact the messages of …”
fn redacting(planned: &PlannedStep, run: &RedactionRun) -> Line {
    let left = run.todo.len() as u64;
    let done = run.rooms.saturating_sub(left);
    let line = Line::new().text("🧹 ");
    let line = if run.is_counted {
        let line = line.text(format!("{} ", bar(done, run.rooms)));
        match (run.redacted, planned.state.as_ref()) {
            (0, Some(StepState::FollowingRedaction { .. })) if done == 0 => {
                line.text(format!("the server is at work in {}: ", counted(run.rooms, "room")))
            }
            (redacted, _) => line.text(format!(
                "room {} of {}, {} redacted: ",
                (done + 1).min(run.rooms),
                run.rooms,
                counted(redacted, "event")
            )),
        }
    } else {
        line.text(format!("reading what there is, so far in {}: ", counted(run.rooms, "room")))
    };
    line.append(planned.step.describe())
}

/// “▰▰▰▰▰▱▱▱▱▱ 120 of 300 former members asked in: bring Spam … back”
fn restoring(planned: &PlannedStep, run: &RestoringRun) -> Line {
    let what = || planned.step.describe();
    let members = match &planned.step {
        Step::RestoreRoom { restoration, .. } => restoration.members.len() as u64,
        _ => 0,
    };
    let line = match &run.at {
        Restoring::BringingBack { next } => {
            let next = *next as u64;
            let line = Line::new().text(format!("{} ", bar(next, members))).append(what());
            line.text(format!(": {next} of {}", counted(members, "former member")))
        }
        Restoring::Closing { .. } | Restoring::Leaving => {
            Line::new().text(format!("{} ", bar(1, 1))).append(what()).text(": finishing")
        }
        Restoring::Joining
        | Restoring::Creating { .. }
        | Restoring::Banning { .. }
        | Restoring::Naming { .. }
        | Restoring::Publishing => Line::new().text("At work: ").append(what()),
    };
    match &run.room {
        Some(room) => line.text("; the room is ").code(room.as_str()),
        None => line,
    }
}

pub(super) fn bar(done: u64, of: u64) -> String {
    const WIDTH: u64 = 10;
    let full = (done * WIDTH).checked_div(of).unwrap_or(WIDTH).min(WIDTH);
    (0..WIDTH).map(|n| if n < full { '▰' } else { '▱' }).collect()
}

//! The report on a Plan: one message, edited as work goes on. It is derived from the Plan alone, so that a restart
//! reports the same.

use crate::{
    model::DeleteResult,
    plan::{Effect, Inside, Outcome, Plan, PlanResult, PlanState, PlannedStep, Step, StepState},
    reply::{Line, Reply, cut_list},
};

/// Whether the server answers at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// It does.
    There,
    /// It does not; the work goes on when it does.
    Away,
}

/// How many users or aliases a report names.
const NAMED: usize = 20;

/// What is to be said about a Plan that was confirmed.
pub fn report(plan: &Plan, server: Server) -> Reply {
    let mut reply = Reply::new().paragraph(heading(plan));
    let several = plan.steps.len() > 1;
    for planned in &plan.steps {
        let line = match &planned.outcome {
            Some(outcome) => ended(planned, outcome),
            None => begun(planned),
        };
        if several {
            reply = reply.list(vec![line]);
        } else {
            reply = reply.paragraph(line);
        }
        if let Some(Outcome::Done { effect: Effect::ShutDown { result, .. } }) = &planned.outcome {
            reply = removed(reply, result, planned.state.as_ref());
        }
    }
    if server == Server::Away && plan.state == PlanState::Running {
        reply = reply.paragraph(
            Line::new().text("The homeserver does not answer as it should at the moment. I keep trying."),
        );
    }
    if plan.state == PlanState::Done {
        reply = advice(reply, plan);
    }
    reply
}

fn heading(plan: &Plan) -> Line {
    let words = match (plan.state, plan.result()) {
        (PlanState::Done, PlanResult::Done) => "done",
        (PlanState::Done, PlanResult::Partly) => "partly done",
        (PlanState::Done, PlanResult::Failed) => "failed",
        (state, _) => state.word(),
    };
    let mut line = Line::new().strong(format!("Job {}: {} – {words}", plan.id, plan.command));
    if let Some(other) = plan.decided_by.as_ref().filter(|by| **by != plan.asked_by) {
        line = line.text(" (confirmed by ").code(other.as_str()).text(")");
    }
    if let Some(because) = &plan.because {
        line = line.text(", because ").user(because);
    }
    line
}

/// A step that has no outcome yet.
fn begun(planned: &PlannedStep) -> Line {
    match &planned.state {
        None
        | Some(
            StepState::Blocking { .. }
            | StepState::AskingV1 { .. }
            | StepState::Granting { .. }
            | StepState::Trimming { .. }
            | StepState::AskingPurge { .. }
            | StepState::FollowingPurge { .. }
            | StepState::Listing { .. }
            | StepState::Aliasing { .. },
        ) => Line::new().text("To do: ").append(planned.step.describe()),
        Some(StepState::Asking { .. }) => {
            Line::new().text("Asking the server to ").append(planned.step.describe())
        }
        Some(StepState::Following { members, removed, .. }) if removed < members => Line::new()
            .text(format!("{} Removing members: {removed} of {members} from ", bar(*removed, *members)))
            .append(planned.step.room_ref().line()),
        Some(StepState::Following { members, .. }) => {
            let out = match members {
                0 => "Nobody of this server is inside".to_owned(),
                1 => "The only local member is out".to_owned(),
                n => format!("All {n} local members are out"),
            };
            let doing = match &planned.step {
                Step::ShutDownRoom { shutdown, .. } if shutdown.purge || shutdown.force_purge => "purging",
                _ => "finishing",
            };
            Line::new()
                .text(format!("{} {out}; {doing} ", bar(1, 1)))
                .append(planned.step.room_ref().line())
                .text(" …")
        }
    }
}

fn bar(done: u64, of: u64) -> String {
    const WIDTH: u64 = 10;
    let full = (done * WIDTH).checked_div(of).unwrap_or(WIDTH).min(WIDTH);
    (0..WIDTH).map(|n| if n < full { '▰' } else { '▱' }).collect()
}

fn ended(planned: &PlannedStep, outcome: &Outcome) -> Line {
    let step = &planned.step;
    match outcome {
        Outcome::Failed { why, but } => {
            let line = Line::new().text("❌ Could not ").append(step.describe()).text(". ").name_long(why);
            match but {
                Some(but) => line.text(" ").name_long(but),
                None => line,
            }
        }
        Outcome::Done { effect } => {
            let shortfall = planned.shortfall();
            let mark = if shortfall.is_some() { "⚠️ " } else { "✅ " };
            let line = Line::new().text(mark).append(step.room_ref().line());
            match effect {
                Effect::Blocked { before, inside } => {
                    let line = line.text(if before.is_blocked() {
                        " was blocked before, and still is"
                    } else {
                        " is blocked: nobody on this server can join or be invited"
                    });
                    line.text(match inside {
                        Inside::UnknownRoom => ". The server does not know the room".to_owned(),
                        Inside::NotTold => ". I could not ask who is still inside".to_owned(),
                        Inside::Members(0) => ". Nobody of this server is inside".to_owned(),
                        Inside::Members(1) => {
                            ". One local member is still inside and can go on writing".to_owned()
                        }
                        Inside::Members(n) => {
                            format!(". {n} local members are still inside and can go on writing")
                        }
                    })
                    .text(".")
                }
                Effect::Unblocked { before } => line.text(if before.is_blocked() {
                    " is open again."
                } else {
                    " was not blocked; it is open."
                }),
                Effect::AdminMade { .. }
                | Effect::Trimmed { .. }
                | Effect::HistoryPurged
                | Effect::Listed { .. }
                | Effect::Unlisted { .. }
                | Effect::AliasAdded { .. }
                | Effect::AliasRemoved { .. } => line.text(" TEMPORARY"),
                Effect::ShutDown { result, blocked, known } => {
                    let line = line.text(" is shut down");
                    let line = match known {
                        Some(true) => line.text("; the server keeps what it knows of it"),
                        Some(false) => line.text(" and purged: the server no longer knows it"),
                        None => line,
                    };
                    let line = match blocked {
                        Some(true) => line.text("; it is blocked"),
                        Some(false) => line.text("; it is not blocked"),
                        None => line,
                    };
                    let line = line.text(".");
                    let line = match shortfall {
                        Some(shortfall) => line.text(format!(" {shortfall}")),
                        None => line,
                    };
                    match &result.new_room_id {
                        Some(new) => line.text(" The members were moved to ").code(new).text("."),
                        None => line,
                    }
                }
            }
        }
    }
}

/// Who was removed and who could not be, and where the aliases went.
fn removed(mut reply: Reply, result: &DeleteResult, state: Option<&StepState>) -> Reply {
    for (what, list) in [
        ("Removed", &result.kicked_users),
        ("Could not be removed, or not be moved to the new room", &result.failed_to_kick_users),
        (
            if result.new_room_id.is_some() { "Aliases moved to the new room" } else { "Aliases deleted" },
            &result.local_aliases,
        ),
    ] {
        if !list.is_empty() {
            reply = reply.paragraph(Line::new().text(format!("{what} ({}):", list.len())));
            let lines = list.iter().map(|entry| Line::new().code(entry)).collect();
            reply = cut_list(reply, lines, NAMED, "(!audit --file has all of them)");
        }
    }
    if result.kicked_users.is_empty() && result.failed_to_kick_users.is_empty() {
        reply = reply.paragraph(match state {
            Some(StepState::Following { members: 0, .. }) => "There was no local member to remove.",
            _ => "The server did not say whom it removed.",
        });
    }
    reply
}

/// What a moderator may want to do next.
fn advice(mut reply: Reply, plan: &Plan) -> Reply {
    let inside = plan.steps.iter().find(|planned| {
        matches!(
            &planned.outcome,
            Some(Outcome::Done { effect: Effect::Blocked { inside: Inside::Members(1..), .. } })
        )
    });
    if let Some(planned) = inside {
        reply = reply.paragraph(
            Line::new()
                .text("To remove those inside: ")
                .code(format!("!shutdown {}", planned.step.room()))
                .text("."),
        );
    }
    let reversible = plan.steps.iter().any(|planned| match &planned.outcome {
        Some(Outcome::Done { effect }) => matches!(planned.step.reverse(effect), crate::plan::Reverse::By(_)),
        _ => false,
    });
    if reversible {
        reply = reply.paragraph(Line::new().text("Undo: ").code(format!("!undo {}", plan.id)));
    }
    reply
}

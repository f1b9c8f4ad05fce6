//! The report on a Plan: one message, edited as work goes on. It is derived from the Plan alone, so that a restart
//! reports the same.

mod begun;
mod ended;

use self::{
    begun::{bar, begun},
    ended::{ended, with_details},
};
use crate::{
    model::{DeleteResult, MemberChange},
    plan::{
        Effect, Inside, Origin, Outcome, Plan, PlanId, PlanResult, PlanState, PlannedStep, Step, StepState,
    },
    reply::{Line, Reply, cut_list},
    text::duration::date,
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
/// How many of them for each room, when there are several.
const NAMED_EACH: usize = 3;
/// From so many steps on, what is done is counted.
const MANY: usize = 20;
/// What a job was to do before somebody stopped it.
const STOPPED: &str = "Not begun, because the job was stopped";

/// How much of a Plan of many steps is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What failed and what is at work; the rest is counted.
    Notable,
    /// Every step, as far as a message can hold them.
    Everything,
}

/// What is to be said about a Plan that was confirmed.
pub fn report(plan: &Plan, server: Server) -> Reply {
    told(plan, server, Extent::Notable, None)
}

/// As [`report`], with every step of a Plan of many. `passed_to` is a later one that has the last word on all of it.
pub fn report_in_full(plan: &Plan, passed_to: Option<PlanId>) -> Reply {
    told(plan, Server::There, Extent::Everything, passed_to)
}

fn told(plan: &Plan, server: Server, extent: Extent, passed_to: Option<PlanId>) -> Reply {
    let mut reply = Reply::new().paragraph(heading(plan));
    reply = match &plan.steps[..] {
        [only] => match &only.outcome {
            Some(outcome @ Outcome::Done { effect: Effect::ShutDown { result, .. } }) => {
                removed(reply.paragraph(ended(only, outcome)), result, only.state.as_ref())
            }
            _ => reply.paragraph(line(only)),
        },
        several => list(reply, several, extent),
    };
    if server == Server::Away && plan.state == PlanState::Running {
        reply = reply.paragraph(away(plan));
    }
    if plan.can_be_stopped() && plan.steps.len() >= MANY {
        reply =
            reply.paragraph(Line::new().text("To stop it: ").code(format!("!cancel {}", plan.id)).text("."));
    }
    if plan.state == PlanState::Done {
        reply = advice(stays(with_details(reply, plan), plan), plan, passed_to);
    }
    reply
}

/// What an undo left as it is.
fn stays(reply: Reply, plan: &Plan) -> Reply {
    let stays: Vec<Line> = plan.undoes.iter().flat_map(|undoes| undoes.stays.clone()).collect();
    if stays.is_empty() {
        return reply;
    }
    cut_list(reply.paragraph("This stays as it is:"), stays, NAMED, "of them")
}

/// Who does not answer: whoever the step at work asks.
fn away(plan: &Plan) -> Line {
    let step = plan.steps.iter().find(|planned| planned.outcome.is_none()).map(|planned| &planned.step);
    match step {
        Some(Step::CallWebhook { name, .. }) => Line::new()
            .text("The webhook ")
            .code(name)
            .text(" does not answer as it should. I keep trying for half a minute."),
        _ => Line::new().text("The homeserver does not answer as it should at the moment. I keep trying."),
    }
}

/// How a step stands.
fn line(planned: &PlannedStep) -> Line {
    match &planned.outcome {
        Some(outcome) => match outcome {
            Outcome::Done { effect: Effect::ShutDown { result, .. } } => {
                ended(planned, outcome).append(briefly(result))
            }
            _ => ended(planned, outcome),
        },
        None => begun(planned),
    }
}

/// A line for each step; of many, those that failed and those that are at work, and how many are done.
fn list(reply: Reply, steps: &[PlannedStep], extent: Extent) -> Reply {
    let (stopped, rest): (Vec<_>, Vec<_>) = steps.iter().partition(|planned| planned.is_stopped());
    let over = rest.iter().filter(|planned| planned.outcome.is_some()).count();
    let reply = if over < rest.len() {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        reply.paragraph(format!("{} {over} of {}", bar(count(over), count(rest.len())), rest.len()))
    } else {
        reply
    };
    if steps.len() < MANY {
        return reply.list(steps.iter().map(line));
    }
    let (done, other): (Vec<_>, Vec<_>) = rest.into_iter().partition(|planned| is_smooth(planned));
    let (waiting, notable): (Vec<_>, Vec<_>) =
        other.into_iter().partition(|planned| planned.outcome.is_none() && planned.state.is_none());
    let lines = |steps: Vec<&PlannedStep>| steps.into_iter().map(line).collect::<Vec<_>>();
    let titled = |reply: Reply, title: &str, steps: &[&PlannedStep]| match steps.len() {
        0 => reply,
        count => reply.paragraph(format!("{title}: {count}")),
    };
    match extent {
        Extent::Notable => {
            let reply = cut_list(reply, lines(notable), MANY, "(!job has all of them)");
            let reply = titled(reply, "Done", &done);
            let reply = cut_list(reply, lines(done), NAMED_EACH, "(!job has all of them)");
            titled(titled(reply, "Still to do", &waiting), STOPPED, &stopped)
        }
        // The longest list is cut first where they do not fit: what failed stays.
        Extent::Everything => {
            let reply = reply.list(lines(notable));
            let reply = titled(reply, "Done", &done).list(lines(done));
            let reply = titled(reply, "Still to do", &waiting).list(lines(waiting));
            let reply = titled(reply, STOPPED, &stopped).list(lines(stopped));
            reply.paragraph(Line::new().text("As a file: ").code("!audit --file").text("."))
        }
    }
}

/// Whether a step ended as it should.
fn is_smooth(planned: &PlannedStep) -> bool {
    planned.outcome.as_ref().is_some_and(Outcome::is_done) && planned.shortfall().is_none()
}

/// Who was removed, in one line.
fn briefly(result: &DeleteResult) -> Line {
    let mut line = Line::new();
    for (what, list) in [
        (" Removed", &result.kicked_users),
        (" Could not be removed, or not be moved", &result.failed_to_kick_users),
    ] {
        if list.is_empty() {
            continue;
        }
        line = line.text(format!("{what} ({}): ", list.len()));
        for (n, user) in list.iter().take(NAMED_EACH).enumerate() {
            line = line.text(if n == 0 { "" } else { ", " }).code(user);
        }
        line = line.text(if list.len() > NAMED_EACH { ", …" } else { "." });
    }
    line
}

fn heading(plan: &Plan) -> Line {
    let words = match (plan.state, plan.result()) {
        (PlanState::Running, _) if plan.is_stopped() => "stopping",
        (PlanState::Done, _) if plan.is_stopped() => "stopped",
        (PlanState::Done, PlanResult::Done) => "done",
        (PlanState::Done, PlanResult::Partly) => "partly done",
        (PlanState::Done, PlanResult::Failed) => "failed",
        (state, _) => state.word(),
    };
    let line = Line::new().strong(format!("Job {}: {}", plan.id, plan.command));
    let line = match &plan.origin {
        Origin::Invitation(_) => line.text(" of ").code(plan.asked_by.as_str()),
        Origin::Tap { .. } => line.text(" by ").code(plan.asked_by.as_str()),
        Origin::Rule { rule, .. } => line.text(" by the rule ").user(rule),
        Origin::Ending(plan) => line.text(format!(" of job {plan}, whose time is over")),
        Origin::Command(_) | Origin::Outcome(_) => line,
    };
    let mut line = line.strong(format!(" – {words}"));
    if let Some(other) = plan.decided_by.as_ref().filter(|by| **by != plan.asked_by) {
        line = line.text(" (confirmed by ").code(other.as_str()).text(")");
    }
    if let Some(because) = &plan.because {
        line = line.text(", because ").user(because);
    }
    line
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

/// What was to end by itself, could not, and is not tried again: how it is done by hand.
fn not_ended(reply: Reply, plan: &Plan) -> Reply {
    let failed = plan.steps.iter().filter(|planned| matches!(planned.outcome, Some(Outcome::Failed { .. })));
    let commands: Vec<Line> = failed.filter_map(|planned| by_hand(&planned.step)).collect();
    if commands.is_empty() {
        return reply;
    }
    let line = Line::new().strong("I do not try that again. ");
    let reply = reply.paragraph(line.text("Once nothing stands in the way any more, it is ended by hand:"));
    cut_list(reply, commands, NAMED_EACH, "(!job has all of them)")
}

fn by_hand(step: &Step) -> Option<Line> {
    let command = match step {
        Step::Lift { user, sanction } => format!("!{} {user}", sanction.reverse_command()),
        Step::Member { room, user, change: MemberChange::Unban, .. } => format!("!unban {user} {}", room.id),
        Step::SetPower { room, user, to: None, .. } => format!("!unmute {user} {}", room.id),
        Step::SetPower { room, user, to: Some(level), .. } => format!("!power {} {user} {level}", room.id),
        _ => return None,
    };
    Some(Line::new().code(command))
}

/// What a moderator may want to do next.
fn advice(mut reply: Reply, plan: &Plan, passed_to: Option<PlanId>) -> Reply {
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
                .code(format!("!shutdown {}", planned.step.target()))
                .text("."),
        );
    }
    if let Origin::Ending(_) = plan.origin {
        reply = not_ended(reply, plan);
    }
    if let Some(later) = passed_to {
        let line = Line::new().text(format!("Job {later} came later and has the last word on this: "));
        let line = line.text(format!("job {} ends nothing by itself any more. ", plan.id));
        return reply.paragraph(line.code(format!("!job {later}")).text(" shows how it stands."));
    }
    if let Some(until) = plan.lasts_until().filter(|_| plan.can_be_undone()) {
        reply = reply.paragraph(format!("It ends by itself: {}.", date(until)));
    }
    if plan.can_be_undone() {
        reply = reply.paragraph(Line::new().text("Undo: ").code(format!("!undo {}", plan.id)));
    }
    reply
}

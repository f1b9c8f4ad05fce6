//! What was done about a case, is being done, or waits for a confirmation, as its card says it.

use ruma::RoomId;

use super::{CaseAction, Evidence, REPORTED_AGAIN, what};
use crate::{
    model::{About, MemberChange, Millis},
    plan::{Origin, Outcome, Plan, PlanId, PlanResult, PlanState, PlannedStep, Reverse, Step, Undoes},
    ports::{Case, CaseState, Decision},
    reply::Line,
    rules::reports::{Rule, RuleAction},
    text::number::grouped,
};

/// So many jobs are named on a card, the newest.
const NAMED: usize = 8;
/// The longest words of a server about a failure.
const WHY: usize = 160;

/// What a job did about a case: “message redacted, author suspended”; `None` if it did nothing of what a card offers.
pub fn achieved(case: &Case, plan: &Plan) -> Option<String> {
    let done = |planned: &&PlannedStep| planned.outcome.as_ref().is_some_and(Outcome::is_done);
    let steps: Vec<&Step> = plan.steps.iter().filter(done).map(|planned| &planned.step).collect();
    let mut words = Vec::new();
    for step in &steps {
        let Some(action) = CaseAction::of_step(step) else { continue };
        let count = steps.iter().filter(|other| CaseAction::of_step(other) == Some(action)).count();
        let said = participle(case, action, count);
        if !words.contains(&said) {
            words.push(said);
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// What a case is resolved with when a job did all that it was to do: “message redacted, author suspended (job 12)”.
pub fn note(case: &Case, plan: &Plan) -> Option<String> {
    Some(format!("{} (job {})", achieved(case, plan)?, plan.id))
}

/// Whether a rule has done all that it is to do about a case, with its job `plan` or before, and settles it then.
pub fn rule_settles(rule: &Rule, plan: &Plan, jobs: &[Plan]) -> bool {
    let is_done = |action: CaseAction| {
        let own = plan.steps.iter().filter(|planned| CaseAction::of_step(&planned.step) == Some(action));
        own.count() > 0 || taken(jobs, action).is_some_and(|plan| plan.state == PlanState::Done)
    };
    let has = |wanted: CaseAction| rule.actions.contains(&RuleAction::Case(wanted));
    let all = rule.actions.iter().all(|action| match action {
        // Who is banned need not be kicked.
        RuleAction::Case(CaseAction::Kick) if has(CaseAction::Ban) => true,
        RuleAction::Case(action) => is_done(*action),
        _ => true,
    });
    rule.actions.contains(&RuleAction::Resolve) && plan.result() == PlanResult::Done && all
}

/// Whether an undo takes away what a case was resolved with: nothing that jobs did for it is in force any more. `jobs` are
/// all about the case, the undo among them. What a moderator decided in words stays decided.
pub fn reopens(case: &Case, jobs: &[Plan]) -> bool {
    let done = |plan: &&Plan| plan.state == PlanState::Done;
    let undone =
        |plan: &Plan, reverse: &Step| {
            let of_plan = |undo: &&Plan| undo.puts_right(plan.id);
            jobs.iter().filter(done).filter(of_plan).flat_map(|undo| &undo.steps).any(|planned| {
                planned.step == *reverse && planned.outcome.as_ref().is_some_and(Outcome::is_done)
            })
        };
    let restored = |plan: &Plan, id: &RoomId| {
        let undos = jobs.iter().filter(done).filter(|undo| undo.puts_right(plan.id));
        undos.flat_map(|undo| &undo.steps).any(|planned| {
            matches!(&planned.step, Step::RestoreRoom { room, .. } if room.id == id)
                && planned.outcome.as_ref().is_some_and(Outcome::is_done)
        })
    };
    let in_force = |plan: &Plan| {
        plan.steps.iter().filter(|planned| CaseAction::of_step(&planned.step).is_some()).any(|planned| {
            let Some(Outcome::Done { effect }) = &planned.outcome else { return false };
            match planned.step.reverse(effect) {
                Reverse::By(step) => !undone(plan, &step),
                Reverse::Restore(shut) => !restored(plan, &shut.room.id),
                Reverse::Nothing(_) => false,
                Reverse::Cannot(_) => true,
            }
        })
    };
    let mut did = jobs.iter().filter(done).filter(|plan| plan.undoes.is_none());
    settled(case, jobs).is_some() && !did.any(in_force)
}

/// The longest command that is shown to be sent again.
const TYPED: usize = 200;

/// The command that asks for the same as a job that was dropped; `None` where there is none, or it is too long to show.
pub fn again(plan: &Plan) -> Option<String> {
    let typed = match (&plan.origin, plan.case) {
        (Origin::Command(_) | Origin::Tap { .. }, _) => plan.typed.clone(),
        (Origin::Rule { .. }, Some(case)) => {
            let mut words: Vec<&str> = Vec::new();
            let actions = plan.steps.iter().filter_map(|planned| CaseAction::of_step(&planned.step));
            for word in actions.map(CaseAction::word) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            if words.is_empty() {
                return None;
            }
            format!("!act {case} {}", words.join(" "))
        }
        (Origin::Rule { .. } | Origin::Invitation(_) | Origin::Ending(_) | Origin::Outcome(_), _) => {
            return None;
        }
    };
    (typed.chars().count() <= TYPED && !typed.contains('\n')).then_some(typed)
}

/// What is said of an action that was done, to so many.
fn participle(case: &Case, action: CaseAction, count: usize) -> String {
    let who = if matches!(case.about, About::User { .. }) { "user" } else { "author" };
    match action {
        CaseAction::Redact => {
            let kind = what::kind(Evidence::of(case).event.as_ref());
            let kind = kind.strip_prefix("a ").or_else(|| kind.strip_prefix("an ")).unwrap_or(kind);
            format!("{kind} redacted")
        }
        CaseAction::RedactAll => format!("all messages of the {who} redacted"),
        CaseAction::Kick => format!("{who} kicked"),
        CaseAction::Ban => format!("{who} banned"),
        CaseAction::Suspend => format!("{who} suspended"),
        CaseAction::Quarantine if count > 1 => format!("{} files quarantined", grouped(count as u64)),
        CaseAction::Quarantine => "file quarantined".to_owned(),
        CaseAction::Block => "room blocked".to_owned(),
        CaseAction::Shutdown => "room shut down".to_owned(),
        CaseAction::Claim | CaseAction::Resolve | CaseAction::Dismiss | CaseAction::More => {
            action.word().to_owned()
        }
    }
}

/// The job that undid another, or is about to, among the jobs about a case. One that failed undid nothing.
pub(super) fn undone_by(jobs: &[Plan], id: PlanId) -> Option<&Plan> {
    let is_dropped = |plan: &Plan| matches!(plan.state, PlanState::Cancelled | PlanState::Expired);
    jobs.iter().rev().find(|plan| plan.puts_right(id) && !is_dropped(plan) && !plan.failed_to_undo(id))
}

/// Those of the jobs about a case, oldest first, that were asked for since it was last opened again because it was reported
/// again. What was done before was done about something else that the user wrote, or the room as it was then.
pub fn current<'a>(case: &Case, jobs: &'a [Plan]) -> &'a [Plan] {
    opened_again_at(case).map_or(jobs, |since| &jobs[jobs.partition_point(|plan| plan.asked_at < since)..])
}

/// When a case was last opened again because it was reported again.
pub fn opened_again_at(case: &Case) -> Option<Millis> {
    let again = |decision: &&Decision| decision.note.as_deref() == Some(REPORTED_AGAIN);
    case.decisions.iter().rev().find(again).map(|decision| decision.at)
}

/// The job that has done an action about a case, does it, or waits to be confirmed: it need not be done again. One of
/// which a step failed, and one that was undone, does not count.
pub fn taken(jobs: &[Plan], action: CaseAction) -> Option<&Plan> {
    let takes = |plan: &Plan| {
        let mut steps =
            plan.steps.iter().filter(|planned| CaseAction::of_step(&planned.step) == Some(action));
        let holds = |planned: &PlannedStep| planned.outcome.as_ref().is_none_or(Outcome::is_done);
        let is_dropped = matches!(plan.state, PlanState::Cancelled | PlanState::Expired);
        let mut begun = steps.clone();
        !is_dropped && plan.undoes.is_none() && begun.next().is_some() && steps.all(holds)
    };
    jobs.iter().rev().find(|plan| takes(plan) && undone_by(jobs, plan.id).is_none())
}

/// The job that a resolved case was resolved with.
pub(super) fn settled<'a>(case: &Case, jobs: &'a [Plan]) -> Option<&'a Plan> {
    let said = case.note.as_deref().filter(|_| case.state == CaseState::Resolved)?;
    jobs.iter().find(|plan| plan.state == PlanState::Done && note(case, plan).as_deref() == Some(said))
}

/// What became of a job that is done: “ Undo: `!undo 12`.”, or by what it was undone.
pub(super) fn afterwards(line: Line, plan: &Plan, jobs: &[Plan]) -> Line {
    match undone_by(jobs, plan.id) {
        Some(undo) if undo.state == PlanState::Done => {
            let line = line.text(format!(" Undone by job {} of ", undo.id));
            line.code(undo.asked_by.as_str()).text(".")
        }
        Some(_) => line,
        None if plan.can_be_undone() => line.text(" Undo: ").code(format!("!undo {}", plan.id)).text("."),
        None => line,
    }
}

/// A line for each job, oldest first, but for the one that the case was resolved with where nothing is left to say of it.
pub(super) fn lines(case: &Case, jobs: &[Plan]) -> Vec<Line> {
    let settled = settled(case, jobs).map(|plan| plan.id);
    let lines: Vec<Line> = jobs
        .iter()
        .filter(|plan| Some(plan.id) != settled)
        .filter_map(|plan| match &plan.undoes {
            Some(undoes) => undoing(plan, undoes, jobs),
            None if plan.state == PlanState::Expired => expired(plan, jobs),
            None => job(case, plan, jobs),
        })
        .collect();
    let hidden = lines.len().saturating_sub(NAMED);
    let more = (hidden > 0).then(|| {
        Line::new()
            .text(format!("{} earlier jobs: ", grouped(hidden as u64)))
            .code("!jobs")
            .text(" lists them.")
    });
    more.into_iter().chain(lines.into_iter().skip(hidden)).collect()
}

fn job(case: &Case, plan: &Plan, jobs: &[Plan]) -> Option<Line> {
    match plan.state {
        PlanState::Proposed => Some(wishes(asker(plan).text(" waits for a confirmation: "), plan)),
        PlanState::Running => Some(wishes(asker(plan).text(" is at work: "), plan)),
        PlanState::Done => Some(afterwards(ended(case, plan), plan, jobs)),
        PlanState::Cancelled | PlanState::Expired => None,
    }
}

/// “Job 12 of `@mod:hs`”, “Job 12 by the rule “spam””.
fn asker(plan: &Plan) -> Line {
    let line = Line::new().strong(format!("Job {}", plan.id));
    match &plan.origin {
        Origin::Rule { rule, .. } => line.text(" by the rule ").user(rule),
        _ => line.text(" of ").code(plan.asked_by.as_str()),
    }
}

/// That nobody confirmed a job in time, unless all of it was asked for again.
fn expired(plan: &Plan, jobs: &[Plan]) -> Option<Line> {
    let is_taken = |planned: &PlannedStep| {
        CaseAction::of_step(&planned.step).is_some_and(|action| taken(jobs, action).is_some())
    };
    if plan.steps.iter().all(is_taken) {
        return None;
    }
    let line = wishes(asker(plan).text(" was not confirmed in time, so nothing was done: "), plan);
    Some(match again(plan) {
        Some(command) => line.text(" ").code(command).text(" asks for it again."),
        None => line,
    })
}

/// What a job is to do, in the words of the card.
fn wishes(line: Line, plan: &Plan) -> Line {
    let mut words: Vec<&str> = plan.steps.iter().map(|planned| word(&planned.step)).collect();
    words.dedup();
    line.text(words.join(", ")).text(".")
}

fn word(step: &Step) -> &'static str {
    match (CaseAction::of_step(step), step) {
        (Some(action), _) => action.word(),
        (None, Step::Member { change: MemberChange::Unban, .. }) => "unban",
        (None, step) => step.command(),
    }
}

/// “Job 12 of `@mod:hs`: message redacted. Failed: suspend (…).”
fn ended(case: &Case, plan: &Plan) -> Line {
    let line = asker(plan).text(": ");
    let line = match achieved(case, plan) {
        Some(done) => line.text(done),
        None if plan.has_failed() => line.text("nothing was done"),
        None => line.text("done"),
    };
    let failed = plan.steps.iter().filter_map(|planned| match &planned.outcome {
        Some(Outcome::Failed { why, .. }) => Some((word(&planned.step), why)),
        Some(Outcome::Done { .. } | Outcome::Stopped { .. }) | None => None,
    });
    let line = failed.take(NAMED).fold(line.text("."), |line, (what, why)| {
        let why: String = why.trim_end_matches('.').chars().take(WHY).collect();
        line.text(" ").strong(format!("Failed: {what}")).text(" (").name_long(why).text(").")
    });
    let line =
        if plan.is_stopped() { line.text(" It was stopped before all of it was begun.") } else { line };
    let short = plan.steps.iter().find_map(PlannedStep::shortfall);
    short.into_iter().fold(line, |line, short| line.text(format!(" {short}")))
}

fn undoing(plan: &Plan, undoes: &Undoes, jobs: &[Plan]) -> Option<Line> {
    let line = asker(plan);
    // It may undo others as well.
    let is_about = |id: PlanId| jobs.iter().any(|job| job.id == id);
    let undone = format!("to undo {}", undoes.words(is_about));
    let of_case = || undoes.jobs.iter().map(|job| job.plan).filter(|id| is_about(*id));
    match plan.state {
        PlanState::Proposed => Some(line.text(format!(" waits for a confirmation, {undone}."))),
        PlanState::Running => Some(line.text(format!(" is at work, {undone}."))),
        PlanState::Done if of_case().all(|id| plan.failed_to_undo(id)) => {
            Some(line.text(format!(" failed {undone}.")))
        }
        PlanState::Done if of_case().any(|id| plan.failed_to_undo_all_of(id)) => {
            Some(line.text(format!(" did in part what it was to do, {undone}.")))
        }
        // It is said of the job itself.
        PlanState::Done | PlanState::Cancelled | PlanState::Expired => None,
    }
}

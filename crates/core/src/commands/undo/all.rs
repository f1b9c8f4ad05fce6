//! `!undo @mod 10m`: all that somebody asked for in the last ten minutes is put right by one job.

use std::{collections::BTreeMap, time::Duration};

use ruma::{OwnedUserId, UserId};

use super::SHOWN;
use super::{
    one::{with_details, with_lost},
    together::{Stay, Together, was_asked_for},
};
use crate::{
    commands::{Acting, Decision, Draft, Failure, World, facts::FileKind},
    guard,
    lasting::Lost,
    model::Millis,
    plan::{Outcome, Plan, PlanState, PlannedStep, Step, snapshots},
    ports::{CaseId, Which},
    reply::{Added, Line, Reply, cut_list},
    rules::safety::{self, Verdict},
    text::{
        duration::{date, in_words},
        number::counted,
    },
};

pub(in crate::commands) struct Facts {
    user: OwnedUserId,
    back: Duration,
    /// What they asked for and was begun, newest first.
    jobs: Vec<Plan>,
    /// What is not part of it, and why.
    beside: Vec<Line>,
    /// What ends no more by itself.
    endless: Vec<Line>,
    /// What was for a time and does not come back.
    lost: Vec<Lost>,
    together: Together,
}

/// What `user` asked for in the time before now.
pub(super) async fn gather(world: &World<'_>, user: &UserId, back: Duration) -> Result<Facts, Failure> {
    let since = world.now.saturating_sub(Millis::try_from(back.as_millis()).unwrap_or(Millis::MAX));
    let states = vec![PlanState::Proposed, PlanState::Running, PlanState::Done];
    let plans = world.records.plans(&Which { states, ..Which::default() })?;
    let is_theirs = |plan: &Plan| plan.asked_by == user && was_asked_for(plan);
    let is_meant = |plan: &Plan| is_theirs(plan) && plan.asked_at >= since;
    let done = |plan: &&Plan| plan.state == PlanState::Done && is_meant(plan);
    let kept = snapshots(world.records, plans.iter().filter(done))?;
    let mut together = Together::of(&plans, is_meant, &kept, world.lookup.me());
    let why_not = protected(world, &plans, &together.steps()).await?;
    together.leave_out(|step| why_not.get(&key(step)).cloned());
    for put in &mut together.puts {
        super::one::restore_words(
            &mut put.step,
            plans.iter().filter(|plan| put.jobs.contains(&plan.id)),
            &plans,
        );
    }
    let mut beside = Vec::new();
    for plan in &plans {
        let line = Line::new().text(format!("Job {} ({})", plan.id, plan.command));
        match plan.state {
            PlanState::Proposed if is_theirs(plan) => beside.push(
                line.text(" waits for a confirmation: ")
                    .code(format!("!cancel {}", plan.id))
                    .text(" drops it."),
            ),
            PlanState::Running if is_meant(plan) => {
                let line = line.text(" is at work. ");
                let line = if plan.can_be_stopped() {
                    line.code(format!("!cancel {}", plan.id)).text(" stops it. ")
                } else {
                    line
                };
                beside.push(line.text("Once it is over: ").code(format!("!undo {}", plan.id)).text("."));
            }
            PlanState::Done
                if plan.asked_by != user
                    && plan.decided_by.as_deref() == Some(user)
                    && plan.changed_at >= since
                    && was_asked_for(plan) =>
            {
                let line = line.text(" of ").code(plan.asked_by.as_str());
                let line = line.text(" was confirmed by them: ").code(format!("!undo {}", plan.id));
                beside.push(line.text("."));
            }
            _ => {}
        }
    }
    let put_right = together.put_right();
    let endless = plans.iter().filter(|plan| put_right.contains(&plan.id));
    let endless = endless.flat_map(|undo| {
        let undone = undo.undoes.iter().flat_map(|undoes| &undoes.jobs);
        let lasted = undone.filter_map(|undone| {
            plans.iter().find(|plan| plan.id == undone.plan && plan.lasts_until().is_some())
        });
        lasted.map(|plan| {
            let line = Line::new().text(format!("Job {} ({}) was for a time, ", plan.id, plan.command));
            line.text(format!("and job {} undid it: done again, it does not end by itself.", undo.id))
        })
    });
    let undone = put_right.iter().copied().collect();
    Ok(Facts {
        lost: Lost::read(world.records, &undone, &together.steps(), world.now)?,
        endless: endless.collect(),
        jobs: plans.iter().filter(|plan| plan.state == PlanState::Done && is_meant(plan)).cloned().collect(),
        user: user.to_owned(),
        back,
        beside,
        together,
    })
}

/// Of some steps, those that may not be done now, by [`key`], and why: one of them keeps no others from being done.
async fn protected(
    world: &World<'_>,
    plans: &[Plan],
    steps: &[Step],
) -> Result<BTreeMap<String, String>, Failure> {
    let under_way: Vec<Plan> =
        plans.iter().filter(|plan| plan.state == PlanState::Running).cloned().collect();
    let mut why_not = BTreeMap::new();
    for step in steps {
        let step_alone = std::slice::from_ref(step);
        if let Verdict::Refuse(why) =
            safety::check(step_alone, &world.settings.management, &under_way, usize::MAX)
        {
            why_not.insert(key(step), why);
        }
    }
    if guard::objection(world.lookup, world.settings, steps).await?.is_none() {
        return Ok(why_not);
    }
    let mut known: BTreeMap<&UserId, Option<String>> = BTreeMap::new();
    for step in steps {
        let why = match step.against() {
            Some(user) if known.contains_key(user) => known[user].clone(),
            Some(user) => {
                let why = guard::protection(world.lookup, world.settings, user).await?;
                known.insert(user, why.clone());
                why
            }
            None => guard::objection(world.lookup, world.settings, std::slice::from_ref(step)).await?,
        };
        if let Some(why) = why {
            why_not.insert(key(step), why);
        }
        (world.tell)(&Reply::text("I look up whom this would be against."));
    }
    Ok(why_not)
}

/// What tells a step from others of the same undo.
fn key(step: &Step) -> String {
    format!("{} {}", step.command(), step.lane() + &step.target())
}

pub(super) fn decide(facts: Facts, acting: Acting) -> Result<Decision, Failure> {
    let Facts { user, back, jobs, beside, endless, lost, together } = facts;
    let who = || Line::new().code(user.as_str());
    let span = in_words(back);
    if jobs.is_empty() {
        let line = who().text(format!(" asked for nothing in the last {span} that was done. "));
        let line = line.code(format!("!audit {user}")).text(" shows all that they asked for.");
        return Err(Failure::Told(Box::new(Reply::text(line).list(beside))));
    }
    let steps = together.steps();
    let heading = if steps.is_empty() {
        let line = Line::new().text("There is nothing that I can undo of what ").append(who());
        line.text(format!(" asked for in the last {span}."))
    } else {
        let line = Line::new().text("To undo what ").append(who());
        let (jobs, changes) = (counted(jobs.len() as u64, "job"), counted(steps.len() as u64, "change"));
        line.text(format!(" asked for in the last {span}: {jobs}, {changes}."))
    };
    let list = |reply: Reply, title: &str, lines: Vec<Line>| match lines.len() {
        0 => reply,
        _ => cut_list(reply.paragraph(title), lines, SHOWN, "of them"),
    };
    let stays: Vec<Line> = together.stays.iter().map(Stay::line).collect();
    let is_long = [jobs.len(), steps.len(), stays.len()].into_iter().any(|length| length > SHOWN);
    let mut preview = Reply::text(heading);
    preview = list(preview, "The jobs:", jobs.iter().map(|plan| job(plan, &together)).collect());
    preview = list(preview, "What is done, in this order:", steps.iter().map(Step::describe).collect());
    preview = with_details(preview, &steps);
    preview = with_lost(preview, &lost);
    preview = list(preview, "What stays as it is:", stays.into_iter().chain(endless).collect());
    preview = list(preview, "Not part of it:", beside);
    if is_long {
        preview = preview.attach(file(&jobs, &together));
    }
    if steps.is_empty() {
        return Err(Failure::Told(Box::new(preview)));
    }
    let undoes = together.undoes();
    let because = format!("undo of {} of {user} in the last {span}", undoes.words(|_| true));
    Ok(Decision::Propose(Box::new(Draft {
        case: only_case(&jobs, &together),
        because: Some(because),
        preview,
        undoes: Some(undoes),
        lasts: None,
        caution: Some("This undoes all that they asked for in that time.".to_owned()),
        acting,
        steps,
    })))
}

/// The case that all jobs are about that are put right, if that is one.
fn only_case(jobs: &[Plan], together: &Together) -> Option<CaseId> {
    let put_right = together.put_right();
    let mut cases = jobs.iter().filter(|plan| put_right.contains(&plan.id)).map(|plan| plan.case);
    let first = cases.next()??;
    cases.all(|case| case == Some(first)).then_some(first)
}

/// What becomes of a job.
fn fate(plan: &Plan, together: &Together) -> &'static str {
    let is_put = together.puts.iter().any(|put| put.jobs.contains(&plan.id));
    let stays = together.stays.iter().any(|stay| stay.job == plan.id);
    match (is_put, stays) {
        (true, false) => "is put right",
        (true, true) => "is put right in part",
        (false, true) => "stays as it is",
        (false, false) if together.righted.contains(&plan.id) => "was put right already",
        (false, false) if plan.has_failed() && plan.is_stopped() => "was stopped, and did nothing",
        (false, false) if plan.has_failed() => "failed, and did nothing",
        (false, false) => "changed nothing that could be put right",
    }
}

fn job(plan: &Plan, together: &Together) -> Line {
    let line = Line::new().strong(plan.id.to_string()).text(format!(" {}: ", date(plan.asked_at)));
    let line = line.append(what(plan));
    let line = match &plan.because {
        Some(because) => line.text(", because ").user(because),
        None => line,
    };
    line.text(format!(" – {}", fate(plan, together)))
}

/// The first step that was done, and how many more.
fn what(plan: &Plan) -> Line {
    let steps: Vec<&PlannedStep> = plan.steps.iter().filter(|planned| !planned.is_stopped()).collect();
    let is_done = |planned: &&&PlannedStep| planned.outcome.as_ref().is_some_and(Outcome::is_done);
    let first = steps.iter().find(is_done).copied().or(plan.steps.first());
    let line = first.map_or_else(|| Line::new().text(plan.command.clone()), |first| first.step.describe());
    match steps.len() {
        0 | 1 => line,
        steps => line.text(format!(" and {} more", steps - 1)),
    }
}

const HEADERS: &[&str] = &["job", "asked_at", "what", "becomes", "detail"];

/// Every job, and every change and every thing that stays.
fn file(jobs: &[Plan], together: &Together) -> crate::reply::Attachment {
    let mut table = FileKind::Csv.table("undo", HEADERS);
    for plan in jobs {
        let row = |becomes: &str, detail: String| {
            [plan.id.to_string(), date(plan.asked_at), words(&what(plan)), becomes.to_owned(), detail]
                .map(serde_json::Value::from)
        };
        let puts = together.puts.iter().filter(|put| put.jobs.last() == Some(&plan.id));
        let puts = puts.map(|put| row("is put right", words(&put.step.describe())));
        let stays = together.stays.iter().filter(|stay| stay.job == plan.id);
        let stays = stays.map(|stay| row("stays", words(&stay.why)));
        let mut rows: Vec<_> = puts.chain(stays).collect();
        if rows.is_empty() {
            rows.push(row(fate(plan, together), String::new()));
        }
        if rows.into_iter().any(|row| table.add(row) == Added::Full) {
            break;
        }
    }
    table.finish()
}

/// A line as a file has it.
fn words(line: &Line) -> String {
    Reply::text(line.clone()).render().text
}

//! `!undo 12`: one job is put right.

use std::collections::BTreeSet;

use ruma::OwnedRoomId;

use super::SHOWN;
use crate::{
    commands::{Acting, Decision, Draft, Failure, World, job::job},
    lasting::Lost,
    model::Millis,
    plan::{
        Origin, Plan, PlanId, PlanState, PlannedStep, Restoration, RoomRef, Snapshots, Step, Undoes, Wanted,
        Way, snapshots,
    },
    ports::{StoreError, Which},
    reply::{Line, Reply, cut_list},
    text::{duration::date, number::counted},
};

pub(in crate::commands) struct Facts {
    plan: Plan,
    /// The job that undid it, and the job that undid that.
    undone_by: Option<(PlanId, Option<PlanId>)>,
    /// What was done after it, newest first.
    later: Vec<Plan>,
    /// The rooms that it shut down, and that another job was to bring back and could not.
    unrestored: BTreeSet<OwnedRoomId>,
    /// What it undid itself.
    undid: Vec<Plan>,
    /// What was kept of rooms that it shut down.
    kept: Snapshots,
}

/// The job with a number.
pub(super) fn gather(world: &World<'_>, id: PlanId) -> Result<Facts, Failure> {
    about(world, job(world, id)?)
}

/// The last job of who asks that is no undo. One that is still at work is the last one too: going past it would undo
/// something else.
pub(super) fn gather_last(world: &World<'_>) -> Result<Facts, Failure> {
    let states = vec![PlanState::Proposed, PlanState::Running, PlanState::Done];
    let plans = world.records.plans(&Which { states, ..Which::default() })?;
    let last = plans.into_iter().find(|plan| plan.asked_by == world.asker && is_somebodys_own(plan));
    match last {
        Some(plan) => about(world, plan),
        None => Err(Failure::told(Line::new().text("You have no job that I could undo."))),
    }
}

fn about(world: &World<'_>, plan: Plan) -> Result<Facts, Failure> {
    let records = world.records;
    let states = vec![PlanState::Running, PlanState::Done];
    let later = records.plans(&Which { states, ..Which::default() })?;
    let undone = plan.undoes.iter().flat_map(|undoes| &undoes.jobs).map(|undone| records.plan(undone.plan));
    let undid = undone.collect::<Result<Vec<Option<Plan>>, StoreError>>()?.into_iter().flatten().collect();
    let undone_by = match records.undone_by(plan.id)? {
        Some(by) => Some((by, records.undone_by(by)?)),
        None => None,
    };
    Ok(Facts {
        unrestored: unrestored(&later, plan.id),
        undone_by,
        undid,
        kept: snapshots(records, [&plan])?,
        later: later.into_iter().filter(|other| other.id > plan.id && !other.has_failed()).collect(),
        plan,
    })
}

/// The rooms of a job that others of some `plans` were to bring back, and none has. None while one of them is at work.
fn unrestored(plans: &[Plan], id: PlanId) -> BTreeSet<OwnedRoomId> {
    let undos = || plans.iter().filter(|other| other.puts_right(id));
    if undos().any(|undo| undo.state == PlanState::Running) {
        return BTreeSet::new();
    }
    let rooms = |planned: &PlannedStep| match &planned.step {
        Step::RestoreRoom { room, .. } => Some(room.id.clone()),
        _ => None,
    };
    let restored: BTreeSet<OwnedRoomId> =
        undos().flat_map(|undo| undo.right_steps_for(id)).filter_map(rooms).collect();
    let failed = undos().flat_map(|undo| undo.steps_for(id)).filter(|planned| planned.has_failed());
    failed.filter_map(rooms).filter(|room| !restored.contains(room)).collect()
}

pub(super) fn decide(
    facts: Facts,
    wanted: Wanted,
    acting: Acting,
    world: &World<'_>,
) -> Result<Decision, Failure> {
    let (Facts { plan, undone_by, unrestored, later, undid, kept }, now) = (facts, world.now);
    let mut reversed = plan.reverses(&kept, world.lookup.me(), wanted);
    // What of it was brought back stays; the rest has another try.
    match undone_by {
        Some((_, None)) if !unrestored.is_empty() => {
            reversed.steps.retain(|step| step.room_ref().is_some_and(|room| unrestored.contains(&room.id)));
        }
        undone_by => can_be_begun(&plan, undone_by)?,
    }
    for step in &mut reversed.steps {
        restore_words(step, std::iter::once(&plan), &undid);
    }
    let steps = reversed.steps;
    let lost = Lost::read(world.records, &BTreeSet::from([plan.id]), &steps, now)?;
    if wanted == Wanted::Anew && !steps.iter().any(splits) {
        let line =
            Line::new().code("--anew").text(" is for a room that was shut down and that others still have. ");
        return Err(Failure::told(line.text(format!("Job {} has none: leave it out.", plan.id))));
    }
    if steps.is_empty() {
        let reply = Reply::new()
            .paragraph(Line::new().text(format!("There is nothing of job {} that I can undo.", plan.id)));
        let why = reversed.stays.into_iter().chain(reversed.unchanged).collect();
        return Err(Failure::Told(Box::new(cut_list(reply, why, SHOWN, "of them"))));
    }
    let same_target = later.iter().find_map(|other| {
        let mut theirs =
            other.steps.iter().filter(|planned| !planned.has_failed() && !other.is_in_vain(&planned.step));
        let ours = theirs.find_map(|theirs| steps.iter().find(|ours| ours.lane() == theirs.step.lane()))?;
        Some((other, ours))
    });
    let (lasts, over) = time_left(&undid, now);
    let caution = if let Some(lost) = lost.first() {
        Some(format!("Job {} took the place of job {}, which was for a time.", lost.by, lost.plan))
    } else if let Some((other, ours)) = same_target {
        let what = if ours.room_ref().is_some() { "room" } else { "target" };
        Some(format!("Job {} ({}) came later and is about the same {what}.", other.id, other.command))
    } else if !reversed.stays.is_empty() {
        Some("Some of what it did stays as it is.".to_owned())
    } else if undid.len() > 1 {
        Some(format!("Job {} undid {} jobs: all of that is done again.", plan.id, undid.len()))
    } else if steps.iter().any(splits) {
        Some(SPLITS.to_owned())
    } else if steps.iter().any(is_restoring) {
        Some(BRINGS_BACK.to_owned())
    } else {
        over.is_some().then(|| "What it does again does not end by itself any more.".to_owned())
    };
    let so_far = if reversed.stays.is_empty() { "" } else { ", as far as it can be" };
    let title = Reply::new().paragraph(Line::new().text(format!("To undo job {}:", plan.id)));
    let mut preview = cut_list(title, steps.iter().map(Step::describe).collect(), SHOWN, "changes");
    preview = with_details(preview, &steps);
    preview = with_lost(preview, &lost);
    let mut undoes = Undoes::one(plan.id, steps.len());
    undoes.stays.clone_from(&reversed.stays);
    let left: Vec<Line> = reversed.stays.into_iter().chain(reversed.unchanged).chain(over).collect();
    if !left.is_empty() {
        preview = cut_list(preview.paragraph("Left as it is:"), left, SHOWN, "of them");
    }
    if let Some(lasts) = lasts {
        let until = date(now.saturating_add(lasts));
        preview = preview.paragraph(format!("It ends by itself, as it was to before: {until}."));
    }
    Ok(Decision::Propose(Box::new(Draft {
        steps,
        because: Some(format!("undo of job {}{so_far}", plan.id)),
        preview,
        undoes: Some(undoes),
        case: plan.case,
        lasts,
        caution,
        acting,
    })))
}

/// Why the restoration of a room always asks.
const BRINGS_BACK: &str = "People are brought into a room without being asked.";
/// Why a room in the place of one that others may still have always asks.
const SPLITS: &str =
    "Others may still have the room: another one in its place splits it, and cannot be joined with it again.";
/// Of so many rooms all is told that bringing them back means.
const DETAILED: usize = 3;

fn is_restoring(step: &Step) -> bool {
    matches!(step, Step::RestoreRoom { .. })
}

fn splits(step: &Step) -> bool {
    matches!(step, Step::RestoreRoom { restoration, .. } if matches!(restoration.way, Way::Anew { splits: true, .. }))
}

/// Adds what was for a time and does not come back.
pub(super) fn with_lost(preview: Reply, lost: &[Lost]) -> Reply {
    match lost {
        [] => preview,
        lost => {
            let preview = preview.paragraph("What held for a time before does not come back:");
            cut_list(preview, lost.iter().map(Lost::line).collect(), SHOWN, "of them")
        }
    }
}

/// Adds what bringing back rooms means.
pub(super) fn with_details(preview: Reply, steps: &[Step]) -> Reply {
    let rooms: Vec<(&RoomRef, &Restoration)> = steps
        .iter()
        .filter_map(|step| match step {
            Step::RestoreRoom { room, restoration } => Some((room, &**restoration)),
            _ => None,
        })
        .collect();
    match &rooms[..] {
        [] => preview,
        [(_, only)] => preview.paragraph("What that means for the room:").list(only.details()),
        several => {
            let preview = several.iter().take(DETAILED).fold(preview, |preview, (room, restoration)| {
                let line = Line::new().text("What that means for ").append(room.line()).text(":");
                preview.paragraph(line).list(restoration.details())
            });
            match several.len().saturating_sub(DETAILED) {
                0 => preview,
                more => {
                    preview.paragraph(format!("The same goes for {} more.", counted(more as u64, "room")))
                }
            }
        }
    }
}

fn can_be_begun(plan: &Plan, undone_by: Option<(PlanId, Option<PlanId>)>) -> Result<(), Failure> {
    let id = plan.id;
    match undone_by {
        Some((by, None)) => return Err(told(format!("Job {id} was undone by job {by} already."))),
        Some((by, Some(again))) => {
            let line =
                Line::new().text(format!("Job {id} was undone by job {by}, and that by job {again}. "));
            return Err(Failure::told(line.code(format!("!undo {again}")).text(" undoes it once more.")));
        }
        None => {}
    }
    match plan.state {
        PlanState::Done => Ok(()),
        PlanState::Running if plan.can_be_stopped() => {
            let line = Line::new().text(format!("Job {id} is at work. ")).code(format!("!cancel {id}"));
            Err(Failure::told(line.text(" stops it; what it has done by then can be undone afterwards.")))
        }
        PlanState::Running => {
            Err(told(format!("Job {id} is at work. Wait until it is done; !job {id} shows how it stands.")))
        }
        PlanState::Proposed => Err(told(format!("Job {id} has not begun. !cancel {id} drops it."))),
        PlanState::Cancelled | PlanState::Expired => {
            Err(told(format!("Job {id} was never done: it is {}.", plan.state.word())))
        }
    }
}

/// How long what was for a time still lasts when it is done again; where that cannot be kept, a word on it.
fn time_left(undid: &[Plan], now: Millis) -> (Option<Millis>, Option<Line>) {
    let line = |plan: &Plan, words: &str| Line::new().text(format!("Job {} was for a time{words}.", plan.id));
    match undid {
        [only] => match only.lasts_until() {
            Some(until) if until > now => (Some(until - now), None),
            Some(until) => {
                let words = format!(" that was over at {}: done again, it holds for good", date(until));
                (None, Some(line(only, &words)))
            }
            None => (None, None),
        },
        several => {
            let lasted = several.iter().find(|plan| plan.lasts_until().is_some());
            (None, lasted.map(|plan| line(plan, ": done again, it holds for good")))
        }
    }
}

/// What the reverse of a reverse does not know gets the words of the first step again: why somebody was banned, whose file
/// it is. `undos` are what it reverses, `plans` what those undid among others.
pub(super) fn restore_words<'a>(step: &mut Step, undos: impl Iterator<Item = &'a Plan>, plans: &[Plan]) {
    let undone = undos.filter_map(|undo| undo.undoes.as_ref()).flat_map(|undoes| &undoes.jobs);
    let undone = undone.filter_map(|undone| plans.iter().find(|plan| plan.id == undone.plan));
    for first in undone.flat_map(|plan| &plan.steps).map(|planned| &planned.step) {
        let is_same = step.matter() == first.matter() && step.ends_as(first);
        match (&mut *step, first) {
            (Step::Member { reason, .. }, Step::Member { reason: before, .. }) if is_same => {
                reason.clone_from(before);
            }
            (Step::QuarantineMedia { author, .. }, Step::QuarantineMedia { author: before, .. })
                if is_same =>
            {
                author.clone_from(before);
            }
            _ => {}
        }
    }
}

/// Whether somebody asked for it in so many words: an undo is not what is meant by the last thing, nor is telling reporters
/// what came of a case, which cannot be taken back.
fn is_somebodys_own(plan: &Plan) -> bool {
    plan.undoes.is_none() && !matches!(plan.origin, Origin::Outcome(_))
}

fn told(sentence: String) -> Failure {
    Failure::told(Line::new().text(sentence))
}

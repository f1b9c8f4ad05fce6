//! What a Plan that has ended means for the case that it is about: the case is resolved with what was done, or opened again
//! when that was undone, and its card says so.

use crate::{
    cards::{beside, cases_of, shown_with},
    commands::Settings,
    model::Millis,
    outcome::tell,
    plan::{Effect, Origin, Outcome, Plan, PlanId, PlanResult, PlannedStep},
    ports::{Case, CaseState, Change, Reporting, Store, StoreError},
    rules::case::{current, note, reopens, rule_settles},
};

/// What is committed with the end of `plan`. A case that is open is resolved, by who asked, when all was done; what failed
/// leaves it open, and so does what only puts something right. Of what a rule did, the rule says whether it resolves the
/// case. When all that a case was resolved with is undone, it is open again.
pub(super) fn settle(
    store: &dyn Store,
    settings: &Settings,
    plan: &Plan,
    at: Millis,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    for case in cases_of(store.as_records(), plan)? {
        changes.extend(settle_one(store, settings, plan, case, at)?);
    }
    Ok(changes)
}

fn settle_one(
    store: &dyn Store,
    settings: &Settings,
    plan: &Plan,
    case: Case,
    at: Millis,
) -> Result<Vec<Change>, StoreError> {
    let records = store.as_records();
    let jobs = beside(records, settings, &case, Some(plan))?.jobs;
    let Some((state, note)) = judgement(settings, &case, plan, &jobs) else {
        return shown_with(records, settings, &case, Some(plan));
    };
    let (id, by) = (case.id, plan.asked_by.clone());
    let judged = Reporting::Judged { case: id, state, by: by.clone(), note: Some(note.clone()), at };
    let case = Case { state, by: Some(by), note: Some(note), changed_at: at, ..case };
    let mut changes = vec![Change::Reporting(judged)];
    changes.extend(shown_with(records, settings, &case, Some(plan))?);
    let told = tell(records, settings, &case, at)?;
    changes.extend(told.map(|plan| Change::Plan(Box::new(plan))));
    Ok(changes)
}

/// How far the case is from now on, and what is noted to that; `None` when it stays as it is.
fn judgement(settings: &Settings, case: &Case, plan: &Plan, jobs: &[Plan]) -> Option<(CaseState, String)> {
    if let Some(undoes) = &plan.undoes {
        // It may undo others as well. What others changed since is not undone.
        let is_about = |id: PlanId| plan.case == Some(case.id) || jobs.iter().any(|job| job.id == id);
        let of_case = undoes.jobs.iter().map(|undone| undone.plan).filter(|id| is_about(*id));
        if !of_case.flat_map(|id| plan.steps_for(id)).all(is_undone) {
            return None;
        }
        let undone = undoes.words(is_about);
        let was = if undone.starts_with("job ") { "was" } else { "were" };
        let note = format!("{undone} {was} undone (job {})", plan.id);
        return (!case.state.is_open() && reopens(case, jobs)).then_some((CaseState::Open, note));
    }
    if plan.result() != PlanResult::Done {
        return None;
    }
    let settles = match &plan.origin {
        Origin::Rule { rule: name, .. } => settings
            .rules
            .list
            .iter()
            .any(|rule| rule.name == *name && rule_settles(rule, plan, current(case, jobs))),
        _ => true,
    };
    let note = note(case, plan).filter(|_| settles && case.state.is_open())?;
    Some((CaseState::Resolved, note))
}

/// Whether a step of an undo put something right.
fn is_undone(planned: &PlannedStep) -> bool {
    planned.shortfall().is_none()
        && matches!(&planned.outcome, Some(Outcome::Done { effect }) if *effect != Effect::ChangedSince)
}

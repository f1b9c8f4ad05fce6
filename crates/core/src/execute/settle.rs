//! What a Plan that has ended means for the case that it is about: the case is resolved with what was done, or opened again
//! when that was undone, and its card says so.

use crate::{
    cards::{beside, shown_with},
    commands::Settings,
    model::Millis,
    outcome::tell,
    plan::{Effect, Origin, Outcome, Plan, PlanResult, PlannedStep},
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
    let Some(case) = plan.case.map(|id| store.case(id)).transpose()?.flatten() else { return Ok(Vec::new()) };
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
    if plan.result() != PlanResult::Done {
        return None;
    }
    let is_left = |planned: &PlannedStep| {
        matches!(planned.outcome, Some(Outcome::Done { effect: Effect::ChangedSince }))
    };
    if let Some(undone) = plan.undoes {
        // What others changed since is not undone.
        if plan.steps.iter().any(is_left) {
            return None;
        }
        let note = format!("job {undone} was undone (job {})", plan.id);
        return (!case.state.is_open() && reopens(case, jobs)).then_some((CaseState::Open, note));
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

//! What a Plan that has ended means for the case that it is about: the case is resolved with what was done, and its card
//! says so.

use crate::{
    cards::shown_with,
    commands::Settings,
    model::Millis,
    outcome::tell,
    plan::{Plan, PlanResult},
    ports::{Case, CaseState, Change, Reporting, Store, StoreError},
    rules::case::note,
};

/// What is committed with the end of `plan`. A case that is open is resolved, by who asked, when all was done; what failed
/// leaves it open, and so does what only puts something right.
pub(super) fn settle(
    store: &dyn Store,
    settings: &Settings,
    plan: &Plan,
    at: Millis,
) -> Result<Vec<Change>, StoreError> {
    let Some(case) = plan.case.map(|id| store.case(id)).transpose()?.flatten() else { return Ok(Vec::new()) };
    let settles = case.state.is_open() && plan.undoes.is_none() && plan.result() == PlanResult::Done;
    let Some(note) = note(&case, plan).filter(|_| settles) else {
        return shown_with(store.as_records(), settings, &case, Some(plan));
    };
    let (id, by, state) = (case.id, plan.asked_by.clone(), CaseState::Resolved);
    let judged = Reporting::Judged { case: id, state, by: by.clone(), note: Some(note.clone()), at };
    let case = Case { state, by: Some(by), note: Some(note), changed_at: at, ..case };
    let mut changes = vec![Change::Reporting(judged)];
    changes.extend(shown_with(store.as_records(), settings, &case, Some(plan))?);
    let told = tell(store.as_records(), settings, &case, at)?;
    changes.extend(told.map(|plan| Change::Plan(Box::new(plan))));
    Ok(changes)
}

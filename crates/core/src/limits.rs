//! What was done in the last hour, from the jobs that are remembered: nothing else is kept for the limits.

use crate::{
    model::Millis,
    plan::{Plan, PlanState},
    ports::{Records, StoreError, Which},
    rules::limits::{Asked, Begun, HOUR, Whose, begun_at, counts},
};

/// The jobs of a moderator, or of the rules, that were begun in the last hour.
pub(crate) fn begun(records: &dyn Records, whose: &Whose, now: Millis) -> Result<Vec<Begun>, StoreError> {
    let states = vec![PlanState::Running, PlanState::Done];
    // Nothing begins after its state has last changed.
    let since = Some(now.saturating_sub(HOUR));
    let mut begun = Vec::new();
    for plan in records.plans(&Which { states, since, ..Which::default() })? {
        if Whose::of(&plan.origin, &plan.asked_by).as_ref() != Some(whose) {
            continue;
        }
        let was_asked = records.is_said(&Plan::preview_key(plan.id))?;
        let asked = if was_asked { Asked::First } else { Asked::No };
        begun.extend(begun_at(&plan, asked).filter(|at| counts(*at, now)).map(|at| Begun { at, plan }));
    }
    Ok(begun)
}

//! The card of a case as it is to be shown now: with the jobs about it, what is remembered of its author and room, and the
//! reactions that it offers. Whoever changes a case, or a job about one, commits these changes with it.

use std::collections::BTreeSet;

use crate::{
    commands::Settings,
    plan::{Origin, Plan},
    ports::{Case, CaseId, Change, Records, StoreError, Which, WhichCases},
    rules::case::{self, Beside, COUNTED, Earlier, author, card_key, offered},
    speech::{Mark, Say},
};

/// The card of `case`, and the reactions that it offers while the case is open. Those that are there already are not made
/// again.
pub fn shown(records: &dyn Records, settings: &Settings, case: &Case) -> Result<Vec<Change>, StoreError> {
    shown_with(records, settings, case, None)
}

/// As [`shown`], where a job about the case is as `changed` from the same commit on.
pub fn shown_with(
    records: &dyn Records,
    settings: &Settings,
    case: &Case,
    changed: Option<&Plan>,
) -> Result<Vec<Change>, StoreError> {
    let reply = case::card(case, &beside(records, settings, case, changed)?);
    let mut card = vec![Change::Say(Say::new(card_key(case.id), None, &reply))];
    if case.state.is_open() {
        let offer = |action| {
            let emoji = settings.cards.emoji(action).to_owned();
            Change::Mark(Mark::offer(card_key(case.id), emoji))
        };
        card.extend(offered(case, &settings.cards).into_iter().map(offer));
    }
    Ok(card)
}

/// The cards of the cases that a job is about, as they are when the job is as `plan` says; nothing for a job about none.
pub fn shown_for(records: &dyn Records, settings: &Settings, plan: &Plan) -> Result<Vec<Change>, StoreError> {
    let mut cards = Vec::new();
    for case in cases_of(records, plan)? {
        cards.extend(shown_with(records, settings, &case, Some(plan))?);
    }
    Ok(cards)
}

/// The cases that a job is about: its own, and those of the jobs that it undoes.
pub fn cases_of(records: &dyn Records, plan: &Plan) -> Result<Vec<Case>, StoreError> {
    let mut ids: BTreeSet<CaseId> = plan.case.into_iter().collect();
    for undone in plan.undoes.iter().flat_map(|undoes| &undoes.jobs) {
        ids.extend(records.plan(undone.plan)?.and_then(|undone| undone.case));
    }
    ids.into_iter().filter_map(|id| records.case(id).transpose()).collect()
}

/// What the card of a case says beside the case itself. One job may be other than the records have it: `changed`.
pub fn beside(
    records: &dyn Records,
    settings: &Settings,
    case: &Case,
    changed: Option<&Plan>,
) -> Result<Beside, StoreError> {
    let mut jobs = jobs(records, case)?;
    let concerns =
        |plan: &&Plan| plan.case == Some(case.id) || jobs.iter().any(|job| plan.puts_right(job.id));
    if let Some(changed) = changed.filter(concerns).filter(|plan| is_shown(plan)) {
        match jobs.iter_mut().find(|plan| plan.id == changed.id) {
            Some(plan) => plan.clone_from(changed),
            None => jobs.push(changed.clone()),
        }
    }
    Ok(Beside { cards: settings.cards.clone(), jobs, earlier: earlier(records, case)? })
}

/// The jobs about a case, oldest first; without those that tell reporters of it.
pub fn jobs(records: &dyn Records, case: &Case) -> Result<Vec<Plan>, StoreError> {
    let mut jobs = records.plans(&Which { case: Some(case.id), ..Which::default() })?;
    jobs.retain(is_shown);
    jobs.reverse();
    Ok(jobs)
}

/// Those of them since the case was last opened again because it was reported again.
pub fn current_jobs(records: &dyn Records, case: &Case) -> Result<Vec<Plan>, StoreError> {
    let jobs = jobs(records, case)?;
    Ok(case::current(case, &jobs).to_vec())
}

fn is_shown(plan: &Plan) -> bool {
    !matches!(plan.origin, Origin::Outcome(_))
}

fn earlier(records: &dyn Records, case: &Case) -> Result<Earlier, StoreError> {
    let which = || WhichCases { before: Some(case.id), limit: Some(COUNTED + 1), ..WhichCases::default() };
    let of_author = match author(case) {
        Some(author) => records.cases(&WhichCases { author: Some(author), ..which() })?,
        None => Vec::new(),
    };
    let of_room = match case.about.room_id() {
        Some(room) => records.cases(&WhichCases { room: Some(room.to_owned()), ..which() })?,
        None => Vec::new(),
    };
    let mut of_them = Vec::new();
    for case in &of_author {
        of_them.extend(jobs(records, case)?);
    }
    Ok(Earlier { of_author, jobs: of_them, of_room })
}

//! Which new reports belong together, and which of them are spoken of now: nobody floods the management room.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    model::{About, Millis, Report},
    ports::{Case, CaseId, Store, StoreError},
};

/// So many reports of one reporter at once are like anybody's.
pub(super) const HEARD: usize = 30;
/// For how long after it was closed a case about a user or a room stays closed, whoever reports it.
const DAY: Millis = 24 * 60 * 60_000;
/// How many new cases are gathered before they are committed.
const AT_ONCE: usize = 50;

/// What may still be said at a time.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// New messages.
    messages: usize,
    /// Messages that are edited.
    edits: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { messages: 20, edits: 100 }
    }
}

/// A reporter with more reports than anybody reads, since it began, for an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spate {
    /// When it began.
    pub(super) since: Millis,
    /// How many of their reports were taken like anybody's.
    heard: usize,
    /// How many others made no card.
    pub(super) held_back: u64,
}

impl Spate {
    pub(super) fn new(since: Millis) -> Self {
        Self { since, heard: 0, held_back: 0 }
    }
}

/// By reporter.
pub(super) type Spates = BTreeMap<String, Spate>;

/// New reports of one thing.
pub(super) struct Group {
    /// What was reported.
    pub(super) about: About,
    /// Its case, as it was before.
    pub(super) case: Option<Case>,
    /// The new reports, oldest first.
    pub(super) reports: Vec<Report>,
    /// Whether the card is shown or edited.
    pub(super) is_shown: bool,
    /// Which of the reports shows that a closed case goes on, if that is to be said.
    pub(super) again_by: Option<usize>,
}

impl Group {
    /// The oldest of its reports.
    pub(super) fn first(&self) -> &Report {
        &self.reports[0]
    }
}

/// What becomes of the reports behind those that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// There are none, or they are taken next.
    Follows,
    /// Enough was said: they wait.
    Waits,
}

/// The oldest of some reports, by what they are about, in the order in which those were reported first.
pub(super) struct Triage {
    /// None of them is empty.
    pub(super) groups: Vec<Group>,
    /// How many reports, from the first.
    pub(super) taken: usize,
    pub(super) rest: Rest,
    /// What is left to say.
    pub(super) budget: Budget,
    pub(super) spates: Spates,
}

/// Takes as many reports as can be dealt with together; `reports` are sorted, oldest first.
pub(super) fn triage(
    reports: &[Report],
    store: &dyn Store,
    mut spates: Spates,
    mut budget: Budget,
    ignored: &BTreeSet<String>,
    may_say_again: impl Fn(CaseId) -> bool,
) -> Result<Triage, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<&About, usize> = HashMap::new();
    let (mut taken, mut new_cases, mut rest) = (0, 0, Rest::Follows);
    for report in reports {
        let place = if let Some(place) = places.get(&report.about) {
            *place
        } else {
            let case = store.case_about(&report.about)?;
            if case.is_none() && new_cases == AT_ONCE {
                break;
            }
            new_cases += usize::from(case.is_none());
            let about = report.about.clone();
            groups.push(Group { about, case, reports: Vec::new(), is_shown: false, again_by: None });
            places.insert(&report.about, groups.len() - 1);
            groups.len() - 1
        };
        let group = &mut groups[place];
        let spate = spates.get_mut(&report.reporter);
        if is_ignored(group, report, ignored) {
            // It is counted on the card when somebody else reports the same.
        } else if spate.as_ref().is_none_or(|spate| spate.heard < HEARD) {
            let is_again = group.again_by.is_none() && goes_on(group, report, &may_say_again);
            let shows = !group.is_shown;
            let messages = usize::from(is_again) + usize::from(shows && group.case.is_none());
            let edits = usize::from(shows && group.case.is_some());
            if messages > budget.messages || edits > budget.edits {
                rest = Rest::Waits;
                break;
            }
            budget.messages -= messages;
            budget.edits -= edits;
            group.is_shown = true;
            if is_again {
                group.again_by = Some(group.reports.len());
            }
            if let Some(spate) = spate {
                spate.heard += 1;
            }
        } else if let Some(spate) = spate {
            spate.held_back += 1;
        }
        group.reports.push(report.clone());
        taken += 1;
    }
    groups.retain(|group| !group.reports.is_empty());
    Ok(Triage { groups, taken, rest, budget, spates })
}

/// Whether a report is by somebody who is ignored. It makes no card, and changes none.
fn is_ignored(group: &Group, report: &Report, ignored: &BTreeSet<String>) -> bool {
    ignored.contains(&report.reporter) && !group.is_shown
}

/// Whether a closed case is opened again by a report, or reported by somebody who did not report it before.
fn goes_on(group: &Group, report: &Report, may_say_again: impl Fn(CaseId) -> bool) -> bool {
    group.case.as_ref().is_some_and(|case| {
        let is_new = case.reports.iter().all(|known| known.reporter != report.reporter);
        opens_again(case, report) || (!case.state.is_open() && is_new && may_say_again(case.id))
    })
}

/// Whether a report opens a closed case again. What was decided about a message holds for ever; a user, or a room, goes on.
pub(super) fn opens_again(case: &Case, report: &Report) -> bool {
    let goes_on = match case.about {
        About::User { .. } | About::Room { .. } => true,
        About::Event { .. } => false,
    };
    goes_on && !case.state.is_open() && report.key.received_ts - case.changed_at > DAY
}

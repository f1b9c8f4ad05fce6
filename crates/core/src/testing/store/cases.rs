//! What a store in memory remembers of abuse reports.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{About, Millis, Report, ReportKey, ReportKind, Switch},
    ports::{Case, CaseId, Decision, FORWARDED, Hit, Priority, Reporting, WhichCases},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Cases {
    /// The kinds that are read.
    begun: BTreeSet<ReportKind>,
    known: BTreeSet<ReportKey>,
    by_id: BTreeMap<CaseId, Case>,
    weighed: BTreeMap<CaseId, usize>,
    /// What was forwarded, with its number, and how many of those there ever were.
    forwarded: (Vec<Report>, u64),
    hits: Vec<Hit>,
    ignored: BTreeSet<String>,
    /// Numbers go on from here at least.
    from: CaseId,
}

impl Cases {
    pub(super) fn apply(&mut self, change: Reporting) {
        match change {
            Reporting::Begun { kind, known } => {
                self.begun.insert(kind);
                self.known.extend(known);
            }
            Reporting::Opened(case) => {
                for report in &case.reports {
                    self.take(report.key);
                }
                self.by_id.insert(case.id, *case);
            }
            Reporting::Joined { case, report } => {
                if self.take(report.key)
                    && let Some(case) = self.by_id.get_mut(&case)
                {
                    case.reports.push(report);
                }
            }
            Reporting::Judged { case, state, by, note, at } => {
                if let Some(case) = self.by_id.get_mut(&case) {
                    case.decisions.push(Decision { state, by: by.clone(), note: note.clone(), at });
                    (case.state, case.by, case.note, case.changed_at) = (state, Some(by), note, at);
                }
            }
            Reporting::Forwarded(mut report) => {
                let (waiting, count) = &mut self.forwarded;
                *count += 1;
                report.key.id = FORWARDED + *count;
                waiting.push(report);
            }
            Reporting::Told(key) => drop(self.take(key)),
            Reporting::Prioritized { case } => {
                if let Some(case) = self.by_id.get_mut(&case) {
                    case.priority = Priority::High;
                }
            }
            Reporting::Weighed { case, reports } => {
                let weighed = self.weighed.entry(case).or_default();
                *weighed = reports.max(*weighed);
            }
            Reporting::Hit(hit) => self.hits.push(hit),
            Reporting::HitsForgotten { before } => {
                let is_over = |case: &Case| !case.state.is_open() && case.changed_at < before;
                let by_id = &self.by_id;
                self.hits.retain(|hit| hit.at >= before || !by_id.get(&hit.case).is_some_and(is_over));
            }
            Reporting::Ignored { reporter, to: Switch::On } => drop(self.ignored.insert(reporter)),
            Reporting::Ignored { reporter, to: Switch::Off } => drop(self.ignored.remove(&reporter)),
        }
    }

    /// Whether a report was not known yet; it is then.
    fn take(&mut self, key: ReportKey) -> bool {
        self.forwarded.0.retain(|report| report.key != key);
        self.known.insert(key)
    }

    pub(super) fn unweighed(&self) -> Vec<(CaseId, usize)> {
        let weighed = |id: &CaseId| self.weighed.get(id).copied().unwrap_or_default();
        let waits =
            |(id, case): (&CaseId, &Case)| (weighed(id) < case.reports.len()).then(|| (*id, weighed(id)));
        self.by_id.iter().filter_map(waits).collect()
    }

    pub(super) fn forwarded(&self) -> Vec<Report> {
        self.forwarded.0.clone()
    }

    pub(super) fn hits(&self, since: Millis) -> Vec<Hit> {
        self.hits.iter().filter(|hit| hit.at >= since).cloned().collect()
    }

    pub(super) fn ignored(&self) -> BTreeSet<String> {
        self.ignored.clone()
    }

    pub(super) fn case(&self, id: CaseId) -> Option<Case> {
        self.by_id.get(&id).cloned()
    }

    pub(super) fn about(&self, about: &About) -> Option<Case> {
        self.by_id.values().find(|case| case.about == *about).cloned()
    }

    pub(super) fn list(&self, which: &WhichCases) -> Vec<Case> {
        let wanted = |case: &&Case| {
            (which.states.is_empty() || which.states.contains(&case.state))
                && which.by.as_ref().is_none_or(|by| case.by.as_ref() == Some(by))
                && which.author.as_ref().is_none_or(|author| author_of(case).as_ref() == Some(author))
                && which.room.as_deref().is_none_or(|room| case.about.room_id() == Some(room))
                && which.before.is_none_or(|before| case.id < before)
        };
        self.by_id.values().rev().filter(wanted).take(which.limit.unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(super) fn known(&self, kind: ReportKind, keys: &[ReportKey]) -> Option<BTreeSet<ReportKey>> {
        let is_known = |key: &ReportKey| self.known.contains(key);
        self.begun.contains(&kind).then(|| keys.iter().copied().filter(is_known).collect())
    }

    pub(super) fn next_id(&self) -> CaseId {
        self.by_id.keys().next_back().map_or(1, |id| id + 1).max(self.from)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = CaseId> {
        self.by_id.keys().copied()
    }

    /// The cases that stay by themselves: those that are open, or were not before a time, or are not weighed.
    pub(super) fn staying(&self, before: Millis) -> impl Iterator<Item = CaseId> {
        let unweighed: BTreeSet<CaseId> = self.unweighed().into_iter().map(|(id, _)| id).collect();
        let stays = move |case: &&Case| {
            case.state.is_open()
                || case.changed_at >= before
                || unweighed.contains(&case.id)
                || case.reports.iter().any(|report| report.key.received_ts >= before)
                || self.hits.iter().any(|hit| hit.case == case.id && hit.at >= before)
        };
        self.by_id.values().filter(stays).map(|case| case.id)
    }

    /// Forgets all but some; the highest that goes.
    pub(super) fn keep(&mut self, stays: &BTreeSet<CaseId>) -> Option<CaseId> {
        self.from = self.next_id();
        let highest = self.by_id.keys().rfind(|id| !stays.contains(id)).copied();
        self.by_id.retain(|id, _| stays.contains(id));
        self.weighed.retain(|id, _| stays.contains(id));
        self.hits.retain(|hit| stays.contains(&hit.case));
        highest
    }
}

/// Who wrote what was reported, or was reported, as it was kept.
fn author_of(case: &Case) -> Option<String> {
    let kept = |pointer: &str| case.evidence.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
    match &case.about {
        About::User { user_id } => Some(user_id.clone()),
        About::Event { .. } | About::Room { .. } => {
            ["/author/id", "/event/sender"].into_iter().filter_map(kept).find(|id| !id.is_empty())
        }
    }
}

//! What a store in memory remembers of abuse reports.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{About, ReportKey, ReportKind},
    ports::{Case, CaseId, Reporting, WhichCases},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Cases {
    known: BTreeMap<ReportKind, BTreeSet<ReportKey>>,
    cases: BTreeMap<CaseId, Case>,
}

impl Cases {
    pub(super) fn apply(&mut self, change: Reporting) {
        match change {
            Reporting::Begun { kind, known } => self.known.entry(kind).or_default().extend(known),
            Reporting::Opened(case) => {
                for report in &case.reports {
                    self.known.entry(report.key.kind).or_default().insert(report.key);
                }
                self.cases.insert(case.id, *case);
            }
            Reporting::Joined { case, report } => {
                if self.known.entry(report.key.kind).or_default().insert(report.key)
                    && let Some(case) = self.cases.get_mut(&case)
                {
                    case.reports.push(report);
                }
            }
            Reporting::Judged { case, state, by, note, at } => {
                if let Some(case) = self.cases.get_mut(&case) {
                    (case.state, case.by, case.note, case.changed_at) = (state, Some(by), note, at);
                }
            }
        }
    }

    pub(super) fn case(&self, id: CaseId) -> Option<Case> {
        self.cases.get(&id).cloned()
    }

    pub(super) fn about(&self, about: &About) -> Option<Case> {
        self.cases.values().find(|case| case.about == *about).cloned()
    }

    pub(super) fn list(&self, which: &WhichCases) -> Vec<Case> {
        let wanted = |case: &&Case| {
            (which.states.is_empty() || which.states.contains(&case.state))
                && which.by.as_ref().is_none_or(|by| case.by.as_ref() == Some(by))
        };
        self.cases.values().rev().filter(wanted).take(which.limit.unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(super) fn known(&self, kind: ReportKind, keys: &[ReportKey]) -> Option<BTreeSet<ReportKey>> {
        let known = self.known.get(&kind)?;
        Some(keys.iter().copied().filter(|key| known.contains(key)).collect())
    }

    pub(super) fn next_id(&self) -> CaseId {
        self.cases.keys().next_back().map_or(1, |id| id + 1)
    }
}

//! Reports that a reverse proxy forwarded to the bot, because the homeserver tells nobody of them.

use super::{Budget, Found, Memory, Reports, Source};
use crate::{
    model::{Millis, Report},
    ports::{Change, FORWARDED, Reporting, StoreError},
};

/// How far apart the bot and the homeserver may note the same report: the time that a request may take.
const SAME: Millis = 2 * 60_000;

impl Reports {
    /// Takes what was forwarded into cases, but what the homeserver tells of after all.
    pub(super) async fn take_forwarded(
        &self,
        memory: &mut Memory,
        budget: &mut Budget,
    ) -> Result<Found, StoreError> {
        let (mut new, mut told) = (Vec::new(), Vec::new());
        for report in self.store.forwarded()? {
            if self.is_told(&report)? { told.push(report.key) } else { new.push(report) }
        }
        if !told.is_empty() {
            self.commit(told.into_iter().map(|key| Change::Reporting(Reporting::Told(key))).collect())?;
        }
        self.take(Source::Forwarded, &new, memory, budget).await
    }

    /// Whether a case has a report from the homeserver that is this one: of the same person, about the same, with the same
    /// words, at the same time.
    fn is_told(&self, forwarded: &Report) -> Result<bool, StoreError> {
        let Some(case) = self.store.case_about(&forwarded.about)? else { return Ok(false) };
        Ok(case.reports.iter().any(|report| {
            report.key.id < FORWARDED
                && report.reporter == forwarded.reporter
                && report.reason == forwarded.reason
                && (report.key.received_ts - forwarded.key.received_ts).abs() <= SAME
        }))
    }
}

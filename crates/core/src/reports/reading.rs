//! Reading the homeserver's list of reports. It is read newest first and by offsets, so what comes or goes meanwhile
//! shifts it: pages share some rows, and a page that shares none is a sign that rows before it have gone.

use std::collections::{BTreeMap, BTreeSet};

use tracing::debug;

use super::cut_reason;
use crate::{
    model::{Millis, Report, ReportKey, ReportKind, ReportPage},
    ports::{Fault, Lookup, Store, StoreError},
};

/// Reports to a page.
const PAGE: u32 = 100;
/// How many rows a page has in common with the one before. More than are received in one millisecond: their order
/// among themselves is not certain.
const SHARED: u64 = 10;
/// How far behind the newest known report the list is read again: a report gets its number and time before it is
/// written, so an older one can appear behind a newer one.
const OVERLAP: Millis = 15 * 60_000;
/// How often reading begins anew when rows have gone meanwhile.
const ANEW: usize = 3;
/// What the homeserver's list holds.
pub(super) enum Filed {
    /// It has none that can be read.
    Untold,
    /// It is read for the first time: all that it holds.
    Backlog(BTreeSet<ReportKey>),
    /// Reports that are not known yet, oldest first.
    New(Vec<Report>),
}

/// Why the list cannot be read.
pub(super) enum Trouble {
    /// The homeserver does not tell it.
    Fault(Fault),
    /// What is known cannot be read.
    Store(StoreError),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How far back a list has to be read. Once nothing came for as long as the overlap, and the overlap was read after
/// that, one page that is known is enough.
#[derive(Default)]
pub(super) struct Depth {
    /// When the newest known report was received, by the homeserver's clock.
    newest: Option<Millis>,
    /// When it was seen first, by ours.
    since: Millis,
    is_settled: bool,
}

impl Depth {
    /// Whether a page of known reports down to `oldest` is the last to read.
    fn is_enough(&self, oldest: Millis, newest: Option<Millis>) -> bool {
        let is_settled = self.is_settled && self.newest == newest;
        is_settled || newest.is_some_and(|newest| oldest < newest.saturating_sub(OVERLAP))
    }

    /// The list was read; whether anything of it was new.
    fn note(&mut self, newest: Option<Millis>, new: usize, now: Millis) {
        if self.newest != newest || new > 0 {
            *self = Self { newest, since: now, is_settled: false };
        } else if now - self.since >= OVERLAP {
            self.is_settled = true;
        }
    }
}

/// Reads the list of a kind: on while a page has a report that is not known, and through the overlap.
pub(super) async fn filed(
    lookup: &dyn Lookup,
    store: &dyn Store,
    kind: ReportKind,
    depth: &mut Depth,
    now: Millis,
) -> Result<Filed, Trouble> {
    let mut seen: BTreeSet<ReportKey> = BTreeSet::new();
    // By time, then by number: the order in which they came.
    let mut new: BTreeMap<(Millis, u64), Report> = BTreeMap::new();
    let mut newest = None;
    let (mut from, mut anew) = (0, 0);
    loop {
        let Some(page) = lookup.filed_reports(kind, from, PAGE).await? else { return Ok(Filed::Untold) };
        let keys: Vec<ReportKey> = page.reports.iter().map(|report| report.key).collect();
        let is_torn = from > 0 && !keys.is_empty() && !keys.iter().any(|key| seen.contains(key));
        if is_torn && shares_rows(kind) && anew < ANEW {
            debug!(kind = kind.word(), from, "reports have gone while they were read; reading again");
            (from, anew) = (0, anew + 1);
            continue;
        }
        let known = store.known_reports(kind, &keys)?;
        let is_first_time = known.is_none();
        let known = known.unwrap_or_default();
        newest = newest.max(known.iter().map(|key| key.received_ts).max());
        let oldest = keys.iter().map(|key| key.received_ts).min();
        let is_all_known = keys.iter().all(|key| known.contains(key));
        let next = next(kind, from, &page);
        if !is_first_time {
            for report in page.reports.into_iter().filter(|report| !known.contains(&report.key)) {
                new.insert((report.key.received_ts, report.key.id), cut(report));
            }
        }
        seen.extend(keys);
        match next {
            Some(next) if !(is_all_known && oldest.is_some_and(|oldest| depth.is_enough(oldest, newest))) => {
                from = next;
            }
            _ if is_first_time => return Ok(Filed::Backlog(seen)),
            _ => {
                depth.note(newest, new.len(), now);
                return Ok(Filed::New(new.into_values().collect()));
            }
        }
    }
}

/// Whether `from` counts rows; of lists that are not in any released server it is not known.
fn shares_rows(kind: ReportKind) -> bool {
    kind != ReportKind::Room
}

/// Where the next page begins, if there is one: a little before this one ends.
fn next(kind: ReportKind, from: u64, page: &ReportPage) -> Option<u64> {
    let next = page.next.filter(|next| *next > from || !shares_rows(kind))?;
    let shared = next.saturating_sub(SHARED);
    Some(if shares_rows(kind) && shared > from { shared } else { next })
}

/// Reasons can be of any length.
fn cut(report: Report) -> Report {
    Report { reason: report.reason.map(cut_reason), ..report }
}

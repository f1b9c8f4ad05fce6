//! Abuse reports: reads what was reported, keeps what it was about before anybody can redact it, and opens a case with a
//! card for each thing. What is known of a report is committed together with its case and the card. Reports become known
//! in the order in which they came, so that those that wait are newer than those that do not, and none is passed over.

mod evidence;
mod forwarded;
mod reading;
mod triage;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use ruma::UserId;
use tokio::sync::{Mutex, Notify};
use tracing::{debug, info, warn};

pub(crate) use self::evidence::evidence_of;
use self::{
    evidence::{Gatherer, Patience},
    reading::{Depth, Filed, Trouble, filed},
    triage::{Budget, Group, Rest, Spate, Spates, Triage, triage},
};
use crate::{
    cards::shown,
    commands::InForce,
    feed::is_within,
    model::{About, Millis, Report, ReportKey, ReportKind, Switch},
    ports::{
        Case, CaseId, CaseState, Change, Clock, Decision, Fault, Lookup, Priority, Reporting, Store,
        StoreError, in_turn,
    },
    rights,
    rules::case::{Evidence, REPORTED_AGAIN, card_key},
    speech::Say,
};

/// For how long a reporter with too many reports is told of in one notice, and a closed case that is reported again is
/// not spoken of again.
const HOUR: Millis = 60 * 60_000;
/// How often what was reported is looked at while the homeserver gives no answer about it; then its case is opened with
/// what is known, because the reports behind it wait.
const TRIES: u32 = 5;
/// How many characters of a reason are kept.
const REASON: usize = 2_000;

/// Opens cases of what was reported.
pub struct Reports {
    lookup: Arc<dyn Lookup>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: InForce,
    /// Wakes those who send messages.
    said: Arc<Notify>,
    memory: Mutex<Memory>,
}

/// Whether there were new reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// There were none, or they cannot be read now.
    Nothing,
    /// There were, and they are known now.
    Something,
    /// There are some that wait: for the homeserver, or because there are many.
    More,
}

/// Where reports come from. What waits of one does not keep those of another waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// The homeserver's list of a kind.
    Told(ReportKind),
    /// A reverse proxy.
    Forwarded,
}

/// What need not survive: without it, some notices come sooner than they would.
#[derive(Default)]
struct Memory {
    depths: BTreeMap<ReportKind, Depth>,
    /// What could not be looked at, and how often that was tried.
    stuck: BTreeMap<Source, (ReportKey, u32)>,
    spates: Spates,
    /// When it was last said that a closed case was reported again.
    again_at: BTreeMap<CaseId, Millis>,
}

impl Reports {
    /// Cases in `store` of the reports that `lookup` tells of. `said` is notified when there is something to send.
    pub fn new(
        lookup: Arc<dyn Lookup>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: impl Into<InForce>,
        said: Arc<Notify>,
    ) -> Self {
        Self { lookup, store, clock, settings: settings.into(), said, memory: Mutex::default() }
    }

    /// Reads what was reported since the last time. The first time, what is there is counted only. Faults of the
    /// homeserver are no errors: what they delay is read the next time.
    pub async fn poll(&self) -> Result<Found, StoreError> {
        let mut memory = self.memory.lock().await;
        memory.forget_old(self.clock.now());
        let mut budget = Budget::default();
        let mut found = Found::Nothing;
        for kind in [ReportKind::Event, ReportKind::User, ReportKind::Room] {
            let depth = memory.depths.entry(kind).or_default();
            let filed = filed(&*self.lookup, &*self.store, kind, depth, self.clock.now()).await;
            // Every server admin can ask for these.
            if kind == ReportKind::Event {
                self.note_rights(&filed)?;
            }
            found = found.max(match filed {
                Ok(Filed::Untold) => Found::Nothing,
                Ok(Filed::Backlog(known)) => self.begin(kind, known)?,
                Ok(Filed::New(reports)) => {
                    self.take(Source::Told(kind), &reports, &mut memory, &mut budget).await?
                }
                Err(Trouble::Fault(fault)) => {
                    debug!(kind = kind.word(), %fault, "cannot read reports yet");
                    Found::Nothing
                }
                Err(Trouble::Store(error)) => return Err(error),
            });
        }
        // After the homeserver's own, so that what it tells too is seen.
        Ok(found.max(self.take_forwarded(&mut memory, &mut budget).await?))
    }

    /// Notes by the answer about reports whether the bot is a server admin.
    fn note_rights(&self, filed: &Result<Filed, Trouble>) -> Result<(), StoreError> {
        let is_admin = match filed {
            Ok(_) => Switch::On,
            Err(Trouble::Fault(Fault::NotAdmin)) => Switch::Off,
            Err(_) => return Ok(()),
        };
        if rights::note(&*self.store, self.lookup.me(), is_admin)? {
            self.said.notify_one();
        }
        Ok(())
    }

    /// What is there when reports of a kind are read for the first time is known, and makes no cases.
    fn begin(&self, kind: ReportKind, known: BTreeSet<ReportKey>) -> Result<Found, StoreError> {
        info!(kind = kind.word(), reports = known.len(), "reports are read from now on");
        let summary = words::backlog(kind, &known);
        let found = if summary.is_some() { Found::Something } else { Found::Nothing };
        let key = format!("reports-backlog-{}", kind.word());
        let summary = summary.map(|reply| Change::SayOnce(Say::new(key, None, &reply)));
        let mut changes = vec![Change::Reporting(Reporting::Begun { kind, known })];
        changes.extend(summary);
        self.commit(changes)?;
        Ok(found)
    }

    /// Takes new reports, oldest first, into cases: some at a time, each time in one transaction.
    async fn take(
        &self,
        source: Source,
        reports: &[Report],
        memory: &mut Memory,
        budget: &mut Budget,
    ) -> Result<Found, StoreError> {
        memory.watch_for_spates(reports, self.clock.now());
        let mut gatherer = Gatherer::new(&*self.lookup);
        let mut found = Found::Nothing;
        let mut left = reports;
        while !left.is_empty() {
            let mut part = self.sort(left, memory, budget)?;
            let mut kept = HashMap::new();
            let mut stuck = None;
            for report in part.groups.iter().filter(|group| group.case.is_none()).map(Group::first) {
                match gatherer.gather(report, memory.patience(report.key)).await {
                    Ok(evidence) => drop(kept.insert(report.about.clone(), evidence)),
                    Err(fault) => {
                        debug!(id = report.key.id, %fault, "cannot look at what was reported yet");
                        stuck = Some(report.key);
                        break;
                    }
                }
            }
            if let Some(at) = stuck.and_then(|key| left.iter().position(|report| report.key == key)) {
                part = self.sort(&left[..at], memory, budget)?;
            }
            left = &left[part.taken..];
            if part.taken > 0 {
                found = Found::Something;
            }
            let rest = part.rest;
            self.remember(part, kept, memory, budget)?;
            memory.note_stuck(source, stuck);
            if stuck.is_some() || rest == Rest::Waits {
                return Ok(Found::More);
            }
        }
        Ok(found)
    }

    fn sort(&self, reports: &[Report], memory: &Memory, budget: &Budget) -> Result<Triage, StoreError> {
        let now = self.clock.now();
        let may_say_again =
            |id: CaseId| !memory.again_at.get(&id).is_some_and(|at| is_within(HOUR, *at, now));
        let ignored = self.store.ignored_reporters()?;
        triage(reports, &*self.store, memory.spates.clone(), budget.clone(), &ignored, may_say_again)
    }

    /// Commits cases with their reports and cards.
    fn remember(
        &self,
        part: Triage,
        kept: HashMap<About, Evidence>,
        memory: &mut Memory,
        budget: &mut Budget,
    ) -> Result<(), StoreError> {
        in_turn(&*self.store, || self.remember_now(part, kept, memory, budget))
    }

    fn remember_now(
        &self,
        part: Triage,
        mut kept: HashMap<About, Evidence>,
        memory: &mut Memory,
        budget: &mut Budget,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut changes = Vec::new();
        let mut again = Vec::new();
        let mut next_id = self.store.next_case_id()?;
        for group in part.groups {
            let is_shown = group.is_shown;
            let case = if let Some(case) = group.case {
                let id = case.id;
                // While others were looked at, a moderator may have decided about it.
                let mut case = self.store.case(id)?.unwrap_or(case);
                if let Some(reply) = group.again_by.and_then(|n| words::again(&case, &group.reports[n])) {
                    let key = format!("{}-again-{}", card_key(id), now / HOUR);
                    changes.push(Change::SayOnce(Say::new(key, None, &reply)));
                    again.push(id);
                }
                let again_by = group.again_by.map(|n| &group.reports[n]);
                if again_by.is_some_and(|report| triage::opens_again(&case, report)) {
                    changes.push(Change::Reporting(opened_again(&mut case, self.lookup.me(), now)));
                }
                let joined = group.reports.iter().cloned();
                changes
                    .extend(joined.map(|report| Change::Reporting(Reporting::Joined { case: id, report })));
                case.reports.extend(group.reports);
                case
            } else {
                let evidence = kept.remove(&group.about).unwrap_or_default();
                let case = opened(next_id, group.about, &evidence, group.reports, now);
                next_id += 1;
                changes.push(Change::Reporting(Reporting::Opened(Box::new(case.clone()))));
                case
            };
            if is_shown {
                changes.extend(shown(self.store.as_records(), &self.settings.now(), &case)?);
            }
        }
        for (reporter, spate) in &part.spates {
            if memory.spates.get(reporter) != Some(spate) && spate.held_back > 0 {
                let key = format!("reports-many-{reporter}-{}", spate.since);
                changes.push(Change::Say(Say::new(key, None, &words::spate(reporter, spate))));
            }
        }
        if !changes.is_empty() {
            self.commit(changes)?;
        }
        memory.spates = part.spates;
        memory.again_at.extend(again.into_iter().map(|id| (id, now)));
        *budget = part.budget;
        Ok(())
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.commit(changes)?;
        self.said.notify_one();
        Ok(())
    }
}

/// As much of a reporter's words as is kept: 2,000 characters.
pub fn cut_reason(reason: String) -> String {
    match reason.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason,
    }
}

/// Opens a closed case again, because it was reported again.
fn opened_again(case: &mut Case, me: &UserId, now: Millis) -> Reporting {
    let (state, by, note) = (CaseState::Open, me.to_owned(), Some(REPORTED_AGAIN.to_owned()));
    case.decisions.push(Decision { state, by: by.clone(), note: note.clone(), at: now });
    (case.state, case.by, case.note, case.changed_at) = (state, Some(by.clone()), note.clone(), now);
    Reporting::Judged { case: case.id, state, by, note, at: now }
}

/// A new case.
fn opened(id: CaseId, about: About, evidence: &Evidence, reports: Vec<Report>, now: Millis) -> Case {
    Case {
        id,
        about,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: now,
        changed_at: now,
        evidence: serde_json::to_value(evidence).ok(),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports,
    }
}

impl Memory {
    fn forget_old(&mut self, now: Millis) {
        self.spates.retain(|_, spate| is_within(HOUR, spate.since, now));
        self.again_at.retain(|_, at| is_within(HOUR, *at, now));
    }

    fn watch_for_spates(&mut self, reports: &[Report], now: Millis) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for report in reports {
            *counts.entry(&report.reporter).or_default() += 1;
        }
        for (reporter, _) in counts.into_iter().filter(|(_, count)| *count > triage::HEARD) {
            self.spates.entry(reporter.to_owned()).or_insert_with(|| {
                warn!(reporter, "reports more than anybody can read");
                Spate::new(now)
            });
        }
    }

    /// Whether what a report is about is waited for.
    fn patience(&self, key: ReportKey) -> Patience {
        let tries = self.stuck.values().find(|(stuck, _)| *stuck == key).map_or(0, |(_, tries)| *tries);
        if tries < TRIES { Patience::Waits } else { Patience::Ended }
    }

    fn note_stuck(&mut self, source: Source, stuck: Option<ReportKey>) {
        let Some(key) = stuck else {
            self.stuck.remove(&source);
            return;
        };
        let before =
            self.stuck.get(&source).filter(|(known, _)| *known == key).map_or(0, |(_, tries)| *tries);
        self.stuck.insert(source, (key, before + 1));
    }
}

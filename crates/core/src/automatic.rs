//! Automatic reactions: weighs each case by the rules of the configuration, when it is new and whenever a report joins it.
//! What rules do is Plans, executed like any other; a case is known to be weighed in the commit that says what follows.

mod act;
mod gather;
mod past;
mod wish;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::{Mutex, Notify};
use tracing::{debug, info, warn};

pub use self::gather::gather;
pub(crate) use self::{
    past::{Course, Past},
    wish::{Wish, wish},
};
use crate::{
    commands::{Failure, InForce, Settings},
    ports::{Case, CaseId, Change, Clock, Fault, Lookup, Reporting, Store, StoreError},
    reports::Found,
    rules::reports::{Facts, Matching},
};

/// How often a case is tried while the homeserver refuses to tell of it, or breaks on it. Then it is weighed by what is
/// known. While the homeserver is away it is waited for.
const TRIES: u32 = 5;
/// After so many cases, one after the other, that the homeserver did not answer about, the others wait for the next round.
const AWAY: usize = 3;

/// Reacts to reports by the rules of the configuration.
#[derive(Clone)]
pub struct Automatic {
    lookup: Arc<dyn Lookup>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    in_force: InForce,
    /// Those that a case is weighed by, from its beginning to its end.
    settings: Arc<Settings>,
    /// Wakes those who send messages.
    said: Arc<Notify>,
    /// Wakes the executor.
    confirmed: Arc<Notify>,
    /// How often cases were tried. Nothing is lost with it.
    tries: Arc<Mutex<BTreeMap<CaseId, Tries>>>,
}

/// How often a case was tried in vain.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    /// For whatever reason. Those that were tried least are tried first.
    all: u32,
    /// Because the homeserver refused to tell of it, or broke on it.
    refused: u32,
}

/// Why a case could not be weighed now.
enum Trouble {
    Fault(Fault),
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

/// Whether to wait for what the homeserver does not tell now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It is asked again another time.
    Waits,
    /// What it does not tell is not known.
    Ended,
}

impl Automatic {
    /// Rules of `settings` about the cases in `store`. `said` is notified when there is something to send, `confirmed`
    /// when there is something to execute.
    pub fn new(
        lookup: Arc<dyn Lookup>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: impl Into<InForce>,
        said: Arc<Notify>,
        confirmed: Arc<Notify>,
    ) -> Self {
        let in_force = settings.into();
        let settings = in_force.now();
        Self { lookup, store, clock, in_force, settings, said, confirmed, tries: Arc::default() }
    }

    /// Weighs the cases with reports that were not weighed yet. Faults of the homeserver are no errors: what they delay
    /// is weighed the next time.
    pub async fn work(&self) -> Result<Found, StoreError> {
        let mut tries = self.tries.lock().await;
        let mut waiting: Vec<CaseId> = self.store.unweighed()?.into_iter().map(|(id, _)| id).collect();
        // What the homeserver chokes on, or never answers about, does not hold the others up.
        waiting.sort_by_key(|id| (tries.get(id).map_or(0, |tries| tries.all), *id));
        let (mut found, mut away) = (Found::Nothing, 0);
        for id in waiting {
            let refused = tries.get(&id).map_or(0, |tries| tries.refused);
            let patience = if refused < TRIES { Patience::Waits } else { Patience::Ended };
            let afresh = Self { settings: self.in_force.now(), ..self.clone() };
            match afresh.weigh(id, patience).await {
                Ok(()) => {
                    tries.remove(&id);
                    found = found.max(Found::Something);
                    away = 0;
                }
                Err(Trouble::Fault(fault)) => {
                    debug!(case = id, %fault, "cannot weigh a case yet");
                    found = Found::More;
                    let tries = tries.entry(id).or_default();
                    tries.all = tries.all.saturating_add(1);
                    if is_waited_for(&fault) {
                        // It says nothing about the case.
                        away += 1;
                        if away == AWAY {
                            break;
                        }
                    } else {
                        tries.refused += 1;
                    }
                }
                Err(Trouble::Store(error)) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Weighs a case, and commits what follows together with the note that it was weighed.
    async fn weigh(&self, id: CaseId, patience: Patience) -> Result<(), Trouble> {
        let Some(case) = self.store.case(id)? else { return Ok(()) };
        let rules = &self.settings.rules;
        let mut wishes = Vec::new();
        if !rules.list.is_empty() {
            let ignored = self.store.ignored_reporters()?;
            let now = self.clock.now();
            let facts = gather(&*self.lookup, rules.needs(), &case, &ignored, now, patience).await?;
            // Who is ignored sets nothing off.
            let matching = if facts.reports.is_empty() { Vec::new() } else { rules.matching(&facts) };
            for matching in matching {
                info!(case = id, rule = rules.list[matching.place].name, "a rule matches");
                wishes.push(self.wish(matching, &case, &facts, patience).await?);
            }
        }
        let weighed = Reporting::Weighed { case: id, reports: case.reports.len() };
        let mut changes = vec![Change::Reporting(weighed)];
        // From here on nothing is waited for: what is read now is so when it is committed.
        let then = self.act(&case, wishes, &mut changes)?;
        self.store.commit(changes)?;
        self.said.notify_one();
        self.confirmed.notify_one();
        if then == act::Then::ShowsCard
            && let Some(case) = self.store.case(id)?
        {
            self.store.commit(crate::cards::shown(self.store.as_records(), &self.settings, &case)?)?;
        }
        Ok(())
    }

    /// What a rule wants that matches. A fault that stays is said instead of what it keeps from being done.
    async fn wish(
        &self,
        matching: Matching,
        case: &Case,
        facts: &Facts,
        patience: Patience,
    ) -> Result<Wish, Trouble> {
        let (place, rule) = (matching.place, &self.settings.rules.list[matching.place]);
        let (lookup, records) = (&*self.lookup, self.store.as_records());
        match wish(lookup, records, &self.settings, matching, case, facts).await {
            Ok(wish) => Ok(wish),
            Err(Failure::Store(error)) => Err(error.into()),
            Err(Failure::Fault(fault)) if patience == Patience::Waits || is_waited_for(&fault) => {
                Err(fault.into())
            }
            Err(Failure::Fault(fault)) => {
                warn!(case = case.id, rule = rule.name, %fault, "a rule cannot act");
                Ok(Wish::held(place, rule, crate::reply::Line::new().name_long(fault.to_string())))
            }
            Err(Failure::Told(reply)) => Ok(Wish::held(place, rule, words::in_a_line(&reply))),
            Err(Failure::Broke) => {
                Ok(Wish::held(place, rule, crate::reply::Line::new().text("Something in me broke.")))
            }
        }
    }
}

/// Whether a fault says nothing about what was asked. Without its rights the bot cannot ask about anything.
fn is_waited_for(fault: &Fault) -> bool {
    fault.is_passing() || matches!(fault, Fault::TokenGone | Fault::NotAdmin)
}

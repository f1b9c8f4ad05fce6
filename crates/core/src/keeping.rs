//! What is over and older than `storage.keep` is deleted; and what is said of it afterwards.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tracing::{debug, info};

use crate::{
    commands::Settings,
    model::Millis,
    plan::PlanId,
    ports::{CaseId, Change, Clock, Forget, Forgotten, Records, Store, StoreError, in_turn},
    reply::Line,
    rules::case::no_such_case,
    text::duration::in_words,
};

/// The shortest time for which what is over can be kept: `!undo @user` reaches back so far, and must not find half of it.
pub const SHORTEST: Duration = Duration::from_hours(7 * 24);

/// How often it is looked for.
const DAY: Duration = Duration::from_hours(24);
/// How soon it is tried again when the database could not do it.
const AGAIN: Duration = Duration::from_hours(1);

/// Deletes what is over and old.
pub struct Keeper {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keep: Option<Duration>,
}

impl Keeper {
    /// One that keeps what is over for so long; for ever without a time.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, keep: Option<Duration>) -> Self {
        Self { store, clock, keep }
    }

    /// Deletes what is old now ([`Forget`] says what), and then every day.
    pub async fn run(&self) -> Infallible {
        loop {
            let pause = match self.forget() {
                Ok(()) => DAY,
                Err(error) => {
                    debug!(%error, "cannot delete what is old; trying again");
                    AGAIN
                }
            };
            self.clock.sleep(pause).await;
        }
    }

    /// Deletes what is old now.
    pub fn forget(&self) -> Result<(), StoreError> {
        let Some(keep) = self.keep else { return Ok(()) };
        let at = self.clock.now();
        let before = at.saturating_sub(Millis::try_from(keep.as_millis()).unwrap_or(Millis::MAX));
        let known = self.store.forgotten()?;
        in_turn(&*self.store, || self.store.commit(vec![Change::Forget(Forget { before, at })]))?;
        let Forgotten { plans, cases } = self.store.forgotten()?;
        if (plans, cases) != (known.plans, known.cases) {
            info!(
                jobs_to = plans,
                cases_to = cases,
                "deleted jobs and cases that are older than storage.keep"
            );
        }
        Ok(())
    }
}

/// That a job is not kept any more; `None` for one that there never was.
pub(crate) fn job_not_kept(
    records: &dyn Records,
    settings: &Settings,
    id: PlanId,
) -> Result<Option<Line>, StoreError> {
    let was_there = id <= records.forgotten()?.plans;
    Ok(was_there.then(|| not_kept(format!("Job {id} is not kept any more"), settings)))
}

/// Why there is no case of a number.
pub(crate) fn case_is_missing(
    records: &dyn Records,
    settings: &Settings,
    id: CaseId,
) -> Result<Line, StoreError> {
    if id > records.forgotten()?.cases {
        return Ok(no_such_case(id));
    }
    let line = not_kept(format!("Case {id} is not kept any more"), settings).text(" ");
    Ok(line.code("!reports all").text(" lists those that are."))
}

/// A sentence about what is not kept, with why.
pub(crate) fn not_kept(what: impl Into<String>, settings: &Settings) -> Line {
    let line = Line::new().text(what.into());
    match settings.keep {
        Some(keep) => line.text(": ").code("storage.keep").text(format!(" is {}.", in_words(keep))),
        None => line.text("."),
    }
}

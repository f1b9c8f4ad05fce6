//! How the bot is: in its room, in step with the homeserver, able to keep what it must not forget. Who works notes it
//! here or where it belongs; who asks is told in plain words.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gleipnir_core::{model::Millis, ports::Store as _, text::duration::in_words};
use gleipnir_matrix::LONG_POLL;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Tally;
use crate::{disk, outages::Outages, store::SqliteStore};

/// How long the last answer to a sync may be ago: the homeserver answers each after the long poll at the latest.
const STALE: Duration = Duration::from_secs(3 * LONG_POLL.as_secs());
/// How long the database may take to be read.
const READING: Duration = Duration::from_secs(2);

/// What is known of how the bot is.
pub(crate) struct Vitals {
    pub(super) store: Arc<SqliteStore>,
    pub(super) outages: Arc<Outages>,
    pub(super) tally: Arc<Tally>,
    pub(super) started: Instant,
    pub(super) started_at: Millis,
    is_inside: AtomicBool,
}

/// As long as it is kept, the bot is at work in the management room.
pub(crate) struct Inside<'a>(&'a AtomicBool);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Vitals {
    /// Of a bot that has just started.
    pub(crate) fn new(store: Arc<SqliteStore>, outages: Arc<Outages>, started: Instant, now: Millis) -> Self {
        let (tally, is_inside) = (Arc::default(), AtomicBool::new(false));
        Self { store, outages, tally, started, started_at: now, is_inside }
    }

    /// Counts what the database does not know.
    pub(crate) fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    /// The bot is at work in the management room.
    pub(crate) fn enter(&self) -> Inside<'_> {
        self.is_inside.store(true, Ordering::Relaxed);
        Inside(&self.is_inside)
    }

    /// How long ago a sync was answered last; `None` if none was since the start.
    pub(super) fn since_sync(&self, now: Instant) -> Option<Duration> {
        self.outages.last_sync().map(|at| now.saturating_duration_since(at))
    }

    /// How it is now. Reads a little of the database.
    pub(crate) async fn health(&self) -> Health {
        Health {
            sync: sync(self.since_sync(Instant::now()), self.outages.is_away()),
            room: room(self.is_inside.load(Ordering::Relaxed)),
            storage: self.storage().await,
        }
    }

    async fn storage(&self) -> Check {
        let health = self.store.disk().health().borrow().clone();
        match health {
            disk::Health::Good => {}
            disk::Health::Unwritable(why) => {
                return Check::bad(format!("The storage folder cannot be written: {why}."));
            }
            disk::Health::Damaged(why) => return Check::bad(format!("The database is damaged: {why}.")),
        }
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.cursor().map(drop));
        match timeout(READING, read).await {
            Ok(Ok(Ok(()))) => {
                Check::good("The database can be read, and was written without an error.".to_owned())
            }
            Ok(Ok(Err(error))) => Check::bad(format!("The database cannot be read: {error}.")),
            Ok(Err(_)) => Check::bad("The database cannot be read.".to_owned()),
            Err(_) => Check::bad(format!("The database could not be read within {}.", in_words(READING))),
        }
    }
}

fn sync(since: Option<Duration>, is_away: bool) -> Check {
    match since {
        _ if is_away => Check::bad("The homeserver does not answer, or asks for patience.".to_owned()),
        None => Check::bad("The homeserver has not answered a sync yet.".to_owned()),
        Some(since) => {
            let words = format!("The homeserver answered a sync {} ago.", in_words(since));
            if since > STALE { Check::bad(words) } else { Check::good(words) }
        }
    }
}

fn room(is_inside: bool) -> Check {
    if is_inside {
        Check::good("I am at work in the management room.".to_owned())
    } else {
        Check::bad("I am not at work in the management room: not yet, or no longer.".to_owned())
    }
}

/// How the bot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    pub(super) sync: Check,
    pub(super) room: Check,
    pub(super) storage: Check,
}

/// How one part of it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) is_good: bool,
    words: String,
}

impl Check {
    fn good(words: String) -> Self {
        Self { is_good: true, words }
    }

    fn bad(words: String) -> Self {
        Self { is_good: false, words }
    }
}

impl Health {
    /// Whether the bot does what moderators ask of it.
    pub(crate) fn is_ready(&self) -> bool {
        self.checks().iter().all(|(_, check)| check.is_good)
    }

    /// As it is told.
    pub(super) fn to_json(&self) -> Value {
        let checks = self.checks().map(|(name, check)| {
            let status = if check.is_good { "good" } else { "bad" };
            (name.to_owned(), json!({"status": status, "message": check.words}))
        });
        let status = if self.is_ready() { "ready" } else { "not ready" };
        json!({"status": status, "checks": Value::Object(checks.into_iter().collect())})
    }

    pub(super) fn checks(&self) -> [(&'static str, &Check); 3] {
        [("sync", &self.sync), ("management_room", &self.room), ("storage", &self.storage)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_is_good_as_long_as_it_is_young_and_the_server_there() {
        let secs = |secs| Some(Duration::from_secs(secs));
        for (since, is_away, is_good) in [
            (None, false, false),
            (secs(0), false, true),
            (secs(90), false, true),
            (secs(91), false, false),
            (secs(0), true, false),
        ] {
            assert_eq!(sync(since, is_away).is_good, is_good, "{since:?} {is_away}");
        }
    }
}

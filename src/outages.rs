//! Whether the homeserver answers: pauses that grow while it does not, one line in the log when it goes and one when it
//! is back, and what the room is told of a longer while.

use std::{
    fmt::{self, Display},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gleipnir_core::{
    model::Millis,
    reply::{Line, Reply},
    text::duration::{date, in_words},
};
use gleipnir_matrix::{ConnectError, RequestError, SyncError};
use tracing::{info, warn};

/// How long the homeserver is away at least before the room is told of it.
const LONG: Duration = Duration::from_mins(1);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest that the homeserver can ask for.
const LONGEST_WISH: Duration = Duration::from_mins(1);

/// What goes wrong with the homeserver, from the start of the bot to its end. The one who syncs writes it down; whoever
/// else does not reach the homeserver meanwhile need not say so again.
#[derive(Default)]
pub(crate) struct Outages(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    since: Millis,
    /// Whether it answered all the same, and only asked for patience.
    is_busy: bool,
    /// Those that are over and were long.
    untold: Vec<Outage>,
    /// When a sync was answered last.
    synced: Option<Instant>,
}

/// A while without answers, with the times of the first failure and of the first answer after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    from: Millis,
    to: Millis,
    is_busy: bool,
}

/// Why there was no answer.
pub(crate) struct Failure {
    words: String,
    /// For how long the homeserver asks to be left alone, if it does.
    wish: Option<Wish>,
}

/// How long the homeserver wants to be left alone, where it says so.
#[derive(Clone, Copy)]
struct Wish(Option<Duration>);

impl Outages {
    /// A request failed: for how long to pause. Half a second at first, 15 seconds at last, longer if the homeserver
    /// wants it.
    pub(crate) fn failed(&self, failure: impl Into<Failure>, now: Millis) -> Duration {
        let failure = failure.into();
        let mut state = self.state();
        if state.failures == 0 {
            state.since = now;
            state.is_busy = true;
        }
        if failure.wish.is_some() {
            if state.failures == 0 {
                warn!(error = %failure, "the homeserver wants to be asked less; I go on, more slowly");
            }
        } else if state.is_busy {
            state.is_busy = false;
            warn!(error = %failure, "the homeserver does not answer; I go on trying");
        }
        let pause = Duration::from_millis(500 << state.failures.min(5)).min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        let wish = failure.wish.and_then(|Wish(wish)| wish).unwrap_or_default();
        pause.max(wish.min(LONGEST_WISH))
    }

    /// A request was answered.
    pub(crate) fn answered(&self, now: Millis) {
        let mut state = self.state();
        if state.failures == 0 {
            return;
        }
        info!(failures = state.failures, "the homeserver answers again");
        state.failures = 0;
        let outage = Outage { from: state.since, to: now, is_busy: state.is_busy };
        if outage.lasted() >= LONG {
            state.untold.push(outage);
        }
    }

    /// A sync was answered.
    pub(crate) fn synced(&self, at: Instant) {
        self.state().synced = Some(at);
    }

    /// When a sync was answered last, since the start of the bot.
    pub(crate) fn last_sync(&self) -> Option<Instant> {
        self.state().synced
    }

    /// Whether the homeserver did not answer what was asked last by who syncs.
    pub(crate) fn is_away(&self) -> bool {
        self.state().failures > 0
    }

    /// The long ones that are over, each once.
    pub(crate) fn take(&self) -> Vec<Outage> {
        std::mem::take(&mut self.state().untold)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    /// The key of the message that tells of it.
    pub(crate) fn key(self) -> String {
        format!("away-{}", self.from)
    }

    /// What the room is told.
    pub(crate) fn reply(self) -> Reply {
        let (from, to) = (date(self.from), date(self.to));
        // On one day, the clock is enough for the end.
        let to = match (from.split_once(' '), to.split_once(' ')) {
            (Some((day, _)), Some((same, clock))) if day == same => clock,
            _ => &to,
        };
        let from = from.strip_suffix(" UTC").unwrap_or(&from);
        let what = if self.is_busy {
            "The homeserver wanted to be asked less, and told me nothing"
        } else {
            "I could not reach the homeserver"
        };
        Reply::text(Line::new().text(format!(
            "{what} from {from} to {to} ({}). I have read what happened meanwhile.",
            in_words(self.lasted())
        )))
    }

    fn lasted(self) -> Duration {
        Duration::from_millis(u64::try_from(self.to - self.from).unwrap_or_default())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let wish = match &error {
            ConnectError::RateLimited { retry_after } => Some(Wish(*retry_after)),
            _ => None,
        };
        Self { words: error.to_string(), wish }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let wish = match &error {
            RequestError::RateLimited { retry_after } => Some(Wish(*retry_after)),
            _ => None,
        };
        Self { words: error.to_string(), wish }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let wish = match &error {
            SyncError::RateLimited { retry_after } => Some(Wish(*retry_after)),
            _ => None,
        };
        Self { words: error.to_string(), wish }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 03:12:00 UTC.
    const START: Millis = 1_795_230_720_000;
    const MINUTE: Millis = 60_000;

    fn away() -> SyncError {
        SyncError::Away("gone".to_owned())
    }

    fn told(outages: &Outages) -> Vec<String> {
        outages.take().into_iter().map(|outage| outage.reply().render().text).collect()
    }

    #[test]
    fn pauses_grow_and_the_server_may_ask_for_longer_ones() {
        let outages = Outages::default();
        let pauses: Vec<u128> = (0..7).map(|n| outages.failed(away(), START + n).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        outages.answered(START + 8);
        assert_eq!(outages.failed(away(), START + 9).as_millis(), 500);
        for (asked, pause) in [(None, 1_000), (Some(5), 5_000), (Some(0), 4_000), (Some(86_400), 60_000)] {
            let limited = SyncError::RateLimited { retry_after: asked.map(Duration::from_secs) };
            assert_eq!(outages.failed(limited, START).as_millis(), pause, "{asked:?}");
        }
    }

    #[test]
    fn a_long_outage_is_told_once_and_a_short_one_never() {
        let outages = Outages::default();
        outages.answered(START);
        outages.failed(away(), START);
        outages.failed(away(), START + MINUTE / 2);
        outages.answered(START + MINUTE - 1);
        assert_eq!(told(&outages), [""; 0]);

        outages.failed(away(), START);
        outages.failed(away(), START + 4 * MINUTE);
        assert_eq!(told(&outages), [""; 0], "it is not over");
        outages.answered(START + 8 * MINUTE);
        outages.answered(START + 9 * MINUTE);
        let words = "I could not reach the homeserver from 2026-11-21 03:12:00 to 03:20:00 UTC (8 minutes). I have read \
                     what happened meanwhile.";
        assert_eq!(told(&outages), [words]);
        assert_eq!(told(&outages), [""; 0]);

        // Who asks for patience is there.
        let limited = || SyncError::RateLimited { retry_after: None };
        let words = "The homeserver wanted to be asked less, and told me nothing from 2026-11-21 03:12:00 to 03:20:00 UTC \
                     (8 minutes). I have read what happened meanwhile.";
        outages.failed(limited(), START);
        assert!(outages.is_away());
        outages.answered(START + 8 * MINUTE);
        assert_eq!((told(&outages), outages.is_away()), (vec![words.to_owned()], false));
        outages.failed(limited(), START);
        outages.failed(away(), START + MINUTE);
        outages.failed(limited(), START + 2 * MINUTE);
        outages.answered(START + 8 * MINUTE);
        assert!(told(&outages)[0].starts_with("I could not reach the homeserver"));

        outages.failed(away(), START);
        outages.answered(START + 24 * 60 * MINUTE);
        assert!(told(&outages)[0].contains("2026-11-21 03:12:00 to 2026-11-22 03:12:00 UTC (1 day)"));
        // The clock was set back meanwhile.
        outages.failed(away(), START);
        outages.answered(START - MINUTE);
        assert_eq!(told(&outages), [""; 0]);
    }
}

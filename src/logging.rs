//! The log: lines for people or JSON on stderr, and how much of what happens it has. That can be changed for a time while
//! the bot runs; then what the configuration says counts again.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    convert::Infallible,
    io::IsTerminal as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gleipnir_core::{
    model::Millis,
    ports::{Clock as _, LogLevel, Logging},
};
use tokio::{sync::Notify, time::Instant};
use tracing::{error, info};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    fmt::layer,
    layer::SubscriberExt as _,
    registry,
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

use crate::{
    clock::WallClock,
    config::{Log, LogFormat, Telemetry},
    telemetry::{self, Tracing},
};

/// What is logged, to be changed. All clones change the same.
#[derive(Clone)]
pub(crate) struct Logs(Arc<Shared>);

struct Shared {
    filter: Handle<EnvFilter, Registry>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    configured: String,
    now: Option<ForATime>,
}

/// What is logged instead.
#[derive(Clone, Copy)]
struct ForATime {
    level: LogLevel,
    /// The end, by the wall clock, to be told.
    until: Millis,
    /// The end, by a clock that nobody sets.
    end: Instant,
}

/// Begins to log to stderr: stdout is for what a command prints. A panic is logged like any other error.
/// What commands and jobs do is traced as well, where `[telemetry]` says so; the second half has to be kept for that.
pub(crate) fn start(config: &Log, telemetry: &Telemetry) -> anyhow::Result<(Logs, Option<Tracing>)> {
    let (filter, handle) = reload::Layer::new(directives(&config.level));
    let lines = match config.format {
        LogFormat::Text => layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => layer().json().with_writer(std::io::stderr).with_ansi(false).boxed(),
    };
    // A second call in one process (tests) keeps the first one's settings.
    let (traces, tracing) = telemetry::start(telemetry)?.unzip();
    drop(registry().with(lines.with_filter(filter)).with(traces).try_init());
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string);
        let trace = Backtrace::capture();
        let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
        error!(at, why = panic.payload_as_str(), trace, "something in me broke");
    }));
    Ok((Logs::new(handle, config), tracing))
}

/// What is logged at a level; never more of the SDK than can be logged without secrets.
fn directives(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{level},{}", gleipnir_matrix::LOG_FILTER))
}

impl Logs {
    fn new(filter: Handle<EnvFilter, Registry>, config: &Log) -> Self {
        let state = State { configured: config.level.clone(), now: None };
        Self(Arc::new(Shared { filter, state: Mutex::new(state), changed: Notify::new() }))
    }

    /// How much is logged now.
    pub(crate) fn logging(&self) -> Logging {
        let state = self.state();
        Logging { configured: state.configured.clone(), now: state.now.map(|now| (now.level, now.until)) }
    }

    /// Logs so much for a time.
    pub(crate) fn log_for(&self, level: LogLevel, time: Duration) -> Logging {
        let until = WallClock.now().saturating_add(Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX));
        // Before it, as it would not be logged at `error`.
        info!(level = level.word(), seconds = time.as_secs(), "the log changes for a time");
        let mut state = self.state();
        state.now = Some(ForATime { level, until, end: Instant::now() + time });
        // Under the lock, here and below: what is in force is what the state says.
        self.apply(level.word());
        drop(state);
        self.0.changed.notify_one();
        self.logging()
    }

    /// The configuration says so from now on. What was asked for a time goes on until its end.
    pub(crate) fn configure(&self, level: &str) {
        let mut state = self.state();
        level.clone_into(&mut state.configured);
        if state.now.is_none() {
            self.apply(level);
        }
    }

    /// Ends what was asked for a time when that is over. Never returns.
    pub(crate) async fn keep(&self) -> Infallible {
        loop {
            let end = self.state().now.map(|now| now.end);
            let over = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.0.changed.notified() => {}
                () = over => self.end(),
            }
        }
    }

    fn end(&self) {
        let mut state = self.state();
        // It may have been prolonged at this moment.
        if state.now.take_if(|now| now.end <= Instant::now()).is_none() {
            return;
        }
        // Before it, as it may not be logged at that level.
        info!(level = state.configured, "the log is again as the configuration says");
        self.apply(&state.configured);
    }

    fn apply(&self, level: &str) {
        if let Err(error) = self.0.filter.reload(directives(level)) {
            error!(%error, "cannot change what is logged");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Changes go into a filter of the test's own; the second half keeps it alive.
    pub(crate) fn logs() -> (Logs, reload::Layer<EnvFilter, Registry>) {
        let (filter, handle) = reload::Layer::new(directives("info"));
        (Logs::new(handle, &Log::default()), filter)
    }

    fn in_force(logs: &Logs) -> String {
        logs.0.filter.with_current(ToString::to_string).unwrap()
    }

    #[tokio::test]
    async fn a_level_for_a_time_ends_by_itself() {
        let (logs, _filter) = logs();
        let kept = logs.clone();
        tokio::spawn(async move { kept.keep().await });
        assert_eq!(logs.logging(), Logging { configured: "info".into(), now: None });
        logs.log_for(LogLevel::Trace, Duration::from_mins(20));
        assert!(in_force(&logs).contains("trace"), "{}", in_force(&logs));
        // What the configuration says meanwhile comes afterwards.
        logs.configure("warn");
        assert!(in_force(&logs).contains("trace"), "{}", in_force(&logs));
        assert_eq!(logs.logging().now.map(|(level, _)| level), Some(LogLevel::Trace));
        // The later wish counts, also when it ends earlier.
        logs.log_for(LogLevel::Debug, Duration::from_millis(20));
        while logs.logging().now.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(logs.logging(), Logging { configured: "warn".into(), now: None });
        logs.configure("error");
        assert!(
            in_force(&logs).contains("error") && !in_force(&logs).contains("debug"),
            "{}",
            in_force(&logs)
        );
    }

    #[test]
    fn no_level_opens_what_would_tell_secrets() {
        let (logs, _filter) = logs();
        for level in ["info", "trace", "trace,matrix_sdk::http_client=trace,hyper=trace"] {
            logs.configure(level);
            let filter = in_force(&logs);
            for silent in ["matrix_sdk=error", "matrix_sdk::http_client=off", "hyper=warn", "reqwest=warn"] {
                assert!(filter.contains(silent), "{level}: {filter}");
            }
        }
    }
}

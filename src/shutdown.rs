//! How the bot is stopped: the first SIGTERM or Ctrl-C lets it finish the step in hand, a second one ends it at once.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use gleipnir_core::execute::Executor;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::Instant,
};
use tracing::{info, warn};

/// How long a step in hand may take. What takes longer is left, and gone on with at the next start.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long stopping takes at most, whatever hangs.
const LONGEST: Duration = Duration::from_secs(15);
/// How often is looked whether the step in hand is done.
const LOOK: Duration = Duration::from_millis(20);

/// Whether the bot is to stop. All clones say the same.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Asks it to.
    pub(crate) fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is to.
    pub(crate) async fn asked(&self) {
        // The sender is here, so there is no other end of this.
        drop(self.0.subscribe().wait_for(|asked| *asked).await);
    }

    /// Waits until it was to stop so long ago that something hangs.
    pub(crate) async fn overdue(&self) {
        self.asked().await;
        tokio::time::sleep(LONGEST).await;
        warn!("stopping takes too long; what is not finished goes on at the next start");
    }
}

/// The signals that stop the bot.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on the signals come here instead of ending the process.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let take = |kind| signal(kind).context("cannot take signals");
        Ok(Self { terminate: take(SignalKind::terminate())?, interrupt: take(SignalKind::interrupt())? })
    }

    /// The first signal asks the bot to stop, the second one ends the process, with the exit code that a shell gives a
    /// process that the signal has ended.
    pub(crate) async fn obey(mut self, stop: Stop) {
        let (name, _) = self.next().await;
        info!("{name}: stopping after the step in hand; a second signal ends me at once");
        stop.ask();
        let (name, code) = self.next().await;
        warn!("{name} again: ending at once; what is not finished goes on at the next start");
        std::process::exit(code);
    }

    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 128 + SignalKind::terminate().as_raw_value()),
            _ = self.interrupt.recv() => ("SIGINT", 128 + SignalKind::interrupt().as_raw_value()),
        }
    }
}

/// Lets an executor finish what it has in hand. Its supervisor must not be dropped before.
pub(crate) async fn finish_the_step(executor: &Executor) {
    executor.wind_down();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let plans = executor.at_work();
        if plans.is_empty() {
            return;
        }
        if Instant::now() >= deadline {
            warn!(?plans, "a step takes longer than 10 seconds and is left; it goes on at the next start");
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

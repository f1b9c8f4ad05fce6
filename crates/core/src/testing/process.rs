//! The bot's own process, without a log and without a file: which settings are read is said by the test.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use super::ManualClock;
use crate::{
    commands::{InForce, Settings},
    model::Millis,
    ports::{Clock as _, LogLevel, Logging, Process, Reloaded},
};

/// A process that logs nothing, and finds in its configuration what a test puts there.
pub struct FakeProcess {
    in_force: InForce,
    clock: ManualClock,
    state: Mutex<State>,
}

struct State {
    logging: Option<(LogLevel, Millis)>,
    file: Result<(Settings, Reloaded), String>,
    reads: usize,
}

impl FakeProcess {
    /// With settings that are in force, and an unchanged file.
    pub(super) fn new(in_force: InForce, clock: ManualClock) -> Self {
        let file = Ok(((*in_force.now()).clone(), Reloaded::default()));
        Self { in_force, clock, state: Mutex::new(State { logging: None, file, reads: 0 }) }
    }

    /// What is in force.
    pub(super) fn settings(&self) -> &InForce {
        &self.in_force
    }

    /// The configuration is changed: what it says now and what is said about that, or why it cannot be used.
    pub fn write(&self, file: Result<(Settings, Reloaded), String>) {
        self.state().file = file;
    }

    /// How often the configuration was read again.
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while holding it")
    }
}

impl Process for FakeProcess {
    fn logging(&self) -> Logging {
        let now = self.state().logging.filter(|(_, until)| *until > self.clock.now());
        Logging { configured: "info".to_owned(), now }
    }

    fn log_for(&self, level: LogLevel, time: Duration) -> Logging {
        let time = Millis::try_from(time.as_millis()).expect("a test is shorter");
        self.state().logging = Some((level, self.clock.now() + time));
        self.logging()
    }

    fn reload(&self) -> Result<Reloaded, String> {
        let mut state = self.state();
        state.reads += 1;
        let (settings, reloaded) = state.file.clone()?;
        self.in_force.replace(settings);
        Ok(reloaded)
    }
}

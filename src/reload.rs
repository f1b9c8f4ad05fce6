//! Reading the configuration again, by `!reload` or SIGHUP: what can be changed while the bot runs is put in force, all of it
//! or, when the file cannot be used, nothing. What needs a restart is named.

mod words;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use gleipnir_core::{
    commands::InForce,
    desk::{not_reloaded, reloaded_in_words},
    ports::{Change, Clock as _, LogLevel, Logging, Process, Reloaded, Store as _},
    reply::Reply,
    ruma::OwnedRoomId,
    speech::Say,
};
use tokio::{signal::unix::Signal, sync::Notify};
use tracing::{info, warn};

use self::words::{Words, changes};
use crate::{
    clock::WallClock, config::Config, disk::until_written, homeserver::Webhooks, logging::Logs,
    store::SqliteStore,
};

/// What of the running process can be changed.
pub(crate) struct Control {
    logs: Logs,
    /// What the bot was started with: a key that differs from it, and cannot be changed meanwhile, needs a restart.
    started: Config,
    webhooks: Arc<Webhooks>,
    state: Mutex<State>,
}

struct State {
    /// What is in force.
    config: Config,
    /// Those who work by it.
    settings: Option<InForce>,
}

impl Control {
    /// With the configuration that the bot is started with.
    pub(crate) fn new(config: Config, logs: Logs) -> anyhow::Result<Self> {
        let webhooks = Arc::new(Webhooks::new(config.reports.webhooks()?)?);
        let state = Mutex::new(State { config: config.clone(), settings: None });
        Ok(Self { logs, started: config, webhooks, state })
    }

    /// The log.
    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Where cases can be sent.
    pub(crate) fn webhooks(&self) -> Arc<Webhooks> {
        self.webhooks.clone()
    }

    /// How often reports are asked for.
    pub(crate) fn poll_interval(&self) -> Duration {
        self.state().config.reports.poll_interval
    }

    /// The settings for a management room: those of the last call follow the configuration.
    pub(crate) fn settings(&self, management: OwnedRoomId) -> InForce {
        let mut state = self.state();
        let settings = InForce::from(state.config.settings(management));
        state.settings = Some(settings.clone());
        settings
    }

    /// Reads the configuration again at each SIGHUP, and says in the management room when that changed something, or could
    /// not. Never returns.
    pub(crate) async fn obey(&self, mut hangups: Signal, store: &SqliteStore, said: &Notify) -> Infallible {
        loop {
            if hangups.recv().await.is_none() {
                return std::future::pending().await;
            }
            info!("SIGHUP: reading the configuration again");
            let reply = match self.reload() {
                Ok(reloaded) if reloaded == Reloaded::default() => continue,
                Ok(reloaded) => reloaded_in_words(&reloaded),
                Err(why) => not_reloaded(&why),
            };
            let key = format!("reload-{}", WallClock.now());
            let say = |reply: &Reply| store.commit(vec![Change::SayOnce(Say::new(key.clone(), None, reply))]);
            until_written(|| say(&reply)).await;
            said.notify_one();
        }
    }

    fn read(&self) -> anyhow::Result<Reloaded> {
        // One after the other.
        let mut state = self.state();
        let new = self.started.read_again()?;
        let addresses = new.reports.webhooks()?;
        let needs_restart = new.needs_restart(&self.started);
        // The old one is in force until then.
        self.started
            .storage
            .check(&new.reports.rules())
            .context("storage.keep changes with a restart only")?;
        // From here on nothing can go wrong.
        let before = Words::of(&state.config, &self.webhooks.addresses());
        state.config.take_over(new);
        let changed = changes(&before, &Words::of(&state.config, &addresses));
        self.webhooks.replace(addresses);
        self.logs.configure(&state.config.log.level);
        if let Some(settings) = &state.settings {
            settings.replace(state.config.settings(settings.now().management.clone()));
        }
        Ok(Reloaded { changed, needs_restart })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process for Control {
    fn logging(&self) -> Logging {
        self.logs.logging()
    }

    fn log_for(&self, level: LogLevel, time: Duration) -> Logging {
        self.logs.log_for(level, time)
    }

    fn reload(&self) -> Result<Reloaded, String> {
        match self.read() {
            Ok(reloaded) => {
                let Reloaded { changed, needs_restart } = &reloaded;
                info!(?changed, ?needs_restart, "the configuration was read again");
                Ok(reloaded)
            }
            Err(error) => {
                let why = format!("{error:#}");
                warn!(why, "the configuration cannot be used; the one before stays in force");
                Err(why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::tests::logs;

    /// What is started with `keep`, and then reads a rule with a cooldown, both as they stand in the file.
    fn reloaded(started: &str, file: &str, cooldown: &str) -> Result<Reloaded, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let write = |keep: &str, rules: &str| {
            let text = format!(
                "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
                 [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n{keep}\n{rules}"
            );
            std::fs::write(&path, text).unwrap();
        };
        write(started, "");
        let (logs, _filter) = logs();
        let control = Control::new(Config::read(&path).unwrap(), logs).unwrap();
        let rule = format!(
            "[[reports.rules]]\nname = \"spam\"\nwhen = {{ text = \"spam\" }}\ndo = [\"redact\"]\ncooldown = \"{cooldown}\"\n"
        );
        write(file, &rule);
        control.reload()
    }

    #[test]
    fn a_rule_is_taken_only_if_the_time_that_is_in_force_remembers_it() {
        let (week, month) = ("keep = \"7d\"", "keep = \"30d\"");
        for (file, cooldown) in [(month, "30d"), ("", "8d")] {
            let why = reloaded(week, file, cooldown).unwrap_err();
            assert!(why.contains("storage.keep changes with a restart only"), "{why}");
            assert!(why.contains("cooldown"), "{why}");
        }
        for (started, file, cooldown) in [(week, week, "7d"), (month, month, "30d"), ("", "", "90d")] {
            assert_eq!(
                reloaded(started, file, cooldown).map(|reloaded| !reloaded.changed.is_empty()),
                Ok(true)
            );
        }
        let needs = reloaded(week, month, "1d").unwrap().needs_restart;
        assert_eq!(needs, ["storage.keep"]);
    }
}

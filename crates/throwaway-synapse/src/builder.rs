//! How a server is asked for, and what becomes of a test on a machine that cannot have one.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::config::{self, RateLimits};
use crate::install::{Installation, announce};
use crate::server::{self, Server};
use crate::{Crowd, Synapse, Unavailable, crowd, template};

/// A server to be started; from [`Synapse::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Vec<Value>,
    rate_limits: RateLimits,
    python: Option<PathBuf>,
    neighbourhood: Option<Neighbourhood>,
    crowd: Option<Crowd>,
}

/// The ports of 127.0.0.1 on which two servers listen for each other; their names have them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbourhood {
    pub(crate) own_port: u16,
    pub(crate) other_port: u16,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            settings: Vec::new(),
            rate_limits: RateLimits::default(),
            python: None,
            neighbourhood: None,
            crowd: None,
        }
    }

    /// Merges settings over the default `homeserver.yaml`: objects key by key, `null` takes a default away,
    /// anything else replaces it. `listeners` and `public_baseurl` cannot be set. May be called repeatedly.
    #[must_use]
    pub fn config(mut self, settings: Value) -> Self {
        self.settings.push(settings);
        self
    }

    /// Whether users are slowed down; by default they are not.
    #[must_use]
    pub fn rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.rate_limits = rate_limits;
        self
    }

    /// The Python to install and run Synapse with, instead of the first that is found.
    #[must_use]
    pub fn python(mut self, path: impl Into<PathBuf>) -> Self {
        self.python = Some(path.into());
        self
    }

    /// Has it federate with one other server, which is to be built the other way round.
    #[must_use]
    pub(crate) fn beside(mut self, neighbourhood: Neighbourhood) -> Self {
        self.neighbourhood = Some(neighbourhood);
        self
    }

    /// Rooms and members that are there from the start. The domain of [`Crowd::member`] is the server's.
    #[must_use]
    pub fn crowd(mut self, crowd: Crowd) -> Self {
        self.crowd = Some(crowd);
        self
    }

    /// Installs Synapse if this was not done before (about half a minute), and starts it (about two seconds).
    ///
    /// # Errors
    /// [`Unavailable`] inside when this machine cannot have Synapse; else what went wrong, with the end of
    /// Synapse's log where there is one.
    pub async fn start(self) -> Result<Synapse> {
        let installation = Arc::new(Installation::ensure(self.python).await?);
        let template = template::ensure(Arc::clone(&installation)).await?;
        let database = match self.crowd {
            Some(crowd) => crowd::ensure(Arc::clone(&installation), template, crowd).await?,
            None => template,
        };
        let data = server::new_data_dir()?;
        fs::copy(&database, data.path().join(config::DATABASE_FILE))
            .with_context(|| format!("cannot copy {}", database.display()))?;
        let mut settings = self.settings;
        if let Some(Neighbourhood { own_port, other_port }) = self.neighbourhood {
            settings.insert(0, config::neighbour(data.path(), own_port, other_port));
        }
        let config = config::homeserver(data.path(), self.rate_limits, &settings);
        let server_name = config["server_name"].as_str().unwrap_or(config::SERVER_NAME).to_owned();
        let federation_port = self.neighbourhood.map(|neighbourhood| neighbourhood.own_port);
        let server = Server::start(&installation.python, data, config, federation_port).await?;
        Synapse::new(server, server_name)
    }

    /// For tests: `None`, said aloud, when this machine cannot have Synapse.
    ///
    /// # Panics
    /// When Synapse is to be had but does not start, and when it cannot be had although the environment
    /// variable `CI` is `true`: there, a skipped test would go unnoticed.
    pub async fn start_or_skip(self) -> Option<Synapse> {
        or_skip(self.start().await)
    }
}

/// What was started; or `None`, said aloud, when this machine cannot have Synapse.
///
/// # Panics
/// As [`Builder::start_or_skip`] does.
pub(crate) fn or_skip<T>(started: Result<T>) -> Option<T> {
    match started {
        Ok(started) => Some(started),
        Err(error) => match error.downcast_ref::<Unavailable>() {
            Some(unavailable) if std::env::var_os("CI").is_none_or(|value| value != "true") => {
                announce(&format!("SKIPPED: {unavailable}"));
                None
            }
            _ => panic!("cannot start Synapse: {error:?}"),
        },
    }
}

/// [`Builder::start_or_skip`] with the defaults.
///
/// # Panics
/// As that does.
pub async fn start_or_skip() -> Option<Synapse> {
    Synapse::builder().start_or_skip().await
}

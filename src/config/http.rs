//! Where something listens: `[http]`, for who runs the bot, and `[reports.http]`, for reports that a reverse proxy forwards.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use super::source;

/// `[http]`, and `[reports.http]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The address and port that it listens at; it is off without one.
    pub listen: Option<SocketAddr>,
}

impl Http {
    /// `[http]` of a configuration file, whatever else is wrong with it: the bot that runs has an earlier state of the file, or
    /// secrets that cannot be read any more.
    pub(crate) fn read_alone(path: &Path) -> anyhow::Result<Self> {
        let text = source::read(path)?;
        let table: toml::Table = text
            .parse()
            .map_err(|error| super::mistake(&text, &error))
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        let Some(http) = table.get("http") else { return Ok(Self::default()) };
        http.clone().try_into().map_err(|error: toml::de::Error| {
            anyhow::anyhow!("[http] of the configuration {}: {}", path.display(), error.message())
        })
    }
}

//! `[telemetry]`: where traces go.

use anyhow::ensure;
use serde::Deserialize;

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The address of a collector that takes OTLP over HTTP, without `/v1/traces`; nothing is traced without one.
    pub otlp: Option<String>,
    /// What the bot is called there: `service.name`.
    pub service_name: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp: None, service_name: "gleipnir".to_owned() }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.service_name.is_empty(), "telemetry.service_name is empty");
        let Some(url) = &self.otlp else { return Ok(()) };
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "telemetry.otlp has to begin with http:// or https://"
        );
        ensure!(
            !url.contains(['?', '#', '@']),
            "telemetry.otlp has to end with its path, and holds no password"
        );
        Ok(())
    }
}

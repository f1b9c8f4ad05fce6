//! Where something listens: `[http]`, for who runs the bot, and `[reports.http]`, for reports that a reverse proxy forwards.

use std::net::SocketAddr;

use serde::Deserialize;

/// `[http]`, and `[reports.http]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The address and port that it listens at; it is off without one.
    pub listen: Option<SocketAddr>,
}

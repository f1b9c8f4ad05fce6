//! Changes that Synapse makes to its database while it runs: `GET /_synapse/admin/v1/background_updates/status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Client, Error, lenient};

impl Client {
    /// What is being changed in the database. While something is, parts of the server may be slow or know less: after an
    /// upgrade for hours.
    pub async fn background_updates(&self) -> Result<BackgroundUpdates, Error> {
        self.get("/_synapse/admin/v1/background_updates/status", &[]).answer().await
    }
}

/// What is being changed in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundUpdates {
    /// Whether such changes go on at all.
    #[serde(deserialize_with = "lenient::flag")]
    pub enabled: bool,
    /// The one under way, by database; there may be several databases.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub current_updates: BTreeMap<String, BackgroundUpdate>,
}

/// A change to the database that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundUpdate {
    /// Its name.
    pub name: String,
    /// How many rows or so were done since Synapse started. How many there are is not known.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total_item_count: u64,
    /// How long that took, in milliseconds.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total_duration_ms: f64,
    /// How many rows or so a millisecond does; `None` at the start.
    #[serde(default)]
    pub average_items_per_ms: Option<f64>,
}

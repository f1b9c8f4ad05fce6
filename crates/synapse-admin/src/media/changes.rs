//! What was quarantined and what was let go: `GET /_synapse/admin/v1/media/quarantine_changes` (Synapse 1.152).

use serde::{Deserialize, Serialize};

use crate::lenient::{self, Query};
use crate::{Client, Error};

impl Client {
    /// The up to 100 changes after a point, the oldest first: `GET …/media/quarantine_changes`. 0 is the beginning, and
    /// [`QuarantineChanges::next_batch`] is where to go on, now or another day.
    ///
    /// - 400 `M_INVALID_PARAM` for a point yet to come
    /// - [`Error::is_not_offered`] before Synapse 1.152
    pub async fn quarantine_changes(&self, from: u64) -> Result<QuarantineChanges, Error> {
        let query = Query::default().with("from", Some(from));
        self.get("/_synapse/admin/v1/media/quarantine_changes", &[]).query(query).answer().await
    }
}

/// What was quarantined and what was let go, after a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineChanges {
    /// The point up to which these are all.
    pub next_batch: u64,
    /// The changes; none if that is the newest point.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub changes: Vec<QuarantineChange>,
}

/// A file that was quarantined or let go. By whom and when is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineChange {
    /// The server that the file is from.
    pub origin: String,
    /// Its ID there.
    pub media_id: String,
    /// Whether it was quarantined, or let go.
    #[serde(deserialize_with = "lenient::flag")]
    pub quarantined: bool,
}

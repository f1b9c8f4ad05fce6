//! The reports that are being passed on at this moment: when the bot ends, they are finished, and no other one is begun.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tracing::warn;

use super::AT_ONCE;

/// How long the end of the bot waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those that are under way. All clones know of the same ones.
#[derive(Clone)]
pub(crate) struct UnderWay(Arc<Semaphore>);

impl Default for UnderWay {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE as usize)))
    }
}

impl UnderWay {
    /// Another one, as long as what is given out is kept; `None` when the bot ends.
    pub(super) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        // Who has a turn finds a place here, as there are no more turns than places.
        self.0.clone().try_acquire_owned().ok()
    }

    /// Lets nobody begin any more, and waits for those who have, for some seconds.
    pub(crate) async fn finish(&self) {
        // From the first look on, what is free is held back.
        if let Ok(Ok(all)) = timeout(PATIENCE, self.0.acquire_many(AT_ONCE)).await {
            all.forget();
        } else {
            self.0.close();
            warn!(
                "a forwarded report takes too long to pass on: the homeserver may have it, and I did not keep it"
            );
        }
    }
}

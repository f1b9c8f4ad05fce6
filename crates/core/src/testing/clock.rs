//! A clock that stands still until somebody waits: waiting moves it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{model::Millis, ports::Clock};

/// 2026-11-21 00:00:00 UTC.
const START: Millis = 1_795_219_200_000;
/// Longer waits are limits, not pauses: they never end by themselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A clock for tests.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn pass(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_millis()).expect("tests are short"), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub fn set_back(&self, duration: Duration) {
        self.0.fetch_sub(i64::try_from(duration.as_millis()).expect("tests are short"), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration > LONGEST_PAUSE {
            return futures_util::future::pending().boxed();
        }
        let clock = self.clone();
        async move {
            tokio::task::yield_now().await;
            clock.pass(duration);
        }
        .boxed()
    }
}

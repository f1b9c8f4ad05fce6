//! How a long reading shows that it is alive.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use crate::model::Millis;

/// How long until a reading is spoken of, and between two times.
const PAUSE: Duration = Duration::from_secs(3);

/// A command that reads.
pub(super) struct Reading {
    /// How often it gave a sign of life.
    pub(super) heard: AtomicU64,
    /// Whether it was spoken of.
    pub(super) said: AtomicBool,
    spoken_at: AtomicI64,
}

impl Reading {
    pub(super) fn new(started: Millis) -> Self {
        Self { heard: AtomicU64::new(0), said: AtomicBool::new(false), spoken_at: AtomicI64::new(started) }
    }

    /// Takes a sign of life; whether it is time to speak of it.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.heard.fetch_add(1, Ordering::Relaxed);
        let pause = i64::try_from(PAUSE.as_millis()).unwrap_or(i64::MAX);
        let due = now - self.spoken_at.load(Ordering::Relaxed) >= pause;
        if due {
            self.spoken_at.store(now, Ordering::Relaxed);
        }
        due
    }
}

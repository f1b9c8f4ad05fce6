//! The bot as its moderators have it: the real binary, on a real Synapse, in a room with somebody who talks to it.
//! Without Python there is no Synapse, and these tests are skipped aloud.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stderr, reason = "a failure shows the room and the log")]

mod asked;
mod away;
mod backups;
mod chaos;
mod check;
mod conversations;
mod crashes;
mod disk;
mod explanations;
mod feed;
mod forwarded;
mod handbook;
mod kills;
mod monitoring;
mod neighbours;
mod outage;
mod people;
mod reports;
mod restoring;
mod rights;
mod running;
mod secrets;
mod session;
mod sessions;
mod setup;
mod stopping;
mod support;

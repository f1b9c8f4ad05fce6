//! Doubles of the outside world that behave: a homeserver with users, rooms, blocks and delete tasks, a store in
//! memory, a clock that is moved by hand, and a stage to play conversations on.

#![expect(clippy::missing_panics_doc, reason = "what is wrong with a test is told by a panic")]

mod clock;
mod contract;
pub mod fuzz;
mod homeserver;
mod process;
mod stage;
mod store;

/// When something goes wrong: before or after the work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing was done.
    Before,
    /// All was done, and nobody hears of it.
    After,
}

pub use self::{
    clock::ManualClock,
    contract::{forgetting_contract, store_contract},
    homeserver::{FakeHomeserver, FakeRoom, Faults, RoomList},
    process::FakeProcess,
    stage::{Lived, Stage},
    store::MemoryStore,
};

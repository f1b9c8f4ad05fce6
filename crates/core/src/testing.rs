//! Doubles of the outside world that behave: a homeserver with users, rooms, blocks and delete tasks, a store in
//! memory, a clock that is moved by hand, and a stage to play conversations on.

mod clock;
mod homeserver;
mod stage;
mod store;

pub use self::{
    clock::ManualClock,
    homeserver::{FakeHomeserver, FakeRoom, Faults},
    stage::Stage,
    store::{MemoryStore, store_contract},
};

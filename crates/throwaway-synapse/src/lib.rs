//! A real Synapse for tests and demonstrations: installed from PyPI into `target/` on first use, started on a
//! free port of 127.0.0.1 with an SQLite database in a temporary folder, gone when its owner is gone.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use throwaway_synapse::{Role, Synapse};
//!
//! let synapse = Synapse::start().await?;
//! let alice = synapse.register("alice", Role::Admin).await?;
//! let room = alice.create_room(serde_json::json!({"preset": "public_chat"})).await?;
//! alice.send_text(&room, "hello").await?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod config;
mod crowd;
mod database;
mod http;
mod install;
mod pair;
mod process;
mod server;
mod synapse;
mod template;
mod unavailable;
mod user;

pub use builder::{Builder, start_or_skip};
pub use config::RateLimits;
pub use crowd::Crowd;
pub use http::path_part;
pub use install::SYNAPSE_VERSION;
pub use pair::{pair, pair_or_skip};
pub use synapse::{PASSWORD, Role, Synapse};
pub use unavailable::Unavailable;
pub use user::User;

//! Gleipnir, a moderation bot for Matrix homeservers: the shell around [`gleipnir_core`]. It reads the configuration,
//! connects, keeps the database, carries events in and messages out, and decides nothing about moderation.

mod backup;
mod check;
pub mod cli;
mod clock;
pub mod config;
mod deliver;
mod disk;
#[cfg(test)]
mod docs;
mod event_loop;
mod homeserver;
mod http;
mod intake;
mod logging;
mod management;
mod mas;
mod outages;
mod reload;
mod serve;
mod setup;
mod shutdown;
pub mod store;
mod telemetry;

pub use crate::event_loop::Ended;
use crate::{config::Config, shutdown::Stop};

/// Runs the bot in a process of somebody else's until something is over; logs as the configuration says.
pub async fn run(config: Config, until: impl Future<Output = ()>) -> Result<(), Ended> {
    let (logs, _tracing) = logging::start(&config.log, &config.telemetry).map_err(Ended::Hopeless)?;
    let stop = Stop::default();
    let stopping = async {
        until.await;
        stop.ask();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = Box::pin(event_loop::run(config, logs, stop.clone())) => ended,
        () = stopping => Ok(()),
    }
}

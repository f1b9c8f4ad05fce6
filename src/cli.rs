//! The command line: `gleipnir [--config config.toml] [run | health | backup <file> | restore <file>]`.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing::{error, info};

use crate::{
    backup::{Existing, backup, restore},
    config::{Config, Telemetry},
    event_loop::{Ended, run},
    logging::{self, Logs},
    serve,
    shutdown::{Signals, Stop},
};

/// A moderation bot for Matrix homeservers
#[derive(Debug, Parser)]
#[command(name = "gleipnir", version, about)]
struct Arguments {
    /// The configuration file
    #[arg(long, short, global = true, default_value = "config.toml", value_name = "file")]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bot until it is told to stop (the default)
    Run,
    /// Ask the running bot how it is, at http.listen: exit code 0 when it is ready, else 1
    Health,
    /// Write a backup of the storage folder into a file, also while the bot is running
    Backup {
        /// The file to make
        file: PathBuf,
        /// Replace the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Make the storage folder, which has to be empty, from a backup
    Restore {
        /// The backup
        file: PathBuf,
    },
}

/// Exit code for a configuration, an account or a database that cannot work: starting again does not help.
const CANNOT_WORK: u8 = 2;

/// Parses the arguments, does what they ask for, and says how it ended.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::read(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            report(&format!("{error:#}"));
            // Who asks for health knows yes and no only.
            return match arguments.command {
                Some(Command::Health) => ExitCode::FAILURE,
                _ => ExitCode::from(CANNOT_WORK),
            };
        }
    };
    let command = arguments.command.unwrap_or(Command::Run);
    let started = match command {
        Command::Run => logging::start(&config.log, &config.telemetry),
        _ => logging::start(&config.log, &Telemetry::default()),
    };
    // Kept until the end: it sends the last spans.
    let (logs, _tracing) = match started {
        Ok(started) => started,
        Err(error) => {
            report(&format!("{error:#}"));
            return ExitCode::from(CANNOT_WORK);
        }
    };
    match command {
        Command::Run => work(config, logs),
        Command::Health => done(ask(&config)),
        Command::Backup { file, force } => {
            let existing = if force { Existing::Replaced } else { Existing::Kept };
            done(backup(&config, &file, existing))
        }
        Command::Restore { file } => done(restore(&config, &file)),
    }
}

/// Says what was done, or why it was not.
fn done(result: anyhow::Result<String>) -> ExitCode {
    match result {
        Ok(sentence) => {
            drop(writeln!(std::io::stdout(), "{sentence}."));
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Asks the running bot how it is.
fn ask(config: &Config) -> anyhow::Result<String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve::ask(config))
}

/// Runs the bot, and says how it ended.
fn work(config: Config, logs: Logs) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        let stop = Stop::default();
        tokio::spawn(Signals::install().map_err(Ended::Failed)?.obey(stop.clone()));
        run(config, logs, stop).await
    });
    // Whatever is still at work is committed up to its last step; there is nothing to wait for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => {
            info!("goodbye");
            ExitCode::SUCCESS
        }
        Err(Ended::Hopeless(error)) => {
            error!("{error:#}");
            ExitCode::from(CANNOT_WORK)
        }
        Err(Ended::Failed(error)) => {
            error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn report(sentence: &str) {
    drop(writeln!(std::io::stderr(), "gleipnir: {sentence}"));
}

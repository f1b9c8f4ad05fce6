//! The command line: `gleipnir [--config config.toml] [run | health | backup <file> | restore <file>]`.

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use tracing::{error, info};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

use crate::{
    backup::{Existing, backup, restore},
    config::{Config, LogFormat, Telemetry},
    event_loop::{Ended, run},
    serve,
    telemetry::{self, Tracing},
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
    let tracing = match command {
        Command::Run => log(&config, &config.telemetry),
        _ => log(&config, &Telemetry::default()),
    };
    // Kept until the end: it sends the last spans.
    let _tracing = match tracing {
        Ok(tracing) => tracing,
        Err(error) => {
            report(&format!("{error:#}"));
            return ExitCode::from(CANNOT_WORK);
        }
    };
    match command {
        Command::Run => work(config),
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
fn work(config: Config) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(config, stop_signal()));
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

/// Resolves on SIGTERM or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    };
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = ctrl_c() => {}
            }
        }
        Err(_) => drop(ctrl_c().await),
    }
}

/// Logs to stderr: stdout is for what a command prints.
fn log(config: &Config, telemetry: &Telemetry) -> anyhow::Result<Option<Tracing>> {
    let directives = format!("{},{}", config.log.level, gleipnir_matrix::LOG_FILTER);
    let filter = EnvFilter::new(directives);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match config.log.format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let (traces, tracing) = telemetry::start(telemetry)?.unzip();
    // A second call in one process (tests, the demo) keeps the first one's settings.
    drop(registry().with(lines.with_filter(filter)).with(traces).try_init());
    Ok(tracing)
}

fn report(sentence: &str) {
    drop(writeln!(std::io::stderr(), "gleipnir: {sentence}"));
}

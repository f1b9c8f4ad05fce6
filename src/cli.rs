//! The command line: `gleipnir [--config config.toml]` with `run`, `health`, `check`, `setup`, `backup <file>`,
//! `restore <file>`, `man` or `completions <shell>`.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;
use tracing::{error, info};

use crate::{
    backup::{Existing, backup, restore},
    check::{Lift, Verdict, check, finding::Format, for_people},
    config::{Config, Http, Telemetry},
    event_loop::{Ended, run},
    logging::{self, Logs},
    serve,
    setup::{Flags, setup},
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
    /// Look at everything that the bot needs, and say what is good, what is not, and what to do
    Check {
        /// Lift the homeserver's rate limit for the bot's account
        #[arg(long)]
        lift_rate_limit: bool,
        /// Write a JSON object in each line
        #[arg(long)]
        json: bool,
    },
    /// Make a first configuration by asking a few questions: the bot's account, its management room, its first moderators
    Setup(Box<Flags>),
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
    /// Write the manual page to stdout
    Man,
    /// Write the completions of a shell to stdout
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Exit code for a configuration, an account or a database that cannot work: starting again does not help.
const CANNOT_WORK: u8 = 2;

/// Parses the arguments, does what they ask for, and says how it ended.
pub fn main() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    match command.unwrap_or(Command::Run) {
        Command::Run => with_config(&config, |config| {
            // What is traced is sent until the end.
            let (logs, _tracing) = match logging::start(&config.log, &config.telemetry) {
                Ok(started) => started,
                Err(error) => return hopeless(&error),
            };
            work(config, logs)
        }),
        Command::Health => done(Http::read_alone(&config).and_then(|http| ask(&http))),
        Command::Check { lift_rate_limit, json } => {
            let lift = if lift_rate_limit { Lift::Now } else { Lift::Leave };
            checked(&config, lift, if json { Format::Json } else { for_people() })
        }
        Command::Setup(flags) => set_up(&config, *flags),
        Command::Backup { file, force } => with_config(&config, |config| {
            log(&config);
            let existing = if force { Existing::Replaced } else { Existing::Kept };
            done(backup(&config, &file, existing))
        }),
        Command::Restore { file } => with_config(&config, |config| {
            log(&config);
            done(restore(&config, &file))
        }),
        Command::Man => written(manual()),
        Command::Completions { shell } => written(Ok(completions(shell))),
    }
}

/// Does something that needs a configuration.
fn with_config(path: &Path, then: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    match Config::read(path) {
        Ok(config) => then(config),
        Err(error) => hopeless(&error),
    }
}

fn hopeless(error: &anyhow::Error) -> ExitCode {
    report(&format!("{error:#}"));
    ExitCode::from(CANNOT_WORK)
}

/// Checks everything; 0 if nothing is bad.
fn checked(config: &Path, lift: Lift, format: Format) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let verdict = runtime.block_on(check(config, lift, format));
    // Whoever interrupted it does not wait until a database is read.
    runtime.shutdown_background();
    match verdict {
        Verdict::Fit => ExitCode::SUCCESS,
        Verdict::Unfit | Verdict::Interrupted => ExitCode::FAILURE,
    }
}

/// Makes a first configuration, and checks it.
fn set_up(config: &Path, flags: Flags) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let done = setup(config, flags, &runtime);
    // As after a check.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        report(&format!("cannot start: {error}"));
        ExitCode::FAILURE
    })
}

/// The manual page, in roff: one for all subcommands, as it is one file to install.
fn manual() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut command = Arguments::command();
    command.build();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        writeln!(page, ".SH \"GLEIPNIR {}\"", subcommand.get_name().to_uppercase())?;
        page.extend_from_slice(section(subcommand)?.as_bytes());
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// What there is to say of a subcommand, without what holds for all of them.
fn section(subcommand: &clap::Command) -> io::Result<String> {
    let holds_for_all = |name: &str| matches!(name, "config" | "help" | "version");
    let subcommand = subcommand.clone().mut_args(|argument| {
        let hidden = holds_for_all(argument.get_id().as_str());
        if hidden { argument.hide(true) } else { argument }
    });
    let mut text = Vec::new();
    let man = Man::new(subcommand.clone());
    man.render_description_section(&mut text)?;
    if subcommand.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    // Its headings would stand beside that of the subcommand; the other two are said at the beginning of the page.
    let is_kept = |line: &&str| ![".SH ", ".ie ", ".el "].iter().any(|start| line.starts_with(start));
    let text = String::from_utf8_lossy(&text);
    Ok(text.split_inclusive('\n').filter(is_kept).collect())
}

/// The completions of a shell.
fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "gleipnir", &mut script);
    script
}

/// Writes bytes to stdout.
fn written(bytes: io::Result<Vec<u8>>) -> ExitCode {
    match bytes.and_then(|bytes| io::stdout().write_all(&bytes)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("cannot write: {error}"));
            ExitCode::FAILURE
        }
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
fn ask(http: &Http) -> anyhow::Result<String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve::ask(http))
}

/// Runs the bot, and says how it ended.
fn work(config: Config, logs: Logs) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let ended = runtime.block_on(async {
        let stop = Stop::default();
        tokio::spawn(Signals::install().map_err(Ended::Failed)?.obey(stop.clone()));
        run(config, logs, stop).await
    });
    // What is half done was waited for in there. Whatever is still at work is committed up to its last step.
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

/// Logs as the configuration says, and traces nothing.
fn log(config: &Config) {
    // What can fail in it is tracing.
    drop(logging::start(&config.log, &Telemetry::default()));
}

fn report(sentence: &str) {
    drop(writeln!(std::io::stderr(), "gleipnir: {sentence}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of all subcommands.
    fn names() -> Vec<String> {
        let command = Arguments::command();
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect()
    }

    #[test]
    fn the_grammar_holds() {
        Arguments::command().debug_assert();
        assert!(names().len() >= 7, "{:?}", names());
    }

    #[test]
    fn the_manual_page_has_every_subcommand() {
        let page = String::from_utf8(manual().unwrap()).unwrap();
        assert!(page.contains(".TH gleipnir 1"), "{page}");
        for name in names() {
            assert!(page.contains(&format!("GLEIPNIR {}", name.to_uppercase())), "{name} is not in:\n{page}");
        }
        assert!(
            page.contains("lift\\-rate\\-limit") && page.contains("registration\\-secret\\-file"),
            "{page}"
        );
    }

    #[test]
    fn every_shell_completes_every_subcommand() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for name in names() {
                assert!(script.contains(&name), "{shell} does not know {name}");
            }
        }
    }
}

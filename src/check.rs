//! `gleipnir check`: looks at everything that the bot needs, tells what is good, what is not, and what to do about it. It
//! only reads, but for the bot's own rate limit where that is asked for, and runs beside a bot without disturbing it.

mod account;
pub(crate) mod address;
mod certificate;
pub(crate) mod finding;
pub(crate) mod proxy;
mod room;
mod rules;
mod server;
mod storage;

use std::{
    io::{IsTerminal as _, Write},
    panic::resume_unwind,
    path::Path,
};

use synapse_admin::{Client, Options};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::finding::{Finding, Format, Mark, Subject};
use crate::{config::Config, shutdown::Stop};

/// What is done about the rate limit of the bot's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lift {
    /// It stays.
    Leave,
    /// It is lifted, with the admin API.
    Now,
}

/// What needs a homeserver that answers.
const OF_THE_HOMESERVER: [Subject; 9] = [
    Subject::AdminApi,
    Subject::Versions,
    Subject::Authentication,
    Subject::Login,
    Subject::AdminRights,
    Subject::RateLimit,
    Subject::Room,
    Subject::Encryption,
    Subject::Power,
];

/// Checks everything, and writes each line to stdout as soon as it is known. Whether nothing is bad.
pub(crate) async fn check(config: &Path, lift: Lift, format: Format) -> Verdict {
    let mut report = Report::new(format, Box::new(std::io::stdout()));
    let stop = Stop::default();
    // Where signals cannot be taken, Ctrl-C ends the process as ever.
    if let Ok(interrupts) = signal(SignalKind::interrupt()) {
        tokio::spawn(obey(interrupts, stop.clone()));
    }
    match Config::read(config) {
        Ok(read) => {
            report.say(Subject::Configuration.good(format!("{} is valid", config.display())));
            examine(&read, lift, &stop, &mut report).await;
        }
        Err(error) => {
            report.say(Subject::Configuration.bad(
                format!("{error:#}"),
                "config.toml.example shows every key; gleipnir setup makes a first configuration.",
            ));
            report.skip(&Subject::ALL[1..], "the configuration cannot be used");
        }
    }
    report.end()
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is bad.
    Fit,
    /// Something is.
    Unfit,
    /// Somebody did not want to hear the rest.
    Interrupted,
}

/// The first Ctrl-C ends the check where it is, the second one the process.
async fn obey(mut interrupts: Signal, stop: Stop) {
    interrupts.recv().await;
    stop.ask();
    interrupts.recv().await;
    std::process::exit(128 + SignalKind::interrupt().as_raw_value());
}

/// The check is to stop.
struct Interrupted;

/// What comes of something, unless the check is to stop before.
async fn unless<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, Interrupted> {
    tokio::select! {
        biased;
        () = stop.asked() => Err(Interrupted),
        done = work => Ok(done),
    }
}

async fn examine(config: &Config, lift: Lift, stop: &Stop, report: &mut Report) {
    report.interrupted = look(config, lift, stop, report).await.is_err();
}

/// Looks at one thing after the other, until it is to stop. The database may be read on even then, in a thread.
async fn look(config: &Config, lift: Lift, stop: &Stop, report: &mut Report) -> Result<(), Interrupted> {
    let found = unless(stop, address::examine(&config.homeserver.url, config.homeserver.timeout)).await?;
    report.say_all(found.findings);
    match found.server {
        Some(server) => homeserver(config, &server, lift, stop, report).await?,
        None => report.skip(&OF_THE_HOMESERVER, "the homeserver is not reached"),
    }
    let folder = config.storage.path.clone();
    let stored = unless(stop, tokio::task::spawn_blocking(move || storage::examine(&folder))).await?;
    report.say_all(stored.unwrap_or_else(|error| resume_unwind(error.into_panic())));
    report.say_all(rules::examine(&config.reports));
    Ok(())
}

/// What a homeserver that answers says.
async fn homeserver(
    config: &Config,
    server: &address::Server,
    lift: Lift,
    stop: &Stop,
    report: &mut Report,
) -> Result<(), Interrupted> {
    let open = match client(config, String::new()) {
        Ok(open) => open,
        Err(error) => {
            report.say(Subject::AdminApi.bad(error.to_string(), "Correct homeserver.url."));
            report.skip(&OF_THE_HOMESERVER[1..], "homeserver.url cannot be used");
            return Ok(());
        }
    };
    let (is_routed, decides) = unless(stop, without_login(config, &open, server, report)).await?;
    // Not given up: nobody would know of the device that it made.
    let (login, session) = account::log_in(config, &open, decides).await;
    report.say(login);
    let behind_login = &OF_THE_HOMESERVER[4..];
    let Some(session) = session else {
        report.skip(behind_login, "the login failed");
        return Ok(());
    };
    let asked = if is_routed {
        unless(stop, account_and_room(config, &session, server, decides, lift, report)).await
    } else {
        report.skip(behind_login, "the admin API is not reached");
        Ok(())
    };
    // The device of this check goes all the same.
    if let Some(finding) = session.end().await {
        report.say(finding);
    }
    asked
}

/// Whether the admin API is there, and who decides about logins.
async fn without_login(
    config: &Config,
    open: &Client,
    server: &address::Server,
    report: &mut Report,
) -> (bool, server::Decides) {
    let (api, versions) = server::admin_api(open, server).await;
    report.say(api);
    let is_routed = versions.is_some();
    report.say(versions.unwrap_or_else(|| Subject::Versions.skipped("the admin API is not reached")));
    let (authentication, decides) = server::authentication(open, config).await;
    report.say(authentication);
    (is_routed, decides)
}

async fn account_and_room(
    config: &Config,
    session: &account::Session,
    server: &address::Server,
    decides: server::Decides,
    lift: Lift,
    report: &mut Report,
) {
    let (client, me) = (&session.client, &config.homeserver.user_id);
    let rights = account::rights(client, me, &server.software, decides).await;
    let is_admin = rights.mark == Mark::Good;
    report.say(rights);
    if !is_admin {
        return report.skip(&OF_THE_HOMESERVER[5..], "the account cannot use the admin API");
    }
    report.say(account::rate_limit(client, me, lift).await);
    report.say_all(room::examine(client, me, &config.management).await);
}

/// A client with a token.
fn client(config: &Config, token: String) -> Result<Client, synapse_admin::Error> {
    let options = Options { timeout: config.homeserver.timeout, ..Options::default() };
    Client::with_options(&config.homeserver.url, move || token.clone(), options)
}

/// What was said so far.
struct Report {
    format: Format,
    findings: Vec<Finding>,
    /// Somebody did not want to hear the rest.
    interrupted: bool,
    to: Box<dyn Write + Send>,
}

impl Report {
    fn new(format: Format, to: Box<dyn Write + Send>) -> Self {
        Self { format, findings: Vec::new(), interrupted: false, to }
    }

    fn say(&mut self, finding: Finding) {
        self.write(&finding.render(self.format));
        self.findings.push(finding);
    }

    fn say_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.say(finding);
        }
    }

    fn skip(&mut self, subjects: &[Subject], because: &str) {
        for subject in subjects {
            self.say(subject.skipped(because));
        }
    }

    fn write(&mut self, text: &str) {
        // Whoever closes the pipe wants no more lines; the exit code is still theirs.
        drop(self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush()));
    }

    /// Says what it comes to.
    fn end(&mut self) -> Verdict {
        let (sum, verdict) = self.sum();
        if self.format != Format::Json {
            self.write(&format!("\n{sum}\n"));
        }
        verdict
    }

    /// Counts what is not good.
    fn sum(&self) -> (String, Verdict) {
        if self.interrupted {
            return ("Interrupted: not everything was looked at.".to_owned(), Verdict::Interrupted);
        }
        let count = |mark| self.findings.iter().filter(|found| found.mark == mark).count();
        let (bad, warnings) = (count(Mark::Bad), count(Mark::Warning));
        match (bad, warnings) {
            (0, 0) => ("All is well.".to_owned(), Verdict::Fit),
            (0, warnings) => (format!("The bot can work. To be improved (⚠): {warnings}."), Verdict::Fit),
            (bad, warnings) => (
                format!("The bot cannot work so. To be mended (✘): {bad}; to be improved (⚠): {warnings}."),
                Verdict::Unfit,
            ),
        }
    }
}

/// For people, in colours if they sit before a terminal.
pub(crate) fn for_people() -> Format {
    if std::io::stdout().is_terminal() { Format::Coloured } else { Format::Text }
}

#[cfg(test)]
mod tests;

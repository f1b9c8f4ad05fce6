//! The bot's process: the binary itself, with a configuration file and a log.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use throwaway_synapse::PASSWORD;

use super::{BOT, PATIENCE};

/// How often a process or a log is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How many lines of the log a failure shows.
const TAIL: usize = 60;

/// The bot. What is set here takes effect at its next start; its folder stays from start to start.
pub(crate) struct Bot {
    /// `homeserver.url`
    pub(crate) url: String,
    /// The line with the password or token.
    pub(crate) login: String,
    /// `management.room`
    pub(crate) room: String,
    /// The end of the configuration file.
    pub(crate) more: String,
    folder: TempDir,
    process: Option<Process>,
    /// Where the log of this run begins.
    run: usize,
}

impl Bot {
    /// A bot that was never started.
    pub(crate) fn new(url: &str, room: String) -> Self {
        Self {
            url: url.to_owned(),
            login: format!("password = {PASSWORD:?}"),
            room,
            more: String::new(),
            folder: tempfile::tempdir().unwrap(),
            process: None,
            run: 0,
        }
    }

    /// A path in the folder of its configuration file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it, and waits until it is at work.
    pub(crate) async fn start(&mut self) {
        self.launch();
        self.logs("at work in the management room").await;
    }

    /// Starts it.
    pub(crate) fn launch(&mut self) {
        assert!(self.process.is_none(), "the bot is running");
        self.run = self.log().len();
        self.process = Some(Process::start(&self.configure(), &self.path("log")));
    }

    /// Starts a process beside it, on the same folder, that is to end by itself: its exit code and its log.
    pub(crate) async fn another(&self) -> (i32, String) {
        let log = self.path("another-log");
        let mut process = Process::start(&self.configure(), &log);
        let code = process.ended().await;
        (code, fs::read_to_string(log).unwrap())
    }

    /// SIGTERM: the exit code.
    pub(crate) async fn stop(&mut self) -> i32 {
        self.signal("TERM");
        let mut process = self.process.take().unwrap();
        process.ended().await
    }

    /// SIGKILL, whatever it is doing.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take().expect("the bot is not running"));
    }

    /// SIGSTOP: it does nothing from here on, and does not notice.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("the bot is not running").child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits until it ends by itself: the exit code.
    pub(crate) async fn ended(&mut self) -> i32 {
        let mut process = self.process.take().expect("the bot is not running");
        process.ended().await
    }

    /// Waits until the log of this run has these words.
    pub(crate) async fn logs(&mut self, words: &str) {
        self.logs_again(words, 0).await;
    }

    /// As [`logs`](Self::logs), behind so many bytes of it.
    pub(crate) async fn logs_again(&mut self, words: &str, behind: usize) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log_of_run().split_off(behind).contains(words) {
            let running =
                self.process.as_mut().expect("the bot is not running").child.try_wait().unwrap().is_none();
            assert!(running, "the bot ended, and its log does not say {words:?}");
            assert!(Instant::now() < deadline, "the log does not say {words:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Its database, to read.
    pub(crate) fn database(&self) -> Connection {
        let path = self.path("data").join("gleipnir.sqlite3");
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database
    }

    /// Changes one row of its database while it is not running.
    pub(crate) fn tamper(&self, sql: &str) {
        assert!(self.process.is_none(), "the bot is running");
        let database = Connection::open(self.path("data").join("gleipnir.sqlite3")).unwrap();
        assert_eq!(database.execute(sql, []).unwrap(), 1);
    }

    /// Waits until a question to its database is answered with yes.
    pub(crate) async fn knows(&self, question: &str) {
        let database = self.database();
        let deadline = Instant::now() + PATIENCE;
        while !database.query_row(question, [], |row| row.get::<_, bool>(0)).unwrap() {
            assert!(Instant::now() < deadline, "in its database it is not so: {question}");
            tokio::time::sleep(10 * LOOK).await;
        }
    }

    /// The log since the latest start.
    pub(crate) fn log_of_run(&self) -> String {
        self.log().split_off(self.run)
    }

    fn log(&self) -> String {
        fs::read(self.path("log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn configure(&self) -> PathBuf {
        let Self { url, login, room, more, .. } = self;
        let text = format!(
            "[homeserver]\nurl = {url:?}\nuser_id = {BOT:?}\n{login}\n[management]\nroom = {room:?}\n\
             [storage]\npath = \"data\"\n{more}\n"
        );
        let path = self.path("config.toml");
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!(
                "\nThe end of the bot's log:\n{}",
                lines[lines.len().saturating_sub(TAIL)..].join("\n")
            );
        }
    }
}

/// A running bot, killed on drop.
struct Process {
    child: Child,
    watchdog: Child,
}

impl Process {
    fn start(config: &Path, log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gleipnir"))
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        // No `Drop` runs in a test that is killed; but then this pipe is closed.
        let watchdog = Command::new("sh")
            .args(["-c", "read _; kill -s KILL $0", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, watchdog }
    }

    async fn ended(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| panic!("the bot ended with {status}"));
            }
            assert!(Instant::now() < deadline, "the bot does not end");
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog first: once the child is reaped, its ID may be another's.
        for process in [&mut self.watchdog, &mut self.child] {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

//! The bot's process: the binary itself, with a configuration file and a log.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
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

/// Under what the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Under {
    /// Nothing special.
    Nothing,
    /// It can be kept from writing to files ([`Bot::fill_disk`]).
    Quota,
    /// It is kept from writing to files from its start on.
    FullDisk,
    /// A user who is not root and owns nothing.
    Nobody,
}

/// The bot. What is set here takes effect at its next start; its folder stays from start to start.
pub(crate) struct Bot {
    /// `homeserver.url`
    pub(crate) url: String,
    /// `homeserver.user_id`
    pub(crate) user_id: String,
    /// The line with the password or token.
    pub(crate) login: String,
    /// `management.room`
    pub(crate) room: String,
    /// The end of the configuration file.
    pub(crate) more: String,
    /// Under what it runs.
    pub(crate) under: Under,
    /// Whether its configuration was written by somebody else, so that nothing above but `under` counts.
    pub(crate) is_configured: bool,
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
            user_id: BOT.to_owned(),
            login: format!("password = {PASSWORD:?}"),
            room,
            more: String::new(),
            under: Under::Nothing,
            is_configured: false,
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
        self.process = Some(Process::start(self.command(&["run"]), &self.path("log")));
    }

    /// From here on nothing can be written to a file: every write fails as on a disk that is full.
    pub(crate) fn fill_disk(&self) {
        self.limit("0:");
    }

    /// There is room again.
    pub(crate) fn make_room(&self) {
        self.limit("unlimited:");
    }

    fn limit(&self, size: &str) {
        assert_eq!(self.under, Under::Quota);
        let id = self.process.as_ref().expect("the bot is not running").child.id().to_string();
        let limit = format!("--fsize={size}");
        assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap().success());
    }

    /// Runs the binary on its folder, running or not, with other arguments, to the end: its exit code and what it prints.
    pub(crate) fn cli(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    /// The binary with its configuration, and these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_gleipnir");
        let mut command = match self.under {
            Under::Nothing => Command::new(binary),
            // The signal that comes with a write beyond the limit would end it; a full disk sends none.
            Under::Quota | Under::FullDisk => {
                let limit = if self.under == Under::FullDisk { "ulimit -S -f 0; " } else { "" };
                let mut command = Command::new("sh");
                command.arg("-c").arg(format!("trap '' XFSZ; {limit}exec \"$0\" \"$@\"")).arg(binary);
                command
            }
            Under::Nobody => {
                // Where everybody can reach it.
                let copy = self.path("gleipnir");
                if !copy.exists() {
                    fs::copy(binary, &copy).unwrap();
                }
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
                command
            }
        };
        command.arg("--config").arg(self.configure()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Starts a process beside it, on the same folder, that is to end by itself: its exit code and its log.
    pub(crate) async fn another(&self) -> (i32, String) {
        let log = self.path("another-log");
        let mut process = Process::start(self.command(&["run"]), &log);
        let code = process.ended().await;
        (code, fs::read_to_string(log).unwrap())
    }

    /// Whether it was started, and has not ended by itself.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.child.try_wait().unwrap().is_none())
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

    /// Sends it a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
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

    /// Writes its configuration file, which it does not read by itself: where it is.
    pub(crate) fn configure(&self) -> PathBuf {
        let Self { url, user_id, login, room, more, .. } = self;
        let text = format!(
            "[homeserver]\nurl = {url:?}\nuser_id = {user_id:?}\n{login}\n[management]\nroom = {room:?}\n\
             [storage]\npath = \"data\"\n{more}\n"
        );
        let path = self.path("config.toml");
        if !self.is_configured {
            fs::write(&path, text).unwrap();
        }
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
    fn start(mut command: Command, log: &Path) -> Self {
        let mut log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        // Through a pipe: it may not be able to write to files.
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = child.stderr.take().unwrap();
        thread::spawn(move || io::copy(&mut said, &mut log));
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
                // The last words are on their way.
                tokio::time::sleep(10 * LOOK).await;
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

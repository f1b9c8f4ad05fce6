//! The bot's process, and what it takes: memory and CPU, as the kernel counts them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use throwaway_synapse::PASSWORD;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// The kernel counts CPU time in these (`USER_HZ`, the same on every Linux that Rust runs on).
const TICKS_PER_SECOND: f64 = 100.0;

/// The folder of a bot: its configuration, its data and its log.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Home {
    /// A bot that was never started, which tells everything that changes in these rooms.
    pub(crate) fn new(url: &str, user: &str, room: &str, all_of: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("config.toml");
        let rooms = all_of.iter().map(|room| format!("{room:?} = \"all\"\n")).collect::<Vec<_>>().concat();
        let text = format!(
            "[homeserver]\nurl = {url:?}\nuser_id = {user:?}\npassword = {PASSWORD:?}\n[management]\nroom = {room:?}\n\
             [storage]\npath = \"data\"\n[feed.rooms]\n{rooms}"
        );
        fs::write(&config, text)?;
        Ok(Self { folder, config })
    }

    /// How much the bot has on disk, in bytes: its own database and the SDK's store.
    pub(crate) fn on_disk(&self) -> anyhow::Result<u64> {
        size_of(&self.folder.path().join("data"))
    }
}

fn size_of(folder: &Path) -> anyhow::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        size += if about.is_dir() { size_of(&entry.path())? } else { about.len() };
    }
    Ok(size)
}

/// A running bot; killed on drop.
pub(crate) struct Bot {
    child: Child,
    watchdog: Child,
    log: PathBuf,
    started: Instant,
}

/// What a process has taken so far.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Resident memory, in MiB.
    pub(crate) memory: u64,
    /// The most of it since [`Bot::forget_peak`], in MiB.
    pub(crate) peak: u64,
    /// CPU time since the start, in seconds.
    pub(crate) cpu: f64,
}

impl Bot {
    pub(crate) fn start(home: &Home) -> anyhow::Result<Self> {
        let log = home.folder.path().join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gleipnir"));
        let child = command
            .arg("--config")
            .arg(&home.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        // No `Drop` runs in a bench that is killed; but then this pipe is closed.
        let watchdog = Command::new("sh")
            .args(["-c", "read _; kill -s KILL $0", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, watchdog, log, started: Instant::now() })
    }

    /// Waits until it is at work; how long that took from its start on.
    pub(crate) async fn at_work(&mut self, patience: Duration) -> anyhow::Result<Duration> {
        loop {
            let log = self.log()?;
            if log.contains("at work in the management room") {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the bot ended with {status}:\n{log}");
            }
            ensure!(self.started.elapsed() < patience, "the bot is not at work after {patience:?}:\n{log}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The log of this run.
    pub(crate) fn log(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.log)?).into_owned())
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let proc = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.child.id()));
        let status = proc("status")?;
        let field = |name: &str| -> Option<u64> {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let stat = proc("stat")?;
        // Behind the name, which may have spaces, the first field is the third one of proc(5); utime and stime are 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("/proc/*/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        let ticks: u32 = ticks.sum::<Result<_, _>>()?;
        Ok(Usage {
            memory: field("VmRSS").context("VmRSS")? / 1024,
            peak: field("VmHWM").context("VmHWM")? / 1024,
            cpu: f64::from(ticks) / TICKS_PER_SECOND,
        })
    }

    /// From here on, another peak of memory counts.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // The watchdog first: once the child is reaped, its ID may be another's.
        for process in [&mut self.watchdog, &mut self.child] {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

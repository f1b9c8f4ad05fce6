//! One running Synapse: its start, which is awaited, and its end, which is certain.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::net::UnixDatagram;

use crate::config;

/// Runs Synapse, and ends it when standard input ends: no `Drop` runs in a process that is killed.
const LAUNCHER: &str = include_str!("launcher.py");

/// A start takes one or two seconds; a busy machine may need many times that.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// More than the five seconds after which the launcher loses patience itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many lines of the log an error shows.
const LOG_TAIL_LINES: usize = 40;

/// A running Synapse; killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    // The standard library's, as tokio's would be tied to the runtime of the test that started it.
    child: Child,
}

/// Why Synapse did not start.
pub(crate) enum StartError {
    /// Someone else has the port.
    PortTaken,
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for StartError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Process {
    /// Starts Synapse on the configuration in `data_dir`, and returns when it answers requests.
    pub(crate) async fn start(python: &Path, data_dir: &Path) -> Result<Self, StartError> {
        let log_path = data_dir.join(config::LOG_FILE);
        let log = OpenOptions::new().create(true).append(true).open(&log_path)?;
        let log_start = log.metadata()?.len();

        // Synapse tells systemd when it is ready. To ask its port instead might reach somebody else's server.
        let notify_path = data_dir.join("notify.sock");
        match fs::remove_file(&notify_path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let notify = UnixDatagram::bind(&notify_path).context("cannot listen for Synapse's readiness")?;

        let child = Command::new(python)
            .args(["-I", "-c", LAUNCHER])
            .arg(data_dir)
            .current_dir(data_dir)
            .env("NOTIFY_SOCKET", &notify_path)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the owner; the launcher notices when the owner ends.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let mut process = Self { child };

        let deadline = Instant::now() + START_TIMEOUT;
        let mut message = [0; 256];
        loop {
            let received = tokio::time::timeout(POLL_INTERVAL, notify.recv(&mut message)).await;
            if let Ok(length) = received
                && message[..length?].starts_with(b"READY=1")
            {
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                let log = log_since(&log_path, log_start)?;
                if log.contains("CannotListenError") || log.contains("Address already in use") {
                    return Err(StartError::PortTaken);
                }
                return Err(StartError::Other(anyhow!(
                    "Synapse ended while it started ({status}). The end of its log:\n{}",
                    tail(&log)
                )));
            }
            if Instant::now() > deadline {
                return Err(StartError::Other(anyhow!(
                    "Synapse was not ready after {} s. The end of its log:\n{}",
                    START_TIMEOUT.as_secs(),
                    tail(&log_since(&log_path, log_start)?)
                )));
            }
        }
    }

    /// Has Synapse end in good order (SIGTERM).
    pub(crate) async fn stop(mut self) -> Result<ExitStatus> {
        if let Some(mut stdin) = self.child.stdin.take() {
            stdin.write_all(b"stop\n").context("cannot ask Synapse to stop; has it ended by itself?")?;
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        bail!("Synapse did not stop within {} s and was killed", STOP_TIMEOUT.as_secs())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already. The wait is for the SIGKILL to have its effect,
        // as nothing may write to the data folder while that is removed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The log after its first `start` bytes, which belong to an earlier run.
fn log_since(path: &Path, start: u64) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    Ok(String::from_utf8_lossy(&bytes[start..]).into_owned())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

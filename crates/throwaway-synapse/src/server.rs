//! A Synapse with its data folder and its port, both of which outlast a restart.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::config;
use crate::process::{Process, StartError};

/// How often a start is tried when others take the port first.
pub(crate) const PORT_ATTEMPTS: usize = 10;

/// How long to wait until a port that we had before is free again.
const PORT_RETRY_DELAY: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) struct Server {
    // Before the data, as fields are dropped in this order.
    process: Option<Process>,
    python: PathBuf,
    data: TempDir,
    port: u16,
}

/// Somebody else has the port that a server is named after, so that it needs another name.
#[derive(Debug, thiserror::Error)]
#[error("port {0} of 127.0.0.1, for other servers, was taken by someone else")]
pub(crate) struct NameTaken(u16);

impl Server {
    /// Starts Synapse on a free port, and on the port for other servers if it is to have one, with the data that is in
    /// the folder already.
    ///
    /// # Errors
    /// [`NameTaken`] inside when the port for other servers is not free.
    pub(crate) async fn start(
        python: &Path,
        data: TempDir,
        mut config: Value,
        federation_port: Option<u16>,
    ) -> Result<Self> {
        write_json(&data.path().join(config::LOG_CONFIG_FILE), &config::logging(data.path()))?;
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            config::listen_on(&mut config, port, federation_port);
            write_json(&data.path().join(config::CONFIG_FILE), &config)?;
            match Process::start(python, data.path()).await {
                Ok(process) => return Ok(Self { process: Some(process), python: python.into(), data, port }),
                // Another process has been quicker with a port, which was free a moment ago.
                Err(StartError::PortTaken) => {
                    if let Some(port) = federation_port.filter(|port| bind(*port).is_err()) {
                        bail!(NameTaken(port));
                    }
                }
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!("found no port of 127.0.0.1 that stayed free, in {PORT_ATTEMPTS} attempts")
    }

    /// Starts a stopped server again, on its own port.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "Synapse is running");
        for _ in 0..PORT_ATTEMPTS {
            match Process::start(&self.python, self.data.path()).await {
                Ok(process) => {
                    self.process = Some(process);
                    return Ok(());
                }
                Err(StartError::PortTaken) => tokio::time::sleep(PORT_RETRY_DELAY).await,
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!(
            "a port, {} or that for other servers, was taken by someone else while Synapse was stopped",
            self.port
        )
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        let status = process.stop().await?;
        ensure!(status.success(), "Synapse did not stop in good order: {status}");
        Ok(())
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// A temporary folder for the data of a server.
pub(crate) fn new_data_dir() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("throwaway-synapse-")
        .tempdir()
        .context("cannot create a temporary folder for Synapse")
}

fn free_port() -> Result<u16> {
    let [port] = free_ports()?;
    Ok(port)
}

/// Ports that are free, each another.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All are held until all are found.
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = bind(0).context("cannot find a free port")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// JSON is YAML too.
fn write_json(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, format!("{value:#}")).with_context(|| format!("cannot write {}", path.display()))
}

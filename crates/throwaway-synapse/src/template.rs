//! A freshly migrated database, made once per version of Synapse and copied for every server: to migrate takes
//! a second, and the background updates which follow would disturb the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use crate::config::{self, RateLimits};
use crate::install::{Installation, SYNAPSE_VERSION, both_outputs};
use crate::server::{self, Server};

/// Waits for the background updates, then copies the database.
const COPY_SCRIPT: &str = include_str!("template.py");

/// The path of the template, which is made first if there is none.
///
/// It holds neither signing key nor server name, so it serves any number of servers of any name.
pub(crate) async fn ensure(installation: Arc<Installation>) -> Result<PathBuf> {
    let template = installation.home.join(format!("template-{SYNAPSE_VERSION}.db"));
    if template.is_file() {
        return Ok(template);
    }
    let lock = tokio::task::spawn_blocking({
        let installation = Arc::clone(&installation);
        move || installation.lock()
    });
    let _lock = lock.await.context("waiting for the lock panicked")??;
    // Whoever had the lock before may have made it.
    if !template.is_file() {
        make(&installation, &template).await?;
    }
    Ok(template)
}

async fn make(installation: &Installation, template: &Path) -> Result<()> {
    let data = server::new_data_dir()?;
    let config = config::homeserver(data.path(), RateLimits::Lifted, &[]);
    let server = Server::start(&installation.python, data, config, None).await?;

    let unfinished = template.with_extension("new");
    // From an attempt that was interrupted; SQLite does not write over it.
    let _ = fs::remove_file(&unfinished);
    let mut copy = Command::new(&installation.python);
    copy.args(["-I", "-c", COPY_SCRIPT]).arg(server.data_dir().join(config::DATABASE_FILE)).arg(&unfinished);
    let copied = tokio::task::spawn_blocking(move || copy.output())
        .await
        .context("copying the database panicked")?
        .context("cannot start Python")?;
    ensure!(copied.status.success(), "cannot copy a new database: {}", both_outputs(&copied));
    fs::rename(&unfinished, template).context("cannot put the template database in its place")
}

//! A database that is full already: thousands of rooms with their members, which would take hours through the API.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::install::{Installation, SYNAPSE_VERSION, announce, both_outputs};

/// Writes the events as Synapse would, by means of Synapse's own libraries.
const SCRIPT: &str = include_str!("crowd.py");

/// What the files are called that hold such databases.
const PREFIX: &str = "crowd-";

/// Rooms and members that are there from the start: [`Builder::crowd`](crate::Builder::crowd).
///
/// The rooms are public ones of version 12, called `Crowd <n>` from 0 on, each made by one of its members. One room in
/// 500 has a fiftieth of all memberships, nine in 500 have a five-hundredth, and the others share the rest evenly. The
/// members are `@member-<n>` from 0 on, a quarter as many as there are memberships, and have no password.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// How many rooms.
    pub rooms: u32,
    /// How many memberships all rooms have together; at least one each.
    pub memberships: u32,
    /// How many messages were written in each room.
    pub messages: u32,
    /// The full ID of an account that is in every room besides. It is not registered yet.
    pub member: String,
}

/// The path of such a database, which is made first if there is none: 100,000 memberships take a minute and a gigabyte.
/// Those that an older script made go.
pub(crate) async fn ensure(
    installation: Arc<Installation>,
    template: PathBuf,
    crowd: Crowd,
) -> Result<PathBuf> {
    let made = tokio::task::spawn_blocking(move || {
        let server_name = crowd.member.split_once(':').map(|(_, name)| name.to_owned());
        let crowd = json!({
            "server_name": server_name.with_context(|| format!("{} is no user ID", crowd.member))?,
            "rooms": crowd.rooms,
            "memberships": crowd.memberships,
            "messages": crowd.messages,
            "member": crowd.member,
        })
        .to_string();
        let made_by = format!("{PREFIX}{SYNAPSE_VERSION}-{:.12x}", Sha1::digest(SCRIPT));
        let path = installation.home.join(format!("{made_by}-{:.12x}.db", Sha1::digest(&crowd)));
        let _lock = installation.lock()?;
        if !path.is_file() {
            forget_others(&installation.home, &made_by)?;
            announce(&format!("throwaway-synapse: filling a database with {crowd}"));
            make(&installation.python, &template, &crowd, &path)?;
        }
        Ok(path)
    });
    made.await.context("making the database panicked")?
}

fn make(python: &Path, template: &Path, crowd: &str, path: &Path) -> Result<()> {
    let unfinished = path.with_extension("new");
    fs::copy(template, &unfinished).with_context(|| format!("cannot copy {}", template.display()))?;
    let script = Command::new(python).args(["-I", "-c", SCRIPT]).arg(&unfinished).arg(crowd).output();
    let output = script.with_context(|| format!("cannot start {}", python.display()))?;
    ensure!(output.status.success(), "cannot fill the database: {}", both_outputs(&output));
    fs::rename(&unfinished, path).context("cannot put the filled database in its place")
}

fn forget_others(home: &Path, made_by: &str) -> Result<()> {
    for entry in fs::read_dir(home).with_context(|| format!("cannot read {}", home.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PREFIX) && !name.starts_with(made_by) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

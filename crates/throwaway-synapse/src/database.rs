//! Writing straight into the database: for what would take hours through the API.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{Synapse, config};

/// Synapse's own Python knows SQLite; this package need not. Waits half a minute for a database that is being written to.
const SCRIPT: &str = "import sqlite3, sys\n\
                      with sqlite3.connect(sys.argv[1], timeout=30) as db: db.executescript(sys.argv[2])";

impl Synapse {
    /// Runs SQL statements on the database. Synapse may be running; what it has read before it may keep in mind.
    ///
    /// # Errors
    /// When SQLite refuses a statement.
    pub async fn sql(&self, statements: &str) -> Result<()> {
        let (python, database) = (self.python().to_owned(), self.data_dir().join(config::DATABASE_FILE));
        let statements = statements.to_owned();
        tokio::task::spawn_blocking(move || run(&python, &database, &statements)).await?
    }

    /// Adds so many rooms that nobody made: enough for the lists and details of the admin API, in a second instead of
    /// hours. The n-th (from 1) is called `Room <n>`, has n members, none of them of this server, and an ID of room
    /// version 12; it has no events.
    ///
    /// # Errors
    /// When Synapse's tables are others than those of 1.163.
    pub async fn add_rooms(&self, count: u32) -> Result<()> {
        let numbers =
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
        // As of room version 12, behind the "!" there are 43 characters.
        let id = "printf('!Room%039d', i)";
        self.sql(&format!(
            "{numbers} INSERT INTO rooms (room_id, is_public, creator, room_version, has_auth_chain_index)
               SELECT {id}, 0, '@far:other.test', '12', 1 FROM n;
             {numbers} INSERT INTO room_stats_state (room_id, name, join_rules, history_visibility, is_federatable)
               SELECT {id}, 'Room ' || i, 'public', 'shared', 1 FROM n;
             {numbers} INSERT INTO room_stats_current (room_id, current_state_events, joined_members, invited_members,
                 left_members, banned_members, local_users_in_room, completed_delta_stream_id)
               SELECT {id}, 9, i, 0, 0, 0, 0, 0 FROM n;"
        ))
        .await
    }
}

fn run(python: &Path, database: &Path, statements: &str) -> Result<()> {
    let script = Command::new(python).args(["-c", SCRIPT]).arg(database).arg(statements).output();
    let output = script.with_context(|| format!("cannot start {}", python.display()))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the database refuses: {}", error.trim_end());
    Ok(())
}

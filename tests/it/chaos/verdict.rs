//! What is found wrong at the end. Everything is looked at, so that one failure shows all of them.

mod answers;
mod effects;
mod reported;
mod told;

use std::time::Duration;

use throwaway_synapse::User;

use super::strand::{Notes, Watched};
use crate::support::Scene;

/// What is still to be done, by the bot's own database.
const IDLE: &str = "SELECT NOT EXISTS (SELECT 1 FROM inbox WHERE handled = 0) \
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE version > sent) \
                    AND NOT EXISTS (SELECT 1 FROM plans WHERE state IN ('proposed', 'running')) \
                    AND NOT EXISTS (SELECT 1 FROM watched WHERE told = 0 AND digest IS NULL) \
                    AND NOT EXISTS (SELECT 1 FROM gaps) AND NOT EXISTS (SELECT 1 FROM forwarded)";

/// Longer than anything lasts that is for a time.
const HOURS: &str = "10800000";

/// Who judges, and of what.
pub(super) struct Verdict<'a> {
    pub(super) scene: &'a mut Scene,
    pub(super) notes: &'a Notes,
    pub(super) rooms: &'a [Watched; 2],
    pub(super) owner: &'a User,
}

impl Verdict<'_> {
    /// Waits until nothing is left to do, lets what is for a time be over, and says what is wrong then.
    pub(super) async fn given(mut self) -> Vec<String> {
        self.idle().await;
        self.time_passes().await;
        self.idle().await;
        let mut found = Vec::new();
        found.extend(answers::wrong(&self));
        found.extend(answers::jobs_wrong(&self));
        found.extend(reported::wrong(&self));
        found.extend(told::wrong(&self).await);
        found.extend(effects::wrong(&self).await);
        found.extend(self.audit_wrong().await);
        found
    }

    /// Waits until the bot has read all that happened, and has nothing to do.
    async fn idle(&self) {
        let filed = reported::filed(self.scene);
        let all = format!("SELECT count(*) = {} FROM reports WHERE kind IN ('event', 'user')", filed.len());
        self.scene.bot.knows(&all).await;
        // What was sent before it is read by then.
        self.scene.moderator.good("!version", "on Synapse").await;
        self.scene.bot.knows(IDLE).await;
        self.scene.moderator.good("!jobs", "Nothing is under way.").await;
        self.scene.bot.knows(IDLE).await;
    }

    /// What was to last for hours is over, while the bot was away; and it is killed when it ends it.
    async fn time_passes(&mut self) {
        let bot = &mut self.scene.bot;
        bot.kill();
        let lasting = {
            let database = bot.database();
            let mut lasting = database.prepare("SELECT id FROM plans WHERE lasts IS NOT NULL").unwrap();
            let lasting = lasting.query_map([], |row| row.get(0)).unwrap();
            lasting.map(Result::unwrap).collect::<Vec<u64>>()
        };
        for id in &lasting {
            bot.tamper(&format!("UPDATE plans SET changed_at = changed_at - {HOURS} WHERE id = {id}"));
        }
        for _ in 0..2 {
            bot.start().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            bot.kill();
        }
        bot.start().await;
        let ended = format!(
            "SELECT count(*) = {} FROM plans WHERE event_id LIKE 'ending %' AND state = 'done'",
            lasting.len()
        );
        bot.knows(&ended).await;
    }

    /// The audit has a row for each step of each job.
    async fn audit_wrong(&self) -> Option<String> {
        let command = self.scene.moderator.say("!audit --file=json").await;
        let (_, json) = self.scene.moderator.file(&command).await;
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        let database = self.scene.bot.database();
        let steps: usize = database.query_row("SELECT count(*) FROM steps", [], |row| row.get(0)).unwrap();
        (rows.len() != steps).then(|| format!("the audit has {} rows of {steps} steps", rows.len()))
    }
}

//! What may happen to the bot's session, its account and the management room: what it does then, what its log says, and
//! how it ends where it cannot go on.

mod accounts;
mod rooms;
mod tokens;
mod upgrades;

use serde_json::json;
use throwaway_synapse::path_part;

use crate::support::{BOT, Scene};

impl Scene {
    /// The devices that the bot is logged in with.
    async fn devices(&self) -> Vec<String> {
        let path = format!("/_synapse/admin/v2/users/{}/devices", path_part(BOT));
        let answer = self.admin.get(&path).await.unwrap();
        let devices = answer["devices"].as_array().unwrap().iter();
        devices.map(|device| device["device_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Logs the bot out everywhere.
    pub(crate) async fn log_out(&self) {
        for device in self.devices().await {
            let path = format!("/_synapse/admin/v2/users/{}/devices/{}", path_part(BOT), path_part(&device));
            self.admin.delete(&path, json!({})).await.unwrap();
        }
    }

    /// How often the log of this run has some words.
    fn times_logged(&self, words: &str) -> usize {
        self.bot.log_of_run().matches(words).count()
    }
}

//! The network and the homeserver on a bad day: every kind of fault in every kind of work, all at once, or nothing at all
//! for minutes. The bot stays the same process, does what it was asked for once, says it once, and agrees with the server.
//!
//! Environment variables make the runs longer: `GLEIPNIR_STORM_SECONDS` (10 unless given), `GLEIPNIR_AWAY_SECONDS` (62 unless
//! given), `GLEIPNIR_ALL_FAULTS=1` (every fault in every kind of work, not every second one) and `GLEIPNIR_ALL_ODD=1` (every
//! odd value in every field, not every third); `GLEIPNIR_SEED` is where the chances of the storm come from.

mod away;
mod faults;
mod malformed;
mod slow;
mod storm;

use serde_json::json;
use throwaway_synapse::{User, path_part};

use crate::support::{Answer, BOT, Kind, Proxy, Scene, until};

/// A number from the environment, for longer runs.
fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var_os(name).and_then(|value| value.to_str()?.parse().ok()).unwrap_or(otherwise)
}

/// Quick looks at reports, everything told, and no time lost with what does not answer.
const CONFIGURATION: &str = "[reports]\npoll_interval = \"1s\"\n[feed]\ndefault = \"all\"";

/// A scene with a proxy between bot and server; the bot is not started.
async fn behind_a_proxy() -> Option<(Scene, Proxy)> {
    let mut scene = Scene::new(Kind::Open).await?;
    let proxy = Proxy::new(scene.synapse.url()).await;
    scene.bot.url = proxy.url();
    CONFIGURATION.clone_into(&mut scene.bot.more);
    Some((scene, proxy))
}

/// Starts the bot, and waits until it takes reports.
async fn start(scene: &mut Scene) {
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
}

/// A room of the moderator that the bot is in with all power, and these members.
async fn watched(scene: &Scene, name: &str, members: &[User]) -> String {
    let m = &scene.moderator;
    let power = json!({"users": {&m.user.user_id: 100, BOT: 100}});
    let request = json!({"preset": "public_chat", "name": name, "room_version": "11", "invite": [BOT],
        "power_level_content_override": power});
    let room = m.user.create_room(request).await.unwrap();
    m.hears(&format!("`{room}`): I am in it now, and watch it.")).await;
    for member in members {
        member.join(&room).await.unwrap();
    }
    room
}

async fn report(by: &User, room: &str, event: &str, reason: &str) {
    let path = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(room), path_part(event));
    by.post(&path, json!({"reason": reason})).await.unwrap();
}

async fn kick(by: &User, room: &str, user: &str) {
    let path = format!("/_matrix/client/v3/rooms/{}/kick", path_part(room));
    by.post(&path, json!({"user_id": user})).await.unwrap();
}

async fn membership(asking: &User, room: &str, user: &str) -> String {
    let content = asking.state(room, "m.room.member", user).await.unwrap();
    content["membership"].as_str().unwrap_or_default().to_owned()
}

/// What answers a command, without how far it is.
fn answers(scene: &Scene, command: &str) -> Vec<Answer> {
    let mut answers = scene.moderator.replies(command);
    let is_progress = |text: &str| {
        text == "I have read what I needed." || (text.starts_with("Read ") && text.ends_with('…'))
    };
    answers.retain(|answer| !is_progress(&answer.text));
    answers
}

/// Waits until a command is answered; the first answer.
async fn answered(scene: &Scene, command: &str) -> Answer {
    until(&format!("an answer to {command}"), async || !answers(scene, command).is_empty()).await;
    answers(scene, command).swap_remove(0)
}

/// One process all the time, which had no trouble that it did not expect.
fn is_the_same_and_well(scene: &Scene) {
    let log = scene.bot.log_of_run();
    assert_eq!(log.matches("Gleipnir 0.1.0 for").count(), 1);
    for words in ["panicked", "ERROR", "something in me"] {
        assert!(!log.contains(words), "{words} in the log:\n{log}");
    }
}

//! Access tokens end: revoked, expired, again and again.

use std::fs;

use serde_json::Value;
use throwaway_synapse::path_part;

use crate::support::{BOT, Kind, Scene, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_replaced_by_a_new_login_until_that_is_pointless() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    scene.moderator.good("!version", "Gleipnir").await;
    let device = scene.devices().await;
    scene.log_out().await;
    // The server tells nobody who waits for news; what is said next is, and is answered by the new device.
    let m = &scene.moderator;
    let commands =
        [m.say("!block !x:hs.test").await, m.say("!blocked !x:hs.test").await, m.say("!version").await];
    scene
        .bot
        .logs("the homeserver has ended my session: my access token was revoked; connecting again")
        .await;
    scene.bot.logs("how=NewDevice").await;
    let m = &scene.moderator;
    m.hears("I am a new device now").await;
    for (command, words) in commands.iter().zip(["block – done", "is blocked", "Gleipnir"]) {
        m.answer(command, words).await;
        assert_eq!(m.replies(command).len(), 1, "{words}");
    }
    m.good("!status", "this device is signed by my identity").await;
    assert_ne!(scene.devices().await, device);
    assert_eq!(scene.times_logged("Gleipnir 0.1.0 for"), 1, "one process");

    // Somebody does not want it here.
    let mut ended = 1;
    while ended < 4 && scene.times_logged("times within 10 minutes") == 0 {
        let before = scene.times_logged("at work in the management room");
        scene.log_out().await;
        ended += 1;
        scene.moderator.say("!version").await;
        until("the bot connects again, or gives up", async || {
            scene.times_logged("times within 10 minutes") > 0
                || scene.times_logged("at work in the management room") > before
        })
        .await;
    }
    assert_eq!(scene.bot.ended().await, 1);
    let log = scene.bot.log_of_run();
    assert!(log.contains("the homeserver ended my session 3 times within 10 minutes"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_renewed_with_a_password_and_ends_a_bot_without() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    scene.moderator.good("!version", "Gleipnir").await;
    let devices = scene.devices().await;
    let session = fs::read(scene.bot.path("data/matrix/session.json")).unwrap();
    let session: Value = serde_json::from_slice(&session).unwrap();
    expire(&scene, session["access_token"].as_str().unwrap()).await;
    let missed = scene.moderator.say("!blocked !x:hs.test").await;
    scene
        .bot
        .logs("the homeserver has ended my session: my access token has expired; connecting again")
        .await;
    scene.bot.logs("how=Restored").await;
    scene.moderator.answer(&missed, "is not blocked").await;
    assert_eq!(scene.moderator.replies(&missed).len(), 1);
    assert_eq!(scene.devices().await, devices);
    assert_eq!(scene.times_logged("Gleipnir 0.1.0 for"), 1, "one process");
    let log = scene.bot.log_of_run();
    let connected: Vec<String> = log.lines().filter_map(device).collect();
    assert!(connected.len() >= 2 && connected.iter().all(|device| *device == connected[0]), "{connected:?}");
    assert_eq!(scene.moderator.said().iter().filter(|said| said.text.contains("new device")).count(), 0);
    assert_eq!(scene.bot.stop().await, 0);

    let mut bot = crate::support::Bot::new(scene.synapse.url(), scene.moderator.room.clone());
    let device = scene.synapse.login("gleipnir").await.unwrap();
    bot.login = format!("access_token = {:?}", device.access_token);
    bot.start().await;
    expire(&scene, &device.access_token).await;
    // The server tells nobody who waits for news.
    scene.moderator.say("!version").await;
    assert_eq!(bot.ended().await, 2);
    let log = bot.log_of_run();
    let words = "M_UNKNOWN_TOKEN: Access token has expired. A token with a lifetime is not for a bot: configure the \
                 password, or a token that does not expire";
    assert!(log.contains(words), "{log}");
}

/// Lets a token of the bot expire.
async fn expire(scene: &Scene, token: &str) {
    scene.tamper("UPDATE access_tokens SET valid_until_ms = 1 WHERE token = ?", &[token]);
    // The server forgets what it knows of the tokens of a user whom it changes: the bot is no longer what it never was.
    let path = format!("/_synapse/admin/v1/users/{}/shadow_ban", path_part(BOT));
    scene.admin.delete(&path, Value::Null).await.unwrap();
}

/// The device of a line of the log that says that the bot is connected.
fn device(line: &str) -> Option<String> {
    let (_, device) = line.split_once("connected device=")?;
    Some(device.split_whitespace().next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_token_that_is_revoked_ends_the_bot() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let device = scene.synapse.login("gleipnir").await.unwrap();
    scene.bot.login = format!("access_token = {:?}", device.access_token);
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    scene.log_out().await;
    let missed = scene.moderator.say("!block !x:hs.test").await;
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(
        log.contains("the homeserver refused the access token of @gleipnir:hs.test: M_UNKNOWN_TOKEN"),
        "{log}"
    );
    assert!(log.contains("It was revoked, or its device was logged out: configure a new one"), "{log}");
    // What it did not come to is done with the next token.
    let device = scene.synapse.login("gleipnir").await.unwrap();
    scene.bot.login = format!("access_token = {:?}", device.access_token);
    scene.bot.start().await;
    scene.moderator.answer(&missed, "block – done").await;
    assert_eq!(scene.moderator.replies(&missed).len(), 1);
}

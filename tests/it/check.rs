//! `gleipnir check` on a real homeserver: each thing good and bad, beside a running bot and without one.

use serde_json::{Value, json};
use throwaway_synapse::{Role, Synapse, pair_or_skip, path_part};

use crate::support::{BOT, Bot, Kind, Scene, Under, strings};

/// Checks; the exit code and the lines.
fn check(bot: &Bot, arguments: &[&str]) -> (i32, String) {
    bot.cli(&[&["check"], arguments].concat())
}

#[track_caller]
fn says(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
}

/// The IDs of the bot's devices.
async fn devices(scene: &Scene) -> Vec<String> {
    let path = format!("/_synapse/admin/v2/users/{}/devices", path_part(BOT));
    let answer = scene.admin.get(&path).await.unwrap();
    let devices = answer["devices"].as_array().unwrap().iter().map(|device| device["device_id"].clone());
    let mut devices = strings(&devices.collect());
    devices.sort();
    devices
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_seen_bad_and_good() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    // Before the first start.
    let before = devices(&scene).await;
    let (code, said) = check(&scene.bot, &[]);
    says(
        &said,
        &[
            "✔ configuration: ",
            "✔ URL: a homeserver answers at http://127.0.0.1:",
            "✔ TLS: plain HTTP, which does not leave this machine",
            "✔ clock: ",
            "✔ admin API: ",
            "✔ versions: Synapse 1.",
            "✔ authentication: the homeserver decides about logins itself",
            "✔ login: @gleipnir:hs.test, by its password",
            "✔ admin rights: @gleipnir:hs.test is a server admin",
            "⚠ rate limit: that of the server holds for @gleipnir:hs.test",
            "⚠ management room: @gleipnir:hs.test is invited to “Moderators”",
            "⚠ encryption: the management room is not encrypted",
            "✔ power: the bot has power 0 and can write; who can act: @mod:hs.test",
            "is made at the first start",
            "✔ database: there is none yet",
            "✔ report rules: none",
            "To be improved (⚠): 3.",
        ],
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(devices(&scene).await, before, "a check leaves no device behind");

    // Beside a bot.
    scene.bot.start().await;
    let before = devices(&scene).await;
    scene.bot.more =
        "[[reports.rules]]\nname = \"all\"\nwhen = { author = \"*\" }\ndo = \"redact\"".to_owned();
    let (code, said) = check(&scene.bot, &[]);
    says(
        &said,
        &[
            "✔ login: @gleipnir:hs.test, by the session of device ",
            "✔ management room: @gleipnir:hs.test is in “Moderators”",
            "(a bot is at work there, so nothing was written)",
            "✔ database: ",
            "⚠ report rules: “all” acts: redact; and that on every report",
        ],
    );
    assert_eq!((code, devices(&scene).await), (0, before), "{said}");
    scene.moderator.good("!version", "Gleipnir").await;

    // All is well.
    scene.bot.more = String::new();
    let encryption = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    let m = &scene.moderator;
    m.user.send_state(&m.room, "m.room.encryption", "", encryption).await.unwrap();
    let (_, said) = check(&scene.bot, &["--lift-rate-limit"]);
    says(&said, &["✔ rate limit: lifted just now for @gleipnir:hs.test"]);
    assert_eq!(scene.bot.stop().await, 0);
    let (code, said) = check(&scene.bot, &[]);
    says(&said, &["✔ rate limit: none for", "✔ encryption: ", "All is well."]);
    assert!(code == 0 && !said.contains(['⚠', '✘', '–']), "{said}");
    let (code, said) = check(&scene.bot, &["--json"]);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(code == 0 && lines.len() == 16, "{said}");
    assert!(lines.iter().all(|line| line["result"] == "good"), "{said}");

    // A full disk, a broken rule, a room without the bot, an account without rights.
    scene.bot.under = Under::FullDisk;
    let (code, said) = check(&scene.bot, &[]);
    says(&said, &["✘ storage: ", "cannot be written"]);
    assert_eq!(code, 1, "{said}");
    scene.bot.under = Under::Nothing;
    scene.bot.more = "[[reports.rules]]\nname = \"r\"\nwhen = {}\ndo = \"redact\"".to_owned();
    let (code, said) = check(&scene.bot, &[]);
    says(&said, &["✘ configuration: ", "line ", "it is empty", "– report rules: not checked, because"]);
    assert_eq!(code, 1, "{said}");
    scene.bot.more = String::new();
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", path_part(&m.room));
    m.user.post(&kick, json!({"user_id": BOT})).await.unwrap();
    let (code, said) = check(&scene.bot, &[]);
    says(
        &said,
        &["✘ management room: @gleipnir:hs.test is not in “Moderators”", "Invite @gleipnir:hs.test there"],
    );
    assert_eq!(code, 1, "{said}");
    let right = format!("/_synapse/admin/v1/users/{BOT}/admin");
    scene.admin.put(&right, json!({"admin": false})).await.unwrap();
    let (code, said) = check(&scene.bot, &[]);
    says(
        &said,
        &[
            "✘ admin rights: @gleipnir:hs.test is not a server admin",
            "UPDATE users SET admin = 1 WHERE name = '@gleipnir:hs.test';",
            "– management room: not checked, because the account cannot use the admin API",
            "✔ storage: ",
        ],
    );
    assert_eq!(code, 1, "{said}");
    scene.bot.login = "access_token = \"wrong\"".to_owned();
    let (_, said) = check(&scene.bot, &[]);
    says(&said, &["✘ login: ", "M_UNKNOWN_TOKEN", "– power: not checked, because the login failed"]);
    scene.bot.login = format!("access_token = {:?}", scene.admin.access_token);
    let (_, said) = check(&scene.bot, &[]);
    says(&said, &["✘ login: the access token belongs to @admin:hs.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_nobodys_is_not_trusted() {
    let Some((here, _there)) = pair_or_skip(Synapse::builder(), Synapse::builder()).await else { return };
    here.register("gleipnir", Role::Admin).await.unwrap();
    // The listener for other servers speaks TLS, with a certificate of its own making.
    let bot = Bot::new(&format!("https://{}", here.server_name()), "!a:hs.test".to_owned());
    let (code, said) = check(&bot, &[]);
    says(
        &said,
        &[
            "✔ URL: something answers at https://127.0.0.1:",
            "✘ TLS: there is no safe connection: invalid peer certificate",
            "– clock: not checked, because the homeserver is not reached",
            "– login: not checked, because the homeserver is not reached",
        ],
    );
    assert_eq!(code, 1, "{said}");
}

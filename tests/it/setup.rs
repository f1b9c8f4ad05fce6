//! `gleipnir setup` on a real homeserver: what it makes works, what is broken off can be gone on with, and what is there is
//! left alone.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use tempfile::TempDir;
use throwaway_synapse::{PASSWORD, Role, Synapse, path_part};

use crate::support::{BOT, Bot, Fault, Moderator, Proxy, strings};

/// Runs the binary in a folder with what is typed: its exit code, and what it says.
fn gleipnir(folder: &Path, arguments: &[&str], typed: &str) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gleipnir"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who ends early reads nothing.
    drop(child.stdin.take().unwrap().write_all(typed.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

#[track_caller]
fn says(said: &str, words: &[&str]) {
    for words in words {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

/// A folder with the server's registration secret in `secret`.
fn with_secret() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "throwaway\n").unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_set_up_and_works() {
    let Some(synapse) = Synapse::builder().start_or_skip().await else { return };
    let admin = synapse.register("admin", Role::Admin).await.unwrap();
    let user = synapse.register("mod", Role::User).await.unwrap();
    synapse.register("second", Role::User).await.unwrap();
    let mut bot = Bot::new(synapse.url(), String::new());
    bot.is_configured = true;
    let config = bot.path("config.toml");
    let folder = config.parent().unwrap();
    fs::write(folder.join("secret"), "throwaway\n").unwrap();
    let base = ["setup", "--yes", "--homeserver", synapse.url(), "--user", BOT];
    let registering = |more: &[&str]| {
        let arguments = [&base[..], &["--registration-secret-file", "secret"], more].concat();
        gleipnir(folder, &arguments, "")
    };

    // A typing error among the moderators, found when the account is made: it can be gone on with.
    let (code, said) = registering(&["--invite", "@nobody:hs.test"]);
    says(
        &said,
        &[
            "✔ made the account @gleipnir:hs.test, a server admin; its password is in ",
            "there is no account @nobody:hs.test",
            "What was made stays",
            "--user @gleipnir:hs.test --password-file ",
        ],
    );
    assert!(code == 1 && !config.exists(), "{said}");
    let (code, said) = registering(&["--invite", "@mod:hs.test"]);
    says(&said, &["gleipnir-password is there already", "--password-file"]);
    assert_eq!(code, 1);
    let more =
        ["--password-file", "gleipnir-password", "--invite", "@mod:hs.test", "--invite", "@second:hs.test"];
    let (code, said) = gleipnir(folder, &[&base[..], &more].concat(), "");
    says(
        &said,
        &[
            "✔ logged in as @gleipnir:hs.test",
            "✔ made the management room “Moderators” (!",
            "), encrypted",
            "✔ invited @mod:hs.test",
            "✔ wrote config.toml",
            "All is well.",
            "Next: start it with: gleipnir --config config.toml",
        ],
    );
    assert!(code == 0 && !said.contains(['⚠', '✘', '–']), "{said}");
    let text = fs::read_to_string(&config).unwrap();
    says(
        &text,
        &["password_file = \"gleipnir-password\"", "path = \"data\"", "user_id = \"@gleipnir:hs.test\""],
    );

    // What is there is left alone.
    let (code, said) = registering(&["--invite", "@mod:hs.test"]);
    says(&said, &["config.toml is there already", "--force"]);
    assert_eq!((code, fs::read_to_string(&config).unwrap()), (1, text.clone()));
    let joined = format!("/_synapse/admin/v1/users/{}/joined_rooms", path_part(BOT));
    let rooms = strings(&admin.get(&joined).await.unwrap()["joined_rooms"]);
    assert_eq!(rooms.len(), 1, "{rooms:?}");
    let devices = format!("/_synapse/admin/v2/users/{}/devices", path_part(BOT));
    let left = admin.get(&devices).await.unwrap();
    // That of the registration was broken off only after it was logged out.
    assert_eq!(left["devices"], json!([]), "{left}");

    // The bot, and a moderator.
    let (code, said) = bot.cli(&["check"]);
    assert!(code == 0 && said.contains("All is well."), "{said}");
    user.join(&rooms[0]).await.unwrap();
    let levels = user.state(&rooms[0], "m.room.power_levels", "").await.unwrap();
    assert_eq!(
        (&levels["users"]["@mod:hs.test"], &levels["users"]["@second:hs.test"]),
        (&json!(100), &json!(50))
    );
    let moderator = Moderator::encrypted(&synapse, user, rooms[0].clone()).await;
    bot.start().await;
    moderator.good("!version", "Gleipnir").await;
    // It never was at work there, so nothing is lost.
    assert!(!moderator.transcript().contains("My storage folder is new"), "{}", moderator.transcript());
    assert_eq!(bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_through_a_pipe() {
    let Some(synapse) = Synapse::builder().start_or_skip().await else { return };
    let user = synapse.register("mod", Role::User).await.unwrap();
    let folder = with_secret();
    let typed = format!(
        "{}\n@gleipnir:hs.test\n1\nthrowaway\n\nThe “quoted” room\nn\n@mod:hs.test\ndata\n",
        synapse.url()
    );
    let (code, said) = gleipnir(folder.path(), &["--config", "bot.toml", "setup"], &typed);
    says(
        &said,
        &[
            "Where does the homeserver answer?",
            "How does the bot get into that account?",
            "✔ made the account @gleipnir:hs.test",
            "✔ made the management room “The “quoted” room”",
            "not encrypted",
            "⚠ encryption: ",
            "The bot can work.",
            "Next: start it with: gleipnir --config bot.toml",
        ],
    );
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("throwaway"), "{said}");
    let password = fs::read_to_string(folder.path().join("gleipnir-password")).unwrap();
    assert!(password.trim_end().len() >= 20 && !said.contains(password.trim_end()), "{said}");

    // A room that is there, into which the bot is invited; and an account that is there, by a token.
    let bot = synapse.register("other", Role::Admin).await.unwrap();
    let room = user.create_room(json!({"preset": "private_chat", "name": "Older"})).await.unwrap();
    let typed = format!("3\n{}\n{room}\n\n", bot.access_token);
    let arguments =
        ["--config", "other.toml", "setup", "--homeserver", synapse.url(), "--user", "@other:hs.test"];
    let (code, said) = gleipnir(folder.path(), &arguments, &typed);
    says(
        &said,
        &[
            "the access token is that of @other:hs.test",
            "is not let into",
            "✘ management room: @other:hs.test is not in",
        ],
    );
    assert_eq!(code, 1, "{said}");
    assert!(!said.contains(&bot.access_token), "{said}");
    user.invite(&room, "@other:hs.test").await.unwrap();
    let (code, said) = gleipnir(folder.path(), &["--config", "other.toml", "check"], "");
    says(
        &said,
        &["✔ login: @other:hs.test, by the access token of device", "⚠ management room: ", "is invited"],
    );
    assert_eq!(code, 0, "{said}");
    // Now it is let in. The token is in a file already.
    let arguments =
        [&arguments[..], &["--force", "--yes", "--access-token-file", "gleipnir-token", "--room", &room]]
            .concat();
    let (code, said) = gleipnir(folder.path(), &arguments, "");
    says(&said, &["✔ joined the management room", "✔ management room: @other:hs.test is in “Older”"]);
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(folder.path().join("other.toml")).unwrap();
    says(&text, &["access_token_file = \"gleipnir-token\"", &room]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_set_up_is_said_and_leaves_nothing() {
    let Some(synapse) = Synapse::builder().start_or_skip().await else { return };
    synapse.register("gleipnir", Role::Admin).await.unwrap();
    let folder = with_secret();
    fs::write(folder.path().join("wrong"), "wrong").unwrap();
    fs::write(folder.path().join("password"), PASSWORD).unwrap();
    let here = synapse.url();
    let nowhere = "http://127.0.0.1:1";
    for (homeserver, user, access, words) in [
        (here, "@new:hs.test", ["--registration-secret-file", "wrong"], "registration_shared_secret"),
        (
            here,
            BOT,
            ["--registration-secret-file", "secret"],
            "there is an account @gleipnir:hs.test already",
        ),
        (
            nowhere,
            BOT,
            ["--registration-secret-file", "secret"],
            "there is no connection to http://127.0.0.1:1/",
        ),
        (here, BOT, ["--password-file", "wrong"], "does not accept the password of @gleipnir:hs.test"),
        (here, BOT, ["--access-token-file", "wrong"], "does not accept the access token"),
        (here, BOT, ["--password-file", "none"], "cannot read --password-file none"),
        (here, "gleipnir", ["--password-file", "password"], "is no user"),
        (here, BOT, ["--password-file", "password"], "--invite is missing"),
    ] {
        let arguments =
            [&["setup", "--yes", "--homeserver", homeserver, "--user", user][..], &access].concat();
        let invite: &[&str] =
            if words.starts_with("--invite") { &[] } else { &["--invite", "@mod:example.org"] };
        let (code, said) = gleipnir(folder.path(), &[&arguments, invite].concat(), "");
        says(&said, &[words]);
        assert!(code != 0 && !said.contains("panicked"), "{said}");
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["password", "secret", "wrong"], "{said}");
    }
    // Nothing here needs a configuration.
    for arguments in [&["man"][..], &["completions", "zsh"], &["setup", "--help"], &["check", "--help"]] {
        let (code, said) = gleipnir(folder.path(), arguments, "");
        assert!(code == 0 && said.len() > 100, "{said}");
    }
}

/// Runs the binary in a folder, and interrupts it while the homeserver has such a request: its exit code, and what it says.
async fn interrupted(folder: &Path, arguments: &[&str], proxy: &Proxy, on: &str) -> (i32, String) {
    let held = proxy.fail(&[on], Fault::Held, 1);
    let child = Command::new(env!("CARGO_BIN_EXE_gleipnir"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    proxy.hit(held).await;
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    proxy.heal();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_interrupts_is_told_what_stays_and_what_nobody_knows() {
    let Some(synapse) = Synapse::builder().start_or_skip().await else { return };
    synapse.register("mod", Role::User).await.unwrap();
    let proxy = Proxy::new(synapse.url()).await;
    let (folder, url) = (with_secret(), proxy.url());
    let folder = folder.path();
    let base = ["setup", "--yes", "--homeserver", &url, "--user", BOT, "--invite", "@mod:hs.test"];
    let registering = [&base[..], &["--registration-secret-file", "secret"]].concat();
    let (code, said) = interrupted(folder, &registering, &proxy, "POST /_synapse/admin/v1/register").await;
    says(
        &said,
        &[
            "interrupted. No configuration was written. Nobody knows whether @gleipnir:hs.test was made.",
            "--password-file gleipnir-password",
        ],
    );
    assert!(code == 1 && folder.join("gleipnir-password").exists(), "{said}");
    // It was not.
    fs::remove_file(folder.join("gleipnir-password")).unwrap();
    let (code, said) = interrupted(folder, &registering, &proxy, "POST /_matrix/client/v3/createRoom").await;
    says(
        &said,
        &[
            "✔ made the account @gleipnir:hs.test",
            "✔ lifted the rate limit",
            "interrupted. No configuration was written. What was made stays",
            "--user @gleipnir:hs.test --password-file gleipnir-password. Nobody knows whether the management room was made.",
            "add --room and the ID of that room",
        ],
    );
    assert_eq!(code, 1, "{said}");
    let logging_in = [&base[..], &["--password-file", "gleipnir-password"]].concat();
    let (code, said) = interrupted(folder, &logging_in, &proxy, "POST /_matrix/client/v3/login").await;
    says(
        &said,
        &["interrupted. No configuration", "Nobody knows whether a device “gleipnir setup” was made"],
    );
    assert!(code == 1 && !folder.join("config.toml").exists(), "{said}");
    // The room is there, and the last invitation is not sent.
    let (_, said) = interrupted(folder, &logging_in, &proxy, "/invite").await;
    let room = said.split("--room ").nth(1).unwrap_or_else(|| panic!("no room is named:\n{said}")).trim();
    says(&said, &[&format!("✔ made the management room “Moderators” ({room})")]);
    let (code, said) = gleipnir(folder, &[&logging_in[..], &["--room", room]].concat(), "");
    says(&said, &["✔ invited @mod:hs.test", "All is well."]);
    assert_eq!(code, 0, "{said}");
}

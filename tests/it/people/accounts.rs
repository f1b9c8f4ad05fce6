//! `!logout`, `!reset-password`, `!deactivate` and `!reactivate`, in an encrypted management room.

use serde_json::{Value, json};
use throwaway_synapse::{PASSWORD, User};

use super::{users, who_am_i};
use crate::support::{BOT, PATIENCE, Scene, files_with, strings};

const UNKNOWN: (u16, &str) = (401, "M_UNKNOWN_TOKEN");

#[track_caller]
fn is_out(answer: &(u16, String)) {
    assert_eq!((answer.0, answer.1.as_str()), UNKNOWN);
}

/// The status and the error that the server answers to a login.
async fn login(scene: &Scene, user: &str, password: &str) -> (u16, String) {
    let request = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user},
        "password": password});
    let (status, answer) =
        scene.synapse.request("POST", "/_matrix/client/v3/login", Some(request)).await.unwrap();
    (status, answer["errcode"].as_str().unwrap_or_default().to_owned())
}

/// One login, then all of them.
pub(super) async fn logged_out(scene: &Scene) {
    let m = &scene.moderator;
    let [phone] = users(scene, ["lara"]).await;
    let laptop = scene.synapse.login("lara").await.unwrap();
    let tablet = scene.synapse.login("lara").await.unwrap();
    m.good("!devices @lara:hs.test", &phone.device_id).await.says(&[&laptop.device_id, &tablet.device_id]);

    let line = format!("!logout @lara:hs.test --device {} a lost phone", phone.device_id);
    let done = scene.carry_out(&line, &[&phone.device_id], "logout – done, because “a lost phone”").await;
    done.says(&[&format!("`@lara:hs.test`: the login `{}` has ended.", phone.device_id)]);
    is_out(&who_am_i(&phone).await);
    assert_eq!((who_am_i(&laptop).await.0, who_am_i(&tablet).await.0), (200, 200));
    m.bad(&line, "has no login").await.says(&["!devices @lara:hs.test"]);

    let preview = "To log out: they would have to log in again everywhere";
    let done = scene.carry_out("!logout @lara:hs.test", &[preview, "2 logins"], "logout – done").await;
    done.says(&["`@lara:hs.test` is logged out: 2 logins."]);
    is_out(&who_am_i(&laptop).await);
    is_out(&who_am_i(&tablet).await);
    m.bad(&format!("!undo {}", done.job()), "I cannot log `@lara:hs.test` in again").await;
    m.good("!logout @lara:hs.test", "is not logged in with any device.").await;
    m.all_bad(&[
        ("!logout @lala:hs.test", "There is no account `@lala:hs.test`"),
        ("!logout @admin:hs.test", "is a server admin"),
        ("!logout @mod:hs.test", "is a moderator"),
    ])
    .await;
    assert_eq!(login(scene, "lara", PASSWORD).await.0, 200, "the password is as it was");
}

/// The password that a report says is in a direct chat; whoever asked reads it there.
async fn password_in(scene: &Scene, report: &crate::support::Answer) -> (String, String) {
    let chat = report.code("in the direct chat ").to_owned();
    let user = &scene.moderator.user;
    assert_ne!(chat, scene.moderator.room);
    user.join(&chat).await.unwrap();
    let is_it = |event: &Value| event["sender"] == BOT && event["content"]["body"].is_string();
    let message = user.wait_for(&chat, PATIENCE, is_it).await.unwrap();
    let body = message["content"]["body"].as_str().unwrap();
    assert!(body.starts_with("The new password of @"), "{body}");
    let password = body.lines().nth(2).unwrap().to_owned();
    assert!(password.len() > 20, "{body}");
    (chat, password)
}

/// It logs in for real, and stands in the direct chat alone.
pub(super) async fn a_password_is_for_one_pair_of_eyes(scene: &Scene) {
    let m = &scene.moderator;
    let [nora] = users(scene, ["nora"]).await;
    let preview = [
        "`@nora:hs.test`",
        "I would send it to `@mod:hs.test` in a new direct chat",
        "the old password is gone",
    ];
    let report = scene.carry_out("!reset-password @nora:hs.test", &preview, "reset-password – done").await;
    report.says(&["`@nora:hs.test` has a new password. `@mod:hs.test` has it from me in the direct chat"]);
    let (chat, first) = password_in(scene, &report).await;
    assert_eq!(scene.members(&chat).await, [BOT, "@mod:hs.test"]);
    is_out(&who_am_i(&nora).await);
    assert_eq!(login(scene, "nora", PASSWORD).await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(login(scene, "nora", &first).await.0, 200);

    // The logins that there are go on, and the chat is another one.
    let kept = scene
        .synapse
        .request(
            "POST",
            "/_matrix/client/v3/login",
            Some(json!({"type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": "nora"}, "password": first})),
        )
        .await
        .unwrap()
        .1;
    let line = "!reset-password @nora:hs.test --keep-sessions";
    let report =
        scene.carry_out(line, &["Logins that there are would go on."], "reset-password – done").await;
    let (_, second) = password_in(scene, &report).await;
    assert_ne!(first, second);
    assert_eq!(login(scene, "nora", &first).await.0, 403);
    assert_eq!(login(scene, "nora", &second).await.0, 200);
    assert!(devices(scene, "@nora:hs.test").await.contains(&kept["device_id"].as_str().unwrap().to_owned()));
    m.bad(&format!("!undo {}", report.job()), "I do not know the old password of `@nora:hs.test`.").await;
    m.good(&format!("!job {}", report.job()), "has a new password").await;
    m.good("!audit", "reset the password of `@nora:hs.test`").await;
    m.all_bad(&[
        ("!reset-password @norra:hs.test", "There is no account `@norra:hs.test`"),
        ("!reset-password @nora:elsewhere.test", "is of another server"),
        ("!reset-password @admin:hs.test", "is a server admin"),
        ("!reset-password @nora:hs.test @lara:hs.test", "one word too many"),
    ])
    .await;
    assert_eq!(scene.account("@norra:hs.test").await, Value::Null);

    for password in [&first, &second] {
        let events = Value::from(m.events()).to_string();
        assert!(!events.contains(password.as_str()), "it stands in the management room");
        assert!(!scene.bot.log_of_run().contains(password.as_str()), "it stands in the log");
        let files = files_with(&scene.bot.path(""), password);
        assert!(files.is_empty(), "it stands in {files:?}");
    }
}

async fn devices(scene: &Scene, user: &str) -> Vec<String> {
    let path = format!("/_synapse/admin/v2/users/{}/devices", throwaway_synapse::path_part(user));
    let answer = scene.admin.get(&path).await.unwrap();
    answer["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["device_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn rooms_of(scene: &Scene, user: &User) -> Vec<String> {
    let path =
        format!("/_synapse/admin/v1/users/{}/joined_rooms", throwaway_synapse::path_part(&user.user_id));
    strings(&scene.admin.get(&path).await.unwrap()["joined_rooms"])
}

/// It leaves its rooms; what can be brought back is the ID.
pub(super) async fn deactivated_and_back(scene: &Scene) {
    let m = &scene.moderator;
    let [host, dora] = users(scene, ["host", "dora"]).await;
    dora.display_name("Dora").await.unwrap();
    for name in ["One", "Two", "Three"] {
        scene.room(&host, name, std::slice::from_ref(&dora)).await;
    }
    assert_eq!(rooms_of(scene, &dora).await.len(), 3);
    m.good("!reactivate @dora:hs.test", "is not deactivated.").await;
    m.all_bad(&[
        ("!deactivate @dorra:hs.test", "There is no account `@dorra:hs.test`"),
        ("!deactivate @dora:elsewhere.test", "is of another server"),
        ("!deactivate @admin:hs.test", "is a server admin"),
        ("!deactivate @mod:hs.test", "is a moderator"),
        ("!reactivate @dorra:hs.test", "There is no account `@dorra:hs.test`"),
    ])
    .await;
    assert_eq!(scene.account("@dorra:hs.test").await, Value::Null);

    let preview =
        ["Dora (`@dora:hs.test`) is in 3 rooms, and logged in with 1 device", "Gone for good:", "--erase"];
    let done = scene
        .carry_out("!deactivate @dora:hs.test spam", &preview, "deactivate – done, because “spam”")
        .await;
    done.says(&["`@dora:hs.test` is deactivated, and has left 3 rooms."]);
    assert_eq!(rooms_of(scene, &dora).await, Vec::<String>::new());
    let account = scene.account("@dora:hs.test").await;
    assert_eq!((&account["deactivated"], &account["erased"]), (&json!(true), &json!(false)));
    is_out(&who_am_i(&dora).await);
    assert_eq!(login(scene, "dora", PASSWORD).await.0, 403);
    m.bad(&format!("!undo {}", done.job()), "`!reactivate @dora:hs.test` brings the account back").await;
    m.good("!deactivate @dora:hs.test", "is deactivated already.").await;
    m.all_bad(&[
        ("!suspend @dora:hs.test", "is deactivated"),
        ("!reset-password @dora:hs.test", "`!reactivate @dora:hs.test` comes first."),
    ])
    .await;

    let erased = scene
        .carry_out(
            "!deactivate @dora:hs.test --erase",
            &["is deactivated already, and would be erased"],
            "– done",
        )
        .await;
    erased.says(&["`@dora:hs.test` is deactivated and erased"]);
    let account = scene.account("@dora:hs.test").await;
    assert_eq!((&account["erased"], &account["displayname"]), (&json!(true), &Value::Null));

    let back = m.good("!reactivate @dora:hs.test a mistake", "reactivate – done").await;
    back.says(&["`@dora:hs.test` is active again.", "!reset-password @dora:hs.test"]);
    assert_eq!(scene.account("@dora:hs.test").await["deactivated"], false);
    assert_eq!(login(scene, "dora", PASSWORD).await.0, 403, "it has no password");
    m.bad(&format!("!undo {}", back.job()), "!deactivate @dora:hs.test").await;
    let report = scene.carry_out("!reset-password @dora:hs.test", &[], "reset-password – done").await;
    let (_, password) = password_in(scene, &report).await;
    assert_eq!(login(scene, "dora", &password).await.0, 200);
}

/// The bot decrypts the file.
pub(super) async fn from_an_encrypted_file(scene: &Scene) {
    let m = &scene.moderator;
    let [first, second] = users(scene, ["first", "second"]).await;
    let file =
        m.send_file("users.txt", b"# a raid\n@first:hs.test\n@second:hs.test\n@nobody:hs.test\n").await;
    let command = m.reply(&file, "!deactivate --attached --erase raid").await;
    let asked = m.answer(&command, "do it?").await;
    asked.says(&["Of 3 users in the file: 2 to do; 1 unknown on this server, and left out."]);
    m.react(&asked.id, "✅").await;
    m.answer(&command, "deactivate – done, because “raid”").await;
    for user in [&first, &second] {
        assert_eq!(scene.account(&user.user_id).await["erased"], true);
        is_out(&who_am_i(user).await);
    }
    assert_eq!(scene.account("@nobody:hs.test").await, Value::Null);
}

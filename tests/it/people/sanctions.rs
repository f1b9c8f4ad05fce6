//! `!suspend`, `!lock`, `!shadow-ban` and their opposites.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::{users, who_am_i};
use crate::support::{BOT, Scene};

/// The sanctions that an account has, by the admin API's word.
async fn on(scene: &Scene, user: &User) -> Vec<&'static str> {
    let account = scene.account(&user.user_id).await;
    ["suspended", "locked", "shadow_banned"].into_iter().filter(|word| account[word] == true).collect()
}

/// What the server answers when somebody writes: the status, the error, and the event.
async fn write(user: &User, room: &str) -> (u16, String, String) {
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message", path_part(room));
    let (status, answer) =
        user.request("POST", &path, Some(json!({"msgtype": "m.text", "body": "hello"}))).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, text(&answer["errcode"]), text(&answer["event_id"]))
}

/// Several at once, one of whom has it already; then the undo, which leaves that one alone.
pub(super) async fn imposed_and_lifted(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, eve, bob] = users(scene, ["owner", "eve", "bob"]).await;
    eve.display_name("Eve").await.unwrap();
    let club = scene.room(&owner, "Club", &[eve.clone(), bob.clone()]).await;

    for (command, participle, word) in [
        ("suspend", "suspended", "suspended"),
        ("lock", "locked", "locked"),
        ("shadow-ban", "shadow-banned", "shadow_banned"),
    ] {
        m.good(&format!("!{command} @bob:hs.test"), &format!("{command} – done")).await;
        assert_eq!((on(scene, &bob).await, on(scene, &eve).await), (vec![word], vec![]));
        m.good(&format!("!{command} @eve:hs.test --dry-run"), "Dry run: nothing was done.").await;
        let both =
            m.good(&format!("!{command} @bob:hs.test @eve:hs.test a spam wave"), " – done, because").await;
        both.says(&["“a spam wave”", &format!("`@eve:hs.test` is {participle}.")]).leaves_out(&["@bob"]);
        assert_eq!(on(scene, &eve).await, [word]);

        // What they notice of it.
        let (status, error, event) = write(&eve, &club).await;
        match command {
            "suspend" => assert_eq!((status, error.as_str()), (403, "M_USER_SUSPENDED")),
            "lock" => assert_eq!((status, error.as_str()), (401, "M_USER_LOCKED")),
            _ => {
                assert_eq!(status, 200, "{error}");
                let path =
                    format!("/_matrix/client/v3/rooms/{}/event/{}", path_part(&club), path_part(&event));
                assert_eq!(owner.request("GET", &path, None).await.unwrap().0, 404, "nobody gets it");
            }
        }

        m.good(&format!("!undo {}", both.job()), "undo – done")
            .await
            .says(&[&format!("`@eve:hs.test` is no longer {participle}.")]);
        assert_eq!((on(scene, &bob).await, on(scene, &eve).await), (vec![word], vec![]));
        assert_eq!(write(&eve, &club).await.0, 200);
        m.good(&format!("!{command} @bob:hs.test"), &format!("is already {participle}.")).await;
        let lifted = m.good(&format!("!un{command} @bob:hs.test"), &format!("un{command} – done")).await;
        assert_eq!(on(scene, &bob).await, Vec::<&str>::new());
        m.good(&format!("!un{command} @bob:hs.test"), &format!("is not {participle}.")).await;
        m.good(&format!("!undo {}", lifted.job()), "undo – done").await;
        assert_eq!(on(scene, &bob).await, [word]);
        m.good(&format!("!un{command} @bob:hs.test"), "– done").await;
    }
    assert_eq!(who_am_i(&bob).await.0, 200);
}

/// Nothing happens to anybody when one of them is a mistake, and an account that does not exist is not made.
pub(super) async fn refused(scene: &Scene) {
    let m = &scene.moderator;
    let [ana] = users(scene, ["ana"]).await;
    for command in ["suspend", "lock", "shadow-ban", "unsuspend", "unlock", "unshadow-ban"] {
        m.all_bad(&[
            (&format!("!{command} @ana:hs.test @annna:hs.test"), "There is no account `@annna:hs.test`"),
            (&format!("!{command} @ana:hs.test @far:elsewhere.test"), "is of another server"),
            (&format!("!{command} ana"), "ana"),
            (&format!("!{command}"), "Something is missing"),
        ])
        .await;
        if !command.starts_with("un") {
            m.all_bad(&[
                (&format!("!{command} @ana:hs.test @admin:hs.test"), "`@admin:hs.test` is a server admin"),
                (&format!("!{command} @ana:hs.test @mod:hs.test"), "`@mod:hs.test` is a moderator"),
                (&format!("!{command} {BOT}"), "That is my own account."),
                (&format!("!{command} @ana:hs.test --for 10s"), "give a minute at least"),
            ])
            .await;
        }
        assert_eq!(on(scene, &ana).await, Vec::<&str>::new(), "{command}");
        assert_eq!(scene.account("@annna:hs.test").await, Value::Null, "trap 1: {command} made the account");
    }
}

/// Of a file, mistakes are left out and said.
pub(super) async fn from_a_file(scene: &Scene) {
    let m = &scene.moderator;
    let [one, two] = users(scene, ["one", "two"]).await;
    m.bad("!suspend --attached", "this command is no reply to one").await;
    let list = "user_id,displayname\r\n@one:hs.test,One\r\n@two:hs.test,\r\n@tow:hs.test,\r\n@admin:hs.test,\r\n\
                @one:hs.test,\r\n";
    let file = m.send_file("users.csv", list.as_bytes()).await;
    let command = m.reply(&file, "!suspend --attached raid").await;
    let asked = m.answer(&command, "do it?").await;
    asked.says(&[
        "Of 4 users in the file: 2 to do; 1 protected, and left out; 1 unknown on this server, and left out.",
        "`@tow:hs.test`",
        "is a server admin",
    ]);
    assert_eq!(on(scene, &one).await, Vec::<&str>::new());
    m.react(&asked.id, "✅").await;
    let done = m.answer(&command, "suspend – done").await;
    m.marked(&command, "✅").await;
    for user in [&one, &two] {
        assert_eq!(on(scene, user).await, ["suspended"]);
    }
    assert_eq!(scene.account("@tow:hs.test").await, Value::Null);
    m.good(&format!("!undo {}", done.job()), "undo – done").await;
    for user in [&one, &two] {
        assert_eq!(on(scene, user).await, Vec::<&str>::new());
    }
    let bad = m.send_file("users.txt", b"@one:hs.test\nnobody\n").await;
    let command = m.reply(&bad, "!suspend --attached").await;
    m.answer(&command, "line 2: “nobody”").await;
    m.marked(&command, "❌").await;
    let chat = m.say("no file").await;
    let command = m.reply(&chat, "!suspend --attached").await;
    m.answer(&command, "has no file").await;
}

/// It ends by itself, also when the bot was away at that time, and says so.
pub(super) async fn for_a_time(scene: &mut Scene) {
    let [zoe] = users(scene, ["zoe"]).await;
    let report = scene.moderator.good("!suspend @zoe:hs.test --for 2d", "It ends by itself: ").await;
    assert_eq!(on(scene, &zoe).await, ["suspended"]);
    assert_eq!(scene.bot.stop().await, 0);
    let job = report.job();
    scene.bot.tamper(&format!("UPDATE plans SET changed_at = changed_at - 172800000 WHERE id = {job}"));
    scene.bot.start().await;
    let ended = scene.moderator.hears(&format!("of job {job}, whose time is over – done")).await;
    ended.says(&["`@zoe:hs.test` is no longer suspended."]);
    assert_eq!(on(scene, &zoe).await, Vec::<&str>::new());
}

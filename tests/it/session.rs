//! Logging in, getting into the management room, and what was lost.

use std::fs;

use serde_json::json;
use throwaway_synapse::{PASSWORD, Role, path_part};

use crate::support::{BOT, Bot, Kind, Moderator, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_work_and_logins_that_cannot() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    fs::write(scene.bot.path("secret"), format!("{PASSWORD}\n")).unwrap();
    scene.bot.login = "password_file = \"secret\"".to_owned();
    scene.bot.start().await;
    let m = &scene.moderator;
    m.good("!version", "Gleipnir").await;
    let (code, log) = scene.bot.another().await;
    assert_eq!(code, 2, "{log}");
    assert!(log.contains("another Gleipnir is at work in"), "{log}");
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(scene.bot.stop().await, 0);

    for (login, words) in [
        ("password = \"wrong\"", "the homeserver refused the password of @gleipnir:hs.test: M_FORBIDDEN"),
        (
            "access_token = \"wrong\"",
            "the homeserver refused the access token of @gleipnir:hs.test: M_UNKNOWN_TOKEN",
        ),
        ("password_file = \"nothing\"", "nothing"),
        ("pasword = \"password\"", "unknown field `pasword`"),
        ("", "password"),
        (
            &format!("access_token = {:?}", scene.admin.access_token),
            "the access token or password belongs to @admin:hs.test, but @gleipnir:hs.test is configured",
        ),
    ] {
        let mut bot = Bot::new(scene.synapse.url(), scene.moderator.room.clone());
        bot.login = login.to_owned();
        bot.launch();
        assert_eq!(bot.ended().await, 2, "{login}");
        assert!(bot.log_of_run().contains(words), "{login}: {}", bot.log_of_run());
    }

    // A token of an ordinary login, in a folder of its own.
    let device = scene.synapse.login("gleipnir").await.unwrap();
    let mut bot = Bot::new(scene.synapse.url(), scene.moderator.room.clone());
    bot.login = format!("access_token = {:?}", device.access_token);
    for _ in 0..2 {
        bot.start().await;
        // It begins with what it finds when it is at work, and runs nothing from before.
        scene.moderator.good("!status", &format!("device `{}`", device.device_id)).await;
        assert_eq!(bot.stop().await, 0);
    }
    // Its keys are lost, and a token cannot make new ones.
    fs::remove_dir_all(bot.path("data/matrix")).unwrap();
    bot.launch();
    assert_eq!(bot.ended().await, 2);
    let words =
        format!("the access token is for device {}, which has used encryption before", device.device_id);
    assert!(bot.log_of_run().contains(&words), "{}", bot.log_of_run());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_management_room_is_entered_and_no_other() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    // The room of the scene, whose invitation waits from before, is not the one that is configured.
    let user = scene.moderator.user.clone();
    let room = user.create_room(json!({"preset": "private_chat", "name": "The right one"})).await.unwrap();
    let stranger = scene.synapse.register("stranger", Role::User).await.unwrap();
    scene.bot.room = "#mods:hs.test".to_owned();
    scene.bot.launch();
    scene.bot.logs("there is no room #mods:hs.test (management.room) yet").await;
    assert_eq!(scene.bot.stop().await, 0);
    let alias = format!("/_matrix/client/v3/directory/room/{}", path_part("#mods:hs.test"));
    user.put(&alias, json!({"room_id": room})).await.unwrap();
    scene.bot.launch();
    let waiting = "waiting for an invitation to the management room #mods:hs.test: invite @gleipnir:hs.test";
    scene.bot.logs(waiting).await;
    user.invite(&room, BOT).await.unwrap();
    scene.bot.logs("at work in the management room").await;

    let m = Moderator::open(&scene.synapse, user.clone(), room.clone());
    m.hears("Hello, I am").await;
    // The other one is watched: somebody of the management room invites.
    let watched = format!("Moderators (`{}`): I am in it now, and watch it.", scene.moderator.room);
    m.hears(&watched).await;
    let lure = stranger
        .create_room(json!({"preset": "private_chat", "name": "Come in!", "invite": [BOT]}))
        .await
        .unwrap();
    let left_alone = format!("`@stranger:hs.test` invited me to `{lure}`. I leave the invitation alone");
    m.hears(&left_alone).await;
    m.good("!version", "Gleipnir").await;

    // All of that once, over restarts.
    scene.bot.kill();
    scene.bot.start().await;
    m.good("!jobs", "Nothing is under way.").await;
    for words in ["Hello, I am", &watched, &left_alone] {
        assert_eq!(m.said().iter().filter(|said| said.text.contains(words)).count(), 1, "{words}");
    }
    for (inviter, room, membership) in [(&user, &scene.moderator.room, "join"), (&stranger, &lure, "invite")]
    {
        let member = inviter.state(room, "m.room.member", BOT).await.unwrap();
        assert_eq!(member["membership"], membership);
    }

    // Thrown out, it waits for the next invitation.
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", path_part(&room));
    user.post(&kick, json!({"user_id": BOT})).await.unwrap();
    scene.bot.logs("I am no longer in the management room").await;
    let missed = m.say("!version").await;
    user.invite(&room, BOT).await.unwrap();
    scene.bot.logs("joined the management room").await;
    m.good("!jobs", "Nothing is under way.").await;
    assert_eq!(m.replies(&missed), [], "it was said while the bot was not in the room");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_keys_make_a_new_device() {
    let Some(mut scene) = Scene::new(Kind::Encrypted).await else { return };
    scene.bot.start().await;
    scene.moderator.good("!status", "this device is signed by my identity").await;
    scene.moderator.good("!block !x:hs.test", "block – done").await;
    // The operator keeps the recovery key elsewhere.
    let key = fs::read_to_string(scene.bot.path("data/matrix/recovery-key")).unwrap();
    fs::write(scene.bot.path("kept-key"), key).unwrap();
    let kept = "[encryption]\nrecovery_key_file = \"kept-key\"";

    for (more, words) in [(kept, "this device is signed by my identity"), ("", "⚠ this device is not signed")]
    {
        assert_eq!(scene.bot.stop().await, 0);
        fs::remove_dir_all(scene.bot.path("data/matrix/sdk")).unwrap();
        drop(fs::remove_file(scene.bot.path("data/matrix/recovery-key")));
        scene.bot.more = more.to_owned();
        let before = scene.moderator.said().len();
        scene.bot.start().await;
        let m = &scene.moderator;
        let lost = m.hears_after(before, "I lost my encryption keys").await;
        lost.says(&["the encryption store was gone", "I am a new device now"]);
        m.good("!version", "Gleipnir").await;
        m.good("!status", words).await.says(&["encrypted"]);
        // What it did before is not forgotten.
        m.good("!undo last", "undo – done").await;
        m.good("!block !x:hs.test", "block – done").await;
        let command = m.say("!audit --file").await;
        assert_eq!(m.file(&command).await.0, "audit.csv");
    }
    // A restart says none of it again.
    let before = scene.moderator.said().len();
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.said().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_folder_runs_no_old_command_again() {
    let Some(mut scene) = Scene::at_work(Kind::Encrypted).await else { return };
    scene.moderator.good("!block !x:hs.test", "block – done").await;
    scene.moderator.good("!unblock !x:hs.test", "unblock – done").await;
    assert_eq!(scene.bot.stop().await, 0);
    fs::remove_dir_all(scene.bot.path("data")).unwrap();
    let before = scene.moderator.said().len();
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears_after(before, "Hello, I am").await;
    m.hears_after(before, "My storage folder is new, though I am in this room already.").await;
    m.good("!audit", "Nothing was asked of me yet.").await;
    m.good("!version", "Gleipnir").await;
    assert!(!scene.is_blocked("!x:hs.test").await);
}

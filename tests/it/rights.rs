//! Who is obeyed, in what; and what the bot may do itself.

use serde_json::{Value, json};
use throwaway_synapse::{RateLimits, Role, Synapse, User};

use crate::support::{BOT, Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_no_server_admin_says_what_to_do() {
    let Some(mut scene) = Scene::on(Synapse::builder(), Kind::Open, Role::User).await else { return };
    scene.bot.start().await;
    let m = &scene.moderator;
    let room = scene.room(&m.user, "A room", &[]).await;
    m.good("!status", "✘ I am not a server admin").await;
    let answers = m
        .all_bad(&[
            (&format!("!room {room}"), "I am not a server admin."),
            (&format!("!block {room}"), "I am not a server admin."),
            (&format!("!shutdown {room}"), "I am not a server admin."),
            ("!rooms", "I am not a server admin."),
            (&format!("!messages {room}"), "I am not a server admin."),
            ("!shutdown-status --all", "I am not a server admin."),
        ])
        .await;
    for answer in answers {
        answer.says(&["Make `@gleipnir:hs.test` a server admin on `hs.test`"]);
    }
    // No restart is needed.
    let path = format!("/_synapse/admin/v1/users/{BOT}/admin");
    scene.admin.put(&path, json!({"admin": true})).await.unwrap();
    // What the server's configuration forbids, it forbids server admins as well.
    m.bad(&format!("!list-room {room}"), "list-room – failed")
        .await
        .says(&["The homeserver refused (Not allowed to publish room)", "room_list_publication_rules"]);
    m.good(&format!("!block {room}"), "block – done").await;
    m.good("!status", "✔ I am a server admin").await;
    // Rights that are lost between the preview and the confirmation.
    let command = m.say(&format!("!shutdown {room}")).await;
    let preview = m.answer(&command, "do it?").await;
    scene.admin.put(&path, json!({"admin": false})).await.unwrap();
    m.react(&preview.id, "✅").await;
    m.answer(&command, "shutdown – failed").await.says(&["I am not a server admin."]);
    m.marked(&command, "❌").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_takes_membership_and_acting_takes_power() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[management.levels]\nshutdown = 100\n[safety]\nallow_yes = true".to_owned();
    scene.bot.start().await;
    let m = &scene.moderator;
    let reader = member(&scene, "reader").await;
    let room = scene.room(&m.user, "A room", &[]).await;
    let by_reader = async |line: &str, words: &str| {
        let command = reader.send_text(&m.room, line).await.unwrap();
        m.answer(&command, words).await
    };

    by_reader(&format!("!room {room}"), "A room").await;
    by_reader("!audit", "Nothing was asked of me yet.").await;
    by_reader(&format!("!block {room}"), "`!block` needs power level 50 in this room, and you have 0.").await;
    by_reader(&format!("!shutdown {room}"), "`!shutdown` needs power level 100 in this room").await;
    // Nor by deciding about what others have asked for.
    let command = m.say(&format!("!shutdown {room}")).await;
    let preview = m.answer(&command, "do it?").await;
    reader.react(&m.room, &preview.id, "✅").await.unwrap();
    m.answer(&preview.id, "needs power level 100 in this room, and you have 0").await;
    by_reader("!confirm 1", "needs power level 100").await;
    by_reader("!cancel 1", "needs power level 100").await;
    m.good("!jobs", "waits for a confirmation").await;

    let mut levels = m.user.state(&m.room, "m.room.power_levels", "").await.unwrap();
    levels["users"][&reader.user_id] = json!(50);
    m.user.send_state(&m.room, "m.room.power_levels", "", levels).await.unwrap();
    by_reader(&format!("!block {room}"), "block – done").await;
    by_reader("!confirm 1", "needs power level 100 in this room, and you have 50").await;
    m.good("!cancel 1", "is cancelled").await;
    m.good(&format!("!shutdown {room} --yes"), "shutdown – done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_outside_and_what_is_no_command_are_ignored() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let m = &scene.moderator;
    let leaver = member(&scene, "leaver").await;
    let command = leaver.send_text(&m.room, "!version").await.unwrap();
    m.answer(&command, "Gleipnir").await;

    // Said in the room, by a member then, and handled when that is over.
    scene.bot.freeze();
    let late = leaver.send_text(&m.room, "!blocked !x:hs.test").await.unwrap();
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", m.room);
    m.user.post(&kick, json!({"user_id": leaver.user_id})).await.unwrap();
    scene.bot.kill();
    scene.bot.start().await;
    let m = &scene.moderator;
    m.answer(&late, "is not in this room any more; I take commands from its members only.").await;

    // A room that the bot is in, and that is not the management room.
    let other = scene.room(&leaver, "Elsewhere", &[]).await;
    let join = format!("/_synapse/admin/v1/join/{other}");
    scene.admin.join(&other).await.unwrap();
    scene.admin.post(&join, json!({"user_id": BOT})).await.unwrap();
    leaver.send_text(&other, "!version").await.unwrap();
    leaver.send_text(&other, &format!("{BOT}: !block !x:hs.test")).await.unwrap();

    // Notices, edits, other types, quotes of commands.
    let notice = m.send("m.room.message", json!({"msgtype": "m.notice", "body": "!block !x:hs.test"})).await;
    let chat = m.say("good morning").await;
    let edit = m
        .send(
            "m.room.message",
            json!({"msgtype": "m.text", "body": "* !block !x:hs.test",
                "m.new_content": {"msgtype": "m.text", "body": "!block !x:hs.test"},
                "m.relates_to": {"rel_type": "m.replace", "event_id": chat}}),
        )
        .await;
    let emote = m.send("m.room.message", json!({"msgtype": "m.emote", "body": "!block !x:hs.test"})).await;
    let typo = m.send("org.example.message", json!({"msgtype": "m.text", "body": "!block !x:hs.test"})).await;
    let reaction = m.react(&chat, "✅").await;
    // What comes after all of that was handled after all of that.
    let last = m.good("!jobs", "Nothing is under way.").await;
    assert_eq!(m.said().last(), Some(&last));
    for event in [notice, chat, edit, emote, typo, reaction] {
        assert_eq!((m.replies(&event), m.marks(&event)), (Vec::new(), Vec::new()));
    }
    let there = leaver.messages(&other, 100).await.unwrap();
    let by_bot = there.iter().filter(|event| event["sender"] == BOT && event["type"] != "m.room.member");
    assert_eq!(by_bot.collect::<Vec<&Value>>(), Vec::<&Value>::new());
    assert!(!scene.is_blocked("!x:hs.test").await);
    m.good("!audit", "Nothing was asked of me yet.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_server_does_not_take_is_told() {
    let small = Synapse::builder().config(json!({"max_upload_size": "1K"}));
    let Some(mut scene) = Scene::on(small, Kind::Open, Role::Admin).await else { return };
    scene.synapse.add_rooms(20).await.unwrap();
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears("Hello, I am").await;
    let command = m.say("!rooms --file=json").await;
    m.answer(&command, "The file has 21 rooms.").await;
    m.answer(&command, "I could not send the file `rooms.json` (").await.says(&["max_upload_size"]);
    // Once, and nothing waits behind it.
    m.good("!version", "Gleipnir").await;
    assert_eq!(m.replies(&command).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_slows_the_bot_down_gets_every_answer_in_the_end() {
    let slow = Synapse::builder().rate_limits(RateLimits::ServerDefaults);
    let Some(mut scene) = Scene::on(slow, Kind::Open, Role::Admin).await else { return };
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears("Hello, I am").await;
    let mut commands = Vec::new();
    for n in 0..6 {
        let line = if n == 3 { "!block !x:hs.test".to_owned() } else { format!("!blocked !room{n}:hs.test") };
        commands.push(m.say(&line).await);
    }
    for (n, command) in commands.iter().enumerate() {
        m.answer(command, if n == 3 { "block – done" } else { "is not blocked" }).await;
        assert_eq!(m.replies(command).len(), 1);
    }
    // That it was done is never left out.
    m.marked(&commands[3], "✅").await;
    assert!(scene.is_blocked("!x:hs.test").await);
}

/// A member of the management room without power.
async fn member(scene: &Scene, name: &str) -> User {
    let m = &scene.moderator;
    let member = scene.synapse.register(name, Role::User).await.unwrap();
    m.user.invite(&m.room, &member.user_id).await.unwrap();
    member.join(&m.room).await.unwrap();
    member
}

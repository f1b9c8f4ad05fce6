//! The management room is upgraded, and the bot goes where its tombstone leads.

use serde_json::{Value, json};
use throwaway_synapse::path_part;

use crate::support::{BOT, Kind, Moderator, Scene, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_follows_an_upgrade_with_all_that_is_under_way() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let crowd = scene.crowd("member", 2).await;
    let room = scene.room(&crowd[0], "A room", &crowd[1..]).await;
    let proposed = scene.moderator.say(&format!("!shutdown {room}")).await;
    scene.moderator.answer(&proposed, "do it?").await;

    let second = upgrade(&scene.moderator).await;
    scene.bot.logs(&format!("was upgraded to {second}, and I cannot join that")).await;
    // Until it is let in, it works in the old room, where it has no voice any more.
    scene.moderator.say("!block !x:hs.test").await;
    until("the room is blocked", async || scene.is_blocked("!x:hs.test").await).await;
    let n = Moderator::open(&scene.synapse, scene.moderator.user.clone(), second.clone());
    n.user.invite(&second, BOT).await.unwrap();
    let welcome = n.hears("This room takes the place of").await;
    welcome.says(&[&scene.moderator.room, &format!("management.room = \"{second}\"")]);
    n.hears("block – done").await;
    n.good("!jobs", "waits for a confirmation").await;
    let confirmed = n.say("!confirm 1").await;
    n.hears("shutdown – done").await;
    assert!(!scene.knows(&room).await);
    n.marked(&confirmed, "✅").await;
    assert!(!n.said().iter().any(|said| said.text.contains("My storage folder is new")));
    n.bad(&format!("!block {second}"), "management room").await;
    // In the old room, nobody is obeyed.
    scene.moderator.say("!block !y:hs.test").await;
    n.good("!version", "Gleipnir").await;
    assert!(!scene.is_blocked("!y:hs.test").await);

    // The configuration still names the old room.
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    let log = scene.bot.log_of_run();
    assert!(log.contains(&format!("was upgraded to {second}: set management.room = \"{second}\"")), "{log}");
    n.good("!version", "Gleipnir").await;

    // And again, with a crash in between.
    scene.bot.kill();
    let third = upgrade(&n).await;
    let o = Moderator::open(&scene.synapse, n.user.clone(), third.clone());
    o.user.invite(&third, BOT).await.unwrap();
    scene.bot.launch();
    o.hears("This room takes the place of").await;
    o.good("!version", "Gleipnir").await;
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    o.good("!version", "Gleipnir").await;
    for words in ["Hello, I am", "This room takes the place of"] {
        assert_eq!(o.said().iter().filter(|said| said.text.contains(words)).count(), 1, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_moves_with_the_room_is_no_surprise() {
    let Some(mut scene) = Scene::new(Kind::Encrypted).await else { return };
    let alias = format!("/_matrix/client/v3/directory/room/{}", path_part("#mods:hs.test"));
    let user = scene.moderator.user.clone();
    user.put(&alias, json!({"room_id": scene.moderator.room})).await.unwrap();
    scene.bot.room = "#mods:hs.test".to_owned();
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(scene.bot.stop().await, 0);
    let second = upgrade(&scene.moderator).await;
    assert_eq!(user.get(&alias).await.unwrap()["room_id"], second.as_str());
    let n = Moderator::encrypted(&scene.synapse, user.clone(), second.clone()).await;
    user.invite(&second, BOT).await.unwrap();
    for _ in 0..2 {
        scene.bot.launch();
        scene.bot.logs(&format!("at work in the management room room={second}")).await;
        n.good("!version", "Gleipnir").await;
        assert_eq!(scene.bot.stop().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_that_lead_nowhere_are_not_followed() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let other = scene.room(&scene.moderator.user, "Come in", &[]).await;
    let m = &scene.moderator;
    // With the first sync it looks for a tombstone that it missed. What is answered after an answer came with a later one.
    for _ in 0..2 {
        m.good("!version", "Gleipnir").await;
    }
    for (content, why) in [
        (json!({"replacement_room": 7}), "it names no other room".to_owned()),
        (json!({"replacement_room": "elsewhere"}), "what it names is no room ID: “elsewhere”".to_owned()),
        (
            json!({"replacement_room": other}),
            format!("`{other}` does not name this room as the one that it replaces"),
        ),
    ] {
        m.user.send_state(&m.room, "m.room.tombstone", "", content).await.unwrap();
        m.hears(&why).await.says(&["I do not follow", "I stay here."]);
        m.good("!version", "Gleipnir").await;
    }
    assert_eq!(scene.times_logged("I do not follow"), 3);
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    let m = &scene.moderator;
    m.good("!version", "Gleipnir").await;
    assert_eq!(m.said().iter().filter(|said| said.text.contains("I do not follow")).count(), 3);
    let members = scene.members(&other).await;
    assert!(!members.contains(&BOT.to_owned()), "{members:?}");
}

/// Upgrades the room of a moderator; the new one.
async fn upgrade(moderator: &Moderator) -> String {
    let path = format!("/_matrix/client/v3/rooms/{}/upgrade", path_part(&moderator.room));
    let answer: Value = moderator.user.post(&path, json!({"new_version": "12"})).await.unwrap();
    answer["replacement_room"].as_str().unwrap().to_owned()
}

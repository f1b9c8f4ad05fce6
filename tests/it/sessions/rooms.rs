//! The bot is thrown out of the management room, or the room is deleted.

use serde_json::{Value, json};
use throwaway_synapse::path_part;

use crate::support::{BOT, Kind, Moderator, Scene, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_is_done_while_the_bot_is_out_and_told_when_it_is_back() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let crowd = scene.crowd("member", 20).await;
    let room = scene.room(&crowd[0], "Crowded", &crowd[1..]).await;
    let command = scene.shut_down(&format!("!shutdown {room}")).await;
    scene.removed(&room, 1).await;
    kick(&scene).await;
    scene.bot.logs("I am no longer in the management room").await;
    scene.bot.logs("waiting for an invitation to the management room").await;
    scene.removed(&room, usize::MAX).await;
    // In the bot's eyes too; also after a restart out there.
    scene.bot.kill();
    scene.bot.launch();
    scene.bot.knows("SELECT EXISTS (SELECT 1 FROM plans WHERE id = 1 AND state = 'done')").await;
    let missed = scene.moderator.say("!version").await;
    scene.moderator.user.invite(&scene.moderator.room, BOT).await.unwrap();
    scene.bot.logs("joined the management room").await;
    let m = &scene.moderator;
    m.answer(&command, "shutdown – done").await;
    m.marked(&command, "✅").await;
    assert_eq!(m.replies(&command).len(), 2, "a preview and a report");
    assert_eq!(scene.delete_tasks(&room).await.len(), 1);

    m.good("!version", "Gleipnir").await;
    assert_eq!(m.replies(&missed), [], "it was said while the bot was not in the room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_bot_says_so_and_comes_back_when_it_is_unbanned_and_invited() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    scene.moderator.good("!version", "Gleipnir").await;
    throw_out(&scene, "ban").await;
    scene.bot.logs("I was banned from the management room").await;
    let waiting = "waiting until @gleipnir:hs.test is unbanned and invited there";
    scene.bot.logs(waiting).await;
    // At a start, too.
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.launch();
    scene.bot.logs(waiting).await;
    let missed = scene.moderator.say("!version").await;
    throw_out(&scene, "unban").await;
    scene.moderator.user.invite(&scene.moderator.room, BOT).await.unwrap();
    scene.bot.logs("joined the management room").await;
    scene.bot.logs("at work in the management room").await;
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(scene.moderator.replies(&missed), [], "it was said while the bot was not in the room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_management_room_that_was_shut_down_ends_the_bot() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let user = scene.moderator.user.clone();
    let first = scene.moderator.room.clone();
    delete(&scene, &first, json!({"new_room_user_id": user.user_id, "block": true, "purge": true})).await;
    assert_eq!(scene.bot.ended().await, 2);
    says_what_to_do(&scene, &first);
    // Nobody commands it in the room that the server put its members into.
    let rooms = user.get("/_matrix/client/v3/joined_rooms").await.unwrap();
    let notice = rooms["joined_rooms"][0].as_str().unwrap().to_owned();
    scene.bot.launch();
    let command = user.send_text(&notice, "!block !x:hs.test").await.unwrap();
    assert_eq!(scene.bot.ended().await, 2);
    says_what_to_do(&scene, &first);

    // Deleted while the bot is down, when no sync tells of it.
    let second = user.create_room(json!({"preset": "private_chat", "invite": [BOT]})).await.unwrap();
    let m = Moderator::open(&scene.synapse, user.clone(), second.clone());
    scene.bot.room.clone_from(&second);
    scene.bot.start().await;
    m.good("!version", "Gleipnir").await;
    let said = user.messages(&notice, 100).await.unwrap();
    let of_bot: Vec<&Value> =
        said.iter().filter(|event| event["sender"] == BOT && event["type"] != "m.room.member").collect();
    assert!(of_bot.is_empty(), "{command}: {of_bot:?}");
    assert!(!scene.is_blocked("!x:hs.test").await);
    assert_eq!(scene.bot.stop().await, 0);
    delete(&scene, &second, json!({"purge": true})).await;
    until("the room is deleted", async || !scene.knows(&second).await).await;
    scene.bot.launch();
    assert_eq!(scene.bot.ended().await, 2);
    says_what_to_do(&scene, &second);
}

async fn kick(scene: &Scene) {
    throw_out(scene, "kick").await;
}

/// `kick`, `ban` or `unban`.
async fn throw_out(scene: &Scene, how: &str) {
    let m = &scene.moderator;
    let path = format!("/_matrix/client/v3/rooms/{}/{how}", path_part(&m.room));
    m.user.post(&path, json!({"user_id": BOT})).await.unwrap();
}

async fn delete(scene: &Scene, room: &str, how: Value) {
    scene.admin.delete(&format!("/_synapse/admin/v2/rooms/{}", path_part(room)), how).await.unwrap();
}

fn says_what_to_do(scene: &Scene, room: &str) {
    let log = scene.bot.log_of_run();
    assert!(log.contains(&format!("the management room {room} (management.room is ")), "{log}");
    assert!(
        log.contains("Make a new room, invite @gleipnir:hs.test there, and set management.room to it"),
        "{log}"
    );
}

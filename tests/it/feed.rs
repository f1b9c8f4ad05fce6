//! What changes in watched rooms is told in the management room: once and in order, whatever is away or killed when.

use std::time::Duration;

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};

use crate::support::{BOT, Kind, Moderator, Scene};

/// A room of the moderator that anyone can join and the bot watches.
async fn watched(scene: &Scene, name: &str) -> String {
    let room = scene.room(&scene.moderator.user, name, &[]).await;
    watch(scene, &room).await;
    room
}

/// Has the bot come into a room that the moderator can invite to.
async fn watch(scene: &Scene, room: &str) {
    scene.moderator.user.invite(room, BOT).await.unwrap();
    scene.moderator.hears(&format!("`{room}`): I am in it now, and watch it.")).await;
}

/// Kicks or bans somebody.
async fn act(by: &User, room: &str, act: &str, user: &str, reason: &str) {
    let path = format!("/_matrix/client/v3/rooms/{}/{act}", path_part(room));
    by.post(&path, json!({"user_id": user, "reason": reason})).await.unwrap();
}

fn sentences(scene: &Scene, room: &str) -> Vec<String> {
    scene.moderator.told_so_far(room).into_iter().map(|told| told.sentence).collect()
}

/// The bot's membership of a room.
async fn membership(asking: &User, room: &str) -> Value {
    asking.state(room, "m.room.member", BOT).await.unwrap()["membership"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_taken_from_moderators_alone() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let m = &scene.moderator;
    let stranger = scene.synapse.register("stranger", Role::User).await.unwrap();
    let request = json!({"preset": "private_chat", "name": "Come in!", "invite": [BOT]});
    let lure = stranger.create_room(request).await.unwrap();
    m.hears(&format!("`@stranger:hs.test` invited me to `{lure}`. I leave the invitation alone")).await;

    let room = m.user.create_room(json!({"preset": "private_chat", "name": "Garden"})).await.unwrap();
    watch(&scene, &room).await;
    assert_eq!(membership(&m.user, &room).await, "join");
    m.good("!audit", &format!("join `{room}` and watch it, asked by `@mod:hs.test`")).await;
    m.good("!undo last", "undo – done").await.says(&["Garden"]);
    assert_eq!(membership(&m.user, &room).await, "leave");

    // Invited once more, and thrown out: that is told, and nothing after it.
    let before = m.said().len();
    m.user.invite(&room, BOT).await.unwrap();
    m.hears_after(before, &format!("`{room}`): I am in it now, and watch it.")).await;
    act(&m.user, &room, "ban", "@far:far.test", "spam").await;
    m.told_that(&room, "banned `@far:far.test`, because “spam”").await;
    act(&m.user, &room, "kick", BOT, "no robots").await;
    let told = m.told_that(&room, "kicked gleipnir (`@gleipnir:hs.test`)").await;
    assert_eq!(
        told.sentence,
        "mod (`@mod:hs.test`) kicked gleipnir (`@gleipnir:hs.test`), because “no robots”"
    );
    act(&m.user, &room, "ban", "@after:far.test", "unseen").await;

    // All of that once, over restarts.
    let before = m.said().len();
    scene.bot.kill();
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.said().len(), before + 1);
    assert_eq!(membership(&stranger, &lure).await, "invite");
    assert_eq!(sentences(&scene, &room).len(), 2, "{:?}", sentences(&scene, &room));
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_of_joins_is_one_message() {
    const WAVE: usize = 300;
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[feed]\ndefault = \"all\"".to_owned();
    scene.bot.start().await;
    let room = watched(&scene, "Square").await;
    let crowd = scene.crowd("wave", WAVE).await;
    for user in &crowd {
        user.join(&room).await.unwrap();
    }
    let m = &scene.moderator;
    let told = m.told_that(&room, "300 users joined").await;
    let first = ["wave0", "wave1", "wave2"].map(|name| format!("{name} (`@{name}:hs.test`)")).join(", ");
    assert_eq!(told.sentence, format!("300 users joined: {first} and 297 more, because the room is public"));
    assert_eq!(m.told_so_far(&room).len(), 1, "{:?}", m.told_so_far(&room));
    let edits = m.events().into_iter().filter(|event| {
        let relation = &event["content"]["m.relates_to"];
        relation["rel_type"] == "m.replace" && relation["event_id"] == told.message
    });
    let edits = edits.count();
    assert!((1..=13).contains(&edits), "{edits} edits in a minute at most, one each five seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_meanwhile_is_told_once_and_in_order() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[feed]\ndefault = \"all\"".to_owned();
    scene.bot.start().await;
    let room = watched(&scene, "Lounge").await;
    let [ana, bob]: [User; 2] = scene.crowd("guest", 2).await.try_into().unwrap();
    ana.join(&room).await.unwrap();
    scene.moderator.told_that(&room, "guest0 (`@guest0:hs.test`) joined").await;

    scene.bot.kill();
    let moderator = scene.moderator.user.clone();
    bob.join(&room).await.unwrap();
    act(&moderator, &room, "kick", &ana.user_id, "spam").await;
    moderator.send_text(&room, "is anybody here?").await.unwrap();
    moderator.send_state(&room, "m.room.name", "", json!({"name": "Tea room"})).await.unwrap();
    scene.bot.start().await;
    let told = scene.moderator.told(&room, 4).await;
    let late: Vec<(&str, bool)> = told.iter().map(|told| (told.sentence.as_str(), told.is_late)).collect();
    assert_eq!(
        late,
        [
            ("guest0 (`@guest0:hs.test`) joined, because the room is public", false),
            ("guest1 (`@guest1:hs.test`) joined, because the room is public", true),
            ("mod (`@mod:hs.test`) kicked guest0 (`@guest0:hs.test`), because “spam”", true),
            ("mod (`@mod:hs.test`) changed the room's name from “Lounge” to “Tea room”", true),
        ]
    );
    assert!(told[1..].iter().all(|line| line.message == told[1].message), "one message: {told:?}");
    let text = scene.moderator.hears("While I was away").await.text;
    assert!(text.starts_with(&format!("While I was away, Tea room (`{room}`), times in UTC:")), "{text}");

    // What it sees happen is another message; a further start tells nothing again.
    moderator.send_state(&room, "m.room.topic", "", json!({"topic": "tea"})).await.unwrap();
    assert!(!scene.moderator.told_that(&room, "“tea”").await.is_late);
    scene.bot.kill();
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(sentences(&scene, &room).len(), 5);

    // More than one sync tells: the rest is read back.
    assert_eq!(scene.bot.stop().await, 0);
    for n in 0..130 {
        act(&moderator, &room, "ban", &format!("@far{n}:far.test"), "raid").await;
    }
    scene.bot.start().await;
    let told = scene.moderator.told_that(&room, "banned 130 users").await;
    assert_eq!(
        told.sentence,
        "mod (`@mod:hs.test`) banned 130 users: `@far0:far.test`, `@far1:far.test`, `@far2:far.test` and 127 more, \
         because “raid”; all are of `far.test`"
    );
    assert!(told.is_late);
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(sentences(&scene, &room).len(), 6, "{:?}", sentences(&scene, &room));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_of_a_raid_it_tells_every_kick_once() {
    const KICKS: usize = 60;
    const KILLS: usize = 8;
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let room = watched(&scene, "Lounge").await;
    let crowd = scene.crowd("raider", KICKS).await;
    for user in &crowd {
        user.join(&room).await.unwrap();
    }
    let (moderator, to) = (scene.moderator.user.clone(), room.clone());
    let kicking = tokio::spawn(async move {
        for (n, user) in crowd.iter().enumerate() {
            act(&moderator, &to, "kick", &user.user_id, &format!("reason {n}")).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    // The same moments in each run, as far as a machine can: a small generator, begun with a fixed number.
    let mut seed: u64 = 20_261_121;
    for _ in 0..KILLS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis((seed >> 33) % 2_000)).await;
        scene.bot.kill();
        scene.bot.start().await;
    }
    kicking.await.unwrap();
    let told = scene.moderator.told(&room, KICKS).await;
    let want: Vec<String> = (0..KICKS)
        .map(|n| {
            format!("mod (`@mod:hs.test`) kicked raider{n} (`@raider{n}:hs.test`), because “reason {n}”")
        })
        .collect();
    for want in &want {
        let times = told.iter().filter(|told| told.sentence == *want).count();
        assert_eq!(times, 1, "{want}: {told:#?}");
    }
    // In each message, in order.
    let place = |sentence: &str| want.iter().position(|want| want == sentence);
    for pair in told.windows(2).filter(|pair| pair[0].message == pair[1].message) {
        assert!(place(&pair[0].sentence) < place(&pair[1].sentence), "{pair:?}");
    }
    scene.bot.kill();
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.told_so_far(&room), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_of_the_configuration_are_told_as_it_says() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let owner = scene.synapse.register("owner", Role::User).await.unwrap();
    let outside = scene.room(&owner, "Outside", &[]).await;
    let alias = json!({"preset": "public_chat", "name": "Named", "room_alias_name": "named"});
    let named = owner.create_room(alias).await.unwrap();
    let unwanted = scene.room(&scene.moderator.user, "Unwanted", &[]).await;
    scene.bot.more = format!(
        "[feed.rooms]\n\"{outside}\" = \"all\"\n\"#named:hs.test\" = \"moderation\"\n\"{unwanted}\" = \"off\""
    );
    scene.bot.start().await;
    watch(&scene, &unwanted).await;
    act(&scene.moderator.user, &unwanted, "ban", "@far:far.test", "unwanted").await;
    // From the first look on, which comes when it comes.
    for room in [&outside, &named] {
        for n in 0.. {
            act(&owner, room, "ban", &format!("@far{n}:far.test"), &format!("look {n}")).await;
            if !scene.moderator.told_so_far(room).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(n < 30, "nothing is told of {room}");
        }
    }
    for room in [&outside, &named] {
        owner.send_state(room, "m.room.topic", "", json!({"topic": "tea"})).await.unwrap();
        act(&owner, room, "ban", "@last:far.test", "the last").await;
        let last = scene.moderator.told_that(room, "“the last”").await;
        assert_eq!(last.sentence, "owner (`@owner:hs.test`) banned `@last:far.test`, because “the last”");
    }
    let is_told = |room: &str, words: &str| sentences(&scene, room).iter().any(|told| told.contains(words));
    assert!(is_told(&outside, "owner (`@owner:hs.test`) set the topic to “tea”"));
    assert!(!is_told(&named, "topic"));
    assert_eq!(sentences(&scene, &unwanted), [""; 0]);
    // Each once, over a restart, and what happened meanwhile as well.
    scene.bot.kill();
    act(&owner, &outside, "ban", "@late:far.test", "late").await;
    scene.bot.start().await;
    scene.moderator.told_that(&outside, "“late”").await;
    for room in [&outside, &named] {
        let mut told = sentences(&scene, room);
        let count = told.len();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), count, "something is told twice: {:?}", sentences(&scene, room));
    }
    assert_eq!(scene.bot.stop().await, 0);
}

/// The sync that reads what was missed of watched rooms goes beside the SDK's, and must not swallow what that one is
/// there for: the keys of messages.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_of_watched_rooms_takes_no_keys_away() {
    let Some(mut scene) = Scene::new(Kind::Encrypted).await else { return };
    scene.bot.more = "[feed]\ndefault = \"all\"".to_owned();
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    let room = watched(&scene, "Lounge").await;
    let second = scene.synapse.register("second", Role::User).await.unwrap();
    let office = scene.moderator.room.clone();
    scene.moderator.user.invite(&office, &second.user_id).await.unwrap();
    second.join(&office).await.unwrap();
    // The bot is killed so long after its first start after the pause, and started again.
    for (n, pause) in [None, Some(100), Some(250), Some(350), Some(450)].into_iter().enumerate() {
        // A new device, whose first message begins a session of its own.
        let device = Moderator::encrypted(&scene.synapse, second.clone(), office.clone()).await;
        scene.moderator.good("!version", "Gleipnir").await;
        scene.bot.kill();
        for ban in 0..3 {
            let reason = format!("round {n}, ban {ban}");
            act(&scene.moderator.user, &room, "ban", &format!("@far{n}{ban}:far.test"), &reason).await;
        }
        let command = device.say("!jobs").await;
        if let Some(pause) = pause {
            scene.bot.launch();
            tokio::time::sleep(Duration::from_millis(pause)).await;
            scene.bot.kill();
        }
        scene.bot.start().await;
        scene.moderator.answer(&command, "Nothing is under way.").await;
        device.answer(&command, "Nothing is under way.").await;
    }
    let told = scene.moderator.told(&room, 15).await;
    for n in 0..5 {
        for ban in 0..3 {
            let words = format!("because “round {n}, ban {ban}”");
            assert_eq!(
                told.iter().filter(|told| told.sentence.ends_with(&words)).count(),
                1,
                "{words}: {told:#?}"
            );
        }
    }
    assert_eq!(told.len(), 15, "{told:#?}");
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bot_does_is_told_with_its_command() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let owner = scene.synapse.register("owner", Role::User).await.unwrap();
    let request = json!({"preset": "public_chat", "name": "Square", "room_version": "11",
        "power_level_content_override": {"invite": 0}});
    let room = owner.create_room(request).await.unwrap();
    let m = &scene.moderator;
    m.user.join(&room).await.unwrap();
    watch(&scene, &room).await;
    let command = scene.confirm(&format!("!room-admin {room}"), &["Make an admin"]).await;
    m.answer(&command, "room-admin – done").await;
    let told = m.told_that(&room, "raised").await;
    assert_eq!(
        told.sentence,
        format!(
            "owner (`@owner:hs.test`) raised `@mod:hs.test` from power 0 to 100 – my doing, for \
             `@mod:hs.test`: `!room-admin {room}` (job 2) ⚠️ `@mod:hs.test` has power 100 now, enough to kick, \
             to ban and to change the power levels."
        )
    );
    // What somebody does alone is theirs.
    act(&m.user, &room, "ban", "@far:far.test", "spam").await;
    let told = m.told_that(&room, "banned").await;
    assert_eq!(told.sentence, "mod (`@mod:hs.test`) banned `@far:far.test`, because “spam”");
    assert_eq!(scene.bot.stop().await, 0);
}

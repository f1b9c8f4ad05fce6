//! `!explain` and `!can`: what moderators ask about events, users and rooms that the bot is not in.

use serde_json::json;
use throwaway_synapse::{Role, User, path_part};

use crate::support::{Kind, Scene};

/// A room of `owner`, that the bot is not in, where `ana` had an eventful day.
struct Story {
    owner: User,
    ana: User,
    room: String,
    /// The kick.
    kick: String,
}

impl Story {
    async fn new(scene: &Scene) -> Self {
        let owner = scene.synapse.register("owner", Role::User).await.unwrap();
        let ana = scene.synapse.register("ana", Role::User).await.unwrap();
        let request = json!({"preset": "public_chat", "name": "Square", "room_version": "11"});
        let room = owner.create_room(request).await.unwrap();
        let act = async |act: &str, reason: &str| {
            let path = format!("/_matrix/client/v3/rooms/{}/{act}", path_part(&room));
            owner.post(&path, json!({"user_id": ana.user_id, "reason": reason})).await.unwrap();
        };
        ana.join(&room).await.unwrap();
        let annie = json!({"membership": "join", "displayname": "Annie"});
        ana.send_state(&room, "m.room.member", &ana.user_id, annie).await.unwrap();
        act("kick", "calm down").await;
        let events = owner.messages(&room, 1).await.unwrap();
        let kick = events[0]["event_id"].as_str().unwrap().to_owned();
        ana.join(&room).await.unwrap();
        act("ban", "spam").await;
        Self { owner, ana, room, kick }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_users_and_rooms_are_explained() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let story = Story::new(&scene).await;
    let (m, room, kick) = (&scene.moderator, &story.room, &story.kick);

    // An event, however it is named.
    let link = format!("https://matrix.to/#/{room}/{kick}?via=hs.test");
    for target in [kick.clone(), format!("{room} {kick}"), link] {
        m.good(&format!("!explain {target}"), &format!("In Square (`{room}`):")).await.says(&[
            "owner (`@owner:hs.test`) kicked Annie (`@ana:hs.test`), because “calm down”.",
            "Why they could: owner (`@owner:hs.test`) had power 100, and kicking takes 50",
            kick,
        ]);
    }
    m.bad(&format!("!explain {room} $nothing"), "event").await;

    // A user's story.
    let told = m.good(&format!("!explain {} {room}", story.ana.user_id), "The story of").await;
    let lines: Vec<&str> = told.text.lines().filter_map(|line| line.strip_prefix("• ")).collect();
    let sentences: Vec<&str> = lines.iter().filter_map(|line| line.splitn(3, ' ').nth(2)).collect();
    assert_eq!(
        sentences,
        [
            "ana (`@ana:hs.test`) joined, because the room is public",
            "ana (`@ana:hs.test`) changed the name from “ana” to “Annie”",
            "owner (`@owner:hs.test`) kicked Annie (`@ana:hs.test`), because “calm down”",
            "ana (`@ana:hs.test`) joined, because the room is public",
            "owner (`@owner:hs.test`) removed and banned ana (`@ana:hs.test`), because “spam”",
        ],
        "{}",
        told.text
    );
    told.says(&[
        &format!("in Square (`{room}`), oldest first"),
        "Now: banned, since ",
        "by owner (`@owner:hs.test`), because “spam”",
    ]);
    let nobody = format!("`@mod:hs.test` was never in Square (`{room}`).");
    m.good(&format!("!explain @mod:hs.test {room}"), "never").await.says(&[&nobody]);

    // A room.
    m.good(&format!("!explain {room}"), &format!("Square (`{room}`)")).await.says(&[
        "Joining: anyone can join",
        "Power: owner (`@owner:hs.test`) 100, everybody else 0",
        "Last 24 hours: ",
        "What changed last but members, newest first, times in UTC:",
        "owner (`@owner:hs.test`)",
    ]);
    let request = json!({"preset": "private_chat", "name": "Twelve", "room_version": "12",
        "creation_content": {"additional_creators": [story.ana.user_id]}});
    let twelve = story.owner.create_room(request).await.unwrap();
    m.good(&format!("!explain {twelve}"), "Joining: only invited people can join").await.says(&[
        "Creators, above all power levels: ",
        "owner (`@owner:hs.test`)",
        "`@ana:hs.test`",
    ]);
    m.all_bad(&[
        ("!explain !nowhere:hs.test", "does not know the room `!nowhere:hs.test`"),
        ("!explain @ana:hs.test", "Say in which room"),
        ("!explain nonsense", "is neither an event nor a room"),
    ])
    .await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_can_do_is_what_the_server_lets_them() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let story = Story::new(&scene).await;
    let (m, room) = (&scene.moderator, &story.room);
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    eve.join(room).await.unwrap();

    let banned = m.good(&format!("!can @ana:hs.test join {room}"), "No: ").await;
    banned.says(&[
        "Why: they are banned",
        "set by owner (`@owner:hs.test`)",
        "Missing: that the ban is lifted",
    ]);
    assert!(story.ana.join(room).await.is_err());
    m.good(&format!("!can @bob:hs.test join {room}"), "Yes: ")
        .await
        .says(&["the room is public: anyone can join"]);
    bob.join(room).await.unwrap();
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", path_part(room));
    m.good(&format!("!can @eve:hs.test kick {room} @bob:hs.test"), "No: ")
        .await
        .says(&["they have power 0, and kicking takes 50"]);
    assert!(eve.post(&kick, json!({"user_id": bob.user_id})).await.is_err());
    m.good(&format!("!can @owner:hs.test kick {room} @bob:hs.test"), "Yes: ")
        .await
        .says(&["they have power 100, and kicking takes 50"]);
    story.owner.post(&kick, json!({"user_id": bob.user_id})).await.unwrap();
    m.good(&format!("!can @bob:hs.test redact {room}"), "No: ").await.says(&["they are not in the room"]);

    // For members of another room, which the bot is not in either.
    let club = scene.room(&story.owner, "Club", std::slice::from_ref(&bob)).await;
    let allow = json!([{"type": "m.room_membership", "room_id": club}]);
    let rules = json!({"join_rule": "restricted", "allow": allow});
    story.owner.send_state(room, "m.room.join_rules", "", rules).await.unwrap();
    let member = format!("they are a member of Club (`{club}`), whose members can join");
    m.good(&format!("!can @bob:hs.test join {room}"), "Yes: ").await.says(&[&member]);
    bob.join(room).await.unwrap();
    let none = format!("only members of Club (`{club}`) can join, and they are in none of these");
    m.good(&format!("!can @mod:hs.test join {room}"), "No: ").await.says(&[&none]);
    assert!(m.user.join(room).await.is_err());

    m.all_bad(&[
        (&format!("!can @bob:hs.test dance {room}"), "I do not know the action “dance”"),
        ("!can @bob:hs.test join !nowhere:hs.test", "does not know the room `!nowhere:hs.test`"),
    ])
    .await;
    assert_eq!(scene.bot.stop().await, 0);
}

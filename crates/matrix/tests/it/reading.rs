//! Rooms in the clear: invitations, and a cursor that loses nothing and brings nothing old.

use gleipnir_matrix::{Membership, Outgoing, Power, RequestError, SyncError, ruma::RoomAliasId};
use serde_json::json;

use crate::support::{Reader, Server, texts};

#[tokio::test(flavor = "multi_thread")]
async fn reading() {
    let Some(server) = Server::start().await else { return };
    invitations(&server).await;
    cursor(&server).await;
    elsewhere(&server).await;
    first_sync(&server).await;
    sending(&server).await;
    outage(server).await;
}

async fn invitations(server: &Server) {
    let (ana, ben, bot) =
        (server.person("ana").await, server.person("ben").await, server.account("bot").await);
    let name = bot.person.id.localpart().to_owned();
    let room = ana
        .create_room(json!({ "name": "Moderators", "invite": [bot.person.id], "room_alias_name": name }))
        .await;
    let (session, _) = bot.connect().await;
    let mut bot = Reader::new(session);
    assert_eq!(bot.session.membership(&room), Membership::Unknown);
    assert!(bot.sync(None).await.invites_changed);
    assert_eq!(bot.session.membership(&room), Membership::Invited);
    let invites = bot.session.invites().await;
    let [invite] = &*invites else { panic!("{invites:?}") };
    assert_eq!((&invite.room_id, invite.inviter.as_ref()), (&room, Some(&ana.id)));
    assert_eq!(invite.event_id, None, "Synapse strips the event; who relies on the ID must look elsewhere");

    // What was said before it came is not for it, even where it can read it.
    ana.say(&room, "before").await;
    bot.session.join(&room).await.unwrap();
    ana.say(&room, "after").await;
    bot.until_text(&room, "after").await;
    assert_eq!(bot.session.membership(&room), Membership::Joined);
    assert!(bot.session.invites().await.is_empty());
    bot.cursor.take();
    ana.say(&room, "unseen").await;
    assert!(bot.sync(Some(&room)).await.events.is_empty(), "no cursor must bring no history");

    let alias = RoomAliasId::parse(format!("#{name}:{}", ana.id.server_name())).unwrap();
    assert_eq!(bot.session.resolve_alias(&alias).await.unwrap(), Some(room.clone()));
    let none = RoomAliasId::parse(format!("#none:{}", ana.id.server_name())).unwrap();
    assert_eq!(bot.session.resolve_alias(&none).await.unwrap(), None);
    assert!(!bot.session.is_encrypted(&room).await.unwrap());
    let id = bot.session.user_id().to_owned();
    assert_eq!(bot.session.power(&room, &id).await.unwrap(), Power::Level(0));
    assert!(bot.session.power(&room, &ana.id).await.unwrap() >= Power::Level(100));

    // The list of members follows.
    let members = async |bot: &Reader| bot.session.members(&room).await.unwrap();
    let mut both = vec![ana.id.clone(), id.clone()];
    both.sort();
    assert_eq!(members(&bot).await, both);
    ana.act("invite", &room, &ben.id).await;
    ben.user.join(room.as_str()).await.unwrap();
    bot.until(&room, |json| json["state_key"] == ben.id.as_str() && json["content"]["membership"] == "join")
        .await;
    assert!(members(&bot).await.contains(&ben.id));
    // Out again behind a gap.
    ben.user.leave(room.as_str()).await.unwrap();
    for n in 0..60 {
        ana.say(&room, &format!("{n}")).await;
    }
    assert_eq!(bot.until_text(&room, "59").await.json["sender"], ana.id.as_str());
    assert_eq!(members(&bot).await, both);

    ana.act("kick", &room, &id).await;
    bot.sync(Some(&room)).await;
    assert_eq!(bot.session.membership(&room), Membership::Left);
    assert!(matches!(bot.session.members(&room).await, Err(RequestError::Other(_))));
}

async fn cursor(server: &Server) {
    let (ana, account) = (server.person("ana").await, server.account("bot").await);
    let room = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let mut bot = account.joined().await;
    ana.say(&room, "hello").await;
    bot.until_text(&room, "hello").await;

    // More than a sync response holds, and more than a page of messages.
    let expected: Vec<_> = (0..180).map(|n| format!("gap {n}")).collect();
    for text in &expected[..80] {
        ana.say(&room, text).await;
    }
    let before = bot.cursor.clone();
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), expected[..80]);
    for text in &expected[80..] {
        ana.say(&room, text).await;
    }

    // The caller loses the events of two syncs, without and with a restart.
    bot.cursor.clone_from(&before);
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), expected);
    drop(bot);
    let mut bot = Reader { session: account.connect().await.0, cursor: before };
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), expected);
    ana.say(&room, "the end").await;
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), ["the end"]);

    // Gone and back: what was said meanwhile is not for it.
    let id = bot.session.user_id().to_owned();
    ana.act("kick", &room, &id).await;
    ana.say(&room, "behind its back").await;
    ana.act("invite", &room, &id).await;
    let kicked = bot.cursor.clone();
    bot.sync(Some(&room)).await;
    bot.session.join(&room).await.unwrap();
    ana.say(&room, "back").await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "back") {
        seen.extend(texts(&bot.sync(Some(&room)).await.events).into_iter().map(ToOwned::to_owned));
    }
    assert_eq!(seen, ["back"]);
    bot.cursor = kicked;
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), ["back"]);
}

/// Whoever is killed before it has kept what came asks again from the same cursor, and hears what happened since too:
/// Synapse remembers for two minutes what it answered.
async fn elsewhere(server: &Server) {
    let (ana, account) = (server.person("ana").await, server.account("bot").await);
    let room = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let other = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let mut bot = account.joined().await;
    bot.sync(Some(&room)).await;
    let before = bot.cursor.clone();
    drop(bot);
    let names = ["Lounge", "Tea room", "Bar"];
    for n in 0..names.len() {
        ana.user.send_state(other.as_str(), "m.room.name", "", json!({ "name": names[n] })).await.unwrap();
        let mut bot = Reader { session: account.connect().await.0, cursor: before.clone() };
        bot.session.sync(None, Some(String::new())).await.unwrap();
        let changed = bot.sync(Some(&room)).await.elsewhere;
        let read = changed.iter().filter(|update| update.room_id == other).flat_map(|update| &update.events);
        let read: Vec<_> = read.filter_map(|event| event["content"]["name"].as_str()).collect();
        assert_eq!(read, names[..=n]);
    }
}

/// With thousands of rooms it takes the server minutes: it may, and it brings what is needed and little besides. What it
/// left out of a timeline is not lost to a caller who has a cursor from before.
async fn first_sync(server: &Server) {
    let (ana, account) = (server.person("ana").await, server.account("bot").await);
    let room = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let mut bot = account.joined().await;
    let asked = |how: &str| -> Vec<u32> {
        let log = std::fs::read_to_string(server.synapse.log_path()).unwrap();
        let mine = format!("{{{}}} Processed request", account.person.id);
        let syncs = log
            .lines()
            .filter(|line| line.contains(&mine) && line.contains("/v3/sync?") && line.contains(how));
        let limit = |line: &str| line.split("limit%22%3A").nth(1)?.split('%').next()?.parse().ok();
        syncs.filter_map(limit).collect()
    };
    let first = asked("timeout=600000");
    assert_eq!(first, [1], "the first one, and no other, may take long");
    assert!(!asked("timeout=0").contains(&1) && !asked("timeout=30000").contains(&1));

    let said: Vec<_> = (0..5).map(|n| format!("before the loss {n}")).collect();
    for text in &said {
        ana.say(&room, text).await;
    }
    // All that the SDK kept is lost; the caller's cursor is not.
    let cursor = bot.cursor.take();
    drop(bot);
    std::fs::remove_dir_all(&account.settings.folder).unwrap();
    let mut bot = Reader { session: account.connect().await.0, cursor };
    assert_eq!(texts(&bot.sync(Some(&room)).await.events), said);
    assert_eq!(asked("timeout=600000"), [1, 1]);
}

async fn sending(server: &Server) {
    let (ana, account) = (server.person("ana").await, server.account("bot").await);
    let room = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let command = ana.say(&room, "!status").await;
    let mut bot = account.joined().await;
    let session = bot.session.clone();

    let message = |text: &str| Outgoing::Message {
        mentions: Vec::new(),
        text: text.to_owned(),
        html: format!("<b>{text}</b>"),
        reply_to: Some(command.clone()),
        replaces: None,
    };
    let first = session.send(&room, "one", message("fine")).await.unwrap();
    assert_eq!(session.send(&room, "one", message("fine")).await.unwrap(), first);
    drop((bot, session));
    bot = Reader::new(account.connect().await.0);
    assert_eq!(bot.session.send(&room, "one", message("fine")).await.unwrap(), first);
    let seen = ana.event(&room, &first).await;
    assert_eq!(seen["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], command.as_str());
    assert_eq!(seen["content"]["m.mentions"], json!({}));

    let bytes = b"a,b\n1,2\n".to_vec();
    let file = Outgoing::File {
        name: "a.csv".to_owned(),
        mime: "text/csv".to_owned(),
        pixels: None,
        bytes,
        reply_to: None,
    };
    let file = bot.session.send(&room, "two", file).await.unwrap();
    let url = ana.event(&room, &file).await["content"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("mxc://"), "{url}");

    ana.act("ban", &room, &account.person.id).await;
    let error = bot.session.send(&room, "three", message("still?")).await.unwrap_err();
    assert!(
        matches!(&error, RequestError::Refused { status: 403, errcode, .. } if errcode == "M_FORBIDDEN"),
        "{error:?}"
    );
}

async fn outage(mut server: Server) {
    let (ana, account) = (server.person("ana").await, server.account("bot").await);
    let room = ana.create_room(json!({ "invite": [account.person.id] })).await;
    let mut bot = account.joined().await;
    ana.say(&room, "last words").await;
    server.synapse.stop().await.unwrap();

    let error = bot.session.sync(Some(room.clone()), bot.cursor.clone()).await.unwrap_err();
    assert!(matches!(error, SyncError::Away(_)), "{error:?}");
    let answer = Outgoing::Reaction { to: "$a".try_into().unwrap(), key: "x".to_owned() };
    let error = bot.session.send(&room, "one", answer).await.unwrap_err();
    assert!(matches!(error, RequestError::Away(_)), "{error:?}");

    server.synapse.start_again().await.unwrap();
    ana.say(&room, "first words").await;
    let batch = bot.sync(Some(&room)).await;
    assert_eq!(texts(&batch.events), ["last words", "first words"]);
}

//! Encrypted rooms: both ends through this crate, and what a lost store costs.

use std::fs;

use gleipnir_matrix::{Decryption, How, Outgoing, Recovery, ruma::OwnedEventId};
use serde_json::json;

use crate::support::{Reader, Server};

#[tokio::test(flavor = "multi_thread")]
async fn encrypted() {
    let Some(server) = Server::start().await else { return };
    conversation(&server).await;
    lost_store(&server).await;
    elsewhere(&server).await;
}

fn message(text: &str, reply_to: Option<OwnedEventId>, replaces: Option<OwnedEventId>) -> Outgoing {
    Outgoing::Message {
        text: text.to_owned(),
        html: format!("<b>{text}</b>"),
        mentions: Vec::new(),
        reply_to,
        replaces,
    }
}

fn encrypted_room(invite: &[&str]) -> serde_json::Value {
    json!({
        "invite": invite,
        "initial_state": [{
            "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2" },
        }],
    })
}

async fn conversation(server: &Server) {
    let (ana, account) = (server.account("ana").await, server.account("bot").await);
    let room = ana.person.create_room(encrypted_room(&[account.person.id.as_str()])).await;
    let mut bot = account.joined().await;
    let mut ana = ana.joined().await;
    assert!(bot.session.is_encrypted(&room).await.unwrap());

    let command = ana.session.send(&room, "a", message("!status", None, None)).await.unwrap();
    let read = bot.until_text(&room, "!status").await;
    assert_eq!(read.decryption, Decryption::Decrypted);
    assert_eq!(
        (read.json["type"].as_str(), read.json["event_id"].as_str()),
        (Some("m.room.message"), Some(command.as_str()))
    );
    assert_eq!(read.json["sender"], ana.session.user_id().as_str());

    let eyes = Outgoing::Reaction { to: command.clone(), key: "👀".to_owned() };
    bot.session.send(&room, "r", eyes).await.unwrap();
    let reaction = ana.until(&room, |json| json["type"] == "m.reaction").await;
    assert_eq!(reaction.json["content"]["m.relates_to"]["key"], "👀");

    let answer = bot.session.send(&room, "b", message("working", Some(command.clone()), None)).await.unwrap();
    assert_eq!(
        bot.session.send(&room, "b", message("working", Some(command.clone()), None)).await.unwrap(),
        answer
    );
    let read = ana.until_text(&room, "working").await;
    assert_eq!(read.decryption, Decryption::Decrypted);
    assert_eq!(read.json["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], command.as_str());

    bot.session.send(&room, "c", message("done", None, Some(answer.clone()))).await.unwrap();
    let read = ana.until_text(&room, "* done").await;
    assert_eq!(read.json["content"]["m.new_content"]["body"], "done");
    assert_eq!(read.json["content"]["m.relates_to"]["event_id"], answer.as_str());

    let file = Outgoing::File {
        name: "a.csv".to_owned(),
        mime: "text/csv".to_owned(),
        pixels: None,
        bytes: b"a,b\n".to_vec(),
        reply_to: Some(command),
    };
    let file = bot.session.send(&room, "d", file).await.unwrap();
    let read = ana.until(&room, |json| json["event_id"] == file.as_str()).await;
    assert_eq!(read.json["content"]["msgtype"], "m.file");
    assert!(read.json["content"]["file"]["key"].is_object() && read.json["content"]["url"].is_null());
    let stored = account.person.event(&room, &file).await;
    assert_eq!(stored["type"], "m.room.encrypted", "the attachment's key went out in the clear");

    let image = Outgoing::File {
        name: "a.png".to_owned(),
        mime: "image/png".to_owned(),
        pixels: Some((7, 5)),
        bytes: b"pixels".to_vec(),
        reply_to: None,
    };
    let image = bot.session.send(&room, "i", image).await.unwrap();
    let read = ana.until(&room, |json| json["event_id"] == image.as_str()).await;
    let content = &read.json["content"];
    assert_eq!((&content["msgtype"], &content["info"]["w"]), (&"m.image".into(), &7.into()));
    assert!(content["file"]["key"].is_object() && content["url"].is_null());

    // Read back after a crash, it is decrypted all the same; and so it is when asked for alone.
    let before = bot.cursor.clone();
    let last = ana.session.send(&room, "e", message("last", None, None)).await.unwrap();
    bot.until_text(&room, "last").await;
    drop(bot);
    let mut bot = Reader { session: account.connect().await.0, cursor: before };
    assert_eq!(bot.until_text(&room, "last").await.decryption, Decryption::Decrypted);
    let fetched = bot.session.fetch(&room, &last).await.unwrap();
    assert_eq!(
        (fetched.json["content"]["body"].as_str(), fetched.decryption),
        (Some("last"), Decryption::Decrypted)
    );
}

async fn lost_store(server: &Server) {
    let (ana, mut account) = (server.account("ana").await, server.account("bot").await);
    account.settings.recovery = Some("a passphrase of ours".to_owned());
    let room = ana.person.create_room(encrypted_room(&[account.person.id.as_str()])).await;
    let mut bot = account.joined().await;
    let mut ana = ana.joined().await;
    assert!(!account.file("recovery-key").exists(), "the configured passphrase is the recovery key");
    let old = ana.session.send(&room, "a", message("old", None, None)).await.unwrap();
    bot.until_text(&room, "old").await;
    let cursor = bot.cursor.clone();
    drop(bot);

    // Without the passphrase, then with it.
    for (recovery, cross_signed) in [(None, false), (account.settings.recovery.clone(), true)] {
        fs::remove_dir_all(account.file("sdk")).unwrap();
        account.settings.recovery = recovery;
        let (session, how) = account.connect().await;
        assert_eq!(how, How::NewDevice { reason: "the encryption store was gone".to_owned() });
        let state = session.encryption().await;
        assert_eq!((state.cross_signed, state.problem.is_none()), (cross_signed, cross_signed), "{state:?}");
        assert_eq!(state.recovery == Recovery::Enabled, cross_signed, "{state:?}");

        let mut bot = Reader { session, cursor: cursor.clone() };
        bot.sync(Some(&room)).await;
        ana.sync(Some(&room)).await;
        let text = format!("new {cross_signed}");
        ana.session.send(&room, &text, message(&text, None, None)).await.unwrap();
        assert_eq!(bot.until_text(&room, &text).await.decryption, Decryption::Decrypted);
        let fetched = bot.session.fetch(&room, &old).await.unwrap();
        assert!(fetched.decryption != Decryption::Clear, "{fetched:?}");
        if !cross_signed {
            let Decryption::Undecryptable { reason } = fetched.decryption else { panic!("{fetched:?}") };
            assert_eq!(reason, "the key has not arrived");
        }
    }
}

/// What is read of other rooms beside the SDK after a break takes nothing away that the SDK needs: a sync deletes what
/// was sent to the device before its cursor, and the key of a message that waits is such a thing.
async fn elsewhere(server: &Server) {
    let (ana, account) = (server.account("ana").await, server.account("bot").await);
    let room = ana.person.create_room(encrypted_room(&[account.person.id.as_str()])).await;
    let other = ana.person.create_room(json!({ "invite": [account.person.id] })).await;
    let mut bot = account.joined().await;
    let person = ana.person.user.clone();
    let mut ana = ana.joined().await;
    bot.sync(Some(&room)).await;
    // The caller's cursor stays behind the SDK's, as after a crash.
    let cursor = bot.cursor.clone();
    let path = format!("/_matrix/client/v3/rooms/{other}/state/m.room.name");
    person.put(&path, json!({ "name": "Lounge" })).await.unwrap();
    bot.sync(None).await;
    ana.sync(None).await;
    ana.session.send(&room, "a", message("first", None, None)).await.unwrap();
    bot.cursor = cursor;
    let batch = bot.sync(Some(&room)).await;
    let read = batch.events.iter().find(|event| event.json["content"]["body"] == "first");
    assert_eq!(read.map(|event| &event.decryption), Some(&Decryption::Decrypted), "{:?}", batch.events);
    let changed: Vec<_> = batch.elsewhere.iter().filter(|update| update.room_id == other).collect();
    assert_eq!(changed.len(), 1, "{:?}", batch.elsewhere);
    assert!(changed[0].events.iter().any(|event| event["content"]["name"] == "Lounge"), "{changed:?}");
    assert!(batch.is_caught_up);
    // Seen as it happens, it comes with the SDK's own sync.
    let path = format!("/_matrix/client/v3/rooms/{other}/state/m.room.topic");
    person.put(&path, json!({ "topic": "tea" })).await.unwrap();
    let batch = bot.sync(Some(&room)).await;
    assert!(!batch.is_caught_up, "{batch:?}");
    let topic = |update: &gleipnir_matrix::RoomUpdate| {
        update.events.iter().any(|event| event["content"]["topic"] == "tea")
    };
    assert!(batch.elsewhere.iter().any(topic), "{:?}", batch.elsewhere);
}

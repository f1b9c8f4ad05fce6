//! Files of messages, in the clear and encrypted.

use gleipnir_matrix::{
    Attachment, Outgoing, RequestError,
    ruma::{RoomId, event_id},
};
use serde_json::{Value, json};

use crate::support::{Reader, Server};

const LIST: &[u8] = b"@a:hs.test\n@b:hs.test\n";

fn list() -> Outgoing {
    Outgoing::File {
        name: "users.txt".to_owned(),
        mime: "text/plain".to_owned(),
        pixels: None,
        bytes: LIST.to_vec(),
        reply_to: None,
    }
}

/// What is had of a file that is sent, with a limit.
async fn had(
    reader: &mut Reader,
    room: &RoomId,
    outgoing: Outgoing,
    limit: usize,
) -> Result<Attachment, RequestError> {
    let sent =
        reader.session.send(room, &format!("{outgoing:?}{limit}").len().to_string(), outgoing).await.unwrap();
    reader.session.attachment(room, &sent, limit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments() {
    let Some(server) = Server::start().await else { return };
    for encryption in [
        json!([]),
        json!([{
            "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2" },
        }]),
    ] {
        let (ana, bot) = (server.account("ana").await, server.account("bot").await);
        let request = json!({ "invite": [bot.person.id], "initial_state": encryption });
        let room = ana.person.create_room(request).await;
        let (mut bot, mut ana) = (bot.joined().await, ana.joined().await);
        let sent = ana.session.send(&room, "list", list()).await.unwrap();
        bot.until(&room, |json| json["event_id"] == sent.as_str()).await;
        let had_by_bot = async |limit| bot.session.attachment(&room, &sent, limit).await.unwrap();
        assert_eq!(had_by_bot(LIST.len()).await, Attachment::File(LIST.to_vec()));
        assert_eq!(had_by_bot(LIST.len() - 1).await, Attachment::TooLarge);

        let said = ana.session.send(&room, "said", other(json!({ "msgtype": "m.text", "body": "x" }))).await;
        assert_eq!(ana.session.attachment(&room, &said.unwrap(), 9).await.unwrap(), Attachment::Nothing);
        let nope = ana.session.attachment(&room, event_id!("$nope"), 9).await.unwrap();
        assert_eq!(nope, Attachment::Nothing, "there is no such message");
        if encryption == json!([]) {
            lies(&mut ana, &room).await;
        }
    }
}

fn other(content: Value) -> Outgoing {
    Outgoing::Other { event_type: "m.room.message".to_owned(), content }
}

/// What is said of a file need not be so.
async fn lies(ana: &mut Reader, room: &RoomId) {
    let sent = ana.session.send(room, "first", list()).await.unwrap();
    let url = ana.session.fetch(room, &sent).await.unwrap().json["content"]["url"].clone();
    let said = |url: &Value, size: Value| {
        other(json!({ "msgtype": "m.file", "body": "x", "url": url, "info": { "size": size } }))
    };
    let small = had(ana, room, said(&url, json!(1)), 5).await.unwrap();
    assert_eq!(small, Attachment::TooLarge, "it is larger than it says");
    let large = had(ana, room, said(&json!("mxc://hs.test/nope"), json!(10_000_000)), 5).await.unwrap();
    assert_eq!(large, Attachment::TooLarge, "it is not even asked for");
    let unsaid = had(ana, room, said(&url, Value::Null), 500).await.unwrap();
    assert_eq!(unsaid, Attachment::File(LIST.to_vec()));
    let gone = had(ana, room, said(&json!("mxc://hs.test/nope"), json!(1)), 5).await;
    assert!(matches!(gone, Err(RequestError::Refused { status: 404, .. })), "{gone:?}");
    let no_address = had(ana, room, said(&json!("https://hs.test/file"), json!(1)), 5).await;
    assert!(no_address.is_err(), "{no_address:?}");
    let content =
        json!({ "msgtype": "m.file", "body": "x", "file": { "url": "mxc://hs.test/a", "key": "hunter2" } });
    let unreadable = had(ana, room, other(content), 5).await.unwrap_err();
    assert!(!format!("{unreadable:?}").contains("hunter2"), "{unreadable:?}");
}

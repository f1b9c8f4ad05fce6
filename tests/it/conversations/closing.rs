//! What holds for everything that was said in a whole conversation.

use serde_json::{Value, json};

use crate::support::{BOT, Kind, Scene};

/// Notices that ping nobody, with text and HTML, encrypted where the room is; every command seen and answered once.
pub(super) async fn everything_was_said_as_it_should(scene: &Scene, kind: Kind) {
    let m = &scene.moderator;
    let events = m.events();
    let of = |sender: &str, kind: &str| -> Vec<Value> {
        events.iter().filter(|event| event["sender"] == sender && event["type"] == kind).cloned().collect()
    };
    let said = of(BOT, "m.room.message");
    assert!(said.len() > 100, "{}", said.len());
    for event in &said {
        let content = &event["content"];
        let newest = match &content["m.new_content"] {
            Value::Null => content,
            new => new,
        };
        assert_eq!(content["m.mentions"], json!({}), "{content}");
        if content["msgtype"] != "m.file" {
            assert_eq!(newest["msgtype"], "m.notice");
            assert_eq!(newest["format"], "org.matrix.custom.html");
            assert!(newest["formatted_body"].as_str().is_some_and(|html| !html.is_empty()), "{newest}");
        }
        if kind == Kind::Encrypted {
            // As the server has it.
            let id = event["event_id"].as_str().unwrap();
            let stored = m.user.event(&m.room, id).await.unwrap();
            assert_eq!(stored["type"], "m.room.encrypted", "{content}");
        }
    }
    for command in of("@mod:hs.test", "m.room.message") {
        let (id, line) = (command["event_id"].as_str().unwrap(), &command["content"]["body"]);
        let marks = m.marks(id);
        assert_eq!(marks.first().map(String::as_str), Some("👀"), "{line}: {marks:?}");
        let line = line.as_str().unwrap();
        let answers = m.replies(id).len();
        // A preview and a report; a confirmation by command is answered by the report.
        let asked = m.replies(id).first().is_some_and(|first| first.text.contains("do it?"));
        match (line.starts_with("!confirm"), asked) {
            (true, _) => assert!(answers <= 1, "{line}: {answers}"),
            (false, true) => assert!(answers <= 2, "{line}: {answers}"),
            (false, false) => assert_eq!(answers, 1, "{line}"),
        }
    }
}

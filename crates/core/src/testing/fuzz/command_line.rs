//! Any message in the management room: the bot answers it or leaves it alone, does nothing of its own, and what it
//! would do is about what was typed.

use percent_encoding::percent_decode_str;
use ruma::{EventId, OwnedUserId, RoomAliasId, RoomId, UserId, owned_user_id, room_id, user_id};
use serde_json::{Value, json};

use super::{MOST_BYTES, harmless};
use crate::{
    incoming::{Incoming, read},
    model::Account,
    plan::Step,
    ports::{Records, Which},
    testing::{FakeRoom, Stage},
    text::{
        clean::is_invisible,
        target::{EventTarget, RoomTarget, UserTarget},
        words::words,
    },
};

/// A message of a moderator is handled by everything that a message goes through, on a fake homeserver.
///
/// The bytes are its `body`; behind a NUL its `formatted_body`; behind another one more of its content, as JSON.
///
/// # Panics
///
/// When it broke something, or would be done to what nobody typed.
pub fn command_line(data: &[u8]) {
    if data.len() > MOST_BYTES {
        return;
    }
    let data = String::from_utf8_lossy(data);
    let mut parts = data.splitn(3, '\0');
    let (body, html, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let content = content(body, html, more);
    let me = user_id!("@bot:hs.test");
    let understood = read(&message(&content), me);
    never_a_command(&content, me);
    if let Incoming::Text { text, .. } = &understood {
        targets(text);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("nothing is wrong with this process").block_on(say(&content, &understood));
}

fn content(body: &str, html: Option<&str>, more: Option<&str>) -> Value {
    let mut content = json!({"msgtype": "m.text", "body": body});
    if let Some(html) = html {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(html);
    }
    if let (Some(content), Some(Ok(Value::Object(more)))) =
        (content.as_object_mut(), more.map(serde_json::from_str))
    {
        content.extend(more);
    }
    content
}

fn message(content: &Value) -> Value {
    json!({"type": "m.room.message", "sender": "@mod:hs.test", "event_id": "$e", "content": content})
}

/// The same as a notice, an edit, or from the bot itself is nothing.
fn never_a_command(content: &Value, me: &UserId) {
    let with = |field: &str, value: Value| {
        let mut content = content.clone();
        content[field] = value;
        message(&content)
    };
    let replaces = json!({"rel_type": "m.replace", "event_id": "$x"});
    let mut own = message(content);
    own["sender"] = json!(me);
    for event in [
        with("msgtype", json!("m.notice")),
        with("m.new_content", json!({"msgtype": "m.text", "body": "!help"})),
        with("m.relates_to", replaces),
        own,
    ] {
        assert_eq!(read(&event, me), Incoming::Nothing, "{event}");
    }
}

/// Whatever a word is taken for is what it says.
fn targets(text: &str) {
    let Ok(words) = words(text) else { return };
    for word in words {
        let typed = plain(&word.text);
        let is_typed = |id: &str| {
            assert!(word.text.contains(tail(id)) || typed.contains(tail(id)), "{id} is not in {typed:?}");
        };
        if let Ok(room) = word.text.parse::<RoomTarget>() {
            is_typed(&room.to_string());
        }
        if let Ok(UserTarget(user)) = word.text.parse() {
            is_typed(user.as_str());
        }
        if let Ok(EventTarget { room, event }) = word.text.parse() {
            is_typed(event.as_str());
            if let Some(room) = room {
                is_typed(&room.to_string());
            }
        }
    }
}

/// An ID without the sigil, which a `matrix:` URI does not have.
fn tail(id: &str) -> &str {
    id.trim_start_matches(['!', '#', '@', '$'])
}

/// Text without percent-encoding and what nobody sees.
fn plain(text: &str) -> String {
    let visible: String = text.chars().filter(|c| *c == '\u{fe0f}' || !is_invisible(*c)).collect();
    percent_decode_str(&visible).decode_utf8_lossy().into_owned()
}

/// A moderator says it, in a management room of a server with two rooms that have nothing to do with each other.
async fn say(content: &Value, understood: &Incoming) {
    let mut stage = Stage::default();
    stage.room(room_id!("!badroom:hs.test"), "Spam", "#badroom:hs.test", 2);
    let decoy = owned_user_id!("@decoy:hs.test");
    stage.homeserver.put_account(&decoy, Account::default());
    for n in 0..2 {
        let user = OwnedUserId::try_from(format!("@user{n}:hs.test")).expect("a user ID");
        stage.homeserver.put_account(&user, Account::default());
    }
    let room = FakeRoom {
        members: vec![decoy.clone()],
        aliases: vec!["#decoy:hs.test".into()],
        ..FakeRoom::default()
    };
    stage.homeserver.put_room(room_id!("!decoy:hs.test"), room);
    let event = stage.receive(user_id!("@mod:hs.test"), "m.room.message", content);
    stage.handle().await;
    assert_eq!(
        stage.homeserver.writes(),
        Vec::<String>::new(),
        "a command does nothing before it is executed"
    );
    for key in stage.store.keys() {
        let Some(rendered) = stage.store.said(&key) else { continue };
        assert!(!rendered.text.contains("Something in me broke"), "{content}");
        assert!(rendered.mentions.is_empty(), "{:?}", rendered.mentions);
        harmless::check(&rendered);
    }
    let plans = stage.store.plans(&Which::default()).expect("the store reads");
    let Incoming::Text { text, .. } = understood else {
        assert!(plans.is_empty() && stage.store.said(&format!("answer-{event}")).is_none(), "{content}");
        return;
    };
    let typed = plain(text);
    for plan in &plans {
        let steps: Vec<&Step> = plan.steps.iter().map(|planned| &planned.step).collect();
        let steps = serde_json::to_value(steps).expect("steps are JSON");
        let mut ids = Vec::new();
        ids_in(&steps, &mut ids);
        for id in ids.into_iter().filter(|id| !PEOPLE_HERE.contains(id)) {
            // What a room is called, and who is in it, follows from what was typed.
            let belongs = TOGETHER.iter().find(|names| names.iter().any(|name| id.contains(name)));
            let together = belongs.copied().unwrap_or_default();
            let is_typed = |name: &str| text.contains(name) || typed.contains(name);
            assert!(
                is_typed(tail(id)) || together.iter().any(|name| is_typed(name)),
                "!{} would be about {id}, and this was typed: {typed:?}",
                plan.command
            );
        }
    }
}

/// Who asks, and the bot.
const PEOPLE_HERE: [&str; 2] = ["@mod:hs.test", "@bot:hs.test"];
/// What has to do with each other in the rooms of the server.
const TOGETHER: [&[&str]; 2] = [&["badroom", "user0", "user1", "far:other.test"], &["decoy"]];
/// Fields of steps that hold words.
const WORDS: [&str; 7] = ["reason", "text", "name", "message", "key", "device", "token"];

/// Whatever looks like an ID in a value.
fn ids_in<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            let is_id = <&RoomId>::try_from(text.as_str()).is_ok()
                || <&UserId>::try_from(text.as_str()).is_ok()
                || <&RoomAliasId>::try_from(text.as_str()).is_ok()
                || <&EventId>::try_from(text.as_str()).is_ok();
            if is_id {
                found.push(text);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| ids_in(value, found)),
        Value::Object(map) => {
            let fields = map.iter().filter(|(field, _)| !WORDS.contains(&field.as_str()));
            fields.for_each(|(_, value)| ids_in(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

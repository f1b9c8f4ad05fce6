//! Sending. The contents are written out by hand: nothing is fetched to reply or to edit, and nothing that is
//! sent may ping anyone who is not mentioned on purpose.

use std::time::Duration;

use matrix_sdk::{
    Client, Room,
    ruma::{TransactionId, api::client::media::create_content},
};
use serde_json::{Value, json};

use crate::{
    error::RequestError,
    ruma::{EventId, OwnedEventId, OwnedUserId},
};

/// What can be sent.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// An `m.notice`.
    Message {
        /// The plain text.
        text: String,
        /// The same in `org.matrix.custom.html`.
        html: String,
        /// Who is mentioned: `m.mentions`.
        mentions: Vec<OwnedUserId>,
        /// The event that it answers.
        reply_to: Option<OwnedEventId>,
        /// The account's own message that it takes the place of. An edit keeps the reply of the first
        /// version, so `reply_to` has no meaning beside it.
        replaces: Option<OwnedEventId>,
    },
    /// An `m.reaction`. These are never encrypted.
    Reaction {
        /// The event reacted to.
        to: OwnedEventId,
        /// The emoji.
        key: String,
    },
    /// An `m.file`, or an `m.image`: an attachment, encrypted where the room is.
    File {
        /// The file's name.
        name: String,
        /// Its media type, such as `text/csv`.
        mime: String,
        /// How wide and how high it is in pixels, if it is an image that clients are to show.
        pixels: Option<(u32, u32)>,
        /// What is in it.
        bytes: Vec<u8>,
        /// The event that it answers.
        reply_to: Option<OwnedEventId>,
    },
    /// Any event, written out: what another client would send. For tools and tests.
    Other {
        /// Its type, such as `m.room.message`.
        event_type: String,
        /// Its content.
        content: Value,
    },
}

const MESSAGE: &str = "m.room.message";
/// How many characters an edit repeats for clients that do not know edits.
const FALLBACK: usize = 500;
/// Slow lines get a second for each of these many bytes of an upload.
const BYTES_PER_SECOND: u64 = 100_000;

pub(crate) async fn send(
    client: &Client,
    room: &Room,
    transaction_id: &str,
    outgoing: Outgoing,
) -> Result<OwnedEventId, RequestError> {
    let (event_type, content) = match outgoing {
        Outgoing::Message { text, html, mentions, replaces: Some(old), .. } => {
            (MESSAGE, edit(&text, &html, &mentions, &old))
        }
        Outgoing::Message { text, html, mentions, reply_to, replaces: None } => {
            (MESSAGE, message(&text, &html, &mentions, reply_to.as_deref()))
        }
        Outgoing::Reaction { to, key } => ("m.reaction", reaction(&to, &key)),
        Outgoing::Other { event_type, content } => {
            return send_raw(room, transaction_id, &event_type, content).await;
        }
        Outgoing::File { name, mime, pixels, bytes, reply_to } => {
            let info = info(&mime, bytes.len(), pixels);
            let source = upload(client, room, &mime, bytes).await?;
            (MESSAGE, file(&name, &info, source, reply_to.as_deref()))
        }
    };
    send_raw(room, transaction_id, event_type, content).await
}

async fn send_raw(
    room: &Room,
    transaction_id: &str,
    event_type: &str,
    content: Value,
) -> Result<OwnedEventId, RequestError> {
    let sent = room
        .send_raw(event_type, content)
        .with_transaction_id(<&TransactionId>::from(transaction_id))
        .await?;
    Ok(sent.response.event_id)
}

/// Uploads, and gives the field of the message that says where: `url`, or `file` with its key.
async fn upload(
    client: &Client,
    room: &Room,
    mime: &str,
    bytes: Vec<u8>,
) -> Result<(&'static str, Value), RequestError> {
    if room.latest_encryption_state().await?.is_encrypted() {
        let file = client.upload_encrypted_file(&mut &*bytes).await?;
        let file = serde_json::to_value(file).map_err(|error| RequestError::Other(error.to_string()))?;
        return Ok(("file", file));
    }
    let seconds = 30 + u64::try_from(bytes.len()).unwrap_or(u64::MAX) / BYTES_PER_SECOND;
    let mut request = create_content::v3::Request::new(bytes);
    request.content_type = Some(mime.to_owned());
    let config = client.request_config().timeout(Duration::from_secs(seconds));
    let uploaded = client.send(request).with_request_config(config).await?;
    Ok(("url", json!(uploaded.content_uri)))
}

fn notice(text: &str, html: &str, mentions: &[OwnedUserId]) -> Value {
    let mentions = if mentions.is_empty() { json!({}) } else { json!({ "user_ids": mentions }) };
    json!({
        "msgtype": "m.notice",
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": html,
        "m.mentions": mentions,
    })
}

fn reply(to: &EventId) -> Value {
    json!({ "m.in_reply_to": { "event_id": to } })
}

fn message(text: &str, html: &str, mentions: &[OwnedUserId], reply_to: Option<&EventId>) -> Value {
    let mut content = notice(text, html, mentions);
    if let Some(to) = reply_to {
        content["m.relates_to"] = reply(to);
    }
    content
}

/// "Event replacements", with the beginning of the text as the fallback for clients that know none of them: all of it
/// twice would make long messages too large for an event. Nobody is told again of an edit.
fn edit(text: &str, html: &str, mentions: &[OwnedUserId], old: &EventId) -> Value {
    let beginning: String = text.chars().take(FALLBACK).collect();
    let mut content = json!({ "msgtype": "m.notice", "body": format!("* {beginning}"), "m.mentions": {} });
    content["m.new_content"] = notice(text, html, mentions);
    content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": old });
    content
}

fn reaction(to: &EventId, key: &str) -> Value {
    json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": to, "key": key } })
}

/// What is said of a file; with `w` and `h` it is an image.
fn info(mime: &str, size: usize, pixels: Option<(u32, u32)>) -> Value {
    let mut info = json!({ "mimetype": mime, "size": size });
    if let Some((width, height)) = pixels {
        info["w"] = json!(width);
        info["h"] = json!(height);
    }
    info
}

fn file(name: &str, info: &Value, (field, source): (&str, Value), reply_to: Option<&EventId>) -> Value {
    let mut content = json!({
        "msgtype": if info["w"].is_null() { "m.file" } else { "m.image" },
        "body": name,
        "filename": name,
        "info": info,
        "m.mentions": {},
    });
    content[field] = source;
    if let Some(to) = reply_to {
        content["m.relates_to"] = reply(to);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ruma::{event_id, owned_user_id};

    #[test]
    fn contents_are_what_the_spec_says() {
        let to = event_id!("$a");
        let answer = json!({ "m.in_reply_to": { "event_id": "$a" } });
        for (content, want) in [
            (
                message("hi", "<b>hi</b>", &[], None),
                json!({
                    "msgtype": "m.notice", "body": "hi", "format": "org.matrix.custom.html",
                    "formatted_body": "<b>hi</b>", "m.mentions": {},
                }),
            ),
            (
                message("hi", "hi", &[], Some(to)),
                json!({
                    "msgtype": "m.notice", "body": "hi", "format": "org.matrix.custom.html",
                    "formatted_body": "hi", "m.mentions": {}, "m.relates_to": answer,
                }),
            ),
            (
                edit("hi", "<b>hi</b>", &[], to),
                json!({
                    "msgtype": "m.notice", "body": "* hi", "m.mentions": {},
                    "m.relates_to": { "rel_type": "m.replace", "event_id": "$a" },
                    "m.new_content": {
                        "msgtype": "m.notice", "body": "hi", "format": "org.matrix.custom.html",
                        "formatted_body": "<b>hi</b>", "m.mentions": {},
                    },
                }),
            ),
            (
                file("a.csv", &info("text/csv", 3, None), ("url", json!("mxc://hs.test/a")), Some(to)),
                json!({
                    "msgtype": "m.file", "body": "a.csv", "filename": "a.csv", "url": "mxc://hs.test/a",
                    "info": { "mimetype": "text/csv", "size": 3 }, "m.mentions": {}, "m.relates_to": answer,
                }),
            ),
            (
                file(
                    "a.png",
                    &info("image/png", 3, Some((7, 5))),
                    ("file", json!({ "url": "mxc://hs.test/a" })),
                    None,
                ),
                json!({
                    "msgtype": "m.image", "body": "a.png", "filename": "a.png", "file": { "url": "mxc://hs.test/a" },
                    "info": { "mimetype": "image/png", "size": 3, "w": 7, "h": 5 }, "m.mentions": {},
                }),
            ),
        ] {
            assert_eq!(content, want);
        }
    }

    #[test]
    fn only_those_are_mentioned_who_are_named_and_an_edit_tells_nobody_again() {
        let mentions = [owned_user_id!("@mod:hs.test")];
        let named = json!({ "user_ids": ["@mod:hs.test"] });
        assert_eq!(message("@a:hs.test", "x", &mentions, None)["m.mentions"], named);
        let edit = edit("x", "x", &mentions, event_id!("$a"));
        assert_eq!((&edit["m.mentions"], &edit["m.new_content"]["m.mentions"]), (&json!({}), &named));
    }
}

//! One event in one line: what somebody wrote, did or changed. Never shows media, never trusts a shape.

use serde_json::Value;

use super::{change, explain::Around, membership, names::Names};
use crate::{
    model::Event,
    reply::Line,
    text::{clean::clean, duration::date},
};

/// When, who and what.
pub fn in_words(event: &Event, names: &Names) -> Line {
    Line::new().text(format!("{} ", time(event))).append(what(event, names))
}

/// When, in UTC.
pub fn time(event: &Event) -> String {
    date(event.time()).trim_end_matches(" UTC").to_owned()
}

/// Who and what.
pub fn what(event: &Event, names: &Names) -> Line {
    // State keeps what it is about, and some of it its content.
    if let Some(redaction) = event.redacted_because().filter(|_| event.state_key().is_none()) {
        return redacted(event, &redaction, names);
    }
    match (event.kind(), event.state_key()) {
        ("m.room.member", _) => membership::explain(event, names),
        (_, Some(_)) => state(event, names),
        ("m.room.message", None) => message(event, names),
        ("m.room.encrypted", None) => {
            names.user(event.sender()).text(": an encrypted message; neither the server nor I can read it")
        }
        ("m.reaction", None) => {
            let key = event.content().pointer("/m.relates_to/key").and_then(Value::as_str).unwrap_or("?");
            names.user(event.sender()).text(" reacted with ").user(key)
        }
        ("m.sticker", None) => media(names.user(event.sender()).text(" sent a sticker"), event.content()),
        ("m.room.redaction", None) => {
            let line = names.user(event.sender()).text(" redacted ");
            let redacts =
                event.text("redacts").or_else(|| event.0.get("redacts")?.as_str()).unwrap_or("an event");
            reason(line.code(redacts), event)
        }
        ("m.poll.start" | "org.matrix.msc3381.poll.start", None) => {
            let question = ["/m.poll/question/m.text/0/body", "/org.matrix.msc3381.poll.start/question/body"]
                .iter()
                .find_map(|path| event.content().pointer(path)?.as_str());
            names.user(event.sender()).text(" asked in a poll: ").user(question.unwrap_or_default())
        }
        (kind, None) => names.user(event.sender()).text(" sent ").code(kind),
    }
}

fn redacted(event: &Event, redaction: &Event, names: &Names) -> Line {
    let line = names.user(event.sender()).text(": redacted by ").append(names.user(redaction.sender()));
    reason(line, redaction)
}

/// What an event said before it was redacted; `None` when the server holds the redacted form only.
pub fn before_redaction(original: &Event, names: &Names) -> Option<Line> {
    if original.content().as_object().is_none_or(serde_json::Map::is_empty) {
        return None;
    }
    let mut unredacted = original.clone();
    if let Some(object) = unredacted.0.as_object_mut() {
        object.remove("redacted_because");
        object.remove("unsigned");
    }
    Some(what(&unredacted, names))
}

/// The reason that an event gives, behind what it did.
pub(super) fn reason(line: Line, event: &Event) -> Line {
    match event.text("reason").filter(|reason| !clean(reason, 1).is_empty()) {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

fn message(event: &Event, names: &Names) -> Line {
    let edited = event.content().get("m.new_content");
    let content = edited.unwrap_or_else(|| event.content());
    let str = |key: &str| content.get(key).and_then(Value::as_str);
    let line = names.user(event.sender());
    let line = if edited.is_some() { line.text(" (edit)") } else { line };
    match str("msgtype") {
        Some("m.text") => line.text(": ").user_long(str("body").unwrap_or_default()),
        Some("m.notice") => line.text(" (notice): ").user_long(str("body").unwrap_or_default()),
        Some("m.emote") => line.text(" does: ").user_long(str("body").unwrap_or_default()),
        Some("m.image") => media(line.text(": an image"), content),
        Some("m.video") => media(line.text(": a video"), content),
        Some("m.audio") => media(line.text(": an audio file"), content),
        Some("m.file") => media(line.text(": a file"), content),
        Some("m.location") => line.text(": a location, ").user(str("geo_uri").unwrap_or_default()),
        Some(other) => {
            line.text(": a message of the type ").code(other).text(", ").user(str("body").unwrap_or_default())
        }
        None => line.text(": an empty message"),
    }
}

/// Name, type, size and address of a file; never the file.
fn media(line: Line, content: &Value) -> Line {
    let str = |path: &str| content.pointer(path).and_then(Value::as_str);
    let line = match str("/filename").or_else(|| str("/body")) {
        Some(name) => line.text(" ").user(name),
        None => line,
    };
    let line = match str("/info/mimetype") {
        Some(mime) => line.text(", ").code(mime),
        None => line,
    };
    let line = match content.pointer("/info/size").and_then(Value::as_u64) {
        Some(bytes) => line.text(format!(", {} KiB", bytes.div_ceil(1024))),
        None => line,
    };
    match str("/url").or_else(|| str("/file/url")) {
        Some(url) => line.text(", ").code(url),
        None => line,
    }
}

fn state(event: &Event, names: &Names) -> Line {
    change::explain(event, &Around { names: Some(names), ..Around::default() }).sentence
}

//! Which files an event carries, and a file in words.

use serde_json::Value;

use crate::{
    model::{Event, ListedMedia, MediaDetails, Mxc},
    reply::Line,
    text::size::size,
};

/// So many files of one event are looked at: who writes more of them means to hide one.
pub const MOST: usize = 50;

/// The files that an event names anywhere: what it shows, previews, pictures of users, images within text; each once.
/// Only what `content` and the content before say counts, never the keys of other servers around it.
pub fn files_of(event: &Event) -> Vec<Mxc> {
    let mut found = Vec::new();
    collect(event.content(), &mut found, 0);
    found
}

fn collect(value: &Value, found: &mut Vec<Mxc>, depth: usize) {
    // Deeper than anything that is shown.
    const DEEPEST: usize = 20;
    match value {
        Value::String(text) => within(text, found),
        Value::Array(values) if depth < DEEPEST => {
            for value in values {
                collect(value, found, depth + 1);
            }
        }
        Value::Object(fields) if depth < DEEPEST => {
            // What an object itself names comes before its thumbnail and other things within.
            let (own, within): (Vec<_>, Vec<_>) = fields.values().partition(|value| value.is_string());
            for value in own.into_iter().chain(within) {
                collect(value, found, depth + 1);
            }
        }
        _ => {}
    }
}

fn within(text: &str, found: &mut Vec<Mxc>) {
    for (at, _) in text.match_indices("mxc://").take(MOST) {
        let rest = &text[at..];
        let is_end =
            |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '<' | '>' | ')' | '&' | '?' | '#');
        let uri = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        if let Ok(mxc) = uri.trim_end_matches(['.', ',', ';']).parse()
            && found.len() < MOST
            && !found.contains(&mxc)
        {
            found.push(mxc);
        }
    }
}

/// A file in a line: its URI, type, size, name and age as `when` tells it, who uploaded it, whether it is in quarantine.
pub fn in_words(file: &ListedMedia, when: impl Fn(i64) -> String) -> Line {
    let line = Line::new().code(file.mxc.to_string());
    let Some(details) = &file.details else {
        return line.text(", which this server does not have");
    };
    let line = match &details.media_type {
        Some(kind) => line.text(", ").code(kind),
        None => line,
    };
    let line = match details.length {
        Some(bytes) => line.text(format!(", {}", size(bytes))),
        None => line.text(", never uploaded"),
    };
    let line = match details.upload_name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => line.text(", ").user(name),
        None => line,
    };
    let line = match details.created_at.filter(|at| *at > 0) {
        Some(at) => line.text(format!(", {}", when(at))),
        None => line,
    };
    match quarantine(details) {
        Some(words) => line.text(", ").append(words),
        None => line,
    }
}

/// “in quarantine by `@mod:hs`”, “protected from quarantine”; nothing if neither.
pub fn quarantine(details: &MediaDetails) -> Option<Line> {
    match details.quarantined_by.as_deref() {
        // So Synapse marks what equals a file that is in quarantine already.
        Some("system") => {
            Some(Line::new().strong("in quarantine").text(", since it equals a file that was in it"))
        }
        Some(by) => Some(Line::new().strong("in quarantine").text(" by ").code(by)),
        None => details.is_protected.then(|| Line::from("protected from quarantine")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    #[test]
    fn files_of_events() {
        for (content, want) in [
            (json!({"url": "mxc://a.test/1", "info": {"thumbnail_url": "mxc://a.test/2"}}), vec!["1", "2"]),
            (
                json!({"file": {"url": "mxc://a.test/1"}, "info": {"thumbnail_file": {"url": "mxc://a.test/2"}}}),
                vec!["1", "2"],
            ),
            (
                json!({"formatted_body": "<img src=\"mxc://a.test/1\"> and <img src='mxc://a.test/1'>"}),
                vec!["1"],
            ),
            (json!({"body": "see mxc://a.test/1, or mxc://a.test/2."}), vec!["1", "2"]),
            (json!({"m.new_content": {"url": "mxc://a.test/1"}}), vec!["1"]),
            (json!({"membership": "join", "avatar_url": "mxc://a.test/1"}), vec!["1"]),
            (json!({"url": "mxc://a.test"}), vec![]),
            (json!({"url": 7, "body": "mxc://"}), vec![]),
        ] {
            let event = Event(json!({"type": "m.room.message", "content": content}));
            let ids: Vec<String> = files_of(&event).into_iter().map(|mxc| mxc.id).collect();
            assert_eq!(ids, want, "{event:?}");
        }
        let many = (0..200).map(|n| format!("mxc://a.test/{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(files_of(&Event(json!({"content": {"body": many}}))).len(), MOST);
        assert_eq!(files_of(&Event(json!(7))).len(), 0);
    }

    #[test]
    fn files_in_words() {
        let file = |details| ListedMedia { mxc: "mxc://a.test/1".parse().expect("a file"), details };
        let known = MediaDetails {
            media_type: Some("image/png".into()),
            length: Some(2048),
            upload_name: Some("cat.png".into()),
            created_at: Some(1),
            ..MediaDetails::default()
        };
        let by = |by: &str| MediaDetails { quarantined_by: Some(by.into()), ..known.clone() };
        let start = "`mxc://a.test/1`, `image/png`, 2 KiB, “`cat.png`”, then";
        for (details, want) in [
            (None, "`mxc://a.test/1`, which this server does not have".to_owned()),
            (Some(known.clone()), start.to_owned()),
            (Some(by("@mod:hs.test")), format!("{start}, in quarantine by `@mod:hs.test`")),
            (Some(by("system")), format!("{start}, in quarantine, since it equals a file that was in it")),
            (
                Some(MediaDetails { is_protected: true, ..known.clone() }),
                format!("{start}, protected from quarantine"),
            ),
            (Some(MediaDetails::default()), "`mxc://a.test/1`, never uploaded".to_owned()),
        ] {
            let said = Reply::text(in_words(&file(details), |_| "then".to_owned())).render().text;
            assert_eq!(said, want);
        }
    }
}

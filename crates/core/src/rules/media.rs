//! Which files an event carries, a file in words, and many files in numbers.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use ruma::{OwnedUserId, UserId};
use serde_json::Value;

use crate::{
    model::{Event, ListedMedia, MediaDetails, Mxc, is_local},
    reply::Line,
    text::{number::counted, size::size},
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

/// The files that an event shows: each once, with its thumbnail, also those of an edit. What it merely speaks of may be
/// the file of somebody else. Of an encrypted file the server has the same `mxc:` URI.
pub fn shown_in(event: &Event) -> Vec<Mxc> {
    const PLACES: [&str; 5] =
        ["/url", "/file/url", "/info/thumbnail_url", "/info/thumbnail_file/url", "/avatar_url"];
    // What an edit shows instead has a file of its own.
    let contents = [Some(event.content()), event.content().get("m.new_content")];
    let uris = contents.into_iter().flatten().flat_map(|content| {
        PLACES.into_iter().filter_map(|place| content.pointer(place).and_then(Value::as_str))
    });
    each_once(uris.filter_map(|uri| uri.parse().ok()).collect())
}

/// The files in their order, each once: a list of a room's files has those again that were sent again.
pub fn each_once(files: Vec<Mxc>) -> Vec<Mxc> {
    let mut known = BTreeSet::new();
    files.into_iter().filter(|file| known.insert(file.clone())).collect()
}

/// Local users who uploaded some of the files, each once; `me` is of this server.
pub fn uploaders(me: &UserId, files: &[ListedMedia]) -> Vec<OwnedUserId> {
    let known = files.iter().filter_map(|file| file.details.as_ref()?.uploader.as_deref());
    let local = known.filter_map(|id| OwnedUserId::try_from(id).ok());
    let mut users: Vec<OwnedUserId> = local.filter(|user| is_local(user, me)).collect();
    users.sort_unstable();
    users.dedup();
    users
}

/// What stands between a file and those who want to download it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Nothing.
    Open,
    /// Nothing, and it is protected from quarantine.
    Protected,
    /// It is in quarantine.
    Quarantined,
    /// The server does not have it.
    Absent,
}

impl Shelf {
    /// Where a file is.
    pub fn of(file: &ListedMedia) -> Self {
        match &file.details {
            None => Self::Absent,
            Some(details) if details.quarantined_by.is_some() => Self::Quarantined,
            Some(details) if details.is_protected => Self::Protected,
            Some(_) => Self::Open,
        }
    }
}

/// How many files there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that count.
    pub files: u64,
    /// How many bytes these have together.
    pub bytes: u64,
    /// How many of these there are of each type; the most first.
    pub kinds: Vec<(String, u64)>,
    /// The others: not in quarantine, nor protected.
    pub open: u64,
    /// The others: protected.
    pub protected: u64,
    /// The others: in quarantine.
    pub quarantined: u64,
    /// The others: not on this server.
    pub absent: u64,
}

impl Tally {
    /// Counts files; those in one of these states count, the others are told by their state.
    pub fn of(files: &[ListedMedia], counting: &[Shelf]) -> Self {
        let mut tally = Self::default();
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for file in files {
            let shelf = Shelf::of(file);
            if counting.contains(&shelf) {
                let details = file.details.as_ref();
                tally.files += 1;
                tally.bytes = tally
                    .bytes
                    .saturating_add(details.and_then(|details| details.length).unwrap_or_default());
                let kind = details.and_then(|details| details.media_type.as_deref());
                *kinds.entry(kind.unwrap_or_default()).or_default() += 1;
                continue;
            }
            *match shelf {
                Shelf::Open => &mut tally.open,
                Shelf::Protected => &mut tally.protected,
                Shelf::Quarantined => &mut tally.quarantined,
                Shelf::Absent => &mut tally.absent,
            } += 1;
        }
        tally.kinds = kinds.into_iter().map(|(kind, files)| (kind.to_owned(), files)).collect();
        tally.kinds.sort_by_key(|(_, files)| Reverse(*files));
        tally
    }

    /// “12 files, 3 MiB together: 10 `image/png`, 2 `video/mp4`. In quarantine: 3.”
    pub fn line(&self) -> Line {
        /// So many types are named.
        const NAMED: usize = 5;
        let mut line =
            Line::new().text(format!("{}, {} together", counted(self.files, "file"), size(self.bytes)));
        for (n, (kind, files)) in self.kinds.iter().take(NAMED).enumerate() {
            line = line.text(format!("{} {files} ", if n == 0 { ":" } else { "," }));
            line = if kind.is_empty() { line.text("of no type") } else { line.code(kind) };
        }
        match self.kinds.len().saturating_sub(NAMED) {
            0 => line,
            more => line.text(format!(", and {}", counted(more as u64, "other type"))),
        }
        .text(".")
        .append(self.others())
    }

    /// “ In quarantine: 3. Protected: 1.”; nothing if there are no others.
    pub fn others(&self) -> Line {
        let others = [
            ("Not in quarantine", self.open),
            ("In quarantine", self.quarantined),
            ("Protected from quarantine", self.protected),
            ("Not on this server", self.absent),
        ];
        others
            .into_iter()
            .filter(|(_, files)| *files > 0)
            .fold(Line::new(), |line, (words, files)| line.text(format!(" {words}: {files}.")))
    }
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
    fn files_that_an_event_shows() {
        for (content, want) in [
            (json!({"url": "mxc://a.test/1", "info": {"thumbnail_url": "mxc://a.test/1"}}), vec!["1"]),
            (
                json!({"file": {"url": "mxc://a.test/1"}, "info": {"thumbnail_file": {"url": "mxc://a.test/2"}}}),
                vec!["1", "2"],
            ),
            (json!({"url": "mxc://a.test/1", "m.new_content": {"url": "mxc://a.test/2"}}), vec!["1", "2"]),
            (json!({"membership": "join", "avatar_url": "mxc://a.test/1"}), vec!["1"]),
            (json!({"body": "mxc://a.test/1", "formatted_body": "<img src=\"mxc://a.test/1\">"}), vec![]),
            (json!({"url": ["mxc://a.test/1"], "info": 7}), vec![]),
            (json!([]), vec![]),
        ] {
            let event = Event(json!({"type": "m.room.message", "content": content}));
            let ids: Vec<String> = shown_in(&event).into_iter().map(|mxc| mxc.id).collect();
            assert_eq!(ids, want, "{event:?}");
        }
    }

    #[test]
    fn many_files_in_numbers() {
        let file =
            |n: u32, details| ListedMedia { mxc: format!("mxc://a.test/{n}").parse().unwrap(), details };
        let png = MediaDetails {
            media_type: Some("image/png".into()),
            length: Some(1024),
            ..MediaDetails::default()
        };
        let text = MediaDetails { media_type: Some("`<b>`@room".into()), ..png.clone() };
        let files = [
            file(1, Some(png.clone())),
            file(2, Some(png.clone())),
            file(3, Some(text)),
            file(4, Some(MediaDetails { media_type: None, length: None, ..png.clone() })),
            file(5, Some(MediaDetails { quarantined_by: Some("system".into()), ..png.clone() })),
            file(6, Some(MediaDetails { is_protected: true, ..png.clone() })),
            file(7, None),
        ];
        let said = |counting: &[Shelf]| Reply::text(Tally::of(&files, counting).line()).render().text;
        assert_eq!(
            said(&[Shelf::Open]),
            "4 files, 3 KiB together: 2 `image/png`, 1 of no type, 1 `'<b>'@room`. In quarantine: 1. Protected from \
             quarantine: 1. Not on this server: 1."
        );
        assert_eq!(
            said(&[Shelf::Quarantined]),
            "1 file, 1 KiB together: 1 `image/png`. Not in quarantine: 4. Protected from quarantine: 1. Not on this \
             server: 1."
        );
        let many: Vec<ListedMedia> = (0..9)
            .map(|n| file(n, Some(MediaDetails { media_type: Some(format!("a/{n}")), ..png.clone() })))
            .collect();
        let said = Reply::text(Tally::of(&many, &[Shelf::Open]).line()).render().text;
        assert!(said.ends_with("1 `a/4`, and 4 other types."), "{said}");
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

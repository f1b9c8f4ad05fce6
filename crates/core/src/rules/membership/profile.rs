//! Changes of the display name and of the picture: join → join.

use serde_json::Value;

use super::transition::Transition;
use crate::{model::Event, reply::Line, text::clean::clean};

/// `displayname` or `avatar_url` of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field<'a> {
    /// Missing, null or empty: all the same to clients.
    None,
    Text(&'a str),
    /// Not a string.
    Unreadable,
}

impl<'a> Field<'a> {
    fn of(content: &'a Value, key: &str) -> Self {
        match content.get(key) {
            None | Some(Value::Null) => Self::None,
            Some(Value::String(text)) if text.is_empty() => Self::None,
            Some(Value::String(text)) => Self::Text(text),
            Some(_) => Self::Unreadable,
        }
    }
}

/// Before and after.
struct Change<'a>(Field<'a>, Field<'a>);

impl<'a> Change<'a> {
    fn of(event: &'a Event, key: &str) -> Self {
        let before = event.prev_content().unwrap_or(&Value::Null);
        Self(Field::of(before, key), Field::of(event.content(), key))
    }

    fn is_visible(&self) -> bool {
        self.0 != self.1
    }
}

/// Which of the profile changed, from join to join.
pub(super) fn transition(event: &Event) -> Transition {
    let changed = |key| Change::of(event, key).is_visible();
    match (changed("displayname"), changed("avatar_url")) {
        // What is missing of a redacted event tells nothing about what was changed.
        _ if super::is_redacted(event) => Transition::ProfileRedacted,
        (true, true) => Transition::NameAndPictureChanged,
        (true, false) => Transition::NameChanged,
        (false, true) => Transition::PictureChanged,
        (false, false) => Transition::JoinRepeated,
    }
}

/// What changed, as what follows the user in a sentence; nothing when nothing visible did.
pub(super) fn explain(event: &Event) -> Option<Line> {
    let name = Change::of(event, "displayname");
    let picture = Change::of(event, "avatar_url");
    let line = match (name.is_visible(), picture.is_visible()) {
        (false, false) => return None,
        (true, false) => name_changed(&name),
        (false, true) => Line::new().text(format!(" {}", picture_changed(&picture))),
        (true, true) => name_changed(&name).text(format!(" and {}", picture_changed(&picture))),
    };
    // What was there before may have been redacted: what looks new may be as it was.
    let is_new = [&name, &picture].iter().any(|change| change.is_visible() && change.0 == Field::None);
    Some(match event.prev_content() {
        Some(before) if is_new && may_be_redacted(before) => {
            line.text(" (before: none, or one that was removed from the event)")
        }
        _ => line,
    })
}

/// Whether a content has only what redaction leaves: it may be that of a redacted event, or of one without a profile.
fn may_be_redacted(content: &Value) -> bool {
    const KEPT: [&str; 3] = ["membership", "join_authorised_via_users_server", "third_party_invite"];
    content.as_object().is_some_and(|content| content.keys().all(|key| KEPT.contains(&key.as_str())))
}

fn name_changed(change: &Change<'_>) -> Line {
    let line = Line::new();
    match *change {
        Change(Field::None, Field::Text(after)) => name(line.text(" took the name "), after),
        Change(Field::None, _) => line.text(" took a name that is no text"),
        Change(Field::Text(before), Field::Text(after)) => {
            name(name(line.text(" changed the name from "), before).text(" to "), after)
        }
        Change(Field::Text(before), Field::None) => name(line.text(" removed the name "), before),
        Change(Field::Text(before), Field::Unreadable) => {
            name(line.text(" changed the name from "), before).text(" to one that is no text")
        }
        Change(Field::Unreadable, Field::Text(after)) => {
            name(line.text(" changed the name from one that was no text to "), after)
        }
        Change(Field::Unreadable, _) => line.text(" removed a name that was no text"),
    }
}

/// A name in quotes; names of invisible characters alone are told as such.
fn name(line: Line, name: &str) -> Line {
    if clean(name, 1).is_empty() { line.text("one that shows nothing") } else { line.user(name) }
}

fn picture_changed(change: &Change<'_>) -> &'static str {
    match change {
        Change(_, Field::Unreadable) => "set a picture whose address is no text",
        Change(_, Field::None) => "removed the picture",
        Change(Field::None, Field::Text(_)) => "set a picture",
        Change(_, Field::Text(_)) => "changed the picture",
    }
}

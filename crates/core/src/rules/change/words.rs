//! What the sentences about changes have in common: values from and to, lists of differences, values of wrong types.

use std::collections::HashSet;

use serde_json::Value;

use super::Change;
use crate::{reply::Line, rules::explain::Explanation, text::clean::clean};

/// How many differences a sentence names; with more of them, all are told as details.
const NAMED: usize = 3;

/// A text of a content; an empty one counts as none.
pub(super) fn text<'a>(content: &'a Value, key: &str) -> Option<&'a str> {
    content.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The texts of a list in a content, each once, in their order.
pub(super) fn texts<'a>(content: &'a Value, key: &str) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let list = content.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).filter(|text| seen.insert(*text)).collect()
}

/// What the second list has and the first has not, in its order.
pub(super) fn added<'a>(before: &[&str], after: &[&'a str]) -> Vec<&'a str> {
    let before: HashSet<&str> = before.iter().copied().collect();
    after.iter().copied().filter(|entry| !before.contains(entry)).collect()
}

/// A head and a list of differences: the first few in the sentence, all of them as details when there are more.
pub(super) fn listed(head: Line, differences: Vec<Line>) -> Explanation {
    let sentence = differences.iter().take(NAMED).enumerate().fold(head, |line, (n, difference)| {
        line.text(if n == 0 { ": " } else { ", " }).append(difference.clone())
    });
    match differences.len().saturating_sub(NAMED) {
        0 => sentence.into(),
        more => {
            let sentence = sentence.text(format!(" and {more} more"));
            Explanation { sentence, details: differences, warnings: Vec::new() }
        }
    }
}

/// A few names in a row.
pub(super) fn row(line: Line, names: impl ExactSizeIterator<Item = Line>) -> Line {
    let more = names.len().saturating_sub(NAMED);
    let line = names.take(NAMED).enumerate().fold(line, |line, (n, name)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.append(name)
    });
    if more > 0 { line.text(format!(" and {more} more")) } else { line }
}

/// “set …: …”, or “changed …: now …; before: …” when what was before is known and another.
pub(super) fn now_and_before(change: &Change<'_>, what: &str, now: Line, before: Option<Line>) -> Line {
    let line = change.who();
    match before {
        _ if change.is_repeated() => again(line, what).text(": ").append(now),
        Some(before) if before != now => {
            line.text(format!(" changed {what}: now ")).append(now).text("; before: ").append(before)
        }
        _ => line.text(format!(" set {what}: ")).append(now),
    }
}

/// “set … again, unchanged”
pub(super) fn again(line: Line, what: &str) -> Line {
    line.text(format!(" set {what} again, unchanged"))
}

/// A warning about a value that is there and no text.
pub(super) fn no_text(change: &Change<'_>, key: &str) -> Option<Line> {
    let value = change.after().get(key).filter(|value| !value.is_string() && !value.is_null())?;
    let line = Line::new().text("What was set is no text, so that it counts as nothing: ");
    Some(line.append(json(value)).text("."))
}

/// A warning about entries of a list that are no texts, or about what should be a list and is none.
pub(super) fn no_texts(change: &Change<'_>, key: &str) -> Option<Line> {
    if let Some(no_list) = no_list(change, key) {
        return Some(no_list);
    }
    let list = change.after().get(key)?.as_array()?;
    let line = Line::new().code(key);
    match list.iter().filter(|entry| !entry.is_string()).count() {
        0 => None,
        1 => Some(line.text(" has 1 entry that is no text and does not count.")),
        some => Some(line.text(format!(" has {some} entries that are no texts and do not count."))),
    }
}

/// A warning about what should be a list and is none.
pub(super) fn no_list(change: &Change<'_>, key: &str) -> Option<Line> {
    change.after().get(key).filter(|value| !value.is_array() && !value.is_null())?;
    Some(Line::new().code(key).text(" is no list, and counts as an empty one."))
}

/// A value of any shape, cut.
pub(super) fn json(value: &Value) -> Line {
    const SHOWN: usize = 200;
    Line::new().code(clean(&value.to_string(), SHOWN))
}

/// Whether a content has nothing in it.
pub(super) fn is_empty(content: &Value) -> bool {
    content.is_null() || content.as_object().is_some_and(serde_json::Map::is_empty)
}

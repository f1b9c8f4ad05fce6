//! Pinned messages: `m.room.pinned_events`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompinned_events>

use super::{
    Change,
    words::{added, again, listed, no_texts, row, texts},
};
use crate::{reply::Line, rules::explain::Explanation, text::number::counted};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let after = texts(change.after(), "pinned");
    let who = change.who();
    let codes = |line: Line, events: &[&str]| row(line, events.iter().map(|event| Line::new().code(*event)));
    let each = |words: &'static str, events: &[&str]| {
        events.iter().map(|event| Line::new().text(words).code(*event)).collect::<Vec<Line>>()
    };
    let messages = |events: &[&str]| match events.len() {
        1 => "a message".to_owned(),
        some => counted(some as u64, "message"),
    };
    let Some(before) = change.before().map(|content| texts(content, "pinned")) else {
        let mut told = match after.as_slice() {
            [] => who.text(" unpinned all messages").into(),
            _ => listed(
                who.text(format!(" set the pinned messages, {} in all", after.len())),
                each("", &after),
            ),
        };
        told.warnings.extend(no_texts(change, "pinned"));
        return told;
    };
    let (more, fewer) = (added(&before, &after), added(&after, &before));
    let some = |words: &str, events: &[&str]| {
        let line = Line::new().text(format!(" {words} {}: ", messages(events)));
        let details = if events.len() > 3 { each("", events) } else { Vec::new() };
        Explanation { sentence: codes(who.clone().append(line), events), details, warnings: Vec::new() }
    };
    let mut told = match (more.as_slice(), fewer.as_slice()) {
        ([], []) if before == after => again(who, "the pinned messages").into(),
        ([], []) => who.text(" changed the order of the pinned messages").into(),
        (more, []) => some("pinned", more),
        ([], fewer) if after.is_empty() && before.len() > 1 => some("unpinned all", fewer),
        ([], fewer) => some("unpinned", fewer),
        (more, fewer) => listed(
            who.text(" changed the pinned messages"),
            [each("pinned ", more), each("unpinned ", fewer)].concat(),
        ),
    };
    told.warnings.extend(no_texts(change, "pinned"));
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    #[test]
    fn pinned_and_unpinned() {
        let kind = "m.room.pinned_events";
        let to = |events: &[&str]| json!({"pinned": events});
        told(&set(kind, &to(&["$a", "$b"])))
            .says("Ana (`@ana:hs.test`) set the pinned messages, 2 in all: `$a`, `$b`");
        told(&set(kind, &to(&[]))).says("Ana (`@ana:hs.test`) unpinned all messages");
        for (before, after, want) in [
            (&["$a"][..], &["$a", "$b"][..], "pinned a message: `$b`"),
            (&[], &["$a", "$b"], "pinned 2 messages: `$a`, `$b`"),
            (&["$a", "$b"], &["$b"], "unpinned a message: `$a`"),
            (&["$a"], &[], "unpinned a message: `$a`"),
            (&["$a", "$b"], &[], "unpinned all 2 messages: `$a`, `$b`"),
            (&["$a"], &["$b"], "changed the pinned messages: pinned `$b`, unpinned `$a`"),
            (&["$a", "$b"], &["$b", "$a"], "changed the order of the pinned messages"),
            (&["$a"], &["$a", "$a"], "set the pinned messages again, unchanged"),
        ] {
            told(&changed(kind, &to(before), &to(after))).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
        told(&changed(kind, &to(&[]), &to(&["$a", "$b", "$c", "$d"]))).lists(
            "Ana (`@ana:hs.test`) pinned 4 messages: `$a`, `$b`, `$c` and 1 more",
            &["`$a`", "`$b`", "`$c`", "`$d`"],
        );
        told(&set(kind, &json!({"pinned": "$a"}))).warns(
            "Ana (`@ana:hs.test`) unpinned all messages",
            &["`pinned` is no list, and counts as an empty one."],
        );
        told(&changed(kind, &to(&[]), &json!({"pinned": ["$a", 7]}))).warns(
            "Ana (`@ana:hs.test`) pinned a message: `$a`",
            &["`pinned` has 1 entry that is no text and does not count."],
        );
    }
}

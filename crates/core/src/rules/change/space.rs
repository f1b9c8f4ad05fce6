//! Rooms in spaces: `m.space.child`, which is part of the space, and `m.space.parent`, which is part of the room.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mspacechild>

use serde_json::Value;

use super::{
    Change,
    words::{no_texts, row, texts},
};
use crate::{reply::Line, rules::explain::Explanation};

/// A room in this space; the state key is its ID.
pub(super) fn child(change: &Change<'_>) -> Explanation {
    let words = Words {
        put: (" put ", " into this space"),
        took: (" took ", " out of this space"),
        again: (" set the place of ", " in this space"),
        flag: "suggested",
        with_flag: ", and suggests it",
        flagged: (" suggested ", " to the members of this space"),
        unflagged: (" no longer suggests ", " to the members of this space"),
        other: (" changed the place of ", " in this space"),
    };
    words.explain(change)
}

/// A space that this room says it is in; the state key is its ID.
pub(super) fn parent(change: &Change<'_>) -> Explanation {
    let words = Words {
        put: (" put this room into the space ", ""),
        took: (" took this room out of the space ", ""),
        again: (" set how this room is in the space ", ""),
        flag: "canonical",
        with_flag: ", its main one",
        flagged: (" made the space ", " the main one of this room"),
        unflagged: (" made the space ", " no longer the main one of this room"),
        other: (" changed how this room is in the space ", ""),
    };
    words.explain(change)
}

/// What is said before and behind the other room.
struct Words {
    put: (&'static str, &'static str),
    took: (&'static str, &'static str),
    again: (&'static str, &'static str),
    /// The field that makes a room stand out.
    flag: &'static str,
    with_flag: &'static str,
    flagged: (&'static str, &'static str),
    unflagged: (&'static str, &'static str),
    other: (&'static str, &'static str),
}

impl Words {
    fn explain(&self, change: &Change<'_>) -> Explanation {
        let say = |(before, behind): (&str, &str)| {
            change.who().text(before).append(change.names.room(change.key())).text(behind)
        };
        // "A child without via is not a child."
        let is_in = |content: &Value| !texts(content, "via").is_empty();
        let flagged = |content: &Value| content.get(self.flag).and_then(Value::as_bool) == Some(true);
        let after = change.after();
        let now_flagged = flagged(after);
        let sentence = match change.before() {
            _ if change.is_repeated() => say(self.again).text(" again, unchanged"),
            Some(before) if is_in(before) && is_in(after) => match (flagged(before), now_flagged) {
                (false, true) => say(self.flagged),
                (true, false) => say(self.unflagged),
                _ => say(self.other),
            },
            Some(before) if !is_in(before) && !is_in(after) => {
                say(self.took).text(", though it was not in it")
            }
            _ if is_in(after) && now_flagged => say(self.put).text(self.with_flag),
            _ if is_in(after) => say(self.put),
            _ => say(self.took),
        };
        let via = texts(after, "via");
        let via =
            row(Line::new().text("reached by way of "), via.iter().map(|server| Line::new().code(*server)));
        let details = if is_in(after) { vec![via] } else { Vec::new() };
        let key = change.key();
        let no_room = (!key.starts_with('!'))
            .then(|| Line::new().code(key).text(" is no room ID, so that it has no effect."));
        let warnings = no_room.into_iter().chain(no_texts(change, "via")).collect();
        Explanation { sentence, details, warnings }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{keyed, keyed_changed, told};

    #[test]
    fn children() {
        let (kind, club) = ("m.space.child", "!club:hs.test");
        let via = json!({"via": ["hs.test", "b"]});
        let by_way = &["reached by way of `hs.test`, `b`"];
        told(&keyed(kind, club, &via))
            .lists("Ana (`@ana:hs.test`) put Club (`!club:hs.test`) into this space", by_way);
        told(&keyed(kind, club, &json!({})))
            .says("Ana (`@ana:hs.test`) took Club (`!club:hs.test`) out of this space");
        let suggested = json!({"via": ["hs.test", "b"], "suggested": true});
        for (before, after, want) in [
            (json!({}), &via, "put Club (`!club:hs.test`) into this space"),
            (json!({}), &suggested, "put Club (`!club:hs.test`) into this space, and suggests it"),
            (via.clone(), &suggested, "suggested Club (`!club:hs.test`) to the members of this space"),
            (
                suggested.clone(),
                &via,
                "no longer suggests Club (`!club:hs.test`) to the members of this space",
            ),
            (json!({"via": ["c"]}), &via, "changed the place of Club (`!club:hs.test`) in this space"),
            (via.clone(), &via, "set the place of Club (`!club:hs.test`) in this space again, unchanged"),
        ] {
            told(&keyed_changed(kind, club, &before, after))
                .lists(&format!("Ana (`@ana:hs.test`) {want}"), by_way);
        }
        told(&keyed_changed(kind, club, &via, &json!({"via": []})))
            .says("Ana (`@ana:hs.test`) took Club (`!club:hs.test`) out of this space");
        told(&keyed_changed(kind, club, &json!({}), &json!({"via": []}))).says(
            "Ana (`@ana:hs.test`) took Club (`!club:hs.test`) out of this space, though it was not in it",
        );
        told(&keyed(kind, "#x", &json!({"via": "hs.test"}))).warns(
            "Ana (`@ana:hs.test`) took `#x` out of this space",
            &[
                "`#x` is no room ID, so that it has no effect.",
                "`via` is no list, and counts as an empty one.",
            ],
        );
    }

    #[test]
    fn parents() {
        let (kind, club) = ("m.space.parent", "!club:hs.test");
        let by_way = &["reached by way of `a`"];
        let via = json!({"via": ["a"]});
        let main = json!({"via": ["a"], "canonical": true});
        told(&keyed(kind, club, &main)).lists(
            "Ana (`@ana:hs.test`) put this room into the space Club (`!club:hs.test`), its main one",
            by_way,
        );
        for (before, after, want) in [
            (&via, &main, "made the space Club (`!club:hs.test`) the main one of this room"),
            (&main, &via, "made the space Club (`!club:hs.test`) no longer the main one of this room"),
            (&json!({"via": ["b"]}), &via, "changed how this room is in the space Club (`!club:hs.test`)"),
            (&via, &via, "set how this room is in the space Club (`!club:hs.test`) again, unchanged"),
        ] {
            told(&keyed_changed(kind, club, before, after))
                .lists(&format!("Ana (`@ana:hs.test`) {want}"), by_way);
        }
        told(&keyed_changed(kind, club, &via, &json!({})))
            .says("Ana (`@ana:hs.test`) took this room out of the space Club (`!club:hs.test`)");
    }
}

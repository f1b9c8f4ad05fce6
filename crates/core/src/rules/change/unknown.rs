//! State of types that have no words of their own, and state that means nothing because of its state key.

use super::{
    Change,
    words::{is_empty, json},
};
use crate::{reply::Line, rules::explain::Explanation};

/// “set `type` for `key`”, and what it is from and to.
pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let (before, after) = (change.before(), change.after());
    let about = about(change);
    let who = change.who();
    let sentence = match before {
        _ if change.is_repeated() => who.text(" set ").append(about).text(" again, unchanged"),
        _ if is_empty(after) => who.text(" emptied ").append(about),
        Some(before) if !is_empty(before) => who.text(" changed ").append(about),
        _ => who.text(" set ").append(about),
    };
    let content = |words: &str, content| Line::new().text(words).append(json(content));
    let now = (!is_empty(after)).then(|| content("now: ", after));
    let before = before.filter(|before| !is_empty(before) && !change.is_repeated());
    let details = now.into_iter().chain(before.map(|before| content("before: ", before))).collect();
    Explanation { sentence, details, warnings: Vec::new() }
}

/// A type of which only the event with the empty state key counts, with another one.
pub(super) fn without_effect(change: &Change<'_>) -> Explanation {
    let warning = "It has no effect: only the one with an empty state key counts.";
    Explanation { warnings: vec![warning.into()], ..explain(change) }
}

/// The type, and the state key if there is one.
pub(super) fn about(change: &Change<'_>) -> Line {
    let line = Line::new().code(change.event.kind());
    match change.key() {
        "" => line,
        key => line.text(" for ").code(key),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, keyed, keyed_changed, set, told};

    #[test]
    fn unknown_types() {
        let (a, b) = (json!({"a": 1}), json!({"b": "<i>"}));
        told(&set("x.y", &a)).lists("Ana (`@ana:hs.test`) set `x.y`", &["now: `{\"a\":1}`"]);
        told(&keyed("x.y", "@bob:hs.test", &a))
            .lists("Ana (`@ana:hs.test`) set `x.y` for `@bob:hs.test`", &["now: `{\"a\":1}`"]);
        told(&keyed_changed("x.y", "k", &a, &b)).lists(
            "Ana (`@ana:hs.test`) changed `x.y` for `k`",
            &["now: `{\"b\":\"<i>\"}`", "before: `{\"a\":1}`"],
        );
        told(&changed("x.y", &a, &json!({})))
            .lists("Ana (`@ana:hs.test`) emptied `x.y`", &["before: `{\"a\":1}`"]);
        told(&changed("x.y", &json!({}), &a)).lists("Ana (`@ana:hs.test`) set `x.y`", &["now: `{\"a\":1}`"]);
        told(&changed("x.y", &a, &a))
            .lists("Ana (`@ana:hs.test`) set `x.y` again, unchanged", &["now: `{\"a\":1}`"]);
        told(&set("x.y", &json!([1]))).lists("Ana (`@ana:hs.test`) set `x.y`", &["now: `[1]`"]);
        told(&set("x.y", &json!(null))).says("Ana (`@ana:hs.test`) emptied `x.y`");
    }

    #[test]
    fn a_name_under_a_state_key_is_none() {
        told(&keyed("m.room.name", "x", &json!({"name": "Club"}))).is(
            "Ana (`@ana:hs.test`) set `m.room.name` for `x`",
            &["now: `{\"name\":\"Club\"}`"],
            &["It has no effect: only the one with an empty state key counts."],
        );
    }
}

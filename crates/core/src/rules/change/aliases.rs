//! The addresses of a room: `m.room.canonical_alias`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomcanonical_alias>

use super::{
    Change,
    words::{added, again, listed, no_text, no_texts, text, texts},
};
use crate::{reply::Line, rules::explain::Explanation};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let main = main(change);
    let others = others(change);
    let who = change.who();
    let mut told = match (main, others.is_empty()) {
        (Some(main), true) => who.append(main).into(),
        (Some(main), false) => listed(who.append(main).text("; other aliases"), others),
        (None, false) => listed(who.text(" changed the other aliases"), others),
        (None, true) => again(who, "the aliases").into(),
    };
    told.warnings.extend(no_text(change, "alias"));
    told.warnings.extend(no_texts(change, "alt_aliases"));
    told
}

/// What became of the main alias; `None` when it is the same as before.
fn main(change: &Change<'_>) -> Option<Line> {
    let line = Line::new();
    // "This alias can be removed by the absence of the alias field or by being null or empty."
    let after = text(change.after(), "alias");
    Some(match (change.before().map(|content| text(content, "alias")), after) {
        (Some(before), after) if before == after => return None,
        (Some(Some(before)), Some(after)) => {
            line.text(" changed the main alias from ").code(before).text(" to ").code(after)
        }
        (_, Some(after)) => line.text(" set the main alias to ").code(after),
        (Some(Some(before)), None) => line.text(" removed the main alias, which was ").code(before),
        (_, None) => line.text(" removed the main alias"),
    })
}

/// What became of the others, one by one.
fn others(change: &Change<'_>) -> Vec<Line> {
    let after = texts(change.after(), "alt_aliases");
    let before = change.before().map(|content| texts(content, "alt_aliases"));
    let each = |words: &'static str, aliases: Vec<&str>| {
        aliases.into_iter().map(|alias| Line::new().text(words).code(alias)).collect::<Vec<Line>>()
    };
    match before {
        Some(before) => {
            [each("added ", added(&before, &after)), each("removed ", added(&after, &before))].concat()
        }
        None => each("", after),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    const KIND: &str = "m.room.canonical_alias";

    #[test]
    fn main_and_others() {
        told(&set(KIND, &json!({"alias": "#a:hs"})))
            .says("Ana (`@ana:hs.test`) set the main alias to `#a:hs`");
        told(&set(KIND, &json!({"alias": "#a:hs", "alt_aliases": ["#b:hs", "#b:hs"]})))
            .says("Ana (`@ana:hs.test`) set the main alias to `#a:hs`; other aliases: `#b:hs`");
        let before = json!({"alias": "#a:hs", "alt_aliases": ["#b:hs"]});
        for (after, want) in [
            (
                json!({"alias": "#c:hs", "alt_aliases": ["#b:hs"]}),
                "changed the main alias from `#a:hs` to `#c:hs`",
            ),
            (json!({"alt_aliases": ["#b:hs"]}), "removed the main alias, which was `#a:hs`"),
            (json!({"alias": null, "alt_aliases": ["#b:hs"]}), "removed the main alias, which was `#a:hs`"),
            (
                json!({"alias": ""}),
                "removed the main alias, which was `#a:hs`; other aliases: removed `#b:hs`",
            ),
            (
                json!({"alias": "#a:hs", "alt_aliases": ["#c:hs"]}),
                "changed the other aliases: added `#c:hs`, removed `#b:hs`",
            ),
            (before.clone(), "set the aliases again, unchanged"),
        ] {
            told(&changed(KIND, &before, &after)).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
        told(&set(KIND, &json!({}))).says("Ana (`@ana:hs.test`) removed the main alias");
        told(&changed(KIND, &json!({}), &json!({"alias": "#a:hs"})))
            .says("Ana (`@ana:hs.test`) set the main alias to `#a:hs`");
    }

    #[test]
    fn many_and_wrong_ones() {
        let after = json!({"alias": "#a:hs", "alt_aliases": ["#1", "#2", "#3", "#4"]});
        told(&changed(KIND, &json!({"alias": "#a:hs"}), &after)).lists(
            "Ana (`@ana:hs.test`) changed the other aliases: added `#1`, added `#2`, added `#3` and 1 more",
            &["added `#1`", "added `#2`", "added `#3`", "added `#4`"],
        );
        told(&set(KIND, &json!({"alias": 7, "alt_aliases": "#a"}))).warns(
            "Ana (`@ana:hs.test`) removed the main alias",
            &[
                "What was set is no text, so that it counts as nothing: `7`.",
                "`alt_aliases` is no list, and counts as an empty one.",
            ],
        );
    }
}

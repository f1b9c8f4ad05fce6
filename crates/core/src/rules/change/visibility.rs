//! Who can read a room, and whether guests can join: `m.room.history_visibility` and `m.room.guest_access`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility>

use serde_json::Value;

use super::{
    Change,
    words::{no_text, now_and_before, text},
};
use crate::{
    reply::Line,
    rules::{explain::Explanation, state},
};

pub(super) fn history(change: &Change<'_>) -> Explanation {
    let word = |content| text(content, "history_visibility");
    let (before, after) = (change.before().map(word), word(change.after()));
    let in_words = state::history_visibility;
    let sentence = now_and_before(change, "who can read the history", in_words(after), before.map(in_words));
    let mut warnings: Vec<Line> = no_text(change, "history_visibility").into_iter().collect();
    // What was sent before keeps the visibility that it was sent with.
    match after {
        Some("world_readable") if before != Some(after) => {
            warnings.push("Anybody can read what is written from now on, without joining.".into());
        }
        Some("world_readable" | "shared" | "invited" | "joined") | None => {}
        Some(_) => {
            warnings.push("Servers take an unknown word for: members can read all of it.".into());
        }
    }
    Explanation { sentence, details: Vec::new(), warnings }
}

pub(super) fn guests(change: &Change<'_>) -> Explanation {
    let word = |content: &Value| text(content, "guest_access").map(str::to_owned);
    let (before, after) = (change.before().map(word), word(change.after()));
    let in_words = |word: Option<String>| {
        let line = Line::new().text("guests ").append(state::guest_access(word.as_deref()));
        match word.as_deref() {
            None | Some("can_join" | "forbidden") => line,
            Some(unknown) => line.text(" (the unknown word ").user(unknown).text(")"),
        }
    };
    let opened = after.as_deref() == Some("can_join")
        && before.as_ref().is_some_and(|before| before.as_deref() != Some("can_join"));
    let sentence = now_and_before(change, "guest access", in_words(after), before.map(in_words));
    let mut warnings: Vec<Line> = no_text(change, "guest_access").into_iter().collect();
    if opened {
        warnings.push("Guests can join now: people without an account, who are hard to tell apart.".into());
    }
    Explanation { sentence, details: Vec::new(), warnings }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    #[test]
    fn who_can_read() {
        let kind = "m.room.history_visibility";
        let to = |word: &str| json!({"history_visibility": word});
        told(&set(kind, &to("shared")))
            .says("Ana (`@ana:hs.test`) set who can read the history: members can read all of it");
        told(&changed(kind, &to("shared"), &to("joined"))).says(
            "Ana (`@ana:hs.test`) changed who can read the history: now members can read it from their joining on; before: members can read all of it",
        );
        told(&changed(kind, &to("shared"), &to("shared"))).says(
            "Ana (`@ana:hs.test`) set who can read the history again, unchanged: members can read all of it",
        );
        told(&changed(kind, &to("invited"), &json!({}))).says(
            "Ana (`@ana:hs.test`) changed who can read the history: now not set: members can read all of it; before: members can read it from their invitation on",
        );
        told(&changed(kind, &to("shared"), &to("world_readable"))).warns(
            "Ana (`@ana:hs.test`) changed who can read the history: now anyone can read it, without joining; before: members can read all of it",
            &["Anybody can read what is written from now on, without joining."],
        );
        told(&set(kind, &to("<b>"))).warns(
            "Ana (`@ana:hs.test`) set who can read the history: the unknown word “<b>”",
            &["Servers take an unknown word for: members can read all of it."],
        );
        told(&set(kind, &json!({"history_visibility": 1}))).warns(
            "Ana (`@ana:hs.test`) set who can read the history: not set: members can read all of it",
            &["What was set is no text, so that it counts as nothing: `1`."],
        );
    }

    #[test]
    fn guests() {
        let kind = "m.room.guest_access";
        let to = |word: &str| json!({"guest_access": word});
        told(&set(kind, &to("can_join"))).says("Ana (`@ana:hs.test`) set guest access: guests can join");
        told(&changed(kind, &to("forbidden"), &to("can_join"))).warns(
            "Ana (`@ana:hs.test`) changed guest access: now guests can join; before: guests cannot join",
            &["Guests can join now: people without an account, who are hard to tell apart."],
        );
        told(&changed(kind, &to("can_join"), &json!({}))).says(
            "Ana (`@ana:hs.test`) changed guest access: now guests cannot join; before: guests can join",
        );
        told(&changed(kind, &json!({}), &to("forbidden")))
            .says("Ana (`@ana:hs.test`) set guest access: guests cannot join");
        told(&set(kind, &to("x")))
            .says("Ana (`@ana:hs.test`) set guest access: guests cannot join (the unknown word “x”)");
        told(&set(kind, &json!({"guest_access": {}}))).warns(
            "Ana (`@ana:hs.test`) set guest access: guests cannot join",
            &["What was set is no text, so that it counts as nothing: `{}`."],
        );
    }
}

//! Name, topic and picture of a room: one text each, from and to.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomname>

use super::{
    Change,
    words::{again, no_text, text},
};
use crate::{reply::Line, rules::explain::Explanation};

pub(super) fn name(change: &Change<'_>) -> Explanation {
    value(change, "the room's name", "name", Line::user)
}

pub(super) fn topic(change: &Change<'_>) -> Explanation {
    value(change, "the topic", "topic", Line::user_long)
}

pub(super) fn avatar(change: &Change<'_>) -> Explanation {
    value(change, "the room's picture", "url", Line::code)
}

/// “set … to …”, “changed … from … to …” or “removed …”.
fn value(change: &Change<'_>, what: &str, key: &str, show: fn(Line, String) -> Line) -> Explanation {
    let who = change.who();
    let show = |line: Line, value: &str| show(line, value.to_owned());
    let before = change.before().map(|content| text(content, key));
    let sentence = match (before, text(change.after(), key)) {
        (Some(Some(before)), Some(after)) if before == after => show(again(who, what).text(": "), after),
        (Some(Some(before)), Some(after)) => {
            let line = show(who.text(format!(" changed {what} from ")), before);
            show(line.text(" to "), after)
        }
        (_, Some(after)) => show(who.text(format!(" set {what} to ")), after),
        (Some(Some(before)), None) => show(who.text(format!(" removed {what}, which was ")), before),
        (Some(None), None) => who.text(format!(" removed {what}, though there was none")),
        (None, None) => who.text(format!(" removed {what}")),
    };
    Explanation { sentence, details: Vec::new(), warnings: no_text(change, key).into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    #[test]
    fn from_and_to() {
        let kind = "m.room.name";
        let name = |name: &str| json!({"name": name});
        for (event, want) in [
            (set(kind, &name("Lounge")), "Ana (`@ana:hs.test`) set the room's name to “Lounge”"),
            (set(kind, &json!({})), "Ana (`@ana:hs.test`) removed the room's name"),
            (
                changed(kind, &name("Lounge"), &name("Club")),
                "Ana (`@ana:hs.test`) changed the room's name from “Lounge” to “Club”",
            ),
            (
                changed(kind, &name("Lounge"), &name("")),
                "Ana (`@ana:hs.test`) removed the room's name, which was “Lounge”",
            ),
            (
                changed(kind, &name("Lounge"), &name("Lounge")),
                "Ana (`@ana:hs.test`) set the room's name again, unchanged: “Lounge”",
            ),
            (changed(kind, &json!({}), &name("Club")), "Ana (`@ana:hs.test`) set the room's name to “Club”"),
            (
                changed(kind, &json!({"name": null}), &json!({})),
                "Ana (`@ana:hs.test`) removed the room's name, though there was none",
            ),
            (changed(kind, &json!("x"), &name("Club")), "Ana (`@ana:hs.test`) set the room's name to “Club”"),
            (
                changed("m.room.topic", &json!({"topic": "a"}), &json!({"topic": "<b>"})),
                "Ana (`@ana:hs.test`) changed the topic from “a” to “<b>”",
            ),
            (
                set("m.room.avatar", &json!({"url": "mxc://a/b"})),
                "Ana (`@ana:hs.test`) set the room's picture to `mxc://a/b`",
            ),
        ] {
            told(&event).says(want);
        }
        told(&set(kind, &json!({"name": [7]}))).warns(
            "Ana (`@ana:hs.test`) removed the room's name",
            &["What was set is no text, so that it counts as nothing: `[7]`."],
        );
    }
}

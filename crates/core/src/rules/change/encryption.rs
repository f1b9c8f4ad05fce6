//! Encryption: `m.room.encryption`, which is turned on once and never off.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomencryption>

use super::{
    Change,
    words::{again, is_empty, json, text},
};
use crate::{reply::Line, rules::explain::Explanation};

/// The only one that apps use.
const USUAL: &str = "m.megolm.v1.aes-sha2";

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let algorithm = |content| text(content, "algorithm");
    let (before, after) = (change.before().and_then(algorithm), algorithm(change.after()));
    let who = change.who();
    let mut told: Explanation = match (before, after) {
        (None, Some(after)) => Explanation {
            sentence: who.text(" turned on encryption (").code(after).text(")"),
            details: vec!["from now on neither the server nor my commands can read what is written".into()],
            warnings: Vec::new(),
        },
        (None, None) if is_empty(change.after()) => who.text(" emptied the settings of encryption").into(),
        (None, None) => Explanation {
            details: vec![Line::new().text("now: ").append(json(change.after()))],
            ..who.text(" set settings of encryption that name no algorithm").into()
        },
        (Some(_), Some(_)) if change.is_repeated() => again(who, "the settings of encryption").into(),
        (Some(before), Some(after)) if before == after => {
            who.text(" changed the settings of encryption, still ").code(after).into()
        }
        (Some(before), Some(after)) => {
            who.text(" changed the encryption from ").code(before).text(" to ").code(after).into()
        }
        (Some(before), None) => who.text(" took back the encryption, which was ").code(before).into(),
    };
    told.warnings.extend(match (before, after) {
        // "Once set, it should not be changed": apps go on with what they have seen first.
        (_, None) => Some(Line::from(
            "Encryption cannot be turned off: apps that have seen it on go on encrypting. Ask why this was tried.",
        )),
        (Some(_), Some(_)) if !change.is_repeated() => {
            Some("Encryption should not be changed once it is on. Ask why this was done.".into())
        }
        _ => None,
    });
    if let Some(after) = after.filter(|after| *after != USUAL) {
        let line = Line::new().text("Apps may not know ").code(after);
        told.warnings.push(line.text(", so that nobody may be able to write or read."));
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::USUAL;
    use crate::rules::change::scene::{changed, set, told};

    const KIND: &str = "m.room.encryption";
    const OFF: &str = "Encryption cannot be turned off: apps that have seen it on go on encrypting. Ask why this was tried.";
    const CHANGED: &str = "Encryption should not be changed once it is on. Ask why this was done.";

    #[test]
    fn on_and_never_off() {
        let on = json!({"algorithm": USUAL});
        told(&set(KIND, &on)).lists(
            "Ana (`@ana:hs.test`) turned on encryption (`m.megolm.v1.aes-sha2`)",
            &["from now on neither the server nor my commands can read what is written"],
        );
        told(&changed(KIND, &on, &on))
            .says("Ana (`@ana:hs.test`) set the settings of encryption again, unchanged");
        told(&changed(KIND, &on, &json!({"algorithm": USUAL, "rotation_period_msgs": 1}))).warns(
            "Ana (`@ana:hs.test`) changed the settings of encryption, still `m.megolm.v1.aes-sha2`",
            &[CHANGED],
        );
        told(&changed(KIND, &on, &json!({"algorithm": "x"}))).warns(
            "Ana (`@ana:hs.test`) changed the encryption from `m.megolm.v1.aes-sha2` to `x`",
            &[CHANGED, "Apps may not know `x`, so that nobody may be able to write or read."],
        );
        told(&changed(KIND, &on, &json!({})))
            .warns("Ana (`@ana:hs.test`) took back the encryption, which was `m.megolm.v1.aes-sha2`", &[OFF]);
        told(&set(KIND, &json!({}))).warns("Ana (`@ana:hs.test`) emptied the settings of encryption", &[OFF]);
        told(&set(KIND, &json!({"algorithm": 7}))).is(
            "Ana (`@ana:hs.test`) set settings of encryption that name no algorithm",
            &["now: `{\"algorithm\":7}`"],
            &[OFF],
        );
    }
}

//! The policy server of a room, which looks at what is sent: `m.room.policy`.
//!
//! <https://spec.matrix.org/v1.19/server-server-api/#policy-servers>

use super::{
    Change,
    words::{again, no_text, text},
};
use crate::{reply::Line, rules::explain::Explanation};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let via = |content| text(content, "via");
    let who = change.who();
    let mut told: Explanation = match (change.before().map(via), via(change.after())) {
        (Some(Some(before)), Some(after)) if before == after && change.is_repeated() => {
            again(who, "the policy server").text(": ").code(after).into()
        }
        (Some(Some(before)), Some(after)) if before == after => {
            who.text(" changed the settings of the policy server ").code(after).into()
        }
        (Some(Some(before)), Some(after)) => {
            who.text(" changed the policy server from ").code(before).text(" to ").code(after).into()
        }
        (_, Some(after)) => Explanation {
            details: vec![Line::new().code(after).text(
                " decides from now on what is let through, as long as one of its users is in the room.",
            )],
            ..who.text(" set the policy server to ").code(after).into()
        },
        (Some(Some(before)), None) => {
            who.text(" switched off the policy server, which was ").code(before).into()
        }
        (Some(None), None) => who.text(" switched off the policy server, though there was none").into(),
        (None, None) => who.text(" switched off the policy server").into(),
    };
    told.warnings.extend(no_text(change, "via"));
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    #[test]
    fn on_other_and_off() {
        let kind = "m.room.policy";
        let via = |server: &str| json!({"via": server, "public_keys": {"ed25519": "a"}});
        told(&set(kind, &via("p.test"))).lists(
            "Ana (`@ana:hs.test`) set the policy server to `p.test`",
            &["`p.test` decides from now on what is let through, as long as one of its users is in the room."],
        );
        for (after, want) in [
            (via("q.test"), "changed the policy server from `p.test` to `q.test`"),
            (via("p.test"), "set the policy server again, unchanged: `p.test`"),
            (json!({"via": "p.test"}), "changed the settings of the policy server `p.test`"),
            (json!({}), "switched off the policy server, which was `p.test`"),
        ] {
            told(&changed(kind, &via("p.test"), &after)).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
        told(&set(kind, &json!({}))).says("Ana (`@ana:hs.test`) switched off the policy server");
        told(&changed(kind, &json!({}), &json!({"via": ["p.test"]}))).warns(
            "Ana (`@ana:hs.test`) switched off the policy server, though there was none",
            &["What was set is no text, so that it counts as nothing: `[\"p.test\"]`."],
        );
    }
}

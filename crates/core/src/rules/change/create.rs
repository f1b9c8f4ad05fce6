//! The making of a room: `m.room.create`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomcreate>

use super::Change;
use crate::rules::{explain::Explanation, state};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let sentence = state::create(change.who().text(" made the room"), change.event, change.names);
    // "It acts as the root of all other events", so that there is none before it.
    let second = "The room was there already. Servers should not allow that; a server may be broken.";
    let warnings = change.before().map(|_| second.into()).into_iter().collect();
    Explanation { sentence, details: Vec::new(), warnings }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, set, told};

    #[test]
    fn rooms_of_every_kind() {
        let kind = "m.room.create";
        told(&set(kind, &json!({}))).says("Ana (`@ana:hs.test`) made the room, version `1`");
        let content = json!({"room_version": "12", "type": "m.space", "m.federate": false,
            "additional_creators": ["@bob:hs.test", 7], "predecessor": {"room_id": "!club:hs.test"}});
        told(&set(kind, &content)).says(
            "Ana (`@ana:hs.test`) made the room, version `12`, also a creator: Bob (`@bob:hs.test`), a space, for this server only, in place of Club (`!club:hs.test`)",
        );
        told(&set(kind, &json!({"room_version": 7, "type": [], "m.federate": "no", "predecessor": "!x"})))
            .says("Ana (`@ana:hs.test`) made the room, version `1`");
        told(&changed(kind, &json!({}), &json!({"room_version": "11"}))).warns(
            "Ana (`@ana:hs.test`) made the room, version `11`",
            &["The room was there already. Servers should not allow that; a server may be broken."],
        );
    }
}

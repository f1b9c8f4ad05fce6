//! The closing of a room in favour of another: `m.room.tombstone`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomtombstone>

use super::{
    Change,
    words::{is_empty, no_text, text},
};
use crate::{
    reply::Line,
    rules::{explain::Explanation, power::Level},
};

/// What an admin of a room has.
const ADMIN: i64 = 100;

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let room = |content| text(content, "replacement_room");
    let named = |line: Line, room: &str| line.append(change.names.room(room));
    let (before, after) = (change.before().map(room), room(change.after()));
    let body = text(change.after(), "body");
    let who = change.who();
    let line = match (before, after) {
        (_, Some(after)) if change.is_repeated() => {
            named(who.text(" closed the room again, unchanged, in favour of "), after)
        }
        (Some(Some(before)), Some(after)) if before == after => {
            named(who.text(" changed the notice that the room is closed in favour of "), after)
        }
        (Some(Some(before)), Some(after)) => {
            let line = named(who.text(" changed where the closed room leads, from "), before);
            named(line.text(" to "), after)
        }
        (_, Some(after)) => named(who.text(" closed the room in favour of "), after),
        (Some(Some(before)), None) => {
            named(who.text(" took back that the room is closed in favour of "), before)
        }
        (Some(None), None) if is_empty(change.after()) && !change.is_repeated() => {
            who.text(" took back that the room is closed")
        }
        (_, None) => who.text(" closed the room without a successor"),
    };
    let sentence = match body {
        Some(body) => line.text(": ").user(body),
        None => line,
    };
    let warnings = weak(change).into_iter().chain(no_text(change, "replacement_room")).collect();
    Explanation { sentence, details: Vec::new(), warnings }
}

/// A warning when the room's state says that whoever closed it has less power than an admin.
fn weak(change: &Change<'_>) -> Option<Line> {
    let state = change.state()?;
    // Without either of them nothing is known about power.
    state.the("m.room.power_levels").or_else(|| state.the("m.room.create"))?;
    match state.power().level(change.event.sender()) {
        Level::Of(level) if level < ADMIN => {
            let line = change.who().text(format!(" has power {level}, less than an admin's {ADMIN}. "));
            Some(line.text("Make sure that the admins meant it before anybody follows to another room."))
        }
        Level::Of(_) | Level::Creator => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        model::Event,
        rules::{
            change::scene::{changed, room, set, told, told_in},
            room_state::RoomState,
        },
    };

    const KIND: &str = "m.room.tombstone";

    #[test]
    fn closed_and_opened() {
        let to = |room: &str| json!({"replacement_room": room, "body": ""});
        told(&set(KIND, &json!({"replacement_room": "!club:hs.test", "body": "moved"})))
            .says("Ana (`@ana:hs.test`) closed the room in favour of Club (`!club:hs.test`): “moved”");
        told(&set(KIND, &json!({}))).says("Ana (`@ana:hs.test`) closed the room without a successor");
        for (after, want) in [
            (to("!b"), "changed where the closed room leads, from `!a` to `!b`"),
            (to("!a"), "closed the room again, unchanged, in favour of `!a`"),
            (
                json!({"replacement_room": "!a", "body": "x"}),
                "changed the notice that the room is closed in favour of `!a`: “x”",
            ),
            (json!({}), "took back that the room is closed in favour of `!a`"),
        ] {
            told(&changed(KIND, &to("!a"), &after)).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
        told(&changed(KIND, &json!({"body": "x"}), &json!({})))
            .says("Ana (`@ana:hs.test`) took back that the room is closed");
        told(&set(KIND, &json!({"replacement_room": 7}))).warns(
            "Ana (`@ana:hs.test`) closed the room without a successor",
            &["What was set is no text, so that it counts as nothing: `7`."],
        );
    }

    #[test]
    fn closed_by_somebody_without_the_power_of_an_admin() {
        let sentence = "Ana (`@ana:hs.test`) closed the room in favour of `!a`";
        let warning = "Ana (`@ana:hs.test`) has power 50, less than an admin's 100. Make sure that the admins meant it before anybody follows to another room.";
        let event = set(KIND, &json!({"replacement_room": "!a"}));
        let levels = |level| [set("m.room.power_levels", &json!({"users": {"@ana:hs.test": level}}))];
        told_in(&event, &room("11", levels(50))).warns(sentence, &[warning]);
        told_in(&event, &room("11", levels(100))).says(sentence);
        told_in(&event, &room("12", levels(0))).says(sentence);
        told_in(&event, &RoomState::of(levels(50), None)).warns(sentence, &[warning]);
        told_in(&event, &RoomState::of(Vec::<Event>::new(), Some("11"))).says(sentence);
    }
}

//! Who has power, and what takes it: `m.room.power_levels`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels>

mod dangers;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::{
    Change,
    words::{again, listed},
};
use crate::{
    reply::Line,
    rules::{
        explain::Explanation,
        power::Level,
        room_state::RoomState,
        state::{self, LEVELS, by_level, level},
    },
};

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let shift = Shift::of(change);
    let who = change.who();
    let mut told = match &shift.before {
        None => Explanation {
            details: state::details(change.event),
            ..state::power_levels(who.text(" set the power levels: "), change.after(), change.names).into()
        },
        Some(before) => changed(&shift, who, before),
    };
    told.warnings = dangers::warnings(&shift);
    told
}

/// The levels before and after.
struct Shift<'a> {
    change: &'a Change<'a>,
    before: Option<Levels<'a>>,
    after: Levels<'a>,
    /// The creators who stand above all levels, as far as the room's state tells them.
    above: BTreeSet<String>,
    /// Users whose level is another than before, the highest level that one has or had first. Those who stand above
    /// all levels have none.
    users: Vec<Moved<'a>>,
}

/// A user with another level than before.
#[derive(Clone, Copy)]
struct Moved<'a> {
    user: &'a str,
    from: i64,
    to: i64,
}

impl<'a> Shift<'a> {
    fn of(change: &'a Change<'a>) -> Self {
        let (before, after) = (change.before().map(Levels::of), Levels::of(change.after()));
        let power = change.state().map(RoomState::power).unwrap_or_default();
        let above = power.named().filter(|(_, level)| *level == Level::Creator);
        let above: BTreeSet<String> = above.map(|(user, _)| user.to_owned()).collect();
        let both = |before: &Levels<'a>| {
            let both: BTreeSet<&str> = before.users.keys().chain(after.users.keys()).copied().collect();
            let moved =
                both.into_iter().map(|user| Moved { user, from: before.user(user), to: after.user(user) });
            moved.filter(|moved| moved.from != moved.to && !above.contains(moved.user)).collect()
        };
        let mut users: Vec<Moved<'a>> = before.as_ref().map(both).unwrap_or_default();
        users.sort_by_key(|moved| Reverse(moved.from.max(moved.to)));
        Self { change, before, after, above, users }
    }
}

fn changed(shift: &Shift<'_>, who: Line, before: &Levels<'_>) -> Explanation {
    let (change, after) = (shift.change, &shift.after);
    let takes = takes(before, after);
    let (was, now) = (before.everybody(), after.everybody());
    let everybody = (was != now).then(|| up_or_down(Line::from("everybody else"), was, now));
    // What happens most is told in words of its own: one user has more or less.
    if let ([Moved { user, from, to }], None, []) = (shift.users.as_slice(), &everybody, takes.as_slice()) {
        let line = who.text(if to > from { " raised " } else { " lowered " });
        let line = match *user {
            user if user == change.event.sender() => line.text("their own power from"),
            user => line.append(change.names.user(user)).text(" from power"),
        };
        return line.text(format!(" {from} to {to}")).into();
    }
    let users =
        shift.users.iter().map(|moved| up_or_down(change.names.user(moved.user), moved.from, moved.to));
    let differences: Vec<Line> = users.chain(everybody).chain(takes).collect();
    match differences.as_slice() {
        [] if change.is_repeated() => again(who, "the power levels").into(),
        [] => who.text(" changed the power levels, but nobody's power and nothing that takes it").into(),
        _ => listed(who.text(" changed the power levels"), differences),
    }
}

/// “… went up from 0 to 50”
fn up_or_down(who: Line, from: i64, to: i64) -> Line {
    let way = if to > from { "up" } else { "down" };
    who.text(format!(" went {way} from {from} to {to}"))
}

/// What takes another level than before.
fn takes(before: &Levels<'_>, after: &Levels<'_>) -> Vec<Line> {
    let instead = |(was, now): (i64, i64), words: Line| {
        (was != now).then(|| Line::new().text(format!("it takes {now} instead of {was} ")).append(words))
    };
    let general = LEVELS
        .iter()
        .filter_map(|(key, words, _)| instead((before.takes(key), after.takes(key)), (*words).into()));
    let kinds: BTreeSet<&str> = before.events.keys().chain(after.events.keys()).copied().collect();
    let kinds = kinds.into_iter().filter_map(|kind| {
        let send = Line::new().text("to send ").code(kind);
        match (before.events.get(kind), after.events.get(kind)) {
            (Some(was), Some(now)) => instead((*was, *now), send),
            (None, Some(now)) => Some(Line::new().text(format!("it takes {now} ")).append(send)),
            (Some(was), None) => Some(
                Line::new().text(format!("it no longer takes {was} ")).append(send).text(", but the usual"),
            ),
            (None, None) => None,
        }
    });
    let room = instead((before.notify(), after.notify()), "to notify the whole room".into());
    general.chain(kinds).chain(room).collect()
}

/// Power levels, read leniently: what has a wrong type counts as missing.
struct Levels<'a> {
    content: &'a Value,
    users: BTreeMap<&'a str, i64>,
    events: BTreeMap<&'a str, i64>,
}

impl<'a> Levels<'a> {
    fn of(content: &'a Value) -> Self {
        let map = |key| by_level(content.get(key)).into_iter().collect();
        Self { content, users: map("users"), events: map("events") }
    }

    /// "The default power level for every user in the room, unless their user_id is mentioned in the users key.
    /// Defaults to 0."
    fn everybody(&self) -> i64 {
        self.content.get("users_default").and_then(level).unwrap_or(0)
    }

    fn user(&self, id: &str) -> i64 {
        self.users.get(id).copied().unwrap_or_else(|| self.everybody())
    }

    /// What one of [`LEVELS`] takes.
    fn takes(&self, key: &str) -> i64 {
        let default = LEVELS.iter().find(|(known, _, _)| *known == key).map_or(0, |(_, _, default)| *default);
        self.content.get(key).and_then(level).unwrap_or(default)
    }

    /// "The level required to trigger an @room notification. Defaults to 50."
    fn notify(&self) -> i64 {
        self.content.pointer("/notifications/room").and_then(level).unwrap_or(50)
    }

    /// What changing the levels takes.
    fn to_change(&self) -> i64 {
        self.events.get("m.room.power_levels").copied().unwrap_or_else(|| self.takes("state_default"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::change::scene::{changed, room, set, told, told_in};

    const KIND: &str = "m.room.power_levels";

    #[test]
    fn one_user() {
        let users = |ana: i64, bob: i64| json!({"users": {"@ana:hs.test": ana, "@bob:hs.test": bob}});
        told(&changed(KIND, &users(100, 0), &users(100, 30)))
            .says("Ana (`@ana:hs.test`) raised Bob (`@bob:hs.test`) from power 0 to 30");
        told(&changed(KIND, &users(100, 50), &json!({"users": {"@ana:hs.test": 100}})))
            .says("Ana (`@ana:hs.test`) lowered Bob (`@bob:hs.test`) from power 50 to 0");
        told(&changed(KIND, &users(100, 100), &users(50, 100))).warns(
            "Ana (`@ana:hs.test`) lowered their own power from 100 to 50",
            &["Ana (`@ana:hs.test`) cannot take back the power that they gave up: only somebody with more can."],
        );
        told(&changed(KIND, &json!({}), &users(0, 10)))
            .says("Ana (`@ana:hs.test`) raised Bob (`@bob:hs.test`) from power 0 to 10");
    }

    #[test]
    fn several_things_at_once() {
        let before = json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": "50"}, "events": {"m.room.name": 50, "a": 1},
            "kick": 50});
        let after = json!({"users": {"@ana:hs.test": 100, "@c:hs": 10.9}, "events": {"m.room.name": 60, "b": 2},
            "kick": 60, "invite": 30, "users_default": -1, "notifications": {"room": 20}});
        let details = [
            "Bob (`@bob:hs.test`) went down from 50 to -1",
            "`@c:hs` went up from 0 to 10",
            "everybody else went down from 0 to -1",
            "it takes 30 instead of 0 to invite",
            "it takes 60 instead of 50 to kick",
            "it no longer takes 1 to send `a`, but the usual",
            "it takes 2 to send `b`",
            "it takes 60 instead of 50 to send `m.room.name`",
            "it takes 20 instead of 50 to notify the whole room",
        ];
        told(&changed(KIND, &before, &after)).lists(
            "Ana (`@ana:hs.test`) changed the power levels: Bob (`@bob:hs.test`) went down from 50 to -1, `@c:hs` went up from 0 to 10, everybody else went down from 0 to -1 and 6 more",
            &details,
        );
        let after = json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 50}, "events": {"m.room.name": 50, "a": 1},
            "ban": 60});
        told(&changed(KIND, &before, &after))
            .says("Ana (`@ana:hs.test`) changed the power levels: it takes 60 instead of 50 to ban");
    }

    #[test]
    fn first_unchanged_and_without_effect() {
        let needs =
            "it takes 0 to write, 50 to change settings, 0 to invite, 50 to kick, 50 to ban, 50 to redact";
        let content = json!({"users": {"@ana:hs.test": 100}, "events": {"m.room.name": 60}});
        told(&set(KIND, &content)).lists(
            &format!(
                "Ana (`@ana:hs.test`) set the power levels: Ana (`@ana:hs.test`) 100, everybody else 0; {needs}"
            ),
            &["`@ana:hs.test`: 100", "to send `m.room.name`: 60"],
        );
        told(&changed(KIND, &content, &content))
            .says("Ana (`@ana:hs.test`) set the power levels again, unchanged");
        let more =
            json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 0}, "events": {"m.room.name": 60}, "x": 1});
        told(&changed(KIND, &content, &more)).says(
            "Ana (`@ana:hs.test`) changed the power levels, but nobody's power and nothing that takes it",
        );
    }

    #[test]
    fn creators_of_version_12_have_no_level() {
        let listed = json!({"users": {"@ana:hs.test": 100}});
        told_in(&changed(KIND, &json!({"users": {}}), &listed), &room("12", [])).warns(
            "Ana (`@ana:hs.test`) changed the power levels, but nobody's power and nothing that takes it",
            &["Ana (`@ana:hs.test`) is a creator of the room, above all levels, and must not be listed. Servers should not allow that."],
        );
        let bob = json!({"users": {"@bob:hs.test": 100}});
        told_in(&changed(KIND, &json!({}), &bob), &room("12", [])).warns(
            "Ana (`@ana:hs.test`) raised Bob (`@bob:hs.test`) from power 0 to 100",
            &["Bob (`@bob:hs.test`) has power 100 now, enough to kick, to ban and to change the power levels."],
        );
        // They can always change the levels again.
        told_in(&changed(KIND, &bob, &json!({"users": {"@bob:hs.test": 40}})), &room("12", []))
            .says("Ana (`@ana:hs.test`) lowered Bob (`@bob:hs.test`) from power 100 to 40");
    }
}

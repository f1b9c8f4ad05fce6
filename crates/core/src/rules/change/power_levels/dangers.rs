//! What to look out for when power levels change: who can do more than before, and who can do nothing any more.

use serde_json::Value;

use super::{Levels, Moved, Shift};
use crate::{
    reply::Line,
    rules::{
        change::words::row,
        room_state::RoomState,
        state::{LEVELS, level},
    },
};

/// How many users are warned of one by one.
const NAMED: usize = 5;

/// Types that decide about the room; whoever can send them can take it over or break it.
const DECISIVE: [&str; 7] = [
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.tombstone",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.encryption",
    "m.room.canonical_alias",
];

pub(super) fn warnings(shift: &Shift<'_>) -> Vec<Line> {
    let mut warnings = raised(shift);
    warnings.extend(gave_up(shift));
    warnings.extend(everybody(shift.before.as_ref(), &shift.after));
    warnings.extend(nobody(shift));
    warnings.extend(listed_creators(shift));
    warnings.extend(misshapen(shift));
    warnings
}

/// Users with more power than before, and enough to kick or to ban.
fn raised(shift: &Shift<'_>) -> Vec<Line> {
    let after = &shift.after;
    let powers = [("to kick", after.takes("kick")), ("to ban", after.takes("ban"))];
    let is_enough = |level: i64| powers.iter().any(|(_, takes)| level >= *takes);
    let raised: Vec<&Moved<'_>> =
        shift.users.iter().filter(|moved| moved.to > moved.from && is_enough(moved.to)).collect();
    let of = |moved: &&Moved<'_>| {
        let powers = powers.into_iter().chain([("to change the power levels", after.to_change())]);
        let powers: Vec<&str> =
            powers.filter(|(_, takes)| moved.to >= *takes).map(|(words, _)| words).collect();
        let line = shift.change.names.user(moved.user).text(format!(" has power {} now, enough ", moved.to));
        line.text(in_a_row(&powers)).text(".")
    };
    let mut warnings: Vec<Line> = raised.iter().take(NAMED).map(of).collect();
    match raised.len().saturating_sub(NAMED) {
        0 => {}
        1 => warnings.push("1 more was raised to a power that is enough to kick or to ban.".into()),
        more => {
            let words = format!("{more} more were raised to a power that is enough to kick or to ban.");
            warnings.push(words.into());
        }
    }
    warnings
}

/// “to kick, to ban and to redact”
fn in_a_row(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The sender, with less than before. Nobody can raise anybody above themselves.
fn gave_up(shift: &Shift<'_>) -> Option<Line> {
    let sender = shift.change.event.sender();
    let before = shift.before.as_ref()?;
    // They may have had no level of their own.
    let less = shift.after.user(sender) < before.user(sender) && !shift.above.contains(sender);
    less.then(|| {
        shift.change.who().text(" cannot take back the power that they gave up: only somebody with more can.")
    })
}

/// What everybody can do now.
fn everybody(before: Option<&Levels<'_>>, after: &Levels<'_>) -> Vec<Line> {
    let all = after.everybody();
    let mut warnings = Vec::new();
    if all > 0 && before.is_none_or(|before| before.everybody() < all) {
        warnings.push(Line::from(format!("Everybody who has no power of their own has {all} now.")));
    }
    let dangerous =
        LEVELS.iter().filter(|(key, _, _)| ["ban", "kick", "redact", "state_default"].contains(key));
    for (key, words, _) in dangerous {
        let takes = after.takes(key);
        if takes <= all && before.is_none_or(|before| before.takes(key) > before.everybody()) {
            warnings.push(opened(takes, all, (*words).into()));
        }
    }
    for kind in DECISIVE {
        // Without a level of its own it takes that of all settings.
        let was_open = |before: &Levels<'_>| {
            let takes = before.events.get(kind).copied();
            takes.unwrap_or_else(|| before.takes("state_default")) <= before.everybody()
        };
        let takes = after.events.get(kind).copied().filter(|takes| *takes <= all);
        if let Some(takes) = takes.filter(|_| !before.is_some_and(was_open)) {
            warnings.push(opened(takes, all, Line::new().text("to send ").code(kind)));
        }
    }
    warnings
}

fn opened(takes: i64, all: i64, words: Line) -> Line {
    let line = Line::new().text("Everybody has enough power now ").append(words);
    line.text(format!(": it takes {takes}, and everybody has {all} or more."))
}

/// Whether there is nobody any more who could change the levels.
fn nobody(shift: &Shift<'_>) -> Option<Line> {
    let able = |levels: &Levels<'_>| {
        let takes = levels.to_change();
        levels.everybody() >= takes || levels.users.values().any(|level| *level >= takes)
    };
    let were_able = shift.before.as_ref().is_none_or(able);
    if able(&shift.after) || !were_able || !shift.above.is_empty() {
        return None;
    }
    let takes = shift.after.to_change();
    let line = Line::new().text(format!("Nobody is left who can change the power levels: it takes {takes}"));
    let rules = shift.change.state().and_then(RoomState::rules);
    match rules.map(|rules| rules.authorization.explicitly_privilege_room_creators) {
        Some(true) => None,
        Some(false) => Some(line.text(".")),
        None => Some(line.text(". From room version 12 on the creators still can.")),
    }
}

/// "Creators must not appear in content.users": they stand above all levels.
fn listed_creators(shift: &Shift<'_>) -> Option<Line> {
    let listed: Vec<&String> =
        shift.above.iter().filter(|user| shift.after.users.contains_key(user.as_str())).collect();
    let line = row(Line::new(), listed.iter().map(|user| shift.change.names.user(user)));
    let rest = match listed.len() {
        0 => return None,
        1 => " is a creator of the room, above all levels, and must not be listed.",
        _ => " are creators of the room, above all levels, and must not be listed.",
    };
    Some(line.text(rest).text(" Servers should not allow that."))
}

/// Levels that are no numbers, or are written as texts or fractions where the room's version forbids that.
fn misshapen(shift: &Shift<'_>) -> Vec<Line> {
    let content = shift.after.content;
    let of_map = |key: &str| content.get(key).and_then(Value::as_object).into_iter().flatten();
    let general = LEVELS.iter().map(|(key, _, _)| *key).chain(["users_default"]);
    let general = general.filter_map(|key| Some((key, content.get(key)?)));
    let maps = ["users", "events", "notifications"].into_iter().flat_map(of_map);
    let all: Vec<(&str, &Value)> = general.chain(maps.map(|(key, value)| (key.as_str(), value))).collect();
    let codes = |odd: &[(&str, &Value)]| row(Line::new(), odd.iter().map(|(key, _)| Line::new().code(*key)));
    let mut warnings = Vec::new();
    let none: Vec<_> = all.iter().filter(|(_, value)| level(value).is_none()).copied().collect();
    if !none.is_empty() {
        let line = Line::new().text("What is given for ").append(codes(&none));
        warnings.push(line.text(" is no number, and counts as not given."));
    }
    let rules = shift.change.state().and_then(RoomState::rules);
    let strict = rules.is_some_and(|rules| rules.authorization.integer_power_levels);
    let loose: Vec<_> =
        all.iter().filter(|(_, value)| level(value).is_some() && value.as_i64().is_none()).copied().collect();
    if strict && !loose.is_empty() {
        let line = Line::new().text("What is given for ").append(codes(&loose));
        warnings
            .push(line.text(" is no whole number. Servers should not allow that in this room's version."));
    }
    let maps = ["users", "events", "notifications"];
    let no_maps = maps
        .into_iter()
        .filter(|key| content.get(key).is_some_and(|value| !value.is_object() && !value.is_null()));
    warnings
        .extend(no_maps.map(|key| Line::new().code(key).text(" is no list of levels, and counts as empty.")));
    warnings
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::change::scene::{changed, room, set, told, told_in};

    const KIND: &str = "m.room.power_levels";

    #[track_caller]
    fn check(before: &Value, after: &Value, want: &[&str]) {
        assert_eq!(told_in(&changed(KIND, before, after), &room("9", [])).warnings, want);
    }

    #[test]
    fn raised_to_moderators() {
        let ana = json!({"users": {"@ana:hs.test": 100}});
        check(
            &ana,
            &json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 50}}),
            &[
                "Bob (`@bob:hs.test`) has power 50 now, enough to kick, to ban and to change the power levels.",
            ],
        );
        let strict =
            json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 20}, "kick": 20, "state_default": 100});
        check(&ana, &strict, &["Bob (`@bob:hs.test`) has power 20 now, enough to kick."]);
        check(&ana, &json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 49}}), &[]);
        let users: serde_json::Map<_, _> = (0..7).map(|n| (format!("@{n}:hs"), json!(50))).collect();
        let warnings = told(&changed(KIND, &json!({}), &json!({"users": users}))).warnings;
        assert_eq!(warnings.len(), 6);
        assert_eq!(warnings[5], "2 more were raised to a power that is enough to kick or to ban.");
    }

    #[test]
    fn nobody_is_left() {
        let ana = json!({"users": {"@ana:hs.test": 100}});
        let gone =
            "Ana (`@ana:hs.test`) cannot take back the power that they gave up: only somebody with more can.";
        let left = "Nobody is left who can change the power levels: it takes 50.";
        check(&ana, &json!({}), &[gone, left]);
        let high = json!({"users": {"@ana:hs.test": 100}, "events": {KIND: 101}});
        check(&ana, &high, &["Nobody is left who can change the power levels: it takes 101."]);
        check(&json!({}), &json!({"kick": 60}), &[]);
        assert_eq!(
            told(&set(KIND, &json!({}))).warnings,
            [
                "Nobody is left who can change the power levels: it takes 50. From room version 12 on the creators still can."
            ]
        );
        assert!(told_in(&set(KIND, &json!({})), &room("12", [])).warnings.is_empty());
    }

    #[test]
    fn everybody_can() {
        let ana = |more: Value| {
            let mut content = json!({"users": {"@ana:hs.test": 100}});
            content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            content
        };
        check(
            &ana(json!({})),
            &ana(json!({"users_default": 50, "ban": 51, "kick": 51})),
            &[
                "Everybody who has no power of their own has 50 now.",
                "Everybody has enough power now to change settings: it takes 50, and everybody has 50 or more.",
                "Everybody has enough power now to redact: it takes 50, and everybody has 50 or more.",
            ],
        );
        check(
            &ana(json!({})),
            &ana(json!({"ban": 0, "kick": -1})),
            &[
                "Everybody has enough power now to kick: it takes -1, and everybody has 0 or more.",
                "Everybody has enough power now to ban: it takes 0, and everybody has 0 or more.",
            ],
        );
        check(
            &ana(json!({})),
            &ana(json!({"events": {"m.room.server_acl": 0, "m.room.name": 0}})),
            &[
                "Everybody has enough power now to send `m.room.server_acl`: it takes 0, and everybody has 0 or more.",
            ],
        );
        let open = ana(json!({"users_default": 60}));
        check(&open, &ana(json!({"users_default": 60, "invite": 1})), &[]);
    }

    #[test]
    fn misshapen_levels() {
        let content = json!({"users": {"@ana:hs.test": "100", "@b:hs": []}, "ban": {}, "events": 7,
            "notifications": {"room": 1.5}});
        let none = "What is given for `ban`, `@b:hs` is no number, and counts as not given.";
        let map = "`events` is no list of levels, and counts as empty.";
        assert_eq!(told_in(&set(KIND, &content), &room("9", [])).warnings, [none, map]);
        assert_eq!(
            told_in(&set(KIND, &content), &room("10", [])).warnings,
            [
                none,
                "What is given for `@ana:hs.test`, `room` is no whole number. Servers should not allow that in this room's version.",
                map,
            ]
        );
    }
}

//! Who has how much power in a room: `m.room.power_levels`, and the creators above it.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::state::level;
use crate::{model::Event, reply::Line};

/// How much power somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A power level.
    Of(i64),
    /// A creator of a room of version 12 or later: above every level, and in no list of them.
    Creator,
}

/// The power of all users of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Power {
    creators: BTreeSet<String>,
    users: BTreeMap<String, i64>,
    default: i64,
}

impl Power {
    /// From a room's `m.room.create` and `m.room.power_levels`, and its version as the server tells it; without one,
    /// the version that the create event names counts. Without power levels, the creator of an old room has 100 and
    /// everybody else 0.
    pub fn of(create: Option<&Event>, levels: Option<&Event>, version: Option<&str>) -> Self {
        let version = version.or_else(|| create?.text("room_version"));
        let mut power = Self::default();
        if let Some(create) = create.filter(|_| creators_stand_above(version)) {
            power.creators.insert(create.sender().to_owned());
            let more = create.content().get("additional_creators").and_then(Value::as_array);
            power.creators.extend(more.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        match levels.map(Event::content) {
            Some(content) => {
                power.default = content.get("users_default").and_then(level).unwrap_or(0);
                let users = content.get("users").and_then(Value::as_object).into_iter().flatten();
                power.users = users.filter_map(|(user, of)| Some((user.clone(), level(of)?))).collect();
            }
            None if power.creators.is_empty() => {
                // Before room version 11 the creator is named in the content.
                let creator = create.map(|create| create.text("creator").unwrap_or_else(|| create.sender()));
                power.users.extend(creator.map(|creator| (creator.to_owned(), 100)));
            }
            None => {}
        }
        power
    }

    /// How much power a user has.
    pub fn level(&self, user: &str) -> Level {
        if self.creators.contains(user) {
            return Level::Creator;
        }
        Level::Of(self.users.get(user).copied().unwrap_or(self.default))
    }

    /// The power of everybody who is not named.
    pub fn default_level(&self) -> Level {
        Level::Of(self.default)
    }

    /// Everybody who is named: users with a level of their own, and the creators who stand above them.
    pub fn named(&self) -> impl Iterator<Item = (&str, Level)> {
        let users = self.users.iter().map(|(user, level)| (user.as_str(), Level::Of(*level)));
        users.chain(self.creators.iter().map(|user| (user.as_str(), Level::Creator)))
    }

    /// A user's power in words, such as “power 100”, if it is not that of everybody.
    pub fn in_words(&self, user: &str) -> Option<Line> {
        match self.level(user) {
            Level::Creator => Some(Line::new().text("creator")),
            own if own == self.default_level() => None,
            Level::Of(level) => Some(Line::new().text(format!("power {level}"))),
        }
    }
}

/// Whether creators stand above all levels: from room version 12 on, and in the version that it was tried out in.
pub fn creators_stand_above(version: Option<&str>) -> bool {
    version.is_some_and(|version| {
        version.parse::<u32>().is_ok_and(|number| number >= 12) || version == "org.matrix.hydra.11"
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn create(content: &Value) -> Event {
        Event(json!({"type": "m.room.create", "state_key": "", "sender": "@ana:hs", "content": content}))
    }

    fn levels(content: &Value) -> Event {
        Event(json!({"type": "m.room.power_levels", "state_key": "", "content": content}))
    }

    #[track_caller]
    fn check(power: &Power, want: &[(&str, Level)]) {
        for (user, level) in want {
            assert_eq!(power.level(user), *level, "{user} in {power:?}");
        }
    }

    #[test]
    fn trap_06_a_creator_of_version_12_stands_above_100_and_is_in_no_list() {
        let create = create(&json!({"room_version": "12", "additional_creators": ["@bob:hs", 7]}));
        let levels = levels(&json!({"users": {"@mod:hs": 100}}));
        for version in [Some("12"), Some("13"), Some("org.matrix.hydra.11"), None] {
            let power = Power::of(Some(&create), Some(&levels), version);
            check(
                &power,
                &[
                    ("@ana:hs", Level::Creator),
                    ("@bob:hs", Level::Creator),
                    ("@mod:hs", Level::Of(100)),
                    ("@eve:hs", Level::Of(0)),
                ],
            );
            assert!(power.level("@ana:hs") > power.level("@mod:hs"));
            assert_eq!(power.in_words("@ana:hs"), Some(Line::from("creator")));
        }
        check(
            &Power::of(Some(&create), Some(&levels), Some("11")),
            &[("@ana:hs", Level::Of(0)), ("@bob:hs", Level::Of(0))],
        );
        // Naming a creator among the levels takes nothing from them.
        let listed = self::levels(&json!({"users": {"@ana:hs": 0}}));
        check(&Power::of(Some(&create), Some(&listed), Some("12")), &[("@ana:hs", Level::Creator)]);
    }

    #[test]
    fn levels_of_every_shape() {
        let old = create(&json!({"creator": "@old:hs"}));
        let power = |content| Power::of(Some(&old), Some(&levels(&content)), Some("9"));
        let odd = power(
            json!({"users_default": " 5 ", "users": {"@a:hs": "50", "@b:hs": -1, "@c:hs": [], "@d:hs": 50.7, "": 3}}),
        );
        check(
            &odd,
            &[
                ("@a:hs", Level::Of(50)),
                ("@b:hs", Level::Of(-1)),
                ("@c:hs", Level::Of(5)),
                ("@d:hs", Level::Of(50)),
                ("@old:hs", Level::Of(5)),
            ],
        );
        assert_eq!(odd.in_words("@b:hs"), Some(Line::from("power -1")));
        assert_eq!(odd.in_words("@c:hs"), None);
        check(&power(json!({"users": 7})), &[("@a:hs", Level::Of(0))]);
        check(&power(Value::Null), &[("@old:hs", Level::Of(0))]);
    }

    #[test]
    fn without_levels_an_old_room_is_its_creators() {
        let old = create(&json!({"creator": "@old:hs"}));
        check(
            &Power::of(Some(&old), None, Some("10")),
            &[("@old:hs", Level::Of(100)), ("@ana:hs", Level::Of(0))],
        );
        check(&Power::of(Some(&create(&json!({}))), None, Some("11")), &[("@ana:hs", Level::Of(100))]);
        check(
            &Power::of(Some(&create(&json!({}))), None, Some("12")),
            &[("@ana:hs", Level::Creator), ("@x:hs", Level::Of(0))],
        );
        assert_eq!(Power::of(None, None, Some("12")), Power::default());
    }
}

//! Who gives power in a room when a server admin asks for it: what Synapse chooses, foretold. It acts in the name of a
//! local member: a creator in room version 12 and later, otherwise the one with the highest level.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::Event;

/// What somebody may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// This power level.
    Number(i64),
    /// A creator of a room of version 12 or later: above every level.
    Creator,
}

/// The powers in a room.
#[derive(Clone, Debug, Default)]
pub struct Powers {
    creators: Vec<String>,
    creator: String,
    users: Option<BTreeMap<String, i64>>,
    users_default: i64,
    /// What changing the power levels needs.
    needed: i64,
}

/// Who would give the power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The server acts in the name of this user.
    By {
        /// The user.
        user: String,
        /// What they may do.
        has: Level,
        /// The level that they give.
        gives: i64,
    },
    /// The local member with the most power has too little.
    TooWeak {
        /// The member.
        user: String,
        /// Their level.
        has: i64,
        /// What changing the power levels needs.
        needed: i64,
    },
    /// No local member is named in the power levels, or a creator.
    Nobody,
}

/// What a creator gives, who has no level of their own.
const OF_CREATORS: i64 = 100;

impl Powers {
    /// From `m.room.create` and `m.room.power_levels`; `None` without the former.
    pub fn of(create: Option<&Event>, levels: Option<&Event>) -> Option<Self> {
        let create = create?;
        let creator = create.sender().to_owned();
        let version = create.text("room_version").and_then(|version| version.parse::<u32>().ok());
        // They have more power than any level, and must not be listed among the users.
        let creators = match version {
            Some(12..) => {
                let others = create.content().get("additional_creators").and_then(Value::as_array);
                let others = others.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                others.chain([creator.clone()]).collect()
            }
            _ => Vec::new(),
        };
        let content = levels.map(Event::content);
        let level = |key: &str| content.and_then(|content| number(content.get(key)?));
        let of_levels = content.and_then(|content| number(content.pointer("/events/m.room.power_levels")?));
        let users = content.map(|content| {
            let users = content.get("users").and_then(Value::as_object).into_iter().flatten();
            users.filter_map(|(user, level)| Some((user.clone(), number(level)?))).collect()
        });
        Some(Self {
            creators,
            creator,
            users,
            users_default: level("users_default").unwrap_or_default(),
            needed: of_levels.or_else(|| level("state_default")).unwrap_or(50),
        })
    }

    /// What a user may do.
    pub fn level(&self, user: &str) -> Level {
        match &self.users {
            _ if self.creators.iter().any(|creator| creator == user) => Level::Creator,
            None if self.creator == user => Level::Number(OF_CREATORS),
            Some(users) => Level::Number(users.get(user).copied().unwrap_or(self.users_default)),
            None => Level::Number(0),
        }
    }

    /// Whether there is a creator above all levels.
    pub fn has_creators(&self) -> bool {
        !self.creators.is_empty()
    }

    /// Who would give the power; `is_here` says who is a joined member from this server.
    pub fn grant(&self, is_here: impl Fn(&str) -> bool) -> Grant {
        let creator = match &self.users {
            None => [&self.creator].into_iter().find(|user| is_here(user)),
            Some(_) => self.creators.iter().rev().find(|user| is_here(user)),
        };
        if let Some(user) = creator {
            return Grant::By { user: user.clone(), has: self.level(user), gives: OF_CREATORS };
        }
        let listed = self.users.iter().flatten().filter(|(user, _)| is_here(user));
        match listed.max_by_key(|(_, level)| **level) {
            None => Grant::Nobody,
            Some((user, level)) if *level < self.needed => {
                Grant::TooWeak { user: user.clone(), has: *level, needed: self.needed }
            }
            Some((user, level)) => {
                Grant::By { user: user.clone(), has: Level::Number(*level), gives: *level }
            }
        }
    }

    /// The servers of those who may change the power levels.
    pub fn servers(&self) -> BTreeSet<String> {
        let listed = self.users.iter().flatten().filter(|(_, level)| **level >= self.needed);
        let creator = self.users.is_none().then_some(&self.creator);
        let users = listed.map(|(user, _)| user).chain(&self.creators).chain(creator);
        users.filter_map(|user| Some(user.split_once(':')?.1.to_owned())).collect()
    }
}

/// A level; old room versions have them as strings as well.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn powers(version: &str, additional: &Value, levels: Option<&Value>) -> Powers {
        let content = json!({"room_version": version, "additional_creators": additional});
        let create = Event(json!({"sender": "@maker:hs.test", "content": content}));
        let levels = levels.map(|levels| Event(json!({"content": levels})));
        Powers::of(Some(&create), levels.as_ref()).expect("there is a create event")
    }

    fn by(user: &str, has: Level, gives: i64) -> Grant {
        Grant::By { user: user.to_owned(), has, gives }
    }

    #[test]
    fn the_local_member_with_the_most_power_gives_it() {
        let here = |user: &str| user.ends_with(":hs.test") && !user.starts_with("@gone");
        let levels = json!({"users": {"@far:x.test": 100, "@a:hs.test": 50, "@b:hs.test": "70", "@gone:hs.test": 90},
            "events": {"m.room.power_levels": 60}, "users_default": 5});
        let old = powers("11", &Value::Null, Some(&levels));
        assert_eq!(old.grant(here), by("@b:hs.test", Level::Number(70), 70));
        assert_eq!(old.level("@a:hs.test"), Level::Number(50));
        assert_eq!(old.level("@other:hs.test"), Level::Number(5));
        assert_eq!(old.level("@maker:hs.test"), Level::Number(5), "a creator is nothing special before 12");
        assert_eq!(old.servers().into_iter().collect::<Vec<_>>(), ["hs.test", "x.test"]);
        let too_weak = Grant::TooWeak { user: "@a:hs.test".into(), has: 50, needed: 60 };
        assert_eq!(old.grant(|user| user == "@a:hs.test"), too_weak);
        assert_eq!(old.grant(|_| false), Grant::Nobody);
        assert_eq!(powers("11", &Value::Null, Some(&json!({}))).grant(here), Grant::Nobody);
    }

    #[test]
    fn trap_06_creators_stand_above_all_levels_and_are_not_listed() {
        let levels = json!({"users": {"@a:hs.test": 100}, "state_default": 50});
        let new = powers("12", &json!(["@second:hs.test", 1]), Some(&levels));
        assert_eq!(new.level("@maker:hs.test"), Level::Creator);
        assert_eq!(new.level("@second:hs.test"), Level::Creator);
        assert!(new.has_creators() && Level::Creator > Level::Number(i64::MAX));
        assert_eq!(new.grant(|_| true), by("@maker:hs.test", Level::Creator, 100));
        assert_eq!(new.grant(|user| user != "@maker:hs.test"), by("@second:hs.test", Level::Creator, 100));
        assert_eq!(new.grant(|user| user == "@a:hs.test"), by("@a:hs.test", Level::Number(100), 100));
    }

    #[test]
    fn without_power_levels_the_creator_has_them() {
        let none = powers("6", &Value::Null, None);
        assert_eq!(none.level("@maker:hs.test"), Level::Number(100));
        assert_eq!(none.level("@a:hs.test"), Level::Number(0));
        assert_eq!(none.grant(|_| true), by("@maker:hs.test", Level::Number(100), 100));
        assert_eq!(none.grant(|_| false), Grant::Nobody);
        assert!(Powers::of(None, None).is_none());
    }

    #[test]
    fn hostile_levels_break_nothing() {
        for levels in
            [json!(null), json!([]), json!({"users": []}), json!({"users": {"@a:hs.test": {}}, "events": 1})]
        {
            assert_eq!(powers("11", &json!({}), Some(&levels)).grant(|_| true), Grant::Nobody);
        }
        let create = Event(json!({"sender": 1, "content": {"room_version": 12}}));
        assert!(Powers::of(Some(&create), None).is_some());
    }
}

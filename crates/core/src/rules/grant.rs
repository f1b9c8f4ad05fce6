//! Who gives power in a room when a server admin asks for it: what Synapse chooses, foretold. It acts in the name of a
//! local member: a creator in room version 12 and later, otherwise the one with the highest level.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels>

use std::collections::BTreeSet;

use super::power::{Level, Power};
use crate::model::Event;

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

/// Who would give the power; `is_here` says who is a joined member from this server, and `needed` what changing the
/// power levels needs.
pub fn grant(power: &Power, needed: i64, is_here: impl Fn(&str) -> bool) -> Grant {
    let most = power.named().filter(|(user, _)| is_here(user)).max_by_key(|(_, level)| *level);
    match most {
        None => Grant::Nobody,
        Some((user, Level::Creator)) => {
            Grant::By { user: user.to_owned(), has: Level::Creator, gives: OF_CREATORS }
        }
        Some((user, Level::Of(has))) if has < needed => Grant::TooWeak { user: user.to_owned(), has, needed },
        Some((user, Level::Of(gives))) => Grant::By { user: user.to_owned(), has: Level::Of(gives), gives },
    }
}

/// The level that changing `m.room.power_levels` needs, by what it says itself.
pub fn needed(levels: Option<&Event>) -> i64 {
    let level = |path: &str| {
        let level = levels?.content().pointer(path)?;
        level.as_i64().or_else(|| level.as_str()?.trim().parse().ok())
    };
    level("/events/m.room.power_levels").or_else(|| level("/state_default")).unwrap_or(DEFAULT)
}

/// What state events need when nothing says so.
const DEFAULT: i64 = 50;

/// The servers of those who may change the power levels.
pub fn servers(power: &Power, needed: i64) -> BTreeSet<&str> {
    let able = power.named().filter(|(_, level)| *level >= Level::Of(needed));
    able.filter_map(|(user, _)| Some(user.split_once(':')?.1)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(content: &Value) -> Event {
        Event(json!({"sender": "@maker:hs.test", "content": content}))
    }

    fn power(version: &str, levels: Option<&Value>) -> Power {
        Power::of(Some(&event(&json!({}))), levels.map(event).as_ref(), Some(version))
    }

    fn by(user: &str, has: Level, gives: i64) -> Grant {
        Grant::By { user: user.to_owned(), has, gives }
    }

    #[test]
    fn the_local_member_with_the_most_power_gives_it() {
        let here = |user: &str| user.ends_with(":hs.test") && !user.starts_with("@gone");
        let levels =
            json!({"users": {"@far:x.test": 100, "@a:hs.test": 50, "@b:hs.test": "70", "@gone:hs.test": 90}});
        let old = power("11", Some(&levels));
        assert_eq!(grant(&old, 60, here), by("@b:hs.test", Level::Of(70), 70));
        assert_eq!(servers(&old, 60), BTreeSet::from(["hs.test", "x.test"]));
        assert_eq!(servers(&old, 91), BTreeSet::from(["x.test"]));
        let too_weak = Grant::TooWeak { user: "@a:hs.test".into(), has: 50, needed: 60 };
        assert_eq!(grant(&old, 60, |user| user == "@a:hs.test"), too_weak);
        assert_eq!(grant(&old, 60, |_| false), Grant::Nobody);
        assert_eq!(grant(&power("11", Some(&json!({}))), 0, here), Grant::Nobody);
    }

    #[test]
    fn a_creator_gives_a_hundred() {
        let new = power("12", Some(&json!({"users": {"@a:hs.test": 150}})));
        assert_eq!(grant(&new, 50, |_| true), by("@maker:hs.test", Level::Creator, 100));
        assert_eq!(grant(&new, 50, |user| user == "@a:hs.test"), by("@a:hs.test", Level::Of(150), 150));
        assert_eq!(grant(&power("6", None), 50, |_| true), by("@maker:hs.test", Level::Of(100), 100));
    }

    #[test]
    fn what_changing_the_levels_needs() {
        let needs = |content: Value| needed(Some(&event(&content)));
        assert_eq!(needed(None), 50);
        assert_eq!(needs(json!({})), 50);
        assert_eq!(needs(json!({"state_default": "75"})), 75);
        assert_eq!(needs(json!({"state_default": 0, "events": {"m.room.power_levels": 100}})), 100);
        assert_eq!(needs(json!({"state_default": 0, "events": []})), 0);
        assert_eq!(needs(json!({"state_default": {}, "events": {"m.room.power_levels": null}})), 50);
    }
}

//! The power levels of a room, as ruma reads them; where it cannot, leniently. What an action takes, and who has it.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels>

use ruma::{
    OwnedUserId, RoomVersionId, UserId,
    events::room::power_levels::{
        PowerLevelAction, RoomPowerLevels, RoomPowerLevelsEventContent, RoomPowerLevelsSource, UserPowerLevel,
    },
    room_version_rules::AuthorizationRules,
};
use serde_json::Value;

use super::super::{
    power::{Level, Power},
    room_state::RoomState,
    state::level,
};
use crate::model::Event;

/// How power levels were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As the rules of the room version say.
    Strict,
    /// Leniently, because they are not of the shape that the specification asks for.
    Malformed,
    /// Leniently, because the room version is not known.
    UnknownVersion,
}

/// Who has how much power, and what takes how much.
#[derive(Clone, Debug)]
pub struct Levels {
    power: Power,
    content: Value,
    strict: Option<RoomPowerLevels>,
    reading: Reading,
}

impl Levels {
    /// From the content of a room's power levels, `None` when it has none, and its version as the server tells it.
    pub fn of(create: Option<&Event>, levels: Option<&Event>, version: Option<&str>) -> Self {
        let told = version.or_else(|| Some(create?.text("room_version").unwrap_or("1")));
        let rules = told.and_then(|version| RoomVersionId::try_from(version).ok()?.rules());
        let (strict, reading) = match rules {
            None => (None, Reading::UnknownVersion),
            Some(rules) => match strict(create, levels, &rules.authorization) {
                None => (None, Reading::Malformed),
                strict => (strict, Reading::Strict),
            },
        };
        let content = levels.map(|levels| levels.content().clone()).unwrap_or_default();
        Self { power: Power::of(create, levels, version), content, strict, reading }
    }

    /// Those of a room.
    pub fn now(state: &RoomState) -> Self {
        Self::of(state.the("m.room.create"), state.the("m.room.power_levels"), state.version())
    }

    /// How they were read.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// How much power a user has. What is no user ID has what everybody has.
    pub fn level(&self, user: &str) -> Level {
        match (&self.strict, <&UserId>::try_from(user)) {
            (Some(strict), Ok(user)) => match strict.for_user(user) {
                UserPowerLevel::Int(level) => Level::Of(level.into()),
                _ => Level::Creator,
            },
            _ => self.power.level(user),
        }
    }

    /// The power of everybody who is not named.
    pub fn default_level(&self) -> Level {
        match &self.strict {
            Some(strict) => Level::Of(strict.users_default.into()),
            None => self.power.default_level(),
        }
    }

    /// The level that an action takes.
    pub fn needed(&self, action: &PowerLevelAction) -> i64 {
        match &self.strict {
            Some(strict) => strict.for_action(action.clone()).into(),
            None => lenient(&self.content, action),
        }
    }

    /// Whether a user has a level of their own.
    pub fn names(&self, user: &str) -> bool {
        self.named().iter().any(|(named, _)| named == user)
    }

    /// Everybody with a level of their own, and the creators above all levels.
    pub fn named(&self) -> Vec<(String, Level)> {
        let Some(strict) = &self.strict else {
            return self.power.named().map(|(user, level)| (user.to_owned(), level)).collect();
        };
        let creators = strict.rules.privileged_creators.iter().flatten();
        let is_creator = |user: &OwnedUserId| strict.for_user(user) == UserPowerLevel::Infinite;
        let users = strict.users.iter().filter(|(user, _)| !is_creator(user));
        let users = users.map(|(user, level)| (user.to_string(), Level::Of((*level).into())));
        users.chain(creators.map(|user| (user.to_string(), Level::Creator))).collect()
    }
}

/// ruma's reading; `None` when the content is not of the specified shape.
fn strict(
    create: Option<&Event>,
    levels: Option<&Event>,
    rules: &AuthorizationRules,
) -> Option<RoomPowerLevels> {
    let source = match levels {
        None => RoomPowerLevelsSource::None,
        Some(event) => {
            // A list would pass for an object without fields.
            let content = event.content().is_object().then(|| event.content().clone())?;
            let content: RoomPowerLevelsEventContent = serde_json::from_value(content).ok()?;
            RoomPowerLevelsSource::Original(content)
        }
    };
    Some(RoomPowerLevels::new(source, rules, creators(create, rules)))
}

/// Who made a room.
fn creators(create: Option<&Event>, rules: &AuthorizationRules) -> Vec<OwnedUserId> {
    let Some(create) = create else { return Vec::new() };
    let first = match create.text("creator") {
        // "The creator of a room is the sender of m.room.create", from room version 11 on.
        Some(creator) if !rules.use_room_create_sender => creator,
        _ => create.sender(),
    };
    let more = create.content().get("additional_creators").and_then(Value::as_array);
    let more = more.filter(|_| rules.additional_room_creators).into_iter().flatten();
    let all = std::iter::once(first).chain(more.filter_map(Value::as_str));
    all.filter_map(|user| user.try_into().ok()).collect()
}

/// What an action takes by content of any shape: what is no level counts as missing.
fn lenient(content: &Value, action: &PowerLevelAction) -> i64 {
    let named = |key: &str, default: i64| content.get(key).and_then(level).unwrap_or(default);
    let event = |kind: &str, key: &str, default: i64| {
        let own = content.get("events").and_then(|events| events.get(kind)).and_then(level);
        own.unwrap_or_else(|| named(key, default))
    };
    let redaction = || event("m.room.redaction", "events_default", 0);
    match action {
        PowerLevelAction::Ban => named("ban", 50),
        PowerLevelAction::Unban => named("ban", 50).max(named("kick", 50)),
        PowerLevelAction::Invite => named("invite", 0),
        PowerLevelAction::Kick => named("kick", 50),
        PowerLevelAction::RedactOwn => redaction(),
        PowerLevelAction::RedactOther => named("redact", 50).max(redaction()),
        PowerLevelAction::SendMessage(kind) => event(&kind.to_string(), "events_default", 0),
        PowerLevelAction::SendState(kind) => event(&kind.to_string(), "state_default", 50),
        _ => content.pointer("/notifications/room").and_then(level).unwrap_or(50),
    }
}

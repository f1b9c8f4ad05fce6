//! The state of a room at some moment, as far as it is known, looked up by type and state key: what the rules about
//! power, joining and seeing start from.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#types-of-room-events>

use std::collections::HashMap;

use ruma::{RoomVersionId, room_version_rules::RoomVersionRules};

use super::power::Power;
use crate::model::Event;

/// State events, the newest of each type and state key.
#[derive(Clone, Debug, Default)]
pub struct RoomState {
    events: HashMap<(String, String), Event>,
    version: Option<String>,
}

impl RoomState {
    /// From state events; of two with the same type and state key the later one in the list counts. `version` is the
    /// room version as the server tells it; without one, that of the create event counts.
    pub fn of(events: impl IntoIterator<Item = Event>, version: Option<&str>) -> Self {
        let events: HashMap<_, _> = events
            .into_iter()
            .filter_map(|event| Some(((event.kind().to_owned(), event.state_key()?.to_owned()), event)))
            .collect();
        Self { events, version: version.map(str::to_owned) }
    }

    /// A state event happens: from now on it is the one of its type and state key.
    pub fn insert(&mut self, event: Event) {
        if let Some(key) = event.state_key().map(str::to_owned) {
            self.events.insert((event.kind().to_owned(), key), event);
        }
    }

    /// The event of a type and state key.
    pub fn get(&self, kind: &str, state_key: &str) -> Option<&Event> {
        self.events.get(&(kind.to_owned(), state_key.to_owned()))
    }

    /// The event of a type whose state key is empty.
    pub fn the(&self, kind: &str) -> Option<&Event> {
        self.get(kind, "")
    }

    /// All events.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.values()
    }

    /// `membership` of a user; `leave` for those who never had one, as the specification says.
    pub fn membership(&self, user: &str) -> &str {
        self.get("m.room.member", user).and_then(|event| event.text("membership")).unwrap_or("leave")
    }

    /// The room version, such as `12`; `None` when neither the server nor a create event tells it. "If the version is
    /// not specified, it is 1."
    pub fn version(&self) -> Option<&str> {
        let create = || Some(self.the("m.room.create")?.text("room_version").unwrap_or("1"));
        self.version.as_deref().or_else(create)
    }

    /// The rules of the room version; `None` for a version that is not known, here or to ruma.
    pub fn rules(&self) -> Option<RoomVersionRules> {
        RoomVersionId::try_from(self.version()?).ok()?.rules()
    }

    /// Who has how much power.
    pub fn power(&self) -> Power {
        Power::of(self.the("m.room.create"), self.the("m.room.power_levels"), self.version())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, key: &str, content: &serde_json::Value) -> Event {
        Event(json!({"type": kind, "state_key": key, "sender": "@ana:hs", "content": content}))
    }

    #[test]
    fn the_latest_counts_and_the_server_knows_the_version() {
        let events = || {
            vec![
                event("m.room.create", "", &json!({"room_version": "11"})),
                event("m.room.member", "@a:hs", &json!({"membership": "join"})),
                event("m.room.member", "@a:hs", &json!({"membership": "ban"})),
                event("m.room.member", "@odd:hs", &json!({"membership": 7})),
                Event(json!({"type": "m.room.message", "content": {}})),
                Event(json!("nothing")),
            ]
        };
        let state = RoomState::of(events(), None);
        assert_eq!(state.membership("@a:hs"), "ban");
        assert_eq!(state.membership("@odd:hs"), "leave");
        assert_eq!(state.membership("@b:hs"), "leave");
        assert_eq!((state.version(), state.events().count()), (Some("11"), 3));
        assert!(state.rules().is_some_and(|rules| !rules.authorization.explicitly_privilege_room_creators));
        let state = RoomState::of(events(), Some("12"));
        assert!(state.rules().is_some_and(|rules| rules.authorization.explicitly_privilege_room_creators));
        assert!(RoomState::of(events(), Some("org.example")).rules().is_none());
        let none = RoomState::default();
        assert_eq!((none.version(), none.rules().is_none()), (None, true));
        let first = RoomState::of([event("m.room.create", "", &json!({}))], None);
        assert_eq!(first.version(), Some("1"));
    }
}

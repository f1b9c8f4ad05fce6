//! What is read of the homeserver to tell what happened: what rooms are called, and how they stood when it did. Kept for
//! a while, because a message is told anew whenever it grows.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use ruma::{OwnedEventId, OwnedRoomId, RoomId};

use crate::{
    model::{Event, Millis},
    plan::{Plan, PlanState},
    ports::{Fault, Lookup, Records, Which},
    rules::{
        cause::cause,
        digest::{Group, Known},
        names::Names,
        room_state::RoomState,
    },
};

/// For how long what a room is called is not asked again.
const ROOMS_KEPT: Duration = Duration::from_mins(1);
/// How many events' surroundings are kept.
const AROUND_KEPT: usize = 200;
/// How many Plans about a room are looked through.
const PLANS: usize = 20;

#[derive(Default)]
pub(super) struct Knowledge {
    rooms: HashMap<OwnedRoomId, Called>,
    around: HashMap<OwnedEventId, Vec<Event>>,
    /// What those who appear in what was read are called in each room: the newest reading counts.
    people: HashMap<OwnedRoomId, Names>,
}

/// What a room is called, and whether anyone can join it.
struct Called {
    read_at: Millis,
    name: Option<String>,
    alias: Option<String>,
    is_public: bool,
}

impl Knowledge {
    /// What rooms are called, and which of them anyone can join.
    pub(super) async fn rooms<'a>(
        &mut self,
        lookup: &dyn Lookup,
        now: Millis,
        rooms: impl Iterator<Item = &'a RoomId>,
    ) -> Result<(Names, BTreeSet<String>), Fault> {
        let mut names = Names::default();
        let mut public = BTreeSet::new();
        for room in rooms.collect::<HashSet<_>>() {
            let is_fresh = |at: Millis| now - at < i64::try_from(ROOMS_KEPT.as_millis()).unwrap_or(i64::MAX);
            if !self.rooms.get(room).is_some_and(|called| is_fresh(called.read_at)) {
                let details = lenient(lookup.room(room).await)?.flatten().unwrap_or_default();
                let called = Called {
                    read_at: now,
                    name: details.name,
                    alias: details.canonical_alias,
                    is_public: details.join_rules.as_deref() == Some("public"),
                };
                self.rooms.insert(room.to_owned(), called);
            }
            if let Some(Called { name, alias, is_public, .. }) = self.rooms.get(room) {
                names = names.with_room(room.as_str(), name.as_deref(), alias.as_deref());
                if *is_public {
                    public.insert(room.to_string());
                }
            }
        }
        Ok((names, public))
    }

    /// What those are called whom a group is about: by the names of then, where these were read.
    pub(super) fn people(&self, group: &Group<'_>) -> Names {
        let names = self.people.get(group.room).cloned().unwrap_or_default();
        let first = group.events.first().and_then(|event| event.event_id());
        names.with_members(first.and_then(|id| self.around.get(id)).into_iter().flatten())
    }

    /// How the room stood when the first event of a group happened, and the Plan that the group comes from.
    pub(super) async fn around(
        &mut self,
        lookup: &dyn Lookup,
        records: &dyn Records,
        group: &Group<'_>,
    ) -> Result<Known, Fault> {
        let Some(id) = group.events.first().and_then(|event| event.event_id()) else {
            return Ok(Known::default());
        };
        if !self.around.contains_key(id) {
            if self.around.len() >= AROUND_KEPT {
                self.around.clear();
                self.people.clear();
            }
            let found = lenient(lookup.context(group.room, id, 0).await)?.flatten();
            let state = found.map(|found| found.state).unwrap_or_default();
            let people = self.people.entry(group.room.to_owned()).or_default();
            *people = std::mem::take(people).with_members(&state);
            self.around.insert(id.to_owned(), state);
        }
        let events = self.around.get(id).filter(|events| !events.is_empty());
        let state = events.map(|events| RoomState::of(events.iter().cloned(), None));
        Ok(Known { state, plan: plan(lookup, records, group) })
    }
}

/// The Plan that a group comes from.
fn plan(lookup: &dyn Lookup, records: &dyn Records, group: &Group<'_>) -> Option<Plan> {
    let which = Which {
        states: vec![PlanState::Running, PlanState::Done],
        about: Some(group.room.to_string()),
        limit: Some(PLANS),
    };
    // Without the database nothing can be said either.
    let plans = records.plans(&which).unwrap_or_default();
    group.events.first().and_then(|event| cause(event, &plans, lookup.me())).cloned()
}

/// A fault that passes is waited for; without the right to read, less is told.
fn lenient<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.is_passing() => Err(fault),
        Err(_) => Ok(None),
    }
}

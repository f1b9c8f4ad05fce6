//! What is read of the homeserver to tell what happened: what rooms are called, and how they stood when it did. Kept for
//! a while, because a message is told anew whenever it grows.

use std::collections::{BTreeSet, HashMap, HashSet};

use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId};

use super::is_within;
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
const ROOMS_KEPT: Millis = 60_000;
/// With so many events' surroundings all of them are forgotten.
const AROUND_KEPT: usize = 200;
/// What of a room's state explanations start from: a room can have thousands of other types.
const KINDS: [&str; 5] =
    ["m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.server_acl", "m.room.member"];
/// How many Plans about a room are looked through.
const PLANS: usize = 20;

/// How often in a row the state of a room may come too late before things are told without it.
const PATIENCE: u32 = 3;

#[derive(Default)]
pub(super) struct Knowledge {
    rooms: HashMap<OwnedRoomId, Called>,
    around: HashMap<OwnedEventId, Vec<Event>>,
    /// What those who appear in what was read are called in each room: the newest reading counts.
    people: HashMap<OwnedRoomId, Names>,
    /// Rooms whose state came too late, and how often in a row: a room can have more of it than can be read in time.
    late: HashMap<OwnedRoomId, u32>,
}

/// What a room is called, and whether anyone can join it.
struct Called {
    read_at: Millis,
    name: Option<String>,
    alias: Option<String>,
    is_public: bool,
    /// Whether the bot itself made it.
    is_own: bool,
}

impl Knowledge {
    /// Which rooms the bot made itself, to talk to somebody: they are not watched.
    pub(super) async fn own<'a>(
        &mut self,
        lookup: &dyn Lookup,
        now: Millis,
        rooms: impl Iterator<Item = &'a RoomId>,
    ) -> Result<HashSet<OwnedRoomId>, Fault> {
        let rooms: HashSet<&RoomId> = rooms.collect();
        self.rooms(lookup, now, rooms.iter().copied()).await?;
        let is_own = |room: &&RoomId| self.rooms.get(*room).is_some_and(|called| called.is_own);
        Ok(rooms.into_iter().filter(is_own).map(ToOwned::to_owned).collect())
    }

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
            if !self.rooms.get(room).is_some_and(|called| is_within(ROOMS_KEPT, called.read_at, now)) {
                let details = lenient(lookup.room(room).await)?.flatten().unwrap_or_default();
                let called = Called {
                    read_at: now,
                    name: details.name,
                    alias: details.canonical_alias,
                    is_public: details.join_rules.as_deref() == Some("public"),
                    is_own: details.creator.as_deref() == Some(lookup.me().as_str()),
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

    /// Forgets when there is too much; before a message is made, because all of what is read for it is needed together.
    pub(super) fn make_room(&mut self) {
        if self.around.len() >= AROUND_KEPT {
            self.around.clear();
            self.people.clear();
            self.late.clear();
        }
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
            let state = self.state(lookup, group.room, id).await?;
            let people = self.people.entry(group.room.to_owned()).or_default();
            *people = std::mem::take(people).with_members(&state);
            self.around.insert(id.to_owned(), state);
        }
        let events = self.around.get(id).filter(|events| !events.is_empty());
        let state = events.map(|events| RoomState::of(events.iter().cloned(), None));
        Ok(Known { state, plan: plan(lookup, records, group), seen_at: None })
    }
}

impl Knowledge {
    /// The state of a room at an event, as far as explanations start from it.
    async fn state(
        &mut self,
        lookup: &dyn Lookup,
        room: &RoomId,
        event: &EventId,
    ) -> Result<Vec<Event>, Fault> {
        if self.late.get(room).is_some_and(|times| *times >= PATIENCE) {
            return Ok(Vec::new());
        }
        let found = lookup.state_at(room, event, &KINDS).await;
        if found == Err(Fault::Timeout) {
            *self.late.entry(room.to_owned()).or_default() += 1;
        } else {
            self.late.remove(room);
        }
        let mut state = lenient(found)?.flatten().unwrap_or_default();
        // Old servers do not know the filter.
        state.retain(|event| KINDS.contains(&event.kind()));
        Ok(state)
    }
}

/// The Plan that a group comes from: all of it.
fn plan(lookup: &dyn Lookup, records: &dyn Records, group: &Group<'_>) -> Option<Plan> {
    let which = Which {
        states: vec![PlanState::Running, PlanState::Done],
        about: Some(group.room.to_string()),
        limit: Some(PLANS),
        ..Which::default()
    };
    // Without the database nothing can be said either.
    let plans = records.plans(&which).unwrap_or_default();
    let (first, others) = group.events.split_first()?;
    let of = |event: &Event| cause(event, &plans, lookup.me());
    let plan = of(first)?;
    others.iter().all(|event| of(event).is_some_and(|other| other.id == plan.id)).then(|| plan.clone())
}

/// A fault that passes is waited for; without the right to read, less is told.
fn lenient<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.is_passing() => Err(fault),
        Err(_) => Ok(None),
    }
}

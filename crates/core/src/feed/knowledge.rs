//! What is read of the homeserver to tell what happened: what rooms are called, and how they stood when it did. Kept for
//! a while, because a message is told anew whenever it grows.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use ruma::{OwnedEventId, OwnedRoomId, RoomId, UserId};
use tracing::debug;

use super::{is_within, readings::Readings};
use crate::{
    commands::is_own_chat,
    model::{Event, Millis, RoomDetails},
    plan::{Plan, PlanState, Step},
    ports::{Clock, Fault, Lookup, Records, Which},
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

/// How much is read of one room at the same time: one that is slow leaves room for others.
const PER_ROOM: usize = 4;

/// How long those that are told of wait for what is slow to be read; then it is told of later.
pub(super) const MOMENT: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Knowledge {
    rooms: HashMap<OwnedRoomId, Called>,
    around: HashMap<OwnedEventId, Vec<Event>>,
    /// The memberships of those who appear in what was read of each room, of each the newest that has a name: what is read
    /// beside each other comes in any order.
    people: HashMap<OwnedRoomId, HashMap<String, Event>>,
    /// Rooms whose state came too late, and how often in a row: a room can have more of it than can be read in time.
    late: HashMap<OwnedRoomId, u32>,
    readings: Readings<Wanted, Read>,
}

/// What is needed to tell something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// What a room is called.
    Room(OwnedRoomId),
    /// How a room stood when an event happened.
    State(OwnedRoomId, OwnedEventId),
}

enum Read {
    Room(Box<Result<Called, Fault>>),
    /// With how often in a row the state of that room had come too late when this was begun.
    State(u32, Result<Option<Vec<Event>>, Fault>),
}

/// What a room is called, and whether anyone can join it.
struct Called {
    read_at: Millis,
    details: RoomDetails,
    /// Whether the bot made the room itself, to talk to somebody.
    is_own_chat: bool,
}

impl Knowledge {
    /// Reads what is not known yet, for a moment. What takes longer is read on with the next call: a slow room does not
    /// keep others from being told of.
    pub(super) async fn read(
        &mut self,
        lookup: &Arc<dyn Lookup>,
        clock: &dyn Clock,
        wanted: impl IntoIterator<Item = Wanted>,
    ) {
        let now = clock.now();
        let mut missing: HashSet<Wanted> = wanted.into_iter().filter(|what| !self.has(what, now)).collect();
        let mut lanes: HashMap<OwnedRoomId, VecDeque<Wanted>> = HashMap::new();
        for what in missing.iter().filter(|what| !self.readings.is_under_way(what)) {
            lanes.entry(what.room().to_owned()).or_default().push_back(what.clone());
        }
        for (room, lane) in &mut lanes {
            let busy = self.readings.under_way().filter(|what| what.room() == room).count();
            for _ in busy..PER_ROOM {
                self.begin_next(lookup, lane, now);
            }
        }
        let mut patience = clock.sleep(MOMENT);
        while !missing.is_empty()
            && let Some((what, read)) = self.readings.next_before(&mut patience).await
        {
            missing.remove(&what);
            if let Some(lane) = lanes.get_mut(what.room()) {
                if matches!(read, Read::State(_, Err(Fault::Timeout))) {
                    // The others of that room would come too late as well.
                    for left in lane.drain(..) {
                        missing.remove(&left);
                    }
                }
                self.begin_next(lookup, lane, now);
            }
            self.learn(what, read, now);
        }
        // It may not be wanted any more the next time.
        self.readings.forget_waiting();
    }

    /// Begins to read what is next in a room.
    fn begin_next(&mut self, lookup: &Arc<dyn Lookup>, lane: &mut VecDeque<Wanted>, now: Millis) {
        let Some(what) = lane.pop_front() else { return };
        let times = self.late.get(what.room()).copied().unwrap_or_default();
        self.readings.begin(what.clone(), read(lookup.clone(), what, times, now));
    }

    /// Whether something is known: what a room is called, only for a while.
    fn has(&mut self, what: &Wanted, now: Millis) -> bool {
        match what {
            Wanted::Room(room) => {
                self.rooms.get(room).is_some_and(|called| is_within(ROOMS_KEPT, called.read_at, now))
            }
            Wanted::State(room, at) => {
                // Told without it.
                if self.late.get(room).is_some_and(|times| *times >= PATIENCE) {
                    self.around.entry(at.clone()).or_default();
                }
                self.around.contains_key(at)
            }
        }
    }

    /// Whether it is known what a room is called, or was.
    pub(super) fn knows(&self, room: &RoomId) -> bool {
        self.rooms.contains_key(room)
    }

    fn learn(&mut self, what: Wanted, read: Read, now: Millis) {
        match (what, read) {
            (Wanted::Room(room), Read::Room(read)) => match *read {
                Ok(called) => {
                    self.rooms.insert(room, Called { read_at: now, ..called });
                }
                Err(fault) => debug!(%room, %fault, "cannot look at a watched room yet"),
            },
            (Wanted::State(room, at), Read::State(late, read)) => {
                if read == Err(Fault::Timeout) {
                    // Those that run beside each other come too late together: that is once.
                    let times = self.late.entry(room.clone()).or_default();
                    *times = (*times).max(late + 1);
                } else {
                    self.late.remove(&room);
                }
                match lenient(read) {
                    Ok(state) => {
                        let mut state = state.flatten().unwrap_or_default();
                        // Old servers do not know the filter.
                        state.retain(|event| KINDS.contains(&event.kind()));
                        self.meet(room, &state);
                        self.around.insert(at, state);
                    }
                    Err(fault) => debug!(%room, %fault, "cannot read how a watched room stood yet"),
                }
            }
            (Wanted::Room(_), Read::State(..)) | (Wanted::State(..), Read::Room(_)) => {}
        }
    }

    /// Remembers what the members of a room are called.
    fn meet(&mut self, room: OwnedRoomId, state: &[Event]) {
        let people = self.people.entry(room).or_default();
        for member in state.iter().filter(|event| event.kind() == "m.room.member") {
            let Some(user) = member.state_key().filter(|_| member.text("displayname").is_some()) else {
                continue;
            };
            if people.get(user).is_none_or(|known| known.time() <= member.time()) {
                people.insert(user.to_owned(), member.clone());
            }
        }
    }

    /// Whether the bot made a room itself, to talk to somebody: it is not watched.
    pub(super) fn is_own(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(|called| called.is_own_chat)
    }

    /// What rooms are called, and which of them anyone can join.
    pub(super) fn rooms<'a>(&self, rooms: impl Iterator<Item = &'a RoomId>) -> (Names, BTreeSet<String>) {
        let mut names = Names::default();
        let mut public = BTreeSet::new();
        for room in rooms.collect::<HashSet<_>>() {
            if let Some(Called { details, .. }) = self.rooms.get(room) {
                let alias = details.canonical_alias.as_deref();
                names = names.with_room(room.as_str(), details.name.as_deref(), alias);
                if details.join_rules.as_deref() == Some("public") {
                    public.insert(room.to_string());
                }
            }
        }
        (names, public)
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
        let people = self.people.get(group.room).into_iter().flat_map(HashMap::values);
        let first = group.events.first().and_then(|event| event.event_id());
        Names::default()
            .with_members(people)
            .with_members(first.and_then(|id| self.around.get(id)).into_iter().flatten())
    }

    /// How the room stood when the first event of a group happened, and the Plan that the group comes from; `None` while
    /// that is not known.
    pub(super) fn around(
        &self,
        lookup: &dyn Lookup,
        records: &dyn Records,
        group: &Group<'_>,
    ) -> Option<Known> {
        let Some(Wanted::State(_, at)) = Wanted::around(group) else { return Some(Known::default()) };
        let events = Some(self.around.get(&at)?).filter(|events| !events.is_empty());
        let state = events.map(|events| RoomState::of(events.iter().cloned(), None));
        let plan = plan(lookup, records, group, state.as_ref());
        Some(Known { state, plan, seen_at: None })
    }

    /// Whether all is known that a group is told by.
    pub(super) fn has_around(&self, group: &Group<'_>) -> bool {
        match Wanted::around(group) {
            Some(Wanted::State(_, at)) => self.around.contains_key(&at),
            _ => true,
        }
    }
}

impl Wanted {
    /// How the room stood when the first event of a group happened.
    pub(super) fn around(group: &Group<'_>) -> Option<Self> {
        let at = group.events.first()?.event_id()?;
        Some(Self::State(group.room.to_owned(), at.to_owned()))
    }

    /// The room that it is about.
    fn room(&self) -> &RoomId {
        match self {
            Self::Room(room) | Self::State(room, _) => room,
        }
    }
}

/// Reads one thing. `late`: how often in a row the state of its room came too late.
async fn read(lookup: Arc<dyn Lookup>, what: Wanted, late: u32, now: Millis) -> Read {
    match what {
        Wanted::Room(room) => Read::Room(Box::new(called(&*lookup, &room, now).await)),
        Wanted::State(room, at) => Read::State(late, lookup.state_at(&room, &at, &KINDS).await),
    }
}

async fn called(lookup: &dyn Lookup, room: &RoomId, now: Millis) -> Result<Called, Fault> {
    let details = lenient(lookup.room(room).await)?.flatten();
    let is_own_chat = lenient(is_own_chat(lookup, room, details.as_ref()).await)?.unwrap_or_default();
    Ok(Called { read_at: now, details: details.unwrap_or_default(), is_own_chat })
}

/// The Plan that a group comes from: all of it.
fn plan(
    lookup: &dyn Lookup,
    records: &dyn Records,
    group: &Group<'_>,
    state: Option<&RoomState>,
) -> Option<Plan> {
    let about = |room: &str| {
        let which = Which {
            states: vec![PlanState::Running, PlanState::Done],
            about: Some(room.to_owned()),
            limit: Some(PLANS),
            ..Which::default()
        };
        // Without the database nothing can be said either.
        records.plans(&which).unwrap_or_default()
    };
    let mut plans = about(group.room.as_str());
    // What makes a room in the place of another one is about that one.
    if let Some(old) = state.and_then(|state| replaced(state, lookup.me())) {
        let restoring = about(&old).into_iter().filter(|plan| restores(plan, &old));
        plans.extend(restoring);
    }
    let (first, others) = group.events.split_first()?;
    let of = |event: &Event| cause(event, &plans, lookup.me());
    let plan = of(first)?;
    others.iter().all(|event| of(event).is_some_and(|other| other.id == plan.id)).then(|| plan.clone())
}

/// The room in whose place the bot made one.
fn replaced(state: &RoomState, me: &UserId) -> Option<String> {
    let create = state.the("m.room.create").filter(|create| create.sender() == me.as_str())?;
    Some(create.content().pointer("/predecessor/room_id")?.as_str()?.to_owned())
}

/// Whether a Plan brings a room back.
fn restores(plan: &Plan, old: &str) -> bool {
    plan.steps
        .iter()
        .any(|planned| matches!(&planned.step, Step::RestoreRoom { room, .. } if room.id.as_str() == old))
}

/// A fault that passes is waited for; without the right to read, less is told.
fn lenient<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.is_passing() => Err(fault),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_event_id, owned_room_id};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_name_counts_in_whatever_order_names_are_read() {
        let room = owned_room_id!("!a:hs.test");
        let member = |at: i64, name: Option<&str>| {
            Event(json!({
                "type": "m.room.member", "state_key": "@ana:hs.test", "origin_server_ts": at,
                "content": {"membership": "join", "displayname": name},
            }))
        };
        let read = [(owned_event_id!("$late"), 2, Some("")), (owned_event_id!("$early"), 1, Some("Ana"))];
        let kick = Event(json!({"type": "m.room.member", "event_id": "$kick", "state_key": "@ana:hs.test"}));
        for order in [[0, 1], [1, 0]] {
            let mut knowledge = Knowledge::default();
            for (id, at, name) in order.map(|n| read[n].clone()) {
                let state = Ok(Some(vec![member(at, name)]));
                knowledge.learn(Wanted::State(room.clone(), id), Read::State(0, state), 0);
            }
            // Who is kicked has no name in that.
            let after = Ok(Some(vec![member(3, None)]));
            let wanted = Wanted::State(room.clone(), owned_event_id!("$kick"));
            knowledge.learn(wanted, Read::State(0, after), 0);
            let group = Group { room: &room, events: vec![&kick] };
            let named = knowledge.people(&group).user("@ana:hs.test");
            assert_eq!(named, Names::default().user("@ana:hs.test"));
        }
    }
}

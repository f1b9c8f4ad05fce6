//! The feed: tells in the management room what changes in watched rooms. What changed is in the database with the sync
//! token behind it; which message tells it is committed together with that message. So whatever crashes when, everything
//! is told, and nothing twice.

mod aliases;
mod knowledge;
mod reading;
mod readings;
mod slim;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use ruma::{OwnedRoomId, RoomId};
use tokio::sync::{Mutex, Notify};

pub use self::reading::{Found, noticed_in_sync};
use self::{
    aliases::Aliases,
    knowledge::{Knowledge, Wanted},
    reading::{Filling, Outside},
};
use crate::{
    commands::InForce,
    model::{Event, Millis},
    ports::{
        Change, Clock, Digest, DigestId, Lookup, Seen, Store, StoreError, UNTOLD_AT_ONCE, WatchedEvent,
        Watching,
    },
    reply::Reply,
    rules::{
        digest::{Group, Known, Moment, Size, Told, groups, message},
        explain::{Around, rooms_mentioned},
    },
    speech::{FEED, Say},
};

/// For how long a message grows after it was begun.
const GROWS_FOR: Millis = 60_000;
/// How often a message is edited at most.
const EDIT_EVERY: Millis = 5_000;
/// How many lines a message has at most, so that none is cut.
const LINES: usize = 20;
/// How many messages are begun at most before others are sent: the rest waits, in few lines perhaps, and what moderators
/// ask is answered in between.
const UNSENT: usize = 10;
/// How many other rooms that a line speaks of are looked up.
const MENTIONED: usize = 5;
/// How many messages about one room each grow at a time; the other rooms share one.
const AT_ONCE: usize = 5;

/// Whether something was less than so long ago. What lies in the future was not: the clock was set back, and nothing
/// is to wait until it is there again.
pub(crate) fn is_within(span: Millis, at: Millis, now: Millis) -> bool {
    (0..span).contains(&(now - at))
}

/// Tells what changes in watched rooms.
pub struct Feed {
    lookup: Arc<dyn Lookup>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: InForce,
    /// Wakes those who send messages.
    said: Arc<Notify>,
    memory: Mutex<Memory>,
    filling: Mutex<Filling>,
    outside: Mutex<Outside>,
}

/// What need not survive: it is found out again.
#[derive(Default)]
struct Memory {
    aliases: Aliases,
    /// When each room that the bot is not in was last read.
    read_at: HashMap<OwnedRoomId, Millis>,
    /// When each open message was last said.
    told_at: HashMap<DigestId, Millis>,
    /// How often the homeserver, though it is there, could not read a gap.
    stuck: HashMap<(OwnedRoomId, String), u32>,
    knowledge: Knowledge,
}

/// What is left to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// Nothing.
    Nothing,
    /// Something that waits for its message to be edited, or for the homeserver.
    Waiting,
}

impl Feed {
    /// A feed into the management room of `settings`. `said` is notified when there is something to send.
    pub fn new(
        lookup: Arc<dyn Lookup>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: impl Into<InForce>,
        said: Arc<Notify>,
    ) -> Self {
        Self {
            lookup,
            store,
            clock,
            settings: settings.into(),
            said,
            memory: Mutex::default(),
            filling: Mutex::default(),
            outside: Mutex::default(),
        }
    }

    /// Tells what can be told now.
    pub async fn tell(&self) -> Result<Untold, StoreError> {
        let mut memory = self.memory.lock().await;
        let now = self.clock.now();
        let open = self.close_old(&mut memory, now)?;
        let untold = self.store.untold()?;
        let is_flood = untold.len() >= UNTOLD_AT_ONCE;
        if untold.is_empty() {
            return Ok(Untold::Nothing);
        }
        let settings = self.settings.now();
        let aliases = memory.aliases.resolve(&self.lookup, &*self.clock, &settings.feed).await;
        let (mut wanted, mut unwanted, mut is_unknown) = (Vec::new(), Vec::new(), false);
        for event in untold {
            match settings.feed.wants(&event.room_id, &Event(event.json.clone()), &aliases) {
                Some(true) => wanted.push(event),
                Some(false) => unwanted.push(event),
                None => is_unknown = true,
            }
        }
        let rooms: BTreeSet<OwnedRoomId> = wanted.iter().map(|event| event.room_id.clone()).collect();
        memory.knowledge.read(&self.lookup, &*self.clock, rooms.into_iter().map(Wanted::Room)).await;
        let before = wanted.len();
        wanted.retain(|event| memory.knowledge.knows(&event.room_id));
        is_unknown |= wanted.len() < before;
        let (of_own, mut wanted): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|event| memory.knowledge.is_own(&event.room_id));
        unwanted.extend(of_own);
        if !unwanted.is_empty() {
            let ids = unwanted.into_iter().map(|event| event.event_id).collect();
            self.commit(vec![Change::Watching(Watching::Unwanted(ids))])?;
        }
        // What was read back came later than what followed it, and may fill several messages.
        wanted.sort_by_cached_key(|event| (event.seen == Seen::Live, Event(event.json.clone()).time()));
        let next = self.store.next_digest_id()?;
        let unsent = self.store.undelivered()?.into_iter().filter(|out| out.key.starts_with(FEED)).count();
        let room_for = UNSENT.saturating_sub(unsent);
        let (grown, waits) = assign(open, wanted, next, room_for, now, |id| memory.may_edit(id, now));
        let mut left = if waits || is_flood || is_unknown { Untold::Waiting } else { Untold::Nothing };
        let mut grown: Vec<Growing> = grown.into_iter().filter(|growing| !growing.added.is_empty()).collect();
        memory.knowledge.make_room();
        self.read_around(&mut memory.knowledge, &grown).await;
        for growing in &mut grown {
            // A room that is not known about yet keeps no others waiting that share a message with it.
            if growing.leave_out(&memory.knowledge) {
                left = Untold::Waiting;
            }
        }
        self.read_mentioned(&mut memory.knowledge, &grown).await;
        for growing in grown.into_iter().filter(|growing| !growing.added.is_empty()) {
            // What is told without the server is poorer, and cannot be sent anyway.
            let Some(reply) = self.say(&growing, &memory.knowledge) else {
                left = Untold::Waiting;
                continue;
            };
            let Growing { digest, added, .. } = growing;
            let id = digest.id;
            self.commit(vec![
                Change::Watching(Watching::Digest(Digest { events: added, ..digest })),
                Change::Say(Say::new(format!("{FEED}{id}"), None, &reply)),
            ])?;
            memory.told_at.insert(id, now);
        }
        Ok(left)
    }

    /// The messages that still grow; those that are old enough are closed.
    fn close_old(&self, memory: &mut Memory, now: Millis) -> Result<Vec<Growing>, StoreError> {
        let (old, open): (Vec<_>, Vec<_>) = self
            .store
            .open_digests()?
            .into_iter()
            .partition(|digest| !is_within(GROWS_FOR, digest.opened_at, now));
        let (full, open): (Vec<_>, Vec<_>) = open.into_iter().map(Growing::from).partition(Growing::is_full);
        let over: Vec<DigestId> =
            old.iter().map(|digest| digest.id).chain(full.iter().map(|full| full.digest.id)).collect();
        if !over.is_empty() {
            memory.told_at.retain(|id, _| !over.contains(id));
            self.commit(over.into_iter().map(|id| Change::Watching(Watching::Closed(id))).collect())?;
        }
        Ok(open)
    }

    /// Reads how rooms stood when what is to be told of them happened.
    async fn read_around(&self, knowledge: &mut Knowledge, grown: &[Growing]) {
        let mut wanted = Vec::new();
        for growing in grown {
            let events = growing.in_order();
            let groups = groups(events.iter().map(|(room, event)| (*room, event)));
            wanted.extend(groups.iter().filter_map(Wanted::around));
        }
        knowledge.read(&self.lookup, &*self.clock, wanted).await;
    }

    /// Reads what the rooms are called that what is to be told speaks of.
    async fn read_mentioned(&self, knowledge: &mut Knowledge, grown: &[Growing]) {
        let mut wanted = BTreeSet::new();
        for growing in grown {
            let events = growing.in_order();
            let groups = groups(events.iter().map(|(room, event)| (*room, event)));
            for group in &groups {
                let around = knowledge.around(&*self.lookup, self.store.as_records(), group);
                wanted.extend(mentioned(group, &around.unwrap_or_default()));
            }
            wanted.extend(events.iter().map(|(room, _)| (*room).to_owned()));
        }
        knowledge.read(&self.lookup, &*self.clock, wanted.into_iter().map(Wanted::Room)).await;
    }

    /// The message; `None` while something is not known that it is told by.
    fn say(&self, growing: &Growing, knowledge: &Knowledge) -> Option<Reply> {
        let events = growing.in_order();
        let groups = groups(events.iter().map(|(room, event)| (*room, event)));
        let (lookup, records) = (&*self.lookup, self.store.as_records());
        let mut surroundings = Vec::new();
        let seen_at = (growing.digest.seen == Seen::Live).then(|| self.clock.now());
        for group in &groups {
            let known = knowledge.around(lookup, records, group)?;
            surroundings.push(Known { seen_at, ..known });
        }
        let mut rooms: BTreeSet<OwnedRoomId> =
            groups.iter().zip(&surroundings).flat_map(|(group, known)| mentioned(group, known)).collect();
        rooms.extend(events.iter().map(|(room, _)| (*room).to_owned()));
        if !rooms.iter().all(|room| knowledge.knows(room)) {
            return None;
        }
        let (names, public) = knowledge.rooms(rooms.iter().map(|room| &**room));
        let here = Some(lookup.me().server_name());
        let moment = match growing.digest.seen {
            Seen::Live => Moment::Now,
            Seen::Later => Moment::Away,
        };
        let told: Vec<Told> = groups
            .iter()
            .zip(&surroundings)
            .map(|(group, known)| {
                let names = knowledge.people(group).with_rooms_of(&names);
                let around = Around { names: Some(&names), here, state: None, public_rooms: Some(&public) };
                Told::of(group, known, &around, moment)
            })
            .collect();
        Some(message(&told, moment, |room| names.room(room.as_str())))
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.commit(changes)?;
        self.said.notify_one();
        Ok(())
    }
}

impl Memory {
    fn may_edit(&self, id: DigestId, now: Millis) -> bool {
        self.told_at.get(&id).is_none_or(|at| !is_within(EDIT_EVERY, *at, now))
    }
}

/// A message, and what is added to it now.
struct Growing {
    digest: Digest,
    added: Vec<WatchedEvent>,
    size: Size,
}

impl From<Digest> for Growing {
    fn from(digest: Digest) -> Self {
        let mut size = Size::default();
        for event in &digest.events {
            size.add(&event.room_id, &Event(event.json.clone()));
        }
        Self { digest, added: Vec::new(), size }
    }
}

impl Growing {
    fn is_full(&self) -> bool {
        self.size.lines() >= LINES
    }

    fn events(&self) -> impl Iterator<Item = &WatchedEvent> {
        self.digest.events.iter().chain(&self.added)
    }

    /// Its events, oldest first.
    fn in_order(&self) -> Vec<(&RoomId, Event)> {
        let mut events: Vec<(&RoomId, Event)> =
            self.events().map(|event| (&*event.room_id, Event(event.json.clone()))).collect();
        // What was read back came later than what followed it.
        events.sort_by_key(|(_, event)| event.time());
        events
    }

    /// Leaves out what cannot be told yet; says whether there was something.
    fn leave_out(&mut self, knowledge: &Knowledge) -> bool {
        let unknown: BTreeSet<OwnedRoomId> = {
            let events = self.in_order();
            let groups = groups(events.iter().map(|(room, event)| (*room, event)));
            let unknown = groups.iter().filter(|group| !knowledge.has_around(group));
            unknown.map(|group| group.room.to_owned()).collect()
        };
        let before = self.added.len();
        self.added.retain(|event| !unknown.contains(&event.room_id));
        self.added.len() < before
    }

    fn add(&mut self, event: WatchedEvent) {
        self.size.add(&event.room_id, &Event(event.json.clone()));
        self.added.push(event);
    }
}

/// The rooms that a group speaks of, besides the one that it is about.
fn mentioned(group: &Group<'_>, known: &Known) -> Vec<OwnedRoomId> {
    let rooms = group.events.iter().flat_map(|event| rooms_mentioned(event, known.state.as_ref()));
    rooms.take(MENTIONED).collect()
}

/// Which message tells which event: the one about its room, or one of `room_for` new ones at most. Returns them, and
/// whether events are left that wait until their message may be edited or begun.
fn assign(
    mut open: Vec<Growing>,
    events: Vec<WatchedEvent>,
    mut next: DigestId,
    mut room_for: usize,
    now: Millis,
    may_edit: impl Fn(DigestId) -> bool,
) -> (Vec<Growing>, bool) {
    let mut waits = false;
    for event in events {
        // Those that are full grow no more: what follows in the same room must not go into an older message.
        let grows = |growing: &&Growing| growing.digest.room_id.is_some() && !growing.is_full();
        let busy = open.iter().filter(grows).count() >= AT_ONCE;
        let is_it = |growing: &Growing, room: Option<&RoomId>| {
            growing.digest.seen == event.seen
                && growing.digest.room_id.as_deref() == room
                && !growing.is_full()
        };
        let own = open.iter().position(|growing| is_it(growing, Some(&event.room_id)));
        let shared = || open.iter().position(|growing| is_it(growing, None)).filter(|_| busy);
        let n = match own.or_else(shared) {
            Some(n) => n,
            None if room_for == 0 => {
                waits = true;
                continue;
            }
            None => {
                let room_id = (!busy).then(|| event.room_id.clone());
                let digest =
                    Digest { id: next, room_id, seen: event.seen, opened_at: now, events: Vec::new() };
                next += 1;
                room_for -= 1;
                open.push(digest.into());
                open.len() - 1
            }
        };
        if may_edit(open[n].digest.id) {
            open[n].add(event);
        } else {
            waits = true;
        }
    }
    (open, waits)
}

//! Reading what a sync did not bring: what lies in gaps, and rooms that the bot is not in.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use ruma::{OwnedRoomId, RoomId};
use serde_json::Value;
use tracing::{debug, info, warn};

use super::{Feed, is_within, readings::Readings, slim::slim};
use crate::{
    model::{Dir, Event, HistoryQuery, Millis},
    ports::{Change, Fault, Gap, Lookup, Seen, StoreError, WatchedEvent, Watching},
    reply::{Line, Reply, room_line},
    rules::feed::{Feed as Rules, Level},
    speech::{FEED, Say},
    text::{duration::date, target::RoomTarget},
};

/// What people write: state is wanted, of every type.
const WRITTEN: [&str; 5] =
    ["m.room.message", "m.room.encrypted", "m.room.redaction", "m.reaction", "m.sticker"];
/// Events to a page.
const PAGE: u32 = 500;
/// How many pages are read of a gap at most: what is older is left out, with a word about it.
const PAGES: usize = 40;
/// How often a gap is tried to be read while the homeserver answers other things: what follows it waits for it.
const TRIES: u32 = 10;
/// A room that was read longer ago than this was not watched meanwhile.
const LIVE_FOR: Millis = 2 * 60_000;

/// How many gaps are read at the same time.
const AT_A_TIME: usize = 8;
/// How often is looked for new gaps while others are read.
const MOMENT: Duration = Duration::from_secs(1);
/// How long rooms that the bot is not in are waited for; those that are slower are read on with the next time.
const PATIENCE: Millis = 10_000;

/// Whether reading brought something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// It did not.
    Nothing,
    /// It may have.
    Something,
}

/// What was found between two tokens.
pub(super) struct Stretch {
    /// State events, oldest first.
    events: Vec<Event>,
    /// The token of where reading began: the newest end.
    start: Option<String>,
    /// Whether there was more than is read at once: what is older is missing.
    is_cut: bool,
}

/// A page of state events, newest first.
struct Page {
    events: Vec<Event>,
    start: Option<String>,
    end: Option<String>,
}

/// Gaps that are being read.
pub(super) type Filling = Readings<Gap, Result<Stretch, Fault>>;
/// Rooms that the bot is not in that are being read on: from where, and what was found.
pub(super) type Outside = Readings<OwnedRoomId, (Option<String>, Result<Stretch, Fault>)>;

impl Feed {
    /// Reads what syncs left out, of several rooms at a time. Waits for the homeserver, so nothing else should wait for
    /// it; what takes longer than the rest is gone on with by the next call.
    pub async fn fill_gaps(&self) -> Result<Found, StoreError> {
        let mut filling = self.filling.lock().await;
        let mut result = Found::Nothing;
        let mut tried = HashSet::new();
        loop {
            let gaps = self.store.gaps()?;
            let is_left =
                |room: &RoomId, to: &str| gaps.iter().any(|gap| gap.room_id == room && gap.to == to);
            self.memory.lock().await.stuck.retain(|(room, to), _| is_left(room, to));
            for gap in gaps {
                if filling.len() < AT_A_TIME && tried.insert(gap.clone()) {
                    let Gap { room_id, from, to, .. } = gap.clone();
                    let lookup = self.lookup.clone();
                    filling.begin(gap, async move { between(&*lookup, &room_id, Some(&from), &to).await });
                }
            }
            tokio::select! {
                biased;
                read = filling.next() => match read {
                    Some((gap, found)) => result = result.max(self.filled(gap, found).await?),
                    None => return Ok(result),
                },
                () = self.clock.sleep(MOMENT) => if result == Found::Something {
                    return Ok(result);
                },
            }
        }
    }

    /// Takes in what was found in a gap.
    async fn filled(&self, gap: Gap, found: Result<Stretch, Fault>) -> Result<Found, StoreError> {
        match found {
            Ok(found) => {
                info!(room = %gap.room_id, events = found.events.len(), "read what a sync left out");
                let left_out = self.left_out(&gap.room_id, &gap.to, &found).await;
                let mut changes = self.seen(&gap.room_id, found.events, gap.seen);
                changes.extend(left_out);
                changes.push(Change::Watching(Watching::Filled(gap)));
                self.commit(changes)?;
                Ok(Found::Something)
            }
            Err(fault) if fault.is_passing() && !self.is_stuck(&gap, &fault).await => {
                debug!(room = %gap.room_id, %fault, "cannot read what a sync left out yet");
                Ok(Found::Nothing)
            }
            Err(fault) => {
                warn!(room = %gap.room_id, %fault, "cannot read what a sync left out; it will not be told");
                let why = Line::new()
                    .text("I could not read all that changed there: ")
                    .name_long(fault.to_string());
                let mut changes = Vec::from_iter(self.not_told(&gap.room_id, &gap.to, why).await);
                changes.push(Change::Watching(Watching::Filled(gap)));
                self.commit(changes)?;
                Ok(Found::Nothing)
            }
        }
    }

    /// Whether the homeserver cannot read a gap again and again, although it is there.
    async fn is_stuck(&self, gap: &Gap, fault: &Fault) -> bool {
        let is_about_it = matches!(fault, Fault::Timeout | Fault::Broken { .. });
        if !is_about_it || self.lookup.joined_rooms().await.is_err() {
            return false;
        }
        let mut memory = self.memory.lock().await;
        let tries = memory.stuck.entry((gap.room_id.clone(), gap.to.clone())).or_default();
        *tries += 1;
        *tries >= TRIES
    }

    /// Reads on in the rooms that the configuration names and the bot is not in: a sync does not bring them.
    pub async fn poll(&self) -> Result<Found, StoreError> {
        let mut result = Found::Nothing;
        if self.settings.now().feed.rooms.iter().all(|(_, level)| *level == Level::Off) {
            return Ok(result);
        }
        let rooms = match self.outside().await {
            Ok(rooms) => rooms,
            Err(fault) => {
                debug!(%fault, "cannot find the watched rooms that I am not in yet");
                return Ok(result);
            }
        };
        let mut reading = self.outside.lock().await;
        for room in rooms {
            let position = self.store.position(&room)?;
            let lookup = self.lookup.clone();
            reading.begin(room.clone(), async move {
                let found = read_on(&*lookup, &room, position.as_deref()).await;
                (position, found)
            });
        }
        let begun = self.clock.now();
        while is_within(PATIENCE, begun, self.clock.now()) {
            tokio::select! {
                biased;
                read = reading.next() => match read {
                    Some((room, (position, found))) => {
                        result = result.max(self.read_outside(room, position, found).await?);
                    }
                    None => break,
                },
                () = self.clock.sleep(MOMENT) => {}
            }
        }
        Ok(result)
    }

    /// Takes in what was found in a room that the bot is not in.
    async fn read_outside(
        &self,
        room: OwnedRoomId,
        position: Option<String>,
        found: Result<Stretch, Fault>,
    ) -> Result<Found, StoreError> {
        let found = match found {
            Ok(found) => found,
            Err(fault) => {
                debug!(%room, %fault, "cannot read a watched room that I am not in");
                self.begin_anew(&room, position.as_deref(), &fault).await?;
                return Ok(Found::Nothing);
            }
        };
        let seen = self.seen_since(&room).await;
        let left_out = match &position {
            Some(to) => self.left_out(&room, to, &found).await,
            None => None,
        };
        let mut changes = self.seen(&room, found.events, seen);
        changes.extend(left_out);
        if let Some(token) = found.start.filter(|token| position.as_ref() != Some(token)) {
            changes.push(Change::Watching(Watching::Position { room_id: room, token }));
        }
        if changes.is_empty() {
            return Ok(Found::Nothing);
        }
        self.commit(changes)?;
        Ok(Found::Something)
    }

    /// A position that the homeserver does not take, such as one of before its database was put back, is never good
    /// again: what was since is not told, and reading begins anew.
    async fn begin_anew(
        &self,
        room: &RoomId,
        position: Option<&str>,
        fault: &Fault,
    ) -> Result<(), StoreError> {
        let (Some(to), Fault::Refused { status: 400, .. }) = (position, fault) else { return Ok(()) };
        let Ok(Page { start: Some(token), .. }) = page(&*self.lookup, room, None, None, 1).await else {
            return Ok(());
        };
        let why = Line::new().text("I could not read on there: ").name_long(fault.to_string());
        let mut changes = Vec::from_iter(self.not_told(room, to, why).await);
        changes.push(Change::Watching(Watching::Position { room_id: room.to_owned(), token }));
        self.commit(changes)
    }

    /// That there was too much to read, if there was.
    async fn left_out(&self, room: &RoomId, to: &str, found: &Stretch) -> Option<Change> {
        if !found.is_cut {
            return None;
        }
        let why = match found.events.first() {
            Some(oldest) => format!("more happened there than I can read back, to {}.", date(oldest.time())),
            None => "more happened there than I can read back.".to_owned(),
        };
        self.not_told(room, to, why.into()).await
    }

    /// That not all of what changed in a room after `to` is told; `None` for a room of which nothing is.
    async fn not_told(&self, room: &RoomId, to: &str, why: Line) -> Option<Change> {
        if self.settings.now().feed.level(room, &self.aliases().await) == Level::Off {
            return None;
        }
        let details = self.lookup.room(room).await.ok().flatten().unwrap_or_default();
        let line = Line::new()
            .text("Not all that changed in ")
            .append(room_line(details.name.as_deref(), details.canonical_alias.as_deref(), room.as_str()))
            .text(" is told: ")
            .append(why)
            .text(" How it stands now: ")
            .code(format!("!explain {room}"));
        Some(Change::SayOnce(Say::new(format!("{FEED}not-told-{room}-{to}"), None, &Reply::text(line))))
    }

    /// The levels of the rooms that are named by an alias, as far as is known where it leads.
    async fn aliases(&self) -> BTreeMap<OwnedRoomId, Level> {
        let mut memory = self.memory.lock().await;
        memory.aliases.resolve(&self.lookup, &*self.clock, &self.settings.now().feed).await.rooms
    }

    /// Whether what happened in a room that the bot is not in since it was read was seen as it happened; it was read now.
    async fn seen_since(&self, room: &RoomId) -> Seen {
        let now = self.clock.now();
        let before = self.memory.lock().await.read_at.insert(room.to_owned(), now);
        if before.is_some_and(|at| is_within(LIVE_FOR, at, now)) { Seen::Live } else { Seen::Later }
    }

    /// The rooms to be told of that the bot is not in.
    async fn outside(&self) -> Result<BTreeSet<OwnedRoomId>, Fault> {
        let aliases = self.aliases().await;
        let settings = self.settings.now();
        let by_id = settings.feed.rooms.iter().filter_map(|(target, level)| match target {
            RoomTarget::Id(room) => Some((room.clone(), *level)),
            RoomTarget::Alias(_) => None,
        });
        let named = by_id.chain(aliases).filter(|(_, level)| *level != Level::Off);
        let mut rooms: BTreeSet<OwnedRoomId> = named.map(|(room, _)| room).collect();
        for room in self.lookup.joined_rooms().await? {
            rooms.remove(&room);
        }
        Ok(rooms)
    }

    fn seen(&self, room: &RoomId, events: Vec<Event>, seen: Seen) -> Vec<Change> {
        noticed(
            &self.settings.now().feed,
            room,
            events.into_iter().map(|event| event.0),
            seen,
            self.clock.now(),
        )
    }
}

/// Reads a room that the bot is not in from a position on, or finds out where it is now.
async fn read_on(lookup: &dyn Lookup, room: &RoomId, position: Option<&str>) -> Result<Stretch, Fault> {
    if let Some(to) = position {
        return between(lookup, room, None, to).await;
    }
    // The first look: what was before is not news.
    let page = page(lookup, room, None, None, 1).await?;
    Ok(Stretch { events: Vec::new(), start: page.start, is_cut: false })
}

/// The state events of a room between two tokens; none from before the bot came or went: before it came it did not
/// watch the room, and before it went syncs brought them.
async fn between(lookup: &dyn Lookup, room: &RoomId, from: Option<&str>, to: &str) -> Result<Stretch, Fault> {
    let mut newest_first: Vec<Event> = Vec::new();
    let (mut start, mut is_cut) = (None, false);
    let mut from = from.map(str::to_owned);
    'pages: for n in 0.. {
        if n == PAGES {
            warn!(%room, "too much happened to read all of it; what is older is not told");
            is_cut = true;
            break;
        }
        let page = page(lookup, room, from.as_deref(), Some(to), PAGE).await?;
        start = start.or(page.start);
        for event in page.events {
            if is_coming_or_going_of(&event, lookup.me().as_str()) {
                break 'pages;
            }
            newest_first.push(event);
        }
        match page.end {
            Some(end) if from.as_ref() != Some(&end) => from = Some(end),
            _ => break,
        }
    }
    newest_first.reverse();
    Ok(Stretch { events: newest_first, start, is_cut })
}

async fn page(
    lookup: &dyn Lookup,
    room: &RoomId,
    from: Option<&str>,
    to: Option<&str>,
    limit: u32,
) -> Result<Page, Fault> {
    let query = HistoryQuery {
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        dir: Dir::Backwards,
        limit,
        not_types: WRITTEN.map(str::to_owned).to_vec(),
        ..HistoryQuery::default()
    };
    let page = lookup.history(room, &query).await?;
    // Of many pages, only what is needed is in memory at once.
    let state = page.events.into_iter().filter(|event| event.state_key().is_some());
    let events = state.map(|event| Event(slim(event.0))).collect();
    Ok(Page { events, start: page.start, end: page.end })
}

/// Events of a watched room, as they are remembered until they are told; without those that nobody wants to be told.
fn noticed(
    rules: &Rules,
    room: &RoomId,
    events: impl IntoIterator<Item = Value>,
    seen: Seen,
    now: Millis,
) -> Vec<Change> {
    let wanted = events.into_iter().map(Event).filter(|event| rules.may_want(room, event));
    let watched = wanted.filter_map(|event| {
        Some(WatchedEvent {
            event_id: event.event_id()?.to_owned(),
            room_id: room.to_owned(),
            json: slim(event.0),
            received_at: now,
            seen,
        })
    });
    watched.map(|event| Change::Watching(Watching::Seen(event))).collect()
}

/// What a sync brought of a watched room, and the part of its history that it left out.
pub fn noticed_in_sync(
    rules: &Rules,
    room: &RoomId,
    events: Vec<Value>,
    missing: Option<Gap>,
    seen: Seen,
    now: Millis,
) -> Vec<Change> {
    let gap =
        missing.filter(|_| rules.may_want_anything(room)).map(|gap| Change::Watching(Watching::Gap(gap)));
    gap.into_iter().chain(noticed(rules, room, events, seen, now)).collect()
}

/// Whether a user came into the room with an event, or is out of it by that.
fn is_coming_or_going_of(event: &Event, user: &str) -> bool {
    let before = event.prev_content().and_then(|content| content.get("membership")?.as_str());
    event.kind() == "m.room.member"
        && event.state_key() == Some(user)
        && (before == Some("join")) != (event.text("membership") == Some("join"))
}

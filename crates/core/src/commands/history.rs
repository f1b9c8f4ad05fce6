//! Reading a room's history: from a moment, an event or a token on, in either direction, as far as a bound.

use ruma::{OwnedEventId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

use super::{Failure, World, facts::in_history};
use crate::{
    model::{Dir, Event, HistoryQuery, Millis},
    reply::{Line, MOST_BYTES, Reply},
    text::{
        duration::date,
        moment::parse_moment,
        target::{EventTarget, looks_like_room},
    },
};

/// The most that Synapse gives at once.
pub(super) const AT_ONCE: usize = 1000;
/// How many pages without an event are passed over: rejected events leave such.
pub(super) const EMPTY: usize = 20;

/// A place in a history, as a moderator gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A point in time.
    Moment(Millis),
    /// An event.
    Event(OwnedEventId),
}

impl Place {
    /// An event's link or ID, or a point in time.
    pub(super) fn read(word: &str, now: Millis) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::told(Line::new().name_long(why));
        if word.trim().starts_with('$') || looks_like_room(word) {
            let target: EventTarget = word.parse().map_err(|error| wrong(format!("{error}")))?;
            return Ok(Self::Event(target.event));
        }
        parse_moment(word, now).map(Self::Moment).map_err(|error| wrong(error.to_string()))
    }

    /// The date, or the event.
    pub(super) fn line(&self) -> Line {
        match self {
            Self::Moment(ms) => Line::new().text(date(*ms)),
            Self::Event(event) => Line::new().code(event.as_str()),
        }
    }

    /// The token of where to begin to read what came before.
    pub(super) async fn before(&self, world: &World<'_>, room: &RoomId) -> Result<Option<String>, Failure> {
        match self {
            Self::Moment(ms) => {
                match world.lookup.event_at(room, ms.saturating_sub(1).max(0), Dir::Backwards).await? {
                    Some(found) => beside(world, room, found.event_id, Side::After).await,
                    None => Ok(None),
                }
            }
            Self::Event(event) => beside(world, room, event.clone(), Side::Before).await,
        }
    }

    /// The token of where to begin to read what came after, from the moment itself on.
    pub(super) async fn after(&self, world: &World<'_>, room: &RoomId) -> Result<Option<String>, Failure> {
        match self {
            Self::Moment(ms) => match world.lookup.event_at(room, *ms, Dir::Forwards).await? {
                Some(found) => beside(world, room, found.event_id, Side::Before).await,
                None => Ok(None),
            },
            Self::Event(event) => beside(world, room, event.clone(), Side::After).await,
        }
    }

    /// The token of where to begin to read in both directions.
    pub(super) async fn around(&self, world: &World<'_>, room: &RoomId) -> Result<Option<String>, Failure> {
        match self {
            // Behind the last event there is none to be found.
            Self::Moment(_) => match self.after(world, room).await? {
                None => self.before(world, room).await,
                found => Ok(found),
            },
            Self::Event(event) => beside(world, room, event.clone(), Side::Before).await,
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

/// The token beside an event.
async fn beside(
    world: &World<'_>,
    room: &RoomId,
    event: OwnedEventId,
    side: Side,
) -> Result<Option<String>, Failure> {
    let Some(found) = in_history(world, room, &event).await? else {
        return Err(Failure::told(
            Line::new().text("The server does not have the event ").code(event.as_str()).text(" in ").code(room.as_str()).text(
                ". It may have been purged, be in another room, or never have reached this server. Try another event or time.",
            ),
        ));
    };
    Ok(match side {
        Side::Before => found.start,
        Side::After => found.end,
    })
}

/// Whose events, and of which types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Of everybody when empty.
    pub(super) senders: Vec<OwnedUserId>,
    /// Of all types when empty.
    pub(super) types: Vec<String>,
}

/// Which part of a history to read. As text it is what a page is turned to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Whether from new to old.
    pub(super) towards: Towards,
    /// Where to begin; at the end that it comes from when `None`.
    pub(super) from: Option<String>,
    /// Where the range begins.
    pub(super) oldest: Option<String>,
    /// Where the range ends.
    pub(super) newest: Option<String>,
}

/// Where a reading goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Towards {
    /// To the older events.
    #[default]
    Older,
    /// To the newer events.
    Newer,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The events, newest first.
    pub(super) events: Vec<Event>,
    /// Where to read on; `None` when there is no more.
    pub(super) on: Option<String>,
    /// Member events of those who sent them.
    pub(super) state: Vec<Event>,
    /// Whether it ended because no file holds more.
    pub(super) is_full: bool,
}

impl Part {
    /// From the text that a page is turned to.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| {
            Failure::told(Line::from("I cannot turn this page any more. Type the command again."))
        })
    }

    /// The text that a page is turned to.
    pub(super) fn to_cursor(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// The same range, from another place on.
    pub(super) fn turned(&self, towards: Towards, from: String) -> Self {
        Self { towards, from: Some(from), ..self.clone() }
    }

    /// Reads up to `count` events.
    pub(super) async fn read(
        &self,
        world: &World<'_>,
        room: &RoomId,
        wanted: &Wanted,
        count: usize,
    ) -> Result<Read, Failure> {
        let (dir, to) = match self.towards {
            Towards::Older => (Dir::Backwards, &self.oldest),
            Towards::Newer => (Dir::Forwards, &self.newest),
        };
        let mut read = Read { on: self.from.clone(), ..Read::default() };
        let (mut empty, mut bytes) = (0, 0);
        loop {
            let query = HistoryQuery {
                from: read.on.clone(),
                to: to.clone(),
                dir,
                limit: u32::try_from(count.saturating_sub(read.events.len()).clamp(1, AT_ONCE)).unwrap_or(1),
                senders: wanted.senders.clone(),
                types: wanted.types.clone(),
                not_types: Vec::new(),
            };
            let page = world.lookup.history(room, &query).await?;
            // Full: this page only tells whether there is more.
            if read.events.len() >= count && !page.events.is_empty() {
                break;
            }
            empty += usize::from(page.events.is_empty());
            // The last page may still say where to go on; one that leads nowhere else ends it as well.
            read.on = page.end.filter(|end| query.from.as_ref() != Some(end));
            bytes += page.events.iter().map(|event| event.0.to_string().len()).sum::<usize>();
            read.events.extend(page.events);
            read.state.extend(page.state);
            read.is_full = bytes >= MOST_BYTES;
            if read.on.is_none() || empty > EMPTY || read.is_full {
                break;
            }
            (world.tell)(&Reply::text(format!("Read {} events so far …", read.events.len())));
        }
        if self.towards == Towards::Newer {
            read.events.reverse();
        }
        Ok(read)
    }
}

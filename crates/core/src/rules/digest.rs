//! What happened in watched rooms, as one message: each change in a line, many of a kind in one.
//!
//! ```
//! use gleipnir_core::{
//!     model::Event,
//!     reply::Line,
//!     rules::{digest::{Known, Moment, Told, groups, message}, explain::Around},
//!     ruma::room_id,
//! };
//! use serde_json::json;
//!
//! let joins: Vec<Event> = (0..312)
//!     .map(|n| {
//!         let user = format!("@spam{n}:evil.test");
//!         Event(json!({"type": "m.room.member", "sender": user, "state_key": user, "content": {"membership": "join"}}))
//!     })
//!     .collect();
//! let groups = groups(joins.iter().map(|event| (room_id!("!club:hs.test"), event)));
//! let tell = |group| Told::of(group, &Known::default(), &Around::default(), Moment::Now);
//! let told: Vec<Told> = groups.iter().map(tell).collect();
//! let reply = message(&told, Moment::Now, |room| Line::new().code(room.as_str()));
//! assert_eq!(
//!     reply.render().text,
//!     "`!club:hs.test`: 312 users joined: `@spam0:evil.test`, `@spam1:evil.test`, `@spam2:evil.test` and 309 more; all \
//!      are of `evil.test`",
//! );
//! ```

use std::{
    cmp::Ordering,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use ruma::{OwnedRoomId, RoomId};

use super::{
    cause,
    event::time,
    explain::{Around, Explanation, explain},
    feed::is_moderation,
    membership,
    names::Names,
    room_state::RoomState,
};
use crate::{
    model::{Event, Millis},
    plan::Plan,
    reply::{Line, Reply},
};

/// So many changes of a kind, or more, are told in one line.
const MANY: usize = 4;
/// As many of settings that moderators watch: of what is told in one line only the last is told whole.
const MANY_SETTINGS: usize = 12;
/// How much of what an event changes one by one is told in its line.
const DETAILS: usize = 4;
/// So many bytes of a message the details of one event may take, and as many what to look out for in it: whoever sends a
/// flood of long IDs pushes neither its own sentence out of the message nor what others did.
const BYTES: usize = 2000;

/// What is further from the time at which it was seen did not just happen, or its server's clock is wrong.
const LATE: u64 = 10 * 60_000;

/// What happened, of one kind, in one room.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// One event, or many of a kind; oldest first.
    pub events: Vec<&'a Event>,
}

/// Sorts events into what is told in one line each, in the order in which each began.
pub fn groups<'a>(events: impl IntoIterator<Item = (&'a RoomId, &'a Event)>) -> Vec<Group<'a>> {
    let mut kinds: Vec<Group<'a>> = Vec::new();
    let mut known: HashMap<(&RoomId, Kind<'a>), usize> = HashMap::new();
    let mut order: Vec<(usize, &'a Event)> = Vec::new();
    for (room, event) in events {
        let n = *known.entry((room, Kind::of(event))).or_insert_with(|| {
            kinds.push(Group { room, events: Vec::new() });
            kinds.len() - 1
        });
        kinds[n].events.push(event);
        order.push((n, event));
    }
    let mut told = vec![false; kinds.len()];
    let mut groups = Vec::new();
    for (n, event) in order {
        if kinds[n].events.len() < many(event) {
            groups.push(Group { room: kinds[n].room, events: vec![event] });
        } else if !std::mem::replace(&mut told[n], true) {
            groups.push(kinds[n].clone());
        }
    }
    groups
}

/// How many lines a message has.
#[derive(Clone, Debug, Default)]
pub struct Size {
    kinds: HashMap<u64, usize>,
    lines: usize,
}

impl Size {
    /// One more event is told.
    pub fn add(&mut self, room: &RoomId, event: &Event) {
        // Two kinds with the same hash would make a message a line longer than it is counted.
        let mut hasher = DefaultHasher::new();
        (room, Kind::of(event)).hash(&mut hasher);
        let count = self.kinds.entry(hasher.finish()).or_default();
        *count += 1;
        match count.cmp(&&mut many(event)) {
            Ordering::Less => self.lines += 1,
            Ordering::Equal => self.lines = self.lines + 2 - *count,
            Ordering::Greater => {}
        }
    }

    /// So many lines.
    pub fn lines(&self) -> usize {
        self.lines
    }
}

/// From how many on changes of an event's kind are told in one line.
fn many(event: &Event) -> usize {
    if event.kind() != "m.room.member" && is_moderation(event) { MANY_SETTINGS } else { MANY }
}

/// What may be told in one line.
#[derive(PartialEq, Eq, Hash)]
enum Kind<'a> {
    Member(membership::GroupKey<'a>),
    /// Changes of one type by one user, of which so many are one line: the content can say that one concerns moderators.
    State(&'a str, &'a str, usize),
}

impl<'a> Kind<'a> {
    fn of(event: &'a Event) -> Self {
        match event.kind() {
            "m.room.member" => Self::Member(membership::group_key(event)),
            kind => Self::State(kind, event.sender(), many(event)),
        }
    }
}

/// What is known around a group.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The room's state when the first of its events happened.
    pub state: Option<RoomState>,
    /// The bot's own Plan that it comes from.
    pub plan: Option<Plan>,
    /// When it was seen, if it was seen as it happened: what is much older, or newer, by its own time is told with it.
    pub seen_at: Option<Millis>,
}

/// A group in a line, without its time and room.
pub fn line(group: &Group<'_>, known: &Known, around: &Around<'_>) -> Line {
    let around = Around { state: known.state.as_ref(), ..*around };
    let nobody = Names::default();
    let names = around.names.unwrap_or(&nobody);
    let Some((first, last)) = group.events.first().zip(group.events.last()) else { return Line::new() };
    let told = match (group.events.len(), first.kind()) {
        (1, _) => explain(first, &around),
        (_, "m.room.member") => membership::together(&group.events, &around).into(),
        (many, _) => {
            let told = explain(last, &around);
            let sentence = told.sentence.text(format!(" – the last of {many} such changes"));
            let mut warnings = told.warnings;
            warnings.extend(earlier(&group.events, &around, &warnings));
            Explanation { sentence, warnings, ..told }
        }
    };
    let line = match &known.state {
        Some(state) => membership::with_because(told.sentence, &group.events, state, names),
        None => told.sentence,
    };
    let line = details(line, &told.details);
    let line = match &known.plan {
        Some(plan) => line.text(" – my doing, ").append(cause::in_words(plan)),
        None => line,
    };
    let shown = fitting(&told.warnings);
    let more = (shown < told.warnings.len()).then(|| "There is more to look out for than fits here.".into());
    let warnings = told.warnings.into_iter().take(shown).chain(more);
    warnings.fold(line, |line, warning| line.text(" ⚠️ ").append(warning))
}

/// What to look out for in the changes before the last, newest first, unless that goes for the last as well: four small
/// changes must not cover up a great one.
fn earlier(events: &[&Event], around: &Around<'_>, last: &[Line]) -> Vec<Line> {
    let before = events.iter().rev().skip(1).flat_map(|event| explain(event, around).warnings);
    let mut warnings: Vec<Line> = before.filter(|warning| !last.contains(warning)).collect();
    warnings.dedup();
    warnings.into_iter().map(|warning| Line::new().text("Before that: ").append(warning)).collect()
}

fn details(line: Line, details: &[Line]) -> Line {
    let shown = fitting(&details[..details.len().min(DETAILS)]);
    let line =
        details.iter().take(shown).enumerate().fold(line, |line, (n, detail)| {
            line.text(if n == 0 { " (" } else { "; " }).append(detail.clone())
        });
    match (shown, details.len() - shown) {
        // The sentence tells how many there are.
        (0, _) => line,
        (_, 0) => line.text(")"),
        (_, more) => line.text(format!("; and {more} more)")),
    }
}

/// How many lines, from the first on, take no more than [`BYTES`].
fn fitting(lines: &[Line]) -> usize {
    let mut taken = 0;
    let fits = |line: &&Line| {
        taken += line.bytes();
        taken <= BYTES
    };
    lines.iter().take_while(fits).count()
}

/// A line of the message: the room, when it began and ended, and what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The room.
    pub room: OwnedRoomId,
    /// From when to when, in words.
    pub when: String,
    /// Whether it came much later than it happened, by the clock of its server.
    pub is_late: bool,
    /// What happened.
    pub line: Line,
}

impl Told {
    /// A group, told.
    pub fn of(group: &Group<'_>, known: &Known, around: &Around<'_>, moment: Moment) -> Self {
        let at = |event: Option<&&Event>| event.map(|event| time(event)).unwrap_or_default();
        let (first, last) = (at(group.events.first()), at(group.events.last()));
        // An impossible date is told whole.
        let clock = |time: &str| {
            let clock = time.split_once(' ').map(|(_, clock)| clock).filter(|clock| !clock.contains(' '));
            clock.unwrap_or(time).to_owned()
        };
        let same_day = first.split(' ').next() == last.split(' ').next();
        let is_late = known
            .seen_at
            .zip(group.events.first())
            .is_some_and(|(seen, event)| seen.saturating_sub(event.time()).unsigned_abs() > LATE);
        let begin = match moment {
            // The message itself has its day.
            Moment::Now if !is_late => clock(&first),
            Moment::Now | Moment::Away => first.clone(),
        };
        let when = match (first == last, same_day) {
            (true, _) => begin,
            (false, true) => format!("{begin}–{}", clock(&last)),
            (false, false) => format!("{first} – {last}"),
        };
        Self { room: group.room.to_owned(), when, is_late, line: line(group, known, around) }
    }
}

/// Whether what is told was seen as it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It was.
    Now,
    /// The bot was away.
    Away,
}

/// The message. `room` says what a room is called.
pub fn message(told: &[Told], moment: Moment, room: impl Fn(&RoomId) -> Line) -> Reply {
    let away = |line: Line| match moment {
        Moment::Now => line,
        Moment::Away => Line::new().strong("While I was away, ").append(line),
    };
    if let [only] = told {
        let line = away(room(&only.room));
        let line = match moment {
            Moment::Now if only.is_late => {
                line.text(format!(", {} UTC by the clock of its server", only.when))
            }
            Moment::Now => line,
            Moment::Away => line.text(format!(", {} UTC", only.when)),
        };
        return Reply::text(line.text(": ").append(only.line.clone()));
    }
    let mut rooms: Vec<(&RoomId, Vec<Line>)> = Vec::new();
    let mut known: HashMap<&RoomId, usize> = HashMap::new();
    for Told { room, when, line, .. } in told {
        let n = *known.entry(room).or_insert_with(|| {
            rooms.push((room, Vec::new()));
            rooms.len() - 1
        });
        rooms[n].1.push(Line::new().text(format!("{when} ")).append(line.clone()));
    }
    rooms.into_iter().fold(Reply::new(), |reply, (id, lines)| {
        reply.paragraph(away(room(id)).text(", times in UTC:")).list(lines)
    })
}

#[cfg(test)]
mod tests;

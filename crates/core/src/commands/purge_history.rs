//! `!purge-history`: delete the old events of a room from the server.

use ruma::{OwnedEventId, RoomId};

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{in_history, known_room},
};
use crate::{
    model::{Context, Dir, Event, HistoryPurge, HistoryQuery, LocalEvents, Millis, RoomDetails},
    plan::{RoomRef, Step},
    ports::Fault,
    reply::{Line, Reply},
    rules::{event::in_words, names::Names},
    text::{
        duration::date,
        moment::parse_moment,
        number::{counted, grouped},
        target::{EventTarget, RoomTarget},
    },
};

/// Delete the history of a room before a date or an event
///
/// First counts what would go. The room, its members and its state stay, and so do files that were sent. What users of
/// this server wrote disappears from the history as well, but stays in the database, since nobody else may have it:
/// --local-too deletes that too. A date is written like
/// 2026-11-20 or "2026-11-20 13:05" (UTC), or how long ago, like 30d; it stands for the first event from then on. That event
/// stays.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!purge-history <room> <date|age|event> [--local-too] [--dry-run] [--yes]")]
pub(super) struct PurgeHistory {
    /// The room, and the date, the age or the event up to which its history goes; or a link to the event alone
    #[arg(value_name = "room and date or event", required = true, num_args = 1..)]
    words: Vec<String>,
    /// Delete what users of this server wrote as well
    #[arg(long)]
    local_too: bool,
    #[command(flatten)]
    acting: Acting,
}

/// Up to where the history goes, as it was typed.
enum Point {
    Time(Millis),
    Event(EventTarget),
}

pub(super) struct Facts {
    room: RoomRef,
    details: RoomDetails,
    /// The event before which everything goes; it stays.
    event: OwnedEventId,
    /// How that event was named.
    named: Named,
    /// What the server shows of it.
    around: Context,
    /// Whether no event follows it.
    is_newest: bool,
    /// What is before it; `None` when it could not be counted.
    count: Option<Count>,
}

/// How the event was named before which everything goes.
#[derive(Clone, Copy)]
enum Named {
    /// By its ID.
    ById,
    /// By a date: it is the first one from then on.
    FirstFrom(Millis),
    /// By a date that all events are older than: it is the newest.
    NewestBefore(Millis),
}

/// Events before a point.
#[derive(Debug, Default)]
struct Count {
    /// Sent by users of other servers.
    remote: u64,
    /// Sent by users of this server.
    local: u64,
    /// State: always kept.
    state: u64,
    /// When the oldest of them was sent.
    oldest: Option<Millis>,
    /// Whether there may be more.
    more: bool,
}

/// How many events are read at once, and how often, to count them.
const PAGE: u32 = 1000;
const PAGES: u32 = 20;

impl Command for PurgeHistory {
    const NAME: &'static str = "purge-history";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!purge-history #lounge:example.org 2026-01-01";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (target, point) = self.point(world.now)?;
        let (room, details) = known_room(world, &target).await?;
        let (event, named, around) = match point {
            Point::Time(ts) => {
                let (event, named) = at(world, &room, ts).await?;
                let Some(around) = in_history(world, &room.id, &event).await? else {
                    return Err(hidden(&event, &room, ts));
                };
                (event, named, around)
            }
            Point::Event(target) => {
                if let Some(other) = target.room {
                    let other = world.resolve(&other).await?;
                    if other != room.id {
                        return Err(elsewhere(&target.event, &other, &room));
                    }
                }
                let Some(around) = in_history(world, &room.id, &target.event).await? else {
                    return Err(self.unknown(world, &room, &target.event).await?);
                };
                (target.event, Named::ById, around)
            }
        };
        let count = match around.start.clone() {
            Some(start) => Some(count(world, &room.id, start).await?),
            None => None,
        };
        let is_newest = match around.end.clone() {
            Some(end) => {
                let query = HistoryQuery { from: Some(end), limit: 1, ..HistoryQuery::default() };
                world.lookup.history(&room.id, &query).await?.events.is_empty()
            }
            None => false,
        };
        Ok(Facts { room, details, event, named, around, is_newest, count })
    }

    fn can_be_overtaken(&self) -> bool {
        !self.acting.yes
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        if let Some(count) = &facts.count {
            refuse_empty(&facts, count)?;
        }
        let words = match (facts.named, facts.is_newest) {
            (Named::NewestBefore(_), _) => {
                "All events are older than that. The newest one stays, and what is before it goes:"
            }
            (_, true) => "That is the newest event of the room. It stays, and what is before it goes:",
            (Named::FirstFrom(_), false) => {
                "What is before this event, the first one from then on, goes; it stays itself:"
            }
            (Named::ById, false) => "What is before this event goes; it stays itself:",
        };
        let preview = Reply::new()
            .paragraph(heading(&facts))
            .paragraph(words)
            .quote([in_words(&facts.around.event, &Names::of(&facts.around.state))])
            .list(self.consequences(&facts));
        let local = if self.local_too { LocalEvents::Deleted } else { LocalEvents::Kept };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::PurgeHistory {
                room: facts.room,
                // Never by the date: the server would go by when it received events, and delete other ones.
                purge: HistoryPurge { up_to: facts.event, local },
            }],
            because: None,
            preview,
            undoes: None,
            case: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

impl PurgeHistory {
    /// The room and the point that the words name.
    fn point(&self, now: Millis) -> Result<(RoomTarget, Point), Failure> {
        let told = |why: String| Failure::told(Line::new().name_long(why));
        let Some((first, rest)) = self.words.split_first() else { return Err(no_point()) };
        if rest.is_empty() {
            return match first.parse::<EventTarget>() {
                Ok(EventTarget { room: Some(room), event }) => {
                    Ok((room.clone(), Point::Event(EventTarget { room: Some(room), event })))
                }
                Ok(EventTarget { room: None, .. }) => Err(told(
                    "An event needs its room as well: give a link to it, or the room and the event's ID."
                        .to_owned(),
                )),
                // What is wrong with a room is told better by reading it as one.
                Err(_) => match first.parse::<RoomTarget>() {
                    Ok(_) => Err(no_point()),
                    Err(error) => Err(told(error.to_string())),
                },
            };
        }
        let room: RoomTarget = first.parse().map_err(|error| told(format!("{error}")))?;
        let words = rest.join(" ");
        if words.starts_with('$') || words.contains("matrix.to/") || words.starts_with("matrix:") {
            let event = words.parse::<EventTarget>().map_err(|error| told(error.to_string()))?;
            return Ok((room, Point::Event(event)));
        }
        let ts = parse_moment(&words, now).map_err(|error| told(error.to_string()))?;
        if ts > now {
            return Err(told(format!(
                "{} is in the future. Name a date that has passed: what is before it is deleted.",
                date(ts)
            )));
        }
        Ok((room, Point::Time(ts)))
    }

    /// Why an event is not in the room.
    async fn unknown(
        &self,
        world: &World<'_>,
        room: &RoomRef,
        event: &OwnedEventId,
    ) -> Result<Failure, Failure> {
        let original = match world.lookup.original(event).await {
            // Before 1.140 Synapse cannot fetch an event by its ID alone; that it is not in this room is known anyway.
            Err(Fault::NotRouted { .. }) => None,
            told => told?,
        };
        Ok(match original.and_then(|event| event.room_id()) {
            Some(other) if other != room.id => elsewhere(event, &other, room),
            _ => Failure::told(
                Line::new()
                    .text("The server does not know the event ")
                    .code(event.as_str())
                    .text(" in ")
                    .append(room.line())
                    .text(". It may have been purged already; name another one, or a date."),
            ),
        })
    }

    /// What would happen, a line each.
    fn consequences(&self, facts: &Facts) -> Vec<Line> {
        let text = |text: String| Line::new().text(text);
        let mut lines = Vec::new();
        match &facts.count {
            None => lines.push(text("I could not count what is before it.".to_owned())),
            Some(count) => lines.extend(self.counted(count)),
        }
        lines.push(text(
            "The room, its members and its state stay, and so do files that were sent.".to_owned(),
        ));
        let others = facts.details.joined_members.saturating_sub(facts.details.joined_local_members);
        let keeps_all = !self.local_too && facts.count.as_ref().is_some_and(|count| count.remote == 0);
        if keeps_all && others == 0 {
            return lines;
        }
        lines.push(text(match (others, self.local_too) {
            (0, _) => "No other server is in the room: what is deleted is gone for good.".to_owned(),
            (_, false) => "Other servers in the room may keep their copies.".to_owned(),
            (_, true) => {
                "Other servers in the room may keep their copies; what they never got is gone for good."
                    .to_owned()
            }
        }));
        lines
    }

    fn counted(&self, count: &Count) -> Vec<Line> {
        let gone = counted(count.remote + count.local, "event");
        let words = format!(
            "{gone} would disappear from the history: {} of users of other servers, {} of users of this server",
            grouped(count.remote),
            grouped(count.local)
        );
        let mut lines = vec![Line::new().text(match count.oldest {
            Some(oldest) if !count.more => format!("{words}. The oldest is of {}.", date(oldest)),
            _ => format!("{words}."),
        })];
        if count.more {
            let read = grouped(count.remote + count.local + count.state);
            lines.push(
                Line::new()
                    .strong(format!("There is more: I counted the {read} newest events before that only.")),
            );
        }
        lines.push(if self.local_too {
            Line::new().text("All of them are deleted from the database.")
        } else {
            Line::new()
                .text("What users of this server wrote stays in the database, where ")
                .code("!event")
                .text(" still finds it; ")
                .code("--local-too")
                .text(" deletes that as well. All else is deleted.")
        });
        lines
    }
}

/// Refuses to delete nothing.
fn refuse_empty(facts: &Facts, count: &Count) -> Result<(), Failure> {
    if count.more || count.remote > 0 || count.local > 0 {
        return Ok(());
    }
    Err(match count.state {
        0 => nothing(&facts.room, before(Line::new(), facts)),
        n => {
            Failure::told(Line::new().text("Nothing to delete in ").append(facts.room.line()).text(format!(
                ": before that is only state ({}), which is never deleted.",
                counted(n, "event")
            )))
        }
    })
}

fn heading(facts: &Facts) -> Line {
    let line = before(Line::new().strong("Delete the history of ").append(facts.room.line()), facts);
    match facts.named {
        Named::ById => line,
        Named::FirstFrom(_) | Named::NewestBefore(_) => {
            line.text(", up to the event ").code(facts.event.as_str())
        }
    }
}

/// “ before 2026-11-20 00:00:00 UTC”, as it was typed.
fn before(line: Line, facts: &Facts) -> Line {
    let line = line.text(" before ");
    match facts.named {
        Named::ById => line.code(facts.event.as_str()),
        Named::FirstFrom(ts) | Named::NewestBefore(ts) => line.text(date(ts)),
    }
}

fn no_point() -> Failure {
    Failure::told(
        Line::new()
            .text("Up to when? Add a date, an age or an event behind the room: ")
            .code("!purge-history #lounge:example.org 2026-01-01")
            .text("."),
    )
}

fn nothing(room: &RoomRef, before: Line) -> Failure {
    let line = Line::new().text("There is nothing in ").append(room.line()).append(before);
    Failure::told(line.text(" that could be deleted."))
}

/// The event that a date leads to is one that the server knows of and does not show.
fn hidden(event: &OwnedEventId, room: &RoomRef, ts: Millis) -> Failure {
    Failure::told(
        Line::new()
            .text(format!("At {} in ", date(ts)))
            .append(room.line())
            .text(" is the event ")
            .code(event.as_str())
            .text(", which the server does not show. Name another date, or an event."),
    )
}

/// The event that a date leads to, so that what is shown and counted is what is deleted.
async fn at(world: &World<'_>, room: &RoomRef, ts: Millis) -> Result<(OwnedEventId, Named), Failure> {
    if let Some(found) = world.lookup.event_at(&room.id, ts, Dir::Forwards).await? {
        return Ok((found.event_id, Named::FirstFrom(ts)));
    }
    match world.lookup.event_at(&room.id, ts, Dir::Backwards).await? {
        Some(found) => Ok((found.event_id, Named::NewestBefore(ts))),
        None => Err(nothing(room, Line::new().text(format!(" before {}", date(ts))))),
    }
}

fn elsewhere(event: &OwnedEventId, other: &RoomId, room: &RoomRef) -> Failure {
    Failure::told(
        Line::new()
            .text("The event ")
            .code(event.as_str())
            .text(" is in the room ")
            .code(other.as_str())
            .text(", and not in ")
            .append(room.line())
            .text(". Name an event of the same room, or a date."),
    )
}

/// Counts what is before a point.
async fn count(world: &World<'_>, room: &RoomId, start: String) -> Result<Count, Failure> {
    let here = world.lookup.me().server_name().as_str();
    let mut count = Count::default();
    let mut from = start;
    for page in 1..=PAGES {
        let query = HistoryQuery {
            from: Some(from.clone()),
            dir: Dir::Backwards,
            limit: PAGE,
            ..HistoryQuery::default()
        };
        let read = world.lookup.history(room, &query).await?;
        for event in &read.events {
            count.add(event, here);
        }
        let done = u64::from(page) * u64::from(PAGE);
        (world.tell)(&Reply::text(format!("Counting what is before that: {} events …", grouped(done))));
        match read.end {
            Some(next) if !read.events.is_empty() && next != from => from = next,
            _ => return Ok(count),
        }
    }
    count.more = true;
    Ok(count)
}

impl Count {
    fn add(&mut self, event: &Event, here: &str) {
        let kind = match event.state_key() {
            Some(_) => return self.state += 1,
            None if event.sender().split_once(':').is_some_and(|(_, server)| server == here) => {
                &mut self.local
            }
            None => &mut self.remote,
        };
        *kind += 1;
        self.oldest = Some(self.oldest.map_or(event.time(), |oldest| oldest.min(event.time())));
    }
}

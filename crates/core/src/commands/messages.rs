//! `!messages`: the history of a room, page by page, newest first; also of rooms that the bot is not in.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Pages, Subject, World,
    events::{attachment, unknown_room},
    facts::FileKind,
    history::{Part, Place, Read, Towards, Wanted},
    paging::cut,
};
use crate::{
    model::{Dir, Event, Millis, RoomDetails},
    reply::{Line, Reply, room_line},
    rules::event::{Names, in_words},
    text::{
        duration::date,
        target::{RoomTarget, UserTarget},
    },
};

/// Show what was written and done in a room, newest first
///
/// Works in rooms that I am not in. Dates are like 2026-11-20 or "2026-11-20 13:05" (UTC), or how long ago, like 2h or 3d. After a date alone, the first page is what followed it. Files are named, never shown.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!messages <room> [--from @user] [--type <type>] [--before|--after|--at <date or event>] [--limit <number>] [--page <number>] [--all] [--file[=csv|json]]"
)]
pub(super) struct Messages {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Only from this user; may be given several times
    #[arg(long, value_name = "user")]
    from: Vec<UserTarget>,
    /// Only events of this type, such as m.room.message; m.room. may be left out; may be given several times
    #[arg(long = "type", value_name = "type")]
    kinds: Vec<String>,
    /// How many on a page, 100 at most
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Only what came before this date or event
    #[arg(long, value_name = "date or event")]
    before: Option<String>,
    /// Only what came after this date or event
    #[arg(long, value_name = "date or event")]
    after: Option<String>,
    /// What is around this date or event
    #[arg(long, value_name = "date or event", conflicts_with_all = ["before", "after", "page", "all"])]
    at: Option<String>,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    page: Option<u32>,
    /// Attach all of the range as a file, up to 10,000 events
    #[arg(long, conflicts_with = "page")]
    all: bool,
    /// Attach what is shown as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    details: RoomDetails,
    wanted: Wanted,
    found: Found,
}

enum Found {
    /// A page.
    Page(Page),
    /// Why there is none.
    Nothing(Line),
}

#[derive(Default)]
struct Page {
    /// Newest first.
    events: Vec<Event>,
    state: Vec<Event>,
    older: Option<String>,
    newer: Option<String>,
    /// The event that was asked for.
    at: Option<Place>,
    /// Whether nothing is before it in the whole room.
    is_beginning: bool,
}

/// The most events of a file.
const MOST: usize = 10_000;

impl Command for Messages {
    const NAME: &'static str = "messages";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!messages #lounge:example.org --from @user:example.org --after 2d";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let place =
            |word: &Option<String>| word.as_deref().map(|word| Place::read(word, world.now)).transpose();
        let (before, after, at) = (place(&self.before)?, place(&self.after)?, place(&self.at)?);
        if let (Some(Place::Moment(before)), Some(Place::Moment(after))) = (&before, &after)
            && before <= after
        {
            return Err(Failure::told(Line::new().text(format!(
                "Nothing can be before {} and after {}. Exchange the two?",
                date(*before),
                date(*after)
            ))));
        }
        let wanted = Wanted {
            senders: self.from.iter().map(|UserTarget(user)| user.clone()).collect(),
            types: self.kinds.iter().flat_map(|word| meant(word)).collect(),
        };
        let room = world.resolve(&self.room).await?;
        // The history of a room that the server does not know is empty, and no error.
        let details = world.lookup.room(&room).await?.ok_or_else(|| unknown_room(&room))?;
        let facts = |found| Facts { room: room.clone(), details, wanted: wanted.clone(), found };
        let reading = Reading { world, room: &room, wanted: &wanted, limit: self.limit as usize };
        if let Some(cursor) = world.at {
            return Ok(facts(Found::Page(reading.page(&Part::parse(cursor)?).await?)));
        }
        if let Some(at) = at {
            return Ok(facts(reading.around(at).await?));
        }
        let part = match reading.range(before, after).await? {
            Ok(part) => part,
            Err(nothing) => return Ok(facts(Found::Nothing(nothing))),
        };
        let found = if self.all {
            reading.all(&part).await?
        } else {
            reading.page(&reading.skip(part, self.page.unwrap_or(1)).await?).await?
        };
        Ok(facts(Found::Page(found)))
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let page = match facts.found {
            Found::Page(page) => page,
            Found::Nothing(line) => return Ok(Decision::Answer(Reply::new().paragraph(line))),
        };
        let room = room_line(
            facts.details.name.as_deref(),
            facts.details.canonical_alias.as_deref(),
            facts.room.as_str(),
        );
        let pages = Pages { left: page.older.clone(), right: page.newer.clone() };
        if page.events.is_empty() {
            let reply = Reply::new().paragraph(nothing(room, &facts.wanted, &facts.details, &page));
            let turns = pages.left.is_some() || pages.right.is_some();
            return Ok(if turns { Decision::Page(reply, pages) } else { Decision::Answer(reply) });
        }
        let heading = Line::new().text("In ").append(room);
        let heading = of(heading, &facts.wanted).text(", newest first, times in UTC:");
        let names = Names::of(&page.state);
        let lines: Vec<Line> =
            page.events.iter().map(|event| marked(event, page.at.as_ref(), &names)).collect();
        let shown = match self.all {
            true => cut(&lines, self.limit as usize).first().map_or(0, std::ops::Range::len),
            false => lines.len(),
        };
        let hidden = lines.len() - shown;
        let mut reply =
            Reply::new().paragraph(heading).list(lines.into_iter().take(shown)).more(hidden, "in the file");
        if self.all && page.older.is_some() {
            let last =
                page.events.last().and_then(Event::event_id).map(ToString::to_string).unwrap_or_default();
            let line =
                Line::new().text(format!("The file ends at {} events. The older ones: ", page.events.len()));
            reply = reply
                .paragraph(line.code(format!("!messages {} --all --before {last}", facts.room)).text("."));
        } else if self.all && page.newer.is_some() {
            let first =
                page.events.first().and_then(Event::event_id).map(ToString::to_string).unwrap_or_default();
            let line =
                Line::new().text(format!("The file ends at {} events. The newer ones: ", page.events.len()));
            reply = reply
                .paragraph(line.code(format!("!messages {} --all --after {first}", facts.room)).text("."));
        } else if page.is_beginning {
            reply = reply.paragraph(beginning(&facts.wanted));
        }
        // A turned page edits the message; its file would be another one beside it.
        let kind = if self.all { Some(self.file.unwrap_or(FileKind::Csv)) } else { self.file };
        if let Some(kind) = kind.filter(|_| world.at.is_none()) {
            let events: Vec<&Event> = page.events.iter().collect();
            reply = reply.attach(attachment(kind, "messages", &events)?);
        }
        let turns = !self.all && (pages.left.is_some() || pages.right.is_some());
        Ok(if turns { Decision::Page(reply, pages) } else { Decision::Answer(reply) })
    }
}

/// The types that a word may mean; those of the spec may be short.
fn meant(word: &str) -> Vec<String> {
    let word = word.trim();
    if word.contains('.') {
        return vec![word.to_owned()];
    }
    vec![format!("m.room.{word}"), format!("m.{word}")]
}

/// What is needed to read pages.
struct Reading<'a> {
    world: &'a World<'a>,
    room: &'a OwnedRoomId,
    wanted: &'a Wanted,
    limit: usize,
}

impl Reading<'_> {
    /// The part between two places; or why it is empty.
    async fn range(
        &self,
        before: Option<Place>,
        after: Option<Place>,
    ) -> Result<Result<Part, Line>, Failure> {
        let mut part = Part::default();
        if let Some(place) = &before {
            part.newest = place.before(self.world, self.room).await?;
            if part.newest.is_none() {
                return Ok(Err(self.nothing_there(place, Dir::Forwards).await?));
            }
        }
        if let Some(place) = &after {
            part.oldest = place.after(self.world, self.room).await?;
            if part.oldest.is_none() {
                return Ok(Err(self.nothing_there(place, Dir::Backwards).await?));
            }
        }
        // After a date alone, what followed it is what is looked for.
        if before.is_none() && after.is_some() {
            part.towards = Towards::Newer;
            part.from.clone_from(&part.oldest);
        } else {
            part.from.clone_from(&part.newest);
        }
        Ok(Ok(part))
    }

    /// That nothing is before or after a place, and what is on its other side.
    async fn nothing_there(&self, place: &Place, other_side: Dir) -> Result<Line, Failure> {
        let ts: Option<Millis> = match place {
            Place::Moment(ms) => {
                let found = self.world.lookup.event_at(self.room, *ms, other_side).await?;
                found.and_then(|found| found.origin_server_ts)
            }
            Place::Event(_) => None,
        };
        let (side, end) = match other_side {
            Dir::Forwards => ("before ", "the first event that the server has there"),
            Dir::Backwards => ("after ", "the last event there"),
        };
        let line = Line::new().text("Nothing in ").code(self.room.as_str()).text(" is from ").text(side);
        let line = line.append(place.line());
        Ok(match ts {
            Some(ts) => line.text(format!(": {end} is from {}.", date(ts))),
            None => line.text("."),
        })
    }

    /// The part that begins so many pages further on.
    async fn skip(&self, part: Part, page: u32) -> Result<Part, Failure> {
        let pages = (page as usize).saturating_sub(1);
        if pages == 0 {
            return Ok(part);
        }
        let read = part.read(self.world, self.room, self.wanted, pages * self.limit).await?;
        match read.on {
            Some(on) => Ok(part.turned(part.towards, on)),
            None => {
                let events = read.events.len();
                let there = events.div_ceil(self.limit).max(1);
                let there =
                    if there == 1 { "is only 1 page".to_owned() } else { format!("are only {there} pages") };
                Err(Failure::told(Line::new().text(format!("There {there} ({events} events)."))))
            }
        }
    }

    /// A page that fits into a message.
    async fn page(&self, part: &Part) -> Result<Page, Failure> {
        let mut read = part.read(self.world, self.room, self.wanted, self.limit).await?;
        let fits = fitting(&read, part.towards);
        if fits < read.events.len() {
            read = part.read(self.world, self.room, self.wanted, fits).await?;
        }
        Ok(self.of(part, read))
    }

    /// Everything, as far as a file goes.
    async fn all(&self, part: &Part) -> Result<Page, Failure> {
        Ok(self.of(part, part.read(self.world, self.room, self.wanted, MOST).await?))
    }

    /// Half a page on either side of a place.
    async fn around(&self, place: Place) -> Result<Found, Failure> {
        let Some(from) = place.around(self.world, self.room).await? else {
            let line =
                Line::new().text("The server has no event of ").code(self.room.as_str()).text(" near ");
            return Ok(Found::Nothing(line.append(place.line()).text(".")));
        };
        let to = |towards| Part { towards, from: Some(from.clone()), ..Part::default() };
        let mut count = (self.limit / 2).max(1);
        let (older, newer) = loop {
            let older = to(Towards::Older).read(self.world, self.room, self.wanted, count).await?;
            let newer = to(Towards::Newer).read(self.world, self.room, self.wanted, count).await?;
            if count == 1 || fit_together(&newer, &older) {
                break (older, newer);
            }
            count /= 2;
        };
        let (older, newer) = (self.of(&to(Towards::Older), older), self.of(&to(Towards::Newer), newer));
        Ok(Found::Page(Page {
            events: [newer.events, older.events].concat(),
            state: [newer.state, older.state].concat(),
            older: older.older,
            newer: newer.newer,
            at: Some(place),
            is_beginning: older.is_beginning,
        }))
    }

    /// What was read, with where its neighbours begin.
    fn of(&self, part: &Part, read: Read) -> Page {
        let on = read.on.map(|on| part.turned(part.towards, on).to_cursor());
        // Behind the place where a page begins is the page before, unless the range begins there.
        let back = |towards, bound: &Option<String>| {
            let from = part.from.clone().filter(|from| Some(from) != bound.as_ref());
            from.map(|from| part.turned(towards, from).to_cursor())
        };
        let (older, newer) = match part.towards {
            Towards::Older => (on, back(Towards::Newer, &part.newest)),
            Towards::Newer => (back(Towards::Older, &part.oldest), on),
        };
        let is_beginning = part.towards == Towards::Older && older.is_none() && part.oldest.is_none();
        Page { events: read.events, state: read.state, older, newer, at: None, is_beginning }
    }
}

/// How many of the events fit into a message: of those that are nearest to where the reading began.
fn fitting(read: &Read, towards: Towards) -> usize {
    let names = Names::of(&read.state);
    let mut lines: Vec<Line> = read.events.iter().map(|event| marked(event, None, &names)).collect();
    if towards == Towards::Newer {
        lines.reverse();
    }
    cut(&lines, lines.len()).first().map_or(0, std::ops::Range::len)
}

/// Whether two pages fit into one message.
fn fit_together(newer: &Read, older: &Read) -> bool {
    let names = Names::of(&[newer.state.as_slice(), &older.state].concat());
    let events = newer.events.iter().chain(&older.events);
    let lines: Vec<Line> = events.map(|event| marked(event, None, &names)).collect();
    cut(&lines, lines.len()).len() <= 1
}

/// An event in a line, with a mark if it is the one that was asked for.
fn marked(event: &Event, at: Option<&Place>, names: &Names) -> Line {
    let is_it = matches!((at, event.event_id()), (Some(Place::Event(at)), Some(id)) if at == id);
    let line = in_words(event, names);
    if is_it { Line::new().strong("▶ ").append(line) } else { line }
}

/// Whose events and of which types.
fn of(line: Line, wanted: &Wanted) -> Line {
    let line =
        wanted.senders.iter().enumerate().fold(line, |line, (n, user)| {
            line.text(if n == 0 { ", from " } else { " or " }).code(user.as_str())
        });
    wanted
        .types
        .iter()
        .enumerate()
        .fold(line, |line, (n, kind)| line.text(if n == 0 { ", of the type " } else { " or " }).code(kind))
}

fn is_everything(wanted: &Wanted) -> bool {
    wanted.senders.is_empty() && wanted.types.is_empty()
}

fn beginning(wanted: &Wanted) -> &'static str {
    if is_everything(wanted) {
        "This is the beginning of what the server has."
    } else {
        "There is nothing older of that."
    }
}

/// Why a page is empty.
fn nothing(room: Line, wanted: &Wanted, details: &RoomDetails, page: &Page) -> Line {
    if page.newer.is_some() {
        return Line::from(beginning(wanted));
    }
    if page.older.is_some() {
        return Line::from("There is nothing newer.");
    }
    let line = of(Line::new().text("There is nothing in ").append(room), wanted).text(" there.");
    let hides = |kind: &String| kind == "m.room.message" || kind == "m.sticker" || kind == "m.reaction";
    if details.encryption.is_some() && wanted.types.iter().any(hides) {
        return line
            .text(" The room is encrypted: the server sees its messages as ")
            .code("m.room.encrypted")
            .text(" only.");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_may_be_short() {
        assert_eq!(meant("message"), ["m.room.message", "m.message"]);
        assert_eq!(meant(" m.reaction"), ["m.reaction"]);
    }
}

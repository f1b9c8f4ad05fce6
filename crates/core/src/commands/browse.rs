//! Pages of a room's history: how much of it is read for one, and where its neighbours begin.

use ruma::RoomId;

use super::{
    Failure, World,
    history::{Part, Place, Read, Towards, Wanted},
    sheet::cut,
};
use crate::{
    model::{Dir, Event, Millis},
    reply::{Line, Reply},
    rules::{event::in_words, names::Names},
    text::duration::date,
};

/// The most events of a file.
const MOST: usize = 10_000;

/// A page of a history.
#[derive(Default)]
pub(super) struct Page {
    /// Newest first.
    pub(super) events: Vec<Event>,
    /// Member events of those who sent them.
    pub(super) state: Vec<Event>,
    /// The [`Part`] of the page before, as text.
    pub(super) older: Option<String>,
    /// The [`Part`] of the page behind, as text.
    pub(super) newer: Option<String>,
    /// What the page was to be around.
    pub(super) at: Option<Place>,
    /// Whether nothing is before it.
    pub(super) is_beginning: bool,
    /// Where it was read to.
    pub(super) towards: Towards,
    /// Whether it ended because no file holds more.
    pub(super) is_full: bool,
}

/// What is needed to read pages.
pub(super) struct Browse<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) room: &'a RoomId,
    pub(super) wanted: &'a Wanted,
    pub(super) limit: usize,
}

impl Browse<'_> {
    /// The part between two places; or why it is empty.
    pub(super) async fn range(
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

    /// The page of this number, from 1. Pages hold what fits, so that each begins where the one before ends.
    pub(super) async fn walk(&self, part: &Part, number: u32) -> Result<Page, Failure> {
        let mut page = self.page(part).await?;
        for n in 1..number {
            let next = match part.towards {
                Towards::Older => &page.older,
                Towards::Newer => &page.newer,
            };
            let Some(next) = next else {
                let pages =
                    if n == 1 { "is only one page".to_owned() } else { format!("are only {n} pages") };
                return Err(Failure::told(Line::new().text(format!("There {pages}."))));
            };
            page = self.page(&Part::parse(next)?).await?;
            (self.world.tell)(&Reply::text(format!("Turned {n} pages so far …")));
        }
        Ok(page)
    }

    /// A page that fits into a message.
    pub(super) async fn page(&self, part: &Part) -> Result<Page, Failure> {
        let mut read = part.read(self.world, self.room, self.wanted, self.limit).await?;
        let fits = fitting(&read, part.towards);
        if fits < read.events.len() {
            read = part.read(self.world, self.room, self.wanted, fits).await?;
        }
        Ok(Page::of(part, read))
    }

    /// Everything, as far as a file goes: no more is read than one can hold.
    pub(super) async fn all(&self, part: &Part) -> Result<Page, Failure> {
        Ok(Page::of(part, part.read(self.world, self.room, self.wanted, MOST).await?))
    }

    /// Half a page on either side of a place.
    pub(super) async fn around(&self, place: Place) -> Result<Result<Page, Line>, Failure> {
        let Some(from) = place.around(self.world, self.room).await? else {
            let line =
                Line::new().text("The server has no event of ").code(self.room.as_str()).text(" near ");
            return Ok(Err(line.append(place.line()).text(".")));
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
        let (older, newer) = (Page::of(&to(Towards::Older), older), Page::of(&to(Towards::Newer), newer));
        Ok(Ok(Page {
            events: [newer.events, older.events].concat(),
            state: [newer.state, older.state].concat(),
            older: older.older,
            newer: newer.newer,
            at: Some(place),
            is_beginning: older.is_beginning,
            ..Page::default()
        }))
    }
}

impl Page {
    /// What was read, with where its neighbours begin.
    fn of(part: &Part, read: Read) -> Self {
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
        Self {
            events: read.events,
            state: read.state,
            older,
            newer,
            at: None,
            is_beginning,
            towards: part.towards,
            is_full: read.is_full,
        }
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
pub(super) fn marked(event: &Event, at: Option<&Place>, names: &Names) -> Line {
    let is_it = matches!((at, event.event_id()), (Some(Place::Event(at)), Some(id)) if at == id);
    let line = in_words(event, names);
    if is_it { Line::new().strong("▶ ").append(line) } else { line }
}

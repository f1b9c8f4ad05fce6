//! `!messages`: the history of a room, page by page, newest first; also of rooms that the bot is not in.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Pages, Subject, World,
    browse::{Browse, Page, marked},
    events::{attachment, unknown_room},
    facts::FileKind,
    history::{Part, Place, Towards, Wanted},
    sheet::cut,
};
use crate::{
    model::{Event, Millis, RoomDetails},
    reply::{Attachment, Line, Reply, room_line},
    rules::names::Names,
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
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..=1000))]
    page: Option<u32>,
    /// Attach all of the range as a file, up to 10,000 events and 32 MiB
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
    /// A page, or why there is none.
    found: Result<Page, Line>,
}

impl Command for Messages {
    const NAME: &'static str = "messages";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!messages #lounge:example.org --from @user:example.org --after 2d";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        // Where a page was turned to is known; ages such as 2h would mean another time by now.
        let Places { before, after, at } =
            if world.at.is_some() { Places::default() } else { self.places(world.now)? };
        let wanted = Wanted {
            senders: self.from.iter().map(|UserTarget(user)| user.clone()).collect(),
            types: self.kinds.iter().flat_map(|word| meant(word)).collect(),
        };
        let room = world.resolve(&self.room).await?;
        // The history of a room that the server does not know is empty, and no error.
        let details = world.lookup.room(&room).await?.ok_or_else(|| unknown_room(&room))?;
        let facts = |found| Facts { room: room.clone(), details, wanted: wanted.clone(), found };
        let browse = Browse { world, room: &room, wanted: &wanted, limit: self.limit as usize };
        if let Some(cursor) = world.at {
            return Ok(facts(Ok(browse.page(&Part::parse(cursor)?).await?)));
        }
        if let Some(at) = at {
            return Ok(facts(browse.around(at).await?));
        }
        let part = match browse.range(before, after).await? {
            Ok(part) => part,
            Err(nothing) => return Ok(facts(Err(nothing))),
        };
        let page = if self.all {
            browse.all(&part).await?
        } else {
            browse.walk(&part, self.page.unwrap_or(1)).await?
        };
        Ok(facts(Ok(page)))
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let page = match facts.found {
            Ok(page) => page,
            Err(line) => return Ok(Decision::Answer(Reply::new().paragraph(line))),
        };
        let room = room_line(
            facts.details.name.as_deref(),
            facts.details.canonical_alias.as_deref(),
            facts.room.as_str(),
        );
        let pages = Pages { left: page.older.clone(), right: page.newer.clone() };
        let turns = pages.left.is_some() || pages.right.is_some();
        if page.events.is_empty() {
            let reply = Reply::new().paragraph(nothing(room, &facts.wanted, &facts.details, &page));
            return Ok(if turns { Decision::Page(reply, pages) } else { Decision::Answer(reply) });
        }
        let heading = Line::new().text("In ").append(room);
        let heading = of(heading, &facts.wanted).text(", newest first, times in UTC:");
        let names = Names::of(&page.state);
        let lines: Vec<Line> =
            page.events.iter().map(|event| marked(event, page.at.as_ref(), &names)).collect();
        let fits = || cut(&lines, self.limit as usize).first().map_or(0, std::ops::Range::len);
        let shown = if self.all { fits() } else { lines.len() };
        let hidden = lines.len() - shown;
        let mut reply =
            Reply::new().paragraph(heading).list(lines.into_iter().take(shown)).more(hidden, "in the file");
        // A turned page edits the message; its file would be another one beside it.
        let kind = if self.all { Some(self.file.unwrap_or(FileKind::Csv)) } else { self.file };
        let file = kind.filter(|_| world.at.is_none()).map(|kind| file(kind, &page));
        let is_cut = file.as_ref().is_some_and(|(_, held)| held.len() < page.events.len());
        if let Some((attachment, held)) = file {
            if is_cut || (self.all && turns) {
                reply = reply.paragraph(rest_of_file(page.towards, held, is_cut || page.is_full));
            }
            reply = reply.attach(attachment);
        }
        if page.is_beginning && !is_cut {
            reply = reply.paragraph(beginning(&facts.wanted));
        }
        Ok(if turns && !self.all { Decision::Page(reply, pages) } else { Decision::Answer(reply) })
    }
}

/// Between, or around, what is looked for.
#[derive(Default)]
struct Places {
    before: Option<Place>,
    after: Option<Place>,
    at: Option<Place>,
}

impl Messages {
    fn places(&self, now: Millis) -> Result<Places, Failure> {
        let place = |word: &Option<String>| word.as_deref().map(|word| Place::read(word, now)).transpose();
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
        Ok(Places { before, after, at })
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

/// The file of a page, and which of the events it holds: as many as fit, from where the reading began.
fn file(kind: FileKind, page: &Page) -> (Attachment, &[Event]) {
    const NAME: &str = "messages";
    let events = &page.events[..];
    let (file, rows) = attachment(kind, NAME, events);
    if rows == events.len() || page.towards == Towards::Older {
        return (file, events.get(..rows).unwrap_or_default());
    }
    let (_, rows) = attachment(kind, NAME, events.iter().rev());
    let held = events.get(events.len() - rows..).unwrap_or_default();
    (attachment(kind, NAME, held).0, held)
}

/// How to go on where a file ends that holds these events.
fn rest_of_file(towards: Towards, held: &[Event], is_full: bool) -> Line {
    let (event, option, which) = match towards {
        Towards::Older => (held.last(), "--before", "older"),
        Towards::Newer => (held.first(), "--after", "newer"),
    };
    let id = event.and_then(Event::event_id).map(ToString::to_string).unwrap_or_default();
    let why = if is_full { ", because it is as large as it may be" } else { "" };
    let line = Line::new().text(format!("The file ends at {} events{why}. ", held.len()));
    line.text(format!("For the {which} ones, type the command again with "))
        .code(format!("{option} {id}"))
        .text(".")
}

/// Why a page is empty.
fn nothing(room: Line, wanted: &Wanted, details: &RoomDetails, page: &Page) -> Line {
    match (page.towards, page.older.is_some(), page.newer.is_some()) {
        // The reading gave up before it came to an end.
        (Towards::Older, true, _) => {
            return Line::from("Nothing found so far. ⬅️ goes on among what is older.");
        }
        (Towards::Newer, _, true) => {
            return Line::from("Nothing found so far. ➡️ goes on among what is newer.");
        }
        (Towards::Older, false, true) => return Line::from(beginning(wanted)),
        (Towards::Newer, true, false) => return Line::from("There is nothing newer."),
        (_, false, false) => {}
    }
    if is_everything(wanted) {
        return Line::new().text("The server holds no events of ").append(room).text(".");
    }
    let line = of(Line::new().text("There is nothing in ").append(room), wanted).text(".");
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
    fn an_empty_page_says_whether_there_may_be_more() {
        let page = |towards, older: bool, newer: bool| Page {
            towards,
            older: older.then(String::new),
            newer: newer.then(String::new),
            ..Page::default()
        };
        for (page, says) in [
            (page(Towards::Older, true, false), "Nothing found so far. ⬅️ goes on among what is older."),
            (page(Towards::Older, true, true), "Nothing found so far. ⬅️ goes on among what is older."),
            (page(Towards::Newer, false, true), "Nothing found so far. ➡️ goes on among what is newer."),
            (page(Towards::Older, false, true), "This is the beginning of what the server has."),
            (page(Towards::Newer, true, false), "There is nothing newer."),
            (page(Towards::Older, false, false), "The server holds no events of Talk."),
        ] {
            let line = nothing(Line::from("Talk"), &Wanted::default(), &RoomDetails::default(), &page);
            assert_eq!(Reply::text(line).render().text, says);
        }
    }

    #[test]
    fn types_may_be_short() {
        assert_eq!(meant("message"), ["m.room.message", "m.message"]);
        assert_eq!(meant(" m.reaction"), ["m.reaction"]);
    }
}

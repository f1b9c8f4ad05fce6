//! `!rooms`: the rooms that the server knows, searched, sorted, page by page or as a file.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{FileKind, named},
    paging::{MOST, Part, fitting},
    room_list::{End, Filing, Found, HEADERS, Search, Wanted, read},
};
use crate::{
    model::{Dir, ListedRoom, RoomDetails, RoomQuery},
    ports::Fault,
    reply::{Line, Reply},
    rules::{join_rules, room_order::RoomOrder},
    text::number::{counted, grouped},
};

/// List and search the rooms that the server knows
///
/// The text is looked for in names and aliases, in capitals or not; an alias with its server finds its room, and so does a whole room ID. ⬅️ and ➡️ turn the pages.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!rooms [text] [--order-by <field>] [--reverse] [--public|--not-public] [--empty|--not-empty] [--limit <number>] [--page <number>|--from <number>] [--file[=csv|json]]"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command")]
pub(super) struct Rooms {
    /// Part of a name or of an alias; or an alias, a link or a room ID
    #[arg(value_name = "text")]
    text: Vec<String>,
    /// What to sort by: name, canonical_alias, joined_members, joined_local_members, version, creator, encryption, federatable, public, join_rules, guest_access, history_visibility or state_events
    #[arg(
        long,
        value_name = "field",
        value_enum,
        ignore_case = true,
        default_value_t,
        hide_default_value = true
    )]
    order_by: RoomOrder,
    /// The other way round
    #[arg(long)]
    reverse: bool,
    /// Only rooms in the public room directory
    #[arg(long, conflicts_with = "not_public")]
    public: bool,
    /// Only rooms that are not in the public room directory
    #[arg(long)]
    not_public: bool,
    /// Only rooms without any member, of whatever server
    #[arg(long, conflicts_with = "not_empty")]
    empty: bool,
    /// Only rooms with members
    #[arg(long)]
    not_empty: bool,
    /// How many rooms on a page (100 at most), or in the file when there is one; a page ends where the message is full
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: Option<u32>,
    /// Pass over so many rooms
    #[arg(
        long,
        value_name = "number",
        default_value_t = 0,
        hide_default_value = true,
        conflicts_with = "page"
    )]
    from: u64,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach the rooms with all that the list tells about them: all of them, unless there is a --limit or --from
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// Rooms on a page, unless told otherwise.
const ON_A_PAGE: u32 = 20;

pub(super) struct Facts {
    search: Search,
    exact: Exact,
    part: Part,
    found: Found,
}

/// The one room that an ID or an alias means.
enum Exact {
    /// No such thing was given, or it was shown on an earlier page.
    NotAsked,
    /// This room; without details when the server does not know it.
    Room(OwnedRoomId, Option<Box<RoomDetails>>),
    /// The alias leads nowhere.
    Nowhere,
    /// The alias could not be asked for.
    Unasked(Fault),
}

impl Command for Rooms {
    const NAME: &'static str = "rooms";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!rooms spam --order-by joined_members";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let search = Search::of(&self.text);
        let wanted = Wanted { search: search.clone(), query: self.query() };
        // With a file, the limit is the file's.
        let size = self.limit.filter(|_| self.file.is_none()).unwrap_or(ON_A_PAGE);
        if u64::from(size) > MOST {
            let line = Line::new()
                .text(format!("A page has {MOST} rooms at most. For more of them, attach a file: "));
            return Err(Failure::told(line.code(format!("--limit {size} --file")).text(".")));
        }
        let part = Part::of(world, self.page, self.from, size);
        let filing = self.file.filter(|_| world.at.is_none()).map(|kind| Filing {
            table: kind.table("rooms", HEADERS),
            most: self.limit.map(u64::from),
            from: self.from,
        });
        let found = read(world, &wanted, part, filing).await?;
        let exact = if part.from == 0 { exact(world, &wanted).await? } else { Exact::NotAsked };
        Ok(Facts { search, exact, part, found })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { search, exact, part, found } = facts;
        if part.is_beyond(found.total) {
            return Err(part.beyond(found.total, "such rooms"));
        }
        let only = match &exact {
            Exact::Room(room, _) => found.rooms.iter().all(|listed| listed.room_id == *room),
            Exact::NotAsked | Exact::Nowhere | Exact::Unasked(_) => false,
        };
        let mut reply = with_exact(Reply::new(), &exact, &search, world);
        let lines = fitting(found.rooms.iter().map(|room| line(room, world)).collect());
        let pages = part.pages(lines.len(), found.total);
        if found.rooms.is_empty() && !only {
            reply = reply.paragraph(self.none(&search));
        } else if !only {
            reply = reply.paragraph(self.heading(&search, part, lines.len(), found.total)).list(lines);
        }
        if let Some(table) = found.table {
            let said = filed(table.rows(), self.from, found.total, found.end);
            reply = reply.paragraph(said).attach(table.finish());
        }
        Ok(Decision::Page(reply, pages))
    }
}

impl Rooms {
    fn query(&self) -> RoomQuery {
        let either = |yes: bool, no: bool| (yes || no).then_some(yes);
        RoomQuery {
            order_by: Some(self.order_by.as_str().to_owned()),
            dir: self.dir(),
            public: either(self.public, self.not_public),
            empty: either(self.empty, self.not_empty),
            ..RoomQuery::default()
        }
    }

    fn dir(&self) -> Dir {
        if self.reverse { Dir::Backwards } else { Dir::Forwards }
    }

    /// “ that contain “spam”, in the room directory”
    fn conditions(&self, line: Line, search: &Search, verb: &str) -> Line {
        let line = match search.term() {
            Some(term) => line.text(format!(" that {verb} ")).user(term),
            None => line,
        };
        let asked = [
            (self.public, "in the room directory"),
            (self.not_public, "not in the room directory"),
            (self.empty, "without members"),
            (self.not_empty, "with members"),
        ];
        let words: Vec<_> = asked.into_iter().filter(|(asked, _)| *asked).map(|(_, words)| words).collect();
        match (words.is_empty(), search.term()) {
            (true, _) => line,
            (false, None) => line.text(format!(" {}", words.join(", "))),
            (false, Some(_)) => line.text(format!(", {}", words.join(", "))),
        }
    }

    /// “Rooms 21–40 of 20,113 that contain “spam”, by joined members, largest first:”
    fn heading(&self, search: &Search, part: Part, shown: usize, total: u64) -> Line {
        let line = Line::new().text(part.in_words(shown, total, ("room", "rooms")));
        let verb = if total == 1 { "contains" } else { "contain" };
        self.conditions(line, search, verb).text(format!(", {}:", self.order_by.in_words(self.dir())))
    }

    fn none(&self, search: &Search) -> Line {
        let line =
            self.conditions(Line::new().text("The server knows no room"), search, "contains").text(".");
        match search {
            Search::All => line,
            Search::Text(_) => line.text(
                " Names and aliases are searched, in capitals or not, without the server's name; a room ID must be whole.",
            ),
            Search::Id(_) | Search::Alias(_) => line.text(" Look for a part of its name."),
        }
    }
}

/// Finds the room that an ID or an alias means, unless the filters leave it out.
async fn exact(world: &World<'_>, wanted: &Wanted) -> Result<Exact, Failure> {
    let room = match &wanted.search {
        Search::All | Search::Text(_) => return Ok(Exact::NotAsked),
        Search::Id(room) => room.clone(),
        Search::Alias(alias) => match world.lookup.resolve_alias(alias).await {
            Ok(Some(room)) => room,
            Ok(None) => return Ok(Exact::Nowhere),
            // The server of the alias may be away; what this one knows is told all the same.
            Err(fault) => return Ok(Exact::Unasked(fault)),
        },
    };
    let Some(details) = world.lookup.room(&room).await? else { return Ok(Exact::Room(room, None)) };
    let filters = Wanted { search: Search::All, query: wanted.query.clone() };
    let listed = ListedRoom { room_id: room, details };
    Ok(if filters.has(&listed) {
        Exact::Room(listed.room_id, Some(Box::new(listed.details)))
    } else {
        Exact::NotAsked
    })
}

fn with_exact(reply: Reply, exact: &Exact, search: &Search, world: &World<'_>) -> Reply {
    let asked = match search {
        Search::Alias(alias) => Line::new().code(alias.as_str()),
        Search::Id(room) => Line::new().code(room.as_str()),
        Search::All | Search::Text(_) => return reply,
    };
    match exact {
        Exact::NotAsked => reply,
        Exact::Room(room, Some(details)) => {
            let listed = ListedRoom { room_id: room.clone(), details: (**details).clone() };
            reply.paragraph(asked.text(" is this room:")).list([line(&listed, world)])
        }
        Exact::Room(room, None) if *search == Search::Id(room.clone()) => {
            reply.paragraph(Line::new().text("The server does not know the room ").append(asked).text("."))
        }
        Exact::Room(room, None) => {
            let line = asked.text(" leads to ").code(room.as_str());
            reply.paragraph(line.text(", a room that this server does not know."))
        }
        Exact::Nowhere => {
            reply.paragraph(Line::new().text("There is no room with the alias ").append(asked).text("."))
        }
        Exact::Unasked(fault) => reply.paragraph(
            Line::new()
                .text("Where ")
                .append(asked)
                .text(" leads could not be read: ")
                .name_long(fault.to_string()),
        ),
    }
}

/// A room, its members, and what is remarkable about it.
fn line(room: &ListedRoom, world: &World<'_>) -> Line {
    let ListedRoom { room_id, details } = room;
    let line = named(room_id.clone(), Some(details)).line().text(" – ");
    let line = match (details.joined_members, details.joined_local_members) {
        (0, _) => line.text("empty"),
        (all, local) => line.text(format!("{} ({} here)", counted(all, "member"), grouped(local))),
    };
    let line = match details.room_type.as_deref() {
        None => line,
        Some("m.space") => line.text(", space"),
        Some(other) => line.text(", of the type ").code(other),
    };
    let line = match details.join_rules.as_deref() {
        None | Some("public" | "invite") => line,
        rule => line.text(", ").append(join_rules::in_short(rule)),
    };
    [
        (details.public == Some(true), ", in the directory"),
        (details.encryption.is_some(), ", encrypted"),
        (details.federatable == Some(false), ", not federated"),
        (world.is_management(room_id), ", the management room"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .fold(line, |line, (_, words)| line.text(words))
}

/// What is in the file, which begins behind the first `from` of all rooms, and why not more.
fn filed(rows: u64, from: u64, total: u64, end: End) -> String {
    let part = format!("The file has {} of {}", grouped(rows), counted(total.saturating_sub(from), "room"));
    match end {
        End::Whole => format!("The file has {}.", counted(rows, "room")),
        End::Limit => format!("{part}: as many as --limit allows."),
        End::Full => {
            let next = from + rows;
            format!("{part}: it is as large as it may be. --from {next} goes on where it ends.")
        }
        End::Stuck => format!("{part}: the server stopped giving more. Try again."),
        End::Moved => format!("{part}: the list changed while I read it, so a few may be missing."),
    }
}

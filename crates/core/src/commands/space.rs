//! `!space`: what is in a space, as a list that shows its levels.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{FileKind, known_room, members},
    paging::{fitting, grouped, number},
};
use crate::{
    model::{Event, RoomDetails, SpaceRoom},
    plan::RoomRef,
    reply::{Added, Line, Reply, cut_list},
    rules::{
        join_rules,
        space::{Entry, What, is_suggested, tree, via},
    },
    text::target::RoomTarget,
};

/// Show what is in a space
///
/// Rooms and spaces that this server is not in are listed as well, as far as the space names them.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!space <room> [--depth <number>] [--file[=csv|json]]")]
pub(super) struct Space {
    /// The space: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// How many levels deep; all of them, unless told otherwise
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..=1000))]
    depth: Option<u32>,
    /// Attach all of it as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    room: RoomRef,
    details: RoomDetails,
    /// What it contains; `None` when it is no space.
    rooms: Option<Vec<SpaceRoom>>,
    end: End,
    /// `m.space.parent` events.
    parents: Vec<Event>,
}

/// Why the reading of a space ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// There may be more, which was not read.
    Cut,
    /// Nobody of this server is in it any more: only what it last named directly is known.
    Left,
}

/// At most so many rooms are read.
const MOST: usize = 10_000;

impl Command for Space {
    const NAME: &'static str = "space";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!space #community:example.org --depth 2";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        // For a room that it does not know, the server would break over its hierarchy.
        let (room, details) = known_room(world, &self.room).await?;
        let parents = world.lookup.state(&room.id, Some("m.space.parent")).await?;
        let (rooms, end) = if details.room_type.as_deref() != Some("m.space") {
            (None, End::Whole)
        } else {
            let (mut rooms, end) = self.read(world, &room).await?;
            if rooms.is_empty() {
                rooms.push(left(world, &room, &details).await?);
                (Some(rooms), End::Left)
            } else {
                (Some(rooms), end)
            }
        };
        Ok(Facts { room, details, rooms, end, parents })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { room, details, rooms, end, parents } = facts;
        let about = Line::new()
            .text(format!("{}, ", members(&details)))
            .append(join_rules::in_short(details.join_rules.as_deref()));
        let Some(rooms) = rooms else {
            let line = room.line().text(" is not a space, but ");
            let line = match details.room_type.as_deref() {
                None => line.text("a room."),
                Some(kind) => line.text("of the type ").code(kind).text("."),
            };
            let reply = Reply::new().paragraph(line).fact("Members", about);
            let reply = with_parents(reply, &parents);
            let more = Line::new().text("More: ").code(format!("!room {}", room.id));
            return Ok(Decision::Answer(reply.paragraph(more)));
        };
        let entries = tree(&rooms, &room.id, self.depth);
        let mut reply = Reply::new().paragraph(room.line()).fact("Members", about);
        reply = with_parents(reply, &parents);
        reply = match end {
            End::Whole => reply,
            End::Cut => reply.paragraph("There is more in it than I could read."),
            End::Left => reply.paragraph(
                "Nobody of this server is in the space any more. What it contained when the last one left:",
            ),
        };
        reply = reply.paragraph(self.count(&entries));
        let lines: Vec<Line> = entries.iter().map(|entry| entry.in_words(self.depth)).collect();
        let shown = fitting(lines.clone()).len();
        reply = cut_list(reply, lines, shown, "places; --file has all of them, --depth shows fewer levels");
        Ok(Decision::Answer(match self.file {
            None => reply,
            Some(kind) => attach(reply, kind, &entries),
        }))
    }
}

impl Space {
    /// All pages; each room once. Nothing, when this server is not in the space.
    async fn read(&self, world: &World<'_>, room: &RoomRef) -> Result<(Vec<SpaceRoom>, End), Failure> {
        let (mut rooms, mut seen, mut tokens) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut from: Option<String> = None;
        loop {
            let page = world.lookup.hierarchy(&room.id, from.as_deref(), self.depth).await?;
            rooms.extend(page.rooms.into_iter().filter(|room| seen.insert(room.room_id.clone())));
            let Some(next) = page.next else { return Ok((rooms, End::Whole)) };
            // A page may be empty, when the server is in none of its rooms; a token that comes again leads in circles.
            if rooms.len() >= MOST || tokens.len() >= MOST || !tokens.insert(next.clone()) {
                return Ok((rooms, End::Cut));
            }
            from = Some(next);
            (world.tell)(&Reply::text(format!(
                "Read {} of the space …",
                number(rooms.len() as u64, ("room", "rooms"))
            )));
        }
    }

    fn count(&self, entries: &[Entry<'_>]) -> String {
        let count = |is: fn(&Entry<'_>) -> bool| entries.iter().filter(|entry| is(entry)).count() as u64;
        let spaces = count(
            |entry| matches!(entry.what, What::Known(room) if room.room_type.as_deref() == Some("m.space")),
        );
        let known = count(|entry| matches!(entry.what, What::Known(_)));
        let mut unknown: Vec<&str> =
            entries.iter().filter(|entry| matches!(entry.what, What::Unknown)).map(Entry::room_id).collect();
        unknown.sort_unstable();
        unknown.dedup();
        let deep = match self.depth {
            Some(depth) => format!(", down to {}", number(depth.into(), ("level", "levels"))),
            None => String::new(),
        };
        if entries.is_empty() {
            return format!("It is empty{deep}.");
        }
        let unknown = match unknown.len() as u64 {
            0 => String::new(),
            n => format!(", {} not known to this server", grouped(n)),
        };
        format!(
            "In it{deep}: {}, {}{unknown}.",
            number(known - spaces, ("room", "rooms")),
            number(spaces, ("space", "spaces"))
        )
    }
}

/// A space that this server has left, as its state was then.
async fn left(world: &World<'_>, room: &RoomRef, details: &RoomDetails) -> Result<SpaceRoom, Failure> {
    Ok(SpaceRoom {
        room_id: room.id.clone(),
        name: details.name.clone(),
        topic: details.topic.clone(),
        canonical_alias: details.canonical_alias.clone(),
        room_type: details.room_type.clone(),
        join_rule: details.join_rules.clone(),
        num_joined_members: details.joined_members,
        world_readable: details.history_visibility.as_deref() == Some("world_readable"),
        guest_can_join: details.guest_access.as_deref() == Some("can_join"),
        children_state: world.lookup.state(&room.id, Some("m.space.child")).await?,
    })
}

/// The spaces that a room says it is in; they need not agree.
fn with_parents(reply: Reply, parents: &[Event]) -> Reply {
    const NAMED: usize = 5;
    let ids: Vec<&str> =
        parents.iter().filter(|event| !via(event).is_empty()).filter_map(Event::state_key).collect();
    if ids.is_empty() {
        return reply;
    }
    let line = ids.iter().take(NAMED).enumerate().fold(Line::new(), |line, (n, id)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.code(*id)
    });
    reply.fact(
        "Says it is in",
        match ids.len().saturating_sub(NAMED) {
            0 => line,
            more => line.text(format!(" and {more} more")),
        },
    )
}

const HEADERS: &[&str] = &[
    "depth",
    "parent",
    "room_id",
    "known",
    "name",
    "canonical_alias",
    "topic",
    "room_type",
    "join_rule",
    "num_joined_members",
    "world_readable",
    "guest_can_join",
    "suggested",
    "order",
    "via",
];

fn attach(reply: Reply, kind: FileKind, entries: &[Entry<'_>]) -> Reply {
    let mut table = kind.table("space", HEADERS);
    let row = |entry: &Entry<'_>| -> [Value; 15] {
        let room = match entry.what {
            What::Known(room) | What::Again(room) => json!(room),
            What::Unknown => Value::Null,
        };
        let field = |name: &str| room.get(name).cloned().unwrap_or_default();
        [
            json!(entry.depth),
            json!(entry.parent),
            json!(entry.room_id()),
            json!(entry.what != What::Unknown),
            field("name"),
            field("canonical_alias"),
            field("topic"),
            field("room_type"),
            field("join_rule"),
            field("num_joined_members"),
            field("world_readable"),
            field("guest_can_join"),
            json!(is_suggested(entry.child)),
            json!(entry.child.text("order")),
            json!(via(entry.child)),
        ]
    };
    let all = entries.iter().all(|entry| table.add(row(entry)) == Added::Yes);
    let rows = table.rows();
    let reply = reply.attach(table.finish());
    if all {
        return reply;
    }
    reply.paragraph(format!(
        "The file has the first {} of {} places: it is as large as it may be.",
        grouped(rows),
        grouped(entries.len() as u64)
    ))
}

//! `!empty-rooms`: rooms that nobody of this server is in any more, and purging them in batches.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use ruma::OwnedRoomId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Pages, Subject, World,
    facts::{FileKind, named},
    paging::{Part, fitting},
    room_list::{HEADERS, cells, file_of_rooms},
    several::read_each,
};
use crate::{
    model::{Dir, ListedRoom, RoomDetails, RoomQuery},
    plan::{PlanState, Step},
    ports::Which,
    reply::{Added, Line, Reply, cut_list},
    text::number::{counted, grouped},
};

/// List the rooms without members of this server, or purge them
///
/// Such rooms take up space in the database, and nobody here takes part in them. --purge deletes a batch of them and their
/// history from this server, after a preview and a confirmation; send it again for the next batch. Members who left and
/// did not forget a room can still read its history: --forgotten leaves such rooms alone.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!empty-rooms [--forgotten] [--page <number>] [--file[=csv|json]] | \
                            --purge [--limit <number>] [--forgotten] [--dry-run] [--yes]")]
pub(super) struct EmptyRooms {
    /// Purge a batch of them
    #[arg(long)]
    purge: bool,
    /// How many rooms are purged at once, 500 at most
    #[arg(long, value_name = "number", default_value_t = 50, requires = "purge", value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Only rooms that everybody here has forgotten
    #[arg(long)]
    forgotten: bool,
    /// Which page of the list
    #[arg(long, value_name = "number", default_value_t = 1, conflicts_with = "purge", value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv", conflicts_with = "purge")]
    file: Option<FileKind>,
    #[command(flatten)]
    acting: Acting,
}

/// The empty rooms of the server.
pub(super) struct Facts {
    /// All of them; with `--purge` those of the batch.
    rooms: Vec<ListedRoom>,
    /// How many empty rooms there are that were not looked into, and may be for the next batch.
    left: u64,
    /// How many are left alone because a job works on them.
    under_way: u64,
    /// How many were looked into and are not forgotten by everybody.
    remembered: u64,
}

/// How many rooms are read at once.
const PAGE: u32 = 500;
/// How many rooms a page of the answer shows.
const SHOWN: u32 = 20;
/// How many rooms a preview names.
const NAMED: usize = 10;

impl Command for EmptyRooms {
    const NAME: &'static str = "empty-rooms";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!empty-rooms --purge --limit 20";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let mut rooms = read_empty(world).await?;
        if !self.purge && !self.forgotten {
            return Ok(Facts { rooms, left: 0, under_way: 0, remembered: 0 });
        }
        let all = rooms.len() as u64;
        if self.purge {
            let busy = busy(world)?;
            rooms.retain(|room| !busy.contains(&room.room_id));
        }
        let left = rooms.len() as u64;
        let mut facts = Facts { rooms: Vec::new(), left, under_way: all - left, remembered: 0 };
        let limit = if self.purge { self.limit as usize } else { usize::MAX };
        let mut rooms = rooms.into_iter();
        // Only the details say whether a room is forgotten. One read for each: no more of them than the batch needs.
        while facts.rooms.len() < limit {
            let batch: Vec<ListedRoom> = rooms.by_ref().take(limit.min(PAGE as usize)).collect();
            if batch.is_empty() {
                break;
            }
            let read = read_each(world, batch, "empty rooms", |room| detailed(world, room).boxed()).await?;
            for room in read {
                match room {
                    _ if facts.rooms.len() == limit => break,
                    // Gone, or joined, since it was listed.
                    None => facts.left -= 1,
                    Some(room) if self.forgotten && !room.details.forgotten => {
                        facts.left -= 1;
                        facts.remembered += 1;
                    }
                    Some(room) => {
                        facts.left -= 1;
                        facts.rooms.push(room);
                    }
                }
            }
        }
        Ok(facts)
    }

    fn can_be_overtaken(&self) -> bool {
        !self.acting.yes
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        if facts.rooms.is_empty() {
            return Ok(Decision::Answer(self.none(&facts)));
        }
        if !self.purge {
            return self.list(&facts, world);
        }
        let preview = preview(&facts, self.what_is_left(facts.left));
        let steps = facts.rooms.into_iter().map(|ListedRoom { room_id, details }| Step::PurgeEmptyRoom {
            room: named(room_id, Some(&details)),
        });
        Ok(Decision::Propose(Box::new(Draft {
            steps: steps.collect(),
            because: None,
            preview,
            undoes: None,
            case: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

/// All rooms without local members but the management room. Sorted by local members, they come first.
async fn read_empty(world: &World<'_>) -> Result<Vec<ListedRoom>, Failure> {
    let mut query = RoomQuery {
        limit: PAGE,
        order_by: Some("joined_local_members".to_owned()),
        dir: Dir::Backwards,
        ..RoomQuery::default()
    };
    let (mut rooms, mut seen) = (Vec::new(), BTreeSet::new());
    loop {
        let page = world.lookup.rooms(&query).await?;
        for room in page.rooms {
            if room.details.joined_local_members > 0 {
                return Ok(rooms);
            }
            // A list that changes while it is read can show a room twice.
            if !world.is_management(&room.room_id) && seen.insert(room.room_id.clone()) {
                rooms.push(room);
            }
        }
        (world.tell)(&Reply::text(format!(
            "Read {} without members of this server …",
            self::rooms(rooms.len() as u64)
        )));
        match page.next {
            Some(next) if next > query.from => query.from = next,
            _ => return Ok(rooms),
        }
    }
}

/// A listed room with its details as they are now; `None` when it is gone or somebody has joined.
async fn detailed(world: &World<'_>, room: ListedRoom) -> Result<Option<ListedRoom>, Failure> {
    let details = world.lookup.room(&room.room_id).await?;
    let details = details.filter(|details| details.joined_local_members == 0);
    Ok(details.map(|details| ListedRoom { room_id: room.room_id, details }))
}

/// The rooms that a job is at work on.
fn busy(world: &World<'_>) -> Result<BTreeSet<OwnedRoomId>, Failure> {
    let running = Which { states: vec![PlanState::Running], ..Which::default() };
    let plans = world.records.plans(&running)?;
    let steps = plans.iter().flat_map(|plan| &plan.steps).filter(|planned| planned.outcome.is_none());
    Ok(steps.filter_map(|planned| planned.step.room_ref()).map(|room| room.id.clone()).collect())
}

const ROOMS: (&str, &str) = ("room", "rooms");

fn rooms(count: u64) -> String {
    counted(count, "room")
}

fn in_a_line(room: &ListedRoom) -> Line {
    let line = named(room.room_id.clone(), Some(&room.details)).line();
    let line = line.text(match room.details.joined_members {
        0 => " – no members at all".to_owned(),
        n => format!(" – {} on other servers", counted(n, "member")),
    });
    if room.details.forgotten { line.text(", forgotten by everybody here") } else { line }
}

impl EmptyRooms {
    /// Nothing to show or to purge.
    fn none(&self, facts: &Facts) -> Reply {
        let mut why = Vec::new();
        if facts.under_way > 0 {
            why.push(format!("{} being worked on by a job already", is_or_are(facts.under_way)));
        }
        if facts.remembered > 0 {
            why.push(format!("{} not forgotten by everybody yet", is_or_are(facts.remembered)));
        }
        let adjective = if self.forgotten { "forgotten " } else { "" };
        Reply::text(match why.len() {
            0 => format!("There is no {adjective}room without members of this server."),
            _ => format!(
                "There is no {adjective}room without members of this server that I could {}: {}.",
                if self.purge { "purge" } else { "list" },
                why.join(", ")
            ),
        })
    }

    /// What the next batch is for.
    fn what_is_left(&self, left: u64) -> Option<String> {
        let rooms = match left {
            0 => return None,
            1 => "One room is".to_owned(),
            n => format!("{} are", rooms(n)),
        };
        let left = if self.forgotten { "not looked into yet" } else { "left after these" };
        Some(format!("{rooms} {left}: the same command takes the next batch."))
    }

    fn list(&self, facts: &Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let total = facts.rooms.len() as u64;
        let part = Part::of(world, Some(self.page), 0, SHOWN);
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such rooms"));
        }
        let lines = fitting(part.cut(facts.rooms.iter().collect()).into_iter().map(in_a_line).collect());
        let pages = part.pages(lines.len(), total);
        let alone = facts.rooms.iter().filter(|room| room.details.joined_members == 0).count();
        let forgotten = if self.forgotten { ", forgotten by everybody here" } else { "" };
        let heading = format!("{} without members of this server", part.in_words(lines.len(), total, ROOMS));
        let mut reply = Reply::new()
            .paragraph(
                Line::new()
                    .strong(heading)
                    .text(format!("{forgotten} ({} in all without any members):", grouped(alone as u64))),
            )
            .list(lines);
        let hint = Line::new().text("To purge them: ").code("!empty-rooms --purge");
        reply = reply.paragraph(hint.text(". It asks first."));
        // A turned page does not send the file again.
        if let Some(kind) = self.file.filter(|_| world.at.is_none()) {
            let mut table = kind.table("empty-rooms", HEADERS);
            if facts.rooms.iter().any(|room| table.add(cells(room)) == Added::Full) {
                let rows = rooms(table.rows());
                reply = reply.paragraph(format!("The file is full: it has the first {rows} only."));
            }
            reply = reply.attach(table.finish());
        } else if pages != Pages::default() {
            let hint = Line::new().code("--page").text(" shows another page, ").code("--file");
            reply = reply.paragraph(hint.text(" attaches all of them."));
        }
        Ok(Decision::Page(reply, pages))
    }
}

/// What purging a batch means.
fn preview(facts: &Facts, left: Option<String>) -> Reply {
    let batch = facts.rooms.len() as u64;
    let count =
        |is: fn(&RoomDetails) -> bool| facts.rooms.iter().filter(|room| is(&room.details)).count() as u64;
    let elsewhere = count(|details| details.joined_members > 0);
    let remembered = count(|details| !details.forgotten);
    let text = |text: String| Line::new().text(text);
    let mut lines = vec![text(
            "They and their history are deleted from this server; they are not blocked. A room that somebody has joined \
             by then is left alone."
                .to_owned(),
        )];
    if elsewhere > 0 {
        lines.push(text(format!(
            "{} members on other servers: there they go on.",
            of_them(elsewhere, batch, "still has", "still have")
        )));
    }
    if elsewhere < batch {
        lines.push(text(format!(
            "{} no members at all: what is deleted is gone for good.",
            of_them(batch - elsewhere, batch, "has", "have")
        )));
    }
    if remembered > 0 {
        lines.push(text(format!(
            "{} forgotten: former members lose the history, open invitations are lost.",
            match remembered {
                n if n == batch && n > 1 => "None of them is".to_owned(),
                n => of_them(n, batch, "is not", "are not"),
            }
        )));
    }
    let batch_of = match facts.left {
        0 => rooms(batch),
        left => format!("{} of {}", grouped(batch), rooms(batch + left)),
    };
    let preview = Reply::new()
        .paragraph(Line::new().strong(format!("Purge {batch_of} without members of this server")))
        .list(lines)
        .paragraph("The rooms:");
    let preview = if facts.rooms.len() > NAMED {
        preview.attach(file_of_rooms("empty-rooms", &facts.rooms))
    } else {
        preview
    };
    let lines = facts.rooms.iter().map(in_a_line).collect();
    let preview = cut_list(preview, lines, NAMED, "rooms; the file has all of them");
    let mut after: Vec<Line> = left.map(text).into_iter().collect();
    if facts.remembered > 0 {
        after.push(text(format!(
            "{} not forgotten by everybody, and left alone.",
            is_or_are(facts.remembered)
        )));
    }
    if facts.under_way > 0 {
        after.push(text(format!(
            "{} being worked on by a job already, and left alone.",
            is_or_are(facts.under_way)
        )));
    }
    if after.is_empty() { preview } else { preview.paragraph("Besides:").list(after) }
}

/// “1 room is”, “3 rooms are”
fn is_or_are(count: u64) -> String {
    format!("{} {}", rooms(count), if count == 1 { "is" } else { "are" })
}

/// “It has”, “All have”, “1 of them has”, “3 of them have”
fn of_them(count: u64, all: u64, singular: &str, plural: &str) -> String {
    match count {
        1 if all == 1 => format!("It {singular}"),
        1 => format!("1 of them {singular}"),
        n if n == all => format!("All {plural}"),
        n => format!("{} of them {plural}", grouped(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_batch_are_named_grammatically() {
        assert_eq!(of_them(1, 1, "has", "have"), "It has");
        assert_eq!(of_them(1, 3, "has", "have"), "1 of them has");
        assert_eq!(of_them(2, 3, "has", "have"), "2 of them have");
        assert_eq!(of_them(3, 3, "has", "have"), "All have");
        assert_eq!(is_or_are(1), "1 room is");
        assert_eq!(is_or_are(2000), "2,000 rooms are");
    }
}

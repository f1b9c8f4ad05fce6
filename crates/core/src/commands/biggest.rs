//! `!biggest`: the rooms that take most space in the database.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    paging::{Part, fitting},
    their_rooms::{TheirRoom, with_details},
};
use crate::{
    model::RoomSize,
    ports::Fault,
    reply::{Line, Reply},
    text::size::size,
};

/// Show the rooms that take most space in the server's database
///
/// The sizes are estimates of the database, which has to be PostgreSQL.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!biggest [--limit <number>] [--page <number>]")]
pub(super) struct Biggest {
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

pub(super) struct Facts {
    part: Part,
    total: u64,
    rooms: Vec<(TheirRoom, u64)>,
}

impl Command for Biggest {
    const NAME: &'static str = "biggest";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Server;
    const EXAMPLE: &'static str = "!biggest";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let part = Part::of(world, self.page, 0, self.limit);
        let sizes = world.lookup.largest_rooms().await.map_err(refused)?;
        let known = |size: RoomSize| Some((OwnedRoomId::try_from(size.room_id).ok()?, size.bytes));
        let all: Vec<(OwnedRoomId, u64)> = sizes.into_iter().filter_map(known).collect();
        let total = all.len() as u64;
        let (ids, bytes): (Vec<_>, Vec<u64>) =
            part.cut(all).into_iter().map(|(id, bytes)| ((id, String::new()), bytes)).unzip();
        let rooms = with_details(world, ids).await?.into_iter().zip(bytes).collect();
        Ok(Facts { part, total, rooms })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { part, total, rooms } = facts;
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such rooms"));
        }
        if total == 0 {
            let words = "The database has no estimate yet: PostgreSQL makes them from time to time.";
            return Ok(Decision::Answer(Reply::text(words)));
        }
        let line = |(room, bytes): &(TheirRoom, u64)| {
            Line::new().strong(format!("about {}", size(*bytes))).text(" ").append(room.line())
        };
        let lines = fitting(rooms.iter().map(line).collect());
        let pages = part.pages(lines.len(), total);
        let words = part.in_words(lines.len(), total, ("room", "rooms"));
        Ok(Decision::Page(
            Reply::text(format!("{words} by space in the database, largest first:")).list(lines),
            pages,
        ))
    }
}

/// SQLite has no such estimates.
fn refused(fault: Fault) -> Failure {
    match fault {
        Fault::Refused { status: 400, .. } => Failure::told(
            Line::new()
                .text("The server's database cannot tell how much space rooms take; only PostgreSQL can. Which rooms have most state: ")
                .code("!rooms --order-by state_events")
                .text("."),
        ),
        Fault::NotRouted { .. } => Failure::told(
            Line::new().text("The server does not tell how much space rooms take: it does from Synapse 1.83 on."),
        ),
        fault => fault.into(),
    }
}

//! What `!rooms-of` and `!memberships` have in common: the rooms of a user with their names, page by page or as a file.

use ruma::{OwnedRoomId, UserId};
use serde_json::{Value, json};

use super::{
    Failure, World,
    facts::{FileKind, named, unread},
    paging::Part,
    several::read_each,
};
use crate::{
    model::RoomDetails,
    plan::RoomRef,
    ports::Fault,
    reply::{Added, Line, Reply, Table},
    text::{
        number::{counted, grouped},
        target::UserTarget,
    },
};

/// What both commands take.
#[derive(clap::Args, Debug)]
pub(super) struct Whose {
    /// The user
    #[arg(value_name = "@user")]
    pub(super) user: UserTarget,
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) page: Option<u32>,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    pub(super) file: Option<FileKind>,
}

/// A room of somebody, with what the server knows of it.
pub(super) struct TheirRoom {
    pub(super) id: OwnedRoomId,
    pub(super) membership: String,
    /// Its details; `None` when the server does not know it, a fault when it could not be asked.
    pub(super) details: Result<Option<RoomDetails>, Fault>,
}

impl TheirRoom {
    /// Name, alias, ID and members.
    pub(super) fn line(&self) -> Line {
        let details = self.details.as_ref().ok().and_then(Option::as_ref);
        let line = named(self.id.clone(), details).line();
        match &self.details {
            Ok(Some(details)) => line.text(format!(", {}", counted(details.joined_members, "member"))),
            Ok(None) => line,
            Err(fault) => line.text(", which ").append(unread(fault)),
        }
    }

    pub(super) fn joined_members(&self) -> u64 {
        self.details.as_ref().ok().and_then(Option::as_ref).map_or(0, |details| details.joined_members)
    }
}

/// Rooms with what the server knows of them. One that cannot be read is listed all the same.
pub(super) async fn with_details(
    world: &World<'_>,
    rooms: Vec<(OwnedRoomId, String)>,
) -> Result<Vec<TheirRoom>, Failure> {
    let lookup = world.lookup;
    read_each(world, rooms, "rooms", |(id, membership): (OwnedRoomId, String)| {
        Box::pin(async move {
            let details = lookup.room(&id).await;
            Ok(TheirRoom { id, membership, details })
        })
    })
    .await
}

/// The rooms of this part, and all of them when there is a file to be made.
pub(super) async fn read(
    world: &World<'_>,
    whose: &Whose,
    part: Part,
    rooms: Vec<(OwnedRoomId, String)>,
) -> Result<(Vec<TheirRoom>, Option<Table>), Failure> {
    let Some(kind) = whose.file.filter(|_| world.at.is_none()) else {
        return Ok((with_details(world, part.cut(rooms)).await?, None));
    };
    let all = with_details(world, rooms).await?;
    let mut table = kind.table("rooms", HEADERS);
    // All rooms of one user fit: what is cut would be missed in the count.
    let _full = all.iter().any(|room| table.add(row(room)) == Added::Full);
    Ok((part.cut(all), Some(table)))
}

/// Adds the file, and a word if it lacks something.
pub(super) fn attach(reply: Reply, table: Option<Table>, total: u64) -> Reply {
    let Some(table) = table else { return reply };
    let rows = table.rows();
    let reply = if rows < total {
        let (rows, total) = (grouped(rows), grouped(total));
        reply.paragraph(format!(
            "The file is as large as it may be: it has the first {rows} of {total} rooms."
        ))
    } else {
        reply
    };
    reply.attach(table.finish())
}

/// Nothing is known of somebody. `is_local`: the account is there, and simply has no rooms.
pub(super) fn nowhere(user: Line, id: &UserId, world: &World<'_>) -> Line {
    if crate::model::is_local(id, world.lookup.me()) {
        return user.text(" is in no room.");
    }
    user.text(" is in no room that this server takes part in. Whether there is such a user only their own server knows.")
}

const HEADERS: &[&str] = &[
    "room_id",
    "name",
    "canonical_alias",
    "membership",
    "joined_members",
    "joined_local_members",
    "creator",
    "public",
    "encryption",
];

fn row(room: &TheirRoom) -> [Value; 9] {
    let details = room.details.as_ref().ok().and_then(Option::as_ref);
    let RoomRef { id, name, alias } = named(room.id.clone(), details);
    [
        json!(id),
        json!(name),
        json!(alias),
        json!(room.membership),
        json!(details.map(|details| details.joined_members)),
        json!(details.map(|details| details.joined_local_members)),
        json!(details.and_then(|details| details.creator.as_ref())),
        json!(details.and_then(|details| details.public)),
        json!(details.and_then(|details| details.encryption.as_ref())),
    ]
}

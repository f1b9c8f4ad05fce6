//! What several commands read and say about a room.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use ruma::{EventId, OwnedRoomId, RoomId};
use serde::Serialize;

use super::{Failure, World};
use crate::{
    model::{BlockStatus, Context, RoomDetails},
    plan::RoomRef,
    ports::{Fault, Lookup},
    reply::{Attachment, Line, MOST_BYTES, Table, json_attachment},
    rules::names::Names,
    text::target::RoomTarget,
};

/// A room as the server knows it.
pub(super) struct RoomFacts {
    /// Its details; `None` when the server does not know it.
    pub(super) details: Option<RoomDetails>,
    /// Whether it is blocked.
    pub(super) block: BlockStatus,
}

impl RoomFacts {
    pub(super) async fn gather(world: &World<'_>, room: &RoomId) -> Result<Self, Failure> {
        let (details, block) = try_join(world.lookup.room(room), world.lookup.block_status(room)).await?;
        Ok(Self { details, block })
    }

    /// The room with its names.
    pub(super) fn named(&self, room: OwnedRoomId) -> RoomRef {
        named(room, self.details.as_ref())
    }

    /// Name, alias and ID.
    pub(super) fn line(&self, room: &RoomId) -> Line {
        self.named(room.to_owned()).line()
    }
}

/// A room with its names, as far as they are known.
pub(super) fn named(id: OwnedRoomId, details: Option<&RoomDetails>) -> RoomRef {
    RoomRef {
        id,
        name: details.and_then(|details| details.name.clone()),
        alias: details.and_then(|details| details.canonical_alias.clone()),
    }
}

/// Whether a room is a chat with somebody that the bot opened: it made the room, gave it neither name nor alias, and not in
/// the place of another one.
pub(crate) async fn is_own_chat(
    lookup: &dyn Lookup,
    room: &RoomId,
    details: Option<&RoomDetails>,
) -> Result<bool, Fault> {
    let may_be = details.is_some_and(|details| {
        details.creator.as_deref() == Some(lookup.me().as_str())
            && details.name.is_none()
            && details.canonical_alias.is_none()
    });
    if !may_be {
        return Ok(false);
    }
    let create = lookup.state(room, Some("m.room.create")).await?;
    Ok(!create.iter().any(|event| event.content().get("predecessor").is_some()))
}

/// The room that is meant and its details. Refused when the server does not know it.
pub(super) async fn known_room(
    world: &World<'_>,
    target: &RoomTarget,
) -> Result<(RoomRef, RoomDetails), Failure> {
    let room = world.resolve(target).await?;
    match world.lookup.room(&room).await? {
        Some(details) => Ok((named(room, Some(&details)), details)),
        None => Err(Failure::told(
            Line::new()
                .text("The server does not know the room ")
                .code(room.as_str())
                .text(". Check its ID; it may have been deleted, or nobody here was ever in it."),
        )),
    }
}

/// A word about a room that nobody of this server is in: the server is not told any more what changes there.
pub(super) fn may_be_old(details: &RoomDetails) -> Option<Line> {
    let words = "Nobody of this server is in the room, so the server does not get what changes there: what it knows may be old.";
    (details.joined_local_members == 0).then(|| words.into())
}

/// What rooms are called that others speak of, and which of them anyone can join. So many are looked up, at most.
pub(super) async fn other_rooms(
    rooms: Vec<OwnedRoomId>,
    names: Names,
    world: &World<'_>,
) -> Result<(Names, BTreeSet<String>), Failure> {
    const ROOMS: usize = 10;
    let mut names = names;
    let mut public = BTreeSet::new();
    let rooms: BTreeSet<OwnedRoomId> = rooms.into_iter().take(ROOMS).collect();
    for id in rooms {
        let Some(details) = world.lookup.room(&id).await? else { continue };
        names = names.with_room(id.as_str(), details.name.as_deref(), details.canonical_alias.as_deref());
        if details.join_rules.as_deref() == Some("public") {
            public.insert(id.to_string());
        }
    }
    Ok((names, public))
}

/// An event with the tokens of the history before and after it; `None` when the room has no such event in its history.
pub(super) async fn in_history(
    world: &World<'_>,
    room: &RoomId,
    event: &EventId,
) -> Result<Option<Context>, Fault> {
    match world.lookup.context(room, event, 0).await {
        // So Synapse answers for an event that a purge left in the database.
        Err(Fault::Broken { status: 500, .. }) => Ok(None),
        found => found,
    }
}

/// “could not be read (The homeserver did not answer in time.)”
pub(super) fn unread(fault: &Fault) -> Line {
    Line::new().text("could not be read (").name_long(fault.to_string()).text(")")
}

/// "12 (3 of this server)"
pub(super) fn members(details: &RoomDetails) -> String {
    format!("{} ({} on this server)", details.joined_members, details.joined_local_members)
}

/// "blocked by `@mod:hs.test`", or "not blocked".
pub(super) fn block_line(status: &BlockStatus) -> Line {
    match status {
        BlockStatus::Open => Line::new().text("not blocked"),
        BlockStatus::Blocked(Some(by)) => Line::new().text("blocked, first by ").code(by.as_str()),
        BlockStatus::Blocked(None) => Line::new().text("blocked"),
    }
}

/// Joins the words of a reason; `None` when there are none.
pub(super) fn reason(words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The kind of an attached file.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A table.
    Csv,
    /// Every field.
    Json,
}

impl FileKind {
    /// An empty table of this kind.
    pub(super) fn table(self, name: &str, headers: &'static [&'static str]) -> Table {
        match self {
            Self::Csv => Table::csv(name, headers, MOST_BYTES),
            Self::Json => Table::json(name, headers, MOST_BYTES),
        }
    }
}

/// A JSON file.
pub(super) fn json_file(name: &str, value: &impl Serialize) -> Result<Attachment, Failure> {
    json_attachment(name, value)
        .map_err(|error| Failure::told(Line::new().text(format!("I cannot make the file: {error}."))))
}

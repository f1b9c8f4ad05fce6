//! What several commands read and say about a room.

use futures_util::future::try_join;
use ruma::{OwnedRoomId, RoomId};
use serde::Serialize;

use super::{Failure, World};
use crate::{
    model::{BlockStatus, RoomDetails},
    plan::RoomRef,
    reply::{Attachment, Line, json_attachment},
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
        let details = self.details.as_ref();
        RoomRef {
            id: room,
            name: details.and_then(|details| details.name.clone()),
            alias: details.and_then(|details| details.canonical_alias.clone()),
        }
    }

    /// Name, alias and ID.
    pub(super) fn line(&self, room: &RoomId) -> Line {
        self.named(room.to_owned()).line()
    }
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

/// A JSON file.
pub(super) fn json_file(name: &str, value: &impl Serialize) -> Result<Attachment, Failure> {
    json_attachment(name, value)
        .map_err(|error| Failure::told(Line::new().text(format!("I cannot make the file: {error}."))))
}

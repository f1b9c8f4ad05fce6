//! What a step does, in words.

use super::{RoomRef, Step};
use crate::{
    model::{LocalEvents, MemberChange},
    reply::Line,
};

impl Step {
    /// What it does, in the infinitive: "block Spam (`!x`)".
    pub fn describe(&self) -> Line {
        let room = || self.room_ref().map(RoomRef::line).unwrap_or_default();
        let line = |words: &str| Line::new().text(words).append(room());
        match self {
            Self::BlockRoom { .. } => line("block "),
            Self::UnblockRoom { .. } => line("unblock "),
            Self::ShutDownRoom { shutdown, .. } => {
                let line = line("shut down ");
                match (shutdown.block, shutdown.purge, shutdown.force_purge) {
                    (true, true, false) => line.text(", block and purge it"),
                    (false, true, false) => line.text(" and purge it, without blocking it"),
                    (true, _, true) => line.text(", block and purge it by force"),
                    (false, _, true) => line.text(" and purge it by force, without blocking it"),
                    (true, false, false) => line.text(" and block it, without purging it"),
                    (false, false, false) => line.text(", without blocking or purging it"),
                }
            }
            Self::PurgeEmptyRoom { .. } => line("purge the empty room "),
            Self::MakeRoomAdmin { user, .. } => {
                Line::new().text("make ").code(user.as_str()).text(" an admin of ").append(room())
            }
            Self::DeleteExtremities { .. } => line("delete the forward extremities of "),
            Self::PurgeHistory { purge, .. } => {
                let line = line("delete the history of ").text(" before ");
                let line = line.code(purge.up_to.as_str());
                match purge.local {
                    LocalEvents::Kept => line.text("; what users of this server wrote stays in the database"),
                    LocalEvents::Deleted => line.text(", also what users of this server wrote"),
                }
            }
            Self::ListRoom { .. } => line("list ").text(" in the room directory"),
            Self::UnlistRoom { .. } => line("take ").text(" out of the room directory"),
            Self::AddAlias { alias, .. } => {
                Line::new().text("let ").code(alias.as_str()).text(" lead to ").append(room())
            }
            Self::RemoveAlias { alias, .. } => {
                Line::new().text("delete ").code(alias.as_str()).text(", which leads to ").append(room())
            }
            Self::JoinRoom { .. } => line("join ").text(" and watch it"),
            Self::LeaveRoom { .. } => line("leave ").text(", and no longer watch it"),
            Self::RedactEvent { event_id, author, .. } => {
                let line = Line::new().text("redact ").code(event_id.as_str());
                let line = match author {
                    Some(author) => line.text(" of ").code(author.as_str()),
                    None => line,
                };
                line.text(" in ").append(room())
            }
            Self::RedactUser { user, rooms, .. } => {
                let line = Line::new().text("redact the messages of ").code(user.as_str());
                match rooms.len() {
                    0 => line.text(" in all rooms that they are in or banned from"),
                    1 => line.text(" in ").code(rooms[0].as_str()),
                    n => line.text(format!(" in {n} rooms")),
                }
            }
            Self::Member { user, change, .. } => {
                let line = Line::new().text(format!("{} ", change.verb())).code(user.as_str());
                line.text(match change {
                    MemberChange::Kick | MemberChange::Ban => " from ",
                    MemberChange::Unban => " in ",
                    MemberChange::Invite => " to ",
                })
                .append(room())
            }
            Self::Sanction { user, sanction } => {
                Line::new().text(format!("{} ", sanction.verb())).code(user.as_str())
            }
            Self::Lift { user, sanction } => {
                Line::new().text(format!("{} ", sanction.reverse_verb())).code(user.as_str())
            }
            Self::QuarantineMedia { media, .. } => {
                Line::new().text("quarantine the file ").code(media.to_string())
            }
            Self::UnquarantineMedia { media } => {
                Line::new().text("let the file ").code(media.to_string()).text(" be downloaded again")
            }
            Self::DeleteReport { report } => Line::new().text(format!(
                "delete {} report {} from the server",
                report.kind.word(),
                report.id
            )),
            Self::IgnoreReporter { user } => {
                Line::new().text("ignore what ").code(user.as_str()).text(" reports")
            }
            Self::HeedReporter { user } => {
                Line::new().text("no longer ignore what ").code(user.as_str()).text(" reports")
            }
            Self::Tell { user, .. } => Line::new().text("write to ").code(user.as_str()),
            Self::CallWebhook { name, .. } => Line::new().text("call the webhook ").code(name),
        }
    }
}

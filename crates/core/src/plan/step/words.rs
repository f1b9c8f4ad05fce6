//! What a step does, in words.

use super::{RoomRef, Step};
use crate::{
    model::{Erase, LocalEvents, MemberChange, RateLimit},
    reply::Line,
    text::duration::date,
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
            Self::RestoreRoom { room, restoration } => restoration.describe(room),
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
            Self::RedactUser { user, rooms, since, limit, .. } => {
                let line = Line::new().text("redact the messages of ").code(user.as_str());
                let line = match rooms.len() {
                    0 => line.text(" in all rooms that they are or were in"),
                    1 => line.text(" in ").code(rooms[0].as_str()),
                    n => line.text(format!(" in {n} rooms")),
                };
                let line = match since {
                    Some(since) => line.text(format!(" since {}", date(*since))),
                    None => line,
                };
                match limit {
                    Some(limit) => line.text(format!(", the newest {limit} in each room")),
                    None => line,
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
            Self::LogOut { user, device: None } => {
                Line::new().text("log out ").code(user.as_str()).text(" everywhere")
            }
            Self::LogOut { user, device: Some(device) } => {
                Line::new().text("end the login ").code(device).text(" of ").code(user.as_str())
            }
            Self::Deactivate { user, erase } => {
                let line = Line::new().text("deactivate ").code(user.as_str());
                match erase {
                    Erase::No => line,
                    Erase::Yes => line.text(" and erase the profile"),
                }
            }
            Self::Reactivate { user } => Line::new().text("reactivate ").code(user.as_str()),
            Self::ResetPassword { user, recipient, .. } => {
                let line = Line::new().text("reset the password of ").code(user.as_str());
                line.text(" and send it to ").code(recipient.as_str()).text(" in a direct chat")
            }
            Self::JoinUser { user, .. } => {
                Line::new().text("bring ").code(user.as_str()).text(" into ").append(room())
            }
            Self::SetPower { user, to, .. } => {
                let line = Line::new().text("give ").code(user.as_str());
                match to {
                    Some(level) => line.text(format!(" the power {level} in ")),
                    None => line.text(" the power of everybody in "),
                }
                .append(room())
            }
            Self::SetRateLimit { user, limit } => {
                let line = Line::new().text("let ").code(user.as_str());
                match limit {
                    None => line.text(" send as fast as everybody else"),
                    Some(RateLimit { messages_per_second: 0, .. }) => line.text(" send as fast as they like"),
                    Some(RateLimit { messages_per_second, burst_count }) => {
                        line.text(format!(" do {messages_per_second} a second, and {burst_count} at once"))
                    }
                }
            }
            Self::ProtectMedia { media } => {
                Line::new().text("protect the file ").code(media.to_string()).text(" from quarantine")
            }
            Self::UnprotectMedia { media } => Line::new()
                .text("no longer protect the file ")
                .code(media.to_string())
                .text(" from quarantine"),
            Self::DeleteMedia { media, .. } => Line::new().text("delete the file ").code(media.to_string()),
            Self::DeleteMediaOf { user } => {
                Line::new().text("delete all files that ").code(user.as_str()).text(" uploaded")
            }
            Self::QuarantineAll { files, only: None } => Line::new().text("quarantine ").append(files.line()),
            Self::QuarantineAll { files, only: Some(only) } => {
                let line = Line::new().text(format!("quarantine {} of ", only.len()));
                line.append(files.line())
            }
            Self::ReleaseAll { files, only: None } => {
                Line::new().text("let ").append(files.line()).text(" be downloaded again")
            }
            Self::ReleaseAll { files, only: Some(only) } => {
                let line = Line::new().text(format!("let {} of ", only.len())).append(files.line());
                line.text(" be downloaded again")
            }
            Self::NewToken { new } => match &new.token {
                Some(token) => Line::new().text("make the registration token ").code(token.masked()),
                None => Line::new().text("make a registration token"),
            },
            Self::EditToken { token, .. } => {
                Line::new().text("change the registration token ").code(token.masked())
            }
            Self::DeleteToken { token } => {
                Line::new().text("delete the registration token ").code(token.masked())
            }
            Self::RetryServer { server } => {
                Line::new().text("try to reach ").code(server.as_str()).text(" at once")
            }
        }
    }
}

//! What a step is about, whom it is against, which command is for it, and what the safety rules have to know of it.

use ruma::UserId;

use super::{FilesOf, RoomRef, Step};
use crate::model::MemberChange;

impl Step {
    /// The room that it is about, with its names; `None` for what is not about one room.
    pub fn room_ref(&self) -> Option<&RoomRef> {
        match self {
            Self::BlockRoom { room }
            | Self::UnblockRoom { room }
            | Self::ShutDownRoom { room, .. }
            | Self::RestoreRoom { room, .. }
            | Self::PurgeEmptyRoom { room }
            | Self::MakeRoomAdmin { room, .. }
            | Self::DeleteExtremities { room }
            | Self::PurgeHistory { room, .. }
            | Self::ListRoom { room }
            | Self::UnlistRoom { room }
            | Self::AddAlias { room, .. }
            | Self::RemoveAlias { room, .. }
            | Self::JoinRoom { room }
            | Self::LeaveRoom { room }
            | Self::RedactEvent { room, .. }
            | Self::Member { room, .. }
            | Self::JoinUser { room, .. }
            | Self::SetPower { room, .. }
            | Self::QuarantineAll { files: FilesOf::Room(room), .. }
            | Self::ReleaseAll { files: FilesOf::Room(room), .. } => Some(room),
            Self::RedactUser { .. }
            | Self::Sanction { .. }
            | Self::Lift { .. }
            | Self::QuarantineMedia { .. }
            | Self::UnquarantineMedia { .. }
            | Self::DeleteReport { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::Tell { .. }
            | Self::CallWebhook { .. }
            | Self::LogOut { .. }
            | Self::Deactivate { .. }
            | Self::Reactivate { .. }
            | Self::ResetPassword { .. }
            | Self::SetRateLimit { .. }
            | Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::DeleteMedia { .. }
            | Self::DeleteMediaOf { .. }
            | Self::QuarantineAll { .. }
            | Self::ReleaseAll { .. }
            | Self::NewToken { .. }
            | Self::EditToken { .. }
            | Self::DeleteToken { .. }
            | Self::RetryServer { .. } => None,
        }
    }

    /// Whom it is against: what is done to rooms is against nobody, and so is what gives something back.
    /// What is done to them without asking them is.
    pub fn against(&self) -> Option<&UserId> {
        match self {
            Self::RedactEvent { author, .. }
            | Self::QuarantineMedia { author, .. }
            | Self::DeleteMedia { author, .. } => author.as_deref(),
            Self::RedactUser { user, .. }
            | Self::Sanction { user, .. }
            | Self::LogOut { user, .. }
            | Self::Deactivate { user, .. }
            | Self::ResetPassword { user, .. }
            | Self::DeleteMediaOf { user }
            | Self::QuarantineAll { files: FilesOf::User(user), .. } => Some(user),
            // Nobody is asked whether they want it, but who asks for it themselves.
            Self::JoinUser { user, asked_by, .. } if asked_by.as_ref() != Some(user) => Some(user),
            // To give power is against nobody.
            Self::SetPower { user, was, to, .. } if to.unwrap_or_default() < *was => Some(user),
            Self::Member { user, change: MemberChange::Kick | MemberChange::Ban, .. } => Some(user),
            // Who was in a room gets back what they had.
            Self::Member { .. }
            | Self::RestoreRoom { .. }
            | Self::BlockRoom { .. }
            | Self::UnblockRoom { .. }
            | Self::ShutDownRoom { .. }
            | Self::PurgeEmptyRoom { .. }
            | Self::MakeRoomAdmin { .. }
            | Self::DeleteExtremities { .. }
            | Self::PurgeHistory { .. }
            | Self::ListRoom { .. }
            | Self::UnlistRoom { .. }
            | Self::AddAlias { .. }
            | Self::RemoveAlias { .. }
            | Self::JoinRoom { .. }
            | Self::LeaveRoom { .. }
            | Self::Lift { .. }
            | Self::UnquarantineMedia { .. }
            | Self::DeleteReport { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::Tell { .. }
            | Self::CallWebhook { .. }
            | Self::Reactivate { .. }
            | Self::JoinUser { .. }
            | Self::SetPower { .. }
            | Self::SetRateLimit { .. }
            | Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::QuarantineAll { .. }
            | Self::ReleaseAll { .. }
            | Self::NewToken { .. }
            | Self::EditToken { .. }
            | Self::DeleteToken { .. }
            | Self::RetryServer { .. } => None,
        }
    }

    /// What it changes of whom, of what can be done for a time: the later of two steps about the same (also with the same
    /// [`Step::target`]) has the last word on it.
    pub fn subject(&self) -> Option<(&'static str, &UserId)> {
        match self {
            Self::Sanction { user, sanction } | Self::Lift { user, sanction } => {
                Some((sanction.command(), user))
            }
            Self::Member { user, change: MemberChange::Ban | MemberChange::Unban, .. } => Some(("ban", user)),
            Self::SetPower { user, .. } => Some(("power", user)),
            _ => None,
        }
    }

    /// What it is about, as it is searched for in the audit: a room, user or file, by ID.
    pub fn target(&self) -> String {
        match self {
            Self::RedactUser { user, .. }
            | Self::Sanction { user, .. }
            | Self::Lift { user, .. }
            | Self::IgnoreReporter { user }
            | Self::HeedReporter { user }
            | Self::Tell { user, .. }
            | Self::LogOut { user, .. }
            | Self::Deactivate { user, .. }
            | Self::Reactivate { user }
            | Self::ResetPassword { user, .. }
            | Self::SetRateLimit { user, .. }
            | Self::DeleteMediaOf { user } => user.to_string(),
            Self::Member { room, user, .. }
            | Self::JoinUser { room, user, .. }
            | Self::SetPower { room, user, .. } => {
                format!("{user} {}", room.id)
            }
            Self::RedactEvent { room, event_id, .. } => format!("{event_id} {}", room.id),
            Self::QuarantineMedia { media, .. }
            | Self::UnquarantineMedia { media }
            | Self::ProtectMedia { media }
            | Self::UnprotectMedia { media }
            | Self::DeleteMedia { media, .. } => media.to_string(),
            Self::QuarantineAll { files, .. } | Self::ReleaseAll { files, .. } => files.id().to_owned(),
            Self::NewToken { .. } => "registration tokens".to_owned(),
            // Whoever reads the audit need not learn it.
            Self::EditToken { token, .. } | Self::DeleteToken { token } => {
                format!("registration token {}", token.masked())
            }
            Self::RetryServer { server } => server.to_string(),
            Self::DeleteReport { report } => format!("{} report {}", report.kind.word(), report.id),
            Self::CallWebhook { name, .. } => name.clone(),
            of_a_room => of_a_room.room_ref().map(|room| room.id.to_string()).unwrap_or_default(),
        }
    }

    /// What two Plans must not work on at the same time: they take turns, in the order in which they were asked for.
    pub fn lane(&self) -> String {
        match self {
            Self::RedactUser { user, .. } => format!("redact {user}"),
            Self::Tell { key, .. } => format!("tell {key}"),
            Self::RedactEvent { .. } => self.target(),
            // Of two that are made at a time it could not be known which is whose.
            Self::NewToken { .. } => "registration tokens".to_owned(),
            Self::EditToken { token, .. } | Self::DeleteToken { token } => {
                format!("registration token {}", token.0)
            }
            // One that does not answer keeps nobody else waiting.
            Self::CallWebhook { name, body } => format!("webhook {name} {}", body["case"]),
            _ => self.room_ref().map_or_else(|| self.target(), |room| room.id.to_string()),
        }
    }

    /// The command that is for it: undoing needs the power that doing it needs.
    pub fn command(&self) -> &'static str {
        match self {
            Self::BlockRoom { .. } => "block",
            Self::UnblockRoom { .. } => "unblock",
            Self::ShutDownRoom { .. } | Self::RestoreRoom { .. } => "shutdown",
            Self::PurgeEmptyRoom { .. } => "empty-rooms",
            Self::MakeRoomAdmin { .. } => "room-admin",
            Self::DeleteExtremities { .. } => "extremities",
            Self::PurgeHistory { .. } => "purge-history",
            Self::ListRoom { .. } => "list-room",
            Self::UnlistRoom { .. } => "unlist",
            Self::AddAlias { .. } | Self::RemoveAlias { .. } => "alias",
            Self::RedactEvent { .. } | Self::RedactUser { .. } => "redact",
            Self::Member { change, .. } => change.command(),
            Self::Sanction { sanction, .. } => sanction.command(),
            Self::Lift { sanction, .. } => sanction.reverse_command(),
            Self::QuarantineMedia { .. } => "quarantine",
            Self::UnquarantineMedia { .. } => "unquarantine",
            Self::DeleteReport { .. } | Self::IgnoreReporter { .. } | Self::HeedReporter { .. } => "report",
            Self::CallWebhook { .. } => "resolve",
            Self::Tell { .. } => "notice",
            Self::JoinRoom { .. } | Self::JoinUser { .. } => "join",
            Self::LeaveRoom { .. } => "leave",
            Self::LogOut { .. } => "logout",
            Self::Deactivate { .. } => "deactivate",
            Self::Reactivate { .. } => "reactivate",
            Self::ResetPassword { .. } => "reset-password",
            // Nobody who may write is left below the level of everybody.
            Self::SetPower { to: Some(level), .. } if *level < 0 => "mute",
            Self::SetPower { to: None, .. } => "unmute",
            Self::SetPower { .. } => "power",
            Self::SetRateLimit { .. } => "ratelimit",
            Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::DeleteMedia { .. }
            | Self::DeleteMediaOf { .. } => "media",
            Self::QuarantineAll { .. } => "quarantine",
            Self::ReleaseAll { .. } => "unquarantine",
            Self::NewToken { .. } | Self::EditToken { .. } | Self::DeleteToken { .. } => "token",
            Self::RetryServer { .. } => "federation",
        }
    }

    /// Whether it runs in the background of the server, for as long as that takes, or asks somebody else.
    pub fn takes_long(&self) -> bool {
        match self {
            Self::ShutDownRoom { .. }
            | Self::RestoreRoom { .. }
            | Self::PurgeEmptyRoom { .. }
            | Self::PurgeHistory { .. }
            | Self::RedactUser { .. }
            | Self::CallWebhook { .. }
            | Self::Deactivate { .. }
            | Self::DeleteMediaOf { .. }
            | Self::QuarantineAll { .. }
            | Self::ReleaseAll { .. } => true,
            Self::BlockRoom { .. }
            | Self::UnblockRoom { .. }
            | Self::MakeRoomAdmin { .. }
            | Self::DeleteExtremities { .. }
            | Self::ListRoom { .. }
            | Self::UnlistRoom { .. }
            | Self::AddAlias { .. }
            | Self::RemoveAlias { .. }
            | Self::JoinRoom { .. }
            | Self::LeaveRoom { .. }
            | Self::RedactEvent { .. }
            | Self::Member { .. }
            | Self::Sanction { .. }
            | Self::Lift { .. }
            | Self::QuarantineMedia { .. }
            | Self::UnquarantineMedia { .. }
            | Self::DeleteReport { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::Tell { .. }
            | Self::LogOut { .. }
            | Self::Reactivate { .. }
            | Self::ResetPassword { .. }
            | Self::JoinUser { .. }
            | Self::SetPower { .. }
            | Self::SetRateLimit { .. }
            | Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::DeleteMedia { .. }
            | Self::NewToken { .. }
            | Self::EditToken { .. }
            | Self::DeleteToken { .. }
            | Self::RetryServer { .. } => false,
        }
    }

    /// Whether the room as it is ends with it, so that nothing else can be done to it meanwhile.
    pub fn ends_room(&self) -> bool {
        matches!(self, Self::ShutDownRoom { .. } | Self::PurgeEmptyRoom { .. })
    }

    /// Why it cannot simply be undone, for steps of which that is true. They always ask first.
    pub fn irreversible(&self) -> Option<&'static str> {
        match self {
            Self::BlockRoom { .. }
            | Self::UnblockRoom { .. }
            | Self::RestoreRoom { .. }
            | Self::ListRoom { .. }
            | Self::UnlistRoom { .. }
            | Self::AddAlias { .. }
            | Self::RemoveAlias { .. }
            | Self::JoinRoom { .. }
            | Self::LeaveRoom { .. }
            | Self::Member { .. }
            | Self::Sanction { .. }
            | Self::Lift { .. }
            | Self::QuarantineMedia { .. }
            | Self::UnquarantineMedia { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::Reactivate { .. }
            | Self::JoinUser { .. }
            | Self::SetPower { .. }
            | Self::SetRateLimit { .. }
            | Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::QuarantineAll { .. }
            | Self::ReleaseAll { .. }
            | Self::NewToken { .. }
            | Self::EditToken { .. }
            | Self::DeleteToken { .. }
            | Self::RetryServer { .. } => None,
            Self::LogOut { .. } => {
                Some("whoever is logged out has to log in again, and may lose keys of encrypted messages")
            }
            Self::Deactivate { .. } => Some(
                "the account leaves its rooms and loses its logins, keys, addresses and settings for good",
            ),
            Self::ResetPassword { .. } => Some("the old password is gone"),
            Self::DeleteMedia { .. } => Some("the file is deleted from this server"),
            Self::DeleteMediaOf { .. } => Some("the files are deleted from this server"),
            Self::RedactEvent { .. } => Some("what was redacted is gone for everybody in the room"),
            Self::RedactUser { .. } => Some("what was redacted is gone for everybody in those rooms"),
            Self::DeleteReport { .. } => Some("the server cannot bring the report back; I keep the case"),
            // It is written by the configuration, and asked for there.
            Self::Tell { .. } | Self::CallWebhook { .. } => None,
            Self::ShutDownRoom { shutdown, .. } if shutdown.purge || shutdown.force_purge => {
                Some("the members are removed and the room's history on this server is deleted")
            }
            Self::ShutDownRoom { .. } => Some("the members are removed and have to come back by themselves"),
            Self::PurgeEmptyRoom { .. } => Some("the room's history on this server is deleted"),
            Self::MakeRoomAdmin { .. } => {
                Some("I cannot take the power away again; only somebody in the room can, with enough power")
            }
            Self::DeleteExtremities { .. } => Some("what is deleted cannot be put back"),
            Self::PurgeHistory { .. } => Some("the events are deleted from this server"),
        }
    }
}

//! One thing to do: what it does, whether it can be taken back, and how.

mod reverse;
mod words;

use ruma::{OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::reverse::Reverse;
use crate::{
    model::{HistoryPurge, MemberChange, Mxc, ReportKey, Sanction, Shutdown},
    reply::{Line, room_line},
};

/// A room, with what it was called when it was asked about: afterwards it may have no name any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRef {
    /// Its ID.
    pub id: OwnedRoomId,
    /// Its name.
    pub name: Option<String>,
    /// Its main alias.
    pub alias: Option<String>,
}

impl RoomRef {
    /// Name, alias and ID.
    pub fn line(&self) -> Line {
        room_line(self.name.as_deref(), self.alias.as_deref(), self.id.as_str())
    }
}

/// A room of which only the ID is known.
impl From<OwnedRoomId> for RoomRef {
    fn from(id: OwnedRoomId) -> Self {
        Self { id, name: None, alias: None }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Keep local users out of a room.
    BlockRoom {
        /// The room; the server need not know it.
        room: RoomRef,
    },
    /// Let local users into a room again.
    UnblockRoom {
        /// The room.
        room: RoomRef,
    },
    /// Remove all local members from a room, and purge it.
    ShutDownRoom {
        /// The room.
        room: RoomRef,
        /// How.
        shutdown: Shutdown,
        /// By which version of the API.
        #[serde(default)]
        api: DeleteApi,
    },
    /// Purge a room that nobody of this server is in. Not done if somebody has joined meanwhile.
    PurgeEmptyRoom {
        /// The room.
        room: RoomRef,
    },
    /// Give a user the highest power that a local member has.
    MakeRoomAdmin {
        /// The room.
        room: RoomRef,
        /// The user.
        user: OwnedUserId,
    },
    /// Delete a room's forward extremities but the newest.
    DeleteExtremities {
        /// The room.
        room: RoomRef,
    },
    /// Delete old events of a room.
    PurgeHistory {
        /// The room.
        room: RoomRef,
        /// Which.
        purge: HistoryPurge,
    },
    /// Put a room into the room directory.
    ListRoom {
        /// The room.
        room: RoomRef,
    },
    /// Take a room out of the room directory.
    UnlistRoom {
        /// The room.
        room: RoomRef,
    },
    /// Make a local alias lead to a room.
    AddAlias {
        /// The room.
        room: RoomRef,
        /// The alias.
        alias: OwnedRoomAliasId,
    },
    /// Delete a local alias.
    RemoveAlias {
        /// The room that it leads to.
        room: RoomRef,
        /// The alias.
        alias: OwnedRoomAliasId,
    },
    /// Join a room with the bot's own account, to watch it.
    JoinRoom {
        /// The room.
        room: RoomRef,
    },
    /// Leave a room with the bot's own account.
    LeaveRoom {
        /// The room.
        room: RoomRef,
    },
    /// Redact one event, with the bot's own account.
    RedactEvent {
        /// The room that it is in.
        room: RoomRef,
        /// The event.
        event_id: OwnedEventId,
        /// Who sent it, as far as that is known.
        author: Option<OwnedUserId>,
        /// Why, for everybody in the room to read.
        reason: Option<String>,
    },
    /// Redact what a user wrote in some rooms, by a task of the server.
    RedactUser {
        /// The user.
        user: OwnedUserId,
        /// The rooms; none means those that the user is in or banned from.
        rooms: Vec<OwnedRoomId>,
        /// Why, for everybody in the rooms to read.
        reason: Option<String>,
    },
    /// Kick, ban, unban or invite somebody, with the bot's own account.
    Member {
        /// The room.
        room: RoomRef,
        /// The user.
        user: OwnedUserId,
        /// What is to become of their membership.
        change: MemberChange,
        /// Why, for everybody in the room to read.
        reason: Option<String>,
    },
    /// Take something away from a local account until it is given back.
    Sanction {
        /// The account.
        user: OwnedUserId,
        /// What.
        sanction: Sanction,
    },
    /// Give it back.
    Lift {
        /// The account.
        user: OwnedUserId,
        /// What.
        sanction: Sanction,
    },
    /// Keep everybody from downloading a file from this server, and all equal files.
    QuarantineMedia {
        /// The file.
        media: Mxc,
        /// Who uploaded or sent it, as far as that is known.
        author: Option<OwnedUserId>,
    },
    /// Let it be downloaded again.
    UnquarantineMedia {
        /// The file.
        media: Mxc,
    },
    /// Delete an abuse report from the server's table. The case stays.
    DeleteReport {
        /// What it is known by.
        report: ReportKey,
    },
    /// Make no more cards of what somebody reports, and count them among no rule's reporters.
    IgnoreReporter {
        /// The reporter.
        user: OwnedUserId,
    },
    /// Take their reports seriously again.
    HeedReporter {
        /// The reporter.
        user: OwnedUserId,
    },
    /// Write to a local user: as a server notice where the server has them on, in a direct chat with the bot otherwise.
    Tell {
        /// The user.
        user: OwnedUserId,
        /// What is written.
        text: String,
        /// What this message is known by, so that it is written once.
        key: String,
    },
    /// Send a case to a webhook of the configuration.
    CallWebhook {
        /// Its name in the configuration: its address may be a secret.
        name: String,
        /// The body, a JSON object.
        body: Value,
    },
}

/// The version of the Delete Room API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteApi {
    /// It answers at once, and the work goes on in the background.
    #[default]
    V2,
    /// It answers when all is done.
    V1,
}

impl Step {
    /// The room that it is about, with its names; `None` for what is not about one room.
    pub fn room_ref(&self) -> Option<&RoomRef> {
        match self {
            Self::BlockRoom { room }
            | Self::UnblockRoom { room }
            | Self::ShutDownRoom { room, .. }
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
            | Self::Member { room, .. } => Some(room),
            Self::RedactUser { .. }
            | Self::Sanction { .. }
            | Self::Lift { .. }
            | Self::QuarantineMedia { .. }
            | Self::UnquarantineMedia { .. }
            | Self::DeleteReport { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::Tell { .. }
            | Self::CallWebhook { .. } => None,
        }
    }

    /// Whom it is against: what is done to rooms is against nobody, and so is what gives something back.
    pub fn against(&self) -> Option<&UserId> {
        match self {
            Self::RedactEvent { author, .. } | Self::QuarantineMedia { author, .. } => author.as_deref(),
            Self::RedactUser { user, .. } | Self::Sanction { user, .. } => Some(user),
            Self::Member { user, change: MemberChange::Kick | MemberChange::Ban, .. } => Some(user),
            Self::Member { .. }
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
            | Self::CallWebhook { .. } => None,
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
            | Self::Tell { user, .. } => user.to_string(),
            Self::Member { room, user, .. } => format!("{user} {}", room.id),
            Self::RedactEvent { room, event_id, .. } => format!("{event_id} {}", room.id),
            Self::QuarantineMedia { media, .. } | Self::UnquarantineMedia { media } => media.to_string(),
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
            Self::ShutDownRoom { .. } => "shutdown",
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
            Self::Tell { .. } | Self::CallWebhook { .. } => "resolve",
            // There is no other command for these.
            Self::JoinRoom { .. } | Self::LeaveRoom { .. } => "undo",
        }
    }

    /// Whether it runs in the background of the server, for as long as that takes, or asks somebody else.
    pub fn takes_long(&self) -> bool {
        match self {
            Self::ShutDownRoom { .. }
            | Self::PurgeEmptyRoom { .. }
            | Self::PurgeHistory { .. }
            | Self::RedactUser { .. }
            | Self::CallWebhook { .. } => true,
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
            | Self::Tell { .. } => false,
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
            | Self::HeedReporter { .. } => None,
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

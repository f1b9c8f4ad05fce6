//! One thing to do: what it does, whether it can be taken back, and how.

use ruma::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

use super::{Effect, Presence};
use crate::{
    model::{BlockStatus, HistoryPurge, Listing, LocalEvents, Shutdown},
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

/// How to put a finished step right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// By this step.
    By(Step),
    /// There is nothing to put right.
    Nothing(Line),
    /// It cannot be put right; the sentence says why and what can be done.
    Cannot(Line),
}

impl Step {
    /// The room that it is about.
    pub fn room(&self) -> &RoomId {
        &self.room_ref().id
    }

    /// The room that it is about, with its names.
    pub fn room_ref(&self) -> &RoomRef {
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
            | Self::LeaveRoom { room } => room,
        }
    }

    /// What it does, in the infinitive: "block Spam (`!x`)".
    pub fn describe(&self) -> Line {
        let room = || self.room_ref().line();
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
            // There is no other command for these.
            Self::JoinRoom { .. } | Self::LeaveRoom { .. } => "undo",
        }
    }

    /// Whether it runs in the background of the server, for as long as that takes.
    pub fn takes_long(&self) -> bool {
        match self {
            Self::ShutDownRoom { .. } | Self::PurgeEmptyRoom { .. } | Self::PurgeHistory { .. } => true,
            Self::BlockRoom { .. }
            | Self::UnblockRoom { .. }
            | Self::MakeRoomAdmin { .. }
            | Self::DeleteExtremities { .. }
            | Self::ListRoom { .. }
            | Self::UnlistRoom { .. }
            | Self::AddAlias { .. }
            | Self::RemoveAlias { .. }
            | Self::JoinRoom { .. }
            | Self::LeaveRoom { .. } => false,
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
            | Self::LeaveRoom { .. } => None,
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

    /// How to put it right after it ended with `effect`.
    pub fn reverse(&self, effect: &Effect) -> Reverse {
        let room = self.room_ref().clone();
        let nothing = |words: &str| Reverse::Nothing(room.line().text(words));
        match (self, effect) {
            (_, Effect::Blocked { before: BlockStatus::Open, .. }) => Reverse::By(Self::UnblockRoom { room }),
            (_, Effect::Blocked { before: BlockStatus::Blocked(_), .. }) => {
                nothing(" was blocked before already.")
            }
            (_, Effect::Unblocked { before: BlockStatus::Blocked(_) }) => {
                Reverse::By(Self::BlockRoom { room })
            }
            (_, Effect::Unblocked { before: BlockStatus::Open }) => nothing(" was not blocked before."),
            (Self::PurgeEmptyRoom { .. }, Effect::ShutDown { .. }) => Reverse::Cannot(
                Line::new().text("I cannot bring back what was purged of ").append(room.line()).text("."),
            ),
            (_, Effect::ShutDown { .. }) => {
                let line = Line::new().text("I cannot undo the shutdown of ").append(room.line());
                let line = line.text(
                    " yet. I kept its name, topic, aliases, state and the list of its local members for that. To let \
                     people join it again: ",
                );
                Reverse::Cannot(line.code(format!("!unblock {}", room.id)).text("."))
            }
            (_, Effect::AdminMade { .. }) => Reverse::Cannot(
                Line::new()
                    .text("I cannot take power away in ")
                    .append(room.line())
                    .text(": somebody in the room with as much power can, or the user can give it up."),
            ),
            (_, Effect::Trimmed { deleted: 0, .. }) => nothing(" had no extremities to delete."),
            (_, Effect::Trimmed { .. }) => Reverse::Cannot(
                Line::new()
                    .text("I cannot put the forward extremities of ")
                    .append(room.line())
                    .text(" back."),
            ),
            (_, Effect::HistoryPurged) => Reverse::Cannot(
                Line::new().text("I cannot bring back the history of ").append(room.line()).text("."),
            ),
            (_, Effect::Listed { before: Listing::Unlisted }) => Reverse::By(Self::UnlistRoom { room }),
            (_, Effect::Listed { before: Listing::Listed }) => nothing(" was listed before already."),
            (_, Effect::Unlisted { before: Listing::Listed }) => Reverse::By(Self::ListRoom { room }),
            (_, Effect::Unlisted { before: Listing::Unlisted }) => nothing(" was not listed before."),
            (Self::AddAlias { alias, .. }, Effect::AliasAdded { before: None }) => {
                Reverse::By(Self::RemoveAlias { room, alias: alias.clone() })
            }
            (Self::RemoveAlias { alias, .. }, Effect::AliasRemoved { before: Some(_) }) => {
                Reverse::By(Self::AddAlias { room, alias: alias.clone() })
            }
            (_, Effect::AliasAdded { .. } | Effect::AliasRemoved { .. }) => {
                nothing(": the alias was like this before already.")
            }
            (_, Effect::Entered { before: Presence::Joined, .. }) => nothing(": I was in it before already."),
            (_, Effect::Entered { now, .. }) => Reverse::By(Self::LeaveRoom { room: now.clone() }),
            (_, Effect::Departed { before: Presence::Joined }) => Reverse::By(Self::JoinRoom { room }),
            (_, Effect::Departed { .. }) => nothing(": I was not in it before."),
        }
    }
}

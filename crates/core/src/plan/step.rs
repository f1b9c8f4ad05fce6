//! One thing to do: what it does, whether it can be taken back, and how.

mod about;
mod matter;
mod reverse;
mod words;

use ruma::{OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedServerName, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::reverse::Reverse;
use super::Restoration;
use crate::{
    model::{
        Erase, HistoryPurge, MemberChange, Millis, Mxc, NewToken, RateLimit, ReportKey, Sanction, Sessions,
        Shutdown, TokenLimits, TokenWord,
    },
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
    /// Bring a room back that was shut down, or put another one in its place.
    RestoreRoom {
        /// The room that was shut down.
        room: RoomRef,
        /// How, and with whom.
        restoration: Box<Restoration>,
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
        /// Only what was sent then or later.
        #[serde(default)]
        since: Option<Millis>,
        /// Only so many of the newest in each room.
        #[serde(default)]
        limit: Option<u32>,
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
    /// End logins of a local account.
    LogOut {
        /// The account.
        user: OwnedUserId,
        /// The ID of the login; `None` for all of them.
        device: Option<String>,
    },
    /// Deactivate a local account, and see it leave its rooms.
    Deactivate {
        /// The account.
        user: OwnedUserId,
        /// Whether the server forgets it too.
        erase: Erase,
    },
    /// Bring a deactivated account back, without what it had.
    Reactivate {
        /// The account.
        user: OwnedUserId,
    },
    /// Give a local account a password by chance, and send it to a moderator in a direct chat.
    ResetPassword {
        /// The account.
        user: OwnedUserId,
        /// Who gets the password.
        recipient: OwnedUserId,
        /// What becomes of the account's logins.
        sessions: Sessions,
    },
    /// Bring a local user into a room, without asking them.
    JoinUser {
        /// The room.
        room: RoomRef,
        /// The user.
        user: OwnedUserId,
        /// Who asked for it: they may bring themselves.
        #[serde(default)]
        asked_by: Option<OwnedUserId>,
    },
    /// Give a user a power level in a room, with the bot's own account.
    SetPower {
        /// The room.
        room: RoomRef,
        /// The user.
        user: OwnedUserId,
        /// The level that they had when it was asked for.
        was: i64,
        /// The level; `None` for that of everybody.
        to: Option<i64>,
    },
    /// Say how fast a local account may send; `None` leaves it to the server.
    SetRateLimit {
        /// The account.
        user: OwnedUserId,
        /// How fast.
        limit: Option<RateLimit>,
    },
    /// Keep a file of this server out of every quarantine.
    ProtectMedia {
        /// The file.
        media: Mxc,
    },
    /// Let a file be quarantined again.
    UnprotectMedia {
        /// The file.
        media: Mxc,
    },
    /// Delete a file from this server.
    DeleteMedia {
        /// The file.
        media: Mxc,
        /// Who uploaded it, as far as that is known.
        author: Option<OwnedUserId>,
    },
    /// Delete all files that a local user uploaded.
    DeleteMediaOf {
        /// The user.
        user: OwnedUserId,
    },
    /// Quarantine all files of a user or a room, or those again that [`Step::ReleaseAll`] let out.
    QuarantineAll {
        /// Whose.
        files: FilesOf,
        /// Only these; `None` for all.
        #[serde(default)]
        only: Option<Vec<Mxc>>,
    },
    /// Let files be downloaded again that [`Step::QuarantineAll`] quarantined, or all that are in quarantine.
    ReleaseAll {
        /// Whose.
        files: FilesOf,
        /// Only these; `None` for all.
        only: Option<Vec<Mxc>>,
    },
    /// Make a registration token.
    NewToken {
        /// Which.
        new: NewToken,
    },
    /// Change what a registration token allows.
    EditToken {
        /// The token.
        token: TokenWord,
        /// What it allows from then on.
        limits: TokenLimits,
    },
    /// Delete a registration token.
    DeleteToken {
        /// The token.
        token: TokenWord,
    },
    /// Try at once to reach another server that could not be reached.
    RetryServer {
        /// The server.
        server: OwnedServerName,
    },
}

/// Whose files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesOf {
    /// What a local user uploaded.
    User(OwnedUserId),
    /// What is in messages of a room that are not encrypted.
    Room(RoomRef),
}

impl FilesOf {
    /// “the files of …”
    pub fn line(&self) -> Line {
        match self {
            Self::User(user) => Line::new().text("the files of ").code(user.as_str()),
            Self::Room(room) => Line::new().text("the files in ").append(room.line()),
        }
    }

    /// The ID of the user or room.
    pub fn id(&self) -> &str {
        match self {
            Self::User(user) => user.as_str(),
            Self::Room(room) => room.id.as_str(),
        }
    }
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

//! How far a step is, and what became of it.

use ruma::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use super::{NotRedacted, RedactionRun, Restored, RestoringRun, RoomRef};
use crate::model::{BlockStatus, DeleteResult, Listing, Mxc, RateLimit, TokenLimits, TokenWord};

/// Where a step goes on after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum StepState {
    /// A block is about to be set or lifted. That is idempotent, but how it was before must not be read again.
    Blocking {
        /// How it was before.
        before: BlockStatus,
    },
    /// The deletion is about to be asked for. After a crash, a task that is not among the known ones is ours.
    Asking {
        /// The `delete_id`s that the room had before.
        known: Vec<String>,
        /// How many local members there were.
        members: u64,
    },
    /// The deletion was accepted.
    Following {
        /// Its `delete_id`.
        delete_id: String,
        /// How many local members there were.
        members: u64,
        /// How many of them are out, as far as the server has said.
        removed: u64,
    },
    /// The deletion is about to be asked for by version 1 of the API, which knows no task: after a crash only the room
    /// itself tells whether it was.
    AskingV1 {
        /// How many local members there were.
        members: u64,
    },
    /// Power is about to be granted.
    Granting {
        /// The user's power level before; `None` for a creator.
        before: Option<i64>,
    },
    /// Forward extremities are about to be deleted.
    Trimming {
        /// How many there were.
        before: u64,
    },
    /// The purge of history is about to be asked for. After a crash, a task that is not among the known ones is ours.
    AskingPurge {
        /// The IDs of the purges that the room had before.
        known: Vec<String>,
    },
    /// The purge of history was accepted.
    FollowingPurge {
        /// Its `purge_id`.
        purge_id: String,
    },
    /// The room is about to be put into the room directory, or taken out of it.
    Listing {
        /// How it was before.
        before: Listing,
    },
    /// The bot is about to join or leave the room.
    Moving {
        /// Whether it was in the room before.
        before: Presence,
    },
    /// A report is about to be deleted, or a webhook to be called.
    Trying,
    /// An event is about to be redacted: that is seen at the event.
    Redacting,
    /// The redaction of what a user wrote is about to be asked for. After a crash, a task that is not among the known
    /// ones is ours.
    AskingRedaction {
        /// The IDs of the redactions that the user had before.
        known: Vec<String>,
        /// What is done besides.
        #[serde(default)]
        run: Box<RedactionRun>,
    },
    /// The redaction was accepted.
    FollowingRedaction {
        /// Its `redact_id`.
        redact_id: String,
        /// What is done besides.
        #[serde(default)]
        run: Box<RedactionRun>,
    },
    /// The redaction of what a user wrote is under way, and the server is not asked for a task.
    RedactingUser {
        /// How far it is.
        run: Box<RedactionRun>,
    },
    /// Somebody's membership is about to be changed.
    ChangingMember {
        /// What it was before; `None` for none.
        before: Option<String>,
    },
    /// An account is about to be sanctioned, or given back what was taken away.
    Sanctioning {
        /// Whether it was sanctioned before.
        before: bool,
    },
    /// A file is about to be quarantined, or let out.
    Quarantining {
        /// Whether it was in quarantine before.
        before: bool,
    },
    /// A user is about to be written to.
    Telling {
        /// The direct chat; `None` while a server notice is tried.
        room_id: Option<OwnedRoomId>,
    },
    /// An alias is about to be added or removed.
    Aliasing {
        /// Where it led before.
        before: Option<OwnedRoomId>,
    },
    /// Logins are about to be ended.
    LoggingOut {
        /// Their IDs.
        devices: Vec<String>,
    },
    /// An account is about to be deactivated.
    Deactivating {
        /// How many rooms it was in.
        rooms: u64,
    },
    /// The account is deactivated, and leaves its rooms.
    Parting {
        /// How many rooms it was in.
        rooms: u64,
        /// How many of them it has left.
        left: u64,
        /// How many looks in a row found it in as many rooms as before.
        idle: u32,
    },
    /// An account is about to be brought back.
    Reactivating,
    /// A password is about to be set, and sent. Until it is sent it is made anew.
    SettingPassword {
        /// The direct chat for it.
        room_id: OwnedRoomId,
    },
    /// A local user is about to be brought into a room.
    BringingIn {
        /// Their membership before; `None` for none.
        before: Option<String>,
    },
    /// A power level is about to be set.
    Empowering {
        /// The user's own level before; `None` if they had that of everybody.
        before: Option<i64>,
    },
    /// A rate limit is about to be set or removed.
    Limiting {
        /// The account's own limit before.
        before: Option<RateLimit>,
    },
    /// A file is about to be protected from quarantine, or no longer.
    Protecting {
        /// Whether it was before.
        before: bool,
    },
    /// Files are being deleted.
    Deleting {
        /// How many there were.
        files: u64,
        /// How many of them are deleted.
        deleted: u64,
    },
    /// Many files are looked at, before any of them is changed.
    Surveying {
        /// Which.
        all: Vec<Mxc>,
        /// How many of them were looked at.
        looked_at: u64,
        /// Those among them that are to be changed.
        found: Vec<Mxc>,
        /// How many are not, because they are protected or the server does not have them.
        spared: u64,
    },
    /// Many files are about to be quarantined.
    QuarantiningAll {
        /// Those that were not before, and can be.
        files: Vec<Mxc>,
        /// How many cannot be, because they are protected or the server does not have them.
        spared: u64,
        /// How many are known to be in quarantine.
        done: u64,
    },
    /// Many files are let out of quarantine one after the other.
    Releasing {
        /// Which.
        files: Vec<Mxc>,
        /// How many of them are known to be out.
        done: u64,
    },
    /// A registration token is about to be made. After a crash, one that is not among the known ones is ours.
    MakingToken {
        /// Those that there were before.
        known: Vec<TokenWord>,
    },
    /// A registration token is about to be changed or deleted.
    ChangingToken {
        /// What it allowed before.
        before: TokenLimits,
    },
    /// Another server is about to be tried again.
    Retrying,
    /// A room that was shut down is brought back.
    Restoring {
        /// How far that is.
        run: Box<RestoringRun>,
    },
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The server confirmed the effect.
    Done {
        /// What is now true.
        effect: Effect,
    },
    /// It did not happen, or not wholly.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// What is true all the same, in a sentence.
        but: Option<String>,
    },
    /// It was not begun, and is not to be any more: the server was not asked to do it. (For a password that was to be set, it may
    /// have made an empty direct chat.)
    Stopped {
        /// Who stopped the job.
        by: OwnedUserId,
    },
}

impl Outcome {
    /// Whether the server confirmed the effect.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

/// What a finished step changed, as the server said afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The room is blocked.
    Blocked {
        /// How it was before.
        before: BlockStatus,
        /// Local members who are still inside.
        inside: Inside,
    },
    /// The room is open.
    Unblocked {
        /// How it was before.
        before: BlockStatus,
    },
    /// The room is shut down.
    ShutDown {
        /// What the server did.
        result: DeleteResult,
        /// Whether the room is blocked now; `None` when the server could not be asked.
        blocked: Option<bool>,
        /// Whether the server still knows the room; `None` when it could not be asked.
        known: Option<bool>,
    },
    /// The user has the power.
    AdminMade {
        /// The user's power level before; `None` for a creator.
        before: Option<i64>,
        /// Their power level now; `None` for a creator, who stands above all levels, and when it could not be asked.
        level: Option<i64>,
        /// Whether they are in the room.
        presence: Presence,
    },
    /// Forward extremities are deleted.
    Trimmed {
        /// How many.
        deleted: u64,
        /// How many are left; `None` when it could not be asked.
        left: Option<u64>,
    },
    /// The history is purged.
    HistoryPurged,
    /// The room is in the room directory.
    Listed {
        /// How it was before.
        before: Listing,
    },
    /// The room is not in the room directory.
    Unlisted {
        /// How it was before.
        before: Listing,
    },
    /// The alias leads to the room.
    AliasAdded {
        /// Where it led before.
        before: Option<OwnedRoomId>,
    },
    /// The alias leads nowhere.
    AliasRemoved {
        /// Where it led before.
        before: Option<OwnedRoomId>,
    },
    /// The bot is in the room.
    Entered {
        /// Whether it was before.
        before: Presence,
        /// The room, as it is called inside: what an invitation calls it is not to be trusted.
        now: RoomRef,
    },
    /// The bot is not in the room.
    Departed {
        /// Whether it was before.
        before: Presence,
    },
    /// The event is redacted.
    EventRedacted,
    /// What the user wrote is redacted, but for the rest.
    UserRedacted {
        /// In how many rooms there was something to redact.
        #[serde(default)]
        rooms: u64,
        /// How many events.
        #[serde(default)]
        events: u64,
        /// What is not.
        #[serde(flatten)]
        rest: NotRedacted,
    },
    /// The membership is as it was to become.
    MemberChanged {
        /// What it was before; `None` for none.
        before: Option<String>,
    },
    /// The account is sanctioned.
    Sanctioned {
        /// Whether it was before.
        before: bool,
    },
    /// The account is not sanctioned.
    Lifted {
        /// Whether it was before.
        before: bool,
    },
    /// The file is in quarantine.
    Quarantined {
        /// Whether it was before.
        before: bool,
    },
    /// The file is not in quarantine.
    Unquarantined {
        /// Whether it was before.
        before: bool,
    },
    /// The server no longer has the report.
    ReportDeleted,
    /// I ignore the reporter.
    ReporterIgnored,
    /// I do not ignore the reporter.
    ReporterHeeded,
    /// The user was written to.
    Told {
        /// In which direct chat; `None` for a server notice.
        room_id: Option<OwnedRoomId>,
    },
    /// The webhook was called, and answered that it took it.
    WebhookCalled,
    /// Logins have ended.
    LoggedOut {
        /// How many.
        devices: u64,
    },
    /// The account is deactivated.
    Deactivated {
        /// How many rooms it left.
        left: u64,
        /// The rooms that it is still in, as far as the server says: the first hundred.
        inside: Vec<OwnedRoomId>,
    },
    /// The account is active.
    Reactivated,
    /// The account has a new password, which was sent.
    PasswordReset {
        /// In which direct chat.
        room_id: OwnedRoomId,
    },
    /// The user is in the room.
    UserJoined {
        /// Their membership before; `None` for none.
        before: Option<String>,
    },
    /// The user has the power level.
    PowerSet {
        /// Their own level before; `None` if they had that of everybody.
        before: Option<i64>,
    },
    /// The account's own rate limit is as it was to be.
    RateLimitSet {
        /// What it was before.
        before: Option<RateLimit>,
    },
    /// The file is protected from quarantine.
    Protected {
        /// Whether it was before.
        before: bool,
    },
    /// The file is not protected from quarantine.
    Unprotected {
        /// Whether it was before.
        before: bool,
    },
    /// Files are deleted.
    MediaDeleted {
        /// How many.
        files: u64,
    },
    /// Files are in quarantine.
    AllQuarantined {
        /// Those that were not before.
        files: Vec<Mxc>,
        /// How many are not, because they are protected or the server does not have them.
        spared: u64,
    },
    /// Files are not in quarantine.
    AllReleased {
        /// Those that were before.
        files: Vec<Mxc>,
    },
    /// There is a registration token.
    TokenMade {
        /// It.
        token: TokenWord,
    },
    /// The registration token allows what it was to.
    TokenEdited {
        /// What it allowed before.
        before: TokenLimits,
    },
    /// There is no such registration token.
    TokenDeleted {
        /// What it still allowed: without the uses that it has had.
        before: TokenLimits,
    },
    /// What was to be put right was changed by somebody else since, and is left as it is.
    ChangedSince,
    /// The other server was tried again.
    ServerRetried {
        /// Whether it could be reached; `None` if that is not known yet.
        reached: Option<bool>,
    },
    /// The room is back, or another one is in its place.
    Restored {
        /// What came of it.
        restored: Box<Restored>,
    },
}

/// Whether somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Joined.
    Joined,
    /// Invited, and not joined yet.
    Invited,
    /// Neither.
    Outside,
    /// The server could not be asked.
    NotTold,
}

/// How many local members a blocked room still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// So many.
    Members(u64),
    /// The server does not know the room.
    UnknownRoom,
    /// The server could not be asked.
    NotTold,
}

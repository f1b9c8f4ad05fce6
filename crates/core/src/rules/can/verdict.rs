//! What an answer consists of: yes or no, why, which event says so, what is missing, and who could grant it.

use ruma::events::room::power_levels::PowerLevelAction;

use super::super::power::Level;
use crate::model::{Event, Millis};

/// Whether somebody may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They may.
    Yes,
    /// They may not.
    No,
    /// Too little is known.
    NotKnown,
}

/// Whether somebody may do something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether.
    pub answer: Answer,
    /// Why.
    pub reason: Reason,
    /// The event that says so; `None` where none does.
    pub says: Option<Source>,
    /// What is missing; each of them.
    pub missing: Vec<Missing>,
    /// Who could give what is missing first.
    pub who_can_grant: Option<Grantors>,
    /// What is good to know as well.
    pub remarks: Vec<Remark>,
}

impl Verdict {
    pub(super) fn new(answer: Answer, reason: Reason) -> Self {
        Self { answer, reason, says: None, missing: Vec::new(), who_can_grant: None, remarks: Vec::new() }
    }

    pub(super) fn yes(reason: Reason) -> Self {
        Self::new(Answer::Yes, reason)
    }

    pub(super) fn no(reason: Reason) -> Self {
        Self::new(Answer::No, reason)
    }

    pub(super) fn says(mut self, event: Option<&Event>) -> Self {
        self.says = event.map(Source::of);
        self
    }

    pub(super) fn missing(mut self, missing: Missing) -> Self {
        self.missing.push(missing);
        self
    }

    pub(super) fn who(mut self, grantors: Grantors) -> Self {
        self.who_can_grant = Some(grantors);
        self
    }

    pub(super) fn remark(mut self, remark: Remark) -> Self {
        self.remarks.push(remark);
        self
    }
}

/// The event that something follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its type.
    pub kind: String,
    /// Its state key.
    pub state_key: String,
    /// Its ID, where it has one.
    pub event_id: Option<String>,
    /// Who sent it.
    pub sender: Option<String>,
    /// When.
    pub time: Option<Millis>,
}

impl Source {
    /// An event as a source.
    pub fn of(event: &Event) -> Self {
        Self {
            kind: event.kind().to_owned(),
            state_key: event.state_key().unwrap_or_default().to_owned(),
            event_id: event.event_id().map(ToString::to_string),
            sender: Some(event.sender()).filter(|sender| !sender.is_empty()).map(str::to_owned),
            time: Some(event.time()).filter(|time| *time > 0),
        }
    }
}

/// Why somebody may do something, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server has no state of the room.
    NoState,
    /// The account is deactivated.
    Deactivated,
    /// The account is locked.
    Locked,
    /// The account is suspended.
    Suspended,
    /// The user is banned.
    Banned,
    /// The user is in the room.
    AlreadyIn,
    /// The user is invited.
    Invited,
    /// The user is invited, and need not ask.
    NoNeedToAsk,
    /// The user asks to be let in already.
    Knocking,
    /// The room is public.
    Public,
    /// The user is a member of this room, whose members may join.
    MemberOf(String),
    /// The user is in none of these rooms, whose members may join.
    MemberOfNone(Vec<String>),
    /// Whether the user is in one of these rooms, whose members may join, is not known.
    MemberOfNotKnown(Vec<String>),
    /// The room is for the members of other rooms, and names none.
    NoRoomsNamed,
    /// Nobody inside may invite, so nobody can vouch for a member of another room.
    NobodyVouches {
        /// The level that inviting takes.
        needed: i64,
    },
    /// Only the invited may join.
    InviteOnly,
    /// Who is not invited has to ask.
    AskFirst,
    /// People can ask to be let in.
    MayAsk,
    /// The room takes no requests to be let in.
    NoRequests,
    /// The join rule is not one that servers know.
    UnknownRule(String),
    /// The join rule means nothing in the room's version.
    RuleNotOfVersion {
        /// The rule.
        rule: String,
        /// The version.
        version: String,
    },
    /// The room is for users of one server only.
    OneServer(String),
    /// The server ACL keeps this server out.
    Denied(String),
    /// The room is blocked on this server.
    Blocked,
    /// The user is a guest, and guests cannot join.
    NoGuests,
    /// Nobody is in the room.
    Empty,
    /// Somebody inside can invite.
    Inviters {
        /// The level that inviting takes.
        needed: i64,
    },
    /// Nobody inside can invite.
    NoInviters {
        /// The level that inviting takes.
        needed: i64,
    },
    /// Anybody may read, members or not.
    WorldReadable,
    /// Members may read everything.
    ReadsAll,
    /// Members may read from their invitation on.
    ReadsFromInvitation,
    /// Members may read from their joining on.
    ReadsFromJoining,
    /// Only members may read.
    ReadsNothing,
    /// Whoever acts has to be in the room.
    NotIn,
    /// Whether the user is in the room is not known.
    MembershipNotKnown,
    /// The user is a creator of the room, above all levels.
    Creator,
    /// The user has the power that it takes.
    Enough {
        /// What is done.
        action: PowerLevelAction,
        /// The user's level.
        has: i64,
        /// What it takes.
        needed: i64,
    },
    /// The user has less power than it takes.
    TooLittle {
        /// What would be done.
        action: PowerLevelAction,
        /// The user's level.
        has: i64,
        /// What it takes.
        needed: i64,
    },
    /// The other one has as much power, or more.
    AsStrong {
        /// The other one; those without a level of their own when `None`.
        target: Option<String>,
        /// Their power.
        of: Level,
        /// The user's.
        has: Level,
    },
    /// Nobody can do this to themselves.
    Oneself,
    /// Leaving takes no power.
    Leaving,
    /// The other one is a creator of the room, whom no level can be given.
    TargetCreator(String),
    /// The other one is in the room.
    TargetIn(String),
    /// The other one is not in the room.
    TargetOut(String),
    /// The other one is banned.
    TargetBanned(String),
    /// The other one is not banned.
    TargetNotBanned(String),
    /// Nobody can give more power than they have.
    OverOwn {
        /// The level to give.
        to: i64,
        /// The user's.
        has: i64,
    },
    /// A room's first event never changes.
    NeverChanges,
    /// Memberships have rules of their own, each.
    Memberships,
}

/// What somebody lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Power.
    Power {
        /// Their level.
        has: i64,
        /// What it takes.
        needed: i64,
    },
    /// More power than another has.
    MoreThan(Level),
    /// An invitation.
    Invitation,
    /// A request to be let in, and somebody who accepts it.
    Request,
    /// Membership of one of these rooms.
    MemberOf(Vec<String>),
    /// The end of a ban.
    Unban,
    /// The end of the room's block on this server.
    Unblock,
    /// Being in the room.
    BeIn,
    /// A server ACL that lets this server take part.
    ServerAllowed(String),
    /// Another join rule.
    OtherRule,
    /// Somebody inside with the power to invite.
    Inviter {
        /// The level that inviting takes.
        needed: i64,
    },
    /// An account that can be used.
    UsableAccount,
}

/// Who could give what is missing: those with the power for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grantors {
    /// What they would do.
    pub grant: Grant,
    /// The first of them with their power: those of this server first, then those with the most power.
    pub users: Vec<(String, Level)>,
    /// How many more there are.
    pub more: usize,
    /// Whether everybody inside can.
    pub everybody: bool,
}

/// What is to be done for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Invite them.
    Invite,
    /// Lift their ban.
    Unban,
    /// Raise their power.
    Power,
    /// Change the server ACL.
    ServerAcl,
    /// Change the join rules.
    JoinRules,
}

/// What is good to know beside an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The power levels are not of the specified shape.
    Malformed,
    /// The room version is not known.
    UnknownVersion(Option<String>),
    /// It is about those who have this power.
    InGeneral(Level),
    /// Bans and invitations are not known.
    MembershipsNotKnown,
    /// This server is denied by the room's server ACL.
    OwnServerDenied(String),
    /// Their own messages can be redacted all the same.
    OwnMessages,
    /// A block does not keep members from acting.
    BlockKeepsMembers,
    /// Only a member on another server can vouch.
    VouchedElsewhere,
    /// What was written before keeps the rule of its time.
    OlderHistory,
    /// What was written while they were in stays readable.
    WhileTheyWereIn,
    /// They see what an invitation shows, no more.
    InvitationShows,
    /// The highest level that they can give.
    GiveAtMost(i64),
    /// The target is banned already.
    BannedAlready,
    /// The room is closed by a tombstone.
    Closed,
}

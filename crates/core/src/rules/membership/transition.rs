//! The meanings that an `m.room.member` event can have.

use crate::rules::member::Membership;

/// What an `m.room.member` event means. “Self” is when the sender is the one whose membership it is; by the user IDs,
/// never by names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transition {
    /// leave → invite.
    Invited,
    /// leave, invite or knock → invite by self, which no server may allow.
    InvitedThemselves,
    /// leave → join.
    Joined,
    /// leave, invite or knock → join by another, which no server may allow.
    JoinedByOther,
    /// leave → leave by self, which no server may allow.
    LeftAgain,
    /// leave → leave by another; the state can be written so.
    RecordedAsGone,
    /// leave → ban.
    Banned,
    /// Any → ban by self, which no server may allow.
    BannedThemselves,
    /// leave → knock.
    Knocked,
    /// leave or knock → knock by another, which no server may allow.
    KnockedByOther,
    /// invite → invite.
    InvitationRepeated,
    /// invite → join.
    InvitationAccepted,
    /// invite → leave by self.
    InvitationDeclined,
    /// invite → leave by another.
    InvitationWithdrawn,
    /// invite → ban.
    InviteeBanned,
    /// invite → knock, which no server may allow.
    KnockedThoughInvited,
    /// join → invite, which must never happen.
    InvitedThoughJoined,
    /// join → join with another name.
    NameChanged,
    /// join → join with another picture.
    PictureChanged,
    /// join → join with another name and another picture.
    NameAndPictureChanged,
    /// join → join with the same name and picture.
    JoinRepeated,
    /// join → join, redacted: what it changed is not known any more.
    ProfileRedacted,
    /// join → join by another, which no server may allow.
    ProfileChangedByOther,
    /// join → leave by self.
    Left,
    /// join → leave by another.
    Kicked,
    /// join → ban.
    KickedAndBanned,
    /// join → knock, which must never happen.
    KnockedThoughJoined,
    /// ban → invite, which must never happen.
    InvitedThoughBanned,
    /// ban → join, which must never happen.
    JoinedThoughBanned,
    /// ban → leave by self, which no server may allow.
    UnbannedThemselves,
    /// ban → leave by another.
    Unbanned,
    /// ban → ban, such as with another reason.
    BanChanged,
    /// ban → knock, which must never happen.
    KnockedThoughBanned,
    /// knock → invite.
    KnockAccepted,
    /// knock → join: the room was opened meanwhile, or they got into a room that it lets in.
    JoinedWithoutAnswer,
    /// knock → leave by self.
    KnockRetracted,
    /// knock → leave by another.
    KnockRefused,
    /// knock → ban.
    KnockerBanned,
    /// knock → knock.
    KnockRepeated,
    /// The membership before is not shown, though there was one (`unsigned.replaces_state` without `prev_content`).
    Unseen(Membership),
    /// The membership before is a word that is none of the five.
    UnknownBefore(Membership),
    /// The membership is a word that is none of the five.
    UnknownMembership,
    /// The membership is missing or no text.
    NoMembership,
    /// The state key is no user ID.
    NoUser,
    /// Not a state event: it changes nobody's membership.
    NotState,
}

impl Transition {
    /// Whether no server that keeps the rules allows it. It can be met all the same: after a state reset, or from
    /// servers that are broken or hostile.
    pub fn is_anomaly(self) -> bool {
        match self {
            Self::InvitedThemselves
            | Self::JoinedByOther
            | Self::LeftAgain
            | Self::BannedThemselves
            | Self::KnockedByOther
            | Self::KnockedThoughInvited
            | Self::InvitedThoughJoined
            | Self::ProfileChangedByOther
            | Self::KnockedThoughJoined
            | Self::InvitedThoughBanned
            | Self::JoinedThoughBanned
            | Self::UnbannedThemselves
            | Self::KnockedThoughBanned
            | Self::UnknownBefore(_)
            | Self::UnknownMembership
            | Self::NoMembership
            | Self::NoUser
            | Self::NotState => true,
            Self::Invited
            | Self::Joined
            | Self::RecordedAsGone
            | Self::Banned
            | Self::Knocked
            | Self::InvitationRepeated
            | Self::InvitationAccepted
            | Self::InvitationDeclined
            | Self::InvitationWithdrawn
            | Self::InviteeBanned
            | Self::NameChanged
            | Self::PictureChanged
            | Self::NameAndPictureChanged
            | Self::JoinRepeated
            | Self::ProfileRedacted
            | Self::Left
            | Self::Kicked
            | Self::KickedAndBanned
            | Self::Unbanned
            | Self::BanChanged
            | Self::KnockAccepted
            | Self::JoinedWithoutAnswer
            | Self::KnockRetracted
            | Self::KnockRefused
            | Self::KnockerBanned
            | Self::KnockRepeated
            | Self::Unseen(_) => false,
        }
    }
}

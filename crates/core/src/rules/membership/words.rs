//! The sentence of each meaning: the same for one user and for many.

use super::{table::By, transition::Transition};
use crate::{reply::Line, rules::member::Membership};

/// A sentence around the users whose membership it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// They did it: what follows them.
    They(&'static str),
    /// Somebody else did it to them: what stands before and behind them.
    Somebody(&'static str, &'static str),
    /// It is about nobody but the senders: what follows them.
    Nobody(&'static str),
}

impl Words {
    /// The sentence, past tense throughout, so that it suits one and many. `sender` is missing when the users sent it
    /// themselves.
    pub(super) fn sentence(self, sender: Option<Line>, target: Line) -> Line {
        match (self, sender) {
            (Self::They(did), None) => target.text(did),
            (Self::They(did), Some(sender)) => target.text(did).text(", recorded by ").append(sender),
            (Self::Somebody(did, rest), Some(sender)) => sender.text(did).append(target).text(rest),
            (Self::Somebody(did, rest), None) => target.text(did).text("themselves").text(rest),
            (Self::Nobody(did), _) => target.text(did),
        }
    }

    /// Whether a further verb can follow.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::They(_) | Self::Somebody(_, ""))
    }
}

pub(super) fn words(transition: Transition, by: By) -> Words {
    use Transition as To;
    use Words::{Nobody, Somebody, They};

    match transition {
        To::Invited => Somebody(" invited ", ""),
        To::InvitedThemselves => Somebody(" invited ", ""),
        To::Joined => They(" joined"),
        To::JoinedByOther => Somebody(" recorded that ", " joined"),
        To::LeftAgain => They(" left, though not in the room"),
        To::RecordedAsGone => Somebody(" recorded ", " as gone, though not in the room"),
        To::Banned => Somebody(" banned ", ""),
        To::BannedThemselves => Somebody(" banned ", ""),
        To::Knocked => They(" asked to be let in"),
        To::KnockedByOther => Somebody(" recorded that ", " asked to be let in"),
        To::InvitationRepeated => Somebody(" repeated the invitation for ", ""),
        To::InvitationAccepted => They(" accepted the invitation"),
        To::InvitationDeclined => They(" declined the invitation"),
        To::InvitationWithdrawn => Somebody(" withdrew the invitation for ", ""),
        To::InviteeBanned => Somebody(" banned ", ", who had been invited"),
        To::KnockedThoughInvited => They(" asked to be let in, though invited"),
        To::InvitedThoughJoined => Somebody(" invited ", ", though already in the room"),
        To::NameChanged => They(" changed the name"),
        To::PictureChanged => They(" changed the picture"),
        To::NameAndPictureChanged => They(" changed the name and the picture"),
        To::JoinRepeated => They(" sent the membership again, with nothing visible changed"),
        To::ProfileRedacted => They(" changed the name or the picture, or sent the membership again"),
        To::ProfileChangedByOther => Somebody(" changed the name or the picture of ", ""),
        To::Left => They(" left"),
        To::Kicked => Somebody(" kicked ", ""),
        To::KickedAndBanned => Somebody(" removed and banned ", ""),
        To::KnockedThoughJoined => They(" asked to be let in, though already in the room"),
        To::InvitedThoughBanned => Somebody(" invited ", ", though banned"),
        To::JoinedThoughBanned => They(" joined, though banned"),
        To::UnbannedThemselves => They(" lifted their own ban"),
        To::Unbanned => Somebody(" unbanned ", ""),
        To::BanChanged => Somebody(" changed the ban of ", ""),
        To::KnockedThoughBanned => They(" asked to be let in, though banned"),
        To::KnockAccepted => Somebody(" let ", " in, with an invitation"),
        To::JoinedWithoutAnswer => They(" joined without waiting for an answer"),
        To::KnockRetracted => They(" took back the request to be let in"),
        To::KnockRefused => Somebody(" refused to let ", " in"),
        To::KnockerBanned => Somebody(" refused and banned ", ""),
        To::KnockRepeated => They(" repeated the request to be let in"),
        To::Unseen(now) | To::UnknownBefore(now) => after_anything(now, by),
        To::UnknownMembership => Somebody(" gave ", " a membership that servers do not know"),
        To::NoMembership => {
            Somebody(" sent an event about the membership of ", " that does not say what it is")
        }
        To::NoUser => Somebody(" set the membership of ", ", which is no user ID"),
        To::NotState => {
            Nobody(" sent a membership that is not part of the room's state, and changes nothing")
        }
    }
}

/// What can be said when the membership before is not known.
fn after_anything(now: Membership, by: By) -> Words {
    match (now, by) {
        (Membership::Invite, _) => Words::Somebody(" invited ", ""),
        (Membership::Join, _) => Words::They(" joined, or changed the name or the picture"),
        (Membership::Leave, By::Oneself) => {
            Words::They(" left, declined, or took back a request to be let in")
        }
        (Membership::Leave, By::Other) => Words::Somebody(" kicked, unbanned or refused ", ""),
        (Membership::Ban, _) => Words::Somebody(" banned ", ""),
        (Membership::Knock, _) => Words::They(" asked to be let in"),
    }
}

//! Answers in words: one sentence for each reason, and what is missing, who says so and who could help.

use ruma::{OwnedUserId, events::room::power_levels::PowerLevelAction};

use super::{
    super::{names::Names, power::Level},
    Action,
    verdict::{Grant, Grantors, Missing, Reason, Remark, Source},
};
use crate::{reply::Line, text::duration::date};

impl Reason {
    /// Why, in a sentence about “they”; without its full stop.
    pub fn in_words(&self, names: &Names) -> Line {
        let line = Line::new();
        match self {
            Self::NoState => line.text("the server has no state of this room: nobody here is in it"),
            Self::Deactivated => line.text("the account is deactivated"),
            Self::Locked => line.text("the account is locked: it cannot be used"),
            Self::Suspended => line.text("the account is suspended: it can only read, and leave rooms"),
            Self::Banned => line.text("they are banned"),
            Self::AlreadyIn => line.text("they are in the room already"),
            Self::Invited => line.text("they are invited"),
            Self::NoNeedToAsk => line.text("they are invited already, and need not ask"),
            Self::Knocking => line.text("they ask already, and can repeat it"),
            Self::Public => line.text("the room is public: anyone can join"),
            Self::MemberOf(room) => {
                line.text("they are a member of ").append(names.room(room)).text(", whose members can join")
            }
            Self::MemberOfNone(rooms) => {
                either(line.text("only members of "), rooms, names).text(" can join, and they are in none of these")
            }
            Self::MemberOfNotKnown(rooms) => either(line.text("members of "), rooms, names)
                .text(" can join, and I cannot tell whether they are one"),
            Self::NoRoomsNamed => line
                .text("the room is for members of other rooms, and names none: only invited people can join"),
            Self::NobodyVouches { needed } => line.text(format!(
                "they are a member of a room whose members can join, but nobody inside can vouch for them: that takes the power to invite, {needed}"
            )),
            Self::InviteOnly => line.text("only invited people can join, and they are not invited"),
            Self::AskFirst => line.text("they are not invited; the room is for people who asked and were let in"),
            Self::MayAsk => line.text("the room takes requests to be let in"),
            Self::NoRequests => line.text("the room takes no requests to be let in"),
            Self::UnknownRule(rule) => line
                .text("the join rule ")
                .user(rule)
                .text(" means nothing to servers: nobody can join by it, invited or not"),
            Self::RuleNotOfVersion { rule, version } => line
                .text("the join rule ")
                .code(rule)
                .text(" is newer than the room's version, ")
                .code(version)
                .text(": nobody can join by it, invited or not"),
            Self::OneServer(server) => line.text("the room is only for users of ").code(server),
            Self::Denied(server) => line
                .text("the room's server ACL keeps ")
                .code(server)
                .text(" out: other servers take nothing from it"),
            Self::Blocked => line.text("the room is blocked on this server"),
            Self::NoGuests => line.text("they are a guest, and guests cannot join"),
            Self::Empty => line.text("nobody is in the room, so there is nobody to join"),
            Self::Inviters { needed: 0 } => line.text("inviting takes no power"),
            Self::Inviters { needed } => line.text(format!("whoever has power {needed} inside can invite them")),
            Self::NoInviters { needed } => {
                line.text(format!("inviting takes power {needed}, and nobody inside has it"))
            }
            Self::WorldReadable => line.text("anyone can read the room, without joining"),
            Self::ReadsAll => line.text("they are in the room, and members can read all of it"),
            Self::ReadsFromInvitation => {
                line.text("they are in the room, and members can read it from their invitation on")
            }
            Self::ReadsFromJoining => {
                line.text("they are in the room, and members can read it from their joining on")
            }
            Self::ReadsNothing => line.text("only members can read the room, and they are not in it"),
            Self::NotIn => line.text("they are not in the room"),
            Self::MembershipNotKnown => line.text("I cannot tell whether they are in the room"),
            Self::Creator => line.text("they are a creator of the room, above all levels"),
            Self::Enough { action, has, needed } | Self::TooLittle { action, has, needed } => line
                .text(format!("they have power {has}, and "))
                .append(doing(action))
                .text(format!(" takes {needed}")),
            Self::AsStrong { target, of, has } => as_strong(target.as_deref(), *of, *has, names),
            Self::Oneself => line.text("nobody can do that to themselves"),
            Self::Leaving => line.text("leaving takes no power"),
            Self::TargetCreator(target) => names
                .user(target)
                .text(" is a creator of the room, above all levels: nobody can change that"),
            Self::TargetIn(target) => names.user(target).text(" is in the room already"),
            Self::TargetOut(target) => names.user(target).text(" is not in the room"),
            Self::TargetBanned(target) => names.user(target).text(" is banned: that has to be lifted first"),
            Self::TargetNotBanned(target) => names.user(target).text(" is not banned"),
            Self::OverOwn { to, has } => {
                line.text(format!("they have power {has} themselves, and nobody can give more than that: not {to}"))
            }
            Self::NeverChanges => line.text("a room's first event never changes"),
            Self::Memberships => line.text(
                "each change of a membership has its rule: ask for join, knock, invite, kick, ban or unban",
            ),
        }
    }
}

fn as_strong(target: Option<&str>, of: Level, has: Level, names: &Names) -> Line {
    let (Level::Of(of), Level::Of(has)) = (of, has) else {
        let other = target.map_or_else(|| Line::from("the other one"), |target| names.user(target));
        return other.text(" is a creator of the room, above all levels");
    };
    let line = Line::new().text(format!("they have power {has}, and "));
    match target {
        Some(target) => line.append(names.user(target)).text(format!(" has {of}")),
        None => line.text(format!("members without a level of their own have {of}")),
    }
    .text(": it takes more than the other one has")
}

/// An action, as in “kicking takes 50”.
pub(super) fn doing(action: &PowerLevelAction) -> Line {
    let line = Line::new();
    match action {
        PowerLevelAction::Ban => line.text("banning"),
        PowerLevelAction::Unban => line.text("lifting a ban"),
        PowerLevelAction::Invite => line.text("inviting"),
        PowerLevelAction::Kick => line.text("kicking"),
        PowerLevelAction::RedactOwn => line.text("redacting own messages"),
        PowerLevelAction::RedactOther => line.text("redacting what others wrote"),
        PowerLevelAction::SendMessage(_) => line.text("writing"),
        PowerLevelAction::SendState(kind) => setting(&kind.to_string()),
        _ => line.text("notifying the whole room"),
    }
}

/// Setting a type of state: “changing”, “change”, and what; nothing for types without words of their own.
fn set(kind: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let what = match kind {
        "m.room.encryption" => return Some(("turning on", "turn on", "encryption")),
        "m.room.tombstone" => return Some(("closing", "close", "the room in favour of another one")),
        "m.room.name" => "the room's name",
        "m.room.topic" => "the topic",
        "m.room.avatar" => "the room's picture",
        "m.room.canonical_alias" => "the main alias",
        "m.room.join_rules" => "who can join",
        "m.room.history_visibility" => "who can read the history",
        "m.room.guest_access" => "whether guests can join",
        "m.room.power_levels" => "the power levels",
        "m.room.server_acl" => "which servers may take part",
        "m.room.pinned_events" => "the pinned messages",
        "m.space.child" => "which rooms the space has",
        "m.space.parent" => "which spaces the room is in",
        _ => return None,
    };
    Some(("changing", "change", what))
}

fn setting(kind: &str) -> Line {
    match set(kind) {
        Some((changing, _, what)) => Line::new().text(format!("{changing} {what}")),
        None => Line::new().text("setting ").code(kind),
    }
}

impl Action {
    /// What is done in a room, after “can”: “kick Bob (`@bob:hs`) from Lounge (`!r:hs`)”.
    pub fn in_words(&self, room: &Line, names: &Names) -> Line {
        let line = Line::new();
        let them = |target: &Option<OwnedUserId>, others: &'static str| match target {
            Some(target) => names.user(target.as_str()),
            None => Line::from(others),
        };
        match self {
            Self::Join => line.text("join "),
            Self::See => line.text("read "),
            Self::BeInvited => line.text("be invited to "),
            Self::Knock => line.text("ask to be let into "),
            Self::Invite(target) => line.text("invite ").append(them(target, "users")).text(" to "),
            Self::Kick(target) => line.text("kick ").append(them(target, "members")).text(" from "),
            Self::Ban(target) => line.text("ban ").append(them(target, "users")).text(" from "),
            Self::Unban(target) => line.text("unban ").append(them(target, "users")).text(" in "),
            Self::Redact => line.text("redact what others wrote in "),
            Self::Speak => line.text("write in "),
            Self::ChangePower { of: None, to: None } => line.text("change the power levels in "),
            Self::ChangePower { of: Some(of), to: None } => {
                line.text("change the power of ").append(names.user(of.as_str())).text(" in ")
            }
            Self::ChangePower { of, to: Some(to) } => {
                line.text("give ").append(them(of, "others")).text(format!(" power {to} in "))
            }
            Self::ChangeState(kind) => match set(kind) {
                Some((_, change, what)) => line.text(format!("{change} {what} in ")),
                None => line.text("set ").code(kind).text(" in "),
            },
        }
        .append(room.clone())
    }
}

fn either(line: Line, rooms: &[String], names: &Names) -> Line {
    const NAMED: usize = 5;
    let line = rooms.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
        let line = if n > 0 { line.text(" or ") } else { line };
        line.append(names.room(room))
    });
    match rooms.len().saturating_sub(NAMED) {
        0 => line,
        1 => line.text(" or one more room"),
        more => line.text(format!(" or {more} more rooms")),
    }
}

impl Source {
    /// “the power levels (`$id`), set by Ana (`@ana:hs`) on 2026-11-21 00:00:00 UTC”
    pub fn in_words(&self, names: &Names) -> Line {
        let line = Line::new();
        let line = match self.kind.as_str() {
            "m.room.create" => line.text("the room's first event"),
            "m.room.power_levels" => line.text("the power levels"),
            "m.room.join_rules" => line.text("the join rules"),
            "m.room.history_visibility" => line.text("the history visibility"),
            "m.room.guest_access" => line.text("the guest access"),
            "m.room.server_acl" => line.text("the server ACL"),
            "m.room.member" => line.text("the membership of ").append(names.user(&self.state_key)),
            kind => line.code(kind),
        };
        let line = match &self.event_id {
            Some(id) => line.text(" (").code(id).text(")"),
            None => line,
        };
        let line = match &self.sender {
            Some(sender) => line.text(", set by ").append(names.user(sender)),
            None => line,
        };
        match self.time {
            Some(time) => line.text(format!(" on {}", date(time))),
            None => line,
        }
    }
}

impl Missing {
    /// What is missing, without a full stop.
    pub fn in_words(&self, names: &Names) -> Line {
        let line = Line::new();
        match self {
            Self::Power { has, needed } => line.text(format!("power: {has} of {needed}")),
            Self::MoreThan(Level::Of(level)) => line.text(format!("more power than {level}")),
            Self::MoreThan(Level::Creator) => line.text("more power than a creator, which nobody has"),
            Self::Invitation => line.text("an invitation"),
            Self::Request => line.text("a request to be let in, and somebody inside who accepts it"),
            Self::MemberOf(rooms) => either(line.text("membership of "), rooms, names),
            Self::Unban => line.text("that the ban is lifted"),
            Self::Unblock => line.text("that the room is unblocked (!unblock)"),
            Self::BeIn => line.text("being in the room"),
            Self::ServerAllowed(server) => {
                line.text("a server ACL that lets ").code(server).text(" take part")
            }
            Self::OtherRule => line.text("another join rule"),
            Self::Inviter { needed } => {
                line.text(format!("somebody inside with power {needed}, which inviting takes"))
            }
            Self::UsableAccount => line.text("an account that can be used"),
        }
    }
}

impl Grantors {
    /// “Ana (`@ana:hs`), creator, or Bob (`@bob:hs`), power 100, or 3 more can lift the ban”
    pub fn in_words(&self, names: &Names) -> Line {
        let what = match self.grant {
            Grant::Invite => "invite them",
            Grant::Unban => "lift the ban",
            Grant::Power => "raise their power to that",
            Grant::ServerAcl => "change the server ACL",
            Grant::JoinRules => "change the join rules",
        };
        if self.everybody {
            return Line::new().text(format!("everybody inside can {what}"));
        }
        if self.users.is_empty() {
            return Line::new().text(format!("nobody inside has the power to {what}"));
        }
        let line = self.users.iter().enumerate().fold(Line::new(), |line, (n, (user, level))| {
            let line = if n > 0 { line.text(" or ") } else { line };
            line.append(names.user(user)).text(match level {
                Level::Creator => ", creator,".to_owned(),
                Level::Of(level) => format!(", power {level},"),
            })
        });
        let line = match self.more {
            0 => line,
            more => line.text(format!(" or {more} more")),
        };
        line.text(format!(" can {what}"))
    }
}

impl Remark {
    /// A whole sentence.
    pub fn in_words(&self) -> Line {
        let line = Line::new();
        match self {
            Self::Malformed => line.text(
                "The power levels are not of the shape that servers ask for; I read them as well as I can, and servers may read them otherwise.",
            ),
            Self::UnknownVersion(Some(version)) => line
                .text("I do not know the room version ")
                .code(version)
                .text("; its rules may be others."),
            Self::UnknownVersion(None) => line.text("I do not know the room's version; its rules may be others."),
            Self::InGeneral(Level::Of(level)) => line.text(format!(
                "That is about members without a level of their own (power {level}); name a user for an answer about them."
            )),
            Self::InGeneral(Level::Creator) => line.text("Name a user for an answer about them."),
            Self::MembershipsNotKnown => {
                line.text("I could not read who is banned and who is invited: that may change the answer.")
            }
            Self::OwnServerDenied(server) => line
                .text("The room's server ACL keeps this server, ")
                .code(server)
                .text(", out: its own users can act, but other servers take nothing of it."),
            Self::OwnMessages => line.text("They can redact their own messages."),
            Self::BlockKeepsMembers => line.text(
                "The room is blocked on this server; that keeps people from joining, not members from writing.",
            ),
            Self::VouchedElsewhere => line.text(
                "Nobody of this server inside can vouch for them: a server of somebody who can invite has to let them in.",
            ),
            Self::OlderHistory => line.text(
                "So it is for what is written since that was set; what is older keeps the rule of its time.",
            ),
            Self::WhileTheyWereIn => {
                line.text("What was written while they were in the room, if they ever were, stays readable to them.")
            }
            Self::InvitationShows => {
                line.text("The invitation shows them the room's name, topic and picture, and who invited them.")
            }
            Self::GiveAtMost(level) => line.text(format!("They can give others up to power {level}, their own.")),
            Self::BannedAlready => line.text("That user is banned already; the ban can be given another reason."),
            Self::Closed => line.text("The room is closed in favour of another one."),
        }
    }
}

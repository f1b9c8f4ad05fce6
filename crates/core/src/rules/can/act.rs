//! Who has the power to act in a room, and on whom.
//!
//! <https://spec.matrix.org/v1.19/rooms/v12/#authorization-rules>

use ruma::{
    UserId,
    events::{MessageLikeEventType, StateEventType, room::power_levels::PowerLevelAction},
};

use super::{
    super::{member::Membership, power::Level},
    case::Case,
    join::banned,
    verdict::{Answer, Grant, Missing, Reason, Remark, Verdict},
};

/// Whether the power suffices, for somebody who has to be in the room.
fn power(case: &Case<'_>, action: PowerLevelAction) -> Verdict {
    let needed = case.levels.needed(&action);
    let own = case.levels.level(case.user.as_str());
    let verdict = match own {
        Level::Creator => Verdict::yes(Reason::Creator).says(case.state.the("m.room.create")),
        Level::Of(has) if has >= needed => {
            Verdict::yes(Reason::Enough { action, has, needed }).says(case.levels_event())
        }
        // "If the sender's power level is less than the required one, reject."
        Level::Of(has) => Verdict::no(Reason::TooLittle { action, has, needed })
            .says(case.levels_event())
            .missing(Missing::Power { has, needed }),
    };
    let verdict = match verdict.answer {
        Answer::Yes => verdict,
        _ => raisers(case, verdict, needed),
    };
    inside(case, verdict)
}

/// Names those who could raise the user's power: to what they have themselves, at most.
fn raisers(case: &Case<'_>, verdict: Verdict, needed: i64) -> Verdict {
    let change = case.level_of_state("m.room.power_levels");
    verdict.who(case.who(Grant::Power, change.max(needed), None))
}

/// "If the sender's current membership state is not join, reject."
fn inside(case: &Case<'_>, verdict: Verdict) -> Verdict {
    if let Some(no) = case.denied(case.user.server_name()).filter(|_| !case.is_local(case.user)) {
        return no;
    }
    let says = case.member(case.user);
    let outside = match case.membership(case.user) {
        Some(Membership::Join) => return verdict,
        None if case.known.joined.is_none() => {
            return Verdict::new(Answer::NotKnown, Reason::MembershipNotKnown);
        }
        Some(Membership::Ban) => banned(case),
        _ => Verdict::no(Reason::NotIn).says(says).missing(Missing::BeIn),
    };
    // The power that they lack besides comes after that.
    Verdict {
        missing: [outside.missing, verdict.missing].concat(),
        who_can_grant: outside.who_can_grant.or(verdict.who_can_grant),
        ..outside
    }
}

/// "If the target user's power level is less than the sender's, allow": what is done to those who are as strong, or
/// stronger, is refused.
fn weaker(case: &Case<'_>, verdict: Verdict, target: Option<&UserId>) -> Verdict {
    let has = case.levels.level(case.user.as_str());
    let of = target.map_or(case.levels.default_level(), |target| case.levels.level(target.as_str()));
    let verdict = if target.is_none() { verdict.remark(Remark::InGeneral(of)) } else { verdict };
    if verdict.answer != Answer::Yes || of < has {
        return verdict;
    }
    let target = target.map(ToString::to_string);
    let no = Verdict::no(Reason::AsStrong { target, of, has }).says(case.levels_event());
    let no = match of {
        Level::Creator => no,
        Level::Of(level) => raisers(case, no.missing(Missing::MoreThan(of)), level.saturating_add(1)),
    };
    Verdict { remarks: verdict.remarks, ..no }
}

/// Replaces a yes where the other one is not one to do this to.
fn unless(verdict: Verdict, case: &Case<'_>, target: &UserId, wrong: Option<Reason>) -> Verdict {
    match (wrong, verdict.answer) {
        (Some(reason), Answer::Yes) => {
            let no = Verdict::no(reason).says(case.member(target));
            Verdict { remarks: verdict.remarks, ..no }
        }
        (None, Answer::Yes) => case.unsure(verdict, target),
        _ => verdict,
    }
}

pub(super) fn kick(case: &Case<'_>, target: Option<&UserId>) -> Verdict {
    let Some(target) = target else { return weaker(case, power(case, PowerLevelAction::Kick), None) };
    let id = || target.to_string();
    if target == case.user {
        return match case.membership(target) {
            Some(Membership::Join | Membership::Invite | Membership::Knock) => {
                Verdict::yes(Reason::Leaving).says(case.member(target))
            }
            Some(Membership::Ban) => Verdict::no(Reason::Banned).says(case.member(target)),
            Some(Membership::Leave) => Verdict::no(Reason::NotIn).says(case.member(target)),
            None => Verdict::new(Answer::NotKnown, Reason::MembershipNotKnown),
        };
    }
    let verdict = weaker(case, power(case, PowerLevelAction::Kick), Some(target));
    let wrong = match case.membership(target) {
        Some(Membership::Ban) => Some(Reason::TargetBanned(id())),
        Some(Membership::Leave) => Some(Reason::TargetOut(id())),
        _ => None,
    };
    unless(verdict, case, target, wrong)
}

pub(super) fn ban(case: &Case<'_>, target: Option<&UserId>) -> Verdict {
    let Some(target) = target else { return weaker(case, power(case, PowerLevelAction::Ban), None) };
    if target == case.user {
        return Verdict::no(Reason::Oneself);
    }
    let verdict = weaker(case, power(case, PowerLevelAction::Ban), Some(target));
    match (verdict.answer, case.membership(target)) {
        (Answer::Yes, Some(Membership::Ban)) => verdict.remark(Remark::BannedAlready),
        _ => verdict,
    }
}

pub(super) fn unban(case: &Case<'_>, target: Option<&UserId>) -> Verdict {
    // "If the target user's current membership state is ban, and the sender's power level is less than the ban level,
    // reject"; and then what a kick takes.
    let Some(target) = target else { return weaker(case, power(case, PowerLevelAction::Unban), None) };
    if target == case.user {
        return Verdict::no(Reason::Oneself);
    }
    let verdict = weaker(case, power(case, PowerLevelAction::Unban), Some(target));
    let wrong = match case.membership(target) {
        Some(Membership::Ban) | None => None,
        Some(_) => Some(Reason::TargetNotBanned(target.to_string())),
    };
    unless(verdict, case, target, wrong)
}

pub(super) fn invite(case: &Case<'_>, target: Option<&UserId>) -> Verdict {
    let verdict = power(case, PowerLevelAction::Invite);
    if verdict.answer == Answer::Yes && case.is_blocked() && case.is_local(case.user) {
        return Verdict::no(Reason::Blocked).missing(Missing::Unblock);
    }
    let Some(target) = target else { return verdict };
    if target == case.user {
        return Verdict::no(Reason::Oneself);
    }
    if let Some(no) = case.kept_out(target).filter(|_| verdict.answer == Answer::Yes) {
        return no;
    }
    let id = target.to_string();
    let wrong = match case.membership(target) {
        Some(Membership::Ban) => Some(Reason::TargetBanned(id)),
        Some(Membership::Join) => Some(Reason::TargetIn(id)),
        _ => None,
    };
    unless(verdict, case, target, wrong)
}

pub(super) fn redact(case: &Case<'_>) -> Verdict {
    let verdict = power(case, PowerLevelAction::RedactOther);
    let own = Level::Of(case.levels.needed(&PowerLevelAction::RedactOwn));
    let could = matches!(verdict.reason, Reason::TooLittle { .. });
    if could && case.levels.level(case.user.as_str()) >= own {
        return verdict.remark(Remark::OwnMessages);
    }
    verdict
}

pub(super) fn speak(case: &Case<'_>) -> Verdict {
    let kind = match case.state.the("m.room.encryption") {
        Some(_) => MessageLikeEventType::RoomEncrypted,
        None => MessageLikeEventType::RoomMessage,
    };
    let verdict = power(case, PowerLevelAction::SendMessage(kind));
    let verdict = match case.state.the("m.room.tombstone") {
        Some(_) => verdict.remark(Remark::Closed),
        None => verdict,
    };
    if case.is_blocked() && case.is_local(case.user) && verdict.answer == Answer::Yes {
        return verdict.remark(Remark::BlockKeepsMembers);
    }
    verdict
}

pub(super) fn change_power(case: &Case<'_>, of: Option<&UserId>, to: Option<i64>) -> Verdict {
    let verdict = power(case, PowerLevelAction::SendState(StateEventType::RoomPowerLevels));
    if verdict.answer != Answer::Yes {
        return verdict;
    }
    let own = case.levels.level(case.user.as_str());
    if let Some(target) = of {
        let level = case.levels.level(target.as_str());
        // "If the users property has a creator in it, reject."
        if level == Level::Creator {
            let create = case.state.the("m.room.create");
            return Verdict::no(Reason::TargetCreator(target.to_string())).says(create);
        }
        // "For each entry being changed in, or removed from, users, other than the sender's own: if the current value
        // is greater than or equal to the sender's power level, reject."
        if target != case.user && case.levels.names(target.as_str()) && level >= own {
            return weaker(case, verdict, Some(target));
        }
    }
    match (own, to) {
        // "If the new value is greater than the sender's current power level, reject."
        (Level::Of(has), Some(to)) if to > has => {
            let no = Verdict::no(Reason::OverOwn { to, has }).says(case.levels_event());
            raisers(case, no.missing(Missing::Power { has, needed: to }), to)
        }
        (Level::Of(has), None) => verdict.remark(Remark::GiveAtMost(has)),
        _ => verdict,
    }
}

pub(super) fn change_state(case: &Case<'_>, kind: &str) -> Verdict {
    match kind {
        "m.room.create" => Verdict::no(Reason::NeverChanges).says(case.state.the(kind)),
        "m.room.member" => Verdict::new(Answer::NotKnown, Reason::Memberships),
        "m.room.power_levels" => change_power(case, None, None),
        // "If type is m.room.third_party_invite: allow if and only if sender's power level is at least the invite level."
        "m.room.third_party_invite" => power(case, PowerLevelAction::Invite),
        kind => power(case, PowerLevelAction::SendState(StateEventType::from(kind))),
    }
}

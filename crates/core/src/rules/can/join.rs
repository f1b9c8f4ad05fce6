//! Who may join, ask to be let in, and be invited.
//!
//! <https://spec.matrix.org/v1.19/rooms/v12/#authorization-rules>

use std::collections::BTreeSet;

use ruma::events::room::power_levels::PowerLevelAction;

use super::{
    super::{
        join_rules::{allowed, is_known_to},
        member::Membership,
        room_state::RoomState,
    },
    case::Case,
    verdict::{Answer, Grant, Missing, Reason, Remark, Verdict},
};
use crate::model::Event;

/// A join rule, as the room's version knows it.
enum Rule {
    Public,
    Invite,
    Knock,
    Restricted,
    KnockRestricted,
    /// In no version a rule with a meaning.
    Unknown(String),
    /// A rule of later versions.
    NotOfVersion(String),
}

fn rule(state: &RoomState) -> Rule {
    let event = state.the("m.room.join_rules");
    // A room without a rule is for the invited.
    let Some(value) = event.and_then(|event| event.content().get("join_rule")) else { return Rule::Invite };
    let Some(word) = value.as_str() else { return Rule::Unknown(value.to_string()) };
    match word {
        // A version that is not known is taken for a new one.
        _ if is_known_to(state, word) == Some(false) => Rule::NotOfVersion(word.to_owned()),
        "public" => Rule::Public,
        "invite" => Rule::Invite,
        "knock" => Rule::Knock,
        "restricted" => Rule::Restricted,
        "knock_restricted" => Rule::KnockRestricted,
        // "private" is reserved; servers let nobody join by it.
        other => Rule::Unknown(other.to_owned()),
    }
}

fn rule_event<'a>(case: &Case<'a>) -> Option<&'a Event> {
    case.state.the("m.room.join_rules").or_else(|| case.state.the("m.room.create"))
}

/// The rooms whose members may join, in the order in which the room names them; none where the rule lets no members of
/// others join.
pub fn allow_rooms(state: &RoomState) -> Vec<&str> {
    let event = state
        .the("m.room.join_rules")
        .filter(|_| matches!(rule(state), Rule::Restricted | Rule::KnockRestricted));
    let rooms = event.map(|event| allowed(event.content())).unwrap_or_default();
    let mut seen = BTreeSet::new();
    rooms.into_iter().filter(|room| seen.insert(*room)).collect()
}

/// Whether they may become a member.
pub(super) fn join(case: &Case<'_>) -> Verdict {
    let verdict = by_membership(case).or_else(|| case.kept_out(case.user)).unwrap_or_else(|| by_rule(case));
    case.unsure(verdict, case.user)
}

fn by_membership(case: &Case<'_>) -> Option<Verdict> {
    match case.membership(case.user)? {
        // "If membership state is ban, reject."
        Membership::Ban => Some(banned(case)),
        Membership::Join => Some(Verdict::yes(Reason::AlreadyIn).says(case.member(case.user))),
        _ => None,
    }
}

/// That they are banned, and who could lift it.
pub(super) fn banned(case: &Case<'_>) -> Verdict {
    let needed = case.levels.needed(&PowerLevelAction::Unban);
    let own = case.levels.level(case.user.as_str());
    Verdict::no(Reason::Banned).says(case.member(case.user)).missing(Missing::Unban).who(case.who(
        Grant::Unban,
        needed,
        Some(own),
    ))
}

fn by_rule(case: &Case<'_>) -> Verdict {
    if case.known.joined.is_some_and(BTreeSet::is_empty) {
        return Verdict::no(Reason::Empty);
    }
    // "guest_access: if absent, the default is forbidden."
    let guests = case.state.the("m.room.guest_access");
    let open = guests.and_then(|event| event.text("guest_access")) == Some("can_join");
    if case.known.is_guest == Some(true) && !open {
        return Verdict::no(Reason::NoGuests).says(guests);
    }
    let event = rule_event(case);
    let invited = case.membership(case.user) == Some(Membership::Invite);
    let by_invitation = || Verdict::yes(Reason::Invited).says(case.member(case.user));
    match rule(case.state) {
        // "If join_rule is public, allow."
        Rule::Public => Verdict::yes(Reason::Public).says(event),
        Rule::Unknown(_) | Rule::NotOfVersion(_) => impossible(case),
        // "If join_rule is invite or knock then allow if membership state is invite or join."
        _ if invited => by_invitation(),
        Rule::Invite => invitation(case, Verdict::no(Reason::InviteOnly).says(event)),
        Rule::Knock => invitation(case, ask(case, Verdict::no(Reason::AskFirst).says(event))),
        Rule::Restricted => restricted(case).says(event),
        Rule::KnockRestricted => {
            let verdict = restricted(case).says(event);
            if verdict.answer == Answer::No { ask(case, verdict) } else { verdict }
        }
    }
}

/// The rule lets nobody join, not even the invited: "Otherwise, reject."
fn impossible(case: &Case<'_>) -> Verdict {
    let reason = match rule(case.state) {
        Rule::NotOfVersion(rule) => {
            let version = case.state.version().unwrap_or_default().to_owned();
            Reason::RuleNotOfVersion { rule, version }
        }
        Rule::Unknown(rule) => Reason::UnknownRule(rule),
        _ => Reason::InviteOnly,
    };
    let change = case.level_of_state("m.room.join_rules");
    let who = case.who(Grant::JoinRules, change, None);
    Verdict::no(reason).says(rule_event(case)).missing(Missing::OtherRule).who(who)
}

fn invitation(case: &Case<'_>, verdict: Verdict) -> Verdict {
    let needed = case.levels.needed(&PowerLevelAction::Invite);
    verdict.missing(Missing::Invitation).who(case.who(Grant::Invite, needed, None))
}

fn ask(case: &Case<'_>, verdict: Verdict) -> Verdict {
    match case.membership(case.user) {
        Some(Membership::Knock) => verdict,
        _ => verdict.missing(Missing::Request),
    }
}

/// "If join_rule is restricted: allow if membership state is join or invite, or a user who can invite vouches."
fn restricted(case: &Case<'_>) -> Verdict {
    let rooms: Vec<String> = allow_rooms(case.state).into_iter().map(str::to_owned).collect();
    if rooms.is_empty() {
        return invitation(case, Verdict::no(Reason::NoRoomsNamed));
    }
    let in_room = |room: &String| case.known.in_allow_rooms.and_then(|known| known.get(room)).copied();
    if let Some(room) = rooms.iter().find(|room| in_room(room) == Some(true)) {
        return vouched(case, room.clone());
    }
    let verdict = if rooms.iter().all(|room| in_room(room).is_some()) {
        Verdict::no(Reason::MemberOfNone(rooms.clone()))
    } else {
        Verdict::new(Answer::NotKnown, Reason::MemberOfNotKnown(rooms.clone()))
    };
    invitation(case, verdict.missing(Missing::MemberOf(rooms)))
}

fn vouched(case: &Case<'_>, room: String) -> Verdict {
    let needed = case.levels.needed(&PowerLevelAction::Invite);
    let yes = Verdict::yes(Reason::MemberOf(room));
    match case.somebody_has(needed, |_| true) {
        Some(false) => Verdict::no(Reason::NobodyVouches { needed }).missing(Missing::Inviter { needed }),
        _ if case.somebody_has(needed, |user| case.is_local(user)) == Some(false) => {
            yes.remark(Remark::VouchedElsewhere)
        }
        _ => yes,
    }
}

/// Whether they may ask to be let in.
pub(super) fn knock(case: &Case<'_>) -> Verdict {
    let verdict = by_membership(case)
        .map(|verdict| match verdict.reason {
            // "If membership state is join, reject."
            Reason::AlreadyIn => Verdict { answer: Answer::No, ..verdict },
            _ => verdict,
        })
        .or_else(|| case.kept_out(case.user))
        .unwrap_or_else(|| knock_by_rule(case));
    case.unsure(verdict, case.user)
}

fn knock_by_rule(case: &Case<'_>) -> Verdict {
    if case.known.joined.is_some_and(BTreeSet::is_empty) {
        return Verdict::no(Reason::Empty);
    }
    match (rule(case.state), case.membership(case.user)) {
        (Rule::Unknown(_) | Rule::NotOfVersion(_), _) => impossible(case),
        // "If membership state is invite, reject."
        (_, Some(Membership::Invite)) => Verdict::no(Reason::NoNeedToAsk).says(case.member(case.user)),
        (Rule::Knock | Rule::KnockRestricted, Some(Membership::Knock)) => {
            Verdict::yes(Reason::Knocking).says(case.member(case.user))
        }
        (Rule::Knock | Rule::KnockRestricted, _) => Verdict::yes(Reason::MayAsk).says(rule_event(case)),
        (Rule::Public, _) => Verdict::no(Reason::Public).says(rule_event(case)),
        (Rule::Invite, _) => invitation(case, Verdict::no(Reason::NoRequests).says(rule_event(case))),
        (Rule::Restricted, _) => {
            let verdict = Verdict::no(Reason::NoRequests).says(rule_event(case));
            let rooms: Vec<String> = allow_rooms(case.state).into_iter().map(str::to_owned).collect();
            let verdict = if rooms.is_empty() { verdict } else { verdict.missing(Missing::MemberOf(rooms)) };
            invitation(case, verdict)
        }
    }
}

/// Whether somebody may invite them.
pub(super) fn be_invited(case: &Case<'_>) -> Verdict {
    let verdict = by_membership(case)
        .map(|verdict| match verdict.reason {
            // "If target user's current membership state is join or ban, reject."
            Reason::AlreadyIn => Verdict { answer: Answer::No, ..verdict },
            _ => verdict,
        })
        .or_else(|| case.kept_out(case.user))
        .unwrap_or_else(|| by_somebody(case));
    case.unsure(verdict, case.user)
}

fn by_somebody(case: &Case<'_>) -> Verdict {
    let needed = case.levels.needed(&PowerLevelAction::Invite);
    let says = case.levels_event();
    if case.somebody_has(needed, |_| true) == Some(false) {
        return Verdict::no(Reason::NoInviters { needed }).says(says).missing(Missing::Inviter { needed });
    }
    let who = case.who(Grant::Invite, needed, None);
    Verdict::yes(Reason::Inviters { needed }).says(says).who(who)
}

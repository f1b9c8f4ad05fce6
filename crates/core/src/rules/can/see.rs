//! Who may read what was written: history visibility by membership.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility>

use super::{
    super::member::Membership,
    case::Case,
    verdict::{Answer, Missing, Reason, Remark, Verdict},
};

/// Whether they may read the room.
pub(super) fn see(case: &Case<'_>) -> Verdict {
    let event = case.state.the("m.room.history_visibility");
    let word = event.and_then(|event| event.text("history_visibility"));
    let says = event.or_else(|| case.state.the("m.room.create"));
    if word == Some("world_readable") {
        return Verdict::yes(Reason::WorldReadable).says(says);
    }
    let membership = case.membership(case.user);
    if membership != Some(Membership::Join) {
        let no = Verdict::no(Reason::ReadsNothing).says(case.member(case.user)).missing(Missing::BeIn);
        let no = match membership {
            Some(Membership::Invite) => no.remark(Remark::InvitationShows),
            // "Users can see events that happened while they were joined", also when they have left.
            Some(Membership::Leave | Membership::Ban) if case.member(case.user).is_some() => {
                no.remark(Remark::WhileTheyWereIn)
            }
            _ => no,
        };
        return match membership {
            // Whoever is not in the list of members is not in, whatever else they are.
            None if case.known.joined.is_none() => Verdict::new(Answer::NotKnown, Reason::MembershipNotKnown),
            _ => no,
        };
    }
    // What the server of a member does not get, the member does not see.
    if let Some(no) = case.denied(case.user.server_name()).filter(|_| !case.is_local(case.user)) {
        return no.remark(Remark::WhileTheyWereIn);
    }
    let verdict = Verdict::yes(match word {
        Some("invited") => Reason::ReadsFromInvitation,
        Some("joined") => Reason::ReadsFromJoining,
        // "If no history_visibility is set, shared is assumed"; so do servers for a word that they do not know.
        _ => Reason::ReadsAll,
    });
    let verdict = verdict.says(says);
    if event.is_some() { verdict.remark(Remark::OlderHistory) } else { verdict }
}

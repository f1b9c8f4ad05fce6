//! What let somebody in who joined.

use super::{
    transition::{Transition, transition},
    user_of,
};
use crate::{
    model::Event,
    reply::Line,
    rules::{join_rules::allowed, member::Membership, names::Names, room_state::RoomState},
};

/// How many rooms are named.
const NAMED: usize = 3;

/// What let somebody in, as what follows the sentence about a join: “because the room is public”. `state` is that of
/// the room at the event; where it does not explain the join, that is said, with “though”. `None` for other changes,
/// and when the state does not tell how one gets in.
pub fn because(event: &Event, state: &RoomState, names: &Names) -> Option<Line> {
    let because = Line::new().text("because ");
    match transition(event) {
        // "If the only previous event is an m.room.create and the state_key is the creator, allow." Whoever made the
        // room has no membership before that one.
        Transition::Joined if event.prev_content().is_none() && is_creator(event.sender(), state) => {
            Some(because.text("they made the room"))
        }
        // "If membership state is join or invite, allow." Whatever the join rule is.
        Transition::InvitationAccepted => Some(match inviter(event, state) {
            Some(user) => because.append(user_of(user, names)).text(" had invited them"),
            None => because.text("they had been invited"),
        }),
        Transition::Joined => by_join_rule(event, state, names, "the room is public"),
        Transition::JoinedWithoutAnswer => by_join_rule(event, state, names, "the room has become public"),
        _ => None,
    }
}

/// Whether somebody sent the create event. Additional creators of version 12 have all power, but must be let in.
fn is_creator(user: &str, state: &RoomState) -> bool {
    state.the("m.room.create").is_some_and(|create| create.sender() == user)
}

/// Who sent the invitation: Synapse says so beside the previous content; otherwise the state of before the join does.
fn inviter<'a>(event: &'a Event, state: &'a RoomState) -> Option<&'a str> {
    let told = || event.0.get("unsigned")?.get("prev_sender")?.as_str();
    let in_state = || {
        let member = state.get("m.room.member", event.state_key()?)?;
        (Membership::of(member.content()) == Some(Membership::Invite)).then(|| member.sender())
    };
    told().or_else(in_state).filter(|user| !user.is_empty())
}

fn by_join_rule(event: &Event, state: &RoomState, names: &Names, public: &str) -> Option<Line> {
    let rules = state.the("m.room.join_rules")?;
    let rule = rules.text("join_rule")?;
    let known = |has: fn(&ruma::room_version_rules::AuthorizationRules) -> bool| {
        state.rules().is_none_or(|rules| has(&rules.authorization))
    };
    let vouched = event.text("join_authorised_via_users_server").is_some();
    let though = |why: &str| Some(Line::new().text(format!("though, as far as is known, {why}")));
    match rule {
        "public" => Some(Line::new().text(format!("because {public}"))),
        // "If the join_rule is restricted or knock_restricted: … if the join_authorised_via_users_server key in content
        // is not a user with sufficient permission to invite other users … reject."
        "restricted" if !known(|rules| rules.restricted_join_rule) => {
            though("nobody can join by the rule “restricted” in a room of this version")
        }
        "knock_restricted" if !known(|rules| rules.knock_restricted_join_rule) => {
            though("nobody can join by the rule “knock_restricted” in a room of this version")
        }
        "restricted" | "knock_restricted" if !vouched => {
            though("nobody vouched for them, and the room lets in members of other rooms only")
        }
        "restricted" | "knock_restricted" => match allowed(rules.content()).as_slice() {
            [] => though("the room names no other room whose members it lets in"),
            [room] => Some(
                Line::new()
                    .text("because they are a member of ")
                    .append(names.room(&super::short(room)))
                    .text(", which this room lets in"),
            ),
            rooms => Some(one_of(rooms, names)),
        },
        "knock" => though("one has to ask and be let in"),
        "invite" | "private" => though("only invited people can join"),
        other => {
            Some(Line::new().text("though, as far as is known, nobody can join by the rule ").user(other))
        }
    }
}

fn one_of(rooms: &[&str], names: &Names) -> Line {
    let line = Line::new().text("because they are a member of one of ");
    let line = rooms.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.append(names.room(&super::short(room)))
    });
    let line = match rooms.len().saturating_sub(NAMED) {
        0 => line,
        1 => line.text(" and 1 more room"),
        more => line.text(format!(" and {more} more rooms")),
    };
    line.text(", whose members this room lets in")
}

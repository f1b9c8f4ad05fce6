//! What let somebody in who joined.

use super::{table::transition, transition::Transition, user_of};
use crate::{
    model::Event,
    reply::Line,
    rules::{
        join_rules::{allowed, is_known_to},
        member::Membership,
        names::Names,
        room_state::RoomState,
    },
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
        // "… then allow if membership state is invite or join": by all join rules.
        Transition::InvitationAccepted => Some(match inviter(event, state) {
            Some(user) => because.append(user_of(user, names)).text(" had invited them"),
            None => because.text("they had been invited"),
        }),
        Transition::Joined => by_join_rule(event, state, names, "the room is public"),
        Transition::JoinedWithoutAnswer => by_join_rule(event, state, names, "the room has become public"),
        _ => None,
    }
}

/// A sentence about one event, or about many of a kind, and behind it what let them in, where that is the same for all.
pub fn with_because(sentence: Line, events: &[&Event], state: &RoomState, names: &Names) -> Line {
    let Some((first, others)) = events.split_first() else { return sentence };
    let cause = because(first, state, names);
    if others.iter().any(|event| because(event, state, names) != cause) {
        return sentence;
    }
    let is_one = others.is_empty();
    // The sentence about one accepted invitation says whose it was.
    let has_cause = is_one
        && transition(first) == Transition::InvitationAccepted
        && first.0.pointer("/unsigned/prev_sender").is_some();
    match cause.filter(|_| !has_cause) {
        None => sentence,
        // The sentence ends with a “because” of theirs.
        Some(cause) if is_one && first.text("reason").is_some_and(|reason| !reason.is_empty()) => {
            sentence.text(" (").append(cause).text(")")
        }
        Some(cause) => sentence.text(", ").append(cause),
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
    let vouched = event.text("join_authorised_via_users_server").is_some();
    let though = |why: &str| Some(Line::new().text(format!("though, as far as is known, {why}")));
    match rule {
        // "If the join_rule is public, allow."
        "public" => Some(Line::new().text(format!("because {public}"))),
        // "If the join_authorised_via_users_server key in content is not a user with sufficient permission to invite
        // other users, reject."
        "restricted" | "knock_restricted" if is_known_to(state, rule) == Some(false) => {
            though(&format!("nobody can join by the rule “{rule}” in a room of this version"))
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
        // "If the join_rule is invite or knock then allow if membership state is invite or join."
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::reply::Reply;

    fn names() -> Names {
        let ana = Event(json!({"type": "m.room.member", "state_key": "@ana:hs.test",
            "content": {"displayname": "Ana"}}));
        let names = Names::of([&ana]).with_room("!space:hs", Some("Space"), Some("#space:hs"));
        names.with_room("!club:hs", Some("Club"), None)
    }

    fn state(version: &str, join_rules: Option<Value>) -> RoomState {
        let create = json!({"type": "m.room.create", "state_key": "", "sender": "@ana:hs.test",
            "content": {"room_version": version, "additional_creators": ["@bob:hs.test"]}});
        let rules = join_rules
            .map(|content| Event(json!({"type": "m.room.join_rules", "state_key": "", "content": content})));
        RoomState::of([Event(create)].into_iter().chain(rules), None)
    }

    fn event(user: &str, before: Option<&str>, content: &Value) -> Event {
        let mut event = json!({"type": "m.room.member", "sender": user, "state_key": user, "content": content,
            "unsigned": {}});
        if let Some(before) = before {
            event["unsigned"] = json!({"prev_content": {"membership": before}});
        }
        Event(event)
    }

    fn join() -> Value {
        json!({"membership": "join"})
    }

    fn vouched() -> Value {
        json!({"membership": "join", "join_authorised_via_users_server": "@ana:hs.test"})
    }

    fn allow(rooms: &[&str]) -> Value {
        let condition = |room: &&str| json!({"type": "m.room_membership", "room_id": room});
        rooms.iter().map(condition).collect()
    }

    #[track_caller]
    fn check(event: &Event, state: &RoomState, want: Option<&str>) {
        let said = because(event, state, &names()).map(|line| Reply::text(line).render().text);
        assert_eq!(said.as_deref(), want, "{event:?}");
    }

    #[test]
    fn each_join_rule_lets_in_by_its_own_way() {
        const ODDLY: &str = "though, as far as is known, ";
        let bob = |before: Option<&str>, content: &Value| event("@bob:hs.test", before, content);
        for (version, rules, content, want) in [
            ("12", json!({"join_rule": "public"}), join(), "because the room is public".to_owned()),
            ("12", json!({"join_rule": "public"}), vouched(), "because the room is public".to_owned()),
            (
                "9",
                json!({"join_rule": "restricted", "allow": allow(&["!space:hs"])}),
                vouched(),
                "because they are a member of Space (`#space:hs`, `!space:hs`), which this room lets in".to_owned(),
            ),
            (
                "10",
                json!({"join_rule": "knock_restricted", "allow": allow(&["!space:hs", "!club:hs"])}),
                vouched(),
                "because they are a member of one of Space (`#space:hs`, `!space:hs`), Club (`!club:hs`), whose \
                 members this room lets in"
                    .to_owned(),
            ),
            (
                "11",
                json!({"join_rule": "restricted", "allow": allow(&["!a:hs", "!b:hs", "!c:hs", "!d:hs", "!e:hs"])}),
                vouched(),
                "because they are a member of one of `!a:hs`, `!b:hs`, `!c:hs` and 2 more rooms, whose members this \
                 room lets in"
                    .to_owned(),
            ),
            (
                "9",
                json!({"join_rule": "restricted", "allow": allow(&["!space:hs"])}),
                join(),
                format!("{ODDLY}nobody vouched for them, and the room lets in members of other rooms only"),
            ),
            (
                "9",
                json!({"join_rule": "restricted", "allow": "everybody"}),
                vouched(),
                format!("{ODDLY}the room names no other room whose members it lets in"),
            ),
            (
                "7",
                json!({"join_rule": "restricted", "allow": allow(&["!space:hs"])}),
                vouched(),
                format!("{ODDLY}nobody can join by the rule “restricted” in a room of this version"),
            ),
            (
                "9",
                json!({"join_rule": "knock_restricted", "allow": allow(&["!space:hs"])}),
                vouched(),
                format!("{ODDLY}nobody can join by the rule “knock_restricted” in a room of this version"),
            ),
            ("12", json!({"join_rule": "invite"}), join(), format!("{ODDLY}only invited people can join")),
            ("12", json!({"join_rule": "private"}), join(), format!("{ODDLY}only invited people can join")),
            ("12", json!({"join_rule": "knock"}), join(), format!("{ODDLY}one has to ask and be let in")),
            ("12", json!({"join_rule": "<b>"}), join(), format!("{ODDLY}nobody can join by the rule “<b>”")),
        ] {
            check(&bob(Some("leave"), &content), &state(version, Some(rules)), Some(&want));
        }
        check(&bob(None, &join()), &state("12", Some(json!({"join_rule": 7}))), None);
        check(&bob(None, &join()), &RoomState::default(), None);
    }

    #[test]
    fn who_asked_is_let_in_by_a_change_of_the_rule() {
        let knocker = |content: &Value| event("@bob:hs.test", Some("knock"), content);
        let public = state("12", Some(json!({"join_rule": "public"})));
        check(&knocker(&join()), &public, Some("because the room has become public"));
        let restricted =
            state("12", Some(json!({"join_rule": "knock_restricted", "allow": allow(&["!club:hs"])})));
        let member = "because they are a member of Club (`!club:hs`), which this room lets in";
        check(&knocker(&vouched()), &restricted, Some(member));
    }

    #[test]
    fn an_invitation_lets_in_whatever_the_rule() {
        let mut accepted = event("@bob:hs.test", Some("invite"), &join());
        let rules = state("12", Some(json!({"join_rule": "public"})));
        check(&accepted, &rules, Some("because they had been invited"));
        let invited = Event(json!({"type": "m.room.member", "state_key": "@bob:hs.test",
            "sender": "@mod:hs.test", "content": {"membership": "invite"}}));
        let before = RoomState::of([invited], None);
        check(&accepted, &before, Some("because `@mod:hs.test` had invited them"));
        accepted.0["unsigned"]["prev_sender"] = json!("@ana:hs.test");
        check(&accepted, &before, Some("because Ana (`@ana:hs.test`) had invited them"));
    }

    #[track_caller]
    fn check_all(events: &[&Event], state: &RoomState, want: &str) {
        let line = with_because(Line::from("…"), events, state, &names());
        assert_eq!(Reply::text(line).render().text, want, "{events:?}");
    }

    #[test]
    fn what_let_many_in_is_told_where_it_is_the_same_for_all() {
        let public = state("12", Some(json!({"join_rule": "public"})));
        let join_of = |user: &str| event(user, Some("leave"), &join());
        let (bob, eve) = (join_of("@bob:hs.test"), join_of("@eve:hs.test"));
        check_all(&[&bob, &eve], &public, "…, because the room is public");
        // Whoever made the room came in otherwise than those behind them.
        let maker = event("@ana:hs.test", None, &join());
        check_all(&[&maker, &bob, &eve], &public, "…");
        let accepted = |user: &str, by: &str| {
            let mut event = event(user, Some("invite"), &join());
            event.0["unsigned"]["prev_sender"] = json!(by);
            event
        };
        let by_ana = accepted("@bob:hs.test", "@ana:hs.test");
        let invited = "…, because Ana (`@ana:hs.test`) had invited them";
        check_all(&[&by_ana, &accepted("@eve:hs.test", "@ana:hs.test")], &public, invited);
        check_all(&[&by_ana, &accepted("@eve:hs.test", "@mod:hs.test")], &public, "…");
        check_all(&[], &public, "…");
    }

    #[test]
    fn one_sentence_has_no_cause_twice() {
        let public = state("12", Some(json!({"join_rule": "public"})));
        // Its sentence says whose the invitation was.
        let mut accepted = event("@bob:hs.test", Some("invite"), &join());
        check_all(&[&accepted], &public, "…, because they had been invited");
        accepted.0["unsigned"]["prev_sender"] = json!("@ana:hs.test");
        check_all(&[&accepted], &public, "…");
        let reason = event("@bob:hs.test", Some("leave"), &json!({"membership": "join", "reason": "hello"}));
        check_all(&[&reason], &public, "… (because the room is public)");
    }

    #[test]
    fn who_made_the_room_needs_no_invitation_once() {
        let invite = || state("12", Some(json!({"join_rule": "invite"})));
        check(&event("@ana:hs.test", None, &join()), &invite(), Some("because they made the room"));
        check(&event("@ana:hs.test", None, &join()), &state("9", None), Some("because they made the room"));
        let invited = "though, as far as is known, only invited people can join";
        check(&event("@ana:hs.test", Some("leave"), &join()), &invite(), Some(invited));
        // Additional creators have the power, and are invited like everybody else.
        check(&event("@bob:hs.test", None, &join()), &invite(), Some(invited));
    }

    #[test]
    fn other_changes_are_not_explained_by_how_one_gets_in() {
        let public = state("12", Some(json!({"join_rule": "public"})));
        for (before, after) in [("join", "join"), ("join", "leave"), ("ban", "join"), ("leave", "knock")] {
            check(&event("@bob:hs.test", Some(before), &json!({"membership": after})), &public, None);
        }
        check(&Event(json!(7)), &public, None);
    }
}

//! Many membership changes of the same kind in one line, as a live feed tells a wave of them.

use std::collections::{BTreeMap, HashSet};

use super::{
    explain, sender_of_another,
    table::{By, transition},
    tail, target_line,
    transition::Transition,
    words::words,
};
use crate::{
    model::Event,
    reply::Line,
    rules::{event::reason, explain::Around, names::Names},
    text::{
        clean::clean,
        number::{counted, grouped},
    },
};

/// How many users are named.
const NAMED: usize = 3;

/// What must be the same of events that are told together: of the same room what they mean, and where somebody did it
/// to somebody else also who did it, why, and whether it hides messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey<'a> {
    /// What they mean.
    pub transition: Transition,
    /// Who did it to others; `None` for what users do themselves.
    pub actor: Option<&'a str>,
    reason: Option<&'a str>,
    hides_messages: bool,
}

/// Which `m.room.member` events may be told [`together`]: those with the same key.
pub fn group_key(event: &Event) -> GroupKey<'_> {
    let transition = transition(event);
    let is_by_another = transition == Transition::NoUser || By::of(event) == By::Other;
    let said = event.text("reason").filter(|reason| !clean(reason, 1).is_empty());
    GroupKey {
        transition,
        actor: is_by_another.then(|| event.sender()),
        reason: said.filter(|_| is_by_another),
        hides_messages: tail::hides_messages(event),
    }
}

/// Several `m.room.member` events as one sentence without its full stop: how many users, the first of them by name, and
/// which other server than `around.here` most of them are of. A single event is explained in full. Events whose
/// [`group_key`] differs are counted, without saying what they mean.
pub fn together(events: &[&Event], around: &Around<'_>) -> Line {
    let nothing = Names::default();
    let names = around.names.unwrap_or(&nothing);
    let (first, others) = match events {
        [] => return Line::new().text("nothing happened"),
        [event] => return explain(event, names),
        [first, others @ ..] => (*first, others),
    };
    let key = group_key(first);
    let are_alike = others.iter().all(|event| group_key(event) == key);
    let users = distinct(events);
    let how_many = match users.len() {
        0 | 1 => Line::new().text("1 user"),
        many => Line::new().text(counted(number(many), "user")),
    };
    let line = if are_alike {
        let words = words(key.transition, By::of(first));
        let line = words.sentence(sender_of_another(first, key.transition, names), how_many);
        tail::hiding(line, first, words)
    } else {
        Line::new().text("the memberships of ").append(how_many).text(" changed in different ways")
    };
    let line = if events.len() > users.len() {
        line.text(format!(", {} times in all", grouped(number(events.len()))))
    } else {
        line
    };
    let line = named(line.text(": "), &users, key.transition, names);
    let line = if are_alike && key.reason.is_some() { reason(line, first) } else { line };
    let line = of_a_server(line, &users, around);
    if are_alike && key.transition.is_anomaly() { line.text(super::ANOMALY) } else { line }
}

/// The first event of each user, in the order of the events.
fn distinct<'a>(events: &[&'a Event]) -> Vec<&'a Event> {
    let mut seen = HashSet::new();
    events.iter().copied().filter(|event| seen.insert(event.state_key())).collect()
}

fn named(line: Line, users: &[&Event], transition: Transition, names: &Names) -> Line {
    let line = users.iter().take(NAMED).enumerate().fold(line, |line, (n, event)| {
        let line = match n {
            0 => line,
            n if n + 1 == users.len() => line.text(" and "),
            _ => line.text(", "),
        };
        line.append(target_line(event, transition, names))
    });
    match users.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {} more", grouped(number(more)))),
    }
}

/// The server that most of the users are of, when that is not the one that the explanation is read on.
fn of_a_server(line: Line, users: &[&Event], around: &Around<'_>) -> Line {
    let mut servers: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, server) in users.iter().filter_map(|event| event.state_key()?.split_once(':')) {
        *servers.entry(server).or_default() += 1;
    }
    // Of servers with the same number the first by name, so that the line is the same each time.
    let most = servers.into_iter().max_by_key(|(server, count)| (*count, std::cmp::Reverse(*server)));
    let Some((server, count)) = most.filter(|(_, count)| *count > 1) else { return line };
    if around.here.is_some_and(|here| here.as_str() == server) {
        return line;
    }
    let count = if count == users.len() { "all".to_owned() } else { grouped(number(count)) };
    line.text(format!("; {count} are of ")).code(super::short(server))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use ruma::owned_server_name;
    use serde_json::{Value, json};

    use super::*;
    use crate::reply::Reply;

    fn event(sender: &str, user: &str, before: &str, content: &Value) -> Event {
        Event(json!({"type": "m.room.member", "sender": sender, "state_key": user, "content": content,
            "unsigned": {"prev_content": {"membership": before, "displayname": content["displayname"]}}}))
    }

    fn joins(count: usize) -> Vec<Event> {
        let of = |n: usize| {
            let (user, name) = match n {
                0 => ("@ana:hs.test".to_owned(), Some("Ana")),
                1 => ("@bob:hs.test".to_owned(), Some("Bob")),
                n if n < 22 => (format!("@user{n}:hs.test"), None),
                n => (format!("@spam{n}:evil.test"), None),
            };
            event(&user, &user, "leave", &json!({"membership": "join", "displayname": name}))
        };
        (0..count).map(of).collect()
    }

    fn said(events: &[Event]) -> String {
        let mod_of_here = Event(json!({"type": "m.room.member", "state_key": "@mod:hs.test",
            "content": {"displayname": "Mod"}}));
        let (names, here) = (Names::of([&mod_of_here]), owned_server_name!("hs.test"));
        let around = Around { names: Some(&names), here: Some(&here), ..Around::default() };
        let events: Vec<&Event> = events.iter().collect();
        Reply::text(together(&events, &around)).render().text
    }

    #[test]
    fn a_wave_of_joins() {
        assert_eq!(said(&[]), "nothing happened");
        assert_eq!(said(&joins(1)), "Ana (`@ana:hs.test`) joined");
        assert_eq!(said(&joins(2)), "2 users joined: Ana (`@ana:hs.test`) and Bob (`@bob:hs.test`)");
        let three = "Ana (`@ana:hs.test`), Bob (`@bob:hs.test`)";
        assert_eq!(said(&joins(3)), format!("3 users joined: {three} and `@user2:hs.test`"));
        assert_eq!(said(&joins(4)), format!("4 users joined: {three}, `@user2:hs.test` and 1 more"));
        assert_eq!(
            said(&joins(312)),
            format!("312 users joined: {three}, `@user2:hs.test` and 309 more; 290 are of `evil.test`")
        );
        assert_eq!(
            said(&joins(10_000)[22..]),
            "9,978 users joined: `@spam22:evil.test`, `@spam23:evil.test`, `@spam24:evil.test` and 9,975 more; all are \
             of `evil.test`"
        );
    }

    #[test]
    fn what_one_did_to_many() {
        let kick = |n: usize, content: Value| {
            event("@mod:hs.test", &format!("@u{n}:{}.test", if n == 0 { "a" } else { "b" }), "join", &content)
        };
        let kicks = |content: &Value| (0..40).map(|n| kick(n, content.clone())).collect::<Vec<_>>();
        let three = "`@u0:a.test`, `@u1:b.test`, `@u2:b.test` and 37 more";
        assert_eq!(
            said(&kicks(&json!({"membership": "leave", "reason": "spam"}))),
            format!("Mod (`@mod:hs.test`) kicked 40 users: {three}, because “spam”; 39 are of `b.test`")
        );
        assert_eq!(
            said(&kicks(&json!({"membership": "ban", "redact_events": true}))),
            format!(
                "Mod (`@mod:hs.test`) removed and banned 40 users and asked servers to hide all their messages: {three}; 39 are of \
                 `b.test`"
            )
        );
        let same = |a: Value, b: Value| group_key(&kick(1, a)) == group_key(&kick(2, b));
        let leave = |reason: &str| json!({"membership": "leave", "reason": reason});
        assert!(same(leave("spam"), leave("spam")));
        assert!(!same(leave("spam"), leave("raid")), "another reason");
        assert!(
            same(leave("\u{200b}"), json!({"membership": "leave"})),
            "a reason that shows nothing is none"
        );
        assert!(!same(leave("spam"), json!({"membership": "ban", "reason": "spam"})), "another meaning");
        let hiding = json!({"membership": "leave", "reason": "spam", "redact_events": true});
        assert!(!same(leave("spam"), hiding), "not all are hidden");
        let other = event("@ana:hs.test", "@u1:b.test", "join", &leave("spam"));
        assert_ne!(group_key(&other), group_key(&kick(1, leave("spam"))), "another actor");
        assert_eq!(group_key(&other).actor, Some("@ana:hs.test"));
    }

    #[test]
    fn what_users_do_themselves_is_told_whatever_the_reason() {
        let leaves = |reason: &str| {
            let user = format!("@{reason}:hs.test");
            event(&user, &user, "join", &json!({"membership": "leave", "reason": reason}))
        };
        assert_eq!(group_key(&leaves("a")), group_key(&leaves("b")));
        assert_eq!(said(&[leaves("a"), leaves("b")]), "2 users left: `@a:hs.test` and `@b:hs.test`");
        assert_eq!(
            said(&[leaves("a"), leaves("b"), leaves("a")]),
            "2 users left, 3 times in all: `@a:hs.test` and `@b:hs.test`"
        );
        let rename = |before: &str, after: &str| {
            Event(json!({"sender": "@ana:hs.test", "state_key": "@ana:hs.test",
                "content": {"membership": "join", "displayname": after},
                "unsigned": {"prev_content": {"membership": "join", "displayname": before}}}))
        };
        assert_eq!(
            said(&[rename("a", "b"), rename("b", "c")]),
            "1 user changed the name, 2 times in all: a (`@ana:hs.test`)"
        );
        assert_ne!(group_key(&rename("a", "b")), group_key(&rename("a", "a")), "nothing was changed");
    }

    #[test]
    fn anomalies_and_mixtures_are_not_hidden() {
        let back = |user: &str| event(user, user, "ban", &json!({"membership": "join"}));
        assert_eq!(
            said(&[back("@a:hs.test"), back("@b:x.test")]),
            "2 users joined, though banned: `@a:hs.test` and `@b:x.test`; servers should not allow this: it can come \
             from a state reset, or from a broken or hostile server"
        );
        assert_eq!(
            said(&[back("@a:hs.test"), joins(1).remove(0)]),
            "the memberships of 2 users changed in different ways: `@a:hs.test` and Ana (`@ana:hs.test`)"
        );
        let nothing = Event(json!(7));
        assert!(said(&[nothing.clone(), nothing]).starts_with("1 user sent a membership that is not part"));
    }
}

//! Many membership changes of the same kind in one line, as a live feed tells a wave of them.

use std::collections::{BTreeMap, HashSet};

use super::{
    explain, sender_of_another, tail, target_line,
    transition::{By, Transition, transition},
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
pub struct GroupKey {
    /// What they mean.
    pub transition: Transition,
    /// Who did it to others; `None` for what users do themselves.
    pub actor: Option<String>,
    reason: Option<String>,
    hides_messages: bool,
}

/// Which `m.room.member` events may be told [`together`]: those with the same key.
pub fn group_key(event: &Event) -> GroupKey {
    let transition = transition(event);
    let is_by_another = transition == Transition::NoUser || By::of(event) == By::Other;
    let said = event.text("reason").filter(|reason| !clean(reason, 1).is_empty());
    GroupKey {
        transition,
        actor: is_by_another.then(|| event.sender().to_owned()),
        reason: said.filter(|_| is_by_another).map(str::to_owned),
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

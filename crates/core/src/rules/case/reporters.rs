//! Who reported something, how often, when, and in which words.

use std::collections::BTreeSet;

use super::Extent;
use crate::{
    model::{Millis, Report},
    ports::Case,
    reply::{Line, Reply},
    rules::names::Names,
    text::{
        clean::clean,
        duration::date,
        number::{counted, grouped},
    },
};

/// So many reporters a card names.
const NAMED: usize = 5;
/// So many reports are shown in full.
const IN_FULL: usize = 100;

/// “reported 5 times by 4 people”.
pub(super) fn how_often(reports: &[Report]) -> String {
    let people = people(reports);
    match reports.len() {
        0 => "with no report that I know of".to_owned(),
        1 => "reported once".to_owned(),
        times if people == 1 => format!("reported {} times by one person", grouped(times as u64)),
        times => {
            format!("reported {} times by {} people", grouped(times as u64), grouped(people as u64))
        }
    }
}

/// How many people reported.
pub fn people(reports: &[Report]) -> usize {
    reports.iter().map(|report| report.reporter.as_str()).collect::<BTreeSet<_>>().len()
}

/// When the first and the last report reached the server.
pub fn first_and_last(reports: &[Report]) -> Option<(Millis, Millis)> {
    let times = || reports.iter().map(|report| report.key.received_ts);
    Some((times().min()?, times().max()?))
}

/// The same in words.
pub(super) fn when(case: &Case) -> String {
    match first_and_last(&case.reports) {
        Some((first, last)) if first < last => format!("first {}, last {}", date(first), date(last)),
        Some((only, _)) => date(only),
        None => format!("seen {}", date(case.opened_at)),
    }
}

/// What reports are sorted by: their numbers may be given again.
pub fn newness(report: &Report) -> (Millis, u64) {
    (report.key.received_ts, report.key.id)
}

/// The reason that a report gives, if it shows anything.
fn reason(report: &Report) -> Option<&str> {
    report.reason.as_deref().filter(|reason| !clean(reason, 1).is_empty())
}

/// The reason of the newest report that gives one.
pub fn newest_reason(reports: &[Report]) -> Option<&str> {
    let with = |report: &'_ &Report| reason(report).is_some();
    reports.iter().filter(with).max_by_key(|report| newness(report)).and_then(reason)
}

/// Who reported, and why.
pub(super) fn list(reply: Reply, case: &Case, names: &Names, extent: Extent) -> Reply {
    match extent {
        _ if case.reports.is_empty() => reply,
        Extent::Card => by_person(reply, case, names),
        Extent::Full => one_by_one(reply, case, names),
    }
}

/// Each reporter, in the order in which they first reported, with their newest reason.
fn by_person(reply: Reply, case: &Case, names: &Names) -> Reply {
    let mut sorted: Vec<&Report> = case.reports.iter().collect();
    sorted.sort_by_key(|report| newness(report));
    let mut shown: Vec<&str> = Vec::new();
    for report in &sorted {
        if shown.len() < NAMED && !shown.contains(&report.reporter.as_str()) {
            shown.push(&report.reporter);
        }
    }
    let hidden = people(&case.reports) - shown.len();
    let lines = shown.into_iter().map(|reporter| {
        let theirs = || sorted.iter().filter(|report| report.reporter == reporter);
        let times = theirs().count();
        let line = names.user(reporter);
        let line = if times > 1 { line.text(format!(" ({} times)", grouped(times as u64))) } else { line };
        because(line, theirs().rev().find_map(|report| reason(report)))
    });
    // Their number is part of the words: a message that is too full may leave out some of these as well.
    let reply = reply.paragraph("Why:").list(lines);
    match hidden {
        0 => reply,
        1 => reply.paragraph("and one more person"),
        hidden => reply.paragraph(format!("and {} more people", grouped(hidden as u64))),
    }
}

/// Each report, newest first.
fn one_by_one(reply: Reply, case: &Case, names: &Names) -> Reply {
    let mut sorted: Vec<&Report> = case.reports.iter().collect();
    sorted.sort_by_key(|report| std::cmp::Reverse(newness(report)));
    let hidden = sorted.len().saturating_sub(IN_FULL);
    let lines = sorted.iter().take(IN_FULL).map(|report| {
        let line = Line::new().text(format!("{} ", date(report.key.received_ts)));
        because(line.append(names.user(&report.reporter)), reason(report))
            .text(format!(" (report {} of the server)", report.key.id))
    });
    let of = counted(case.reports.len() as u64, "report");
    let reply = reply.paragraph(format!("{of}, newest first:")).list(lines);
    match hidden {
        0 => reply,
        hidden => {
            let line = Line::new().text(format!("and {}; ", counted(hidden as u64, "older report")));
            reply.paragraph(line.code(format!("!case {} --file", case.id)).text(" has them all"))
        }
    }
}

fn because(line: Line, reason: Option<&str>) -> Line {
    match reason {
        Some(reason) => line.text(": ").user(reason),
        None => line.text(", without a reason"),
    }
}

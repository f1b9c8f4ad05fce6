//! One thing that has to be true of a case: in words, and weighed.

use std::{collections::BTreeMap, fmt::Display, time::Duration};

use super::{Fact, Facts, Glob, JoinRule, Pattern, TimeOfDay, Verdict};
use crate::{
    model::{Millis, Report, ReportKind},
    reply::Line,
    text::{
        duration::{date, in_words},
        number::counted,
    },
};

/// One thing that has to be true of a case. Lists are never empty: one of them is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// What was reported.
    Kind(Vec<ReportKind>),
    /// The text of the reported event.
    Text(Pattern),
    /// The author's display name; of a reported room, the room's.
    Name(Pattern),
    /// The reason of a report.
    Reason(Pattern),
    /// Who wrote it, or is reported.
    Author(Vec<Glob>),
    /// Who reports.
    Reporter(Vec<Glob>),
    /// The room, by its ID or alias.
    Room(Vec<Glob>),
    /// The author's server; of a reported room, that of who made it.
    Server(Vec<Glob>),
    /// Whether that server is this one.
    Local(bool),
    /// One of these reports it.
    TrustedReporters(Vec<Glob>),
    /// At least so many people report it.
    DistinctReporters {
        /// How many; at least one.
        count: usize,
        /// Within this time of each other.
        within: Option<Duration>,
    },
    /// The author's account is younger.
    AuthorAgeBelow(Duration),
    /// A file of this type is in it.
    MediaType(Vec<Glob>),
    /// Who can join the room.
    JoinRule(Vec<JoinRule>),
    /// The room has fewer members.
    MembersBelow(u64),
    /// The room has more members.
    MembersAbove(u64),
    /// Whether the room is blocked.
    Blocked(bool),
    /// The time at which it is weighed.
    TimeOfDay(TimeOfDay),
}

impl Condition {
    /// “the author is like `@*:evil.test`”
    pub fn in_words(&self) -> Line {
        match self {
            Self::Kind(kinds) => one_of("what is reported is", kinds.iter().map(|kind| a(*kind))),
            Self::Text(pattern) => Line::from("the text matches ").code(pattern.to_string()),
            Self::Name(pattern) => Line::from("the name matches ").code(pattern.to_string()),
            Self::Reason(pattern) => Line::from("a reason matches ").code(pattern.to_string()),
            Self::Author(globs) => coded("the author is like", globs),
            Self::Reporter(globs) => coded("a reporter is like", globs),
            Self::Room(globs) => coded("the room is like", globs),
            Self::Server(globs) => coded("the server is like", globs),
            Self::Local(true) => Line::from("it is of this server"),
            Self::Local(false) => Line::from("it is of another server"),
            Self::TrustedReporters(globs) => coded("a trusted reporter is like", globs),
            Self::DistinctReporters { count, within: None } => {
                Line::from(format!("at least {} reported it", people(*count)))
            }
            Self::DistinctReporters { count, within: Some(within) } => {
                Line::from(format!("at least {} reported it within {}", people(*count), in_words(*within)))
            }
            Self::AuthorAgeBelow(age) => {
                Line::from(format!("the author's account is younger than {}", in_words(*age)))
            }
            Self::MediaType(globs) => coded("it has a file of type", globs),
            Self::JoinRule(rules) => coded("the room's join rule is", rules.iter().map(|rule| rule.word())),
            Self::MembersBelow(most) => Line::from(format!("the room has fewer than {}", members(*most))),
            Self::MembersAbove(least) => Line::from(format!("the room has more than {}", members(*least))),
            Self::Blocked(true) => Line::from("the room is blocked"),
            Self::Blocked(false) => Line::from("the room is not blocked"),
            Self::TimeOfDay(time) => Line::from(format!("the time is in {time} UTC")),
        }
    }

    /// Whether a report fits it. Conditions that are about no single report are fit by any.
    pub fn fits(&self, report: &Report) -> bool {
        match self {
            Self::Reporter(globs) => globs.iter().any(|glob| glob.matches(&report.reporter)),
            Self::Reason(pattern) => report.reason.as_deref().is_some_and(|reason| pattern.matches(reason)),
            _ => true,
        }
    }

    /// Whether it holds, and what was found, in words. Of the reports, `reports` are looked at: those of `facts` that fit
    /// what else a rule asks of them.
    pub fn weigh(&self, facts: &Facts, reports: &[&Report]) -> (Verdict, Line) {
        let (verdict, found) = self.judge(facts, reports);
        let is_about_reports = matches!(
            self,
            Self::Reason(_) | Self::Reporter(_) | Self::TrustedReporters(_) | Self::DistinctReporters { .. }
        );
        match (facts.reports.len().saturating_sub(reports.len()) as u64, is_about_reports) {
            (0, _) | (_, false) => (verdict, found),
            (others, true) => {
                let others = counted(others, "other report");
                (verdict, found.text(format!(" ({others} without what else the rule asks of reports)")))
            }
        }
    }

    fn judge(&self, facts: &Facts, reports: &[&Report]) -> (Verdict, Line) {
        match self {
            Self::Kind(kinds) => (holds(kinds.contains(&facts.kind)), Line::from(a(facts.kind))),
            Self::Text(pattern) => judged(&facts.texts, |texts| {
                match texts.iter().find(|text| pattern.matches(text)).or(texts.first()) {
                    Some(text) => (pattern.matches(text), Line::from("it says ").spoiler(text)),
                    None => (false, Line::from("it has no text")),
                }
            }),
            Self::Name(pattern) => {
                judged(&facts.name, |name| (pattern.matches(name), Line::from("the name is ").user(name)))
            }
            Self::Reason(pattern) => reason(pattern, reports),
            Self::Author(globs) => judged(&facts.author, |author| like(globs, author)),
            Self::Reporter(globs) | Self::TrustedReporters(globs) => reporter(globs, reports),
            Self::Room(globs) => judged(&facts.room, |names| {
                let found = names.iter().find(|name| globs.iter().any(|glob| glob.matches(name)));
                (found.is_some(), coded("the room is", found.or(names.first())))
            }),
            Self::Server(globs) => judged(&facts.server, |server| like(globs, server)),
            Self::Local(is_local) => judged(&facts.server, |server| {
                let here = if *server == facts.here { "this server" } else { "another server" };
                let is_so = (*server == facts.here) == *is_local;
                (is_so, Line::from(format!("it is of {here}, ")).code(server))
            }),
            Self::DistinctReporters { count, within } => {
                let found = distinct(reports, *within);
                (holds(found >= *count), Line::from(format!("{} reported it", people(found))))
            }
            Self::AuthorAgeBelow(most) => judged(&facts.author_created_at, |created| {
                let line = Line::from(format!("the account is of {}", date(*created)));
                match facts.at.checked_sub(*created).map(u64::try_from) {
                    Some(Ok(age)) => (Duration::from_millis(age) < *most, line),
                    // It was made after now: some clock is wrong, and it is new.
                    _ => (*created > facts.at, line),
                }
            }),
            Self::MediaType(globs) => judged(&facts.media_types, |types| {
                let found = types.iter().find(|kind| globs.iter().any(|glob| glob.matches(kind)));
                (found.is_some(), coded("it has a file of type", found.or(types.first())))
            }),
            Self::JoinRule(rules) => judged(&facts.join_rule, |found| {
                (rules.iter().any(|rule| rule.word() == found), coded("the join rule is", [found]))
            }),
            Self::MembersBelow(most) => judged(&facts.members, |count| (count < most, has(*count))),
            Self::MembersAbove(least) => judged(&facts.members, |count| (count > least, has(*count))),
            Self::Blocked(is_blocked) => judged(&facts.blocked, |found| {
                let words = if *found { "the room is blocked" } else { "the room is not blocked" };
                (found == is_blocked, Line::from(words))
            }),
            Self::TimeOfDay(time) => {
                (holds(time.contains(facts.at)), Line::from(format!("it is {}", date(facts.at))))
            }
        }
    }
}

/// “a message”
fn a(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Event => "a message or other event",
        ReportKind::User => "a user",
        ReportKind::Room => "a room",
    }
}

fn holds(is_so: bool) -> Verdict {
    if is_so { Verdict::Holds } else { Verdict::HoldsNot }
}

/// What follows from a fact, if it is known.
fn judged<T>(fact: &Fact<T>, judge: impl FnOnce(&T) -> (bool, Line)) -> (Verdict, Line) {
    match fact {
        Fact::Known(value) => {
            let (is_so, found) = judge(value);
            (holds(is_so), found)
        }
        Fact::Absent(why) => (Verdict::HoldsNot, Line::from(*why)),
        Fact::Unknown(why) => (Verdict::Unknown, Line::from(*why)),
    }
}

fn like(globs: &[Glob], text: &str) -> (bool, Line) {
    (globs.iter().any(|glob| glob.matches(text)), coded("it is", [text]))
}

fn reason(pattern: &Pattern, reports: &[&Report]) -> (Verdict, Line) {
    let mut reasons = reports.iter().filter_map(|report| report.reason.as_deref());
    match reasons.clone().find(|reason| pattern.matches(reason)) {
        Some(reason) => (Verdict::Holds, Line::from("a reason is ").user(reason)),
        None => match reasons.next_back() {
            Some(last) => (Verdict::HoldsNot, Line::from("no reason does; the last is ").user(last)),
            None => (Verdict::HoldsNot, Line::from("no report has a reason")),
        },
    }
}

fn reporter(globs: &[Glob], reports: &[&Report]) -> (Verdict, Line) {
    let mut reporters = reports.iter().map(|report| report.reporter.as_str());
    match reporters.find(|reporter| globs.iter().any(|glob| glob.matches(reporter))) {
        Some(reporter) => (Verdict::Holds, coded("it was reported by", [reporter])),
        None => (Verdict::HoldsNot, Line::from("nobody like that reported it")),
    }
}

/// The most people who reported within a time of each other.
fn distinct(reports: &[&Report], within: Option<Duration>) -> usize {
    let within = within.map_or(Millis::MAX, |time| Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX));
    let mut sorted: Vec<&Report> = reports.to_vec();
    sorted.sort_by_key(|report| report.key.received_ts);
    let (mut first, mut most) = (0, 0);
    let mut inside: BTreeMap<&str, usize> = BTreeMap::new();
    for report in &sorted {
        *inside.entry(&report.reporter).or_default() += 1;
        while report.key.received_ts.saturating_sub(sorted[first].key.received_ts) > within {
            let reporter = sorted[first].reporter.as_str();
            first += 1;
            if let Some(count) = inside.get_mut(reporter) {
                *count -= 1;
                if *count == 0 {
                    inside.remove(reporter);
                }
            }
        }
        most = most.max(inside.len());
    }
    most
}

fn people(count: usize) -> String {
    if count == 1 { "one person".to_owned() } else { format!("{count} people") }
}

fn members(count: u64) -> String {
    counted(count, "member")
}

fn has(count: u64) -> Line {
    Line::from(format!("it has {}", members(count)))
}

fn one_of(words: &str, items: impl IntoIterator<Item = impl Display>) -> Line {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    Line::from(format!("{words} {}", items.join(" or ")))
}

fn coded(words: &str, items: impl IntoIterator<Item = impl Display>) -> Line {
    items.into_iter().enumerate().fold(Line::from(words), |line, (n, item)| {
        line.text(if n == 0 { " " } else { " or " }).code(item.to_string())
    })
}

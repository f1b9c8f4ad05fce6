//! Rules about abuse reports: what has to be true of a case, and what is done then without asking anybody. They come from
//! the configuration; what is done is decided elsewhere.

mod condition;
mod facts;
mod pattern;

use std::time::Duration;

use ruma::OwnedUserId;

pub use self::{
    condition::Condition,
    facts::{Fact, Facts, Needs},
    pattern::{BadPattern, Glob, JoinRule, Pattern, TimeOfDay},
};
use super::case::CaseAction;
use crate::{model::Report, reply::Line};

/// All rules, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The rules; no two have the same name.
    pub list: Vec<Rule>,
    /// Which of several that match act.
    pub matches: Matches,
    /// How many Plans rules carry out in an hour without asking.
    pub per_hour: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { list: Vec::new(), matches: Matches::First, per_hour: 10 }
    }
}

/// Which of several rules that match act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    /// The first of them. Rules on trial are told of besides, and keep no other from acting.
    First,
    /// All of them.
    All,
}

/// A rule that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matching {
    /// Its place in the configuration, from 0.
    pub place: usize,
    /// The place of a rule that would keep it from acting, where it is not known whether that one matches.
    pub behind: Option<usize>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is called.
    pub name: String,
    /// What has to hold, all of it. Never empty.
    pub when: Vec<Condition>,
    /// What is done then. Never empty.
    pub actions: Vec<RuleAction>,
    /// For how long it does nothing more against the same author.
    pub cooldown: Option<Duration>,
    /// Whether it acts.
    pub mode: Mode,
}

/// Whether a rule acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    #[default]
    Act,
    /// It is only told what it would do.
    DryRun,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// What a moderator could do from the card, and what changes the homeserver.
    Case(CaseAction),
    /// The case is settled, once what else the rule does was done.
    Resolve,
    /// The case is dismissed.
    Dismiss,
    /// The case comes before others.
    Prioritize,
    /// Reporters whose reports fit the rule are ignored from now on.
    IgnoreReporter,
    /// These moderators are mentioned.
    Notify(Vec<OwnedUserId>),
    /// The case is sent to a webhook of the configuration, by its name.
    Webhook(String),
}

impl RuleAction {
    /// The action of a word of `do`; `None` for words that stand for no such action.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "resolve" => Some(Self::Resolve),
            "dismiss" => Some(Self::Dismiss),
            "priority" => Some(Self::Prioritize),
            "ignore-reporter" => Some(Self::IgnoreReporter),
            word => CaseAction::from_word(word).filter(|action| action.changes_homeserver()).map(Self::Case),
        }
    }

    /// All words of `do`.
    pub fn all_words() -> Vec<&'static str> {
        let of_cases = CaseAction::ALL.into_iter().filter(|action| action.changes_homeserver());
        of_cases.map(CaseAction::word).chain(["resolve", "dismiss", "priority", "ignore-reporter"]).collect()
    }

    /// “redact”, “notify `@mod:hs`”.
    pub fn in_words(&self) -> Line {
        match self {
            Self::Case(action) => Line::from(action.word()),
            Self::Resolve => Line::from("resolve the case"),
            Self::Dismiss => Line::from("dismiss the case"),
            Self::Prioritize => Line::from("high priority"),
            Self::IgnoreReporter => Line::from("ignore the reporter"),
            Self::Notify(users) => users.iter().fold(Line::from("notify"), |line, user| {
                line.text(if *user == users[0] { " " } else { ", " }).code(user.as_str())
            }),
            Self::Webhook(name) => Line::from("call the webhook ").code(name),
        }
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    HoldsNot,
    /// What it asks about is not known. A rule that needs it does not match.
    Unknown,
}

/// A condition, weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The condition in words.
    pub condition: Line,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: Line,
}

/// Weighs every condition of a rule.
pub fn weigh(rule: &Rule, facts: &Facts) -> Vec<Weighed> {
    let weighed = |condition: &Condition| {
        // What conditions say of reports has to be true of the same ones.
        let (verdict, found) = condition.weigh(facts, &fitting(&rule.when, condition, facts));
        Weighed { condition: condition.in_words(), verdict, found }
    };
    rule.when.iter().map(weighed).collect()
}

/// Whether a rule matches: every condition holds.
pub fn matches(weighed: &[Weighed]) -> bool {
    !weighed.is_empty() && weighed.iter().all(|weighed| weighed.verdict == Verdict::Holds)
}

/// Whether it is not known if a rule matches: nothing that is known speaks against it.
pub fn is_unknown(weighed: &[Weighed]) -> bool {
    let lacks = |weighed: &Weighed| weighed.verdict == Verdict::Unknown;
    weighed.iter().any(lacks) && weighed.iter().all(|weighed| weighed.verdict != Verdict::HoldsNot)
}

/// The reports that fit all of some conditions about single reports, but for one of them.
fn fitting<'a>(when: &[Condition], but: &Condition, facts: &'a Facts) -> Vec<&'a Report> {
    let others = || when.iter().filter(|condition| *condition != but);
    facts.reports.iter().filter(|report| others().all(|condition| condition.fits(report))).collect()
}

impl Rule {
    /// What it does, in words.
    pub fn actions_in_words(&self) -> Line {
        joined(self.actions.iter().map(RuleAction::in_words), ", ")
    }

    /// What has to hold, in words.
    pub fn when_in_words(&self) -> Line {
        joined(self.when.iter().map(Condition::in_words), "; ")
    }

    /// Those whose reports fit what the rule says about reporters and reasons.
    pub fn fitting_reporters<'a>(&self, facts: &'a Facts) -> Vec<&'a str> {
        let fits = |report: &&Report| self.when.iter().all(|condition| condition.fits(report));
        let mut reporters: Vec<&str> =
            facts.reports.iter().filter(fits).map(|report| report.reporter.as_str()).collect();
        reporters.sort_unstable();
        reporters.dedup();
        reporters
    }
}

impl Rules {
    /// What has to be asked for so that every rule can be weighed.
    pub fn needs(&self) -> Needs {
        Needs::of(self.list.iter().flat_map(|rule| &rule.when))
    }

    /// Weighs all rules; those that match, in their order.
    pub fn matching(&self, facts: &Facts) -> Vec<Matching> {
        let mut found = Vec::new();
        let (mut is_over, mut behind) = (false, None);
        for (place, rule) in self.list.iter().enumerate() {
            let is_trial = rule.mode == Mode::DryRun;
            if is_over && !is_trial {
                continue;
            }
            let weighed = weigh(rule, facts);
            if matches(&weighed) {
                found.push(Matching { place, behind: behind.filter(|_| !is_trial) });
                is_over |= !is_trial && self.matches == Matches::First;
            } else if !is_trial && self.matches == Matches::First && is_unknown(&weighed) {
                behind = behind.or(Some(place));
            }
        }
        found
    }
}

fn joined(lines: impl Iterator<Item = Line>, between: &str) -> Line {
    lines.enumerate().fold(Line::new(), |all, (n, line)| {
        let all = if n == 0 { all } else { all.text(between) };
        all.append(line)
    })
}

#[cfg(test)]
mod tests;

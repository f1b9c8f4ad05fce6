//! How much one moderator, or the rules, may change in an hour: over one number the bot asks, over another it refuses.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use ruma::{OwnedUserId, UserId};

use super::safety::Verdict;
use crate::{
    model::Millis,
    plan::{Origin, Outcome, Plan, PlanState, Step, Undoes},
    text::duration::{date, in_words},
};

/// The name of the limit of all changes together, beside those of commands.
pub const ALL: &str = "all";
/// What is longer ago no longer counts.
pub const HOUR: Millis = 60 * 60_000;

/// How many changes in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Over it the bot asks, whatever `--yes` says.
    pub ask: usize,
    /// Over it the bot refuses.
    pub refuse: usize,
}

/// The limits: of everything together, and of single commands by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of everything together.
    pub all: Limit,
    /// Of single commands. A change counts for the command that is for it, and for the command that asked for it.
    pub commands: BTreeMap<String, Limit>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { all: Limit { ask: 100, refuse: 2000 }, commands: BTreeMap::new() }
    }
}

/// Whose changes are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What a moderator asked for.
    Moderator(OwnedUserId),
    /// What the bot's own rules did, all together.
    Rules,
}

impl Whose {
    /// Of a Plan; `None` for what the bot does of its own accord, which is not counted: it ends what was to end, and tells
    /// reporters.
    pub fn of(origin: &Origin, asked_by: &UserId) -> Option<Self> {
        match origin {
            Origin::Command(_) | Origin::Tap { .. } | Origin::Invitation(_) => {
                Some(Self::Moderator(asked_by.to_owned()))
            }
            Origin::Rule { .. } => Some(Self::Rules),
            Origin::Ending(_) | Origin::Outcome(_) => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Moderator(user) => user.as_str(),
            Self::Rules => "my rules",
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// By which command.
    pub command: &'a str,
    /// What.
    pub steps: &'a [Step],
    /// Whether it is refused.
    pub kind: Kind,
}

/// Whether something is done, or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is done.
    Does,
    /// It undoes what a job did: that is never refused.
    Undoes,
}

impl Kind {
    /// Of what undoes this, if anything.
    pub fn of(undoes: Option<&Undoes>) -> Self {
        if undoes.is_some() { Self::Undoes } else { Self::Does }
    }
}

/// A job that was begun, and when.
#[derive(Clone, Debug)]
pub struct Begun {
    /// When.
    pub at: Millis,
    /// The job.
    pub plan: Plan,
}

/// When a Plan was begun, at the latest; `None` for one that was not. `asked` tells whether it was asked about first: when
/// exactly that was confirmed is not kept, but neither did its state change before, nor could it be confirmed later than it
/// could wait.
pub fn begun_at(plan: &Plan, asked: Asked) -> Option<Millis> {
    match (plan.state, asked) {
        (PlanState::Proposed | PlanState::Cancelled | PlanState::Expired, _) => None,
        (PlanState::Running | PlanState::Done, Asked::No) => Some(plan.asked_at),
        (PlanState::Running | PlanState::Done, Asked::First) => {
            Some(plan.changed_at.min(plan.expires_at).max(plan.asked_at))
        }
    }
}

/// Whether a Plan was confirmed before it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was.
    First,
    /// It was begun at once.
    No,
}

/// Whether something begun then still counts.
pub fn counts(at: Millis, now: Millis) -> bool {
    now.saturating_sub(at) < HOUR
}

impl Limits {
    /// What the limits say to a job. `earlier` are the jobs of the same moderator, or of the rules; what is too old among
    /// them, or undid something, does not count.
    pub fn check(&self, whose: &Whose, job: Job<'_>, earlier: &[Begun], now: Millis) -> Verdict {
        let limits = self.commands.iter().map(|(name, limit)| (name.as_str(), *limit));
        let (mut asks, mut refuses) = (Vec::new(), Vec::new());
        for (name, limit) in limits.chain([(ALL, self.all)]) {
            let now_asked = job.steps.iter().filter(|step| is_of(name, job.command, step)).count();
            if now_asked == 0 {
                continue;
            }
            let sum = Sum { name, limit, now_asked, before: before(name, earlier, now) };
            if sum.total() > limit.refuse && job.kind == Kind::Does {
                refuses.push((sum.goes_on_at().unwrap_or(Millis::MAX), sum));
            } else if sum.total() > limit.ask {
                asks.push(sum.asks(whose));
            }
        }
        // Of several that refuse, the one that does so for the longest.
        if let Some((_, sum)) = refuses.into_iter().max_by_key(|(at, _)| *at) {
            return Verdict::Refuse(sum.refuses(whose, now));
        }
        if asks.is_empty() { Verdict::Allow } else { Verdict::Confirm(asks.join(" ")) }
    }
}

/// Whether a step counts for a limit.
fn is_of(name: &str, command: &str, step: &Step) -> bool {
    name == ALL || name == command || name == step.command()
}

/// What was done before, as times and numbers, oldest first. What failed wholly changed nothing.
fn before(name: &str, earlier: &[Begun], now: Millis) -> Vec<(Millis, usize)> {
    let done = |plan: &Plan| {
        let steps = plan.steps.iter().filter(|planned| is_of(name, &plan.command, &planned.step));
        steps
            .filter(|planned| {
                !matches!(planned.outcome, Some(Outcome::Failed { but: None, .. } | Outcome::Stopped { .. }))
            })
            .count()
    };
    let recent = earlier.iter().filter(|begun| counts(begun.at, now) && begun.plan.undoes.is_none());
    let mut found: Vec<(Millis, usize)> = recent.map(|begun| (begun.at, done(&begun.plan))).collect();
    found.sort_unstable();
    found
}

/// What comes together for one limit.
struct Sum<'a> {
    name: &'a str,
    limit: Limit,
    now_asked: usize,
    before: Vec<(Millis, usize)>,
}

impl Sum<'_> {
    fn done(&self) -> usize {
        self.before.iter().map(|(_, changes)| changes).sum()
    }

    fn total(&self) -> usize {
        self.done() + self.now_asked
    }

    /// When so much of what was done is an hour ago that this fits; `None` when it never does.
    fn goes_on_at(&self) -> Option<Millis> {
        let mut left = self.total();
        for (at, changes) in &self.before {
            if left <= self.limit.refuse {
                break;
            }
            left -= changes;
            if left <= self.limit.refuse {
                return Some(at.saturating_add(HOUR));
            }
        }
        None
    }

    /// “@mod:hs made 480 changes with !ban in the last hour, and this is 21 more: over 500 ”
    fn words(&self, whose: &Whose) -> String {
        let with = if self.name == ALL { String::new() } else { format!(" with !{}", self.name) };
        let (done, more, who) = (self.done(), self.now_asked, whose.name());
        if done == 0 {
            return format!("This is {}{with} by {who} within an hour: over ", changes(more));
        }
        format!("{} by {who}{with} in the last hour, and this is {more} more: over ", changes(done))
    }

    fn asks(&self, whose: &Whose) -> String {
        format!("{}{} I ask, as safety.limits.{} says.", self.words(whose), self.limit.ask, self.name)
    }

    fn refuses(&self, whose: &Whose, now: Millis) -> String {
        let mut said = format!(
            "{}{} I refuse, as safety.limits.{} says. Nothing was done. ",
            self.words(whose),
            self.limit.refuse,
            self.name
        );
        let end = match self.goes_on_at() {
            Some(at) => {
                let wait = u64::try_from(at.saturating_sub(now)).unwrap_or_default();
                write!(said, "It fits again in {}, at {}.", in_words(Duration::from_millis(wait)), date(at))
            }
            None => write!(
                said,
                "It never fits as one job: ask for less at a time, or raise the limit in my configuration."
            ),
        };
        end.expect("a string takes everything");
        said
    }
}

fn changes(n: usize) -> String {
    if n == 1 { "1 change".to_owned() } else { format!("{n} changes") }
}

#[cfg(test)]
mod tests;

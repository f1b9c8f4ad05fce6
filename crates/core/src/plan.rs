//! A [`Plan`]: everything that changes the world, as a value. It is previewed, checked, confirmed, executed step by
//! step, reported, audited, resumed after a crash and undone; always the same value.

mod progress;
mod redaction;
mod restoration;
mod step;
mod undoes;

use ruma::{OwnedEventId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

pub use self::{
    progress::{Effect, Inside, Outcome, Presence, StepState},
    redaction::{NotRedacted, RedactionRun, RoomAtWork, RoomLeft, Single},
    restoration::{
        NotBack, Restoration, Restored, Restoring, RestoringRun, Shut, Snapshots, Told, Wanted, Way,
        snapshots, without_double_blocks,
    },
    step::{DeleteApi, FilesOf, Reverse, RoomRef, Step},
    undoes::{Undoes, Undone},
};
use crate::{
    model::Millis,
    ports::{CaseId, Change},
    reply::Line,
    speech::{Effort, Mark, Marked, REPORT},
};

/// The number that moderators use: `!confirm 12`.
pub type PlanId = u64;

/// What was asked for, by whom and why, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its number.
    pub id: PlanId,
    /// What it came from; one command makes one Plan at most.
    pub origin: Origin,
    /// The name of the command, such as `shutdown`.
    pub command: String,
    /// The whole command as it was typed.
    pub typed: String,
    /// Who asked.
    pub asked_by: OwnedUserId,
    /// When.
    pub asked_at: Millis,
    /// Why, in the moderator's words.
    pub because: Option<String>,
    /// The Plans that this one reverses.
    pub undoes: Option<Undoes>,
    /// The case of an abuse report that it is about.
    pub case: Option<CaseId>,
    /// How long what it does is to last, in milliseconds from its end; `None` for good. Then it is undone.
    pub lasts: Option<Millis>,
    /// How far it is.
    pub state: PlanState,
    /// Who confirmed or cancelled it; the asker, where no confirmation was needed.
    pub decided_by: Option<OwnedUserId>,
    /// When its state last changed.
    pub changed_at: Millis,
    /// Until when a confirmation is waited for.
    pub expires_at: Millis,
    /// What is to be done, in this order.
    pub steps: Vec<PlannedStep>,
}

/// What a Plan came from. Its text is known once in the database, so that nothing makes two Plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A command: its event in the management room.
    Command(OwnedEventId),
    /// An invitation that was sent to the bot: which one.
    Invitation(String),
    /// A reaction to the card of a case.
    Tap {
        /// The reaction, in the management room.
        reaction: OwnedEventId,
        /// What it is a reaction to.
        card: OwnedEventId,
    },
    /// A rule about abuse reports: its name, and what it acts on.
    Rule {
        /// The rule's name in the configuration.
        rule: String,
        /// What tells this time from others: the case and the number of its reports.
        occasion: String,
    },
    /// What a Plan did was to last until now.
    Ending(PlanId),
    /// A case was closed, and its reporters are told: which one, and what tells this time from others.
    Outcome(String),
}

impl Origin {
    /// What stands in front of an invitation: no event ID begins so.
    const INVITATION: &str = "invitation ";
    const TAP: &str = "tap ";
    const RULE: &str = "rule ";
    const OUTCOME: &str = "outcome ";
    const ENDING: &str = "ending ";

    /// The event in the management room that it answers: of a reaction, what it is a reaction to.
    pub fn event(&self) -> Option<&OwnedEventId> {
        match self {
            Self::Command(event) | Self::Tap { card: event, .. } => Some(event),
            Self::Invitation(_) | Self::Rule { .. } | Self::Ending(_) | Self::Outcome(_) => None,
        }
    }

    /// Its text, as it is stored.
    pub fn text(&self) -> String {
        match self {
            Self::Command(event) => event.to_string(),
            Self::Invitation(which) => format!("{}{which}", Self::INVITATION),
            Self::Tap { reaction, card } => format!("{}{reaction} {card}", Self::TAP),
            Self::Rule { rule, occasion } => format!("{}{occasion} {rule}", Self::RULE),
            Self::Ending(plan) => format!("{}{plan}", Self::ENDING),
            Self::Outcome(which) => format!("{}{which}", Self::OUTCOME),
        }
    }

    /// The origin of a stored text.
    pub fn from_text(text: &str) -> Option<Self> {
        if let Some(which) = text.strip_prefix(Self::INVITATION) {
            Some(Self::Invitation(which.to_owned()))
        } else if let Some(which) = text.strip_prefix(Self::OUTCOME) {
            Some(Self::Outcome(which.to_owned()))
        } else if let Some(plan) = text.strip_prefix(Self::ENDING) {
            plan.parse().ok().map(Self::Ending)
        } else if let Some((reaction, card)) =
            text.strip_prefix(Self::TAP).and_then(|tap| tap.split_once(' '))
        {
            Some(Self::Tap { reaction: reaction.try_into().ok()?, card: card.try_into().ok()? })
        } else if let Some((occasion, rule)) =
            text.strip_prefix(Self::RULE).and_then(|rule| rule.split_once(' '))
        {
            Some(Self::Rule { rule: rule.to_owned(), occasion: occasion.to_owned() })
        } else {
            text.try_into().ok().map(Self::Command)
        }
    }
}

/// How far a Plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanState {
    /// Waiting for a confirmation.
    Proposed,
    /// Confirmed, or without need of it: to be executed until every step has an outcome.
    Running,
    /// Every step has an outcome.
    Done,
    /// Dropped by a moderator.
    Cancelled,
    /// Dropped by time.
    Expired,
}

impl PlanState {
    /// The word for it, as it is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The state for a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Proposed, Self::Running, Self::Done, Self::Cancelled, Self::Expired]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A step and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// What to do.
    pub step: Step,
    /// Where to go on, once it was begun.
    pub state: Option<StepState>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

impl From<Step> for PlannedStep {
    fn from(step: Step) -> Self {
        Self { step, state: None, outcome: None }
    }
}

impl PlannedStep {
    /// Whether it ended without having been done.
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Failed { .. } | Outcome::Stopped { .. }))
    }

    /// Whether it was not begun because a moderator stopped the job.
    pub fn is_stopped(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Stopped { .. }))
    }

    /// Whether what it did can be put right.
    pub fn can_be_undone(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Done { effect }) => {
                matches!(self.step.reverse(effect), Reverse::By(_) | Reverse::Restore(_))
            }
            Some(Outcome::Failed { .. } | Outcome::Stopped { .. }) | None => false,
        }
    }

    /// What the server says is missing although it says that the step is done, in a sentence.
    pub fn shortfall(&self) -> Option<&'static str> {
        let (result, blocked, known) = match &self.outcome {
            Some(Outcome::Done { effect: Effect::ShutDown { result, blocked, known } }) => {
                (result, blocked, known)
            }
            Some(Outcome::Done { effect: Effect::Trimmed { deleted: 0, left: Some(2..) } }) => {
                return Some("The server deleted none, although one is enough.");
            }
            Some(Outcome::Done { effect: Effect::UserRedacted { rest, .. } }) if rest.is_any() => {
                return Some("Not everything could be redacted.");
            }
            Some(Outcome::Done { effect: Effect::Deactivated { inside, .. } }) if !inside.is_empty() => {
                return Some("It was to leave all its rooms.");
            }
            Some(Outcome::Done { effect: Effect::Restored { restored } })
                if restored.missing > 0 || !restored.told.troubles.is_empty() =>
            {
                return Some("Not everything is as it was.");
            }
            _ => return None,
        };
        let (block, purge) = match &self.step {
            Step::ShutDownRoom { shutdown, .. } => (shutdown.block, shutdown.purge || shutdown.force_purge),
            Step::PurgeEmptyRoom { .. } => (false, true),
            _ => return None,
        };
        if block && *blocked == Some(false) {
            Some("It was to be blocked, and the server says that it is not.")
        } else if purge && *known == Some(true) {
            Some("It was to be purged, and the server still knows it.")
        } else if !result.failed_to_kick_users.is_empty() {
            Some("Some members could not be removed, or not be moved.")
        } else {
            None
        }
    }
}

impl Plan {
    /// Whether every step with an outcome was done, none was, or some were.
    pub fn result(&self) -> PlanResult {
        let done = |step: &&PlannedStep| step.outcome.as_ref().is_some_and(Outcome::is_done);
        if self.steps.iter().all(|step| done(&step) && step.shortfall().is_none()) {
            PlanResult::Done
        } else if self.steps.iter().any(|step| done(&step)) {
            PlanResult::Partly
        } else {
            PlanResult::Failed
        }
    }

    /// How to put right what was done, the last step first. `kept` is what was kept of rooms that it shut down, `me` the bot.
    pub fn reverses(&self, kept: &Snapshots, me: &UserId, wanted: Wanted) -> Reversed {
        let mut reversed = Reversed::default();
        for (n, planned) in self.steps.iter().enumerate().rev() {
            let Some(Outcome::Done { effect }) = &planned.outcome else { continue };
            match planned.step.reverse(effect) {
                Reverse::By(step) => reversed.steps.push(step),
                Reverse::Restore(shut) => match shut.restore(kept.get(&(self.id, n)), me, wanted) {
                    Ok(steps) => reversed.steps.extend(steps),
                    Err(why) => reversed.stays.push(why),
                },
                Reverse::Nothing(why) => reversed.unchanged.push(why),
                Reverse::Cannot(why) => reversed.stays.push(why),
            }
        }
        without_double_blocks(&mut reversed.steps, |step| step);
        reversed
    }

    /// When what it did is over; `None` while it is not done, and for what is for good.
    pub fn lasts_until(&self) -> Option<Millis> {
        let lasts = self.lasts.filter(|_| self.state == PlanState::Done)?;
        Some(self.changed_at.saturating_add(lasts))
    }

    /// Whether something that it did can be put right by `!undo`.
    pub fn can_be_undone(&self) -> bool {
        self.steps.iter().any(PlannedStep::can_be_undone)
    }

    /// Whether a moderator stopped it before all of it was begun.
    pub fn is_stopped(&self) -> bool {
        self.steps.iter().any(PlannedStep::is_stopped)
    }

    /// Its steps that were not begun: all that are open, but the first of them if it has a state.
    pub fn not_begun(&self) -> impl Iterator<Item = usize> {
        let mut open = (0..self.steps.len()).filter(|n| self.steps[*n].outcome.is_none());
        let first = open.next().filter(|n| self.steps[*n].state.is_none());
        first.into_iter().chain(open)
    }

    /// Whether it is at work and can be stopped: what puts right goes on to the end, or what is half right could not be put
    /// right by its number any more; and so does telling reporters what was decided.
    pub fn can_be_stopped(&self) -> bool {
        self.state == PlanState::Running && self.is_stoppable() && self.not_begun().next().is_some()
    }

    /// Whether it is of a kind that is ever stopped.
    pub fn is_stoppable(&self) -> bool {
        self.undoes.is_none() && !matches!(self.origin, Origin::Outcome(_))
    }

    /// Whether it ended without having done anything.
    pub fn has_failed(&self) -> bool {
        self.state == PlanState::Done && self.result() == PlanResult::Failed
    }

    /// Whether a message in the management room reports how it goes. Reporters are told quietly: only of one who could not
    /// be told is there something to read, and only at the end.
    pub fn is_reported(&self) -> bool {
        match &self.origin {
            Origin::Outcome(_) => {
                let is_over = self.steps.iter().all(|planned| planned.outcome.is_some());
                is_over && self.result() != PlanResult::Done
            }
            // Nothing ended: later jobs have the last word on all of it.
            Origin::Ending(_) => !self.steps.is_empty(),
            Origin::Command(_) | Origin::Invitation(_) | Origin::Tap { .. } | Origin::Rule { .. } => true,
        }
    }

    /// A reaction to the command that it came from.
    pub fn mark(&self, emoji: &'static str, effort: Effort) -> Option<Change> {
        let Origin::Command(event) = &self.origin else { return None };
        let to = Marked::Event(event.clone());
        Some(Change::Mark(Mark { to, emoji: emoji.into(), effort }))
    }

    /// The key of the message that previews it.
    pub fn preview_key(id: PlanId) -> String {
        format!("plan-{id}")
    }

    /// The key of the message that reports its execution.
    pub fn report_key(id: PlanId) -> String {
        format!("{REPORT}{id}")
    }

    /// The Plan whose execution a message reports, from the message's key.
    pub fn reported_by(key: &str) -> Option<PlanId> {
        key.strip_prefix(REPORT)?.parse().ok()
    }

    /// The Plan that a message previews, from the message's key.
    pub fn previewed_by(key: &str) -> Option<PlanId> {
        key.strip_prefix("plan-")?.parse().ok()
    }
}

/// How what a Plan did is put right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reversed {
    /// The steps that do so.
    pub steps: Vec<Step>,
    /// Of what there is nothing to put right, and why.
    pub unchanged: Vec<Line>,
    /// What cannot be put right, and why.
    pub stays: Vec<Line>,
}

/// How a finished Plan went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanResult {
    /// Every step.
    Done,
    /// Some steps.
    Partly,
    /// No step.
    Failed,
}

impl PlanResult {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly done",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BlockStatus, Shutdown};

    fn shutdown(block: bool, purge: bool) -> Step {
        Step::ShutDownRoom {
            room: ruma::owned_room_id!("!a:hs.test").into(),
            shutdown: Shutdown { block, purge, force_purge: false, notice: None },
            api: DeleteApi::V2,
        }
    }

    #[test]
    fn states_survive_their_words() {
        for state in [
            PlanState::Proposed,
            PlanState::Running,
            PlanState::Done,
            PlanState::Cancelled,
            PlanState::Expired,
        ] {
            assert_eq!(PlanState::from_word(state.word()), Some(state));
        }
        assert_eq!(PlanState::from_word("gone"), None);
    }

    #[test]
    fn origins_survive_their_text() {
        for origin in [
            Origin::Command(ruma::owned_event_id!("$a")),
            Origin::Invitation("!a:hs.test @mod:hs.test $b".into()),
            Origin::Tap { reaction: ruma::owned_event_id!("$r"), card: ruma::owned_event_id!("$c") },
            Origin::Rule { rule: "spam links from new accounts".into(), occasion: "case-7-2".into() },
            Origin::Ending(12),
            Origin::Outcome("case-7 resolved 1".into()),
        ] {
            assert_eq!(Origin::from_text(&origin.text()), Some(origin));
        }
        assert_eq!(Origin::from_text("something"), None);
    }

    #[test]
    fn every_shutdown_says_that_it_cannot_be_taken_back() {
        for step in
            [shutdown(true, true), shutdown(false, true), shutdown(true, false), shutdown(false, false)]
        {
            assert!(step.irreversible().is_some(), "{step:?}");
        }
    }

    #[test]
    fn extremities_of_which_none_was_deleted_are_a_shortfall() {
        let room = RoomRef::from(ruma::owned_room_id!("!a:hs.test"));
        for (deleted, left, is_short) in [
            (0, Some(5), true),
            (0, Some(1), false),
            (0, None, false),
            (4, Some(1), false),
            (4, Some(2), false),
        ] {
            let planned = PlannedStep {
                step: Step::DeleteExtremities { room: room.clone() },
                state: None,
                outcome: Some(Outcome::Done { effect: Effect::Trimmed { deleted, left } }),
            };
            assert_eq!(planned.shortfall().is_some(), is_short, "{deleted} {left:?}");
        }
    }

    #[test]
    fn a_block_is_undone_only_if_it_changed_something() {
        let room = RoomRef::from(ruma::owned_room_id!("!a:hs.test"));
        let step = Step::BlockRoom { room: room.clone() };
        let effect = |before| Effect::Blocked { before, inside: Inside::UnknownRoom };
        assert_eq!(step.reverse(&effect(BlockStatus::Open)), Reverse::By(Step::UnblockRoom { room }));
        assert!(matches!(step.reverse(&effect(BlockStatus::Blocked(None))), Reverse::Nothing(_)));
    }
}

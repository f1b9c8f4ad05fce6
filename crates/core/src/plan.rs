//! A [`Plan`]: everything that changes the world, as a value. It is previewed, checked, confirmed, executed step by
//! step, reported, audited, resumed after a crash and undone; always the same value.

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

use crate::{
    model::{BlockStatus, DeleteResult, Millis, Shutdown},
    reply::{Line, room_line},
};

/// The number that moderators use: `!confirm 12`.
pub type PlanId = u64;

/// What was asked for, by whom and why, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its number.
    pub id: PlanId,
    /// The event of the command; one command makes one Plan at most.
    pub event_id: OwnedEventId,
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
    /// The Plan that this one reverses.
    pub undoes: Option<PlanId>,
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
    /// What the server says is missing although it says that the step is done, in a sentence.
    pub fn shortfall(&self) -> Option<&'static str> {
        let Some(Outcome::Done { effect: Effect::ShutDown { result, blocked, known } }) = &self.outcome
        else {
            return None;
        };
        let Step::ShutDownRoom { shutdown, .. } = &self.step else { return None };
        if shutdown.block && *blocked == Some(false) {
            Some("It was to be blocked, and the server says that it is not.")
        } else if (shutdown.purge || shutdown.force_purge) && *known == Some(true) {
            Some("It was to be purged, and the server still knows it.")
        } else if !result.failed_to_kick_users.is_empty() {
            Some("Some members could not be removed, or not be moved.")
        } else {
            None
        }
    }
}

/// A room, with what it was called when it was asked about: afterwards it may have no name any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRef {
    /// Its ID.
    pub id: OwnedRoomId,
    /// Its name.
    pub name: Option<String>,
    /// Its main alias.
    pub alias: Option<String>,
}

impl RoomRef {
    /// Name, alias and ID.
    pub fn line(&self) -> Line {
        room_line(self.name.as_deref(), self.alias.as_deref(), self.id.as_str())
    }
}

/// A room of which only the ID is known.
impl From<OwnedRoomId> for RoomRef {
    fn from(id: OwnedRoomId) -> Self {
        Self { id, name: None, alias: None }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "a step is named after what it does and to what")]
pub enum Step {
    /// Keep local users out of a room.
    BlockRoom {
        /// The room; the server need not know it.
        room: RoomRef,
    },
    /// Let local users into a room again.
    UnblockRoom {
        /// The room.
        room: RoomRef,
    },
    /// Remove all local members from a room, and purge it.
    ShutDownRoom {
        /// The room.
        room: RoomRef,
        /// How.
        shutdown: Shutdown,
    },
}

/// Where a step goes on after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum StepState {
    /// A block is about to be set or lifted. That is idempotent, but how it was before must not be read again.
    Blocking {
        /// How it was before.
        before: BlockStatus,
    },
    /// The deletion is about to be asked for. After a crash, a task that is not among the known ones is ours.
    Asking {
        /// The `delete_id`s that the room had before.
        known: Vec<String>,
        /// How many local members there were.
        members: u64,
    },
    /// The deletion was accepted.
    Following {
        /// Its `delete_id`.
        delete_id: String,
        /// How many local members there were.
        members: u64,
        /// How many of them are out, as far as the server has said.
        removed: u64,
    },
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The server confirmed the effect.
    Done {
        /// What is now true.
        effect: Effect,
    },
    /// It did not happen, or not wholly.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// What is true all the same, in a sentence.
        but: Option<String>,
    },
}

impl Outcome {
    /// Whether the server confirmed the effect.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

/// What a finished step changed, as the server said afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The room is blocked.
    Blocked {
        /// How it was before.
        before: BlockStatus,
        /// Local members who are still inside.
        inside: Inside,
    },
    /// The room is open.
    Unblocked {
        /// How it was before.
        before: BlockStatus,
    },
    /// The room is shut down.
    ShutDown {
        /// What the server did.
        result: DeleteResult,
        /// Whether the room is blocked now; `None` when the server could not be asked.
        blocked: Option<bool>,
        /// Whether the server still knows the room; `None` when it could not be asked.
        known: Option<bool>,
    },
}

/// How many local members a blocked room still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// So many.
    Members(u64),
    /// The server does not know the room.
    UnknownRoom,
    /// The server could not be asked.
    NotTold,
}

/// How to put a finished step right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// By this step.
    By(Step),
    /// There is nothing to put right.
    Nothing(Line),
    /// It cannot be put right; the sentence says why and what can be done.
    Cannot(Line),
}

impl Step {
    /// The room that it is about.
    pub fn room(&self) -> &RoomId {
        &self.room_ref().id
    }

    /// The room that it is about, with its names.
    pub fn room_ref(&self) -> &RoomRef {
        match self {
            Self::BlockRoom { room } | Self::UnblockRoom { room } | Self::ShutDownRoom { room, .. } => room,
        }
    }

    /// What it does, in the infinitive: "block Spam (`!x`)".
    pub fn describe(&self) -> Line {
        let line = |words: &str| Line::new().text(words).append(self.room_ref().line());
        match self {
            Self::BlockRoom { .. } => line("block "),
            Self::UnblockRoom { .. } => line("unblock "),
            Self::ShutDownRoom { shutdown, .. } => {
                let line = line("shut down ");
                match (shutdown.block, shutdown.purge, shutdown.force_purge) {
                    (true, true, false) => line.text(", block and purge it"),
                    (false, true, false) => line.text(" and purge it, without blocking it"),
                    (true, _, true) => line.text(", block and purge it by force"),
                    (false, _, true) => line.text(" and purge it by force, without blocking it"),
                    (true, false, false) => line.text(" and block it, without purging it"),
                    (false, false, false) => line.text(", without blocking or purging it"),
                }
            }
        }
    }

    /// The command that is for it: undoing needs the power that doing it needs.
    pub fn command(&self) -> &'static str {
        match self {
            Self::BlockRoom { .. } => "block",
            Self::UnblockRoom { .. } => "unblock",
            Self::ShutDownRoom { .. } => "shutdown",
        }
    }

    /// Why it cannot simply be undone, for steps of which that is true. They always ask first.
    pub fn irreversible(&self) -> Option<&'static str> {
        match self {
            Self::BlockRoom { .. } | Self::UnblockRoom { .. } => None,
            Self::ShutDownRoom { shutdown, .. } if shutdown.purge || shutdown.force_purge => {
                Some("the members are removed and the room's history on this server is deleted")
            }
            Self::ShutDownRoom { .. } => Some("the members are removed and have to come back by themselves"),
        }
    }

    /// How to put it right after it ended with `effect`.
    pub fn reverse(&self, effect: &Effect) -> Reverse {
        let room = self.room_ref().clone();
        match effect {
            Effect::Blocked { before: BlockStatus::Open, .. } => Reverse::By(Self::UnblockRoom { room }),
            Effect::Blocked { before: BlockStatus::Blocked(_), .. } => {
                Reverse::Nothing(room.line().text(" was blocked before already."))
            }
            Effect::Unblocked { before: BlockStatus::Blocked(_) } => Reverse::By(Self::BlockRoom { room }),
            Effect::Unblocked { before: BlockStatus::Open } => {
                Reverse::Nothing(room.line().text(" was not blocked before."))
            }
            Effect::ShutDown { .. } => {
                let line = Line::new().text("I cannot undo the shutdown of ").append(room.line());
                let line = line.text(
                    " yet. I kept its name, topic, aliases, state and the list of its local members for that. To let \
                     people join it again: ",
                );
                Reverse::Cannot(line.code(format!("!unblock {}", room.id)).text("."))
            }
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

    /// The key of the message that previews it.
    pub fn preview_key(id: PlanId) -> String {
        format!("plan-{id}")
    }

    /// The key of the message that reports its execution.
    pub fn report_key(id: PlanId) -> String {
        format!("run-{id}")
    }

    /// The Plan that a message previews, from the message's key.
    pub fn previewed_by(key: &str) -> Option<PlanId> {
        key.strip_prefix("plan-")?.parse().ok()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shutdown(block: bool, purge: bool) -> Step {
        Step::ShutDownRoom {
            room: ruma::owned_room_id!("!a:hs.test").into(),
            shutdown: Shutdown { block, purge, force_purge: false, notice: None },
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
    fn every_shutdown_says_that_it_cannot_be_taken_back() {
        for step in
            [shutdown(true, true), shutdown(false, true), shutdown(true, false), shutdown(false, false)]
        {
            assert!(step.irreversible().is_some(), "{step:?}");
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

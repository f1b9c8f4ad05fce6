//! What a moderator, or a rule, can do about a case.

use serde::{Deserialize, Serialize};

use crate::{
    model::{MemberChange, Sanction},
    plan::Step,
    speech,
};

/// Something that can be done about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseAction {
    /// Look after it.
    Claim,
    /// It is settled.
    Resolve,
    /// There was nothing to it.
    Dismiss,
    /// Redact the reported event.
    Redact,
    /// Redact what its author wrote, in all rooms.
    RedactAll,
    /// Kick its author from the room.
    Kick,
    /// Ban its author from the room.
    Ban,
    /// Suspend its author, who is local.
    Suspend,
    /// Quarantine the files of the reported event.
    Quarantine,
    /// Block the room.
    Block,
    /// Shut the room down.
    Shutdown,
    /// Show more of the conversation around it.
    More,
}

impl CaseAction {
    /// All of them, as they are offered.
    pub const ALL: [Self; 12] = [
        Self::Claim,
        Self::Resolve,
        Self::Dismiss,
        Self::Redact,
        Self::RedactAll,
        Self::Kick,
        Self::Ban,
        Self::Suspend,
        Self::Quarantine,
        Self::Block,
        Self::Shutdown,
        Self::More,
    ];

    /// Its word, in the configuration and in `!act`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Resolve => "resolve",
            Self::Dismiss => "dismiss",
            Self::Redact => "redact",
            Self::RedactAll => "redact-all",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Suspend => "suspend",
            Self::Quarantine => "quarantine",
            Self::Block => "block",
            Self::Shutdown => "shutdown",
            Self::More => "more",
        }
    }

    /// The action of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// The reaction that stands for it, unless configured otherwise.
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Claim => speech::CLAIM,
            Self::Resolve => speech::RESOLVE,
            Self::Dismiss => speech::DISMISS,
            Self::Redact => "🧹",
            Self::RedactAll => "🧨",
            Self::Kick => "👢",
            Self::Ban => "🔨",
            Self::Suspend => "⏸️",
            Self::Quarantine => "☣️",
            Self::Block => "🚧",
            Self::Shutdown => "💣",
            Self::More => "🔎",
        }
    }

    /// The action that a step belongs to; none for what no card offers.
    pub fn of_step(step: &Step) -> Option<Self> {
        match step {
            Step::RedactEvent { .. } => Some(Self::Redact),
            Step::RedactUser { .. } => Some(Self::RedactAll),
            Step::Member { change: MemberChange::Kick, .. } => Some(Self::Kick),
            Step::Member { change: MemberChange::Ban, .. } => Some(Self::Ban),
            Step::Sanction { sanction: Sanction::Suspension, .. } => Some(Self::Suspend),
            Step::QuarantineMedia { .. } => Some(Self::Quarantine),
            Step::BlockRoom { .. } => Some(Self::Block),
            Step::ShutDownRoom { .. } => Some(Self::Shutdown),
            _ => None,
        }
    }

    /// Whether it changes something at the homeserver, and so is a Plan.
    pub fn changes_homeserver(self) -> bool {
        match self {
            Self::Claim | Self::Resolve | Self::Dismiss | Self::More => false,
            Self::Redact
            | Self::RedactAll
            | Self::Kick
            | Self::Ban
            | Self::Suspend
            | Self::Quarantine
            | Self::Block
            | Self::Shutdown => true,
        }
    }
}

/// Which reactions cards offer, and which emoji stand for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cards {
    /// What is offered, in this order, where it makes sense.
    pub offered: Vec<CaseAction>,
    /// Other emoji than [`CaseAction::emoji`].
    pub emoji: Vec<(CaseAction, String)>,
}

impl Default for Cards {
    fn default() -> Self {
        Self { offered: CaseAction::ALL.to_vec(), emoji: Vec::new() }
    }
}

impl Cards {
    /// The reaction that stands for an action.
    pub fn emoji(&self, action: CaseAction) -> &str {
        let own = self.emoji.iter().find(|(of, _)| *of == action);
        own.map_or(action.emoji(), |(_, emoji)| emoji)
    }

    /// The action that a reaction stands for, among those that are offered.
    pub fn action(&self, key: &str) -> Option<CaseAction> {
        self.offered.iter().copied().find(|action| speech::is_emoji(key, self.emoji(*action)))
    }
}

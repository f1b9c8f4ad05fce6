//! Who may do what, and from what size on the bot asks first: the configuration, as commands see it.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedRoomId;

use super::Access;
use crate::{
    model::Switch,
    outcome::Tell,
    rules::{case::Cards, feed::Feed, reports::Rules},
};

/// Who may do what, and from what size on the bot asks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The management room.
    pub management: OwnedRoomId,
    /// The power level that acting needs.
    pub act: i64,
    /// Power levels of single commands.
    pub levels: BTreeMap<String, i64>,
    /// How long a confirmation is waited for.
    pub confirm_for: Duration,
    /// Whether `--yes` skips the confirmation.
    pub yes: SkipConfirmation,
    /// How many rooms a command changes without asking.
    pub confirm_over: usize,
    /// What is told of watched rooms.
    pub feed: Feed,
    /// Whom nothing is done against: user IDs, in which `*` and `?` stand for anything and for one character.
    pub exempt: Vec<String>,
    /// What the cards of cases offer.
    pub cards: Cards,
    /// What reporters are told when a case is closed.
    pub tell: Tell,
    /// Whether a reverse proxy can forward reports to the bot.
    pub endpoint: Switch,
    /// What is done about abuse reports without asking.
    pub rules: Rules,
}

/// Whether `--yes` skips the confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipConfirmation {
    /// It does.
    Allowed,
    /// It is ignored, with a word about it.
    Ignored,
}

impl Settings {
    /// The defaults, for a management room.
    pub fn new(management: OwnedRoomId) -> Self {
        Self {
            management,
            act: 50,
            levels: BTreeMap::new(),
            confirm_for: Duration::from_mins(10),
            yes: SkipConfirmation::Ignored,
            confirm_over: 5,
            feed: Feed::default(),
            exempt: Vec::new(),
            cards: Cards::default(),
            tell: Tell::default(),
            endpoint: Switch::Off,
            rules: Rules::default(),
        }
    }

    /// The power level that a command needs; `None` when being in the room is enough.
    pub fn level(&self, command: &str, access: Access) -> Option<i64> {
        let own = self.levels.get(command).copied();
        match access {
            Access::Read | Access::Decide => own,
            // What it is to change is a Plan, and that needs the level to act.
            Access::ReadOrAct => None,
            Access::Act => Some(own.unwrap_or(self.act)),
        }
    }
}

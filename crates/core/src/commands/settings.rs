//! Who may do what, and from what size on the bot asks first: the configuration, as commands see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ruma::{OwnedRoomId, UserId};
use tokio::sync::watch;

use super::{Access, Failure};
use crate::{
    model::{Standing, Switch},
    outcome::Tell,
    plan::{Plan, Step},
    ports::Lookup,
    reply::Line,
    rules::{case::Cards, feed::Feed, limits::Limits, reports::Rules},
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
    /// The commands that another moderator has to confirm than who asks.
    pub second: BTreeSet<String>,
    /// How much is changed in an hour before the bot asks, or refuses.
    pub limits: Limits,
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
    /// For how long what is over is remembered; for ever without a time.
    pub keep: Option<Duration>,
}

/// The settings that are in force, which can be replaced while the bot runs. All clones see the same ones. Whoever begins
/// something takes them once, and goes on with what it began with.
#[derive(Clone, Debug)]
pub struct InForce(Arc<watch::Sender<Arc<Settings>>>);

impl InForce {
    /// Those of this moment.
    pub fn now(&self) -> Arc<Settings> {
        self.0.borrow().clone()
    }

    /// Puts others in force: all of them, at once.
    pub fn replace(&self, settings: Settings) {
        self.0.send_replace(Arc::new(settings));
    }
}

impl From<Settings> for InForce {
    fn from(settings: Settings) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(settings))))
    }
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
            second: BTreeSet::new(),
            limits: Limits::default(),
            feed: Feed::default(),
            exempt: Vec::new(),
            cards: Cards::default(),
            tell: Tell::default(),
            endpoint: Switch::Off,
            rules: Rules::default(),
            keep: None,
        }
    }

    /// The power level that a command needs, if only to read; `None` when being in the room is enough.
    pub fn level(&self, command: &str, access: Access) -> Option<i64> {
        let own = self.levels.get(command).copied();
        match access {
            // What is changed by a command that also reads is a Plan, and that needs the level to act.
            Access::Read | Access::ReadOrAct | Access::Decide => own,
            Access::Act => Some(own.unwrap_or(self.act)),
        }
    }

    /// The power level that a job needs: that of its command, and those of the commands that are for its steps.
    pub(crate) fn level_of(&self, command: &str, steps: &[Step]) -> i64 {
        commands(command, steps).filter_map(|name| self.level(name, Access::Act)).max().unwrap_or(self.act)
    }

    /// The commands of a job that another moderator has to confirm.
    pub(crate) fn second<'a>(&self, command: &'a str, steps: &'a [Step]) -> BTreeSet<&'a str> {
        commands(command, steps).filter(|name| self.second.contains(*name)).collect()
    }

    /// Whether a job waits, or waited, for another moderator than who asked for it. What the bot asks needs one moderator.
    pub(crate) fn is_for_another(&self, plan: &Plan, me: &UserId) -> bool {
        let steps = plan.steps.iter().map(|planned| planned.step.command());
        let mut names = std::iter::once(plan.command.as_str()).chain(steps);
        plan.asked_by != me && names.any(|name| self.second.contains(name))
    }
}

/// The command of a job, and those that are for its steps.
fn commands<'a>(command: &'a str, steps: &'a [Step]) -> impl Iterator<Item = &'a str> {
    let of_step = |step: &'a Step| -> &'a str { step.command() };
    std::iter::once(command).chain(steps.iter().map(of_step))
}

/// Whether somebody may use a command, now; refused with why not.
pub(crate) async fn may(
    lookup: &dyn Lookup,
    user: &UserId,
    command: &str,
    level: Option<i64>,
) -> Result<(), Failure> {
    let standing = lookup.standing(user).await?;
    let line = Line::new().code(user.as_str());
    match (standing, level) {
        (Standing::Outside, _) => Err(Failure::told(
            line.text(" is not in this room any more; I take commands from its members only."),
        )),
        (Standing::Level(has), Some(needs)) if has < needs => Err(Failure::told(
            Line::new().code(format!("!{command}")).text(format!(
                " needs power level {needs} in this room, and you have {has}. Somebody with more power can raise it."
            )),
        )),
        (Standing::Creator | Standing::Level(_), _) => Ok(()),
    }
}

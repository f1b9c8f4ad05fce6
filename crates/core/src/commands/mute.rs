//! `!mute`: keep users from writing in rooms, by their power level.

use std::time::Duration;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms, Reach},
    muting::{Wish, decide},
    whom::lasts,
};
use crate::{model::Switch, text::duration::parse_duration};

/// Keep users from writing in rooms, by their power level
///
/// They stay in the room, and can read. They get a level below what writing takes; it takes my power to change the power
/// levels in each room: where I lack it, !room-admin helps. !unmute gives them the level of everybody again, !undo the
/// level that they had.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!mute <@user>... <room>...|--everywhere [reason|--because <reason>] [--for <2d>] [--dry-run] [--yes]"
)]
pub(super) struct Mute {
    #[command(flatten)]
    whom: InRooms,
    /// For how long; it ends by itself then, also after a restart
    #[arg(long = "for", value_name = "duration", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

impl Command for Mute {
    const NAME: &'static str = "mute";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!mute @loud:example.com #lounge:example.org --for 1h";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather(world, Reach::Where(&["join"])).await?.with_temporary(world)
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish { to: Switch::On, lasts: lasts(self.lasts)?, acting: self.whom.acting };
        decide(&wish, facts, world)
    }
}

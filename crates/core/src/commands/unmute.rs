//! `!unmute`: let users write again whom `!mute` kept from it.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms, Reach},
    muting::{Wish, decide},
};
use crate::model::Switch;

/// Let users write again whom !mute kept from it
///
/// They get the power level of everybody, also who had more of it before: !undo of the job that muted them gives that back.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unmute <@user>... <room>...|--everywhere [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Unmute {
    #[command(flatten)]
    whom: InRooms,
}

impl Command for Unmute {
    const NAME: &'static str = "unmute";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unmute @loud:example.com #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather(world, Reach::All).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish { to: Switch::Off, lasts: None, acting: self.whom.acting };
        decide(&wish, facts, world)
    }
}

//! `!suspend`: let a local user only read, and leave rooms.

use std::time::Duration;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    sanctions::{self, Wish},
    whom::{Whom, lasts},
};
use crate::{
    model::{Sanction, Switch},
    text::duration::parse_duration,
};

/// Let a local user only read, and leave rooms
///
/// They stay logged in and see what others write; sending, joining, inviting and changing the profile are refused. Reversible with !unsuspend; with --for it ends by itself.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!suspend <@user>...|--attached [reason|--because <reason>] [--for <2d>] [--dry-run] [--yes]"
)]
pub(super) struct Suspend {
    #[command(flatten)]
    whom: Whom,
    /// For how long; it ends by itself then, also after a restart
    #[arg(long = "for", value_name = "duration", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

impl Command for Suspend {
    const NAME: &'static str = "suspend";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!suspend @spammer:example.org spam --for 2d";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::Suspension, Switch::On).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::Suspension,
            to: Switch::On,
            means: "they could only read, and leave rooms.",
            lasts: lasts(self.lasts)?,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

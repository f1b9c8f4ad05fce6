//! `!lock`: let a local user do nothing at all, until unlocked.

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

/// Let a local user do nothing at all, until unlocked
///
/// They are shown as logged out everywhere, and cannot log in. Their sessions survive, and go on when the lock is lifted with !unlock; with --for it ends by itself. Where another service logs people in (MAS), I need access to that; otherwise use !suspend there.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!lock <@user>...|--attached [reason|--because <reason>] [--for <2d>] [--dry-run] [--yes]"
)]
pub(super) struct Lock {
    #[command(flatten)]
    whom: Whom,
    /// For how long; it ends by itself then, also after a restart
    #[arg(long = "for", value_name = "duration", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

impl Command for Lock {
    const NAME: &'static str = "lock";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!lock @hacked:example.org account taken over --for 1d";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::Lock, Switch::On).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::Lock,
            to: Switch::On,
            means: "they could do nothing at all.",
            lasts: lasts(self.lasts)?,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

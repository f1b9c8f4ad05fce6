//! `!shadow-ban`: let what a local user sends go nowhere, without their knowing.

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

/// Let what a local user sends go nowhere, without their knowing
///
/// What they send looks sent to them, and is seen by nobody; their reports still arrive. It is meant for those who come back with new accounts. Reversible with !unshadow-ban; with --for it ends by itself.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!shadow-ban <@user>...|--attached [reason|--because <reason>] [--for <2d>] [--dry-run] [--yes]"
)]
pub(super) struct ShadowBan {
    #[command(flatten)]
    whom: Whom,
    /// For how long; it ends by itself then, also after a restart
    #[arg(long = "for", value_name = "duration", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

impl Command for ShadowBan {
    const NAME: &'static str = "shadow-ban";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!shadow-ban @troll:example.org --for 1w";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::ShadowBan, Switch::On).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::ShadowBan,
            to: Switch::On,
            means: "what they send would be seen by nobody, without their knowing.",
            lasts: lasts(self.lasts)?,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

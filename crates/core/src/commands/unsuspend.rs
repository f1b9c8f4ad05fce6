//! `!unsuspend`: let a suspended user write again.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    sanctions::{self, Facts, Wish},
    whom::Whom,
};
use crate::model::{Sanction, Switch};

/// Let a suspended user write again
#[derive(clap::Args, Debug)]
#[command(override_usage = "!unsuspend <@user>... [reason|--because <reason>] [--dry-run] [--yes]")]
pub(super) struct Unsuspend {
    #[command(flatten)]
    whom: Whom,
}

impl Command for Unsuspend {
    const NAME: &'static str = "unsuspend";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unsuspend @user:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        sanctions::gather(world, &self.whom).await
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::Suspension,
            to: Switch::Off,
            means: "they could write again.",
            lasts: None,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }
}

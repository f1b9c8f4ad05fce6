//! `!unsuspend`: let a suspended user write again.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    sanctions::{self, Wish},
    whom::Whom,
};
use crate::model::{Sanction, Switch};

/// Let a suspended user write again
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unsuspend <@user>...|--attached [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Unsuspend {
    #[command(flatten)]
    whom: Whom,
}

impl Command for Unsuspend {
    const NAME: &'static str = "unsuspend";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unsuspend @user:example.org";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::Suspension, Switch::Off).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::Suspension,
            to: Switch::Off,
            means: "they could write again.",
            lasts: None,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

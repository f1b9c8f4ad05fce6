//! `!unlock`: let a locked user in again.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    sanctions::{self, Wish},
    whom::Whom,
};
use crate::model::{Sanction, Switch};

/// Let a locked user in again
#[derive(clap::Args, Debug)]
#[command(override_usage = "!unlock <@user>...|--attached [reason|--because <reason>] [--dry-run] [--yes]")]
pub(super) struct Unlock {
    #[command(flatten)]
    whom: Whom,
}

impl Command for Unlock {
    const NAME: &'static str = "unlock";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unlock @user:example.org";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::Lock, Switch::Off).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::Lock,
            to: Switch::Off,
            means: "they could use their account again.",
            lasts: None,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

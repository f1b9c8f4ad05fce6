//! `!unshadow-ban`: let what a shadow-banned user sends be seen again.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    sanctions::{self, Wish},
    whom::Whom,
};
use crate::model::{Sanction, Switch};

/// Let what a shadow-banned user sends be seen again
///
/// What they sent meanwhile does not come back.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unshadow-ban <@user>...|--attached [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct UnshadowBan {
    #[command(flatten)]
    whom: Whom,
}

impl Command for UnshadowBan {
    const NAME: &'static str = "unshadow-ban";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unshadow-ban @user:example.org";
    type Facts = sanctions::Facts;

    async fn gather(&self, world: &World<'_>) -> Result<sanctions::Facts, Failure> {
        sanctions::gather(world, &self.whom, Sanction::ShadowBan, Switch::Off).await
    }

    fn decide(self, facts: sanctions::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            sanction: Sanction::ShadowBan,
            to: Switch::Off,
            means: "what they send would be seen again.",
            lasts: None,
            acting: self.whom.acting,
        };
        sanctions::decide(&wish, facts)
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

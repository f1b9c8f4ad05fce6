//! `!unban`: lift bans of users from rooms.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms},
    member_change::{Wish, decide, reach},
};
use crate::model::MemberChange;

/// Lift bans of users from rooms
///
/// Nobody is brought back by that: !invite does, where people cannot join by themselves.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unban <@user>... <room>...|--everywhere [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Unban {
    #[command(flatten)]
    whom: InRooms,
}

impl Command for Unban {
    const NAME: &'static str = "unban";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unban @sorry:example.com #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather(world, reach(MemberChange::Unban)).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            change: MemberChange::Unban,
            means: "they can come back, where the room lets them in.",
            lasts: None,
            acting: self.whom.acting,
        };
        decide(&wish, facts, world)
    }
}

//! `!invite`: invite users to rooms.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms},
    member_change::{Wish, decide, reach},
};
use crate::model::MemberChange;

/// Invite users to rooms
///
/// They decide themselves; !join brings users of this server in without asking them.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!invite <@user>... <room>...|--everywhere [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Invite {
    #[command(flatten)]
    whom: InRooms,
}

impl Command for Invite {
    const NAME: &'static str = "invite";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!invite @guest:example.com #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather(world, reach(MemberChange::Invite)).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            change: MemberChange::Invite,
            means: "they are asked whether they want to join.",
            lasts: None,
            acting: self.whom.acting,
        };
        decide(&wish, facts, world)
    }
}

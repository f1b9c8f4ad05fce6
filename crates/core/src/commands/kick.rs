//! `!kick`: remove users from rooms, or take back their invitations.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms},
    listed::FromFile,
    member_change::{Wish, decide, reach},
    whom::Aim,
};
use crate::model::MemberChange;

/// Remove users from rooms, or take back their invitations
///
/// They can come back where the room lets them in; !ban keeps them out. It takes power in each room: where I lack it, !room-admin
/// helps. The reason is for everybody in the room to read. !undo invites them again.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!kick <@user>...|--attached <room>...|--everywhere [reason|--because <reason>] [--dry-run] [--yes]",
    mut_arg("words", |words| words.required(false).required_unless_present("attached"))
)]
pub(super) struct Kick {
    #[command(flatten)]
    whom: InRooms,
    #[command(flatten)]
    from: FromFile,
}

impl Command for Kick {
    const NAME: &'static str = "kick";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!kick @spammer:example.com #lounge:example.org spam";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather_of(world, reach(MemberChange::Kick), self.from.users(Aim::Against)).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            change: MemberChange::Kick,
            means: "they leave the room; they can come back where it lets them in.",
            lasts: None,
            acting: self.whom.acting,
        };
        decide(&wish, facts, world)
    }

    fn can_be_overtaken(&self) -> bool {
        self.from.is_attached()
    }
}

//! `!unban`: lift bans of users from rooms.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms},
    listed::FromFile,
    member_change::{Wish, decide, reach},
    whom::Aim,
};
use crate::model::MemberChange;

/// Lift bans of users from rooms
///
/// Nobody is brought back by that: !invite does, where people cannot join by themselves.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unban <@user>...|--attached <room>...|--everywhere [reason|--because <reason>] [--dry-run] [--yes]",
    mut_arg("words", |words| words.required(false).required_unless_present("attached"))
)]
pub(super) struct Unban {
    #[command(flatten)]
    whom: InRooms,
    #[command(flatten)]
    from: FromFile,
}

impl Command for Unban {
    const NAME: &'static str = "unban";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!unban @sorry:example.com #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom.gather_of(world, reach(MemberChange::Unban), self.from.users(Aim::For)).await
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

    fn can_be_overtaken(&self) -> bool {
        self.from.is_attached()
    }
}

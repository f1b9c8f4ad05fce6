//! `!ban`: remove users from rooms, and keep them out.

use std::time::Duration;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    in_rooms::{Facts, InRooms},
    listed::FromFile,
    member_change::{Wish, decide, reach},
    whom::{Aim, lasts},
};
use crate::{model::MemberChange, text::duration::parse_duration};

/// Remove users from rooms, and keep them out
///
/// Also those who were never in it. It takes power in each room: where I lack it, !room-admin helps. The reason is for
/// everybody in the room to read. When the ban is lifted, they have to come back by themselves.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!ban <@user>...|--attached <room>...|--everywhere [reason|--because <reason>] [--for <2d>] [--dry-run] [--yes]",
    mut_arg("words", |words| words.required(false).required_unless_present("attached"))
)]
pub(super) struct Ban {
    #[command(flatten)]
    whom: InRooms,
    #[command(flatten)]
    from: FromFile,
    /// For how long; it ends by itself then, also after a restart
    #[arg(long = "for", value_name = "duration", value_parser = parse_duration)]
    lasts: Option<Duration>,
}

impl Command for Ban {
    const NAME: &'static str = "ban";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!ban @spammer:example.com #lounge:example.org spam --for 2d";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.whom
            .gather_of(world, reach(MemberChange::Ban), self.from.users(Aim::Against))
            .await?
            .with_temporary(world)
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let wish = Wish {
            change: MemberChange::Ban,
            means: "they leave the room, and cannot come back until it is lifted; then they have to come by themselves.",
            lasts: lasts(self.lasts)?,
            acting: self.whom.acting,
        };
        decide(&wish, facts, world)
    }

    fn can_be_overtaken(&self) -> bool {
        self.from.is_attached()
    }
}

//! `!blocked`: whether a room is blocked.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{RoomFacts, block_line},
};
use crate::{reply::Reply, text::target::RoomTarget};

/// Tell whether a room is blocked, and by whom
#[derive(clap::Args, Debug)]
pub(super) struct Blocked {
    /// The room: ID, alias or link; the server need not know it
    #[arg(value_name = "room")]
    room: RoomTarget,
}

impl Command for Blocked {
    const NAME: &'static str = "blocked";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!blocked !abc:example.org";
    type Facts = (OwnedRoomId, RoomFacts);

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        let room = world.resolve(&self.room).await?;
        let facts = RoomFacts::gather(world, &room).await?;
        Ok((room, facts))
    }

    fn decide(self, (room, facts): Self::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let line = facts.line(&room).text(" is ").append(block_line(&facts.block));
        let line = match &facts.details {
            None => line.text(". The server does not know the room."),
            Some(details) if details.joined_local_members > 0 => {
                line.text(format!(". Local members inside: {}.", details.joined_local_members))
            }
            Some(_) => line.text(". Nobody of this server is inside."),
        };
        Ok(Decision::Answer(Reply::new().paragraph(line)))
    }
}

//! `!unlist`: take a room out of the public room directory of the server.

use super::{Access, Acting, Command, Decision, Draft, Failure, Subject, World, facts::known_room};
use crate::{
    model::RoomDetails,
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    text::target::RoomTarget,
};

/// Take a room out of the public room directory of this server
///
/// Its members stay, and whoever knows its alias can still find it.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!unlist <room> [--dry-run] [--yes]")]
pub(super) struct Unlist {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    #[command(flatten)]
    acting: Acting,
}

impl Command for Unlist {
    const NAME: &'static str = "unlist";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!unlist #lounge:example.org";
    type Facts = (RoomRef, RoomDetails);

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        known_room(world, &self.room).await
    }

    fn decide(self, (room, details): Self::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        if details.public == Some(false) {
            let line = room.line().text(" is not listed in the room directory.");
            return Ok(Decision::Answer(Reply::text(line)));
        }
        let preview = Reply::new().paragraph(
            Line::new().text("To be taken out of the public room directory: ").append(room.line()),
        );
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::UnlistRoom { room }],
            because: None,
            preview,
            undoes: None,
            case: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

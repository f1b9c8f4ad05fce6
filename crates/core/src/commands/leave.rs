//! `!leave`: the bot leaves a room, and no longer watches it.

use super::{Access, Acting, Command, Decision, Draft, Failure, Subject, World, facts::known_room};
use crate::{
    model::RoomDetails,
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    text::target::RoomTarget,
};

/// Leave a room with my own account, and no longer watch it
///
/// What changes there is no longer told, and I have no power there any more. !join brings me back into rooms that are
/// public, or to which somebody invites me.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!leave <room> [--dry-run] [--yes]")]
pub(super) struct Leave {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    room: RoomRef,
    details: RoomDetails,
    is_inside: bool,
}

impl Command for Leave {
    const NAME: &'static str = "leave";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!leave #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, details) = known_room(world, &self.room).await?;
        let is_inside = world.lookup.joined_rooms().await?.contains(&room.id);
        Ok(Facts { room, details, is_inside })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { room, details, is_inside } = facts;
        if !is_inside {
            let line = Line::from("I am not in ").append(room.line()).text(".");
            return Ok(Decision::Answer(Reply::text(line)));
        }
        let preview = Reply::new()
            .paragraph(Line::new().strong("To leave: ").append(room.line()))
            .paragraph("What changes there is no longer told, and I have no power there any more.");
        let caution = if details.joined_local_members <= 1 {
            Some("I am the last one of this server in it: the server would no longer get what happens there.")
        } else if details.join_rules.as_deref() == Some("public") {
            None
        } else {
            Some("The room is not public: I can only come back if somebody invites me.")
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::LeaveRoom { room }],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: caution.map(str::to_owned),
            acting: self.acting,
        })))
    }
}

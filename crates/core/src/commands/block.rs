//! `!block`: keep local users out of rooms, also of rooms that the server does not know yet.

use ruma::OwnedRoomId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{RoomFacts, block_line, members},
    several::rooms_and_reason,
};
use crate::{
    plan::Step,
    reply::{Line, Reply},
};

/// Keep everybody on this server from joining rooms
///
/// Nobody here can join or be invited any more. Those who are inside stay and can go on writing: !shutdown removes them.
/// Rooms that the server does not know yet can be blocked too. What follows the rooms is the reason; all rooms in front
/// of it are blocked, so one that begins with a room needs --because.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!block <room>... [reason|--because <reason>] [--dry-run] [--yes]")]
pub(super) struct Block {
    /// The rooms (ID, alias or link), followed by the reason, if there is one
    #[arg(value_name = "room", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The reason, in quotes, where it begins with a room that is not to be blocked
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Rooms, with what is known of them, and why.
pub(super) struct Facts {
    pub(super) rooms: Vec<(OwnedRoomId, RoomFacts)>,
    pub(super) reason: Option<String>,
}

impl Command for Block {
    const NAME: &'static str = "block";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!block #spam:example.org !abc:example.org spam wave";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        gather_rooms(world, &self.words, self.because.as_ref()).await
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let (blocked, open): (Vec<_>, Vec<_>) =
            facts.rooms.into_iter().partition(|(_, facts)| facts.block.is_blocked());
        if open.is_empty() {
            return Ok(Decision::Answer(standing(&blocked, "already")));
        }
        let mut preview = Reply::text(match open.len() {
            1 => Line::from("Nobody on this server could join any more:"),
            n => Line::new()
                .strong(format!("Block {n} rooms. "))
                .text("Nobody on this server could join them any more:"),
        });
        preview = preview.list(open.iter().map(|(room, facts)| match &facts.details {
            Some(details) => facts.line(room).text(format!(" – members: {}", members(details))),
            None => facts.line(room).text(" – a room that the server does not know"),
        }));
        if !blocked.is_empty() {
            preview = preview.paragraph(Line::new().text("Blocked already, and left alone:"));
            preview = preview.list(blocked.iter().map(|(room, facts)| facts.line(room)));
        }
        Ok(Decision::Propose(Box::new(Draft {
            steps: open
                .into_iter()
                .map(|(room, facts)| Step::BlockRoom { room: facts.named(room) })
                .collect(),
            because: facts.reason,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

/// What `!block` makes of one room: a draft, or an answer where it is blocked already.
pub(crate) async fn draft(world: &World<'_>, room: OwnedRoomId) -> Result<Decision, Failure> {
    let about = RoomFacts::gather(world, &room).await?;
    let command = Block { words: Vec::new(), because: None, acting: Acting::default() };
    command.decide(Facts { rooms: vec![(room, about)], reason: None }, world)
}

/// The rooms that lead the words, each once and with what is known of it, and the reason.
pub(super) async fn gather_rooms(
    world: &World<'_>,
    words: &[String],
    because: Option<&String>,
) -> Result<Facts, Failure> {
    let (targets, reason) = rooms_and_reason(words, because)?;
    let mut rooms: Vec<(OwnedRoomId, RoomFacts)> = Vec::new();
    for target in &targets {
        let room = world.resolve(target).await?;
        if !rooms.iter().any(|(known, _)| *known == room) {
            let facts = RoomFacts::gather(world, &room).await?;
            rooms.push((room, facts));
        }
    }
    Ok(Facts { rooms, reason })
}

/// How rooms are that need no change.
pub(super) fn standing(rooms: &[(OwnedRoomId, RoomFacts)], already: &str) -> Reply {
    Reply::new().list(rooms.iter().map(|(room, facts)| {
        let inside = match &facts.details {
            Some(details) => match details.joined_local_members {
                0 => String::new(),
                1 => "; one local member is inside".to_owned(),
                n => format!("; {n} local members are inside"),
            },
            None => String::new(),
        };
        facts
            .line(room)
            .text(format!(" is {already} "))
            .append(block_line(&facts.block))
            .text(inside)
            .text(".")
    }))
}

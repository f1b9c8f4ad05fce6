//! `!unblock`: let local users into rooms again.

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    block::{Facts, gather_rooms, standing},
    facts::block_line,
};
use crate::{
    plan::Step,
    reply::{Line, Reply},
};

/// Let people on this server join rooms again
#[derive(clap::Args, Debug)]
#[command(override_usage = "!unblock <room>... [reason] [--dry-run] [--yes]")]
pub(super) struct Unblock {
    /// The rooms (ID, alias or link), followed by the reason, if there is one
    #[arg(value_name = "room", required = true, num_args = 1..)]
    words: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

impl Command for Unblock {
    const NAME: &'static str = "unblock";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!unblock !abc:example.org it was a mistake";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        gather_rooms(world, &self.words, None).await
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let (blocked, open): (Vec<_>, Vec<_>) =
            facts.rooms.into_iter().partition(|(_, facts)| facts.block.is_blocked());
        if blocked.is_empty() {
            return Ok(Decision::Answer(standing(&open, "")));
        }
        let preview =
            Reply::new().paragraph(Line::new().text("People on this server could join again:")).list(
                blocked
                    .iter()
                    .map(|(room, facts)| facts.line(room).text(" – ").append(block_line(&facts.block))),
            );
        Ok(Decision::Propose(Box::new(Draft {
            steps: blocked
                .into_iter()
                .map(|(room, facts)| Step::UnblockRoom { room: facts.named(room) })
                .collect(),
            because: facts.reason,
            preview,
            undoes: None,
            case: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

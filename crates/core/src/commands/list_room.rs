//! `!list-room`: put a room into the public room directory of the server.

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{block_line, known_room},
};
use crate::{
    model::{BlockStatus, RoomDetails},
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    rules::join_rules,
    text::target::RoomTarget,
};

/// List a room in the public room directory of this server
///
/// Everybody who searches the directory sees its name, topic and number of members. Servers whose configuration does not
/// let me publish rooms (room_list_publication_rules) refuse it.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!list-room <room> [--dry-run] [--yes]")]
pub(super) struct ListRoom {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    room: RoomRef,
    details: RoomDetails,
    block: BlockStatus,
}

impl Command for ListRoom {
    const NAME: &'static str = "list-room";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!list-room #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, details) = known_room(world, &self.room).await?;
        let block = world.lookup.block_status(&room.id).await?;
        Ok(Facts { room, details, block })
    }

    fn decide(self, Facts { room, details, block }: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        if details.public == Some(true) {
            let line = room.line().text(" is listed in the room directory already.");
            return Ok(Decision::Answer(Reply::text(line)));
        }
        let preview = Reply::new()
            .paragraph(Line::new().text("To be listed in the public room directory: ").append(room.line()))
            .fact("Joining", join_rules::explain(details.join_rules.as_deref(), None))
            .fact("Encryption", if details.encryption.is_some() { "on" } else { "off" })
            .fact("Block", block_line(&block));
        Ok(Decision::Propose(Box::new(Draft {
            caution: caution(&details, &block),
            steps: vec![Step::ListRoom { room }],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            acting: self.acting,
        })))
    }
}

/// Why a room may not be meant for everybody's eyes.
fn caution(details: &RoomDetails, block: &BlockStatus) -> Option<String> {
    let mut why = Vec::new();
    if details.join_rules.as_deref() != Some("public") {
        why.push("not everybody can join it");
    }
    if details.encryption.is_some() {
        why.push("it is encrypted");
    }
    if block.is_blocked() {
        why.push("it is blocked");
    }
    (!why.is_empty())
        .then(|| format!("This room may not be meant for the directory: {}.", why.join(", and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_that_are_not_for_everybody_are_asked_about() {
        let says = |join_rules: Option<&str>, encryption: Option<&str>, block| {
            let (encryption, join_rules) = (encryption.map(str::to_owned), join_rules.map(str::to_owned));
            caution(&RoomDetails { encryption, join_rules, ..RoomDetails::default() }, &block)
        };
        let prefix = "This room may not be meant for the directory: ";
        let open = BlockStatus::Open;
        assert_eq!(says(Some("public"), None, open.clone()), None);
        assert_eq!(
            says(Some("invite"), None, open.clone()),
            Some(format!("{prefix}not everybody can join it."))
        );
        assert_eq!(says(Some("public"), Some("m.x"), open), Some(format!("{prefix}it is encrypted.")));
        assert_eq!(
            says(None, Some("m.x"), BlockStatus::Blocked(None)),
            Some(format!("{prefix}not everybody can join it, and it is encrypted, and it is blocked."))
        );
    }
}

//! `!extremities`: the open ends of a room's event graph, and deleting all but the newest.

use std::cmp::Reverse;

use ruma::RoomId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{FileKind, json_file, known_room},
};
use crate::{
    model::{Extremities as Listed, Extremity},
    plan::{RoomRef, Step},
    reply::{Attachment, Line, Reply, csv_attachment, cut_list},
    text::{duration::date, target::RoomTarget},
};

/// List the forward extremities of a room, or delete them
///
/// They are the events that no other event follows yet, as this server sees the room. A few are normal; when many pile
/// up, the room becomes slow for everybody on this server. --delete keeps the newest one only: make sure that you know
/// what that does, and never do it as routine maintenance.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!extremities <room> [--file[=csv|json]] | <room> --delete [--dry-run] [--yes]")]
pub(super) struct Extremities {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Delete all but the newest
    #[arg(long)]
    delete: bool,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv", conflicts_with = "delete")]
    file: Option<FileKind>,
    #[command(flatten)]
    acting: Acting,
}

/// How many are shown.
const SHOWN: usize = 20;
/// From how many on a room becomes slow.
pub(super) const MANY: u64 = 10;

impl Command for Extremities {
    const NAME: &'static str = "extremities";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!extremities #lounge:example.org";
    type Facts = (RoomRef, Listed);

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        // For a room that it does not know, Synapse lists none, and breaks when asked to delete them.
        let (room, _) = known_room(world, &self.room).await?;
        let mut listed = world.lookup.extremities(&room.id).await?;
        listed.results.sort_by_key(|extremity| Reverse((extremity.depth, extremity.received_ts)));
        Ok((room, listed))
    }

    fn can_be_overtaken(&self) -> bool {
        !self.delete
    }

    fn decide(self, (room, listed): Self::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        if !self.delete {
            let reply = cut_list(
                Reply::text(meaning(&room, listed.count)),
                listed.results.iter().map(in_a_line).collect(),
                SHOWN,
                "extremities; --file attaches all",
            );
            let reply = if listed.count > MANY { reply.paragraph(how_to_delete(&room.id)) } else { reply };
            return Ok(Decision::Answer(match self.file {
                None => reply,
                Some(kind) => reply.attach(attachment(kind, &listed)?),
            }));
        }
        if listed.count <= 1 {
            let line = meaning(&room, listed.count).text(" There is nothing to delete.");
            return Err(Failure::told(line));
        }
        let preview = Reply::text(meaning(&room, listed.count))
            .list([Line::new().text(format!(
                "{} of them are forgotten by this server; the newest one stays. The events themselves stay.",
                listed.count - 1
            ))])
            .paragraph(
                Line::new()
                    .strong("Make sure that you know what this does: ")
                    .text("the state of the room can change with it, up to who is a member and who has power. It is \
                         never routine maintenance. Read first: ")
                    .link("element-hq/synapse#1760", "https://github.com/element-hq/synapse/issues/1760"),
            );
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::DeleteExtremities { room }],
            because: None,
            preview,
            undoes: None,
            case: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

/// How many there are, and whether that is much.
fn meaning(room: &RoomRef, count: u64) -> Line {
    let line = room.line();
    match count {
        0 => line.text(" has no forward extremities."),
        1 => line.text(" has one forward extremity, which is how it should be."),
        n if n <= MANY => line.text(format!(" has {n} forward extremities, which is normal.")),
        n => line.text(format!(
            " has {n} forward extremities: more than about {MANY} make a room slow for everybody on this server."
        )),
    }
}

fn how_to_delete(room: &RoomId) -> Line {
    Line::new()
        .text("To delete all but the newest: ")
        .code(format!("!extremities {room} --delete"))
        .text(". It asks first.")
}

fn in_a_line(extremity: &Extremity) -> Line {
    let mut line = Line::new().code(&extremity.event_id);
    if let Some(depth) = extremity.depth {
        line = line.text(format!(", depth {depth}"));
    }
    if let Some(group) = extremity.state_group {
        line = line.text(format!(", state group {group}"));
    }
    match extremity.received_ts {
        Some(received) => line.text(format!(", received {}", date(received))),
        None => line,
    }
}

fn attachment(kind: FileKind, listed: &Listed) -> Result<Attachment, Failure> {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    match kind {
        FileKind::Json => json_file("extremities.json", listed),
        FileKind::Csv => Ok(csv_attachment(
            "extremities.csv",
            &["event_id", "depth", "state_group", "received_ts", "received"],
            listed.results.iter().map(|extremity| {
                vec![
                    extremity.event_id.clone(),
                    number(extremity.depth),
                    number(extremity.state_group),
                    extremity.received_ts.map(|ts| ts.to_string()).unwrap_or_default(),
                    extremity.received_ts.map(date).unwrap_or_default(),
                ]
            }),
        )),
    }
}

//! `!room`: what the server knows about a room.

use ruma::OwnedRoomId;
use serde_json::Value;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{RoomFacts, block_line, members},
};
use crate::{
    model::{BlockStatus, RoomDetails},
    reply::{Line, Reply},
    rules::join_rules,
    text::target::RoomTarget,
};

/// Tell what the server knows about a room
#[derive(clap::Args, Debug)]
pub(super) struct Room {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    about: RoomFacts,
    join_rules: Option<Value>,
}

impl Command for Room {
    const NAME: &'static str = "room";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!room #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let room = world.resolve(&self.room).await?;
        let about = RoomFacts::gather(world, &room).await?;
        let join_rules = match &about.details {
            Some(_) => world.lookup.state(&room, Some("m.room.join_rules")).await?,
            None => Vec::new(),
        };
        let join_rules = join_rules.into_iter().next().map(|event| event.content().clone());
        Ok(Facts { room, about, join_rules })
    }

    fn decide(self, found: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Some(details) = &found.about.details else {
            let line = Line::new()
                .text("The server does not know the room ")
                .code(found.room.as_str())
                .text("; it is ")
                .append(block_line(&found.about.block))
                .text(".");
            return Err(Failure::told(match found.about.block {
                BlockStatus::Blocked(_) => line,
                BlockStatus::Open => line
                    .text(" To keep people here from joining it: ")
                    .code(format!("!block {}", found.room))
                    .text("."),
            }));
        };
        let mut reply = Reply::new().paragraph(found.about.line(&found.room));
        if world.is_management(&found.room) {
            reply = reply.paragraph(Line::new().text("This is the management room."));
        }
        for (name, line) in describe(details, found.join_rules.as_ref()) {
            reply = reply.fact(name, line);
        }
        reply = reply.fact("Block", block_line(&found.about.block));
        Ok(Decision::Answer(reply))
    }
}

/// Everything about a room but its names.
fn describe(details: &RoomDetails, rules: Option<&Value>) -> Vec<(&'static str, Line)> {
    let text = |text: &str| Line::new().text(text);
    let mut facts = Vec::new();
    if let Some(topic) = details.topic.as_deref().filter(|topic| !topic.is_empty()) {
        facts.push(("Topic", Line::new().user(topic)));
    }
    if let Some(kind) = &details.room_type {
        facts.push((
            "Type",
            match kind.as_str() {
                "m.space" => text("a space"),
                other => Line::new().code(other),
            },
        ));
    }
    facts.push(("Members", Line::new().text(members(details))));
    if let Some(creator) = &details.creator {
        facts.push(("Creator", Line::new().code(creator)));
    }
    if let Some(version) = &details.version {
        facts.push(("Version", Line::new().code(version)));
    }
    facts.push((
        "Encryption",
        match &details.encryption {
            Some(algorithm) => text("on (").code(algorithm).text(")"),
            None => text("off"),
        },
    ));
    facts.push(("Joining", join_rules::explain(details.join_rules.as_deref(), rules)));
    facts.push((
        "History",
        match details.history_visibility.as_deref() {
            Some("world_readable") => text("anyone can read it, without joining"),
            Some("shared") => text("members can read all of it"),
            Some("invited") => text("members can read it from their invitation on"),
            Some("joined") => text("members can read it from their joining on"),
            Some(other) => Line::new().user(other),
            None => text("not known"),
        },
    ));
    facts.push((
        "Guests",
        match details.guest_access.as_deref() {
            Some("can_join") => text("can join"),
            // "If absent, the default is forbidden."
            _ => text("cannot join"),
        },
    ));
    facts.push((
        "Federation",
        match details.federatable {
            Some(true) => text("open to other servers"),
            Some(false) => text("this server only"),
            None => text("not known"),
        },
    ));
    facts.push((
        "Directory",
        match details.public {
            Some(true) => text("listed in the public room directory"),
            Some(false) => text("not listed"),
            None => text("not known"),
        },
    ));
    if details.tombstoned {
        facts.push((
            "Closed",
            match &details.replacement_room {
                Some(successor) => text("the room was replaced by ").code(successor),
                None => text("the room was closed, without a successor"),
            },
        ));
    }
    if details.forgotten {
        facts.push(("Forgotten", text("all local users have forgotten it")));
    }
    facts
}

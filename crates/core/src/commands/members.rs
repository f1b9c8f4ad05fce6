//! `!members`: who is in a room, and who was invited, banned or left.

use serde_json::{Value, json};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{FileKind, known_room, unread},
    paging::{Part, fitting, grouped, number},
};
use crate::{
    model::{Event, RoomDetails},
    plan::RoomRef,
    ports::Fault,
    reply::{Added, Line, Reply},
    rules::{
        member::{Member, Membership, in_words, sorted},
        power::{Level, Power},
    },
    text::target::RoomTarget,
};

/// Show who is in a room
///
/// Members of this server come first. Works in rooms that I am not in. ⬅️ and ➡️ turn the pages.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!members <room> [--membership <join|invite|knock|ban|leave>] [--server <name>] [--limit <number>] [--page <number>] [--file[=csv|json]]"
)]
pub(super) struct Members {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Those who joined, or who are invited, knocked, are banned, or left: join, invite, knock, ban or leave
    #[arg(long, value_name = "membership", value_enum, default_value_t, hide_default_value = true)]
    membership: Membership,
    /// Only users of this server
    #[arg(long, value_name = "name")]
    server: Option<String>,
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// In larger rooms the names are read only for a file: the server sends all member events for them.
const NAMED: u64 = 5000;

pub(super) struct Facts {
    room: RoomRef,
    members: Vec<Member>,
    power: Result<Power, Fault>,
    names: Names,
    part: Part,
}

/// What became of the display names.
enum Names {
    Read,
    TooMany,
    Unread(Fault),
}

impl Command for Members {
    const NAME: &'static str = "members";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!members #lounge:example.org --membership ban";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, details) = known_room(world, &self.room).await?;
        let power = power(world, &room, &details).await;
        let (members, names) = match self.membership {
            Membership::Join => self.joined(world, &room, &details).await?,
            other => {
                let events = world.lookup.state(&room.id, Some("m.room.member")).await?;
                (Member::with(other, &events), Names::Read)
            }
        };
        let part = Part::of(world, self.page, 0, self.limit);
        let members = sorted(members, world.lookup.me().server_name().as_str());
        Ok(Facts { room, members, power, names, part })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { room, mut members, power, names, part } = facts;
        if let Some(server) = &self.server {
            members.retain(|member| member.server().eq_ignore_ascii_case(server.trim()));
        }
        let total = members.len() as u64;
        let mut reply = Reply::new().paragraph(room.line());
        if members.is_empty() {
            return Ok(Decision::Answer(reply.paragraph(self.nobody())));
        }
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such members"));
        }
        let power_line = match &power {
            Ok(_) => None,
            Err(fault) => Some(Line::new().text("Who has how much power ").append(unread(fault)).text(".")),
        };
        let power = power.unwrap_or_default();
        let lines: Vec<Line> =
            part.cut(members.iter().collect()).into_iter().map(|member| in_words(member, &power)).collect();
        let lines = fitting(lines);
        let pages = part.pages(lines.len(), total);
        reply = reply.paragraph(self.heading(&members, part, lines.len(), world)).list(lines);
        reply = power_line.into_iter().fold(reply, Reply::paragraph);
        reply = match names {
            Names::Read => reply,
            Names::TooMany => reply.paragraph("Names are left out in a room of this size; --file has them."),
            Names::Unread(fault) => {
                reply.paragraph(Line::new().text("Their names ").append(unread(&fault)).text("."))
            }
        };
        Ok(Decision::Page(
            match self.file.filter(|_| world.at.is_none()) {
                None => reply,
                Some(kind) => attach(reply, kind, &members, &power, world),
            },
            pages,
        ))
    }
}

impl Members {
    /// The server's list says who is in; their events only add names.
    async fn joined(
        &self,
        world: &World<'_>,
        room: &RoomRef,
        details: &RoomDetails,
    ) -> Result<(Vec<Member>, Names), Failure> {
        let ids = world.lookup.members(&room.id).await?;
        let wants_file = self.file.is_some() && world.at.is_none();
        if details.joined_members.max(ids.len() as u64) > NAMED && !wants_file {
            return Ok((Member::joined(&ids, &[]), Names::TooMany));
        }
        (world.tell)(&Reply::text(format!("Reading {} …", number(ids.len() as u64, ("member", "members")))));
        Ok(match world.lookup.state(&room.id, Some("m.room.member")).await {
            Ok(events) => (Member::joined(&ids, &events), Names::Read),
            Err(fault) => (Member::joined(&ids, &[]), Names::Unread(fault)),
        })
    }

    fn of_server(&self, line: Line) -> Line {
        match &self.server {
            Some(server) => line.text(" of ").code(server.trim()),
            None => line,
        }
    }

    fn nobody(&self) -> Line {
        self.of_server(Line::new().text("Nobody")).text(match self.membership {
            Membership::Join => " is in this room.",
            Membership::Invite => " is invited to this room.",
            Membership::Knock => " asks to be let in.",
            Membership::Ban => " is banned from this room.",
            Membership::Leave => " has left this room, as far as the server knows.",
        })
    }

    /// “Members 1–40 of 230, 12 of this server and 218 of 31 others:”
    fn heading(&self, members: &[Member], part: Part, shown: usize, world: &World<'_>) -> Line {
        let words = match self.membership {
            Membership::Join => ("member", "members"),
            Membership::Invite => ("invited user", "invited users"),
            Membership::Knock => ("user who asks to be let in", "users who ask to be let in"),
            Membership::Ban => ("banned user", "banned users"),
            Membership::Leave => ("user who left", "users who left"),
        };
        let total = members.len() as u64;
        let line = self.of_server(Line::new().text(part.in_words(shown, total, words)));
        if self.server.is_some() {
            return line.text(":");
        }
        let here = world.lookup.me().server_name().as_str();
        let local = members.iter().filter(|member| member.server() == here).count() as u64;
        let mut servers: Vec<&str> =
            members.iter().map(Member::server).filter(|server| *server != here).collect();
        servers.sort_unstable();
        servers.dedup();
        line.text(match (local, total - local) {
            (_, 0) => ", all of this server:".to_owned(),
            (local, remote) => format!(
                ", {} of this server and {} of {}:",
                if local == 0 { "none".to_owned() } else { grouped(local) },
                grouped(remote),
                number(servers.len() as u64, ("other", "others"))
            ),
        })
    }
}

async fn power(world: &World<'_>, room: &RoomRef, details: &RoomDetails) -> Result<Power, Fault> {
    let create = world.lookup.state(&room.id, Some("m.room.create")).await?;
    let levels = world.lookup.state(&room.id, Some("m.room.power_levels")).await?;
    let the = |events: &[Event]| events.iter().find(|event| event.state_key() == Some("")).cloned();
    Ok(Power::of(the(&create).as_ref(), the(&levels).as_ref(), details.version.as_deref()))
}

const HEADERS: &[&str] = &[
    "user_id",
    "displayname",
    "server",
    "local",
    "power",
    "membership",
    "by",
    "time",
    "reason",
    "avatar_url",
    "event_id",
];

fn attach(reply: Reply, kind: FileKind, members: &[Member], power: &Power, world: &World<'_>) -> Reply {
    let here = world.lookup.me().server_name();
    let mut table = kind.table("members", HEADERS);
    let row = |member: &Member| -> [Value; 11] {
        [
            json!(member.id),
            json!(member.name),
            json!(member.server()),
            json!(member.server() == here.as_str()),
            match power.level(&member.id) {
                Level::Creator => json!("creator"),
                Level::Of(level) => json!(level),
            },
            json!(member.membership.as_str()),
            json!(member.by),
            json!(member.time()),
            json!(member.reason),
            json!(member.avatar),
            json!(member.event_id),
        ]
    };
    let all = members.iter().all(|member| table.add(row(member)) == Added::Yes);
    let rows = table.rows();
    let reply = reply.attach(table.finish());
    if all {
        return reply;
    }
    reply.paragraph(format!(
        "The file has the first {} of {}: it is as large as it may be. --server narrows it.",
        grouped(rows),
        grouped(members.len() as u64)
    ))
}

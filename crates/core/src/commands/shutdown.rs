//! `!shutdown`: remove all local members from rooms, block them and delete them from the server.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use ruma::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId};

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{RoomFacts, block_line, members},
    reported::{reports, tell},
    room_list::file_of_rooms,
    several::{read_each, rooms_and_reason},
};
use crate::{
    model::{
        Account, DeleteTask, EventReport, ListedRoom, NoticeRoom, Shutdown as Body, TaskStatus, is_local,
    },
    plan::{DeleteApi, Step},
    ports::Fault,
    reply::{Line, Reply, cut_list},
    rules::join_rules,
    text::target::{RoomTarget, UserTarget},
};

/// Remove everybody on this server from rooms, block them and purge them
///
/// First shows what would happen, and waits for a confirmation. Blocking and purging are on unless switched off.
/// Several rooms are one job, and are shut down one after the other; up to 50. What follows the rooms is the reason; all
/// rooms in front of it are shut down, so one that begins with a room needs --because.
/// With --notify-as, the members are moved to a new room in which that user tells them why.
/// --v1 is for servers without version 2 of the API: the server then answers when all is done, and shows no progress.
#[derive(clap::Args, Debug, Default)]
#[command(
    override_usage = "!shutdown <room>... [reason|--because <reason>] [--block|--no-block] [--no-purge] [--force-purge] \
                            [--notify-as <@user> [--room-name <name>] [--message <text>]] [--v1] [--dry-run] [--yes]"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that a moderator types")]
pub(super) struct Shutdown {
    /// The rooms (ID, alias or link), followed by the reason, if there is one; the reason is kept in the audit, and not
    /// shown to the members
    #[arg(value_name = "room", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The reason, in quotes, where it begins with a room that is not to be shut down
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    /// Block the rooms, so that nobody here joins them again (the default)
    #[arg(long, conflicts_with = "no_block")]
    block: bool,
    /// Do not block the rooms: people could join them again
    #[arg(long)]
    no_block: bool,
    /// Do not delete the rooms from the server's database
    #[arg(long, conflicts_with = "force_purge")]
    no_purge: bool,
    /// Delete them even if some members cannot be removed
    #[arg(long)]
    force_purge: bool,
    /// A local user who makes a new room that the members are moved to
    #[arg(long, value_name = "@user")]
    notify_as: Option<UserTarget>,
    /// The name of the new room
    #[arg(long, value_name = "name", requires = "notify_as")]
    room_name: Option<String>,
    /// The first message in the new room
    #[arg(long, value_name = "text", requires = "notify_as")]
    message: Option<String>,
    /// Use version 1 of the API, which waits until all is done
    #[arg(long)]
    v1: bool,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    rooms: Vec<Candidate>,
    no_such_alias: Vec<OwnedRoomAliasId>,
    reason: Option<String>,
    /// The members of the management room.
    moderators: Vec<OwnedUserId>,
    notifier: Option<Account>,
}

/// A room that may be shut down.
struct Candidate {
    room: OwnedRoomId,
    about: RoomFacts,
    members: Vec<OwnedUserId>,
    aliases: Vec<String>,
    tasks: Vec<DeleteTask>,
    reports: Vec<EventReport>,
}

/// The longest first message of a new room, in bytes. From 64 KiB on the server would remove everybody and fail then.
const LONGEST_MESSAGE: usize = 10_000;
/// How many members and aliases a preview names.
const NAMED: usize = 10;
/// How large a list of rooms may be, in bytes of HTML, for a message to show it whole beside all else of a preview.
const LONG_LIST: usize = 6_000;
/// How many rooms a command shuts down at most.
const MOST: usize = 50;

impl Command for Shutdown {
    const NAME: &'static str = "shutdown";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!shutdown #spam:example.org spam wave";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (targets, reason) = rooms_and_reason(&self.words, self.because.as_ref())?;
        if targets.len() > MOST {
            return Err(Failure::told(Line::new().text(format!(
                "Those are {} rooms, and I shut down {MOST} with one command at most. Send the rest in a second one.",
                targets.len()
            ))));
        }
        self.read(world, targets, reason).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        refuse_impossible(&facts)?;
        self.check_notifier(&facts, world)?;
        let body = self.body();
        let preview = match &facts.rooms[..] {
            [room] => self.preview_one(room, &body, world),
            rooms => self.preview_many(rooms, &body, world),
        };
        let preview = tell(preview, facts.rooms.iter().flat_map(|room| &room.reports));
        let mut preview = insiders(preview, &facts, world);
        let mut acting = self.acting;
        if facts.rooms.len() > 1 && acting.yes {
            // A reason that begins with a room is easily taken for one more room.
            acting.yes = false;
            preview =
                preview.paragraph(Line::new().code("--yes").text(" holds for a single room only, so I ask."));
        }
        let api = if self.v1 { DeleteApi::V1 } else { DeleteApi::V2 };
        let steps = facts.rooms.into_iter().map(|Candidate { room, about, .. }| Step::ShutDownRoom {
            room: about.named(room),
            shutdown: body.clone(),
            api,
        });
        Ok(Decision::Propose(Box::new(Draft {
            steps: steps.collect(),
            because: facts.reason,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: None,
            acting,
        })))
    }
}

/// What `!shutdown` makes of one room, with its defaults: a draft, or a refusal.
pub(crate) async fn draft(world: &World<'_>, room: OwnedRoomId) -> Result<Decision, Failure> {
    let command = Shutdown::default();
    let facts = command.read(world, vec![RoomTarget::Id(room)], None).await?;
    command.decide(facts, world)
}

impl Shutdown {
    async fn read(
        &self,
        world: &World<'_>,
        targets: Vec<RoomTarget>,
        reason: Option<String>,
    ) -> Result<Facts, Failure> {
        let lookup = world.lookup;
        let (mut rooms, mut no_such_alias) = (Vec::new(), Vec::new());
        for target in targets {
            match target {
                RoomTarget::Id(room) => rooms.push(room),
                RoomTarget::Alias(alias) => match world.leads_to(&alias).await? {
                    Some(room) => rooms.push(room),
                    None => no_such_alias.push(alias),
                },
            }
        }
        let mut seen = BTreeSet::new();
        rooms.retain(|room| seen.insert(room.clone()));
        let rooms = read_each(world, rooms, "rooms", |room| self.candidate(world, room).boxed()).await?;
        let is_anybody_inside = rooms.iter().any(|room| room.local(world).next().is_some());
        Ok(Facts {
            rooms,
            no_such_alias,
            reason,
            moderators: if is_anybody_inside {
                lookup.members(&world.settings.management).await?
            } else {
                Vec::new()
            },
            notifier: match &self.notify_as {
                Some(UserTarget(user)) if is_local(user, lookup.me()) => lookup.account(user).await?,
                _ => None,
            },
        })
    }
}

impl Candidate {
    /// Those who would be removed.
    fn local<'a>(&'a self, world: &'a World<'_>) -> impl Iterator<Item = &'a OwnedUserId> {
        self.members.iter().filter(|user| is_local(user, world.lookup.me()))
    }

    /// Its names, its members, and whether it is blocked.
    fn in_a_line(&self) -> Line {
        let line = self.about.line(&self.room);
        let line = match &self.about.details {
            Some(details) => line.text(format!(" – members: {}", members(details))),
            None => line,
        };
        if self.about.block.is_blocked() {
            line.text("; ").append(block_line(&self.about.block))
        } else {
            line
        }
    }

    fn listed(&self) -> Option<ListedRoom> {
        let details = self.about.details.clone()?;
        Some(ListedRoom { room_id: self.room.clone(), details })
    }

    /// Why it cannot be shut down.
    fn impossible(&self) -> Option<Line> {
        if self.about.details.is_none() {
            return Some(
                Line::new()
                    .text("The server does not know the room ")
                    .code(self.room.as_str())
                    .text(", so there is nothing to shut down. To keep people from joining it: ")
                    .code(format!("!block {}", self.room))
                    .text("."),
            );
        }
        self.tasks.iter().any(|task| task.status == TaskStatus::Active).then(|| {
            Line::new()
                .text("The server is shutting down ")
                .code(self.room.as_str())
                .text(" at this moment already. Wait until it is done; ")
                .code(format!("!room {}", self.room))
                .text(" shows when.")
        })
    }
}

/// One room that cannot be shut down keeps all others from it: it is a mistake that may hide another one.
fn refuse_impossible(facts: &Facts) -> Result<(), Failure> {
    let no_such_alias = facts.no_such_alias.iter().map(|alias| {
        Line::new()
            .text("There is no room with the alias ")
            .code(alias.as_str())
            .text(". Check its spelling, or use the room's ID.")
    });
    let mut why: Vec<Line> =
        no_such_alias.chain(facts.rooms.iter().filter_map(Candidate::impossible)).collect();
    match (facts.rooms.len() + facts.no_such_alias.len(), why.pop()) {
        (_, None) => Ok(()),
        (1, Some(line)) => Err(Failure::told(line)),
        (_, Some(line)) => {
            why.push(line);
            let words = "I shut down none of these rooms, because of what is wrong with some of them:";
            let reply = Reply::text(words).list(why);
            Err(Failure::Told(Box::new(
                reply.paragraph("Send the command again without them, or with the right ones."),
            )))
        }
    }
}

impl Shutdown {
    async fn candidate(&self, world: &World<'_>, room: OwnedRoomId) -> Result<Candidate, Failure> {
        let lookup = world.lookup;
        let about = RoomFacts::gather(world, &room).await?;
        let known = about.details.is_some();
        let tasks = match lookup.delete_tasks(&room).await {
            // A server without version 2 of the API has no tasks either.
            Err(Fault::NotRouted { .. }) if self.v1 => Vec::new(),
            tasks => tasks?,
        };
        Ok(Candidate {
            members: if known { lookup.members(&room).await? } else { Vec::new() },
            aliases: if known { lookup.local_aliases(&room).await? } else { Vec::new() },
            reports: if known && !self.no_purge { reports(world, &room).await } else { Vec::new() },
            tasks,
            room,
            about,
        })
    }

    fn preview_one(&self, candidate: &Candidate, body: &Body, world: &World<'_>) -> Reply {
        let local: BTreeSet<_> = candidate.local(world).collect();
        let remote = candidate.members.len() - local.len();
        let mut preview = Reply::new()
            .paragraph(Line::new().strong("Shut down ").append(candidate.about.line(&candidate.room)));
        if let Some(details) = &candidate.about.details {
            preview = preview.fact("Members", Line::new().text(members(details)));
            if let Some(creator) = &details.creator {
                preview = preview.fact("Creator", Line::new().code(creator));
            }
            if let Some(rule) = &details.join_rules {
                preview = preview.fact("Joining", join_rules::in_short(Some(rule)));
            }
        }
        preview = preview.fact("Block", block_line(&candidate.about.block));
        preview = preview.list(self.consequences(
            body,
            &Size { rooms: 1, alone: usize::from(remote == 0), local: local.len(), remote },
        ));
        if !local.is_empty() {
            preview = preview.paragraph(Line::new().text(format!("Local members ({}):", local.len())));
            let lines = candidate.local(world).map(|user| Line::new().code(user.as_str())).collect();
            preview = cut_list(preview, lines, NAMED, "");
        }
        if !candidate.aliases.is_empty() {
            preview = preview.paragraph(
                Line::new().text(format!("Aliases of this server ({}):", candidate.aliases.len())),
            );
            let lines = candidate.aliases.iter().map(|alias| Line::new().code(alias)).collect();
            preview = cut_list(preview, lines, NAMED, "");
        }
        preview
    }

    fn preview_many(&self, rooms: &[Candidate], body: &Body, world: &World<'_>) -> Reply {
        let everybody: BTreeSet<_> = rooms.iter().flat_map(|room| &room.members).collect();
        let local: BTreeSet<_> = rooms.iter().flat_map(|room| room.local(world)).collect();
        let size = Size {
            rooms: rooms.len(),
            alone: rooms.iter().filter(|room| room.local(world).count() == room.members.len()).count(),
            local: local.len(),
            remote: everybody.len() - local.len(),
        };
        let lines: Vec<Line> = rooms.iter().map(Candidate::in_a_line).collect();
        let size_of_list: usize =
            lines.iter().map(|line| Reply::text(line.clone()).render().html.len()).sum();
        let preview = Reply::new()
            .paragraph(
                Line::new().strong(format!("Shut down {} rooms", rooms.len())).text(", one after the other:"),
            )
            .list(lines);
        let preview = if rooms.len() > NAMED || size_of_list > LONG_LIST {
            let listed: Vec<ListedRoom> = rooms.iter().filter_map(Candidate::listed).collect();
            preview.paragraph("The file has all of them.").attach(file_of_rooms("shutdown", &listed))
        } else {
            preview
        };
        preview.paragraph("What follows:").list(self.consequences(body, &size))
    }

    fn body(&self) -> Body {
        Body {
            block: self.block || !self.no_block,
            purge: !self.no_purge,
            force_purge: self.force_purge,
            notice: self.notify_as.as_ref().map(|UserTarget(creator)| NoticeRoom {
                creator: creator.clone(),
                name: trimmed(self.room_name.as_ref()),
                message: trimmed(self.message.as_ref()),
            }),
        }
    }

    /// Synapse would make the new room as any local user, also as one who does not exist.
    fn check_notifier(&self, facts: &Facts, world: &World<'_>) -> Result<(), Failure> {
        let Some(UserTarget(user)) = &self.notify_as else { return Ok(()) };
        for text in [&self.room_name, &self.message].into_iter().flatten() {
            if text.len() > LONGEST_MESSAGE {
                return Err(Failure::told(Line::new().text(format!(
                    "The text for the new room is {} bytes long; it may have {LONGEST_MESSAGE}. The server fails at \
                     long ones when it has removed everybody already.",
                    text.len()
                ))));
            }
        }
        let line = Line::new().code(user.as_str());
        let why = match &facts.notifier {
            _ if !is_local(user, world.lookup.me()) => {
                " is not of this server; the new room has to be made by one who is."
            }
            None => " does not exist; the new room has to be made by a user of this server.",
            Some(account) if account.deactivated => " is deactivated and cannot make the new room.",
            Some(account) if account.suspended || account.locked => {
                " is suspended or locked and cannot make the new room."
            }
            Some(_) => return Ok(()),
        };
        Err(Failure::told(line.text(why)))
    }

    /// What would happen, a line each.
    fn consequences(&self, body: &Body, size: &Size) -> Vec<Line> {
        let text = |text: String| Line::new().text(text);
        let (rooms, are, them, their) = if size.rooms == 1 {
            ("The room", "is", "it", "its")
        } else {
            ("The rooms", "are", "them", "their")
        };
        let mut lines = vec![text(match size.local {
            0 => "Nobody of this server is inside; nobody has to be removed.".to_owned(),
            1 => "One local member is removed.".to_owned(),
            n => format!("{n} local members are removed."),
        })];
        lines.push(text(if body.block {
            format!("{rooms} {are} blocked: nobody on this server can join {them} again.")
        } else {
            format!("{rooms} {are} not blocked: people can join {them} again.")
        }));
        let purged = body.purge || body.force_purge;
        lines.push(text(match (purged, body.force_purge) {
            (_, true) => format!(
                "{rooms} and {their} history are deleted from this server, even if a member cannot be removed."
            ),
            (true, false) => format!("{rooms} and {their} history are deleted from this server."),
            (false, false) => format!("{rooms} and {their} history stay in this server's database."),
        }));
        if let Some(notice) = &body.notice {
            let words = match size.rooms {
                1 => "The members are moved to a new room made by ",
                _ => "The members of each are moved to a new room made by ",
            };
            lines.push(text(words.to_owned()).code(notice.creator.as_str()).text("."));
        }
        match size.alone {
            0 => {}
            _ if !purged || size.remote == 0 => {}
            1 => lines.push(text(
                "One of them has no members of other servers: what is deleted of it is gone for good."
                    .to_owned(),
            )),
            n => lines.push(text(format!(
                "{n} of them have no members of other servers: what is deleted of those is gone for good."
            ))),
        }
        lines.push(text(match (size.remote, size.rooms) {
            (0, 1) if purged => {
                "No other server is in the room: what is deleted is gone for good.".to_owned()
            }
            (0, 1) => "No other server is in the room.".to_owned(),
            (0, _) if purged => {
                "No other server is in any of them: what is deleted is gone for good.".to_owned()
            }
            (0, _) => "No other server is in any of them.".to_owned(),
            (1, 1) => "One member of another server keeps the room; it goes on without us.".to_owned(),
            (n, 1) => format!("{n} members of other servers keep the room; it goes on without us."),
            (1, _) => "One member of another server is inside; the room goes on without us.".to_owned(),
            (n, _) => format!("{n} members of other servers are inside; their rooms go on without us."),
        }));
        if self.v1 {
            lines.push(text(
                "Version 1 of the API is used: the server answers when all is done, and shows no progress."
                    .to_owned(),
            ));
        }
        lines
    }
}

/// How much is shut down.
struct Size {
    rooms: usize,
    /// Rooms that no other server is in.
    alone: usize,
    /// Members of this server, each counted once.
    local: usize,
    /// Members of other servers.
    remote: usize,
}

/// Adds who of those who moderate is inside.
fn insiders(preview: Reply, facts: &Facts, world: &World<'_>) -> Reply {
    let me = world.lookup.me();
    let inside: BTreeSet<_> = facts.rooms.iter().flat_map(|room| room.local(world)).collect();
    let others: Vec<_> =
        facts.moderators.iter().filter(|user| inside.contains(user) && *user != me).collect();
    let mut lines = Vec::new();
    if !others.is_empty() {
        let mut line = Line::new().text(match others.len() {
            1 => "One member of the management room is inside: ".to_owned(),
            n => format!("{n} members of the management room are inside: "),
        });
        for (n, user) in others.iter().take(NAMED).enumerate() {
            line = line.text(if n == 0 { "" } else { ", " }).code(user.as_str());
        }
        let more = others.len().saturating_sub(NAMED);
        lines.push(line.text(if more == 0 { ".".to_owned() } else { format!(" and {more} more.") }));
    }
    if inside.iter().any(|user| *user == me) {
        lines.push(Line::new().text("I am inside myself, and am removed as well."));
    }
    if lines.is_empty() { preview } else { preview.paragraph("Mind:").list(lines) }
}

fn trimmed(words: Option<&String>) -> Option<String> {
    words.map(|words| words.trim().to_owned())
}

//! `!shutdown`: remove all local members from a room, block it and delete it from the server.

use ruma::{OwnedRoomId, OwnedUserId};

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{RoomFacts, block_line, members, reason},
};
use crate::{
    model::{Account, DeleteTask, NoticeRoom, Shutdown as Body, TaskStatus, is_local},
    plan::{DeleteApi, Step},
    reply::{Line, Reply, cut_list},
    text::target::{RoomTarget, UserTarget, looks_like_room},
};

/// Remove everybody on this server from a room, block it and purge it
///
/// First shows what would happen, and waits for a confirmation. Blocking and purging are on unless switched off.
/// With --notify-as, the members are moved to a new room in which that user tells them why.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!shutdown <room> [reason] [--block|--no-block] [--no-purge] [--force-purge] \
                            [--notify-as <@user> [--room-name <name>] [--message <text>]] [--dry-run] [--yes]")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that a moderator types")]
pub(super) struct Shutdown {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Why; kept in the audit, not shown to the members
    #[arg(value_name = "reason")]
    reason: Vec<String>,
    /// Block the room, so that nobody here joins it again (the default)
    #[arg(long, conflicts_with = "no_block")]
    block: bool,
    /// Do not block the room: people could join it again
    #[arg(long)]
    no_block: bool,
    /// Do not delete the room from the server's database
    #[arg(long, conflicts_with = "force_purge")]
    no_purge: bool,
    /// Delete it even if some members cannot be removed
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
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    about: RoomFacts,
    members: Vec<OwnedUserId>,
    aliases: Vec<String>,
    tasks: Vec<DeleteTask>,
    notifier: Option<Account>,
}

/// How many members and aliases a preview names.
const NAMED: usize = 10;

impl Command for Shutdown {
    const NAME: &'static str = "shutdown";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!shutdown #spam:example.org spam wave";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if let Some(second) = self.reason.first().filter(|word| looks_like_room(word)) {
            return Err(Failure::told(
                Line::new()
                    .text("I shut down one room at a time, and ")
                    .user(second)
                    .text(" looks like a second one. Send a command for each; in a reason, write it after another word."),
            ));
        }
        let room = world.resolve(&self.room).await?;
        let about = RoomFacts::gather(world, &room).await?;
        let known = about.details.is_some();
        let lookup = world.lookup;
        Ok(Facts {
            members: if known { lookup.members(&room).await? } else { Vec::new() },
            aliases: if known { lookup.local_aliases(&room).await? } else { Vec::new() },
            tasks: lookup.delete_tasks(&room).await?,
            notifier: match &self.notify_as {
                Some(UserTarget(user)) if is_local(user, lookup.me()) => lookup.account(user).await?,
                _ => None,
            },
            room,
            about,
        })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Some(details) = &facts.about.details else {
            return Err(Failure::told(
                Line::new()
                    .text("The server does not know the room ")
                    .code(facts.room.as_str())
                    .text(", so there is nothing to shut down. To keep people from joining it: ")
                    .code(format!("!block {}", facts.room))
                    .text("."),
            ));
        };
        if facts.tasks.iter().any(|task| task.status == TaskStatus::Active) {
            return Err(Failure::told(
                Line::new()
                    .text("The server is shutting down ")
                    .code(facts.room.as_str())
                    .text(" at this moment already. Wait until it is done; ")
                    .code(format!("!room {}", facts.room))
                    .text(" shows when."),
            ));
        }
        self.check_notifier(&facts, world)?;
        let body = self.body();
        let local: Vec<_> = facts.members.iter().filter(|user| is_local(user, world.lookup.me())).collect();
        let mut preview = Reply::new()
            .paragraph(Line::new().strong("Shut down ").append(facts.about.line(&facts.room)))
            .fact("Members", Line::new().text(members(details)));
        if let Some(creator) = &details.creator {
            preview = preview.fact("Creator", Line::new().code(creator));
        }
        preview = preview.fact("Block", block_line(&facts.about.block));
        for line in consequences(&body, local.len(), facts.members.len()) {
            preview = preview.list(vec![line]);
        }
        if !local.is_empty() {
            preview = preview.paragraph(Line::new().text(format!("Local members ({}):", local.len())));
            let lines = local.iter().map(|user| Line::new().code(user.as_str())).collect();
            preview = cut_list(preview, lines, NAMED, "");
        }
        if !facts.aliases.is_empty() {
            preview = preview
                .paragraph(Line::new().text(format!("Aliases of this server ({}):", facts.aliases.len())));
            let lines = facts.aliases.iter().map(|alias| Line::new().code(alias)).collect();
            preview = cut_list(preview, lines, NAMED, "");
        }
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::ShutDownRoom {
                room: facts.about.named(facts.room),
                shutdown: body,
                api: DeleteApi::V2,
            }],
            because: reason(&self.reason),
            preview,
            undoes: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

impl Shutdown {
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
}

fn trimmed(words: Option<&String>) -> Option<String> {
    words.map(|words| words.trim().to_owned())
}

/// What would happen, a line each.
fn consequences(body: &Body, local: usize, total: usize) -> Vec<Line> {
    let text = |text: String| Line::new().text(text);
    let mut lines = vec![text(match local {
        0 => "Nobody of this server is inside; nobody has to be removed.".to_owned(),
        1 => "One local member is removed.".to_owned(),
        n => format!("{n} local members are removed."),
    })];
    lines.push(text(if body.block {
        "The room is blocked: nobody on this server can join it again.".to_owned()
    } else {
        "The room is not blocked: people can join it again.".to_owned()
    }));
    lines.push(text(
        match (body.purge, body.force_purge) {
            (_, true) => {
                "The room and its history are deleted from this server, even if a member cannot be removed."
            }
            (true, false) => "The room and its history are deleted from this server.",
            (false, false) => "The room and its history stay in this server's database.",
        }
        .to_owned(),
    ));
    if let Some(notice) = &body.notice {
        lines.push(
            text("The members are moved to a new room made by ".to_owned())
                .code(notice.creator.as_str())
                .text("."),
        );
    }
    lines.push(text(match total - local {
        0 if body.purge || body.force_purge => {
            "No other server is in the room: what is deleted is gone for good.".to_owned()
        }
        0 => "No other server is in the room.".to_owned(),
        1 => "One member of another server keeps the room; it goes on without us.".to_owned(),
        n => format!("{n} members of other servers keep the room; it goes on without us."),
    }));
    lines
}

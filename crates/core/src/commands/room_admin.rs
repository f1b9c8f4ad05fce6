//! `!room-admin`: give a user power in a room, in the name of a local member who has it.

use ruma::{OwnedUserId, UserId};

use super::{Access, Acting, Command, Decision, Draft, Failure, Subject, World, facts::known_room};
use crate::{
    model::{Account, BlockStatus, RoomDetails, is_local},
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    rules::{
        grant::{self, Grant},
        power::{Level, Power},
    },
    text::target::{RoomTarget, UserTarget},
};

/// Give a user the highest power that a member of this server has in a room
///
/// The user is you, unless another one is named. Being a server admin is no power in a room: to redact or ban there, one
/// has to be inside and have a power level. The server gives it in the name of its own member who has most; where nobody
/// of this server has enough, it cannot. In a room that is not public, the user is invited as well. In rooms of version
/// 12, creators stand above all levels: they need none, and a creator of this server gives level 100.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!room-admin <room> [@user] [--dry-run] [--yes]")]
pub(super) struct RoomAdmin {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Who gets the power; you, if nobody is named
    #[arg(value_name = "@user")]
    user: Option<UserTarget>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    room: RoomRef,
    details: RoomDetails,
    user: OwnedUserId,
    power: Power,
    /// What changing the power levels needs.
    needed: i64,
    members: Vec<OwnedUserId>,
    /// The user's `membership` in the room, where it is known.
    membership: Option<String>,
    account: Option<Account>,
    block: BlockStatus,
}

/// Up to how many state events a room has for its membership events to be read.
const FEW: u64 = 5000;

impl Command for RoomAdmin {
    const NAME: &'static str = "room-admin";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!room-admin #lounge:example.org @mod:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, details) = known_room(world, &self.room).await?;
        let user = self.user.as_ref().map_or_else(|| world.asker.to_owned(), |UserTarget(user)| user.clone());
        let lookup = world.lookup;
        let create = lookup.state(&room.id, Some("m.room.create")).await?;
        let levels = lookup.state(&room.id, Some("m.room.power_levels")).await?;
        let members = lookup.members(&room.id).await?;
        let membership = if members.contains(&user) {
            Some("join".to_owned())
        } else if details.state_events <= FEW {
            let events = lookup.state(&room.id, Some("m.room.member")).await?;
            let of_user = events.iter().find(|event| event.state_key() == Some(user.as_str()));
            of_user.and_then(|event| event.text("membership")).map(str::to_owned)
        } else {
            None
        };
        let account = if is_local(&user, lookup.me()) { lookup.account(&user).await? } else { None };
        let block = lookup.block_status(&room.id).await?;
        Ok(Facts {
            block,
            power: Power::of(create.first(), levels.first(), details.version.as_deref()),
            needed: grant::needed(levels.first()),
            room,
            details,
            user,
            members,
            membership,
            account,
        })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let me = world.lookup.me();
        let is_local = is_local(&facts.user, me);
        if is_local {
            check_account(&facts.user, facts.account.as_ref())?;
        }
        if facts.membership.as_deref() == Some("ban") {
            let line =
                Line::new().code(facts.user.as_str()).text(" is banned from ").append(facts.room.line());
            return Err(Failure::told(line.text(": somebody inside has to lift the ban first.")));
        }
        let (giver, above, most) = giver(&facts, me)?;
        let now = facts.power.level(facts.user.as_str());
        refuse_needless(&facts, now, most)?;
        let mut preview = Reply::new().paragraph(
            Line::new()
                .strong("Make an admin: ")
                .code(facts.user.as_str())
                .text(" in ")
                .append(facts.room.line()),
        );
        let giver = Line::new().code(giver);
        preview = preview.fact(
            "In the name of",
            match above {
                Level::Creator => giver.text(", a creator of the room, who stands above all levels"),
                Level::Of(level) => giver
                    .text(format!(", who has the most power of the members from this server: level {level}")),
            },
        );
        preview = preview.fact("Power", format!("level {most}; until now {}", shown(now)));
        let is_public = facts.details.join_rules.as_deref() == Some("public");
        preview = preview.fact(
            "In the room",
            match facts.membership.as_deref() {
                Some("join") => "yes",
                Some("invite") => "not yet, but invited already",
                _ if is_public && *facts.user == *world.lookup.me() => "no; !join brings me in afterwards",
                _ if is_public => "no; the room is public, so they join by themselves",
                _ => "no; they are invited, because the room is not public",
            },
        );
        let invites = !is_public && !matches!(facts.membership.as_deref(), Some("join" | "invite"));
        preview = preview.list(remarks(&facts, is_local, invites));
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::MakeRoomAdmin { room: facts.room, user: facts.user }],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

fn shown(level: Level) -> String {
    match level {
        Level::Creator => "above all levels".to_owned(),
        Level::Of(level) => format!("level {level}"),
    }
}

/// Synapse would give power to any local ID, also to one with a typo.
fn check_account(user: &UserId, account: Option<&Account>) -> Result<(), Failure> {
    let why = match account {
        None => " does not exist on this server. Check the spelling.",
        Some(account) if account.deactivated => " is deactivated, and cannot use any power.",
        Some(_) => return Ok(()),
    };
    Err(Failure::told(Line::new().code(user.as_str()).text(why)))
}

/// Who gives the power, what they may do, and what they give. Refused when nobody can.
fn giver(facts: &Facts, me: &UserId) -> Result<(String, Level, i64), Failure> {
    let nobody = |why: Line| {
        let line = Line::new().text("Nobody of this server can give power in ").append(facts.room.line());
        Failure::told(line.text(": ").append(why).append(elsewhere(facts, me)))
    };
    if facts.details.joined_local_members == 0 {
        return Err(nobody(Line::new().text("none of its users is inside.")));
    }
    let is_here = |user: &str| is_local_id(user, me) && facts.members.iter().any(|member| member == user);
    match grant::grant(&facts.power, facts.needed, is_here) {
        Grant::By { user, has, gives } => Ok((user, has, gives)),
        Grant::Nobody => Err(nobody(Line::new().text("none of its users inside has a power level."))),
        Grant::TooWeak { user, has, needed } => Err(nobody(
            Line::new()
                .text("the one with the most power is ")
                .code(user)
                .text(format!(" with level {has}, and changing the power levels needs {needed}.")),
        )),
    }
}

fn is_local_id(user: &str, me: &UserId) -> bool {
    <&UserId>::try_from(user).is_ok_and(|user| is_local(user, me))
}

/// How many servers are named.
const NAMED: usize = 5;

/// Who could give the power instead.
fn elsewhere(facts: &Facts, me: &UserId) -> Line {
    let servers = grant::servers(&facts.power, facts.needed);
    let others: Vec<&str> = servers.into_iter().filter(|server| *server != me.server_name()).collect();
    if others.is_empty() {
        return Line::new();
    }
    let mut line = Line::new().text(" Somebody with power from ");
    for (n, server) in others.iter().take(NAMED).enumerate() {
        line = line.text(if n == 0 { "" } else { " or " }).code(*server);
    }
    line.text(if others.len() > NAMED { " (and others) would have to." } else { " would have to." })
}

/// Those who have as much get nothing, and the server refuses to lower those who have more.
fn refuse_needless(facts: &Facts, now: Level, gives: i64) -> Result<(), Failure> {
    let line = Line::new().code(facts.user.as_str());
    let line = match now {
        Level::Creator => line
            .text(" is a creator of ")
            .append(facts.room.line())
            .text(", and stands above all power levels already. Creators cannot be given a level."),
        Level::Of(level) if level >= gives => line
            .text(format!(" has level {level} in "))
            .append(facts.room.line())
            .text(format!(" already; the most that I can give there is {gives}.")),
        Level::Of(_) => return Ok(()),
    };
    Err(Failure::told(match facts.membership.as_deref() {
        Some("join") => line,
        _ => line.text(" They are not in the room: somebody inside has to invite them, if they cannot join."),
    }))
}

fn remarks(facts: &Facts, is_local: bool, invites: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if !is_local {
        lines.push(Line::new().code(facts.user.as_str()).text(" is not of this server."));
    }
    if !is_local && invites {
        lines.push(Line::new().text(
            "The invitation goes to their server. If that is away, the invitation fails, and the power is given all the same.",
        ));
    }
    if invites && facts.block.is_blocked() {
        lines.push(Line::new().text(
            "The room is blocked: the invitation fails, and the power is given all the same. To lift the block first: ",
        ).code(format!("!unblock {}", facts.room.id)).text("."));
    }
    if facts.power.named().any(|(_, level)| level == Level::Creator) {
        lines.push(Line::new().text(
            "The room's creators stand above all levels: they can take the power away again, and nobody can take theirs.",
        ));
    }
    if let Some(account) = &facts.account {
        if account.locked {
            lines.push(Line::new().text("Their account is locked: they cannot use it."));
        } else if account.suspended {
            lines.push(Line::new().text("Their account is suspended: they can hardly use the power."));
        }
    }
    lines
}

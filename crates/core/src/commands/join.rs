//! `!join`: the bot joins a room to watch it, or brings local users into one.

use std::collections::BTreeMap;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::known_room,
    in_rooms::{refuse, who},
    whom::{Person, Who, people},
};
use crate::{
    model::{BlockStatus, RoomDetails, is_local},
    plan::{Presence, RoomRef, Step},
    power::{self, Ground},
    reply::{Line, Reply, cut_list},
    rules::{
        can::{Action, Answer, Known, Missing, allow_rooms, may},
        names::Names,
        safety,
    },
    text::target::{RoomTarget, UserTarget},
};

/// Join a room to watch it, or bring users of this server into one
///
/// Without users it is me who joins. Users of this server are brought in without being asked: into public rooms always,
/// into others where I am inside and may invite. !invite asks them instead, and works for users of other servers.
/// Moderators can bring themselves only; server admins, users of appservices and those whom safety.exempt names are not
/// brought anywhere.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!join <room> [@user...] [--dry-run] [--yes]")]
pub(super) struct Join {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Users of this server; me, if nobody is named
    #[arg(value_name = "@user")]
    users: Vec<UserTarget>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    ground: Ground,
    details: RoomDetails,
    people: Vec<Person>,
    is_inside: bool,
    /// Whether the bot is in the rooms whose members can join.
    allow_rooms: BTreeMap<String, bool>,
}

impl Command for Join {
    const NAME: &'static str = "join";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!join #lounge:example.org @new:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, details) = known_room(world, &self.room).await?;
        let mut users = Vec::new();
        for UserTarget(user) in &self.users {
            if !users.contains(user) {
                users.push(user.clone());
            }
        }
        let people = people(world, users).await?;
        let mut ground = Ground::read(world.lookup, &room, people.iter().map(|person| &*person.id)).await?;
        ground.block = Some(world.lookup.block_status(&room.id).await?);
        let joined = world.lookup.joined_rooms().await?;
        let allow_rooms = allow_rooms(&ground.state)
            .into_iter()
            .map(|id| (id.to_owned(), joined.iter().any(|joined| joined == id)))
            .collect();
        Ok(Facts { is_inside: joined.contains(&room.id), ground, details, people, allow_rooms })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let (steps, preview, caution) =
            match if facts.people.is_empty() { myself(&facts, world) } else { others(&facts, world) }? {
                Found::Nothing(answer) => return Ok(Decision::Answer(answer)),
                Found::Steps { steps, preview, caution } => (steps, preview, caution),
            };
        Ok(Decision::Propose(Box::new(Draft {
            steps,
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution,
            acting: self.acting,
        })))
    }
}

enum Found {
    Nothing(Reply),
    Steps { steps: Vec<Step>, preview: Reply, caution: Option<String> },
}

fn is_public(details: &RoomDetails) -> bool {
    details.join_rules.as_deref() == Some("public")
}

/// The server that would have to let them in is another one.
fn nobody_here(room: &RoomRef, details: &RoomDetails) -> Option<Line> {
    let line = Line::from("Nobody of this server is in ").append(room.line());
    (details.joined_local_members == 0).then(|| {
        line.text(": only somebody inside can help, by inviting; the server cannot enter by itself. ")
    })
}

fn myself(facts: &Facts, world: &World<'_>) -> Result<Found, Failure> {
    let (me, room) = (world.lookup.me(), &facts.ground.room);
    if facts.is_inside {
        let line = Line::from("I am in ").append(room.line()).text(" already.");
        return Ok(Found::Nothing(Reply::text(line)));
    }
    let is_invited = facts.ground.membership(me) == Some("invite");
    if !is_invited && let Some(why) = nobody_here(room, &facts.details) {
        return Err(Failure::told(why.text("Once I am invited, I join.")));
    }
    let known = Known {
        here: Some(me.server_name()),
        block: facts.ground.block.as_ref(),
        in_allow_rooms: Some(&facts.allow_rooms),
        ..Known::default()
    };
    let verdict = may(me, &Action::Join, &facts.ground.state, &known);
    // What cannot be known is left to the server.
    if verdict.answer == Answer::No {
        let names = Names::default();
        let line = Line::from("I cannot join ").append(room.line()).text(": ");
        let line = line.append(verdict.reason.in_words(&names)).text(". ");
        let line = if verdict.missing.contains(&Missing::Invitation) {
            line.append(power::offer(me, room, Presence::Outside))
        } else {
            line
        };
        let line = match facts.ground.block {
            Some(BlockStatus::Blocked(_)) => {
                line.code(format!("!unblock {}", room.id)).text(" lifts the block.")
            }
            _ => line,
        };
        return Err(Failure::told(line));
    }
    let preview = Reply::new()
        .paragraph(Line::new().strong("To join: ").append(room.line()))
        .paragraph("I would watch the room, and everybody in it sees that I am there.");
    Ok(Found::Steps { steps: vec![Step::JoinRoom { room: room.clone() }], preview, caution: None })
}

fn others(facts: &Facts, world: &World<'_>) -> Result<Found, Failure> {
    let (me, ground) = (world.lookup.me(), &facts.ground);
    let room = &ground.room;
    refuse(facts.people.iter().filter_map(|person| mistake(person, room, me)).collect())?;
    if let Some(why) = nobody_here(room, &facts.details) {
        return Err(Failure::told(why));
    }
    let (mut steps, mut shown, mut already, mut lacks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for person in &facts.people {
        let line = who(person, ground);
        let user = person.id.clone();
        let step =
            Step::JoinUser { room: room.clone(), user: user.clone(), asked_by: Some(world.asker.to_owned()) };
        if let Some(why) = safety::forbidden(&step, &world.settings.management) {
            return Err(Failure::told(Line::from(why)));
        }
        match ground.membership(&user) {
            Some("join") => {
                already.push(line.text(" is in ").append(room.line()).text(" already."));
                continue;
            }
            Some("ban") => {
                let line = line.text(" is banned from ").append(room.line()).text(": ");
                lacks.push(line.code(format!("!unban {user} {}", room.id)).text(" lifts that first."));
                continue;
            }
            _ => {}
        }
        if let Some(why) = barred(facts, &user, me) {
            if !lacks.contains(&why) {
                lacks.push(why);
            }
            continue;
        }
        shown.push(line);
        steps.push(step);
    }
    refuse(lacks)?;
    if steps.is_empty() {
        return Ok(Found::Nothing(Reply::new().list(already)));
    }
    let heading = Line::new().strong("To bring into ").append(room.line()).text(", without asking them:");
    let mut preview = cut_list(Reply::text(heading), shown, super::in_rooms::SHOWN, "users");
    if !already.is_empty() {
        preview = preview.paragraph("Left alone:").list(already);
    }
    let caution = "They are not asked, and I cannot take back that they were in it; !kick removes them.";
    Ok(Found::Steps { steps, preview, caution: Some(caution.to_owned()) })
}

/// What stands against bringing somebody in, in the room: public rooms let everybody in, into others the bot invites.
fn barred(facts: &Facts, user: &ruma::UserId, me: &ruma::UserId) -> Option<Line> {
    let (ground, room) = (&facts.ground, &facts.ground.room);
    if ground.block.as_ref().is_some_and(BlockStatus::is_blocked) {
        let line = room.line().text(" is blocked on this server: nobody of it can join. ");
        return Some(line.code(format!("!unblock {}", room.id)).text(" lifts that."));
    }
    if is_public(&facts.details) {
        return None;
    }
    if !facts.is_inside {
        return Some(
            Line::from("The room is not public, so I have to invite them, and I am not inside. ")
                .append(power::outside(me, room)),
        );
    }
    let wish = Action::Invite(Some(user.to_owned()));
    let verdict = ground.may(me, &wish);
    // The server invites in my name also who is invited already.
    if verdict.answer == Answer::Yes {
        return None;
    }
    let wish = if power::is_for_all(&verdict) { Action::Invite(None) } else { wish };
    Some(power::without(me, &verdict, &wish, room))
}

/// Why somebody cannot be brought anywhere.
fn mistake(person: &Person, room: &RoomRef, me: &ruma::UserId) -> Option<Line> {
    if person.id == me {
        let line = Line::from("That is me: ").code(format!("!join {}", room.id));
        return Some(line.text(" without users lets me join."));
    }
    match &person.who {
        Who::Local(account) if account.deactivated => {
            Some(person.line().text(" is deactivated, and cannot join anything."))
        }
        Who::Local(account) if account.locked => {
            Some(person.line().text(" is locked, and cannot use the account."))
        }
        // The server refuses what a suspended account does, also in its name.
        Who::Local(account) if account.suspended => {
            let line = person.line().text(" is suspended, and cannot join anything: ");
            Some(line.code(format!("!unsuspend {}", person.id)).text(" lifts that."))
        }
        Who::Local(_) => None,
        Who::Nobody => super::in_rooms::typo(person),
        Who::Remote => {
            debug_assert!(!is_local(&person.id, me), "it was looked up");
            let line =
                Line::new().code(person.id.as_str()).text(" is of another server, and decides there: ");
            Some(line.code(format!("!invite {} {}", person.id, room.id)).text(" asks them."))
        }
    }
}

//! `!can`: whether a user may do something in a room, why, which event says so, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedUserId, RoomId, UserId};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::{block_line, known_room, may_be_old, unread},
};
use crate::{
    model::{Account, BlockStatus, Event, is_local},
    plan::RoomRef,
    ports::Fault,
    reply::{Line, Reply},
    rules::{
        can::{Action, Answer, Known, Memberships, Reason, Remark, Verdict, allow_rooms, may},
        names::Names,
        room_state::RoomState,
    },
    text::{
        nearest::nearest,
        target::{RoomTarget, UserTarget},
    },
};

/// Tell whether a user may do something in a room, and why
///
/// Actions: join, see, knock, invite, invited (be invited), kick, ban, unban, redact, speak, power (change power
/// levels), or a type of state such as topic or m.room.server_acl. For invite, kick, ban, unban and power, name whom it
/// is done to; without, it is about members without a level of their own. Works in rooms that I am not in.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!can <@user> <action> <room> [@target] [--level <number>]")]
pub(super) struct Can {
    /// Who
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// What they would do
    #[arg(value_name = "action")]
    action: String,
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// To whom
    #[arg(value_name = "@target")]
    target: Option<UserTarget>,
    /// With power: which level they would give
    #[arg(long, value_name = "number", allow_negative_numbers = true)]
    level: Option<i64>,
}

pub(super) struct Facts {
    room: RoomRef,
    action: Action,
    state: RoomState,
    names: Names,
    /// That this may be what was so long ago.
    old: Option<Line>,
    joined: BTreeSet<OwnedUserId>,
    memberships: Result<Memberships, Fault>,
    in_allow_rooms: BTreeMap<String, bool>,
    block: BlockStatus,
    account: Named,
    target: Named,
}

/// What the server knows about somebody's account.
enum Named {
    /// Nothing: nobody is named, or somebody of another server.
    Elsewhere,
    /// That there is none.
    Nobody,
    /// This one.
    Known(Account),
}

/// The state that the answers follow from, without the members.
const KINDS: [&str; 8] = [
    "m.room.create",
    "m.room.power_levels",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.server_acl",
    "m.room.encryption",
    "m.room.tombstone",
];

/// In larger rooms member events are read only where the answer needs them: the server sends all of them.
const NAMED: usize = 5000;

/// How many of the rooms whose members may join are looked at.
const ALLOW_ROOMS: usize = 20;

impl Command for Can {
    const NAME: &'static str = "can";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!can @mod:example.org ban #lounge:example.org @spammer:example.com";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let action = self.action()?;
        let (room, details) = known_room(world, &self.room).await?;
        let lookup = world.lookup;
        let joined: BTreeSet<OwnedUserId> = lookup.members(&room.id).await?.into_iter().collect();
        let (members, memberships) = self.members(world, &room, &joined).await;
        let names = Names::of(&members);
        let mut events = members;
        for kind in KINDS {
            events.extend(lookup.state(&room.id, Some(kind)).await?);
        }
        let state = RoomState::of(events, details.version.as_deref());
        let (in_allow_rooms, names) = match action {
            Action::Join => self.allow_rooms(world, &state, names).await?,
            _ => (BTreeMap::new(), names),
        };
        Ok(Facts {
            action,
            state,
            names,
            memberships,
            in_allow_rooms,
            block: lookup.block_status(&room.id).await?,
            account: account(world, Some(&self.user.0)).await?,
            target: account(world, self.target.as_ref().map(|target| &*target.0)).await?,
            old: may_be_old(&details),
            room,
            joined,
        })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let known = Known {
            here: Some(world.lookup.me().server_name()),
            joined: Some(&facts.joined),
            memberships: *facts.memberships.as_ref().unwrap_or(&Memberships::Some),
            in_allow_rooms: Some(&facts.in_allow_rooms),
            block: Some(&facts.block),
            account: match &facts.account {
                Named::Known(account) => Some(account),
                Named::Elsewhere | Named::Nobody => None,
            },
            is_guest: None,
        };
        let verdict = may(&self.user.0, &facts.action, &facts.state, &known);
        Ok(Decision::Answer(self.reply(&facts, &verdict)))
    }
}

impl Can {
    /// What is asked. Refused when the word is no action, or something more is needed or too much.
    fn action(&self) -> Result<Action, Failure> {
        let word = self.action.trim().to_lowercase();
        let target = self.target.as_ref().map(|target| target.0.clone());
        let action = match word.as_str() {
            "join" => Action::Join,
            "see" | "read" | "view" => Action::See,
            "invited" | "be-invited" => Action::BeInvited,
            "knock" | "ask" => Action::Knock,
            "invite" => Action::Invite(target),
            "kick" => Action::Kick(target),
            "ban" => Action::Ban(target),
            "unban" => Action::Unban(target),
            "redact" => Action::Redact,
            "speak" | "send" | "write" => Action::Speak,
            "power" => Action::ChangePower { of: target, to: self.level },
            _ => Action::ChangeState(kind(&self.action).ok_or_else(|| unknown(&self.action))?),
        };
        let takes_target = matches!(
            action,
            Action::Invite(_)
                | Action::Kick(_)
                | Action::Ban(_)
                | Action::Unban(_)
                | Action::ChangePower { .. }
        );
        let line = match (&self.target, self.level) {
            (Some(target), _) if !takes_target => Line::new()
                .code(&self.action)
                .text(" is done to nobody: leave ")
                .code(target.to_string())
                .text(" out. Invite, kick, ban, unban and power take a second user."),
            (_, Some(_)) if !matches!(action, Action::ChangePower { .. }) => {
                Line::new().code("--level").text(" goes with ").code("power").text(" only.")
            }
            _ => return Ok(action),
        };
        Err(Failure::told(line))
    }

    /// The room's member events, where the answer needs them or the room is small enough to show names.
    async fn members(
        &self,
        world: &World<'_>,
        room: &RoomRef,
        joined: &BTreeSet<OwnedUserId>,
    ) -> (Vec<Event>, Result<Memberships, Fault>) {
        let target = self.target.as_ref().map(|target| &target.0);
        let all_inside = std::iter::once(&self.user.0).chain(target).all(|user| joined.contains(user));
        if all_inside && joined.len() > NAMED {
            return (Vec::new(), Ok(Memberships::Some));
        }
        (world.tell)(&Reply::text("Reading who is in the room, invited and banned …"));
        match world.lookup.state(&room.id, Some("m.room.member")).await {
            Ok(events) => (events, Ok(Memberships::All)),
            Err(fault) => (Vec::new(), Err(fault)),
        }
    }

    /// Whether the user is in the rooms whose members may join, and what those are called.
    async fn allow_rooms(
        &self,
        world: &World<'_>,
        state: &RoomState,
        mut names: Names,
    ) -> Result<(BTreeMap<String, bool>, Names), Failure> {
        let mut in_rooms = BTreeMap::new();
        for id in allow_rooms(state).into_iter().take(ALLOW_ROOMS) {
            let Ok(room) = <&RoomId>::try_from(id) else { continue };
            // Of a room that nobody here is in, the server has an old list of members, or none.
            let Some(details) = world.lookup.room(room).await? else { continue };
            names = names.with_room(id, details.name.as_deref(), details.canonical_alias.as_deref());
            if details.joined_local_members == 0 {
                continue;
            }
            let members = world.lookup.members(room).await?;
            in_rooms.insert(id.to_owned(), members.contains(&self.user.0));
        }
        Ok((in_rooms, names))
    }

    fn reply(&self, facts: &Facts, verdict: &Verdict) -> Reply {
        let names = &facts.names;
        let user = names.user(self.user.0.as_str());
        let asked = facts.action.in_words(&facts.room.line(), names);
        let line = match verdict.answer {
            Answer::Yes => Line::new().strong("Yes: ").append(user).text(" can ").append(asked),
            Answer::No => Line::new().strong("No: ").append(user).text(" cannot ").append(asked),
            Answer::NotKnown => {
                Line::new().strong("Not known: ").text("whether ").append(user).text(" can ").append(asked)
            }
        };
        let mut reply = Reply::new().paragraph(line.text(".")).fact("Why", verdict.reason.in_words(names));
        if let Some(source) = &verdict.says {
            reply = reply.fact("Says so", source.in_words(names));
        }
        if verdict.reason == Reason::Blocked {
            reply = reply.fact("Says so", block_line(&facts.block));
        }
        if !verdict.missing.is_empty() {
            let missing = verdict.missing.iter().enumerate().fold(Line::new(), |line, (n, missing)| {
                let line = if n > 0 { line.text("; ") } else { line };
                line.append(missing.in_words(names))
            });
            reply = reply.fact("Missing", missing);
        }
        if let Some(who) = &verdict.who_can_grant {
            reply = reply.fact("Who could", who.in_words(names));
        }
        let mut remarks: Vec<Line> = verdict.remarks.iter().map(Remark::in_words).collect();
        // Without any state there is nothing that could be old.
        remarks.extend(facts.old.clone().filter(|_| verdict.reason != Reason::NoState));
        for (account, user) in [(&facts.account, Some(&self.user)), (&facts.target, self.target.as_ref())] {
            remarks.extend(user.and_then(|user| about(account, &user.0)));
        }
        if let Err(fault) = &facts.memberships {
            remarks.push(Line::new().text("The memberships ").append(unread(fault)).text("."));
        }
        reply.list(remarks)
    }
}

/// What is worth knowing about an account. What keeps it from acting is in the answer, for the one who acts.
fn about(account: &Named, user: &UserId) -> Option<Line> {
    match account {
        Named::Elsewhere | Named::Known(_) => None,
        Named::Nobody => Some(Line::new().code(user.as_str()).text(
            " does not exist on this server. Check the spelling; the answer is for somebody with that ID.",
        )),
    }
}

async fn account(world: &World<'_>, user: Option<&UserId>) -> Result<Named, Failure> {
    match user.filter(|user| is_local(user, world.lookup.me())) {
        None => Ok(Named::Elsewhere),
        Some(user) => Ok(world.lookup.account(user).await?.map_or(Named::Nobody, Named::Known)),
    }
}

/// What can be asked, as it is typed.
const WORDS: [&str; 11] =
    ["join", "see", "knock", "invite", "invited", "kick", "ban", "unban", "redact", "speak", "power"];

/// The types of state that may be typed without their prefix, and with dashes.
const STATE: [&str; 14] = [
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.encryption",
    "m.room.tombstone",
    "m.room.pinned_events",
    "m.space.child",
    "m.space.parent",
];

/// The type of state that a word means: one of the specification's, or any with a dot.
fn kind(word: &str) -> Option<String> {
    let word = word.trim();
    let lower = word.to_lowercase().replace('-', "_");
    let short = |kind: &str| kind.trim_start_matches("m.room.").trim_start_matches("m.").to_owned();
    let known = STATE.iter().find(|kind| **kind == lower || short(kind) == lower);
    known.map(|kind| (*kind).to_owned()).or_else(|| word.contains('.').then(|| word.to_owned()))
}

fn unknown(word: &str) -> Failure {
    let line = Line::new().text("I do not know the action ").user(word).text(".");
    let shorts = STATE.iter().map(|kind| kind.trim_start_matches("m.room."));
    let line = match nearest(word, WORDS.into_iter().chain(shorts)) {
        Some(near) => line.text(" Did you mean ").code(near).text("?"),
        None => line,
    };
    Failure::told(line.text(format!(
        " Actions: {}; or a type of state, such as topic or m.room.server_acl.",
        WORDS.join(", ")
    )))
}

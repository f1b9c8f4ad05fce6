//! A room in words: how one gets in, who may do what, and what changed last.

use std::collections::BTreeSet;

use futures_util::future::try_join4;
use ruma::RoomId;

use super::{previous::with_previous, redaction_rules};
use crate::{
    commands::{
        Failure, World,
        events::unknown_room,
        facts::{RoomFacts, block_line, may_be_old, other_rooms},
        room::{closed, encryption, history},
    },
    model::{Dir, Event, HistoryQuery, Millis, RoomDetails},
    plan::RoomRef,
    reply::{Line, Reply},
    rules::{
        can::allow_rooms,
        event::time,
        explain::{Around, Explanation, explain},
        join_rules,
        membership::{Transition, transition},
        names::Names,
        power::Level,
        room_state::RoomState,
        state::{ORDER, details, guest_access, server_acl, takes},
    },
    text::{
        number::{counted, grouped},
        target::RoomTarget,
    },
};

pub(in crate::commands) struct Facts {
    room: RoomRef,
    about: RoomFacts,
    details: RoomDetails,
    state: RoomState,
    names: Names,
    public_rooms: BTreeSet<String>,
    /// What changed last, newest first.
    changes: Vec<Event>,
    today: Today,
}

/// How the members changed in the last 24 hours.
#[derive(Default)]
struct Today {
    joined: u64,
    left: u64,
    kicked: u64,
    banned: u64,
    /// Whether there was more than was read.
    is_part: bool,
}

/// So many changes are shown.
const CHANGES: usize = 10;
/// So many pages are read for them, at most: messages that pass for state have the same types.
const PAGES: usize = 5;
/// So many changes of members are looked at.
const MEMBERS: u32 = 200;
/// So many users, or servers, are named.
const NAMED: usize = 10;
const DAY: Millis = 24 * 60 * 60 * 1000;

pub(super) async fn gather(target: &RoomTarget, world: &World<'_>) -> Result<Facts, Failure> {
    let room = world.resolve(target).await?;
    let about = RoomFacts::gather(world, &room).await?;
    let details = about.details.clone().ok_or_else(|| unknown_room(&room))?;
    let version = details.version.as_deref();
    let of = |kind| world.lookup.state(&room, Some(kind));
    let (create, power_levels, join_rules, acl) = try_join4(
        of("m.room.create"),
        of("m.room.power_levels"),
        of("m.room.join_rules"),
        of("m.room.server_acl"),
    )
    .await?;
    let state = RoomState::of([create, power_levels, join_rules, acl].concat(), version);
    let (changes, members) = changes(&room, version, world).await?;
    let rooms = allow_rooms(&state).into_iter().filter_map(|id| id.try_into().ok()).collect();
    let (names, public_rooms) = other_rooms(rooms, Names::of(&members), world).await?;
    let today = today(&room, world).await?;
    Ok(Facts { room: about.named(room), about, details, state, names, public_rooms, changes, today })
}

/// The last changes of the room but those of its members, newest first, and the member events of those who made them.
async fn changes(
    room: &RoomId,
    version: Option<&str>,
    world: &World<'_>,
) -> Result<(Vec<Event>, Vec<Event>), Failure> {
    let more =
        ["m.room.third_party_invite", "m.policy.rule.user", "m.policy.rule.room", "m.policy.rule.server"];
    let mut query = HistoryQuery {
        dir: Dir::Backwards,
        limit: 50,
        types: ORDER.iter().chain(&more).map(|kind| (*kind).to_owned()).collect(),
        ..HistoryQuery::default()
    };
    let (mut found, mut members) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        let page = world.lookup.history(room, &query).await?;
        members.extend(page.state.into_iter().filter(|event| event.kind() == "m.room.member"));
        found.extend(page.events.into_iter().filter(|event| event.state_key().is_some()));
        let next = page.end.filter(|end| query.from.as_ref() != Some(end));
        if found.len() >= CHANGES || next.is_none() {
            break;
        }
        query.from = next;
        (world.tell)(&Reply::text("Looking for what changed last …"));
    }
    let rules = redaction_rules(version);
    let mut changes = Vec::new();
    for event in found.into_iter().take(CHANGES) {
        changes.push(with_previous(world, room, &rules, event).await?);
    }
    Ok((changes, members))
}

async fn today(room: &RoomId, world: &World<'_>) -> Result<Today, Failure> {
    use Transition as T;

    let query = HistoryQuery {
        dir: Dir::Backwards,
        limit: MEMBERS,
        types: vec!["m.room.member".to_owned()],
        ..HistoryQuery::default()
    };
    let page = world.lookup.history(room, &query).await?;
    let of_today = |event: &&Event| event.time() > world.now - DAY;
    let mut today = Today::default();
    for event in page.events.iter().filter(of_today) {
        match transition(event) {
            T::Joined | T::InvitationAccepted | T::JoinedWithoutAnswer => today.joined += 1,
            T::Left => today.left += 1,
            T::Kicked => today.kicked += 1,
            T::Banned | T::InviteeBanned | T::KickedAndBanned | T::KnockerBanned => today.banned += 1,
            _ => {}
        }
    }
    today.is_part =
        page.events.len() as u64 >= u64::from(MEMBERS) && page.events.last().as_ref().is_some_and(of_today);
    Ok(today)
}

pub(super) fn reply(facts: &Facts, world: &World<'_>) -> Reply {
    let Facts { details: room, state, names, about, .. } = facts;
    let mut reply = Reply::new().paragraph(facts.room.line());
    reply = may_be_old(room).into_iter().fold(reply, Reply::paragraph);
    if let Some(line) = closed(room) {
        reply = reply.fact("Closed", line);
    }
    let rules = state.the("m.room.join_rules");
    reply = reply
        .fact("Joining", join_rules::in_words(room.join_rules.as_deref(), rules.map(Event::content), names));
    reply = others(reply, facts);
    let block = block_line(&about.block);
    let block = if about.block.is_blocked() { block.text(": nobody of this server can join") } else { block };
    reply = reply
        .fact("Block", block)
        .fact("History", history(room))
        .fact("Guests", guest_access(room.guest_access.as_deref()))
        .fact("Encryption", encryption(room));
    reply = power(reply, state, names);
    reply = servers(reply, state.the("m.room.server_acl"), &facts.room);
    reply = reply.fact("Last 24 hours", facts.today.in_words());
    if facts.changes.is_empty() {
        return reply.paragraph("What changed last was not found in what I read of the room's history.");
    }
    let lines = facts.changes.iter().map(|event| change(event, facts, world));
    reply.paragraph("What changed last but members, newest first, times in UTC:").list(lines)
}

/// The rooms whose members are let in.
fn others(reply: Reply, facts: &Facts) -> Reply {
    let line = |id: &str| {
        let line = facts.names.room(id);
        if facts.public_rooms.contains(id) { line.text(", which anyone can join") } else { line }
    };
    let rooms: Vec<Line> = allow_rooms(&facts.state).into_iter().map(line).collect();
    if rooms.is_empty() { reply } else { reply.fact("Lets in members of", listed(rooms, "room")) }
}

/// When and what, and what to look out for. The state is that of now.
fn change(event: &Event, facts: &Facts, world: &World<'_>) -> Line {
    let around = Around {
        names: Some(&facts.names),
        here: Some(world.lookup.me().server_name()),
        state: Some(&facts.state),
        public_rooms: Some(&facts.public_rooms),
    };
    let Explanation { sentence, warnings, .. } = explain(event, &around);
    let line = Line::new().text(format!("{} ", time(event))).append(sentence);
    warnings.into_iter().fold(line, |line, warning| line.text(" ⚠️ ").append(warning))
}

/// Who has power, and what each action takes.
fn power(reply: Reply, state: &RoomState, names: &Names) -> Reply {
    let power = state.power();
    let mut levels: Vec<(&str, Level)> = power.named().collect();
    levels.sort_by(|(a, has), (b, had)| had.cmp(has).then(a.cmp(b)));
    let (creators, users): (Vec<_>, Vec<_>) =
        levels.into_iter().partition(|(_, level)| *level == Level::Creator);
    let reply = if creators.is_empty() {
        reply
    } else {
        let creators = creators.into_iter().map(|(user, _)| names.user(user)).collect();
        reply.fact("Creators, above all power levels", listed(creators, "creator"))
    };
    let Some(levels) = state.the("m.room.power_levels") else {
        return reply.fact("Power", "no power levels are known");
    };
    let others = match power.default_level() {
        Level::Of(level) => format!("everybody else {level}"),
        Level::Creator => String::new(),
    };
    let mut lines: Vec<Line> = users
        .into_iter()
        .map(|(user, level)| match level {
            Level::Of(level) => names.user(user).text(format!(" {level}")),
            Level::Creator => names.user(user),
        })
        .collect();
    let hidden = lines.len().saturating_sub(NAMED);
    lines.truncate(NAMED);
    if hidden > 0 {
        lines.push(Line::from(counted(hidden as u64, "more user")));
    }
    lines.push(Line::from(others));
    reply.fact("Power", joined(lines)).fact("It takes", takes(levels.content()))
}

/// Which servers are kept out.
fn servers(reply: Reply, acl: Option<&Event>, room: &RoomRef) -> Reply {
    let Some(acl) = acl else { return reply.fact("Servers", "none is kept out") };
    let mut entries = details(acl);
    let hidden = entries.len().saturating_sub(NAMED);
    entries.truncate(NAMED);
    let reply = reply.fact("Servers", server_acl(Line::new(), acl.content()));
    if entries.is_empty() {
        return reply;
    }
    let line = joined(entries);
    reply.fact(
        "Patterns",
        match hidden {
            0 => line,
            hidden => line
                .text(format!(", and {} more: ", grouped(hidden as u64)))
                .code(format!("!state {} server_acl", room.id)),
        },
    )
}

/// Some of many, and how many more there are.
fn listed(mut lines: Vec<Line>, what: &str) -> Line {
    let hidden = lines.len().saturating_sub(NAMED);
    lines.truncate(NAMED);
    match hidden {
        0 => joined(lines),
        hidden => joined(lines).text(format!(" and {}", counted(hidden as u64, &format!("more {what}")))),
    }
}

fn joined(lines: Vec<Line>) -> Line {
    lines.into_iter().enumerate().fold(Line::new(), |line, (n, next)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.append(next)
    })
}

impl Today {
    fn in_words(&self) -> String {
        let counts =
            [(self.joined, "join"), (self.left, "leave"), (self.kicked, "kick"), (self.banned, "ban")];
        let words: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| counted(count, word))
            .collect();
        match (words.is_empty(), self.is_part) {
            (true, false) => "nobody came or went".to_owned(),
            (true, true) => format!("nobody came or went, by the last {MEMBERS} changes of members"),
            (false, false) => words.join(", "),
            (false, true) => format!("at least {}", words.join(", ")),
        }
    }
}

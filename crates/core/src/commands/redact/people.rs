//! Everything that users wrote: counted first, room by room.

use std::collections::BTreeMap;

use ruma::OwnedRoomId;

use super::{
    super::{
        Acting, Decision, Failure, World,
        facts::named,
        several::read_each,
        whom::{Person, Who, people},
    },
    draft,
    power::lacks,
};
use crate::{
    model::{Scope, Windows, Writing},
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    text::{
        duration::{date, in_words},
        number::counted,
        target::{RoomTarget, UserTarget},
    },
    wrote::{self, Wrote, in_kinds, staying},
};

/// How many rooms are named.
const NAMED: usize = 5;
/// How many rooms without power are named.
const CLOSED: usize = 3;
/// How many events Synapse lets the bot redact at once, and how long each one after them takes, in seconds.
const BURST: u64 = 10;
const EACH: u64 = 5;

pub(in super::super) struct Facts {
    people: Vec<Theirs>,
    scope: Scope,
    reason: Option<String>,
    is_unlimited: bool,
}

/// What one of them wrote.
struct Theirs {
    person: Person,
    rooms: Vec<OwnedRoomId>,
    found: Vec<Found>,
    state: u64,
}

/// A room with something to redact.
struct Found {
    room: RoomRef,
    counts: BTreeMap<Writing, u64>,
    /// How many of them take the bot's own power.
    alone: u64,
    /// How many of those are redacted one by one.
    singly: u64,
    /// What keeps the bot from it, where that matters.
    lacks: Option<Line>,
}

impl Found {
    fn events(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of them cannot be redacted.
    fn lost(&self) -> u64 {
        if self.lacks.is_some() { self.alone } else { 0 }
    }
}

impl Theirs {
    fn sum(&self, of: impl Fn(&Found) -> u64) -> u64 {
        self.found.iter().map(of).sum()
    }

    fn is_local(&self) -> bool {
        matches!(self.person.who, Who::Local(_))
    }
}

pub(super) async fn gather(
    world: &World<'_>,
    users: Vec<UserTarget>,
    rooms: Vec<RoomTarget>,
    scope: Scope,
    reason: Option<String>,
) -> Result<Facts, Failure> {
    let mut ids = Vec::new();
    for UserTarget(id) in users {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let people = people(world, ids).await?;
    let nobody = people.iter().filter(|person| matches!(person.who, Who::Nobody));
    let mistakes: Vec<Line> = nobody
        .map(|person| {
            let line = Line::new().text("There is no account ").code(person.id.as_str());
            line.text(" on this server. Check its spelling.")
        })
        .collect();
    if !mistakes.is_empty() {
        let reply = Reply::new().paragraph("Nothing was done.").list(mistakes);
        return Err(Failure::Told(Box::new(reply)));
    }
    let mut chosen = Vec::new();
    for room in &rooms {
        chosen.push(world.resolve(room).await?);
    }
    if chosen.contains(&world.settings.management) {
        let words = "That is the management room. What stands there is how moderators know what was done, so I never redact \
                     there.";
        return Err(Failure::told(Line::from(words)));
    }
    let windows = match world.lookup.server_version().await {
        Ok(version) => Windows::of(&version),
        Err(fault) if fault.is_passing() => return Err(fault.into()),
        Err(_) => Windows::Ignored,
    };
    let inside = world.lookup.joined_rooms().await?;
    let mut all = Vec::new();
    for person in people {
        all.push(theirs(world, person, &chosen, scope, windows, &inside).await?);
    }
    let limit = world.lookup.rate_limit(world.lookup.me()).await?;
    let is_unlimited = limit.is_some_and(|limit| limit.messages_per_second == 0);
    Ok(Facts { people: all, scope, reason, is_unlimited })
}

async fn theirs(
    world: &World<'_>,
    person: Person,
    chosen: &[OwnedRoomId],
    scope: Scope,
    windows: Windows,
    inside: &[OwnedRoomId],
) -> Result<Theirs, Failure> {
    let mut rooms = if chosen.is_empty() {
        world.lookup.memberships(&person.id).await?.into_keys().collect()
    } else {
        chosen.to_vec()
    };
    rooms.retain(|room| *room != world.settings.management);
    rooms.sort();
    rooms.dedup();
    let (lookup, user) = (world.lookup, person.id.clone());
    let wrote = read_each(world, rooms.clone(), "rooms", |room: OwnedRoomId| {
        let user = user.clone();
        Box::pin(async move { Ok((wrote::read(lookup, &room, &user, scope).await?, room)) })
    })
    .await?;
    let is_local = matches!(person.who, Who::Local(_));
    let (mut found, mut state) = (Vec::new(), 0);
    for (wrote, room) in wrote {
        state += wrote.state;
        found.extend(in_room(world, &wrote, room, (is_local, scope, windows), inside).await?);
    }
    found.sort_by_key(|room| std::cmp::Reverse(room.events()));
    Ok(Theirs { person, rooms, found, state })
}

async fn in_room(
    world: &World<'_>,
    wrote: &Wrote,
    room: OwnedRoomId,
    (is_local, scope, windows): (bool, Scope, Windows),
    inside: &[OwnedRoomId],
) -> Result<Option<Found>, Failure> {
    let counts = wrote.counts();
    let events: u64 = counts.values().sum();
    if events == 0 {
        return Ok(None);
    }
    let messages = counts.get(&Writing::Message).copied().unwrap_or_default();
    let is_asked = !wrote.windows(scope.since, windows).is_empty();
    let singly = if is_asked { events - messages } else { events };
    let alone = if is_local { singly } else { events };
    let details = world.lookup.room(&room).await?;
    let room = named(room, details.as_ref());
    let lacks = if alone > 0 { lacks(world, &room, inside).await? } else { None };
    Ok(Some(Found { room, counts, alone, singly, lacks }))
}

pub(super) fn decide(facts: Facts, acting: Acting, world: &World<'_>) -> Result<Decision, Failure> {
    let Facts { people, scope, reason, is_unlimited } = facts;
    let (idle, busy): (Vec<Theirs>, Vec<Theirs>) =
        people.into_iter().partition(|theirs| theirs.found.is_empty());
    let (out, within): (Vec<Theirs>, Vec<Theirs>) =
        busy.into_iter().partition(|theirs| theirs.sum(Found::events) == theirs.sum(Found::lost));
    let nothing = idle.iter().map(|theirs| nothing(theirs, scope));
    if within.is_empty() {
        if out.is_empty() {
            return Ok(Decision::Answer(Reply::new().list(nothing)));
        }
        let reply = Reply::new().paragraph("Nothing was done.").list(nothing);
        let reply = out.iter().fold(reply, powerless);
        return Err(Failure::Told(Box::new(reply)));
    }
    let mut preview = Reply::new();
    for theirs in &within {
        preview = told(preview, theirs, scope);
    }
    let singly: u64 = within.iter().map(|theirs| theirs.sum(by_hand)).sum();
    if singly > BURST && !is_unlimited {
        let time = std::time::Duration::from_secs((singly - BURST) * EACH);
        let line = Line::new().text(format!(
            "Synapse lets me redact about one event in {EACH} seconds by myself, unless its configuration says otherwise: \
             {} take about {}. ",
            counted(singly, "event"),
            in_words(time)
        ));
        let command = format!("!ratelimit {} set unlimited", world.lookup.me());
        preview = preview.paragraph(line.code(command).text(" before it makes that quick."));
    }
    if !idle.is_empty() || !out.is_empty() {
        preview = preview.paragraph("Left alone:").list(nothing);
        preview = out.iter().fold(preview, powerless);
    }
    let steps = within.into_iter().map(|theirs| Step::RedactUser {
        user: theirs.person.id,
        rooms: theirs.rooms,
        reason: reason.clone(),
        since: scope.since,
        limit: scope.limit,
    });
    Ok(draft(steps.collect(), reason.clone(), preview, acting))
}

/// How many the bot redacts one by one.
fn by_hand(room: &Found) -> u64 {
    if room.lacks.is_some() { 0 } else { room.singly }
}

fn nothing(theirs: &Theirs, scope: Scope) -> Line {
    let line = Line::new().text("There is nothing to redact of ").append(theirs.person.line());
    let line = match theirs.rooms.len() as u64 {
        0 => line.text(": the server knows no room that they are or were in"),
        n => line.text(format!(" in {}", counted(n, "room"))).append(scope_line(scope)),
    };
    line.append(state_line(theirs))
}

fn scope_line(scope: Scope) -> Line {
    let line = match scope.since {
        Some(since) => Line::new().text(format!(" since {}", date(since))),
        None => Line::new(),
    };
    match scope.limit {
        Some(limit) => line.text(format!(", the newest {limit} in each room")),
        None => line,
    }
}

/// “. 2 state events of theirs stay …”
fn state_line(theirs: &Theirs) -> Line {
    match theirs.state {
        0 => Line::new().text("."),
        n => Line::new().text(". ").text(staying(n)),
    }
}

/// What would happen to what one of them wrote.
fn told(reply: Reply, theirs: &Theirs, scope: Scope) -> Reply {
    let mut kinds = BTreeMap::new();
    for (kind, n) in theirs.found.iter().flat_map(|room| &room.counts) {
        *kinds.entry(*kind).or_default() += n;
    }
    let (events, rooms) = (theirs.sum(Found::events), theirs.found.len() as u64);
    let line = Line::new()
        .strong("Redact what ")
        .append(theirs.person.line())
        .strong(" wrote")
        .append(scope_line(scope));
    let line = line.text(format!(
        ": {} in {}: {}",
        counted(events, "event"),
        counted(rooms, "room"),
        in_kinds(&kinds)
    ));
    let mut lines: Vec<Line> = theirs
        .found
        .iter()
        .take(NAMED)
        .map(|room| room.room.line().text(format!(": {}", counted(room.events(), "event"))))
        .collect();
    if theirs.found.len() > NAMED {
        let more = theirs.found.iter().skip(NAMED);
        let events: u64 = more.clone().map(Found::events).sum();
        lines.push(Line::new().text(format!(
            "and {}: {}",
            counted(more.count() as u64, "more room"),
            counted(events, "event")
        )));
    }
    let reply = reply.paragraph(line.append(state_line(theirs))).list(lines);
    let alone = theirs.sum(|room| room.alone);
    let line = match (theirs.is_local(), alone) {
        (true, 0) => Line::new().text("The server redacts them in their own name, also in rooms that I am not in."),
        (true, n) => Line::new().text(format!(
            "The server redacts messages in their own name, also in rooms that I am not in. Of {} it does not: that takes my \
             own power in the room, one by one.",
            counted(n, "event")
        )),
        (false, _) => Line::new().text("They are of another server: it takes my own power to redact in each room."),
    };
    let reply = reply.paragraph(line);
    if theirs.sum(Found::lost) == 0 { reply } else { powerless(reply, theirs) }
}

/// Where the bot lacks the power, and how it gets it.
fn powerless(reply: Reply, theirs: &Theirs) -> Reply {
    let closed: Vec<&Found> = theirs.found.iter().filter(|room| room.lost() > 0).collect();
    let (lost, rooms) = (theirs.sum(Found::lost), closed.len() as u64);
    let line = Line::new().text(format!("I lack the power for {} of ", counted(lost, "event")));
    let line = line
        .append(theirs.person.line())
        .text(format!(" in {}, and they would stay.", counted(rooms, "room")));
    let mut lines: Vec<Line> = closed.iter().take(CLOSED).filter_map(|room| room.lacks.clone()).collect();
    if closed.len() > CLOSED {
        lines.push(Line::new().text(format!("and {}", counted((closed.len() - CLOSED) as u64, "more room"))));
    }
    reply.paragraph(line).list(lines)
}

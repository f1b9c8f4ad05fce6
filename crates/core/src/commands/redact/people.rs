//! Everything that users wrote: counted first, room by room.

mod listed;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use ruma::{OwnedRoomId, UserId};

use super::{
    super::{
        Acting, Decision, Failure, World,
        facts::{named, unread},
        several::read_each,
        whom::{Person, Source, Who, people},
    },
    draft, lacks,
};
use crate::{
    model::{Scope, Windows, Writing},
    plan::{RoomRef, Step},
    ports::Fault,
    reply::{Line, Reply, cut_list},
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
/// How many rooms are named that cannot be read.
const UNREAD: usize = 10;
/// How many events Synapse lets the bot redact at once, and how long each one after them takes, in seconds.
const BURST: u64 = 10;
const EACH: u64 = 5;

/// What is to be redacted of whom.
pub(super) struct Wish {
    pub(super) users: Vec<UserTarget>,
    pub(super) source: Source,
    /// None means all that they are or were in.
    pub(super) rooms: Vec<RoomTarget>,
    pub(super) scope: Scope,
    pub(super) reason: Option<String>,
}

pub(in super::super) struct Facts {
    people: Vec<Theirs>,
    /// Whoever else is in the file, if there is one.
    list: Option<listed::List>,
    scope: Scope,
    reason: Option<String>,
    is_unlimited: bool,
}

/// What one of them wrote.
struct Theirs {
    person: Person,
    /// Those that could be read.
    rooms: Vec<OwnedRoomId>,
    found: Vec<Found>,
    state: u64,
    /// Those that could not be, and why.
    unread: Vec<(OwnedRoomId, Fault)>,
}

/// Those of whom there is something to redact, those of whom the bot can redact nothing of it, and the others.
struct Sorted {
    within: Vec<Theirs>,
    out: Vec<Theirs>,
    idle: Vec<Theirs>,
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

    /// Whether the server's task is asked for some of them.
    fn is_by_task(&self, is_local: bool) -> bool {
        self.singly < self.events() && (is_local || self.lacks.is_none())
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

    /// Whether none of their rooms could be read.
    fn is_unread(&self) -> bool {
        self.rooms.is_empty() && !self.unread.is_empty()
    }
}

pub(super) async fn gather(world: &World<'_>, wish: Wish) -> Result<Facts, Failure> {
    let Wish { users, source, rooms, scope, reason } = wish;
    let mut ids = Vec::new();
    for UserTarget(id) in users {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let people = people(world, ids).await?;
    let (people, list) = match source {
        Source::Typed => (people, None),
        Source::Listed { repeated } => {
            let (people, list) = listed::sort(world, people, repeated).await?;
            (people, Some(list))
        }
    };
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
    // Where nothing can be read at all the fault is of no room.
    if let Some((_, fault)) = all.iter().flat_map(|theirs| &theirs.unread).next()
        && all.iter().all(|theirs| theirs.rooms.is_empty())
    {
        return Err(fault.clone().into());
    }
    let limit = world.lookup.rate_limit(world.lookup.me()).await?;
    let is_unlimited = limit.is_some_and(|limit| limit.messages_per_second == 0);
    Ok(Facts { people: all, list, scope, reason, is_unlimited })
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
    let how = How { is_local: matches!(person.who, Who::Local(_)), scope, windows, inside };
    let looks: Vec<(OwnedRoomId, Result<_, Fault>)> =
        read_each(world, rooms, "rooms", |room: OwnedRoomId| {
            Box::pin(look(world, &person.id, room, &how)) as BoxFuture<'_, _>
        })
        .await?;
    let mut theirs = Theirs { person, rooms: Vec::new(), found: Vec::new(), state: 0, unread: Vec::new() };
    for (room, look) in looks {
        match look {
            Ok((found, state)) => {
                theirs.rooms.push(room);
                theirs.found.extend(found);
                theirs.state += state;
            }
            Err(fault) => theirs.unread.push((room, fault)),
        }
    }
    theirs.found.sort_by_key(|room| std::cmp::Reverse(room.events()));
    Ok(theirs)
}

/// What a room is looked at with.
struct How<'a> {
    is_local: bool,
    scope: Scope,
    windows: Windows,
    /// The rooms that the bot is in.
    inside: &'a [OwnedRoomId],
}

/// What there is to redact in a room, and how many state events stay; one that cannot be read stands in the way of no other.
async fn look(
    world: &World<'_>,
    user: &UserId,
    room: OwnedRoomId,
    how: &How<'_>,
) -> Result<(OwnedRoomId, Result<(Option<Found>, u64), Fault>), Failure> {
    let look = match wrote::read(world.lookup, &room, user, how.scope).await {
        Ok(wrote) => in_room(world, &wrote, room.clone(), how).await.map(|found| (found, wrote.state)),
        Err(fault) => Err(fault.into()),
    };
    match look {
        Ok(look) => Ok((room, Ok(look))),
        Err(Failure::Fault(fault)) if wrote::is_of_room(&fault) => Ok((room, Err(fault))),
        Err(failure) => Err(failure),
    }
}

async fn in_room(
    world: &World<'_>,
    wrote: &Wrote,
    room: OwnedRoomId,
    &How { is_local, scope, windows, inside }: &How<'_>,
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
    let Facts { people, list, scope, reason, is_unlimited } = facts;
    let unread = cannot_be_read(&people);
    let sorted = sort(people);
    let acting = if list.is_some() { Acting { yes: false, ..acting } } else { acting };
    let preview = match &list {
        Some(list) => listed::preview(list, &sorted, scope),
        None => preview(&sorted, scope),
    };
    if sorted.within.is_empty() {
        let is_answer = list.is_some() || (sorted.out.is_empty() && unread.is_empty());
        if is_answer {
            return Ok(Decision::Answer(left_out(preview, unread)));
        }
        return Err(Failure::Told(Box::new(left_out(preview, unread))));
    }
    let preview = left_out(preview, unread);
    let singly: u64 = sorted.within.iter().map(|theirs| theirs.sum(by_hand)).sum();
    let preview = if singly > BURST && !is_unlimited { slowly(preview, singly, world) } else { preview };
    let steps = sorted.within.into_iter().map(|theirs| Step::RedactUser {
        user: theirs.person.id,
        rooms: theirs.rooms,
        reason: reason.clone(),
        since: scope.since,
        limit: scope.limit,
    });
    Ok(draft(steps.collect(), reason.clone(), preview, list.map(|_| listed::CAUTION), acting))
}

fn sort(people: Vec<Theirs>) -> Sorted {
    let (idle, busy): (Vec<Theirs>, Vec<Theirs>) =
        people.into_iter().partition(|theirs| theirs.found.is_empty());
    let (out, within) =
        busy.into_iter().partition(|theirs| theirs.sum(Found::events) == theirs.sum(Found::lost));
    Sorted { within, out, idle }
}

/// What would happen to what users who were typed wrote, or why nothing.
fn preview(Sorted { within, out, idle }: &Sorted, scope: Scope) -> Reply {
    let nothing: Vec<Line> = idle.iter().map(|theirs| nothing(theirs, scope)).collect();
    if within.is_empty() && out.is_empty() && idle.iter().all(|theirs| theirs.unread.is_empty()) {
        return Reply::new().list(nothing);
    }
    let reply = within.iter().fold(Reply::new(), |reply, theirs| told(reply, theirs, scope));
    let reply = match (within.is_empty(), nothing.is_empty() && out.is_empty()) {
        (true, _) => reply.paragraph("Nothing was done."),
        (false, true) => return reply,
        (false, false) => reply.paragraph("Left alone:"),
    };
    out.iter().fold(reply.list(nothing), powerless)
}

/// How long it takes to redact so many one by one.
fn slowly(reply: Reply, singly: u64, world: &World<'_>) -> Reply {
    let time = std::time::Duration::from_secs((singly - BURST) * EACH);
    let line = Line::new().text(format!(
        "Synapse lets me redact about one event in {EACH} seconds by myself, unless its configuration says otherwise: {} \
         take about {}. ",
        counted(singly, "event"),
        in_words(time)
    ));
    let command = format!("!ratelimit {} set unlimited", world.lookup.me());
    reply.paragraph(line.code(command).text(" before it makes that quick."))
}

/// Rooms that could not be read, each once, and why.
fn cannot_be_read(people: &[Theirs]) -> Vec<Line> {
    let rooms: BTreeMap<&OwnedRoomId, &Fault> =
        people.iter().flat_map(|theirs| &theirs.unread).map(|(room, fault)| (room, fault)).collect();
    rooms
        .iter()
        .map(|(room, fault)| Line::new().code(room.as_str()).text(" ").append(unread(fault)))
        .collect()
}

/// Rooms in which nothing is done, because nobody knows what is in them.
fn left_out(reply: Reply, unread: Vec<Line>) -> Reply {
    if unread.is_empty() {
        return reply;
    }
    cut_list(reply.paragraph("Left out, because I cannot read them:"), unread, UNREAD, "rooms")
}

/// How many the bot redacts one by one.
fn by_hand(room: &Found) -> u64 {
    if room.lacks.is_some() { 0 } else { room.singly }
}

fn nothing(theirs: &Theirs, scope: Scope) -> Line {
    let line = Line::new().text("There is nothing to redact of ").append(theirs.person.line());
    if theirs.is_unread() {
        return Line::new().text("I can read none of the rooms of ").append(theirs.person.line()).text(".");
    }
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
    let reply = reply.paragraph(along(line, std::slice::from_ref(theirs)));
    if theirs.sum(Found::lost) == 0 { reply } else { powerless(reply, theirs) }
}

/// That joins are redacted too, where that is so.
fn along(line: Line, people: &[Theirs]) -> Line {
    let is_so = |theirs: &Theirs| theirs.found.iter().any(|room| room.is_by_task(theirs.is_local()));
    if people.iter().any(is_so) {
        line.text(" Along with messages the server redacts their joins there: those lose name and picture.")
    } else {
        line
    }
}

/// Where the bot lacks the power, and how it gets it.
fn powerless(reply: Reply, theirs: &Theirs) -> Reply {
    let closed: Vec<&Found> = theirs.found.iter().filter(|room| room.lost() > 0).collect();
    let (lost, rooms) = (theirs.sum(Found::lost), closed.len() as u64);
    let line = Line::new().text(format!("I lack the power for {} of ", counted(lost, "event")));
    let line = line
        .append(theirs.person.line())
        .text(format!(" in {}, and they would stay.", counted(rooms, "room")));
    reply.paragraph(line).list(self::closed(&closed))
}

/// What the bot lacks in the first few rooms.
fn closed(rooms: &[&Found]) -> Vec<Line> {
    let mut lines: Vec<Line> = rooms.iter().take(CLOSED).filter_map(|room| room.lacks.clone()).collect();
    if rooms.len() > CLOSED {
        lines.push(Line::new().text(format!("and {}", counted((rooms.len() - CLOSED) as u64, "more room"))));
    }
    lines
}

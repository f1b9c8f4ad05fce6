//! What became of a user in a room, from the first event that the server has, with the reasons as they were then.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedUserId, RoomId};
use serde_json::{Value, json};

use super::{
    previous::{missing, with_content, with_previous},
    redaction_rules,
};
use crate::{
    commands::{
        Decision, Failure, World,
        events::{attachment, cut_short, unknown_room},
        facts::{FileKind, named, other_rooms},
        history::{AT_ONCE, EMPTY},
        sheet::Sheet,
    },
    model::{Dir, Event, HistoryQuery, Millis},
    plan::{Plan, RoomRef},
    reply::{Line, MOST_BYTES, Reply},
    rules::{
        cause::{cause, in_words},
        event::time,
        explain::{Around, Explanation, explain},
        join_rules::let_in,
        membership::{Transition, transition, with_because},
        names::Names,
        power::{Level, Power},
        room_state::RoomState,
    },
    text::{
        duration::date,
        number::{counted, grouped},
        target::RoomTarget,
    },
};

pub(in crate::commands) struct Facts {
    room: RoomRef,
    version: Option<String>,
    user: OwnedUserId,
    read: Read,
    /// The user's membership as it is now.
    now: Option<Event>,
    names: Names,
    public_rooms: BTreeSet<String>,
    /// The bot's own Plans about the room, newest first.
    plans: Vec<Plan>,
}

/// What the user did to others and to the room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acts {
    Counted,
    Listed,
}

/// What the room's history has of a user.
struct Read {
    /// What the user did or what was done to them, and the settings that the reasons are taken from; oldest first.
    events: Vec<Event>,
    start: Start,
    /// When the oldest event happened that was read, kept or not.
    since: Option<Millis>,
}

/// Where the history begins that was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With the room.
    Room,
    /// Later: what was before is not on this server.
    Later,
    /// Where it became too much.
    TooMuch,
}

/// The types of events that a story is made of.
const TYPES: [&str; 5] = [
    "m.room.create",
    "m.room.member",
    "m.room.power_levels",
    "m.room.join_rules",
    "m.room.history_visibility",
];
/// So many events are asked for one by one, at most, to know what others replaced.
const ASKED: usize = 20;
/// So many pages of the history are read at most: a hundred thousand changes.
const PAGES: usize = 100;
/// So many lines are on a page.
const SHOWN: usize = 40;

pub(super) async fn gather(
    user: OwnedUserId,
    room: &RoomTarget,
    world: &World<'_>,
) -> Result<Facts, Failure> {
    let room = world.resolve(room).await?;
    let details = world.lookup.room(&room).await?.ok_or_else(|| unknown_room(&room))?;
    let mut read = read(&room, user.as_str(), world).await?;
    read.events = fill(world, &room, details.version.as_deref(), read.events).await?;
    let mut members = world.lookup.state(&room, Some("m.room.member")).await?;
    // Before 1.123 Synapse does not know the filter, and gives everything.
    members.retain(|event| event.kind() == "m.room.member");
    let rooms = read.events.iter().rev().filter(|event| event.kind() == "m.room.join_rules").flat_map(let_in);
    let names = Names::of(read.events.iter().chain(&members));
    let (names, public_rooms) = other_rooms(rooms.collect(), names, world).await?;
    let now = members.into_iter().find(|event| event.state_key() == Some(user.as_str()));
    let version = details.version.clone();
    let plans = super::plans(world, &room)?;
    Ok(Facts { room: named(room, Some(&details)), version, user, read, now, names, public_rooms, plans })
}

/// Reads the whole history backwards: only so Synapse gives what it fetched from other servers later, and the newest is
/// there when it becomes too much.
async fn read(room: &RoomId, user: &str, world: &World<'_>) -> Result<Read, Failure> {
    let mut query = HistoryQuery {
        dir: Dir::Backwards,
        limit: u32::try_from(AT_ONCE).unwrap_or(1),
        types: TYPES.map(str::to_owned).to_vec(),
        ..HistoryQuery::default()
    };
    let mut read = Read { events: Vec::new(), start: Start::Later, since: None };
    let (mut pages, mut seen, mut empty, mut bytes) = (0, 0, 0, 0);
    loop {
        let page = world.lookup.history(room, &query).await?;
        pages += 1;
        seen += page.events.len() as u64;
        empty += usize::from(page.events.is_empty());
        if let Some(oldest) = page.events.last() {
            read.since = Some(oldest.time());
            read.start = if is_create(oldest) { Start::Room } else { Start::Later };
        }
        let kept = page.events.into_iter().filter(|event| is_kept(event, user));
        for event in kept {
            bytes += event.0.to_string().len();
            read.events.push(event);
        }
        let next = page.end.filter(|end| query.from.as_ref() != Some(end));
        if next.is_some() && (bytes >= MOST_BYTES || empty > EMPTY || pages >= PAGES) {
            read.start = Start::TooMuch;
            break;
        }
        if next.is_none() {
            break;
        }
        query.from = next;
        (world.tell)(&Reply::text(format!("Read {} of the room so far …", counted(seen, "change"))));
    }
    read.events.reverse();
    Ok(read)
}

fn is_create(event: &Event) -> bool {
    event.kind() == "m.room.create" && event.state_key() == Some("")
}

fn is_kept(event: &Event, user: &str) -> bool {
    match (event.kind(), event.state_key()) {
        (_, None) => false,
        ("m.room.member", Some(key)) => key == user || event.sender() == user,
        (_, Some(_)) => true,
    }
}

/// Says what each event replaced, where the server does not: mostly that is the event before.
async fn fill(
    world: &World<'_>,
    room: &RoomId,
    version: Option<&str>,
    events: Vec<Event>,
) -> Result<Vec<Event>, Failure> {
    let rules = redaction_rules(version);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut filled: Vec<Event> = Vec::with_capacity(events.len());
    let mut asked = 0;
    for event in events {
        let event = match missing(&event) {
            None => event,
            Some(id) => match known.get(id.as_str()).map(|at| filled[*at].content().clone()) {
                Some(content) => with_content(event, content),
                None if asked < ASKED => {
                    asked += 1;
                    with_previous(world, room, &rules, event).await?
                }
                None => event,
            },
        };
        if let Some(id) = event.event_id() {
            known.insert(id.to_string(), filled.len());
        }
        filled.push(event);
    }
    Ok(filled)
}

pub(super) fn decide(
    facts: &Facts,
    acts: Acts,
    page: Option<u32>,
    file: Option<FileKind>,
    world: &World<'_>,
) -> Result<Decision, Failure> {
    let user = facts.user.as_str();
    let told = tell(facts, acts, world);
    let who = facts.names.user(user);
    let is_untold = told.lines.is_empty();
    if is_untold && told.acts.is_empty() && facts.now.is_none() {
        let line = who.text(match facts.read.start {
            Start::Room => " was never in ",
            Start::Later | Start::TooMuch => " does not appear in what the server has of ",
        });
        let reply = Reply::text(line.append(facts.room.line()).text("."));
        return Ok(Decision::Answer(beginning(facts).into_iter().fold(reply, Reply::paragraph)));
    }
    let lines = beginning(facts).into_iter().chain(told.lines).collect();
    let sheet = Sheet::of(lines, world.at, page, SHOWN)?;
    let heading = Line::new().text("The story of ").append(who).text(" in ").append(facts.room.line());
    let mut reply = Reply::new().paragraph(if is_untold {
        heading.text(": the server has no event of it.")
    } else {
        heading.text(format!("{}, oldest first, times in UTC:", sheet.words()))
    });
    if !sheet.lines.is_empty() {
        reply = reply.list(sheet.lines.iter().cloned());
    }
    if let Some(line) = counts(&told.acts, user, &facts.room) {
        reply = reply.paragraph(line);
    }
    reply = reply.fact("Now", present(facts.now.as_ref(), user, told.power, &facts.names));
    // A turned page edits the message; its file would be another one beside it.
    if let Some(kind) = file.filter(|_| world.at.is_none()) {
        let events: Vec<&Event> = facts
            .read
            .events
            .iter()
            .filter(|event| is_about(event, user) || event.sender() == user)
            .collect();
        let (file, rows) = attachment(kind, "story", events.iter().copied());
        reply = cut_short(rows, events.len()).into_iter().fold(reply, Reply::paragraph).attach(file);
    }
    Ok(sheet.decide(reply))
}

/// A story as it is told.
struct Told {
    lines: Vec<Line>,
    /// What the user did to others, and how often, when it is not told.
    acts: BTreeMap<Act, u64>,
    /// How much power the user has in the end, if that is known.
    power: Option<Level>,
}

/// Tells the events in order, each with the room's settings as they were when it happened.
fn tell(facts: &Facts, acts: Acts, world: &World<'_>) -> Told {
    let user = facts.user.as_str();
    let mut told = Told { lines: Vec::new(), acts: BTreeMap::new(), power: None };
    let mut state = RoomState::of([], facts.version.as_deref());
    for event in &facts.read.events {
        let is_own = is_about(event, user)
            || (is_create(event) && event.sender() == user)
            || changes_power_of(user, event, &state);
        let is_act = !is_own && event.sender() == user;
        if is_own || (is_act && acts == Acts::Listed) {
            told.lines.push(line(event, &state, facts, world));
        } else if is_act {
            *told.acts.entry(Act::of(event)).or_default() += 1;
        }
        // Of the members, the reasons are about the user alone.
        if event.kind() != "m.room.member" || is_about(event, user) {
            state.insert(event.clone());
        }
    }
    told.power = knows_power(&state).then(|| state.power().level(user));
    told
}

fn is_about(event: &Event, user: &str) -> bool {
    event.kind() == "m.room.member" && event.state_key() == Some(user)
}

/// Whether an event gives a user another power. What it was before is only known from the event itself, from one before
/// it, or from that by which the room was made.
fn changes_power_of(user: &str, event: &Event, before: &RoomState) -> bool {
    if event.kind() != "m.room.power_levels" || event.state_key() != Some("") {
        return false;
    }
    // The power of everybody is a matter of those who are inside.
    let names_them = |content: &Value| content.pointer("/users").and_then(|users| users.get(user)).is_some();
    let is_named = names_them(event.content()) || event.prev_content().is_some_and(names_them);
    if !is_named && before.membership(user) != "join" {
        return false;
    }
    let create = before.the("m.room.create");
    let power = |levels: &Event| Power::of(create, Some(levels), before.version()).level(user);
    let had = match event.prev_content() {
        Some(content) => Some(power(&Event(json!({"content": content})))),
        None => knows_power(before).then(|| before.power().level(user)),
    };
    had.is_some_and(|had| had != power(event))
}

fn knows_power(state: &RoomState) -> bool {
    state.the("m.room.power_levels").or_else(|| state.the("m.room.create")).is_some()
}

/// When and what, why it could be, and what to look out for.
fn line(event: &Event, state: &RoomState, facts: &Facts, world: &World<'_>) -> Line {
    let around = Around {
        names: Some(&facts.names),
        here: Some(world.lookup.me().server_name()),
        state: Some(state),
        public_rooms: Some(&facts.public_rooms),
    };
    let Explanation { sentence, warnings, .. } = explain(event, &around);
    let sentence = with_because(sentence, &[event], state, &facts.names);
    let line = Line::new().text(format!("{} ", time(event))).append(sentence);
    let line = match cause(event, &facts.plans, world.lookup.me()) {
        Some(plan) => line.text(" – my doing, ").append(in_words(plan)),
        None => line,
    };
    warnings.into_iter().fold(line, |line, warning| line.text(" ⚠️ ").append(warning))
}

/// What the story misses at its beginning.
fn beginning(facts: &Facts) -> Option<Line> {
    let why = match facts.read.start {
        Start::Room => return None,
        Start::Later => {
            "the server does not have the beginning of this room. Its history was purged, or this server came in later."
        }
        Start::TooMuch => "there is more than I can read at once.",
    };
    let what = match facts.read.since {
        Some(time) => format!("What was before {}", date(time)),
        None => "What was".to_owned(),
    };
    Some(Line::from(format!("{what} is not known: {why}")))
}

/// What somebody does to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Invited,
    Kicked,
    Banned,
    Unbanned,
    Other,
    Settings,
}

impl Act {
    fn of(event: &Event) -> Self {
        use Transition as T;

        if event.kind() != "m.room.member" {
            return Self::Settings;
        }
        match transition(event) {
            T::Invited | T::InvitationRepeated | T::KnockAccepted => Self::Invited,
            T::Kicked => Self::Kicked,
            T::Banned | T::InviteeBanned | T::KickedAndBanned | T::KnockerBanned => Self::Banned,
            T::Unbanned => Self::Unbanned,
            _ => Self::Other,
        }
    }

    fn in_words(self, times: u64) -> String {
        let number = grouped(times);
        match self {
            Self::Invited => format!("invited {number}"),
            Self::Kicked => format!("kicked {number}"),
            Self::Banned => format!("banned {number}"),
            Self::Unbanned => format!("unbanned {number}"),
            Self::Other => format!("changed the membership of others {}", counted(times, "time")),
            Self::Settings => {
                format!("changed who has power, can join or can read {}", counted(times, "time"))
            }
        }
    }
}

/// “They also kicked 3 and banned 1: `!explain … --acts` tells when and whom.”
fn counts(acts: &BTreeMap<Act, u64>, user: &str, room: &RoomRef) -> Option<Line> {
    let words: Vec<String> = acts.iter().map(|(act, times)| act.in_words(*times)).collect();
    let (last, first) = words.split_last()?;
    let words = if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) };
    let line = Line::new().text(format!("To others and the room: {words}. "));
    Some(line.code(format!("!explain {user} {} --acts", room.id)).text(" lists it."))
}

/// How things stand for the user.
fn present(now: Option<&Event>, user: &str, power: Option<Level>, names: &Names) -> Line {
    let Some(now) = now else { return Line::from("not in the room") };
    let since = |line: Line| line.text(format!(", since {}", date(now.time())));
    let by = |line: Line| {
        let line = since(line).text(", by ").append(names.user(now.sender()));
        match now.text("reason").filter(|reason| !reason.is_empty()) {
            Some(reason) => line.text(", because ").user(reason),
            None => line,
        }
    };
    match now.text("membership") {
        Some("join") => match power {
            Some(Level::Creator) => Line::from("in the room, as a creator of it, above all power levels"),
            Some(Level::Of(level)) => Line::from(format!("in the room, with power {level}")),
            None => Line::from("in the room"),
        },
        Some("invite") => by(Line::from("invited")),
        Some("knock") => since(Line::from("asks to be let in")),
        Some("ban") => by(Line::from("banned")),
        Some("leave") if now.sender() == user => since(Line::from("not in the room")),
        Some("leave") => by(Line::from("not in the room")),
        Some(other) => Line::from("the unknown membership ").user(other),
        None => Line::from("not known: the room's state does not say"),
    }
}

//! `!state`: the current state of a room, all of it or of one type, in words or raw.

use std::collections::BTreeMap;

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    events::{attachment, cut_short, unknown_room},
    facts::{FileKind, json_file},
    sheet::Sheet,
};
use crate::{
    model::{Event, RoomDetails},
    ports::Fault,
    reply::{Line, Reply, cut_list, room_line},
    rules::{
        event::time,
        names::Names,
        state::{details, rank, set},
    },
    text::{
        nearest::nearest,
        target::{RoomTarget, UserTarget},
    },
};

/// Show the current state of a room: what is set, by whom and since when
///
/// Members are only counted, unless their type (member) is asked for. Works in rooms that I am not in.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!state <room> [type [state key]] [--page <number>] [--raw] [--file[=csv|json]]")]
pub(super) struct State {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Only this type, such as m.room.power_levels; m.room. may be left out
    #[arg(value_name = "type")]
    kind: Option<String>,
    /// Only this state key, such as a user's ID; "" for the empty one
    #[arg(value_name = "state key")]
    key: Option<String>,
    /// Which page of it
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Show the events as they are, in JSON
    #[arg(long)]
    raw: bool,
    /// Attach all of it as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    room: OwnedRoomId,
    details: RoomDetails,
    /// The type that was found, when one was asked for.
    kind: Option<String>,
    events: Vec<Event>,
}

/// How many events are on a page.
const SHOWN: usize = 25;
/// How much JSON is shown rather than attached, in bytes and in characters of a line.
const RAW: usize = 6_000;
const RAW_LINE: usize = 1_000;

impl Command for State {
    const NAME: &'static str = "state";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!state #lounge:example.org power_levels";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        self.check_raw()?;
        let room = world.resolve(&self.room).await?;
        let details = world.lookup.room(&room).await?.ok_or_else(|| unknown_room(&room))?;
        let Some(asked) = &self.kind else {
            let events = world.lookup.state(&room, None).await.map_err(too_much)?;
            return Ok(Facts { room, details, kind: None, events });
        };
        for kind in meant(asked) {
            let mut events = world.lookup.state(&room, Some(&kind)).await?;
            // Before 1.123 Synapse does not know the filter, and gives everything.
            events.retain(|event| event.kind() == kind);
            if !events.is_empty() {
                return Ok(Facts { room, details, kind: Some(kind), events });
            }
        }
        let all = world.lookup.state(&room, None).await.map_err(too_much)?;
        let there = all.iter().map(Event::kind);
        let near = nearest(&short(asked), there.map(short_of))
            .and_then(|near| all.iter().map(Event::kind).find(|kind| short_of(kind) == near));
        let line = Line::new()
            .text("There is no ")
            .user(asked)
            .text(" in the state of ")
            .append(named(&room, &details))
            .text(".");
        Err(Failure::told(match near {
            Some(near) => line.text(" Did you mean ").code(near).text("?"),
            None => line.text(" All that there is: ").code(format!("!state {room}")).text("."),
        }))
    }

    fn decide(self, mut facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let names = Names::of(&facts.events);
        if let Some(key) = &self.key {
            facts.events = with_key(&facts, key)?;
        }
        facts.events.sort_by(|a, b| place(a).cmp(&place(b)));
        if self.raw {
            return Ok(Decision::Answer(raw(&facts, self.file.is_some())?));
        }
        let file = self.file.filter(|_| world.at.is_none());
        let file = file.map(|kind| attachment(kind, "state", &facts.events));
        let reply = match (&facts.events[..], &facts.kind) {
            ([only], Some(_)) => Decision::Answer(one(&facts, only, &names)),
            (events, kind) => {
                let is_shown = |event: &&Event| kind.is_some() || event.kind() != "m.room.member";
                let lines = events.iter().filter(is_shown).map(|event| in_a_line(event, &names)).collect();
                let sheet = Sheet::of(lines, world.at, self.page, SHOWN)?;
                let line = Line::new()
                    .text("The state of ")
                    .append(named(&facts.room, &facts.details))
                    .text(format!(": {}{}, times in UTC:", number(events.len()), sheet.words()));
                let mut reply = Reply::new().paragraph(line).list(sheet.lines.clone());
                if kind.is_none() {
                    reply = members(reply, &facts);
                }
                sheet.decide(reply)
            }
        };
        let Some((file, rows)) = file else { return Ok(reply) };
        let cut = cut_short(rows, facts.events.len());
        let attach = |reply: Reply| cut.into_iter().fold(reply, Reply::paragraph).attach(file);
        Ok(match reply {
            Decision::Answer(reply) => Decision::Answer(attach(reply)),
            Decision::Page(reply, pages) => Decision::Page(attach(reply), pages),
            decision => decision,
        })
    }
}

impl State {
    /// Raw events are JSON, and not cut into pages.
    fn check_raw(&self) -> Result<(), Failure> {
        let line = match (self.raw, self.file, self.page) {
            (true, Some(FileKind::Csv), _) => Line::new()
                .code("--raw")
                .text(" shows events as they are, in JSON, and a table is none. Use ")
                .code("--raw --file=json")
                .text(", or ")
                .code("--file")
                .text(" alone."),
            (true, _, Some(_)) => Line::new()
                .code("--raw")
                .text(" has no pages: what does not fit into a message comes as a file. Leave ")
                .code("--page")
                .text(" or ")
                .code("--raw")
                .text(" out."),
            _ => return Ok(()),
        };
        Err(Failure::told(line))
    }
}

/// The types that a word may mean: itself, or without its prefix.
fn meant(word: &str) -> Vec<String> {
    let word = word.trim();
    let prefixed = [format!("m.room.{word}"), format!("m.{word}")];
    let itself = [word.to_owned()];
    // Most types of others have a dot, the short forms of the spec's have none.
    if word.contains('.') { [&itself[..], &prefixed].concat() } else { [&prefixed[..], &itself].concat() }
}

/// A type without the prefix that may be left out.
fn short_of(kind: &str) -> &str {
    kind.strip_prefix("m.room.").or_else(|| kind.strip_prefix("m.")).unwrap_or(kind)
}

/// As [`short_of`], of what was typed: with the dashes and blanks that are typed for underscores.
fn short(word: &str) -> String {
    short_of(&word.trim().to_lowercase()).replace(['-', ' '], "_")
}

/// The server could not tell all in time.
fn too_much(fault: Fault) -> Failure {
    match fault {
        Fault::Timeout => Failure::told(Line::from(
            "The server did not give the whole state of this room in time. Ask for one type, such as power_levels.",
        )),
        fault => Failure::Fault(fault),
    }
}

fn named(room: &OwnedRoomId, details: &RoomDetails) -> Line {
    room_line(details.name.as_deref(), details.canonical_alias.as_deref(), room.as_str())
}

fn number(events: usize) -> String {
    match events {
        1 => "1 event".to_owned(),
        events => format!("{events} events"),
    }
}

/// Types in the order of their weight, members by what they are.
fn place(event: &Event) -> (usize, &str, usize, &str) {
    let order = ["join", "invite", "knock", "ban"];
    let membership = event.text("membership").filter(|_| event.kind() == "m.room.member");
    let membership = membership.and_then(|word| order.iter().position(|known| *known == word));
    (
        rank(event.kind()),
        event.kind(),
        membership.unwrap_or(order.len()),
        event.state_key().unwrap_or_default(),
    )
}

/// What is set, by whom and when.
fn in_a_line(event: &Event, names: &Names) -> Line {
    set(event, names).text(" – by ").append(names.user(event.sender())).text(format!(", {}", time(event)))
}

/// A single event, in full.
fn one(facts: &Facts, event: &Event, names: &Names) -> Reply {
    const LISTED: usize = 100;
    let line = named(&facts.room, &facts.details).text(", time in UTC:");
    let reply = Reply::new().paragraph(line).list([in_a_line(event, names)]);
    let details = details(event);
    if details.is_empty() {
        return reply;
    }
    cut_list(reply.paragraph("In full:"), details, LISTED, "entries; --raw or --file shows all")
}

/// The event with this state key; an address of a user will do for the user.
fn with_key(facts: &Facts, key: &str) -> Result<Vec<Event>, Failure> {
    let user = key.parse::<UserTarget>().ok().map(|UserTarget(user)| user.to_string());
    let is = |event: &&Event| event.state_key() == Some(key) || event.state_key() == user.as_deref();
    let found: Vec<Event> = facts.events.iter().filter(is).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let kind = facts.kind.as_deref().unwrap_or_default();
    let keys = || facts.events.iter().filter_map(Event::state_key);
    let line = Line::new().text("There is no ").code(kind).text(" with the state key ").user(key);
    let line = line.text(format!(", but {} with others.", number(facts.events.len())));
    Err(Failure::told(
        match nearest(key, keys()).or_else(|| keys().next().filter(|_| facts.events.len() == 1)) {
            Some("") => line.text(" The one that there is has the empty state key: \"\", or leave it out."),
            Some(near) => line.text(" Did you mean ").code(near).text("?"),
            None => line,
        },
    ))
}

/// How many members there are, by what they are.
fn members(reply: Reply, facts: &Facts) -> Reply {
    let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let words = ["join", "invite", "knock", "ban", "leave"];
    for event in facts.events.iter().filter(|event| event.kind() == "m.room.member") {
        let word = event.text("membership").unwrap_or_default();
        let place = words.iter().position(|known| *known == word);
        let word = match place {
            Some(0) => "joined",
            Some(1) => "invited",
            Some(2) => "asking to be let in",
            Some(3) => "banned",
            Some(_) => "gone",
            None => "of an unknown membership",
        };
        *counts.entry((place.unwrap_or(words.len()), word)).or_default() += 1;
    }
    if counts.is_empty() {
        return reply;
    }
    let counts: Vec<String> = counts.iter().map(|((_, word), count)| format!("{count} {word}")).collect();
    let line = Line::new().text(format!("Members: {}. Each: ", counts.join(", ")));
    reply.paragraph(line.code(format!("!state {} member", facts.room)).text("."))
}

/// The events as they are: shown when they fit and no file is asked for, else attached.
fn raw(facts: &Facts, as_file: bool) -> Result<Reply, Failure> {
    let (file, rows) = match &facts.events[..] {
        [only] => (json_file("state.json", only)?, 1),
        all => attachment(FileKind::Json, "state", all),
    };
    let line = Line::new()
        .text("The state of ")
        .append(named(&facts.room, &facts.details))
        .text(format!(", {}, as it is", number(facts.events.len())));
    let text = String::from_utf8_lossy(&file.bytes);
    let fits = !as_file && text.len() <= RAW && text.lines().all(|line| line.chars().count() <= RAW_LINE);
    Ok(if fits {
        Reply::new().paragraph(line.text(":")).preformatted(text.into_owned())
    } else {
        let cut = cut_short(rows, facts.events.len());
        cut.into_iter().fold(Reply::text(line.text(", is in the file.")), Reply::paragraph).attach(file)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_may_be_short() {
        assert_eq!(meant("name"), ["m.room.name", "m.name", "name"]);
        assert_eq!(meant("space.child"), ["space.child", "m.room.space.child", "m.space.child"]);
        assert_eq!(meant("m.room.name")[0], "m.room.name");
        assert_eq!(short("m.room.Power-Levels"), "power_levels");
        assert_eq!(short("m.space.child"), "space.child");
        assert_eq!(short("org.x"), "org.x");
    }
}

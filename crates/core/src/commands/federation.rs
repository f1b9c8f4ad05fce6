//! `!federation`: other servers, how sending to them goes, and trying one again.

use std::time::Duration;

use ruma::{OwnedRoomId, OwnedServerName};

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    paging::{Part, fitting},
    person::ago,
    their_rooms::{TheirRoom, with_details},
};
use crate::{
    model::{Destination, DestinationQuery, Millis, SharedRooms},
    plan::Step,
    ports::Fault,
    reply::{Line, Reply},
    text::{
        duration::{date, in_words},
        number::{counted, grouped},
    },
};

/// Show the servers that cannot be reached, or how it stands with one server; or try to reach one at once
///
/// Of one server the rooms are shown that are shared with it. A part of a name lists the servers whose names contain it. ⬅️ and ➡️ turn the pages. retry has this server try one at once that could not be reached, instead of when it next would.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!federation [server] [--all] [--limit <number>] [--page <number>] | !federation retry <server> [--dry-run] [--yes]"
)]
pub(super) struct Federation {
    /// The server, or a part of its name; or retry and the server
    #[arg(value_name = "server", num_args = 0..=2)]
    words: Vec<String>,
    /// Those that can be reached too
    #[arg(long)]
    all: bool,
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) enum Facts {
    /// One server that is to be tried again, if this one knows it.
    Retry(OwnedServerName, Option<Destination>),
    /// One server, with the rooms of this part that are shared with it.
    One(Destination, Part, Result<(Vec<TheirRoom>, u64), Fault>),
    /// The servers of this part, and how many there are.
    Listed(Part, Vec<Destination>, u64),
    /// Those that cannot be reached, the longest first, and how many servers are known.
    Failing(Part, Vec<Destination>, u64),
}

/// What is typed to have a server tried again.
const RETRY: &str = "retry";
/// So many servers are asked for at once when all of them are read.
const AT_ONCE: u32 = 1_000;

impl Command for Federation {
    const NAME: &'static str = "federation";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Server;
    const EXAMPLE: &'static str = "!federation example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if self.is_to_retry() {
            let name = self.words.get(1).map(|word| word.trim().to_lowercase()).unwrap_or_default();
            let name = OwnedServerName::try_from(name).map_err(|_| self.no_server())?;
            let destination = world.lookup.destination(&name).await?;
            return Ok(Facts::Retry(name, destination));
        }
        if let [_, more, ..] = &self.words[..] {
            return Err(Failure::told(
                Line::new().user(more).text(" is one word too many: name one server, or a part of its name."),
            ));
        }
        let part = Part::of(world, self.page, 0, self.limit);
        let typed = self.server().map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty());
        if let Some(name) = typed.as_deref().and_then(|word| OwnedServerName::try_from(word).ok())
            && let Some(destination) = world.lookup.destination(&name).await?
        {
            let rooms = match world.lookup.shared_rooms(&name, part.from, self.limit).await {
                Ok(SharedRooms { rooms, total, .. }) => {
                    // What is no room ID for us cannot be asked about.
                    let ids = rooms.into_iter().filter_map(|id| OwnedRoomId::try_from(id).ok());
                    let ids = ids.map(|id| (id, String::new())).collect();
                    Ok((with_details(world, ids).await?, total))
                }
                Err(fault) => Err(fault),
            };
            return Ok(Facts::One(destination, part, rooms));
        }
        if self.all || typed.is_some() {
            let query = DestinationQuery { from: part.from, limit: self.limit, search: typed };
            let page = world.lookup.destinations(&query).await?;
            return Ok(Facts::Listed(part, page.destinations, page.total));
        }
        let (failing, known) = failing(world).await?;
        Ok(Facts::Failing(part, failing, known))
    }

    fn can_be_overtaken(&self) -> bool {
        !self.is_to_retry()
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::Retry(name, destination) => self.retry(name, destination, world),
            Facts::One(destination, part, rooms) => one(&destination, part, rooms, world),
            Facts::Listed(_, _, 0) => Ok(Decision::Answer(Reply::text(self.unknown()))),
            Facts::Listed(part, _, total) if part.is_beyond(total) => Err(part.beyond(total, "such servers")),
            Facts::Listed(part, listed, total) => {
                let lines = fitting(listed.iter().map(|destination| line(destination, world)).collect());
                let pages = part.pages(lines.len(), total);
                let words = part.in_words(lines.len(), total, ("server", "servers"));
                Ok(Decision::Page(Reply::text(format!("{words}:")).list(lines), pages))
            }
            Facts::Failing(_, failing, known) if failing.is_empty() => {
                let known = counted(known, "other server");
                let line = Line::new()
                    .text(format!("None of the {known} that this one knows fails to be reached. "));
                Ok(Decision::Answer(Reply::text(line.code("!federation --all").text(" lists them."))))
            }
            Facts::Failing(part, failing, known) => {
                let total = failing.len() as u64;
                if part.is_beyond(total) {
                    return Err(part.beyond(total, "such servers"));
                }
                let shown = part.cut(failing);
                let lines = fitting(shown.iter().map(|destination| line(destination, world)).collect());
                let pages = part.pages(lines.len(), total);
                let words = part.in_words(lines.len(), total, ("server", "servers"));
                let heading = format!(
                    "{words} that cannot be reached, the longest first; {} are known:",
                    grouped(known)
                );
                Ok(Decision::Page(Reply::text(heading).list(lines), pages))
            }
        }
    }
}

impl Federation {
    fn is_to_retry(&self) -> bool {
        self.words.first().is_some_and(|word| word.eq_ignore_ascii_case(RETRY))
    }

    /// The server that is looked at, or a part of its name.
    fn server(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    fn no_server(&self) -> Failure {
        let line = match self.words.get(1) {
            None => Line::from("Which server? "),
            Some(word) => Line::new().user(word).text(" is no name of a server. "),
        };
        Failure::told(line.text("Name it: ").code("!federation retry example.org").text("."))
    }

    fn retry(
        &self,
        server: OwnedServerName,
        destination: Option<Destination>,
        world: &World<'_>,
    ) -> Result<Decision, Failure> {
        let Some(destination) = destination else {
            return Err(Failure::told(
                Line::new()
                    .text("This server never had to do with ")
                    .code(server.as_str())
                    .text(", so there is nothing to try again. Check the spelling: ")
                    .code("!federation --all")
                    .text(" lists the servers that it knows."),
            ));
        };
        let now = line(&destination, world);
        if destination.failing_since.is_none() {
            return Ok(Decision::Answer(Reply::text(now.text(". There is nothing to try again."))));
        }
        let words = match next_try(&destination) {
            Some(next) if next > world.now => {
                format!("It would be tried at once, instead of from {} on.", date(next))
            }
            _ => "It would be tried at once.".to_owned(),
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::RetryServer { server }],
            because: None,
            preview: Reply::text(now.text(".")).paragraph(words),
            undoes: None,
            case: None,
            lasts: None,
            caution: None,
            acting: self.acting,
        })))
    }

    fn unknown(&self) -> Line {
        match self.server() {
            None => Line::from("This server has had to do with no other one."),
            Some(server) => Line::new()
                .text("This server never had to do with a server whose name is or contains ")
                .user(server)
                .text("."),
        }
    }
}

/// Where databases put those that do not fail differs, so that all are read and sorted here.
async fn failing(world: &World<'_>) -> Result<(Vec<Destination>, u64), Failure> {
    let mut query = DestinationQuery { limit: AT_ONCE, ..DestinationQuery::default() };
    let mut failing = Vec::new();
    let known = loop {
        let page = world.lookup.destinations(&query).await?;
        let next = page.next.filter(|next| *next > query.from && !page.destinations.is_empty());
        failing.extend(page.destinations.into_iter().filter(|known| known.failing_since.is_some()));
        let Some(next) = next else { break page.total };
        query.from = next;
        let (read, total) = (grouped(next), grouped(page.total));
        (world.tell)(&Reply::text(format!("Reading: {read} of {total} servers …")));
    };
    failing.sort_by_key(|destination| destination.failing_since);
    failing.dedup_by(|a, b| a.name == b.name);
    Ok((failing, known))
}

fn line(destination: &Destination, world: &World<'_>) -> Line {
    let line = Line::new().code(&destination.name).text(": ");
    match destination.failing_since {
        Some(since) => line.text(format!("cannot be reached since {}", ago(since, world.now))),
        None if destination.was_reached => line.text("can be reached"),
        None => line.text("nothing was ever sent to it"),
    }
}

fn one(
    destination: &Destination,
    part: Part,
    rooms: Result<(Vec<TheirRoom>, u64), Fault>,
    world: &World<'_>,
) -> Result<Decision, Failure> {
    let mut reply = Reply::text(line(destination, world).text("."));
    if destination.failing_since.is_some() {
        if let Some(last) = destination.last_try_at {
            reply = reply.fact("Last try", ago(last, world.now));
        }
        if let Some(next) = next_try(destination) {
            let words = match u64::try_from(next - world.now) {
                Ok(wait) if wait > 0 => {
                    format!("{} (in {})", date(next), in_words(Duration::from_millis(wait)))
                }
                _ => "due, when there is something to send".to_owned(),
            };
            reply = reply.fact("Next try", words);
        }
    }
    let (rooms, total) = match rooms {
        Ok(rooms) => rooms,
        Err(fault) => {
            return Ok(Decision::Answer(reply.fact("Rooms shared", super::facts::unread(&fault))));
        }
    };
    if total == 0 {
        return Ok(Decision::Answer(reply.fact("Rooms shared", "none")));
    }
    if part.is_beyond(total) {
        return Err(part.beyond(total, "such rooms"));
    }
    let lines = fitting(rooms.iter().map(TheirRoom::line).collect());
    let pages = part.pages(lines.len(), total);
    let words = part.in_words(lines.len(), total, ("room", "rooms"));
    Ok(Decision::Page(reply.paragraph(format!("{words} shared with it:")).list(lines), pages))
}

fn next_try(destination: &Destination) -> Option<Millis> {
    let wait = Millis::try_from(destination.retry_interval).ok().filter(|wait| *wait > 0)?;
    destination.last_try_at?.checked_add(wait)
}

//! `!media`: one file, the files of an event, of a user or of a room, and who uploaded most.

mod list;
mod one;
mod top;

use std::time::Duration;

use ruma::OwnedUserId;

use super::{
    Access, Command, Decision, Failure, Subject, World, events,
    facts::{FileKind, known_room},
    paging::Part,
    person::{account_line, local},
};
use crate::{
    model::{ListedMedia, MediaUsePage, Mxc},
    reply::{Line, Table},
    rules::media::files_of,
    text::{
        duration::parse_duration,
        target::{RoomTarget, UserTarget},
    },
};

/// Show a file, the files of an event, of a user or of a room, or who uploaded most
///
/// Type, size, name, age, who uploaded it and whether it is in quarantine; never the file itself. Of a redacted message too, as long as the server keeps what it was. Files in encrypted messages cannot be told from the server.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!media <mxc or event link> | !media user <@user> | !media room <room> | !media top [--by <size|files>] [--since <7d>] [--limit <number>] [--page <number>] [--file[=csv|json]]"
)]
pub(super) struct Media {
    /// An mxc:// URI, a link to an event or its ID; or user, room or top
    #[arg(value_name = "what", required = true, num_args = 1..=2)]
    words: Vec<String>,
    /// For top: by the size of all files together, or by how many there are
    #[arg(long, value_name = "size|files", value_enum, default_value_t, hide_default_value = true)]
    by: top::By,
    /// For top: only files that came in this time, such as 7d
    #[arg(long, value_name = "duration", value_parser = parse_duration)]
    since: Option<Duration>,
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) enum Facts {
    /// One file.
    One(ListedMedia),
    /// The files of something.
    Listed(Listed),
    /// Who uploaded most.
    Top(Part, MediaUsePage, Option<Table>),
}

pub(super) struct Listed {
    /// What they are files of, after “of”.
    of: Line,
    part: Part,
    total: u64,
    /// Those of this part.
    files: Vec<ListedMedia>,
    /// What else there is to say.
    notes: Vec<Line>,
    table: Option<Table>,
}

impl Command for Media {
    const NAME: &'static str = "media";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Media;
    const EXAMPLE: &'static str = "!media mxc://example.org/abcdef";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let words: Vec<&str> = self.words.iter().map(|word| word.trim()).collect();
        match words[..] {
            ["top"] => top::gather(self, world).await,
            ["user", user] => self.of_user(user, world).await,
            ["room", room] => self.of_room(room, world).await,
            [one] if one.starts_with("mxc:") => {
                let mxc: Mxc = one.trim_end_matches(['.', ',', ';', ')', '>']).parse().map_err(told)?;
                let details = world.lookup.media(&mxc).await?;
                Ok(Facts::One(ListedMedia { mxc, details }))
            }
            [user] if user.starts_with('@') => self.of_user(user, world).await,
            ["user" | "room"] => {
                Err(told("Give the user or the room: !media user @ana:example.org".to_owned()))
            }
            ["top", _] => Err(told("Nothing follows “top” but options, such as --since 7d.".to_owned())),
            _ => self.of_event(world).await,
        }
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::One(file) => Ok(Decision::Answer(one::picture(&file, world))),
            Facts::Listed(listed) => list::decide(listed, world),
            Facts::Top(part, page, table) => top::decide(&self, part, &page, table),
        }
    }
}

impl Media {
    async fn of_user(&self, user: &str, world: &World<'_>) -> Result<Facts, Failure> {
        let target: UserTarget = user.parse().map_err(|error| told(format!("{error}")))?;
        let (id, account) = local(world, &target, "the list of their files").await?;
        let part = Part::of(world, self.page, 0, self.limit);
        let page = world.lookup.media_of(&id, part.from, self.limit).await?;
        let table = match self.kind(world) {
            Some(kind) => Some(self.all_of_user(&id, kind, world).await?),
            None => None,
        };
        Ok(Facts::Listed(Listed {
            of: account_line(&id, &account),
            part,
            total: page.total,
            files: page.media,
            notes: Vec::new(),
            table,
        }))
    }

    async fn all_of_user(
        &self,
        id: &OwnedUserId,
        kind: FileKind,
        world: &World<'_>,
    ) -> Result<Table, Failure> {
        let mut table = list::table(kind);
        let mut from = 0;
        loop {
            let page = world.lookup.media_of(id, from, list::AT_ONCE).await?;
            let is_full = list::fill(&mut table, &page.media);
            match page.next.filter(|next| *next > from && !page.media.is_empty()) {
                Some(next) if !is_full => from = next,
                _ => return Ok(table),
            }
            list::tell(world, from, page.total);
        }
    }

    async fn of_room(&self, room: &str, world: &World<'_>) -> Result<Facts, Failure> {
        let target: RoomTarget = room.parse().map_err(|error| told(format!("{error}")))?;
        let (room, details) = known_room(world, &target).await?;
        let files = world.lookup.media_in(&room.id).await?;
        let notes = details.encryption.is_some().then(|| {
            Line::from("The room is encrypted: files in encrypted messages are known to its members alone.")
        });
        self.listed(room.line(), files, notes.into_iter().collect(), world).await
    }

    async fn of_event(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let target = events::target(&self.words)?;
        // The original has the files of a redacted event too, as long as the server keeps it.
        let found = match world.lookup.original(&target.event).await {
            Ok(found) => found,
            // Before Synapse 1.140 an event is found in its room only.
            Err(crate::ports::Fault::NotRouted { .. }) => match &target.room {
                Some(room) => {
                    let room = world.resolve(room).await?;
                    world.lookup.context(&room, &target.event, 0).await?.map(|around| around.event)
                }
                None => return Err(events::room_needed("media", &target.event)),
            },
            Err(fault) => return Err(fault.into()),
        };
        let event = found.ok_or_else(|| events::unknown_event(target.event.as_str()))?;
        let files = files_of(&event);
        if files.is_empty() {
            let line = Line::new().text("The event ").code(target.event.as_str());
            return Err(Failure::told(match event.kind() {
                "m.room.encrypted" => line
                    .text(" is encrypted: whether there is a file in it neither the server nor I can tell."),
                _ => line
                    .text(" names no file. If it was redacted, the server may no longer have what it was."),
            }));
        }
        let of = Line::new().text("the event ").code(target.event.as_str());
        self.listed(of, files, Vec::new(), world).await
    }

    /// Files of which only the URIs are known: what the server knows of them is asked for one by one.
    async fn listed(
        &self,
        of: Line,
        files: Vec<Mxc>,
        notes: Vec<Line>,
        world: &World<'_>,
    ) -> Result<Facts, Failure> {
        let part = Part::of(world, self.page, 0, self.limit);
        let total = files.len() as u64;
        let (files, table) = match self.kind(world) {
            None => (list::with_details(world, part.cut(files)).await?, None),
            Some(kind) => {
                let all = list::with_details(world, files).await?;
                let mut table = list::table(kind);
                list::fill(&mut table, &all);
                (part.cut(all), Some(table))
            }
        };
        Ok(Facts::Listed(Listed { of, part, total, files, notes, table }))
    }

    fn kind(&self, world: &World<'_>) -> Option<FileKind> {
        self.file.filter(|_| world.at.is_none())
    }
}

fn told(why: String) -> Failure {
    Failure::told(Line::new().name_long(why))
}

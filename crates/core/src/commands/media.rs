//! `!media`: one file, the files of an event, of a user or of a room, and who uploaded most; protecting and deleting files.

mod change;
mod list;
mod one;
mod sheet;
mod top;

use std::time::Duration;

use ruma::OwnedUserId;

pub(super) use self::list::{AT_ONCE, tell};
use super::{
    Access, Acting, Command, Decision, Failure, Subject, World, events,
    facts::{FileKind, known_room},
    files::{event, file, with_details, without_files},
    paging::Part,
    person::{account_line, local},
};
use crate::{
    model::{ListedMedia, MediaUsePage, Mxc},
    reply::{Line, Table},
    rules::{
        contact_sheet::MOST_CELLS,
        media::{each_once, files_of},
    },
    text::{
        duration::parse_duration,
        target::{RoomTarget, UserTarget},
    },
};

/// Show a file, those of an event, a user or a room, or who uploaded most; protect or delete files
///
/// Type, size, name, age, who uploaded it and whether it is in quarantine; never the file itself. Of a redacted message too, as long as the server keeps what it was. Files in encrypted messages cannot be told from the server. --thumbnails adds one picture of the first of them, so blurred that nothing can be made out but colours.
///
/// protect keeps files of this server out of every quarantine. delete removes files from this server for good: URIs, those that an event shows, or all that a user uploaded. Copies of files of other servers can only be quarantined.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!media <mxc or event> | user <@user> | room <room> [--thumbnails] | top [--by <size|files>] [--since <7d>] [--limit <number>] [--page <number>] [--file[=csv|json]]; !media protect|unprotect <mxc or event>... | delete <mxc, event or @user>... [reason] [--dry-run] [--yes]"
)]
pub(super) struct Media {
    /// An mxc:// URI, a link to an event or its ID; or user, room or top; or protect, unprotect or delete, and which files
    #[arg(value_name = "what", required = true, num_args = 1..)]
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
    /// Attach a picture of the first 24 on the page, strongly blurred
    #[arg(long, conflicts_with = "file")]
    thumbnails: bool,
    /// With protect, unprotect and delete: why, in quotes, where it begins with something that is not meant
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) enum Facts {
    /// One file, and its picture.
    One(ListedMedia, Option<sheet::Picture>),
    /// The files of something.
    Listed(Listed),
    /// Who uploaded most.
    Top(Part, MediaUsePage, Option<Table>),
    /// Files to protect or delete.
    Change(change::Facts),
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
    picture: Option<sheet::Picture>,
}

impl Command for Media {
    const NAME: &'static str = "media";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Media;
    const EXAMPLE: &'static str = "!media mxc://example.org/abcdef";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if let Some(wish) = self.change() {
            if self.thumbnails {
                return Err(told("--thumbnails goes with what is looked at only.".to_owned()));
            }
            let words = self.words.get(1..).unwrap_or_default();
            return Ok(Facts::Change(change::gather(wish, words, self.because.as_ref(), world).await?));
        }
        let words: Vec<&str> = self.words.iter().map(|word| word.trim()).collect();
        match words[..] {
            ["top"] if self.thumbnails => {
                Err(told("--thumbnails goes with a file, an event, a user or a room.".to_owned()))
            }
            ["top"] => top::gather(self, world).await,
            ["user", user] => self.of_user(user, world).await,
            ["room", room] => self.of_room(room, world).await,
            [user] if user.starts_with('@') => self.of_user(user, world).await,
            ["user" | "room"] => {
                Err(told("Give the user or the room: !media user @ana:example.org".to_owned()))
            }
            ["top", ..] => Err(told("Nothing follows “top” but options, such as --since 7d.".to_owned())),
            [one] => match file(one) {
                Some(file) => self.one(file?, world).await,
                None => self.of_event(world).await,
            },
            [_, _] => self.of_event(world).await,
            _ => Err(told("That is too much at once: one file, event, user or room.".to_owned())),
        }
    }

    fn can_be_overtaken(&self) -> bool {
        // What is deleted is confirmed first; to protect is not.
        self.change().is_none()
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::One(file, picture) => {
                Ok(Decision::Answer(sheet::with(one::picture(&file, world), picture)))
            }
            Facts::Listed(listed) => list::decide(listed, world),
            Facts::Top(part, page, table) => top::decide(&self, part, &page, table),
            Facts::Change(facts) => change::decide(facts, self.acting, world),
        }
    }
}

impl Media {
    /// What is to be changed, if anything is.
    fn change(&self) -> Option<change::Wish> {
        match self.words.first().map(|word| word.trim())? {
            "protect" => Some(change::Wish::Protect),
            "unprotect" => Some(change::Wish::Unprotect),
            "delete" => Some(change::Wish::Delete),
            _ => None,
        }
    }

    async fn one(&self, mxc: Mxc, world: &World<'_>) -> Result<Facts, Failure> {
        let details = world.lookup.media(&mxc).await?;
        let file = ListedMedia { mxc, details };
        let picture = self.picture(std::slice::from_ref(&file), 0, world).await;
        Ok(Facts::One(file, picture))
    }

    /// The picture of a page that begins with the file of this number, counted from 0, if it was asked for. A page that is
    /// turned to has none.
    async fn picture(&self, files: &[ListedMedia], from: u64, world: &World<'_>) -> Option<sheet::Picture> {
        if !self.thumbnails || world.at.is_some() || files.is_empty() {
            return None;
        }
        Some(sheet::draw(files, from, world).await)
    }

    /// How many are on a page.
    fn limit(&self) -> u32 {
        if self.thumbnails { self.limit.min(MOST_CELLS) } else { self.limit }
    }

    async fn of_user(&self, user: &str, world: &World<'_>) -> Result<Facts, Failure> {
        let target: UserTarget = user.parse().map_err(|error| told(format!("{error}")))?;
        let (id, account) = local(world, &target, "the list of their files").await?;
        let part = Part::of(world, self.page, 0, self.limit());
        let page = world.lookup.media_of(&id, part.from, self.limit()).await?;
        let table = match self.kind(world) {
            Some(kind) => Some(self.all_of_user(&id, kind, world).await?),
            None => None,
        };
        let picture = self.picture(&page.media, part.from, world).await;
        Ok(Facts::Listed(Listed {
            of: account_line(&id, &account),
            part,
            total: page.total,
            files: page.media,
            notes: Vec::new(),
            table,
            picture,
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
        let files = each_once(world.lookup.media_in(&room.id).await?);
        let notes = details.encryption.is_some().then(|| {
            Line::from("The room is encrypted: files in encrypted messages are known to its members alone.")
        });
        self.listed(room.line(), files, notes.into_iter().collect(), world).await
    }

    async fn of_event(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let target = events::target(&self.words)?;
        let event = event(world, &target, Self::NAME).await?;
        let files = files_of(&event);
        if files.is_empty() {
            return Err(without_files(&event, &target));
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
        let part = Part::of(world, self.page, 0, self.limit());
        let total = files.len() as u64;
        let (files, table) = match self.kind(world) {
            None => (with_details(world, part.cut(files)).await?, None),
            Some(kind) => {
                let all = with_details(world, files).await?;
                let mut table = list::table(kind);
                list::fill(&mut table, &all);
                (part.cut(all), Some(table))
            }
        };
        let picture = self.picture(&files, part.from, world).await;
        Ok(Facts::Listed(Listed { of, part, total, files, notes, table, picture }))
    }

    fn kind(&self, world: &World<'_>) -> Option<FileKind> {
        self.file.filter(|_| world.at.is_none())
    }
}

fn told(why: String) -> Failure {
    Failure::told(Line::new().name_long(why))
}

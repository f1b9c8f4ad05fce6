//! Users of a file in rooms: who of them is left out, and what is said of all of them. A mistake among users who were typed
//! ends the command; of a list it is left out and said.

use super::{
    Acting, Failure, World,
    attached::attached,
    in_rooms::SHOWN,
    whom::{Aim, Person, Who, people, protected},
};
use crate::{
    plan::Step,
    reply::{Line, Reply, cut_list},
    text::number::{counted, grouped},
};

/// So many changes are one job at most.
const MOST_STEPS: usize = 10_000;

/// Whether the users come from a file.
#[derive(clap::Args, Debug)]
pub(super) struct FromFile {
    /// The users are in the file of the message that this replies to; also users of other servers
    #[arg(long)]
    attached: bool,
}

impl FromFile {
    /// Whether they do. What is done to them always asks first.
    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    /// Where they come from, for something that is against them or for them.
    pub(super) fn users(&self, aim: Aim) -> Users {
        if self.attached { Users::Attached(aim) } else { Users::Typed }
    }
}

/// Where the users come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Users {
    /// They are among the words.
    Typed,
    /// They are in a file.
    Attached(Aim),
}

/// What there is to say of a list of users, beside those to whom something can be done.
#[derive(Default)]
pub(super) struct Listed {
    users: usize,
    repeated: usize,
    protected: Vec<Line>,
    nobody: Vec<Line>,
    /// What cannot be done to somebody in a room, because of who they are there.
    pub(super) cannot: Vec<Line>,
}

impl Listed {
    /// The users of the file, and what is left out of them.
    pub(super) async fn read(world: &World<'_>, aim: Aim) -> Result<(Vec<Person>, Self), Failure> {
        let list = attached(world).await?;
        let all = people(world, list.users).await?;
        let mut listed = Self { users: all.len(), repeated: list.repeated, ..Self::default() };
        if aim == Aim::For {
            return Ok((all, listed));
        }
        let known = all.iter().filter(|person| !matches!(person.who, Who::Nobody));
        let protected = protected(world, known.map(|person| person.id.clone()).collect()).await?;
        let mut meant = Vec::new();
        for person in all {
            match (&person.who, protected.get(&person.id)) {
                (_, Some(why)) => listed.protected.push(Line::new().name_long(why)),
                (Who::Nobody, None) => listed.nobody.push(person.line()),
                (Who::Local(_) | Who::Remote, None) => meant.push(person),
            }
        }
        Ok((meant, listed))
    }

    /// Refused if that is too much for one job.
    pub(super) fn fits(people: usize, rooms: usize) -> Result<(), Failure> {
        if people.saturating_mul(rooms) <= MOST_STEPS {
            return Ok(());
        }
        Err(Failure::told(Line::new().text(format!(
            "{} in {} are more than {} changes, which is what I take in one job. Take fewer users or rooms at a time. \
             Nothing was done.",
            counted(people as u64, "user"),
            counted(rooms as u64, "room"),
            grouped(MOST_STEPS as u64)
        ))))
    }

    /// What would be done, with who is left out.
    pub(super) fn preview(&self, steps: &[Step], preview: Reply) -> Reply {
        let groups = [
            ("protected, and left out", &self.protected),
            ("unknown on this server, and left out", &self.nobody),
            ("not possible, and left out", &self.cannot),
        ];
        let groups = groups.into_iter().filter(|(_, lines)| !lines.is_empty());
        let of = counted(self.users as u64, "user");
        let mut words = format!("Of {of} in the file: {} to do.", counted(steps.len() as u64, "change"));
        if self.repeated > 0 {
            let lines = counted(self.repeated as u64, "line");
            words = format!("{words} {lines} named somebody again, who counts once.");
        }
        let mut reply = Reply::text(Line::new().strong(words));
        reply.blocks.extend(preview.blocks);
        groups.fold(reply, |reply, (what, lines)| {
            let heading = format!("{} {what}:", grouped(lines.len() as u64));
            cut_list(reply.paragraph(heading), lines.clone(), SHOWN, "of them")
        })
    }

    /// It always asks first, whatever else was typed.
    pub(super) fn asks(acting: Acting) -> (Option<String>, Acting) {
        let why = "These users come from a file, so I ask first, also with --yes.".to_owned();
        (Some(why), Acting { yes: false, ..acting })
    }
}

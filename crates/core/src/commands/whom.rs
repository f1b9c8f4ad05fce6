//! What commands about people have in common: which of the words are users, for how long, and who those users are.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedUserId;

use super::{Acting, Failure, World, attached::attached, facts::reason, several::read_each};
use crate::{
    guard::protection,
    lasting::Temporary,
    model::{Account, Millis, is_local},
    reply::Line,
    text::target::{UserTarget, looks_like_user},
};

/// Users, and why.
#[derive(clap::Args, Debug)]
pub(super) struct Whom {
    /// The users, followed by the reason, if there is one
    #[arg(value_name = "@user", required_unless_present = "attached", num_args = 1..)]
    words: Vec<String>,
    /// The users are in the file of the message that this replies to: one on each line, or a table with a column user_id
    #[arg(long)]
    attached: bool,
    /// The reason, in quotes, where it begins with a user who is not meant
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    #[command(flatten)]
    pub(super) acting: Acting,
}

/// Those who are meant, and why.
pub(super) struct Meant {
    /// Each once, in the order in which they were named.
    pub(super) people: Vec<Person>,
    /// Why nothing is done against some of them. Only of a list: of users who were typed it is a mistake.
    pub(super) protected: BTreeMap<OwnedUserId, String>,
    pub(super) reason: Option<String>,
    pub(super) source: Source,
    /// What holds for a time of what was done to them, where that was asked.
    pub(super) temporary: Temporary,
}

/// Where users come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// They were typed.
    Typed,
    /// They are in a file, in which so many lines named somebody again.
    Listed { repeated: usize },
}

/// Whether something is against those whom it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// It is.
    Against,
    /// It gives something back.
    For,
}

impl Whom {
    /// Whether the users come from a file. What is done to them always asks first.
    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    /// Who is meant, and who they are.
    pub(super) async fn read(&self, world: &World<'_>, aim: Aim) -> Result<Meant, Failure> {
        if !self.attached {
            let (users, reason) = self.users_and_reason()?;
            let people = people(world, users).await?;
            return Ok(Meant {
                people,
                protected: BTreeMap::new(),
                reason,
                source: Source::Typed,
                temporary: Temporary::default(),
            });
        }
        if let Some(word) = self.words.first().filter(|word| looks_like_user(word)) {
            let line = Line::new().user(word).text(" is a user, and with ").code("--attached");
            return Err(Failure::told(line.text(
                " the users come from the file: give them in one place only. Nothing was done. A reason that begins with \
                 a user goes behind --because, in quotes.",
            )));
        }
        let reason = self.reason_behind(0)?;
        let list = attached(world).await?;
        let people = people(world, list.users).await?;
        let against: Vec<OwnedUserId> = people
            .iter()
            .filter(|person| aim == Aim::Against && matches!(person.who, Who::Local(_)))
            .map(|person| person.id.clone())
            .collect();
        let protected = protected(world, against).await?;
        Ok(Meant {
            people,
            protected,
            reason,
            source: Source::Listed { repeated: list.repeated },
            temporary: Temporary::default(),
        })
    }

    /// The users that lead the words, each once, and the reason that follows them, unless it was given by itself. The
    /// first word has to be a user. A later one that looks like a user is one, or a mistake, never a reason.
    pub(super) fn users_and_reason(&self) -> Result<(Vec<OwnedUserId>, Option<String>), Failure> {
        let count = self.words.iter().skip(1).take_while(|word| looks_like_user(word)).count() + 1;
        let mut users: Vec<OwnedUserId> = Vec::new();
        for word in self.words.iter().take(count) {
            let UserTarget(user) =
                word.parse().map_err(|error| Failure::told(Line::new().name_long(format!("{error}"))))?;
            if !users.contains(&user) {
                users.push(user);
            }
        }
        Ok((users, self.reason_behind(count)?))
    }

    /// The reason behind so many words, unless it was given by itself.
    fn reason_behind(&self, count: usize) -> Result<Option<String>, Failure> {
        match (&self.because, reason(self.words.get(count..).unwrap_or_default())) {
            (None, behind) => Ok(behind),
            (Some(because), None) => Ok(reason(std::slice::from_ref(because))),
            (Some(_), Some(behind)) => Err(Failure::told(
                Line::new()
                    .user(behind)
                    .text(" is no user, and the reason is in ")
                    .code("--because")
                    .text(" already. Give the reason once; in quotes, if it has several words."),
            )),
        }
    }
}

/// A user, as far as this server knows them.
pub(super) struct Person {
    pub(super) id: OwnedUserId,
    pub(super) who: Who,
}

/// What this server knows of a user.
pub(super) enum Who {
    /// Their account is here.
    Local(Account),
    /// They would be of this server, and there is no such account.
    Nobody,
    /// They are of another server.
    Remote,
}

impl Person {
    /// Display name and ID.
    pub(super) fn line(&self) -> Line {
        let name = match &self.who {
            Who::Local(account) => account.display_name.as_deref(),
            Who::Nobody | Who::Remote => None,
        };
        match name {
            Some(name) => Line::new().name(name).text(" (").code(self.id.as_str()).text(")"),
            None => Line::new().code(self.id.as_str()),
        }
    }
}

/// Why nothing is done against some users, of those of whom that is so.
pub(super) async fn protected(
    world: &World<'_>,
    users: Vec<OwnedUserId>,
) -> Result<BTreeMap<OwnedUserId, String>, Failure> {
    let (lookup, settings) = (world.lookup, world.settings);
    let asked = read_each(world, users, "users who may be protected", |id: OwnedUserId| {
        Box::pin(async move { Ok((protection(lookup, settings, &id).await?, id)) })
    })
    .await?;
    Ok(asked.into_iter().filter_map(|(why, id)| why.map(|why| (id, why))).collect())
}

/// Who some users are, in their order.
pub(super) async fn people(world: &World<'_>, users: Vec<OwnedUserId>) -> Result<Vec<Person>, Failure> {
    let lookup = world.lookup;
    read_each(world, users, "users", |id: OwnedUserId| {
        Box::pin(async move {
            let who = if is_local(&id, lookup.me()) {
                lookup.account(&id).await?.map_or(Who::Nobody, Who::Local)
            } else {
                Who::Remote
            };
            Ok(Person { id, who })
        })
    })
    .await
}

/// How long something is to last. It must be a minute at least: less is a mistake.
pub(super) fn lasts(duration: Option<Duration>) -> Result<Option<Millis>, Failure> {
    let Some(duration) = duration else { return Ok(None) };
    if duration < Duration::from_mins(1) {
        return Err(Failure::told(Line::new().text("That would be over at once: give a minute at least.")));
    }
    Ok(Some(Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)))
}

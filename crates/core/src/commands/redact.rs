//! `!redact`: one event, or everything that users wrote.

mod one;
mod people;

use ruma::OwnedRoomId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World, attached::attached, facts::reason,
    several::rooms_and_reason, whom::Source,
};
use crate::{
    model::Scope,
    plan::{RoomRef, Step},
    power::{self, Ground},
    reply::{Line, Reply},
    rules::can::{Action, Answer},
    text::{
        moment::parse_moment,
        number::grouped,
        target::{RoomTarget, UserTarget, looks_like_room, looks_like_user},
    },
};

/// How many users of a file are taken at once.
const MOST_LISTED: usize = 200;

/// Redact one message, or everything that a user wrote
///
/// Give a link to the message, or its room and its ID; or users, whose messages, stickers, reactions and polls are redacted
/// in all rooms that they are or were in, or in the rooms that you name. First I count what there is. What this server's own
/// users wrote the server redacts in their own name, everything else takes my own power in the room. Nothing is redacted
/// twice, also when you send it again. What was redacted cannot be brought back.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!redact <event link> | <room> <event> | <@user>...|--attached [room]... [reason|--because <reason>] [--since <2d|date>] [--limit <number>] [--dry-run] [--yes]"
)]
pub(super) struct Redact {
    /// A link to the message, or its room and its ID; or users, and rooms; followed by the reason, if there is one
    #[arg(value_name = "event or @user", required_unless_present = "attached", num_args = 1..)]
    words: Vec<String>,
    /// The users are in the file of the message that this replies to: one on each line, or a table with a column user_id
    #[arg(long)]
    attached: bool,
    /// The reason, in quotes, where it begins with a room that is not meant
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    /// Only what a user wrote since then: an age like 2d, or a date
    #[arg(long, value_name = "age or date")]
    since: Option<String>,
    /// Only so many of the newest in each room; what is redacted already counts
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) enum Facts {
    One(one::Facts),
    People(people::Facts),
}

/// What the words name.
enum What {
    Event(Vec<String>),
    People { users: Vec<UserTarget>, rooms: Vec<RoomTarget> },
}

impl Command for Redact {
    const NAME: &'static str = "redact";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!redact @spammer:example.org spam --since 2d";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if self.attached {
            return Ok(Facts::People(people::gather(world, self.listed(world).await?).await?));
        }
        let (what, reason) = self.read()?;
        match what {
            What::Event(target) => {
                if self.since.is_some() || self.limit.is_some() {
                    return Err(Failure::told(
                        Line::new()
                            .code("--since")
                            .text(" and ")
                            .code("--limit")
                            .text(" are for everything that a user wrote, and this is one message."),
                    ));
                }
                Ok(Facts::One(one::gather(world, &target, reason).await?))
            }
            What::People { users, rooms } => {
                let scope = Scope { since: self.since(world)?, limit: self.limit };
                let wish = people::Wish { users, source: Source::Typed, rooms, scope, reason };
                Ok(Facts::People(people::gather(world, wish).await?))
            }
        }
    }

    fn can_be_overtaken(&self) -> bool {
        self.attached || !self.acting.yes
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::One(facts) => one::decide(facts, self.acting, world),
            Facts::People(facts) => people::decide(facts, self.acting, world),
        }
    }
}

impl Redact {
    fn since(&self, world: &World<'_>) -> Result<Option<i64>, Failure> {
        let Some(since) = &self.since else { return Ok(None) };
        let told = |why: String| Failure::told(Line::new().name_long(why));
        let since = parse_moment(since, world.now).map_err(|error| told(error.to_string()))?;
        if since > world.now {
            return Err(told("That is in the future: name an age or a date that has passed.".to_owned()));
        }
        Ok(Some(since))
    }

    /// What is to be redacted of the users in a file.
    async fn listed(&self, world: &World<'_>) -> Result<people::Wish, Failure> {
        if let Some(word) = self.words.first().filter(|word| looks_like_user(word)) {
            let line = Line::new().user(word).text(" is a user, and with ").code("--attached");
            return Err(Failure::told(line.text(
                " the users come from the file: give them in one place only. Nothing was done. A reason that begins with \
                 a user goes behind --because, in quotes.",
            )));
        }
        let (rooms, reason) = self.rooms_and_reason(&self.words)?;
        let scope = Scope { since: self.since(world)?, limit: self.limit };
        let list = attached(world).await?;
        if list.users.len() > MOST_LISTED {
            return Err(Failure::told(Line::new().text(format!(
                "There are {} users in that file, and I redact what {MOST_LISTED} wrote at most in one job: it is all read \
                 first. Split it. Nothing was done.",
                grouped(list.users.len() as u64)
            ))));
        }
        let source = Source::Listed { repeated: list.repeated };
        let users = list.users.into_iter().map(UserTarget).collect();
        Ok(people::Wish { users, source, rooms, scope, reason })
    }

    /// What is to be redacted, and why.
    fn read(&self) -> Result<(What, Option<String>), Failure> {
        let told = |why: String| Failure::told(Line::new().name_long(why));
        let is_user = |word: &&String| word.starts_with('@') || word.parse::<UserTarget>().is_ok();
        let users: Vec<&String> = self.words.iter().take_while(is_user).collect();
        let Some((_, rest)) = self.words.split_at_checked(users.len()).filter(|_| !users.is_empty()) else {
            let is_room = self.words.first().is_some_and(|word| word.parse::<RoomTarget>().is_ok());
            let count = if is_room { 2 } else { 1 };
            let target: Vec<String> = self.words.iter().take(count).cloned().collect();
            if is_room && target.len() < 2 {
                return Err(told(
                    "A room alone is not enough: its message is missing, $… behind the room, or copy the link of the \
                     message. To redact everything that somebody wrote there, put the user in front of the room."
                        .to_owned(),
                ));
            }
            return Ok((What::Event(target), self.reason(self.words.get(count..).unwrap_or_default())?));
        };
        let users = users.into_iter().map(|word| word.parse().map_err(|error| told(format!("{error}"))));
        let users = users.collect::<Result<_, _>>()?;
        let (rooms, reason) = self.rooms_and_reason(rest)?;
        Ok((What::People { users, rooms }, reason))
    }

    /// The rooms, if there are any, and the reason behind them.
    fn rooms_and_reason(&self, words: &[String]) -> Result<(Vec<RoomTarget>, Option<String>), Failure> {
        if words.first().is_some_and(|word| looks_like_room(word)) {
            rooms_and_reason(words, self.because.as_ref())
        } else {
            Ok((Vec::new(), self.reason(words)?))
        }
    }

    /// The reason behind the target, or the one that is given by itself.
    fn reason(&self, words: &[String]) -> Result<Option<String>, Failure> {
        match (&self.because, reason(words)) {
            (None, behind) => Ok(behind),
            (Some(because), None) => Ok(reason(std::slice::from_ref(because))),
            (Some(_), Some(behind)) => Err(Failure::told(
                Line::new()
                    .text("I read “")
                    .user(behind)
                    .text("” as the reason, and there is one in ")
                    .code("--because")
                    .text(" already. Give the reason once."),
            )),
        }
    }
}

fn draft(
    steps: Vec<Step>,
    because: Option<String>,
    preview: Reply,
    caution: Option<&str>,
    acting: Acting,
) -> Decision {
    let preview = match &because {
        Some(reason) => {
            preview.paragraph(Line::new().text("Everybody there can read the reason: ").user(reason))
        }
        None => preview,
    };
    Decision::Propose(Box::new(Draft {
        steps,
        because,
        preview,
        undoes: None,
        case: None,
        lasts: None,
        caution: caution.map(str::to_owned),
        acting,
    }))
}

/// What keeps the bot from redacting what others wrote in a room, in whole sentences; nothing where it may. `inside`: the
/// rooms that it is in.
async fn lacks(world: &World<'_>, room: &RoomRef, inside: &[OwnedRoomId]) -> Result<Option<Line>, Failure> {
    let (lookup, me) = (world.lookup, world.lookup.me());
    if !inside.contains(&room.id) {
        return Ok(Some(power::outside(me, room)));
    }
    let verdict = Ground::read(lookup, room, []).await?.may(me, &Action::Redact);
    let may = verdict.answer == Answer::Yes;
    Ok((!may).then(|| power::without(me, &verdict, &Action::Redact, room)))
}

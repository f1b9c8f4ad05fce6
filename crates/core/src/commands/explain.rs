//! `!explain`: an event, a user's story in a room, or a room, in words that need no knowledge of Matrix.

mod event;
mod previous;
mod room;
mod story;

use ruma::{
    RoomId, RoomVersionId,
    room_version_rules::{RedactionRules, RoomVersionRules},
};

use super::{Access, Command, Decision, Failure, Subject, World, events, facts::FileKind};
use crate::{
    plan::{Plan, PlanState},
    ports::Which,
    reply::Line,
    text::target::{EventTarget, RoomTarget, UserTarget, looks_like_room},
};

/// Explain an event, what became of a user in a room, or a room
///
/// An event: give a link to it, its room and its ID, or the ID alone. A user and a room: everything that happened to the user there, oldest first. A room: how one gets in, who may do what, what changed last. Works in rooms that I am not in. ⬅️ and ➡️ turn the pages of a story.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!explain <event link> | <room> <event> | <room> | <@user> <room> [--acts] [--page <number>] [--file[=csv|json]]"
)]
pub(super) struct Explain {
    /// A link to an event, or its room and its ID; a user and a room; or a room
    #[arg(value_name = "event, user or room", required = true, num_args = 1..=2)]
    target: Vec<String>,
    /// Of a user: also what they did to others and to the room's settings
    #[arg(long)]
    acts: bool,
    /// Of a user: which page of the story
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Of a user: attach all events of the story as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// What is to be explained.
enum Asked {
    Event(EventTarget),
    Story(UserTarget, RoomTarget),
    Room(RoomTarget),
}

pub(super) enum Facts {
    Event(Box<event::Facts>),
    Story(Box<story::Facts>),
    Room(Box<room::Facts>),
}

impl Command for Explain {
    const NAME: &'static str = "explain";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Events;
    const EXAMPLE: &'static str = "!explain @user:example.org #lounge:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let asked = Asked::read(&self.target)?;
        if !matches!(asked, Asked::Story(..)) {
            self.check_options()?;
        }
        Ok(match asked {
            Asked::Event(target) => Facts::Event(Box::new(event::gather(&target, world).await?)),
            Asked::Story(user, room) => Facts::Story(Box::new(story::gather(user.0, &room, world).await?)),
            Asked::Room(target) => Facts::Room(Box::new(room::gather(&target, world).await?)),
        })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::Event(facts) => Ok(Decision::Answer(event::reply(&facts, world))),
            Facts::Story(facts) => {
                let acts = if self.acts { story::Acts::Listed } else { story::Acts::Counted };
                story::decide(&facts, acts, self.page, self.file, world)
            }
            Facts::Room(facts) => Ok(Decision::Answer(room::reply(&facts, world))),
        }
    }
}

impl Explain {
    /// Only a story is long, and has acts.
    fn check_options(&self) -> Result<(), Failure> {
        let given = [("--acts", self.acts), ("--page", self.page.is_some()), ("--file", self.file.is_some())];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::told(
                Line::new()
                    .code(option)
                    .text(" is for the story of a user in a room: ")
                    .code(format!("!explain <@user> <room> {option}"))
                    .text("."),
            )),
        }
    }
}

impl Asked {
    /// What the words name, told apart by their first characters.
    fn read(words: &[String]) -> Result<Self, Failure> {
        let told = |error: String| Failure::told(Line::new().name_long(error));
        let user = |word: &str| word.parse::<UserTarget>();
        let room = |word: &str| word.parse::<RoomTarget>().map_err(|error| told(error.to_string()));
        match words {
            [word] => match (word.parse::<EventTarget>(), word.parse::<RoomTarget>(), user(word)) {
                (Ok(event), ..) => Ok(Self::Event(event)),
                (_, Ok(room), _) => Ok(Self::Room(room)),
                (.., Ok(UserTarget(user))) => Err(Failure::told(
                    Line::new()
                        .text("What about ")
                        .code(user.as_str())
                        .text("? Say in which room: ")
                        .code(format!("!explain {user} <room>"))
                        .text("."),
                )),
                (Err(error), ..) if word.starts_with('$') => Err(told(error.to_string())),
                (.., Err(error)) if word.starts_with('@') => Err(told(error.to_string())),
                (_, Err(error), _) if looks_like_room(word) => Err(told(error.to_string())),
                _ => Err(Failure::told(
                    Line::new()
                        .user(word)
                        .text(" is neither an event nor a room. Give a link to an event, a user and a room (")
                        .code("@name:example.org #room:example.org")
                        .text("), or a room."),
                )),
            },
            [first, second] => match (user(first), user(second)) {
                (Ok(user), _) => Ok(Self::Story(user, room(second)?)),
                (_, Ok(user)) => Ok(Self::Story(user, room(first)?)),
                (Err(error), _) if first.starts_with('@') => Err(told(error.to_string())),
                (_, Err(error)) if second.starts_with('@') => Err(told(error.to_string())),
                _ => Ok(Self::Event(events::target(words)?)),
            },
            words => Ok(Self::Event(events::target(words)?)),
        }
    }
}

/// What a redaction leaves of events, by the room's version; of a version that is not known, by those of version 6, which
/// leave the least of what people wrote.
fn redaction_rules(version: Option<&str>) -> RedactionRules {
    let version = version.and_then(|version| RoomVersionId::try_from(version).ok());
    version.and_then(|version| version.rules()).unwrap_or(RoomVersionRules::V6).redaction
}

/// The bot's own Plans about a room, newest first.
fn plans(world: &World<'_>, room: &RoomId) -> Result<Vec<Plan>, Failure> {
    let states = vec![PlanState::Running, PlanState::Done];
    Ok(world.records.plans(&Which { states, about: Some(room.to_string()), ..Which::default() })?)
}

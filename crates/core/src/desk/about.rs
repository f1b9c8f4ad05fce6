//! What an event of the management room is about, as far as it names it: what is about something else need not wait for it.

use std::collections::BTreeSet;

use ruma::UserId;

use super::Wish;
use crate::{
    commands::line::{Found, Read, read as read_line},
    incoming::{Incoming, read, replied_to},
    plan::Plan,
    ports::InboxEvent,
    text::target::{EventTarget, RoomTarget, UserTarget},
};

/// What goes by the number of a job or a case, whatever else it names.
const BY_NUMBER: [&str; 2] = ["act", "undo"];

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Something that was asked for before, or nothing at all.
    Earlier,
    /// Something that was asked for before, and is to be done now.
    Confirming,
    /// These rooms and users: their IDs, and aliases.
    Named(BTreeSet<String>),
    /// These rooms, and users that are in an attached file: whoever they are.
    Attached(BTreeSet<String>),
    /// It names nothing, and only looks.
    Looking,
    /// Whatever.
    Anything,
}

impl About {
    /// What an event is about. `is_looking`: it does nothing before it is confirmed.
    pub(super) fn of(event: &InboxEvent, me: &UserId, is_looking: impl Fn(&Found) -> bool) -> Self {
        match read(&event.json, me) {
            Incoming::Reaction { key, .. } => match Wish::of(&key) {
                None => Self::Anything,
                Some(Wish::Yes) => Self::Confirming,
                Some(Wish::No | Wish::Left | Wish::Right) => Self::Earlier,
            },
            Incoming::Undecryptable { .. } | Incoming::Nothing => Self::Earlier,
            Incoming::Text { text, .. } => {
                let Read::Found(found) = read_line(&text, me) else { return Self::Earlier };
                match found.entry.name {
                    "confirm" => return Self::Confirming,
                    "cancel" => return Self::Earlier,
                    _ if is_attached(&found) => return names(&found).map_or(Self::Anything, Self::Attached),
                    name if BY_NUMBER.contains(&name) || replied_to(&event.json).is_some() => {
                        return Self::Anything;
                    }
                    _ => {}
                }
                let Some(names) = names(&found) else { return Self::Anything };
                match names.is_empty() {
                    false => Self::Named(names),
                    true if is_looking(&found) => Self::Looking,
                    true => Self::Anything,
                }
            }
        }
    }

    /// Whether this may be handled before something that arrived earlier.
    pub(super) fn may_overtake(&self, earlier: &Self) -> bool {
        match (earlier, self) {
            (_, Self::Earlier | Self::Confirming) | (Self::Named(_) | Self::Attached(_), Self::Looking) => {
                true
            }
            (Self::Named(earlier), Self::Named(later)) => !have_common(earlier, later),
            (Self::Attached(earlier), Self::Named(later)) => {
                !later.iter().any(|later| later.starts_with('@')) && !have_common(earlier, later)
            }
            (_, Self::Named(_) | Self::Attached(_) | Self::Looking | Self::Anything) => false,
        }
    }

    /// Whether a Plan may be about the same.
    pub(super) fn concerns(&self, plan: &Plan) -> bool {
        match self {
            Self::Earlier => false,
            // An alias may lead to any room.
            Self::Named(names) => names.iter().any(|name| name.starts_with('#') || is_named_in(plan, name)),
            // What is confirmed now is done after what was begun before, whatever their numbers are.
            Self::Confirming | Self::Attached(_) | Self::Looking | Self::Anything => true,
        }
    }

    /// Whether this need not wait to the end for a Plan that takes long: what is asked for the same users or rooms has to
    /// find it done, or would not know what it did for a time; and what is confirmed now is to have the last word.
    pub(super) fn may_go_past(&self, plan: &Plan) -> bool {
        match self {
            Self::Earlier | Self::Looking => true,
            Self::Anything => plan.lasts.is_none(),
            Self::Confirming | Self::Named(_) | Self::Attached(_) => false,
        }
    }
}

/// Whether the users of a command come from a file.
fn is_attached(found: &Found) -> bool {
    found.words.iter().any(|word| !word.quoted && word.text == "--attached")
}

/// The rooms and users that a command names; `None` if it names what is in an unknown room.
fn names(found: &Found) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for word in found.words.iter().map(|word| &*word.text) {
        if let Ok(UserTarget(user)) = word.parse() {
            names.insert(user.to_string());
        } else if let Ok(room) = word.parse() {
            names.insert(name_of(room));
        } else if let Ok(EventTarget { room, .. }) = word.parse() {
            names.insert(name_of(room?));
        }
    }
    Some(names)
}

fn name_of(room: RoomTarget) -> String {
    match room {
        RoomTarget::Id(room) => room.to_string(),
        RoomTarget::Alias(alias) => alias.to_string(),
    }
}

fn have_common(earlier: &BTreeSet<String>, later: &BTreeSet<String>) -> bool {
    later.iter().any(|later| earlier.iter().any(|earlier| may_be_one(earlier, later)))
}

/// An alias and an ID may be those of one room; two aliases are taken for those of two.
fn may_be_one(one: &str, other: &str) -> bool {
    let is_alias_of = |alias: &str, room: &str| alias.starts_with('#') && room.starts_with('!');
    one == other || is_alias_of(one, other) || is_alias_of(other, one)
}

fn is_named_in(plan: &Plan, name: &str) -> bool {
    plan.typed.contains(name)
        || plan.steps.iter().any(|planned| {
            let step = &planned.step;
            step.target().contains(name)
                || step.lane().contains(name)
                || step.subject().is_some_and(|(_, user)| user == name)
        })
}

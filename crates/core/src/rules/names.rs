//! What the users and rooms are called that an explanation mentions.

use std::collections::BTreeMap;

use crate::{
    model::Event,
    reply::{Line, room_line, user_line},
};

/// Display names of users, and names and aliases of rooms. Without an entry the ID alone is shown.
#[derive(Clone, Debug, Default)]
pub struct Names {
    users: BTreeMap<String, String>,
    rooms: BTreeMap<String, (Option<String>, Option<String>)>,
}

impl Names {
    /// The display names that a room's member events give.
    pub fn of<'a>(state: impl IntoIterator<Item = &'a Event>) -> Self {
        Self::default().with_members(state)
    }

    /// Adds the display names that a room's member events give; they count more than those that are there.
    #[must_use]
    pub fn with_members<'a>(mut self, state: impl IntoIterator<Item = &'a Event>) -> Self {
        let members = state.into_iter().filter(|event| event.kind() == "m.room.member");
        self.users.extend(members.filter_map(|event| {
            Some((event.state_key()?.to_owned(), event.text("displayname")?.to_owned()))
        }));
        self
    }

    /// Adds what rooms are called that others know.
    #[must_use]
    pub fn with_rooms_of(mut self, others: &Self) -> Self {
        self.rooms.extend(others.rooms.clone());
        self
    }

    /// Adds what a room is called.
    #[must_use]
    pub fn with_room(mut self, id: &str, name: Option<&str>, alias: Option<&str>) -> Self {
        self.rooms.insert(id.to_owned(), (name.map(str::to_owned), alias.map(str::to_owned)));
        self
    }

    /// Display name and ID of a user.
    pub fn user(&self, id: &str) -> Line {
        user_line(self.users.get(id).map(String::as_str), id)
    }

    /// Name, alias and ID of a room.
    pub fn room(&self, id: &str) -> Line {
        match self.rooms.get(id) {
            Some((name, alias)) => room_line(name.as_deref(), alias.as_deref(), id),
            None => room_line(None, None, id),
        }
    }
}

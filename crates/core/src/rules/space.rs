//! The rooms of a space as a tree, from what the server knows of each of them.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#spaces>

use std::collections::{HashMap, HashSet};

use ruma::RoomId;
use serde_json::Value;

use super::join_rules;
use crate::{
    model::{Event, SpaceRoom},
    reply::{Line, room_line},
};

/// A place in a space. Rooms may have several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'a> {
    /// How far below the space: 1 for what is directly in it.
    pub depth: u32,
    /// The space that it is in.
    pub parent: &'a str,
    /// What the parent says: an `m.space.child` event, whose `state_key` is the room.
    pub child: &'a Event,
    /// The room.
    pub what: What<'a>,
}

/// What is known of a room in a space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What<'a> {
    /// The server is in it.
    Known(&'a SpaceRoom),
    /// It has a place further up already, or contains this one.
    Again(&'a SpaceRoom),
    /// The server is not in it.
    Unknown,
}

/// What is in the space `root`, in its order, at most `max_depth` levels deep. `rooms` are all that the server gave,
/// `root` among them.
pub fn tree<'a>(rooms: &'a [SpaceRoom], root: &RoomId, max_depth: Option<u32>) -> Vec<Entry<'a>> {
    let known: HashMap<&str, &SpaceRoom> = rooms.iter().map(|room| (room.room_id.as_str(), room)).collect();
    let mut seen = HashSet::from([root.as_str()]);
    let mut entries = Vec::new();
    // Spaces can be nested deeper than a call stack is.
    let mut stack = Vec::new();
    let deeper = |stack: &mut Vec<_>, room: Option<&'a SpaceRoom>, depth: u32| {
        if max_depth.is_none_or(|most| depth <= most) {
            stack.extend(
                room.into_iter().flat_map(children).rev().map(|(parent, child)| (depth, parent, child)),
            );
        }
    };
    deeper(&mut stack, known.get(root.as_str()).copied(), 1);
    while let Some((depth, parent, child)) = stack.pop() {
        let id = child.state_key().unwrap_or_default();
        let what = match known.get(id).copied() {
            None => What::Unknown,
            Some(room) if !seen.insert(&room.room_id.as_str()[..]) => What::Again(room),
            Some(room) => {
                deeper(&mut stack, Some(room), depth + 1);
                What::Known(room)
            }
        };
        entries.push(Entry { depth, parent, child, what });
    }
    entries
}

/// The children that a space names. “Absence of the via key means that the room is not a child.”
fn children(room: &SpaceRoom) -> impl DoubleEndedIterator<Item = (&str, &Event)> {
    let is_child = |event: &&Event| event.state_key().is_some() && !via(event).is_empty();
    room.children_state.iter().filter(is_child).map(|child| (room.room_id.as_str(), child))
}

/// The servers that know a child.
pub fn via(child: &Event) -> Vec<&str> {
    let via = child.content().get("via").and_then(Value::as_array);
    via.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a child is recommended to those who come into the space.
pub fn is_suggested(child: &Event) -> bool {
    child.content().get("suggested").and_then(Value::as_bool) == Some(true)
}

impl Entry<'_> {
    /// The room's ID.
    pub fn room_id(&self) -> &str {
        self.child.state_key().unwrap_or_default()
    }

    /// The entry in a line. Clients drop blanks at its beginning, so signs show how deep it is.
    pub fn in_words(&self, max_depth: Option<u32>) -> Line {
        const DEEPEST: u32 = 12;
        let dots = "· ".repeat(self.depth.clamp(1, DEEPEST) as usize - 1);
        let line = Line::new().text(if self.depth > DEEPEST {
            format!("{dots}({} deep) ↳ ", self.depth)
        } else {
            format!("{dots}↳ ")
        });
        let line = match self.what {
            What::Known(room) => self.known(line.append(named(room)).text(" – "), room, max_depth),
            What::Again(room) => line.append(named(room)).text(" – again, see above"),
            What::Unknown => {
                let line = line.code(self.room_id()).text(" – not known to this server; ask ");
                servers(line, &via(self.child))
            }
        };
        if is_suggested(self.child) { line.text(", suggested") } else { line }
    }

    fn known(&self, line: Line, room: &SpaceRoom, max_depth: Option<u32>) -> Line {
        let line = match room.num_joined_members {
            1 => line.text("1 member, "),
            n => line.text(format!("{n} members, ")),
        };
        let line = line.append(join_rules::in_short(room.join_rule.as_deref()));
        let inside = children(room).count();
        match room.room_type.as_deref() {
            None => line,
            Some("m.space") if inside == 0 => line.text(", an empty space"),
            Some("m.space") if max_depth.is_some_and(|most| self.depth >= most) => {
                line.text(format!(", a space with {inside} inside"))
            }
            Some("m.space") => line.text(", a space:"),
            Some(other) => line.text(", of the type ").code(other),
        }
    }
}

fn named(room: &SpaceRoom) -> Line {
    room_line(room.name.as_deref(), room.canonical_alias.as_deref(), room.room_id.as_str())
}

fn servers(line: Line, via: &[&str]) -> Line {
    const NAMED: usize = 3;
    let line = via.iter().take(NAMED).enumerate().fold(line, |line, (n, server)| {
        let line = if n > 0 { line.text(", ") } else { line };
        line.code(*server)
    });
    match via.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" or {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use ruma::{OwnedRoomId, room_id};
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    fn child(id: &str, content: &Value) -> Event {
        Event(json!({"type": "m.space.child", "state_key": id, "content": content}))
    }

    fn room(id: &str, children: &[&str]) -> SpaceRoom {
        SpaceRoom {
            room_id: OwnedRoomId::try_from(id).unwrap(),
            name: None,
            topic: None,
            canonical_alias: None,
            room_type: (!children.is_empty()).then(|| "m.space".to_owned()),
            join_rule: Some("public".into()),
            num_joined_members: 2,
            world_readable: false,
            guest_can_join: false,
            children_state: children.iter().map(|id| child(id, &json!({"via": ["hs"]}))).collect(),
        }
    }

    #[track_caller]
    fn check(rooms: &[SpaceRoom], max_depth: Option<u32>, want: &[&str]) {
        let said: Vec<String> = tree(rooms, room_id!("!s:hs"), max_depth)
            .iter()
            .map(|entry| Reply::text(entry.in_words(max_depth)).render().text)
            .collect();
        assert_eq!(said, want);
    }

    #[test]
    fn a_tree_with_loops_and_strangers() {
        let mut rooms = [
            room("!s:hs", &["!a:hs", "!t:hs", "!far:x"]),
            room("!a:hs", &[]),
            room("!t:hs", &["!u:hs", "!a:hs"]),
            room("!u:hs", &["!s:hs", "!t:hs", "!u:hs"]),
        ];
        check(
            &rooms,
            None,
            &[
                "↳ `!a:hs` – 2 members, anyone can join",
                "↳ `!t:hs` – 2 members, anyone can join, a space:",
                "· ↳ `!u:hs` – 2 members, anyone can join, a space:",
                "· · ↳ `!s:hs` – again, see above",
                "· · ↳ `!t:hs` – again, see above",
                "· · ↳ `!u:hs` – again, see above",
                "· ↳ `!a:hs` – again, see above",
                "↳ `!far:x` – not known to this server; ask `hs`",
            ],
        );
        check(
            &rooms,
            Some(1),
            &[
                "↳ `!a:hs` – 2 members, anyone can join",
                "↳ `!t:hs` – 2 members, anyone can join, a space with 2 inside",
                "↳ `!far:x` – not known to this server; ask `hs`",
            ],
        );
        rooms[0].children_state = vec![
            child("!gone:hs", &json!({})),
            child("!gone:hs", &json!({"via": []})),
            child("!gone:hs", &json!({"via": "hs"})),
            child("!a:hs", &json!({"via": ["hs", 7], "suggested": true})),
            child("no room", &json!({"via": ["a", "b", "c", "d", "e"], "suggested": "yes"})),
        ];
        check(
            &rooms,
            None,
            &[
                "↳ `!a:hs` – 2 members, anyone can join, suggested",
                "↳ `no room` – not known to this server; ask `a`, `b`, `c` or 2 more",
            ],
        );
        check(&rooms[1..], None, &[]);
    }

    #[test]
    fn a_very_deep_space_ends_well() {
        let mut rooms: Vec<SpaceRoom> =
            (0..20_000).map(|n| room(&format!("!{n}:hs"), &[&format!("!{}:hs", n + 1)])).collect();
        rooms.push(room("!s:hs", &["!0:hs"]));
        let entries = tree(&rooms, room_id!("!s:hs"), None);
        assert_eq!(entries.len(), 20_001);
        let last = Reply::text(entries[20_000].in_words(None)).render().text;
        assert!(last.contains("(20001 deep) ↳ `!20000:hs` – not known"), "{last}");
    }
}

//! Making rooms on the fake homeserver, and getting into rooms that other servers still have.

use ruma::{OwnedRoomId, OwnedServerName, RoomId};
use serde_json::{Value, json};

use super::{
    FakeHomeserver, FakeRoom,
    effects::{has_power, refused},
    not_found,
};
use crate::{
    model::{NewRoom, RoomDetails, is_local},
    ports::{Asked, EffectsOnRooms, Fault},
    rules::power::creators_stand_above,
};

/// What the server says where a room is blocked.
pub(super) fn blocked() -> Fault {
    refused(403, "This room has been blocked on this server")
}

impl FakeHomeserver {
    /// A room that other servers have, and this one has not.
    pub fn put_elsewhere(&self, id: &RoomId, room: FakeRoom) {
        self.inner().elsewhere.insert(id.to_owned(), room);
    }

    /// Other servers change a room that this one does not have any more.
    pub fn change_elsewhere(&self, id: &RoomId, change: impl FnOnce(&mut FakeRoom)) {
        change(self.inner().elsewhere.get_mut(id).expect("others have the room"));
    }

    /// The rooms that the bot has made, oldest first.
    pub fn made(&self) -> Vec<OwnedRoomId> {
        self.inner().made.clone()
    }

    /// A room that the bot makes has its power levels only after so many looks.
    pub fn is_slow_to_make(&self, looks: u32) {
        self.inner().unfinished = looks;
    }
}

impl EffectsOnRooms for FakeHomeserver {
    fn create_room<'a>(&'a self, room: &'a NewRoom) -> Asked<'a, OwnedRoomId> {
        self.call("create_room", move |inner| {
            let users = &room.content("m.room.power_levels")["users"];
            let is_named = users.get(self.me.as_str()).is_some();
            if creators_stand_above(Some(&room.room_version)) {
                let more = room.creation_content["additional_creators"].as_array();
                let is_creator = |user: &Value| user.as_str().is_some_and(|user| users.get(user).is_some());
                if is_named || more.into_iter().flatten().any(is_creator) {
                    return Err(refused(400, "Creator user must not appear in content.users"));
                }
            } else if !is_named {
                return Err(refused(403, "You don't have permission to post that to the room."));
            }
            let text = |kind: &str, key: &str| room.content(kind)[key].as_str().map(str::to_owned);
            let details = RoomDetails {
                name: text("m.room.name", "name"),
                topic: text("m.room.topic", "topic"),
                join_rules: text("m.room.join_rules", "join_rule"),
                version: Some(room.room_version.clone()),
                creator: Some(self.me.to_string()),
                ..RoomDetails::default()
            };
            let mut content = room.creation_content.clone();
            content["room_version"] = json!(room.room_version);
            let mut state = vec![json!({"type": "m.room.create", "state_key": "", "sender": self.me,
                "content": content})];
            state.extend(room.initial_state.iter().map(|event| {
                let mut event = event.0.clone();
                event["sender"] = json!(self.me);
                event
            }));
            let id = OwnedRoomId::try_from(format!("!made{}:hs.test", inner.made.len() + 1));
            let id = id.map_err(|_| not_found())?;
            inner.writes.push(format!("create {id}"));
            inner.made.push(id.clone());
            let members = vec![self.me.clone()];
            inner.rooms.insert(id.clone(), FakeRoom { details, members, state, ..FakeRoom::default() });
            Ok(id)
        })
    }

    fn join_through<'a>(&'a self, room: &'a RoomId, servers: &'a [OwnedServerName]) -> Asked<'a, ()> {
        self.call("join_through", move |inner| {
            if inner.blocked.contains_key(room) {
                return Err(blocked());
            }
            let is_here = inner
                .rooms
                .get(room)
                .is_some_and(|room| room.members.iter().any(|member| is_local(member, &self.me)));
            let found = if is_here { inner.rooms.get(room) } else { inner.elsewhere.get(room) };
            let unknown =
                "Can't join remote room because no servers that are in the room have been provided.";
            let mut found = found.cloned().ok_or_else(|| refused(404, unknown))?;
            let knows =
                |server: &OwnedServerName| found.members.iter().any(|member| member.server_name() == server);
            if !is_here && !servers.iter().any(knows) {
                return Err(refused(404, unknown));
            }
            let is_open =
                found.details.join_rules.as_deref() == Some("public") || found.invites.contains(&self.me);
            if !is_open {
                return Err(refused(403, "You are not invited to this room."));
            }
            inner.writes.push(format!("join {room}"));
            if !found.members.contains(&self.me) {
                found.members.push(self.me.clone());
            }
            inner.rooms.insert(room.to_owned(), found);
            inner.elsewhere.remove(room);
            Ok(())
        })
    }

    fn set_canonical_alias<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()> {
        self.call("set_canonical_alias", move |inner| {
            let me = self.me.clone();
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            has_power(found, &me, "state_default")?;
            if let Some(alias) = content["alias"].as_str()
                && !found.aliases.iter().any(|known| known == alias)
            {
                return Err(refused(400, &format!("Room alias {alias} does not point to the room")));
            }
            found.details.canonical_alias = content["alias"].as_str().map(str::to_owned);
            found.state.retain(|event| event["type"] != "m.room.canonical_alias");
            found.state.push(json!({"type": "m.room.canonical_alias", "state_key": "", "sender": me,
                "content": content}));
            inner.writes.push(format!("canonical {room} {content}"));
            Ok(())
        })
    }
}

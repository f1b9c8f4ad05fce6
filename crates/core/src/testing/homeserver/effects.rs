//! What the fake homeserver does.

use ruma::{RoomAliasId, RoomId, UserId};
use serde_json::{Value, json};

use super::{FakeHomeserver, FakeRoom, Purge, Task, not_found};
use crate::{
    model::{Block, DeleteResult, HistoryPurge, Listing, Shutdown, TaskStatus, is_local},
    ports::{Asked, Effects, Fault},
};

impl Effects for FakeHomeserver {
    fn set_block<'a>(&'a self, room: &'a RoomId, block: Block) -> Asked<'a, ()> {
        self.call("set_block", move |inner| {
            match block {
                _ if inner.deaf => {}
                Block::On => {
                    // The first blocker stays recorded.
                    inner.blocked.entry(room.to_owned()).or_insert_with(|| self.me.clone());
                    inner.writes.push(format!("block {room}"));
                }
                Block::Off => {
                    inner.blocked.remove(room);
                    inner.writes.push(format!("unblock {room}"));
                }
            }
            Ok(())
        })
    }

    fn delete_room<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, String> {
        self.call("delete_room", move |inner| {
            let active = |task: &&Task| task.room == room && task.status == TaskStatus::Active;
            if inner.tasks.iter().any(|task| active(&task)) {
                return Err(Fault::Refused {
                    status: 400,
                    errcode: "M_UNKNOWN".into(),
                    message: format!("Purge already in progress for {room}"),
                });
            }
            if shutdown.block {
                inner.blocked.entry(room.to_owned()).or_insert_with(|| self.me.clone());
            }
            inner.writes.push(format!("delete {room} {}", json!(shutdown)));
            let id = format!("delete{}", inner.tasks.len() + 1);
            let members = inner.rooms.get(room).map(|room| room.members.clone()).unwrap_or_default();
            inner.tasks.push(Task {
                id: id.clone(),
                room: room.to_owned(),
                shutdown: shutdown.clone(),
                status: TaskStatus::Active,
                error: None,
                result: DeleteResult::default(),
                waiting: members.into_iter().filter(|user| is_local(user, &self.me)).collect(),
            });
            Ok(id)
        })
    }

    fn delete_room_v1<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, DeleteResult> {
        self.call("delete_room_v1", move |inner| {
            if shutdown.block {
                inner.blocked.entry(room.to_owned()).or_insert_with(|| self.me.clone());
            }
            inner.writes.push(format!("delete v1 {room} {}", json!(shutdown)));
            let mut result = DeleteResult::default();
            let Some(found) = inner.rooms.get_mut(room) else { return Ok(result) };
            let ours = found.members.extract_if(.., |user| is_local(user, &self.me));
            result.kicked_users = ours.map(|user| user.to_string()).collect();
            result.local_aliases.clone_from(&found.aliases);
            if shutdown.purge || shutdown.force_purge {
                inner.rooms.remove(room);
            }
            Ok(result)
        })
    }

    fn make_room_admin<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, ()> {
        self.call("make_room_admin", move |inner| {
            let Some(found) = inner.rooms.get_mut(room) else {
                return Err(refused(400, "Server not in room"));
            };
            if !found.members.iter().any(|user| is_local(user, &self.me)) {
                return Err(refused(400, "No local admin user in room"));
            }
            inner.writes.push(format!("admin {room} {user}"));
            if inner.deaf {
                return Ok(());
            }
            let levels = |event: &&mut Value| event["type"] == "m.room.power_levels";
            match found.state.iter_mut().find(levels) {
                Some(event) => event["content"]["users"][user.as_str()] = json!(100),
                None => found.state.push(json!({"type": "m.room.power_levels", "state_key": "",
                    "sender": "@user0:hs.test", "content": {"users": {user.as_str(): 100}}})),
            }
            let public = found.details.join_rules.as_deref() == Some("public");
            if !public && !found.members.iter().any(|member| member == user) {
                found.state.push(json!({"type": "m.room.member", "state_key": user,
                    "sender": "@user0:hs.test", "content": {"membership": "invite"}}));
            }
            Ok(())
        })
    }

    fn delete_extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, u64> {
        self.call("delete_extremities", move |inner| {
            let Some(found) = inner.rooms.get_mut(room) else {
                return Err(Fault::Broken { status: 500, message: "Internal server error".into() });
            };
            inner.writes.push(format!("extremities {room}"));
            let deleted = found.extremities.len().saturating_sub(1);
            found.extremities.drain(..deleted);
            Ok(deleted as u64)
        })
    }

    fn purge_history<'a>(&'a self, room: &'a RoomId, purge: &'a HistoryPurge) -> Asked<'a, String> {
        self.call("purge_history", move |inner| {
            if inner.purges.iter().any(|other| other.room == room && other.status == TaskStatus::Active) {
                let message = format!("History purge already in progress for {room}");
                return Err(refused(400, &message));
            }
            inner.writes.push(format!("purge {room} {}", json!(purge)));
            let id = format!("purge{}", inner.purges.len() + 1);
            inner.purges.push(Purge {
                id: id.clone(),
                room: room.to_owned(),
                what: purge.clone(),
                status: TaskStatus::Active,
                error: None,
            });
            Ok(id)
        })
    }

    fn set_listing<'a>(&'a self, room: &'a RoomId, listing: Listing) -> Asked<'a, ()> {
        self.call("set_listing", move |inner| {
            let deaf = inner.deaf;
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            if !deaf {
                found.details.public = Some(listing == Listing::Listed);
                inner.writes.push(format!("listing {room} {}", json!(listing)));
            }
            Ok(())
        })
    }

    fn add_alias<'a>(&'a self, alias: &'a RoomAliasId, room: &'a RoomId) -> Asked<'a, ()> {
        self.call("add_alias", move |inner| {
            let leads = |room: &FakeRoom| room.aliases.iter().any(|known| known == alias.as_str());
            if inner.rooms.values().any(leads) {
                return Err(refused(409, &format!("Room alias {alias} already exists")));
            }
            let deaf = inner.deaf;
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            if !deaf {
                found.aliases.push(alias.to_string());
                inner.writes.push(format!("alias {alias} {room}"));
            }
            Ok(())
        })
    }

    fn join_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        self.call("join_room", move |inner| {
            let (me, deaf) = (self.me.clone(), inner.deaf);
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            let is_open =
                found.details.join_rules.as_deref() == Some("public") || found.invites.contains(&me);
            if !is_open && !found.members.contains(&me) {
                return Err(refused(403, "You are not invited to this room."));
            }
            inner.writes.push(format!("join {room}"));
            if !deaf && !found.members.contains(&me) {
                found.members.push(me);
            }
            Ok(())
        })
    }

    fn leave_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        self.call("leave_room", move |inner| {
            let deaf = inner.deaf;
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            inner.writes.push(format!("leave {room}"));
            if !deaf {
                found.members.retain(|member| *member != self.me);
            }
            Ok(())
        })
    }

    fn remove_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, ()> {
        self.call("remove_alias", move |inner| {
            let leads = |room: &&mut FakeRoom| room.aliases.iter().any(|known| known == alias.as_str());
            let deaf = inner.deaf;
            let found = inner.rooms.values_mut().find(leads).ok_or_else(not_found)?;
            if !deaf {
                found.aliases.retain(|known| known != alias.as_str());
                inner.writes.push(format!("no alias {alias}"));
            }
            Ok(())
        })
    }
}

fn refused(status: u16, message: &str) -> Fault {
    Fault::Refused { status, errcode: "M_UNKNOWN".into(), message: message.to_owned() }
}

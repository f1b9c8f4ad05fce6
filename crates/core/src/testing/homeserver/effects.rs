//! What the fake homeserver does.

use ruma::{EventId, OwnedRoomId, RoomAliasId, RoomId, UserId};
use serde_json::{Value, json};

use super::{FakeHomeserver, FakeRoom, Inner, Purge, Task, not_found};
use crate::{
    model::{
        Block, DeleteResult, HistoryPurge, Listing, MemberChange, Mxc, RedactionTask, Report, ReportKind,
        RoomDetails, Sanction, Shutdown, Switch, TaskStatus, is_local,
    },
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
            inner.leave_to_others(room, shutdown.purge || shutdown.force_purge);
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

    fn redact_event<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()> {
        self.call("redact_event", move |inner| {
            let (me, deaf) = (self.me.clone(), inner.deaf);
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            has_power(found, &me, "redact")?;
            if !found.events.iter().any(|known| known["event_id"] == event.as_str()) {
                return Err(not_found());
            }
            inner.writes.push(format!("redact {room} {event}"));
            // It is known by its transaction ID.
            if !deaf && !inner.redactions.by_bot.iter().any(|known| known == event.as_str()) {
                inner.redactions.by_bot.push(event.to_string());
                inner.redact(room, event.as_str(), &me, reason);
            }
            Ok(())
        })
    }

    fn redact_user<'a>(&'a self, user: &'a UserId, task: &'a RedactionTask) -> Asked<'a, String> {
        self.call("redact_user", move |inner| {
            let mut tasks = inner.redactions.tasks.iter();
            if tasks.any(|other| other.user == user && other.status == TaskStatus::Active) {
                inner.look_at_redactions(&self.me);
                return Err(refused(400, &format!("Redact already in progress for user {user}")));
            }
            let window = match (task.after, task.before) {
                (None, None) => String::new(),
                (after, before) => format!(" {}", json!([after, before])),
            };
            inner.writes.push(format!("redact-user {user} {}{window}", json!(task.rooms)));
            Ok(inner.start_redaction(user, task.clone()))
        })
    }

    fn change_member<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        change: MemberChange,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()> {
        self.call("change_member", move |inner| {
            let (me, deaf) = (self.me.clone(), inner.deaf);
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            has_power(found, &me, change.verb())?;
            inner.writes.push(format!("{} {user} {room}", change.verb()));
            if deaf {
                return Ok(());
            }
            found.members.retain(|member| member != user);
            let membership = match change {
                MemberChange::Kick | MemberChange::Unban => "leave",
                MemberChange::Ban => "ban",
                MemberChange::Invite => "invite",
            };
            found
                .state
                .retain(|event| event["type"] != "m.room.member" || event["state_key"] != user.as_str());
            found.state.push(json!({"type": "m.room.member", "state_key": user, "sender": me,
                "content": {"membership": membership, "reason": reason}}));
            Ok(())
        })
    }

    fn set_sanction<'a>(&'a self, user: &'a UserId, sanction: Sanction, to: Switch) -> Asked<'a, ()> {
        self.call("set_sanction", move |inner| {
            let deaf = inner.deaf;
            let account = inner.accounts.get_mut(user).ok_or_else(not_found)?;
            let word = if to == Switch::On { sanction.verb() } else { sanction.reverse_verb() };
            inner.writes.push(format!("{word} {user}"));
            if !deaf {
                match sanction {
                    Sanction::Suspension => account.suspended = to == Switch::On,
                    Sanction::Lock => account.locked = to == Switch::On,
                    Sanction::ShadowBan => account.shadow_banned = to == Switch::On,
                }
            }
            Ok(())
        })
    }

    fn set_quarantine<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()> {
        self.call("set_quarantine", move |inner| {
            let word = if to == Switch::On { "quarantine" } else { "unquarantine" };
            inner.writes.push(format!("{word} {media}"));
            // Of a file that it does not have Synapse accepts it too.
            inner.shelve(std::slice::from_ref(media), (to == Switch::On).then_some(&*self.me));
            Ok(())
        })
    }

    fn delete_report(&self, kind: ReportKind, id: u64) -> Asked<'_, ()> {
        self.call("delete_report", move |inner| {
            let is_it =
                |(report, _): &(Report, Option<Value>)| report.key.kind == kind && report.key.id == id;
            if !inner.reports.iter().any(is_it) {
                return Err(not_found());
            }
            inner.writes.push(format!("delete {} report {id}", kind.word()));
            if !inner.deaf {
                inner.reports.retain(|filed| !is_it(filed));
            }
            Ok(())
        })
    }

    fn send_notice<'a>(&'a self, user: &'a UserId, text: &'a str, key: &'a str) -> Asked<'a, ()> {
        self.call("send_notice", move |inner| {
            if !inner.notices {
                return Err(refused(400, "Server notices are not enabled on this server"));
            }
            write_once(inner, user.as_str(), text, key);
            Ok(())
        })
    }

    fn open_direct_chat<'a>(&'a self, user: &'a UserId) -> Asked<'a, OwnedRoomId> {
        self.call("open_direct_chat", move |inner| {
            inner.writes.push(format!("direct chat {user}"));
            let name = format!("!direct{}:{}", inner.rooms.len(), user.server_name());
            let id = OwnedRoomId::try_from(name).map_err(|_| not_found())?;
            let members = vec![self.me.clone()];
            let invites = vec![user.to_owned()];
            let details = RoomDetails { creator: Some(self.me.to_string()), ..RoomDetails::default() };
            inner.rooms.insert(id.clone(), FakeRoom { details, members, invites, ..FakeRoom::default() });
            Ok(id)
        })
    }

    fn send_text<'a>(&'a self, room: &'a RoomId, text: &'a str, key: &'a str) -> Asked<'a, ()> {
        self.call("send_text", move |inner| {
            if !inner.rooms.contains_key(room) {
                return Err(not_found());
            }
            write_once(inner, room.as_str(), text, key);
            Ok(())
        })
    }

    fn call_webhook<'a>(&'a self, name: &'a str, body: &'a Value) -> Asked<'a, ()> {
        self.call("call_webhook", move |inner| {
            inner.writes.push(format!("webhook {name} {body}"));
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

/// What is sent again under the same key is there once.
fn write_once(inner: &mut Inner, to: &str, text: &str, key: &str) {
    if !inner.written.iter().any(|(known_to, _, known)| known_to == to && known == key) {
        inner.written.push((to.to_owned(), text.to_owned(), key.to_owned()));
        inner.writes.push(format!("tell {to}"));
    }
}

/// Whether the bot can do something in a room: it is in it, and its state gives it the power.
pub(super) fn has_power(room: &FakeRoom, me: &UserId, what: &str) -> Result<(), Fault> {
    if !room.members.iter().any(|member| member == me) {
        return Err(refused(403, &format!("User {me} not in room")));
    }
    let levels = room.state.iter().find(|event| event["type"] == "m.room.power_levels");
    let level = |pointer: String| levels.and_then(|event| event["content"].pointer(&pointer)?.as_i64());
    let has = own_level(room, me);
    let needs = match what {
        "unban" => level("/ban".into()),
        "power_levels" => {
            level("/events/m.room.power_levels".into()).or_else(|| level("/state_default".into()))
        }
        _ => level(format!("/{what}")),
    };
    let needs = needs.unwrap_or(if what == "invite" { 0 } else { 50 });
    if has >= needs { Ok(()) } else { Err(refused(403, &format!("You don't have permission to {what}"))) }
}

/// The level of a user; that of a creator of a room of version 12 is above all.
pub(super) fn own_level(room: &FakeRoom, user: &UserId) -> i64 {
    let of = |kind: &str| room.state.iter().find(|event| event["type"] == kind);
    if is_creator(room, user) {
        return i64::MAX;
    }
    let level = |pointer: String| of("m.room.power_levels")?["content"].pointer(&pointer)?.as_i64();
    level(format!("/users/{user}")).or_else(|| level("/users_default".into())).unwrap_or(0)
}

/// Whether a user is a creator of a room of version 12.
pub(super) fn is_creator(room: &FakeRoom, user: &UserId) -> bool {
    room.state.iter().any(|event| {
        event["type"] == "m.room.create"
            && event["content"]["room_version"] == "12"
            && event["sender"] == user.as_str()
    })
}

pub(super) fn refused(status: u16, message: &str) -> Fault {
    Fault::Refused { status, errcode: "M_UNKNOWN".into(), message: message.to_owned() }
}

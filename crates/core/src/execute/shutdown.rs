//! Shutting a room down. Asking for it is not idempotent, so what was asked for is found again: a delete task that
//! the room did not have before is ours, whoever crashed between asking and hearing the answer.

use std::{cmp::Reverse, collections::BTreeMap};

use ruma::{OwnedServerName, OwnedUserId, RoomId, ServerName, UserId};
use serde_json::json;

use super::{Advance, Pace, Patience, failed};
use crate::{
    model::{DeleteResult, DeleteTask, Event, RoomSnapshot, Shutdown, TaskStatus, is_local},
    plan::{DeleteApi, Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// From so many state events on, which are members mostly, only those that are worth keeping are read.
const MANY: u64 = 1_000;
/// At most so many reports are kept: one user can make thousands.
const REPORTS: u32 = 500;
/// What a room is made of.
const WORTH_KEEPING: [&str; 14] = [
    "m.room.create",
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.join_rules",
    "m.room.power_levels",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.encryption",
    "m.room.server_acl",
    "m.room.pinned_events",
    "m.room.tombstone",
    "m.space.child",
];

/// What is done to a room that nobody of this server is in.
const PURGE: Shutdown = Shutdown { block: false, purge: true, force_purge: false, notice: None };

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    shutdown: &Shutdown,
    state: Option<&StepState>,
) -> Advance {
    match state {
        Some(StepState::Following { delete_id, members, removed }) => {
            follow(effects, room, delete_id, *members, *removed).await
        }
        Some(StepState::Asking { known, members }) => ask(effects, room, shutdown, known, *members).await,
        _ => match prepare(effects, room, DeleteApi::V2).await {
            Ok((tasks, snapshot)) => Advance::Working {
                state: StepState::Asking { known: tasks, members: snapshot.local_members.len() as u64 },
                keep: Some(json!(snapshot)),
                pace: Pace::Now,
            },
            Err(advance) => advance,
        },
    }
}

/// Purges a room, unless somebody of this server is in it by now. Once that was asked for, who joins no longer keeps the
/// server from it.
pub(super) async fn purge_empty(effects: &dyn Effects, room: &RoomId, state: Option<&StepState>) -> Advance {
    let is_asked_for = match state {
        Some(StepState::Following { .. }) => true,
        Some(StepState::Asking { known, .. }) => match new_task(effects, room, known).await {
            Ok(task) => task.is_some(),
            Err(fault) => return Advance::doubt(fault),
        },
        _ => false,
    };
    if !is_asked_for {
        // Not by the numbers of the details: those are statistics, which come late, or never where they are switched off.
        match effects.members(room).await {
            Ok(members) if members.iter().any(|user| is_local(user, effects.me())) => {
                return failed("Somebody of this server is in it by now; I left it as it is.", None);
            }
            // That the server does not know the room any more is said below.
            Ok(_) | Err(Fault::Refused { status: 404, .. }) => {}
            Err(fault) if state.is_some() => return Advance::doubt(fault),
            Err(fault) => return Advance::fault(fault),
        }
    }
    advance(effects, room, &PURGE, state).await
}

/// What would be needed to put the room right, and which tasks it already has.
pub(super) async fn prepare(
    effects: &dyn Effects,
    room: &RoomId,
    api: DeleteApi,
) -> Result<(Vec<String>, RoomSnapshot), Advance> {
    let found = async {
        let Some(details) = effects.room(room).await? else { return Ok(None) };
        let tasks = match effects.delete_tasks(room).await {
            // A server without version 2 of the API has no tasks either.
            Err(Fault::NotRouted { .. }) if api == DeleteApi::V1 => Vec::new(),
            tasks => tasks?,
        };
        let members = effects.members(room).await?;
        let (state, banned) = state(effects, room, details.joined_members.max(details.state_events)).await?;
        let local = |user: &UserId| is_local(user, effects.me());
        let servers = others(&members, effects.me());
        Ok::<_, Fault>(Some((
            tasks,
            RoomSnapshot {
                details,
                state,
                local_members: members.into_iter().filter(|user| local(user)).collect(),
                local_aliases: effects.local_aliases(room).await?,
                // Not being able to read them keeps no room alive.
                reports: effects.reports(room, REPORTS).await.unwrap_or_default(),
                servers: Some(servers),
                banned,
                block: Some(effects.block_status(room).await?),
            },
        )))
    };
    match found.await {
        Ok(Some((tasks, _))) if tasks.iter().any(|task| task.status == TaskStatus::Active) => {
            Err(failed("Somebody else is shutting this room down at this moment.", None))
        }
        Ok(Some((tasks, snapshot))) => Ok((tasks.into_iter().map(|task| task.id).collect(), snapshot)),
        // Synapse would "complete" this without having done anything.
        Ok(None) => Err(failed(
            "The server does not know this room (any more); there was nothing to shut down.",
            None,
        )),
        Err(fault) => Err(Advance::fault(fault)),
    }
}

/// The other servers with members, those with the most first.
fn others(members: &[OwnedUserId], me: &UserId) -> Vec<OwnedServerName> {
    let mut counts: BTreeMap<&ServerName, u64> = BTreeMap::new();
    for user in members.iter().filter(|user| !is_local(user, me)) {
        *counts.entry(user.server_name()).or_default() += 1;
    }
    let mut servers: Vec<(&ServerName, u64)> = counts.into_iter().collect();
    servers.sort_by_key(|(_, count)| Reverse(*count));
    servers.into_iter().take(RoomSnapshot::SERVERS).map(|(server, _)| server.to_owned()).collect()
}

/// The state without the members, and who is banned, where that was read. The server gives all of it or one type: in a large room, all of it is mostly members
/// and may take longer than a request should.
async fn state(
    effects: &dyn Effects,
    room: &RoomId,
    events: u64,
) -> Result<(Vec<Event>, Option<Vec<OwnedUserId>>), Fault> {
    if events <= MANY {
        let mut state = effects.state(room, None).await?;
        let banned = state
            .iter()
            .filter(|event| event.kind() == "m.room.member" && event.text("membership") == Some("ban"));
        let banned = banned.filter_map(|event| event.state_key()?.try_into().ok()).collect();
        state.retain(|event| event.kind() != "m.room.member");
        return Ok((state, Some(banned)));
    }
    let mut state = Vec::new();
    for kind in WORTH_KEEPING {
        state.extend(effects.state(room, Some(kind)).await?);
    }
    Ok((state, None))
}

async fn ask(
    effects: &dyn Effects,
    room: &RoomId,
    shutdown: &Shutdown,
    known: &[String],
    members: u64,
) -> Advance {
    let following = |delete_id| Advance::Working {
        state: StepState::Following { delete_id, members, removed: 0 },
        keep: None,
        pace: Pace::Now,
    };
    match new_task(effects, room, known).await {
        Ok(Some(delete_id)) => return following(delete_id),
        Ok(None) => {}
        Err(fault) => return Advance::doubt(fault),
    }
    match effects.delete_room(room, shutdown).await {
        Ok(delete_id) => following(delete_id),
        // Whether it was accepted is not known: look for its task again before asking a second time.
        Err(fault) if fault.is_passing() => Advance::Retry { fault, patience: Patience::Limited },
        Err(fault) if fault.may_have_acted() || is_in_progress(&fault) => {
            Advance::Retry { fault, patience: Patience::Brief }
        }
        Err(fault) => failed(fault.to_string(), None),
    }
}

/// The `delete_id` of the newest task that the room did not have before.
async fn new_task(effects: &dyn Effects, room: &RoomId, known: &[String]) -> Result<Option<String>, Fault> {
    let mut tasks = effects.delete_tasks(room).await?.into_iter();
    Ok(tasks.rfind(|task| !known.contains(&task.id)).map(|task| task.id))
}

async fn follow(
    effects: &dyn Effects,
    room: &RoomId,
    delete_id: &str,
    members: u64,
    removed_before: u64,
) -> Advance {
    let task = match effects.delete_task(delete_id).await {
        Ok(task) => task,
        Err(fault) if fault.is_passing() || matches!(fault, Fault::Broken { .. } | Fault::BadAnswer(_)) => {
            return Advance::Retry { fault, patience: Patience::Endless };
        }
        // The server goes on with the shutdown meanwhile; a proxy or a right may well come back.
        Err(fault) => return Advance::Retry { fault, patience: Patience::Limited },
    };
    match task {
        Some(DeleteTask { status: TaskStatus::Complete, result, .. }) => {
            done(effects, room, result.unwrap_or_default()).await
        }
        Some(DeleteTask { status: TaskStatus::Failed, .. }) => {
            let why = match effects.task_error(room, delete_id).await {
                Ok(Some(why)) => format!("The server says: {}.", why.trim_end_matches('.')),
                Ok(None) | Err(_) => "The server does not say why.".to_owned(),
            };
            let but = match effects.block_status(room).await {
                Ok(status) if status.is_blocked() => Some("The room is blocked now all the same."),
                Ok(_) => Some("The room is not blocked."),
                Err(_) => None,
            };
            failed(why, but)
        }
        Some(DeleteTask { status: TaskStatus::Other(word), .. }) => {
            failed(format!("The server says that the task is {word}."), None)
        }
        Some(DeleteTask { status: TaskStatus::Active, result, .. }) => {
            let removed = result.map_or(0, |result| {
                result.kicked_users.len() as u64 + result.failed_to_kick_users.len() as u64
            });
            Advance::Working {
                state: StepState::Following {
                    delete_id: delete_id.to_owned(),
                    members,
                    removed: removed.max(removed_before),
                },
                keep: None,
                pace: Pace::Poll,
            }
        }
        None => failed(
            "The server has forgotten the task.",
            Some("It may have finished: look with !room before you try again."),
        ),
    }
}

/// Nobody else's task was active a moment ago, so this one is ours: it is about to show.
fn is_in_progress(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { status: 400, message, .. } if message.contains("already in progress"))
}

/// The work is done: not being able to look afterwards does not make it fail.
pub(super) async fn done(effects: &dyn Effects, room: &RoomId, result: DeleteResult) -> Advance {
    let blocked = effects.block_status(room).await.ok().map(|status| status.is_blocked());
    let known = effects.room(room).await.ok().map(|details| details.is_some());
    Advance::Ended(Outcome::Done { effect: Effect::ShutDown { result, blocked, known } })
}

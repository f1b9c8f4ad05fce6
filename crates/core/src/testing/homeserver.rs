//! A homeserver that behaves: rooms with members, aliases and messages, blocks, delete tasks that take their time. It
//! refuses what Synapse refuses, and fails where a test tells it to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::pending};
use ruma::{EventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Moment;
use crate::{
    model::{
        Account, Block, BlockStatus, Connection, Context, DeleteResult, DeleteTask, Event, RoomDetails,
        Shutdown, Standing, TaskStatus, is_local,
    },
    ports::{Asked, Effects, Fault, Lookup},
};

/// A room of the fake.
#[derive(Clone, Debug, Default)]
pub struct FakeRoom {
    /// Its details; the member counts are derived from `members`.
    pub details: RoomDetails,
    /// Joined members.
    pub members: Vec<OwnedUserId>,
    /// Aliases that lead to it.
    pub aliases: Vec<String>,
    /// Its timeline, oldest first, as the admin API shows it.
    pub events: Vec<Value>,
    /// Its current state.
    pub state: Vec<Value>,
}

/// Faults to come, by the name of the method that meets them.
#[derive(Debug, Default)]
pub struct Faults(BTreeMap<&'static str, VecDeque<(Fault, Moment)>>);

struct Task {
    id: String,
    room: OwnedRoomId,
    shutdown: Shutdown,
    status: TaskStatus,
    error: Option<String>,
    result: DeleteResult,
    waiting: VecDeque<OwnedUserId>,
}

#[derive(Default)]
struct Inner {
    rooms: BTreeMap<OwnedRoomId, FakeRoom>,
    originals: BTreeMap<String, Value>,
    blocked: BTreeMap<OwnedRoomId, OwnedUserId>,
    accounts: BTreeMap<OwnedUserId, Account>,
    standings: BTreeMap<OwnedUserId, Standing>,
    tasks: Vec<Task>,
    faults: Faults,
    always: BTreeMap<&'static str, Fault>,
    writes: Vec<String>,
    stuck: BTreeSet<OwnedUserId>,
    calls: usize,
    hangs: Option<(usize, Moment)>,
    /// Whether writes are accepted and then not done.
    deaf: bool,
}

/// The fake homeserver `hs.test`; the bot is `@bot:hs.test`.
pub struct FakeHomeserver {
    me: OwnedUserId,
    inner: Mutex<Inner>,
    hung: Notify,
}

impl Default for FakeHomeserver {
    fn default() -> Self {
        let me = ruma::owned_user_id!("@bot:hs.test");
        let mut inner = Inner::default();
        inner.accounts.insert(me.clone(), Account { admin: true, ..Account::default() });
        Self { me, inner: Mutex::new(inner), hung: Notify::new() }
    }
}

impl FakeHomeserver {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds or replaces a room.
    pub fn put_room(&self, id: &RoomId, room: FakeRoom) {
        self.inner().rooms.insert(id.to_owned(), room);
    }

    /// Adds or replaces a local account.
    pub fn put_account(&self, id: &UserId, account: Account) {
        self.inner().accounts.insert(id.to_owned(), account);
    }

    /// Sets what somebody may do in the management room.
    pub fn put_standing(&self, id: &UserId, standing: Standing) {
        self.inner().standings.insert(id.to_owned(), standing);
    }

    /// What `fetch_event` gives for an event: its original, also when it was redacted.
    pub fn put_original(&self, id: &str, event: Value) {
        self.inner().originals.insert(id.to_owned(), event);
    }

    /// A member whom a shutdown cannot remove.
    pub fn put_stuck(&self, id: &UserId) {
        self.inner().stuck.insert(id.to_owned());
    }

    /// The next call of this method fails, without having done anything.
    pub fn fail_once(&self, method: &'static str, fault: Fault) {
        self.inner().faults.0.entry(method).or_default().push_back((fault, Moment::Before));
    }

    /// The next call of this method does its work, and its answer is lost.
    pub fn lose_answer(&self, method: &'static str, fault: Fault) {
        self.inner().faults.0.entry(method).or_default().push_back((fault, Moment::After));
    }

    /// Every call of this method fails.
    pub fn fail_always(&self, method: &'static str, fault: Fault) {
        self.inner().always.insert(method, fault);
    }

    /// No method fails any more that was told to always fail.
    pub fn mend(&self) {
        self.inner().always.clear();
    }

    /// Blocks are accepted with a 200 and not set.
    pub fn ignore_blocks(&self) {
        self.inner().deaf = true;
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.inner().calls
    }

    /// The call of this number (the first is 1) never returns: the process that made it dies waiting.
    pub fn hang_at(&self, call: usize, moment: Moment) {
        self.inner().hangs = Some((call, moment));
    }

    /// Returns when a call hangs.
    pub async fn hung(&self) {
        self.hung.notified().await;
    }

    /// Every active delete task fails with this error.
    pub fn fail_tasks(&self, error: &str) {
        for task in self.inner().tasks.iter_mut().filter(|task| task.status == TaskStatus::Active) {
            task.status = TaskStatus::Failed;
            task.error = Some(error.to_owned());
        }
    }

    /// Everything that was changed, in order: `block !a`, `unblock !a`, `delete !a`.
    pub fn writes(&self) -> Vec<String> {
        self.inner().writes.clone()
    }

    /// The answer to a call, if there ever is one.
    fn answer<T>(
        &self,
        method: &'static str,
        work: impl FnOnce(&mut Inner) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        let mut inner = self.inner();
        inner.calls += 1;
        match inner.hangs.filter(|(call, _)| *call == inner.calls) {
            Some((_, Moment::Before)) => return None,
            // What it would have answered is not heard.
            Some((_, Moment::After)) => {
                drop(work(&mut inner));
                return None;
            }
            None => {}
        }
        if let Some(fault) = inner.always.get(method) {
            return Some(Err(fault.clone()));
        }
        Some(match inner.faults.0.get_mut(method).and_then(VecDeque::pop_front) {
            Some((fault, Moment::Before)) => Err(fault),
            Some((fault, Moment::After)) => work(&mut inner).and(Err(fault)),
            None => work(&mut inner),
        })
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        work: impl FnOnce(&mut Inner) -> Result<T, Fault> + Send + 'a,
    ) -> Asked<'a, T> {
        async move {
            tokio::task::yield_now().await;
            if let Some(answer) = self.answer(method, work) {
                answer
            } else {
                self.hung.notify_one();
                pending().await
            }
        }
        .boxed()
    }
}

fn not_found() -> Fault {
    Fault::Refused { status: 404, errcode: "M_NOT_FOUND".into(), message: "Room not found".into() }
}

impl Inner {
    fn details(&self, me: &UserId, room: &RoomId) -> Option<RoomDetails> {
        let room = self.rooms.get(room)?;
        Some(RoomDetails {
            joined_members: room.members.len() as u64,
            joined_local_members: room.members.iter().filter(|user| is_local(user, me)).count() as u64,
            ..room.details.clone()
        })
    }

    /// One member at a time is removed; then the room is purged.
    fn get_on(&mut self, n: usize) {
        let task = &mut self.tasks[n];
        if task.status != TaskStatus::Active {
            return;
        }
        match task.waiting.pop_front() {
            Some(user) if self.stuck.contains(&user) => {
                task.result.failed_to_kick_users.push(user.to_string());
            }
            Some(user) => {
                task.result.kicked_users.push(user.to_string());
                if let Some(room) = self.rooms.get_mut(&task.room) {
                    room.members.retain(|member| *member != user);
                }
            }
            None if !task.result.failed_to_kick_users.is_empty()
                && task.shutdown.purge
                && !task.shutdown.force_purge =>
            {
                task.status = TaskStatus::Failed;
                task.error = Some("400: Users are still joined to this room".into());
            }
            None => {
                task.status = TaskStatus::Complete;
                if let Some(room) = self.rooms.get(&task.room) {
                    task.result.local_aliases.clone_from(&room.aliases);
                }
                if task.shutdown.purge || task.shutdown.force_purge {
                    self.rooms.remove(&task.room);
                }
            }
        }
    }
}

fn told(task: &Task) -> DeleteTask {
    let result = (task.status != TaskStatus::Failed).then(|| task.result.clone());
    DeleteTask { id: task.id.clone(), status: task.status.clone(), result }
}

impl Lookup for FakeHomeserver {
    fn me(&self) -> &UserId {
        &self.me
    }

    fn resolve_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, Option<OwnedRoomId>> {
        self.call("resolve_alias", move |inner| {
            let leads = |room: &FakeRoom| room.aliases.iter().any(|known| known == alias.as_str());
            Ok(inner.rooms.iter().find(|(_, room)| leads(room)).map(|(id, _)| id.clone()))
        })
    }

    fn room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Option<RoomDetails>> {
        self.call("room", move |inner| Ok(inner.details(&self.me, room)))
    }

    fn members<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<OwnedUserId>> {
        self.call("members", move |inner| {
            inner.rooms.get(room).map(|room| room.members.clone()).ok_or_else(not_found)
        })
    }

    fn state<'a>(&'a self, room: &'a RoomId, kind: Option<&'a str>) -> Asked<'a, Vec<Event>> {
        self.call("state", move |inner| {
            let room = inner.rooms.get(room).ok_or_else(not_found)?;
            let events = room.state.iter().cloned().map(Event);
            Ok(events.filter(|event| kind.is_none_or(|kind| event.kind() == kind)).collect())
        })
    }

    fn local_aliases<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<String>> {
        self.call("local_aliases", move |inner| {
            Ok(inner.rooms.get(room).map(|room| room.aliases.clone()).unwrap_or_default())
        })
    }

    fn block_status<'a>(&'a self, room: &'a RoomId) -> Asked<'a, BlockStatus> {
        self.call("block_status", move |inner| {
            Ok(inner.blocked.get(room).map_or(BlockStatus::Open, |by| BlockStatus::Blocked(Some(by.clone()))))
        })
    }

    fn context<'a>(&'a self, room: &'a RoomId, event: &'a EventId, limit: u32) -> Asked<'a, Option<Context>> {
        self.call("context", move |inner| {
            let Some(room) = inner.rooms.get(room) else { return Ok(None) };
            let events: Vec<Event> = room.events.iter().cloned().map(Event).collect();
            let Some(at) = events.iter().position(|known| known.event_id() == Some(event)) else {
                return Ok(None);
            };
            let half = limit as usize / 2;
            Ok(Some(Context {
                before: events[at.saturating_sub(half)..at].to_vec(),
                event: events[at].clone(),
                after: events.iter().skip(at + 1).take(half).cloned().collect(),
                state: room.state.iter().cloned().map(Event).collect(),
            }))
        })
    }

    fn original<'a>(&'a self, event: &'a EventId) -> Asked<'a, Option<Event>> {
        self.call("original", move |inner| Ok(inner.originals.get(event.as_str()).cloned().map(Event)))
    }

    fn delete_tasks<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<DeleteTask>> {
        self.call("delete_tasks", move |inner| {
            Ok(inner.tasks.iter().filter(|task| task.room == room).map(told).collect())
        })
    }

    fn delete_task<'a>(&'a self, id: &'a str) -> Asked<'a, Option<DeleteTask>> {
        self.call("delete_task", move |inner| {
            let Some(n) = inner.tasks.iter().position(|task| task.id == id) else { return Ok(None) };
            let shown = told(&inner.tasks[n]);
            inner.get_on(n);
            Ok(Some(shown))
        })
    }

    fn task_error<'a>(&'a self, _room: &'a RoomId, id: &'a str) -> Asked<'a, Option<String>> {
        self.call("task_error", move |inner| {
            Ok(inner.tasks.iter().find(|task| task.id == id).and_then(|task| task.error.clone()))
        })
    }

    fn account<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<Account>> {
        self.call("account", move |inner| Ok(inner.accounts.get(user).cloned()))
    }

    fn standing<'a>(&'a self, user: &'a UserId) -> Asked<'a, Standing> {
        self.call("standing", move |inner| {
            Ok(inner.standings.get(user).copied().unwrap_or(Standing::Outside))
        })
    }

    fn server_version(&self) -> Asked<'_, String> {
        self.call("server_version", |_| Ok("1.163.2".to_owned()))
    }

    fn connection(&self) -> Asked<'_, Connection> {
        self.call("connection", |_| {
            Ok(Connection {
                homeserver: "http://127.0.0.1:8008".into(),
                device_id: "FAKE".into(),
                encrypted: false,
                encryption: "verified by its own identity".into(),
                uptime: Duration::from_secs(90),
                unlimited: Some(true),
            })
        })
    }
}

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
}

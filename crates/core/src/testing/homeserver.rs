//! A homeserver that behaves: rooms with members, aliases and messages, blocks, delete tasks that take their time. It
//! refuses what Synapse refuses, and fails where a test tells it to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::pending};
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::Value;
use tokio::sync::Notify;

mod acting;
mod effects;
mod lookup;
mod people;
mod redacting;
mod rooms;

use super::{ManualClock, Moment};
use crate::{
    model::{
        Account, DeleteResult, EventReport, Extremity, HistoryPurge, LocalEvents, MediaDetails, Mxc, Report,
        ReportKey, ReportKind, RoomDetails, ScheduledTask, Shutdown, SpaceRoom, Standing, TaskStatus,
        is_local,
    },
    ports::{Asked, Fault},
};

/// A room of the fake.
#[derive(Clone, Debug, Default)]
pub struct FakeRoom {
    /// Its details; the member counts are derived from `members`.
    pub details: RoomDetails,
    /// Joined members.
    pub members: Vec<OwnedUserId>,
    /// Who is invited.
    pub invites: Vec<OwnedUserId>,
    /// Aliases that lead to it.
    pub aliases: Vec<String>,
    /// Its timeline, oldest first, as the admin API shows it.
    pub events: Vec<Value>,
    /// Its current state.
    pub state: Vec<Value>,
    /// The open ends of its event graph.
    pub extremities: Vec<Extremity>,
    /// Reports of its events.
    pub reports: Vec<EventReport>,
    /// What its hierarchy consists of, itself first; only itself when empty.
    pub hierarchy: Vec<SpaceRoom>,
    /// What reading its history fails with.
    pub unreadable: Option<Fault>,
}

/// How the list of rooms behaves while it is read page by page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoomList {
    /// It stays as it is.
    #[default]
    Still,
    /// After each page a room appears that stands before all others, so that the last one of the page comes again.
    Growing,
    /// Each page leads to itself.
    Stuck,
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

/// A purge of history.
struct Purge {
    id: String,
    room: OwnedRoomId,
    what: HistoryPurge,
    status: TaskStatus,
    error: Option<String>,
}

type Filed = (Report, Option<Value>);
type BetweenPages = Box<dyn FnOnce(&mut Vec<Filed>) + Send>;
type Meanwhile = (&'static str, Box<dyn FnOnce() + Send>);

#[derive(Default)]
struct Inner {
    rooms: BTreeMap<OwnedRoomId, FakeRoom>,
    /// Rooms that were purged here, and that other servers still have.
    elsewhere: BTreeMap<OwnedRoomId, FakeRoom>,
    /// Rooms that the bot made.
    made: Vec<OwnedRoomId>,
    /// So many more looks at a room that the bot made find it without its power levels.
    unfinished: u32,
    originals: BTreeMap<String, Value>,
    blocked: BTreeMap<OwnedRoomId, OwnedUserId>,
    accounts: BTreeMap<OwnedUserId, Account>,
    standings: BTreeMap<OwnedUserId, Standing>,
    tasks: Vec<Task>,
    purges: Vec<Purge>,
    /// Tasks of which the list alone tells.
    more_tasks: Vec<ScheduledTask>,
    faults: Faults,
    always: BTreeMap<&'static str, Fault>,
    writes: Vec<String>,
    stuck: BTreeSet<OwnedUserId>,
    calls: usize,
    called: BTreeMap<&'static str, usize>,
    hangs: Option<(usize, Moment)>,
    /// Whether writes are accepted and then not done.
    deaf: bool,
    room_list: RoomList,
    /// What was reported, in any order; with the event as the server keeps it.
    reports: Vec<Filed>,
    /// The kinds of reports that the server does not tell.
    untold: Vec<ReportKind>,
    /// Files, by URI.
    media: BTreeMap<Mxc, MediaDetails>,
    /// Redactions.
    redactions: redacting::Redactions,
    /// Whether server notices are enabled.
    notices: bool,
    /// What the bot wrote to whom: the user or the direct chat, the text and the key.
    written: Vec<(String, String, String)>,
    /// What is known of people besides, and of the server.
    people: people::People,
    /// What happens to the reports behind the next page of them that is read.
    between_pages: Option<BetweenPages>,
    /// What happens elsewhere during the next call of a method.
    meanwhile: Option<Meanwhile>,
    /// How long each answer takes.
    slow: Option<(ManualClock, Duration)>,
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

    /// Somebody reports something; with the event as it is kept with the report.
    pub fn report(&self, report: Report, event: Option<Value>) {
        self.inner().reports.push((report, event));
    }

    /// A report is deleted, or its room is purged.
    pub fn forget_report(&self, key: ReportKey) {
        self.inner().reports.retain(|(report, _)| report.key != key);
    }

    /// After the next page of reports that is read, this happens to them.
    pub fn between_pages(&self, change: impl FnOnce(&mut Vec<(Report, Option<Value>)>) + Send + 'static) {
        self.inner().between_pages = Some(Box::new(change));
    }

    /// During the next call of `method`, this happens elsewhere.
    pub fn meanwhile(&self, method: &'static str, change: impl FnOnce() + Send + 'static) {
        self.inner().meanwhile = Some((method, Box::new(change)));
    }

    /// Each answer takes so long from now on.
    pub fn slow(&self, clock: &ManualClock, takes: Duration) {
        self.inner().slow = Some((clock.clone(), takes));
    }

    /// The server does not tell reports of a kind.
    pub fn hide_reports(&self, kind: ReportKind) {
        self.inner().untold.push(kind);
    }

    /// Adds or replaces a file.
    pub fn put_media(&self, media: &Mxc, details: MediaDetails) {
        self.inner().media.insert(media.clone(), details);
    }

    /// Somebody else deletes a file.
    pub fn forget_media(&self, media: &Mxc) {
        self.inner().media.remove(media);
    }

    /// Server notices are enabled.
    pub fn enable_notices(&self) {
        self.inner().notices = true;
    }

    /// What the bot wrote, in order: to whom, and what.
    pub fn written(&self) -> Vec<(String, String)> {
        self.inner().written.iter().map(|(to, text, _)| (to.clone(), text.clone())).collect()
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

    /// A task that the list of scheduled tasks tells of.
    pub fn put_task(&self, task: ScheduledTask) {
        self.inner().more_tasks.push(task);
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

    /// Blocks, listings, aliases and powers are accepted with a 200 and not set.
    pub fn ignore_changes(&self) {
        self.inner().deaf = true;
    }

    /// How the list of rooms behaves from now on.
    pub fn room_list_is(&self, room_list: RoomList) {
        self.inner().room_list = room_list;
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.inner().calls
    }

    /// How many calls of a method there were.
    pub fn calls_of(&self, method: &'static str) -> usize {
        self.inner().called.get(method).copied().unwrap_or_default()
    }

    /// The call of this number (the first is 1) never returns: the process that made it dies waiting.
    pub fn hang_at(&self, call: usize, moment: Moment) {
        self.inner().hangs = Some((call, moment));
    }

    /// Returns when a call hangs.
    pub async fn hung(&self) {
        self.hung.notified().await;
    }

    /// Every active delete task and purge of history fails with this error.
    pub fn fail_tasks(&self, error: &str) {
        let mut inner = self.inner();
        for task in inner.tasks.iter_mut().filter(|task| task.status == TaskStatus::Active) {
            task.status = TaskStatus::Failed;
            task.error = Some(error.to_owned());
        }
        for purge in inner.purges.iter_mut().filter(|purge| purge.status == TaskStatus::Active) {
            purge.status = TaskStatus::Failed;
            purge.error = Some(error.to_owned());
        }
    }

    /// A change that somebody else makes to a room.
    pub fn change_room(&self, id: &RoomId, change: impl FnOnce(&mut FakeRoom)) {
        change(self.inner().rooms.get_mut(id).expect("the room exists"));
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
        *inner.called.entry(method).or_default() += 1;
        if let Some((clock, takes)) = &inner.slow {
            clock.pass(*takes);
        }
        if let Some((_, change)) = inner.meanwhile.take_if(|(called, _)| *called == method) {
            // It may ask this, or break.
            drop(inner);
            change();
            inner = self.inner();
        }
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
                if let Some(notice) = &task.shutdown.notice {
                    let kicked =
                        task.result.kicked_users.iter().filter_map(|user| user.as_str().try_into().ok());
                    let members = std::iter::once(notice.creator.clone()).chain(kicked).collect();
                    let id =
                        OwnedRoomId::try_from(format!("!notice-{}:hs.test", task.id)).expect("a room ID");
                    let aliases = task.result.local_aliases.clone();
                    self.rooms.insert(id.clone(), FakeRoom { members, aliases, ..FakeRoom::default() });
                    task.result.new_room_id = Some(id.to_string());
                }
                let (purges, room) = (task.shutdown.purge || task.shutdown.force_purge, task.room.clone());
                self.leave_to_others(&room, purges);
            }
        }
    }

    /// What a shutdown leaves of a room, here and elsewhere.
    fn leave_to_others(&mut self, room: &RoomId, purges: bool) {
        let Some(found) = self.rooms.get_mut(room) else { return };
        found.aliases.clear();
        if !found.members.is_empty() {
            self.elsewhere.insert(room.to_owned(), found.clone());
        }
        if purges {
            self.rooms.remove(room);
        }
    }

    /// A purge of history is done when it is asked about for the second time.
    fn purge(&mut self, n: usize) {
        let Purge { room, what: purge, status, .. } = &mut self.purges[n];
        if *status != TaskStatus::Active {
            return;
        }
        *status = TaskStatus::Complete;
        let Some(room) = self.rooms.get_mut(room) else { return };
        let end = room.events.iter().position(|event| event["event_id"] == purge.up_to.as_str());
        let end = end.unwrap_or(room.events.len());
        let is_ours = |event: &Value| event["sender"].as_str().is_some_and(|id| id.ends_with(":hs.test"));
        let mut n = 0;
        room.events.retain(|event| {
            n += 1;
            n > end || (purge.local == LocalEvents::Kept && is_ours(event))
        });
    }
}

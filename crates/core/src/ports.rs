//! The whole outside world on one page: reading the homeserver ([`Lookup`]), changing it ([`Effects`]), remembering
//! ([`Records`] and [`Store`]), time ([`Clock`]) and the bot's own process ([`Process`]). Commands get `Lookup` and `Records` only, so a command cannot act.

mod acting;
mod cases;
mod fault;
mod forgetting;
mod looking;
mod process;
mod tally;
mod view;
mod watching;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::BoxFuture;
use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};
use serde_json::Value;
use thiserror::Error;

use crate::{
    model::{
        About, Account, Block, BlockStatus, Connection, Context, DeleteResult, DeleteTask, Dir, Event,
        EventAt, EventReport, Extremities, HierarchyPage, HistoryPage, HistoryPurge, HistoryQuery, Listing,
        MediaDetails, MemberChange, Millis, Mxc, PurgeStatus, RedactionStatus, RedactionTask, Report,
        ReportKey, ReportKind, ReportPage, RoomDetails, RoomPage, RoomQuery, Sanction, ScheduledTask,
        Shutdown, Standing, Switch,
    },
    plan::{Outcome, Plan, PlanId, PlanState, StepState},
    speech::{Delivery, Mark, Say},
};

pub use self::acting::{EffectsOnPeople, EffectsOnRooms, EffectsOnServer};
pub use self::cases::{
    Acted, Case, CaseId, CaseState, Decision, FORWARDED, Hit, Hold, Priority, Reporting, Said, WhichCases,
};
pub use self::fault::Fault;
pub use self::forgetting::{Forget, Forgotten};
pub use self::looking::{LookupPeople, LookupServer};
pub use self::process::{LogLevel, Logging, Process, Reloaded};
pub use self::tally::Tally;
pub use self::view::{VIEWS_KEPT, View};
pub use self::watching::{Digest, DigestId, Gap, Seen, UNTOLD_AT_ONCE, WATCHED_KEPT, WatchedEvent, Watching};

/// The result of asking the homeserver something.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// Reading the homeserver. Nothing here changes anything.
pub trait Lookup: LookupPeople + LookupServer + Send + Sync {
    /// The bot's own user ID.
    fn me(&self) -> &UserId;
    /// The room that an alias leads to; `None` when there is no such alias.
    fn resolve_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, Option<OwnedRoomId>>;
    /// Details of a room; `None` when the server does not know it.
    fn room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Option<RoomDetails>>;
    /// One page of the rooms that the server knows.
    fn rooms<'a>(&'a self, query: &'a RoomQuery) -> Asked<'a, RoomPage>;
    /// Joined members, of all servers.
    fn members<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<OwnedUserId>>;
    /// Current state, all of it or of one type.
    fn state<'a>(&'a self, room: &'a RoomId, kind: Option<&'a str>) -> Asked<'a, Vec<Event>>;
    /// Aliases of this server that lead to the room.
    fn local_aliases<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<String>>;
    /// Whether local users are kept out.
    fn block_status<'a>(&'a self, room: &'a RoomId) -> Asked<'a, BlockStatus>;
    /// An event with its neighbours; `None` when the event is unknown or in another room.
    fn context<'a>(&'a self, room: &'a RoomId, event: &'a EventId, limit: u32) -> Asked<'a, Option<Context>>;
    /// State of some types at an event, of members only that of who sent it; `None` when the event is unknown or in
    /// another room.
    fn state_at<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        types: &'a [&'a str],
    ) -> Asked<'a, Option<Vec<Event>>>;
    /// An event as the server holds it, redacted or not; `None` when unknown.
    fn original<'a>(&'a self, event: &'a EventId) -> Asked<'a, Option<Event>>;
    /// A page of a room's history; empty for a room that the server does not know.
    fn history<'a>(&'a self, room: &'a RoomId, query: &'a HistoryQuery) -> Asked<'a, HistoryPage>;
    /// The first event at or after a time, or the last one at or before it; `None` when there is none.
    fn event_at<'a>(&'a self, room: &'a RoomId, ts: Millis, dir: Dir) -> Asked<'a, Option<EventAt>>;
    /// A page of what is in a space, `max_depth` levels deep at most. `from` is [`HierarchyPage::next`] of the page
    /// before. For a room that the server does not know Synapse breaks: ask for its details first.
    fn hierarchy<'a>(
        &'a self,
        room: &'a RoomId,
        from: Option<&'a str>,
        max_depth: Option<u32>,
    ) -> Asked<'a, HierarchyPage>;
    /// The open ends of a room's event graph; none for a room that the server does not know.
    fn extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Extremities>;
    /// Background tasks of the last days, of one room or of the whole server, oldest first. Before Synapse 1.130 the
    /// admin API has no such list: [`Fault::NotRouted`].
    fn tasks<'a>(&'a self, room: Option<&'a RoomId>) -> Asked<'a, Vec<ScheduledTask>>;
    /// One purge of history; `None` when the server has forgotten it.
    fn purge_status<'a>(&'a self, purge_id: &'a str) -> Asked<'a, Option<PurgeStatus>>;
    /// Reports of events of a room, oldest first; at most so many. Gone from the server once the room is purged.
    fn reports<'a>(&'a self, room: &'a RoomId, limit: u32) -> Asked<'a, Vec<EventReport>>;
    /// A page of the reports of a kind, newest first; `None` when the server cannot tell them.
    fn filed_reports(&self, kind: ReportKind, from: u64, limit: u32) -> Asked<'_, Option<ReportPage>>;
    /// A reported event as it was kept with its report; `None` when the report or the event is gone.
    fn reported_event(&self, report: u64) -> Asked<'_, Option<Event>>;
    /// The delete tasks of a room, oldest first.
    fn delete_tasks<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<DeleteTask>>;
    /// One delete task; `None` when the server has forgotten it.
    fn delete_task<'a>(&'a self, id: &'a str) -> Asked<'a, Option<DeleteTask>>;
    /// Why a delete task failed: the delete status does not say, the scheduled tasks do.
    fn task_error<'a>(&'a self, room: &'a RoomId, id: &'a str) -> Asked<'a, Option<String>>;
    /// A local account; `None` when there is none.
    fn account<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<Account>>;
    /// The member event of somebody in a room, as its state has it; `None` when they were never in it, and when the
    /// server does not know the room.
    fn member<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, Option<Event>>;
    /// The rooms in which a user has, or had, a membership, as far as the server knows, with that membership. Before
    /// Synapse 1.145 only those that they are joined to.
    fn memberships<'a>(&'a self, user: &'a UserId) -> Asked<'a, BTreeMap<OwnedRoomId, String>>;
    /// A file; `None` when the server does not have it.
    fn media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<MediaDetails>>;
    /// One redaction of what a user wrote; `None` when the server has forgotten it.
    fn redaction<'a>(&'a self, redact_id: &'a str) -> Asked<'a, Option<RedactionStatus>>;
    /// One report; `None` when there is none of that number, or the server cannot tell it.
    fn filed_report(&self, kind: ReportKind, id: u64) -> Asked<'_, Option<Report>>;
    /// The rooms that the bot is in.
    fn joined_rooms(&self) -> Asked<'_, Vec<OwnedRoomId>>;
    /// What a user may do in the management room, now.
    fn standing<'a>(&'a self, user: &'a UserId) -> Asked<'a, Standing>;
    /// Synapse's version.
    fn server_version(&self) -> Asked<'_, String>;
    /// How the bot is connected.
    fn connection(&self) -> Asked<'_, Connection>;
}

/// Changing the homeserver. Only the executor holds this.
pub trait Effects: Lookup + EffectsOnPeople + EffectsOnRooms + EffectsOnServer {
    /// Keeps local users out of a room, or lets them in again. Idempotent.
    fn set_block<'a>(&'a self, room: &'a RoomId, block: Block) -> Asked<'a, ()>;
    /// Starts shutting a room down; the answer is the `delete_id`. Not idempotent: look for a task before repeating it.
    fn delete_room<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, String>;
    /// Shuts a room down with version 1 of the API, which answers when all is done. Not idempotent, and nothing tells
    /// afterwards whether it was asked for: look at the room.
    fn delete_room_v1<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, DeleteResult>;
    /// Gives a user the highest power that a local member has, and invites them if they cannot join by themselves.
    fn make_room_admin<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, ()>;
    /// Deletes a room's forward extremities but the newest; how many.
    fn delete_extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, u64>;
    /// Starts purging a room's history; the answer is the `purge_id`. Doing it again does no more.
    fn purge_history<'a>(&'a self, room: &'a RoomId, purge: &'a HistoryPurge) -> Asked<'a, String>;
    /// Puts a room into the public room directory, or takes it out. Idempotent.
    fn set_listing<'a>(&'a self, room: &'a RoomId, listing: Listing) -> Asked<'a, ()>;
    /// Makes a local alias lead to a room. Refused (409) when it leads somewhere already.
    fn add_alias<'a>(&'a self, alias: &'a RoomAliasId, room: &'a RoomId) -> Asked<'a, ()>;
    /// Joins a room with the bot's own account. Idempotent.
    fn join_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()>;
    /// Leaves a room with the bot's own account. Idempotent.
    fn leave_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()>;
    /// Redacts an event with the bot's own account. Doing it again does no more.
    fn redact_event<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()>;
    /// Starts redacting messages of a user; the answer is the `redact_id`. Not idempotent: each time every message is
    /// redacted again. Stickers, reactions and polls stay.
    fn redact_user<'a>(&'a self, user: &'a UserId, task: &'a RedactionTask) -> Asked<'a, String>;
    /// Kicks, bans, unbans or invites somebody with the bot's own account. Refused (403) without the power.
    fn change_member<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        change: MemberChange,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()>;
    /// Sanctions a local account, or lifts that. Idempotent. Must never create an account.
    fn set_sanction<'a>(&'a self, user: &'a UserId, sanction: Sanction, to: Switch) -> Asked<'a, ()>;
    /// Puts a file, and all equal ones, into quarantine, or lets it out. Idempotent.
    fn set_quarantine<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()>;
    /// Deletes a report. Refused (404) when there is none.
    fn delete_report(&self, kind: ReportKind, id: u64) -> Asked<'_, ()>;
    /// Sends a server notice; with the same key it is sent once. Refused (400) where they are not enabled.
    fn send_notice<'a>(&'a self, user: &'a UserId, text: &'a str, key: &'a str) -> Asked<'a, ()>;
    /// Opens a direct chat with a user. Not idempotent.
    fn open_direct_chat<'a>(&'a self, user: &'a UserId) -> Asked<'a, OwnedRoomId>;
    /// Writes into a room that the bot is in; with the same key it is written once.
    fn send_text<'a>(&'a self, room: &'a RoomId, text: &'a str, key: &'a str) -> Asked<'a, ()>;
    /// Posts JSON to a webhook of the configuration, by its name. It may have taken it although the answer is a fault.
    fn call_webhook<'a>(&'a self, name: &'a str, body: &'a Value) -> Asked<'a, ()>;
    /// Deletes a local alias. Refused (404) when there is none.
    fn remove_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, ()>;
}

/// An event of the management room, kept until it was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    /// Its ID; the same event is kept once.
    pub event_id: OwnedEventId,
    /// The event, decrypted; or the encrypted one, when it could not be.
    pub json: Value,
    /// When it arrived here.
    pub received_at: Millis,
}

/// Which Plans to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only Plans in one of these states; all when empty.
    pub states: Vec<PlanState>,
    /// Only Plans that a text occurs in: who asked, the command, a target.
    pub about: Option<String>,
    /// Only Plans about this case, and those that undo one.
    pub case: Option<CaseId>,
    /// Only Plans that changed then or later: that were made, confirmed, dropped, or got on.
    pub since: Option<Millis>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Reading what the bot remembers.
pub trait Records: Send + Sync {
    /// One Plan.
    fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError>;
    /// Plans, newest first.
    fn plans(&self, which: &Which) -> Result<Vec<Plan>, StoreError>;
    /// The ID that the next Plan gets. Whoever asks must commit the Plan before waiting for anything.
    fn next_plan_id(&self) -> Result<PlanId, StoreError>;
    /// What was kept before a step was executed.
    fn kept(&self, plan: PlanId, step: usize) -> Result<Option<Value>, StoreError>;
    /// The newest Plan that undoes another, or is about to: it was not dropped, and did not fail in all of that.
    fn undone_by(&self, id: PlanId) -> Result<Option<PlanId>, StoreError>;
    /// Plans whose effects last for a time, that are done, oldest first; without those that were ended, or are about to be
    /// undone, or were without a failure.
    fn lasting(&self) -> Result<Vec<Plan>, StoreError>;
    /// Which of our messages an event is, by the key it was said under.
    fn key_of(&self, event: &EventId) -> Result<Option<String>, StoreError>;
    /// Whether something was said under a key, or is to be sent.
    fn is_said(&self, key: &str) -> Result<bool, StoreError>;
    /// What a message of ours shows a page of.
    fn view(&self, key: &str) -> Result<Option<View>, StoreError>;
    /// One case.
    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError>;
    /// The case about something that was reported.
    fn case_about(&self, about: &About) -> Result<Option<Case>, StoreError>;
    /// Cases, newest first.
    fn cases(&self, which: &WhichCases) -> Result<Vec<Case>, StoreError>;
    /// When rules about reports acted, or would have, since a time, oldest first.
    fn hits(&self, since: Millis) -> Result<Vec<Hit>, StoreError>;
    /// The reporters that are ignored.
    fn ignored_reporters(&self) -> Result<BTreeSet<String>, StoreError>;
    /// What is not kept any more.
    fn forgotten(&self) -> Result<Forgotten, StoreError>;
    /// How many received events wait to be handled, and how many messages to be sent.
    fn queue(&self) -> Result<Queue, StoreError>;
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Received events that were not handled yet.
    pub unhandled: u64,
    /// Messages and reactions that were not sent yet.
    pub undelivered: u64,
}

/// Remembering. Every change goes through [`Store::commit`], which is one transaction: all of it is durable when it
/// returns, or none of it.
pub trait Store: Records {
    /// Only the reading half, for commands.
    fn as_records(&self) -> &dyn Records;
    /// Runs `work` while nobody else runs such work: what it reads is still so when it commits. The tasks of the bot
    /// decide beside each other, and two of them must not take the same number, or close the same case differently.
    /// `work` must not call this again.
    fn in_turn(&self, work: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError>;
    /// Makes all changes durable, or none.
    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError>;
    /// The sync token up to which events of the management room were received.
    fn cursor(&self) -> Result<Option<String>, StoreError>;
    /// The room that took the place of a former management room, when that was upgraded.
    fn replaced_by(&self, room: &RoomId) -> Result<Option<OwnedRoomId>, StoreError>;
    /// Received events that were not handled, oldest first.
    fn unhandled(&self) -> Result<Vec<InboxEvent>, StoreError>;
    /// Which of some reports are known already; `None` when reports of that kind were never read.
    fn known_reports(
        &self,
        kind: ReportKind,
        keys: &[ReportKey],
    ) -> Result<Option<BTreeSet<ReportKey>>, StoreError>;
    /// Cases with reports that the rules have not weighed yet, oldest first, with how many they have weighed.
    fn unweighed(&self) -> Result<Vec<(CaseId, usize)>, StoreError>;
    /// Reports that were forwarded to the bot and are in no case yet, oldest first.
    fn forwarded(&self) -> Result<Vec<Report>, StoreError>;
    /// The ID that the next case gets.
    fn next_case_id(&self) -> Result<CaseId, StoreError>;
    /// Changes in watched rooms that no digest tells yet, in the order in which they came, [`UNTOLD_AT_ONCE`] at most;
    /// without those of rooms that have gaps.
    fn untold(&self) -> Result<Vec<WatchedEvent>, StoreError>;
    /// The digests that can still grow, oldest first.
    fn open_digests(&self) -> Result<Vec<Digest>, StoreError>;
    /// The ID that the next digest gets.
    fn next_digest_id(&self) -> Result<DigestId, StoreError>;
    /// What is still to be read of watched rooms, oldest first.
    fn gaps(&self) -> Result<Vec<Gap>, StoreError>;
    /// The pagination token up to which a room that the bot is not in was read.
    fn position(&self, room: &RoomId) -> Result<Option<String>, StoreError>;
    /// Messages and reactions to send: messages first, in the order in which they were first said, but what is told of
    /// watched rooms after the others.
    fn undelivered(&self) -> Result<Vec<Delivery>, StoreError>;
}

/// As [`Store::in_turn`], for work with a result.
pub fn in_turn<T>(store: &dyn Store, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let (mut work, mut result) = (Some(work), None);
    store.in_turn(&mut || {
        if let Some(work) = work.take() {
            result = Some(work()?);
        }
        Ok(())
    })?;
    result.ok_or_else(|| StoreError("what was to be done in turn was not done".to_owned()))
}

/// One change of what the bot remembers.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An event arrived. Ignored when it is already known.
    Received(InboxEvent),
    /// Everything up to this sync token was received.
    Cursor(String),
    /// The management room is another one from now on: what was received, proposed or to be said in the old one is
    /// dropped. What is being executed goes on, and is reported in the new one; so is what ended and was not reported yet.
    Moved,
    /// The management room was upgraded. What was received and not handled, what waits for a confirmation and what was not
    /// said yet goes on in the new room; nothing there answers, edits or reacts to an event of the old one.
    Upgraded {
        /// The room that was replaced.
        from: OwnedRoomId,
        /// The room that took its place.
        to: OwnedRoomId,
    },
    /// The clear text of a received event became known.
    Decrypted {
        /// Which one.
        event_id: OwnedEventId,
        /// The decrypted event.
        json: Value,
    },
    /// A received event was dealt with, in whatever way.
    Handled(OwnedEventId),
    /// A new Plan.
    Plan(Box<Plan>),
    /// A Plan changed its state.
    PlanState {
        /// Which one.
        id: PlanId,
        /// The new state.
        state: PlanState,
        /// Who decided so; nobody when time or the executor did.
        by: Option<OwnedUserId>,
        /// When.
        at: Millis,
    },
    /// A step got on, and is not finished. Ignored if it has ended meanwhile: it was stopped.
    Working {
        /// The Plan.
        plan: PlanId,
        /// The step, counted from 0.
        step: usize,
        /// Where to go on from after a restart.
        state: StepState,
    },
    /// A Plan is to go no further: its steps that were not begun end, in one with finding out which those are. They are done in
    /// their order, so all behind the first that is open were not, also those whose state came from another Plan.
    Stop {
        /// The Plan.
        plan: PlanId,
        /// Who says so.
        by: OwnedUserId,
        /// When.
        at: Millis,
    },
    /// What is kept before a step changes anything.
    Keep {
        /// The Plan.
        plan: PlanId,
        /// The step, counted from 0.
        step: usize,
        /// What is kept.
        kept: Value,
    },
    /// A step ended.
    Ended {
        /// The Plan.
        plan: PlanId,
        /// The step, counted from 0.
        step: usize,
        /// How.
        outcome: Outcome,
        /// When.
        at: Millis,
    },
    /// A message, or the next version of one that was said under the same key.
    Say(Say),
    /// A message that is said once only: ignored when its key is known.
    SayOnce(Say),
    /// A message shows another page now. The views of old messages are forgotten.
    View(View),
    /// A reaction to an event.
    Mark(Mark),
    /// About watched rooms.
    Watching(Watching),
    /// About abuse reports.
    Reporting(Reporting),
    /// What is over, and old enough, is deleted.
    Forget(Forget),
    /// A message or reaction reached the room.
    Delivered {
        /// Its key.
        key: String,
        /// The version that was sent.
        version: u32,
        /// The event that the room now holds.
        event_id: OwnedEventId,
    },
    /// A message or reaction will never reach the room.
    GaveUp {
        /// Its key.
        key: String,
        /// The version that could not be sent.
        version: u32,
    },
}

/// The database could not do it: full disk, read-only, locked, corrupt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("my database failed: {0}")]
pub struct StoreError(pub String);

/// Time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Millis;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

//! The homeserver as the core sees it: reads and writes, over Synapse's admin API and the Matrix session.

use std::time::{Duration, Instant};

use gleipnir_core::{
    model::{
        Account, Block, BlockStatus, Connection, Context, DeleteResult, DeleteTask, Event, RoomDetails,
        Shutdown, Standing, TaskStatus,
    },
    ports::{Asked, Effects, Fault, Lookup},
    ruma::{EventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId},
};
use gleipnir_matrix::{Power, Recovery, RequestError, Session};
use synapse_admin::{
    Client, ContextQuery, DeleteRoom, DeleteStatus, Error, EventFilter, RateLimit, ScheduledTask,
    ScheduledTasksQuery, TaskStatus as Status,
};
use tracing::debug;

/// What Synapse calls a deletion of a room among its scheduled tasks.
const SHUTDOWN: &str = "shutdown_and_purge_room";
/// How often a read is tried before its fault is told.
const TRIES: u32 = 3;
/// The longest pause between two tries that nobody would mind waiting for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) struct Homeserver {
    session: Session,
    admin: Client,
    url: String,
    management: OwnedRoomId,
    started: Instant,
}

impl Homeserver {
    pub(crate) fn new(session: Session, admin: Client, url: String, management: OwnedRoomId) -> Self {
        Self { session, admin, url, management, started: Instant::now() }
    }
}

/// Reads, and reads again after a fault that may pass. Nothing that writes comes here.
async fn read<T, F: Future<Output = Result<T, Error>>>(request: impl Fn() -> F) -> Result<T, Fault> {
    let mut tries = 1;
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = error.rate_limited().flatten().unwrap_or(Duration::from_millis(300) * tries);
        if tries >= TRIES || pause > LONGEST_PAUSE || !error.is_transient() || error == Error::Timeout {
            return Err(fault(error));
        }
        debug!(%error, "asking again");
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// A read whose 404 means that there is no such thing.
async fn find<T, F: Future<Output = Result<T, Error>>>(request: impl Fn() -> F) -> Result<Option<T>, Fault> {
    let found = read(|| async {
        match request().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    });
    found.await
}

fn fault(error: Error) -> Fault {
    if error.is_not_admin() {
        return Fault::NotAdmin;
    }
    if error.is_token_gone() {
        return Fault::TokenGone;
    }
    match error {
        Error::Api { status: 429, retry_after, .. } => Fault::RateLimited { retry_after },
        Error::Api { status: status @ 500.., message, .. } => Fault::Broken { status, message },
        Error::Api { status, errcode, message, .. } => Fault::Refused { status, errcode, message },
        Error::NotRouted { status, .. } => Fault::NotRouted { status },
        Error::Timeout => Fault::Timeout,
        Error::Unreachable { cause, .. } => Fault::Away(cause),
        Error::BadAnswer { status: status @ 500.., what } => Fault::Broken { status, message: what },
        Error::BadAnswer { what, .. } => Fault::BadAnswer(what),
        Error::Misconfigured(what) => Fault::Away(what),
    }
}

fn request_fault(error: RequestError) -> Fault {
    match error {
        RequestError::RateLimited { retry_after } => Fault::RateLimited { retry_after },
        RequestError::Away(why) => Fault::Away(why),
        RequestError::TokenGone => Fault::TokenGone,
        RequestError::Refused { status, errcode, message } => Fault::Refused { status, errcode, message },
        RequestError::Other(why) => Fault::BadAnswer(why),
    }
}

impl Lookup for Homeserver {
    fn me(&self) -> &UserId {
        self.session.user_id()
    }

    fn resolve_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, Option<OwnedRoomId>> {
        Box::pin(
            async move { Ok(read(|| self.admin.resolve_alias(alias)).await?.map(|found| found.room_id)) },
        )
    }

    fn room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Option<RoomDetails>> {
        Box::pin(async move { Ok(find(|| self.admin.room_details(room)).await?.map(details)) })
    }

    fn members<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<OwnedUserId>> {
        Box::pin(async move { Ok(read(|| self.admin.room_members(room)).await?.members) })
    }

    fn state<'a>(&'a self, room: &'a RoomId, kind: Option<&'a str>) -> Asked<'a, Vec<Event>> {
        Box::pin(async move {
            let state = match kind {
                Some(kind) => read(|| self.admin.room_state_of_type(room, kind)).await?,
                None => read(|| self.admin.room_state(room)).await?,
            };
            Ok(state.into_iter().map(Event).collect())
        })
    }

    fn local_aliases<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<String>> {
        Box::pin(async move {
            let aliases = read(|| self.admin.room_aliases(room)).await?;
            Ok(aliases.into_iter().map(|alias| alias.to_string()).collect())
        })
    }

    fn block_status<'a>(&'a self, room: &'a RoomId) -> Asked<'a, BlockStatus> {
        Box::pin(async move {
            let status = read(|| self.admin.block_status(room)).await?;
            Ok(if status.block {
                BlockStatus::Blocked(status.user_id.and_then(|by| by.try_into().ok()))
            } else {
                BlockStatus::Open
            })
        })
    }

    fn context<'a>(&'a self, room: &'a RoomId, event: &'a EventId, limit: u32) -> Asked<'a, Option<Context>> {
        Box::pin(async move {
            // Without this filter the answer carries every member of the room.
            let filter = EventFilter { lazy_load_members: Some(true), ..EventFilter::default() };
            let query = ContextQuery { limit: Some(limit), filter: Some(filter) };
            let found = find(|| self.admin.event_context(room, event, &query)).await?;
            let events = |events: Vec<serde_json::Value>| events.into_iter().map(Event).collect();
            Ok(found.map(|found| Context {
                // Synapse gives those before newest first.
                before: events(found.events_before.into_iter().rev().collect()),
                event: Event(found.event),
                after: events(found.events_after),
                state: events(found.state),
            }))
        })
    }

    fn original<'a>(&'a self, event: &'a EventId) -> Asked<'a, Option<Event>> {
        Box::pin(async move { Ok(find(|| self.admin.fetch_event(event)).await?.map(Event)) })
    }

    fn delete_tasks<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<DeleteTask>> {
        Box::pin(async move {
            // The delete status leaves out tasks that wait for their turn, and shows other purges.
            let query = ScheduledTasksQuery {
                action_name: vec![SHUTDOWN.to_owned()],
                resource_id: Some(room.to_string()),
                ..ScheduledTasksQuery::default()
            };
            match read(|| self.admin.scheduled_tasks(&query)).await {
                Ok(mut tasks) => {
                    tasks.sort_by_key(|task| task.timestamp_ms);
                    Ok(tasks.into_iter().map(scheduled_task).collect())
                }
                // Before Synapse 1.130 there is only the delete status.
                Err(Fault::NotRouted { .. }) => {
                    let tasks = read(|| self.admin.delete_statuses(room)).await?;
                    Ok(tasks.into_iter().filter_map(delete_task).collect())
                }
                Err(fault) => Err(fault),
            }
        })
    }

    fn delete_task<'a>(&'a self, id: &'a str) -> Asked<'a, Option<DeleteTask>> {
        Box::pin(async move { Ok(read(|| self.admin.delete_status(id)).await?.and_then(delete_task)) })
    }

    fn task_error<'a>(&'a self, room: &'a RoomId, id: &'a str) -> Asked<'a, Option<String>> {
        Box::pin(async move {
            let query =
                ScheduledTasksQuery { resource_id: Some(room.to_string()), ..ScheduledTasksQuery::default() };
            let tasks = read(|| self.admin.scheduled_tasks(&query)).await?;
            Ok(tasks.into_iter().find(|task| task.id == id).and_then(|task| task.error))
        })
    }

    fn account<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<Account>> {
        Box::pin(async move {
            Ok(read(|| self.admin.user(user)).await?.map(|user| Account {
                admin: user.admin,
                suspended: user.suspended.unwrap_or_default(),
                locked: user.locked,
                deactivated: user.deactivated,
            }))
        })
    }

    fn standing<'a>(&'a self, user: &'a UserId) -> Asked<'a, Standing> {
        Box::pin(async move {
            let members = self.session.members(&self.management).await.map_err(request_fault)?;
            if !members.iter().any(|member| member == user) {
                return Ok(Standing::Outside);
            }
            Ok(match self.session.power(&self.management, user).await.map_err(request_fault)? {
                Power::Level(level) => Standing::Level(level),
                Power::Infinite => Standing::Creator,
            })
        })
    }

    fn server_version(&self) -> Asked<'_, String> {
        Box::pin(read(|| self.admin.server_version()))
    }

    fn connection(&self) -> Asked<'_, Connection> {
        Box::pin(async move {
            let encrypted = self.session.is_encrypted(&self.management).await.map_err(request_fault)?;
            let limit = read(|| self.admin.rate_limit(self.me())).await;
            Ok(Connection {
                homeserver: self.url.clone(),
                device_id: self.session.device_id(),
                encrypted,
                encryption: encryption(&self.session.encryption().await),
                uptime: self.started.elapsed(),
                unlimited: limit.ok().map(|limit| limit.is_some_and(is_unlimited)),
            })
        })
    }
}

impl Effects for Homeserver {
    fn set_block<'a>(&'a self, room: &'a RoomId, block: Block) -> Asked<'a, ()> {
        Box::pin(async move {
            match block {
                Block::On => self.admin.block_room(room).await,
                Block::Off => self.admin.unblock_room(room).await,
            }
            .map(drop)
            .map_err(fault)
        })
    }

    fn delete_room<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, String> {
        Box::pin(async move {
            let notice = shutdown.notice.as_ref();
            let how = DeleteRoom {
                new_room_user_id: notice.map(|notice| notice.creator.clone()),
                room_name: notice.and_then(|notice| notice.name.clone()),
                message: notice.and_then(|notice| notice.message.clone()),
                block: shutdown.block,
                purge: shutdown.purge,
                force_purge: shutdown.force_purge,
            };
            self.admin.delete_room(room, &how).await.map_err(fault)
        })
    }
}

fn details(found: synapse_admin::RoomDetails) -> RoomDetails {
    let room = found.room;
    RoomDetails {
        name: room.name,
        canonical_alias: room.canonical_alias,
        topic: found.topic,
        version: room.version,
        creator: room.creator,
        joined_members: room.joined_members,
        joined_local_members: room.joined_local_members,
        encryption: room.encryption,
        federatable: Some(room.federatable),
        public: Some(room.public),
        join_rules: room.join_rules,
        guest_access: room.guest_access,
        history_visibility: room.history_visibility,
        room_type: room.room_type,
        forgotten: found.forgotten,
        tombstoned: found.tombstoned.unwrap_or_default(),
        replacement_room: found.replacement_room,
    }
}

/// A task of this list carries no result that is of use here: it is asked for again by its ID.
fn scheduled_task(task: ScheduledTask) -> DeleteTask {
    DeleteTask { id: task.id, status: task_status(&task.status), result: None }
}

fn task_status(status: &Status) -> TaskStatus {
    match status {
        Status::Scheduled | Status::Active | Status::ShuttingDown | Status::Purging => TaskStatus::Active,
        Status::Complete => TaskStatus::Complete,
        Status::Failed => TaskStatus::Failed,
        other @ (Status::Cancelled | Status::Unknown(_)) => TaskStatus::Other(other.as_str().to_owned()),
    }
}

fn delete_task(status: DeleteStatus) -> Option<DeleteTask> {
    let strings = |ids: Vec<OwnedUserId>| ids.into_iter().map(|id| id.to_string()).collect();
    Some(DeleteTask {
        id: status.delete_id?,
        status: task_status(&status.status),
        result: status.shutdown_room.map(|result| DeleteResult {
            kicked_users: strings(result.kicked_users),
            failed_to_kick_users: strings(result.failed_to_kick_users),
            local_aliases: result.local_aliases.into_iter().map(|alias| alias.to_string()).collect(),
            new_room_id: result.new_room_id.map(|id| id.to_string()),
        }),
    })
}

/// 0 messages a second means that there is no limit.
fn is_unlimited(limit: RateLimit) -> bool {
    limit.messages_per_second == 0
}

fn encryption(encryption: &gleipnir_matrix::Encryption) -> String {
    let identity = if encryption.cross_signed {
        "this device is signed by my identity"
    } else {
        "⚠ this device is not signed by my identity: clients show it as not verified"
    };
    let recovery = match encryption.recovery {
        Recovery::Enabled => "; a lost store can be recovered",
        Recovery::Incomplete => "; ⚠ the recovery key is missing (encryption.recovery_key)",
        Recovery::Disabled => "; ⚠ recovery is not set up",
        Recovery::Unknown => "",
    };
    let problem = encryption.problem.as_ref().map(|problem| format!("; ⚠ {problem}")).unwrap_or_default();
    format!("{identity}{recovery}{problem}")
}

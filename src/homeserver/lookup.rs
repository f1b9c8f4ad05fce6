//! What is read.

use std::{collections::BTreeMap, num::NonZeroU32};

use gleipnir_core::{
    model::{
        Account, BlockStatus, Connection, Context, DELETE_ROOM, DeleteTask, Dir, Event, EventAt, EventReport,
        Extremities, Extremity, HierarchyPage, HistoryPage, HistoryQuery, MediaDetails, Millis, Mxc,
        PURGE_HISTORY, PurgeStatus, REDACT_USER, RedactionStatus, Report, ReportKind, ReportPage,
        RoomDetails, RoomPage, RoomQuery, ScheduledTask, Standing,
    },
    ports::{Asked, Fault, Lookup},
    ruma::{EventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId},
};
use gleipnir_matrix::{Membership, Power};
use synapse_admin::{
    ContextQuery, EventFilter, EventReportsQuery, HierarchyQuery, ListRooms, MessagesQuery, RateLimit,
    ScheduledTasksQuery,
};

use super::{
    Homeserver, Place, SESSION_OVER, find,
    model::{
        delete_task, details, direction, encryption, event_report, listed, millis, scheduled_task,
        space_room, task, task_status, timestamp,
    },
    read, request_fault,
};

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

    fn rooms<'a>(&'a self, query: &'a RoomQuery) -> Asked<'a, RoomPage> {
        Box::pin(async move {
            let order_by = query.order_by.as_deref().map(str::parse).transpose();
            let list = ListRooms {
                from: Some(query.from),
                limit: NonZeroU32::new(query.limit),
                order_by: order_by.map_err(|error| Fault::BadAnswer(format!("{error}")))?.unwrap_or_default(),
                dir: direction(query.dir),
                public_rooms: query.public,
                empty_rooms: query.empty,
                // What was typed is cut to what the server compares with by the command alone.
                search_term: query.search.clone(),
            };
            let page = read(|| self.admin.rooms(&list)).await?;
            Ok(RoomPage {
                next: page.next(&list).and_then(|next| next.from),
                rooms: page.rooms.into_iter().map(listed).collect(),
                offset: page.offset,
                total: page.total_rooms,
            })
        })
    }

    fn history<'a>(&'a self, room: &'a RoomId, query: &'a HistoryQuery) -> Asked<'a, HistoryPage> {
        Box::pin(async move {
            let filter = EventFilter {
                types: (!query.types.is_empty()).then(|| query.types.clone()),
                not_types: query.not_types.clone(),
                senders: (!query.senders.is_empty()).then(|| query.senders.clone()),
                lazy_load_members: Some(true),
                ..EventFilter::default()
            };
            let query = MessagesQuery {
                from: query.from.clone(),
                to: query.to.clone(),
                dir: direction(query.dir),
                limit: NonZeroU32::new(query.limit),
                filter: Some(filter),
            };
            let page = read(|| self.admin.room_messages(room, &query)).await?;
            Ok(HistoryPage {
                events: page.chunk.into_iter().map(Event).collect(),
                start: page.start,
                end: page.end,
                state: page.state.into_iter().map(Event).collect(),
            })
        })
    }

    fn event_at<'a>(&'a self, room: &'a RoomId, ts: Millis, dir: Dir) -> Asked<'a, Option<EventAt>> {
        Box::pin(async move {
            let ts = timestamp(ts);
            let found = find(|| self.admin.timestamp_to_event(room, ts, direction(dir))).await?;
            Ok(found.map(|found| EventAt {
                event_id: found.event_id,
                origin_server_ts: found.origin_server_ts.map(millis),
            }))
        })
    }

    fn hierarchy<'a>(
        &'a self,
        room: &'a RoomId,
        from: Option<&'a str>,
        max_depth: Option<u32>,
    ) -> Asked<'a, HierarchyPage> {
        Box::pin(async move {
            let query = HierarchyQuery { from: from.map(str::to_owned), limit: None, max_depth };
            let page = read(|| self.admin.room_hierarchy(room, &query)).await?;
            Ok(HierarchyPage {
                rooms: page.rooms.into_iter().map(space_room).collect(),
                next: page.next_batch,
            })
        })
    }

    fn extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Extremities> {
        Box::pin(async move {
            let found = read(|| self.admin.forward_extremities(room.into())).await?;
            let results = found.results.into_iter().map(|extremity| Extremity {
                event_id: extremity.event_id,
                state_group: extremity.state_group,
                depth: extremity.depth,
                received_ts: extremity.received_ts.map(millis),
            });
            Ok(Extremities { count: found.count, results: results.collect() })
        })
    }

    fn reports<'a>(&'a self, room: &'a RoomId, limit: u32) -> Asked<'a, Vec<EventReport>> {
        Box::pin(async move {
            let query = EventReportsQuery {
                limit: NonZeroU32::new(limit),
                room_id: Some(room.to_string()),
                ..EventReportsQuery::default()
            };
            let page = read(|| self.admin.event_reports(&query)).await?;
            // The server looks for rooms whose ID contains this one.
            let ours = page.event_reports.into_iter().filter(|report| report.room_id == room.as_str());
            Ok(ours.map(event_report).collect())
        })
    }

    fn filed_reports(&self, kind: ReportKind, from: u64, limit: u32) -> Asked<'_, Option<ReportPage>> {
        Box::pin(self.reports_of(kind, from, limit))
    }

    fn filed_report(&self, kind: ReportKind, id: u64) -> Asked<'_, Option<Report>> {
        Box::pin(self.report_of(kind, id))
    }

    fn reported_event(&self, report: u64) -> Asked<'_, Option<Event>> {
        Box::pin(async move {
            let found = read(|| self.admin.event_report(report)).await?;
            Ok(found.and_then(|found| found.event_json).map(Event))
        })
    }

    fn tasks<'a>(&'a self, room: Option<&'a RoomId>) -> Asked<'a, Vec<ScheduledTask>> {
        Box::pin(async move {
            let query = ScheduledTasksQuery {
                action_name: [DELETE_ROOM, PURGE_HISTORY, REDACT_USER].map(str::to_owned).to_vec(),
                resource_id: room.map(ToString::to_string),
                ..ScheduledTasksQuery::default()
            };
            let mut tasks = read(|| self.admin.scheduled_tasks(&query)).await?;
            tasks.sort_by_key(|task| task.timestamp_ms);
            Ok(tasks.into_iter().map(task).collect())
        })
    }

    fn purge_status<'a>(&'a self, purge_id: &'a str) -> Asked<'a, Option<PurgeStatus>> {
        Box::pin(async move {
            let found = read(|| self.admin.purge_history_status(purge_id)).await?;
            Ok(found.map(|found| PurgeStatus { status: task_status(&found.status), error: found.error }))
        })
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

    fn joined_rooms(&self) -> Asked<'_, Vec<OwnedRoomId>> {
        Box::pin(async move { self.session.joined_rooms().await.map_err(request_fault) })
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
                start: found.start,
                end: found.end,
            }))
        })
    }

    fn state_at<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        types: &'a [&'a str],
    ) -> Asked<'a, Option<Vec<Event>>> {
        Box::pin(async move {
            let filter = EventFilter {
                types: Some(types.iter().map(|kind| (*kind).to_owned()).collect()),
                lazy_load_members: Some(true),
                ..EventFilter::default()
            };
            let query = ContextQuery { limit: Some(0), filter: Some(filter) };
            let found = find(|| self.admin.event_context(room, event, &query)).await?;
            Ok(found.map(|found| found.state.into_iter().map(Event).collect()))
        })
    }

    fn original<'a>(&'a self, event: &'a EventId) -> Asked<'a, Option<Event>> {
        Box::pin(async move { Ok(find(|| self.admin.fetch_event(event)).await?.map(Event)) })
    }

    fn delete_tasks<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<DeleteTask>> {
        Box::pin(async move {
            // The delete status leaves out tasks that wait for their turn, and shows other purges.
            let query = ScheduledTasksQuery {
                action_name: vec![DELETE_ROOM.to_owned()],
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
        Box::pin(self.accounts.account(user))
    }

    fn member<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, Option<Event>> {
        Box::pin(self.member_of(room, user))
    }

    fn memberships<'a>(&'a self, user: &'a UserId) -> Asked<'a, BTreeMap<OwnedRoomId, String>> {
        Box::pin(self.memberships_of(user))
    }

    fn media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<MediaDetails>> {
        Box::pin(self.details_of(media))
    }

    fn redaction<'a>(&'a self, redact_id: &'a str) -> Asked<'a, Option<RedactionStatus>> {
        Box::pin(self.redaction_of(redact_id))
    }

    fn standing<'a>(&'a self, user: &'a UserId) -> Asked<'a, Standing> {
        Box::pin(async move {
            let is_out = self.session.membership(&self.management) != Membership::Joined;
            if is_out && self.place == Place::Inside {
                // The work in the room ends with the next sync, and whoever asked with it; what was asked is asked again
                // when the bot is back.
                tokio::time::sleep(SESSION_OVER).await;
                return Err(Fault::Away("I am not in the management room".to_owned()));
            }
            // Outside there are no commands, and jobs only ask whom they must not touch.
            if is_out {
                let members = read(|| self.admin.room_members(&self.management)).await?.members;
                let is_member = members.iter().any(|member| member == user);
                return Ok(if is_member { Standing::Level(0) } else { Standing::Outside });
            }
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

/// 0 messages a second means that there is no limit.
fn is_unlimited(limit: RateLimit) -> bool {
    limit.messages_per_second == 0
}

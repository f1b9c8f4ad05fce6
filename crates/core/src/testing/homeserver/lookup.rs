//! What the fake homeserver tells.

use std::{cmp::Ordering, collections::BTreeMap, time::Duration};

use ruma::{EventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};
use serde_json::{Value, json};

use super::{FakeHomeserver, FakeRoom, Purge, RoomList, Task, not_found};
use crate::{
    model::{
        Account, BlockStatus, Connection, Context, DELETE_ROOM, DeleteTask, Dir, Event, EventAt, EventReport,
        Extremities, HierarchyPage, HistoryPage, HistoryQuery, ListedRoom, MediaDetails, Millis, Mxc,
        PURGE_HISTORY, PurgeStatus, REDACT_USER, RedactionStatus, Report, ReportKind, ReportPage,
        RoomDetails, RoomPage, RoomQuery, ScheduledTask, SpaceRoom, Standing, TaskStatus,
    },
    ports::{Asked, Fault, Lookup},
};

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

    fn rooms<'a>(&'a self, query: &'a RoomQuery) -> Asked<'a, RoomPage> {
        self.call("rooms", move |inner| {
            let all = inner.rooms.keys().filter_map(|id| Some((id.clone(), inner.details(&self.me, id)?)));
            let rooms: Vec<ListedRoom> = all
                .filter(|(id, details)| fits(query, id, details))
                .map(|(room_id, details)| ListedRoom { room_id, details })
                .collect();
            let order = query.order_by.as_deref().unwrap_or("name");
            let mut sorted: Vec<(Value, ListedRoom)> =
                rooms.into_iter().map(|room| (json!(room.details)[order].take(), room)).collect();
            sorted.sort_by(|(a, _), (b, _)| by(a, b));
            if query.dir == Dir::Backwards {
                sorted.reverse();
            }
            let total = sorted.len() as u64;
            let from = usize::try_from(query.from).unwrap_or(usize::MAX);
            let page: Vec<ListedRoom> =
                sorted.into_iter().map(|(_, room)| room).skip(from).take(query.limit as usize).collect();
            let end = query.from + page.len() as u64;
            let mut next = (end < total).then_some(end);
            match inner.room_list {
                RoomList::Still => {}
                RoomList::Growing => {
                    let id = OwnedRoomId::try_from(format!("!new{total}:hs.test")).expect("a room ID");
                    let details = RoomDetails {
                        name: Some(format!("!{:09}", u64::MAX - total)),
                        ..RoomDetails::default()
                    };
                    inner.rooms.insert(id, FakeRoom { details, ..FakeRoom::default() });
                }
                RoomList::Stuck => next = Some(query.from),
            }
            Ok(RoomPage { rooms: page, offset: query.from, total, next })
        })
    }

    fn history<'a>(&'a self, room: &'a RoomId, query: &'a HistoryQuery) -> Asked<'a, HistoryPage> {
        self.call("history", move |inner| {
            let Some(room) = inner.rooms.get(room) else { return Ok(HistoryPage::default()) };
            if let Some(fault) = &room.unreadable {
                return Err(fault.clone());
            }
            let len = room.events.len();
            let at = |token: Option<&String>| token.and_then(|token| token.strip_prefix('t')?.parse().ok());
            let from = at(query.from.as_ref()).unwrap_or(if query.dir == Dir::Backwards { len } else { 0 });
            let to = at(query.to.as_ref()).unwrap_or(if query.dir == Dir::Backwards { 0 } else { len });
            let range: Vec<usize> = match query.dir {
                Dir::Backwards => (to.min(from)..from.min(len)).rev().collect(),
                Dir::Forwards => (from..to.min(len)).collect(),
            };
            let wanted = |n: &usize| {
                let event = &room.events[*n];
                let is = |key: &str, word: &str| event[key].as_str() == Some(word);
                (query.senders.is_empty() || query.senders.iter().any(|user| is("sender", user.as_str())))
                    && (query.types.is_empty() || query.types.iter().any(|kind| is("type", kind)))
                    && !query.not_types.iter().any(|kind| is("type", kind))
            };
            let page: Vec<usize> = range.into_iter().filter(wanted).take(query.limit as usize).collect();
            let end = page.last().map(|n| token(if query.dir == Dir::Backwards { *n } else { n + 1 }));
            Ok(HistoryPage {
                events: page.iter().map(|n| Event(room.events[*n].clone())).collect(),
                start: Some(token(from)),
                end,
                state: room.state.iter().cloned().map(Event).collect(),
            })
        })
    }

    fn event_at<'a>(&'a self, room: &'a RoomId, ts: Millis, dir: Dir) -> Asked<'a, Option<EventAt>> {
        self.call("event_at", move |inner| {
            let Some(room) = inner.rooms.get(room) else { return Ok(None) };
            let mut events = room.events.iter().cloned().map(Event);
            let found = match dir {
                Dir::Forwards => events.find(|event| event.time() >= ts),
                Dir::Backwards => events.rfind(|event| event.time() <= ts),
            };
            Ok(found.and_then(|event| {
                Some(EventAt { event_id: event.event_id()?.to_owned(), origin_server_ts: Some(event.time()) })
            }))
        })
    }

    fn hierarchy<'a>(
        &'a self,
        room: &'a RoomId,
        from: Option<&'a str>,
        _max_depth: Option<u32>,
    ) -> Asked<'a, HierarchyPage> {
        self.call("hierarchy", move |inner| {
            let Some(room) = inner.rooms.get(room) else {
                return Err(Fault::Broken { status: 500, message: "Internal server error".into() });
            };
            let from: usize = from.and_then(|from| from.parse().ok()).unwrap_or_default();
            let rooms: Vec<SpaceRoom> = room.hierarchy.iter().skip(from).take(50).cloned().collect();
            let end = from + rooms.len();
            Ok(HierarchyPage { rooms, next: (end < room.hierarchy.len()).then(|| end.to_string()) })
        })
    }

    fn extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Extremities> {
        self.call("extremities", move |inner| {
            let results = inner.rooms.get(room).map(|room| room.extremities.clone()).unwrap_or_default();
            Ok(Extremities { count: results.len() as u64, results })
        })
    }

    fn reports<'a>(&'a self, room: &'a RoomId, limit: u32) -> Asked<'a, Vec<EventReport>> {
        self.call("reports", move |inner| {
            let reports = inner.rooms.get(room).map(|room| room.reports.clone()).unwrap_or_default();
            Ok(reports.into_iter().take(limit as usize).collect())
        })
    }

    fn filed_reports(&self, kind: ReportKind, from: u64, limit: u32) -> Asked<'_, Option<ReportPage>> {
        self.call("filed_reports", move |inner| {
            if inner.untold.contains(&kind) {
                return Ok(None);
            }
            let of_kind =
                inner.reports.iter().map(|(report, _)| report).filter(|report| report.key.kind == kind);
            let mut all: Vec<_> = of_kind.rev().cloned().collect();
            // Newest first; in what order those of one millisecond come is not certain.
            all.sort_by_key(|report| std::cmp::Reverse(report.key.received_ts));
            let end = from + u64::from(limit);
            let page = all.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)).take(limit as usize);
            if let Some(change) = inner.between_pages.take() {
                change(&mut inner.reports);
            }
            Ok(Some(ReportPage {
                reports: page.cloned().collect(),
                total: all.len() as u64,
                next: (end < all.len() as u64).then_some(end),
            }))
        })
    }

    fn reported_event(&self, report: u64) -> Asked<'_, Option<Event>> {
        self.call("reported_event", move |inner| {
            let is_it = |(filed, _): &&(_, _)| {
                let filed: &crate::model::Report = filed;
                filed.key.kind == ReportKind::Event && filed.key.id == report
            };
            Ok(inner.reports.iter().find(is_it).and_then(|(_, event)| event.clone()).map(Event))
        })
    }

    fn tasks<'a>(&'a self, room: Option<&'a RoomId>) -> Asked<'a, Vec<ScheduledTask>> {
        self.call("tasks", move |inner| {
            inner.look_at_redactions(&self.me);
            let deletions = inner.tasks.iter().map(|task| ScheduledTask {
                id: task.id.clone(),
                action: DELETE_ROOM.to_owned(),
                status: word(&task.status),
                timestamp_ms: 0,
                resource_id: Some(task.room.to_string()),
                result: Some(json!(task.result)),
                error: task.error.clone(),
            });
            let purges = inner.purges.iter().map(|purge| ScheduledTask {
                id: purge.id.clone(),
                action: PURGE_HISTORY.to_owned(),
                status: word(&purge.status),
                timestamp_ms: 0,
                resource_id: Some(purge.room.to_string()),
                result: None,
                error: purge.error.clone(),
            });
            let ours = |task: &ScheduledTask| {
                room.is_none_or(|room| task.resource_id.as_deref() == Some(room.as_str()))
            };
            let redactions = inner.redactions.tasks.iter().map(|redaction| ScheduledTask {
                id: redaction.id.clone(),
                action: REDACT_USER.to_owned(),
                status: word(&redaction.status),
                timestamp_ms: 0,
                resource_id: Some(redaction.user.to_string()),
                result: None,
                error: None,
            });
            Ok(deletions
                .chain(purges)
                .chain(redactions)
                .chain(inner.more_tasks.iter().cloned())
                .filter(ours)
                .collect())
        })
    }

    fn purge_status<'a>(&'a self, purge_id: &'a str) -> Asked<'a, Option<PurgeStatus>> {
        self.call("purge_status", move |inner| {
            let Some(n) = inner.purges.iter().position(|purge| purge.id == purge_id) else { return Ok(None) };
            let Purge { status, error, .. } = &inner.purges[n];
            let shown = PurgeStatus { status: status.clone(), error: error.clone() };
            inner.purge(n);
            Ok(Some(shown))
        })
    }

    fn members<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<OwnedUserId>> {
        self.call("members", move |inner| {
            inner.rooms.get(room).map(|room| room.members.clone()).ok_or_else(not_found)
        })
    }

    fn state<'a>(&'a self, room: &'a RoomId, kind: Option<&'a str>) -> Asked<'a, Vec<Event>> {
        self.call("state", move |inner| {
            if kind == Some("m.room.power_levels")
                && inner.unfinished > 0
                && inner.made.iter().any(|made| made == room)
            {
                inner.unfinished -= 1;
                return Ok(Vec::new());
            }
            let room = inner.rooms.get(room).ok_or_else(not_found)?;
            let events = room.state.iter().cloned().map(Event);
            Ok(events.filter(|event| kind.is_none_or(|kind| event.kind() == kind)).collect())
        })
    }

    fn joined_rooms(&self) -> Asked<'_, Vec<OwnedRoomId>> {
        self.call("joined_rooms", move |inner| {
            let inside = inner.rooms.iter().filter(|(_, room)| room.members.contains(&self.me));
            Ok(inside.map(|(id, _)| id.clone()).collect())
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
                start: Some(token(at.saturating_sub(half))),
                end: Some(token((at + 1 + half).min(events.len()))),
            }))
        })
    }

    fn state_at<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        types: &'a [&'a str],
    ) -> Asked<'a, Option<Vec<Event>>> {
        self.call("state_at", move |inner| {
            let Some(room) = inner.rooms.get(room) else { return Ok(None) };
            let is_it = |known: &Value| known["event_id"] == event.as_str();
            let state = room.state.iter().cloned().map(Event).filter(|event| types.contains(&event.kind()));
            Ok(room.events.iter().any(is_it).then(|| state.collect()))
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

    fn member<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, Option<Event>> {
        self.call("member", move |inner| {
            let Some(found) = inner.rooms.get(room) else { return Ok(None) };
            let is_it =
                |event: &&Value| event["type"] == "m.room.member" && event["state_key"] == user.as_str();
            let member = |membership: &str| {
                Event(json!({"type": "m.room.member", "state_key": user, "sender": user,
                    "content": {"membership": membership}}))
            };
            Ok(if let Some(event) = found.state.iter().rev().find(is_it) {
                Some(Event(event.clone()))
            } else if found.members.iter().any(|member| member == user) {
                Some(member("join"))
            } else if found.invites.iter().any(|member| member == user) {
                Some(member("invite"))
            } else {
                None
            })
        })
    }

    fn memberships<'a>(&'a self, user: &'a UserId) -> Asked<'a, BTreeMap<OwnedRoomId, String>> {
        self.call("memberships", move |inner| {
            let of = |(id, room): (&OwnedRoomId, &FakeRoom)| {
                let is_it =
                    |event: &&Value| event["type"] == "m.room.member" && event["state_key"] == user.as_str();
                let told = room.state.iter().rev().find(is_it);
                let told = told.and_then(|event| event["content"]["membership"].as_str().map(str::to_owned));
                let joined = room.members.iter().any(|member| member == user).then(|| "join".to_owned());
                told.or(joined).map(|membership| (id.clone(), membership))
            };
            Ok(inner.rooms.iter().filter_map(of).collect())
        })
    }

    fn media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<MediaDetails>> {
        self.call("media", move |inner| Ok(inner.media.get(media).cloned()))
    }

    fn redaction<'a>(&'a self, redact_id: &'a str) -> Asked<'a, Option<RedactionStatus>> {
        self.call("redaction", move |inner| {
            let Some(n) = inner.redactions.tasks.iter().position(|known| known.id == redact_id) else {
                return Ok(None);
            };
            let found = &inner.redactions.tasks[n];
            let (status, failed, error) = (found.status.clone(), found.failed.clone(), found.error.clone());
            // It is done when it is looked at again.
            inner.run_redaction(n, &self.me);
            Ok(Some(RedactionStatus { status, failed, error }))
        })
    }

    fn filed_report(&self, kind: ReportKind, id: u64) -> Asked<'_, Option<Report>> {
        self.call("filed_report", move |inner| {
            let is_it =
                |(report, _): &&(Report, Option<Value>)| report.key.kind == kind && report.key.id == id;
            Ok(inner.reports.iter().find(is_it).map(|(report, _)| report.clone()))
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
        self.call("server_version", |inner| {
            Ok(inner.redactions.version.clone().unwrap_or_else(|| "1.163.2".to_owned()))
        })
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

/// The token between the event of this number and the one before it.
fn token(n: usize) -> String {
    format!("t{n}")
}

fn word(status: &TaskStatus) -> String {
    match status {
        TaskStatus::Active => "active".to_owned(),
        TaskStatus::Complete => "complete".to_owned(),
        TaskStatus::Failed => "failed".to_owned(),
        TaskStatus::Other(word) => word.clone(),
    }
}

/// Whether a room is on a list. As in Synapse, filters only hold for a room that is found by its ID when something is
/// searched, and `%` and `_` are wildcards.
fn fits(query: &RoomQuery, id: &RoomId, details: &RoomDetails) -> bool {
    let filters = query.public.is_none_or(|public| details.public.unwrap_or_default() == public)
        && query.empty.is_none_or(|empty| (details.joined_members == 0) == empty);
    query.search.as_ref().map_or(filters, |search| {
        let term = search.trim_start_matches('#').split(':').next().unwrap_or_default().to_lowercase();
        let term: Vec<char> = format!("%{term}%").chars().collect();
        let contains = |text: Option<&str>| {
            text.is_some_and(|text| like(&text.to_lowercase().chars().collect::<Vec<_>>(), &term))
        };
        let alias = details.canonical_alias.as_deref().and_then(|alias| alias.split(':').next());
        contains(details.name.as_deref()) || contains(alias) || (id == search.as_str() && filters)
    })
}

/// SQL's `LIKE`.
fn like(text: &[char], pattern: &[char]) -> bool {
    match (text, pattern) {
        (_, []) => text.is_empty(),
        (_, ['%', rest @ ..]) => (0..=text.len()).any(|n| like(&text[n..], rest)),
        ([_, text @ ..], ['_', rest @ ..]) => like(text, rest),
        ([a, text @ ..], [b, rest @ ..]) => a == b && like(text, rest),
        ([], _) => false,
    }
}

/// Numbers from the largest to the smallest, all else from A to Z.
fn by(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => b.as_u64().cmp(&a.as_u64()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

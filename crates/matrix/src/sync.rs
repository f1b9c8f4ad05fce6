//! Reading on from the caller's own cursor. The SDK stores its sync token before anyone has
//! handled the events, so after a crash it alone would skip them: whatever lies between the caller's cursor
//! and the SDK's is read back with `/messages`.

mod elsewhere;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use matrix_sdk::{
    Client, Room, RoomState,
    config::SyncSettings,
    room::MessagesOptions,
    ruma::api::client::filter::{FilterDefinition, LazyLoadOptions},
    store::StateStoreDataKey,
};

use crate::{
    error::SyncError,
    event::TimelineEvent,
    ruma::{OwnedRoomId, UserId},
};

/// How long the homeserver may hold a sync back while nothing happens.
pub const LONG_POLL: Duration = Duration::from_secs(30);
/// How long the homeserver may take for the very first sync: with thousands of rooms it takes minutes. It does not hold
/// that one back, whether or not anything happens.
const FIRST: Duration = Duration::from_mins(10);
/// How far apart two syncs begin at least when the first brought something of other rooms and nothing of the watched one. While
/// a room is flooded every event would end one, and the homeserver, which looks at all rooms each time, would do little else.
const APART: Duration = Duration::from_millis(300);
/// How much of every room's timeline a sync brings: so much that gaps are rare.
const TIMELINE: u32 = 50;
/// Events to a page when reading back.
const PAGE: u32 = 100;

/// What a sync brought.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The cursor behind these events: the next `after`.
    pub next: String,
    /// What happened in the watched room, oldest first, each event once. The account's own are among them.
    pub events: Vec<TimelineEvent>,
    /// An invitation came: see [`Session::invites`](crate::Session::invites).
    pub invites_changed: bool,
    /// What changed in the other rooms that the account is in, or was in until now.
    pub elsewhere: Vec<RoomUpdate>,
    /// Whether this was read back after the account was away, rather than seen as it happened.
    pub is_caught_up: bool,
}

pub use elsewhere::RoomUpdate;

/// Where this session's SDK stands.
#[derive(Default)]
pub(crate) struct Position {
    /// The token that the SDK will sync from; `None` if that is not known for certain.
    token: Option<String>,
    /// When the next sync may begin, if that is not at once.
    not_before: Option<Instant>,
}

pub(crate) async fn sync(
    client: &Client,
    me: &UserId,
    position: &mut Position,
    watch: Option<OwnedRoomId>,
    after: Option<String>,
) -> Result<Batch, SyncError> {
    if let Some(then) = position.not_before {
        tokio::time::sleep_until(then.into()).await;
    }
    let apart = Instant::now() + APART;
    // Taken out, so that an error, or a caller that drops this future half-way, leaves it unknown.
    let start = position.token.take();
    let follows_on = start.is_some() && (after.is_none() || after == start);
    // A known gap is filled at once.
    let timeout = if follows_on { LONG_POLL } else { Duration::ZERO };
    let response = client.sync_once(settings(client, timeout).await).await?;
    let next = response.next_batch;
    position.token = Some(next.clone());

    let is_of_others = response.rooms.joined.keys().any(|room| Some(room) != watch.as_ref());
    let elsewhere = match (watch.as_deref(), &after) {
        (None, _) | (_, None) => Vec::new(),
        (Some(watch), Some(_)) if follows_on => elsewhere::of_update(&response.rooms, watch, me),
        (Some(watch), Some(after)) => elsewhere::since(client, watch, after, me).await?,
    };
    let room = watch.and_then(|id| client.get_room(&id)).filter(|room| room.state() == RoomState::Joined);
    let events = match (room, after) {
        (Some(room), Some(after)) => {
            let timeline = response.rooms.joined.get(room.room_id()).map(|update| &update.timeline);
            match timeline {
                None if follows_on => Vec::new(),
                Some(timeline) if follows_on && !timeline.limited => {
                    let newest_first = timeline.events.iter().rev().filter_map(TimelineEvent::read);
                    oldest_first(newest_first.take_while(|event| !event.is_join_of(me)).collect())
                }
                _ => between(&room, me, &after, &next).await?,
            }
        }
        _ => Vec::new(),
    };
    position.not_before = (events.is_empty() && is_of_others).then_some(apart);
    Ok(Batch {
        next,
        events,
        invites_changed: !response.rooms.invited.is_empty(),
        elsewhere,
        is_caught_up: !follows_on,
    })
}

/// Everything in the room between two sync tokens, since the account's own join.
///
/// Backwards, because the homeserver orders pages by the room's graph, and only the token to stop at stays
/// in force on every page: forwards, a second page would bring events from before `after`.
async fn between(
    room: &Room,
    me: &UserId,
    after: &str,
    next: &str,
) -> Result<Vec<TimelineEvent>, matrix_sdk::Error> {
    let mut newest_first = Vec::new();
    let mut from = next.to_owned();
    'pages: loop {
        let mut options = MessagesOptions::backward().from(&*from);
        options.to = Some(after.to_owned());
        options.limit = PAGE.into();
        let page = room.messages(options).await?;
        for event in page.chunk.iter().filter_map(TimelineEvent::read) {
            if event.is_join_of(me) {
                break 'pages;
            }
            newest_first.push(event);
        }
        // An empty page is not the last one: the homeserver takes out what the account may not see.
        match page.end {
            Some(end) if end != from => from = end,
            _ => break,
        }
    }
    Ok(oldest_first(newest_first))
}

fn oldest_first(newest_first: Vec<TimelineEvent>) -> Vec<TimelineEvent> {
    let mut seen = HashSet::new();
    newest_first
        .into_iter()
        .rev()
        .filter(|event| event.id().is_none_or(|id| seen.insert(id.to_owned())))
        .collect()
}

/// Every sync is made alike: the SDK takes what the first one brings for the whole state. Of the timelines that one brings
/// next to nothing, because what was before is not news; the bot's own gaps are read back from its cursor.
pub(crate) async fn settings(client: &Client, timeout: Duration) -> SyncSettings {
    let (limit, timeout) = match client.state_store().get_kv_data(StateStoreDataKey::SyncToken).await {
        Ok(None) => (1, FIRST),
        // What cannot be read now is told by the sync itself.
        Ok(Some(_)) | Err(_) => (TIMELINE, timeout),
    };
    let mut filter = filter();
    filter.room.timeline.limit = Some(limit.into());
    SyncSettings::new().filter(filter.into()).timeout(timeout)
}

/// Members when they speak (or when asked for), and none of presence, typing and receipts.
fn filter() -> FilterDefinition {
    let lazy = LazyLoadOptions::Enabled { include_redundant_members: false };
    let mut filter = FilterDefinition::default();
    filter.presence.types = Some(Vec::new());
    filter.room.ephemeral.types = Some(Vec::new());
    filter.room.state.lazy_load_options = lazy;
    filter.room.timeline.lazy_load_options = lazy;
    filter
}

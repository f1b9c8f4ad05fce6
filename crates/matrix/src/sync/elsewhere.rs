//! What changes in rooms other than the one that is read: their state events, as a sync brings them.

use std::time::Duration;

use matrix_sdk::{
    Client,
    deserialized_responses::TimelineEvent as SdkEvent,
    ruma::{
        TransactionId,
        api::client::{
            filter::FilterDefinition,
            sync::sync_events::v3::{self, Filter},
        },
        events::AnySyncTimelineEvent,
        presence::PresenceState,
        serde::Raw,
    },
    sync::RoomUpdates,
};
use serde_json::Value;

use crate::{
    event::is_join_of,
    ruma::{OwnedRoomId, RoomId, UserId},
};

/// What changed in a room.
#[derive(Clone, Debug)]
pub struct RoomUpdate {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Its state events, oldest first; none from before the account's own join.
    pub events: Vec<Value>,
    /// The pagination token before the first of them, when more happened since the cursor than a sync brings:
    /// what lies between is to be read with `/messages`, backwards from here.
    pub missing_before: Option<String>,
}

/// From a sync of the SDK that follows on the caller's cursor.
pub(super) fn of_update(updates: &RoomUpdates, but: &RoomId, me: &UserId) -> Vec<RoomUpdate> {
    let joined = updates.joined.iter().map(|(id, room)| (id, &room.timeline));
    let left = updates.left.iter().map(|(id, room)| (id, &room.timeline));
    joined
        .chain(left)
        .filter(|(id, _)| *id != but)
        .filter_map(|(id, timeline)| {
            let events = timeline.events.iter().map(SdkEvent::raw);
            update(id, events, timeline.limited, timeline.prev_batch.as_deref(), me)
        })
        .collect()
}

/// From a sync beside the SDK, since the caller's cursor.
///
/// A sync deletes the to-device messages up to its `since`, so this must never run ahead of the SDK: `since` is a cursor
/// that the SDK's own sync gave, and stored, and nothing goes on from the token that this one gives.
pub(super) async fn since(
    client: &Client,
    but: &RoomId,
    since: &str,
    me: &UserId,
) -> Result<Vec<RoomUpdate>, matrix_sdk::Error> {
    let mut request = v3::Request::new();
    request.since = Some(since.to_owned());
    request.timeout = Some(Duration::ZERO);
    request.set_presence = PresenceState::Offline;
    request.filter = Some(Filter::FilterDefinition(filter(but)));
    let rooms = client.send(request).await?.rooms;
    let joined = rooms.join.iter().map(|(id, room)| (id, &room.timeline));
    let left = rooms.leave.iter().map(|(id, room)| (id, &room.timeline));
    Ok(joined
        .chain(left)
        .filter_map(|(id, timeline)| {
            update(id, timeline.events.iter(), timeline.limited, timeline.prev_batch.as_deref(), me)
        })
        .collect())
}

/// State is wanted, of every type: so what people write is left out by name.
fn filter(but: &RoomId) -> FilterDefinition {
    const WRITTEN: [&str; 6] = [
        "m.room.message",
        "m.room.encrypted",
        "m.room.redaction",
        "m.reaction",
        "m.sticker",
        "m.call.candidates",
    ];
    let mut filter = super::filter();
    filter.account_data.types = Some(Vec::new());
    // Synapse answers a sync that looks like an earlier one with the earlier answer, for two minutes: whoever is killed
    // before it has kept what came, and asks again from the same cursor, would not hear what happened since. So none
    // looks like another.
    filter.account_data.not_types = vec![TransactionId::new().to_string()];
    filter.room.account_data.types = Some(Vec::new());
    filter.room.not_rooms = vec![but.to_owned()];
    filter.room.timeline.not_types = WRITTEN.map(str::to_owned).into();
    filter.room.timeline.limit = Some(100_u32.into());
    filter
}

fn update<'a>(
    room: &RoomId,
    events: impl DoubleEndedIterator<Item = &'a Raw<AnySyncTimelineEvent>>,
    limited: bool,
    prev_batch: Option<&str>,
    me: &UserId,
) -> Option<RoomUpdate> {
    let mut state = Vec::new();
    let mut came_in = false;
    for event in events.rev() {
        let Ok(json) = serde_json::from_str::<Value>(event.json().get()) else { continue };
        if is_join_of(&json, me) {
            came_in = true;
            break;
        }
        if json.get("state_key").is_some_and(Value::is_string) {
            state.push(json);
        }
    }
    state.reverse();
    let missing_before = prev_batch.filter(|_| limited && !came_in).map(str::to_owned);
    (!state.is_empty() || missing_before.is_some()).then(|| RoomUpdate {
        room_id: room.to_owned(),
        events: state,
        missing_before,
    })
}

//! What was said and set in a room: messages, one event's context, one event, state, and the event at a time.
//!
//! `GET /_synapse/admin/v1/rooms/{room_id}/{messages,context,state,timestamp_to_event}` and
//! `GET /_synapse/admin/v1/fetch_event/{event_id}`. All of them see rooms that the caller is not in.
//! Of encrypted rooms they see `m.room.encrypted` events; the admin API cannot decrypt.
//!
//! Events are [`Value`]s, since anybody can send anything as one. `messages`, `context` and `state` give them
//! in an old client format, with `age`, `user_id` and others doubled at top level.

use std::fmt;
use std::num::NonZeroU32;

use ruma::{EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient::{self, Query};
use crate::{Client, Error};

impl Client {
    /// A page of a room's history: `GET /_synapse/admin/v1/rooms/{room_id}/messages` (Synapse 1.68). A room that the
    /// server does not know has an empty page; that is no error.
    pub async fn room_messages(&self, room_id: &RoomId, query: &MessagesQuery) -> Result<Messages, Error> {
        let path = "/_synapse/admin/v1/rooms/{room_id}/messages";
        self.get(path, &[room_id.as_str()]).query(query.query()).answer().await
    }

    /// An event with what came before and after: `GET /_synapse/admin/v1/rooms/{room_id}/context/{event_id}`.
    ///
    /// 404 if the event is not known (`M_NOT_FOUND`) or in another room (`M_UNKNOWN`).
    pub async fn event_context(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        query: &ContextQuery,
    ) -> Result<Context, Error> {
        let path = "/_synapse/admin/v1/rooms/{room_id}/context/{event_id}";
        self.get(path, &[room_id.as_str(), event_id.as_str()]).query(query.query()).answer().await
    }

    /// One event of any room: `GET /_synapse/admin/v1/fetch_event/{event_id}` (Synapse 1.140). 404 if it is not known.
    ///
    /// This is the raw federation event. For some days (`redaction_retention_period`) it still has the content that a
    /// redaction took away: evidence, and not to be shown in public.
    pub async fn fetch_event(&self, event_id: &EventId) -> Result<Value, Error> {
        #[derive(Deserialize)]
        struct Fetched {
            event: Value,
        }
        let fetched = self.get("/_synapse/admin/v1/fetch_event/{event_id}", &[event_id.as_str()]);
        fetched.answer::<Fetched>().await.map(|fetched| fetched.event)
    }

    /// All state events of a room: `GET /_synapse/admin/v1/rooms/{room_id}/state`. They never carry `prev_content`.
    pub async fn room_state(&self, room_id: &RoomId) -> Result<Vec<Value>, Error> {
        self.state(room_id, Query::default()).await
    }

    /// The state events of one type; none, if there are none. Before Synapse 1.123 the server sends them all
    /// and they are filtered here.
    pub async fn room_state_of_type(&self, room_id: &RoomId, event_type: &str) -> Result<Vec<Value>, Error> {
        let mut events = self.state(room_id, Query::default().with("type", Some(event_type))).await?;
        events.retain(|event| event.get("type").and_then(Value::as_str) == Some(event_type));
        Ok(events)
    }

    async fn state(&self, room_id: &RoomId, query: Query) -> Result<Vec<Value>, Error> {
        #[derive(Deserialize)]
        struct State {
            state: Vec<Value>,
        }
        let state = self.get("/_synapse/admin/v1/rooms/{room_id}/state", &[room_id.as_str()]).query(query);
        state.answer::<State>().await.map(|state| state.state)
    }

    /// The first event at or after (forwards) or the last at or before (backwards) a time:
    /// `GET /_synapse/admin/v1/rooms/{room_id}/timestamp_to_event`. 404 if there is none. May ask other servers.
    pub async fn timestamp_to_event(
        &self,
        room_id: &RoomId,
        ts: MilliSecondsSinceUnixEpoch,
        dir: Direction,
    ) -> Result<EventAt, Error> {
        let path = "/_synapse/admin/v1/rooms/{room_id}/timestamp_to_event";
        let query = Query::default().with("ts", Some(ts.get())).with("dir", Some(dir));
        self.get(path, &[room_id.as_str()]).query(query).answer().await
    }
}

/// Which way to go through events or a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// `f`: from old to new; in a list, its normal order.
    #[default]
    Forwards,
    /// `b`: from new to old; in a list, reversed.
    Backwards,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forwards => "f",
            Self::Backwards => "b",
        })
    }
}

/// Which events to give: Matrix's [`RoomEventFilter`][spec] without what the calls have as parameters of their own and
/// what is about threads and relations.
///
/// [spec]: https://spec.matrix.org/latest/client-server-api/#filtering
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventFilter {
    /// Only events of these types (`*` stands for anything).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// No events of these types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_types: Vec<String>,
    /// Only events from these users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub senders: Option<Vec<OwnedUserId>>,
    /// No events from these users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_senders: Vec<OwnedUserId>,
    /// Only events with, or only events without, a `url` in their content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains_url: Option<bool>,
    /// `Some(true)` keeps, of the member events in a context's `state`, only those of the events' senders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lazy_load_members: Option<bool>,
}

impl fmt::Display for EventFilter {
    /// The JSON that goes into the query string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).expect("texts and booleans always have a JSON form"))
    }
}

/// Which part of a room's history to get. The default is the 10 oldest events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessagesQuery {
    /// Where to go on: [`Messages::end`] of the page before. `None` begins at the end that `dir` comes from.
    pub from: Option<String>,
    /// Where to stop.
    pub to: Option<String>,
    /// Backwards gives the newest first.
    pub dir: Direction,
    /// How many at most, 10 if `None`; 1000 is the most that Synapse gives.
    pub limit: Option<NonZeroU32>,
    /// Which events.
    pub filter: Option<EventFilter>,
}

impl MessagesQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from.as_ref())
            .with("to", self.to.as_ref())
            .with("dir", Some(self.dir))
            .with("limit", self.limit)
            .with("filter", self.filter.as_ref())
    }
}

/// A page of a room's history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// The events, in the order asked for.
    #[serde(deserialize_with = "lenient::or_default")]
    pub chunk: Vec<Value>,
    /// Where this page began.
    pub start: Option<String>,
    /// [`MessagesQuery::from`] of the next page. The page with the last event still has it; the empty one
    /// after that has not.
    pub end: Option<String>,
    /// Member events of the senders, when members are loaded lazily.
    #[serde(deserialize_with = "lenient::or_default")]
    pub state: Vec<Value>,
}

/// How much of an event's surroundings to get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextQuery {
    /// How many events before and after together, 10 if `None`. 0 gives the event alone.
    pub limit: Option<u32>,
    /// Which events and which state. It never hides the event asked for.
    pub filter: Option<EventFilter>,
}

impl ContextQuery {
    fn query(&self) -> Query {
        Query::default().with("limit", self.limit).with("filter", self.filter.as_ref())
    }
}

/// An event and its surroundings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The event. Redacted: `content` is empty and `unsigned.redacted_because` tells who and why.
    pub event: Value,
    /// What came before, newest first.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub events_before: Vec<Value>,
    /// What came after, oldest first.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub events_after: Vec<Value>,
    /// The whole room state, members too, unless the filter says otherwise.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub state: Vec<Value>,
    /// [`MessagesQuery::from`] to go on backwards.
    #[serde(default)]
    pub start: Option<String>,
    /// [`MessagesQuery::from`] to go on forwards.
    #[serde(default)]
    pub end: Option<String>,
}

/// The event nearest to a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAt {
    /// The event's ID.
    pub event_id: OwnedEventId,
    /// When its sender's server says it was sent.
    #[serde(default)]
    pub origin_server_ts: Option<MilliSecondsSinceUnixEpoch>,
}

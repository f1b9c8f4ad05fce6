//! What is kept of what was reported, at first sight.

use std::collections::{BTreeSet, HashMap};

use ruma::{EventId, OwnedRoomId, RoomId, UserId};
use serde_json::Value;
use tracing::debug;

use crate::{
    model::{About, Context, Event, Report, RoomDetails, is_local},
    plan::RoomRef,
    ports::{Asked, FORWARDED, Fault, Lookup},
    rules::case::{Author, Evidence},
};

/// How many events are kept on each side of a reported one.
const AROUND: u32 = 3;

/// Whether to wait for what the homeserver does not tell now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is asked again another time.
    Waits,
    /// What it does not tell is left out.
    Ended,
}

/// Looks at what was reported; at each room once.
pub(super) struct Gatherer<'a> {
    lookup: &'a dyn Lookup,
    rooms: HashMap<OwnedRoomId, Option<RoomDetails>>,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(lookup: &'a dyn Lookup) -> Self {
        Self { lookup, rooms: HashMap::new() }
    }

    /// All that is kept of what a report is about. A fault that may pass is an error while it is waited for; what
    /// is gone, or refused, is left out.
    pub(super) async fn gather(&mut self, report: &Report, patience: Patience) -> Result<Evidence, Fault> {
        match &report.about {
            About::Event { room_id, event_id } => {
                // What was forwarded has no number at the server.
                let reported = if report.key.id < FORWARDED {
                    told(self.lookup.reported_event(report.key.id), patience).await?.flatten()
                } else {
                    None
                };
                self.event(reported, report.author.as_deref(), room_id, event_id, patience).await
            }
            About::User { user_id } => {
                let author = Some(self.author(user_id, patience).await?);
                Ok(Evidence { author, ..Evidence::default() })
            }
            About::Room { room_id } => self.room(room_id, patience).await,
        }
    }

    /// The event comes first: it is what can be redacted.
    async fn event(
        &mut self,
        reported: Option<Event>,
        author: Option<&str>,
        room_id: &str,
        event_id: &str,
        patience: Patience,
    ) -> Result<Evidence, Fault> {
        // The number may be another report's by now.
        let is_it = |event: &Event| event.event_id().is_none_or(|id| id == event_id);
        let mut event = reported.filter(is_it);
        let id = <&EventId>::try_from(event_id).ok();
        if let (None, Some(id)) = (&event, id) {
            event = told(self.lookup.original(id), patience).await?.flatten();
        }
        let room = <&RoomId>::try_from(room_id).ok();
        let context = match (room, id) {
            (Some(room), Some(id)) => {
                told(self.lookup.context(room, id, 2 * AROUND), patience).await?.flatten()
            }
            _ => None,
        };
        let evidence = self.room(room_id, patience).await?;
        let (event, evidence) = match context {
            Some(context) => {
                let shown = context.event.clone();
                let event = event.map_or_else(|| shown.clone(), |event| marked(event, &shown));
                (Some(event), with_context(evidence, context))
            }
            None => (event, evidence),
        };
        let event = event.map(|event| identified(event, event_id));
        let sender = event.as_ref().map(Event::sender).filter(|sender| !sender.is_empty());
        let author = match author.or(sender) {
            Some(author) => Some(self.author(author, patience).await?),
            None => None,
        };
        Ok(Evidence { event, author, ..evidence })
    }

    async fn room(&mut self, room_id: &str, patience: Patience) -> Result<Evidence, Fault> {
        let Ok(id) = OwnedRoomId::try_from(room_id) else { return Ok(Evidence::default()) };
        let details = if let Some(details) = self.rooms.get(&id) {
            details.clone()
        } else {
            let details = told(self.lookup.room(&id), patience).await?.flatten();
            self.rooms.insert(id.clone(), details.clone());
            details
        };
        let joined_members = details.as_ref().map(|details| details.joined_members);
        let (name, alias) =
            details.map(|details| (details.name, details.canonical_alias)).unwrap_or_default();
        Ok(Evidence { room: Some(RoomRef { id, name, alias }), joined_members, ..Evidence::default() })
    }

    async fn author(&self, id: &str, patience: Patience) -> Result<Author, Fault> {
        let (is_local, account) = match <&UserId>::try_from(id) {
            Ok(user) if is_local(user, self.lookup.me()) => {
                (Some(true), told(self.lookup.account(user), patience).await?.flatten())
            }
            Ok(_) => (Some(false), None),
            Err(_) => (None, None),
        };
        Ok(Author { id: id.to_owned(), created_at: account.and_then(|account| account.created_at), is_local })
    }
}

/// What would be kept of an event that nobody reported.
pub(crate) async fn evidence_of(
    lookup: &dyn Lookup,
    room: &RoomId,
    event: &EventId,
) -> Result<Evidence, Fault> {
    Gatherer::new(lookup).event(None, None, room.as_str(), event.as_str(), Patience::Waits).await
}

/// An answer; `None` when there is none, and is not waited for.
async fn told<T>(asked: Asked<'_, T>, patience: Patience) -> Result<Option<T>, Fault> {
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if patience == Patience::Waits && may_pass(&fault) => Err(fault),
        Err(fault) => {
            debug!(%fault, "something about a report is not known");
            Ok(None)
        }
    }
}

/// Whether a fault says nothing about what was reported. Without its rights the bot cannot ask about anything.
fn may_pass(fault: &Fault) -> bool {
    fault.is_passing() || matches!(fault, Fault::TokenGone | Fault::NotAdmin)
}

/// The events around it, and the members among whose events it is.
fn with_context(evidence: Evidence, context: Context) -> Evidence {
    let most = AROUND as usize;
    let mut before = context.before;
    before.drain(..before.len().saturating_sub(most));
    let mut after = context.after;
    after.truncate(most);
    let appear: BTreeSet<&str> =
        before.iter().chain([&context.event]).chain(&after).map(Event::sender).collect();
    let is_theirs = |event: &Event| {
        event.kind() == "m.room.member" && event.state_key().is_some_and(|user| appear.contains(user))
    };
    let members = context.state.into_iter().filter(is_theirs).collect();
    Evidence { before, after, members, ..evidence }
}

/// The event as it was kept, with the redaction that the room shows by now.
fn marked(mut event: Event, shown: &Event) -> Event {
    if let (Some(redaction), Some(object)) = (shown.redacted_because(), event.0.as_object_mut()) {
        let unsigned = object.entry("unsigned").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(unsigned) = unsigned.as_object_mut() {
            unsigned.insert("redacted_because".to_owned(), redaction.0);
        }
    }
    event
}

/// The event with its ID, which servers leave out between themselves.
fn identified(mut event: Event, id: &str) -> Event {
    if let Some(object) = event.0.as_object_mut() {
        object.entry("event_id").or_insert_with(|| Value::String(id.to_owned()));
    }
    event
}

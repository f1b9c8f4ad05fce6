//! What a store in memory remembers of watched rooms.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedEventId, OwnedRoomId, RoomId};

use crate::{
    model::Millis,
    ports::{Digest, DigestId, Gap, UNTOLD_AT_ONCE, WatchedEvent, Watching},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// What is known, and when it arrived.
    known: BTreeMap<OwnedEventId, Millis>,
    untold: Vec<WatchedEvent>,
    digests: Vec<Digest>,
    last: DigestId,
    gaps: Vec<Gap>,
    positions: BTreeMap<OwnedRoomId, String>,
}

impl Watch {
    pub(super) fn apply(&mut self, change: Watching) {
        match change {
            Watching::Seen(event) => {
                if !self.known.contains_key(&event.event_id) {
                    self.known.insert(event.event_id.clone(), event.received_at);
                    self.untold.push(event);
                }
            }
            Watching::Unwanted(events) => self.untold.retain(|event| !events.contains(&event.event_id)),
            Watching::Gap(gap) => self.gaps.push(gap),
            Watching::Filled(gap) => self.gaps.retain(|other| *other != gap),
            Watching::Position { room_id, token } => drop(self.positions.insert(room_id, token)),
            Watching::Digest(mut new) => {
                self.last = self.last.max(new.id);
                self.untold.retain(|event| !new.events.iter().any(|told| told.event_id == event.event_id));
                match self.digests.iter_mut().find(|digest| digest.id == new.id) {
                    Some(digest) => digest.events.append(&mut new.events),
                    None => self.digests.push(new),
                }
            }
            Watching::Closed(id) => self.digests.retain(|digest| digest.id != id),
        }
    }

    /// The management room is another one: what was begun there does not grow; what did not reach it, by what `is_sent`
    /// says of a digest, is told in the new one.
    pub(super) fn moved(&mut self, is_sent: impl Fn(DigestId) -> bool) {
        let unsent = self.digests.drain(..).filter(|digest| !is_sent(digest.id));
        let unsent: Vec<WatchedEvent> = unsent.flat_map(|digest| digest.events).collect();
        self.untold.splice(..0, unsent);
    }

    /// Forgets what arrived before a time and was told.
    pub(super) fn forget(&mut self, before: Millis) {
        let digests = self.digests.iter().flat_map(|digest| &digest.events);
        let waiting: BTreeSet<&OwnedEventId> =
            self.untold.iter().chain(digests).map(|event| &event.event_id).collect();
        self.known.retain(|id, at| *at >= before || waiting.contains(id));
    }

    pub(super) fn untold(&self) -> Vec<WatchedEvent> {
        let has_gap = |event: &&WatchedEvent| self.gaps.iter().any(|gap| gap.room_id == event.room_id);
        self.untold.iter().filter(|event| !has_gap(event)).take(UNTOLD_AT_ONCE).cloned().collect()
    }

    pub(super) fn open_digests(&self) -> Vec<Digest> {
        self.digests.clone()
    }

    pub(super) fn next_digest_id(&self) -> DigestId {
        self.last + 1
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.gaps.clone()
    }

    pub(super) fn position(&self, room: &RoomId) -> Option<String> {
        self.positions.get(room).cloned()
    }
}

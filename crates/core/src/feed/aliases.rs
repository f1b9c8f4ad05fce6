//! Where the aliases of the configuration lead. They are looked up now and then, beside everything else: one whose server
//! does not answer keeps only that waiting which may be of its room.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use ruma::{OwnedRoomAliasId, OwnedRoomId};
use tracing::{debug, warn};

use super::{is_within, knowledge::MOMENT, readings::Readings};
use crate::{
    model::Millis,
    ports::{Clock, Fault, Lookup},
    rules::feed::{Feed, Level, Resolved},
    text::target::RoomTarget,
};

/// For how long an alias is not looked up again.
const KEPT: Millis = 10 * 60_000;
/// For how long it is not when it could not be.
const RETRIED: Millis = 60_000;
/// For how long what may be of its room is not told because an alias cannot be looked up, although our own server answers:
/// its server may be gone for good.
const WAITED_FOR: Millis = 2 * 60_000;

/// What is known of the aliases.
#[derive(Default)]
pub(super) struct Aliases {
    /// Where they lead, if anywhere; without those that are waited for.
    rooms: BTreeMap<OwnedRoomAliasId, Option<OwnedRoomId>>,
    /// When each was looked up, and for how long that counts.
    looked_up: HashMap<OwnedRoomAliasId, (Millis, Millis)>,
    /// Since when those are looked up that are waited for.
    since: HashMap<OwnedRoomAliasId, Millis>,
    readings: Readings<OwnedRoomAliasId, Result<Option<OwnedRoomId>, Unread>>,
}

/// That an alias cannot be looked up now.
struct Unread {
    fault: Fault,
    /// Whether our own server answers: then it is the alias's that does not.
    is_here: bool,
}

impl Aliases {
    /// Where they lead. They are looked up again now and then, for an alias can be given to another room; until that
    /// succeeds, what was known counts. What is slow is waited for a moment, and then read on with the next calls.
    pub(super) async fn resolve(
        &mut self,
        lookup: &Arc<dyn Lookup>,
        clock: &dyn Clock,
        feed: &Feed,
    ) -> Resolved {
        self.read(lookup, clock, feed).await;
        let mut resolved = Resolved::default();
        for (alias, level) in named(feed) {
            match self.rooms.get(alias) {
                Some(Some(room)) => {
                    resolved.rooms.insert(room.clone(), level);
                }
                Some(None) => {}
                None => resolved.unknown.push(level),
            }
        }
        resolved
    }

    async fn read(&mut self, lookup: &Arc<dyn Lookup>, clock: &dyn Clock, feed: &Feed) {
        let now = clock.now();
        // Only what is new is worth a moment: the feed waits here each time.
        let mut patience: BoxFuture<'static, ()> = ready(()).boxed();
        for (alias, _) in named(feed) {
            let is_due = self.looked_up.get(alias).is_none_or(|(at, kept)| !is_within(*kept, *at, now));
            if is_due && !self.readings.is_under_way(alias) {
                if !self.rooms.contains_key(alias) {
                    self.since.entry(alias.clone()).or_insert(now);
                }
                self.readings.begin(alias.clone(), look_up(lookup.clone(), alias.clone()));
                patience = clock.sleep(MOMENT);
            }
        }
        while self.readings.len() > 0
            && let Some((alias, read)) = self.readings.next_before(&mut patience).await
        {
            self.learn(alias, read, now);
        }
    }

    fn learn(&mut self, alias: OwnedRoomAliasId, read: Result<Option<OwnedRoomId>, Unread>, now: Millis) {
        let (room, kept) = match read {
            Err(Unread { fault, is_here }) => {
                debug!(%alias, %fault, "cannot resolve a room of the feed yet");
                let known = self.rooms.remove(&alias);
                let since = self.since.get(&alias).copied().unwrap_or(now);
                if known.is_none() && (!is_here || is_within(WAITED_FOR, since, now)) {
                    return;
                }
                (known.flatten(), RETRIED)
            }
            Ok(room) => {
                if room.is_none() {
                    warn!(%alias, "feed.rooms names a room that I cannot find");
                }
                (room, KEPT)
            }
        };
        self.since.remove(&alias);
        self.looked_up.insert(alias.clone(), (now, kept));
        self.rooms.insert(alias, room);
    }
}

/// Looks one up; it leads nowhere where the server does not want to say.
async fn look_up(lookup: Arc<dyn Lookup>, alias: OwnedRoomAliasId) -> Result<Option<OwnedRoomId>, Unread> {
    match lookup.resolve_alias(&alias).await {
        Err(fault) if fault.is_passing() => {
            Err(Unread { fault, is_here: lookup.joined_rooms().await.is_ok() })
        }
        Err(fault) => {
            warn!(%alias, %fault, "I may not see where an alias of feed.rooms leads");
            Ok(None)
        }
        Ok(room) => Ok(room),
    }
}

/// The rooms that are named by an alias.
fn named(feed: &Feed) -> impl Iterator<Item = (&OwnedRoomAliasId, Level)> {
    feed.rooms.iter().filter_map(|(target, level)| match target {
        RoomTarget::Alias(alias) => Some((alias, *level)),
        RoomTarget::Id(_) => None,
    })
}

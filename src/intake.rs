//! Taking in what happens: every command and reaction of the management room, and every change in a watched one, is in
//! the database, with the sync token behind it, before anything is done about it.

mod upgrade;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gleipnir_core::{
    commands::InForce,
    desk::{Desk, Invitation, NotYet, concerns_us},
    feed::noticed_in_sync,
    model::{Event, Millis},
    ports::{Change, Clock, Gap, InboxEvent, Seen, Store, StoreError},
    ruma::OwnedRoomId,
};
use gleipnir_matrix::{Decryption, Invite, Membership, RoomUpdate, Session, SyncError, TimelineEvent};
use synapse_admin::Client;
use tokio::sync::Notify;
use tracing::{debug, info, warn};

pub(crate) use self::upgrade::Upgrade;
use self::upgrade::{Schedule, Step};
use crate::{
    clock::WallClock,
    event_loop::Over,
    management::{homeservers, read_up_to, was_read_up_to},
    outages::Outages,
    store::SqliteStore,
};

/// A cursor is written at least so often while nothing concerns us: reading on from an old one is cheap.
const KEEP_EVERY: Millis = 60_000;

/// How often is asked whether the bot is in the room at least: no sync tells of a room that was deleted.
const LOOK_EVERY: Millis = 60_000;

/// How many messages are tried to be decrypted again before anything else is handled.
const AT_ONCE: usize = 5;

/// How the work in a management room ended.
pub(crate) enum Gone {
    /// The bot is not in it any more.
    Out,
    /// The bot has followed it to another room.
    Upgraded(Upgrade),
}

pub(crate) struct Intake {
    pub(crate) session: Session,
    pub(crate) admin: Client,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) room: OwnedRoomId,
    /// What is told of watched rooms, and which reactions mean something.
    pub(crate) settings: InForce,
    /// Wakes the desk.
    pub(crate) received: Arc<Notify>,
    /// Wakes the feed.
    pub(crate) noticed: Arc<Notify>,
    /// Since when the homeserver does not answer.
    pub(crate) outages: Arc<Outages>,
}

impl Intake {
    /// Takes events in until the bot is no longer in the room, or can no longer sync.
    pub(crate) async fn run(&self) -> Result<Gone, Over> {
        let mut after = was_read_up_to(&*self.store, &self.room)?;
        let (mut kept_at, mut looked_at) = (0, 0);
        let mut invites_changed = true;
        let mut following = Schedule::new(Instant::now());
        loop {
            if invites_changed {
                match self.answer_invites().await {
                    Ok(()) => invites_changed = false,
                    Err(error) => warn!(%error, "cannot answer an invitation yet"),
                }
            }
            let batch = match self.session.sync(Some(self.room.clone()), after.clone()).await {
                Ok(batch) => batch,
                Err(error) => {
                    // The SDK may have taken an invitation in all the same.
                    invites_changed = true;
                    let Some(error) = homeservers(error, self.store.disk()).await? else { continue };
                    // Who is out of a room is refused its history.
                    if matches!(error, SyncError::Other(_)) && self.is_out().await {
                        return Ok(Gone::Out);
                    }
                    tokio::time::sleep(self.outages.failed(error, WallClock.now())).await;
                    continue;
                }
            };
            self.outages.answered(WallClock.now());
            self.outages.synced(Instant::now());
            self.store.disk().session_works();
            invites_changed |= batch.invites_changed;
            let now = WallClock.now();
            let seen = if batch.is_caught_up { Seen::Later } else { Seen::Live };
            let mut changes: Vec<Change> = batch
                .events
                .iter()
                .filter_map(|event| self.received(event, now))
                .map(Change::Received)
                .collect();
            for update in batch.elsewhere {
                changes.extend(self.noticed(update, after.as_deref(), seen, now));
            }
            let is_time = now - kept_at > KEEP_EVERY;
            if !changes.is_empty() || after.is_none() || is_time {
                changes.push(read_up_to(&self.room, &batch.next));
                // What cannot be written down is not received: the same cursor brings it again.
                if let Err(error) = self.store.commit(changes) {
                    debug!(%error, "cannot take in what happened; trying again");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    continue;
                }
                kept_at = now;
                self.received.notify_one();
                self.noticed.notify_one();
            }
            let since = after.replace(batch.next.clone()).unwrap_or(batch.next);
            self.tell_of_outages();
            let is_in = self.session.membership(&self.room) == Membership::Joined;
            let is_due = now - looked_at > LOOK_EVERY;
            if is_due {
                looked_at = now;
            }
            if (!is_in || is_due) && self.is_out().await {
                return Ok(Gone::Out);
            }
            if !is_in {
                warn!(room = %self.room, "I am no longer in the management room");
                return Ok(Gone::Out);
            }
            if batch.events.iter().any(|event| event.json["type"] == "m.room.tombstone")
                || (invites_changed && following.is_waiting())
            {
                following.at_once(Instant::now());
            }
            if following.is_due(Instant::now()) {
                match self.follow().await? {
                    Step::Stay => following.is_over(),
                    Step::Later(why) => {
                        if following.put_off(&why, Instant::now()) {
                            warn!(room = %self.room, "{why}");
                        }
                    }
                    Step::To(to) => {
                        return Ok(Gone::Upgraded(Upgrade { from: self.room.clone(), to, since }));
                    }
                }
            }
        }
    }

    /// Says for how long the homeserver was away, now that what happened meanwhile is known.
    fn tell_of_outages(&self) {
        for outage in self.outages.take() {
            if let Err(error) = self.desk.announce(&outage.key(), &outage.reply()) {
                debug!(%error, "cannot write down that the homeserver was away");
            }
        }
    }

    /// Whether the homeserver says that the bot is not in the room.
    async fn is_out(&self) -> bool {
        let how = match self.session.membership_now(&self.room).await {
            Ok(Membership::Joined) | Err(_) => return false,
            Ok(Membership::Banned) => "I was banned from the management room",
            Ok(Membership::Invited | Membership::Left | Membership::Unknown) => {
                "I am no longer in the management room"
            }
        };
        warn!(room = %self.room, "{how}");
        true
    }

    fn received(&self, event: &TimelineEvent, now: Millis) -> Option<InboxEvent> {
        if !concerns_us(&event.json, self.session.user_id(), &self.settings.now()) {
            return None;
        }
        let event_id = Event(event.json.clone()).event_id()?.to_owned();
        if let Decryption::Undecryptable { reason } = &event.decryption {
            warn!(event = %event_id, reason, "cannot decrypt a message yet");
        }
        Some(InboxEvent { event_id, json: event.json.clone(), received_at: now })
    }

    /// What changed in a watched room, and what the sync left out.
    fn noticed(&self, update: RoomUpdate, after: Option<&str>, seen: Seen, now: Millis) -> Vec<Change> {
        let RoomUpdate { room_id, events, missing_before } = update;
        let missing = missing_before.zip(after).map(|(from, to)| Gap {
            room_id: room_id.clone(),
            from,
            to: to.to_owned(),
            seen,
        });
        noticed_in_sync(&self.settings.now().feed, &room_id, events, missing, seen, now)
    }

    /// Invitations to other rooms. One that cannot be answered yet holds no other up.
    async fn answer_invites(&self) -> Result<(), NotYet> {
        let mut answered = Ok(());
        for Invite { room_id, inviter, event_id } in self.session.invites().await {
            let answer = self.desk.invited(&Invitation { room_id, inviter, event_id }).await;
            answered = answered.and(answer);
        }
        answered
    }

    /// Tries once more to decrypt what could not be decrypted.
    pub(crate) async fn decrypt_again(&self) -> Result<(), StoreError> {
        let encrypted = |event: &InboxEvent| Event(event.json.clone()).kind() == "m.room.encrypted";
        for event in self.store.unhandled()?.into_iter().filter(encrypted).take(AT_ONCE) {
            match self.session.fetch(&self.room, &event.event_id).await {
                Ok(TimelineEvent { json, decryption: Decryption::Decrypted | Decryption::Clear }) => {
                    info!(event = %event.event_id, "decrypted a message late");
                    self.store.commit(vec![Change::Decrypted { event_id: event.event_id, json }])?;
                    self.received.notify_one();
                }
                Ok(_) => {}
                // Tried again in a moment: while the homeserver is away that is said once, by who syncs.
                Err(error) => debug!(event = %event.event_id, %error, "cannot fetch a message to decrypt it"),
            }
        }
        Ok(())
    }
}

//! Taking in what happens in the management room: every command and reaction is in the database, with the sync token
//! behind it, before anything is done about it.

use std::sync::Arc;

use gleipnir_core::{
    desk::{Desk, concerns_us},
    model::{Event, Millis},
    ports::{Change, Clock, InboxEvent, Store, StoreError},
    reply::{Line, Reply},
    ruma::OwnedRoomId,
};
use gleipnir_matrix::{Decryption, Membership, Session, SyncError, TimelineEvent};
use tokio::sync::Notify;
use tracing::{error, info, warn};

use crate::{
    clock::WallClock,
    event_loop::Ended,
    management::{Backoff, read_up_to, was_read_up_to},
};

/// A cursor is written at least so often while nothing concerns us: reading on from an old one is cheap.
const KEEP_EVERY: Millis = 60_000;

/// How many messages are tried to be decrypted again before anything else is handled.
const AT_ONCE: usize = 5;

pub(crate) struct Intake {
    pub(crate) session: Session,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) room: OwnedRoomId,
    /// Wakes the desk.
    pub(crate) received: Arc<Notify>,
}

impl Intake {
    /// Takes events in until the bot is no longer in the room, or can no longer sync.
    pub(crate) async fn run(&self) -> Result<(), Ended> {
        let mut after = was_read_up_to(&*self.store, &self.room)?;
        let mut kept_at = 0;
        let mut backoff = Backoff::default();
        let mut invites_changed = true;
        loop {
            if invites_changed {
                match self.report_invites().await {
                    Ok(()) => invites_changed = false,
                    Err(error) => error!(%error, "cannot write down an invitation"),
                }
            }
            let batch = match self.session.sync(Some(self.room.clone()), after.clone()).await {
                Ok(batch) => batch,
                Err(SyncError::TokenGone { .. }) => return Err(Ended::token_gone()),
                Err(error) => {
                    // The SDK may have taken an invitation in all the same.
                    invites_changed = true;
                    backoff.after(error).await;
                    continue;
                }
            };
            backoff.reset();
            invites_changed |= batch.invites_changed;
            let now = WallClock.now();
            let mut changes: Vec<Change> = batch
                .events
                .iter()
                .filter_map(|event| self.received(event, now))
                .map(Change::Received)
                .collect();
            if !changes.is_empty() || after.is_none() || now - kept_at > KEEP_EVERY {
                changes.push(read_up_to(&self.room, &batch.next));
                // What cannot be written down is not received: the same cursor brings it again.
                if let Err(error) = self.store.commit(changes) {
                    error!(%error, "cannot take in what happened; trying again");
                    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
                    continue;
                }
                kept_at = now;
                self.received.notify_one();
            }
            after = Some(batch.next);
            if self.session.membership(&self.room) != Membership::Joined {
                warn!(room = %self.room, "I am no longer in the management room");
                return Ok(());
            }
        }
    }

    fn received(&self, event: &TimelineEvent, now: Millis) -> Option<InboxEvent> {
        if !concerns_us(&event.json, self.session.user_id()) {
            return None;
        }
        let event_id = Event(event.json.clone()).event_id()?.to_owned();
        if let Decryption::Undecryptable { reason } = &event.decryption {
            warn!(event = %event_id, reason, "cannot decrypt a message yet");
        }
        Some(InboxEvent { event_id, json: event.json.clone(), received_at: now })
    }

    /// Invitations to other rooms are left alone, and told once.
    async fn report_invites(&self) -> Result<(), StoreError> {
        for invite in self.session.invites().await {
            if invite.room_id == self.room {
                continue;
            }
            let by = invite.inviter.as_ref().map_or("somebody", |by| by.as_str());
            info!(room = %invite.room_id, by, "an invitation is left alone");
            let room =
                gleipnir_core::reply::room_line(invite.room_name.as_deref(), None, invite.room_id.as_str());
            let line = Line::new()
                .code(by)
                .text(" invited me to ")
                .append(room)
                .text(". I leave the invitation alone: I take commands in this room only.");
            self.desk.announce(&format!("invite-{}-{by}", invite.room_id), &Reply::text(line))?;
        }
        Ok(())
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
                Err(error) => warn!(event = %event.event_id, %error, "cannot fetch a message to decrypt it"),
            }
        }
        Ok(())
    }
}

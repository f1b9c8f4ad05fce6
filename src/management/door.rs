//! Getting into the management room, and knowing when there is none any more.

use std::time::Duration;

use anyhow::anyhow;
use gleipnir_core::{
    ruma::{OwnedRoomId, RoomId},
    text::target::RoomTarget,
};
use gleipnir_matrix::{Membership, RequestError, Session};
use serde_json::Value;
use synapse_admin::Client;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::{Arrival, Entered, answered, begin, kept_room, latest, sync, was_read_up_to};
use crate::{
    event_loop::{Ended, Over},
    outages::Outages,
    store::SqliteStore,
};

/// How often is looked whether the room that the bot is no longer in is still there.
const LOOK: Duration = Duration::from_secs(5);

/// What the way into the management room takes.
pub(crate) struct Door<'a> {
    pub(crate) session: &'a Session,
    pub(crate) store: &'a SqliteStore,
    pub(crate) admin: &'a Client,
    pub(crate) outages: &'a Outages,
}

impl Door<'_> {
    /// Waits until the bot is in the management room, and says so to `waiting` when it begins to wait. Syncs meanwhile, so
    /// that invitations are seen.
    pub(crate) async fn enter(&self, target: &RoomTarget, waiting: &Notify) -> Result<Entered, Over> {
        let Self { session, store, .. } = self;
        // A token that is not the session's own: the first sync does not wait for something to happen.
        let mut token = Some(String::new());
        // What is waited for, said once.
        let mut said = None;
        let mut wait_for = |what: String| {
            if said.as_ref() != Some(&what) {
                warn!("{what}");
                waiting.notify_one();
                said = Some(what);
            }
        };
        // The room that the bot was in, and is not in now.
        let mut lost: Option<OwnedRoomId> = None;
        loop {
            // What the session remembers of memberships may be old before the first sync.
            let next = tokio::select! {
                next = sync(session, token, self.outages, store.disk()) => next?,
                ended = self.until_gone(target, lost.as_deref()) => return Err(ended.into()),
            };
            let kept = kept_room(*store)?;
            match self.find(target, kept.as_deref()).await? {
                None => {
                    lost = kept;
                    wait_for(format!("there is no room {target} (management.room) yet; waiting for it"));
                }
                Some(room) => match self.membership(&room).await? {
                    Membership::Joined => {
                        if was_read_up_to(*store, &room)?.is_none() {
                            // A new database: it begins here, and what was said before is not for it.
                            begin(*store, &room, &next).await;
                        }
                        if let RoomTarget::Id(named) = target
                            && *named != room
                        {
                            warn!(
                                "the management room {named} was upgraded to {room}: set management.room = \"{room}\". \
                                 With this storage folder {named} leads there for good"
                            );
                        }
                        return Ok(Entered { room, arrival: Arrival::WasThere });
                    }
                    Membership::Invited => {
                        // Kept before the joining: whatever crashes from here on, nothing that is said after it is
                        // missed.
                        begin(*store, &room, &next).await;
                        if self.join(&room).await? {
                            return Ok(Entered { room, arrival: Arrival::JoinedNow });
                        }
                    }
                    Membership::Banned => {
                        lost = kept.filter(|kept| *kept == room);
                        let me = session.user_id();
                        let replaced = self.replaced(&room).await?;
                        wait_for(format!(
                            "I am banned from the management room {target}; waiting until {me} is unbanned and invited \
                             there{replaced}"
                        ));
                    }
                    Membership::Left | Membership::Unknown => {
                        lost = kept.filter(|kept| *kept == room);
                        let me = session.user_id();
                        let replaced = self.replaced(&room).await?;
                        wait_for(format!(
                            "waiting for an invitation to the management room {target}: invite {me} there{replaced}"
                        ));
                    }
                },
            }
            token = Some(next);
        }
    }

    /// The room that is meant: the one that the configuration names, or what took its place.
    async fn find(&self, target: &RoomTarget, kept: Option<&RoomId>) -> Result<Option<OwnedRoomId>, Over> {
        let named = match target {
            RoomTarget::Id(room) => room.clone(),
            RoomTarget::Alias(alias) => {
                match answered(self.outages, || self.session.resolve_alias(alias)).await? {
                    Ok(Some(room)) => room,
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(Ended::Failed(error.into()).into()),
                }
            }
        };
        let room = latest(self.store, named)?;
        match (target, kept) {
            // An alias can be taken away and given to another room, by people who are not the operator: it leads to the
            // room that it led to at first, or to what took its place, or the operator says otherwise.
            (RoomTarget::Alias(alias), Some(before)) if *before != room => {
                if self.replacement(before).await?.is_some() {
                    // Homeservers move aliases when they upgrade a room. Its tombstone is followed in there.
                    return Ok(Some(before.to_owned()));
                }
                Err(Ended::Hopeless(anyhow!(
                    "{alias} (management.room) leads to {room} now, and led to {before} before. If that is meant, give the \
                     ID of the new room as management.room"
                ))
                .into())
            }
            _ => Ok(Some(room)),
        }
    }

    /// What a room names as what took its place, as far as the bot may see that: of a room that it is out of, how it was
    /// then.
    async fn replacement(&self, room: &RoomId) -> Result<Option<String>, Over> {
        let tombstone = answered(self.outages, || self.session.state(room, "m.room.tombstone", "")).await?;
        let to = tombstone.ok().flatten().map(|event| event["content"]["replacement_room"].clone());
        Ok(to.as_ref().and_then(Value::as_str).filter(|to| !to.is_empty()).map(str::to_owned))
    }

    /// That a room was replaced while the bot could not follow, and what to do then; nothing if it was not.
    async fn replaced(&self, room: &RoomId) -> Result<String, Over> {
        Ok(match self.replacement(room).await? {
            Some(to) => format!(
                ". {room} names {to:?} as what takes its place. I follow only from inside: if I am wanted there, set \
                 management.room to it"
            ),
            None => String::new(),
        })
    }

    /// Where the bot stands. No sync tells of a room that was deleted while the bot was away, nor why it is out.
    async fn membership(&self, room: &RoomId) -> Result<Membership, Over> {
        let synced = self.session.membership(room);
        if synced == Membership::Invited || synced == Membership::Unknown {
            return Ok(synced);
        }
        Ok(match (synced, answered(self.outages, || self.session.membership_now(room)).await?) {
            // What is joined by now is known with the next sync.
            (Membership::Left | Membership::Banned, Ok(Membership::Joined)) | (_, Err(_)) => synced,
            (_, Ok(now)) => now,
        })
    }

    /// Accepts the invitation; says whether it was still there.
    async fn join(&self, room: &RoomId) -> Result<bool, Over> {
        match answered(self.outages, || self.session.join(room)).await? {
            Ok(()) => {
                info!(%room, "joined the management room");
                Ok(true)
            }
            Err(RequestError::Refused { status, errcode, message }) => {
                warn!(%room, status, errcode, message, "cannot accept the invitation to the management room");
                tokio::time::sleep(Duration::from_secs(5)).await;
                Ok(false)
            }
            Err(error) => Err(Ended::Failed(error.into()).into()),
        }
    }

    /// Returns when nobody can let the bot into a room any more that it was in: the server does not know it, or keeps
    /// its users out of it.
    async fn until_gone(&self, target: &RoomTarget, room: Option<&RoomId>) -> Ended {
        let Some(room) = room else { return std::future::pending().await };
        loop {
            let gone = match self.admin.room_details(room).await {
                Err(error) if error.is_not_found() => {
                    Some("was shut down: the server does not know it any more")
                }
                Ok(_) => match self.admin.block_status(room).await {
                    Ok(status) if status.block => {
                        Some("is shut down: I am out of it, and the server blocks it")
                    }
                    _ => None,
                },
                Err(_) => None,
            };
            if let Some(gone) = gone {
                return Ended::Hopeless(anyhow!(
                    "the management room {room} (management.room is {target}) {gone}. Make a new room, invite {} there, and \
                     set management.room to it. What was confirmed and is not done goes on then",
                    self.session.user_id()
                ));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

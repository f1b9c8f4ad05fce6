//! Getting into the management room: resolve it, wait for the invitation to exactly that room, accept it.

use std::time::Duration;

use gleipnir_core::{
    ports::{Change, Clock, Store, StoreError},
    ruma::{OwnedRoomId, RoomId},
    text::target::RoomTarget,
};
use gleipnir_matrix::{Membership, RequestError, Session, SyncError};
use tracing::{info, warn};

use crate::{clock::WallClock, event_loop::Ended, outages::Outages};

/// A management room that the bot is in.
pub(crate) struct Entered {
    /// Its ID.
    pub(crate) room: OwnedRoomId,
    /// Whether the bot came into it just now.
    pub(crate) arrival: Arrival,
}

/// Whether the bot has just come into the management room.
#[derive(Clone, Copy)]
pub(crate) enum Arrival {
    /// It has.
    JoinedNow,
    /// It was there before it was started.
    WasThere,
}

/// The note up to where a room was read. It names the room: the token of another management room would bring what
/// was never meant as a command.
pub(crate) fn read_up_to(room: &RoomId, token: &str) -> Change {
    Change::Cursor(format!("{room} {token}"))
}

/// Up to where a room was read.
pub(crate) fn was_read_up_to(store: &dyn Store, room: &RoomId) -> Result<Option<String>, StoreError> {
    let kept = store.cursor()?;
    Ok(kept.and_then(|kept| match kept.split_once(' ') {
        // A restored database knows the room only.
        Some((of, token)) if of == room && !token.is_empty() => Some(token.to_owned()),
        _ => None,
    }))
}

/// Beginning to read a room. What waits in another management room is dropped.
fn begin(store: &dyn Store, room: &RoomId, token: &str) -> Result<(), StoreError> {
    let moved = store.cursor()?.is_some_and(|kept| !kept.starts_with(&format!("{room} ")));
    let mut changes = Vec::new();
    if moved {
        info!(%room, "the management room is another one than before");
        changes.push(Change::Moved);
    }
    changes.push(read_up_to(room, token));
    store.commit(changes)
}

/// An alias can be taken away and given to another room, by people who are not the operator: it leads to the room that
/// it led to at first, or the operator says otherwise.
fn check_alias(store: &dyn Store, target: &RoomTarget, room: &RoomId) -> Result<(), Ended> {
    let RoomTarget::Alias(alias) = target else { return Ok(()) };
    match store.cursor()?.as_deref().and_then(|kept| kept.split_once(' ')) {
        Some((before, _)) if before != room => Err(Ended::Hopeless(anyhow::anyhow!(
            "{alias} (management.room) leads to {room} now, and led to {before} before. If that is meant, give the ID \
             of the new room as management.room"
        ))),
        _ => Ok(()),
    }
}

/// Waits until the bot is in the management room. Syncs meanwhile, so that invitations are seen.
pub(crate) async fn enter(
    session: &Session,
    store: &dyn Store,
    target: &RoomTarget,
    outages: &Outages,
) -> Result<Entered, Ended> {
    // A token that is not the session's own: the first sync does not wait for something to happen.
    let mut token = Some(String::new());
    let mut told = false;
    loop {
        // What the session remembers of memberships may be old before the first sync.
        let next = sync(session, token, outages).await?;
        match resolve(session, target, outages).await? {
            None if told => {}
            None => {
                told = true;
                warn!("there is no room {target} (management.room) yet; waiting for it");
            }
            Some(room) => {
                check_alias(store, target, &room)?;
                match session.membership(&room) {
                    Membership::Joined => {
                        if was_read_up_to(store, &room)?.is_none() {
                            // A new database: it begins here, and what was said before is not for it.
                            begin(store, &room, &next)?;
                        }
                        return Ok(Entered { room, arrival: Arrival::WasThere });
                    }
                    Membership::Invited => {
                        // Kept before the joining: whatever crashes from here on, nothing that is said after it is
                        // missed.
                        begin(store, &room, &next)?;
                        if join(session, &room, outages).await? {
                            return Ok(Entered { room, arrival: Arrival::JoinedNow });
                        }
                    }
                    Membership::Left | Membership::Unknown if told => {}
                    Membership::Left | Membership::Unknown => {
                        told = true;
                        let me = session.user_id();
                        warn!("waiting for an invitation to the management room {target}: invite {me} there");
                    }
                }
            }
        }
        token = Some(next);
    }
}

async fn resolve(
    session: &Session,
    target: &RoomTarget,
    outages: &Outages,
) -> Result<Option<OwnedRoomId>, Ended> {
    let alias = match target {
        RoomTarget::Id(room) => return Ok(Some(room.clone())),
        RoomTarget::Alias(alias) => alias,
    };
    loop {
        match session.resolve_alias(alias).await {
            Ok(room) => {
                outages.answered(WallClock.now());
                return Ok(room);
            }
            Err(error) => tokio::time::sleep(outages.failed(request(error)?, WallClock.now())).await,
        }
    }
}

/// Accepts the invitation; says whether it was still there.
async fn join(session: &Session, room: &RoomId, outages: &Outages) -> Result<bool, Ended> {
    loop {
        match session.join(room).await {
            Ok(()) => {
                outages.answered(WallClock.now());
                info!(%room, "joined the management room");
                return Ok(true);
            }
            Err(RequestError::Refused { status, errcode, message }) => {
                warn!(%room, status, errcode, message, "cannot accept the invitation to the management room");
                tokio::time::sleep(Duration::from_secs(5)).await;
                return Ok(false);
            }
            Err(error) => tokio::time::sleep(outages.failed(request(error)?, WallClock.now())).await,
        }
    }
}

async fn sync(session: &Session, token: Option<String>, outages: &Outages) -> Result<String, Ended> {
    loop {
        match session.sync(None, token.clone()).await {
            Ok(batch) => {
                outages.answered(WallClock.now());
                return Ok(batch.next);
            }
            Err(SyncError::TokenGone { .. }) => return Err(Ended::token_gone()),
            Err(error) => tokio::time::sleep(outages.failed(error, WallClock.now())).await,
        }
    }
}

/// An error that is worth another try; or the end.
fn request(error: RequestError) -> Result<RequestError, Ended> {
    match error {
        RequestError::TokenGone => Err(Ended::token_gone()),
        other => Ok(other),
    }
}

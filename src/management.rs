//! Getting into the management room: resolve it, wait for the invitation to exactly that room, accept it.

use std::{pin::Pin, time::Duration};

use gleipnir_core::{
    ports::{Change, Store, StoreError},
    ruma::{OwnedRoomId, RoomId},
    text::target::RoomTarget,
};
use gleipnir_matrix::{Membership, RequestError, Session, SyncError};
use tracing::{info, warn};

use crate::event_loop::Ended;

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
        Some((of, token)) if of == room => Some(token.to_owned()),
        _ => None,
    }))
}

/// Waits until the bot is in the management room. Syncs meanwhile, so that invitations are seen.
pub(crate) async fn enter(
    session: &Session,
    store: &dyn Store,
    target: &RoomTarget,
) -> Result<Entered, Ended> {
    let mut token: Option<String> = None;
    let mut told = false;
    loop {
        if let Some(room) = resolve(session, target).await? {
            match session.membership(&room) {
                Membership::Joined => {
                    if was_read_up_to(store, &room)?.is_none() {
                        // A new database: it begins here, and what was said before is not for it.
                        let token = match token {
                            Some(token) => token,
                            None => sync(session, None).await?,
                        };
                        store.commit(vec![read_up_to(&room, &token)])?;
                    }
                    return Ok(Entered { room, arrival: Arrival::WasThere });
                }
                Membership::Invited => {
                    // Kept before the joining: whatever crashes from here on, nothing that is said after it is missed.
                    if let Some(token) = &token {
                        store.commit(vec![read_up_to(&room, token)])?;
                        if join(session, &room).await? {
                            return Ok(Entered { room, arrival: Arrival::JoinedNow });
                        }
                    }
                }
                // Before the first sync, nothing is known of an invitation.
                Membership::Unknown if token.is_none() => {}
                Membership::Left | Membership::Unknown if told => {}
                Membership::Left | Membership::Unknown => {
                    told = true;
                    warn!(
                        "waiting for an invitation to the management room {target}: invite {} there",
                        session.user_id()
                    );
                }
            }
        } else if !told {
            told = true;
            warn!("there is no room {target} (management.room) yet; waiting for it");
        }
        token = Some(sync(session, token).await?);
    }
}

async fn resolve(session: &Session, target: &RoomTarget) -> Result<Option<OwnedRoomId>, Ended> {
    let alias = match target {
        RoomTarget::Id(room) => return Ok(Some(room.clone())),
        RoomTarget::Alias(alias) => alias,
    };
    let mut pause = Backoff::default();
    loop {
        match session.resolve_alias(alias).await {
            Ok(room) => return Ok(room),
            Err(error) => pause.after(request(error)?).await,
        }
    }
}

/// Accepts the invitation; says whether it was still there.
async fn join(session: &Session, room: &RoomId) -> Result<bool, Ended> {
    let mut pause = Backoff::default();
    loop {
        match session.join(room).await {
            Ok(()) => {
                info!(%room, "joined the management room");
                return Ok(true);
            }
            Err(RequestError::Refused { status, errcode, message }) => {
                warn!(%room, status, errcode, message, "cannot accept the invitation to the management room");
                tokio::time::sleep(Duration::from_secs(5)).await;
                return Ok(false);
            }
            Err(error) => pause.after(request(error)?).await,
        }
    }
}

async fn sync(session: &Session, token: Option<String>) -> Result<String, Ended> {
    let mut pause = Backoff::default();
    loop {
        match session.sync(None, token.clone()).await {
            Ok(batch) => return Ok(batch.next),
            Err(SyncError::TokenGone { .. }) => return Err(Ended::token_gone()),
            Err(error) => pause.after(error).await,
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

/// Pauses that grow while something is away; says in the log when it goes and when it is back.
#[derive(Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Pauses after a failure: half a second at first, 15 seconds at last.
    pub(crate) fn after<'a>(
        &'a mut self,
        error: impl std::fmt::Display + 'a,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        if self.failures == 0 {
            warn!(%error, "the homeserver does not answer; I go on trying");
        }
        let pause = Duration::from_millis(500 << self.failures.min(5)).min(Duration::from_secs(15));
        self.failures += 1;
        Box::pin(tokio::time::sleep(pause))
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        if self.failures > 0 {
            info!(failures = self.failures, "the homeserver answers again");
        }
        self.failures = 0;
    }
}

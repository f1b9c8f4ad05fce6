//! Getting into the management room: resolve it, wait for the invitation to exactly that room, accept it.

mod door;

use std::time::Instant;

use anyhow::anyhow;
use gleipnir_core::{
    ports::{Change, Clock as _, Store, StoreError},
    ruma::{OwnedRoomId, RoomId},
};
use gleipnir_matrix::{RequestError, Session, SyncError};
use tracing::{debug, info};

pub(crate) use self::door::Door;
use crate::{
    clock::WallClock,
    disk::{AGAIN, Disk, until_written},
    event_loop::{Ended, LoggedOut, Over},
    outages::Outages,
};

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

/// The room that was read last: the management room of the latest start.
pub(crate) fn kept_room(store: &dyn Store) -> Result<Option<OwnedRoomId>, StoreError> {
    let kept = store.cursor()?;
    Ok(kept.and_then(|kept| kept.split_once(' ')?.0.try_into().ok()))
}

/// Beginning to read a room, as soon as that can be written down. What waits in another management room is dropped.
async fn begin(store: &dyn Store, room: &RoomId, token: &str) {
    until_written(|| {
        let moved = store.cursor()?.is_some_and(|kept| !kept.starts_with(&format!("{room} ")));
        let mut changes = Vec::new();
        if moved {
            info!(%room, "the management room is another one than before");
            changes.push(Change::Moved);
        }
        changes.push(read_up_to(room, token));
        store.commit(changes)
    })
    .await;
}

/// Where a room's upgrades have led to, as far as they were followed.
pub(crate) fn latest(store: &dyn Store, room: OwnedRoomId) -> Result<OwnedRoomId, StoreError> {
    let (mut latest, mut former) = (room, Vec::new());
    while let Some(next) = store.replaced_by(&latest)?.filter(|next| !former.contains(next)) {
        former.push(std::mem::replace(&mut latest, next));
    }
    Ok(latest)
}

/// A sync that is tried until it works.
pub(crate) async fn sync(
    session: &Session,
    token: Option<String>,
    outages: &Outages,
    disk: &Disk,
) -> Result<String, Over> {
    loop {
        match session.sync(None, token.clone()).await {
            Ok(batch) => {
                outages.answered(WallClock.now());
                outages.synced(Instant::now());
                disk.session_works();
                return Ok(batch.next);
            }
            Err(error) => {
                if let Some(error) = homeservers(error, disk).await? {
                    tokio::time::sleep(outages.failed(error, WallClock.now())).await;
                }
            }
        }
    }
}

/// Sorts out why a sync failed: returns the error if the homeserver does not answer as it should. `None`, after a pause,
/// if the stores in the folder cannot be written now; what the sync brought comes again.
pub(crate) async fn homeservers(error: SyncError, disk: &Disk) -> Result<Option<SyncError>, Over> {
    match error {
        SyncError::Damaged(why) => Err(Over::Ended(Ended::Hopeless(anyhow!(
            "the store in matrix/sdk (storage.path) is damaged: {why}. Move that folder away and start again: with a \
             password I become a new device then"
        )))),
        SyncError::Unwritable(why) => {
            disk.session_fails(&why);
            debug!(why, "cannot write down what a sync brought; trying again");
            tokio::time::sleep(AGAIN).await;
            Ok(None)
        }
        error => match LoggedOut::of_sync(&error) {
            Some(why) => Err(why.into()),
            None => Ok(Some(error)),
        },
    }
}

/// A request that is tried until it is answered, be it with a refusal.
pub(crate) async fn answered<T, F>(
    outages: &Outages,
    request: impl Fn() -> F,
) -> Result<Result<T, RequestError>, Over>
where
    F: Future<Output = Result<T, RequestError>>,
{
    loop {
        match request().await {
            Err(RequestError::TokenGone) => return Err(LoggedOut::Unsaid.into()),
            Err(error @ (RequestError::Away(_) | RequestError::RateLimited { .. })) => {
                tokio::time::sleep(outages.failed(error, WallClock.now())).await;
            }
            answer => {
                outages.answered(WallClock.now());
                return Ok(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Health;

    #[tokio::test]
    async fn what_fails_in_the_folder_is_not_taken_for_the_homeserver() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let away = homeservers(SyncError::Away("gone".into()), &disk).await;
        assert!(matches!(away, Ok(Some(SyncError::Away(_)))), "{away:?}");
        let gone = homeservers(SyncError::Locked, &disk).await;
        assert!(matches!(gone, Err(Over::LoggedOut(LoggedOut::Locked))), "{gone:?}");
        let damaged = homeservers(SyncError::Damaged("malformed".into()), &disk).await;
        assert!(matches!(damaged, Err(Over::Ended(Ended::Hopeless(_)))), "{damaged:?}");
        assert_eq!(*disk.health().borrow(), Health::Good);
        let full = homeservers(SyncError::Unwritable("full".into()), &disk).await;
        assert!(matches!(full, Ok(None)), "{full:?}");
        assert_eq!(*disk.health().borrow(), Health::Unwritable("full".into()));
    }
}

//! Logging in, again and again: a session that the homeserver ended is replaced by a new one in the same process.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use gleipnir_core::ports::{Clock as _, StoreError};
use gleipnir_matrix::{ConnectError, Connected, SyncError};
use tracing::{debug, info, warn};

use super::Ended;
use crate::{
    clock::WallClock,
    config::Config,
    disk::{AGAIN, Disk, until_written},
    outages::Outages,
};

/// Why the work with a session is over.
#[derive(Debug)]
pub(crate) enum Over {
    /// The homeserver no longer lets this session in; why, in words.
    LoggedOut(LoggedOut),
    /// The bot cannot go on.
    Ended(Ended),
    /// Somebody wants it to stop, and what was in hand is done.
    Stopped,
}

/// How the homeserver ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoggedOut {
    /// The access token was revoked.
    Revoked,
    /// The access token has expired; the device is still there.
    Expired,
    /// The account is locked, so that nothing is accepted until it is unlocked.
    Locked,
    /// A request was not accepted that does not say why.
    Unsaid,
}

impl LoggedOut {
    /// `None` if a sync failed for another reason.
    pub(crate) fn of_sync(error: &SyncError) -> Option<Self> {
        match error {
            SyncError::TokenGone { soft_logout: true } => Some(Self::Expired),
            SyncError::TokenGone { soft_logout: false } => Some(Self::Revoked),
            SyncError::Locked => Some(Self::Locked),
            SyncError::Away(_)
            | SyncError::RateLimited { .. }
            | SyncError::Unwritable(_)
            | SyncError::Damaged(_)
            | SyncError::Other(_) => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Revoked => "my access token was revoked",
            Self::Expired => "my access token has expired",
            Self::Locked => "my account is locked",
            Self::Unsaid => "my access token is no longer accepted",
        }
    }
}

impl From<LoggedOut> for Over {
    fn from(why: LoggedOut) -> Self {
        Self::LoggedOut(why)
    }
}

impl From<Ended> for Over {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<StoreError> for Over {
    fn from(error: StoreError) -> Self {
        Self::Ended(error.into())
    }
}

/// A session that ended so soon after its login was thrown out at once.
const AT_ONCE: Duration = Duration::from_mins(1);
/// So many of them within [`WINDOW`] are too many.
const TOO_MANY: usize = 3;
const WINDOW: Duration = Duration::from_mins(10);

/// The sessions that ended at once.
#[derive(Default)]
pub(super) struct Lost(Vec<Instant>);

impl Lost {
    /// Notes that a session ended, which began at a time; the end, if that happened too often.
    pub(super) fn note(&mut self, why: LoggedOut, since: Instant) -> Result<(), Ended> {
        warn!("the homeserver has ended my session: {}; connecting again", why.words());
        self.count(why, since, Instant::now())
    }

    fn count(&mut self, why: LoggedOut, since: Instant, now: Instant) -> Result<(), Ended> {
        self.0.retain(|at| now.duration_since(*at) < WINDOW);
        if why != LoggedOut::Locked && now.duration_since(since) < AT_ONCE {
            self.0.push(now);
        }
        if self.0.len() < TOO_MANY {
            return Ok(());
        }
        Err(Ended::Failed(anyhow!(
            "the homeserver ended my session {} times within {} minutes, each time soon after the login: {}. Look who ends \
             the sessions of my account, or whether the server gives tokens a lifetime of less than a minute",
            self.0.len(),
            WINDOW.as_secs() / 60,
            why.words()
        )))
    }
}

/// How often is looked whether a locked account is unlocked.
const LOCKED: Duration = Duration::from_secs(5);

/// Connects. Waits for a homeserver that is away, for room on the disk, and while the account is locked.
pub(super) async fn connect(config: &Config, outages: &Outages, disk: &Disk) -> Result<Connected, Ended> {
    let settings = gleipnir_matrix::Settings {
        homeserver: config.homeserver.url.clone(),
        user_id: config.homeserver.user_id.clone(),
        login: config.login().map_err(Ended::Hopeless)?,
        folder: config.storage.path.join("matrix"),
        device_name: "Gleipnir".to_owned(),
        recovery: config.recovery().map_err(Ended::Hopeless)?,
    };
    let mut is_locked = false;
    loop {
        // A device whose session cannot be kept is made in vain.
        until_written(|| disk.looks_for_room()).await;
        match gleipnir_matrix::connect(settings.clone()).await {
            Ok(connected) => {
                outages.answered(WallClock.now());
                if is_locked {
                    info!("my account is unlocked");
                }
                return Ok(connected);
            }
            Err(error @ (ConnectError::Unreachable(_) | ConnectError::RateLimited { .. })) => {
                tokio::time::sleep(outages.failed(error, WallClock.now())).await;
            }
            Err(error @ ConnectError::Locked { .. }) => {
                if !is_locked {
                    warn!("{error}; waiting until somebody unlocks it");
                }
                is_locked = true;
                tokio::time::sleep(LOCKED).await;
            }
            Err(ConnectError::Unwritable(why)) => {
                disk.session_fails(&why);
                debug!(why, "cannot keep a session; trying again");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error @ ConnectError::Other(_)) => return Err(Ended::Failed(error.into())),
            Err(error) => return Err(Ended::Hopeless(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_end_at_once_are_counted_and_others_are_not() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut lost = Lost::default();
        let mut note = |why, since, now| lost.count(why, at(since), at(now)).is_err();
        assert!(!note(LoggedOut::Revoked, 0, 59));
        assert!(!note(LoggedOut::Expired, 100, 160), "it lived for a minute");
        assert!(!note(LoggedOut::Locked, 200, 201) && !note(LoggedOut::Locked, 202, 203));
        assert!(!note(LoggedOut::Expired, 300, 310));
        assert!(!note(LoggedOut::Unsaid, 650, 660), "the first is forgotten");
        assert!(note(LoggedOut::Revoked, 661, 662));
    }
}

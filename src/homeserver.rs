//! The homeserver as the core sees it: reads and writes, over Synapse's admin API and the Matrix session.

mod accounts;
mod acting;
mod effects;
mod looking;
mod lookup;
mod model;
mod people;
mod reports;
mod restoring;
mod webhook;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gleipnir_core::{ports::Fault, ruma::OwnedRoomId};
use gleipnir_matrix::{RequestError, Session};
use synapse_admin::{Client, Error};
use tracing::debug;

use self::accounts::Accounts;
pub(crate) use self::{accounts::new_password, webhook::Webhooks};
use crate::mas::Mas;

/// How often a read is tried before its fault is told.
const TRIES: u32 = 3;
/// The longest pause between two tries that nobody would mind waiting for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long it may take at most until a session that is over is replaced: as long as a sync lasts, and a little more.
const SESSION_OVER: Duration = Duration::from_mins(1);

pub(crate) struct Homeserver {
    session: Session,
    admin: Client,
    accounts: Accounts,
    url: String,
    management: OwnedRoomId,
    /// A random word of the database, for transaction IDs: they are the account's, whose database may be made anew.
    instance: String,
    webhooks: Arc<Webhooks>,
    started: Instant,
    place: Place,
}

/// Where the bot works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the management room.
    Inside,
    /// Outside of it: there are no commands, and only what was confirmed goes on.
    Outside,
}

impl Homeserver {
    pub(crate) fn new(
        session: Session,
        admin: Client,
        mas: Option<Arc<Mas>>,
        url: String,
        management: OwnedRoomId,
        instance: String,
        webhooks: Arc<Webhooks>,
    ) -> Self {
        let accounts = Accounts::new(admin.clone(), mas);
        let started = Instant::now();
        Self { session, admin, accounts, url, management, instance, webhooks, started, place: Place::Inside }
    }

    /// Says where the bot works.
    pub(crate) fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Says since when the bot is up, of which this may not be the first session.
    pub(crate) fn up_since(self, started: Instant) -> Self {
        Self { started, ..self }
    }

    /// Says in the log who decides about logins, and whether the bot has access there. The fault, if it has not and should.
    pub(crate) async fn introduce(&self) -> Option<Fault> {
        self.accounts.introduce().await
    }
}

/// Reads, and reads again after a fault that may pass. Nothing that writes comes here.
async fn read<T, F: Future<Output = Result<T, Error>>>(request: impl Fn() -> F) -> Result<T, Fault> {
    let mut tries = 1;
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if error.is_token_gone() {
            // The session is over, and whoever asked ends with it and asks again in the next: an answer about this would
            // be one about nothing.
            tokio::time::sleep(SESSION_OVER).await;
            return Err(Fault::TokenGone);
        }
        let pause = error.rate_limited().flatten().unwrap_or(Duration::from_millis(300) * tries);
        // An answer that was cut, or a page of a proxy, may well be followed by a good one.
        let may_pass = error.is_transient() || matches!(error, Error::BadAnswer { .. });
        if tries >= TRIES || pause > LONGEST_PAUSE || !may_pass || error == Error::Timeout {
            return Err(fault(error));
        }
        debug!(%error, "asking again");
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// A read whose 404 means that there is no such thing.
async fn find<T, F: Future<Output = Result<T, Error>>>(request: impl Fn() -> F) -> Result<Option<T>, Fault> {
    let found = read(|| async {
        match request().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    });
    found.await
}

fn fault(error: Error) -> Fault {
    if error.is_not_admin() {
        return Fault::NotAdmin;
    }
    if error.is_token_gone() {
        return Fault::TokenGone;
    }
    match error {
        Error::Api { status: 429, retry_after, .. } => Fault::RateLimited { retry_after },
        Error::Api { status: status @ 500.., message, .. } => Fault::Broken { status, message },
        Error::Api { status, errcode, message, .. } => Fault::Refused { status, errcode, message },
        Error::NotRouted { status, .. } => Fault::NotRouted { status },
        Error::Timeout => Fault::Timeout,
        Error::Unreachable { cause, .. } => Fault::Away(cause),
        // The page of a proxy that does not reach Synapse, which itself says so of other servers only.
        Error::BadAnswer { status: 502 | 503, what } => Fault::Away(what),
        Error::BadAnswer { status: status @ 500.., what } => Fault::Broken { status, message: what },
        Error::BadAnswer { what, .. } => Fault::BadAnswer(what),
        Error::Misconfigured(what) => Fault::Away(what),
    }
}

fn request_fault(error: RequestError) -> Fault {
    match error {
        RequestError::RateLimited { retry_after } => Fault::RateLimited { retry_after },
        RequestError::Away(why) => Fault::Away(why),
        RequestError::TokenGone => Fault::TokenGone,
        RequestError::Refused { status, errcode, message } => Fault::Refused { status, errcode, message },
        RequestError::Other(why) => Fault::BadAnswer(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_page_is_not_what_synapse_says_of_another_server() {
        let page = |status| fault(Error::BadAnswer { status, what: "<html>".into() });
        for status in [502, 503] {
            assert!(matches!(page(status), Fault::Away(_)), "{status}");
        }
        // A proxy that did not wait for Synapse: what was asked may still happen.
        assert!(matches!(page(504), Fault::Broken { status: 504, .. }));
        let said = Error::Api {
            status: 502,
            errcode: "M_UNKNOWN".into(),
            message: "Can't connect to server".into(),
            retry_after: None,
        };
        assert!(matches!(fault(said), Fault::Broken { status: 502, .. }));
    }
}

//! Local accounts, wherever it is decided about them: by Synapse, by Matrix Authentication Service, or by another homeserver
//! as the specification says (MSC4323).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gleipnir_core::{
    model::{Account, Authentication, Device, Erase, Identity, Owner, Password, Sanction, Sessions, Switch},
    ports::Fault,
    ruma::{ServerName, UserId},
};
use rand::seq::IndexedRandom as _;
use synapse_admin::{Client, Error, LogoutDevices};
use tokio::sync::Mutex;
use tracing::{info, warn};

use self::trouble::Trouble;
use super::{
    fault, find,
    model::{account, millis},
    read,
};
use crate::mas::{self, Kind, Login, Mas};

#[cfg(test)]
mod tests;
mod trouble;

/// How long a password is: more than 130 bits.
const PASSWORD_LENGTH: usize = 24;
/// What passwords are made of: nothing that looks like something else when it is copied by hand.
const PASSWORD_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
/// How long it is remembered who decides about logins.
const REMEMBERED: Duration = Duration::from_hours(1);
/// How long the homeserver may take to follow a deactivation at the service, and how often it is asked.
const FOLLOWS: (u32, Duration) = (30, Duration::from_millis(500));
/// What a session that is no device is called.
const BROWSER: &str = "browser at the login pages";

/// The accounts of this server.
pub(super) struct Accounts {
    admin: Client,
    mas: Option<Arc<Mas>>,
    /// Whether some service decides about logins, and when that was asked.
    delegated: Mutex<Option<(Instant, bool)>>,
    trouble: Mutex<Trouble>,
}

/// An account at Matrix Authentication Service.
struct There<'a> {
    mas: &'a Mas,
    account: mas::Account,
}

impl Accounts {
    pub(super) fn new(admin: Client, mas: Option<Arc<Mas>>) -> Self {
        Self { admin, mas, delegated: Mutex::default(), trouble: Mutex::default() }
    }

    /// Who decides about logins. It is asked now and then: what was said before counts for so long.
    async fn authentication(&self, remembered: Duration) -> Result<Authentication, Fault> {
        let mut known = self.delegated.lock().await;
        let delegated = match *known {
            Some((at, delegated)) if at.elapsed() < remembered => delegated,
            _ => {
                let delegated = read(|| self.admin.auth_metadata()).await?.is_some();
                *known = Some((Instant::now(), delegated));
                delegated
            }
        };
        Ok(match (delegated, &self.mas) {
            (false, _) => Authentication::Homeserver,
            (true, Some(_)) => Authentication::Mas,
            (true, None) => Authentication::Elsewhere,
        })
    }

    /// Who decides about logins. A service that the bot should have access to and does not is a fault.
    pub(super) async fn usable_authentication(&self) -> Result<Authentication, Fault> {
        let authentication = self.authentication(REMEMBERED).await?;
        if let (Authentication::Mas, Some(mas)) = (authentication, &self.mas) {
            let checked = mas.check().await;
            self.trouble.lock().await.lasts(checked.as_ref().err(), Instant::now());
            checked?;
        }
        Ok(authentication)
    }

    /// Says in the log who decides about logins, and whether the bot has access there. The fault, if it has not and should.
    pub(super) async fn introduce(&self) -> Option<Fault> {
        match (self.usable_authentication().await, &self.mas) {
            (Ok(Authentication::Mas), mas) => info!(?mas, "Matrix Authentication Service answers"),
            (Ok(Authentication::Homeserver), Some(mas)) => warn!(
                ?mas,
                "[mas] is not used: the homeserver says that it decides about logins itself. Until that is clear, \
                 accounts are not locked, deactivated or given a password"
            ),
            (Ok(Authentication::Elsewhere), _) => warn!(
                "another service decides about logins: without [mas] in the configuration, accounts cannot be locked, \
                 deactivated or given a password"
            ),
            (Ok(_), _) => {}
            (Err(fault), Some(mas)) => {
                warn!(
                    ?mas,
                    "[mas] cannot be used: {fault} Accounts are as the homeserver has them meanwhile, and are not \
                     locked, deactivated or given a password"
                );
                return Some(fault);
            }
            (Err(fault), None) => warn!("cannot find out who decides about logins: {fault}"),
        }
        None
    }

    /// The service, where it decides and the bot has access.
    async fn mas(&self) -> Result<Option<&Mas>, Fault> {
        let Some(mas) = &self.mas else { return Ok(None) };
        Ok((self.authentication(REMEMBERED).await? == Authentication::Mas).then_some(mas))
    }

    /// For reading: the account at the service. Those of appservices are not there.
    async fn there(&self, user: &UserId) -> Result<Option<There<'_>>, Fault> {
        let Some(mas) = self.mas().await? else { return Ok(None) };
        Ok(mas.account(user.localpart()).await?.map(|account| There { mas, account }))
    }

    /// For changing: the account at the service; `None` where Synapse decides. Refused where neither would help.
    async fn decided_there(&self, user: &UserId) -> Result<Option<There<'_>>, Fault> {
        // Anew: what Synapse would accept without effect must not follow from what was so an hour ago.
        match self.authentication(Duration::ZERO).await? {
            Authentication::Homeserver if self.mas.is_some() => Err(refused(
                400,
                "M_UNKNOWN",
                "it says that it decides about logins itself, but [mas] is configured: it is not clear who does. If the \
                 homeserver does, remove [mas]",
            )),
            Authentication::Homeserver => Ok(None),
            Authentication::Mas => self.there(user).await?.map(Some).ok_or_else(|| {
                refused(404, "M_NOT_FOUND", "Matrix Authentication Service does not know this account")
            }),
            Authentication::Elsewhere => Err(refused(
                400,
                "M_UNKNOWN",
                "another service decides about logins here, and what Synapse is told has no effect there; suspend the \
                 account instead, or configure [mas]",
            )),
        }
    }

    /// A local account; `None` when there is none.
    pub(super) async fn account(&self, user: &UserId) -> Result<Option<Account>, Fault> {
        let found = match read(|| self.admin.user(user)).await {
            Err(fault @ Fault::NotRouted { .. }) => return self.by_spec(user, fault).await,
            found => found?.map(account),
        };
        let Some(mut found) = found else { return Ok(None) };
        let there = self.there(user).await;
        let lasts = self.trouble.lock().await.lasts(there.as_ref().err(), Instant::now());
        match there {
            Ok(Some(There { account, .. })) => {
                found.locked = account.locked;
                found.deactivated = account.deactivated;
                // Either: Synapse's flag may be left from before, and whoever set it meant something.
                found.admin |= account.admin;
            }
            Ok(None) => {}
            // What belongs to the homeserver goes on. What belongs to the service is refused when it comes to that.
            Err(fault) if lasts => {
                warn!("an account is taken as the homeserver has it: {fault}");
            }
            Err(fault) => return Err(fault),
        }
        Ok(Some(found))
    }

    /// What the specification has to ask of an account. `missing` is the fault of a server that has neither.
    async fn by_spec(&self, user: &UserId, missing: Fault) -> Result<Option<Account>, Fault> {
        let or_missing =
            |fault| if matches!(fault, Fault::NotRouted { .. }) { missing.clone() } else { fault };
        let suspended = read(|| self.admin.suspended_by_spec(user)).await;
        let locked = read(|| self.admin.locked_by_spec(user)).await;
        let (suspended, locked) = match (suspended, locked) {
            // It may have one of the two only.
            (Err(Fault::NotRouted { .. }), Ok(locked)) => (locked.map(|_| false), locked),
            (Ok(suspended), Err(Fault::NotRouted { .. })) => (suspended, suspended.map(|_| false)),
            (suspended, locked) => (suspended.map_err(or_missing)?, locked?),
        };
        Ok(suspended.zip(locked).map(|(suspended, locked)| Account {
            suspended,
            locked,
            ..Account::default()
        }))
    }

    /// Whose account of `server`, which is this one, an identity belongs to. The service keeps e-mail addresses, where it
    /// decides; a homeserver may have old ones.
    pub(super) async fn owner(&self, identity: &Identity, server: &ServerName) -> Result<Owner, Fault> {
        match identity {
            Identity::ThirdParty { medium, address } => {
                if medium == "email"
                    && let Some(mas) = self.mas().await?
                    && let Some(name) = mas.localpart_with(address).await?
                {
                    let owner = UserId::parse_with_server_name(name, server);
                    return owner.map(Some).map_err(|_| {
                        Fault::BadAnswer(
                            "Matrix Authentication Service: an account without a name".to_owned(),
                        )
                    });
                }
                read(|| self.admin.user_by_threepid(medium, address)).await
            }
            Identity::External { provider, id } => {
                read(|| self.admin.user_by_external_id(provider, id)).await
            }
        }
    }

    /// Sanctions a local account, or lifts that.
    pub(super) async fn set_sanction(
        &self,
        user: &UserId,
        sanction: Sanction,
        to: Switch,
    ) -> Result<(), Fault> {
        let switch = match to {
            Switch::On => synapse_admin::Switch::On,
            Switch::Off => synapse_admin::Switch::Off,
        };
        match sanction {
            Sanction::ShadowBan => self.admin.set_shadow_banned(user, switch).await.map_err(fault),
            Sanction::Suspension => match self.admin.set_suspended(user, switch).await {
                Err(missing @ Error::NotRouted { .. }) => {
                    or_else_missing(self.admin.set_suspended_by_spec(user, switch).await, missing)
                }
                done => done.map_err(fault),
            },
            Sanction::Lock => {
                if let Some(There { mas, account }) = self.decided_there(user).await? {
                    return mas.set_locked(&account.id, to).await;
                }
                match self.admin.set_locked(user, switch).await {
                    Err(missing @ Error::NotRouted { .. }) => {
                        or_else_missing(self.admin.set_locked_by_spec(user, switch).await, missing)
                    }
                    done => done.map_err(fault)?.map(drop).ok_or_else(no_account),
                }
            }
        }
    }

    /// What a local account is logged in with: devices, and sessions at the service that are none.
    pub(super) async fn devices(&self, user: &UserId) -> Result<Vec<Device>, Fault> {
        let found = read(|| self.admin.devices(user)).await?;
        // One that only keeps keys is no login.
        let logins = found.into_iter().filter(|device| !device.dehydrated);
        let mut devices: Vec<Device> = logins
            .map(|device| Device {
                id: device.device_id,
                display_name: device.display_name,
                user_agent: device.last_seen_user_agent,
                last_seen_at: device.last_seen_ts.map(millis),
            })
            .collect();
        let Some(There { mas, account }) = self.there(user).await? else { return Ok(devices) };
        for login in mas.logins(&account.id).await? {
            if login.device.as_ref().is_some_and(|id| devices.iter().any(|device| device.id == *id)) {
                continue;
            }
            let name = login.name.or_else(|| (login.kind == Kind::Browser).then(|| BROWSER.to_owned()));
            devices.push(Device {
                id: login.id,
                display_name: name,
                user_agent: login.user_agent,
                last_seen_at: login.last_active_at,
            });
        }
        Ok(devices)
    }

    /// Ends logins, by their IDs as [`devices`](Self::devices) gives them.
    pub(super) async fn log_out(&self, user: &UserId, ids: &[String]) -> Result<(), Fault> {
        let mut devices = ids.to_vec();
        if let Some(There { mas, account }) = self.there(user).await? {
            let is_meant = |login: &Login| {
                ids.contains(&login.id) || login.device.as_ref().is_some_and(|device| ids.contains(device))
            };
            // There first: a device whose session goes on comes back.
            for login in mas.logins(&account.id).await?.into_iter().filter(is_meant) {
                mas.end(&login).await?;
                devices.retain(|id| *id != login.id);
            }
            if devices.is_empty() {
                return Ok(());
            }
        }
        self.admin.delete_devices(user, &devices).await.map_err(fault)
    }

    /// Deactivates a local account.
    pub(super) async fn deactivate(&self, user: &UserId, erase: Erase) -> Result<(), Fault> {
        let Some(There { mas, account }) = self.decided_there(user).await? else {
            let erase = match erase {
                Erase::Yes => synapse_admin::Erase::Yes,
                Erase::No => synapse_admin::Erase::No,
            };
            return self.admin.deactivate(user, erase).await.map_err(fault);
        };
        mas.deactivate(&account.id, erase).await?;
        // It tells the homeserver in the background. Whoever looks next should find it done.
        let (times, pause) = FOLLOWS;
        for _ in 0..times {
            match find(|| self.admin.user(user)).await {
                Ok(Some(Some(now))) if !now.deactivated || (erase == Erase::Yes && !now.erased) => {}
                // A fault here says nothing of what was done.
                _ => break,
            }
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Brings a deactivated local account back, without a password.
    pub(super) async fn reactivate(&self, user: &UserId) -> Result<(), Fault> {
        if let Some(There { mas, account }) = self.decided_there(user).await? {
            return mas.reactivate(&account.id).await;
        }
        let reactivated = match self.admin.reactivate(user, None).await {
            // Servers of some years ago want a password: one that nobody knows is as good as none.
            Err(Error::Api { status: 400, .. }) => self.admin.reactivate(user, Some(&new_password().0)).await,
            reactivated => reactivated,
        };
        reactivated.map_err(fault)?.map(drop).ok_or_else(no_account)
    }

    /// Gives a local account a password by chance.
    pub(super) async fn reset_password(&self, user: &UserId, sessions: Sessions) -> Result<Password, Fault> {
        let password = new_password();
        let Some(There { mas, account }) = self.decided_there(user).await? else {
            let logout = match sessions {
                Sessions::Ended => LogoutDevices::Yes,
                Sessions::Kept => LogoutDevices::No,
            };
            self.admin.reset_password(user, &password.0, logout).await.map_err(fault)?;
            return Ok(password);
        };
        mas.set_password(&account.id, &password).await?;
        if sessions == Sessions::Ended {
            for login in mas.logins(&account.id).await? {
                mas.end(&login).await?;
            }
        }
        Ok(password)
    }
}

/// What the specification's call gave; the fault of Synapse's own where the server has neither.
fn or_else_missing(done: Result<(), Error>, missing: Error) -> Result<(), Fault> {
    done.map_err(|error| match error {
        Error::NotRouted { .. } => fault(missing),
        error => fault(error),
    })
}

fn refused(status: u16, errcode: &str, message: &str) -> Fault {
    Fault::Refused { status, errcode: errcode.to_owned(), message: message.to_owned() }
}

fn no_account() -> Fault {
    refused(404, "M_NOT_FOUND", "User not found")
}

/// A password by chance.
pub(crate) fn new_password() -> Password {
    let mut rng = rand::rng();
    let letters = (0..PASSWORD_LENGTH).filter_map(|_| PASSWORD_LETTERS.choose(&mut rng));
    Password(letters.map(|letter| char::from(*letter)).collect())
}

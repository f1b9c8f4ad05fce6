//! Matrix Authentication Service's admin API: accounts and their sessions, where it decides about them instead of the
//! homeserver. `https://element-hq.github.io/matrix-authentication-service/topics/admin-api.html`
//!
//! Nothing that writes is tried again, but after a 401, with which nothing was done. No secret is in a log, a fault or a
//! `Debug` output.

mod answer;
mod sessions;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use std::{fmt, time::Duration};

use anyhow::Context as _;
use gleipnir_core::{
    model::{Erase, Password, Switch},
    ports::Fault,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tracing::debug;

pub(crate) use self::sessions::{Kind, Login};
use self::{
    answer::{Answer, NO_ADMIN_API, transport},
    token::Token,
};
use crate::config;

/// How often a read is tried before its fault is told, and the pause in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
const USERS: &str = "/api/admin/v1/users";
const EMAILS: &str = "/api/admin/v1/user-emails";
const VERSION: &str = "/api/admin/v1/version";
/// What the admin API says that it can do (OpenAPI).
const DESCRIPTION: &str = "/api/spec.json";

/// The service, with the client that the configuration names.
pub(crate) struct Mas {
    http: Client,
    url: String,
    client_id: String,
    client_secret: String,
    token: Mutex<Option<Token>>,
}

impl fmt::Debug for Mas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mas")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// An account as the service has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its ID there.
    pub(crate) id: String,
    pub(crate) locked: bool,
    pub(crate) deactivated: bool,
    /// Whether it may ask for the scope of an admin: Synapse's own flag gives no right here.
    pub(crate) admin: bool,
}

impl Mas {
    /// The service of a configuration; no request is made. A request takes `timeout` at most.
    pub(crate) fn new(config: &config::Mas, timeout: Duration) -> anyhow::Result<Self> {
        let http = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .pool_idle_timeout(Duration::from_secs(15))
            // What is redirected would take the token, or the client's secret, somewhere else.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .context("cannot set up HTTP for Matrix Authentication Service")?;
        Ok(Self {
            http,
            url: config.url.trim_end_matches('/').to_owned(),
            client_id: config.client_id.clone(),
            client_secret: config.secret()?,
            token: Mutex::default(),
        })
    }

    /// Whether it answers and lets the client use its admin API.
    pub(crate) async fn check(&self) -> Result<(), Fault> {
        self.read(&format!("{USERS}?page[first]=1&count=false")).await.map(drop)
    }

    /// An account by the part of its ID before the server; `None` without such an account.
    pub(crate) async fn account(&self, localpart: &str) -> Result<Option<Account>, Fault> {
        let path = format!("{USERS}/by-username/{}", utf8_percent_encode(localpart, NON_ALPHANUMERIC));
        match self.read(&path).await {
            Ok(found) => {
                let (data, is_set) = (&found["data"], |time: &Value| !time.is_null());
                let id = data["id"].as_str().ok_or_else(|| answer::nonsense("an account without an ID"))?;
                let attributes = &data["attributes"];
                Ok(Some(Account {
                    id: id.to_owned(),
                    locked: is_set(&attributes["locked_at"]),
                    deactivated: is_set(&attributes["deactivated_at"]),
                    admin: attributes["admin"] == true,
                }))
            }
            Err(Fault::Refused { status: 404, errcode, .. }) if errcode != NO_ADMIN_API => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The part before the server of the ID of the account that has an e-mail address, written in capitals or not.
    pub(crate) async fn localpart_with(&self, address: &str) -> Result<Option<String>, Fault> {
        let address = utf8_percent_encode(address, NON_ALPHANUMERIC);
        let found = self.read(&format!("{EMAILS}?filter[email]={address}&page[first]=1&count=false")).await?;
        let Some(owner) = found["data"][0]["attributes"]["user_id"].as_str() else { return Ok(None) };
        let owner = self.read(&format!("{USERS}/{}", utf8_percent_encode(owner, NON_ALPHANUMERIC))).await?;
        let name = owner["data"]["attributes"]["username"].as_str();
        name.map(|name| Some(name.to_owned())).ok_or_else(|| answer::nonsense("an account without a name"))
    }

    /// Locks an account, or unlocks it. Its sessions stay. What is so already stays so.
    pub(crate) async fn set_locked(&self, id: &str, to: Switch) -> Result<(), Fault> {
        let action = match to {
            Switch::On => "lock",
            Switch::Off => "unlock",
        };
        self.post(&format!("{USERS}/{id}/{action}"), None).await
    }

    /// Deactivates an account, ends its sessions, and has the homeserver do the same, in the background. Refused where
    /// the service would erase though it was not asked to.
    pub(crate) async fn deactivate(&self, id: &str, erase: Erase) -> Result<(), Fault> {
        if erase == Erase::No && !self.can_keep().await? {
            return Err(answer::refused(
                400,
                "it is too old to deactivate an account without erasing it (docs/mas.md). Give --erase if that is \
                 wanted, or update it",
            ));
        }
        // Without a body it has everything erased.
        let body = json!({ "skip_erase": erase == Erase::No });
        self.post(&format!("{USERS}/{id}/deactivate"), Some(&body)).await
    }

    /// Whether it can deactivate without erasing. It ignores what it does not know, so it is asked before.
    async fn can_keep(&self) -> Result<bool, Fault> {
        // What tells its version came later than that.
        match self.read(VERSION).await {
            Err(Fault::Refused { status: 404 | 405, .. }) => {}
            answer => return answer.map(|_| true),
        }
        match self.read(DESCRIPTION).await {
            Ok(found) => {
                Ok(found["components"]["schemas"]["DeactivateUserRequest"]["properties"]["skip_erase"]
                    .is_object())
            }
            Err(Fault::Refused { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Brings a deactivated account back. A lock stays.
    pub(crate) async fn reactivate(&self, id: &str) -> Result<(), Fault> {
        self.post(&format!("{USERS}/{id}/reactivate"), None).await
    }

    /// Gives an account a password. Its sessions stay. Refused (403) where the service has no passwords.
    pub(crate) async fn set_password(&self, id: &str, password: &Password) -> Result<(), Fault> {
        // One by chance is as strong as any check could ask for.
        let body = json!({ "password": password.0, "skip_password_check": true });
        self.post(&format!("{USERS}/{id}/set-password"), Some(&body)).await
    }

    /// Reads, and reads again after a fault that may pass.
    async fn read(&self, path: &str) -> Result<Value, Fault> {
        let mut tries = 1;
        loop {
            match self.request(Method::GET, path, None).await {
                Err(fault @ (Fault::Away(_) | Fault::Broken { .. }))
                    if fault.is_passing() && tries < TRIES =>
                {
                    debug!(%fault, "asking again");
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                answer => return answer?.json(),
            }
        }
    }

    async fn post(&self, path: &str, body: Option<&Value>) -> Result<(), Fault> {
        self.request(Method::POST, path, body).await.map(drop)
    }

    /// One request to the admin API; a second one with another token after a 401.
    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Fault> {
        let token = self.token().await?;
        let answer = self.sent(&method, path, body, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return answer.checked();
        }
        self.forget(&token).await;
        let token = self.token().await?;
        self.sent(&method, path, body, &token).await?.checked()
    }

    async fn sent(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        token: &str,
    ) -> Result<Answer, Fault> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    #[expect(clippy::disallowed_methods, reason = "the one send() to Matrix Authentication Service")]
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Fault> {
        let answer = async {
            let mut answer = request.send().await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            Ok(Answer { status, headers, body: answer.bytes().await? })
        };
        let answer = answer.await.map_err(|error| transport(&error))?;
        debug!(status = answer.status.as_u16(), "Matrix Authentication Service answered");
        Ok(answer)
    }
}

//! The sessions of an account: what it is logged in with. There is no call that ends all of them.

use gleipnir_core::{model::Millis, ports::Fault};
use serde_json::Value;

use super::Mas;

/// How many sessions are asked for at once.
const PAGE: u32 = 100;
/// What of a scope says which device a session is, before and since it was in the specification.
const DEVICE_SCOPES: [&str; 2] =
    ["urn:matrix:client:device:", "urn:matrix:org.matrix.msc2967.client:device:"];

/// What kind of session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A login of a client from before delegated authentication, with a password or an identity provider.
    Compat,
    /// A login of a client.
    OAuth2,
    /// A browser at the service's own pages.
    Browser,
    /// A token that somebody made for the account.
    Personal,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Compat, Self::OAuth2, Self::Browser, Self::Personal];

    fn path(self) -> &'static str {
        match self {
            Self::Compat => "/api/admin/v1/compat-sessions",
            Self::OAuth2 => "/api/admin/v1/oauth2-sessions",
            Self::Browser => "/api/admin/v1/user-sessions",
            Self::Personal => "/api/admin/v1/personal-sessions",
        }
    }

    /// How sessions of an account are asked for. A personal one belongs to whom it acts as, whoever made it.
    fn filter(self) -> &'static str {
        match self {
            Self::Compat | Self::OAuth2 | Self::Browser => "filter[user]",
            Self::Personal => "filter[actor_user]",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Compat | Self::OAuth2 | Self::Browser => "finish",
            Self::Personal => "revoke",
        }
    }
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) kind: Kind,
    /// Its ID at the service.
    pub(crate) id: String,
    /// The device that it is at the homeserver.
    pub(crate) device: Option<String>,
    /// Its name, in somebody's words.
    pub(crate) name: Option<String>,
    /// The program, in its own words.
    pub(crate) user_agent: Option<String>,
    pub(crate) last_active_at: Option<Millis>,
}

impl Mas {
    /// The sessions of an account that have not ended.
    pub(crate) async fn logins(&self, account: &str) -> Result<Vec<Login>, Fault> {
        let mut logins = Vec::new();
        for kind in Kind::ALL {
            match self.logins_of_kind(kind, account).await {
                Ok(found) => logins.extend(found),
                // The service is older than this kind.
                Err(Fault::Refused { status: 404, .. }) if kind == Kind::Personal => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(logins)
    }

    async fn logins_of_kind(&self, kind: Kind, account: &str) -> Result<Vec<Login>, Fault> {
        let first =
            format!("{}?{}={account}&filter[status]=active&page[first]={PAGE}", kind.path(), kind.filter());
        let mut logins: Vec<Login> = Vec::new();
        let mut path = first.clone();
        loop {
            let page = self.read(&path).await?;
            let found: Vec<Login> =
                page["data"].as_array().into_iter().flatten().filter_map(|data| login(kind, data)).collect();
            // The cursor is the last ID, which has to lead on.
            let last = found.last().map(|login| login.id.clone());
            let leads_on = last.as_ref() != logins.last().map(|login| &login.id);
            logins.extend(found);
            match last {
                Some(last) if leads_on && page["links"]["next"].is_string() => {
                    path = format!("{first}&page[after]={last}");
                }
                _ => return Ok(logins),
            }
        }
    }

    /// Ends a session. What has ended already, or is gone, is fine.
    pub(crate) async fn end(&self, login: &Login) -> Result<(), Fault> {
        let ended =
            self.post(&format!("{}/{}/{}", login.kind.path(), login.id, login.kind.end()), None).await;
        match ended {
            Err(Fault::Refused { status: 404 | 409, errcode, .. }) if errcode != super::NO_ADMIN_API => {
                Ok(())
            }
            Err(Fault::Refused { status: 400, message, .. }) if message.contains("already") => Ok(()),
            ended => ended,
        }
    }
}

fn login(kind: Kind, data: &Value) -> Option<Login> {
    let attributes = &data["attributes"];
    let text = |key: &str| attributes[key].as_str().map(str::to_owned);
    let at = |key: &str| attributes[key].as_str()?.parse::<jiff::Timestamp>().ok();
    Some(Login {
        kind,
        id: data["id"].as_str()?.to_owned(),
        device: text("device_id").or_else(|| device(attributes["scope"].as_str()?)),
        name: text("human_name"),
        user_agent: text("user_agent"),
        last_active_at: at("last_active_at").map(jiff::Timestamp::as_millisecond),
    })
}

/// The device that a scope is for.
fn device(scope: &str) -> Option<String> {
    let device =
        |word: &str| DEVICE_SCOPES.iter().find_map(|prefix| word.strip_prefix(prefix).map(str::to_owned));
    scope.split_whitespace().find_map(device)
}

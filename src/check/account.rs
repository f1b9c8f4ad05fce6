//! The bot's account: its login, whether it is a server admin, and whether it is slowed down.
//!
//! A running bot keeps its session, and no device is left behind: the session in the storage folder is asked for who it is;
//! only without one a login is made, which ends with the check.

use gleipnir_core::ruma::UserId;
use gleipnir_matrix::{Login, kept_session};
use synapse_admin::{Client, Error, RateLimit};

use super::{
    Lift, client,
    finding::{Finding, Subject},
    proxy,
    server::Decides,
};
use crate::config::Config;

/// What the device of a check is called, as long as it is there.
const DEVICE: &str = "gleipnir check";
/// Under MAS only a token will do.
const TOKEN_OF_MAS: &str = "With Matrix Authentication Service the bot needs an access token instead of a password: \
                            mas-cli manage issue-compatibility-token … \
                            --yes-i-want-to-grant-synapse-admin-privileges (docs/mas.md).";

/// A session to ask with.
pub(super) struct Session {
    pub(super) client: Client,
    /// The device, if the check made it.
    made: Option<String>,
}

impl Session {
    /// Logs out what the check logged in; the line if that fails.
    pub(super) async fn end(self) -> Option<Finding> {
        let device = self.made?;
        let error = self.client.log_out().await.err()?;
        Some(Subject::Login.warning(
            format!("the device {device} of this check could not be logged out: {error}"),
            "Remove it in the list of the account's sessions.",
        ))
    }
}

/// Whether the bot can log in, as whom it should.
pub(super) async fn log_in(config: &Config, open: &Client, decides: Decides) -> (Finding, Option<Session>) {
    let me = &config.homeserver.user_id;
    let login = match config.login() {
        Ok(login) => login,
        Err(error) => return (Subject::Login.bad(format!("{error:#}"), ""), None),
    };
    let secret = match login {
        Login::Token(token) => return with_token(config, token, decides).await,
        Login::Password(password) => password,
    };
    let kept = kept_session(&config.storage.path.join("matrix")).ok().flatten();
    if let Some(kept) = kept.filter(|kept| kept.user_id == *me)
        && let Ok(client) = client(config, kept.access_token)
        && client.whoami().await.is_ok_and(|owner| owner.user_id == *me)
    {
        let text = format!("{me}, by the session of device {} in the storage folder", kept.device_id);
        return (Subject::Login.good(text), Some(Session { client, made: None }));
    }
    let made = match open.log_in(me, &secret, DEVICE).await {
        Ok(made) => made,
        Err(error) => return (refused(me, "password", &error, decides), None),
    };
    let client = match client(config, made.access_token) {
        Ok(client) => client,
        Err(error) => return (Subject::Login.bad(error.to_string(), ""), None),
    };
    let session = Session { client, made: Some(made.device_id.to_string()) };
    if made.user_id != *me {
        let finding = another(&made.user_id, me, "password");
        // What is to be said is that it is another account.
        drop(session.end().await);
        return (finding, None);
    }
    let text = format!("{me}, by its password (the device of this check is logged out again)");
    (Subject::Login.good(text), Some(session))
}

async fn with_token(config: &Config, token: String, decides: Decides) -> (Finding, Option<Session>) {
    let me = &config.homeserver.user_id;
    let client = match client(config, token) {
        Ok(client) => client,
        Err(error) => return (Subject::Login.bad(error.to_string(), ""), None),
    };
    match client.whoami().await {
        Ok(owner) if owner.user_id != *me => (another(&owner.user_id, me, "access token"), None),
        Ok(owner) => {
            let finding = match owner.device_id {
                Some(device) => Subject::Login.good(format!("{me}, by the access token of device {device}")),
                None => Subject::Login.bad(
                    "the access token has no device, as those that an admin API makes: it cannot take part in encryption",
                    "Configure the password, or the access token of an ordinary login.",
                ),
            };
            (finding, Some(Session { client, made: None }))
        }
        Err(error) => (refused(me, "access token", &error, decides), None),
    }
}

fn another(actual: &UserId, configured: &UserId, secret: &str) -> Finding {
    Subject::Login.bad(
        format!("the {secret} belongs to {actual}, but homeserver.user_id is {configured}"),
        format!("Set homeserver.user_id to {actual}, or configure the {secret} of {configured}."),
    )
}

/// Why there is no login.
fn refused(me: &UserId, secret: &str, error: &Error, decides: Decides) -> Finding {
    let text = format!("the homeserver does not accept the {secret} of {me}: {error}");
    let errcode = match error {
        Error::Api { errcode, .. } => errcode.as_str(),
        _ => "",
    };
    let advice = match (errcode, error) {
        ("M_USER_LOCKED", _) => "Unlock the account; a bot that runs waits for that.",
        ("M_USER_DEACTIVATED", _) => "Reactivate the account, or configure another one.",
        ("M_LIMIT_EXCEEDED", _) => "There were too many logins. Try again in a minute.",
        ("M_UNKNOWN_TOKEN", _) => {
            "It was revoked, or has expired, or its device was logged out. Configure a new one, or the password."
        }
        ("M_FORBIDDEN", _) if secret == "password" => {
            "Configure the password that the account has now (homeserver.password or password_file), or see whether \
             homeserver.user_id is spelled right."
        }
        (_, Error::NotRouted { .. }) if decides == Decides::Elsewhere => TOKEN_OF_MAS,
        (_, Error::NotRouted { .. }) => {
            "See whether the homeserver allows logins with a password (password_config)."
        }
        _ => "Try again; if it stays so, see the log of Synapse.",
    };
    Subject::Login.bad(text, advice)
}

/// Whether the account is a server admin.
pub(super) async fn rights(client: &Client, me: &UserId, software: &str, decides: Decides) -> Finding {
    let subject = Subject::AdminRights;
    match client.user(me).await {
        Ok(Some(_)) => subject.good(format!("{me} is a server admin")),
        Ok(None) => subject.bad(
            format!("the homeserver knows no account {me}"),
            "See whether homeserver.user_id is spelled right.",
        ),
        Err(error) if error.is_not_admin() => subject.bad(
            format!("{me} is not a server admin"),
            match decides {
                Decides::Homeserver => format!(
                    "Have a server admin make it one (docs/setup.md), or set it in Synapse's database: UPDATE users SET \
                     admin = 1 WHERE name = '{me}';"
                ),
                Decides::Elsewhere => {
                    format!("Its access token lacks the scope urn:synapse:admin:*. {TOKEN_OF_MAS}")
                }
            },
        ),
        Err(error) => subject.bad(error.to_string(), proxy::advice(&error, software)),
    }
}

/// Whether the bot is slowed down; lifts that, if asked to.
pub(super) async fn rate_limit(client: &Client, me: &UserId, lift: Lift) -> Finding {
    let subject = Subject::RateLimit;
    let limit = match client.rate_limit(me).await {
        Ok(limit) => limit,
        Err(error) => {
            return subject.bad(error.to_string(), "Try again; if it stays so, see the log of Synapse.");
        }
    };
    match (limit, lift) {
        (Some(RateLimit { messages_per_second: 0, .. }), _) => subject.good(format!("none for {me}")),
        (_, Lift::Now) => match client.set_rate_limit(me, RateLimit::UNLIMITED).await {
            Ok(RateLimit { messages_per_second: 0, .. }) => subject.good(format!("lifted just now for {me}")),
            Ok(_) => subject.bad("it was to be lifted, and is still there", "See the log of Synapse."),
            Err(error) => subject.bad(format!("it could not be lifted: {error}"), "See the log of Synapse."),
        },
        (limit, Lift::Leave) => subject.warning(
            match limit {
                None => format!("that of the server holds for {me}: in a busy moment its answers are late"),
                Some(limit) => format!(
                    "{me} may send {} messages a second, and {} at once: in a busy moment its answers are late",
                    limit.messages_per_second, limit.burst_count
                ),
            },
            "Lift it with: gleipnir check --lift-rate-limit",
        ),
    }
}

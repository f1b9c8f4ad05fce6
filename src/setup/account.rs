//! The bot's account: it is made, or it is there. The session of the set-up is not that of the bot, which makes a device of
//! its own at its first start; so it ends with the set-up, unless it belongs to a token that the bot is to have.

use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use gleipnir_core::ruma::{OwnedUserId, UserId};
use synapse_admin::{Client, Error, LoggedIn, NewAdmin, RateLimit};

use super::{
    files::{Login, Place, SecretFile},
    say,
    wishes::{Access, Secret, Wishes},
};
use crate::{check::proxy, homeserver::new_password};

/// What the device of the set-up is called, as long as it is there.
const DEVICE: &str = "gleipnir setup";
/// What the files with secrets are called, beside the configuration.
const PASSWORD: &str = "gleipnir-password";
const TOKEN: &str = "gleipnir-token";

/// An account with a session.
pub(super) struct Entered {
    pub(super) client: Client,
    pub(super) user: OwnedUserId,
    /// How the bot is to log in.
    pub(super) login: Login,
    session: Session,
    origin: Origin,
}

/// Where an account comes from.
enum Origin {
    /// The set-up made it.
    Made,
    /// It was there.
    There,
}

/// Whose the session is.
enum Session {
    /// The set-up's own.
    OfSetup,
    /// The bot's, by its token.
    OfBot,
}

/// What is known of the homeserver.
pub(super) struct Server {
    /// Without a token.
    pub(super) open: Client,
    pub(super) url: String,
    /// What it, or the proxy before it, calls itself.
    pub(super) software: String,
}

impl Server {
    fn with(&self, token: String) -> Result<Client, Error> {
        Client::new(&self.url, move || token.clone())
    }
}

/// What the homeserver was asked for and has not answered. Whoever breaks that off is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing that stays.
    #[default]
    Nothing,
    /// The account, whose password is in this file.
    Account(PathBuf),
    /// A device.
    Device,
}

impl Asked {
    /// What nobody knows, and what to do about it.
    pub(super) fn words(&self, user: &UserId) -> String {
        match self {
            Self::Nothing => "Nothing was made".to_owned(),
            Self::Account(file) => format!(
                "Nobody knows whether {user} was made. If it was, its password is in {path}: run gleipnir setup again with \
                 --password-file {path}; otherwise remove that file first",
                path = file.display()
            ),
            Self::Device => format!(
                "Nobody knows whether a device “{DEVICE}” was made: remove it in the list of the sessions of {user}, if it is \
                 there"
            ),
        }
    }
}

/// Gets into the account. A secret that is in no file gets one beside the configuration. `asked` is what is not answered yet.
pub(super) async fn enter(
    wishes: &Wishes,
    server: &Server,
    place: &Place,
    asked: &mut Asked,
) -> anyhow::Result<Entered> {
    match &wishes.access {
        Access::Register(shared_secret) => register(&wishes.user, shared_secret, server, place, asked).await,
        Access::Password(secret) => {
            *asked = Asked::Device;
            log_in(&wishes.user, secret, server, place).await
        }
        Access::Token(secret) => use_token(&wishes.user, secret, server, place).await,
    }
}

async fn register(
    user: &UserId,
    shared_secret: &str,
    server: &Server,
    place: &Place,
    asked: &mut Asked,
) -> anyhow::Result<Entered> {
    let password = new_password().0;
    // First the file: a password that nobody knows is worth nothing, whenever the process dies.
    let file = SecretFile::write(place.beside(PASSWORD), &password, "--password-file")?;
    let account = NewAdmin { localpart: user.localpart(), password: &password, shared_secret };
    *asked = Asked::Account(file.path.clone());
    let made = match server.open.register_admin(&account).await {
        Ok(made) => made,
        Err(error) if error.may_have_acted() => bail!("{error}. {}", asked.words(user)),
        Err(error) => {
            file.remove();
            return Err(not_registered(user, &error, &server.software));
        }
    };
    say(&format!(
        "✔ made the account {}, a server admin; its password is in {}",
        made.user_id,
        file.path.display()
    ));
    if made.user_id != *user {
        say(&format!(
            "⚠ this is the server {}, so it is {}, not {user}",
            made.user_id.server_name(),
            made.user_id
        ));
    }
    let LoggedIn { user_id, access_token, .. } = made;
    let client = server.with(access_token)?;
    let login = Login { key: "password_file", file: file.path };
    Ok(Entered { client, user: user_id, login, session: Session::OfSetup, origin: Origin::Made })
}

fn not_registered(user: &UserId, error: &Error, software: &str) -> anyhow::Error {
    match error {
        Error::Api { errcode, .. } if errcode == "M_USER_IN_USE" => anyhow!(
            "there is an account {user} already. If it is the bot's, run gleipnir setup again with --password-file and its \
             password; otherwise give another name with --user"
        ),
        Error::Api { status: 403, .. } => anyhow!(
            "the homeserver does not accept the registration secret ({error}): it has to be registration_shared_secret of \
             its homeserver.yaml. Nothing was made"
        ),
        error => anyhow!(
            "{user} cannot be made: {error}. Nothing was made. {}",
            match error {
                error if proxy::is_in_the_way(error) => proxy::advice(error, software),
                _ => "Or make it otherwise (docs/setup.md), and give --password-file".to_owned(),
            }
        ),
    }
}

async fn log_in(user: &UserId, secret: &Secret, server: &Server, place: &Place) -> anyhow::Result<Entered> {
    let made = server.open.log_in(user, &secret.word, DEVICE).await;
    let made =
        made.map_err(|error| anyhow!("the homeserver does not accept the password of {user}: {error}"))?;
    let client = server.with(made.access_token)?;
    let entered = |file| Entered {
        client: client.clone(),
        user: made.user_id.clone(),
        login: Login { key: "password_file", file },
        session: Session::OfSetup,
        origin: Origin::There,
    };
    match keep(secret, place.beside(PASSWORD), "--password-file") {
        Ok(file) => {
            say(&format!("✔ logged in as {}", made.user_id));
            Ok(entered(file))
        }
        Err(error) => {
            entered(place.beside(PASSWORD)).leave().await;
            Err(error)
        }
    }
}

async fn use_token(
    user: &UserId,
    secret: &Secret,
    server: &Server,
    place: &Place,
) -> anyhow::Result<Entered> {
    let client = server.with(secret.word.clone())?;
    let owner = client.whoami().await;
    let owner = owner.map_err(|error| anyhow!("the homeserver does not accept the access token: {error}"))?;
    ensure!(
        owner.user_id == *user,
        "the access token belongs to {}, and not to {user}: give --user {0}, or another token",
        owner.user_id
    );
    ensure!(
        owner.device_id.is_some(),
        "the access token has no device, as those that an admin API makes: it cannot take part in encryption. Give one of \
         an ordinary login, or the password"
    );
    let login =
        Login { key: "access_token_file", file: keep(secret, place.beside(TOKEN), "--access-token-file")? };
    say(&format!("✔ the access token is that of {user}"));
    Ok(Entered { client, user: owner.user_id, login, session: Session::OfBot, origin: Origin::There })
}

/// The file of a secret: the one that it came from, or a new one.
fn keep(secret: &Secret, new: PathBuf, flag: &str) -> anyhow::Result<PathBuf> {
    match &secret.file {
        Some(file) => Ok(file.clone()),
        None => SecretFile::write(new, &secret.word, flag).map(|file| file.path),
    }
}

impl Entered {
    /// Lifts the rate limit of an account that was made. With another one that is for `gleipnir check --lift-rate-limit`.
    pub(super) async fn lift_rate_limit(&self) {
        match self.origin {
            Origin::There => {}
            Origin::Made => match self.client.set_rate_limit(&self.user, RateLimit::UNLIMITED).await {
                Ok(_) => say("✔ lifted the rate limit of that account"),
                Err(error) => say(&format!("⚠ its rate limit could not be lifted: {error}")),
            },
        }
    }

    /// Ends the session, if it is the set-up's.
    pub(super) async fn leave(&self) {
        match self.session {
            Session::OfBot => {}
            Session::OfSetup => {
                if let Err(error) = self.client.log_out().await {
                    say(&format!(
                        "⚠ the device “{DEVICE}” could not be logged out: {error}. Remove it by hand"
                    ));
                }
            }
        }
    }
}

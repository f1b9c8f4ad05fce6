//! A running homeserver: where it is, how it is stopped and started again, and who lives on it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::http::{Body, Http, string_field};
use crate::server::Server;
use crate::{Builder, User, config};

/// The password of every user that [`Synapse::register`] makes.
pub const PASSWORD: &str = "password";

/// What a new user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An ordinary user.
    User,
    /// A server admin, who may use the admin API.
    Admin,
}

/// A running Synapse of its own. Killed on drop, and when the process that owns it ends in whatever way; its
/// data go with it.
#[derive(Debug)]
pub struct Synapse {
    server: Server,
    http: Http,
    server_name: String,
}

impl Synapse {
    /// [`Builder::start`] with the defaults.
    ///
    /// # Errors
    /// As that does.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(server: Server, server_name: String) -> Result<Self> {
        let http = Http::new(format!("http://127.0.0.1:{}", server.port()))?;
        Ok(Self { server, http, server_name })
    }

    /// The base URL of the client API and the admin API, without a slash at its end.
    pub fn url(&self) -> &str {
        self.http.base_url()
    }

    /// The domain of user IDs and aliases: `hs.test` unless configured otherwise.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// Synapse's log of all its runs, at level INFO.
    pub fn log_path(&self) -> PathBuf {
        self.data_dir().join(config::LOG_FILE)
    }

    /// The folder of its configuration, database (`homeserver.db`), media and log.
    pub fn data_dir(&self) -> &Path {
        self.server.data_dir()
    }

    pub(crate) fn python(&self) -> &Path {
        self.server.python()
    }

    /// Stops Synapse in good order; its data stay. Does nothing if it is stopped.
    ///
    /// # Errors
    /// When it had ended by itself, or does not stop within ten seconds and is killed.
    pub async fn stop(&mut self) -> Result<()> {
        self.server.stop().await
    }

    /// Kills Synapse (SIGKILL); its data stay. Does nothing if it is stopped.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts a Synapse that was stopped or killed, with the same URL and data. Its users stay logged in.
    ///
    /// # Errors
    /// When it is running, or does not start.
    pub async fn start_again(&mut self) -> Result<()> {
        self.server.start_again().await
    }

    /// [`stop`](Self::stop) and [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// As these do.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Makes a user with the password [`PASSWORD`], logged in: `GET` and `POST /_synapse/admin/v1/register`.
    ///
    /// # Errors
    /// When the name is taken or is no localpart.
    pub async fn register(&self, localpart: &str, role: Role) -> Result<User> {
        let path = "/_synapse/admin/v1/register";
        let answer = self.http.expect_success("GET", path, None, Body::Empty).await?;
        let nonce = string_field(&answer, "nonce")?;
        let request = json!({
            "nonce": nonce,
            "username": localpart,
            "password": PASSWORD,
            "admin": role == Role::Admin,
            "mac": registration_mac(&nonce, localpart, role),
        });
        self.user(&self.http.expect_success("POST", path, None, Body::Json(request)).await?)
    }

    /// Logs a registered user in on a new device: `POST /_matrix/client/v3/login`.
    ///
    /// # Errors
    /// When there is no such user, or its password is not [`PASSWORD`].
    pub async fn login(&self, localpart: &str) -> Result<User> {
        let request = json!({
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": PASSWORD,
        });
        let path = "/_matrix/client/v3/login";
        self.user(&self.http.expect_success("POST", path, None, Body::Json(request)).await?)
    }

    /// A request without an access token: the status and the JSON body (null when empty).
    ///
    /// # Errors
    /// When there is no answer; a status of refusal is none.
    pub async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        self.http.request(method, path, None, body.into()).await
    }

    fn user(&self, answer: &Value) -> Result<User> {
        Ok(User::new(
            self.http.clone(),
            string_field(answer, "user_id")?,
            string_field(answer, "access_token")?,
            string_field(answer, "device_id")?,
        ))
    }
}

/// The proof that the sender knows the shared secret: HMAC-SHA1 over the fields, joined by NUL, in hexadecimal.
fn registration_mac(nonce: &str, localpart: &str, role: Role) -> String {
    let role = match role {
        Role::User => "notadmin",
        Role::Admin => "admin",
    };
    let mut mac = Hmac::<Sha1>::new_from_slice(config::REGISTRATION_SHARED_SECRET.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update([nonce, localpart, PASSWORD, role].join("\0").as_bytes());
    format!("{:x}", mac.finalize().into_bytes())
}

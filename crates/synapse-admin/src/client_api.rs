//! What a caller asks first, of Matrix's client-server API: whose token is this, and what does the server speak.

use std::collections::BTreeMap;

use ruma::{OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Client, Error, lenient};

const AUTH_METADATA: &str = "/_matrix/client/v1/auth_metadata";
/// Its name before it was in the specification (v1.15).
const UNSTABLE_AUTH_METADATA: &str = "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata";

impl Client {
    /// Whose token this is: `GET /_matrix/client/v3/account/whoami`.
    pub async fn whoami(&self) -> Result<Whoami, Error> {
        self.get("/_matrix/client/v3/account/whoami", &[]).answer().await
    }

    /// The service that decides about logins (delegated authentication, such as MAS), if it is not the homeserver itself:
    /// `GET /_matrix/client/v1/auth_metadata`, or its unstable name on older servers. Sends no token.
    pub async fn auth_metadata(&self) -> Result<Option<AuthMetadata>, Error> {
        for path in [AUTH_METADATA, UNSTABLE_AUTH_METADATA] {
            match self.get(path, &[]).without_token().answer().await {
                Ok(found) => return Ok(Some(found)),
                // Whatever does not know the path: the server, or a proxy that sends only what it knows on to it.
                Err(error) if error.is_not_found() => {}
                Err(Error::NotRouted { status: 400 | 404 | 405, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The version of rooms that are made without one, such as `12`: `GET /_matrix/client/v3/capabilities`. "1" where
    /// nothing is said, as the specification has it.
    pub async fn default_room_version(&self) -> Result<String, Error> {
        let answer: Value = self.get("/_matrix/client/v3/capabilities", &[]).answer().await?;
        let version = answer["capabilities"]["m.room_versions"]["default"].as_str();
        Ok(version.unwrap_or("1").to_owned())
    }

    /// What the server speaks: `GET /_matrix/client/versions`. Sends no token, so it tells whether there is
    /// a homeserver at this URL at all.
    pub async fn versions(&self) -> Result<Versions, Error> {
        self.get("/_matrix/client/versions", &[]).without_token().answer().await
    }
}

/// Whose access token it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    /// The user.
    pub user_id: OwnedUserId,
    /// The device, if the token belongs to one.
    #[serde(default)]
    pub device_id: Option<OwnedDeviceId>,
    /// Whether it is a guest.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_guest: bool,
}

/// The service that decides about logins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthMetadata {
    /// Its address, by which it is known.
    pub issuer: String,
}

/// What a homeserver speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The versions of the Matrix specification, such as `v1.15`.
    pub versions: Vec<String>,
    /// Features by their unstable names; `true` where they are on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unstable_features: BTreeMap<String, Value>,
}

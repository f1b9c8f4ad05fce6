//! What a caller asks first, of Matrix's client-server API: whose token is this, and what does the server speak.

use std::collections::BTreeMap;

use ruma::{OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Client, Error, lenient};

impl Client {
    /// Whose token this is: `GET /_matrix/client/v3/account/whoami`.
    pub async fn whoami(&self) -> Result<Whoami, Error> {
        self.get("/_matrix/client/v3/account/whoami", &[]).answer().await
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

/// What a homeserver speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The versions of the Matrix specification, such as `v1.15`.
    pub versions: Vec<String>,
    /// Features by their unstable names; `true` where they are on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unstable_features: BTreeMap<String, Value>,
}

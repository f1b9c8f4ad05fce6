//! The few calls of Matrix's client-server API that go with administration: who am I, what does the server
//! speak, and what do aliases lead to.

use std::collections::BTreeMap;

use ruma::{OwnedDeviceId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Client, Error, lenient};

impl Client {
    /// The room that an alias leads to; `None` if to none: `GET /_matrix/client/v3/directory/room/{alias}`.
    ///
    /// For an alias of another server that one is asked; 502 if it does not answer.
    pub async fn resolve_alias(&self, alias: &RoomAliasId) -> Result<Option<Alias>, Error> {
        let resolved = self.get("/_matrix/client/v3/directory/room/{alias}", &[alias.as_str()]);
        match resolved.answer().await {
            Ok(alias) => Ok(Some(alias)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// This server's aliases of a room: `GET /_matrix/client/v3/rooms/{room_id}/aliases`. Server admins need not be in it.
    pub async fn room_aliases(&self, room_id: &RoomId) -> Result<Vec<OwnedRoomAliasId>, Error> {
        #[derive(Deserialize)]
        struct Aliases {
            aliases: Vec<OwnedRoomAliasId>,
        }
        let aliases = self.get("/_matrix/client/v3/rooms/{room_id}/aliases", &[room_id.as_str()]);
        aliases.answer::<Aliases>().await.map(|aliases| aliases.aliases)
    }

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

/// What an alias leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Servers that are in the room.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub servers: Vec<String>,
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

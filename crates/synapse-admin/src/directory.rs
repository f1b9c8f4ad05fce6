//! Aliases, and the list of rooms that the server shows in public: `/_matrix/client/v3/directory/…` of Matrix's
//! client-server API, as a server admin may use it in rooms they are not in.

use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, Error, lenient};

const ALIAS: &str = "/_matrix/client/v3/directory/room/{alias}";
const VISIBILITY: &str = "/_matrix/client/v3/directory/list/room/{room_id}";

impl Client {
    /// The room that an alias leads to; `None` if to none: `GET /_matrix/client/v3/directory/room/{alias}`.
    ///
    /// For an alias of another server that one is asked; 502 if it does not answer.
    pub async fn resolve_alias(&self, alias: &RoomAliasId) -> Result<Option<Alias>, Error> {
        let resolved = self.get(ALIAS, &[alias.as_str()]);
        match resolved.answer().await {
            Ok(alias) => Ok(Some(alias)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// This server's aliases of a room: `GET /_matrix/client/v3/rooms/{room_id}/aliases`. Server admins need not be in it.
    /// A room that the server does not know has none; that is no error.
    pub async fn room_aliases(&self, room_id: &RoomId) -> Result<Vec<OwnedRoomAliasId>, Error> {
        #[derive(Deserialize)]
        struct Aliases {
            aliases: Vec<OwnedRoomAliasId>,
        }
        let aliases = self.get("/_matrix/client/v3/rooms/{room_id}/aliases", &[room_id.as_str()]);
        aliases.answer::<Aliases>().await.map(|aliases| aliases.aliases)
    }

    /// Lets an alias of this server lead to a room: `PUT /_matrix/client/v3/directory/room/{alias}`.
    ///
    /// - 409 `M_UNKNOWN` if the alias exists, though it lead to the same room
    /// - 400 `M_UNKNOWN` if it is another server's ("Room alias must be local"), has a space in it, or the room is not
    ///   known ("Room does not exist"); `M_INVALID_PARAM` if it is longer than 255 characters
    /// - 403 `M_UNKNOWN` if the server's `alias_creation_rules` forbid it
    pub async fn create_alias(&self, alias: &RoomAliasId, room_id: &RoomId) -> Result<(), Error> {
        let body = json!({ "room_id": room_id });
        self.put(ALIAS, &[alias.as_str()], body).answer::<Value>().await.map(drop)
    }

    /// Lets an alias of this server lead nowhere: `DELETE /_matrix/client/v3/directory/room/{alias}`.
    ///
    /// If it is the room's main alias, `m.room.canonical_alias` goes on naming it: Synapse changes that state only for
    /// callers with the power to in the room, and does not say so.
    ///
    /// 404 `M_NOT_FOUND` "Unknown room alias" if there is none, another server's included; 400 `M_EXCLUSIVE` for an
    /// application service's.
    pub async fn delete_alias(&self, alias: &RoomAliasId) -> Result<(), Error> {
        self.delete(ALIAS, &[alias.as_str()], json!({})).answer::<Value>().await.map(drop)
    }

    /// Whether a room is in this server's public list: `GET /_matrix/client/v3/directory/list/room/{room_id}`.
    /// 404 `M_NOT_FOUND` for a room that the server does not know.
    pub async fn directory_visibility(&self, room_id: &RoomId) -> Result<Visibility, Error> {
        #[derive(Deserialize)]
        struct Listed {
            visibility: Visibility,
        }
        let listed = self.get(VISIBILITY, &[room_id.as_str()]);
        listed.answer::<Listed>().await.map(|listed| listed.visibility)
    }

    /// Puts a room into this server's public list or takes it out: `PUT /_matrix/client/v3/directory/list/room/{room_id}`.
    /// What is so already stays so. It does not change who may join.
    ///
    /// - 403 `M_UNKNOWN` "Not allowed to publish room" if the server's `room_list_publication_rules` forbid it, as they
    ///   do for everybody, admins too, unless the configuration has some. Taking out is never forbidden by them.
    /// - **400** `M_UNKNOWN` "Unknown room" for a room that the server does not know
    pub async fn set_directory_visibility(
        &self,
        room_id: &RoomId,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let body = json!({ "visibility": visibility });
        self.put(VISIBILITY, &[room_id.as_str()], body).answer::<Value>().await.map(drop)
    }
}

/// Whether a room is in its server's public list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// It is.
    Public,
    /// It is not. Says nothing about who may join.
    Private,
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

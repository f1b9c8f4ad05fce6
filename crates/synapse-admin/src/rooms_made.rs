//! Making rooms, and joining them, in the name of the token's own account: `POST /_matrix/client/v3/createRoom`,
//! `POST /_matrix/client/v3/join/{room_id}` and `PUT …/state/m.room.canonical_alias` of Matrix's client-server API.

use std::time::Duration;

use ruma::{OwnedRoomId, OwnedServerName, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::lenient::Query;
use crate::{Client, Error};

#[derive(Deserialize)]
struct InRoom {
    room_id: OwnedRoomId,
}

impl Client {
    /// Makes a room: `POST /_matrix/client/v3/createRoom`. Gives its ID.
    ///
    /// **There is no transaction ID here**: asking again makes a second room. What is in `initial_state` is sent with the
    /// power that its `m.room.power_levels` gives the account, and takes the place of what the preset has. Synapse goes on
    /// with a room also when the connection breaks.
    ///
    /// - 400 `M_UNSUPPORTED_ROOM_VERSION`
    /// - 400 `M_UNKNOWN`, 403 `M_FORBIDDEN`: an event of the initial state is not allowed, by its power levels among others.
    ///   **The room is there all the same**, without that state
    /// - 403 `M_FORBIDDEN` "You are not permitted to create rooms" or the like, by the server's own rules
    /// - 429 `M_LIMIT_EXCEEDED`
    pub async fn create_room(&self, room: &CreateRoom, timeout: Duration) -> Result<OwnedRoomId, Error> {
        let created = self.post("/_matrix/client/v3/createRoom", &[], json!(room)).timeout(timeout);
        created.answer::<InRoom>().await.map(|created| created.room_id)
    }

    /// Joins the account to a room, through one of some servers if this one is not in it:
    /// `POST /_matrix/client/v3/join/{room_id}`. They are given by both names of the parameter, the old one of which is
    /// `server_name`. Joining a room that the account is in changes nothing.
    ///
    /// - 403 `M_FORBIDDEN`: not invited, or banned; what another server says too
    /// - 403 `M_UNKNOWN` "This room has been blocked on this server"
    /// - 404 `M_UNKNOWN` "Can't join remote room because no servers that are in the room have been provided."
    /// - 502 `M_UNKNOWN`: none of the servers answers as it should
    pub async fn join_through(
        &self,
        room_id: &RoomId,
        via: &[OwnedServerName],
        timeout: Duration,
    ) -> Result<OwnedRoomId, Error> {
        let query = ["server_name", "via"].iter().fold(Query::default(), |query, name| {
            via.iter().fold(query, |query, server| query.with(name, Some(server)))
        });
        let joined = self.post("/_matrix/client/v3/join/{room_id}", &[room_id.as_str()], json!({}));
        joined.query(query).timeout(timeout).answer::<InRoom>().await.map(|joined| joined.room_id)
    }

    /// Replaces the content of `m.room.canonical_alias`: `PUT /_matrix/client/v3/rooms/{room_id}/state/m.room.canonical_alias`.
    ///
    /// - 400 `M_BAD_ALIAS`: an alias does not lead to the room
    /// - 403 `M_FORBIDDEN`: the account is not in the room, or has not the power
    pub async fn set_canonical_alias(&self, room_id: &RoomId, content: &Value) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/state/m.room.canonical_alias";
        self.put(path, &[room_id.as_str()], content.clone()).answer::<Value>().await.map(drop)
    }
}

/// A room to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CreateRoom {
    /// `room_version`; the server's default when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_version: Option<String>,
    /// `preset`: what the server takes for settings that are not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<RoomPreset>,
    /// `creation_content`: a JSON object, what `m.room.create` has beside what the server puts there.
    pub creation_content: Value,
    /// `power_level_content_override`: keys of `m.room.power_levels` in place of those that the server would write.
    /// **`users` takes the place of all of them**, the account's own included, which in rooms of version 12 and later
    /// must not be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_level_content_override: Option<Value>,
    /// `initial_state`: events with `type`, `state_key` and `content`.
    pub initial_state: Vec<Value>,
}

/// What a server takes for the settings of a new room that are not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum RoomPreset {
    /// One joins by invitation.
    #[serde(rename = "private_chat")]
    Private,
    /// Anybody joins.
    #[serde(rename = "public_chat")]
    Public,
    /// As `Private`, and who is invited gets the same power.
    #[serde(rename = "trusted_private_chat")]
    TrustedPrivate,
}

//! Getting somebody into a room, or into power there: `POST /_synapse/admin/v1/join/{room_id}`,
//! `POST /_synapse/admin/v1/rooms/{room}/make_room_admin`, and `PUT …/state/m.room.power_levels` of Matrix's client-server
//! API.

use ruma::{OwnedRoomId, OwnedServerName, RoomId, RoomOrAliasId, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::lenient::Query;
use crate::{Client, Error};

impl Client {
    /// Gives a user (`None`: the caller) the highest power that a joined local user has in a room, and invites them if
    /// they are not in it and it is not public.
    ///
    /// Synapse does it in the name of that local user. In a public room nobody is invited or joined. A user who has the
    /// power already keeps it, without a new event. In room version 12 a creator gives 100.
    ///
    /// **Power comes before the invitation and stays when that fails**, so after a 403 or 502 of these read the power
    /// levels back:
    ///
    /// - 403 `M_BAD_STATE` "Cannot invite user who was banned"
    /// - 403 `M_UNKNOWN` "This room has been blocked on this server"
    /// - 403 `M_FORBIDDEN` or 502 `M_UNKNOWN`: the server of a remote user is not allowed or does not answer
    ///
    /// Nothing was changed by:
    ///
    /// - 400 `M_UNKNOWN` "No local admin user in room", and the same with "… with power to update power levels"
    /// - 400 `M_UNKNOWN` "Server not in room": the room is not known, or everybody has left
    /// - 400 `M_UNKNOWN` "Creator user … must not appear in content.users": in room version 12 a creator stands above
    ///   all power already
    /// - 404 `M_NOT_FOUND`: the alias leads nowhere (502: its server does not answer)
    ///
    /// A local user need not exist: their name gets the power and the invitation all the same.
    pub async fn make_room_admin(&self, room: &RoomOrAliasId, user: Option<&UserId>) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/rooms/{room}/make_room_admin";
        let body = match user {
            Some(user) => json!({ "user_id": user }),
            None => json!({}),
        };
        self.post(path, &[room.as_str()], body).answer::<Value>().await.map(drop)
    }

    /// Replaces who has what power in a room, in the name of the token's own account:
    /// `PUT /_matrix/client/v3/rooms/{room_id}/state/m.room.power_levels`. `content` is all of it, also what stays as it is.
    ///
    /// - 403 `M_FORBIDDEN`: the account is not in the room, or its power is not enough for what is changed
    /// - 400 `M_UNKNOWN` "Creator user … must not appear in content.users": in room version 12 a creator stands above all
    ///   power already
    pub async fn set_power_levels(&self, room_id: &RoomId, content: &Value) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/state/m.room.power_levels";
        self.put(path, &[room_id.as_str()], content.clone()).answer::<Value>().await.map(drop)
    }

    /// Joins a local user to a room: `POST /_synapse/admin/v1/join/{room_id}`. `via` are servers to join
    /// through if this one is not in the room; may be empty.
    ///
    /// For a room that is not public the caller of the API must be in it and able to invite (403 otherwise).
    pub async fn join(
        &self,
        room_id: &RoomId,
        user_id: &UserId,
        via: &[OwnedServerName],
    ) -> Result<OwnedRoomId, Error> {
        #[derive(Deserialize)]
        struct Joined {
            room_id: OwnedRoomId,
        }
        let query =
            via.iter().fold(Query::default(), |query, server| query.with("server_name", Some(server)));
        let body = json!({ "user_id": user_id });
        let joined = self.post("/_synapse/admin/v1/join/{room_id}", &[room_id.as_str()], body).query(query);
        joined.answer::<Joined>().await.map(|joined| joined.room_id)
    }
}

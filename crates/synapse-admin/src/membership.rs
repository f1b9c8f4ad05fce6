//! Who is in a room, read and changed in the name of the token's own account: `POST /_matrix/client/v3/rooms/{room_id}/`
//! with `kick`, `ban`, `unban` or `invite`, and `GET …/state/m.room.member/{user_id}`, of Matrix's client-server API. Server admins have no other rights there than anybody: the
//! account must be in the room and have the power for it.

use ruma::{RoomId, UserId};
use serde_json::{Value, json};

use crate::error::found;
use crate::lenient::Query;
use crate::{Client, Error};

impl Client {
    /// Removes a user from a room, or takes back their invitation or knock: `POST …/rooms/{room_id}/kick`. They may come
    /// back as the join rules allow.
    ///
    /// - 403 `M_FORBIDDEN` "The target user is not in the room"; 403 `M_BAD_STATE` "Cannot kick user who was banned"
    /// - 403 `M_FORBIDDEN` "You cannot kick user …": the power is not enough
    /// - 403 `M_FORBIDDEN` "… not in room …": the account itself is not in it
    /// - 404 `M_UNKNOWN` "Not a known room"
    pub async fn kick(&self, room_id: &RoomId, user_id: &UserId, reason: Option<&str>) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/kick";
        self.change_membership(path, room_id, user_id, reason).await
    }

    /// Removes a user from a room and keeps them out, whether they are in it or not: `POST …/rooms/{room_id}/ban`. Banning
    /// again sends another event, and its reason stands.
    ///
    /// - 403 `M_FORBIDDEN` "You don't have permission to ban": the power is not enough
    /// - 403 `M_FORBIDDEN` "… not in room …": the account itself is not in it; "Unknown room" if the server does not know it
    pub async fn ban(&self, room_id: &RoomId, user_id: &UserId, reason: Option<&str>) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/ban";
        self.change_membership(path, room_id, user_id, reason).await
    }

    /// Lifts a ban: `POST …/rooms/{room_id}/unban`. Nobody is brought back by it. It answers well for somebody who never was
    /// in the room.
    ///
    /// - 403 `M_BAD_STATE` "Cannot unban user who was not banned …", before anything is said about power
    /// - 403 `M_FORBIDDEN`: the power is not enough, or the account is not in the room
    /// - 404 `M_UNKNOWN` "Not a known room"
    pub async fn unban(&self, room_id: &RoomId, user_id: &UserId, reason: Option<&str>) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/unban";
        self.change_membership(path, room_id, user_id, reason).await
    }

    /// Invites a user into a room: `POST …/rooms/{room_id}/invite`. A user of this server need not exist.
    ///
    /// - 403 `M_FORBIDDEN` "… is already in the room."
    /// - 403 `M_BAD_STATE` "Cannot invite user who was banned"
    /// - 403 `M_INVITE_BLOCKED`: the user takes no invitations
    /// - 403 `M_UNKNOWN` "This room has been blocked on this server"
    /// - 403 `M_FORBIDDEN`: the power is not enough, or the account is not in the room, or the server does not know it
    /// - 403 or 502: the server of a remote user is not allowed or does not answer
    pub async fn invite(
        &self,
        room_id: &RoomId,
        user_id: &UserId,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/invite";
        self.change_membership(path, room_id, user_id, reason).await
    }

    /// Somebody's `m.room.member` event in a room, as the account sees it:
    /// `GET /_matrix/client/v3/rooms/{room_id}/state/m.room.member/{user_id}?format=event`. `None` if they never were in it.
    /// **Of a room that the account has left, it is as it was then.**
    ///
    /// 403 `M_FORBIDDEN` "… not in room …": the account never was in it, or the server does not know it.
    pub async fn member(&self, room_id: &RoomId, user_id: &UserId) -> Result<Option<Value>, Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/state/m.room.member/{user_id}";
        let member = self.get(path, &[room_id.as_str(), user_id.as_str()]);
        found(member.query(Query::default().with("format", Some("event"))).answer().await)
    }

    async fn change_membership(
        &self,
        path: &'static str,
        room_id: &RoomId,
        user_id: &UserId,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let body = match reason {
            Some(reason) => json!({ "user_id": user_id, "reason": reason }),
            None => json!({ "user_id": user_id }),
        };
        self.post(path, &[room_id.as_str()], body).answer::<Value>().await.map(drop)
    }
}

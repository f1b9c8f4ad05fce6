//! Saying something: messages, redactions and rooms of the token's own account, of Matrix's client-server API, and the
//! server's notices, `PUT /_synapse/admin/v1/send_server_notice/{txn_id}`.
//!
//! A transaction ID makes it safe to send again when no answer came: to the same one, the server answers with the event
//! that it made the first time. So take a new one for each event.

use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId, TransactionId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, Error};

#[derive(Deserialize)]
struct Sent {
    event_id: OwnedEventId,
}

#[derive(Deserialize)]
struct Created {
    room_id: OwnedRoomId,
}

impl Client {
    /// Sends an `m.room.message`, unencrypted: `PUT /_matrix/client/v3/rooms/{room_id}/send/m.room.message/{txn_id}`. In a
    /// room with encryption it goes out all the same, in the clear.
    ///
    /// - 403 `M_FORBIDDEN`: the account is not in the room or has not the power to speak; also for a room that is not known
    /// - 429 `M_LIMIT_EXCEEDED`: messages are limited, also those of server admins; see [`Client::set_rate_limit`]
    /// - 413 `M_TOO_LARGE`: more than 65,536 bytes, with all that the server adds
    pub async fn send_message(
        &self,
        room_id: &RoomId,
        txn_id: &TransactionId,
        content: &Value,
    ) -> Result<OwnedEventId, Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/send/m.room.message/{txn_id}";
        let parts = [room_id.as_str(), txn_id.as_str()];
        let sent = self.put(path, &parts, content.clone());
        sent.answer::<Sent>().await.map(|sent| sent.event_id)
    }

    /// Redacts an event: `PUT /_matrix/client/v3/rooms/{room_id}/redact/{event_id}/{txn_id}`. **Cannot be undone.** Gives
    /// the ID of the redaction. **It answers well for an event that the server does not know**, and sends a redaction of it.
    ///
    /// - 403 `M_FORBIDDEN`: the account is not in the room, or has not the power to redact what others sent
    /// - 404 `M_NOT_FOUND` "Could not find room_version for …": a room that the server does not know
    pub async fn redact_event(
        &self,
        room_id: &RoomId,
        event_id: &EventId,
        txn_id: &TransactionId,
        reason: Option<&str>,
    ) -> Result<OwnedEventId, Error> {
        let path = "/_matrix/client/v3/rooms/{room_id}/redact/{event_id}/{txn_id}";
        let parts = [room_id.as_str(), event_id.as_str(), txn_id.as_str()];
        let body = match reason {
            Some(reason) => json!({ "reason": reason }),
            None => json!({}),
        };
        self.put(path, &parts, body).answer::<Sent>().await.map(|sent| sent.event_id)
    }

    /// Makes a private room with a user, who is invited and gets the same power: `POST /_matrix/client/v3/createRoom`.
    ///
    /// **There is no transaction ID here**: asking again makes a second room. The server keeps no list of such rooms for
    /// the account: `m.direct` is the client's to write. If the server has encryption on by default, the room has it too.
    ///
    /// - 403 `M_FORBIDDEN` "You are not permitted to create rooms" or the like, by the server's own rules
    /// - 403 or 502: the server of a remote user is not allowed or does not answer. **The room is there all the same.** A
    ///   user of this server need not exist
    pub async fn create_direct_room(
        &self,
        user_id: &UserId,
        room: &DirectRoom,
    ) -> Result<OwnedRoomId, Error> {
        let mut body = json!(room);
        body["invite"] = json!([user_id]);
        body["is_direct"] = json!(true);
        body["preset"] = json!("trusted_private_chat");
        let created = self.post("/_matrix/client/v3/createRoom", &[], body);
        created.answer::<Created>().await.map(|created| created.room_id)
    }

    /// Sends a user of this server a message that they cannot decline, in the server's name:
    /// `PUT /_synapse/admin/v1/send_server_notice/{txn_id}`. `content` is that of an `m.room.message`.
    ///
    /// It lands in a room that Synapse makes at the first notice and invites the user to. The server remembers `txn_id`
    /// for half an hour, until a restart.
    ///
    /// - 400 `M_UNKNOWN` "Server notices are not enabled on this server": `server_notices` is missing in its configuration
    /// - 400 `M_UNKNOWN` "Server notices can only be sent to local users"
    /// - 404 `M_NOT_FOUND` "User not found"
    pub async fn send_server_notice(
        &self,
        user_id: &UserId,
        content: &Value,
        txn_id: &TransactionId,
    ) -> Result<OwnedEventId, Error> {
        let path = "/_synapse/admin/v1/send_server_notice/{txn_id}";
        let body = json!({ "user_id": user_id, "content": content });
        let sent = self.put(path, &[txn_id.as_str()], body);
        sent.answer::<Sent>().await.map(|sent| sent.event_id)
    }
}

/// How a room with one other user is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DirectRoom {
    /// Its name; without one, clients show who is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

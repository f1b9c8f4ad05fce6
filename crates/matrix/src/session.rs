//! A connected account, and the plain questions and requests that it answers.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use matrix_sdk::{
    Client, Room, RoomMemberships, RoomState,
    deserialized_responses::RawAnySyncOrStrippedState,
    ruma::{
        api::{
            client::{
                membership::{joined_rooms, leave_room},
                state::get_state_event_for_key,
            },
            error::ErrorKind,
        },
        events::{
            StateEventType,
            room::{member::MembershipState, power_levels::UserPowerLevel},
        },
    },
};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    attachment::{self, Attachment},
    encryption::{self, Encryption},
    error::{RequestError, SyncError},
    event::{Decryption, TimelineEvent},
    outgoing::{self, Outgoing},
    ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedServerName, OwnedUserId, RoomAliasId, RoomId, UserId},
    sync::{self, Batch, Position},
};

/// A connected account. Cheap to clone; all clones are the same session.
///
/// The returned futures own what they need. Only [`sync`](Self::sync) moves the session's knowledge of its
/// rooms forward, so [`members`](Self::members), [`power`](Self::power) and their like are as new as the
/// latest one.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    client: Client,
    user_id: OwnedUserId,
    encryption: encryption::Outcome,
    position: Mutex<Position>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_id", &self.0.user_id)
            .field("device_id", &self.device_id())
            .finish_non_exhaustive()
    }
}

/// Where the account stands in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// In the room.
    Joined,
    /// Invited, and not yet answered.
    Invited,
    /// No longer in it: it left, or was kicked.
    Left,
    /// No longer in it, and kept out.
    Banned,
    /// Nothing is known of the room.
    Unknown,
}

/// A user's power in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// The level that `m.room.power_levels` gives.
    Level(i64),
    /// A creator, from room version 12 on: above every level.
    Infinite,
}

/// A room that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Who invited, where the homeserver told.
    pub inviter: Option<OwnedUserId>,
    /// The event that invites, where the homeserver told its ID.
    pub event_id: Option<OwnedEventId>,
}

impl Session {
    pub(crate) fn new(client: Client, user_id: OwnedUserId, encryption: encryption::Outcome) -> Self {
        Self(Arc::new(Inner { client, user_id, encryption, position: Mutex::default() }))
    }

    /// The account.
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }

    /// The device of this session.
    pub fn device_id(&self) -> String {
        self.0.client.device_id().map(ToString::to_string).unwrap_or_default()
    }

    /// The access token, for requests that go another way.
    pub fn access_token(&self) -> String {
        self.0.client.access_token().unwrap_or_default()
    }

    /// How encryption stands, for a status line. Reads the local store only.
    pub fn encryption(&self) -> BoxFuture<'static, Encryption> {
        let this = self.clone();
        Box::pin(async move { encryption::status(&this.0.client, &this.0.encryption).await })
    }

    /// The room behind an alias; `None` if there is none.
    /// `GET /_matrix/client/v3/directory/room/{roomAlias}`
    pub fn resolve_alias(
        &self,
        alias: &RoomAliasId,
    ) -> BoxFuture<'static, Result<Option<OwnedRoomId>, RequestError>> {
        let (this, alias) = (self.clone(), alias.to_owned());
        Box::pin(async move {
            match this.0.client.resolve_room_alias(&alias).await {
                Ok(found) => Ok(Some(found.room_id)),
                Err(error) if error.client_api_error_kind() == Some(&ErrorKind::NotFound) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Where the account stands in a room, by the latest sync.
    pub fn membership(&self, room: &RoomId) -> Membership {
        match self.0.client.get_room(room).map(|room| room.state()) {
            Some(RoomState::Joined) => Membership::Joined,
            Some(RoomState::Invited) => Membership::Invited,
            Some(RoomState::Left) => Membership::Left,
            Some(RoomState::Banned) => Membership::Banned,
            Some(RoomState::Knocked) | None => Membership::Unknown,
        }
    }

    /// Joins a room, also one that the account is in already. What the room holds is known from the next
    /// sync on. `POST /_matrix/client/v3/rooms/{roomId}/join`
    pub fn join(&self, room: &RoomId) -> BoxFuture<'static, Result<(), RequestError>> {
        let (this, room) = (self.clone(), room.to_owned());
        Box::pin(async move {
            this.0.client.join_room_by_id(&room).await?;
            Ok(())
        })
    }

    /// As [`join`](Self::join), through servers that are in the room, for one that the homeserver may not know.
    /// `POST /_matrix/client/v3/join/{roomIdOrAlias}`
    pub fn join_through(
        &self,
        room: &RoomId,
        servers: &[OwnedServerName],
    ) -> BoxFuture<'static, Result<(), RequestError>> {
        let (this, room, servers) = (self.clone(), room.to_owned(), servers.to_owned());
        Box::pin(async move {
            this.0.client.join_room_by_id_or_alias((&*room).into(), &servers).await?;
            Ok(())
        })
    }

    /// One event of a room's current state, as the homeserver tells it to the account; of a room that the account has
    /// left, the state at that time. `None` where there is no such event, and where the account may not look.
    /// `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`
    pub fn state(
        &self,
        room: &RoomId,
        event_type: &str,
        state_key: &str,
    ) -> BoxFuture<'static, Result<Option<Value>, RequestError>> {
        let (this, room) = (self.clone(), room.to_owned());
        let (event_type, state_key) = (StateEventType::from(event_type), state_key.to_owned());
        Box::pin(async move {
            let mut request = get_state_event_for_key::v3::Request::new(room, event_type, state_key);
            request.format = get_state_event_for_key::v3::StateEventFormat::Event;
            match this.0.client.send(request).await {
                Ok(found) => serde_json::from_str(found.event_or_content.get())
                    .map(Some)
                    .map_err(|error| RequestError::Other(error.to_string())),
                Err(error) => match RequestError::from(error) {
                    RequestError::Refused { errcode, .. }
                        if matches!(&*errcode, "M_NOT_FOUND" | "M_FORBIDDEN") =>
                    {
                        Ok(None)
                    }
                    error => Err(error),
                },
            }
        })
    }

    /// Where the account stands in a room, as the homeserver says: no sync tells of a room that was deleted while the
    /// account was away. `Unknown` also of a room that the account may know nothing of.
    pub fn membership_now(&self, room: &RoomId) -> BoxFuture<'static, Result<Membership, RequestError>> {
        let asked = self.state(room, "m.room.member", self.user_id().as_str());
        let (this, room) = (self.clone(), room.to_owned());
        Box::pin(async move {
            let member = asked.await?;
            Ok(match member.as_ref().and_then(|event| event["content"]["membership"].as_str()) {
                // Synapse tells those who are banned nothing of the room, not even that they are. The sync did.
                None if this.was_banned(&room).await => Membership::Banned,
                Some("join") => Membership::Joined,
                Some("invite") => Membership::Invited,
                Some("ban") => Membership::Banned,
                Some("leave") => Membership::Left,
                Some(_) | None => Membership::Unknown,
            })
        })
    }

    /// Whether the latest that a sync told of the account in a room is that it was banned.
    async fn was_banned(&self, room: &RoomId) -> bool {
        let Some(room) = self.0.client.get_room(room) else { return false };
        let member = room.get_member_no_sync(self.user_id()).await;
        member.is_ok_and(|member| member.is_some_and(|member| *member.membership() == MembershipState::Ban))
    }

    /// Whether the account is in a room and has the power to write messages there, as the homeserver says.
    pub fn may_write(&self, room: &RoomId) -> BoxFuture<'static, Result<bool, RequestError>> {
        let (membership, levels) = (self.membership_now(room), self.state(room, "m.room.power_levels", ""));
        let encrypted = self.is_encrypted(room);
        let this = self.clone();
        Box::pin(async move {
            if membership.await? != Membership::Joined {
                return Ok(false);
            }
            let event_type = if encrypted.await? { "m.room.encrypted" } else { "m.room.message" };
            let Some(levels) = levels.await? else { return Ok(true) };
            Ok(may_send(&levels["content"], this.user_id(), event_type))
        })
    }

    /// All invitations that wait for an answer, by the latest sync. Ask once after the first sync: some may be
    /// older than this session.
    pub fn invites(&self) -> BoxFuture<'static, Vec<Invite>> {
        let this = self.clone();
        Box::pin(async move {
            let mut invites = Vec::new();
            for room in this.0.client.invited_rooms() {
                invites.push(Invite {
                    room_id: room.room_id().to_owned(),
                    inviter: room.invite_details().await.ok().map(|details| details.inviter_id),
                    event_id: invite_event(&room).await,
                });
            }
            invites
        })
    }

    /// The rooms that the account is in, as the homeserver says. `GET /_matrix/client/v3/joined_rooms`
    pub fn joined_rooms(&self) -> BoxFuture<'static, Result<Vec<OwnedRoomId>, RequestError>> {
        let this = self.clone();
        Box::pin(async move { Ok(this.0.client.send(joined_rooms::v3::Request::new()).await?.joined_rooms) })
    }

    /// Leaves a room, also one that the account is not in any more.
    /// `POST /_matrix/client/v3/rooms/{roomId}/leave`
    pub fn leave(&self, room: &RoomId) -> BoxFuture<'static, Result<(), RequestError>> {
        let (this, room) = (self.clone(), room.to_owned());
        Box::pin(async move {
            this.0.client.send(leave_room::v3::Request::new(room)).await?;
            Ok(())
        })
    }

    /// Whether messages in the room are encrypted. Asks the homeserver once where it is not known.
    pub fn is_encrypted(&self, room: &RoomId) -> BoxFuture<'static, Result<bool, RequestError>> {
        let (this, room) = (self.clone(), room.to_owned());
        Box::pin(async move { Ok(this.room(&room)?.latest_encryption_state().await?.is_encrypted()) })
    }

    /// A user's power in a joined room, whether or not the user is in it.
    pub fn power(&self, room: &RoomId, user: &UserId) -> BoxFuture<'static, Result<Power, RequestError>> {
        let (this, room, user) = (self.clone(), room.to_owned(), user.to_owned());
        Box::pin(async move {
            Ok(match this.room(&room)?.get_user_power_level(&user).await? {
                UserPowerLevel::Int(level) => Power::Level(level.into()),
                // The one other variant, and whatever may come above it.
                _ => Power::Infinite,
            })
        })
    }

    /// All joined members of a joined room, sorted. Asks the homeserver where a sync left the list
    /// incomplete, else reads the store. `GET /_matrix/client/v3/rooms/{roomId}/members`
    pub fn members(&self, room: &RoomId) -> BoxFuture<'static, Result<Vec<OwnedUserId>, RequestError>> {
        let (this, room) = (self.clone(), room.to_owned());
        Box::pin(async move {
            let members = this.room(&room)?.members(RoomMemberships::JOIN).await?;
            let mut ids: Vec<_> = members.iter().map(|member| member.user_id().to_owned()).collect();
            ids.sort();
            Ok(ids)
        })
    }

    /// What happened in the room `watch` since the cursor `after`, waiting up to 30 seconds for something
    /// to happen. `GET /_matrix/client/v3/sync`
    ///
    /// The caller commits [`Batch::events`] and [`Batch::next`] together, and gives `next` back as the next
    /// `after`. That loses nothing, whatever crashes in between; an event may come a second time in rare
    /// cases (late arrivals from other servers), so know events by their ID. `after: None` is the start of
    /// all: no history, only a cursor. Nothing comes from before the account's own join, nor of a room that
    /// the account is not in. Calls wait for each other.
    pub fn sync(
        &self,
        watch: Option<OwnedRoomId>,
        after: Option<String>,
    ) -> BoxFuture<'static, Result<Batch, SyncError>> {
        let this = self.clone();
        Box::pin(async move {
            let mut position = this.0.position.lock().await;
            sync::sync(&this.0.client, &this.0.user_id, &mut position, watch, after).await
        })
    }

    /// One event, for another try at an undecryptable one.
    /// `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`
    pub fn fetch(
        &self,
        room: &RoomId,
        event: &EventId,
    ) -> BoxFuture<'static, Result<TimelineEvent, RequestError>> {
        let (this, room, event) = (self.clone(), room.to_owned(), event.to_owned());
        Box::pin(async move {
            let found = this.room(&room)?.event(&event, None).await?;
            TimelineEvent::read(&found)
                .ok_or_else(|| RequestError::Other(format!("the event {event} cannot be read")))
        })
    }

    /// The file of a message in a joined room, decrypted, if it is not larger than `limit` bytes.
    /// `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`
    pub fn attachment(
        &self,
        room: &RoomId,
        event: &EventId,
        limit: usize,
    ) -> BoxFuture<'static, Result<Attachment, RequestError>> {
        let (this, found) = (self.clone(), self.fetch(room, event));
        Box::pin(async move {
            let event = match found.await {
                Ok(event) => event,
                Err(RequestError::Refused { status: 404, .. }) => return Ok(Attachment::Nothing),
                Err(error) => return Err(error),
            };
            if let Decryption::Undecryptable { reason } = event.decryption {
                return Err(RequestError::Other(format!("the message cannot be decrypted: {reason}")));
            }
            attachment::download(&this.0.client, &event.json["content"], limit).await
        })
    }

    /// Sends to a joined room, encrypted where the room is. The same `transaction_id` again, from the same
    /// device, gives the same event: so a send may be repeated after a crash.
    /// `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`
    pub fn send(
        &self,
        room: &RoomId,
        transaction_id: &str,
        outgoing: Outgoing,
    ) -> BoxFuture<'static, Result<OwnedEventId, RequestError>> {
        let (this, room, transaction_id) = (self.clone(), room.to_owned(), transaction_id.to_owned());
        Box::pin(async move {
            let room = this.room(&room)?;
            outgoing::send(&this.0.client, &room, &transaction_id, outgoing).await
        })
    }

    fn room(&self, room: &RoomId) -> Result<Room, RequestError> {
        match self.0.client.get_room(room) {
            Some(found) if found.state() == RoomState::Joined => Ok(found),
            _ => Err(RequestError::Other(format!("{} is not in the room {room}", self.0.user_id))),
        }
    }
}

/// Whether `m.room.power_levels` gives somebody the power to send messages of a type.
fn may_send(levels: &Value, user: &UserId, event_type: &str) -> bool {
    let level = |value: &Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    let of = |list: &str, key: &str, default: &str| {
        level(&levels[list][key]).or_else(|| level(&levels[default])).unwrap_or_default()
    };
    of("users", user.as_str(), "users_default") >= of("events", event_type, "events_default")
}

/// The event that invites the account, where the server leaves its ID in: it may be stripped of it, as by Synapse.
async fn invite_event(room: &Room) -> Option<OwnedEventId> {
    let key = room.own_user_id().as_str();
    let event = room.get_state_event(StateEventType::RoomMember, key).await.ok()??;
    let id = match event {
        RawAnySyncOrStrippedState::Sync(event) => event.get_field("event_id"),
        RawAnySyncOrStrippedState::Stripped(event) => event.get_field("event_id"),
    };
    id.ok().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ruma::user_id;

    #[test]
    fn who_may_send_messages() {
        for (levels, may) in [
            (json!({}), true),
            (json!({"events_default": 50}), false),
            (json!({"events_default": 50, "users_default": 50}), true),
            (json!({"events_default": 50, "users": {"@bot:hs.test": 50}}), true),
            (json!({"events": {"m.room.message": "10"}, "users": {"@bot:hs.test": "9"}}), false),
            (json!({"events": {"m.room.encrypted": 100}}), true),
            (json!({"users": {"@bot:hs.test": -1}}), false),
        ] {
            assert_eq!(may_send(&levels, user_id!("@bot:hs.test"), "m.room.message"), may, "{levels}");
        }
    }
}

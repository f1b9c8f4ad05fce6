//! Every call on a real Synapse, with good and bad input, so that the recorded answers of the
//! other tests stay honest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod accounts;
mod changing;
mod deleting;
mod looking;
mod media;
mod redacting;
mod reporting;
mod server;
mod speaking;

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, room_id};
use serde_json::{Value, json};
use synapse_admin::{Client, Error};
use throwaway_synapse::{Role, Synapse, User};

use crate::fake::api_error;

/// A room that the server does not know.
fn unknown() -> &'static RoomId {
    room_id!("!nope:hs.test")
}

/// A server, its admin's client, and two people.
struct Stage {
    client: Client,
    admin: User,
    alice: User,
    bob: User,
    synapse: Synapse,
}

impl Stage {
    /// `None`, said aloud, where no Synapse can be had. Only the admin may publish rooms, and only those with an alias
    /// that begins with `listed`; nobody may make aliases that begin with `forbidden`.
    async fn new() -> Option<Self> {
        let rules = json!({
            "room_list_publication_rules":
                [{"user_id": "@admin:hs.test", "alias": "#listed*", "room_id": "*", "action": "allow"}],
            "alias_creation_rules": [
                {"user_id": "*", "alias": "#forbidden*", "room_id": "*", "action": "deny"},
                {"user_id": "*", "alias": "*", "room_id": "*", "action": "allow"}],
        });
        Self::with(rules).await
    }

    /// As [`Stage::new`], with settings of Synapse.
    async fn with(settings: Value) -> Option<Self> {
        let synapse = Synapse::builder().config(settings).start_or_skip().await?;
        let admin = synapse.register("admin", Role::Admin).await.unwrap();
        let alice = synapse.register("alice", Role::User).await.unwrap();
        let bob = synapse.register("bob", Role::User).await.unwrap();
        let token = admin.access_token.clone();
        let client = Client::new(synapse.url(), move || token.clone()).unwrap();
        Some(Self { client, admin, alice, bob, synapse })
    }

    /// A room of Alice's, without the admin.
    async fn room(&self, request: Value) -> OwnedRoomId {
        RoomId::parse(self.alice.create_room(request).await.unwrap()).unwrap()
    }

    /// A public room of Alice's that Bob is in.
    async fn shared_room(&self, name: &str) -> OwnedRoomId {
        let room = self.room(json!({"preset": "public_chat", "name": name})).await;
        self.bob.join(room.as_str()).await.unwrap();
        room
    }

    async fn says(&self, room: &RoomId, text: &str) -> OwnedEventId {
        self.alice.send_text(room.as_str(), text).await.unwrap().try_into().unwrap()
    }
}

fn id(user: &User) -> OwnedUserId {
    user.user_id.as_str().try_into().unwrap()
}

/// Asserts what the server refused something with; `message` is the beginning of its words.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, status: u16, errcode: &str, message: &str) {
    let (got_status, got_errcode, got_message) = api_error(result);
    assert_eq!((got_status, got_errcode.as_str()), (status, errcode), "{got_message}");
    assert!(got_message.starts_with(message), "{got_message:?} instead of {message:?}");
}

//! A second homeserver, which federates with that of the scene: users and rooms of another server.

use std::time::Duration;

use serde_json::{Value, json};
use throwaway_synapse::{Builder, Role, Synapse, User, pair_or_skip, path_part};

use super::{Kind, PATIENCE, Scene};

/// How often the neighbour is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A server beside the scene's. It knows no other one.
pub(crate) struct Neighbour {
    pub(crate) synapse: Synapse,
}

impl Scene {
    /// On a server with settings, with another one beside it. Both are named by their addresses, so nobody here is of
    /// `hs.test`: ask [`Bot::user_id`](super::Bot::user_id), and users for theirs.
    pub(crate) async fn with_neighbour(server: Builder, kind: Kind) -> Option<(Self, Neighbour)> {
        let (here, there) = pair_or_skip(server, Synapse::builder()).await?;
        Some((Self::set(here, kind, Role::Admin).await, Neighbour { synapse: there }))
    }
}

impl Neighbour {
    pub(crate) fn name(&self) -> &str {
        self.synapse.server_name()
    }

    /// Somebody whose account is there.
    pub(crate) async fn user(&self, name: &str) -> User {
        self.synapse.register(name, Role::User).await.unwrap()
    }

    /// A room that was made there, and that these users of the scene's server joined from here.
    pub(crate) async fn room(&self, creator: &User, name: &str, members: &[&User]) -> String {
        let room = creator.create_room(json!({"preset": "public_chat", "name": name})).await.unwrap();
        for member in members {
            member.join_via(&room, self.name()).await.unwrap();
            sees(creator, &room, &member.user_id, "join").await;
        }
        room
    }
}

/// Waits until the server of somebody in a room knows that a user has this membership of it; the content of that.
pub(crate) async fn sees(inside: &User, room: &str, user: &str, membership: &str) -> Value {
    has_state(inside, room, ("m.room.member", user), |content| content["membership"] == membership).await
}

/// Waits until the server of somebody in a room has such state of it, by type and key; the content of that.
pub(crate) async fn has_state(
    inside: &User,
    room: &str,
    (kind, key): (&str, &str),
    is_it: impl Fn(&Value) -> bool,
) -> Value {
    let end = format!("state/{}/{}", path_part(kind), path_part(key));
    let path = format!("/_matrix/client/v3/rooms/{}/{end}", path_part(room));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (_, content) = inside.request("GET", &path, None).await.unwrap();
        if is_it(&content) {
            return content;
        }
        let user = &inside.user_id;
        assert!(
            tokio::time::Instant::now() < deadline,
            "{user} sees another {kind} of {key} in {room}: {content}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until the server of somebody in a room has an event of it.
pub(crate) async fn hears(inside: &User, room: &str, event: &str) {
    inside.wait_for(room, PATIENCE, |known| known["event_id"] == event).await.unwrap();
}

/// Waits until the server of somebody in a room knows that an event of it is redacted; the event that did it.
pub(crate) async fn redacted(inside: &User, room: &str, event: &str) -> Value {
    let is_it =
        |known: &Value| known["event_id"] == event && known["unsigned"]["redacted_because"].is_object();
    let mut redacted = inside.wait_for(room, PATIENCE, is_it).await.unwrap();
    redacted["unsigned"]["redacted_because"].take()
}

//! A homeserver, people who use it over plain HTTP, and accounts that connect through this crate.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use gleipnir_matrix::{
    Batch, Connected, Decryption, How, Login, Session, Settings, TimelineEvent, connect,
    ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId},
};
use serde_json::Value;
use tempfile::TempDir;
use throwaway_synapse::{PASSWORD, Role, Synapse, User};

pub(crate) struct Server {
    pub(crate) synapse: Synapse,
    names: AtomicU32,
}

impl Server {
    /// `None`, said aloud, where no Synapse can be had.
    pub(crate) async fn start() -> Option<Self> {
        Some(Self { synapse: throwaway_synapse::start_or_skip().await?, names: AtomicU32::new(0) })
    }

    /// A new user, who acts over plain HTTP. The name gets a number, so that every scenario has its own.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        let user = self.synapse.register(&format!("{name}{number}"), Role::User).await.unwrap();
        Person { id: user.user_id.as_str().try_into().unwrap(), user }
    }

    /// A new account, and a folder for its sessions.
    pub(crate) async fn account(&self, name: &str) -> Account {
        let person = self.person(name).await;
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            homeserver: self.synapse.url().to_owned(),
            user_id: person.id.clone(),
            login: Login::Password(PASSWORD.to_owned()),
            folder: folder.path().join("matrix"),
            device_name: "test".to_owned(),
            recovery: None,
        };
        Account { person, settings, _folder: folder }
    }
}

/// A user over plain HTTP.
pub(crate) struct Person {
    pub(crate) id: OwnedUserId,
    pub(crate) user: User,
}

impl Person {
    pub(crate) async fn create_room(&self, request: Value) -> OwnedRoomId {
        self.user.create_room(request).await.unwrap().as_str().try_into().unwrap()
    }

    /// Says something in the clear.
    pub(crate) async fn say(&self, room: &RoomId, text: &str) -> OwnedEventId {
        self.user.send_text(room.as_str(), text).await.unwrap().as_str().try_into().unwrap()
    }

    /// `invite`, `kick` or `ban`.
    pub(crate) async fn act(&self, what: &str, room: &RoomId, whom: &OwnedUserId) {
        let path = format!("/_matrix/client/v3/rooms/{room}/{what}");
        self.user.post(&path, serde_json::json!({ "user_id": whom })).await.unwrap();
    }

    /// An event as the homeserver has it.
    pub(crate) async fn event(&self, room: &RoomId, event: &OwnedEventId) -> Value {
        self.user.event(room.as_str(), event.as_str()).await.unwrap()
    }
}

/// An account that connects through this crate. The folder goes with it.
pub(crate) struct Account {
    pub(crate) person: Person,
    pub(crate) settings: Settings,
    _folder: TempDir,
}

impl Account {
    pub(crate) async fn connect(&self) -> (Session, How) {
        let Connected { session, how } = connect(self.settings.clone()).await.unwrap();
        (session, how)
    }

    /// Connects, and joins the rooms that it is invited to.
    pub(crate) async fn joined(&self) -> Reader {
        let (session, _) = self.connect().await;
        let mut reader = Reader::new(session);
        reader.sync(None).await;
        let invites = reader.session.invites().await;
        for invite in &invites {
            reader.session.join(&invite.room_id).await.unwrap();
        }
        if !invites.is_empty() {
            reader.sync(None).await;
        }
        reader
    }

    /// What is in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.settings.folder.join(name)
    }
}

/// A session, and the cursor that its caller keeps.
pub(crate) struct Reader {
    pub(crate) session: Session,
    pub(crate) cursor: Option<String>,
}

impl Reader {
    pub(crate) fn new(session: Session) -> Self {
        Self { session, cursor: None }
    }

    pub(crate) async fn sync(&mut self, watch: Option<&RoomId>) -> Batch {
        let batch = self.session.sync(watch.map(ToOwned::to_owned), self.cursor.clone()).await.unwrap();
        self.cursor = Some(batch.next.clone());
        batch
    }

    /// Syncs until something readable that `wanted` accepts arrives.
    pub(crate) async fn until(&mut self, room: &RoomId, wanted: impl Fn(&Value) -> bool) -> TimelineEvent {
        for _ in 0..10 {
            for event in self.sync(Some(room)).await.events {
                if wanted(&event.json) && !matches!(event.decryption, Decryption::Undecryptable { .. }) {
                    return event;
                }
            }
        }
        panic!("it did not come");
    }

    /// Syncs until a message with this text arrives.
    pub(crate) async fn until_text(&mut self, room: &RoomId, text: &str) -> TimelineEvent {
        self.until(room, |json| json["content"]["body"] == text).await
    }
}

/// The texts of the messages among some events, in order.
pub(crate) fn texts(events: &[TimelineEvent]) -> Vec<&str> {
    events.iter().filter_map(|event| event.json["content"]["body"].as_str()).collect()
}

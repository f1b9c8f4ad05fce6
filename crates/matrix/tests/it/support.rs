//! A homeserver, people who use it over plain HTTP, and accounts that connect through this crate.

use std::path::PathBuf;

use gleipnir_matrix::{
    Batch, Connected, Decryption, How, Login, Session, Settings, TimelineEvent, connect,
    ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId},
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct Server {
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Option<Self> {
        Some(Self { url: "http://127.0.0.1:18448".to_owned() })
    }

    /// A user with [`PASSWORD`], who acts over plain HTTP.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let salt = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let body = json!({ "username": format!("{name}{salt}"), "password": PASSWORD, "auth": { "type": "m.login.dummy" } });
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/_matrix/client/v3/register", self.url))
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        Person::new(self, answer)
    }

    /// A new account, and a folder for its sessions.
    pub(crate) async fn account(&self, name: &str) -> Account {
        let person = self.person(name).await;
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            homeserver: self.url.clone(),
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
    http: reqwest::Client,
    base: String,
    pub(crate) id: OwnedUserId,
    pub(crate) token: String,
}

impl Person {
    fn new(server: &Server, login: Value) -> Self {
        Self {
            http: reqwest::Client::new(),
            base: format!("{}/_matrix/client/v3", server.url),
            id: login["user_id"].as_str().unwrap().try_into().unwrap(),
            token: login["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Any request of the client API; panics if it is refused.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}/{path}", self.base)).bearer_auth(&self.token);
        #[expect(clippy::disallowed_methods, reason = "this is the one send() of the tests")]
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Creates a room; `more` goes into the request.
    pub(crate) async fn create_room(&self, more: Value) -> OwnedRoomId {
        let created = self.call(Method::POST, "createRoom", more).await;
        created["room_id"].as_str().unwrap().try_into().unwrap()
    }

    /// Says something in the clear.
    pub(crate) async fn say(&self, room: &RoomId, text: &str) -> OwnedEventId {
        let salt = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let path = format!("rooms/{room}/send/m.room.message/{salt}");
        let sent = self.call(Method::PUT, &path, json!({ "msgtype": "m.text", "body": text })).await;
        sent["event_id"].as_str().unwrap().try_into().unwrap()
    }

    /// An event as the homeserver has it.
    pub(crate) async fn event(&self, room: &RoomId, event: &OwnedEventId) -> Value {
        self.call(Method::GET, &format!("rooms/{room}/event/{event}"), json!({})).await
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
        for invite in reader.session.invites().await {
            reader.session.join(&invite.room_id).await.unwrap();
        }
        reader.sync(None).await;
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

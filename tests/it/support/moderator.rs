//! A moderator: somebody in the management room, with a client of their own. In an open room that is raw HTTP; an
//! encrypted one takes a client that can decrypt.

use std::{sync::Arc, time::Duration};

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use gleipnir_core::ruma::{
    OwnedEventId, OwnedRoomId,
    serde::{Base64, base64::UrlSafe},
};
use gleipnir_matrix::{Decryption, Login, Outgoing, Session, Settings, connect};
use serde_json::{Value, json};
use tempfile::TempDir;
use throwaway_synapse::{PASSWORD, Synapse, User, path_part};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    Answer,
    heard::{self, Heard},
    told::{Told, told},
};

/// A pause after a sync that failed, as it does while the server is away.
const PAUSE: Duration = Duration::from_millis(100);

/// Somebody in the management room who talks to the bot.
pub(crate) struct Moderator {
    /// The same account over raw HTTP.
    pub(crate) user: User,
    /// The management room.
    pub(crate) room: String,
    url: String,
    voice: Voice,
    heard: Arc<Heard>,
    listening: JoinHandle<()>,
}

enum Voice {
    Open,
    Encrypted {
        session: Box<Session>,
        room: OwnedRoomId,
        /// How much was sent. Held while something is: the SDK panics where a room key comes to its end between two sendings.
        sent: Mutex<u64>,
        _folder: TempDir,
    },
}

impl Moderator {
    /// With a client without encryption.
    pub(crate) fn open(synapse: &Synapse, user: User, room: String) -> Self {
        let heard = Arc::new(Heard::new());
        let listening = tokio::spawn(listen(user.clone(), room.clone(), heard.clone()));
        Self { user, room, url: synapse.url().to_owned(), voice: Voice::Open, heard, listening }
    }

    /// With a client for encrypted rooms.
    pub(crate) async fn encrypted(synapse: &Synapse, user: User, room: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            homeserver: synapse.url().to_owned(),
            user_id: user.user_id.as_str().try_into().unwrap(),
            login: Login::Password(PASSWORD.to_owned()),
            folder: folder.path().to_owned(),
            device_name: "moderator".to_owned(),
            recovery: None,
        };
        let session = connect(settings).await.unwrap().session;
        let id: OwnedRoomId = room.as_str().try_into().unwrap();
        // Before the bot comes: it has to know this device.
        let start = session.sync(None, None).await.unwrap().next;
        let heard = Arc::new(Heard::new());
        let listening = tokio::spawn(listen_encrypted(session.clone(), id.clone(), start, heard.clone()));
        let voice = Voice::Encrypted {
            session: Box::new(session),
            room: id,
            sent: Mutex::default(),
            _folder: folder,
        };
        Self { user, room, url: synapse.url().to_owned(), voice, heard, listening }
    }

    /// Says something; its event.
    pub(crate) async fn say(&self, text: &str) -> String {
        self.send("m.room.message", json!({"msgtype": "m.text", "body": text})).await
    }

    /// Reacts to something; the reaction's event.
    pub(crate) async fn react(&self, to: &str, key: &str) -> String {
        match &self.voice {
            Voice::Open => self.user.react(&self.room, to, key).await.unwrap(),
            Voice::Encrypted { .. } => {
                let to: OwnedEventId = to.try_into().unwrap();
                self.encrypted_send(Outgoing::Reaction { to, key: key.to_owned() }).await
            }
        }
    }

    /// Turns a page with a reaction, and waits until the message has these words. The reaction is taken back, as
    /// nobody can react twice in the same way.
    pub(crate) async fn turn(&self, page: &Answer, key: &str, words: &str) -> Answer {
        let reaction = self.react(&page.id, key).await;
        let look =
            |events: &[Value]| heard::message(events, &page.id).filter(|page| page.text.contains(words));
        let turned = self.heard.wait(&format!("{key} to a page with {words:?}"), look).await;
        self.user.redact(&self.room, &reaction, "").await.unwrap();
        turned
    }

    /// Waits until a message of the bot has these words, in its latest version.
    pub(crate) async fn shows(&self, message: &str, words: &str) -> Answer {
        let look =
            |events: &[Value]| heard::message(events, message).filter(|said| said.text.contains(words));
        self.heard.wait(&format!("{words:?} in {message}"), look).await
    }

    /// Sends any event, encrypted where the room is.
    pub(crate) async fn send(&self, event_type: &str, content: Value) -> String {
        match &self.voice {
            Voice::Open => self.user.send(&self.room, event_type, content).await.unwrap(),
            Voice::Encrypted { .. } => {
                self.encrypted_send(Outgoing::Other { event_type: event_type.to_owned(), content }).await
            }
        }
    }

    /// Sends a file, encrypted where the room is; its event.
    pub(crate) async fn send_file(&self, name: &str, bytes: &[u8]) -> String {
        match &self.voice {
            Voice::Open => {
                let file = self.user.upload("text/plain", bytes.to_vec()).await.unwrap();
                let content = json!({"msgtype": "m.file", "body": name, "url": file});
                self.send("m.room.message", content).await
            }
            Voice::Encrypted { .. } => {
                let file = Outgoing::File {
                    name: name.to_owned(),
                    mime: "text/plain".to_owned(),
                    pixels: None,
                    bytes: bytes.to_vec(),
                    reply_to: None,
                };
                self.encrypted_send(file).await
            }
        }
    }

    /// Says something as a reply; its event.
    pub(crate) async fn reply(&self, to: &str, text: &str) -> String {
        let relation = json!({"m.in_reply_to": {"event_id": to}});
        self.send("m.room.message", json!({"msgtype": "m.text", "body": text, "m.relates_to": relation}))
            .await
    }

    /// Waits until an answer to an event has these words, in its latest version.
    pub(crate) async fn answer(&self, to: &str, words: &str) -> Answer {
        let what = format!("an answer to {to} with {words:?}");
        let look = |events: &[Value]| {
            heard::replies(events, to).into_iter().find(|reply| reply.text.contains(words))
        };
        self.heard.wait(&what, look).await
    }

    /// Says something, and waits for an answer with these words.
    pub(crate) async fn ask(&self, line: &str, words: &str) -> Answer {
        let command = self.say(line).await;
        self.answer(&command, words).await
    }

    /// As [`ask`](Self::ask), for what succeeds: ✅ on the command.
    pub(crate) async fn good(&self, line: &str, words: &str) -> Answer {
        let command = self.say(line).await;
        let answer = self.answer(&command, words).await;
        self.marked(&command, "✅").await;
        answer
    }

    /// As [`ask`](Self::ask), for what is refused or fails: ❌ on the command.
    pub(crate) async fn bad(&self, line: &str, words: &str) -> Answer {
        let command = self.say(line).await;
        let answer = self.answer(&command, words).await;
        self.marked(&command, "❌").await;
        answer
    }

    /// As [`bad`](Self::bad), for many lines that are sent at once: each with the words of its answer.
    pub(crate) async fn all_bad(&self, cases: &[(&str, &str)]) -> Vec<Answer> {
        self.all(cases, "❌").await
    }

    /// As [`good`](Self::good), for many lines that are sent at once: each with the words of its answer.
    pub(crate) async fn all_good(&self, cases: &[(&str, &str)]) -> Vec<Answer> {
        self.all(cases, "✅").await
    }

    async fn all(&self, cases: &[(&str, &str)], mark: &str) -> Vec<Answer> {
        let mut commands = Vec::new();
        for (line, _) in cases {
            commands.push(self.say(line).await);
        }
        let mut answers = Vec::new();
        for (command, (_, words)) in commands.iter().zip(cases) {
            answers.push(self.answer(command, words).await);
            self.marked(command, mark).await;
        }
        answers
    }

    /// Waits until the bot has reacted to an event.
    pub(crate) async fn marked(&self, event: &str, emoji: &str) {
        let look =
            |events: &[Value]| heard::marks(events, event).iter().any(|mark| mark == emoji).then_some(());
        self.heard.wait(&format!("{emoji} on {event}"), look).await;
    }

    /// The bot's reactions to an event so far.
    pub(crate) fn marks(&self, event: &str) -> Vec<String> {
        self.heard.look(|events| heard::marks(events, event))
    }

    /// Waits until the bot has said these words, to whomever.
    pub(crate) async fn hears(&self, words: &str) -> Answer {
        let look =
            |events: &[Value]| heard::notices(events).into_iter().find(|said| said.text.contains(words));
        self.heard.wait(&format!("the words {words:?}"), look).await
    }

    /// As [`hears`](Self::hears), leaving out the first so many messages of the bot.
    pub(crate) async fn hears_after(&self, count: usize, words: &str) -> Answer {
        let look = |events: &[Value]| {
            heard::notices(events).into_iter().skip(count).find(|said| said.text.contains(words))
        };
        self.heard.wait(&format!("after {count} messages, the words {words:?}"), look).await
    }

    /// The bot's answers to an event so far.
    pub(crate) fn replies(&self, to: &str) -> Vec<Answer> {
        self.heard.look(|events| heard::replies(events, to))
    }

    /// All that the bot has said so far, in order.
    pub(crate) fn said(&self) -> Vec<Answer> {
        self.heard.look(heard::notices)
    }

    /// Waits until so much is told of a watched room; all that is told of it by then.
    pub(crate) async fn told(&self, room: &str, count: usize) -> Vec<Told> {
        let look =
            |events: &[Value]| Some(told(&heard::unasked(events), room)).filter(|told| told.len() >= count);
        self.heard.wait(&format!("{count} lines about {room}"), look).await
    }

    /// Waits until a line with these words is told of a watched room.
    pub(crate) async fn told_that(&self, room: &str, words: &str) -> Told {
        let look = |events: &[Value]| {
            told(&heard::unasked(events), room).into_iter().find(|told| told.sentence.contains(words))
        };
        self.heard.wait(&format!("a line about {room} with {words:?}"), look).await
    }

    /// What is told of a watched room so far.
    pub(crate) fn told_so_far(&self, room: &str) -> Vec<Told> {
        self.heard.look(|events| told(&heard::unasked(events), room))
    }

    /// Waits until an event was heard.
    pub(crate) async fn has(&self, id: &str) -> Value {
        let look = |events: &[Value]| events.iter().find(|event| event["event_id"] == id).cloned();
        self.heard.wait(id, look).await
    }

    /// All events so far, decrypted.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.heard.look(<[Value]>::to_vec)
    }

    /// Waits for the file that answers an event, downloads and decrypts it: its name and what is in it.
    pub(crate) async fn file(&self, to: &str) -> (String, String) {
        let (name, bytes) = self.attachment(to, "m.file").await;
        (name, String::from_utf8(bytes).unwrap())
    }

    /// As [`file`](Self::file), for the picture that answers an event.
    pub(crate) async fn picture(&self, to: &str) -> (String, Vec<u8>) {
        self.attachment(to, "m.image").await
    }

    async fn attachment(&self, to: &str, kind: &str) -> (String, Vec<u8>) {
        let is_it = |event: &&Value| {
            let content = &event["content"];
            content["msgtype"] == kind && content["m.relates_to"]["m.in_reply_to"]["event_id"] == to
        };
        let look = |events: &[Value]| events.iter().find(is_it).cloned();
        let content = self.heard.wait(&format!("an {kind} for {to}"), look).await["content"].take();
        let bytes = match &self.voice {
            Voice::Open => self.download(&content["url"]).await,
            Voice::Encrypted { .. } => {
                assert!(content["url"].is_null(), "the file is not encrypted: {content}");
                decrypt(&content["file"], self.download(&content["file"]["url"]).await)
            }
        };
        assert_eq!(content["info"]["size"], bytes.len());
        (content["filename"].as_str().unwrap_or_default().to_owned(), bytes)
    }

    async fn download(&self, url: &Value) -> Vec<u8> {
        let (server, id) = url.as_str().unwrap().strip_prefix("mxc://").unwrap().split_once('/').unwrap();
        let path = format!("/_matrix/client/v1/media/download/{}/{}", path_part(server), path_part(id));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request =
            client.get(format!("{}{path}", self.url)).bearer_auth(&self.user.access_token).build().unwrap();
        let response = client.execute(request).await.unwrap().error_for_status().unwrap();
        response.bytes().await.unwrap().to_vec()
    }

    /// The room, as the moderator reads it.
    pub(crate) fn transcript(&self) -> String {
        self.heard.transcript()
    }

    /// Waits a moment for the bot's join: whoever sends before it was seen keeps the key from the bot. It may be away, too.
    async fn bot_is_there(&self) {
        let is_join = |event: &Value| {
            event["type"] == "m.room.member"
                && event["content"]["membership"] == "join"
                && event["sender"] != *self.user.user_id
        };
        for _ in 0..30 {
            if self.heard.look(|events| events.iter().any(is_join)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn encrypted_send(&self, what: Outgoing) -> String {
        let Voice::Encrypted { session, room, sent, .. } = &self.voice else { panic!("the room is open") };
        let mut sent = sent.lock().await;
        if *sent == 0 {
            self.bot_is_there().await;
        }
        *sent += 1;
        session.send(room, &sent.to_string(), what).await.unwrap().to_string()
    }
}

impl Drop for Moderator {
    fn drop(&mut self) {
        self.listening.abort();
        if std::thread::panicking() {
            eprintln!("\nThe management room:\n{}", self.transcript());
        }
    }
}

async fn listen(user: User, room: String, heard: Arc<Heard>) {
    let filter = path_part(r#"{"room":{"timeline":{"limit":100}}}"#);
    let mut since = String::new();
    loop {
        let answer = user.get(&format!("/_matrix/client/v3/sync?timeout=20000&filter={filter}{since}")).await;
        let news = match answer {
            Ok(answer) => {
                let timeline = &answer["rooms"]["join"][&room]["timeline"];
                let events = if timeline["limited"] == true {
                    user.messages(&room, 500).await
                } else {
                    Ok(timeline["events"].as_array().cloned().unwrap_or_default())
                };
                events.map(|events| (events, answer["next_batch"].as_str().unwrap_or_default().to_owned()))
            }
            Err(error) => Err(error),
        };
        match news {
            Ok((events, next)) => {
                heard.add(events);
                since = format!("&since={}", path_part(&next));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn listen_encrypted(session: Session, room: OwnedRoomId, start: String, heard: Arc<Heard>) {
    let mut cursor = start;
    let mut unread: Vec<OwnedEventId> = Vec::new();
    loop {
        match session.sync(Some(room.clone()), Some(cursor.clone())).await {
            Ok(batch) => {
                cursor = batch.next;
                let undecryptable = |event: &&gleipnir_matrix::TimelineEvent| {
                    matches!(event.decryption, Decryption::Undecryptable { .. })
                };
                let ids = batch
                    .events
                    .iter()
                    .filter(undecryptable)
                    .filter_map(|event| event.json["event_id"].as_str());
                unread.extend(ids.filter_map(|id| OwnedEventId::try_from(id).ok()));
                heard.add(batch.events.into_iter().map(|event| event.json).collect());
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        let mut still = Vec::new();
        for id in unread {
            match session.fetch(&room, &id).await {
                Ok(event) if event.decryption == Decryption::Decrypted => heard.add(vec![event.json]),
                _ => still.push(id),
            }
        }
        unread = still;
    }
}

/// "Sending encrypted attachments": AES-256-CTR, with a hash of what is stored.
fn decrypt(file: &Value, mut bytes: Vec<u8>) -> Vec<u8> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = Base64::<UrlSafe>::parse(text(&file["key"]["k"])).unwrap().into_inner();
    let iv = Base64::<gleipnir_core::ruma::serde::base64::Standard>::parse(text(&file["iv"]))
        .unwrap()
        .into_inner();
    let mut cipher = ctr::Ctr128BE::<aes::Aes256>::new_from_slices(&key, &iv).unwrap();
    cipher.apply_keystream(&mut bytes);
    bytes
}

//! A scene: a homeserver, the bot's process, and a moderator in the management room.

mod bot;
mod gate;
mod heard;
mod moderator;
mod neighbour;
mod proxy;
mod told;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use throwaway_synapse::{Builder, Role, Synapse, User, path_part};

pub(crate) use self::{
    bot::{Bot, Under},
    gate::{Catch, Gate},
    heard::Answer,
    moderator::Moderator,
    neighbour::{Neighbour, has_state, hears, redacted, sees},
    proxy::{Dice, FAULTS, Fault, Proxy, REFUSALS, RuleId},
    told::Told,
};

/// How long anything is waited for. Only a failure takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// The bot's account; beside a neighbour it is [`Bot::user_id`].
pub(crate) const BOT: &str = "@gleipnir:hs.test";

/// Whether messages in the management room are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Encrypted,
}

/// Everybody on stage. The bot is not started yet.
pub(crate) struct Scene {
    // In the order in which they may go.
    pub(crate) bot: Bot,
    pub(crate) moderator: Moderator,
    /// A server admin, to ask the server without the bot.
    pub(crate) admin: User,
    pub(crate) synapse: Synapse,
}

impl Scene {
    /// `None`, said aloud, where no Synapse can be had.
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        Self::on(Synapse::builder(), kind, Role::Admin).await
    }

    /// On a server with settings, and with a bot that is a server admin or not.
    pub(crate) async fn on(server: Builder, kind: Kind, bot: Role) -> Option<Self> {
        Some(Self::set(server.start_or_skip().await?, kind, bot).await)
    }

    /// On a server that runs.
    async fn set(synapse: Synapse, kind: Kind, bot: Role) -> Self {
        let account = synapse.register("gleipnir", bot).await.unwrap();
        let user = synapse.register("mod", Role::User).await.unwrap();
        let admin = synapse.register("admin", Role::Admin).await.unwrap();
        let room = user.create_room(management_room(kind, &account.user_id)).await.unwrap();
        let moderator = match kind {
            Kind::Open => Moderator::open(&synapse, user, room.clone()),
            Kind::Encrypted => Moderator::encrypted(&synapse, user, room.clone()).await,
        };
        let mut bot = Bot::new(synapse.url(), room);
        bot.user_id = account.user_id;
        Self { bot, moderator, admin, synapse }
    }

    /// As [`new`](Self::new), with the bot at work.
    pub(crate) async fn at_work(kind: Kind) -> Option<Self> {
        let mut scene = Self::new(kind).await?;
        scene.bot.start().await;
        scene.moderator.hears("Hello, I am").await;
        Some(scene)
    }

    /// A room on the server that the bot is not in, with these members besides its creator.
    pub(crate) async fn room(&self, creator: &User, name: &str, members: &[User]) -> String {
        let room = creator.create_room(json!({"preset": "public_chat", "name": name})).await.unwrap();
        for member in members {
            member.join(&room).await.unwrap();
        }
        room
    }

    /// Users called `name0`, `name1` and so on.
    pub(crate) async fn crowd(&self, name: &str, size: usize) -> Vec<User> {
        let mut crowd = Vec::new();
        for n in 0..size {
            crowd.push(self.synapse.register(&format!("{name}{n}"), Role::User).await.unwrap());
        }
        crowd
    }

    /// Whether local users are kept out of a room, by the admin API's word.
    pub(crate) async fn is_blocked(&self, room: &str) -> bool {
        let path = format!("/_synapse/admin/v1/rooms/{}/block", path_part(room));
        self.admin.get(&path).await.unwrap()["block"] == true
    }

    /// Whether the server knows a room, by the admin API's word.
    pub(crate) async fn knows(&self, room: &str) -> bool {
        let path = format!("/_synapse/admin/v1/rooms/{}", path_part(room));
        let (status, answer) = self.admin.request("GET", &path, None).await.unwrap();
        assert!(status == 200 || status == 404, "{status}: {answer}");
        status == 200
    }

    /// The joined members of a room, sorted, by the admin API's word.
    pub(crate) async fn members(&self, room: &str) -> Vec<String> {
        let path = format!("/_synapse/admin/v1/rooms/{}/members", path_part(room));
        let mut members = strings(&self.admin.get(&path).await.unwrap()["members"]);
        members.sort();
        members
    }

    /// The delete tasks that the server has for a room; also one that has not begun, which `delete_status` hides.
    pub(crate) async fn delete_tasks(&self, room: &str) -> Vec<Value> {
        let path = format!(
            "/_synapse/admin/v1/scheduled_tasks?action_name=shutdown_and_purge_room&resource_id={}",
            path_part(room)
        );
        let answer = self.admin.get(&path).await.unwrap();
        answer["scheduled_tasks"].as_array().unwrap().clone()
    }

    /// The delete tasks of a room as `delete_status` lists them.
    pub(crate) async fn delete_status(&self, room: &str) -> Vec<Value> {
        let path = format!("/_synapse/admin/v2/rooms/{}/delete_status", path_part(room));
        self.admin.get(&path).await.unwrap()["results"].as_array().unwrap().clone()
    }

    /// Waits until a room is being shut down, and so many local members are out.
    pub(crate) async fn removed(&self, room: &str, count: usize) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let tasks = self.delete_tasks(room).await;
            let out = tasks.iter().map(|task| strings(&task["result"]["kicked_users"]).len()).sum::<usize>();
            if !tasks.is_empty() && (out >= count || tasks.iter().all(|task| task["status"] == "complete")) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{out} of {count} members are out of {room}: {tasks:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks for a shutdown and confirms it with a reaction; the command's event.
    pub(crate) async fn shut_down(&self, line: &str) -> String {
        self.confirm(line, &[]).await
    }

    /// Says something whose preview has these words, and confirms it with a reaction; the command's event.
    pub(crate) async fn confirm(&self, line: &str, preview: &[&str]) -> String {
        let command = self.moderator.say(line).await;
        let asked = self.moderator.answer(&command, "do it?").await;
        asked.says(preview);
        self.moderator.react(&asked.id, "✅").await;
        command
    }

    /// As [`confirm`](Self::confirm), and waits until it is done, with these words.
    pub(crate) async fn carry_out(&self, line: &str, preview: &[&str], words: &str) -> Answer {
        let command = self.confirm(line, preview).await;
        let answer = self.moderator.answer(&command, words).await;
        self.moderator.marked(&command, "✅").await;
        answer
    }

    /// An account, by the admin API's word; `null` without one.
    pub(crate) async fn account(&self, user: &str) -> Value {
        let path = format!("/_synapse/admin/v2/users/{}", path_part(user));
        let (status, answer) = self.admin.request("GET", &path, None).await.unwrap();
        assert!(status == 200 || status == 404, "{status}: {answer}");
        if status == 200 { answer } else { Value::Null }
    }

    /// Changes the server's database behind its back, for what a single server does not come to by itself.
    pub(crate) fn tamper(&self, sql: &str, values: &[&str]) {
        let database = rusqlite::Connection::open(self.synapse.data_dir().join("homeserver.db")).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        assert_eq!(database.execute(sql, rusqlite::params_from_iter(values)).unwrap(), 1);
    }

    /// Waits until the list of rooms has caught up with a room: the server counts members in the background.
    pub(crate) async fn counted(&self, room: &str, local_members: u64) {
        let path = format!("/_synapse/admin/v1/rooms/{}", path_part(room));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.admin.get(&path).await.unwrap()["joined_local_members"] != local_members {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{room} does not come to {local_members} members"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn management_room(kind: Kind, bot: &str) -> Value {
    let mut room = json!({"preset": "private_chat", "name": "Moderators", "invite": [bot]});
    if kind == Kind::Encrypted {
        let content = json!({"algorithm": "m.megolm.v1.aes-sha2"});
        room["initial_state"] = json!([{"type": "m.room.encryption", "state_key": "", "content": content}]);
    }
    room
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("in vain, for {PATIENCE:?}: {what}"));
}

/// The strings of a list.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The files in a folder that have a text in them.
pub(crate) fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text)) {
            found.push(path);
        }
    }
    found
}

//! Every change of a membership that a real Synapse allows, and the state around it, in the words in which the bot tells
//! it: in rooms of four versions. What the server refuses is tried as well.

mod steps;

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};

use self::steps::{Step, Then, steps};
use crate::support::{BOT, Kind, Scene, Told};

/// The room versions, old to new, in which memberships differ.
const VERSIONS: [u8; 4] = [9, 10, 11, 12];

/// Those who act, besides the moderator: `kim` is the other admin of each room, `vee` and `nat` are in the club.
const CAST: [&str; 13] =
    ["kim", "vee", "nat", "ana", "bob", "cat", "dan", "eve", "fay", "hal", "ida", "jim", "lia"];

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_in_its_sentence_in_rooms_of_each_version() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[feed]\ndefault = \"all\"".to_owned();
    scene.bot.start().await;
    let cast = Cast::new(&scene).await;
    let mut rooms = Vec::new();
    for version in VERSIONS {
        rooms.push(Room::new(&scene, &cast, version).await);
    }
    for room in &rooms {
        let mut count = 0;
        for step in room.steps() {
            room.take(&cast, &step).await;
            count += usize::from(matches!(step.then, Then::Told(_)));
        }
        let told = scene.moderator.told(&room.id, count).await;
        room.check(&told);
    }
    // Nothing more comes.
    scene.moderator.good("!version", "Gleipnir").await;
    for room in &rooms {
        room.check(&scene.moderator.told_so_far(&room.id));
    }
    assert_eq!(scene.bot.stop().await, 0);
}

/// Everybody on the server but the bot.
struct Cast(Vec<User>);

impl Cast {
    async fn new(scene: &Scene) -> Self {
        let mut users = vec![scene.moderator.user.clone()];
        for name in CAST {
            users.push(scene.synapse.register(name, Role::User).await.unwrap());
        }
        Self(users)
    }

    fn user(&self, name: &str) -> &User {
        let is_it = |user: &&User| user.user_id == id(name);
        self.0.iter().find(is_it).unwrap()
    }
}

/// A name of the cast as a user ID; what is an ID already, as it is.
fn id(name: &str) -> String {
    if name.starts_with('@') { name.to_owned() } else { format!("@{name}:hs.test") }
}

/// A room that the bot watches.
struct Room {
    version: u8,
    id: String,
    /// The room whose members may join it for a while.
    club: String,
}

impl Room {
    /// A room of two admins, `mod` and `kim`, for invited people; the bot comes last.
    async fn new(scene: &Scene, cast: &Cast, version: u8) -> Self {
        let (moderator, kim) = (cast.user("mod"), cast.user("kim"));
        let club = scene.room(moderator, "Club", &[cast.user("vee").clone(), cast.user("nat").clone()]).await;
        let (creation, users) = match version {
            12.. => (json!({"additional_creators": [id("kim")]}), json!({})),
            _ => (json!({}), json!({"@mod:hs.test": 100, "@kim:hs.test": 100})),
        };
        let request = json!({"preset": "private_chat", "room_version": version.to_string(),
            "name": format!("Lounge {version}"), "invite": [id("kim")], "creation_content": creation,
            "power_level_content_override": {"users": users, "invite": 50}});
        let id = moderator.create_room(request).await.unwrap();
        kim.join(&id).await.unwrap();
        moderator.invite(&id, BOT).await.unwrap();
        let room = Self { version, id, club };
        scene.moderator.hears(&format!("(`{}`): I am in it now, and watch it.", room.id)).await;
        room
    }

    fn steps(&self) -> Vec<Step> {
        steps(self.version, &self.club)
    }

    /// Does what the step says, and holds the server's answer against it.
    async fn take(&self, cast: &Cast, step: &Step) {
        let path = |end: &str| format!("/_matrix/client/v3/rooms/{}/{end}", path_part(&self.id));
        let state = |kind: &str| path(&format!("state/{}/{}", path_part(kind), path_part(&step.key)));
        let by = cast.user(step.by);
        let mut body = step.body.clone();
        let (method, path) = match step.act {
            "knock" => ("POST", format!("/_matrix/client/v3/knock/{}", path_part(&self.id))),
            "join" | "leave" => ("POST", path(step.act)),
            "invite" | "kick" | "ban" | "unban" => {
                body["user_id"] = json!(step.key);
                ("POST", path(step.act))
            }
            kind => {
                if kind == "m.room.power_levels" {
                    let mut levels = by.state(&self.id, kind, "").await.unwrap();
                    merge(&mut levels, &body);
                    body = levels;
                }
                ("PUT", state(kind))
            }
        };
        let (status, answer) = by.request(method, &path, Some(body)).await.unwrap();
        let want = match step.then {
            Then::Told(_) | Then::Nothing => (200, ""),
            Then::Refused(status, code) => (status, code),
        };
        let code = answer["errcode"].as_str().unwrap_or_default();
        assert_eq!((status, code), want, "in version {}, {step:?}: {answer}", self.version);
    }

    /// Compares all that was told with the steps, in order.
    fn check(&self, told: &[Told]) {
        let steps = self.steps();
        let sentences = steps.iter().filter_map(|step| match &step.then {
            Then::Told(sentence) => Some(sentence.as_str()),
            Then::Nothing | Then::Refused(..) => None,
        });
        let want: Vec<String> = sentences.map(|sentence| self.in_full(sentence)).collect();
        // Any of those who can invite may vouch: the server takes one at random.
        let [kim, moderator] = ["KIM", "MOD"].map(|name| self.in_full(&format!("vouched for by {name}")));
        let told: Vec<String> = told.iter().map(|told| told.sentence.replace(&kim, &moderator)).collect();
        let wrong: Vec<String> = (want.iter().zip(&told))
            .filter(|(want, told)| want != told)
            .map(|(want, told)| format!("want {want}\ntold {told}\n"))
            .collect();
        assert!(wrong.is_empty(), "in version {}:\n{}", self.version, wrong.join("\n"));
        assert_eq!(told.len(), want.len(), "in version {}: {told:#?}", self.version);
    }

    /// A sentence with the names as they are told: ANA for “ana (`@ana:hs.test`)”.
    fn in_full(&self, sentence: &str) -> String {
        let names = CAST.iter().copied().chain(["mod", "gleipnir"]);
        let full = names.fold(sentence.to_owned(), |sentence, name| {
            sentence.replace(&name.to_uppercase(), &format!("{name} (`@{name}:hs.test`)"))
        });
        full.replace("ROOM", &self.id).replace("CLUB", &format!("Club (`{}`)", self.club))
    }
}

/// Puts what is new into what is there.
fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}

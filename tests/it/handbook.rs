//! The handbook's situations, played through. What is said in the room is what `docs/handbook/` shows, so that it can never
//! drift from the bot; `GLEIPNIR_WRITE=1 cargo test -p gleipnir --test it handbook` writes the conversations there anew.

mod command_line;
mod harassment;
mod illegal;
mod page;
mod raid;
mod report;
mod spam;
mod stable;
mod stolen;

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};

use self::page::Page;
use crate::support::{BOT, Kind, Scene};

/// The configuration that the pages are played with. Joins are told of one room only.
const CONFIGURATION: &str = "\
[reports]
poll_interval = \"1s\"
[reports.tell]
resolved = \"Thank you for reporting {what}. The moderators have dealt with it.\"
[feed.rooms]
\"#plaza:hs.test\" = \"all\"
";

/// A server with its people and rooms, before anything happens.
struct Town {
    scene: Scene,
    /// A second moderator, with power 50.
    ana: User,
    /// Somebody who reports what is wrong.
    bea: User,
    /// A public room that the bot is in, with power, and bea.
    lounge: String,
    /// Another one, which the bot is not in at first.
    plaza: String,
}

impl Town {
    async fn new() -> Option<Self> {
        let mut scene = Scene::new(Kind::Open).await?;
        let m = &scene.moderator;
        let [ana, bea] = [person(&scene, "ana", "Ana").await, person(&scene, "bea", "Bea").await];
        m.user.display_name("Mo").await.unwrap();
        m.user.invite(&m.room, &ana.user_id).await.unwrap();
        ana.join(&m.room).await.unwrap();
        let mut levels = m.user.state(&m.room, "m.room.power_levels", "").await.unwrap();
        levels["users"][&ana.user_id] = json!(50);
        m.user.send_state(&m.room, "m.room.power_levels", "", levels).await.unwrap();
        let [lounge, plaza] =
            [public(&m.user, "Lounge", "lounge").await, public(&m.user, "Plaza", "plaza").await];
        for room in [&lounge, &plaza] {
            bea.join(room).await.unwrap();
        }
        CONFIGURATION.clone_into(&mut scene.bot.more);
        scene.bot.start().await;
        scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
        let town = Self { scene, ana, bea, lounge, plaza };
        town.watched(&town.lounge).await;
        Some(town)
    }

    /// Has a room watched.
    async fn watched(&self, room: &str) {
        self.scene.moderator.user.invite(room, BOT).await.unwrap();
        self.scene.moderator.hears(&format!("`{room}`): I am in it now")).await;
    }
}

/// A user of the server with a name.
async fn person(scene: &Scene, localpart: &str, name: &str) -> User {
    let user = scene.synapse.register(localpart, Role::User).await.unwrap();
    user.display_name(name).await.unwrap();
    user
}

/// A public room with an alias, in which the bot will have power.
async fn public(owner: &User, name: &str, alias: &str) -> String {
    let request = json!({"preset": "public_chat", "name": name, "room_alias_name": alias,
        "power_level_content_override": {"users": {BOT: 100}}});
    owner.create_room(request).await.unwrap()
}

/// What somebody does to a user in a room with a client: `kick`, `ban`.
async fn by_hand(by: &User, act: &str, room: &str, user: &User) {
    let path = format!("/_matrix/client/v3/rooms/{}/{act}", path_part(room));
    by.post(&path, json!({"user_id": user.user_id})).await.unwrap();
}

/// Who can join a room, set with a client.
async fn set_join_rule(by: &User, room: &str, rule: &str) {
    by.send_state(room, "m.room.join_rules", "", json!({"join_rule": rule})).await.unwrap();
}

/// The status that a user gets who writes into a room.
async fn write(user: &User, room: &str) -> u16 {
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message", path_part(room));
    let body = json!({"msgtype": "m.text", "body": "hello"});
    user.request("POST", &path, Some(body)).await.unwrap().0
}

/// What a user is in a room, as a member of it sees it.
async fn membership(seen_by: &User, room: &str, user: &User) -> Value {
    seen_by.state(room, "m.room.member", &user.user_id).await.unwrap()["membership"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handbook_shows_what_the_bot_says() {
    let Some(mut town) = Town::new().await else { return };
    report::played(&town).await;
    spam::played(&town).await;
    harassment::played(&town).await;
    raid::played(&town).await;
    illegal::played(&town).await;
    stolen::played(&town).await;
    assert_eq!(town.scene.bot.stop().await, 0);
}

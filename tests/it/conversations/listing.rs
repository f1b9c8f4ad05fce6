//! `!rooms`, `!members` and `!room --json`, held against the server's own lists.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::{Answer, Scene, strings};

/// A name that would like to be more than a name.
const HOSTILE: &str = "Crate <b>big</b> @room [click](https://evil.example)\n• fake `!room`";

/// Two rooms, a hostile one, and one that everybody has left.
struct Crates {
    alpha: String,
    beta: String,
    hostile: String,
    gone: String,
}

pub(super) async fn looking(scene: &Scene) {
    let [owner, guest]: [User; 2] = scene.crowd("storer", 2).await.try_into().unwrap();
    let crates = Crates::new(scene, &owner, &guest).await;
    searching(scene, &crates).await;
    turning(scene).await;
    files(scene).await;
    members(scene, &crates.alpha, &owner).await;
    details(scene, &crates.beta).await;
}

impl Crates {
    async fn new(scene: &Scene, owner: &User, guest: &User) -> Self {
        let alpha = json!({"preset": "public_chat", "name": "Crate Alpha", "room_alias_name": "crate-alpha"});
        let alpha = owner.create_room(alpha).await.unwrap();
        guest.join(&alpha).await.unwrap();
        let encryption = json!({"type": "m.room.encryption", "state_key": "",
            "content": {"algorithm": "m.megolm.v1.aes-sha2"}});
        let beta = json!({"preset": "private_chat", "name": "Crate Beta", "initial_state": [encryption]});
        let beta = owner.create_room(beta).await.unwrap();
        let hostile = scene.room(owner, HOSTILE, &[]).await;
        let gone = scene.room(owner, "Crate Gone", &[]).await;
        owner.leave(&gone).await.unwrap();
        for (room, members) in [(&alpha, 2), (&beta, 1), (&hostile, 1), (&gone, 0)] {
            scene.counted(room, members).await;
        }
        Self { alpha, beta, hostile, gone }
    }

    /// In which order a list names them.
    fn order(&self, list: &Answer) -> Vec<&str> {
        let ids = [&self.alpha, &self.beta, &self.hostile, &self.gone];
        let lines = list.text.lines().filter(|line| line.starts_with('•'));
        lines.map(|line| ids.into_iter().find(|id| line.contains(id.as_str())).unwrap().as_str()).collect()
    }
}

/// The rooms that the server itself lists.
async fn listed(scene: &Scene, query: &str) -> Vec<Value> {
    let answer = scene.admin.get(&format!("/_synapse/admin/v1/rooms?{query}")).await.unwrap();
    answer["rooms"].as_array().unwrap().clone()
}

async fn searching(scene: &Scene, crates: &Crates) {
    let m = &scene.moderator;
    let Crates { alpha, beta, hostile, gone } = crates;
    let answers = m
        .all_good(&[
            ("!rooms crate", "3 rooms that contain “crate”, by name, A to Z:"),
            ("!rooms CRATE --order-by joined_members --reverse", "by joined members, smallest first:"),
            ("!rooms crate --order-by size", "by joined members, largest first:"),
            ("!rooms #crate-alpha:hs.test", "`#crate-alpha:hs.test` is this room:"),
            (&format!("!rooms {beta}"), "is this room:"),
            ("!rooms --empty", "1 room without members, by name, A to Z:"),
            ("!rooms crate --empty", "The server knows no room that contains “crate”, without members."),
            ("!rooms crate_alpha", "The server knows no room that contains “crate_alpha”."),
            ("!rooms --public", "The server knows no room in the room directory."),
            (&format!("!rooms {NOWHERE}"), "The server does not know the room `!nowhere:elsewhere.test`."),
        ])
        .await;
    answers[0].says(&[
        &format!("Crate Alpha (`#crate-alpha:hs.test`, `{alpha}`) – 2 members (2 here)\n"),
        &format!("Crate Beta (`{beta}`) – 1 member (1 here), encrypted"),
    ]);
    for (list, query) in [
        (&answers[0], "order_by=name"),
        (&answers[1], "order_by=joined_members&dir=b"),
        (&answers[2], "order_by=size"),
    ] {
        let want = listed(scene, &format!("search_term=crate&{query}")).await;
        let want: Vec<&str> = want.iter().map(|room| room["room_id"].as_str().unwrap()).collect();
        assert_eq!(crates.order(list), want, "{query}");
    }
    assert_eq!(crates.order(&answers[2])[0], alpha);
    answers[3].says(&[alpha]).leaves_out(&[beta]);
    answers[4].says(&["Crate Beta"]).leaves_out(&[alpha]);
    answers[5].says(&[&format!("`{gone}` – empty")]);

    // The stranger's words stay one line, without links and without form.
    assert_eq!(answers[0].text.lines().filter(|line| line.starts_with('•')).count(), 3);
    let html = m.has(&answers[0].id).await["content"]["formatted_body"].as_str().unwrap().to_owned();
    assert!(html.contains(hostile.as_str()) && html.contains("&lt;b&gt;"), "{html}");
    assert!(!html.contains("<b>") && !html.contains("href"), "{html}");

    m.all_bad(&[
        ("!rooms --order-by colour", "“colour” is not a value of `--order-by <field>`; it takes name, "),
        ("!rooms crate --page 9", "There are only 3 such rooms"),
        ("!rooms --public --not-public", "cannot be used here"),
    ])
    .await;
}

async fn turning(scene: &Scene) {
    let m = &scene.moderator;
    let first = m.good("!rooms crate --limit 1", "Room 1 of 3").await;
    m.marked(&first.id, "➡️").await;
    let second = m.turn(&first, "➡️", "Room 2 of 3").await;
    m.marked(&first.id, "⬅️").await;
    let third = m.turn(&first, "➡️", "Room 3 of 3").await;
    assert_eq!(m.turn(&first, "⬅️", "Room 2 of 3").await, second);
    assert_eq!(m.turn(&first, "⬅️", "Room 1 of 3").await, first);
    let list = listed(scene, "search_term=crate&order_by=name").await;
    for (page, room) in [first, second, third].iter().zip(&list) {
        page.says(&[room["room_id"].as_str().unwrap()]);
    }
}

async fn files(scene: &Scene) {
    let m = &scene.moderator;
    let command = m.say("!rooms crate --file=json --order-by name").await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "rooms.json");
    let rooms: Vec<Value> = serde_json::from_str(&text).unwrap();
    // Every field, as the server has it.
    assert_eq!(rooms, listed(scene, "search_term=crate&order_by=name").await);
    m.answer(&command, "The file has 3 rooms.").await;

    let command = m.say("!rooms --empty --file").await;
    let (name, table) = m.file(&command).await;
    assert_eq!(name, "rooms.csv");
    let mut lines = table.trim_start_matches('\u{feff}').lines();
    assert_eq!(
        lines.next().unwrap(),
        "room_id,name,canonical_alias,joined_members,joined_local_members,version,creator,encryption,federatable,\
         public,join_rules,guest_access,history_visibility,state_events,room_type"
    );
    // What a spreadsheet could take for a formula is marked as text.
    assert!(lines.next().unwrap().contains(",,,0,0,12,'@storer0:hs.test,,true,false,"), "{table}");
    assert_eq!(lines.next(), None);
}

async fn members(scene: &Scene, room: &str, owner: &User) {
    let m = &scene.moderator;
    let ban = format!("/_matrix/client/v3/rooms/{}/ban", path_part(room));
    owner.post(&ban, json!({"user_id": "@evil:hs.test", "reason": "sells <crates>"})).await.unwrap();
    let answers = m
        .all_good(&[
            (&format!("!members {room}"), "2 members, all of this server:"),
            (&format!("!members {room} --membership ban"), "1 banned user, all of this server:"),
            (&format!("!members {room} --membership invite"), "Nobody is invited to this room."),
            (
                &format!("!members {room} --server elsewhere.test"),
                "Nobody of `elsewhere.test` is in this room.",
            ),
            (&format!("!members {room} --limit 1"), "Member 1 of 2, all of this server:"),
        ])
        .await;
    // A room of version 12 does not list its creator's power.
    answers[0].says(&["storer0 (`@storer0:hs.test`), creator", "\n• storer1 (`@storer1:hs.test`)"]);
    answers[1].says(&["`@evil:hs.test`, banned by `@storer0:hs.test`, 20", "because “sells <crates>”"]);
    answers[4].says(&["storer0"]).leaves_out(&["storer1"]);
    m.turn(&answers[4], "➡️", "Member 2 of 2").await.says(&["storer1"]).leaves_out(&["storer0"]);
    m.bad(&format!("!members {NOWHERE}"), "The server does not know the room").await;

    let command = m.say(&format!("!members {room} --file=json")).await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "members.json");
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut ids: Vec<String> = rows.iter().map(|row| row["user_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, scene.members(room).await);
    m.marked(&command, "✅").await;
}

async fn details(scene: &Scene, room: &str) {
    let m = &scene.moderator;
    let command = m.say(&format!("!room {room} --json")).await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "room.json");
    let told: Value = serde_json::from_str(&text).unwrap();
    let known = scene.admin.get(&format!("/_synapse/admin/v1/rooms/{}", path_part(room))).await.unwrap();
    for (field, value) in known.as_object().unwrap() {
        assert_eq!(told[field], *value, "{field}");
    }
    assert_eq!(told["block"], json!({"block": false}));
    assert_eq!(told["join_rules_content"]["join_rule"], "invite");
    assert_eq!(told["forward_extremities"]["count"], 1);
    assert_eq!(strings(&told["local_aliases"]), Vec::<String>::new());
    m.marked(&command, "✅").await;
}

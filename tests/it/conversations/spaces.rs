//! `!space` and `!state`: what a room is made of.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::Scene;

pub(super) async fn looking(scene: &Scene) {
    let [owner]: [User; 1] = scene.crowd("architect", 1).await.try_into().unwrap();
    let hall = scene.room(&owner, "Hall", &[]).await;
    space(scene, &owner, &hall).await;
    state(scene, &owner, &hall).await;
}

async fn space(scene: &Scene, owner: &User, hall: &str) {
    let m = &scene.moderator;
    let attic = json!({"preset": "private_chat", "name": "Attic"});
    let attic = owner.create_room(attic).await.unwrap();
    let space =
        |name: &str| json!({"preset": "public_chat", "name": name, "creation_content": {"type": "m.space"}});
    let house = owner.create_room(space("House")).await.unwrap();
    let roof = owner.create_room(space("Roof")).await.unwrap();
    for (parent, child, server) in [
        (&house, hall, "hs.test"),
        (&house, &roof, "hs.test"),
        (&house, NOWHERE, "elsewhere.test"),
        (&roof, &attic, "hs.test"),
    ] {
        let content = json!({"via": [server], "suggested": child == hall});
        owner.send_state(parent, "m.space.child", child, content).await.unwrap();
    }
    scene.counted(&roof, 1).await;

    let answers = m
        .all_good(&[
            (&format!("!space {house}"), "In it: 2 rooms, 1 space, 1 that this server is not in."),
            (&format!("!space {house} --depth 1"), "In it, down to 1 level: 1 room, 1 space, 1 that"),
            (&format!("!space {hall}"), "is not a space, but a room."),
        ])
        .await;
    answers[0].says(&[
        &format!("House (`{house}`)"),
        &format!("↳ Hall (`{hall}`) – 1 member, anyone can join, suggested"),
        &format!(
            "• ↳ Roof (`{roof}`) – 1 member, anyone can join, a space:\n• · ↳ Attic (`{attic}`) – 1 member, "
        ),
        &format!("↳ `{NOWHERE}` – this server is not in it; known to `elsewhere.test`"),
    ]);
    answers[1].says(&["a space with 1 inside"]).leaves_out(&["Attic"]);
    m.all_bad(&[
        (&format!("!space {NOWHERE}"), "The server does not know the room"),
        (&format!("!space {house} --depth 0"), "--depth"),
    ])
    .await;

    let command = m.say(&format!("!space {house} --file=json")).await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "space.json");
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut rows: Vec<(u64, &str, bool)> = rows
        .iter()
        .map(|row| {
            let id = row["room_id"].as_str().unwrap();
            (row["depth"].as_u64().unwrap(), id, row["known"].as_bool().unwrap())
        })
        .collect();
    rows.sort_unstable();
    let mut want = [(1, hall, true), (1, &roof, true), (1, NOWHERE, false), (2, &attic, true)];
    want.sort_unstable();
    assert_eq!(rows, want);
}

async fn state(scene: &Scene, owner: &User, room: &str) {
    let m = &scene.moderator;
    let setting = json!({"colour": "<b>red</b>"});
    owner.send_state(room, "org.example.setting", "", setting).await.unwrap();
    let answers = m
        .all_good(&[
            (&format!("!state {room}"), "Name: “Hall” – by architect0 (`@architect0:hs.test`)"),
            (&format!("!state {room} m.room.join_rules"), "Joining: anyone can join"),
            (&format!("!state {room} member @architect0:hs.test"), "joined as “architect0”"),
            (&format!("!state {room} name --raw"), "1 event, as it is:"),
        ])
        .await;
    answers[0].says(&[
        "Made: by architect0",
        "`org.example.setting`: `{\"colour\":\"<b>red</b>\"}`",
        "Members: 1 joined.",
    ]);
    let raw = answers[3].text.split_once("as it is:").unwrap().1;
    let raw: Value = serde_json::from_str(raw).unwrap();
    let path = format!("/_synapse/admin/v1/rooms/{}/state", path_part(room));
    let known = scene.admin.get(&path).await.unwrap();
    let known = known["state"].as_array().unwrap().clone();
    let name = known.iter().find(|event| event["type"] == "m.room.name").unwrap();
    assert_eq!(raw["event_id"], name["event_id"]);
    assert_eq!(raw["content"], json!({"name": "Hall"}));

    m.all_bad(&[
        (&format!("!state {room} power-level"), "Did you mean `m.room.power_levels`?"),
        (&format!("!state {room} join-rules"), "Did you mean `m.room.join_rules`?"),
        (&format!("!state {room} topic"), "There is no “topic” in the state of Hall"),
        (&format!("!state {NOWHERE}"), "The server does not know the room"),
    ])
    .await;

    let command = m.say(&format!("!state {room} --file=json")).await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "state.json");
    let told: Vec<Value> = serde_json::from_str(&text).unwrap();
    let ids = |events: &[Value]| {
        let mut ids: Vec<String> = events.iter().map(|event| event["event_id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&told), ids(&known));
    m.marked(&command, "✅").await;
}

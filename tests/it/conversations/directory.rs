//! `!list-room`, `!unlist` and `!alias`: the room directory, and what leads to a room.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::Scene;

/// `room_list_publication_rules` by which a room needs an alias of this kind to be listed.
pub(super) fn rules() -> Value {
    json!([{"alias": "#listed-*", "action": "allow"}])
}

pub(super) async fn changing(scene: &Scene) {
    let [owner]: [User; 1] = scene.crowd("publisher", 1).await.try_into().unwrap();
    let shop = json!({"preset": "public_chat", "name": "Shop", "room_alias_name": "listed-shop"});
    let shop = owner.create_room(shop).await.unwrap();
    listing(scene, &owner, &shop).await;
    aliases(scene, &shop).await;
}

/// Whether the server has a room in its directory.
async fn is_listed(scene: &Scene, room: &str) -> bool {
    let path = format!("/_matrix/client/v3/directory/list/room/{}", path_part(room));
    scene.admin.get(&path).await.unwrap()["visibility"] == "public"
}

async fn listing(scene: &Scene, owner: &User, shop: &str) {
    let m = &scene.moderator;
    let back_room = scene.room(owner, "Back room", &[]).await;
    m.good(&format!("!unlist {shop}"), "is not listed in the room directory.").await;
    m.good(&format!("!list-room {shop} --dry-run"), "Dry run: nothing was done.").await;
    assert!(!is_listed(scene, shop).await);
    m.good(&format!("!list-room {shop}"), "list-room – done").await.says(&[shop, "Undo: `!undo "]);
    assert!(is_listed(scene, shop).await);
    m.good(&format!("!list-room {shop}"), "is listed in the room directory already.").await;
    m.good("!rooms --public", "1 room in the room directory").await.says(&[shop, "in the directory"]);
    m.good(&format!("!room {shop}"), "Directory: listed in the public room directory").await;
    m.good("!unlist #listed-shop:hs.test", "unlist – done").await;
    assert!(!is_listed(scene, shop).await);
    m.good("!undo last", "undo – done").await.says(&["is listed in the room directory."]);
    assert!(is_listed(scene, shop).await);

    let refused = m.bad(&format!("!list-room {back_room}"), "list-room – failed").await;
    refused.says(&["The homeserver refused (Not allowed to publish room)", "room_list_publication_rules"]);
    assert!(!is_listed(scene, &back_room).await);
    m.all_bad(&[
        (&format!("!list-room {}", m.room), "That is the management room."),
        (&format!("!list-room {NOWHERE}"), "The server does not know the room"),
        (&format!("!unlist {NOWHERE}"), "The server does not know the room"),
    ])
    .await;
}

/// Where the server says that an alias leads.
async fn leads(scene: &Scene, alias: &str) -> Option<String> {
    let path = format!("/_matrix/client/v3/directory/room/{}", path_part(alias));
    let (status, answer) = scene.admin.request("GET", &path, None).await.unwrap();
    assert!(status == 200 || status == 404, "{status}: {answer}");
    answer["room_id"].as_str().map(str::to_owned)
}

async fn aliases(scene: &Scene, shop: &str) {
    let m = &scene.moderator;
    let store = "#store:hs.test";
    let there = || Some(shop.to_owned());
    m.good(&format!("!alias add {store} {shop}"), "alias – done")
        .await
        .says(&[&format!("`{store}` leads to Shop"), "Undo: `!undo "]);
    assert_eq!(leads(scene, store).await, there());
    m.good(&format!("!alias add {store} {shop}"), "already.").await;
    m.good(&format!("!alias of {shop}"), "Aliases of this server that lead to Shop").await.says(&[
        "(2):",
        "`#listed-shop:hs.test` – the main alias of the room",
        &format!("• `{store}`"),
    ]);
    m.good(&format!("!alias of {store}"), &format!("`{store}` leads to Shop")).await;
    m.good(&format!("!alias remove {store}"), "alias – done").await.says(&["is deleted; it led to Shop"]);
    assert_eq!(leads(scene, store).await, None);
    let undone = m.good("!undo last", "undo – done").await;
    assert_eq!(leads(scene, store).await, there());
    m.good(&format!("!undo {}", undone.job()), "undo – done").await;
    assert_eq!(leads(scene, store).await, None);

    // The room goes on naming its main alias.
    let main = "#listed-shop:hs.test";
    let command =
        scene.confirm(&format!("!alias remove {main}"), &["It is the main alias of the room"]).await;
    m.answer(&command, "alias – done").await;
    assert_eq!(leads(scene, main).await, None);
    m.good(&format!("!alias of {shop}"), "No alias of this server leads to Shop")
        .await
        .says(&["it does not lead here"]);

    m.all_bad(&[
        (&format!("!alias add {store} {NOWHERE}"), "The server does not know the room"),
        (&format!("!alias add #crate-alpha:hs.test {shop}"), "leads to another room already: Crate Alpha"),
        (&format!("!alias add #store:elsewhere.test {shop}"), "belongs to another server"),
        ("!alias remove #nothing:hs.test", "There is no room with the alias"),
        (&format!("!alias remove {shop}"), "is the ID of a room, and an alias is needed here"),
        ("!alias add #lonely:hs.test", "Adding an alias needs the alias and the room"),
    ])
    .await;
}

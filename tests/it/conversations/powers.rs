//! `!room-admin`: power in a room, and that it can be used.

use serde_json::json;
use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::Scene;

pub(super) async fn giving(scene: &Scene) {
    let [owner, pest]: [User; 2] = scene.crowd("ruler", 2).await.try_into().unwrap();
    public(scene, &owner, &pest).await;
    private(scene, &owner).await;
    refused(scene, &owner, &pest).await;
}

/// The power is there once the moderator joins by themselves.
async fn public(scene: &Scene, owner: &User, pest: &User) {
    let m = &scene.moderator;
    let room = scene.room(owner, "Square", std::slice::from_ref(pest)).await;
    let command = scene
        .confirm(
            &format!("!room-admin {room}"),
            &[
                &format!("Make an admin: `@mod:hs.test` in Square (`{room}`)"),
                "In the name of: `@ruler0:hs.test`, a creator of the room, who stands above all levels",
                "Power: level 100; until now level 0",
                "In the room: no; the room is public, so they join by themselves",
                "This cannot simply be undone",
            ],
        )
        .await;
    m.answer(&command, "room-admin – done").await.says(&[
        "`@mod:hs.test` is given power 100 in Square",
        "They are not in it; the power is theirs once they join.",
    ]);
    m.user.join(&room).await.unwrap();
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", path_part(&room));
    m.user.post(&kick, json!({"user_id": pest.user_id, "reason": "enough"})).await.unwrap();
    assert_eq!(scene.members(&room).await, ["@mod:hs.test", "@ruler0:hs.test"]);
    m.bad(&format!("!room-admin {room}"), "`@mod:hs.test` has level 100 in Square").await.says(&["already"]);
    m.bad("!undo last", "I cannot take power away in Square").await;
}

/// The moderator is invited by the one in whose name it is done.
async fn private(scene: &Scene, owner: &User) {
    let m = &scene.moderator;
    let cellar = json!({"preset": "private_chat", "name": "Cellar"});
    let cellar = owner.create_room(cellar).await.unwrap();
    let line = format!("!room-admin {cellar} @mod:hs.test");
    let command =
        scene.confirm(&line, &["In the room: no; they are invited, because the room is not public"]).await;
    m.answer(&command, "room-admin – done")
        .await
        .says(&["They are invited; the power is theirs once they join."]);
    m.user.join(&cellar).await.unwrap();
    let levels = owner.state(&cellar, "m.room.power_levels", "").await.unwrap();
    assert_eq!(levels["users"]["@mod:hs.test"], 100);
    m.user.send_state(&cellar, "m.room.topic", "", json!({"topic": "tidied"})).await.unwrap();
}

async fn refused(scene: &Scene, owner: &User, pest: &User) {
    let m = &scene.moderator;
    let theirs = scene.room(owner, "Theirs", &[]).await;
    // Its creator has all the power, and is gone.
    let orphan = json!({"preset": "public_chat", "name": "Orphan", "room_version": "11"});
    let orphan = owner.create_room(orphan).await.unwrap();
    pest.join(&orphan).await.unwrap();
    owner.leave(&orphan).await.unwrap();
    let deserted = scene.room(owner, "Deserted", &[]).await;
    owner.leave(&deserted).await.unwrap();
    scene.counted(&deserted, 0).await;
    let before = owner.state(&theirs, "m.room.power_levels", "").await.unwrap();
    m.all_bad(&[
        (&format!("!room-admin {theirs} @ruler0:hs.test"), "Creators cannot be given a level."),
        (
            &format!("!room-admin {theirs} @nobody:hs.test"),
            "`@nobody:hs.test` does not exist on this server.",
        ),
        (&format!("!room-admin {orphan}"), "none of its users inside has a power level."),
        (&format!("!room-admin {deserted}"), "none of its users is inside."),
        (&format!("!room-admin {} @ruler0:hs.test", m.room), "That is the management room."),
        (&format!("!room-admin {NOWHERE}"), "The server does not know the room"),
    ])
    .await;
    assert_eq!(owner.state(&theirs, "m.room.power_levels", "").await.unwrap(), before);
}

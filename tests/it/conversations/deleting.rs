//! `!shutdown` of several rooms and by version 1 of the API, and `!shutdown-status`.

use serde_json::json;
use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::Scene;

pub(super) async fn several(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, guest]: [User; 2] = scene.crowd("raider", 2).await.try_into().unwrap();
    let guests = std::slice::from_ref(&guest);
    let one = scene.room(&owner, "Raid one", guests).await;
    let two = scene.room(&owner, "Raid two", guests).await;
    let gone = scene.room(&owner, "Raid three", &[]).await;

    let command = m.say(&format!("!shutdown {one} {two} {gone} a raid")).await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&[
        "Shut down 3 rooms, one after the other:",
        "2 local members are removed.",
        "The rooms are blocked",
    ]);
    // One of them is gone before it is confirmed.
    scene.admin.delete(&format!("/_synapse/admin/v1/rooms/{gone}"), json!({"purge": true})).await.unwrap();
    assert!(!scene.knows(&gone).await);
    m.react(&preview.id, "✅").await;
    let report = m.answer(&command, "shutdown – partly done").await;
    let removed = "Removed (2): `@raider0:hs.test`, `@raider1:hs.test`.";
    report.says(&[
        "because “a raid”",
        &format!("✅ Raid one (`{one}`) is shut down and purged: the server no longer knows it; it is blocked. {removed}"),
        &format!("✅ Raid two (`{two}`) is shut down and purged: the server no longer knows it; it is blocked. {removed}"),
        "❌ Could not shut down Raid three",
        "there was nothing to shut down.",
    ]);
    m.marked(&command, "⚠️").await;
    for room in [&one, &two] {
        assert!(!scene.knows(room).await && scene.is_blocked(room).await, "{room}");
    }
    m.good(&format!("!undo {} --dry-run", report.job()), "make another room in the place of").await;

    status(scene, &one, report.job()).await;
    version_1(scene, &owner, guests).await;
}

async fn status(scene: &Scene, room: &str, job: u64) {
    let m = &scene.moderator;
    let task = &scene.delete_tasks(room).await[0];
    let id = task["id"].as_str().unwrap();
    let what = format!("`{id}`: complete");
    let who = "2 removed: `@raider0:hs.test`, `@raider1:hs.test`";
    let answers = m
        .all_good(&[
            (&format!("!shutdown-status {room}"), &format!("{what}; {who}; see `!job {job}`")),
            (&format!("!shutdown-status {id}"), "That deletion:"),
            ("!shutdown-status --all", &format!("{what}, Raid one (`{room}`); {who}")),
        ])
        .await;
    answers[0].says(&[&format!("Deletions of Raid one (`{room}`), oldest first:")]);
    answers[1].says(&[&what, room, who]);
    answers[2].says(&["newest first"]);
    m.all_bad(&[
        (&format!("!shutdown-status {NOWHERE}"), "The server has no deletion of `!nowhere:elsewhere.test`."),
        ("!shutdown-status AAAAAAAAAAAAAAAA", "The server has no deletion with the ID `AAAAAAAAAAAAAAAA`."),
        ("!shutdown-status", "Something is missing"),
    ])
    .await;
}

async fn version_1(scene: &Scene, owner: &User, guests: &[User]) {
    let m = &scene.moderator;
    let old = scene.room(owner, "Raid four", guests).await;
    let command = scene.confirm(&format!("!shutdown {old} --v1"), &["Version 1 of the API is used"]).await;
    m.answer(&command, "shutdown – done").await.says(&[
        &format!(
            "Raid four (`{old}`) is shut down and purged: the server no longer knows it; it is blocked."
        ),
        "Removed (2):\n• `@raider0:hs.test`\n• `@raider1:hs.test`",
    ]);
    m.marked(&command, "✅").await;
    assert!(!scene.knows(&old).await && scene.is_blocked(&old).await);
    // It leaves no trace on the server.
    assert_eq!(scene.delete_tasks(&old).await.len(), 0);
    m.bad(&format!("!shutdown-status {old}"), "The server has no deletion of")
        .await
        .says(&[&format!("!audit {old}")]);
}

/// By somebody else, with a message that does not fit into an event.
pub(super) async fn trap_03_a_failed_deletion_tells_why(scene: &Scene) {
    let m = &scene.moderator;
    let [owner]: [User; 1] = scene.crowd("talker", 1).await.try_into().unwrap();
    let room = scene.room(&owner, "Talk", &[]).await;
    let deletion = json!({"block": true, "purge": true, "new_room_user_id": scene.admin.user_id,
        "message": "x".repeat(70_000)});
    scene.admin.delete(&format!("/_synapse/admin/v2/rooms/{}", path_part(&room)), deletion).await.unwrap();
    scene.removed(&room, 1).await;
    let task = loop {
        let task = scene.delete_tasks(&room).await.remove(0);
        if task["status"] == "failed" {
            break task;
        }
        assert_ne!(task["status"], "complete", "{task}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(scene.delete_status(&room).await[0].get("error").is_none());
    let id = task["id"].as_str().unwrap();
    let answers = m
        .all_good(&[
            (&format!("!shutdown-status {room}"), "413: event too large"),
            (&format!("!shutdown-status {id}"), "413: event too large"),
            (&format!("!room {room}"), "413: event too large"),
        ])
        .await;
    answers[0].says(&[
        &format!("`{id}`: failed; the server says: "),
        "1 removed: `@talker0:hs.test`",
        "The server knows the room still, or again",
    ]);
    answers[1].says(&["That deletion:", "failed", &room]);
    answers[2].says(&[
        &format!("Failed: deletion `{id}` on "),
        &format!("`!shutdown-status {room}`"),
        "Block: blocked",
    ]);
    assert!(scene.knows(&room).await && scene.is_blocked(&room).await);
    assert_eq!(scene.members(&room).await, Vec::<String>::new());
}

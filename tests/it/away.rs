//! The homeserver goes away and comes back.

use rusqlite::Connection;
use serde_json::json;
use throwaway_synapse::{Synapse, path_part};

use crate::support::{Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_restarts() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let crowd = scene.crowd("member", 30).await;

    // While nothing happens.
    scene.synapse.stop().await.unwrap();
    scene.bot.logs("the homeserver does not answer").await;
    scene.synapse.start_again().await.unwrap();
    scene.moderator.good("!version", "on Synapse").await;
    scene.bot.logs("the homeserver answers again").await;

    // In the middle of a shutdown.
    let room = scene.room(&crowd[0], "Crowded", &crowd[1..]).await;
    let command = scene.shut_down(&format!("!shutdown {room}")).await;
    scene.removed(&room, 3).await;
    scene.synapse.stop().await.unwrap();
    assert!(!scene.moderator.marks(&command).contains(&"✅".to_owned()), "the server was too quick");
    release_locks(&scene.synapse);
    scene.synapse.start_again().await.unwrap();
    let m = &scene.moderator;
    m.good("!jobs", "at work").await;
    m.answer(&command, "Removing members: ").await.says(&[" of 30 from "]);
    // Synapse takes unfinished work up again a minute after its start, or when there is new work.
    let empty = scene.room(&scene.admin, "Empty", &[]).await;
    let path = format!("/_synapse/admin/v2/rooms/{}", path_part(&empty));
    scene.admin.delete(&path, json!({})).await.unwrap();
    let report = m.answer(&command, "shutdown – done").await;
    report.says(&["is shut down and purged", "it is blocked"]);
    // Synapse notes each member after removing them: only the one whom it was removing when it stopped can lack a name.
    let named = report
        .text
        .split_once("Removed (")
        .and_then(|(_, rest)| rest.split_once(')')?.0.parse::<usize>().ok());
    assert!(matches!(named, Some(29 | 30)), "{named:?} of 30 are named:\n{}", report.text);
    m.marked(&command, "✅").await;
    assert_eq!(m.replies(&command).len(), 2, "a preview and a report");
    assert_eq!(scene.delete_tasks(&room).await.len(), 1);
    assert!(!scene.knows(&room).await && scene.is_blocked(&room).await);
    // One process all the time.
    assert_eq!(scene.bot.log_of_run().matches("Gleipnir 0.1.0 for").count(), 1);
    assert_eq!(scene.bot.stop().await, 0);
}

/// Whatever locks Synapse stopped with it would wait for, for two minutes.
fn release_locks(synapse: &Synapse) {
    let database = Connection::open(synapse.data_dir().join("homeserver.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA foreign_keys = OFF; DELETE FROM worker_locks; DELETE FROM worker_read_write_locks; \
             DELETE FROM worker_read_write_locks_mode",
        )
        .unwrap();
}

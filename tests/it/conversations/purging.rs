//! `!purge-history` and `!extremities`: what is deleted of a room's event graph.

use throwaway_synapse::{User, path_part};

use super::NOWHERE;
use crate::support::Scene;

/// A room with so many messages: the room, and their events.
async fn room(scene: &Scene, owner: &User, name: &str, messages: usize) -> (String, Vec<String>) {
    let room = scene.room(owner, name, &[]).await;
    let mut events = Vec::new();
    for n in 1..=messages {
        events.push(owner.send_text(&room, &format!("line {n}")).await.unwrap());
    }
    (room, events)
}

/// The messages that somebody inside can read, the newest last.
async fn readable(user: &User, room: &str) -> Vec<String> {
    let events = user.messages(room, 100).await.unwrap();
    let bodies = events.iter().filter_map(|event| event["content"]["body"].as_str());
    bodies.map(str::to_owned).collect()
}

pub(super) async fn history(scene: &Scene) {
    let m = &scene.moderator;
    let [owner]: [User; 1] = scene.crowd("logger", 1).await.try_into().unwrap();
    let (log, lines) = room(scene, &owner, "Log", 6).await;
    m.good(&format!("!purge-history {log} {} --dry-run", lines[3]), "Dry run: nothing was done.").await;
    m.all_bad(&[
        (&format!("!purge-history {log}"), "Up to when?"),
        (&format!("!purge-history {log} 1h"), "that could be deleted."),
        (&format!("!purge-history {log} {}", lines[0]), "Nothing to delete in Log"),
        (&format!("!purge-history {} {}", m.room, lines[3]), "is in the room"),
        (&format!("!purge-history {} now", m.room), "That is the management room."),
        (&format!("!purge-history {NOWHERE} 1h"), "The server does not know the room"),
    ])
    .await;
    owner.redact(&log, &lines[1], "oops").await.unwrap();
    assert_eq!(readable(&owner, &log).await.len(), 5);

    let command = scene
        .confirm(
            &format!("!purge-history {log} {}", lines[3]),
            &[
                &format!("Delete the history of Log (`{log}`) before `{}`", lines[3]),
                "“line 4”",
                "3 events would disappear from the history: 0 of users of other servers, 3 of users of this server.",
                "What users of this server wrote stays in the database, where `!event` still finds it",
            ],
        )
        .await;
    m.answer(&command, "purge-history – done").await.says(&["stays in the database"]);
    m.marked(&command, "✅").await;
    assert_eq!(readable(&owner, &log).await, ["line 4", "line 5", "line 6"]);
    m.good(&format!("!messages {log}"), "line 4").await.leaves_out(&["line 3"]);
    // As it was promised; but what was redacted stays hidden.
    m.good(&format!("!event {}", lines[0]), "\"body\": \"line 1\"").await;
    m.good(&format!("!event {}", lines[1]), "so its content is left out").await.leaves_out(&["line 2"]);

    // As a point in the history it is none any more.
    m.all_bad(&[
        (&format!("!messages {log} --at {}", lines[0]), "The server does not have the event"),
        (&format!("!purge-history {log} {}", lines[0]), lines[0].as_str()),
    ])
    .await;

    let command = scene
        .confirm(
            &format!("!purge-history https://matrix.to/#/{log}/{} --local-too", lines[5]),
            &[
                "2 events would disappear",
                "All of them are deleted from the database.",
                "No other server is in the room: what is deleted is gone for good.",
            ],
        )
        .await;
    m.answer(&command, "purge-history – done").await.leaves_out(&["stays in the database"]);
    assert_eq!(readable(&owner, &log).await, ["line 6"]);
    m.all_bad(&[
        (&format!("!event {}", lines[3]), "does not know the event"),
        (&format!("!purge-history {log} {}", lines[5]), "that could be deleted."),
        ("!undo last", "I cannot bring back the history of Log"),
    ])
    .await;
    m.good("!shutdown-status --all", "purge of history, complete").await;
}

pub(super) async fn extremities(scene: &Scene) {
    let m = &scene.moderator;
    let [owner]: [User; 1] = scene.crowd("knotter", 1).await.try_into().unwrap();
    let (knot, lines) = room(scene, &owner, "Knot", 3).await;
    let path = format!("/_synapse/admin/v1/rooms/{}/forward_extremities", path_part(&knot));
    m.good(&format!("!extremities {knot}"), "has one forward extremity, which is how it should be.").await;
    m.bad(&format!("!extremities {knot} --delete"), "There is nothing to delete.").await;
    // They come from federation.
    scene.tamper(
        "INSERT INTO event_forward_extremities (event_id, room_id) VALUES (?, ?)",
        &[&lines[0], &knot],
    );
    assert_eq!(scene.admin.get(&path).await.unwrap()["count"], 2);
    let two = m.good(&format!("!extremities {knot}"), "has 2 forward extremities, which is normal.").await;
    two.says(&[&lines[0], &lines[2]]);
    let command = scene
        .confirm(
            &format!("!extremities {knot} --delete"),
            &["the newest one stays", "Make sure that you know what this does"],
        )
        .await;
    m.answer(&command, "extremities – done")
        .await
        .says(&["one forward extremity is deleted; one is left, as it should be."]);
    let left = scene.admin.get(&path).await.unwrap();
    assert_eq!((&left["count"], &left["results"][0]["event_id"]), (&1.into(), &lines[2].as_str().into()));
    owner.send_text(&knot, "it goes on").await.unwrap();
    m.bad(&format!("!extremities {NOWHERE}"), "The server does not know the room").await;
}

//! `!empty-rooms`: the list, and a batch of which one room is no longer empty when it is confirmed.

use serde_json::Value;
use throwaway_synapse::User;

use crate::support::Scene;

pub(super) async fn batches(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, late]: [User; 2] = scene.crowd("leaver", 2).await.try_into().unwrap();
    let left = scene.room(&owner, "Left", &[]).await;
    owner.leave(&left).await.unwrap();
    let forgotten = scene.room(&owner, "Forgotten", &[]).await;
    owner.leave(&forgotten).await.unwrap();
    owner.post(&format!("/_matrix/client/v3/rooms/{forgotten}/forget"), serde_json::json!({})).await.unwrap();
    // Without other servers nobody can come back into an empty room, so the server only thinks that this one is empty.
    let lively = scene.room(&owner, "Lively", &[]).await;
    scene.counted(&lively, 1).await;
    scene.tamper("UPDATE room_stats_current SET local_users_in_room = 0 WHERE room_id = ?", &[&lively]);
    for room in [&left, &forgotten, &lively] {
        scene.counted(room, 0).await;
    }

    let answers = m
        .all_good(&[
            ("!empty-rooms", "without members of this server"),
            ("!empty-rooms --forgotten", "forgotten by everybody here"),
            ("!empty-rooms --purge --dry-run", "Dry run: nothing was done."),
            ("!empty-rooms --purge --limit 1 --dry-run", "Purge 1 of "),
        ])
        .await;
    answers[0].says(&[
        &format!("`{left}` – no members at all\n"),
        &format!("Lively (`{lively}`) – 1 member on other servers"),
        "To purge them: `!empty-rooms --purge`. It asks first.",
    ]);
    answers[1].says(&[&forgotten]).leaves_out(&[&left, &lively]);
    answers[3].says(&["left after these: the same command takes the next batch."]);
    m.all_bad(&[
        ("!empty-rooms --limit 5", "Something is missing"),
        ("!empty-rooms --purge --limit 501", "501"),
        ("!empty-rooms --page 9", "There are only"),
    ])
    .await;
    let command = m.say("!empty-rooms --file=json").await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "empty-rooms.json");
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let empty: Vec<&str> = rows.iter().map(|row| row["room_id"].as_str().unwrap()).collect();
    assert!([&left, &forgotten, &lively].iter().all(|room| empty.contains(&room.as_str())), "{text}");
    m.marked(&command, "✅").await;

    let command = m.say("!empty-rooms --purge").await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&[
        &format!("Purge {} rooms without members of this server", empty.len()),
        "A room that somebody has joined by then is left alone.",
    ]);
    late.join(&lively).await.unwrap();
    scene.counted(&lively, 1).await;
    m.react(&preview.id, "✅").await;
    m.answer(&command, "empty-rooms – partly done").await.says(&[
        &format!("`{left}` is purged: the server no longer knows it; it is not blocked."),
        &format!("Could not purge the empty room Lively (`{lively}`). Somebody of this server is in it by now; I left it as it is."),
    ]);
    for room in empty {
        assert_eq!(scene.knows(room).await, room == lively, "{room}");
    }
    assert_eq!(scene.members(&lively).await, ["@leaver0:hs.test", "@leaver1:hs.test"]);
    m.good("!empty-rooms", "There is no room without members of this server.").await;
}

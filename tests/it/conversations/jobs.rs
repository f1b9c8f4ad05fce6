//! `!confirm`, `!cancel`, `!jobs`, `!job` and `!audit`.

use super::World;
use crate::support::Scene;

/// What is asked about first can be confirmed, cancelled, and neither twice.
pub(super) async fn deciding(scene: &Scene, world: &World) {
    let m = &scene.moderator;
    m.good("!jobs", "Nothing is under way.").await;
    let rooms: Vec<String> = (0..6).map(|n| format!("!many{n}:elsewhere.test")).collect();
    let line = format!("!block {} too many", rooms.join(" "));

    let command = m.say(&line).await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&["6 rooms at once", &rooms[5], "a room that the server does not know"]);
    let job = preview.job();
    m.marked(&preview.id, "✅").await;
    m.marked(&preview.id, "❌").await;
    m.good("!jobs", "waits for a confirmation").await.says(&[&rooms[0], "and 5 more", "@mod:hs.test"]);
    m.good(&format!("!job {job}"), "proposed").await.says(&[&rooms[3], "Command"]);
    m.bad(&format!("!undo {job}"), "has not begun").await;
    m.good(&format!("!cancel {job}"), "is cancelled by `@mod:hs.test`").await;
    m.marked(&command, "❌").await;
    m.bad(&format!("!confirm {job}"), "was cancelled").await;
    m.bad(&format!("!undo {job}"), "was never done").await;
    // A reaction that comes too late is answered below the preview.
    m.react(&preview.id, "✅").await;
    m.answer(&preview.id, "was cancelled").await;
    assert!(!scene.is_blocked(&rooms[0]).await);

    let command = m.say(&line).await;
    let preview = m.answer(&command, "do it?").await;
    m.react(&preview.id, "❌").await;
    m.answer(&preview.id, "is cancelled by").await;
    assert!(!scene.is_blocked(&rooms[0]).await);

    let command = m.say(&line).await;
    let job = m.answer(&command, "do it?").await.job();
    let confirm = m.say(&format!("!confirm {job}")).await;
    m.answer(&command, "block – done").await;
    m.marked(&command, "✅").await;
    m.marked(&confirm, "✅").await;
    for room in &rooms {
        assert!(scene.is_blocked(room).await, "{room}");
    }
    m.all_bad(&[
        (&format!("!confirm #{job}"), "has ended already"),
        (&format!("!cancel {job}"), "has ended already"),
        ("!confirm 999", "There is no job 999."),
        ("!cancel 999", "There is no job 999."),
        ("!job 999", "There is no job 999."),
        ("!confirm it", "A job is given by its number"),
    ])
    .await;

    // Without --yes in the configuration it asks all the same.
    let asked = m.ask(&format!("!shutdown {} --yes", world.room), "`--yes` is not allowed").await;
    m.good(&format!("!cancel {}", asked.job()), "is cancelled").await;
}

/// Everything that was done is in the audit, and nothing else.
pub(super) async fn looking_back(scene: &Scene) {
    let m = &scene.moderator;
    m.good("!jobs", "Nothing is under way.").await;
    m.good("!audit", "asked by `@mod:hs.test`").await.says(&["done", "cancelled", "because “spam wave”"]);
    m.good("!audit @nobody:hs.test", "I know of nothing about “`@nobody:hs.test`”").await;
    m.good("!audit !many3:elsewhere.test", "too many").await.leaves_out(&["spam wave"]);
    m.good("!audit --limit 2", "more jobs").await;

    let command = m.say("!audit --file=json --limit 1").await;
    let (name, json) = m.file(&command).await;
    assert_eq!(name, "audit.json");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let blocks = rows.iter().filter(|row| row["room"] == "!many3:elsewhere.test");
    let states: Vec<_> = blocks.map(|row| row["state"].as_str().unwrap_or_default()).collect();
    assert_eq!(states, ["done", "cancelled", "cancelled"]);
    assert!(rows.iter().all(|row| row["asked_by"] == "@mod:hs.test"), "{json}");
    let command = m.say("!audit --file").await;
    let (name, table) = m.file(&command).await;
    assert_eq!((name.as_str(), table.lines().count()), ("audit.csv", rows.len() + 1));
}

//! `!shutdown`: preview, confirmation, progress, and what is true afterwards.

use serde_json::json;

use super::{NOWHERE, World};
use crate::support::{BOT, Scene};

/// The usual case: blocked, purged, confirmed by a reaction.
pub(super) async fn by_reaction(scene: &Scene, world: &World) {
    let (m, room) = (&scene.moderator, &world.room);
    let command = m.say(&format!("!shutdown {room} spam wave")).await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&[
        "Shut down Free stuff!",
        "Members: 2 (2 on this server)",
        "2 local members are removed.",
        "The room is blocked",
        "are deleted from this server.",
        "Local members (2):\n• `@spammer:hs.test`\n• `@visitor:hs.test`",
        "#free-stuff:hs.test",
        "This cannot simply be undone",
        "within 10 minutes",
    ]);
    assert_eq!(scene.members(room).await, ["@spammer:hs.test", "@visitor:hs.test"]);
    m.react(&preview.id, "✅").await;
    let report = m.answer(&command, "shutdown – done").await;
    report.says(&[
        "because “spam wave”",
        "is shut down and purged: the server no longer knows it; it is blocked.",
        "Removed (2):\n• `@spammer:hs.test`\n• `@visitor:hs.test`",
    ]);
    m.marked(&command, "✅").await;
    // One preview and one report, which was "running" before.
    assert_eq!(m.replies(&command).len(), 2);
    let first = m.has(&report.id).await;
    assert!(first["content"]["body"].as_str().unwrap().contains("shutdown – running"), "{first}");
    assert!(!scene.knows(room).await && scene.is_blocked(room).await);
    assert_eq!(scene.delete_tasks(room).await.len(), 1);
    assert_eq!(
        world.visitor.get("/_matrix/client/v3/joined_rooms").await.unwrap()["joined_rooms"],
        json!([])
    );

    m.bad(&format!("!shutdown {room}"), "does not know the room").await;
    m.bad("!room #free-stuff:hs.test", "There is no room with the alias").await;
    m.good("!undo last --dry-run", "make another room in the place of").await;
    m.good(&format!("!job {}", report.job()), "shutdown – done").await.says(&[
        "Asked by: `@mod:hs.test`",
        "Decided by: `@mod:hs.test`",
        "spam wave",
    ]);
    m.good(&format!("!unblock {room}"), "is open again.").await;
    assert!(!scene.is_blocked(room).await);
}

/// With its options, and those that cannot be.
pub(super) async fn variants(scene: &Scene, world: &World) {
    let m = &scene.moderator;
    let World { spammer, visitor, .. } = world;

    // Members are moved to a new room, where somebody tells them why.
    let request = json!({"preset": "public_chat", "name": "Old", "room_alias_name": "old"});
    let old = spammer.create_room(request).await.unwrap();
    visitor.join(&old).await.unwrap();
    let line = format!(
        "!shutdown #old:hs.test --notify-as {} --room-name “Closed for spam” --message “Read the rules”",
        scene.admin.user_id
    );
    let command = m.say(&line).await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&["moved to a new room made by `@admin:hs.test`", "2 local members are removed."]);
    let confirm = m.say(&format!("!confirm {}", preview.job())).await;
    let report = m.answer(&command, "shutdown – done").await;
    m.marked(&confirm, "✅").await;
    report.says(&["Removed (2)", "Aliases moved to the new room (1):\n• `#old:hs.test`"]);
    let alias = scene.admin.get("/_matrix/client/v3/directory/room/%23old%3Ahs.test").await.unwrap();
    let new = alias["room_id"].as_str().unwrap();
    report.says(&[&format!("The members were moved to `{new}`.")]);
    assert_eq!(scene.members(new).await, ["@admin:hs.test", "@spammer:hs.test", "@visitor:hs.test"]);
    assert_eq!(visitor.state(new, "m.room.name", "").await.unwrap()["name"], "Closed for spam");
    let messages = visitor.messages(new, 50).await.unwrap();
    assert!(messages.iter().any(|event| event["content"]["body"] == "Read the rules"), "{messages:?}");

    // Neither blocked nor purged: only emptied.
    let kept = scene.room(spammer, "Kept", std::slice::from_ref(visitor)).await;
    let preview = m.ask(&format!("!shutdown {kept} --no-purge --no-block"), "do it?").await;
    preview.says(&[
        "The room is not blocked",
        "stay in this server's database",
        "have to come back by themselves",
    ]);
    m.react(&preview.id, "✅").await;
    m.hears(&format!(
        "Kept (`{kept}`) is shut down; the server keeps what it knows of it; it is not blocked."
    ))
    .await;
    assert!(scene.knows(&kept).await && !scene.is_blocked(&kept).await);
    assert_eq!(scene.members(&kept).await, Vec::<String>::new());
    // Once more, by force, with nobody inside.
    let preview = m.ask(&format!("!shutdown {kept} --force-purge"), "do it?").await;
    preview.says(&["Nobody of this server is inside", "even if a member cannot be removed"]);
    m.react(&preview.id, "✅").await;
    // Empty, it has lost its name on this server.
    m.hears(&format!("`{kept}` is shut down and purged: the server no longer knows it; it is blocked."))
        .await;
    assert!(!scene.knows(&kept).await && scene.is_blocked(&kept).await);

    let other = scene.room(spammer, "Other", &[]).await;
    m.good(&format!("!shutdown {other} --dry-run"), "Dry run: nothing was done.").await;
    m.all_bad(&[
        (&format!("!shutdown {}", m.room), "That is the management room."),
        (&format!("!shutdown {NOWHERE}"), "there is nothing to shut down"),
        (&format!("!shutdown {other} {kept}"), "I shut down none of these rooms"),
        (&format!("!shutdown {other} --no-purge --force-purge"), "cannot be used here"),
        (&format!("!shutdown {other} --message hi"), "Something is missing: `--notify-as"),
        (&format!("!shutdown {other} --notify-as @nobody:hs.test"), "does not exist"),
        (&format!("!shutdown {other} --notify-as @a:elsewhere.test"), "is not of this server"),
    ])
    .await;
    assert_eq!(scene.members(&other).await, ["@spammer:hs.test"]);
}

/// The one who should make the new room is suspended between the preview and the confirmation.
pub(super) async fn failing(scene: &Scene, world: &World) {
    let m = &scene.moderator;
    let room = scene.room(&world.spammer, "Stubborn", &[]).await;
    let notifier = &scene.crowd("notifier", 1).await[0];
    let line = format!("!shutdown {room} --notify-as {}", notifier.user_id);
    let command = m.say(&line).await;
    let preview = m.answer(&command, "do it?").await;
    let suspend = format!("/_synapse/admin/v1/suspend/{}", notifier.user_id);
    scene.admin.put(&suspend, json!({"suspend": true})).await.unwrap();
    m.react(&preview.id, "✅").await;
    m.answer(&command, "shutdown – failed").await.says(&[
        "Could not shut down",
        "The server says: 403: Sending messages while account is suspended is not allowed.",
        "The room is blocked now all the same.",
    ]);
    m.marked(&command, "❌").await;
    assert_eq!(scene.members(&room).await, ["@spammer:hs.test"]);
    assert!(scene.is_blocked(&room).await);
    m.bad(&line, "is suspended or locked and cannot make the new room").await;
    m.good(&format!("!blocked {room}"), "is blocked, first by").await.says(&[BOT]);
}

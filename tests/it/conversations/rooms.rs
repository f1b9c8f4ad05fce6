//! `!room`, `!blocked`, `!block`, `!unblock` and `!undo`.

use super::{ALIAS, NOWHERE, World};
use crate::support::{BOT, Scene};

/// Says what the server knows, however the room is given.
pub(super) async fn looking(scene: &Scene, world: &World) {
    let (m, room) = (&scene.moderator, &world.room);
    let answers = m
        .all_good(&[
            (&format!("!room {room}"), "Free stuff!"),
            (&format!("!room {ALIAS}"), "Free stuff!"),
            (&format!("!room https://matrix.to/#/{}", ALIAS.replace('#', "%23")), "Free stuff!"),
            (&format!("!room https://matrix.to/#/{room}"), "Free stuff!"),
            (&format!("!room {}", m.room), "This is the management room."),
            (&format!("!blocked {ALIAS}"), "is not blocked"),
            (&format!("!blocked {NOWHERE}"), "is not blocked"),
        ])
        .await;
    answers[0].says(&[
        ALIAS,
        room,
        "Topic: “get it while it is hot”",
        "Members: 2 (2 on this server)",
        "Creator: `@spammer:hs.test`",
        "Encryption: off",
        "Joining: anyone can join",
        "Block: not blocked",
    ]);
    for other in &answers[1..=3] {
        assert_eq!(other.text, answers[0].text);
    }
    answers[4].says(&["Moderators"]);
    answers[5].says(&["Local members inside: 2."]);
    answers[6].says(&["The server does not know the room."]);
    let answers = m
        .all_bad(&[
            (&format!("!room {NOWHERE}"), "The server does not know the room"),
            ("!room free-stuff", "free-stuff"),
            ("!room @spammer:hs.test", "@spammer:hs.test"),
            ("!room #nothing:hs.test", "There is no room with the alias `#nothing:hs.test`"),
            ("!blocked nonsense", "nonsense"),
        ])
        .await;
    answers[0].says(&["!block !nowhere"]);
    answers[1].says(&["^^^^^^^^^^", "Usage"]);
    answers[2].says(&["Usage"]);
}

/// Blocks and unblocks, and nothing else.
pub(super) async fn blocking(scene: &Scene, world: &World) {
    let (m, room) = (&scene.moderator, &world.room);
    let other = scene.room(&world.spammer, "More free stuff", &[]).await;

    m.good(&format!("!block --dry-run {ALIAS} {NOWHERE}"), "Dry run: nothing was done.").await;
    m.all_bad(&[
        (&format!("!block {room} #nothing:hs.test"), "There is no room with the alias"),
        (&format!("!block {}", m.room), "That is the management room."),
        (&format!("!block {other} {}", m.room), "That is the management room."),
    ])
    .await;
    for untouched in [room, &other, NOWHERE, &m.room] {
        assert!(!scene.is_blocked(untouched).await);
    }

    let blocked = m.good(&format!("!block {ALIAS} {other} {NOWHERE} spam “wave”"), "block – done").await;
    blocked.says(&[
        "because “spam wave”",
        &format!("`{room}`) is blocked: nobody on this server can join or be invited. 2 local members are still inside"),
        &format!("More free stuff (`{other}`) is blocked"),
        &format!("`{NOWHERE}` is blocked"),
        "The server does not know the room",
        &format!("!shutdown {room}"),
    ]);
    let job = blocked.job();
    blocked.says(&[&format!("Undo: `!undo {job}`")]);
    for room in [room, &other, NOWHERE] {
        assert!(scene.is_blocked(room).await, "{room}");
    }
    let (status, answer) =
        scene.admin.request("POST", &format!("/_matrix/client/v3/join/{other}"), None).await.unwrap();
    assert_eq!(status, 403, "{answer}");
    m.good(&format!("!blocked {NOWHERE}"), "is blocked, first by").await.says(&[BOT]);
    m.good(&format!("!room {room}"), "Block: blocked, first by").await;
    m.good(&format!("!block {room} {other}"), "is already blocked").await;

    // A room that was blocked before is left alone, and an undo leaves it alone too.
    let third = scene.room(&world.spammer, "Even more", &[]).await;
    m.good(&format!("!unblock {other} a mistake"), "is open again.").await;
    assert!(!scene.is_blocked(&other).await);
    m.good(&format!("!unblock {other}"), "not blocked").await;
    let second = m.good(&format!("!block {room} {third}"), "block – done").await;
    second.says(&[&third]).leaves_out(&[room]);
    m.good("!undo last", "undo – done").await.says(&[&format!("Even more (`{third}`) is open again.")]);
    assert!(!scene.is_blocked(&third).await && scene.is_blocked(room).await);
    m.bad(&format!("!undo {}", second.job()), "was undone by job").await;

    // Job 2 changed one of these rooms since: it asks first.
    let command = m.say(&format!("!undo {job}")).await;
    let preview = m.answer(&command, "do it?").await;
    preview.says(&["came later and is about the same room"]);
    m.react(&preview.id, "✅").await;
    m.answer(&command, "undo – done").await.says(&["is open again."]);
    m.marked(&command, "✅").await;
    for room in [room, &other, NOWHERE] {
        assert!(!scene.is_blocked(room).await, "{room}");
    }
    m.all_bad(&[("!undo 999", "There is no job 999."), ("!undo soon", "A job is given by its number")]).await;
}

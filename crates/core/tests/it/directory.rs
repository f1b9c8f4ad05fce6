//! `!list-room`, `!unlist` and `!alias`: the room directory and what leads to a room.

use gleipnir_core::{
    model::Extremity,
    ports::Fault,
    ruma::room_id,
    speech::{NO, YES},
    testing::{FakeRoom, Stage},
};
use serde_json::json;

use crate::scene::{bad_room, has, html, moderator, plans, send, stage, watcher};

#[tokio::test]
async fn a_room_is_listed_at_once_and_taken_out_again() {
    let mut stage = stage();
    let said = stage.say("!list-room #bad:hs.test").await;
    has(&said, &["Job 1: list-room – done", "Spam (`#bad:hs.test`, `!bad:hs.test`)", "Undo: `!undo 1`"]);
    assert_eq!(
        stage.say("!list-room !bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) is listed in the room directory already."
    );
    has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
    assert_eq!(
        stage.say("!unlist !bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) is not listed in the room directory."
    );
    stage.say("!list-room !bad:hs.test").await;
    has(&stage.say("!unlist !bad:hs.test").await, &["Job 4: unlist – done"]);
    has(&stage.say("!undo 4").await, &["Job 5: undo – done"]);
    let writes = ["listed", "unlisted", "listed", "unlisted", "listed"];
    assert_eq!(stage.homeserver.writes(), writes.map(|how| format!("listing !bad:hs.test \"{how}\"")));
}

#[tokio::test]
async fn a_room_that_may_not_be_for_everybody_is_asked_about_before_it_is_listed() {
    let mut stage = stage();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.join_rules = Some("invite".into());
        room.details.encryption = Some("m.megolm.v1.aes-sha2".into());
    });
    stage.say("!block !bad:hs.test").await;
    assert_eq!(
        stage.say("!list-room !bad:hs.test").await,
        "To be listed in the public room directory: Spam (`#bad:hs.test`, `!bad:hs.test`)

Joining: only invited people can join
Encryption: on
Block: blocked, first by `@bot:hs.test`

This room may not be meant for the directory: not everybody can join it, and it is encrypted, and it is blocked.

Job 2: do it? React with ✅ or send `!confirm 2` within 10 minutes. ❌ or `!cancel 2` drops it."
    );
    stage.react(moderator(), "plan-2", NO).await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    stage.say("!list-room !bad:hs.test").await;
    stage.react(moderator(), "plan-3", YES).await;
    assert_eq!(stage.homeserver.writes()[1], "listing !bad:hs.test \"listed\"");
}

#[tokio::test]
async fn the_management_room_is_never_listed_and_keeps_its_aliases() {
    let mut stage = stage();
    let alias = "#mods:hs.test";
    stage.homeserver.change_room(room_id!("!management:hs.test"), |room| room.aliases.push(alias.into()));
    for line in [
        "!list-room !management:hs.test",
        "!list-room #mods:hs.test --dry-run",
        "!alias remove #mods:hs.test",
    ] {
        has(&stage.say(line).await, &["That is the management room."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn an_alias_is_added_and_removed_and_both_are_undone() {
    let mut stage = stage();
    let said = stage.say("!alias add #new:hs.test !bad:hs.test").await;
    has(&said, &["Job 1: alias – done", "`#new:hs.test`", "Undo: `!undo 1`"]);
    assert_eq!(
        stage.say("!alias add #new:hs.test #bad:hs.test").await,
        "`#new:hs.test` leads to Spam (`#bad:hs.test`, `!bad:hs.test`) already."
    );
    has(&stage.say("!alias remove #new:hs.test").await, &["Job 2: alias – done"]);
    has(&stage.say("!undo 2").await, &["Job 3: undo – done"]);
    has(&stage.say("!alias of #new:hs.test").await, &["`#new:hs.test` leads to Spam"]);
    has(&stage.say("!undo 3").await, &["Job 4: undo – done"]);
    assert_eq!(
        stage.homeserver.writes(),
        [
            "alias #new:hs.test !bad:hs.test",
            "no alias #new:hs.test",
            "alias #new:hs.test !bad:hs.test",
            "no alias #new:hs.test"
        ]
    );
    has(&stage.say("!alias of #new:hs.test").await, &["There is no room with the alias `#new:hs.test`."]);
}

#[tokio::test]
async fn the_main_alias_is_asked_about_before_it_is_removed() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!alias remove #bad:hs.test").await,
        "To be deleted: `#bad:hs.test`, which leads to Spam (`#bad:hs.test`, `!bad:hs.test`). The room stays.

It is the main alias of the room: the room goes on naming it, and it leads nowhere then.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    stage.react(moderator(), "plan-1", YES).await;
    assert_eq!(stage.homeserver.writes(), ["no alias #bad:hs.test"]);
}

#[tokio::test]
async fn an_alias_is_never_taken_from_another_room_nor_from_another_server() {
    let mut stage = stage();
    stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 1);
    for (line, says) in [
        (
            "!alias add #bad:hs.test !two:hs.test",
            "`#bad:hs.test` leads to another room already: Spam (`#bad:hs.test`, `!bad:hs.test`). To free it: `!alias remove #bad:hs.test`.",
        ),
        (
            "!alias add #bad:other.test !two:hs.test",
            "`#bad:other.test` belongs to another server, and only that one can change it. Aliases of this server end in `:hs.test`.",
        ),
        (
            "!alias remove #bad:other.test",
            "`#bad:other.test` belongs to another server, and only that one can change it. Aliases of this server end in `:hs.test`.",
        ),
        (
            "!alias remove #none:hs.test",
            "There is no room with the alias `#none:hs.test`. Check its spelling, or use the room's ID.",
        ),
        (
            "!alias add #new:hs.test !none:hs.test",
            "The server does not know the room `!none:hs.test`. Check its ID; it may have been deleted, or nobody here was ever in it.",
        ),
        (
            "!alias remove !bad:hs.test",
            "`!bad:hs.test` is the ID of a room, and an alias is needed here, like #name:example.org.",
        ),
        (
            "!alias add !bad:hs.test #new:hs.test",
            "`!bad:hs.test` is the ID of a room, and an alias is needed here, like #name:example.org.",
        ),
        (
            "!alias add #new:hs.test",
            "Adding an alias needs the alias and the room that it is to lead to: `!alias add #name:example.org !abc:example.org`.",
        ),
        (
            "!alias remove #bad:hs.test !bad:hs.test",
            "An alias is removed by its name alone: `!alias remove #name:example.org`.",
        ),
        (
            "!alias of #bad:hs.test !bad:hs.test",
            "Name one room, or one alias: `!alias of #name:example.org`.",
        ),
    ] {
        assert_eq!(stage.say(line).await, says, "{line}");
    }
    for line in
        ["!alias add #n* !bad:hs.test", "!alias add #n*:hs.test !bad:hs.test", "!alias remove #*:hs.test"]
    {
        has(&stage.say(line).await, &["wildcards are not accepted here"]);
    }
    for line in [
        "!alias",
        "!alias drop #bad:hs.test",
        "!alias remove",
        "!alias of",
        "!alias add #a:hs.test !b:hs.test c",
        "!list-room",
        "!unlist !bad:hs.test why",
    ] {
        has(&stage.say(line).await, &["Usage: `!"]);
    }
    for line in ["!list-room !none:hs.test", "!unlist !none:hs.test", "!alias of !none:hs.test"] {
        has(&stage.say(line).await, &["The server does not know the room `!none:hs.test`."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn the_aliases_of_a_room_are_told_apart() {
    let mut stage = stage();
    stage.homeserver.change_room(bad_room(), |room| {
        room.aliases.push("#quiet:hs.test".into());
        room.state.push(json!({"type": "m.room.canonical_alias", "state_key": "", "content":
            {"alias": "#bad:hs.test", "alt_aliases": ["#far:other.test", "#lost:hs.test"]}}));
    });
    let list = "Aliases of this server that lead to Spam (`#bad:hs.test`, `!bad:hs.test`) (2):
• `#bad:hs.test` – the main alias of the room
• `#quiet:hs.test`

Other aliases that the room names (2):
• `#far:other.test` – named by the room as well
• `#lost:hs.test` – named by the room as well; it does not lead here";
    assert_eq!(stage.say("!alias of !bad:hs.test").await, list);
    // A pill of a room comes as a link.
    let pill = html("!alias of Spam", r#"!alias of <a href="https://matrix.to/#/#quiet:hs.test">Spam</a>"#);
    let said = send(&mut stage, &pill).await.unwrap_or_default();
    assert_eq!(said, format!("`#quiet:hs.test` leads to Spam (`#bad:hs.test`, `!bad:hs.test`).\n\n{list}"));
    stage.homeserver.change_room(bad_room(), |room| {
        room.aliases.clear();
        room.state.clear();
    });
    assert_eq!(
        stage.say("!alias of !bad:hs.test").await,
        "No alias of this server leads to Spam (`#bad:hs.test`, `!bad:hs.test`)."
    );
    let many: Vec<String> = (0..5000).map(|n| format!("#a{n}:hs.test")).collect();
    stage.homeserver.change_room(bad_room(), |room| room.aliases = many);
    let said = stage.say("!alias of !bad:hs.test").await;
    has(&said, &["(5000):", "… and "]);
    assert!(said.len() <= 10_000);
}

#[tokio::test]
async fn a_dry_run_shows_and_writes_nothing() {
    let mut stage = stage();
    for line in [
        "!list-room !bad:hs.test --dry-run",
        "!unlist !bad:hs.test --dry-run",
        "!alias add #new:hs.test !bad:hs.test --dry-run",
        "!alias remove #bad:hs.test --dry-run",
    ] {
        has(&stage.say(line).await, &["Spam (`#bad:hs.test`, `!bad:hs.test`)", "Dry run: nothing was done."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_fault_while_reading_is_told_and_nothing_is_proposed() {
    let lines = [
        "!list-room #bad:hs.test",
        "!unlist #bad:hs.test",
        "!alias add #n:hs.test #bad:hs.test",
        "!alias remove #bad:hs.test",
    ];
    for line in lines {
        for method in ["resolve_alias", "room"] {
            let mut stage: Stage = stage();
            stage.homeserver.fail_once(method, Fault::Timeout);
            has(&stage.say(line).await, &["The homeserver did not answer in time."]);
            assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty(), "{line}");
        }
    }
}

#[tokio::test]
async fn those_who_may_only_read_change_nothing() {
    let mut stage = stage();
    stage.homeserver.put_room(room_id!("!empty:hs.test"), FakeRoom::default());
    let end = |n: u64| Extremity {
        event_id: format!("$e{n}:hs.test"),
        state_group: None,
        depth: Some(n),
        received_ts: None,
    };
    stage.homeserver.change_room(bad_room(), |room| room.extremities = (0..3).map(end).collect());
    // Looking needs no power.
    for (line, words) in [
        ("!empty-rooms", "!empty:hs.test"),
        ("!extremities !bad:hs.test", "$e2:hs.test"),
        ("!alias of !bad:hs.test", "#bad:hs.test"),
    ] {
        has(&stage.say_as(watcher(), line).await, &[words]);
    }
    for line in [
        "!list-room !bad:hs.test",
        "!unlist !bad:hs.test",
        "!alias add #new:hs.test !bad:hs.test",
        "!alias remove #bad:hs.test",
        "!empty-rooms --purge",
        "!room-admin !bad:hs.test",
        "!extremities !bad:hs.test --delete",
        "!purge-history !bad:hs.test 1d",
    ] {
        has(&stage.say_as(watcher(), line).await, &["needs"]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

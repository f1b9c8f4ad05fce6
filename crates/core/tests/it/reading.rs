//! Commands that only read: `!room`, `!blocked`, `!context`, `!status`, `!version`, `!help`.

use gleipnir_core::{
    model::{Extremity, HistoryPurge, LocalEvents, RoomDetails, Shutdown},
    ports::{Effects as _, Fault},
    ruma::{owned_event_id, owned_room_id, owned_user_id},
    speech::YES,
    testing::{FakeRoom, Stage},
};
use serde_json::json;

use crate::scene::{bad_room, has, moderator, stage};

#[tokio::test]
async fn a_room_is_described() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!room #bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`)

Members: 4 (3 on this server)
Devices: 0 of members on this server
Creator: `@user0:hs.test`
Version: `12`
State events: 0
Encryption: off
Joining: anyone can join
History: not known
Guests: cannot join
Federation: not known
Directory: not known
Forward extremities: 0
Block: not blocked"
    );
    let event = stage.hear(moderator(), "!room !management:hs.test");
    stage.handle().await;
    has(&stage.store.said(&format!("answer-{event}")).unwrap().text, &["This is the management room."]);
    assert!(stage.marked(&event, "👀") && stage.marked(&event, YES));
}

#[tokio::test]
async fn everything_that_is_known_of_a_room_is_told() {
    let mut stage = stage();
    let details = RoomDetails {
        topic: Some("All of it".into()),
        avatar: Some("mxc://hs.test/abc".into()),
        joined_local_devices: 1200,
        state_events: 93_534,
        room_type: Some("m.space".into()),
        encryption: Some("m.megolm.v1.aes-sha2".into()),
        federatable: Some(false),
        public: Some(true),
        join_rules: Some("restricted".into()),
        guest_access: Some("can_join".into()),
        history_visibility: Some("world_readable".into()),
        tombstoned: true,
        replacement_room: Some("!next:hs.test".into()),
        forgotten: true,
        ..RoomDetails::default()
    };
    let rules = json!({"type": "m.room.join_rules", "state_key": "", "content":
        {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": "!club:hs.test"}]}});
    let end = |n: u64| Extremity {
        event_id: format!("$end{n}"),
        state_group: Some(n),
        depth: Some(n),
        received_ts: None,
    };
    let room = FakeRoom {
        details,
        state: vec![rules],
        aliases: vec!["#one:hs.test".into(), "#two:hs.test".into()],
        extremities: (0..11).map(end).collect(),
        ..FakeRoom::default()
    };
    stage.homeserver.put_room(&owned_room_id!("!space:hs.test"), room);
    assert_eq!(
        stage.say("!room !space:hs.test").await,
        "`!space:hs.test`

Topic: “All of it”
Picture: `mxc://hs.test/abc`
Type: a space
Members: 0 (0 on this server)
Devices: 1,200 of members on this server
State events: 93,534
Encryption: on (`m.megolm.v1.aes-sha2`)
Joining: members of `!club:hs.test` can join, everybody else needs an invitation
History: anyone can read it, without joining
Guests: can join
Federation: this server only
Directory: listed in the public room directory
Closed: the room was replaced by `!next:hs.test`
Forgotten: all local users have forgotten it
Aliases here: `#one:hs.test`, `#two:hs.test`
Forward extremities: 11, which slows the room down; `!extremities !space:hs.test` lists them
Block: not blocked"
    );
}

#[tokio::test]
async fn what_happens_to_a_room_in_the_background_is_told() {
    let mut stage = stage();
    let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
    stage.homeserver.delete_room(bad_room(), &shutdown).await.unwrap();
    let up_to = owned_event_id!("$e1:hs.test");
    stage
        .homeserver
        .purge_history(bad_room(), &HistoryPurge { up_to, local: LocalEvents::Kept })
        .await
        .unwrap();
    let said = stage.say("!room !bad:hs.test").await;
    has(&said, &["In the background: deletion `delete1` is at work\nIn the background: purge of history `"]);
    // Old servers tell of deletions only.
    stage.homeserver.fail_once("tasks", Fault::NotRouted { status: 404 });
    let said = stage.say("!room !bad:hs.test").await;
    has(&said, &["In the background: deletion `delete1` is at work\n"]);
    assert!(!said.contains("purge of history"), "{said}");
    stage.homeserver.fail_tasks("400: 'name' not a string type");
    let said = stage.say("!room !bad:hs.test").await;
    assert!(!said.contains("In the background"), "{said}");
    has(&said, &["Failed: purge of history `", ": 400: 'name' not a string type"]);
}

#[tokio::test]
async fn trap_03_why_a_deletion_failed_is_in_the_scheduled_tasks_only() {
    let mut stage = stage();
    let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
    stage.homeserver.delete_room(bad_room(), &shutdown).await.unwrap();
    stage.homeserver.fail_tasks("400: no");
    has(
        &stage.say("!room !bad:hs.test").await,
        &["Failed: deletion `delete1`: 400: no; more: `!shutdown-status !bad:hs.test`"],
    );
    stage.homeserver.fail_once("tasks", Fault::NotRouted { status: 404 });
    has(
        &stage.say("!room !bad:hs.test").await,
        &["Failed: deletion `delete1`; more: `!shutdown-status !bad:hs.test`"],
    );
}

#[tokio::test]
async fn a_fault_beside_the_details_of_a_room_hides_nothing() {
    for (method, says) in [
        ("tasks", "In the background: could not be read (The homeserver did not answer in time.)"),
        ("extremities", "Forward extremities: could not be read (The homeserver did not answer in time.)"),
        ("local_aliases", "Aliases here: could not be read (The homeserver did not answer in time.)"),
    ] {
        let mut stage = stage();
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!room !bad:hs.test").await, &["Members: 4", says, "Block: not blocked"]);
    }
    let mut stage = stage();
    stage.homeserver.fail_once("tasks", Fault::Timeout);
    has(
        &stage.say("!room !nowhere:hs.test").await,
        &[
            "does not know",
            "Whether it was deleted could not be read (The homeserver did not answer in time.).",
        ],
    );
}

#[tokio::test]
async fn a_room_is_attached_as_json() {
    let mut stage = stage();
    let event = stage.hear(moderator(), "!room !bad:hs.test --json");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{event}")).unwrap();
    assert_eq!(file.name, "room.json");
    let raw: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap();
    assert_eq!(raw["room_id"], "!bad:hs.test");
    assert_eq!(raw["joined_members"], 4);
    assert_eq!(raw["block"], json!({"block": false}));
    assert_eq!(raw["forward_extremities"], json!({"count": 0, "results": []}));
    assert_eq!(raw["scheduled_tasks"], json!([]));
    assert_eq!(raw["local_aliases"], json!(["#bad:hs.test"]));
    let fields = [
        "name",
        "canonical_alias",
        "topic",
        "avatar",
        "version",
        "creator",
        "joined_members",
        "joined_local_members",
        "joined_local_devices",
        "encryption",
        "federatable",
        "public",
        "join_rules",
        "guest_access",
        "history_visibility",
        "state_events",
        "room_type",
        "forgotten",
        "tombstoned",
        "replacement_room",
    ];
    for field in fields {
        assert!(raw.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn a_room_that_was_deleted_is_known_to_have_been() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    has(
        &stage.say("!room !bad:hs.test").await,
        &["The server does not know the room `!bad:hs.test`; it is blocked", "\n\nThe server deleted it."],
    );
}

#[tokio::test]
async fn an_unknown_room_is_told_with_what_can_be_done() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!room !nowhere:x.test").await,
        "The server does not know the room `!nowhere:x.test`; it is not blocked. \
         To keep people here from joining it: `!block !nowhere:x.test`."
    );
    stage.say("!block !nowhere:x.test").await;
    assert_eq!(
        stage.say("!room !nowhere:x.test").await,
        "The server does not know the room `!nowhere:x.test`; it is blocked, first by `@bot:hs.test`."
    );
    for command in ["room", "members", "space", "blocked", "block", "unblock", "shutdown", "context"] {
        let event = if command == "context" { format!(" ${}", "a".repeat(43)) } else { String::new() };
        assert_eq!(
            stage.say(&format!("!{command} #nope:hs.test{event}")).await,
            "There is no room with the alias `#nope:hs.test`. Check its spelling, or use the room's ID."
        );
    }
}

#[tokio::test]
async fn whether_a_room_is_blocked() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!blocked !bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) is not blocked. Local members inside: 3."
    );
    stage.say("!block !x:hs.test").await;
    assert_eq!(
        stage.say("!blocked !x:hs.test").await,
        "`!x:hs.test` is blocked, first by `@bot:hs.test`. The server does not know the room."
    );
}

fn id(letter: char) -> String {
    format!("${}", letter.to_string().repeat(43))
}

/// A room with five messages, the middle one redacted.
fn talkative() -> Stage {
    let stage = stage();
    let user = owned_user_id!("@user0:hs.test");
    let message = |letter: char, body: &str| {
        json!({"type": "m.room.message", "event_id": id(letter), "sender": user, "room_id": "!talk:hs.test",
            "origin_server_ts": 1_795_219_200_000_i64, "content": {"msgtype": "m.text", "body": body}})
    };
    let mut redacted = message('c', "");
    redacted["content"] = json!({});
    redacted["unsigned"] = json!({"redacted_because": {"type": "m.room.redaction", "sender": "@mod:hs.test",
        "content": {"reason": "rude"}}});
    stage.homeserver.put_original(&id('c'), message('c', "you are all fools"));
    let member = json!({"type": "m.room.member", "state_key": user, "sender": user,
        "content": {"membership": "join", "displayname": "Ana"}});
    let events =
        vec![message('a', "one"), message('b', "two"), redacted, message('d', "four"), message('e', "five")];
    let details = RoomDetails { name: Some("Talk".into()), ..RoomDetails::default() };
    let room = FakeRoom { details, members: vec![user], events, state: vec![member], ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!talk:hs.test"), room);
    stage
}

#[tokio::test]
async fn an_event_is_shown_between_its_neighbours() {
    let mut stage = talkative();
    let want = format!(
        "Around `{}` in Talk (`!talk:hs.test`), times in UTC:
• 2026-11-21 00:00:00 Ana (`@user0:hs.test`): “two”
• ▶ 2026-11-21 00:00:00 Ana (`@user0:hs.test`): redacted by `@mod:hs.test`, because “rude”
• 2026-11-21 00:00:00 Ana (`@user0:hs.test`): “four”",
        id('c')
    );
    for target in [
        format!("!talk:hs.test {}", id('c')),
        format!("https://matrix.to/#/!talk:hs.test/{}?via=hs.test", id('c')),
        format!("matrix:roomid/talk:hs.test/e/{}", &id('c')[1..]),
        id('c'),
    ] {
        assert_eq!(stage.say(&format!("!context {target} -n 2")).await, want, "{target}");
    }
    let said = stage.say(&format!("!context !talk:hs.test {} --number=0", id('a'))).await;
    assert_eq!(said.lines().filter(|line| line.starts_with('•')).count(), 1, "{said}");
}

#[tokio::test]
async fn the_original_of_a_redacted_event_is_shown_on_demand() {
    let mut stage = talkative();
    let said = stage.say(&format!("!context !talk:hs.test {} --original", id('c'))).await;
    has(&said, &["Before it was redacted: Ana (`@user0:hs.test`): “you are all fools”"]);
    let said = stage.say(&format!("!context !talk:hs.test {} --original", id('a'))).await;
    has(&said, &["The server no longer holds the original."]);
}

#[tokio::test]
async fn events_that_are_not_there_are_told() {
    let mut stage = talkative();
    assert_eq!(
        stage.say(&format!("!context !bad:hs.test {}", id('a'))).await,
        format!(
            "The server does not know the event `{}` in the room `!bad:hs.test`. \
             It may have been purged, be in another room, or never have reached this server.",
            id('a')
        )
    );
    assert_eq!(
        stage.say(&format!("!context !gone:hs.test {}", id('a'))).await,
        format!("The server does not know the event `{}`, nor the room `!gone:hs.test`.", id('a'))
    );
    assert_eq!(
        stage.say(&format!("!context {}", id('x'))).await,
        format!(
            "The server does not know the event `{}`. It may have been purged, or this server never received it.",
            id('x')
        )
    );
}

#[tokio::test]
async fn a_context_is_attached_as_a_file() {
    let mut stage = talkative();
    for option in ["--file", "--file=json"] {
        let event = stage.hear(moderator(), &format!("!context !talk:hs.test {} {option}", id('c')));
        stage.handle().await;
        assert!(stage.store.keys().contains(&format!("answer-{event}-file")), "{option}");
    }
}

#[tokio::test]
async fn status_is_on_one_page() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    let said = stage.say("!status").await;
    has(
        &said,
        &["Gleipnir 0.1.0, up for 1 min 30 s

Server: Synapse 1.163.2 at `http://127.0.0.1:8008`
Account: `@bot:hs.test`, device `FAKE`
Rights: ✔ I am a server admin
Rate limit: ✔ the server does not limit my messages
Management room: `!management:hs.test`, not encrypted
Encryption: verified by its own identity
Watching: 0 rooms, telling what concerns moderation
Reports: ✔ of messages, ✔ of users, ✔ of rooms; my endpoint for forwarded reports is off
Jobs: 0 at work, 1 waiting for a confirmation
Queue: events to handle: 0"],
    );
    assert_eq!(stage.say("!version").await, "Gleipnir 0.1.0, on Synapse `1.163.2`");
}

#[tokio::test]
async fn status_counts_no_chats_that_the_bot_opened() {
    let mut stage = stage();
    let inside = |name: Option<&str>, creator: &str| FakeRoom {
        details: RoomDetails {
            name: name.map(str::to_owned),
            creator: Some(creator.to_owned()),
            ..RoomDetails::default()
        },
        members: vec![owned_user_id!("@bot:hs.test")],
        ..FakeRoom::default()
    };
    let put = |room: &str, inside| stage.homeserver.put_room(room.try_into().unwrap(), inside);
    put("!lounge:hs.test", inside(Some("Lounge"), "@user0:hs.test"));
    put("!unnamed:hs.test", inside(None, "@user0:hs.test"));
    put("!chat:hs.test", inside(None, "@bot:hs.test"));
    // A room that the bot made anew is none.
    put("!anew:hs.test", inside(Some("Lounge"), "@bot:hs.test"));
    has(&stage.say("!status").await, &["Watching: 3 rooms, "]);
    let broken = Fault::Broken { status: 500, message: "no".into() };
    stage.homeserver.fail_always("room", broken);
    has(&stage.say("!status").await, &["Watching: 4 rooms, "]);
}

#[tokio::test]
async fn help_lists_every_command_by_subject() {
    let mut stage = stage();
    let said = stage.say("!help").await;
    for entry in gleipnir_core::commands::table() {
        has(&said, &[&format!("• `!{}` – ", entry.name)]);
    }
    for line in ["!gleipnir", "!gleipnir help", "@bot:hs.test", "@bot:hs.test: help"] {
        assert_eq!(stage.say(line).await, said, "{line}");
    }
    assert!(
        said.starts_with("Rooms\n• `!")
            && said.contains("\n• `!block` – Keep everybody on this server from joining rooms\n"),
        "{said}"
    );
}

#[tokio::test]
async fn help_explains_one_command() {
    let mut stage = stage();
    let want = "!block

Keep everybody on this server from joining rooms

Nobody here can join or be invited any more. Those who are inside stay and can go on writing: !shutdown removes them. Rooms that the server does not know yet can be blocked too. What follows the rooms is the reason; all rooms in front of it are blocked, so one that begins with a room needs --because.

Usage: `!block <room>... [reason|--because <reason>] [--dry-run] [--yes]`
• `<room>` – The rooms (ID, alias or link), followed by the reason, if there is one
• `--because <reason>` – The reason, in quotes, where it begins with a room that is not to be blocked
• `--dry-run` – Show what would happen, and do nothing
• `--yes` – Do not ask for a confirmation, where the configuration allows that

Example: `!block #spam:example.org !abc:example.org spam wave`
Needs: power level 50 in the management room";
    for line in ["!help block", "!help !BLOCK", "!block --help", "!block !bad:hs.test -h"] {
        assert_eq!(stage.say(line).await, want, "{line}");
    }
    has(&stage.say("!help audit").await, &["`--file[=csv|json]`", "Needs: being in the management room"]);
    assert_eq!(stage.say("!help blok").await, "There is no command “blok”. Did you mean `!help block`?");
    assert_eq!(stage.say("!help xyzzy").await, "There is no command “xyzzy”. `!help` lists all.");
    assert!(stage.homeserver.writes().is_empty());
}

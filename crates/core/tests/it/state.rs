//! `!state`: the current state of a room.

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{owned_room_id, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

fn event(kind: &str, key: &str, content: &Value) -> Value {
    json!({"type": kind, "state_key": key, "sender": "@user0:hs.test", "event_id": "$state:hs.test",
        "room_id": "!club:hs.test", "origin_server_ts": 1_795_219_200_000_i64, "content": content})
}

fn club() -> Stage {
    let stage = stage();
    let events = vec![
        event("m.room.member", "@user0:hs.test", &json!({"membership": "join", "displayname": "Ana"})),
        event("m.room.member", "@out:x.test", &json!({"membership": "ban", "reason": "spam"})),
        event("m.room.member", "@user1:hs.test", &json!({"membership": "join"})),
        event("org.example.setting", "", &json!({"colour": "<b>red</b>"})),
        event(
            "m.room.power_levels",
            "",
            &json!({"users": {"@user0:hs.test": 100}, "events": {"m.room.name": 60}}),
        ),
        event("m.room.name", "", &json!({"name": "Club"})),
        event("m.room.create", "", &json!({"room_version": "10"})),
    ];
    let details = RoomDetails { name: Some("Club".into()), ..RoomDetails::default() };
    let room = FakeRoom { details, state: events, ..FakeRoom::default() };
    stage.homeserver.put_room(room_id!("!club:hs.test"), room);
    stage
}

#[tokio::test]
async fn all_of_it_in_order_with_members_counted() {
    let mut stage = club();
    assert_eq!(
        stage.say("!state !club:hs.test").await,
        "The state of Club (`!club:hs.test`): 7 events, times in UTC:
• Made: by Ana (`@user0:hs.test`), version `10` – by Ana (`@user0:hs.test`), 2026-11-21 00:00:00
• Name: “Club” – by Ana (`@user0:hs.test`), 2026-11-21 00:00:00
• Power levels: Ana (`@user0:hs.test`) 100, everybody else 0; it takes 0 to write, 50 to change settings, 0 to invite, 50 to kick, 50 to ban, 50 to redact – by Ana (`@user0:hs.test`), 2026-11-21 00:00:00
• `org.example.setting`: `{\"colour\":\"<b>red</b>\"}` – by Ana (`@user0:hs.test`), 2026-11-21 00:00:00

Members: 2 joined, 1 banned. Each: `!state !club:hs.test member`."
    );
}

#[tokio::test]
async fn one_type_is_shown_in_full_and_its_prefix_may_be_left_out() {
    let mut stage = club();
    for kind in ["m.room.power_levels", "power_levels"] {
        let said = stage.say(&format!("!state !club:hs.test {kind}")).await;
        has(
            &said,
            &[
                "Club (`!club:hs.test`), time in UTC:\n• Power levels: `@user0:hs.test` 100",
                "In full:\n• `@user0:hs.test`: 100\n• to send `m.room.name`: 60",
            ],
        );
    }
    let said = stage.say("!state !club:hs.test member").await;
    let order: Vec<usize> = [
        "Member `@user0:hs.test`: joined as “Ana”",
        "Member `@user1:hs.test`: joined",
        "Member `@out:x.test`: banned, because “spam”",
    ]
    .iter()
    .map(|part| said.find(part).unwrap_or_else(|| panic!("{part} is missing in {said}")))
    .collect();
    assert!(order.is_sorted(), "{said}");
    let said = stage.say("!state !club:hs.test member @out:x.test").await;
    assert!(said.contains("banned") && !said.contains("@user1"), "{said}");
    let said = stage.say("!state !club:hs.test member https://matrix.to/#/@out:x.test").await;
    has(&said, &["Member `@out:x.test`: banned"]);
    has(&stage.say("!state !club:hs.test name \"\"").await, &["Name: “Club”"]);
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is_near() {
    let mut stage = club();
    for (line, want) in [
        (
            "!state !club:hs.test power-level",
            "There is no “power-level” in the state of Club (`!club:hs.test`). Did you mean `m.room.power_levels`?",
        ),
        (
            "!state !club:hs.test org.exmple.setting",
            "There is no “`org.exmple.setting`” in the state of Club (`!club:hs.test`). Did you mean `org.example.setting`?",
        ),
        (
            "!state !club:hs.test xyzzy",
            "There is no “xyzzy” in the state of Club (`!club:hs.test`). All that there is: `!state !club:hs.test`.",
        ),
        (
            "!state !club:hs.test member @user9:hs.test",
            "There is no `m.room.member` with the state key “`@user9:hs.test`”, but 3 events with others. Did you mean `@user0:hs.test`?",
        ),
        (
            "!state !club:hs.test name x",
            "There is no `m.room.name` with the state key “x”, but 1 event with others. The one that there is has the empty state key: \"\", or leave it out.",
        ),
        (
            "!state !nowhere:hs.test",
            "The server does not know the room `!nowhere:hs.test`. Check its ID; it may also have been purged: `!shutdown-status !nowhere:hs.test`.",
        ),
        ("!state !club:hs.test name --page 2", ""),
    ] {
        let said = stage.say(line).await;
        if want.is_empty() {
            has(&said, &["Name: “Club”"]);
        } else {
            assert_eq!(said, want, "{line}");
        }
    }
    has(&stage.say("!state !club:hs.test --page 2").await, &["There is only one page."]);
    has(&stage.say("!state !club:hs.test --page 0").await, &["`--page <number>`"]);
    has(&stage.say("!state #nope:hs.test").await, &["There is no room with the alias `#nope:hs.test`."]);
}

#[tokio::test]
async fn raw_state_is_shown_or_attached() {
    let mut stage = club();
    let said = stage.say("!state !club:hs.test name --raw").await;
    has(
        &said,
        &[
            "The state of Club (`!club:hs.test`), 1 event, as it is:",
            "\"content\": {\n    \"name\": \"Club\"\n  }",
        ],
    );
    stage.homeserver.change_room(room_id!("!club:hs.test"), |room| {
        room.state.push(event("m.room.topic", "", &json!({"topic": "x".repeat(3_000)})));
    });
    let heard = stage.hear(moderator(), "!state !club:hs.test topic --raw");
    stage.handle().await;
    has(&stage.store.said(&format!("answer-{heard}")).unwrap().text, &["1 event, as it is, is in the file."]);
    assert!(stage.store.keys().contains(&format!("answer-{heard}-file")));
}

#[tokio::test]
async fn raw_state_is_no_table_and_has_no_pages() {
    let mut stage = club();
    let heard = stage.hear(moderator(), "!state !club:hs.test name --raw --file=json");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{heard}")).expect("a file");
    assert_eq!(serde_json::from_slice::<Value>(&file.bytes).unwrap()["content"]["name"], "Club");
    for (option, says) in [
        ("--file", "Use `--raw --file=json`, or `--file` alone."),
        ("--file=csv", "Use `--raw --file=json`, or `--file` alone."),
        ("--page 2", "`--raw` has no pages"),
    ] {
        has(&stage.say(&format!("!state !club:hs.test --raw {option}")).await, &[says]);
    }
}

#[tokio::test]
async fn a_state_that_no_file_holds_is_cut_and_says_so() {
    let mut stage = stage();
    let big = json!({"via": ["hs.test"], "more": "x".repeat(60_000)});
    let events = (0..600).map(|n| event("m.space.child", &format!("!{n:04}:hs.test"), &big));
    let room = FakeRoom { state: events.collect(), ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!club:hs.test"), room);
    for option in ["--raw", "--file"] {
        let heard = stage.hear(moderator(), &format!("!state !club:hs.test {option}"));
        stage.handle().await;
        let key = format!("answer-{heard}");
        has(
            &stage.store.said(&key).unwrap().text,
            &["The file is as large as it may be: it has the first 55", " of 600 events."],
        );
        assert!(stage.store.file(&key).unwrap().bytes.len() <= 32 * 1024 * 1024);
    }
}

#[tokio::test]
async fn a_huge_state_has_pages() {
    let mut stage = stage();
    let events =
        (0..5_000).map(|n| event("m.space.child", &format!("!{n:04}:hs.test"), &json!({"via": ["hs.test"]})));
    let room = FakeRoom { state: events.collect(), ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!club:hs.test"), room);
    let heard = stage.hear(moderator(), "!state !club:hs.test --file");
    stage.handle().await;
    let key = format!("answer-{heard}");
    let first = stage.store.said(&key).unwrap().text;
    has(&first, &["5000 events, page 1 of 200", "`!0000:hs.test`", "`!0024:hs.test`"]);
    assert!(stage.store.keys().contains(&format!("{key}-file")));
    let second = stage.react(moderator(), &key, "➡️").await;
    has(&second, &["page 2 of 200", "`!0025:hs.test`", "`!0049:hs.test`"]);
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, first);
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, "", "there is nothing before the first page");
    has(&stage.say("!state !club:hs.test space.child --page 200").await, &["`!4999:hs.test`"]);
    has(&stage.say("!state !club:hs.test --page 201").await, &["There are only 200 pages."]);
}

#[tokio::test]
async fn hostile_state_stays_in_its_place() {
    let mut stage = stage();
    let evil = "</code>\n@room https://evil.test `!x` “”\u{202e}";
    let events = vec![
        event(evil, evil, &json!({evil: evil})),
        event("m.room.name", "", &json!({"name": evil})),
        event("m.room.power_levels", "", &json!({"users": {evil: 100}, "events": {evil: 1}})),
        event("m.room.member", evil, &json!({"membership": evil, "displayname": evil, "reason": evil})),
        json!(7),
        json!({"type": 7, "state_key": 7, "content": []}),
    ];
    stage.homeserver.put_room(room_id!("!club:hs.test"), FakeRoom { state: events, ..FakeRoom::default() });
    for line in ["!state !club:hs.test", "!state !club:hs.test member", "!state !club:hs.test power_levels"] {
        let heard = stage.hear(moderator(), line);
        stage.handle().await;
        let said = stage.store.said(&format!("answer-{heard}")).unwrap();
        assert!(!said.html.contains("href") && !said.html.contains("</code>\n"), "{}", said.html);
        assert!(!said.text.contains('\u{202e}') && !said.text.contains("\n@room"), "{}", said.text);
    }
}

#[tokio::test]
async fn faults_are_explained() {
    let mut stage = club();
    stage.homeserver.fail_once("state", Fault::Timeout);
    has(
        &stage.say("!state !club:hs.test").await,
        &["did not give the whole state of this room in time. Ask for one type"],
    );
    stage.homeserver.fail_once("state", Fault::NotAdmin);
    has(&stage.say("!state !club:hs.test").await, &["I am not a server admin."]);
    stage.homeserver.fail_once("room", Fault::Timeout);
    has(&stage.say("!state !club:hs.test").await, &["did not answer in time"]);
}

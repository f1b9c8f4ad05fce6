//! `!messages`: the history of a room.

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{OwnedEventId, RoomId, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

/// 2026-11-20 00:00:00 UTC
const DAY: i64 = 1_795_132_800_000;
const HOUR: i64 = 3_600_000;

fn talk() -> &'static RoomId {
    room_id!("!talk:hs.test")
}

fn id(n: usize) -> String {
    format!("$message{n}:hs.test")
}

/// One message an hour, from the beginning of 2026-11-20 on.
fn message(n: usize) -> Value {
    let sender = if n.is_multiple_of(3) { "@user1:hs.test" } else { "@user0:hs.test" };
    let hours = i64::try_from(n).expect("few");
    json!({"type": "m.room.message", "event_id": id(n), "sender": sender, "room_id": talk(),
        "origin_server_ts": DAY + hours * HOUR, "content": {"msgtype": "m.text", "body": format!("message {n}")}})
}

fn talkative(messages: usize) -> Stage {
    let stage = stage();
    let member = json!({"type": "m.room.member", "state_key": "@user0:hs.test", "sender": "@user0:hs.test",
        "content": {"membership": "join", "displayname": "Ana"}});
    let details = RoomDetails { name: Some("Talk".into()), ..RoomDetails::default() };
    let events = (0..messages).map(message).collect();
    stage
        .homeserver
        .put_room(talk(), FakeRoom { details, events, state: vec![member], ..FakeRoom::default() });
    stage
}

/// The numbers of the messages that are shown, from top to bottom.
fn shown(said: &str) -> Vec<usize> {
    let lines = said.lines().filter(|line| line.starts_with('•'));
    lines.filter_map(|line| line.rsplit_once("message ")?.1.trim_end_matches('”').parse().ok()).collect()
}

/// The numbers from the newest to the oldest.
fn down(newest: usize, oldest: usize) -> Vec<usize> {
    (oldest..=newest).rev().collect()
}

async fn say(stage: &mut Stage, line: &str) -> (OwnedEventId, String) {
    let event = stage.hear(moderator(), line);
    stage.handle().await;
    let said = stage.store.said(&format!("answer-{event}")).map(|said| said.text).unwrap_or_default();
    (event, said)
}

#[tokio::test]
async fn the_newest_are_at_the_top() {
    let mut stage = talkative(3);
    assert_eq!(
        stage.say("!messages !talk:hs.test").await,
        "In Talk (`!talk:hs.test`), newest first, times in UTC:
• 2026-11-20 02:00:00 Ana (`@user0:hs.test`): “message 2”
• 2026-11-20 01:00:00 Ana (`@user0:hs.test`): “message 1”
• 2026-11-20 00:00:00 `@user1:hs.test`: “message 0”

This is the beginning of what the server has."
    );
}

#[tokio::test]
async fn pages_turn_forth_and_back() {
    let mut stage = talkative(25);
    let (event, first) = say(&mut stage, "!messages !talk:hs.test --limit 10").await;
    assert_eq!(shown(&first), down(24, 15));
    let key = format!("answer-{event}");
    assert_eq!(stage.react(moderator(), &key, "➡️").await, "", "there is nothing newer");
    assert_eq!(shown(&stage.react(moderator(), &key, "⬅️").await), down(14, 5));
    let last = stage.react(moderator(), &key, "⬅️").await;
    assert_eq!(shown(&last), down(4, 0));
    has(&last, &["This is the beginning of what the server has."]);
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, "", "there is nothing older");
    assert_eq!(shown(&stage.react(moderator(), &key, "➡️").await), down(14, 5));
    assert_eq!(shown(&stage.react(moderator(), &key, "➡️").await), down(24, 15));
    // What came meanwhile is newer.
    stage.homeserver.change_room(talk(), |room| room.events.push(message(25)));
    assert_eq!(shown(&stage.react(moderator(), &key, "⬅️").await), down(14, 5));
}

#[tokio::test]
async fn a_page_that_ends_with_the_first_event_turns_no_further() {
    let mut stage = talkative(20);
    let (event, first) = say(&mut stage, "!messages !talk:hs.test --limit 20").await;
    assert_eq!(shown(&first), down(19, 0));
    has(&first, &["This is the beginning of what the server has."]);
    assert_eq!(stage.react(moderator(), &format!("answer-{event}"), "⬅️").await, "");
}

#[tokio::test]
async fn a_turned_page_does_not_read_the_dates_again() {
    let mut stage = talkative(25);
    // 23 hours ago is 01:00 of the day before. A day later it is behind what --before says.
    let (event, said) =
        say(&mut stage, "!messages !talk:hs.test --after 23h --before 2026-11-20T22:00 --limit 10").await;
    assert_eq!(shown(&said), down(21, 12));
    stage.clock.pass(std::time::Duration::from_hours(24));
    let said = stage.react(moderator(), &format!("answer-{event}"), "⬅️").await;
    assert_eq!(shown(&said), down(11, 2));
}

#[tokio::test]
async fn pages_can_be_typed() {
    let mut stage = talkative(25);
    let said = stage.say("!messages !talk:hs.test --limit 10 --page 2").await;
    assert_eq!(shown(&said), down(14, 5));
    assert_eq!(stage.say("!messages !talk:hs.test --limit 10 --page 4").await, "There are only 3 pages.");
    assert_eq!(stage.say("!messages !talk:hs.test --page 3").await, "There are only 2 pages.");
}

#[tokio::test]
async fn who_and_what_can_be_chosen() {
    let mut stage = talkative(9);
    let said = stage.say("!messages !talk:hs.test --from @user1:hs.test").await;
    assert_eq!(shown(&said), [6, 3, 0]);
    has(
        &said,
        &[
            "In Talk (`!talk:hs.test`), from `@user1:hs.test`, newest first",
            "There is nothing older of that.",
        ],
    );
    let said = stage.say("!messages !talk:hs.test --from @user1:hs.test --from @user0:hs.test").await;
    assert_eq!(shown(&said).len(), 9);
    stage.homeserver.change_room(talk(), |room| {
        room.events.push(json!({"type": "m.reaction", "event_id": id(9), "sender": "@user0:hs.test",
            "origin_server_ts": DAY + 9 * HOUR, "content": {"m.relates_to": {"key": "👍"}}}));
    });
    let said = stage.say("!messages !talk:hs.test --type reaction").await;
    has(&said, &["of the type `m.room.reaction` or `m.reaction`", "reacted with “👍”"]);
    assert_eq!(
        shown(&stage.say("!messages !talk:hs.test --type message --type m.sticker").await),
        down(8, 0)
    );
    assert_eq!(
        stage.say("!messages !talk:hs.test --from @nobody:hs.test").await,
        "There is nothing in Talk (`!talk:hs.test`), from `@nobody:hs.test`."
    );
}

#[tokio::test]
async fn before_and_after_a_date() {
    let mut stage = talkative(48);
    let said = stage.say("!messages !talk:hs.test --before 2026-11-21 --limit 3").await;
    assert_eq!(shown(&said), down(23, 21), "the date itself does not count");
    let (event, said) = say(&mut stage, "!messages !talk:hs.test --after 2026-11-21 --limit 20").await;
    assert_eq!(shown(&said), down(43, 24), "what followed it comes first");
    let key = format!("answer-{event}");
    assert_eq!(shown(&stage.react(moderator(), &key, "➡️").await), down(47, 44));
    assert_eq!(shown(&stage.react(moderator(), &key, "⬅️").await), down(43, 24));
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, "", "the range begins there");

    let line = "!messages !talk:hs.test --after 2026-11-20T10:00 --before \"2026-11-20 15:00\" --limit 3";
    let (event, said) = say(&mut stage, line).await;
    assert_eq!(shown(&said), down(14, 12));
    let key = format!("answer-{event}");
    let last = stage.react(moderator(), &key, "⬅️").await;
    assert_eq!(shown(&last), down(11, 10));
    assert!(!last.contains("beginning"), "{last}");
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, "");
    assert_eq!(shown(&stage.react(moderator(), &key, "➡️").await), down(14, 12));
    assert_eq!(stage.react(moderator(), &key, "➡️").await, "");
}

#[tokio::test]
async fn before_and_after_and_around_an_event() {
    let mut stage = talkative(48);
    let said = stage.say(&format!("!messages !talk:hs.test --before {} --limit 2", id(10))).await;
    assert_eq!(shown(&said), [9, 8]);
    let said = stage.say(&format!("!messages !talk:hs.test --after {} --limit 2", id(10))).await;
    assert_eq!(shown(&said), [12, 11]);
    let line = format!("!messages !talk:hs.test --at https://matrix.to/#/!talk:hs.test/{} --limit 6", id(10));
    let (event, said) = say(&mut stage, &line).await;
    assert_eq!(shown(&said), [12, 11, 10, 9, 8, 7]);
    has(&said, &["• ▶ 2026-11-20 10:00:00 Ana"]);
    let key = format!("answer-{event}");
    assert_eq!(shown(&stage.react(moderator(), &key, "⬅️").await), down(6, 1));
    assert_eq!(shown(&stage.react(moderator(), &key, "➡️").await), down(12, 7));
    let said = stage.say("!messages !talk:hs.test --at 2026-11-20T10:30 --limit 4").await;
    assert_eq!(shown(&said), [12, 11, 10, 9]);
    let said = stage.say(&format!("!messages !bad:hs.test --before {}", id(10))).await;
    has(
        &said,
        &[
            "The server does not have the event `$message10:hs.test` in `!bad:hs.test`. It may have been purged",
        ],
    );
}

#[tokio::test]
async fn dates_outside_of_the_history_are_told() {
    let mut stage = talkative(3);
    for (options, want) in [
        (
            "--before 2026-11-19",
            "Nothing in `!talk:hs.test` is from before 2026-11-19 00:00:00 UTC: the first event that the server has there is from 2026-11-20 00:00:00 UTC.",
        ),
        (
            "--after 2026-11-21",
            "Nothing in `!talk:hs.test` is from after 2026-11-21 00:00:00 UTC: the last event there is from 2026-11-20 02:00:00 UTC.",
        ),
        (
            "--before 2026-11-19 --after 2026-11-20",
            "Nothing can be before 2026-11-19 00:00:00 UTC and after 2026-11-20 00:00:00 UTC. Exchange the two?",
        ),
    ] {
        assert_eq!(stage.say(&format!("!messages !talk:hs.test {options}")).await, want, "{options}");
    }
    assert_eq!(shown(&stage.say("!messages !talk:hs.test --at 2026-12-01").await), down(2, 0));
    let said = stage.say("!messages !talk:hs.test --at 2020-01-01").await;
    assert_eq!(shown(&said), down(2, 0));
    has(&said, &["This is the beginning of what the server has."]);
    assert_eq!(
        stage.say("!messages !bad:hs.test --at 2020-01-01").await,
        "The server has no event of `!bad:hs.test` near 2020-01-01 00:00:00 UTC."
    );
    assert_eq!(
        stage.say("!messages !bad:hs.test").await,
        "The server holds no events of Spam (`#bad:hs.test`, `!bad:hs.test`)."
    );
}

#[tokio::test]
async fn an_unknown_room_is_no_empty_one() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!messages !nowhere:hs.test").await,
        "The server does not know the room `!nowhere:hs.test`. Check its ID; it may also have been purged: `!shutdown-status !nowhere:hs.test`."
    );
}

#[tokio::test]
async fn trap_13_encrypted_messages_say_that_they_cannot_be_read() {
    let mut stage = stage();
    let details = RoomDetails { encryption: Some("m.megolm".into()), ..RoomDetails::default() };
    let events = vec![json!({"type": "m.room.encrypted", "event_id": id(0), "sender": "@user0:hs.test",
        "origin_server_ts": DAY, "content": {"algorithm": "m.megolm", "ciphertext": "SECRET"}})];
    stage.homeserver.put_room(talk(), FakeRoom { details, events, ..FakeRoom::default() });
    let said = stage.say("!messages !talk:hs.test").await;
    has(&said, &["an encrypted message; neither the server nor I can read it"]);
    assert!(!said.contains("SECRET"), "{said}");
    let said = stage.say("!messages !talk:hs.test --type message").await;
    has(&said, &["The room is encrypted: the server sees its messages as `m.room.encrypted` only."]);
}

#[tokio::test]
async fn trap_14_redacted_messages_stay_empty() {
    let mut stage = talkative(2);
    stage.homeserver.put_original(&id(1), message(1));
    stage.homeserver.change_room(talk(), |room| {
        room.events[1]["content"] = json!({});
        room.events[1]["unsigned"] = json!({"redacted_because": {"sender": "@mod:hs.test", "content": {}}});
    });
    let said = stage.say("!messages !talk:hs.test").await;
    has(&said, &["Ana (`@user0:hs.test`): redacted by `@mod:hs.test`"]);
    assert!(!said.contains("message 1"), "{said}");
}

#[tokio::test]
async fn a_range_is_attached_as_a_whole() {
    let mut stage = talkative(2_500);
    let (event, said) = say(&mut stage, "!messages !talk:hs.test --all --file=json").await;
    assert_eq!(shown(&said), down(2_499, 2_480));
    has(&said, &["… and 2480 more in the file", "This is the beginning of what the server has."]);
    assert!(stage.store.keys().contains(&format!("answer-{event}-file")));
    let mut stage = talkative(10_050);
    let (_, said) = say(&mut stage, "!messages !talk:hs.test --all").await;
    has(
        &said,
        &[
            "The file ends at 10000 events. For the older ones, type the command again with `--before $message50:hs.test`.",
        ],
    );
    let (_, said) = say(&mut stage, "!messages !talk:hs.test --all --before $message50:hs.test").await;
    assert_eq!(shown(&said), down(49, 30));
    let (_, said) = say(&mut stage, "!messages !talk:hs.test --all --after 2026-11-20").await;
    has(&said, &["For the newer ones, type the command again with `--after $message9999:hs.test`."]);
}

#[tokio::test]
async fn a_file_ends_where_it_is_full_and_no_more_is_read() {
    let mut stage = talkative(700);
    stage.homeserver.change_room(talk(), |room| {
        for event in &mut room.events {
            event["content"]["more"] = json!("x".repeat(60_000));
        }
    });
    let calls = stage.homeserver.calls();
    let (event, said) = say(&mut stage, "!messages !talk:hs.test --all --file=json").await;
    // Power, alias, details; and one page of the history.
    assert!(stage.homeserver.calls() - calls < 5);
    assert_eq!(shown(&said), down(699, 680));
    let file = stage.store.file(&format!("answer-{event}")).unwrap();
    assert!(file.bytes.len() < 33 * 1024 * 1024);
    let events: Vec<Value> = serde_json::from_slice(&file.bytes).unwrap();
    let last = events.last().unwrap()["event_id"].as_str().unwrap();
    has(
        &said,
        &[&format!(
            "The file ends at {} events, because it is as large as it may be. For the older ones, type the command again with `--before {last}`.",
            events.len()
        )],
    );
    assert!(!said.contains("the beginning"), "{said}");
    // Forwards, what is nearest to the date is in the file.
    let (event, said) = say(&mut stage, "!messages !talk:hs.test --all --after 2026-11-20 --file=json").await;
    let file = stage.store.file(&format!("answer-{event}")).unwrap();
    let events: Vec<Value> = serde_json::from_slice(&file.bytes).unwrap();
    assert_eq!(events.last().unwrap()["event_id"], id(0));
    has(&said, &[&format!("type the command again with `--after {}`.", id(events.len() - 1))]);
}

#[tokio::test]
async fn pages_shrink_to_what_a_message_holds_and_nothing_is_lost_between_them() {
    let mut stage = talkative(60);
    stage.homeserver.change_room(talk(), |room| {
        for (n, event) in room.events.iter_mut().enumerate() {
            event["content"]["body"] = json!(format!("{} message {n}", "<&>".repeat(180)));
        }
    });
    let (event, said) = say(&mut stage, "!messages !talk:hs.test --limit 60").await;
    let key = format!("answer-{event}");
    let mut all = shown(&said);
    let mut page = said;
    while all.last() != Some(&0) {
        assert!(!page.contains("do not fit"), "{page}");
        page = stage.react(moderator(), &key, "⬅️").await;
        assert!(!shown(&page).is_empty(), "{page}");
        all.extend(shown(&page));
    }
    assert_eq!(all, down(59, 0));
    // The typed pages are the turned ones.
    let mut typed = Vec::new();
    for page in 1.. {
        let said = stage.say(&format!("!messages !talk:hs.test --limit 60 --page {page}")).await;
        if shown(&said).is_empty() {
            assert_eq!(said, format!("There are only {} pages.", page - 1));
            break;
        }
        typed.extend(shown(&said));
    }
    assert_eq!(typed, all);
    let said = stage.say("!messages !talk:hs.test --limit 60 --at 2026-11-21").await;
    assert!(!said.contains("do not fit"), "{said}");
    has(&said, &["message 24", "message 23"]);
}

#[tokio::test]
async fn hostile_words_stay_in_their_place() {
    let mut stage = talkative(1);
    let evil = "</li>\n@room https://evil.test `!x` “”\u{202e}";
    stage.homeserver.change_room(talk(), |room| {
        room.events[0]["content"]["body"] = json!(evil);
        room.events.push(json!({"type": evil, "sender": evil, "event_id": evil, "content": evil}));
        room.events.push(json!(null));
        room.state[0]["content"]["displayname"] = json!(evil);
    });
    let event = stage.hear(moderator(), "!messages !talk:hs.test");
    stage.handle().await;
    let said = stage.store.said(&format!("answer-{event}")).unwrap();
    assert!(!said.html.contains("href") && !said.html.contains("</li>\n"), "{}", said.html);
    assert!(!said.text.contains('\u{202e}') && !said.text.contains("\n@room"), "{}", said.text);
}

#[tokio::test]
async fn bad_arguments_and_faults_are_told() {
    let mut stage = talkative(1);
    for (line, part) in [
        ("!messages", "Something is missing"),
        ("!messages !talk:hs.test --limit 101", "`--limit <number>`"),
        ("!messages !talk:hs.test --limit 0", "`--limit <number>`"),
        ("!messages !talk:hs.test --before soon", "“soon” is not a point in time"),
        ("!messages !talk:hs.test --at 2026-13-01", "there is no such date"),
        ("!messages !talk:hs.test --at $x", "is not an event ID"),
        ("!messages !talk:hs.test --at #a:hs.test", "a message is needed here"),
        ("!messages !talk:hs.test --at 2d --before 1d", "cannot be used here"),
        ("!messages !talk:hs.test --from ana", "is not a user"),
        ("!messages @user0:hs.test", "a room is needed here"),
    ] {
        let said = stage.say(line).await;
        assert!(said.contains(part), "{line}: {said}");
    }
    for method in ["room", "history"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!messages !talk:hs.test").await, &["did not answer in time"]);
    }
    stage.homeserver.fail_once("event_at", Fault::NotAdmin);
    has(&stage.say("!messages !talk:hs.test --at 1d").await, &["I am not a server admin."]);
}

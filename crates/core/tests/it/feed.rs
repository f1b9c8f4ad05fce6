//! What changes in watched rooms is told in the management room: once, in order, many of a kind in one line.

mod later;

use std::time::Duration;

use gleipnir_core::{
    model::Account,
    ports::{Clock as _, Fault, Seen},
    rules::feed::Level,
    ruma::{RoomId, owned_room_id, owned_user_id, room_id, user_id},
    testing::{FakeRoom, Moment, Stage},
};
use serde_json::{Value, json};

use crate::scene::has;

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

/// A stage with the room “Lounge”, that anyone can join and the bot is in; all of it is told.
fn stage(level: Level) -> Stage {
    let mut stage = Stage::default();
    stage.settings.feed.default = level;
    stage.restart();
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    stage.homeserver.change_room(lounge(), |room| room.members.push(owned_user_id!("@bot:hs.test")));
    stage
}

fn member(id: &str, sender: &str, target: &str, before: &str, after: &Value) -> Value {
    json!({"type": "m.room.member", "event_id": id, "sender": sender, "state_key": target,
        "origin_server_ts": 1_795_219_200_000_i64, "content": after,
        "unsigned": {"prev_content": {"membership": before}}})
}

fn joins(from: usize, count: usize) -> Vec<Value> {
    (from..from + count)
        .map(|n| {
            let user = format!("@u{n}:evil.test");
            let join = json!({"membership": "join", "displayname": format!("User {n}")});
            member(&format!("$join{n}"), &user, &user, "leave", &join)
        })
        .collect()
}

fn kick(id: &str, target: &str, reason: &str) -> Value {
    member(id, "@mod:hs.test", target, "join", &json!({"membership": "leave", "reason": reason}))
}

fn name(id: &str, name: &str) -> Value {
    json!({"type": "m.room.name", "event_id": id, "sender": "@user0:hs.test", "state_key": "",
        "origin_server_ts": 1_795_219_200_000_i64, "content": {"name": name}})
}

#[tokio::test]
async fn one_change_is_one_sentence_with_its_room() {
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$k", "@bob:hs.test", "spam")], Seen::Live);
    let told = stage.tell().await;
    assert_eq!(
        told,
        "Lounge (`#lounge:hs.test`, `!lounge:hs.test`): `@mod:hs.test` kicked `@bob:hs.test`, because “spam”"
    );
    assert_eq!(stage.tell().await, "", "once");
}

#[tokio::test]
async fn moderation_leaves_the_rest_out_and_off_leaves_all_out() {
    let all = || {
        let mut all = joins(0, 2);
        all.extend([name("$name", "New"), kick("$k", "@bob:hs.test", "spam")]);
        all
    };
    let mut some = stage(Level::Moderation);
    some.notice(lounge(), all(), Seen::Live);
    let told = some.tell().await;
    assert!(told.contains("kicked") && !told.contains("joined") && !told.contains("name"), "{told}");
    let mut none = stage(Level::Off);
    none.notice(lounge(), all(), Seen::Live);
    assert_eq!(none.tell().await, "");
    let mut everything = stage(Level::All);
    everything.notice(lounge(), all(), Seen::Live);
    let told = everything.tell().await;
    has(&told, &["User 0 (`@u0:evil.test`) joined", "User 1 (`@u1:evil.test`) joined", "“New”", "kicked"]);
}

#[tokio::test]
async fn a_wave_is_one_message_that_is_edited() {
    let mut stage = stage(Level::All);
    stage.notice(lounge(), joins(0, 3), Seen::Live);
    stage.tell().await;
    for n in 0..29 {
        stage.notice(lounge(), joins(3 + n * 10, 10), Seen::Live);
        stage.clock.pass(Duration::from_secs(1));
        stage.try_tell().await.expect("the store works");
    }
    stage.clock.pass(Duration::from_secs(5));
    let messages = |stage: &Stage| stage.store.keys().iter().filter(|key| key.starts_with("feed-")).count();
    stage.notice(lounge(), joins(293, 7), Seen::Live);
    stage.tell().await;
    assert_eq!(messages(&stage), 1);
    let told = stage.store.said("feed-1").expect("it is told").text;
    has(
        &told,
        &["300 users joined: User 0 (`@u0:evil.test`), User 1", "and 297 more", "all are of `evil.test`"],
    );
    // A message does not grow for ever.
    stage.clock.pass(Duration::from_mins(1));
    stage.notice(lounge(), joins(300, 4), Seen::Live);
    has(&stage.tell().await, &["4 users joined: User 300"]);
    assert_eq!(messages(&stage), 2);
}

#[tokio::test]
async fn an_edit_waits_for_the_one_before() {
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    has(&stage.tell().await, &["@a:hs.test"]);
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    assert_eq!(stage.tell().await, "");
    stage.clock.pass(Duration::from_secs(5));
    has(
        &stage.tell().await,
        &["• 00:00:00 `@mod:hs.test` kicked `@a:hs.test`", "`@b:hs.test`, because “two”"],
    );
}

#[tokio::test]
async fn many_different_acts_are_all_told() {
    let mut stage = stage(Level::Moderation);
    let kicks = (0..70).map(|n| kick(&format!("$k{n}"), &format!("@u{n}:hs.test"), &format!("reason {n}")));
    stage.notice(lounge(), kicks.collect(), Seen::Live);
    let told = stage.tell().await;
    for n in 0..70 {
        assert!(told.contains(&format!("“reason {n}”")), "{n}: {told}");
    }
    let messages = stage.store.keys().iter().filter(|key| key.starts_with("feed-")).count();
    assert_eq!(messages, 4);
}

#[tokio::test]
async fn many_rooms_at_once_share_a_message() {
    let mut stage = stage(Level::Moderation);
    for n in 0..40 {
        let id = RoomId::parse(format!("!r{n}:hs.test")).expect("a room ID");
        stage.room(&id, &format!("Room {n}"), &format!("#r{n}:hs.test"), 1);
        stage.notice(&id, vec![kick(&format!("$k{n}"), "@bob:hs.test", "spam")], Seen::Live);
    }
    let told = stage.tell().await;
    for n in 0..40 {
        assert!(told.contains(&format!("Room {n} (`#r{n}:hs.test`")), "{n}: {told}");
    }
    let messages = stage.store.keys().iter().filter(|key| key.starts_with("feed-")).count();
    assert_eq!(messages, 7, "five of their own, and two that are full");
}

#[tokio::test]
async fn what_happened_meanwhile_is_told_as_such() {
    let mut stage = stage(Level::All);
    let events = vec![kick("$a", "@a:hs.test", "one"), name("$n", "Tea room")];
    stage.notice(lounge(), events, Seen::Later);
    let told = stage.tell().await;
    has(
        &told,
        &[
            "While I was away, Lounge (`#lounge:hs.test`, `!lounge:hs.test`), times in UTC:",
            "2026-11-21 00:00:00 `@mod:hs.test` kicked `@a:hs.test`",
            "“Tea room”",
        ],
    );
    let (kicked, named) = (told.find("kicked"), told.find("Tea room"));
    assert!(kicked < named, "in order: {told}");
    // What is seen as it happens is another message.
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    let told = stage.tell().await;
    assert!(told.starts_with("Lounge"), "{told}");
}

#[tokio::test]
async fn nothing_is_told_twice_after_a_restart_or_when_it_comes_again() {
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    stage.tell().await;
    stage.restart();
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Later);
    assert_eq!(stage.tell().await, "");
    stage.clock.pass(Duration::from_mins(5));
    stage.restart();
    assert_eq!(stage.tell().await, "");
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Later);
    assert_eq!(stage.tell().await, "");
}

#[tokio::test]
async fn a_death_at_any_commit_loses_and_doubles_nothing() {
    use gleipnir_core::testing::Moment;
    for commit in 1..=6 {
        for moment in [Moment::Before, Moment::After] {
            let mut stage = stage(Level::All);
            let mut events = joins(0, 6);
            events.push(kick("$k", "@bob:hs.test", "spam"));
            stage.notice(lounge(), events, Seen::Live);
            stage.store.break_commit(stage.store.commits() + commit, moment);
            while stage.try_tell().await.is_err() {
                stage.restart();
            }
            stage.clock.pass(Duration::from_secs(5));
            stage.notice(lounge(), joins(6, 1), Seen::Live);
            while stage.try_tell().await.is_err() {
                stage.restart();
            }
            let keys: Vec<String> =
                stage.store.keys().into_iter().filter(|key| key.starts_with("feed-")).collect();
            assert_eq!(keys, ["feed-1"], "{commit} {moment:?}");
            let told = stage.store.said("feed-1").expect("it is told").text;
            has(&told, &["7 users joined", "kicked `@bob:hs.test`"]);
            assert_eq!(told.matches("kicked").count(), 1, "{told}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_delays_and_one_that_refuses_does_not() {
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    stage.homeserver.fail_once("room", Fault::Timeout);
    assert_eq!(stage.tell().await, "");
    stage.homeserver.fail_once("state_at", Fault::Away("gone".into()));
    assert_eq!(stage.tell().await, "");
    has(&stage.tell().await, &["Lounge", "kicked `@a:hs.test`"]);
    stage.homeserver.fail_always("room", Fault::NotAdmin);
    stage.homeserver.fail_always("state_at", Fault::NotAdmin);
    let other = owned_room_id!("!other:hs.test");
    stage.notice(&other, vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    has(&stage.tell().await, &["`!other:hs.test`: `@mod:hs.test` kicked `@b:hs.test`"]);
}

#[tokio::test]
async fn a_room_that_does_not_answer_keeps_no_other_from_being_told_of() {
    // What the rooms are called is read first, then how they stood.
    for call in [1, 3] {
        let mut stage = stage(Level::Moderation);
        stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
        let other = owned_room_id!("!other:hs.test");
        stage.notice(&other, vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
        stage.homeserver.hang_at(call, Moment::Before);
        let told = stage.tell().await;
        let who = ["kicked `@a:hs.test`", "kicked `@b:hs.test`"];
        assert_eq!(who.iter().filter(|who| told.contains(**who)).count(), 1, "call {call}: {told}");
        assert_eq!(stage.tell().await, "", "the other one still does not answer");
        stage.restart();
        let rest = stage.tell().await;
        let left = who.iter().find(|who| !told.contains(**who)).unwrap();
        has(&rest, &[left]);
    }
}

#[tokio::test]
async fn rooms_of_the_configuration_have_their_own_level_and_are_read_without_the_bot() {
    let mut stage = stage(Level::Moderation);
    stage.settings.feed.rooms = vec![
        ("#lounge:hs.test".parse().expect("an alias"), Level::All),
        ("!far:hs.test".parse().expect("an ID"), Level::All),
    ];
    stage.restart();
    let far = owned_room_id!("!far:hs.test");
    stage.room(&far, "Far", "#far:hs.test", 1);
    stage.homeserver.change_room(&far, |room| room.events.push(name("$old", "Old")));
    assert_eq!(stage.tell().await, "", "what was before is not news");
    stage.homeserver.change_room(&far, |room| {
        room.events.extend(joins(0, 1));
        room.events.push(json!({"type": "m.room.message", "event_id": "$m", "sender": "@a:hs.test",
            "content": {"msgtype": "m.text", "body": "hello"}}));
    });
    stage.notice(lounge(), vec![name("$n", "New")], Seen::Live);
    let told = stage.tell().await;
    has(&told, &["Lounge", "“New”", "Far (`#far:hs.test`, `!far:hs.test`): User 0 (`@u0:evil.test`) joined"]);
    assert!(!told.contains("hello") && !told.contains("Old"), "{told}");
    stage.clock.pass(Duration::from_secs(10));
    assert_eq!(stage.tell().await, "");
    // A fault of one room does not stop the others.
    stage.homeserver.fail_once(
        "history",
        Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() },
    );
    stage.homeserver.change_room(&far, |room| room.events.extend(joins(1, 1)));
    assert_eq!(stage.tell().await, "");
    has(&stage.tell().await, &["User 1"]);
}

#[tokio::test]
async fn a_gap_is_read_back_in_order_and_not_beyond_the_bots_own_join() {
    use gleipnir_core::ports::{Change, Gap, Store as _, Watching};
    let mut stage = stage(Level::All);
    let own = member("$own", "@bot:hs.test", "@bot:hs.test", "invite", &json!({"membership": "join"}));
    stage.homeserver.change_room(lounge(), |room| {
        room.events = vec![name("$old", "Old")];
        room.events.push(own);
        room.events.extend([name("$one", "One"), name("$two", "Two")]);
    });
    let gap = Gap { room_id: lounge().to_owned(), from: "t4".into(), to: "t0".into(), seen: Seen::Later };
    stage.homeserver.fail_once("history", Fault::Timeout);
    stage.store.commit(vec![Change::Watching(Watching::Gap(gap))]).expect("the store works");
    assert_eq!(stage.tell().await, "", "the server is away");
    let told = stage.tell().await;
    assert!(told.find("“One”") < told.find("“Two”"), "{told}");
    assert!(told.starts_with("While I was away") && !told.contains("Old"), "{told}");
    assert_eq!(stage.store.gaps(), Ok(vec![]));
}

#[tokio::test]
async fn what_a_sync_brought_waits_for_what_it_left_out() {
    use gleipnir_core::ports::{Change, Gap, Store as _, Watching};
    let mut stage = stage(Level::All);
    let at = |mut event: Value, seconds: i64| {
        event["origin_server_ts"] = json!(1_795_219_200_000_i64 + seconds * 1000);
        event
    };
    stage.homeserver.change_room(lounge(), |room| room.events = vec![at(name("$one", "One"), 1)]);
    let gap = Gap { room_id: lounge().to_owned(), from: "t1".into(), to: "t0".into(), seen: Seen::Later };
    stage.store.commit(vec![Change::Watching(Watching::Gap(gap))]).expect("the store works");
    stage.notice(lounge(), vec![at(name("$two", "Two"), 2), at(name("$three", "Three"), 3)], Seen::Later);
    stage.homeserver.fail_once("history", Fault::Timeout);
    assert_eq!(stage.tell().await, "");
    let told = stage.tell().await;
    let order: Vec<_> = ["“One”", "“Two”", "“Three”"].map(|name| told.find(name)).into();
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "{told}");
}

#[tokio::test]
async fn what_the_bot_caused_names_the_command_and_the_moderator() {
    let mut stage = stage(Level::All);
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    let command = format!("!room-admin {} @mod:hs.test", lounge());
    stage.homeserver.change_room(lounge(), |room| {
        room.state.push(json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test", "content": {"room_version": "11"}}));
        room.state.push(json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test",
            "content": {"users": {"@user0:hs.test": 100}}}));
    });
    let said = stage.say(&command).await;
    has(&said, &["Job 1"]);
    has(&stage.say("!confirm 1").await, &["done"]);
    let invite = member("$i", "@user0:hs.test", "@mod:hs.test", "leave", &json!({"membership": "invite"}));
    stage.notice(lounge(), vec![invite], Seen::Live);
    let told = stage.tell().await;
    has(
        &told,
        &["`@user0:hs.test` invited `@mod:hs.test`", "my doing, for `@mod:hs.test`: `!room-admin", "(job 1)"],
    );
}

#[tokio::test]
async fn what_was_done_twice_names_each_time_its_own_command() {
    let mut stage = stage(Level::All);
    stage.homeserver.put_account(user_id!("@eve:hs.test"), Account::default());
    stage.homeserver.change_room(lounge(), |room| {
        for (kind, key, content) in [
            ("m.room.create", "", json!({"room_version": "11"})),
            ("m.room.power_levels", "", json!({"users": {"@bot:hs.test": 100}})),
            ("m.room.member", "@bot:hs.test", json!({"membership": "join"})),
        ] {
            room.state.push(
                json!({"type": kind, "state_key": key, "sender": "@user0:hs.test", "content": content}),
            );
        }
    });
    let mut events = Vec::new();
    for (job, line, membership) in
        [(1, "!ban", "ban"), (2, "!unban", "leave"), (3, "!ban", "ban"), (4, "!unban", "leave")]
    {
        stage.clock.pass(Duration::from_secs(5));
        has(&stage.say(&format!("{line} @eve:hs.test !lounge:hs.test the {job}.")).await, &["– done"]);
        let content = json!({"membership": membership});
        let mut event = member(
            &format!("${job}"),
            "@bot:hs.test",
            "@eve:hs.test",
            if membership == "ban" { "join" } else { "ban" },
            &content,
        );
        event["origin_server_ts"] = json!(stage.clock.now());
        events.push(event);
    }
    stage.notice(lounge(), events, Seen::Later);
    let told = stage.tell().await;
    for job in 1..=4 {
        has(&told, &[&format!("the {job}.` (job {job})")]);
    }
}

#[tokio::test]
async fn hostile_words_stay_in_their_place() {
    let mut stage = stage(Level::All);
    let evil = "\u{202e}<b>@room</b> https://evil.example\u{200b}\n".repeat(2_000);
    stage.homeserver.put_room(
        lounge(),
        FakeRoom {
            details: gleipnir_core::model::RoomDetails { name: Some(evil.clone()), ..Default::default() },
            ..FakeRoom::default()
        },
    );
    let mut events: Vec<Value> = (0..30)
        .map(|n| {
            let user = format!("@u{n}:evil.test");
            let join = json!({"membership": "join", "displayname": evil, "reason": evil});
            member(&format!("$j{n}"), &user, &user, "leave", &join)
        })
        .collect();
    events.push(kick("$k", "@bob:hs.test", &evil));
    events.push(name("$n", &evil));
    for (n, odd) in [
        json!(7),
        json!([]),
        json!({"membership": {}}),
        json!({"membership": "join", "displayname": 7}),
        Value::Null,
    ]
    .into_iter()
    .enumerate()
    {
        events.push(member(&format!("$odd{n}"), "@e:evil.test", "@e:evil.test", "join", &odd));
        events.push(
            json!({"type": "m.room.power_levels", "event_id": format!("$p{n}"), "sender": "@e:evil.test",
            "state_key": "", "content": odd, "unsigned": {"prev_content": odd}}),
        );
    }
    stage.notice(lounge(), events, Seen::Live);
    stage.tell().await;
    for key in stage.store.keys() {
        let said = stage.store.said(&key).expect("a message");
        assert!(said.text.len() <= 10_000 && said.html.len() <= 18_000);
        assert!(
            !said.html.contains("<b>") && !said.html.contains("<a ") && !said.text.contains('\u{202e}'),
            "{}",
            said.html
        );
    }
}

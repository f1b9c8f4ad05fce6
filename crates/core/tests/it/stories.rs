//! `!explain <@user> <room>`: what became of a user in a room.

use gleipnir_core::{
    ports::Fault,
    ruma::{OwnedEventId, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::{
    past::{ANA, BOB, History, MOD, id, talk},
    scene::{has, moderator, stage},
};

const STORY: &str = "!explain @ana:hs.test !talk:hs.test";

/// Everything that can become of a user, while the rules change.
fn life() -> History {
    History::begin()
        .join(ANA, "Ana")
        .join(ANA, "Annie")
        .member(MOD, ANA, &json!({"membership": "leave", "reason": "calm down"}))
        .join(ANA, "Annie")
        .member(MOD, ANA, &json!({"membership": "ban", "reason": "spam"}))
        .member(MOD, ANA, &json!({"membership": "leave"}))
        .rules(&json!({"join_rule": "invite"}))
        .member(MOD, ANA, &json!({"membership": "invite"}))
        .join(ANA, "Annie")
        .state(MOD, "m.room.power_levels", "", &json!({"users": {MOD: 100, ANA: 50}}))
        .join(BOB, "Bob")
        .member(ANA, BOB, &json!({"membership": "leave"}))
        .member(ANA, BOB, &json!({"membership": "ban"}))
        .state(ANA, "m.room.history_visibility", "", &json!({"history_visibility": "joined"}))
}

async fn say(stage: &mut Stage, line: &str) -> (OwnedEventId, String) {
    let event = stage.hear(moderator(), line);
    stage.handle().await;
    let said = stage.store.said(&format!("answer-{event}")).expect("it answers").text;
    (event, said)
}

#[tokio::test]
async fn a_life_is_told_from_its_beginning_with_its_reasons() {
    let mut stage = life().stage();
    for line in [STORY, "!explain !talk:hs.test @ana:hs.test"] {
        let said = stage.say(line).await;
        assert!(
            said.starts_with(
                "The story of Annie (`@ana:hs.test`) in Talk (`!talk:hs.test`), oldest first, times in UTC:
• 2026-11-21 00:04:00 Ana (`@ana:hs.test`) joined, because the room is public
• 2026-11-21 00:05:00 "
            ),
            "{said}"
        );
        assert!(said.ends_with("
To others and the room: kicked 1, banned 1 and changed who has power, can join or can read 1 time. `!explain @ana:hs.test !talk:hs.test --acts` lists it.

Now: in the room, with power 50"), "{said}");
        has(
            &said,
            &[
                "• 2026-11-21 00:06:00 Mod (`@mod:hs.test`) kicked Annie (`@ana:hs.test`), because “calm down”",
                "• 2026-11-21 00:07:00 Annie (`@ana:hs.test`) joined, because the room is public",
                "• 2026-11-21 00:08:00 Mod (`@mod:hs.test`) removed and banned Annie (`@ana:hs.test`), because “spam”",
                "• 2026-11-21 00:09:00 Mod (`@mod:hs.test`) unbanned Annie (`@ana:hs.test`)",
                "• 2026-11-21 00:11:00 Mod (`@mod:hs.test`) invited Annie (`@ana:hs.test`)",
                "• 2026-11-21 00:12:00 Annie (`@ana:hs.test`) accepted the invitation from Mod (`@mod:hs.test`)\n",
                "• 2026-11-21 00:13:00 Mod (`@mod:hs.test`) raised Annie (`@ana:hs.test`) from power 0 to 50",
            ],
        );
        assert_eq!(said.matches('•').count(), 9, "{said}");
    }
    let said = stage.say(&format!("{STORY} --acts")).await;
    assert!(!said.contains("To others"), "{said}");
    has(
        &said,
        &[
            "00:15:00 Annie (`@ana:hs.test`) kicked Bob (`@bob:hs.test`)",
            "00:17:00 Annie (`@ana:hs.test`) set who can read the history",
        ],
    );
}

#[tokio::test]
async fn who_made_the_room_is_told_and_whose_power_changed() {
    let mut stage = life().stage();
    let said = stage.say("!explain @mod:hs.test !talk:hs.test").await;
    has(
        &said,
        &[
            "• 2026-11-21 00:00:00 Mod (`@mod:hs.test`) made the room",
            "To others and the room: invited 1, kicked 1, banned 1, unbanned 1 and changed who has power, can join or can read 4 times.",
            "Now: in the room, with power 100",
        ],
    );
    let mut stage = History::default()
        .state(MOD, "m.room.create", "", &json!({"room_version": "12", "additional_creators": [ANA]}))
        .join(ANA, "Ana")
        .stage();
    has(&stage.say(STORY).await, &["Now: in the room, as a creator of it, above all power levels"]);
}

#[tokio::test]
async fn how_things_stand_is_told_in_the_end() {
    for (by, content, now) in [
        (
            MOD,
            json!({"membership": "ban", "reason": "spam"}),
            "Now: banned, since 2026-11-21 00:05:00 UTC, by Mod (`@mod:hs.test`), because “spam”",
        ),
        (
            MOD,
            json!({"membership": "leave"}),
            "Now: not in the room, since 2026-11-21 00:05:00 UTC, by Mod (`@mod:hs.test`)",
        ),
        (ANA, json!({"membership": "leave"}), "Now: not in the room, since 2026-11-21 00:05:00 UTC"),
        (
            MOD,
            json!({"membership": "invite"}),
            "Now: invited, since 2026-11-21 00:05:00 UTC, by Mod (`@mod:hs.test`)",
        ),
        (ANA, json!({"membership": "knock"}), "Now: asks to be let in, since 2026-11-21 00:05:00 UTC"),
        (ANA, json!({"membership": "<dance>"}), "Now: the unknown membership “<dance>”"),
        (ANA, json!({"membership": 7}), "Now: not known: the room's state does not say"),
    ] {
        let mut stage = History::begin().join(ANA, "Ana").member(by, ANA, &content).stage();
        let said = stage.say(STORY).await;
        assert!(said.ends_with(now), "{said}");
    }
}

#[tokio::test]
async fn who_was_never_there_is_told() {
    let mut stage = History::begin().stage();
    assert_eq!(stage.say(STORY).await, "`@ana:hs.test` was never in Talk (`!talk:hs.test`).");
    has(
        &stage.say("!explain @ana:hs.test !gone:hs.test").await,
        &["The server does not know the room `!gone:hs.test`."],
    );
    has(
        &stage.say("!explain @ana:hs.test #gone:hs.test").await,
        &["There is no room with the alias `#gone:hs.test`."],
    );
}

#[tokio::test]
async fn a_beginning_that_was_purged_is_told() {
    let mut stage = life().stage();
    stage.homeserver.change_room(talk(), |room| drop(room.events.drain(..8)));
    let said = stage.say(STORY).await;
    has(
        &said,
        &[
            "times in UTC:\n• What was before 2026-11-21 00:08:00 UTC is not known: the server does not have the beginning of this room. Its history was purged, or this server came in later.",
            "• 2026-11-21 00:08:00 Mod (`@mod:hs.test`) removed and banned Annie (`@ana:hs.test`), because “spam”",
        ],
    );
    // The settings of then are not known, so no reason is given.
    assert!(!said.contains("public"), "{said}");
    let said = stage.say("!explain @eve:hs.test !talk:hs.test").await;
    has(
        &said,
        &[
            "`@eve:hs.test` does not appear in what the server has of Talk (`!talk:hs.test`).",
            "What was before 2026-11-21 00:08:00 UTC is not known: the server does not have the beginning of this room",
        ],
    );
    stage.homeserver.change_room(talk(), |room| room.events.clear());
    has(&stage.say(STORY).await, &["the server has no event of it", "Now: in the room"]);
}

#[tokio::test]
async fn what_an_event_replaced_is_looked_for_where_the_server_does_not_say() {
    let hide = |room: &mut FakeRoom| {
        for event in &mut room.events {
            event["unsigned"].as_object_mut().expect("an object").remove("prev_content");
        }
    };
    let mut stage = life().stage();
    let full = stage.say(STORY).await;
    stage.homeserver.change_room(talk(), hide);
    let calls = stage.homeserver.calls();
    assert_eq!(stage.say(STORY).await, full);
    assert!(stage.homeserver.calls() - calls < 8, "nothing is asked for that is known");
    // Before the beginning of the history it is only in the database, redacted perhaps.
    let gone = life().0.remove(5);
    stage.homeserver.change_room(talk(), |room| drop(room.events.drain(..6)));
    stage.homeserver.put_original(&id(5), gone);
    let said = stage.say(STORY).await;
    has(&said, &["00:06:00 Mod (`@mod:hs.test`) kicked Annie (`@ana:hs.test`), because “calm down”"]);
}

#[tokio::test]
async fn few_events_of_many_are_found() {
    let mut history = History::begin();
    for n in 0..5_000 {
        let user = format!("@user{n}:evil.test");
        history.0.push(json!({"type": "m.room.member", "event_id": format!("$m{n}:hs.test"), "sender": user,
            "state_key": user, "origin_server_ts": 0, "content": {"membership": "join"}, "unsigned": {}}));
        if n % 2_000 == 100 {
            let name = format!("Ana {n}");
            history = history.join(ANA, &name);
        }
    }
    let mut stage = history.stage();
    let calls = stage.homeserver.calls();
    let (event, said) = say(&mut stage, &format!("{STORY} --file=json")).await;
    assert!(stage.homeserver.calls() - calls < 15);
    has(&said, &["joined", "“Ana 2100”", "“Ana 4100”"]);
    assert!(!said.contains("evil.test"), "{said}");
    let file = stage.store.file(&format!("answer-{event}")).expect("a file");
    let events: Vec<Value> = serde_json::from_slice(&file.bytes).expect("it is JSON");
    assert_eq!(events.len(), 3);
}

#[tokio::test]
async fn a_long_story_has_pages() {
    let mut history = History::begin();
    for n in 0..5_000 {
        history = history.quick_join(ANA, &format!("Ana {n}"));
    }
    let mut stage = history.stage();
    let (event, first) = say(&mut stage, STORY).await;
    let key = format!("answer-{event}");
    has(&first, &["page 1 of 125, oldest first", "joined", "“Ana 39”", "Now: in the room"]);
    assert!(!first.contains("“Ana 40”"), "{first}");
    let second = stage.react(moderator(), &key, "➡️").await;
    has(&second, &["page 2 of 125", "“Ana 40”", "“Ana 79”", "Now: in the room"]);
    assert_eq!(stage.react(moderator(), &key, "⬅️").await, first);
    has(&stage.say(&format!("{STORY} --page 125")).await, &["“Ana 4999”"]);
    has(&stage.say(&format!("{STORY} --page 126")).await, &["There are only 125 pages."]);
    let (event, said) = say(&mut stage, &format!("{STORY} --file")).await;
    assert!(said.len() < 10_000);
    let file = stage.store.file(&format!("answer-{event}")).expect("a file");
    assert_eq!(String::from_utf8_lossy(&file.bytes).lines().count(), 5_001);
}

#[tokio::test]
async fn strangers_words_stay_in_their_place() {
    let evil = "</li>\n@room https://evil.test `!x` “”\u{202e}";
    let mut stage = History::begin()
        .join(ANA, evil)
        .member(MOD, ANA, &json!({"membership": "ban", "reason": evil.repeat(5_000)}))
        .member(evil, ANA, &json!({"membership": evil, "displayname": [evil]}))
        .state(ANA, "m.room.power_levels", evil, &json!(evil))
        .state(evil, "m.room.power_levels", "", &json!([evil]))
        .state(ANA, "m.room.join_rules", "", &json!({"join_rule": {}, "allow": evil}))
        .stage();
    stage.homeserver.change_room(talk(), |room| {
        room.events.extend([json!(null), json!({"type": "m.room.member", "state_key": ANA})]);
    });
    for option in ["", " --acts", " --file"] {
        let (event, _) = say(&mut stage, &format!("{STORY}{option}")).await;
        let said = stage.store.said(&format!("answer-{event}")).expect("it answers");
        assert!(!said.html.contains("href") && !said.html.contains("</li>\n"), "{}", said.html);
        assert!(!said.text.contains('\u{202e}') && !said.text.contains("\n@room"), "{}", said.text);
    }
}

#[tokio::test]
async fn faults_are_told() {
    let mut stage = life().stage();
    for method in ["room", "history", "state"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(STORY).await, &["did not answer in time"]);
    }
    stage.homeserver.change_room(talk(), |room| {
        room.events.drain(..6);
        room.events[0]["unsigned"] = json!({"replaces_state": id(5)});
    });
    for method in ["context", "original"] {
        stage.homeserver.fail_once(method, Fault::NotAdmin);
        has(&stage.say(STORY).await, &["I am not a server admin."]);
    }
    // Where the server cannot tell what was replaced, the story is told without it.
    stage.homeserver.fail_always("original", Fault::NotRouted { status: 404 });
    has(&stage.say(STORY).await, &["The story of Annie"]);
    stage.homeserver.mend();
    let mut empty = stage_of_nothing();
    has(&empty.say(STORY).await, &["does not appear in what the server has of"]);
}

/// A room of which the server has neither history nor state, such as one that somebody is only invited to.
fn stage_of_nothing() -> Stage {
    let stage = stage();
    stage.homeserver.put_room(room_id!("!talk:hs.test"), FakeRoom::default());
    stage
}

#[tokio::test]
async fn a_history_without_end_is_read_for_so_long_only() {
    let mut history = History::begin().join(ANA, "Ana");
    for n in 0..101_000 {
        history.0.push(json!({"type": "m.room.member", "event_id": format!("$m{n}:hs.test"),
            "sender": "@u:evil.test", "state_key": "@u:evil.test", "content": {"membership": "join"}}));
    }
    let mut stage = history.join(ANA, "Annie").stage();
    let calls = stage.homeserver.calls();
    let (_, said) = say(&mut stage, STORY).await;
    assert!(stage.homeserver.calls() - calls < 110);
    has(&said, &["there is more than I can read at once", "“Annie”"]);
    assert!(!said.contains("joined"), "the beginning was not read: {said}");
}

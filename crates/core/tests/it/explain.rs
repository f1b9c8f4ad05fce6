//! `!explain`: an event, and a room.

use gleipnir_core::{
    model::{Block, RoomDetails},
    ports::{Effects as _, Fault},
    ruma::room_id,
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::{
    past::{ANA, BOB, DAY, History, MOD, id, talk},
    scene::{has, moderator},
};

/// A room, and the number of the event that is asked about.
fn with(history: History) -> (Stage, String) {
    let event = id(history.0.len() - 1);
    (history.stage(), event)
}

fn kicked() -> History {
    History::begin().join(ANA, "Ana").member(MOD, ANA, &json!({"membership": "leave", "reason": "calm down"}))
}

#[tokio::test]
async fn an_event_is_explained_however_it_is_named() {
    let (mut stage, event) = with(kicked());
    stage.homeserver.put_original(&event, kicked().0.remove(5));
    for target in [
        event.clone(),
        format!("!talk:hs.test {event}"),
        format!("https://matrix.to/#/!talk:hs.test/{event}?via=hs.test"),
    ] {
        assert_eq!(
            stage.say(&format!("!explain {target}")).await,
            "In Talk (`!talk:hs.test`):

Mod (`@mod:hs.test`) kicked Ana (`@ana:hs.test`), because “calm down”.

Time: 2026-11-21 00:05:00 UTC
Why they could: Mod (`@mod:hs.test`) had power 100, and kicking takes 50 (the power levels (`$e2:hs.test`), set by Mod (`@mod:hs.test`) on 2026-11-21 00:02:00 UTC)
Event: `$e5:hs.test`",
            "{target}"
        );
    }
}

#[tokio::test]
async fn every_kind_of_event_is_explained() {
    for (kind, key, content, part) in [
        (
            "m.room.message",
            None,
            json!({"msgtype": "m.text", "body": "hello"}),
            "Ana (`@ana:hs.test`): “hello”.",
        ),
        ("m.room.encrypted", None, json!({"ciphertext": "AwgA"}), "an encrypted message"),
        ("m.reaction", None, json!({"m.relates_to": {"key": "👍"}}), "reacted with “👍”."),
        ("org.example.thing", None, json!({}), "sent `org.example.thing`."),
        ("m.room.name", Some(""), json!({"name": "Lounge"}), "“Lounge”."),
        ("m.room.join_rules", Some(""), json!({"join_rule": "invite"}), "only invited people can join"),
        ("m.room.power_levels", Some(""), json!({"users": {ANA: 100}}), "power"),
        (
            "m.room.member",
            Some(BOB),
            json!({"membership": "ban"}),
            "Ana (`@ana:hs.test`) banned `@bob:hs.test`.",
        ),
        ("m.room.member", Some("nobody"), json!({"membership": 7}), "`nobody`"),
        ("org.example.thing", Some("x"), json!(null), "`org.example.thing`"),
    ] {
        let history = History::begin().join(ANA, "Ana");
        let (mut stage, event) = with(match key {
            Some(key) => history.state(ANA, kind, key, &content),
            None => history.event(ANA, kind, &content),
        });
        let said = stage.say(&format!("!explain !talk:hs.test {event}")).await;
        has(
            &said,
            &[
                "In Talk (`!talk:hs.test`):\n\n",
                part,
                "Time: 2026-11-21 00:05:00 UTC",
                "Event: `$e5:hs.test`",
            ],
        );
    }
}

#[tokio::test]
async fn rooms_that_an_event_speaks_of_have_their_names() {
    let club = json!({"join_rule": "restricted", "allow": [
        {"type": "m.room_membership", "room_id": "!club:hs.test"},
        {"type": "m.room_membership", "room_id": "!unknown:hs.test"}]});
    let (mut stage, event) = with(History::begin().rules(&club));
    let details = RoomDetails {
        name: Some("Club".into()),
        join_rules: Some("public".into()),
        ..RoomDetails::default()
    };
    stage.homeserver.put_room(room_id!("!club:hs.test"), FakeRoom { details, ..FakeRoom::default() });
    let said = stage.say(&format!("!explain !talk:hs.test {event}")).await;
    has(&said, &["`!club:hs.test`", "`!unknown:hs.test`"]);
    stage.homeserver.fail_once("room", Fault::Timeout);
    has(&stage.say(&format!("!explain !talk:hs.test {event}")).await, &["did not answer in time"]);
}

#[tokio::test]
async fn trap_14_what_was_redacted_stays_hidden() {
    let insult = json!({"msgtype": "m.text", "body": "you are all fools"});
    let mut history = History::begin().join(ANA, "Ana").event(ANA, "m.room.message", &insult);
    let event = id(5);
    let original = history.0[5].clone();
    history.0[5]["content"] = json!({});
    history.0[5]["unsigned"] = json!({"redacted_because": {"type": "m.room.redaction", "sender": MOD,
        "origin_server_ts": DAY + 3_600_000, "content": {"reason": "rude"}}});
    let (mut stage, _) = with(history);
    stage.homeserver.put_original(&event, original);
    let said = stage.say(&format!("!explain {event}")).await;
    has(&said, &["Redacted: by Mod (`@mod:hs.test`), 2026-11-21 01:00:00 UTC, because “rude”"]);
    assert!(!said.contains("fools"), "{said}");
    // What a purge left in the database may have been redacted.
    stage.homeserver.change_room(talk(), |room| room.events.clear());
    for fault in [None, Some(Fault::Broken { status: 500, message: "Internal server error".into() })] {
        if let Some(fault) = fault {
            stage.homeserver.fail_always("context", fault);
        }
        let said = stage.say(&format!("!explain {event}")).await;
        has(
            &said,
            &[
                "`@ana:hs.test` sent `m.room.message`.",
                "The room no longer shows this event, so it is not known whether it was redacted, and what it said is left out. `!event $e5:hs.test --original` shows what the server still has.",
            ],
        );
        assert!(!said.contains("fools"), "{said}");
    }
}

#[tokio::test]
async fn what_an_event_replaced_is_asked_for_and_never_what_was_redacted() {
    let rude = || {
        let history = History::begin().join(ANA, "Rude").member(MOD, ANA, &json!({"membership": "leave"}));
        let mut history = history;
        history.0[5]["unsigned"].as_object_mut().expect("an object").remove("prev_content");
        history
    };
    let said = |stage: Stage| async move {
        let mut stage = stage;
        stage.say("!explain !talk:hs.test $e5:hs.test").await
    };
    has(&said(rude().stage()).await, &["Mod (`@mod:hs.test`) kicked Rude (`@ana:hs.test`)."]);
    // The room shows what it replaced in its redacted form.
    let mut redacted = rude();
    let original = redacted.0[4].clone();
    redacted.0[4]["content"] = json!({"membership": "join"});
    let stage = redacted.stage();
    stage.homeserver.put_original(&id(4), original.clone());
    let kicked = "Mod (`@mod:hs.test`) kicked `@ana:hs.test`.";
    has(&said(stage).await, &[kicked]);
    // The room does not show it at all: then only the membership is taken from the database.
    let stage = rude().stage();
    stage.homeserver.put_original(&id(4), original);
    stage.homeserver.change_room(talk(), |room| drop(room.events.drain(..5)));
    has(&said(stage).await, &[kicked]);
    // And a kick that the room does not show either is no more than the database tells.
    let stage = rude().stage();
    stage.homeserver.put_original(&id(5), rude().0.remove(5));
    stage.homeserver.change_room(talk(), |room| drop(room.events.drain(..)));
    has(&said(stage).await, &["Member `@ana:hs.test`: removed.", "no longer shows this event"]);
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (mut stage, event) = with(kicked());
    for (line, part) in [
        ("!explain", "Something is missing"),
        ("!explain hello", "“hello” is neither an event nor a room."),
        ("!explain hello world", "is not a room"),
        (
            "!explain @ana:hs.test",
            "What about `@ana:hs.test`? Say in which room: `!explain @ana:hs.test <room>`.",
        ),
        ("!explain @ana !talk:hs.test", "its server is missing"),
        ("!explain !talk:hs.test @ana", "its server is missing"),
        ("!explain @ana", "its server is missing"),
        ("!explain @ana:hs.test @bob:hs.test", "a room is needed here"),
        ("!explain @ana:hs.test $x:hs.test", "a room is needed here"),
        ("!explain !talk:hs.test !talk:hs.test", "a message is needed here"),
        ("!explain !talk", "is not a room ID"),
        ("!explain $short", "is not an event ID"),
        ("!explain !a:hs.test !b:hs.test !c:hs.test", "!explain"),
        (
            "!explain !talk:hs.test --acts",
            "`--acts` is for the story of a user in a room: `!explain <@user> <room> --acts`.",
        ),
        ("!explain $e5:hs.test --page 2", "`--page` is for the story of a user"),
        ("!explain $e5:hs.test --file", "`--file` is for the story of a user"),
        ("!explain @ana:hs.test !talk:hs.test --page 0", "`--page <number>`"),
        ("!explain !gone:hs.test", "does not know the room `!gone:hs.test`"),
        ("!explain !gone:hs.test $e5:hs.test", "does not know the room `!gone:hs.test`"),
        ("!explain #gone:hs.test", "There is no room with the alias"),
        ("!explain $gone:hs.test", "does not know the event `$gone:hs.test`"),
        ("!explain !talk:hs.test $gone:hs.test", "does not know the event `$gone:hs.test`"),
    ] {
        let said = stage.say(line).await;
        assert!(said.contains(part), "{line}: {said}");
    }
    // An event of another room.
    stage.homeserver.put_original(&event, kicked().0.remove(5));
    has(
        &stage.say(&format!("!explain !bad:hs.test {event}")).await,
        &[
            "The event is not in the room `!bad:hs.test`, but in another one: `!explain !talk:hs.test $e5:hs.test`.",
        ],
    );
    // Old servers cannot find an event by its ID.
    stage.homeserver.fail_always("original", Fault::NotRouted { status: 404 });
    has(
        &stage.say(&format!("!explain {event}")).await,
        &["Give its room as well: `!explain <room> $e5:hs.test`"],
    );
    has(&stage.say(&format!("!explain !talk:hs.test {event}")).await, &["kicked Ana"]);
}

#[tokio::test]
async fn strangers_words_stay_in_their_place() {
    let evil = "</li>\n@room https://evil.test `!x` “”\u{202e}";
    let long = evil.repeat(2_000);
    for content in [
        json!({"membership": "ban", "reason": long}),
        json!({"membership": long, "displayname": {}}),
        json!({"name": long, "join_rule": long, "allow": [{"room_id": long}], "users": {evil: evil}, "pinned": vec![evil; 500]}),
        json!([long]),
        json!(7),
    ] {
        for kind in [
            "m.room.member",
            "m.room.name",
            "m.room.join_rules",
            "m.room.power_levels",
            "m.room.server_acl",
            "m.room.pinned_events",
            evil,
        ] {
            let history = History::begin()
                .join(evil, evil)
                .state(evil, kind, ANA, &json!(evil))
                .state(evil, kind, ANA, &content);
            let (mut stage, event) = with(history.state(evil, kind, "", &content));
            stage.homeserver.change_room(talk(), |room| room.details.name = Some(evil.to_owned()));
            for line in [
                format!("!explain !talk:hs.test {event}"),
                "!explain !talk:hs.test $e6:hs.test".to_owned(),
                "!explain !talk:hs.test".to_owned(),
            ] {
                let heard = stage.hear(moderator(), &line);
                stage.handle().await;
                let said = stage.store.said(&format!("answer-{heard}")).expect("it answers");
                assert!(!said.html.contains("href") && !said.html.contains("</li>\n"), "{}", said.html);
                assert!(!said.text.contains('\u{202e}') && !said.text.contains("\n@room"), "{}", said.text);
                assert!(said.text.len() <= 10_000 && said.html.len() <= 18_000, "{}", said.text.len());
            }
        }
    }
}

#[tokio::test]
async fn faults_at_an_event_are_told() {
    let (mut stage, event) = with(kicked());
    for (method, line) in [
        ("original", format!("!explain {event}")),
        ("room", format!("!explain !talk:hs.test {event}")),
        ("context", format!("!explain !talk:hs.test {event}")),
        ("original", "!explain !talk:hs.test $gone:hs.test".to_owned()),
        ("room", "!explain !talk:hs.test".to_owned()),
        ("block_status", "!explain !talk:hs.test".to_owned()),
        ("state", "!explain !talk:hs.test".to_owned()),
        ("history", "!explain !talk:hs.test".to_owned()),
    ] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(&line).await, &["did not answer in time"]);
    }
}

#[tokio::test]
async fn a_room_is_explained() {
    let history = History::begin()
        .join(ANA, "Ana")
        .state(MOD, "m.room.server_acl", "", &json!({"allow": ["*"], "deny": ["evil.test", "*.evil.test"]}))
        .state(MOD, "m.room.encryption", "", &json!({"algorithm": "m.megolm.v1.aes-sha2"}))
        .state(
            MOD,
            "m.room.power_levels",
            "",
            &json!({"users": {MOD: 100, ANA: 50}, "invite": 50, "ban": "60"}),
        )
        .event(ANA, "m.room.name", &json!({"name": "This is no state"}))
        .member(MOD, BOB, &json!({"membership": "ban"}))
        .state(MOD, "m.room.tombstone", "", &json!({"replacement_room": "!new:hs.test"}));
    let mut stage = history.stage();
    stage.homeserver.set_block(talk(), Block::On).await.expect("it blocks");
    let said = stage.say("!explain !talk:hs.test").await;
    assert!(
        said.starts_with(
            "Talk (`!talk:hs.test`)

Nobody of this server is in the room, so the server does not get what changes there: what it knows may be old.

Closed: the room was replaced by `!new:hs.test`
Joining: anyone can join
Block: blocked, first by `@bot:hs.test`: nobody of this server can join
History: not known
Guests: cannot join
Encryption: on (`m.megolm.v1.aes-sha2`)
Power: Mod (`@mod:hs.test`) 100, Ana (`@ana:hs.test`) 50, everybody else 0
It takes: 0 to write, 50 to change settings, 50 to invite, 50 to kick, 60 to ban, 50 to redact
Servers: all may take part, but for 2 patterns denied
Patterns: denied: `evil.test`, denied: `*.evil.test`, allowed: `*`
Last 24 hours: 2 joins, 1 ban

What changed last but members, newest first, times in UTC:
• 2026-11-21 00:10:00 Mod (`@mod:hs.test`) closed the room"
        ),
        "{said}"
    );
    let times = said.lines().filter_map(|line| line.strip_prefix("• 2026-11-21 00:")?.get(..2));
    assert_eq!(times.collect::<Vec<_>>(), ["10", "07", "06", "05", "03", "02", "00"]);
}

#[tokio::test]
async fn a_room_of_version_12_lets_members_of_another_in() {
    let mut stage = History::default()
        .state(MOD, "m.room.create", "", &json!({"room_version": "12", "additional_creators": [BOB]}))
        .join(MOD, "Mod")
        .state(MOD, "m.room.power_levels", "", &json!({"users": {ANA: 50}, "users_default": 10}))
        .rules(&json!({"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": "!club:hs.test"}]}))
        .stage();
    let details = RoomDetails {
        name: Some("Club".into()),
        join_rules: Some("public".into()),
        ..RoomDetails::default()
    };
    stage.homeserver.put_room(room_id!("!club:hs.test"), FakeRoom { details, ..FakeRoom::default() });
    let said = stage.say("!explain !talk:hs.test").await;
    has(
        &said,
        &[
            "can join, everybody else needs an invitation",
            "Lets in members of: Club (`!club:hs.test`), which anyone can join",
            "Creators, above all power levels: `@bob:hs.test`, Mod (`@mod:hs.test`)",
            "Power: `@ana:hs.test` 50, everybody else 10",
            "Servers: none is kept out",
        ],
    );
    // Nothing is known of a room that nobody here was ever in.
    stage.homeserver.put_room(talk(), FakeRoom::default());
    has(
        &stage.say("!explain !talk:hs.test").await,
        &[
            "Power: no power levels are known",
            "Last 24 hours: nobody came or went",
            "What changed last was not found",
        ],
    );
}

#[tokio::test]
async fn a_busy_room_is_read_no_further_than_needed() {
    let mut history = History::begin();
    for n in 0..5_000 {
        history = history
            .event(ANA, "m.room.name", &json!({"name": n}))
            .quick_join(&format!("@user{n}:evil.test"), "Spam");
    }
    for event in &mut history.0 {
        event["origin_server_ts"] = json!(DAY);
    }
    let mut stage = history.stage();
    let calls = stage.homeserver.calls();
    let said = stage.say("!explain !talk:hs.test").await;
    assert!(stage.homeserver.calls() - calls < 20);
    has(&said, &["Last 24 hours: at least 200 joins", "What changed last was not found"]);
    let many: Value =
        (0..500).map(|n| (format!("@user{n}:hs.test"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let deny: Vec<String> = (0..500).map(|n| format!("evil{n}.test")).collect();
    let mut stage = History::begin()
        .state(MOD, "m.room.power_levels", "", &json!({"users": many}))
        .state(MOD, "m.room.server_acl", "", &json!({"allow": ["*"], "deny": deny}))
        .stage();
    let said = stage.say("!explain !talk:hs.test").await;
    has(&said, &["490 more users, everybody else 0", "and 491 more: `!state !talk:hs.test server_acl`"]);
}

#[tokio::test]
async fn what_let_somebody_in_is_told() {
    let club = json!({"join_rule": "restricted",
        "allow": [{"type": "m.room_membership", "room_id": "!club:hs.test"}]});
    let vouched =
        json!({"membership": "join", "displayname": "Ana", "join_authorised_via_users_server": MOD});
    let cases = [
        (History::begin().join(ANA, "Ana"), "Ana (`@ana:hs.test`) joined, because the room is public."),
        (
            History::begin().member(ANA, ANA, &json!({"membership": "join", "reason": "fun"})),
            "`@ana:hs.test` joined, because “fun” (because the room is public).",
        ),
        (
            History::begin().rules(&club).member(ANA, ANA, &vouched),
            "because they are a member of Club (`!club:hs.test`), which this room lets in.",
        ),
        (
            History::begin().member(MOD, ANA, &json!({"membership": "invite"})).join(ANA, "Ana"),
            "Ana (`@ana:hs.test`) accepted the invitation from Mod (`@mod:hs.test`).",
        ),
    ];
    for (history, part) in cases {
        let (mut stage, event) = with(history);
        let details = RoomDetails { name: Some("Club".into()), ..RoomDetails::default() };
        stage.homeserver.put_room(room_id!("!club:hs.test"), FakeRoom { details, ..FakeRoom::default() });
        let said = stage.say(&format!("!explain !talk:hs.test {event}")).await;
        has(&said, &[part]);
        assert!(!said.contains("Why they could"), "{said}");
    }
}

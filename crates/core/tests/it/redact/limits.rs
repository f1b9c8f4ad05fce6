//! Since a time, the newest, and very many.

use super::{asked, attic, busy, empower, eve, event, lounge, message, numbered, put, redacted, stage};
use crate::scene::{has, plan};

/// 2026-11-20 00:00:00 UTC, to the millisecond.
const DAY: i64 = 1_795_132_800_000;

#[tokio::test]
async fn since_a_time_means_from_that_moment_on() {
    let mut stage = stage();
    let events = vec![message("$before", DAY - 1), message("$at", DAY), message("$later", DAY + 1)];
    put(&stage, lounge(), "join", events);
    let said = stage.say("!redact @eve:hs.test --since 2026-11-20").await;
    has(&said, &["wrote since 2026-11-20 00:00:00 UTC: 2 events in 1 room"]);
    has(&stage.say("!confirm 1").await, &["Redacted: 2 events in 1 room."]);
    assert_eq!(asked(&stage), [format!("redact-user @eve:hs.test [\"!lounge:hs.test\"] [{DAY},null]")]);
    assert_eq!(redacted(&stage, "since"), ["$at", "$later"]);
    has(
        &stage.say("!redact @eve:hs.test --since 2026-11-20").await,
        &["nothing to redact", "since 2026-11-20"],
    );
    // An old server would take all of it: it is not asked.
    let mut old = super::stage();
    old.homeserver.is_version("1.150.0");
    put(&old, lounge(), "join", vec![message("$before", DAY - 1), message("$at", DAY)]);
    empower(&old, lounge());
    old.say("!redact @eve:hs.test --since 2026-11-20").await;
    old.say("!confirm 1").await;
    assert_eq!(redacted(&old, "old"), ["$at"]);
}

#[tokio::test]
async fn a_limit_means_the_same_events_when_it_is_said_again() {
    let mut stage = busy();
    stage.homeserver.change_room(attic(), |room| room.events.push(message("$b3", 30)));
    has(
        &stage.say("!redact @eve:hs.test --limit 2").await,
        &["the newest 2 in each room: 4 events in 2 rooms"],
    );
    has(&stage.say("!confirm 1").await, &["Redacted: 4 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "newest"), ["$b2", "$b3", "$odd", "$vote"]);
    assert_eq!(asked(&stage), ["redact-user @eve:hs.test [\"!attic:hs.test\"] [20,null]"]);
    has(&stage.say("!redact @eve:hs.test --limit 2").await, &["There is nothing to redact"]);
    has(&stage.say("!redact @eve:hs.test --limit 3").await, &["2 events in 2 rooms"]);
    stage.say("!confirm 2").await;
    assert_eq!(redacted(&stage, "one more").len(), 6);
    has(&stage.say("!redact @eve:hs.test --limit 1000000").await, &["4 events in 1 room"]);
}

#[tokio::test]
async fn times_that_cannot_be() {
    let mut stage = stage();
    let times = [-5, 0, 0, 7, i64::MAX];
    let events = times.iter().enumerate().map(|(n, at)| message(&format!("$t{n}"), *at)).collect();
    put(&stage, lounge(), "join", events);
    empower(&stage, lounge());
    stage.homeserver.redact_elsewhere(lounge(), gleipnir_core::ruma::event_id!("$t0"), &eve());
    stage.homeserver.redact_elsewhere(lounge(), gleipnir_core::ruma::event_id!("$t3"), &eve());
    stage.say("!redact @eve:hs.test").await;
    has(&stage.say("!confirm 1").await, &["Redacted: 3 events in 1 room."]);
    assert_eq!(redacted(&stage, "times").len(), 5);
}

#[tokio::test]
async fn three_thousand_events_in_forty_rooms() {
    let mut stage = stage();
    for n in 0..40 {
        let room = numbered(n);
        stage.room(&room, "<b>Room</b>\n@room", "#r:hs.test", 1);
        let mut events: Vec<_> = (0..74).map(|m| message(&format!("$r{n}m{m}"), 1_000 + m)).collect();
        events.push(event("m.sticker", &format!("$r{n}s"), 5_000, &eve()));
        put(&stage, &room, if n % 2 == 0 { "leave" } else { "join" }, events);
        if n != 7 {
            empower(&stage, &room);
        }
    }
    let said = stage.say("!redact @eve:hs.test").await;
    has(
        &said,
        &[
            "3,000 events in 40 rooms: 2,960 messages, 40 stickers",
            "and 35 more rooms: 2,625 events",
            "Synapse lets me redact about one event in 5 seconds",
            "39 events take about 2 min",
            "`!ratelimit @bot:hs.test set unlimited`",
            "I lack the power for 1 event of `@eve:hs.test` in 1 room",
        ],
    );
    let report = stage.say("!confirm 1").await;
    has(
        &report,
        &["but 1 event could not be. Redacted: 2,999 events in 40 rooms.", "!room-admin !r07:hs.test"],
    );
    assert_eq!(asked(&stage).len(), 1, "one task for all of them");
    assert_eq!(redacted(&stage, "many").len(), 2_999);
    assert!(plan(&stage, 1).steps[0].outcome.is_some());
}

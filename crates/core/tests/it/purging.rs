//! `!purge-history` and `!extremities`: what is deleted of a room's event graph.

use gleipnir_core::{
    model::{Event, Extremity, HistoryQuery},
    ports::{Fault, Lookup as _},
    ruma::{owned_user_id, room_id},
    speech::YES,
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, moderator, plan, plans, stage};

fn message(n: i64, sender: &str) -> Value {
    json!({"type": "m.room.message", "sender": sender, "event_id": format!("$e{n}:hs.test"), "room_id": "!bad:hs.test",
        "origin_server_ts": n * 1000, "content": {"msgtype": "m.text", "body": format!("hello {n}")}})
}

/// The bad room with ten messages, a second apart; every third one is of another server; the second one is state.
pub(crate) fn talk() -> Stage {
    let stage = stage();
    stage.homeserver.change_room(bad_room(), |room| {
        room.events = (0..10)
            .map(|n| message(n, if n % 3 == 0 { "@far:other.test" } else { "@user0:hs.test" }))
            .collect();
        room.events[1]["state_key"] = json!("");
    });
    stage
}

#[tokio::test]
async fn history_is_purged_up_to_an_event_after_a_preview_and_a_confirmation() {
    let mut stage = talk();
    assert_eq!(
        stage.say("!purge-history #bad:hs.test $e5:hs.test").await,
        "Delete the history of Spam (`#bad:hs.test`, `!bad:hs.test`) before `$e5:hs.test`

What is before this event goes; it stays itself:

> 1970-01-01 00:00:05 `@user0:hs.test`: “hello 5”

• 4 events would disappear from the history: 2 of users of other servers, 2 of users of this server. The oldest is of 1970-01-01 00:00:00 UTC.
• What users of this server wrote stays in the database, where `!event` still finds it; `--local-too` deletes that as well. All else is deleted.
• The room, its members and its state stay, and so do files that were sent.
• Other servers in the room may keep their copies.

This cannot simply be undone: the events are deleted from this server.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.react(moderator(), "plan-1", YES).await, &["Job 1: purge-history – done"]);
    assert_eq!(stage.homeserver.writes(), [r#"purge !bad:hs.test {"local":"kept","up_to":"$e5:hs.test"}"#]);
    has(&stage.say("!undo 1").await, &["I cannot bring back the history of Spam"]);
}

#[tokio::test]
async fn history_is_purged_up_to_a_date_or_an_age() {
    let mut stage = talk();
    let said = stage.say("!purge-history !bad:hs.test 1970-01-01 00:00:07 --local-too").await;
    has(
        &said,
        &[
            "Delete the history of Spam (`#bad:hs.test`, `!bad:hs.test`) before 1970-01-01 00:00:07 UTC, up to the event `$e7:hs.test`\n",
            "What is before this event, the first one from then on, goes; it stays itself:\n\n> 1970-01-01 00:00:07 `@user0:hs.test`: “hello 7”",
            "• 6 events would disappear from the history: 3 of users of other servers, 3 of users of this server.",
            "• All of them are deleted from the database.",
            "• Other servers in the room may keep their copies; what they never got is gone for good.",
        ],
    );
    assert!(!said.contains("can differ"), "{said}");
    stage.say("!confirm 1").await;
    assert_eq!(
        stage.homeserver.writes(),
        [r#"purge !bad:hs.test {"local":"deleted","up_to":"$e7:hs.test"}"#]
    );
    let said = talk().say("!purge-history !bad:hs.test 1970-01-01 00:00:09").await;
    has(&said, &["That is the newest event of the room. It stays, and what is before it goes:", "“hello 9”"]);
    // All of it is older than an hour: the newest event stays.
    let mut stage = talk();
    let said = stage.say("!purge-history !bad:hs.test 1h").await;
    has(
        &said,
        &[
            ", up to the event `$e9:hs.test`\n",
            "All events are older than that. The newest one stays, and what is before it goes:",
            "“hello 9”",
            "• 8 events",
        ],
    );
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.writes(), [r#"purge !bad:hs.test {"local":"kept","up_to":"$e9:hs.test"}"#]);
}

#[tokio::test]
async fn what_arrives_after_the_preview_is_not_deleted_with_it() {
    let mut stage = talk();
    stage.homeserver.change_room(bad_room(), |room| room.events.truncate(5));
    has(&stage.say("!purge-history !bad:hs.test 1970-01-01 00:01").await, &["`$e4:hs.test`", "• 3 events"]);
    // Sent before that date, and received after the preview was shown.
    stage.homeserver.change_room(bad_room(), |room| {
        room.events.extend((5..8).map(|n| message(n, "@far:other.test")));
    });
    stage.say("!confirm 1").await;
    let query = HistoryQuery { limit: 100, ..HistoryQuery::default() };
    let left = stage.homeserver.history(bad_room(), &query).await.unwrap().events;
    let left: Vec<_> = left.iter().map(Event::time).collect();
    assert!([4000, 5000, 6000, 7000].iter().all(|ms| left.contains(ms)), "{left:?}");
}

#[tokio::test]
async fn a_link_to_the_event_says_all_that_is_needed() {
    let mut stage = talk();
    let said =
        stage.say("!purge-history https://matrix.to/#/!bad:hs.test/$e9:hs.test?via=hs.test --dry-run").await;
    has(&said, &["before `$e9:hs.test`", "• 8 events would disappear", "Dry run: nothing was done."]);
    let said =
        stage.say("!purge-history !bad:hs.test https://matrix.to/#/!bad:hs.test/$e9:hs.test --dry-run").await;
    has(&said, &["before `$e9:hs.test`"]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn where_there_is_nothing_to_delete_nothing_is_proposed() {
    let mut stage = talk();
    for (point, says) in [
        (
            "$e0:hs.test",
            "There is nothing in Spam (`#bad:hs.test`, `!bad:hs.test`) before `$e0:hs.test` that could be deleted.",
        ),
        ("1969-12-31", "“1969-12-31” is not a point in time: it is before 1970."),
    ] {
        assert_eq!(stage.say(&format!("!purge-history !bad:hs.test {point}")).await, says);
    }
    stage.homeserver.change_room(bad_room(), |room| {
        for (n, event) in room.events.iter_mut().enumerate() {
            *event = message(i64::try_from(n).unwrap() + 100, "@user0:hs.test");
        }
        room.events[0]["state_key"] = json!("");
    });
    assert_eq!(
        stage.say("!purge-history !bad:hs.test 1970-01-01T00:01").await,
        "There is nothing in Spam (`#bad:hs.test`, `!bad:hs.test`) before 1970-01-01 00:01:00 UTC that could be deleted."
    );
    assert_eq!(
        stage.say("!purge-history !bad:hs.test $e101:hs.test").await,
        "Nothing to delete in Spam (`#bad:hs.test`, `!bad:hs.test`): before that is only state (1 event), which is never deleted."
    );
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn without_other_servers_what_is_deleted_is_gone_for_good() {
    let mut stage = talk();
    stage.homeserver.change_room(bad_room(), |room| room.members = vec![owned_user_id!("@user0:hs.test")]);
    let said = stage.say("!purge-history !bad:hs.test $e9:hs.test --local-too --dry-run").await;
    has(&said, &["• No other server is in the room: what is deleted is gone for good."]);
}

#[tokio::test]
async fn a_long_history_is_counted_up_to_a_limit() {
    let mut stage = talk();
    stage.homeserver.change_room(bad_room(), |room| {
        room.events = (0..20_500).map(|n| message(n, "@far:other.test")).collect();
    });
    let said = stage.say("!purge-history !bad:hs.test $e20499:hs.test --dry-run").await;
    has(
        &said,
        &[
            "• 20,000 events would disappear from the history: 20,000 of users of other servers, 0 of users of this server.\n",
            "• There is more: I counted the 20,000 newest events before that only.",
        ],
    );
    let said = stage.say("!purge-history !bad:hs.test $e1500:hs.test --dry-run").await;
    has(
        &said,
        &[
            "• 1,500 events would disappear from the history: 1,500 of users of other servers, 0 of users of this server. The oldest is of 1970-01-01 00:00:00 UTC.",
        ],
    );
}

#[tokio::test]
async fn an_event_of_another_room_is_refused() {
    let mut stage = talk();
    stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 1);
    stage.homeserver.put_original("$e5:hs.test", message(5, "@far:other.test"));
    let says = "The event `$e5:hs.test` is in the room `!bad:hs.test`, and not in Two (`#two:hs.test`, `!two:hs.test`). \
                Name an event of the same room, or a date.";
    assert_eq!(stage.say("!purge-history #two:hs.test $e5:hs.test").await, says);
    let link = "!purge-history #two:hs.test https://matrix.to/#/!bad:hs.test/$e5:hs.test";
    assert_eq!(stage.say(link).await, says);
    let says = "The server does not know the event `$e77:hs.test` in Two (`#two:hs.test`, `!two:hs.test`). \
                It may have been purged already; name another one, or a date.";
    assert_eq!(stage.say("!purge-history #two:hs.test $e77:hs.test").await, says);
    // An old server cannot be asked for an event by its ID alone; the mistake is the same.
    stage.homeserver.fail_always("original", Fault::NotRouted { status: 404 });
    assert_eq!(stage.say("!purge-history #two:hs.test $e77:hs.test").await, says);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn mistakes_and_faults_purge_nothing() {
    let mut stage = talk();
    for (line, says) in [
        ("!purge-history", "Usage: `!purge-history"),
        ("!purge-history !bad:hs.test", "Up to when? Add a date, an age or an event behind the room"),
        ("!purge-history !bad:hs.test tomorrow", "“tomorrow” is not a point in time"),
        ("!purge-history !bad:hs.test 2999-01-01", "2999-01-01 00:00:00 UTC is in the future."),
        ("!purge-history !bad:hs.test 30", "“30”"),
        ("!purge-history !bad:hs.test 2020-13-01", "there is no such date"),
        ("!purge-history !bad:hs.test $x", "“$x” is not an event ID"),
        ("!purge-history !bad:hs.test $*:hs.test", "wildcard"),
        ("!purge-history 2020-01-01 !bad:hs.test", "is not a room"),
        ("!purge-history $e5:hs.test", "An event needs its room as well"),
        ("!purge-history spam", "“spam” is not a room"),
        ("!purge-history !none:hs.test 1d", "The server does not know the room `!none:hs.test`."),
        ("!purge-history #none:hs.test 1d", "There is no room with the alias `#none:hs.test`."),
        ("!purge-history !bad:hs.test 1d --local", "Usage: `!purge-history"),
        ("!purge-history !bad:hs.test 1d --purge-local", "Usage: `!purge-history"),
    ] {
        has(&stage.say(line).await, &[says]);
    }
    for method in ["room", "event_at", "context", "history"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!purge-history !bad:hs.test 1h").await, &["The homeserver did not answer in time."]);
    }
    stage.homeserver.change_room(room_id!("!management:hs.test"), |room| {
        room.events = (0..3).map(|n| message(n, "@far:other.test")).collect();
    });
    has(&stage.say("!purge-history !management:hs.test 1h").await, &["That is the management room."]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

pub(crate) fn ends(stage: &Stage, count: u64) {
    stage.homeserver.change_room(bad_room(), |room| {
        room.extremities = (0..count)
            .map(|n| Extremity {
                event_id: format!("$x{n}"),
                state_group: Some(n + 400),
                depth: Some(n),
                received_ts: Some(1_611_263_016_761),
            })
            .collect();
    });
}

#[tokio::test]
async fn extremities_are_listed_and_judged() {
    let mut stage = stage();
    ends(&stage, 2);
    assert_eq!(
        stage.say("!extremities #bad:hs.test").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) has 2 forward extremities, which is normal.
• `$x1`, depth 1, state group 401, received 2021-01-21 21:03:36 UTC
• `$x0`, depth 0, state group 400, received 2021-01-21 21:03:36 UTC"
    );
    ends(&stage, 5000);
    let said = stage.say("!extremities !bad:hs.test --file").await;
    has(
        &said,
        &[
            "has 5000 forward extremities: more than about 10 make a room slow for everybody on this server.",
            "… and 4980 more extremities; --file attaches all",
            "To delete all but the newest: `!extremities !bad:hs.test --delete`. It asks first.",
        ],
    );
    let file = stage.store.file("answer-$event2").expect("a file");
    let text = String::from_utf8(file.bytes).unwrap();
    assert_eq!(text.lines().count(), 5001);
    has(
        &text,
        &[
            "event_id,depth,state_group,received_ts,received\n$x4999,4999,5399,1611263016761,2021-01-21 21:03:36 UTC\n",
        ],
    );
    stage.say("!extremities !bad:hs.test --file=json").await;
    let file = stage.store.file("answer-$event3").expect("a file");
    assert_eq!(serde_json::from_slice::<Value>(&file.bytes).unwrap()["count"], 5000);
}

#[tokio::test]
async fn extremities_are_deleted_after_a_warning_and_a_confirmation() {
    let mut stage = stage();
    ends(&stage, 12);
    assert_eq!(
        stage.say("!extremities !bad:hs.test --delete --yes").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) has 12 forward extremities: more than about 10 make a room slow for everybody on this server.
• 11 of them are forgotten by this server; the newest one stays. The events themselves stay.

Make sure that you know what this does: the state of the room can change with it, up to who is a member and who has power. It is never routine maintenance. Read first: element-hq/synapse#1760 (https://github.com/element-hq/synapse/issues/1760)

This cannot simply be undone: what is deleted cannot be put back.

`--yes` is not allowed by my configuration, so I ask.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.react(moderator(), "plan-1", YES).await, &["Job 1: extremities – done", "11"]);
    assert_eq!(stage.homeserver.writes(), ["extremities !bad:hs.test"]);
    assert_eq!(plan(&stage, 1).command, "extremities");
    assert_eq!(
        stage.say("!extremities !bad:hs.test --delete").await,
        "Spam (`#bad:hs.test`, `!bad:hs.test`) has one forward extremity, which is how it should be. There is nothing to delete."
    );
}

#[tokio::test]
async fn trap_23_the_extremities_of_an_unknown_room_are_never_asked_for() {
    let mut stage = stage();
    let calls = stage.homeserver.calls();
    for line in ["!extremities !none:hs.test", "!extremities !none:hs.test --delete"] {
        assert_eq!(
            stage.say(line).await,
            "The server does not know the room `!none:hs.test`. Check its ID; it may have been deleted, or nobody here was ever in it."
        );
    }
    // Power and details, twice; and no extremities.
    assert_eq!(stage.homeserver.calls() - calls, 4);
    for line in [
        "!extremities",
        "!extremities !bad:hs.test --delete --file",
        "!extremities !bad:hs.test --deleted",
        "!extremities !bad:hs.test delete",
    ] {
        has(&stage.say(line).await, &["Usage: `!extremities"]);
    }
    has(&stage.say("!extremities !bad:hs.test --delete").await, &["There is nothing to delete."]);
    stage.homeserver.fail_once("extremities", Fault::Timeout);
    has(&stage.say("!extremities !bad:hs.test").await, &["The homeserver did not answer in time."]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn an_event_that_a_purge_left_in_the_database_is_no_point_in_the_history() {
    let mut stage = stage();
    let broken = || Fault::Broken { status: 500, message: "Internal server error".into() };
    for line in ["!purge-history !bad:hs.test $gone:hs.test", "!messages !bad:hs.test --at $gone:hs.test"] {
        stage.homeserver.fail_once("context", broken());
        let said = stage.say(line).await;
        assert!(!said.contains("homeserver failed") && said.contains("$gone:hs.test"), "{line}: {said}");
    }
    assert!(plans(&stage).is_empty());
}

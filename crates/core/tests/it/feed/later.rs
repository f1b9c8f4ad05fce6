//! What is read back, what cannot be read, and what comes out of order or all at once.

use std::time::Duration;

use gleipnir_core::{
    ports::{Clock as _, Fault, Seen},
    rules::feed::Level,
    ruma::{OwnedRoomId, RoomId, owned_room_id, room_id},
    testing::{Moment, Stage},
};
use serde_json::{Value, json};

use crate::scene::has;

use super::{kick, lounge, member, name, stage};

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    has(&stage.tell().await, &["@a:hs.test"]);
    stage.clock.set_back(Duration::from_hours(3));
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    has(&stage.tell().await, &["@b:hs.test"]);
}

#[tokio::test]
async fn what_was_read_back_is_in_order_over_all_messages() {
    let mut stage = stage(Level::Moderation);
    let kicks = |from: i64| -> Vec<Value> {
        (from..from + 30)
            .map(|n| {
                let mut kick = kick(&format!("$k{n}"), &format!("@u{n}:hs.test"), &format!("reason {n}."));
                kick["origin_server_ts"] = json!(1_795_219_200_000_i64 + n * 1000);
                kick
            })
            .collect()
    };
    // A sync brings the newest, and a gap before them is filled later.
    stage.notice(lounge(), kicks(30), Seen::Later);
    stage.notice(lounge(), kicks(0), Seen::Later);
    let told = stage.tell().await;
    let at: Vec<Option<usize>> = (0..60).map(|n| told.find(&format!("“reason {n}.”"))).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{told}");
}

/// A room of the configuration that the bot is not in, and that was looked at once.
async fn outside() -> (Stage, OwnedRoomId) {
    let mut stage = stage(Level::Moderation);
    let far = owned_room_id!("!far:hs.test");
    stage.settings.feed.rooms = vec![("!far:hs.test".parse().expect("an ID"), Level::All)];
    stage.restart();
    stage.room(&far, "Far", "#far:hs.test", 1);
    assert_eq!(stage.tell().await, "");
    (stage, far)
}

#[tokio::test]
async fn rooms_that_were_not_read_for_a_while_were_not_watched() {
    let (mut stage, far) = outside().await;
    let happen = |stage: &Stage, event: Value| {
        stage.homeserver.change_room(&far, |room| room.events.push(event));
    };
    happen(&stage, name("$one", "One"));
    has(&stage.tell().await, &["Far (`#far:hs.test`, `!far:hs.test`): "]);
    stage.clock.pass(Duration::from_hours(1));
    happen(&stage, name("$two", "Two"));
    has(&stage.tell().await, &["While I was away, Far", "“Two”"]);
    stage.restart();
    happen(&stage, name("$three", "Three"));
    has(&stage.tell().await, &["While I was away, Far", "“Three”"]);
}

#[tokio::test]
async fn what_syncs_brought_is_not_read_again_after_the_bot_left() {
    let (mut stage, far) = outside().await;
    let of_bot = |id: &str, before: &str, after: &str| {
        member(id, "@bot:hs.test", "@bot:hs.test", before, &json!({"membership": after}))
    };
    stage.homeserver.change_room(&far, |room| {
        room.events.extend([
            of_bot("$in", "invite", "join"),
            name("$one", "One"),
            of_bot("$out", "join", "leave"),
        ]);
        room.events.push(name("$two", "Two"));
    });
    let told = stage.tell().await;
    assert!(told.contains("“Two”") && !told.contains("“One”"), "{told}");
}

#[tokio::test]
async fn an_alias_of_the_configuration_can_be_given_to_another_room() {
    let mut stage = stage(Level::Off);
    stage.settings.feed.rooms = vec![("#lounge:hs.test".parse().expect("an alias"), Level::All)];
    stage.restart();
    let other = owned_room_id!("!other:hs.test");
    stage.room(&other, "Other", "#other:hs.test", 1);
    stage.notice(lounge(), vec![name("$one", "One")], Seen::Live);
    has(&stage.tell().await, &["“One”"]);
    stage.homeserver.change_room(lounge(), |room| room.aliases.clear());
    stage.homeserver.change_room(&other, |room| room.aliases.push("#lounge:hs.test".into()));
    stage.clock.pass(Duration::from_mins(11));
    // What was known counts until the homeserver answers.
    stage.homeserver.fail_once("resolve_alias", Fault::Timeout);
    stage.notice(lounge(), vec![name("$two", "Two")], Seen::Live);
    has(&stage.tell().await, &["“Two”"]);
    stage.clock.pass(Duration::from_mins(1));
    stage.notice(lounge(), vec![name("$three", "Three")], Seen::Live);
    stage.notice(&other, vec![name("$four", "Four")], Seen::Live);
    let told = stage.tell().await;
    assert!(told.contains("“Four”") && !told.contains("“Three”"), "{told}");
}

#[tokio::test]
async fn an_alias_whose_server_is_gone_keeps_back_what_may_be_of_its_room_for_two_minutes_at_most() {
    let mut stage = stage(Level::Moderation);
    stage.settings.feed.rooms = vec![("#far:gone.test".parse().expect("an alias"), Level::Off)];
    stage.restart();
    let gone = || Fault::Broken { status: 502, message: "Failed to fetch alias".into() };
    stage.homeserver.fail_always("resolve_alias", gone());
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    assert_eq!(stage.tell().await, "", "it may be the room that the alias leads to");
    stage.clock.pass(Duration::from_secs(119));
    assert_eq!(stage.tell().await, "");
    stage.clock.pass(Duration::from_secs(1));
    stage.homeserver.fail_always("joined_rooms", Fault::Timeout);
    assert_eq!(stage.tell().await, "", "our own server is gone, not the alias's");
    stage.homeserver.mend();
    stage.homeserver.fail_always("resolve_alias", gone());
    has(&stage.tell().await, &["kicked `@a:hs.test`"]);
    // It is there again.
    stage.homeserver.mend();
    stage.homeserver.change_room(lounge(), |room| room.aliases.push("#far:gone.test".into()));
    stage.clock.pass(Duration::from_mins(1));
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    assert_eq!(stage.tell().await, "");
}

#[tokio::test]
async fn a_slow_alias_keeps_back_only_what_may_be_of_its_room() {
    let mut stage = stage(Level::Moderation);
    let far = owned_room_id!("!far:hs.test");
    stage.settings.feed.rooms = vec![
        ("#lounge:hs.test".parse().expect("an alias"), Level::All),
        ("!far:hs.test".parse().expect("an ID"), Level::All),
    ];
    stage.restart();
    stage.room(&far, "Far", "#far:hs.test", 1);
    stage.homeserver.hang_at(1, Moment::Before);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one"), name("$one", "One")], Seen::Live);
    stage.notice(&far, vec![name("$two", "Two")], Seen::Live);
    let begun = stage.clock.now();
    let told = stage.tell().await;
    has(&told, &["kicked `@a:hs.test`", "“Two”"]);
    assert!(!told.contains("“One”"), "{told}");
    // Once it was waited for it is waited for no more.
    let waited = stage.clock.now() - begun;
    assert_eq!(stage.homeserver.calls_of("resolve_alias"), 1);
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    stage.clock.pass(Duration::from_secs(10));
    has(&stage.tell().await, &["kicked `@b:hs.test`"]);
    assert_eq!(stage.homeserver.calls_of("resolve_alias"), 1, "it is still under way");
    assert!(waited >= 2_000, "{waited}");
    // Rooms that the bot is not in are read on all the same.
    stage.homeserver.change_room(&far, |room| room.events.push(name("$three", "Three")));
    stage.clock.pass(Duration::from_secs(10));
    has(&stage.tell().await, &["“Three”"]);
    stage.restart();
    has(&stage.tell().await, &["“One”"]);
}

#[tokio::test]
async fn an_alias_that_is_slow_to_be_looked_up_again_delays_nothing() {
    let mut stage = stage(Level::Off);
    stage.settings.feed.rooms = vec![("#lounge:hs.test".parse().expect("an alias"), Level::All)];
    stage.restart();
    stage.notice(lounge(), vec![name("$one", "One")], Seen::Live);
    has(&stage.tell().await, &["“One”"]);
    stage.clock.pass(Duration::from_mins(11));
    stage.homeserver.hang_at(stage.homeserver.calls() + 1, Moment::Before);
    stage.notice(lounge(), vec![name("$two", "Two")], Seen::Live);
    has(&stage.tell().await, &["“Two”"]);
    assert_eq!(stage.homeserver.calls_of("resolve_alias"), 2, "what was known counts");
}

#[tokio::test]
async fn users_have_the_names_that_they_have_in_the_room() {
    let mut stage = stage(Level::Moderation);
    let other = owned_room_id!("!other:hs.test");
    stage.room(&other, "Other", "#other:hs.test", 1);
    for (room, id, called) in [(lounge(), "$a", "Mod"), (&*other, "$b", "Rude")] {
        let kick = kick(id, "@bob:hs.test", "spam");
        let mut named = member("$m", "@mod:hs.test", "@mod:hs.test", "leave", &json!({"membership": "join"}));
        named["content"]["displayname"] = json!(called);
        stage.homeserver.change_room(room, |room| {
            room.events.push(kick.clone());
            room.state.push(named);
        });
        stage.notice(room, vec![kick], Seen::Live);
    }
    let told = stage.tell().await;
    has(
        &told,
        &[
            "Lounge (`#lounge:hs.test`, `!lounge:hs.test`): Mod (`@mod:hs.test`) kicked",
            "Other (`#other:hs.test`, `!other:hs.test`): Rude (`@mod:hs.test`) kicked",
        ],
    );
}

#[tokio::test]
async fn a_room_whose_state_never_comes_in_time_is_told_without_it() {
    let mut stage = stage(Level::Moderation);
    stage.homeserver.fail_always("state_at", Fault::Timeout);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    for _ in 0..3 {
        assert_eq!(stage.tell().await, "");
    }
    has(&stage.tell().await, &["kicked `@a:hs.test`"]);
    stage.clock.pass(Duration::from_mins(5));
    stage.notice(lounge(), vec![kick("$b", "@b:hs.test", "two")], Seen::Live);
    has(&stage.tell().await, &["kicked `@b:hs.test`"]);
}

#[tokio::test]
async fn what_comes_too_late_together_is_too_late_once() {
    let mut stage = stage(Level::Moderation);
    stage.homeserver.fail_always("state_at", Fault::Timeout);
    let kicks = (0..8).map(|n| kick(&format!("$k{n}"), &format!("@k{n}:hs.test"), &format!("why {n}")));
    stage.notice(lounge(), kicks.collect(), Seen::Live);
    for _ in 0..3 {
        assert_eq!(stage.tell().await, "");
    }
    has(&stage.tell().await, &["kicked `@k0:hs.test`", "kicked `@k7:hs.test`"]);
}

fn gap(to: &str, from: usize) -> gleipnir_core::ports::Change {
    use gleipnir_core::ports::{Change, Gap, Watching};
    let from = format!("t{from}");
    Change::Watching(Watching::Gap(Gap {
        room_id: lounge().to_owned(),
        from,
        to: to.to_owned(),
        seen: Seen::Later,
    }))
}

#[tokio::test]
async fn what_could_not_be_read_back_is_said() {
    use gleipnir_core::ports::Store as _;
    let mut stage = stage(Level::Moderation);
    let refused = || Fault::Refused { status: 400, errcode: "M_INVALID_PARAM".into(), message: "no".into() };
    stage.homeserver.fail_once("history", refused());
    stage.store.commit(vec![gap("t0", 1)]).expect("the store works");
    let said = stage.tell().await;
    has(
        &said,
        &[
            "Not all that changed in Lounge (`#lounge:hs.test`, `!lounge:hs.test`) is told: I could not read all",
            "!explain !lounge:hs.test",
        ],
    );
    assert_eq!((stage.tell().await, stage.store.gaps()), (String::new(), Ok(vec![])), "once");
    // More than forty pages of five hundred.
    stage.homeserver.change_room(lounge(), |room| {
        room.events = (0..20_010).map(|n| name(&format!("$n{n}"), "x")).collect();
    });
    stage.store.commit(vec![gap("t5", 20_010)]).expect("the store works");
    has(&stage.tell().await, &["is told: more happened there than I can read back, to 2026-11-21"]);
    // Of a room of which nothing is told, this is not either.
    stage.settings.feed.default = Level::Off;
    stage.restart();
    stage.homeserver.fail_once("history", refused());
    stage.store.commit(vec![gap("t7", 9)]).expect("the store works");
    assert_eq!((stage.tell().await, stage.store.gaps()), (String::new(), Ok(vec![])));
}

#[tokio::test]
async fn a_gap_that_the_server_cannot_read_does_not_silence_its_room_for_ever() {
    use gleipnir_core::ports::Store as _;
    let mut stage = stage(Level::Moderation);
    stage.notice(lounge(), vec![kick("$a", "@a:hs.test", "one")], Seen::Live);
    stage.store.commit(vec![gap("t0", 1)]).expect("the store works");
    stage.homeserver.fail_always("history", Fault::Timeout);
    // While the whole server is away it is waited for.
    stage.homeserver.fail_always("joined_rooms", Fault::Timeout);
    for _ in 0..30 {
        assert_eq!(stage.tell().await, "");
    }
    stage.homeserver.mend();
    stage.homeserver.fail_always("history", Fault::Timeout);
    for n in 1..10 {
        assert_eq!(stage.tell().await, "", "{n}");
    }
    has(
        &stage.tell().await,
        &[
            "Not all that changed in Lounge (`#lounge:hs.test`, `!lounge:hs.test`) is told",
            "kicked `@a:hs.test`",
        ],
    );
    assert_eq!(stage.store.gaps(), Ok(vec![]));
}

#[tokio::test]
async fn a_flood_goes_out_bit_by_bit_and_in_order() {
    let mut stage = stage(Level::Moderation);
    let kicks = (0..600).map(|n| kick(&format!("$k{n}"), &format!("@u{n}:hs.test"), &format!("reason {n}.")));
    stage.notice(lounge(), kicks.collect(), Seen::Live);
    let messages = |stage: &Stage| stage.store.keys().iter().filter(|key| key.starts_with("feed-")).count();
    let (mut told, mut before) = (String::new(), 0);
    while messages(&stage) < 30 {
        told += &stage.tell().await;
        let now = messages(&stage);
        assert!(now > before && now - before <= 10, "{before} {now}");
        before = now;
    }
    let at: Vec<Option<usize>> = (0..600).map(|n| told.find(&format!("“reason {n}.”"))).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{told}");
}

#[tokio::test]
async fn a_position_that_the_server_does_not_take_is_told_and_given_up() {
    let mut stage = stage(Level::Moderation);
    stage.settings.feed.rooms = vec![("!far:hs.test".parse().expect("an ID"), Level::All)];
    stage.restart();
    let far = owned_room_id!("!far:hs.test");
    stage.room(&far, "Far", "#far:hs.test", 1);
    stage.homeserver.change_room(&far, |room| room.events.push(name("$old", "Old")));
    assert_eq!(stage.tell().await, "");
    stage.homeserver.change_room(&far, |room| room.events.push(name("$lost", "Lost")));
    let refusal =
        Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "Invalid token".into() };
    stage.homeserver.fail_once("history", refusal);
    let said = stage.tell().await;
    has(
        &said,
        &[
            "Not all that changed in Far (`#far:hs.test`, `!far:hs.test`) is told",
            "Invalid token",
            "!explain !far:hs.test",
        ],
    );
    stage.homeserver.change_room(&far, |room| room.events.push(name("$new", "New")));
    let said = stage.tell().await;
    assert!(said.contains("“New”") && !said.contains("“Lost”"), "{said}");
}

#[tokio::test]
async fn names_are_those_of_the_room_in_question() {
    let mut stage = stage(Level::Moderation);
    let other = owned_room_id!("!other:hs.test");
    stage.room(&other, "Other", "#other:hs.test", 1);
    let called = |name: &str| {
        json!({"type": "m.room.member", "state_key": "@mod:hs.test", "sender": "@mod:hs.test",
            "content": {"membership": "join", "displayname": name}})
    };
    for (room, name, id) in [(lounge(), "Mod", "$a"), (&*other, "Impostor", "$b")] {
        let event = kick(id, "@bob:hs.test", "spam");
        stage.homeserver.change_room(room, |room| {
            room.state.push(called(name));
            room.events.push(event.clone());
        });
        stage.notice(room, vec![event], Seen::Live);
    }
    let told = stage.tell().await;
    has(
        &told,
        &[
            "Lounge (`#lounge:hs.test`, `!lounge:hs.test`): Mod (`@mod:hs.test`) kicked",
            "Other (`#other:hs.test`, `!other:hs.test`): Impostor (`@mod:hs.test`) kicked",
        ],
    );
}

#[tokio::test]
async fn what_overflows_goes_into_a_newer_message() {
    let mut stage = stage(Level::Moderation);
    // Five busy rooms, and a sixth in the shared message.
    for n in 0..6 {
        let id = RoomId::parse(format!("!r{n}:hs.test")).expect("a room ID");
        stage.room(&id, &format!("Room {n}"), &format!("#r{n}:hs.test"), 1);
        stage.notice(&id, vec![kick(&format!("$k{n}"), "@bob:hs.test", "spam")], Seen::Live);
    }
    stage.tell().await;
    stage.clock.pass(Duration::from_secs(6));
    let first = room_id!("!r0:hs.test");
    let kicks = (0..45).map(|n| kick(&format!("$o{n}"), &format!("@u{n}:hs.test"), &format!("reason {n}")));
    stage.notice(first, kicks.collect(), Seen::Live);
    stage.tell().await;
    let keys = stage.store.keys().into_iter().filter(|key| key.starts_with("feed-"));
    let messages: Vec<String> = keys.filter_map(|key| stage.store.said(&key)).map(|said| said.text).collect();
    let told: Vec<usize> = (0..45)
        .map(|n| {
            messages.iter().position(|text| text.contains(&format!("“reason {n}”"))).expect("it is told")
        })
        .collect();
    assert!(told.is_sorted(), "later ones are in later messages: {told:?}");
    assert!(!messages[5].contains("reason"), "the shared message stays what it was: {}", messages[5]);
}

#[tokio::test]
async fn other_rooms_that_a_change_speaks_of_have_their_names_and_their_dangers() {
    let mut stage = stage(Level::Moderation);
    let club = owned_room_id!("!club:hs.test");
    stage.room(&club, "Club", "#club:hs.test", 1);
    let rules = json!({"type": "m.room.join_rules", "event_id": "$r", "sender": "@user0:hs.test", "state_key": "",
        "origin_server_ts": 1_795_219_200_000_i64,
        "content": {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]},
        "unsigned": {"prev_content": {"join_rule": "invite"}}});
    stage.notice(lounge(), vec![rules], Seen::Live);
    has(
        &stage.tell().await,
        &[
            "now members of Club (`#club:hs.test`, `!club:hs.test`) can join",
            "⚠️ Anybody can join Club (",
            "it is as good as public.",
        ],
    );
}

#[tokio::test]
async fn a_room_that_the_bot_made_to_talk_to_somebody_is_not_told_of() {
    let mut stage = stage(Level::All);
    let chat = room_id!("!chat:hs.test");
    stage.room(chat, "Chat", "#chat:hs.test", 1);
    stage.homeserver.change_room(chat, |room| {
        room.details.creator = Some("@bot:hs.test".into());
        (room.details.name, room.details.canonical_alias) = (None, None);
    });
    stage.notice(chat, vec![kick("$own", "@a:hs.test", "one")], Seen::Live);
    stage.notice(lounge(), vec![kick("$other", "@b:hs.test", "two")], Seen::Live);
    let told = stage.tell().await;
    has(&told, &["@b:hs.test"]);
    assert!(!told.contains("@a:hs.test"), "{told}");
    assert_eq!(stage.tell().await, "");
}

#[tokio::test]
async fn a_room_that_the_bot_made_in_the_place_of_another_is_told_of() {
    let mut stage = stage(Level::All);
    let anew = room_id!("!anew:hs.test");
    stage.room(anew, "Anew", "#anew:hs.test", 1);
    stage.homeserver.change_room(anew, |room| {
        room.details.creator = Some("@bot:hs.test".into());
        (room.details.name, room.details.canonical_alias) = (None, None);
        room.state.push(json!({"type": "m.room.create", "state_key": "", "sender": "@bot:hs.test",
            "event_id": "$c", "content": {"predecessor": {"room_id": "!old:hs.test"}}}));
    });
    stage.notice(anew, vec![kick("$in-it", "@a:hs.test", "one")], Seen::Live);
    has(&stage.tell().await, &["@a:hs.test"]);
}

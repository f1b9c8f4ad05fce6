//! `!rooms`: the list of rooms, searched, sorted, page by page and as a file.

use std::time::Duration;

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{OwnedRoomId, owned_user_id},
    testing::{FakeRoom, RoomList, Stage},
};
use serde_json::Value;

use crate::scene::{has, moderator, stage, watcher};

fn id(n: usize) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!room{n:05}:hs.test")).expect("a room ID")
}

fn put(stage: &Stage, n: usize, details: RoomDetails) {
    let members = (0..n % 7).map(|n| format!("@u{n}:hs.test").try_into().expect("a user ID")).collect();
    stage.homeserver.put_room(&id(n), FakeRoom { details, members, ..FakeRoom::default() });
}

/// The management room, and rooms “Room 00001” and so on.
fn many(rooms: usize) -> Stage {
    let stage = Stage::default();
    for n in 1..=rooms {
        put(&stage, n, RoomDetails { name: Some(format!("Room {n:05}")), ..RoomDetails::default() });
    }
    stage
}

fn bullets(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with('•')).collect()
}

/// Says a line that is answered with a file: the answer, and the file's name and text.
async fn file(stage: &mut Stage, line: &str) -> (String, String, String) {
    let event = stage.hear(moderator(), line);
    stage.handle().await;
    let key = format!("answer-{event}");
    let said = stage.store.said(&key).expect("an answer").text;
    let file = stage.store.file(&key).unwrap_or_else(|| panic!("no file with {said}"));
    (said, file.name, String::from_utf8(file.bytes).expect("it is text"))
}

#[tokio::test]
async fn rooms_are_listed_with_what_is_remarkable() {
    let mut stage = stage();
    let details = RoomDetails {
        name: Some("Club".into()),
        room_type: Some("m.space".into()),
        encryption: Some("m.megolm.v1.aes-sha2".into()),
        federatable: Some(false),
        public: Some(true),
        join_rules: Some("knock".into()),
        ..RoomDetails::default()
    };
    put(&stage, 7, details);
    assert_eq!(
        stage.say("!rooms").await,
        "3 rooms, by name, A to Z:
• Club (`!room00007:hs.test`) – empty, space, ask to join, in the directory, encrypted, not federated
• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)
• `!management:hs.test` – 2 members (2 here), the management room"
    );
    assert_eq!(
        stage.say("!rooms spa").await,
        "1 room that contains “spa”, by name, A to Z:\n• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)"
    );
    assert_eq!(
        stage.say_as(watcher(), "!rooms --not-empty --order-by size --reverse --not-public").await,
        "2 rooms not in the room directory, with members, by joined members, smallest first:
• `!management:hs.test` – 2 members (2 here), the management room
• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)"
    );
    has(
        &stage.say("!rooms --order-by=alphabetical --empty").await,
        &["1 room without members, by name, A to Z:"],
    );
    has(&stage.say("!rooms --public").await, &["1 room in the room directory, by name", "Club"]);
}

#[tokio::test]
async fn nothing_that_fits_is_told() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!rooms ham --public").await,
        "The server knows no room that contains “ham”, in the room directory. Names and aliases are searched, in \
         capitals or not, without the server's name; a room ID must be whole."
    );
    assert_eq!(stage.say("!rooms --public").await, "The server knows no room in the room directory.");
    assert_eq!(
        stage.say("!rooms --page 9").await,
        "There are only 2 such rooms, on 1 page of 20; what was asked for begins after the first 160."
    );
    assert_eq!(
        stage.say("!rooms --from 2 --file").await,
        "There are only 2 such rooms, on 1 page of 20; what was asked for begins after the first 2."
    );
}

#[tokio::test]
async fn a_whole_alias_finds_its_room_first() {
    let mut stage = stage();
    let spam = |name: &str| RoomDetails { name: Some(name.into()), ..RoomDetails::default() };
    put(&stage, 7, spam("bad company"));
    let said = stage.say("!rooms #bad:hs.test").await;
    assert_eq!(
        said,
        "`#bad:hs.test` is this room:
• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)

2 rooms that contain “bad”, by name, A to Z:
• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)
• bad company (`!room00007:hs.test`) – empty"
    );
    // Behind a link as well; the filters hold for it, too.
    assert_eq!(stage.say("!rooms https://matrix.to/#/%23bad%3Ahs.test").await, said);
    has(
        &stage.say("!rooms #bad:hs.test --empty").await,
        &["1 room that contains “bad”, without members", "company"],
    );
    // An alias of the room that is not its main one, and that the server's search does not know.
    stage.homeserver.change_room(crate::scene::bad_room(), |room| room.aliases.push("#other:hs.test".into()));
    assert_eq!(
        stage.say("!rooms #other:hs.test").await,
        "`#other:hs.test` is this room:\n• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)"
    );
    assert_eq!(
        stage.say("!rooms #bad:far.test").await,
        "There is no room with the alias `#bad:far.test`.

2 rooms that contain “bad”, by name, A to Z:
• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)
• bad company (`!room00007:hs.test`) – empty"
    );
    stage.homeserver.fail_once("resolve_alias", Fault::Timeout);
    has(
        &stage.say("!rooms #bad:hs.test").await,
        &[
            "Where `#bad:hs.test` leads could not be read: The homeserver did not answer in time.",
            "2 rooms that",
        ],
    );
}

#[tokio::test]
async fn a_whole_room_id_finds_its_room() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!rooms !bad:hs.test").await,
        "`!bad:hs.test` is this room:\n• Spam (`#bad:hs.test`, `!bad:hs.test`) – 4 members (3 here)"
    );
    assert_eq!(stage.say("!rooms !far:hs.test").await, "The server does not know the room `!far:hs.test`.");
    has(&stage.say("!rooms !ba").await, &["knows no room that contains “!ba”.", "a room ID must be whole"]);
}

#[tokio::test]
async fn a_search_with_a_filter_is_sifted_for_servers_that_join_both_wrongly() {
    let mut stage = many(60);
    for n in 1..=60 {
        stage.homeserver.change_room(&id(n), |room| room.details.public = Some(n % 3 == 0));
    }
    // The fake joins them as Synapse does: a name that fits is enough.
    let said = stage.say("!rooms room --public --limit 5 --page 2").await;
    has(
        &said,
        &["Rooms 6–10 of 20 that contain “room”, in the room directory, by name, A to Z:", "Room 00018"],
    );
    assert_eq!(bullets(&said).len(), 5);
    has(&stage.say("!rooms 0_0 ").await, &["The server knows no room that contains “0_0”."]);
}

#[tokio::test]
async fn pages_turn_by_reaction_and_by_number() {
    let mut stage = many(45);
    let first = stage.say("!rooms room").await;
    has(&first, &["Rooms 1–20 of 45 that contain “room”, by name, A to Z:", "Room 00001", "Room 00020"]);
    assert_eq!(bullets(&first).len(), 20);
    assert!(!first.contains("Room 00021"));
    let second = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&second, &["Rooms 21–40 of 45", "Room 00021", "Room 00040"]);
    let third = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&third, &["Rooms 41–45 of 45", "Room 00045"]);
    assert_eq!(stage.react(moderator(), "answer-$event1", "➡️").await, "", "there is no further page");
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, second);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, first);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, "", "there is none before the first");
    assert_eq!(stage.say("!rooms room --page 2").await, second);
    assert_eq!(stage.say("!rooms room --from 20").await, second);
    has(&stage.say("!rooms room --limit 7 --page 3").await, &["Rooms 15–21 of 45"]);
}

#[tokio::test]
async fn a_file_has_every_field_of_every_room() {
    let mut stage = many(5000);
    stage.homeserver.change_room(&id(1), |room| {
        room.details = RoomDetails {
            name: Some("=Room, \"1\"\n".into()),
            canonical_alias: Some("#one:hs.test".into()),
            version: Some("12".into()),
            creator: Some("@ana:hs.test".into()),
            encryption: Some("m.megolm.v1.aes-sha2".into()),
            federatable: Some(true),
            public: Some(false),
            join_rules: Some("invite".into()),
            guest_access: Some("can_join".into()),
            history_visibility: Some("shared".into()),
            state_events: 17,
            room_type: Some("m.space".into()),
            ..RoomDetails::default()
        }
    });
    let (said, name, text) = file(&mut stage, "!rooms --file").await;
    has(&said, &["Rooms 1–20 of 5,001, by name, A to Z:", "The file has 5,001 rooms."]);
    assert_eq!(name, "rooms.csv");
    assert!(text.starts_with(
        "room_id,name,canonical_alias,joined_members,joined_local_members,version,creator,encryption,federatable,\
         public,join_rules,guest_access,history_visibility,state_events,room_type\n"
    ));
    let one = "!room00001:hs.test,\"'=Room, \"\"1\"\"\n\",#one:hs.test,1,1,12,'@ana:hs.test,m.megolm.v1.aes-sha2,true,\
               false,invite,can_join,shared,17,m.space\n";
    has(&text, &[one, "!room05000:hs.test,Room 05000,,2,2,,,,,,,,,0,\n"]);
    assert_eq!(text.lines().count(), 5003, "a heading, the rooms, and the line break in a name");

    let (said, name, text) = file(&mut stage, "!rooms room --file=json --limit 700 --from 10").await;
    has(&said, &["The file has 700 of 4,990 rooms: as many as --limit allows."]);
    let rooms: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((name.as_str(), rooms.len()), ("rooms.json", 700));
    assert_eq!(rooms[0]["name"], "Room 00011");
    assert_eq!(rooms[0].as_object().unwrap().len(), 15);
    assert!(rooms[0]["public"].is_null() && rooms[0]["joined_members"].is_u64());
    // The page that is shown beside it does not say where it begins.
    let (said, _, text) = file(&mut stage, "!rooms --page 3 --file").await;
    has(&said, &["Rooms 41–60 of 5,001", "The file has 5,001 rooms."]);
    assert!(text.contains("\n!room00002:hs.test,"), "the first page is in it");
    let (said, _, text) = file(&mut stage, "!rooms room --page 40 --limit 5 --file").await;
    has(&said, &["Rooms 781–800 of 5,000", "The file has 5 of 5,000 rooms: as many as --limit allows."]);
    assert!(text.contains("\n!room00005:hs.test,") && !text.contains("\n!room00006:hs.test,"), "{text}");
    // A page that is turned needs no second file.
    let calls = stage.homeserver.calls();
    stage.react(moderator(), "answer-$event1", "➡️").await;
    assert!(stage.homeserver.calls() - calls <= 4);
}

#[tokio::test]
async fn a_page_that_no_message_holds_is_refused() {
    let mut stage = many(200);
    assert_eq!(
        stage.say("!rooms --limit 101").await,
        "A page has 100 rooms at most. For more of them, attach a file: `--limit 101 --file`."
    );
    assert_eq!(bullets(&stage.say("!rooms --limit 100").await).len(), 100);
}

#[tokio::test]
async fn a_file_does_not_grow_without_end() {
    let mut stage = many(600);
    for n in 1..=600 {
        stage.homeserver.change_room(&id(n), |room| room.details.name = Some("x".repeat(100_000)));
    }
    let (said, _, text) = file(&mut stage, "!rooms --file").await;
    assert!(text.len() <= 32 * 1024 * 1024 && text.len() > 30 * 1024 * 1024, "{}", text.len());
    let rows = text.lines().count() - 1;
    has(
        &said,
        &[&format!(
            "The file has {rows} of 601 rooms: it is as large as it may be. --from {rows} goes on where it ends."
        )],
    );
}

#[tokio::test]
async fn lists_stay_within_a_message_and_no_room_is_passed_over() {
    let mut stage = many(100);
    for n in 1..=100 {
        stage.homeserver.change_room(&id(n), |room| {
            room.details.name = Some(format!("{n:03} {}", "<&\"".repeat(100)));
            room.details.canonical_alias = Some(format!("#{}:hs.test", "ä".repeat(200)));
        });
    }
    let mut said = stage.say("!rooms --limit 100").await;
    let mut shown = bullets(&said).len();
    assert!(shown < 50, "{shown}");
    while !said.is_empty() {
        assert!(!said.contains("more"), "nothing is cut from a page:\n{said}");
        said = stage.react(moderator(), "answer-$event1", "➡️").await;
        shown += bullets(&said).len();
    }
    assert_eq!(shown, 101);
}

#[tokio::test]
async fn orders_that_do_not_exist_are_told_with_those_that_do() {
    let mut stage = stage();
    let said = stage.say("!rooms --order-by colour").await;
    has(
        &said,
        &[
            "“colour” is not a value of `--order-by <field>`; it takes name, canonical_alias, joined_members, \
             joined_local_members, version, creator, encryption, federatable, public, join_rules, guest_access, \
             history_visibility, state_events, alphabetical, size.",
            "!rooms --order-by colour\n                  ^^^^^^\n",
        ],
    );
    for order in [
        "name",
        "canonical_alias",
        "joined_members",
        "joined_local_members",
        "version",
        "creator",
        "encryption",
        "federatable",
        "public",
        "join_rules",
        "guest_access",
        "history_visibility",
        "state_events",
        "alphabetical",
        "size",
    ] {
        has(&stage.say(&format!("!rooms --order-by {order}")).await, &["2 rooms, by ", "Spam"]);
    }
    for (line, says) in [
        ("!rooms --limit 0", "0 is not in 1..=1000000"),
        ("!rooms --page 0", "0 is not in 1.."),
        ("!rooms --from x", "is not a number"),
        ("!rooms --public --not-public", "cannot be used here"),
        ("!rooms --empty --not-empty", "cannot be used here"),
        ("!rooms --page 2 --from 3", "cannot be used here"),
    ] {
        has(&stage.say(line).await, &[says, "Usage: `!rooms"]);
    }
}

#[tokio::test]
async fn members_of_a_list_are_counted_by_server() {
    let mut stage = Stage::default();
    let members = vec![owned_user_id!("@far:other.test")];
    stage.homeserver.put_room(&id(1), FakeRoom { members, ..FakeRoom::default() });
    has(
        &stage.say("!rooms --order-by joined_local_members").await,
        &["• `!room00001:hs.test` – 1 member (0 here)"],
    );
}

#[tokio::test]
async fn a_list_that_shifts_gives_each_room_once() {
    let mut stage = many(2000);
    stage.homeserver.room_list_is(RoomList::Growing);
    let (said, _, text) = file(&mut stage, "!rooms --file").await;
    has(
        &said,
        &["The file has 2,001 of 2,005 rooms: the list changed while I read it, so a few may be missing."],
    );
    let mut ids: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len(), 2001);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2001, "the last room of each page came again");
}

#[tokio::test]
async fn a_server_that_does_not_get_on_is_left_alone() {
    let mut stage = many(2000);
    stage.homeserver.room_list_is(RoomList::Stuck);
    let calls = stage.homeserver.calls();
    let (said, ..) = file(&mut stage, "!rooms --file").await;
    has(&said, &["The file has 500 of 2,001 rooms: the server stopped giving more. Try again."]);
    assert!(stage.homeserver.calls() - calls < 5);
}

#[tokio::test]
async fn a_long_reading_says_how_far_it_is() {
    let mut stage = many(5000);
    let event = stage.hear(moderator(), "!rooms --file");
    let (clock, store) = (stage.clock.clone(), stage.store.clone());
    let time = async {
        let mut seen = Vec::new();
        for _ in 0..50 {
            clock.pass(Duration::from_secs(2));
            tokio::task::yield_now().await;
            let said = store.said(&format!("answer-{event}")).map(|said| said.text);
            seen.extend(said.filter(|said| said.starts_with("Read ")));
        }
        seen
    };
    let (_, mut seen) = tokio::join!(stage.handle(), time);
    seen.dedup();
    let count = |said: &String| {
        let count = said.strip_prefix("Read ")?.strip_suffix(" of 5,001 rooms …")?;
        count.replace(',', "").parse::<u32>().ok()
    };
    let counts: Option<Vec<u32>> = seen.iter().map(count).collect();
    assert!(counts.is_some_and(|counts| counts.len() >= 4 && counts.is_sorted()), "{seen:?}");
    has(&stage.store.said(&format!("answer-{event}")).unwrap().text, &["The file has 5,001 rooms."]);
}

#[tokio::test]
async fn trap_05_rooms_whose_id_names_no_server_are_found_and_described() {
    let mut stage = stage();
    let id = format!("!{}", "aZ-_7".repeat(9).split_at(43).0);
    let details =
        RoomDetails { name: Some("Twelve".into()), version: Some("12".into()), ..RoomDetails::default() };
    let members = vec![owned_user_id!("@ana:hs.test")];
    let room = FakeRoom { details, members, ..FakeRoom::default() };
    stage.homeserver.put_room(&OwnedRoomId::try_from(id.as_str()).expect("a room ID"), room);
    assert_eq!(
        stage.say(&format!("!rooms {id}")).await,
        format!("`{id}` is this room:\n• Twelve (`{id}`) – 1 member (1 here)")
    );
    has(&stage.say(&format!("!room {id}")).await, &[&format!("Twelve (`{id}`)"), "Version: `12`"]);
    has(&stage.say(&format!("!members {id}")).await, &["1 member, all of this server:"]);
    has(&stage.say(&format!("!space {id}")).await, &["is not a space, but a room."]);
    has(&stage.say("!rooms twelve").await, &["1 room that contains “twelve”", &id]);
}

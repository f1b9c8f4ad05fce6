//! `!members`: who is in a room, with names and power.

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{OwnedUserId, owned_room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

fn member(user: &str, sender: &str, content: &Value) -> Value {
    json!({"type": "m.room.member", "state_key": user, "sender": sender, "content": content,
        "origin_server_ts": 1_795_219_200_000_i64, "event_id": format!("${}", "a".repeat(43))})
}

fn joined(user: &str, name: &str) -> Value {
    member(user, user, &json!({"membership": "join", "displayname": name}))
}

/// “Talk”, of version 12, with members of three servers.
fn talk(stage: &Stage) {
    let members = ["@zoe:a.test", "@bob:hs.test", "@ana:hs.test", "@yan:b.test", "@abe:b.test"];
    let events = vec![
        json!({"type": "m.room.create", "state_key": "", "sender": "@ana:hs.test",
            "content": {"room_version": "12", "additional_creators": ["@yan:b.test"]}}),
        json!({"type": "m.room.power_levels", "state_key": "", "sender": "@ana:hs.test",
            "content": {"users": {"@bob:hs.test": 50, "@abe:b.test": 0, "@zoe:a.test": -1}}}),
        joined("@ana:hs.test", "Ana"),
        joined("@bob:hs.test", "Bob"),
        member("@gone:a.test", "@bob:hs.test", &json!({"membership": "leave", "reason": "cooling down"})),
        member(
            "@evil:a.test",
            "@ana:hs.test",
            &json!({"membership": "ban", "reason": "spam", "displayname": "Evil"}),
        ),
        member("not a user", "@ana:hs.test", &json!({"membership": "ban"})),
        member("@new:hs.test", "@ana:hs.test", &json!({"membership": "invite", "displayname": "New"})),
        member("@ask:a.test", "@ask:a.test", &json!({"membership": "knock", "reason": "let me in"})),
    ];
    let details =
        RoomDetails { name: Some("Talk".into()), version: Some("12".into()), ..RoomDetails::default() };
    let members = members.iter().map(|id| OwnedUserId::try_from(*id).expect("a user ID")).collect();
    let room = FakeRoom { details, members, state: events, ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!talk:hs.test"), room);
}

#[tokio::test]
async fn members_of_this_server_come_first() {
    let mut stage = stage();
    talk(&stage);
    assert_eq!(
        stage.say("!members !talk:hs.test").await,
        "Talk (`!talk:hs.test`)

5 members, 2 of this server and 3 of 2 other servers:
• Ana (`@ana:hs.test`), creator
• Bob (`@bob:hs.test`), power 50
• `@zoe:a.test`, power -1
• `@abe:b.test`
• `@yan:b.test`, creator"
    );
    assert_eq!(
        stage.say("!members !talk:hs.test --server B.test").await,
        "Talk (`!talk:hs.test`)\n\n2 members of `B.test`:\n• `@abe:b.test`\n• `@yan:b.test`, creator"
    );
    assert_eq!(
        stage.say("!members !talk:hs.test --server c.test").await,
        "Talk (`!talk:hs.test`)\n\nNobody of `c.test` is in this room."
    );
}

#[tokio::test]
async fn trap_06_the_creator_of_a_version_12_room_is_a_creator_although_no_list_names_them() {
    let mut stage = stage();
    talk(&stage);
    has(&stage.say("!members !talk:hs.test").await, &["Ana (`@ana:hs.test`), creator"]);
    // The same state in an older room makes them an ordinary member.
    stage
        .homeserver
        .change_room(&owned_room_id!("!talk:hs.test"), |room| room.details.version = Some("11".into()));
    has(&stage.say("!members !talk:hs.test").await, &["• Ana (`@ana:hs.test`)\n"]);
}

#[tokio::test]
async fn other_memberships_tell_who_why_and_when() {
    let mut stage = stage();
    talk(&stage);
    let time = "2026-11-21 00:00:00 UTC";
    for (membership, want) in [
        (
            "ban",
            format!(
                "2 banned users, none of this server and 2 of 2 other servers:\n\
                 • `not a user`, banned by `@ana:hs.test`, {time}\n\
                 • Evil (`@evil:a.test`), banned by `@ana:hs.test`, {time}, because “spam”"
            ),
        ),
        (
            "leave",
            format!(
                "1 user who left, none of this server and 1 of 1 other server:\n\
                 • `@gone:a.test`, removed by `@bob:hs.test`, {time}, because “cooling down”"
            ),
        ),
        (
            "invite",
            format!(
                "1 invited user, all of this server:\n• New (`@new:hs.test`), invited by `@ana:hs.test`, {time}"
            ),
        ),
        (
            "knock",
            format!(
                "1 user who asks to be let in, none of this server and 1 of 1 other server:\n\
                 • `@ask:a.test`, {time}, because “let me in”"
            ),
        ),
    ] {
        assert_eq!(
            stage.say(&format!("!members !talk:hs.test --membership {membership}")).await,
            format!("Talk (`!talk:hs.test`)\n\n{want}")
        );
        has(&stage.say(&format!("!members !bad:hs.test --membership {membership}")).await, &["Nobody "]);
    }
}

#[tokio::test]
async fn unknown_rooms_and_mistakes_are_told() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!members !nowhere:hs.test").await,
        "The server does not know the room `!nowhere:hs.test`. \
         Check its ID; it may have been deleted, or nobody here was ever in it."
    );
    has(&stage.say("!members #nope:hs.test").await, &["There is no room with the alias `#nope:hs.test`."]);
    has(
        &stage.say("!members !bad:hs.test --page 4").await,
        &["There are only 4 such members, on 1 page of 40; what was asked for begins after the first 120."],
    );
    has(
        &stage.say("!members !bad:hs.test --membership joined").await,
        &["it takes join, invite, knock, ban, leave.", "Did you mean `join`?"],
    );
    has(&stage.say("!members").await, &["Something is missing: `<room>`."]);
    stage.homeserver.change_room(crate::scene::bad_room(), |room| room.members.clear());
    has(&stage.say("!members !bad:hs.test").await, &["Nobody is in this room."]);
}

#[tokio::test]
async fn faults_beside_the_list_hide_nothing() {
    let mut stage = stage();
    talk(&stage);
    stage.homeserver.fail_always("state", Fault::Timeout);
    let said = stage.say("!members !talk:hs.test").await;
    has(
        &said,
        &[
            "5 members, 2 of this server and 3 of 2 other servers:\n• `@ana:hs.test`\n",
            "Who has how much power could not be read (The homeserver did not answer in time.).",
            "Their names could not be read (The homeserver did not answer in time.).",
        ],
    );
    has(
        &stage.say("!members !talk:hs.test --membership ban").await,
        &["The homeserver did not answer in time."],
    );
    stage.homeserver.mend();
    stage.homeserver.fail_once("members", Fault::Timeout);
    has(&stage.say("!members !talk:hs.test").await, &["The homeserver did not answer in time."]);
}

#[tokio::test]
async fn five_thousand_members_fit_on_pages_and_into_a_file() {
    let mut stage = Stage::default();
    let members: Vec<OwnedUserId> =
        (0..5001).map(|n| OwnedUserId::try_from(format!("@user{n:05}:s{}.test", n % 40)).unwrap()).collect();
    let names = members.iter().map(|user| joined(user.as_str(), "=cmd|\u{202e}<b>")).collect();
    let room = FakeRoom { members, state: names, ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!huge:hs.test"), room);
    let first = stage.say("!members !huge:hs.test --limit 100").await;
    has(
        &first,
        &[
            "Members 1–100 of 5,001, none of this server and 5,001 of 40 other servers:",
            "• `@user00000:s0.test`\n",
            "Names are left out in a room of this size; --file has them.",
        ],
    );
    let second = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&second, &["Members 101–200 of 5,001"]);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, first);
    assert_eq!(stage.say("!members !huge:hs.test --limit 100 --page 2").await, second);

    let event = stage.hear(moderator(), "!members !huge:hs.test --file");
    stage.handle().await;
    let key = format!("answer-{event}");
    has(&stage.store.said(&key).unwrap().text, &["Members 1–40 of 5,001", "=cmd|<b> (`@user00000:s0.test`)"]);
    let file = stage.store.file(&key).unwrap();
    let text = String::from_utf8(file.bytes).unwrap();
    assert_eq!((file.name.as_str(), text.lines().count()), ("members.csv", 5002));
    has(
        &text,
        &[
            "user_id,displayname,server,local,power,membership,by,time,reason,avatar_url,event_id\n",
            "'@user00000:s0.test,'=cmd|\u{202e}<b>,s0.test,false,0,join,'@user00000:s0.test,2026-11-21 00:00:00 UTC,,,$",
        ],
    );
}

#[tokio::test]
async fn a_file_as_json_has_the_power() {
    let mut stage = stage();
    talk(&stage);
    let event = stage.hear(moderator(), "!members !talk:hs.test --file=json");
    stage.handle().await;
    let file = stage.store.file(&format!("answer-{event}")).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&file.bytes).unwrap();
    let power: Vec<&Value> = rows.iter().map(|row| &row["power"]).collect();
    assert_eq!(power, [&json!("creator"), &json!(50), &json!(-1), &json!(0), &json!("creator")]);
    assert_eq!(rows[0]["displayname"], "Ana");
    assert_eq!(rows[0]["local"], true);
}

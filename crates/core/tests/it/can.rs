//! `!can`: yes or no, why, which event says so, what is missing and who could help.

use gleipnir_core::{
    model::{Account, RoomDetails},
    ports::Fault,
    ruma::{owned_user_id, room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, plans, stage};

fn event(kind: &str, key: &str, content: &Value) -> Value {
    json!({"type": kind, "state_key": key, "sender": "@user0:hs.test", "content": content,
        "event_id": format!("${}", "a".repeat(43)), "origin_server_ts": 1_795_219_200_000_i64})
}

fn member(user: &str, membership: &str, name: &str) -> Value {
    event("m.room.member", user, &json!({"membership": membership, "displayname": name}))
}

/// The bad room of a version, in which `@user0` has 100 or is the creator, and `@user1` has 50; and more state.
fn with(version: &str, more: Vec<Value>) -> Stage {
    let stage = stage();
    for user in ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test", "@bob:hs.test"] {
        stage.homeserver.put_account(user.try_into().expect("a user ID"), Account::default());
    }
    let mut users = json!({"@user1:hs.test": 50});
    if version != "12" {
        users["@user0:hs.test"] = json!(100);
    }
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.version = Some(version.to_owned());
        room.state = vec![
            event("m.room.create", "", &json!({"room_version": version, "creator": "@user0:hs.test"})),
            event("m.room.power_levels", "", &json!({"users": users})),
            member("@user0:hs.test", "join", "Ana"),
            member("@user1:hs.test", "join", "Mod"),
            member("@user2:hs.test", "join", "Joe"),
            member("@far:other.test", "join", "Far"),
        ];
        for event in more {
            // The newest of a type and key counts, as on a server.
            room.state.retain(|old| old["type"] != event["type"] || old["state_key"] != event["state_key"]);
            room.state.push(event);
        }
    });
    stage
}

fn rules(content: &Value) -> Value {
    event("m.room.join_rules", "", content)
}

const SET: &str = "(`$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`), set by Ana (`@user0:hs.test`) on 2026-11-21 00:00:00 UTC";
const ROOM: &str = "Spam (`#bad:hs.test`, `!bad:hs.test`)";

#[tokio::test]
async fn a_banned_user_cannot_join_and_somebody_could_lift_it() {
    let mut stage =
        with("12", vec![rules(&json!({"join_rule": "public"})), member("@bob:hs.test", "ban", "Bob")]);
    assert_eq!(
        stage.say("!can @bob:hs.test join #bad:hs.test").await,
        format!(
            "No: Bob (`@bob:hs.test`) cannot join {ROOM}.

Why: they are banned
Says so: the membership of Bob (`@bob:hs.test`) {SET}
Missing: that the ban is lifted
Who could: Ana (`@user0:hs.test`), creator, or Mod (`@user1:hs.test`), power 50, can lift the ban"
        )
    );
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn who_may_act_on_whom() {
    for version in ["9", "10", "11", "12"] {
        let mut stage = with(version, vec![]);
        assert_eq!(
            stage.say("!can @user1:hs.test ban !bad:hs.test @far:other.test").await,
            format!(
                "Yes: Mod (`@user1:hs.test`) can ban Far (`@far:other.test`) from {ROOM}.

Why: they have power 50, and banning takes 50
Says so: the power levels {SET}"
            )
        );
        let said = stage.say("!can @user1:hs.test kick !bad:hs.test @user0:hs.test").await;
        let why = if version == "12" {
            "Why: Ana (`@user0:hs.test`) is a creator of the room, above all levels"
        } else {
            "Why: they have power 50, and Ana (`@user0:hs.test`) has 100: it takes more than the other one has"
        };
        has(&said, &["No: Mod (`@user1:hs.test`) cannot kick Ana (`@user0:hs.test`) from Spam", why]);
        has(
            &stage.say("!can @user2:hs.test redact !bad:hs.test").await,
            &[
                "No: Joe (`@user2:hs.test`) cannot redact what others wrote in",
                "Missing: power: 0 of 50",
                "Mod (`@user1:hs.test`), power 50, can raise their power to that",
                "• They can redact their own messages.",
            ],
        );
        has(
            &stage.say("!can @user1:hs.test kick !bad:hs.test").await,
            &["Yes: ", "kick members from", "That is about members without a level of their own (power 0)"],
        );
        for (asked, answer) in [
            ("join", "Yes: "),
            ("see", "Yes: "),
            ("speak", "Yes: "),
            ("send", "Yes: "),
            ("invite", "Yes: "),
            ("knock", "No: "),
            ("invited", "No: "),
            ("unban", "No: "),
            ("power", "No: "),
            ("topic", "No: "),
            ("m.room.topic", "No: "),
            ("server-acl", "No: "),
            ("org.example.x", "No: "),
            ("M.Room.Name", "No: "),
        ] {
            let said = stage.say(&format!("!can @user2:hs.test {asked} !bad:hs.test")).await;
            assert!(said.starts_with(answer), "{asked} in {version}: {said}");
        }
        let said = stage.say("!can @user1:hs.test power !bad:hs.test @user2:hs.test --level 60").await;
        has(
            &said,
            &["No: ", "give Joe (`@user2:hs.test`) power 60 in", "nobody can give more than that: not 60"],
        );
    }
}

#[tokio::test]
async fn members_of_other_rooms_can_join_restricted_rooms() {
    let allow = json!([{"type": "m.room_membership", "room_id": "!club:hs.test"},
        {"type": "m.room_membership", "room_id": "!unknown:far.test"}]);
    let mut stage = with("11", vec![rules(&json!({"join_rule": "restricted", "allow": allow}))]);
    let details = RoomDetails { name: Some("Club".into()), ..RoomDetails::default() };
    let members = vec![owned_user_id!("@user2:hs.test")];
    let club = room_id!("!club:hs.test");
    stage.homeserver.put_room(club, FakeRoom { details, members, ..FakeRoom::default() });
    has(
        &stage.say("!can @bob:hs.test join !bad:hs.test").await,
        &[
            "Not known: whether `@bob:hs.test` can join Spam",
            "Why: members of Club (`!club:hs.test`) or `!unknown:far.test` can join, and I cannot tell whether they are one",
            "Missing: membership of Club (`!club:hs.test`) or `!unknown:far.test`; an invitation",
            "Who could: everybody inside can invite them",
        ],
    );
    stage.homeserver.change_room(club, |room| room.members.push(owned_user_id!("@bob:hs.test")));
    has(
        &stage.say("!can @bob:hs.test join !bad:hs.test").await,
        &[
            "Yes: `@bob:hs.test` can join",
            "Why: they are a member of Club (`!club:hs.test`), whose members can join",
        ],
    );
}

#[tokio::test]
async fn blocks_accounts_and_other_servers() {
    let acl = event("m.room.server_acl", "", &json!({"allow": ["*"], "deny": ["evil.test"]}));
    let mut stage = with("12", vec![rules(&json!({"join_rule": "public"})), acl]);
    has(
        &stage.say("!can @x:evil.test join !bad:hs.test").await,
        &["No: ", "keeps `evil.test` out", "Says so: the server ACL"],
    );
    has(&stage.say("!can @x:good.test join !bad:hs.test").await, &["Yes: `@x:good.test` can join"]);
    has(
        &stage.say("!can @typo:hs.test join !bad:hs.test").await,
        &["Yes: ", "• `@typo:hs.test` does not exist on this server. Check the spelling"],
    );
    let locked = Account { locked: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@bob:hs.test"), locked);
    has(&stage.say("!can @bob:hs.test join !bad:hs.test").await, &["No: ", "the account is locked"]);
}

#[tokio::test]
async fn trap_28_a_block_keeps_people_from_joining_and_not_members_from_writing() {
    let mut stage = with("12", vec![rules(&json!({"join_rule": "public"}))]);
    stage.say("!block !bad:hs.test").await;
    has(
        &stage.say("!can @new:hs.test join !bad:hs.test").await,
        &[
            "No: ",
            "Why: the room is blocked on this server",
            "Says so: blocked, first by",
            "Missing: that the room is unblocked (!unblock)",
        ],
    );
    has(&stage.say("!can @new:other.test join !bad:hs.test").await, &["Yes: "]);
    let said = stage.say("!can @user2:hs.test speak !bad:hs.test").await;
    has(&said, &["Yes: ", "not members from writing"]);
}

#[tokio::test]
async fn trap_05_rooms_of_version_12_have_no_server_in_their_id() {
    let mut stage = with("12", vec![]);
    let id = format!("!{}", "a".repeat(43));
    stage.room((&*id).try_into().expect("a room ID"), "New", "#new:hs.test", 1);
    stage.homeserver.change_room((&*id).try_into().expect("a room ID"), |room| {
        room.state = vec![event("m.room.create", "", &json!({"room_version": "12"}))];
    });
    has(
        &stage.say(&format!("!can @user0:hs.test power {id}")).await,
        &[
            "Yes: ",
            "Why: they are a creator of the room, above all levels",
            "Says so: the room's first event",
        ],
    );
}

#[tokio::test]
async fn large_rooms_are_read_no_further_than_needed() {
    let mut stage = with("12", vec![rules(&json!({"join_rule": "public"}))]);
    stage.homeserver.change_room(bad_room(), |room| {
        for n in 0..6000 {
            let user = format!("@crowd{n}:hs.test");
            room.state.push(member(&user, "join", "Crowd"));
            room.members.push(user.try_into().expect("a user ID"));
        }
    });
    // Both are inside: the names are left out.
    let said = stage.say("!can @user1:hs.test ban !bad:hs.test @user2:hs.test").await;
    has(&said, &["Yes: `@user1:hs.test` can ban `@user2:hs.test` from"]);
    // Whether somebody outside is banned only the member events tell.
    has(&stage.say("!can @bob:hs.test join !bad:hs.test").await, &["Yes: ", "set by Ana (`@user0:hs.test`)"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let mut stage = with("12", vec![rules(&json!({"join_rule": "public"}))]);
    let asked = "!can @bob:hs.test join !bad:hs.test";
    for method in ["room", "members", "block_status", "account"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(asked).await, &["did not answer in time"]);
    }
    // The memberships are read first, and are not always needed.
    stage.homeserver.fail_once("state", Fault::Timeout);
    has(
        &stage.say(asked).await,
        &[
            "Not known: whether `@bob:hs.test` can join",
            "• I could not read who is banned and who is invited: that may change the answer.",
            "• The memberships could not be read (The homeserver did not answer in time.).",
        ],
    );
    stage.homeserver.fail_once("state", Fault::Timeout);
    has(
        &stage.say("!can @user1:hs.test ban !bad:hs.test @far:other.test").await,
        &["Yes: ", "could not be read"],
    );
    stage.homeserver.fail_once("state", Fault::Timeout);
    stage.homeserver.fail_once("state", Fault::Timeout);
    has(&stage.say(asked).await, &["did not answer in time"]);
    has(&stage.say(asked).await, &["Yes: "]);
    stage.homeserver.change_room(bad_room(), |room| room.state.clear());
    has(&stage.say(asked).await, &["Not known: ", "the server has no state of this room"]);
}

#[tokio::test]
async fn mistakes_are_explained() {
    let mut stage = with("12", vec![]);
    let said = stage.say("!can @bob:hs.test bann !bad:hs.test").await;
    has(&said, &["I do not know the action “bann”. Did you mean `ban`? Actions: join, see, knock, invite,"]);
    has(
        &stage.say("!can @bob:hs.test xyzzyx !bad:hs.test").await,
        &["I do not know the action “xyzzyx”. Actions: "],
    );
    has(&stage.say("!can @bob:hs.test topc !bad:hs.test").await, &["Did you mean `topic`?"]);
    has(
        &stage.say("!can @bob:hs.test join !nowhere:hs.test").await,
        &["The server does not know the room `!nowhere:hs.test`"],
    );
    has(&stage.say("!can @bob:hs.test join #nowhere:hs.test").await, &["There is no room with the alias"]);
    has(
        &stage.say("!can @bob:hs.test join !bad:hs.test @user1:hs.test").await,
        &["`join` is done to nobody: leave `@user1:hs.test` out."],
    );
    has(
        &stage.say("!can @bob:hs.test join !bad:hs.test --level 5").await,
        &["`--level` goes with `power` only."],
    );
    has(&stage.say("!can bob join !bad:hs.test").await, &["bob"]);
    has(&stage.say("!can @bob:hs.test join").await, &["room"]);
}

#[tokio::test]
async fn words_of_strangers_stay_in_their_place() {
    let evil = format!("<b>@room</b>\n✅ done @mod:hs.test \u{202e}{}", "x".repeat(65_536));
    let mut stage = with(
        "11",
        vec![
            rules(&json!({"join_rule": evil})),
            member("@bob:hs.test", "invite", &evil),
            event("m.room.power_levels", "", &json!({"users": {"@user1:hs.test": 50}, "events": evil})),
        ],
    );
    for asked in ["join", "ban", "topic", "power"] {
        let said = stage.say(&format!("!can @bob:hs.test {asked} !bad:hs.test")).await;
        has(&said, &["No: "]);
        assert!(!said.contains('\u{202e}') && !said.contains("\n✅") && said.len() < 10_000, "{said}");
    }
    has(
        &stage.say("!can @user1:hs.test kick !bad:hs.test").await,
        &["Yes: ", "are not of the shape that servers ask for"],
    );
}

#[tokio::test]
async fn what_is_known_of_a_room_that_nobody_here_is_in_may_be_old() {
    const OLD: &str = "what it knows may be old";
    let mut stage = with("11", vec![rules(&json!({"join_rule": "public"}))]);
    let said = stage.say("!can @bob:hs.test join #bad:hs.test").await;
    assert!(said.starts_with("Yes:") && !said.contains(OLD), "{said}");
    stage.homeserver.change_room(bad_room(), |room| room.members = vec![owned_user_id!("@far:other.test")]);
    let said = stage.say("!can @bob:hs.test join #bad:hs.test").await;
    assert!(said.starts_with("Yes:") && said.contains(OLD), "{said}");
}

//! `!room-admin`: who gets power in a room, and who gives it.

use gleipnir_core::{
    model::Account,
    ports::Fault,
    ruma::{owned_user_id, room_id, user_id},
    speech::YES,
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, moderator, plans, stage};

/// The bad room with its create event and these power levels; `@mod:hs.test` has an account.
fn with_levels(version: &str, users: &Value) -> Stage {
    let stage = stage();
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.version = Some(version.to_owned());
        room.state = vec![
            json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test", "content": {"room_version": version}}),
            json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test",
                "content": {"users": users, "events": {"m.room.power_levels": 90}}}),
        ];
    });
    stage
}

pub(crate) fn plain() -> Stage {
    with_levels(
        "11",
        &json!({"@user0:hs.test": 90, "@user1:hs.test": 100, "@far:other.test": 100, "@left:hs.test": 100}),
    )
}

#[tokio::test]
async fn a_moderator_is_made_admin_by_the_local_member_with_the_most_power() {
    let mut stage = plain();
    assert_eq!(
        stage.say("!room-admin #bad:hs.test").await,
        "Make an admin: `@mod:hs.test` in Spam (`#bad:hs.test`, `!bad:hs.test`)

In the name of: `@user1:hs.test`, who has the most power of the members from this server: level 100
Power: level 100; until now level 0
In the room: no; the room is public, so they join by themselves

This cannot simply be undone: I cannot take the power away again; only somebody in the room can, with enough power.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    assert!(stage.homeserver.writes().is_empty());
    let said = stage.react(moderator(), "plan-1", YES).await;
    has(&said, &["Job 1: room-admin – done", "`@mod:hs.test`"]);
    assert_eq!(stage.homeserver.writes(), ["admin !bad:hs.test @mod:hs.test"]);
    assert_eq!(
        stage.say("!room-admin #bad:hs.test @mod:hs.test").await,
        "`@mod:hs.test` has level 100 in Spam (`#bad:hs.test`, `!bad:hs.test`) already; the most that I can give there is 100. \
         They are not in the room: somebody inside has to invite them, if they cannot join."
    );
    has(&stage.say("!undo 1").await, &["I cannot take power away in Spam"]);
}

#[tokio::test]
async fn trap_06_creators_of_version_12_stand_above_all_levels_and_get_none() {
    let mut stage = with_levels("12", &json!({"@user1:hs.test": 100}));
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    has(
        &stage.say("!room-admin !bad:hs.test --dry-run").await,
        &[
            "In the name of: `@user0:hs.test`, a creator of the room, who stands above all levels",
            "Power: level 100; until now level 0",
            "• The room's creators stand above all levels: they can take the power away again, and nobody can take theirs.",
        ],
    );
    assert_eq!(
        stage.say("!room-admin !bad:hs.test @user0:hs.test").await,
        "`@user0:hs.test` is a creator of Spam (`#bad:hs.test`, `!bad:hs.test`), and stands above all power levels already. \
         Creators cannot be given a level."
    );
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn trap_26_where_nobody_of_this_server_has_power_nothing_can_be_given() {
    let nobody = "Nobody of this server can give power in Spam (`#bad:hs.test`, `!bad:hs.test`): ";
    for (users, local, why) in [
        (
            json!({"@far:other.test": 100, "@x:third.test": 90, "@left:hs.test": 100}),
            3,
            "none of its users inside has a power level. Somebody with power from `hs.test` would have to.",
        ),
        (
            json!({"@far:other.test": 100, "@user2:hs.test": 50}),
            3,
            "the one with the most power is `@user2:hs.test` with level 50, and changing the power levels needs 90. \
             Somebody with power from `other.test` would have to.",
        ),
        (json!({}), 3, "none of its users inside has a power level."),
        (json!({"@user0:hs.test": 100}), 0, "none of its users is inside."),
    ] {
        let mut stage = with_levels("11", &users);
        stage.homeserver.change_room(bad_room(), |room| {
            room.members.retain(|user| user.server_name() != "hs.test" || local > 0);
        });
        let why = why.replace("`hs.test`", "`other.test` or `third.test`");
        assert_eq!(stage.say("!room-admin !bad:hs.test").await, format!("{nobody}{why}"));
        assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
    }
    let help = plain().say("!help room-admin").await;
    has(&help, &["Being a server admin is no power in a room"]);
}

#[tokio::test]
async fn trap_01_and_20_an_account_that_is_not_there_gets_nothing() {
    let mut stage = plain();
    let gone = Account { deactivated: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@gone:hs.test"), gone);
    for (user, says) in [
        ("@typo:hs.test", "`@typo:hs.test` does not exist on this server. Check the spelling."),
        ("@gone:hs.test", "`@gone:hs.test` is deactivated, and cannot use any power."),
    ] {
        assert_eq!(stage.say(&format!("!room-admin !bad:hs.test {user}")).await, says);
    }
    let locked = Account { locked: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@locked:hs.test"), locked);
    let suspended = Account { suspended: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@suspended:hs.test"), suspended);
    has(
        &stage.say("!room-admin !bad:hs.test @locked:hs.test --dry-run").await,
        &["• Their account is locked"],
    );
    has(
        &stage.say("!room-admin !bad:hs.test @suspended:hs.test --dry-run").await,
        &["• Their account is suspended"],
    );
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn who_is_not_in_a_private_room_is_invited() {
    let mut stage = plain();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.join_rules = Some("invite".into());
        let member = |user: &str, membership: &str| json!({"type": "m.room.member", "state_key": user, "content": {"membership": membership}});
        room.state.extend([member("@asked:other.test", "invite"), member("@banned:other.test", "ban")]);
    });
    has(
        &stage.say("!room-admin !bad:hs.test --dry-run").await,
        &["In the room: no; they are invited, because the room is not public"],
    );
    let said = stage.say("!room-admin !bad:hs.test @new:third.test --dry-run").await;
    has(
        &said,
        &[
            "• `@new:third.test` is not of this server.",
            "• The invitation goes to their server. If that is away, the invitation fails, and the power is given all the same.",
        ],
    );
    let said = stage.say("!room-admin !bad:hs.test @asked:other.test --dry-run").await;
    has(&said, &["In the room: not yet, but invited already"]);
    assert!(!said.contains("The invitation goes"));
    assert_eq!(
        stage.say("!room-admin !bad:hs.test @banned:other.test").await,
        "`@banned:other.test` is banned from Spam (`#bad:hs.test`, `!bad:hs.test`): somebody inside has to lift the ban first."
    );
    stage.homeserver.change_room(bad_room(), |room| room.members.push(owned_user_id!("@mod:hs.test")));
    has(&stage.say("!room-admin !bad:hs.test --dry-run").await, &["In the room: yes"]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn who_has_as_much_gets_nothing() {
    let mut stage = with_levels("11", &json!({"@user0:hs.test": 90, "@far:other.test": 100}));
    assert_eq!(
        stage.say("!room-admin !bad:hs.test @far:other.test").await,
        "`@far:other.test` has level 100 in Spam (`#bad:hs.test`, `!bad:hs.test`) already; the most that I can give there is 90."
    );
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn mistakes_and_faults_propose_nothing() {
    let mut stage = plain();
    has(
        &stage.say("!room-admin !none:hs.test").await,
        &["The server does not know the room `!none:hs.test`."],
    );
    has(&stage.say("!room-admin !management:hs.test").await, &["management"]);
    for line in [
        "!room-admin",
        "!room-admin !bad:hs.test mod",
        "!room-admin !bad:hs.test @*:hs.test",
        "!room-admin @mod:hs.test !bad:hs.test",
        "!room-admin !bad:hs.test @mod:hs.test @user0:hs.test",
    ] {
        let said = stage.say(line).await;
        assert!(!said.contains("Job"), "{line}: {said}");
    }
    for method in ["room", "state", "members", "account"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!room-admin !bad:hs.test").await, &["The homeserver did not answer in time."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn the_power_levels_of_the_management_room_are_never_changed() {
    let mut stage = plain();
    let management = room_id!("!management:hs.test");
    stage.homeserver.change_room(management, |room| {
        room.state = vec![
            json!({"type": "m.room.create", "state_key": "", "sender": "@bot:hs.test", "content": {"room_version": "11"}}),
            json!({"type": "m.room.power_levels", "state_key": "", "content": {"users": {"@bot:hs.test": 100}}}),
        ];
    });
    has(
        &stage.say("!room-admin !management:hs.test --yes").await,
        &["That is the management room. Its power levels say who may use me, so I never change them."],
    );
    assert!(plans(&stage).is_empty());
}

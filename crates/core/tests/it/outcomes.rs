//! A report claims what the server did and nothing more: refusals that came after half of the work, or before any of it.

use gleipnir_core::{
    model::Account,
    ports::Fault,
    ruma::user_id,
    testing::{Lived, Moment, Stage},
};
use serde_json::{Value, json};

use crate::scene::{bad_room, has, moderator, stage};

fn refused(status: u16, message: &str) -> Fault {
    Fault::Refused { status, errcode: "M_UNKNOWN".into(), message: message.into() }
}

/// The bad room with power levels, in which `@user0:hs.test` can make others admins.
fn with_admin() -> Stage {
    let stage = stage();
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.version = Some("11".into());
        room.state = vec![create("11", "@user0:hs.test"), levels(&json!({"@user0:hs.test": 100}))];
    });
    stage
}

fn create(version: &str, sender: &str) -> Value {
    json!({"type": "m.room.create", "state_key": "", "sender": sender, "content": {"room_version": version}})
}

fn levels(users: &Value) -> Value {
    json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test", "content": {"users": users}})
}

/// The moderator confirms; something changes before the work begins; how it ended.
async fn confirmed(stage: &mut Stage, line: &str, change: impl FnOnce(&Stage)) -> String {
    stage.say(line).await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    change(stage);
    stage.execute().await;
    stage.store.said("run-1").expect("it is reported").text
}

#[tokio::test]
async fn a_refusal_is_a_failed_invitation_only_when_it_is_one() {
    for (fault, now, says) in [
        (
            refused(400, "Creator user @mod:hs.test must not appear in content.users"),
            vec![create("12", "@mod:hs.test"), levels(&json!({}))],
            "They are a creator of the room, and stand above all power levels already.",
        ),
        (
            refused(400, "No local admin user in room"),
            vec![create("11", "@user0:hs.test"), levels(&json!({"@mod:hs.test": 100}))],
            "No member of this server has the power to grant any",
        ),
        (
            Fault::NotAdmin,
            vec![create("11", "@user0:hs.test"), levels(&json!({"@mod:hs.test": 100}))],
            "I am not a server admin.",
        ),
    ] {
        let mut stage = with_admin();
        let said = confirmed(&mut stage, "!room-admin !bad:hs.test", |stage| {
            stage.homeserver.change_room(bad_room(), |room| {
                room.details.version = now[0]["content"]["room_version"].as_str().map(str::to_owned);
                room.state = now;
            });
            stage.homeserver.fail_always("make_room_admin", fault);
        })
        .await;
        has(&said, &["Job 1: room-admin – failed", says]);
        assert!(!said.contains("granted all the same"), "{said}");
    }
}

#[tokio::test]
async fn trap_04_a_refused_shutdown_by_version_1_tells_what_was_done_before_the_refusal() {
    let line = "!shutdown !bad:hs.test --v1 --no-purge";
    let still_joined = || refused(400, "Users are still joined to this room");
    let mut stage = stage();
    let said = confirmed(&mut stage, line, |stage| {
        stage.homeserver.lose_answer("delete_room_v1", still_joined());
    })
    .await;
    has(
        &said,
        &[
            "Job 1: shutdown – failed",
            "Users are still joined to this room (M_UNKNOWN, HTTP 400). The room is blocked now all the same. 3 of 3 \
             local members are out.",
        ],
    );
    // Nothing was done, and nothing more is said.
    let mut stage = self::stage();
    let said = confirmed(&mut stage, line, |stage| {
        stage.homeserver.fail_once("delete_room_v1", still_joined());
    })
    .await;
    assert!(said.ends_with("Users are still joined to this room (M_UNKNOWN, HTTP 400)."), "{said}");
}

#[tokio::test]
async fn that_version_1_is_being_waited_for_is_said_before_the_wait() {
    let line = "!shutdown !bad:hs.test --v1";
    for call in 1..20 {
        let mut stage = stage();
        stage.say(line).await;
        stage.hear(moderator(), "!confirm 1");
        stage.handle().await;
        stage.homeserver.hang_at(stage.homeserver.calls() + call, Moment::After);
        assert_eq!(stage.live().await, Lived::Died);
        if !stage.homeserver.writes().is_empty() {
            has(
                &stage.store.said("run-1").expect("it is reported").text,
                &[
                    "Job 1: shutdown – running",
                    "Asking the server to shut down Spam",
                    "It answers when all is done",
                ],
            );
            return;
        }
    }
    panic!("it never asks");
}

#[tokio::test]
async fn a_server_that_forbids_an_alias_is_explained() {
    let mut stage = stage();
    stage.homeserver.fail_always("add_alias", refused(403, "Not allowed to create alias"));
    let said = stage.say("!alias add #new:hs.test !bad:hs.test").await;
    has(
        &said,
        &[
            "Job 1: alias – failed",
            "The homeserver refused (Not allowed to create alias): its configuration (alias_creation_rules) says who may \
             make which aliases, for server admins too.",
        ],
    );
}

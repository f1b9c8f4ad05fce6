//! `--everywhere`: all rooms that the bot is in, but the management room; those without power are named.

use gleipnir_core::{
    plan::{PlanResult, Step},
    ports::Fault,
    ruma::{OwnedRoomId, OwnedUserId},
    testing::Stage,
};
use serde_json::json;

use super::{den, eve, is, levels, lounge, membership, room, stage, writes};
use crate::scene::{has, plan, plans, room_of};

/// So many rooms more with power, and without.
fn with_rooms(with: usize, without: usize) -> Stage {
    let stage = stage();
    for n in 0..with + without {
        let id = OwnedRoomId::try_from(format!("!r{n:02}:hs.test")).expect("a room ID");
        let users = if n < with { json!({"@bot:hs.test": 100}) } else { json!({}) };
        room(&stage, &id, &format!("Room {n}"), "11", &users);
    }
    stage
}

#[tokio::test]
async fn a_kick_is_in_all_rooms_where_they_are() {
    let mut stage = stage();
    levels(&stage, den(), &json!({"users": {"@bot:hs.test": 100}}));
    let said = stage.say("!kick @eve:hs.test --everywhere spam").await;
    has(&said, &["Job 1: kick – done, because “spam”", "is kicked from Lounge", "is kicked from Den"]);
    assert_eq!(writes(&stage).len(), 2, "the management room is left alone");
    has(&stage.say("!kick @eve:hs.test --everywhere").await, &["There is nothing to do"]);
}

#[tokio::test]
async fn chats_that_the_bot_opened_are_no_rooms_to_ban_in() {
    let mut stage = stage();
    levels(&stage, den(), &json!({"users": {"@bot:hs.test": 100}}));
    let chat = OwnedRoomId::try_from("!chat:hs.test").expect("a room ID");
    room(&stage, &chat, "Chat", "11", &json!({"@bot:hs.test": 100}));
    stage.homeserver.change_room(&chat, |room| {
        room.details.creator = Some("@bot:hs.test".into());
        (room.details.name, room.details.canonical_alias) = (None, None);
    });
    let anew = OwnedRoomId::try_from("!anew:hs.test").expect("a room ID");
    room(&stage, &anew, "Anew", "11", &json!({"@bot:hs.test": 100}));
    stage.homeserver.change_room(&anew, |room| {
        room.details.creator = Some("@bot:hs.test".into());
        (room.details.name, room.details.canonical_alias) = (None, None);
        room.state.retain(|event| event["type"] != "m.room.create");
        room.state.push(json!({"type": "m.room.create", "state_key": "", "sender": "@bot:hs.test",
            "content": {"room_version": "11", "predecessor": {"room_id": "!old:hs.test"}}}));
    });
    let said = stage.say("!ban @x:other.test --everywhere raid").await;
    has(&said, &["Job 1: ban – done", "Lounge", "Den", "!anew:hs.test"]);
    assert_eq!(plan(&stage, 1).steps.len(), 3);
}

#[tokio::test]
async fn rooms_without_power_are_left_out_and_named() {
    let mut stage = with_rooms(3, 14);
    let said = stage.say("!kick @eve:hs.test --everywhere --dry-run").await;
    has(
        &said,
        &[
            "kick EVE (`@eve:hs.test`) from Lounge",
            "from Room 2 (`!r02:hs.test`): in it now.",
            "Left out: 15 rooms where I lack the power. There, `!room-admin <room>` may give it",
            "• Den (`!den:hs.test`)",
            "… and 5 more rooms",
        ],
    );
    let said = stage.say("!kick @eve:hs.test --everywhere").await;
    has(&said, &["4 rooms", "do it"].map(|_| "is kicked from Lounge"));
    assert_eq!(plan(&stage, 1).steps.len(), 4);
    assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
}

#[tokio::test]
async fn only_rooms_without_power_are_an_answer() {
    let mut stage = stage();
    stage.homeserver.change_room(lounge(), |room| room.members.retain(|member| member != eve()));
    let said = stage.say("!kick @eve:hs.test --everywhere").await;
    has(&said, &["Left out: 1 room where I lack the power.", "Den"]);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn a_ban_is_in_all_rooms_and_an_unban_where_they_are_banned() {
    let mut stage = with_rooms(5, 0);
    let said = stage.say("!ban @x:other.test --everywhere raid").await;
    has(&said, &["6 changes at once is more than I change without asking.", "Left out: 1 room"]);
    stage.say("!confirm 1").await;
    assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
    let of_steps: Vec<String> =
        plan(&stage, 1).steps.iter().map(|planned| room_of(planned).to_string()).collect();
    assert!(!of_steps.contains(&"!management:hs.test".to_owned()), "{of_steps:?}");
    is(&stage, lounge(), "@x:other.test", "leave");
    let said = stage.say("!unban @x:other.test --everywhere").await;
    has(&said, &["Job 2: unban – done", "no longer banned from Room 4"]);
    assert_eq!(plan(&stage, 2).steps.len(), 5);
}

#[tokio::test]
async fn a_mute_is_where_they_are_and_can_write() {
    let mut stage = with_rooms(1, 0);
    stage.homeserver.change_room(lounge(), |room| room.members.retain(|member| member != eve()));
    let said = stage.say("!mute @eve:hs.test --everywhere --for 1h").await;
    has(&said, &["Job 1: mute – done", "`@eve:hs.test` has the power -1 in Room 0 (`!r00:hs.test`)."]);
    let Step::SetPower { to: Some(-1), .. } = plan(&stage, 1).steps[0].step else { panic!("a mute") };
    assert_eq!(plan(&stage, 1).steps.len(), 1);
}

#[tokio::test]
async fn it_is_instead_of_rooms() {
    let mut stage = stage();
    has(&stage.say("!ban @eve:hs.test !lounge:hs.test --everywhere").await, &["name no rooms then"]);
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("join"));
    // A big server: the message stays within its limits.
    let mut stage = with_rooms(150, 150);
    let many: Vec<String> = (0..3).map(|n| format!("@u{n}:other.test")).collect();
    let users = many.iter().map(|id| OwnedUserId::try_from(id.as_str()).expect("a user ID").to_string());
    let line = format!("!ban {} --everywhere --dry-run", users.collect::<Vec<_>>().join(" "));
    let said = stage.say(&line).await;
    has(&said, &["more changes", "Left out: 151 rooms"]);
    assert!(said.len() < 10_000, "{}", said.len());
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_left_out_and_named() {
    let mut stage = with_rooms(2, 0);
    let broken = Fault::Broken { status: 500, message: "Internal server error".into() };
    stage.homeserver.fail_once("block_status", broken);
    let said = stage.say("!ban @x:other.test --everywhere --dry-run").await;
    has(&said, &["Left out, because I cannot read them:", "could not be read (The homeserver failed"]);
    assert_eq!(said.matches("• ban `@x:other.test`").count(), 2, "{said}");
    stage.homeserver.fail_once("block_status", Fault::Away("refused".into()));
    has(&stage.say("!ban @x:other.test --everywhere").await, &["cannot reach the homeserver"]);
    assert!(writes(&stage).is_empty());
}

//! The bot is invited to rooms: by a member of the management room it comes, by nobody else.

use gleipnir_core::{
    desk::Invitation,
    model::RoomDetails,
    plan::PlanState,
    ports::Fault,
    ruma::{OwnedUserId, RoomId, owned_event_id, owned_user_id, room_id},
    testing::{FakeRoom, Stage},
};

use serde_json::json;

use crate::scene::{has, plan, plans};

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

/// A stage with the closed room “Lounge”, to which the bot is invited.
fn stage() -> Stage {
    let stage = Stage::default();
    let details = RoomDetails { name: Some("Lounge".into()), ..RoomDetails::default() };
    let invites = vec![owned_user_id!("@bot:hs.test")];
    stage.homeserver.put_room(lounge(), FakeRoom { details, invites, ..FakeRoom::default() });
    stage
}

fn by(user: &str) -> Invitation {
    Invitation {
        room_id: lounge().to_owned(),
        inviter: OwnedUserId::try_from(user).ok(),
        event_id: Some(owned_event_id!("$invite")),
    }
}

#[tokio::test]
async fn a_moderators_invitation_is_taken_once_and_can_be_undone() {
    let mut stage = stage();
    let said = stage.invite(&by("@mod:hs.test")).await.expect("it works");
    has(
        &said,
        &[
            "Job 1: invitation of `@mod:hs.test` – done",
            "Lounge (`!lounge:hs.test`): I am in it now, and watch it.",
            "!undo 1",
        ],
    );
    assert_eq!(stage.homeserver.writes(), ["join !lounge:hs.test"]);
    // It comes again after a restart, while the server still shows it.
    stage.restart();
    assert_eq!(stage.invite(&by("@mod:hs.test")).await.expect("it works"), "");
    assert_eq!(plans(&stage).len(), 1);
    has(&stage.say("!undo 1").await, &["I left it, and no longer watch it."]);
    assert_eq!(stage.homeserver.writes(), ["join !lounge:hs.test", "leave !lounge:hs.test"]);
    // A new invitation is another one.
    let again = Invitation { event_id: Some(owned_event_id!("$invite2")), ..by("@mod:hs.test") };
    has(&stage.invite(&again).await.expect("it works"), &["I am in it now"]);
}

#[tokio::test]
async fn invitations_without_an_id_are_told_apart_by_the_rooms_state() {
    let mut stage = stage();
    let nameless = Invitation { event_id: None, ..by("@mod:hs.test") };
    let is_now = |stage: &Stage, id: &str, membership: &str| {
        let event = json!({"type": "m.room.member", "state_key": "@bot:hs.test", "event_id": id,
            "sender": "@mod:hs.test", "content": {"membership": membership}});
        stage.homeserver.change_room(lounge(), |room| room.state = vec![event]);
    };
    is_now(&stage, "$invite", "invite");
    has(&stage.invite(&nameless).await.expect("it works"), &["I am in it now"]);
    assert_eq!(stage.invite(&nameless).await.expect("it works"), "", "the same one");
    // It is shown for a moment after it was taken.
    is_now(&stage, "$join", "join");
    assert_eq!(stage.invite(&nameless).await.expect("it works"), "", "it is over");
    stage.say("!undo 1").await;
    is_now(&stage, "$invite2", "invite");
    has(&stage.invite(&nameless).await.expect("it works"), &["I am in it now"]);
    // What the server cannot tell yet is asked again.
    stage.homeserver.fail_once("state", Fault::Away("gone".into()));
    assert!(stage.invite(&nameless).await.is_err());
}

#[tokio::test]
async fn a_room_whose_members_cannot_be_read_in_time_is_joined_all_the_same() {
    let mut stage = stage();
    let nameless = Invitation { event_id: None, ..by("@mod:hs.test") };
    stage.homeserver.fail_always("state", Fault::Timeout);
    has(&stage.invite(&nameless).await.expect("it works"), &["I am in it now"]);
    assert_eq!(stage.invite(&nameless).await.expect("it works"), "", "once");
}

#[tokio::test]
async fn a_strangers_invitation_is_left_alone_and_told_once() {
    let mut stage = stage();
    for inviter in ["@eve:hs.test", "@mod:evil.test", ""] {
        let said = stage.invite(&by(inviter)).await.expect("it works");
        has(&said, &["invited me to `!lounge:hs.test`. I leave the invitation alone"]);
        assert_eq!(stage.invite(&by(inviter)).await.expect("it works"), "");
    }
    assert!(stage.homeserver.writes().is_empty());
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn an_invitation_that_is_gone_and_a_server_that_is_away_are_told() {
    let mut stage = stage();
    stage.homeserver.fail_once("standing", Fault::Timeout);
    assert!(stage.invite(&by("@mod:hs.test")).await.is_err(), "it is asked again");
    stage.homeserver.change_room(lounge(), |room| room.invites.clear());
    has(&stage.invite(&by("@mod:hs.test")).await.expect("it works"), &["failed", "You are not invited"]);
    assert_eq!(plan(&stage, 1).state, PlanState::Done);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn the_management_room_is_never_left() {
    let stage = Stage::default();
    let step = gleipnir_core::plan::Step::LeaveRoom { room: stage.settings.management.clone().into() };
    let said = crate::scene::left_behind(&stage, step, None).await;
    has(&said, &["I never leave it"]);
    assert!(stage.homeserver.writes().is_empty());
}

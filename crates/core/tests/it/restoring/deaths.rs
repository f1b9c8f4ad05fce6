//! The process dies at every point of the undo of a shutdown: what is done is done once, and the room shows the same.

use gleipnir_core::{
    model::{Account, DeleteResult, RoomDetails, RoomSnapshot, Shutdown},
    plan::{DeleteApi, Effect, Outcome, PlanResult, PlanState, Step},
    ports::{Change, Clock as _, Lookup as _, Records as _, Store as _},
    ruma::{OwnedServerName, owned_room_id, owned_server_name, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::json;

use super::{far, inside, state, user};
use crate::{
    deaths::{Script, after_every_death, shown},
    scene::{bad_room, plan, plans, under_way},
};

/// Job 1 has shut the bad room down, and moved its members to another room; nobody was called to set this up.
fn shut(servers: Vec<OwnedServerName>) -> Stage {
    let stage = Stage::default();
    let notice = owned_room_id!("!notice:hs.test");
    let names = ["user0", "user1", "user2"];
    for name in names {
        stage.homeserver.put_account(&user(name), Account::default());
    }
    let members: Vec<_> = names.map(user).into();
    let aliases = vec!["#bad:hs.test".to_owned()];
    stage.homeserver.put_room(
        &notice,
        FakeRoom { members: members.clone(), aliases: aliases.clone(), ..FakeRoom::default() },
    );
    let details = RoomDetails {
        name: Some("Spam".into()),
        version: Some("11".into()),
        join_rules: Some("public".into()),
        public: Some(true),
        ..RoomDetails::default()
    };
    let kept = RoomSnapshot {
        state: serde_json::from_value(json!(state()[..4])).expect("events"),
        details: details.clone(),
        local_members: members,
        local_aliases: aliases,
        banned: Some(vec!["@troll:other.test".try_into().expect("a user ID")]),
        servers: Some(servers),
        ..RoomSnapshot::default()
    };
    let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
    let step = Step::ShutDownRoom { room: bad_room().to_owned().into(), shutdown, api: DeleteApi::V2 };
    let id = under_way(&stage, step, None);
    let result = DeleteResult { new_room_id: Some(notice.to_string()), ..DeleteResult::default() };
    let effect = Effect::ShutDown { result, blocked: Some(true), known: Some(false) };
    let at = stage.clock.now();
    let changes = vec![
        Change::Keep { plan: id, step: 0, kept: json!(kept) },
        Change::Ended { plan: id, step: 0, outcome: Outcome::Done { effect }, at },
        Change::PlanState { id, state: PlanState::Done, by: None, at },
    ];
    stage.store.commit(changes).expect("the store writes");
    let elsewhere = FakeRoom { details, members: vec![far()], ..FakeRoom::default() };
    stage.homeserver.put_elsewhere(bad_room(), elsewhere);
    stage
}

fn alone() -> Stage {
    shut(Vec::new())
}

fn with_others() -> Stage {
    shut(vec![owned_server_name!("other.test")])
}

async fn check(stage: fn() -> Stage, room: &gleipnir_core::ruma::RoomId, made: usize) {
    let script = Script { stage, lines: &["!undo 1", "!confirm 2"] };
    after_every_death(&script, async |stage, whole, point| {
        assert_eq!(plans(stage).len(), 2, "{point}");
        let undo = plan(stage, 2);
        assert_eq!(
            (undo.state, undo.result()),
            (PlanState::Done, PlanResult::Done),
            "{point}: {:?}",
            undo.steps
        );
        assert_eq!(shown(stage), whole.shown, "{point}");
        assert_eq!(stage.homeserver.made().len(), made, "{point}");
        assert_eq!(
            inside(stage, room).await,
            ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test"],
            "{point}"
        );
        let gone = stage.homeserver.room(room_id!("!notice:hs.test")).await;
        assert_eq!(gone, Ok(None), "{point}");
        let details = stage.homeserver.room(room).await.expect("it answers").expect("it is there");
        assert_eq!(details.public, Some(true), "{point}");
        assert_eq!(
            stage.homeserver.local_aliases(room).await.expect("it answers"),
            ["#bad:hs.test"],
            "{point}"
        );
        let queue = stage.store.queue().expect("the store reads");
        assert_eq!((queue.unhandled, queue.undelivered), (0, 0), "{point}");
    })
    .await;
}

#[tokio::test]
async fn a_room_is_made_anew_once_whenever_the_process_dies() {
    check(alone, room_id!("!made1:hs.test"), 1).await;
}

#[tokio::test]
async fn a_room_is_joined_again_whenever_the_process_dies() {
    check(with_others, bad_room(), 0).await;
}

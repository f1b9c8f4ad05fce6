//! The process dies at every point of every step but a block and a plain shutdown, alone and together with an answer
//! that was lost: each is done once, told once, and never called done when it is not.

use gleipnir_core::{
    model::{Dir, Event, HistoryQuery},
    plan::{PlanResult, Step, StepState},
    ports::{Fault, Lookup as _},
    ruma::{RoomId, owned_user_id, room_alias_id, room_id},
    testing::{Lived, Moment, Stage},
};

use crate::{
    deaths::{Script, Undisturbed, after_every_death, at_every_point, ended, undisturbed},
    powers::plain,
    purging::{ends, talk},
    scene::{DELETED, bad_room, has, left_behind, moderator, plan, stage},
};

pub(crate) const LIST: &[&str] = &["!list-room !bad:hs.test"];
pub(crate) const UNLIST: &[&str] = &["!unlist !bad:hs.test"];
pub(crate) const ADD: &[&str] = &["!alias add #new:hs.test !bad:hs.test"];
pub(crate) const REMOVE: &[&str] = &["!alias remove #bad:hs.test", "!confirm 1"];
pub(crate) const ADMIN: &[&str] = &["!room-admin !bad:hs.test", "!confirm 1"];
pub(crate) const TRIM: &[&str] = &["!extremities !bad:hs.test --delete", "!confirm 1"];
pub(crate) const HISTORY: &[&str] = &["!purge-history !bad:hs.test $e5:hs.test", "!confirm 1"];
pub(crate) const EMPTY: &[&str] = &["!empty-rooms --purge", "!confirm 1"];
pub(crate) const V1: &[&str] = &["!shutdown !bad:hs.test spam --v1", "!confirm 1"];

pub(crate) const ADMIN_WRITE: &str = "admin !bad:hs.test @mod:hs.test";
pub(crate) const HISTORY_WRITE: &str = r#"purge !bad:hs.test {"local":"kept","up_to":"$e5:hs.test"}"#;
pub(crate) const EMPTY_WRITE: &str =
    r#"delete !far:hs.test {"block":false,"force_purge":false,"notice":null,"purge":true}"#;
const V1_WRITE: &str =
    r#"delete v1 !bad:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#;
/// What is said where nothing else can be known.
const UNCERTAIN: &str = "It may have happened all the same: look with !room before you try again.";

pub(crate) fn far() -> &'static RoomId {
    room_id!("!far:hs.test")
}

/// A room that only a member of another server is in.
pub(crate) fn deserted() -> Stage {
    let stage = stage();
    stage.room(far(), "Far", "#far:hs.test", 0);
    stage
}

/// The bad room with power levels, for invited people only.
pub(crate) fn private() -> Stage {
    let stage = plain();
    stage.homeserver.change_room(bad_room(), |room| room.details.join_rules = Some("invite".into()));
    stage
}

pub(crate) fn listed() -> Stage {
    let stage = stage();
    stage.homeserver.change_room(bad_room(), |room| room.details.public = Some(true));
    stage
}

pub(crate) fn forked() -> Stage {
    let stage = stage();
    ends(&stage, 12);
    stage
}

/// The stage loses the answer to a write.
fn losing(stage: Stage, method: &'static str, fault: Fault) -> Stage {
    stage.homeserver.lose_answer(method, fault);
    stage
}

fn broken() -> Fault {
    Fault::Broken { status: 500, message: "Internal server error".into() }
}

/// Plays the lines on each of the stages, with a death at every point.
async fn survives(
    stages: &[fn() -> Stage],
    lines: &'static [&'static str],
    look: impl AsyncFn(&mut Stage, &str),
) {
    for stage in stages {
        at_every_point(&Script { stage: *stage, lines }, &look).await;
    }
}

#[tokio::test]
async fn an_empty_room_is_purged_once() {
    let stages: [fn() -> Stage; 3] = [
        deserted,
        || losing(deserted(), "delete_room", Fault::Timeout),
        || losing(deserted(), "delete_room", broken()),
    ];
    survives(&stages, EMPTY, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), [EMPTY_WRITE], "{point}");
        assert_eq!(stage.homeserver.room(far()).await, Ok(None), "{point}");
        assert!(stage.homeserver.room(bad_room()).await.unwrap().is_some(), "{point}");
    })
    .await;
}

#[tokio::test]
async fn each_room_of_a_job_is_shut_down_once() {
    let two: fn() -> Stage = || {
        let stage = stage();
        stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 1);
        stage
    };
    let lines = &["!shutdown !bad:hs.test !two:hs.test", "!confirm 1"];
    survives(&[two], lines, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), [DELETED, &DELETED.replace("!bad", "!two")], "{point}");
    })
    .await;
}

#[tokio::test]
async fn an_admin_is_made_and_invited() {
    let stages: [fn() -> Stage; 6] = [
        plain,
        private,
        || losing(plain(), "make_room_admin", Fault::Timeout),
        || losing(private(), "make_room_admin", Fault::Timeout),
        || losing(plain(), "make_room_admin", broken()),
        || losing(private(), "make_room_admin", Fault::BadAnswer("EOF while parsing".into())),
    ];
    survives(&stages, ADMIN, async |stage: &mut Stage, point: &str| {
        let writes = stage.homeserver.writes();
        // Granting the same power again changes nothing.
        assert!((1..=3).contains(&writes.len()), "{point}: {writes:?}");
        assert!(writes.iter().all(|write| write == ADMIN_WRITE), "{point}: {writes:?}");
        let levels = stage.homeserver.state(bad_room(), Some("m.room.power_levels")).await.unwrap();
        assert_eq!(levels.len(), 1, "{point}");
        let Event(levels) = &levels[0];
        assert_eq!(levels["content"]["users"]["@mod:hs.test"], 100, "{point}");
    })
    .await;
}

#[tokio::test]
async fn extremities_are_deleted_once() {
    let stages: [fn() -> Stage; 3] = [
        forked,
        || losing(forked(), "delete_extremities", Fault::Timeout),
        || losing(forked(), "delete_extremities", broken()),
    ];
    survives(&stages, TRIM, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), ["extremities !bad:hs.test"], "{point}");
        assert_eq!(stage.homeserver.extremities(bad_room()).await.unwrap().count, 1, "{point}");
    })
    .await;
}

#[tokio::test]
async fn history_is_purged_once() {
    let stages: [fn() -> Stage; 3] = [
        talk,
        || losing(talk(), "purge_history", Fault::Timeout),
        || losing(talk(), "purge_history", broken()),
    ];
    survives(&stages, HISTORY, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), [HISTORY_WRITE], "{point}");
        let query = HistoryQuery { limit: 100, dir: Dir::Forwards, ..HistoryQuery::default() };
        let left = stage.homeserver.history(bad_room(), &query).await.unwrap().events;
        // Of ten messages the two of another server before the fifth are gone.
        assert_eq!(left.len(), 8, "{point}");
    })
    .await;
}

#[tokio::test]
async fn a_listing_is_set_and_how_it_was_before_is_still_known() {
    let stages: [fn() -> Stage; 2] = [stage, || losing(stage(), "set_listing", Fault::Timeout)];
    survives(&stages, LIST, async |stage: &mut Stage, point: &str| {
        listing_is(stage, Some(true), "listing !bad:hs.test \"listed\"", point).await;
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(stage.homeserver.room(bad_room()).await.unwrap().unwrap().public, Some(false), "{point}");
    })
    .await;
    let stages: [fn() -> Stage; 2] = [listed, || losing(listed(), "set_listing", broken())];
    survives(&stages, UNLIST, async |stage: &mut Stage, point: &str| {
        listing_is(stage, Some(false), "listing !bad:hs.test \"unlisted\"", point).await;
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(stage.homeserver.room(bad_room()).await.unwrap().unwrap().public, Some(true), "{point}");
    })
    .await;
}

async fn listing_is(stage: &Stage, public: Option<bool>, write: &str, point: &str) {
    let writes = stage.homeserver.writes();
    assert!((1..=3).contains(&writes.len()), "{point}: {writes:?}");
    assert!(writes.iter().all(|done| done == write), "{point}: {writes:?}");
    let details = stage.homeserver.room(bad_room()).await.expect("nothing fails any more");
    assert_eq!(details.and_then(|details| details.public), public, "{point}");
}

#[tokio::test]
async fn an_alias_is_added_or_removed_once_and_where_it_led_is_still_known() {
    let stages: [fn() -> Stage; 3] = [
        stage,
        || losing(stage(), "add_alias", Fault::Timeout),
        || losing(stage(), "add_alias", Fault::BadAnswer("EOF while parsing".into())),
    ];
    survives(&stages, ADD, async |stage: &mut Stage, point: &str| {
        let alias = room_alias_id!("#new:hs.test");
        assert_eq!(stage.homeserver.writes(), ["alias #new:hs.test !bad:hs.test"], "{point}");
        assert_eq!(
            stage.homeserver.resolve_alias(alias).await.unwrap().as_deref(),
            Some(bad_room()),
            "{point}"
        );
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(stage.homeserver.resolve_alias(alias).await, Ok(None), "{point}");
    })
    .await;
    let stages: [fn() -> Stage; 3] = [
        stage,
        || losing(stage(), "remove_alias", Fault::Timeout),
        || losing(stage(), "remove_alias", broken()),
    ];
    survives(&stages, REMOVE, async |stage: &mut Stage, point: &str| {
        let alias = room_alias_id!("#bad:hs.test");
        assert_eq!(stage.homeserver.writes(), ["no alias #bad:hs.test"], "{point}");
        assert_eq!(stage.homeserver.resolve_alias(alias).await, Ok(None), "{point}");
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(
            stage.homeserver.resolve_alias(alias).await.unwrap().as_deref(),
            Some(bad_room()),
            "{point}"
        );
    })
    .await;
}

/// Version 1 leaves no task behind: whoever dies while asking can look at the room only, and must not ask again.
#[tokio::test]
async fn version_1_is_asked_once_whatever_happens_and_doubt_is_told() {
    let lost: [fn() -> Stage; 4] = [
        || losing(stage(), "delete_room_v1", Fault::Timeout),
        || losing(stage(), "delete_room_v1", Fault::Away("connection reset".into())),
        || losing(stage(), "delete_room_v1", Fault::Broken { status: 502, message: "Bad Gateway".into() }),
        || losing(stage(), "delete_room_v1", Fault::BadAnswer("EOF while parsing".into())),
    ];
    for stage in [stage as fn() -> Stage].into_iter().chain(lost) {
        let doubts = std::cell::Cell::new(0);
        let script = Script { stage, lines: V1 };
        after_every_death(&script, async |stage: &mut Stage, _: &Undisturbed, point: &str| {
            ended(stage, point);
            let writes = stage.homeserver.writes();
            let is_gone = stage.homeserver.room(bad_room()).await.unwrap().is_none();
            let said = stage.store.said("run-1").unwrap().text;
            if is_gone {
                assert_eq!(writes, [V1_WRITE], "{point}");
                assert_eq!(plan(stage, 1).result(), PlanResult::Done, "{point}: {said}");
            } else {
                assert!(writes.is_empty(), "{point}: {writes:?}");
                assert_eq!(plan(stage, 1).result(), PlanResult::Failed, "{point}: {said}");
                has(
                    &said,
                    &["❌ Could not shut down Spam", "did not answer in time. I tried for ", UNCERTAIN],
                );
                doubts.set(doubts.get() + 1);
            }
        })
        .await;
        // Before the request, and after the commit that announces it.
        assert_eq!(doubts.get(), 2);
    }
}

#[tokio::test]
async fn version_1_that_was_heard_names_whom_it_removed_and_otherwise_admits_not_to_know() {
    let heard = undisturbed(&Script { stage, lines: V1 }).await;
    has(heard.shown["run-1"].as_deref().unwrap(), &["Removed (3):", "`@user2:hs.test`"]);
    let lost = Script { stage: || losing(stage(), "delete_room_v1", Fault::Timeout), lines: V1 };
    let unheard = undisturbed(&lost).await;
    has(
        unheard.shown["run-1"].as_deref().unwrap(),
        &[
            "Job 1: shutdown – done",
            "the server no longer knows it",
            "The server did not say whom it removed.",
        ],
    );
}

/// The process dies when the server has accepted the purge; before the next one looks, somebody joins.
#[tokio::test]
async fn a_purge_that_was_accepted_is_never_said_to_have_left_the_room_alone() {
    for call in 1..20 {
        let mut stage = deserted();
        stage.say(EMPTY[0]).await;
        stage.hear(moderator(), EMPTY[1]);
        stage.handle().await;
        stage.homeserver.hang_at(stage.homeserver.calls() + call, Moment::After);
        assert_eq!(stage.live().await, Lived::Died);
        if stage.homeserver.writes().is_empty() {
            continue;
        }
        stage.homeserver.change_room(far(), |room| room.members.push(owned_user_id!("@late:hs.test")));
        stage.restart();
        stage.execute().await;
        has(&stage.store.said("run-1").unwrap().text, &["Job 1: empty-rooms – done"]);
        assert_eq!(stage.homeserver.writes(), [EMPTY_WRITE]);
        assert_eq!(stage.homeserver.room(far()).await, Ok(None));
        return;
    }
    panic!("it never asks");
}

#[tokio::test]
async fn a_room_that_somebody_joined_while_nobody_worked_is_left_alone() {
    let stage = deserted();
    stage.homeserver.change_room(far(), |room| room.members.push(owned_user_id!("@late:hs.test")));
    let step = Step::PurgeEmptyRoom { room: far().to_owned().into() };
    let said = left_behind(&stage, step, Some(StepState::Asking { known: Vec::new(), members: 0 })).await;
    has(
        &said,
        &["Could not purge the empty room", "Somebody of this server is in it by now; I left it as it is."],
    );
    assert!(stage.homeserver.writes().is_empty());
}

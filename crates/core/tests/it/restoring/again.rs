//! The undo of the undo of a shutdown, and all that somebody asked for with it.

use gleipnir_core::{
    plan::PlanResult,
    ports::{Fault, Lookup as _, Records as _},
    ruma::room_id,
};

use super::{alone, inside, is_there, result, shut_down, with_others};
use crate::scene::{bad_room, has, other, plan};

#[tokio::test]
async fn undo_of_undo_of_undo_through_other_servers() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.say("!confirm 2").await;
    let asked = stage.say("!undo 2").await;
    has(
        &asked,
        &[
            "• shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it",
            "This cannot simply be undone",
        ],
    );
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done", "is shut down and purged"]);
    assert!(!is_there(&stage, bad_room()).await);
    has(
        &stage.say("!undo 1").await,
        &["Job 1 was undone by job 2, and that by job 3. `!undo 3` undoes it once more."],
    );
    has(&stage.say("!undo 3").await, &["• bring Spam", "with 3 local members"]);
    has(&stage.say("!confirm 4").await, &["Job 4: undo – done", "3 of 3"]);
    assert_eq!(inside(&stage, bad_room()).await.len(), 3);
}

#[tokio::test]
async fn undo_of_undo_of_undo_of_a_room_that_is_made_anew() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.say("!confirm 2").await;
    let (first, second) = (room_id!("!made1:hs.test"), room_id!("!made2:hs.test"));
    let asked = stage.say("!undo 2").await;
    has(
        &asked,
        &[
            "• shut down Spam (`#bad:hs.test`, `!made1:hs.test`)",
            "• block Spam (`#bad:hs.test`, `!bad:hs.test`)",
        ],
    );
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done"]);
    assert!(!is_there(&stage, first).await);
    stage.say("!undo 3").await;
    has(&stage.say("!confirm 4").await, &["Job 4: undo – done", "3 of 3", "`!made2:hs.test`"]);
    assert_eq!(inside(&stage, second).await.len(), 3);
}

#[tokio::test]
async fn all_that_somebody_asked_for_has_the_shutdown_in_it() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(
        &asked,
        &[
            "To undo what `@mod:hs.test` asked for in the last 10 minutes: 1 job, 2 changes.",
            "What is done, in this order:\n• unblock Spam",
            "• bring Spam (`#bad:hs.test`, `!bad:hs.test`) back by joining it again, with 3 local members",
            "What that means for the room:",
        ],
    );
    let report = stage.say_as(other(), "!confirm 2").await;
    has(&report, &["Job 2: undo – done", "3 of 3"]);
    assert_eq!(stage.store.undone_by(1), Ok(Some(2)));
}

#[tokio::test]
async fn a_room_is_opened_before_it_is_joined_and_blocked_after() {
    // Blocked by somebody else before, blocked by the same, and opened by the same.
    for (first, is_theirs, ends) in [("block", false, true), ("block", true, false), ("unblock", true, true)]
    {
        let mut stage = with_others();
        if first == "unblock" {
            stage.say_as(other(), "!block !bad:hs.test").await;
            stage.wait(std::time::Duration::from_hours(1)).await;
        }
        let line = format!("!{first} !bad:hs.test");
        if is_theirs {
            stage.say(&line).await
        } else {
            stage.say_as(other(), &line).await
        };
        stage.clock.pass(std::time::Duration::from_secs(1));
        stage.say("!shutdown !bad:hs.test").await;
        let id = stage.store.next_plan_id().unwrap() - 1;
        has(&stage.say(&format!("!confirm {id}")).await, &["shutdown – done"]);
        stage.clock.pass(std::time::Duration::from_secs(1));
        let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
        has(&asked, &["• bring Spam"]);
        let report = stage.say_as(other(), &format!("!confirm {}", id + 1)).await;
        has(&report, &["undo – done", "3 of 3"]);
        let status = stage.homeserver.block_status(bad_room()).await.unwrap();
        assert_eq!(status.is_blocked(), ends, "{first}: {asked}");
    }
}

#[tokio::test]
async fn the_one_room_of_two_that_is_not_back_has_another_try() {
    let mut stage = with_others();
    let far = stage.homeserver.members(bad_room()).await.unwrap();
    stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 2);
    stage.homeserver.change_room(room_id!("!two:hs.test"), |room| room.members.clone_from(&far));
    stage.say("!shutdown !bad:hs.test !two:hs.test").await;
    stage.say("!confirm 1").await;
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("join_through", refused);
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 2").await, &["Job 2: undo – partly done", "is back", "I am not let in."]);
    // Two of them see it at once; one does it.
    let asked = stage.say("!undo 1").await;
    has(&asked, &["Job 3: do it?"]);
    assert_eq!(asked.matches("• bring ").count(), 1, "{asked}");
    has(&stage.say_as(other(), "!undo 1").await, &["Job 4: do it?"]);
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done"]);
    has(
        &stage.say_as(other(), "!confirm 4").await,
        &["Job 1 was undone by job 3 meanwhile. Ask again: `!undo 1`."],
    );
    for room in [bad_room(), room_id!("!two:hs.test")] {
        assert_eq!(inside(&stage, room).await.len(), 3, "{room}");
    }
    stage.say("!cancel 4").await;
    has(&stage.say("!undo 1").await, &["Job 1 was undone by job 3 already."]);
}

#[tokio::test]
async fn a_restoration_that_failed_has_another_try_with_all_of_somebodys_jobs() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("join_through", refused);
    stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(&stage.say_as(other(), "!confirm 2").await, &["I am not let in."]);
    has(&stage.say_as(other(), "!undo @mod:hs.test 10m").await, &["• bring Spam", "Job 3: do it?"]);
    has(&stage.say_as(other(), "!confirm 3").await, &["Job 3: undo – done", "3 of 3"]);
}

#[tokio::test]
async fn what_somebody_did_and_undid_leaves_nothing_to_do() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.say("!confirm 2").await;
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(&asked, &["There is nothing that I can undo"]);
    // Shut down once more, only that is undone.
    stage.say("!shutdown !made1:hs.test").await;
    stage.say("!confirm 3").await;
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(
        &asked,
        &["3 jobs, 2 changes", "• make another room in the place of Spam (`#bad:hs.test`, `!made1:hs.test`)"],
    );
    has(&stage.say_as(other(), "!confirm 4").await, &["Job 4: undo – done"]);
    assert_eq!(stage.homeserver.made().len(), 2);
}

#[tokio::test]
async fn what_somebody_else_did_to_the_new_room_stays() {
    let mut stage = alone();
    stage.say_as(other(), "!shutdown !bad:hs.test").await;
    stage.say_as(other(), "!confirm 1").await;
    stage.say("!undo 1").await;
    stage.say("!confirm 2").await;
    stage.say_as(other(), "!shutdown !made1:hs.test").await;
    stage.say_as(other(), "!confirm 3").await;
    let asked = stage.say_as(other(), "!undo @mod:hs.test 10m").await;
    has(&asked, &["job 3 (shutdown) of `@other:hs.test` is about the same, and came later."]);
}

#[tokio::test]
async fn a_second_moderator_is_asked_for_as_for_the_shutdown() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage.settings.second = ["shutdown".to_owned()].into();
    stage.restart();
    has(&stage.say("!undo 1").await, &["`!shutdown` needs a second moderator"]);
    stage.say("!confirm 2").await;
    assert!(!is_there(&stage, bad_room()).await, "who asks cannot confirm it");
    assert!(plan(&stage, 2).steps.iter().all(|step| step.outcome.is_none()));
}

#[tokio::test]
async fn the_room_is_not_restored_twice_by_two_at_a_time() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    // One job, and all of somebody's.
    has(&stage.say_as(other(), "!undo @mod:hs.test 10m").await, &["Job 3: do it?"]);
    stage.say("!confirm 2").await;
    let said = stage.say_as(other(), "!confirm 3").await;
    has(&said, &["Job 1 was undone by job 2 meanwhile. Ask again: `!undo @mod:hs.test 10m`."]);
    assert_eq!(stage.homeserver.made().len(), 1);
    assert_eq!(result(&stage, 2), PlanResult::Done);
}

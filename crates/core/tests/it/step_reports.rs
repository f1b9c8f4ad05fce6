//! What a moderator reads when a step meets a world that has changed since the preview, or a server that does half of it.

use std::time::Duration;

use gleipnir_core::{
    model::{HistoryPurge, LocalEvents, Shutdown},
    plan::{RoomRef, Step, StepState},
    ports::{Effects as _, Fault},
    ruma::{owned_event_id, owned_room_alias_id, owned_user_id, room_id},
    testing::Stage,
};

use crate::{
    powers::plain,
    purging::talk,
    scene::{bad_room, has, left_behind, stage},
    step_crashes::{
        ADD, ADMIN, ADMIN_WRITE, EMPTY_WRITE, HISTORY, HISTORY_WRITE, LIST, REMOVE, V1, deserted, far,
        private,
    },
    step_faults::{after, broken, refused},
};

#[tokio::test]
async fn a_room_that_is_gone_by_then_is_told_apart_from_a_fault() {
    let room = RoomRef::from(room_id!("!gone:hs.test").to_owned());
    let unknown = "The server does not know this room (any more).";
    let purge = HistoryPurge { up_to: owned_event_id!("$e7:hs.test"), local: LocalEvents::Kept };
    let alias = owned_room_alias_id!("#gone:hs.test");
    for (step, state, says) in [
        (Step::ListRoom { room: room.clone() }, None, unknown),
        (Step::UnlistRoom { room: room.clone() }, None, unknown),
        (Step::MakeRoomAdmin { room: room.clone(), user: owned_user_id!("@mod:hs.test") }, None, unknown),
        (
            Step::MakeRoomAdmin { room: room.clone(), user: owned_user_id!("@mod:hs.test") },
            Some(StepState::Granting { before: Some(0) }),
            "Nobody of this server is in the room, so nobody can grant power in it.",
        ),
        (Step::DeleteExtremities { room: room.clone() }, None, unknown),
        (Step::DeleteExtremities { room: room.clone() }, Some(StepState::Trimming { before: 3 }), unknown),
        (Step::PurgeHistory { room: room.clone(), purge }, None, unknown),
        (
            Step::PurgeEmptyRoom { room: room.clone() },
            None,
            "The server does not know this room (any more); there was nothing to shut down.",
        ),
        (
            Step::AddAlias { room: room.clone(), alias: alias.clone() },
            None,
            "The homeserver refused: Room not found",
        ),
    ] {
        let stage = stage();
        let said = left_behind(&stage, step, state).await;
        has(&said, &[" – failed\n\n❌ Could not ", "`!gone:hs.test`", says]);
        assert!(stage.homeserver.writes().is_empty(), "{said}");
    }
    let stage = stage();
    let said = left_behind(&stage, Step::RemoveAlias { room, alias }, None).await;
    has(&said, &["✅ `#gone:hs.test` did not exist any more; it was to lead to `!gone:hs.test`."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn an_alias_that_others_use_by_then_is_left_to_them() {
    let other = "The alias leads to the room `!other:hs.test` by now; I left it as it is.";
    for (lines, alias) in [(ADD, "#new:hs.test"), (REMOVE, "#bad:hs.test")] {
        let mut stage = stage();
        let said = after(&mut stage, lines, |stage| {
            stage.homeserver.change_room(bad_room(), |room| room.aliases.clear());
            stage.room(room_id!("!other:hs.test"), "Other", alias, 1);
        })
        .await;
        has(&said, &["Job 1: alias – failed", other]);
        assert!(stage.homeserver.writes().is_empty());
    }
    // Somebody is quicker between looking and writing.
    for (lines, method, fault) in [
        (ADD, "add_alias", refused(409, "M_UNKNOWN", "Room alias #new:hs.test already exists")),
        (REMOVE, "remove_alias", refused(404, "M_NOT_FOUND", "Room alias #bad:hs.test not found")),
    ] {
        let mut stage = stage();
        let said = after(&mut stage, lines, |stage| stage.homeserver.fail_once(method, fault.clone())).await;
        has(&said, &["Job 1: alias – failed", "The homeserver refused: Room alias `#"]);
        // What was wished for is there, whoever did it.
        let mut stage = self::stage();
        let said = after(&mut stage, lines, |stage| stage.homeserver.lose_answer(method, fault)).await;
        has(&said, &["Job 1: alias – done"]);
        assert_eq!(stage.homeserver.writes().len(), 1);
    }
}

#[tokio::test]
async fn an_alias_that_is_as_wished_by_then_is_done_and_nothing_is_written() {
    let mut stage = stage();
    let said = after(&mut stage, ADD, |stage| {
        stage.homeserver.change_room(bad_room(), |room| room.aliases.push("#new:hs.test".into()));
    })
    .await;
    assert_eq!(
        said,
        "Job 1: alias – done\n\n✅ `#new:hs.test` led there before already: Spam (`#bad:hs.test`, `!bad:hs.test`)."
    );
    let mut stage = self::stage();
    let said = after(&mut stage, REMOVE, |stage| {
        stage.homeserver.change_room(bad_room(), |room| room.aliases.clear());
    })
    .await;
    assert_eq!(
        said,
        "Job 1: alias – done\n\n✅ `#bad:hs.test` did not exist any more; it was to lead to Spam (`#bad:hs.test`, `!bad:hs.test`)."
    );
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_server_that_forbids_publishing_is_explained() {
    let forbidden = refused(403, "M_FORBIDDEN", "Not allowed to publish room");
    let mut stage = stage();
    let said = after(&mut stage, LIST, |stage| stage.homeserver.fail_always("set_listing", forbidden)).await;
    assert_eq!(
        said,
        "Job 1: list-room – failed\n\n❌ Could not list Spam (`#bad:hs.test`, `!bad:hs.test`) in the room directory. \
         The homeserver refused (Not allowed to publish room): its configuration (room_list_publication_rules) says who \
         may list what, for server admins too."
    );
}

const GRANTED: &str =
    "The power is granted all the same; what failed is the invitation. Invite them from within the room.";

#[tokio::test]
async fn power_that_is_granted_although_the_invitation_failed_is_told() {
    let mut stage = private();
    let fault = refused(403, "M_FORBIDDEN", "not now");
    let said = after(&mut stage, ADMIN, |stage| stage.homeserver.lose_answer("make_room_admin", fault)).await;
    has(
        &said,
        &["Job 1: room-admin – failed", "The homeserver refused: not now (M_FORBIDDEN, HTTP 403). ", GRANTED],
    );
    assert_eq!(stage.homeserver.writes(), [ADMIN_WRITE]);
    // The room shows the power, and no invitation: the server of the invited one is away, or refuses.
    for fault in [refused(403, "M_FORBIDDEN", "not now"), broken(502), broken(500)] {
        let said = uninvited("invite", fault.clone()).await;
        assert_eq!(
            said,
            format!(
                "Job 1: room-admin – failed\n\n❌ Could not make `@mod:hs.test` an admin of `!bad:hs.test`. {fault} {GRANTED}"
            )
        );
    }
    // Where nobody needs an invitation, none has failed.
    for fault in [broken(502), broken(500), Fault::BadAnswer("EOF".into()), Fault::Timeout] {
        let said = uninvited("public", fault).await;
        has(
            &said,
            &[
                "Job 1: room-admin – done",
                "`@mod:hs.test` is given power 100 in `!bad:hs.test`. They are not in it",
            ],
        );
    }
}

/// The server has granted the power, and its next answers are faults.
async fn uninvited(join_rules: &str, fault: Fault) -> String {
    let stage = private();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.join_rules = Some(join_rules.to_owned());
        room.state[1]["content"]["users"]["@mod:hs.test"] = 100.into();
    });
    stage.homeserver.fail_always("make_room_admin", fault);
    let step =
        Step::MakeRoomAdmin { room: bad_room().to_owned().into(), user: owned_user_id!("@mod:hs.test") };
    left_behind(&stage, step, Some(StepState::Granting { before: Some(0) })).await
}

#[tokio::test]
async fn trap_26_why_no_power_can_be_given_is_told_in_words() {
    for (message, says) in [
        (
            "No local admin user in room",
            "No member of this server has the power to grant any: somebody of another server would have to do it. (The \
             homeserver refused: No local admin user in room (M_UNKNOWN, HTTP 400).)",
        ),
        ("Server not in room", "Nobody of this server is in the room, so nobody can grant power in it. (The"),
        (
            "Creator user @mod:hs.test must not appear in content.users",
            "They are a creator of the room, and stand above all power levels already.",
        ),
        (
            "Cannot invite user who was banned",
            "They are banned from the room, and cannot be invited before the ban is lifted.",
        ),
        (
            "This room has been blocked on this server",
            "The room is blocked on this server, so nobody can be invited.",
        ),
    ] {
        let mut stage = plain();
        let fault = refused(400, "M_UNKNOWN", message);
        let said =
            after(&mut stage, ADMIN, |stage| stage.homeserver.fail_always("make_room_admin", fault)).await;
        has(&said, &["Job 1: room-admin – failed", says]);
        assert!(!said.contains("granted all the same"), "{said}");
    }
}

#[tokio::test]
async fn a_purge_of_history_without_anything_to_purge_says_so() {
    let mut stage = talk();
    let nothing = refused(404, "M_UNKNOWN", "there is no event to be purged");
    let said =
        after(&mut stage, HISTORY, |stage| stage.homeserver.fail_always("purge_history", nothing)).await;
    has(&said, &["Job 1: purge-history – failed", "There is nothing to delete before that point."]);
    assert!(stage.homeserver.writes().is_empty());
}

fn purging() -> Step {
    Step::PurgeHistory { room: bad_room().to_owned().into(), purge: history() }
}

#[tokio::test]
async fn a_purge_of_history_that_failed_or_was_forgotten_says_what_may_be_gone() {
    let stage = talk();
    let purge_id = stage.homeserver.purge_history(bad_room(), &history()).await.unwrap();
    stage.homeserver.fail_tasks("RuntimeError: database is locked.");
    let said = left_behind(&stage, purging(), Some(StepState::FollowingPurge { purge_id })).await;
    has(
        &said,
        &[
            "– failed",
            "The server says: RuntimeError: database is locked. Some of the history may be deleted all the same.",
        ],
    );
    let stage = talk();
    let forgotten = StepState::FollowingPurge { purge_id: "gone".into() };
    let said = left_behind(&stage, purging(), Some(forgotten)).await;
    has(
        &said,
        &[
            "– failed",
            "The server has forgotten the task. It may have finished: look with !messages before you try again.",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
}

fn history() -> HistoryPurge {
    HistoryPurge { up_to: owned_event_id!("$e7:hs.test"), local: LocalEvents::Deleted }
}

#[tokio::test]
async fn a_purge_of_history_is_asked_for_where_the_server_lists_no_tasks() {
    let mut stage = talk();
    let said = after(&mut stage, HISTORY, |stage| {
        stage.homeserver.fail_always("tasks", Fault::NotRouted { status: 404 });
    })
    .await;
    has(&said, &["Job 1: purge-history – done"]);
    assert_eq!(stage.homeserver.writes(), [HISTORY_WRITE]);
}

#[tokio::test]
async fn a_purge_of_an_empty_room_that_failed_or_was_forgotten_says_so() {
    let purge = || Step::PurgeEmptyRoom { room: far().to_owned().into() };
    let following =
        |delete_id: &str| StepState::Following { delete_id: delete_id.to_owned(), members: 0, removed: 0 };
    let stage = deserted();
    let body = Shutdown { block: false, purge: true, force_purge: false, notice: None };
    let task = stage.homeserver.delete_room(far(), &body).await.unwrap();
    stage.homeserver.fail_tasks("RuntimeError: database is locked");
    let said = left_behind(&stage, purge(), Some(following(&task))).await;
    has(
        &said,
        &[
            "Could not purge the empty room `!far:hs.test`. The server says: RuntimeError: database is locked.",
        ],
    );
    let said = left_behind(&stage, purge(), Some(following("gone"))).await;
    has(
        &said,
        &["The server has forgotten the task. It may have finished: look with !room before you try again."],
    );
    assert_eq!(stage.homeserver.writes(), [EMPTY_WRITE]);
}

#[tokio::test]
async fn version_1_is_asked_again_only_when_the_server_said_that_it_did_nothing() {
    let v1 = |stage: &Stage| {
        stage.homeserver.writes().iter().filter(|write| write.starts_with("delete v1")).count()
    };
    for fault in [
        Fault::RateLimited { retry_after: None },
        Fault::RateLimited { retry_after: Some(Duration::from_secs(3)) },
    ] {
        let mut stage = stage();
        let said = after(&mut stage, V1, |stage| stage.homeserver.fail_once("delete_room_v1", fault)).await;
        has(&said, &["Job 1: shutdown – done", "Removed (3):"]);
        assert_eq!(v1(&stage), 1);
    }
    for fault in
        [Fault::Timeout, Fault::Away("reset".into()), broken(502), broken(500), Fault::BadAnswer("?".into())]
    {
        let mut stage = stage();
        let said =
            after(&mut stage, V1, |stage| stage.homeserver.fail_once("delete_room_v1", fault.clone())).await;
        has(
            &said,
            &[
                "Job 1: shutdown – failed",
                "did not answer in time. I tried for ",
                "It may have happened all the same: look with !room before you try again.",
            ],
        );
        assert_eq!(v1(&stage), 0, "{fault:?}");
        // It happened, and was not heard.
        let mut stage = self::stage();
        let said =
            after(&mut stage, V1, |stage| stage.homeserver.lose_answer("delete_room_v1", fault.clone()))
                .await;
        has(&said, &["Job 1: shutdown – done", "The server did not say whom it removed."]);
        assert_eq!(v1(&stage), 1, "{fault:?}");
    }
    for (fault, why) in [
        (Fault::NotAdmin, "I am not a server admin."),
        (refused(400, "M_UNKNOWN", "no"), "The homeserver refused: no (M_UNKNOWN, HTTP 400)."),
    ] {
        let mut stage = stage();
        let said = after(&mut stage, V1, |stage| stage.homeserver.fail_always("delete_room_v1", fault)).await;
        has(&said, &["Job 1: shutdown – failed"]);
        assert!(said.ends_with(&format!("block and purge it. {why}")), "{said}");
        assert_eq!(v1(&stage), 0);
    }
}

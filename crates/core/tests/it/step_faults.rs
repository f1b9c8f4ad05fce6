//! What becomes of each step, and what a moderator reads, when the homeserver does not do what it should, or when the
//! world has changed since the preview.

use std::time::Duration;

use gleipnir_core::{
    model::{HistoryPurge, LocalEvents, Shutdown, UpTo},
    plan::{PlanResult, RoomRef, Step, StepState},
    ports::{Effects as _, Fault},
    ruma::{owned_room_alias_id, owned_user_id, room_id},
    testing::Stage,
};

use crate::{
    powers::plain,
    purging::talk,
    scene::{bad_room, has, left_behind, moderator, plan, stage},
    step_crashes::{
        ADD, ADMIN, ADMIN_WRITE, EMPTY, EMPTY_WRITE, HISTORY, HISTORY_WRITE, LIST, REMOVE, TRIM, UNLIST, V1,
        deserted, far, forked, listed, private,
    },
};

/// A step as a moderator asks for it.
struct Case {
    stage: fn() -> Stage,
    lines: &'static [&'static str],
    /// The method that changes something.
    writes: &'static str,
    /// The methods that are read by before.
    reads: &'static [&'static str],
    /// What it leads to in the end.
    written: &'static str,
    /// What could not be done, in the report.
    could: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        stage,
        lines: LIST,
        writes: "set_listing",
        reads: &["room"],
        written: "listing !bad:hs.test \"listed\"",
        could: "list Spam (`#bad:hs.test`, `!bad:hs.test`) in the room directory",
    },
    Case {
        stage: listed,
        lines: UNLIST,
        writes: "set_listing",
        reads: &["room"],
        written: "listing !bad:hs.test \"unlisted\"",
        could: "take Spam (`#bad:hs.test`, `!bad:hs.test`) out of the room directory",
    },
    Case {
        stage,
        lines: ADD,
        writes: "add_alias",
        reads: &["resolve_alias"],
        written: "alias #new:hs.test !bad:hs.test",
        could: "let `#new:hs.test` lead to Spam (`#bad:hs.test`, `!bad:hs.test`)",
    },
    Case {
        stage,
        lines: REMOVE,
        writes: "remove_alias",
        reads: &["resolve_alias"],
        written: "no alias #bad:hs.test",
        could: "delete `#bad:hs.test`, which leads to Spam (`#bad:hs.test`, `!bad:hs.test`)",
    },
    Case {
        stage: plain,
        lines: ADMIN,
        writes: "make_room_admin",
        reads: &["room", "state"],
        written: ADMIN_WRITE,
        could: "make `@mod:hs.test` an admin of Spam (`#bad:hs.test`, `!bad:hs.test`)",
    },
    Case {
        stage: forked,
        lines: TRIM,
        writes: "delete_extremities",
        reads: &["room", "extremities"],
        written: "extremities !bad:hs.test",
        could: "delete the forward extremities of Spam (`#bad:hs.test`, `!bad:hs.test`)",
    },
    Case {
        stage: talk,
        lines: HISTORY,
        writes: "purge_history",
        reads: &["room", "tasks", "purge_status"],
        written: HISTORY_WRITE,
        could: "delete the history of Spam (`#bad:hs.test`, `!bad:hs.test`) before `$e5:hs.test`; what users of this \
                server wrote stays in the database",
    },
];

const PURGE_EMPTY: Case = Case {
    stage: deserted,
    lines: EMPTY,
    writes: "delete_room",
    reads: &["room", "delete_tasks", "members", "state", "local_aliases", "reports", "delete_task"],
    written: EMPTY_WRITE,
    could: "purge the empty room Far (`#far:hs.test`, `!far:hs.test`)",
};

fn cases() -> impl Iterator<Item = Case> {
    CASES.into_iter().chain([PURGE_EMPTY])
}

/// Says the lines, arranges something between the last one and what it leads to, and gives back the report.
async fn after(stage: &mut Stage, lines: &[&str], arrange: impl FnOnce(&Stage)) -> String {
    let (last, others) = lines.split_last().expect("something is said");
    for line in others {
        stage.say(line).await;
    }
    stage.hear(moderator(), last);
    stage.handle().await;
    assert!(stage.homeserver.writes().is_empty(), "a command does not act");
    arrange(stage);
    stage.execute().await;
    stage.store.said("run-1").expect("a report").text
}

fn refused(status: u16, errcode: &str, message: &str) -> Fault {
    Fault::Refused { status, errcode: errcode.into(), message: message.into() }
}

fn broken(status: u16) -> Fault {
    Fault::Broken { status, message: "Internal server error".into() }
}

fn passing() -> [Fault; 5] {
    [
        Fault::RateLimited { retry_after: Some(Duration::from_secs(2)) },
        Fault::RateLimited { retry_after: None },
        Fault::Timeout,
        Fault::Away("connection reset".into()),
        broken(503),
    ]
}

#[tokio::test]
async fn each_step_outlives_a_passing_fault_and_writes_once() {
    for case in cases() {
        for method in case.reads.iter().chain([&case.writes]) {
            for fault in passing() {
                let mut stage = (case.stage)();
                let said =
                    after(&mut stage, case.lines, |stage| stage.homeserver.fail_once(method, fault.clone()))
                        .await;
                has(&said, &[" – done\n"]);
                assert_eq!(stage.homeserver.writes(), [case.written], "{method}: {fault:?}");
            }
        }
        // A write that may have happened is looked for, and done if it is not there.
        for fault in [broken(500), Fault::BadAnswer("EOF while parsing".into())] {
            let mut stage = (case.stage)();
            let said =
                after(&mut stage, case.lines, |stage| stage.homeserver.fail_once(case.writes, fault.clone()))
                    .await;
            has(&said, &[" – done\n"]);
            assert_eq!(stage.homeserver.writes(), [case.written], "{fault:?}");
        }
    }
}

#[tokio::test]
async fn each_step_whose_answer_is_lost_is_done_once_or_again_where_that_is_harmless() {
    for case in cases() {
        for fault in [
            Fault::Timeout,
            Fault::Away("reset".into()),
            broken(502),
            broken(500),
            Fault::BadAnswer("?".into()),
        ] {
            let mut stage = (case.stage)();
            let said = after(&mut stage, case.lines, |stage| {
                stage.homeserver.lose_answer(case.writes, fault.clone())
            })
            .await;
            has(&said, &[" – done\n"]);
            let mut writes = stage.homeserver.writes();
            if matches!(case.writes, "set_listing" | "make_room_admin") {
                writes.dedup();
            }
            assert_eq!(writes, [case.written], "{fault:?}");
        }
    }
}

#[tokio::test]
async fn each_step_that_the_server_does_not_let_me_do_says_why() {
    for (fault, why) in [
        (Fault::NotAdmin, "I am not a server admin."),
        (Fault::TokenGone, "The homeserver no longer accepts my access token."),
        (Fault::NotRouted { status: 404 }, "The admin API is not reachable at this address (HTTP 404)."),
        (
            refused(400, "M_UNKNOWN", "no such luck"),
            "The homeserver refused: no such luck (M_UNKNOWN, HTTP 400).",
        ),
    ] {
        for case in cases() {
            let mut stage = (case.stage)();
            let said = after(&mut stage, case.lines, |stage| {
                stage.homeserver.fail_always(case.writes, fault.clone())
            })
            .await;
            has(&said, &[" – failed\n\n"]);
            assert!(said.ends_with(&format!("\n\n❌ Could not {}. {why}", case.could)), "{said}");
            assert!(stage.homeserver.writes().is_empty());
            assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
        }
    }
}

#[tokio::test]
async fn each_step_gives_up_a_server_that_stays_away_and_says_that_it_is_not_certain() {
    for case in cases() {
        let mut stage = (case.stage)();
        let said =
            after(&mut stage, case.lines, |stage| stage.homeserver.fail_always(case.writes, Fault::Timeout))
                .await;
        let why = "The homeserver did not answer in time. I tried for 1 hour. It may have happened all the same: \
                   look with !room before you try again.";
        assert!(said.ends_with(&format!(" – failed\n\n❌ Could not {}. {why}", case.could)), "{said}");
        assert!(stage.homeserver.writes().is_empty());
    }
}

#[tokio::test]
async fn trap_24_a_change_that_is_accepted_and_does_not_show_is_never_called_done() {
    for case in CASES.iter().take(5) {
        let mut stage = (case.stage)();
        let said = after(&mut stage, case.lines, |stage| stage.homeserver.ignore_changes()).await;
        has(
            &said,
            &[
                &format!("❌ Could not {}. ", case.could),
                "it accepted the change, but reading it back still shows the old one. I tried for 3",
                "look with !room before you try again.",
            ],
        );
        assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
    }
}

#[tokio::test]
async fn a_room_that_is_gone_by_then_is_told_apart_from_a_fault() {
    let room = RoomRef::from(room_id!("!gone:hs.test").to_owned());
    let unknown = "The server does not know this room (any more).";
    let purge = HistoryPurge { up_to: UpTo::Time(7000), local: LocalEvents::Kept };
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
        stage.homeserver.change_room(bad_room(), |room| room.aliases.clear())
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
    has(
        &said,
        &[
            "Job 1: purge-history – failed",
            "There is nothing to delete before that point (there is no event to be purged).",
        ],
    );
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
    HistoryPurge { up_to: UpTo::Time(7000), local: LocalEvents::Deleted }
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

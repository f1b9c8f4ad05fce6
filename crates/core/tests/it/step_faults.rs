//! What becomes of each step, and what a moderator reads, when the homeserver does not do what it should.

use std::time::Duration;

use gleipnir_core::{plan::PlanResult, ports::Fault, testing::Stage};

use crate::{
    powers::plain,
    purging::talk,
    scene::{has, moderator, plan, stage},
    step_crashes::{
        ADD, ADMIN, ADMIN_WRITE, EMPTY, EMPTY_WRITE, HISTORY, HISTORY_WRITE, LIST, REMOVE, TRIM, UNLIST,
        deserted, forked, listed,
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
    /// What shows whether it was.
    look: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        stage,
        lines: LIST,
        writes: "set_listing",
        reads: &["room"],
        written: "listing !bad:hs.test \"listed\"",
        could: "list Spam (`#bad:hs.test`, `!bad:hs.test`) in the room directory",
        look: "!room",
    },
    Case {
        stage: listed,
        lines: UNLIST,
        writes: "set_listing",
        reads: &["room"],
        written: "listing !bad:hs.test \"unlisted\"",
        could: "take Spam (`#bad:hs.test`, `!bad:hs.test`) out of the room directory",
        look: "!room",
    },
    Case {
        stage,
        lines: ADD,
        writes: "add_alias",
        reads: &["resolve_alias"],
        written: "alias #new:hs.test !bad:hs.test",
        could: "let `#new:hs.test` lead to Spam (`#bad:hs.test`, `!bad:hs.test`)",
        look: "!alias of",
    },
    Case {
        stage,
        lines: REMOVE,
        writes: "remove_alias",
        reads: &["resolve_alias"],
        written: "no alias #bad:hs.test",
        could: "delete `#bad:hs.test`, which leads to Spam (`#bad:hs.test`, `!bad:hs.test`)",
        look: "!alias of",
    },
    Case {
        stage: plain,
        lines: ADMIN,
        writes: "make_room_admin",
        reads: &["room", "state"],
        written: ADMIN_WRITE,
        could: "make `@mod:hs.test` an admin of Spam (`#bad:hs.test`, `!bad:hs.test`)",
        look: "!members",
    },
    Case {
        stage: forked,
        lines: TRIM,
        writes: "delete_extremities",
        reads: &["room", "extremities"],
        written: "extremities !bad:hs.test",
        could: "delete the forward extremities of Spam (`#bad:hs.test`, `!bad:hs.test`)",
        look: "!extremities",
    },
    Case {
        stage: talk,
        lines: HISTORY,
        writes: "purge_history",
        reads: &["room", "tasks", "purge_status"],
        written: HISTORY_WRITE,
        could: "delete the history of Spam (`#bad:hs.test`, `!bad:hs.test`) before `$e5:hs.test`; what users of this \
                server wrote stays in the database",
        look: "!messages",
    },
];

const PURGE_EMPTY: Case = Case {
    stage: deserted,
    lines: EMPTY,
    writes: "delete_room",
    reads: &["room", "delete_tasks", "members", "state", "local_aliases", "reports", "delete_task"],
    written: EMPTY_WRITE,
    could: "purge the empty room Far (`#far:hs.test`, `!far:hs.test`)",
    look: "!room",
};

fn cases() -> impl Iterator<Item = Case> {
    CASES.into_iter().chain([PURGE_EMPTY])
}

/// Says the lines, arranges something between the last one and what it leads to, and gives back the report.
pub(crate) async fn after(stage: &mut Stage, lines: &[&str], arrange: impl FnOnce(&Stage)) -> String {
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

pub(crate) fn refused(status: u16, errcode: &str, message: &str) -> Fault {
    Fault::Refused { status, errcode: errcode.into(), message: message.into() }
}

pub(crate) fn broken(status: u16) -> Fault {
    Fault::Broken { status, message: "Internal server error".into() }
}

fn passing() -> [Fault; 6] {
    [
        Fault::RateLimited { retry_after: Some(Duration::from_secs(2)) },
        Fault::RateLimited { retry_after: None },
        Fault::Timeout,
        Fault::Away("connection reset".into()),
        Fault::TokenGone,
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
                stage.homeserver.lose_answer(case.writes, fault.clone());
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
        (Fault::NotRouted { status: 404 }, "The admin API is not reachable at this address (HTTP 404)."),
        (
            refused(400, "M_UNKNOWN", "no such luck"),
            "The homeserver refused: no such luck (M_UNKNOWN, HTTP 400).",
        ),
    ] {
        for case in cases() {
            let mut stage = (case.stage)();
            let said = after(&mut stage, case.lines, |stage| {
                stage.homeserver.fail_always(case.writes, fault.clone());
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
        let why = format!(
            "The homeserver did not answer in time. I tried for 1 hour. It may have happened all the same: look with \
             {} before you try again.",
            case.look
        );
        assert!(said.ends_with(&format!(" – failed\n\n❌ Could not {}. {why}", case.could)), "{said}");
        assert!(stage.homeserver.writes().is_empty());
    }
}

#[tokio::test]
async fn a_change_that_is_accepted_and_does_not_show_is_never_called_done() {
    for case in CASES.iter().take(5) {
        let mut stage = (case.stage)();
        let said = after(&mut stage, case.lines, |stage| stage.homeserver.ignore_changes()).await;
        has(
            &said,
            &[
                &format!("❌ Could not {}. ", case.could),
                "it accepted the change, but reading it back still shows the old one. I tried for 3",
                &format!("look with {} before you try again.", case.look),
            ],
        );
        assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
    }
}

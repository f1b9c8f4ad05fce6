//! The steps of housekeeping, when the process dies or the homeserver does not do what it should.

use std::time::Duration;

use gleipnir_core::{plan::PlanResult, ports::Fault, testing::Stage};

use super::{servers::servers, with_eve, with_tokens};
use crate::{
    deaths::{Script, at_every_point},
    scene::{has, plan},
    step_faults::{after, broken, refused},
};

/// A step as a moderator asks for it.
struct Case {
    stage: fn() -> Stage,
    lines: &'static [&'static str],
    /// The method that changes something.
    writes: &'static str,
    /// The method that is read by before and after.
    reads: &'static str,
    /// What it leads to in the end.
    written: &'static str,
    /// What could not be done, in the report.
    could: &'static str,
    /// What shows whether it was.
    look: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        stage: with_tokens,
        lines: &["!token new --uses 1"],
        writes: "create_token",
        reads: "registration_tokens",
        written: "new token chance3",
        could: "make a registration token",
        look: "!token list",
    },
    Case {
        stage: with_tokens,
        lines: &["!token new --uses 1 --token quicksilver"],
        writes: "create_token",
        reads: "registration_tokens",
        written: "new token quicksilver",
        could: "make the registration token `qu…`",
        look: "!token list",
    },
    Case {
        stage: with_tokens,
        lines: &["!token edit swordfishes --uses 9"],
        writes: "edit_token",
        reads: "registration_tokens",
        written: r#"edit token swordfishes {"expires_at":null,"uses_allowed":9}"#,
        could: "change the registration token `sw…`",
        look: "!token list",
    },
    Case {
        stage: with_tokens,
        lines: &["!token delete swordfishes"],
        writes: "delete_token",
        reads: "registration_tokens",
        written: "delete token swordfishes",
        could: "delete the registration token `sw…`",
        look: "!token list",
    },
    Case {
        stage: with_eve,
        lines: &["!ratelimit @eve:hs.test set 2 10"],
        writes: "set_rate_limit",
        reads: "rate_limit",
        written: r#"rate limit @eve:hs.test {"burst_count":10,"messages_per_second":2}"#,
        could: "let `@eve:hs.test` do 2 a second, and 10 at once",
        look: "!ratelimit",
    },
    Case {
        stage: with_eve,
        lines: &["!ratelimit @eve:hs.test set unlimited"],
        writes: "set_rate_limit",
        reads: "rate_limit",
        written: r#"rate limit @eve:hs.test {"burst_count":0,"messages_per_second":0}"#,
        could: "let `@eve:hs.test` send as fast as they like",
        look: "!ratelimit",
    },
    Case {
        stage: servers,
        lines: &["!federation retry down.test"],
        writes: "retry_destination",
        reads: "destination",
        written: "retry down.test",
        could: "try to reach `down.test` at once",
        look: "!federation",
    },
];

#[tokio::test]
async fn each_is_done_once_whenever_the_process_dies() {
    for case in CASES {
        let script = Script { stage: case.stage, lines: case.lines };
        at_every_point(&script, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), [case.written], "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn each_is_done_once_when_an_answer_is_lost_and_the_process_dies() {
    let stages: [(fn() -> Stage, usize); 4] = [
        (|| losing(with_tokens(), "create_token"), 0),
        (|| losing(with_tokens(), "create_token"), 1),
        (|| losing(with_tokens(), "delete_token"), 3),
        (|| losing(with_eve(), "set_rate_limit"), 4),
    ];
    for (stage, n) in stages {
        let script = Script { stage, lines: CASES[n].lines };
        at_every_point(&script, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), [CASES[n].written], "{point}");
        })
        .await;
    }
}

fn losing(stage: Stage, method: &'static str) -> Stage {
    stage.homeserver.lose_answer(method, Fault::Timeout);
    stage
}

#[tokio::test]
async fn each_outlives_a_passing_fault_and_a_lost_answer() {
    let faults = [
        Fault::RateLimited { retry_after: Some(Duration::from_secs(2)) },
        Fault::Timeout,
        Fault::Away("connection reset".into()),
        broken(503),
    ];
    for case in CASES {
        for fault in faults.clone() {
            for method in [case.reads, case.writes] {
                let mut stage = (case.stage)();
                let arrange = |stage: &Stage| stage.homeserver.fail_once(method, fault.clone());
                has(&after(&mut stage, case.lines, arrange).await, &[" – done\n"]);
                assert_eq!(stage.homeserver.writes(), [case.written], "{method}: {fault:?}");
            }
        }
        for fault in [Fault::Timeout, broken(500), Fault::BadAnswer("EOF while parsing".into())] {
            let mut stage = (case.stage)();
            let arrange = |stage: &Stage| stage.homeserver.lose_answer(case.writes, fault.clone());
            has(&after(&mut stage, case.lines, arrange).await, &[" – done\n"]);
            assert_eq!(stage.homeserver.writes(), [case.written], "{fault:?}");
        }
    }
}

#[tokio::test]
async fn each_that_the_server_refuses_says_why() {
    for (fault, why) in [
        (Fault::NotAdmin, "I am not a server admin."),
        (
            refused(403, "M_FORBIDDEN", "no such luck"),
            "The homeserver refused: no such luck (M_FORBIDDEN, HTTP 403).",
        ),
    ] {
        for case in CASES {
            let mut stage = (case.stage)();
            let arrange = |stage: &Stage| stage.homeserver.fail_always(case.writes, fault.clone());
            let said = after(&mut stage, case.lines, arrange).await;
            assert!(said.ends_with(&format!("❌ Could not {}. {why}", case.could)), "{said}");
            assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn each_gives_up_a_server_that_stays_away_and_says_where_to_look() {
    for case in CASES {
        let mut stage = (case.stage)();
        let arrange = |stage: &Stage| stage.homeserver.fail_always(case.writes, Fault::Timeout);
        let said = after(&mut stage, case.lines, arrange).await;
        let end = format!("It may have happened all the same: look with {} before you try again.", case.look);
        has(&said, &[&format!("❌ Could not {}. ", case.could), "I tried for 1 hour."]);
        assert!(said.ends_with(&end), "{said}");
        assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
    }
}

#[tokio::test]
async fn what_is_accepted_and_does_not_show_is_never_called_done() {
    for case in &CASES[2..6] {
        let mut stage = (case.stage)();
        let said = after(&mut stage, case.lines, |stage| stage.homeserver.ignore_changes()).await;
        has(
            &said,
            &[
                &format!("❌ Could not {}. ", case.could),
                "it accepted the change, but reading it back still shows the old one.",
            ],
        );
    }
    let mut stage = servers();
    let said = after(&mut stage, CASES[6].lines, |stage| stage.homeserver.ignore_changes()).await;
    has(&said, &["`down.test` was tried again, and still cannot be reached."]);
}

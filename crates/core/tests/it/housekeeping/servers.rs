//! Conversations about `!federation retry`.

use gleipnir_core::{
    model::Destination,
    ports::{Fault, LookupServer as _},
    ruma::{OwnedServerName, ServerName},
    testing::Stage,
};

use crate::scene::{has, plans, stage, watcher};

/// 2026-11-21 00:00:00 UTC
const MIDNIGHT: i64 = 1_795_219_200_000;

/// A server that cannot be reached, one that can be, and one that nothing was sent to.
pub(super) fn servers() -> Stage {
    let stage = stage();
    for (name, failing_since, was_reached) in
        [("down.test", Some(MIDNIGHT - 86_400_000), true), ("up.test", None, true), ("new.test", None, false)]
    {
        let server = OwnedServerName::try_from(name).expect("a server name");
        let destination = Destination {
            name: name.to_owned(),
            failing_since,
            last_try_at: failing_since.map(|_| MIDNIGHT - 60_000),
            retry_interval: if failing_since.is_some() { 360_000_000 } else { 0 },
            was_reached,
        };
        stage.homeserver.put_destination(&server, destination, Vec::new());
    }
    stage
}

async fn is_failing(stage: &Stage) -> bool {
    let server = <&ServerName>::try_from("down.test").expect("a server name");
    let known =
        stage.homeserver.destination(server).await.expect("nothing fails any more").expect("it is known");
    known.failing_since.is_some()
}

#[tokio::test]
async fn a_server_that_could_not_be_reached_is_tried_at_once() {
    let mut stage = servers();
    has(
        &stage.say("!federation retry Down.test --dry-run").await,
        &[
            "`down.test`: cannot be reached since 2026-11-20 00:00:00 UTC",
            "It would be tried at once, instead of from 2026-11-25 03:59:00 UTC on.",
            "Dry run: nothing was done.",
        ],
    );
    assert!(is_failing(&stage).await);
    let said = stage.say("!federation retry down.test").await;
    has(&said, &["Job 1: federation – done", "✅ `down.test` is tried again."]);
    assert!(!is_failing(&stage).await);
    has(
        &stage.say("!undo 1").await,
        &[
            "There is nothing of job 1 that I can undo.",
            "`down.test` was tried again: there is nothing to put right.",
        ],
    );
    has(&stage.say("!federation retry down.test").await, &["can be reached. There is nothing to try again."]);
}

#[tokio::test]
async fn what_needs_no_retry_or_cannot_be_tried_is_said() {
    let mut stage = servers();
    for (line, part) in [
        ("!federation retry up.test", "`up.test`: can be reached. There is nothing to try again."),
        ("!federation retry new.test", "nothing was ever sent to it. There is nothing to try again."),
        ("!federation retry nowhere.test", "This server never had to do with `nowhere.test`"),
        ("!federation retry", "Which server? Name it: `!federation retry example.org`."),
        ("!federation retry \"a b\"", "“a b” is no name of a server."),
        ("!federation retry <b>*x*", "is no name of a server."),
        ("!federation down.test up.test", "is one word too many"),
    ] {
        has(&stage.say(line).await, &[part]);
    }
    has(&stage.say_as(watcher(), "!federation retry down.test").await, &["needs power level 50"]);
    has(&stage.say_as(watcher(), "!federation down.test").await, &["cannot be reached since"]);
    stage.homeserver.fail_once("destination", Fault::Timeout);
    has(&stage.say("!federation retry down.test").await, &["did not answer in time."]);
    assert_eq!(plans(&stage).len(), 0);
}

#[tokio::test]
async fn a_server_that_is_reached_meanwhile_is_not_tried_again() {
    let mut stage = servers();
    let refused = |status, message: &str| Fault::Refused {
        status,
        errcode: "M_UNKNOWN".into(),
        message: message.to_owned(),
    };
    stage
        .homeserver
        .fail_once("retry_destination", refused(400, "The retry timing does not need to be reset."));
    has(&stage.say("!federation retry down.test").await, &["Job 1: federation – done"]);
    stage.homeserver.fail_once("retry_destination", refused(403, "no such luck"));
    has(&stage.say("!federation retry down.test").await, &["Job 2: federation – failed", "no such luck"]);
}

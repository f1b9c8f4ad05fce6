//! What a moderator reads when the homeserver does not do what it should.

use std::time::Duration;

use gleipnir_core::ports::{Effects as _, Fault};

use crate::scene::{DELETED, has, plan, plans, stage};

/// Every fault, and all that is said about it.
fn faults() -> [(Fault, &'static str); 8] {
    let again = |words: &'static str| words;
    [
        (
            Fault::NotAdmin,
            "I am not a server admin.\n\nMake `@bot:hs.test` a server admin on `hs.test`; docs/setup.md says how, also for delegated authentication.",
        ),
        (
            Fault::NotRouted { status: 404 },
            "The admin API is not reachable at this address (HTTP 404).\n\nReverse proxies usually hide /_synapse/admin. Let it through for me, or set homeserver.url to Synapse's own address; docs/setup.md says how.",
        ),
        (
            Fault::RateLimited { retry_after: Some(Duration::from_secs(2)) },
            again("The homeserver asks me to slow down.\n\nNothing was done. Try again in a moment."),
        ),
        (
            Fault::Timeout,
            again("The homeserver did not answer in time.\n\nNothing was done. Try again in a moment."),
        ),
        (
            Fault::Away("connection refused".into()),
            again(
                "I cannot reach the homeserver (connection refused).\n\nNothing was done. Try again in a moment.",
            ),
        ),
        (
            Fault::Broken { status: 500, message: "Internal server error".into() },
            again(
                "The homeserver failed: Internal server error (HTTP 500).\n\nNothing was done. Try again in a moment.",
            ),
        ),
        (
            Fault::Broken { status: 503, message: "<html>".into() },
            again("The homeserver failed: <html> (HTTP 503).\n\nNothing was done. Try again in a moment."),
        ),
        (
            Fault::BadAnswer("expected a map".into()),
            again("The homeserver's answer makes no sense to me: expected a map.\n\nNothing was done."),
        ),
    ]
}

#[tokio::test]
async fn every_command_that_asks_the_server_explains_every_fault() {
    let event = format!("!bad:hs.test ${}", "a".repeat(43));
    for (method, line) in [
        ("room", "!room !bad:hs.test".to_owned()),
        ("block_status", "!room !bad:hs.test".to_owned()),
        ("state", "!room !bad:hs.test".to_owned()),
        ("resolve_alias", "!room #bad:hs.test".to_owned()),
        ("rooms", "!rooms".to_owned()),
        ("rooms", "!rooms spam --file".to_owned()),
        ("room", "!rooms !bad:hs.test".to_owned()),
        ("room", "!members !bad:hs.test".to_owned()),
        ("members", "!members !bad:hs.test".to_owned()),
        ("room", "!space !bad:hs.test".to_owned()),
        ("state", "!space !bad:hs.test".to_owned()),
        ("block_status", "!blocked !bad:hs.test".to_owned()),
        ("context", format!("!context {event}")),
        ("original", format!("!context {}", &event[13..])),
        ("resolve_alias", "!block #bad:hs.test".to_owned()),
        ("block_status", "!block !bad:hs.test".to_owned()),
        ("room", "!unblock !bad:hs.test".to_owned()),
        ("members", "!shutdown !bad:hs.test".to_owned()),
        ("local_aliases", "!shutdown !bad:hs.test".to_owned()),
        ("delete_tasks", "!shutdown !bad:hs.test".to_owned()),
        ("account", "!shutdown !bad:hs.test --notify-as @user0:hs.test".to_owned()),
        ("resolve_alias", "!audit #bad:hs.test".to_owned()),
        ("standing", "!jobs".to_owned()),
        ("standing", "!block !bad:hs.test".to_owned()),
        ("connection", "!status".to_owned()),
    ] {
        for (fault, want) in faults() {
            let mut stage = stage();
            stage.homeserver.fail_once(method, fault.clone());
            assert_eq!(stage.say(&line).await, want, "{line}: {method}: {fault:?}");
            assert!(
                plans(&stage).is_empty() && stage.homeserver.writes().is_empty(),
                "{line}: {method}: {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_alias_whose_server_is_away_is_no_fault_of_ours() {
    let fault = || Fault::Broken { status: 502, message: "Failed to fetch alias".into() };
    for line in
        ["!room #far:gone.test", "!block #far:gone.test", "!shutdown #far:gone.test", "!audit #far:gone.test"]
    {
        let mut stage = stage();
        stage.homeserver.fail_once("resolve_alias", fault());
        assert_eq!(
            stage.say(line).await,
            "I do not know where `#far:gone.test` leads: its server, `gone.test`, could not be asked. The homeserver \
             failed: Failed to fetch alias (HTTP 502). Nothing was done. Use the room's ID, or try again later; \
             `!federation gone.test` shows how it stands with that server.",
            "{line}"
        );
        assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty(), "{line}");
    }
    // Our own server alone knows its aliases.
    let mut stage = stage();
    stage.homeserver.fail_once("resolve_alias", fault());
    has(
        &stage.say("!room #bad:hs.test").await,
        &["The homeserver failed: Failed to fetch alias (HTTP 502)."],
    );
}

#[tokio::test]
async fn a_command_waits_for_a_new_login_and_is_answered_once() {
    let mut stage = stage();
    stage.homeserver.fail_once("room", Fault::TokenGone);
    assert_eq!(stage.say("!block !bad:hs.test").await, "");
    assert!(plans(&stage).is_empty());
    stage.handle().await;
    stage.execute().await;
    stage.handle().await;
    assert_eq!((plans(&stage).len(), stage.homeserver.writes().len()), (1, 1));
}

#[tokio::test]
async fn a_refusal_carries_the_servers_words_and_its_errcode() {
    let mut stage = stage();
    let refused =
        Fault::Refused { status: 400, errcode: "M_INVALID_PARAM".into(), message: "no such thing".into() };
    stage.homeserver.fail_once("room", refused);
    assert_eq!(
        stage.say("!room !bad:hs.test").await,
        "The homeserver refused: no such thing (M_INVALID_PARAM, HTTP 400).\n\nNothing was done."
    );
}

#[tokio::test]
async fn a_confirmation_that_cannot_be_checked_leaves_the_job_waiting() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.homeserver.fail_once("standing", Fault::Timeout);
    has(&stage.say("!confirm 1").await, &["did not answer in time", "Nothing was done."]);
    has(&stage.say("!confirm 1").await, &["Job 1: shutdown – done"]);
}

#[tokio::test]
async fn status_tells_what_is_missing_instead_of_failing() {
    let mut stage = stage();
    stage.homeserver.fail_once("server_version", Fault::Timeout);
    stage.homeserver.fail_once("account", Fault::NotAdmin);
    has(
        &stage.say("!status").await,
        &[
            "Server: ⚠ The homeserver did not answer in time. `http://127.0.0.1:8008`",
            "Rights: ✘ I am not a server admin: most commands will fail",
        ],
    );
    stage.homeserver.fail_once("server_version", Fault::Timeout);
    has(
        &stage.say("!version").await,
        &["Gleipnir ", "; the server did not tell its version: The homeserver did not answer in time."],
    );
}

#[tokio::test]
async fn work_that_meets_a_passing_fault_goes_on_by_itself() {
    for fault in [
        Fault::RateLimited { retry_after: Some(Duration::from_secs(2)) },
        Fault::RateLimited { retry_after: None },
        Fault::Timeout,
        Fault::Away("reset".into()),
        Fault::Broken { status: 503, message: "restarting".into() },
    ] {
        for method in
            ["room", "delete_tasks", "members", "state", "local_aliases", "delete_room", "delete_task"]
        {
            let mut stage = stage();
            stage.say("!shutdown !bad:hs.test").await;
            stage.homeserver.fail_once(method, fault.clone());
            has(&stage.say("!confirm 1").await, &["Job 1: shutdown – done"]);
            assert_eq!(stage.homeserver.writes(), [DELETED], "{method}: {fault:?}");
        }
    }
}

#[tokio::test]
async fn work_that_meets_a_lasting_fault_ends_and_says_why() {
    let mut stage = stage();
    stage.homeserver.fail_always("set_block", Fault::NotAdmin);
    assert_eq!(
        stage.say("!block !bad:hs.test").await,
        "Job 1: block – failed\n\n❌ Could not block Spam (`#bad:hs.test`, `!bad:hs.test`). I am not a server admin."
    );
    stage.homeserver.fail_always("delete_room", Fault::NotAdmin);
    stage.say("!shutdown !bad:hs.test").await;
    assert_eq!(
        stage.say("!confirm 2").await,
        "Job 2: shutdown – failed\n\n❌ Could not shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it. I am not a server admin."
    );
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_after_an_hour_with_what_is_uncertain() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.homeserver.fail_always("delete_room", Fault::Timeout);
    let said = stage.say("!confirm 1").await;
    has(
        &said,
        &[
            "Job 1: shutdown – failed",
            "The homeserver did not answer in time. I tried for 1 hour.",
            "It may have happened all the same: look with !room before you try again.",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn trap_04_a_failed_task_is_told_in_the_servers_words_and_that_the_room_is_blocked() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.hear(crate::scene::moderator(), "!confirm 1");
    stage.handle().await;
    stage.homeserver.hang_at(stage.homeserver.calls() + 10, gleipnir_core::testing::Moment::Before);
    stage.live().await;
    assert_eq!(stage.homeserver.writes(), [DELETED]);
    stage.homeserver.fail_tasks("RuntimeError: database is locked");
    stage.restart();
    stage.execute().await;
    assert_eq!(
        stage.store.said("run-1").unwrap().text,
        "Job 1: shutdown – failed\n\n❌ Could not shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it. \
         The server says: RuntimeError: database is locked. The room is blocked now all the same."
    );
    assert!(!plan(&stage, 1).steps.is_empty());
}

#[tokio::test]
async fn who_is_inside_may_stay_unknown_without_failing_the_block() {
    let mut stage = stage();
    stage.hear(crate::scene::moderator(), "!block !bad:hs.test");
    stage.handle().await;
    stage.homeserver.fail_once("room", Fault::Timeout);
    stage.execute().await;
    has(
        &stage.store.said("run-1").unwrap().text,
        &["Job 1: block – done", "`!bad:hs.test`) is blocked", "I could not ask who is still inside."],
    );
    let body = gleipnir_core::model::Block::Off;
    stage.homeserver.set_block(crate::scene::bad_room(), body).await.unwrap();
}

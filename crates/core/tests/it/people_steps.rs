//! What is done to people, files and reports: each step is done once, whenever the process dies or an answer is lost; it
//! says what the server says, can be taken back where that is possible, and does nothing against who is protected.

use gleipnir_core::{
    execute::{Server, report},
    model::{
        About, Account, MediaDetails, MemberChange, Mxc, Report, ReportKey, ReportKind, Sanction, Standing,
    },
    plan::{Plan, PlanResult, RoomRef, Step},
    ports::{Clock as _, Fault, Lookup as _},
    ruma::{OwnedUserId, owned_event_id, owned_user_id, user_id},
    testing::Stage,
};
use serde_json::json;

use crate::{
    deaths::{Script, at_every_point},
    scene::{bad_room, has, left_behind, plan, stage, under_way},
};

/// Makes a stage.
type SetUp = fn() -> Stage;
/// Makes a step fail.
type Spoil = fn(&Stage);
/// Changes who somebody is.
type Protect = fn(&mut Stage);

fn eve() -> OwnedUserId {
    owned_user_id!("@eve:hs.test")
}

fn mxc() -> Mxc {
    "mxc://hs.test/cat".parse().expect("a file")
}

fn reported() -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Event, id: 7, received_ts: 5 },
        reporter: "@ana:hs.test".into(),
        reason: None,
        about: About::Event { room_id: "!bad:hs.test".into(), event_id: "$evil".into() },
        author: Some("@eve:hs.test".into()),
    }
}

/// The bad room with the bot in power and Eve inside, her message, her file, and a report of it.
fn with_eve() -> Stage {
    let stage = stage();
    stage.homeserver.put_account(&eve(), Account::default());
    stage.homeserver.change_room(bad_room(), |room| {
        room.members.extend([owned_user_id!("@bot:hs.test"), eve()]);
        room.state.push(json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test",
            "content": {"users": {"@bot:hs.test": 100}}}));
        room.events.push(json!({"type": "m.room.message", "event_id": "$evil", "sender": "@eve:hs.test",
            "room_id": "!bad:hs.test", "origin_server_ts": 1, "content": {"msgtype": "m.text", "body": "x"}}));
    });
    stage.homeserver.put_media(&mxc(), MediaDetails::default());
    stage.homeserver.report(reported(), None);
    stage
}

fn spam() -> RoomRef {
    let alias = Some("#bad:hs.test".into());
    RoomRef { id: bad_room().to_owned(), name: Some("Spam".into()), alias }
}

fn redact() -> Step {
    let (event_id, author) = (owned_event_id!("$evil"), Some(eve()));
    Step::RedactEvent { room: spam(), event_id, author, reason: Some("spam".into()) }
}

fn redact_all() -> Step {
    Step::RedactUser {
        user: eve(),
        rooms: vec![bad_room().to_owned()],
        reason: None,
        since: None,
        limit: None,
    }
}

fn member(change: MemberChange) -> Step {
    Step::Member { room: spam(), user: eve(), change, reason: None }
}

fn suspend() -> Step {
    Step::Sanction { user: eve(), sanction: Sanction::Suspension }
}

fn quarantine() -> Step {
    Step::QuarantineMedia { media: mxc(), author: Some(eve()) }
}

fn tell() -> Step {
    Step::Tell { user: eve(), text: "Thank you.".into(), key: "case-1-resolved".into() }
}

/// The stage with a Plan of one step that was confirmed and has not begun.
fn with(step: Step) -> Stage {
    let stage = with_eve();
    under_way(&stage, step, None);
    stage
}

fn losing(stage: Stage, method: &'static str) -> Stage {
    stage.homeserver.lose_answer(method, Fault::Timeout);
    stage
}

#[tokio::test]
async fn each_step_is_done_once_whenever_the_process_dies() {
    let stages: [(SetUp, &[&str]); 9] = [
        (|| with(redact()), &["redact !bad:hs.test $evil"]),
        (|| losing(with(redact()), "redact_event"), &["redact !bad:hs.test $evil"]),
        (|| with(redact_all()), &["redact-user @eve:hs.test [\"!bad:hs.test\"]"]),
        (|| losing(with(redact_all()), "redact_user"), &["redact-user @eve:hs.test [\"!bad:hs.test\"]"]),
        (|| with(member(MemberChange::Kick)), &["kick @eve:hs.test !bad:hs.test"]),
        (|| losing(with(member(MemberChange::Ban)), "change_member"), &["ban @eve:hs.test !bad:hs.test"]),
        (|| with(suspend()), &["suspend @eve:hs.test"]),
        (|| losing(with(quarantine()), "set_quarantine"), &["quarantine mxc://hs.test/cat"]),
        (|| with(Step::DeleteReport { report: reported().key }), &["delete event report 7"]),
    ];
    for (stage, writes) in stages {
        at_every_point(&Script { stage, lines: &["!version"] }, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), writes, "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn each_step_says_what_is_true_now_and_is_taken_back() {
    for (step, said, undone) in [
        (redact(), "✅ `$evil` in Spam (`#bad:hs.test`, `!bad:hs.test`) is redacted.", None),
        (redact_all(), "✅ The messages of `@eve:hs.test` are redacted.", None),
        (
            member(MemberChange::Kick),
            "✅ `@eve:hs.test` is kicked from Spam (`#bad:hs.test`, `!bad:hs.test`).",
            Some("`@eve:hs.test` is invited to Spam"),
        ),
        (
            member(MemberChange::Ban),
            "✅ `@eve:hs.test` is banned from Spam",
            Some("`@eve:hs.test` is no longer banned from Spam"),
        ),
        (suspend(), "✅ `@eve:hs.test` is suspended.", Some("`@eve:hs.test` is no longer suspended.")),
        (
            Step::Sanction { user: eve(), sanction: Sanction::Lock },
            "✅ `@eve:hs.test` is locked.",
            Some("`@eve:hs.test` is no longer locked."),
        ),
        (
            Step::Sanction { user: eve(), sanction: Sanction::ShadowBan },
            "✅ `@eve:hs.test` is shadow-banned.",
            Some("`@eve:hs.test` is no longer shadow-banned."),
        ),
        (
            quarantine(),
            "✅ `mxc://hs.test/cat` is in quarantine: nobody can download it",
            Some("`mxc://hs.test/cat` is no longer in quarantine."),
        ),
        (Step::DeleteReport { report: reported().key }, "delete event report 7 from the server: done.", None),
        (
            Step::IgnoreReporter { user: eve() },
            "ignore what `@eve:hs.test` reports: done.",
            Some("no longer ignore what `@eve:hs.test` reports: done."),
        ),
        (tell(), "✅ `@eve:hs.test` is told, in the direct chat `!direct", None),
    ] {
        let mut stage = with(step.clone());
        stage.execute().await;
        let report = stage.store.said(&Plan::report_key(1)).expect("it is reported").text;
        has(&report, &[said]);
        assert_eq!(report.contains("Undo: `!undo 1`"), undone.is_some(), "{report}");
        let answer = stage.say("!undo 1").await;
        match undone {
            Some(undone) => {
                has(&answer, &["Job 2: undo – done", undone]);
                assert_eq!(plan(&stage, 2).result(), PlanResult::Done);
            }
            None => has(&answer, &["There is nothing of job 1 that I can undo."]),
        }
    }
}

#[tokio::test]
async fn what_is_so_already_is_not_done_again() {
    let stage = with_eve();
    stage.homeserver.put_account(&eve(), Account { suspended: true, ..Account::default() });
    has(&left_behind(&stage, suspend(), None).await, &["✅ `@eve:hs.test` was suspended before already."]);
    let by = Some("@other:hs.test".into());
    stage.homeserver.put_media(&mxc(), MediaDetails { quarantined_by: by, ..MediaDetails::default() });
    has(&left_behind(&stage, quarantine(), None).await, &["was in quarantine before already."]);
    let unban = left_behind(&stage, member(MemberChange::Unban), None).await;
    has(&unban, &["✅ `@eve:hs.test` was not banned from Spam"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let no_power: Spoil = |stage| {
        stage.homeserver.change_room(bad_room(), |room| room.state.clear());
    };
    let cases: [(Step, Spoil, &str); 9] = [
        (redact(), no_power, "You don't have permission to redact"),
        (member(MemberChange::Kick), no_power, "You don't have permission to kick"),
        (
            redact(),
            |stage| stage.homeserver.change_room(bad_room(), |room| room.events.clear()),
            "does not know this event",
        ),
        (
            Step::Sanction { user: owned_user_id!("@typo:hs.test"), sanction: Sanction::Lock },
            |_| {},
            "There is no such account on this server.",
        ),
        (
            quarantine(),
            |stage| {
                let details = MediaDetails { is_protected: true, ..MediaDetails::default() };
                stage.homeserver.put_media(&mxc(), details);
            },
            "The file is protected from quarantine.",
        ),
        (
            Step::QuarantineMedia { media: "mxc://hs.test/dog".parse().expect("a file"), author: None },
            |_| {},
            "This server does not have the file.",
        ),
        (
            Step::DeleteReport { report: ReportKey { received_ts: 6, ..reported().key } },
            |_| {},
            "gives that number to another report by now",
        ),
        (
            suspend(),
            |stage| stage.homeserver.fail_always("set_sanction", Fault::NotAdmin),
            "I am not a server admin",
        ),
        (
            redact_all(),
            |stage| stage.homeserver.fail_always("redact_user", Fault::NotAdmin),
            "I am not a server admin",
        ),
    ];
    for (step, spoil, why) in cases {
        let stage = with_eve();
        spoil(&stage);
        has(&left_behind(&stage, step, None).await, &["❌ Could not ", why]);
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{why}");
    }
}

#[tokio::test]
async fn a_write_that_does_not_show_is_not_called_done() {
    for step in [redact(), member(MemberChange::Ban), suspend(), quarantine()] {
        let stage = with_eve();
        stage.homeserver.ignore_changes();
        has(&left_behind(&stage, step, None).await, &["❌ Could not ", "still shows the old one"]);
    }
}

#[tokio::test]
async fn nothing_is_done_against_who_became_protected_since_it_was_asked_for() {
    for step in [redact(), redact_all(), member(MemberChange::Kick), suspend(), quarantine()] {
        let protect: [(Protect, &str); 4] = [
            (|stage| stage.homeserver.put_standing(&eve(), Standing::Level(0)), "is a moderator"),
            (
                |stage| {
                    stage.homeserver.put_account(&eve(), Account { admin: true, ..Account::default() });
                },
                "is a server admin",
            ),
            (
                |stage| {
                    let appservice = Some("bridge".into());
                    stage.homeserver.put_account(&eve(), Account { appservice, ..Account::default() });
                },
                "belongs to the appservice \"bridge\"",
            ),
            (
                |stage| {
                    stage.settings.exempt = vec!["@ev?:*".into()];
                    stage.restart();
                },
                "is exempt by my configuration",
            ),
        ];
        for (protect, why) in protect {
            let mut stage = with_eve();
            protect(&mut stage);
            has(&left_behind(&stage, step.clone(), None).await, &["❌ Could not ", why]);
            assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{why}");
        }
    }
    let stage = with_eve();
    let own = Step::Sanction { user: user_id!("@bot:hs.test").to_owned(), sanction: Sanction::Lock };
    has(&left_behind(&stage, own, None).await, &["That is my own account."]);
    assert_eq!(stage.homeserver.account(&eve()).await, Ok(Some(Account::default())));
}

#[tokio::test]
async fn reporters_are_told_by_a_notice_where_there_are_notices() {
    let stage = with_eve();
    stage.homeserver.enable_notices();
    has(&left_behind(&stage, tell(), None).await, &["`@eve:hs.test` is told, by a server notice."]);
    has(&left_behind(&stage, tell(), None).await, &["is told"]);
    assert_eq!(stage.homeserver.written(), [("@eve:hs.test".to_owned(), "Thank you.".to_owned())]);
}

fn hook(case: u64) -> Step {
    Step::CallWebhook { name: "siem".into(), body: json!({"case": case}) }
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_is_given_up_soon_and_is_not_the_homeserver() {
    for (fault, why) in [
        (Fault::Timeout, "The webhook \"siem\" did not answer in time. I tried for 3"),
        (Fault::Away("the webhook cannot be reached".into()), "\"siem\" cannot be reached. I tried for 3"),
        (Fault::RateLimited { retry_after: None }, "\"siem\" asks me to slow down. I tried for 3"),
        (
            Fault::Broken { status: 500, message: "Oh".into() },
            "\"siem\" failed: Oh (HTTP 500). I tried for 3",
        ),
        (
            Fault::Refused { status: 403, errcode: "M_UNKNOWN".into(), message: "Forbidden".into() },
            "The webhook \"siem\" refused: Forbidden (HTTP 403).",
        ),
        (Fault::NotRouted { status: 404 }, "There is no webhook \"siem\" in my configuration."),
    ] {
        let stage = with_eve();
        let before = stage.clock.now();
        stage.homeserver.fail_always("call_webhook", fault);
        let said = left_behind(&stage, hook(7), None).await;
        has(&said, &["❌ Could not call the webhook `siem`.", why]);
        assert!(!said.contains("homeserver") && !said.contains("hour"), "{said}");
        assert!(stage.clock.now() - before < 90_000, "{said}");
    }
    // What passes soon is waited for.
    let stage = with_eve();
    stage.homeserver.fail_once("call_webhook", Fault::Timeout);
    has(&left_behind(&stage, hook(7), None).await, &["✅"]);

    let waiting = plan(&with(hook(7)), 1);
    let said = report(&waiting, Server::Away).render().text;
    has(&said, &["The webhook `siem` does not answer as it should. I keep trying for half a minute."]);
    assert!(!said.contains("homeserver"), "{said}");
}

#[test]
fn a_webhook_keeps_no_other_case_and_no_command_waiting() {
    assert_eq!(hook(7).lane(), hook(7).lane());
    assert_ne!(hook(7).lane(), hook(8).lane());
    assert_ne!(hook(7).lane(), Step::CallWebhook { name: "b".into(), body: json!({"case": 7}) }.lane());
    assert!(hook(7).takes_long());
}

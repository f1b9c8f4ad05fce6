//! `!logout`, `!deactivate`, `!reactivate` and `!reset-password`: what is asked, what is done, what is left alone, and
//! that a typing error never makes an account.

mod attached;
mod deaths;
mod delegated;
mod parting;
mod passwords;

use gleipnir_core::{
    model::{Account, Device, Erase, Sessions, Standing},
    plan::{PlanResult, PlanState, Step, StepState},
    ports::{Fault, Lookup as _, LookupPeople as _},
    ruma::{OwnedUserId, UserId, owned_user_id, room_id, user_id},
    testing::Stage,
};

use crate::{
    scene::{bad_room, has, left_behind, moderator, plan, plans, stage, watcher},
    step_faults::{broken, refused},
};

/// Changes who somebody is.
type Protect = fn(&mut Stage);

const COMMANDS: [&str; 4] = ["logout", "deactivate", "reactivate", "reset-password"];

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

fn ana() -> &'static UserId {
    user_id!("@ana:hs.test")
}

fn device(id: &str) -> Device {
    Device { id: id.into(), display_name: Some(format!("{id}'s phone")), ..Device::default() }
}

/// Eve with two devices and in two rooms, Ana with one device and in one, and Old, who is deactivated.
fn with_people() -> Stage {
    let stage = stage();
    stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 1);
    for (name, devices) in [("eve", &["PHONE", "LAPTOP"][..]), ("ana", &["TABLET"]), ("old", &[])] {
        let id = OwnedUserId::try_from(format!("@{name}:hs.test")).expect("a user ID");
        let display_name = Some(name.to_uppercase());
        let deactivated = name == "old";
        stage.homeserver.put_account(&id, Account { display_name, deactivated, ..Account::default() });
        stage.homeserver.put_devices(&id, devices.iter().map(|id| device(id)).collect());
        if !deactivated {
            stage.homeserver.change_room(bad_room(), |room| room.members.push(id));
        }
    }
    stage.homeserver.change_room(room_id!("!two:hs.test"), |room| room.members.push(eve().to_owned()));
    stage
}

async fn account(stage: &Stage, user: &UserId) -> Account {
    stage.homeserver.account(user).await.expect("it answers").expect("there is one")
}

async fn logins(stage: &Stage, user: &UserId) -> Vec<String> {
    let devices = stage.homeserver.devices(user).await.expect("it answers");
    devices.into_iter().map(|device| device.id).collect()
}

#[tokio::test]
async fn all_logins_end() {
    let mut stage = with_people();
    let asked = stage.say("!logout @eve:hs.test account taken over").await;
    has(
        &asked,
        &[
            "To log out: they would have to log in again everywhere, and lose keys of encrypted messages",
            "• EVE (`@eve:hs.test`): 2 logins",
            "Whoever knows the password can log in again: `!reset-password` or `!suspend` is against that.",
            "This cannot simply be undone: whoever is logged out has to log in again",
        ],
    );
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    let said = stage.say("!confirm 1").await;
    has(
        &said,
        &["Job 1: logout – done, because “account taken over”", "✅ `@eve:hs.test` is logged out: 2 logins."],
    );
    assert_eq!(stage.homeserver.writes(), [r#"log-out @eve:hs.test ["PHONE","LAPTOP"]"#]);
    assert_eq!(logins(&stage, eve()).await, Vec::<String>::new());
    has(
        &stage.say("!undo 1").await,
        &["There is nothing of job 1 that I can undo.", "I cannot log `@eve:hs.test` in again"],
    );
    let again = stage.say("!logout @eve:hs.test").await;
    assert_eq!(again, "• EVE (`@eve:hs.test`) is not logged in with any device.");
}

#[tokio::test]
async fn one_login_ends() {
    let mut stage = with_people();
    let asked = stage.say("!logout @eve:hs.test --device LAPTOP").await;
    has(&asked, &["that login would end at once", "• EVE (`@eve:hs.test`): `LAPTOP` “LAPTOP's phone”"]);
    has(&stage.say("!confirm 1").await, &["✅ `@eve:hs.test`: the login `LAPTOP` has ended."]);
    assert_eq!(logins(&stage, eve()).await, ["PHONE"]);
    let unknown = stage.say("!logout @eve:hs.test --device laptop").await;
    has(
        &unknown,
        &["Nothing was done.", "has no login “laptop”: `!devices @eve:hs.test` shows those that there are."],
    );
    has(&stage.say("!logout @eve:hs.test @ana:hs.test --device PHONE").await, &["one login of one user"]);
    has(&stage.say("!logout --attached --device PHONE").await, &["--attached", "--device"]);
    assert_eq!(stage.homeserver.writes().len(), 1);
}

#[tokio::test]
async fn a_login_that_came_since_it_was_asked_for_ends_too() {
    let mut stage = with_people();
    stage.say("!logout @ana:hs.test").await;
    stage.homeserver.put_devices(ana(), vec![device("TABLET"), device("NEW")]);
    has(&stage.say("!confirm 1").await, &["is logged out: 2 logins."]);
    stage.say("!logout @eve:hs.test --device PHONE").await;
    stage.homeserver.put_devices(eve(), vec![device("LAPTOP")]);
    has(&stage.say("!confirm 2").await, &["`@eve:hs.test` had no login `PHONE` any more."]);
    assert_eq!(stage.homeserver.writes().len(), 1);
}

#[tokio::test]
async fn an_account_is_deactivated_and_followed_out_of_its_rooms() {
    let mut stage = with_people();
    let asked = stage.say("!deactivate @eve:hs.test spam").await;
    has(
        &asked,
        &[
            "To deactivate: nobody could log in to the account any more, and it would leave its rooms.",
            "• EVE (`@eve:hs.test`) is in 2 rooms, and logged in with 2 devices",
            "What that means:\n• Gone for good: all logins and their keys",
            "What stays: messages and files. `!redact` takes away messages; `!media delete` and `!quarantine`",
            "The ID cannot be used again for a new account.",
            "with `--erase` they are deleted",
            "What can be taken back is `!suspend`",
            "This cannot simply be undone:",
        ],
    );
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    let said = stage.say("!confirm 1").await;
    has(
        &said,
        &[
            "Job 1: deactivate – done, because “spam”",
            "✅ `@eve:hs.test` is deactivated, and has left 2 rooms.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), [r#"deactivate @eve:hs.test "no""#]);
    assert_eq!(stage.homeserver.rooms_of(eve()).await, Ok(Vec::new()));
    let again = stage.say("!deactivate @eve:hs.test").await;
    assert_eq!(again, "• EVE (`@eve:hs.test`) is deactivated already.");
    has(
        &stage.say("!undo 1").await,
        &["nothing of job 1 that I can undo", "`!reactivate @eve:hs.test` brings the account back"],
    );
}

#[tokio::test]
async fn erasing_says_what_it_does_and_does_not() {
    let mut stage = with_people();
    let asked = stage.say("!deactivate @eve:hs.test --erase").await;
    has(&asked, &["Erasing deletes name and picture", "It deletes neither messages nor files"]);
    has(
        &stage.say("!confirm 1").await,
        &["✅ `@eve:hs.test` is deactivated and erased, and has left 2 rooms."],
    );
    assert!(account(&stage, eve()).await.erased);
    has(&stage.say("!deactivate @eve:hs.test --erase").await, &["is deactivated and erased already."]);
    // Who is deactivated only can still be erased.
    let asked = stage.say("!deactivate @old:hs.test --erase").await;
    has(&asked, &["• OLD (`@old:hs.test`) is deactivated already, and would be erased", "Erasing deletes"]);
    assert!(!asked.contains("Gone for good"), "{asked}");
    has(&stage.say("!confirm 2").await, &["✅ `@old:hs.test` is deactivated and erased; it was in no room."]);
    assert!(account(&stage, user_id!("@old:hs.test")).await.erased);
}

#[tokio::test]
async fn a_room_that_cannot_be_left_is_named_and_not_waited_for_without_end() {
    let mut stage = with_people();
    stage.say("!deactivate @eve:hs.test").await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    // The server never gets to it.
    stage.homeserver.fail_once("rooms_of", Fault::Timeout);
    stage.homeserver.part_nobody();
    stage.execute().await;
    let said = stage.store.said("run-1").expect("a report").text;
    has(
        &said,
        &[
            "– partly done",
            "⚠️ `@eve:hs.test` is deactivated, but is still in 2 rooms: `!bad:hs.test`, `!two:hs.test`.",
        ],
    );
}

#[tokio::test]
async fn a_deactivated_account_comes_back_without_what_it_had() {
    let mut stage = with_people();
    let said = stage.say("!reactivate @old:hs.test by mistake").await;
    has(
        &said,
        &[
            "Job 1: reactivate – done, because “by mistake”",
            "✅ `@old:hs.test` is active again. If it has no password: `!reset-password @old:hs.test`.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), ["reactivate @old:hs.test"]);
    assert!(!account(&stage, user_id!("@old:hs.test")).await.deactivated);
    assert_eq!(stage.say("!reactivate @old:hs.test").await, "• OLD (`@old:hs.test`) is not deactivated.");
    has(&stage.say("!undo 1").await, &["`!deactivate @old:hs.test` deactivates the account again."]);
    let dry = stage.say("!reactivate @old:hs.test @eve:hs.test").await;
    has(&dry, &["is not deactivated."]);
}

#[tokio::test]
async fn several_are_one_job_and_a_failure_stops_no_other() {
    let mut stage = with_people();
    has(
        &stage.say("!logout @eve:hs.test, @ana:hs.test @old:hs.test raid").await,
        &["Left alone:", "OLD", "is not logged in"],
    );
    stage.homeserver.fail_once("log_out", refused(400, "M_UNKNOWN", "no"));
    let said = stage.say("!confirm 1").await;
    has(
        &said,
        &[
            "partly done, because “raid”",
            "❌ Could not log out `@eve:hs.test` everywhere",
            "✅ `@ana:hs.test` is logged out: 1 login.",
        ],
    );
    let asked = stage.say("!deactivate @eve:hs.test @ana:hs.test @old:hs.test").await;
    has(&asked, &["EVE", "ANA", "Left alone:\n• OLD (`@old:hs.test`) is deactivated already."]);
    stage.say("!confirm 2").await;
    assert_eq!(plan(&stage, 2).result(), PlanResult::Done);
    let said = stage.say("!reactivate @eve:hs.test @ana:hs.test @old:hs.test").await;
    has(
        &said,
        &[
            "`@eve:hs.test` is active again",
            "`@ana:hs.test` is active again",
            "`@old:hs.test` is active again",
        ],
    );
}

#[tokio::test]
async fn trap_01_a_typing_error_makes_no_account_and_stops_the_others() {
    for command in COMMANDS {
        let mut stage = with_people();
        let said = stage.say(&format!("!{command} @evve:hs.test")).await;
        has(&said, &["There is no account `@evve:hs.test` on this server. Check its spelling"]);
        if command != "reset-password" {
            let said = stage.say(&format!("!{command} @eve:hs.test @evve:hs.test")).await;
            has(&said, &["Nothing was done.", "There is no account `@evve:hs.test`"]);
        }
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command}");
        assert_eq!(stage.homeserver.account(user_id!("@evve:hs.test")).await, Ok(None), "{command}");
        assert_eq!(plans(&stage).len(), 0, "{command}");
    }
}

#[tokio::test]
async fn who_is_of_another_server_or_is_no_user_is_left_alone_with_a_word() {
    for command in COMMANDS {
        let mut stage = with_people();
        has(&stage.say(&format!("!{command} @far:other.test")).await, &["is of another server"]);
        has(&stage.say(&format!("!{command} eve")).await, &["“eve” is not a user"]);
        has(&stage.say(&format!("!{command} !bad:hs.test")).await, &["a user is needed here"]);
        has(&stage.say(&format!("!{command}")).await, &["Something is missing"]);
        has(&stage.say_as(watcher(), &format!("!{command} @eve:hs.test")).await, &["needs power level 50"]);
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command}");
    }
}

#[tokio::test]
async fn nothing_is_done_against_the_protected() {
    let protected: [(&str, Protect); 5] = [
        ("is a moderator", |stage| stage.homeserver.put_standing(eve(), Standing::Level(0))),
        ("is a server admin", |stage| {
            stage.homeserver.put_account(eve(), Account { admin: true, ..Account::default() });
        }),
        ("belongs to the appservice", |stage| {
            let appservice = Some("bridge".into());
            stage.homeserver.put_account(eve(), Account { appservice, ..Account::default() });
        }),
        ("is exempt by my configuration", |stage| {
            stage.settings.exempt = vec!["@ev?:*".into()];
            stage.restart();
        }),
        ("", |_| {}),
    ];
    for command in ["logout", "deactivate", "reset-password"] {
        for (why, protect) in protected {
            let mut stage = with_people();
            stage.homeserver.put_devices(user_id!("@bot:hs.test"), vec![device("BOT")]);
            protect(&mut stage);
            if why.is_empty() {
                has(&stage.say(&format!("!{command} @bot:hs.test")).await, &["That is my own account."]);
            } else {
                has(&stage.say(&format!("!{command} @eve:hs.test")).await, &[why]);
                // Who became so after it was asked for is spared as well.
                let mut stage = with_people();
                stage.say(&format!("!{command} @eve:hs.test")).await;
                stage.hear(moderator(), "!confirm 1");
                stage.handle().await;
                protect(&mut stage);
                stage.execute().await;
                has(&stage.store.said("run-1").expect("a report").text, &["❌ Could not ", why]);
                assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command} {why}");
            }
            assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command} {why}");
            assert_eq!(plans(&stage).len(), 0, "{command} {why}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_shows_everything_and_writes_nothing() {
    for (command, shown) in [
        ("logout @eve:hs.test", "2 logins"),
        ("deactivate @eve:hs.test --erase", "Erasing deletes"),
        ("reactivate @old:hs.test", "It would have no password"),
        ("reset-password @eve:hs.test", "in a new direct chat"),
    ] {
        let mut stage = with_people();
        let said = stage.say(&format!("!{command} --dry-run")).await;
        has(&said, &[shown, "Dry run: nothing was done."]);
        assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{command}");
    }
}

#[tokio::test]
async fn faults_of_the_server_are_told_and_nothing_is_asked() {
    for (command, methods) in [
        ("logout @eve:hs.test", &["account", "devices", "authentication", "standing"][..]),
        ("deactivate @eve:hs.test", &["account", "devices", "rooms_of", "authentication", "standing"]),
        ("reactivate @old:hs.test", &["account", "authentication"]),
        ("reset-password @eve:hs.test", &["account", "authentication"]),
        ("lock @eve:hs.test", &["account", "authentication"]),
    ] {
        for method in methods {
            let mut stage = with_people();
            stage.homeserver.fail_once(method, Fault::Timeout);
            let said = stage.say(&format!("!{command}")).await;
            has(&said, &["did not answer in time.", "Nothing was done."]);
            assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{command} {method}");
        }
    }
}

/// What is typed, the method that writes, what it writes, and what could not be done.
const WRITES: [(&[&str], &str, &str, &str); 3] = [
    (
        &["!logout @eve:hs.test", "!confirm 1"],
        "log_out",
        r#"log-out @eve:hs.test ["PHONE","LAPTOP"]"#,
        "log out `@eve:hs.test` everywhere",
    ),
    (
        &["!deactivate @eve:hs.test", "!confirm 1"],
        "deactivate",
        r#"deactivate @eve:hs.test "no""#,
        "deactivate `@eve:hs.test`",
    ),
    (&["!reactivate @old:hs.test"], "reactivate", "reactivate @old:hs.test", "reactivate `@old:hs.test`"),
];

async fn says(stage: &mut Stage, lines: &[&str], arrange: impl FnOnce(&Stage)) -> String {
    crate::step_faults::after(stage, lines, arrange).await
}

#[tokio::test]
async fn each_outlives_what_passes_and_writes_once() {
    for (lines, method, written, _) in WRITES {
        for fault in [
            Fault::Timeout,
            Fault::Away("reset".into()),
            Fault::RateLimited { retry_after: None },
            broken(503),
            broken(500),
        ] {
            let mut stage = with_people();
            let said =
                says(&mut stage, lines, |stage| stage.homeserver.fail_once(method, fault.clone())).await;
            has(&said, &[" – done"]);
            assert_eq!(stage.homeserver.writes(), [written], "{fault:?}");
            if matches!(fault, Fault::RateLimited { .. }) {
                continue;
            }
            let mut stage = with_people();
            let said =
                says(&mut stage, lines, |stage| stage.homeserver.lose_answer(method, fault.clone())).await;
            has(&said, &[" – done"]);
            assert_eq!(stage.homeserver.writes(), [written], "lost: {fault:?}");
        }
    }
}

#[tokio::test]
async fn each_says_what_the_server_says_and_what_is_not_certain() {
    for (lines, method, _, could) in WRITES {
        for (fault, why) in [
            (Fault::NotAdmin, "I am not a server admin."),
            (
                refused(400, "M_UNKNOWN", "no such luck"),
                "The homeserver refused: no such luck (M_UNKNOWN, HTTP 400).",
            ),
            (Fault::Timeout, "I tried for 1 hour. It may have happened all the same: look with !"),
        ] {
            let mut stage = with_people();
            let said =
                says(&mut stage, lines, |stage| stage.homeserver.fail_always(method, fault.clone())).await;
            has(&said, &[" – failed", &format!("❌ Could not {could}."), why]);
            assert_eq!(
                (stage.homeserver.writes().len(), plan(&stage, 1).state),
                (0, PlanState::Done),
                "{why}"
            );
        }
        let mut stage = with_people();
        let said = says(&mut stage, lines, |stage| stage.homeserver.ignore_changes()).await;
        has(&said, &[&format!("❌ Could not {could}."), "reading it back still shows the old one"]);
    }
}

#[tokio::test]
async fn an_account_that_is_gone_by_then_is_never_written_to() {
    let gone = owned_user_id!("@gone:hs.test");
    for step in [
        Step::LogOut { user: gone.clone(), device: None },
        Step::Deactivate { user: gone.clone(), erase: Erase::Yes },
        Step::Reactivate { user: gone.clone() },
        Step::ResetPassword {
            user: gone.clone(),
            recipient: moderator().to_owned(),
            sessions: Sessions::Ended,
        },
    ] {
        let stage = with_people();
        has(&left_behind(&stage, step, None).await, &["❌ Could not "]);
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn who_cannot_be_followed_out_of_the_rooms_is_deactivated_all_the_same() {
    for (fault, why) in [
        (Fault::NotAdmin, "The account is deactivated; whether it has left its rooms, !rooms-of tells."),
        (broken(500), "It may have happened all the same: look with !user"),
    ] {
        let stage = with_people();
        stage.homeserver.fail_always("rooms_of", fault);
        let step = Step::Deactivate { user: eve().to_owned(), erase: Erase::No };
        let parting = StepState::Parting { rooms: 2, left: 1, idle: 0 };
        has(
            &left_behind(&stage, step, Some(parting)).await,
            &["❌ Could not deactivate `@eve:hs.test`", why],
        );
    }
}

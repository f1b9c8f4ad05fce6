//! `!reset-password`: only the moderator who asks gets to see it, and only in a direct chat.

use gleipnir_core::{
    model::{Account, Password, Sessions, Standing},
    plan::Step,
    ports::Fault,
    ruma::user_id,
    testing::Stage,
};

use super::{eve, logins, with_people};
use crate::{
    scene::{has, left_behind, moderator, plan, plans, stage},
    step_faults::refused,
};

/// Fails if a password is anywhere but in direct chats.
#[track_caller]
fn is_nowhere_else(stage: &Stage) {
    assert!(!stage.homeserver.passwords().is_empty(), "one was set");
    for (user, password) in stage.homeserver.passwords() {
        for key in stage.store.keys() {
            let said = stage.store.said(&key).map(|said| format!("{said:?}")).unwrap_or_default();
            assert!(!said.contains(&password), "{key} has the password of {user}");
        }
        for plan in plans(stage) {
            assert!(!format!("{plan:?}").contains(&password), "{plan:?}");
            let stored: Vec<_> =
                plan.steps.iter().map(|step| (&step.step, &step.state, &step.outcome)).collect();
            let stored = serde_json::to_string(&stored).expect("it is stored so");
            assert!(!stored.contains(&password), "{stored}");
        }
        assert!(!stage.homeserver.writes().iter().any(|write| write.contains(&password)));
        assert!(!format!("{:?}", Password(password.clone())).contains(&password));
    }
}

#[tokio::test]
async fn it_goes_to_a_direct_chat_and_nowhere_else() {
    let mut stage = with_people();
    let asked = stage.say("!reset-password @eve:hs.test").await;
    has(
        &asked,
        &[
            "A new password for EVE (`@eve:hs.test`): the old one would no longer work, and all their logins would end.",
            "I would send it to `@mod:hs.test` in a new direct chat, and keep it nowhere else.",
            "delete the message when you have passed the password on.",
            "This cannot simply be undone: the old password is gone.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    let said = stage.say("!confirm 1").await;
    let (chat, password) = stage.homeserver.written().remove(0);
    has(
        &said,
        &[
            "Job 1: reset-password – done",
            &format!(
                "✅ `@eve:hs.test` has a new password. `@mod:hs.test` has it from me in the direct chat `{chat}`."
            ),
        ],
    );
    assert_ne!(chat, "!management:hs.test");
    assert_eq!(stage.homeserver.passwords(), [(eve().to_owned(), password)]);
    let writes = stage.homeserver.writes();
    assert_eq!(writes[0], "direct chat @mod:hs.test");
    assert_eq!(writes[1], r#"password @eve:hs.test "ended""#);
    assert_eq!(logins(&stage, eve()).await, Vec::<String>::new());
    has(&stage.say("!undo 1").await, &["I do not know the old password of `@eve:hs.test`."]);
    stage.say("!job 1").await;
    stage.say("!audit").await;
    is_nowhere_else(&stage);
}

#[tokio::test]
async fn whoever_confirms_it_the_one_who_asked_gets_it() {
    let mut stage = with_people();
    has(
        &stage.say("!reset-password @eve:hs.test --keep-sessions").await,
        &["Logins that there are would go on."],
    );
    has(&stage.say_as(crate::scene::other(), "!confirm 1").await, &["`@mod:hs.test` has it from me"]);
    assert_eq!(stage.homeserver.writes()[1], r#"password @eve:hs.test "kept""#);
    assert_eq!(logins(&stage, eve()).await.len(), 2);
    is_nowhere_else(&stage);
}

#[tokio::test]
async fn it_does_not_leave_the_server() {
    let mut stage = with_people();
    let far = user_id!("@mod:other.test");
    stage.homeserver.put_standing(far, Standing::Level(100));
    let said = stage.say_as(far, "!reset-password @eve:hs.test").await;
    has(
        &said,
        &[
            "You are of another server, and the password would leave this one. Nothing was done. A moderator of `hs.test`",
        ],
    );
    assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0));
}

#[tokio::test]
async fn who_is_deactivated_gets_none_and_who_logs_in_elsewhere_is_said() {
    let mut stage = with_people();
    has(
        &stage.say("!reset-password @old:hs.test").await,
        &["is deactivated", "`!reactivate @old:hs.test` comes first."],
    );
    let external_ids = vec![("oidc-google".into(), "1".into()), ("saml".into(), "2".into())];
    stage.homeserver.put_account(eve(), Account { external_ids, ..Account::default() });
    let said = stage.say("!reset-password @eve:hs.test --dry-run").await;
    has(&said, &["They log in with another service (“oidc-google”, “saml”)"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_chat_that_cannot_be_opened_leaves_the_password_as_it_is() {
    for (fault, why) in [
        (Fault::Timeout, "The password is as it was. You may find an empty direct chat with me."),
        (refused(403, "M_FORBIDDEN", "no rooms for you"), "no rooms for you"),
    ] {
        let mut stage = with_people();
        stage.homeserver.fail_once("open_direct_chat", fault);
        stage.say("!reset-password @eve:hs.test").await;
        has(&stage.say("!confirm 1").await, &["❌ Could not reset the password of `@eve:hs.test`", why]);
        assert_eq!((stage.homeserver.writes().len(), stage.homeserver.passwords().len()), (0, 0), "{why}");
    }
}

#[tokio::test]
async fn a_password_that_cannot_be_sent_is_made_anew_until_it_can() {
    let mut stage = with_people();
    for fault in [Fault::Timeout, Fault::RateLimited { retry_after: None }] {
        stage.homeserver.fail_once("send_password", fault);
    }
    stage.say("!reset-password @eve:hs.test").await;
    has(&stage.say("!confirm 1").await, &["– done"]);
    assert_eq!(stage.homeserver.passwords().len(), 3);
    assert_eq!(stage.homeserver.written().pop().map(|(_, text)| text), Some("secret3".into()));
    is_nowhere_else(&stage);

    let mut stage = with_people();
    stage.homeserver.fail_always("send_password", Fault::Timeout);
    stage.say("!reset-password @eve:hs.test").await;
    let said = stage.say("!confirm 1").await;
    has(&said, &["– failed", "The old password may be gone all the same", "ask for another password"]);
    is_nowhere_else(&stage);
}

#[tokio::test]
async fn who_asked_and_is_no_moderator_any_more_gets_none() {
    let mut stage = with_people();
    stage.say("!reset-password @eve:hs.test").await;
    stage.homeserver.put_standing(moderator(), Standing::Outside);
    let said = stage.say_as(crate::scene::other(), "!confirm 1").await;
    has(&said, &["❌ Could not reset the password", "is no moderator any more"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn an_account_that_was_deactivated_meanwhile_gets_none() {
    let stage = stage();
    stage.homeserver.put_account(eve(), Account { deactivated: true, ..Account::default() });
    let (user, recipient) = (eve().to_owned(), moderator().to_owned());
    let step = Step::ResetPassword { user, recipient, sessions: Sessions::Ended };
    has(&left_behind(&stage, step, None).await, &["The account is deactivated."]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    assert_eq!(plan(&stage, 1).steps.len(), 1);
}

#[tokio::test]
async fn a_refusal_leaves_the_password_as_it_was_unless_it_may_have_been_set_before() {
    for status in [400, 403] {
        let mut stage = with_people();
        stage.homeserver.fail_always("reset_password", refused(status, "M_FORBIDDEN", "Passwords are off"));
        stage.say("!reset-password @eve:hs.test").await;
        let said = stage.say("!confirm 1").await;
        has(&said, &["– failed", "Passwords are off", "The password is as it was."]);
        assert!(!said.contains("may be gone"), "{said}");

        let mut stage = with_people();
        stage.homeserver.lose_answer("reset_password", Fault::Timeout);
        stage.homeserver.fail_once("reset_password", refused(status, "M_FORBIDDEN", "Passwords are off"));
        stage.say("!reset-password @eve:hs.test").await;
        has(&stage.say("!confirm 1").await, &["Passwords are off", "The old password may be gone"]);
    }
}

#[tokio::test]
async fn not_many_passwords_are_set_when_none_can_be_sent() {
    for fault in [Fault::Timeout, Fault::RateLimited { retry_after: None }] {
        let mut stage = with_people();
        stage.homeserver.fail_always("send_password", fault.clone());
        stage.say("!reset-password @eve:hs.test").await;
        has(&stage.say("!confirm 1").await, &["– failed"]);
        let set = stage.homeserver.passwords().len();
        assert!(set < 30, "{fault:?}: {set}");
    }
}

//! Where another service decides about logins: what Synapse would accept without effect is refused, with what works.

use gleipnir_core::{model::Authentication, ports::Fault};

use super::with_people;
use crate::scene::{has, plans};

const IN_VAIN: [&str; 5] = [
    "lock @eve:hs.test",
    "unlock @eve:hs.test",
    "deactivate @eve:hs.test",
    "reactivate @old:hs.test",
    "reset-password @eve:hs.test",
];

#[tokio::test]
async fn trap_24_what_has_no_effect_with_delegated_authentication_is_refused() {
    for command in IN_VAIN {
        let mut stage = with_people();
        stage.homeserver.authenticates(Authentication::Elsewhere);
        let said = stage.say(&format!("!{command}")).await;
        has(
            &said,
            &[
                "Logins are the business of an authentication service here (MAS), and I have no access to it.",
                "Nothing was done. Give me access under `[mas]` in my configuration, ",
                "do it in that service",
            ],
        );
        let keeps_out = !command.starts_with("un") && !command.starts_with("reactivate");
        assert_eq!(said.contains("`!suspend`, which works"), keeps_out, "{said}");
        assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{command}");
    }
}

#[tokio::test]
async fn trap_24_what_works_with_delegated_authentication_is_done() {
    let mut stage = with_people();
    stage.homeserver.authenticates(Authentication::Elsewhere);
    for command in ["suspend", "unsuspend", "shadow-ban", "unshadow-ban"] {
        has(&stage.say(&format!("!{command} @eve:hs.test")).await, &["– done"]);
    }
    let asked = stage.say("!logout @eve:hs.test").await;
    has(&asked, &["Where they are logged in to that with a browser, they stay so"]);
    has(&stage.say("!confirm 5").await, &["is logged out: 2 logins."]);
}

#[tokio::test]
async fn trap_24_with_access_to_the_service_all_goes_on() {
    for command in IN_VAIN {
        let mut stage = with_people();
        stage.homeserver.authenticates(Authentication::Mas);
        let said = stage.say(&format!("!{command} --dry-run")).await;
        assert!(!said.contains("[mas]"), "{said}");
    }
    let mut stage = with_people();
    stage.homeserver.authenticates(Authentication::Mas);
    stage.say("!deactivate @eve:hs.test").await;
    has(&stage.say("!confirm 1").await, &["– done"]);
}

#[tokio::test]
async fn trap_24_nothing_is_done_while_it_is_not_known_who_decides() {
    for command in IN_VAIN {
        let mut stage = with_people();
        stage.homeserver.fail_once("authentication", Fault::Away("refused".into()));
        has(&stage.say(&format!("!{command}")).await, &["Nothing was done. Try again in a moment."]);
        assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{command}");
    }
}

#[tokio::test]
async fn status_tells_whether_the_service_lets_me_in() {
    let mut stage = with_people();
    assert!(!stage.say("!status").await.contains("Logins:"), "the homeserver has them");
    stage.homeserver.authenticates(Authentication::Mas);
    has(&stage.say("!status").await, &["Logins: ✔ I have access to the authentication service (MAS)\n"]);
    stage.homeserver.authenticates(Authentication::Elsewhere);
    has(&stage.say("!status").await, &["and I have no access to it: give it to me under `[mas]`"]);
    let message = "Matrix Authentication Service: it refuses the client of [mas]".to_owned();
    stage
        .homeserver
        .fail_once("authentication", Fault::Refused { status: 401, errcode: "M_UNKNOWN".into(), message });
    has(
        &stage.say("!status").await,
        &["Logins: ⚠ ", "it refuses the client of [mas]", "I cannot lock or deactivate accounts meanwhile"],
    );
}

#[tokio::test]
async fn what_the_service_ends_is_not_said_to_stay() {
    let stays = ["with a browser, they stay so", "With a browser that stays logged in to that"];
    for (authentication, option, said) in [
        (Authentication::Homeserver, "", None),
        (Authentication::Homeserver, " --device PHONE", None),
        (Authentication::Mas, "", None),
        (Authentication::Mas, " --device PHONE", Some(stays[1])),
        (Authentication::Elsewhere, "", Some(stays[0])),
        (Authentication::Elsewhere, " --device PHONE", Some(stays[0])),
    ] {
        let mut stage = with_people();
        stage.homeserver.authenticates(authentication);
        let preview = stage.say(&format!("!logout @eve:hs.test{option} --dry-run")).await;
        has(&preview, &["To log out: "]);
        for words in stays {
            assert_eq!(preview.contains(words), said == Some(words), "{authentication:?}: {preview}");
        }
    }
}

#[tokio::test]
async fn a_lock_that_takes_a_while_says_so() {
    let slow = "up to two minutes";
    for command in ["lock @eve:hs.test", "suspend @eve:hs.test"] {
        for authentication in [Authentication::Homeserver, Authentication::Mas] {
            let mut stage = with_people();
            stage.homeserver.authenticates(authentication);
            let preview = stage.say(&format!("!{command} --dry-run")).await;
            let is_slow = authentication == Authentication::Mas && command.starts_with("lock");
            assert_eq!(preview.contains(slow), is_slow, "{preview}");
        }
    }
}

#[tokio::test]
async fn nobody_is_said_to_have_an_address_only_where_all_were_asked() {
    let (all, some) = ("No account of this server has ", "as far as the homeserver knows");
    let access = "I have no access to it. Look there, or give me access under `[mas]`";
    for (authentication, what, words) in [
        (Authentication::Homeserver, "no@x.test", all),
        (Authentication::Homeserver, "oidc-x Eve7", all),
        (Authentication::Mas, "no@x.test", all),
        (Authentication::Mas, "oidc-x Eve7", "where I can look for e-mail addresses only"),
        (Authentication::Elsewhere, "no@x.test", access),
        (Authentication::Elsewhere, "+4930123456", access),
        (Authentication::Elsewhere, "oidc-x Eve7", access),
    ] {
        let mut stage = with_people();
        stage.homeserver.authenticates(authentication);
        let said = stage.say(&format!("!find {what}")).await;
        has(&said, &[words]);
        assert_eq!(said.contains(all), !said.contains(some), "{said}");
    }
    for (authentication, words) in [
        (Authentication::Homeserver, None),
        (Authentication::Mas, Some("Addresses: the authentication service (MAS) keeps those of now; whose")),
        (Authentication::Elsewhere, Some("keeps those of now, and I have no access to it")),
    ] {
        let mut stage = with_people();
        stage.homeserver.authenticates(authentication);
        let said = stage.say("!user @eve:hs.test").await;
        assert_eq!(said.contains("Addresses: "), words.is_some(), "{said}");
        has(&said, &[words.unwrap_or_default()]);
    }
}

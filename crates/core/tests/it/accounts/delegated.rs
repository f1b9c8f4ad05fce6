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

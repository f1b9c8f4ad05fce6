//! The process dies at every point of a change of accounts: each is done once, and said as if nothing had happened.

use gleipnir_core::{
    ports::{Fault, LookupPeople as _},
    testing::Stage,
};

use super::{account, eve, logins, with_people};
use crate::{
    deaths::{Script, Undisturbed, after_every_death, at_every_point, ended},
    scene::{has, plan, plans},
    step_faults::broken,
};

fn losing(method: &'static str, fault: Fault) -> Stage {
    let stage = with_people();
    stage.homeserver.lose_answer(method, fault);
    stage
}

#[tokio::test]
async fn logins_end_once_whenever_the_process_dies() {
    let stages: [fn() -> Stage; 3] =
        [with_people, || losing("log_out", Fault::Timeout), || losing("log_out", broken(500))];
    for stage in stages {
        let script = Script { stage, lines: &["!logout @eve:hs.test", "!confirm 1"] };
        at_every_point(&script, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), [r#"log-out @eve:hs.test ["PHONE","LAPTOP"]"#], "{point}");
            assert_eq!(logins(stage, eve()).await, Vec::<String>::new(), "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_account_is_deactivated_once_whenever_the_process_dies() {
    let stages: [fn() -> Stage; 3] =
        [with_people, || losing("deactivate", Fault::Timeout), || losing("deactivate", broken(500))];
    for stage in stages {
        let script = Script { stage, lines: &["!deactivate @eve:hs.test --erase", "!confirm 1"] };
        at_every_point(&script, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), [r#"deactivate @eve:hs.test "yes""#], "{point}");
            assert!(account(stage, eve()).await.erased, "{point}");
            assert_eq!(stage.homeserver.rooms_of(eve()).await, Ok(Vec::new()), "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_account_comes_back_once_whenever_the_process_dies() {
    let stages: [fn() -> Stage; 2] = [with_people, || losing("reactivate", Fault::Timeout)];
    for stage in stages {
        let script = Script { stage, lines: &["!reactivate @old:hs.test"] };
        at_every_point(&script, async |stage: &mut Stage, point: &str| {
            assert_eq!(stage.homeserver.writes(), ["reactivate @old:hs.test"], "{point}");
        })
        .await;
    }
}

/// Another password is set after a death; the one that was sent last is the one that works.
#[tokio::test]
async fn the_password_that_was_sent_last_works_whenever_the_process_dies() {
    let stages: [fn() -> Stage; 3] = [
        with_people,
        || losing("reset_password", Fault::Timeout),
        || losing("send_password", Fault::Timeout),
    ];
    for stage in stages {
        let script = Script { stage, lines: &["!reset-password @eve:hs.test", "!confirm 1"] };
        after_every_death(&script, async |stage: &mut Stage, _: &Undisturbed, point: &str| {
            ended(stage, point);
            has(&stage.store.said("run-1").expect("a report").text, &["– done", "has a new password"]);
            let (_, works) = stage.homeserver.passwords().pop().expect("one was set");
            let (_, sent) = stage.homeserver.written().pop().expect("one was sent");
            assert_eq!(works, sent, "{point}");
            assert!(!format!("{:?}", plan(stage, 1)).contains("secret"), "{point}");
            assert_eq!(plans(stage).len(), 1, "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn each_of_several_is_done_once_whenever_the_process_dies() {
    let lines = &["!deactivate @eve:hs.test @ana:hs.test", "!confirm 1"];
    at_every_point(&Script { stage: with_people, lines }, async |stage: &mut Stage, point: &str| {
        let writes = [r#"deactivate @eve:hs.test "no""#, r#"deactivate @ana:hs.test "no""#];
        assert_eq!(stage.homeserver.writes(), writes, "{point}");
    })
    .await;
}

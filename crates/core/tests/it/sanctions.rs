//! `!suspend`, `!lock`, `!shadow-ban` and their opposites: what is asked, what is done, what ends by itself, and that a
//! typing error never makes an account.

use std::time::Duration;

use gleipnir_core::{
    model::{Account, Sanction},
    plan::{PlanResult, PlanState},
    ports::{Clock as _, Fault, Lookup as _},
    ruma::{OwnedUserId, UserId, owned_user_id, user_id},
    testing::Stage,
};

use crate::{
    deaths::{Script, ended_well, play, undisturbed},
    scene::{has, plan, plans, stage, watcher},
};

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

fn with_people() -> Stage {
    let stage = stage();
    for name in ["eve", "ana", "u1", "u2", "u3", "u4"] {
        let id = OwnedUserId::try_from(format!("@{name}:hs.test")).expect("a user ID");
        stage
            .homeserver
            .put_account(&id, Account { display_name: Some(name.to_uppercase()), ..Account::default() });
    }
    stage
}

async fn is(stage: &Stage, user: &UserId, sanction: Sanction) -> bool {
    stage.homeserver.account(user).await.expect("it answers").is_some_and(|account| account.is(sanction))
}

#[tokio::test]
async fn each_is_imposed_and_lifted() {
    for (on, off, sanction, participle) in [
        ("suspend", "unsuspend", Sanction::Suspension, "suspended"),
        ("lock", "unlock", Sanction::Lock, "locked"),
        ("shadow-ban", "unshadow-ban", Sanction::ShadowBan, "shadow-banned"),
    ] {
        let mut stage = with_people();
        let said = stage.say(&format!("!{on} @eve:hs.test spam wave")).await;
        has(
            &said,
            &[
                &format!("Job 1: {on} – done, because “spam wave”"),
                &format!("✅ `@eve:hs.test` is {participle}."),
                "Undo: `!undo 1`",
            ],
        );
        assert!(is(&stage, eve(), sanction).await);
        let again = stage.say(&format!("!{on} @eve:hs.test")).await;
        has(&again, &[&format!("EVE (`@eve:hs.test`) is already {participle}.")]);
        let lifted = stage.say(&format!("!{off} @eve:hs.test")).await;
        has(&lifted, &[&format!("`@eve:hs.test` is no longer {participle}.")]);
        assert!(!is(&stage, eve(), sanction).await);
        has(&stage.say(&format!("!{off} @eve:hs.test")).await, &[&format!("is not {participle}.")]);
        assert_eq!(stage.homeserver.writes().len(), 2, "{on}");
    }
}

#[tokio::test]
async fn trap_01_a_typing_error_makes_no_account() {
    for command in ["suspend", "lock", "shadow-ban", "unlock"] {
        let mut stage = with_people();
        let said = stage.say(&format!("!{command} @eve:hs.test @evve:hs.test")).await;
        has(
            &said,
            &["Nothing was done.", "There is no account `@evve:hs.test` on this server. Check its spelling."],
        );
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command}");
    }
}

#[tokio::test]
async fn who_is_of_another_server_or_gone_is_left_alone_with_a_word() {
    let mut stage = with_people();
    has(&stage.say("!suspend @far:other.test").await, &["is of another server", "`!ban`"]);
    stage.homeserver.put_account(eve(), Account { deactivated: true, ..Account::default() });
    has(&stage.say("!lock @eve:hs.test").await, &["is deactivated"]);
    has(&stage.say("!suspend eve").await, &["“eve”"]);
    has(&stage.say("!suspend !bad:hs.test").await, &["a user is needed here"]);
    has(&stage.say("!suspend @eve:hs.test --for 3").await, &["has no unit"]);
    has(&stage.say("!suspend @ana:hs.test --for 3s").await, &["That would be over at once"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn who_may_only_read_sanctions_nobody() {
    let mut stage = with_people();
    has(&stage.say_as(watcher(), "!suspend @eve:hs.test").await, &["needs power level 50"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn several_at_once_are_one_job_and_many_ask_first() {
    let mut stage = with_people();
    let said = stage.say("!suspend @eve:hs.test, @ana:hs.test raid").await;
    has(&said, &["`@eve:hs.test` is suspended.", "`@ana:hs.test` is suspended."]);
    let five = "@eve:hs.test @u1:hs.test @u2:hs.test @u3:hs.test @u4:hs.test @ana:hs.test";
    let said = stage.say(&format!("!lock {five}")).await;
    has(&said, &["6 changes at once is more than I change without asking.", "!confirm 2"]);
    assert!(!is(&stage, eve(), Sanction::Lock).await);
    stage.say("!confirm 2").await;
    assert_eq!(plan(&stage, 2).result(), PlanResult::Done);
    let said = stage.say("!unsuspend @eve:hs.test @u1:hs.test").await;
    has(&said, &["`@eve:hs.test` is no longer suspended."]);
}

#[tokio::test]
async fn a_failure_stops_no_other() {
    let mut stage = with_people();
    let refused = Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "no".into() };
    stage.homeserver.fail_once("set_sanction", refused);
    let said = stage.say("!suspend @eve:hs.test @ana:hs.test").await;
    has(&said, &["partly done", "❌ Could not suspend `@eve:hs.test`", "✅ `@ana:hs.test` is suspended."]);
}

#[tokio::test]
async fn what_is_for_a_time_ends_by_itself_also_after_a_restart() {
    let mut stage = with_people();
    let said = stage.say("!suspend @eve:hs.test @ana:hs.test spam --for 2d").await;
    has(&said, &["It ends by itself: 2026-", "Undo: `!undo 1`"]);
    stage.wait(Duration::from_mins(2 * 24 * 60 - 1)).await;
    stage.execute().await;
    assert!(is(&stage, eve(), Sanction::Suspension).await, "not yet");
    stage.restart();
    stage.wait(Duration::from_mins(2)).await;
    stage.execute().await;
    assert!(!is(&stage, eve(), Sanction::Suspension).await);
    let report = stage.store.said("run-2").expect("it is said").text;
    has(
        &report,
        &["Job 2: end of job 1, whose time is over – done", "`@eve:hs.test` is no longer suspended."],
    );
    stage.wait(Duration::from_hours(30 * 24)).await;
    stage.execute().await;
    assert_eq!(plans(&stage).len(), 2, "it ends once");
}

#[tokio::test]
async fn what_was_undone_before_its_time_does_not_end_again() {
    let mut stage = with_people();
    stage.say("!lock @eve:hs.test --for 1h").await;
    stage.say("!undo 1").await;
    stage.say("!lock @eve:hs.test").await;
    stage.wait(Duration::from_hours(2)).await;
    stage.execute().await;
    assert!(is(&stage, eve(), Sanction::Lock).await, "the second lock is for good");
    assert_eq!(plans(&stage).len(), 3);
}

#[tokio::test]
async fn what_was_so_before_does_not_end() {
    let mut stage = with_people();
    stage
        .homeserver
        .put_account(&owned_user_id!("@ana:hs.test"), Account { locked: true, ..Account::default() });
    stage.say("!lock @eve:hs.test @ana:hs.test --for 1h").await;
    stage.wait(Duration::from_mins(62)).await;
    stage.execute().await;
    assert!(!is(&stage, eve(), Sanction::Lock).await);
    assert!(is(&stage, user_id!("@ana:hs.test"), Sanction::Lock).await, "it was locked by somebody else");
}

#[tokio::test]
async fn an_end_waits_for_a_homeserver_that_is_away() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test --for 1h").await;
    stage.homeserver.fail_once("set_sanction", Fault::Away("refused".into()));
    stage.wait(Duration::from_mins(62)).await;
    stage.execute().await;
    assert!(!is(&stage, eve(), Sanction::Suspension).await);
    assert_eq!(plan(&stage, 2).state, PlanState::Done);
}

#[tokio::test]
async fn it_is_done_once_whenever_the_process_dies() {
    let script = Script { stage: with_people, lines: &["!suspend @eve:hs.test spam --for 2d"] };
    let whole = undisturbed(&script).await;
    for commit in 1..=whole.commits {
        let mut stage = with_people();
        stage.store.break_commit(commit, gleipnir_core::testing::Moment::After);
        play(&mut stage, script.lines).await;
        ended_well(&stage, &whole, &format!("commit {commit}"));
        assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"], "commit {commit}");
    }
}

#[tokio::test]
async fn a_sanction_for_good_is_not_ended_by_an_older_one_for_a_time() {
    for between in [&["!unsuspend @eve:hs.test"][..], &[]] {
        let mut stage = with_people();
        stage.say("!suspend @eve:hs.test @ana:hs.test --for 1d").await;
        for line in between {
            stage.say(line).await;
        }
        let dry = stage.say("!suspend @eve:hs.test --dry-run").await;
        assert_eq!(dry.contains("suspended until 2026-"), between.is_empty(), "{dry}");
        let told = stage.say("!suspend @eve:hs.test").await;
        assert_eq!(told.contains("it does not end by itself any more"), between.is_empty(), "{told}");
        stage.wait(Duration::from_hours(25)).await;
        stage.execute().await;
        assert!(is(&stage, eve(), Sanction::Suspension).await, "the later one is for good");
        assert!(!is(&stage, user_id!("@ana:hs.test"), Sanction::Suspension).await);
    }
}

#[tokio::test]
async fn a_longer_sanction_ends_by_itself_whenever_the_process_dies() {
    let lines = &["!suspend @eve:hs.test --for 1d", "!suspend @eve:hs.test --for 2d"];
    let script = Script { stage: with_people, lines };
    let whole = undisturbed(&script).await;
    for commit in 1..=whole.commits {
        let mut stage = with_people();
        stage.store.break_commit(commit, gleipnir_core::testing::Moment::After);
        play(&mut stage, script.lines).await;
        assert_eq!(plans(&stage).len(), 2, "commit {commit}");
        stage.wait(Duration::from_hours(25)).await;
        stage.execute().await;
        assert!(is(&stage, eve(), Sanction::Suspension).await, "commit {commit}");
        stage.wait(Duration::from_hours(24)).await;
        stage.execute().await;
        assert!(!is(&stage, eve(), Sanction::Suspension).await, "commit {commit}");
    }
}

#[tokio::test]
async fn an_end_is_tried_for_as_long_as_the_homeserver_is_away() {
    for fault in [Fault::Away("refused".into()), Fault::Timeout] {
        let mut stage = with_people();
        stage.say("!suspend @eve:hs.test @ana:hs.test --for 1h").await;
        stage.homeserver.fail_always("account", fault);
        stage.wait(Duration::from_mins(62)).await;
        let back = stage.clock.now() + 26 * 3_600_000;
        let comes_back = async {
            while stage.clock.now() < back {
                tokio::task::yield_now().await;
            }
            stage.homeserver.mend();
        };
        tokio::join!(stage.execute(), comes_back);
        assert!(!is(&stage, eve(), Sanction::Suspension).await);
        assert_eq!(plan(&stage, 2).result(), PlanResult::Done);
        has(&stage.store.said("run-2").expect("it is said").text, &["– done"]);
    }
}

#[tokio::test]
async fn one_end_that_does_not_get_on_holds_no_other() {
    let mut stage = with_people();
    stage.say("!suspend @eve:hs.test @ana:hs.test --for 1h").await;
    stage.homeserver.fail_once("set_sanction", Fault::Timeout);
    stage.wait(Duration::from_mins(62)).await;
    stage.execute().await;
    let lifts = &stage.homeserver.writes()[2..];
    assert_eq!(
        lifts,
        ["unsuspend @eve:hs.test", "unsuspend @ana:hs.test"],
        "the last is ended first otherwise"
    );
}

//! However much is reported, the room is not flooded and nothing is lost.

use std::time::Duration;

use gleipnir_core::{
    model::{Account, Switch},
    ports::Fault,
    reports::Found,
    ruma::{owned_user_id, user_id},
};

use super::*;
use crate::scene::has;

fn messages(stage: &Stage) -> usize {
    stage.store.keys().iter().filter(|key| stage.store.said(key).is_some()).count()
}

#[tokio::test]
async fn many_reports_of_one_thing_are_one_card_and_one_edit() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    stage.poll_reports().await;
    for id in 2..=60 {
        file(&stage, of_event(id, 2, &format!("@u{id}:hs.test"), 1));
    }
    let commits = stage.store.commits();
    stage.poll_reports().await;
    assert_eq!(stage.store.commits() - commits, 2, "one that takes them, one that they were sent");
    assert_eq!((taken(&stage).len(), messages(&stage)), (60, 1));
}

#[tokio::test]
async fn a_thousand_reports_by_many_of_few_things_are_few_messages() {
    let mut stage = stage().await;
    for id in 1..=1_000 {
        let n = usize::try_from(id % 4).expect("small");
        file(
            &stage,
            of_event(id, Millis::try_from(id).expect("small"), &format!("@u{}:hs.test", id % 200), n),
        );
    }
    assert_eq!(poll_all(&mut stage).await, 1);
    assert_eq!((taken(&stage), messages(&stage)), ((1..=1_000).collect(), 4));
}

#[tokio::test]
async fn a_thousand_things_reported_by_one_are_thirty_cards_and_a_notice() {
    let mut stage = stage().await;
    for id in 1..=1_000 {
        let n = usize::try_from(id).expect("small");
        let reporter = if id == 500 { "@honest:hs.test" } else { "@flood:hs.test" };
        file(&stage, of_event(id, Millis::try_from(id).expect("small"), reporter, n));
    }
    let polls = poll_all(&mut stage).await;
    assert_eq!(polls, 2);
    assert_eq!(taken(&stage), (1..=1_000).collect::<Vec<_>>());
    assert_eq!((cards(&stage).len(), messages(&stage)), (31, 32));
    assert!(cards(&stage).contains(&"case-500".to_owned()), "what others report is shown");
    let notice = format!("reports-many-@flood:hs.test-{START}");
    let said = stage.store.said(&notice).expect("it is said").text;
    has(
        &said,
        &["`@flood:hs.test` reports very much at once", "after the first 30, 969 more reports", "`!reports`"],
    );
    // Within the hour nothing more of them is shown, also when it comes slowly.
    file(&stage, of_event(1_001, 1_001, "@flood:hs.test", 1_001));
    assert_eq!(stage.try_poll_reports().await, Ok(Found::Something));
    assert_eq!(messages(&stage), 32);
    has(&stage.store.said(&notice).expect("it is said").text, &["970 more reports"]);
    // Somebody else reports one of the things without a card: it gets one.
    file(&stage, of_event(1_002, 1_002, "@honest:hs.test", 900));
    stage.poll_reports().await;
    assert!(cards(&stage).contains(&"case-900".to_owned()));
    stage.clock.pass(Duration::from_hours(1));
    file(&stage, of_event(1_003, 1_003, "@flood:hs.test", 1_003));
    stage.poll_reports().await;
    assert!(cards(&stage).contains(&"case-1002".to_owned()), "an hour later they are like anybody");
}

#[tokio::test]
async fn many_things_reported_by_many_are_twenty_cards_at_a_time() {
    let mut stage = stage().await;
    for id in 1..=50 {
        let n = usize::try_from(id).expect("small");
        file(&stage, of_event(id, Millis::try_from(id).expect("small"), &format!("@u{id}:hs.test"), n));
    }
    for shown in [20, 40] {
        assert_eq!(stage.try_poll_reports().await, Ok(Found::More));
        assert_eq!((cards(&stage).len(), taken(&stage)), (shown, (1..=shown as u64).collect()));
        stage.restart();
    }
    assert_eq!(stage.try_poll_reports().await, Ok(Found::Something));
    assert_eq!(taken(&stage), (1..=50).collect::<Vec<_>>());
    assert_eq!(stage.try_poll_reports().await, Ok(Found::Nothing));
}

#[tokio::test]
async fn a_burst_survives_faults_and_failing_commits() {
    let mut stage = stage().await;
    for id in 1..=300 {
        let n = usize::try_from(id).expect("small");
        file(&stage, of_event(id, Millis::try_from(id).expect("small"), "@flood:hs.test", n));
    }
    for round in 0..60 {
        match round % 4 {
            0 => stage.homeserver.fail_once("context", Fault::Timeout),
            1 => stage.homeserver.fail_once("filed_reports", Fault::Timeout),
            2 => stage.store.break_next_commit(),
            _ => stage.restart(),
        }
        let _ = stage.try_poll_reports().await;
    }
    poll_all(&mut stage).await;
    assert_eq!(taken(&stage), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_user_who_is_reported_a_day_after_the_case_was_closed_is_looked_at_again() {
    const DAY: Millis = 24 * 3_600_000;
    let mut stage = stage().await;
    let eve = |id, after, by| of_user(id, after, by, "@eve:hs.test");
    file(&stage, eve(1, 1, "@ana:hs.test"));
    stage.poll_reports().await;
    judge(&stage, 1, CaseState::Dismissed);
    let closed = case(&stage, 1).changed_at - START;
    file(&stage, eve(2, closed + DAY, "@ana:hs.test"));
    assert!(!stage.poll_reports().await.contains("again"));
    assert_eq!(case(&stage, 1).state, CaseState::Dismissed, "it is not long ago");

    // Whom nobody listens to opens nothing.
    let ignored = Reporting::Ignored { reporter: "@spam:hs.test".into(), to: Switch::On };
    stage.store.commit(vec![Change::Reporting(ignored)]).expect("the store writes");
    stage.clock.pass(Duration::from_hours(25));
    file(&stage, eve(3, closed + DAY + 5, "@spam:hs.test"));
    assert_eq!(stage.poll_reports().await, "");
    assert_eq!(case(&stage, 1).state, CaseState::Dismissed, "ignored");

    file(&stage, eve(4, closed + DAY + 6, "@ana:hs.test"));
    let said = stage.poll_reports().await;
    has(
        &said,
        &[
            "Case 1 was dismissed by `@mod:hs.test`, and is reported again, by `@ana:hs.test`: “reason 4”. I opened it \
             again, because it was closed more than a day before. Look at it: `!case 1`",
            "Open again, 2026",
            "it was reported again, more than a day after it was closed. Nobody has claimed it yet.",
            "`!claim 1`",
        ],
    );
    let again = case(&stage, 1);
    assert_eq!((again.state, again.by.as_deref()), (CaseState::Open, Some(user_id!("@bot:hs.test"))));
    assert_eq!(again.decisions.len(), 2);
    has(&stage.say("!reports").await, &["@eve:hs.test"]);
    // Once.
    file(&stage, eve(5, closed + DAY + 7, "@zoe:hs.test"));
    assert!(!stage.poll_reports().await.contains("I opened"));
    has(&stage.say("!claim 1").await, &["Claimed by `@mod:hs.test`"]);
    assert_eq!(case(&stage, 1).decisions.len(), 3);
}

#[tokio::test]
async fn what_was_decided_about_a_message_holds() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    stage.poll_reports().await;
    judge(&stage, 1, CaseState::Dismissed);
    stage.clock.pass(Duration::from_hours(100));
    file(&stage, of_event(2, 99 * 3_600_000, "@bob:hs.test", 1));
    has(&stage.poll_reports().await, &["is reported again, by `@bob:hs.test`", "open it again: `!reopen 1`"]);
    assert_eq!(case(&stage, 1).state, CaseState::Dismissed);
}

#[tokio::test]
async fn what_was_done_about_a_user_can_be_done_again_when_they_are_reported_again() {
    let mut stage = stage().await;
    let eve = owned_user_id!("@eve:hs.test");
    stage.homeserver.put_account(&eve, Account::default());
    file(&stage, of_user(1, 1, "@ana:hs.test", eve.as_str()));
    stage.poll_reports().await;
    has(&stage.say("!act 1 suspend").await, &["is suspended"]);
    assert_eq!(case(&stage, 1).state, CaseState::Resolved);
    // Somebody lifted it at the server.
    stage.homeserver.put_account(&eve, Account::default());
    stage.clock.pass(Duration::from_hours(30));
    file(&stage, of_user(2, 29 * 3_600_000, "@bob:hs.test", eve.as_str()));
    has(&stage.poll_reports().await, &["I opened it again", "⏸️ suspend"]);
    has(&stage.say("!act 1 suspend").await, &["Job 2", "is suspended"]);
    assert_eq!(stage.homeserver.writes().len(), 2);
}

#[tokio::test]
async fn a_closed_case_that_is_reported_by_somebody_new_is_spoken_of_once_an_hour() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    stage.poll_reports().await;
    judge(&stage, 1, CaseState::Resolved);
    file(&stage, of_event(2, 2, "@ana:hs.test", 1));
    stage.poll_reports().await;
    assert_eq!(messages(&stage), 1, "by the same reporter: the card alone");
    // Not an hour of the clock: sixty minutes.
    stage.clock.pass(Duration::from_mins(30));
    file(&stage, of_event(3, 3, "@bob:hs.test", 1));
    let said = stage.poll_reports().await;
    has(
        &said,
        &[
            "Case 1 was resolved by `@mod:hs.test`, and is reported again, by `@bob:hs.test`: “reason 3”",
            "`!reopen 1`",
        ],
    );
    for id in 4..=10 {
        file(&stage, of_event(id, 4, &format!("@u{id}:hs.test"), 1));
        stage.clock.pass(Duration::from_mins(8));
        stage.poll_reports().await;
    }
    assert_eq!(messages(&stage), 2);
    stage.restart();
    stage.clock.pass(Duration::from_mins(5));
    file(&stage, of_event(11, 5, "@zoe:hs.test", 1));
    has(&stage.poll_reports().await, &["reported again, by `@zoe:hs.test`"]);
    assert_eq!(case(&stage, 1).state, CaseState::Resolved, "moderators decide");
    // One that is open needs no word.
    judge(&stage, 1, CaseState::Claimed);
    stage.clock.pass(Duration::from_hours(2));
    file(&stage, of_event(12, 6, "@new:hs.test", 1));
    stage.poll_reports().await;
    assert_eq!((messages(&stage), taken(&stage).len()), (3, 12));
}

#[tokio::test]
async fn many_cards_are_edited_a_hundred_at_a_time() {
    let mut stage = stage().await;
    for round in 0..2 {
        for n in 1..=150 {
            let id = 1_000 * round + n;
            let thing = usize::try_from(n).expect("small");
            file(
                &stage,
                of_event(id, Millis::try_from(id).expect("small"), &format!("@u{id}:hs.test"), thing),
            );
        }
        let polls = poll_all(&mut stage).await;
        assert_eq!(polls, if round == 0 { 8 } else { 2 });
    }
    assert_eq!((taken(&stage).len(), cases(&stage).len(), messages(&stage)), (300, 150, 150));
}

//! The list is read without losing or repeating, whatever happens to it.

use std::time::Duration;

use gleipnir_core::{ports::Fault, reports::Found, testing::Moment};

use super::*;
use crate::scene::has;

#[tokio::test]
async fn the_first_time_a_long_backlog_is_one_summary() {
    let mut stage = unbegun();
    for id in 1..=5_000 {
        let after = Millis::try_from(id).expect("small") * 60_000;
        file(&stage, of_event(id, after, &format!("@u{id}:hs.test"), 1));
    }
    file(&stage, of_user(1, 0, "@ana:hs.test", "@user0:hs.test"));
    // A page fails: nothing is begun by halves, and the other kind does not wait.
    stage.homeserver.fail_once("filed_reports", Fault::Timeout);
    let said = stage.poll_reports().await;
    has(
        &said,
        &[
            "There is 1 report of users from before I looked for them, since 2026-11-21 00:00:00 UTC. I make no case of it.",
        ],
    );
    let said = stage.poll_reports().await;
    has(
        &said,
        &[
            "There are 5,000 reports of messages from before I looked for them, since 2026-11-21 00:01:00 UTC.",
        ],
    );
    assert_eq!((cases(&stage).len(), stage.store.keys().len()), (0, 2));
    let calls = stage.homeserver.calls();
    assert_eq!(stage.poll_reports().await, "");
    assert!(stage.homeserver.calls() - calls < 6, "the rest is not read again");
    stage.restart();
    assert_eq!(stage.poll_reports().await, "");
    file(&stage, of_event(9_000, 9_000 * 60_000, "@ana:hs.test", 2));
    stage.poll_reports().await;
    assert_eq!(numbers(&stage), [vec![9_000]]);
}

#[tokio::test]
async fn a_first_time_without_reports_says_nothing_and_the_next_report_is_news() {
    let mut stage = stage().await;
    file(&stage, of_user(1, 1, "@ana:hs.test", "@bad:far.test"));
    stage.poll_reports().await;
    assert_eq!(cards(&stage), ["case-1"]);
    assert_eq!(evidence(&case(&stage, 1)).author.and_then(|author| author.is_local), Some(false));
}

#[tokio::test]
async fn a_kind_that_the_server_does_not_tell_begins_when_it_does() {
    let mut stage = unbegun();
    stage.homeserver.hide_reports(ReportKind::Room);
    stage.homeserver.hide_reports(ReportKind::User);
    file(&stage, of_user(1, 1, "@ana:hs.test", "@user0:hs.test"));
    assert_eq!(stage.poll_reports().await, "");
    assert_eq!(stage.store.known_reports(ReportKind::User, &[]), Ok(None));
    assert!(stage.store.known_reports(ReportKind::Event, &[]).expect("it reads").is_some());
}

#[tokio::test]
async fn reports_of_rooms_make_cases_where_the_server_tells_them() {
    let mut stage = stage().await;
    let key = ReportKey { kind: ReportKind::Room, id: 1, received_ts: START };
    let about = About::Room { room_id: lounge().to_string() };
    file(&stage, Report { key, about, author: None, ..of_event(1, 1, "@ana:hs.test", 1) });
    stage.poll_reports().await;
    let kept = evidence(&case(&stage, 1));
    assert_eq!(kept.room.and_then(|room| room.name).as_deref(), Some("Lounge"));
    assert_eq!((kept.joined_members, kept.event), (Some(3), None));
}

#[tokio::test]
async fn a_number_that_is_given_again_is_another_report() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    file(&stage, of_event(2, 2, "@ana:hs.test", 2));
    stage.poll_reports().await;
    // The newest is deleted, and Synapse restarts.
    stage.homeserver.forget_report(of_event(2, 2, "", 2).key);
    stage.restart();
    file(&stage, of_event(2, 3, "@bob:hs.test", 3));
    stage.poll_reports().await;
    assert_eq!(numbers(&stage), [vec![1], vec![2], vec![2]]);
    assert_eq!(case(&stage, 3).about, about(3));
}

#[tokio::test]
async fn reports_of_one_millisecond_are_all_taken() {
    let mut stage = stage().await;
    for id in 1..=150 {
        file(&stage, of_event(id, 7, &format!("@u{id}:hs.test"), 1));
    }
    stage.poll_reports().await;
    for id in 151..=300 {
        file(&stage, of_event(id, 7, &format!("@u{id}:hs.test"), 1));
    }
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_lower_number_that_becomes_visible_later_is_taken_also_after_a_long_sleep() {
    for sleep in [Duration::from_secs(15), Duration::from_hours(5)] {
        let mut stage = stage().await;
        for id in 2..=400 {
            file(&stage, of_event(id, Millis::try_from(id).expect("small"), &format!("@u{id}:hs.test"), 1));
        }
        stage.poll_reports().await;
        file(&stage, of_event(1, 1, "@late:hs.test", 1));
        stage.clock.pass(sleep);
        stage.restart();
        stage.poll_reports().await;
        assert_eq!(taken(&stage), (1..=400).collect::<Vec<_>>(), "{sleep:?}");
    }
}

#[tokio::test]
async fn the_overlap_is_not_read_for_ever() {
    let mut stage = stage().await;
    for id in 1..=900 {
        file(&stage, of_event(id, 1, &format!("@u{id}:hs.test"), 1));
    }
    stage.poll_reports().await;
    let mut costs = Vec::new();
    for _ in 0..4 {
        stage.clock.pass(Duration::from_mins(8));
        let calls = stage.homeserver.calls();
        stage.poll_reports().await;
        costs.push(stage.homeserver.calls() - calls);
    }
    assert!(costs[0] > 8 && costs[3] == 3, "{costs:?}");
}

#[tokio::test]
async fn rows_that_go_while_they_are_read_hide_none() {
    let mut stage = stage().await;
    for id in 1..=300 {
        let hours = Millis::try_from(id).expect("small") * 3_600_000;
        file(&stage, of_event(id, hours, &format!("@u{id}:hs.test"), 1));
    }
    stage.homeserver.between_pages(|reports| reports.retain(|(report, _)| report.key.id <= 250));
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_come_while_they_are_read_come_once() {
    let mut stage = stage().await;
    for id in 1..=300 {
        file(&stage, of_event(id, 1, &format!("@u{id}:hs.test"), 1));
    }
    stage.homeserver.between_pages(|reports| {
        reports.extend((301..=450).map(|id| (of_event(id, 2, "@ana:hs.test", 2), None)));
    });
    stage.poll_reports().await;
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=450).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_long_absence_all_are_taken_although_one_waits() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 0, "@ana:hs.test", 1));
    for id in 2..=400 {
        let after = Millis::try_from(id).expect("small") * 60_000;
        file(&stage, of_event(id, after, &format!("@u{id}:hs.test"), 2));
    }
    // The oldest cannot be looked at; whoever dies now must find it later, behind pages of newer ones.
    stage.homeserver.fail_once("context", Fault::Timeout);
    assert_eq!(stage.try_poll_reports().await, Ok(Found::More));
    stage.restart();
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=400).collect::<Vec<_>>());
}

/// Some reports of each kind, over two polls.
async fn story(stage: &mut Stage) -> usize {
    let mut deaths = 0;
    for round in 0..2 {
        for id in 1..=6 {
            let id = id + 10 * round;
            let n = usize::try_from(id % 3).expect("small");
            file(stage, of_event(id, Millis::try_from(id).expect("small"), &format!("@u{id}:hs.test"), n));
        }
        file(stage, of_user(round + 1, 1, "@ana:hs.test", "@user0:hs.test"));
        loop {
            let result = tokio::select! {
                biased;
                result = stage.try_poll_reports() => result.ok(),
                () = stage.homeserver.hung() => None,
            };
            if result.is_some() {
                break;
            }
            deaths += 1;
            assert!(deaths < 5, "it never gets any further");
            stage.restart();
        }
    }
    deaths
}

#[tokio::test]
async fn a_death_at_any_commit_or_call_loses_and_doubles_nothing() {
    let mut whole = stage().await;
    let (calls, commits) = (whole.homeserver.calls(), whole.store.commits());
    assert_eq!(story(&mut whole).await, 0);
    let look = |stage: &Stage| {
        let said: Vec<_> = stage.store.keys().into_iter().map(|key| (stage.store.said(&key), key)).collect();
        (cases(stage), said, stage.store.queue().expect("it reads").undelivered)
    };
    assert_eq!((numbers(&whole).len(), cards(&whole).len()), (4, 4));
    for moment in [Moment::Before, Moment::After] {
        for call in calls + 1..=whole.homeserver.calls() {
            let mut stage = stage().await;
            stage.homeserver.hang_at(call, moment);
            assert_eq!(story(&mut stage).await, 1, "{moment:?} call {call}");
            assert_eq!(look(&stage), look(&whole), "{moment:?} call {call}");
        }
        for commit in commits + 1..=whole.store.commits() {
            let mut stage = stage().await;
            stage.store.break_commit(commit, moment);
            assert_eq!(story(&mut stage).await, 1, "{moment:?} commit {commit}");
            assert_eq!(look(&stage), look(&whole), "{moment:?} commit {commit}");
        }
    }
}

#[tokio::test]
async fn reports_of_one_millisecond_that_change_places_between_pages_are_all_taken() {
    let mut stage = stage().await;
    for id in 1..=300 {
        // Those at the end of the first page are of one time; all others are hours apart.
        let hour = if (199..=203).contains(&id) { 200 } else { id };
        let after = Millis::try_from(hour).expect("small") * 3_600_000;
        file(&stage, of_event(id, after, &format!("@u{id}:hs.test"), 1));
    }
    stage.homeserver.between_pages(|reports| reports.reverse());
    let calls = stage.homeserver.calls();
    stage.poll_reports().await;
    assert_eq!(taken(&stage), (1..=300).collect::<Vec<_>>());
    // Four pages that share rows, the two other kinds, and what is looked at of the one event.
    assert_eq!(stage.homeserver.calls() - calls, 4 + 2 + 4);
}

#[tokio::test]
async fn a_claim_while_something_else_is_looked_at_stays_on_the_card() {
    let mut stage = stage().await;
    file(&stage, of_event(1, 1, "@ana:hs.test", 1));
    stage.poll_reports().await;
    file(&stage, of_event(2, 2, "@bob:hs.test", 1));
    file(&stage, of_event(3, 3, "@bob:hs.test", 2));
    let (store, at) = (stage.store.clone(), stage.clock.now());
    stage.homeserver.meanwhile("reported_event", move || {
        let by = moderator().to_owned();
        let claimed = Reporting::Judged { case: 1, state: CaseState::Claimed, by, note: None, at };
        store.commit(vec![Change::Reporting(claimed)]).expect("the store writes");
    });
    stage.poll_reports().await;
    assert_eq!(numbers(&stage), [vec![1, 2], vec![3]]);
    let card = stage.store.said("case-1").expect("a card").text;
    has(&card, &["Claimed by `@mod:hs.test`", "2 times"]);
}

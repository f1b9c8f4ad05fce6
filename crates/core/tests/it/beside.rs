//! Readings that take long keep nobody from acting.

use std::time::Duration;

use gleipnir_core::{
    desk::Left,
    model::{Account, Attached},
    plan::{Outcome, Plan, PlanState, Step},
    ports::{Change, Clock as _, Store as _},
    ruma::{RoomId, room_id, user_id},
    testing::{Moment, Stage},
};
use serde_json::json;

use crate::scene::{has, moderator, plan, plans, stage, under_way};

#[tokio::test]
async fn a_reading_that_never_ends_keeps_nobody_from_acting() {
    let mut stage = stage();
    // The first call asks what the moderator may do; the second is the reading itself, and hangs.
    stage.homeserver.hang_at(2, Moment::Before);
    let reading = stage.hear(moderator(), "!room !bad:hs.test");
    stage.hear(moderator(), "!block !bad:hs.test");
    let version = stage.hear(moderator(), "!version");
    let answered = async {
        while stage.store.said(&format!("answer-{version}")).is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            // A block that was asked for is waited for a moment, and then not any more.
            stage.clock.pass(Duration::from_secs(1));
        }
    };
    tokio::select! {
        left = stage.handle() => panic!("it was handled to the end: {left:?}"),
        () = answered => {}
    }
    assert_eq!(plans(&stage).len(), 1, "the block was taken up");
    assert_eq!(stage.store.said(&format!("answer-{reading}")), None);
}

#[tokio::test]
async fn a_reading_that_dies_is_read_again_after_the_start() {
    let mut stage = stage();
    stage.homeserver.hang_at(2, Moment::Before);
    let reading = stage.hear(moderator(), "!room !bad:hs.test");
    stage.hear(moderator(), "!block !bad:hs.test");
    tokio::select! {
        left = stage.handle() => panic!("it was handled to the end: {left:?}"),
        () = stage.homeserver.hung() => {}
    }
    stage.restart();
    stage.handle().await;
    stage.execute().await;
    assert!(stage.store.said(&format!("answer-{reading}")).is_some());
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn a_room_that_does_not_answer_keeps_nobody_from_acting_elsewhere() {
    let mut stage = stage();
    stage.room(room_id!("!other:hs.test"), "Other", "#other:hs.test", 1);
    // The first call asks what the moderator may do; the second reads the room, and hangs.
    stage.homeserver.hang_at(2, Moment::Before);
    stage.hear(moderator(), "!block !bad:hs.test");
    let same = stage.hear(moderator(), "!unblock !bad:hs.test");
    stage.hear(moderator(), "!block !other:hs.test");
    // It may be an alias of the same room.
    let alias = stage.hear(moderator(), "!block #other:hs.test");
    let version = stage.hear(moderator(), "!version");
    let whatever = stage.hear(moderator(), "!undo last");
    let answered = async {
        while stage.store.said(&format!("answer-{version}")).is_none() || plans(&stage).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            stage.clock.pass(Duration::from_secs(1));
        }
    };
    tokio::select! {
        left = stage.handle() => panic!("it was handled to the end: {left:?}"),
        () = answered => {}
    }
    assert_eq!(plans(&stage).len(), 1, "only what is about another room was taken up");
    assert_eq!(plans(&stage)[0].typed, "!block !other:hs.test");
    for waits in [same, alias, whatever] {
        assert_eq!(stage.store.said(&format!("answer-{waits}")), None);
    }
    // After a new start all of it is handled, in order.
    stage.restart();
    stage.handle().await;
    stage.execute().await;
    let typed: Vec<String> = plans(&stage).into_iter().map(|plan| plan.typed).collect();
    assert!(typed.contains(&"!block !bad:hs.test".to_owned()), "{typed:?}");
}

#[tokio::test]
async fn what_is_confirmed_waits_for_what_was_begun_just_before() {
    for is_tapped in [false, true] {
        let mut stage = stage();
        has(&stage.say("!block !bad:hs.test").await, &["Job 1: block – done"]);
        has(&stage.say("!shutdown !bad:hs.test").await, &["Job 2: do it?"]);
        stage.hear(moderator(), "!unblock !bad:hs.test");
        assert_eq!(stage.handle().await, Left::Nothing);
        if is_tapped {
            let relation = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$sent-plan-2", "key": "✅"}});
            stage.receive(moderator(), "m.reaction", &relation);
        } else {
            stage.hear(moderator(), "!confirm 2");
        }
        let state_of = |stage: &Stage, id: u64| {
            plans(stage).into_iter().find(|plan| plan.id == id).map(|plan| plan.state)
        };
        assert_eq!(stage.handle().await, Left::Behind);
        assert_eq!(state_of(&stage, 2), Some(PlanState::Proposed), "job 3 comes first");
        stage.execute().await;
        stage.handle().await;
        assert_eq!(
            (state_of(&stage, 3), state_of(&stage, 2)),
            (Some(PlanState::Done), Some(PlanState::Running))
        );
        // What is not wanted is dropped at once.
        stage.execute().await;
        stage.room(room_id!("!other:hs.test"), "Other", "#other:hs.test", 1);
        stage.room(room_id!("!third:hs.test"), "Third", "#third:hs.test", 3);
        has(&stage.say("!shutdown !third:hs.test").await, &["Job 4: do it?"]);
        stage.hear(moderator(), "!block !other:hs.test");
        stage.handle().await;
        stage.hear(moderator(), "!cancel 4");
        assert_eq!(stage.handle().await, Left::Nothing);
    }
}

#[tokio::test]
async fn nothing_about_users_overtakes_a_file_of_users() {
    let mut stage = stage();
    let eve = user_id!("@eve:hs.test");
    stage.homeserver.put_account(eve, Account { suspended: true, ..Account::default() });
    stage.room(room_id!("!other:hs.test"), "Other", "#other:hs.test", 1);
    stage.homeserver.put_attached("$list", Attached::File(b"@eve:hs.test\n@ana:hs.test\n".to_vec()));
    // The first call asks what the moderator may do; the second reads the file, and hangs.
    stage.homeserver.hang_at(2, Moment::Before);
    let list = json!({"msgtype": "m.text", "body": "!unsuspend --attached",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$list"}}});
    let file = stage.receive(moderator(), "m.room.message", &list);
    let user = stage.hear(moderator(), "!suspend @eve:hs.test");
    stage.hear(moderator(), "!block !other:hs.test");
    let version = stage.hear(moderator(), "!version");
    let undo = stage.hear(moderator(), "!undo last");
    let answered = async {
        while stage.store.said(&format!("answer-{version}")).is_none() || plans(&stage).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            stage.clock.pass(Duration::from_secs(1));
        }
    };
    tokio::select! {
        left = stage.handle() => panic!("it was handled to the end: {left:?}"),
        () = answered => {}
    }
    let typed = |stage: &Stage| plans(stage).into_iter().map(|plan| plan.typed).collect::<Vec<_>>();
    assert_eq!(typed(&stage), ["!block !other:hs.test"], "only a room was taken up");
    for waits in [&file, &user, &undo] {
        assert_eq!(stage.store.said(&format!("answer-{waits}")), None);
    }
    // After a new start all of it is handled, in order.
    stage.restart();
    stage.handle().await;
    stage.execute().await;
    stage.handle().await;
    let unsuspend = plans(&stage).into_iter().find(|plan| plan.typed == "!unsuspend --attached");
    assert!(unsuspend.is_some(), "{:?}", typed(&stage));
}

/// Every step that ends is a sign of life, so that the job alone never looks slow.
#[tokio::test]
async fn a_job_of_many_quick_steps_keeps_nobody_waiting_but_who_asks_about_the_same() {
    for (line, waits) in [
        ("!version", [false, false]),
        ("!undo last", [false, true]),
        ("!blocked !r7:hs.test", [true, true]),
        ("!confirm 1", [true, true]),
    ] {
        for (lasts, waits) in [None, Some(7_200_000)].into_iter().zip(waits) {
            let mut stage = stage();
            stage.say("!shutdown !bad:hs.test").await;
            let step =
                |n: usize| Step::BlockRoom { room: RoomId::parse(format!("!r{n}:hs.test")).unwrap().into() };
            let id = under_way(&stage, step(0), None);
            let steps = (0..300).map(|n| step(n).into()).collect();
            let many = Plan { steps, lasts, ..plan(&stage, id) };
            stage.store.commit(vec![Change::Plan(Box::new(many))]).expect("the store writes");
            let asked = stage.hear(moderator(), line);
            let gets_on = |stage: &Stage, step: usize| {
                let outcome = Outcome::Failed { why: "no".into(), but: None };
                let ended = Change::Ended { plan: id, step, outcome, at: stage.clock.now() };
                stage.store.commit(vec![ended]).expect("the store writes");
            };
            for step in 0..5 {
                gets_on(&stage, step);
                assert_eq!(stage.handle().await, Left::Behind, "{line} waits a little");
                stage.clock.pass(Duration::from_secs(1));
            }
            stage.clock.pass(Duration::from_secs(1));
            gets_on(&stage, 5);
            let left = if waits { Left::Behind } else { Left::Nothing };
            assert_eq!(stage.handle().await, left, "{line} {lasts:?}");
            assert_eq!(stage.store.said(&format!("answer-{asked}")).is_some(), !waits, "{line} {lasts:?}");
        }
    }
}

//! Following accounts out of their rooms: one that does not get on holds no others for long.

use gleipnir_core::{
    model::{Account, Erase},
    plan::{Outcome, PlanState, PlannedStep, Step, StepState},
    ports::{Change, Clock as _, Fault, Store as _},
    ruma::OwnedUserId,
};

use super::{ana, eve, with_people};
use crate::scene::{has, plan, under_way};

#[tokio::test]
async fn one_of_many_that_does_not_leave_its_rooms_does_not_hold_the_others_for_long() {
    for (others, shorter) in [(0, 10), (40, 1)] {
        let mut stage = with_people();
        stage.homeserver.part_nobody();
        let users: Vec<String> = (0..others).map(|n| format!("@n{n}:hs.test")).collect();
        for user in &users {
            let id = OwnedUserId::try_from(user.as_str()).expect("a user ID");
            stage.homeserver.put_account(&id, Account::default());
        }
        stage.say(&format!("!deactivate @eve:hs.test {}", users.join(" "))).await;
        let before = stage.clock.now();
        has(&stage.say("!confirm 1").await, &["`@eve:hs.test` is deactivated, but is still in"]);
        let minutes = (stage.clock.now() - before) / 60_000;
        assert!(minutes < shorter, "{others}: {minutes}");
        assert_eq!(minutes >= 3, others == 0, "alone it is waited for: {minutes}");
    }
}

#[tokio::test]
async fn one_of_several_that_cannot_be_followed_holds_no_other() {
    let stage = with_people();
    let step =
        |user: &gleipnir_core::ruma::UserId| Step::Deactivate { user: user.to_owned(), erase: Erase::No };
    let id = under_way(&stage, step(eve()), Some(StepState::Parting { rooms: 2, left: 1, idle: 0 }));
    let mut both = plan(&stage, id);
    both.steps.push(PlannedStep::from(step(ana())));
    stage.store.commit(vec![Change::Plan(Box::new(both))]).expect("the store writes");
    stage.homeserver.fail_always("rooms_of", Fault::Timeout);
    stage.execute().await;
    let both = plan(&stage, id);
    assert_eq!(both.state, PlanState::Done);
    let Some(Outcome::Failed { but: Some(but), .. }) = &both.steps[0].outcome else { panic!("it is told") };
    has(but, &["The account is deactivated; whether it has left its rooms"]);
}

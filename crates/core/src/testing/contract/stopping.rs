//! A job that goes no further.

use ruma::owned_user_id;

use crate::{
    model::BlockStatus,
    plan::{Effect, Origin, Outcome, Plan, PlanState, PlannedStep, StepState},
    ports::{Change, Store},
};

/// `plan` is any with a step.
pub(super) fn holds(store: &dyn Store, plan: &Plan) {
    let id = store.next_plan_id().expect("the store reads");
    let state = || StepState::Blocking { before: BlockStatus::Open };
    let step = |state, outcome| PlannedStep { state, outcome, ..plan.steps[0].clone() };
    let done = || Outcome::Done { effect: Effect::ChangedSince };
    let steps = vec![step(Some(state()), None), step(None, Some(done())), step(None, None), step(None, None)];
    let by = owned_user_id!("@other:hs.test");
    let put = |n, word: &str| {
        let origin = Origin::Command(format!("$stopping{word}").try_into().expect("an event ID"));
        let made =
            Plan { id: id + n, origin, state: PlanState::Running, steps: steps.clone(), ..plan.clone() };
        store.commit(vec![Change::Plan(Box::new(made))]).expect("commits");
    };
    put(0, "this");
    put(1, "other");
    store.commit(vec![Change::Stop { plan: id, by: by.clone() }]).expect("commits");
    let read = |n| store.plan(id + n).expect("the store reads").expect("it is there");
    let stopped = || step(Some(StepState::Stopped { by: by.clone() }), None);
    assert_eq!(read(0).steps, [steps[0].clone(), steps[1].clone(), stopped(), stopped()]);
    assert!(read(0).is_stopped() && !read(0).can_be_stopped());
    assert_eq!(read(1).steps, steps, "no other one");
    assert!(!read(1).is_stopped() && read(1).can_be_stopped());
}

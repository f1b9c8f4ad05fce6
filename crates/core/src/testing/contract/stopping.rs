//! A job that goes no further.

use ruma::owned_user_id;

use crate::{
    model::BlockStatus,
    plan::{Effect, Origin, Outcome, Plan, PlanId, PlanState, PlannedStep, StepState},
    ports::{Change, Store},
};

/// `plan` is any with a step.
pub(super) fn holds(store: &dyn Store, plan: &Plan) {
    let id = store.next_plan_id().expect("the store reads");
    let state = || StepState::Blocking { before: BlockStatus::Open };
    let step = |state, outcome| PlannedStep { state, outcome, ..plan.steps[0].clone() };
    let done = || Outcome::Done { effect: Effect::ChangedSince };
    let steps = vec![
        step(None, Some(done())),
        step(Some(state()), None),
        step(None, None),
        step(Some(state()), None),
    ];
    let by = owned_user_id!("@other:hs.test");
    let put = |n: PlanId, steps: &[PlannedStep]| {
        let origin = Origin::Command(format!("$stopping{n}").try_into().expect("an event ID"));
        let (state, steps) = (PlanState::Running, steps.to_vec());
        let made = Plan { id: id + n, origin, state, steps, ..plan.clone() };
        store.commit(vec![Change::Plan(Box::new(made))]).expect("commits");
    };
    put(0, &steps);
    put(1, &steps);
    put(2, &steps[2..]);
    let halt = |n: PlanId| Change::Stop { plan: id + n, by: by.clone(), at: 77 };
    let read = |n: PlanId| store.plan(id + n).expect("the store reads").expect("it is there");
    assert!(read(0).can_be_stopped() && read(2).can_be_stopped());
    store.commit(vec![halt(0), halt(2)]).expect("commits");
    let stopped = || Some(Outcome::Stopped { by: by.clone() });
    // What was begun goes on; what is behind it was not, whatever state it came with.
    assert_eq!(
        read(0).steps,
        [steps[0].clone(), steps[1].clone(), step(None, stopped()), step(Some(state()), stopped())]
    );
    assert_eq!((read(0).changed_at, read(0).is_stopped(), read(0).can_be_stopped()), (77, true, false));
    assert_eq!(read(2).steps, [step(None, stopped()), step(Some(state()), stopped())]);
    assert_eq!((read(1).steps, read(1).is_stopped()), (steps.clone(), false), "no other one");
    // Whoever was about to begin hears of it by reading the Plan again; what was done all the same is what is true.
    let working = Change::Working { plan: id, step: 2, state: state() };
    let ended = Change::Ended { plan: id, step: 3, outcome: done(), at: 78 };
    store.commit(vec![working, ended]).expect("commits");
    assert_eq!(read(0).steps[2..], [step(None, stopped()), step(Some(state()), Some(done()))]);
    // With nothing left to stop it changes nothing.
    store.commit(vec![halt(0)]).expect("commits");
    assert_eq!(read(0).steps[1], steps[1]);
}

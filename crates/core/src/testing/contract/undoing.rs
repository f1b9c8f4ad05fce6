//! Jobs that undo several others.

use ruma::owned_event_id;

use crate::{
    plan::{Effect, Origin, Outcome, Plan, PlanId, PlanState, PlannedStep, Undoes, Undone},
    ports::{Change, Store, Which},
    reply::Line,
};

/// `plan` is any with a step; there is a case 1.
pub(super) fn holds(store: &dyn Store, plan: &Plan) {
    let first = store.next_plan_id().expect("the store reads");
    let step = || PlannedStep { state: None, outcome: None, ..plan.steps[0].clone() };
    let failed = || Outcome::Failed { why: "no".into(), but: None };
    let done = || Outcome::Done { effect: Effect::ChangedSince };
    let put = |n: PlanId, state, lasts, undoes: Option<Undoes>, steps: Vec<PlannedStep>| {
        let origin = match &undoes {
            // This one ends what it undoes.
            Some(undoes) if n == 2 => Origin::Ending(undoes.jobs[0].plan),
            _ => Origin::Command(format!("$undoing{n}").try_into().expect("an event ID")),
        };
        let made = Plan { id: first + n, origin, state, lasts, undoes, steps, ..plan.clone() };
        store.commit(vec![Change::Plan(Box::new(made.clone()))]).expect("commits");
        assert_eq!(store.plan(first + n), Ok(Some(made)));
    };
    let lasting = || -> Vec<PlanId> {
        let plans = store.lasting().expect("the store reads").into_iter().map(|plan| plan.id);
        plans.filter(|id| *id >= first).map(|id| id - first).collect()
    };
    for n in [0, 1] {
        put(n, PlanState::Done, Some(5), None, vec![PlannedStep { outcome: Some(done()), ..step() }]);
    }
    assert_eq!(lasting(), [0, 1]);
    // An end that failed is the end all the same.
    let steps = vec![PlannedStep { outcome: Some(failed()), ..step() }];
    put(2, PlanState::Done, None, Some(Undoes::one(first, 1)), steps);
    assert_eq!((store.undone_by(first), lasting()), (Ok(None), vec![1]));
    let undone = |n: PlanId, steps: &[usize]| Undone { plan: first + n, steps: steps.to_vec() };
    let jobs = vec![undone(1, &[0, 2]), undone(0, &[1])];
    let both =
        Undoes { jobs, stays: vec![Line::new().text("It “stays”: ").code("x").user("<b>"), Line::new()] };
    put(3, PlanState::Running, None, Some(both), vec![step(), step(), step()]);
    let undone_by = || [first, first + 1].map(|id| store.undone_by(id).expect("the store reads"));
    let by = Some(first + 3);
    assert_eq!((undone_by(), lasting()), ([by, by], vec![]));
    let end = |n, outcome| {
        let ended = Change::Ended { plan: first + 3, step: n, outcome, at: 9 };
        store.commit(vec![ended]).expect("commits");
    };
    end(0, failed());
    end(1, done());
    end(2, failed());
    assert_eq!((undone_by(), lasting()), ([by, by], vec![]), "it is at work");
    let over = Change::PlanState { id: first + 3, state: PlanState::Done, by: None, at: 9 };
    store.commit(vec![over]).expect("commits");
    assert_eq!((undone_by(), lasting()), ([by, None], vec![1]), "all for the second failed");
    end(2, done());
    assert_eq!((undone_by(), lasting()), ([by, by], vec![1]), "some of it failed");
    end(0, done());
    assert_eq!((undone_by(), lasting()), ([by, by], vec![]));
    of_a_case(store, plan, first + 4);
}

/// What undoes something about a case concerns the case.
fn of_a_case(store: &dyn Store, plan: &Plan, first: PlanId) {
    let commit = |plan: Plan| store.commit(vec![Change::Plan(Box::new(plan))]).expect("commits");
    let origin = Origin::Command(owned_event_id!("$about-a-case"));
    commit(Plan { id: first, origin, case: Some(1), undoes: None, ..plan.clone() });
    let origin = Origin::Command(owned_event_id!("$undoes-it"));
    let undoes = Some(Undoes::one(first, 1));
    commit(Plan { id: first + 1, origin, case: None, undoes, ..plan.clone() });
    let of_case = store.plans(&Which { case: Some(1), ..Which::default() }).expect("the store reads");
    let found: Vec<PlanId> = of_case.iter().map(|plan| plan.id).filter(|id| *id >= first).collect();
    assert_eq!(found, [first + 1, first]);
}

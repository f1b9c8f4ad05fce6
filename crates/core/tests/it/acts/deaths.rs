//! Whoever dies when: what was tapped is done once, and the card says so.

use gleipnir_core::{
    plan::PlanState,
    ports::{CaseState, Records as _},
    testing::{Lived, Moment, Stage},
};
use serde_json::json;

use super::{Power, case, local_case, moderator, plans, the_card};
use crate::deaths::shown;

/// A tap that needs no confirmation, one that does, its confirmation, and an undo; after each death the process starts
/// again.
async fn play(stage: &mut Stage) -> usize {
    let mut deaths = 0;
    for (key, words) in
        [("case-1", "⏸️"), ("case-1", "🧹"), ("plan-2", "✅"), ("", "!undo 1"), ("", "!act 1 quarantine ban")]
    {
        if key.is_empty() {
            stage.hear(moderator(), words);
        } else {
            let event = format!("$sent-{key}");
            let relation =
                json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": words}});
            stage.receive(moderator(), "m.reaction", &relation);
        }
        while stage.live().await == Lived::Died {
            deaths += 1;
            assert!(deaths < 10, "it never gets any further");
            stage.restart();
        }
    }
    deaths
}

#[track_caller]
fn ended_as(stage: &Stage, whole: &Stage, point: &str) {
    assert_eq!(shown(stage), shown(whole), "{point}");
    assert_eq!(case(stage, 1), case(whole, 1), "{point}");
    let kinds = |stage: &Stage| {
        plans(stage).into_iter().map(|plan| (plan.origin.text(), plan.state)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(stage), kinds(whole), "{point}");
    let queue = stage.store.queue().expect("the store reads");
    assert_eq!((queue.unhandled, queue.undelivered), (0, 0), "{point}");
}

#[tokio::test]
async fn acting_survives_a_death_at_any_point() {
    let mut whole = local_case(Power::Enough).await;
    let (calls, commits) = (whole.homeserver.calls(), whole.store.commits());
    assert_eq!(play(&mut whole).await, 0);
    assert_eq!(case(&whole, 1).state, CaseState::Resolved);
    assert!(plans(&whole).iter().all(|plan| plan.state == PlanState::Done) && plans(&whole).len() == 4);
    let card = the_card(&whole, 1);
    assert!(card.contains("author suspended (job 1). Undone by job 3"), "{card}");
    assert!(card.contains("Job 4 of `@mod:hs.test`: author banned, 2 files quarantined."), "{card}");
    for moment in [Moment::Before, Moment::After] {
        for call in calls + 1..=whole.homeserver.calls() {
            let mut stage = local_case(Power::Enough).await;
            stage.homeserver.hang_at(call, moment);
            let point = format!("{moment:?} call {call}");
            assert_eq!(play(&mut stage).await, 1, "{point}");
            ended_as(&stage, &whole, &point);
        }
        for commit in commits + 1..=whole.store.commits() {
            let mut stage = local_case(Power::Enough).await;
            stage.store.break_commit(commit, moment);
            let point = format!("{moment:?} commit {commit}");
            assert!(play(&mut stage).await <= 1, "{point}");
            ended_as(&stage, &whole, &point);
        }
    }
}

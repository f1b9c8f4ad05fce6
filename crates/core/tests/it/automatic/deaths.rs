//! Whoever dies when: a rule acts once, and is told of once.

use gleipnir_core::testing::Moment;

use super::*;
use crate::deaths::shown;

fn rules() -> Rules {
    let notify = RuleAction::Notify(vec![moderator().to_owned()]);
    let one = rule("one", [words(&["redact", "suspend", "priority"]), vec![notify]].concat());
    let two = rule("two", words(&["block", "shutdown"]));
    Rules { list: vec![one, two], matches: Matches::All, per_hour: 10 }
}

/// A stage with a case that is not weighed yet.
async fn waiting() -> Stage {
    let stage = stage_with(rules()).await;
    let mut stage = stage;
    file(&stage, 1, "@ana:hs.test", 1);
    stage.poll_reports().await;
    stage
}

/// The rules do what there is to do; the process starts again whenever it dies. How often it did.
async fn live(stage: &mut Stage) -> usize {
    let mut deaths = 0;
    loop {
        let work = async {
            stage.try_react_to_reports().await?;
            stage.try_execute().await
        };
        let is_over = tokio::select! {
            biased;
            done = work => done.is_ok(),
            () = stage.homeserver.hung() => false,
        };
        if is_over {
            return deaths;
        }
        deaths += 1;
        assert!(deaths < 10, "it never gets any further");
        stage.restart();
    }
}

#[track_caller]
fn ended_as(stage: &Stage, whole: &Stage, point: &str) {
    assert_eq!(shown(stage), shown(whole), "{point}");
    assert_eq!(acted(stage), acted(whole), "{point}");
    let kinds = |stage: &Stage| {
        plans(stage).into_iter().map(|plan| (plan.origin.text(), plan.state)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(stage), kinds(whole), "{point}");
    assert!(stage.store.unweighed().expect("it reads").is_empty(), "{point}");
}

#[tokio::test]
async fn rules_survive_a_death_at_any_point() {
    let mut whole = waiting().await;
    let (calls, commits) = (whole.homeserver.calls(), whole.store.commits());
    assert_eq!(live(&mut whole).await, 0);
    assert_eq!(acted(&whole), [Acted::Did(Some(1)), Acted::Did(Some(2))]);
    assert_eq!(plans(&whole).len(), 3);
    for moment in [Moment::Before, Moment::After] {
        for call in calls + 1..=whole.homeserver.calls() {
            let mut stage = waiting().await;
            stage.homeserver.hang_at(call, moment);
            let point = format!("{moment:?} call {call}");
            assert_eq!(live(&mut stage).await, 1, "{point}");
            ended_as(&stage, &whole, &point);
        }
        for commit in commits + 1..=whole.store.commits() {
            let mut stage = waiting().await;
            stage.store.break_commit(commit, moment);
            let point = format!("{moment:?} commit {commit}");
            assert!(live(&mut stage).await <= 1, "{point}");
            ended_as(&stage, &whole, &point);
        }
    }
}

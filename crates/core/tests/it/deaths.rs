//! Playing a conversation once for every point at which the process can die: before and after every commit and every
//! call to the homeserver.

use std::collections::BTreeMap;

use gleipnir_core::{
    plan::{PlanResult, PlanState},
    ports::Records as _,
    testing::{Lived, Moment, Stage},
};

use crate::scene::{moderator, plan, plans};

/// A conversation that leads to one Plan.
pub(crate) struct Script {
    /// What it is played on.
    pub(crate) stage: fn() -> Stage,
    /// What the moderator says.
    pub(crate) lines: &'static [&'static str],
}

/// Plays the lines; after each death the process starts again. How often it died.
pub(crate) async fn play(stage: &mut Stage, lines: &[&str]) -> usize {
    let mut deaths = 0;
    for line in lines {
        stage.hear(moderator(), line);
        while stage.live().await == Lived::Died {
            deaths += 1;
            assert!(deaths < 10, "it never gets any further");
            stage.restart();
        }
    }
    deaths
}

/// What the room shows in the end, by key.
pub(crate) fn shown(stage: &Stage) -> BTreeMap<String, Option<String>> {
    let text = |key: &String| stage.store.said(key).map(|rendered| rendered.text);
    stage.store.keys().into_iter().map(|key| (key.clone(), text(&key))).collect()
}

/// What a conversation leads to when nobody dies.
pub(crate) struct Undisturbed {
    pub(crate) shown: BTreeMap<String, Option<String>>,
    pub(crate) calls: usize,
    /// Of those who set the stage.
    pub(crate) commits_before: usize,
    pub(crate) commits: usize,
}

pub(crate) async fn undisturbed(script: &Script) -> Undisturbed {
    let mut stage = (script.stage)();
    assert_eq!(stage.homeserver.calls(), 0, "the points are counted from the beginning");
    let commits_before = stage.store.commits();
    assert_eq!(play(&mut stage, script.lines).await, 0);
    let commits = stage.store.commits();
    Undisturbed { shown: shown(&stage), calls: stage.homeserver.calls(), commits_before, commits }
}

/// After any death: one Plan, over and reported once; nothing waits.
#[track_caller]
pub(crate) fn ended(stage: &Stage, point: &str) {
    assert_eq!(plans(stage).len(), 1, "{point}");
    let plan = plan(stage, 1);
    assert_eq!(plan.state, PlanState::Done, "{point}");
    assert!(plan.steps.iter().all(|step| step.outcome.is_some()), "{point}");
    let word = match plan.result() {
        PlanResult::Done => "done",
        PlanResult::Partly => "partly done",
        PlanResult::Failed => "failed",
    };
    let heading = format!("Job 1: {} – {word}", plan.command);
    let reports: Vec<String> =
        shown(stage).into_values().flatten().filter(|text| text.starts_with("Job 1: ")).collect();
    assert!(matches!(&reports[..], [report] if report.starts_with(&heading)), "{point}: {reports:?}");
    let queue = stage.store.queue().expect("the store reads");
    assert_eq!((queue.unhandled, queue.undelivered), (0, 0), "{point}");
}

/// After any death: one Plan, done; the room shows what it would have shown; nothing waits.
#[track_caller]
pub(crate) fn ended_well(stage: &Stage, undisturbed: &Undisturbed, point: &str) {
    ended(stage, point);
    assert_eq!(shown(stage), undisturbed.shown, "{point}");
    assert_eq!(plan(stage, 1).result(), PlanResult::Done, "{point}");
}

/// Plays a script once for every point at which the process can die, and looks at the stage afterwards.
pub(crate) async fn after_every_death(script: &Script, look: impl AsyncFn(&mut Stage, &Undisturbed, &str)) {
    let whole = undisturbed(script).await;
    for moment in [Moment::Before, Moment::After] {
        for call in 1..=whole.calls {
            let mut stage = (script.stage)();
            stage.homeserver.hang_at(call, moment);
            let point = format!("{:?}: {moment:?} call {call} of {}", script.lines, whole.calls);
            assert_eq!(play(&mut stage, script.lines).await, 1, "{point}");
            look(&mut stage, &whole, &point).await;
        }
        for commit in whole.commits_before + 1..=whole.commits {
            let mut stage = (script.stage)();
            stage.store.break_commit(commit, moment);
            let point = format!("{:?}: {moment:?} commit {commit} of {}", script.lines, whole.commits);
            // The commits of what arrives are those of the intake, which receives it again.
            assert!(play(&mut stage, script.lines).await <= 1, "{point}");
            look(&mut stage, &whole, &point).await;
        }
    }
}

/// As [`after_every_death`], for what always ends as it does when nobody dies.
pub(crate) async fn at_every_point(script: &Script, look: impl AsyncFn(&mut Stage, &str)) {
    after_every_death(script, async |stage: &mut Stage, whole: &Undisturbed, point: &str| {
        ended_well(stage, whole, point);
        look(stage, point).await;
    })
    .await;
}

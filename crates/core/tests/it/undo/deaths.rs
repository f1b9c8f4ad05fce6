//! The process dies at every point of an undo of five jobs.

use gleipnir_core::{
    model::{Account, MediaDetails},
    plan::{Effect, Outcome, PlanResult, PlanState, Step},
    ports::{Change, Clock as _, Records as _, Store as _},
    testing::Stage,
};

use super::{begin, cat, is_suspended, redact, suspend, user};
use crate::{
    deaths::{Script, after_every_death, shown},
    scene::{moderator, plan, plans, stage},
};

/// Five jobs are done: three suspensions, a quarantine, and a redaction that stays.
fn after_five_jobs() -> Stage {
    let stage = stage();
    let sanctioned = || Effect::Sanctioned { before: false };
    let file = Step::QuarantineMedia { media: cat(), author: None };
    stage.homeserver.put_media(
        &cat(),
        MediaDetails { quarantined_by: Some("@bot:hs.test".into()), ..MediaDetails::default() },
    );
    for (step, effect) in [
        (suspend("u1"), sanctioned()),
        (redact(), Effect::EventRedacted),
        (suspend("u2"), sanctioned()),
        (file, Effect::Quarantined { before: false }),
        (suspend("u3"), sanctioned()),
    ] {
        let id = begin(&stage, moderator(), None, vec![step]);
        let (at, outcome) = (stage.clock.now(), Outcome::Done { effect });
        let done = Change::PlanState { id, state: PlanState::Done, by: None, at };
        stage
            .store
            .commit(vec![Change::Ended { plan: id, step: 0, outcome, at }, done])
            .expect("the store writes");
    }
    for name in ["u1", "u2", "u3"] {
        stage.homeserver.put_account(&user(name), Account { suspended: true, ..Account::default() });
    }
    stage
}

#[tokio::test]
async fn an_undo_of_five_jobs_survives_every_death() {
    let script = Script { stage: after_five_jobs, lines: &["!undo @mod:hs.test 10m", "!confirm 6"] };
    after_every_death(&script, async |stage, whole, point| {
        assert_eq!(plans(stage).len(), 6, "{point}");
        let undo = plan(stage, 6);
        assert_eq!((undo.state, undo.result()), (PlanState::Done, PlanResult::Done), "{point}");
        assert_eq!(shown(stage), whole.shown, "{point}");
        for id in [1, 3, 4, 5] {
            assert_eq!(stage.store.undone_by(id), Ok(Some(6)), "{point}");
        }
        assert_eq!(stage.store.undone_by(2), Ok(None), "{point}");
        for name in ["u1", "u2", "u3"] {
            assert!(!is_suspended(stage, name).await, "{point}: {name}");
        }
        let queue = stage.store.queue().expect("the store reads");
        assert_eq!((queue.unhandled, queue.undelivered), (0, 0), "{point}");
    })
    .await;
}

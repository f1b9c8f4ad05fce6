//! What ends by itself, and what is undone, after somebody else changed it: it is left as they want it.

use std::time::Duration;

use gleipnir_core::{
    plan::{Effect, Outcome, PlanResult},
    testing::Stage,
};
use serde_json::json;

use super::{eve, is, levels, levels_of, lounge, membership, stage, writes};
use crate::scene::{has, plan};

async fn after(stage: &mut Stage, minutes: u64) {
    stage.wait(Duration::from_mins(minutes)).await;
    stage.execute().await;
}

fn said(stage: &Stage, key: &str) -> String {
    stage.store.said(key).expect("it is said").text
}

#[tokio::test]
async fn power_that_somebody_gave_meanwhile_is_not_taken_away_by_the_end_of_a_mute() {
    for undo in [false, true] {
        let mut stage = stage();
        stage.say("!mute @eve:hs.test !lounge:hs.test --for 1h").await;
        levels(&stage, lounge(), &json!({"users": {"@bot:hs.test": 100, "@eve:hs.test": 50}}));
        if undo {
            stage.say("!undo 1").await;
        } else {
            after(&mut stage, 62).await;
        }
        assert_eq!(levels_of(&stage, lounge()).await["users"]["@eve:hs.test"], 50, "{undo}");
        let report = said(&stage, "run-2");
        has(
            &report,
            &[
                "– done",
                "ℹ️ The power of `@eve:hs.test` in Lounge",
                "was changed since, and is left as it is.",
            ],
        );
        assert_eq!(
            plan(&stage, 2).steps[0].outcome,
            Some(Outcome::Done { effect: Effect::ChangedSince }),
            "{undo}"
        );
        assert_eq!((plan(&stage, 2).result(), writes(&stage).len()), (PlanResult::Done, 1));
        assert!(!report.contains("!undo"), "{report}");
    }
}

#[tokio::test]
async fn a_mute_that_nobody_touched_ends_also_where_others_were_given_power() {
    let mut stage = stage();
    stage.say("!mute @eve:hs.test !lounge:hs.test --for 1h").await;
    levels(
        &stage,
        lounge(),
        &json!({"users": {"@bot:hs.test": 100, "@eve:hs.test": -1, "@ana:hs.test": 60}, "ban": 40}),
    );
    after(&mut stage, 62).await;
    assert_eq!(
        levels_of(&stage, lounge()).await,
        json!({"users": {"@bot:hs.test": 100, "@ana:hs.test": 60}, "ban": 40})
    );
}

#[tokio::test]
async fn a_ban_that_somebody_else_renewed_is_not_lifted_by_the_end_of_the_older_one() {
    let mut stage = stage();
    stage.say("!ban @eve:hs.test !lounge:hs.test --for 1h").await;
    is(&stage, lounge(), "@eve:hs.test", "leave");
    stage.homeserver.change_room(lounge(), |room| {
        room.state
            .push(json!({"type": "m.room.member", "state_key": "@eve:hs.test", "sender": "@ana:hs.test",
            "content": {"membership": "ban"}}));
    });
    after(&mut stage, 62).await;
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("ban"));
    has(
        &said(&stage, "run-2"),
        &[
            "– done",
            "ℹ️ Somebody else has banned `@eve:hs.test` from Lounge",
            "`!unban @eve:hs.test !lounge:hs.test`",
        ],
    );
    has(&stage.say("!unban @eve:hs.test !lounge:hs.test").await, &["is no longer banned"]);
}

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

#[tokio::test]
async fn a_ban_for_good_takes_the_place_of_one_for_a_time() {
    let mut stage = stage();
    stage.say("!ban @eve:hs.test !lounge:hs.test --for 2h").await;
    let dry = stage.say("!ban @eve:hs.test !lounge:hs.test --dry-run").await;
    has(&dry, &["ban EVE (`@eve:hs.test`) from Lounge", "banned until 2026-", "(job 1) so far."]);
    let told = stage.say("!ban @eve:hs.test !lounge:hs.test").await;
    has(
        &told,
        &["Job 1 was to end this at 2026-", "Job 2 takes its place: it does not end by itself any more."],
    );
    let report = said(&stage, "run-2");
    has(&report, &["Job 2: ban – done", "is banned from Lounge", "!undo 2"]);
    assert!(!report.contains("ends by itself"), "{report}");
    after(&mut stage, 122).await;
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("ban"), "it is for good");
    assert_eq!((plan(&stage, 3).steps.len(), stage.store.said("run-3")), (0, None), "nothing ended");
    // It is as if the second had banned: it can be undone, and ends nothing then.
    has(&stage.say("!undo 2").await, &["is no longer banned"]);
    assert_eq!(writes(&stage).len(), 2);
}

#[tokio::test]
async fn a_ban_for_another_time_ends_then_whichever_is_longer() {
    for (first, second, until, over) in [("1h", "3h", 62, 185), ("3h", "1h", 30, 62)] {
        let mut stage = stage();
        stage.say(&format!("!ban @eve:hs.test !lounge:hs.test --for {first}")).await;
        let told = stage.say(&format!("!ban @eve:hs.test !lounge:hs.test --for {second}")).await;
        has(&told, &["Job 2 takes its place, and ends it at its own time."]);
        has(&said(&stage, "run-2"), &["It ends by itself: 2026-"]);
        after(&mut stage, until).await;
        assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("ban"), "{second}");
        after(&mut stage, over - until).await;
        assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("leave"), "{second}");
        // It is not lifted again when somebody bans them for good after that.
        stage.say("!ban @eve:hs.test !lounge:hs.test").await;
        after(&mut stage, 300).await;
        assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("ban"), "{second}");
    }
}

#[tokio::test]
async fn a_ban_that_is_not_for_a_time_is_not_made_one() {
    let mut stage = stage();
    stage.say("!ban @eve:hs.test !lounge:hs.test").await;
    has(
        &stage.say("!ban @eve:hs.test !lounge:hs.test --for 1h").await,
        &["is banned already from Lounge", "That was not for a time, and stays so."],
    );
    stage.say("!unban @eve:hs.test !lounge:hs.test").await;
    stage.say("!ban @eve:hs.test !lounge:hs.test --for 1h").await;
    stage.say("!unban @eve:hs.test !lounge:hs.test").await;
    stage.say("!ban @eve:hs.test !lounge:hs.test").await;
    after(&mut stage, 62).await;
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("ban"));
}

#[tokio::test]
async fn a_mute_for_another_time_gives_back_the_level_of_before_the_first() {
    let mut stage = stage();
    let before = levels_of(&stage, lounge()).await;
    stage.say("!mute @ana:hs.test @eve:hs.test !lounge:hs.test --for 1h").await;
    let told = stage.say("!mute @ana:hs.test !lounge:hs.test --for 3h").await;
    has(&told, &["Job 2 takes its place"]);
    after(&mut stage, 62).await;
    let users = &levels_of(&stage, lounge()).await["users"];
    assert_eq!((&users["@ana:hs.test"], &users["@eve:hs.test"]), (&json!(-1), &json!(null)));
    after(&mut stage, 125).await;
    assert_eq!(levels_of(&stage, lounge()).await, before);
    stage.say("!mute @ana:hs.test !lounge:hs.test --for 1h").await;
    stage.say("!power !lounge:hs.test @ana:hs.test 40").await;
    after(&mut stage, 62).await;
    assert_eq!(levels_of(&stage, lounge()).await["users"]["@ana:hs.test"], 40);
}

#[tokio::test]
async fn an_end_that_is_refused_is_said_once_with_what_to_do() {
    let mut stage = stage();
    stage.say("!ban @eve:hs.test !lounge:hs.test --for 1h").await;
    levels(&stage, lounge(), &json!({"users": {"@ana:hs.test": -1, "@user0:hs.test": 100}}));
    after(&mut stage, 62).await;
    let report = said(&stage, "run-2");
    has(
        &report,
        &[
            "end of job 1, whose time is over – failed",
            "❌ Could not unban `@eve:hs.test` in Lounge",
            "I do not try that again. Once nothing stands in the way any more, it is ended by hand:",
            "`!unban @eve:hs.test !lounge:hs.test`",
        ],
    );
    after(&mut stage, 600).await;
    assert_eq!(crate::scene::plans(&stage).len(), 2);

    let mut stage = super::stage();
    stage.say("!mute @ana:hs.test !lounge:hs.test --for 1h").await;
    levels(&stage, lounge(), &json!({"users": {"@ana:hs.test": -1, "@user0:hs.test": 100}}));
    after(&mut stage, 62).await;
    has(&said(&stage, "run-2"), &["`!power !lounge:hs.test @ana:hs.test 50`"]);
}

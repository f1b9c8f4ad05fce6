//! `storage.keep`: what is over and old is deleted, and what moderators are told of it afterwards.

use std::time::Duration;

use gleipnir_core::{
    ports::{Clock as _, Forgotten, Records as _},
    ruma::room_id,
    testing::Stage,
};

use crate::{
    cases::open_with,
    scene::{asked, has, moderator, plans},
};

const DAY: Duration = Duration::from_hours(24);
const KEEP: &str = "`storage.keep` is 365 days.";

fn stage(keep: Option<Duration>) -> Stage {
    let mut stage = crate::scene::stage();
    stage.settings.keep = keep;
    stage.restart();
    stage.room(room_id!("!other:hs.test"), "Other", "#other:hs.test", 1);
    stage
}

/// What a bot does that has been at work all the time.
fn days_pass(stage: &Stage, days: u32) {
    for _ in 0..days {
        stage.clock.pass(DAY);
        stage.forget();
    }
}

#[tokio::test]
async fn jobs_go_when_they_are_old_and_are_said_to_be_gone() {
    let mut stage = stage(Some(365 * DAY));
    stage.forget();
    stage.say("!block !bad:hs.test").await;
    stage.say("!undo 1").await;
    days_pass(&stage, 200);
    stage.say("!block !other:hs.test").await;
    days_pass(&stage, 164);
    has(&stage.say("!job 1").await, &["Job 1: block"]);
    assert!(!stage.say("!audit").await.contains("not kept"), "all is kept yet");
    days_pass(&stage, 2);
    assert_eq!(plans(&stage).iter().map(|plan| plan.id).collect::<Vec<_>>(), [3]);
    let gone = |id: u64| format!("Job {id} is not kept any more: {KEEP}");
    for command in ["!job 1", "!undo 1"] {
        assert_eq!(stage.say(command).await, format!("{} `!audit` lists those that are.", gone(1)));
    }
    has(&stage.say("!undo 2").await, &[&gone(2)]);
    for command in ["!confirm 2", "!cancel 2"] {
        assert_eq!(stage.say(command).await, format!("{} `!jobs` lists those that wait.", gone(2)));
    }
    has(&stage.say("!job 9").await, &["There is no job 9."]);
    let audit = stage.say("!audit").await;
    has(&audit, &["block Other", &format!("Older jobs are not kept: {KEEP}")]);
    has(&stage.say("!audit --file").await, &["Older jobs are not kept: "]);
    let none = stage.say("!audit !bad:hs.test").await;
    has(&none, &["I know of nothing about ", &format!("Older jobs are not kept: {KEEP}")]);
    // What is kept can be undone, and no number is given twice.
    has(&stage.say("!undo 3").await, &["Job 4: undo – done"]);
    days_pass(&stage, 366);
    assert_eq!(
        stage.say("!audit").await,
        format!("Nothing was asked of me lately. Older jobs are not kept: {KEEP}")
    );
    has(&stage.say("!block !bad:hs.test").await, &["Job 5: block – done"]);
    // Without a time nothing more is deleted, and what was stays so.
    stage.settings.keep = None;
    stage.restart();
    days_pass(&stage, 400);
    has(&stage.say("!job 5").await, &["Job 5: block"]);
    has(&stage.say("!job 4").await, &["Job 4 is not kept any more. "]);
}

#[tokio::test]
async fn what_is_not_over_stays_however_old_it_is() {
    let mut stage = stage(Some(DAY));
    stage.settings.confirm_for = 30 * DAY;
    stage.restart();
    stage.say("!shutdown !bad:hs.test").await;
    stage.hear(moderator(), "!block !other:hs.test");
    stage.handle().await;
    days_pass(&stage, 10);
    assert_eq!(stage.store.forgotten(), Ok(Forgotten::default()));
    stage.execute().await;
    has(&stage.react(moderator(), "plan-1", "✅").await, &["Job 1: shutdown – done"]);
    // The answer to what was asked ten days ago has its message still.
    let first = asked(&stage, 1);
    assert!(stage.marked(&first, "✅"), "{:?}", stage.store.keys());
    days_pass(&stage, 2);
    assert_eq!(plans(&stage), []);
    assert_eq!(stage.store.said("plan-1"), None);
}

#[tokio::test]
async fn what_was_done_for_a_time_ends_in_time() {
    let mut stage = stage(Some(2 * DAY));
    let eve = gleipnir_core::ruma::user_id!("@eve:hs.test");
    stage.homeserver.put_account(eve, gleipnir_core::model::Account::default());
    has(&stage.say("!suspend @eve:hs.test --for 10d").await, &["Job 1: suspend – done"]);
    days_pass(&stage, 9);
    has(&stage.say("!job 1").await, &["Job 1: suspend"]);
    stage.clock.pass(DAY);
    stage.forget();
    stage.handle().await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes().last().map(String::as_str), Some("unsuspend @eve:hs.test"));
    days_pass(&stage, 3);
    assert_eq!(plans(&stage), [], "once it has ended it goes, with its end");
    stage.clock.pass(10 * DAY);
    stage.handle().await;
    assert_eq!(plans(&stage), [], "and does not end again");
}

#[tokio::test]
async fn cases_go_with_what_was_said_in_them() {
    let mut stage = stage(Some(365 * DAY));
    stage.forget();
    open_with(&stage, 1, vec![("@rep:hs.test", Some("rude"))], "you fool");
    open_with(&stage, 2, vec![("@rep:hs.test", Some("rude"))], "you again");
    stage.react_to_reports().await;
    stage.say("!dismiss 1 no harm").await;
    days_pass(&stage, 366);
    assert_eq!(stage.store.forgotten(), Ok(Forgotten { plans: 0, cases: 1 }));
    let gone = format!("Case 1 is not kept any more: {KEEP} `!reports all` lists those that are.");
    for command in ["!case 1", "!reopen 1", "!act 1 ban", "!claim 1"] {
        assert_eq!(stage.say(command).await, gone, "{command}");
    }
    assert_eq!(stage.react(moderator(), "case-1", "☑️").await, gone);
    days_pass(&stage, 1);
    assert_eq!(
        stage.react(moderator(), "case-1", "☑️").await,
        "",
        "its card is no message of the bot any more"
    );
    has(&stage.say("!case 2").await, &["Case 2", "you again"]);
    has(&stage.react(moderator(), "case-2", "☑️").await, &["Resolved by `@mod:hs.test`"]);
    has(&stage.say("!case 3").await, &["There is no case 3."]);
    // It counts where it cannot be counted any more.
    let stats = format!("Older cases are not kept, and not counted: {KEEP}");
    has(&stage.say("!stats --since 53w").await, &[&stats]);
    assert!(!stage.say("!stats --since 30d").await.contains("not kept"));
    // What is reported again is a new case.
    let now = stage.clock.now();
    let again = open_with(&stage, 3, vec![("@rep:hs.test", None)], "once more");
    assert_eq!(again.opened_at, now);
    has(&stage.say("!case 3").await, &["once more"]);
}

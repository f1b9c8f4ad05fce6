//! The two-person rule: what it takes two moderators for is confirmed by another than who asked, however it was asked for.

use std::time::Duration;

use gleipnir_core::{
    commands::SkipConfirmation,
    desk::Invitation,
    model::{Account, RoomDetails, Sanction, Standing},
    plan::PlanState,
    ports::{Fault, Lookup as _},
    ruma::{OwnedUserId, UserId, owned_event_id, owned_user_id, room_id, user_id},
    speech::{NO, YES},
    testing::{FakeRoom, Stage},
};

use crate::scene::{DELETED, has, moderator, other, plan, plans, watcher};

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

/// A stage on which `@mod`, `@other` and `@watcher` are in the management room, and these commands take two.
pub(crate) fn rule_of_two(stage: &mut Stage, names: &[&str]) {
    let management = stage.settings.management.clone();
    stage.homeserver.change_room(&management, |room| {
        room.members.extend([other().to_owned(), watcher().to_owned()]);
    });
    stage.homeserver.put_account(eve(), Account::default());
    stage.settings.second = names.iter().map(|name| (*name).to_owned()).collect();
    stage.restart();
}

fn stage(names: &[&str]) -> Stage {
    let mut stage = crate::scene::stage();
    rule_of_two(&mut stage, names);
    stage
}

const OTHER_CAN: &str =
    "needs a second moderator (`safety.second_moderator`): who asks cannot confirm it. `@other:hs.test` can.";

#[tokio::test]
async fn who_asked_cannot_confirm_and_is_told_who_can() {
    let mut stage = stage(&["shutdown", "deactivate"]);
    let said = stage.say("!shutdown !bad:hs.test").await;
    has(
        &said,
        &[
            "This cannot simply be undone",
            &format!("`!shutdown` {OTHER_CAN}"),
            "Job 1: do it? Another moderator reacts with ✅ or sends `!confirm 1` within 10 minutes.",
            "`!cancel 1` drops it.",
        ],
    );
    let refusal = "You asked for job 1 yourself, and `!shutdown` needs a second moderator (`safety.second_moderator`). \
                   `@other:hs.test` can. You can still drop it: `!cancel 1`.";
    assert_eq!(stage.react(moderator(), "plan-1", YES).await, refusal);
    assert_eq!(stage.say("!confirm 1").await, refusal);
    stage.restart();
    assert_eq!(stage.say("!confirm 1").await, refusal);
    assert!(stage.homeserver.writes().is_empty());
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed);
    has(&stage.react(watcher(), "plan-1", YES).await, &["needs power level 50"]);
    let said = stage.react(other(), "plan-1", YES).await;
    has(&said, &["Job 1: shutdown – done (confirmed by `@other:hs.test`)"]);
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}

#[tokio::test]
async fn it_asks_what_would_be_done_at_once_whatever_yes_says() {
    let mut stage = stage(&["block"]);
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let dry = stage.say("!block !bad:hs.test --yes --dry-run").await;
    has(&dry, &["Dry run: nothing was done. It would ask for a confirmation first. `!block` needs a second"]);
    assert!(plans(&stage).is_empty());
    let said = stage.say("!block !bad:hs.test --yes").await;
    has(&said, &["Job 1: do it?", &format!("`!block` {OTHER_CAN}"), "`--yes` does not help here."]);
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.say_as(other(), "!confirm 1").await, &["Job 1: block – done"]);
    // What is not named goes on as before.
    has(&stage.say("!unblock !bad:hs.test --yes").await, &["Job 2: unblock – done"]);
}

#[tokio::test]
async fn who_asked_may_drop_it() {
    let mut stage = stage(&["block"]);
    stage.say("!block !bad:hs.test").await;
    stage.say("!block !bad:hs.test").await;
    has(&stage.react(moderator(), "plan-1", NO).await, &["Job 1 (block) is cancelled by `@mod:hs.test`."]);
    has(&stage.say("!cancel 2").await, &["Job 2 (block) is cancelled by `@mod:hs.test`."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn where_nobody_else_can_it_says_so() {
    let mut stage = crate::scene::stage();
    stage.settings.second = ["block".to_owned()].into();
    stage.restart();
    let said = stage.say("!block !bad:hs.test").await;
    has(
        &said,
        &["Nobody else in this room can. Another member needs power level 50 for that.", "Job 1: do it?"],
    );
    has(&stage.say("!confirm 1").await, &["You asked for job 1 yourself", "Nobody else in this room can."]);
    // Somebody comes.
    stage
        .homeserver
        .change_room(&stage.settings.management.clone(), |room| room.members.push(other().to_owned()));
    has(&stage.say("!confirm 1").await, &["`@other:hs.test` can."]);
}

#[tokio::test]
async fn those_are_named_who_may_do_all_of_it() {
    let mut stage = stage(&["shutdown"]);
    for n in 1..=8 {
        let user = OwnedUserId::try_from(format!("@third{n}:hs.test")).expect("a user ID");
        stage.homeserver.put_standing(&user, Standing::Level(50));
        stage
            .homeserver
            .change_room(&stage.settings.management.clone(), |room| room.members.push(user.clone()));
    }
    has(&stage.say("!shutdown !bad:hs.test").await, &["`@third4:hs.test` and 4 more can."]);
    stage.settings.levels.insert("shutdown".into(), 100);
    stage.restart();
    stage.homeserver.put_standing(moderator(), Standing::Level(100));
    has(&stage.say("!shutdown !bad:hs.test").await, &[OTHER_CAN]);
    stage.homeserver.put_standing(other(), Standing::Level(99));
    has(
        &stage.say("!shutdown !bad:hs.test").await,
        &["Nobody else in this room can. Another member needs power level 100"],
    );
}

#[tokio::test]
async fn who_lost_the_power_meanwhile_counts_for_nobody() {
    let mut stage = stage(&["shutdown"]);
    stage.say("!shutdown !bad:hs.test").await;
    // Who could have confirmed it.
    stage.homeserver.put_standing(other(), Standing::Level(49));
    has(
        &stage.react(other(), "plan-1", YES).await,
        &["`!shutdown` needs power level 50 in this room, and you have 49."],
    );
    has(&stage.say("!confirm 1").await, &["Nobody else in this room can."]);
    // Who asked: one of two is not enough.
    stage.homeserver.put_standing(other(), Standing::Creator);
    for lost in [Standing::Level(0), Standing::Outside] {
        stage.homeserver.put_standing(moderator(), lost);
        has(
            &stage.react(other(), "plan-1", YES).await,
            &[
                "`@mod:hs.test`, who asked for job 1, may not do that any more, and it takes two who may",
                "send `!shutdown !bad:hs.test` yourself; somebody else then confirms it.",
            ],
        );
    }
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.say_as(other(), "!shutdown !bad:hs.test").await, &["Nobody else in this room can."]);
    stage.homeserver.put_standing(moderator(), Standing::Level(50));
    has(&stage.say("!confirm 2").await, &["Job 2: shutdown – done (confirmed by `@mod:hs.test`)"]);
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}

#[tokio::test]
async fn an_undo_needs_two_where_what_it_does_needs_two() {
    let mut stage = stage(&[]);
    stage.say("!suspend @eve:hs.test").await;
    stage.say("!unsuspend @eve:hs.test").await;
    stage.settings.second = ["suspend".to_owned()].into();
    stage.restart();
    let before = stage.homeserver.writes().len();
    has(&stage.say("!undo 2").await, &["Job 3: do it?", &format!("`!suspend` {OTHER_CAN}")]);
    has(&stage.say("!confirm 3").await, &["You asked for job 3 yourself"]);
    assert_eq!(stage.homeserver.writes().len(), before);
    has(&stage.react(other(), "plan-3", YES).await, &["Job 3: undo"]);
    assert!(stage.homeserver.account(eve()).await.unwrap().unwrap().is(Sanction::Suspension));
    // The other way nothing is named.
    has(&stage.say("!undo 3").await, &["Job 4: undo"]);
    assert!(!stage.homeserver.account(eve()).await.unwrap().unwrap().is(Sanction::Suspension));
}

#[tokio::test]
async fn what_ends_by_itself_is_asked_of_nobody() {
    let mut stage = stage(&["unsuspend"]);
    has(&stage.say("!suspend @eve:hs.test --for 20m").await, &["Job 1: suspend"]);
    stage.wait(Duration::from_mins(21)).await;
    stage.execute().await;
    assert!(!stage.homeserver.account(eve()).await.unwrap().unwrap().is(Sanction::Suspension));
    assert_eq!(plan(&stage, 2).state, PlanState::Done);
}

#[tokio::test]
async fn an_invitation_waits_for_a_moderator_where_joining_takes_two() {
    let mut stage = stage(&["join"]);
    let lounge = room_id!("!lounge:hs.test");
    let details = RoomDetails { name: Some("Lounge".into()), ..RoomDetails::default() };
    let invites = vec![owned_user_id!("@bot:hs.test")];
    stage.homeserver.put_room(lounge, FakeRoom { details, invites, ..FakeRoom::default() });
    let invitation = Invitation {
        room_id: lounge.to_owned(),
        inviter: Some(watcher().to_owned()),
        event_id: Some(owned_event_id!("$invite")),
    };
    let said = stage.invite(&invitation).await.expect("it works");
    has(
        &said,
        &[
            "`@watcher:hs.test` invited me to watch `!lounge:hs.test`.",
            "`!join` needs a second",
            "Job 1: do it?",
        ],
    );
    assert_eq!(stage.invite(&invitation).await.expect("it works"), "", "it is asked once");
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.react(watcher(), "plan-1", YES).await, &["needs power level 50"]);
    has(&stage.react(moderator(), "plan-1", YES).await, &["I am in it now"]);
    assert_eq!(stage.homeserver.writes(), ["join !lounge:hs.test"]);
}

#[tokio::test]
async fn who_asked_is_known_even_when_others_are_not() {
    let mut stage = stage(&["block"]);
    stage.homeserver.fail_once("members", Fault::Away("down".into()));
    has(&stage.say("!block !bad:hs.test").await, &["I cannot reach the homeserver"]);
    assert!(plans(&stage).is_empty());
    stage.say("!block !bad:hs.test").await;
    stage.homeserver.fail_once("members", Fault::Away("down".into()));
    has(&stage.say("!confirm 1").await, &["I cannot reach the homeserver"]);
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn what_must_be_known_of_moderators_is_waited_for_until_there_is_a_new_login() {
    let mut stage = stage(&["block"]);
    stage.homeserver.fail_once("members", Fault::TokenGone);
    assert_eq!(stage.say("!block !bad:hs.test").await, "");
    assert!(plans(&stage).is_empty());
    stage.handle().await;
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed, "it was asked for once, and is proposed");
    for asked in ["standing", "members"] {
        stage.homeserver.fail_once(asked, Fault::TokenGone);
        assert_eq!(stage.say("!confirm 1").await, "", "{asked}");
        assert_eq!(
            stage.wait(Duration::ZERO).await.matches("You asked for job 1 yourself").count(),
            1,
            "{asked}"
        );
    }
    stage.homeserver.fail_once("standing", Fault::TokenGone);
    assert_eq!(stage.say_as(other(), "!confirm 1").await, "");
    stage.handle().await;
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn what_waits_for_another_says_so_and_so_does_its_end() {
    let mut stage = stage(&["shutdown"]);
    stage.say("!shutdown !bad:hs.test").await;
    has(
        &stage.say("!jobs").await,
        &["waits for another moderator than who asked: shut down Spam", "asked by `@mod:hs.test`"],
    );
    let waits = "Waits for: another moderator than `@mod:hs.test` (`safety.second_moderator`)";
    has(&stage.say_as(other(), "!job 1").await, &[waits]);
    has(
        &stage.wait(Duration::from_mins(11)).await,
        &[
            "Job 1 (shutdown) was not confirmed in time and is dropped. Nothing was done. It needed another moderator than \
             `@mod:hs.test`, who asked for it (`safety.second_moderator`). Any moderator who may can ask for it again with \
             `!shutdown !bad:hs.test`; another one then has to confirm it.",
        ],
    );
    let said = stage.say("!job 1").await;
    assert!(!said.contains("Waits for"), "{said}");
    // What needs nobody else waits for anybody.
    stage.say("!deactivate @eve:hs.test").await;
    has(&stage.say("!jobs").await, &["waits for a confirmation: "]);
    let said = stage.wait(Duration::from_mins(11)).await;
    has(&said, &["Nothing was done. `!deactivate @eve:hs.test` asks for it again."]);
}

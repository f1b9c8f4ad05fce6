//! Other servers still have the room: the bot joins it through them, and brings the members back.

use gleipnir_core::{
    model::{Account, BlockStatus},
    plan::{PlanResult, Step, Way},
    ports::{Change, Fault, Lookup as _, Records as _, Store as _},
    ruma::{owned_server_name, room_alias_id},
};
use serde_json::json;

use super::{alone, bot, far, inside, is_there, result, shut_down, user, with_others};
use crate::scene::{bad_room, has, plan};

#[tokio::test]
async fn a_room_that_goes_on_elsewhere_is_joined_again() {
    let mut stage = with_others();
    shut_down(&mut stage, "spam").await;
    assert!(!is_there(&stage, bad_room()).await);
    let asked = stage.say("!undo 1").await;
    assert_eq!(
        asked,
        "To undo job 1:
• unblock Spam (`#bad:hs.test`, `!bad:hs.test`)
• bring Spam (`#bad:hs.test`, `!bad:hs.test`) back by joining it again, with 3 local members

What that means for the room:
• Other servers still have the room. I join it through `other.test`, and nothing of it is made anew.
• Former members of this server, brought back without being asked: 3: `@user0:hs.test`, `@user1:hs.test`, `@user2:hs.test`. Who cannot be brought in is invited. Accounts that were deactivated since are left out.
• Aliases that lead there again: `#bad:hs.test`.
• I leave it then, if somebody of this server is back in it.
• What cannot come back: what no other server has of the messages and files, open invitations and requests to join, and how far everybody had read.

People are brought into a room without being asked.

Job 2: do it? React with ✅ or send `!confirm 2` within 10 minutes. ❌ or `!cancel 2` drops it."
    );
    assert!(!is_there(&stage, bad_room()).await, "it asks first");
    let report = stage.say("!confirm 2").await;
    assert_eq!(
        report,
        "Job 2: undo – done, because “undo of job 1”
• ✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is open again.
• ✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is back. 3 of 3 former local members are in it again.

What cannot come back: what no other server has of the messages and files, open invitations and requests to join, and how far everybody had read.

Undo: `!undo 2`"
    );
    assert_eq!(inside(&stage, bad_room()).await, ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test"]);
    let leads = stage.homeserver.resolve_alias(room_alias_id!("#bad:hs.test")).await.unwrap();
    assert_eq!(leads.as_deref(), Some(bad_room()));
    assert_eq!(stage.homeserver.block_status(bad_room()).await, Ok(BlockStatus::Open));
    assert_eq!(stage.homeserver.made(), Vec::<gleipnir_core::ruma::OwnedRoomId>::new());
    // Once is enough.
    has(&stage.say("!undo 1").await, &["Job 1 was undone by job 2 already."]);
}

#[tokio::test]
async fn one_who_cannot_come_back_keeps_nobody_else() {
    let mut stage = with_others();
    stage.homeserver.change_room(bad_room(), |room| room.members.push(user("gone")));
    stage.homeserver.put_account(&user("gone"), Account::default());
    shut_down(&mut stage, "").await;
    stage.homeserver.put_account(&user("gone"), Account { deactivated: true, ..Account::default() });
    let refused = |message: &str| Fault::Refused {
        status: 403,
        errcode: "M_FORBIDDEN".into(),
        message: message.into(),
    };
    stage.say("!undo 1").await;
    stage.homeserver.fail_once("bring_in", refused("`@user0` is *banned*"));
    stage.homeserver.fail_once("change_member", refused("no"));
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &[
            "Job 2: undo – partly done",
            "is back. 2 of 4 former local members are in it again. 1 has no active account any more. 1 is missing.",
            "Not everything is as it was.",
            "Not back:\n• `@user0:hs.test`: '@user0' is *banned*",
        ],
    );
    assert_eq!(inside(&stage, bad_room()).await, ["@user1:hs.test", "@user2:hs.test"]);
}

#[tokio::test]
async fn who_cannot_be_brought_in_is_invited() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.say("!undo 1").await;
    stage.homeserver.fail_once("bring_in", refused);
    stage.homeserver.change_elsewhere(bad_room(), |room| {
        room.state = vec![json!({"type": "m.room.power_levels", "state_key": "", "sender": far(),
            "content": {"invite": 0}})];
    });
    let report = stage.say("!confirm 2").await;
    has(&report, &["2 of 3 former local members are in it again. 1 could not be brought in and is invited."]);
    let invited = stage.homeserver.member(bad_room(), &user("user0")).await.unwrap().expect("a member event");
    assert_eq!(invited.text("membership"), Some("invite"));
}

#[tokio::test]
async fn faults_that_pass_are_waited_for() {
    for (method, fault) in [
        ("bring_in", Fault::Timeout),
        ("bring_in", Fault::Away("connection refused".into())),
        ("bring_in", Fault::Broken { status: 500, message: "oops".into() }),
        ("bring_in", Fault::RateLimited { retry_after: None }),
        ("account", Fault::Timeout),
        ("join_through", Fault::Broken { status: 502, message: "Failed to make_join".into() }),
        ("join_through", Fault::RateLimited { retry_after: None }),
        ("joined_rooms", Fault::Timeout),
        ("resolve_alias", Fault::Timeout),
        ("add_alias", Fault::BadAnswer("cut".into())),
        ("members", Fault::Timeout),
        ("leave_room", Fault::Timeout),
    ] {
        for lost in [false, true] {
            let mut stage = with_others();
            shut_down(&mut stage, "").await;
            stage.say("!undo 1").await;
            if lost {
                stage.homeserver.lose_answer(method, fault.clone());
            } else {
                stage.homeserver.fail_once(method, fault.clone());
            }
            has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3 former local members are"]);
            assert_eq!(
                inside(&stage, bad_room()).await,
                ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test"],
                "{method} {fault}"
            );
        }
    }
}

#[tokio::test]
async fn one_whom_the_server_fails_at_is_left_in_the_end() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    for _ in 0..4 {
        stage.homeserver.fail_once("bring_in", Fault::Broken { status: 500, message: "oops".into() });
    }
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &[
            "2 of 3 former local members",
            "Not back:\n• `@user0:hs.test`: The homeserver failed: oops (HTTP 500).",
        ],
    );
}

#[tokio::test]
async fn who_is_not_let_in_says_who_could_help_and_makes_no_second_room() {
    let mut stage = with_others();
    stage.homeserver.change_room(bad_room(), |room| room.details.join_rules = Some("invite".into()));
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &[
            "Job 2: undo – partly done",
            "is open again.",
            "I am not let in. The homeserver refused: You are not invited to this room. (M_UNKNOWN, HTTP 403).",
            "I made no other room, which would split it. Somebody who is still in it has to invite me, such as \
             `@far:other.test` – then send the same !undo again. It is not blocked any more: who is invited can join.",
        ],
    );
    assert!(!is_there(&stage, bad_room()).await && stage.homeserver.made().is_empty());
    // Somebody invites the bot, and the same undo goes through.
    stage.homeserver.change_elsewhere(bad_room(), |room| {
        room.invites.push(bot().to_owned());
        room.state = vec![json!({"type": "m.room.power_levels", "state_key": "", "sender": far(),
            "content": {"invite": 0}})];
    });
    has(&stage.say("!undo 1").await, &["Job 3: do it?"]);
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done", "3 of 3 former local members"]);
    assert_eq!(inside(&stage, bad_room()).await, ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test"]);
}

#[tokio::test]
async fn no_server_that_answers_is_an_end_too() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage
        .homeserver
        .fail_always("join_through", Fault::Broken { status: 502, message: "Failed to make_join".into() });
    stage.say("!undo 1").await;
    has(
        &stage.say("!confirm 2").await,
        &[
            "None of the servers that have it answers. The homeserver failed: Failed to make_join (HTTP 502).",
            "Try again later",
        ],
    );
    stage.homeserver.mend();
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done"]);
}

#[tokio::test]
async fn a_room_whose_servers_are_gone_for_good_is_made_anew_when_that_is_wanted() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage
        .homeserver
        .fail_always("join_through", Fault::Broken { status: 502, message: "Failed to make_join".into() });
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 2").await, &["gone for good", "with --anew makes another room all the same"]);
    let asked = stage.say("!undo 1 --anew --yes").await;
    has(
        &asked,
        &[
            "• make another room in the place of Spam",
            "Others may still have the room. I make a new one all the same",
            "that splits it.",
            "Job 3: do it?",
        ],
    );
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done", "3 of 3", "`!made1:hs.test`"]);
    // Where nobody else has it, and for all of somebody's jobs, it means nothing.
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    has(
        &stage.say("!undo 1 --anew").await,
        &["`--anew` is for a room that was shut down and that others still"],
    );
    has(&stage.say("!undo @mod:hs.test 10m --anew").await, &["`--anew` goes with one job"]);
}

#[tokio::test]
async fn a_join_that_happened_counts_whatever_was_answered() {
    for fault in [Fault::BadAnswer("cut".into()), Fault::Broken { status: 500, message: "oops".into() }] {
        let mut stage = with_others();
        shut_down(&mut stage, "").await;
        stage.say("!undo 1").await;
        stage.homeserver.lose_answer("join_through", fault);
        has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3"]);
    }
}

#[tokio::test]
async fn servers_that_are_away_for_a_while_are_waited_for() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    for _ in 0..20 {
        stage.homeserver.fail_once("join_through", Fault::Broken { status: 502, message: "away".into() });
    }
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3"]);
}

#[tokio::test]
async fn a_room_that_the_bot_watched_is_watched_again() {
    let mut stage = with_others();
    stage.homeserver.change_room(bad_room(), |room| room.members.push(bot().to_owned()));
    shut_down(&mut stage, "").await;
    has(&stage.say("!undo 1").await, &["I stay in it, as I was before.", "with 3 local members"]);
    stage.say("!confirm 2").await;
    assert!(inside(&stage, bad_room()).await.contains(&bot().to_string()));
}

#[tokio::test]
async fn the_bot_stays_where_nobody_else_of_its_server_is() {
    let mut stage = with_others();
    stage.homeserver.change_room(bad_room(), |room| room.members = vec![user("user0"), far()]);
    shut_down(&mut stage, "").await;
    stage.homeserver.put_account(&user("user0"), Account { deactivated: true, ..Account::default() });
    stage.say("!undo 1").await;
    has(
        &stage.say("!confirm 2").await,
        &[
            "0 of 1 former local member are in it again.",
            "I stay in it: nobody else of this server is. `!leave !bad:hs.test`",
        ],
    );
    assert_eq!(inside(&stage, bad_room()).await, [bot().to_string()]);
}

#[tokio::test]
async fn a_room_that_was_not_blocked_is_not_unblocked() {
    let mut stage = with_others();
    shut_down(&mut stage, "--no-block").await;
    assert!(!stage.say("!undo 1").await.contains("unblock"));
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done"]);
    // Version 1 of the API keeps the same.
    let mut stage = with_others();
    shut_down(&mut stage, "--v1").await;
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3"]);
}

#[tokio::test]
async fn a_room_that_was_blocked_before_is_blocked_again() {
    let mut stage = with_others();
    stage.say("!block !bad:hs.test").await;
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 2").await;
    let asked = stage.say("!undo 2").await;
    has(&asked, &["• unblock Spam", "• bring Spam", "• block Spam"]);
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done"]);
    assert!(stage.homeserver.block_status(bad_room()).await.unwrap().is_blocked());
    assert_eq!(inside(&stage, bad_room()).await.len(), 3);
    // Undone again, the block comes with the shutdown.
    let asked = stage.say("!undo 3").await;
    has(&asked, &["• unblock Spam", "• shut down Spam"]);
    assert!(!asked.contains("• block Spam"), "{asked}");
}

#[tokio::test]
async fn what_an_older_version_kept_is_enough() {
    let mut stage = with_others();
    shut_down(&mut stage, "").await;
    let mut kept = stage.store.kept(1, 0).unwrap().expect("a snapshot");
    for key in ["servers", "banned", "block"] {
        kept.as_object_mut().unwrap().remove(key);
    }
    stage.store.commit(vec![Change::Keep { plan: 1, step: 0, kept }]).unwrap();
    stage.say("!undo 1").await;
    let Step::RestoreRoom { restoration, .. } = plan(&stage, 2).steps[1].step.clone() else {
        panic!("it restores")
    };
    let Way::Rejoin { servers, .. } = restoration.way else { panic!("others have it") };
    assert_eq!(servers, [owned_server_name!("other.test")]);
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done"]);
}

#[tokio::test]
async fn two_thousand_members_come_back() {
    let mut stage = with_others();
    stage.room(bad_room(), "Spam", "#bad:hs.test", 2_000);
    for n in 0..2_000 {
        stage.homeserver.put_account(&user(&format!("user{n}")), Account::default());
    }
    shut_down(&mut stage, "").await;
    let asked = stage.say("!undo 1").await;
    has(&asked, &["with 2,000 local members", "`@user4:hs.test` and 1995 more"]);
    has(&stage.say("!confirm 2").await, &["2,000 of 2,000 former local members are in it again."]);
    assert_eq!(inside(&stage, bad_room()).await.len(), 2_000);
}

#[tokio::test]
async fn a_shutdown_that_failed_has_nothing_to_undo() {
    let mut stage = alone();
    stage.homeserver.put_stuck(&user("user1"));
    stage.say("!shutdown !bad:hs.test").await;
    has(&stage.say("!confirm 1").await, &["shutdown – failed"]);
    has(&stage.say("!undo 1").await, &["There is nothing of job 1 that I can undo."]);
    assert_eq!(result(&stage, 1), PlanResult::Failed);
}

#[tokio::test]
async fn a_room_that_somebody_stayed_in_is_joined_and_not_made_anew() {
    let mut stage = alone();
    stage.homeserver.put_stuck(&user("user1"));
    stage.say("!shutdown !bad:hs.test --no-purge").await;
    stage.say("!confirm 1").await;
    has(&stage.say("!undo 1").await, &["Others are still in the room. I join it as anybody could"]);
    has(&stage.say("!confirm 2").await, &["is back. 3 of 3 former local members"]);
}

//! `!empty-rooms`: listing rooms that nobody of this server is in, and purging them.

use gleipnir_core::{
    plan::{PlanResult, Step},
    ports::{Fault, Lookup as _},
    ruma::{OwnedRoomId, owned_user_id, room_id},
    speech::YES,
    testing::Stage,
};

use crate::scene::{answer_to, has, moderator, plan, plans, room_of, stage};

/// The bad room, one that is empty but for a remote member, and one that is empty and forgotten.
fn deserted() -> Stage {
    let stage = stage();
    stage.room(room_id!("!far:hs.test"), "Far", "#far:hs.test", 0);
    stage.room(room_id!("!gone:hs.test"), "Gone", "#gone:hs.test", 0);
    stage.homeserver.change_room(room_id!("!gone:hs.test"), |room| {
        room.members.clear();
        room.details.forgotten = true;
    });
    stage
}

/// The fake's list says of every room what its details say; a real server's says of none that it is forgotten.
fn many(stage: &Stage, count: usize) {
    for n in 0..count {
        let room = OwnedRoomId::try_from(format!("!e{n:04}:hs.test")).expect("a room ID");
        stage.room(&room, &format!("Empty {n}"), &format!("#e{n}:hs.test"), 0);
    }
}

#[tokio::test]
async fn rooms_without_local_members_are_listed() {
    let mut stage = deserted();
    assert_eq!(
        stage.say("!empty-rooms").await,
        "2 rooms without members of this server (1 in all without any members):
• Gone (`#gone:hs.test`, `!gone:hs.test`) – no members at all, forgotten by everybody here
• Far (`#far:hs.test`, `!far:hs.test`) – 1 member on other servers

To purge them: `!empty-rooms --purge`. It asks first."
    );
    assert_eq!(
        stage.say("!empty-rooms --forgotten").await,
        "1 room without members of this server, forgotten by everybody here (1 in all without any members):
• Gone (`#gone:hs.test`, `!gone:hs.test`) – no members at all, forgotten by everybody here

To purge them: `!empty-rooms --purge`. It asks first."
    );
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_server_without_empty_rooms_says_so() {
    let mut stage = stage();
    for line in ["!empty-rooms", "!empty-rooms --purge", "!empty-rooms --page 7", "!empty-rooms --file"] {
        assert_eq!(stage.say(line).await, "There is no room without members of this server.", "{line}");
    }
    has(&stage.say("!empty-rooms --forgotten").await, &["There is no forgotten room without members"]);
    // Even when nobody is in the management room any more.
    stage.homeserver.change_room(room_id!("!management:hs.test"), |room| room.members.clear());
    for line in ["!empty-rooms", "!empty-rooms --purge"] {
        assert_eq!(stage.say(line).await, "There is no room without members of this server.", "{line}");
    }
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn a_batch_is_purged_after_a_preview_and_a_confirmation() {
    let mut stage = deserted();
    let preview = "Purge 2 rooms without members of this server
• They and their history are deleted from this server; they are not blocked. A room that somebody has joined by then is left alone.
• 1 of them still has members on other servers: there they go on.
• 1 of them has no members at all: what is deleted is gone for good.
• 1 of them is not forgotten: former members lose the history, open invitations are lost.

The rooms:
• Gone (`#gone:hs.test`, `!gone:hs.test`) – no members at all, forgotten by everybody here
• Far (`#far:hs.test`, `!far:hs.test`) – 1 member on other servers

";
    let said = stage.say("!empty-rooms --purge --dry-run").await;
    has(&said, &[preview, "Dry run: nothing was done. It would ask for a confirmation first."]);
    assert!(plans(&stage).is_empty());
    let said = stage.say("!empty-rooms --purge --yes").await;
    has(&said, &[preview, "This cannot simply be undone", "Job 1: do it?"]);
    assert!(stage.homeserver.writes().is_empty());
    let said = stage.react(moderator(), "plan-1", YES).await;
    has(&said, &["Job 1: empty-rooms – done"]);
    assert_eq!(
        stage.homeserver.writes(),
        ["!gone:hs.test", "!far:hs.test"].map(|room| format!(
            r#"delete {room} {{"block":false,"force_purge":false,"notice":null,"purge":true}}"#
        ))
    );
    assert_eq!(stage.say("!empty-rooms").await, "There is no room without members of this server.");
    has(&stage.say("!undo 1").await, &["There is nothing of job 1 that I can undo."]);
}

#[tokio::test]
async fn a_batch_is_no_larger_than_its_limit_and_the_next_is_another() {
    let mut stage = stage();
    many(&stage, 7);
    let said = stage.say("!empty-rooms --purge --limit 3").await;
    has(
        &said,
        &[
            "Purge 3 of 7 rooms without members of this server",
            "All still have members on other servers",
            "None of them is forgotten: former members lose the history, open invitations are lost.",
            "Besides:\n• 4 rooms are left after these: the same command takes the next batch.",
        ],
    );
    assert_eq!(plan(&stage, 1).steps.len(), 3);
    stage.say("!confirm 1").await;
    let said = stage.say("!empty-rooms --purge --limit 3").await;
    has(&said, &["Purge 3 of 4 rooms", "One room is left after these"]);
    stage.say("!confirm 2").await;
    has(
        &stage.say("!empty-rooms --purge --limit 3").await,
        &["Purge 1 room without", "It still has members"],
    );
    stage.say("!confirm 3").await;
    assert_eq!(stage.homeserver.writes().len(), 7);
}

#[tokio::test]
async fn what_a_job_is_at_work_on_is_not_proposed_again() {
    let mut stage = stage();
    many(&stage, 7);
    stage.say("!empty-rooms --purge --limit 3").await;
    stage.hear(moderator(), "!confirm 1");
    let event = stage.hear(moderator(), "!empty-rooms --purge --limit 3 --dry-run");
    let rest = stage.hear(moderator(), "!empty-rooms --purge --dry-run");
    stage.handle().await;
    let said = answer_to(&stage, &event).unwrap_or_default();
    has(
        &said,
        &[
            "Purge 3 of 4 rooms",
            "• One room is left after these",
            "• 3 rooms are being worked on by a job already, and left alone.",
        ],
    );
    has(&answer_to(&stage, &rest).unwrap_or_default(), &["Purge 4 rooms without members"]);
}

#[tokio::test]
async fn only_forgotten_rooms_when_asked() {
    let mut stage = deserted();
    many(&stage, 3);
    let said = stage.say("!empty-rooms --purge --forgotten").await;
    has(
        &said,
        &[
            "Purge 1 room without members of this server",
            "• 4 rooms are not forgotten by everybody, and left alone.",
        ],
    );
    assert!(!said.contains("lose the history"));
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.writes().len(), 1);
    assert_eq!(
        stage.say("!empty-rooms --purge --forgotten").await,
        "There is no forgotten room without members of this server that I could purge: 4 rooms are not forgotten by everybody yet."
    );
}

#[tokio::test]
async fn a_room_that_somebody_joins_after_the_preview_is_left_alone() {
    let mut stage = deserted();
    stage.say("!empty-rooms --purge").await;
    stage.homeserver.change_room(room_id!("!far:hs.test"), |room| {
        room.members.push(owned_user_id!("@user0:hs.test"));
    });
    let said = stage.say("!confirm 1").await;
    has(&said, &["Job 1: empty-rooms – partly done", "Far"]);
    assert_eq!(stage.homeserver.writes().len(), 1);
    assert_eq!(plan(&stage, 1).result(), PlanResult::Partly);
    assert!(stage.homeserver.room(room_id!("!far:hs.test")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_room_that_is_the_management_room_by_now_is_never_purged() {
    let mut stage = deserted();
    stage.say("!empty-rooms --purge").await;
    stage.settings.management = OwnedRoomId::from(room_id!("!far:hs.test"));
    stage.restart();
    has(&stage.say("!confirm 1").await, &["That is the management room."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_long_list_has_pages_and_a_file() {
    let mut stage = stage();
    many(&stage, 45);
    let first = stage.say("!empty-rooms").await;
    has(
        &first,
        &[
            "Rooms 1–20 of 45 without members of this server (0 in all without any members):",
            "Empty 44 ",
            "Empty 25 ",
            "`--page` shows another page",
        ],
    );
    assert!(!first.contains("Empty 24 "));
    let second = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&second, &["Rooms 21–40 of 45 ", "Empty 24 ", "Empty 5 "]);
    let third = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&third, &["Rooms 41–45 of 45 ", "Empty 4 ", "Empty 0 "]);
    assert_eq!(stage.react(moderator(), "answer-$event1", "➡️").await, "");
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, second);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, first);
    assert_eq!(stage.say("!empty-rooms --page 3").await, third);
    assert_eq!(
        stage.say("!empty-rooms --page 4").await,
        "There are only 45 such rooms, on 3 pages of 20; what was asked for begins after the first 60."
    );
    stage.say("!empty-rooms --file=json").await;
    let file = stage.store.file("answer-$event9").expect("a file");
    let rooms: Vec<serde_json::Value> = serde_json::from_slice(&file.bytes).unwrap();
    assert_eq!(rooms.len(), 45);
    assert_eq!(rooms[0]["joined_local_members"], 0);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn thousands_of_rooms_fit_into_a_message_and_are_all_in_the_file() {
    let mut stage = stage();
    many(&stage, 5000);
    has(&stage.say("!empty-rooms --file").await, &["Rooms 1–20 of 5,000 without members of this server"]);
    let file = stage.store.file("answer-$event1").expect("a file");
    assert_eq!(file.name, "empty-rooms.csv");
    let text = String::from_utf8(file.bytes).unwrap();
    assert_eq!(text.lines().count(), 5001);
    has(&text, &["room_id,name,canonical_alias,", "!e4999:hs.test,Empty 4999,#e4999:hs.test,1,0,12,"]);
    let said = stage.say("!empty-rooms --purge --limit 500").await;
    has(
        &said,
        &[
            "Purge 500 of 5,000 rooms",
            "… and 490 more rooms; the file has all of them",
            "4,500 rooms are left",
        ],
    );
    let steps = plan(&stage, 1).steps;
    assert!(steps.iter().all(|planned| matches!(planned.step, Step::PurgeEmptyRoom { .. })));
    let text = String::from_utf8(stage.store.file("plan-1").expect("a file").bytes).unwrap();
    let mut filed: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let mut planned: Vec<&str> = steps.iter().map(|planned| room_of(planned).as_str()).collect();
    filed.sort_unstable();
    planned.sort_unstable();
    assert_eq!(filed, planned, "what is confirmed is what the file shows");
}

#[tokio::test]
async fn mistakes_and_faults_propose_nothing() {
    let mut stage = deserted();
    for line in [
        "!empty-rooms purge",
        "!empty-rooms !far:hs.test",
        "!empty-rooms --purge --limit 0",
        "!empty-rooms --purge --limit 501",
        "!empty-rooms --limit 5",
        "!empty-rooms --purge --file",
        "!empty-rooms --purge --page 2",
        "!empty-rooms --page 0",
        "!empty-rooms --purge=yes",
        "!empty-rooms --purged",
    ] {
        has(&stage.say(line).await, &["Usage: `!empty-rooms"]);
    }
    for method in ["rooms", "room"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!empty-rooms --purge").await, &["The homeserver did not answer in time."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

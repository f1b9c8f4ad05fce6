//! Jobs of many rooms: how they are shown while they run and afterwards, and what one failure does to the others.

use gleipnir_core::{
    plan::{Outcome, PlanResult},
    ports::{Clock as _, Fault, Records as _, Store as _},
    ruma::{OwnedRoomId, owned_user_id},
    speech::PARTLY,
    testing::{Lived, Moment, Stage},
};

use crate::scene::{asked, has, moderator, plan, room_of, stage};

fn id(n: usize) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!e{n:02}:hs.test")).expect("a room ID")
}

/// Sixty rooms, with names and aliases of a length that hurts, that nobody of this server is in; and the bad room.
fn sixty() -> Stage {
    let stage = stage();
    for n in 0..60 {
        stage.room(
            &id(n),
            &format!("Empty {n} {}", "long ".repeat(30)),
            &format!("#{}{n}:hs.test", "a".repeat(150)),
            0,
        );
    }
    stage
}

const PURGE: &str = "!empty-rooms --purge --limit 60";

/// It fits into a message, and both of its forms say the same heading.
#[track_caller]
fn fits(stage: &Stage, key: &str) -> String {
    let rendered = stage.store.said(key).expect("it is said");
    assert!(rendered.text.len() <= 10_000 && rendered.html.len() <= 18_000, "{key}");
    rendered.text
}

#[tokio::test]
async fn sixty_purges_are_one_job_and_none_keeps_the_others() {
    let mut stage = sixty();
    has(&stage.say(PURGE).await, &["Purge 60 rooms without members of this server", "Job 1: do it?"]);
    fits(&stage, "plan-1");
    let order: Vec<OwnedRoomId> = plan(&stage, 1).steps.iter().map(|step| room_of(step).to_owned()).collect();
    assert_eq!(order.len(), 60);
    // One is joined, the server refuses another one.
    stage.homeserver.change_room(&order[7], |room| room.members.push(owned_user_id!("@late:hs.test")));
    let refused = Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "no such luck".into() };
    stage.homeserver.fail_once("delete_room", refused);
    stage.say("!confirm 1").await;
    let said = fits(&stage, "run-1");
    has(
        &said,
        &[
            "Job 1: empty-rooms – partly done",
            "The homeserver refused: no such luck (M_UNKNOWN, HTTP 400).",
            "Somebody of this server is in it by now; I left it as it is.",
            "Done: 58\n• ✅ ",
        ],
    );
    assert_eq!(said.matches("❌ Could not purge the empty room").count(), 2);
    assert_eq!(stage.homeserver.writes().len(), 58);
    let plan = plan(&stage, 1);
    assert_eq!(plan.result(), PlanResult::Partly);
    let failed: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.outcome, Some(Outcome::Failed { .. })))
        .map(room_of)
        .collect();
    assert_eq!(failed, [&order[0], &order[7]]);
    assert!(stage.marked(plan.origin.event().expect("a command"), PARTLY));
    // Those that failed are found again.
    has(&stage.say("!empty-rooms").await, &["1 room without members of this server"]);
}

#[tokio::test]
async fn the_progress_of_sixty_purges_is_shown_and_fits() {
    let mut stage = sixty();
    stage.say(PURGE).await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    has(&fits(&stage, "run-1"), &["Job 1: empty-rooms – running", "0 of 60", "Still to do: 60"]);
    // Time passes between the steps only while something is waited for.
    for _ in 0..3 {
        stage.homeserver.hang_at(stage.homeserver.calls() + 150, Moment::Before);
        stage.live().await;
        stage.restart();
    }
    let said = fits(&stage, "run-1");
    has(&said, &["Job 1: empty-rooms – running", "▰", " of 60", "Done: ", "Still to do: "]);
    stage.execute().await;
    has(&fits(&stage, "run-1"), &["Job 1: empty-rooms – done", "Done: 60"]);
    assert_eq!(stage.homeserver.writes().len(), 60);
}

/// Servers take a message of a user every five seconds, unless told otherwise, and a few at once.
#[tokio::test]
async fn trap_25_progress_is_told_more_slowly_than_servers_limit_messages() {
    for members in [30, 60, 600] {
        let mut stage = stage();
        stage.room(&id(1), "Big", "#big:hs.test", members);
        stage.say("!shutdown !e01:hs.test").await;
        let begun = stage.clock.now();
        stage.hear(moderator(), "!confirm 1");
        stage.handle().await;
        // Near the end, so that what was said last is not sent yet.
        stage.homeserver.hang_at(stage.homeserver.calls() + members, Moment::Before);
        assert_eq!(stage.live().await, Lived::Died);
        let seconds = (stage.clock.now() - begun) / 1000;
        let waiting = stage.store.undelivered().unwrap();
        let report = waiting.iter().find(|delivery| delivery.key == "run-1").expect("progress is told");
        let messages = i64::from(report.version);
        assert!(messages <= 10 + seconds / 5, "{members}: {messages} in {seconds} s");
        assert!(messages > seconds / 20, "{members}: {messages} in {seconds} s");
    }
}

#[tokio::test]
async fn a_job_shows_all_that_its_report_leaves_out() {
    let mut stage = stage();
    for n in 0..60 {
        stage.room(&id(n), &format!("Empty {n}"), &format!("#e{n}:hs.test"), 0);
    }
    stage.say(PURGE).await;
    let said = stage.say("!confirm 1").await;
    has(&said, &["Done: 60", "… and 57 more (!job has all of them)"]);
    let said = stage.say("!job 1").await;
    has(&said, &["Job 1: empty-rooms – done"]);
    for n in 0..60 {
        has(&said, &[&format!("✅ Empty {n} (`#e{n}:hs.test`, `!e{n:02}:hs.test`) is purged")]);
    }
}

#[tokio::test]
async fn a_job_that_fits_into_no_message_shows_what_failed_and_where_the_rest_is() {
    let mut stage = sixty();
    stage.say(PURGE).await;
    let last = room_of(&plan(&stage, 1).steps[59]).to_owned();
    stage.homeserver.change_room(&last, |room| room.members.push(owned_user_id!("@late:hs.test")));
    stage.say("!confirm 1").await;
    let said = stage.say("!job 1").await;
    has(&said, &["❌ Could not purge the empty room", "Done: 59", "… and ", "As a file: `!audit --file`."]);
    assert!(said.len() <= 10_000);
    stage.say("!audit --file").await;
    let file = String::from_utf8(stage.store.file("answer-$event4").expect("a file").bytes).unwrap();
    for n in 0..60 {
        has(&file, &[id(n).as_str()]);
    }
}

#[tokio::test]
async fn one_of_five_shutdowns_that_fails_keeps_none_of_the_others() {
    let mut stage = stage();
    for n in 0..5 {
        stage.room(&id(n), &format!("Room {n}"), &format!("#room{n}:hs.test"), 2);
    }
    let rooms: Vec<String> = (0..5).map(|n| id(n).to_string()).collect();
    stage.say(&format!("!shutdown {} raid", rooms.join(" "))).await;
    // The third one is gone by then.
    stage.say("!shutdown !e02:hs.test").await;
    stage.say("!confirm 2").await;
    let said = stage.say("!confirm 1").await;
    has(
        &said,
        &[
            "Job 1: shutdown – partly done, because “raid”",
            "• ✅ Room 1 (`#room1:hs.test`, `!e01:hs.test`) is shut down and purged",
            "• ❌ Could not shut down Room 2 (`#room2:hs.test`, `!e02:hs.test`), block and purge it. The server does not know \
             this room (any more); there was nothing to shut down.",
            "• ✅ Room 4 (`#room4:hs.test`, `!e04:hs.test`) is shut down and purged",
        ],
    );
    assert_eq!(stage.homeserver.writes().len(), 5);
    assert_eq!(stage.store.plan(1).unwrap().unwrap().result(), PlanResult::Partly);
    assert!(stage.marked(&asked(&stage, 1), PARTLY));
}

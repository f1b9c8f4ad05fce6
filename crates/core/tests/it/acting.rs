//! `!block`, `!unblock`, `!shutdown`: what a moderator sees, and what the homeserver is told.

use gleipnir_core::{
    model::{Account, BlockStatus, EventReport, RoomSnapshot},
    plan::PlanState,
    ports::{Effects as _, Fault, Lookup as _, Records},
    ruma::{owned_server_name, room_id, user_id},
    speech::{NO, PARTLY, YES},
};

use crate::scene::{DELETED, asked, bad_room, has, moderator, plan, plans, stage};

#[tokio::test]
async fn trap_28_a_room_is_blocked_at_once_and_those_still_inside_are_told() {
    let mut stage = stage();
    let said = stage.say("!block #bad:hs.test spam wave").await;
    assert_eq!(
        said,
        "Job 1: block – done, because “spam wave”

✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is blocked: nobody on this server can join or be invited. 3 local members are still inside and can go on writing.

To remove those inside: `!shutdown !bad:hs.test`.

Undo: `!undo 1`"
    );
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    let event = asked(&stage, 1);
    assert!(stage.marked(&event, "👀") && stage.marked(&event, YES) && !stage.marked(&event, NO));
}

#[tokio::test]
async fn a_room_that_the_server_does_not_know_can_be_blocked() {
    let mut stage = stage();
    let said = stage.say("!block !far:other.test").await;
    has(&said, &["✅ `!far:other.test` is blocked", "The server does not know the room."]);
    assert_eq!(stage.homeserver.writes(), ["block !far:other.test"]);
}

#[tokio::test]
async fn a_room_that_is_blocked_is_left_alone() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    let said = stage.say("!block !bad:hs.test").await;
    assert_eq!(
        said,
        "• Spam (`#bad:hs.test`, `!bad:hs.test`) is already blocked, first by `@bot:hs.test`; 3 local members are inside."
    );
    assert_eq!(stage.homeserver.writes().len(), 1);
    let said = stage.say("!unblock !nowhere:hs.test").await;
    assert_eq!(said, "• `!nowhere:hs.test` is not blocked.");
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn several_rooms_are_blocked_in_one_job_and_one_named_twice_once() {
    let mut stage = stage();
    let said = stage.say("!block !bad:hs.test, #bad:hs.test !far:other.test raid").await;
    assert_eq!(
        said,
        "Job 1: block – done, because “raid”
• ✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is blocked: nobody on this server can join or be invited. 3 local members are still inside and can go on writing.
• ✅ `!far:other.test` is blocked: nobody on this server can join or be invited. The server does not know the room.

To remove those inside: `!shutdown !bad:hs.test`.

Undo: `!undo 1`"
    );
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test", "block !far:other.test"]);
}

#[tokio::test]
async fn too_many_rooms_at_once_are_asked_about() {
    let mut stage = stage();
    let said = stage.say("!block !a:x.test !b:x.test !c:x.test !d:x.test !e:x.test !f:x.test").await;
    assert_eq!(
        said,
        "Block 6 rooms. Nobody on this server could join them any more:
• `!a:x.test` – a room that the server does not know
• `!b:x.test` – a room that the server does not know
• `!c:x.test` – a room that the server does not know
• `!d:x.test` – a room that the server does not know
• `!e:x.test` – a room that the server does not know
• `!f:x.test` – a room that the server does not know

6 rooms at once is more than I change without asking.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    assert!(stage.homeserver.writes().is_empty());
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.writes().len(), 6);
}

#[tokio::test]
async fn what_failed_is_told_room_by_room() {
    let mut stage = stage();
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("set_block", refused);
    let said = stage.say("!block !a:x.test !b:x.test").await;
    assert_eq!(
        said,
        "Job 1: block – partly done
• ❌ Could not block `!a:x.test`. The homeserver refused: no (M_FORBIDDEN, HTTP 403).
• ✅ `!b:x.test` is blocked: nobody on this server can join or be invited. The server does not know the room.

Undo: `!undo 1`"
    );
    let event = asked(&stage, 1);
    assert!(stage.marked(&event, PARTLY) && !stage.marked(&event, YES));
}

#[tokio::test]
async fn a_block_that_reads_back_as_open_is_never_called_done() {
    let mut stage = stage();
    stage.homeserver.ignore_changes();
    let said = stage.say("!block !bad:hs.test").await;
    has(
        &said,
        &[
            "Job 1: block – failed",
            "❌ Could not block Spam (`#bad:hs.test`, `!bad:hs.test`).",
            "it accepted the change, but reading it back still shows the old one",
            "I tried for 3",
        ],
    );
    assert!(stage.marked(&asked(&stage, 1), NO));
}

#[tokio::test]
async fn a_room_is_opened_again() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test").await;
    assert_eq!(
        stage.say("!unblock #bad:hs.test it was a mistake").await,
        "Job 2: unblock – done, because “it was a mistake”

✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is open again.

Undo: `!undo 2`"
    );
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test", "unblock !bad:hs.test"]);
}

const PREVIEW: &str = "Shut down Spam (`#bad:hs.test`, `!bad:hs.test`)

Members: 4 (3 on this server)
Creator: `@user0:hs.test`
Joining: anyone can join
Block: not blocked

• 3 local members are removed.
• The room is blocked: nobody on this server can join it again.
• The room and its history are deleted from this server.
• One member of another server keeps the room; it goes on without us.

Local members (3):
• `@user0:hs.test`
• `@user1:hs.test`
• `@user2:hs.test`

Aliases of this server (1):
• `#bad:hs.test`";

#[tokio::test]
async fn a_room_is_shut_down_after_a_preview_and_a_confirmation() {
    let mut stage = stage();
    let said = stage.say("!shutdown #bad:hs.test spam").await;
    assert_eq!(
        said,
        format!(
            "{PREVIEW}

This cannot simply be undone: the members are removed and the room's history on this server is deleted.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
        )
    );
    assert!(stage.homeserver.writes().is_empty());
    let said = stage.say("!confirm 1").await;
    assert_eq!(
        said,
        "Job 1: shutdown – done, because “spam”

✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is shut down and purged: the server no longer knows it; it is blocked.

Removed (3):
• `@user0:hs.test`
• `@user1:hs.test`
• `@user2:hs.test`

Aliases deleted (1):
• `#bad:hs.test`

Undo: `!undo 1`"
    );
    assert_eq!(stage.homeserver.writes(), [DELETED]);
    assert!(stage.marked(&asked(&stage, 1), YES));
}

#[tokio::test]
async fn what_a_room_was_is_kept_before_it_is_deleted() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    let kept = stage.store.kept(1, 0).unwrap().expect("something was kept");
    let kept: RoomSnapshot = serde_json::from_value(kept).unwrap();
    assert_eq!(kept.details.name.as_deref(), Some("Spam"));
    assert_eq!(kept.local_aliases, ["#bad:hs.test"]);
    assert_eq!(kept.local_members.len(), 3);
    assert_eq!(kept.servers.as_deref(), Some(&[owned_server_name!("other.test")][..]));
    assert_eq!((kept.banned, kept.block), (Some(Vec::new()), Some(BlockStatus::Open)));
}

#[tokio::test]
async fn trap_09_reports_of_a_room_are_kept_before_they_vanish_with_it() {
    let report = |id| EventReport {
        id,
        received_ts: 1_795_219_200_000,
        event_id: format!("$e{id}"),
        user_id: "@user1:hs.test".into(),
        sender: Some("@user0:hs.test".into()),
        reason: Some("spam".into()),
    };
    for lines in [["!shutdown !bad:hs.test", "!confirm 1"], ["!shutdown !bad:hs.test --v1", "!confirm 1"]] {
        let mut stage = stage();
        stage.homeserver.change_room(bad_room(), |room| room.reports = vec![report(2), report(3)]);
        // A server that is away for a moment is asked again, and not purged of what was not read.
        stage.homeserver.fail_once("reports", Fault::Timeout);
        for line in lines {
            stage.say(line).await;
        }
        assert_eq!(
            stage.homeserver.reports(bad_room(), 9).await,
            Ok(Vec::new()),
            "they are gone with the room"
        );
        let kept: RoomSnapshot = serde_json::from_value(stage.store.kept(1, 0).unwrap().unwrap()).unwrap();
        assert_eq!(kept.reports, [report(2), report(3)]);
    }
    // One that cannot be read at all keeps no room alive.
    let mut stage = stage();
    stage.homeserver.fail_always("reports", Fault::NotRouted { status: 404 });
    stage.say("!shutdown !bad:hs.test").await;
    has(&stage.say("!confirm 1").await, &["Job 1: shutdown – done"]);
}

#[tokio::test]
async fn a_dry_run_shows_everything_and_writes_nothing() {
    let mut stage = stage();
    let said = stage.say("!shutdown !bad:hs.test spam --dry-run").await;
    assert_eq!(
        said,
        format!(
            "{PREVIEW}

Dry run: nothing was done. It would ask for a confirmation first. This cannot simply be undone: the members are removed and the room's history on this server is deleted."
        )
    );
    let said = stage.say("!block !bad:hs.test --dry-run").await;
    assert_eq!(
        said,
        "Nobody on this server could join any more:
• Spam (`#bad:hs.test`, `!bad:hs.test`) – members: 4 (3 on this server)

Dry run: nothing was done. It would be done without asking."
    );
    let other = room_id!("!blocked:hs.test");
    stage.homeserver.set_block(other, gleipnir_core::model::Block::On).await.unwrap();
    let said = stage.say("!unblock !blocked:hs.test --dry-run --yes").await;
    has(&said, &["People on this server could join again:", "Dry run: nothing was done."]);
    assert_eq!(stage.homeserver.writes(), ["block !blocked:hs.test"], "what the test did itself");
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn the_options_of_a_shutdown_reach_the_server_and_the_preview() {
    let mut stage = stage();
    stage.homeserver.put_account(user_id!("@notices:hs.test"), Account::default());
    let said = stage
        .say("!shutdown !bad:hs.test --no-block —no-purge --notify-as @notices:hs.test --room-name “Bye now” --message=\"Read the rules\"")
        .await;
    has(
        &said,
        &[
            "• The room is not blocked: people can join it again.",
            "• The room and its history stay in this server's database.",
            "• The members are moved to a new room made by `@notices:hs.test`.",
            "the members are removed and have to come back by themselves",
        ],
    );
    stage.say("!confirm 1").await;
    assert_eq!(
        stage.homeserver.writes(),
        [
            r#"delete !bad:hs.test {"block":false,"force_purge":false,"notice":{"creator":"@notices:hs.test","message":"Read the rules","name":"Bye now"},"purge":false}"#
        ]
    );
}

#[tokio::test]
async fn who_makes_the_new_room_must_be_able_to() {
    let mut stage = stage();
    let gone = Account { deactivated: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@gone:hs.test"), gone);
    let locked = Account { locked: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@locked:hs.test"), locked);
    for (who, why) in [
        (
            "@nobody:hs.test",
            "`@nobody:hs.test` does not exist; the new room has to be made by a user of this server.",
        ),
        (
            "@far:other.test",
            "`@far:other.test` is not of this server; the new room has to be made by one who is.",
        ),
        ("@gone:hs.test", "`@gone:hs.test` is deactivated and cannot make the new room."),
        ("@locked:hs.test", "`@locked:hs.test` is suspended or locked and cannot make the new room."),
    ] {
        assert_eq!(stage.say(&format!("!shutdown !bad:hs.test --notify-as {who}")).await, why);
    }
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn trap_02_an_unknown_room_cannot_be_shut_down() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!shutdown !unknown:hs.test").await,
        "The server does not know the room `!unknown:hs.test`, so there is nothing to shut down. \
         To keep people from joining it: `!block !unknown:hs.test`."
    );
}

#[tokio::test]
async fn a_room_that_is_gone_by_the_time_of_the_confirmation_fails_honestly() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    let said = stage.say("!confirm 2").await;
    has(
        &said,
        &[
            "Job 2: shutdown – failed",
            "The server does not know this room (any more); there was nothing to shut down.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), [DELETED]);
    assert!(stage.marked(&asked(&stage, 2), NO));
}

#[tokio::test]
async fn somebody_elses_shutdown_is_not_repeated() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    let body = gleipnir_core::model::Shutdown { block: true, purge: true, force_purge: false, notice: None };
    stage.homeserver.delete_room(bad_room(), &body).await.unwrap();
    assert_eq!(
        stage.say("!shutdown !bad:hs.test").await,
        "The server is shutting down `!bad:hs.test` at this moment already. Wait until it is done; `!room !bad:hs.test` shows when."
    );
    let said = stage.say("!confirm 1").await;
    has(&said, &["failed", "Somebody else is shutting this room down at this moment."]);
    assert_eq!(stage.homeserver.writes().len(), 1);
}

#[tokio::test]
async fn one_room_is_not_shut_down_by_two_jobs_at_once() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!shutdown !bad:hs.test").await;
    for line in ["!confirm 1", "!confirm 2", "!block !bad:hs.test", "!shutdown !bad:hs.test"] {
        stage.hear(moderator(), line);
    }
    stage.handle().await;
    let answers: Vec<String> =
        (4..=6).filter_map(|n| Some(stage.store.said(&format!("answer-$event{n}"))?.text)).collect();
    assert_eq!(answers, vec!["`!bad:hs.test` is being shut down by job 1 already. Watch it with !job 1."; 3]);
    stage.execute().await;
    assert_eq!(stage.homeserver.writes(), [DELETED]);
    assert_eq!(plan(&stage, 2).state, PlanState::Proposed);
}

#[tokio::test]
async fn trap_15_a_member_who_cannot_be_removed_is_named_or_the_failure_is() {
    let mut stage = stage();
    stage.homeserver.put_stuck(user_id!("@user1:hs.test"));
    stage.say("!shutdown !bad:hs.test").await;
    let said = stage.say("!confirm 1").await;
    assert_eq!(
        said,
        "Job 1: shutdown – failed

❌ Could not shut down Spam (`#bad:hs.test`, `!bad:hs.test`), block and purge it. The server says: 400: Users are still joined to this room The room is blocked now all the same."
            .replace("room The", "room. The")
    );
    stage.say("!shutdown !bad:hs.test --force-purge").await;
    let said = stage.say("!confirm 2").await;
    has(&said, &["done", "Could not be removed, or not be moved to the new room (1):\n• `@user1:hs.test`"]);
}

#[tokio::test]
async fn progress_is_shown_and_edited() {
    let mut stage = stage();
    stage.room(room_id!("!big:hs.test"), "Big", "#big:hs.test", 40);
    stage.say("!shutdown !big:hs.test").await;
    stage.hear(moderator(), "!confirm 1");
    stage.handle().await;
    assert_eq!(
        stage.store.said("run-1").unwrap().text,
        "Job 1: shutdown – running\n\nTo do: shut down Big (`#big:hs.test`, `!big:hs.test`), block and purge it"
    );
    // The process ends in the middle: what was said last is what is under way.
    stage.homeserver.hang_at(stage.homeserver.calls() + 30, gleipnir_core::testing::Moment::Before);
    stage.live().await;
    has(
        &stage.store.said("run-1").unwrap().text,
        &["running", "▰", "Removing members: ", " of 40 from Big (`#big:hs.test`, `!big:hs.test`)"],
    );
    stage.restart();
    stage.execute().await;
    has(&stage.store.said("run-1").unwrap().text, &["done", "Removed (40):", "… and 20 more"]);
    assert_eq!(stage.homeserver.room(room_id!("!big:hs.test")).await, Ok(None));
}

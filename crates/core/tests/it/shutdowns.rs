//! `!shutdown` of several rooms, and by version 1 of the API.

use gleipnir_core::{
    commands::SkipConfirmation,
    model::{Account, EventReport, Shutdown},
    plan::{PlanResult, Step},
    ports::{Effects as _, Fault, Records as _},
    ruma::{OwnedRoomId, RoomId, owned_user_id, room_id, user_id},
    speech::{PARTLY, YES},
    testing::Stage,
};

use crate::scene::{asked, bad_room, has, moderator, other, plan, plans, stage};

fn two() -> &'static RoomId {
    room_id!("!two:hs.test")
}

/// The bad room, and a second one with five local members, three of whom are in both.
fn wave() -> Stage {
    let stage = stage();
    stage.room(two(), "Two", "#two:hs.test", 5);
    stage
}

const DELETED: [&str; 2] = [
    r#"delete !bad:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#,
    r#"delete !two:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#,
];

#[tokio::test]
async fn several_rooms_are_one_job_with_an_outcome_each() {
    let mut stage = wave();
    let said = stage.say("!shutdown !bad:hs.test, #two:hs.test #bad:hs.test spam wave").await;
    assert_eq!(
        said,
        "Shut down 2 rooms, one after the other:
• Spam (`#bad:hs.test`, `!bad:hs.test`) – members: 4 (3 on this server)
• Two (`#two:hs.test`, `!two:hs.test`) – members: 6 (5 on this server)

What follows:
• 5 local members are removed.
• The rooms are blocked: nobody on this server can join them again.
• The rooms and their history are deleted from this server.
• One member of another server is inside; the room goes on without us.

This cannot simply be undone: the members are removed and the room's history on this server is deleted.

Job 1: do it? React with ✅ or send `!confirm 1` within 10 minutes. ❌ or `!cancel 1` drops it."
    );
    assert_eq!(plan(&stage, 1).because.as_deref(), Some("spam wave"));
    assert!(stage.homeserver.writes().is_empty());
    let said = stage.react(moderator(), "plan-1", YES).await;
    has(&said, &["Job 1: shutdown – done", "Spam (`#bad:hs.test`, `!bad:hs.test`)", "Two (`#two:hs.test`"]);
    assert_eq!(stage.homeserver.writes(), DELETED);
}

#[tokio::test]
async fn one_that_fails_keeps_none_of_the_others() {
    let mut stage = wave();
    stage.say("!shutdown !bad:hs.test !two:hs.test").await;
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("delete_room", refused);
    let said = stage.say("!confirm 1").await;
    has(&said, &["Job 1: shutdown – partly done", "Could not shut down Spam", "Two (`#two:hs.test`"]);
    assert_eq!(stage.homeserver.writes(), [DELETED[1]]);
    assert_eq!(plan(&stage, 1).result(), PlanResult::Partly);
    assert!(stage.marked(&asked(&stage, 1), PARTLY));
}

#[tokio::test]
async fn one_mistake_among_the_rooms_refuses_them_all() {
    let mut stage = wave();
    let said = stage.say("!shutdown !bad:hs.test !none:hs.test #none:hs.test #two:hs.test spam").await;
    assert_eq!(
        said,
        "I shut down none of these rooms, because of what is wrong with some of them:
• There is no room with the alias `#none:hs.test`. Check its spelling, or use the room's ID.
• The server does not know the room `!none:hs.test`, so there is nothing to shut down. To keep people from joining it: `!block !none:hs.test`.

Send the command again without them, or with the right ones."
    );
    let body = Shutdown { block: true, purge: true, force_purge: false, notice: None };
    stage.homeserver.delete_room(two(), &body).await.unwrap();
    let said = stage.say("!shutdown !bad:hs.test #two:hs.test").await;
    has(
        &said,
        &["I shut down none of these rooms", "• The server is shutting down `!two:hs.test` at this moment"],
    );
    for line in
        ["!shutdown !bad:hs.test !two", "!shutdown !bad:hs.test #two:* spam", "!shutdown !bad:hs.test $x"]
    {
        let said = stage.say(line).await;
        assert!(!said.contains("none of these") && (said.contains('“') || said.contains("Job")), "{said}");
    }
    // An event is no room, and not meant as one: it begins the reason.
    assert_eq!(plans(&stage).len(), 1);
    assert_eq!(plan(&stage, 1).because.as_deref(), Some("$x"));
    assert_eq!(stage.homeserver.writes().len(), 1, "what the test did itself");
}

#[tokio::test]
async fn a_room_behind_a_reason_is_part_of_the_reason() {
    let mut stage = wave();
    stage.say("!shutdown !bad:hs.test spam like in !two:hs.test and !bro").await;
    let plan = plan(&stage, 1);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.because.as_deref(), Some("spam like in !two:hs.test and !bro"));
}

#[tokio::test]
async fn a_reason_that_begins_with_a_room_is_given_by_itself() {
    let mut stage = wave();
    stage.say("!shutdown !bad:hs.test --because \"#two:hs.test was raided from here\"").await;
    stage.say("!block !x:hs.test --because \"!two:hs.test\"").await;
    let because = |id| plan(&stage, id).because;
    assert_eq!(because(1).as_deref(), Some("#two:hs.test was raided from here"));
    assert_eq!(because(2).as_deref(), Some("!two:hs.test"));
    assert_eq!((plan(&stage, 1).steps.len(), plan(&stage, 2).steps.len()), (1, 1));
    assert_eq!(
        stage.say("!shutdown !bad:hs.test --because #two:hs.test was raided").await,
        "“was raided” is no room, and the reason is in `--because` already. Give the reason once; in quotes, if it has \
         several words."
    );
    // Without it they are rooms, and the first line says how many.
    has(
        &stage.say("!block !bad:hs.test #two:hs.test was raided from here --dry-run").await,
        &["Block 2 rooms. Nobody on this server could join them any more:\n• Spam"],
    );
}

#[tokio::test]
async fn several_rooms_are_never_shut_down_unasked() {
    let mut stage = wave();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let said = stage.say("!shutdown !bad:hs.test #two:hs.test was raided from here --yes").await;
    has(&said, &["Shut down 2 rooms", "`--yes` holds for a single room only, so I ask.", "Job 1: do it?"]);
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.say("!shutdown !bad:hs.test --yes").await, &["Job 2: shutdown – done"]);
}

#[tokio::test]
async fn the_management_room_among_others_refuses_them_all() {
    let mut stage = wave();
    let said = stage.say("!shutdown !bad:hs.test !management:hs.test !two:hs.test --yes").await;
    has(&said, &["That is the management room. Shutting it down would end moderation"]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn moderators_and_the_bot_inside_are_told_of() {
    let mut stage = wave();
    stage.homeserver.change_room(bad_room(), |room| {
        room.members.extend([owned_user_id!("@mod:hs.test"), owned_user_id!("@bot:hs.test")]);
    });
    for line in ["!shutdown !bad:hs.test --dry-run", "!shutdown !two:hs.test !bad:hs.test --dry-run"] {
        let said = stage.say(line).await;
        has(
            &said,
            &[
                "Mind:\n• One member of the management room is inside: `@mod:hs.test`.\n",
                "• I am inside myself, and am removed as well.",
                "Dry run: nothing was done.",
            ],
        );
    }
    assert!(!stage.say("!shutdown !two:hs.test --dry-run").await.contains("Mind:"));
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn rooms_of_nobody_else_are_gone_for_good() {
    let mut stage = wave();
    let alone = |stage: &Stage, room: &RoomId| {
        stage.homeserver.change_room(room, |room| {
            room.members.retain(|user| *user != user_id!("@far:other.test"));
        });
    };
    alone(&stage, two());
    has(
        &stage.say("!shutdown !bad:hs.test !two:hs.test --dry-run").await,
        &["• One of them has no members of other servers: what is deleted of it is gone for good."],
    );
    alone(&stage, bad_room());
    let said = stage.say("!shutdown !bad:hs.test !two:hs.test --dry-run").await;
    has(&said, &["• No other server is in any of them: what is deleted is gone for good."]);
    let said = stage.say("!shutdown !bad:hs.test !two:hs.test --no-purge --no-block --dry-run").await;
    has(
        &said,
        &[
            "• The rooms are not blocked: people can join them again.",
            "• The rooms and their history stay in this server's database.",
            "• No other server is in any of them.\n",
        ],
    );
}

fn many(count: usize) -> Vec<OwnedRoomId> {
    (0..count).map(|n| OwnedRoomId::try_from(format!("!room{n}:hs.test")).expect("a room ID")).collect()
}

#[tokio::test]
async fn fifty_rooms_fit_into_a_message_and_more_are_refused() {
    let mut stage = stage();
    let rooms = many(51);
    for room in &rooms {
        stage.room(room, &"long ".repeat(40), &format!("#{}:hs.test", "alias".repeat(30)), 1);
    }
    let typed = |count: usize| {
        let words: Vec<String> = rooms[..count].iter().map(ToString::to_string).collect();
        format!("!shutdown {}", words.join(" "))
    };
    let said = stage.say(&typed(51)).await;
    assert_eq!(
        said,
        "Those are 51 rooms, and I shut down 50 with one command at most. Send the rest in a second one."
    );
    let said = stage.say(&typed(50)).await;
    has(
        &said,
        &[
            "Shut down 50 rooms",
            "One local member is removed.",
            "… and ",
            " more",
            "The file has all of them.",
            "Job 1: do it?",
        ],
    );
    let file = String::from_utf8(stage.store.file("plan-1").expect("a file").bytes).unwrap();
    assert_eq!(file.lines().count(), 51);
    assert!(rooms[..50].iter().all(|room| file.contains(&format!("\n{room},"))), "{file}");
    // A few rooms with long names make a message as full.
    let few = typed(9);
    assert!(!stage.say(&format!("{few} --dry-run")).await.contains("The file"));
    for room in &rooms {
        stage.homeserver.change_room(room, |room| {
            room.details.canonical_alias = Some(format!("#{}:hs.test", "<".repeat(200)));
        });
    }
    has(&stage.say(&format!("{few} --dry-run")).await, &["Shut down 9 rooms", "The file has all of them."]);
    let rendered = stage.store.said("plan-1").unwrap();
    assert!(rendered.text.len() <= 10_000 && rendered.html.len() <= 18_000);
    assert_eq!(plan(&stage, 1).steps.len(), 50);
    stage.react(other(), "plan-1", YES).await;
    assert_eq!(stage.homeserver.writes().len(), 50);
    assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
}

#[tokio::test]
async fn version_1_of_the_api_is_used_when_asked_for() {
    let mut stage = stage();
    // A server without version 2 of the API has no delete tasks to tell of.
    stage.homeserver.fail_once("delete_tasks", Fault::NotRouted { status: 404 });
    let said = stage.say("!shutdown !bad:hs.test --v1").await;
    has(
        &said,
        &[
            "• Version 1 of the API is used: the server answers when all is done, and shows no progress.",
            "Job 1",
        ],
    );
    assert!(
        matches!(&plan(&stage, 1).steps[0].step, Step::ShutDownRoom { api, .. } if format!("{api:?}") == "V1")
    );
    stage.homeserver.fail_once("delete_tasks", Fault::NotRouted { status: 404 });
    has(&stage.say("!shutdown !bad:hs.test").await, &["The admin API is not reachable at this address"]);
    let said = stage.say("!confirm 1").await;
    has(&said, &["Job 1: shutdown – done"]);
    assert_eq!(
        stage.homeserver.writes(),
        [r#"delete v1 !bad:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#]
    );
}

#[tokio::test]
async fn a_fault_while_reading_is_told_and_nothing_is_proposed() {
    for method in ["room", "block_status", "members", "local_aliases", "delete_tasks", "resolve_alias"] {
        let mut stage = wave();
        stage.homeserver.fail_once(method, Fault::Timeout);
        let said = stage.say("!shutdown #bad:hs.test #two:hs.test").await;
        has(&said, &["The homeserver did not answer in time.", "Nothing was done."]);
        assert!(plans(&stage).is_empty(), "{method}");
    }
}

#[tokio::test]
async fn trap_09_reports_that_go_with_a_room_are_shown_and_kept() {
    let mut stage = wave();
    let report = |n: u64| EventReport {
        id: n,
        received_ts: 1,
        event_id: format!("$e{n}:hs.test"),
        user_id: "@victim:hs.test".into(),
        sender: Some("@user0:hs.test".into()),
        reason: (n > 1).then(|| "a `threat`".to_owned()),
    };
    stage.homeserver.change_room(bad_room(), |room| room.reports = (1..=5).map(report).collect());
    let said = stage.say("!shutdown !bad:hs.test #two:hs.test").await;
    has(
        &said,
        &[
            "Reports about what was said there: 5. The server forgets them with the room; `!job --file=json` has a copy afterwards:",
            "• `@victim:hs.test` reported `$e1:hs.test` by `@user0:hs.test`\n",
            "• `@victim:hs.test` reported `$e2:hs.test` by `@user0:hs.test`: “a 'threat'”",
            "… and 2 more",
        ],
    );
    stage.say("!confirm 1").await;
    let kept = stage.store.kept(1, 0).unwrap().expect("a snapshot");
    assert_eq!(kept["reports"].as_array().map(Vec::len), Some(5));
    assert_eq!(kept["reports"][1]["reason"], "a `threat`");
}

#[tokio::test]
async fn reports_that_cannot_be_read_keep_nobody_from_acting() {
    let mut stage = wave();
    let refused = Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "no".into() };
    stage.homeserver.fail_always("reports", refused);
    stage.say("!shutdown !bad:hs.test").await;
    has(&stage.say("!confirm 1").await, &["shutdown – done"]);
}

#[tokio::test]
async fn a_message_that_the_server_would_fail_at_is_refused_before() {
    let mut stage = wave();
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    let line = format!("!shutdown !bad:hs.test --notify-as @user0:hs.test --message {}", "x".repeat(10_001));
    has(&stage.say(&line).await, &["is 10001 bytes long; it may have 10000."]);
    assert!(plans(&stage).is_empty());
}

//! Conversations about cases in which something is done: tapped on the card, or typed with `!act`.

mod cards;
mod deaths;
mod missing;
mod second;
mod together;

use gleipnir_core::{
    model::{About, Account, MediaDetails, Mxc, Report, ReportKey, ReportKind},
    plan::Step,
    ports::{Case, CaseId, CaseState, Clock as _, Records as _},
    ruma::{OwnedUserId, RoomId, UserId, owned_user_id, room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, other, plan, plans, watcher};

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

/// A user of this server, who wrote something bad.
fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

/// One of another server.
fn far() -> &'static UserId {
    user_id!("@far:other.test")
}

fn me() -> OwnedUserId {
    owned_user_id!("@bot:hs.test")
}

/// What the bot may do in the lounge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Power {
    /// It is not in it.
    Outside,
    /// It is a member like others.
    None,
    /// It may remove and redact.
    Enough,
}

/// A message with an image and its thumbnail.
fn image(event: &str, sender: &UserId) -> Value {
    json!({"type": "m.room.message", "event_id": event, "sender": sender, "room_id": lounge(), "origin_server_ts": 7,
        "content": {"msgtype": "m.image", "body": "rude.png", "url": "mxc://hs.test/rude",
            "info": {"mimetype": "image/png", "thumbnail_url": "mxc://hs.test/thumb"}}})
}

/// A stage with the lounge, in which `$bad1` is by @eve:hs.test and `$bad2` by @far:other.test; nothing is reported yet.
fn lounge_with(power: Power) -> Stage {
    let stage = Stage::default();
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    let levels: Value = match power {
        Power::Enough => json!({"@user0:hs.test": 100, "@bot:hs.test": 90}),
        Power::None | Power::Outside => json!({"@user0:hs.test": 100}),
    };
    stage.homeserver.change_room(lounge(), |room| {
        room.details.version = Some("11".to_owned());
        room.members.extend([eve().to_owned()]);
        if power != Power::Outside {
            room.members.push(me());
        }
        room.events = vec![image("$bad1", eve()), image("$bad2", far())];
        room.state = vec![
            json!({"type": "m.room.create", "state_key": "", "sender": "@user0:hs.test", "event_id": "$create",
                "content": {"room_version": "11"}}),
            json!({"type": "m.room.power_levels", "state_key": "", "sender": "@user0:hs.test", "event_id": "$levels",
                "content": {"users": levels}}),
        ];
    });
    // She was removed from here; what she wrote is there all the same.
    let left = json!({"type": "m.room.member", "state_key": eve(), "sender": "@user0:hs.test",
        "content": {"membership": "leave"}});
    stage
        .homeserver
        .put_room(room_id!("!left:hs.test"), FakeRoom { state: vec![left], ..FakeRoom::default() });
    stage.homeserver.put_account(eve(), Account { created_at: Some(1), ..Account::default() });
    for file in files() {
        stage.homeserver.put_media(&file, MediaDetails::default());
    }
    stage
}

fn files() -> [Mxc; 2] {
    ["mxc://hs.test/rude", "mxc://hs.test/thumb"].map(|file| file.parse().expect("a file"))
}

fn about_event(n: u64) -> About {
    About::Event { room_id: lounge().to_string(), event_id: format!("$bad{n}") }
}

/// Something is reported, once.
async fn report(stage: &mut Stage, about: About, event: Option<Value>) {
    stage.poll_reports().await;
    // What was reported before the bot first looked makes no case.
    let id =
        stage.store.cases(&gleipnir_core::ports::WhichCases::default()).expect("it reads").len() as u64 + 1;
    let author = event.as_ref().and_then(|event| event["sender"].as_str().map(str::to_owned));
    let report = Report {
        key: ReportKey { kind: about.kind(), id, received_ts: stage.clock.now() },
        reporter: "@rep:hs.test".to_owned(),
        reason: Some("rude".to_owned()),
        about,
        author,
    };
    stage.homeserver.report(report, event);
    stage.poll_reports().await;
}

/// As [`lounge_with`]; case 1 is about `$bad1`, by a local user.
async fn local_case(power: Power) -> Stage {
    let mut stage = lounge_with(power);
    report(&mut stage, about_event(1), Some(image("$bad1", eve()))).await;
    stage
}

/// As [`lounge_with`]; case 1 is about `$bad2`, by a remote user.
async fn remote_case(power: Power) -> Stage {
    let mut stage = lounge_with(power);
    report(&mut stage, about_event(2), Some(image("$bad2", far()))).await;
    stage
}

fn case(stage: &Stage, id: CaseId) -> Case {
    stage.store.case(id).expect("the store reads").expect("there is such a case")
}

fn the_card(stage: &Stage, id: CaseId) -> String {
    stage.store.said(&format!("case-{id}")).expect("there is a card").text
}

fn steps(stage: &Stage, id: u64) -> Vec<Step> {
    plan(stage, id).steps.into_iter().map(|planned| planned.step).collect()
}

/// The actions, their reactions, what they write, and what the card then says.
const ACTIONS: [(&str, &str, &[&str], &str); 8] = [
    ("redact", "🧹", &["redact $bad1"], "message redacted"),
    ("redact-all", "🧨", &["redact all of @eve:hs.test"], "all messages of the author redacted"),
    ("kick", "👢", &["kick @eve:hs.test"], "author kicked"),
    ("ban", "🔨", &["ban @eve:hs.test"], "author banned"),
    ("suspend", "⏸️", &["suspend @eve:hs.test"], "author suspended"),
    ("quarantine", "☣️", &["mxc://hs.test/rude", "mxc://hs.test/thumb"], "2 files quarantined"),
    ("block", "🚧", &["block !lounge:hs.test"], "room blocked"),
    ("shutdown", "💣", &["delete !lounge:hs.test"], "room shut down"),
];

/// After an action: it was done once, and the case is resolved by who asked.
#[track_caller]
fn acted(stage: &Stage, word: &str, writes: &[&str], done: &str) {
    let written = stage.homeserver.writes();
    assert_eq!(written.len(), writes.len(), "{word}: {written:?}");
    let case = case(stage, 1);
    assert_eq!((case.state, case.by.as_deref()), (CaseState::Resolved, Some(moderator())), "{word}");
    assert_eq!(case.note, Some(format!("{done} (job 1)")), "{word}");
    let card = the_card(stage, 1);
    has(&card, &["Resolved by `@mod:hs.test`, ", &format!(": {done} (job 1).")]);
    let can_be_undone = !matches!(word, "redact" | "redact-all");
    assert_eq!(card.contains("Undo: `!undo 1`."), can_be_undone, "{card}");
    assert_eq!((plan(stage, 1).case, plans(stage).len()), (Some(1), 1), "{word}");
}

#[tokio::test]
async fn every_action_is_tapped() {
    for (word, emoji, writes, done) in ACTIONS {
        let mut stage = local_case(Power::Enough).await;
        has(&the_card(&stage, 1), &[&format!("{emoji} {word}")]);
        let said = stage.react(moderator(), "case-1", emoji).await;
        if matches!(word, "redact" | "redact-all" | "shutdown") {
            has(&said, &["This cannot simply be undone", "Job 1: do it?", "waits for a confirmation"]);
            has(
                &the_card(&stage, 1),
                &[&format!("Job 1 of `@mod:hs.test` waits for a confirmation: {word}.")],
            );
            assert!(stage.homeserver.writes().is_empty(), "{word} asks first");
            let said = stage.react(other(), "plan-1", "✅").await;
            has(&said, &["Job 1: act by `@mod:hs.test` – done (confirmed by `@other:hs.test`)"]);
        } else {
            has(&said, &["Job 1: act by `@mod:hs.test` – done"]);
        }
        acted(&stage, word, writes, done);
        assert_eq!(plan(&stage, 1).typed, format!("!act 1 {word}"));
    }
}

#[tokio::test]
async fn every_action_is_typed() {
    for (word, _, writes, done) in ACTIONS {
        let mut stage = local_case(Power::Enough).await;
        let said = stage.say(&format!("!act 1 {word} --dry-run")).await;
        has(&said, &["Case 1: a message in Lounge", "To be done:", "Dry run: nothing was done."]);
        assert!(stage.homeserver.writes().is_empty() && plans(&stage).is_empty(), "{word}");
        let said = stage.say(&format!("!act 1 {word} --reason \"spam wave\"")).await;
        if said.contains("do it?") {
            stage.say("!confirm 1").await;
        }
        acted(&stage, word, writes, done);
        assert_eq!(plan(&stage, 1).because.as_deref(), Some("spam wave"));
    }
}

#[tokio::test]
async fn several_actions_are_one_job_in_the_right_order() {
    let mut stage = local_case(Power::Enough).await;
    let said = stage.say("!act 1 shutdown, redact-all redact quarantine kick ban suspend block").await;
    has(
        &said,
        &[
            "2 rooms that they are or were in",
            "Shut down Lounge",
            "Nobody on this server could join",
            "do it?",
        ],
    );
    let commands: Vec<&str> = steps(&stage, 1).iter().map(Step::command).collect();
    assert_eq!(
        commands,
        ["suspend", "ban", "quarantine", "quarantine", "redact", "redact", "block", "shutdown"]
    );
    stage.say("!confirm 1").await;
    assert_eq!(
        case(&stage, 1).note.as_deref(),
        Some(
            "author suspended, author banned, 2 files quarantined, message redacted, all messages of the author redacted, \
             room blocked, room shut down (job 1)"
        )
    );
}

#[tokio::test]
async fn trap_07_rooms_that_they_left_are_redacted_as_well() {
    let mut stage = local_case(Power::Outside).await;
    // She was in the management room once; what stands there is never redacted.
    let left = json!({"type": "m.room.member", "state_key": eve(), "sender": eve(), "content": {"membership": "leave"}});
    stage.homeserver.change_room(room_id!("!management:hs.test"), |room| room.state.push(left));
    stage.say("!act 1 redact-all").await;
    let [Step::RedactUser { rooms, .. }] = &steps(&stage, 1)[..] else { panic!("{:?}", steps(&stage, 1)) };
    assert_eq!(rooms, &["!left:hs.test", "!lounge:hs.test"]);
}

#[tokio::test]
async fn words_that_are_no_action() {
    let mut stage = local_case(Power::Enough).await;
    for (line, says) in [
        ("!act 1 destroy", "redact, redact-all, kick"),
        ("!act 1 claim", "!claim"),
        ("!act 1 more", "!context"),
        ("!act 1", "!act <case> <action>"),
        ("!act 9 redact", "There is no case 9."),
        ("!act x redact", "A case is given by its number"),
    ] {
        has(&stage.say(line).await, &[says]);
    }
    assert!(plans(&stage).is_empty());
    has(&stage.say_as(watcher(), "!act 1 suspend").await, &["`!act` needs power level 50"]);
    has(&stage.react(watcher(), "case-1", "⏸️").await, &["`!act` needs power level 50"]);
    // The level of what is done counts as well as that of the command.
    stage.settings.levels.insert("suspend".to_owned(), 90);
    stage.restart();
    has(&stage.say("!act 1 suspend").await, &["`!suspend` needs power level 90"]);
    has(&stage.react(moderator(), "case-1", "⏸").await, &["`!suspend` needs power level 90"]);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn reports_are_deleted_and_reporters_ignored() {
    let mut stage = local_case(Power::Enough).await;
    let said = stage.say("!report delete 1").await;
    has(
        &said,
        &[
            "Delete event report 1 from the server",
            "`$bad1`",
            "`@rep:hs.test`",
            "“rude”",
            "`!case 1` stays",
            "do it?",
        ],
    );
    has(&stage.say("!confirm 1").await, &["Job 1: report – done"]);
    assert!(
        stage.homeserver.writes().iter().any(|write| write.contains("report")),
        "{:?}",
        stage.homeserver.writes()
    );
    assert_eq!(case(&stage, 1).state, CaseState::Open, "the case stays");
    has(&stage.say("!report delete 1").await, &["The server has no event report 1"]);
    has(&stage.say("!report delete 1 --user").await, &["The server has no user report 1"]);
    has(&stage.say("!report delete one").await, &["is no number of a report"]);
    has(&stage.say("!report delete 1099511627776").await, &["does not tell of that report"]);
    has(&stage.say("!report ignore @rep:hs.test too many").await, &["Job 2: report – done"]);
    assert!(stage.store.ignored_reporters().unwrap().contains("@rep:hs.test"));
    has(&stage.say("!report ignore @rep:hs.test").await, &["is ignored already"]);
    has(&stage.say("!undo 2").await, &["done"]);
    has(&stage.say("!report heed @rep:hs.test").await, &["is not ignored"]);
    has(&stage.say("!report ignore @x:far.test").await, &["of another server"]);
    has(&stage.say_as(watcher(), "!report ignore @rep:hs.test").await, &["`!report` needs power level 50"]);
}

#[tokio::test]
async fn reports_of_users_are_deleted_by_their_own_numbers() {
    let mut stage = lounge_with(Power::Enough);
    report(&mut stage, About::User { user_id: eve().to_string() }, None).await;
    assert_eq!(case(&stage, 1).reports[0].key.kind, ReportKind::User);
    has(&stage.say("!report delete 1").await, &["The server has no event report 1"]);
    has(&stage.say("!report delete 1 --user").await, &["Delete user report 1", "`@eve:hs.test`"]);
}

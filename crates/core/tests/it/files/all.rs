//! All files of a user or a room at once.

use gleipnir_core::{
    execute::{Server, report},
    model::{MediaDetails, Mxc, RoomDetails},
    plan::{FilesOf, Outcome, Step, StepState},
    ports::Fault,
    ruma::owned_room_id,
    testing::{FakeRoom, Stage},
};

use super::{ALL, ana, bob, closed, details, eve, far, mxc, png, protect, put, with_copy, with_files};
use crate::scene::{bad_room, has, moderator, plan, under_way};

#[tokio::test]
async fn all_files_of_a_user_go_and_only_those_that_went_come_back() {
    let mut stage = with_files();
    let dry = stage.say("!quarantine @eve:hs.test --dry-run").await;
    has(
        &dry,
        &[
            "• all of Eve (`@eve:hs.test`): 1 file, 1 MiB together: 1 `image/png`. In quarantine: 1. Protected from quarantine: 1.",
            "It would be done without asking.",
        ],
    );
    let done = stage.say("!quarantine @eve:hs.test spam").await;
    has(
        &done,
        &[
            "Job 1: quarantine – done",
            "1 file in quarantine: the files of `@eve:hs.test`",
            "Left alone, because protected or not here: 1.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), ["quarantine media of @eve:hs.test"]);
    assert_eq!(closed(&stage, &ALL).await, ["open", "closed", "equal"]);
    has(
        &stage.say("!quarantine @eve:hs.test").await,
        &[
            "There is nothing to quarantine of Eve (`@eve:hs.test`). In quarantine: 2. Protected from quarantine: 1.",
        ],
    );
    has(&stage.say("!undo 1").await, &["Job 2: undo – done", "1 file no longer in quarantine"]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
}

#[tokio::test]
async fn all_files_of_a_user_are_let_out_and_only_those_go_back() {
    let mut stage = with_files();
    has(
        &stage.say("!unquarantine @eve:hs.test --dry-run").await,
        &["1 file, 1 MiB together: 1 `image/png`. Not in quarantine: 1."],
    );
    has(
        &stage.say("!unquarantine @eve:hs.test").await,
        &[
            "Put there by `@other:hs.test`: 1.",
            "1 file would be let out at once. Whoever put them into quarantine may have had a reason.",
            "Job 1: do it?",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
    has(&stage.say("!confirm 1").await, &["Job 1: unquarantine – done", "1 file no longer in quarantine"]);
    assert!(closed(&stage, &ALL).await.is_empty());
    has(
        &stage.say("!unquarantine @eve:hs.test").await,
        &["Nothing is in quarantine of Eve (`@eve:hs.test`)."],
    );
    has(&stage.say("!undo 1").await, &["Job 2: undo – done", "1 file in quarantine"]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
    has(&stage.say("!unquarantine @ana:hs.test").await, &["Nothing is in quarantine of Ana"]);
}

fn in_room(stage: &Stage) {
    with_copy(stage);
    let files = vec![mxc("open"), far(), mxc("open"), mxc("closed"), mxc("gone"), mxc("kept")];
    stage.homeserver.put_room_media(bad_room(), files);
}

#[tokio::test]
async fn all_files_of_a_room_go_each_counted_once() {
    let mut stage = with_files();
    in_room(&stage);
    has(
        &stage.say("!quarantine #bad:hs.test --dry-run").await,
        &[
            "all of Spam (`#bad:hs.test`, `!bad:hs.test`): 2 files, 1 MiB together: 1 of no type, 1 `image/png`. In quarantine: 1. Protected from quarantine: 1. Not on this server: 1.",
            "Only files of messages that are not encrypted are known to the server.",
        ],
    );
    has(
        &stage.say("!quarantine #bad:hs.test").await,
        &[
            "Job 1: quarantine – done",
            "2 files in quarantine: the files in Spam",
            "Left alone, because protected or not here: 2.",
        ],
    );
    assert_eq!(stage.homeserver.writes(), ["quarantine media in !bad:hs.test"]);
    assert!(details(&stage, &far()).await.unwrap().quarantined_by.is_some());
    has(&stage.say("!undo 1").await, &["Job 2: undo – done", "2 files no longer in quarantine"]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
    has(&stage.say("!unquarantine !bad:hs.test").await, &["Put there by `@bot:hs.test`: 1."]);
    has(&stage.say("!confirm 3").await, &["Job 3: unquarantine – done", "1 file no longer"]);
    has(&stage.say("!undo 3").await, &["1 file in quarantine"]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
}

#[tokio::test]
async fn of_an_encrypted_room_nothing_can_be_found() {
    let mut stage = with_files();
    let details = RoomDetails { encryption: Some("m.megolm.v1.aes-sha2".into()), ..RoomDetails::default() };
    stage.homeserver.put_room(&owned_room_id!("!e:hs.test"), FakeRoom { details, ..FakeRoom::default() });
    for command in ["quarantine", "unquarantine"] {
        has(
            &stage.say(&format!("!{command} !e:hs.test")).await,
            &[
                "The server knows no files of `!e:hs.test`.",
                "The room is encrypted: its files are known to its members alone, so nothing can be found.",
            ],
        );
    }
    stage.homeserver.put_room_media(&owned_room_id!("!e:hs.test"), vec![mxc("open")]);
    has(
        &stage.say("!quarantine !e:hs.test --dry-run").await,
        &["files of encrypted messages are known to its members alone, and are not among them."],
    );
}

#[tokio::test]
async fn files_of_protected_people_in_a_room_are_left_out() {
    let mut stage = with_files();
    in_room(&stage);
    put(&stage, png(ana(), "anas"));
    let files = ["open", "closed", "kept", "anas"].map(mxc).to_vec();
    stage.homeserver.put_room_media(bad_room(), files);
    protect(&stage, eve());
    has(
        &stage.say("!quarantine !bad:hs.test").await,
        &["Job 1: quarantine – done", "1 file in quarantine: the files in Spam"],
    );
    assert_eq!(stage.homeserver.writes(), ["quarantine mxc://hs.test/anas"]);
    assert_eq!(closed(&stage, &["open", "closed", "kept", "anas"]).await, ["closed", "anas"]);
    let left = "Left out: 1 file of people against whom I do nothing (moderators, admins, users of appservices, or exempt): `@eve:hs.test`.";
    has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
    has(&stage.say("!quarantine !bad:hs.test --dry-run").await, &["1 file, 1 MiB together", left]);
    // Nothing else is there.
    protect(&stage, ana());
    has(
        &stage.say("!quarantine !bad:hs.test").await,
        &[
            "There is nothing to quarantine of Spam",
            "Left out: 2 files of people",
            "`@ana:hs.test`, `@eve:hs.test`.",
        ],
    );
    // Those who became so while it waited, with and without somebody else who was so before.
    for is_ana in [false, true] {
        let mut stage = with_files();
        put(&stage, png(ana(), "anas"));
        put(&stage, png(bob(), "bobs"));
        stage.homeserver.put_room_media(bad_room(), ["open", "anas", "bobs"].map(mxc).to_vec());
        if is_ana {
            protect(&stage, ana());
        }
        stage.settings.confirm_over = 0;
        stage.restart();
        has(&stage.say("!quarantine !bad:hs.test").await, &["Job 1: do it?"]);
        protect(&stage, eve());
        let said = stage.say("!confirm 1").await;
        if is_ana {
            has(&said, &["– done", "1 file in quarantine", "Left alone, because protected or not here: 1."]);
            assert_eq!(stage.homeserver.writes(), ["quarantine mxc://hs.test/bobs"]);
        } else {
            has(
                &said,
                &["Among the files are some of people against whom I do nothing", "Send the command again"],
            );
            assert!(stage.homeserver.writes().is_empty());
            stage.say("!quarantine !bad:hs.test").await;
            has(&stage.say("!confirm 2").await, &["– done", "2 files in quarantine"]);
        }
        assert!(closed(&stage, &["open"]).await.is_empty());
    }
}

#[tokio::test]
async fn the_files_of_the_management_room_stay() {
    let mut stage = with_files();
    let management = owned_room_id!("!management:hs.test");
    stage.room(&management, "Moderators", "#mods:hs.test", 1);
    stage.homeserver.put_room_media(&management, vec![mxc("open")]);
    let said = stage.say("!quarantine !management:hs.test").await;
    has(&said, &["That is the management room.", "I never quarantine all of them."]);
    assert!(stage.homeserver.writes().is_empty());
}

fn many(stage: &Stage, count: usize) {
    for n in 0..count {
        put(stage, png(eve(), &format!("f{n:04}")));
    }
    stage.homeserver.put_room_media(bad_room(), (0..count).map(|n| mxc(&format!("f{n:04}"))).collect());
}

#[tokio::test]
async fn three_thousand_files_are_asked_about_and_followed() {
    for what in ["@eve:hs.test", "!bad:hs.test"] {
        let mut stage = with_files();
        many(&stage, 3000);
        let asked = stage.say(&format!("!quarantine {what}")).await;
        let files = if what.starts_with('@') { "3,001 files" } else { "3,000 files" };
        has(
            &asked,
            &[files, &format!("{files} at once is more than I quarantine without asking."), "Job 1: do it?"],
        );
        assert!(asked.len() < 3000, "{asked}");
        has(&stage.say("!confirm 1").await, &["Job 1: quarantine – done", &format!("{files} in quarantine")]);
        assert_eq!(stage.homeserver.writes().len(), 1);
        has(
            &stage.say(&format!("!unquarantine {what}")).await,
            &["would be let out at once. Whoever put them into quarantine may have had a reason."],
        );
        stage.say("!cancel 2").await;
        has(
            &stage.say("!undo 1").await,
            &["Job 3: undo – done", &format!("{files} no longer in quarantine")],
        );
        assert_eq!(closed(&stage, &["open", "closed", "f0000", "f2999"]).await, ["closed"]);
        // Each one was let out by itself, once.
        assert_eq!(stage.homeserver.writes().len() as u64, if what.starts_with('@') { 3002 } else { 3001 });
    }
}

#[tokio::test]
async fn all_files_of_a_user_are_deleted_to_the_last_page() {
    let mut stage = with_files();
    many(&stage, 450);
    let asked = stage.say("!media delete @eve:hs.test spam").await;
    has(
        &asked,
        &[
            "• all files of Eve (`@eve:hs.test`): 453 files, 453 MiB together: 453 `image/png`. Among them in quarantine: 1; protected from it: 1.",
            "the same bytes can be uploaded again",
            "This cannot simply be undone: the files are deleted from this server.",
        ],
    );
    let done = stage.say("!confirm 1").await;
    has(&done, &["Job 1: media – done", "453 files of `@eve:hs.test` are deleted from this server."]);
    assert_eq!(stage.homeserver.writes(), vec!["delete media of @eve:hs.test"; 5]);
    assert!(details(&stage, &mxc("equal")).await.is_some(), "it is Ana's");
    has(
        &stage.say("!media delete @eve:hs.test").await,
        &["The server knows no files of Eve (`@eve:hs.test`)."],
    );
    has(&stage.say("!undo 1").await, &["I cannot bring back the files of `@eve:hs.test`."]);
}

#[tokio::test]
async fn a_server_that_does_not_do_it_is_not_believed() {
    for command in [
        "!quarantine @eve:hs.test",
        "!quarantine !bad:hs.test",
        "!unquarantine @eve:hs.test",
        "!unquarantine !bad:hs.test",
        "!media protect mxc://hs.test/open",
        "!media delete mxc://hs.test/open --yes",
        "!media delete @eve:hs.test --yes",
        "!quarantine mxc://hs.test/open",
        "!unquarantine mxc://hs.test/closed",
    ] {
        let mut stage = with_files();
        in_room(&stage);
        stage.homeserver.ignore_changes();
        stage.say(command).await;
        stage.say("!confirm 1").await;
        let said = stage.store.said("run-1").expect("a report").text;
        has(&said, &["❌ Could not ", "still shows the old one"]);
        assert!(matches!(plan(&stage, 1).steps[0].outcome, Some(Outcome::Failed { .. })), "{command}");
    }
}

#[tokio::test]
async fn a_page_that_leads_to_itself_and_an_account_that_goes_end() {
    let mut stage = with_files();
    stage.hear(moderator(), "!quarantine @eve:hs.test");
    stage.handle().await;
    let gone = Fault::Refused { status: 404, errcode: "M_NOT_FOUND".into(), message: "Unknown user".into() };
    stage.homeserver.fail_always("media_of", gone);
    stage.execute().await;
    has(&stage.store.said("run-1").unwrap().text, &["The server knows no such account or room."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn several_at_once_are_one_job() {
    let mut stage = with_files();
    in_room(&stage);
    put(&stage, png(ana(), "anas"));
    let far: Mxc = far();
    let said =
        stage.say(&format!("!quarantine mxc://hs.test/anas {far} @eve:hs.test !bad:hs.test raid")).await;
    has(&said, &["Job 1: quarantine", "raid"]);
    assert_eq!(plan(&stage, 1).steps.len(), 4);
    let is_closed =
        |details: Option<MediaDetails>| details.is_some_and(|details| details.quarantined_by.is_some());
    assert!(is_closed(details(&stage, &mxc("anas")).await) && is_closed(details(&stage, &far).await));
    has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
    assert_eq!(closed(&stage, &["open", "closed", "kept", "equal", "anas"]).await, ["closed"]);
}

#[tokio::test]
async fn the_report_says_how_far_it_is() {
    let files = || (0..1000).map(|n| mxc(&format!("f{n}"))).collect::<Vec<Mxc>>();
    let room = || FilesOf::Room(bad_room().to_owned().into());
    let into = || Step::QuarantineAll { files: room(), only: None };
    let survey = StepState::Surveying { all: files(), looked_at: 500, found: Vec::new(), spared: 0 };
    for (step, state, want) in [
        (
            into(),
            survey,
            "▰▰▰▰▰▱▱▱▱▱ To do: quarantine the files in `!bad:hs.test`; looking at the files: 500 of 1000",
        ),
        (
            into(),
            StepState::QuarantiningAll { files: files(), spared: 0, done: 0 },
            "To do: quarantine the files in `!bad:hs.test`",
        ),
        (
            into(),
            StepState::QuarantiningAll { files: files(), spared: 0, done: 900 },
            "▰▰▰▰▰▰▰▰▰▱ quarantine the files in `!bad:hs.test`: 900 of 1000",
        ),
        (
            Step::ReleaseAll { files: room(), only: Some(files()) },
            StepState::Releasing { files: files(), done: 100 },
            "▰▱▱▱▱▱▱▱▱▱ let 1000 of the files in `!bad:hs.test` be downloaded again: 100 of 1000",
        ),
    ] {
        let stage = with_files();
        let id = under_way(&stage, step, Some(state));
        has(&report(&plan(&stage, id), Server::There).render().text, &[want]);
    }
}

#[tokio::test]
async fn what_was_let_out_meanwhile_is_not_let_out_again() {
    let mut stage = with_files();
    for id in ["a", "b", "c"] {
        let (file, details) = png(eve(), id);
        let by = Some("@other:hs.test".into());
        let details = MediaDetails { quarantined_by: by, sha256: Some("the same".into()), ..details };
        put(&stage, (file, details));
    }
    stage.say("!unquarantine @eve:hs.test").await;
    has(&stage.say("!confirm 1").await, &["4 files no longer in quarantine"]);
    assert!(closed(&stage, &["a", "b", "c", "closed"]).await.is_empty());
    has(&stage.say("!undo 1").await, &["4 files in quarantine"]);
    assert_eq!(closed(&stage, &["a", "b", "c", "closed", "open"]).await, ["a", "b", "c", "closed"]);
}

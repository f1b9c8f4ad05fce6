//! Single files, and those that an event shows.

use gleipnir_core::{model::MediaDetails, plan::Step, ports::Fault, testing::Stage};
use serde_json::json;

use super::{ALL, ana, closed, details, eve, event, far, mxc, png, protect, put, with_copy, with_files};
use crate::scene::{bad_room, has, left_behind, watcher};

fn wrote(stage: &Stage) -> Vec<String> {
    stage.homeserver.writes()
}

#[tokio::test]
async fn a_file_is_quarantined_with_every_equal_one_and_let_out_again() {
    let mut stage = with_files();
    let dry = stage.say("!quarantine mxc://hs.test/open spam --dry-run").await;
    has(
        &dry,
        &[
            "To quarantine: nobody could download them from this server, nor any equal file: other people's copies of the same bytes go with them.",
            "• `mxc://hs.test/open`, `image/png`, 1 MiB, “`open.png`”, ",
            ", uploaded by `@eve:hs.test`",
            "It would be done without asking.",
        ],
    );
    assert!(wrote(&stage).is_empty());
    has(
        &stage.say("!quarantine mxc://hs.test/open spam").await,
        &["Job 1: quarantine – done", "spam", "is in quarantine: nobody can download it"],
    );
    assert_eq!(closed(&stage, &ALL).await, ["open", "closed", "equal"]);
    has(
        &stage.say("!quarantine mxc://hs.test/open").await,
        &["`mxc://hs.test/open` is already in quarantine by `@bot:hs.test`."],
    );
    has(&stage.say("!undo 1").await, &["Job 2: undo – done", "is no longer in quarantine."]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
    has(&stage.say("!unquarantine mxc://hs.test/closed").await, &["Job 3: unquarantine – done"]);
    has(&stage.say("!undo 3").await, &["Job 4: undo – done"]);
    assert_eq!(closed(&stage, &ALL).await, ["closed"]);
    has(
        &stage.say("!unquarantine mxc://hs.test/open").await,
        &["`mxc://hs.test/open` is not in quarantine."],
    );
}

#[tokio::test]
async fn trap_21_of_a_file_that_there_is_not_nothing_is_asked() {
    let mut stage = with_files();
    for command in ["quarantine", "unquarantine", "media protect", "media unprotect", "media delete"] {
        let said = stage.say(&format!("!{command} mxc://hs.test/open mxc://hs.test/typo")).await;
        has(&said, &["Nothing was done.", "This server does not have the file `mxc://hs.test/typo`"]);
    }
    assert!(wrote(&stage).is_empty());
    has(&stage.say("!jobs").await, &["Nothing is under way."]);
}

#[tokio::test]
async fn mistakes_are_refused_with_what_to_do() {
    let mut stage = with_files();
    with_copy(&stage);
    for (command, want) in [
        ("!quarantine", "Something is missing"),
        ("!quarantine spam", "names no files. Give an mxc:// URI"),
        ("!quarantine mxc://", "that is no mxc:// URI"),
        ("!quarantine mxc://hs.test/open mxc://", "that is no mxc:// URI"),
        (
            "!quarantine @far:other.test",
            "is of another server: this one has no list of their files. Use the room or the event: `!quarantine <room>`.",
        ),
        ("!quarantine @typo:hs.test", "There is no account `@typo:hs.test` on this server."),
        ("!quarantine !nowhere:hs.test", "The server does not know the room"),
        (
            "!quarantine mxc://hs.test/kept",
            "is protected from quarantine. First lift that: `!media unprotect mxc://hs.test/kept`.",
        ),
        ("!unquarantine @far:other.test", "Use the room or the event: `!unquarantine <room>`."),
        ("!media protect", "Say which files"),
        ("!media protect @eve:hs.test", "Files are protected one by one"),
        ("!media protect !bad:hs.test", "Files are protected one by one"),
        (
            "!media protect mxc://far.test/copy",
            "is of another server: only files of this server can be protected.",
        ),
        (
            "!media protect mxc://hs.test/closed",
            "is in quarantine, and would stay there. First let it out: `!unquarantine mxc://hs.test/closed`.",
        ),
        ("!media delete !bad:hs.test", "The files of a whole room cannot be deleted at once"),
        (
            "!media delete mxc://far.test/copy",
            "the server deletes its own files only. To keep its copy from everybody: `!quarantine mxc://far.test/copy`.",
        ),
        ("!media delete @far:other.test", "Use the room or the event: `!quarantine <room>`."),
        ("!media delete mxc://hs.test/open --thumbnails", "--thumbnails goes with what is looked at only."),
        ("!media a b c", "That is too much at once"),
    ] {
        has(&stage.say(command).await, &[want]);
    }
    assert!(wrote(&stage).is_empty());
}

#[tokio::test]
async fn a_moderator_of_low_power_looks_and_does_nothing() {
    let mut stage = with_files();
    for command in [
        "!quarantine mxc://hs.test/open",
        "!unquarantine mxc://hs.test/closed",
        "!media protect mxc://hs.test/open",
        "!media delete mxc://hs.test/open",
    ] {
        has(&stage.say_as(watcher(), command).await, &["power level"]);
    }
    has(&stage.say_as(watcher(), "!media mxc://hs.test/open").await, &["Type: `image/png`"]);
    assert!(wrote(&stage).is_empty());
}

#[tokio::test]
async fn a_copy_of_a_file_of_another_server_is_quarantined() {
    let mut stage = with_files();
    with_copy(&stage);
    has(&stage.say("!quarantine mxc://far.test/copy").await, &["Job 1: quarantine – done"]);
    assert!(details(&stage, &far()).await.unwrap().quarantined_by.is_some());
}

#[tokio::test]
async fn the_files_of_an_event_go_together_and_what_it_only_names_does_not() {
    let mut stage = with_files();
    put(&stage, png(eve(), "thumb"));
    put(&stage, png(eve(), "named"));
    let shows = json!({"file": {"url": mxc("open")}, "info": {"thumbnail_url": mxc("thumb")},
        "body": "see mxc://hs.test/named"});
    let id = event(&stage, 'a', eve(), &shows);
    let said = stage.say(&format!("!quarantine {} {id} spam", bad_room())).await;
    has(&said, &["Job 1: quarantine – done", "mxc://hs.test/open", "mxc://hs.test/thumb"]);
    assert_eq!(wrote(&stage), ["quarantine mxc://hs.test/open", "quarantine mxc://hs.test/thumb"]);
    has(
        &stage.say(&format!("!unquarantine https://matrix.to/#/!bad:hs.test/{id}")).await,
        &["Job 2: unquarantine – done"],
    );
    let names = event(&stage, 'b', eve(), &json!({"body": "mxc://hs.test/named"}));
    has(
        &stage.say(&format!("!quarantine {names}")).await,
        &["shows no file, it only names some in its words", "give their URIs"],
    );
    let none = event(&stage, 'c', eve(), &json!({"body": "hello"}));
    has(&stage.say(&format!("!quarantine {none}")).await, &["names no file."]);
    // Of an event, what is not here or protected is left alone, and said.
    let some = json!({"url": mxc("open"), "info": {"thumbnail_url": mxc("kept")}, "m.new_content": {"url": mxc("gone")}});
    let some = event(&stage, 'd', eve(), &some);
    has(
        &stage.say(&format!("!quarantine {some} --dry-run")).await,
        &[
            "Left alone:",
            "`mxc://hs.test/kept` is protected from quarantine",
            "does not have the file `mxc://hs.test/gone`",
        ],
    );
}

#[tokio::test]
async fn a_file_that_somebody_else_uploaded_is_asked_about() {
    let mut stage = with_files();
    put(&stage, png(ana(), "anas"));
    let id = event(&stage, 'a', eve(), &json!({"url": mxc("anas")}));
    let asked = stage.say(&format!("!quarantine {id}")).await;
    has(
        &asked,
        &[
            "`mxc://hs.test/anas` was uploaded by `@ana:hs.test`, not by `@eve:hs.test`, who sent it.",
            "The file is not of who sent it: @ana:hs.test uploaded it.",
            "Job 1: do it?",
        ],
    );
    has(&stage.say("!confirm 1").await, &["Job 1: quarantine – done"]);
    has(&stage.say("!undo 1").await, &["done"]);
    has(&stage.say(&format!("!media delete {id} --dry-run")).await, &["not by `@eve:hs.test`, who sent it."]);
    protect(&stage, ana());
    for command in ["quarantine", "media delete"] {
        has(
            &stage.say(&format!("!{command} {id}")).await,
            &["was uploaded by `@ana:hs.test`", "is a moderator"],
        );
    }
    assert_eq!(wrote(&stage).len(), 2);
}

#[tokio::test]
async fn nothing_is_done_to_files_of_protected_people() {
    let mut stage = with_files();
    protect(&stage, eve());
    for command in [
        "!quarantine mxc://hs.test/open",
        "!quarantine @eve:hs.test",
        "!media delete mxc://hs.test/open",
        "!media delete @eve:hs.test",
    ] {
        has(&stage.say(command).await, &["`@eve:hs.test` is a moderator"]);
    }
    assert!(wrote(&stage).is_empty());
    // It is given back to them.
    has(&stage.say("!unquarantine mxc://hs.test/closed").await, &["Job 1: unquarantine – done"]);
}

#[tokio::test]
async fn a_file_is_protected_and_no_longer() {
    let mut stage = with_files();
    has(
        &stage.say("!media protect mxc://hs.test/open").await,
        &["Job 1: media – done", "is protected from quarantine."],
    );
    has(
        &stage.say("!media protect mxc://hs.test/open").await,
        &["`mxc://hs.test/open` is already protected from quarantine."],
    );
    has(
        &stage.say("!quarantine mxc://hs.test/open").await,
        &["is protected from quarantine. First lift that"],
    );
    has(&stage.say("!undo 1").await, &["is no longer protected from quarantine."]);
    has(
        &stage.say("!media unprotect mxc://hs.test/open").await,
        &["`mxc://hs.test/open` is not protected from quarantine."],
    );
    let id = event(&stage, 'a', eve(), &json!({"url": mxc("open"), "info": {"thumbnail_url": mxc("kept")}}));
    has(
        &stage.say(&format!("!media protect {id} logo --dry-run")).await,
        &["To protect from quarantine", "Left alone:", "`mxc://hs.test/kept` is already"],
    );
    has(&stage.say("!media unprotect mxc://hs.test/kept").await, &["done", "is no longer protected"]);
    assert_eq!(
        wrote(&stage),
        ["protect mxc://hs.test/open", "unprotect mxc://hs.test/open", "unprotect mxc://hs.test/kept"]
    );
}

#[tokio::test]
async fn a_file_is_deleted_after_a_question() {
    let mut stage = with_files();
    let asked = stage.say("!media delete mxc://hs.test/open mxc://hs.test/closed spam").await;
    has(
        &asked,
        &[
            "To delete from this server: messages with them stay, and show nothing.",
            "• `mxc://hs.test/open`, `image/png`, 1 MiB, “`open.png`”, 2026-11-21",
            "uploaded by `@eve:hs.test`",
            "the same bytes can be uploaded again.",
            "This cannot simply be undone: the file is deleted from this server.",
        ],
    );
    assert!(wrote(&stage).is_empty());
    has(
        &stage.say("!confirm 1").await,
        &["Job 1: media – done", "`mxc://hs.test/open` is deleted from this server."],
    );
    assert_eq!(details(&stage, &mxc("open")).await, None);
    assert_eq!(wrote(&stage), ["delete mxc://hs.test/open", "delete mxc://hs.test/closed"]);
    has(
        &stage.say("!undo 1").await,
        &["There is nothing of job 1 that I can undo.", "I cannot bring back the file `mxc://hs.test/open`."],
    );
}

#[tokio::test]
async fn names_and_types_of_strangers_are_only_shown() {
    let mut stage = with_files();
    let hostile = "`</code><b>@room\n# x [y](http://z.test) \u{202e}";
    let (file, details) = png(eve(), "bad");
    let details =
        MediaDetails { media_type: Some(hostile.into()), upload_name: Some(hostile.into()), ..details };
    put(&stage, (file, details));
    for command in [
        "!quarantine mxc://hs.test/bad --dry-run",
        "!quarantine @eve:hs.test --dry-run",
        "!media delete mxc://hs.test/bad --dry-run",
        "!media delete @eve:hs.test --dry-run",
    ] {
        let said = stage.say(command).await;
        has(&said, &["Dry run"]);
        assert!(!said.contains("\n# x") && !said.contains('\u{202e}'), "{said}");
    }
}

#[tokio::test]
async fn faults_of_reading_are_told_and_nothing_is_done() {
    let mut stage = with_files();
    stage.homeserver.put_room_media(bad_room(), vec![mxc("open")]);
    let id = event(&stage, 'a', eve(), &json!({"url": mxc("open")}));
    for (command, method) in [
        ("!quarantine mxc://hs.test/open".to_owned(), "media"),
        (format!("!quarantine {id}"), "original"),
        ("!quarantine @eve:hs.test".to_owned(), "media_of"),
        ("!quarantine @eve:hs.test".to_owned(), "account"),
        ("!quarantine !bad:hs.test".to_owned(), "media_in"),
        ("!quarantine !bad:hs.test".to_owned(), "standing"),
        ("!media delete @eve:hs.test".to_owned(), "media_of"),
        ("!media protect mxc://hs.test/open".to_owned(), "media"),
    ] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(&command).await, &["did not answer in time."]);
    }
    assert!(wrote(&stage).is_empty());
}

#[tokio::test]
async fn an_undo_quarantines_nothing_of_protected_people() {
    let mut stage = with_files();
    has(&stage.say("!unquarantine mxc://hs.test/closed").await, &["Job 1: unquarantine – done"]);
    protect(&stage, eve());
    has(&stage.say("!undo 1").await, &["`@eve:hs.test` is a moderator"]);
    // Also where it is known only when it runs.
    let step = Step::QuarantineMedia { media: mxc("closed"), author: None };
    has(&left_behind(&stage, step, None).await, &["❌ Could not ", "`@eve:hs.test` is a moderator"]);
    assert_eq!(stage.homeserver.writes(), ["unquarantine mxc://hs.test/closed"]);
}

//! The process dies at every call and commit of every step about files, alone and together with an answer that was lost: it
//! ends as if nobody had died, and an undo still knows what was so before.

use gleipnir_core::{ports::Fault, testing::Stage};

use super::{ALL, closed, details, eve, mxc, png, put, with_files};
use crate::{
    deaths::{Script, at_every_point},
    scene::{bad_room, has},
    step_faults::{broken, refused},
};

const QUARANTINE_USER: &[&str] = &["!quarantine @eve:hs.test"];
const QUARANTINE_ROOM: &[&str] = &["!quarantine !bad:hs.test"];
const RELEASE_USER: &[&str] = &["!unquarantine @eve:hs.test", "!confirm 1"];
const RELEASE_ROOM: &[&str] = &["!unquarantine !bad:hs.test", "!confirm 1"];
const PROTECT: &[&str] = &["!media protect mxc://hs.test/open"];
const UNPROTECT: &[&str] = &["!media unprotect mxc://hs.test/kept"];
const DELETE: &[&str] = &["!media delete mxc://hs.test/open", "!confirm 1"];
const DELETE_ALL: &[&str] = &["!media delete @eve:hs.test", "!confirm 1"];

fn with_room() -> Stage {
    let stage = with_files();
    stage.homeserver.put_room_media(bad_room(), ["open", "closed", "kept"].map(mxc).to_vec());
    stage
}

/// More files than one request deletes.
fn with_pages() -> Stage {
    let stage = with_files();
    for n in 0..150 {
        put(&stage, png(eve(), &format!("f{n}")));
    }
    stage
}

fn losing(stage: Stage, method: &'static str, fault: Fault) -> Stage {
    stage.homeserver.lose_answer(method, fault);
    stage
}

/// Plays the lines on each of the stages, with a death at every point.
async fn survives(
    stages: &[fn() -> Stage],
    lines: &'static [&'static str],
    look: impl AsyncFn(&mut Stage, &str),
) {
    for stage in stages {
        at_every_point(&Script { stage: *stage, lines }, &look).await;
    }
}

/// So many writes at most: one for each life, and one for each answer that was lost. All are the same.
#[track_caller]
fn wrote(stage: &Stage, write: &str, point: &str) {
    let writes = stage.homeserver.writes();
    assert!((1..=3).contains(&writes.len()), "{point}: {writes:?}");
    assert!(writes.iter().all(|done| done == write), "{point}: {writes:?}");
}

#[tokio::test]
async fn all_files_are_quarantined_and_let_out_by_undo() {
    let stages: [fn() -> Stage; 3] = [
        with_room,
        || losing(with_room(), "quarantine_media_of", Fault::Timeout),
        || losing(with_room(), "quarantine_media_of", broken(500)),
    ];
    survives(&stages, QUARANTINE_USER, async |stage: &mut Stage, point: &str| {
        wrote(stage, "quarantine media of @eve:hs.test", point);
        assert_eq!(closed(stage, &ALL).await, ["open", "closed", "equal"], "{point}");
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(closed(stage, &ALL).await, ["closed"], "{point}");
    })
    .await;
    let stages: [fn() -> Stage; 2] =
        [with_room, || losing(with_room(), "quarantine_media_in", Fault::Timeout)];
    survives(&stages, QUARANTINE_ROOM, async |stage: &mut Stage, point: &str| {
        wrote(stage, "quarantine media in !bad:hs.test", point);
        has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
        assert_eq!(closed(stage, &ALL).await, ["closed"], "{point}");
    })
    .await;
}

#[tokio::test]
async fn all_files_are_let_out_and_go_back_by_undo() {
    for lines in [RELEASE_USER, RELEASE_ROOM] {
        let stages: [fn() -> Stage; 2] =
            [with_room, || losing(with_room(), "set_quarantine", Fault::Timeout)];
        survives(&stages, lines, async |stage: &mut Stage, point: &str| {
            wrote(stage, "unquarantine mxc://hs.test/closed", point);
            assert!(closed(stage, &ALL).await.is_empty(), "{point}");
            has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
            assert_eq!(closed(stage, &ALL).await, ["closed"], "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_is_protected_or_no_longer() {
    let cases: [(&'static [&'static str], &str, &str, bool); 2] = [
        (PROTECT, "protect mxc://hs.test/open", "open", true),
        (UNPROTECT, "unprotect mxc://hs.test/kept", "kept", false),
    ];
    for (lines, write, id, protected) in cases {
        let stages: [fn() -> Stage; 3] = [
            with_files,
            || losing(with_files(), "set_protection", Fault::Timeout),
            || losing(with_files(), "set_protection", Fault::BadAnswer("EOF while parsing".into())),
        ];
        survives(&stages, lines, async |stage: &mut Stage, point: &str| {
            wrote(stage, write, point);
            let is_protected = details(stage, &mxc(id)).await.map(|details| details.is_protected);
            assert_eq!(is_protected, Some(protected), "{point}");
            has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
            let is_protected = details(stage, &mxc(id)).await.map(|details| details.is_protected);
            assert_eq!(is_protected, Some(!protected), "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_is_deleted_once() {
    let stages: [fn() -> Stage; 3] = [
        with_files,
        || losing(with_files(), "delete_media", Fault::Timeout),
        || losing(with_files(), "delete_media", broken(500)),
    ];
    survives(&stages, DELETE, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), ["delete mxc://hs.test/open"], "{point}");
        assert_eq!(details(stage, &mxc("open")).await, None, "{point}");
    })
    .await;
}

#[tokio::test]
async fn all_files_are_deleted_and_counted() {
    let stages: [fn() -> Stage; 2] = [with_pages, || losing(with_pages(), "delete_media_of", Fault::Timeout)];
    survives(&stages, DELETE_ALL, async |stage: &mut Stage, point: &str| {
        assert_eq!(stage.homeserver.writes(), vec!["delete media of @eve:hs.test"; 2], "{point}");
        assert_eq!(details(stage, &mxc("f149")).await, None, "{point}");
        has(&stage.store.said("run-1").expect("a report").text, &["153 files of `@eve:hs.test` are deleted"]);
    })
    .await;
}

/// What a moderator reads when the homeserver fails for good, or refuses.
#[tokio::test]
async fn faults_that_stay_are_told_and_nothing_is_called_done() {
    let cases: [(&[&str], &'static str, &'static str); 8] = [
        (QUARANTINE_USER, "quarantine_media_of", "media_of"),
        (QUARANTINE_ROOM, "quarantine_media_in", "media"),
        (RELEASE_USER, "set_quarantine", "media"),
        (RELEASE_ROOM, "set_quarantine", "media_in"),
        (PROTECT, "set_protection", "media"),
        (UNPROTECT, "set_protection", "media"),
        (DELETE, "delete_media", "media"),
        (DELETE_ALL, "delete_media_of", "media_of"),
    ];
    for (lines, writes, reads) in cases {
        for (method, fault, want) in [
            (writes, refused(403, "M_FORBIDDEN", "You are not a server admin"), "You are not a server admin"),
            (writes, Fault::NotAdmin, "I am not a server admin."),
            (writes, broken(500), "Internal server error (HTTP 500). I tried for "),
            (writes, Fault::Timeout, "did not answer in time. I tried for 1 hour"),
            (reads, Fault::NotAdmin, "I am not a server admin."),
            (reads, Fault::Timeout, "did not answer in time. I tried for 1 hour"),
        ] {
            let mut stage = with_room();
            let said = crate::step_faults::after(&mut stage, lines, |stage| {
                stage.homeserver.fail_always(method, fault.clone());
            })
            .await;
            has(&said, &["❌ Could not ", want]);
            assert!(stage.homeserver.writes().is_empty(), "{lines:?} {method} {fault}");
        }
    }
}

#[tokio::test]
async fn faults_that_pass_are_waited_for() {
    for (lines, method) in [
        (QUARANTINE_USER, "quarantine_media_of"),
        (QUARANTINE_ROOM, "quarantine_media_in"),
        (QUARANTINE_ROOM, "media"),
        (RELEASE_USER, "set_quarantine"),
        (RELEASE_ROOM, "media_in"),
        (PROTECT, "set_protection"),
        (DELETE, "delete_media"),
        (DELETE_ALL, "delete_media_of"),
    ] {
        for fault in [
            Fault::Timeout,
            Fault::RateLimited { retry_after: None },
            Fault::Away("refused".into()),
            broken(503),
        ] {
            let mut stage = with_room();
            let said = crate::step_faults::after(&mut stage, lines, |stage| {
                stage.homeserver.fail_once(method, fault.clone());
            })
            .await;
            has(&said, &["Job 1: ", "– done"]);
        }
    }
}

#[tokio::test]
async fn what_goes_while_it_is_worked_on_is_no_failure() {
    for (lines, want) in [
        (DELETE, "was gone before already."),
        (PROTECT, "This server does not have the file."),
        (&["!quarantine mxc://hs.test/open"][..], "This server does not have the file."),
    ] {
        let mut stage = with_files();
        let said = crate::step_faults::after(&mut stage, lines, |stage| {
            stage.homeserver.forget_media(&mxc("open"));
        })
        .await;
        has(&said, &[want]);
        assert!(stage.homeserver.writes().is_empty());
    }
}

//! Conversations about `!notice`.

use gleipnir_core::{plan::PlanResult, ports::Fault, testing::Stage};
use serde_json::json;

use super::with_eve;
use crate::{
    deaths::{Script, after_every_death, at_every_point, ended},
    scene::{has, plan, plans, send, watcher},
};

fn noticing() -> Stage {
    let stage = with_eve();
    stage.homeserver.enable_notices();
    stage
}

fn to(user: &str, text: &str) -> (String, String) {
    (user.to_owned(), text.to_owned())
}

#[tokio::test]
async fn several_users_are_written_to_after_a_confirmation() {
    let mut stage = noticing();
    let preview = stage.say("!notice @eve:hs.test @ana:hs.test, @eve:hs.test Please  be *kind*.").await;
    has(
        &preview,
        &[
            "To write to:\n• Eve *of* '<b>' (`@eve:hs.test`)\n• Ana (`@ana:hs.test`)\n\nThis text:\n\nPlease  be *kind*.\n\n",
            "It comes as a server notice where the server has them on, and in a direct chat with me otherwise.",
            "What is written cannot be taken back.",
            "Job 1: do it?",
        ],
    );
    assert_eq!(stage.homeserver.written(), []);
    has(
        &stage.say("!confirm 1").await,
        &[
            "Job 1: notice – done",
            "✅ `@eve:hs.test` is told, by a server notice.\n• ✅ `@ana:hs.test` is told",
        ],
    );
    let text = "Please  be *kind*.";
    assert_eq!(stage.homeserver.written(), [to("@eve:hs.test", text), to("@ana:hs.test", text)]);
    has(
        &stage.say("!undo 1").await,
        &["There is nothing of job 1 that I can undo.", "I cannot take back what I wrote to `@eve:hs.test`."],
    );
    // The same words again are another message.
    stage.say("!notice @eve:hs.test Please  be *kind*.").await;
    stage.say("!confirm 2").await;
    assert_eq!(stage.homeserver.written().len(), 3);
}

#[tokio::test]
async fn without_server_notices_it_is_a_direct_chat() {
    let mut stage = with_eve();
    stage.say("!notice @eve:hs.test hello").await;
    has(&stage.say("!confirm 1").await, &["`@eve:hs.test` is told, in the direct chat `!direct"]);
    let written = stage.homeserver.written();
    assert!(
        matches!(&written[..], [(room, text)] if room.starts_with("!direct") && text == "hello"),
        "{written:?}"
    );
}

#[tokio::test]
async fn the_text_comes_as_it_was_typed() {
    let mut stage = noticing();
    let text = "Dear you,\n\n  - @room stop *now*\n  - <b>or</b> \"else\" [x](https://x.test) `!confirm 1`\n\n-- \nthe team";
    let body = format!("!notice @eve:hs.test\n{text}");
    let preview = send(&mut stage, &json!({"msgtype": "m.text", "body": body})).await.expect("an answer");
    has(
        &preview,
        &["This text:\n\nDear you,\n\n  - @room stop *now*\n  - <b>or</b> \"else\" [x](https://x.test)"],
    );
    let rendered = stage.store.said("preview-1").or_else(|| stage.store.said("plan-1")).expect("a preview");
    assert!(!rendered.html.contains("<b>"), "{}", rendered.html);
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.written(), [to("@eve:hs.test", text)]);
    // A text that begins with a user is quoted.
    stage.say("!notice @eve:hs.test \"@ana:hs.test is right\" --dry-run").await;
    stage.say("!notice @eve:hs.test \"@ana:hs.test is right\"").await;
    stage.say("!confirm 2").await;
    assert_eq!(stage.homeserver.written()[1..], [to("@eve:hs.test", "@ana:hs.test is right")]);
}

#[tokio::test]
async fn a_long_text_is_shown_in_full() {
    let mut stage = noticing();
    let text = format!("{}end", "word ".repeat(790));
    let preview = stage.say(&format!("!notice @eve:hs.test {text}")).await;
    assert_eq!(preview.matches("word").count(), 790);
    has(&preview, &["end\n\nIt comes"]);
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.written(), [to("@eve:hs.test", &text)]);
    has(
        &stage.say(&format!("!notice @eve:hs.test {}", "x".repeat(4_001))).await,
        &["The text has 4001 characters; 4000 are the most that I write at once."],
    );
}

#[tokio::test]
async fn whoever_cannot_be_written_to_is_named_and_nobody_is_written_to() {
    let mut stage = noticing();
    let said = stage
        .say("!notice @eve:hs.test @typo:hs.test @far:other.test @gone:hs.test @bot:hs.test hello")
        .await;
    assert_eq!(
        said,
        "Nothing was written.
• There is no account `@typo:hs.test` on this server. Check its spelling.
• `@far:other.test` is of another server, and a server sends notices to its own users only.
• `@gone:hs.test` is deactivated: nobody would read it.
• `@bot:hs.test` is me: I do not write to myself."
    );
    for (line, part) in [
        ("!notice", "Something is missing"),
        ("!notice hello", "“hello”"),
        (
            "!notice @eve:hs.test",
            "What shall I write? Put the text behind the users: `!notice @user:example.org",
        ),
        ("!notice @eve:hs.test --yes", "What shall I write?"),
        ("!notice @eve:hs.test \" \"", "What shall I write?"),
        ("!notice @eve:hs.test @an hello", "If the text begins here, put the whole text in quotes."),
        ("!notice @eve:hs.test https://matrix.to/#/!bad:hs.test is gone", "put the whole text in quotes."),
        ("!notice @eve:hs.test please --yes", "cannot be taken back"),
        ("!notice @eve:hs.test say --dry-run loudly", "Is `--dry-run` part of the text?"),
        ("!notice @eve:hs.test \"open", "A quote opens here and never closes"),
    ] {
        has(&stage.say(line).await, &[part]);
    }
    has(&stage.say_as(watcher(), "!notice @eve:hs.test hi").await, &["needs power level 50"]);
    assert_eq!(stage.homeserver.written(), []);
    assert_eq!(plans(&stage).len(), 1, "the one that asks");
}

#[tokio::test]
async fn each_is_written_to_once_whenever_the_process_dies() {
    let lines = &["!notice @eve:hs.test @ana:hs.test hello", "!confirm 1"];
    let stages: [fn() -> Stage; 2] = [noticing, || {
        let stage = noticing();
        stage.homeserver.lose_answer("send_notice", Fault::Timeout);
        stage
    }];
    for stage in stages {
        at_every_point(&Script { stage, lines }, async |stage: &mut Stage, point: &str| {
            let written = stage.homeserver.written();
            assert_eq!(written, [to("@eve:hs.test", "hello"), to("@ana:hs.test", "hello")], "{point}");
        })
        .await;
    }
}

/// A process that dies while it opens a chat may open another one; the text is in one of them.
#[tokio::test]
async fn in_direct_chats_each_is_written_to_once_too() {
    let script = Script { stage: with_eve, lines: &["!notice @eve:hs.test hello", "!confirm 1"] };
    after_every_death(&script, async |stage: &mut Stage, _, point: &str| {
        ended(stage, point);
        assert_eq!(plan(stage, 1).result(), PlanResult::Done, "{point}");
        let written = stage.homeserver.written();
        assert!(matches!(&written[..], [(_, text)] if text == "hello"), "{point}: {written:?}");
    })
    .await;
}

#[tokio::test]
async fn who_was_deleted_meanwhile_is_said_and_the_others_are_written_to() {
    let mut stage = noticing();
    stage.say("!notice @eve:hs.test @ana:hs.test hello").await;
    let message = "User not found".to_owned();
    let gone = Fault::Refused { status: 404, errcode: "M_NOT_FOUND".into(), message };
    stage.homeserver.fail_once("send_notice", gone);
    has(
        &stage.say("!confirm 1").await,
        &[
            "partly done",
            "❌ Could not write to `@eve:hs.test`",
            "User not found",
            "✅ `@ana:hs.test` is told",
        ],
    );
    assert_eq!(stage.homeserver.written(), [to("@ana:hs.test", "hello")]);
}

#[tokio::test]
async fn faults_are_told() {
    let mut stage = noticing();
    stage.homeserver.fail_once("account", Fault::Timeout);
    has(&stage.say("!notice @eve:hs.test hello").await, &["did not answer in time."]);
    assert_eq!(plans(&stage).len(), 0);
    stage.say("!notice @eve:hs.test hello").await;
    stage.homeserver.fail_once("send_notice", Fault::Away("reset".into()));
    has(&stage.say("!confirm 1").await, &["Job 1: notice – done"]);
    assert_eq!(stage.homeserver.written(), [to("@eve:hs.test", "hello")]);
    stage.say("!notice @eve:hs.test hello").await;
    stage.homeserver.fail_always("send_notice", Fault::Timeout);
    has(&stage.say("!confirm 2").await, &["Job 2: notice – failed", "It may have happened all the same."]);
}

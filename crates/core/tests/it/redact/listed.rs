//! `--attached`: everything that the users in a file wrote.

use std::fmt::Write as _;

use gleipnir_core::{
    commands::SkipConfirmation,
    model::{Account, Attached},
    plan::{PlanResult, PlanState},
    ports::Fault,
    testing::Stage,
};
use serde_json::json;

use super::{attic, busy, empower, event, far, lounge, redacted, user};
use crate::scene::{has, plan, plans, send};

const LIST: &str = "$list";

/// The command, as a reply to a message with the file.
async fn with_file(stage: &mut Stage, file: &str, command: &str) -> String {
    stage.homeserver.put_attached(LIST, Attached::File(file.as_bytes().to_vec()));
    let content = json!({"msgtype": "m.text", "body": command,
        "m.relates_to": {"m.in_reply_to": {"event_id": LIST}}});
    send(stage, &content).await.expect("an answer")
}

/// Eve, Ana, a server admin, and somebody of another server.
fn crowd() -> Stage {
    let stage = busy();
    let ana = user("@ana:hs.test");
    stage.homeserver.put_account(ana, Account { display_name: Some("Ana".into()), ..Account::default() });
    stage.homeserver.change_room(lounge(), |room| {
        room.members.push(ana.to_owned());
        room.events.push(event("m.sticker", "$anas", 31, ana));
    });
    stage.homeserver.change_room(attic(), |room| {
        room.events.push(event("m.room.message", "$far", 31, &far()));
    });
    stage.homeserver.put_account(user("@idle:hs.test"), Account::default());
    stage.homeserver.put_account(user("@staff:hs.test"), Account { admin: true, ..Account::default() });
    stage
}

#[tokio::test]
async fn what_the_users_of_a_file_wrote_is_redacted_after_asking() {
    let mut stage = crowd();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let file = "user_id,name\n@eve:hs.test,Eve\n@ana:hs.test,Ana\n@idle:hs.test,\n@staff:hs.test,\n@typo:hs.test,\n\
                @far:other.test,\n@eve:hs.test,\n";
    let asked = with_file(&mut stage, file, "!redact --attached raid of today --yes").await;
    has(
        &asked,
        &[
            "Of 6 users in the file: 2 to do; 1 with nothing to redact; 1 in no room where I have the power, and left \
             out; 1 protected, and left out; 1 unknown on this server, and left out. 1 line named somebody again, who \
             counts once.",
            "Redact what they wrote: 11 events in 2 rooms: 5 messages, 2 stickers",
            "1 state event of theirs stays",
            "• `@eve:hs.test`: 9 events in 2 rooms",
            "• Ana (`@ana:hs.test`): 2 events in 1 room",
            "takes my own power in the room. Along with messages",
            "is a server admin",
            "• `@typo:hs.test`",
            "in no room where I have the power, and left out:\n• `@far:other.test`",
            "Job 1: do it?",
            "Everybody there can read the reason: “raid of today”",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed);
    has(
        &stage.say("!confirm 1").await,
        &["of `@eve:hs.test` are redacted", "of `@ana:hs.test` are redacted"],
    );
    assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
    assert_eq!(redacted(&stage, "listed").len(), 12);

    let nothing = with_file(&mut stage, "@eve:hs.test\n@typo:hs.test", "!redact --attached").await;
    has(
        &nothing,
        &["There is nothing to do.", "Of 2 users in the file: 0 to do; 1 with nothing to redact; 1 unknown"],
    );
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn rooms_times_and_limits_hold_for_a_file_as_well() {
    let mut stage = crowd();
    empower(&stage, attic());
    let file = "@eve:hs.test\n@far:other.test\n";
    let asked = with_file(&mut stage, file, "!redact --attached !attic:hs.test spam --limit 1").await;
    has(
        &asked,
        &["Redact what they wrote, the newest 1 in each room: 2 events in 1 room: 2 messages.", "“spam”"],
    );
    stage.say("!confirm 1").await;
    assert_eq!(redacted(&stage, "limited"), ["$b2", "$far"]);
    // A room that cannot be read keeps nobody from being redacted elsewhere.
    stage.homeserver.change_room(attic(), |room| room.unreadable = Some(Fault::Timeout));
    let solo = user("@solo:hs.test");
    stage.homeserver.put_account(solo, Account::default());
    stage.homeserver.change_room(attic(), |room| room.members.push(solo.to_owned()));
    let asked = with_file(&mut stage, "@eve:hs.test\n@solo:hs.test", "!redact --attached").await;
    has(
        &asked,
        &[
            "1 to do; 1 in no room that I can read, and left out.",
            "Left out, because I cannot read them:\n• `!attic:hs.test` could not be read",
        ],
    );
}

#[tokio::test]
async fn mistakes_with_a_file_are_told_and_nothing_is_done() {
    let mut stage = crowd();
    let mut many = String::new();
    for n in 0..201 {
        writeln!(many, "@u{n}:hs.test").expect("a string");
    }
    for (file, line, said) in [
        (
            &*many,
            "!redact --attached",
            "There are 201 users in that file, and I redact what 200 wrote at most",
        ),
        ("@eve:hs.test", "!redact --attached @ana:hs.test", "give them in one place only. Nothing was done."),
        ("@eve:hs.test", "!redact --attached !nope", "“!nope” is not a room ID"),
        ("@eve:hs.test", "!redact --attached spam --because rude", "there is one in `--because` already"),
        ("@eve:hs.test", "!redact --attached --since 2099-01-01", "in the future"),
        ("nobody", "!redact --attached", "One line of that file has something else than a user ID."),
    ] {
        has(&with_file(&mut stage, file, line).await, &[said]);
    }
    has(&stage.say("!redact --attached").await, &["this command is no reply to one"]);
    assert_eq!((plans(&stage).len(), stage.homeserver.writes().len()), (0, 0));
    // 200 are taken.
    let few = many.lines().take(200).collect::<Vec<_>>().join("\n");
    has(
        &with_file(&mut stage, &few, "!redact --attached").await,
        &["200 unknown on this server, and left out"],
    );
}

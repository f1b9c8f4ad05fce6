//! `!ban`, `!kick` and `!unban` of users in a file, also of other servers, as raids need it.

use gleipnir_core::{
    commands::SkipConfirmation,
    model::{Account, Attached},
    plan::PlanResult,
    ruma::{OwnedRoomId, user_id},
    testing::Stage,
};
use serde_json::{Value, json};

use super::{den, eve, far, is, levels, lounge, membership, room, stage, writes};
use crate::scene::{has, plan, plans, send};

const LIST: &str = "$list";

fn reply(body: &str) -> Value {
    json!({"msgtype": "m.text", "body": body, "m.relates_to": {"m.in_reply_to": {"event_id": LIST}}})
}

/// The command, as a reply to a message with the file.
async fn with_file(stage: &mut Stage, file: &str, command: &str) -> String {
    stage.homeserver.put_attached(LIST, Attached::File(file.as_bytes().to_vec()));
    send(stage, &reply(command)).await.expect("an answer")
}

#[tokio::test]
async fn each_takes_a_file_and_asks_first_also_with_yes() {
    let mut stage = stage();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let file = "@eve:hs.test\n@far:other.test\n@far:other.test\n";
    let asked = with_file(&mut stage, file, "!ban --attached !lounge:hs.test raid of today --yes").await;
    has(
        &asked,
        &[
            "Of 2 users in the file: 2 changes to do. 1 line named somebody again, who counts once.",
            "ban EVE (`@eve:hs.test`) from Lounge",
            "ban `@far:other.test` from Lounge",
            "come from a file, so I ask first, also with --yes.",
        ],
    );
    assert!(writes(&stage).is_empty());
    has(&stage.say("!confirm 1").await, &["– done, because “raid of today”"]);
    assert_eq!(membership(&stage, lounge(), far()).await.as_deref(), Some("ban"));
    let asked = with_file(&mut stage, file, "!unban --attached --everywhere").await;
    has(&asked, &["2 changes to do", "unban EVE"]);
    has(&stage.say("!confirm 2").await, &["– done"]);
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("leave"));
    is(&stage, lounge(), "@far:other.test", "join");
    let asked = with_file(&mut stage, file, "!kick --attached #lounge:hs.test").await;
    has(&asked, &["There is no room with the alias"]);
    let asked = with_file(&mut stage, file, "!kick --attached !lounge:hs.test").await;
    has(
        &asked,
        &["1 change to do.", "kick `@far:other.test` from Lounge", "EVE (`@eve:hs.test`) is not in Lounge"],
    );
    has(&stage.say("!confirm 3").await, &["– done"]);
    assert_eq!(plan(&stage, 3).result(), PlanResult::Done);
}

#[tokio::test]
async fn who_cannot_be_meant_is_left_out_and_named() {
    let mut stage = stage();
    stage.settings.exempt = vec!["@*:friend.test".into()];
    stage.restart();
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    is(&stage, lounge(), "@bob:hs.test", "ban");
    let file = "@eve:hs.test\n@mod:hs.test\n@evve:hs.test\n@user0:hs.test\n@bob:hs.test\n@x:friend.test\n";
    let asked = with_file(&mut stage, file, "!ban --attached !lounge:hs.test").await;
    has(
        &asked,
        &[
            "Of 6 users in the file: 1 change to do.",
            "BOB (`@bob:hs.test`) is banned already from Lounge",
            "2 protected, and left out:",
            "`@mod:hs.test` is a moderator",
            "`@x:friend.test` is exempt",
            "1 unknown on this server, and left out:",
            "`@evve:hs.test`",
            "1 not possible, and left out:",
            "and `@user0:hs.test` has 100",
        ],
    );
    has(&stage.say("!confirm 1").await, &["– done"]);
    assert_eq!(writes(&stage), ["ban @eve:hs.test !lounge:hs.test"]);
    let answer = with_file(&mut stage, file, "!ban --attached !lounge:hs.test").await;
    has(&answer, &["0 changes to do."]);
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn mistakes_and_too_much_change_nothing() {
    let mut stage = stage();
    for (command, said) in [
        ("!ban --attached @eve:hs.test !lounge:hs.test", "give them in one place only"),
        ("!ban --attached raid", "In which room?"),
        ("!kick --attached !den:hs.test", "I cannot kick members from Den"),
        ("!ban --attached !management:hs.test", "That is the management room."),
        ("!mute --attached !lounge:hs.test", "--attached"),
    ] {
        has(&with_file(&mut stage, "@eve:hs.test", command).await, &[said]);
    }
    has(&stage.say("!ban --attached !lounge:hs.test").await, &["is no reply to one"]);
    for n in 0..11 {
        let id = OwnedRoomId::try_from(format!("!r{n:02}:hs.test")).expect("a room ID");
        room(&stage, &id, &format!("Room {n}"), "11", &json!({"@bot:hs.test": 100}));
    }
    let many: Vec<String> = (0..1000).map(|n| format!("@raid{n}:other.test")).collect();
    let said = with_file(&mut stage, &many.join("\n"), "!ban --attached --everywhere").await;
    has(&said, &["1,000 users in 13 rooms are more than 10,000 changes", "Nothing was done."]);
    assert!(plans(&stage).is_empty() && writes(&stage).is_empty());
}

#[tokio::test]
async fn many_are_shown_briefly_and_banned() {
    let mut stage = stage();
    levels(&stage, den(), &json!({"users": {"@bot:hs.test": 100}}));
    let many: Vec<String> = (0..300).map(|n| format!("@raid{n}:other.test")).collect();
    let asked = with_file(&mut stage, &many.join("\n"), "!ban --attached --everywhere raid --for 2d").await;
    has(&asked, &["Of 300 users in the file: 600 changes to do.", "and 580 more changes"]);
    assert!(asked.len() < 8_000, "{}", asked.len());
    has(&stage.say("!confirm 1").await, &["– done", "It ends by itself"]);
    assert_eq!(writes(&stage).len(), 600);
}

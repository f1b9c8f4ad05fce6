//! `--attached`: users from the file of the message that the command replies to.

use std::{fmt::Write as _, time::Duration};

use gleipnir_core::{
    commands::SkipConfirmation,
    model::{Account, Attached, Sanction, Standing},
    plan::{PlanResult, PlanState},
    ports::{Fault, Lookup as _},
    ruma::{OwnedUserId, user_id},
    testing::{Lived, Moment, Stage},
};
use serde_json::{Value, json};

use super::{eve, with_people};
use crate::scene::{has, moderator, plan, plans, send, stage};

const LIST: &str = "$list";

fn reply(body: &str) -> Value {
    json!({"msgtype": "m.text", "body": body, "m.relates_to": {"m.in_reply_to": {"event_id": LIST}}})
}

/// The command, as a reply to a message with the file.
async fn with_file(stage: &mut Stage, file: impl AsRef<[u8]>, command: &str) -> String {
    stage.homeserver.put_attached(LIST, Attached::File(file.as_ref().to_vec()));
    send(stage, &reply(command)).await.expect("an answer")
}

#[tokio::test]
async fn all_of_the_commands_take_a_file_and_ask_first() {
    for (command, users, done) in [
        ("suspend --for 2d", "@eve:hs.test\n@ana:hs.test\n", "is suspended."),
        ("lock", "@eve:hs.test\n@ana:hs.test\n", "is locked."),
        ("shadow-ban", "@eve:hs.test\n@ana:hs.test\n", "is shadow-banned."),
        ("logout", "@eve:hs.test\n@ana:hs.test\n", "is logged out"),
        ("deactivate --erase", "@eve:hs.test\n@ana:hs.test\n", "is deactivated and erased"),
        ("reactivate", "@old:hs.test\n", "is active again."),
    ] {
        let mut stage = with_people();
        let asked = with_file(&mut stage, users, &format!("!{command} --attached raid of today")).await;
        has(&asked, &[" in the file: ", " to do.", "Job 1: do it?"]);
        assert_eq!(stage.homeserver.writes(), Vec::<String>::new(), "{command}");
        let said = stage.say("!confirm 1").await;
        has(&said, &["– done", ", because “raid of today”", done]);
        assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
        assert_eq!(stage.homeserver.writes().len(), users.lines().count(), "{command}");
    }
    for (on, off) in [("suspend", "unsuspend"), ("lock", "unlock"), ("shadow-ban", "unshadow-ban")] {
        let mut stage = with_people();
        stage.say(&format!("!{on} @eve:hs.test")).await;
        with_file(&mut stage, "@eve:hs.test", &format!("!{off} --attached --because \"@eve:hs.test asked\""))
            .await;
        has(&stage.say("!confirm 2").await, &["– done, because “`@eve:hs.test` asked”", "is no longer"]);
    }
}

#[tokio::test]
async fn yes_does_not_skip_the_question() {
    let mut stage = with_people();
    stage.settings.yes = SkipConfirmation::Allowed;
    stage.restart();
    let asked = with_file(&mut stage, "@eve:hs.test", "!suspend --attached --yes").await;
    has(
        &asked,
        &[
            "Of 1 user in the file: 1 to do.",
            "come from a file, so I ask first, also with --yes.",
            "!confirm 1",
        ],
    );
    assert_eq!(plan(&stage, 1).state, PlanState::Proposed);
    let dry = with_file(&mut stage, "@eve:hs.test", "!suspend --attached --dry-run").await;
    has(&dry, &["Dry run: nothing was done.", "It would ask for a confirmation first."]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn who_cannot_be_meant_is_left_out_and_named() {
    let mut stage = with_people();
    let staff = OwnedUserId::try_from("@staff:hs.test").expect("a user ID");
    stage.homeserver.put_account(&staff, Account { admin: true, ..Account::default() });
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    stage.say("!suspend @ana:hs.test").await;
    let file = "user_id,displayname\r\n@eve:hs.test,Eve\r\n@ana:hs.test,Ana\r\n@old:hs.test,\r\n@typo:hs.test,\r\n\
                @far:other.test,\r\n@staff:hs.test,\r\n@mod:hs.test,\r\n@bot:hs.test,\r\n'@eve:hs.test,\r\n";
    let asked = with_file(&mut stage, file, "!suspend --attached").await;
    has(
        &asked,
        &[
            "Of 8 users in the file: 1 to do; 1 left alone, because it is so already; 3 protected, and left out; 1 not \
             possible, and left out; 1 unknown on this server, and left out; 1 of other servers, and left out. 1 line named \
             somebody again, who counts once.",
            "To suspend: they could only read, and leave rooms.\n• EVE (`@eve:hs.test`)",
            "ANA (`@ana:hs.test`) is already suspended.",
            "is a server admin",
            "is a moderator",
            "That is my own account.",
            "OLD (`@old:hs.test`) is deactivated",
            "1 unknown on this server, and left out:\n• `@typo:hs.test`",
            "1 of other servers, and left out:\n• `@far:other.test`",
        ],
    );
    stage.say("!confirm 2").await;
    assert_eq!(stage.homeserver.writes(), ["suspend @ana:hs.test", "suspend @eve:hs.test"]);
    assert_eq!(stage.homeserver.account(user_id!("@typo:hs.test")).await, Ok(None));

    let nothing = with_file(&mut stage, "@eve:hs.test\n@typo:hs.test", "!suspend --attached").await;
    has(
        &nothing,
        &["There is nothing to do.", "Of 2 users in the file: 0 to do; 1 left alone", "`@typo:hs.test`"],
    );
    assert_eq!(plans(&stage).len(), 2);
}

#[tokio::test]
async fn trap_01_a_list_of_typing_errors_makes_no_account() {
    for command in ["suspend", "lock", "shadow-ban", "logout", "deactivate", "reactivate"] {
        let mut stage = with_people();
        let said =
            with_file(&mut stage, "@evve:hs.test\n@anna:hs.test", &format!("!{command} --attached")).await;
        has(&said, &["There is nothing to do.", "2 unknown on this server, and left out:"]);
        assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{command}");
    }
}

#[tokio::test]
async fn files_that_are_no_lists_are_refused_with_how_it_is_done() {
    let how = "Send a file into this room that has one user ID on each line, or a table (CSV) with a column `user_id`; \
               then send the command as a reply to the file.";
    for (file, why) in [
        (&b"\xff\xfe@\0"[..], "That file is no text in UTF-8. Save it as UTF-8"),
        (b"# nobody\n", "There is no user in that file."),
        (
            b"@eve:hs.test\nbob\n\n@x\n",
            "2 lines of that file have something else than a user ID. Nothing was done.\n• line 2: “bob”\n• line 4: “@x”",
        ),
        (
            b"Name\n",
            "One line of that file has something else than a user ID. Nothing was done.\n• line 1: “Name”",
        ),
    ] {
        let mut stage = with_people();
        has(&with_file(&mut stage, file, "!suspend --attached").await, &[why, how]);
        assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0), "{why}");
    }
    let mut stage = with_people();
    has(
        &send(&mut stage, &reply("!suspend --attached")).await.unwrap(),
        &["that you reply to has no file", how],
    );
    has(&stage.say("!suspend --attached").await, &["this command is no reply to one", how]);
    stage.homeserver.put_attached(LIST, Attached::TooLarge);
    has(
        &send(&mut stage, &reply("!suspend --attached")).await.unwrap(),
        &["That file is larger than 1 MiB", how],
    );
    let typed = with_file(&mut stage, "@ana:hs.test", "!suspend @eve:hs.test --attached").await;
    has(
        &typed,
        &["`--attached` the users come from the file: give them in one place only. Nothing was done."],
    );
    stage.homeserver.fail_once("attached", Fault::Timeout);
    has(&send(&mut stage, &reply("!suspend --attached")).await.unwrap(), &["did not answer in time"]);
    has(&stage.say("!reset-password --attached").await, &["--attached"]);
    assert_eq!((stage.homeserver.writes().len(), plans(&stage).len()), (0, 0));
}

#[tokio::test]
async fn hostile_lines_neither_format_nor_name_anybody_by_the_way() {
    let mut stage = with_people();
    let mut file = String::from("@eve:hs.test\n");
    for n in 0..5000 {
        writeln!(file, "<b>@room</b> `{n}` \u{202e}[x](https://evil.test) {}", "A".repeat(150))
            .expect("a string");
    }
    let said = with_file(&mut stage, &file, "!deactivate --attached").await;
    has(&said, &["5,000 lines of that file", "• line 2: “", "… and 4990 more such lines"]);
    assert!(said.len() < 4000 && !said.contains('\u{202e}'), "{said}");
    // What stands in a quoted name is no line of its own.
    let quoted = "user_id,displayname\n@eve:hs.test,\"x\n@ana:hs.test,\"\n";
    has(&with_file(&mut stage, quoted, "!suspend --attached").await, &["Of 1 user in the file: 1 to do."]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_is_a_command_with_and_without_what_it_quotes() {
    let mut stage = with_people();
    stage.homeserver.put_attached(LIST, Attached::File(b"@eve:hs.test".to_vec()));
    let quoting = "> <@mod:hs.test> sent a file.\n\n!suspend --attached --dry-run";
    has(&send(&mut stage, &reply(quoting)).await.unwrap(), &["Of 1 user in the file: 1 to do."]);
    let mut in_thread = reply("!suspend --attached --dry-run");
    in_thread["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": LIST, "is_falling_back": true,
        "m.in_reply_to": {"event_id": "$last"}});
    has(&send(&mut stage, &in_thread).await.unwrap(), &["Of 1 user in the file: 1 to do."]);
    in_thread["m.relates_to"]["is_falling_back"] = json!(false);
    has(&send(&mut stage, &in_thread).await.unwrap(), &["has no file"]);
}

fn many(stage: &Stage, count: usize) -> String {
    (0..count).fold(String::new(), |mut file, n| {
        let id = OwnedUserId::try_from(format!("@u{n:04}:hs.test")).expect("a user ID");
        stage.homeserver.put_account(&id, Account::default());
        writeln!(file, "{id}").expect("a string");
        file
    })
}

#[tokio::test]
async fn a_thousand_users_are_one_job_and_more_are_refused() {
    let mut stage = stage();
    let file = many(&stage, 1000);
    let asked = with_file(&mut stage, file.repeat(2), "!suspend --attached raid").await;
    has(
        &asked,
        &[
            "Of 1,000 users in the file: 1,000 to do. 1,000 lines named somebody again, who counts once.",
            "• `@u0019:hs.test`\n… and 980 more users",
            "1000 changes at once is more than I change without asking.",
        ],
    );
    assert!(asked.len() < 3000, "{asked}");
    let said = stage.say("!confirm 1").await;
    has(&said, &["Job 1: suspend – done, because “raid”", "Done: 1000", "Undo: `!undo 1`"]);
    assert_eq!(stage.homeserver.writes().len(), 1000);
    let last = stage.homeserver.account(user_id!("@u0999:hs.test")).await.expect("it answers");
    assert!(last.is_some_and(|account| account.is(Sanction::Suspension)));
    let more = with_file(&mut stage, format!("{file}@eve:hs.test"), "!unsuspend --attached").await;
    has(
        &more,
        &[
            "There are 1,001 users in that file, and I take 1,000 at most in one job. Split it. Nothing was done.",
        ],
    );
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn a_thousand_users_may_take_longer_than_a_silence_may_last() {
    let mut stage = stage();
    let file = many(&stage, 1000);
    // A second for each answer: a quarter of an hour.
    stage.homeserver.slow(&stage.clock, Duration::from_secs(1));
    let asked = with_file(&mut stage, &file, "!deactivate --attached").await;
    has(&asked, &["I have read what I needed."]);
    assert_eq!(plan(&stage, 1).steps.len(), 1000);
    let preview = stage.store.said("plan-1").expect("a preview").text;
    has(
        &preview,
        &[
            "Of 1,000 users in the file: 1,000 to do.",
            "`@u0000:hs.test` is in 0 rooms",
            "… and 980 more users",
        ],
    );
}

#[tokio::test]
async fn who_becomes_a_moderator_before_it_is_confirmed_stops_it() {
    let mut stage = with_people();
    with_file(&mut stage, "@eve:hs.test\n@ana:hs.test", "!suspend --attached").await;
    stage.homeserver.put_standing(eve(), Standing::Level(0));
    has(&stage.say("!confirm 1").await, &["is a moderator"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn one_job_comes_of_it_whenever_the_process_dies() {
    let mut calls = 0;
    for call in 1.. {
        let mut stage = with_people();
        stage.homeserver.put_attached(LIST, Attached::File(b"@eve:hs.test\n@ana:hs.test\n".to_vec()));
        stage.homeserver.hang_at(call, Moment::After);
        stage.receive(moderator(), "m.room.message", &reply("!deactivate --attached"));
        let died = stage.live().await == Lived::Died;
        stage.restart();
        stage.live().await;
        assert_eq!((plans(&stage).len(), stage.homeserver.writes().len()), (1, 0), "call {call}");
        assert_eq!(
            (plan(&stage, 1).state, plan(&stage, 1).steps.len()),
            (PlanState::Proposed, 2),
            "call {call}"
        );
        if !died {
            break;
        }
        calls = call;
    }
    assert!(calls > 10, "{calls}");
}

//! A command that was typed wrongly: what is wrong, where, and how it is right.

use gleipnir_core::speech::NO;

use crate::scene::{has, moderator, plans, stage};

#[tokio::test]
async fn an_unknown_option_is_pointed_at() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!block !bad:hs.test --dry-rum spam").await,
        "I do not know “--dry-rum”.

!block !bad:hs.test --dry-rum spam
                    ^^^^^^^^^

Did you mean `--dry-run`?

Usage: `!block <room>... [reason|--because <reason>] [--dry-run] [--yes]`

More: `!help block`"
    );
    let event = stage.hear(moderator(), "!block !bad:hs.test --dry-rum");
    stage.handle().await;
    assert!(stage.marked(&event, NO));
}

#[tokio::test]
async fn every_mistake_has_its_sentence() {
    let mut stage = stage();
    for (line, says, caret) in [
        ("!room", "Something is missing: `<room>`.", None),
        ("!block", "Something is missing: `<room>...`.", None),
        ("!confirm", "Something is missing: `<job>`.", None),
        ("!room !a:hs.test x", "“x” is one word too many.", Some((17, 1))),
        ("!status now", "“now” is one word too many.", Some((8, 3))),
        ("!room !bad", "“!bad” is not a room ID", Some((6, 4))),
        ("!room #bad", "“#bad” is not a room alias: its server is missing", Some((6, 4))),
        ("!room bad", "“bad” is not a room", Some((6, 3))),
        ("!blocked @u:hs.test", "is a user, and a room is needed here", Some((9, 10))),
        ("!confirm x", "A job is given by its number, such as 12. !jobs lists them.", Some((9, 1))),
        ("!cancel 1 2", "“2” is one word too many.", Some((10, 1))),
        ("!job 1x", "A job is given by its number", Some((5, 2))),
        ("!undo first", "A job is given by its number", Some((6, 5))),
        ("!audit --limit 0", "`--limit <number>` cannot be that: 0 is not in 1..=10000.", Some((15, 1))),
        ("!audit --limit=x", "“x” is not a number, and `--limit <number>` needs one.", Some((7, 9))),
        ("!audit --file=xml", "“xml” is not a value of", Some((7, 10))),
        ("!context $x -n 101", "101 is not in 0..=100", Some((15, 3))),
        ("!shutdown !a:hs.test --notify-as", "`--notify-as <@user>` needs a value.", Some((21, 11))),
        ("!shutdown !a:hs.test --message hi", "Something is missing: `--notify-as <@user>`.", None),
        ("!block !a:hs.test -nx", "I do not know “-n”.", Some((18, 3))),
        (
            "!block !a:hs.test --reason spam",
            "The reason needs no option: write it behind everything else, as the usage shows.",
            Some((18, 8)),
        ),
        ("!token delete -x3T", "If it is no option but a word, put it in quotes: `\"-x3T\"`", Some((14, 4))),
        ("!help a b", "“b” is one word too many.", Some((8, 1))),
    ] {
        let said = stage.say(line).await;
        has(&said, &[says, "Usage: `!", "More: `!help "]);
        if let Some((start, length)) = caret {
            let pointed = format!("\n{line}\n{}{}\n", " ".repeat(start), "^".repeat(length));
            has(&said, &[&pointed]);
        }
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn mistakes_in_rooms_and_events_of_acting_commands_are_told() {
    let mut stage = stage();
    for (line, says) in [
        ("!block bad", "“bad” is not a room"),
        ("!block !bad", "“!bad” is not a room ID"),
        ("!block @user0:hs.test", "is a user, and a room is needed here"),
        ("!unblock #bad", "its server is missing; write it out"),
        ("!block !bad:hs.test !bad", "“!bad” is not a room ID"),
        ("!context $x", "“$x” is not an event ID"),
        ("!context !bad:hs.test", "is a room, and a message is needed here"),
        ("!context bad $x", "“bad” is not a room"),
    ] {
        has(&stage.say(line).await, &[says]);
    }
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn a_quote_that_never_closes_is_pointed_at() {
    let mut stage = stage();
    assert_eq!(
        stage.say("!block !bad:hs.test “spam wave").await,
        "A quote opens here and never closes:

!block !bad:hs.test “spam wave
                    ^"
    );
    assert!(stage.homeserver.writes().is_empty());
}

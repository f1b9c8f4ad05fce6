//! How a command may be written: names, mentions, quotes, dashes, pills and links.

use serde_json::json;

use crate::scene::{has, html, plan, send, stage};

#[tokio::test]
async fn the_bot_is_spoken_to_in_several_ways() {
    for line in [
        "!block !bad:hs.test",
        "  !BLOCK !bad:hs.test",
        "！block !bad:hs.test",
        "!gleipnir block !bad:hs.test",
        "!Gleipnir !block !bad:hs.test",
        "@bot:hs.test: block !bad:hs.test",
        "@bot:hs.test block !bad:hs.test",
        "https://matrix.to/#/@bot:hs.test !block !bad:hs.test",
        "!block <!bad:hs.test>,",
        "!block\u{a0}!bad:hs.test",
        "!block “!bad:hs.test”",
        "!block https://matrix.to/#/!bad:hs.test?via=hs.test",
        "!block https://matrix.to/#/%23bad%3Ahs.test",
        "!block matrix:roomid/bad:hs.test",
        "!block matrix:r/bad:hs.test",
        "!block [the room](https://matrix.to/#/!bad:hs.test)",
    ] {
        let mut stage = stage();
        stage.say(line).await;
        assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"], "{line}");
    }
}

#[tokio::test]
async fn a_mention_in_html_and_a_pill_of_a_room_are_understood() {
    let mut stage = stage();
    let bot = "<a href=\"https://matrix.to/#/@bot:hs.test\">Gleipnir</a>";
    let pill = "<a href=\"https://matrix.to/#/%23bad%3Ahs.test\">Spam</a>";
    let said = send(&mut stage, &html("Gleipnir: blocked Spam", &format!("{bot}: blocked {pill}"))).await;
    has(&said.unwrap(), &["Spam (`#bad:hs.test`, `!bad:hs.test`) is not blocked."]);
    let said = send(&mut stage, &html("!block Spam for spam", &format!("!block {pill} for spam"))).await;
    has(&said.unwrap(), &["because “for spam”"]);
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn a_reply_is_read_without_what_it_quotes() {
    let mut stage = stage();
    let content = json!({"msgtype": "m.text",
        "body": "> <@far:other.test> !shutdown !bad:hs.test\n\n!block !bad:hs.test",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$x"}}});
    send(&mut stage, &content).await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn dashes_and_quotes_of_phones_are_understood() {
    for line in
        ["!block !bad:hs.test —dry-run", "!block !bad:hs.test –dry-run", "!block –dry-run !bad:hs.test"]
    {
        let mut stage = stage();
        has(&stage.say(line).await, &["Dry run: nothing was done."]);
    }
    let mut stage = stage();
    stage.say("!block !bad:hs.test “it's a ‘wave’ of spam”").await;
    assert_eq!(plan(&stage, 1).because.as_deref(), Some("it's a ‘wave’ of spam"));
}

#[tokio::test]
async fn conversation_is_left_alone() {
    let mut stage = stage();
    for line in [
        "good morning",
        "I would !block !bad:hs.test",
        "!",
        "!!!",
        "!bad:hs.test is full of spam",
        "#bad:hs.test",
        "@other:hs.test: block !bad:hs.test",
        "",
        "> !block !bad:hs.test",
        "`!block !bad:hs.test` is what I would send",
    ] {
        assert_eq!(stage.say(line).await, "", "{line}");
    }
    assert_eq!(stage.store.keys(), Vec::<String>::new(), "not even a 👀");
}

#[tokio::test]
async fn unknown_commands_name_the_nearest() {
    let mut stage = stage();
    for (line, want) in [
        ("!blok !bad:hs.test", "I do not know the command “blok”. Did you mean `!block`?"),
        (
            "!gleipnir shutdwon !bad:hs.test",
            "I do not know the command “shutdwon”. Did you mean `!shutdown`?",
        ),
        ("!xyzzy", "I do not know the command “xyzzy”. `!help` lists all."),
        ("@bot:hs.test cheers", "I do not know the command “cheers”. `!help` lists all."),
    ] {
        assert_eq!(stage.say(line).await, want);
    }
    assert!(stage.homeserver.writes().is_empty());
}

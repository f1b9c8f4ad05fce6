//! What cannot be done: why, and what to do instead.

use gleipnir_core::{
    model::{About, Account, MediaDetails, Standing},
    ports::{CaseState, Fault},
    ruma::{room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::json;

use super::{
    Power, case, eve, far, files, has, image, local_case, lounge, lounge_with, moderator, other, plans,
    remote_case, report, steps, the_card,
};

#[tokio::test]
async fn without_being_in_the_room() {
    let mut stage = local_case(Power::Outside).await;
    for word in ["redact", "kick", "ban"] {
        let said = stage.say(&format!("!act 1 {word}")).await;
        has(
            &said,
            &[
                "Nothing was done about case 1:",
                &format!("{word}: I am not in Lounge ("),
                "`!room-admin !lounge:hs.test` gives it to you",
                "`!room-admin !lounge:hs.test @bot:hs.test` gives me the power",
            ],
        );
        // The server redacts what its own users wrote, without anybody's power.
        assert_eq!(said.contains("`!act 1 redact-all` needs no power"), word == "redact", "{said}");
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
    has(&stage.react(moderator(), "case-1", "👢").await, &["Nothing was done about case 1:", "I am not in"]);
    assert_eq!(case(&stage, 1).state, CaseState::Open);
}

#[tokio::test]
async fn without_power_in_the_room() {
    let mut stage = local_case(Power::None).await;
    for (word, doing) in [("redact", "redact what others wrote in"), ("kick", "kick "), ("ban", "ban ")] {
        let said = stage.say(&format!("!act 1 {word}")).await;
        has(&said, &[&format!("{word}: I cannot {doing}"), "power: 0 of 50", "gives me the power"]);
        assert!(!said.contains("invite me"), "it is inside: {said}");
    }
    assert!(stage.homeserver.writes().is_empty());
    // Somebody as strong is out of reach.
    stage.homeserver.change_room(lounge(), |room| {
        room.state[1]["content"]["users"] = json!({"@bot:hs.test": 50, "@eve:hs.test": 50});
    });
    has(&stage.say("!act 1 ban").await, &["ban: I cannot ban `@eve:hs.test`", "more power than 50"]);
    has(&stage.say("!act 1 redact").await, &["do it?"]);
}

#[tokio::test]
async fn some_of_it_asks_first_and_says_what_is_missing() {
    let mut stage = local_case(Power::Outside).await;
    let said = stage.say("!act 1 kick suspend").await;
    has(
        &said,
        &[
            "suspend `@eve:hs.test`",
            "What cannot be done:",
            "kick: I am not in",
            "Not all of what was asked for",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
    stage.react(moderator(), "plan-1", "✅").await;
    has(&the_card(&stage, 1), &["author suspended (job 1). Undo: `!undo 1`."]);
}

#[tokio::test]
async fn a_remote_author() {
    let mut stage = remote_case(Power::Enough).await;
    let card = the_card(&stage, 1);
    assert!(!card.contains("⏸️ suspend"), "not offered: {card}");
    has(&card, &["🔨 ban", "🧹 redact"]);
    // Somebody may tap it all the same.
    has(
        &stage.react(moderator(), "case-1", "⏸️").await,
        &["suspend: `@far:other.test` is of another server", "`!act 1 ban` or `!act 1 kick`"],
    );
    has(
        &stage.say("!act 1 redact-all --dry-run").await,
        &["it takes my own power to redact", "I am in 1 of the 1 room"],
    );
    stage.say("!act 1 ban").await;
    has(&the_card(&stage, 1), &["author banned (job 1)"]);
    let mut stage = remote_case(Power::Outside).await;
    let said = stage.say("!act 1 redact-all").await;
    has(
        &said,
        &["redact-all: `@far:other.test` is of another server", "I am in none of the 1 room", "!room-admin"],
    );
    let said = stage.say("!act 1 redact").await;
    assert!(!said.contains("redact-all"), "it would help nobody: {said}");
}

#[tokio::test]
async fn protected_authors_are_left_alone() {
    for (why, protect) in [
        ("is a moderator", 0),
        ("is a server admin", 1),
        ("belongs to the appservice", 2),
        ("is exempt by my configuration: `safety.exempt` has `@e*:hs.test` in it.", 3),
    ] {
        let mut stage = local_case(Power::Enough).await;
        match protect {
            0 => stage.homeserver.put_standing(eve(), Standing::Level(0)),
            1 => stage.homeserver.put_account(eve(), Account { admin: true, ..Account::default() }),
            2 => {
                let appservice = Some("bridge".to_owned());
                stage.homeserver.put_account(eve(), Account { appservice, ..Account::default() });
            }
            _ => stage.settings.exempt.push("@e*:hs.test".to_owned()),
        }
        stage.restart();
        for word in ["redact", "redact-all", "kick", "ban", "suspend", "quarantine"] {
            has(&stage.say(&format!("!act 1 {word}")).await, &["@eve:hs.test", why]);
            has(&stage.say(&format!("!act 1 {word} --dry-run")).await, &[why]);
        }
        has(&stage.react(other(), "case-1", "⏸️").await, &[why]);
        assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty(), "{why}");
    }
}

#[tokio::test]
async fn who_becomes_protected_before_the_confirmation_is_left_alone() {
    let mut stage = local_case(Power::Enough).await;
    stage.say("!act 1 redact").await;
    stage.homeserver.put_standing(eve(), Standing::Level(0));
    has(&stage.react(moderator(), "plan-1", "✅").await, &["@eve:hs.test", "is a moderator"]);
    assert!(stage.homeserver.writes().is_empty());
    // It cannot be known whether somebody is protected: nothing is done.
    stage.homeserver.put_standing(eve(), Standing::Outside);
    stage.homeserver.fail_always("account", Fault::Timeout);
    has(&stage.react(moderator(), "plan-1", "✅").await, &["did not answer in time"]);
    assert!(stage.homeserver.writes().is_empty());
    stage.homeserver.mend();
    has(&stage.react(moderator(), "plan-1", "✅").await, &["done"]);
}

#[tokio::test]
async fn what_is_so_already() {
    let mut stage = local_case(Power::Enough).await;
    stage.homeserver.put_account(eve(), Account { suspended: true, ..Account::default() });
    for file in files() {
        let quarantined_by = Some("@admin:hs.test".to_owned());
        stage.homeserver.put_media(&file, MediaDetails { quarantined_by, ..MediaDetails::default() });
    }
    stage.homeserver.change_room(lounge(), |room| {
        room.events[0]["unsigned"]["redacted_because"] = json!({"sender": "@user0:hs.test"});
        room.members.retain(|member| member != eve());
        room.state.push(json!({"type": "m.room.member", "state_key": eve(), "sender": "@user0:hs.test",
            "content": {"membership": "ban"}}));
    });
    for (word, says) in [
        ("suspend", "`@eve:hs.test` is suspended already."),
        ("quarantine", "`mxc://hs.test/rude` is in quarantine already, by `@admin:hs.test`."),
        ("redact", "it is redacted already, by `@user0:hs.test`."),
        ("ban", "`@eve:hs.test` is banned from Lounge"),
        ("kick", "kick: I cannot kick `@eve:hs.test` from Lounge"),
    ] {
        has(&stage.say(&format!("!act 1 {word}")).await, &["Nothing was done", says]);
    }
    stage.homeserver.put_account(eve(), Account { deactivated: true, ..Account::default() });
    has(&stage.say("!act 1 suspend").await, &["is deactivated already"]);
    stage.say("!block !lounge:hs.test").await;
    has(&stage.say("!act 1 block").await, &["block: Lounge", "is already blocked"]);
    assert_eq!(case(&stage, 1).state, CaseState::Open);
}

#[tokio::test]
async fn files_that_cannot_be_quarantined() {
    let mut stage = lounge_with(Power::Enough);
    stage.homeserver.put_media(&files()[0], MediaDetails { is_protected: true, ..MediaDetails::default() });
    report(&mut stage, super::about_event(1), Some(image("$bad1", eve()))).await;
    has(
        &stage.say("!act 1 quarantine").await,
        &["`mxc://hs.test/rude` is protected", "What cannot be done:", "do it?"],
    );
    let text = json!({"type": "m.room.message", "event_id": "$x2", "sender": eve(), "content": {"msgtype": "m.text", "body": "x"}});
    let encrypted = json!({"type": "m.room.encrypted", "event_id": "$x3", "sender": eve(), "content": {}});
    let mut elsewhere = image("$x4", far());
    elsewhere["content"]["url"] = json!("mxc://other.test/unknown");
    elsewhere["content"]["info"] = json!({});
    for (n, event, says) in [
        (2, Some(text), "there is no file in what is kept of it"),
        (3, Some(encrypted), "the message is encrypted"),
        (4, Some(elsewhere), "`mxc://other.test/unknown` is not on this server"),
        (5, None, "nothing of the event is kept"),
    ] {
        let about = About::Event { room_id: lounge().to_string(), event_id: format!("$x{n}") };
        report(&mut stage, about, event).await;
        has(&stage.say(&format!("!act {n} quarantine")).await, &[says]);
        assert_eq!(the_card(&stage, n).contains("☣️ quarantine"), n == 4);
    }
    has(&stage.say("!act 5 redact").await, &["the server does not have `$x5` in that room (any more)"]);
}

#[tokio::test]
async fn a_file_of_somebody_else_is_asked_about_and_that_of_a_protected_user_left_alone() {
    let uploaded_by = |stage: &Stage, uploader: &str| {
        for file in files() {
            let uploader = Some(uploader.to_owned());
            stage.homeserver.put_media(&file, MediaDetails { uploader, ..MediaDetails::default() });
        }
    };
    let mut stage = local_case(Power::Enough).await;
    uploaded_by(&stage, eve().as_str());
    has(&stage.say("!act 1 quarantine").await, &["Job 1: act – done", "is in quarantine"]);

    let mut stage = local_case(Power::Enough).await;
    let ana = user_id!("@ana:hs.test");
    uploaded_by(&stage, ana.as_str());
    stage.homeserver.put_account(ana, Account::default());
    has(
        &stage.say("!act 1 quarantine").await,
        &[
            "`mxc://hs.test/rude` was uploaded by `@ana:hs.test`, not by `@eve:hs.test`, who sent it.",
            "`mxc://hs.test/thumb` was uploaded by `@ana:hs.test`",
            "The file is not of who sent it: @ana:hs.test uploaded it.",
            "Job 1: do it?",
        ],
    );
    assert!(steps(&stage, 1).iter().all(|step| step.against() == Some(ana)), "{:?}", steps(&stage, 1));
    // It was sent to have the file of an admin taken away.
    stage.homeserver.put_account(ana, Account { admin: true, ..Account::default() });
    has(&stage.react(moderator(), "plan-1", "✅").await, &["`@ana:hs.test` is a server admin."]);
    stage.say("!cancel 1").await;
    has(
        &stage.say("!act 1 quarantine").await,
        &["Nothing was done", "not by `@eve:hs.test`, who sent it. `@ana:hs.test` is a server admin."],
    );
    assert!(stage.homeserver.writes().is_empty());
    // Nor is anything done when who sent it is protected.
    stage.homeserver.put_account(ana, Account::default());
    stage.homeserver.put_account(eve(), Account { admin: true, ..Account::default() });
    has(&stage.say("!act 1 quarantine").await, &["Nothing was done", "`@eve:hs.test` is a server admin."]);
    stage.homeserver.put_account(ana, Account { admin: true, ..Account::default() });
    stage.homeserver.put_account(eve(), Account::default());
    // That protects nobody else.
    has(&stage.say("!act 1 quarantine suspend").await, &["What cannot be done:", "Job 2: do it?"]);
    stage.say("!confirm 2").await;
    assert_eq!(stage.homeserver.writes(), ["suspend @eve:hs.test"]);
}

#[tokio::test]
async fn users_and_rooms_have_what_makes_sense_for_them() {
    let mut stage = lounge_with(Power::Enough);
    report(&mut stage, About::User { user_id: eve().to_string() }, None).await;
    let card = the_card(&stage, 1);
    has(&card, &["🧨 redact-all, ⏸️ suspend; or `!act 1 redact-all`"]);
    for word in ["🧹 redact,", "kick", "🔨 ban", "block", "shutdown", "more"] {
        assert!(!card.contains(word), "{word} in {card}");
    }
    has(&stage.say("!act 1 kick").await, &["no message was reported"]);
    has(&stage.say("!act 1 block").await, &["a user was reported"]);
    has(&stage.react(moderator(), "case-1", "🔎").await, &["There is nothing more to show of case 1 yet"]);
    stage.react(moderator(), "case-1", "⏸️").await;
    has(&the_card(&stage, 1), &["user suspended (job 1). Undo: `!undo 1`."]);
    // The fake tells reports of rooms as a later Synapse may.
    report(&mut stage, About::Room { room_id: lounge().to_string() }, None).await;
    let card = the_card(&stage, 2);
    has(&card, &["🚧 block, 💣 shutdown, 🔎 more; or `!act 2 block`"]);
    for word in ["redact", "kick", "🔨 ban", "suspend"] {
        assert!(!card.contains(word), "{word} in {card}");
    }
    has(&stage.say("!act 2 suspend").await, &["a room was reported"]);
    stage.react(moderator(), "case-2", "🚧").await;
    has(&the_card(&stage, 2), &["room blocked (job 2)"]);
}

#[tokio::test]
async fn faults_of_the_server_do_nothing() {
    for (method, word) in [
        ("joined_rooms", "kick"),
        ("state", "kick"),
        ("member", "ban"),
        ("room", "ban"),
        ("context", "redact"),
        ("memberships", "redact-all"),
        ("account", "suspend"),
        ("media", "quarantine"),
        ("block_status", "block"),
        ("delete_tasks", "shutdown"),
        ("standing", "suspend"),
    ] {
        let mut stage = local_case(Power::Enough).await;
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(&format!("!act 1 {word}")).await, &["did not answer in time"]);
        assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty(), "{method} {word}");
    }
}

#[tokio::test]
async fn the_management_room_is_spared() {
    let mut stage = lounge_with(Power::Enough);
    let management = room_id!("!management:hs.test");
    stage.homeserver.change_room(management, |room: &mut FakeRoom| room.events = vec![image("$m", eve())]);
    let about = About::Event { room_id: management.to_string(), event_id: "$m".to_owned() };
    report(&mut stage, about, Some(image("$m", eve()))).await;
    for word in ["block", "shutdown"] {
        has(&stage.say(&format!("!act 1 {word}")).await, &["That is the management room."]);
    }
    assert!(stage.homeserver.writes().is_empty());
}

//! `!user`: all that is known of somebody.

use gleipnir_core::{
    model::{About, Account, MediaDetails, Mxc, RateLimit, Report, ReportKey, RoomDetails},
    ports::Fault,
    ruma::{owned_room_id, user_id},
    testing::FakeRoom,
};
use serde_json::Value;

use super::{MIDNIGHT, eve, with_eve, with_file};
use crate::scene::{bad_room, has};

fn report(id: u32, reporter: &str, about: About, author: Option<&str>) -> Report {
    Report {
        key: ReportKey { kind: about.kind(), id: id.into(), received_ts: MIDNIGHT + i64::from(id) },
        reporter: reporter.into(),
        reason: Some("rude `@room`".into()),
        about,
        author: author.map(str::to_owned),
    }
}

fn user(id: &str) -> About {
    About::User { user_id: id.into() }
}

#[tokio::test]
async fn the_whole_picture_of_an_account() {
    let mut stage = with_eve();
    let homeserver = &stage.homeserver;
    homeserver.put_account(
        eve(),
        Account {
            display_name: Some("Eve".into()),
            admin: true,
            suspended: true,
            locked: true,
            shadow_banned: true,
            appservice: Some("irc".into()),
            user_type: Some("bot".into()),
            guest: true,
            created_at: Some(MIDNIGHT - 3 * 86_400_000),
            last_seen_at: None,
            avatar: Some("mxc://hs.test/face".into()),
            threepids: vec![("email".into(), "eve@x.test".into())],
            external_ids: vec![("oidc-x".into(), "Eve7".into())],
            ..Account::default()
        },
    );
    homeserver.change_room(bad_room(), |room| {
        room.members.push(eve().to_owned());
        room.details.creator = Some(eve().to_string());
    });
    homeserver.put_activity(eve(), vec![MIDNIGHT, MIDNIGHT - 86_400_000, 5], vec![7]);
    homeserver.put_rate_limit(eve(), RateLimit { messages_per_second: 0, burst_count: 0 });
    let mxc: Mxc = "mxc://hs.test/one".parse().unwrap();
    let file =
        MediaDetails { length: Some(3072), uploader: Some(eve().to_string()), ..MediaDetails::default() };
    homeserver.put_media(&mxc, file);
    homeserver.report(report(1, "@ana:hs.test", user("@eve:hs.test"), Some("@eve:hs.test")), None);
    let event = About::Event { room_id: "!bad:hs.test".into(), event_id: "$e".into() };
    homeserver.report(report(2, "@eve:hs.test", event, Some("@ana:hs.test")), None);
    assert_eq!(
        stage.say("!user @eve:hs.test").await,
        "Eve (`@eve:hs.test`)

Account: of this server, server admin, guest, of the type `bot`, of the appservice `irc`
State: locked, suspended, shadow-banned
Made: 2026-11-18 00:00:00 UTC (3 days ago)
Last seen: never, as far as is known
Picture: `mxc://hs.test/face`
E-mail: `eve@x.test`
Logs in as: `Eve7` at `oidc-x`
Devices: 2, last seen 2026-11-21 00:00:00 UTC; `!devices @eve:hs.test`
Rooms: in 1; `!memberships @eve:hs.test`
Rooms made: 1: Spam (`#bad:hs.test`, `!bad:hs.test`)
Rooms joined: 1 room, 0 in the last 7 days
Invitations sent: 3 invitations, 2 in the last 7 days
Files: 1 file, 3 KiB together; `!media user @eve:hs.test`
Rate limit: none: they may send as fast as they like
Reports about them: 1, the last on 2026-11-21 00:00:00 UTC by `@ana:hs.test`: “rude '@room'”
Reports by them: 1, the last on 2026-11-21 00:00:00 UTC about `@ana:hs.test`: “rude '@room'”
Cases about them: none
Jobs: none"
    );
}

#[tokio::test]
async fn trap_17_the_age_of_an_account_is_the_same_alone_and_in_a_list() {
    let mut stage = with_eve();
    has(&stage.say("!user @eve:hs.test").await, &["Made: 2026-11-18 00:00:00 UTC (3 days ago)"]);
    has(&stage.say("!users eve").await, &["made 2026-11-18,"]);
}

#[tokio::test]
async fn our_cases_and_jobs_are_told() {
    let mut stage = with_eve();
    stage.poll_reports().await;
    stage.homeserver.report(report(1, "@ana:hs.test", user("@eve:hs.test"), Some("@eve:hs.test")), None);
    stage.homeserver.report(report(2, "@eve:hs.test", user("@ana:hs.test"), Some("@ana:hs.test")), None);
    stage.poll_reports().await;
    stage.say("!suspend @eve:hs.test spam wave").await;
    stage.say("!suspend @evelyn:hs.test").await;
    let said = stage.say("!user @eve:hs.test").await;
    has(
        &said,
        &[
            "Cases about them: 1: `!case ",
            "` (open)\nCases they reported: 1: `!case ",
            "Jobs: 1, newest first:\n\n• 1 2026-11-21",
            "because “spam wave”",
            "State: suspended",
        ],
    );
    // Whose ID only begins like theirs is somebody else.
    stage.homeserver.put_account(user_id!("@ev:hs.test"), Account::default());
    has(&stage.say("!user @ev:hs.test").await, &["Cases about them: none", "Jobs: none"]);
}

#[tokio::test]
async fn of_a_user_of_another_server_is_told_what_is_known_here() {
    let mut stage = with_eve();
    stage.homeserver.report(report(1, "@far:other.test", user("@eve:hs.test"), Some("@eve:hs.test")), None);
    assert_eq!(
        stage.say("!user @far:other.test").await,
        "`@far:other.test`

Account: on another server, `other.test`; here is what this one knows. How it stands with that server: `!federation other.test`
Rooms: in 1; `!memberships @far:other.test`
Rooms made: 0
Reports about them: none; reports of the user as a whole are not kept for other servers
Reports by them: 1, the last on 2026-11-21 00:00:00 UTC about `@eve:hs.test`: “rude '@room'”
Cases about them: none
Jobs: none"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_its_line_and_the_rest_is_shown() {
    let unread = "could not be read (The homeserver did not answer in time.)";
    for (method, name) in [
        ("devices", "Devices"),
        ("memberships", "Rooms"),
        ("rooms", "Rooms made"),
        ("joins", "Rooms joined"),
        ("invitations", "Invitations sent"),
        ("media_of", "Files"),
        ("rate_limit", "Rate limit"),
        ("reports_with", "Reports about them"),
    ] {
        let mut stage = with_eve();
        stage.homeserver.fail_once(method, Fault::Timeout);
        let said = stage.say("!user @eve:hs.test").await;
        has(&said, &[&format!("\n{name}: {unread}"), "State: active", "Jobs: none"]);
        assert_eq!(said.matches("could not be read").count(), 1, "{said}");
        stage.homeserver.fail_once(method, Fault::Timeout);
        let (_, _, file) = with_file(&mut stage, "!user @eve:hs.test --file=json").await;
        let file: Value = serde_json::from_str(&file).unwrap();
        assert!(file.to_string().contains("did not answer in time"), "{file}");
    }
    // Without the account nothing can be told.
    let mut stage = with_eve();
    stage.homeserver.fail_once("account", Fault::Timeout);
    assert!(!stage.say("!user @eve:hs.test").await.contains("Devices"));
}

#[tokio::test]
async fn hostile_names_stay_in_their_places() {
    let mut stage = with_eve();
    let name = "<b>@room</b>\nState: active `@mod:hs.test` https://evil.test\u{202e}";
    let account =
        Account { display_name: Some(name.into()), user_type: Some("`x`\n".into()), ..Account::default() };
    stage.homeserver.put_account(eve(), account);
    let details = RoomDetails {
        name: Some("=cmd\nJobs: none".into()),
        creator: Some(eve().to_string()),
        ..RoomDetails::default()
    };
    let room = FakeRoom { details, ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!x:hs.test"), room);
    let said = stage.say("!user @eve:hs.test").await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("State:")).count(), 1, "{said}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("Jobs:")).count(), 1, "{said}");
    assert!(!said.contains('\u{202e}'), "{said}");
    let (_, name, file) = with_file(&mut stage, "!user @eve:hs.test --file").await;
    assert_eq!(name, "user.csv");
    has(&file, &["field,value\n", "user_id,'@eve:hs.test\n", "suspended,false\n"]);
}

#[tokio::test]
async fn rooms_are_counted_once_while_the_list_grows() {
    let mut stage = with_eve();
    for n in 0..1200 {
        let id = gleipnir_core::ruma::OwnedRoomId::try_from(format!("!r{n}:hs.test")).unwrap();
        let creator = if n % 100 == 0 { eve().to_string() } else { "@ana:hs.test".to_owned() };
        let details = RoomDetails { creator: Some(creator), ..RoomDetails::default() };
        stage.homeserver.put_room(&id, FakeRoom { details, ..FakeRoom::default() });
    }
    has(&stage.say("!user @eve:hs.test").await, &["Rooms made: 12: `!r0:hs.test`; ", "; and 7 more\n"]);
    stage.homeserver.room_list_is(gleipnir_core::testing::RoomList::Stuck);
    has(&stage.say("!user @eve:hs.test").await, &["Rooms made: "]);
}

#[tokio::test]
async fn nothing_is_written_by_looking() {
    let mut stage = with_eve();
    for command in ["user @eve:hs.test", "users", "devices @eve:hs.test", "whois @eve:hs.test --ip", "tasks"]
    {
        stage.say(&format!("!{command}")).await;
    }
    assert!(stage.homeserver.writes().is_empty());
}

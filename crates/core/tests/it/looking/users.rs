//! `!users`, `!rooms-of`, `!memberships`, `!devices`, `!whois`, `!find`.

use gleipnir_core::{
    model::{Account, RoomDetails},
    ports::Fault,
    ruma::{OwnedRoomId, OwnedUserId, owned_room_id, user_id},
    testing::FakeRoom,
};
use serde_json::{Value, json};

use super::{MIDNIGHT, crowd, eve, far, with_eve, with_file};
use crate::scene::{bad_room, has, moderator};

#[tokio::test]
async fn accounts_are_searched_sorted_and_paged() {
    let mut stage = with_eve();
    let day = 86_400_000;
    for (name, made, admin) in [("Zed", 2, false), ("Yan", 1, true)] {
        let id = OwnedUserId::try_from(format!("@{}:hs.test", name.to_lowercase())).unwrap();
        let account = Account {
            display_name: Some(name.into()),
            created_at: Some(MIDNIGHT - made * day),
            admin,
            ..Account::default()
        };
        stage.homeserver.put_account(&id, account);
    }
    assert_eq!(
        stage.say("!users --sort creation_ts --reverse").await,
        "4 accounts:
• Yan (`@yan:hs.test`), made 2026-11-20, never seen, server admin
• Zed (`@zed:hs.test`), made 2026-11-19, never seen
• Eve (`@eve:hs.test`), made 2026-11-18, seen 2026-11-20
• `@bot:hs.test`, never seen, me, server admin"
    );
    has(
        &stage.say("!users EV").await,
        &["1 account with “EV” in the user ID or the display name:\n• Eve (`@eve:hs.test`)"],
    );
    has(&stage.say("!users @zed:hs").await, &["1 account with “`@zed:hs`” in the user ID:\n• Zed"]);
    has(&stage.say("!users --admins").await, &["2 accounts, server admins only:"]);
    has(&stage.say("!users --page 9").await, &["There are only 4 such accounts, on 1 page of 20"]);
    has(&stage.say("!users --sort age").await, &["`--sort"]);
    assert_eq!(
        stage.say("!users nobody here").await,
        "There is no account with “nobody here” in the user ID or the display name."
    );
    stage.homeserver.fail_once("accounts", Fault::Timeout);
    has(&stage.say("!users").await, &["The homeserver did not answer in time."]);
}

#[tokio::test]
async fn trap_16_locked_and_deactivated_accounts_are_left_out_with_a_word() {
    let mut stage = with_eve();
    let locked = Account { locked: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@evil:hs.test"), locked);
    let gone = Account { deactivated: true, erased: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@everett:hs.test"), gone);
    let suspended = Account { suspended: true, ..Account::default() };
    stage.homeserver.put_account(user_id!("@evan:hs.test"), suspended);
    let said = stage.say("!users ev").await;
    has(
        &said,
        &[
            "2 accounts with “ev”",
            "Left out: 1 that are locked (`--locked`), 1 that are deactivated (`--deactivated`).",
        ],
    );
    assert!(!said.contains("evil") && !said.contains("suspended"), "{said}");
    let said = stage.say("!users ev --locked").await;
    has(
        &said,
        &["3 accounts", ", locked ones too:", "`@evil:hs.test`, never seen, locked", "(`--deactivated`)"],
    );
    let said = stage.say("!users ev --locked --deactivated").await;
    has(&said, &["4 accounts", "`@everett:hs.test`, never seen, erased"]);
    assert!(!said.contains("Left out"), "{said}");
    // Only one account alone tells that it is suspended.
    has(&stage.say("!user @evan:hs.test").await, &["State: suspended"]);
    // That nobody but a locked one is found is told as well.
    has(&stage.say("!users evil").await, &["There is no account", "Left out: 1 that are locked"]);
}

#[tokio::test]
async fn guests_are_listed_on_request_and_not_with_delegated_authentication() {
    let mut stage = with_eve();
    stage.homeserver.put_account(user_id!("@100:hs.test"), Account { guest: true, ..Account::default() });
    assert!(!stage.say("!users 100").await.contains("@100"));
    has(&stage.say("!users 100 --guests").await, &["`@100:hs.test`, never seen, guest"]);
    let refused = Fault::Refused {
        status: 400,
        errcode: "M_INVALID_PARAM".into(),
        message: "The guests parameter is not supported when MSC3861 is enabled.".into(),
    };
    stage.homeserver.fail_once("accounts", refused);
    has(&stage.say("!users --guests").await, &["With delegated authentication guests cannot be listed"]);
}

#[tokio::test]
async fn five_thousand_accounts_fit_on_pages_and_into_a_file() {
    let mut stage = with_eve();
    let name = "=cmd|\u{202e}<b>".to_owned();
    crowd(&stage, 5000, &Account { display_name: Some(name), ..Account::default() });
    let first = stage.say("!users spam --limit 100").await;
    has(&first, &["Accounts 1–100 of 5,000 with “spam”", "=cmd|<b> (`@spam_00000:hs.test`)"]);
    let second = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&second, &["Accounts 101–200 of 5,000"]);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, first);
    assert_eq!(stage.say("!users spam --limit 100 --page 2").await, second);
    let (said, name, text) = with_file(&mut stage, "!users spam --file").await;
    has(&said, &["Accounts 1–20 of 5,000"]);
    assert_eq!((name.as_str(), text.lines().count()), ("users.csv", 5001));
    has(&text, &["'@spam_04999:hs.test,'=cmd|"]);
    let (_, name, text) = with_file(&mut stage, "!users spam --file=json").await;
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((name.as_str(), rows.len(), &rows[0]["locked"]), ("users.json", 5000, &json!(false)));
}

fn room_with(name: &str, state: Vec<Value>) -> FakeRoom {
    let details = RoomDetails { name: Some(name.into()), ..RoomDetails::default() };
    FakeRoom { details, state, ..FakeRoom::default() }
}

fn member(sender: &str, content: &Value) -> Value {
    json!({"type": "m.room.member", "state_key": eve(), "sender": sender, "content": content,
        "origin_server_ts": MIDNIGHT, "event_id": format!("${}", "a".repeat(43)), "unsigned": {"replaces_state": "$before"}})
}

#[tokio::test]
async fn memberships_are_told_in_words() {
    let mut stage = with_eve();
    stage.homeserver.change_room(bad_room(), |room| room.members.push(eve().to_owned()));
    for (id, name, sender, content) in [
        ("!ban:hs.test", "Ban", "@mod:hs.test", json!({"membership": "ban", "reason": "spam"})),
        ("!inv:hs.test", "Club", "@ana:hs.test", json!({"membership": "invite"})),
        ("!left:hs.test", "Left", "@eve:hs.test", json!({"membership": "leave"})),
        ("!odd:hs.test", "@room <b>", "@eve:hs.test", json!({"membership": "dance"})),
    ] {
        let room = OwnedRoomId::try_from(id).unwrap();
        stage.homeserver.put_room(&room, room_with(name, vec![member(sender, &content)]));
    }
    assert_eq!(
        stage.say("!memberships @eve:hs.test").await,
        "5 rooms of Eve (`@eve:hs.test`):
• banned from Ban (`!ban:hs.test`), 0 members: `@mod:hs.test` banned `@eve:hs.test`, because “spam”, 2026-11-21 00:00:00 UTC
• invited to Club (`!inv:hs.test`), 0 members: `@ana:hs.test` invited `@eve:hs.test`, 2026-11-21 00:00:00 UTC
• in Spam (`#bad:hs.test`, `!bad:hs.test`), 5 members
• out of Left (`!left:hs.test`), 0 members: `@eve:hs.test` left, declined, or took back a request to be let in (what was before is not shown), 2026-11-21 00:00:00 UTC
• `dance` in @room <b> (`!odd:hs.test`), 0 members: `@eve:hs.test` gave themselves a membership that servers do not know: “dance”; servers should not allow this: it can come from a state reset, or from a broken or hostile server, 2026-11-21 00:00:00 UTC"
    );
    assert_eq!(
        stage.say("!rooms-of @eve:hs.test").await,
        "1 room that Eve (`@eve:hs.test`) is in:\n• Spam (`#bad:hs.test`, `!bad:hs.test`), 5 members"
    );
    has(&stage.say("!rooms-of @user0:hs.test").await, &["There is no account `@user0:hs.test`"]);
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    has(&stage.say("!rooms-of @user0:hs.test").await, &["`!bad:hs.test`), 5 members, made by them"]);
}

#[tokio::test]
async fn of_a_huge_room_no_member_events_are_read() {
    let mut stage = with_eve();
    let members: Vec<OwnedUserId> =
        (0..5001).map(|n| OwnedUserId::try_from(format!("@u{n}:hs.test")).unwrap()).collect();
    let banned = vec![member("@mod:hs.test", &json!({"membership": "ban"}))];
    let room = FakeRoom { members, ..room_with("Huge", banned) };
    stage.homeserver.put_room(&owned_room_id!("!huge:hs.test"), room);
    stage.homeserver.fail_always("member", Fault::Timeout);
    has(
        &stage.say("!memberships @eve:hs.test").await,
        &[
            "banned from Huge (`!huge:hs.test`), 5,001 members; the room is too large to look up how that came",
        ],
    );
}

#[tokio::test]
async fn trap_20_an_account_is_looked_for_before_what_it_does() {
    let mut stage = with_eve();
    for command in ["user", "rooms-of", "memberships", "devices", "whois", "media user"] {
        let calls = stage.homeserver.calls();
        assert_eq!(
            stage.say(&format!("!{command} @evve:hs.test")).await,
            "There is no account `@evve:hs.test` on this server. Check its spelling; `!users evve` looks for similar ones.",
            "{command}"
        );
        // The standing of who asks, and the account.
        assert!(stage.homeserver.calls() <= calls + 2, "{command}");
    }
    for command in ["devices", "whois", "media user"] {
        has(
            &stage.say(&format!("!{command} @far:other.test")).await,
            &["`@far:other.test` is of another server, which alone has", "`!user @far:other.test`."],
        );
    }
    for command in ["rooms-of", "memberships"] {
        has(&stage.say(&format!("!{command} @eve:hs.test")).await, &["Eve (`@eve:hs.test`) is in no room."]);
        has(
            &stage.say(&format!("!{command} @nobody:other.test")).await,
            &[
                "is in no room that this server takes part in. Whether there is such a user only their own server knows.",
            ],
        );
        has(&stage.say(&format!("!{command} {}", far())).await, &["Spam (`#bad:hs.test`, `!bad:hs.test`)"]);
        has(&stage.say(&format!("!{command} !bad:hs.test")).await, &["is a room, and a user is needed here"]);
    }
}

#[tokio::test]
async fn hundreds_of_rooms_are_paged_and_filed_and_one_that_cannot_be_read_hides_none() {
    let mut stage = with_eve();
    for n in 0..300 {
        let id = OwnedRoomId::try_from(format!("!r{n:03}:hs.test")).unwrap();
        let room = FakeRoom { members: vec![eve().to_owned()], ..room_with("=cmd|\u{202e}<b>", Vec::new()) };
        stage.homeserver.put_room(&id, room);
    }
    for command in ["rooms-of", "memberships"] {
        let first = stage.say(&format!("!{command} @eve:hs.test")).await;
        has(&first, &["Rooms 1–20 of 300", "`!r000:hs.test`", "`!r019:hs.test`"]);
        has(&stage.say(&format!("!{command} @eve:hs.test --page 15")).await, &["Rooms 281–300 of 300"]);
        let (said, name, text) = with_file(&mut stage, &format!("!{command} @eve:hs.test --file")).await;
        has(&said, &["Rooms 1–20 of 300"]);
        assert_eq!((name.as_str(), text.lines().count()), ("rooms.csv", 301));
        has(&text, &["!r299:hs.test,'=cmd|\u{202e}<b>,,join,1,1,"]);
        stage.homeserver.fail_once("room", Fault::Timeout);
        let said = stage.say(&format!("!{command} @eve:hs.test")).await;
        has(&said, &[":hs.test`, which could not be read (The homeserver did not answer in time.)", "!r019"]);
    }
    let turned = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&turned, &["Rooms 21–40 of 300"]);
    stage.homeserver.fail_once("rooms_of", Fault::Timeout);
    has(&stage.say("!rooms-of @eve:hs.test").await, &["The homeserver did not answer in time."]);
}

#[tokio::test]
async fn devices_and_programs_are_told_and_addresses_on_request_alone() {
    let mut stage = with_eve();
    let devices = stage.say("!devices @eve:hs.test").await;
    has(
        &devices,
        &[
            "2 devices of Eve (`@eve:hs.test`), last seen first:\n• `NEW` “'phone' @room”, with “`Element/1.0`”, last seen 2026-11-21",
            "\n• `OLD`",
        ],
    );
    let programs = stage.say("!whois @eve:hs.test").await;
    has(
        &programs,
        &[
            "1 program of Eve (`@eve:hs.test`), last seen first:\n• “`Element/1.0`”, last seen 2026-11-21 00:00:00 UTC",
            "Addresses: `!whois @eve:hs.test --ip`.",
        ],
    );
    let picture = stage.say("!user @eve:hs.test").await;
    let (_, _, file) = with_file(&mut stage, "!user @eve:hs.test --file=json").await;
    for said in [&devices, &programs, &picture, &file] {
        assert!(!said.contains("192.0.2") && !said.contains("2001:db8"), "{said}");
    }
    let addresses = stage.say("!whois @eve:hs.test --ip").await;
    has(&addresses, &["2 sessions of Eve", "• `2001:db8::7`, with “`Element/1.0`”", "• `192.0.2.1`"]);
    stage.homeserver.put_devices(eve(), Vec::new());
    stage.homeserver.put_connections(eve(), Vec::new());
    has(&stage.say("!devices @eve:hs.test").await, &["is not logged in with any device."]);
    has(&stage.say("!whois @eve:hs.test").await, &["was not seen in the last weeks."]);
    for (command, method) in [("devices", "devices"), ("whois", "connections")] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say(&format!("!{command} @eve:hs.test")).await, &["did not answer in time."]);
    }
}

#[tokio::test]
async fn an_account_is_found_by_what_its_owner_has_elsewhere() {
    let mut stage = with_eve();
    let account = Account {
        display_name: Some("Eve".into()),
        threepids: vec![("email".into(), "eve@x.test".into()), ("msisdn".into(), "4930123456".into())],
        external_ids: vec![("oidc-x".into(), "Eve7".into())],
        ..Account::default()
    };
    stage.homeserver.put_account(eve(), account);
    for (typed, has_what) in [
        ("EVE@x.test", "the e-mail address `eve@x.test`"),
        ("\"+49 30 123456\"", "the telephone number `4930123456`"),
        ("oidc-x Eve7", "the login `Eve7` at `oidc-x`"),
    ] {
        assert_eq!(
            stage.say(&format!("!find {typed}")).await,
            format!("Eve (`@eve:hs.test`) has {has_what}. All about them: `!user @eve:hs.test`.")
        );
    }
    has(
        &stage.say("!find nobody@x.test").await,
        &["No account of this server has the e-mail address `nobody@x.test`. Only whole addresses are found"],
    );
    has(&stage.say("!find oidc-y Eve7").await, &["The provider is its ID in the server's configuration"]);
    has(&stage.say("!find eve").await, &["is neither an e-mail address nor a telephone number."]);
    has(&stage.say("!find").await, &["Something is missing"]);
    stage.homeserver.fail_once("owner", Fault::Timeout);
    has(&stage.say("!find eve@x.test").await, &["did not answer in time."]);
}

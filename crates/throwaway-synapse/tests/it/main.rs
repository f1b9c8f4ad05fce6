//! The real thing: installs, starts, talks to, stops and loses a Synapse.

mod neighbours;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use throwaway_synapse::{Crowd, RateLimits, Role, Synapse, Unavailable, path_part, start_or_skip};

const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn users_talk_in_a_room() {
    let Some(synapse) = start_or_skip().await else { return };
    assert_eq!(synapse.server_name(), "hs.test");
    let alice = synapse.register("alice", Role::User).await.unwrap();
    let bob = synapse.register("bob", Role::User).await.unwrap();
    assert_eq!(alice.user_id, "@alice:hs.test");
    bob.display_name("Bob").await.unwrap();

    let room = alice.create_room(json!({"preset": "private_chat", "name": "Den"})).await.unwrap();
    alice.invite(&room, &bob.user_id).await.unwrap();
    assert_eq!(bob.join(&room).await.unwrap(), room);
    let member = alice.state(&room, "m.room.member", &bob.user_id).await.unwrap();
    assert_eq!(member["displayname"], "Bob");
    assert_eq!(bob.state(&room, "m.room.name", "").await.unwrap()["name"], "Den");

    let since = bob.sync(None, 0).await.unwrap()["next_batch"].as_str().unwrap().to_owned();
    let first = alice.send_text(&room, "one").await.unwrap();
    // The same words, but not the same event: each sending is a transaction of its own.
    let second = alice.clone().send_text(&room, "one").await.unwrap();
    assert_ne!(first, second);
    let news = bob.sync(Some(&since), 5_000).await.unwrap();
    assert!(news["rooms"]["join"][&room].is_object(), "{news}");

    let reaction = bob.react(&room, &first, "👍").await.unwrap();
    alice.redact(&room, &second, "twice").await.unwrap();
    let found = bob.wait_for(&room, TIMEOUT, |event| event["type"] == "m.room.redaction").await.unwrap();
    assert_eq!(found["content"]["reason"], "twice");
    assert_eq!(bob.event(&room, &second).await.unwrap()["content"], json!({}));

    let events = bob.messages(&room, 4).await.unwrap();
    let ids: Vec<&Value> = events.iter().map(|event| &event["event_id"]).collect();
    assert_eq!(ids[..3], [&first, &second, &reaction], "the newest is last");

    bob.leave(&room).await.unwrap();
    let error = bob.send_text(&room, "still here").await.unwrap_err().to_string();
    assert!(error.contains("answered 403") && error.contains("M_FORBIDDEN"), "{error}");
    let waited = Duration::from_millis(1);
    let error = alice.wait_for(&room, waited, |event| event["type"] == "none").await.unwrap_err();
    assert!(error.to_string().contains("\"membership\":\"leave\""), "{error}");
}

#[tokio::test]
async fn only_an_admin_may_use_the_admin_api() {
    let Some(synapse) = start_or_skip().await else { return };
    let admin = synapse.register("admin", Role::Admin).await.unwrap();
    let user = synapse.register("user", Role::User).await.unwrap();
    let path = format!("/_synapse/admin/v2/users/{}", path_part(&user.user_id));
    let (status, account) = admin.request("GET", &path, None).await.unwrap();
    assert_eq!((status, &account["name"]), (200, &json!("@user:hs.test")));
    let (status, refusal) = user.request("GET", &path, None).await.unwrap();
    assert_eq!((status, &refusal["errcode"]), (403, &json!("M_FORBIDDEN")));

    // The database came from the template: nothing is left to be done in the background.
    let updates = admin.get("/_synapse/admin/v1/background_updates/status").await.unwrap();
    assert_eq!(updates["current_updates"], json!({}));

    let mxc = user.upload("text/plain", b"hello".to_vec()).await.unwrap();
    assert!(mxc.starts_with("mxc://hs.test/"), "{mxc}");
    let other_device = synapse.login("user").await.unwrap();
    assert_ne!(other_device.device_id, user.device_id);
    let (status, refusal) = synapse.request("GET", "/_matrix/client/v3/account/whoami", None).await.unwrap();
    assert_eq!((status, &refusal["errcode"]), (401, &json!("M_MISSING_TOKEN")));
}

#[tokio::test]
async fn data_and_logins_outlast_a_restart_and_a_kill() {
    let Some(mut synapse) = start_or_skip().await else { return };
    let url = synapse.url().to_owned();
    let alice = synapse.register("alice", Role::User).await.unwrap();
    let room = alice.create_room(json!({})).await.unwrap();
    let sent = alice.send_text(&room, "before").await.unwrap();

    synapse.restart().await.unwrap();
    assert_eq!(synapse.url(), url);
    assert_eq!(alice.event(&room, &sent).await.unwrap()["content"]["body"], "before");

    synapse.kill();
    assert!(alice.messages(&room, 1).await.is_err(), "a killed server answers nobody");
    synapse.start_again().await.unwrap();
    let after = alice.send_text(&room, "after").await.unwrap();
    assert_eq!(alice.messages(&room, 1).await.unwrap()[0]["event_id"], json!(after));
    assert!(synapse.start_again().await.is_err(), "it is running");

    let data_dir = synapse.data_dir().to_owned();
    drop(synapse);
    assert!(!data_dir.exists(), "the data go with the server");
}

#[tokio::test]
async fn rooms_that_nobody_made_are_listed() {
    let Some(synapse) = start_or_skip().await else { return };
    let admin = synapse.register("admin", Role::Admin).await.unwrap();
    synapse.add_rooms(300).await.unwrap();
    let page = admin.get("/_synapse/admin/v1/rooms?order_by=joined_members&limit=2").await.unwrap();
    assert_eq!(page["total_rooms"], 300);
    let rooms: Vec<_> = page["rooms"].as_array().unwrap().iter().map(|room| room["name"].clone()).collect();
    assert_eq!(rooms, ["Room 300", "Room 299"]);
    let id = page["rooms"][0]["room_id"].as_str().unwrap();
    let details = admin.get(&format!("/_synapse/admin/v1/rooms/{id}")).await.unwrap();
    assert_eq!((&details["joined_members"], &details["version"]), (&json!(300), &json!("12")));
    let error = synapse.sql("nonsense").await.unwrap_err().to_string();
    assert!(error.contains("syntax error"), "{error}");
}

#[tokio::test]
async fn a_port_that_another_holds_for_a_while_is_waited_for() {
    let Some(mut synapse) = start_or_skip().await else { return };
    synapse.stop().await.unwrap();
    let other = std::net::TcpListener::bind(synapse.url().trim_start_matches("http://")).unwrap();
    let release = tokio::time::sleep(Duration::from_secs(2));
    let (started, ()) = tokio::join!(synapse.start_again(), async move {
        release.await;
        drop(other);
    });
    started.unwrap();
    synapse.register("alice", Role::User).await.unwrap();
}

#[tokio::test]
async fn servers_from_one_template_have_nothing_in_common() {
    let (first, second) = tokio::join!(start_or_skip(), start_or_skip());
    let (Some(first), Some(second)) = (first, second) else { return };
    assert_ne!(first.url(), second.url());
    let key = |synapse: &Synapse| std::fs::read_to_string(synapse.data_dir().join("signing.key")).unwrap();
    assert_ne!(key(&first), key(&second));
    let alice = first.register("alice", Role::User).await.unwrap();
    let other_alice = second.register("alice", Role::User).await.unwrap();
    alice.create_room(json!({})).await.unwrap();
    assert_eq!(other_alice.get("/_matrix/client/v3/joined_rooms").await.unwrap()["joined_rooms"], json!([]));
}

#[tokio::test]
async fn settings_and_server_limits_take_effect() {
    let builder = Synapse::builder()
        .config(json!({"server_name": "elsewhere.test", "max_avatar_size": "1M"}))
        .config(json!({"enable_registration": null}))
        .rate_limits(RateLimits::ServerDefaults);
    let Some(synapse) = builder.start_or_skip().await else { return };
    assert_eq!(synapse.server_name(), "elsewhere.test");
    let alice = synapse.register("alice", Role::User).await.unwrap();
    assert_eq!(alice.user_id, "@alice:elsewhere.test");
    // `enable_registration` is off unless set.
    let path = "/_matrix/client/v3/register";
    let (status, answer) = synapse.request("POST", path, Some(json!({}))).await.unwrap();
    assert_eq!(status, 403, "{answer}");

    // The default of `rc_message` is a burst of ten.
    let room = alice.create_room(json!({})).await.unwrap();
    let mut refused = None;
    for _ in 0..30 {
        if let Err(error) = alice.send_text(&room, "again").await {
            refused = Some(error.to_string());
            break;
        }
    }
    assert!(refused.is_some_and(|error| error.contains("M_LIMIT_EXCEEDED")));
}

#[tokio::test]
async fn limits_are_lifted_by_default() {
    let Some(synapse) = start_or_skip().await else { return };
    let alice = synapse.register("alice", Role::User).await.unwrap();
    let room = alice.create_room(json!({})).await.unwrap();
    for _ in 0..30 {
        alice.send_text(&room, "again").await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_start_shows_the_end_of_the_log() {
    let started = Synapse::builder().config(json!({"database": {"name": "oracle"}})).start().await;
    let error = started.expect_err("Synapse knows no such database");
    if error.is::<Unavailable>() {
        return;
    }
    assert!(error.to_string().contains("Unsupported database type"), "{error}");
}

#[tokio::test]
async fn without_python_there_is_help() {
    let error = Synapse::builder().python("/nonexistent/python").start().await.unwrap_err();
    let message = error.downcast_ref::<Unavailable>().expect("it is known why").to_string();
    for part in ["/nonexistent/python", "3.10 or newer", "apt install python3 python3-venv", "PyPI"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

#[tokio::test]
async fn a_killed_owner_leaves_nothing_behind() {
    // Installs first, so that the owner starts in seconds; and skips where it could not.
    let Some(_installed) = start_or_skip().await else { return };
    let mut owner = Command::new(env!("CARGO_BIN_EXE_throwaway-synapse"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        BufReader::new(owner.stdout.take().unwrap()).lines().take(3).map(Result::unwrap).collect();
    let value = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    let address = value(&lines[0]).trim_start_matches("http://").to_owned();
    let data_dir = std::path::PathBuf::from(value(&lines[2]));
    assert!(std::net::TcpStream::connect(&address).is_ok(), "it runs at {address}");
    assert!(data_dir.join("homeserver.db").exists());

    owner.kill().unwrap();
    owner.wait().unwrap();
    let deadline = Instant::now() + TIMEOUT;
    while std::net::TcpStream::connect(&address).is_ok() || data_dir.exists() {
        assert!(Instant::now() < deadline, "Synapse outlives its owner: {address}, {}", data_dir.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_crowd_is_taken_for_what_happened_there() {
    let crowd = Crowd { rooms: 10, memberships: 250, messages: 3, member: "@bot:hs.test".to_owned() };
    let Some(synapse) = Synapse::builder().crowd(crowd).start_or_skip().await else { return };
    let bot = synapse.register("bot", Role::Admin).await.unwrap();
    let rooms = bot.get("/_matrix/client/v3/joined_rooms").await.unwrap();
    assert_eq!(rooms["joined_rooms"].as_array().unwrap().len(), 10);
    let rooms = bot.get("/_synapse/admin/v1/rooms?order_by=joined_members").await.unwrap();
    let members = |room: &Value| room["joined_local_members"].as_u64().unwrap();
    let members: u64 = rooms["rooms"].as_array().unwrap().iter().map(members).sum();
    assert_eq!(members, 250 + 10);

    let room = rooms["rooms"][0]["room_id"].as_str().unwrap();
    let synced = bot.sync(None, 0).await.unwrap();
    let events = synced["rooms"]["join"][room]["timeline"]["events"].as_array().unwrap();
    assert_eq!(
        events.last().unwrap()["content"]["body"].as_str().unwrap().split(' ').next(),
        Some("Message")
    );
    let who = format!("/_matrix/client/v3/rooms/{}/joined_members", path_part(room));
    let here = bot.get(&who).await.unwrap()["joined"].as_object().unwrap().len();

    // It goes on from there, also with several at once.
    let alice = synapse.register("alice", Role::User).await.unwrap();
    alice.join(room).await.unwrap();
    let listed = bot.get(&who).await.unwrap();
    let mut users = (0..62).map(|n| format!("@member-{n}:hs.test"));
    let absent = users.find(|user| listed["joined"].get(user).is_none()).unwrap();
    let path = format!("/_synapse/admin/v1/join/{}", path_part(room));
    let (said, joined, answered) = tokio::join!(
        alice.send_text(room, "hello"),
        bot.post(&path, json!({"user_id": absent})),
        bot.send_text(room, "hello yourself")
    );
    said.and(joined.map(|_| String::new())).and(answered).unwrap();
    let listed = bot.get(&who).await.unwrap();
    assert_eq!(listed["joined"].as_object().unwrap().len(), here + 2);
}

//! Abuse reports that reach the server through the bot, as a reverse proxy forwards them: reports of rooms and of users of
//! other servers become cases too, and the server answers as if the bot were not there.

use std::{net::TcpListener, time::Duration};

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};

use crate::support::{Fault, Kind, Proxy, Scene};

/// The URL of a port that is free.
fn free() -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (format!("http://{address}"), address)
}

fn room_report(room: &str) -> String {
    format!("/_matrix/client/v3/rooms/{}/report", path_part(room))
}

fn event_report(room: &str, event: &str) -> String {
    format!("{}/{}", room_report(room), path_part(event))
}

fn user_report(user: &str) -> String {
    format!("/_matrix/client/v3/users/{}/report", path_part(user))
}

async fn report(by: &User, path: &str, reason: &str) -> (u16, Value) {
    by.request("POST", path, Some(json!({"reason": reason}))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_is_a_case_at_once_and_reaches_the_server() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let (url, address) = free();
    // What is not told by the endpoint would take an hour.
    scene.bot.more = format!(
        "[reports]\npoll_interval = \"1h\"\n[reports.http]\nlisten = {address:?}\n\
         [reports.tell]\nresolved = \"Thank you for reporting {{what}}.\""
    );
    let ana = scene.synapse.register("ana", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    let club = scene.room(&ana, "Club", std::slice::from_ref(&bob)).await;
    let spam = ana.send_text(&club, "buy now").await.unwrap();
    scene.bot.start().await;
    scene.bot.logs("reports can be forwarded to me").await;
    scene.moderator.hears("Hello, I am").await;
    let status = scene.moderator.good("!status", "my endpoint for forwarded reports is on").await;
    assert!(status.text.contains("✔ of rooms (by my endpoint)"), "{}", status.text);

    // All three kinds, and a user that the server drops.
    let there = bob.through(&url).unwrap();
    let accepted = (200, json!({}));
    assert_eq!(report(&there, &event_report(&club, &spam), "advertising").await, accepted);
    scene.moderator.hears("Case 1: a message in Club").await;
    assert_eq!(report(&there, &room_report(&club), "a market place").await, accepted);
    let card = scene.moderator.hears("Case 2: the room Club").await;
    assert!(card.text.contains("“a market place”") && card.text.contains("@bob:hs.test"), "{}", card.text);
    assert_eq!(report(&there, &user_report("@eve:far.test"), "rude").await, accepted);
    scene.moderator.hears("Case 3: the user `@eve:far.test`").await;
    assert_eq!(report(&there, &user_report(&ana.user_id), "she sells").await, accepted);
    scene.moderator.hears("Case 4: the user `@ana:hs.test`").await;
    let admin = "/_synapse/admin/v1";
    let events = scene.admin.get(&format!("{admin}/event_reports")).await.unwrap();
    let users = scene.admin.get(&format!("{admin}/user_reports")).await.unwrap();
    assert_eq!((&events["total"], &users["total"]), (&json!(1), &json!(1)));
    let database = rusqlite::Connection::open(scene.synapse.data_dir().join("homeserver.db")).unwrap();
    let count = |table: &str| -> i64 {
        database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("room_reports"), 1, "the server has it too");

    // What the server refuses, it refuses here in the same words.
    let stranger = scene.synapse.register("stranger", Role::User).await.unwrap();
    let stale = stranger.clone();
    stranger.post("/_matrix/client/v3/logout", json!({})).await.unwrap();
    for (user, path) in [
        (&stale, room_report(&club)),
        (&bob, room_report("!nowhere:hs.test")),
        (&bob, event_report(&club, "$no/such+event")),
        (&bob, room_report(&club) + "/"),
    ] {
        let direct = report(user, &path, "x").await;
        let forwarded = report(&user.through(&url).unwrap(), &path, "x").await;
        assert!(direct.0 >= 400, "{direct:?}");
        assert_eq!(forwarded, direct, "{path}");
    }
    let too_long = "a".repeat(1_001);
    assert_eq!(report(&there, &user_report(&ana.user_id), &too_long).await.0, 400);
    let (status, answer) = there.request("OPTIONS", &room_report(&club), None).await.unwrap();
    assert_eq!((status, answer), (204, Value::Null));

    // While the server is away nobody is told that it has the report; the bot says so, and keeps nothing.
    scene.synapse.stop().await.unwrap();
    let (status, answer) = report(&there, &room_report(&club), "again").await;
    assert_eq!((status, &answer["errcode"]), (502, &json!("M_UNKNOWN")));
    scene.synapse.start_again().await.unwrap();

    // Killed and started again, it repeats none, and goes on.
    scene.bot.kill();
    scene.bot.start().await;
    assert_eq!(report(&ana.through(&url).unwrap(), &room_report(&club), "they sell").await, accepted);
    scene.moderator.hears("reported 2 times by 2 people").await;
    let listed = scene.moderator.good("!reports all", "4 cases").await;
    assert!(listed.text.contains("2 times by 2 people"), "{}", listed.text);
    assert_eq!(count("room_reports"), 2);

    // The reporter is told, in a chat: this server has no notices.
    scene.moderator.good("!resolve 3", "Resolved by `@mod:hs.test`").await;
    // The same sync again would be answered as before for two minutes.
    let mut since: Option<String> = None;
    let chat = loop {
        let synced = bob.sync(since.as_deref(), 1_000).await.unwrap();
        since = synced["next_batch"].as_str().map(str::to_owned);
        let invites = synced["rooms"]["invite"].as_object().cloned().unwrap_or_default();
        if let Some(chat) = invites.keys().next() {
            break chat.clone();
        }
    };
    bob.join(&chat).await.unwrap();
    let is_it = |event: &Value| event["content"]["body"] == "Thank you for reporting a user.";
    bob.wait_for(&chat, crate::support::PATIENCE, is_it).await.unwrap();
    let log = scene.bot.log_of_run();
    assert!(!log.contains(&bob.access_token) && !log.contains(&ana.access_token), "no token is logged");
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_passed_on_when_the_bot_stops_is_kept() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let (url, address) = free();
    let proxy = Proxy::new(scene.synapse.url()).await;
    scene.bot.url = proxy.url();
    scene.bot.more = format!("[reports.http]\nlisten = {address:?}");
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    let club = scene.room(&bob, "Club", &[]).await;
    scene.bot.start().await;
    scene.bot.logs("reports can be forwarded to me").await;
    let slow =
        proxy.fail(&["POST /_matrix/client/v3/rooms/", "/report"], Fault::Slow(Duration::from_secs(2)), 1);
    let there = bob.through(&url).unwrap();
    let body = json!({"reason": "a market place"});
    // The answer may come or not, as the process ends.
    let reporting =
        tokio::spawn(async move { drop(there.request("POST", &room_report(&club), Some(body)).await) });
    proxy.hit(slow).await;
    assert_eq!(scene.bot.stop().await, 0);
    reporting.await.unwrap();
    let log = scene.bot.log_of_run();
    assert!(log.contains("goodbye") && !log.contains("takes too long"), "{log}");
    scene.bot.start().await;
    scene.moderator.hears("Case 1: the room Club").await;
    assert_eq!(scene.bot.stop().await, 0);
}

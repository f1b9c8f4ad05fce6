//! Rules of the configuration that act on reports by themselves.

use serde_json::json;
use throwaway_synapse::{Role, path_part};

use super::{report, start_with};
use crate::support::{BOT, Kind, Scene};

const RULES: &str = r#"
[safety]
exempt = ["@vip:hs.test"]

[reports]
poll_interval = "5s"

[[reports.rules]]
name = "spam of new accounts"
when = { kind = "event", text = '(?i)\bfree\s+nitro\b', author_age_below = "2d" }
do = ["redact", "suspend", "quarantine"]

[[reports.rules]]
name = "on trial"
when = { reason = "watches", room = "!*" }
do = ["redact", "suspend"]
mode = "dry-run"
"#;

/// From a report to the end of what follows, at the longest: until the bot looks, and the time that it takes.
const AT_ONCE: u64 = 5_000 + 5_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_acts_at_once_and_is_undone() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let [eve, dan, vip, bob] =
        ["eve", "dan", "vip", "bob"].map(|name| scene.synapse.register(name, Role::User));
    let (eve, dan) = (eve.await.unwrap(), dan.await.unwrap());
    let (vip, bob) = (vip.await.unwrap(), bob.await.unwrap());
    let owner = scene.moderator.user.clone();
    let request = json!({"preset": "public_chat", "name": "Club", "invite": [BOT],
        "power_level_content_override": {"users": {BOT: 90}}});
    let club = owner.create_room(request).await.unwrap();
    for user in [&eve, &dan, &vip, &bob] {
        user.join(&club).await.unwrap();
    }
    start_with(&mut scene, RULES).await;
    let m = &scene.moderator;
    m.hears("): I am in it now, and watch it.").await;

    let file = eve.upload("image/png", b"no real image".to_vec()).await.unwrap();
    let content = json!({"msgtype": "m.image", "body": "Free  NITRO here", "filename": "a.png", "url": file});
    let spam = eve.send(&club, "m.room.message", content).await.unwrap();
    let watches = dan.send_text(&club, "cheap watches").await.unwrap();
    let protected = vip.send_text(&club, "free nitro for all").await.unwrap();
    let by_moderator = owner.send_text(&club, "nobody gives you free nitro").await.unwrap();
    report(&bob, &club, &spam, "spam").await;
    report(&bob, &club, &watches, "sells watches").await;
    report(&bob, &club, &protected, "spam too").await;
    report(&bob, &club, &by_moderator, "and again").await;

    // By itself, and within one look at the reports.
    let card = m.hears(&format!("Event: `{spam}`")).await;
    let done = "author suspended, file quarantined, message redacted. Undo: `!undo 2`.";
    let card = m.shows(&card.id, done).await;
    // The rule does not say that it is settled.
    card.says(&["Open: nobody has claimed it yet.", "Job 2 by the rule “spam of new accounts”: "]);
    m.hears("Job 2: act by the rule “spam of new accounts” – done").await.says(&["`!undo 2`"]);
    let redacted = bob.event(&club, &spam).await.unwrap();
    let redaction = &redacted["unsigned"]["redacted_because"];
    let reports = "/_synapse/admin/v1/event_reports?dir=f&limit=1";
    let reports = scene.admin.get(reports).await.unwrap();
    let received = reports["event_reports"][0]["received_ts"].as_u64().unwrap();
    let took = redaction["origin_server_ts"].as_u64().unwrap() - received;
    assert!(took <= AT_ONCE, "{took} ms");
    assert_eq!(redaction["sender"], BOT);
    let account = format!("/_synapse/admin/v2/users/{}", path_part(&eve.user_id));
    let download = format!("/_matrix/client/v1/media/download/{}", file.strip_prefix("mxc://").unwrap());
    assert_eq!(scene.admin.get(&account).await.unwrap()["suspended"], true);
    assert_eq!(bob.request("GET", &download, None).await.unwrap().0, 404);

    // Others are left alone, and it is said why.
    let trial = m.hears("The rule “on trial” matches case").await;
    trial.says(&["Dry run: nothing was done.", "redact", "suspend"]);
    m.hears("`@vip:hs.test` is exempt by my configuration").await.says(&["Nothing was done:"]);
    m.hears("`@mod:hs.test` is a moderator").await.says(&["Nothing was done:"]);
    for event in [&watches, &protected, &by_moderator] {
        let event = bob.event(&club, event).await.unwrap();
        assert!(event["content"]["body"].is_string(), "{event}");
    }
    for user in [&dan, &vip] {
        let account = format!("/_synapse/admin/v2/users/{}", path_part(&user.user_id));
        assert_eq!(scene.admin.get(&account).await.unwrap()["suspended"], false);
    }

    // All of it is remembered, and what can be undone is undone.
    m.good("!audit spam of new accounts", "by the rule “spam of new accounts”").await;
    m.good("!rules", "spam of new accounts").await.says(&["on trial"]);
    scene.carry_out("!undo 2", &["I cannot bring back what was redacted in Club"], "undo – done").await;
    m.shows(&card.id, "Undone by job 3 of `@mod:hs.test`").await;
    assert_eq!(scene.admin.get(&account).await.unwrap()["suspended"], false);
    assert_eq!(bob.request("GET", &download, None).await.unwrap().0, 200);
    assert_eq!(scene.bot.stop().await, 0);
}

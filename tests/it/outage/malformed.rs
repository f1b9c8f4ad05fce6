//! Events of every kind that the bot reads, of every wrong shape: what the server takes comes through a real sync, and what
//! it refuses to take is put into its answers on the way.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use throwaway_synapse::{Role, path_part};

use super::{behind_a_proxy, from_environment, is_the_same_and_well, kick, report, start, watched};
use crate::support::{BOT, Scene};

/// What must come out as it went in: as text.
const HOSTILE: &str = "<b>evil</b> **evil** [x](https://evil.test) @room @mod:hs.test \u{202e}gnp\u{0}\u{7}\u{200b} \
                       <a href=\"https://evil.test\">y</a><img src=\"mxc://evil.test/a\"><script>alert(1)</script>\n# evil";

/// Values of every type, for any field.
fn odd() -> Vec<Value> {
    let mut deep = json!("deep");
    // As deep as what reads a whole sync into JSON still takes, which is 128.
    for _ in 0..50 {
        deep = json!({"m.relates_to": [deep]});
    }
    vec![
        json!(null),
        json!(true),
        json!(-5),
        json!(9_007_199_254_740_991_i64),
        json!(""),
        json!(HOSTILE),
        json!("x".repeat(10_000)),
        json!("\u{202e}\u{200d}\u{feff}".repeat(300)),
        json!([]),
        json!([5, null, {"a": []}, HOSTILE]),
        json!({}),
        json!({"a": {"b": [1]}, HOSTILE: HOSTILE}),
        deep,
    ]
}

/// The state that the bot reads: its type, its state key, and the fields of its content.
const STATE: [(&str, &str, &[&str]); 19] = [
    ("m.room.name", "", &["name"]),
    ("m.room.topic", "", &["topic", "m.topic"]),
    ("m.room.avatar", "", &["url", "info"]),
    ("m.room.canonical_alias", "", &["alias", "alt_aliases"]),
    ("m.room.join_rules", "", &["join_rule", "allow"]),
    ("m.room.history_visibility", "", &["history_visibility"]),
    ("m.room.guest_access", "", &["guest_access"]),
    ("m.room.server_acl", "", &["allow", "deny", "allow_ip_literals"]),
    ("m.room.pinned_events", "", &["pinned"]),
    ("m.room.tombstone", "", &["replacement_room", "body"]),
    ("m.room.aliases", "hs.test", &["aliases"]),
    ("m.room.third_party_invite", "token", &["display_name", "public_key"]),
    ("m.space.child", "!child:hs.test", &["via", "order", "suggested"]),
    ("m.space.parent", "!parent:hs.test", &["via", "canonical"]),
    ("m.policy.rule.user", "rule", &["entity", "recommendation", "reason"]),
    ("m.policy.rule.room", "rule", &["entity", "recommendation"]),
    ("m.policy.rule.server", "rule", &["entity", "reason"]),
    ("org.matrix.msc4284.policy", "", &["via", "public_key"]),
    ("org.evil.\u{202e}\u{7}<b>evil</b>", "<b>evil</b>\u{202e}", &["a"]),
];

/// What users say and how they react: the type and the fields of the content.
const SAID: [(&str, &[&str]); 5] = [
    (
        "m.room.message",
        &["msgtype", "body", "formatted_body", "m.relates_to", "m.new_content", "m.mentions", "file"],
    ),
    ("m.reaction", &["m.relates_to"]),
    ("m.sticker", &["body", "url"]),
    ("m.room.redaction", &["redacts", "reason"]),
    ("org.evil.\u{202e}<b>evil</b>", &["body"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_of_every_kind() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    start(&mut scene).await;
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    let club = watched(&scene, "Club", &[eve.clone(), bob.clone()]).await;
    scene.moderator.told_that(&club, "bob").await;

    // What the server takes.
    let taken = sent(&scene, &club).await;
    eprintln!("the server took {} of {} malformed events", taken.0, taken.1);
    assert!(taken.0 > 30 && 2 * taken.0 > taken.1, "{taken:?}");
    scene.moderator.ask("!version", "on Synapse").await;

    // What it does not take.
    let is_odd = Arc::new(AtomicBool::new(true));
    let added = Arc::new(AtomicUsize::new(0));
    let (switch, count, management, watched_room) =
        (is_odd.clone(), added.clone(), scene.moderator.room.clone(), club.clone());
    proxy.rewrite(move |line, answer| {
        if !switch.load(Ordering::Relaxed) {
            return;
        }
        let first = count.load(Ordering::Relaxed);
        if line.contains("/v3/sync") {
            for room in [&management, &watched_room] {
                let Some(timeline) =
                    answer.pointer_mut(&format!("/rooms/join/{}/timeline/events", escaped(room)))
                else {
                    continue;
                };
                surround(timeline, first);
                // Whose levels are no levels has no power that could be known, and is refused for that reason.
                let events = timeline.as_array_mut().unwrap();
                events.retain(|event| event["type"] != "m.room.power_levels" || !is_inner(event));
                count.fetch_add(ODD_ONES, Ordering::Relaxed);
            }
        } else if line.contains("/messages") {
            if let Some(chunk) = answer.get_mut("chunk") {
                surround(chunk, first);
                count.fetch_add(ODD_ONES, Ordering::Relaxed);
            }
        } else if line.contains("/context/")
            && let Some(state) = answer.get_mut("state")
        {
            surround(state, first);
        }
    });
    for n in 0..3 {
        let m = &scene.moderator;
        m.ask("!version", "on Synapse").await;
        // By its ID: its name is odd.
        m.ask(&format!("!room {club}"), &club).await;
        let name = json!({"name": format!("Club {n}")});
        m.user.send_state(&club, "m.room.name", "", name).await.unwrap();
        m.told_that(&club, &format!("“Club {n}”")).await;
    }
    assert!(added.load(Ordering::Relaxed) > 3 * ODD_ONES);
    // What was missed is read back, with more of it.
    assert_eq!(scene.bot.stop().await, 0);
    let asked = scene.moderator.say("!version").await;
    kick(&scene.moderator.user, &club, &bob.user_id).await;
    scene.bot.start().await;
    let m = &scene.moderator;
    m.answer(&asked, "on Synapse").await;
    m.told_that(&club, "kicked bob").await;
    is_odd.store(false, Ordering::Relaxed);
    reports(&scene, &club, &eve).await;
    let m = &scene.moderator;
    m.ask(&format!("!explain {club}"), "").await;
    m.ask(&format!("!state {club}"), "").await;
    m.ask(&format!("!messages {club}"), "").await;
    harmless(m.events());
    is_the_same_and_well(&scene);
}

/// Sends everything into the watched room, and what concerns the management room there; how much was taken, and of what.
async fn sent(scene: &Scene, club: &str) -> (usize, usize) {
    let user = &scene.moderator.user;
    let (mut taken, mut all) = (0, 0);
    // Each of the values is in some fields, and each of the fields has some of the values.
    let every = if from_environment("GLEIPNIR_ALL_ODD", 0) > 0 { 1 } else { 3 };
    let mut turn = 0;
    let mut put = async |path: String, content: Value| {
        turn += 1;
        if turn % every != 0 {
            return;
        }
        let (status, _) = user.request("PUT", &path, Some(content)).await.unwrap();
        all += 1;
        taken += usize::from(status == 200);
    };
    let mut txn = 0;
    for value in odd() {
        for (kind, key, fields) in STATE {
            let path = format!(
                "/_matrix/client/v3/rooms/{}/state/{}/{}",
                path_part(club),
                path_part(kind),
                path_part(key)
            );
            let content = fields.iter().map(|field| ((*field).to_owned(), value.clone()));
            put(path, Value::Object(content.collect())).await;
        }
        for (kind, fields) in SAID {
            for field in fields {
                txn += 1;
                let room = if txn % 2 == 0 { club } else { &*scene.moderator.room };
                let path =
                    format!("/_matrix/client/v3/rooms/{}/send/{}/odd{txn}", path_part(room), path_part(kind));
                let mut content = json!({"msgtype": "m.text", "body": "hello"});
                content[*field] = value.clone();
                if *field == "m.relates_to" {
                    content = json!({"body": "hello", "m.relates_to":
                        {"event_id": value, "rel_type": value, "key": value, "m.in_reply_to": value}});
                }
                put(path, content).await;
            }
        }
        // Names of people, and levels of power.
        for room in [club, &*scene.moderator.room] {
            let path = format!(
                "/_matrix/client/v3/rooms/{}/state/m.room.member/{}",
                path_part(room),
                path_part(&user.user_id)
            );
            put(
                path,
                json!({"membership": "join", "displayname": value, "avatar_url": value, "reason": value}),
            )
            .await;
        }
        let path = format!("/_matrix/client/v3/rooms/{}/state/m.room.power_levels/", path_part(club));
        let users = json!({&user.user_id: 100, BOT: 100});
        put(path, json!({"users": users, "events": {"org.evil": 50}, "notifications": value, "a": value}))
            .await;
    }
    (taken, all)
}

/// How many are put around what a list holds.
const ODD_ONES: usize = 40;

/// Whether an event is one of those of the right shape outside.
fn is_inner(event: &Value) -> bool {
    event["event_id"].as_str().is_some_and(|id| id.starts_with("$inner"))
}

/// Puts events that are none around the events of a list.
fn surround(list: &mut Value, first: usize) {
    let Some(list) = list.as_array_mut() else { return };
    let whole = json!({"type": "m.room.member", "sender": "@mod:hs.test", "state_key": "@eve:hs.test",
        "content": {"membership": "leave"}, "origin_server_ts": 1_795_219_200_000_i64, "unsigned": {}});
    let mut events = vec![json!(5), json!(null), json!([]), json!("event"), json!({})];
    let fields = ["type", "sender", "state_key", "content", "origin_server_ts", "unsigned", "event_id"];
    let values = [json!(5), json!(null), json!([1]), json!({"a": 1}), json!(1.5), json!(HOSTILE)];
    let mut n = first;
    while events.len() < ODD_ONES {
        n += 1;
        let mut event = whole.clone();
        event["event_id"] = json!(format!("$odd{n}"));
        event[fields[n % fields.len()]] = values[n / fields.len() % values.len()].clone();
        if n.is_multiple_of(3) {
            // Of the right shape outside, and not inside.
            let inner = [
                (
                    "m.room.power_levels",
                    json!({"users": {"@eve:hs.test": "100", "x": 1.5, "": null}, "ban": {}}),
                ),
                ("m.room.member", json!({"membership": [5], "displayname": {"a": 1}})),
                (
                    "m.room.join_rules",
                    json!({"join_rule": "restricted", "allow": [5, {"type": 7, "room_id": []}]}),
                ),
                ("m.room.server_acl", json!({"allow": 5, "deny": [null, 1.5, HOSTILE]})),
                ("m.room.create", json!({"room_version": 11, "creator": []})),
                ("m.room.encrypted", json!({"algorithm": 5, "ciphertext": []})),
                ("m.reaction", json!({"m.relates_to": {"event_id": 5, "key": []}})),
                ("m.room.message", json!({"msgtype": "m.text", "body": ["!version"]})),
            ];
            let (kind, content) = inner[n / 3 % inner.len()].clone();
            event = json!({"type": kind, "sender": "@mod:hs.test", "event_id": format!("$inner{n}"),
                "content": content, "origin_server_ts": 1_795_219_200_000_i64});
            if !["m.reaction", "m.room.message", "m.room.encrypted"].contains(&kind) {
                event["state_key"] = json!("");
            }
        }
        events.push(event);
    }
    let after = events.split_off(ODD_ONES / 2);
    events.append(list);
    events.extend(after);
    *list = events;
}

/// Reports with odd reasons: each is in a case.
async fn reports(scene: &Scene, room: &str, eve: &throwaway_synapse::User) {
    let m = &scene.moderator;
    for (n, reason) in [HOSTILE.to_owned(), "\u{202e}".repeat(500), "r".repeat(60_000), String::new()]
        .into_iter()
        .enumerate()
    {
        let words = format!("{HOSTILE} number {n}.");
        let event = eve.send_text(room, &words).await.unwrap();
        report(&m.user, room, &event, &reason).await;
        m.hears(&format!("Case {}: ", n + 1)).await;
    }
    let path = format!("/_matrix/client/v3/users/{}/report", path_part(&eve.user_id));
    m.user.post(&path, json!({"reason": HOSTILE})).await.unwrap();
    m.hears("Case 5: ").await;
}

/// Nothing that the bot said formats, links or pings what strangers wrote.
fn harmless(events: Vec<Value>) {
    let said = events.into_iter().filter(|event| event["sender"] == BOT && event["type"] == "m.room.message");
    for event in said {
        for content in [&event["content"], &event["content"]["m.new_content"]] {
            let text = content["body"].as_str().unwrap_or_default();
            let html = content["formatted_body"].as_str().unwrap_or_default();
            for tag in ["<b>evil", "<script", "<img", "<h1", "href=\"https://evil", "<strong>evil"] {
                assert!(!html.contains(tag), "{tag} in {html}");
            }
            let is_control = |c: char| {
                (c.is_control() && c != '\n')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            for words in [text, html] {
                assert!(!words.chars().any(is_control), "{words:?}");
            }
            let mentions = &content["m.mentions"];
            assert!(mentions.is_null() || *mentions == json!({}), "{content}");
        }
    }
}

/// A room ID as a part of a JSON pointer.
fn escaped(room: &str) -> String {
    room.replace('~', "~0").replace('/', "~1")
}

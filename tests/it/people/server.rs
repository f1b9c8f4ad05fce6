//! `!notice`, `!token`, `!federation retry` and `!ratelimit`.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::users;
use crate::support::{Answer, BOT, PATIENCE, Scene};

/// The settings of a server that sends notices.
pub(super) fn with_notices() -> Value {
    json!({"server_notices": {"system_mxid_localpart": "notices", "room_name": "Server notices"}})
}

/// Comes as a server notice, from the server's own account.
pub(super) async fn noticed(scene: &Scene) {
    let m = &scene.moderator;
    let [eve, bob] = users(scene, ["eve", "bob"]).await;
    let text = "Please  be *kind*.\n\n@room <b>thanks</b>";
    let line = format!("!notice @eve:hs.test @bob:hs.test {text}");
    let preview = ["To write to:", "Please  be *kind*.", "What is written cannot be taken back."];
    let done = scene.carry_out(&line, &preview, "notice – done").await;
    done.says(&[
        "`@eve:hs.test` is told, by a server notice.",
        "`@bob:hs.test` is told, by a server notice.",
    ]);
    for user in [&eve, &bob] {
        let (room, sender) = invitation(user).await;
        assert_eq!(sender, "@notices:hs.test");
        user.join(&room).await.unwrap();
        let notice = user.wait_for(&room, PATIENCE, |event| event["content"]["body"] == text).await.unwrap();
        assert_eq!(
            (&notice["content"]["format"], &notice["content"]["formatted_body"]),
            (&Value::Null, &Value::Null)
        );
    }
    m.bad(&format!("!undo {}", done.job()), "I cannot take back what I wrote to `@eve:hs.test`.").await;
    m.all_bad(&[
        ("!notice @eve:hs.test @nobody:hs.test hello", "There is no account `@nobody:hs.test`"),
        ("!notice @far:elsewhere.test hello", "is of another server"),
        ("!notice @eve:hs.test", "What shall I write?"),
        (&format!("!notice {BOT} hello"), "I do not write to myself."),
    ])
    .await;
}

/// Without server notices, it comes from the bot.
pub(super) async fn noticed_in_a_chat(scene: &Scene) {
    let [ron] = users(scene, ["ron"]).await;
    let done = scene.carry_out("!notice @ron:hs.test hello", &["This text:"], "notice – done").await;
    let chat = done.code("is told, in the direct chat").to_owned();
    let (room, sender) = invitation(&ron).await;
    assert_eq!((room.as_str(), sender.as_str()), (chat.as_str(), BOT));
    ron.join(&chat).await.unwrap();
    ron.wait_for(&chat, PATIENCE, |event| event["sender"] == BOT && event["content"]["body"] == "hello")
        .await
        .unwrap();
}

/// The room that a user is invited to, and by whom.
async fn invitation(user: &User) -> (String, String) {
    let sync = user.sync(None, 0).await.unwrap();
    let (room, invite) = sync["rooms"]["invite"].as_object().unwrap().iter().next().expect("an invitation");
    let events = invite["invite_state"]["events"].as_array().unwrap();
    let of_user = events.iter().find(|event| event["state_key"] == user.user_id.as_str()).unwrap();
    (room.clone(), of_user["sender"].as_str().unwrap().to_owned())
}

/// A registration token, by the admin API's word.
async fn token(scene: &Scene, word: &str) -> Value {
    let path = format!("/_synapse/admin/v1/registration_tokens/{}", path_part(word));
    let (status, answer) = scene.admin.request("GET", &path, None).await.unwrap();
    if status == 200 { answer } else { Value::Null }
}

/// Made, changed and deleted, each with its undo.
pub(super) async fn tokens(scene: &Scene) {
    let m = &scene.moderator;
    let undo = async |answer: &Answer| m.good(&format!("!undo {}", answer.job()), "undo – done").await;
    m.good("!token list", "There is no registration token.").await;
    let made = m.good("!token new --uses 5 --expires 7d", "token – done").await;
    let word = made.code("The registration token").to_owned();
    let shown = token(scene, &word).await;
    assert_eq!(shown["uses_allowed"], 5);
    assert!(shown["expiry_time"].is_i64());
    let begins = &word[..4];
    m.good("!token list", "1 registration token").await.leaves_out(&[&word]);
    m.good(&format!("!token show {word}"), "can be used").await.leaves_out(&[&word]);
    m.good(&format!("!token show {begins} --reveal"), &word).await;

    let edited = m
        .good(&format!("!token edit {word} --uses 9 --expires never"), "is good now for 9 registrations")
        .await;
    edited.leaves_out(&[&word]);
    let shown = token(scene, &word).await;
    assert_eq!((&shown["uses_allowed"], &shown["expiry_time"]), (&json!(9), &Value::Null));
    undo(&edited).await;
    let shown = token(scene, &word).await;
    assert_eq!((&shown["uses_allowed"], shown["expiry_time"].is_i64()), (&json!(5), true));

    let deleted = m.good(&format!("!token delete {word}"), "is deleted: nobody can register with it.").await;
    assert_eq!(token(scene, &word).await, Value::Null);
    undo(&deleted).await;
    assert_eq!(token(scene, &word).await["uses_allowed"], 5);
    // Only its beginning: that asks first.
    scene
        .carry_out(&format!("!token delete {begins}"), &["Only its beginning was given"], "token – done")
        .await;
    assert_eq!(token(scene, &word).await, Value::Null);

    let chosen =
        m.good("!token new --token Welcome.to_hs~1 --uses 1", "is made: for 1 registration, for ever.").await;
    assert_eq!(token(scene, "Welcome.to_hs~1").await["pending"], 0);
    m.bad("!token new --token Welcome.to_hs~1 --uses 1", "with that word already").await;
    undo(&chosen).await;
    assert_eq!(token(scene, "Welcome.to_hs~1").await, Value::Null);
    let endless =
        scene.carry_out("!token new", &["without end"], "for any number of registrations, for ever.").await;
    undo(&endless).await;
    m.good("!token list", "There is no registration token.").await;
    m.all_bad(&[
        ("!token delete nope", "No registration token is or begins so."),
        ("!token edit nope --uses 1", "No registration token is or begins so."),
        ("!token new --uses 0", "Nobody could register with it."),
        ("!token new --uses 1 --token \"a b\"", "That cannot be a registration token"),
        ("!token new --uses 1 --expires 2020-01-01", "is over already"),
    ])
    .await;
}

/// A server that cannot be reached is tried at once.
pub(super) async fn servers(scene: &Scene) {
    let m = &scene.moderator;
    let sql = "INSERT INTO destinations (destination, retry_interval, retry_last_ts, failure_ts) \
               VALUES (?, 86400000, strftime('%s', 'now') * 1000, (strftime('%s', 'now') - 1000) * 1000)";
    scene.tamper(sql, &["down.test"]);
    m.good("!federation", "1 server that cannot be reached")
        .await
        .says(&["`down.test`: cannot be reached since"]);
    m.good("!federation down.test", "cannot be reached since")
        .await
        .says(&["Next try: ", "Rooms shared: none"]);
    m.good("!federation retry down.test --dry-run", "It would be tried at once").await;
    let done = m.good("!federation retry Down.test", "federation – done").await;
    done.says(&["`down.test` is tried again."]);
    let path = "/_synapse/admin/v1/federation/destinations/down.test";
    assert_eq!(scene.admin.get(path).await.unwrap()["retry_interval"], 0);
    m.good("!federation nowhere.test", "This server never had to do with").await;
    m.good("!federation retry down.test", "There is nothing to try again.").await;
    m.bad(&format!("!undo {}", done.job()), "there is nothing to put right").await;
    m.all_bad(&[
        ("!federation retry nowhere.test", "This server never had to do with `nowhere.test`"),
        ("!federation retry", "Which server?"),
        ("!federation retry \"a b\"", "is no name of a server."),
    ])
    .await;
}

/// Set, cleared, and shown.
pub(super) async fn rate_limits(scene: &Scene) {
    let m = &scene.moderator;
    let [max] = users(scene, ["max"]).await;
    let path = format!("/_synapse/admin/v1/users/{}/override_ratelimit", path_part(&max.user_id));
    let limit = async || scene.admin.get(&path).await.unwrap();
    let undo = async |answer: &Answer| m.good(&format!("!undo {}", answer.job()), "undo – done").await;
    m.good("!ratelimit @max:hs.test", "has the rate limit: the server's own.").await;
    let set = m.good("!ratelimit @max:hs.test set 2 10", "can do 2 a second, and 10 at once.").await;
    assert_eq!(limit().await, json!({"messages_per_second": 2, "burst_count": 10}));
    m.good("!ratelimit @max:hs.test", "2 a second, 10 at once").await;
    m.good("!ratelimit @max:hs.test set 2 10", "has that rate limit already").await;
    let free = m.good("!ratelimit @max:hs.test set unlimited", "can send as fast as it likes.").await;
    assert_eq!(limit().await, json!({"messages_per_second": 0, "burst_count": 0}));
    undo(&free).await;
    assert_eq!(limit().await, json!({"messages_per_second": 2, "burst_count": 10}));
    let cleared = m.good("!ratelimit @max:hs.test clear", "that of the server holds.").await;
    assert_eq!(limit().await, json!({}));
    m.good("!ratelimit @max:hs.test clear", "has no rate limit of its own.").await;
    undo(&cleared).await;
    assert_eq!(limit().await["messages_per_second"], 2);
    scene.carry_out(&format!("!undo {}", set.job()), &["came later"], "undo – done").await;
    assert_eq!(limit().await, json!({}));
    // The bot's own may be lifted.
    m.good(&format!("!ratelimit {BOT} set unlimited"), "ratelimit – done").await;
    m.all_bad(&[
        ("!ratelimit @nobody:hs.test set 1 1", "There is no account `@nobody:hs.test`"),
        ("!ratelimit @max:elsewhere.test", "is of another server"),
        ("!ratelimit @max:hs.test set 0 0", "0 does not mean nothing"),
        ("!ratelimit @max:hs.test set", "Give how many actions a second"),
    ])
    .await;
    assert_eq!(scene.account("@nobody:hs.test").await, Value::Null);
}

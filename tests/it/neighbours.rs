//! What the bot does with users and rooms of another server, on two servers that federate: seen from both.

use std::time::Duration;

use serde_json::{Value, json};
use throwaway_synapse::{Synapse, User, path_part};

use crate::support::{Kind, Moderator, Neighbour, PATIENCE, Scene, has_state, hears, redacted, sees};

/// A scene with a neighbour, and the bot at work, telling everything of watched rooms.
async fn at_work(server: throwaway_synapse::Builder) -> Option<(Scene, Neighbour)> {
    let (mut scene, neighbour) = Scene::with_neighbour(server, Kind::Open).await?;
    "[feed]\ndefault = \"all\"".clone_into(&mut scene.bot.more);
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    Some((scene, neighbour))
}

/// A public room of the moderator that the bot watches, and has power in.
async fn watched(scene: &Scene, name: &str) -> String {
    let (moderator, bot) = (&scene.moderator.user, &scene.bot.user_id);
    let room = scene.room(moderator, name, &[]).await;
    moderator.invite(&room, bot).await.unwrap();
    scene.moderator.hears(&format!("`{room}`): I am in it now, and watch it.")).await;
    let mut levels = moderator.state(&room, "m.room.power_levels", "").await.unwrap();
    levels["users"][bot] = json!(100);
    moderator.send_state(&room, "m.room.power_levels", "", levels).await.unwrap();
    room
}

/// Does something about a room in a user's name.
async fn post(user: &User, room: &str, act: &str, body: Value) {
    let path = format!("/_matrix/client/v3/rooms/{}/{act}", path_part(room));
    user.post(&path, body).await.unwrap();
}

/// Name and ID, as they are told.
fn told(name: &str, user: &User) -> String {
    format!("{name} (`{}`)", user.user_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_another_server_are_told_of_and_kept_out() {
    let Some((mut scene, neighbour)) = at_work(Synapse::builder()).await else { return };
    // One who comes and goes, and one who stays and sees it from there.
    let [bob, rob] = [neighbour.user("bob").await, neighbour.user("rob").await];
    let room = watched(&scene, "Square").await;
    rob.join_via(&room, scene.synapse.server_name()).await.unwrap();
    comes_and_goes(&scene, &room, [&bob, &rob]).await;
    kept_out(&scene, &room, [&bob, &rob]).await;
    messages_vanish(&scene, &room, [&bob, &rob]).await;
    invites(&scene, &neighbour).await;
    assert_eq!(scene.bot.stop().await, 0);
}

/// Every change that somebody of the other server makes is told once, in its sentence.
async fn comes_and_goes(scene: &Scene, room: &str, [bob, rob]: [&User; 2]) {
    let m = &scene.moderator;
    let here = scene.synapse.server_name();
    let moderator = told("mod", &m.user);
    let before = m.told_that(room, "rob (").await;
    assert!(before.sentence.ends_with("joined, because the room is public"), "{}", before.sentence);
    let before = m.told_so_far(room).len();

    bob.join_via(room, here).await.unwrap();
    bob.display_name("Bobby").await.unwrap();
    let is_bobby = |content: &Value| content["displayname"] == "Bobby";
    has_state(&m.user, room, ("m.room.member", &bob.user_id), is_bobby).await;
    post(bob, room, "leave", json!({"reason": "bye"})).await;
    sees(&m.user, room, &bob.user_id, "leave").await;
    for answer in ["leave", "join"] {
        m.user.invite(room, &bob.user_id).await.unwrap();
        // Their own server has it twice: as an invitation, and as what changed in a room that it is in.
        invited(bob, room).await;
        sees(rob, room, &bob.user_id, "invite").await;
        post(bob, room, answer, json!({})).await;
        sees(&m.user, room, &bob.user_id, answer).await;
    }
    let told_of: Vec<String> =
        m.told(room, before + 7).await.into_iter().skip(before).map(|told| told.sentence).collect();
    let (bob_at_first, bobby) = (told("bob", bob), told("Bobby", bob));
    assert_eq!(
        told_of,
        [
            format!("{bob_at_first} joined, because the room is public"),
            format!("{bob_at_first} changed the name from “bob” to “Bobby”"),
            format!("{bobby} left, because “bye”"),
            format!("{moderator} invited {bobby}"),
            format!("{bobby} declined the invitation from {moderator}"),
            format!("{moderator} invited {bobby}"),
            format!("{bobby} accepted the invitation from {moderator}"),
        ]
    );
}

/// Waits until somebody's own server has an invitation for them.
async fn invited(user: &User, room: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while user.sync(None, 0).await.unwrap()["rooms"]["invite"][room].is_null() {
        assert!(tokio::time::Instant::now() < deadline, "{} is not invited to {room}", user.user_id);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Kicked, banned, let in again and invited, each with the bot's own power, and known on the other server.
async fn kept_out(scene: &Scene, room: &str, [bob, rob]: [&User; 2]) {
    let (m, here) = (&scene.moderator, scene.synapse.server_name());
    let id = &bob.user_id;
    let kicked = m.good(&format!("!kick {id} {room} rude words"), "kick – done").await;
    kicked.says(&[&format!("`{id}` is kicked from Square")]);
    let content = sees(rob, room, id, "leave").await;
    assert_eq!(content["reason"], "rude words");
    let line = m.told_that(room, "rude words").await.sentence;
    assert!(line.contains(&format!("kicked Bobby (`{id}`)")), "{line}");
    assert!(line.contains(&format!("my doing, for `{}`", m.user.user_id)), "{line}");
    bob.join_via(room, here).await.unwrap();

    let banned = m.good(&format!("!ban {id} {room} raid"), "ban – done").await;
    assert_eq!(sees(rob, room, id, "ban").await["reason"], "raid");
    let refused = bob.join_via(room, here).await.unwrap_err().to_string();
    assert!(refused.contains("answered 403"), "{refused}");
    m.good(&format!("!unban {id} {room}"), "unban – done").await;
    sees(rob, room, id, "leave").await;
    bob.join_via(room, here).await.unwrap();
    sees(rob, room, id, "join").await;

    // By undo as well, and with an invitation that reaches them at home.
    let again = m.good(&format!("!ban {id} {room} again"), "ban – done").await;
    sees(rob, room, id, "ban").await;
    m.good(&format!("!undo {}", again.job()), "undo – done").await;
    sees(rob, room, id, "leave").await;
    m.good(&format!("!invite {id} {room}"), "invite – done").await;
    invited(bob, room).await;
    bob.join_via(room, here).await.unwrap();
    assert!(again.job() > banned.job());

    let muted = m.good(&format!("!mute {id} {room}"), "mute – done").await;
    let is_power = |power: i64| move |levels: &Value| levels["users"][id] == power;
    has_state(rob, room, ("m.room.power_levels", ""), is_power(-1)).await;
    let refused = bob.send_text(room, "can I say that?").await.unwrap_err().to_string();
    assert!(refused.contains("answered 403"), "{refused}");
    m.good(&format!("!undo {}", muted.job()), "undo – done").await;
    let is_free = |levels: &Value| levels["users"][id].is_null();
    has_state(rob, room, ("m.room.power_levels", ""), is_free).await;
}

/// The server redacts nothing in the name of users who are not its own, so that the bot does it by itself.
async fn messages_vanish(scene: &Scene, room: &str, [bob, rob]: [&User; 2]) {
    let (m, id) = (&scene.moderator, &bob.user_id);
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(bob.send_text(room, &format!("buy {n}")).await.unwrap());
    }
    let last = sent.last().unwrap();
    hears(&m.user, room, last).await;
    let kept = rob.send_text(room, "what is that?").await.unwrap();
    hears(&m.user, room, &kept).await;

    let one = format!("!redact {room} {} spam", sent[0]);
    scene.carry_out(&one, &["Redact one message in Square"], "redact – done").await;
    let by = redacted(rob, room, &sent[0]).await;
    assert_eq!((&by["sender"], &by["content"]["reason"]), (&json!(scene.bot.user_id), &json!("spam")));
    let all = format!("!redact {id} {room} spam wave");
    scene.carry_out(&all, &["2 events in 1 room: 2 messages"], "Redacted: 2 events in 1 room.").await;
    for event in &sent[1..] {
        let by = redacted(rob, room, event).await;
        assert_eq!(by["content"]["reason"], "spam wave");
    }
    m.good(&all, "There is nothing to redact of").await;
    let kept = rob.event(room, &kept).await.unwrap();
    assert_eq!(kept["content"]["body"], "what is that?");
}

/// An invitation from another server is told, and left alone.
async fn invites(scene: &Scene, neighbour: &Neighbour) {
    let stranger = neighbour.user("stranger").await;
    let lure = json!({"preset": "private_chat", "name": "Come in!", "invite": [scene.bot.user_id]});
    let lure = stranger.create_room(lure).await.unwrap();
    let words = format!("`{}` invited me to `{lure}`. I leave the invitation alone", stranger.user_id);
    scene.moderator.hears(&words).await;
    sees(&stranger, &lure, &scene.bot.user_id, "invite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_shut_down_here_lives_on_there() {
    let Some((mut scene, neighbour)) = at_work(Synapse::builder()).await else { return };
    let [ann, ben] = scene.crowd("local", 2).await.try_into().unwrap_or_else(|_| unreachable!());
    let rob = neighbour.user("rob").await;
    // One that was made there, and one that was made here.
    let theirs = neighbour.room(&rob, "Their den", &[&ann, &ben]).await;
    let ours = watched(&scene, "Our den").await;
    ann.join(&ours).await.unwrap();
    rob.join_via(&ours, scene.synapse.server_name()).await.unwrap();
    let locals = [&ann.user_id, &ben.user_id];
    shut_down(&scene, &theirs, &rob, &locals).await;
    // Who removed them is themselves, for the room: nobody here had any power in it.
    assert_eq!(sees(&rob, &theirs, &ann.user_id, "leave").await["reason"], Value::Null);

    // Blocked, and unknown here: nobody comes in. Opened again, they come back through the server that kept it.
    let refused = ann.join_via(&theirs, neighbour.name()).await.unwrap_err().to_string();
    assert!(refused.contains("403") && refused.contains("blocked"), "{refused}");
    scene.moderator.good(&format!("!unblock {theirs}"), "is open again.").await;
    ann.join_via(&theirs, neighbour.name()).await.unwrap();
    sees(&rob, &theirs, &ann.user_id, "join").await;
    assert_eq!(ann.state(&theirs, "m.room.name", "").await.unwrap()["name"], "Their den");

    let bot = scene.bot.user_id.clone();
    shut_down(&scene, &ours, &rob, &[&ann.user_id, &scene.moderator.user.user_id, &bot]).await;

    // A room that only the other server knows is kept away before anybody here is in it.
    let unknown = neighbour.room(&rob, "Nobody's den", &[]).await;
    scene.moderator.good(&format!("!block {unknown}"), "block – done").await;
    let refused = ann.join_via(&unknown, neighbour.name()).await.unwrap_err().to_string();
    assert!(refused.contains("403") && refused.contains("blocked"), "{refused}");
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_lives_on_there_is_brought_back_here() {
    let Some((mut scene, neighbour)) = at_work(Synapse::builder()).await else { return };
    let [ann, ben] = scene.crowd("local", 2).await.try_into().unwrap_or_else(|_| unreachable!());
    let rob = neighbour.user("rob").await;
    let room = neighbour.room(&rob, "Their den", &[&ann, &ben]).await;
    let locals = [&ann.user_id, &ben.user_id];
    shut_down(&scene, &room, &rob, &locals).await;

    let preview = ["by joining it again, with 2 local members", "I join it through", neighbour.name()];
    let command = scene.confirm("!undo last", &preview).await;
    let report = scene.moderator.answer(&command, "undo – done").await;
    report.says(&["is back. 2 of 2 former local members are in it again."]);
    for local in locals {
        sees(&rob, &room, local, "join").await;
    }
    // The bot only let them in.
    sees(&rob, &room, &scene.bot.user_id, "leave").await;
    assert!(!scene.is_blocked(&room).await);
    let words = ann.send_text(&room, "we are back").await.unwrap();
    hears(&rob, &room, &words).await;
    let words = rob.send_text(&room, "good").await.unwrap();
    hears(&ben, &room, &words).await;
    assert_eq!(scene.bot.stop().await, 0);
}

/// Shuts a room down; everybody of this server is out, and whoever stays inside there goes on.
async fn shut_down(scene: &Scene, room: &str, stays: &User, locals: &[&String]) {
    let count = locals.len();
    let preview = [
        &*format!("Members: {} ({count} on this server)", count + 1),
        &format!("{count} local members are removed."),
        "One member of another server keeps the room; it goes on without us.",
    ];
    let line = format!("!shutdown {room} spam wave");
    let done = scene.carry_out(&line, &preview, "shutdown – done").await;
    done.says(&[&format!("Removed ({count})"), "the server no longer knows it; it is blocked."]);
    done.leaves_out(&[&stays.user_id]);
    assert!(!scene.knows(room).await && scene.is_blocked(room).await);
    for local in locals {
        sees(stays, room, local, "leave").await;
    }
    sees(stays, room, &stays.user_id, "join").await;
    stays.send_text(room, "still here").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_is_reached_again() {
    // By itself this server would try again after ten minutes only, as it does by default.
    let slow = json!({"federation": {"destination_min_retry_interval": "10m"}});
    let Some((mut scene, mut neighbour)) = at_work(Synapse::builder().config(slow)).await else { return };
    let (m, name) = (&scene.moderator, neighbour.name().to_owned());
    let [rob, bob, new] =
        [neighbour.user("rob").await, neighbour.user("bob").await, neighbour.user("new").await];
    let room = watched(&scene, "Square").await;
    for user in [&rob, &bob] {
        user.join_via(&room, scene.synapse.server_name()).await.unwrap();
    }
    let sent = m.user.send_text(&room, "hello").await.unwrap();
    hears(&rob, &room, &sent).await;
    m.good("!federation", "None of the").await;
    m.good(&format!("!federation {name}"), &format!("`{name}`: can be reached.")).await.says(&["Square"]);

    neighbour.synapse.stop().await.unwrap();
    let missed = m.user.send_text(&room, "is anybody there?").await.unwrap();
    let path = format!("/_synapse/admin/v1/federation/destinations/{}", path_part(&name));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while scene.admin.get(&path).await.unwrap()["failure_ts"].is_null() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the server does not notice that its neighbour is away"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    m.good("!federation", "1 server that cannot be reached").await.says(&[&name]);
    m.good(&format!("!federation {name}"), "cannot be reached since").await.says(&["Next try: "]);
    // What needs that server fails with its name, and what does not is done: an invitation that cannot be handed over
    // keeps no ban waiting.
    m.bad(&format!("!room #den:{name}"), &format!("its server, `{name}`, could not be asked")).await;
    let invite = format!("!invite {} {room}", new.user_id);
    let failed = m.bad(&invite, "invite – failed").await;
    failed.says(&["cannot be reached, and an invitation is handed over at once or not at all."]);
    m.good(&format!("!ban {} {room} spam", bob.user_id), "ban – done").await;

    neighbour.synapse.start_again().await.unwrap();
    let tried = format!("!federation retry {name}");
    m.good(&format!("{tried} --dry-run"), "It would be tried at once, instead of from").await;
    m.good(&tried, "federation – done").await.says(&[&format!("`{name}`")]);
    hears(&rob, &room, &missed).await;
    sees(&rob, &room, &bob.user_id, "ban").await;
    m.good(&invite, "invite – done").await;
    invited(&new, &room).await;
    m.good("!federation", "None of the").await;
    m.good(&tried, "There is nothing to try again.").await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moderator_of_another_server_is_heard_in_an_encrypted_room() {
    let server = Synapse::builder();
    let Some((mut scene, neighbour)) = Scene::with_neighbour(server, Kind::Encrypted).await else { return };
    let (office, user) = (scene.moderator.room.clone(), scene.moderator.user.clone());
    let rob = neighbour.user("rob").await;
    user.invite(&office, &rob.user_id).await.unwrap();
    invited(&rob, &office).await;
    rob.join_via(&office, scene.synapse.server_name()).await.unwrap();
    let mut levels = user.state(&office, "m.room.power_levels", "").await.unwrap();
    levels["users"][&rob.user_id] = json!(50);
    user.send_state(&office, "m.room.power_levels", "", levels).await.unwrap();
    let far = Moderator::encrypted(&neighbour.synapse, rob.clone(), office).await;
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;

    // The keys of either go from server to server.
    let command = far.say("!version").await;
    for moderator in [&far, &scene.moderator] {
        moderator.answer(&command, "Gleipnir").await;
    }
    let room = scene.room(&user, "Square", &[]).await;
    far.good(&format!("!block {room}"), "block – done").await;
    assert!(scene.is_blocked(&room).await);
    far.good("!audit", &format!("asked by `{}`", rob.user_id)).await;
    assert_eq!(scene.bot.stop().await, 0);
}

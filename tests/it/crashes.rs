//! Whatever ends the bot whenever: what was asked is done once.

use std::time::Duration;

use serde_json::Value;
use throwaway_synapse::User;

use crate::support::{Catch, Gate, Kind, Scene};

/// The request that begins a shutdown.
const DELETE: &str = "DELETE /_synapse/admin/v2/rooms/";

/// How many users of the server are in a room that is shut down.
const CROWD: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_shutdown() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let crowd = scene.crowd("member", CROWD).await;
    for moment in ["running", "half", "over"] {
        let room = crowded_room(&scene, &crowd).await;
        let command = scene.shut_down(&format!("!shutdown {room} killed when {moment}")).await;
        match moment {
            "running" => drop(scene.moderator.answer(&command, "shutdown – running").await),
            "half" => scene.removed(&room, CROWD / 2).await,
            _ => scene.removed(&room, usize::MAX).await,
        }
        scene.bot.kill();
        scene.bot.start().await;
        shut_down_once(&scene, &room, &command).await;
    }
    // A start later, nothing happens again.
    let said = scene.moderator.said();
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.said()[..said.len()], said);
    assert_eq!(scene.moderator.said().len(), said.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_a_confirmation_and_its_execution() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let gate = Gate::new(scene.synapse.url());
    scene.bot.url = gate.url();
    scene.bot.start().await;
    let crowd = scene.crowd("member", 2).await;

    // The ✅ is in the room, and the bot never sees it before it is killed.
    let (room, command, preview) = previewed(&scene, &crowd).await;
    scene.bot.freeze();
    scene.moderator.react(&preview, "✅").await;
    scene.bot.kill();
    assert_eq!(scene.delete_tasks(&room).await, Vec::<Value>::new());
    scene.bot.start().await;
    shut_down_once(&scene, &room, &command).await;

    // The ✅ comes while the bot is down.
    let (room, command, preview) = previewed(&scene, &crowd).await;
    scene.bot.kill();
    scene.moderator.react(&preview, "✅").await;
    scene.bot.start().await;
    shut_down_once(&scene, &room, &command).await;

    // The bot asks the server, is killed, and the server never hears it.
    let (room, command, preview) = previewed(&scene, &crowd).await;
    gate.catch(Catch::Request(DELETE));
    scene.moderator.react(&preview, "✅").await;
    gate.caught().await;
    scene.bot.kill();
    assert_eq!(scene.delete_tasks(&room).await, Vec::<Value>::new());
    scene.bot.start().await;
    shut_down_once(&scene, &room, &command).await;

    // The server begins, and the bot is killed before it hears so. Asking again would begin a second one.
    let (room, command, preview) = previewed(&scene, &crowd).await;
    gate.catch(Catch::Answer(DELETE));
    scene.moderator.react(&preview, "✅").await;
    gate.caught().await;
    scene.bot.kill();
    assert_eq!(scene.delete_tasks(&room).await.len(), 1);
    scene.bot.start().await;
    shut_down_once(&scene, &room, &command).await;

    // The same without a crash: the connection breaks, and the bot finds its own task.
    let (room, command, preview) = previewed(&scene, &crowd).await;
    gate.catch(Catch::Answer(DELETE));
    scene.moderator.react(&preview, "✅").await;
    gate.caught().await;
    gate.cut();
    shut_down_once(&scene, &room, &command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_while_the_bot_was_down() {
    down(Kind::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_while_the_bot_was_down_encrypted() {
    down(Kind::Encrypted).await;
}

/// More happens while the bot is down than one sync tells.
async fn down(kind: Kind) {
    let Some(mut scene) = Scene::at_work(kind).await else { return };
    let m = &scene.moderator;
    let room = scene.room(&m.user, "A room", &[]).await;
    let event = m.user.send_text(&room, "what is it about?").await.unwrap();
    m.good("!version", "Gleipnir").await;
    scene.bot.kill();
    let reads = [
        ("!version".to_owned(), "on Synapse"),
        ("!help".to_owned(), "!context"),
        (format!("!room {room}"), "A room"),
        (format!("!context {room} {event}"), "what is it about?"),
        ("!frobnicate".to_owned(), "I do not know the command"),
        ("!blocked !nowhere:hs.test".to_owned(), "is not blocked"),
        ("!status".to_owned(), "I am a server admin"),
    ];
    let asks_nobody = |words: &str| words == "!context" || words.starts_with("I do not know");
    let blocks = ["!a:hs.test", "!b:hs.test", "!c:hs.test"];
    let (mut asked, mut blocked) = (Vec::new(), Vec::new());
    for n in 0..10 {
        for chat in 0..8 {
            m.say(&format!("chat {n}.{chat}: is !version a command?")).await;
        }
        match reads.get(n) {
            Some((line, words)) => asked.push((m.say(line).await, *words)),
            None => blocked.push(m.say(&format!("!block {} while down", blocks[n - reads.len()])).await),
        }
    }
    scene.bot.start().await;
    for command in &blocked {
        m.answer(command, "block – done").await;
        m.marked(command, "✅").await;
    }
    let mut order = Vec::new();
    for (command, words) in &asked {
        let answer = m.answer(command, words).await;
        // Who asks the server can be overtaken when that takes long.
        if asks_nobody(words) {
            order.push(m.said().iter().position(|said| *said == answer).unwrap());
        }
    }
    assert!(
        order.len() == 2 && order.is_sorted(),
        "the commands were not answered in their order: {order:?}"
    );
    let jobs: Vec<String> =
        blocked.iter().map(|command| m.replies(command)[0].text[..6].to_owned()).collect();
    assert_eq!(jobs, ["Job 1:", "Job 2:", "Job 3:"]);
    for room in blocks {
        assert!(scene.is_blocked(room).await, "{room}");
    }

    // None a second time.
    let said = m.said().len();
    scene.bot.kill();
    scene.bot.start().await;
    scene.moderator.good("!audit", "asked by").await;
    let m = &scene.moderator;
    assert_eq!(m.said().len(), said + 1);
    for command in asked.iter().map(|(command, _)| command).chain(&blocked) {
        assert_eq!(m.replies(command).len(), 1);
    }
    assert_eq!(audited(&scene).await.len(), blocks.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_waits_for_what_it_follows() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    scene.bot.kill();
    let m = &scene.moderator;
    let block = m.say("!block !x:hs.test").await;
    let unblock = m.say("!unblock !x:hs.test").await;
    let again = m.say("!block !x:hs.test").await;
    let look = m.say("!blocked !x:hs.test").await;
    scene.bot.start().await;
    let m = &scene.moderator;
    m.answer(&block, "block – done").await;
    m.answer(&unblock, "unblock – done").await;
    m.answer(&again, "block – done").await;
    m.answer(&look, "is blocked, first by").await;
    assert!(scene.is_blocked("!x:hs.test").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments() {
    random_moments(Kind::Open, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_encrypted() {
    random_moments(Kind::Encrypted, 11).await;
}

/// Six kills during a burst of commands, and while what they left is made good.
async fn random_moments(kind: Kind, seed: u64) {
    let Some(mut scene) = Scene::at_work(kind).await else { return };
    let mut random = seed;
    let mut moment = move || {
        // Knuth's MMIX; its upper bits are good enough.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((random >> 33) % 1_200)
    };
    let mut commands = Vec::new();
    for n in 0..12 {
        let (line, words) = match n % 4 {
            0 => ("!version".to_owned(), "on Synapse"),
            2 => (format!("!blocked !other{n}:hs.test"), "is not blocked"),
            _ => (format!("!block !room{n}:hs.test"), "block – done"),
        };
        commands.push((scene.moderator.say(&line).await, words));
    }
    let mut moments = Vec::new();
    for _ in 0..6 {
        let after = moment();
        moments.push(after);
        tokio::time::sleep(after).await;
        scene.bot.kill();
        scene.bot.launch();
    }
    eprintln!("killed after {moments:?}");
    let m = &scene.moderator;
    for (command, words) in &commands {
        m.answer(command, words).await;
    }
    m.good("!jobs", "Nothing is under way.").await;
    for (command, _) in &commands {
        assert_eq!(m.replies(command).len(), 1, "{:?}", m.replies(command));
    }
    let hellos = m.said().iter().filter(|said| said.text.contains("Hello, I am")).count();
    assert_eq!(hellos, 1);
    let mut rooms: Vec<_> = audited(&scene).await.iter().map(|row| row["room"].to_string()).collect();
    rooms.sort();
    let mut want: Vec<_> = (0..12).filter(|n| n % 2 == 1).map(|n| format!("\"!room{n}:hs.test\"")).collect();
    want.sort();
    assert_eq!(rooms, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let crowd = scene.crowd("member", CROWD).await;
    let room = crowded_room(&scene, &crowd).await;
    // In the middle of work; the rest is done after the next start.
    let command = scene.shut_down(&format!("!shutdown {room}")).await;
    scene.removed(&room, 1).await;
    assert_eq!(scene.bot.stop().await, 0);
    assert!(scene.bot.log_of_run().contains("goodbye"));
    scene.bot.start().await;
    shut_down_once(&scene, &room, &command).await;
    // With nothing to do.
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.bot.stop().await, 0);
    // While the server is away.
    scene.synapse.stop().await.unwrap();
    scene.bot.launch();
    scene.bot.logs("the homeserver does not answer").await;
    assert_eq!(scene.bot.stop().await, 0);
}

async fn crowded_room(scene: &Scene, crowd: &[User]) -> String {
    scene.room(&crowd[0], "Crowded", &crowd[1..]).await
}

/// A room, a command that is to shut it down, and its preview.
async fn previewed(scene: &Scene, crowd: &[User]) -> (String, String, String) {
    let room = crowded_room(scene, crowd).await;
    let command = scene.moderator.say(&format!("!shutdown {room}")).await;
    let preview = scene.moderator.answer(&command, "do it?").await;
    (room, command, preview.id)
}

/// The shutdown ends well, and the server had to do it once.
async fn shut_down_once(scene: &Scene, room: &str, command: &str) {
    let m = &scene.moderator;
    let report = m.answer(command, "shutdown – done").await;
    report.says(&[room, "is shut down and purged", "it is blocked", "Removed ("]);
    m.marked(command, "✅").await;
    assert_eq!(m.replies(command).len(), 2, "a preview and a report: {:?}", m.replies(command));
    let tasks = scene.delete_tasks(room).await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!((tasks[0]["status"].as_str(), scene.delete_status(room).await.len()), (Some("complete"), 1));
    assert!(!scene.knows(room).await && scene.is_blocked(room).await);
}

/// The rows of the audit.
async fn audited(scene: &Scene) -> Vec<Value> {
    let command = scene.moderator.say("!audit --file=json").await;
    let (_, json) = scene.moderator.file(&command).await;
    serde_json::from_str(&json).unwrap()
}

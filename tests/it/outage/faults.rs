//! Faults in every kind of work: once each, at the very request that the work depends on.

use throwaway_synapse::{Role, User};

use super::{
    answered, answers, behind_a_proxy, from_environment, is_the_same_and_well, kick, membership, report,
    start, watched,
};
use crate::support::{FAULTS, Fault, Proxy, REFUSALS, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_every_kind_of_work() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    logging_in(&mut scene, &proxy).await;
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let users = scene.crowd("user", FAULTS.len()).await;
    let club = watched(&scene, "Club", &users).await;
    let scene = &scene;
    tokio::join!(
        syncing(scene, &proxy),
        reading(scene, &proxy),
        blocking(scene, &proxy),
        suspending(scene, &proxy),
        kicking(scene, &proxy, &users, &club),
        shutting_down(scene, &proxy),
        telling(scene, &proxy),
        reporting(scene, &proxy, &eve),
    );
    answering(scene, &proxy).await;
    // The last of them leave nothing behind.
    proxy.heal();
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    is_the_same_and_well(scene);
}

/// The first requests of all: the bot tries until they are answered.
async fn logging_in(scene: &mut Scene, proxy: &Proxy) {
    let faults = ["captive portal", "bad gateway", "broken off", "limited", "forbidden"];
    for name in faults {
        proxy.fail(&["POST ", "/login"], named(name), 1);
    }
    start(scene).await;
    let log = scene.bot.log_of_run();
    assert_eq!(log.matches("the homeserver does not answer").count(), 1, "{log}");
    assert_eq!(log.matches("the homeserver answers again").count(), 1, "{log}");
    assert_eq!(proxy.count(&["POST ", "/login"]), faults.len() + 1);
}

/// A command is said while each sync fails.
async fn syncing(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    for (name, fault) in some(0).into_iter().chain(REFUSALS) {
        let rule = proxy.fail(&["GET ", "/v3/sync"], fault, 1);
        // The sync that waits brings it; the next one fails.
        let before = m.say("!version").await;
        proxy.hit(rule).await;
        let after = m.say("!version").await;
        for command in [before, after] {
            m.answer(&command, "on Synapse").await;
            assert_eq!(answers(scene, &command).len(), 1, "{name}");
        }
    }
}

/// What a command reads fails: it is read again, or the command says that it could not be read. Once.
async fn reading(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    let mut commands = Vec::new();
    for (name, fault) in some(1) {
        let room = scene.room(&m.user, &format!("Read {name}"), &[]).await;
        let rule = proxy.fail(&["GET /_synapse/admin/v1/rooms/", &room], fault, 1);
        commands.push((name, rule, m.say(&format!("!room {room}")).await, room));
    }
    for (name, rule, command, room) in commands {
        answered(scene, &command).await;
        proxy.hit(rule).await;
        m.ask(&format!("!room {room}"), &format!("Read {name}")).await;
        let replies = answers(scene, &command);
        assert_eq!(replies.len(), 1, "{name}: {replies:?}");
        let text = &replies[0].text;
        assert!(
            text.contains(&format!("Read {name}")) || text.contains("Nothing was done."),
            "{name}: {text}"
        );
        assert!(!text.contains("script"), "{name}: {text}");
    }
}

/// A room is blocked, and the request or its answer is lost, refused or garbled.
async fn blocking(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    let mut commands = Vec::new();
    for (name, fault) in some(0) {
        let room = scene.room(&m.user, &format!("Block {name}"), &[]).await;
        let rule = proxy.fail(&["PUT ", &room, "/block"], fault, 1);
        commands.push((name, rule, m.say(&format!("!block {room}")).await, room));
    }
    for (name, rule, command, room) in commands {
        m.answer(&command, "block – done").await;
        proxy.hit(rule).await;
        assert!(scene.is_blocked(&room).await, "{name}");
        assert_eq!(answers(scene, &command).len(), 1, "{name}");
    }
}

async fn suspending(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    let mut commands = Vec::new();
    for (user, (name, fault)) in scene.crowd("bad", FAULTS.len()).await.into_iter().zip(some(1)) {
        let rule = proxy.fail(&["PUT ", "/suspend/", &user.user_id], fault, 1);
        commands.push((name, rule, m.say(&format!("!suspend {}", user.user_id)).await, user.user_id));
    }
    for (name, rule, command, user) in commands {
        m.answer(&command, "suspend – done").await;
        proxy.hit(rule).await;
        assert_eq!(scene.account(&user).await["suspended"], true, "{name}");
        assert_eq!(answers(scene, &command).len(), 1, "{name}");
    }
}

/// Users are kicked from one room: which member a request is about is in its body, so each waits for the one before.
async fn kicking(scene: &Scene, proxy: &Proxy, users: &[User], room: &str) {
    let m = &scene.moderator;
    for (user, (name, fault)) in users.iter().zip(some(0)) {
        let rule = proxy.fail(&["POST ", room, "/kick"], fault, 1);
        let command = m.say(&format!("!kick {} {room} {name}", user.user_id)).await;
        m.answer(&command, "kick – done").await;
        proxy.hit(rule).await;
        assert_eq!(membership(&m.user, room, &user.user_id).await, "leave", "{name}");
        assert_eq!(answers(scene, &command).len(), 1, "{name}");
    }
    // Each was told of once.
    for (user, (name, _)) in users.iter().zip(some(0)) {
        m.told_that(room, &format!("“{name}”")).await;
        let told = m.told_so_far(room);
        let of_it = told.iter().filter(|told| {
            told.sentence.contains(&format!("“{name}”")) && told.sentence.contains(&user.user_id)
        });
        assert_eq!(of_it.count(), 1, "{name}: {told:?}");
    }
}

/// A room is shut down; the request fails, then looking for how far it is, for each room by the next fault.
async fn shutting_down(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    let mut commands = Vec::new();
    for (n, (name, fault)) in some(1).into_iter().enumerate() {
        let room = scene.room(&m.user, &format!("Shut {name}"), &[]).await;
        let rule = proxy.fail(&["DELETE ", &room], fault, 1);
        // Its tasks are looked for by the room, and followed by their ID.
        proxy.fail(&["GET ", "/delete_status", &room], FAULTS[(n + 1) % FAULTS.len()].1, 1);
        commands.push((name, rule, m.say(&format!("!shutdown {room}")).await, room));
    }
    for (_, _, command, _) in &commands {
        let preview = m.answer(command, "do it?").await;
        m.react(&preview.id, "✅").await;
    }
    for (name, rule, command, room) in commands {
        m.answer(&command, "shutdown – done").await;
        proxy.hit(rule).await;
        assert!(!scene.knows(&room).await && scene.is_blocked(&room).await, "{name}");
        assert_eq!(scene.delete_tasks(&room).await.len(), 1, "{name}");
        assert_eq!(answers(scene, &command).len(), 2, "{name}: a preview and a report");
    }
}

/// What is read to tell of a watched room fails.
async fn telling(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    let guests = scene.crowd("guest", some(0).len()).await;
    let mut rooms = Vec::new();
    for (guest, (name, _)) in guests.iter().zip(some(0)) {
        rooms.push(watched(scene, &format!("Lounge {name}"), std::slice::from_ref(guest)).await);
    }
    for (room, (_, fault)) in rooms.iter().zip(some(0)) {
        m.told_that(room, "joined").await;
        proxy.fail(&["GET ", room, "/context/"], fault, 1);
    }
    for (room, guest) in rooms.iter().zip(&guests) {
        kick(&m.user, room, &guest.user_id).await;
    }
    for (room, (name, _)) in rooms.iter().zip(some(0)) {
        m.told_that(room, "kicked").await;
        let told = m.told_so_far(room);
        assert_eq!(
            told.iter().filter(|told| told.sentence.contains("kicked")).count(),
            1,
            "{name}: {told:?}"
        );
    }
}

/// Reports are read, or not.
async fn reporting(scene: &Scene, proxy: &Proxy, eve: &User) {
    let m = &scene.moderator;
    let room = scene.room(&m.user, "Reported", std::slice::from_ref(eve)).await;
    for (name, fault) in some(1) {
        let event = eve.send_text(&room, &format!("buy {name}")).await.unwrap();
        // The look that would find it fails.
        let rule = proxy.fail(&["GET ", "/v1/event_reports"], fault, 1);
        report(&m.user, &room, &event, name).await;
        proxy.hit(rule).await;
        m.hears(&format!("“buy {name}”")).await;
    }
    let cards = m.said().into_iter().filter(|said| said.text.starts_with("Case ")).collect::<Vec<_>>();
    for (name, _) in some(1) {
        let of_it = cards.iter().filter(|card| card.text.contains(&format!("What: “buy {name}”"))).count();
        assert_eq!(of_it, 1, "{name}");
    }
}

/// An answer does not reach the room, or the bot does not hear that it did.
async fn answering(scene: &Scene, proxy: &Proxy) {
    let m = &scene.moderator;
    for name in [
        "lost",
        "unheard",
        "bad gateway",
        "gateway timeout",
        "limited",
        "truncated",
        "empty",
        "wrong types",
        "not found",
        "forbidden",
    ] {
        let rule = proxy.fail(&["PUT ", &m.room, "/send/m.room.message/"], named(name), 1);
        let command = m.say("!version").await;
        m.answer(&command, "on Synapse").await;
        proxy.hit(rule).await;
        m.good("!version", "on Synapse").await;
        assert_eq!(answers(scene, &command).len(), 1, "{name}");
    }
}

/// Every second fault, from the first or the second on, so that two kinds of work meet all of them; or all.
fn some(first: usize) -> Vec<(&'static str, Fault)> {
    let all = from_environment("GLEIPNIR_ALL_FAULTS", 0) > 0;
    if all { FAULTS.to_vec() } else { FAULTS.into_iter().skip(first).step_by(2).collect() }
}

fn named(name: &str) -> Fault {
    FAULTS.into_iter().chain(REFUSALS).find(|(known, _)| *known == name).expect("there is such a fault").1
}

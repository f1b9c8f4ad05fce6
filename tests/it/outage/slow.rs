//! One room that is slow, or for which the server asks to slow down: nothing about another room waits for it.

use std::time::{Duration, Instant};

use serde_json::json;
use throwaway_synapse::Role;

use super::{answers, behind_a_proxy, is_the_same_and_well, kick, start, watched};
use crate::support::{Fault, Scene};

/// How much longer each request about the slow room takes.
const SLOW: Fault = Fault::Slow(Duration::from_secs(10));
/// What the server may answer about it instead.
const LIMITED: Fault = Fault::Limited(Some(5_000));
/// How much longer than without a slow room it may take: less than two requests about the slow one.
const MARGIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_room_delays_no_other() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    start(&mut scene).await;
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    // What is about the same user would wait.
    let cleo = scene.synapse.register("cleo", Role::User).await.unwrap();
    let ana = scene.synapse.register("ana", Role::User).await.unwrap();
    // Without a slow room, on this machine, now.
    let alone = watched(&scene, "Quick", &[cleo.clone(), ana.clone()]).await;
    scene.moderator.told_that(&alone, "ana").await;
    let begun = Instant::now();
    about_another(&scene, &alone, &cleo.user_id, &ana.user_id).await;
    let soon = 2 * begun.elapsed() + MARGIN;
    eprintln!("without a slow room: {:?}", begun.elapsed());
    for (n, fault) in [SLOW, LIMITED].into_iter().enumerate() {
        let guests = [eve.clone(), bob.clone(), cleo.clone(), ana.clone()];
        let slow = watched(&scene, &format!("Slow {n}"), &guests).await;
        let quick = watched(&scene, &format!("Quick {n}"), &guests).await;
        let doomed = scene.room(&eve, &format!("Doomed {n}"), &[]).await;
        let m = &scene.moderator;
        for room in [&slow, &quick] {
            m.told_that(room, "ana").await;
        }
        let spam = eve.send_text(&slow, "spam").await.unwrap();
        let rule = proxy.fail(&[&slow], fault, usize::MAX);
        proxy.fail(&[&doomed], fault, usize::MAX);

        // Three jobs about slow rooms, and something to tell of one.
        let slow_ones = [
            m.say(&format!("!kick {} {slow}", bob.user_id)).await,
            m.say(&format!("!redact https://matrix.to/#/{slow}/{spam}")).await,
            m.say(&format!("!shutdown {doomed}")).await,
        ];
        proxy.hit(rule).await;
        kick(&m.user, &slow, &ana.user_id).await;

        let begun = Instant::now();
        about_another(&scene, &quick, &cleo.user_id, &ana.user_id).await;
        let took = begun.elapsed();
        eprintln!("beside a slow room, {fault:?}: {took:?}");
        assert!(took < soon, "it took {took:?}");
        // The slow ones were not done before it.
        let done = slow_ones
            .iter()
            .filter(|command| answers(&scene, command).iter().any(|reply| reply.text.contains("– done")));
        assert!(done.count() < 3, "the room was not slow");

        proxy.heal();
        let preview = m.answer(&slow_ones[2], "").await;
        if preview.text.contains("do it?") {
            m.react(&preview.id, "✅").await;
            m.answer(&slow_ones[2], "shutdown – done").await;
            assert!(!scene.knows(&doomed).await);
        }
        for command in &slow_ones[..2] {
            m.answer(command, "").await;
            // It was done, or it was told that nothing was: the server asked to slow down.
            let replies = answers(&scene, command);
            assert_eq!(replies.len(), 1, "{replies:?}");
        }
        m.told_that(&slow, "kicked ana").await;
    }
    is_the_same_and_well(&scene);
}

/// Everything that moderators do about a room: looking, acting with and without a preview, and reading what is told of it.
async fn about_another(scene: &Scene, room: &str, cleo: &str, ana: &str) {
    let m = &scene.moderator;
    m.ask("!version", "on Synapse").await;
    m.ask(&format!("!room {room}"), "Quick").await;
    kick(&m.user, room, ana).await;
    m.told_that(room, "kicked ana").await;
    m.ask(&format!("!kick {cleo} {room}"), "kick – done").await;
    let other = m.user.create_room(json!({"name": "Doomed as well"})).await.unwrap();
    let command = scene.shut_down(&format!("!shutdown {other}")).await;
    m.answer(&command, "shutdown – done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_cannot_be_read_delays_no_other_room() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    start(&mut scene).await;
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    let slow = watched(&scene, "Slow", std::slice::from_ref(&eve)).await;
    let quick = watched(&scene, "Quick", std::slice::from_ref(&bob)).await;
    for room in [&slow, &quick] {
        scene.moderator.told_that(room, "joined").await;
    }
    // While the bot is away, more happens in the slow room than a sync brings: there is a gap.
    assert_eq!(scene.bot.stop().await, 0);
    for n in 0..120 {
        let topic = json!({"topic": format!("topic {n}")});
        scene.moderator.user.send_state(&slow, "m.room.topic", "", topic).await.unwrap();
    }
    let gap = proxy.fail(&["GET ", &slow, "/messages"], Fault::Slow(Duration::from_secs(25)), 1);
    scene.bot.start().await;
    proxy.hit(gap).await;
    let begun = Instant::now();
    let m = &scene.moderator;
    kick(&m.user, &quick, &bob.user_id).await;
    m.told_that(&quick, "kicked bob").await;
    let took = begun.elapsed();
    eprintln!("beside a gap that hangs: {took:?}");
    let told_before_the_gap = m.told_so_far(&slow).iter().all(|told| !told.sentence.contains("topic 119"));
    assert!(told_before_the_gap, "it took {took:?}");
    m.told_that(&slow, "topic 119").await;
    is_the_same_and_well(&scene);
}

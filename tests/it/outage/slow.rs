//! One room that is slow, or for which the server asks to slow down: nothing about another room waits for it.

use std::time::{Duration, Instant};

use serde_json::json;
use throwaway_synapse::{Role, User};

use super::{answered, answers, behind_a_proxy, is_the_same_and_well, kick, start, watched};
use crate::support::{Fault, Proxy, RuleId, Scene};

/// What the server may answer about the slow room, instead of nothing.
const LIMITED: Fault = Fault::Limited(Some(5_000));

/// How often something about another room is done before it counts as delayed each time.
const TRIES: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_room_delays_no_other() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    // What is held is not given up.
    scene.bot.login.push_str("\ntimeout = \"10m\"");
    start(&mut scene).await;
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    // What is about the same user would wait.
    let cleo = scene.synapse.register("cleo", Role::User).await.unwrap();
    let ana = scene.synapse.register("ana", Role::User).await.unwrap();
    for (n, fault) in [Fault::Held, LIMITED].into_iter().enumerate() {
        let guests = [eve.clone(), bob.clone(), ana.clone()];
        let slow = watched(&scene, &format!("Slow {n}"), &guests).await;
        let quick = watched(&scene, &format!("Quick {n}"), std::slice::from_ref(&cleo)).await;
        let doomed = scene.room(&eve, &format!("Doomed {n}"), &[]).await;
        let m = &scene.moderator;
        m.told_that(&slow, "ana").await;
        m.told_that(&quick, "cleo").await;
        let spam = eve.send_text(&slow, "spam").await.unwrap();
        let rules = [&slow, &doomed].map(|room| proxy.fail(&[room], fault, usize::MAX));

        // Three jobs about slow rooms, and something to tell of one.
        let slow_ones = [
            m.say(&format!("!kick {} {slow}", bob.user_id)).await,
            m.say(&format!("!redact https://matrix.to/#/{slow}/{spam}")).await,
            m.say(&format!("!shutdown {doomed}")).await,
        ];
        kick(&m.user, &slow, &ana.user_id).await;
        for rule in rules {
            proxy.hit(rule).await;
        }
        // What is limited is over at once and asked for again and again: only what is held has an order.
        let order = if fault == Fault::Held { &rules[..] } else { &[] };
        about_another(&scene, &proxy, order, &quick, &cleo).await;

        proxy.heal();
        let preview = answered(&scene, &slow_ones[2]).await;
        if preview.text.contains("do it?") {
            m.react(&preview.id, "✅").await;
            m.answer(&slow_ones[2], "shutdown – done").await;
            assert!(!scene.knows(&doomed).await);
        }
        for command in &slow_ones[..2] {
            answered(&scene, command).await;
            // It was done, or it was told that nothing was: the server asked to slow down.
            let replies = answers(&scene, command);
            assert_eq!(replies.len(), 1, "{replies:?}");
        }
        m.told_that(&slow, "kicked ana").await;
    }
    is_the_same_and_well(&scene);
}

/// Everything that moderators do about a room: looking, acting with and without a preview, and reading what is told of it.
async fn about_another(scene: &Scene, proxy: &Proxy, rules: &[RuleId], room: &str, cleo: &User) {
    let m = &scene.moderator;
    undelayed(proxy, rules, "a command about nothing", async |_| {
        m.ask("!version", "on Synapse").await;
    })
    .await;
    undelayed(proxy, rules, "a command that looks", async |_| {
        m.ask(&format!("!room {room}"), "Quick").await;
    })
    .await;
    undelayed(proxy, rules, "what is told", async |n| {
        let topic = json!({"topic": format!("topic {n}")});
        m.user.send_state(room, "m.room.topic", "", topic).await.unwrap();
        m.told_that(room, &format!("topic {n}")).await;
    })
    .await;
    undelayed(proxy, rules, "a job", async |_| {
        // There already, the first time.
        cleo.join(room).await.unwrap();
        m.ask(&format!("!kick {} {room}", cleo.user_id), "kick – done").await;
    })
    .await;
    undelayed(proxy, rules, "a job with a preview", async |_| {
        let other = m.user.create_room(json!({"name": "Doomed as well"})).await.unwrap();
        let command = scene.shut_down(&format!("!shutdown {other}")).await;
        m.answer(&command, "shutdown – done").await;
    })
    .await;
}

/// Does something until it was over before any request about the slow rooms was, so that it waited for none of them. The
/// bot gives up some after half a minute, which can come to pass meanwhile; each time it does only if they are waited for.
async fn undelayed(proxy: &Proxy, rules: &[RuleId], what: &str, step: impl AsyncFn(usize)) {
    for n in 1..=TRIES {
        let (over, begun) = (proxy.over(rules), Instant::now());
        step(n).await;
        eprintln!("{what}, beside a slow room: {:?}", begun.elapsed());
        if proxy.over(rules) == over {
            return;
        }
    }
    panic!("{what} waited for a slow room {TRIES} times");
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

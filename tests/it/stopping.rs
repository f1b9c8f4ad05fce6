//! Stopping the bot: it finishes the step in hand, and what is left goes on at the next start; a second signal ends it at once.
//! And stopping a job: what is left does not go on.

use std::time::Duration;

use crate::support::{Fault, Kind, Proxy, Scene};

/// What blocks a room.
const BLOCK: [&str; 2] = ["PUT /_synapse/admin/v1/rooms", "/block"];

/// How many rooms are blocked.
const ROOMS: usize = 12;

/// A scene whose bot reaches the server through a proxy, at work.
async fn scene() -> Option<(Scene, Proxy)> {
    let mut scene = Scene::new(Kind::Open).await?;
    let proxy = Proxy::new(scene.synapse.url()).await;
    scene.bot.url = proxy.url();
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    Some((scene, proxy))
}

/// Asks for blocks of many rooms, and confirms that; the command's event.
async fn block_many(scene: &Scene) -> String {
    let rooms = (0..ROOMS).map(|n| format!(" !stop{n}x:hs.test"));
    scene.confirm(&format!("!block{}", rooms.collect::<String>()), &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_is_stopped_between_two_steps_and_goes_on() {
    let Some((mut scene, proxy)) = scene().await else { return };
    proxy.fail(&BLOCK, Fault::Slow(Duration::from_millis(400)), usize::MAX);
    let command = block_many(&scene).await;
    scene.bot.knows("SELECT count(*) >= 2 FROM steps WHERE outcome IS NOT NULL").await;
    assert_eq!(scene.bot.stop().await, 0);
    let log = scene.bot.log_of_run();
    assert!(log.contains("SIGTERM: stopping after the step in hand") && log.contains("goodbye"), "{log}");
    assert!(!log.contains("is left"), "{log}");
    // Everything that the server was asked for is known.
    let count =
        |question: &str| -> usize { scene.bot.database().query_row(question, [], |row| row.get(0)).unwrap() };
    let ended = count("SELECT count(*) FROM steps WHERE outcome IS NOT NULL");
    assert!((2..ROOMS).contains(&ended), "{ended} steps had ended");
    // The last one may have been asked for, and not looked at again yet.
    assert!((ended..=ended + 1).contains(&proxy.count(&BLOCK)), "{ended} of {}", proxy.count(&BLOCK));
    assert_eq!(count("SELECT count(*) FROM plans WHERE state = 'running'"), 1);
    proxy.heal();
    scene.bot.start().await;
    let report = scene.moderator.answer(&command, "block – done").await;
    scene.moderator.marked(&command, "✅").await;
    for n in 0..ROOMS {
        let room = format!("!stop{n}x:hs.test");
        report.says(&[&room]);
        assert!(scene.is_blocked(&room).await, "{room}");
        assert_eq!(proxy.count(&["PUT", &room, "/block"]), 1, "{room} was blocked once");
    }
    assert_eq!(scene.moderator.replies(&command).len(), 2, "a preview and a report");
    assert!(scene.bot.log_of_run().contains("a job ended"), "{}", scene.bot.log_of_run());
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moderator_stops_a_job() {
    let Some((mut scene, proxy)) = scene().await else { return };
    let held = proxy.fail(&BLOCK, Fault::Held, 1);
    let command = block_many(&scene).await;
    proxy.hit(held).await;
    let m = &scene.moderator;
    m.good("!cancel 1", "Job 1 (block) is stopped by `@mod:hs.test`.").await;
    m.good("!jobs", "stopping (0 of 12 steps)").await;
    proxy.heal();
    let report = m.answer(&command, "block – stopped").await;
    m.marked(&command, "⚠️").await;
    // The one that was asked for is done and told, and no other one was asked for.
    report.says(&[
        "✅ `!stop0x:hs.test` is blocked",
        "❌ Not begun: block `!stop11x:hs.test`. `@mod:hs.test` stopped",
    ]);
    assert_eq!(proxy.count(&BLOCK), 1);
    for n in 0..ROOMS {
        assert_eq!(scene.is_blocked(&format!("!stop{n}x:hs.test")).await, n == 0, "room {n}");
    }
    m.bad("!cancel 1", "Job 1 has ended already.").await;
    m.good("!undo 1", "undo – done").await;
    assert!(!scene.is_blocked("!stop0x:hs.test").await);
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_long_is_left_and_found_done() {
    let Some((mut scene, proxy)) = scene().await else { return };
    let held = proxy.fail(&BLOCK, Fault::Held, 1);
    let command = block_many(&scene).await;
    proxy.hit(held).await;
    assert_eq!(scene.bot.stop().await, 0);
    let log = scene.bot.log_of_run();
    assert!(log.contains("a step takes longer than 10 seconds and is left"), "{log}");
    assert!(log.contains("goodbye"), "{log}");
    proxy.heal();
    scene.bot.start().await;
    scene.moderator.answer(&command, "block – done").await;
    scene.moderator.marked(&command, "✅").await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let Some((mut scene, proxy)) = scene().await else { return };
    let held = proxy.fail(&BLOCK, Fault::Held, 1);
    let command = block_many(&scene).await;
    proxy.hit(held).await;
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        scene.bot.signal(signal);
        scene.bot.logs(&format!("SIG{signal}: stopping after the step in hand")).await;
        scene.bot.signal(signal);
        assert_eq!(scene.bot.ended().await, code);
        let log = scene.bot.log_of_run();
        assert!(log.contains(&format!("SIG{signal} again: ending at once")), "{log}");
        assert!(!log.contains("goodbye"), "{log}");
        proxy.heal();
        // The next one is held again.
        let held = proxy.fail(&BLOCK, Fault::Held, 1);
        scene.bot.start().await;
        proxy.hit(held).await;
    }
    proxy.heal();
    scene.moderator.answer(&command, "block – done").await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_while_the_homeserver_is_away() {
    let Some((mut scene, proxy)) = scene().await else { return };
    // At work, and at the login.
    proxy.away();
    scene.bot.logs("the homeserver does not answer").await;
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.launch();
    scene.bot.logs("the homeserver does not answer").await;
    assert_eq!(scene.bot.stop().await, 0);
    // In the middle of the first sync.
    proxy.back().await;
    let held = proxy.fail(&["GET /_matrix/client/v3/sync"], Fault::Held, usize::MAX);
    scene.bot.launch();
    proxy.hit(held).await;
    assert_eq!(scene.bot.stop().await, 0);
    let log = scene.bot.log_of_run();
    assert!(log.contains("goodbye") && !log.contains("stopping takes too long"), "{log}");
    proxy.heal();
    scene.bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    assert_eq!(scene.bot.stop().await, 0);
}

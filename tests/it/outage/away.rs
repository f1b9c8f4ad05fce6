//! The homeserver is away: for seconds, for minutes, from the start on.

use std::time::Duration;

use super::{answers, behind_a_proxy, from_environment, is_the_same_and_well, kick, report, start, watched};
use crate::support::{Scene, Told};

/// What the room is told of a long outage.
const LONG: &str = "I could not reach the homeserver from ";

/// How long it is away for long: the room is told from a minute on.
fn long() -> Duration {
    Duration::from_secs(from_environment("GLEIPNIR_AWAY_SECONDS", 62))
}

#[tokio::test(flavor = "multi_thread")]
async fn away_for_seconds_and_for_minutes() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    start(&mut scene).await;
    let users = scene.crowd("user", 3).await;
    let club = watched(&scene, "Club", &users).await;
    scene.moderator.told_that(&club, "user2").await;
    let crowded = scene.room(&users[0], "Crowded", &users[1..]).await;

    for (n, pause) in [Duration::from_secs(4), long()].into_iter().enumerate() {
        let told_before = scene.bot.log_of_run().len();
        // Work is under way when it goes.
        let victim = &users[n];
        let blocked = scene.room(&users[2], "Blocked", &[]).await;
        let rule = proxy.fail(
            &["PUT ", &blocked, "/block"],
            crate::support::Fault::Slow(Duration::from_secs(30)),
            1,
        );
        let block = scene.moderator.say(&format!("!block {blocked}")).await;
        proxy.hit(rule).await;
        proxy.away();
        scene.bot.logs_again("the homeserver does not answer", told_before).await;
        // Others reach it all the time.
        let m = &scene.moderator;
        let asked = m.say("!version").await;
        let event = users[2].send_text(&crowded, &format!("buy number {n}.")).await.unwrap();
        report(&users[0], &crowded, &event, "spam").await;
        kick(&m.user, &club, &victim.user_id).await;
        tokio::time::sleep(pause).await;
        assert_eq!(answers(&scene, &asked).len(), 0);
        proxy.back().await;

        m.answer(&asked, "on Synapse").await;
        m.answer(&block, "block – done").await;
        m.hears(&format!("“buy number {n}.”")).await;
        let kicked: Told =
            m.told_that(&club, &format!("kicked {0} (`@{0}:hs.test`)", format!("user{n}"))).await;
        assert!(kicked.is_late, "{kicked:?}");
        assert!(scene.is_blocked(&blocked).await);
        assert_eq!((answers(&scene, &asked).len(), answers(&scene, &block).len()), (1, 1));
        let log = scene.bot.log_of_run().split_off(told_before);
        is_said_once(&log);
        if n == 0 {
            assert!(!m.transcript().contains(LONG), "it was short");
        } else {
            let minutes = format!(" UTC ({} m", long().as_secs() / 60);
            m.hears(LONG).await.says(&[&minutes, "I have read what happened meanwhile."]);
        }
    }
    scene.moderator.good("!version", "on Synapse").await;
    assert_eq!(long_outages(&scene), 1);
    is_the_same_and_well(&scene);
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn away_when_the_bot_starts() {
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    proxy.away();
    scene.bot.launch();
    scene.bot.logs("the homeserver does not answer").await;
    tokio::time::sleep(long()).await;
    proxy.back().await;
    scene.moderator.hears("Hello, I am").await;
    scene.moderator.hears(LONG).await;
    scene.moderator.good("!version", "on Synapse").await;
    is_said_once(&scene.bot.log_of_run());

    // Away for a moment at a later start, and between the first requests of it.
    assert_eq!(scene.bot.stop().await, 0);
    proxy.fail(&["GET ", "/v3/sync"], crate::support::Fault::Unavailable, 3);
    proxy.away();
    scene.bot.launch();
    scene.bot.logs("the homeserver does not answer").await;
    let asked = scene.moderator.say("!version").await;
    proxy.back().await;
    scene.bot.logs("at work in the management room").await;
    scene.moderator.answer(&asked, "on Synapse").await;
    assert_eq!(long_outages(&scene), 1);
    assert_eq!(scene.bot.stop().await, 0);
}

/// Once that it is away, once that it is back, and little else.
#[track_caller]
fn is_said_once(log: &str) {
    assert_eq!(log.matches("the homeserver does not answer").count(), 1, "{log}");
    assert_eq!(log.matches("the homeserver answers again").count(), 1, "{log}");
    let warnings = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    assert!(warnings <= 4, "{warnings} lines of trouble:\n{log}");
}

fn long_outages(scene: &Scene) -> usize {
    scene.moderator.said().iter().filter(|said| said.text.contains(LONG)).count()
}

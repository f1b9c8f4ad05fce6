//! A room is purged while reports come: the server's list loses rows in its middle.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{cases, report, start};
use crate::support::{Kind, Scene};

/// More of them than fit a page of the server's list; of each reporter no more than anybody's.
const REPORTERS: usize = 6;
const TIMES: usize = 20;
/// What is reported elsewhere meanwhile.
const LATER: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_room_shifts_no_report() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let crowd = scene.crowd("member", REPORTERS).await;
    let doomed = scene.room(&crowd[0], "Doomed", &crowd[1..]).await;
    let lasting = scene.room(&crowd[0], "Lasting", &crowd[1..]).await;
    start(&mut scene).await;

    // One report in the room that stays, and more than a page of them, newer, in the one that goes.
    let early = crowd[0].send_text(&lasting, "early words").await.unwrap();
    report(&crowd[1], &lasting, &early, "early").await;
    let bait = crowd[0].send_text(&doomed, "words that go").await.unwrap();
    let (doomed, bait) = (&doomed, &bait);
    join_all(crowd.iter().map(|by| async move {
        for n in 0..TIMES {
            report(by, doomed, bait, &format!("this goes {n}")).await;
        }
    }))
    .await;
    let words = format!("{} times by {REPORTERS} people", REPORTERS * TIMES);
    let card = scene.moderator.hears(&words).await;
    card.says(&["a message in Doomed", "“words that go”"]);
    let asked = scene.moderator.say(&format!("!shutdown {doomed} it has to go")).await;
    let preview = scene.moderator.answer(&asked, "do it?").await;

    // It goes, while reports come elsewhere.
    let mut messages = Vec::new();
    for n in 0..LATER {
        messages.push(crowd[n % REPORTERS].send_text(&lasting, &format!("later words {n}")).await.unwrap());
    }
    scene.moderator.react(&preview.id, "✅").await;
    for (n, message) in messages.iter().enumerate() {
        report(&crowd[(n + 1) % REPORTERS], &lasting, message, "later").await;
    }
    scene.moderator.answer(&asked, "shutdown – done").await;
    assert!(!scene.knows(doomed).await);
    let after = crowd[0].send_text(&lasting, "last words").await.unwrap();
    report(&crowd[1], &lasting, &after, "last").await;
    scene.moderator.hears("“last words”").await;

    let total = 1 + REPORTERS * TIMES + LATER + 1;
    scene.bot.knows(&format!("SELECT count(*) >= {total} FROM reports")).await;
    let told = cases(&scene).await;
    assert!(told.iter().all(|(_, about, times)| *times == if about == bait { 120 } else { 1 }), "{told:?}");
    let expected: BTreeSet<&String> = messages.iter().chain([&early, bait, &after]).collect();
    assert_eq!(told.iter().map(|(_, about, _)| about).collect::<BTreeSet<_>>(), expected);
    assert_eq!(told.len(), expected.len(), "none is told twice");

    // What the server knows no more is kept.
    let (case, ..) = told.iter().find(|(_, about, _)| about == bait).unwrap();
    let command = scene.moderator.say(&format!("!case {case} --file=json")).await;
    scene.moderator.answer(&command, "“words that go”").await.says(&[&words, "a message in Doomed"]);
    assert!(scene.moderator.file(&command).await.1.contains("words that go"));
    assert_eq!(scene.bot.stop().await, 0);
}

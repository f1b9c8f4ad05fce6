//! More reports at once than anybody reads.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;
use throwaway_synapse::{Synapse, User};

use super::{cases, report, start};
use crate::support::{BOT, Kind, Scene};

/// What is reported.
const MESSAGES: usize = 60;
/// Those who report like anybody: each of them, some messages.
const NEIGHBOURS: usize = 20;
const EACH: usize = 10;
/// Those who do nothing else.
const ABUSERS: usize = 4;
const MANY: usize = 200;

/// New messages of the bot in all: a card for each thing, a notice for each abuser, and the answer with its file.
const MOST_SAID: usize = MESSAGES + ABUSERS + 2;
/// With the edits of the cards: how many they are depends on how often the bot looks meanwhile.
const MOST_SENT: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_make_few_messages_and_none_is_lost() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let neighbours = scene.crowd("neighbour", NEIGHBOURS).await;
    let abusers = scene.crowd("abuser", ABUSERS).await;
    let everybody = [&neighbours[..], &abusers].concat();
    let room = scene.room(&scene.admin, "Market", &everybody).await;
    let mut messages = Vec::new();
    for n in 0..MESSAGES {
        messages.push(neighbours[n % NEIGHBOURS].send_text(&room, &format!("offer {n}")).await.unwrap());
    }
    start(&mut scene).await;

    let (room, messages) = (&room, &messages);
    let burst = |by: User, first: usize, times: usize| async move {
        for n in first..first + times {
            report(&by, room, &messages[n % MESSAGES], &format!("no {n}")).await;
        }
    };
    let of_neighbours = neighbours.iter().enumerate().map(|(n, by)| burst(by.clone(), 7 * n, EACH));
    let of_abusers = abusers.iter().enumerate().map(|(n, by)| burst(by.clone(), n, MANY));
    tokio::join!(join_all(of_neighbours), join_all(of_abusers));
    let filed = filed(&scene.synapse);
    assert_eq!(filed.len(), NEIGHBOURS * EACH + ABUSERS * MANY);
    assert_eq!(filed.len(), 1_000);

    // Each is in a case, in one.
    let all = format!("SELECT count(*) >= {} FROM reports", filed.len());
    scene.bot.knows(&all).await;
    let database = scene.bot.database();
    let mut of_cases = database.prepare("SELECT id, case_id FROM reports WHERE kind = 'event'").unwrap();
    let of_cases = of_cases.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).unwrap();
    let of_cases: Vec<(i64, i64)> = of_cases.map(Result::unwrap).collect();
    assert_eq!(of_cases.len(), filed.len());
    assert_eq!(of_cases.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(), filed);
    let told = cases(&scene).await;
    assert_eq!(told.len(), MESSAGES);
    assert_eq!(told.iter().map(|(_, _, reports)| reports).sum::<u64>(), 1_000);
    assert_eq!(told.iter().map(|(_, about, _)| about).collect::<BTreeSet<_>>(), messages.iter().collect());

    // Little is said of it.
    let m = &scene.moderator;
    let said: Vec<_> = m.said().into_iter().filter(|said| !said.text.starts_with("Hello")).collect();
    let sent = m.events().iter().filter(|event| is_message(event)).count();
    let cards = said.iter().filter(|said| said.text.starts_with("Case ")).count();
    let notices = said.iter().filter(|said| said.text.contains("reports very much at once")).count();
    assert_eq!(cards, MESSAGES);
    assert_eq!(notices, ABUSERS);
    assert!(said.len() <= MOST_SAID && sent <= MOST_SENT, "{} messages, {sent} with edits", said.len());
    assert_eq!(scene.bot.stop().await, 0);
}

/// The numbers of all reports, as the server wrote them down.
fn filed(synapse: &Synapse) -> BTreeSet<i64> {
    let database = rusqlite::Connection::open(synapse.data_dir().join("homeserver.db")).unwrap();
    let mut ids = database.prepare("SELECT id FROM event_reports").unwrap();
    ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn is_message(event: &Value) -> bool {
    event["sender"] == BOT && event["type"] == "m.room.message"
}

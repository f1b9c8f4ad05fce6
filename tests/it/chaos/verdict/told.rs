//! Whether each change in the watched rooms is told in one message.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Verdict;
use crate::{chaos::strand::Fact, support::BOT};

/// More than happens in a room.
pub(super) const ALL: u32 = 1_000;

pub(super) async fn wrong(verdict: &Verdict<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let database = verdict.scene.bot.database();
    for room in verdict.rooms {
        let mut watched = database
            .prepare(
                "SELECT watched.event_id, outbox.event_id FROM watched \
                 LEFT JOIN outbox ON outbox.key = 'feed-' || watched.digest WHERE room_id = ?",
            )
            .unwrap();
        let watched = watched.query_map([&room.id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut watched: BTreeMap<String, Option<String>> = watched.map(Result::unwrap).collect();
        let events = verdict.owner.messages(&room.id, ALL).await.unwrap();
        assert!(events.len() < 900, "more happened in {} than is looked at", room.name);
        let came = events
            .iter()
            .position(|event| event["state_key"] == BOT && event["content"]["membership"] == "join");
        for event in
            events.iter().skip(came.unwrap_or_default() + 1).filter(|event| event["state_key"].is_string())
        {
            match watched.remove(event["event_id"].as_str().unwrap_or_default()) {
                Some(Some(_)) => {}
                Some(None) => found.push(format!("in {} no message tells: {}", room.name, short(event))),
                None => found.push(format!("in {} it was not seen: {}", room.name, short(event))),
            }
        }
        let before: Vec<&str> = events.iter().filter_map(|event| event["event_id"].as_str()).collect();
        found.extend(
            watched
                .into_keys()
                .filter(|event| !before.contains(&event.as_str()))
                .map(|event| format!("in {} the server does not know {event}", room.name)),
        );
    }
    for fact in &verdict.notes.facts {
        let Fact::Told { room, words } = fact else { continue };
        let told = verdict.scene.moderator.told_so_far(room);
        let told: Vec<_> = told.iter().filter(|told| told.sentence.contains(words)).collect();
        if told.len() != 1 {
            found.push(format!("{words} in {room} is told {} times: {told:#?}", told.len()));
        }
    }
    found
}

fn short(event: &Value) -> String {
    let time =
        event["origin_server_ts"].as_i64().and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    format!("{time} {} {} by {}: {}", event["type"], event["state_key"], event["sender"], event["content"])
}

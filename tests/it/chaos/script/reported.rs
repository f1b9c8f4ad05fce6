//! Abuse reports, what moderators make of them, and what a rule does by itself.

use rand::RngExt as _;
use serde_json::json;
use throwaway_synapse::{User, path_part};
use tokio::time::{Instant, sleep};

use crate::{
    chaos::{
        MOMENT,
        strand::{Fact, Notes, Reported, Strand, Tap},
    },
    reports::{report, report_user},
    support::PATIENCE,
};

/// A message, its author and a room are reported, and a moderator taps the card of the message.
pub(super) async fn cases(mut s: Strand<'_>) -> Notes {
    let room = s.room().to_owned();
    let (eve, ana, bob) = (s.user().await, s.user().await, s.user().await);
    for user in [&eve, &ana, &bob] {
        user.join(&room).await.unwrap();
        s.notes.changes += 1;
    }
    let mut sanctions = Vec::new();
    for n in 0..2 {
        s.pause().await;
        let words = s.word();
        let event = eve.send_text(&room, &format!("rude words {words}")).await.unwrap();
        let mut filed = 0;
        for by in [&ana, &ana, &bob].into_iter().take(s.dice.random_range(1..4)) {
            s.pause().await;
            report(by, &room, &event, "rude").await;
            filed += 1;
        }
        let card = s.moderator().hears(&format!("Event: `{event}`")).await;
        s.pause().await;
        let last = n == 1;
        // Who is suspended writes nothing more.
        let (emoji, state, jobs) = match s.dice.random_range(if last { 0..5 } else { 0..3 }) {
            0 => ("✋", "claimed", 0),
            1 => ("☑️", "resolved", 0),
            2 => ("🗑️", "dismissed", 0),
            3 => ("⏸️", "resolved", 1),
            _ => ("👢", "resolved", 1),
        };
        let tap = s.moderator().react(&card.id, emoji).await;
        s.notes.taps.push(Tap { event: tap, jobs });
        if emoji == "⏸️" {
            sanctions.push("suspended");
        }
        if emoji == "👢" {
            s.fact(Fact::Member { room: room.clone(), user: eve.user_id.clone(), is: "leave" });
        }
        if s.dice.random_bool(0.5) {
            s.pause().await;
            report(&ana, &room, &event, "and again").await;
            filed += 1;
        }
        s.notes.reports.push(Reported { kind: "event", id: event, filed, unsure: 0, state, by_rule: 0 });
    }
    s.fact(Fact::Account { user: eve.user_id.clone(), has: sanctions });

    let times = s.dice.random_range(1..3);
    for _ in 0..times {
        s.pause().await;
        report_user(&bob, &eve.user_id, "she is rude").await;
    }
    s.notes.reports.push(Reported {
        kind: "user",
        id: eve.user_id,
        filed: times,
        unsure: 0,
        state: "open",
        by_rule: 0,
    });
    of_a_room(&mut s, &bob).await;
    s.notes
}

/// Reports of rooms are forwarded to the bot. Who gets no answer tries again.
async fn of_a_room(s: &mut Strand<'_>, by: &User) {
    let name = s.word();
    let den = by.create_room(json!({"preset": "public_chat", "name": name})).await.unwrap();
    let there = by.through(s.stage.reports).unwrap();
    let path = format!("/_matrix/client/v3/rooms/{}/report", path_part(&den));
    let deadline = Instant::now() + PATIENCE;
    let mut unsure = 0;
    while !matches!(there.request("POST", &path, Some(json!({"reason": "a den"}))).await, Ok((200, _))) {
        unsure += 1;
        assert!(Instant::now() < deadline, "nobody takes a report of {den}");
        sleep(MOMENT).await;
    }
    s.notes.reports.push(Reported { kind: "room", id: den, filed: 1, unsure, state: "open", by_rule: 0 });
}

/// What the rule is about: its author is suspended, and the message is gone.
pub(super) async fn by_rule(mut s: Strand<'_>) -> Notes {
    let room = s.room().to_owned();
    let bob = s.user().await;
    bob.join(&room).await.unwrap();
    s.notes.changes += 1;
    for _ in 0..s.dice.random_range(1..3) {
        let spammer = s.user().await;
        spammer.join(&room).await.unwrap();
        s.notes.changes += 1;
        let event = spammer.send_text(&room, "free nitro for all").await.unwrap();
        s.pause().await;
        report(&bob, &room, &event, "spam").await;
        s.notes.reports.push(Reported {
            kind: "event",
            id: event.clone(),
            filed: 1,
            unsure: 0,
            state: "open",
            by_rule: 1,
        });
        s.fact(Fact::Redacted { room: room.clone(), event });
        s.fact(Fact::Account { user: spammer.user_id, has: vec!["suspended"] });
        s.pause().await;
    }
    s.notes
}

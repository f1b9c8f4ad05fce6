//! What cards offer and show: other emoji, fewer actions, more of the conversation, earlier cases, hostile names.

use gleipnir_core::{
    cards::shown,
    model::About,
    ports::{Change, Priority, Records as _, Reporting, Store as _},
    rules::case::CaseAction,
    speech::{CLAIM, RESOLVE},
};
use serde_json::json;

use super::{
    Power, about_event, case, eve, far, has, image, local_case, lounge, lounge_with, moderator, plans,
    report, the_card, watcher,
};

#[tokio::test]
async fn other_emoji_and_fewer_actions() {
    let mut stage = lounge_with(Power::Enough);
    stage.settings.cards.offered = vec![CaseAction::Suspend, CaseAction::Resolve];
    stage.settings.cards.emoji = vec![(CaseAction::Suspend, "🥶".to_owned())];
    stage.restart();
    report(&mut stage, about_event(1), Some(image("$bad1", eve()))).await;
    let card = the_card(&stage, 1);
    has(&card, &["🥶 suspend; or `!act 1 suspend`", "\n`!claim 1`, ☑️ `!resolve 1`, `!dismiss 1`"]);
    let mut offered: Vec<String> =
        stage.store.keys().into_iter().filter(|key| key.ends_with(" case-1")).collect();
    offered.sort();
    assert_eq!(offered, ["☑️ case-1", "🥶 case-1"]);
    // What is not offered does nothing, with its usual emoji either.
    for emoji in ["⏸️", "💣", "🧹", CLAIM] {
        assert_eq!(stage.react(moderator(), "case-1", emoji).await, "", "{emoji}");
    }
    assert!(plans(&stage).is_empty());
    stage.react(moderator(), "case-1", "🥶").await;
    has(&the_card(&stage, 1), &["author suspended (job 1)"]);
    // By command everything can be done.
    has(&stage.say("!act 1 redact").await, &["do it?"]);
}

#[tokio::test]
async fn an_emoji_means_what_the_message_offers() {
    let mut stage = lounge_with(Power::Enough);
    stage.settings.cards.emoji = vec![(CaseAction::Suspend, "✅".to_owned())];
    stage.restart();
    report(&mut stage, about_event(1), Some(image("$bad1", eve()))).await;
    stage.react(moderator(), "case-1", "✅").await;
    has(&the_card(&stage, 1), &["author suspended (job 1)"]);
    stage.react(moderator(), "case-1", "🧹").await;
    stage.react(moderator(), "plan-2", "✅").await;
    has(&the_card(&stage, 1), &["Job 2 of `@mod:hs.test`: message redacted."]);
}

#[tokio::test]
async fn more_of_the_conversation() {
    let mut stage = lounge_with(Power::Enough);
    let id = format!("${}", "b".repeat(43));
    stage.homeserver.change_room(lounge(), |room| room.events.push(image(&id, eve())));
    let about = About::Event { room_id: lounge().to_string(), event_id: id.clone() };
    report(&mut stage, about, Some(image(&id, eve()))).await;
    let said = stage.react(watcher(), "case-1", "🔎").await;
    has(&said, &[&format!("Around `{id}` in Lounge ("), "▶ "]);
    assert_eq!(plans(&stage).len(), 0);
    report(&mut stage, About::Room { room_id: lounge().to_string() }, None).await;
    stage.homeserver.change_room(lounge(), |room| {
        let mut events: Vec<_> = (0..100).map(|n| image(&format!("$m{n}"), far())).collect();
        for (n, event) in events.iter_mut().enumerate() {
            event["content"]["body"] = json!(format!("picture {n}"));
        }
        room.events = events;
    });
    let said = stage.react(moderator(), "case-2", "🔎").await;
    has(&said, &["picture 99"]);
    // Its pages are turned as those of any answer.
    let turned = stage.react(moderator(), "answer-$event2", "⬅️").await;
    has(&turned, &["picture 79", "picture 60"]);
    assert!(!turned.contains("picture 99"), "{turned}");
}

#[tokio::test]
async fn earlier_cases_stand_on_the_card() {
    let mut stage = local_case(Power::Enough).await;
    stage.react(moderator(), "case-1", "⏸️").await;
    for n in 2..=5 {
        let about = About::Event { room_id: lounge().to_string(), event_id: format!("$more{n}") };
        report(&mut stage, about, Some(image(&format!("$more{n}"), eve()))).await;
        if n == 2 {
            has(
                &the_card(&stage, 2),
                &[
                    "Earlier cases of the same author: 1; something was done about one of them.\n• `!case 1`, ",
                    "reported once: resolved; author suspended (job 1)",
                    "Earlier cases of the same room: 1; the last is `!case 1`.",
                ],
            );
        }
        stage.say(&format!("!dismiss {n}")).await;
    }
    let card = the_card(&stage, 5);
    has(&card, &["Earlier cases of the same author: 4; something", "• `!case 4`, ", "• `!case 2`, "]);
    assert!(!card.contains("• `!case 1`,"), "the last three: {card}");
    // What was undone was not done.
    stage.say("!undo 1").await;
    report(&mut stage, About::User { user_id: eve().to_string() }, None).await;
    has(&the_card(&stage, 6), &["Earlier cases of the same author: 5; nothing was done then."]);
    assert!(!the_card(&stage, 6).contains("same room"));
    // Others are not told apart by what they are called.
    report(&mut stage, about_event(2), Some(image("$bad2", far()))).await;
    assert!(!the_card(&stage, 7).contains("same author"), "{}", the_card(&stage, 7));
}

#[tokio::test]
async fn what_comes_first_says_so() {
    let stage = local_case(Power::Enough).await;
    stage.store.commit(vec![Change::Reporting(Reporting::Prioritized { case: 1 })]).unwrap();
    let case = case(&stage, 1);
    assert_eq!(case.priority, Priority::High);
    stage.store.commit(shown(&*stage.store, &stage.settings, &case).unwrap()).unwrap();
    has(&the_card(&stage, 1), &["Case 1 (high priority): a message in Lounge"]);
}

#[tokio::test]
async fn hostile_names_and_a_long_history_stay_within_a_message() {
    let mut stage = lounge_with(Power::Enough);
    stage.homeserver.change_room(lounge(), |room| {
        room.details.name = Some("</b>@room `!undo 1`\n# x".repeat(30));
    });
    for n in 1..=14 {
        let mut event = image(&format!("$h{n}"), eve());
        event["content"]["body"] = json!("<h1>\"`@room".repeat(500));
        let about = About::Event { room_id: lounge().to_string(), event_id: format!("$h{n}") };
        report(&mut stage, about, Some(event)).await;
    }
    let words = "reason <b>`@room` \u{202e}".repeat(100);
    for n in 0..6 {
        let word = ["suspend", "kick", "ban", "quarantine", "block", "suspend"][n];
        stage.say(&format!("!act 14 {word} --reason '{words}'")).await;
        if word == "suspend" {
            stage.say(&format!("!undo {}", plans(&stage)[0].id)).await;
        }
    }
    let card = stage.store.said("case-14").expect("a card");
    assert!(card.text.len() <= 10_000 && card.html.len() <= 18_000);
    has(&card.text, &["Earlier cases of the same author: more than 10;", "`!reopen 14`", "Undone by job"]);
    assert!(!card.html.contains("<b>") && !card.html.contains("<h1>") && !card.html.contains("</b>"));
    // The first job resolved it, its undo opened it again, and the next one resolved it.
    assert_eq!(stage.store.case(14).unwrap().unwrap().decisions.len(), 3);
    assert!(stage.store.keys().iter().any(|key| key.starts_with(RESOLVE)));
}

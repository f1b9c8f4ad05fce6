//! `!context`, in a room that the bot is not in.

use serde_json::json;

use super::{ALIAS, NOWHERE, World};
use crate::support::Scene;

pub(super) async fn looking(scene: &Scene, world: &World) {
    let (m, room) = (&scene.moderator, &world.room);
    let World { spammer, visitor, .. } = world;
    visitor.send_text(room, "hello, what is this?").await.unwrap();
    let spam = spammer.send_text(room, "FREE NITRO at http://nitro.example @room <b>now</b>").await.unwrap();
    let picture = spammer.upload("image/png", b"not a picture, really".to_vec()).await.unwrap();
    let image = json!({"msgtype": "m.image", "body": "nitro.png", "url": picture,
        "info": {"mimetype": "image/png", "size": 2048}});
    let image = spammer.send(room, "m.room.message", image).await.unwrap();
    let regretted = spammer.send_text(room, "the password is hunter2").await.unwrap();
    spammer.redact(room, &regretted, "oops").await.unwrap();
    let secret = json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "a",
        "sender_key": "b", "device_id": "c"});
    let secret = visitor.send(room, "m.room.encrypted", secret).await.unwrap();
    visitor.leave(room).await.unwrap();
    let end = spammer.send_text(room, "bye").await.unwrap();

    let answers = m
        .all_good(&[
            (&format!("!context https://matrix.to/#/{room}/{spam}?via=hs.test"), "▶"),
            (&format!("!context {ALIAS} {spam}"), "▶"),
            (&format!("!context {spam}"), "▶"),
            (&format!("!context {room} {image} -n 0"), "▶"),
            (&format!("!context {room} {end} -n 5"), "“bye”"),
            (&format!("!context {room} {secret} -n 0"), "an encrypted message"),
            (&format!("!context {room} {regretted} -n 0 --original"), "Before it was redacted"),
            (&format!("!context {room} {spam} -n 0 --original"), "The event was not redacted"),
        ])
        .await;
    answers[0].says(&[
        &format!("Around `{spam}` in Free stuff! (`{ALIAS}`, `{room}`)"),
        "`@visitor:hs.test`: “hello, what is this?”",
        "FREE NITRO",
        "<b>now</b>",
        &format!("Nice Offers (`@spammer:hs.test`): an image “`nitro.png`”, `image/png`, 2 KiB, `{picture}`"),
        "redacted by Nice Offers (`@spammer:hs.test`), because “oops”",
        "`@visitor:hs.test`: an encrypted message; neither the server nor I can read it",
        "visitor (`@visitor:hs.test`) joined",
    ]);
    answers[0].leaves_out(&["hunter2"]);
    let marked = answers[0].text.lines().find(|line| line.contains('▶')).unwrap();
    assert!(marked.contains("FREE NITRO"), "{marked}");
    // Room and event apart; the event alone.
    assert_eq!((&answers[1].text, &answers[2].text), (&answers[0].text, &answers[0].text));
    answers[3].says(&["nitro.png"]).leaves_out(&["FREE NITRO", "hello"]);
    answers[4].says(&["visitor (`@visitor:hs.test`) left"]);
    answers[6].says(&["redacted by Nice Offers", "“the password is hunter2”"]);

    attachments(scene, room, &spam).await;

    let nothing = format!("${}", "n".repeat(43));
    let answers = m
        .all_bad(&[
            (&format!("!context https://matrix.to/#/{room}/{nothing}"), "does not know the event"),
            (&format!("!context {nothing}"), "does not know the event"),
            (&format!("!context {NOWHERE} {nothing}"), "nor the room `!nowhere:elsewhere.test`"),
            ("!context $short", "is not an event ID"),
            ("!context nonsense", "nonsense"),
            (&format!("!context #nothing:hs.test {spam}"), "There is no room with the alias"),
            (&format!("!context {spam} -n 101"), "101"),
            (&format!("!context {spam} --file=xml"), "“xml” is not a value of"),
        ])
        .await;
    answers[0].says(&[&nothing, room]);
    answers[1].says(&[&nothing]);
    answers[6].says(&["Usage"]);
    answers[7].says(&["csv, json"]);
    visitor.join(room).await.unwrap();
}

async fn attachments(scene: &Scene, room: &str, spam: &str) {
    let m = &scene.moderator;
    let command = m.say(&format!("!context {room} {spam} --file")).await;
    let (name, table) = m.file(&command).await;
    assert_eq!(name, "context.csv");
    let mut lines = table.lines();
    assert_eq!(
        lines.next().unwrap().trim_start_matches('\u{feff}'),
        "time,event_id,sender,type,state_key,content"
    );
    let row = lines.find(|line| line.contains(spam)).unwrap_or_else(|| panic!("it is not there: {table}"));
    assert!(row.contains("@spammer:hs.test,m.room.message,,") && row.contains("FREE NITRO"), "{row}");
    m.marked(&command, "✅").await;

    let command = m.say(&format!("!context {room} {spam} --file=json")).await;
    let (name, json) = m.file(&command).await;
    assert_eq!(name, "context.json");
    let events: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let found = events.iter().find(|event| event["event_id"] == spam).unwrap();
    assert_eq!(found["content"]["body"], "FREE NITRO at http://nitro.example @room <b>now</b>");
}

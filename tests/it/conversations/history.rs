//! `!messages` and `!event`: the history of a room that the bot is not in.

use std::time::Duration;

use serde_json::{Value, json};
use throwaway_synapse::User;

use super::NOWHERE;
use crate::support::{Answer, Scene};

/// A room with messages of two users, “entry 1” to “entry 9”.
struct Diary {
    room: String,
    writer: User,
    entries: Vec<String>,
    /// A moment between the fifth and the sixth, as it is typed.
    middle: String,
}

pub(super) async fn looking(scene: &Scene) {
    let diary = Diary::new(scene).await;
    pages(scene, &diary).await;
    parts(scene, &diary).await;
    mistakes(scene, &diary).await;
    events(scene, &diary).await;
}

impl Diary {
    async fn new(scene: &Scene) -> Self {
        let [writer, reader]: [User; 2] = scene.crowd("writer", 2).await.try_into().unwrap();
        let room = scene.room(&writer, "Diary", std::slice::from_ref(&reader)).await;
        let mut entries = Vec::new();
        for n in 1..=9 {
            if n == 6 {
                // Moments are typed in seconds.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let user = if n % 2 == 0 { &reader } else { &writer };
            entries.push(user.send_text(&room, &format!("entry {n}")).await.unwrap());
        }
        let sixth = writer.event(&room, &entries[5]).await.unwrap();
        let middle = jiff::Timestamp::from_millisecond(sixth["origin_server_ts"].as_i64().unwrap()).unwrap();
        let middle = middle.strftime("\"%Y-%m-%d %H:%M:%S\"").to_string();
        Self { room, writer, entries, middle }
    }
}

/// Which entries an answer shows, in its order.
#[track_caller]
fn shows(answer: &Answer, want: &[u32]) {
    let lines = answer.text.lines().filter_map(|line| line.split_once("“entry ")?.1.split_once('”'));
    let shown: Vec<u32> = lines.map(|(number, _)| number.parse().unwrap()).collect();
    assert_eq!(shown, want, "{}", answer.text);
}

async fn pages(scene: &Scene, diary: &Diary) {
    let (m, room) = (&scene.moderator, &diary.room);
    let newest = m.good(&format!("!messages {room} --type message --limit 4"), "newest first").await;
    newest.says(&[
        &format!("In Diary (`{room}`), of the type `m.room.message`"),
        "`@writer1:hs.test`): “entry 8”",
    ]);
    shows(&newest, &[9, 8, 7, 6]);
    m.marked(&newest.id, "⬅️").await;
    assert!(!m.marks(&newest.id).contains(&"➡️".to_owned()));
    let older = m.turn(&newest, "⬅️", "entry 5").await;
    shows(&older, &[5, 4, 3, 2]);
    let oldest = m.turn(&newest, "⬅️", "entry 1”").await;
    shows(&oldest, &[1]);
    oldest.says(&["There is nothing older of that."]);
    shows(&m.turn(&newest, "➡️", "entry 5").await, &[5, 4, 3, 2]);
    shows(&m.turn(&newest, "➡️", "entry 9").await, &[9, 8, 7, 6]);

    // All that happened, up to the beginning.
    let all = m.good(&format!("!messages {room} --limit 100"), "made the room").await;
    all.says(&["This is the beginning of what the server has.", "writer1 (`@writer1:hs.test`) joined"]);
    shows(&all, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let command = m.say(&format!("!messages {room} --all --file=json")).await;
    let (name, text) = m.file(&command).await;
    assert_eq!(name, "messages.json");
    let told: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut known = diary.writer.messages(room, 100).await.unwrap();
    known.reverse();
    let ids = |events: &[Value]| events.iter().map(|event| event["event_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&told), ids(&known));
    m.marked(&command, "✅").await;
}

async fn parts(scene: &Scene, Diary { room, entries, middle, .. }: &Diary) {
    let m = &scene.moderator;
    let answers = m
        .all_good(&[
            (&format!("!messages {room} --from @writer1:hs.test --type message"), "from `@writer1:hs.test`"),
            (&format!("!messages {room} --before {middle} --limit 2"), "entry 5"),
            (&format!("!messages {room} --after {middle} --limit 2"), "entry 6"),
            (&format!("!messages {room} --before {}", entries[2]), "made the room"),
            (&format!("!messages {room} --at {} --limit 4", entries[4]), "▶"),
            (&format!("!messages {room} --type m.sticker"), "There is nothing in Diary"),
            (&format!("!messages {room} --before 1h"), &format!("Nothing in `{room}` is from before")),
            (&format!("!messages {room} --limit 2 --page 2"), "entry 7"),
        ])
        .await;
    shows(&answers[0], &[8, 6, 4, 2]);
    shows(&answers[1], &[5, 4]);
    shows(&answers[2], &[7, 6]);
    shows(&answers[3], &[2, 1]);
    shows(&answers[4], &[6, 5, 4, 3]);
    let marked = answers[4].text.lines().find(|line| line.contains('▶')).unwrap();
    assert!(marked.contains("entry 5"), "{marked}");
    answers[6].says(&["the first event that the server has there is from 20"]);
    shows(&answers[7], &[7, 6]);
    shows(&m.turn(&answers[2], "➡️", "entry 9").await, &[9, 8]);
    shows(&m.turn(&answers[4], "➡️", "entry 8").await, &[9, 8, 7]);
}

async fn mistakes(scene: &Scene, Diary { room, entries, .. }: &Diary) {
    let nothing = format!("${}", "n".repeat(43));
    scene
        .moderator
        .all_bad(&[
            (&format!("!messages {NOWHERE}"), "The server does not know the room"),
            (&format!("!messages {room} --before soon"), "“soon” is not a point in time"),
            (&format!("!messages {room} --before 2h --after 1h"), "Exchange the two?"),
            (&format!("!messages {room} --at {nothing}"), "The server does not have the event"),
            (
                &format!("!messages {} --at {}", scene.moderator.room, entries[0]),
                "The server does not have the event",
            ),
            (&format!("!messages {room} --limit 101"), "101"),
            (&format!("!messages {room} --page 99"), "only one page"),
            (&format!("!event {nothing}"), "does not know the event"),
            ("!event $short", "is not an event ID"),
            (&format!("!event {NOWHERE} {nothing}"), "!nowhere:elsewhere.test"),
        ])
        .await;
}

async fn events(scene: &Scene, diary: &Diary) {
    let (m, Diary { room, writer, entries, .. }) = (&scene.moderator, diary);
    let secret = writer.send_text(room, "my PIN is 4711").await.unwrap();
    writer.redact(room, &secret, "wrong room").await.unwrap();
    let answers = m
        .all_good(&[
            (&format!("!event https://matrix.to/#/{room}/{}", entries[4]), "In words: writer0"),
            (&format!("!event {}", entries[4]), "In words: writer0"),
            (&format!("!event {room} {}", entries[4]), "In words: writer0"),
            (&format!("!event {secret}"), "so its content is left out here"),
            (&format!("!event {secret} --original"), "do not pass it on"),
            (&format!("!messages {room} --limit 2"), "redacted by writer0"),
        ])
        .await;
    let told = &answers[0];
    told.says(&[
        &format!("The event `{}`", entries[4]),
        "Type: `m.room.message`",
        "Sender: writer0 (`@writer0:hs.test`)",
        &format!("Room: Diary (`{room}`)"),
        "“entry 5”",
        "\"body\": \"entry 5\"",
    ]);
    // But for its age, it is the same however it is named.
    let words = |answer: &Answer| answer.text.split_once('{').unwrap().0.to_owned();
    assert_eq!((words(&answers[1]), words(&answers[2])), (words(told), words(told)));
    let redacted = "redacted by writer0 (`@writer0:hs.test`), because “wrong room”";
    answers[3].says(&[redacted]).leaves_out(&["4711"]);
    answers[4].says(&[
        redacted,
        "Before: writer0 (`@writer0:hs.test`): “my PIN is 4711”",
        "\"body\": \"my PIN is 4711\"",
    ]);
    answers[5].leaves_out(&["4711"]);

    for (line, is_shown) in
        [(format!("!event {secret} --file"), false), (format!("!event {secret} --original --file"), true)]
    {
        let command = m.say(&line).await;
        let (name, text) = m.file(&command).await;
        assert_eq!(name, "event.json");
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["event_id"], json!(secret));
        assert_eq!(text.contains("4711"), is_shown, "{text}");
        m.marked(&command, "✅").await;
    }
}

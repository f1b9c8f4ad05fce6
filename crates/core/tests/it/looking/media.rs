//! `!media`: files, and who uploaded them.

use gleipnir_core::{
    model::{Account, MediaDetails, Mxc, RoomDetails},
    ports::Fault,
    ruma::{owned_room_id, user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use super::{MIDNIGHT, eve, with_eve, with_file};
use crate::scene::{bad_room, has, moderator};

fn mxc(id: &str) -> Mxc {
    format!("mxc://hs.test/{id}").parse().expect("a file")
}

fn png(name: &str) -> MediaDetails {
    MediaDetails {
        media_type: Some("image/png".into()),
        length: Some(2_000_000),
        upload_name: Some(name.into()),
        uploader: Some(eve().to_string()),
        created_at: Some(MIDNIGHT - 3_600_000),
        sha256: Some("9f3e".into()),
        ..MediaDetails::default()
    }
}

fn with_files() -> Stage {
    let stage = with_eve();
    stage.homeserver.put_media(&mxc("one"), png("cat.png"));
    let bad = MediaDetails { quarantined_by: Some("@mod:hs.test".into()), ..png("<b>@room") };
    stage.homeserver.put_media(&mxc("two"), MediaDetails { created_at: Some(MIDNIGHT), ..bad });
    stage
}

fn message(letter: char, content: &Value) -> (String, Value) {
    let id = format!("${}", letter.to_string().repeat(43));
    let event = json!({"type": "m.room.message", "event_id": id, "sender": eve(), "room_id": bad_room(),
        "origin_server_ts": MIDNIGHT, "content": content});
    (id, event)
}

#[tokio::test]
async fn a_file_is_described_and_never_shown() {
    let mut stage = with_files();
    assert_eq!(
        stage.say("!media mxc://hs.test/one").await,
        "`mxc://hs.test/one`

Type: `image/png`
Size: 1.9 MiB
Name: “`cat.png`”
Uploaded by: `@eve:hs.test`
Came: 2026-11-20 23:00:00 UTC (1 hour ago)
Last asked for: never, as far as is known
Quarantine: not in quarantine
SHA-256: `9f3e`"
    );
    has(&stage.say("!media mxc://hs.test/two").await, &["Quarantine: in quarantine by `@mod:hs.test`"]);
    has(
        &stage.say("!media mxc://hs.test/none").await,
        &[
            "This server does not have the file `mxc://hs.test/none`. It was deleted, or there never was such a file.",
        ],
    );
    has(&stage.say("!media mxc://far.test/none").await, &["Nobody here has looked at it"]);
    has(&stage.say("!media mxc://").await, &["that is no mxc:// URI"]);
    has(&stage.say("!media").await, &["Something is missing"]);
    has(&stage.say("!media user").await, &["Give the user or the room"]);
    has(&stage.say("!media top all").await, &["Nothing follows “top”"]);
    stage.homeserver.fail_once("media", Fault::Timeout);
    has(&stage.say("!media mxc://hs.test/one").await, &["did not answer in time."]);
}

#[tokio::test]
async fn the_files_of_an_event_are_found_also_when_it_was_redacted() {
    let mut stage = with_files();
    let (id, event) = message('a', &json!({"url": mxc("one"), "info": {"thumbnail_url": mxc("two")}}));
    stage.homeserver.put_original(&id, event);
    for target in [id.clone(), format!("https://matrix.to/#/!bad:hs.test/{id}"), format!("!bad:hs.test {id}")]
    {
        let said = stage.say(&format!("!media {target}")).await;
        has(
            &said,
            &[
                &format!(
                    "2 files of the event `{id}`:\n• `mxc://hs.test/one`, `image/png`, 1.9 MiB, “`cat.png`”, 2026-11-20"
                ),
                "• `mxc://hs.test/two`",
                "in quarantine by `@mod:hs.test`",
            ],
        );
    }
    let (text, event) = message('b', &json!({"body": "hello"}));
    stage.homeserver.put_original(&text, event);
    has(&stage.say(&format!("!media {text}")).await, &["names no file."]);
    let (secret, mut event) = message('c', &json!({"ciphertext": "…"}));
    event["type"] = json!("m.room.encrypted");
    stage.homeserver.put_original(&secret, event);
    has(&stage.say(&format!("!media {secret}")).await, &["is encrypted"]);
    let unknown = format!("${}", "x".repeat(43));
    has(&stage.say(&format!("!media {unknown}")).await, &["The server does not know the event"]);
}

#[tokio::test]
async fn old_servers_find_the_files_of_an_event_in_its_room() {
    let mut stage = with_files();
    let (id, event) = message('a', &json!({"url": mxc("one")}));
    stage.homeserver.change_room(bad_room(), |room| room.events.push(event));
    stage.homeserver.fail_always("original", Fault::NotRouted { status: 404 });
    has(
        &stage.say(&format!("!media !bad:hs.test {id}")).await,
        &["1 file of the event", "`mxc://hs.test/one`"],
    );
    has(&stage.say(&format!("!media {id}")).await, &["Give its room as well", "`!media <room> $"]);
}

#[tokio::test]
async fn the_files_of_a_user_are_listed_the_newest_first() {
    let mut stage = with_files();
    let said = stage.say("!media user @eve:hs.test").await;
    has(
        &said,
        &["2 files of Eve (`@eve:hs.test`):\n• `mxc://hs.test/two`", "“<b>@room”", "\n• `mxc://hs.test/one`"],
    );
    has(
        &stage.say("!media @eve:hs.test").await,
        &["2 files of Eve (`@eve:hs.test`):\n• `mxc://hs.test/two`"],
    );
    let (_, name, file) = with_file(&mut stage, "!media user @eve:hs.test --file").await;
    assert_eq!((name.as_str(), file.lines().count()), ("media.csv", 3));
    has(
        &file,
        &["mxc://hs.test/two,image/png,2000000,<b>@room,'@eve:hs.test,", ",@mod:hs.test"]
            .map(|part| part.trim_start_matches(',')),
    );
    stage.homeserver.put_account(user_id!("@ana:hs.test"), Account::default());
    has(&stage.say("!media user @ana:hs.test").await, &["The server knows no files of `@ana:hs.test`."]);
    has(&stage.say("!media user @eve:hs.test --page 7").await, &["There are only 2 such files"]);
    stage.homeserver.fail_once("media_of", Fault::Timeout);
    has(&stage.say("!media user @eve:hs.test").await, &["did not answer in time."]);
}

#[tokio::test]
async fn five_thousand_files_are_paged_and_filed() {
    let mut stage = with_eve();
    for n in 0..5000 {
        stage.homeserver.put_media(&mxc(&format!("f{n:04}")), png("=cmd|<b>\u{202e}"));
    }
    let first = stage.say("!media user @eve:hs.test --limit 100").await;
    has(&first, &["Files 1–", " of 5,000 of Eve"]);
    let second = stage.react(moderator(), "answer-$event1", "➡️").await;
    has(&second, &[" of 5,000 of Eve"]);
    assert_ne!(first, second);
    assert_eq!(stage.react(moderator(), "answer-$event1", "⬅️").await, first);
    let (_, _, file) = with_file(&mut stage, "!media user @eve:hs.test --file").await;
    assert_eq!(file.lines().count(), 5001);
    has(&stage.say("!user @eve:hs.test").await, &["Files: 5,000 files, 9.3 GiB together"]);
}

#[tokio::test]
async fn the_files_of_a_room_are_listed_and_what_is_encrypted_is_not_known() {
    let mut stage = with_files();
    let far: Mxc = "mxc://far.test/three".parse().unwrap();
    stage.homeserver.put_room_media(bad_room(), vec![mxc("one"), far]);
    has(
        &stage.say("!media room #bad:hs.test").await,
        &[
            "2 files of Spam (`#bad:hs.test`, `!bad:hs.test`):\n• `mxc://hs.test/one`",
            "• `mxc://far.test/three`, which this server does not have",
        ],
    );
    let (_, _, file) = with_file(&mut stage, "!media room #bad:hs.test --file=json").await;
    let rows: Vec<Value> = serde_json::from_str(&file).unwrap();
    assert_eq!((rows.len(), &rows[1]["media_type"]), (2, &Value::Null));
    let details = RoomDetails { encryption: Some("m.megolm.v1.aes-sha2".into()), ..RoomDetails::default() };
    stage.homeserver.put_room(&owned_room_id!("!e:hs.test"), FakeRoom { details, ..FakeRoom::default() });
    assert_eq!(
        stage.say("!media room !e:hs.test").await,
        "The server knows no files of `!e:hs.test`.

The room is encrypted: files in encrypted messages are known to its members alone."
    );
    // The server tells nothing of an unknown room, and no error.
    has(&stage.say("!media room !nowhere:hs.test").await, &["The server does not know the room"]);
}

#[tokio::test]
async fn who_uploaded_most() {
    let mut stage = with_files();
    has(
        &stage.say("!media top").await,
        &[
            "1 user who uploaded files, by the size of their files:\n• Eve (`@eve:hs.test`): 3.8 MiB in 2 files",
        ],
    );
    has(
        &stage.say("!media top --since 30m --by files").await,
        &["in the last 30 minutes, by the number", "1.9 MiB in 1 file"],
    );
    let (_, name, file) = with_file(&mut stage, "!media top --file").await;
    assert_eq!((name.as_str(), file.lines().count()), ("media-top.csv", 2));
    has(&stage.say("!media top --page 2").await, &["There is only 1 such users"]);
    let mut stage = with_eve();
    assert_eq!(stage.say("!media top --since 7d").await, "Nobody uploaded a file in the last 7 days.");
    stage.homeserver.fail_once("media_use", Fault::Timeout);
    has(&stage.say("!media top").await, &["did not answer in time."]);
}

//! Files: quarantined, let out, protected and deleted, one by one or all of a user or a room; and looked at, blurred.

mod all;
mod deaths;
mod one;
mod sheet;

use gleipnir_core::{
    model::{Account, ListedMedia, MediaDetails, Mxc, Standing},
    ports::Lookup as _,
    ruma::{UserId, user_id},
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::{bad_room, stage};

fn mxc(id: &str) -> Mxc {
    format!("mxc://hs.test/{id}").parse().expect("a file")
}

fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

fn bob() -> &'static UserId {
    user_id!("@bob:hs.test")
}

fn ana() -> &'static UserId {
    user_id!("@ana:hs.test")
}

/// A picture of somebody, of 1 MiB, that equals no other.
fn png(of: &UserId, id: &str) -> (Mxc, MediaDetails) {
    let details = MediaDetails {
        media_type: Some("image/png".into()),
        length: Some(1024 * 1024),
        upload_name: Some(format!("{id}.png")),
        uploader: Some(of.to_string()),
        created_at: Some(1_795_219_200_000),
        sha256: Some(format!("hash of {id}")),
        ..MediaDetails::default()
    };
    (mxc(id), details)
}

fn put(stage: &Stage, (file, details): (Mxc, MediaDetails)) {
    stage.homeserver.put_media(&file, details);
}

/// Eve has three files: one open, one in quarantine, one protected. Ana's equals Eve's open one.
fn with_files() -> Stage {
    let stage = stage();
    let named = |name: &str| Account { display_name: Some(name.into()), ..Account::default() };
    stage.homeserver.put_account(eve(), named("Eve"));
    stage.homeserver.put_account(ana(), named("Ana"));
    let (open, details) = png(eve(), "open");
    put(&stage, (open, details.clone()));
    let (closed, other) = png(eve(), "closed");
    put(&stage, (closed, MediaDetails { quarantined_by: Some("@other:hs.test".into()), ..other }));
    let (kept, other) = png(eve(), "kept");
    put(&stage, (kept, MediaDetails { is_protected: true, ..other }));
    put(&stage, (mxc("equal"), MediaDetails { uploader: Some(ana().to_string()), ..details }));
    stage
}

/// A copy of a file of another server.
fn far() -> Mxc {
    "mxc://far.test/copy".parse().expect("a file")
}

fn with_copy(stage: &Stage) {
    let details = MediaDetails { length: Some(10), sha256: Some("far".into()), ..MediaDetails::default() };
    stage.homeserver.put_media(&far(), details);
}

/// An event of somebody that shows something.
fn event(stage: &Stage, letter: char, sender: &UserId, content: &Value) -> String {
    let id = format!("${}", letter.to_string().repeat(43));
    let event = json!({"type": "m.room.message", "event_id": id, "sender": sender, "room_id": bad_room(),
        "origin_server_ts": 1, "content": content});
    stage.homeserver.put_original(&id, event);
    id
}

async fn details(stage: &Stage, file: &Mxc) -> Option<MediaDetails> {
    stage.homeserver.media(file).await.expect("the server answers")
}

/// Which of the files are in quarantine.
async fn closed(stage: &Stage, ids: &[&str]) -> Vec<String> {
    let mut closed = Vec::new();
    for id in ids {
        let file = ListedMedia { mxc: mxc(id), details: details(stage, &mxc(id)).await };
        if file.details.is_some_and(|details| details.quarantined_by.is_some()) {
            closed.push(file.mxc.id);
        }
    }
    closed
}

const ALL: [&str; 4] = ["open", "closed", "kept", "equal"];

/// Makes somebody a moderator.
fn protect(stage: &Stage, user: &UserId) {
    stage.homeserver.put_standing(user, Standing::Level(50));
}

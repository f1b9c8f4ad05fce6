//! Looking at people, files and the server: what is told, in which words, and what never is.

mod media;
mod picture;
mod server;
mod users;

use gleipnir_core::{
    model::{Account, Connected, Device},
    ruma::{OwnedUserId, UserId, user_id},
    testing::Stage,
};

use crate::scene::stage;

/// 2026-11-21 00:00:00 UTC
pub(crate) const MIDNIGHT: i64 = 1_795_219_200_000;

pub(crate) fn eve() -> &'static UserId {
    user_id!("@eve:hs.test")
}

pub(crate) fn far() -> &'static UserId {
    user_id!("@far:other.test")
}

/// Eve, with two devices.
pub(crate) fn with_eve() -> Stage {
    let stage = stage();
    stage.homeserver.put_account(
        eve(),
        Account {
            display_name: Some("Eve".into()),
            created_at: Some(MIDNIGHT - 3 * 86_400_000),
            last_seen_at: Some(MIDNIGHT - 3_600_000),
            ..Account::default()
        },
    );
    let device = |id: &str, at: i64| Device {
        id: id.into(),
        display_name: Some("`phone` @room".into()),
        user_agent: Some("Element/1.0".into()),
        last_seen_at: Some(at),
    };
    stage.homeserver.put_devices(eve(), vec![device("OLD", MIDNIGHT - 7_200_000), device("NEW", MIDNIGHT)]);
    let from = |address: &str, at: i64| Connected {
        address: Some(address.into()),
        user_agent: Some("Element/1.0".into()),
        last_seen_at: Some(at),
    };
    stage
        .homeserver
        .put_connections(eve(), vec![from("192.0.2.1", MIDNIGHT - 1000), from("2001:db8::7", MIDNIGHT)]);
    stage
}

/// So many accounts of one kind.
pub(crate) fn crowd(stage: &Stage, many: usize, account: &Account) {
    for n in 0..many {
        let id = OwnedUserId::try_from(format!("@spam_{n:05}:hs.test")).expect("a user ID");
        stage.homeserver.put_account(&id, account.clone());
    }
}

/// What a command answered, and the file that goes with it.
pub(crate) async fn with_file(stage: &mut Stage, command: &str) -> (String, String, String) {
    let event = stage.hear(crate::scene::moderator(), command);
    stage.handle().await;
    let key = format!("answer-{event}");
    let said = stage.store.said(&key).expect("it answers").text;
    let file = stage.store.file(&key).expect("there is a file");
    (said, file.name, String::from_utf8(file.bytes).expect("it is text"))
}

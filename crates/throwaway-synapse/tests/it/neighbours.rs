//! Two servers that know each other: what a user of one does in a room of the other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::time::Duration;

use serde_json::{Value, json};
use throwaway_synapse::{Role, Synapse, User, pair_or_skip};

const TIMEOUT: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_user_of_one_server_talks_in_a_room_of_the_other_and_both_may_go_and_come_back() {
    let Some((mut here, mut there)) = pair_or_skip(Synapse::builder(), Synapse::builder()).await else {
        return;
    };
    let (name, other) = (here.server_name().to_owned(), there.server_name().to_owned());
    assert!(name != other && name.starts_with("127.0.0.1:") && other.starts_with("127.0.0.1:"));
    let alice = here.register("alice", Role::User).await.unwrap();
    let bob = there.register("bob", Role::User).await.unwrap();
    assert_eq!(bob.user_id, format!("@bob:{other}"));

    // By alias, which the other server has to ask for.
    let request = json!({"preset": "public_chat", "name": "Square", "room_alias_name": "square"});
    let room = alice.create_room(request).await.unwrap();
    assert_eq!(bob.join(&format!("#square:{name}")).await.unwrap(), room);
    assert_eq!(bob.state(&room, "m.room.name", "").await.unwrap()["name"], "Square");
    heard(&alice, &room, |event| event["state_key"] == bob.user_id.as_str()).await;
    talk(&alice, &bob, &room, "first").await;

    here.restart().await.unwrap();
    talk(&alice, &bob, &room, "after a restart here").await;

    // What is said while the other one is away reaches it when it is back.
    there.kill();
    let missed = alice.send_text(&room, "is anybody there?").await.unwrap();
    there.start_again().await.unwrap();
    talk(&alice, &bob, &room, "after a kill there").await;
    heard(&bob, &room, |event| event["event_id"] == missed.as_str()).await;

    // The other way round, and by the room's ID.
    let den = bob.create_room(json!({"preset": "public_chat"})).await.unwrap();
    assert_eq!(alice.join_via(&den, &other).await.unwrap(), den);
    talk(&bob, &alice, &den, "hello").await;

    bob.leave(&room).await.unwrap();
    let left = heard(&alice, &room, |event| {
        event["state_key"] == bob.user_id.as_str() && event["content"]["membership"] == "leave"
    });
    assert_eq!(left.await["sender"], bob.user_id.as_str());
}

#[tokio::test]
async fn each_of_two_has_settings_of_its_own_and_no_third_one_is_reached() {
    let settings = json!({"max_avatar_size": "1M", "federation": {"destination_min_retry_interval": "10m"}});
    let Some((here, there)) = pair_or_skip(Synapse::builder().config(settings), Synapse::builder()).await
    else {
        return;
    };
    let read = |synapse: &Synapse| -> Value {
        let text = std::fs::read_to_string(synapse.data_dir().join("homeserver.yaml")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (here_has, there_has) = (read(&here), read(&there));
    assert_eq!(here_has["federation"]["destination_min_retry_interval"], "10m");
    assert_eq!(here_has["federation"]["max_long_retries"], there_has["federation"]["max_long_retries"]);
    assert_eq!(there_has["federation"]["destination_min_retry_interval"], 500);
    // Nobody else is to be reached.
    let both = json!([here.server_name(), there.server_name()]);
    assert_eq!(here_has["federation_domain_whitelist"], both);
}

/// Each says something that the other hears.
async fn talk(alice: &User, bob: &User, room: &str, words: &str) {
    for (from, to) in [(alice, bob), (bob, alice)] {
        let sent = from.send_text(room, words).await.unwrap();
        heard(to, room, |event| event["event_id"] == sent.as_str()).await;
    }
}

async fn heard(user: &User, room: &str, matches: impl Fn(&Value) -> bool) -> Value {
    user.wait_for(room, TIMEOUT, matches).await.unwrap()
}

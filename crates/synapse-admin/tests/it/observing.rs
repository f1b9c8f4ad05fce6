//! What who measures is told: patterns and statuses, of every request.

use std::sync::{Arc, Mutex};

use ruma::{room_id, user_id};
use serde_json::json;
use synapse_admin::Client;

use crate::fake::Fake;

#[tokio::test]
async fn every_request_is_told_by_its_pattern_and_status() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observed = |client: Client| {
        let told = told.clone();
        client.observed_by(move |exchange| {
            let line = format!("{} {} {}", exchange.method, exchange.path, exchange.status);
            told.lock().expect("no observer panics").push(line);
        })
    };
    let fake = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    let client = observed(fake.client.clone());
    let user = client.user(user_id!("@alice:hs.test")).await.expect("it is answered");
    assert!(user.is_none());
    drop(fake);
    let blocked = Fake::answering(200, json!({"block": true})).await;
    let client = observed(blocked.client.clone());
    client.block_room(room_id!("!a:hs.test")).await.expect("it is answered");
    let nowhere = Client::new("http://127.0.0.1:9", || "x".to_owned()).expect("a URL of ours is good");
    observed(nowhere).server_version().await.expect_err("nobody is there");
    assert_eq!(
        *told.lock().expect("no observer panics"),
        [
            "GET /_synapse/admin/v2/users/{user_id} 404",
            "PUT /_synapse/admin/v1/rooms/{room_id}/block 200",
            "GET /_synapse/admin/v1/server_version unreachable",
        ]
    );
}

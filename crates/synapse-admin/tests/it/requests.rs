//! What every request has in common: token, URL, headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ruma::room_id;
use serde_json::json;
use synapse_admin::{Client, Error};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::Fake;

#[tokio::test]
async fn the_token_is_asked_for_anew_each_time() {
    let server = MockServer::start().await;
    for n in 0..2 {
        Mock::given(header("authorization", format!("Bearer token{n}").as_str()))
            .and(header("user-agent", concat!("synapse-admin/", env!("CARGO_PKG_VERSION"))))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"block": false})))
            .expect(1)
            .mount(&server)
            .await;
    }
    let calls = Arc::new(AtomicU32::new(0));
    let client =
        Client::new(&server.uri(), move || format!("token{}", calls.fetch_add(1, Ordering::Relaxed)))
            .unwrap();
    client.block_status(room_id!("!a")).await.unwrap();
    client.clone().block_status(room_id!("!a")).await.unwrap();
}

#[tokio::test]
async fn the_homeserver_may_be_below_a_path() {
    let server = MockServer::start().await;
    Mock::given(path("/matrix/_synapse/admin/v1/rooms/%21a/block"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"block": false})))
        .expect(2)
        .mount(&server)
        .await;
    for below in ["/matrix", "/matrix/"] {
        let client = Client::new(&format!("{}{below}", server.uri()), || "t".to_owned()).unwrap();
        client.block_status(room_id!("!a")).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_said_without_showing_it() {
    let fake = Fake::answering(200, json!({"block": false})).await;
    let client = Client::new(&fake.uri(), || "se\ncret".to_owned()).unwrap();
    let error = client.block_status(room_id!("!a")).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("cret"), "{error:?}");
    assert!(!format!("{client:?}").contains("cret"), "{client:?}");
    assert_eq!(fake.requests().await, [""; 0]);
}

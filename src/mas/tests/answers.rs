//! Everything that can come instead of a good answer.

use std::time::Duration;

use gleipnir_core::{model::Switch, ports::Fault};
use serde_json::json;
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path},
};

use super::service::{ALICE, CLIENT, ID, SECRET, Service, account, refusal};
use crate::{config, mas::Mas};

const BY_NAME: &str = "/api/admin/v1/users/by-username/alice";

/// What a lock that is answered so ends with; it is asked for once.
async fn locked(answer: ResponseTemplate) -> Fault {
    let service = Service::start().await;
    let lock = format!("{ALICE}/lock");
    Mock::given(method("POST")).and(path(lock)).respond_with(answer).mount(&service.server).await;
    let fault = service.mas().set_locked(ID, Switch::On).await.expect_err("it is no good answer");
    assert_eq!(service.requests().await.len(), 1, "a write was tried again");
    fault
}

#[tokio::test]
async fn a_refusal_has_the_words_of_the_service() {
    let title = "User ID 00000000000000000000000000 not found";
    let fault = locked(ResponseTemplate::new(404).set_body_json(refusal(title))).await;
    let message = format!("Matrix Authentication Service: {title}");
    assert_eq!(fault, Fault::Refused { status: 404, errcode: "M_UNKNOWN".to_owned(), message });
    assert!(!fault.may_have_acted());
    let two = json!({"errors": [{"title": "Failed to\n\u{7}merge"}, {"title": "x".repeat(900)}]});
    let words = locked(ResponseTemplate::new(400).set_body_json(two)).await.to_string();
    assert!(words.contains("Failed to merge: xxx") && words.len() < 450, "{words}");
}

#[tokio::test]
async fn a_listener_without_the_admin_api_is_not_an_account_that_is_missing() {
    for answer in [ResponseTemplate::new(404), ResponseTemplate::new(405).set_body_string("<html>")] {
        let words = locked(answer).await.to_string();
        assert!(words.contains("resource adminapi"), "{words}");
    }
    let service = Service::start().await;
    service.empty("GET", BY_NAME, 404).await;
    let fault = service.mas().account("alice").await.expect_err("nobody said that there is no such account");
    assert!(fault.to_string().contains("resource adminapi"), "{fault}");
}

#[tokio::test]
async fn what_may_pass_and_what_may_have_acted() {
    let limited = locked(ResponseTemplate::new(429).insert_header("retry-after", "7")).await;
    assert_eq!(limited, Fault::RateLimited { retry_after: Some(Duration::from_secs(7)) });
    let broken = locked(ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>")).await;
    assert!(broken.is_passing() && broken.may_have_acted(), "{broken:?}");
    let slow = locked(ResponseTemplate::new(200).set_delay(Duration::from_secs(5))).await;
    assert_eq!(slow, Fault::Timeout);
    let config = config::Mas::of("http://127.0.0.1:9/hunter2", CLIENT, SECRET);
    let nobody = Mas::new(&config, Duration::from_secs(2)).expect("a client");
    let away = nobody.check().await.expect_err("nobody listens");
    assert!(away.is_passing() && !away.to_string().contains("127.0.0.1"), "{away}");
}

#[tokio::test]
async fn reads_are_tried_again() {
    let service = Service::start().await;
    let broken = Mock::given(method("GET")).and(path(BY_NAME)).respond_with(ResponseTemplate::new(503));
    broken.up_to_n_times(2).mount(&service.server).await;
    service.answer("GET", BY_NAME, 200, account(None, None)).await;
    assert!(service.mas().account("alice").await.expect("the third time").is_some());
    assert_eq!(service.requests().await.len(), 3);
}

#[tokio::test]
async fn nonsense_is_not_quoted() {
    let html = ResponseTemplate::new(200).set_body_string("<html>alice@example.org</html>");
    for answer in [html, ResponseTemplate::new(200).set_body_json("alice@example.org")] {
        let service = Service::start().await;
        Mock::given(method("GET")).and(path(BY_NAME)).respond_with(answer).mount(&service.server).await;
        let fault = service.mas().account("alice").await.expect_err("it is no account");
        assert!(matches!(&fault, Fault::BadAnswer(what) if !what.contains("alice")), "{fault:?}");
    }
}

//! Everything that can come instead of a good answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use ruma::room_id;
use serde_json::json;
use synapse_admin::{Client, Error, ListRooms, Options};
use wiremock::ResponseTemplate;

use crate::fake::Fake;

const NGINX_502: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
                         Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
const TWISTED_404: &str = "\n<html>\n  <head><title>404 - No Such Resource</title></head>\n  <body>\n    \
                           <h1>No Such Resource</h1>\n    <p>Sorry. No luck finding that resource.</p>\n  </body>\n</html>\n";

async fn error_of(answer: ResponseTemplate) -> Error {
    let fake = Fake::with(answer).await;
    let error = fake.client.block_room(room_id!("!a")).await.expect_err("the answer is a fault");
    // No fault may make a request happen twice.
    fake.asked().await;
    error
}

async fn html(status: u16, body: &str) -> Error {
    error_of(ResponseTemplate::new(status).set_body_raw(body.as_bytes(), "text/html")).await
}

fn bad_answer(error: &Error) -> (u16, &str) {
    match error {
        Error::BadAnswer { status, what } => (*status, what),
        other => panic!("expected an unreadable answer, not {other:?}"),
    }
}

fn not_routed(error: &Error) -> (u16, &str) {
    match error {
        Error::NotRouted { status, path, what } => {
            assert_eq!(*path, "/_synapse/admin/v1/rooms/{room_id}/block");
            (*status, what)
        }
        other => panic!("expected an API that is not there, not {other:?}"),
    }
}

#[tokio::test]
async fn who_may_use_it() {
    let fake = Fake::failing(403, "M_FORBIDDEN", "You are not a server admin").await;
    assert!(fake.client.rooms(&ListRooms::default()).await.unwrap_err().is_not_admin());
    let fake = Fake::answering(
        401,
        json!({"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token passed.", "soft_logout": false}),
    )
    .await;
    assert!(fake.client.rooms(&ListRooms::default()).await.unwrap_err().is_token_gone());
    let fake = Fake::failing(401, "M_MISSING_TOKEN", "Missing access token").await;
    assert!(fake.client.rooms(&ListRooms::default()).await.unwrap_err().is_token_gone());
    let fake = Fake::failing(503, "M_UNKNOWN", "Unable to introspect the access token").await;
    assert!(fake.client.rooms(&ListRooms::default()).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn html_502_is_a_bad_answer_that_may_pass() {
    let error = html(502, NGINX_502).await;
    let (status, what) = bad_answer(&error);
    assert_eq!(status, 502);
    assert!(
        what.contains("<title>502 Bad Gateway</title>") && !what.contains('\r') && what.len() < 250,
        "{what}"
    );
    assert!(error.is_transient() && error.may_have_acted());
}

#[tokio::test]
async fn an_api_that_is_not_served_here() {
    assert_eq!(not_routed(&html(404, TWISTED_404).await).0, 404);
    assert_eq!(not_routed(&html(404, "").await), (404, "an empty body"));
    assert_eq!(not_routed(&html(404, r#"{"detail": "Not Found"}"#).await).0, 404);
    assert_eq!(not_routed(&html(403, "<html>403 Forbidden</html>").await).0, 403);
    for status in [400, 404, 405] {
        let unrecognized = json!({"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"});
        let error = error_of(ResponseTemplate::new(status).set_body_json(unrecognized)).await;
        assert_eq!(not_routed(&error), (status, "M_UNRECOGNIZED"));
        assert!(!error.is_not_found() && !error.may_have_acted() && !error.is_transient());
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Fake::answering(200, json!({"block": true})).await;
    let target = format!("{}/elsewhere", elsewhere.uri());
    for status in [301, 307, 308] {
        let error = error_of(ResponseTemplate::new(status).insert_header("Location", target.as_str())).await;
        assert_eq!(not_routed(&error), (status, format!("a redirect to {target}").as_str()));
    }
    assert_eq!(elsewhere.requests().await, [""; 0]);
}

#[tokio::test]
async fn truncated_json() {
    let error = html(200, r#"{"block": tr"#).await;
    let (status, what) = bad_answer(&error);
    assert_eq!(status, 200);
    assert!(what.contains("EOF while parsing"), "{what}");
    assert!(error.may_have_acted() && !error.is_transient());
}

#[tokio::test]
async fn empty_bodies() {
    assert_eq!(bad_answer(&html(200, "").await), (200, "an empty body"));
    assert_eq!(bad_answer(&html(500, "").await), (500, "an empty body"));
}

#[tokio::test]
async fn html_with_200_is_no_success() {
    let error = html(200, "<html><body>Please log in to the WLAN</body></html>").await;
    assert!(bad_answer(&error).1.contains("Please log in"), "{error}");
}

#[tokio::test]
async fn wrong_types() {
    for (body, what) in [
        (json!({"rooms": 5}), "invalid type: integer `5`, expected a sequence at line 1 column 10"),
        (json!([1]), "invalid type: integer `1`, expected a sequence at line 1 column 2"),
        (
            json!({"rooms": [{"room_id": "nope"}]}),
            "leading sigil is incorrect or missing at line 1 column 28",
        ),
    ] {
        let fake = Fake::answering(200, body).await;
        let error = fake.client.rooms(&ListRooms::default()).await.unwrap_err();
        assert_eq!(bad_answer(&error), (200, what));
    }
}

#[tokio::test]
async fn unreadable_answers_are_not_quoted_when_they_may_be_private() {
    let fake =
        Fake::with(ResponseTemplate::new(200).set_body_string(r#"{"state": [{"content": {"body": "private"#))
            .await;
    let error = fake.client.room_state(room_id!("!a")).await.unwrap_err();
    assert!(!error.to_string().contains("private"), "{error}");
}

#[tokio::test]
async fn server_text_is_cleaned_and_cut() {
    let long = format!("first\nsecond\u{202e}third {}", "x".repeat(5000));
    let error =
        error_of(ResponseTemplate::new(400).set_body_json(json!({"errcode": "M_UNKNOWN", "error": long})))
            .await;
    let text = error.to_string();
    assert!(text.contains("first second third xxx") && text.chars().count() < 400, "{text}");
}

#[tokio::test]
async fn rate_limits() {
    let limit = || ResponseTemplate::new(429);
    let limited =
        json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 1500});
    let error = error_of(limit().set_body_json(&limited).insert_header("Retry-After", "2")).await;
    assert_eq!(error.rate_limited(), Some(Some(Duration::from_millis(1500))));
    assert!(error.is_transient() && !error.may_have_acted());

    let unsaid = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"});
    assert_eq!(error_of(limit().set_body_json(&unsaid)).await.rate_limited(), Some(None));
    let header = limit().set_body_json(&unsaid).insert_header("Retry-After", "3");
    assert_eq!(error_of(header).await.rate_limited(), Some(Some(Duration::from_secs(3))));
    let proxy = limit().set_body_string("<html>slow down</html>").insert_header("Retry-After", "4");
    assert_eq!(error_of(proxy).await.rate_limited(), Some(Some(Duration::from_secs(4))));
}

#[tokio::test]
async fn a_slow_server_times_out() {
    let fake = Fake::with(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    let options = Options { timeout: Duration::from_millis(200), ..Options::default() };
    let client = Client::with_options(&fake.uri(), || "t".to_owned(), options).unwrap();
    let error = client.block_room(room_id!("!a")).await.unwrap_err();
    assert_eq!(error, Error::Timeout);
    assert!(error.is_transient() && error.may_have_acted());
}

#[tokio::test]
async fn a_refused_connection_carried_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::new(&url, || "t".to_owned()).unwrap().block_room(room_id!("!a")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { cause, maybe_sent: false } if cause.contains("refused")),
        "{error:?}"
    );
    assert!(error.is_transient() && !error.may_have_acted());
    assert!(!error.to_string().contains("%21a"), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_unreachable() {
    let client = Client::new("http://nowhere.invalid", || "t".to_owned()).unwrap();
    let error = client.versions().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { maybe_sent: false, .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_unreachable_by_https() {
    let (url, server) = answer_once(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let client = Client::new(&url.replace("http:", "https:"), || "t".to_owned()).unwrap();
    let error = client.versions().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { maybe_sent: false, .. }), "{error:?}");
    server.join().unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_may_have_carried_the_request() {
    let (url, server) = answer_once(b"");
    let error = Client::new(&url, || "t".to_owned()).unwrap().block_room(room_id!("!a")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { maybe_sent: true, .. }), "{error:?}");
    assert!(error.may_have_acted());
    server.join().unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_bad_one() {
    let (url, server) = answer_once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"block\":");
    let error = Client::new(&url, || "t".to_owned()).unwrap().block_room(room_id!("!a")).await.unwrap_err();
    let (status, what) = bad_answer(&error);
    assert_eq!(status, 200);
    assert!(what.starts_with("it broke off"), "{what}");
    server.join().unwrap();
}

/// Takes one connection, reads what comes first, answers and hangs up. Panics if another one comes after.
fn answer_once(answer: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        let read = stream.read(&mut [0; 4096]).expect("the client sends something");
        assert!(read > 0);
        stream.write_all(answer).expect("the client still listens");
    });
    (url, server)
}

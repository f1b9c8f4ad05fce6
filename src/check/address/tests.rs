//! What can answer at an address.

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::*;
use crate::check::finding::Mark;

const TIMEOUT: Duration = Duration::from_secs(20);

/// What a server that answers everything so is found to be.
async fn found(answer: ResponseTemplate) -> Found {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    examine(&server.uri(), TIMEOUT).await
}

fn versions() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"versions": ["v1.1", "v1.12"]}))
}

#[track_caller]
fn says(finding: &Finding, subject: Subject, mark: Mark, words: &str) {
    assert_eq!((finding.subject, finding.mark), (subject, mark), "{finding:?}");
    assert!(format!("{} {:?}", finding.text, finding.advice).contains(words), "{words:?}: {finding:?}");
}

#[tokio::test]
async fn a_homeserver_is_one() {
    let found = found(versions().insert_header("server", "nginx/1.24")).await;
    says(&found.findings[0], Subject::Url, Mark::Good, "a homeserver answers");
    says(&found.findings[1], Subject::Tls, Mark::Good, "does not leave this machine");
    assert_eq!(found.findings[2].subject, Subject::Clock);
    let server = found.server.unwrap();
    assert_eq!((server.versions.len(), &*server.software), (2, "nginx/1.24"));
}

#[tokio::test]
async fn a_homeserver_that_lives_in_the_past() {
    let found = found(versions().insert_header("date", "Sat, 21 Nov 2020 20:16:49 GMT")).await;
    says(&found.findings[2], Subject::Clock, Mark::Bad, "behind that of this machine");
    assert!(found.server.is_some(), "the rest is checked all the same");
}

#[tokio::test]
async fn what_is_none() {
    let html = |status| ResponseTemplate::new(status).set_body_raw("<html><h1>No</h1>", "text/html");
    for (answer, words) in [
        (
            html(301).insert_header("location", "https://matrix.hs.test/_matrix/client/versions"),
            "homeserver.url = \\\"https://matrix.hs.test\\\"",
        ),
        (html(404), "no Matrix homeserver (404"),
        (html(403), "no Matrix homeserver (403"),
        (html(200), "no Matrix homeserver (200"),
        (ResponseTemplate::new(200).set_body_json(json!({"versions": "v1.1"})), "no Matrix homeserver"),
        (html(502), "says that it cannot (502)"),
        (ResponseTemplate::new(500).set_body_json(json!({"errcode": "M_UNKNOWN"})), "and its log"),
    ] {
        let found = found(answer).await;
        says(&found.findings[0], Subject::Url, Mark::Bad, words);
        assert!(found.server.is_none());
        assert_eq!(found.findings[2].mark, Mark::Skipped);
    }
}

#[tokio::test]
async fn what_cannot_be_asked() {
    for (address, words) in [
        ("http//x", "it is no URL"),
        ("http://nobody.invalid", "nobody.invalid cannot be resolved"),
        // Nobody listens at the port of `tcpmux`.
        ("http://127.0.0.1:1", "there is no connection"),
    ] {
        let found = examine(address, TIMEOUT).await;
        says(&found.findings[0], Subject::Url, Mark::Bad, words);
        assert_eq!(found.findings.len(), 3, "{:?}", found.findings);
    }
    let slow = MockServer::start().await;
    let answer = versions().set_delay(Duration::from_secs(20));
    Mock::given(any()).respond_with(answer).mount(&slow).await;
    let found = examine(&slow.uri(), Duration::from_millis(50)).await;
    says(&found.findings[0], Subject::Url, Mark::Bad, "nothing answers");
}

#[tokio::test]
async fn https_where_only_http_is_spoken() {
    let server = MockServer::start().await;
    let found = examine(&server.uri().replace("http://", "https://"), TIMEOUT).await;
    says(&found.findings[0], Subject::Url, Mark::Good, "something answers");
    says(&found.findings[1], Subject::Tls, Mark::Bad, "is it http://127.0.0.1");
    assert!(found.server.is_none());
}

#[test]
fn why_a_certificate_is_not_trusted() {
    let url = Url::parse("https://hs.test").unwrap();
    for (cause, words) in [
        ("invalid peer certificate: certificate expired: verification time …", "renewed"),
        (
            "invalid peer certificate: certificate not valid for name \"hs.test\"",
            "the name that the certificate is for",
        ),
        ("invalid peer certificate: UnknownIssuer", "whole chain"),
    ] {
        says(&distrusted(&url, cause), Subject::Tls, Mark::Bad, words);
    }
}

#[test]
fn the_way_there() {
    for (address, mark) in [
        ("http://127.0.0.1:8008", Mark::Good),
        ("http://[::1]:8008", Mark::Good),
        ("http://localhost", Mark::Good),
        ("http://synapse:8008", Mark::Warning),
        ("http://192.0.2.7", Mark::Warning),
        ("https://hs.test", Mark::Good),
    ] {
        assert_eq!(tls(&Url::parse(address).unwrap(), None, 0).mark, mark, "{address}");
    }
}

#[test]
fn clocks_that_differ() {
    let date = "Sat, 21 Nov 2026 20:16:49 GMT";
    let there: Millis = 1_795_292_209_500;
    for (now, mark, words) in [
        (there, Mark::Good, "agree"),
        (there + 30_000, Mark::Good, "agree"),
        (there + 31_000, Mark::Warning, "31 seconds behind that of this machine"),
        (there - 40_000, Mark::Warning, "40 seconds ahead of that of this machine"),
        (there + 301_000, Mark::Bad, "NTP"),
        (there - 86_400_000, Mark::Bad, "1 day ahead"),
    ] {
        says(&clock(Some(date), now), Subject::Clock, mark, words);
    }
    assert_eq!(clock(None, there).mark, Mark::Skipped);
    assert_eq!(clock(Some("yesterday"), there).mark, Mark::Skipped);
}

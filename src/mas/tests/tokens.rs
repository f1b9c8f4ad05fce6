//! Where tokens come from, how long they are used, and that they are nowhere else.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gleipnir_core::{
    model::{Password, Switch},
    ports::Fault,
};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{header, method, path},
};

use super::service::{ALICE, BASIC, ID, SECRET, Service, account, refusal};
use crate::{config, mas::Mas};

/// How often a path was asked for.
async fn asked(service: &Service, at: &str) -> usize {
    service.all_requests().await.iter().filter(|request| request.url.path() == at).count()
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_ends() {
    for (expires_in, tokens) in [(300, 1), (10, 3), (u64::MAX, 1)] {
        let service = Service::without_tokens().await;
        service.grants("mat_first", expires_in, None).await;
        service.answer("POST", &format!("{ALICE}/lock"), 200, account(None, None)).await;
        let mas = service.mas();
        for _ in 0..3 {
            mas.set_locked(ID, Switch::On).await.expect("it is locked");
        }
        assert_eq!(asked(&service, "/oauth2/token").await, tokens, "{expires_in}");
        let requests = service.all_requests().await;
        let with_token = requests.iter().filter(|request| {
            request.headers.get("authorization").is_some_and(|token| token == "Bearer mat_first")
        });
        assert_eq!(with_token.count(), 3);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let service = Service::without_tokens().await;
    service.grants("mat_revoked", 300, Some(1)).await;
    service.grants("mat_new", 300, None).await;
    let lock = format!("{ALICE}/lock");
    let refused = ResponseTemplate::new(401).set_body_json(refusal("Invalid access token"));
    let good = ResponseTemplate::new(200).set_body_json(account(None, None));
    for (token, answer) in [("Bearer mat_revoked", refused), ("Bearer mat_new", good)] {
        let mock = Mock::given(method("POST")).and(path(&*lock)).and(header("authorization", token));
        mock.respond_with(answer).mount(&service.server).await;
    }
    let mas = service.mas();
    assert_eq!(mas.set_locked(ID, Switch::On).await, Ok(()));
    assert_eq!(mas.set_locked(ID, Switch::On).await, Ok(()), "with the new one");
    assert_eq!((asked(&service, "/oauth2/token").await, asked(&service, &lock).await), (2, 3));

    // One after the other is refused: it is not asked for ever.
    let service = Service::start().await;
    service.answer("POST", &lock, 401, refusal("Invalid access token")).await;
    let fault = service.mas().set_locked(ID, Switch::On).await.expect_err("it is refused");
    assert!(matches!(fault, Fault::Refused { status: 401, .. }), "{fault:?}");
    assert_eq!(asked(&service, &lock).await, 2);
}

#[tokio::test]
async fn a_client_that_is_refused_is_told_what_to_look_at() {
    for (status, error, description) in [
        (401, "invalid_client", "Client authentication failed"),
        (403, "access_denied", "The policy denied the request"),
        (400, "unauthorized_client", ""),
    ] {
        let service = Service::without_tokens().await;
        let denied = json!({"error": error, "error_description": description});
        service.answer("POST", "/oauth2/token", status, denied).await;
        let fault = service.mas().check().await.expect_err("it is refused");
        assert!(matches!(fault, Fault::Refused { status: got, .. } if got == status), "{fault:?}");
        let words = fault.to_string();
        for part in ["Matrix Authentication Service", "[mas]", error, "policy.data.admin_clients"] {
            assert!(words.contains(part), "{words}");
        }
        assert!(!words.contains(SECRET), "{words}");
        assert_eq!(asked(&service, "/oauth2/token").await, 1, "asking again would not help");
    }
}

#[tokio::test]
async fn a_listener_that_lacks_something() {
    let service = Service::without_tokens().await;
    let elsewhere = config::Mas::of(&format!("{}/nowhere", service.server.uri()), "id", SECRET);
    let mas = Mas::new(&elsewhere, Duration::from_secs(2)).expect("a client");
    let words = mas.check().await.expect_err("there is nothing").to_string();
    assert!(words.contains("resource discovery"), "{words}");
    service.answer("POST", "/oauth2/token", 200, json!({"token_type": "Bearer"})).await;
    let fault = service.mas().check().await.expect_err("there is no token in it");
    assert!(matches!(fault, Fault::BadAnswer(_)), "{fault:?}");
    service.server.reset().await;
    service.answer("GET", "/.well-known/openid-configuration", 200, json!({"issuer": "x"})).await;
    let fault = service.mas().check().await.expect_err("it names no endpoint");
    assert!(matches!(fault, Fault::BadAnswer(_)), "{fault:?}");
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_and_no_debug_output_has_a_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let service = Service::start().await;
    service.empty("POST", &format!("{ALICE}/set-password"), 204).await;
    service.answer("POST", &format!("{ALICE}/lock"), 500, refusal("broken")).await;
    let mas = service.mas();
    let password = Password("hunter2".to_owned());
    mas.set_password(ID, &password).await.expect("it is set");
    // Tests beside this one, which log nothing, may have been the first to come by what logs: then it is silent here too.
    tracing::callsite::rebuild_interest_cache();
    mas.set_password(ID, &password).await.expect("it is set again");
    mas.set_locked(ID, Switch::On).await.expect_err("it is broken");
    drop(guard);
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let shown = format!("{} {mas:?}", String::from_utf8_lossy(&log));
    assert!(shown.contains("Matrix Authentication Service answered"), "nothing was logged");
    for secret in [SECRET, "hunter2", "mat_first", BASIC] {
        assert!(!shown.contains(secret), "{secret} is in the log");
    }
}

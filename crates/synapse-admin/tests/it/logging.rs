//! What is logged, and what never is.

use std::io::Write;
use std::sync::{Arc, Mutex};

use ruma::{event_id, user_id};
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use crate::fake::{Fake, TOKEN};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn requests_are_logged_by_pattern_and_status_only() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // While there is but one subscriber, another test's thread, which has none, may mark our events as never wanted.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let fake = Fake::answering(200, json!({"event": {"content": {"body": "a private word"}}})).await;
    fake.client.fetch_event(event_id!("$someevent")).await.unwrap();
    let fake = Fake::failing(400, "M_UNKNOWN", "a private reason").await;
    fake.client.user(user_id!("@someone:hs.test")).await.unwrap_err();
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = log.lines().filter(|line| line.contains(" synapse_admin")).collect();
    assert_eq!(ours.len(), 2, "{log}");
    for (line, path, status) in [
        (ours[0], "/_synapse/admin/v1/fetch_event/{event_id}", 200),
        (ours[1], "/_synapse/admin/v2/users/{user_id}", 400),
    ] {
        assert!(line.contains(&format!("method=GET path=\"{path}\" status={status} elapsed_ms=")), "{line}");
        assert!(line.contains("DEBUG"), "{line}");
    }
    for secret in [TOKEN, "private", "someevent", "someone"] {
        assert!(!ours.concat().contains(secret), "{secret} in {ours:?}");
    }
}

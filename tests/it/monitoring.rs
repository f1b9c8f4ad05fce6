//! What who runs the bot is told over HTTP and by traces, on a real server: ready or not as the server and the disk come and
//! go, numbers that are what happened, and spans of a command at a collector.

use std::{net::TcpListener, time::Duration};

use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{Kind, Scene, Under, until};

/// A port that is free.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn listening(address: &str) -> String {
    format!("[http]\nlisten = {address:?}")
}

/// An answer: its status, 0 while nobody answers, and its body.
async fn get(address: &str, path: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let request = http.get(format!("http://{address}{path}")).build().unwrap();
    match http.execute(request).await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap()),
        Err(_) => (0, String::new()),
    }
}

/// Whether it is ready, and which checks are bad.
async fn ready(address: &str) -> (u16, Vec<String>) {
    let (status, body) = get(address, "/health/ready").await;
    let health: Value = serde_json::from_str(&body).unwrap_or_default();
    let checks = health["checks"].as_object().cloned().unwrap_or_default();
    let bad = checks.into_iter().filter(|(_, check)| check["status"] == "bad");
    (status, bad.map(|(name, _)| name).collect())
}

async fn becomes(address: &str, status: u16, bad: &[&str]) {
    until(&format!("{status} because of {bad:?}"), async || {
        let (found, checks) = ready(address).await;
        found == status && checks == bad
    })
    .await;
}

/// The value of a series; 0 when there is none.
fn number<'a>(text: &'a str, series: &str) -> &'a str {
    let value = |line: &'a str| line.strip_prefix(series)?.strip_prefix(' ');
    text.lines().find_map(value).unwrap_or("0")
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_falls_and_rises_with_the_server_and_the_disk() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let address = free();
    scene.bot.more = listening(&address);
    scene.bot.under = Under::Quota;
    let asked = scene.bot.cli(&["health"]);
    assert!(asked.0 == 1 && asked.1.contains("does not answer"), "{asked:?}");

    // The server is not there when the bot starts: it lives, and is not ready.
    scene.synapse.stop().await.unwrap();
    scene.bot.launch();
    until("it lives", async || get(&address, "/health/live").await.0 == 200).await;
    becomes(&address, 503, &["management_room", "sync"]).await;
    let asked = scene.bot.cli(&["health"]);
    assert!(
        asked.0 == 1 && asked.1.starts_with("gleipnir: not ready: ") && asked.1.lines().count() == 1,
        "{asked:?}"
    );
    assert_eq!(get(&address, "/metrics").await.0, 200);
    scene.synapse.start_again().await.unwrap();
    becomes(&address, 200, &[]).await;
    let asked = scene.bot.cli(&["health"]);
    assert_eq!((asked.0, asked.1.as_str()), (0, "ready.\n"));

    // It goes, and comes back.
    scene.synapse.stop().await.unwrap();
    becomes(&address, 503, &["sync"]).await;
    assert_eq!(get(&address, "/health/live").await.0, 200);
    let text = get(&address, "/metrics").await.1;
    assert_eq!(number(&text, r#"gleipnir_check_good{check="sync"}"#), "0", "{text}");
    scene.synapse.start_again().await.unwrap();
    becomes(&address, 200, &[]).await;

    // The disk is full, and is not.
    scene.bot.fill_disk();
    let block = scene.moderator.say("!block !a:hs.test").await;
    becomes(&address, 503, &["storage"]).await;
    scene.bot.make_room();
    becomes(&address, 200, &[]).await;
    scene.moderator.answer(&block, "block – done").await;
    assert_eq!(scene.bot.stop().await, 0);
    assert_eq!(get(&address, "/health/live").await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_what_happened_and_survive_a_restart() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let address = free();
    scene.bot.more = listening(&address);
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears("Hello, I am").await;
    m.good("!version", "on Synapse").await;
    m.good("!version", "on Synapse").await;
    m.good("!block !a:hs.test", "block – done").await;
    m.bad("!block", "!block").await;
    let waiting = m.say("!deactivate @admin:hs.test").await;
    m.answer(&waiting, "admin").await;
    let text = get(&address, "/metrics").await.1;
    for (series, want) in [
        (r#"gleipnir_commands_total{command="version",outcome="answered"}"#, "2"),
        (r#"gleipnir_commands_total{command="block",outcome="planned"}"#, "1"),
        (r#"gleipnir_commands_total{command="block",outcome="refused"}"#, "1"),
        (r#"gleipnir_jobs_total{command="block",outcome="done"}"#, "1"),
        (r#"gleipnir_steps_total{kind="block_room",outcome="done"}"#, "1"),
        (
            r#"gleipnir_admin_requests_total{method="PUT",path="/_synapse/admin/v1/rooms/{room_id}/block",status="2xx"}"#,
            "1",
        ),
        ("gleipnir_ready", "1"),
        (r#"gleipnir_queue_length{queue="inbox"}"#, "0"),
    ] {
        assert_eq!(number(&text, series), want, "{series} in\n{text}");
    }
    assert!(
        number(&text, r#"gleipnir_messages_total{kind="message",of="other"}"#).parse::<u64>().unwrap() >= 5,
        "{text}"
    );
    assert!(number(&text, "gleipnir_process_start_time_seconds").parse::<f64>().unwrap() > 1e9, "{text}");
    assert!(!text.contains("hs.test") && !text.contains('@'), "{text}");

    // What the database knows outlives the process.
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    let text = get(&address, "/metrics").await.1;
    assert_eq!(number(&text, r#"gleipnir_jobs_total{command="block",outcome="done"}"#), "1", "{text}");
    assert_eq!(
        number(&text, r#"gleipnir_commands_total{command="version",outcome="answered"}"#),
        "0",
        "{text}"
    );
    assert_eq!(scene.bot.stop().await, 0);

    // An address that is taken: starting again does not help.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    scene.bot.more = listening(&taken.local_addr().unwrap().to_string());
    scene.bot.launch();
    assert_eq!(scene.bot.ended().await, 2);
    assert!(scene.bot.log_of_run().contains("cannot listen at http.listen"), "{}", scene.bot.log_of_run());
    scene.bot.more = String::new();
    let asked = scene.bot.cli(&["health"]);
    assert!(asked.0 == 1 && asked.1.contains("http.listen is not set"), "{asked:?}");
}

fn holds(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_spans_of_a_command_and_one_that_is_away_disturbs_nobody() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let collector = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&collector).await;
    scene.bot.more = format!("[telemetry]\notlp = {:?}\nservice_name = \"watched\"", collector.uri());
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    scene.moderator.good("!block !a:hs.test --because \"secret words\"", "block – done").await;
    assert_eq!(scene.bot.stop().await, 0);
    let requests = collector.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| {
        request.url.path() == "/v1/traces" && request.headers["content-type"] == "application/x-protobuf"
    }));
    let bodies: Vec<u8> = requests.into_iter().flat_map(|request| request.body).collect();
    for word in [
        "watched",
        "service.version",
        "command",
        "reference",
        "block",
        "planned",
        "job",
        "step",
        "done",
        "PUT /_synapse/admin/v1/rooms/{room_id}/block",
    ] {
        assert!(holds(&bodies, word), "{word} is not in any span");
    }
    for word in ["hs.test", "secret words", "@mod", "access_token"] {
        assert!(!holds(&bodies, word), "{word} is in a span");
    }
    let log = scene.bot.log_of_run();
    assert!(!log.contains("telemetry.otlp") && !log.contains("command{"), "{log}");

    scene.bot.more = format!("[telemetry]\notlp = \"http://{}\"", free());
    scene.bot.start().await;
    scene.moderator.good("!unblock !a:hs.test", "unblock – done").await;
    scene.bot.logs("traces cannot be sent").await;
    scene.moderator.good("!version", "on Synapse").await;
    assert_eq!(scene.bot.stop().await, 0);
    let log = scene.bot.log_of_run();
    assert_eq!(log.matches("traces cannot be sent to telemetry.otlp").count(), 1, "{log}");
}

//! What is told over HTTP: held against a strict reading of the format, and the documents for operators against the numbers
//! that there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use gleipnir_core::ports::{Change, Store as _, Tally as _};
use serde_json::Value;
use synapse_admin::Exchange;

use super::{
    READY, ask,
    health::Vitals,
    metrics::{Kind, METRICS},
    router,
};
use crate::{config::Config, outages::Outages, store::SqliteStore};

const DASHBOARD: &str = include_str!("../../docs/grafana.json");
const ALERTS: &str = include_str!("../../docs/prometheus-alerts.yml");
const MONITORING: &str = include_str!("../../docs/monitoring.md");

/// Something that listens, and what it tells of.
struct Stage {
    vitals: Arc<Vitals>,
    store: Arc<SqliteStore>,
    outages: Arc<Outages>,
    url: String,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let outages = Arc::<Outages>::default();
        let vitals = Arc::new(Vitals::new(store.clone(), outages.clone(), Instant::now(), 1_795_230_720_500));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = vitals.clone();
        let task = tokio::spawn(async move {
            axum::serve(listener, router(serving)).await.unwrap();
        });
        Self { vitals, store, outages, url, task, _folder: folder }
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.get(format!("{}{path}", self.url)).build().unwrap();
        let answer = http.execute(request).await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    }

    /// The status, and which checks are bad.
    async fn ready(&self) -> (u16, Vec<String>) {
        let (status, kind, body) = self.get(READY).await;
        assert_eq!(kind, "application/json");
        let health: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(health["status"] == "ready", status == 200, "{body}");
        let checks = health["checks"].as_object().unwrap();
        assert!(checks.values().all(|check| check["message"].as_str().unwrap().ends_with('.')), "{body}");
        let bad = checks.iter().filter(|(_, check)| check["status"] == "bad");
        (status, bad.map(|(name, _)| name.clone()).collect())
    }

    /// A configuration that says where it listens.
    fn config(&self) -> Config {
        let listen = self.url.trim_start_matches("http://");
        config(&format!("[http]\nlisten = {listen:?}"))
    }
}

fn config(more: &str) -> Config {
    let start = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
        [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n";
    Config::parse(&format!("{start}{more}"), std::path::Path::new("")).unwrap()
}

#[tokio::test]
async fn it_is_ready_when_it_is_in_its_room_in_step_and_can_write() {
    let stage = Stage::new().await;
    assert_eq!(stage.ready().await, (503, vec!["management_room".to_owned(), "sync".to_owned()]));
    stage.outages.synced(Instant::now());
    assert_eq!(stage.ready().await, (503, vec!["management_room".to_owned()]));
    let inside = stage.vitals.enter();
    assert_eq!(stage.ready().await, (200, Vec::new()));
    // The homeserver goes, and comes back.
    stage.outages.failed(gleipnir_matrix::SyncError::Away("gone".into()), 0);
    assert_eq!(stage.ready().await, (503, vec!["sync".to_owned()]));
    stage.outages.answered(1);
    assert_eq!(stage.ready().await, (200, Vec::new()));
    // It is silent, without an error.
    let long_ago = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
    stage.outages.synced(long_ago);
    assert_eq!(stage.ready().await, (503, vec!["sync".to_owned()]));
    stage.outages.synced(Instant::now());
    // The disk is full.
    stage.store.execute("PRAGMA query_only = ON");
    stage.store.commit(vec![Change::Cursor("s1".into())]).unwrap_err();
    assert_eq!(stage.ready().await, (503, vec!["storage".to_owned()]));
    stage.store.execute("PRAGMA query_only = OFF");
    let mended = tokio::time::timeout(Duration::from_mins(1), async {
        while stage.ready().await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    tokio::select! {
        error = crate::disk::watch(&stage.store) => panic!("{error}"),
        mended = mended => mended.unwrap(),
    }
    drop(inside);
    assert_eq!(stage.ready().await, (503, vec!["management_room".to_owned()]));
    let (status, _, body) = stage.get("/health/live").await;
    assert_eq!((status, body.as_str()), (200, r#"{"status":"live"}"#));
}

#[tokio::test]
async fn who_runs_health_is_told_in_one_line() {
    let error = |asked: anyhow::Result<String>| format!("{:#}", asked.unwrap_err());
    assert!(error(ask(&config("").http).await).contains("http.listen is not set"));
    let stage = Stage::new().await;
    let config = stage.config();
    let said = error(ask(&config.http).await);
    assert!(said.starts_with("not ready: ") && said.contains("I am not at work"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    stage.outages.synced(Instant::now());
    let inside = stage.vitals.enter();
    assert_eq!(ask(&config.http).await.unwrap(), "ready");
    let gone = stage.config();
    drop(inside);
    drop(stage);
    tokio::task::yield_now().await;
    let said = error(ask(&gone.http).await);
    assert!(said.contains("does not answer") && said.contains("http.listen"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let stage = Stage::new().await;
    let Err(crate::Ended::Hopeless(error)) = super::open(&stage.config(), &stage.vitals).await else {
        panic!("it listens at an address that is taken");
    };
    let error = format!("{error:#}");
    assert!(error.contains("http.listen") && error.contains("free"), "{error}");
    assert!(super::open(&config(""), &stage.vitals).await.unwrap().is_none());
}

/// A family as it was written.
#[derive(Default)]
struct Family {
    help: String,
    kind: String,
    /// Name, labels and value.
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// Reads the format strictly: HELP and TYPE once for each family and before its samples, families in one piece, every
/// sample once, the end marked.
fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut now = String::new();
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("there is a help text");
            assert!(families.insert(name.to_owned(), Family::default()).is_none(), "{name} comes twice");
            help.clone_into(&mut families.get_mut(name).unwrap().help);
            name.clone_into(&mut now);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("there is a type");
            assert_eq!(name, now, "TYPE belongs to HELP");
            kind.clone_into(&mut families.get_mut(name).unwrap().kind);
        } else {
            assert!(!line.starts_with('#') && !line.is_empty(), "{line}");
            assert!(seen.insert(line.rsplit_once(' ').unwrap().0.to_owned()), "{line} comes twice");
            let family = families.get_mut(&now).expect("samples belong to a family");
            family.samples.push(sample(line));
        }
    }
    families
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
    let Some((name, labels)) = series.split_once('{') else {
        return (series.to_owned(), BTreeMap::new(), value);
    };
    let labels = labels.strip_suffix('}').expect("labels are closed");
    let mut read = BTreeMap::new();
    for label in labels.split("\",").filter(|label| !label.is_empty()) {
        let (key, value) = label.trim_end_matches('"').split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(!value.contains(['\\', '"', '\n']), "{line}");
        assert!(read.insert(key.to_owned(), value.to_owned()).is_none(), "{line}");
    }
    (name.to_owned(), read, value)
}

/// Everything that can be told is told.
async fn everything() -> (Stage, String) {
    let stage = Stage::new().await;
    stage.store.execute(
        "INSERT INTO counts VALUES ('job', 'block', 'done', 2), ('job', '@a:hs.test', 'done', 3), \
         ('job', 'Bad \"words\"', 'done', 4), ('step', 'block_room', 'failed', 5), ('report', 'user', '', 6), \
         ('told', '', '', 7), ('sent', 'edit', 'feed', 8)",
    );
    let tally = stage.vitals.tally();
    tally.command("block", "planned", Duration::from_millis(30));
    tally.command("block", "planned", Duration::from_millis(300));
    for status in ["200", "204", "404", "timeout", "broken off"] {
        let path = "/_synapse/admin/v1/rooms/{room_id}";
        tally.request(&Exchange { method: "GET", path, status, took: Duration::from_millis(20) });
    }
    let (status, kind, text) = stage.get("/metrics").await;
    assert_eq!((status, kind.as_str()), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    (stage, text)
}

#[tokio::test]
async fn the_numbers_are_well_formed_and_those_of_the_table() {
    let (_stage, text) = everything().await;
    let families = families(&text);
    let names: BTreeSet<&str> = families.keys().map(String::as_str).collect();
    assert_eq!(names, METRICS.iter().map(|metric| metric.name).collect());
    for metric in &METRICS {
        let family = &families[metric.name];
        let kind = metric.kind.word();
        assert_eq!((family.kind.as_str(), family.help.as_str()), (kind, metric.help), "{}", metric.name);
        assert!(!family.samples.is_empty(), "{} has no samples", metric.name);
        for (name, labels, value) in &family.samples {
            let suffix =
                name.strip_prefix(metric.name).unwrap_or_else(|| panic!("{name} in {}", metric.name));
            let allowed: &[&str] = if metric.kind == Kind::Histogram {
                &["_bucket", "_sum", "_count"]
            } else {
                &[metric.kind.suffix()]
            };
            assert!(allowed.contains(&suffix), "{name}");
            let labels: BTreeSet<&str> = labels.keys().map(String::as_str).collect();
            let mut expected: BTreeSet<&str> = metric.labels.iter().copied().collect();
            if suffix == "_bucket" {
                expected.insert("le");
            }
            assert_eq!(labels, expected, "{name}");
            assert!(*value >= 0.0, "{name}");
        }
    }
    // Neither IDs nor words that are not the bot's own.
    for word in ["hs.test", "words", "@"] {
        assert!(!text.contains(word), "{word}:\n{text}");
    }
}

#[tokio::test]
async fn the_numbers_are_what_happened() {
    let (stage, text) = everything().await;
    for line in [
        r#"gleipnir_build_info{version="0.1.0"} 1"#,
        "gleipnir_process_start_time_seconds 1795230720.5",
        "gleipnir_ready 0",
        r#"gleipnir_check_good{check="storage"} 1"#,
        r#"gleipnir_check_good{check="sync"} 0"#,
        r#"gleipnir_queue_length{queue="inbox"} 0"#,
        r#"gleipnir_commands_total{command="block",outcome="planned"} 2"#,
        r#"gleipnir_command_seconds_bucket{le="0.05"} 1"#,
        "gleipnir_command_seconds_count 2",
        r#"gleipnir_jobs_total{command="block",outcome="done"} 2"#,
        r#"gleipnir_jobs_total{command="other",outcome="done"} 7"#,
        r#"gleipnir_steps_total{kind="block_room",outcome="failed"} 5"#,
        r#"gleipnir_admin_requests_total{method="GET",path="/_synapse/admin/v1/rooms/{room_id}",status="2xx"} 2"#,
        r#"gleipnir_admin_requests_total{method="GET",path="/_synapse/admin/v1/rooms/{room_id}",status="broken_off"} 1"#,
        r#"gleipnir_admin_request_seconds_count{method="GET",path="/_synapse/admin/v1/rooms/{room_id}"} 5"#,
        r#"gleipnir_reports_total{kind="user"} 6"#,
        r#"gleipnir_reports_total{kind="room"} 0"#,
        r#"gleipnir_cases{state="open"} 0"#,
        "gleipnir_feed_events_total 7",
        r#"gleipnir_messages_total{kind="edit",of="feed"} 8"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    // What the database knows is left out while it cannot be read; the rest is told.
    let path = stage.store.disk().folder().join("gleipnir.sqlite3");
    std::fs::rename(&path, path.with_extension("away")).unwrap();
    let (status, _, text) = stage.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("gleipnir_commands_total{") && !text.contains("gleipnir_queue_length"), "{text}");
    families(&text);
}

/// The names with our prefix in a text, without what histograms have behind them.
fn named(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let begins = text.match_indices("gleipnir_").map(|(at, _)| &text[at..]);
    begins
        .map(|rest| {
            let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
            let of_histogram =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            of_histogram.unwrap_or(name).to_owned()
        })
        .collect()
}

fn all_names() -> BTreeSet<String> {
    METRICS.iter().map(|metric| format!("{}{}", metric.name, metric.kind.suffix())).collect()
}

#[test]
fn the_dashboard_shows_all_numbers_and_no_others() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut shown = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in panels {
        let place = &panel["gridPos"];
        assert!(
            places.insert((place["x"].as_u64(), place["y"].as_u64())),
            "two panels in one place: {place}"
        );
        assert!(!panel["title"].as_str().unwrap().is_empty());
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${DS_PROMETHEUS}", "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            shown.extend(named(target["expr"].as_str().unwrap()));
        }
    }
    assert_eq!(shown, all_names());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(
        variables
            .iter()
            .any(|variable| variable["name"] == "DS_PROMETHEUS" && variable["type"] == "datasource")
    );
}

#[test]
fn alerts_are_about_numbers_that_there_are() {
    let unknown: Vec<_> = named(ALERTS).difference(&all_names()).cloned().collect();
    assert_eq!(unknown, [""; 0]);
    for name in
        ["gleipnir_sync_age_seconds", "gleipnir_ready", "gleipnir_steps_total", "gleipnir_queue_length"]
    {
        assert!(ALERTS.contains(name), "{name}");
    }
}

#[test]
fn the_handbook_has_the_table_of_numbers() {
    let rows: Vec<String> = METRICS
        .iter()
        .map(|metric| {
            let kind = metric.kind.word();
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            format!(
                "| `{}{}` | {kind} | {} | {} |\n",
                metric.name,
                metric.kind.suffix(),
                labels.join(", "),
                metric.help
            )
        })
        .collect();
    let table = format!("| name | type | labels | means |\n|---|---|---|---|\n{}", rows.concat());
    assert!(MONITORING.contains(&table), "the table in docs/monitoring.md has to be:\n\n{table}");
}

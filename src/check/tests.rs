//! What a homeserver can answer, line by line. Whatever it says, it is asked only to read.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;

/// A homeserver where all is well, but for what a test puts before it; and a configuration for it.
struct Scene {
    server: MockServer,
    folder: TempDir,
    config: String,
}

const ME: &str = "@bot:hs.test";

fn error(status: u16, errcode: &str, message: &str) -> (u16, Value) {
    (status, json!({"errcode": errcode, "error": message}))
}

impl Scene {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let config = format!(
            "[homeserver]\nurl = {:?}\nuser_id = {ME:?}\naccess_token = \"syt_token\"\n[management]\nroom = \"#mods:hs.test\"\n\
             [storage]\npath = \"data\"\n",
            server.uri()
        );
        Self { server, folder: tempfile::tempdir().unwrap(), config }
    }

    /// Answers a request so. What was said first counts.
    async fn answers(&self, verb: &str, at: &str, (status, body): (u16, Value)) -> &Self {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
        self
    }

    /// A page of a proxy.
    async fn shows_page(&self, at: &str, status: u16) -> &Self {
        let answer = ResponseTemplate::new(status).set_body_raw("<html><h1>No</h1>", "text/html");
        Mock::given(path(at)).respond_with(answer).mount(&self.server).await;
        self
    }

    async fn is_well_otherwise(&self) {
        let ok = |body| (200, body);
        let member = |user: &str| {
            json!({"type": "m.room.member", "state_key": user, "sender": user,
            "content": {"membership": "join"}})
        };
        let state = |kind: &str, content: Value| {
            json!({"type": kind, "state_key": "", "sender": "@mod:hs.test",
            "content": content})
        };
        let room = json!([
            state("m.room.create", json!({"room_version": "11"})),
            state("m.room.encryption", json!({"algorithm": "m.megolm.v1.aes-sha2"})),
            state("m.room.power_levels", json!({"users": {"@mod:hs.test": 100}})),
            member("@mod:hs.test"),
            member(ME),
        ]);
        for (verb, at, answer) in [
            ("GET", "/_matrix/client/versions", ok(json!({"versions": ["v1.12"]}))),
            ("GET", "/_synapse/admin/v1/server_version", ok(json!({"server_version": "1.163.2"}))),
            ("GET", "/_matrix/client/v1/auth_metadata", error(404, "M_UNRECOGNIZED", "")),
            (
                "GET",
                "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
                error(404, "M_UNRECOGNIZED", ""),
            ),
            ("GET", "/_matrix/client/v3/account/whoami", ok(json!({"user_id": ME, "device_id": "DEVICE"}))),
            (
                "POST",
                "/_matrix/client/v3/login",
                ok(json!({"user_id": ME, "device_id": "NEW", "access_token": "syt_new"})),
            ),
            ("POST", "/_matrix/client/v3/logout", ok(json!({}))),
            ("GET", "/_synapse/admin/v2/users/%40bot%3Ahs.test", ok(json!({"name": ME, "admin": true}))),
            (
                "GET",
                "/_synapse/admin/v1/users/%40bot%3Ahs.test/override_ratelimit",
                ok(json!({"messages_per_second": 0, "burst_count": 0})),
            ),
            (
                "GET",
                "/_matrix/client/v3/directory/room/%23mods%3Ahs.test",
                ok(json!({"room_id": "!m:hs.test"})),
            ),
            ("GET", "/_synapse/admin/v1/rooms/%21m%3Ahs.test/state", ok(json!({"state": room}))),
            ("GET", "/_synapse/admin/v1/rooms/%21m%3Ahs.test/block", ok(json!({"block": false}))),
        ] {
            self.answers(verb, at, answer).await;
        }
    }

    /// Checks, with the rest of the server well: the lines, and whether nothing is bad.
    async fn checked(&self, lift: Lift) -> (Vec<Finding>, Verdict) {
        self.is_well_otherwise().await;
        let file = self.folder.path().join("config.toml");
        fs::write(&file, &self.config).unwrap();
        let config = Config::read(&file).unwrap();
        let mut report = Report::new(Format::Text, Box::new(std::io::sink()));
        examine(&config, lift, &Stop::default(), &mut report).await;
        let verdict = report.end();
        (report.findings, verdict)
    }

    /// What was asked that is no reading.
    async fn writes(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let writes = requests.iter().filter(|request| request.method != wiremock::http::Method::GET);
        writes.map(|request| format!("{} {}", request.method, request.url.path())).collect()
    }
}

/// The line of a subject.
#[track_caller]
fn line(findings: &[Finding], subject: Subject) -> &Finding {
    let mut of_it = findings.iter().filter(|finding| finding.subject == subject);
    let line = of_it.next().unwrap_or_else(|| panic!("no line about {subject:?}: {findings:#?}"));
    assert_eq!(of_it.next(), None);
    line
}

#[track_caller]
fn says(findings: &[Finding], subject: Subject, mark: Mark, words: &str) {
    let line = line(findings, subject);
    assert_eq!(line.mark, mark, "{line:?}");
    assert!(
        format!("{} {}", line.text, line.advice.as_deref().unwrap_or_default()).contains(words),
        "{words:?}: {line:?}"
    );
}

#[tokio::test]
async fn all_is_well_and_nothing_was_written() {
    let scene = Scene::new().await;
    let (findings, verdict) = scene.checked(Lift::Leave).await;
    assert_eq!(verdict, Verdict::Fit);
    for subject in &Subject::ALL[1..] {
        let line = line(&findings, *subject);
        let is_told = *subject == Subject::Clock && line.mark == Mark::Skipped;
        assert!(line.mark == Mark::Good || is_told, "{line:?}");
    }
    assert_eq!(scene.writes().await, [""; 0]);
    assert!(!scene.folder.path().join("data").exists());
}

#[tokio::test]
async fn the_admin_api_is_hidden() {
    for (status, is_page, words) in
        [(404, true, "location /_synapse/admin"), (403, true, "ClientIP"), (404, false, "main process")]
    {
        let scene = Scene::new().await;
        let at = "/_synapse/admin/v1/server_version";
        if is_page {
            scene.shows_page(at, status).await;
        } else {
            scene.answers("GET", at, error(status, "M_UNRECOGNIZED", "Unrecognized request")).await;
        }
        let (findings, verdict) = scene.checked(Lift::Leave).await;
        assert_eq!(verdict, Verdict::Unfit);
        says(&findings, Subject::AdminApi, Mark::Bad, words);
        says(&findings, Subject::Login, Mark::Good, ME);
        for subject in
            [Subject::Versions, Subject::AdminRights, Subject::RateLimit, Subject::Room, Subject::Power]
        {
            says(&findings, subject, Mark::Skipped, "because the admin API is not reached");
        }
    }
}

#[tokio::test]
async fn tokens_that_are_of_no_use() {
    let whoami = "/_matrix/client/v3/account/whoami";
    for (answer, words) in [
        ((200, json!({"user_id": "@other:hs.test", "device_id": "D"})), "belongs to @other:hs.test"),
        (error(401, "M_UNKNOWN_TOKEN", "Unknown token"), "It was revoked"),
        (error(401, "M_USER_LOCKED", "locked"), "Unlock the account"),
        ((503, json!({})), "Try again"),
    ] {
        let scene = Scene::new().await;
        scene.answers("GET", whoami, answer).await;
        let (findings, verdict) = scene.checked(Lift::Leave).await;
        assert_eq!(verdict, Verdict::Unfit);
        says(&findings, Subject::Login, Mark::Bad, words);
        says(&findings, Subject::Power, Mark::Skipped, "because the login failed");
        // What does not hang on it is checked all the same.
        says(&findings, Subject::Storage, Mark::Good, "made at the first start");
    }
    let scene = Scene::new().await;
    scene.answers("GET", whoami, (200, json!({"user_id": ME}))).await;
    let (findings, _) = scene.checked(Lift::Leave).await;
    says(&findings, Subject::Login, Mark::Bad, "has no device");
}

#[tokio::test]
async fn a_password_is_tried_only_without_a_session_and_leaves_no_device() {
    let mut scene = Scene::new().await;
    scene.config = scene.config.replace("access_token = \"syt_token\"", "password = \"hunter2\"");
    let (findings, verdict) = scene.checked(Lift::Leave).await;
    assert_eq!(verdict, Verdict::Fit);
    says(&findings, Subject::Login, Mark::Good, "by its password");
    assert_eq!(scene.writes().await, ["POST /_matrix/client/v3/login", "POST /_matrix/client/v3/logout"]);

    // The session of a bot that runs.
    let session = scene.folder.path().join("data/matrix");
    fs::create_dir_all(&session).unwrap();
    let kept = json!({"user_id": ME, "device_id": "DEVICE", "access_token": "syt_kept"});
    fs::write(session.join("session.json"), kept.to_string()).unwrap();
    let (findings, _) = scene.checked(Lift::Leave).await;
    says(&findings, Subject::Login, Mark::Good, "by the session of device DEVICE");
    assert_eq!(scene.writes().await.len(), 2, "no other login");

    for (answer, words) in [
        (error(403, "M_FORBIDDEN", "Invalid username or password"), "the password that the account has now"),
        (error(403, "M_USER_DEACTIVATED", "deactivated"), "Reactivate"),
        (error(429, "M_LIMIT_EXCEEDED", "Too Many Requests"), "Try again in a minute"),
        (error(404, "M_UNRECOGNIZED", "Unrecognized request"), "password_config"),
    ] {
        let mut scene = Scene::new().await;
        scene.config = scene.config.replace("access_token = \"syt_token\"", "password = \"hunter2\"");
        scene.answers("POST", "/_matrix/client/v3/login", answer).await;
        let (findings, _) = scene.checked(Lift::Leave).await;
        says(&findings, Subject::Login, Mark::Bad, words);
        assert!(!format!("{findings:?}").contains("hunter2"));
    }
    let mut scene = Scene::new().await;
    scene.config = scene.config.replace("access_token = \"syt_token\"", "password = \"hunter2\"");
    scene.answers("POST", "/_matrix/client/v3/logout", (500, json!({}))).await;
    scene.is_well_otherwise().await;
    let (findings, _) = scene.checked(Lift::Leave).await;
    assert!(
        findings.iter().any(|finding| finding.text.contains("the device NEW of this check could not be"))
    );
}

#[tokio::test]
async fn an_account_without_rights() {
    let user = "/_synapse/admin/v2/users/%40bot%3Ahs.test";
    for (answer, words) in [
        (error(403, "M_FORBIDDEN", "You are not a server admin"), "UPDATE users SET admin = 1"),
        (error(404, "M_NOT_FOUND", "User not found"), "knows no account"),
        ((500, json!({})), "whether Synapse runs"),
    ] {
        let scene = Scene::new().await;
        scene.answers("GET", user, answer).await;
        let (findings, verdict) = scene.checked(Lift::Leave).await;
        assert_eq!(verdict, Verdict::Unfit);
        says(&findings, Subject::AdminRights, Mark::Bad, words);
        says(&findings, Subject::Room, Mark::Skipped, "the account cannot use the admin API");
    }
    let scene = Scene::new().await;
    scene.shows_page(user, 403).await;
    let (findings, _) = scene.checked(Lift::Leave).await;
    says(&findings, Subject::AdminRights, Mark::Bad, "location /_synapse/admin");
}

#[tokio::test]
async fn somebody_else_decides_about_logins() {
    let metadata = "/_matrix/client/v1/auth_metadata";
    let there = || (200, json!({"issuer": "https://account.hs.test/"}));
    let scene = Scene::new().await;
    scene.answers("GET", metadata, there()).await;
    let denied = error(403, "M_FORBIDDEN", "You are not a server admin");
    scene.answers("GET", "/_synapse/admin/v2/users/%40bot%3Ahs.test", denied).await;
    let (findings, _) = scene.checked(Lift::Leave).await;
    says(&findings, Subject::Authentication, Mark::Warning, "Configure [mas]");
    says(&findings, Subject::AdminRights, Mark::Bad, "mas-cli manage issue-compatibility-token");

    // The service does not know the client; there is none at all.
    let service = crate::mas::tests::service::Service::start().await;
    for (there, mark, words) in [
        (there(), Mark::Bad, "the bot has no access there"),
        (error(404, "M_UNRECOGNIZED", ""), Mark::Warning, "Remove [mas]"),
        ((500, json!({})), Mark::Bad, "cannot find out who decides"),
    ] {
        let mut scene = Scene::new().await;
        scene.config = format!(
            "{}[mas]\nurl = {:?}\nclient_id = \"c\"\nclient_secret = \"s\"\n",
            scene.config,
            service.server.uri()
        );
        scene.answers("GET", metadata, there).await;
        let (findings, _) = scene.checked(Lift::Leave).await;
        says(&findings, Subject::Authentication, mark, words);
    }
}

#[tokio::test]
async fn a_rate_limit_is_lifted_on_request_and_not_otherwise() {
    let limit = "/_synapse/admin/v1/users/%40bot%3Ahs.test/override_ratelimit";
    let unlimited = || (200, json!({"messages_per_second": 0, "burst_count": 0}));
    for (now, words) in [
        ((200, json!({})), "that of the server holds"),
        ((200, json!({"messages_per_second": 1, "burst_count": 5})), "1 messages a second, and 5 at once"),
    ] {
        let scene = Scene::new().await;
        scene.answers("GET", limit, now).await.answers("POST", limit, unlimited()).await;
        let (findings, verdict) = scene.checked(Lift::Leave).await;
        assert_eq!(verdict, Verdict::Fit);
        says(&findings, Subject::RateLimit, Mark::Warning, words);
        says(&findings, Subject::RateLimit, Mark::Warning, "gleipnir check --lift-rate-limit");
        assert_eq!(scene.writes().await, [""; 0]);
        let (findings, _) = scene.checked(Lift::Now).await;
        says(&findings, Subject::RateLimit, Mark::Good, "lifted just now");
        assert_eq!(scene.writes().await, [format!("POST {limit}")]);
    }
    let scene = Scene::new().await;
    scene.answers("GET", limit, (200, json!({}))).await;
    scene.answers("POST", limit, error(403, "M_FORBIDDEN", "no")).await;
    let (findings, _) = scene.checked(Lift::Now).await;
    says(&findings, Subject::RateLimit, Mark::Bad, "could not be lifted");
}

#[tokio::test]
async fn a_management_room_that_is_not_there() {
    let alias = "/_matrix/client/v3/directory/room/%23mods%3Ahs.test";
    let state = "/_synapse/admin/v1/rooms/%21m%3Ahs.test/state";
    for (at, answer, words) in [
        (alias, error(404, "M_NOT_FOUND", "Room alias not found"), "there is no room #mods:hs.test"),
        (alias, (502, json!({})), "cannot be resolved"),
        (state, error(404, "M_NOT_FOUND", "Room not found"), "knows no room !m:hs.test"),
        (state, (500, json!({})), "cannot be read"),
    ] {
        let scene = Scene::new().await;
        scene.answers("GET", at, answer).await;
        let (findings, _) = scene.checked(Lift::Leave).await;
        says(&findings, Subject::Room, Mark::Bad, words);
        says(&findings, Subject::Power, Mark::Skipped, "the management room is not found");
    }
    let scene = Scene::new().await;
    scene
        .answers("GET", "/_synapse/admin/v1/rooms/%21m%3Ahs.test/block", (200, json!({"block": true})))
        .await;
    let (findings, _) = scene.checked(Lift::Leave).await;
    says(&findings, Subject::Room, Mark::Bad, "is blocked on this server");
}

#[tokio::test]
async fn what_hangs_on_something_that_failed_is_not_called_a_failure() {
    let mut report = Report::new(Format::Text, Box::new(std::io::sink()));
    let config = "[homeserver]\nurl = \"http://127.0.0.1:1\"\nuser_id = \"@b:hs\"\npassword = \"p\"\n[management]\n\
                  room = \"!m:hs\"\n[storage]\npath = \"/tmp/nothing-there/data\"\n";
    let config = Config::parse(config, Path::new("")).unwrap();
    examine(&config, Lift::Leave, &Stop::default(), &mut report).await;
    for subject in OF_THE_HOMESERVER {
        says(&report.findings, subject, Mark::Skipped, "because the homeserver is not reached");
    }
    assert_eq!(
        report.findings.iter().filter(|finding| finding.mark == Mark::Bad).count(),
        1,
        "{:?}",
        report.findings
    );
    let lines = report.findings.iter().map(|finding| finding.subject).collect::<Vec<_>>();
    assert_eq!(lines, Subject::ALL[1..], "each has its line, in order");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_a_line_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    assert_eq!(check(&file, Lift::Leave, Format::Json).await, Verdict::Unfit);
    fs::write(&file, "[homeserver]\nuri = \"x\"").unwrap();
    assert_eq!(check(&file, Lift::Leave, Format::Json).await, Verdict::Unfit);
}

#[tokio::test]
async fn whoever_interrupts_hears_of_nothing_more_and_leaves_no_device() {
    let mut scene = Scene::new().await;
    scene.config = scene.config.replace("access_token = \"syt_token\"", "password = \"hunter2\"");
    let user = "/_synapse/admin/v2/users/%40bot%3Ahs.test";
    let never = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    Mock::given(method("GET")).and(path(user)).respond_with(never).mount(&scene.server).await;
    scene.is_well_otherwise().await;
    let file = scene.folder.path().join("config.toml");
    fs::write(&file, &scene.config).unwrap();
    let config = Config::read(&file).unwrap();
    let mut report = Report::new(Format::Text, Box::new(std::io::sink()));
    let stop = Stop::default();
    let interrupt = async {
        let asked = || async {
            let requests = scene.server.received_requests().await.unwrap();
            requests.iter().any(|request| request.url.path() == user)
        };
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.ask();
    };
    tokio::join!(examine(&config, Lift::Now, &stop, &mut report), interrupt);
    assert_eq!(scene.writes().await, ["POST /_matrix/client/v3/login", "POST /_matrix/client/v3/logout"]);
    assert_eq!(report.findings.last().unwrap().subject, Subject::Login, "{:?}", report.findings);
    let sum = "Interrupted: not everything was looked at.".to_owned();
    assert_eq!(report.sum(), (sum, Verdict::Interrupted));

    // Before anything was asked.
    let mut report = Report::new(Format::Text, Box::new(std::io::sink()));
    examine(&config, Lift::Leave, &stop, &mut report).await;
    assert!(report.findings.is_empty() && report.end() == Verdict::Interrupted);
}

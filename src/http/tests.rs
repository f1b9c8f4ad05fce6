//! The endpoint before a homeserver of canned answers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use gleipnir_core::{
    model::{About, Millis, Report, ReportKind},
    ports::{FORWARDED, Store as _},
    ruma::owned_user_id,
    testing::{ManualClock, MemoryStore},
};
use serde_json::{Value, json};
use synapse_admin::Client;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
    task::JoinHandle,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

use super::{Endpoint, LARGEST, Parties, UnderWay, path::LEADING_AWAY};

const ROOM: &str = "/_matrix/client/v3/rooms/%21a%3Ahs.test/report";
const EVENT: &str = "/_matrix/client/v3/rooms/%21a%3Ahs.test/report/%24e%2Ff";
const USER: &str = "/_matrix/client/v3/users/%40eve%3Ahs.test/report";
const FAR: &str = "/_matrix/client/v3/users/%40eve%3Afar.test/report";

/// The endpoint, what it keeps, and the homeserver behind it.
struct Scene {
    homeserver: MockServer,
    store: Arc<MemoryStore>,
    reported: Arc<Notify>,
    under_way: UnderWay,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Got {
    status: u16,
    body: String,
    headers: reqwest::header::HeaderMap,
}

impl Scene {
    /// A homeserver that knows `@ana:hs.test` by her token, and has told nobody of any report.
    async fn new() -> Self {
        let homeserver = MockServer::start().await;
        let whoami = Mock::given(method("GET")).and(path("/_matrix/client/v3/account/whoami"));
        whoami
            .and(header("authorization", "Bearer anas"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"user_id": "@ana:hs.test"})))
            .mount(&homeserver)
            .await;
        Self::before(homeserver.uri(), homeserver).await
    }

    async fn before(url: String, homeserver: MockServer) -> Self {
        let (store, reported) = (Arc::new(MemoryStore::default()), Arc::new(Notify::new()));
        let under_way = UnderWay::default();
        let parties = Parties {
            admin: Client::new(&url, || "the bot's".to_owned()).unwrap(),
            homeserver: format!("{url}/"),
            timeout: Duration::from_secs(2),
            me: owned_user_id!("@gleipnir:hs.test"),
            store: store.clone(),
            clock: Arc::new(ManualClock::default()),
            reported: reported.clone(),
            under_way: under_way.clone(),
        };
        let endpoint = Endpoint::open((Ipv4Addr::LOCALHOST, 0).into(), parties).await.unwrap();
        let address = endpoint.listener.local_addr().unwrap();
        let task = tokio::spawn(async move { drop(endpoint.run().await) });
        Self { homeserver, store, reported, under_way, address, task }
    }

    /// Accepts reports after a while.
    async fn accepts_reports_slowly(&self) {
        let slow = ResponseTemplate::new(200).set_body_json(json!({})).set_delay(Duration::from_millis(500));
        Mock::given(method("POST")).respond_with(slow).mount(&self.homeserver).await;
    }

    /// Waits until the homeserver has got so many requests.
    async fn has_got(&self, requests: usize) {
        while self.homeserver.received_requests().await.unwrap().len() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn accepts_reports(&self) {
        let accepted = ResponseTemplate::new(200).set_body_json(json!({}));
        Mock::given(method("POST")).respond_with(accepted).mount(&self.homeserver).await;
    }

    async fn answers_at(&self, at: &str, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&self.homeserver).await;
    }

    async fn post(&self, at: &str, token: Option<&str>, body: &Value) -> Got {
        let body = body.to_string();
        self.request("POST", at, token, body).await
    }

    #[expect(clippy::disallowed_methods, reason = "a reporter's client")]
    async fn request(&self, method: &str, at: &str, token: Option<&str>, body: String) -> Got {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}{at}", self.address);
        let mut request = client.request(method.parse().unwrap(), url).body(body);
        request = request.header("X-Forwarded-For", "192.0.2.7").header("Cookie", "private");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, body: response.text().await.unwrap() }
    }

    /// What is kept: of what, by whom, why.
    fn kept(&self) -> Vec<(About, String, Option<String>)> {
        let kept = |report: Report| (report.about, report.reporter, report.reason);
        self.store.forwarded().unwrap().into_iter().map(kept).collect()
    }

    /// Whether the list of reports is to be read at once.
    async fn wakes(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.reported.notified()).await.is_ok()
    }
}

fn room() -> About {
    About::Room { room_id: "!a:hs.test".into() }
}

#[tokio::test]
async fn what_the_homeserver_tells_nobody_is_kept() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    let unknown = json!({"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"});
    scene.answers_at("/_synapse/admin/v1/room_reports", 404, unknown).await;
    scene.answers_at("/_synapse/admin/v1/user_reports", 200, json!({"user_reports": [], "total": 0})).await;
    let gone = json!({"errcode": "M_NOT_FOUND", "error": "User not found"});
    scene.answers_at("/_synapse/admin/v2/users/%40eve%3Ahs.test", 404, gone).await;
    for at in [ROOM, FAR, USER, EVENT] {
        let got = scene.post(at, Some("anas"), &json!({"reason": "bad"})).await;
        assert_eq!((got.status, got.body.as_str()), (200, "{}"), "{at}");
        assert!(scene.wakes().await, "{at}");
    }
    let by_ana = |about| (about, "@ana:hs.test".to_owned(), Some("bad".to_owned()));
    let user = |id: &str| About::User { user_id: id.to_owned() };
    assert_eq!(
        scene.kept(),
        [by_ana(room()), by_ana(user("@eve:far.test")), by_ana(user("@eve:hs.test"))],
        "events are told by every homeserver"
    );
    let first = &scene.store.forwarded().unwrap()[0];
    assert!(first.key.id > FORWARDED && first.key.received_ts > 0 as Millis);
    assert_eq!(first.key.kind, ReportKind::Room);

    // The same request went on, with the reporter's token and address, and nothing else of theirs.
    let requests = scene.homeserver.received_requests().await.unwrap();
    let passed: Vec<_> = requests.iter().filter(|request| request.method.as_str() == "POST").collect();
    assert_eq!(passed.iter().map(|request| request.url.path()).collect::<Vec<_>>(), [ROOM, FAR, USER, EVENT]);
    assert!(passed.iter().all(|request| request.body == br#"{"reason":"bad"}"#));
    assert_eq!(passed[0].headers["authorization"], "Bearer anas");
    assert_eq!(passed[0].headers["x-forwarded-for"], "192.0.2.7");
    assert!(!passed[0].headers.contains_key("cookie"));
}

#[tokio::test]
async fn what_the_homeserver_tells_is_read_there() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    scene.answers_at("/_synapse/admin/v1/room_reports", 200, json!({"room_reports": []})).await;
    scene.answers_at("/_synapse/admin/v1/user_reports", 200, json!({"user_reports": [], "total": 0})).await;
    scene.answers_at("/_synapse/admin/v2/users/%40eve%3Ahs.test", 200, json!({"name": "@eve:hs.test"})).await;
    for at in [ROOM, USER, EVENT] {
        assert_eq!(scene.post(at, Some("anas"), &json!({"reason": "bad"})).await.status, 200);
        assert!(scene.wakes().await, "{at}");
    }
    assert_eq!(scene.kept(), []);
}

#[tokio::test]
async fn when_in_doubt_it_is_kept() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    for at in ["/_synapse/admin/v1/room_reports", "/_synapse/admin/v1/user_reports"] {
        scene.answers_at(at, 503, json!({"errcode": "M_UNKNOWN", "error": "busy"})).await;
    }
    for at in [ROOM, USER] {
        assert_eq!(scene.post(at, Some("anas"), &json!({"reason": "bad"})).await.status, 200);
    }
    assert_eq!(scene.kept().len(), 2);
    // No user has such an ID, and a homeserver that accepts it drops it.
    let nobody = "/_matrix/client/v3/users/eve/report";
    assert_eq!(scene.post(nobody, Some("anas"), &json!({"reason": "bad"})).await.status, 200);
    assert_eq!(scene.kept().len(), 2);
}

#[tokio::test]
async fn answers_are_the_homeservers() {
    for (status, body) in [
        (400, json!({"errcode": "M_BAD_JSON", "error": "Reason must be less than 1000 characters"})),
        (404, json!({"errcode": "M_NOT_FOUND", "error": "Room does not exist"})),
        (429, json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 900})),
        (500, json!({"errcode": "M_UNKNOWN", "error": "Internal server error"})),
    ] {
        let scene = Scene::new().await;
        let answer = ResponseTemplate::new(status).set_body_json(&body).insert_header("Retry-After", "1");
        Mock::given(method("POST")).respond_with(answer).mount(&scene.homeserver).await;
        let got = scene.post(ROOM, Some("anas"), &json!({"reason": "bad"})).await;
        assert_eq!((got.status, got.body), (status, body.to_string()));
        assert_eq!(got.headers["retry-after"], "1");
        assert_eq!(got.headers["content-type"], "application/json");
        assert!(scene.kept().is_empty() && !scene.wakes().await);
    }
}

#[tokio::test]
async fn only_the_homeservers_users_are_heard() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    let unknown = json!({"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token passed."});
    scene.answers_at("/_matrix/client/v3/account/whoami", 401, unknown.clone()).await;
    let got = scene.post(ROOM, Some("evil"), &json!({"reason": "bad"})).await;
    assert_eq!((got.status, got.body), (401, unknown.to_string()));
    let got = scene.post(ROOM, None, &json!({"reason": "bad"})).await;
    assert_eq!(got.status, 401);
    assert!(got.body.contains("M_MISSING_TOKEN"), "{}", got.body);
    assert_eq!(got.headers["access-control-allow-origin"], "*");
    let empty = scene.post(&format!("{ROOM}?access_token="), None, &json!({})).await;
    assert_eq!(empty.status, 401);
    let requests = scene.homeserver.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| request.method.as_str() == "GET"), "nothing was passed on");
    assert_eq!((scene.kept().len(), requests.len()), (0, 1));
}

#[tokio::test]
async fn tokens_and_masks_in_the_query_go_along() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    Mock::given(method("GET"))
        .and(path("/_matrix/client/v3/account/whoami"))
        .and(query_param("access_token", "as"))
        .and(query_param("user_id", "@irc_bob:hs.test"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"user_id": "@irc_bob:hs.test"})))
        .mount(&scene.homeserver)
        .await;
    let at = format!("{ROOM}?user_id=%40irc_bob%3Ahs.test&access_token=as");
    assert_eq!(scene.post(&at, None, &json!({"reason": "bad"})).await.status, 200);
    assert_eq!(scene.kept(), [(room(), "@irc_bob:hs.test".to_owned(), Some("bad".to_owned()))]);
}

#[tokio::test]
async fn reasons_are_cut_and_may_be_missing() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    for body in [json!({"reason": "ü".repeat(5_000)}), json!({"reason": 7}), json!([]), json!({})] {
        assert_eq!(scene.post(ROOM, Some("anas"), &body).await.status, 200);
    }
    assert_eq!(scene.request("POST", ROOM, Some("anas"), "no JSON".into()).await.status, 200);
    let reasons: Vec<_> = scene.kept().into_iter().map(|(_, _, reason)| reason).collect();
    assert_eq!(reasons[0].as_ref().unwrap().chars().count(), 2_001);
    assert_eq!(reasons[1..], [None, None, None, None]);
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_read() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    let got = scene.request("POST", ROOM, Some("anas"), "a".repeat(LARGEST + 1)).await;
    assert_eq!(got.status, 413);
    assert!(got.body.contains("M_TOO_LARGE"), "{}", got.body);
    assert_eq!(scene.homeserver.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn browsers_may_ask_and_others_get_what_synapse_says() {
    let scene = Scene::new().await;
    let got = scene.request("OPTIONS", ROOM, None, String::new()).await;
    assert_eq!((got.status, got.body.as_str()), (204, ""));
    assert_eq!(
        got.headers["access-control-allow-headers"],
        "X-Requested-With, Content-Type, Authorization, Date"
    );
    for (method, at, status) in
        [("GET", ROOM, 405), ("PUT", ROOM, 405), ("POST", "/_matrix/client/v3/sync", 404), ("GET", "/", 404)]
    {
        let got = scene.request(method, at, Some("anas"), String::new()).await;
        assert_eq!(got.status, status, "{method} {at}");
        assert!(got.body.contains("M_UNRECOGNIZED"), "{}", got.body);
    }
    assert_eq!(scene.homeserver.received_requests().await.unwrap().len(), 0);
}

/// As it stands in the request: a client of HTTP would resolve the path first.
async fn raw_post(to: SocketAddr, at: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
    let request = format!(
        "POST {at} HTTP/1.1\r\nHost: hs.test\r\nAuthorization: Bearer anas\r\nConnection: close\r\n\
         Content-Length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn nothing_leads_to_another_path_of_the_homeserver() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    for at in LEADING_AWAY {
        let answer = raw_post(scene.address, at).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{at}: {answer}");
        assert!(answer.contains("M_UNRECOGNIZED"), "{at}: {answer}");
    }
    assert_eq!(scene.homeserver.received_requests().await.unwrap().len(), 0, "nobody was even asked");
    // What is no path, or stays within its own segment, is a report.
    let harmless = r"/_matrix/client/v3/rooms/%252e%252e/report/a%3F%2F%23?x=/../..\y";
    let answer = raw_post(scene.address, harmless).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let requests = scene.homeserver.received_requests().await.unwrap();
    let posted = requests.iter().find(|request| request.method.as_str() == "POST").unwrap();
    assert_eq!(posted.url.path(), "/_matrix/client/v3/rooms/%252e%252e/report/a%3F%2F%23");
    assert_eq!(posted.url.query(), Some(r"x=/../..\y"));
}

#[tokio::test]
async fn a_homeserver_that_is_away_is_said_so() {
    // Nobody listens at port 1.
    let scene = Scene::before("http://127.0.0.1:1".into(), MockServer::start().await).await;
    let got = scene.post(ROOM, Some("anas"), &json!({"reason": "bad"})).await;
    assert_eq!(got.status, 502);
    assert!(got.body.contains("M_UNKNOWN") && !got.body.contains("anas"), "{}", got.body);

    let scene = Scene::new().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    Mock::given(method("POST")).respond_with(slow).mount(&scene.homeserver).await;
    let got = scene.post(ROOM, Some("anas"), &json!({"reason": "bad"})).await;
    assert_eq!((got.status, scene.kept().len()), (504, 0));
}

#[tokio::test]
async fn a_database_that_fails_is_told_to_the_reporter() {
    let scene = Scene::new().await;
    scene.accepts_reports().await;
    scene.store.break_next_commit();
    let got = scene.post(ROOM, Some("anas"), &json!({"reason": "bad"})).await;
    assert_eq!(got.status, 500);
    assert!(got.body.contains("Internal server error"), "{}", got.body);
}

#[tokio::test]
async fn a_reporter_who_hangs_up_is_kept_all_the_same() {
    let scene = Scene::new().await;
    scene.accepts_reports_slowly().await;
    let body = json!({"reason": "bad"});
    tokio::select! {
        _ = scene.post(ROOM, Some("anas"), &body) => panic!("it was answered"),
        () = scene.has_got(2) => {}
    }
    assert_eq!(scene.kept(), []);
    tokio::time::timeout(Duration::from_secs(5), scene.reported.notified()).await.unwrap();
    assert_eq!(scene.kept().len(), 1);
}

#[tokio::test]
async fn what_is_under_way_at_the_end_is_kept_and_nothing_else_is_begun() {
    let scene = Scene::new().await;
    scene.accepts_reports_slowly().await;
    let body = json!({"reason": "bad"});
    // One reporter has hung up already, the other one waits.
    tokio::select! {
        _ = scene.post(ROOM, Some("anas"), &body) => panic!("it was answered"),
        () = scene.has_got(2) => {}
    }
    let end = async {
        scene.has_got(4).await;
        scene.under_way.finish().await;
        assert_eq!(scene.kept().len(), 2);
    };
    let (answered, ()) = tokio::join!(scene.post(FAR, Some("anas"), &body), end);
    assert_eq!(answered.status, 200);
    // A connection may outlive the endpoint for a moment.
    let late = scene.post(ROOM, Some("anas"), &body).await;
    assert_eq!((late.status, scene.kept().len()), (503, 2), "{}", late.body);
    let requests = scene.homeserver.received_requests().await.unwrap();
    assert_eq!(requests.iter().filter(|request| request.method.as_str() == "POST").count(), 2);
}

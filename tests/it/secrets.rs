//! No secret is in the log, in the database or in the management room, whatever is logged and whatever goes wrong.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, path_regex},
};

use crate::support::{BOT, Bot, Kind, PATIENCE, Scene, files_with};

const NEW_PASSWORD: &str = "pwQ7rXwYh2Lk9VtZ";
const HOOK: &str = "hookT0kenB8sJ3nQv";
const BROKEN_HOOK: &str = "hookT0kenBr0kenZz";
const CLIENT_SECRET: &str = "masS3cretKf82hGpQ";
const MAS_TOKEN: &str = "mat_t0kenVv93kdLpWq";
/// `01J44RKQYM4G3TNVANTMTDYTX6:` and [`CLIENT_SECRET`] in Base64: how it goes to the service.
const BASIC: &str = "MDFKNDRSS1FZTTRHM1ROVkFOVE1URFlUWDY6bWFzUzNjcmV0S2Y4MmhHcFE=";

/// All that can be logged.
const LOG: &str = "\n[log]\nlevel = \"trace,matrix_sdk=trace,matrix_sdk_crypto=trace,hyper=trace,reqwest=trace,\
                   synapse_admin=trace,rusqlite=trace\"\n";

/// A secret, what it is, and the files where it belongs.
struct Secret {
    what: &'static str,
    text: String,
    belongs: &'static [&'static str],
}

/// Where the session and its keys live.
const SESSION: [&str; 2] = ["data/matrix/session.json", "data/matrix/sdk/"];

fn secret(what: &'static str, text: impl Into<String>, belongs: &'static [&'static str]) -> Secret {
    let text = text.into();
    assert!(text.len() > 12, "{what} is too short to be looked for: {text}");
    Secret { what, text, belongs }
}

/// Whoever reads the log, the room and the files must not find these.
#[track_caller]
fn are_kept(bot: &Bot, room: &[Value], secrets: &[Secret]) {
    let room = Value::from(room.to_vec()).to_string();
    let folder = bot.path("");
    for Secret { what, text, belongs } in secrets {
        assert!(!room.contains(text), "the {what} is in the management room");
        let elsewhere: Vec<PathBuf> = files_with(&folder, text)
            .into_iter()
            .filter(|file| {
                let file = file.strip_prefix(&folder).unwrap().to_str().unwrap();
                !belongs.iter().any(|place| file.starts_with(place))
            })
            .collect();
        let lines: Vec<String> = fs::read_to_string(bot.path("log"))
            .unwrap_or_default()
            .lines()
            .filter(|line| line.contains(text))
            .map(|line| line.chars().take(400).collect())
            .take(3)
            .collect();
        assert!(elsewhere.is_empty(), "the {what} is in {elsewhere:?}: {lines:#?}");
    }
}

fn session_token(bot: &Bot) -> String {
    let session: Value =
        serde_json::from_slice(&fs::read(bot.path("data/matrix/session.json")).unwrap()).unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

/// The direct chat with the bot that a user was invited to last: the message in it.
async fn direct_message(user: &User, chat: &str) -> String {
    user.join(chat).await.unwrap();
    let is_it = |event: &Value| event["sender"] == BOT && event["content"]["body"].is_string();
    let message = user.wait_for(chat, PATIENCE, is_it).await.unwrap();
    message["content"]["body"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_every_secret_shows_none() {
    let Some(mut scene) = Scene::new(Kind::Encrypted).await else { return };
    let account = format!("/_synapse/admin/v2/users/{}", path_part(BOT));
    scene.admin.put(&account, json!({"password": NEW_PASSWORD})).await.unwrap();
    let hooks = MockServer::start().await;
    let hook = Mock::given(method("POST")).and(path(format!("/{HOOK}")));
    hook.respond_with(ResponseTemplate::new(200)).mount(&hooks).await;
    let refused = ResponseTemplate::new(404).set_body_string(format!("no {BROKEN_HOOK} here"));
    Mock::given(method("POST"))
        .and(path(format!("/{BROKEN_HOOK}")))
        .respond_with(refused)
        .mount(&hooks)
        .await;
    fs::write(scene.bot.path("pw"), format!("{NEW_PASSWORD}\n")).unwrap();
    fs::write(scene.bot.path("hook"), format!("{}/{HOOK}\n", hooks.uri())).unwrap();
    scene.bot.login = "password_file = \"pw\"".to_owned();
    scene.bot.more = format!(
        r#"{LOG}
[reports]
poll_interval = "1s"
[reports.webhooks]
siem_file = "hook"
broken = "{}/{BROKEN_HOOK}"
[[reports.rules]]
name = "told"
when = {{ reason = "spam" }}
webhook = "siem"
[[reports.rules]]
name = "not told"
when = {{ reason = "scam" }}
webhook = "broken"
"#,
        hooks.uri()
    );
    let [eve, bob] = ["eve", "bob"].map(|name| scene.synapse.register(name, Role::User));
    let (eve, bob) = (eve.await.unwrap(), bob.await.unwrap());
    let club = scene.room(&eve, "Club", std::slice::from_ref(&bob)).await;
    scene.bot.start().await;
    scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
    let m = &scene.moderator;

    for reason in ["spam", "scam"] {
        let said = eve.send_text(&club, reason).await.unwrap();
        let report = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(&club), path_part(&said));
        bob.post(&report, json!({"reason": reason})).await.unwrap();
    }
    m.hears("by the rule “told” – done").await;
    m.hears("by the rule “not told” – failed").await;
    assert_eq!(hooks.received_requests().await.unwrap().len(), 2);
    m.good("!log trace 1h", "I log at `trace` until").await;
    m.good("!reload", "nothing changed").await;
    let made = m.good("!token new --uses 5", "token – done").await;
    let token = made.code("The registration token").to_owned();
    m.good("!token list", "1 registration token").await;
    // It may begin with a dash.
    scene.carry_out(&format!("!token delete \"{}\"", &token[..4]), &[], "is deleted").await;
    let reset = scene.carry_out("!reset-password @eve:hs.test", &[], "reset-password – done").await;
    let chat = reset.code("in the direct chat ").to_owned();
    let body = direct_message(&m.user, &chat).await;
    let password = body.lines().nth(2).unwrap().to_owned();
    m.good("!status", "signed by my identity").await;
    m.good("!audit", "reset the password").await;
    let backup = scene.bot.path("backup");
    assert_eq!(scene.bot.cli(&["backup", backup.to_str().unwrap()]).0, 0);
    let recovery = fs::read_to_string(scene.bot.path("data/matrix/recovery-key")).unwrap().trim().to_owned();
    let mut secrets = vec![
        secret("password", NEW_PASSWORD, &["pw"]),
        secret("access token of the session", session_token(&scene.bot), &SESSION),
        secret("recovery key", recovery.clone(), &["data/matrix/recovery-key", "backup", "recovery"]),
        secret("recovery key without spaces", recovery.replace(' ', ""), &[]),
        secret("webhook", HOOK, &["hook"]),
        secret("webhook that fails", BROKEN_HOOK, &["config.toml"]),
        secret("new password", password, &[]),
    ];
    are_kept(&scene.bot, &m.events(), &secrets);
    // Who asked for it sees a registration token, once, in the answer that makes it. What undo needs is in the database.
    let shown = m.said().iter().filter(|said| said.text.contains(&token)).count();
    assert_eq!(shown, 1, "{}", m.transcript());
    let kept = [secret("registration token", token, &["data/gleipnir.sqlite3", "backup"])];
    are_kept(&scene.bot, &[], &kept);

    // As a new device, with the recovery key from a file, beside a service that decides about logins.
    assert_eq!(scene.bot.stop().await, 0);
    fs::remove_dir_all(scene.bot.path("data")).unwrap();
    fs::write(scene.bot.path("recovery"), recovery).unwrap();
    fs::write(scene.bot.path("mas"), format!("{CLIENT_SECRET}\n")).unwrap();
    let mas = service().await;
    scene.bot.more = format!(
        "{LOG}[encryption]\nrecovery_key_file = \"recovery\"\n\
         [mas]\nurl = \"{}\"\nclient_id = \"01J44RKQYM4G3TNVANTMTDYTX6\"\nclient_secret_file = \"mas\"\n",
        mas.uri()
    );
    scene.bot.url = delegating(scene.synapse.url()).await;
    let before = scene.moderator.said().len();
    scene.bot.start().await;
    let m = &scene.moderator;
    m.hears_after(before, "I am a new device now").await;
    m.good("!status", "signed by my identity").await;
    m.ask("!reset-password @bob:hs.test", "").await;
    assert!(mas.received_requests().await.unwrap().iter().any(|request| {
        request.headers.get("authorization").is_some_and(|value| value.to_str().unwrap().ends_with(BASIC))
    }));
    secrets.extend([
        secret("session's second access token", session_token(&scene.bot), &SESSION),
        secret("secret of the client", CLIENT_SECRET, &["mas"]),
        secret("secret of the client, as it is sent", BASIC, &[]),
        secret("token of the service", MAS_TOKEN, &[]),
    ]);
    are_kept(&scene.bot, &m.events(), &secrets);
    assert_eq!(scene.bot.stop().await, 0);
    are_kept(&scene.bot, &scene.moderator.events(), &secrets);
}

/// A service that gives a token, and fails at everything else with what it was asked.
async fn service() -> MockServer {
    let server = MockServer::start().await;
    let answer = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let discovery = json!({"issuer": "https://account.hs.test/", "token_endpoint": format!("{}/oauth2/token", server.uri())});
    let known = Mock::given(path("/.well-known/openid-configuration"));
    known.respond_with(answer(discovery)).mount(&server).await;
    let token = json!({"access_token": MAS_TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "urn:mas:admin"});
    Mock::given(path("/oauth2/token")).respond_with(answer(token)).mount(&server).await;
    let echo = |request: &wiremock::Request| {
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        ResponseTemplate::new(500).set_body_string(format!("cannot handle {}", sent.unwrap_or_default()))
    };
    Mock::given(path_regex("^/api/")).respond_with(echo).mount(&server).await;
    server
}

/// A homeserver that says that another service decides about logins, and is a real one otherwise: its address.
async fn delegating(server: &str) -> String {
    let (client, server) = (reqwest::Client::builder().no_proxy().build().unwrap(), server.to_owned());
    let says =
        || async { ([("content-type", "application/json")], r#"{"issuer": "https://account.hs.test/"}"#) };
    let pass = async move |request: axum::extract::Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let url = format!("{server}{}", parts.uri.path_and_query().unwrap());
        let request = client.request(parts.method, url).headers(parts.headers).body(body).build().unwrap();
        let answer = client.execute(request).await.map_err(|_| axum::http::StatusCode::BAD_GATEWAY)?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove("transfer-encoding");
        let body = answer.bytes().await.map_err(|_| axum::http::StatusCode::BAD_GATEWAY)?;
        Ok::<_, axum::http::StatusCode>((status, headers, body))
    };
    let router = axum::Router::new()
        .route("/_matrix/client/v1/auth_metadata", axum::routing::get(says))
        .fallback(pass);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_wrong_are_not_shown_either() {
    let Some(scene) = Scene::new(Kind::Open).await else { return };
    let wrong = "wr0ngS3cretXx82Kd";
    for login in [
        format!("password = \"{wrong}\""),
        format!("access_token = \"{wrong}\""),
        format!("password = \"{wrong}\"\naccess_tokn = \"{wrong}\""),
        format!("password = \"{wrong}"),
        format!("password = {wrong}"),
        format!("password = \"{wrong}\"\npassword = \"{wrong}\""),
        format!("password = \"{wrong}\"\naccess_token = \"{wrong}\""),
        format!("password = [\"{wrong}\"]"),
        format!("password = \"{wrong}\\q\""),
        wrong.to_owned(),
    ] {
        let mut bot = Bot::new(scene.synapse.url(), scene.moderator.room.clone());
        bot.login = login.clone();
        bot.more = LOG.to_owned();
        bot.launch();
        assert_eq!(bot.ended().await, 2, "{login}");
        let log = bot.log_of_run();
        assert!(!log.contains(wrong), "{login}: {log}");
    }
    // One that is no longer accepted, while it is used.
    let device = scene.synapse.login("gleipnir").await.unwrap();
    let mut bot = Bot::new(scene.synapse.url(), scene.moderator.room.clone());
    bot.login = format!("access_token = \"{}\"", device.access_token);
    bot.more = LOG.to_owned();
    bot.start().await;
    scene.moderator.good("!version", "Gleipnir").await;
    device.post("/_matrix/client/v3/logout", json!({})).await.unwrap();
    // The server tells nobody who waits for news: this ends the waiting.
    scene.moderator.say("!version").await;
    assert_eq!(bot.ended().await, 2);
    let log = bot.log_of_run();
    assert!(
        log.contains("the homeserver refused the access token of @gleipnir:hs.test: M_UNKNOWN_TOKEN"),
        "{log}"
    );
    let token = [secret("access token", device.access_token, &["config.toml", SESSION[0], SESSION[1]])];
    are_kept(&bot, &scene.moderator.events(), &token);
}

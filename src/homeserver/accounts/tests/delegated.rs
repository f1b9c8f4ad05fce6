//! Where Matrix Authentication Service, or another one, decides.

use gleipnir_core::{
    model::{Authentication, Erase, Identity, Sanction, Sessions, Switch},
    ports::Fault,
    ruma::UserId,
};
use serde_json::{Value, json};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path, query_param},
};

use super::{super::REMEMBERED, Server, USER, account, alice};
use crate::mas::tests::service::{self, ALICE, Service, session};

const TIME: Option<&str> = Some("1970-01-01T00:00:00Z");
const METADATA: &str = "/_matrix/client/v1/auth_metadata";
const DEVICES: &str = "/_synapse/admin/v2/users/%40alice%3Ahs.test/devices";
const DELETE_DEVICES: &str = "/_synapse/admin/v2/users/%40alice%3Ahs.test/delete_devices";
const BY_NAME: &str = "/api/admin/v1/users/by-username/alice";

/// A service that has Alice.
async fn with_alice(locked_at: Option<&str>, deactivated_at: Option<&str>) -> Service {
    let mas = Service::start().await;
    mas.answer("GET", BY_NAME, 200, service::account(locked_at, deactivated_at)).await;
    mas.is_new().await;
    mas
}

#[track_caller]
fn refused(result: Result<(), Fault>) -> String {
    match result {
        Err(Fault::Refused { message, .. }) => message,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

#[tokio::test]
async fn who_decides_is_asked_once() {
    let mas = Service::start().await;
    for access in [None, Some(())] {
        let (plain, delegated, old) =
            (Server::start().await, Server::delegated().await, Server::start().await);
        let unstable = "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata";
        old.answer("GET", unstable, 200, json!({"issuer": "https://account.hs.test/"})).await;
        let there = if access.is_some() { Authentication::Mas } else { Authentication::Elsewhere };
        for (server, want, requests) in
            [(&plain, Authentication::Homeserver, 2), (&delegated, there, 1), (&old, there, 2)]
        {
            let accounts = server.accounts(access.map(|()| mas.mas()));
            for _ in 0..3 {
                assert_eq!(accounts.authentication(REMEMBERED).await, Ok(want));
            }
            assert_eq!(server.requests().await.len(), requests, "{want:?}");
        }
    }
}

#[tokio::test]
async fn a_fault_is_not_remembered() {
    let server = Server::start().await;
    let accounts = server.accounts(None);
    server.answer("GET", METADATA, 500, json!({"errcode": "M_UNKNOWN", "error": "broken"})).await;
    assert!(accounts.authentication(REMEMBERED).await.is_err());
    server.0.reset().await;
    server.answer("GET", METADATA, 200, json!({"issuer": "https://account.hs.test/"})).await;
    assert_eq!(accounts.authentication(REMEMBERED).await, Ok(Authentication::Elsewhere));
}

#[tokio::test]
async fn who_is_an_admin_at_either_is_an_admin() {
    for (here, there) in [(0, false), (1, false), (0, true), (1, true)] {
        let (server, mas) = (Server::delegated().await, Service::start().await);
        server.answer("GET", USER, 200, account(&json!({"admin": here}))).await;
        let mut body = service::account(None, None);
        body["data"]["attributes"]["admin"] = json!(there);
        mas.answer("GET", BY_NAME, 200, body).await;
        let found = server.accounts(Some(mas.mas())).account(alice()).await;
        let found = found.expect("it is found").expect("there is one");
        assert_eq!(found.admin, here == 1 || there, "{here} {there}");
    }
}

#[tokio::test]
async fn trap_24_a_lock_goes_where_it_has_an_effect() {
    let (server, mas) = (Server::delegated().await, with_alice(TIME, None).await);
    server.answer("GET", USER, 200, account(&json!({"suspended": true}))).await;
    mas.answer("POST", &format!("{ALICE}/lock"), 200, service::account(TIME, None)).await;
    mas.answer("POST", &format!("{ALICE}/unlock"), 200, service::account(None, None)).await;
    let accounts = server.accounts(Some(mas.mas()));
    let found = accounts.account(alice()).await.expect("it is found").expect("there is one");
    assert!(found.locked && found.suspended && !found.deactivated, "{found:?}");
    for to in [Switch::On, Switch::Off] {
        assert_eq!(accounts.set_sanction(alice(), Sanction::Lock, to).await, Ok(()));
    }
    assert_eq!(mas.changes().await, [format!("POST {ALICE}/lock"), format!("POST {ALICE}/unlock")]);
    assert!(server.changes().await.is_empty(), "Synapse would answer well, and nothing would happen");
    // A suspension is Synapse's.
    let suspend = "/_synapse/admin/v1/suspend/%40alice%3Ahs.test";
    server.answer("PUT", suspend, 200, json!({"user_@alice:hs.test_suspended": true})).await;
    assert_eq!(accounts.set_sanction(alice(), Sanction::Suspension, Switch::On).await, Ok(()));
    assert_eq!(server.changes().await, [format!("PUT {suspend} {}", json!({"suspend": true}))]);
}

#[tokio::test]
async fn trap_24_without_access_there_nothing_is_done_that_has_no_effect() {
    let server = Server::delegated().await;
    server.answer("GET", USER, 200, account(&json!({}))).await;
    let accounts = server.accounts(None);
    for result in [
        accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await,
        accounts.deactivate(alice(), Erase::No).await,
        accounts.reactivate(alice()).await,
        accounts.reset_password(alice(), Sessions::Ended).await.map(drop),
    ] {
        let words = refused(result);
        assert!(words.contains("suspend") && words.contains("[mas]"), "{words}");
    }
    assert!(server.changes().await.is_empty());
}

#[tokio::test]
async fn an_account_that_the_service_does_not_have() {
    let (server, mas) = (Server::delegated().await, Service::start().await);
    server.answer("GET", USER, 200, account(&json!({"locked": true, "appservice_id": "irc"}))).await;
    mas.answer("GET", BY_NAME, 404, service::refusal("User with username \"alice\" not found")).await;
    let accounts = server.accounts(Some(mas.mas()));
    assert!(accounts.account(alice()).await.expect("it is found").expect("there is one").locked);
    let words = refused(accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await);
    assert!(words.contains("does not know this account"), "{words}");
    assert!(server.changes().await.is_empty() && mas.changes().await.is_empty());
}

#[tokio::test]
async fn a_deactivation_is_followed_at_the_homeserver() {
    for (erase, skip_erase) in [(Erase::No, true), (Erase::Yes, false)] {
        let (server, mas) = (Server::delegated().await, with_alice(None, None).await);
        mas.answer("POST", &format!("{ALICE}/deactivate"), 200, service::account(None, TIME)).await;
        // It takes a while to hear of it.
        let later = json!({"deactivated": true, "erased": erase == Erase::Yes});
        for (body, times) in [(account(&json!({})), 2), (account(&later), 9)] {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(path(USER)).respond_with(answer).up_to_n_times(times).mount(&server.0).await;
        }
        let accounts = server.accounts(Some(mas.mas()));
        assert_eq!(accounts.deactivate(alice(), erase).await, Ok(()));
        let body = json!({"skip_erase": skip_erase});
        assert_eq!(mas.changes().await, [format!("POST {ALICE}/deactivate {body}")]);
        assert!(server.changes().await.is_empty());
        let looked = server.requests().await.iter().filter(|request| request.contains(USER)).count();
        assert_eq!(looked, 3);
    }
}

#[tokio::test]
async fn an_account_is_brought_back_there() {
    let (server, mas) = (Server::delegated().await, with_alice(None, TIME).await);
    server.answer("GET", USER, 200, account(&json!({}))).await;
    mas.answer("POST", &format!("{ALICE}/reactivate"), 200, service::account(None, None)).await;
    let accounts = server.accounts(Some(mas.mas()));
    assert!(accounts.account(alice()).await.expect("it is found").expect("there is one").deactivated);
    assert_eq!(accounts.reactivate(alice()).await, Ok(()));
    assert_eq!(mas.changes().await, [format!("POST {ALICE}/reactivate")]);
    assert!(server.changes().await.is_empty());
}

fn device(id: &str) -> Value {
    json!({"device_id": id, "display_name": "Phone", "last_seen_ts": 5, "user_id": "@alice:hs.test"})
}

/// Sessions at the service: of a device that Synapse knows, of one that it does not, and of a browser.
async fn with_sessions(mas: &Service) {
    let phone = session("oauth2-session", "OAUTH", &json!({"scope": "urn:matrix:client:device:PHONE"}));
    mas.page("oauth2-sessions?filter[user]", None, vec![phone]).await;
    let lost = session("compat-session", "COMPAT", &json!({"device_id": "LOST", "human_name": "Old"}));
    mas.page("compat-sessions?filter[user]", None, vec![lost]).await;
    let browser = json!({"user_agent": "Mozilla/5.0", "last_active_at": "1970-01-01T00:00:02Z"});
    let browser = session("user-session", "BROWSER", &browser);
    mas.page("user-sessions?filter[user]", None, vec![browser]).await;
    mas.no_more_sessions().await;
    for end in ["oauth2-sessions/OAUTH", "compat-sessions/COMPAT", "user-sessions/BROWSER"] {
        mas.answer("POST", &format!("/api/admin/v1/{end}/finish"), 200, json!({"data": {}})).await;
    }
}

#[tokio::test]
async fn sessions_that_are_no_devices_are_seen_and_ended_too() {
    let (server, mas) = (Server::delegated().await, with_alice(None, None).await);
    let known = json!({"devices": [device("PHONE"), device("TABLET")], "total": 2});
    server.answer("GET", DEVICES, 200, known).await;
    server.answer("POST", DELETE_DEVICES, 200, json!({})).await;
    with_sessions(&mas).await;
    let accounts = server.accounts(Some(mas.mas()));
    let devices = accounts.devices(alice()).await.expect("they are listed");
    let shown: Vec<_> = devices
        .iter()
        .map(|device| (device.id.as_str(), device.display_name.as_deref(), device.last_seen_at))
        .collect();
    assert_eq!(
        shown,
        [
            ("PHONE", Some("Phone"), Some(5)),
            ("TABLET", Some("Phone"), Some(5)),
            ("COMPAT", Some("Old"), None),
            ("BROWSER", Some("browser at the login pages"), Some(2000)),
        ]
    );
    // One device: its session ends, and no other.
    assert_eq!(accounts.log_out(alice(), &["PHONE".to_owned()]).await, Ok(()));
    assert_eq!(mas.changes().await, ["POST /api/admin/v1/oauth2-sessions/OAUTH/finish"]);
    let deleted = |ids: &[&str]| format!("POST {DELETE_DEVICES} {}", json!({"devices": ids}));
    assert_eq!(server.changes().await, [deleted(&["PHONE"])]);
    // A session only: Synapse has nothing to do with it.
    assert_eq!(accounts.log_out(alice(), &["BROWSER".to_owned()]).await, Ok(()));
    assert_eq!(server.changes().await.len(), 1);
    // All of them.
    let all: Vec<String> = devices.into_iter().map(|device| device.id).collect();
    assert_eq!(accounts.log_out(alice(), &all).await, Ok(()));
    assert_eq!(mas.changes().await.len(), 1 + 1 + 3);
    assert_eq!(server.changes().await[1..], [deleted(&["PHONE", "TABLET"])]);
}

#[tokio::test]
async fn a_password_is_set_there_and_ends_the_sessions_there() {
    for (sessions, ended) in [(Sessions::Ended, 3), (Sessions::Kept, 0)] {
        let (server, mas) = (Server::delegated().await, with_alice(None, None).await);
        with_sessions(&mas).await;
        mas.empty("POST", &format!("{ALICE}/set-password"), 204).await;
        let accounts = server.accounts(Some(mas.mas()));
        let password = accounts.reset_password(alice(), sessions).await.expect("it is set");
        let changes = mas.changes().await;
        let body = json!({"password": password.0, "skip_password_check": true});
        assert_eq!(changes[0], format!("POST {ALICE}/set-password {body}"));
        assert_eq!(changes.len(), 1 + ended, "{sessions:?}");
        assert!(server.changes().await.is_empty());
    }
}

#[tokio::test]
async fn a_service_that_refuses_stops_only_what_it_decides() {
    let (server, mas) = (Server::delegated().await, Service::start().await);
    server.answer("GET", USER, 200, account(&json!({"admin": 1}))).await;
    let suspend = "/_synapse/admin/v1/suspend/%40alice%3Ahs.test";
    server.answer("PUT", suspend, 200, json!({"user_@alice:hs.test_suspended": true})).await;
    mas.empty("GET", BY_NAME, 403).await;
    mas.empty("GET", "/api/admin/v1/users", 403).await;
    let accounts = server.accounts(Some(mas.mas()));
    let found = accounts.account(alice()).await.expect("Synapse knows it").expect("there is one");
    assert!(found.admin);
    assert_eq!(accounts.set_sanction(alice(), Sanction::Suspension, Switch::On).await, Ok(()));
    assert_eq!(server.changes().await.len(), 1);
    for result in [
        accounts.usable_authentication().await.map(drop),
        accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await,
        accounts.deactivate(alice(), Erase::Yes).await,
        accounts.reactivate(alice()).await,
        accounts.reset_password(alice(), Sessions::Ended).await.map(drop),
        accounts.log_out(alice(), &["PHONE".to_owned()]).await,
    ] {
        let words = refused(result);
        assert!(words.contains("Matrix Authentication Service"), "{words}");
    }
    assert_eq!((server.changes().await.len(), mas.changes().await.len()), (1, 0));
}

#[tokio::test]
async fn a_service_that_is_away_for_a_moment_is_waited_for() {
    let (server, mas) = (Server::delegated().await, Service::start().await);
    server.answer("GET", USER, 200, account(&json!({}))).await;
    mas.empty("GET", BY_NAME, 503).await;
    let fault = server.accounts(Some(mas.mas())).account(alice()).await.expect_err("it may be back soon");
    assert!(fault.is_passing(), "{fault:?}");
}

#[tokio::test]
async fn trap_24_who_decides_is_asked_anew_before_a_change() {
    // It begins to be delegated, and it ceases to be: neither is done at Synapse.
    for (before, after, access) in [(404, 200, None), (200, 404, Some(()))] {
        let (server, mas) = (Server::start().await, with_alice(None, None).await);
        let metadata = json!({"issuer": "https://account.hs.test/", "errcode": "M_UNRECOGNIZED"});
        server.answer("GET", METADATA, before, metadata.clone()).await;
        let accounts = server.accounts(access.map(|()| mas.mas()));
        accounts.authentication(REMEMBERED).await.expect("it is known");
        server.0.reset().await;
        server.answer("GET", METADATA, after, metadata.clone()).await;
        let unstable = "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata";
        server.answer("GET", unstable, 404, json!({"errcode": "M_UNRECOGNIZED"})).await;
        for result in [
            accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await,
            accounts.deactivate(alice(), Erase::No).await,
            accounts.reactivate(alice()).await,
            accounts.reset_password(alice(), Sessions::Ended).await.map(drop),
        ] {
            let words = refused(result);
            assert!(words.contains("[mas]"), "{words}");
        }
        assert!(server.changes().await.is_empty() && mas.changes().await.is_empty());
    }
}

#[tokio::test]
async fn whose_an_address_is_is_asked_there_first() {
    let threepid = |address: &str| format!("/_synapse/admin/v1/threepid/email/users/{address}");
    let emails = "/api/admin/v1/user-emails";
    let (server, mas) = (Server::delegated().await, Service::start().await);
    server.answer("GET", &threepid("old%40x.test"), 200, json!({"user_id": "@old:hs.test"})).await;
    let unknown = json!({"errcode": "M_NOT_FOUND", "error": "User not found"});
    server.answer("GET", &threepid("no%40x.test"), 404, unknown).await;
    let found = json!({"data": [session("user-email", "EMAIL", &json!({"user_id": service::ID, "email": "A@x.test"}))]});
    for (address, body) in
        [("a+b@x.test", found), ("old@x.test", json!({})), ("no@x.test", json!({"data": []}))]
    {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        let mock = Mock::given(method("GET")).and(path(emails)).and(query_param("filter[email]", address));
        mock.respond_with(answer).mount(&mas.server).await;
    }
    mas.answer("GET", ALICE, 200, service::account(None, None)).await;
    let accounts = server.accounts(Some(mas.mas()));
    for (address, owner) in
        [("a+b@x.test", Some("@alice:hs.test")), ("old@x.test", Some("@old:hs.test")), ("no@x.test", None)]
    {
        let identity = Identity::ThirdParty { medium: "email".to_owned(), address: address.to_owned() };
        let found = accounts.owner(&identity, alice().server_name()).await.expect("it was asked");
        assert_eq!(found.as_deref().map(UserId::as_str), owner, "{address}");
    }
    // What cannot be asked is not said to be nobody's.
    mas.server.reset().await;
    let identity = Identity::ThirdParty { medium: "email".to_owned(), address: "no@x.test".to_owned() };
    let fault = accounts.owner(&identity, alice().server_name()).await.expect_err("it is not known");
    assert!(fault.to_string().contains("Matrix Authentication Service"), "{fault}");
}

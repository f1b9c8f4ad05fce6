//! Every call against recorded answers: the examples of the service's own OpenAPI document.

mod answers;
pub(crate) mod service;
mod tokens;

use gleipnir_core::{
    model::{Erase, Password, Switch},
    ports::Fault,
};
use serde_json::json;

use self::service::{ALICE, ID, Service, account, refusal, session};
use super::{Account, Kind, Login};

#[tokio::test]
async fn an_account_is_looked_up_by_its_localpart() {
    let service = Service::start().await;
    service.answer("GET", "/api/admin/v1/users/by-username/alice", 200, account(None, None)).await;
    let time = Some("1970-01-01T00:00:00Z");
    service.answer("GET", "/api/admin/v1/users/by-username/bob", 200, account(time, time)).await;
    let mut admin = account(None, None);
    admin["data"]["attributes"]["admin"] = json!(true);
    service.answer("GET", "/api/admin/v1/users/by-username/root", 200, admin).await;
    let nobody = refusal("User with username \"a/b\" not found");
    service.answer("GET", "/api/admin/v1/users/by-username/a%2Fb", 404, nobody).await;
    let mas = service.mas();
    let want = Account { id: ID.to_owned(), locked: false, deactivated: false, admin: false };
    assert_eq!(mas.account("alice").await, Ok(Some(want.clone())));
    assert_eq!(mas.account("root").await, Ok(Some(Account { admin: true, ..want.clone() })));
    assert_eq!(mas.account("bob").await, Ok(Some(Account { locked: true, deactivated: true, ..want })));
    assert_eq!(mas.account("a/b").await, Ok(None));
}

#[tokio::test]
async fn what_is_changed() {
    let service = Service::start().await;
    let mas = service.mas();
    for action in ["lock", "unlock", "deactivate", "reactivate"] {
        service.answer("POST", &format!("{ALICE}/{action}"), 200, account(None, None)).await;
    }
    service.empty("POST", &format!("{ALICE}/set-password"), 204).await;
    service.is_new().await;
    assert_eq!(mas.set_locked(ID, Switch::On).await, Ok(()));
    assert_eq!(mas.set_locked(ID, Switch::Off).await, Ok(()));
    assert_eq!(mas.deactivate(ID, Erase::No).await, Ok(()));
    assert_eq!(mas.deactivate(ID, Erase::Yes).await, Ok(()));
    assert_eq!(mas.reactivate(ID).await, Ok(()));
    assert_eq!(mas.set_password(ID, &Password("hunter2".to_owned())).await, Ok(()));
    assert_eq!(
        service.changes().await,
        [
            format!("POST {ALICE}/lock"),
            format!("POST {ALICE}/unlock"),
            format!("POST {ALICE}/deactivate {}", json!({"skip_erase": true})),
            format!("POST {ALICE}/deactivate {}", json!({"skip_erase": false})),
            format!("POST {ALICE}/reactivate"),
            format!(
                "POST {ALICE}/set-password {}",
                json!({"password": "hunter2", "skip_password_check": true})
            ),
        ]
    );
}

#[tokio::test]
async fn nothing_is_erased_by_a_service_that_knows_no_other_deactivation() {
    let knows = |what: &str| json!({"components": {"schemas": {"DeactivateUserRequest": {"properties": {what: {}}}}}});
    for (version, description, kept) in [
        ((200, json!({"version": "v1.22.0"})), (404, json!({})), true),
        // From before the version could be asked for.
        ((404, json!({})), (200, knows("skip_erase")), true),
        ((404, json!({})), (200, knows("other")), false),
        ((404, json!({})), (200, json!({"components": {}})), false),
        ((404, json!({})), (404, json!({})), false),
    ] {
        let service = Service::start().await;
        service.answer("GET", "/api/admin/v1/version", version.0, version.1).await;
        service.answer("GET", "/api/spec.json", description.0, description.1).await;
        service.answer("POST", &format!("{ALICE}/deactivate"), 200, account(None, None)).await;
        let mas = service.mas();
        let done = mas.deactivate(ID, Erase::No).await;
        assert_eq!(done.is_ok(), kept, "{done:?}");
        assert_eq!(service.changes().await.len(), usize::from(kept));
        if let Err(fault) = done {
            assert!(!fault.may_have_acted() && !fault.is_passing(), "{fault:?}");
            let words = fault.to_string();
            assert!(words.contains("without erasing it") && words.contains("Give --erase"), "{words}");
        }
        assert_eq!(mas.deactivate(ID, Erase::Yes).await, Ok(()), "whatever it is");
    }
    // It is not known.
    let service = Service::start().await;
    service.empty("GET", "/api/admin/v1/version", 500).await;
    assert!(service.mas().deactivate(ID, Erase::No).await.is_err());
    assert!(service.changes().await.is_empty());
}

#[tokio::test]
async fn sessions_of_all_kinds_and_on_all_pages() {
    let service = Service::start().await;
    let ids: Vec<String> = (0..3).map(|n| format!("01040G2081040G2081040G208{n}")).collect();
    let compat = session(
        "compat-session",
        &ids[0],
        &json!({"device_id": "AABBCCDDEE", "human_name": "Laptop",
        "user_agent": "Mozilla/5.0", "last_active_at": "1970-01-01T00:00:01Z"}),
    );
    let scope = "openid urn:matrix:client:api:* urn:matrix:client:device:FFGGHHIIJJ";
    let oauth2 = session("oauth2-session", &ids[1], &json!({"scope": scope}));
    let old = "urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:OLD";
    let older = session("oauth2-session", &ids[2], &json!({"scope": old}));
    let browser = session("user-session", &ids[0], &json!({"user_agent": null, "last_active_at": null}));
    let personal = session("personal-session", &ids[0], &json!({"scope": "openid", "human_name": "CI"}));
    service.page("compat-sessions?filter[user]", None, vec![compat]).await;
    service.page_before("oauth2-sessions?filter[user]", None, vec![oauth2]).await;
    service.page("oauth2-sessions?filter[user]", Some(&ids[1]), vec![older]).await;
    service.page("user-sessions?filter[user]", None, vec![browser]).await;
    service.page("personal-sessions?filter[actor_user]", None, vec![personal]).await;
    let login = |kind, id: &str, device: Option<&str>| Login {
        kind,
        id: id.to_owned(),
        device: device.map(str::to_owned),
        name: None,
        user_agent: None,
        last_active_at: None,
    };
    let found = service.mas().logins(ID).await.expect("they are listed");
    assert_eq!(
        found,
        [
            Login {
                name: Some("Laptop".to_owned()),
                user_agent: Some("Mozilla/5.0".to_owned()),
                last_active_at: Some(1000),
                ..login(Kind::Compat, &ids[0], Some("AABBCCDDEE"))
            },
            login(Kind::OAuth2, &ids[1], Some("FFGGHHIIJJ")),
            login(Kind::OAuth2, &ids[2], Some("OLD")),
            login(Kind::Browser, &ids[0], None),
            Login { name: Some("CI".to_owned()), ..login(Kind::Personal, &ids[0], None) },
        ]
    );
}

#[tokio::test]
async fn a_service_without_personal_sessions_and_one_whose_pages_lead_nowhere() {
    let service = Service::start().await;
    let same = || session("compat-session", ID, &json!({"device_id": "A"}));
    // It says that there is more, and gives the same again.
    service.page_before("compat-sessions?filter[user]", None, vec![same()]).await;
    service.page_before("compat-sessions?filter[user]", Some(ID), vec![same()]).await;
    service.page_before("oauth2-sessions?filter[user]", None, Vec::new()).await;
    service.page("user-sessions?filter[user]", None, Vec::new()).await;
    service.empty("GET", "/api/admin/v1/personal-sessions", 404).await;
    assert_eq!(service.mas().logins(ID).await.expect("it comes to an end").len(), 2);
}

#[tokio::test]
async fn a_session_is_ended_once() {
    let done = json!({"data": {}});
    let mut faults = Vec::new();
    for (kind, path, status, answer) in [
        (Kind::Compat, "compat-sessions/X/finish", 200, done.clone()),
        (Kind::OAuth2, "oauth2-sessions/X/finish", 200, done.clone()),
        (Kind::Browser, "user-sessions/X/finish", 200, done.clone()),
        (Kind::Personal, "personal-sessions/X/revoke", 200, done),
        // It has ended already, in the words of each kind.
        (
            Kind::Compat,
            "compat-sessions/X/finish",
            400,
            refusal("Compatibility session with ID X is already finished"),
        ),
        (
            Kind::OAuth2,
            "oauth2-sessions/X/finish",
            400,
            refusal("OAuth 2.0 session with ID X is already finished"),
        ),
        (Kind::Browser, "user-sessions/X/finish", 400, refusal("User session with ID X is already finished")),
        (
            Kind::Personal,
            "personal-sessions/X/revoke",
            409,
            refusal("Personal session with ID X is already revoked"),
        ),
        (Kind::Compat, "compat-sessions/X/finish", 404, refusal("Compatibility session with ID X not found")),
        // Something else.
        (Kind::Compat, "compat-sessions/X/finish", 400, refusal("Invalid ULID")),
        (Kind::Compat, "compat-sessions/X/finish", 500, refusal("database error")),
    ] {
        let service = Service::start().await;
        service.answer("POST", &format!("/api/admin/v1/{path}"), status, answer).await;
        let login = Login {
            kind,
            id: "X".to_owned(),
            device: None,
            name: None,
            user_agent: None,
            last_active_at: None,
        };
        faults.extend(service.mas().end(&login).await.err());
        assert_eq!(
            service.requests().await,
            [format!("POST /api/admin/v1/{path}")],
            "nothing is tried again"
        );
    }
    assert!(
        matches!(&*faults, [Fault::Refused { status: 400, .. }, Fault::Broken { status: 500, .. }]),
        "{faults:?}"
    );
}

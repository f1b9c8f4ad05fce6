//! Homeservers other than Synapse, and Synapses of some years ago.

use gleipnir_core::{
    model::{Account, Erase, Sanction, Sessions, Switch},
    ports::Fault,
};
use serde_json::json;
use wiremock::{Mock, ResponseTemplate, matchers::method};

use super::{Server, USER, account, alice};

const SUSPEND: &str = "/_matrix/client/v1/admin/suspend/%40alice%3Ahs.test";
const LOCK: &str = "/_matrix/client/v1/admin/lock/%40alice%3Ahs.test";

#[tokio::test]
async fn accounts_are_read_and_changed_as_the_specification_says() {
    let server = Server::start().await;
    server.answer("GET", SUSPEND, 200, json!({"suspended": true})).await;
    server.answer("GET", LOCK, 200, json!({"locked": false})).await;
    server.answer("PUT", SUSPEND, 200, json!({"suspended": false})).await;
    server.answer("PUT", LOCK, 200, json!({"locked": true})).await;
    let accounts = server.accounts(None);
    let want = Account { suspended: true, ..Account::default() };
    assert_eq!(accounts.account(alice()).await, Ok(Some(want)));
    assert_eq!(accounts.set_sanction(alice(), Sanction::Suspension, Switch::Off).await, Ok(()));
    assert_eq!(accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await, Ok(()));
    let changes = server.changes().await;
    let of_the_spec: Vec<_> = changes.iter().filter(|change| change.contains("/client/v1/admin/")).collect();
    assert_eq!(
        of_the_spec,
        [
            &format!("PUT {SUSPEND} {}", json!({"suspended": false})),
            &format!("PUT {LOCK} {}", json!({"locked": true})),
        ]
    );
}

#[tokio::test]
async fn an_account_that_is_missing_and_one_of_an_admin() {
    let not_found = json!({"errcode": "M_NOT_FOUND", "error": "User not found"});
    let forbidden = json!({"errcode": "M_FORBIDDEN", "error": "The user is an admin"});
    let server = Server::start().await;
    server.answer("GET", SUSPEND, 404, not_found.clone()).await;
    server.answer("GET", LOCK, 404, not_found).await;
    assert_eq!(server.accounts(None).account(alice()).await, Ok(None));
    let server = Server::start().await;
    server.answer("GET", SUSPEND, 403, forbidden.clone()).await;
    server.answer("GET", LOCK, 403, forbidden.clone()).await;
    server.answer("PUT", SUSPEND, 403, forbidden).await;
    let accounts = server.accounts(None);
    let fault = accounts.account(alice()).await.expect_err("nothing is known of it");
    assert!(matches!(fault, Fault::Refused { status: 403, .. }), "{fault:?}");
    let fault = accounts.set_sanction(alice(), Sanction::Suspension, Switch::On).await;
    assert!(matches!(fault, Err(Fault::Refused { status: 403, .. })), "{fault:?}");
}

#[tokio::test]
async fn a_server_that_has_one_of_the_two() {
    let server = Server::start().await;
    server.answer("GET", LOCK, 200, json!({"locked": true})).await;
    let want = Account { locked: true, ..Account::default() };
    assert_eq!(server.accounts(None).account(alice()).await, Ok(Some(want)));
    let server = Server::start().await;
    server.answer("GET", SUSPEND, 200, json!({"suspended": false})).await;
    assert_eq!(server.accounts(None).account(alice()).await, Ok(Some(Account::default())));
}

#[tokio::test]
async fn a_server_that_has_neither_lacks_the_admin_api() {
    let server = Server::start().await;
    let accounts = server.accounts(None);
    let missing = Fault::NotRouted { status: 404 };
    assert_eq!(accounts.account(alice()).await, Err(missing.clone()));
    for sanction in [Sanction::Suspension, Sanction::Lock, Sanction::ShadowBan] {
        assert_eq!(accounts.set_sanction(alice(), sanction, Switch::On).await, Err(missing.clone()));
    }
    assert_eq!(accounts.deactivate(alice(), Erase::No).await, Err(missing.clone()));
    assert_eq!(accounts.reset_password(alice(), Sessions::Ended).await, Err(missing));
}

#[tokio::test]
async fn calls_of_synapse_come_first() {
    let server = Server::start().await;
    server.answer("GET", USER, 200, account(&json!({"suspended": true}))).await;
    server.answer("PUT", USER, 200, account(&json!({"locked": true}))).await;
    let accounts = server.accounts(None);
    assert!(accounts.account(alice()).await.expect("it is found").expect("there is one").suspended);
    assert_eq!(accounts.set_sanction(alice(), Sanction::Lock, Switch::On).await, Ok(()));
    assert_eq!(server.changes().await, [format!("PUT {USER} {}", json!({"locked": true}))]);
    let requests = server.requests().await;
    assert!(!requests.iter().any(|request| request.contains("/client/v1/admin/")), "{requests:?}");
}

#[tokio::test]
async fn an_old_synapse_wants_a_password_to_bring_an_account_back() {
    let server = Server::start().await;
    server.answer("GET", USER, 200, account(&json!({"deactivated": true}))).await;
    let wanted =
        json!({"errcode": "M_UNKNOWN", "error": "Must provide a password to re-activate an account."});
    let wanted = ResponseTemplate::new(400).set_body_json(wanted);
    Mock::given(method("PUT")).respond_with(wanted).up_to_n_times(1).mount(&server.0).await;
    server.answer("PUT", USER, 200, account(&json!({}))).await;
    assert_eq!(server.accounts(None).reactivate(alice()).await, Ok(()));
    let changes = server.changes().await;
    assert_eq!(changes[0], format!("PUT {USER} {}", json!({"deactivated": false})));
    assert!(changes[1].contains("\"password\":\""), "one that nobody knows");
}

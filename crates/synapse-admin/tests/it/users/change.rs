//! What is done to accounts.

use ruma::user_id;
use serde_json::{Value, json};
use synapse_admin::{Erase, Error, LogoutDevices, Switch};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{Fake, TOKEN, api_error};
use crate::users::frank;

#[tokio::test]
async fn accounts_are_suspended() {
    for (switch, word) in [(Switch::On, "true"), (Switch::Off, "false")] {
        let fake = Fake::answering(200, json!({"user_@resfrank:hs.test_suspended": switch.is_on()})).await;
        fake.client.set_suspended(user_id!("@resfrank:hs.test"), switch).await.unwrap();
        assert_eq!(
            fake.asked().await,
            format!("PUT /_synapse/admin/v1/suspend/%40resfrank%3Ahs.test {{\"suspend\":{word}}}")
        );
    }
}

#[tokio::test]
async fn accounts_that_cannot_be_suspended() {
    for (status, errcode, message) in
        [(404, "M_NOT_FOUND", "User not found"), (400, "M_UNKNOWN", "Can only suspend local users")]
    {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.set_suspended(user_id!("@x:other.test"), Switch::On).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
    }
}

/// A server that answers GET and PUT each in its way.
async fn answering(get: ResponseTemplate, put: ResponseTemplate) -> (MockServer, synapse_admin::Client) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(get).mount(&server).await;
    Mock::given(method("PUT")).respond_with(put).mount(&server).await;
    let client =
        synapse_admin::Client::new(&server.uri(), || TOKEN.to_owned()).expect("a URL of ours is good");
    (server, client)
}

fn account(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(frank())
}

async fn puts(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.expect("recording is on by default");
    requests
        .iter()
        .filter(|request| request.method == "PUT")
        .map(|put| put.body_json().expect("we send JSON"))
        .collect()
}

#[tokio::test]
async fn accounts_are_locked_and_brought_back() {
    let frank = user_id!("@resfrank:hs.test");
    let (server, client) = answering(account(200), account(200)).await;
    for switch in [Switch::On, Switch::Off] {
        assert_eq!(client.set_locked(frank, switch).await.unwrap().unwrap().name, frank);
    }
    client.reactivate(frank, None).await.unwrap().unwrap();
    client.reactivate(frank, Some("s3cret")).await.unwrap().unwrap();
    assert_eq!(
        puts(&server).await,
        [
            json!({"locked": true}),
            json!({"locked": false}),
            json!({"deactivated": false}),
            json!({"deactivated": false, "password": "s3cret"})
        ]
    );
}

#[tokio::test]
async fn trap_01_a_typo_makes_no_account() {
    let unknown = ResponseTemplate::new(404)
        .set_body_json(json!({"errcode": "M_NOT_FOUND", "error": "User not found"}));
    let (server, client) = answering(unknown, account(201)).await;
    let typo = user_id!("@restypo:hs.test");
    assert_eq!(client.set_locked(typo, Switch::On).await.unwrap(), None);
    assert_eq!(client.reactivate(typo, Some("s3cret")).await.unwrap(), None);
    assert_eq!(puts(&server).await, [] as [Value; 0]);
}

#[tokio::test]
async fn trap_01_an_account_that_was_made_is_an_error_that_names_it() {
    let (_server, client) = answering(account(200), account(201)).await;
    let error = client.set_locked(user_id!("@resfrank:hs.test"), Switch::On).await.unwrap_err();
    assert!(matches!(error, Error::BadAnswer { status: 201, .. }), "{error:?}");
    assert!(error.to_string().contains("@resfrank:hs.test") && error.may_have_acted(), "{error}");
}

#[tokio::test]
async fn accounts_that_cannot_be_locked() {
    let fake = Fake::failing(400, "M_UNKNOWN", "Can only look up local users").await;
    let result = fake.client.set_locked(user_id!("@x:other.test"), Switch::On).await;
    assert_eq!(api_error(result), (400, "M_UNKNOWN".into(), "Can only look up local users".into()));
    fake.asked().await;
}

#[tokio::test]
async fn accounts_are_shadow_banned() {
    for (switch, verb) in [(Switch::On, "POST"), (Switch::Off, "DELETE")] {
        let fake = Fake::answering(200, json!({})).await;
        fake.client.set_shadow_banned(user_id!("@a:hs.test"), switch).await.unwrap();
        let want = format!("{verb} /_synapse/admin/v1/users/%40a%3Ahs.test/shadow_ban {{}}");
        assert_eq!(fake.asked().await, want);
    }
    let fake = Fake::failing(404, "M_UNKNOWN", "No row found (users)").await;
    let error = fake.client.set_shadow_banned(user_id!("@nope:hs.test"), Switch::On).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn accounts_are_deactivated() {
    for (erase, word) in [(Erase::Yes, "true"), (Erase::No, "false")] {
        for result in ["success", "no-support"] {
            let fake = Fake::answering(200, json!({"id_server_unbind_result": result})).await;
            fake.client.deactivate(user_id!("@a:hs.test"), erase).await.unwrap();
            let want = format!("POST /_synapse/admin/v1/deactivate/%40a%3Ahs.test {{\"erase\":{word}}}");
            assert_eq!(fake.asked().await, want);
        }
    }
    let fake = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    assert!(fake.client.deactivate(user_id!("@a:hs.test"), Erase::No).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn passwords_are_set() {
    for (logout, word) in [(LogoutDevices::Yes, "true"), (LogoutDevices::No, "false")] {
        let fake = Fake::answering(200, json!({})).await;
        fake.client.reset_password(user_id!("@a:hs.test"), "s3cret", logout).await.unwrap();
        assert_eq!(
            fake.asked().await,
            format!(
                "POST /_synapse/admin/v1/reset_password/%40a%3Ahs.test \
                 {{\"logout_devices\":{word},\"new_password\":\"s3cret\"}}"
            )
        );
    }
    let mas = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    let result = mas.client.reset_password(user_id!("@a:hs.test"), "s3cret", LogoutDevices::No).await;
    let error = result.unwrap_err();
    assert!(error.is_not_offered() && !format!("{error:?} {error}").contains("s3cret"));
}

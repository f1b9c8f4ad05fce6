//! Who is asked to do what, where somebody else than Synapse decides about accounts, against recorded answers.

mod delegated;
mod elsewhere;

use std::sync::Arc;

use gleipnir_core::ruma::{UserId, user_id};
use serde_json::{Value, json};
use synapse_admin::Client;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

use super::{Accounts, PASSWORD_LENGTH, PASSWORD_LETTERS, new_password};
use crate::mas::{Mas, tests::service::described};

const USER: &str = "/_synapse/admin/v2/users/%40alice%3Ahs.test";

fn alice() -> &'static UserId {
    user_id!("@alice:hs.test")
}

/// A homeserver that gives recorded answers, and `M_UNRECOGNIZED` to all else.
struct Server(MockServer);

impl Server {
    async fn start() -> Self {
        let server = Self(MockServer::start().await);
        let unknown = json!({"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"});
        let unknown = ResponseTemplate::new(404).set_body_json(unknown);
        Mock::given(any()).respond_with(unknown).with_priority(200).mount(&server.0).await;
        server
    }

    /// One that some service decides for.
    async fn delegated() -> Self {
        let server = Self::start().await;
        let metadata = json!({"issuer": "https://account.hs.test/", "token_endpoint": "https://account.hs.test/oauth2/token"});
        server.answer("GET", "/_matrix/client/v1/auth_metadata", 200, metadata).await;
        server
    }

    async fn answer(&self, verb: &str, at: &str, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.0).await;
    }

    fn accounts(&self, mas: Option<Mas>) -> Accounts {
        let admin = Client::new(&self.0.uri(), || "syt_secret".to_owned()).expect("a URL of ours is good");
        Accounts::new(admin, mas.map(Arc::new))
    }

    /// The requests so far, as `METHOD path body`.
    async fn requests(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.expect("recording is on by default");
        requests.iter().map(described).collect()
    }

    /// The changes so far.
    async fn changes(&self) -> Vec<String> {
        self.requests().await.into_iter().filter(|request| !request.starts_with("GET")).collect()
    }
}

/// Synapse's account, with what is not as usual.
fn account(other: &Value) -> Value {
    let mut account = json!({"name": "@alice:hs.test", "displayname": "Alice", "admin": 0, "deactivated": false,
        "locked": false, "suspended": false, "shadow_banned": 0, "creation_ts": 1_700_000_000});
    for (key, value) in other.as_object().into_iter().flatten() {
        account[key] = value.clone();
    }
    account
}

#[test]
fn each_password_is_another_one() {
    let (one, other) = (new_password(), new_password());
    assert_eq!(one.0.len(), PASSWORD_LENGTH);
    assert!(one.0.bytes().all(|letter| PASSWORD_LETTERS.contains(&letter)));
    assert_ne!(one, other);
}

//! Suspending and locking as the specification has it: the examples of Matrix's client-server API, v1.18.

use ruma::user_id;
use serde_json::json;
use synapse_admin::Switch;

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn whether_an_account_is_suspended_or_locked() {
    let alice = user_id!("@alice:hs.test");
    for is_so in [true, false] {
        let fake = Fake::answering(200, json!({ "suspended": is_so })).await;
        assert_eq!(fake.client.suspended_by_spec(alice).await, Ok(Some(is_so)));
        assert_eq!(fake.asked().await, "GET /_matrix/client/v1/admin/suspend/%40alice%3Ahs.test");
        let fake = Fake::answering(200, json!({ "locked": is_so })).await;
        assert_eq!(fake.client.locked_by_spec(alice).await, Ok(Some(is_so)));
        assert_eq!(fake.asked().await, "GET /_matrix/client/v1/admin/lock/%40alice%3Ahs.test");
    }
    let fake = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    assert_eq!(fake.client.suspended_by_spec(alice).await, Ok(None));
    assert_eq!(fake.client.locked_by_spec(alice).await, Ok(None));
}

#[tokio::test]
async fn an_account_is_suspended_and_locked() {
    let alice = user_id!("@alice:hs.test");
    let fake = Fake::answering(200, json!({"suspended": true, "locked": true})).await;
    for to in [Switch::On, Switch::Off] {
        fake.client.set_suspended_by_spec(alice, to).await.unwrap();
        fake.client.set_locked_by_spec(alice, to).await.unwrap();
    }
    assert_eq!(
        fake.requests().await,
        [
            r#"PUT /_matrix/client/v1/admin/suspend/%40alice%3Ahs.test {"suspended":true}"#,
            r#"PUT /_matrix/client/v1/admin/lock/%40alice%3Ahs.test {"locked":true}"#,
            r#"PUT /_matrix/client/v1/admin/suspend/%40alice%3Ahs.test {"suspended":false}"#,
            r#"PUT /_matrix/client/v1/admin/lock/%40alice%3Ahs.test {"locked":false}"#,
        ]
    );
}

#[tokio::test]
async fn accounts_that_are_not_for_the_caller_and_servers_without_it() {
    let alice = user_id!("@alice:hs.test");
    for (status, errcode) in [(400, "M_INVALID_PARAM"), (403, "M_FORBIDDEN")] {
        let fake = Fake::failing(status, errcode, "no").await;
        let refused = (status, errcode.to_owned(), "no".to_owned());
        assert_eq!(api_error(fake.client.suspended_by_spec(alice).await), refused);
        assert_eq!(api_error(fake.client.locked_by_spec(alice).await), refused);
        assert_eq!(api_error(fake.client.set_locked_by_spec(alice, Switch::On).await), refused);
    }
    let fake = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    assert!(fake.client.suspended_by_spec(alice).await.unwrap_err().is_not_offered());
    assert!(fake.client.set_suspended_by_spec(alice, Switch::On).await.unwrap_err().is_not_offered());
}

//! Logging in and out.

use ruma::user_id;
use serde_json::json;
use synapse_admin::Error;

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn a_login_makes_a_device_and_a_logout_ends_it() {
    let answer = json!({"user_id": "@bot:hs.test", "device_id": "DEVICE", "access_token": "syt_new"});
    let fake = Fake::answering(200, answer).await;
    let new = fake.client.log_in(user_id!("@bot:hs.test"), "hunter2", "check").await.unwrap();
    assert_eq!((new.device_id.as_str(), &*new.access_token), ("DEVICE", "syt_new"));
    assert!(!format!("{new:?}").contains("syt_new"));
    fake.client.log_out().await.unwrap();
    let asked = fake.requests().await;
    assert!(asked[0].starts_with("(no token) POST /_matrix/client/v3/login {"), "{asked:?}");
    assert!(
        asked[0].contains("\"identifier\":{\"type\":\"m.id.user\",\"user\":\"@bot:hs.test\"}"),
        "{asked:?}"
    );
    assert_eq!(asked[1], "POST /_matrix/client/v3/logout {}");
}

#[tokio::test]
async fn logins_that_fail() {
    for (status, errcode) in [(403, "M_FORBIDDEN"), (403, "M_USER_DEACTIVATED"), (429, "M_LIMIT_EXCEEDED")] {
        let fake = Fake::failing(status, errcode, "no").await;
        let failed = fake.client.log_in(user_id!("@bot:hs.test"), "hunter2", "check").await;
        assert_eq!(api_error(failed), (status, errcode.into(), "no".into()));
    }
    let fake = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    let failed = fake.client.log_in(user_id!("@bot:hs.test"), "hunter2", "check").await;
    assert!(matches!(failed, Err(Error::NotRouted { .. })), "{failed:?}");
}

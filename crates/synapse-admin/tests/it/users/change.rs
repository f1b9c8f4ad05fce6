//! What is done to accounts.

use ruma::user_id;
use serde_json::json;
use synapse_admin::Switch;

use crate::fake::{Fake, api_error};

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

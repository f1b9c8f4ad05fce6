//! What is done to accounts.

use ruma::user_id;
use serde_json::json;
use synapse_admin::Switch;

use super::{Stage, id, refused};

#[tokio::test]
async fn an_account_is_suspended() {
    let Some(stage) = Stage::new().await else { return };
    let (client, alice) = (&stage.client, id(&stage.alice));
    let room = stage.room(json!({})).await;
    for _ in 0..2 {
        client.set_suspended(&alice, Switch::On).await.unwrap();
        assert_eq!(client.user(&alice).await.unwrap().unwrap().suspended, Some(true));
    }
    let refusal = stage.alice.send_text(room.as_str(), "hello?").await.unwrap_err();
    assert!(refusal.to_string().contains("M_USER_SUSPENDED"), "{refusal}");
    client.set_suspended(&alice, Switch::Off).await.unwrap();
    assert_eq!(client.user(&alice).await.unwrap().unwrap().suspended, Some(false));
    stage.says(&room, "hello").await;
    let unknown = client.set_suspended(user_id!("@nobody:hs.test"), Switch::On).await;
    refused(unknown, 404, "M_NOT_FOUND", "User not found");
    let remote = client.set_suspended(user_id!("@x:other.test"), Switch::On).await;
    refused(remote, 400, "M_UNKNOWN", "Can only suspend local users");
}

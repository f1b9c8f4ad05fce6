//! Redacting all that somebody wrote.

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, UInt, owned_room_id, user_id};
use serde_json::json;
use synapse_admin::{RedactStatus, RedactUser, TaskStatus};

use crate::fake::{Fake, api_error};

fn ms(ms: u32) -> MilliSecondsSinceUnixEpoch {
    MilliSecondsSinceUnixEpoch(UInt::from(ms))
}

#[tokio::test]
async fn a_users_messages_are_redacted() {
    let all = RedactUser {
        rooms: vec![owned_room_id!("!a")],
        reason: Some("spam".into()),
        limit: NonZeroU32::new(50),
        use_admin: true,
        before_ts: Some(ms(20)),
        after_ts: Some(ms(10)),
    };
    for (redact, body) in [
        (RedactUser::default(), r#"{"rooms":[],"use_admin":false}"#),
        (all, r#"{"after_ts":10,"before_ts":20,"limit":50,"reason":"spam","rooms":["!a"],"use_admin":true}"#),
    ] {
        let fake = Fake::answering(200, json!({"redact_id": "zAD"})).await;
        assert_eq!(fake.client.redact_user(user_id!("@a:hs.test"), &redact).await.unwrap(), "zAD");
        assert_eq!(fake.asked().await, format!("POST /_synapse/admin/v1/user/%40a%3Ahs.test/redact {body}"));
    }
}

#[tokio::test]
async fn one_redaction_of_a_user_at_a_time() {
    let message = "Redact already in progress for user @a:hs.test";
    let fake = Fake::failing(400, "M_UNKNOWN", message).await;
    let result = fake.client.redact_user(user_id!("@a:hs.test"), &RedactUser::default()).await;
    assert_eq!(api_error(result), (400, "M_UNKNOWN".into(), message.into()));
}

#[tokio::test]
async fn trap_08_complete_can_mean_that_nothing_was_redacted() {
    let failed = "403: User @admin:hs.test not in room !a (None)";
    for (body, status, failures, error) in [
        (json!({"status": "scheduled"}), TaskStatus::Scheduled, 0, None),
        (json!({"status": "active"}), TaskStatus::Active, 0, None),
        (json!({"status": "complete", "failed_redactions": {}}), TaskStatus::Complete, 0, None),
        (json!({"status": "complete", "failed_redactions": {"$a": failed}}), TaskStatus::Complete, 1, None),
        (json!({"status": "complete", "failed_redactions": null}), TaskStatus::Complete, 0, None),
        (
            json!({"status": "failed", "error": "404: Could not find room_version for !nope:hs.test"}),
            TaskStatus::Failed,
            0,
            Some("404: Could not find room_version for !nope:hs.test"),
        ),
    ] {
        let fake = Fake::answering(200, body).await;
        let got: RedactStatus = fake.client.redact_status("zAD").await.unwrap().unwrap();
        assert_eq!(
            (&got.status, got.failed_redactions.len(), got.error.as_deref()),
            (&status, failures, error)
        );
        assert!(got.failed_redactions.values().all(|reason| reason == failed));
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/user/redact_status/zAD");
        let stored = serde_json::to_string(&got).unwrap();
        assert_eq!(serde_json::from_str::<RedactStatus>(&stored).unwrap(), got);
    }
    let fake = Fake::failing(404, "M_NOT_FOUND", "redact id 'nope' not found").await;
    assert_eq!(fake.client.redact_status("nope").await.unwrap(), None);
}

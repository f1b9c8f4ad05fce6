//! Accounts and their rate limits.

mod change;
mod looking;
mod redact;

use ruma::{UInt, user_id};
use serde_json::{Value, json};
use synapse_admin::{RateLimit, User};

use crate::fake::{Fake, api_error};

fn frank() -> Value {
    json!({"name": "@resfrank:hs.test", "admin": false, "deactivated": false, "locked": false,
        "shadow_banned": false, "creation_ts": 1_795_192_502, "appservice_id": null,
        "consent_server_notice_sent": null, "consent_version": null, "consent_ts": null, "user_type": null,
        "is_guest": false, "suspended": true, "displayname": "resfrank", "avatar_url": null, "threepids": [],
        "external_ids": [], "erased": false, "last_seen_ts": null})
}

#[tokio::test]
async fn trap_01_an_unknown_account_is_none_and_only_looked_for() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    assert_eq!(fake.client.user(user_id!("@restypo:hs.test")).await.unwrap(), None);
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v2/users/%40restypo%3Ahs.test");
}

#[tokio::test]
async fn trap_16_suspension_shows_in_the_account_itself() {
    let fake = Fake::answering(200, frank()).await;
    let user = fake.client.user(user_id!("@resfrank:hs.test")).await.unwrap().unwrap();
    assert_eq!((user.suspended, user.locked, user.admin), (Some(true), false, false));
    let mut old = frank();
    old.as_object_mut().unwrap().remove("suspended");
    assert_eq!(serde_json::from_value::<User>(old).unwrap().suspended, None);
}

#[tokio::test]
async fn trap_17_creation_is_in_seconds_and_the_rest_in_milliseconds() {
    let mut body = frank();
    body["last_seen_ts"] = json!(1_795_192_547_231_u64);
    let user: User = serde_json::from_value(body).unwrap();
    assert_eq!(user.creation_ts.unwrap().0, UInt::from(1_795_192_502_u32));
    assert_eq!(user.last_seen_ts.unwrap().as_secs(), UInt::from(1_795_192_547_u32));
}

#[test]
fn trap_22_sqlite_booleans_are_numbers() {
    let mut body = frank();
    for (key, value) in [("admin", 1), ("locked", 0), ("shadow_banned", 1), ("suspended", 1), ("erased", 0)] {
        body[key] = json!(value);
    }
    let user: User = serde_json::from_value(body).unwrap();
    assert_eq!((user.admin, user.locked, user.shadow_banned), (true, false, true));
    assert_eq!((user.suspended, user.erased), (Some(true), false));
}

#[test]
fn people_are_found_elsewhere_too() {
    let mut body = frank();
    body["threepids"] =
        json!([{"medium": "email", "address": "f@hs.test", "added_at": 1, "validated_at": 2}]);
    body["external_ids"] = json!([{"auth_provider": "oidc", "external_id": "frank"}]);
    let user: User = serde_json::from_value(body).unwrap();
    assert_eq!(
        (user.threepids[0].address.as_str(), user.external_ids[0].auth_provider.as_str()),
        ("f@hs.test", "oidc")
    );
    let stored = serde_json::to_string(&user).unwrap();
    assert_eq!(serde_json::from_str::<User>(&stored).unwrap(), user);
}

#[tokio::test]
async fn users_of_other_servers_are_refused() {
    let fake = Fake::failing(400, "M_UNKNOWN", "Can only look up local users").await;
    let want = (400, "M_UNKNOWN".into(), "Can only look up local users".into());
    assert_eq!(api_error(fake.client.user(user_id!("@x:other.test")).await), want);
}

#[tokio::test]
async fn rate_limits_are_read() {
    for (body, want) in [
        (json!({}), None),
        (json!({"messages_per_second": 0, "burst_count": 0}), Some(RateLimit::UNLIMITED)),
        (
            json!({"messages_per_second": 2, "burst_count": 9}),
            Some(RateLimit { messages_per_second: 2, burst_count: 9 }),
        ),
    ] {
        let fake = Fake::answering(200, body).await;
        assert_eq!(fake.client.rate_limit(user_id!("@bot:hs.test")).await.unwrap(), want);
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/users/%40bot%3Ahs.test/override_ratelimit");
    }
}

#[tokio::test]
async fn trap_18_both_numbers_are_always_sent() {
    let fake = Fake::answering(200, json!({"messages_per_second": 0, "burst_count": 0})).await;
    let set = fake.client.set_rate_limit(user_id!("@bot:hs.test"), RateLimit::UNLIMITED).await.unwrap();
    assert_eq!(set, RateLimit::UNLIMITED);
    assert_eq!(
        fake.asked().await,
        "POST /_synapse/admin/v1/users/%40bot%3Ahs.test/override_ratelimit \
         {\"burst_count\":0,\"messages_per_second\":0}"
    );
}

#[tokio::test]
async fn rate_limits_are_removed() {
    let fake = Fake::answering(200, json!({})).await;
    fake.client.remove_rate_limit(user_id!("@bot:hs.test")).await.unwrap();
    assert_eq!(fake.asked().await, "DELETE /_synapse/admin/v1/users/%40bot%3Ahs.test/override_ratelimit {}");
    let unknown = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    assert!(unknown.client.rate_limit(user_id!("@nope:hs.test")).await.unwrap_err().is_not_found());
}

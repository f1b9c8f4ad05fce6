//! Lists of accounts, and what is known of one: rooms, devices, addresses.

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, UInt, user_id};
use serde_json::json;
use synapse_admin::{Deactivated, Direction, ListUsers, UserList, UserOrder};

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn trap_16_the_list_is_asked_for_what_it_hides() {
    let everything = ListUsers {
        from: Some(100),
        limit: NonZeroU32::new(5),
        name: Some("a b".into()),
        guests: Some(false),
        deactivated: Deactivated::With,
        locked: true,
        admins: Some(true),
        not_user_type: vec!["bot".into(), String::new()],
        order_by: UserOrder::LastSeenTs,
        dir: Direction::Backwards,
        ..ListUsers::default()
    };
    let gone =
        ListUsers { deactivated: Deactivated::Only, user_id: Some("a".into()), ..ListUsers::default() };
    for (list, want) in [
        (ListUsers::default(), "v2/users?order_by=name&dir=f"),
        (
            everything,
            "v2/users?from=100&limit=5&name=a+b&guests=false&deactivated=true&locked=true&admins=true\
             &order_by=last_seen_ts&dir=b&not_user_type=bot&not_user_type=",
        ),
        (gone, "v3/users?user_id=a&deactivated=true&order_by=name&dir=f"),
    ] {
        let fake = Fake::answering(200, json!({"users": [], "total": 0})).await;
        assert_eq!(fake.client.users(&list).await.unwrap(), UserList::default());
        assert_eq!(fake.asked().await, format!("GET /_synapse/admin/{want}"));
    }
}

#[tokio::test]
async fn trap_17_lists_count_in_milliseconds_and_point_on_with_a_text() {
    let admin = json!({"name": "@admin:hs.test", "user_type": null, "is_guest": 0, "admin": 1,
        "deactivated": false, "shadow_banned": false, "displayname": "admin", "avatar_url": null,
        "creation_ts": 1_795_191_962_000_u64, "erased": false, "last_seen_ts": 1_795_192_547_231_u64, "locked": 0});
    let body = json!({"users": [admin], "total": 11, "next_token": "1"});
    let fake = Fake::answering(200, body).await;
    let list = ListUsers { limit: NonZeroU32::new(1), ..ListUsers::default() };
    let page = fake.client.users(&list).await.unwrap();
    let user = &page.users[0];
    assert_eq!((user.name.as_str(), user.admin, user.locked), ("@admin:hs.test", true, false));
    assert_eq!(user.creation_ts.unwrap().as_secs(), UInt::from(1_795_191_962_u32));
    assert_eq!((page.total, page.next(&list).unwrap().from), (11, Some(1)));
    let stored = serde_json::to_string(&page).unwrap();
    assert_eq!(serde_json::from_str::<UserList>(&stored).unwrap(), page);
}

#[tokio::test]
async fn with_mas_the_list_wants_no_guests() {
    let message = "The guests parameter is not supported when delegating to MAS.";
    let fake = Fake::failing(400, "M_INVALID_PARAM", message).await;
    let result = fake.client.users(&ListUsers::default()).await;
    assert_eq!(api_error(result), (400, "M_INVALID_PARAM".into(), message.into()));
}

#[tokio::test]
async fn where_somebody_is() {
    let (alice, ts) = (user_id!("@a:hs.test"), MilliSecondsSinceUnixEpoch(UInt::from(7_u32)));
    let fake = Fake::answering(
        200,
        json!({"joined_rooms": ["!a"], "total": 1, "memberships": {"!a": "join", "!b": "ban"},
            "invite_count": 2, "cumulative_joined_room_count": 7}),
    )
    .await;
    assert_eq!(fake.client.joined_rooms(alice).await.unwrap(), ["!a"]);
    assert_eq!(fake.client.memberships(alice).await.unwrap()["!b"], "ban");
    assert_eq!(fake.client.sent_invite_count(alice, ts).await.unwrap(), 2);
    assert_eq!(fake.client.cumulative_joined_room_count(alice, ts).await.unwrap(), 7);
    let want = [
        "joined_rooms",
        "memberships",
        "sent_invite_count?from_ts=7",
        "cumulative_joined_room_count?from_ts=7",
    ]
    .map(|end| format!("GET /_synapse/admin/v1/users/%40a%3Ahs.test/{end}"));
    assert_eq!(fake.requests().await, want);
}

#[tokio::test]
async fn what_somebody_uses() {
    let device = json!({"user_id": "@a:hs.test", "device_id": "ODJ", "display_name": null,
        "last_seen_user_agent": "Element", "last_seen_ts": 7, "last_seen_ip": "127.0.0.1"});
    let fake = Fake::answering(200, json!({"devices": [device], "total": 1})).await;
    let devices = fake.client.devices(user_id!("@a:hs.test")).await.unwrap();
    assert_eq!((devices[0].device_id.as_str(), devices[0].dehydrated), ("ODJ", false));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v2/users/%40a%3Ahs.test/devices");

    let fake = Fake::answering(200, json!({})).await;
    fake.client.delete_devices(user_id!("@a:hs.test"), &["ODJ".into(), "X".into()]).await.unwrap();
    assert_eq!(
        fake.asked().await,
        r#"POST /_synapse/admin/v2/users/%40a%3Ahs.test/delete_devices {"devices":["ODJ","X"]}"#
    );
    let connection = json!({"ip": "127.0.0.1", "last_seen": 7, "user_agent": "Element"});
    let whois = json!({"user_id": "@a:hs.test",
        "devices": {"": {"sessions": [{"connections": [connection, {"ip": null}]}]}}});
    let fake = Fake::answering(200, whois).await;
    let connections = fake.client.whois(user_id!("@a:hs.test")).await.unwrap();
    assert_eq!((connections.len(), connections[0].user_agent.as_deref()), (2, Some("Element")));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/whois/%40a%3Ahs.test");

    for (status, errcode, message) in
        [(404, "M_NOT_FOUND", "Unknown user"), (400, "M_UNKNOWN", "Can only lookup local users")]
    {
        let fake = Fake::failing(status, errcode, message).await;
        let want = (status, errcode.to_owned(), message.to_owned());
        assert_eq!(api_error(fake.client.devices(user_id!("@a:hs.test")).await), want);
        assert_eq!(api_error(fake.client.delete_devices(user_id!("@a:hs.test"), &[]).await), want);
    }
}

#[tokio::test]
async fn somebody_is_found() {
    let fake = Fake::answering(200, json!({"user_id": "@a:hs.test"})).await;
    assert_eq!(fake.client.user_by_threepid("email", "a@b/c").await.unwrap().unwrap(), "@a:hs.test");
    assert_eq!(fake.client.user_by_external_id("oidc-x", "7").await.unwrap().unwrap(), "@a:hs.test");
    assert_eq!(
        fake.requests().await,
        [
            "GET /_synapse/admin/v1/threepid/email/users/a%40b%2Fc",
            "GET /_synapse/admin/v1/auth_providers/oidc-x/users/7"
        ]
    );
    let nobody = Fake::failing(404, "M_NOT_FOUND", "User not found").await;
    assert_eq!(nobody.client.user_by_threepid("email", "a@b").await.unwrap(), None);
    assert_eq!(nobody.client.user_by_external_id("oidc-x", "7").await.unwrap(), None);
}

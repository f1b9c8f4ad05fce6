//! What is done to accounts.

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, UInt, user_id};
use serde_json::json;
use synapse_admin::{Deactivated, Direction, Erase, ListUsers, LogoutDevices, Switch, UserOrder};
use throwaway_synapse::PASSWORD;

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

#[tokio::test]
async fn an_account_is_locked_and_shadow_banned() {
    let Some(stage) = Stage::new().await else { return };
    let (client, alice) = (&stage.client, id(&stage.alice));
    let room = stage.room(json!({})).await;
    assert!(client.set_locked(&alice, Switch::On).await.unwrap().unwrap().locked);
    let refusal = stage.alice.send_text(room.as_str(), "hello?").await.unwrap_err();
    assert!(refusal.to_string().contains("M_USER_LOCKED"), "{refusal}");
    let names = async |list: ListUsers| -> Vec<String> {
        client.users(&list).await.unwrap().users.into_iter().map(|user| user.name).collect()
    };
    let with = ListUsers { locked: true, ..ListUsers::default() };
    assert_eq!(names(ListUsers::default()).await, ["@admin:hs.test", "@bob:hs.test"], "trap 16");
    assert_eq!(names(with.clone()).await, ["@admin:hs.test", "@alice:hs.test", "@bob:hs.test"]);
    assert!(!client.set_locked(&alice, Switch::Off).await.unwrap().unwrap().locked);
    stage.says(&room, "hello").await;
    let typo = user_id!("@allice:hs.test");
    assert_eq!(client.set_locked(typo, Switch::On).await.unwrap(), None);
    assert_eq!(client.reactivate(typo, None).await.unwrap(), None);
    assert_eq!(client.user(typo).await.unwrap(), None, "trap 1: no account was made");
    let remote = client.set_locked(user_id!("@x:other.test"), Switch::On).await;
    refused(remote, 400, "M_UNKNOWN", "Can only look up local users");

    client.set_shadow_banned(&alice, Switch::On).await.unwrap();
    assert!(client.user(&alice).await.unwrap().unwrap().shadow_banned);
    client.set_shadow_banned(&alice, Switch::Off).await.unwrap();
    assert!(!client.user(&alice).await.unwrap().unwrap().shadow_banned);
    refused(client.set_shadow_banned(typo, Switch::On).await, 404, "M_UNKNOWN", "No row found (users)");
    let remote = client.set_shadow_banned(user_id!("@x:other.test"), Switch::Off).await;
    refused(remote, 400, "M_UNKNOWN", "Only local users can be shadow-banned");

    let some = |name: &str| ListUsers { name: Some(name.into()), ..ListUsers::default() };
    assert_eq!(names(some("LIC")).await, ["@alice:hs.test"]);
    let last = ListUsers { dir: Direction::Backwards, limit: NonZeroU32::new(1), ..with };
    let page = client.users(&last).await.unwrap();
    assert_eq!((page.users[0].name.as_str(), page.total), ("@bob:hs.test", 3));
    assert_eq!(client.users(&page.next(&last).unwrap()).await.unwrap().users[0].name, "@alice:hs.test");
    for order_by in [
        UserOrder::Displayname,
        UserOrder::AvatarUrl,
        UserOrder::IsGuest,
        UserOrder::Admin,
        UserOrder::Deactivated,
        UserOrder::Locked,
        UserOrder::ShadowBanned,
        UserOrder::UserType,
        UserOrder::CreationTs,
        UserOrder::LastSeenTs,
    ] {
        assert_eq!(names(ListUsers { order_by, ..ListUsers::default() }).await.len(), 3, "{order_by}");
    }
}

#[tokio::test]
async fn an_account_is_deactivated_and_brought_back() {
    let Some(stage) = Stage::new().await else { return };
    let (client, bob) = (&stage.client, id(&stage.bob));
    for _ in 0..2 {
        client.deactivate(&bob, Erase::Yes).await.unwrap();
    }
    let account = client.user(&bob).await.unwrap().unwrap();
    assert_eq!((account.deactivated, account.erased), (true, true));
    for (deactivated, want) in [(Deactivated::Without, 2), (Deactivated::With, 3), (Deactivated::Only, 1)] {
        let list = ListUsers { deactivated, ..ListUsers::default() };
        assert_eq!(client.users(&list).await.unwrap().total, want, "{deactivated:?}");
    }
    assert!(!client.reactivate(&bob, None).await.unwrap().unwrap().deactivated);
    assert!(stage.synapse.login("bob").await.is_err(), "there is no password");
    client.deactivate(&bob, Erase::No).await.unwrap();
    let back = client.reactivate(&bob, Some(PASSWORD)).await.unwrap().unwrap();
    assert_eq!((back.deactivated, back.erased), (false, false));
    let session = stage.synapse.login("bob").await.unwrap();

    client.reset_password(&bob, "another one", LogoutDevices::No).await.unwrap();
    session.display_name("Bob").await.unwrap();
    client.reset_password(&bob, PASSWORD, LogoutDevices::Yes).await.unwrap();
    assert!(session.display_name("Bob").await.unwrap_err().to_string().contains("M_UNKNOWN_TOKEN"));
    let nobody = user_id!("@nobody:hs.test");
    let unknown = client.reset_password(nobody, PASSWORD, LogoutDevices::No).await;
    refused(unknown, 404, "M_NOT_FOUND", "Unknown user");
    refused(client.deactivate(nobody, Erase::No).await, 404, "M_NOT_FOUND", "User not found");
    let remote = client.deactivate(user_id!("@x:other.test"), Erase::No).await;
    refused(remote, 400, "M_UNKNOWN", "Can only deactivate local users");
}

#[tokio::test]
async fn what_is_known_of_an_account() {
    let Some(stage) = Stage::new().await else { return };
    let (client, alice, bob) = (&stage.client, id(&stage.alice), id(&stage.bob));
    let beginning = MilliSecondsSinceUnixEpoch(UInt::from(0_u32));
    let (here, left) = (stage.shared_room("Here").await, stage.shared_room("Left").await);
    stage.bob.leave(left.as_str()).await.unwrap();
    stage.alice.invite(left.as_str(), stage.bob.user_id.as_str()).await.unwrap();
    assert_eq!(client.joined_rooms(&bob).await.unwrap(), [here.as_str()]);
    let memberships = client.memberships(&bob).await.unwrap();
    assert_eq!(
        (memberships[here.as_str()].as_str(), memberships[left.as_str()].as_str()),
        ("join", "invite")
    );
    assert_eq!(client.sent_invite_count(&alice, beginning).await.unwrap(), 1);
    assert_eq!(client.cumulative_joined_room_count(&bob, beginning).await.unwrap(), 2);
    let nobody = user_id!("@nobody:hs.test");
    assert!(client.joined_rooms(nobody).await.unwrap().is_empty(), "trap 20");
    assert!(client.memberships(nobody).await.unwrap().is_empty(), "trap 20");
    assert_eq!(client.sent_invite_count(nobody, beginning).await.unwrap(), 0, "trap 20");
    assert_eq!(client.cumulative_joined_room_count(nobody, beginning).await.unwrap(), 0, "trap 20");
    assert!(client.whois(nobody).await.unwrap().is_empty(), "trap 20");
    client.whois(&bob).await.unwrap();
    let remote = user_id!("@x:other.test");
    refused(client.whois(remote).await, 400, "M_UNKNOWN", "Can only whois a local user");

    let devices = client.devices(&bob).await.unwrap();
    assert_eq!(devices.iter().map(|device| &device.device_id).collect::<Vec<_>>(), [&stage.bob.device_id]);
    client.delete_devices(&bob, &["NOPE".to_owned(), devices[0].device_id.clone()]).await.unwrap();
    assert!(client.devices(&bob).await.unwrap().is_empty());
    assert!(stage.bob.display_name("Bob").await.unwrap_err().to_string().contains("M_UNKNOWN_TOKEN"));
    refused(client.devices(nobody).await, 404, "M_NOT_FOUND", "Unknown user");
    refused(client.delete_devices(nobody, &[]).await, 404, "M_NOT_FOUND", "Unknown user");
    refused(client.devices(remote).await, 400, "M_UNKNOWN", "Can only lookup local users");

    let path = format!("/_synapse/admin/v2/users/{bob}");
    let ids = json!({"threepids": [{"medium": "email", "address": "bob@hs.test"}],
        "external_ids": [{"auth_provider": "oidc-x", "external_id": "7/8"}]});
    stage.admin.put(&path, ids).await.unwrap();
    assert_eq!(client.user_by_threepid("email", "bob@hs.test").await.unwrap().as_ref(), Some(&bob));
    assert_eq!(client.user_by_external_id("oidc-x", "7/8").await.unwrap(), Some(bob));
    assert_eq!(client.user_by_threepid("email", "nobody@hs.test").await.unwrap(), None);
    assert_eq!(client.user_by_external_id("oidc-x", "9").await.unwrap(), None);
}

//! Files, uploaded by users as their clients do.

use std::num::NonZeroU32;

use ruma::{OwnedMxcUri, server_name, user_id};
use serde_json::json;
use synapse_admin::{DeletedMedia, Direction, MediaOrder, RoomMedia, UserMediaQuery};
use throwaway_synapse::User;

use super::{Stage, id, refused, unknown};

/// A picture of two pixels each way.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\
    \x02\x08\x02\x00\x00\x00\xfd\xd4\x9a\x73\x00\x00\x00\x11\x49\x44\x41\x54\x78\x9c\x63\xf8\xcf\xc0\x00\x44\x60\
    \xe2\x3f\x03\x00\x1d\xf0\x03\xfd\xa0\x33\x09\x89\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

async fn uploads(user: &User, bytes: &[u8]) -> OwnedMxcUri {
    user.upload("image/png", bytes.to_vec()).await.unwrap().into()
}

fn media_id(mxc: &OwnedMxcUri) -> &str {
    mxc.media_id().unwrap()
}

#[tokio::test]
async fn a_file_is_quarantined_protected_and_deleted() {
    let Some(stage) = Stage::new().await else { return };
    let (client, hs) = (&stage.client, server_name!("hs.test"));
    let one = uploads(&stage.alice, b"the same bytes").await;
    let same = uploads(&stage.bob, b"the same bytes").await;
    let info = client.media(hs, media_id(&one)).await.unwrap().unwrap();
    assert_eq!((info.media_id.as_str(), info.user_id.as_deref()), (media_id(&one), Some("@alice:hs.test")));
    assert_eq!((info.media_length, info.media_type.as_deref()), (Some(14), Some("image/png")));
    assert_eq!((&info.quarantined_by, info.safe_from_quarantine), (&None, Some(false)));
    assert_eq!((info.authenticated, info.sha256.as_deref().map(str::len)), (Some(true), Some(64)));

    client.protect_media(media_id(&one)).await.unwrap();
    assert_eq!(client.media(hs, media_id(&one)).await.unwrap().unwrap().safe_from_quarantine, Some(true));
    client.quarantine_media(hs, media_id(&one)).await.unwrap();
    let by = client.media(hs, media_id(&one)).await.unwrap().unwrap().quarantined_by;
    assert_eq!(by, None, "a protected file is passed over, and nothing says so");
    client.unprotect_media(media_id(&one)).await.unwrap();
    assert_eq!(client.media(hs, media_id(&one)).await.unwrap().unwrap().safe_from_quarantine, Some(false));
    for result in [client.protect_media("nope").await, client.unprotect_media("nope").await] {
        refused(result, 404, "M_UNKNOWN", "No row found (local_media_repository)");
    }

    client.quarantine_media(hs, media_id(&one)).await.unwrap();
    for mxc in [&one, &same] {
        let by = client.media(hs, media_id(mxc)).await.unwrap().unwrap().quarantined_by;
        assert_eq!(by.as_deref(), Some("@admin:hs.test"), "all files with these bytes");
    }
    let later = uploads(&stage.alice, b"the same bytes").await;
    let by = client.media(hs, media_id(&later)).await.unwrap().unwrap().quarantined_by;
    assert_eq!(by.as_deref(), Some("system"), "also those that come later");
    let path = format!("/_matrix/client/v1/media/download/hs.test/{}", media_id(&one));
    assert_eq!(stage.admin.request("GET", &path, None).await.unwrap().0, 404);
    client.unquarantine_media(hs, media_id(&one)).await.unwrap();
    assert_eq!(client.media(hs, media_id(&one)).await.unwrap().unwrap().quarantined_by, None);
    assert_eq!(stage.admin.request("GET", &path, None).await.unwrap().0, 200);

    assert_eq!(client.media(hs, "nope").await.unwrap(), None);
    assert_eq!(client.media(server_name!("other.test"), "nope").await.unwrap(), None);
    client.quarantine_media(hs, "nope").await.unwrap();
    client.unquarantine_media(server_name!("other.test"), "nope").await.unwrap();

    client.protect_media(media_id(&one)).await.unwrap();
    let deleted = client.delete_media(hs, media_id(&one)).await.unwrap();
    assert_eq!(deleted, DeletedMedia { deleted_media: vec![media_id(&one).to_owned()], total: 1 });
    refused(client.delete_media(hs, media_id(&one)).await, 404, "M_NOT_FOUND", "Unknown media");
    let remote = client.delete_media(server_name!("other.test"), "a").await;
    refused(remote, 400, "M_UNKNOWN", "Can only delete local media");
}

#[tokio::test]
async fn the_files_of_a_room_and_of_a_user() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = stage.shared_room("Pictures").await;
    let (shown, kept) = (uploads(&stage.alice, b"one").await, uploads(&stage.alice, b"three").await);
    for url in [shown.as_str(), "mxc://other.test/abc"] {
        let content = json!({"msgtype": "m.image", "body": "a picture", "url": url});
        stage.alice.send(room.as_str(), "m.room.message", content).await.unwrap();
    }
    let media = client.room_media(&room).await.unwrap();
    assert_eq!((media.local, media.remote), (vec![shown.clone()], vec!["mxc://other.test/abc".into()]));
    assert_eq!(client.room_media(unknown()).await.unwrap(), RoomMedia::default());
    assert_eq!(client.quarantine_room_media(&room).await.unwrap(), 1);
    assert_eq!(client.quarantine_room_media(&room).await.unwrap(), 1, "those that were already count again");
    assert_eq!(client.quarantine_room_media(unknown()).await.unwrap(), 0);

    let alice = id(&stage.alice);
    let mut next = Some(UserMediaQuery {
        limit: NonZeroU32::new(1),
        order_by: MediaOrder::MediaLength,
        dir: Direction::Backwards,
        ..UserMediaQuery::default()
    });
    let mut paged = Vec::new();
    while let Some(query) = next {
        let page = client.user_media(&alice, &query).await.unwrap();
        assert_eq!(page.total, 2);
        next = page.next(&query);
        paged.extend(page.media.into_iter().map(|media| media.media_id));
    }
    assert_eq!(paged, [media_id(&kept), media_id(&shown)]);
    for order_by in [
        MediaOrder::CreatedTs,
        MediaOrder::LastAccessTs,
        MediaOrder::MediaId,
        MediaOrder::MediaType,
        MediaOrder::QuarantinedBy,
        MediaOrder::SafeFromQuarantine,
        MediaOrder::UploadName,
    ] {
        let query = UserMediaQuery { order_by, ..UserMediaQuery::default() };
        assert_eq!(client.user_media(&alice, &query).await.unwrap().media.len(), 2, "{order_by}");
    }

    client.protect_media(media_id(&kept)).await.unwrap();
    assert_eq!(client.quarantine_user_media(&alice).await.unwrap(), 0, "one is protected, one quarantined");
    client.unprotect_media(media_id(&kept)).await.unwrap();
    assert_eq!(client.quarantine_user_media(&alice).await.unwrap(), 1);
    assert_eq!(client.quarantine_user_media(user_id!("@nobody:hs.test")).await.unwrap(), 0);

    let one = UserMediaQuery { limit: NonZeroU32::new(1), ..UserMediaQuery::default() };
    let mut totals = Vec::new();
    while totals.last() != Some(&0) {
        totals.push(client.delete_user_media(&alice, &one).await.unwrap().total);
    }
    assert_eq!(totals, [1, 1, 0]);
    for (user, status, errcode, message) in [
        (user_id!("@nobody:hs.test"), 404, "M_NOT_FOUND", "Unknown user"),
        (user_id!("@x:other.test"), 400, "M_UNKNOWN", "Can only look up local users"),
    ] {
        refused(client.user_media(user, &one).await, status, errcode, message);
        refused(client.delete_user_media(user, &one).await, status, errcode, message);
    }
}

#[tokio::test]
async fn a_small_picture_is_had_of_what_is_one() {
    let Some(stage) = Stage::new().await else { return };
    let (client, hs) = (&stage.client, server_name!("hs.test"));
    let picture = uploads(&stage.alice, PNG).await;
    let small = client.thumbnail(hs, media_id(&picture), 256).await.unwrap().unwrap();
    assert!(small.starts_with(b"\x89PNG") || small.starts_with(b"\xff\xd8"), "{:?}", &small[..8]);
    let broken = uploads(&stage.alice, b"no picture at all").await;
    assert_eq!(client.thumbnail(hs, media_id(&broken), 256).await, Ok(None));
    let text = stage.alice.upload("text/plain", b"no picture".to_vec()).await.unwrap().into();
    assert_eq!(client.thumbnail(hs, media_id(&text), 256).await, Ok(None));
    assert_eq!(client.thumbnail(hs, "nope", 256).await, Ok(None));
    client.quarantine_media(hs, media_id(&picture)).await.unwrap();
    assert_eq!(client.thumbnail(hs, media_id(&picture), 256).await, Ok(None), "it is in quarantine");
}

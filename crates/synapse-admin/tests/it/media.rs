//! Files: what is known of them, quarantine and deletion.

use std::num::NonZeroU32;

use ruma::{ServerName, room_id, server_name, user_id};
use serde_json::{Value, json};
use synapse_admin::{DeletedMedia, Direction, Error, MediaInfo, MediaOrder, UserMedia, UserMediaQuery};

use wiremock::ResponseTemplate;

use crate::fake::{Fake, ROOM, api_error};

fn hs() -> &'static ServerName {
    server_name!("hs.test")
}

fn picture() -> Value {
    json!({"media_origin": null, "user_id": "@alice:hs.test", "media_id": "lPEabc", "media_type": "image/png",
        "media_length": 75, "upload_name": "c.png", "created_ts": 1_795_192_547_231_u64, "filesystem_id": null,
        "url_cache": null, "last_access_ts": null, "quarantined_by": "@admin:hs.test", "authenticated": 1,
        "safe_from_quarantine": 0, "sha256": "9f3e"})
}

#[tokio::test]
async fn trap_22_a_file_is_described() {
    let fake = Fake::answering(200, json!({"media_info": picture()})).await;
    let media = fake.client.media(hs(), "lPEabc").await.unwrap().unwrap();
    assert_eq!((media.authenticated, media.safe_from_quarantine), (Some(true), Some(false)));
    assert_eq!(media.quarantined_by.as_deref(), Some("@admin:hs.test"));
    assert_eq!((media.media_length, media.media_origin.clone()), (Some(75), None));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/media/hs.test/lPEabc");
    let stored = serde_json::to_string(&media).unwrap();
    assert_eq!(serde_json::from_str::<MediaInfo>(&stored).unwrap(), media);
    let copy: MediaInfo = serde_json::from_value(json!({"media_id": "a", "media_origin": "o.test"})).unwrap();
    assert_eq!((copy.user_id, copy.safe_from_quarantine), (None, None));
}

#[tokio::test]
async fn no_file_is_not_no_call() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Unknown media").await;
    assert_eq!(fake.client.media(hs(), "nope").await.unwrap(), None);
    let old = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    assert!(old.client.media(hs(), "nope").await.unwrap_err().is_not_offered());
}

#[tokio::test]
async fn no_id_leads_to_another_path() {
    let fake = Fake::answering(200, json!({})).await;
    for id in ["", ".", ".."] {
        for result in [
            fake.client.media(hs(), id).await.map(drop),
            fake.client.delete_media(hs(), id).await.map(drop),
            fake.client.quarantine_media(hs(), id).await,
            fake.client.protect_media(id).await,
        ] {
            assert!(matches!(result, Err(Error::Misconfigured(_))), "{id:?}: {result:?}");
        }
    }
    assert_eq!(fake.requests().await, [] as [&str; 0]);
    fake.client.quarantine_media(hs(), "../../a?b").await.unwrap();
    assert_eq!(fake.asked().await, "POST /_synapse/admin/v1/media/quarantine/hs.test/..%2F..%2Fa%3Fb {}");
}

#[tokio::test]
async fn trap_21_a_file_is_quarantined_whether_it_exists_or_not() {
    let fake = Fake::answering(200, json!({})).await;
    fake.client.quarantine_media(hs(), "a").await.unwrap();
    fake.client.unquarantine_media(server_name!("[::1]:8448"), "a").await.unwrap();
    fake.client.protect_media("a").await.unwrap();
    fake.client.unprotect_media("a").await.unwrap();
    assert_eq!(
        fake.requests().await,
        [
            "POST /_synapse/admin/v1/media/quarantine/hs.test/a {}",
            "POST /_synapse/admin/v1/media/unquarantine/%5B%3A%3A1%5D%3A8448/a {}",
            "POST /_synapse/admin/v1/media/protect/a {}",
            "POST /_synapse/admin/v1/media/unprotect/a {}"
        ]
    );
}

#[tokio::test]
async fn only_files_that_exist_are_protected() {
    let fake = Fake::failing(404, "M_UNKNOWN", "No row found (local_media_repository)").await;
    for result in [fake.client.protect_media("nope").await, fake.client.unprotect_media("nope").await] {
        let error = result.unwrap_err();
        assert!(error.is_not_found() && !error.may_have_acted(), "{error}");
    }
}

#[tokio::test]
async fn many_are_quarantined() {
    let fake = Fake::answering(200, json!({"num_quarantined": 3})).await;
    assert_eq!(fake.client.quarantine_user_media(user_id!("@a:hs.test")).await.unwrap(), 3);
    assert_eq!(fake.client.quarantine_room_media(room_id!("!a")).await.unwrap(), 3);
    assert_eq!(
        fake.requests().await,
        [
            "POST /_synapse/admin/v1/user/%40a%3Ahs.test/media/quarantine {}",
            "POST /_synapse/admin/v1/room/%21a/media/quarantine {}"
        ]
    );
}

#[tokio::test]
async fn a_file_is_deleted() {
    let fake = Fake::answering(200, json!({"deleted_media": ["lPEabc"], "total": 1})).await;
    let deleted = fake.client.delete_media(hs(), "lPEabc").await.unwrap();
    assert_eq!(deleted, DeletedMedia { deleted_media: vec!["lPEabc".into()], total: 1 });
    assert_eq!(fake.asked().await, "DELETE /_synapse/admin/v1/media/hs.test/lPEabc {}");
    for (status, errcode, message) in
        [(404, "M_NOT_FOUND", "Unknown media"), (400, "M_UNKNOWN", "Can only delete local media")]
    {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.delete_media(hs(), "nope").await.unwrap_err();
        assert!(!error.may_have_acted());
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn a_room_has_files() {
    let fake =
        Fake::answering(200, json!({"local": ["mxc://hs.test/a"], "remote": ["mxc://o.test/b", "odd"]}))
            .await;
    let media = fake.client.room_media(ROOM.try_into().unwrap()).await.unwrap();
    assert_eq!(media.local[0].parts().unwrap(), (hs(), "a"));
    assert_eq!(media.remote.len(), 2);
    assert!(!media.remote[1].is_valid());
    assert_eq!(fake.asked().await, format!("GET /_synapse/admin/v1/room/%21{}/media", &ROOM[1..]));
}

#[tokio::test]
async fn a_user_has_files() {
    let fake = Fake::answering(200, json!({"media": [picture()], "total": 3, "next_token": 1})).await;
    let first =
        UserMediaQuery { limit: NonZeroU32::new(1), dir: Direction::Backwards, ..UserMediaQuery::default() };
    let page = fake.client.user_media(user_id!("@a:hs.test"), &first).await.unwrap();
    assert_eq!((page.media.len(), page.total), (1, 3));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/users/%40a%3Ahs.test/media?limit=1&order_by=created_ts&dir=b"
    );
    let second = page.next(&first).unwrap();
    assert_eq!(second, UserMediaQuery { from: Some(1), ..first.clone() });
    assert_eq!(page.next(&second).unwrap().from, Some(2), "the same token again is stepped over");
    assert_eq!(UserMedia::default().next(&first), None);
}

#[tokio::test]
async fn a_page_of_a_users_files_is_deleted() {
    let fake = Fake::answering(200, json!({"deleted_media": [], "total": 0})).await;
    let page = UserMediaQuery {
        limit: NonZeroU32::new(500),
        order_by: MediaOrder::MediaLength,
        ..UserMediaQuery::default()
    };
    let deleted = fake.client.delete_user_media(user_id!("@a:hs.test"), &page).await.unwrap();
    assert_eq!(deleted, DeletedMedia::default());
    assert_eq!(
        fake.asked().await,
        "DELETE /_synapse/admin/v1/users/%40a%3Ahs.test/media?limit=500&order_by=media_length&dir=f {}"
    );
}

#[tokio::test]
async fn files_of_users_that_are_not_there() {
    for (status, errcode, message) in
        [(404, "M_NOT_FOUND", "Unknown user"), (400, "M_UNKNOWN", "Can only look up local users")]
    {
        let fake = Fake::failing(status, errcode, message).await;
        let (user, query) = (user_id!("@x:other.test"), UserMediaQuery::default());
        let want = (status, errcode.to_owned(), message.to_owned());
        assert_eq!(api_error(fake.client.user_media(user, &query).await), want);
        assert_eq!(api_error(fake.client.delete_user_media(user, &query).await), want);
    }
}

#[tokio::test]
async fn a_small_picture_is_had_as_bytes() {
    let fake = Fake::with(ResponseTemplate::new(200).set_body_raw(b"\x89PNG".as_slice(), "image/png")).await;
    let found = fake.client.thumbnail(server_name!("other.test:8448"), "a", 256).await.unwrap();
    assert_eq!(found.as_deref(), Some(b"\x89PNG".as_slice()));
    assert_eq!(
        fake.asked().await,
        "GET /_matrix/client/v1/media/thumbnail/other.test%3A8448/a\
         ?width=256&height=256&method=scale&animated=false"
    );
}

#[tokio::test]
async fn a_file_without_a_small_picture() {
    for (status, errcode, message) in [
        (404, "M_NOT_FOUND", "Not found '/_matrix/client/v1/media/thumbnail/hs.test/a'"),
        (400, "M_UNKNOWN", "Cannot find any thumbnails for the requested media"),
        (400, "M_UNKNOWN", "Failed to generate thumbnail."),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        assert_eq!(fake.client.thumbnail(server_name!("hs.test"), "a", 256).await, Ok(None), "{message}");
    }
    let (most, more) = (vec![b'x'; 4 * 1024 * 1024], vec![b'x'; 4 * 1024 * 1024 + 1]);
    let fake = Fake::with(ResponseTemplate::new(200).set_body_bytes(most)).await;
    assert!(fake.client.thumbnail(server_name!("hs.test"), "a", 256).await.unwrap().is_some());
    let fake = Fake::with(ResponseTemplate::new(200).set_body_bytes(more)).await;
    assert_eq!(fake.client.thumbnail(server_name!("hs.test"), "a", 256).await, Ok(None), "too large");
    for (status, errcode) in [(404, "M_UNRECOGNIZED"), (403, "M_FORBIDDEN"), (502, "M_UNKNOWN")] {
        let fake = Fake::failing(status, errcode, "no").await;
        fake.client.thumbnail(server_name!("hs.test"), "a", 256).await.unwrap_err();
    }
}

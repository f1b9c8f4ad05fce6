//! The server's own matters: registration tokens, other servers, statistics.

use ruma::{MilliSecondsSinceUnixEpoch, UInt, server_name, user_id};
use synapse_admin::{
    DestinationOrder, DestinationRoomsQuery, Direction, EditRegistrationToken, ListDestinations,
    MediaUseOrder, MediaUseQuery, NewRegistrationToken, RegistrationTokens, Switch, TokenLimit,
};

use super::{Stage, refused};

#[tokio::test]
async fn registration_tokens_live_and_die() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let count = async |which: RegistrationTokens| client.registration_tokens(which).await.unwrap().len();
    let by_chance = client.new_registration_token(&NewRegistrationToken::default()).await.unwrap();
    assert_eq!((by_chance.token.len(), by_chance.uses_allowed), (16, None));
    let new = NewRegistrationToken {
        token: Some("guests.2026".into()),
        uses_allowed: Some(0),
        ..NewRegistrationToken::default()
    };
    let made = client.new_registration_token(&new).await.unwrap();
    assert_eq!(client.registration_token("guests.2026").await.unwrap(), Some(made));
    let again = client.new_registration_token(&new).await;
    refused(again, 400, "M_INVALID_PARAM", "Token already exists: …");
    assert_eq!(count(RegistrationTokens::All).await, 2);
    assert_eq!(count(RegistrationTokens::Valid).await, 1);
    assert_eq!(count(RegistrationTokens::Spent).await, 1);

    let later = MilliSecondsSinceUnixEpoch(UInt::new(4_000_000_000_000).unwrap());
    let edit =
        EditRegistrationToken { uses_allowed: TokenLimit::Set(5), expiry_time: TokenLimit::Set(later) };
    let edited = client.edit_registration_token("guests.2026", &edit).await.unwrap().unwrap();
    assert_eq!((edited.uses_allowed, edited.expiry_time), (Some(5), Some(later)));
    let lift = EditRegistrationToken { expiry_time: TokenLimit::Lift, ..EditRegistrationToken::default() };
    let edited = client.edit_registration_token("guests.2026", &lift).await.unwrap().unwrap();
    assert_eq!((edited.uses_allowed, edited.expiry_time), (Some(5), None));
    let past = MilliSecondsSinceUnixEpoch(UInt::from(1_u32));
    let edit = EditRegistrationToken { expiry_time: TokenLimit::Set(past), ..edit };
    let result = client.edit_registration_token("guests.2026", &edit).await;
    refused(result, 400, "M_INVALID_PARAM", "expiry_time must not be in the past");

    client.delete_registration_token("guests.2026").await.unwrap();
    assert_eq!(client.registration_token("guests.2026").await.unwrap(), None);
    assert_eq!(client.edit_registration_token("guests.2026", &lift).await.unwrap(), None);
    let gone = client.delete_registration_token("guests.2026").await;
    refused(gone, 404, "M_NOT_FOUND", "No such registration token: …");
}

#[tokio::test]
async fn other_servers() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    for order_by in [
        DestinationOrder::Destination,
        DestinationOrder::RetryLastTs,
        DestinationOrder::RetryInterval,
        DestinationOrder::FailureTs,
        DestinationOrder::LastSuccessfulStreamOrdering,
    ] {
        let list = ListDestinations { order_by, ..ListDestinations::default() };
        assert_eq!(client.destinations(&list).await.unwrap().total, 0, "{order_by}");
    }
    let other = server_name!("other.test");
    let rooms = DestinationRoomsQuery::default();
    assert_eq!(client.destination(other).await.unwrap(), None);
    refused(client.destination_rooms(other, &rooms).await, 404, "M_NOT_FOUND", "Unknown destination");
    refused(client.reset_connection(other).await, 404, "M_NOT_FOUND", "Unknown destination");

    let sql = "INSERT INTO destinations (destination, retry_last_ts, retry_interval, failure_ts) VALUES \
               ('other.test', 0, 0, NULL), ('away.test', 7, 600000, 5)";
    stage.synapse.sql(sql).await.unwrap();
    let list = ListDestinations { destination: Some("AWAY".into()), ..ListDestinations::default() };
    let page = client.destinations(&list).await.unwrap();
    assert_eq!((page.total, page.destinations[0].retry_interval), (1, 600_000));
    let away = client.destination(server_name!("away.test")).await.unwrap().unwrap();
    assert_eq!(away.failure_ts, Some(MilliSecondsSinceUnixEpoch(UInt::from(5_u32))));
    assert_eq!(client.destination_rooms(other, &rooms).await.unwrap().total, 0);
    let well = client.reset_connection(other).await;
    refused(well, 400, "M_UNKNOWN", "The retry timing does not need to be reset for this destination.");
    client.reset_connection(server_name!("away.test")).await.unwrap();
}

#[tokio::test]
async fn what_takes_room() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let updates = client.background_updates().await.unwrap();
    assert!(updates.enabled);
    refused(client.largest_rooms().await, 400, "M_UNKNOWN", "Endpoint requires using PostgreSQL");

    assert_eq!(client.quarantine_changes(0).await.unwrap().changes, []);
    let mxc: ruma::OwnedMxcUri = stage.alice.upload("image/png", b"12345".to_vec()).await.unwrap().into();
    stage.bob.upload("image/png", b"123".to_vec()).await.unwrap();
    let (server, media_id) = mxc.parts().unwrap();
    client.quarantine_media(server, media_id).await.unwrap();
    let changes = client.quarantine_changes(0).await.unwrap();
    assert_eq!((changes.changes.len(), changes.changes[0].media_id.as_str()), (1, media_id));
    assert!(changes.changes[0].quarantined && changes.changes[0].origin == "hs.test");
    client.unquarantine_media(server, media_id).await.unwrap();
    let later = client.quarantine_changes(changes.next_batch).await.unwrap();
    assert_eq!((later.changes.len(), later.changes[0].quarantined), (1, false));
    let future = client.quarantine_changes(later.next_batch + 1000).await;
    refused(future, 400, "M_INVALID_PARAM", "The `from` token is considered invalid");

    for order_by in [
        MediaUseOrder::UserId,
        MediaUseOrder::Displayname,
        MediaUseOrder::MediaCount,
        MediaUseOrder::MediaLength,
    ] {
        let query = MediaUseQuery { order_by, ..MediaUseQuery::default() };
        assert_eq!(client.media_use(&query).await.unwrap().total, 2, "{order_by}");
    }
    let largest = MediaUseQuery {
        order_by: MediaUseOrder::MediaLength,
        dir: Direction::Backwards,
        ..MediaUseQuery::default()
    };
    let page = client.media_use(&largest).await.unwrap();
    assert_eq!((page.users[0].user_id.as_str(), page.users[0].media_length), ("@alice:hs.test", 5));
    let zero = Some(MilliSecondsSinceUnixEpoch(UInt::from(0_u32)));
    let backwards = MediaUseQuery { from_ts: zero, until_ts: zero, ..MediaUseQuery::default() };
    let message = "Query parameter until_ts must be greater than from_ts.";
    refused(client.media_use(&backwards).await, 400, "M_INVALID_PARAM", message);
}

#[tokio::test]
async fn what_only_other_servers_have() {
    let Some(stage) = Stage::new().await else { return };
    let (client, alice) = (&stage.client, user_id!("@alice:hs.test"));
    assert_eq!(client.auth_metadata().await, Ok(None), "the homeserver itself decides about logins");
    assert!(client.suspended_by_spec(alice).await.unwrap_err().is_not_offered());
    assert!(client.locked_by_spec(alice).await.unwrap_err().is_not_offered());
    assert!(client.set_suspended_by_spec(alice, Switch::On).await.unwrap_err().is_not_offered());
    assert!(client.set_locked_by_spec(alice, Switch::On).await.unwrap_err().is_not_offered());
}

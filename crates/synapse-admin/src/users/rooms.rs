//! Where somebody is and what they did there: `/_synapse/admin/v1/users/{user_id}/` with `joined_rooms`, `memberships`,
//! `sent_invite_count` or `cumulative_joined_room_count`. **An unknown user has nothing everywhere**, which is no error.

use std::collections::BTreeMap;

use ruma::{MilliSecondsSinceUnixEpoch, UserId};
use serde::Deserialize;

use crate::lenient::Query;
use crate::{Client, Error};

impl Client {
    /// The IDs of the rooms that a user is in, as far as this server knows: `GET …/users/{user_id}/joined_rooms`. Also of
    /// users of other servers, in the rooms that they share with this one.
    pub async fn joined_rooms(&self, user_id: &UserId) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Joined {
            joined_rooms: Vec<String>,
        }
        let joined = self.get("/_synapse/admin/v1/users/{user_id}/joined_rooms", &[user_id.as_str()]);
        joined.answer::<Joined>().await.map(|joined| joined.joined_rooms)
    }

    /// What a user is last known to be in each room that they ever had to do with, `join`, `leave`, `ban`, `invite` or
    /// `knock` by room ID: `GET …/users/{user_id}/memberships`. [`Error::is_not_offered`] before Synapse 1.145.
    pub async fn memberships(&self, user_id: &UserId) -> Result<BTreeMap<String, String>, Error> {
        #[derive(Deserialize)]
        struct Memberships {
            memberships: BTreeMap<String, String>,
        }
        let memberships = self.get("/_synapse/admin/v1/users/{user_id}/memberships", &[user_id.as_str()]);
        memberships.answer::<Memberships>().await.map(|memberships| memberships.memberships)
    }

    /// How many invitations a user of this server sent from a point in time on: `GET …/users/{user_id}/sent_invite_count`.
    /// [`Error::is_not_offered`] before Synapse 1.122.
    pub async fn sent_invite_count(
        &self,
        user_id: &UserId,
        from_ts: MilliSecondsSinceUnixEpoch,
    ) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Count {
            invite_count: u64,
        }
        let path = "/_synapse/admin/v1/users/{user_id}/sent_invite_count";
        let query = Query::default().with("from_ts", Some(from_ts.get()));
        let count = self.get(path, &[user_id.as_str()]).query(query);
        count.answer::<Count>().await.map(|count| count.invite_count)
    }

    /// How many rooms a user joined from a point in time on, also those that they left:
    /// `GET …/users/{user_id}/cumulative_joined_room_count`. [`Error::is_not_offered`] before Synapse 1.122.
    pub async fn cumulative_joined_room_count(
        &self,
        user_id: &UserId,
        from_ts: MilliSecondsSinceUnixEpoch,
    ) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Count {
            cumulative_joined_room_count: u64,
        }
        let path = "/_synapse/admin/v1/users/{user_id}/cumulative_joined_room_count";
        let query = Query::default().with("from_ts", Some(from_ts.get()));
        let count = self.get(path, &[user_id.as_str()]).query(query);
        count.answer::<Count>().await.map(|count| count.cumulative_joined_room_count)
    }
}

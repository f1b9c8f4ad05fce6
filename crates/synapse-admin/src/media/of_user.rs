//! The files that a user of this server uploaded: `GET`, `DELETE /_synapse/admin/v1/users/{user_id}/media` and
//! `POST /_synapse/admin/v1/user/{user_id}/media/quarantine`.

use std::fmt;
use std::num::NonZeroU32;

use ruma::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DeletedMedia, MediaInfo, Quarantined};
use crate::lenient::{self, Query};
use crate::paging::next_offset;
use crate::{Client, Direction, Error};

const USER_MEDIA: &str = "/_synapse/admin/v1/users/{user_id}/media";

impl Client {
    /// One page of a user's files, also those of a deactivated one: `GET …/users/{user_id}/media`.
    ///
    /// - 404 `M_NOT_FOUND` "Unknown user"
    /// - 400 `M_UNKNOWN` "Can only look up local users"
    pub async fn user_media(&self, user_id: &UserId, query: &UserMediaQuery) -> Result<UserMedia, Error> {
        self.get(USER_MEDIA, &[user_id.as_str()]).query(query.query()).answer().await
    }

    /// Deletes one page of a user's files: `DELETE …/users/{user_id}/media`. **Cannot be undone.** To delete them all, ask
    /// for the first page until [`DeletedMedia::total`] is 0: the rest moves up. Protection does not stop it.
    ///
    /// Errors as of [`Client::user_media`].
    pub async fn delete_user_media(
        &self,
        user_id: &UserId,
        page: &UserMediaQuery,
    ) -> Result<DeletedMedia, Error> {
        self.delete(USER_MEDIA, &[user_id.as_str()], json!({})).query(page.query()).answer().await
    }

    /// Quarantines all files of a user of this server, but for protected ones: `POST …/user/{user_id}/media/quarantine`.
    /// Gives how many were newly quarantined, unlike [`Client::quarantine_room_media`]. For an unknown user that is 0, which
    /// is no error.
    pub async fn quarantine_user_media(&self, user_id: &UserId) -> Result<u64, Error> {
        let path = "/_synapse/admin/v1/user/{user_id}/media/quarantine";
        let quarantined = self.post(path, &[user_id.as_str()], json!({}));
        quarantined.answer::<Quarantined>().await.map(|quarantined| quarantined.num_quarantined)
    }
}

/// Which of a user's files. The default is the first 100, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserMediaQuery {
    /// Where to go on: [`UserMedia::next_token`] of the page before. It shifts when files come or go.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// What to sort by.
    pub order_by: MediaOrder,
    /// Backwards turns the order around.
    pub dir: Direction,
}

impl UserMediaQuery {
    fn query(&self) -> Query {
        Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("order_by", Some(self.order_by))
            .with("dir", Some(self.dir))
    }
}

/// What a list of files is sorted by: from small to large, from old to new, alphabetically, from no to yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the fields of MediaInfo")]
pub enum MediaOrder {
    #[default]
    CreatedTs,
    LastAccessTs,
    MediaId,
    MediaLength,
    MediaType,
    QuarantinedBy,
    SafeFromQuarantine,
    UploadName,
}

impl fmt::Display for MediaOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreatedTs => "created_ts",
            Self::LastAccessTs => "last_access_ts",
            Self::MediaId => "media_id",
            Self::MediaLength => "media_length",
            Self::MediaType => "media_type",
            Self::QuarantinedBy => "quarantined_by",
            Self::SafeFromQuarantine => "safe_from_quarantine",
            Self::UploadName => "upload_name",
        })
    }
}

/// A page of a user's files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserMedia {
    /// The files of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub media: Vec<MediaInfo>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`UserMediaQuery::from`] of the next page; `None` on the last.
    pub next_token: Option<u64>,
}

impl UserMedia {
    /// The question for the page after this one, which was the answer to `query`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, query: &UserMediaQuery) -> Option<UserMediaQuery> {
        let from = next_offset(query.from, query.limit, self.next_token)?;
        Some(UserMediaQuery { from: Some(from), ..query.clone() })
    }
}

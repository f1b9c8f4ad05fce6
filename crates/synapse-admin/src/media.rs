//! Files: what is known of them, and keeping them from being downloaded (quarantine): `/_synapse/admin/v1/media/…`,
//! `…/v1/room/{room_id}/media` and `…/v1/users/{user_id}/media`.
//!
//! A quarantined file is kept, and can be had back. For everybody, admins too, downloading it is 404. Quarantine covers
//! every file with the same bytes, also one that is uploaded later.

mod changes;
mod of_user;
mod thumbnail;

pub use changes::{QuarantineChange, QuarantineChanges};
pub use of_user::{MediaOrder, UserMedia, UserMediaQuery};

use ruma::{MilliSecondsSinceUnixEpoch, OwnedMxcUri, RoomId, ServerName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::found;
use crate::{Client, Error, lenient};

const MEDIA: &str = "/_synapse/admin/v1/media/{server_name}/{media_id}";
const ROOM_MEDIA: &str = "/_synapse/admin/v1/room/{room_id}/media";

/// What Synapse answers to a quarantine of many.
#[derive(Deserialize)]
struct Quarantined {
    num_quarantined: u64,
}

impl Client {
    /// What the server knows of a file, its own or a copy of another server's: `GET …/media/{server_name}/{media_id}`.
    /// `None` if it has none. Nothing is fetched from the other server.
    ///
    /// [`Error::is_not_offered`] before Synapse 1.140.
    pub async fn media(&self, server_name: &ServerName, media_id: &str) -> Result<Option<MediaInfo>, Error> {
        #[derive(Deserialize)]
        struct Wire {
            media_info: MediaInfo,
        }
        let media = self.get(MEDIA, &[server_name.as_str(), media_id]);
        Ok(found(media.answer::<Wire>().await)?.map(|wire| wire.media_info))
    }

    /// Quarantines a file: `POST …/media/quarantine/{server_name}/{media_id}`. **It answers well for a file that does not
    /// exist and for a protected one, which it passes over**: so look at [`Client::media`] afterwards. Quarantined by two,
    /// a file bears the last one's name.
    pub async fn quarantine_media(&self, server_name: &ServerName, media_id: &str) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/media/quarantine/{server_name}/{media_id}";
        self.post(path, &[server_name.as_str(), media_id], json!({})).answer::<Value>().await.map(drop)
    }

    /// Takes a file out of quarantine: `POST …/media/unquarantine/{server_name}/{media_id}`. It answers well for a file
    /// that does not exist too.
    pub async fn unquarantine_media(&self, server_name: &ServerName, media_id: &str) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/media/unquarantine/{server_name}/{media_id}";
        self.post(path, &[server_name.as_str(), media_id], json!({})).answer::<Value>().await.map(drop)
    }

    /// Spares a file of this server from quarantine, also by its own ID: `POST …/media/protect/{media_id}`.
    ///
    /// 404 `M_UNKNOWN` "No row found (local_media_repository)" if there is none.
    pub async fn protect_media(&self, media_id: &str) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/media/protect/{media_id}";
        self.post(path, &[media_id], json!({})).answer::<Value>().await.map(drop)
    }

    /// Undoes [`Client::protect_media`]: `POST …/media/unprotect/{media_id}`. Errors as there.
    pub async fn unprotect_media(&self, media_id: &str) -> Result<(), Error> {
        let path = "/_synapse/admin/v1/media/unprotect/{media_id}";
        self.post(path, &[media_id], json!({})).answer::<Value>().await.map(drop)
    }

    /// Deletes a file of this server: `DELETE …/media/{server_name}/{media_id}`. **Cannot be undone**, and copies on other
    /// servers stay. Neither quarantine nor protection stop it.
    ///
    /// - 404 `M_NOT_FOUND` "Unknown media"
    /// - 400 `M_UNKNOWN` "Can only delete local media"
    pub async fn delete_media(
        &self,
        server_name: &ServerName,
        media_id: &str,
    ) -> Result<DeletedMedia, Error> {
        self.delete(MEDIA, &[server_name.as_str(), media_id], json!({})).answer().await
    }

    /// The files in a room's messages: `GET …/room/{room_id}/media`. Those in encrypted messages are not among them, since
    /// nobody but the members knows. A room that is not known has none; that is no error.
    pub async fn room_media(&self, room_id: &RoomId) -> Result<RoomMedia, Error> {
        self.get(ROOM_MEDIA, &[room_id.as_str()]).answer().await
    }

    /// Quarantines the files of [`Client::room_media`], but for protected ones: `POST …/room/{room_id}/media/quarantine`.
    /// Gives how many are quarantined by it, those that were already and others with the same bytes among them.
    pub async fn quarantine_room_media(&self, room_id: &RoomId) -> Result<u64, Error> {
        let path = "/_synapse/admin/v1/room/{room_id}/media/quarantine";
        let quarantined = self.post(path, &[room_id.as_str()], json!({}));
        quarantined.answer::<Quarantined>().await.map(|quarantined| quarantined.num_quarantined)
    }
}

/// What the server knows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Its ID on the server that it is from.
    pub media_id: String,
    /// The server it is a copy from; `None` for this server's own.
    #[serde(default)]
    pub media_origin: Option<String>,
    /// Who uploaded it; not known of a copy.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The MIME type, in the uploader's words.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub media_type: Option<String>,
    /// How many bytes; `None` if they never came.
    #[serde(default)]
    pub media_length: Option<u64>,
    /// The file's name, in the uploader's words.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub upload_name: Option<String>,
    /// When it came.
    #[serde(default)]
    pub created_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// When somebody last asked for it.
    #[serde(default)]
    pub last_access_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// The page that it is a preview of.
    #[serde(default)]
    pub url_cache: Option<String>,
    /// Who quarantined it; `system` if a file with the same bytes was quarantined before this one came.
    #[serde(default)]
    pub quarantined_by: Option<String>,
    /// Whether it is protected; not known of a copy.
    #[serde(default, deserialize_with = "lenient::maybe_flag")]
    pub safe_from_quarantine: Option<bool>,
    /// Whether only logged-in users may download it.
    #[serde(default, deserialize_with = "lenient::maybe_flag")]
    pub authenticated: Option<bool>,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// The files in a room's messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomMedia {
    /// Those of this server.
    #[serde(deserialize_with = "lenient::or_default")]
    pub local: Vec<OwnedMxcUri>,
    /// Those of other servers.
    #[serde(deserialize_with = "lenient::or_default")]
    pub remote: Vec<OwnedMxcUri>,
}

/// The files that were deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeletedMedia {
    /// Their IDs.
    #[serde(deserialize_with = "lenient::or_default")]
    pub deleted_media: Vec<String>,
    /// How many.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
}

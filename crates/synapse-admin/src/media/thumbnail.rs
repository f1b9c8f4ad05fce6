//! Small pictures of files: `GET /_matrix/client/v1/media/thumbnail/{server_name}/{media_id}`, of Matrix's client-server API.

use ruma::ServerName;

use crate::lenient::Query;
use crate::{Client, Error};

const THUMBNAIL: &str = "/_matrix/client/v1/media/thumbnail/{server_name}/{media_id}";
/// What no small picture is larger than.
const LIMIT: usize = 4 * 1024 * 1024;

impl Client {
    /// A picture of a file, of so many pixels at most each way, as bytes (PNG, JPEG or WebP) that do not move. `None` where
    /// there is none: no such file, one in quarantine, one that is no picture, or an answer of more than 4 MiB. A file of
    /// another server is fetched from there first.
    ///
    /// [`Error::is_not_offered`] before Synapse 1.112.
    pub async fn thumbnail(
        &self,
        server_name: &ServerName,
        media_id: &str,
        pixels: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        let query = Query::default()
            .with("width", Some(pixels))
            .with("height", Some(pixels))
            .with("method", Some("scale"))
            .with("animated", Some(false));
        let found = self.get(THUMBNAIL, &[server_name.as_str(), media_id]).query(query).bytes(LIMIT).await;
        match found {
            // 400 "Cannot find any thumbnails" or "Failed to generate thumbnail": it is no picture, or a broken one.
            Err(Error::Api { status: 400 | 404, .. }) => Ok(None),
            found => found,
        }
    }
}

//! The file of a message: downloaded, and decrypted where it was sent encrypted.

use std::time::Duration;

use matrix_sdk::{
    Client,
    media::{MediaFormat, MediaRequestParameters},
    ruma::events::room::MediaSource,
};
use serde_json::Value;

use crate::{error::RequestError, ruma::OwnedMxcUri};

/// How long a download may take.
const LONGEST: Duration = Duration::from_mins(1);

/// The file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// What is in it, decrypted.
    File(Vec<u8>),
    /// The message has none.
    Nothing,
    /// It has more bytes than were asked for.
    TooLarge,
}

/// The file that a message's content names, if it is not larger than `limit` bytes.
pub(crate) async fn download(
    client: &Client,
    content: &Value,
    limit: usize,
) -> Result<Attachment, RequestError> {
    let Some(source) = source(content)? else { return Ok(Attachment::Nothing) };
    // What its sender says of it, so as not to fetch what is too large. It may be wrong.
    let declared = content["info"]["size"].as_u64();
    if declared.is_some_and(|declared| usize::try_from(declared).is_ok_and(|declared| declared > limit)) {
        return Ok(Attachment::TooLarge);
    }
    let request = MediaRequestParameters { source, format: MediaFormat::File };
    // The SDK itself would wait for ever.
    let media = client.media();
    let bytes = tokio::time::timeout(LONGEST, media.get_media_content(&request, false)).await;
    let bytes = bytes.map_err(|_| RequestError::Away("the file did not come in time".to_owned()))??;
    Ok(if bytes.len() > limit { Attachment::TooLarge } else { Attachment::File(bytes) })
}

/// Where the file is: `file` with its key, or `url`.
fn source(content: &Value) -> Result<Option<MediaSource>, RequestError> {
    match (&content["file"], &content["url"]) {
        (Value::Null, Value::String(url)) => Ok(Some(MediaSource::Plain(OwnedMxcUri::from(url.as_str())))),
        (Value::Null, _) => Ok(None),
        (file, _) => match serde_json::from_value(file.clone()) {
            Ok(file) => Ok(Some(MediaSource::Encrypted(Box::new(file)))),
            // No word of the error's: it may hold the key.
            Err(_) => {
                Err(RequestError::Other("how the message's file is encrypted cannot be read".to_owned()))
            }
        },
    }
}
